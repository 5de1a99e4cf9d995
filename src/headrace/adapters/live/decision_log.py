"""The log of live decisions read as a whole: its events, what was taken back, what was decided."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.adapters.folder import DiskFolder
from headrace.adapters.live.decisions import ALONE, BATCH, decisions_of, policies_in
from headrace.adapters.live.records import EVENTS, NOTE, ONE, VOIDS, Record, read_record
from headrace.adapters.segment_log import SegmentLog
from headrace.decisions.flow.in_force import InForce
from headrace.errors import InputError
from headrace.features.definition import FeatureSet
from headrace.workflows.late_truth import Taken, decided_table
from headrace.workflows.policies import Sheets, kept_features, kept_version

VERSIONS = "versions.json"


def opened_log(folder: Path) -> SegmentLog:
    """The log of a folder of live decisions, open to nobody else until it is closed.

    Raises:
        InputError: Nothing was decided in the folder.
        StorageError: It is in use or damaged.
    """
    if not (folder / "log").is_dir():
        raise _nothing(folder)
    return SegmentLog.open(folder / "log")


def kept_versions(folder: Path, sheets: Sheets) -> dict[str, InForce]:
    """The versions that decided, by digest.

    Raises:
        InputError: One cannot be read any more.
    """
    found = {}
    for kept in sorted(policies_in(folder).glob("*")):
        files, lateness = kept_files(folder, kept.name)
        found[kept.name] = kept_version(files, sheets, lateness)
    return found


def kept_files(folder: Path, digest: str) -> tuple[dict[str, bytes], timedelta]:
    """The files of a version, and its engine's lateness."""
    kept = DiskFolder(policies_in(folder) / digest)
    said = json.loads(kept.read(VERSIONS))
    files = {name: kept.read(name) for name in kept.names() if name != VERSIONS}
    return files, timedelta(seconds=said["lateness_seconds"])


def read_taken(folder: Path) -> tuple[Taken, FeatureSet]:
    """Everything a folder's log holds, and the feature definitions of the version in force last.

    Raises:
        StorageError: The folder is in use or damaged.
        InputError: Nothing was decided in it.
    """
    reading = _Reading()
    with opened_log(folder) as log:
        for number, payload in log.read(0):
            reading.take(number, read_record(payload))
    if not reading.decided:
        raise _nothing(folder)
    files, _ = kept_files(folder, reading.decided[-1]["in_force"])
    feature_set = kept_features(files)
    return reading.whole(feature_set), feature_set


def _nothing(folder: Path) -> InputError:
    return InputError(
        "nothing was decided here", where=str(folder), remedy="name a folder of live decisions"
    )


class _Reading:
    """A log on its way into tables."""

    def __init__(self) -> None:
        self.events: dict[str, list[pa.Table]] = {}
        self.alone: dict[str, list[dict[str, Any]]] = {}
        self.rows: dict[str, int] = {}
        self.voided: dict[str, list[pa.Table]] = {}
        self.decided: list[dict[str, Any]] = []
        self.table = ""
        self.last: tuple[int, str, int] = (-1, "", 0)  # record, table, first place

    def take(self, number: int, record: Record) -> None:
        if record.kind == EVENTS:
            self._add(number, record.table, record.events())
        elif record.kind == ONE:
            self._alone(number, record.table, record.event())
        elif record.kind == VOIDS:
            self.voided.setdefault(record.table, []).append(record.events())
        elif record.kind == NOTE and record.table in {BATCH, ALONE}:
            _, self.table, first = self.last
            for each in decisions_of(record):
                if each["effective"] and each["event"] == self.last[0]:
                    told = {name: each[name] for name in ("decision", "arm", "in_force", "action",
                                                          "moment")}  # fmt: skip
                    self.decided.append(told | {"place": first + each["row"]})

    def _add(self, number: int, table: str, events: pa.Table) -> None:
        self._settle(table)
        self.last = number, table, self.rows.get(table, 0)
        self.events.setdefault(table, []).append(events)
        self.rows[table] = self.rows.get(table, 0) + events.num_rows

    def _alone(self, number: int, table: str, event: dict[str, Any]) -> None:
        self.last = number, table, self.rows.get(table, 0)
        self.alone.setdefault(table, []).append(event)
        self.rows[table] = self.rows.get(table, 0) + 1

    def _settle(self, table: str) -> None:
        """Events that came one by one, as a table, before others come behind them."""
        if self.alone.get(table):
            self.events.setdefault(table, []).append(_together(self.alone.pop(table)))

    def whole(self, feature_set: FeatureSet) -> Taken:
        for left in list(self.alone):
            self._settle(left)
        events = {}
        for name, batches in self.events.items():
            table = feature_set.table_named(name)
            plain = [_plain(each, [table.time, table.known]) for each in batches]
            events[table.name] = pa.concat_tables(plain, promote_options="permissive")
        voided = {}
        for name, batches in self.voided.items():
            table = feature_set.table_named(name)
            if table.id is not None:
                ids = [each.select([table.id]) for each in batches]
                together = pa.concat_tables(ids, promote_options="permissive")
                voided[table.name] = together[table.id].combine_chunks()
        decided = decided_table(self.decided)
        return Taken(events, voided, decided, feature_set.table_named(self.table).name)


def _together(events: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for each in events for name in each)
    return pa.table({name: [each.get(name) for each in events] for name in names})


def _plain(events: pa.Table, times: list[str | None]) -> pa.Table:
    """Texts as texts, and times as timestamps: one by one they may come as microseconds."""
    for at, field in enumerate(events.schema):
        column = events.column(at)
        if pa.types.is_dictionary(field.type):
            events = events.set_column(at, field.name, column.cast(field.type.value_type))
        elif field.name in times:
            events = events.set_column(at, field.name, column.cast(pa.timestamp("us", "UTC")))
    return events
