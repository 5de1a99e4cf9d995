"""What changed between two versions, in words; nothing exactly where digests agree."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.decisions.feel import parse, parse_tests
from headrace.decisions.flow.change import SAID, Change, Kind, Place
from headrace.decisions.flow.differences import file_changes, list_changes, policy_changes
from headrace.decisions.flow.effect import Effect, condition_moved
from headrace.decisions.flow.lists import Entry, Lists
from headrace.decisions.flow.policy import (
    Action,
    ListKind,
    ListStep,
    ModelStep,
    Policy,
    TableStep,
    ValueStep,
)
from headrace.decisions.flow.table_differences import table_changes
from headrace.decisions.tables.sheet import read_csv
from strategies_tables import tables

ACCESS = """\
# table,access
# hit policy,FIRST
# zh,谁可以借款
in:rating,in:void_share,out:outcome,out:share,note:why
D,-,decline,0,no
-,> 0.3,refer,0.1,voids
"A, B",[1..2],refer,0.1,voids
-,-,approve,0.25,
"""


SHARE = "void_share was > 0.3, is"


def access(*edits):
    text = ACCESS
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    return read_csv(text, "access.csv")


def said(before, after, language="en"):
    return [each.say(language) for each in table_changes(before, after)]


# --- tables ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edits", "sentence"),
    [
        (
            [("> 0.3", "> 0.25")],
            f"access, rule 2 (row 6): {SHARE} > 0.25 (loosened: met by more; −0.05)",
        ),
        (
            [("> 0.3", "> 0.35")],
            f"access, rule 2 (row 6): {SHARE} > 0.35 (tightened: met by fewer; +0.05)",
        ),
        (
            [("[1..2]", "[2..3]")],
            "access, rule 3 (row 7): void_share was [1..2], is [2..3] (shifted: met by others)",
        ),
        (
            [("[1..2]", "[1..2)")],
            "access, rule 3 (row 7): void_share was [1..2], is [1..2) (tightened: met by fewer)",
        ),
        (
            [('"A, B"', '"A, B, C"')],
            'access, rule 3 (row 7): rating was "A", "B", is "A", "B", "C" (loosened: met by more)',
        ),
        (
            [("-,-,approve", "A,-,approve")],
            'access, rule 4 (row 8): rating was -, is "A" (tightened: met by fewer)',
        ),
        (
            [("approve,0.25", "approve,0.3")],
            "access, rule 4 (row 8): share was 0.25, is 0.3 (raised; +0.05)",
        ),
        (
            [("0.25,", "0.25,all others")],
            "access, rule 4 (row 8): why was empty, is all others",
        ),
        ([("FIRST", "UNIQUE")], "table access: the hit policy was FIRST, is UNIQUE"),
        (
            [("谁可以借款", "准入")],
            "table access: the Chinese title was 谁可以借款, is 准入",
        ),
        (
            [("D,-,decline,0,no\n", "")],
            'access, rule 1 (row 5) removed: rating "D" → outcome "decline"; share 0',
        ),
        (
            [("D,-,decline,0,no\n", "D,-,decline,0,no\nE,-,decline,0,no\n")],
            'access, rule 2 (row 6) added: rating "E" → outcome "decline"; share 0',
        ),
    ],
)
def test_one_edit_is_one_sentence(edits, sentence):
    assert said(access(), access(*edits)) == [sentence]


def test_the_same_in_chinese():
    after = access(("> 0.3", "> 0.25"))
    (sentence,) = said(access(), after, "zh")
    assert sentence.startswith("access 第 2 条规则（第 6 行）：void_share 由 > 0.3 改为 > 0.25（")
    assert sentence.endswith("（放宽：命中范围扩大，−0.05）")


def test_a_rule_that_changes_its_place_has_moved_and_nothing_else():
    lines = ACCESS.splitlines()
    after = read_csv("\n".join([*lines[:4], lines[6], *lines[4:6], lines[7]]), "access.csv")
    found = table_changes(access(), after)
    assert [(each.kind, each.place.rule, each.before, each.after) for each in found] == [
        (Kind.RULE_MOVED, 1, "3", "1")
    ]


def test_a_rule_is_found_again_where_others_came_before_it():
    more = "".join(f"Z{number},-,decline,0,no\n" for number in range(30))
    after = access(("D,-", f"{more}D,-"), ("> 0.3", "> 0.4"))
    found = table_changes(access(), after)
    assert [each.kind for each in found].count(Kind.RULE_ADDED) == 30
    assert [each.place.rule for each in found if each.kind is Kind.CELL_CHANGED] == [32]


def test_a_column_that_comes_is_told_with_its_cells():
    after = access(
        ("in:void_share,", "in:void_share,in:age,"),
        ("D,-,", "D,-,-,"),
        ("> 0.3,", "> 0.3,< 18,"),
        ("[1..2],", "[1..2],-,"),
        ("-,-,approve", "-,-,-,approve"),
    )
    assert said(access(), after) == [
        "access: column in:age added",
        "access, rule 2 (row 6): age was -, is < 18 (tightened: met by fewer)",
    ]
    assert said(after, access()) == [
        "access: column in:age removed",
        "access, rule 2 (row 6): age was < 18, is - (loosened: met by more)",
    ]


def test_what_the_head_of_a_column_says_counts():
    after = access(("# zh", '# values,out:outcome,"decline, refer, approve"\n# zh'))
    assert said(access(), after) == [
        'access: out:outcome values was empty, is "decline", "refer", "approve"'
    ]


def test_rules_with_nothing_in_common_are_two_rules():
    after = access(("-,> 0.3,refer,0.1,voids", "Q,< -5,approve,9,new"))
    kinds = [each.kind for each in table_changes(access(), after)]
    assert sorted(kinds) == [Kind.RULE_ADDED, Kind.RULE_REMOVED]


def test_a_thousand_rules_with_a_changed_threshold_each_are_matched_one_by_one():
    def many(step):
        rows = "".join(f"R{at},> {at + step},refer,1,\n" for at in range(1_000))
        return read_csv(ACCESS.partition("D,-")[0] + rows, "access.csv")

    found = table_changes(many(0), many(0.5))
    assert len(found) == 1_000
    assert {(each.kind, each.moved.effect) for each in found} == {
        (Kind.CELL_CHANGED, Effect.TIGHTENED)
    }


@given(tables(), tables())
def test_tables_have_no_changes_exactly_where_their_digests_agree(first, last):
    for before, after in ((first, last), (first, first), (last, replace(last, file="x"))):
        found = table_changes(before, after)
        assert (found == ()) == (before.digest() == after.digest())


@given(tables(), st.data())
def test_every_small_edit_of_a_table_is_told(table, data):
    """Rules shuffled, dropped or doubled, one cell replaced, columns turned round."""
    rules = data.draw(st.permutations(table.rules)) if data.draw(st.booleans()) else table.rules
    rules = [*rules, *data.draw(st.lists(st.sampled_from(table.rules), max_size=2))]
    dropped = data.draw(st.integers(0, len(rules) - 1))
    rules = rules[:dropped] + rules[dropped + 1 :] if len(rules) > 1 else rules
    at = data.draw(st.integers(0, len(rules) - 1))
    if table.inputs and data.draw(st.booleans()):
        tests = (parse_tests("> 3"), *rules[at].tests[1:])
        rules = [*rules[:at], replace(rules[at], tests=tests), *rules[at + 1 :]]
    edited = replace(table, rules=tuple(rules))
    if data.draw(st.booleans()):
        edited = replace(
            edited,
            inputs=edited.inputs[::-1],
            rules=tuple(replace(rule, tests=rule.tests[::-1]) for rule in edited.rules),
        )
    found = table_changes(table, edited)
    assert (found == ()) == (table.digest() == edited.digest())
    for each in found:
        assert each.say("en")
        assert each.say("zh")


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ("> 3", "> 2", Effect.LOOSENED),
        ("> 3", ">= 3", Effect.LOOSENED),
        ("< 3", "< 2", Effect.TIGHTENED),
        ("<= 3", "< 3", Effect.TIGHTENED),
        ("> 3", "[4..5]", Effect.TIGHTENED),
        ("[-1..1]", "[-2..1]", Effect.LOOSENED),
        ("> 3", "< 3", Effect.SHIFTED),
        ("not(> 3)", "not(> 2)", Effect.TIGHTENED),
        ('"A"', '"A", "B"', Effect.LOOSENED),
        ('not("A")', 'not("A", "B")', Effect.TIGHTENED),
        ('> @"2026-01-01"', '> @"2026-02-01"', Effect.TIGHTENED),
        ("> -3", "> -4", Effect.LOOSENED),
    ],
)
def test_what_a_change_does_to_the_cases_that_meet_a_cell(before, after, effect):
    assert condition_moved(parse_tests(before), parse_tests(after)).effect is effect


@pytest.mark.parametrize(
    ("before", "after"),
    [('"A"', '"B"'), ("> 3", '> "3"'), ("> 3", "not(> 3)"), ("1, 2", "3"), ("> x", "> 3")],
)
def test_what_cannot_be_told_from_the_cell_is_not_told(before, after):
    assert condition_moved(parse_tests(before, {"x"}), parse_tests(after, {"x"})) is None


# --- policies -------------------------------------------------------------------------------------


BLOCKED = ListStep(
    name="blocked", kind=ListKind.BLACK, by="card", action=Action.BLOCK, reason="blocked"
)
BLOCKED_SAID = "list; kind black; by card; action block; reason blocked"
FRAUD = ModelStep(name="fraud", within_ms=20, fallback=0.02)
EXPOSURE = ValueStep(name="exposure", expression=parse("amount * 2", {"amount"}))
POLICY = Policy(
    name="cards",
    customer="customer",
    zone="Asia/Shanghai",
    inputs={"country": "string"},
    steps=(BLOCKED, FRAUD, TableStep(name="access"), EXPOSURE),
    tables={"access": access()},
    results={"limit": parse("amount", {"amount"})},
)


def with_steps(*steps):
    return replace(POLICY, steps=steps)


ACCESS_STEP = POLICY.steps[2]


@pytest.mark.parametrize(
    ("after", "sentences"),
    [
        (replace(POLICY, title_en="Cards"), ["the English title was empty, is Cards"]),
        (replace(POLICY, otherwise=Action.APPROVE), ["the action otherwise was refer, is approve"]),
        (replace(POLICY, exposure="amount"), ["what is at stake was empty, is amount"]),
        (replace(POLICY, inputs={"country": "number"}), ["input country was string, is number"]),
        (replace(POLICY, inputs={}), ["input country removed: string"]),
        (replace(POLICY, results={}), ["result limit removed: amount"]),
        (
            with_steps(BLOCKED, ACCESS_STEP, FRAUD, EXPOSURE),
            ["step access moved from place 3 to place 2"],
        ),
        (
            with_steps(BLOCKED, replace(FRAUD, within_ms=50), ACCESS_STEP, EXPOSURE),
            ["step fraud: the time allowed (ms) was 20, is 50"],
        ),
        (
            with_steps(BLOCKED, replace(FRAUD, fallback=None), ACCESS_STEP, EXPOSURE),
            ["step fraud: the fallback was 0.02, is empty"],
        ),
        (
            with_steps(BLOCKED, FRAUD, replace(ACCESS_STEP, when=parse("x > 1", {"x"})), EXPOSURE),
            ["step access: the condition was empty, is x > 1"],
        ),
        (with_steps(FRAUD, ACCESS_STEP, EXPOSURE), [f"step blocked removed: {BLOCKED_SAID}"]),
        (
            replace(POLICY, steps=(BLOCKED, FRAUD, EXPOSURE), tables={}),
            ["step access removed: table; rating, void_share → outcome, share [FIRST, 4]"],
        ),
        (
            replace(POLICY, tables={"access": access(("> 0.3", "> 0.25"))}),
            [
                f"access, rule 2 (row 6): {SHARE} > 0.25 (loosened: met by more; −0.05)",
            ],
        ),
        (
            with_steps(BLOCKED, ValueStep(name="fraud", expression=parse("1")), *POLICY.steps[2:]),
            [
                "step fraud removed: model; within_ms 20; fallback 0.02",
                "step fraud added: value; expression 1",
            ],
        ),
    ],
)
def test_one_edit_of_a_policy_is_told_in_words(after, sentences):
    assert [each.say("en") for each in policy_changes(POLICY, after)] == sentences
    assert POLICY.digest() != after.digest()


def test_nothing_changed():
    assert policy_changes(POLICY, replace(POLICY, file="elsewhere.yaml")) == ()
    reordered = replace(POLICY, inputs=dict(reversed(POLICY.inputs.items())))
    assert policy_changes(POLICY, reordered) == ()


NAMES = st.sampled_from(["a", "b", "c", "d"])
STEPS = st.one_of(
    st.builds(ModelStep, name=NAMES, within_ms=st.sampled_from([None, 1, 2])),
    st.builds(ValueStep, name=NAMES, expression=st.sampled_from([parse("1"), parse("2")])),
    st.builds(TableStep, name=NAMES),
    st.builds(
        ListStep,
        name=NAMES,
        kind=st.sampled_from(ListKind),
        by=st.just("x"),
        action=st.sampled_from([None, Action.BLOCK]),
        reason=st.sampled_from(["", "r"]),
        skips=st.sampled_from([(), ("a",), ("a", "b")]),
    ),
)
POLICIES = st.builds(
    Policy,
    name=NAMES,
    customer=NAMES,
    zone=st.just("UTC"),
    inputs=st.dictionaries(NAMES, st.sampled_from(["number", "string"]), max_size=2),
    steps=st.lists(STEPS, max_size=4, unique_by=lambda step: step.name).map(tuple),
    tables=st.dictionaries(
        NAMES, st.sampled_from([access(), access(("> 0.3", "> 0.4"))]), max_size=2
    ),
    results=st.dictionaries(NAMES, st.sampled_from([parse("1"), parse("2")]), max_size=2),
    otherwise=st.sampled_from(Action),
    exposure=st.sampled_from(["", "x"]),
    title_en=st.sampled_from(["", "t"]),
)


@given(POLICIES, POLICIES)
def test_policies_have_no_changes_exactly_where_their_digests_agree(first, last):
    assert (policy_changes(first, last) == ()) == (first.digest() == last.digest())
    near = replace(first, steps=last.steps)
    assert (policy_changes(first, near) == ()) == (first.digest() == near.digest())
    assert policy_changes(first, replace(first)) == ()


# --- files and lists -----------------------------------------------------------------------------


def test_files_that_come_go_and_are_replaced():
    found = file_changes({"a": "1", "b.json": "2"}, {"b.json": "3", "c": "4"})
    assert [each.say("en") for each in found] == [
        "file a removed: 1",
        "file b.json replaced: was 2, is 3",
        "file c added: 4",
    ]


def test_entries_of_lists_only_come():
    day = 86_400_000_000
    old = Entry("blocked", "C17", "", 0, None, "stolen", "desk", day)
    new = Entry("blocked", "C17", "cards", 0, day, "found", "desk", 2 * day)
    before = Lists([old])
    assert list_changes(before, before) == ()
    span = "1970-01-01 00:00:00Z – 1970-01-02 00:00:00Z"
    assert [each.say("en") for each in list_changes(before, before.with_entries([new]))] == [
        f"list blocked: C17 ({span}; cards; found; desk) added"
    ]
    assert [each.kind for each in list_changes(before, Lists())] == [Kind.ENTRY_REMOVED]


def test_every_kind_of_change_has_words_in_both_languages():
    assert set(SAID) == set(Kind)
    for kind in Kind:
        change = Change(kind, Place("n", 1, 2, "c"), "1", "2")
        assert "{" not in change.say("en") + change.say("zh")
