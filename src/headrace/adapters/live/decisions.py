"""Decisions in flight: an event comes in, features move, the policy decides, all of it durable.

Events and the decisions made of them stand in one log, each batch of decisions right behind its
events, so one sync of the disk acknowledges both, and a decision is never without its event. A
process that was killed between the two decides what is left when it is opened again.

A log is decided by what is in force; another version takes over between two batches, so that every
decision is made by exactly one. What each version was is kept in `policies/DIGEST/` in the folder.
"""

from __future__ import annotations

import json
import re
import threading
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.adapters.folder import DiskFolder
from headrace.adapters.live.decision_ids import FRESH_MAX, NOWHERE, DecisionIds, add_all, hash_of
from headrace.adapters.live.features import LiveFeatures, UnacknowledgedError
from headrace.adapters.live.records import EVENTS, NOTE, ONE, Positions, Record
from headrace.adapters.repeated_events import ANOTHER, Repeats, at_places, other_events, spread
from headrace.adapters.segment_log import StorageError
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.lists import text_of
from headrace.decisions.flow.program import Ask
from headrace.decisions.flow.record import (
    Batch,
    Made,
    batch_record,
    canonical,
    made_of,
    one_record,
    read_batch,
)
from headrace.decisions.flow.rollout import CHAMPION, Deployment, place_of, places_of
from headrace.decisions.program.columns import Column, missing, read_column
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.features.engines.stream import Pushed, PushedOne
from headrace.features.kernels import codes

BATCH, ALONE, VERSION = "decisions", "decision", "in force"
_OURS = re.compile(r"#(\d+)-\d+")  # the name of an event that brings none, see `_name`
Moments = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Decisions:
    """What was decided about a batch of events.

    Attributes:
        table: One row a decision that is followed: decision, row (of the event in the batch), arm,
            action, decided_by, reason.
        pushed: What came of the events: those refused have no decision; those that came before
            have the one they got then.
        records: What was decided now and is followed, as it stands in the log, see
            `record.batch_record`.
        before: By row of the batch, the decision of each event that came before.
    """

    table: pa.Table
    pushed: Pushed
    records: tuple[pa.Table, ...] = ()
    before: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


