"""Stored invoices and corrections as the feature engines and the report take them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.corrections import as_of as stood_at
from headrace.facts.localtime import local_from_utc
from headrace.features.engines.batch import History


def invoice_history(invoices: pa.Table, corrections: pa.Table) -> History:
    """Invoices, the voids that take them back, and each voided invoice as an event of its own.

    A voided invoice is known since its void was. What does not say when it became known was known
    at its time.
    """
    voids = corrections.filter(pc.equal(corrections["kind"].cast(pa.string()), "void"))
    at = pc.index_in(voids["corrects"], value_set=invoices["id"].combine_chunks())
    found = pc.is_valid(at)
    voids = voids.filter(found)
    originals = invoices.take(at.filter(found).combine_chunks())
    place = originals.schema.get_field_index("known_time")
    known = pc.coalesce(voids["known_time"], originals["known_time"], originals["event_time"])
    told = originals.set_column(place, "known_time", known)
    return History(events={"invoice": invoices, "voided_invoice": told}, voids={"invoice": told})


def months(
    invoices: pa.Table, corrections: pa.Table, moment: datetime, zone: str, by: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Net amounts per month of the invoices that stood at a moment, red letters taken off.

    Args:
        invoices: Stored invoices.
        corrections: As found among them.
        moment: The moment, UTC.
        zone: Whose months count.
        by: Further columns to tell apart, "party" for one.

    Returns:
        Per month, direction and `by`: month ("2020-01"), direction, amount_minor, invoices; sorted.
    """
    standing = stood_at(invoices, corrections, moment)
    times = pc.cast(standing["event_time"], pa.int64()).to_numpy()
    local = pa.array(local_from_utc(times, zone), pa.timestamp("us"))
    table = pa.table(
        {
            "month": pc.strftime(local, "%Y-%m").dictionary_encode(),
            "direction": standing["direction"].cast(pa.string()),
            **{name: standing[name].cast(pa.string()) for name in by},
            "amount_minor": standing["amount_minor"],
        }
    )
    keys = [*by, "month", "direction"]
    grouped = table.group_by(keys).aggregate([("amount_minor", "sum"), ([], "count_all")])
    grouped = grouped.set_column(
        grouped.schema.get_field_index("month"), "month", grouped["month"].cast(pa.string())
    ).sort_by([(name, "ascending") for name in keys])
    renamed = {"amount_minor_sum": "amount_minor", "count_all": "invoices"}
    rows: list[dict[str, Any]] = grouped.rename_columns(
        [renamed.get(name, name) for name in grouped.column_names]
    ).to_pylist()
    return rows
