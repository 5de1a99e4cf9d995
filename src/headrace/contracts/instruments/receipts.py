"""Warehouse receipts and pledged goods (仓单、存货质押): parts held and freed by value.

A quantity is a whole number of the smallest unit (kilograms), so that parts add up. A price is
minor units per quoted unit (a tonne); a value is rounded down, what a pledge needs is rounded up.

Under a floating pledge (动态质押, 核定库存) goods may leave while what stays is worth the floor,
which is the larger of an agreed one and the loan over the pledge rate, so that each repayment
frees goods (赎货). Pledge and transfer of receipts: civil code art. 440 to 442, 908 to 910.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum

from headrace.contracts.instruments.outcomes import Outcome
from headrace.contracts.movements import Movement


class ReceiptRefusal(StrEnum):
    """The requirement that an act breaks."""

    RECEIPT_EXISTS = "receipt_exists"
    RECEIPT_UNKNOWN = "receipt_unknown"
    RECEIPT_ENDED = "receipt_ended"
    QUANTITY_NOT_POSITIVE = "quantity_not_positive"
    MORE_THAN_THERE = "more_than_there"
    IS_HELD = "is_held"
    NOT_HELD = "not_held"
    NOT_THE_OWNER = "not_the_owner"
    NOT_ALIKE = "not_alike"
    PLEDGE_EXISTS = "pledge_exists"
    PLEDGE_UNKNOWN = "pledge_unknown"
    PRICE_MISSING = "price_missing"
    BELOW_FLOOR = "below_floor"
    MORE_THAN_LOAN = "more_than_loan"
    COUNTED_MORE = "counted_more"


class ReceiptState(StrEnum):
    """What became of a receipt; all but LIVE are history."""

    LIVE = "live"
    SPLIT = "split"
    MERGED = "merged"
    DELIVERED = "delivered"
    LOST = "lost"


@dataclass(frozen=True)
class Receipt:
    """A warehouse receipt.

    Attributes:
        id: Number; of a part, the number it was split from and 0 or 1.
        owner: Who may dispose of the goods.
        goods: What they are (`silicon`); prices are by goods and grade.
        grade: Of them (`4210`).
        quantity: Smallest units, above 0.
        warehouse: Where.
        location: Bay and row within it.
        keeper: Who answers for the goods (保管人).
        issued: When.
        batch: Of production; empty where unknown.
        pledge: The pledge it is held for; None: free.
        booked: What it was booked at when pledged, minor units; 0 when free.
        state: Live, or what became of it.
    """

    id: str
    owner: str
    goods: str
    grade: str
    quantity: int
    warehouse: str
    location: str
    keeper: str
    issued: date
    batch: str = ""
    pledge: str | None = None
    booked: int = 0
    state: ReceiptState = ReceiptState.LIVE


@dataclass(frozen=True)
class Pledge:
    """Goods held for a loan.

    Attributes:
        id: Its own.
        lender: For whom the keeper holds.
        owner: Who pledged.
        rate: Loan over value that is allowed (质押率), above 0, at most 1.
        loan: What is owed, minor units.
        floor_agreed: Least value of the goods while anything is owed (核定库存), minor units.
    """

    id: str
    lender: str
    owner: str
    rate: Decimal
    loan: int
    floor_agreed: int = 0

    @property
    def floor(self) -> int:
        """The least value of the goods held, rounded up; 0 when nothing is owed."""
        if self.loan <= 0:
            return 0
        by_rate = (Decimal(self.loan) / self.rate).to_integral_value(ROUND_CEILING)
        return max(self.floor_agreed, int(by_rate))


@dataclass(frozen=True)
class Prices:
    """What goods are worth.

    Attributes:
        minor: Minor units per quoted unit, by goods and grade.
        units: Smallest units in a quoted unit: 1,000 kilograms in a tonne.
        currency: ISO 4217 code.
    """

    minor: Mapping[tuple[str, str], int]
    units: int = 1000
    currency: str = "CNY"

    def value(self, receipt: Receipt) -> int | None:
        """The value of a receipt, rounded down; None: no price is known."""
        price = self.minor.get((receipt.goods, receipt.grade))
        return None if price is None else receipt.quantity * price // self.units


@dataclass(frozen=True)
class Store:
    """All receipts there ever were, and the pledges."""

    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    pledges: Mapping[str, Pledge] = field(default_factory=dict)

    def held(self, pledge: str) -> tuple[Receipt, ...]:
        """The live receipts held for a pledge."""
        return tuple(
            each
            for each in self.receipts.values()
            if each.pledge == pledge and each.state is ReceiptState.LIVE
        )


@dataclass(frozen=True)
class Cover:
    """How a pledge stands: value of the goods held, what is needed, and what must be topped up."""

    value: int
    floor: int

    @property
    def short(self) -> int:
        """What is missing, 0 or more (补仓)."""
        return max(0, self.floor - self.value)

    @property
    def spare(self) -> int:
        """What may leave, 0 or more."""
        return max(0, self.value - self.floor)


StoreOutcome = Outcome[Store, ReceiptRefusal]


def issue(store: Store, receipt: Receipt) -> StoreOutcome:
    """The keeper issues a receipt; one number stands for one receipt, for ever."""
    if receipt.id in store.receipts:
        return Outcome(store, ReceiptRefusal.RECEIPT_EXISTS)
    if receipt.quantity <= 0:
        return Outcome(store, ReceiptRefusal.QUANTITY_NOT_POSITIVE)
    return Outcome(_with(store, replace(receipt, pledge=None, booked=0, state=ReceiptState.LIVE)))


def split(store: Store, number: str, quantity: int) -> StoreOutcome:
    """Cut a receipt in two: `.../0` of the quantity, `.../1` of the rest; a hold stays on both."""
    found = store.receipts.get(number)
    if (refusal := _not_live(found)) is not None or found is None:
        return Outcome(store, refusal)
    if quantity <= 0:
        return Outcome(store, ReceiptRefusal.QUANTITY_NOT_POSITIVE)
    if quantity >= found.quantity:
        return Outcome(store, ReceiptRefusal.MORE_THAN_THERE)
    booked = found.booked * quantity // found.quantity
    first = replace(found, id=f"{number}/0", quantity=quantity, booked=booked)
    rest = replace(
        found, id=f"{number}/1", quantity=found.quantity - quantity, booked=found.booked - booked
    )
    return Outcome(_with(store, replace(found, state=ReceiptState.SPLIT, booked=0), first, rest))


def merge(store: Store, numbers: tuple[str, ...], number: str) -> StoreOutcome:
    """Make one receipt of several free ones of the same owner, goods, grade, batch and place."""
    if number in store.receipts:
        return Outcome(store, ReceiptRefusal.RECEIPT_EXISTS)
    parts = [store.receipts.get(each) for each in dict.fromkeys(numbers)]
    known = [each for each in parts if each is not None]
    for part in parts:
        if (refusal := _not_live(part)) is not None:
            return Outcome(store, refusal)
    if any(each.pledge is not None for each in known):
        return Outcome(store, ReceiptRefusal.IS_HELD)
    if len(known) < 2 or len({_alike(each) for each in known}) > 1:
        return Outcome(store, ReceiptRefusal.NOT_ALIKE)
    whole = replace(
        known[0],
        id=number,
        quantity=sum(each.quantity for each in known),
        issued=max(each.issued for each in known),
    )
    ended = [replace(each, state=ReceiptState.MERGED) for each in known]
    return Outcome(_with(store, *ended, whole))


def pledge(
    store: Store, terms: Pledge, numbers: Iterable[str], prices: Prices, on: date
) -> StoreOutcome:
    """Hold free receipts of the owner for a loan; together they are worth the floor at least."""
    if terms.id in store.pledges:
        return Outcome(store, ReceiptRefusal.PLEDGE_EXISTS)
    found: list[Receipt] = []
    for number in dict.fromkeys(numbers):
        receipt = store.receipts.get(number)
        if (refusal := _not_live(receipt)) is not None or receipt is None:
            return Outcome(store, refusal, detail=number)
        if receipt.pledge is not None:
            return Outcome(store, ReceiptRefusal.IS_HELD, detail=receipt.pledge)
        if receipt.owner != terms.owner:
            return Outcome(store, ReceiptRefusal.NOT_THE_OWNER, detail=number)
        value = prices.value(receipt)
        if value is None:
            return Outcome(store, ReceiptRefusal.PRICE_MISSING, detail=number)
        found.append(replace(receipt, pledge=terms.id, booked=value))
    total = sum(each.booked for each in found)
    if total < terms.floor:
        return Outcome(store, ReceiptRefusal.BELOW_FLOOR, detail=str(terms.floor - total))
    after = replace(_with(store, *found), pledges={**store.pledges, terms.id: terms})
    return Outcome(after, movements=_booked(total, prices, on, "goods_pledged"))


def repay(store: Store, number: str, amount: int) -> StoreOutcome:
    """The loan falls, and with it the floor; lending posts the money."""
    found = store.pledges.get(number)
    if found is None:
        return Outcome(store, ReceiptRefusal.PLEDGE_UNKNOWN)
    if not 0 < amount <= found.loan:
        return Outcome(store, ReceiptRefusal.MORE_THAN_LOAN, detail=str(found.loan))
    after = replace(found, loan=found.loan - amount)
    return Outcome(replace(store, pledges={**store.pledges, number: after}))


def release(store: Store, number: str, prices: Prices, on: date) -> StoreOutcome:
    """Free a whole receipt if what stays is worth the floor; to free a part, split first."""
    found = store.receipts.get(number)
    if (refusal := _not_live(found)) is not None or found is None:
        return Outcome(store, refusal)
    if found.pledge is None:
        return Outcome(store, ReceiptRefusal.NOT_HELD)
    free = _with(store, replace(found, pledge=None, booked=0))
    left = cover(free, found.pledge, prices)
    if left is None:
        return Outcome(store, ReceiptRefusal.PRICE_MISSING)
    if left.short:
        return Outcome(store, ReceiptRefusal.BELOW_FLOOR, detail=str(left.short))
    return Outcome(free, movements=_unbooked(found.booked, prices.currency, on, "goods_released"))


def deliver(store: Store, number: str, to: str) -> StoreOutcome:
    """The owner takes the goods of a free receipt away."""
    found = store.receipts.get(number)
    if (refusal := _not_live(found)) is not None or found is None:
        return Outcome(store, refusal)
    if found.pledge is not None:
        return Outcome(store, ReceiptRefusal.IS_HELD, detail=found.pledge)
    if to != found.owner:
        return Outcome(store, ReceiptRefusal.NOT_THE_OWNER)
    return Outcome(_with(store, replace(found, state=ReceiptState.DELIVERED)))


def count(store: Store, number: str, quantity: int, currency: str, on: date) -> StoreOutcome:
    """A count, by sensors or by hand, found less than the receipt says (短少): it is less now.

    `detail` is the quantity missing. `cover` then says what must be topped up; who answers, the
    keeper first (civil code art. 917), is for people to pursue.
    """
    found = store.receipts.get(number)
    if (refusal := _not_live(found)) is not None or found is None:
        return Outcome(store, refusal)
    if quantity < 0:
        return Outcome(store, ReceiptRefusal.QUANTITY_NOT_POSITIVE)
    if quantity > found.quantity:
        return Outcome(store, ReceiptRefusal.COUNTED_MORE, detail=str(quantity - found.quantity))
    if quantity == found.quantity:
        return Outcome(store, detail="0")
    booked = found.booked * quantity // found.quantity
    state = ReceiptState.LIVE if quantity else ReceiptState.LOST
    after = _with(store, replace(found, quantity=quantity, booked=booked, state=state))
    moves = _unbooked(found.booked - booked, currency, on, "goods_missing")
    return Outcome(after, movements=moves, detail=str(found.quantity - quantity))


def cover(store: Store, number: str, prices: Prices) -> Cover | None:
    """How a pledge stands at these prices; None: a price is missing, or there is no such pledge."""
    terms = store.pledges.get(number)
    values = [prices.value(each) for each in store.held(number)]
    known = [each for each in values if each is not None]
    if terms is None or len(known) < len(values):
        return None
    return Cover(sum(known), terms.floor)


def _not_live(receipt: Receipt | None) -> ReceiptRefusal | None:
    if receipt is None:
        return ReceiptRefusal.RECEIPT_UNKNOWN
    return None if receipt.state is ReceiptState.LIVE else ReceiptRefusal.RECEIPT_ENDED


def _alike(receipt: Receipt) -> tuple[str, ...]:
    kind = (receipt.owner, receipt.goods, receipt.grade, receipt.batch)
    return (*kind, receipt.warehouse, receipt.location, receipt.keeper)


def _with(store: Store, *receipts: Receipt) -> Store:
    return replace(store, receipts={**store.receipts, **{each.id: each for each in receipts}})


def _booked(amount: int, prices: Prices, on: date, memo: str) -> tuple[Movement, ...]:
    if not amount:
        return ()
    return (Movement("collateral_held", "memorandum", amount, prices.currency, on, memo),)


def _unbooked(amount: int, currency: str, on: date, memo: str) -> tuple[Movement, ...]:
    if not amount:
        return ()
    return (Movement("memorandum", "collateral_held", amount, currency, on, memo),)
