"""Validation in which every choice is made again inside each training fold.

Bins, features, strength: whatever is chosen by looking at outcomes must not have looked at those it
is tested on, or the figures flatter it (Varma and Simon 2006; Cawley and Talbot 2010). A
`Procedure` is the whole of the choosing and fitting; `Selecting` makes one out of several by a
split of the rows it was given, so that validating it is nested validation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import pyarrow as pa

from headrace.errors import InputError
from headrace.scores.validation.curves import CalibrationBin, calibration_curve
from headrace.scores.validation.figures import (
    Brier,
    CalibrationError,
    CalibrationLine,
    Figure,
    Floats,
    Ints,
    auc,
    auc_interval,
    brier,
    calibration_line,
    expected_calibration_error,
    ks,
    log_loss,
)
from headrace.scores.validation.splits import Days, Splits, SplitSettings, split

Features: TypeAlias = Floats | pa.Table


@dataclass(frozen=True, eq=False)
class Rows:
    """What a procedure may see.

    Attributes:
        x: Features: an array (n, k) with NaN for missing, or a table of n rows.
        y: 1 bad, 0 good, (n,).
        w: Weights, (n,), or None.
        times: Day of the decision, (n,), or None.
        groups: Rows with one number belong together, (n,), or None.
    """

    x: Features
    y: Ints
    w: Floats | None = None
    times: Days | None = None
    groups: Ints | None = None

    def __post_init__(self) -> None:
        """Refuse parts that are not of the same rows.

        Raises:
            InputError: If lengths differ; it says which.
        """
        parts = {"x": self.x, "w": self.w, "times": self.times, "groups": self.groups}
        for name, part in parts.items():
            if part is not None and len(part) != len(self.y):
                raise InputError(
                    f"{name} has {len(part)} rows and y has {len(self.y)}",
                    where=f"Rows.{name}",
                    remedy="one of each for every row",
                )

    def take(self, rows: Ints) -> "Rows":
        """Those rows, in that order."""
        return Rows(
            features_at(self.x, rows),
            self.y[rows],
            None if self.w is None else self.w[rows],
            None if self.times is None else self.times[rows],
            None if self.groups is None else self.groups[rows],
        )


def features_at(x: Features, rows: Ints) -> Features:
    """Features of those rows."""
    return x.take(pa.array(rows)) if isinstance(x, pa.Table) else x[rows]


class Procedure(Protocol):
    """All that is done with training rows, choices included, and the prediction that follows."""

    def fit(self, rows: Rows) -> Any:
        """A model, from nothing but these rows."""

    def predict(self, model: Any, x: Features) -> Floats:
        """Probability of bad, (n,), by that model."""


@dataclass(frozen=True)
class Functions:
    """A procedure made of two functions.

    Attributes:
        fitting: Rows to a model.
        predicting: A model and features to probabilities.
    """

    fitting: Callable[[Rows], Any]
    predicting: Callable[[Any, Any], Floats]

    def fit(self, rows: Rows) -> Any:
        """A model, from nothing but these rows."""
        return self.fitting(rows)

    def predict(self, model: Any, x: Features) -> Floats:
        """Probability of bad, (n,), by that model."""
        return self.predicting(model, x)


@dataclass(frozen=True)
class Selected:
    """The candidate that a split of the training rows preferred, fitted on all of them.

    Attributes:
        name: Of the candidate.
        model: It, fitted.
        losses: Log loss of every candidate on the held-out training rows, by name.
    """

    name: str
    model: Any
    losses: Mapping[str, float]


@dataclass(frozen=True)
class Selecting:
    """A procedure that chooses among procedures by log loss inside the rows it is given.

    The split inside is the one that `split` makes: out of time if the rows have times, and so on.

    Attributes:
        candidates: By name; of equal ones the first is taken.
        settings: Of the split inside.
    """

    candidates: Mapping[str, Procedure]
    settings: SplitSettings

    def fit(self, rows: Rows) -> Selected:
        """Choose, then fit the chosen one on all rows."""
        inner = split(rows.y, rows.times, rows.groups, self.settings)
        losses = {}
        for name, candidate in self.candidates.items():
            done = out_of_fold(candidate, rows, inner)
            losses[name] = log_loss(done.y, done.mean, done.w)
        best = min(losses, key=lambda name: losses[name])
        return Selected(best, self.candidates[best].fit(rows), losses)

    def predict(self, model: Selected, x: Features) -> Floats:
        """Probability of bad, (n,), by the chosen one."""
        return self.candidates[model.name].predict(model.model, x)


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions for rows that their model has not seen.

    Attributes:
        rows: Numbers of the rows that were tested, rising, (m,).
        y: Their outcomes, (m,).
        w: Their weights, (m,), or None.
        groups: Their groups, (m,), or None.
        predicted: One row a repeat, (repeats, m).
        fold_auc: Of each fold alone; NaN where it has one outcome only.
        chosen: Name that each fold selected, or "" where the procedure selects nothing.
        splits: The split, which says what it did.
    """

    rows: Ints
    y: Ints
    w: Floats | None
    groups: Ints | None
    predicted: Floats
    fold_auc: tuple[float, ...]
    chosen: tuple[str, ...]
    splits: Splits

    @property
    def mean(self) -> Floats:
        """Mean over the repeats, (m,)."""
        return np.asarray(self.predicted.mean(axis=0))


