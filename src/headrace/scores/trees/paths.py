"""The box of each leaf: what every feature may be for a row to come to it.

A path asks a feature once or more; its answers together are one interval, and whether a missing
value comes along. A row is in the box if each of its features is; the boxes of a tree part all rows
among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.scores.trees.model import Boosting, Floats
from headrace.scores.trees.reading import NO_NODE, Counts

Side = tuple[float, float, bool, float]  # above low, at most high, missing too, share of the rows
WHOLE: Side = (-np.inf, np.inf, True, 1.0)


@dataclass(frozen=True, eq=False)
class LeafPaths:
    """All leaves of all trees, one after another; the features of a leaf one after another.

    Attributes:
        tree: Number of each leaf's tree, (leaves,).
        value: Of each leaf, log odds, (leaves,).
        start: Where the features of each leaf begin, (leaves + 1,).
        feature: Asked on the way to the leaf, each once a leaf, (asked,).
        low: The feature must be above this; minus infinity where nobody asked, (asked,).
        high: And at most this, (asked,).
        missing: Whether a row without the feature comes along, (asked,).
        share: Of the training rows that came to the splits by the feature, how many went on
            towards the leaf, in (0, 1], (asked,); 1 where the model has no cover.
    """

    tree: Counts
    value: Floats
    start: Counts
    feature: Counts
    low: Floats
    high: Floats
    missing: NDArray[np.bool_]
    share: Floats


def leaf_paths(model: Boosting) -> LeafPaths:
    """The box of every leaf of a model, tree by tree, from left to right."""
    found = [
        (tree, leaf, sides)
        for tree, root in enumerate(model.roots.tolist())
        for leaf, sides in _leaves(model, root)
    ]
    asked = [(feature, *side) for _, _, sides in found for feature, side in sides.items()]
    columns = list(zip(*asked, strict=True)) or [()] * 5
    return LeafPaths(
        tree=np.array([tree for tree, _, _ in found], np.int64),
        value=model.value[[leaf for _, leaf, _ in found]],
        start=np.cumsum([0, *(len(sides) for _, _, sides in found)]),
        feature=np.array(columns[0], np.int64),
        low=np.array(columns[1], np.float64),
        high=np.array(columns[2], np.float64),
        missing=np.array(columns[3], np.bool_),
        share=np.array(columns[4], np.float64),
    )


def _leaves(model: Boosting, root: int) -> Iterator[tuple[int, dict[int, Side]]]:
    waiting: list[tuple[int, dict[int, Side]]] = [(root, {})]
    while waiting:
        node, sides = waiting.pop()
        feature = int(model.feature[node])
        if feature == NO_NODE:
            yield node, sides
            continue
        low, high, missing, share = sides.get(feature, WHOLE)
        cut, missing_left = float(model.threshold[node]), bool(model.missing_left[node])
        left, right = int(model.left[node]), int(model.right[node])
        down = [1.0, 1.0]
        if model.cover is not None:
            rows = float(model.cover[node])
            down = [model.cover[left] / rows, model.cover[right] / rows]
        above = (max(low, cut), high, missing and not missing_left, share * down[1])
        below = (low, min(high, cut), missing and missing_left, share * down[0])
        waiting.append((right, {**sides, feature: above}))
        waiting.append((left, {**sides, feature: below}))
