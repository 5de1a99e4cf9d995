"""Live features that survive anything: every event is in a log on disk before it is acknowledged.

A folder holds the log and snapshots of the engine's memory. Opening it takes the newest usable
snapshot and replays what the log has after it; a fresh replay of the whole log gives the same
memory, which `digest` shows. Where events are read from sources with offsets, such as Kafka, the
positions are in the same records, so that neither can be ahead of the other.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import pyarrow as pa

from headrace.adapters.live.records import (
    EVENTS,
    REFUSALS,
    VOIDS,
    Positions,
    Record,
    apply_record,
    move_record,
    note_record,
    one_record,
    read_record,
    table_record,
)
from headrace.adapters.live.snapshots import Damaged, newest_snapshot, write_snapshot
from headrace.adapters.mapped_memory import MappedMemory, NoRoomError
from headrace.adapters.segment_log import SegmentLog, StorageError
from headrace.errors import InputError
from headrace.features.compile import Compiled
from headrace.features.engines import revisions
from headrace.features.engines.revisions import Revised
from headrace.features.engines.store import grown_in_memory
from headrace.features.engines.stream import ONE_DAY, Pushed, PushedOne, StreamEngine

Done = TypeVar("Done")
OnReplay = Callable[[int, Record, Pushed | PushedOne | None], None]
CATCH_UP = 64  # records that may be left when new definitions take over


class UnacknowledgedError(StorageError):
    """Events are taken in, and the disk did not confirm it: do not send them again.

    Commit again when the disk takes writes. Where the log must be opened again first, its
    `records` tell which pushes it holds.
    """


class LiveFeatures:
    """A stream engine on a log. A context manager; every method may run in any thread.

    Attributes:
        damaged: Snapshots that could not be used when it was opened.
        replayed: Records replayed when it was opened.
    """

    def __init__(
        self,
        folder: Path,
        compiled: Compiled,
        lateness: timedelta = ONE_DAY,
        open_log: Callable[[Path], SegmentLog] = SegmentLog.open,
        memory_bytes: int | None = None,
        on_replay: OnReplay | None = None,
    ) -> None:
        """Open a folder, or make it, and recover what it holds.

        Args:
            folder: Where log and snapshots are.
            compiled: The plan.
            lateness: As in `StreamEngine`.
            open_log: Opens the log in a folder; for segments of another size.
            memory_bytes: Of rows and keys, how many bytes may be in memory at a time; the rest is
                on disk, see `MappedMemory`. None: all of them are in memory.
            on_replay: Told of every record that opening replays, with its number and what came of
                it.

        Raises:
            StorageError: The folder is in use, damaged, or lacks a part of its history.
        """
        self.folder, self.lateness = folder, lateness
        self._on_replay = on_replay
        self.damaged: tuple[Damaged, ...] = ()
        self._memory: MappedMemory | None = None
        self._engine = self._fresh(compiled)
        self._positions: dict[tuple[str, int], int] = {}
        self._broken = ""  # why memory may lack what the log has
        self._log = open_log(folder / "log")
        self._order = threading.Lock()  # records stand in the log in the order they were applied
        try:
            if memory_bytes is not None:
                self._memory = MappedMemory(folder / "memory", memory_bytes)
                self._engine = self._fresh(compiled)
            self.replayed = self._recover()
        except BaseException:
            self.close()
            raise

    @property
    def engine(self) -> StreamEngine:
        """The engine in force, for inspection while no other thread uses it; push through here."""
        return self._engine

    @property
    def positions(self) -> dict[tuple[str, int], int]:
        """By topic and partition, where its source goes on: what lies before is in the memory."""
        with self._order:
            return dict(self._positions)

    @property
    def records(self) -> int:
        """Records in the log, dropped ones included."""
        return self._log.next_sequence

    @property
    def first_record(self) -> int:
        """The number of the oldest record that was not dropped."""
        return self._log.first_sequence

    def push(self, events: pa.Table, table: str = "") -> Pushed:
        """As `StreamEngine.push`; what it returns is durable.

        Raises:
            InputError: A column is missing or holds another type; nothing was taken in.
            UnacknowledgedError: The events are taken in, but not durable.
            StorageError: The disk took nothing, and neither did the engine.
        """
        pushed = self.submit(events, table)
        self.commit()
        return pushed

    def void(self, voids: pa.Table, table: str = "") -> Pushed:
        """As `StreamEngine.void`; durable, and errors as in `push`."""
        pushed = self.submit_voids(voids, table)
        self.commit()
        return pushed

    def push_one(self, event: Mapping[str, Any], table: str = "") -> PushedOne:
        """As `StreamEngine.push_one`; durable, and errors as in `push`.

        Raises:
            InputError: Also where the event holds what the log cannot give back as it was, in
                whatever column: texts, numbers, booleans, None, aware datetimes are kept.
        """
        pushed, sequence = self.submit_one(event, table)
        self.wait(sequence)
        return pushed

    def revise(self, events: pa.Table, table: str = "") -> Revised:
        """As `revisions.push`: what a push changes of values given before; durable as `push`."""
        record = table_record(EVENTS, events, table)
        found, _ = self._apply(record, lambda engine: revisions.push(engine, events, table))
        self.commit()
        return found

    def revise_by_voids(self, voids: pa.Table, table: str = "") -> Revised:
        """As `revisions.void`; durable as `void`."""
        record = table_record(VOIDS, voids, table)
        found, _ = self._apply(record, lambda engine: revisions.void(engine, voids, table))
        self.commit()
        return found

    def submit(
        self, events: pa.Table, table: str = "", positions: Positions | None = None
    ) -> Pushed:
        """Take events in without waiting for the disk: `commit` before anybody is told.

        Args:
            events: As in `push`.
            table: The same.
            positions: Where their sources go on; durable with the events or not at all. They hold
                where the engine refuses the events, too.
        """
        return self.submit_numbered(events, table, positions)[0]

    def submit_numbered(
        self, events: pa.Table, table: str = "", positions: Positions | None = None
    ) -> tuple[Pushed, int]:
        """As `submit`, with the number of the record that holds the events."""
        record = table_record(EVENTS, events, table, positions)
        return self._apply(record, lambda engine: engine.push(events, table), positions)

    def note(self, subject: str, body: bytes | memoryview) -> int:
        """Keep what was made of events behind them; as durable as `submit`.

        Returns:
            Its number, to `wait` for.
        """
        return self._apply(note_record(subject, body), lambda engine: None)[1]

    def read_log(self, first: int = 0) -> Iterator[tuple[int, Record]]:
        """The records of the log from a number on, durable or not."""
        self._log.commit()
        for sequence, payload in self._log.read(max(first, self._log.first_sequence)):
            yield sequence, read_record(payload)

    def submit_voids(
        self, voids: pa.Table, table: str = "", positions: Positions | None = None
    ) -> Pushed:
        """Take events back without waiting for the disk; as `submit`."""
        record = table_record(VOIDS, voids, table, positions)
        pushed, _ = self._apply(record, lambda engine: engine.void(voids, table), positions)
        return pushed

    def submit_one(self, event: Mapping[str, Any], table: str = "") -> tuple[PushedOne, int]:
        """Take an event in without waiting for the disk.

        Returns:
            What came of it, and the number to `wait` for before anybody is told.
        """
        record = one_record(event, table)
        return self._apply(record, lambda engine: engine.push_one(event, table))

    def advance(self, positions: Positions) -> None:
        """Say where sources go on after messages that hold no events; as durable as `submit`."""
        self._apply(move_record(positions), lambda engine: None, positions)

    def wait(self, sequence: int) -> None:
        """Wait until an event is durable; many callers share one sync of the disk.

        Raises:
            UnacknowledgedError: The disk did not confirm it.
        """
        try:
            self._log.wait(sequence)
        except StorageError as error:
            raise _unacknowledged(error) from error

    def commit(self) -> None:
        """Make everything taken in so far durable.

        Raises:
            UnacknowledgedError: The disk did not confirm it.
        """
        try:
            self._log.commit()
        except StorageError as error:
            raise _unacknowledged(error) from error

    def read(self, keys: pa.Table, at: datetime | str) -> pa.Table:
        """As `StreamEngine.read`."""
        with self._in_force() as engine:
            return engine.read(keys, at)

    def read_one(self, key: Mapping[str, Any], at: datetime | int) -> dict[str, float | None]:
        """As `StreamEngine.read_one`."""
        with self._in_force() as engine:
            return engine.read_one(key, at)

    def sweep(self, share: float = 1.0) -> int:
        """As `StreamEngine.sweep`; with `memory_bytes`, then looks at the limit."""
        with self._in_force() as engine:
            forgotten = engine.sweep(share)
        if self._memory is not None:
            self._memory.trim()
        return forgotten

    def digest(self) -> str:
        """As `StreamEngine.digest`."""
        with self._in_force() as engine:
            return engine.digest()

    def metrics(self) -> dict[str, float]:
        """As `StreamEngine.metrics`, and the records that are in the log, and not yet durable.

        With `memory_bytes` also the bytes reserved on disk, and how many of them are in memory.
        """
        with self._in_force() as engine:
            figures = engine.metrics() | {
                "headrace_features_log_records_total": self._log.next_sequence,
                "headrace_features_log_records_pending": self._log.next_sequence
                - self._log.durable,
            }
        if self._memory is not None:
            self._memory.trim()  # counting keys looked at all of them
            figures["headrace_features_mapped_bytes"] = self._memory.mapped_bytes
            figures["headrace_features_resident_bytes"] = self._memory.resident_bytes
        return figures

    def snapshot(self) -> Path:
        """Write the engine's memory down, so that opening need not replay the log before it."""
        with self._in_force() as engine:
            self.commit()
            arrays, meta = engine.state()
            meta["positions"] = [[*place, at] for place, at in self._positions.items()]
            return write_snapshot(self.folder / "snapshots", self._log.next_sequence, arrays, meta)

    def redefine(self, compiled: Compiled) -> None:
        """Go over to other definitions, filled from the whole history, while events come in.

        The log is replayed into a new engine beside the old one, which answers meanwhile. Where
        events come in faster than that, they wait for the last part of it.

        Raises:
            StorageError: The log no longer holds the whole history; or the disk has no room for
                the new definitions, and the old ones go on.
        """
        if self._log.first_sequence > 0:
            message = f"the log begins at record {self._log.first_sequence}"
            raise StorageError(
                message,
                where=str(self.folder),
                remedy="new definitions need the whole history: keep the log, or restore it",
            )
        engine = self._fresh(compiled)
        done, left = 0, self.records
        while left > CATCH_UP:
            done = self._replay(engine, done)
            before, left = left, self.records - done
            if left > before // 2:
                break
        with self._in_force():
            self._replay(engine, done)
            self._engine = engine

    def close(self) -> None:
        """Commit and let go of the folder; and of rows and keys, where a part of them is on disk.

        Then only opening it again gives values.
        """
        if self._memory is not None:
            with self._order:
                self._broken = "it is closed"
                self._engine = StreamEngine(self._engine.compiled, self.lateness)
            self._memory.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _fresh(self, compiled: Compiled) -> StreamEngine:
        grow = grown_in_memory if self._memory is None else self._memory.grown
        return StreamEngine(compiled, self.lateness, grow)

    @contextmanager
    def _in_force(self) -> Iterator[StreamEngine]:
        """The engine, to this thread alone."""
        with self._order:
            self._check()
            yield self._engine

    def _check(self) -> None:
        if self._broken:
            raise StorageError(self._broken, where=str(self.folder), remedy="open it again")

    def _apply(
        self,
        record: bytes | memoryview,
        do: Callable[[StreamEngine], Done],
        positions: Positions | None = None,
    ) -> tuple[Done, int]:
        """Append a record and do what it says; returns what came of it, and its number."""
        with self._order:
            self._check()
            try:
                sequence = self._log.append(record)
                if positions:
                    self._positions.update(positions)
                return do(self._engine), sequence
            except NoRoomError as error:  # the log has all of it, memory a part
                self._broken = f"memory lacks what the log has: {error.problem}"
                raise _unacknowledged(error) from error
            except (InputError, StorageError):  # refused by the engine, or not appended
                raise
            except REFUSALS as error:  # a replay passes over it, too
                raise InputError(f"the engine cannot take it in: {error!r}") from error
            except BaseException as error:  # Ctrl-C, or a defect: a part of it may be in memory
                self._broken = (
                    f"memory may lack what the log has, because of a {type(error).__name__}"
                )
                raise

    def _recover(self) -> int:
        first = self._restore()
        if first < self._log.first_sequence:
            message = f"the log begins at record {self._log.first_sequence}, not {first}"
            raise StorageError(message, where=str(self.folder), remedy="restore its beginning")
        for sequence, payload in self._log.read(first):
            record = read_record(payload)
            self._positions.update(record.positions)
            came = apply_record(self._engine, record)
            if self._on_replay is not None:
                self._on_replay(sequence, record, came)
        return self._log.next_sequence - first

    def _restore(self) -> int:
        """Take the newest snapshot, if it is of these definitions; returns what it goes up to."""
        snapshots = self.folder / "snapshots"
        try:
            new = np.empty if self._memory is None else self._memory.new
            snapshot = newest_snapshot(snapshots, new)
        except StorageError as error:
            if self._log.first_sequence > 0:
                raise
            self.damaged = (Damaged(snapshots, str(error)),)  # the log has everything
            return 0
        if snapshot is None:
            return 0
        self.damaged = snapshot.damaged
        if snapshot.sequence > self._log.next_sequence:
            message = f"the log ends at record {self._log.next_sequence}"
            raise StorageError(
                message,
                where=str(self.folder),
                remedy=f"{snapshot.path.name} was written later: restore the rest of the log",
            )
        if snapshot.meta["plan"] != self._engine.plan_digest:
            return 0
        self._engine.restore(snapshot.arrays, snapshot.meta)
        places: Any = snapshot.meta["positions"]
        self._positions = {(topic, partition): at for topic, partition, at in places}
        return snapshot.sequence

    def _replay(self, engine: StreamEngine, first: int) -> int:
        """Apply the records from `first` on; returns the number of the next."""
        for sequence, payload in self._log.read(first):
            apply_record(engine, read_record(payload))
            first = sequence + 1
        return first


def _unacknowledged(error: StorageError) -> UnacknowledgedError:
    return UnacknowledgedError(
        f"the events are taken in, but not confirmed: {error.problem}",
        where=error.where,
        remedy=f"do not send them again; {error.remedy}",
    )
