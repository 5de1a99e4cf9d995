"""The cheapest set of changes that gains enough points: exact, by dynamic programming.

Points of a card add up, so "which few changes reach the cut-off at the least effort" is a small
multiple-choice knapsack (Kellerer, Pferschy and Pisinger 2004, ch. 11): one option at most a
feature, so many features at most, gains and costs whole numbers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
FAR = 2**62 // 2  # no cost reaches it; twice it is still a 64-bit number


@dataclass(frozen=True)
class Option:
    """One thing that could change.

    Attributes:
        key: What the caller knows it by, such as the place of the bin.
        gain: Points, above 0.
        cost: Effort, 0 or more.
    """

    key: int
    gain: int
    cost: int


@dataclass(frozen=True)
class Plan:
    """Changes that together gain enough.

    Attributes:
        chosen: (feature, option) by place of the feature, rising.
        gain: Points in all.
        cost: Effort in all.
    """

    chosen: tuple[tuple[int, Option], ...]
    gain: int
    cost: int


def plans(
    options: Sequence[Sequence[Option]], need: int, *, changes_max: int, answers: int
) -> tuple[Plan, ...]:
    """The cheapest plans, each with a set of features that holds none of the sets before it.

    Args:
        options: Per feature; none where it cannot change.
        need: Points to gain, above 0.
        changes_max: Features that may change together.
        answers: How many plans at most.

    Returns:
        Cheapest first; of equal cost the one with fewer changes. Empty where nothing reaches it.
    """
    found: list[Plan] = []
    useful = [_undominated(each) for each in options]
    while len(found) < answers:
        # A plan that holds none of the sets found leaves out a feature of each of them.
        sets = [[feature for feature, _ in plan.chosen] for plan in found]
        frozen = {frozenset(picked) for picked in product(*sets)}
        tried = [
            plan
            for each in sorted(frozen, key=sorted)
            if (plan := _cheapest(useful, need, changes_max, each)) is not None
        ]
        if not tried:
            break
        found.append(min(tried, key=_order))
    return tuple(found)


def _order(plan: Plan) -> tuple[int, int, list[int]]:
    return plan.cost, len(plan.chosen), [feature for feature, _ in plan.chosen]


def _undominated(options: Sequence[Option]) -> list[Option]:
    """Without those that gain no more than a cheaper one."""
    kept: list[Option] = []
    for each in sorted(options, key=lambda option: (option.cost, -option.gain, option.key)):
        if each.gain > (kept[-1].gain if kept else 0):
            kept.append(each)
    return kept


def _cheapest(
    options: Sequence[Sequence[Option]], need: int, changes_max: int, frozen: Collection[int]
) -> Plan | None:
    """The cheapest plan without the frozen features.

    cost[c, g] after some features: the least effort of c changes that gain g, or for g = need at
    least that much.
    """
    cost = np.full((changes_max + 1, need + 1), FAR, np.int64)
    cost[0, 0] = 0
    layers = [cost]
    for feature, each in enumerate(options):
        cost = cost.copy()
        for option in () if feature in frozen else each:
            _offer(layers[-1], cost, option, need)
        layers.append(cost)
    count = int(np.argmin(cost[:, need]))  # the first of equals: the fewest changes
    if cost[count, need] >= FAR:
        return None
    return _traced(options, layers, count, need)


def _offer(before: Integers, after: Integers, option: Option, need: int) -> None:
    gain = min(option.gain, need)
    exact, enough = before[:-1, : need - gain], before[:-1, need - gain :]
    np.minimum(after[1:, gain:need], exact + option.cost, out=after[1:, gain:need])
    np.minimum(after[1:, need], enough.min(axis=1) + option.cost, out=after[1:, need])


def _traced(
    options: Sequence[Sequence[Option]], layers: Sequence[Integers], count: int, need: int
) -> Plan:
    """Walk back; a feature counts as changed only where leaving it costs more."""
    chosen: list[tuple[int, Option]] = []
    gain = need
    for feature in range(len(options) - 1, -1, -1):
        before, least = layers[feature], layers[feature + 1][count, gain]
        if before[count, gain] == least:
            continue
        for option in options[feature]:
            step = min(option.gain, need)
            enough = range(need - step, need + 1)
            places = enough if gain == need else range(max(gain - step, 0), gain - step + 1)
            origin = [at for at in places if before[count - 1, at] + option.cost == least]
            if origin:
                chosen.append((feature, option))
                count, gain = count - 1, origin[0]
                break
    chosen.reverse()
    return Plan(
        chosen=tuple(chosen),
        gain=sum(option.gain for _, option in chosen),
        cost=sum(option.cost for _, option in chosen),
    )
