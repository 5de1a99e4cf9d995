"""One decision of a folder of live decisions: its record, what made it, and the events before it.

The folder is read and not replayed: a decision says which record of the log holds its event, and
what came before that record is all it can have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.live.decision_log import kept_files
from headrace.adapters.live.decisions import ALONE, BATCH, decisions_of
from headrace.adapters.live.records import EVENTS, NOTE, ONE, VOIDS, Record, read_record
from headrace.adapters.segment_log import SegmentLog
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.record import read_batch
from headrace.errors import EvidenceError, InputError
from headrace.facts.localtime import instant_of
from headrace.features.definition import FeatureSet, Table
from headrace.features.engines.batch import History
from headrace.workflows.decision_facts import (
    Asked,
    FactsBehind,
    event_table,
    facts_behind,
    is_text,
    related,
)
from headrace.workflows.policies import Sheets, kept_features, kept_version

ReadLog = Callable[[int], Iterable[tuple[int, Record]]]
"""The records of a log from a number on; of an open folder that is `LiveFeatures.read_log`."""


@dataclass(frozen=True, eq=False)
class FoundDecision:
    """A decision of a log.

    Attributes:
        record: The one that was followed, as `headrace.decisions.flow.record.one_record` has it.
        others: Those of challengers and shadows about the same event, in the order of the log.
        version: What made it.
    """

    record: Mapping[str, Any]
    others: tuple[Mapping[str, Any], ...]
    version: InForce

    @property
    def feature_set(self) -> FeatureSet:
        """The definitions of its features."""
        return kept_features(self.version.files)


def find_decision(folder: Path, sheets: Sheets, decision: str, arm: str = "") -> FoundDecision:
    """A decision by its id.

    Args:
        folder: That of live decisions; nobody else may have it open.
        sheets: Reads workbooks among the files of the version.
        decision: The id.
        arm: Whose; empty: the one that was followed.

    Raises:
        InputError: There is none.
        EvidenceError: The version that made it cannot be read.
        StorageError: The folder is in use or damaged.
    """
    with _log(folder) as log:
        return find_in(_reading(log), folder, sheets, decision, arm)


def find_in(
    read: ReadLog, folder: Path, sheets: Sheets, decision: str, arm: str = ""
) -> FoundDecision:
    """As `find_decision`, in a folder that is open."""
    found = [each for _, record in read(0) for each in _of_id(record, decision)]
    wanted = [each for each in found if (each["arm"] == arm if arm else each["effective"])]
    if not wanted:
        raise InputError(
            f"There is no decision {decision!r}" + (f" of {arm}" if arm else ""),
            where=str(folder),
            remedy=f"It was made by {', '.join(each['arm'] for each in found)}"
            if found
            else "Give a decision's id, which is that of its event",
        )
    record = wanted[0]
    others = tuple(each for each in found if each is not record)
    return FoundDecision(record, others, _version(folder, record["in_force"], sheets))


def events_of(folder: Path, found: FoundDecision, names: Iterable[str]) -> tuple[FactsBehind, ...]:
    """The events behind the inputs of a decision.

    Args:
        folder: That of live decisions.
        found: The decision.
        names: Inputs; those that are no feature are passed over.

    Raises:
        EvidenceError: The log does not hold the event of the decision.
        StorageError: The folder is in use or damaged.
    """
    with _log(folder) as log:
        return events_in(_reading(log), folder, found, names)


def events_in(
    read: ReadLog, folder: Path, found: FoundDecision, names: Iterable[str]
) -> tuple[FactsBehind, ...]:
    """As `events_of`, in a folder that is open."""
    number, row = found.record["event"], found.record["row"]
    event = next((record for at, record in read(number) if at == number), None)
    if event is None or event.kind not in {EVENTS, ONE}:
        raise EvidenceError(
            f"The log holds no event for decision {found.record['decision']}",
            where=f"{folder}, record {number}",
            remedy="Give the folder that the decision was made in",
        )
    history = _History(found.feature_set, event.table, _rows(event).slice(row, 1))
    for at, record in read(0):
        if at > number:
            break
        history.take(record, until=row if at == number else None)
    whole = history.whole()
    asked = Asked(history.own.name, history.event, instant_of(found.record["moment"]))
    return facts_behind(found.feature_set, whole, asked, names)


class _History:
    """What came in before an event and is of its keys."""

    def __init__(self, feature_set: FeatureSet, table: str, event: pa.Table) -> None:
        self.feature_set = feature_set
        self.own = feature_set.table_named(table)
        self.event = event_table(self.own, event)
        self.events: dict[str, list[pa.Table]] = {}
        self.voids: dict[str, list[pa.Table]] = {}

    def take(self, record: Record, *, until: int | None) -> None:
        """Keep what counts; of the event's own record the rows up to it."""
        if record.kind not in {EVENTS, ONE, VOIDS}:
            return
        try:
            table = self.feature_set.table_named(record.table)
        except InputError:  # another version read it
            return
        if record.kind == VOIDS:
            self.voids.setdefault(table.name, []).append(record.events())
            return
        rows = event_table(table, _rows(record))
        rows = rows if until is None else rows.slice(0, until + 1)
        kept = related(self.feature_set, table.name, rows, self.event)
        self.events.setdefault(table.name, []).append(kept)

    def whole(self) -> History:
        """All of it, the event last; a table of which nothing came in has no rows."""
        parts = {}
        for table in self.feature_set.tables:
            given = self.events.get(table.name) or [_like(self.event, table)]
            gone = _ids_of(self.voids.get(table.name, []), table)
            parts[table.name] = [_without(each, gone, table) for each in given] if gone else given
        for name in _mixed([self.event, *(each for some in parts.values() for each in some)]):
            asked = self.event[name][0].as_py() if name in self.event.column_names else None
            parts = {at: [_as_text(each, name, asked) for each in some]
                     for at, some in parts.items()}  # fmt: skip
            self.event = _as_text(self.event, name, asked)
        return History({name: _joined(some) for name, some in parts.items()})


