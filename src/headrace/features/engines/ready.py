"""Machine code before it is wanted.

`python -m headrace.features.engines.ready` runs beside other work on a fresh machine: what it has
compiled by the time it is needed is loaded from disk.
"""

from datetime import timedelta

import pyarrow as pa

from headrace.features.aggregates import Deviation, Distinct, Hhi, Max
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.batch import History, read, replay
from headrace.features.plan import make_plan
from headrace.features.windows import ALL_HISTORY, Sliding

_TABLE = Table(
    "events",
    (
        Column("key", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, required=True),
        Column("group", ColumnType.CATEGORY),
    ),
    ("key",),
    time="time",
    known="known",
    id="id",
)
_MEASURES = (
    Measure("deviation", Deviation("amount"), window=Sliding(timedelta(days=1))),
    Measure("largest", Max("amount"), window=ALL_HISTORY),
    Measure("groups", Distinct("group"), window=Sliding(timedelta(days=1), timedelta(days=1))),
    Measure("concentration", Hhi("amount", "group"), window=ALL_HISTORY),
)


def make_ready() -> None:
    """Run every kernel on three events: compiled once per machine, loaded from disk after that."""
    compiled = compile_plan(make_plan(FeatureSet((_TABLE,), _MEASURES)))
    day = pa.timestamp("us", "UTC")
    events = pa.table(
        {
            "key": ["a", "a", "b"],
            "amount": [1, 2, 3],
            "group": ["x", "y", "x"],
            "time": pa.array([0, 1, 0], day),
            "known": pa.array([0, 1, 0], day),
            "id": [1, 2, 3],
        }
    )
    voids = events.slice(0, 1).select(["key", "time", "id"])
    voids = voids.append_column("known", pa.array([2], day))
    history = History({"events": events}, {"events": voids})
    replay(compiled, history)
    read(compiled, history, pa.table({"key": ["a"], "at": pa.array([3], day)}), "at")


if __name__ == "__main__":
    make_ready()
