"""A desk that decides events for many who ask at once: small batches, one sync of the disk for all.

Whoever asks hands events in and waits. All that comes in one turn of the event loop is decided
together, in its thread: one interpreter runs one thread at a time, so that another one would save
nothing, and whoever waits would wait for a hand-over more. Where many wait, they gather for some
turns, for together each one costs less. Models of our own are asked in place, for the same reason.

Another thread syncs the disk, for all that was decided since the last time, while the loop goes on;
whoever asked is answered when decisions, and the lines of the audit about them, are on the disk.

An event of an id that came before gets the answer it got then. Who finds too many waiting is sent
away, and nothing of theirs was taken in.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from threading import Condition, Lock, Thread
from time import perf_counter, sleep, thread_time
from traceback import format_exception
from typing import Any

import pyarrow as pa

from headrace.adapters.live.alerts import Severe
from headrace.adapters.live.audit_lines import write_lines
from headrace.adapters.live.batch import Kept, LiveBatch, Outcome
from headrace.adapters.live.decisions import LiveDecisions
from headrace.adapters.live.events import EventReader, Row
from headrace.adapters.live.model_deadlines import Deadlines
from headrace.adapters.live.policy import Deployed
from headrace.adapters.live.watch import LiveWatch
from headrace.adapters.segment_log import StorageError
from headrace.adapters.stores.web import Entry
from headrace.decisions.flow.policy import ModelStep
from headrace.decisions.flow.program import Floats, Model
from headrace.errors import HeadraceError
from headrace.scores.trees.model import Boosting
from headrace.workflows.policies import CardModel, PointsModel

OWN_MODELS = (Boosting, CardModel, PointsModel)
BATCH_MAX = 500
"""So many events hold the event loop up for some ten milliseconds."""

SYNC_SECONDS = 0.004
"""From one sync of the disk to the next at least: what was decided meanwhile shares it."""

CROWD, GATHER_SECONDS, GATHER_MAX = 20, 0.000_08, 0.008
"""Where so many wait, events gather for so long for each who waits: together they cost a third of
what they do alone, so that nobody waits longer for it."""

WAITING_MAX = 4_000
CLOSE_SECONDS = 30
RECENT = 20_000
"""Answers kept in memory for events that are sent again."""

NUMBERS = "numbers.json"
"""In the folder: the numbers, in the store of policies, of versions that decided, by digest."""


class FullError(HeadraceError):
    """More events wait than may; none of these was taken in."""


class StoppedError(HeadraceError):
    """The desk takes nothing in any more; none of these was taken in."""


class ModelsInPlace(Deadlines):
    """Models asked in the thread that decides, where they are of our own kinds.

    These take as long as their trees are deep, so that none can be stuck. A deadline counts, for
    each event, the time in which they compute, not in which another thread has the interpreter. Any
    other model is asked as `Deadlines` asks.
    """

    def __call__(self, step: ModelStep, model: Model, x: Floats) -> Floats | None:
        """A model's answer; None where it is late or fails."""
        if step.within_ms is None or not isinstance(model, OWN_MODELS):
            return super().__call__(step, model, x)
        limit, began = step.within_ms / 1000 * len(x), perf_counter()
        answer = self._answer(step.name, lambda: model.probability(x))
        if answer is None or perf_counter() - began <= limit:
            return answer
        began = thread_time()  # which costs too much to be read for every event
        answer = self._answer(step.name, lambda: model.probability(x))
        if thread_time() - began <= limit:
            return answer
        with self._turn:
            self._count(self.late, step.name)
        return None


