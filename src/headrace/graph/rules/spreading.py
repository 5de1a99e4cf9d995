"""The closure of a relation, p := q+, from each source on its own: the common case made quick.

Round by round, every fact would be joined and looked up. From one source after the other it is a
search of the graph with a mark per node, and how many facts there will be is known before they are
kept. The facts are the same, and so are their ranks: the search is breadth first, so each is found
in the round in which it would have been.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from headrace.graph.rules import kernels
from headrace.graph.rules.ruleset import PARTY, Component, PlainRule
from headrace.graph.rules.store import Ints, Store

FEW = 1 << 20  # nodes for which there is room however few the edges
ROOM = 1 << 20  # facts handed on together


@dataclass(frozen=True)
class Edges:
    """A relation as edges of a graph: the columns of where they begin and end."""

    relation: str
    source: int
    target: int


@dataclass(frozen=True)
class Reached:
    """Facts of a closure, a part of them.

    Attributes:
        keys: int64 (n, 2).
        levels: int64 (n,): the round in which each is found, from 1.
        total: How many there are in all parts.
    """

    keys: Ints
    levels: Ints
    total: int


def edges_of(component: Component, kinds: Mapping[str, tuple[int, ...]]) -> tuple[Edges, ...]:
    """The steps of a component that is a closure; none where it is not one.

    It is one relation p of two parties, whose every recursive rule is p(X, Z) :- p(X, Y), q(Y, Z).
    """
    (name, *others) = component.relations
    if others or component.totals or kinds[name] != (PARTY, PARTY):
        return ()
    recursive = [
        rule for rule in component.rules if any(each.relation == name for each in rule.body)
    ]
    steps = [_step(rule) for rule in recursive]
    return tuple(step for step in steps if step) if all(steps) else ()


def _step(rule: PlainRule) -> Edges | None:
    if len(rule.body) != 2 or rule.absent or rule.comparisons or rule.constants:
        return None
    own, other = sorted(rule.body, key=lambda each: each.relation != rule.head.relation)
    (x, z), (first, y) = rule.head.slots, own.slots
    once = len({x, y, z}) == 3 and other.slots.count(y) == 1 == other.slots.count(z)
    if first != x or not once or x in other.slots or other.relation == own.relation:
        return None
    return Edges(other.relation, other.slots.index(y), other.slots.index(z))


def reached(steps: tuple[Edges, ...], stores: Mapping[str, Store], seeds: Ints) -> Iterator[
    Reached
]:  # fmt: skip
    """What is reached from given facts; nothing where codes are not those of nodes.

    Args:
        steps: Edges to follow.
        stores: Of their relations.
        seeds: int64 (n, 2): the facts that the closure begins with, none twice.
    """
    pairs = np.vstack([_pairs(step, stores[step.relation]) for step in steps])
    lowest, highest = min(pairs.min(initial=0), seeds.min()), max(pairs.max(initial=0), seeds.max())
    if lowest < 0 or highest >= FEW + 4 * (len(pairs) + len(seeds)):
        return
    nodes = int(highest) + 1
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    at = np.searchsorted(pairs[:, 0], np.arange(nodes + 1))
    seeds = seeds[np.argsort(seeds[:, 0], kind="stable")]
    sources, begins = np.unique(seeds[:, 0], return_index=True)
    graph = (
        sources, np.append(begins, len(seeds)), np.ascontiguousarray(seeds[:, 1]), at,
        np.ascontiguousarray(pairs[:, 1]), np.full(nodes, -1, np.int64),
        np.empty(nodes, np.int64), np.empty(nodes, np.int64),
    )  # fmt: skip
    nothing = np.empty((0, 2), np.int64), np.empty(0, np.int64)
    total = kernels.spread(*graph, np.zeros(1, np.int64), *nothing)
    graph[5].fill(-1)
    state = np.zeros(1, np.int64)
    while state[0] < len(sources):
        room = min(total, ROOM) + nodes
        keys, levels = np.empty((room, 2), np.int64), np.empty(room, np.int64)
        count = kernels.spread(*graph, state, keys, levels)
        yield Reached(keys[:count], levels[:count], total)


def _pairs(step: Edges, store: Store) -> Ints:
    return store.rows[store.live()][:, [step.source, step.target]]