def _ids_of(voids: list[pa.Table], table: Table) -> set[tuple[Any, ...]]:
    """What names the events that had been taken back: id and time, as far as both are given."""
    gone = set()
    for each in voids:
        plain = event_table(table, each)
        gone |= set(zip(*(plain[name].to_pylist() for name in _naming(each, table)), strict=True))
    return gone


def _naming(voids: pa.Table, table: Table) -> list[str]:
    names = (table.id, table.time)
    return [name for name in names if name is not None and name in voids.column_names]


def _without(events: pa.Table, gone: set[tuple[Any, ...]], table: Table) -> pa.Table:
    """Events without those that had been taken back."""
    names = _naming(events, table)
    there = zip(*(events[name].to_pylist() for name in names), strict=True)
    return events.filter(pa.array([each not in gone for each in there], pa.bool_()))


def _mixed(tables: list[pa.Table]) -> list[str]:
    """Columns that hold texts in one table and whole numbers in another."""
    texts, numbers = set[str](), set[str]()
    for table in tables:
        for name, column in zip(table.column_names, table.columns, strict=True):
            if is_text(column.type):
                texts.add(name)
            elif pa.types.is_integer(column.type):
                numbers.add(name)
    return sorted(texts & numbers)


def _as_text(events: pa.Table, name: str, asked: object) -> pa.Table:
    """A column of whole numbers and texts as texts.

    A value that only looks like the event's own, 7 beside "7", is put into quotation marks, so that
    it is not taken for the same.
    """
    if name not in events.column_names:
        return events
    values = [
        None if value is None
        else f'"{value}"' if str(value) == str(asked) and type(value) is not type(asked)
        else str(value)
        for value in events[name].to_pylist()
    ]  # fmt: skip
    at = events.column_names.index(name)
    return events.set_column(at, name, pa.array(values, pa.string()))


def _like(event: pa.Table, table: Table) -> pa.Table:
    """No rows, with the columns of an event and the times of another table."""
    empty = event.slice(0, 0)
    for name in (table.known, table.time):
        if name is not None and name not in empty.column_names:
            empty = empty.append_column(name, pa.array([], pa.timestamp("us", "UTC")))
    return empty


def _joined(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="permissive")


def _rows(record: Record) -> pa.Table:
    return pa.Table.from_pylist([record.event()]) if record.kind == ONE else record.events()


def _of_id(record: Record, decision: str) -> Iterator[Mapping[str, Any]]:
    """The decisions of a note with this id."""
    if record.kind != NOTE:
        return
    if record.table == ALONE:
        yield from (each for each in decisions_of(record) if each["decision"] == decision)
    elif record.table == BATCH:
        with pa.ipc.open_stream(pa.py_buffer(record.body)) as reader:
            table = reader.read_all()
        yield from read_batch(table.filter(pc.equal(table["decision"], decision)))


def _version(folder: Path, digest: str, sheets: Sheets) -> InForce:
    try:
        files, lateness = kept_files(folder, digest)
        return kept_version(files, sheets, lateness)
    except (InputError, LookupError, OSError, TypeError, ValueError) as error:
        raise EvidenceError(
            f"The version that decided cannot be read: {error}",
            where=f"{folder}, {digest}",
            remedy="Restore its files; `headrace replay` names what was changed",
        ) from error


def _reading(log: SegmentLog) -> ReadLog:
    return lambda first: ((number, read_record(payload)) for number, payload in log.read(first))


def _log(folder: Path) -> SegmentLog:
    if not (folder / "log").is_dir():
        raise InputError(
            "The folder holds no live decisions", where=str(folder), remedy="Name one that does"
        )
    return SegmentLog.open(folder / "log")
