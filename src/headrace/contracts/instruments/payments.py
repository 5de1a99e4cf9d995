"""Controlled payment (受托支付): money drawn goes to the payee named, for the paper named.

Two persons see every payment (四眼原则): one checks it against the papers, another approves it. The
duty to pay large sums straight to a known payee is in the measures on working-capital loans
(流动资金贷款管理办法, 国家金融监督管理总局令2024年第2号; the official text was not read here).
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from headrace.contracts.instruments.outcomes import Outcome
from headrace.contracts.movements import Movement


class Stage(StrEnum):
    """Where a payment stands."""

    DRAFT = "draft"
    HELD = "held"
    CHECKED = "checked"
    APPROVED = "approved"
    PAID = "paid"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class PaymentRefusal(StrEnum):
    """The requirement that an act on a payment breaks."""

    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    STAGE_IS_ANOTHER = "stage_is_another"
    PAYEE_DIFFERS = "payee_differs"
    ACCOUNT_DIFFERS = "account_differs"
    PAPER_DIFFERS = "paper_differs"
    MORE_THAN_PAPER = "more_than_paper"
    CHECKED_BY_SAME_PERSON = "checked_by_same_person"


@dataclass(frozen=True)
class Payment:
    """A payment order.

    Attributes:
        id: Its own.
        borrower: Whose loan pays.
        payee: Who alone may be paid.
        account: The payee's account number.
        against: The order, invoice or contract it pays.
        amount: Minor units, above 0.
        stage: Where it stands.
        checker: Who checked it; None: nobody did.
        approver: Who approved it; None: nobody did.
    """

    id: str
    borrower: str
    payee: str
    account: str
    against: str
    amount: int
    currency: str = "CNY"
    stage: Stage = Stage.DRAFT
    checker: str | None = None
    approver: str | None = None


@dataclass(frozen=True)
class Paper:
    """What the order or invoice itself says: its number, who is to be paid where, and how much."""

    number: str
    payee: str
    account: str
    amount: int


PaymentOutcome = Outcome[Payment, PaymentRefusal]


def hold(payment: Payment, on: date) -> PaymentOutcome:
    """The loan is drawn; its money waits for the payee and is not the borrower's to use."""
    if payment.stage is not Stage.DRAFT:
        return _refused(payment, PaymentRefusal.STAGE_IS_ANOTHER)
    if payment.amount <= 0:
        return _refused(payment, PaymentRefusal.AMOUNT_NOT_POSITIVE)
    return _moved(payment, Stage.HELD, on, "loan_principal", "controlled_payment")


def check(payment: Payment, paper: Paper, by: str) -> PaymentOutcome:
    """One person compares the payment with the paper it names."""
    if payment.stage is not Stage.HELD:
        return _refused(payment, PaymentRefusal.STAGE_IS_ANOTHER)
    if paper.number != payment.against:
        return _refused(payment, PaymentRefusal.PAPER_DIFFERS)
    if paper.payee != payment.payee:
        return _refused(payment, PaymentRefusal.PAYEE_DIFFERS)
    if paper.account != payment.account:
        return _refused(payment, PaymentRefusal.ACCOUNT_DIFFERS)
    if payment.amount > paper.amount:
        return _refused(payment, PaymentRefusal.MORE_THAN_PAPER)
    return Outcome(replace(payment, stage=Stage.CHECKED, checker=by))


def approve(payment: Payment, by: str) -> PaymentOutcome:
    """Another person approves."""
    if payment.stage is not Stage.CHECKED:
        return _refused(payment, PaymentRefusal.STAGE_IS_ANOTHER)
    if by == payment.checker:
        return _refused(payment, PaymentRefusal.CHECKED_BY_SAME_PERSON)
    return Outcome(replace(payment, stage=Stage.APPROVED, approver=by))


def pay(payment: Payment, payee: str, account: str, on: date) -> PaymentOutcome:
    """The money leaves, to exactly the payee and account that were approved."""
    if payment.stage is not Stage.APPROVED:
        return _refused(payment, PaymentRefusal.STAGE_IS_ANOTHER)
    if payee != payment.payee:
        return _refused(payment, PaymentRefusal.PAYEE_DIFFERS)
    if account != payment.account:
        return _refused(payment, PaymentRefusal.ACCOUNT_DIFFERS)
    return _moved(payment, Stage.PAID, on, "controlled_payment", "cash")


def give_back(payment: Payment, on: date) -> PaymentOutcome:
    """The payee's bank sends the money back (退汇): it is held again, and must be checked again."""
    if payment.stage is not Stage.PAID:
        return _refused(payment, PaymentRefusal.STAGE_IS_ANOTHER)
    back = _moved(payment, Stage.RETURNED, on, "cash", "controlled_payment")
    return replace(back, state=replace(back.state, checker=None, approver=None))


def retry(payment: Payment, account: str) -> PaymentOutcome:
    """What came back is to go to another account of the same payee."""
    if payment.stage is not Stage.RETURNED:
        return _refused(payment, PaymentRefusal.STAGE_IS_ANOTHER)
    return Outcome(replace(payment, stage=Stage.HELD, account=account))


def cancel(payment: Payment, on: date) -> PaymentOutcome:
    """What was drawn and not paid reduces the loan again; a draft just ends."""
    if payment.stage is Stage.DRAFT:
        return Outcome(replace(payment, stage=Stage.CANCELLED))
    if payment.stage in (Stage.PAID, Stage.CANCELLED):
        return _refused(payment, PaymentRefusal.STAGE_IS_ANOTHER)
    return _moved(payment, Stage.CANCELLED, on, "controlled_payment", "loan_principal")


MEMOS = {
    Stage.HELD: "draw_controlled",
    Stage.PAID: "pay_named_payee",
    Stage.RETURNED: "payment_returned",
    Stage.CANCELLED: "draw_cancelled",
}


def _moved(payment: Payment, stage: Stage, on: date, debit: str, credit: str) -> PaymentOutcome:
    move = Movement(debit, credit, payment.amount, payment.currency, on, MEMOS[stage])
    return Outcome(replace(payment, stage=stage), movements=(move,))


def _refused(payment: Payment, refusal: PaymentRefusal) -> PaymentOutcome:
    return Outcome(payment, refusal)
