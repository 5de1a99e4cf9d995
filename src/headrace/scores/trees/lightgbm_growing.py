"""Trees grown by LightGBM (Ke et al. 2017), kept as the arrays of `Boosting`.

What it has that scikit-learn's lack: constraints that a score never falls as a feature rises, row
weights, and an early stop. The number of trees is chosen on folds that the caller states, out of
time or stratified: all folds grow tree by tree, and the number with the least log loss over the
held rows together wins. Held rows then calibrate: each was scored by the trees of a fold that never
saw it. The model itself is grown on all rows, with that number of trees.

Where there are constraints, missing values are filled before LightGBM sees them, and are missing
again in the model (`missing` says why); and the arrays are proved to keep the constraints.

The same rows and settings give the same model, whatever the number of threads (`deterministic`,
`force_row_wise`). The extra `lightgbm` has the package; scoring a model does not need it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib import import_module
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.straight_fitting import platt
from headrace.scores.trees.calibration import fit_isotonic
from headrace.scores.trees.growing import check_rows, check_settings
from headrace.scores.trees.lightgbm_text import read_lightgbm
from headrace.scores.trees.missing import Filling
from headrace.scores.trees.model import Boosting, Floats, check_outcomes
from headrace.scores.trees.monotone import check_signs, prove

Rows = NDArray[np.int64]
Fold = tuple[Rows, Rows]  # rows to grow on, rows held


class Calibration(Enum):
    """How raw scores become probabilities, learnt from held rows."""

    NONE = "none"  # as grown
    PLATT = "platt"
    ISOTONIC = "isotonic"


class MonotoneMethod(Enum):
    """How LightGBM keeps a constraint while it grows a tree; each is proved afterwards."""

    BASIC = "basic"  # fastest, costs most accuracy
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"  # slowest, costs least


@dataclass(frozen=True)
class LightGBMSettings:
    """How a model is grown.

    Attributes:
        trees: 1 or more; with folds, at most.
        leaves: Of a tree at most, 2 or more.
        depth: Of a tree at most, 1 or more.
        learning_rate: What of a tree counts, in (0, 1].
        rows_per_leaf: Training rows in a leaf, 1 or more.
        l2: Penalty on leaf values, 0 or more.
        smoothing: Pulls a leaf towards the node above, as so many rows would; 0 or more.
        feature_share: Features drawn at random for each tree, in (0, 1].
        row_share: Rows drawn at random for each tree, in (0, 1].
        bins: Of a feature's histogram at most, 2 or more.
        patience: Trees without a lower loss on held rows, after which growing stops.
        seed: Draws rows and features.
        monotone: By feature: 1 where the risk must never fall as it rises, -1 never rise.
        method: Of keeping constraints.
        calibration: From held rows; needs folds unless it is NONE.
    """

    trees: int = 500
    leaves: int = 15
    depth: int = 6
    learning_rate: float = 0.05
    rows_per_leaf: int = 50
    l2: float = 1.0
    smoothing: float = 0.0
    feature_share: float = 1.0
    row_share: float = 1.0
    bins: int = 255
    patience: int = 50
    seed: int = 0
    monotone: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    method: MonotoneMethod = MonotoneMethod.ADVANCED
    calibration: Calibration = Calibration.PLATT

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: If a setting is out of its range; it names the setting and the range.
        """
        least = {
            "trees": 1, "leaves": 2, "depth": 1, "rows_per_leaf": 1, "l2": 0, "smoothing": 0,
            "bins": 2, "patience": 1, "seed": 0,
        }  # fmt: skip
        check_settings(self, least, ("learning_rate", "feature_share", "row_share"))


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """What a model is fitted on.

    Attributes:
        x: Features, (n, f); NaN is missing.
        y: 1 for the event, else 0, (n,).
        names: Of the features, (f,), each once.
        weight: How many rows of the world each stands for, above 0, (n,); None: one each.
    """

    x: Floats
    y: NDArray[np.int64]
    names: tuple[str, ...]
    weight: Floats | None = None

    def __post_init__(self) -> None:
        """Refuse rows that do not fit each other.

        Raises:
            InputError: If shapes disagree, a value is too large, an outcome does not occur, or a
                weight is not above 0.
        """
        check_rows(self.x, self.y, self.names)
        weight = self.weight
        if weight is not None and not (weight.shape == self.y.shape and _positive(weight)):
            raise InputError("weights must be one a row, finite and above 0", where="weight")

    def take(self, rows: Rows) -> "TrainingRows":
        """Some of the rows, in this order."""
        weight = None if self.weight is None else self.weight[rows]
        return TrainingRows(self.x[rows], self.y[rows], self.names, weight)


