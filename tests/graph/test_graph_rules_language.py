"""What can be written in rules, and what is said where they are wrong."""

from decimal import Decimal

import pytest

from headrace.graph.rules.checking import read_rules
from headrace.graph.rules.kernels import MISSING
from headrace.graph.rules.language import RulesError
from headrace.graph.rules.parsing import DIGITS_MAX, TEXT_MAX, parse
from headrace.graph.rules.ruleset import PARTY, WORD, Column
from headrace.graph.rules.totals import EVER, NEVER, scaled_bound

BASE = {
    "owns": (Column("subject"), Column("object"), Column("share", 2)),
    "guarantees": (Column("subject"), Column("object"), Column("amount", 0)),
    "office": (Column("subject"), Column("object"), Column("role", WORD)),
    "score": (Column("party"), Column("value", 4)),
}

PROBLEMS = [
    # text, line, column, part of the problem, part of the remedy
    ("p(X) :- onws(X, _, _).", 1, 9, "no relation onws", "did you mean owns?"),
    ("p(X) :- zzz(X).", 1, 9, "no relation zzz", "there are owns, guarantees"),
    ("p(X) :- owns(X).", 1, 9, "owns has 3 columns, not 1", "subject, object, share"),
    ("p(X) :- owns(X, _, _).\nq(X) :- p(X, X).", 2, 9, "p has 1 columns", "a rule above"),
    ("p(X) :- owns(X, _, _).\np(X, Y) :- owns(X, Y, _).", 2, 1, "p has 1 columns above", "same"),
    ("owns(X, Y, 1) :- owns(Y, X, _).", 1, 1, "owns is given", "a name of its own"),
    ("p(X, Y) :- owns(X, _, _).", 1, 6, "Y is in no relation", "add a relation that has Y"),
    ("p(_) :- owns(_, _, _).", 1, 3, "_ is in no relation", "add a relation"),
    ("p(X) :- owns(X, _, _), S > 1.", 1, 24, "S is in no relation", "add a relation that has S"),
    ("p(X) :- owns(X, _, _), not owns(Y, X, _).", 1, 33, "Y is in no relation", "has Y"),
    ("p(X) :- owns(X, X, X).", 1, 20, "column 3 of owns is a number with 2", "one variable"),
    ("p(X) :- owns(X, Y, S), X > Y.", 1, 24, "X is a party", "the same or not"),
    ("p(X) :- owns(X, _, S), score(X, V), S < V.", 1, 37, "S is a number with 2", "places"),
    ("p(X) :- owns(X, _, S), S = X.", 1, 24, "cannot be compared with a party", "the same"),
    ("p(X) :- office(X, Y, R), Y = R.", 1, 26, "cannot be compared with a word", "the same"),
    ("p(X, S) :- owns(X, _, S).\np(X, V) :- score(X, V).", 2, 6, "V is a number with 4", "same"),
    ("p(X, 0.125) :- bad(X).\nbad(X) :- owns(X, _, _).\np(X, S) :- owns(X, _, S).",
     3, 6, "S is a number with 2", "same decimal places"),
    ("p(X, S) :- owns(X, _, S).\np(X, 0.125) :- owns(X, _, _).", 2, 6, "0.125 does not fit",
     "at most 2"),
    ("p(X, Y) :- p(Y, X).", 1, 1, "nothing says what column 1 of p holds", "first facts"),
    ("p(X) :- owns(X, _, _), 1 < 2.", 1, 24, "two constants", "compare a variable"),
    ("p(X) :- owns(X, _, _), not p(X).", 1, 28, "depends on the absence of p", "negate only"),
    ("p(X) :- owns(X, _, _), not q(X).\nq(X) :- p(X).", 1, 28, "absence of q", "derived without"),
    ("p(X) :- sum(S: owns(X, _, S)) > 1.", 1, 31, "what tells its contributions apart", "over"),
    ("p(X) :- sum(S over Z: owns(X, Z, S)) > \"A\".", 1, 40, "a party is not a number", "compare"),
    ("p(X) :- sum(S over Z: owns(X, Y, S)) > 1.", 1, 20, "Z is not in what this sum", "within"),
    ("p(X, Z) :- sum(S over Z: owns(X, Z, S)) > 1, owns(X, Z, _).", 1, 23, "inside and outside",
     "another name"),
    ("p(X) :- sum(Y over S: owns(X, Y, S)) > 1.", 1, 13, "Y is not a number", "count(...)"),
    ("p(X) :- owns(X, _, _).\np(Y) :- sum(S over X: p(X), owns(X, Y, S)) > 0.5.", 2, 44,
     "S may be below 0", "add S > 0 within"),
    ("p(X) :- owns(X, _, _).\np(Y) :- sum(S over X: p(X), owns(X, Y, S), S > 0) < 0.5.", 2, 51,
     "true first and false later", "by > or >="),
    ("p(X, 0.00) :- owns(X, _, _).\np(Y, T) :- T = sum(S over X: p(X, S), owns(X, Y, _)).", 2, 12,
     "true first and false later", "total what is derived without it"),
    ("p(X) :- min(S: owns(X, Y, S), p(Y)) > 0.5.\np(X) :- owns(X, _, 1).", 1, 37,
     "this min is part of its own recursion", "by < or <="),
    ("p(X) :- owns(X, _, _)", 1, 22, "'the end of the text' cannot stand", "full stop"),
    ("p(X) :- owns(X, _ _).", 1, 19, "'_' cannot stand here", "a comma or a parenthesis"),
    ("p(X) :- owns(X, $, _).", 1, 17, "'$' cannot stand here", "a party in quotes"),
    ("p(X) :- X owns Y.", 1, 11, "'owns' cannot stand here", "= != < <="),
    ("p(X) :- not X > 1.", 1, 15, "'>' cannot stand here", "in parentheses"),
    ("(X) :- owns(X, _, _).", 1, 1, "'(' cannot stand here", "begins with the name"),
    ("p(X) :- T < sum(S over Y: owns(X, Y, S)).", 1, 9, "a total stands on the left", "T = ..."),
    ("p(X) :- count(Y: owns(X, Y, _), count(Z: owns(Z, Y, _)) > 1) > 1.", 1, 15,
     "a total stands within a total", "a relation of its own"),
    ("p := owns ∘ .", 1, 13, "'.' cannot stand here", "a chain joins relations"),
    ("p := (owns.", 1, 11, "'.' cannot stand here", "parenthesis is closed"),
    (f"p := {'(' * 40}owns{')' * 40}.", 1, 22, "nested too deep", "relation of its own"),
    (f"p := owns{' ∘ owns' * 70}.", 1, 452, "more than 64 parts", "relation of their own"),
    (f"p(X) :- {'sum(S over Z: ' * 5000}", 1, 454, "nested too deep", "relation of its own"),
    (f"p(X) :- owns(X, _, S), S > {'9' * 21}.", 1, 28, "too many digits", f"at most {DIGITS_MAX}"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "problem", "remedy"), PROBLEMS)
