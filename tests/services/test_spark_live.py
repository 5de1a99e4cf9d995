"""Live features on Spark: the stream engine's values, through restarts and lost commits."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features_running import Live, assert_same_bits, compiled, matrix
from headrace.adapters import spark_live
from headrace.adapters.spark_frames import SparkHistory
from headrace.errors import InputError
from headrace.features import aggregates as a
from headrace.features import windows as w
from headrace.features.definition import FeatureSet, Measure, Ratio, Table
from strategies_features import DAY, PAYMENTS, World, seeded

errors = pytest.importorskip("pyspark.errors", reason="pip install 'headrace[spark]'")
pytestmark = pytest.mark.services

MONTH = w.Sliding(timedelta(days=30))
MEASURES = (
    Measure("count", a.Count(), window=MONTH),
    Measure("spread", a.Deviation("amount"), window=MONTH, where="vip"),
    Measure("share", a.TopShare("amount", "channel"), by=("party", "shop")),
    Measure("fees", a.Sum("fee"), window=w.LastEvents(7), by=("party", "shop")),
    Ratio("fee_per_payment", "fees", "count"),
)
LONG = timedelta(days=4000)


class Feed:
    """Folders that files arrive in, and a query that is started anew for each.

    Attributes:
        world: With ids there are voids; without, an event that is counted twice is seen.
        features: What is computed.
    """

    def __init__(self, spark, folder: Path, world: World) -> None:
        """Nothing has arrived."""
        self.spark, self.folder, self.world = spark, folder, world
        self.features = FeatureSet((world.table,), MEASURES)
        self.checkpoint = folder / "checkpoint"
        self.kinds = ("add", "void") if world.table.id else ("add",)
        for name in self.kinds:
            (folder / name).mkdir()

    def send(self, number: int, rows: list) -> None:
        """A file of events and one of voids."""
        for name in self.kinds:
            mine = [row for row in rows if row["op"] == name]
            place = pa.array([row["row"] for row in mine], pa.int64())
            table = self.world.arrow(mine).append_column("row", place)
            pq.write_table(table, self.folder / name / f"{number}.parquet")

    def streams(self) -> dict:
        """The folders as streams."""
        found = {}
        for name in self.kinds:
            path = str(self.folder / name)
            schema = self.spark.read.parquet(path).schema
            found[name] = self.spark.readStream.schema(schema).parquet(path)
        return found

    def run(self, features: FeatureSet) -> None:
        """Take what has arrived since the checkpoint, in a query of its own."""
        streams = self.streams()
        voids = {"payments": streams["void"].drop("row")} if "void" in streams else {}
        history = SparkHistory({"payments": streams["add"]}, voids, {"payments": "row"})
        found = spark_live.push(compiled(features), history, LONG)
        query = (
            found.writeStream.outputMode("append")
            .format("parquet")
            .option("path", str(self.folder / "out"))
            .option("checkpointLocation", str(self.checkpoint))
            .trigger(availableNow=True)
            .start()
        )
        query.awaitTermination()


@pytest.fixture(scope="module")
def facts() -> list:
    rows = seeded(11, count=400, span=120 * DAY, late_max=20 * DAY)
    for number, row in enumerate(rows):
        row["row"] = number
    return rows


@pytest.fixture(scope="module", params=["id", None], ids=["with voids", "without ids"])
def feed(request, spark, facts, tmp_path_factory) -> Feed:
    """Three batches; the commit of the second is lost, as if the driver died before it."""
    world = World(replace(PAYMENTS, id=request.param))
    feed = Feed(spark, tmp_path_factory.mktemp("live"), world)
    for number, rows in enumerate((facts[:150], facts[150:300], facts[300:])):
        feed.send(number, rows)
        feed.run(feed.features)
        if number == 1:
            (feed.checkpoint / "commits" / "1").unlink()
            (feed.checkpoint / "commits" / ".1.crc").unlink()
    return feed


def test_values_are_those_of_the_stream_engine_through_restarts(feed, facts):
    found = feed.spark.read.parquet(str(feed.folder / "out")).toArrow().sort_by("row")
    sent = [row for row in facts if row["op"] in feed.kinds]
    added = [place for place, row in enumerate(sent) if row["op"] == "add"]
    assert found["row"].to_pylist() == [sent[place]["row"] for place in added]
    want = Live(feed.world, feed.features, LONG).feed(sent)[added]
    assert_same_bits(matrix(found, [each.name for each in MEASURES]), want)
    assert len(added) > 400
    assert np.isnan(want).any()


def test_a_checkpoint_of_other_definitions_is_refused(feed, facts):
    feed.send(3, facts[-5:])
    other = feed.features.only(["count", "share"])
    with pytest.raises(
        errors.StreamingQueryException, match="the state was kept for other definitions"
    ):
        feed.run(other)


def test_what_cannot_run_is_said_before_it_runs(spark, feed):
    events = feed.streams()["add"]
    other = Table("other", PAYMENTS.columns, ("party",), time="time")
    both = FeatureSet(
        (PAYMENTS, other),
        (
            Measure("one", a.Count(), table="payments"),
            Measure("two", a.Count(), table="other"),
        ),
    )
    with pytest.raises(InputError, match=r"read one table.*\['other', 'payments'\]"):
        spark_live.push(compiled(both), SparkHistory({"payments": events, "other": events}))
    with pytest.raises(InputError, match="no column 'fee'"):
        spark_live.push(compiled(feed.features), SparkHistory({"payments": events.drop("fee")}))
    history = SparkHistory({"payments": events}, arrival={"payments": "nobody"})
    with pytest.raises(InputError, match="no column 'nobody'"):
        spark_live.push(compiled(feed.features), history)
    setting = "spark.sql.streaming.stateStore.providerClass"
    before = spark.conf.get(setting)
    spark.conf.set(setting, before.replace("RocksDB", "HDFSBacked"))
    try:
        with pytest.raises(InputError, match="Spark keeps state where"):
            spark_live.push(compiled(feed.features), SparkHistory({"payments": events}))
    finally:
        spark.conf.set(setting, before)
