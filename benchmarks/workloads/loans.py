"""Simulated loan defaults: nine tables of facts about applicants, and 240 features over them.

Everything here is generated: the names say what such a table would hold, not where it came from.
"""

from datetime import timedelta
from itertools import product

import numpy as np
import pyarrow as pa
from workloads.swf12 import DAY_MS, START_MS

from headrace.features.aggregates import (
    Count,
    Deviation,
    Distinct,
    Max,
    Mean,
    Min,
    SinceLast,
    Sum,
)
from headrace.features.definition import (
    Column,
    ColumnType,
    Definition,
    FeatureSet,
    Measure,
    Ratio,
    Table,
)
from headrace.features.windows import ALL_HISTORY, Sliding

TABLES = ("application", "bureau", "bureau_balance", "card_balance", "instalment",
          "point_of_sale", "account", "invoice", "tax_payment")  # fmt: skip
DAYS = (30, 90, 365)
YEARS = 2
NOW_MS = START_MS + YEARS * 365 * DAY_MS
RATIOS = 6
AGGREGATES = {
    "count": Count(),
    "amount_sum": Sum("amount"),
    "amount_mean": Mean("amount"),
    "amount_min": Min("amount"),
    "amount_max": Max("amount"),
    "amount_deviation": Deviation("amount"),
    "days_sum": Sum("days"),
    "days_max": Max("days"),
}
SQL = {
    "count": "count(*)",
    "amount_sum": "sum(amount)",
    "amount_min": "min(amount)",
    "amount_max": "max(amount)",
    "days_sum": "sum(days)",
    "days_max": "max(days)",
}
"""The features that are whole numbers, on which DuckDB must agree exactly."""


def feature_set() -> FeatureSet:
    """240 features: 26 of each of nine tables, and 6 ratios between windows."""
    columns = (
        Column("applicant", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, required=True),
        Column("days", ColumnType.NUMBER, required=True),
        Column("kind", ColumnType.CATEGORY, required=True),
    )
    tables = tuple(Table(name, columns, ("applicant",), id=None) for name in TABLES)
    definitions: list[Definition] = []
    for table in TABLES:
        definitions += [
            Measure(f"{table}_{what}_{days}d", aggregate, table=table, window=_last(days))
            for days, (what, aggregate) in product(DAYS, AGGREGATES.items())
        ]
        kinds = Measure(f"{table}_kinds_365d", Distinct("kind"), table=table, window=_last(365))
        since = Measure(f"{table}_since_last", SinceLast(), table=table, window=ALL_HISTORY)
        definitions += [kinds, since]
    definitions += [
        Ratio(f"{table}_growth", f"{table}_amount_sum_30d", f"{table}_amount_sum_365d")
        for table in TABLES[:RATIOS]
    ]
    return FeatureSet(tables, tuple(definitions))


def _last(days: int) -> Sliding:
    return Sliding(timedelta(days=days))


def facts(applicants: int, per_table: int, seed: int = 48) -> dict[str, pa.Table]:
    """Facts by table, in order of time: `per_table` of each applicant on average, over two years.

    Amounts are whole minor units, `days` how late a payment was, `kind` one of 12.
    """
    found = {}
    for number, name in enumerate(TABLES):
        r = np.random.default_rng([seed, number])
        n = applicants * per_table
        ts = np.sort(r.integers(START_MS, NOW_MS, n))
        found[name] = pa.table(
            {
                "applicant": r.integers(0, applicants, n),
                "event_time": pa.array(ts * 1000, pa.timestamp("us", "UTC")),
                "amount": np.rint(np.exp(r.normal(5, 1.2, n)) * 100).astype(np.int64),
                "days": r.poisson(2, n),
                "kind": r.integers(0, 12, n),
            }
        )
    return found


def query(table: str) -> str:
    """The whole-number features of one table at NOW_MS as SQL, one row per applicant."""
    now = f"make_timestamptz({NOW_MS * 1000})"
    columns = [
        f"{rule} filter (event_time > {now} - interval {days} day) as {table}_{what}_{days}d"
        for days, (what, rule) in product(DAYS, SQL.items())
    ]
    columns.append(
        f"count(distinct kind) filter (event_time > {now} - interval 365 day) as {table}_kinds_365d"
    )
    return (
        f"select applicant, {', '.join(columns)} from {table} "
        f"where event_time <= {now} group by applicant"
    )
