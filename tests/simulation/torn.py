"""Live features on a disk that loses power, seed by seed.

    python tests/simulation/torn.py --seeds 10000 --processes 2

A seed is a stream of payments and logins: up to 30 days late, sent twice, taken back before or
after they came; pushed in batches and one by one, now and then with snapshots, readings, sweeps and
other definitions. Each seed draws its definitions, of every aggregate, window and key. A life ends
in order, by a kill or because the power goes: then the files are as they were at the last sync, and
of what was written since a part is there, cut, zeroed or altered. What was acknowledged must be
there, in order and once; the memory must be that of a fresh replay of the log; and every value that
was given out must be, to the bit, the one that the batch engine finds: for events what `replay`
finds, for readings and voids what `read`, which makes training sets, finds at that moment.
"""

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import drawn
import numpy as np
import pyarrow as pa
from drawn import CARDS, INSTANT, SCHEMAS, SHOPS, Sender, Step
from lossy_disk import Disk, kill, lose_power

from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.segment_log import SegmentLog, StorageError
from headrace.features.engines import batch
from headrace.features.engines.stream import StreamEngine

LATENESS = timedelta(days=31)
CHUNK = 50  # seeds handed to a process at a time
KEYS = pa.table(
    {
        "card": [f"卡{card}" for card in range(CARDS) for _ in range(SHOPS)],
        "shop": list(range(SHOPS)) * CARDS,
    }
)
EVENT_KINDS = ("push", "one")
OUTCOMES = {
    "added": "events added",
    "duplicate": "events repeated",
    "voided": "events voided",
    "void_before_event": "voids before their event",
    "already_voided": "events and voids of what was voided before",
}
Counts = Counter[str]


@dataclass(frozen=True)
class Given:
    """Values that were given out.

    Attributes:
        records: How many had been appended by then; the last one holds the events asked about.
        plan: The definitions in force.
        values: A column per feature.
        keys: Whose and when, in columns as those of KEYS and "at"; None: those of the events.
    """

    records: int
    plan: int
    values: pa.Table
    keys: pa.Table | None = None


