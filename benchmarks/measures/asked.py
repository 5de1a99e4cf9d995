"""Features asked for at moments of one's own: a training set, and one applicant at a time."""

import time
from collections.abc import Callable
from datetime import timedelta

import duckdb
import numpy as np
import pyarrow as pa
from measures.found import Found, agreed
from workloads import loans, swf12, swf12_features
from workloads.swf12 import DAY_MS, HOUR_MS, Events, Ints, Query, exact_hash

from headrace.features.compile import compile_plan
from headrace.features.engines.batch import History, read
from headrace.features.engines.stream import StreamEngine
from headrace.features.plan import make_plan

TRAINING = Query(
    tuple((f"{hours}h", hours * HOUR_MS) for hours in (1, 3, 6, 12, 24, 48, 72, 120, 168, 336)),
    ("count", "sum", "min", "max", "deviation"),
)
"""50 features: what a card did in ten windows before the moment of its label."""

RANGE_JOIN_LABELS = 20_000
"""Labels of the range join, which holds every pair of label and event."""

MEASURES = {
    "count": "count(amount)",
    "sum": "sum(amount)",
    "min": "min(amount)",
    "max": "max(amount)",
    "deviation": "stddev_samp(amount)",
}


def training_set(labels: int) -> Found:
    """CPU seconds of one thread beside DuckDB's best query for the same values.

    DuckDB answers in three ways: windows over labels and events in one table; ASOF joins with
    running totals, and such windows for the extremes only; a range join of labels with events. The
    last is tried on fewer labels; the quickest per label is the peer that counts.
    """
    events = swf12.published(labels)
    card, ts = _labels(events, labels)
    keys = pa.table({"card": card, "at": swf12_features.instants(ts)})
    plan = swf12_features.compiled(TRAINING)
    history = History({"payments": swf12_features.payments(events)})
    read(plan, history, keys.slice(0, 1_000), "at")  # warm up
    values, seconds = _cpu(lambda: read(plan, history, keys, "at").table)
    connection = duckdb.connect(config={"threads": 1, "memory_limit": "8GB"})
    connection.execute("set enable_progress_bar = false")  # it would stand in the output
    connection.register("given", events.table)
    connection.execute(
        "create table events as select card, ts, amount_minor as minor, "
        "amount_minor::double as amount from given"
    )
    few = min(labels, RANGE_JOIN_LABELS)
    joined, join_seconds = _duckdb(connection, _range_join(), card[:few], ts[:few])
    agreed(
        "training set, range join",
        headrace=_hash(card[:few], ts[:few], values.slice(0, few)),
        duckdb=joined,
    )
    windowed, window_seconds = _duckdb(connection, _windows(TRAINING.measures), card, ts)
    asof, asof_seconds = _duckdb(connection, _asof_joins(), card, ts)
    ours = _hash(card, ts, values)
    digest = agreed("training set", headrace=ours, windows=windowed, asof=asof)
    per_label = {
        "headrace": labels / seconds,
        "duckdb windows": labels / window_seconds,
        "duckdb ASOF joins": labels / asof_seconds,
        f"duckdb range join of {few:,} labels": few / join_seconds,
    }
    best = max(rate for engine, rate in per_label.items() if engine != "headrace")
    return Found({"ratio": per_label["headrace"] / best, **per_label}, digest)


def _labels(events: Events, labels: int) -> tuple[Ints, Ints]:
    """Cards as often as they pay, each at a moment of its own in the last three weeks."""
    r = np.random.default_rng(49)
    card = r.permutation(events.card)[:labels]
    return card, swf12.START_MS + r.integers(9 * DAY_MS, 30 * DAY_MS, labels)


def _cpu(work: Callable[[], pa.Table]) -> tuple[pa.Table, float]:
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


def _hash(card: Ints, ts: Ints, values: pa.Table) -> str:
    """Hash of the whole-number columns; a sum or an extreme of no event counts as -1."""
    columns = (
        (name, np.nan_to_num(swf12_features.values(values, name), nan=-1.0))
        for name in TRAINING.exact
    )
    return exact_hash(card, ts, columns)


def _duckdb(
    connection: duckdb.DuckDBPyConnection, sql: str, card: Ints, ts: Ints
) -> tuple[str, float]:
    """Hash of DuckDB's values, and the CPU seconds they took."""
    connection.register("asked", pa.table({"label": np.arange(len(ts)), "card": card, "ts": ts}))
    connection.execute("create or replace table labels as select * from asked")
    began = time.process_time()
    connection.execute(f"create or replace table result as {sql}")
    seconds = time.process_time() - began
    found = connection.sql("select * from result order by label").to_arrow_table()
    columns = (
        (name, np.nan_to_num(found[name].cast(pa.float64()).to_numpy(), nan=-1.0))
        for name in TRAINING.exact
    )
    return exact_hash(found["card"].to_numpy(), found["ts"].to_numpy(), columns), seconds