def _positive(weight: Floats) -> bool:
    return bool(np.isfinite(weight).all() and (weight > 0).all())


def fit_lightgbm(
    rows: TrainingRows,
    settings: LightGBMSettings,
    folds: Sequence[Fold] = (),
    threads: int = 1,
) -> Boosting:
    """Grow a model, choose its size and calibrate it on the folds, and prove its constraints.

    Args:
        rows: What it learns from.
        settings: How it is grown.
        folds: Numbers of the rows to grow on and of the rows held, for each fold: out of time,
            where the held are later, or parts of all rows. Empty grows `settings.trees` trees.
        threads: That LightGBM may use, 1 or more; the model does not depend on it.

    Raises:
        InputError: If LightGBM is not there, a constraint is on no feature, rows of a fold are on
            both sides of it, or calibration is asked for without folds.
        MonotoneError: If LightGBM broke a constraint.
    """
    check_signs(settings.monotone, rows.names)
    if settings.calibration is not Calibration.NONE and not folds:
        raise InputError(
            "there are no held rows to calibrate on",
            where="folds",
            remedy="state folds, or take Calibration.NONE",
        )
    trees, held = settings.trees, None
    if folds:
        held = _HeldScores.of(rows, settings, folds, threads)
        trees = held.trees
    model = _grown(rows, settings, trees, threads)
    prove(model, settings.monotone)
    return model if held is None else held.calibrated(model, settings.calibration)


def _grown(rows: TrainingRows, settings: LightGBMSettings, trees: int, threads: int) -> Boosting:
    filling = _filling(rows, settings)
    filled = rows if filling is None else _filled(rows, filling)
    booster = _booster(filled, settings, threads)
    for _ in range(trees):
        if booster.update():  # nothing is left to split
            break
    model = read_lightgbm(booster.model_to_string(), filled.names)
    return model if filling is None else filling.restore(model, rows.names)


def _filling(rows: TrainingRows, settings: LightGBMSettings) -> Filling | None:
    if not settings.monotone or not np.isnan(rows.x).any():
        return None
    constrained = np.array([name in settings.monotone for name in rows.names])
    return Filling.of(rows.x, constrained)


def _filled(rows: TrainingRows, filling: Filling) -> TrainingRows:
    flags = tuple(f"{rows.names[each]} is missing, {each}" for each in filling.flagged)
    return replace(rows, x=filling.fill(rows.x), names=(*rows.names, *flags))


@dataclass(frozen=True, eq=False)
class _HeldScores:
    """Held rows of all folds as the chosen number of trees scores them.

    Attributes:
        trees: The number chosen.
        raw: Log odds, (held,).
        y: Outcomes, (held,).
        weight: Of the rows, (held,); None: one each.
    """

    trees: int
    raw: Floats
    y: NDArray[np.int64]
    weight: Floats | None

    @classmethod
    def of(
        cls, rows: TrainingRows, settings: LightGBMSettings, folds: Sequence[Fold], threads: int
    ) -> "_HeldScores":
        sides = [_sides(rows, fold, place) for place, fold in enumerate(folds)]
        y = np.concatenate([held.y for _, held in sides])
        weight = None
        if rows.weight is not None:
            weight = np.concatenate([rows.weight[held] for _, held in folds])
        check_outcomes(y)
        best, best_loss, best_raw = 1, np.inf, np.zeros(y.size)
        growing = [_scores(grown, held, settings, threads) for grown, held in sides]
        for trees in range(1, settings.trees + 1):
            raw = np.concatenate([next(each) for each in growing])
            loss = _log_loss(raw, y, weight)
            if loss < best_loss:
                best, best_loss, best_raw = trees, loss, raw
            elif trees - best >= settings.patience:
                break
        return cls(best, best_raw, y, weight)

    def calibrated(self, model: Boosting, how: Calibration) -> Boosting:
        if how is Calibration.ISOTONIC:
            return replace(model, isotonic=fit_isotonic(self.raw, self.y, self.weight))
        if how is Calibration.PLATT:
            slope, shift = platt(self.raw, self.y, self.weight)
            return replace(model, slope=slope, shift=shift)
        return model


