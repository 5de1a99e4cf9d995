"""SWF-12 with late and voided events: values as of what was known at each arrival."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from measures.found import DisagreementError, Found, agreed, same_bits
from workloads import swf12, swf12_features
from workloads.swf12 import QUERIES, Events, exact_hash

from headrace.features.definition import Table
from headrace.features.engines.batch import History, replay
from headrace.features.engines.stream import StreamEngine

BATCH = 10_000
QUERY = QUERIES[12]
TWIN_EVENTS, TWIN_CARDS = 1_000, 10


def late(events_count: int) -> Found:
    """5 % of the events up to 30 days late, replayed; live pushes in order of arrival agree."""
    events = swf12.late(events_count)
    found, values = _replayed(events, swf12_features.LATE)
    _twin_agrees(lambda few: swf12.with_delays(few, 0.05, seed=46), swf12_features.LATE)
    engine = StreamEngine(
        swf12_features.compiled(QUERY, swf12_features.LATE), lateness=timedelta(days=31)
    )
    order = events.arrival
    table = swf12_features.payments(events, order)
    began = time.process_time()
    answers = [engine.push(table.slice(at, BATCH)).table for at in range(0, len(events), BATCH)]
    seconds = time.process_time() - began
    same_bits("late", pa.concat_tables(answers), values.take(order))
    return Found({**found.figures, "live_events_per_second": events_count / seconds}, found.hash)


def void(events_count: int) -> Found:
    """3 % of the events voided later, replayed."""
    events = swf12.void(events_count)
    _twin_agrees(lambda few: swf12.with_voids(few, 0.03, seed=47), swf12_features.VOIDED)
    return _replayed(events, swf12_features.VOIDED)[0]


def _replayed(events: Events, table: Table) -> tuple[Found, pa.Table]:
    plan = swf12_features.compiled(QUERY, table)
    history = _history(events)
    replay(plan, _history(swf12.with_delays(swf12.published(BATCH), 0.05, seed=1)))  # warm up
    began = time.process_time()
    computed = replay(plan, history)
    seconds = time.process_time() - began
    if computed.refused:
        raise DisagreementError(f"refused: {computed.refused}")
    digest = swf12_features.hash_of(events.card, events.ts, QUERY, computed.table)
    return Found({"events_per_second": len(events) / seconds}, digest), computed.table


def _history(events: Events) -> History:
    taken_back = swf12_features.voids(events)
    name = swf12_features.LATE.name
    return History(
        {name: swf12_features.payments(events)},
        {name: taken_back} if taken_back.num_rows else None,
    )


def _twin_agrees(change: Callable[[Events], Events], table: Table) -> None:
    """The slow twin of the tests gives the same values on few events of few cards."""
    folder = str(Path(__file__).parents[2] / "tests" / "reference")
    if folder not in sys.path:
        sys.path.append(folder)
    import swf12_reference  # noqa: PLC0415 - beside the tests, on the path only by now

    events = change(swf12.published(TWIN_EVENTS, TWIN_CARDS))
    rows = swf12_reference.features(events, QUERY)
    twin = [(name, np.array([float(row[name]) for row in rows])) for name in QUERY.exact]
    computed = replay(swf12_features.compiled(QUERY, table), _history(events))
    agreed(
        f"{TWIN_EVENTS} events as known",
        headrace=swf12_features.hash_of(events.card, events.ts, QUERY, computed.table),
        twin=exact_hash(events.card, events.ts, twin),
    )
    gap = max(
        swf12.deviation_gap(
            swf12_features.values(computed.table, name),
            np.array([np.nan if row[name] is None else row[name] for row in rows]),
        )
        for name, measure, _ in QUERY.columns
        if measure == "deviation"
    )
    if gap > 1e-12:
        raise DisagreementError(f"deviations as known differ from the slow twin's by {gap:.1e}")
