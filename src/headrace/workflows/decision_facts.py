"""The events behind the numbers of a decision, as the log stood when it was made.

A decision saw what had come in before it, the event it was asked about included. So the history
given here ends with that event, and what had come in by then counts, whatever its known time says:
the engine had it. What the log holds after that is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.features.definition import Current, Definition, FeatureSet, Measure, Table
from headrace.features.engines.batch import History
from headrace.features.explain import events_behind

EVENTS_SHOWN = 5


@dataclass(frozen=True)
class Counted:
    """The events of one measure.

    Attributes:
        measure: Its name.
        definition: Read aloud.
        table: The table of the events.
        count: How many stood in the window and passed the filter.
        first: When the first of them happened, ISO 8601; None where there is none.
        last: When the last did.
        newest: The newest of them, newest first.
    """

    measure: str
    definition: str
    table: str
    count: int
    first: str | None
    last: str | None
    newest: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class FactsBehind:
    """What a number was computed from.

    Attributes:
        feature: Its name.
        definition: Read aloud.
        parts: The measures it rests on.
    """

    feature: str
    definition: str
    parts: tuple[Counted, ...]


@dataclass(frozen=True, eq=False)
class Asked:
    """The event that was decided.

    Attributes:
        table: The name of its table.
        event: It alone, one row, with the columns of the table.
        moment: Of the decision, UTC.
    """

    table: str
    event: pa.Table
    moment: datetime


def facts_behind(
    feature_set: FeatureSet, history: History, asked: Asked, names: Iterable[str]
) -> tuple[FactsBehind, ...]:
    """The events behind each feature that a decision read.

    Args:
        feature_set: The definitions that were in force.
        history: What had come in and had not been taken back, in that order; the last row of the
            event's table is the event itself. Rows that `related` leaves out may be missing.
        asked: The event.
        names: Features; what is none, such as a column of the event, is passed over.
    """
    known: dict[str, Definition] = {each.name: each for each in feature_set.definitions}
    found = []
    for name in names:
        if name in known:
            measures = dict.fromkeys(feature_set.measures_behind(name))
            parts = tuple(_counted(feature_set, each, history, asked) for each in measures)
            found.append(FactsBehind(name, known[name].read_aloud(), parts))
    return tuple(found)


def related(feature_set: FeatureSet, table: str, events: pa.Table, event: pa.Table) -> pa.Table:
    """The rows of a table that share a key with the event: no other stands behind its numbers."""
    keys = {
        feature_set.key_of(each)
        for each in feature_set.definitions
        if isinstance(each, Measure) and feature_set.table_of(each).name == table
    }
    if not keys or not events.num_rows:
        return events.slice(0, 0)
    masks = [_same(events, event, columns) for columns in keys]
    return events.filter(reduce(pc.or_, masks))


def event_table(table: Table, rows: pa.Table) -> pa.Table:
    """The columns of events that features read, as plain types, so that batches can be joined."""
    names = [table.time, table.known, table.id, *(column.name for column in table.columns)]
    columns = {}
    for name in names:
        if name is not None and name in rows.column_names:
            column = rows[name]
            is_coded = pa.types.is_dictionary(column.type)
            column = column.cast(column.type.value_type) if is_coded else column
            if name in {table.time, table.known}:  # one by one they may come as microseconds
                column = column.cast(pa.timestamp("us", "UTC"))
            columns[name] = column
    return pa.table(columns)


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _same(events: pa.Table, event: pa.Table, columns: tuple[str, ...]) -> pa.Array:
    """Which rows have the event's values; a key that the engine derives is not looked at.

    A text and a whole number are never the same: the engine takes 7 and "7" for two names.
    """
    same = pa.array(np.ones(events.num_rows, np.bool_))
    for name in columns:
        if name in events.column_names and name in event.column_names:
            if is_text(events[name].type) != is_text(event[name].type):
                return pa.array(np.zeros(events.num_rows, np.bool_))
            equal = pc.equal(events[name], event[name][0].cast(events[name].type))
            equal = pc.fill_null(equal, fill_value=False)
            same = pc.and_(same, equal)
    return same.combine_chunks() if isinstance(same, pa.ChunkedArray) else same


def _counted(feature_set: FeatureSet, measure: Measure, history: History, asked: Asked) -> Counted:
    table = feature_set.table_of(measure)
    events = history.events[table.name]
    if table.name == asked.table and measure.current is Current.EXCLUDED:
        events = events.slice(0, events.num_rows - 1)
    seen = History({table.name: _known_by(events, table, asked.moment)})
    key = asked.event.select(list(feature_set.key_of(measure)))
    rows = events_behind(feature_set, measure, seen, key, asked.moment)
    found = events.take(pa.array(rows)).sort_by([(table.time, "descending")])
    times = [_told(each) for each in found[table.time].to_pylist()]
    return Counted(
        measure.name,
        measure.read_aloud(),
        table.name,
        len(rows),
        times[-1] if times else None,
        times[0] if times else None,
        tuple(_rows(found.slice(0, EVENTS_SHOWN))),
    )


def _known_by(events: pa.Table, table: Table, moment: datetime) -> pa.Table:
    """The same events, none of them known later than a moment: they had come in."""
    if table.known is None:
        return events
    known = events[table.known]
    limit = pa.scalar(moment, pa.timestamp("us", "UTC")).cast(known.type)
    capped = pc.if_else(pc.greater(known, limit), limit, known)
    return events.set_column(events.column_names.index(table.known), table.known, capped)


def _rows(events: pa.Table) -> Iterator[dict[str, Any]]:
    for row in events.to_pylist():
        yield {name: _told(value) for name, value in row.items() if value is not None}


def _told(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if hasattr(value, "isoformat") else value
