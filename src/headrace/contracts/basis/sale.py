"""A sale at futures + premium (基差点价): P = F(contract, fixing) + premium + differential.

Goods go at a provisional price; one side fixes the futures price, in parts, within a window; what
is not fixed by its last day is fixed at that day's settlement price. Until then the open part is
marked to market, and the buyer tops up its margin when the market runs away from what it paid.

No regulation prescribes these terms; they are ours, in the shape of the trade's contracts.
"""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from headrace.contracts.basis.exchanges import amount_of, part_up
from headrace.contracts.movements import Movement


class Fixer(StrEnum):
    """Who chooses when to fix (点价权)."""

    BUYER = "buyer"
    SELLER = "seller"


class SaleRefusal(StrEnum):
    """The requirement that an act breaks."""

    OTHER_FUTURES = "other_futures"
    OUTSIDE_WINDOW = "outside_window"
    WINDOW_STILL_OPEN = "window_still_open"
    NOT_THE_FIXER = "not_the_fixer"
    QUANTITY_NOT_POSITIVE = "quantity_not_positive"
    NOT_WHOLE_LOTS = "not_whole_lots"
    MORE_THAN_OPEN = "more_than_open"
    PRICE_OFF_TICK = "price_off_tick"
    INVOICED_ALREADY = "invoiced_already"
    NOT_INVOICED = "not_invoiced"
    NOT_FIXED = "not_fixed"
    SETTLED_ALREADY = "settled_already"


@dataclass(frozen=True)
class Terms:
    """What was agreed.

    Attributes:
        id: Contract number.
        seller: Delivers.
        buyer: Pays.
        futures: Code and month (`SI2405`).
        kilograms: Quantity, above 0.
        premium: Over the futures price, minor units a tonne, may be negative (升贴水).
        differential: For the quality delivered, the same (品质差价).
        fixer: Who fixes.
        window_from: First day on which it may.
        window_until: Last fixing day (最后点价日).
        provisional: Price of the provisional invoice, minor units a tonne.
        lot_kilograms: A fixing is a multiple of it, but for the last; 1: any quantity.
        tick_minor: Least step of the futures price.
        margin_share: Buyer's margin as a share of the open value, 0 or more.
        call_least: Smaller calls are not made, minor units.
    """

    id: str
    seller: str
    buyer: str
    futures: str
    kilograms: int
    premium: int
    fixer: Fixer
    window_from: date
    window_until: date
    provisional: int
    differential: int = 0
    lot_kilograms: int = 1
    tick_minor: int = 1
    margin_share: Decimal = Decimal(0)
    call_least: int = 0
    currency: str = "CNY"


@dataclass(frozen=True)
class Quote:
    """A futures price that was observed: traded, or the day's settlement."""

    futures: str
    on: date
    price: int


@dataclass(frozen=True)
class Fixing:
    """A part whose futures price is fixed."""

    on: date
    kilograms: int
    futures_price: int


@dataclass(frozen=True)
class Sale:
    """Terms and what came of them.

    Attributes:
        terms: What was agreed.
        fixings: In order.
        margin: Paid in by the buyer on top of the provisional invoice, minor units.
        invoiced: Whether the provisional invoice was paid.
        settled: Whether the final one was.
    """

    terms: Terms
    fixings: tuple[Fixing, ...] = ()
    margin: int = 0
    invoiced: bool = False
    settled: bool = False

    @property
    def open_kilograms(self) -> int:
        """What is not fixed yet."""
        return self.terms.kilograms - sum(each.kilograms for each in self.fixings)

    @property
    def provisional_amount(self) -> int:
        """The provisional invoice, rounded half up once."""
        return amount_of(self.terms.kilograms, self.terms.provisional)

    @property
    def fixed_amount(self) -> int:
        """What the fixed parts cost the buyer, each rounded half up."""
        return sum(amount_of(each.kilograms, self.price(each)) for each in self.fixings)

    @property
    def final_price(self) -> Decimal | None:
        """The average price, minor units a tonne, exact; None while a part is open."""
        if self.open_kilograms:
            return None
        weighted = sum(each.kilograms * self.price(each) for each in self.fixings)
        return Decimal(weighted) / self.terms.kilograms

    def price(self, fixing: Fixing) -> int:
        """The price of a fixed part, minor units a tonne."""
        return fixing.futures_price + self.terms.premium + self.terms.differential


@dataclass(frozen=True)
class SaleOutcome:
    """The sale after an act, movements in the seller's books, or the refusal."""

    state: Sale
    refusal: SaleRefusal | None = None
    movements: tuple[Movement, ...] = ()


@dataclass(frozen=True)
class Mark:
    """How the open part stands at a futures price.

    Attributes:
        kilograms: Open.
        value: Of the open part at the market, minor units.
        over_provisional: Of it, what the provisional invoice did not cover; below 0: too much.
        margin_needed: The share of the value, and what is over the provisional invoice.
        call: To be topped up now by the buyer, 0 where too small to be called.
    """

    kilograms: int
    value: int
    over_provisional: int
    margin_needed: int
    call: int


