"""Facts as of a moment, laid out as flat arrays for the kernels."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.clock import day_number, local_day
from headrace.facts import localtime
from headrace.facts.corrections import known_by, voided_by


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
    live = _positions(known_by(invoices, as_of))
    voided = _truth(voided_by(invoices, corrections, as_of))[live]
    owner = _codes_in(invoices["party"], parties)[live]
    mine = owner >= 0
    live, voided, owner = live[mine], voided[mine], owner[mine]
    day = localtime.local_day(_ints(invoices["event_time"])[live], zone)
    source = _codes(invoices["source"])[live]
    order = np.lexsort((_ints(invoices["row"])[live], source, day, owner))
    live, voided, owner, day = live[order], voided[order], owner[order], day[order]
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    amount = _ints(invoices["amount_minor"])[live]
    total = _ints(invoices["total_minor"])[live]
    sale = _codes_in(invoices["direction"], ("sale",))[live] == 0
    return Events(
        parties=parties,
        ids=invoices["id"].take(pa.array(live)).combine_chunks(),
        party=owner,
        columns={
            "day": day,
            "month": month,
            "quarter": month % 12 // 3,
            "counterparty": _codes(invoices["counterparty"])[live],
            "amount": amount,
            "tax": _ints(invoices["tax_minor"])[live],
            "total": total,
        },
        flags={
            "sale": sale,
            "purchase": ~sale,
            "voided": voided,
            "valid": ~voided,
            "red": ~voided & (amount < 0),
            "ordinary": ~voided & (amount >= 0),
            "round": (total % 100_000 == 0) & (total != 0),
        },
        as_of_day=day_number(local_day(as_of, zone)),
    )


def _codes_in(column: pa.ChunkedArray, texts: tuple[str, ...]) -> NDArray[np.int64]:
    """Position of each text among `texts`, -1 for any other, (n,)."""
    codes, values = _encoded(column)
    known = pc.index_in(values, value_set=pa.array(texts, pa.string()))
    return _lookup(_ints(pc.fill_null(known, -1)), codes)


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """A code per text, in order of the texts, (n,)."""
    codes, values = _encoded(column)
    rank = np.empty(len(values), np.int64)
    rank[np.asarray(pc.sort_indices(values))] = np.arange(len(values))
    return _lookup(rank, codes)


def _encoded(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.Array]:
    """Codes in any order, and the text of each; the texts are few, the codes many."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    parts = whole.chunks if isinstance(whole, pa.ChunkedArray) else [whole]
    if not parts:
        return np.zeros(0, np.int64), pa.array([], pa.string())
    return _ints(parts[0].indices), parts[0].dictionary.cast(pa.string())


def _lookup(of_text: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return of_text[codes] if of_text.size else np.zeros(codes.size, np.int64)


def _ints(column: Any) -> NDArray[np.int64]:
    return np.asarray(pc.cast(column, pa.int64()).to_numpy(), np.int64)


def _truth(column: Any) -> NDArray[np.bool_]:
    plain = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return np.asarray(plain.to_numpy(zero_copy_only=False), np.bool_)


def _positions(column: Any) -> NDArray[np.int64]:
    return np.flatnonzero(_truth(column)).astype(np.int64)
