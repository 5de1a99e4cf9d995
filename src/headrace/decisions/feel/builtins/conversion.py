"""Conversion and boolean functions (DMN 1.5, 10.3.4.1 and 10.3.4.2), `now` and `today`."""

from __future__ import annotations

import re
from decimal import Decimal

from headrace.decisions.feel.builtins.numbers import whole
from headrace.decisions.feel.builtins.registry import builtin
from headrace.decisions.feel.calendar import (
    SECOND,
    Date,
    DateTime,
    DaysTime,
    Time,
    YearsMonths,
)
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.printing import printed
from headrace.decisions.feel.temporal_text import date_of, date_time_of, duration_of, time_of
from headrace.decisions.feel.values import Value, number

NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?")
DAY_OFFSETS = 14 * 3600


@builtin("date(from: string)")
def _date(notes: Notes, text: str) -> Value:
    return _spelled(notes, date_of(text), f"{text[:40]!r} is no date like 2026-11-22")


@builtin("date(from: date and time | date)")
def _date_part(notes: Notes, value: DateTime | Date) -> Value:
    return value.date if isinstance(value, DateTime) else value


@builtin("date(year: number, month: number, day: number)")
def _date_of_parts(notes: Notes, year: Decimal, month: Decimal, day: Decimal) -> Value:
    parts = [whole(part) for part in (year, month, day)]
    try:
        return Date(*(part for part in parts if part is not None))
    except (ValueError, TypeError):
        notes.add(f"There is no day {day} of month {month} of year {year}")
        return None


@builtin("time(from: string)")
def _time(notes: Notes, text: str) -> Value:
    return _spelled(notes, time_of(text), f"{text[:40]!r} is no time like 09:30:00+08:00")


@builtin("time(from: time | date and time | date)")
def _time_part(notes: Notes, value: Time | DateTime | Date) -> Value:
    match value:
        case DateTime():
            return value.time
        case Date():
            return Time(0, 0, 0, offset=0)
    return value


@builtin("time(hour: number, minute: number, second: number, offset: days and time duration? =)")
def _time_of_parts(
    notes: Notes, hour: Decimal, minute: Decimal, second: Decimal, offset: DaysTime | None = None
) -> Value:
    hours, minutes = whole(hour), whole(minute)
    shift = None if offset is None else offset.nanoseconds // SECOND
    if hours is None or minutes is None or not 0 <= second < 60:
        notes.add(f"There is no time {hour}:{minute}:{second}")
        return None
    nanosecond = int(second % 1 * SECOND)
    try:
        return Time(hours, minutes, int(second), nanosecond, shift)
    except ValueError:
        notes.add(f"There is no time {hour}:{minute}:{second} with that offset")
        return None


@builtin("date and time(from: string)")
def _date_and_time(notes: Notes, text: str) -> Value:
    day = date_of(text)
    found = DateTime(day, Time(0, 0, 0)) if day else date_time_of(text)
    return _spelled(notes, found, f"{text[:60]!r} is no date and time like 2026-11-22T09:30:00")


@builtin("date and time(date: date | date and time, time: time)")
def _joined(notes: Notes, day: Date | DateTime, clock: Time) -> Value:
    return DateTime(day.date if isinstance(day, DateTime) else day, clock)


@builtin("duration(from: string)")
def _duration(notes: Notes, text: str) -> Value:
    return _spelled(notes, duration_of(text), f"{text[:40]!r} is no duration like P1Y2M or P3DT4H")


def _spelled(notes: Notes, value: Value, problem: str) -> Value:
    if value is None:
        notes.add(problem)
    return value


@builtin("years and months duration(from: date | date and time, to: date | date and time)")
def _years_and_months(notes: Notes, first: Date | DateTime, last: Date | DateTime) -> Value:
    start, end = (v.date if isinstance(v, DateTime) else v for v in (first, last))
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return YearsMonths(months)


@builtin("number(from: string, grouping separator: string? =, decimal separator: string? =)")
def _number(
    notes: Notes, text: str, grouping: str | None = None, point: str | None = None
) -> Value:
    if grouping not in (None, " ", ",", ".") or point not in (None, ".", ","):
        notes.add("The separators are a space, a comma or a period; a decimal one is no space")
        return None
    if grouping is not None and grouping == point:
        notes.add("The two separators are the same")
        return None
    plain = text if grouping is None else text.replace(grouping, "")
    plain = plain if point is None else plain.replace(point, ".")
    found = number(Decimal(plain)) if NUMBER.fullmatch(plain) else None
    return _spelled(notes, found, f"{text[:40]!r} is no number")


@builtin("string(from: any)")
def _string(notes: Notes, value: Value) -> Value:
    return None if value is None else printed(value, notes)


@builtin("not(negand: any)")
def _not(notes: Notes, value: Value) -> Value:
    if not isinstance(value, bool):
        notes.add("not(...) takes true or false")
        return None
    return not value


@builtin("now()")
def _now(notes: Notes) -> Value:
    if notes.moment is None:
        notes.add("The run was given no moment, so there is no now")
    return notes.moment


@builtin("today()")
def _today(notes: Notes) -> Value:
    if notes.moment is None:
        notes.add("The run was given no moment, so there is no today")
        return None
    return notes.moment.date
