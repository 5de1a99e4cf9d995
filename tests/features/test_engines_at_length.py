"""Long histories, many keys, large numbers and bad rows: what small random cases do not reach."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from math import nan, sqrt

import numba
import numpy as np
import pyarrow as pa
import pytest
from features_reference import at_arrival
from hypothesis import given, settings
from hypothesis import strategies as st

from features_running import (
    Live,
    assert_agrees,
    assert_same_bits,
    compiled,
    instant,
    matrix,
    measured,
    replayed,
)
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.columns import NUMBER_MAX
from headrace.features.definition import (
    Column,
    ColumnType,
    Current,
    FeatureSet,
    Measure,
    Table,
)
from headrace.features.engines import batch
from headrace.features.engines.stream import StreamEngine
from headrace.features.kernels import exact
from headrace.features.kernels.codes import TOO_LATE
from strategies_features import (
    AGGREGATES,
    ANCHORS,
    DAY,
    SECOND,
    World,
    example_table,
    instances,
    seeded,
    worlds,
)

DAYS_7, DAYS_30 = timedelta(days=7), timedelta(days=30)
PLAIN = Table(
    "t",
    (
        Column("k", ColumnType.CATEGORY, required=True),
        Column("x", ColumnType.NUMBER, places=2, required=True),
        Column("y", ColumnType.NUMBER),
        Column("g", ColumnType.CATEGORY),
    ),
    key=("k",),
    time="time",
    id=None,
)


def at_seconds(seconds) -> pa.Array:
    """Instants, seconds after the first anchor."""
    micro = ANCHORS[0] + (np.asarray(seconds) * SECOND).astype(np.int64)
    return pa.array(micro, pa.int64()).cast(pa.timestamp("us", "UTC"))


def plain(k, x, seconds, **more) -> pa.Table:
    """Events of the plain table."""
    n = len(seconds)
    columns = {"y": pa.nulls(n, pa.int64()), "g": pa.nulls(n, pa.string())}
    return pa.table({"k": k, "x": x, **columns, "time": at_seconds(seconds)} | more)


# --- Long histories ------------------------------------------------------------------------------

SPANS = (
    w.AllHistory(),
    w.Sliding(DAYS_30, ends_before=timedelta(hours=5), start_included=True),
    w.Sliding(timedelta(days=60)),
    w.Calendar(w.Period.MONTH, "Europe/Berlin", count=2),
    w.Calendar(w.Period.WEEK, "America/Sao_Paulo", count=6, ends_before=1),
    w.LastEvents(20),
    w.Session(timedelta(days=2), longest=timedelta(days=50)),
)


@pytest.mark.parametrize("kind", AGGREGATES, ids=lambda kind: kind.keyword)
@settings(deadline=None, max_examples=2)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_every_aggregate_over_many_blocks_of_rows(kind, data, seed):
    world, aggregate = data.draw(worlds(known=True, ids=True)), data.draw(instances(kind))
    measures = [
        Measure(f"f{n}", aggregate, window=span, current=data.draw(st.sampled_from(Current)))
        for n, span in enumerate(SPANS)
    ]
    features = FeatureSet((world.table,), tuple(measures))
    rows = seeded(seed, 150, span=200 * DAY, late_max=20 * DAY)
    got = Live(world, features).feed(rows)
    events = [place for place, row in enumerate(rows) if row["op"] == "add"]
    assert_same_bits(replayed(world, features, rows), got[events])
    facts, looked_at = world.facts(rows), range(len(rows) - 1, 0, -11)
    want = [at_arrival(features.definitions, facts, place) for place in looked_at]
    assert_agrees(got[looked_at], want, features)


BOUNDED = (
    (a.Count(), w.Sliding(DAYS_7)),
    (a.Deviation("amount"), w.Sliding(DAYS_30, ends_before=DAYS_7)),
    (a.Max("fee"), w.Calendar(w.Period.MONTH, "Asia/Shanghai")),
    (a.Distinct("channel"), w.Calendar(w.Period.WEEK, "Europe/Berlin", ends_before=1)),
    (a.Sum("amount"), w.Session(timedelta(days=1), longest=timedelta(days=9))),
    (a.Quantile("amount"), w.LastEvents(3)),
    (a.NewValues("shop", lookback=timedelta(days=5)), w.LastEvents(2)),
    (a.NewValues("channel", lookback=timedelta(days=3)), w.Sliding(DAYS_7)),
    (a.SinceFirst(), w.LastEvents(4)),
)


@pytest.mark.parametrize(("aggregate", "window"), BOUNDED, ids=str)
def test_a_long_life_in_bounded_memory_gives_the_values_of_keeping_everything(aggregate, window):
    world, lateness = World(example_table()), timedelta(days=12)
    (plain_one,) = measured(world.table, (aggregate, window)).definitions
    filtered = replace(plain_one, name="filtered", where="vip", current=Current.EXCLUDED)
    bounded = FeatureSet((world.table,), (plain_one, filtered))
    ever = Measure("ever", a.Count())  # keeps everything, so that no event is too late
    unbounded = FeatureSet((world.table,), (plain_one, filtered, ever))
    rows = in_time(seeded(7, 900, span=5 * 365 * DAY, late_max=20 * DAY), lateness)
    short, long = Live(world, bounded, lateness), Live(world, unbounded)
    rng = np.random.default_rng(8)
    got, most = [], 0.0
    for start in range(0, len(rows), 10):
        got.append(short.feed(rows[start : start + 10]))
        short.engine.sweep(rng.choice([0.0, 0.3, 1.0]))
        most = max(most, figure(short, "events"))
    found, want = np.concatenate(got), long.feed(rows)[:, :-1]
    lateness_of = [code & TOO_LATE > 0 for each in short.pushed for code in each.outcome.tolist()]
    too_late = np.flatnonzero(lateness_of)
    assert_same_bits(np.delete(found, too_late, axis=0), np.delete(want, too_late, axis=0))
    events = [place for place in too_late if rows[place]["op"] == "add"]
    assert 30 < len(events) < 150
    assert np.isnan(found[events]).all()
    metrics = short.engine.metrics()
    assert metrics['headrace_features_too_late_total{table="payments"}'] == len(too_late)
    # 60 days of 900 events in 5 years are 30; segments are let fill before rows are forgotten.
    assert most < 250
    assert figure(long, "events") > 850
    assert figure(short, "bytes") < figure(long, "bytes") / 2


def in_time(rows: list, lateness: timedelta) -> list:
    """The facts without voids of events further back than that, which may be forgotten."""
    kept, latest = [], 0
    for row in rows:
        if row["op"] == "add":
            latest = max(latest, row["time"])
        elif row["time"] < latest - lateness // timedelta(microseconds=1):
            continue
        kept.append(row)
    return kept


def figure(live: Live, name: str) -> float:
    """A figure of the engine's metrics, over all spaces."""
    metrics = live.engine.metrics()
    return sum(v for label, v in metrics.items() if label.startswith(f"headrace_features_{name}{{"))