@dataclass(eq=False, slots=True)
class Asked:
    """Events of one who waits.

    Attributes:
        table: Whose events.
        events: As `EventReader` gives them.
        notes: Lines of the audit, durable before anybody is answered.
        loop: Where whoever asks waits.
        future: What they wait for: what became of each event, in order.
        since: When they came, see `time.perf_counter`.
    """

    table: str
    events: Sequence[Row] | pa.Table
    notes: Sequence[Entry]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[list[Outcome]] = field(init=False)
    since: float = field(default_factory=perf_counter)

    def __post_init__(self) -> None:
        """Make the place where the answer comes."""
        self.future = self.loop.create_future()

    @property
    def size(self) -> int:
        """How many events."""
        return len(self.events)


@dataclass(frozen=True, eq=False)
class _Batch:
    """What was decided together, on its way to the disk.

    Attributes:
        several: Who waits for it.
        taken: What became of their events.
        lines: Of the audit, as they stand in the log before the events.
        found: What each of `several` is answered, or why nobody is.
        upto: The number of the record of the log that comes behind it.
    """

    several: list[Asked]
    taken: LiveBatch
    lines: list[bytes]
    found: list[list[Outcome]] | Exception
    upto: int


@dataclass(frozen=True)
class Told:
    """Who is told of what, outside of the desk.

    Attributes:
        lines: Takes lines of the audit, as `write_lines` gives them, see `LogTail.add`.
        alerts: Takes records that are not approvals, the same way.
        log: Takes one line, a JSON object.
    """

    lines: Callable[[Sequence[bytes] | None, int], None]
    alerts: Callable[[Sequence[Severe] | None, int], None]
    log: Callable[[Mapping[str, Any]], None]


