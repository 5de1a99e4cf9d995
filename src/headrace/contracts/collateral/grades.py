"""Shares graded A to E by factors, from what was known on the day.

Each factor is a percentile among the shares of the day (ties share the mean rank); the score is
their mean by weight, and grades are fifths of it. Weights are equal but for volatility, which
counts three times: the one choice that was made on data, on October 2015 to September 2017. The
windows that the backtest is shown on are others, but they are not untouched: their results, too,
were seen while the grades were made. A share under special treatment, suspended on the
day or listed too short a time has no score: its grade is E and nothing is lent on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.collateral.measures import QUARTER, Measures
from headrace.contracts.collateral.panel import Floats
from headrace.contracts.collateral.terms import Terms

Grades = NDArray[np.int8]

LETTERS = "ABCDE"
LAST = len(LETTERS) - 1
FACTORS: Mapping[str, tuple[str, str, int]] = {
    "traded_amount": ("成交规模", "amount traded", 1),
    "illiquidity": ("非流动性", "illiquidity", -1),
    "volatility": ("波动率", "volatility", -1),
    "drawdown": ("回撤", "drawdown", -1),
    "heat": ("涨幅过热", "rise from the year's low", -1),
    "suspended": ("停牌", "suspension", -1),
    "falls": ("跌停", "falls to the limit", -1),
}
"""Measure: words, and 1 where more is better."""
WEIGHTS: Mapping[str, float] = {name: 3.0 if name == "volatility" else 1.0 for name in FACTORS}


@dataclass(frozen=True)
class Grading:
    """How shares are graded.

    Attributes:
        weights: By factor, 0 or more.
        history_min: Days with a price that a grade needs.
        cuts: Scores from which a share is D, C, B, A: the parts of shares below.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    history_min: int = QUARTER
    cuts: tuple[float, float, float, float] = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class Graded:
    """Grades of the shares on some days, (k, n) each.

    Attributes:
        rows: The days, as rows of the panel.
        grade: int8: 0 is A, 4 is E.
        score: 0..1, NaN where a share could not be scored.
        factors: By name: percentile, 1 the best; NaN where not scored.
    """

    rows: NDArray[np.int64]
    grade: Grades
    score: Floats
    factors: Mapping[str, Floats]


def grade(known: Measures, rows: NDArray[np.int64], how: Grading) -> Graded:
    """The grades on some days; the measures of a day are all that its grades look at."""
    scored = known.tradable[rows] & (known.history[rows] >= how.history_min)
    for name in FACTORS:
        scored &= ~np.isnan(getattr(known, name)[rows])
    factors: dict[str, Floats] = {}
    total = np.zeros(scored.shape)
    for name, (_, _, sign) in FACTORS.items():
        value = np.where(scored, sign * getattr(known, name)[rows], np.nan)
        factors[name] = _percentile(value)
        total += how.weights.get(name, 0.0) * factors[name]
    score = total / sum(how.weights.get(name, 0.0) for name in FACTORS)
    standing = _percentile(score)
    found = LAST - np.searchsorted(how.cuts, np.nan_to_num(standing, nan=0.0), side="right")
    return Graded(rows, np.where(scored, found, LAST).astype(np.int8), score, factors)


def _percentile(value: Floats) -> Floats:
    """(rank - 1/2) / count by row, NaN left out."""
    from scipy.stats import rankdata  # noqa: PLC0415 - half a second that few wait for

    ranks = rankdata(value, axis=1, nan_policy="omit")
    count = (~np.isnan(value)).sum(axis=1, keepdims=True)
    return np.asarray((ranks - 0.5) / np.maximum(count, 1), np.float64)


def rates(terms: Terms, day: date) -> Floats:
    """float64 (5,): the pledge rate of each grade on a day, none above the legal cap in force."""
    cap = terms.value("shares.rate_max", day) if terms.has("shares.rate_max", day) else Decimal(1)
    return np.array(
        [float(min(terms.value(f"rate.{letter}", day), cap)) for letter in LETTERS], np.float64
    )


def pledge_rate(graded: Graded, haircut: Floats, by_grade: Floats) -> Floats:
    """The most that may be lent on each position: its grade's rate, or 1 - haircut if less.

    Nothing is lent where there is no score or the haircut is not known.

    Args:
        graded: The grades.
        haircut: float64 (k, n), 0..1, NaN where not known.
        by_grade: float64 (5,).
    """
    free = np.maximum(np.nan_to_num(1 - haircut, nan=0.0), 0.0)
    lent = np.minimum(by_grade[graded.grade], free)
    return np.where(np.isnan(graded.score), 0.0, lent)
