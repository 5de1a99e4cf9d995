"""`value.name` (DMN 1.5, rule 43 and Table 65): members of contexts, properties of the rest."""

from __future__ import annotations

from decimal import Decimal

from headrace.decisions.feel.calendar import (
    DAY,
    SECOND,
    Date,
    DateTime,
    DaysTime,
    Time,
    YearsMonths,
)
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import kind
from headrace.decisions.feel.values import Range, Value


def property_of(value: Value, name: str, notes: Notes) -> Value:
    """A member or property; null with a note where there is none."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
    elif (found := _properties(value)) and name in found:
        return found[name]
    notes.add(f"A {kind(value)} has no {name!r}")
    return None


def _properties(value: Value) -> dict[str, Value]:
    match value:
        case Date():
            return _of_date(value)
        case Time():
            return _of_time(value, value.offset)
        case DateTime():
            return _of_date(value.date) | _of_time(value.time, value.offset())
        case YearsMonths(months):
            sign = -1 if months < 0 else 1
            years, rest = divmod(abs(months), 12)
            return {"years": Decimal(sign * years), "months": Decimal(sign * rest)}
        case DaysTime():
            return _of_duration(value)
        case Range():
            return {
                "start": value.low,
                "end": value.high,
                "start included": value.low_included,
                "end included": value.high_included,
            }
    return {}


def _of_date(value: Date) -> dict[str, Value]:
    return {
        "year": Decimal(value.year),
        "month": Decimal(value.month),
        "day": Decimal(value.day),
        "weekday": Decimal((value.ordinal() + 3) % 7 + 1),
    }


def _of_time(value: Time, offset: int | None) -> dict[str, Value]:
    return {
        "hour": Decimal(value.hour),
        "minute": Decimal(value.minute),
        "second": Decimal(value.second),
        "time offset": None if offset is None else DaysTime(offset * SECOND),
        "timezone": value.zone,
    }


def _of_duration(value: DaysTime) -> dict[str, Value]:
    sign = -1 if value.nanoseconds < 0 else 1
    days, rest = divmod(abs(value.nanoseconds), DAY)
    seconds = rest // SECOND
    return {
        "days": Decimal(sign * days),
        "hours": Decimal(sign * (seconds // 3600)),
        "minutes": Decimal(sign * (seconds // 60 % 60)),
        "seconds": Decimal(sign * (seconds % 60)),
    }
