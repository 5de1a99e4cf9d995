"""SWF-12 by Flink SQL, streaming, on a cluster of one Java process; see peer.py.

Flink refuses OVER windows of different widths in one query, so each width is a query over the one
before it. The events are read from CSV, ordered by time, with a watermark that follows them; the
values are written as CSV. Both are measured, and cost little beside the windows. A job on the
first events goes before and is not measured, because starting and warming Java costs some 13 CPU
seconds, which would hide the rate on few events. State is kept on Java's heap, without
checkpoints, and objects are reused: all in its favour.
"""

import importlib.metadata
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from peer import Peer, run
from pyarrow import csv
from pyflink.table import EnvironmentSettings, TableEnvironment
from workloads.swf12 import DAY_MS, Query

MEASURES = {
    "count": "COUNT(*)",
    "sum": "SUM(amount)",
    "min": "MIN(amount)",
    "max": "MAX(amount)",
    "deviation": "STDDEV_SAMP(amount)",
    "distinct": "COUNT(DISTINCT merchant)",
}
WARM_UP_EVENTS = 10_000
EVENTS = ("card", "ts", "amount", "merchant", "moment")


@dataclass(frozen=True)
class Loaded:
    """A cluster that has not started the job yet.

    Attributes:
        environment: Where the tables `events` and `features` and the views between are declared.
        insert: The statement that starts the job.
        folder: Holds the events; the job writes its files to `result` inside.
        columns: Names of the result's columns.
    """

    environment: TableEnvironment
    insert: str
    folder: tempfile.TemporaryDirectory[str]
    columns: tuple[str, ...]


def load(path: Path, query: Query, threads: int) -> Loaded:
    """Declare the job, after one on the first events has warmed Java up."""
    events = pq.read_table(path)
    compute(declare(events[:WARM_UP_EVENTS], query, threads))
    return declare(events, query, threads)


def declare(events: pa.Table, query: Query, threads: int) -> Loaded:
    """Write the events as CSV and declare the chain of queries over them."""
    folder = tempfile.TemporaryDirectory()
    amount = events["amount_minor"].cast(pa.float64())
    table = pa.table([events["card"], events["ts"], amount, events["merchant"]], names=EVENTS[:4])
    without = csv.WriteOptions(include_header=False)
    csv.write_csv(table, f"{folder.name}/events.csv", without)
    environment = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    for name, value in {
        "parallelism.default": str(threads),
        "pipeline.object-reuse": "true",
        "table.local-time-zone": "UTC",
    }.items():
        environment.get_config().set(name, value)
    for statement in statements(query, folder.name):
        environment.execute_sql(statement)
    names = ("card", "ts", *(name for name, _, _ in query.columns))
    insert = f"INSERT INTO features SELECT {', '.join(names)} FROM after_{query.windows[-1][0]}"
    return Loaded(environment, insert, folder, names)


def statements(query: Query, folder: str) -> Iterator[str]:
    """The tables and, for each width, a view that adds its features to those of the view before."""
    yield f"""CREATE TABLE events (card BIGINT, ts BIGINT, amount DOUBLE, merchant BIGINT,
        moment AS TO_TIMESTAMP_LTZ(ts, 3), WATERMARK FOR moment AS moment
        ) WITH ('connector' = 'filesystem', 'path' = 'file://{folder}/events.csv',
        'format' = 'csv')"""
    before, carried = "events", list(EVENTS)
    for window, width in query.windows:
        added = {name: MEASURES[m] for name, m, _ in query.columns if name.endswith(f"_{window}")}
        features = ", ".join(f"{rule} OVER w AS {name}" for name, rule in added.items())
        interval = f"'{width // DAY_MS}' DAY(3)" if width >= DAY_MS else "'1' HOUR"
        yield f"""CREATE VIEW after_{window} AS SELECT {", ".join(carried)}, {features}
            FROM {before} WINDOW w AS (PARTITION BY card ORDER BY moment
            RANGE BETWEEN INTERVAL {interval} PRECEDING AND CURRENT ROW)"""
        before, carried = f"after_{window}", [*carried, *added]
    kinds = {
        name: "BIGINT" if measure in {"count", "distinct"} else "DOUBLE"
        for name, measure, _ in query.columns
    }
    columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    yield f"""CREATE TABLE features (card BIGINT, ts BIGINT, {columns}) WITH (
        'connector' = 'filesystem', 'path' = 'file://{folder}/result', 'format' = 'csv')"""


def compute(loaded: Loaded) -> Loaded:
    """Run the job to its end."""
    loaded.environment.execute_sql(loaded.insert).wait()
    return loaded


def column(loaded: Loaded, name: str) -> NDArray[Any]:
    """A column of the files that the job wrote."""
    convert = csv.ConvertOptions(include_columns=[name])
    read = csv.ReadOptions(column_names=loaded.columns)
    files = sorted(path for path in Path(loaded.folder.name, "result").rglob("*") if path.is_file())
    parts = [csv.read_csv(path, read_options=read, convert_options=convert) for path in files]
    values = pa.concat_tables(parts)[name].to_numpy()
    return values if name in {"card", "ts"} else values.astype(np.float64)


if __name__ == "__main__":
    run(
        Peer(
            "flink",
            importlib.metadata.version("apache-flink"),
            load,
            compute,
            column,
            stays_up=False,
        )
    )