@dataclass
class Run:
    """Several lives of one folder.

    Attributes:
        rng: Chance.
        sender: What comes in.
        plans: Numbers of the definitions to choose from.
        plan: The one in force.
        steps: What the log holds, record by record.
        given: What was given out.
        acknowledged: Records that must be there.
        seen: What happened, for the summary.
    """

    rng: np.random.Generator
    sender: Sender
    plans: list[int]
    plan: int
    steps: list[Step] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    acknowledged: int = 0
    seen: Counts = field(default_factory=Counter)

    def live(self, live: LiveFeatures) -> None:
        """Until the end of a life."""
        for _ in range(self.rng.integers(1, 10)):
            self._take(live, self.sender.step())
            chance = self.rng.random()
            if chance < 0.15:
                live.snapshot()
                self.acknowledged = live.records
                self.seen["snapshots"] += 1
            elif chance < 0.25:
                self.plan = int(self.rng.choice(self.plans))
                live.redefine(drawn.plan(self.plan))
                self.seen["redefinitions"] += 1
            elif chance < 0.3:
                live.sweep()
            if self.rng.random() < 0.4:
                self._ask(live)

    def _take(self, live: LiveFeatures, step: Step) -> None:
        self.steps.append(step)
        number = len(self.steps)
        if step.kind == "push":
            pushed = live.submit(step.rows, step.table, step.positions).table
            self.given.append(Given(number, self.plan, pushed))
        elif step.kind == "void":
            answered = live.submit_voids(step.rows, step.table, step.positions).table
            keys = _keys_of(step.rows)
            self.given.append(Given(number, self.plan, answered, keys))
        elif step.kind == "one":
            one, _ = live.submit_one(step.rows.to_pylist()[0], step.table)
            self.given.append(Given(number, self.plan, as_table(one.values)))
        else:
            live.advance(step.positions)
        if self.rng.random() < 0.35:
            live.commit()
            self.acknowledged = live.records

    def _ask(self, live: LiveFeatures) -> None:
        """What the features are now; a later life may not know of all that is known now."""
        at = pa.array([self.sender.now_us] * KEYS.num_rows, INSTANT)
        keys = KEYS.append_column("at", at)
        values = live.read(keys, "at").drop_columns(keys.column_names)
        self.given.append(Given(len(self.steps), self.plan, values, keys))
        self.seen["readings"] += 1

    def end(self, live: LiveFeatures, disk: Disk, after: Path) -> Path:
        """End a life in one of three ways; returns the folder of the next."""
        if self.rng.random() < 0.3:  # other definitions than before, at the next start
            self.plan = int(self.rng.choice(self.plans))
            self.seen["restarts with other definitions"] += 1
        way = str(self.rng.choice(["closed", "killed", "power"], p=[0.15, 0.25, 0.6]))
        if way == "closed":
            live.close()
            self.acknowledged = len(self.steps)
            self.seen["restarts after closing"] += 1
            return live.folder
        if self.rng.random() < 0.8:  # in the middle of a commit: written, and not synced
            disk.dead = True
            with suppress(StorageError):
                live.commit()
        if way == "killed":
            kill(live.folder, after, disk)
            self.seen["kills"] += 1
        else:
            segments, snapshots = lose_power(live.folder, after, disk, self.rng)
            self.seen["power cuts"] += 1
            self.seen["torn segments"] += segments
            self.seen["torn snapshots"] += snapshots
        with suppress(StorageError):
            live.close()
        return after

    def check(self, live: LiveFeatures) -> None:
        """What the next life begins with."""
        kept = live.records
        assert self.acknowledged <= kept <= len(self.steps), "something is lost, or doubled"
        self.seen["records lost before they were acknowledged"] += len(self.steps) - kept
        self.seen["damaged snapshots passed over"] += len(live.damaged)
        self.seen["restarts from a snapshot"] += live.replayed < kept
        self.given = [each for each in self.given if each.records <= kept]
        del self.steps[kept:]
        self.acknowledged = kept
        assert [bytes(payload) for _, payload in live._log.read(0)] == [
            bytes(step.record()) for step in self.steps
        ], "the log is not what was given"
        expected = StreamEngine(drawn.plan(self.plan), LATENESS)
        positions: dict[tuple[str, int], int] = {}
        for step in self.steps:
            step.into(expected)
            positions |= step.positions
        assert live.digest() == expected.digest(), "memory is not that of a fresh replay"
        assert live.positions == positions
        assert live.engine.counts == expected.counts

    def values(self, live: LiveFeatures) -> None:
        """Compare every value given out with the batch engine."""
        history = self._history()
        for number in sorted({each.plan for each in self.given}):
            given = [each for each in self.given if each.plan == number]
            self._events(number, history, [each for each in given if each.keys is None])
            self._readings(number, history, [each for each in given if each.keys is not None])
        later = drawn.moment(self.sender.now_us + int(self.rng.integers(40 * drawn.DAY_US)))
        wanted = batch.read(drawn.plan(self.plan), history, KEYS, later).table
        names = wanted.column_names[KEYS.num_columns :]
        self._same(live.read(KEYS, later).select(names), wanted.select(names), "at the end")
        one = live.read_one(KEYS.slice(3, 1).to_pylist()[0], later)
        self._same(as_table(one), wanted.select(list(one)).slice(3, 1), "of one key")

    def _events(self, number: int, history: batch.History, given: list[Given]) -> None:
        """Answers to pushes against a replay."""
        replayed = {name: batch.replay(drawn.plan(number), history, name).table for name in SCHEMAS}
        places, before = [], dict.fromkeys(SCHEMAS, 0)
        for step in self.steps:
            places.append(before[step.table])
            before[step.table] += step.rows.num_rows * (step.kind in EVENT_KINDS)
        for each in given:
            record = each.records - 1
            wanted = replayed[self.steps[record].table]
            assert set(each.values.column_names) == set(wanted.column_names)
            part = wanted.slice(places[record], each.values.num_rows)
            self._same(each.values, part, f"record {record}")

    def _readings(self, number: int, history: batch.History, given: list[Given]) -> None:
        """Answers to questions and to voids against a training set."""
        if not given:
            return
        keys = pa.concat_tables([each.keys for each in given])
        wanted, at = batch.read(drawn.plan(number), history, keys, "at").table, 0
        for each in given:
            part = wanted.slice(at, each.values.num_rows)
            at += each.values.num_rows
            self._same(each.values, part, f"asked after {each.records} records")

    def _same(self, given: pa.Table, wanted: pa.Table, where: str) -> None:
        """Every feature given is equal to the bit."""
        assert given.num_rows == wanted.num_rows
        assert given.num_columns > 0
        for name in given.column_names:
            one, other = bits(given[name]), bits(wanted[name])
            assert np.array_equal(one, other), f"{where}: {name}: {given[name]} {wanted[name]}"
        self.seen["values"] += given.num_rows * given.num_columns

    def _history(self) -> batch.History:
        def all_of(*kinds: str) -> dict[str, pa.Table]:
            return {
                name: pa.concat_tables(
                    [schema.empty_table()]
                    + [
                        each.rows
                        for each in self.steps
                        if (each.table, each.kind) in {(name, kind) for kind in kinds}
                    ]
                )
                for name, schema in SCHEMAS.items()
            }

        return batch.History(all_of(*EVENT_KINDS), all_of("void"))

    def summary(self, live: LiveFeatures) -> Counts:
        """What the last log holds, and what happened on the way to it."""
        self.seen["seeds"] += 1
        self.seen["records"] += len(self.steps)
        for counts in live.engine.counts.values():
            self.seen["late events"] += counts.late
            for word, count in counts.outcomes.items():
                self.seen[OUTCOMES[word]] += count
        for events in self._history().events.values():
            known, happened = (
                np.asarray(events[name].cast(pa.int64())) for name in ("known_time", "event_time")
            )
            self.seen["events"] += events.num_rows
            self.seen["events more than 25 days late"] += int(
                np.count_nonzero(known - happened > 25 * drawn.DAY_US)
            )
        return self.seen


