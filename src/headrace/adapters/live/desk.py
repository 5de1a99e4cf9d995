"""A desk that decides events for many who ask at once: small batches, one sync of the disk for all.

Whoever asks hands events in and waits. All that came while the disk was busy with the batch before
is decided together, and answered when decisions, and the lines of the audit about them, are on the
disk. The more come, the larger the batches, and the less each one costs.

Deciding is done in the thread of the event loop: one interpreter runs one thread at a time, so that
another one would save nothing, and whoever waits would wait for two hand-overs more. Only waiting
for the disk is left to another thread. Models of our own are asked in place, for the same reason.

An event of an id that came before gets the answer it got then. Who finds too many waiting is sent
away, and nothing of theirs was taken in.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from threading import Condition, Lock
from time import perf_counter, thread_time
from traceback import format_exception
from typing import Any

import pyarrow as pa

from headrace.adapters.live.batch import Kept, LiveBatch, Outcome
from headrace.adapters.live.decisions import LiveDecisions
from headrace.adapters.live.events import EventReader, Row
from headrace.adapters.live.model_deadlines import Deadlines
from headrace.adapters.live.policy import Deployed
from headrace.adapters.live.watch import LiveWatch
from headrace.adapters.segment_log import StorageError
from headrace.decisions.flow.policy import ModelStep
from headrace.decisions.flow.program import Floats, Model
from headrace.errors import HeadraceError
from headrace.scores.trees.model import Boosting
from headrace.workflows.policies import CardModel, PointsModel

OWN_MODELS = (Boosting, CardModel, PointsModel)
BATCH_MAX = 500
"""So many events hold the event loop up for some ten milliseconds."""

GATHER_SECONDS = 0.002
"""So long events gather behind a batch: half as many batches cost half as much."""

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

    These take as long as their trees are deep, so that none can be stuck; what a deadline counts is
    the time in which they compute, not in which another thread has the interpreter. Any other
    model is asked as `Deadlines` asks.
    """

    def __call__(self, step: ModelStep, model: Model, x: Floats) -> Floats | None:
        """A model's answer; None where it is late or fails."""
        if step.within_ms is None or not isinstance(model, OWN_MODELS):
            return super().__call__(step, model, x)
        began = thread_time()
        answer = self._answer(step.name, lambda: model.probability(x))
        if answer is not None and thread_time() - began > step.within_ms / 1000:
            with self._turn:
                self._count(self.late, step.name)
            return None
        return answer


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
    notes: Sequence[Any]
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


