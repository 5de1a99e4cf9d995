"""What Spark's executors do, without Spark: runs of whole keys, and state from batch to batch."""

from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features_running import LONG, Live, assert_same_bits, compiled, matrix
from headrace.adapters import spark, spark_live
from headrace.adapters.spark_frames import ASKS, KEY, TAKEN, VOIDS, SparkHistory, Turn
from headrace.adapters.spark_live import Allowance, Keeper
from headrace.errors import InputError
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import FeatureSet, Measure
from headrace.features.plan import microseconds
from strategies_features import ANCHORS, DAY, PAYMENTS, Case, World, out_of_order, seeded

# --- Runs of whole keys --------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 2)), max_size=60).map(sorted),
    st.lists(st.integers(0, 60), max_size=10).map(sorted),
    st.integers(1, 20),
)
def test_no_key_is_split_no_row_is_lost_and_tables_are_as_large_as_asked(keys, cuts, rows):
    whole = pa.record_batch(
        {
            KEY[0]: pa.array([high for high, _ in keys], pa.int64()),
            KEY[1]: pa.array([low for _, low in keys], pa.int64()),
            "row": np.arange(len(keys)),
        }
    )
    bounds = [0, *(min(cut, len(keys)) for cut in cuts), len(keys)]
    batches = [whole.slice(start, stop - start) for start, stop in pairwise(bounds)]
    tables = [each for each in spark.whole_keys(iter(batches), rows) if each.num_rows]
    found = [row for table in tables for row in table["row"].to_pylist()]
    assert found == list(range(len(keys)))
    seen = [{keys[row] for row in table["row"].to_pylist()} for table in tables]
    assert sum(map(len, seen)) == len(set(keys))
    for table, held in zip(tables, seen, strict=True):
        most = max(each.num_rows for each in batches)
        assert table.num_rows < rows + most or len(held) == 1 or table.num_rows <= 2 * most + rows


# --- State from batch to batch -------------------------------------------------------------------


def sent(case: Case, rows: list) -> pa.Table:
    """Facts as Spark hands them over: events with a number, and voids, each in one column."""
    adds = [row for row in rows if row["op"] == "add"]
    backs = [row for row in rows if row["op"] == "void"]
    events = case.world.arrow(adds).append_column(TAKEN, pa.array([False] * len(adds), pa.bool_()))
    events = events.append_column("row", pa.array([row["row"] for row in adds], pa.int64()))
    given_parts = [pa.table({ASKS: plain(events).to_struct_array()})]
    if case.world.table.known is not None:
        given_parts.append(pa.table({VOIDS: plain(case.world.arrow(backs)).to_struct_array()}))
    return pa.concat_tables(given_parts, promote_options="default")


def plain(table: pa.Table) -> pa.Table:
    """Without dictionaries, which Spark does not have."""
    kinds = [
        each.value_type if pa.types.is_dictionary(each) else each for each in table.schema.types
    ]
    return table.cast(pa.schema(list(zip(table.column_names, kinds, strict=True))))


def packets(turn: Turn, tables: list[pa.Table]) -> Iterator[tuple[int, pa.Table]]:
    for table in tables:
        for batch in spark_live._sent(turn, table):
            for shard, packet in zip(*batch.to_pydict().values(), strict=True):
                yield shard, spark_live.unpacked(packet)


def live_values(case: Case, batches: list[list], limits: Allowance) -> tuple[np.ndarray, int]:
    """Values of every event, through all spaces; and how many rows are kept in the end."""
    program = compiled(case.features)
    turns = [Turn(case.features, n, None) for n in range(len(program.plan.spaces))]
    state: dict = {}
    found = []
    for batch in batches:
        tables = [sent(case, batch)]
        for turn in turns:
            arrived: dict[int, list] = {}
            for shard, packet in packets(turn, tables):
                arrived.setdefault(shard, []).append(packet)
            tables = []
            for parts in arrived.values():
                fresh = pa.concat_tables(parts)
                keys = [key for key, _ in spark_live.split(fresh)]
                kept = [state[turn.number, key] for key in keys if (turn.number, key) in state]
                empty = spark_live.kept_schema(turn, fresh).empty_table()
                answered, keep = spark_live.take_in(
                    turn, limits, fresh, pa.concat_tables([empty, *kept])
                )
                state |= {(turn.number, key): rows for key, rows in spark_live.split(keep)}
                tables.append(answered)
        asks = [spark_live.part_of(table, ASKS) for table in tables]
        found += [
            spark_live.finished(program.plan, spark_live.measures_of(turns), each) for each in asks
        ]
    whole = pa.concat_tables(found).sort_by("row")
    return matrix(whole, program.plan.names), sum(rows.num_rows for rows in state.values())


def batches_of(rows: list, cuts: list[int]) -> list[list]:
    """Numbered facts, cut at some places."""
    for number, row in enumerate(rows):
        row["row"] = number
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    return [rows[start:stop] for start, stop in pairwise(bounds) if start < stop]


PATIENT = Allowance(microseconds(LONG), "row")