@dataclass(frozen=True, eq=False)
class _Held:
    x: Floats
    y: NDArray[np.int64]


def _sides(rows: TrainingRows, fold: Fold, place: int) -> tuple[TrainingRows, _Held]:
    grown, held = fold
    named = np.concatenate([grown, held])
    strange = (named < 0) | (named >= rows.y.size)
    if not held.size or np.intersect1d(grown, held).size or strange.any():
        raise InputError(
            "rows of a fold are on both sides of it, or are none, or none is held",
            where=f"fold {place}",
            remedy=f"row numbers below {rows.y.size}, one or more on either side, none on both",
        )
    return rows.take(grown), _Held(rows.x[held], rows.y[held])


def _scores(
    rows: TrainingRows, held: _Held, settings: LightGBMSettings, threads: int
) -> Iterator[Floats]:
    """Raw scores of the held rows with one tree, two trees and so on; without end."""
    filling = _filling(rows, settings)
    x = held.x if filling is None else filling.fill(held.x)
    grown = rows if filling is None else _filled(rows, filling)
    booster = _booster(grown, settings, threads)
    raw, ended = np.zeros(held.y.size), False
    while True:
        if not ended:
            before = booster.num_trees()
            ended = bool(booster.update())
            if booster.num_trees() > before:
                raw = raw + _of_last_tree(booster, x, threads)
        yield raw


def _of_last_tree(booster: Any, x: Floats, threads: int) -> Floats:
    first = booster.num_trees() - 1
    scores = booster.predict(
        x, start_iteration=first, num_iteration=1, raw_score=True, num_threads=threads
    )
    return np.asarray(scores, np.float64)


def _log_loss(raw: Floats, y: NDArray[np.int64], weight: Floats | None) -> float:
    loss = np.logaddexp(0.0, np.where(y == 1, -raw, raw))
    return float(np.average(loss, weights=weight))


def _booster(rows: TrainingRows, settings: LightGBMSettings, threads: int) -> Any:
    """A booster without trees, which grows one with each `update`."""
    lightgbm = _lightgbm()
    parameters = {
        "objective": "binary",
        "num_leaves": settings.leaves,
        "max_depth": settings.depth,
        "learning_rate": settings.learning_rate,
        "min_data_in_leaf": settings.rows_per_leaf,
        "lambda_l2": settings.l2,
        "path_smooth": settings.smoothing,
        "feature_fraction": settings.feature_share,
        "bagging_fraction": settings.row_share,
        "bagging_freq": int(settings.row_share < 1),
        "max_bin": settings.bins,
        "feature_pre_filter": False,
        "zero_as_missing": False,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbosity": -1,
    }
    if settings.monotone:
        parameters["monotone_constraints"] = [settings.monotone.get(n, 0) for n in rows.names]
        parameters["monotone_constraints_method"] = settings.method.value
    data = lightgbm.Dataset(
        np.ascontiguousarray(rows.x), rows.y, weight=rows.weight, params=parameters
    )
    return lightgbm.Booster(parameters, data)


def _lightgbm() -> Any:
    """The package, which is loaded only where a model is grown."""
    try:
        return import_module("lightgbm")
    except ImportError as error:
        remedy = "pip install lightgbm"
        raise InputError("LightGBM is not installed", remedy=remedy) from error
    except OSError as error:  # its compiled part does not load
        raise InputError(
            f"LightGBM does not load: {error}",
            remedy="install the OpenMP runtime: apt install libgomp1, dnf install libgomp, "
            "or brew install libomp",
        ) from error


def folds_by_time(times: NDArray[Any], cuts: Sequence[Any]) -> tuple[Fold, ...]:
    """Folds out of time: each grows on what lies before a cut and holds what lies up to the next.

    Args:
        times: Of the rows, of any kind that can be compared, (n,).
        cuts: Rising, two or more; the last ends the last fold.

    Raises:
        InputError: If cuts are fewer than two or do not rise.
    """
    if len(cuts) < 2 or any(not one < two for one, two in pairwise(cuts)):
        raise InputError("cuts must be two or more that rise", where="cuts")
    return tuple(
        (np.flatnonzero(times < low), np.flatnonzero((times >= low) & (times < high)))
        for low, high in pairwise(cuts)
    )
