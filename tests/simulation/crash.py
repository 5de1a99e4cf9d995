"""Kill a process that keeps features live, at random moments, and see what the disk remembers.

    python tests/simulation/crash.py --seeds 1000

A child is forked, pushes a seeded stream (late, repeated and voided events, snapshots, changes of
definitions), tells through a pipe what was acknowledged, and is killed with SIGKILL. Then the
folder is opened again. It must hold everything that was acknowledged, in order and once, and its
digest must be that of a fresh replay of what it holds.
"""

import argparse
import os
import signal
import struct
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from headrace.adapters.live.features import LiveFeatures
from headrace.adapters.live.records import apply_record, read_record
from headrace.features.aggregates import Count, Deviation, Distinct, Max, Sum
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import LastEvents, Sliding

DAY_US = 86_400_000_000
LATENESS = timedelta(days=30)
TABLE = Table(
    "payment",
    (
        Column("card", ColumnType.CATEGORY, required=True),
        Column("shop", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, required=True),
    ),
    ("card",),
)
WEEK = Sliding(timedelta(days=7))
FIRST = (
    Measure("count_7d", Count(), window=WEEK),
    Measure("sum_7d", Sum("amount"), window=WEEK),
    Measure("max_7d", Max("amount"), window=WEEK),
    Measure("deviation_7d", Deviation("amount"), window=WEEK),
)
SECOND = (
    *FIRST,
    Measure("shops_7d", Distinct("shop"), where="amount > 100", window=WEEK),
    Measure("last_5", Sum("amount"), window=LastEvents(5), by=("shop",)),
)
PLANS = [compile_plan(make_plan(FeatureSet((TABLE,), each))) for each in (FIRST, SECOND)]


def batch(seed: int, number: int) -> pa.Table:
    """Batch `number` of a stream: the same for the same seed."""
    rng = np.random.default_rng([seed, number])
    n = int(rng.integers(1, 30))
    ids = number * 30 + np.arange(n)
    times = ids * (DAY_US // 50) + 1_700_000_000_000_000
    late = rng.random(n) < 0.1
    times = times - late * rng.integers(0, 25 * DAY_US, n)
    table = pa.table(
        {
            "id": [f"p{each}" for each in ids],
            "card": rng.integers(0, 5, n),
            "shop": rng.integers(0, 4, n),
            "amount": rng.integers(-50, 1_000, n),
            "event_time": pa.array(times, pa.timestamp("us", "UTC")),
        }
    )
    again = np.flatnonzero(rng.random(n) < 0.05)
    return pa.concat_tables([table, table.take(pa.array(again, pa.int64()))])


def act(live: LiveFeatures, seed: int, number: int) -> None:
    """Step `number`: one record in the log, and now and then a snapshot or other definitions."""
    events = batch(seed, number)
    kind = number % 7
    if kind == 3:
        live.void(batch(seed, number - 1).slice(0, 2))
    elif kind == 5:
        live.push_one(events.slice(0, 1).to_pylist()[0])
    else:
        live.push(events)
    if number % 11 == 10:
        live.snapshot()
    if number % 13 == 12:
        live.redefine(PLANS[number // 13 % 2])


def child(folder: Path, seed: int, acknowledged: int) -> None:
    """Push for ever; write the number of records acknowledged to a pipe."""
    with LiveFeatures(folder, PLANS[0], LATENESS) as live:
        number = live.records
        while True:
            act(live, seed, number)
            number += 1
            os.write(acknowledged, struct.pack("<q", number))


def crash(folder: Path, seed: int, rng: np.random.Generator) -> int:
    """Run a child, kill it some time after so many records, and return how many are durable."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            child(folder, seed, writer)
        finally:
            os._exit(1)  # never return into the parent's code
    os.close(writer)
    told, enough = b"", 8 * int(rng.integers(30))
    while len(told) < enough and (piece := os.read(reader, 8)):
        told += piece
    time.sleep(float(rng.uniform(0, 0.01)))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "the child failed before it was killed"
    while piece := os.read(reader, 1 << 16):
        told += piece
    os.close(reader)
    whole = len(told) // 8 * 8
    return struct.unpack("<q", told[whole - 8 : whole])[0] if whole else 0


def check(folder: Path, seed: int, acknowledged: int, plan: int) -> int:
    """Open what the killed process left; returns how many records it holds."""
    with LiveFeatures(folder, PLANS[plan], LATENESS) as live:
        records = list(live._log.read(0))
        assert [sequence for sequence, _ in records] == list(range(len(records)))
        assert len(records) >= acknowledged, f"{acknowledged} acknowledged, {len(records)} found"
        fresh = StreamEngine(PLANS[plan], LATENESS)
        for _, payload in records:
            apply_record(fresh, read_record(payload))
        assert live.engine.digest() == fresh.digest(), "memory is not that of a fresh replay"
        expected = StreamEngine(PLANS[plan], LATENESS)
        for number in range(len(records)):
            step(expected, seed, number)
        assert live.engine.digest() == expected.digest(), "an event is lost, altered or doubled"
        return len(records)


def step(engine: StreamEngine, seed: int, number: int) -> None:
    """What `act` does to the memory."""
    events = batch(seed, number)
    if number % 7 == 3:
        engine.void(batch(seed, number - 1).slice(0, 2))
    elif number % 7 == 5:
        engine.push_one(events.slice(0, 1).to_pylist()[0])
    else:
        engine.push(events)


def run(seed: int) -> tuple[int, int]:
    """One seed: several crashes on one folder. Returns crashes and records."""
    rng = np.random.default_rng(seed)
    records = 0
    crashes = int(rng.integers(1, 4))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(crashes):
            acknowledged = crash(Path(folder), seed, rng)
            records = check(Path(folder), seed, max(acknowledged, records), int(rng.integers(2)))
    return crashes, records


def warm() -> None:
    """Compile before the first fork."""
    for plan in PLANS:
        engine = StreamEngine(plan, LATENESS)
        for number in range(8):
            step(engine, 0, number)
        engine.digest()


def main() -> None:
    """Run seeds one after the other; a failure names its seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0)
    chosen = parser.parse_args()
    warm()
    crashes = records = 0
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        try:
            several, found = run(seed)
        except Exception:
            sys.stderr.write(f"seed {seed} fails: crash.py --first {seed} --seeds 1\n")
            raise
        crashes, records = crashes + several, records + found
    sys.stdout.write(f"{chosen.seeds} seeds, {crashes} kills, {records} records: nothing lost\n")


if __name__ == "__main__":
    main()
