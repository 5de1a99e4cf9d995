"""A plan over stores -> bindings, a part at a time, never a hub's millions at once."""

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from headrace.graph.rules import kernels
from headrace.graph.rules.planning import LIMIT, TAG, Join, Plan, Plans, Step
from headrace.graph.rules.ruleset import Comparing
from headrace.graph.rules.store import Ids, Ints, Store

Stores = Mapping[str, Store]
Flags = NDArray[np.bool_]
PART = 1 << 15  # bindings begun with together
UNLIMITED = int(kernels.LAST)
COMPARISONS = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class Seen(Enum):
    """Which facts a join sees."""

    STANDING = 0
    GOING_TOO = -1  # also those being withdrawn: a superset of what stood before


def heads(
    plans: Plans, plan: Plan, stores: Stores, begun: tuple[Ints, Ids], limit: int
) -> Iterator[Ints]:
    """Facts of the head that a rule derives from some facts; repetitions are possible.

    Args:
        plans: The rule.
        plan: One of its plans forward.
        stores: Of every relation.
        begun: The facts to begin with: rows of a relation, and which of them.
        limit: Rank below which facts of the same recursion are seen.
    """
    rows, ids = begun
    for low in range(0, len(ids), PART):
        bindings = bindings_of(plans, plan, rows[ids[low : low + PART]])
        bindings[:, LIMIT] = limit
        yield from _projected(plan, bindings, stores, Seen.STANDING)


def held_up(plans: Plans, plan: Plan, stores: Stores, keys: Ints) -> Iterator[Ints]:
    """Heads that facts being withdrawn, or facts whose absence was needed, may have held up."""
    for low in range(0, len(keys), PART):
        begun = bindings_of(plans, plan, keys[low : low + PART])
        steps = tuple(step for step in plan.steps if isinstance(step, Comparing) or not step.absent)
        for found in joined(steps, begun, stores, Seen.GOING_TOO):
            yield np.ascontiguousarray(found[:, plan.head])


def supported(plans: Plans, stores: Stores, keys: Ints, limits: Ints) -> Flags:
    """Which heads a rule derives from facts that stand, those of its recursion below a rank.

    Args:
        plans: The rule.
        stores: Of every relation.
        keys: int64 (n, width): facts of the head.
        limits: int64 (n,): the rank for each.
    """
    found = np.zeros(len(keys), np.bool_)
    plan = plans.backward
    for low in range(0, len(keys), PART):
        part = slice(low, low + PART)
        begun = bindings_of(plans, plan, keys[part])
        begun[:, LIMIT] = limits[part][begun[:, TAG]]
        begun[:, TAG] += low
        for bindings in joined(plan.steps, begun, stores, Seen.STANDING):
            found[bindings[:, TAG]] = True
    return found


def _projected(plan: Plan, bindings: Ints, stores: Stores, seen: Seen) -> Iterator[Ints]:
    """Heads of the bindings that come through a plan; the last relation is joined straight in."""
    last = plan.steps[-1] if plan.steps else None
    if not isinstance(last, Join) or last.whole or last.absent:
        for found in joined(plan.steps, bindings, stores, seen):
            yield np.ascontiguousarray(found[:, plan.head])
        return
    for found in joined(plan.steps[:-1], bindings, stores, seen):
        yield from _extended(last, found, stores[last.relation], seen, plan.head)


def bindings_of(plans: Plans, plan: Plan, keys: Ints) -> Ints:
    """Bindings that facts begin; TAG is the fact's number, LIMIT none."""
    begun = np.empty((len(keys), plan.width), np.int64)
    begun[:, LIMIT] = UNLIMITED
    begun[:, TAG] = np.arange(len(keys))
    for slot, code in plans.codes.items():
        begun[:, 2 + slot] = code
    for pair in plan.takes:
        begun[:, pair.slot] = keys[:, pair.column]
    for pair in plan.equal:
        same = begun[:, pair.slot] == keys[:, pair.column]
        begun, keys = begun[same], keys[same]
    return begun


def joined(steps: tuple[Step, ...], bindings: Ints, stores: Stores, seen: Seen) -> Iterator[Ints]:
    """Bindings that come through all steps."""
    for at, step in enumerate(steps):
        if not len(bindings):
            return
        if isinstance(step, Comparing):
            bindings = bindings[compared(bindings, step)]
        elif step.absent:
            bindings = bindings[~_present(step, bindings, stores[step.relation], seen)]
        elif step.whole:
            bindings = bindings[_present(step, bindings, stores[step.relation], seen)]
        else:
            width = range(bindings.shape[1])
            for part in _extended(step, bindings, stores[step.relation], seen, width):
                yield from joined(steps[at + 1 :], part, stores, seen)
            return
    if len(bindings):
        yield bindings


def compared(bindings: Ints, comparing: Comparing) -> Flags:
    """Where a comparison is true: never of a number that is missing."""
    left, right = bindings[:, comparing.left], bindings[:, comparing.right]
    known = (left != kernels.MISSING) & (right != kernels.MISSING)
    true: Flags = known & COMPARISONS[comparing.operator](left, right)
    return true


def matches(join: Join, bindings: Ints, store: Store, seen: Seen) -> Iterator[tuple[Ids, Ids]]:
    """Facts that agree with bindings: binding and row of each, a part at a time."""
    once = not join.takes and not join.equal
    view = np.array((seen.value, join.inside and seen == Seen.STANDING, once), np.int64)
    slots = np.array([pair.slot for pair in join.key], np.int64)
    for origin, match in store.matches(bindings, slots, store.index(join.columns), view):
        kept = np.ones(len(origin), np.bool_)
        taken = {pair.slot: pair.column for pair in join.takes}
        for pair in join.equal:
            value = store.rows[match, pair.column]
            if pair.slot in taken:
                kept &= value == store.rows[match, taken[pair.slot]]
            else:
                kept &= value == bindings[origin, pair.slot]
        yield (origin[kept], match[kept]) if join.equal else (origin, match)


def _extended(
    join: Join, bindings: Ints, store: Store, seen: Seen, wanted: Sequence[int]
) -> Iterator[Ints]:
    """The wanted slots of bindings and the facts that agree with them."""
    taken = {pair.slot: -1 - pair.column for pair in join.takes}
    sources = np.array([taken.get(slot, slot) for slot in wanted], np.int64)
    for origin, match in matches(join, bindings, store, seen):
        out = np.empty((len(origin), len(sources)), np.int64)
        kernels.compose(bindings, origin, store.rows, match, sources, out)
        yield out


def _present(join: Join, bindings: Ints, store: Store, seen: Seen) -> Flags:
    """Which bindings have a fact."""
    if not join.whole:
        found = np.zeros(len(bindings), np.bool_)
        for origin, _ in matches(join, bindings, store, seen):
            found[origin] = True
        return found
    slots = [pair.slot for pair in sorted((*join.key, *join.equal), key=lambda each: each.column)]
    ids = store.find(np.ascontiguousarray(bindings[:, slots]))
    if not len(store.rank):
        return ids >= 0
    rank = store.rank[ids]
    visible = (ids >= 0) & (rank >= seen.value)
    if join.inside and seen == Seen.STANDING:
        visible &= rank < bindings[:, LIMIT]
    return visible
