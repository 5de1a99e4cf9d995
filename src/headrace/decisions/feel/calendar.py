"""Dates, times and durations (DMN 1.5, 10.3.2.3.4 to 10.3.2.3.8), in whole nanoseconds.

Python's own stop at the year 9999 and at microseconds; XML Schema's, which FEEL has, go from the
year -999,999,999 to 999,999,999. Days are counted in the proleptic Gregorian calendar from
1970-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
YEARS = 999_999_999
FOURTH_CENTURY = date(400, 1, 1).toordinal()
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def days_in(year: int, month: int) -> int:
    """Days of a month of the proleptic Gregorian calendar."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else MONTH_DAYS[month - 1]


@dataclass(frozen=True, order=True)
class Date:
    """A calendar day."""

    year: int
    month: int
    day: int

    def __post_init__(self) -> None:
        if not (-YEARS <= self.year <= YEARS and 1 <= self.month <= 12):
            raise ValueError("no such month")
        if not 1 <= self.day <= days_in(self.year, self.month):
            raise ValueError("no such day")

    def ordinal(self) -> int:
        """Days since 1970-01-01."""
        cycle, year = divmod(self.year, 400)  # 400 years always have 146,097 days
        return cycle * 146_097 + date(year + 400, self.month, self.day).toordinal() - 865_260

    @staticmethod
    def of_ordinal(days: int) -> Date:
        """The day this many days after 1970-01-01.

        Raises:
            ValueError: The year has more than nine digits.
        """
        cycle, rest = divmod(days + 865_260 - FOURTH_CENTURY, 146_097)
        found = date.fromordinal(rest + FOURTH_CENTURY)
        return Date(found.year - 400 + cycle * 400, found.month, found.day)

    def plus_months(self, months: int) -> Date:
        """The same day of another month, or its last day where it is shorter."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        if abs(year) > YEARS:
            raise ValueError("no such year")
        return Date(year, month + 1, min(self.day, days_in(year, month + 1)))


@dataclass(frozen=True)
class Time:
    """A time of day.

    Attributes:
        nanosecond: Of the second.
        offset: Seconds east of UTC; None where none is given.
        zone: An IANA zone's name; None where none is given. Never both.
    """

    hour: int
    minute: int
    second: int
    nanosecond: int = 0
    offset: int | None = None
    zone: str | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.hour < 24 and 0 <= self.minute < 60 and 0 <= self.second < 60):
            raise ValueError("no such time")
        if self.offset is not None and abs(self.offset) > 18 * 3600:
            raise ValueError("no such offset")
        if self.zone is not None:
            _zone(self.zone)

    def of_day(self) -> int:
        """Nanoseconds since midnight of its own clock."""
        return (self.hour * 3600 + self.minute * 60 + self.second) * SECOND + self.nanosecond

    @property
    def local(self) -> bool:
        """Whether it has neither offset nor zone."""
        return self.offset is None and self.zone is None


def time_of_day(nanoseconds: int, like: Time) -> Time:
    """The time this long after midnight, with the offset or zone of another."""
    seconds, nanosecond = divmod(nanoseconds % DAY, SECOND)
    hour, rest = divmod(seconds, 3600)
    return Time(hour, rest // 60, rest % 60, nanosecond, like.offset, like.zone)


@dataclass(frozen=True)
class DateTime:
    """A day and a time of it."""

    date: Date
    time: Time

    def on_own_clock(self) -> int:
        """Nanoseconds since 1970-01-01T00:00 of its own clock."""
        return self.date.ordinal() * DAY + self.time.of_day()

    def offset(self) -> int | None:
        """Seconds east of UTC at that moment; None where it is local."""
        if self.time.zone is None:
            return self.time.offset
        return zone_offset(self.time.zone, self)

    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00Z; a local one counts as UTC."""
        return self.on_own_clock() - (self.offset() or 0) * SECOND


def moment(nanoseconds: int, like: Time) -> DateTime:
    """The day and time this long after 1970-01-01 on a clock with the offset or zone of `like`."""
    days, rest = divmod(nanoseconds, DAY)
    return DateTime(Date.of_ordinal(days), time_of_day(rest, like))


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError("no such zone") from error


def zone_offset(zone: str, at: DateTime | None) -> int:
    """Seconds east of UTC in a zone; for a time without a date, as on 1970-01-01."""
    day = at.date if at else Date(1970, 1, 1)
    year = day.year if 2 <= day.year <= 9998 else 2000 + day.year % 400
    clock = at.time if at else Time(0, 0, 0)
    local = datetime(
        year, day.month, day.day, clock.hour, clock.minute, clock.second, tzinfo=_zone(zone)
    )
    shift = local.utcoffset()
    return round(shift.total_seconds()) if shift else 0


@dataclass(frozen=True, order=True)
class DaysTime:
    """A days and time duration, in nanoseconds."""

    nanoseconds: int


@dataclass(frozen=True, order=True)
class YearsMonths:
    """A years and months duration, in months."""

    months: int


def of_python(value: date | datetime | timedelta) -> Date | DateTime | DaysTime:
    """FEEL's value for one of Python's, for callers whose rows come from elsewhere."""
    if isinstance(value, timedelta):
        return DaysTime(round(value / timedelta(microseconds=1)) * 1000)
    day = Date(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        return day
    shift = value.utcoffset()
    offset = None if shift is None else round(shift.total_seconds())
    clock = Time(value.hour, value.minute, value.second, value.microsecond * 1000, offset)
    return DateTime(day, clock)