@dataclass(frozen=True)
class Told:
    """Who is told of what, outside of the desk.

    Attributes:
        notes: Writes lines of the audit, all of them or none; durable when it returns.
        alerts: Takes records that are not approvals, and the number of the record of the log up to
            which everything has now been told; None: it is to look into the log for itself.
        log: Takes one line, a JSON object.
    """

    notes: Callable[[Sequence[Any]], None]
    alerts: Callable[[Sequence[pa.Table | Mapping[str, Any]] | None, int], None]
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
        self._is_owing = False  # of a batch that failed on its way, alerts may not be told
        self._pending: deque[Asked] = deque()
        self._waiting = 0
        self._is_busy = self._is_stopped = False
        self._state, self._turn = Condition(), Lock()  # of the fields above; of deciding
        self._recent: OrderedDict[str, Kept] = OrderedDict()
        self._numbers = _read_numbers(decisions.live.folder)
        self._keep_number(deployed)
        self._disk = ThreadPoolExecutor(1, "live disk")
        self._notary = ThreadPoolExecutor(1, "audit")

    @property
    def folder(self) -> Path:
        """Where the log is."""
        return self.decisions.live.folder

    @property
    def waiting(self) -> int:
        """Events that were handed in and are not answered."""
        return self._waiting

    async def ask(
        self, table: str, events: Sequence[Row] | pa.Table, notes: Sequence[Any] = ()
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
        if not len(events):
            return []
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
            if not self._is_busy:
                self._is_busy = True
                loop.call_soon(self._cycle)
        if len(parts) == 1:
            return await parts[0].future
        return [outcome for each in parts for outcome in await each.future]

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

    def close(self) -> None:
        """Answer what was handed in, write a snapshot, and let go of the folder."""
        with self._state:
            self._is_stopped = True
            self._state.wait_for(lambda: not self._is_busy, CLOSE_SECONDS)
        self._disk.shutdown()
        self._notary.shutdown()
        with suppress(StorageError):  # the log has everything
            self.decisions.snapshot()
        self.decisions.close()

    # --- one batch after the other --------------------------------------------------------------

    def _cycle(self) -> None:
        """Decide what has come, in the thread of an event loop, then leave it to the disk."""
        several, size = [], 0
        with self._state:
            while self._pending and size + self._pending[0].size <= BATCH_MAX:
                several.append(self._pending.popleft())
                size += several[-1].size
        batch = LiveBatch(self.decisions, self.readers, self._recent, self.version_of)
        notes = [note for each in several for note in each.notes]
        noted = self._notary.submit(self._told.notes, notes) if notes else None
        found: list[list[Outcome]] = []
        failed: Exception | None = None
        try:
            with self._turn:
                found = self._decided(several, batch)
        except Exception as error:  # noqa: BLE001 - who waits is told, and the desk goes on
            failed = error
        self._disk.submit(self._finish, several, batch, noted, found or failed)

    def _finish(
        self,
        several: list[Asked],
        batch: LiveBatch,
        noted: Future[None] | None,
        found: list[list[Outcome]] | Exception | None,
    ) -> None:
        """Make a batch durable, tell those who wait, and begin the next."""
        try:
            if isinstance(found, Exception):
                raise found
            self.decisions.commit()
            self._settle(several, batch)
            if noted is not None:
                noted.result()
        except Exception as error:  # noqa: BLE001 - who waits is told, and the desk goes on
            if not batch.is_settled:
                self._is_owing = True
            self._failed(several, error)
        else:
            pairs = zip(several, found or [], strict=True)
            for loop, some in groupby(pairs, key=lambda each: each[0].loop):
                _call(loop, _answer_all, list(some))
        self._next(sum(each.size for each in several))

    def _failed(self, several: list[Asked], error: Exception) -> None:
        if not isinstance(error, HeadraceError):
            self._told.log({"event": "error", "traceback": "".join(format_exception(error))})
        self.watch.failed(self._now(), sum(each.size for each in several))
        for loop, some in groupby(several, key=lambda each: each.loop):
            _call(loop, _fail_all, list(some), error)

    def _next(self, done: int) -> None:
        """Begin the next batch where there is one, in the loop of whoever waits longest."""
        with self._state:
            self._waiting -= done
            while self._pending:
                if _call(self._pending[0].loop, self._gather):
                    return
                self._waiting -= self._pending.popleft().size  # nobody waits there any more
            self._is_busy = False
            self._state.notify_all()

    def _gather(self) -> None:
        """Begin the next batch in a moment, when those who were answered may have asked again."""
        asyncio.get_running_loop().call_later(GATHER_SECONDS, self._cycle)

    @staticmethod
    def _decided(several: list[Asked], batch: LiveBatch) -> list[list[Outcome]]:
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

    def _settle(self, several: list[Asked], batch: LiveBatch) -> None:
        """Tell everybody else, now that it is durable."""
        for name, kept in batch.fresh.items():
            self._recent[name] = kept
        while len(self._recent) > RECENT:
            self._recent.popitem(last=False)
        for record, version in batch.made:
            self.watch.made(record, version)
        alerts = None if self._is_owing else batch.alerts
        if alerts is None or alerts:
            self._told.alerts(alerts, self.decisions.live.records)
        self._is_owing = False
        batch.is_settled = True
        end = perf_counter()
        latencies = [end - each.since for each in several]
        self.watch.answered(self._now(), latencies, batch.actions, batch.refused)

    def _keep_number(self, deployed: Deployed) -> None:
        if not deployed.numbers.items() <= self._numbers.items():
            self._numbers |= deployed.numbers
            path = self.folder / NUMBERS
            path.with_suffix(".new").write_text(json.dumps(self._numbers), encoding="utf-8")
            path.with_suffix(".new").replace(path)


def _call(loop: asyncio.AbstractEventLoop, act: Callable[..., None], *given: Any) -> bool:
    """Have something done in a loop; False where it is closed, so that nobody waits there."""
    try:
        loop.call_soon_threadsafe(act, *given)
    except RuntimeError:
        return False
    return True


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
