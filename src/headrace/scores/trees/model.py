"""Gradient-boosted trees as data: kept as plain arrays, run by one kernel, whoever grew them.

    raw score   = baseline + the leaf that the row comes to in every tree
    probability = 1 / (1 + exp(-(slope × raw score + shift))), or an isotonic curve of the raw score

What is kept is not the object of scikit-learn or LightGBM but what that object says: a saved model
is JSON that reads back to the same bits, can be read by eye and runs no code.

The reason for a score is told by the path (Saabas 2014): each node has an expected value, the mean
of the leaves below it over the training rows; a step down changes it, and the change is put down to
the feature that was asked. These changes and the expected score of a training row add up to the
raw score. They describe the model, and not what would happen if a feature were changed. `shap` has
the dearer reasons that do not depend on the order in which a tree asks.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json
from headrace.scores.straight_fitting import platt
from headrace.scores.trees.calibration import Isotonic, fit_isotonic
from headrace.scores.trees.kernels import add_leaves, add_leaves_of_one, add_steps
from headrace.scores.trees.reading import NEEDED, NO_NODE, Counts, Ints, read_fields

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Boosting:
    """A fitted model. Saved and read without losing a bit; never pickled.

    The nodes of all trees lie one after another, those of a tree from its root on; a node lies
    before the two below it. Two models are the same if their digests are.

    Attributes:
        fitted_on: What it was fitted on, for people; empty where nobody said.
        names: Features, in the order of the columns of x.
        baseline: Raw score before the first tree, log odds.
        slope: Platt's slope on the raw score; 1 is as fitted.
        shift: Platt's shift; 0 is as fitted.
        roots: Node at which each tree begins, (trees,).
        feature: Number of the feature asked, (nodes,); -1 at a leaf.
        threshold: A value at most this goes left, (nodes,); infinite where every value does and
            only a missing one goes right; 0 at a leaf.
        missing_left: 1 where a missing value goes left, (nodes,); 0 at a leaf.
        left: Node below, (nodes,); -1 at a leaf.
        right: The other, (nodes,); -1 at a leaf.
        value: Of a leaf, or the mean of those below by training rows, log odds, (nodes,).
        cover: Training rows that came to each node, (nodes,); None in a model that was saved
            before it was kept.
        isotonic: The curve that gives the probability in place of Platt's; None for Platt's.
    """

    fitted_on: str
    names: tuple[str, ...]
    baseline: float
    slope: float
    shift: float
    roots: Ints
    feature: Ints
    threshold: Floats
    missing_left: Ints
    left: Ints
    right: Ints
    value: Floats
    cover: Counts | None = None
    isotonic: Isotonic | None = None

    @cached_property
    def _links(self) -> Ints:
        return np.column_stack([self.feature, self.left, self.right, self.missing_left])

    @cached_property
    def _cuts(self) -> Floats:
        return np.column_stack([self.threshold, self.value])

    def raw_score(self, x: Floats) -> Floats:
        """Log odds before calibration, (n,), of features (n, f); NaN is missing.

        Raises:
            InputError: If x has not one column a feature.
        """
        rows = self.rows_of(x)
        total = np.full(rows.shape[0], self.baseline)
        add = add_leaves_of_one if len(rows) == 1 else add_leaves
        add(rows, self.roots, self._links, self._cuts, total)
        return total

    def probability(self, x: Floats) -> Floats:
        """Probability of the event, (n,), in [0, 1], of features (n, f); NaN is missing.

        Raises:
            InputError: If x has not one column a feature.
        """
        raw = self.raw_score(x)
        if self.isotonic is not None:
            return self.isotonic.probability(raw)
        return np.asarray(expit(self.slope * raw + self.shift))

    @property
    def expected(self) -> float:
        """Mean raw score of the training rows: what `contributions` start from."""
        return self.baseline + float(self.value[self.roots].sum())

    def contributions(self, x: Floats) -> Floats:
        """What each feature adds to the raw score over `expected`, (n, f); they sum to the rest.

        Raises:
            InputError: If x has not one column a feature.
        """
        rows = self.rows_of(x)
        steps = np.zeros(rows.shape)
        add_steps(rows, self.roots, self._links, self._cuts, steps)
        return steps

    def rows_of(self, x: Floats) -> Floats:
        """The features as the kernels take them, (n, f).

        Raises:
            InputError: If x has not one column a feature.
        """
        if x.ndim != 2 or x.shape[1] != len(self.names):
            raise InputError(
                f"the model takes {len(self.names)} features, and was given an array of {x.shape}",
                remedy=f"one column each, in this order: {', '.join(self.names)}",
            )
        return np.ascontiguousarray(x, np.float64)

    def calibrated(self, x: Floats, y: NDArray[np.int64]) -> "Boosting":
        """The same trees with Platt's slope and shift for rows that they were not fitted on.

        Args:
            x: Features, (n, f).
            y: 1 for the event, else 0, (n,).

        Raises:
            InputError: If one of the outcomes does not occur, or x is not of this model.
        """
        check_outcomes(y)
        slope, shift = platt(self.raw_score(x), y)
        return replace(self, slope=slope, shift=shift, isotonic=None)

    def isotonic_calibrated(self, x: Floats, y: NDArray[np.int64]) -> "Boosting":
        """The same trees with an isotonic curve for rows that they were not fitted on.

        Args:
            x: Features, (n, f).
            y: 1 for the event, else 0, (n,).

        Raises:
            InputError: If one of the outcomes does not occur, or x is not of this model.
        """
        check_outcomes(y)
        curve = fit_isotonic(self.raw_score(x), y, None)
        return replace(self, slope=1.0, shift=0.0, isotonic=curve)

    def to_json(self) -> str:
        """The model as one line of canonical JSON; a threshold of null is an infinite one.

        What a model does not have, cover or an isotonic curve, is not written: an older model
        keeps its text and its digest.
        """
        plain: dict[str, Any] = {name: _plain(getattr(self, name)) for name in NEEDED}
        plain["threshold"] = [None if np.isinf(each) else each for each in plain["threshold"]]
        if self.cover is not None:
            plain["cover"] = self.cover.tolist()
        if self.isotonic is not None:
            curve = self.isotonic
            plain["isotonic"] = {"at": curve.at.tolist(), "to": curve.to.tolist()}
        return canonical_json(plain).decode()

    @classmethod
    def from_json(cls, text: str) -> "Boosting":
        """The model that `to_json` wrote.

        Raises:
            InputError: If the text is no such model: it says where and what would be right. A
                model may come from anywhere, so nothing of it is taken on trust.
        """
        return cls(**read_fields(text))

    def digest(self) -> str:
        """SHA-256 of the canonical text, hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def check_outcomes(y: NDArray[np.int64]) -> None:
    """Refuse outcomes of one kind only.

    Raises:
        InputError: If not both 0 and 1 occur, or anything else does.
    """
    found = np.unique(y)
    if found.tolist() != [0, 1]:
        raise InputError(
            f"outcomes are {found[:5].tolist()}", remedy="both 0 and 1 must occur, and nothing else"
        )


def expected_values(left: Ints, right: Ints, leaf_value: Floats, cover: Counts) -> Floats:
    """Of every node: that of a leaf, else the mean of those below by training rows, (nodes,).

    Args:
        left: Node below, (nodes,); -1 at a leaf.
        right: The other, (nodes,).
        leaf_value: Read at leaves only, (nodes,).
        cover: Training rows of each node, (nodes,).
    """
    value, rows = leaf_value.copy(), cover.astype(np.float64)
    for node in np.flatnonzero(left != NO_NODE)[::-1]:  # those below lie after it
        both = [left[node], right[node]]
        value[node] = rows[both] @ value[both] / rows[both].sum()
    return value
