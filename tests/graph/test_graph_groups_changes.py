"""The fact that moved somebody: named, and alone enough to make the move."""

from dataclasses import replace
from datetime import date

import pytest
from groups_story import BOOK, instant, relation, statements

from headrace.errors import InputError
from headrace.graph.groups.binding import basis_of
from headrace.graph.groups.changes import What, changes, diff, with_changes
from headrace.graph.groups.snapshots import groups_of
from headrace.graph.groups.words import Language, move_words
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


def rule_day(text, days, persons=()):
    """Moves between two days with the rules of each, the reasons in English."""
    whole = statements(text, persons)
    before, after = (regroup(as_of(whole, instant(day))) for day in days)
    moves = diff(
        before,
        after,
        regroup,
        renewed=lambda cut: groups_of(basis_of(cut, cut.parties.find("本行")), BOOK, day=after.day),
    )
    return {whole.parties.codes[move.member].as_py(): move for move in moves}


IN_FORCE = (date(2018, 7, 1) - date(2024, 1, 1)).days
"""The rules on economic dependence came into force, in days of the stories."""
LIVES_ON = "小 depends 大 80% role=income id=sales from=-3000 known=-3000"


def test_a_rule_that_came_into_force_is_the_reason():
    move = rule_day(LIVES_ON, (IN_FORCE - 5, IN_FORCE + 5))["小"]
    assert [(rule.id, rule.effective_from) for rule in move.rules] == [
        ("dependence.income", date(2018, 7, 1))
    ]
    assert (move.causes, move.explained, move.searched) == ((), True, True)
    said = move_words(move, Language.EN)
    assert "dependence.income" in said
    assert "in force from 2018-07-01" in said
    assert "自 2018-07-01 起施行" in move_words(move, Language.ZH)
    back = rule_day(LIVES_ON, (IN_FORCE + 5, IN_FORCE - 5))["小"]
    assert (back.after, back.rules) == (None, move.rules)
    assert back.explained


def test_a_rule_and_a_fact_that_only_together_do_it():
    story = LIVES_ON.replace("-3000", str(IN_FORCE + 2))
    move = rule_day(story, (IN_FORCE - 5, IN_FORCE + 5))["小"]
    assert [rule.id for rule in move.rules] == ["dependence.income"]
    assert [cause.fact for cause in move.causes] == ["sales"]
    assert move.explained


def test_a_rule_that_was_in_force_before_is_no_reason():
    story = LIVES_ON.replace("-3000", "50")
    move = rule_day(story, (10, 100))["小"]
    assert move.rules == ()
    assert [cause.fact for cause in move.causes] == ["sales"]
    assert move_words(move, Language.EN) is None, "the fact says it all"


def test_what_became_known_of_a_party_is_the_reason():
    """Who invests a fifth counts as a person only; that Wang is one became known later."""
    text = "王 owns 甲 80%\n王 owns 丙 30%\n他人 owns 丙 40%\n别人 owns 丙 30%"
    whole, plain = statements(text, ("王",)), statements(text)
    before, after = (as_of(each, instant(100)) for each in (whole, whole))
    unknown = replace(whole, parties=plain.parties)
    before = replace(before, statements=unknown)
    moves = diff(regroup(before), regroup(after), regroup)
    assert [whole.parties.codes[move.member].as_py() for move in moves] == ["丙"]
    assert all(move.described and move.explained and not move.causes for move in moves)
    assert "type" in move_words(moves[0], Language.EN)


def test_when_the_tries_ran_out_each_move_says_so():
    whole = statements("母 owns 甲 60%\n母 owns 子 60% id=purchase from=50")
    before, after = (regroup(as_of(whole, instant(day))) for day in (10, 100))
    (out,) = diff(before, after, regroup, 0)
    assert (out.searched, out.explained) == (False, False)
    assert "tries ran out" in move_words(out, Language.EN)
    assert "尝试次数用尽" in move_words(out, Language.ZH)
    (found,) = diff(before, after, regroup, 1)
    assert found.explained
    four = "\n".join(f"甲{at} owns 子 13% id=part{at} from=50" for at in range(4))
    held = "\n".join(f"母 owns 甲{at} 100%" for at in range(4))
    whole = statements(f"{held}\n{four}\n他人 owns 子 48%")
    before, after = (regroup(as_of(whole, instant(day))) for day in (10, 100))
    (tried,) = [
        move
        for move in diff(before, after, regroup)
        if whole.parties.codes[move.member].as_py() == "子"
        and whole.parties.codes[move.head].as_py() == "母"
    ]
    assert (tried.searched, tried.explained) == (True, False), "four facts together"
    assert "more together" in move_words(tried, Language.EN)


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