def fix(sale: Sale, quote: Quote, kilograms: int, by: Fixer) -> SaleOutcome:
    """Fix a part at an observed futures price."""
    terms = sale.terms
    if (refusal := _unfit(sale, quote)) is not None:
        return SaleOutcome(sale, refusal)
    if not terms.window_from <= quote.on <= terms.window_until:
        return SaleOutcome(sale, SaleRefusal.OUTSIDE_WINDOW)
    if by is not terms.fixer:
        return SaleOutcome(sale, SaleRefusal.NOT_THE_FIXER)
    if kilograms <= 0:
        return SaleOutcome(sale, SaleRefusal.QUANTITY_NOT_POSITIVE)
    if kilograms > sale.open_kilograms:
        return SaleOutcome(sale, SaleRefusal.MORE_THAN_OPEN)
    if kilograms % terms.lot_kilograms and kilograms != sale.open_kilograms:
        return SaleOutcome(sale, SaleRefusal.NOT_WHOLE_LOTS)
    return SaleOutcome(_fixed(sale, quote, kilograms))


def fix_rest(sale: Sale, settlement: Quote) -> SaleOutcome:
    """What nobody fixed is fixed at the settlement price of the last fixing day."""
    if (refusal := _unfit(sale, settlement)) is not None:
        return SaleOutcome(sale, refusal)
    if settlement.on < sale.terms.window_until:
        return SaleOutcome(sale, SaleRefusal.WINDOW_STILL_OPEN)
    if settlement.on > sale.terms.window_until:
        return SaleOutcome(sale, SaleRefusal.OUTSIDE_WINDOW)
    if not sale.open_kilograms:
        return SaleOutcome(sale, SaleRefusal.MORE_THAN_OPEN)
    return SaleOutcome(_fixed(sale, settlement, sale.open_kilograms))


def mark(sale: Sale, price: int) -> Mark:
    """Mark the open part to a futures price, minor units a tonne."""
    terms, kilograms = sale.terms, sale.open_kilograms
    value = amount_of(kilograms, price + terms.premium + terms.differential)
    over = value - amount_of(kilograms, terms.provisional)
    needed = max(0, part_up(value, terms.margin_share) + (over if sale.invoiced else 0))
    call = max(0, needed - sale.margin)
    return Mark(kilograms, value, over, needed, call if call >= terms.call_least else 0)


def top_up(sale: Sale, amount: int, on: date) -> SaleOutcome:
    """The buyer pays in margin (追加保证金)."""
    if sale.settled:
        return SaleOutcome(sale, SaleRefusal.SETTLED_ALREADY)
    if amount <= 0:
        return SaleOutcome(sale, SaleRefusal.QUANTITY_NOT_POSITIVE)
    after = replace(sale, margin=sale.margin + amount)
    return SaleOutcome(after, movements=_moves(sale, on, ("cash", HELD, amount, "margin_called")))


def invoice(sale: Sale, on: date) -> SaleOutcome:
    """The buyer pays the provisional invoice; it is held until the price is final."""
    if sale.invoiced:
        return SaleOutcome(sale, SaleRefusal.INVOICED_ALREADY)
    paid = ("cash", HELD, sale.provisional_amount, "provisional_paid")
    return SaleOutcome(replace(sale, invoiced=True), movements=_moves(sale, on, paid))


def settle(sale: Sale, cost: int, on: date) -> SaleOutcome:
    """The final invoice: the difference is paid or given back, goods leave, the result is booked.

    Args:
        sale: Invoiced and fixed.
        cost: What the goods stand in the seller's books at, minor units.
        on: The day.
    """
    if not sale.invoiced:
        return SaleOutcome(sale, SaleRefusal.NOT_INVOICED)
    if sale.open_kilograms:
        return SaleOutcome(sale, SaleRefusal.NOT_FIXED)
    if sale.settled:
        return SaleOutcome(sale, SaleRefusal.SETTLED_ALREADY)
    final = sale.fixed_amount
    more = final - sale.provisional_amount - sale.margin
    moves = _moves(
        sale,
        on,
        ("cash", HELD, more, "final_difference_paid"),
        (HELD, "cash", -more, "final_difference_returned"),
        (HELD, "goods", min(final, cost), "goods_sold"),
        (HELD, "trading_gain", final - cost, "sale_gain"),
        ("trading_loss", "goods", cost - final, "sale_loss"),
    )
    return SaleOutcome(replace(sale, settled=True), movements=moves)


HELD = "margin_deposit_held"


def _unfit(sale: Sale, quote: Quote) -> SaleRefusal | None:
    if quote.futures != sale.terms.futures:
        return SaleRefusal.OTHER_FUTURES
    if quote.price % sale.terms.tick_minor:
        return SaleRefusal.PRICE_OFF_TICK
    return None


def _fixed(sale: Sale, quote: Quote, kilograms: int) -> Sale:
    return replace(sale, fixings=(*sale.fixings, Fixing(quote.on, kilograms, quote.price)))


def _moves(sale: Sale, on: date, *moves: tuple[str, str, int, str]) -> tuple[Movement, ...]:
    """Movements of the amounts above 0."""
    return tuple(
        Movement(debit, credit, amount, sale.terms.currency, on, memo)
        for debit, credit, amount, memo in moves
        if amount > 0
    )
