"""What stood where: balances, statements and trial balances, on both times.

Every question has a day (what counts for this day or before) and a time (what was known then);
None asks for all days, or all that is known. History is never rewritten, so the same question
about the past has the same answer for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from headrace.clock import day_number
from headrace.ledger import kernels
from headrace.ledger.book import Book, State
from headrace.ledger.journal import Ledger
from headrace.ledger.transfer import Kind, Transfer, values_of

Array = np.ndarray
LAST_DAY = 0x7FFFFFFF

TRIAL = pa.schema(
    [
        ("account", pa.string()),
        ("code", pa.string()),
        ("party", pa.string()),
        ("contract", pa.string()),
        ("currency", pa.string()),
        ("debits", pa.int64()),
        ("credits", pa.int64()),
        ("debits_held", pa.int64()),
        ("credits_held", pa.int64()),
        ("balance", pa.int64()),  # debits - credits
    ]
)
"""A trial balance (试算平衡表): one row an account, minor units."""

LINES = pa.schema(
    [
        ("entry", pa.int64()),  # number of the transfer, from 0
        ("id", pa.string()),
        ("on", pa.date32()),
        ("known_at", pa.timestamp("us", "UTC")),
        ("other_account", pa.string()),
        ("debit", pa.int64()),  # null: a credit
        ("credit", pa.int64()),  # null: a debit
        ("balance", pa.int64()),  # debits - credits after it
        ("backdated", pa.bool_()),  # its day was closed when it came
        ("refers_to", pa.string()),
        ("contract", pa.string()),
        ("fact", pa.string()),
        ("memo", pa.string()),
    ]
)
"""Lines of a statement, minor units."""


@dataclass(frozen=True)
class Balance:
    """Totals of one account, minor units.

    Attributes:
        debits: Posted.
        credits: Posted.
        debits_held: Set aside to be debited.
        credits_held: Set aside to be credited.
    """

    debits: int
    credits: int
    debits_held: int = 0
    credits_held: int = 0

    @property
    def debit(self) -> int:
        """Debits less credits: what an asset is worth."""
        return self.debits - self.credits

    @property
    def credit(self) -> int:
        """Credits less debits: what is owed."""
        return self.credits - self.debits


@dataclass(frozen=True)
class Statement:
    """What moved an account (对账单).

    Attributes:
        account: Its id.
        opening: Debits less credits before the first day.
        lines: Columns of `LINES`, by day and then by number.
        closing: Debits less credits after the last day.
    """

    account: str
    opening: int
    lines: pa.Table
    closing: int


@dataclass(frozen=True)
class Standing:
    """A transfer that was done.

    Attributes:
        transfer: As it was given.
        entry: Its number, from 0.
        batch: That it came with, from 1.
        known_at: When, microseconds since 1970.
        amount: Minor units that moved, or are held; 0 of a void.
        state: Of a hold.
    """

    transfer: Transfer
    entry: int
    batch: int
    known_at: int
    amount: int
    state: State


def find(ledger: Ledger, transfer: str) -> Standing | None:
    """The transfer of an id; None: it was never done."""
    book = ledger.book
    entry = book.entry_of(transfer)
    if entry is None:
        return None
    batch = book.batch_of(entry)
    given = ledger.originals(np.array([entry])).table(book.accounts)
    record = book.entries[entry]
    return Standing(
        values_of(given)[0],
        entry,
        batch,
        int(book.batch_known_at(np.array([batch]))[0]),
        int(record["amount"]),
        State(record["state"]),
    )


def balance(
    book: Book, account: str, on: date | None = None, known_at: int | None = None
) -> Balance:
    """Totals of an account.

    Args:
        book: Of the ledger.
        account: Its id.
        on: What counts for this day or before.
        known_at: What was known then, microseconds since 1970.

    Raises:
        InputError: There is no such account.
    """
    number = book.number_of(account)
    found = kernels.places(
        book.entries, book.totals[number]["last"], number, book.entries_known(known_at)
    )
    sums = kernels.account_totals(book.entries, found, number, _day(on), _moment(book, known_at))
    return Balance(*(int(value) for value in sums))


def trial_balance(book: Book, on: date | None = None, known_at: int | None = None) -> pa.Table:
    """Totals of every account there is now: columns of `TRIAL`, in the order of opening.

    Args:
        book: Of the ledger.
        on: What counts for this day or before.
        known_at: What was known then, microseconds since 1970.
    """
    sums = np.zeros((len(book.accounts), 4), np.int64)
    kernels.totals(
        book.entries, book.entries_known(known_at), _day(on), _moment(book, known_at), sums
    )
    return _trial(book, sums)


def movements(book: Book, first: date, last: date, known_at: int | None = None) -> pa.Table:
    """What moved every account from one day to another: columns of `TRIAL`, held amounts zero."""
    end = np.zeros((len(book.accounts), 4), np.int64)
    start = np.zeros_like(end)
    stop, moment = book.entries_known(known_at), _moment(book, known_at)
    kernels.totals(book.entries, stop, _day(last), moment, end)
    kernels.totals(book.entries, stop, _day(first) - 1, moment, start)
    sums = end - start
    sums[:, 2:] = 0
    return _trial(book, sums)


def statement(
    ledger: Ledger, account: str, first: date, last: date, known_at: int | None = None
) -> Statement:
    """What moved an account from one day to another, inclusive; holds move nothing.

    Raises:
        InputError: There is no such account.
    """
    book = ledger.book
    number = book.number_of(account)
    found = kernels.places(
        book.entries, book.totals[number]["last"], number, book.entries_known(known_at)
    )[::-1]
    entries = book.entries[found]
    moves = np.isin(entries["kind"], (Kind.POST, Kind.POST_HOLD))
    found, entries = found[moves], entries[moves]
    signed = np.where(entries["debit"] == number, entries["amount"], -entries["amount"])
    before = entries["day"] < day_number(first)
    inside = ~before & (entries["day"] <= day_number(last))
    opening = int(signed[before].sum())
    order = np.argsort(entries["day"][inside], kind="stable")
    chosen = found[inside][order]
    running = opening + np.cumsum(signed[inside][order])
    closing = int(running[-1]) if len(running) else opening
    return Statement(account, opening, _lines(ledger, number, chosen, running), closing)


def _lines(ledger: Ledger, account: int, chosen: Array, running: Array) -> pa.Table:
    if not len(chosen):
        return LINES.empty_table()
    book = ledger.book
    entries = book.entries[chosen]
    is_debit = entries["debit"] == account
    other = np.where(is_debit, entries["credit"], entries["debit"])
    batches = book.batches_of(chosen)
    texts = ledger.originals(chosen).texts
    columns = {
        "entry": pa.array(chosen, pa.int64()),
        "id": texts["id"],
        "on": pa.array(entries["day"]).view(pa.date32()),
        "known_at": pa.array(book.batch_known_at(batches)).view(pa.timestamp("us", "UTC")),
        "other_account": pa.array([book.accounts[each].id for each in other.tolist()]),
        "debit": pa.array(entries["amount"], mask=~is_debit),
        "credit": pa.array(entries["amount"], mask=is_debit),
        "balance": pa.array(running, pa.int64()),
        "backdated": pa.array(entries["day"] <= book.closed_before(batches)),
        **{name: texts[name] for name in ("refers_to", "contract", "fact", "memo")},
    }
    return pa.Table.from_arrays([columns[name] for name in LINES.names], schema=LINES)


def _trial(book: Book, sums: Array) -> pa.Table:
    accounts = book.accounts
    columns = [
        pa.array([each.id for each in accounts], pa.string()),
        *(
            pa.array([getattr(each, name) for each in accounts], pa.string())
            for name in ("code", "party", "contract", "currency")
        ),
        *(pa.array(sums[:, place]) for place in range(4)),
        pa.array(sums[:, 0] - sums[:, 1]),
    ]
    return pa.Table.from_arrays(columns, schema=TRIAL)


def _day(on: date | None) -> int:
    return LAST_DAY if on is None else day_number(on)


def _moment(book: Book, known_at: int | None) -> int:
    return book.known_at if known_at is None else known_at
