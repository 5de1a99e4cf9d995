"""Simulated borrowers at work: they accept, pay, pay late and stop paying, day by day."""

from collections.abc import Callable
from datetime import date, timedelta

from headrace.adapters.loan_books import day_ends, evening_of
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.events import WriteOff
from headrace.contracts.lending.schedule import schedule
from headrace.errors import InputError
from headrace.simulator.repayments import acts_on, draw_borrower
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_log import Entry, Happened


def simulate_months(desk: LoanDesk, months: int, seed: int, tick: Callable[[int], None]) -> None:
    """Day by day: everybody does what they do, then the day ends.

    Args:
        desk: The book; it must hold a contract.
        months: How long.
        seed: The same seed, the same year.
        tick: Told after each day how many are left.

    Raises:
        InputError: The book holds no contract.
    """
    contracts = [each.contract for each in desk.book.loans.values()]
    borrowers = [
        draw_borrower(each, len(schedule(each.terms, CHINA)), (seed, place))
        for place, each in enumerate(contracts)
    ]
    day = desk.book.day
    if day is None:
        raise InputError("the book holds no contract", remedy="headrace book open")
    last = _months_on(day, months)
    while day < last:
        items: list[tuple[str, Entry]] = []
        for contract, borrower in zip(contracts, borrowers, strict=True):
            name = contract.contract
            loan = desk.book.loans[name]
            gone = next((each.on for each in loan.events if isinstance(each, WriteOff)), None)
            for event in acts_on(borrower, loan.account, day, gone):
                kind = type(event).__name__.lower()
                items.append((f"simulated {seed} {kind} {name} {day}", Happened(name, event)))
        desk.record([*items, *day_ends(day, 1)], evening_of(day))
        day += timedelta(days=1)
        tick((last - day).days)


def _months_on(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 + months
    return date(whole // 12, whole % 12 + 1, min(day.day, 28))
