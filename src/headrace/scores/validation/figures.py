"""Single figures of a score, each with its interval where one can be given.

Conventions: y is 1 for bad and 0 for good; a score is higher the riskier; p is a probability of
bad; w is how many rows of the world a row stands for, None for one each. Intervals with weights
take them for sampling weights (Binder 1983), so that doubling every weight changes nothing.

There is no Hosmer-Lemeshow test: its answer hangs on the bins (Hosmer et al. 1997), with many rows
it rejects every score and with few none. Slope and intercept say how far off a score is, and which
way.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, ndtri, xlog1py, xlogy

from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Measure = Callable[[Ints, Floats, Floats], float]
"""A figure of outcomes, scores and weights, each (n,)."""
CLOSEST = 1e-6  # probabilities nearer to 0 or 1 are taken as this in log odds
LEVEL = 0.95


@dataclass(frozen=True)
class Figure:
    """A measured figure with its interval, 95 % where nothing else is said."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Checked:
    """Outcomes, scores and weights that fit together, both outcomes among them.

    Attributes:
        y: 1 bad, 0 good, (n,).
        score: Finite, (n,).
        w: Above 0, (n,).
        groups: Rows with one number are not independent: loans of one firm, (n,); None: all are.
    """

    y: Ints
    score: Floats
    w: Floats
    groups: Ints | None = None

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Which rows are bad."""
        return np.asarray(self.y == 1)


def checked(
    y: ArrayLike,
    score: ArrayLike,
    w: ArrayLike | None = None,
    groups: ArrayLike | None = None,
) -> Checked:
    """Arrays as figures take them.

    Raises:
        InputError: If lengths differ, an outcome is neither 0 nor 1, only one outcome occurs, a
            score is not finite or a weight is not above 0.
    """
    outcome, value = np.asarray(y), np.asarray(score, np.float64)
    weight = np.ones(outcome.shape) if w is None else np.asarray(w, np.float64)
    group = None if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    shapes = {outcome.shape, value.shape, weight.shape}
    if group is not None:
        shapes.add(group.shape)
    if shapes != {(outcome.size,)}:
        raise InputError(
            f"outcomes {outcome.shape}, scores {value.shape} and weights {weight.shape} differ",
            remedy="one of each for every row",
        )
    if not np.isin(outcome, (0, 1)).all() or np.unique(outcome).size < 2:
        raise InputError(
            f"the outcomes are {np.unique(outcome)[:5].tolist()}",
            remedy="0 for good and 1 for bad, and both of them: with one there is nothing to tell",
        )
    for name, wrong in {
        "score is not finite": ~np.isfinite(value),
        "weight is not above 0": ~((weight > 0) & np.isfinite(weight)),
    }.items():
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise InputError(f"a {name}", where=f"row {row} of {wrong.size}")
    return Checked(outcome.astype(np.int64), value, weight, group)


def probabilities(y: ArrayLike, p: ArrayLike, w: ArrayLike | None = None) -> Checked:
    """The same, where the score is a probability.

    Raises:
        InputError: As `checked`, and if one lies outside [0, 1].
    """
    rows = checked(y, p, w)
    outside = (rows.score < 0) | (rows.score > 1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise InputError(
            f"{rows.score[row]} is no probability", where=f"row {row}", remedy="0 to 1"
        )
    return rows


@dataclass(frozen=True)
class Placements:
    """How each row stands against the rows of the other outcome (DeLong et al. 1988).

    Attributes:
        bad: For each bad row, the share of good weight with a lower score, ties half.
        good: For each good row, the share of bad weight with a higher score, ties half.
        w_bad: Weights of the bad rows; they sum to 1.
        w_good: The same of the good ones.
        groups: Of the bad rows and of the good ones, from 0; None where all are independent.
    """

    bad: Floats
    good: Floats
    w_bad: Floats
    w_good: Floats
    groups: tuple[Ints, Ints] | None = None

    @property
    def auc(self) -> float:
        """The area under the ROC curve."""
        return float(np.dot(self.bad, self.w_bad))

    def minus(self, other: "Placements") -> "Placements":
        """Of the difference of two scores of the same rows."""
        bad, good = self.bad - other.bad, self.good - other.good
        return Placements(bad, good, self.w_bad, self.w_good, self.groups)

    @property
    def variance(self) -> float:
        """Of `auc`; 0 where every row of an outcome stands alike.

        With groups, of the sums of each group, bad and good rows together (Obuchowski 1997).
        """
        if self.groups is not None:
            return _variance_of_groups(self, self.groups)
        return _variance_of_mean(self.bad, self.w_bad) + _variance_of_mean(self.good, self.w_good)


def _variance_of_mean(values: Floats, share: Floats) -> float:
    """Of a weighted mean; with equal weights the sample variance over n."""
    if values.size < 2:
        return float("inf")
    off = values - np.dot(values, share)
    return float(np.dot(share**2, off**2) * values.size / (values.size - 1))


def _variance_of_groups(found: Placements, groups: tuple[Ints, Ints]) -> float:
    size = 1 + max(int(each.max()) for each in groups)
    off = np.bincount(groups[0], found.w_bad * (found.bad - found.auc), size)
    off += np.bincount(groups[1], found.w_good * (found.good - found.auc), size)
    count = np.unique(np.concatenate(groups)).size
    return float(np.dot(off, off) * count / (count - 1)) if count > 1 else float("inf")


def placements(rows: Checked) -> Placements:
    """Of every row, in O(n log n) by ranks (Sun and Xu 2014), with weights.

    Sums of whole weights are exact, so that an AUC without weights has no rounding before the
    last division.
    """
    values, at = np.unique(rows.score, return_inverse=True)
    bad = rows.bad
    of_good = np.bincount(at[~bad], rows.w[~bad], values.size)
    of_bad = np.bincount(at[bad], rows.w[bad], values.size)
    good_below = np.cumsum(of_good) - of_good / 2
    bad_above = np.cumsum(of_bad[::-1])[::-1] - of_bad / 2
    w_bad, w_good = of_bad.sum(), of_good.sum()
    return Placements(
        bad=good_below[at[bad]] / w_good,
        good=bad_above[at[~bad]] / w_bad,
        w_bad=rows.w[bad] / w_bad,
        w_good=rows.w[~bad] / w_good,
        groups=None if rows.groups is None else (rows.groups[bad], rows.groups[~bad]),
    )


def auc(y: ArrayLike, score: ArrayLike, w: ArrayLike | None = None) -> float:
    """Chance that a bad row scores higher than a good one, ties half (Hanley and McNeil 1982).

    Raises:
        InputError: If the arrays do not fit; see `checked`.
    """
    rows = checked(y, score, w)
    values, at = np.unique(rows.score, return_inverse=True)
    of_good = np.bincount(at, rows.w * ~rows.bad, values.size)
    of_bad = np.bincount(at, rows.w * rows.bad, values.size)
    pairs = np.dot(of_bad, 2 * np.cumsum(of_good) - of_good)
    return float(pairs / (2 * of_bad.sum() * of_good.sum()))


def gini(y: ArrayLike, score: ArrayLike, w: ArrayLike | None = None) -> float:
    """2 AUC - 1, also called the accuracy ratio."""
    return 2 * auc(y, score, w) - 1


def auc_interval(
    y: ArrayLike,
    score: ArrayLike,
    w: ArrayLike | None = None,
    level: float = LEVEL,
    groups: ArrayLike | None = None,
) -> Figure:
    """The AUC with DeLong's interval (DeLong, DeLong and Clarke-Pearson 1988; Sun and Xu 2014).

    Taken on the scale of log odds, so that it stays inside (0, 1) (Pepe 2003, 5.2). Where the
    outcomes are told apart without a mistake DeLong's variance is 0, which is not to be believed:
    the interval then ends at (1 - level)^(1 / k), for k independent pairs of a bad and a good
    row, the most there are, are all in order with no more than that chance.

    Args:
        y: 1 bad, 0 good, (n,).
        score: Higher is riskier: (n,), or (repeats, n) for the mean AUC of several scorings.
        w: Weights, (n,).
        level: Of the interval.
        groups: Rows with one number are not independent, (n,): the interval is of groups.

    Raises:
        InputError: If the arrays do not fit; see `checked`.
    """
    several = np.atleast_2d(np.asarray(score, np.float64))
    found = [placements(checked(y, each, w, groups)) for each in several]
    mean = Placements(
        np.mean([each.bad for each in found], axis=0),
        np.mean([each.good for each in found], axis=0),
        found[0].w_bad,
        found[0].w_good,
        found[0].groups,
    )
    return interval_of_auc(mean, level)


def interval_of_auc(found: Placements, level: float = LEVEL) -> Figure:
    """The interval that `auc_interval` describes."""
    value, pairs = found.auc, min(found.bad.size, found.good.size)
    # Asked of the rows and not of their mean, which may end a rounding short of 1.
    perfect = bool(found.bad.min() >= 1)
    if perfect or found.bad.max() <= 0:
        end = (1 - level) ** (1 / pairs)
        return Figure(1.0, end, 1.0) if perfect else Figure(0.0, 0.0, 1 - end)
    spread = z_of(level) * np.sqrt(found.variance) / (value * (1 - value))
    low, high = expit(logit(value) + np.array([-spread, spread]))
    return Figure(value, float(low), float(high))


def z_of(level: float) -> float:
    """Standard deviations on either side of the mean that hold this share of a normal."""
    return float(ndtri(0.5 + level / 2))


def bootstrap(
    rows: Checked, measure: Measure, seed: int, draws: int = 2000, level: float = LEVEL
) -> Figure:
    """A figure with its percentile interval over rows drawn anew (Efron 1979).

    Rows are drawn within each outcome, so that both stay; where rows have groups, whole groups are
    drawn, again if an outcome is lost. Use `auc_interval` for an AUC: it needs no draws.

    Args:
        rows: From `checked`.
        measure: The figure.
        seed: Of the draws.
        draws: How many.
        level: Of the interval.
    """
    rng = np.random.default_rng(seed)
    found = np.zeros(draws)
    for draw in range(draws):
        at = drawn(rows, rng)
        found[draw] = measure(rows.y[at], rows.score[at], rows.w[at])
    low, high = np.quantile(found, (0.5 - level / 2, 0.5 + level / 2))
    return Figure(measure(rows.y, rows.score, rows.w), float(low), float(high))


def drawn(rows: Checked, rng: np.random.Generator) -> Ints:
    """Row numbers of one sample drawn anew, as `bootstrap` draws them."""
    if rows.groups is None:
        outcomes = (np.flatnonzero(rows.bad), np.flatnonzero(~rows.bad))
        return np.concatenate([each[rng.integers(0, each.size, each.size)] for each in outcomes])
    order = np.argsort(rows.groups, kind="stable")
    sizes = np.bincount(rows.groups)
    starts = np.cumsum(sizes) - sizes
    while True:
        chosen = rng.integers(0, sizes.size, sizes.size)
        into = np.arange(sizes[chosen].sum()) - np.repeat(
            np.cumsum(sizes[chosen]) - sizes[chosen], sizes[chosen]
        )
        at = np.asarray(order[np.repeat(starts[chosen], sizes[chosen]) + into], np.int64)
        if 0 < rows.y[at].sum() < at.size:
            return at


@dataclass(frozen=True)
class Brier:
    """The mean squared error of a probability and what it is made of (Murphy 1973).

    score = reliability - resolution + uncertainty + within, over groups of like probability.

    Attributes:
        score: 0 is perfect.
        reliability: Distance of predicted from observed shares, 0 or more; less is better.
        resolution: How far observed shares part from the mean, 0 or more; more is better.
        uncertainty: Of the outcome itself, share × (1 - share).
        within: What groups leave over (Stephenson et al. 2008); small, of either sign.
        skill: 1 - score / uncertainty: 0 for the mean as prediction, below 0 is worse than it.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float

    @property
    def skill(self) -> float:
        """See above."""
        return 1 - self.score / self.uncertainty


