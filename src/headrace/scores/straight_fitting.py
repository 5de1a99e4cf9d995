"""Fitting the card of straight terms: apart from the card, which scores without these libraries."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.straight_card import CardSpec, Floats, Scorecard


def fit(x: Floats, y: NDArray[np.int64], spec: CardSpec, seed: int) -> Scorecard:
    """Fit and calibrate a card.

    Args:
        x: Terms from `terms_of`, (n, k).
        y: 1 for default, 0 for repaid, (n,).
        spec: What the card is made of.
        seed: Deals rows to the inner folds.

    Raises:
        InputError: If there are too few defaults, or too few repaid loans, to fold.
    """
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415 - half a second that few wait for

    least = int(min(y.sum(), y.size - y.sum()))
    if least < spec.inner_folds:
        raise InputError(
            f"{least} firms of the rarer outcome are too few to fit and calibrate a scorecard",
            remedy=f"at least {spec.inner_folds} defaults and {spec.inner_folds} repaid loans",
        )
    folds = StratifiedKFold(spec.inner_folds, shuffle=True, random_state=seed)
    out_of_fold = np.zeros((len(spec.strengths), y.size))
    for train, test in folds.split(x, y):
        frame = _Frame.of(x[train])
        z_train, z_test = frame.apply(x[train]), frame.apply(x[test])
        for row, strength in enumerate(spec.strengths):
            model = _logistic(z_train, y[train], strength)
            out_of_fold[row, test] = z_test @ model[1:] + model[0]
    losses = [_log_loss(y, log_odds) for log_odds in out_of_fold]
    best = int(np.argmin(losses))
    frame = _Frame.of(x)
    z = frame.apply(x)
    raw = _logistic(z, y, spec.strengths[best])
    slope, shift = platt(out_of_fold[best], y)
    return Scorecard(
        spec=spec,
        median=_floats(frame.median),
        mean=_floats(frame.mean),
        deviation=_floats(frame.deviation),
        coefficient=_floats(slope * raw[1:]),
        intercept=float(slope * raw[0] + shift),
        covariance=_covariance(z, raw, spec.strengths[best], slope),
        strength=spec.strengths[best],
        calibration_slope=slope,
        rows=int(y.size),
        defaults=int(y.sum()),
    )


@dataclass(frozen=True)
class _Frame:
    """Medians, means and deviations learnt from training rows."""

    median: Floats
    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, x: Floats) -> "_Frame":
        known = ~np.isnan(x)
        # A column without one known value says nothing: it is 0 for everybody.
        median = np.array([np.median(x[k, j]) if k.any() else 0.0 for j, k in enumerate(known.T)])
        filled = np.where(known, x, median)
        deviation = filled.std(axis=0)
        return cls(median, filled.mean(axis=0), np.where(deviation > 1e-12, deviation, 1.0))

    def apply(self, x: Floats) -> Floats:
        filled = np.where(np.isnan(x), self.median, x)
        standard: Floats = (filled - self.mean) / self.deviation
        return standard


def _logistic(
    z: Floats, y: NDArray[np.int64], strength: float, weight: Floats | None = None
) -> Floats:
    """Intercept and coefficients, (k + 1,)."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - half a second that few wait for

    model = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200, tol=1e-8)
    model.fit(z, y, sample_weight=weight)
    return np.concatenate([model.intercept_, model.coef_[0]]).astype(np.float64)


def _log_loss(y: NDArray[np.int64], log_odds: Floats) -> float:
    return float(np.mean(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds))))


def platt(
    log_odds: Floats, y: NDArray[np.int64], weight: Floats | None = None
) -> tuple[float, float]:
    """Slope and shift that best map out-of-fold log odds to outcomes; slope in [0.5, 2].

    A nearly unpenalised fit on one column; the bounds keep a tiny sample from turning a card
    into a step function. Weights count rows, so they are taken relative to their mean; None is one
    each.
    """
    relative = None if weight is None else weight / weight.mean()
    model = _logistic(log_odds[:, None], y, 100.0, relative)
    count = 1.0 if relative is None else relative
    slope = float(np.clip(model[1], 0.5, 2.0))
    # With the slope bounded, the shift that keeps the mean right is found on its own.
    shift = 0.0
    for _ in range(50):
        p = expit(slope * log_odds + shift)
        step = (count * (p - y)).sum() / np.maximum((count * p * (1 - p)).sum(), 1e-9)
        shift -= float(step)
    return slope, shift


def _covariance(
    z: Floats, raw: Floats, strength: float, slope: float
) -> tuple[tuple[float, ...], ...]:
    design = np.column_stack([np.ones(z.shape[0]), z])
    p = expit(design @ raw)
    penalty = np.eye(raw.size) / strength
    penalty[0, 0] = 0.0  # the intercept is not penalised
    curvature = design.T @ (design * (p * (1 - p))[:, None]) + penalty
    covariance = slope * slope * np.linalg.inv(curvature)
    return tuple(_floats(row) for row in covariance)


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
