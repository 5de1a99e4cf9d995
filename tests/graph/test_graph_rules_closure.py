"""What rules derive is what a slow twin derives, whatever came and went before."""

import numpy as np
import pytest
import rules_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_programs import BASE, CODES, CONTROL, PROGRAMS, arrays, batch, code_of

from headrace.errors import InputError
from headrace.graph.rules.checking import read_rules
from headrace.graph.rules.closure import Closure
from headrace.graph.rules.ruleset import Column
from headrace.graph.rules.store import ROOM


def sets(facts):
    return {name: set(map(tuple, rows.tolist())) for name, rows in facts.items() if len(rows)}


def check(closure, current):
    expected = rules_reference.derived(closure.rules, current, CODES)
    for name in closure.shown:
        rows = closure.facts(name)
        assert len(rows) == len(expected[name])
        assert set(map(tuple, rows.tolist())) == expected[name], name
    return expected


@pytest.mark.parametrize("name", PROGRAMS)
@settings(max_examples=25, deadline=None)
@given(first=batch(9), history=st.lists(st.tuples(batch(3), batch(4)), max_size=5))
def test_any_history_ends_where_one_from_scratch_does(name, first, history):
    closure = Closure(read_rules(PROGRAMS[name], BASE), arrays(first), 5, code_of)
    current = {name: set(rows) for name, rows in first.items()}
    before = check(closure, current)
    for added, removed in history:
        delta = closure.update(arrays(added), arrays(removed))
        for relation in BASE:
            kept = current[relation] - set(removed[relation])
            current[relation] = kept | set(added[relation])
        after = check(closure, current)
        moved = {name: after[name] - before[name] for name in after if after[name] - before[name]}
        assert sets(delta.appeared) == moved
        moved = {name: before[name] - after[name] for name in after if before[name] - after[name]}
        assert sets(delta.disappeared) == moved
        before = after


def test_the_banks_example_of_control():
    """P has 60 % of A and 25 % of B, A has 30 % of B: P controls both; Q has 45 % of B, nothing."""
    facts = arrays({"owns": [(0, 1, 60, 0), (0, 2, 25, 1), (1, 2, 30, 2), (3, 2, 45, 3)]})
    closure = Closure(read_rules(CONTROL, BASE), facts, 4)
    assert sorted(map(tuple, closure.facts("controls").tolist())) == [(0, 1), (0, 2)]
    assert set(closure.shown) == {"controls", "holds"}
    assert len(closure) == len(closure.facts("controls")) + len(closure.facts("holds"))


def test_a_chain_means_the_paths_that_it_says():
    """0 owns 1, 1 owns 2; 1 guarantees 3, 3 guarantees 4, 4 owns 0."""
    facts = arrays({"owns": [(0, 1, 60, 0), (1, 2, 60, 1), (4, 0, 60, 2)],
                    "guarantees": [(1, 3, 1, 0), (3, 4, 1, 1)]})  # fmt: skip
    text = """
    either := owns | guarantees+.
    both := owns. both := guarantees+.
    then := owns ∘ guarantees+.
    back := ^owns ∘ guarantees.
    round := (owns ∘ guarantees+)+.
    """
    closure = Closure(read_rules(text, BASE), facts, 5)

    def pairs(name):
        return sorted(map(tuple, closure.facts(name).tolist()))

    assert pairs("either") == [(0, 1), (1, 2), (1, 3), (1, 4), (3, 4), (4, 0)]
    assert pairs("both") == pairs("either")
    assert pairs("then") == [(0, 3), (0, 4)]
    assert pairs("back") == [(2, 3)]  # 1 owns 2 and guarantees for 3
    assert pairs("round") == [(0, 3), (0, 4)]


