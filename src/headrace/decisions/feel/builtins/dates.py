"""Date and time functions (DMN 1.5, 10.3.4.6 and 10.3.4.9)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from headrace.decisions.feel.builtins.registry import builtin
from headrace.decisions.feel.calendar import Date, DateTime, Time
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import equal
from headrace.decisions.feel.values import Value

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@builtin("is(value1: any =, value2: any =)")
def _is(notes: Notes, first: Value = None, second: Value = None) -> Value:
    """The same in every part: @"10:00:00Z" is not @"10:00:00@Etc/UTC"."""
    if type(first) is not type(second):
        return False
    if isinstance(first, Time | DateTime):
        return first == second
    return equal(first, second, notes) is True


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


@builtin("day of year(date: date | date and time)")
def _day_of_year(notes: Notes, value: Date | DateTime) -> Value:
    day = _day(value)
    return Decimal(day.ordinal() - Date(day.year, 1, 1).ordinal() + 1)


@builtin("day of week(date: date | date and time)")
def _day_of_week(notes: Notes, value: Date | DateTime) -> Value:
    return WEEKDAYS[(_day(value).ordinal() + 3) % 7]


@builtin("month of year(date: date | date and time)")
def _month_of_year(notes: Notes, value: Date | DateTime) -> Value:
    return MONTHS[_day(value).month - 1]


@builtin("week of year(date: date | date and time)")
def _week_of_year(notes: Notes, value: Date | DateTime) -> Value:
    """The week of ISO 8601, which repeats every 400 years."""
    day = _day(value)
    return Decimal(date(2000 + day.year % 400, day.month, day.day).isocalendar().week)
