"""SWF-12 as Headrace takes it: its queries as feature sets, its events as tables, values back."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
from workloads.swf12 import Events, Floats, Ints, Query, exact_hash

from headrace.features.aggregates import Aggregate, Count, Deviation, Distinct, Max, Min, Sum
from headrace.features.compile import Compiled, compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding

AGGREGATES: dict[str, Aggregate] = {
    "count": Count(),
    "sum": Sum("amount"),
    "deviation": Deviation("amount"),
    "min": Min("amount"),
    "max": Max("amount"),
    "distinct": Distinct("merchant"),
}
MONEY = {"sum", "deviation", "min", "max"}
COLUMNS = (
    Column("card", ColumnType.CATEGORY, required=True),
    Column("amount", ColumnType.NUMBER, places=2, required=True),
    Column("merchant", ColumnType.CATEGORY, required=True),
)
ON_TIME = Table("payments", COLUMNS, ("card",), id=None)
LATE = Table("payments", COLUMNS, ("card",), id=None, known="known_time")
VOIDED = Table("payments", COLUMNS, ("card",), id="id", known="known_time")


def compiled(query: Query, table: Table = ON_TIME) -> Compiled:
    """A query over a table, ready to run."""
    measures = (
        Measure(name, AGGREGATES[measure], window=_window(width))
        for name, measure, width in query.columns
    )
    return compile_plan(make_plan(FeatureSet((table,), tuple(measures))))


def _window(width_ms: int) -> Sliding:
    return Sliding(timedelta(milliseconds=width_ms), start_included=True)


def payments(events: Events, rows: Ints | slice = slice(None)) -> pa.Table:
    """Events as a table with amounts in major units; known time and id for those who read them."""
    return pa.table(
        {
            "card": events.card[rows],
            "event_time": instants(events.ts[rows]),
            "amount": events.amount[rows],
            "merchant": events.merchant[rows],
            "known_time": instants(events.known[rows]),
            "id": np.arange(len(events))[rows],
        }
    )


def voids(events: Events, rows: Ints | slice = slice(None)) -> pa.Table:
    """What takes events back: some of the voids, in order of `void_known`."""
    row = events.void_row[rows]
    return pa.table(
        {
            "card": events.card[row],
            "event_time": instants(events.ts[row]),
            "known_time": instants(events.void_known[rows]),
            "id": row,
        }
    )


def instants(ms: Ints) -> pa.Array:
    """Milliseconds since 1970 UTC as moments."""
    return pa.array(ms * 1000, pa.timestamp("us", "UTC"))


def values(table: pa.Table, name: str) -> Floats:
    """A column of values as every engine of the benchmark gives it: money in minor units."""
    found = table[name].to_numpy()
    return found * 100 if name.partition("_")[0] in MONEY else found


def hash_of(card: Ints, ts: Ints, query: Query, table: pa.Table) -> str:
    """See `swf12.exact_hash`."""
    return exact_hash(card, ts, ((name, values(table, name)) for name in query.exact))
