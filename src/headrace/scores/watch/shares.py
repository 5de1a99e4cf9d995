"""A share of rows with its interval, and the ratio and difference of two shares.

Small groups are the rule here, so nothing leans on the normal curve where an exact or a Bayesian
interval is as easy: Clopper and Pearson (1934) never covers less than promised, Jeffreys is shorter
and covers as promised on average (Brown, Cai and DasGupta 2001).
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.special import betaincinv, ndtri
from scipy.stats import binomtest

from headrace.errors import InputError
from headrace.scores.validation.figures import LEVEL, Figure


class Method(Enum):
    """How the interval of a share is found."""

    EXACT = "exact"  # Clopper-Pearson
    JEFFREYS = "jeffreys"


@dataclass(frozen=True)
class Share:
    """Cases among rows.

    Attributes:
        value: cases / rows; NaN where there are no rows.
        low: Lower end of the interval, in [0, 1]; 0 where there are no rows.
        high: Upper end; 1 where there are no rows.
        cases: 0 or more.
        rows: `cases` or more.
    """

    value: float
    low: float
    high: float
    cases: int
    rows: int


def share(cases: int, rows: int, level: float = LEVEL, method: Method = Method.JEFFREYS) -> Share:
    """A share with its interval.

    Raises:
        InputError: If there are fewer rows than cases, or fewer than none.
    """
    if not 0 <= cases <= rows:
        raise InputError(f"{cases} cases among {rows} rows", remedy="0 to as many cases as rows")
    if rows == 0:
        return Share(float("nan"), 0.0, 1.0, 0, 0)
    good, tail = rows - cases, (1 - level) / 2
    below, above = (0.0, 1.0) if method is Method.EXACT else (0.5, 0.5)
    low = 0.0 if cases == 0 else float(betaincinv(cases + below, good + above, tail))
    high = 1.0 if good == 0 else float(betaincinv(cases + above, good + below, 1 - tail))
    return Share(cases / rows, low, high, cases, rows)


def chance_of(cases: int, rows: int, expected: float) -> float:
    """How likely a count as odd as this is, were the rate `expected`: exact binomial, two-sided.

    1 where there are no rows: nothing speaks against any rate.
    """
    if rows == 0:
        return 1.0
    return float(binomtest(cases, rows, expected).pvalue)


def ratio(of: Share, to: Share, level: float = LEVEL) -> Figure:
    """Ratio of two independent shares, `of` / `to`, with its interval.

    Logarithmic interval (Katz and others 1978), half a case added to each count (Walter 1975), so
    that a share of 0 gives an interval too. NaN from 0 to infinity where either side has no rows.
    """
    if not of.rows or not to.rows:
        return Figure(float("nan"), 0.0, float("inf"))
    a, n, b, m = of.cases + 0.5, of.rows + 0.5, to.cases + 0.5, to.rows + 0.5
    spread = float(-ndtri((1 - level) / 2) * np.sqrt(1 / a - 1 / n + 1 / b - 1 / m))
    centre = float(np.log(a / n) - np.log(b / m))
    value = of.value / to.value if to.cases else float("nan")
    return Figure(value, float(np.exp(centre - spread)), float(np.exp(centre + spread)))


def difference(of: Share, to: Share, level: float = LEVEL) -> Figure:
    """Difference of two independent shares, `of` - `to` (Newcombe 1998, method 10, on `Share`s).

    It squares and adds the distances from each share to the ends of its own interval.
    """
    if not of.rows or not to.rows:
        return Figure(float("nan"), -1.0, 1.0)
    first, second = (share(each.cases, each.rows, level) for each in (of, to))
    value = first.value - second.value
    down = np.hypot(first.value - first.low, second.high - second.value)
    up = np.hypot(first.high - first.value, second.value - second.low)
    return Figure(value, float(value - down), float(value + up))
