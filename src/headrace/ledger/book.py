"""The state of a ledger in memory: accounts, journal and ids. A batch is applied, kept or undone.

Of each transfer 80 bytes stay in memory: 48 of its entry, 16 of its key, 16 in the table of ids at
a load of one half. Texts stay with the batches.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa

from headrace.errors import EvidenceError, InputError
from headrace.ledger import kernels
from headrace.ledger.account import CURRENCIES, Account, AccountOutcome
from headrace.ledger.columns import Columns, byte_lengths, differences, keys_of

Array = np.ndarray
ENTRIES_MAX = 0x7FFFFFFF
NO_CLOSE = -0x80000000
"""The day up to which a book is closed that never was."""


class State(IntEnum):
    """What became of a hold."""

    NONE = 0  # not a hold
    OPEN = 1
    POSTED = 2
    VOIDED = 3
    EXPIRED = 4


ROW = np.dtype(
    [
        ("amount", np.int64),
        ("debit", np.int32),
        ("credit", np.int32),
        ("day", np.int32),
        ("timeout", np.int32),
        ("prior", np.int32),  # the entry that had this id before the batch, or -1
        ("first", np.int32),  # the first row of the batch with this id
        ("refers", np.int32),  # an entry, ABSENT or UNKNOWN
        ("refers_row", np.int32),  # a row of the batch, or -1
        ("id_bytes", np.int32),
        ("currency", np.int16),
        ("kind", np.int8),
        ("linked", np.int8),
        ("difference", np.int8),  # from the transfer that had its id before; 0: none
    ],
    align=True,
)
ENTRY = np.dtype(
    [
        ("amount", np.int64),  # that moved, or is held
        ("expires", np.int64),  # of a hold: microseconds since 1970
        ("debit", np.int32),
        ("credit", np.int32),
        ("day", np.int32),
        ("refers", np.int32),  # entry, or -1
        ("debit_before", np.int32),  # the entry that moved the debit account before, or -1
        ("credit_before", np.int32),
        ("kind", np.int8),
        ("state", np.int8),
    ],
    align=True,
)
ACCOUNT = np.dtype(
    [
        ("debits", np.int64),
        ("credits", np.int64),
        ("debits_held", np.int64),
        ("credits_held", np.int64),
        ("last", np.int32),  # entry, or -1
        ("currency", np.int16),
        ("limit", np.int8),
    ],
    align=True,
)


@dataclass(frozen=True)
class Opened:
    """An account that was given, and what became of it."""

    account: Account
    outcome: AccountOutcome


@dataclass(frozen=True)
class Applied:
    """A batch that the book holds for now.

    Attributes:
        outcomes: int8 (n,), of `Outcome`.
        done: bool (n,): rows that are new in the book.
        new: How many they are; they are the last entries of the book.
        expired: int32: holds whose time was up.
    """

    outcomes: Array
    done: Array
    new: int
    expired: Array


class Book:
    """Accounts, entries and ids.

    Attributes:
        accounts: In the order of opening.
        numbers: Number of an account by its id.
        count: How many entries there are.
        known_at: Of the last batch that was kept, microseconds since 1970; 0 before the first.
        closed: The day up to which the book is closed, `NO_CLOSE` where it never was.
    """

    def __init__(self) -> None:
        self.accounts: list[Account] = []
        self.numbers: dict[str, int] = {}
        self.count = 0
        self.known_at = 0
        self.closed = NO_CLOSE
        self._accounts = np.zeros(64, ACCOUNT)
        self._journal = np.zeros(1024, ENTRY)
        self._keys = np.zeros((1024, 2), np.uint64)
        self._slots = np.zeros(2048, np.uint64)
        self._timed = np.zeros(0, np.int32)  # holds with a timeout that may be open
        self._next_expiry = kernels.INT64_MAX
        self._ends: list[int] = []  # entries there were after each batch
        self._moments: list[int] = []
        self._closes: list[int] = []

    @property
    def totals(self) -> Array:
        """Records of `ACCOUNT`, one an account, now; not to be written to."""
        return self._accounts[: len(self.accounts)]

    @property
    def entries(self) -> Array:
        """Records of `ENTRY`, in order; not to be written to."""
        return self._journal[: self.count]

    def open(self, accounts: Sequence[Account]) -> tuple[Opened, ...]:
        """Open accounts, for now; those that exist or cannot be opened are left out."""
        found = []
        for account in accounts:
            outcome = self._open(account)
            found.append(Opened(account, outcome))
            if outcome == AccountOutcome.OPENED:
                self._add(account)
        return tuple(found)

    def apply(
        self, columns: Columns, known_at: int, originals: Callable[[Array], Columns]
    ) -> Applied:
        """Do transfers, for now, as far as nothing is broken.

        Args:
            columns: The transfers.
            known_at: Not before that of the batch before; holds whose time is up expire first.
            originals: The transfers, as they were given, that entries came from.
        """
        n = len(columns)
        self._reserve(n)
        rows, keys = self._rows(columns, originals)
        expired = self._expire(known_at)
        outcomes, done_at = np.zeros(n, np.int8), np.zeros(n, np.int32)
        start = self.count
        self.count = kernels.apply(
            rows, done_at, self._journal, start, self.totals, known_at, outcomes
        )
        done = done_at >= 0
        new = keys if done.all() else keys[done]
        self._keys[start : self.count] = new
        return Applied(outcomes, done, len(new), expired)

    def undo(self, applied: Applied, opened: Sequence[Opened]) -> None:
        """Take back a batch that was applied last and not kept, and the accounts it opened."""
        start = self.count - applied.new
        kernels.undo(self._journal, start, self.count, self.totals)
        self.count = start
        kernels.set_expired(self._journal, applied.expired, State.OPEN, self.totals)
        for each in opened:
            if each.outcome == AccountOutcome.OPENED:
                del self.numbers[each.account.id], self.accounts[-1]
        if len(applied.expired):
            self._watch(applied.expired)

    def keep(self, applied: Applied, known_at: int, close: int | None) -> None:
        """Hold a batch for good."""
        start = self.count - applied.new
        if 2 * self.count > len(self._slots):
            size = 1 << (4 * self.count - 1).bit_length()
            self._slots = np.zeros(size, np.uint64)
            kernels.keep(self._keys, self._slots, 0, start)
        kernels.keep(self._keys, self._slots, start, self.count)
        timed = self._journal[start : self.count]
        held = (timed["kind"] == kernels.HOLD) & (timed["expires"] != kernels.INT64_MAX)
        if held.any():
            self._watch(np.flatnonzero(held).astype(np.int32) + np.int32(start))
        self.known_at = known_at
        if close is not None:
            self.closed = max(self.closed, close)
        self._ends.append(self.count)
        self._moments.append(known_at)
        self._closes.append(self.closed)

    def check(self) -> None:
        """Prove that debits equal credits in every currency, posted and held.

        Raises:
            EvidenceError: They do not: the program or the memory is at fault.
        """
        found = kernels.unbalanced(self.totals, len(CURRENCIES))
        if found >= 0:
            raise EvidenceError(
                f"Debits and credits in {CURRENCIES[found]} differ",
                where="totals of all accounts",
                remedy="Stop, and open the ledger again; if it stays, restore it from a copy",
            )

    def number_of(self, account: str) -> int:
        """The number of an account.

        Raises:
            InputError: There is none of that id.
        """
        if account not in self.numbers:
            raise InputError(
                f"There is no account {account!r}",
                where="account",
                remedy="Open it, or correct its id",
            )
        return self.numbers[account]

    def entry_of(self, transfer: str) -> int | None:
        """The number of the entry that a transfer's id has; None: it was never done."""
        one, other = keys_of(pa.array([transfer], pa.string()))[0]
        number = kernels.find(self._keys, self._slots, one, other)
        return int(number) if number >= 0 else None

    def entries_known(self, known_at: int | None) -> int:
        """How many entries were known at a time; None: all."""
        if known_at is None:
            return self.count
        batches = int(np.searchsorted(self._moments, known_at, side="right"))
        return self._ends[batches - 1] if batches else 0

    def batches_of(self, entries: Array) -> Array:
        """The number of the batch, from 1, that each entry came with."""
        ends = np.array(self._ends, np.int64)
        return np.asarray(np.searchsorted(ends, entries, side="right") + 1)

    def batch_of(self, entry: int) -> int:
        """The number of the batch, from 1, that an entry came with."""
        return bisect_right(self._ends, entry) + 1

    def batch_known_at(self, batches: Array) -> Array:
        """When batches were known, microseconds since 1970."""
        moments = np.array(self._moments, np.int64)
        return np.asarray(moments[np.asarray(batches) - 1])

    def closed_before(self, batches: Array) -> Array:
        """The day up to which the book was closed when each batch came, `NO_CLOSE` where not."""
        days = np.array([NO_CLOSE, *self._closes], np.int64)
        return np.asarray(days[np.asarray(batches) - 1])

    def batch_start(self, batch: int) -> int:
        """The first entry of a batch."""
        return self._ends[batch - 2] if batch > 1 else 0

    def _open(self, account: Account) -> AccountOutcome:
        number = self.numbers.get(account.id)
        if number is None:
            return account.refusal()
        if self.accounts[number] == account:
            return AccountOutcome.EXISTS
        return AccountOutcome.ID_MUST_NOT_COME_AGAIN_FOR_ANOTHER_ACCOUNT

    def _add(self, account: Account) -> None:
        number = len(self.accounts)
        if number == len(self._accounts):
            self._accounts = _grown(self._accounts, 2 * number)
        self.numbers[account.id] = number
        self.accounts.append(account)
        record = np.zeros((), ACCOUNT)
        record["last"] = -1
        record["currency"] = CURRENCIES.index(account.currency)
        record["limit"] = account.limit
        self._accounts[number] = record

    def _reserve(self, more: int) -> None:
        if self.count + more > ENTRIES_MAX:
            raise InputError(
                f"A ledger holds at most {ENTRIES_MAX:,} transfers", remedy="Begin another"
            )
        size = len(self._journal)
        if self.count + more > size:
            size = max(2 * size, self.count + more)
            self._journal, self._keys = _grown(self._journal, size), _grown(self._keys, size)

    def _rows(self, columns: Columns, originals: Callable[[Array], Columns]) -> tuple[Array, Array]:
        rows = np.zeros(len(columns), ROW)
        for name, values in columns.numbers.items():
            rows[name] = values
        keys = keys_of(columns.texts["id"])
        rows["id_bytes"] = byte_lengths(columns.texts["id"])
        given = byte_lengths(columns.texts["refers_to"]) > 0
        rows["refers"] = np.where(given, kernels.UNKNOWN, kernels.ABSENT)
        rows["refers_row"] = -1
        refers = np.zeros_like(keys)
        if given.any():
            refers[given] = keys_of(columns.texts["refers_to"].filter(pa.array(given)))
        kernels.look_up(keys, refers, rows, self._keys, self._slots)
        before = np.flatnonzero(rows["prior"] >= 0)
        if len(before):
            theirs = originals(rows["prior"][before])
            rows["difference"][before] = differences(columns.take(before), theirs)
        again = (rows["first"] != np.arange(len(rows))) & (rows["prior"] < 0)
        if again.any():
            theirs = columns.take(rows["first"][again])
            rows["difference"][again] = differences(columns.take(np.flatnonzero(again)), theirs)
        return rows, keys

    def _expire(self, known_at: int) -> Array:
        """Free the holds whose time is up."""
        if known_at < self._next_expiry:
            return np.zeros(0, np.int32)
        entries = self._journal[self._timed]
        open_ = entries["state"] == State.OPEN
        up = open_ & (entries["expires"] <= known_at)
        expired = self._timed[up]
        kernels.set_expired(self._journal, expired, State.EXPIRED, self.totals)
        left = self._timed[open_ & ~up]
        self._timed = self._timed[:0]
        self._watch(left)
        return np.asarray(expired)

    def _watch(self, numbers: Array) -> None:
        self._timed = np.append(self._timed, numbers).astype(np.int32)
        soonest = self._journal["expires"][self._timed].min(initial=kernels.INT64_MAX)
        self._next_expiry = int(soonest)


def _grown(array: Array, size: int) -> Array:
    more = np.zeros((size, *array.shape[1:]), array.dtype)
    more[: len(array)] = array
    return more
