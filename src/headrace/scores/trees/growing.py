"""Trees grown by scikit-learn: its histogram boosting, kept as the arrays of `Boosting`.

scikit-learn's histogram boosting (Friedman 2001; Ke et al. 2017, LightGBM) grows the trees. Without
calibration the probabilities are scikit-learn's to the last bit.

A histogram has 255 bins. Cut at quantiles of all rows, the largest four in a thousand fall into one
bin, and where one row in a hundred is an event that is where events are; so half of the cuts are at
quantiles of the events (docs/concepts/scores.md has the figures).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from headrace.errors import InputError
from headrace.scores.trees.model import Boosting, Floats, check_outcomes, expected_values
from headrace.scores.trees.reading import LARGEST, NO_NODE, Ints

CUTS_OF_ALL, CUTS_OF_EVENTS = 127, 127  # at most; with missing values they make 255 bins


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
        check_settings(self, least, ("learning_rate", "feature_share"))


def check_settings(settings: Any, least: Mapping[str, int], shares: Sequence[str]) -> None:
    """Refuse settings of boosting that cannot be.

    Args:
        settings: A dataclass.
        least: Smallest value by name.
        shares: Names of those in (0, 1].

    Raises:
        InputError: If a setting is out of its range; it names the setting and the range.
    """
    right = {name: f"{bound} or more" for name, bound in least.items()}
    right |= dict.fromkeys(shares, "above 0 and at most 1")
    for name, said in right.items():
        value = getattr(settings, name)
        if not (value >= least[name] if name in least else 0 < value <= 1):
            raise InputError(
                f"boosting cannot have {name} = {value}",
                where=f"{type(settings).__name__}.{name}",
                remedy=f"it should be {said}",
            )


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
    check_rows(x, y, names)
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


def check_rows(x: Floats, y: NDArray[np.int64], names: Sequence[str]) -> None:
    """Refuse rows that do not fit each other, and values that no histogram holds.

    Raises:
        InputError: If shapes disagree or there is no feature, an outcome does not occur, or a value
            is infinite or too large; it names row and feature.
    """
    if not names or x.shape != (y.size, len(set(names))) or len(names) != len(set(names)):
        raise InputError(
            f"features of {x.shape} do not fit {y.size} outcomes and {len(names)} names",
            remedy="one row an outcome, one column a name or more, each name once",
        )
    check_outcomes(y)
    wrong = np.abs(x) > LARGEST  # false where missing
    if wrong.any():
        row, column = np.argwhere(wrong)[0].tolist()
        raise InputError(
            f"{x[row, column]} is too large a number to learn from",
            where=f"row {row}, feature {names[column]}",
            remedy=f"a finite number, {LARGEST:g} at most, or missing",
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
    cover = nodes["count"].astype(np.int64)
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
        value=expected_values(left, right, nodes["value"], cover),
        cover=cover,
    )


def _thresholds(feature: Ints, cell: Floats, cuts: Sequence[Floats]) -> Floats:
    """The cut that is the upper end of each threshold's cell; infinite stays infinite."""
    found = np.zeros(feature.size)
    for node in np.flatnonzero(feature != NO_NODE):
        whole = np.isfinite(cell[node])
        found[node] = cuts[feature[node]][int(cell[node])] if whole else np.inf
    return found