def test_a_large_closure_with_hubs_and_a_loop_stays_exact():
    """More matches than are handed on at once, chains made longer, rows used again."""
    hub = [(0, at) for at in range(1, 200)] + [(at, 200) for at in range(1, 200)]
    fan = [(200, at) for at in range(201, 350)]
    loop = [(349, 0), (300, 200)]
    pairs = np.array(hub + fan + loop)
    rules = read_rules(
        "reach := owns+. far(X, Y) :- reach(X, Z), reach(Z, Y), bad(X).",
        {"owns": (Column("subject"), Column("object")), "bad": (Column("party"),)},
    )
    owns = np.column_stack((pairs, np.arange(len(pairs))))
    facts = {"owns": owns, "bad": np.array([[0, 0], [200, 1]])}
    closure = Closure(rules, facts, 350)
    whole = reachable(pairs, 350)
    assert whole.sum() > ROOM
    assert_is(closure, "reach", whole)
    rng = np.random.default_rng(3)
    standing = np.ones(len(pairs), bool)
    for _ in range(8):
        moved = rng.random(len(pairs)) < 0.02
        closure.update({"owns": owns[moved & ~standing]}, {"owns": owns[moved & standing]})
        standing ^= moved
        whole = reachable(pairs[standing], 350)
        assert_is(closure, "reach", whole)
        twice = (whole.astype(int) @ whole) > 0
        twice[[at for at in range(350) if at not in (0, 200)]] = False
        assert_is(closure, "far", twice)
    assert closure.nbytes > 0


def test_a_closure_that_is_handed_on_in_parts():
    """A ring of a thousand firms and one outside: everybody reaches the whole ring."""
    ring = [(at, (at + 1) % 1_050, 60, at) for at in range(1_050)]
    facts = arrays({"owns": [*ring, (1_050, 0, 60, 0)]})
    closure = Closure(read_rules("reach := owns+.", BASE), facts, 1_051)
    assert len(closure) == 1_051 * 1_050
    assert len(np.unique(closure.facts("reach"), axis=0)) == 1_051 * 1_050
    assert closure.stores["reach"].rank.max() > 1_000  # as many rounds as the ring is long


def test_a_closure_over_those_that_nobody_is():
    """Where no company is named, the code is -1; it is a value as any other."""
    base = {"acts_with": (Column("subject"), Column("about"))}
    facts = {"acts_with": np.array([[0, -1, 0], [-1, 2, 1]])}
    closure = Closure(read_rules("p := acts_with+.", base), facts, 3)
    assert sorted(map(tuple, closure.facts("p").tolist())) == [(-1, 2), (0, -1), (0, 2)]
    far = {"acts_with": np.array([[0, 1 << 40, 0], [1 << 40, 2, 1]])}
    assert len(Closure(read_rules("p := acts_with+.", base), far, 3)) == 3


def reachable(pairs, count):
    """Which party reaches which, by squaring."""
    found = np.zeros((count, count), bool)
    found[pairs[:, 0], pairs[:, 1]] = True
    for _ in range(10):
        found |= (found.astype(np.float32) @ found.astype(np.float32)) > 0
    return found


def assert_is(closure, relation, matrix):
    rows = closure.facts(relation)
    found = np.zeros_like(matrix)
    found[rows[:, 0], rows[:, 1]] = True
    assert len(rows) == matrix.sum()
    assert (found == matrix).all()


def test_facts_that_are_there_or_not_there_change_nothing():
    owns = arrays({"owns": [(0, 1, 60, 0)]})
    closure = Closure(read_rules("p := owns+.", BASE), owns, 3)
    other = arrays({"owns": [(1, 2, 60, 0)]})
    for added, removed in ((owns, {}), ({}, other), (owns, owns), (other, other)):
        delta = closure.update(added, removed)
        assert not delta.disappeared
        assert set(delta.appeared) <= {"p"}
    assert len(closure) == 3


def test_a_sum_that_does_not_fit_is_missing_not_wrapped():
    near = 2**63 - 1
    facts = arrays({"guarantees": [(0, 1, near, 0), (0, 2, near, 1)]})
    rules = read_rules("t(X, T) :- T = sum(M over Y: guarantees(X, Y, M)).", BASE)
    assert Closure(rules, facts, 3).facts("t").tolist() == [[0, -(2**63)]]


def test_facts_of_other_relations_or_widths_are_refused_before_anything_changes():
    closure = Closure(read_rules("p := owns+.", BASE), {}, 3)
    with pytest.raises(InputError, match="p is not a given relation") as raised:
        closure.update({"p": np.zeros((1, 2), np.int64)}, {})
    assert raised.value.remedy == "given are owns, guarantees, bad"
    with pytest.raises(InputError, match=r"facts of owns have shape \(1, 2\)") as raised:
        closure.update(arrays({"bad": [(0, 0)]}), {"owns": np.zeros((1, 2), np.int64)})
    assert raised.value.remedy == "4 columns: subject, object, share, edge"
    assert len(closure.stores["bad"]) == 0