def test_a_problem_has_its_place_and_says_what_would_be_right(text, line, column, problem, remedy):
    with pytest.raises(RulesError) as raised:
        read_rules(text, BASE)
    first = raised.value.problems[0]
    assert (first.place.line, first.place.column) == (line, column)
    assert problem in first.problem
    assert remedy in first.remedy
    assert f"line {line}, column {column}" in str(raised.value)


def test_every_problem_is_found_in_one_reading():
    with pytest.raises(RulesError) as raised:
        read_rules("p(X) :- owns(X Y).\nq(X) :- .\n\nr(X) :- owns(X, _, _), ;", BASE)
    assert [each.place.line for each in raised.value.problems] == [1, 2, 4]
    assert "(and 2 more)" in str(raised.value)


def test_a_text_that_is_too_long_is_not_read():
    _, problems = parse("#" * (TEXT_MAX + 1))
    assert "too long" in problems[0].problem


def test_chinese_names_comments_and_the_signs_of_a_word_processor():
    rules = read_rules(
        "# 控制\n大股东(甲, 乙) :- owns(甲, 乙, 比例), 比例 ≥ 25%.  # 四分之一\n", BASE
    )
    (rule,) = rules.rules
    assert rule.text == "大股东(甲, 乙) :- owns(甲, 乙, 比例), 比例 ≥ 25%."
    assert [each.kind for each in rules.derived["大股东"]] == [PARTY, PARTY]
    assert 25 in [each.value for each in rule.constants]


def test_a_chain_becomes_plain_rules():
    rules, problems = parse("near := (^owns ∘ owns | guarantees)+.")
    assert not problems
    heads = {rule.head.relation for rule in rules}
    assert heads == {"((^owns ∘ owns) | guarantees)", "near"}
    assert len(rules) == 4
    first = next(rule for rule in rules if rule.head.relation != "near")
    turned, straight = first.body
    assert [term.name for term in turned.terms] == ["Y", "X"]
    assert [term.name for term in straight.terms] == ["Y", "Z"]


def test_once_or_more_does_not_repeat_the_other_ways_to_a_relation():
    """owns, then guarantees, is not in `owns | guarantees+`, nor where p has two definitions."""
    for text in (
        "p := owns | guarantees+.",
        "p := owns. p := guarantees+. q := guarantees+ ∘ owns.",
    ):
        rules, _ = parse(text)
        recursive = [
            rule.head.relation
            for rule in rules
            if any(atom.relation == rule.head.relation for atom in rule.body)
        ]
        assert recursive == ["guarantees+"]


def test_what_may_explode_is_warned_of():
    rules = read_rules(
        "p := owns | p ∘ p.\nq(X, Y) :- owns(X, _, _), guarantees(Y, _, _).\nr := owns+.", BASE
    )
    twice, apart = rules.warnings
    assert "chained with itself" in twice.problem
    assert "p := q+" in twice.remedy
    assert "nothing joins" in apart.problem
    assert str(apart).startswith("line 2, column 1: ")


def test_relations_are_run_after_those_they_need():
    rules = read_rules(
        "c(X) :- b(X), not a(X). a(X) :- owns(X, _, _). b(X) :- a(X). b(X) :- b(Y), owns(Y, X, _).",
        BASE,
    )
    order = [sorted(each.relations) for each in rules.components]
    assert order == [["a"], ["b"], ["c"]]
    assert rules.used == {"owns"}


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("bound", ["0.25", "0.255", "-0.255", "0", "1e30", "-1e30"])
@pytest.mark.parametrize("whole", [-26, -25, 0, 25, 26])
def test_a_bound_of_more_places_compares_exactly(operator, bound, whole):
    sign, scaled = scaled_bound(operator, Decimal(bound), 2)
    python = {"=": "==", "!=": "!="}
    exact = eval(f"Decimal({whole}) / 100 {python.get(operator, operator)} Decimal('{bound}')")  # noqa: S307 - our own text
    if (sign, scaled) == NEVER:
        assert not exact
    elif (sign, scaled) == EVER:
        assert exact
    else:
        assert eval(f"{whole} {python.get(sign, sign)} {scaled}") == exact  # noqa: S307 - our own text
    assert scaled == MISSING or abs(scaled) < 2**63
