"""A ledger: a book, and the place where its batches are kept.

    ledger = Ledger(InMemory())                     or adapters.stores.ledger.open_ledger(path)
    receipt = ledger.commit(at, transfers, accounts)

A batch is checked in memory, written down, and only then kept and acknowledged. Where another
writer was first, the batch is undone, what the other wrote is read, and it is checked again.
Opening a ledger does every batch again with every check, so that the state is the replay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import pyarrow as pa

from headrace.clock import day_number
from headrace.errors import EvidenceError, HeadraceError
from headrace.ledger.account import Account, AccountOutcome
from headrace.ledger.book import Applied, Book, Opened
from headrace.ledger.columns import Columns, columns_of, joined
from headrace.ledger.content import FIRST_HASH, Content, chained, decoded
from headrace.ledger.outcome import Outcome
from headrace.ledger.transfer import Transfer, table_of, whole_table

Array = np.ndarray
RESTORE = "Restore the ledger from a copy"


@dataclass(frozen=True)
class Sealed:
    """A batch as it is written down.

    Attributes:
        number: From 1.
        known_at: Microseconds since 1970, UTC.
        first: The number of its first transfer, from 0.
        transfers: How many it holds.
        accounts: That it opens.
        first_account: The number of the first of them.
        previous: Hash of the batch before, hex.
        hash: See `headrace.ledger.content`.
        content: Its canonical bytes.
    """

    number: int
    known_at: int
    first: int
    transfers: int
    accounts: tuple[Account, ...]
    first_account: int
    previous: str
    hash: str
    content: bytes


class Batches(Protocol):
    """Where batches are kept."""

    def append(self, sealed: Sealed) -> bool:
        """Write a batch down, durably; False where there is one of its number already.

        Raises:
            HeadraceError: It could not be written, or nobody knows whether it was.
        """

    def since(self, number: int) -> Iterator[Sealed]:
        """The batches from a number on, in order."""

    def read(self, number: int) -> Sealed:
        """A batch.

        Raises:
            HeadraceError: It cannot be read.
        """


class InMemory:
    """Batches that are gone with the process: for tests, and for what-if."""

    def __init__(self) -> None:
        self._all: list[Sealed] = []

    def append(self, sealed: Sealed) -> bool:
        """Keep a batch."""
        if sealed.number <= len(self._all):
            return False
        self._all.append(sealed)
        return True

    def since(self, number: int) -> Iterator[Sealed]:
        """The batches from a number on."""
        return iter(self._all[number - 1 :])

    def read(self, number: int) -> Sealed:
        """A batch."""
        return self._all[number - 1]


@dataclass(frozen=True)
class Head:
    """How far a ledger is: enough to prove later that nothing before was altered.

    Attributes:
        batch: The last batch; 0 before the first.
        transfers: How many there are in all.
        known_at: When the last batch was known, microseconds since 1970; 0 before the first.
        hash: Of the last batch, hex.
    """

    batch: int
    transfers: int
    known_at: int
    hash: str


@dataclass(frozen=True)
class Receipt:
    """What became of a batch.

    Attributes:
        outcomes: int8 (n,), of `Outcome`, one a transfer.
        accounts: One an account that was given.
        head: Of the ledger after it; what is done is durable.
        batch: Its number; None where nothing of it was new.
    """

    outcomes: Array
    accounts: tuple[AccountOutcome, ...]
    head: Head
    batch: int | None

    @property
    def refused(self) -> tuple[tuple[int, Outcome], ...]:
        """Place and outcome of the transfers that do not stand in the book."""
        places = np.flatnonzero(self.outcomes > Outcome.EXISTS)
        return tuple((int(place), Outcome(self.outcomes[place])) for place in places)

    @property
    def all_held(self) -> bool:
        """Whether every transfer and account stands in the book now."""
        return not self.refused and all(each <= AccountOutcome.EXISTS for each in self.accounts)


@dataclass(frozen=True)
class Finding:
    """Something about a ledger that is not as it was written."""

    where: str
    what: str


class Ledger:
    """One writer of a ledger, in one thread; others may write the same batches.

    Attributes:
        book: The state. Read it through `headrace.ledger.asof`.
        head: How far it is.
    """

    def __init__(self, batches: Batches) -> None:
        """Do again what was written down.

        Raises:
            EvidenceError: A batch is not what was written, or breaks a rule.
        """
        self._batches = batches
        self.book = Book()
        self.head = Head(0, 0, 0, FIRST_HASH)
        self._recent: tuple[int, Columns] | None = None
        self._unfinished = False
        self.catch_up()

    def commit(
        self,
        at: int,
        transfers: pa.Table | Sequence[Transfer] = (),
        accounts: Sequence[Account] = (),
        *,
        close: date | None = None,
    ) -> Receipt:
        """Open accounts, then do transfers in order; what is done is durable on return.

        Args:
            at: Now, microseconds since 1970, UTC; taken as that of the batch before if earlier.
            transfers: Columns of `transfer.SCHEMA`, or values.
            accounts: Those that exist already are not opened again.
            close: Close the book up to this day: what comes later for it is backdated.

        Raises:
            InputError: The columns are not those of transfers.
            HeadraceError: Nothing is acknowledged: give the same again, or open the ledger anew.
        """
        if self._unfinished:
            raise HeadraceError("A batch was interrupted", remedy="Open the ledger again")
        given = transfers if isinstance(transfers, pa.Table) else table_of(transfers)
        given = whole_table(given)
        closed = None if close is None else day_number(close)
        while True:
            receipt = self._attempt(max(at, self.book.known_at), given, accounts, closed)
            if receipt is not None and receipt.batch is not None:
                return receipt
            before = self.head.batch
            self.catch_up()  # what another wrote may allow what was refused
            if self.head.batch == before:
                if receipt is not None:
                    return receipt
                raise EvidenceError(
                    f"Batch {before + 1} is neither there nor can it be written",
                    where="ledger",
                    remedy=RESTORE,
                )

    def catch_up(self) -> None:
        """Take in what other writers wrote.

        Raises:
            EvidenceError: A batch is not what was written, or breaks a rule.
        """
        for sealed in self._batches.since(self.head.batch + 1):
            self._replay(sealed)

    def columns(self, batch: int) -> Columns:
        """The transfers of a batch."""
        if self._recent is None or self._recent[0] != batch:
            sealed = self._batches.read(batch)
            self._recent = batch, decoded(sealed.content, f"batch {batch}").columns
        return self._recent[1]

    def originals(self, entries: Array) -> Columns:
        """The transfers that entries came from, as they were given."""
        batches = self.book.batches_of(entries)
        order = np.argsort(batches, kind="stable")
        parts = []
        for batch in np.unique(batches).tolist():
            inside = entries[batches == batch] - self.book.batch_start(batch)
            parts.append(self.columns(batch).take(inside))
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return joined(parts).take(back)

    def transfers(self, batch: int) -> pa.Table:
        """The transfers of a batch, in columns of `transfer.SCHEMA`."""
        return self.columns(batch).table(self.book.accounts)

    def verify(self) -> tuple[Finding, ...]:
        """Read and do everything again, and say what is not as it was written; empty: nothing.

        A chain alone cannot show that its last batches were cut off: compare `head` with one that
        was put elsewhere, such as the evidence log.
        """
        try:
            again = Ledger(self._batches)
        except HeadraceError as error:
            return (Finding(error.where, error.problem),)
        if again.head.batch < self.head.batch:
            return (Finding(f"batch {again.head.batch + 1}", "is missing"),)
        found = []
        if again.head.batch == self.head.batch and again.head != self.head:
            found.append(
                Finding(f"batch {self.head.batch}", "is not the one that was acknowledged")
            )
        if again.head == self.head and (again.book.totals != self.book.totals).any():
            found.append(Finding("totals of accounts", "are not those of the batches"))
        return tuple(found)

    def _attempt(
        self, at: int, given: pa.Table, accounts: Sequence[Account], close: int | None
    ) -> Receipt | None:
        """Check and write a batch; None where another writer was first."""
        book = self.book
        self._unfinished = True  # until the book is as it was, or holds the batch for good
        opened = book.open(accounts)
        columns = columns_of(given, book.numbers)
        applied = book.apply(columns, at, self.originals)
        written = False
        try:
            sealed = self._sealed(at, columns, applied, opened, close)
            written = sealed is not None and self._batches.append(sealed)
        finally:
            if not written:
                book.undo(applied, opened)
                self._unfinished = False
        if sealed is not None and not written:
            return None
        if sealed is not None:
            self._keep(sealed, applied, close)
            self._unfinished = False
        return Receipt(
            applied.outcomes,
            tuple(each.outcome for each in opened),
            self.head,
            None if sealed is None else sealed.number,
        )

    def _sealed(
        self,
        at: int,
        columns: Columns,
        applied: Applied,
        opened: Sequence[Opened],
        close: int | None,
    ) -> Sealed | None:
        """The batch to be written down; None where there is nothing new."""
        new = tuple(each.account for each in opened if each.outcome == AccountOutcome.OPENED)
        closes = close if close is not None and close > self.book.closed else None
        if not applied.new and not new and closes is None:
            return None
        self.book.check()
        done = columns if applied.done.all() else columns.where(applied.done)
        number = self.head.batch + 1
        content = Content(number, at, new, closes, done).encoded()
        return Sealed(
            number=number,
            known_at=at,
            first=self.head.transfers,
            transfers=len(done),
            accounts=new,
            first_account=len(self.book.accounts) - len(new),
            previous=self.head.hash,
            hash=chained(self.head.hash, content),
            content=content,
        )

    def _keep(self, sealed: Sealed, applied: Applied, close: int | None) -> None:
        self.book.keep(applied, sealed.known_at, close)
        self.head = Head(sealed.number, self.book.count, sealed.known_at, sealed.hash)

    def _replay(self, sealed: Sealed) -> None:
        where = f"batch {sealed.number}"
        if sealed.number != self.head.batch + 1:
            raise EvidenceError(
                f"Batch {self.head.batch + 1} is missing", where=where, remedy=RESTORE
            )
        if sealed.previous != self.head.hash or sealed.hash != chained(
            self.head.hash, sealed.content
        ):
            raise EvidenceError("The batch was altered", where=where, remedy=RESTORE)
        content = decoded(sealed.content, where)
        told = (content.number, content.known_at, content.accounts, len(content.columns))
        beside = (sealed.number, sealed.known_at, sealed.accounts, sealed.transfers)
        firsts = (sealed.first, sealed.first_account)
        if told != beside or firsts != (self.book.count, len(self.book.accounts)):
            raise EvidenceError(
                "What is told beside the batch is not in it", where=where, remedy=RESTORE
            )
        opened = self.book.open(content.accounts)
        applied = self.book.apply(content.columns, content.known_at, self.originals)
        sound = applied.done.all() and all(each.outcome == AccountOutcome.OPENED for each in opened)
        if not sound or content.known_at < self.book.known_at:
            self.book.undo(applied, opened)
            raise EvidenceError(
                "The batch was written against the rules", where=where, remedy=RESTORE
            )
        self.book.check()
        self._keep(sealed, applied, content.close)
