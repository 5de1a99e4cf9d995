"""Which values that were given are others by now, and which late row or void made them so.

What was known at the beginning is taken in as it is. What became known afterwards is taken in in
the order in which it did; a row that came late, and one that takes another back, is taken in alone,
so that every value it changes has one cause.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import instant_of, local_from_utc, microseconds
from headrace.features.columns import Refused, instants_of
from headrace.features.compile import compile_plan
from headrace.features.definition import FeatureSet, Table
from headrace.features.engines import revisions
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import Plan
from headrace.workflows.feature_explain import local_text, read_key
from headrace.workflows.features import Given, quarantine_of

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
EVER = timedelta(days=130 * 366)  # the years 1970 to 2099: nothing is too late to be exact
VALUES_MAX = 2_000_000
EVENT, VOID = "event", "void"
_CLOCK = pa.timestamp("us")
CHANGES = pa.schema(
    [
        pa.field("known", _CLOCK),
        pa.field("cause", pa.string()),
        pa.field("table", pa.string()),
        pa.field("id", pa.string()),
        pa.field("file_row", pa.int64()),
        pa.field("time", _CLOCK),
        pa.field("key", pa.string()),
        pa.field("at", _CLOCK),
        pa.field("feature", pa.string()),
        pa.field("before", pa.float64()),
        pa.field("after", pa.float64()),
    ]
)
"""A row per changed value; the times are on the clock of the table's zone.

known: When the cause became known.
cause: "event", which came late, or "void".
table, id, file_row: Which row it is; the id is null where the table has none.
time: When the event happened that came late or was taken back.
key, at, feature: Which value: whose, and the time of the event at which it was given.
before, after: Null is missing.
"""


@dataclass(frozen=True)
class Period:
    """What is looked at: all that became known after `since`, up to and with `until`.

    Attributes:
        since: UTC.
        until: UTC; None: to the end of what is given.
    """

    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Raises InputError where it ends before it begins."""
        if self.until is not None and self.until <= self.since:
            raise InputError(
                "the end is not after the beginning",
                where="--since, --until",
                remedy="leave --until out: to the end of what is given",
            )


@dataclass(frozen=True)
class Cause:
    """A late event or a void that changed values.

    Attributes:
        what: EVENT or VOID.
        table: Its table.
        id: Its id; None where the table has none.
        file_row: Its data row in its file, from 1.
        time: When the event happened, UTC.
        known: When it became known that it had, or that it is taken back, UTC.
        zone: Of the table.
        values: How many values it changed.
    """

    what: str
    table: str
    id: str | None
    file_row: int
    time: datetime
    known: datetime
    zone: str
    values: int

    def to_dict(self) -> dict[str, Any]:
        """For --json, with its times on the clock of its zone."""
        times = {name: local_text(getattr(self, name), self.zone) for name in ("time", "known")}
        return asdict(self) | times


@dataclass(frozen=True)
class Account:
    """What was taken in of the period.

    Attributes:
        events: Events that became known.
        late: Those of them that came after a later event of their key.
        voids: Rows that take an event back.
    """

    events: int
    late: int
    voids: int


@dataclass(frozen=True)
class Revisions:
    """What changed in a period.

    Attributes:
        period: Which.
        changes: See CHANGES; in order of the causes, then by key, time and feature.
        causes: Those that changed something, in the order in which they became known.
        account: What was taken in.
        keys: How many keys have a changed value.
        untold: Features that are made of several keys or tables: their changes are not listed.
        quarantine: See `workflows.features.QUARANTINE`.
    """

    period: Period
    changes: pa.Table
    causes: tuple[Cause, ...]
    account: Account
    keys: int
    untold: tuple[str, ...]
    quarantine: pa.Table

    def to_dict(self) -> dict[str, Any]:
        """For --json, without the changes."""
        return {
            "values": self.changes.num_rows,
            "keys": self.keys,
            "events": self.account.events,
            "late": self.account.late,
            "voids": self.account.voids,
            "untold": list(self.untold),
            "causes": [each.to_dict() for each in self.causes],
        }


