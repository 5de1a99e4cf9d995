"""The features of `parity.py` in DuckDB and on Apache Spark."""

import os
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.adapters import spark as on_spark
from headrace.adapters.spark_frames import SparkHistory
from headrace.features.compile import Compiled
from headrace.features.engines.batch import History

DAY_US = 86_400_000_000
SHANGHAI_US = 8 * 3_600_000_000

# Every window is of one card; no two events of a card are at the same time.
_WINDOWS = {
    **{
        f"d{days}": f"range between {days * DAY_US - 1} preceding and current row"
        for days in (1, 7, 30, 90)
    },
    "before_30": f"range between {30 * DAY_US - 1} preceding and current row exclude current row",
    "before_90": f"range between {90 * DAY_US - 1} preceding and current row exclude current row",
    "five": "rows between 4 preceding and current row",
}
_SQUARES = "sum(amount::hugeint * amount) over {0}"
_SUM, _COUNT = "sum(amount) over {0}", "count(*) over {0}"
_DEVIATION = (  # from exact sums, as stddev_samp adds up doubles
    f"case when {_COUNT} > 1 then sqrt("
    f"({_COUNT} * {_SQUARES} - {_SUM} * {_SUM})::double / ({_COUNT} * ({_COUNT} - 1))::double) end"
)

EXACT = {
    **{f"count_{days}d": _COUNT.format(f"d{days}") for days in (1, 7, 30, 90)},
    **{f"sum_{days}d": _SUM.format(f"d{days}") for days in (1, 7, 30)},
    "smallest_30d": "min(amount) over d30",
    "largest_7d": "max(amount) over d7",
    "largest_90d": "max(amount) over d90",
    "merchants_7d": "count(distinct merchant) over d7",
    "merchants_30d": "count(distinct merchant) over d30",
    "large_7d": "count(*) filter (amount > 50000) over d7",
    "amount_now": "amount",
    "amount_before": "last_value(amount) over before_30",
    "count_before": _COUNT.format("before_30"),
    "sum_before": _SUM.format("before_30"),
    "sum_last_5": _SUM.format("five"),
    "count_month": "count(*) over month",
    "sum_month": "sum(amount) over month",
}
CLOSE = {
    "mean_30d": "avg(amount) over d30",
    "mean_90d": "avg(amount) over d90",
    "mean_before": "avg(amount) over before_30",
    "deviation_7d": _DEVIATION.format("d7"),
    "deviation_30d": _DEVIATION.format("d30"),
    "deviation_before": _DEVIATION.format("before_30"),
    "seconds_since_last": "(us - max(us) over before_90) / 1e6",
    "gap_30d": "(max(us) over d30 - min(us) over d30) / 1e6 / nullif(count(*) over d30 - 1, 0)",
    "share_of_day": f"{_COUNT.format('d1')} / {_COUNT.format('d30')}",
    "amount_to_mean": "amount / avg(amount) over before_30",
}


def in_duckdb(events: pa.Table) -> pa.Table:
    """Values at every event, in the order given.

    Args:
        events: As in `parity.py`: in order of time, each on time and none taken back.
    """
    month = f"date_trunc('month', make_timestamp(us + {SHANGHAI_US}))"
    wanted = ", ".join(f"({sql})::double as {name}" for name, sql in {**EXACT, **CLOSE}.items())
    windows = ", ".join(
        f"{name} as (partition by card order by us {frame})" for name, frame in _WINDOWS.items()
    )
    windows += f", month as (partition by card, {month} order by us)"
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("given", events)
        return connection.sql(
            "with events as (select *, epoch_us(event_time) as us, "
            "row_number() over () as place from given) "
            f"select {wanted} from events window {windows} order by place"
        ).to_arrow_table()


def on_apache_spark(
    compiled: Compiled, history: History, keys: pa.Table, folder: Path
) -> tuple[pa.Table, pa.Table]:
    """Values at every event and of keys at moments, in the order given, by a Spark of two tasks.

    Args:
        compiled: The plan, of one table.
        history: The facts.
        keys: What is asked, the moments in column "at".
        folder: For files that Spark reads.

    Raises:
        ImportError: Spark is not installed.
    """
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.driver.memory", "4g")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.driver.maxResultSize", "0")
        .config("spark.sql.session.timeZone", "America/Sao_Paulo")  # no value may depend on it
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")

    def frame(kind: str, table: pa.Table):
        path = folder / f"{kind}.parquet"
        shuffled = np.random.default_rng(3).permutation(table.num_rows)
        numbered = table.append_column("row", pa.array(np.arange(table.num_rows)))
        pq.write_table(numbered.take(pa.array(shuffled)), path, row_group_size=1 << 16)
        return session.read.parquet(str(path))

    facts = SparkHistory(
        {name: frame("events", table) for name, table in history.events.items()},
        {name: frame("voids", table) for name, table in (history.voids or {}).items()},
        dict.fromkeys(history.events, "row"),
    )
    names = list(compiled.plan.names)
    try:
        replayed = on_spark.replay(compiled, facts)
        training = on_spark.read(compiled, facts, frame("keys", keys), "at")
        of_events, of_keys = (
            found.select("row", *names).toArrow().sort_by("row").select(names)
            for found in (replayed, training)
        )
    finally:
        session.stop()
    return of_events, of_keys
