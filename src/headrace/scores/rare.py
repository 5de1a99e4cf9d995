"""Few defaults: what plain logistic regression gets wrong, and what to do instead.

restored, prior_weights   a sample that was balanced by hand goes back to its true rate
king_zeng                 weighting, and the bias of few events (King and Zeng 2001)
firth                     penalised likelihood (Firth 1993): finite where a column separates the
                          outcomes, with profile likelihood intervals (Heinze and Schemper 2002)
prudent_bounds            upper bounds of classes with no default or hardly any
                          (Pluto and Tasche 2005)
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import bdtr, betaincinv, chdtrc, chdtri, expit, logit, ndtr, ndtri

from headrace.errors import InputError
from headrace.scores.validation.figures import LEVEL

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def restored(probability: Floats, sampled_rate: float, true_rate: float) -> Floats:
    """Probabilities for the world, of a model fitted on a sample chosen by outcome, (n,).

    Prior correction (King and Zeng 2001, eq. 7): log odds less
    ln[((1 - true) / true) (sampled / (1 - sampled))]. Ranks stay as they are. Right only if within
    each outcome the sample was drawn by chance.

    Args:
        probability: Strictly within (0, 1).
        sampled_rate: Share of defaults in the sample.
        true_rate: In the world.
    """
    _rates(sampled_rate, true_rate)
    return np.asarray(expit(logit(probability) - logit(sampled_rate) + logit(true_rate)))


def prior_weights(y: Ints, true_rate: float) -> Floats:
    """Weights that give a sample its true rate, with a mean of 1, (n,) (King and Zeng 2001, eq. 8).

    They cost some precision against `restored`, and forgive a wrong model more.
    """
    sampled = float(np.mean(y))
    _rates(sampled, true_rate)
    return np.where(y == 1, true_rate / sampled, (1 - true_rate) / (1 - sampled))


def _rates(*rates: float) -> None:
    for rate in rates:
        if not 0 < rate < 1:
            raise InputError(f"a share of defaults of {rate}", remedy="between 0 and 1, both out")


@dataclass(frozen=True)
class Logistic:
    """A logistic regression with the uncertainty of its weights.

    Attributes:
        weights: Intercept first, (k + 1,).
        covariance: Of them, (k + 1, k + 1).
        bias: Of few events, which was taken off; 0 each where none was.
    """

    weights: Floats
    covariance: Floats
    bias: Floats

    def probability(self, x: Floats) -> Floats:
        """Probability of default at the weights, (n,)."""
        return np.asarray(expit(_design(x) @ self.weights))

    def probability_averaged(self, x: Floats) -> Floats:
        """The same averaged over what the weights may be, (n,) (King and Zeng 2001, eq. 15).

        p + (0.5 - p) p (1 - p) x' V x: without it rare events are stated too rare.
        """
        design = _design(x)
        p = expit(design @ self.weights)
        variance = np.sum((design @ self.covariance) * design, axis=1)
        return np.asarray(np.clip(p + (0.5 - p) * p * (1 - p) * variance, 0.0, 1.0))


def king_zeng(x: Floats, y: Ints, true_rate: float | None = None) -> Logistic:
    """Logistic regression for rare events (King and Zeng 2001).

    Weighted to the true rate, then rid of the bias of few events (their eq. 11).

    Args:
        x: Columns, (n, k), nothing missing; the intercept is added.
        y: 1 default, 0 none, (n,).
        true_rate: In the world; None where the sample has it.

    Raises:
        InputError: If a column separates the outcomes: then `firth`.
    """
    design = _design_for(x, y)
    rate = float(np.mean(y))
    true_rate = rate if true_rate is None else true_rate
    w = prior_weights(y, true_rate)
    weights = _likeliest(design, y, w)
    p = expit(design @ weights)
    covariance = np.linalg.inv(design.T @ (design * (w * p * (1 - p))[:, None]))
    leverage = np.sum((design @ covariance) * design, axis=1)
    event_weight = true_rate / rate
    pull = 0.5 * leverage * ((1 + event_weight) * p - event_weight)
    bias = covariance @ (design.T @ (w * p * (1 - p) * pull))
    n, k = design.shape
    return Logistic(weights - bias, covariance * (n / (n + k)) ** 2, bias)


def _likeliest(design: Floats, y: Ints, w: Floats) -> Floats:
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = expit(design @ weights)
        curvature = design.T @ (design * (w * p * (1 - p))[:, None])
        if np.linalg.cond(curvature) > 1e12 or np.abs(design @ weights).max() > 30:
            break
        step = np.linalg.solve(curvature, design.T @ (w * (y - p)))
        weights = weights + step
        if np.abs(step).max() < 1e-10:
            return weights
    raise InputError(
        "a column separates the outcomes, or columns depend on one another",
        remedy="`firth`, or fewer columns",
    )


@dataclass(frozen=True)
class Firth:
    """A logistic regression fitted by Firth's penalised likelihood.

    Attributes:
        weights: Intercept first, (k + 1,).
        deviation: Standard errors, (k + 1,).
        low: Lower ends of profile likelihood intervals, (k + 1,).
        high: Upper ends.
        p_value: Of penalised likelihood ratio tests that a weight is 0.
        likelihood: Penalised log likelihood.
    """

    weights: Floats
    deviation: Floats
    low: Floats
    high: Floats
    p_value: Floats
    likelihood: float

    def probability(self, x: Floats) -> Floats:
        """Probability of default, (n,)."""
        return np.asarray(expit(_design(x) @ self.weights))


def firth(x: Floats, y: Ints, level: float = LEVEL) -> Firth:
    """Maximise log likelihood + ½ ln |information| (Firth 1993).

    It has a maximum though a column separate the outcomes, and takes off the first-order bias.
    Intervals end where the penalised likelihood, at its best given the one weight, has fallen by
    half of χ²'s quantile (Heinze and Schemper 2002); Wald's would be weights ± 1.96 deviations,
    and misleads where the likelihood is lopsided, as with separation.

    The mean of the stated probabilities lies a little towards even odds (Puhr and others 2017):
    calibrate the level where it matters.

    Args:
        x: Columns, (n, k), nothing missing; the intercept is added.
        y: 1 default, 0 none, (n,).
        level: Of the intervals.

    Raises:
        InputError: If columns depend on one another.
    """
    design = _independent(x, y)
    count = design.shape[1]
    best = _penalised(design, y, np.zeros(count), np.ones(count, np.bool_))
    low, high, p_value = np.empty(count), np.empty(count), np.empty(count)
    for k in range(count):
        others = np.arange(count) != k
        none = _penalised(design, y, np.where(others, best.weights, 0.0), others)
        p_value[k] = chdtrc(1, max(0.0, 2 * (best.likelihood - none.likelihood)))
        low[k] = _end(design, y, best, _Side(k, -1.0, level))
        high[k] = _end(design, y, best, _Side(k, 1.0, level))
    return Firth(best.weights, best.deviation, low, high, p_value, best.likelihood)


def firth_weights(x: Floats, y: Ints) -> Floats:
    """The weights of `firth` alone, intercept first, (k + 1,): no intervals, which take longer.

    Raises:
        InputError: If columns depend on one another.
    """
    design = _independent(x, y)
    every = np.ones(design.shape[1], np.bool_)
    return _penalised(design, y, np.zeros(design.shape[1]), every).weights


@dataclass(frozen=True)
class _Peak:
    weights: Floats
    deviation: Floats
    likelihood: float


@dataclass(frozen=True)
class _Side:
    """Which end of which weight's interval."""

    weight: int
    sign: float
    level: float