def out_of_fold(procedure: Procedure, rows: Rows, splits: Splits) -> OutOfFold:
    """Fit on the training rows of each fold and predict its test rows.

    Raises:
        InputError: If a procedure predicts something other than probabilities.
    """
    n, each = rows.y.size, len(splits.folds) // splits.repeats
    predicted = np.full((splits.repeats, n), np.nan)
    aucs, chosen = [], []
    for number, fold in enumerate(splits.folds):
        model = procedure.fit(rows.take(fold.train))
        p = np.asarray(procedure.predict(model, features_at(rows.x, fold.test)), np.float64)
        if p.shape != fold.test.shape or not ((p >= 0) & (p <= 1)).all():
            raise InputError(
                f"a procedure predicted {p.shape} values for {fold.test.size} rows, or one that "
                "is no probability",
                where=f"fold {number}",
                remedy="one probability of bad a row, 0 to 1",
            )
        predicted[number // each, fold.test] = p
        y = rows.y[fold.test]
        both = 0 < y.sum() < y.size
        weight = None if rows.w is None else rows.w[fold.test]
        aucs.append(auc(y, p, weight) if both else float("nan"))
        chosen.append(model.name if isinstance(model, Selected) else "")
    tested = np.flatnonzero(~np.isnan(predicted).any(axis=0))
    return OutOfFold(
        rows=tested,
        y=rows.y[tested],
        w=None if rows.w is None else rows.w[tested],
        groups=None if rows.groups is None else rows.groups[tested],
        predicted=predicted[:, tested],
        fold_auc=tuple(aucs),
        chosen=tuple(chosen),
        splits=splits,
    )


@dataclass(frozen=True)
class Quality:
    """Every figure of a score on rows it has not seen.

    Attributes:
        auc: Mean over the repeats, with DeLong's interval: of groups, where rows have groups.
        ks: Of the mean prediction, as are those below.
        brier: With its parts.
        log_loss: Mean.
        line: Calibration slope and intercept.
        error: Expected calibration error, beside what chance gives.
        bins: Calibration curve.
        rows: Tested.
        bad: Of them.
        en: What was held out, one sentence.
        zh: The same in Chinese.
    """

    auc: Figure
    ks: float
    brier: Brier
    log_loss: float
    line: CalibrationLine
    error: CalibrationError
    bins: tuple[CalibrationBin, ...]
    rows: int
    bad: int
    en: str
    zh: str

    @property
    def gini(self) -> Figure:
        """2 AUC - 1."""
        return Figure(2 * self.auc.value - 1, 2 * self.auc.low - 1, 2 * self.auc.high - 1)


def quality(done: OutOfFold) -> Quality:
    """The figures of what `out_of_fold` predicted.

    Raises:
        InputError: If the tested rows have one outcome only.
    """
    mean = done.mean
    return Quality(
        auc=auc_interval(done.y, done.predicted, done.w, groups=done.groups),
        ks=ks(done.y, mean, done.w),
        brier=brier(done.y, mean, done.w),
        log_loss=log_loss(done.y, mean, done.w),
        line=calibration_line(done.y, mean, done.w),
        error=expected_calibration_error(done.y, mean, done.w),
        bins=calibration_curve(done.y, mean, done.w),
        rows=done.y.size,
        bad=int(done.y.sum()),
        en=done.splits.en,
        zh=done.splits.zh,
    )
