"""Equality, order and arithmetic of values (DMN 1.5, Tables 50 to 58): null where undefined."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from headrace.decisions.feel.calendar import (
    DAY,
    SECOND,
    Date,
    DateTime,
    DaysTime,
    Time,
    YearsMonths,
    moment,
    time_of_day,
    zone_offset,
)
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.temporal_text import spelled
from headrace.decisions.feel.values import ARITHMETIC, Function, Range, Temporal, Value, number

KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysTime: "days and time duration",
    YearsMonths: "years and months duration",
    list: "list",
    dict: "context",
    Range: "range",
    Function: "function",
}
LONGEST_YEARS = 12 * 1_000_000_000
LONGEST_DAYS = 366 * DAY * 2_000_000_000


def kind(value: Value) -> str:
    """The name of a value's type, for notes."""
    return KINDS.get(type(value), type(value).__name__)


def equal(left: Value, right: Value, notes: Notes) -> bool | None:
    """Whether two values are equal; None where their types differ (Table 53)."""
    notes.spend(1)
    if left is None or right is None:
        return left is right
    if type(left) is not type(right):
        return None
    if isinstance(left, str):
        notes.spend(len(left) // 1000)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        return all(equal(a, b, notes) is True for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        notes.spend(len(left) // 10)
        if left.keys() != right.keys():
            return False
        return all(equal(value, right[name], notes) is True for name, value in left.items())
    if isinstance(left, Range) and isinstance(right, Range):
        return _equal_ranges(left, right, notes)
    if isinstance(left, Time | DateTime) and isinstance(right, Time | DateTime):
        return _whole_second(left) == _whole_second(right)
    return left == right


def _equal_ranges(left: Range, right: Range, notes: Notes) -> bool:
    if left.operator != right.operator:
        return False
    if (left.low_included, left.high_included) != (right.low_included, right.high_included):
        return False
    low, high = equal(left.low, right.low, notes), equal(left.high, right.high, notes)
    return low is True and high is True


def _comparable(value: Time | DateTime) -> tuple[bool, int]:
    """A key that is equal for equal times; a local one equals no other."""
    if isinstance(value, DateTime):
        return value.offset() is None, value.instant()
    offset = value.offset if value.zone is None else zone_offset(value.zone, None)
    return offset is None, value.of_day() - (offset or 0) * SECOND


def _whole_second(value: Time | DateTime) -> tuple[bool, int]:
    """The key to the second: `=` compares properties, and `second` has no fraction (Table 53)."""
    local, instant = _comparable(value)
    return local, instant // SECOND


def order(left: Value, right: Value) -> int | None:
    """-1, 0 or 1 as left comes before, with or after right; None where undefined (Table 54)."""
    a, b = _order_key(left), _order_key(right)
    if a is None or b is None or a[0] != b[0]:
        return None
    first, second = a[1], b[1]
    return int(first > second) - int(first < second)


def _order_key(value: Value) -> tuple[str, Any] | None:
    """What the value is ordered with, and by; None where it has no order."""
    match value:
        case Decimal() | str():
            return kind(value), value
        case Date():
            return "date", value.ordinal()
        case Time() | DateTime():
            local, instant = _comparable(value)
            return f"{kind(value)} {local}", instant
        case DaysTime():
            return "days", value.nanoseconds
        case YearsMonths():
            return "months", value.months
    return None


def compare(operator: str, left: Value, right: Value, notes: Notes) -> bool | None:
    """`left operator right`, with a note where DMN says null."""
    if operator in ("=", "!="):
        same = equal(left, right, notes)
        if same is None:
            notes.add(f"A {kind(left)} was compared with a {kind(right)}")
            return None
        return same if operator == "=" else not same
    if isinstance(left, str):
        notes.spend(len(left) // 1000)
    found = order(left, right)
    if found is None:
        notes.add(f"'{operator}' was asked of a {kind(left)} and a {kind(right)}")
        return None
    if operator == "<":
        return found < 0
    if operator == "<=":
        return found <= 0
    return found > 0 if operator == ">" else found >= 0


def arithmetic(operator: str, left: Value, right: Value, notes: Notes) -> Value:
    """`left operator right`, with a note where DMN says null (Tables 57 and 58)."""
    rule = _RULES.get((operator, type(left), type(right)))
    if rule is None:
        notes.add(f"'{operator}' was asked of a {kind(left)} and a {kind(right)}")
        return None
    if operator == "+" and isinstance(left, str) and isinstance(right, str):
        notes.spelled(len(left) + len(right))
    try:
        found = rule(left, right)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        notes.add(f"'{operator}' has no result here: {_shown(left)} {operator} {_shown(right)}")
    return found


def negated(value: Value, notes: Notes) -> Value:
    """`-value`."""
    match value:
        case Decimal():
            return ARITHMETIC.minus(value)
        case DaysTime():
            return DaysTime(-value.nanoseconds)
        case YearsMonths():
            return YearsMonths(-value.months)
    notes.add(f"'-' was asked of a {kind(value)}")
    return None


def contains(span: Range, value: Value, notes: Notes) -> bool | None:
    """Whether a value lies in a range; None where they cannot be compared, or an end is null."""
    if span.operator:
        other = span.low if span.high is None else span.high
        return compare(span.operator, value, other, notes)
    low, high = order(value, span.low), order(value, span.high)
    if low is None or high is None:
        notes.add(f"A {kind(value)} was sought from a {kind(span.low)} to a {kind(span.high)}")
        return None
    above = low > 0 or (low == 0 and span.low_included)
    return above and (high < 0 or (high == 0 and span.high_included))


def _shown(value: Value) -> str:
    text = spelled(value) if isinstance(value, Temporal) else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _divided(left: Decimal, right: Decimal) -> Decimal | None:
    return number(ARITHMETIC.divide(left, right)) if right else None


def _raised(left: Decimal, right: Decimal) -> Decimal | None:
    return number(ARITHMETIC.power(left, right))


def _span(nanoseconds: int) -> DaysTime | None:
    return DaysTime(nanoseconds) if abs(nanoseconds) <= LONGEST_DAYS else None


def _months(months: int) -> YearsMonths | None:
    return YearsMonths(months) if abs(months) <= LONGEST_YEARS else None


def _scaled(amount: int, factor: Decimal) -> int | None:
    """An amount times a factor, cut to a whole number; None where it is beyond every duration."""
    found = ARITHMETIC.multiply(Decimal(amount), factor)
    return int(found) if found.is_finite() and found.adjusted() < 33 else None


def _divided_amount(amount: int, by: Decimal) -> int | None:
    if not by:
        return None
    found = ARITHMETIC.divide(Decimal(amount), by)
    return int(found) if found.is_finite() and found.adjusted() < 33 else None


def _days_times(left: DaysTime, right: Decimal) -> DaysTime | None:
    found = _scaled(left.nanoseconds, right)
    return None if found is None else _span(found)


def _days_by(left: DaysTime, right: Decimal) -> DaysTime | None:
    found = _divided_amount(left.nanoseconds, right)
    return None if found is None else _span(found)


def _months_times(left: YearsMonths, right: Decimal) -> YearsMonths | None:
    found = _scaled(left.months, right)
    return None if found is None else _months(found)


def _months_by(left: YearsMonths, right: Decimal) -> YearsMonths | None:
    found = _divided_amount(left.months, right)
    return None if found is None else _months(found)


def _ratio(left: int, right: int) -> Decimal | None:
    return number(ARITHMETIC.divide(Decimal(left), Decimal(right))) if right else None


def _moved(left: DateTime, nanoseconds: int) -> DateTime:
    """Moved by a duration, as Table 57 says: by its own clock where it has a zone's offset."""
    return moment(left.on_own_clock() + nanoseconds, left.time)


def midnight(day: Date) -> DateTime:
    """The start of a day, UTC, as a date is taken in arithmetic."""
    return DateTime(day, Time(0, 0, 0, offset=0))


def _between(left: DateTime, right: DateTime) -> DaysTime | None:
    if (left.offset() is None) != (right.offset() is None):
        return None
    return _span(left.instant() - right.instant())


def _between_times(left: Time, right: Time) -> DaysTime | None:
    (local, first), (other, second) = _comparable(left), _comparable(right)
    return None if local != other else DaysTime(first - second)


def _between_days(left: Date | DateTime, right: Date | DateTime) -> DaysTime | None:
    first = midnight(left) if isinstance(left, Date) else left
    second = midnight(right) if isinstance(right, Date) else right
    return _between(first, second)


def _shifted(left: DateTime, months: int) -> DateTime:
    return DateTime(left.date.plus_months(months), left.time)


def _day_moved(left: Date, nanoseconds: int) -> Date:
    return moment(left.ordinal() * DAY + nanoseconds, Time(0, 0, 0)).date


def _time_moved(left: Time, nanoseconds: int) -> Time:
    return time_of_day(left.of_day() + nanoseconds, left)


_Rule = Callable[..., Value]
_RULES: dict[tuple[str, type, type], _Rule] = {
    ("+", Decimal, Decimal): lambda a, b: number(ARITHMETIC.add(a, b)),
    ("-", Decimal, Decimal): lambda a, b: number(ARITHMETIC.subtract(a, b)),
    ("*", Decimal, Decimal): lambda a, b: number(ARITHMETIC.multiply(a, b)),
    ("/", Decimal, Decimal): _divided,
    ("**", Decimal, Decimal): _raised,
    ("+", str, str): lambda a, b: a + b,
    ("+", DaysTime, DaysTime): lambda a, b: _span(a.nanoseconds + b.nanoseconds),
    ("-", DaysTime, DaysTime): lambda a, b: _span(a.nanoseconds - b.nanoseconds),
    ("/", DaysTime, DaysTime): lambda a, b: _ratio(a.nanoseconds, b.nanoseconds),
    ("*", DaysTime, Decimal): _days_times,
    ("*", Decimal, DaysTime): lambda a, b: _days_times(b, a),
    ("/", DaysTime, Decimal): _days_by,
    ("+", YearsMonths, YearsMonths): lambda a, b: _months(a.months + b.months),
    ("-", YearsMonths, YearsMonths): lambda a, b: _months(a.months - b.months),
    ("/", YearsMonths, YearsMonths): lambda a, b: _ratio(a.months, b.months),
    ("*", YearsMonths, Decimal): _months_times,
    ("*", Decimal, YearsMonths): lambda a, b: _months_times(b, a),
    ("/", YearsMonths, Decimal): _months_by,
    ("-", Date, Date): _between_days,
    ("-", DateTime, DateTime): _between,
    ("-", Date, DateTime): _between_days,
    ("-", DateTime, Date): _between_days,
    ("-", Time, Time): _between_times,
    ("+", DateTime, YearsMonths): lambda a, b: _shifted(a, b.months),
    ("+", YearsMonths, DateTime): lambda a, b: _shifted(b, a.months),
    ("-", DateTime, YearsMonths): lambda a, b: _shifted(a, -b.months),
    ("+", DateTime, DaysTime): lambda a, b: _moved(a, b.nanoseconds),
    ("+", DaysTime, DateTime): lambda a, b: _moved(b, a.nanoseconds),
    ("-", DateTime, DaysTime): lambda a, b: _moved(a, -b.nanoseconds),
    ("+", Date, YearsMonths): lambda a, b: a.plus_months(b.months),
    ("+", YearsMonths, Date): lambda a, b: b.plus_months(a.months),
    ("-", Date, YearsMonths): lambda a, b: a.plus_months(-b.months),
    ("+", Date, DaysTime): lambda a, b: _day_moved(a, b.nanoseconds),
    ("+", DaysTime, Date): lambda a, b: _day_moved(b, a.nanoseconds),
    ("-", Date, DaysTime): lambda a, b: _day_moved(a, -b.nanoseconds),
    ("+", Time, DaysTime): lambda a, b: _time_moved(a, b.nanoseconds),
    ("+", DaysTime, Time): lambda a, b: _time_moved(b, a.nanoseconds),
    ("-", Time, DaysTime): lambda a, b: _time_moved(a, -b.nanoseconds),
}
