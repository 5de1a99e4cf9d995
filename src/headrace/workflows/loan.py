"""A loan in a book: its contract, where it stands, and what it is held for."""

from dataclasses import dataclass, field, replace
from datetime import date

from headrace.contracts.classification.tables import Grade, Reason
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.account import Account, Status
from headrace.contracts.lending.events import Event
from headrace.contracts.lending.replay import Agreement
from headrace.contracts.lending.suspension import suspends_after
from headrace.contracts.lending.terms import Terms
from headrace.workflows.contracts import Contract

PAST_THE_LAST = 1_000  # every due day of the plan has passed


def agreement_of(terms: Terms) -> Agreement:
    """What a loan of a book is replayed from: its terms, and the rules of the day it starts."""
    return Agreement(terms, CHINA, suspend_after=suspends_after(terms.start))


@dataclass(frozen=True)
class Loan:
    """A contract in the book.

    Attributes:
        contract: As signed.
        account: On the morning of the book's day.
        events: What happened to it, as it came to be known.
        mornings: To which the book was brought since it was signed: accruals were posted on them.
        grade: Of the five classes.
        reason: The rule that sets it.
        allowance: Set aside for its loss, minor units.
        proposed: The better class that somebody approved; None: nobody did.
        clean_since: Morning from which nothing is overdue; None: something is.
        paid_before: Due days that had passed by then.
        observed_until: Last day of observation after restructuring; None: there was none.
        restructured: How often its terms were changed because its borrower could not pay.
    """

    contract: Contract
    account: Account
    events: tuple[Event, ...] = ()
    mornings: tuple[date, ...] = field(default=(), repr=False)
    grade: Grade = Grade.NORMAL
    reason: Reason = Reason.NONE
    allowance: int = 0
    proposed: Grade | None = None
    clean_since: date | None = None
    paid_before: int = 0
    observed_until: date | None = None
    restructured: int = 0

    @property
    def party(self) -> str:
        """Who borrows."""
        return self.contract.party

    @property
    def agreement(self) -> Agreement:
        """What it is replayed from."""
        return agreement_of(self.contract.terms)

    @property
    def due_days_passed(self) -> int:
        """Due days of the plan in force that have passed."""
        plan = self.account.plan
        return plan[0].number - 1 if plan else PAST_THE_LAST

    @property
    def periods_paid(self) -> int:
        """Due days that passed and were paid in full since nothing is overdue."""
        unpaid = sum(1 for due in self.account.dues if due.number and due.total)
        return max(self.due_days_passed - self.paid_before - unpaid, 0)

    def on_the_morning(self, account: Account) -> "Loan":
        """The loan after a night."""
        late = any(due.total and due.pay_on < account.day for due in account.dues)
        mornings = (*self.mornings, account.day)
        now = replace(self, account=account, mornings=mornings)
        if late:
            return replace(now, clean_since=None)
        if now.clean_since is None:
            return replace(now, clean_since=account.day, paid_before=now.due_days_passed)
        return now

    @property
    def is_live(self) -> bool:
        """Whether nights still change it."""
        return self.account.status is Status.OPEN