def test_a_key_that_is_forgotten_comes_back_as_new():
    engine = StreamEngine(compiled(measured(PLAIN, (a.Count(), w.Sliding(DAYS_7)))))
    engine.push(plain(["a", "b"], [1, 1], [0, 0]))
    engine.push(plain(["b"], [1], [20 * 86_400]))
    assert engine.sweep() == 1
    assert engine.metrics()['headrace_features_keys{space="t by k"}'] == 1
    later = engine.push(plain(["a", "a", "b"], [1, 1, 1], [20 * 86_400] * 3))
    assert later.table["f0"].to_pylist() == [1, 2, 2]
    assert engine.sweep() == 0


def test_what_a_last_event_looks_back_to_is_kept():
    features = FeatureSet(
        (PLAIN,),
        (
            Measure(
                "new",
                a.NewValues("g", lookback=timedelta(days=10)),
                where="x > 0",
                window=w.LastEvents(1),
            ),
        ),
    )
    engine = StreamEngine(compiled(features), lateness=timedelta(seconds=1))
    days = np.arange(20) * 2 * 86_400
    engine.push(plain(["a"] * 20, [1.0] * 20, days, g=["A", "B"] * 10))
    engine.push(plain(["z", *["a"] * 20], [0.0] * 21, [60 * 86_400] * 21))
    assert engine.metrics()['headrace_features_events{space="t by k"}'] < 40
    assert engine.read_one({"k": "a"}, instant(ANCHORS[0] + 60 * DAY)) == {"new": 0}


def test_an_event_that_comes_too_late_is_counted_from_then_on_and_has_no_values():
    features = measured(PLAIN, (a.Count(), w.Sliding(DAYS_7)), (a.Last("x"), w.Sliding(DAYS_7)))
    engine = StreamEngine(compiled(features), lateness=timedelta(days=1))
    engine.push(plain(["a"], [1], [3 * 86_400]))
    pushed = engine.push(plain(["a", "b", "a"], [2, 3, 4], [86_400, 2 * 86_400, 3 * 86_400]))
    assert pushed.table.to_pydict() == {"f0": [None, 1, 3], "f1": [None, 3, 4]}
    assert pushed.words() == ["added"] * 3
    assert (pushed.late.tolist(), pushed.too_late.tolist()) == ([0], [0])
    metrics = engine.metrics()
    assert metrics['headrace_features_late_total{table="t"}'] == 1
    assert metrics['headrace_features_too_late_total{table="t"}'] == 1
    assert metrics['headrace_features_rows_total{table="t",outcome="added"}'] == 4
    latest = instant(ANCHORS[0] + 3 * DAY)
    assert engine.watermark() == latest
    assert metrics['headrace_features_watermark_seconds{table="t"}'] == latest.timestamp()
    keys = pa.table({"k": ["a", "a"], "at": at_seconds([86_400, 2 * 86_400])})
    assert engine.read(keys, "at")["f0"].to_pylist() == [None, 1]


