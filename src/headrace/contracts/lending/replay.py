"""A late event (倒起息、跨日重算): the account made again, and the difference to post.

A ledger never rewrites. Where an event comes to be known behind its day, the loan is replayed with
it in its place, and only what differs is posted: the account is then as if the event had been known
from the start. An act that was accepted at the time may be refused in the replay; its money is then
kept as the borrower's deposit, and it is named.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from headrace.contracts.conventions.calendars import EVERY_DAY, Calendar
from headrace.contracts.lending.account import Account, Movements, advance, opened, posting, quote
from headrace.contracts.lending.acts import apply
from headrace.contracts.lending.events import Event, Prepay, Recover, Refusal, Repay, ordered
from headrace.contracts.lending.paying import PAYING_ORDER, PayingOrder
from headrace.contracts.lending.terms import Terms
from headrace.contracts.movements import Movement


@dataclass(frozen=True)
class Agreement:
    """What a loan is replayed from, beside its events; see `Account` for what each is."""

    terms: Terms
    calendar: Calendar = EVERY_DAY
    order: PayingOrder = PAYING_ORDER
    suspend_after: int | None = None

    def opened(self) -> Account:
        """The loan before it is paid out."""
        return opened(self.terms, self.calendar, self.order, self.suspend_after)


@dataclass(frozen=True)
class History:
    """A loan made from its events.

    Attributes:
        account: On the morning of the last day asked for.
        movements: All the money moved, in order.
        refused: Events that could not be, and why.
    """

    account: Account
    movements: Movements
    refused: tuple[tuple[Event, Refusal], ...]


def replay(
    agreement: Agreement, events: Iterable[Event], until: date, closes: Sequence[date] = ()
) -> History:
    """Make a loan again from its events.

    Args:
        agreement: Its terms.
        events: In any order; `ordered` says which comes first.
        until: The morning to which the loan is brought; later events are left out.
        closes: Days on whose morning accruals are posted: month ends, or every day.
    """
    account = agreement.opened()
    movements: list[Movement] = []
    refused: list[tuple[Event, Refusal]] = []
    days = sorted({day for day in closes if agreement.terms.start < day < until})
    place = 0
    for event in ordered(event for event in events if event.on <= until):
        while place < len(days) and days[place] <= event.on:
            account, moved = advance(account, max(days[place], account.day))
            movements += moved
            place += 1
        outcome = apply(account, event)
        if isinstance(outcome, Refusal):
            refused.append((event, outcome))
            account, moved = _kept(account, event)
        else:
            account, moved = outcome
        movements += moved
    for day in (*days[place:], until):
        account, moved = advance(account, max(day, account.day))
        movements += moved
    return History(account, tuple(movements), tuple(refused))


def _kept(account: Account, event: Event) -> tuple[Account, Movements]:
    """The money of a refused payment is the borrower's."""
    if not isinstance(event, Repay | Prepay | Recover) or event.amount <= 0:
        return account, ()
    account, moved = advance(account, max(event.on, account.day))
    account = replace(account, deposit=account.deposit + event.amount)
    kept = posting(account, "cash", "borrower_deposit", event.amount, "keep_deposit")
    return account, (*moved, *kept)


def differences(posted: Iterable[Movement], right: Iterable[Movement]) -> Movements:
    """What to post so that all that was posted comes to what is right.

    Movements of the same roles, day and memo are compared in sum; too much is posted back with
    debit and credit exchanged. Each keeps the day it counts for, which a ledger books as backdated.
    """
    total: Counter[tuple[date, str, str, str, str]] = Counter()
    for sign, movements in ((1, right), (-1, posted)):
        for each in movements:
            key = (each.on, each.memo, each.debit, each.credit, each.currency)
            total[key] += sign * each.amount
    return tuple(
        Movement(debit, credit, amount, currency, on, memo)
        if amount > 0
        else Movement(credit, debit, -amount, currency, on, f"reverse_{memo}")
        for (on, memo, debit, credit, currency), amount in sorted(total.items())
        if amount
    )


@dataclass(frozen=True)
class Correction:
    """What a late event changes.

    Attributes:
        before: The loan without it.
        after: The loan with it.
        movements: What to post.
        settlement: By how much the amount that clears the loan changes, minor units.
    """

    before: History
    after: History
    movements: Movements
    settlement: int


def corrected(
    agreement: Agreement,
    known: Sequence[Event],
    late: Sequence[Event],
    until: date,
    closes: Sequence[date] = (),
) -> Correction:
    """Replay a loan with events that came to be known late.

    Args:
        agreement: Its terms.
        known: Events that were posted.
        late: Events that were not.
        until: The morning on which this is found out.
        closes: As they were when postings were made.
    """
    before = replay(agreement, known, until, closes)
    after = replay(agreement, [*known, *late], until, closes)
    changed = quote(after.account, until).total - quote(before.account, until).total
    return Correction(before, after, differences(before.movements, after.movements), changed)
