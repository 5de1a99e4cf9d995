"""Compiled loops over the trees of a boosted model: flat arrays in, flat arrays out.

A model is two tables with a row a node, the nodes of a tree one after another, its root first:

    links  (nodes, 4)  feature (-1 at a leaf), left, right, 1 where a missing value goes left
    cuts   (nodes, 2)  threshold: at most this goes left; value: of a leaf, or expected below
"""

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Links = NDArray[np.int32]
Counts = NDArray[np.int64]
FEATURE, LEFT, RIGHT, MISSING_LEFT = range(4)
THRESHOLD, VALUE = range(2)
BLOCK = 512  # rows that one tree is walked for while it is in the cache


def _add_leaves(x: Floats, roots: Links, links: Links, cuts: Floats, total: Floats) -> None:
    """Add the value of the leaf of every tree to the total of each row, in order of the trees.

    Args:
        x: Rows, (n, features); NaN is missing.
        roots: Where each tree begins, (trees,).
        links: See above.
        cuts: See above.
        total: What the rows have before, (n,); changed in place.
    """
    count = x.shape[0]
    for low in range(0, count, BLOCK):
        high = min(low + BLOCK, count)
        for root in roots:
            for row in range(low, high):
                node = root
                while links[node, FEATURE] >= 0:
                    value = x[row, links[node, FEATURE]]
                    left = value <= cuts[node, THRESHOLD] or (
                        np.isnan(value) and links[node, MISSING_LEFT] == 1
                    )
                    node = links[node, LEFT] if left else links[node, RIGHT]
                total[row] += cuts[node, VALUE]


def _add_steps(x: Floats, roots: Links, links: Links, cuts: Floats, steps: Floats) -> None:
    """Add what each step down changes the expected value by to the feature that was asked.

    Args:
        x: Rows, (n, features); NaN is missing.
        roots: Where each tree begins, (trees,).
        links: See above.
        cuts: See above.
        steps: Changed in place, (n, features).
    """
    for row in range(x.shape[0]):
        for root in roots:
            node = root
            while links[node, FEATURE] >= 0:
                feature = links[node, FEATURE]
                value = x[row, feature]
                left = value <= cuts[node, THRESHOLD] or (
                    np.isnan(value) and links[node, MISSING_LEFT] == 1
                )
                below = links[node, LEFT] if left else links[node, RIGHT]
                steps[row, feature] += cuts[below, VALUE] - cuts[node, VALUE]
                node = below


def _add_shapley(
    x: Floats,
    start: Counts,
    asked: Counts,
    sides: Floats,
    value: Floats,
    orders: Floats,
    found: Floats,
) -> None:
    """Add the Shapley values of every leaf to the features of each row; see `shap`.

    Args:
        x: Rows, (n, features); NaN is missing.
        start: Where the features of each leaf begin, (leaves + 1,).
        asked: Feature, and 1 where a missing value comes along, (asked, 2).
        sides: Above this, at most this, share of the training rows, (asked, 3).
        value: Of each leaf, (leaves,).
        orders: Weight of a coalition of s among d features, (d, s).
        found: Changed in place, (n, features).
    """
    deepest = orders.shape[0]
    met = np.empty(deepest, np.bool_)
    sums, rest = np.empty(deepest + 1), np.empty(deepest + 1)
    for row in range(x.shape[0]):
        for leaf in range(len(value)):
            first = start[leaf]
            depth = start[leaf + 1] - first
            outside, size = 1.0, 0  # the product of shares not met; the features met
            sums[0] = 1.0
            for place in range(depth):
                side = sides[first + place]
                this = x[row, asked[first + place, 0]]
                if np.isnan(this):
                    met[place] = asked[first + place, 1] == 1
                else:
                    met[place] = this <= side[1] and (side[0] == -np.inf or this > side[0])
                if met[place]:
                    sums[size + 1] = sums[size]
                    for power in range(size, 0, -1):
                        sums[power] = sums[power] * side[2] + sums[power - 1]
                    sums[0] *= side[2]
                    size += 1
                else:
                    outside *= side[2]
            weight = value[leaf] * outside
            absent = 0.0
            for power in range(min(size, depth - 1) + 1):
                absent += sums[power] * orders[depth, power]
            for place in range(depth):
                feature = asked[first + place, 0]
                if not met[place]:
                    found[row, feature] -= weight * absent
                    continue
                share = sides[first + place, 2]
                rest[size] = 0.0
                total = 0.0
                for power in range(size - 1, -1, -1):
                    rest[power] = sums[power + 1] - share * rest[power + 1]
                    total += rest[power] * orders[depth, power]
                found[row, feature] += weight * (1.0 - share) * total


# Compiled on first call; the machine code is kept on disk. No operation is reordered or fused.
_compile = numba.njit(cache=True, nogil=True, error_model="numpy")
add_leaves = _compile(_add_leaves)
add_steps = _compile(_add_steps)
add_shapley = _compile(_add_shapley)


@numba.njit(cache=True, error_model="numpy")
def add_leaves_of_one(x, roots, links, cuts, total):
    """As `add_leaves`, of one row, in microseconds: it keeps the interpreter's lock.

    A thread that lets go of it waits longer than that until it has it again.
    """
    add_leaves(x, roots, links, cuts, total)