# --- Growth --------------------------------------------------------------------------------------


def test_many_keys():
    rng = np.random.default_rng(3)
    keys, each = 5_000, 12
    key = rng.permutation(np.repeat(np.arange(keys), each))
    x = rng.integers(-(10**9), 10**9, key.size)
    seconds = np.arange(key.size)
    names = pa.array([f"key {number}" for number in key])
    events = plain(names, x / 100, seconds)
    features = measured(PLAIN, (a.Sum("x"), w.ALL_HISTORY), (a.Max("x"), w.LastEvents(3)))
    order = np.lexsort((seconds, key))
    sums = np.cumsum(x[order].reshape(keys, each), axis=1)
    tops = np.lib.stride_tricks.sliding_window_view(
        np.pad(x[order].reshape(keys, each), ((0, 0), (2, 0)), constant_values=-(2**62)), 3, axis=1
    ).max(axis=2)
    want = np.empty((key.size, 2))
    want[order] = np.stack([sums.ravel(), tops.ravel()], axis=1) / 100
    program = compiled(features)
    one = matrix(batch.replay(program, batch.History({"t": events})).table, ["f0", "f1"])
    assert_same_bits(one, want)
    engine = StreamEngine(program)
    parts = [engine.push(events.slice(start, 7_000)).table for start in range(0, key.size, 7_000)]
    assert_same_bits(matrix(pa.concat_tables(parts), ["f0", "f1"]), want)
    assert engine.metrics()['headrace_features_keys{space="t by k"}'] == keys
    # Live reads of every key, and of keys that nobody has seen.
    asked = pa.table({"k": [f"key {n}" for n in range(keys)] + ["nobody"] * 3})
    read = matrix(engine.read(asked, instant(ANCHORS[-1])), ["f0", "f1"])
    last = np.stack([sums[:, -1], tops[:, -1]], axis=1) / 100
    assert_same_bits(read, np.concatenate([last, np.full((3, 2), nan)]))


def test_one_hot_key_with_events_out_of_order():
    rng = np.random.default_rng(4)
    n, length = 20_000, 3_000
    x = rng.integers(-(2**44), 2**44, n)
    seconds = np.arange(n)
    arrival = np.argsort(seconds + rng.integers(0, 50, n), kind="stable")
    arrival = np.concatenate([arrival[arrival >= 5], np.arange(5)])  # five come last of all
    events = plain(pa.array(["hot"] * n), pa.array(x[arrival] / 100), seconds[arrival])
    hour = w.Sliding(timedelta(seconds=length))
    features = measured(
        PLAIN,
        (a.Count(), hour),
        (a.Sum("x"), hour),
        (a.Min("x"), w.ALL_HISTORY),
        (a.Mean("x"), w.LastEvents(1000)),
    )
    engine = StreamEngine(compiled(features))
    engine.push(events)
    keys = pa.table({"k": ["hot"] * n, "at": at_seconds(seconds)})
    found = matrix(engine.read(keys, "at"), ["f0", "f1", "f2", "f3"])
    total = np.concatenate([[0], np.cumsum(x)])
    low, few = np.maximum(seconds - length + 1, 0), np.maximum(seconds - 999, 0)
    want = np.stack(
        [
            seconds + 1 - low,
            (total[1:] - total[low]) / 100,
            np.minimum.accumulate(x) / 100,
            (total[1:] - total[few]) / ((seconds + 1 - few) * 100.0),
        ],
        axis=1,
    )
    assert_same_bits(found, want)


def test_threads_share_the_work_of_many_chunks():
    rng = np.random.default_rng(5)
    n = 150_000
    events = plain(
        pa.array(rng.integers(0, 3_000, n).astype(str)),
        rng.integers(0, 10**6, n) / 100,
        np.sort(rng.integers(0, 10**6, n)),
        g=pa.array(rng.integers(0, 50, n).astype(str)).dictionary_encode(),
    )
    hour = w.Sliding(timedelta(hours=20))
    features = measured(
        PLAIN, (a.Deviation("x"), hour), (a.Distinct("g"), hour), (a.Hhi("x", over="g"), hour)
    )
    one, two = (
        batch.replay(compiled(features), batch.History({"t": events}), threads=threads).table
        for threads in (1, 2)
    )
    assert one.equals(two)


LARGEST = NUMBER_MAX - 1


# --- Numbers -------------------------------------------------------------------------------------

words = st.integers(-(2**63) + 1, 2**63 - 1)
wide = st.integers(-(2**125), 2**125)


