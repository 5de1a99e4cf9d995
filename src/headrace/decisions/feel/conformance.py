"""Whether a value is of a type, and the conversions DMN makes to it (DMN 1.5, 10.3.2.9)."""

from __future__ import annotations

from headrace.decisions.feel.calendar import Date
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import kind, midnight
from headrace.decisions.feel.types import (
    ANY,
    ContextType,
    FunctionType,
    ListType,
    NamedType,
    RangeType,
    Type,
)
from headrace.decisions.feel.values import Function, Range, Value

ALIASES = {"dateTime": "date and time", "duration": "", "Any": "", "Null": "null"}
DURATIONS = ("days and time duration", "years and months duration")


def conforms(value: Value, wanted: Type, notes: Notes) -> bool:
    """Whether a value conforms to a type; null conforms to Null and Any alone here."""
    notes.spend(1)
    match wanted:
        case NamedType(name):
            return _is_named(value, name, notes)
        case ListType(element):
            return isinstance(value, list) and all(
                item is None or conforms(item, element, notes) for item in value
            )
        case RangeType(element):
            return isinstance(value, Range) and all(
                end is None or conforms(end, element, notes) for end in (value.low, value.high)
            )
        case ContextType(members):
            return isinstance(value, dict) and all(
                name in value and (value[name] is None or conforms(value[name], member, notes))
                for name, member in members
            )
        case FunctionType():
            return isinstance(value, Function) and _is_function(value, wanted)


def _is_named(value: Value, name: str, notes: Notes) -> bool:
    if name in notes.types:
        known = notes.types[name]
        return known(value) if callable(known) else conforms(value, known, notes)
    if name == "Any":
        return value is not None
    return kind(value) == ("null" if name == "Null" else name)


def _is_function(value: Function, wanted: FunctionType) -> bool:
    if len(value.parameters) != len(wanted.parameters):
        return False
    results = value.result or ANY
    if wanted.result not in (ANY, results):
        return False
    return all(
        (own or ANY) in (ANY, asked)
        for (_, own), asked in zip(value.parameters, wanted.parameters, strict=True)
    )


def coerced(value: Value, wanted: Type, notes: Notes) -> tuple[Value, bool]:
    """A value as a type, and whether it can be: [x] as x, x as [x], a date as its midnight.

    null can be anything.
    """
    if value is None or wanted == ANY or conforms(value, wanted, notes):
        return value, True
    if isinstance(wanted, ListType) and conforms(value, wanted.element, notes):
        return [value], True
    if isinstance(value, list) and len(value) == 1 and conforms(value[0], wanted, notes):
        return value[0], True
    if isinstance(value, Date) and conforms(midnight(value), wanted, notes):
        return midnight(value), True
    return None, False
