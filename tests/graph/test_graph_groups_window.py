"""Related parties of the year around a moment are those of the whole graph at any other day."""

import re

import numpy as np
from groups_story import BOOK, groups, instant, lines, row_of, statements
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.related import related_parties
from headrace.graph.groups.snapshots import groups_of
from headrace.graph.relations.snapshot import as_of

DAY = 800
NAMES = ("甲", "乙", "丙", "丁", "本行")
PERSONS = ("王", "李", "张")


@st.composite
def stories(draw):
    """Relations that begin and end within three years."""
    told = []
    for number in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["owns", "office", "family"]))
        start = draw(st.integers(0, 1_200))
        length = draw(st.integers(1, 600))
        times = f"from={start} until={start + length} known={draw(st.sampled_from([0, 0, 900]))}"
        person = draw(st.sampled_from(PERSONS))
        if kind == "owns":
            holder = draw(st.sampled_from((*PERSONS, *NAMES[:-1])))
            company = draw(st.sampled_from([each for each in NAMES if each != holder]))
            share = draw(st.sampled_from([4, 6, 51]))
            told.append(f"{holder} owns {company} {share}% {times} id=f{number}")
        elif kind == "office":
            told.append(f"{person} office 本行 role=董事 {times} id=f{number}")
        else:
            other = draw(st.sampled_from([each for each in PERSONS if each != person]))
            told.append(f"{person} family {other} role=配偶 {times} id=f{number}")
    return "\n".join(told)


@settings(max_examples=12, deadline=None)
@given(stories())
def test_the_window_is_any_day_of_two_years(story):
    """Days on which something begins or was to end, and some between, stand for all of them."""
    whole = statements(story + "\n甲 owns 本行 1%", PERSONS)
    now = as_of(whole, instant(DAY))
    bank = now.node("本行")
    found = groups_of(basis_of(now, bank), BOOK)
    related = found.memberships.kind == 3
    told = set(found.memberships.member[related].tolist()) - {bank}
    expected = set()
    times = [int(each) for word in ("from=", "until=") for each in numbers(word, story)]
    for day in {*range(DAY - 365, DAY + 366, 73), *times, *(each - 1 for each in times)}:
        if abs(day - DAY) > 365:
            continue
        other = as_of(whole, instant(day), instant(DAY))
        rows = related_parties(basis_of(other, bank), BOOK)
        expected |= set(rows.member.tolist()) - {bank}
    # The window's edges are months, not days: what differs by a day at an edge is left aside.
    edges = {
        member
        for day in (DAY - 366, DAY - 365, DAY + 365, DAY + 366)
        for member in related_parties(
            basis_of(as_of(whole, instant(day), instant(DAY)), bank), BOOK
        ).member.tolist()
    }
    assert told ^ expected <= edges


def numbers(word, story):
    return re.findall(rf"{word}(\d+)", story)


def test_who_was_related_then_keeps_the_proof_of_then():
    story = "王 owns 甲 90%\n甲 owns 本行 9% until=700 id=sold\n散 owns 本行 45%\n户 owns 本行 45%"
    found = groups(story, ("王",), day=DAY)
    row = row_of(found, 3, "本行", "王", "related.window")
    other, place = found.elsewhere[row]
    facts = other.basis.snapshot.fact.take(np.asarray(other.edges(place))).to_pylist()
    assert "sold" in facts


def test_after_a_year_it_is_over():
    story = "王 office 本行 role=董事 until=100"
    assert lines(groups(story, ("王",), day=460)) == ["related 本行: 王 related.window"]
    assert lines(groups(story, ("王",), day=470)) == []


def test_what_is_not_known_yet_is_not_in_the_window():
    story = "王 office 本行 role=董事 from=500 known=450"
    assert lines(groups(story, ("王",), day=400)) == []
    assert lines(groups(story, ("王",), day=460)) == ["related 本行: 王 related.window"]