class LiveDesk:
    """Decides what is handed in. Ask it from any event loop."""

    def __init__(
        self,
        decisions: LiveDecisions,
        deployed: Deployed,
        readers: Mapping[str, EventReader],
        told: Told,
        now: Callable[[], int],
    ) -> None:
        """Begin to decide.

        Args:
            decisions: Opened; the desk closes it.
            deployed: What it was opened with.
            readers: By table.
            told: Who is told.
            now: Microseconds since 1970.
        """
        self.decisions, self.readers, self.watch = decisions, readers, LiveWatch()
        self.deployed = deployed
        self._told, self._now = told, now
        self._is_owing = False  # of a batch that failed on its way, not everything may be told
        self._pending: deque[Asked] = deque()
        self._waiting = 0
        self._called: set[asyncio.AbstractEventLoop] = set()  # those that will decide
        self._is_stopped = False
        self._state, self._turn = Condition(), Lock()  # of the fields above; of deciding
        self._recent: OrderedDict[str, Kept] = OrderedDict()
        self._numbers = _read_numbers(decisions.live.folder)
        self._keep_number(deployed)
        self._decided: SimpleQueue[_Batch | None] = SimpleQueue()
        self._disk = Thread(target=self._sync, name="live disk", daemon=True)
        self._disk.start()

    @property
    def folder(self) -> Path:
        """Where the log is."""
        return self.decisions.live.folder

    @property
    def waiting(self) -> int:
        """Events that were handed in and are not answered."""
        return self._waiting

    async def ask(
        self, table: str, events: Sequence[Row] | pa.Table, notes: Sequence[Entry] = ()
    ) -> list[Outcome]:
        """Have events decided, or taken in where their table is not what is decided.

        Args:
            table: Whose events.
            events: As `EventReader` gives them.
            notes: Lines of the audit about them.

        Returns:
            What became of each, durable.

        Raises:
            FullError: Too many wait.
            StoppedError: The service stops.
            HeadraceError: A disk or a store does not take it: sent again, an event gets one answer.
        """
        parts = self.hand_in(table, events, notes)
        return [outcome for each in parts for outcome in await each.future]

    def hand_in(
        self, table: str, events: Sequence[Row] | pa.Table, notes: Sequence[Entry] = ()
    ) -> list[Asked]:
        """As `ask`, in a running event loop, without waiting.

        Returns:
            A few of the events each; their futures have what `ask` returns, or raises later on.
        """
        loop = asyncio.get_running_loop()
        parts = [
            Asked(table, events[at : at + BATCH_MAX], () if at else notes, loop)
            for at in range(0, len(events), BATCH_MAX)
        ]
        with self._state:
            if self._is_stopped:
                raise StoppedError("The service is stopping", remedy="Ask again in a moment")
            if self._waiting + len(events) > WAITING_MAX and self._waiting:
                raise FullError("Too many events wait", remedy="Ask again in a second")
            self._pending.extend(parts)
            self._waiting += len(events)
            if parts and loop not in self._called:
                self._called.add(loop)
                crowd = self._waiting if self._waiting >= CROWD else 0
                loop.call_later(min(crowd * GATHER_SECONDS, GATHER_MAX), self._decide, loop)
        return parts

    def deploy(self, deployed: Deployed) -> None:
        """Go over to another version between two decisions.

        Raises:
            HeadraceError: The disk does not take it; the version before goes on.
        """
        with self._turn:
            self._keep_number(deployed)
            if deployed.told != self.deployed.told:
                self.decisions.deploy(deployed.deployment)
            self.deployed = deployed
        self._told.log({"event": "deployed", **deployed.told})

    def version_of(self, digest: str) -> int | None:
        """The number in the store of a version that decided; None: none, or the pack's own."""
        return self._numbers.get(digest)

    def stop(self) -> None:
        """Answer what was handed in, and take nothing in any more; the log can still be read."""
        with self._state:
            self._is_stopped = True
            self._state.wait_for(self._is_idle, CLOSE_SECONDS)
        self._decided.put(None)
        self._disk.join()

    def close(self) -> None:
        """Stop, write a snapshot, and let go of the folder."""
        self.stop()
        with suppress(StorageError):  # the log has everything
            self.decisions.snapshot()
        self.decisions.close()

    def _is_idle(self) -> bool:
        """Whether nobody waits any more, but those whose loop is closed."""
        while self._pending and self._pending[0].loop.is_closed():
            self._waiting -= self._pending.popleft().size
        return self._waiting == 0

    # --- in the thread of an event loop ---------------------------------------------------------

    def _decide(self, loop: asyncio.AbstractEventLoop) -> None:
        """Decide what has come, and leave it to the disk."""
        with self._turn:  # batches come to the disk in the order in which they were decided
            several, size = [], 0
            with self._state:
                while self._pending and size + self._pending[0].size <= BATCH_MAX:
                    several.append(self._pending.popleft())
                    size += several[-1].size
                if self._pending:
                    loop.call_soon(self._decide, loop)
                else:
                    self._called.discard(loop)
            if several:
                self._decided.put(self._batch(several))

    def _batch(self, several: list[Asked]) -> _Batch:
        taken = LiveBatch(self.decisions, self.readers, self._recent, self.version_of)
        notes = [note for each in several for note in each.notes]
        lines: list[bytes] = []
        found: list[list[Outcome]] | Exception
        try:
            if notes:
                lines.append(write_lines(self.decisions.live, notes))
            found = _outcomes(several, taken)
        except Exception as error:  # noqa: BLE001 - who waits is told, and the desk goes on
            found = error
        self._recent.update(taken.fresh)  # an answer is given after a sync of all before it
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        return _Batch(several, taken, lines, found, self.decisions.live.records)

    # --- in the thread of the disk --------------------------------------------------------------

    def _sync(self) -> None:
        """Make what was decided durable, tell those who wait, and look what came meanwhile."""
        while (first := self._decided.get()) is not None:
            began, batches = perf_counter(), [first]
            while not self._decided.empty():
                more = self._decided.get()
                if more is None:
                    self._decided.put(None)
                    break
                batches.append(more)
            asked = [each for batch in batches for each in batch.several]
            try:
                self._finish(batches)
            except Exception as error:  # noqa: BLE001 - without this thread nobody is answered
                self._is_owing = True
                _tell_all(asked, error)
            with self._state:
                self._waiting -= sum(each.size for each in asked)
                self._state.notify_all()
            sleep(max(0.0, began + SYNC_SECONDS - perf_counter()))

    def _finish(self, batches: Sequence[_Batch]) -> None:
        unsynced = self._synced()
        answered: list[tuple[Asked, list[Outcome]]] = []
        for each in batches:
            failed = unsynced or self._settled(each)
            if failed is None and not isinstance(each.found, Exception):
                answered += zip(each.several, each.found, strict=True)
            elif failed is not None:
                self._is_owing |= not each.taken.is_settled
                self._failed(each.several, failed)
        for loop, some in groupby(answered, key=lambda each: each[0].loop):
            _call(loop, _answer_all, list(some))

    def _synced(self) -> Exception | None:
        try:
            self.decisions.commit()
        except Exception as error:  # noqa: BLE001 - who waits is told, and the desk goes on
            return error
        return None

    def _settled(self, batch: _Batch) -> Exception | None:
        if isinstance(batch.found, Exception):
            return batch.found
        try:
            self._settle(batch)
        except Exception as error:  # noqa: BLE001 - the same
            return error
        return None

    def _failed(self, several: list[Asked], error: Exception) -> None:
        _tell_all(several, error)
        self.watch.failed(self._now(), sum(each.size for each in several))
        if not isinstance(error, HeadraceError):
            self._told.log({"event": "error", "traceback": "".join(format_exception(error))})

    def _settle(self, batch: _Batch) -> None:
        """Tell everybody else, now that it is durable."""
        taken = batch.taken
        for record, version in taken.made:
            self.watch.made(record, version)
        owing = self._is_owing
        if taken.alerts or owing:
            self._told.alerts(None if owing else taken.alerts, batch.upto)
        if batch.lines or owing:
            self._told.lines(None if owing else batch.lines, batch.upto)
        self._is_owing = False
        taken.is_settled = True
        end = perf_counter()
        latencies = [end - each.since for each in batch.several]
        self.watch.answered(self._now(), latencies, taken.actions, taken.refused)

    def _keep_number(self, deployed: Deployed) -> None:
        if not deployed.numbers.items() <= self._numbers.items():
            self._numbers |= deployed.numbers
            path = self.folder / NUMBERS
            path.with_suffix(".new").write_text(json.dumps(self._numbers), encoding="utf-8")
            path.with_suffix(".new").replace(path)


