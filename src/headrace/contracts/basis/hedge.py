"""The futures side of a hedge: positions marked each day, profit and loss in cash, margin calls.

Exchanges settle every day (当日无负债结算): what a position gained or lost since the last price
moves in or out of the margin account. A lot is whole tonnes, so that nothing is rounded but the
margin, up.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from headrace.contracts.basis.exchanges import Futures, part_up
from headrace.contracts.movements import Movement


class HedgeRefusal(StrEnum):
    """The requirement that an act breaks."""

    PRICE_OFF_TICK = "price_off_tick"
    PRICE_NOT_POSITIVE = "price_not_positive"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    MORE_THAN_FREE = "more_than_free"


@dataclass(frozen=True)
class Position:
    """A futures position and its margin account.

    Attributes:
        futures: Terms of the contract.
        margin_rate: Part of the value that the exchange wants (保证金比例).
        lots: Long above 0, short below.
        price: At which it was last marked, minor units a tonne; 0 before the first trade.
        account: Money at the exchange, minor units; may be below what is needed until called.
        gained: Profit less loss since the beginning, minor units.
    """

    futures: Futures
    margin_rate: Decimal
    lots: int = 0
    price: int = 0
    account: int = 0
    gained: int = 0
    currency: str = "CNY"

    @property
    def needed(self) -> int:
        """Margin for what is open, rounded up."""
        return part_up(abs(self.lots) * self.futures.lot_tonnes * self.price, self.margin_rate)

    @property
    def call(self) -> int:
        """What must be paid in now, 0 or more (追保)."""
        return max(0, self.needed - self.account)


@dataclass(frozen=True)
class HedgeOutcome:
    """The position after an act, movements in its owner's books, or the refusal."""

    state: Position
    refusal: HedgeRefusal | None = None
    movements: tuple[Movement, ...] = ()


def trade(position: Position, lots: int, price: int, on: date) -> HedgeOutcome:
    """Buy (lots above 0) or sell; what is open is marked to the traded price on the way."""
    marked = mark(position, price, on)
    if marked.refusal is not None:
        return marked
    return replace(marked, state=replace(marked.state, lots=position.lots + lots))


def mark(position: Position, price: int, on: date) -> HedgeOutcome:
    """Mark to a price: the day's settlement, or that of a trade."""
    if price <= 0:
        return HedgeOutcome(position, HedgeRefusal.PRICE_NOT_POSITIVE)
    if price % position.futures.tick_minor:
        return HedgeOutcome(position, HedgeRefusal.PRICE_OFF_TICK)
    gain = position.lots * position.futures.lot_tonnes * (price - position.price)
    after = replace(
        position, price=price, account=position.account + gain, gained=position.gained + gain
    )
    if not gain:
        return HedgeOutcome(after)
    roles = (PAID, "trading_gain") if gain > 0 else ("trading_loss", PAID)
    memo = "futures_gain" if gain > 0 else "futures_loss"
    return HedgeOutcome(after, movements=(_move(position, *roles, abs(gain), on, memo),))


def pay_in(position: Position, amount: int, on: date) -> HedgeOutcome:
    """Margin goes to the exchange."""
    if amount <= 0:
        return HedgeOutcome(position, HedgeRefusal.AMOUNT_NOT_POSITIVE)
    move = _move(position, PAID, "cash", amount, on, "margin_paid")
    return HedgeOutcome(replace(position, account=position.account + amount), movements=(move,))


def take_out(position: Position, amount: int, on: date) -> HedgeOutcome:
    """What is not needed as margin comes back."""
    if amount <= 0:
        return HedgeOutcome(position, HedgeRefusal.AMOUNT_NOT_POSITIVE)
    if amount > position.account - position.needed:
        return HedgeOutcome(position, HedgeRefusal.MORE_THAN_FREE)
    move = _move(position, "cash", PAID, amount, on, "margin_returned")
    return HedgeOutcome(replace(position, account=position.account - amount), movements=(move,))


PAID = "margin_deposit_paid"


def _move(
    position: Position, debit: str, credit: str, amount: int, on: date, memo: str
) -> Movement:  # fmt: skip
    return Movement(debit, credit, amount, position.currency, on, memo)
