"""Dates that repeat, and the fraction of a year between two dates.

A pattern is data: `month_end` (月末), `month_first` (月初), `quarter_end` (季末),
`quarter_first` (季初), `year_end` (年末), `day_of_month:26` (每月:26), `quarterly:26` (每季:26, in
months 3, 6, 9 and 12), `month_day:3-1` (每年:3-1), or a list of dates.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from headrace.errors import MappingError

EPOCH = date(1970, 1, 1)
QUARTER_MONTHS = (3, 6, 9, 12)

_CHINESE = {
    "月末": "month_end",
    "月初": "month_first",
    "季末": "quarter_end",
    "季初": "quarter_first",
    "年末": "year_end",
    "每月": "day_of_month",
    "每季": "quarterly",
    "每年": "month_day",
}


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def from_number(days: int) -> date:
    """The date of a number of days since 1970-01-01."""
    return EPOCH + timedelta(days=int(days))


@dataclass(frozen=True)
class Pattern:
    """Dates that repeat.

    Attributes:
        kind: As the module says; `list` for given dates.
        day: Of the month, where the kind has one; the last day where a month is shorter.
        month: Of the year, for `month_day`.
        dates: For `list`, ascending.
    """

    kind: str
    day: int = 0
    month: int = 0
    dates: tuple[date, ...] = ()

    def between(self, first: date, last: date) -> list[date]:
        """Dates of the pattern from `first` to `last`, both included, ascending."""
        return [day for day in self._from(first, last) if first <= day <= last]

    def _from(self, first: date, last: date) -> Iterator[date]:
        if self.kind == "list":
            yield from self.dates
            return
        for index in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
            year, month = divmod(index, 12)
            month += 1
            length = monthrange(year, month)[1]
            if self._in_month(month):
                yield date(year, month, min(self._day(length), length))

    def _in_month(self, month: int) -> bool:
        if self.kind in {"quarter_end", "quarterly"}:
            return month in QUARTER_MONTHS
        if self.kind == "quarter_first":
            return month in {1, 4, 7, 10}
        if self.kind == "year_end":
            return month == 12
        if self.kind == "month_day":
            return month == self.month
        return True

    def _day(self, length: int) -> int:
        if self.kind in {"month_end", "quarter_end", "year_end"}:
            return length
        if self.kind in {"month_first", "quarter_first"}:
            return 1
        return self.day


_PLAIN = {"month_end", "month_first", "quarter_end", "quarter_first", "year_end"}


def pattern(written: str | Sequence[date | str], where: str = "") -> Pattern:
    """A pattern as deal data writes it.

    Raises:
        MappingError: It is no pattern.
    """
    if not isinstance(written, str):
        days = tuple(sorted(date.fromisoformat(str(day)) for day in written))
        return Pattern("list", dates=days)
    name, _, rest = written.partition(":")
    kind = _CHINESE.get(name.strip(), name.strip())
    try:
        if kind in _PLAIN and not rest:
            return Pattern(kind)
        if kind in {"day_of_month", "quarterly"} and 1 <= int(rest) <= 31:
            return Pattern(kind, day=int(rest))
        if kind == "month_day":
            month, day = (int(part) for part in rest.split("-"))
            date(2000, month, day)
            return Pattern(kind, day=day, month=month)
    except ValueError:
        pass
    raise MappingError(
        f"{written!r} is no pattern of dates",
        where=where,
        remedy="month_end, month_first, quarter_end, year_end, day_of_month:26, month_day:3-1",
    )


def year_fraction(day_count: str, start: date, end: date) -> Fraction:
    """The fraction of a year by a day count.

    `ACT/365F`, `ACT/360`, `ACT/ACT` (each calendar year by its own length) and `30E/360` (both days
    31 count as 30), as ISDA 2006 §4.16 defines (b with year lengths, d, e, g).

    Raises:
        MappingError: The day count is none of them.
    """
    days = (end - start).days
    if day_count == "ACT/365F":
        return Fraction(days, 365)
    if day_count == "ACT/360":
        return Fraction(days, 360)
    if day_count == "30E/360":
        months = (end.year - start.year) * 12 + end.month - start.month
        return Fraction(30 * months + min(end.day, 30) - min(start.day, 30), 360)
    if day_count == "ACT/ACT":
        return _by_calendar_year(start, end)
    raise MappingError(
        f"{day_count!r} is no day count", remedy="ACT/365F, ACT/360, ACT/ACT or 30E/360"
    )


def _by_calendar_year(start: date, end: date) -> Fraction:
    total = Fraction(0)
    while start < end:
        next_year = date(start.year + 1, 1, 1)
        stop = min(end, next_year)
        total += Fraction((stop - start).days, (next_year - date(start.year, 1, 1)).days)
        start = stop
    return total