# --- whose ----------------------------------------------------------------------------------------


def of_key(feature_set: FeatureSet, text: str) -> tuple[FeatureSet, dict[str, str]]:
    """The features of one key, and that key: column and value.

    Args:
        feature_set: Where they are defined.
        text: "E12" where all features have one column as key, else "buyer=B7" or "a=7,b=9".

    Raises:
        InputError: No feature has such a key, or it is not said which is meant.
    """
    keys: dict[tuple[str, ...], list[str]] = {}
    for definition in feature_set.definitions:
        found = _spaces_behind(feature_set, definition.name)
        if len(found) == 1:
            keys.setdefault(found.pop()[1], []).append(definition.name)
    named = {part.partition("=")[0].strip() for part in text.split(",")}
    fits = [columns for columns in keys if set(columns) == named] or list(keys)
    if len(fits) != 1:
        choice = "; or ".join(",".join(f"{name}=…" for name in columns) for columns in keys)
        problem = "the features have several keys" if keys else "no feature has one key"
        raise InputError(problem, where=f"--key {text}", remedy=choice or "leave it out")
    return feature_set.only(keys[fits[0]]), read_key(text, fits[0])


def only_key(given: Given, key: Mapping[str, str]) -> Given:
    """The rows of one key."""
    mask = np.ones(given.columns.num_rows, np.bool_)
    for name, value in key.items():
        same = pc.equal(_plain(given.columns[name]).cast(pa.string()), value)
        mask &= np.asarray(pc.fill_null(same, fill_value=False).to_numpy(), np.bool_)
    kept = pa.array(mask)
    return replace(
        given,
        columns=given.columns.filter(kept),
        original=given.original.filter(kept),
        rows=given.rows[mask],
    )


def check(plan: Plan) -> None:
    """Refuse definitions whose revisions cannot be told.

    Raises:
        InputError: A table does not say when its events became known; or a key is derived.
    """
    for space in plan.spaces:
        table = space.table
        if table.known is None:
            raise InputError(
                f"events of table {table.name!r} do not say when they became known, so none is "
                "late",
                where=f"table {table.name}",
                remedy="name that column in its definition, `known: COLUMN`, or leave the features "
                "of this table out: --feature NAME for each of the others",
            )
        derived = sorted({each.name for each in table.derived} & set(space.by))
        if derived:
            raise InputError(
                f"{derived[0]!r} is a key and derived, and keys are compared as they are given",
                where=f"table {table.name}",
                remedy="leave its features out: --feature NAME for each of the others",
            )


def _spaces_behind(feature_set: FeatureSet, name: str) -> set[tuple[str, tuple[str, ...]]]:
    """The tables and keys that a feature is made of."""
    return {
        (feature_set.table_of(measure).name, feature_set.key_of(measure))
        for measure in feature_set.measures_behind(name)
    }


# --- what changed ---------------------------------------------------------------------------------


def revise(
    plan: Plan, events: Mapping[str, Given], voids: Mapping[str, Given], period: Period
) -> Revisions:
    """Every value that what became known in a period changed, with the row that changed it.

    Args:
        plan: What is computed.
        events: By table name.
        voids: The same.
        period: When what is looked at became known.

    Raises:
        InputError: As from `check`; or more than VALUES_MAX values changed.
    """
    check(plan)
    desk = _Desk(plan, period)
    for table in {space.table.name: space.table for space in plan.spaces}.values():
        desk.take_in(_Queue.of(table, events[table.name], voids.get(table.name)))
    found = sorted(desk.found, key=lambda each: each[0].known)
    changes = pa.concat_tables([CHANGES.empty_table(), *(part for _, part in found)])
    features = plan.feature_set
    return Revisions(
        period,
        changes,
        tuple(cause for cause, _ in found),
        Account(desk.events, desk.late, desk.voids),
        len(changes["key"].unique()),
        tuple(
            each.name
            for each in features.definitions
            if len(_spaces_behind(features, each.name)) > 1
        ),
        quarantine_of(desk.refused, events, voids),
    )


