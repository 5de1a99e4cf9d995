"""Rule sets that between them use all of the language, and facts to run them on."""

import numpy as np
from hypothesis import strategies as st

from headrace.graph.rules.kernels import MISSING
from headrace.graph.rules.ruleset import Column

BASE = {
    "owns": (Column("subject"), Column("object"), Column("share", 2)),
    "guarantees": (Column("subject"), Column("object"), Column("amount", 0)),
    "bad": (Column("party"),),
}
CONTROL = """
controls(X, Y) :- sum(S over Z: holds(X, Z, Y, S), S > 0) > 0.5.
holds(X, X, Y, S) :- owns(X, Y, S).
holds(X, Z, Y, S) :- controls(X, Z), owns(Z, Y, S).
"""
PROGRAMS = {
    "chain": "controls := owns+. exposed := controls ∘ guarantees.",
    "control": CONTROL + "exposed := controls ∘ guarantees.",
    "choice": """
        near := ^owns ∘ owns | guarantees.
        linked := (owns | ^owns)+.
        far(X, Y) :- near(X, Y), not linked(X, Y).""",
    "twice": "p(X, Y) :- owns(X, Y, S), S >= 0.25. p(X, Z) :- p(X, Y), p(Y, Z).",
    "mutual": """
        even(X, Y) :- odd(X, Z), owns(Z, Y, _).
        odd(X, Y) :- owns(X, Y, _).
        odd(X, Y) :- even(X, Z), owns(Z, Y, _).""",
    "sums": """
        whole(X, T) :- T = sum(S over Y, E: owns(X, Y, S, E)).
        big(X) :- whole(X, T), T > 1.
        clean(X) :- whole(X, _), not big(X), not bad(X).""",
    "totals": """
        most(X, A) :- A = max(M over Y: guarantees(X, Y, M)).
        least(X) :- min(M: guarantees(X, _, M)) <= 2.
        wide(X) :- count(Y: guarantees(X, Y, _)) >= 2.
        few(X) :- count(Y: owns(X, Y, _)) < 2.
        same(X) :- bad(X), most(X, A), sum(M over Y: guarantees(X, Y, M)) = A.""",
    "counted": """
        ill(X) :- bad(X).
        ill(X) :- count(Y: guarantees(X, Y, M), ill(Y), M > 1) >= 2.
        safe(X, Y) :- owns(X, Y, _), not ill(X), not ill(Y).""",
    "compared": """
        same(X, Y) :- owns(X, A, S), guarantees(Y, B, M), X != Y, S > 0.5, M >= 3,
            owns(X, B, S).""",
    "named": """
        seed("acme").
        seed(X) :- seed(Y), owns(Y, X, _), not guarantees(X, _, _).
        alone("acme") :- not bad("acme").
        loop(X) :- owns(X, X, _).
        none(X) :- bad(X), not owns(X, X, 0.51).""",
    "ungrouped": """
        alarm("acme") :- count(X: bad(X)) >= 2.
        all(T) :- T = sum(M over X, Y: guarantees(X, Y, M), M >= 0).
        quiet(X) :- bad(X), not alarm(_).""",
    "steps": """
        up(X, Y) :- owns(Y, X, S), S > 0.25.
        up(X, Y) :- guarantees(X, Y, _).
        up(X, Z) :- up(X, Y), owns(Z, Y, _).
        up(X, Z) :- up(X, Y), guarantees(Y, Z, _).
        top(X) :- up(_, X), not up(X, _).""",
    "numbers": "reach(X, 1) :- bad(X). reach(Y, 2) :- bad(X), owns(X, Y, _).",
}
CODES = {"acme": 0}


def code_of(text, _kind):
    return CODES[text]


def columns(name):
    party = st.integers(0, 4)
    edge = st.integers(0, 2)
    share = st.sampled_from([0, 20, 26, 30, 51, 60, -10, int(MISSING)])
    amount = st.sampled_from([0, 1, 2, 3, int(MISSING)])
    return {
        "owns": st.tuples(party, party, share, edge),
        "guarantees": st.tuples(party, party, amount, edge),
        "bad": st.tuples(party, edge),
    }[name]


def batch(size):
    """Some facts of each given relation."""
    return st.fixed_dictionaries({name: st.lists(columns(name), max_size=size) for name in BASE})


def arrays(facts):
    """Facts as a closure takes them."""
    widths = {name: len(own) + 1 for name, own in BASE.items()}
    return {
        name: np.array(list(rows), np.int64).reshape(-1, widths[name])
        for name, rows in facts.items()
    }
