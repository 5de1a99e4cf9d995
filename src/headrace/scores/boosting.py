"""Gradient-boosted trees as data: fitted by scikit-learn, kept as plain arrays, run by one kernel.

    raw score   = baseline + the leaf that the row comes to in every tree
    probability = 1 / (1 + exp(-(slope × raw score + shift)))

scikit-learn's histogram boosting (Friedman 2001; Ke et al. 2017, LightGBM) grows the trees. What
is kept is not its object but what that object says: a saved model is JSON that reads back to the
same bits, can be read by eye and runs no code. Without calibration the probabilities are
scikit-learn's to the last bit.

A histogram has 255 bins. Cut at quantiles of all rows, the largest four in a thousand fall into one
bin, and where one row in a hundred is an event that is where events are; so half of the cuts are at
quantiles of the events (docs/concepts/scores.md has the figures).

The reason for a score is told by the path (Saabas 2014): each node has an expected value, the mean
of the leaves below it over the training rows; a step down changes it, and the change is put down to
the feature that was asked. These changes and the expected score of a training row add up to the
raw score. They describe the model, and not what would happen if a feature were changed.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json, parse_object
from headrace.scores.card import platt
from headrace.scores.kernels import add_leaves, add_steps

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
NO_NODE = -1  # the feature, left and right of a leaf
LARGEST = 1e300
CUTS_OF_ALL, CUTS_OF_EVENTS = 127, 127  # at most; with missing values they make 255 bins
_ARRAYS = ("roots", "feature", "threshold", "missing_left", "left", "right", "value")


@dataclass(frozen=True)
class BoostingSettings:
    """How a model is grown.

    Attributes:
        trees: 1 or more.
        leaves: Of a tree at most, 2 or more.
        depth: Of a tree at most, 1 or more.
        learning_rate: What of a tree counts, in (0, 1].
        rows_per_leaf: Training rows in a leaf, 1 or more.
        l2: Penalty on leaf values, 0 or more.
        feature_share: Features drawn at random for each split, in (0, 1].
        seed: Draws them.
    """

    trees: int = 200
    leaves: int = 8
    depth: int = 6
    learning_rate: float = 0.05
    rows_per_leaf: int = 20
    l2: float = 1.0
    feature_share: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: If a setting is out of its range; it names the setting and the range.
        """
        least = {"trees": 1, "leaves": 2, "depth": 1, "rows_per_leaf": 1, "l2": 0, "seed": 0}
        for name, bound in least.items():
            if not getattr(self, name) >= bound:
                raise _bad_setting(name, getattr(self, name), f"{bound} or more")
        for name in ("learning_rate", "feature_share"):
            if not 0 < getattr(self, name) <= 1:
                raise _bad_setting(name, getattr(self, name), "above 0 and at most 1")


