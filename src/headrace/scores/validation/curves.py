"""What is drawn of a score: calibration, lift, gains, ROC, Kolmogorov-Smirnov, cost.

Conventions as in `figures`. Rows of one score are one point: no curve depends on their order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from headrace.errors import InputError
from headrace.scores.validation.figures import (
    LEVEL,
    Checked,
    Figure,
    Floats,
    checked,
    like_groups,
    probabilities,
    z_of,
)


@dataclass(frozen=True)
class CalibrationBin:
    """Firms of similar predicted probability: mean prediction beside what happened."""

    predicted: float
    observed: float
    firms: int
    low: float
    high: float


def wilson(share: float, count: float, level: float = LEVEL) -> tuple[float, float]:
    """Wilson's interval of an observed share (Wilson 1927); count may be an effective one."""
    z2 = z_of(level) ** 2 / count
    centre = (share + z2 / 2) / (1 + z2)
    half = np.sqrt(z2 * share * (1 - share) + z2**2 / 4) / (1 + z2)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def calibration_curve(
    y: ArrayLike, p: ArrayLike, w: ArrayLike | None = None, parts: int = 10
) -> tuple[CalibrationBin, ...]:
    """Groups of equal weight, lowest predictions first, with Wilson's interval of each share.

    With weights the interval is of the effective number of rows, (Σw)² / Σw² (Kish 1965).

    Raises:
        InputError: If the arrays do not fit; see `figures.probabilities`.
    """
    rows = probabilities(y, p, w)
    bins = []
    group = like_groups(rows.score, rows.w, parts)
    for number in range(int(group.max()) + 1):
        at = np.flatnonzero(group == number)
        weight = rows.w[at] / rows.w[at].sum()
        observed = float(np.dot(weight, rows.y[at]))
        low, high = wilson(observed, 1 / float(np.dot(weight, weight)))
        predicted = float(np.dot(weight, rows.score[at]))
        bins.append(CalibrationBin(predicted, observed, int(at.size), low, high))
    return tuple(bins)


@dataclass(frozen=True)
class Gains:
    """What is found when the riskiest are looked at first.

    Attributes:
        cut: Distinct scores, highest first, (m,): rows of this score or more are looked at.
        looked: Share of all rows looked at, (m,), rising to 1.
        found: Share of the bad found, (m,): the rate of true positives.
        alarmed: Share of the good looked at, (m,): the rate of false positives.
    """

    cut: Floats
    looked: Floats
    found: Floats
    alarmed: Floats

    @property
    def auc(self) -> float:
        """Area under `found` over `alarmed`, the ROC curve, by trapezia: ties count half."""
        up, over = np.append(0.0, self.found), np.append(0.0, self.alarmed)
        return float(np.dot(np.diff(over), (up[1:] + up[:-1]) / 2))

    @property
    def gap(self) -> Floats:
        """Distance of the two distributions at each cut, (m,): its largest is the KS."""
        return np.asarray(self.found - self.alarmed)

    def found_at(self, share: ArrayLike) -> Floats:
        """Share of the bad found among this share of rows; within ties, what chance would find."""
        looked, found = np.append(0.0, self.looked), np.append(0.0, self.found)
        return np.asarray(np.interp(np.asarray(share, np.float64), looked, found))


def gains(y: ArrayLike, score: ArrayLike, w: ArrayLike | None = None) -> Gains:
    """The curve that gains, lift, ROC and KS are read from.

    Raises:
        InputError: If the arrays do not fit; see `figures.checked`.
    """
    rows = checked(y, score, w)
    cut, bad, good = _by_score(rows)
    looked = np.cumsum(bad + good)
    found, alarmed = np.cumsum(bad), np.cumsum(good)
    return Gains(cut, looked / looked[-1], found / found[-1], alarmed / alarmed[-1])


def _by_score(rows: Checked) -> tuple[Floats, Floats, Floats]:
    """Distinct scores, highest first, with the weight of bad and of good at each."""
    cut, at = np.unique(rows.score, return_inverse=True)
    bad = np.bincount(at, rows.w * rows.bad, cut.size).astype(np.float64)
    good = np.bincount(at, rows.w * ~rows.bad, cut.size).astype(np.float64)
    return cut[::-1], bad[::-1], good[::-1]


@dataclass(frozen=True)
class LiftRow:
    """One part of the rows, riskiest first.

    Attributes:
        looked: Share of rows in this part and those before it.
        found: Share of all the bad among them.
        lift: Their share of bad over that of all rows.
        bad_share: Of this part alone.
    """

    looked: float
    found: float
    lift: float
    bad_share: float


