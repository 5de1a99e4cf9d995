"""SWF-12 by DuckDB: the oracle. One query with a RANGE window for each width; see peer.py.

Amounts are whole minor units as DOUBLE, whose sums are exact below 2^53; times are BIGINT
milliseconds, over which DuckDB slides a sixth faster than over TIMESTAMP and INTERVAL.
"""

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray
from peer import Peer, run
from workloads.swf12 import Query

MEASURES = {
    "count": "count(*)",
    "sum": "sum(amount)",
    "min": "min(amount)",
    "max": "max(amount)",
    "deviation": "stddev_samp(amount)",
    "distinct": "count(distinct merchant)",
}


def load(path: Path, query: Query, threads: int) -> tuple[duckdb.DuckDBPyConnection, str]:
    """A database in memory that holds the events, and the query as SQL."""
    spill = f"{tempfile.gettempdir()}/duckdb_swf12"
    connection = duckdb.connect(
        config={"threads": threads, "memory_limit": "8GB", "temp_directory": spill}
    )
    connection.execute("set enable_progress_bar = false")  # it would stand in the output
    connection.execute(
        "create table events as select card, ts, amount_minor::double as amount, "
        f"merchant from read_parquet('{path}')"
    )
    columns = ", ".join(
        f"{MEASURES[measure]} over within_{name.rpartition('_')[2]} as {name}"
        for name, measure, _ in query.columns
    )
    windows = ", ".join(
        f"within_{name} as (partition by card order by ts "
        f"range between {width} preceding and current row)"
        for name, width in query.windows
    )
    return connection, f"select card, ts, {columns} from events window {windows}"


def compute(loaded: tuple[duckdb.DuckDBPyConnection, str]) -> duckdb.DuckDBPyConnection:
    """Every value, kept in a table in memory."""
    connection, sql = loaded
    return connection.execute(f"create or replace table result as {sql}")


def column(connection: duckdb.DuckDBPyConnection, name: str) -> NDArray[Any]:
    """A column of the result; DuckDB reads a table in the order in which it was filled."""
    found = connection.execute(f"select {name} from result").fetchnumpy()[name]
    return np.ma.filled(found.astype(np.float64), np.nan) if np.ma.isMA(found) else found


if __name__ == "__main__":
    run(Peer("duckdb", duckdb.__version__, load, compute, column))