def _outcomes(several: Sequence[Asked], batch: LiveBatch) -> list[list[Outcome]]:
    found: list[list[Outcome]] = []
    for (table, is_table), group in groupby(
        several, key=lambda each: (each.table, isinstance(each.events, pa.Table))
    ):
        some = list(group)
        if is_table:
            found += [batch.take_table(table, each.events) for each in some]
            continue
        whole = batch.take_rows(table, [row for each in some for row in each.events])
        ends = 0
        for each in some:
            found.append(whole[ends : ends + each.size])
            ends += each.size
    return found


def _call(loop: asyncio.AbstractEventLoop, act: Callable[..., None], *given: Any) -> None:
    """Have something done in a loop; where it is closed nobody waits there."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(act, *given)


def _tell_all(several: Sequence[Asked], error: Exception) -> None:
    for loop, some in groupby(several, key=lambda each: each.loop):
        _call(loop, _fail_all, list(some), error)


def _answer_all(pairs: Sequence[tuple[Asked, list[Outcome]]]) -> None:
    for asked, outcomes in pairs:
        if not asked.future.done():  # whoever asked has gone
            asked.future.set_result(outcomes)


def _fail_all(several: Sequence[Asked], error: Exception) -> None:
    for asked in several:
        if not asked.future.done():
            asked.future.set_exception(error)


def _read_numbers(folder: Path) -> dict[str, int]:
    with suppress(OSError, ValueError):
        return dict(json.loads((folder / NUMBERS).read_text(encoding="utf-8")))
    return {}