def lift_table(
    y: ArrayLike, score: ArrayLike, w: ArrayLike | None = None, parts: int = 10
) -> tuple[LiftRow, ...]:
    """Lift and gains by tenths, as banks print them.

    Raises:
        InputError: If the arrays do not fit; see `figures.checked`.
    """
    rows = checked(y, score, w)
    share = float(np.dot(rows.w, rows.y) / rows.w.sum())
    looked = np.arange(1, parts + 1) / parts
    found = gains(y, score, w).found_at(looked)
    own = np.diff(found, prepend=0.0)
    return tuple(
        LiftRow(float(a), float(b), float(b / a), float(share * part * parts))
        for a, b, part in zip(looked, found, own, strict=True)
    )


@dataclass(frozen=True)
class CostCurve:
    """What each cut-off would cost an applicant on average, beside knowing every outcome.

    Attributes:
        cut: Cut-offs, rising, (m,): applicants with a score below it are approved; the last,
            infinity, approves everybody.
        cost: loss × bad approved + profit × good refused, over all applicants, (m,), minor units.
        best: The cut-off with the least cost, the lowest of equals, with the interval of what
            other samples of the same size would have chosen: on a flat curve it is wide.
        best_cost: Its cost with the interval. It was chosen on these rows, so it is a little kind;
            apply the cut-off to other rows to know.
        in_theory: profit / (profit + loss): the best cut-off of a calibrated probability
            (Elkan 2001).
    """

    cut: Floats
    cost: Floats
    best: Figure
    best_cost: Figure
    in_theory: float


@dataclass(frozen=True)
class Stakes:
    """What an approved applicant brings.

    Attributes:
        loss_minor: Lost on a bad one, above 0.
        profit_minor: Earned on a good one, above 0.
    """

    loss_minor: int
    profit_minor: int

    def __post_init__(self) -> None:
        """Refuse what leaves nothing to decide.

        Raises:
            InputError: If one of them is not above 0.
        """
        if min(self.loss_minor, self.profit_minor) <= 0:
            raise InputError(
                f"a loss of {self.loss_minor} and a profit of {self.profit_minor} leave nothing "
                "to decide",
                where="Stakes",
                remedy="both above 0, in minor units",
            )


def cost_curve(
    rows: Checked, stakes: Stakes, seed: int, draws: int = 1000, level: float = LEVEL
) -> CostCurve:
    """Cost over every cut-off there is, and the best one with a bootstrap interval.

    Args:
        rows: From `figures.checked`: outcomes, scores, weights.
        stakes: Of one applicant.
        seed: Of the draws.
        draws: Samples drawn anew, whatever their outcomes.
        level: Of the intervals.
    """
    values, at = np.unique(rows.score, return_inverse=True)
    cut = np.append(values, np.inf)

    def costs(w: Floats) -> Floats:
        bad = np.bincount(at, w * rows.bad, values.size)
        good = np.bincount(at, w * ~rows.bad, values.size)
        approved = np.append(0.0, np.cumsum(bad)) * stakes.loss_minor
        refused = np.append(np.cumsum(good[::-1])[::-1], 0.0) * stakes.profit_minor
        return np.asarray((approved + refused) / w.sum())

    cost = costs(rows.w)
    rng = np.random.default_rng(seed)
    chosen, least = np.zeros(draws), np.zeros(draws)
    for draw in range(draws):
        times = np.bincount(rng.integers(0, rows.y.size, rows.y.size), minlength=rows.y.size)
        drawn = costs(rows.w * times)
        chosen[draw] = cut[int(np.argmin(drawn))]
        least[draw] = drawn[int(np.argmin(cost))]
    ends = (0.5 - level / 2, 0.5 + level / 2)
    best = int(np.argmin(cost))
    # A cut-off that a sample chose is one of those there are: no value between two of them.
    low, high = (float(v) for v in np.quantile(chosen, ends, method="nearest"))
    cost_low, cost_high = (float(v) for v in np.quantile(least, ends))
    return CostCurve(
        cut=cut,
        cost=cost,
        best=Figure(float(cut[best]), low, high),
        best_cost=Figure(float(cost[best]), cost_low, cost_high),
        in_theory=stakes.profit_minor / (stakes.profit_minor + stakes.loss_minor),
    )