def brier(y: ArrayLike, p: ArrayLike, w: ArrayLike | None = None, parts: int = 10) -> Brier:
    """The Brier score, decomposed over `parts` groups of equal weight, equal p never parted.

    Raises:
        InputError: If the arrays do not fit; see `probabilities`.
    """
    rows = probabilities(y, p, w)
    share = rows.w / rows.w.sum()
    mean = float(np.dot(share, rows.y))
    score = float(np.dot(share, (rows.score - rows.y) ** 2))
    group = like_groups(rows.score, rows.w, parts)
    weight = np.bincount(group, share)
    predicted = np.bincount(group, share * rows.score) / weight
    observed = np.bincount(group, share * rows.y) / weight
    reliability = float(np.dot(weight, (predicted - observed) ** 2))
    resolution = float(np.dot(weight, (observed - mean) ** 2))
    uncertainty = mean * (1 - mean)
    within = score - (reliability - resolution + uncertainty)
    return Brier(score, reliability, resolution, uncertainty, within)


def like_groups(value: Floats, w: Floats, parts: int) -> Ints:
    """Number of the group of each row, (n,): by value, of about equal weight, ties together."""
    at = np.unique(value, return_inverse=True)[1]
    weight = np.bincount(at, w)
    middle = (np.cumsum(weight) - weight / 2) / weight.sum()
    part = np.minimum((middle * parts).astype(np.int64), parts - 1)
    _, number = np.unique(part, return_inverse=True)
    return np.asarray(number[at], np.int64)


