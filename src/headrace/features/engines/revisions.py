"""What late events and voids change: which values that were given before are others by now.

A value is given when an event arrives, by what is known then. An event that comes late, or is
taken back, changes what would have been given at the events after it: those are computed before
and after, and what differs is named.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.features import arithmetic
from headrace.features.columns import instants_of
from headrace.features.definition import ColumnType
from headrace.features.engines.stream import Live, Pushed, StreamEngine
from headrace.features.expressions import Values

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_INSTANT = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class Revised:
    """What came of a batch, and what it changed.

    Attributes:
        pushed: As from `StreamEngine.push` or `void`.
        changes: A row per value that is another now: "row", the first row given that has its key;
            "key", columns and values in words; "at", the time of the event at which it was given;
            "feature"; "before" and "after", null is missing. Sorted by row, time, and the order of
            definition. Values at an event that is itself taken back are not listed.
    """

    pushed: Pushed
    changes: pa.Table


def push(engine: StreamEngine, events: pa.Table, table: str = "") -> Revised:
    """As `StreamEngine.push`, and which values given at later events of the same table it changed.

    Arithmetic between features is named where all its parts have one key. Features that events of
    another table asked for are not: ask again with `read`. Values further back than the engine's
    lateness are not restated.

    Raises:
        InputError: As from `StreamEngine.push`; nothing was taken in.
    """
    return _revising(engine, events, table, engine.push)


def void(engine: StreamEngine, voids: pa.Table, table: str = "") -> Revised:
    """As `StreamEngine.void`, and which values given at later events it changed; as `push`."""
    return _revising(engine, voids, table, engine.void)


def _revising(
    engine: StreamEngine, given: pa.Table, table: str, do: Callable[[pa.Table, str], Pushed]
) -> Revised:
    name = engine.compiled.plan.feature_set.table_named(table).name
    watches = [
        _Watch(engine, live, given) for live in engine.spaces if live.space.table.name == name
    ]
    pushed = do(given, name)
    changes = pa.concat_tables([_NOTHING, *(watch.changes(given) for watch in watches)])
    order = [("row", "ascending"), ("at", "ascending"), ("place", "ascending")]
    return Revised(pushed, changes.sort_by(order).drop_columns(["place"]))


_NOTHING = pa.schema(
    [
        ("row", pa.int64()),
        ("key", pa.string()),
        ("at", _INSTANT),
        ("feature", pa.string()),
        ("before", pa.float64()),
        ("after", pa.float64()),
        ("place", pa.int64()),
    ]
).empty_table()


class _Watch:
    """The events of one space behind what comes in, and their values before it does."""

    def __init__(self, engine: StreamEngine, live: Live, given: pa.Table) -> None:
        self.live, self.plan = live, engine.compiled.plan
        words, good = live.reader.keys(given)
        times = instants_of(given, live.space.table.time, live.space.table.name)
        rows = np.flatnonzero(good)
        keys, first, inverse = np.unique(
            words[rows], axis=0, return_index=True, return_inverse=True
        )
        since = np.full(len(keys), np.iinfo(np.int64).max)
        np.minimum.at(since, inverse.ravel(), times[rows])
        self.keys, self.first_rows = np.ascontiguousarray(keys), rows[first]
        self.since = since
        self.events = live.store.rows_since(self.keys, since)
        self.before = self._values()

    def _values(self) -> dict[str, Floats]:
        """Features at the events watched, by what is known now."""
        found = self.live.restate(self.keys[self.events[:, 0]], self.events[:, 1:])
        values = dict(zip(self.live.names, found, strict=True))
        for definition in self.plan.arithmetic:
            if all(part in values for part in definition.parts):
                values[definition.name] = arithmetic.compute(definition, values)
        return values

    def changes(self, given: pa.Table) -> pa.Table:
        """What is another value by now."""
        after = self._values()
        stands = np.isin(
            _records(self.events), _records(self.live.store.rows_since(self.keys, self.since))
        )
        parts = [_NOTHING]
        for place, name in enumerate(self.plan.names):
            if name in after:
                one, two = self.before[name], after[name]
                same = (one == two) | (np.isnan(one) & np.isnan(two))
                changed = np.flatnonzero(stands & ~same)
                parts.append(self._named(given, name, place, changed, one[changed], two[changed]))
        return pa.concat_tables(parts)

    def _named(
        self, given: pa.Table, name: str, place: int, changed: Ints, before: Floats, after: Floats
    ) -> pa.Table:
        key, time = self.events[changed, 0], self.events[changed, 1]
        rows = self.first_rows[key]
        by = self.live.space.by
        found = self.live.reader.given_or_derived(given.take(pa.array(rows)), by)
        said = [
            ", ".join(f"{column} {value}" for column, value in zip(by, each, strict=True))
            for each in zip(*(_plain(found[column]) for column in by), strict=True)
        ]
        n = len(changed)
        arrays = [
            pa.array(rows, pa.int64()),
            pa.array(said, pa.string()),
            pa.array(time, pa.int64()).cast(_INSTANT),
            pa.array([name] * n, pa.string()),
            pa.array(before, pa.float64(), mask=np.isnan(before)),
            pa.array(after, pa.float64(), mask=np.isnan(after)),
            pa.array(np.full(n, place), pa.int64()),
        ]
        return pa.table(arrays, schema=_NOTHING.schema)


def _records(events: Ints) -> NDArray[np.void]:
    """Each row as one value, (n,)."""
    kind = [("key", np.int64), ("time", np.int64), ("place", np.int64)]
    return np.ascontiguousarray(events).view(kind).ravel()


def _plain(values: Values) -> list[object]:
    """A key column as a person would write it."""
    data = values.data
    if not isinstance(data, np.ndarray):
        return list(data.to_pylist())
    if values.type is ColumnType.FLAG:
        return [bool(each) for each in data]
    if values.type is ColumnType.NUMBER:
        return [Decimal(int(each)).scaleb(-values.places) for each in data]
    return list(data.tolist())