@settings(deadline=None, max_examples=60)
@given(out_of_order(), st.lists(st.integers(0, 50), max_size=6))
def test_state_from_batch_to_batch_gives_the_values_of_the_stream_engine(case, cuts):
    batches = batches_of(case.rows, cuts)
    if not case.added:
        return
    found, _ = live_values(case, batches, PATIENT)
    want = Live(case.world, case.features).feed(case.rows)
    assert_same_bits(found, want[case.added])


WORLD = World(PAYMENTS)
MONTH = w.Sliding(timedelta(days=30))
MEASURES = (
    Measure("count", a.Count(), window=MONTH),
    Measure("spread", a.Deviation("amount"), window=MONTH, by=("party", "shop")),
    Measure("share", a.TopShare("amount", "channel"), window=w.Calendar(w.Period.WEEK, "UTC", 3)),
)


@pytest.mark.parametrize("seed", range(6))
def test_rows_that_no_window_sees_again_are_dropped_and_nothing_changes(seed):
    rows = seeded(seed, count=600, span=400 * DAY, late_max=5 * DAY)
    features = FeatureSet((WORLD.table,), MEASURES)
    case = Case(WORLD, features, rows)
    lateness = timedelta(days=6)
    limits = Allowance(microseconds(lateness), "row")
    found, kept = live_values(case, batches_of(rows, list(range(50, 900, 50))), limits)
    engine = Live(WORLD, features, lateness)
    assert_same_bits(found, engine.feed(rows)[case.added])
    assert not any(pushed.too_late.size for pushed in engine.pushed)
    assert 0 < kept < len(rows) / 3


def test_the_last_events_of_a_key_are_kept_however_old():
    rows = seeded(1, count=300, span=400 * DAY, late_max=0)
    measures = (Measure("last", a.Sum("amount"), window=w.LastEvents(50)),)
    case = Case(WORLD, FeatureSet((WORLD.table,), measures), rows)
    limits = Allowance(0, "row")
    found, kept = live_values(case, batches_of(rows, [100, 200]), limits)
    assert_same_bits(found, Live(WORLD, case.features, LONG).feed(rows)[case.added])
    assert kept > 250


def test_an_event_too_late_for_its_key_counts_from_then_on_without_values():
    def at(day: int, number: int, known: int) -> dict:
        return {
            "op": "add", "party": "p", "shop": 1, "amount": 100, "fee": None, "channel": None,
            "vip": None, "time": ANCHORS[0] + day * DAY, "id": str(number),
            "known": ANCHORS[0] + known * DAY,
        }  # fmt: skip

    rows = [at(20, 0, 20), at(5, 1, 21), at(19, 2, 22), at(21, 3, 23), at(29, 4, 24)]
    case = Case(WORLD, FeatureSet((WORLD.table,), MEASURES[:1]), rows)
    limits = Allowance(3 * DAY, None)
    found, kept = live_values(case, batches_of(rows, [1, 2, 3]), limits)
    np.testing.assert_array_equal(found[:, 0], [1, np.nan, 2, 4, np.nan])  # the last: clock ahead
    assert kept == 4


def test_an_event_that_comes_again_and_again_is_kept_once():
    rows = seeded(3, count=20, span=10 * DAY, late_max=0)
    adds = [row for row in rows if row["op"] == "add"]
    again = [dict(row) for _ in range(5) for row in adds]
    case = Case(WORLD, FeatureSet((WORLD.table,), MEASURES[:1]), again)
    limits = Allowance(microseconds(LONG), "row")
    _, kept = live_values(case, batches_of(again, [30, 60, 90]), limits)
    assert kept == len({row["id"] for row in adds})


class Handle:
    """Spark's handle on state, in a dictionary."""

    def __init__(self) -> None:
        """Nothing is kept."""
        self.rows: dict = {}

    def getMapState(self, name, key, value):  # noqa: N802  (Spark's name)
        assert (name, key, value) == ("rows", "high long, low long", "plan long, rows binary")
        return self

    def getValue(self, key):  # noqa: N802  (Spark's name)
        return self.rows.get(key)

    def updateValue(self, key, value):  # noqa: N802  (Spark's name)
        self.rows[key] = value


def test_state_of_other_definitions_is_refused():
    rows = seeded(1, count=20, span=10 * DAY, late_max=0)
    handle = Handle()
    for measures in (MEASURES[:1], MEASURES):
        case = Case(WORLD, FeatureSet((WORLD.table,), measures), rows)
        keeper = Keeper(Turn(case.features, 0, None), PATIENT)
        keeper.init(handle)
        sent_rows = sent(case, batches_of(rows, [])[0])
        given_packets = [packet for _, packet in packets(keeper.turn, [sent_rows])]
        if measures is MEASURES:
            with pytest.raises(InputError, match="kept for other definitions"):
                keeper.exchange(given_packets)
        else:
            answered = keeper.exchange(given_packets)
            assert spark_live.part_of(answered, ASKS)["count"].null_count < answered.num_rows
    keeper.close()


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="PySpark is installed")
def test_without_pyspark_it_says_what_to_install():
    program = compiled(FeatureSet((WORLD.table,), MEASURES))

    class Frame:
        columns = ("party",)

    with pytest.raises(InputError, match=r"pip install 'headrace\[spark\]'"):
        spark.replay(program, SparkHistory({"payments": Frame()}))
