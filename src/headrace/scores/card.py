"""An additive scorecard: points per feature, a calibrated probability of default, an interval.

Total points = points of the mean applicant + points per term + points of uncertainty.

Model: log odds of default = intercept + Σ coefficient × standardised term, fitted by logistic
regression with an L2 penalty (scikit-learn) whose strength is chosen by cross-validated log loss,
then calibrated by Platt's method on out-of-fold log odds (Platt 1999). Everything a fit learns
(medians, means, deviations, strength, coefficients, calibration) is learnt from the rows it was
given, so that a validation fold never sees another.

With a few dozen defaults, straight terms beat weight-of-evidence bins (docs/concepts/scores.md).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import Enum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from headrace.errors import InputError

Floats = NDArray[np.float64]
Z95 = 1.959963984540054


class Transform(Enum):
    """What is done to a feature before it enters the card."""

    LINEAR = "linear"
    LOG = "log"  # natural logarithm, of a value clipped to a positive range


@dataclass(frozen=True)
class Term:
    """One line of the card.

    Attributes:
        feature: Name of the feature.
        transform: Applied after clipping.
        low: Values below are taken as this; None for no bound.
        high: Values above are taken as this; None for no bound.
    """

    feature: str
    transform: Transform = Transform.LINEAR
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CardSpec:
    """What a card is made of, before it has seen a label.

    Attributes:
        terms: The lines of the card.
        strengths: Inverse penalties C among which cross-validation chooses.
        inner_folds: Folds of that choice.
        points_base: Points of an applicant with odds of `odds_base`.
        odds_base: Good to bad.
        points_to_double: Points that double the odds (PDO).
    """

    terms: tuple[Term, ...]
    strengths: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)
    inner_folds: int = 5
    points_base: float = 600.0
    odds_base: float = 20.0
    points_to_double: float = 40.0


@dataclass(frozen=True)
class Scorecard:
    """A fitted card. Saved and loaded without losing a bit; never pickled.

    Attributes:
        spec: What it was made of.
        median: Value that stands for a missing one, per term (contributes to the mean applicant).
        mean: Of the transformed training values, per term.
        deviation: Of the same.
        coefficient: Calibrated weight of the standardised term in the log odds of default.
        intercept: Calibrated.
        covariance: Laplace approximation, intercept first, (k + 1, k + 1).
        strength: The inverse penalty chosen.
        calibration_slope: Platt's slope; 1 means the raw fit was calibrated.
        rows: Training rows.
        defaults: Defaults among them.
    """

    spec: CardSpec
    median: tuple[float, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    coefficient: tuple[float, ...]
    intercept: float
    covariance: tuple[tuple[float, ...], ...]
    strength: float
    calibration_slope: float
    rows: int
    defaults: int

    @property
    def names(self) -> tuple[str, ...]:
        """Features, in the order of the card."""
        return tuple(term.feature for term in self.spec.terms)

    def standardised(self, x: Floats) -> Floats:
        """Transformed, missing filled, centred and scaled: (n, k)."""
        filled = np.where(np.isnan(x), np.array(self.median), x)
        standard: Floats = (filled - np.array(self.mean)) / np.array(self.deviation)
        return standard

    def log_odds(self, x: Floats) -> Floats:
        """Calibrated log odds of default, (n,), of raw terms from `terms_of`, (n, k)."""
        # An explicit sum in a fixed order: the same bits whatever the number of threads.
        parts = self.standardised(x) * np.array(self.coefficient)
        return np.asarray(self.intercept + np.add.reduce(parts, axis=1))

    def predictive_log_odds(self, x: Floats) -> Floats:
        """Log odds averaged over what the coefficients may be, (n,).

        log_odds / sqrt(1 + π variance / 8) (MacKay 1992, eq. 4.11): the less the labelled firms say
        about firms like this one, the nearer to even odds. A few dozen defaults cannot
        support the tiny probabilities that the coefficients alone would give the safest firms.
        """
        return self.log_odds(x) / np.sqrt(1 + np.pi * self._variance(x) / 8)

    def probability(self, x: Floats) -> Floats:
        """Probability of default, (n,), in (0, 1): that of the predictive log odds."""
        return np.asarray(expit(self.predictive_log_odds(x)))

    def interval(self, x: Floats) -> tuple[Floats, Floats]:
        """95 % interval of the probability from the uncertainty of the coefficients.

        It leaves out that the list of features was chosen by people, and that the future differs.
        """
        spread = Z95 * np.sqrt(self._variance(x))
        centre = self.log_odds(x)
        return np.asarray(expit(centre - spread)), np.asarray(expit(centre + spread))

    def points(self, x: Floats) -> Floats:
        """Total points, (n,): more is safer; `points_to_double` more doubles the odds."""
        return self._scale(self.predictive_log_odds(x))

    def points_of_uncertainty(self, x: Floats) -> Floats:
        """What averaging over the coefficients takes off (-) or adds (+), (n,)."""
        return self.points(x) - self._scale(self.log_odds(x))

    def points_by_term(self, x: Floats) -> Floats:
        """Points above (+) or below (-) the mean applicant, per term, (n, k)."""
        return np.asarray(-self._per_log_odds * self.standardised(x) * np.array(self.coefficient))

    @property
    def points_mean_applicant(self) -> float:
        """Points of an applicant with the mean value on every line."""
        return float(self._scale(np.array([self.intercept]))[0])

    def _variance(self, x: Floats) -> Floats:
        """Variance of the log odds, (n,)."""
        z = np.column_stack([np.ones(x.shape[0]), self.standardised(x)])
        return np.asarray(np.einsum("ni,ij,nj->n", z, np.array(self.covariance), z, optimize=False))

    @property
    def _per_log_odds(self) -> float:
        return float(self.spec.points_to_double / np.log(2.0))

    def _scale(self, log_odds: Floats) -> Floats:
        spec = self.spec
        over = log_odds + np.log(spec.odds_base)
        return np.asarray(spec.points_base - self._per_log_odds * over)

    def to_json(self) -> str:
        """The whole card as text; floats are written so that they read back to the same bits."""
        plain = asdict(self)
        for term in plain["spec"]["terms"]:
            term["transform"] = term["transform"].value
        return json.dumps(plain, ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Scorecard":
        """The card that `to_json` wrote."""
        plain = json.loads(text)
        spec = plain.pop("spec")
        terms = tuple(
            Term(**{**term, "transform": Transform(term["transform"])})
            for term in spec.pop("terms")
        )
        spec["strengths"] = tuple(spec["strengths"])
        covariance = tuple(tuple(row) for row in plain.pop("covariance"))
        plain |= {name: tuple(plain[name]) for name in _PER_TERM}
        return cls(spec=CardSpec(terms=terms, **spec), covariance=covariance, **plain)


_PER_TERM = ("median", "mean", "deviation", "coefficient")


def terms_of(table: pa.Table, terms: Sequence[Term]) -> Floats:
    """Transformed values of the card's features, (n, k); NaN where missing.

    Raises:
        InputError: If the table lacks a feature.
    """
    missing = [term.feature for term in terms if term.feature not in table.column_names]
    if missing:
        raise InputError(
            f"the scorecard needs features that were not computed: {missing}",
            remedy=f"computed were: {table.column_names}",
        )
    columns = []
    for term in terms:
        value = np.array(
            [np.nan if v is None else float(v) for v in table[term.feature].to_pylist()]
        )
        low = -np.inf if term.low is None else term.low
        high = np.inf if term.high is None else term.high
        value = np.where(np.isnan(value), np.nan, np.clip(value, low, high))
        columns.append(np.log(value) if term.transform is Transform.LOG else value)
    return np.column_stack(columns)


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
    slope, shift = _platt(out_of_fold[best], y)
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


def _logistic(z: Floats, y: NDArray[np.int64], strength: float) -> Floats:
    """Intercept and coefficients, (k + 1,)."""
    model = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200, tol=1e-8)
    model.fit(z, y)
    return np.concatenate([model.intercept_, model.coef_[0]]).astype(np.float64)


def _log_loss(y: NDArray[np.int64], log_odds: Floats) -> float:
    return float(np.mean(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds))))


def _platt(log_odds: Floats, y: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and shift that best map out-of-fold log odds to outcomes; slope in [0.5, 2].

    A nearly unpenalised fit on one column; the bounds keep a tiny sample from turning a card
    into a step function.
    """
    model = _logistic(log_odds[:, None], y, 100.0)
    slope = float(np.clip(model[1], 0.5, 2.0))
    # With the slope bounded, the shift that keeps the mean right is found on its own.
    shift = 0.0
    for _ in range(50):
        p = expit(slope * log_odds + shift)
        shift -= float((p - y).sum() / np.maximum((p * (1 - p)).sum(), 1e-9))
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
