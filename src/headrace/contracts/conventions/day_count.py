"""Day counts (计息基准): what part of a year lies between two days.

AA          actual days over the actual length of each year (ISDA 2006, section 4.16 b)
A360, A365  actual days over 360 or 365 (4.16 e and d)
30E360      months of 30 days, years of 360 (4.16 g, "Eurobond basis")
30E360ISDA  the same, where the end of February counts as the 30th but at maturity (4.16 h)
28E336      months of 28 days, years of 336 (ACTUS dictionary, terms, IPDC option 5)
B252        business days over 252, the first day counted and the last not
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.conventions import kernels
from headrace.contracts.conventions.calendars import EVERY_DAY, Calendar, day_number

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]


class DayCount(StrEnum):
    """A way to count days; `code` is its number in kernels."""

    ACTUAL_ACTUAL = "AA"
    ACTUAL_360 = "A360"
    ACTUAL_365 = "A365"
    THIRTY_360_ISDA = "30E360ISDA"
    THIRTY_360 = "30E360"
    TWENTY_EIGHT_336 = "28E336"
    BUSINESS_252 = "B252"

    @property
    def code(self) -> int:
        """Its number in kernels."""
        return CODES[self]

    @property
    def days_a_year(self) -> int | None:
        """Days in its year; None where that depends on the year."""
        return YEARS.get(self)


CODES = {each: number for number, each in enumerate(DayCount)}
YEARS = {
    DayCount.ACTUAL_360: 360,
    DayCount.ACTUAL_365: 365,
    DayCount.THIRTY_360_ISDA: 360,
    DayCount.THIRTY_360: 360,
    DayCount.TWENTY_EIGHT_336: 336,
    DayCount.BUSINESS_252: 252,
}
NEVER = -(1 << 40)  # no day: a maturity that is not given


def year_fraction(
    convention: DayCount,
    start: date,
    end: date,
    *,
    maturity: date | None = None,
    calendar: Calendar = EVERY_DAY,
) -> float:
    """The part of a year from `start` to `end`, negative where the end comes first.

    Args:
        convention: How days are counted.
        start: The first day, counted.
        end: The last day, not counted.
        maturity: Of the contract, which 30E360ISDA asks for.
        calendar: For B252 alone.
    """
    if convention is DayCount.BUSINESS_252:
        calendar.check([start, end])
    ends = NEVER if maturity is None else day_number(maturity)
    first, last = day_number(start), day_number(end)
    return float(kernels.year_fraction(convention.code, first, last, ends, 0, calendar.flat))


def exact_year_fraction(convention: DayCount, start: date, end: date) -> Fraction:
    """`year_fraction` without rounding, where cents must be exact.

    Every convention but AA and B252, whose callers count themselves, is days over a constant; AA
    is summed by calendar year.
    """
    if end < start:
        return -exact_year_fraction(convention, end, start)
    if convention is DayCount.ACTUAL_ACTUAL:
        years = range(start.year, end.year + 1)
        bounds = [(max(start, date(y, 1, 1)), min(end, date(y + 1, 1, 1))) for y in years]
        sizes = [(date(y + 1, 1, 1) - date(y, 1, 1)).days for y in years]
        parts = zip(bounds, sizes, strict=True)
        return sum((Fraction((b - a).days, size) for (a, b), size in parts), Fraction(0))
    size = YEARS[convention]
    return Fraction(round(year_fraction(convention, start, end) * size), size)


def year_fractions(
    conventions: Sequence[DayCount] | DayCount,
    start: Longs,
    end: Longs,
    maturity: Longs | None = None,
    calendar: Calendar = EVERY_DAY,
) -> Floats:
    """`year_fraction` for each row.

    Args:
        conventions: One for all rows, or one a row.
        start: int64 (n,): days since 1970-01-01.
        end: int64 (n,).
        maturity: int64 (n,), or None where no contract gives one.
        calendar: For B252.
    """
    n = len(start)
    one = isinstance(conventions, DayCount)
    codes = [conventions.code] * n if one else [each.code for each in conventions]  # type: ignore[union-attr,attr-defined]  # narrowed by `one`
    ends = np.full(n, NEVER, np.int64) if maturity is None else maturity
    found = np.empty(n)
    kernels.year_fractions(
        np.array(codes, np.int64), start, end, ends, np.zeros(n, np.int64), calendar.flat, found
    )
    return found
