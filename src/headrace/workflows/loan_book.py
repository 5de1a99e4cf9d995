"""A book of loans by the day: what the entries of its log make of it, and the money that moves.

Each entry moves the book by one step, and gives the movements of that step: paying out, interest
of a night, what fell due, a repayment; at the end of a month also classes and allowances. The same
entries in the same order give the same movements, so a book that was lost is made again from its
log.

What comes late, for a day that has ended, replays its loan with the event in its place; only the
difference is posted (倒起息重算).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from headrace.contracts.classification.tables import Grade
from headrace.contracts.lending.account import Movements, advance
from headrace.contracts.lending.acts import apply
from headrace.contracts.lending.events import Refusal, Restructure, WriteOff
from headrace.contracts.lending.replay import corrected
from headrace.contracts.movements import Movement
from headrace.errors import InputError
from headrace.workflows.contracts import Contract
from headrace.workflows.loan import Loan, agreement_of
from headrace.workflows.loan_grades import allowed, graded, observed
from headrace.workflows.loan_log import (
    Approved,
    DayEnded,
    Entry,
    Funded,
    Happened,
    Logged,
    Moved,
    Signed,
)

DAY = timedelta(days=1)
OF_LOANS = frozenset(
    {"loan_principal", "overdue_principal", "interest_receivable", "penalty_receivable"}
    | {"fee_receivable", "loss_allowance", "interest_suspended", "written_off", "capital"}
)
"""Roles that only what happens to the loans of a book moves."""


Told = tuple[str, str, date, bytes]
"""What an entry said: contract, kind, day, content."""


@dataclass(frozen=True)
class Posting:
    """A movement of one contract.

    Attributes:
        entry: Number of the log entry it comes from.
        place: Among the movements of that entry, from 0.
        contract: Whose; empty where it is the book's own.
        party: Who borrows; empty where nobody.
        movement: What moved.
    """

    entry: int
    place: int
    contract: str
    party: str
    movement: Movement

    @property
    def id(self) -> str:
        """The idempotency key in the ledger: entry and place."""
        return f"loan-{self.entry}.{self.place}"


class LoanBook:
    """The state that a log makes.

    Attributes:
        day: Its morning: days before have ended. None before the first contract.
        loans: By contract.
        others: Contracts of other parts that moved something, each with its party.
        number: Of the last entry taken.
        ids: Idempotency keys of all entries, with what they said.
    """

    def __init__(self, entries: Iterable[Logged] = ()) -> None:
        """Make a book of the entries of a log, without what they posted."""
        self.day: date | None = None
        self.loans: dict[str, Loan] = {}
        self.others: dict[str, str] = {}
        self.number = 0
        self.ids: dict[str, Told] = {}
        for _ in self.taken(entries):
            pass

    @classmethod
    def standing(
        cls, day: date | None, loans: dict[str, Loan], others: dict[str, str], ids: dict[str, Told]
    ) -> "LoanBook":
        """A book as the entries under `ids`, in their order, made it before."""
        book = cls()
        book.day, book.loans, book.others = day, loans, others
        book.number, book.ids = len(ids), ids
        return book

    def taken(self, entries: Iterable[Logged]) -> Iterator[Posting]:
        """Take entries in order, and give what each posts."""
        for each in entries:
            yield from self.take(each)

    def refusal(self, entry: Entry) -> Refusal | None:
        """Why something cannot happen now; None where it can.

        Raises:
            InputError: The contract is not in the book or is signed again, or the day is not the
                book's.
        """
        if isinstance(entry, Funded):
            return None if entry.amount > 0 else Refusal.AMOUNT_MUST_BE_POSITIVE
        if isinstance(entry, Signed):
            self._check_new(entry.contract)
            return None
        if isinstance(entry, DayEnded):
            self._check_day(entry.day)
            return None
        if isinstance(entry, Approved):
            self._check_approved(entry)
            return None
        if isinstance(entry, Moved):
            self._check_moved(entry)
            return None
        loan, day = self.loan(entry.contract), self._today()
        if entry.event.on > day:
            raise InputError(
                f"the book stands on the morning of {day}",
                where=f"{entry.contract}, event of {entry.event.on}",
                remedy=f"end the days up to {entry.event.on - DAY} first",
            )
        if entry.event.on == day:
            outcome = apply(loan.account, entry.event)
            return outcome if isinstance(outcome, Refusal) else None
        late = corrected(loan.agreement, loan.events, [entry.event], day, loan.mornings)
        return next((why for event, why in late.after.refused if event is entry.event), None)

    def take(self, logged: Logged) -> list[Posting]:
        """One step; what it posts."""
        entry = logged.entry
        if isinstance(entry, Funded):
            moved = [("", _funding(entry))]
        elif isinstance(entry, Signed):
            moved = self._sign(entry.contract)
        elif isinstance(entry, Happened):
            moved = self._happen(entry)
        elif isinstance(entry, Approved):
            loan = self.loan(entry.contract)
            self.loans[entry.contract] = replace(loan, proposed=Grade[entry.grade.upper()])
            moved = []
        elif isinstance(entry, Moved):
            self.others[entry.contract] = entry.party
            moved = [(entry.contract, each) for each in entry.movements]
        else:
            moved = self._end_day(entry.day)
        self.number = logged.number
        self.ids[logged.id] = told(logged)
        return [
            Posting(logged.number, place, contract, self._party(contract), movement)
            for place, (contract, movement) in enumerate(moved)
        ]

    def loan(self, contract: str) -> Loan:
        """A contract of the book.

        Raises:
            InputError: There is none of that id.
        """
        if contract not in self.loans:
            raise InputError(
                "there is no such contract",
                where=contract,
                remedy="headrace book list names those that there are",
            )
        return self.loans[contract]

    def _party(self, contract: str) -> str:
        if contract in self.loans:
            return self.loans[contract].party
        return self.others.get(contract, "")

    def _today(self) -> date:
        if self.day is None:
            raise InputError("the book holds no contract", remedy="headrace book open")
        return self.day

    def _check_new(self, contract: Contract) -> None:
        if contract.contract in self.loans:
            raise InputError("the contract is in the book already", where=contract.contract)
        if contract.contract in self.others:
            raise InputError("another part of the book has that contract", where=contract.contract)
        if self.day is not None and contract.terms.start < self.day:
            raise InputError(
                f"the book stands on the morning of {self.day}",
                where=f"{contract.contract}, start {contract.terms.start}",
                remedy="sign it for that day or a later one",
            )

    def _check_approved(self, entry: Approved) -> None:
        loan, words = self.loan(entry.contract), [each.name.lower() for each in Grade]
        better = words[: loan.grade]
        if entry.grade not in better:
            raise InputError(
                f"{entry.grade!r} is no better class than {loan.grade.name.lower()}",
                where=entry.contract,
                remedy=f"One of {', '.join(better)}" if better else "It is in the best class",
            )
        if entry.on != self._today():
            raise InputError(
                f"the book stands on the morning of {self.day}",
                where=f"{entry.contract}, approval of {entry.on}",
                remedy="approve it for that day",
            )

    def _check_moved(self, entry: Moved) -> None:
        where = f"{entry.contract}, {entry.part} of {entry.on}"
        if not entry.contract or entry.contract in self.loans:
            raise InputError(
                "the acts of a loan move its money",
                where=where,
                remedy="name another contract: that of the pledge, of the pool",
            )
        if self.others.get(entry.contract, entry.party) != entry.party:
            raise InputError("the contract is another party's", where=where)
        if entry.on > self._today():
            raise InputError(
                f"the book stands on the morning of {self.day}",
                where=where,
                remedy=f"end the days up to {entry.on - DAY} first",
            )
        currencies = {each.contract.terms.currency for each in self.loans.values()}
        for each in entry.movements:
            mine = sorted({each.debit, each.credit} & OF_LOANS)
            if mine:
                raise InputError(
                    f"{mine[0]} is moved by what happens to a loan",
                    where=where,
                    remedy="record that: headrace book act; and leave this row out",
                )
            if each.currency not in currencies or each.on != entry.on:
                raise InputError(f"{each.currency} on {each.on} is not the book's", where=where)

    def _check_day(self, day: date) -> None:
        if day != self._today():
            raise InputError(
                f"the book stands on the morning of {self.day}",
                where=f"end of {day}",
                remedy=f"end {self.day} first" if day > self._today() else "it has ended",
            )

    def _sign(self, contract: Contract) -> list[tuple[str, Movement]]:
        if self.day is None:
            self.day = contract.terms.start
        self.loans[contract.contract] = Loan(contract, agreement_of(contract.terms).opened())
        return []

    def _happen(self, entry: Happened) -> list[tuple[str, Movement]]:
        loan, day, event = self.loan(entry.contract), self._today(), entry.event
        before: Movements = ()
        if event.on < day:
            late = corrected(loan.agreement, loan.events, [event], day, loan.mornings)
            account, moved = late.after.account, late.movements
        else:
            outcome = apply(loan.account, event)
            if isinstance(outcome, Refusal):  # the log holds only what was accepted
                raise InputError(
                    f"the log holds what is refused now: {outcome.value}", where=entry.contract
                )
            account, moved = outcome
        used = sum(
            each.amount * ((each.debit == "loss_allowance") - (each.credit == "loss_allowance"))
            for each in moved
        )
        if isinstance(event, WriteOff):
            loan, before = allowed(loan, used, event.on)
        loan = replace(
            loan,
            account=account,
            events=(*loan.events, event),
            allowance=loan.allowance - used,
        )
        if isinstance(event, Restructure) and account.plan:
            loan = observed(loan, event.on)
        self.loans[entry.contract] = loan
        return [(entry.contract, each) for each in (*before, *moved)]

    def _end_day(self, day: date) -> list[tuple[str, Movement]]:
        self._check_day(day)
        morning = day + DAY
        found: list[tuple[str, Movement]] = []
        for name, loan in self.loans.items():
            if loan.is_live:
                account, moved = advance(loan.account, morning)
                found += [(name, each) for each in moved]
                self.loans[name] = loan.on_the_morning(account)
        if morning.day == 1:
            for loan, moved in graded(self.loans, day):
                name = loan.contract.contract
                self.loans[name] = loan
                found += [(name, each) for each in moved]
        self.day = morning
        return found


def told(logged: Logged) -> Told:
    """What an entry says, without when it was known."""
    return logged.contract, logged.kind, logged.on, logged.content


def _funding(entry: Funded) -> Movement:
    return Movement("cash", "capital", entry.amount, entry.currency, entry.on, "fund")
