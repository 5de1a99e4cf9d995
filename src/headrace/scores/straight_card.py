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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import Enum
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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
        return _probability(self.predictive_log_odds(x))

    def interval(self, x: Floats) -> tuple[Floats, Floats]:
        """95 % interval of the probability from the uncertainty of the coefficients.

        It leaves out that the list of features was chosen by people, and that the future differs.
        """
        spread = Z95 * np.sqrt(self._variance(x))
        centre = self.log_odds(x)
        return _probability(centre - spread), _probability(centre + spread)

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
        """The card that `to_json` wrote.

        Raises:
            InputError: If the text is no such card: it says where and what would be right. A card
                is read from files of users, so nothing of it is taken on trust.
        """
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise _no_card("the file", f"JSON as a run writes it ({error})") from error
        card = cls(**_fields(plain, cls, "the card", _CARD))
        _check(card)
        return card


def _fields(
    plain: Any,
    kind: type[Scorecard | CardSpec | Term],
    where: str,
    readers: Mapping[str, Callable[[Any, str], Any]],
) -> dict[str, Any]:
    """The keys of an object, all of them and no other, each read and checked."""
    names = [field.name for field in fields(kind)]
    if not isinstance(plain, dict) or set(plain) != set(names):
        raise _no_card(where, f"an object of {', '.join(names)}")
    chosen: dict[str, Callable[[Any, str], Any]] = {**dict.fromkeys(names, _number), **readers}
    return {name: chosen[name](plain[name], f"{where}, {name}") for name in names}


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise _no_card(where, "a number")
    number: float = value  # a whole number stays one, so that the card writes the same text
    return number


def _bound(value: Any, where: str) -> float | None:
    return None if value is None else _number(value, where)


def _count(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise _no_card(where, "a whole number, 0 or more")
    return value


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _no_card(where, "a text")
    return value


def _transform(value: Any, where: str) -> Transform:
    known = [each.value for each in Transform]
    if value not in known:
        raise _no_card(where, f"one of {', '.join(known)}")
    return Transform(value)


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _no_card(where, "a list")
    return value


def _numbers(value: Any, where: str) -> tuple[float, ...]:
    return tuple(_number(each, where) for each in _list(value, where))


def _rows(value: Any, where: str) -> tuple[tuple[float, ...], ...]:
    return tuple(_numbers(row, where) for row in _list(value, where))


def _terms(value: Any, where: str) -> tuple[Term, ...]:
    return tuple(
        Term(**_fields(each, Term, f"{where} {number}", _TERM))
        for number, each in enumerate(_list(value, where), start=1)
    )


def _spec(value: Any, where: str) -> CardSpec:
    return CardSpec(**_fields(value, CardSpec, where, _SPEC))


LARGEST = 1e300
_TERM = {"feature": _name, "transform": _transform, "low": _bound, "high": _bound}
_SPEC = {"terms": _terms, "strengths": _numbers, "inner_folds": _count}
_PER_TERM = ("median", "mean", "deviation", "coefficient")
_CARD = {
    "spec": _spec,
    **dict.fromkeys(_PER_TERM, _numbers),
    "covariance": _rows,
    "rows": _count,
    "defaults": _count,
}


def _check(card: Scorecard) -> None:
    """What no single value shows: lengths that agree, and what arithmetic needs."""
    count, spec = len(card.spec.terms), card.spec
    if not count or len(set(card.names)) < count:
        raise _no_card("spec, terms", "one term or more, each feature once")
    for name in _PER_TERM:
        if len(getattr(card, name)) != count:
            raise _no_card(name, f"{count} numbers, one a term")
    if min(card.deviation) <= 0:
        raise _no_card("deviation", "numbers above 0")
    square = np.array([row for row in card.covariance if len(row) == count + 1])
    if square.shape != (count + 1, count + 1) or len(card.covariance) != count + 1:
        raise _no_card("covariance", f"{count + 1} rows of {count + 1} numbers")
    if np.linalg.eigvalsh((square + square.T) / 2).min() < -1e-9 * np.abs(square).max():
        raise _no_card("covariance", "a covariance: no variance below 0")
    if min(spec.odds_base, spec.points_to_double) <= 0:
        raise _no_card("spec", "odds_base and points_to_double above 0")
    _check_bounds(spec)


def _check_bounds(spec: CardSpec) -> None:
    for term in spec.terms:
        low = -np.inf if term.low is None else term.low
        if term.transform is Transform.LOG and low <= 0:
            raise _no_card(f"term {term.feature}", "a low above 0, for the logarithm")
        if term.high is not None and term.high < low:
            raise _no_card(f"term {term.feature}", "a high not below its low")


def _no_card(where: str, right: str) -> InputError:
    return InputError("this is no scorecard", where=where, remedy=f"it should be {right}")


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


def _probability(log_odds: Floats) -> Floats:
    from scipy.special import expit  # noqa: PLC0415 - loads slowly, and every pack knows the class

    return np.asarray(expit(log_odds))
