"""The fact that moved somebody: named, and alone enough to make the move."""

import pytest
from groups_story import BOOK, instant, relation, statements

from headrace.errors import InputError
from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.changes import What, changes, diff, with_changes
from headrace.graph.groups.snapshots import groups_of
from headrace.graph.relations.snapshot import as_of


def regroup(snapshot):
    return groups_of(basis_of(snapshot, snapshot.parties.find("本行")), BOOK)


def moved(text, persons=(), days=(10, 100), known=None):
    """Moves between two days as lines; each is checked against its own causes."""
    whole = statements(text, persons)
    cuts = [
        as_of(whole, instant(day), instant(day if known is None else known[at]))
        for at, day in enumerate(days)
    ]
    before, after = (regroup(each) for each in cuts)
    name = whole.parties.codes
    lines = []
    for move in diff(before, after, regroup):
        key = (int(move.kind), move.head, move.member)
        if move.causes:
            alone = regroup(with_changes(cuts[0], move.causes)).standing()
            assert alone.get(key) == move.after
            for left_out in move.causes:  # none of them can be spared
                others = [each for each in move.causes if each is not left_out]
                assert regroup(with_changes(cuts[0], others)).standing().get(key) != move.after
        why = ", ".join(f"{cause.what} {cause.fact}" for cause in move.causes)
        lines.append(
            f"{name[move.member]} in {name[move.head]}: {move.before} → {move.after} ({why})"
        )
    return lines


HOLDING = "母 owns 子 60% id=holding"


def test_a_purchase_brings_a_company_in():
    assert moved("母 owns 甲 60%\n母 owns 子 60% id=purchase from=50") == [
        "子 in 母: None → True (began purchase)"
    ]


def test_what_became_known_late_is_named_as_added():
    story = "母 owns 甲 60%\n母 owns 子 60% id=filing from=5 known=50"
    assert moved(story) == ["子 in 母: None → True (added filing)"]


def test_a_holding_that_ended():
    assert moved("母 owns 甲 60%\n母 owns 子 60% id=holding until=50") == [
        "子 in 母: True → None (expired holding)"
    ]


def test_a_correction_of_the_registry():
    story = f"""
    母 owns 甲 60%
    {HOLDING} statement=s1
    母 owns 子 6% id=amended statement=s1 known=50
    他人 owns 子 40% id=other
    """
    assert moved(story) == [
        "子 in 他人: None → False (corrected amended)",
        "子 in 母: True → False (corrected amended)",
    ]


def test_a_change_over_time_is_not_a_correction():
    story = f"""
    母 owns 甲 60%
    {HOLDING} statement=s1
    母 owns 子 30% id=sold statement=s1 from=50 known=50
    """
    assert moved(story) == ["子 in 母: True → False (changed sold)"]


def test_a_withdrawn_statement():
    story = f"""
    母 owns 甲 60%
    {HOLDING} statement=s1
    母 owns 子 60% id=void statement=s1 status=withdrawn known=50
    """
    assert moved(story) == ["子 in 母: True → None (withdrawn void)"]


def test_the_chain_broke_in_the_middle():
    story = """
    甲 owns 乙 60% id=first
    乙 owns 丙 60% id=second until=50
    丙 owns 丁 60% id=third
    """
    assert set(moved(story)) == {
        "丁 in 甲: True → None (expired second)",
        "丙 in 甲: True → None (expired second)",
        "丁 in 丙: None → True (expired second)",
    }


def test_a_marriage_makes_one_group():
    story = """
    王 owns 甲 80%
    李 owns 乙 80%
    李 family 王 role=spouse id=marriage from=50
    """
    assert all("began marriage" in line for line in moved(story, ("王", "李")))
    assert moved(story, ("王", "李"))


def test_two_facts_that_only_together_do_it():
    story = """
    母 owns 甲 60%
    母 owns 子 26% id=one from=50
    甲 owns 子 26% id=two from=50
    他人 owns 子 48%
    """
    assert "子 in 母: None → True (began one, began two)" in moved(story)


def test_what_has_nothing_to_do_with_it_is_not_blamed():
    story = """
    母 owns 甲 60%
    母 owns 子 60% id=purchase from=50
    母 guarantees 甲 amount=5 id=noise from=50
    别家 owns 别子 10% id=noise2 from=50
    """
    lines = [line for line in moved(story) if line.startswith("子 in 母")]
    assert lines == ["子 in 母: None → True (began purchase)"]


def test_nothing_moved_when_nothing_changed():
    assert moved("母 owns 甲 60%\n母 owns 子 60%") == []


def test_no_tries_left_means_no_guess():
    whole = statements("母 owns 甲 60%\n母 owns 子 60% id=purchase from=50")
    cuts = [as_of(whole, instant(day)) for day in (10, 100)]
    (move,) = diff(*(regroup(each) for each in cuts), regroup, 0)
    assert move.causes == ()


def test_snapshots_of_different_statements_are_refused():
    one, other = (as_of(statements("母 owns 子 60%"), instant(10)) for _ in range(2))
    with pytest.raises(InputError, match="different statements"):
        changes(one, other)


def test_changes_come_by_statement_with_both_versions():
    whole = statements(
        f"{HOLDING} statement=s1\n母 owns 子 6% id=amended statement=s1 known=50\n"
        "甲 owns 乙 5% id=new from=60"
    )
    found = changes(as_of(whole, instant(10)), as_of(whole, instant(100)))
    assert {each.fact: each.what for each in found} == {
        "amended": What.CORRECTED,
        "new": What.BEGAN,
    }
    assert {each.fact: each.before >= 0 for each in found} == {"amended": True, "new": False}


def test_the_story_reader_understands_ranges():
    assert relation("甲 owns 乙 10-30%")["share_max"] == pytest.approx(0.3)


def test_thousands_of_other_facts_do_not_keep_it_from_ending():
    """Without a fact to name, all sets of three of two thousand would be gone through."""
    noise = "\n".join(f"客{at} trades 商{at} amount=1 from=50" for at in range(2_000))
    # A holding that began has no part in it: the move needs four facts at once.
    parts = "\n".join(f"甲{at} owns 子 13% id=part{at} from=50" for at in range(4))
    held = "\n".join(f"母 owns 甲{at} 100%" for at in range(4))
    lines = moved(f"{held}\n{parts}\n他人 owns 子 48%\n{noise}")
    assert any(line.startswith("子 in 母: None → ") for line in lines)
