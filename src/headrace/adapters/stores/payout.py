"""Payouts that somebody asked for and somebody else has to approve, on the store of the service.

An approval is claimed before money moves and told after it. Whoever is cut off in between leaves it
claimed, and any other approver may go on: the ledger takes the same payout once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Row

from headrace.adapters.stores.web import WebStore
from headrace.adapters.web_schema import metadata, whole
from headrace.errors import HeadraceError, InputError

payouts = sql.Table(
    "web_payout",
    metadata,
    sql.Column("number", whole, primary_key=True, autoincrement=True),
    sql.Column("contract", sql.Text, nullable=False, index=True),
    sql.Column("event", sql.Text, nullable=False),  # word of an event of a loan
    sql.Column("content", sql.Text, nullable=False),  # the event, canonical JSON
    sql.Column("amount", sql.BigInteger, nullable=False),  # minor units that go out or are waived
    sql.Column("currency", sql.Text, nullable=False),
    sql.Column("party", sql.Text, nullable=False),
    sql.Column("key", sql.Text, nullable=False),  # the asker's own, so that asking twice is once
    sql.Column("asked_by", sql.Text, nullable=False),
    sql.Column("asked", sql.BigInteger, nullable=False),
    sql.Column("state", sql.Text, nullable=False, index=True),
    sql.Column("decided_by", sql.Text),
    sql.Column("decided", sql.BigInteger),
    sql.Column("note", sql.Text, nullable=False, server_default=""),
    sql.UniqueConstraint("asked_by", "key"),
    sqlite_autoincrement=True,  # a number is never given twice
)


class State(StrEnum):
    """Where a payout is."""

    ASKED = "asked"
    APPROVING = "approving"
    DONE = "done"
    REJECTED = "rejected"


class StateError(HeadraceError):
    """It cannot be decided, as it stands."""


@dataclass(frozen=True)
class Asked:
    """What somebody asks for.

    Attributes:
        contract: Whose money.
        party: Who borrows.
        event: Word of an event of a loan.
        content: The event as canonical JSON.
        amount: Minor units.
        currency: Of the amount.
        key: The asker's own name for it.
    """

    contract: str
    party: str
    event: str
    content: str
    amount: int
    currency: str
    key: str


@dataclass(frozen=True)
class Payout:
    """A payout. Times are microseconds since 1970.

    Attributes:
        number: From 1.
        what: What was asked for.
        asked_by: Who asked.
        asked: When.
        state: Where it is.
        decided_by: Who approved or rejected, or is about to approve; None: nobody.
        decided: When.
        note: Why it was rejected, or back to be asked; may be empty.
    """

    number: int
    what: Asked
    asked_by: str
    asked: int
    state: State
    decided_by: str | None
    decided: int | None
    note: str

    @property
    def id(self) -> str:
        """Its key on the ledger."""
        return f"payout {self.number}"

    @property
    def is_open(self) -> bool:
        """Whether somebody has to decide."""
        return self.state in (State.ASKED, State.APPROVING)


class PayoutStore:
    """Payouts on the store of accounts."""

    def __init__(self, store: WebStore) -> None:
        """Use the store's tables."""
        self._store = store

    def ask(self, what: Asked, by: str, at: int) -> Payout:
        """Keep what somebody asks for; the same key of theirs is the same payout.

        Raises:
            InputError: The key was used for something else.
            StateError: One is open for the same contract and event.
        """

        def add(connection: Connection) -> Payout:
            mine = (payouts.c.asked_by == by) & (payouts.c.key == what.key)
            found = connection.execute(sql.select(payouts).where(mine)).first()
            if found is not None:
                payout = _payout(found)
                if payout.what != what:
                    raise InputError(
                        "the key was used before for something else",
                        where="key",
                        remedy="give each request a key of its own",
                    )
                return payout
            _check_none_open(connection, what)
            row = vars(what) | {"asked_by": by, "asked": at, "state": State.ASKED.value}
            number = connection.execute(sql.insert(payouts), row).inserted_primary_key
            assert number is not None  # noqa: S101 - of one row
            return Payout(number[0], what, by, at, State.ASKED, None, None, "")

        return self._store.write(add)

    def payout(self, number: int) -> Payout | None:
        """One of them; None where there is none."""
        query = sql.select(payouts).where(payouts.c.number == number)

        def ask(connection: Connection) -> Payout | None:
            row = connection.execute(query).first()
            return None if row is None else _payout(row)

        return self._store.read(ask)

    def payouts(
        self,
        *,
        states: Sequence[State] = (),
        contract: str | None = None,
        before: int | None = None,
        count: int = 100,
    ) -> tuple[Payout, ...]:
        """Newest first.

        Args:
            states: Only in these; empty: in any.
            contract: Only of this one.
            before: Only those with a smaller number.
            count: At most so many.
        """
        query = sql.select(payouts).order_by(payouts.c.number.desc()).limit(count)
        if states:
            query = query.where(payouts.c.state.in_([each.value for each in states]))
        if contract is not None:
            query = query.where(payouts.c.contract == contract)
        if before is not None:
            query = query.where(payouts.c.number < before)
        return self._store.read(lambda connection: tuple(map(_payout, connection.execute(query))))

    def claim(self, number: int, by: str, at: int) -> Payout:
        """Begin to approve, as a second person.

        Raises:
            StateError: It was decided already.
            InputError: Whoever asked cannot approve.
        """
        return self._decide(number, by, {"state": State.APPROVING.value, "decided": at})

    def reject(self, number: int, by: str, at: int, note: str) -> Payout:
        """Say no, as a second person; what is about to be approved cannot be rejected any more.

        Raises:
            StateError: It was decided already.
            InputError: Whoever asked cannot reject; they have a note to write, too.
        """
        change = {"state": State.REJECTED.value, "decided": at, "note": note}
        return self._decide(number, by, change)

    def end(self, number: int, state: State, note: str = "") -> Payout:
        """Say what became of one that was claimed: done, or to be asked for again."""
        change = sql.update(payouts).where(
            payouts.c.number == number, payouts.c.state == State.APPROVING.value
        )
        self._store.write(
            lambda connection: connection.execute(change.values(state=state.value, note=note))
        )
        found = self.payout(number)
        assert found is not None  # noqa: S101 - nothing is ever deleted
        return found

    def _decide(self, number: int, by: str, change: dict[str, Any]) -> Payout:
        def decide(connection: Connection) -> Payout:
            query = sql.select(payouts).where(payouts.c.number == number)
            row = connection.execute(query).first()
            if row is None:
                raise InputError("There is no such payout", where=str(number))
            found = _payout(row)
            if found.asked_by == by:
                raise InputError(
                    "Whoever asked for a payout cannot decide on it",
                    where=f"payout {number}",
                    remedy="Another person with the permission decides",
                )
            again = change["state"] == State.APPROVING.value and found.state is State.APPROVING
            if found.state is not State.ASKED and not again:
                raise StateError(
                    f"The payout is {found.state.value} already",
                    where=f"payout {number}",
                    remedy="Ask for another one, if money is still to go out",
                )
            values = change | {"decided_by": by}
            connection.execute(
                sql.update(payouts).where(payouts.c.number == number).values(**values)
            )
            changed = connection.execute(query).first()
            assert changed is not None  # noqa: S101 - it was there a moment ago
            return _payout(changed)

        return self._store.write(decide)


def _check_none_open(connection: Connection, what: Asked) -> None:
    """Two open payouts of one contract would be a slip of the pen."""
    same = (payouts.c.contract == what.contract) & (payouts.c.event == what.event)
    is_open = payouts.c.state.in_([State.ASKED.value, State.APPROVING.value])
    found = connection.scalar(sql.select(payouts.c.number).where(same & is_open))
    if found is not None:
        raise StateError(
            f"Payout {found} of this contract waits to be decided",
            where=what.contract,
            remedy="Have it decided first",
        )


def _payout(row: Row[Any]) -> Payout:
    what = Asked(row.contract, row.party, row.event, row.content, row.amount, row.currency, row.key)
    return Payout(
        row.number,
        what,
        row.asked_by,
        row.asked,
        State(row.state),
        row.decided_by,
        row.decided,
        row.note,
    )