class LiveDecisions:
    """Live features with a policy on them. A context manager; any thread may decide.

    Attributes:
        live: The features.
        recovered: Decisions that were made when it was opened, for events that had none.
        heard: Called with every decision that is made and followed, a row each, see
            `Decisions.table`; not yet on the disk.
    """

    def __init__(
        self,
        open_live: Callable[[Callable[[int, Record, Any], None]], LiveFeatures],
        deployment: Deployment[InForce],
        table: str,
        ask: Ask | None = None,
    ) -> None:
        """Open, and decide what was left.

        Args:
            open_live: Opens the live features, and tells what it replays to what it is given.
            deployment: What is in force.
            table: Events of this table are decided; those of others only move features.
            ask: Asks models; None waits for them.
        """
        self._table, self._ask = table, ask
        self._turn = threading.Lock()
        self._since = perf_counter()
        self.heard: Callable[[pa.Table], None] | None = None
        self._replayed_ids = array("Q"), array("q")  # hashes, and records: what opening reads
        self._writing: threading.Thread | None = None
        self._left: tuple[int, Callable[[], Any], Pushed | PushedOne] | None = None
        self._done: set[int] = set()  # rows of it that have a decision
        self._written: set[str] = set()
        self.live = open_live(self._replayed)
        try:
            schema = self.live.engine.compiled.plan.feature_set
            self._id = next(each.id for each in schema.tables if each.name == table)
            self._time = next(each.time for each in schema.tables if each.name == table)
            self._ids = self._known_ids()
            self._deploy(deployment)
            self.recovered = self._decide_left()
            self.live.commit()
        except BaseException:
            self.live.close()
            raise

    @property
    def deployment(self) -> Deployment[InForce]:
        """What is in force."""
        return self._deployment

    def decides(self, table: str) -> bool:
        """Whether events of a table are decided; "" where the plan has one."""
        return self.live.engine.compiled.plan.feature_set.table_named(table).name == self._table

    def deploy(self, deployment: Deployment[InForce]) -> None:
        """Go over to another version between two decisions; durable before the first of them."""
        with self._turn:
            self._deploy(deployment)
        self.live.commit()

    def decide(self, events: pa.Table) -> Decisions:
        """Take events in and decide them; durable.

        Raises:
            InputError: A column is missing or holds another type; nothing was taken in.
            UnacknowledgedError: Taken in and decided, but not durable.
            StorageError: The disk took nothing.
        """
        found = self.submit(events)
        self.live.commit()
        return found

    def submit(self, events: pa.Table, positions: Positions | None = None) -> Decisions:
        """As `decide`, without waiting for the disk: `commit` before anybody is told."""
        with self._turn:
            self._since = perf_counter()
            self._decide_left()
            repeats = self._repeats(events)
            if not repeats:
                found = self._submit(events, positions)
            else:
                found = self._submit_left(events, positions, repeats)
            self._write_ids()
            return found

    def _submit(self, events: pa.Table, positions: Positions | None) -> Decisions:
        pushed, number = self.live.submit_numbered(events, self._table, positions)
        rows = np.flatnonzero(_added(pushed))
        self._done = set()
        try:
            told, records = self._arms(events, pushed.table, rows, number)
        except BaseException as error:
            raise self._left_over(error, (number, lambda: events, pushed)) from error
        rows = np.flatnonzero((pushed.outcome >= 0) & ~_added(pushed))
        before = self._decided_before(events, rows)
        told += _again(before)
        table = pa.concat_tables(told) if told else FOLLOWED.empty_table()
        return Decisions(table, pushed, tuple(records), before)

    def _submit_left(
        self, events: pa.Table, positions: Positions | None, repeats: Repeats
    ) -> Decisions:
        """Take in what was not decided before; told by the places of the whole batch."""
        left = repeats.left(events.num_rows)
        found = self._submit(events.take(pa.array(left)), positions)
        before = {int(left[row]): each for row, each in found.before.items()}
        before.update(repeats.before)
        table = pa.concat_tables([*at_places([found.table], left), *_again(repeats.before)])
        records = tuple(at_places(found.records, left))
        pushed = spread(found.pushed, repeats, left, events.num_rows, self._id or "")
        return Decisions(table, pushed, records, before)

    def commit(self) -> None:
        """Make everything taken in and decided durable."""
        if self._left is not None:
            with self._turn:
                self._decide_left()
        self.live.commit()

    def snapshot(self) -> Path:
        """As `LiveFeatures.snapshot`, between two decisions: no event before it is undecided."""
        with self._turn:
            self._decide_left()
            self._stop_writing()
            self._ids.leave()
            self.live.commit()
            self._ids.write(self.live.records)
            return self.live.snapshot()

    def decide_one(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Take one event in and decide it; durable.

        Returns:
            The decision as plain values, see `record.one_record`.

        Raises:
            InputError: The event cannot be taken in.
            UnacknowledgedError: Taken in and decided, but not durable.
        """
        record, sequence = self.submit_one(event)
        self.live.wait(sequence)
        return record

    def submit_one(self, event: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """As `decide_one`, without waiting for the disk.

        Returns:
            The decision, and the number to `wait` for before anybody is told.
        """
        with self._turn:
            self._since = perf_counter()
            self._decide_left()
            before = None if event.get(self._time) is None else self._before(event)
            if before is not None:
                if before["moment"] != self._moment(event):
                    raise InputError(f"the id {before['decision']!r} {ANOTHER}", where=self._table)
                return before, self.live.records - 1
            pushed, number = self.live.submit_one(event, self._table)
            self._done = set()
            try:
                found = self._alone(event, pushed, number)
                self._write_ids()
                return found
            except BaseException as error:
                raise self._left_over(error, (number, lambda: event, pushed)) from error

    def wait(self, sequence: int) -> None:
        """Wait until a decision is durable."""
        self.live.wait(sequence)

    def knows(self, decision: str) -> bool:
        """Whether a decision of this id was made, however long ago."""
        return self._first(decision) != NOWHERE

    def find(self, decision: str) -> dict[str, Any] | None:
        """A decision by its id, the one that was followed; None where there is none."""
        return self.find_all([decision]).get(decision)

    def find_all(self, decisions: Collection[str]) -> dict[str, dict[str, Any]]:
        """Decisions by their ids, those that were followed; the log is read once for all."""
        places = {each: self._first(each) for each in decisions}
        wanted = {each: at for each, at in places.items() if at != NOWHERE}
        found: dict[str, dict[str, Any]] = {}
        if not wanted:
            return found
        last = max(wanted.values())
        are_ours = all(map(_OURS.fullmatch, wanted))
        for number, records in decisions_in(self.live.read_log(min(wanted.values()))):
            if are_ours and records and records[0]["event"] > last:
                break
            for record in records:
                if record["decision"] in wanted and record["effective"]:
                    found.setdefault(record["decision"], record)
            if len(found) == len(wanted) and number > last:
                break
        return found

    def _first(self, decision: str) -> int:
        """From which record on the log may hold a decision; NOWHERE: there is none."""
        ours = _OURS.fullmatch(decision)
        found = self._ids.number_of(decision)
        return int(ours[1]) if ours and found == NOWHERE else found

    def close(self) -> None:
        """Commit and let go of the folder."""
        self._stop_writing()
        self.live.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- one ----------------------------------------------------------------------------------

    def _alone(
        self, event: Mapping[str, Any], pushed: PushedOne, number: int
    ) -> tuple[dict[str, Any], int]:
        moment = self._moment(event)
        decision = self._name(event, number)
        given = {**event, **pushed.values}
        arms = self._arms_of(given)
        followed: dict[str, Any] = {}
        for arm, version, effective in arms:
            decided, inputs = version.one.decide_told(given, moment, self._ask)
            made = Made(number, arm, effective, version.digest, self._latency())
            record = one_record(made, decision, moment, decided, inputs)
            sequence = self.live.note(ALONE, canonical(record))
            if effective:
                followed = record
                self._done.add(0)
                if self.heard is not None:
                    self.heard(followed_table([record]))
        if self._id is not None:
            self._ids.add(hash_of(decision), number)
        return followed, sequence

    def _latency(self) -> int:
        """Microseconds since the events at hand came."""
        return round((perf_counter() - self._since) * 1e6)

    def _arms_of(self, given: Mapping[str, Any]) -> list[tuple[str, InForce, bool]]:
        deployment = self._deployment
        if not deployment.beside:
            return [(CHAMPION, deployment.champion, True)]
        found: list[tuple[str, InForce, bool]] = []
        customer = given.get(deployment.champion.program.policy.customer)
        known = customer is not None and customer == customer  # noqa: PLR0124  (NaN)
        place = place_of(text_of(customer), deployment.salt) if known else -1
        at = -1 if place < 0 else int(deployment.followed(np.array([place]))[0])
        if at >= 0:
            each = deployment.challengers[at]
            found = [(each.name, each.version, True)]
        found += [(s.name, s.version, False) for s in deployment.shadows if 0 <= place < s.share]
        if not any(effective for _, _, effective in found):
            found.insert(0, (CHAMPION, deployment.champion, True))
        return found

    def _moment(self, event: Mapping[str, Any]) -> int:
        value = event[self._time]
        return value if isinstance(value, int) else microseconds(value)

    def _name(self, event: Mapping[str, Any], number: int) -> str:
        """The event's own name where its table has one; else where it stands in the log."""
        value = None if self._id is None else event.get(self._id)
        return f"#{number}-0" if value is None else text_of(value)

    def _before(self, event: Mapping[str, Any]) -> dict[str, Any] | None:
        name = None if self._id is None else event.get(self._id)
        return None if name is None else self.find(text_of(name))

    # --- batches ------------------------------------------------------------------------------

    def _arms(
        self, events: pa.Table, values: pa.Table, rows: Moments, number: int
    ) -> tuple[list[pa.Table], list[pa.Table]]:
        """Decide some rows by whoever decides them, note it, and tell what is followed.

        Returns:
            What is followed, in few columns; and the same as it stands in the log.
        """
        if not len(rows):
            return [], []
        if len(rows) < events.num_rows:
            events, values = events.take(pa.array(rows)), values.take(pa.array(rows))
        moments = _microseconds(events[self._time])
        ids = self._names(events, rows, number)
        parts = self._parts(events, values)
        told, records = [], []
        for arm, version, effective, chosen in parts:
            some = slice(None) if chosen is None else chosen
            inputs = batch_inputs(version, events, values)
            if chosen is not None:
                inputs = {name: column.take(chosen) for name, column in inputs.items()}
            result = version.program.run_or_refer(inputs, moments[some], self._ask)
            some_ids = ids if chosen is None else ids.take(pa.array(chosen))
            batch = Batch(some_ids, rows[some], moments[some], inputs)
            made = Made(number, arm, effective, version.digest, self._latency())
            record = batch_record(made, batch, result, version.program.policy)
            self.live.note(BATCH, stream_of(record))
            if effective:
                self._done.update(batch.rows.tolist())
                arms = pa.repeat(pa.scalar(arm), record.num_rows)
                told.append(
                    record.select(["decision", "row", "action", "decided_by", "reason"])
                    .add_column(2, "arm", arms)
                    .cast(FOLLOWED)
                )
                records.append(record)
                if self.heard is not None:
                    self.heard(told[-1])
        if self._id is not None:
            add_all(self._ids, ids.to_pylist(), number)
        return told, records

    def _parts(
        self, events: pa.Table, values: pa.Table
    ) -> Iterator[tuple[str, InForce, bool, Moments | None]]:
        """Who decides which rows; None: all of them."""
        deployment = self._deployment
        if not deployment.beside:
            yield CHAMPION, deployment.champion, True, None
            return
        customer = deployment.champion.program.policy.customer
        column = _column(customer, events, values)
        places = places_of(column, deployment.salt)
        followed = np.where(column.present, deployment.followed(places), -1)
        for at, name, version in [
            (-1, CHAMPION, deployment.champion),
            *((at, each.name, each.version) for at, each in enumerate(deployment.challengers)),
        ]:
            chosen = np.flatnonzero(followed == at)
            if len(chosen):
                yield name, version, True, chosen
        for shadow in deployment.shadows:
            chosen = np.flatnonzero(column.present & (places < shadow.share))
            if len(chosen):
                yield shadow.name, shadow.version, False, chosen

    def _names(self, events: pa.Table, rows: Moments, number: int) -> pa.Array:
        if self._id is None:
            return pa.array([f"#{number}-{row}" for row in rows.tolist()], pa.string())
        names = events[self._id].cast(pa.string())
        names = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
        if names.null_count:
            ours = pa.array([f"#{number}-{row}" for row in rows.tolist()], pa.string())
            names = pc.coalesce(names, ours)
        return names.chunk(0) if isinstance(names, pa.ChunkedArray) else names

    def _decided_before(self, events: pa.Table, rows: Moments) -> dict[int, dict[str, Any]]:
        """What was decided about events that came again, by row."""
        if self._id is None or not len(rows):
            return {}
        ids = events[self._id].take(pa.array(rows)).cast(pa.string()).to_pylist()
        before = self.find_all([each for each in ids if each is not None])
        return {
            row: before[each]
            for row, each in zip(rows.tolist(), ids, strict=True)
            if each in before
        }

    # --- what is in force, and recovery ---------------------------------------------------------

    def _deploy(self, deployment: Deployment[InForce]) -> None:
        versions = [deployment.champion, *(each.version for each in deployment.beside)]
        for version in versions:
            self._keep(version)
        told = {
            "champion": deployment.champion.digest,
            "beside": [
                [each.name, each.mode.value, each.share, each.version.digest]
                for each in deployment.beside
            ],
            "salt": deployment.salt,
        }
        self.live.note(VERSION, json.dumps(told).encode())
        self._deployment = deployment

    def _keep(self, version: InForce) -> None:
        """Keep a version's files with the decisions that will be made by it."""
        if version.digest in self._written:
            return
        folder = policies_in(self.live.folder) / version.digest
        folder.mkdir(parents=True, exist_ok=True)
        kept = DiskFolder(folder)
        for name, content in version.files.items():
            kept.write(name, content)
        said = {
            "versions": dict(version.versions),
            "inputs": dict(version.inputs),
            "lateness_seconds": version.lateness.total_seconds(),
        }
        kept.write("versions.json", json.dumps(said, indent=1).encode())
        self._written.add(version.digest)

    # --- ids that were decided under ------------------------------------------------------------

    def _known_ids(self) -> DecisionIds:
        """The ids of the whole log; what no file of theirs knows is read from it."""
        live = self.live
        ids = DecisionIds(live.folder / "ids", live.records)
        if self._id is None:
            return ids
        replayed = live.records - live.replayed
        for number, record in live.read_log(ids.upto) if ids.upto < replayed else ():
            if number >= replayed:
                break
            if record.kind == NOTE and record.table in {BATCH, ALONE}:
                event, _, names = followed_in(record)
                add_all(ids, names, event)
                if ids.fresh >= FRESH_MAX:
                    ids.leave()
                    ids.write(number + 1)
        last = NOWHERE
        for hashed, event in zip(*self._replayed_ids, strict=True):
            if ids.fresh >= FRESH_MAX and event > max(last, ids.upto):
                ids.leave()
                ids.write(event)  # what was decided about earlier events stands before it
            ids.add(hashed, event)
            last = event
        del self._replayed_ids
        return ids

    def _repeats(self, events: pa.Table) -> Repeats:
        """Which events of a batch have an id that was decided under before."""
        if self._id is None or not events.num_rows:
            return Repeats({}, ())
        try:
            names = events[self._id].cast(pa.string()).to_pylist()
            moments = _microseconds(events[self._time]).tolist()
        except (KeyError, pa.ArrowException):  # the engine says what is wrong with the column
            return Repeats({}, ())
        known = self._ids.numbers_of([0 if each is None else hash_of(each) for each in names])
        there = [row for row in np.flatnonzero(known != NOWHERE).tolist() if names[row] is not None]
        is_twice = len(set(names)) < len(names)
        if not there and not is_twice:
            return Repeats({}, ())
        found = self.find_all({names[row] for row in there})
        before = {row: found[names[row]] for row in there if names[row] in found}
        new = [None if row in before else name for row, name in enumerate(names)]
        others = set(other_events(new, moments)) if is_twice else set()
        first = self.live.first_record  # what lies before it cannot be told any more
        others |= {row for row in there if row not in before and known[row] < first}
        others |= {row for row, each in before.items() if each["moment"] != moments[row]}
        same = {row: each | {"row": row} for row, each in before.items() if row not in others}
        return Repeats(same, sorted(others))

    def _write_ids(self) -> None:
        """Have ids written down behind, where many are in memory alone."""
        if self._ids.fresh < FRESH_MAX or (self._writing and self._writing.is_alive()):
            return
        self._ids.leave()
        upto = self.live.records

        def write() -> None:
            with suppress(StorageError):  # they stay in memory, and go with the next
                self.live.commit()
                self._ids.write(upto)

        self._writing = threading.Thread(target=write, name="decision ids", daemon=True)
        self._writing.start()

    def _stop_writing(self) -> None:
        if self._writing is not None:
            self._writing.join()

    def _replayed(self, number: int, record: Record, came: Pushed | PushedOne | None) -> None:
        """Follow what opening replays: which events have no decision behind them."""
        if record.kind in {EVENTS, ONE} and record.table == self._table and came is not None:
            events = record.event if record.kind == ONE else record.events
            self._left, self._done = (number, events, came), set()
        elif record.kind == NOTE and record.table in {BATCH, ALONE}:
            event, rows, names = followed_in(record)
            self._done.update(rows)
            self._replayed_ids[0].extend(map(hash_of, names))
            self._replayed_ids[1].extend([event] * len(names))

    def _left_over(self, error: BaseException, left: Any) -> BaseException:
        """Events that are taken in are decided: at once, or when the disk takes it."""
        self._left = left
        if not isinstance(error, StorageError):
            return error
        return UnacknowledgedError(
            f"the events are taken in, and not all of them decided: {error.problem}",
            where=error.where,
            remedy=f"do not send them again; {error.remedy}; then commit",
        )

    def _decide_left(self) -> int:
        """Decide what has no decision behind it; returns how many that were."""
        if self._left is None:
            return 0
        number, events, came = self._left
        if isinstance(came, PushedOne):
            count = int(came.outcome == "added" and not self._done)
            if count:
                self._alone(events(), came, number)
        else:
            fresh = _added(came)
            fresh[list(self._done)] = False
            count = int(fresh.sum())
            self._arms(events(), came.table, np.flatnonzero(fresh), number)
        self._left = None
        return count


def _again(before: Mapping[int, Mapping[str, Any]]) -> list[pa.Table]:
    """What is told of events that came before."""
    if not before:
        return []
    return [followed_table([{**each, "row": row} for row, each in before.items()])]


def followed_table(records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Decisions as plain values, as `Decisions.table` has them."""
    return pa.Table.from_pylist(
        [{name: each[name] for name in FOLLOWED.names} for each in records], FOLLOWED
    )


def policies_in(folder: Path) -> Path:
    """Where the versions that decided are kept."""
    return folder / "policies"


def decisions_in(
    records: Iterator[tuple[int, Record]],
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The decisions of a log, record by record, with the record's number."""
    for number, record in records:
        if record.kind == NOTE and record.table in {BATCH, ALONE}:
            yield number, list(decisions_of(record))


def decisions_of(record: Record) -> Iterator[dict[str, Any]]:
    """The decisions of one note, as plain values."""
    if record.table == ALONE:
        yield json.loads(bytes(record.body))
    elif record.table == BATCH:
        with pa.ipc.open_stream(pa.py_buffer(record.body)) as reader:
            yield from read_batch(reader.read_all())


def followed_in(record: Record) -> tuple[int, Sequence[int], Sequence[str]]:
    """The event record, rows and ids of a note's decisions; no rows where they are a shadow's."""
    if record.table == ALONE:
        told = json.loads(bytes(record.body))
        return (told["event"], [0], [told["decision"]]) if told["effective"] else (0, [], [])
    with pa.ipc.open_stream(pa.py_buffer(record.body)) as reader:
        table = reader.read_all()
    made = made_of(table)
    if not made.effective:
        return made.event, [], []
    return made.event, table["row"].to_pylist(), table["decision"].to_pylist()


FOLLOWED = pa.schema(
    [
        ("decision", pa.string()),
        ("row", pa.int64()),
        ("arm", pa.string()),
        ("action", pa.string()),
        ("decided_by", pa.string()),
        ("reason", pa.string()),
    ]
)


def _added(pushed: Pushed) -> NDArray[np.bool_]:
    """Which rows came for the first time."""
    taken = pushed.outcome >= 0
    return np.asarray(taken & (pushed.outcome & codes.KIND == codes.ADDED), np.bool_)


def batch_inputs(version: InForce, events: pa.Table, values: pa.Table) -> dict[str, Column]:
    """What a version reads of events and their features."""
    places = dict(zip(events.column_names, events.columns, strict=True))
    places |= zip(values.column_names, values.columns, strict=True)
    absent = pa.chunked_array([pa.nulls(events.num_rows)])
    return {name: _input(places.get(name, absent), name) for name in version.inputs}


def _column(name: str, events: pa.Table, values: pa.Table) -> Column:
    """An input: a feature, or else a column of the events; absent from both, it is missing."""
    for each in (values, events):
        if each.schema.get_field_index(name) >= 0:
            return _input(each[name], name)
    return missing(events.num_rows)


def _input(array: pa.ChunkedArray, name: str) -> Column:
    """An input; what no test can be asked of (a list, a struct) is missing."""
    with suppress(InputError):
        return read_column(array, name)
    return missing(len(array))


def _microseconds(array: pa.ChunkedArray) -> Moments:
    whole = array.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.asarray(whole)


def stream_of(table: pa.Table) -> memoryview:
    """A table as it stands in the log."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return memoryview(sink.getvalue()).cast("B")
