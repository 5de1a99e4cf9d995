"""The proof that a score never falls, or never rises, as a feature rises.

A tree is monotone in a feature if of any two of its leaves that differ in nothing else, the one
with the larger values of the feature is not the lower. Two leaves can be reached by changing one
feature only if their boxes have a row in common in every other feature, so it is enough to compare
such pairs: that is exact, for each tree by itself. A sum of monotone trees is monotone, in floating
point too, because rounding never turns an order round. Whether a value is missing has no order and
is not constrained.

LightGBM's methods bound leaves while the tree grows, and one of them has let a violation through
(lightgbm-org/LightGBM#5358): so the arrays are checked, and not the method believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.errors import HeadraceError, InputError
from headrace.scores.trees.model import Boosting, Floats
from headrace.scores.trees.paths import LeafPaths, leaf_paths


class MonotoneError(HeadraceError):
    """A model breaks a constraint that it was to keep."""


@dataclass(frozen=True)
class Violation:
    """Two leaves of a tree in the wrong order.

    Attributes:
        feature: That is to be monotone.
        tree: Number of the tree, from 0.
        lower: Value of the leaf with the smaller values of the feature, log odds.
        upper: Of the one with the larger.
    """

    feature: str
    tree: int
    lower: float
    upper: float


def check_signs(signs: Mapping[str, int], names: tuple[str, ...]) -> None:
    """Refuse constraints that cannot be meant.

    Raises:
        InputError: If one is on no feature of the model, or is neither 1 nor -1.
    """
    for name, sign in signs.items():
        if name not in names:
            raise InputError(
                f"there is no feature '{name}' to be monotone", remedy=f"one of {', '.join(names)}"
            )
        if sign not in (1, -1):
            raise InputError(
                f"a constraint cannot be {sign}",
                where=name,
                remedy="1 where the risk never falls as the feature rises, -1 where it never rises",
            )


def violations(model: Boosting, signs: Mapping[str, int]) -> tuple[Violation, ...]:
    """The first pair of leaves in the wrong order of each tree and feature; empty is proved.

    Args:
        model: Whoever grew it.
        signs: By feature: 1 where the raw score must never fall as it rises, -1 never rise.

    Raises:
        InputError: If a constraint is on no feature of the model, or is neither 1 nor -1.
    """
    check_signs(signs, model.names)
    paths = leaf_paths(model)
    found = []
    for tree in range(model.roots.size):
        leaves = np.flatnonzero(paths.tree == tree)
        for name, sign in signs.items():
            pair = _wrong_pair(paths, leaves, model.names.index(name), sign)
            if pair is not None:
                found.append(Violation(name, tree, *pair))
    return tuple(found)


def prove(model: Boosting, signs: Mapping[str, int]) -> None:
    """Refuse a model that breaks a constraint.

    Raises:
        MonotoneError: It does; naming the feature, the tree and both leaves.
        InputError: As from `violations`.
    """
    found = violations(model, signs)
    if found:
        worst = found[0]
        raise MonotoneError(
            f"the model breaks the constraint on '{worst.feature}' in {len(found)} trees",
            where=f"tree {worst.tree}: {worst.lower} then {worst.upper}",
            remedy="grow it with MonotoneMethod.BASIC, and report the version of LightGBM",
        )


def _wrong_pair(
    paths: LeafPaths, leaves: NDArray[np.int64], feature: int, sign: int
) -> tuple[float, float] | None:
    """Values of the first two leaves that differ in the feature alone and stand wrongly."""
    low, high, _ = _boxes(paths, leaves, feature)
    real = low < high  # else nothing but a missing value comes here
    before = (high[:, None] <= low[None, :]) & real[:, None] & real[None, :]
    if not before.any():
        return None
    value = paths.value[leaves]
    wrong = before & (sign * (value[None, :] - value[:, None]) < 0)
    for other in np.unique(_asked(paths, leaves)):
        if other != feature and wrong.any():
            low, high, missing = _boxes(paths, leaves, int(other))
            meet = np.maximum(low[:, None], low) < np.minimum(high[:, None], high)
            wrong &= meet | (missing[:, None] & missing)
    if not wrong.any():
        return None
    one, two = np.argwhere(wrong)[0]
    return float(value[one]), float(value[two])


def _asked(paths: LeafPaths, leaves: NDArray[np.int64]) -> NDArray[np.int64]:
    return paths.feature[paths.start[leaves[0]] : paths.start[leaves[-1] + 1]]


def _boxes(
    paths: LeafPaths, leaves: NDArray[np.int64], feature: int
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """The side of each leaf's box along one feature, (leaves of the tree,) each."""
    low, high = np.full(leaves.size, -np.inf), np.full(leaves.size, np.inf)
    missing = np.ones(leaves.size, np.bool_)
    first = paths.start[leaves[0]]
    places = first + np.flatnonzero(_asked(paths, leaves) == feature)
    owner = np.searchsorted(paths.start, places, "right") - 1 - leaves[0]
    low[owner], high[owner] = paths.low[places], paths.high[places]
    missing[owner] = paths.missing[places]
    return low, high, missing
