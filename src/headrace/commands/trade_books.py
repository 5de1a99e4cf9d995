"""A ledger that sheets of acts are booked on: opened, and what they left on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from headrace.adapters.stores.ledger import open_ledger
from headrace.adapters.wall_clock import now
from headrace.commands.ledger import View
from headrace.errors import InputError
from headrace.ledger import asof, chart
from headrace.ledger.journal import Ledger
from headrace.workflows.trade_ledger import Acts, TradeLedger

FIRST_OF_A_BOOK = "loan-1.0"  # what `headrace book` posts first
LedgerFile = Annotated[
    str | None,
    typer.Option("--ledger", help="Book it: SQLite file such as trade.db, or postgresql:// ."),
]
ChartView = Annotated[View, typer.Option("--chart", help="Whose chart of accounts.")]


@contextmanager
def opened_books(address: str, view: View, acts: Acts) -> Iterator[tuple[Ledger, TradeLedger]]:
    """The ledger at an address, made where it is missing, and the books of a sheet on it.

    Args:
        address: As `ledger_store.open_ledger` has it.
        view: Whose chart of accounts.
        acts: Of the sheet.

    Raises:
        InputError: It cannot be opened, or is that of a book of loans.
        EvidenceError: A batch is not what was written.
    """
    with open_ledger(address) as ledger:
        if ledger.book.entry_of(FIRST_OF_A_BOOK) is not None:
            raise InputError(
                "this ledger is that of a book of loans, which alone writes to it",
                where=f"--ledger {address}",
                remedy="name another file",
            )
        yield ledger, TradeLedger(ledger, chart.shipped(view), acts, now())


def told_books(address: str, ledger: Ledger, books: TradeLedger) -> dict[str, Any]:
    """What a sheet left on a ledger, and how that stands, as JSON values.

    Args:
        address: Of the ledger.
        ledger: After the acts.
        books: Of the sheet.
    """
    found = books.booked()
    trial = asof.trial_balance(ledger.book)
    sums = trial.group_by("currency").aggregate([("balance", "sum")])
    return {
        "address": address,
        "contradicted": books.contradicted(),
        "new": found.new,
        "there": found.there,
        "cash": found.cash,
        "held": found.held,
        "balanced": not any(sums["balance_sum"].to_pylist()),
        "transfers": ledger.head.transfers,
        "batches": ledger.head.batch,
        "head": ledger.head.hash,
    }
