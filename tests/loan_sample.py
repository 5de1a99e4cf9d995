"""Contracts and books for the tests of loans."""

from datetime import date
from decimal import Decimal

from headrace.contracts.lending.terms import DueDays, Method, Penalty
from headrace.ledger import chart
from headrace.ledger.journal import InMemory, Ledger
from headrace.workflows.contracts import Contract
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_log import Funded, Logged, Signed
from headrace.workflows.standard_terms import StandardTerms

START = date(2024, 1, 2)
AT = 1_704_200_000_000_000
YUAN = 100
STANDARD = StandardTerms(
    "invoice_revolving",
    method=Method.INTEREST_FIRST,
    due=DueDays(day=21, first_days_min=15),
    penalty=Penalty(grace_days=3),
)


class MemoryLog:
    """A log that is gone with the test; `fail` makes the next append fail."""

    def __init__(self) -> None:
        self.kept: list[Logged] = []
        self.fail = False

    def entries(self, after: int = 0) -> list[Logged]:
        return self.kept[after:]

    def append(self, entries: list[Logged]) -> bool:
        if self.fail:
            message = "the disk is full"
            raise OSError(message)
        if entries and entries[0].number != len(self.kept) + 1:
            return False
        self.kept += entries
        return True


def contract(name="L-1", yuan=100_000, *, months=12, rate="0.0800", start=START, method=None):
    """A contract of so many yuan."""
    standard = STANDARD if method is None else StandardTerms("invoice_revolving", method=method)
    terms = standard.terms(yuan * YUAN, Decimal(rate), start, months)
    return Contract(name, f"P-{name}", f"D-{name}", "invoice_revolving", terms, 0.5, 0.1, 0.45)


def desk_with(*contracts, log=None, ledger=None, cash=10**9):
    """A desk at which contracts were signed."""
    log = MemoryLog() if log is None else log
    desk = LoanDesk(log, ledger or Ledger(InMemory()), chart.shipped("bank"))
    start = min(each.terms.start for each in contracts)
    items = [("fund", Funded(start, cash, "CNY"))]
    desk.record([*items, *((f"sign {each.contract}", Signed(each)) for each in contracts)], AT)
    return desk
