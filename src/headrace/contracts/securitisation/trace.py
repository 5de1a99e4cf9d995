"""Where each yuan went: first in, first out, through every account, to the fen.

Money on an account is a queue of lots. A lot is what one collection (or opening balance, or
support) brought; what leaves an account takes the oldest lots first. A trace is exact by
construction: the parts of a lot sum to the lot, the parts of a payment to the payment, and the
parts that passed through a transfer between accounts to that transfer.
"""

from collections import deque
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from headrace.contracts.securitisation.book import ConservationError
from headrace.contracts.securitisation.engine import Run
from headrace.contracts.securitisation.tables import table_of

SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("source_date", pa.date32(), nullable=False),
        pa.field("source_row", pa.int64()),
        pa.field("target", pa.string(), nullable=False),
        pa.field("target_date", pa.date32(), nullable=False),
        pa.field("target_row", pa.int64()),
        pa.field("step", pa.string(), nullable=False),
        pa.field("amount", pa.int64(), nullable=False),
        pa.field("via", pa.list_(pa.int64()), nullable=False),
    ]
)
"""A row is a part of one yuan's way: `source` as in `book.Row`, or `opening:<account>`; `target` as
in `book.Row`, or `account:<account>` where it still lies. Rows are null where there is no row.
`via` are the rows of transfers between accounts that it passed through, in order."""


@dataclass(frozen=True)
class _Lot:
    source: str
    on: date
    row: int | None
    amount: int
    via: tuple[int, ...] = ()


def trace(run: Run) -> pa.Table:
    """Every part of every inflow, with where it ended.

    Returns:
        A table of `SCHEMA`. The amounts of one `source_row` sum to that row of the run, those of
        one `target_row` to that row.
    """
    start = run.deal.calendar.closing
    queues: dict[str, deque[_Lot]] = {
        account.name: deque(
            [_Lot(f"opening:{account.name}", start, None, account.opening)]
            if account.opening
            else []
        )
        for account in run.deal.accounts
    }
    out: list[tuple[_Lot, str, date, int | None, str, int]] = []
    for row in run.rows:
        kind, _, name = row.source.partition(":")
        if kind == "account":
            parts = _taken(queues[name], row.amount)
        else:
            parts = [_Lot(row.source, row.on, row.number, row.amount)]
        kind, _, name = row.target.partition(":")
        if kind == "account":
            passed = (row.number,) if row.source.startswith("account:") else ()
            queues[name].extend(replace(lot, via=(*lot.via, *passed)) for lot in parts)
        else:
            out += [(lot, row.target, row.on, row.number, row.step, lot.amount) for lot in parts]
    for name, queue in queues.items():
        out += [(lot, f"account:{name}", run.ended[0], None, "", lot.amount) for lot in queue]
    rows = [
        (lot.source, lot.on, lot.row, target, on, row, step, amount, lot.via)
        for lot, target, on, row, step, amount in out
    ]
    return table_of(rows, SCHEMA)


def of_row(ways: pa.Table, number: int) -> pa.Table:
    """Where the money of one inflow went: the parts of the row of that number."""
    return ways.filter(pc.equal(ways["source_row"], number))


def through_row(ways: pa.Table, number: int) -> pa.Table:
    """The parts of any row: what it brought in, what it paid out, or what passed through it.

    They sum to the row's amount: a row brings in, pays out or transfers, and does one of them.
    """
    passed = [number in via for via in ways["via"].to_pylist()]
    ends = pc.or_kleene(pc.equal(ways["source_row"], number), pc.equal(ways["target_row"], number))
    return ways.filter(pc.or_(pc.fill_null(ends, False), pa.array(passed, pa.bool_())))  # noqa: FBT003 - Arrow's own argument


def _taken(queue: deque[_Lot], amount: int) -> list[_Lot]:
    """Take an amount from the oldest lots."""
    parts = []
    while amount:
        if not queue:
            raise ConservationError(f"{amount} left an account that had no such money")
        lot = queue.popleft()
        part = min(amount, lot.amount)
        parts.append(replace(lot, amount=part))
        if part < lot.amount:
            queue.appendleft(replace(lot, amount=lot.amount - part))
        amount -= part
    return parts