@dataclass(frozen=True)
class _Part:
    """Events or voids of a table, in the order in which they became known.

    Attributes:
        name: Of the file, as the quarantine names it.
        facts: As the engine takes them.
        places: Where each stands in what was given, (n,).
        file_rows: Data row of each in its file, (n,).
        known: Microseconds, (n,).
    """

    name: str
    facts: pa.Table
    places: Ints
    file_rows: Ints
    known: Ints

    @classmethod
    def of(cls, table: Table, given: Given) -> "_Part":
        known = instants_of(given.columns, str(table.known), given.name)
        order = np.argsort(known, kind="stable")
        # One piece each, and no dictionaries: they are cut into single rows.
        names = given.columns.column_names
        columns = [_plain(given.columns[name]).take(pa.array(order)) for name in names]
        facts = pa.table([each.combine_chunks() for each in columns], names=names)
        return cls(given.name, facts, order, given.rows[order], known[order])


@dataclass(frozen=True)
class _Queue:
    """Everything given of one table, in the order in which it became known.

    Attributes:
        table: Which.
        parts: Events, then voids.
        which: Of which part each fact is, (n,).
        place: Where it stands in that part, (n,).
        known: Microseconds, (n,).
    """

    table: Table
    parts: tuple[_Part, ...]
    which: Ints
    place: Ints
    known: Ints

    @classmethod
    def of(cls, table: Table, events: Given, voids: Given | None) -> "_Queue":
        parts = tuple(_Part.of(table, each) for each in (events, voids) if each is not None)
        which = np.repeat(np.arange(len(parts)), [len(part.known) for part in parts])
        place = np.concatenate([np.arange(len(part.known)) for part in parts])
        known = np.concatenate([part.known for part in parts])
        order = np.argsort(known, kind="stable")
        return cls(table, parts, which[order], place[order], known[order])


class _Desk:
    """Takes facts in, and notes what each of them changed."""

    def __init__(self, plan: Plan, period: Period) -> None:
        self.engine = StreamEngine(compile_plan(plan), lateness=EVER)
        self.period = period
        self.found: list[tuple[Cause, pa.Table]] = []
        self.refused: list[tuple[str, Refused]] = []
        self.events = self.late = self.voids = self.values = 0

    def take_in(self, queue: _Queue) -> None:
        """One table: what was known silently, the rest in order."""
        until = self.period.until
        begin = int(np.searchsorted(queue.known, microseconds(self.period.since), side="right"))
        end = len(queue.known)
        if until is not None:
            end = int(np.searchsorted(queue.known, microseconds(until), side="right"))
        for which in range(len(queue.parts)):
            self._silently(queue, which, 0, int(np.sum(queue.which[:begin] == which)))
        alone = queue.which > 0
        alone[~alone] = _late(self.engine, queue)
        self.voids += int(np.sum(queue.which[begin:end] > 0))
        self.events += int(np.sum(queue.which[begin:end] == 0))
        for first, last in _runs(alone[begin:end]):
            at = begin + first
            which, place = int(queue.which[at]), int(queue.place[at])
            if alone[at]:
                self._alone(queue, which, place)
            else:
                self._silently(queue, which, place, last - first)

    def _silently(self, queue: _Queue, which: int, first: int, count: int) -> None:
        if count:
            part, name = queue.parts[which], queue.table.name
            do = self.engine.void if which else self.engine.push
            self._set_aside(part, first, do(part.facts.slice(first, count), name).refused)

    def _alone(self, queue: _Queue, which: int, place: int) -> None:
        part, table = queue.parts[which], queue.table
        do = revisions.void if which else revisions.push
        fact = part.facts.slice(place, 1)
        revised = do(self.engine, fact, table.name)
        self.late += revised.pushed.late.size
        self._set_aside(part, place, revised.pushed.refused)
        if not revised.changes.num_rows:
            return
        self.values += revised.changes.num_rows
        if self.values > VALUES_MAX:
            raise InputError(
                f"more than {VALUES_MAX:,} values changed",
                where="--since, --until",
                remedy="ask about a shorter time, fewer features (--feature) or one key (--key)",
            )
        cause = Cause(
            VOID if which else EVENT,
            table.name,
            None if table.id is None else str(fact[table.id][0].as_py()),
            int(part.file_rows[place]),
            instant_of(int(instants_of(fact, table.time, table.name)[0])),
            instant_of(int(part.known[place])),
            table.zone,
            revised.changes.num_rows,
        )
        self.found.append((cause, _told(cause, revised.changes)))

    def _set_aside(self, part: _Part, first: int, refused: Sequence[Refused]) -> None:
        for each in refused:
            places = part.places[first + each.rows]
            self.refused.append((part.name, Refused(each.column, each.reason, places)))