def _keys_of(voids: pa.Table) -> pa.Table:
    """Whose features a void asks for, and when."""
    shops = voids["shop"] if "shop" in voids.column_names else pa.nulls(voids.num_rows, pa.int64())
    return pa.table({"card": voids["card"], "shop": shops, "at": voids["known_time"]})


def as_table(values: dict[str, float | None]) -> pa.Table:
    """Values of one event or key."""
    return pa.table({name: pa.array([each], pa.float64()) for name, each in values.items()})


def bits(values: pa.ChunkedArray) -> np.ndarray:
    """Doubles as words; what is missing is NaN, as one word."""
    found = values.to_numpy()
    return np.where(np.isnan(found), np.nan, found).view(np.int64)


def run(seed: int) -> Counts:
    """One seed; returns what happened, and how many values were compared."""
    rng = np.random.default_rng([7, seed])
    plans = [int(number) for number in rng.choice(drawn.PLANS, 3, replace=False)]
    lives = Run(rng, Sender(rng), plans, plans[0])
    memory = Path("/dev") / "shm"  # the real disk has no part in this
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as scratch:
        folder = Path(scratch) / "0"
        last = int(rng.integers(2, 5))
        for number in range(last + 1):
            disk = Disk()
            segment_bytes = int(rng.choice([2_000, 20_000, 1 << 26]))
            opened: Callable[[Path], SegmentLog] = partial(
                SegmentLog.open, segment_bytes=segment_bytes, sync=disk.sync
            )
            live = LiveFeatures(folder, drawn.plan(lives.plan), LATENESS, open_log=opened)
            disk.found(folder / "log")
            lives.check(live)
            if number == last:
                with live:
                    lives.values(live)
                    return lives.summary(live)
            lives.live(live)
            folder = lives.end(live, disk, Path(scratch) / str(number + 1))
    raise AssertionError


def several(seeds: Iterable[int]) -> Counts:
    """Seeds one after the other; one that fails is named and counted, and the next ones go on."""
    seen: Counts = Counter()
    for seed in seeds:
        try:
            seen += run(seed)
        except Exception:  # noqa: BLE001 - whatever it is, the next seeds go on
            sys.stderr.write(f"\n{traceback.format_exc()}torn.py --first {seed} --seeds 1\n")
            seen["seeds that FAILED"] += 1
    return seen


def main() -> None:
    """Run seeds in one process or several, and say what they contained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    chosen = parser.parse_args()
    began, seen = time.monotonic(), Counter[str]()
    end = chosen.first + chosen.seeds
    chunks = [range(at, min(at + CHUNK, end)) for at in range(chosen.first, end, CHUNK)]
    with ProcessPoolExecutor(chosen.processes) as pool:
        for done in as_completed([pool.submit(several, chunk) for chunk in chunks]):
            seen += done.result()
            rate = seen["seeds"] / (time.monotonic() - began)
            sys.stderr.write(f"{seen['seeds']} of {chosen.seeds} seeds, {rate:.1f} a second\n")
    for name, count in sorted(seen.items()):
        sys.stdout.write(f"{count:>14,} {name}\n")
    if seen["seeds that FAILED"]:
        sys.exit(1)
    sys.stdout.write("nothing lost, and every value equal to the bit\n")


if __name__ == "__main__":
    main()