def log_loss(y: ArrayLike, p: ArrayLike, w: ArrayLike | None = None) -> float:
    """Mean of -ln of the probability given to what happened; infinite where that was 0.

    Raises:
        InputError: If the arrays do not fit; see `probabilities`.
    """
    rows = probabilities(y, p, w)
    given = xlogy(rows.y, rows.score) + xlog1py(1 - rows.y, -rows.score)
    return float(-np.dot(rows.w, given) / rows.w.sum())


def ks(y: ArrayLike, score: ArrayLike, w: ArrayLike | None = None) -> float:
    """Largest distance between the distributions of the score among bad and good, 0 to 1.

    Raises:
        InputError: If the arrays do not fit; see `checked`.
    """
    rows = checked(y, score, w)
    values, at = np.unique(rows.score, return_inverse=True)
    good = np.cumsum(np.bincount(at, rows.w * ~rows.bad, values.size))
    bad = np.cumsum(np.bincount(at, rows.w * rows.bad, values.size))
    return float(np.abs(good / good[-1] - bad / bad[-1]).max())


@dataclass(frozen=True)
class CalibrationLine:
    """Log odds of what happened against those predicted (Cox 1958; Van Calster et al. 2019).

    Attributes:
        slope: 1 is right; below 1 the predictions are too far apart (overfitted), above too near.
            NaN where the outcomes are parted without a mistake, or all predictions are alike.
        intercept: With the slope held at 1, log odds to add to every prediction: 0 is right,
            above 0 the score promises too little risk.
    """

    slope: Figure
    intercept: Figure


