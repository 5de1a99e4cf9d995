"""Money first, goods later (先款后货, 保兑仓): the lender pays the core, goods follow money.

The dealer puts in a first deposit, the lender pays the core for all goods, and tells it to release
goods worth what the dealer has deposited in all. The core ships no more than was released, may be
told to stop, and pays back at the due day what was never released. So the loan less the deposits
is never more than the goods that the core still has.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_UP, Decimal
from enum import StrEnum

from headrace.contracts.instruments.outcomes import Outcome
from headrace.contracts.movements import Movement


class ShippingRefusal(StrEnum):
    """The requirement that an act breaks."""

    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    ALREADY_OPENED = "already_opened"
    NOT_OPENED = "not_opened"
    SETTLED_ALREADY = "settled_already"
    DEPOSIT_TOO_SMALL = "deposit_too_small"
    MORE_THAN_LOAN = "more_than_loan"
    BEYOND_DEPOSIT = "beyond_deposit"
    BEYOND_RELEASE = "beyond_release"
    SHIPPING_STOPPED = "shipping_stopped"
    NOT_YET_DUE = "not_yet_due"
    MORE_THAN_OWED = "more_than_owed"
    PAID_ALREADY = "paid_already"


@dataclass(frozen=True)
class Prepaid:
    """One purchase under a tripartite agreement. Goods are counted at contract prices.

    Attributes:
        id: Its own.
        dealer: Buys and borrows.
        core: Sells, holds the goods and answers for what is not released.
        amount: Price of all goods and the loan, minor units.
        deposit_share: First deposit as a part of it.
        due: Last day for the dealer.
        deposit: What the dealer put in so far; counts against the loan at the due day.
        released: Goods that the core was told to ship.
        shipped: Goods that left.
        loan: Owed to the lender, before deposits.
        stopped: Whether the core was told to stop.
        settled: Whether deposits were set against the loan at the due day.
        paid: Whether the loan was paid on to the core.
    """

    id: str
    dealer: str
    core: str
    amount: int
    deposit_share: Decimal
    due: date
    currency: str = "CNY"
    deposit: int = 0
    released: int = 0
    shipped: int = 0
    loan: int = 0
    stopped: bool = False
    settled: bool = False
    paid: bool = False

    @property
    def deposit_first(self) -> int:
        """The least first deposit, rounded up to the minor unit."""
        return int((Decimal(self.amount) * self.deposit_share).to_integral_value(ROUND_UP))

    @property
    def uncovered(self) -> int:
        """What the core would have to pay if all ended now: the loan less deposits."""
        return self.loan if self.settled else self.loan - self.deposit

    @property
    def with_core(self) -> int:
        """Goods that the core still has."""
        return self.amount - self.shipped


ShippingOutcome = Outcome[Prepaid, ShippingRefusal]


def start(deal: Prepaid, deposit: int, on: date) -> ShippingOutcome:
    """The dealer deposits, the lender's loan waits to be paid on to the core (see `payments`)."""
    if deal.loan or deal.settled:
        return Outcome(deal, ShippingRefusal.ALREADY_OPENED)
    if deal.amount <= 0:
        return Outcome(deal, ShippingRefusal.AMOUNT_NOT_POSITIVE)
    if deposit < deal.deposit_first:
        return Outcome(deal, ShippingRefusal.DEPOSIT_TOO_SMALL, detail=str(deal.deposit_first))
    if deposit > deal.amount:
        return Outcome(deal, ShippingRefusal.MORE_THAN_LOAN)
    moves = [_move(deal, "loan_principal", "controlled_payment", deal.amount, on, "prepay_core")]
    if deposit:
        moves.insert(0, _move(deal, "cash", "margin_deposit_held", deposit, on, "first_deposit"))
    return Outcome(replace(deal, loan=deal.amount, deposit=deposit), movements=tuple(moves))


def pay_core(deal: Prepaid, on: date) -> ShippingOutcome:
    """The lender pays the loan on to the core, whose goods then follow."""
    if not deal.loan and not deal.settled:
        return Outcome(deal, ShippingRefusal.NOT_OPENED)
    if deal.paid:
        return Outcome(deal, ShippingRefusal.PAID_ALREADY)
    move = _move(deal, "controlled_payment", "cash", deal.amount, on, "core_paid")
    return Outcome(replace(deal, paid=True), movements=(move,))