def _windows(measures: tuple[str, ...]) -> str:
    """Labels among the events as rows without an amount; the values of those rows."""
    columns = ", ".join(
        f"{MEASURES[measure]} over within_{width} as {name}"
        for name, measure, width in TRAINING.columns
        if measure in measures
    )
    windows = ", ".join(
        f"within_{width} as (partition by card order by ts "
        f"range between {width} preceding and current row)"
        for _, width in TRAINING.windows
    )
    return f"""select * from (select label, card, ts, {columns} from (
        select null as label, card, ts, amount from events
        union all by name select label, card, ts, null as amount from labels) window {windows})
        where label is not null"""


def _asof_joins() -> str:
    """Counts, sums and deviations from running totals up to a window's two ends."""
    joins = " ".join(
        f"asof left join running r{width} "
        f"on l.card = r{width}.card and l.ts - {width} > r{width}.ts"
        for _, width in TRAINING.windows
    )
    columns = ", ".join(
        f"{_between_ends(measure, width)} as {name}"
        for name, measure, width in TRAINING.columns
        if measure not in {"min", "max"}
    )
    return f"""with running as materialized (select card, ts, count(*) over w as n,
            sum(minor) over w as s, sum(minor::hugeint * minor) over w as q from events
            window w as (partition by card order by ts)),
        sums as (select l.label, l.card, l.ts, {columns} from labels l
            asof left join running r on l.card = r.card and l.ts >= r.ts {joins}),
        extremes as ({_windows(("min", "max"))})
        select * from sums join extremes using (label, card, ts)"""


def _between_ends(measure: str, width: int) -> str:
    n, s, q = (f"(coalesce(r.{one}, 0) - coalesce(r{width}.{one}, 0))" for one in "nsq")
    if measure == "count":
        return n
    if measure == "sum":
        return f"case when {n} > 0 then {s} end"
    return f"case when {n} > 1 then sqrt(({n} * {q} - {s} * {s})::double / {n} / ({n} - 1)) end"


def _range_join() -> str:
    """Every event of the longest window joined to its label, then filtered for each window."""
    longest = max(width for _, width in TRAINING.windows)
    columns = ", ".join(
        f"{MEASURES[measure]} filter (e.ts >= l.ts - {width}) as {name}"
        for name, measure, width in TRAINING.columns
    )
    return f"""select l.label, any_value(l.card) as card, any_value(l.ts) as ts, {columns}
        from labels l left join events e
        on l.card = e.card and e.ts <= l.ts and e.ts >= l.ts - {longest} group by l.label"""


def wide_request(applicants: int, per_table: int, asked: int) -> Found:
    """240 features over nine tables, one applicant a call."""
    features = loans.feature_set()
    engine = StreamEngine(compile_plan(make_plan(features)), timedelta(days=1))
    facts = loans.facts(applicants, per_table)
    for name, events in facts.items():
        engine.push(events, name)
    who = np.random.default_rng(50).integers(0, applicants, asked)
    ones = [{"applicant": each} for each in who.tolist()]
    now = loans.NOW_MS * 1000
    engine.read_one(ones[0], now)  # warm up
    latencies, answers = np.empty(asked), []
    start = time.perf_counter()
    for number, one in enumerate(ones):
        began = time.perf_counter()
        answers.append(engine.read_one(one, now))
        latencies[number] = time.perf_counter() - began
    seconds = time.perf_counter() - start
    values = pa.Table.from_pylist(answers).append_column("applicant", pa.array(who))
    figures = {
        "p50_seconds": float(np.percentile(latencies, 50)),
        "p99_seconds": float(np.percentile(latencies, 99)),
        "requests_per_second": asked / seconds,
    }
    digest = agreed("wide request", headrace=_loans_hash(values), duckdb=_loans_duckdb(facts, who))
    return Found(figures, digest)


def _loans_hash(values: pa.Table) -> str:
    """Hash of the whole-number features; a missing one counts as -1."""
    names = [name for name in _loans_names() if name in values.column_names]
    who = values["applicant"].to_numpy()
    columns = ((n, values[n].fill_null(-1).cast(pa.float64()).to_numpy()) for n in names)
    return exact_hash(who, np.zeros_like(who), columns)


def _loans_names() -> list[str]:
    return [
        definition.name
        for definition in loans.feature_set().definitions
        if definition.name.endswith("_kinds_365d")
        or any(f"_{what}_" in definition.name for what in loans.SQL)
    ]


def _loans_duckdb(facts: dict[str, pa.Table], who: Ints) -> str:
    """DuckDB's values for the same applicants."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set enable_progress_bar = false")
    connection.execute("set timezone = 'UTC'")
    connection.register("asked", pa.table({"row": np.arange(len(who)), "applicant": who}))
    for name, events in facts.items():
        connection.register(name, events)
    joins = " ".join(f"left join ({loans.query(name)}) using (applicant)" for name in facts)
    found = connection.sql(f"select * from asked {joins} order by row").to_arrow_table()
    for number, name in enumerate(found.column_names):
        if "_count_" in name or "_kinds_" in name:
            found = found.set_column(number, name, found[name].fill_null(0))
    return _loans_hash(found)
