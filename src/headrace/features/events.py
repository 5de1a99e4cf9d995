"""Facts as of a moment, laid out as flat arrays for the kernels."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.clock import day_number


@dataclass(frozen=True)
class Events:
    """Invoices known at one moment, sorted by party, then day, then fact id.

    Attributes:
        parties: The parties, in order of their code.
        ids: Fact ids, (n,).
        party: Code of the party, (n,).
        columns: Integer columns by name, each (n,): day (days since 1970-01-01, local),
            month (months since 1970-01), quarter (0 to 3), counterparty (a code), amount, tax
            and total (minor units).
        flags: Truth by name, each (n,): sale, purchase, valid, voided, red, ordinary (valid and
            not red), round (whole thousands of major units, tax included).
        as_of_day: The local day of the moment, days since 1970-01-01.
    """

    parties: tuple[str, ...]
    ids: pa.Array
    party: NDArray[np.int64]
    columns: dict[str, NDArray[np.int64]]
    flags: dict[str, NDArray[np.bool_]]
    as_of_day: int


def invoice_events(
    invoices: pa.Table, corrections: pa.Table, as_of: datetime, zone: str, parties: tuple[str, ...]
) -> Events:
    """What was known of the invoices of `parties` at `as_of`.

    Args:
        invoices: Facts of kind invoice.
        corrections: Facts of kind correction; a void known by `as_of` marks its invoice.
        as_of: The moment, UTC; facts with a later known time do not exist yet.
        zone: The zone whose calendar gives days and months.
        parties: Who to compute for; a party without invoices stays, with no event.
    """
    voided = _voided_by(invoices, corrections, as_of)
    table = invoices.append_column("voided", voided).filter(_known_by(invoices, as_of))
    names = pa.array(parties, pa.string())
    code = pc.index_in(_plain(table["party"]), value_set=names)
    keep = pc.is_valid(code)
    table, code = table.filter(keep), code.filter(keep)
    local = pc.local_timestamp(pc.cast(table["event_time"], pa.timestamp("us", zone)))
    day = _ints(pc.cast(pc.cast(local, pa.date32()), pa.int32()))
    partner, _ = _codes(table["counterparty"])
    party = _ints(code)
    order = np.lexsort((_ints(table["row"]), _codes(table["source"])[0], day, party))
    table = table.take(pa.array(order))
    day, party, partner = day[order], party[order], partner[order]
    dates = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    amount = _ints(table["amount_minor"])
    total = _ints(table["total_minor"])
    sale = _truth(pc.equal(_plain(table["direction"]), "sale"))
    dead = _truth(table["voided"])
    return Events(
        parties=parties,
        ids=table["id"].combine_chunks(),
        party=party,
        columns={
            "day": day,
            "month": dates,
            "quarter": dates % 12 // 3,
            "counterparty": partner,
            "amount": amount,
            "tax": _ints(table["tax_minor"]),
            "total": total,
        },
        flags={
            "sale": sale,
            "purchase": ~sale,
            "voided": dead,
            "valid": ~dead,
            "red": ~dead & (amount < 0),
            "ordinary": ~dead & (amount >= 0),
            "round": (total % 100_000 == 0) & (total != 0),
        },
        as_of_day=day_number(local_day(as_of, zone)),
    )


def local_day(moment: datetime, zone: str) -> date:
    """The calendar day of `moment` in `zone`."""
    local = pc.local_timestamp(pa.scalar(moment, pa.timestamp("us", zone)))
    value: datetime = local.as_py()
    return value.date()


def _plain(column: Any) -> Any:
    """A dictionary-encoded column as plain text."""
    return pc.cast(column, pa.string())


def _codes(column: Any) -> tuple[NDArray[np.int64], pa.Array]:
    """Codes of a text column in order of the text, and the texts."""
    texts = pc.unique(_plain(column)).sort()
    return _ints(pc.index_in(_plain(column), value_set=texts)), texts


def _ints(column: Any) -> NDArray[np.int64]:
    return np.asarray(pc.cast(column, pa.int64()).to_numpy(), np.int64)


def _truth(column: Any) -> NDArray[np.bool_]:
    return np.asarray(
        column.to_numpy(zero_copy_only=False)
        if isinstance(column, pa.Array)
        else column.to_numpy(),
        np.bool_,
    )


def _known_by(facts: pa.Table, moment: datetime) -> Any:
    return pc.less_equal(facts["known_time"], pa.scalar(moment, pa.timestamp("us", "UTC")))


def _voided_by(invoices: pa.Table, corrections: pa.Table, moment: datetime) -> Any:
    """Which invoices a void known by `moment` takes back."""
    is_void = pc.equal(_plain(corrections["kind"]), "void")
    voids = corrections.filter(pc.and_(is_void, _known_by(corrections, moment)))
    return pc.is_in(invoices["id"], value_set=voids["corrects"].combine_chunks())