def _bad_setting(name: str, value: float, right: str) -> InputError:
    return InputError(
        f"boosting cannot have {name} = {value}",
        where=f"BoostingSettings.{name}",
        remedy=f"it should be {right}",
    )


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
        rows = self._rows(x)
        total = np.full(rows.shape[0], self.baseline)
        add_leaves(rows, self.roots, self._links, self._cuts, total)
        return total

    def probability(self, x: Floats) -> Floats:
        """Probability of the event, (n,), in [0, 1], of features (n, f); NaN is missing.

        Raises:
            InputError: If x has not one column a feature.
        """
        return np.asarray(expit(self.slope * self.raw_score(x) + self.shift))

    @property
    def expected(self) -> float:
        """Mean raw score of the training rows: what `contributions` start from."""
        return self.baseline + float(self.value[self.roots].sum())

    def contributions(self, x: Floats) -> Floats:
        """What each feature adds to the raw score over `expected`, (n, f); they sum to the rest.

        Raises:
            InputError: If x has not one column a feature.
        """
        rows = self._rows(x)
        steps = np.zeros(rows.shape)
        add_steps(rows, self.roots, self._links, self._cuts, steps)
        return steps

    def _rows(self, x: Floats) -> Floats:
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
        _check_outcomes(y)
        slope, shift = platt(self.raw_score(x), y)
        return replace(self, slope=slope, shift=shift)

    def to_json(self) -> str:
        """The model as one line of canonical JSON; a threshold of null is an infinite one."""
        plain: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        plain |= {name: plain[name].tolist() for name in _ARRAYS}
        plain["threshold"] = [None if np.isinf(each) else each for each in plain["threshold"]]
        return canonical_json(plain | {"names": list(self.names)}).decode()

    @classmethod
    def from_json(cls, text: str) -> "Boosting":
        """The model that `to_json` wrote.

        Raises:
            InputError: If the text is no such model: it says where and what would be right. A
                model may come from anywhere, so nothing of it is taken on trust.
        """
        plain = parse_object(text.encode(errors="replace"))
        names = [field.name for field in fields(cls)]
        if plain is None or set(plain) != set(names):
            raise _no_model("the file", f"a JSON object of {', '.join(names)}")
        whole = {name: _whole_numbers(plain[name], name) for name in _WHOLE}
        model = cls(
            fitted_on=_text(plain["fitted_on"], "fitted_on"),
            names=_names(plain["names"]),
            baseline=_number(plain["baseline"], "baseline"),
            slope=_number(plain["slope"], "slope"),
            shift=_number(plain["shift"], "shift"),
            threshold=_numbers(_infinite_for_null(plain["threshold"]), "threshold"),
            value=_numbers(plain["value"], "value"),
            **whole,
        )
        _first(np.isinf(model.value), "value", "a finite number")
        _check(model)
        return model

    def digest(self) -> str:
        """SHA-256 of the canonical text, hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()


_WHOLE = ("roots", "feature", "missing_left", "left", "right")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or re.search("[\ud800-\udfff]", value):
        raise _no_model(where, "a text")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if type(value) is not list or not value or len(value) != len({repr(each) for each in value}):
        raise _no_model("names", "a list of one text or more, each once")
    return tuple(_text(each, f"names {place}") for place, each in enumerate(value))


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise _no_model(where, "a number")
    return float(value)


def _infinite_for_null(value: Any) -> Any:
    return [np.inf if each is None else each for each in value] if type(value) is list else value


def _numbers(value: Any, where: str) -> Floats:
    """Finite numbers, or infinity: what null was read as, for JSON spells infinity too large."""
    if type(value) is not list or any(type(each) not in (int, float) for each in value):
        raise _no_model(where, "a list of numbers")
    for place, each in enumerate(value):
        if not (abs(each) <= LARGEST or each == np.inf):
            raise _no_model(f"{where} {place}", "a finite number")
    return np.array(value, np.float64)


def _whole_numbers(value: Any, where: str) -> Ints:
    if type(value) is not list or any(type(each) is not int for each in value):
        raise _no_model(where, "a list of whole numbers")
    wrong = [place for place, each in enumerate(value) if not NO_NODE <= each < 2**31]
    if wrong:
        raise _no_model(f"{where} {wrong[0]}", f"a whole number, {NO_NODE} or more")
    return np.array(value, np.int32)


def _check(model: Boosting) -> None:
    """What no single value shows: arrays of one length that are trees, each node below one other.

    A node lies before the two below it, so no walk can turn back; and below one other only, so a
    walk never leaves its tree.
    """
    nodes = model.feature.size
    for name in _ARRAYS[1:]:
        if getattr(model, name).size != nodes:
            raise _no_model(name, f"{nodes} values, one a node, as feature has")
    roots = model.roots
    if not roots.size or roots[0] != 0 or (np.diff(roots) <= 0).any() or roots[-1] >= nodes:
        raise _no_model("roots", f"rising from 0, each below {nodes}, the number of nodes")
    leaf = model.feature == NO_NODE
    _first(model.feature >= len(model.names), "feature", f"below {len(model.names)}")
    _first(leaf & (model.threshold != 0), "threshold", "0 at a leaf")
    _first(np.signbit(model.threshold) & leaf, "threshold", "0 at a leaf")
    _first(~np.isin(model.missing_left, (0, 1)), "missing_left", "0 or 1")
    _first(leaf & (model.missing_left != 0), "missing_left", "0 at a leaf")
    places = np.arange(nodes)
    end = np.append(roots[1:], nodes)[np.searchsorted(roots, places, "right") - 1]
    for name in ("left", "right"):
        below = getattr(model, name)
        _first(leaf & (below != NO_NODE), name, f"{NO_NODE} at a leaf")
        inside = (below > places) & (below < end)
        _first(~leaf & ~inside, name, "a later node of the same tree")
    above = np.bincount(np.concatenate([model.left[~leaf], model.right[~leaf]]), minlength=nodes)
    above[roots] += 1
    _first(above != 1, "node", "a root, or below one other node")


def _first(wrong: NDArray[np.bool_], where: str, right: str) -> None:
    if wrong.any():
        raise _no_model(f"{where} {int(wrong.argmax())}", right)


def _no_model(where: str, right: str) -> InputError:
    return InputError("this is no boosted model", where=where, remedy=f"it should be {right}")


def fit_boosting(
    x: Floats, y: NDArray[np.int64], names: Sequence[str], settings: BoostingSettings
) -> Boosting:
    """Grow a model; the same rows and settings give the same model on the same machine.

    Args:
        x: Features, (n, f); NaN is missing and goes where it lowers the loss.
        y: 1 for the event, else 0, (n,).
        names: Of the features, (f,), each once.
        settings: How it is grown.

    Raises:
        InputError: If one of the outcomes does not occur, or names and columns disagree.
    """
    if x.ndim != 2 or x.shape != (y.size, len(set(names))) or len(names) != len(set(names)):
        raise InputError(
            f"features of {x.shape} do not fit {y.size} outcomes and {len(names)} names",
            remedy="one row an outcome, one column a name, each name once",
        )
    _check_outcomes(y)
    _check_sizes(x, names)
    model = HistGradientBoostingClassifier(
        max_iter=settings.trees,
        max_leaf_nodes=settings.leaves,
        max_depth=settings.depth,
        learning_rate=settings.learning_rate,
        min_samples_leaf=settings.rows_per_leaf,
        l2_regularization=settings.l2,
        max_features=settings.feature_share,
        early_stopping=False,
        random_state=settings.seed,
    )
    cuts = cuts_of(x, y)
    with threadpool_limits(1, user_api="openmp"):  # sums depend on the number of threads
        model.fit(cells_of(x, cuts), y)
    return exported(model, tuple(names), cuts)


def cuts_of(x: Floats, y: NDArray[np.int64]) -> tuple[Floats, ...]:
    """Where each feature may be split, rising: midway between a value and the one before it.

    Between all values where they are few; else at quantiles of all rows and of the events.
    """
    return tuple(_cuts_of_feature(column, y == 1) for column in x.T)


def _cuts_of_feature(column: Floats, event: NDArray[np.bool_]) -> Floats:
    known = ~np.isnan(column)
    values = np.unique(column[known])
    middle = values[:-1] / 2 + values[1:] / 2  # halved first: the sum may be too large
    if middle.size <= CUTS_OF_ALL + CUTS_OF_EVENTS:
        return np.unique(middle)
    chosen = [_quantiles(column[known], CUTS_OF_ALL)]
    if (event & known).any():
        chosen.append(_quantiles(column[event & known], CUTS_OF_EVENTS))
    places = np.searchsorted(values, np.concatenate(chosen))
    return np.unique(middle[np.maximum(places, 1) - 1])


def _quantiles(values: Floats, count: int) -> Floats:
    """That many of the values themselves, at equal steps of rank, (count,)."""
    ranks = np.linspace(0, values.size - 1, count).round().astype(np.int64)
    return np.asarray(np.sort(values)[ranks])


def cells_of(x: Floats, cuts: Sequence[Floats]) -> Floats:
    """How many cuts of its feature lie below each value, (n, f); NaN where it is missing."""
    cells = np.column_stack(
        [np.searchsorted(each, column) for each, column in zip(cuts, x.T, strict=True)]
    )
    # A feature that is always missing is one cell: scikit-learn cannot bin what it never saw.
    always = np.isnan(x).all(axis=0)
    return np.where(np.isnan(x) & ~always, np.nan, np.where(always, 0.0, cells))


def _check_sizes(x: Floats, names: Sequence[str]) -> None:
    wrong = np.abs(x) > LARGEST  # false where missing
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        raise InputError(
            f"{x[row, column]} is too large a number to learn from",
            where=f"row {row}, feature {names[column]}",
            remedy=f"a finite number, {LARGEST:g} at most, or missing",
        )


def _check_outcomes(y: NDArray[np.int64]) -> None:
    found = np.unique(y)
    if found.tolist() != [0, 1]:
        raise InputError(
            f"outcomes are {found[:5].tolist()}", remedy="both 0 and 1 must occur, and nothing else"
        )


def exported(
    model: HistGradientBoostingClassifier, names: tuple[str, ...], cuts: Sequence[Floats]
) -> Boosting:
    """What scikit-learn's object says that was fitted on cells.

    scikit-learn has no public way to say it; tests hold it to the last bit.
    """
    trees = [each[0].nodes for each in model._predictors]
    sizes = [nodes.size for nodes in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    nodes = np.concatenate(trees)
    first = np.repeat(roots, sizes)
    leaf = nodes["is_leaf"] == 1
    feature = np.where(leaf, NO_NODE, nodes["feature_idx"].astype(np.int64))
    left = np.where(leaf, NO_NODE, first + nodes["left"])
    right = np.where(leaf, NO_NODE, first + nodes["right"])
    return Boosting(
        fitted_on="",
        names=names,
        baseline=float(model._baseline_prediction[0, 0]),
        slope=1.0,
        shift=0.0,
        roots=roots.astype(np.int32),
        feature=feature.astype(np.int32),
        threshold=_thresholds(feature, nodes["num_threshold"], cuts),
        missing_left=np.where(leaf, 0, nodes["missing_go_to_left"]).astype(np.int32),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        value=_expected_values(left, right, nodes["value"], nodes["count"]),
    )


def _thresholds(feature: Ints, cell: Floats, cuts: Sequence[Floats]) -> Floats:
    """The cut that is the upper end of each threshold's cell; infinite stays infinite."""
    found = np.zeros(feature.size)
    for node in np.flatnonzero(feature != NO_NODE):
        whole = np.isfinite(cell[node])
        found[node] = cuts[feature[node]][int(cell[node])] if whole else np.inf
    return found


def _expected_values(left: Ints, right: Ints, leaf_value: Floats, count: Ints) -> Floats:
    """Of every node: that of a leaf, else the mean of those below by training rows."""
    value, rows = leaf_value.copy(), count.astype(np.float64)
    for node in np.flatnonzero(left != NO_NODE)[::-1]:  # those below lie after it
        both = [left[node], right[node]]
        value[node] = rows[both] @ value[both] / rows[both].sum()
    return value