def _penalised(design: Floats, y: Ints, start: Floats, free: NDArray[np.bool_]) -> _Peak:
    """The maximum over the free weights, the others held: Newton on Firth's score, halving."""
    weights = start.copy()
    value, information, leverage = _state(design, y, weights)
    for _ in range(200):
        p = expit(design @ weights)
        score = design.T @ (y - p + leverage * (0.5 - p))
        # The score's own slope, leverages held: by the information alone a row that stands alone
        # is overshot by as much as it was missed, and the search swings for ever.
        slope = design.T @ (design * (p * (1 - p) * (1 + leverage))[:, None])
        step = np.zeros(weights.size)
        if free.any():
            step[free] = np.linalg.solve(slope[np.ix_(free, free)], score[free])
        step *= min(1.0, 5.0 / max(np.abs(step).max(), 1e-300))
        size = 1.0
        while size > 1e-10:
            trial = _state(design, y, weights + size * step)
            if trial[0] >= value - 1e-12:
                break
            size /= 2
        else:
            break
        weights = weights + size * step
        value, information, leverage = trial
        if np.abs(size * step).max() < 1e-9:
            break
    return _Peak(weights, np.sqrt(np.diag(np.linalg.inv(information))), value)


def _state(design: Floats, y: Ints, weights: Floats) -> tuple[float, Floats, Floats]:
    """Penalised log likelihood, information, leverage of each row."""
    log_odds = design @ weights
    p = expit(log_odds)
    w = p * (1 - p)
    information = design.T @ (design * w[:, None])
    sign, log_determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return -np.inf, information, np.zeros(y.size)
    leverage = w * np.sum((design @ np.linalg.inv(information)) * design, axis=1)
    value = -float(np.sum(np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds))))
    return value + 0.5 * float(log_determinant), information, leverage


