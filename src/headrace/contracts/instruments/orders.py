"""Drawing against real orders (逐单支用): each draw names an order, and no order is drawn twice.

An order carries at most its financed share of what was ordered and not sent back. What is drawn is
used up: repaying a draw does not open the order again. The same order under another facility is
found by `double_pledge`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from headrace.contracts.instruments.outcomes import Outcome


class OrderRefusal(StrEnum):
    """The requirement that an act on an order breaks."""

    ORDER_EXISTS = "order_exists"
    ORDER_UNKNOWN = "order_unknown"
    ORDER_CLOSED = "order_closed"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    SHARE_OUT_OF_RANGE = "share_out_of_range"
    OVER_FINANCED_SHARE = "over_financed_share"
    KEY_TAKEN = "key_taken"
    MORE_THAN_ORDERED = "more_than_ordered"
    MORE_THAN_DELIVERED = "more_than_delivered"


@dataclass(frozen=True)
class Order:
    """A purchase order.

    Attributes:
        id: Its number.
        buyer: Who ordered, and borrows.
        seller: Who delivers and is paid, often the core enterprise.
        amount: Minor units, above 0.
        share: The part of it that may be financed, above 0, at most 1.
        drawn: Drawn so far.
        delivered: Delivered so far, at order prices.
        returned: Sent back or struck off, at order prices.
        closed: Whether nothing more is drawn.
        currency: ISO 4217 code of all amounts.
    """

    id: str
    buyer: str
    seller: str
    amount: int
    share: Decimal
    drawn: int = 0
    delivered: int = 0
    returned: int = 0
    closed: bool = False
    currency: str = "CNY"

    @property
    def ceiling(self) -> int:
        """The most that may be drawn, rounded down to the minor unit."""
        kept = Decimal(self.amount - self.returned)
        return int((kept * self.share).to_integral_value(ROUND_DOWN))

    @property
    def room(self) -> int:
        """What may still be drawn, 0 or more."""
        return 0 if self.closed else max(0, self.ceiling - self.drawn)

    @property
    def excess(self) -> int:
        """What was drawn beyond what returns left of the order: to be repaid."""
        return max(0, self.drawn - self.ceiling)


@dataclass(frozen=True)
class Orders:
    """The orders of a facility, and its draws by key: order and amount."""

    orders: Mapping[str, Order] = field(default_factory=dict)
    draws: Mapping[str, tuple[str, int]] = field(default_factory=dict)


OrderOutcome = Outcome[Orders, OrderRefusal]


def enter(book: Orders, order: Order) -> OrderOutcome:
    """A new order."""
    if order.id in book.orders:
        return Outcome(book, OrderRefusal.ORDER_EXISTS)
    if order.amount <= 0:
        return Outcome(book, OrderRefusal.AMOUNT_NOT_POSITIVE)
    if not 0 < order.share <= 1:
        return Outcome(book, OrderRefusal.SHARE_OUT_OF_RANGE)
    return Outcome(_with(book, order))


def draw(book: Orders, key: str, order: str, amount: int) -> OrderOutcome:
    """Draw against an order; the same draw under the same key is made once."""
    if key in book.draws:
        same = book.draws[key] == (order, amount)
        return Outcome(book) if same else Outcome(book, OrderRefusal.KEY_TAKEN)
    found = book.orders.get(order)
    if found is None:
        return Outcome(book, OrderRefusal.ORDER_UNKNOWN)
    if amount <= 0:
        return Outcome(book, OrderRefusal.AMOUNT_NOT_POSITIVE)
    if found.closed:
        return Outcome(book, OrderRefusal.ORDER_CLOSED)
    if amount > found.room:
        return Outcome(book, OrderRefusal.OVER_FINANCED_SHARE, detail=str(found.room))
    after = _with(book, replace(found, drawn=found.drawn + amount))
    return Outcome(replace(after, draws={**after.draws, key: (order, amount)}))


def deliver(book: Orders, order: str, amount: int) -> OrderOutcome:
    """Goods of an order arrive."""
    found = book.orders.get(order)
    if found is None:
        return Outcome(book, OrderRefusal.ORDER_UNKNOWN)
    if amount <= 0:
        return Outcome(book, OrderRefusal.AMOUNT_NOT_POSITIVE)
    if found.delivered + amount > found.amount:
        return Outcome(book, OrderRefusal.MORE_THAN_ORDERED)
    return Outcome(_with(book, replace(found, delivered=found.delivered + amount)))


def send_back(book: Orders, order: str, amount: int) -> OrderOutcome:
    """Delivered goods go back: the ceiling falls, and `Order.excess` is to be repaid."""
    found = book.orders.get(order)
    if found is None:
        return Outcome(book, OrderRefusal.ORDER_UNKNOWN)
    if amount <= 0:
        return Outcome(book, OrderRefusal.AMOUNT_NOT_POSITIVE)
    if found.returned + amount > found.delivered:
        return Outcome(book, OrderRefusal.MORE_THAN_DELIVERED)
    after = replace(found, returned=found.returned + amount)
    return Outcome(_with(book, after), detail=str(after.excess))


def close(book: Orders, order: str) -> OrderOutcome:
    """Nothing more is drawn against an order: it is done with, or cancelled."""
    found = book.orders.get(order)
    if found is None:
        return Outcome(book, OrderRefusal.ORDER_UNKNOWN)
    return Outcome(_with(book, replace(found, closed=True)))


def _with(book: Orders, order: Order) -> Orders:
    return replace(book, orders={**book.orders, order.id: order})
