"""Exposure against limits: exact, each customer once, and how much more may be lent."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from groups_story import BOOK, groups, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.groups.basis import Known
from headrace.graph.groups.limits import (
    Capital,
    exposures_of,
    limit_minor,
    room_for,
    usages,
)
from headrace.graph.groups.rules import RuleBook

STORY = """
王 owns 甲 80%
王 owns 乙 80%
李 owns 丙 80%
李 owns 乙 10%
乙分 branch_of 乙
丁 depends 甲 60% role=income
丙 owns 本行 6%
散户 owns 本行 50%
散户二 owns 本行 44%
"""
PERSONS = ("王", "李")
CAPITAL = Capital(tier1_net=1_000, net=2_000, prior_quarter_net=1_500)


def lent(found, **amounts):
    """Loans of some parties, nothing deductible."""
    return positions(found, [(name, amount, 0, True) for name, amount in amounts.items()])


def positions(found, rows):
    names = found.basis.snapshot.parties
    node = np.array([names.find(row[0]) for row in rows], np.int64)
    amount, deductible = (np.array([row[at] for row in rows], np.int64) for at in (1, 2))
    loan = np.array([row[3] for row in rows], np.bool_)
    return exposures_of(len(names), node, amount, deductible, loan)


def usage(found, exposures, limit, capital=CAPITAL):
    """Used and room by the name of the head."""
    (one,) = (each for each in usages(found, exposures, capital) if each.limit.id == limit)
    names = found.basis.snapshot.names
    rooms = [None] * len(one.head) if one.room is None else one.room.tolist()
    columns = zip(
        one.head.tolist(), one.used.tolist(), one.used_possible.tolist(), rooms, strict=True
    )
    return {names[head].as_py(): (used, possible, room) for head, used, possible, room in columns}


def test_a_group_is_the_sum_of_its_customers():
    found = groups(STORY, PERSONS)
    exposures = lent(found, 甲=100, 乙=60, 乙分=40, 丙=5)
    assert usage(found, exposures, "limit.group")["王"] == (200, 200, 0)
    assert not any(each.breached.any() for each in usages(found, exposures, CAPITAL))


def test_one_fen_more_passes_the_limit():
    found = groups(STORY, PERSONS)
    exposures = lent(found, 甲=101, 乙=60, 乙分=40)
    (one,) = (e for e in usages(found, exposures, CAPITAL) if e.limit.id == "limit.group")
    assert one.breached.tolist() == [head == found.basis.snapshot.node("王") for head in one.head]
    assert usage(found, exposures, "limit.group")["王"][2] == -1


def test_a_branch_counts_with_its_head_office_and_once():
    found = groups(STORY, PERSONS)
    assert usage(found, lent(found, 乙=60, 乙分=40), "limit.one") == {"乙": (100, 100, 50)}


def test_a_party_in_two_groups_counts_in_each():
    found = groups(STORY, PERSONS)
    exposures = lent(found, 甲=100, 丁=30)
    assert usage(found, exposures, "limit.group")["王"][0] == 100
    assert usage(found, exposures, "limit.dependence")["甲"][0] == 130


def test_possible_members_are_shown_beside_and_count_where_the_book_says():
    found = groups("王 owns 甲 80%\n王 owns 乙 30%\n王 owns 丙 80%", ("王",))
    exposures = lent(found, 甲=100, 乙=60)
    assert usage(found, exposures, "limit.group")["王"] == (100, 160, 100)
    strict = tuple(replace(limit, possible_counts=True) for limit in BOOK.limits)
    book = RuleBook(BOOK.sources, BOOK.rules, strict)
    found = groups("王 owns 甲 80%\n王 owns 乙 30%\n王 owns 丙 80%", ("王",), book=book)
    assert usage(found, exposures, "limit.group")["王"] == (100, 160, 40)


def test_a_person_does_not_count_in_a_group_unless_the_book_says():
    exposures = lent(groups(STORY, PERSONS), 王=70, 甲=10)
    assert usage(groups(STORY, PERSONS), exposures, "limit.group")["王"][0] == 10
    book = replace(BOOK, persons_count=True)
    assert usage(groups(STORY, PERSONS, book=book), exposures, "limit.group")["王"][0] == 80


def test_deductions_are_made_position_by_position():
    found = groups(STORY, PERSONS)
    rows = [("丙", 100, 30, True), ("丙", 20, 50, False)]
    exposures = positions(found, rows)
    assert usage(found, exposures, "limit.related_one")["丙"] == (70, 70, 80)
    assert usage(found, exposures, "limit.one")["丙"] == (120, 120, 30)
    assert usage(found, exposures, "limit.loans_one")["丙"] == (100, 100, 100)


def test_all_related_parties_together():
    found = groups(STORY, PERSONS)
    exposures = lent(found, 丙=100, 李=20, 散户=7, 甲=500)
    assert usage(found, exposures, "limit.related_all") == {"本行": (127, 127, 623)}


def test_the_group_of_a_related_company():
    story = STORY + "\n丙 owns 戊 90%"
    found = groups(story, PERSONS)
    exposures = lent(found, 戊=40, 丙=5, 甲=9)
    assert usage(found, exposures, "limit.related_group") == {"李": (45, 45, 180)}


def test_interbank_customers_have_their_own_limits():
    names = snapshot(STORY, PERSONS).parties
    interbank = np.zeros(len(names), np.bool_)
    interbank[[names.find("甲"), names.find("乙"), names.find("乙分")]] = True
    found = groups(STORY, PERSONS, known=Known(interbank=interbank))
    exposures = lent(found, 甲=240, 丙=100)
    assert usage(found, exposures, "limit.interbank_one") == {"甲": (240, 240, 10)}
    assert usage(found, exposures, "limit.interbank_group") == {"王": (240, 240, 10)}
    assert usage(found, exposures, "limit.one") == {"丙": (100, 100, 50)}
    assert "王" not in usage(found, exposures, "limit.group")


def test_capital_that_is_not_known_gives_no_limit_and_no_zero():
    found = groups(STORY, PERSONS)
    exposures = lent(found, 甲=10_000)
    assert usage(found, exposures, "limit.group", Capital(net=5))["王"] == (10_000, 10_000, None)
    by_name = {each.limit.id: each for each in usages(found, exposures, Capital(net=5))}
    assert by_name["limit.group"].limit_minor is None
    assert not by_name["limit.group"].breached.any()
    assert by_name["limit.group_credit"].breached.any()


def test_how_much_more_may_be_lent_and_what_would_be_left_after():
    found = groups(STORY, PERSONS)
    exposures = lent(found, 甲=100, 乙=60)
    node = found.basis.snapshot.node("乙分")
    first = room_for(found, exposures, CAPITAL, node)[0]
    assert (first.limit.id, first.used_minor, first.room_minor) == ("limit.group", 160, 40)
    more = exposures.with_more(node, 40)
    after = room_for(found, more, CAPITAL, node)
    assert [(each.limit.id, each.room_minor) for each in after[:2]] == [
        ("limit.group", 0),
        ("limit.one", 50),
    ]
    assert room_for(found, more.with_more(node, 1), CAPITAL, node)[0].room_minor == -1


def test_a_new_customer_has_the_whole_limit():
    found = groups(STORY, PERSONS)
    room = room_for(found, lent(found), CAPITAL, found.basis.snapshot.node("丁"))
    assert [(each.limit.id, each.room_minor) for each in room] == [
        ("limit.one", 150),
        ("limit.loans_one", 200),
        ("limit.dependence", 200),
    ]


@given(st.integers(0, 10**17), st.sampled_from(BOOK.limits))
def test_a_limit_is_rounded_down_and_never_by_more_than_one(base, limit):
    found = limit_minor(base, limit)
    exact = Decimal(base) * limit.share
    assert found <= exact < found + 1


FOUND = groups(STORY, PERSONS)
NAMES = st.sampled_from(["甲", "乙", "乙分", "丙", "丁", "散户"])


@settings(max_examples=40)
@given(st.dictionaries(NAMES, st.integers(0, 500)))
def test_room_is_exactly_what_may_still_be_lent(amounts):
    found = FOUND
    exposures = lent(found, **amounts)
    for name in ("甲", "乙分", "丙"):
        node = found.basis.snapshot.node(name)
        room = room_for(found, exposures, CAPITAL, node)[0].room_minor
        if room >= 0:
            mine = {
                (each.limit.id, each.head) for each in room_for(found, exposures, CAPITAL, node)
            }
            assert not passed(found, exposures.with_more(node, room)) & mine
        assert passed(found, exposures.with_more(node, max(room + 1, 1)))


def passed(found, exposures):
    return {
        (each.limit.id, int(head))
        for each in usages(found, exposures, CAPITAL)
        for head in each.head[each.breached]
    }


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("甲", -1, 0, True), "amount is -1"),
        (("甲", 1, -2, True), "deductible is -2"),
        (("无此人", 1, 0, True), "There is no party -1"),
        (("甲", 2**62, 0, True), "pass 64 bits"),
    ],
)
def test_positions_that_cannot_be(row, problem):
    with pytest.raises(InputError, match=problem):
        positions(groups(STORY, PERSONS), [row, ("甲", 2**62, 0, True)])


def test_no_positions_use_nothing():
    found = groups(STORY, PERSONS)
    for each in usages(found, positions(found, []), CAPITAL):
        assert not each.used.any()
