"""SWF-12 by Polars: `rolling(group_by="card")` once for each width; see peer.py.

The events are sorted by card and time before the measurement, as Polars asks and as its published
figures had it; sorting 1 M events takes another 0.35 CPU seconds. Amounts are whole minor units
as Float64, the type Polars rolls over fastest.
"""

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from peer import Peer, arguments, run
from workloads.swf12 import Query

os.environ["POLARS_MAX_THREADS"] = str(arguments().threads)  # read once, at import
import polars as pl

MEASURES = {
    "count": pl.len(),
    "sum": pl.col("amount").sum(),
    "min": pl.col("amount").min(),
    "max": pl.col("amount").max(),
    "deviation": pl.col("amount").std(),
    "distinct": pl.col("merchant").n_unique(),
}


def load(path: Path, query: Query, _threads: int) -> tuple[pl.DataFrame, Query]:
    """The events sorted by card and time; how many threads there are is settled above."""
    events = pl.read_parquet(path).with_columns(amount=pl.col("amount_minor").cast(pl.Float64))
    return events.select("card", "ts", "amount", "merchant").sort("card", "ts"), query


def compute(loaded: tuple[pl.DataFrame, Query]) -> pl.DataFrame:
    """Every value, in the order of the sorted events."""
    events, query = loaded
    parts = [events.select("card", "ts")]
    for name, width in query.windows:
        rolling = events.rolling("ts", period=f"{width}i", closed="both", group_by="card")
        features = (MEASURES[measure].alias(f"{measure}_{name}") for measure in query.measures)
        parts.append(rolling.agg(*features).drop("card", "ts"))
    return pl.concat(parts, how="horizontal")


def column(result: pl.DataFrame, name: str) -> NDArray[Any]:
    """A column of the result; nulls of a float column come out as NaN."""
    return result[name].to_numpy()


if __name__ == "__main__":
    run(Peer("polars", pl.__version__, load, compute, column))
