"""SWF-12 by Headrace, measured as the peers are: reading, sorting and filing values included."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from peer import Peer, run
from workloads import swf12_features as swf12
from workloads.swf12 import Query

import headrace
from headrace.features.compile import Compiled
from headrace.features.engines.batch import History, replay

Loaded = tuple[Compiled, pa.Table, int]


def load(path: Path, query: Query, threads: int) -> Loaded:
    """The plan and the events, their amounts in major units with two places."""
    given = pq.read_table(path)
    events = pa.table(
        {
            "card": given["card"].to_numpy(),
            "event_time": swf12.instants(given["ts"].to_numpy()),
            "amount": given["amount_minor"].to_numpy() / 100,
            "merchant": given["merchant"].to_numpy(),
        }
    )
    return swf12.compiled(query), events, threads


def compute(loaded: Loaded) -> pa.Table:
    """Every value, in the order of the events, beside the events."""
    plan, events, threads = loaded
    found = replay(plan, History({"payments": events}), threads=threads).table
    for name in ("card", "event_time"):
        found = found.append_column(name, events[name])
    return found


def column(result: pa.Table, name: str) -> NDArray:
    """A column of the result; nulls come out as NaN."""
    if name == "ts":
        return result["event_time"].cast(pa.int64()).to_numpy() // 1000
    return swf12.values(result, name)


if __name__ == "__main__":
    run(Peer("headrace", headrace.__version__, load, compute, column))