def _late(engine: StreamEngine, queue: _Queue) -> Mask:
    """Events that trail an earlier one of any of their keys, in their order, (n,).

    An event that was refused, repeated or taken back counts as an earlier one here: what trails it
    is taken in alone without need, and changes nothing.
    """
    events = queue.parts[0].facts
    times = instants_of(events, queue.table.time, queue.table.name)
    late = np.zeros(len(times), np.bool_)
    for live in engine.spaces:
        if live.space.table.name == queue.table.name and len(times):
            keys, good = live.reader.keys(events)
            late[good] |= _trailing(keys[good], times[good])
    return late


def _trailing(keys: Ints, times: Ints) -> Mask:
    """Which rows have an earlier row of their key with a later time; (n, 2), (n,) to (n,)."""
    number = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    moments, rank = np.unique(times, return_inverse=True)
    order = np.argsort(number, kind="stable")
    # Ranks of one key lie above all those of the key before it, so its maximum starts anew.
    height = number[order] * len(moments) + rank.ravel()[order]
    trails = np.empty(len(times), np.bool_)
    trails[order] = height < np.maximum.accumulate(height)
    return trails


def _runs(alone: Mask) -> Iterator[tuple[int, int]]:
    """Bounds of rows that are taken in together: each that stands alone, and those between."""
    begin = 0
    for at in np.flatnonzero(alone).tolist():
        if begin < at:
            yield begin, at
        yield at, at + 1
        begin = at + 1
    if begin < len(alone):
        yield begin, len(alone)


def _told(cause: Cause, changes: pa.Table) -> pa.Table:
    """Changes with their cause, by key and time; features in order of definition."""
    changes = changes.sort_by([("key", "ascending"), ("at", "ascending")])
    n = changes.num_rows
    instants = [microseconds(cause.known), microseconds(cause.time)]
    known, time = local_from_utc(np.array(instants, np.int64), cause.zone).tolist()
    at = np.asarray(changes["at"].cast(pa.int64()).to_numpy(), np.int64)
    columns = {
        "known": pa.array(np.full(n, known)).cast(_CLOCK),
        "cause": pa.repeat(pa.scalar(cause.what), n),
        "table": pa.repeat(pa.scalar(cause.table), n),
        "id": pa.repeat(pa.scalar(cause.id, pa.string()), n),
        "file_row": pa.repeat(pa.scalar(cause.file_row, pa.int64()), n),
        "time": pa.array(np.full(n, time)).cast(_CLOCK),
        "at": pa.array(local_from_utc(at, cause.zone)).cast(_CLOCK),
    }
    columns |= {name: changes[name] for name in ("key", "feature", "before", "after")}
    return pa.table([columns[name] for name in CHANGES.names], schema=CHANGES)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column
