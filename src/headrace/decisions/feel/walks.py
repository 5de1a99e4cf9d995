"""What `for`, `some` and `every` walk: lists, ranges of whole numbers and of dates (Table 45)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from headrace.decisions.feel.calendar import Date
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import kind, order
from headrace.decisions.feel.values import Range, Value


def walk(source: Value, end: Value, notes: Notes, *, bounded: bool) -> Iterable[Value] | None:
    """The items to walk, or None with a note where there are none to find.

    Raises:
        FeelError: There are more than a run may walk.
    """
    if bounded:
        return _steps(source, end, notes)
    if isinstance(source, list):
        return source
    if isinstance(source, Range):
        return _range(source, notes)
    if source is None:
        notes.add("null cannot be walked")
        return None
    return [source]


def _range(span: Range, notes: Notes) -> Iterable[Value] | None:
    found = _steps(span.low, span.high, notes)
    if found is None:
        return None
    if (order(span.low, span.high) or 0) > 0:
        notes.add("A range that ends before it starts cannot be walked")
        return None
    items = list(found)
    first = 0 if span.low_included else 1
    return items[first:] if span.high_included else items[first:-1]


def _steps(start: Value, end: Value, notes: Notes) -> Iterable[Value] | None:
    if isinstance(start, Decimal) and isinstance(end, Decimal):
        low, high = _whole(start), _whole(end)
        if low is not None and high is not None:
            return map(Decimal, _counted(low, high, notes))
    elif isinstance(start, Date) and isinstance(end, Date):
        return map(Date.of_ordinal, _counted(start.ordinal(), end.ordinal(), notes))
    notes.add(f"From a {kind(start)} to a {kind(end)} nothing can be walked; whole numbers can")
    return None


def _whole(value: Decimal) -> int | None:
    if value.adjusted() > 30 or value != value.to_integral_value():
        return None
    return int(value)


def _counted(low: int, high: int, notes: Notes) -> range:
    notes.sized(abs(high - low) + 1)
    return range(low, high + 1) if high >= low else range(low, high - 1, -1)
