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


# Compiled on first call; the machine code is kept on disk. No operation is reordered or fused.
_compile = numba.njit(cache=True, nogil=True, error_model="numpy")
add_leaves = _compile(_add_leaves)
add_steps = _compile(_add_steps)