def split(number: int) -> tuple[np.int64, np.int64]:
    low = number & (2**64 - 1)
    return np.int64(low - 2**64 if low >= 2**63 else low), np.int64(number >> 64)


def joined(low: int, high: int) -> int:
    return int(high) * 2**64 + (int(low) & (2**64 - 1))


@numba.njit
def worked(word, one, other):
    """What kernels compute: the parts cannot be called from Python."""
    return (
        exact.square(word),
        exact.add(one[0], one[1], other[0], other[1]),
        exact.subtract(one[0], one[1], other[0], other[1]),
        exact.real(one[0], one[1]),
    )


@settings(deadline=None)
@given(words, wide, wide)
def test_arithmetic_in_two_words_is_that_of_whole_numbers(word, one, other):
    one = abs(one)
    square, total, difference, real = worked(np.int64(word), split(one), split(other))
    assert joined(*square) == word**2
    assert joined(*total) == one + other
    assert joined(*difference) == one - other
    assert real == pytest.approx(float(one), rel=2**-51)


@settings(deadline=None)
@given(
    st.lists(st.integers(-LARGEST, LARGEST) | st.integers(LARGEST - 9, LARGEST), min_size=1),
    st.integers(1, 12),
)
def test_sums_and_deviations_of_large_amounts_are_exact(x, times):
    x = x * times
    n = len(x)
    table = Table(
        "t",
        (Column("k", ColumnType.CATEGORY), Column("x", ColumnType.NUMBER)),
        ("k",),
        time="time",
        id=None,
    )
    features = measured(
        table, (a.Sum("x"), w.ALL_HISTORY), (a.Mean("x"), w.ALL_HISTORY),
        (a.Deviation("x"), w.ALL_HISTORY), (a.Deviation("x"), w.LastEvents(7)),
    )  # fmt: skip
    program = compiled(features)
    events = pa.table({"k": ["a"] * n, "x": pa.array(x, pa.int64()), "time": at_seconds(range(n))})
    found = matrix(batch.replay(program, batch.History({"t": events})).table, program.plan.names)
    assert_same_bits(matrix(StreamEngine(program).push(events).table, program.plan.names), found)
    assert found[-1, 0] == sum(x)
    assert found[-1, 1] == pytest.approx(sum(x) / n, rel=2**-51)
    for column, values_in in ((2, x), (3, x[-7:])):
        if len(values_in) == 1:
            assert np.isnan(found[-1, column])
            continue
        mean = Fraction(sum(values_in), len(values_in))
        variance = sum((value - mean) ** 2 for value in values_in) / (len(values_in) - 1)
        assert found[-1, column] == pytest.approx(sqrt(variance), rel=1e-14)


@pytest.mark.parametrize(
    ("value", "n"), [(0, 100), (1, 5_000), (-7, 5_000), (LARGEST, 60_000), (-LARGEST, 1_000)]
)
def test_the_deviation_of_equal_values_is_zero_exactly(value, n):
    table = replace(PLAIN, columns=(PLAIN.columns[0], Column("x", ColumnType.NUMBER)))
    kind = a.Deviation("x")
    features = measured(table, (kind, w.ALL_HISTORY), (kind, w.LastEvents(3)))
    events = pa.table(
        {"k": ["a"] * n, "x": pa.array([value] * n, pa.int64()), "time": at_seconds(range(n))}
    )
    program = compiled(features)
    for found in (
        batch.replay(program, batch.History({"t": events})).table,
        StreamEngine(program).push(events).table,
    ):
        assert matrix(found, ["f0", "f1"])[1:].tolist() == [[0.0, 0.0]] * (n - 1)


@pytest.mark.parametrize("error", [0.004, 0.01, 0.05, 0.25])
@pytest.mark.parametrize("typed", [str, int], ids=["text", "whole numbers"])
def test_approximate_distinct_counts_keep_their_error(error, typed):
    rng = np.random.default_rng(6)
    n = 40_000
    g = pa.array([typed(value) for value in rng.permutation(n) // 2])
    program = compiled(measured(PLAIN, (a.DistinctApprox("g", error=error), w.ALL_HISTORY)))
    events = plain(pa.array(["a"] * n), np.ones(n), np.arange(n), g=g)
    counts = [100, 1_000, 10_000, n]
    keys = pa.table({"k": ["a"] * 4, "at": at_seconds(np.array(counts) - 1)})
    found = batch.read(program, batch.History({"t": events}), keys, "at").table["f0"].to_numpy()
    want = [len(set(g[:count].to_pylist())) for count in counts]
    np.testing.assert_allclose(found, want, rtol=5 * error)
    engine = StreamEngine(program)
    engine.push(events.slice(0, 1_000))
    assert_same_bits(engine.read(keys[:2], "at")["f0"].to_numpy(), found[:2])
