"""Logistic regression on columns as they are: the plainest model that others must beat.

    log odds = intercept + Σ weight × (value within its bounds - mean) / spread

A missing value is the median of the training rows, and a value beyond the first or the last
hundredth of them counts as that hundredth, so that one odd cell does not decide a score.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.rare import firth_weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0)
ENDS = (0.01, 0.99)
LARGEST = 1e100  # squares and sums of it are finite


@dataclass(frozen=True, eq=False)
class Linear:
    """A fitted logistic regression. Saved and read without losing a bit.

    Attributes:
        names: Features, in the order of the columns of x, (k,).
        median: What a missing value counts as, (k,).
        low: Lower values count as this, (k,).
        high: Higher values count as this, (k,).
        mean: Of the training rows, filled and bounded, (k,).
        spread: Their standard deviation, above 0, (k,).
        weights: Of the standardised features, (k,); 0 for one that says nothing.
        intercept: Log odds of a row at all means.
    """

    names: tuple[str, ...]
    median: Floats
    low: Floats
    high: Floats
    mean: Floats
    spread: Floats
    weights: Floats
    intercept: float

    def contributions(self, x: Floats) -> Floats:
        """Log odds that each feature adds to those of a row at all means, (n, k)."""
        return np.asarray(self._standardised(x) * self.weights)

    def log_odds(self, x: Floats) -> Floats:
        """Of default, (n,), of features (n, k); NaN is missing."""
        return np.asarray(self.intercept + np.add.reduce(self.contributions(x), axis=1))

    def probability(self, x: Floats) -> Floats:
        """Of default, (n,), in [0, 1]."""
        return np.asarray(expit(self.log_odds(x)))

    def moved(self, by: float) -> "Linear":
        """The same with so many log odds more for everybody."""
        return replace(self, intercept=self.intercept + by)

    def _standardised(self, x: Floats) -> Floats:
        if x.ndim != 2 or x.shape[1] != len(self.names):
            raise InputError(
                f"the model takes {len(self.names)} features, and was given an array of {x.shape}",
                remedy=f"one column each, in this order: {', '.join(self.names)}",
            )
        filled = np.where(np.isnan(x), self.median, x)
        return np.asarray((np.clip(filled, self.low, self.high) - self.mean) / self.spread)


def fit_linear(
    x: Floats,
    y: Ints,
    names: tuple[str, ...],
    folds: Sequence[tuple[Ints, Ints]],
    weight: Floats | None = None,
) -> Linear:
    """Fit with an L2 penalty, its strength chosen by log loss on the held rows of the folds.

    Args:
        x: Features, (n, k), NaN for missing.
        y: 1 for default, (n,).
        names: Of the features.
        folds: Rows to fit on and rows held, of each.
        weight: Of rows, above 0, (n,); None: one each.

    Raises:
        InputError: If a value is too large.
    """
    frame = _frame(x, names)
    w = np.ones(y.size) if weight is None else weight / weight.mean()
    z = frame._standardised(x)
    losses = dict.fromkeys(STRENGTHS, 0.0)
    for train, held in folds:
        for strength in STRENGTHS:
            fitted = _ridge(strength).fit(z[train], y[train], sample_weight=w[train])
            log_odds = fitted.decision_function(z[held])
            loss = np.logaddexp(0.0, np.where(y[held] == 1, -log_odds, log_odds))
            losses[strength] += float(np.sum(w[held] * loss))
    best = min(STRENGTHS, key=lambda each: losses[each])
    fitted = _ridge(best).fit(z, y, sample_weight=w)
    used = np.where(frame.high > frame.low, fitted.coef_[0], 0.0)
    return replace(frame, weights=used, intercept=float(fitted.intercept_[0]))


def fit_rare(x: Floats, y: Ints, names: tuple[str, ...]) -> Linear:
    """Fit by Firth's penalised likelihood, for few defaults, and keep their number right.

    Columns that depend on others get no weight. The intercept is fitted again so that stated
    probabilities sum to the defaults (FLIC, Puhr and others 2017).

    Args:
        x: Features, (n, k), NaN for missing.
        y: 1 for default, (n,).
        names: Of the features.

    Raises:
        InputError: If a value is too large.
    """
    frame = _frame(x, names)
    z = frame._standardised(x)
    _, r, order = qr(z - z.mean(axis=0), mode="economic", pivoting=True)
    sizes = np.abs(np.diag(r))
    rank = int((sizes > 1e-8 * max(float(sizes[0]), 1e-300)).sum()) if sizes.size else 0
    used = np.sort(order[: min(rank, max(y.size - 2, 1))])
    weights = np.zeros(len(names))
    weights[used] = firth_weights(z[:, used], y)[1:]
    log_odds = z @ weights
    return replace(frame, weights=weights, intercept=_level(log_odds, y))


def _level(log_odds: Floats, y: Ints) -> float:
    """The intercept with which stated probabilities sum to the defaults."""
    found = float(np.log(y.mean() / (1 - y.mean())))
    for _ in range(100):
        p = expit(found + log_odds)
        step = float((y - p).sum() / max(float((p * (1 - p)).sum()), 1e-12))
        found += max(-1.0, min(1.0, step))
        if abs(step) < 1e-12:
            break
    return found


def _frame(x: Floats, names: tuple[str, ...]) -> Linear:
    wrong = np.abs(x) > LARGEST  # false where missing
    if wrong.any():
        row, column = (int(each) for each in np.argwhere(wrong)[0])
        raise InputError(
            f"{x[row, column]} is too large a number to learn from",
            where=f"{names[column]}, row {row + 1} of those with an outcome",
            remedy=f"{LARGEST:g} at most, or missing",
        )
    count = len(names)
    median, low, high = np.zeros(count), np.zeros(count), np.zeros(count)
    for at in range(count):
        known = x[~np.isnan(x[:, at]), at]
        if known.size:
            median[at] = np.median(known)
            low[at], high[at] = np.quantile(known, ENDS)
    low, high = np.minimum(low, median), np.maximum(high, median)
    bounded = np.clip(np.where(np.isnan(x), median, x), low, high)
    spread = bounded.std(axis=0)
    return Linear(
        names=names,
        median=median,
        low=low,
        high=high,
        mean=bounded.mean(axis=0),
        spread=np.where(spread > 0, spread, 1.0),
        weights=np.zeros(count),
        intercept=0.0,
    )


def _ridge(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - half a second that few wait for

    return LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200)
