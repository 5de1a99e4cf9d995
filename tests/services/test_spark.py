"""Features on Apache Spark: the values of one machine to the bit, however rows are spread."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from features_running import assert_same_bits, compiled, history, instant, matrix
from headrace.adapters import spark as on_spark
from headrace.adapters.mappings import find_mapping
from headrace.adapters.sources import read_sources
from headrace.adapters.spark_frames import SparkHistory
from headrace.errors import InputError
from headrace.facts.ingest import ingest
from headrace.facts.mapping import parse_mapping
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import (
    Column,
    ColumnType,
    Current,
    Derived,
    FeatureSet,
    Measure,
    Ratio,
    Table,
)
from headrace.features.engines import batch
from headrace.packs import load
from headrace.workflows.invoices import invoice_history
from strategies_features import (
    PARTIES,
    Case,
    disorderly,
    feature_sets,
    moments,
    out_of_order,
    worlds,
)

pytestmark = pytest.mark.services

MOMENT = datetime(2019, 1, 15, tzinfo=UTC)
INSTANT = pa.timestamp("us", "UTC")
DAYS_30 = w.Sliding(timedelta(days=30))


def numbered(table: pa.Table) -> pa.Table:
    """With the order of arrival, and nothing that Spark cannot take."""
    plain = {
        name: column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pa.table({**plain, "row": np.arange(table.num_rows)})


def shuffled(spark, table: pa.Table, seed: int = 1):
    """A frame with the same rows in no order."""
    order = np.random.default_rng(seed).permutation(table.num_rows)
    return spark.createDataFrame(table.take(pa.array(order)))


def frames(spark, facts: batch.History) -> SparkHistory:
    """The same facts on Spark."""
    return SparkHistory(
        {name: shuffled(spark, numbered(table)) for name, table in facts.events.items()},
        {name: shuffled(spark, numbered(table)) for name, table in (facts.voids or {}).items()},
        dict.fromkeys(facts.events, "row"),
    )


def in_order(frame, names: Sequence[str]) -> np.ndarray:
    """(rows, features), in the order of `numbered`."""
    return matrix(frame.toArrow().sort_by("row"), names)


def check_replay(spark, program, facts: batch.History, table: str = "") -> None:
    """Spark and one machine agree on every feature that there is."""
    want = batch.replay(program, facts, table).table
    found = on_spark.replay(program, frames(spark, facts), table)
    assert found.columns[-len(want.column_names) :] == want.column_names
    assert_same_bits(in_order(found, want.column_names), matrix(want, want.column_names))


def check_read(spark, program, facts: batch.History, keys: pa.Table, at) -> None:
    want = batch.read(program, facts, keys, at).table
    found = on_spark.read(program, frames(spark, facts), shuffled(spark, numbered(keys)), at)
    assert_same_bits(in_order(found, program.plan.names), matrix(want, program.plan.names))


# --- Random facts --------------------------------------------------------------------------------

few = settings(
    deadline=None,
    max_examples=20,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@few
@given(out_of_order())
def test_events_late_twice_and_taken_back_have_the_values_of_one_machine(spark, case: Case):
    check_replay(spark, compiled(case.features), history(case.world, case.rows))


@settings(few, max_examples=5)
@given(st.data())
def test_keys_at_moments_have_the_values_of_one_machine(spark, data):
    case = data.draw(out_of_order())
    asked = st.tuples(st.sampled_from([*PARTIES, "nobody", None]), st.sampled_from([1, 2]), moments)
    parties, shops, times = zip(*data.draw(st.lists(asked, min_size=1)), strict=True)
    keys = pa.table(
        {
            "party": pa.array(parties, pa.string()),
            "shop": pa.array(shops, pa.int32()),
            "at": pa.array([instant(time) for time in times], INSTANT),
        }
    )
    check_read(spark, compiled(case.features), history(case.world, case.rows), keys, "at")


@settings(few, max_examples=4)
@given(st.data())
def test_a_table_without_known_time_arrives_by_its_own_column(spark, data):
    world = data.draw(worlds(ids=data.draw(st.booleans())))
    features = data.draw(feature_sets(world.table))
    rows = [row for row in data.draw(disorderly()) if row["op"] == "add"]
    check_replay(spark, compiled(features), history(world, rows))


# --- Keys ----------------------------------------------------------------------------------------


def sales(count: int = 3000, keys: int = 40, seed: int = 7) -> pa.Table:
    """Events with every type of key, some of them missing."""
    rng = np.random.default_rng(seed)
    number = rng.integers(0, keys, count)
    none = rng.random(count) < 0.02
    cents = rng.integers(0, 300, count)
    return pa.table(
        {
            "text": pa.array([f"客户{n}" for n in number], mask=none),
            "whole": pa.array(number.astype(np.int32), mask=none),
            "flag": pa.array(number % 2 == 0, mask=none),
            "real": pa.array(cents / 100 * 1.004, mask=none),
            "exact": pa.array([Decimal(int(n)).scaleb(-2) for n in cents], pa.decimal128(9, 2)),
            "instant": pa.array(number * 10**6, INSTANT),
            "amount": pa.array(rng.integers(-500, 5000, count), mask=rng.random(count) < 0.1),
            "time": pa.array(1_540_000_000 + np.sort(rng.integers(0, 10**7, count)), pa.int64())
            .cast(pa.timestamp("s", "UTC"))
            .cast(INSTANT),
        }
    )


SALES = Table(
    "sales",
    (
        Column("text", ColumnType.CATEGORY),
        Column("whole", ColumnType.CATEGORY),
        Column("flag", ColumnType.FLAG),
        Column("real", ColumnType.NUMBER, places=1),
        Column("exact", ColumnType.NUMBER, places=1),
        Column("instant", ColumnType.INSTANT),
        Column("amount", ColumnType.NUMBER),
    ),
    key=("text",),
    derived=(Derived("hour_of_day", "hour(time)"),),
    time="time",
    id=None,
)
KEYS = [
    ("text",),
    ("whole",),
    ("flag",),
    ("real",),  # 1.204 and 1.196 are the same key: both are 1.2
    ("exact",),
    ("instant",),
    ("hour_of_day",),
    ("text", "hour_of_day"),
    ("whole", "flag", "real"),
]
BY_EVERY_KEY = FeatureSet(
    (SALES,),
    (
        *(Measure(f"count_{n}", a.Count(), by=by, window=DAYS_30) for n, by in enumerate(KEYS)),
        *(Measure(f"share_{n}", a.TopShare("amount", "whole"), by=by) for n, by in enumerate(KEYS)),
        Measure("spread", a.Deviation("amount"), by=("flag",), current=Current.EXCLUDED),
        Ratio("part", "count_8", "count_1"),
    ),
)


@pytest.mark.parametrize("partitions", [1, 5])
def test_a_row_goes_from_key_to_key_of_any_type(spark, partitions):
    before = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    try:
        check_replay(spark, compiled(BY_EVERY_KEY), batch.History({"sales": sales()}))
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", before)


def test_what_repeats_itself_in_every_column_has_the_same_values_in_any_order(spark):
    """Nothing says which came first; so nothing may depend on it."""
    facts = sales(300, keys=3).drop_columns(["real"])
    facts = facts.set_column(facts.num_columns - 1, "time", pa.array([10**15] * 300, INSTANT))
    columns = tuple(column for column in SALES.columns if column.name != "real")
    table = Table("sales", columns, ("whole",), time="time", id=None)
    program = compiled(FeatureSet((table,), (Measure("last", a.Last("amount")),)))
    found = [
        on_spark.replay(program, SparkHistory({"sales": shuffled(spark, facts, seed)})).toArrow()
        for seed in (1, 2)
    ]
    everything = [(name, "ascending") for name in found[0].column_names]
    assert found[0].sort_by(everything).equals(found[1].sort_by(everything))


# --- Several tables ------------------------------------------------------------------------------

LOGINS = Table(
    "logins",
    (Column("text", ColumnType.CATEGORY), Column("amount", ColumnType.CATEGORY)),
    key=("text",),
    time="at",
    known="known",
)


def logins(count: int = 400) -> pa.Table:
    """Another table, in which a column of the same name holds another type."""
    rng = np.random.default_rng(3)
    times = 1_540_000_000 + rng.integers(0, 10**7, count)
    return pa.table(
        {
            "text": pa.array([f"客户{n}" for n in rng.integers(0, 50, count)]),
            "amount": pa.array(rng.choice(["small", "large"], count)),
            "at": pa.array(times * 10**6, INSTANT),
            "known": pa.array((times + rng.integers(0, 10**5, count)) * 10**6, INSTANT),
            "id": np.arange(count).astype(str),
        }
    ).sort_by("known")


def late_and_back(facts: pa.Table) -> tuple[pa.Table, pa.Table]:
    """A third taken back ten days later."""
    voids = facts.take(pa.array(np.arange(0, facts.num_rows, 3)))
    known = pc.add(voids["known"], pa.scalar(timedelta(days=10)))
    return facts, voids.select(["text", "at", "id"]).append_column("known", known)


BOTH = FeatureSet(
    (SALES, LOGINS),
    (
        Measure("sales", a.Count(), table="sales", window=DAYS_30),
        Measure("sales_of_hour", a.Count(), table="sales", by=("hour_of_day",)),
        Measure("logins", a.Count(), table="logins", window=DAYS_30),
        Measure("kinds", a.Distinct("amount"), table="logins"),
        Ratio("sales_per_login", "sales", "logins"),
    ),
)


def test_events_ask_another_table_what_was_known_when_they_came(spark):
    events, voids = late_and_back(logins())
    facts = batch.History({"sales": sales(), "logins": events}, {"logins": voids})
    program = compiled(BOTH)
    check_replay(spark, program, facts, "sales")
    check_replay(spark, program, facts, "logins")  # these have no hour: a feature less
    assert "sales_of_hour" not in on_spark.replay(program, frames(spark, facts), "logins").columns


def test_keys_ask_every_table_at_one_moment(spark):
    events, voids = late_and_back(logins())
    facts = batch.History({"sales": sales(), "logins": events}, {"logins": voids})
    program = compiled(BOTH.only(["sales_per_login", "kinds"]))
    keys = pa.table({"text": pa.array([*(f"客户{n}" for n in range(60)), None])})
    check_read(spark, program, facts, keys, MOMENT)


def test_nothing_in_gives_nothing_out(spark):
    facts = batch.History({"sales": sales().slice(0, 0), "logins": logins().slice(0, 0)})
    check_replay(spark, compiled(BOTH), facts, "sales")
    keys = pa.table({"text": ["客户1", "客户2"]})
    check_read(spark, compiled(BOTH.only(["sales_per_login"])), facts, keys, MOMENT)


# --- What cannot be used -------------------------------------------------------------------------


def test_rows_that_cannot_be_used_are_listed_with_the_reason(spark):
    facts = sales()
    program = compiled(BY_EVERY_KEY)
    want = {
        (int(row), each.column, each.reason)
        for _, each in batch.replay(program, batch.History({"sales": facts})).refused
        for row in each.rows
    }
    given_frames = frames(spark, batch.History({"sales": facts}))
    found = on_spark.refused_events(program, given_frames).toArrow()
    said = zip(*(found[name].to_pylist() for name in ("row", *on_spark.REFUSED)), strict=True)
    assert set(said) == want
    assert found.num_rows == len(want) > 100
    with pytest.raises(InputError, match="no voids of table 'sales'"):
        on_spark.refused_voids(program, given_frames)


def test_voids_that_cannot_be_used_are_listed_too(spark):
    events, voids = late_and_back(logins())
    odd = voids.slice(0, 2).set_column(0, "text", pa.array(["客户1", None]))
    given_frames = frames(spark, batch.History({"logins": events}, {"logins": odd}))
    found = on_spark.refused_voids(compiled(BOTH), given_frames, "logins").toArrow()
    assert found.select(["row", *on_spark.REFUSED]).to_pylist() == [
        {"row": 1, "refused_column": "text", "refused_reason": "is missing"}
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop("amount"), "no column 'amount'"),
        (lambda frame: frame.withColumn("amount", frame["time"]), "'amount' holds timestamp"),
        (lambda frame: frame.withColumn("count_1", frame["whole"]), "names of features: count_1"),
        (lambda frame: frame.withColumn("time", frame["whole"]), "'time' holds int32"),
    ],
)
def test_what_cannot_work_is_said_before_anything_runs(spark, change, message):
    changed = SparkHistory({"sales": change(spark.createDataFrame(sales(10)))})
    with pytest.raises(InputError, match=message):
        on_spark.replay(compiled(BY_EVERY_KEY), changed)


def test_tables_that_are_not_there_are_named(spark):
    nothing = SparkHistory({"other": spark.createDataFrame(sales(1))})
    with pytest.raises(InputError, match=r"reads table 'sales', which is not given.*other"):
        on_spark.replay(compiled(BY_EVERY_KEY), nothing)
    with pytest.raises(InputError, match="has no table 'other'"):
        on_spark.replay(compiled(BY_EVERY_KEY), nothing, "other")
    with pytest.raises(InputError, match=r"has no table ''\. tables: sales, logins"):
        on_spark.replay(compiled(BOTH), nothing)
    taken_back = SparkHistory(
        {"sales": spark.createDataFrame(sales(1))}, {"sales": spark.createDataFrame(sales(1))}
    )
    with pytest.raises(InputError, match="only where they have an id and a known time"):
        on_spark.replay(compiled(BY_EVERY_KEY), taken_back)


# --- Invoices ------------------------------------------------------------------------------------


def invoices_of(data: Path) -> tuple[batch.History, pa.Table, datetime]:
    """The facts of a folder, its firms, and the last moment."""
    shipped = [parse_mapping(text, name) for name, text in load("sme_invoices").mappings.items()]
    mapping = find_mapping(data, shipped)
    ingested = ingest(read_sources(data, mapping, {}), mapping)
    invoices = ingested.facts["invoice"]
    firms = pc.unique(ingested.facts["party"]["id"].cast(pa.string()))
    moment = pc.max(invoices["event_time"]).as_py()
    return invoice_history(invoices, ingested.corrections), pa.table({"party": firms}), moment


def check_invoices(spark, data: Path, tmp_path: Path) -> int:
    """Every feature of every firm, from files; returns how many values there are."""
    facts, firms, moment = invoices_of(data)

    def from_file(name: str, table: pa.Table):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(numbered(table), path, row_group_size=1 << 16)
        return spark.read.parquet(str(path))

    history = SparkHistory(
        {name: from_file(name, table) for name, table in facts.events.items()},
        {name: from_file(f"{name}_voids", table) for name, table in facts.voids.items()},
        dict.fromkeys(facts.events, "row"),
    )
    program = compiled(load("sme_invoices").feature_set.in_zone("Asia/Shanghai"))
    want = batch.read(program, facts, firms, moment).table
    found = on_spark.read(program, history, spark.createDataFrame(numbered(firms)), moment)
    assert_same_bits(in_order(found, program.plan.names), matrix(want, program.plan.names))
    return want.num_rows * len(program.plan.names)


def test_the_invoices_of_a_simulated_economy(spark, economy, tmp_path):
    assert check_invoices(spark, economy, tmp_path) > 2000


@pytest.mark.real
def test_the_invoices_of_425_real_firms(spark, real_data, tmp_path):
    assert check_invoices(spark, real_data, tmp_path) > 425 * 20