def calibration_line(
    y: ArrayLike, p: ArrayLike, w: ArrayLike | None = None, level: float = LEVEL
) -> CalibrationLine:
    """Slope and intercept with Wald intervals from the sandwich variance (White 1982).

    Raises:
        InputError: If the arrays do not fit; see `probabilities`.
    """
    rows = probabilities(y, p, w)
    log_odds = logit(np.clip(rows.score, CLOSEST, 1 - CLOSEST))
    flat, ones = np.zeros(rows.y.size), np.ones((rows.y.size, 1))
    bad, good = log_odds[rows.bad], log_odds[~rows.bad]
    parted = bad.min() >= good.max() or good.min() >= bad.max()
    nothing = Figure(*[float("nan")] * 3)
    slope = nothing
    if not parted:
        # Brought to deviations of 1, so that predictions which are nearly alike are fitted, too.
        spread = float(log_odds.std())
        design = np.column_stack([(log_odds - log_odds.mean()) / spread, ones])
        found = _wald(rows, design, flat, level)
        slope = Figure(found.value / spread, found.low / spread, found.high / spread)
    return CalibrationLine(slope, _wald(rows, ones, log_odds, level))


def _wald(rows: Checked, design: Floats, offset: Floats, level: float) -> Figure:
    """First coefficient of a logistic regression by Newton's method."""
    weight = rows.w / rows.w.mean()
    at = np.zeros(design.shape[1])
    for _ in range(100):
        p = expit(design @ at + offset)
        curvature = design.T @ (design * (weight * p * (1 - p))[:, None])
        step = np.linalg.solve(curvature, design.T @ (weight * (rows.y - p)))
        at = at + step / max(1.0, np.abs(step).max())  # a long step is cut, or it would overshoot
        if np.abs(step).max() < 1e-10:
            break
    score = design * (weight * (rows.y - expit(design @ at + offset)))[:, None]
    bread = np.linalg.inv(curvature)
    spread = z_of(level) * float(np.sqrt((bread @ (score.T @ score) @ bread)[0, 0]))
    value = float(at[0])
    return Figure(value, value - spread, value + spread)


@dataclass(frozen=True)
class CalibrationError:
    """How far predicted shares are from observed ones on average.

    Attributes:
        value: Σ share of group × |predicted - observed| (Naeini et al. 2015).
        by_chance: What a perfectly calibrated score would show on so many rows: the mean of
            |normal| is σ √(2 / π). A value near it says nothing against the score.
    """

    value: float
    by_chance: float


def expected_calibration_error(
    y: ArrayLike, p: ArrayLike, w: ArrayLike | None = None, parts: int = 10
) -> CalibrationError:
    """Over groups of equal weight, equal p never parted.

    Raises:
        InputError: If the arrays do not fit; see `probabilities`.
    """
    rows = probabilities(y, p, w)
    group = like_groups(rows.score, rows.w, parts)
    share = rows.w / rows.w.sum()
    off = np.abs(np.bincount(group, share * (rows.score - rows.y)))
    variance = np.bincount(group, share**2 * rows.score * (1 - rows.score))
    return CalibrationError(float(off.sum()), float(np.sqrt(2 * variance / np.pi).sum()))
