"""SWF-12 event by event: rates, latencies, memory. Each function runs in a process of its own."""

import gc
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found, agreed, duckdb_hash
from numpy.typing import NDArray
from peer import peak_bytes
from workloads import swf12, swf12_features
from workloads.swf12 import QUERIES, Events, Query

from headrace.adapters.live.features import LiveFeatures
from headrace.features.engines.stream import PushedOne, StreamEngine

BATCH = 10_000
RATE = 20_000
"""Events a second that fall due in the open loop."""
DURABLE_RATE = 200
"""The same where every event waits for the disk."""

HOT = Query((("365d", 365 * swf12.DAY_MS),), QUERIES[12].measures)
SAMPLE = 1_000
"""One card in so many is proved where there are too many for DuckDB."""


def started(query: Query, lateness_days: int = 1) -> StreamEngine:
    """An engine without events, its compiled loops warmed up by another."""
    engine, other = (
        StreamEngine(swf12_features.compiled(query), timedelta(days=lateness_days))
        for _ in range(2)
    )
    other.push(swf12_features.payments(swf12.published(BATCH)))
    return engine


def rate(events_count: int) -> Found:
    """Events per CPU-second in batches, each durable in the log before it is answered."""
    events, query = swf12.published(events_count), QUERIES[12]
    started(query)
    batches = _batches(events)
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveFeatures(Path(folder), swf12_features.compiled(query)) as live,
    ):
        began = time.process_time()
        answers = [live.push(batch).table for batch in batches]
        seconds = time.process_time() - began
    ours = swf12_features.hash_of(events.card, events.ts, query, pa.concat_tables(answers))
    digest = agreed("live", headrace=ours, duckdb=duckdb_hash(events, query))
    return Found({"events_per_cpu_second": events_count / seconds}, digest)


def _batches(events: Events) -> list[pa.Table]:
    table = swf12_features.payments(events)
    return [table.slice(first, BATCH) for first in range(0, len(events), BATCH)]


def single(events_count: int, asked: int) -> Found:
    """Latency of one event per call, in memory and with the log, over the last `asked` events."""
    events, query = swf12.published(events_count), QUERIES[12]
    engine = started(query)
    first = events_count - asked
    table = swf12_features.payments(events)
    engine.push(table.slice(0, first))
    in_memory, answers = open_loop(engine.push_one, _rows_of(table, first))
    last = slice(first, None)
    ours = swf12_features.hash_of(events.card[last], events.ts[last], query, answers)
    theirs = duckdb_hash(events, query, since=int(events.ts[first]))
    digest = agreed("single event", headrace=ours, duckdb=theirs)
    few = asked // 10
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveFeatures(Path(folder), swf12_features.compiled(query)) as live,
    ):
        live.push(table.slice(0, events_count - few))
        rows = _rows_of(table, events_count - few)
        durable, again = open_loop(live.push_one, rows, rate=DURABLE_RATE)
    if not again.equals(answers.slice(asked - few)):
        message = "single event: with the log the values differ from those without"
        raise DisagreementError(message)
    p50, p99 = np.percentile(in_memory, (50, 99)).tolist()
    return Found(
        {
            "p50_seconds": p50,
            "p99_seconds": p99,
            "durable_p50_seconds": float(np.percentile(durable, 50)),
            "durable_p99_seconds": float(np.percentile(durable, 99)),
        },
        digest,
    )


def open_loop(
    push: Callable[[dict[str, object]], PushedOne], rows: list[dict[str, object]], rate: int = RATE
) -> tuple[NDArray[np.float64], pa.Table]:
    """Seconds from the moment each event fell due until it was answered, and the answers.

    Events fall due at a fixed rate, whether or not the one before is done: one that waits for
    another is charged for it.
    """
    latencies, answers = np.empty(len(rows)), []
    gc.collect()
    start = time.perf_counter() + 0.01
    for number, row in enumerate(rows):
        due = start + number / rate
        while time.perf_counter() < due:
            pass
        answers.append(push(row).values)
        latencies[number] = time.perf_counter() - due
    return latencies, pa.Table.from_pylist(answers)


def _rows_of(table: pa.Table, first: int) -> list[dict[str, object]]:
    """Events from `first` on as plain values, times as microseconds."""
    at = table.schema.get_field_index("event_time")
    plain = table.set_column(at, "event_time", table["event_time"].cast(pa.int64()))
    rows: list[dict[str, object]] = plain.slice(first).to_pylist()
    return rows


def hot(events_count: int, asked: int) -> Found:
    """One more event of a key with a year of them, then a read of it; and its memory."""
    events = swf12.hot(events_count)
    engine = started(HOT)
    table = swf12_features.payments(events)
    first = events_count - asked
    for batch in (table.slice(at, min(BATCH, first - at)) for at in range(0, first, BATCH)):
        engine.push(batch)
    latencies, answers = np.empty(asked), []
    for number, row in enumerate(_rows_of(table, first)):
        began = time.perf_counter()
        engine.push_one(row)
        answers.append(engine.read_one(row, row["event_time"]))
        latencies[number] = time.perf_counter() - began
    last = slice(first, None)
    ours = swf12_features.hash_of(
        events.card[last], events.ts[last], HOT, pa.Table.from_pylist(answers)
    )
    theirs = duckdb_hash(events, HOT, since=int(events.ts[first]))
    figures = {
        "p99_seconds": float(np.percentile(latencies, 99)),
        "bytes_per_event": _figure(engine, "bytes") / _figure(engine, "events"),
    }
    return Found(figures, agreed("hot key", headrace=ours, duckdb=theirs))


def _figure(engine: StreamEngine, name: str) -> float:
    """A figure of the only space."""
    metrics = engine.metrics().items()
    return next(value for key, value in metrics if key.startswith(f"headrace_features_{name}{{"))


def wide(events_count: int, cards: int) -> Found:
    """Peak memory of the process, and CPU time per event at the end over that after 1 M events.

    The million before the end is compared with the second one; of fewer than 4 M events the
    second quarter with the last.
    """
    query = QUERIES[12]
    engine = started(query)
    seconds: list[float] = []
    sample: list[tuple[Events, pa.Table]] = []
    blocks = swf12.wide(events_count, cards)
    for events in chain.from_iterable(map(_parts, blocks)):
        batch = swf12_features.payments(events)
        began = time.process_time()
        values = engine.push(batch).table
        seconds.append(time.process_time() - began)
        rows = np.flatnonzero(events.card % SAMPLE == 7 % cards)
        sample.append((_rows(events, rows), values.take(rows)))
    peak = peak_bytes()
    mark = max(1, min(1_000_000, events_count // 4) // BATCH)
    early, late = sum(seconds[mark : 2 * mark]), sum(seconds[-mark:])
    kept = swf12.collect(events for events, _ in sample)
    table = pa.concat_tables(values for _, values in sample)
    ours = swf12_features.hash_of(kept.card, kept.ts, query, table)
    digest = agreed("wide, sample", headrace=ours, duckdb=duckdb_hash(kept, query))
    figures = {
        "bytes": peak,
        "time_ratio": late / early,
        "events_per_cpu_second": events_count / sum(seconds),
    }
    return Found(figures, digest)


def _parts(events: Events) -> list[Events]:
    cuts = range(0, len(events), BATCH)
    return [_rows(events, slice(first, first + BATCH)) for first in cuts]


def _rows(events: Events, rows: slice | swf12.Ints) -> Events:
    names = ("card", "ts", "amount_minor", "merchant", "known")
    none = np.empty(0, np.int64)
    columns = {name: getattr(events, name)[rows] for name in names}
    return Events(**columns, void_row=none, void_known=none)
