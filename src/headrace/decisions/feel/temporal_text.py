"""Temporal literals of FEEL, read and written (DMN 1.5, 10.3.2.3, rule 62; XML Schema 2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from headrace.decisions.feel.calendar import (
    DAY,
    SECOND,
    Date,
    DateTime,
    DaysTime,
    Time,
    YearsMonths,
    moment,
)

T = TypeVar("T")
_DATE = r"(-?(?:[1-9][0-9]{4,8}|[0-9]{4}))-([0-9]{2})-([0-9]{2})"
_TIME = r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
_ZONE = r"(Z|[+-][0-9]{2}:[0-9]{2}(?::[0-9]{2})?|@[A-Za-z0-9_+\-/]+)?"
DATE = re.compile(_DATE)
TIME = re.compile(rf"T?{_TIME}{_ZONE}")
DATE_TIME = re.compile(rf"{_DATE}T{_TIME}{_ZONE}")
MONTHS = re.compile(r"(-?)P(?=[0-9])(?:([0-9]{1,18})Y)?(?:([0-9]{1,18})M)?")
DAYS = re.compile(
    r"(-?)P(?=[0-9T])(?:([0-9]{1,18})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,18})H)?(?:([0-9]{1,18})M)?"
    r"(?:([0-9]{1,18})(?:\.([0-9]*))?S)?)?"
)


def date_of(text: str) -> Date | None:
    """The date a text spells, or None."""
    found = DATE.fullmatch(text)
    return _tried(lambda: _date(found)) if found else None


def time_of(text: str) -> Time | None:
    """The time a text spells, or None."""
    found = TIME.fullmatch(text)
    return _tried(lambda: _time(found.groups())) if found else None


def date_time_of(text: str) -> DateTime | None:
    """The date and time a text spells, or None; a date alone is none."""
    found = DATE_TIME.fullmatch(text)
    if not found:
        return None
    if found.groups()[3:6] == ("24", "00", "00"):
        start = date_time_of(f"{text[: found.start(4)]}00{text[found.end(4) :]}")
        return _tried(lambda: moment(start.on_own_clock() + DAY, start.time)) if start else None
    return _tried(lambda: DateTime(_date(found), _time(found.groups()[3:])))


def duration_of(text: str) -> DaysTime | YearsMonths | None:
    """The duration a text spells, or None."""
    if found := MONTHS.fullmatch(text):
        sign, years, months = found.groups(default="0")
        total = int(years) * 12 + int(months)
        return YearsMonths(-total if sign == "-" else total)
    if found := DAYS.fullmatch(text):
        sign, days, hours, minutes, seconds, part = found.groups(default="0")
        total = ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
        total = total * SECOND + _nanoseconds(part)
        return DaysTime(-total if sign == "-" else total)
    return None


def temporal(text: str) -> Date | Time | DateTime | DaysTime | YearsMonths | None:
    """What `@"text"` stands for, or None."""
    return date_of(text) or time_of(text) or date_time_of(text) or duration_of(text)


def spelled(value: Date | Time | DateTime | DaysTime | YearsMonths) -> str:
    """The text a temporal value is written as (the string() of 10.3.4.1)."""
    if isinstance(value, Date):
        sign, year = ("-", -value.year) if value.year < 0 else ("", value.year)
        return f"{sign}{year:04}-{value.month:02}-{value.day:02}"
    if isinstance(value, Time):
        clock = f"{value.hour:02}:{value.minute:02}:{value.second:02}"
        return clock + _fraction(value.nanosecond) + _spelled_zone(value)
    if isinstance(value, DateTime):
        return f"{spelled(value.date)}T{spelled(value.time)}"
    if isinstance(value, YearsMonths):
        years, months = divmod(abs(value.months), 12)
        parts = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
        return f"{'-' if value.months < 0 else ''}P{parts}"
    return _spelled_days(value)


def _spelled_days(value: DaysTime) -> str:
    days, rest = divmod(abs(value.nanoseconds), DAY)
    seconds, part = divmod(rest, SECOND)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or part:
        clock += f"{seconds}{_fraction(part)}S"
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return f"{'-' if value.nanoseconds < 0 else ''}P{text or 'T0S'}"


def _spelled_zone(value: Time) -> str:
    if value.zone is not None:
        return f"@{value.zone}"
    if value.offset is None:
        return ""
    if value.offset == 0:
        return "Z"
    hours, rest = divmod(abs(value.offset), 3600)
    seconds = f":{rest % 60:02}" if rest % 60 else ""
    return f"{'-' if value.offset < 0 else '+'}{hours:02}:{rest // 60:02}{seconds}"


def _fraction(nanoseconds: int) -> str:
    return f".{nanoseconds:09}".rstrip("0") if nanoseconds else ""


def _nanoseconds(digits: str) -> int:
    return int(digits[:9].ljust(9, "0") or "0")


def _date(found: re.Match[str]) -> Date:
    return Date(int(found[1]), int(found[2]), int(found[3]))


def _time(groups: tuple[str | None, ...]) -> Time:
    hour, minute, second = (int(part or 0) for part in groups[:3])
    part, zone = groups[3:5]
    nanosecond = _nanoseconds(part) if part else 0
    if zone is None:
        return Time(hour, minute, second, nanosecond)
    if zone.startswith("@"):
        return Time(hour, minute, second, nanosecond, zone=zone[1:])
    return Time(hour, minute, second, nanosecond, offset=_offset(zone))


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    hours, minutes, *seconds = (int(part) for part in zone[1:].split(":"))
    if minutes > 59 or (seconds and seconds[0] > 59):
        raise ValueError("no such offset")
    total = hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)
    return -total if zone[0] == "-" else total


def _tried(make: Callable[[], T]) -> T | None:
    """What can be made, or None: no such day, no such zone."""
    try:
        return make()
    except ValueError:
        return None