def add_deposit(deal: Prepaid, amount: int, on: date) -> ShippingOutcome:
    """The dealer pays for more goods."""
    if (refusal := _not_running(deal)) is not None:
        return Outcome(deal, refusal)
    if amount <= 0:
        return Outcome(deal, ShippingRefusal.AMOUNT_NOT_POSITIVE)
    if deal.deposit + amount > deal.loan:
        return Outcome(deal, ShippingRefusal.MORE_THAN_LOAN)
    move = _move(deal, "cash", "margin_deposit_held", amount, on, "deposit_added")
    return Outcome(replace(deal, deposit=deal.deposit + amount), movements=(move,))


def release(deal: Prepaid, amount: int) -> ShippingOutcome:
    """The lender tells the core to release goods, up to what was deposited in all."""
    if (refusal := _not_running(deal)) is not None:
        return Outcome(deal, refusal)
    if amount <= 0:
        return Outcome(deal, ShippingRefusal.AMOUNT_NOT_POSITIVE)
    if deal.stopped:
        return Outcome(deal, ShippingRefusal.SHIPPING_STOPPED)
    if deal.released + amount > deal.deposit:
        spare = str(deal.deposit - deal.released)
        return Outcome(deal, ShippingRefusal.BEYOND_DEPOSIT, detail=spare)
    return Outcome(replace(deal, released=deal.released + amount))


def ship(deal: Prepaid, amount: int) -> ShippingOutcome:
    """The core ships, up to what was released; never while stopped."""
    if amount <= 0:
        return Outcome(deal, ShippingRefusal.AMOUNT_NOT_POSITIVE)
    if deal.stopped:
        return Outcome(deal, ShippingRefusal.SHIPPING_STOPPED)
    if deal.shipped + amount > deal.released:
        spare = str(deal.released - deal.shipped)
        return Outcome(deal, ShippingRefusal.BEYOND_RELEASE, detail=spare)
    return Outcome(replace(deal, shipped=deal.shipped + amount))


def stop(deal: Prepaid) -> ShippingOutcome:
    """The shipping hold: nothing is released or shipped until `resume`."""
    return Outcome(replace(deal, stopped=True))


def resume(deal: Prepaid) -> ShippingOutcome:
    """Lift the hold."""
    return Outcome(replace(deal, stopped=False))


def settle(deal: Prepaid, on: date) -> ShippingOutcome:
    """From the due day on, deposits are set against the loan; the rest is the core's to pay."""
    if (refusal := _not_running(deal)) is not None:
        return Outcome(deal, refusal)
    if on < deal.due:
        return Outcome(deal, ShippingRefusal.NOT_YET_DUE)
    after = replace(deal, loan=deal.loan - deal.deposit, settled=True)
    if not deal.deposit:
        return Outcome(after)
    move = _move(deal, "margin_deposit_held", "loan_principal", deal.deposit, on, "deposit_applied")
    return Outcome(after, movements=(move,), detail=str(after.loan))


def buy_back(deal: Prepaid, amount: int, on: date) -> ShippingOutcome:
    """The core pays back what it never had to release (差额退款, 回购)."""
    if not deal.settled:
        return Outcome(deal, ShippingRefusal.NOT_YET_DUE)
    if amount <= 0:
        return Outcome(deal, ShippingRefusal.AMOUNT_NOT_POSITIVE)
    if amount > deal.loan:
        return Outcome(deal, ShippingRefusal.MORE_THAN_OWED)
    move = _move(deal, "cash", "loan_principal", amount, on, "core_bought_back")
    return Outcome(replace(deal, loan=deal.loan - amount), movements=(move,))


def _not_running(deal: Prepaid) -> ShippingRefusal | None:
    if deal.settled:
        return ShippingRefusal.SETTLED_ALREADY
    return None if deal.loan else ShippingRefusal.NOT_OPENED


def _move(
    deal: Prepaid, debit: str, credit: str, amount: int, on: date, memo: str
) -> Movement:  # fmt: skip
    return Movement(debit, credit, amount, deal.currency, on, memo)
