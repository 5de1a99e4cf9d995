"""Proofs: they name the edges, and those edges alone derive the fact; nothing holds itself up."""

import numpy as np
import pytest
from hypothesis import given, settings
from rules_programs import BASE, CONTROL, PROGRAMS, arrays, batch, code_of

from headrace.graph.rules.checking import read_rules
from headrace.graph.rules.closure import Closure
from headrace.graph.rules.proofs import prove

GROWING = ["chain", "control", "twice", "mutual", "compared", "numbers"]


def closure_of(text, **facts):
    return Closure(read_rules(text, BASE), arrays(facts), 8, code_of)


def test_control_is_proved_by_the_shares_that_count():
    """P holds 60 % of A; P and A together hold 55 % of B."""
    closure = closure_of(CONTROL, owns=[(0, 1, 60, 0), (0, 2, 25, 1), (1, 2, 30, 2), (3, 2, 45, 3)])
    proof = prove(closure, "controls", (0, 2))
    (group,) = proof.parts
    assert group.rule == "sum(S over Z) > 0.5"
    assert group.total == 55
    assert proof.edges() == {"owns": [0, 1, 2]}
    assert proof.variables == {"X": 0, "Y": 2}
    assert prove(closure, "controls", (3, 2)) is None
    assert prove(closure, "controls", (9, 9)) is None


def test_a_loop_does_not_prove_itself():
    """A and B own each other; only P's edge lets P reach either, and every proof uses it."""
    closure = closure_of("reach := owns+.", owns=[(0, 1, 60, 0), (1, 2, 60, 1), (2, 1, 60, 2)])
    assert 0 in prove(closure, "reach", (0, 1)).edges()["owns"]
    assert 0 in prove(closure, "reach", (0, 2)).edges()["owns"]
    delta = closure.update({}, arrays({"owns": [(0, 1, 60, 0)]}))
    assert sorted(map(tuple, delta.disappeared["reach"].tolist())) == [(0, 1), (0, 2)]
    assert prove(closure, "reach", (0, 2)) is None
    assert prove(closure, "reach", (1, 1)).edges() == {"owns": [1, 2]}


def test_what_is_not_there_is_part_of_a_proof():
    closure = closure_of("free(X) :- owns(X, _, _), not guarantees(X, _, _).", owns=[(0, 1, 5, 0)])
    assert prove(closure, "free", (0,)).absent == (("guarantees", (0, None, None, None)),)


def test_a_chain_of_thousands_is_proved_without_a_deep_stack():
    chain = [(at, at + 1, 60, at) for at in range(3_000)]
    closure = closure_of("reached(X) :- bad(X). reached(Y) :- reached(X), owns(X, Y, _).",
                         owns=chain, bad=[(0, 0)])  # fmt: skip
    proof = prove(closure, "reached", (3_000,))
    assert max(depth for depth, _, _ in proof.walk()) == 3_001
    assert len(proof.edges()["owns"]) == 3_000


@pytest.mark.parametrize("name", GROWING)
@settings(max_examples=12, deadline=None)
@given(first=batch(9), added=batch(3), removed=batch(4))
def test_the_edges_of_a_proof_are_enough(name, first, added, removed):
    """True where more facts never derive less, after a change as before it."""
    closure = Closure(read_rules(PROGRAMS[name], BASE), arrays(first), 5, code_of)
    closure.update(arrays(added), arrays(removed))
    for relation in closure.shown:
        for fact in map(tuple, closure.facts(relation)[:6].tolist()):
            proof = prove(closure, relation, fact)
            assert proof.fact == fact
            leaves = {}
            for _, step, _ in proof.walk():
                assert step.edge is not None or step.rule
                if step.edge is not None:
                    leaves.setdefault(step.relation, set()).add((*step.fact, step.edge))
            alone = Closure(closure.rules, arrays(leaves), 5, code_of)
            assert alone.stores[relation].find(np.array([fact]))[0] >= 0
