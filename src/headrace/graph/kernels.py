"""Graph kernels over arrays: papers as (source, target, day, amount), parties as codes."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def rounds(
    source: Ints, target: Ints, day: Ints, amount: Ints, limits: tuple[int, int, int]
) -> list[tuple[int, ...]]:
    """Closed chains of papers: goods of about one amount that come back to where they set out.

    A round is a chain of 2 to `length_max` papers in which each buyer is the next seller and the
    last buyer is the first seller, no party occurs twice, no paper is dated before the one before
    it or more than `days_max` after the first, and every amount is positive and within
    `percent_max` per cent of the first one's.

    Args:
        source: Seller of each paper, (n,), sorted; within a seller sorted by day.
        target: Buyer, (n,).
        day: Days, (n,).
        amount: Minor units, (n,).
        limits: length_max, days_max, percent_max.

    Returns:
        Each round once, as positions of its papers, starting where the least position is.
    """
    length_max, days_max, percent_max = limits
    n_nodes = int(max(source.max(initial=-1), target.max(initial=-1))) + 1
    offsets = np.searchsorted(source, np.arange(n_nodes + 1))
    found: set[tuple[int, ...]] = set()
    for start in range(source.size):
        if amount[start] <= 0 or source[start] == target[start]:
            continue
        slack = int(amount[start]) * percent_max
        stack: list[tuple[int, ...]] = [(start,)]
        while stack:
            path = stack.pop()
            buyer = target[path[-1]]
            low, high = offsets[buyer], offsets[buyer + 1]
            low += np.searchsorted(day[low:high], day[path[-1]], "left")
            high = offsets[buyer] + np.searchsorted(
                day[offsets[buyer] : high], day[start] + days_max, "right"
            )
            near = np.abs(amount[low:high] - amount[start]) * 100 <= slack
            for at in (low + np.flatnonzero(near)).tolist():
                if target[at] == source[start]:
                    chain = (*path, at)
                    turn = chain.index(min(chain))
                    found.add(chain[turn:] + chain[:turn])
                elif len(path) + 1 < length_max and target[at] not in source[list(path)]:
                    stack.append((*path, at))
    return sorted(found)