def _end(design: Floats, y: Ints, best: _Peak, side: _Side) -> float:
    """Where the profile of one weight has fallen by half of χ²'s quantile."""
    others = np.arange(best.weights.size) != side.weight
    floor = best.likelihood - float(chdtri(1, 1 - side.level)) / 2
    at = best.weights[side.weight]
    last = best.weights

    def above(value: float) -> float:
        nonlocal last  # the last maximum is where the next search starts
        peak = _penalised(design, y, np.where(others, last, value), others)
        last = peak.weights
        return peak.likelihood - floor

    reach = best.deviation[side.weight]
    for _ in range(60):
        if above(at + side.sign * reach) < 0:
            return float(brentq(above, at, at + side.sign * reach, xtol=1e-8))
        reach *= 1.6
    return float(side.sign * np.inf)


@dataclass(frozen=True)
class World:
    """How defaults hang together (Vasicek's one factor; Pluto and Tasche 2005, section 4).

    Attributes:
        asset_correlation: 0 for independent defaults, below 1. Basel's for firms is 0.12 to 0.24.
    """

    asset_correlation: float = 0.0


def prudent_bounds(
    rows: Ints, defaults: Ints, confidence: float = 0.75, world: World | None = None
) -> Floats:
    """Upper bounds of the probability of default of rating classes with few defaults.

    Most prudent estimation (Pluto and Tasche 2005): the ranks of the classes are taken to be
    right, so that a class is no worse than the ones after it, and at worst just as bad as they: its
    bound is that of itself and all worse classes taken together.

    Args:
        rows: Borrowers by class, safest first, (k,).
        defaults: Among them in the period, (k,).
        confidence: Of each bound, in (0, 1).
        world: How defaults hang together; None for not at all.

    Returns:
        Bounds by class, (k,), which never fall from a class to the next worse one where the
        defaults do not contradict the ranks. 1 where all defaulted.

    Raises:
        InputError: If a class has no borrowers or more defaults than borrowers.
    """
    fitting = rows.shape == defaults.shape and rows.size > 0
    if not fitting or np.any(defaults < 0) or np.any(defaults > rows) or np.any(rows < 1):
        raise InputError(
            "a rating class with no borrowers, or with more defaults than borrowers",
            remedy="join the class to its neighbour, or count again",
        )
    _rates(confidence)
    correlation = 0.0 if world is None else world.asset_correlation
    if not 0 <= correlation < 1:
        raise InputError(f"an asset correlation of {correlation}", remedy="0 or more, below 1")
    total, bad = np.cumsum(rows[::-1])[::-1], np.cumsum(defaults[::-1])[::-1]
    at_most = _at_most_together(correlation)
    bounds = np.ones(rows.size)
    for k in range(rows.size):
        n, d = int(total[k]), int(bad[k])
        if d == n:
            continue
        if correlation == 0:
            bounds[k] = betaincinv(d + 1, n - d, confidence)
        else:
            bounds[k] = _solved(partial(at_most, d, n), 1 - confidence)
    return bounds


def _solved(at_most: Callable[[float], float], chance: float) -> float:
    """The probability of default at which so few defaults have this chance."""
    return float(ndtr(brentq(lambda z: at_most(float(ndtr(z))) - chance, -9.0, 9.0, xtol=1e-12)))


def _at_most_together(correlation: float) -> Callable[[int, int, float], float]:
    """P(at most so many defaults) averaged over the factor, by 200 Gauss-Hermite points."""
    factor, weight = hermegauss(200)
    weight = weight / weight.sum()

    def at_most(defaults: int, rows: int, p: float) -> float:
        given = ndtr((ndtri(p) - np.sqrt(correlation) * factor) / np.sqrt(1 - correlation))
        return float(np.sum(weight * bdtr(defaults, rows, given)))

    return at_most


def _independent(x: Floats, y: Ints) -> Floats:
    design = _design_for(x, y)
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise InputError(
            "columns depend on one another", remedy="leave out columns that others add up to"
        )
    return design


def _design_for(x: Floats, y: Ints) -> Floats:
    if y.shape != x.shape[:1] or not np.isin(y, (0, 1)).all():
        raise InputError(
            f"{x.shape[0]} rows and {y.size} outcomes, or one that is neither 0 nor 1",
            remedy="1 default, 0 none, one for every row",
        )
    return _design(x)


def _design(x: Floats) -> Floats:
    if x.ndim != 2 or not np.isfinite(x).all():
        raise InputError(
            "columns with missing values, or not as rows by columns",
            remedy="(n, k) finite numbers: fill or bin what is missing first",
        )
    return np.column_stack([np.ones(x.shape[0]), x])
