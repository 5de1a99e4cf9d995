"""Do the stated probabilities still hold?

Four questions, four functions:

    by_band        which band (or month) defaults more or less than was stated: exact intervals
    hosmer         do all bands together fit: χ² of Hosmer and Lemeshow (1980) on new data, so that
                   no degree of freedom is lost to fitting
    sequential     looking every month, when is there evidence of drift: e-values, valid at any time
    recalibration  what to change: nothing, the level, or level and slope (Vergouwe and others 2017)

A test at 5 % that is looked at every month raises a false alarm sooner or later with near
certainty. An e-value does not: it is the wealth of who bets against the stated probabilities at
their own odds, from a stake of 1. While they hold, no strategy makes it grow on average, so it
ever reaches 20 with a chance of at most 1/20 (Ville 1939; Ramdas and others 2023), however often
one looks. Defaults that come together because the economy turned are drift too, as they should be:
the stated probabilities did not hold.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.special import chdtrc, expit, logit, logsumexp

from headrace.errors import InputError
from headrace.scores.validation.figures import LEVEL
from headrace.scores.watch.outcomes import Floats, Ints, Outcomes
from headrace.scores.watch.shares import Method, Share, chance_of, share

LOG_ODDS = (0.1, 0.2, 0.4, 0.8)
"""By how much the bets of `sequential` take the log odds to have moved; the stake is split."""


@dataclass(frozen=True)
class Band:
    """Rows of a band or month: what was stated beside what came.

    Attributes:
        code: Number of the band or month.
        expected: Mean stated probability.
        observed: Share of defaults with its interval.
        p_value: Exact binomial, two-sided. Cautious where the probabilities in a band differ.
    """

    code: int
    expected: float
    observed: Share
    p_value: float


def by_band(
    outcomes: Outcomes, band: Ints, level: float = LEVEL, method: Method = Method.EXACT
) -> tuple[Band, ...]:
    """What was stated beside what came, one line a band, in their order.

    Args:
        outcomes: Ripe rows.
        band: Number of the band, rating class or month of each row, (n,).
        level: Of the intervals.
        method: Of the interval.

    Raises:
        InputError: If there is not one band for every row, or there is no row.
    """
    codes, at = outcomes.by(band)
    found = []
    for place, code in enumerate(codes.tolist()):
        rows = outcomes.take(at == place)
        expected, cases = float(rows.probability.mean()), int(rows.y.sum())
        found.append(
            Band(
                code=code,
                expected=expected,
                observed=share(cases, rows.y.size, level, method),
                p_value=chance_of(cases, rows.y.size, expected),
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class Fit:
    """A test of fit.

    Attributes:
        statistic: 0 or more; χ² if the probabilities hold.
        degrees: Of freedom.
        p_value: How often it would be as large.
    """

    statistic: float
    degrees: int
    p_value: float


def hosmer(outcomes: Outcomes, band: Ints) -> Fit:
    """All bands together: Σ (observed - expected)² / variance over bands.

    The variance is Σ p (1 - p) of the rows. χ² needs some five expected defaults a band; join bands
    that have fewer. Bands are those of the rating, frozen: with bands cut from the rows at hand the
    answer hangs on the cuts. With very many rows it rejects every score, with few none, so that it
    stands beside the intervals of `by_band` and never alone.

    Raises:
        InputError: If there is not one band for every row, or there is no row.
    """
    _, at = outcomes.by(band)
    p = outcomes.probability
    gap = np.bincount(at, outcomes.y - p)
    variance = np.bincount(at, p * (1 - p))
    statistic = float(np.sum(gap * gap / variance))
    return Fit(statistic, gap.size, float(chdtrc(gap.size, statistic)))


def spiegelhalter(outcomes: Outcomes) -> Fit:
    """Spiegelhalter's z squared (1986): do squared errors exceed what the probabilities promise?

    It needs no bands.
    """
    p, y = outcomes.probability, outcomes.y
    weight = 1 - 2 * p
    variance = float(np.sum(weight * weight * p * (1 - p)))
    z = float(np.sum((y - p) * weight)) / np.sqrt(variance) if variance > 0 else 0.0
    return Fit(float(z * z), 1, float(chdtrc(1, z * z)))


@dataclass(frozen=True)
class Evidence:
    """Evidence in one direction, month by month.

    Attributes:
        e_value: Wealth at the end of each month since the first, from a stake of 1, (months,).
        p_value: Valid at any time: 1 / the highest wealth so far, at most 1, (months,).
        detector: Shiryaev-Roberts: wealth of who stakes 1 anew each month, (months,). It finds what
            began late sooner than `e_value` does.
    """

    e_value: tuple[float, ...]
    p_value: tuple[float, ...]
    detector: tuple[float, ...]


@dataclass(frozen=True)
class Drift:
    """Evidence of drift as the months came.

    Attributes:
        months: Numbers of the months, in order; months without ripe rows are left out.
        rows: Ripe rows of each.
        defaults: Defaults of each.
        expected: Defaults stated for each.
        worse: Evidence that more default than was stated.
        better: Evidence that fewer do.
        alarm_worse: First month in which it is told, at `false_alarms` in each direction; or None.
        alarm_better: The same.
        changed: First month in which a detector passes `months_between`; None for none.
    """

    months: tuple[int, ...]
    rows: tuple[int, ...]
    defaults: tuple[int, ...]
    expected: tuple[float, ...]
    worse: Evidence
    better: Evidence
    alarm_worse: int | None
    alarm_better: int | None
    changed: int | None


def sequential(
    outcomes: Outcomes, month: Ints, false_alarms: float = 0.05, months_between: float = 240.0
) -> Drift:
    """Evidence of drift, valid however often one looks.

    A bet that the log odds are d higher multiplies the wealth by q/p at a default and (1-q)/(1-p)
    otherwise, q being the shifted probability. The stake is split evenly over `LOG_ODDS`.

    Args:
        outcomes: Ripe rows.
        month: Number of the month in which the label of the row became ripe, (n,).
        false_alarms: Chance of ever telling of drift in one direction that is not there, in (0, 1).
        months_between: Of `changed`: months that pass on average, or more, until a detector passes
            though nothing has changed (Shiryaev-Roberts; Shin, Ramdas and Rinaldo 2024). With two
            detectors the mean time to the first of them is half that or more.

    Raises:
        InputError: If the months are not one for every row, or there is none.
    """
    months, at = outcomes.by(month)
    worse, better = (_evidence(outcomes, at, months.size, sign) for sign in (1.0, -1.0))
    detected = np.maximum(worse.detector, better.detector) >= months_between
    return Drift(
        months=tuple(months.tolist()),
        rows=tuple(np.bincount(at).tolist()),
        defaults=tuple(np.bincount(at, outcomes.y).astype(np.int64).tolist()),
        expected=tuple(np.bincount(at, outcomes.probability).tolist()),
        worse=worse,
        better=better,
        alarm_worse=_first(np.array(worse.p_value) <= false_alarms, months),
        alarm_better=_first(np.array(better.p_value) <= false_alarms, months),
        changed=_first(detected, months),
    )


LARGEST = 700.0
"""e to this is the largest wealth that is told; more says no more."""


def _evidence(outcomes: Outcomes, at: Ints, months: int, sign: float) -> Evidence:
    p, y = outcomes.probability, outcomes.y
    gains = np.empty((len(LOG_ODDS), months))  # logarithm of what each bet multiplies, by month
    for row, size in enumerate(LOG_ODDS):
        moved = sign * size
        # log(q/p) = d - c and log((1-q)/(1-p)) = -c, with c = log(1 - p + p exp(d))
        gains[row] = np.bincount(at, y * moved - np.log1p(p * np.expm1(moved)), months)
    split = np.log(len(LOG_ODDS))
    wealth = logsumexp(np.cumsum(gains, axis=1), axis=0) - split
    detector = np.empty(months)
    so_far = np.full(len(LOG_ODDS), -np.inf)
    for m in range(months):
        so_far = np.logaddexp(so_far, 0.0) + gains[:, m]
        detector[m] = logsumexp(so_far) - split
    return Evidence(
        e_value=tuple(np.exp(np.minimum(wealth, LARGEST)).tolist()),
        p_value=tuple(np.exp(-np.maximum.accumulate(np.maximum(wealth, 0.0))).tolist()),
        detector=tuple(np.exp(np.minimum(detector, LARGEST)).tolist()),
    )


def _first(told: np.ndarray, months: Ints) -> int | None:
    return int(months[np.argmax(told)]) if told.any() else None


class Update(Enum):
    """What to re-calibrate."""

    NONE = "none"
    LEVEL = "level"
    LEVEL_AND_SLOPE = "level_and_slope"


UPDATES = {
    Update.NONE: ("leave the probabilities as they are", "概率无需调整"),
    Update.LEVEL: ("shift the level of the probabilities", "调整概率的整体水平"),
    Update.LEVEL_AND_SLOPE: ("shift level and slope", "同时调整水平与斜率"),
}
"""Each in English and Chinese."""


@dataclass(frozen=True)
class Recalibration:
    """What the outcomes say should be changed: log odds become shift + slope × log odds.

    Attributes:
        update: What to change.
        shift: 0 where nothing is to be changed.
        slope: 1 where the slope is to stay.
        slope_free: What the slope would be if it were free; below 1 the score is overconfident.
            0 or less: it ranks the wrong way round, and should be fitted anew, not re-calibrated.
            NaN where all probabilities are alike: no slope can be told.
        p_any: Of the likelihood ratio of changing both against changing nothing, two degrees.
        p_slope: Of changing both against changing the level alone, one degree.
        rows: Ripe rows.
        defaults: Among them.
    """

    update: Update
    shift: float
    slope: float
    slope_free: float
    p_any: float
    p_slope: float
    rows: int
    defaults: int

    def applied(self, probability: Floats) -> Floats:
        """Probabilities after the change, (n,). Whoever applies it records that they did."""
        if self.update is Update.NONE:
            return probability
        return np.asarray(expit(self.shift + self.slope * logit(probability)))


def recalibration(outcomes: Outcomes, false_alarms: float = 0.05) -> Recalibration:
    """What to change, by a closed test (Vergouwe and others 2017): `false_alarms` holds over all.

    First both against nothing; only if that is told, both against the level alone. The smallest
    change that the outcomes do not contradict is proposed.

    Raises:
        InputError: If there are no defaults or nothing but defaults: neither tells a level.
    """
    y, rows = outcomes.y, outcomes.y.size
    defaults = int(y.sum())
    if defaults in (0, rows):
        raise InputError(
            f"{defaults} of {rows} rows defaulted: the level cannot be fitted",
            remedy="ripe rows with defaults and without; the interval of `by_band` still holds",
        )
    x = np.asarray(logit(outcomes.probability))
    level_only, both = _fitted(x, y, np.zeros((rows, 0))), _fitted(np.zeros(rows), y, x[:, None])
    as_is = _log_likelihood(x, y)
    p_any = float(chdtrc(2, max(0.0, 2 * (both.likelihood - as_is))))
    p_slope = float(chdtrc(1, max(0.0, 2 * (both.likelihood - level_only.likelihood))))
    if p_any >= false_alarms:
        update, change, slope = Update.NONE, 0.0, 1.0
    elif p_slope >= false_alarms:
        update, change, slope = Update.LEVEL, float(level_only.weights[0]), 1.0
    else:
        update, (change, slope) = Update.LEVEL_AND_SLOPE, both.weights.tolist()
    free = float(both.weights[1]) if np.ptp(x) else float("nan")
    return Recalibration(update, change, slope, free, p_any, p_slope, rows, defaults)


@dataclass(frozen=True)
class _Fitted:
    weights: Floats
    likelihood: float


def _fitted(offset: Floats, y: Ints, columns: Floats) -> _Fitted:
    """Maximum likelihood of a logistic regression with an offset: Newton, halving where needed."""
    design = np.column_stack([np.ones(y.size), columns])
    weights = np.zeros(design.shape[1])
    best = _log_likelihood(offset, y)
    for _ in range(100):
        p = expit(offset + design @ weights)
        curvature = design.T @ (design * (p * (1 - p))[:, None])
        curvature += 1e-10 * np.eye(weights.size)
        step = np.linalg.solve(curvature, design.T @ (y - p))
        while (new := _log_likelihood(offset + design @ (weights + step), y)) < best - 1e-12:
            step = step / 2
        weights = weights + step
        if new - best < 1e-12:
            break
        best = new
    return _Fitted(weights, _log_likelihood(offset + design @ weights, y))


def _log_likelihood(log_odds: Floats, y: Ints) -> float:
    return -float(np.sum(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds))))
