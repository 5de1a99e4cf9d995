"""A loan in a book: its contract, where it stands, and what it is held for."""

from dataclasses import dataclass, field
from datetime import date

from headrace.contracts.classification.tables import Grade, Reason
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.account import Account, Status
from headrace.contracts.lending.acts import apply
from headrace.contracts.lending.events import Event, Refusal, WriteOff
from headrace.contracts.lending.replay import Agreement
from headrace.workflows.contracts import Contract


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
    """

    contract: Contract
    account: Account
    events: tuple[Event, ...] = ()
    mornings: tuple[date, ...] = field(default=(), repr=False)
    grade: Grade = Grade.NORMAL
    reason: Reason = Reason.NONE
    allowance: int = 0

    @property
    def party(self) -> str:
        """Who borrows."""
        return self.contract.party

    @property
    def agreement(self) -> Agreement:
        """What it is replayed from."""
        return Agreement(self.contract.terms, CHINA)

    @property
    def is_live(self) -> bool:
        """Whether nights still change it."""
        return self.account.status is Status.OPEN

    @property
    def claim(self) -> int:
        """All that is owed now, as writing it off would claim it."""
        outcome = apply(self.account, WriteOff(self.account.day))
        return 0 if isinstance(outcome, Refusal) else outcome[0].claim
