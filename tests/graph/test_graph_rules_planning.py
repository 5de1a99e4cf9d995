"""How rules are run: which relation first, by which index, and when a closure is searched."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_programs import BASE

from headrace.graph.rules.checking import read_rules
from headrace.graph.rules.closure import Closure
from headrace.graph.rules.planning import Join
from headrace.graph.rules.ruleset import Column, Comparing
from headrace.graph.rules.spreading import Edges, edges_of


def plans(text, head):
    """The plans of the last rule of a head."""
    closure = Closure(read_rules(text, BASE), {}, 4)
    part = next(each for each in closure.parts if head in each.component.relations)
    return [each for each in part.plans if each.rule.head.relation == head][-1]


def shown(steps):
    return [
        (
            "not " * step.absent + step.relation,
            [pair.column for pair in step.key],
            [pair.column for pair in step.takes],
        )
        if isinstance(step, Join)
        else step.operator
        for step in steps
    ]


def test_a_chain_goes_from_either_end_and_back_from_its_head():
    rule = plans("c := owns+. e := c ∘ guarantees.", "e")
    from_control, from_guarantee = rule.forward
    assert shown(from_control.steps) == [("guarantees", [0], [1])]
    assert shown(from_guarantee.steps) == [("c", [1], [0])]
    # who guarantees for this one is asked first, for guarantees are given and few
    assert shown(rule.backward.steps) == [("guarantees", [1], [0]), ("c", [0, 1], [])]
    assert rule.backward.steps[1].whole


def test_recursion_is_limited_and_what_is_below_is_not():
    rule = plans("c := owns+.", "c")
    steps = {step.relation: step for step in rule.backward.steps}
    assert steps["c"].inside
    assert not steps["owns"].inside
    assert [join.relation for join in rule.witnesses] == ["c", "owns"]


def test_numbers_are_compared_as_soon_as_they_are_known_and_absence_is_asked_last():
    rule = plans("p(X) :- owns(X, Y, S), guarantees(Y, Z, _), S > 0.5, not bad(Z).", "p")
    assert shown(rule.forward[0].steps) == [
        ">",
        ("guarantees", [0], [1]),
        ("not bad", [0], []),
    ]
    assert isinstance(rule.forward[0].steps[0], Comparing)
    assert ("not bad", [0], []) in shown(rule.released[0].steps)
    assert "not bad" not in [step[0] for step in shown(rule.blocked[0].steps)]


def test_a_number_in_two_places_is_two_numbers_compared():
    (rule,) = read_rules("p(X) :- owns(X, Y, S), owns(Y, X, S).", BASE).rules
    (comparing,) = rule.comparisons
    assert comparing.operator == "="
    assert comparing.left != comparing.right


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("p := owns+.", (Edges("owns", 0, 1),)),
        ("p := (^owns)+.", (Edges("owns", 1, 0),)),
        (
            "p := owns | guarantees+. p(X, Z) :- p(X, Y), guarantees(Y, Z, _).",
            (Edges("guarantees", 0, 1),),  # what is repeated within is a relation of its own
        ),
        ("p := owns.", ()),
        ("p := owns | p ∘ p.", ()),
        ("p := owns. p(X, Z) :- p(X, Y), owns(Y, Z, S), S > 0.5.", ()),
        ("p := owns. p(X, Z) :- p(Y, X), owns(Y, Z, _).", ()),
        ("p := owns. p(X, Z) :- p(X, Y), owns(Y, Z, _), not bad(Z).", ()),
        ("p := owns. p(X, X) :- p(X, Y), owns(Y, X, _).", ()),
        ("p := owns. p(X, Z) :- p(X, Y), owns(Y, Z, _), bad(Z).", ()),
        ("p(X, S) :- owns(X, _, S). p(Z, S) :- p(X, S), owns(X, Z, _).", ()),
    ],
)
def test_what_is_a_closure_and_what_only_looks_like_one(text, steps):
    rules = read_rules(text, BASE)
    kinds = {name: tuple(each.kind for each in own) for name, own in rules.derived.items()}
    component = next(each for each in rules.components if "p" in each.relations)
    assert edges_of(component, kinds) == steps


PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14)


@settings(max_examples=50, deadline=None)
@given(PAIRS)
def test_searched_and_joined_give_the_same_facts_of_the_same_rounds(pairs):
    """The second rule set says the same in a way that is not taken for a closure."""
    base = {"owns": (Column("subject"), Column("object"))}
    facts = {"owns": np.array([(*pair, 0) for pair in pairs], np.int64).reshape(-1, 3)}
    joins = "p := owns. p(X, Z) :- p(X, Y), owns(Y, Z), any(Z). any(Z) :- owns(_, Z)."
    searched = Closure(read_rules("p := owns+.", base), facts, 7).stores["p"]
    joined = Closure(read_rules(joins, base), facts, 7).stores["p"]
    ranks = []
    for store in (searched, joined):
        live = store.live()
        first = store.rank[live].min(initial=2**31 - 1)
        pairs_of = map(tuple, store.rows[live].tolist())
        ranks.append(dict(zip(pairs_of, (store.rank[live] - first).tolist(), strict=True)))
    assert ranks[0] == ranks[1]
