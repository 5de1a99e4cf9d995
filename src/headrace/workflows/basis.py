"""A basis sale happens: priced, invoiced, marked and hedged by the day, and what it earned.

Each day first the provisional invoice and the hedge, then parts are fixed and as many lots bought
back, then the market marks what is open. What is not fixed on the last day is fixed at its
settlement price.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from headrace.contracts.basis import hedge, sale
from headrace.contracts.basis.delivery import Delivered, DeliveryRefusal, deliver
from headrace.contracts.basis.exchanges import KILOGRAMS, amount_of
from headrace.contracts.basis.hedge import HedgeOutcome, Position
from headrace.contracts.basis.locked import Earned, Locked, earned, locked
from headrace.contracts.basis.sale import Quote, Sale, SaleOutcome
from headrace.contracts.basis.words import words
from headrace.contracts.movements import Movement
from headrace.workflows.basis_case import Case, lots_sold


@dataclass(frozen=True)
class Day:
    """How the trade stands at the end of a day; amounts in minor units.

    Attributes:
        on: The day.
        price: Settlement, minor units a tonne; None: none is known, the last one counts.
        open_kilograms: Not fixed yet.
        value: Of the open part at the market.
        over_provisional: Of it, what the provisional invoice does not cover.
        called: What the buyer topped up that day.
        lots: Futures still sold, below 0.
        futures_gain: Profit less loss of the futures since the beginning.
        account: Money at the exchange.
        paid_in: What went there that day.
    """

    on: date
    price: int | None
    open_kilograms: int
    value: int
    over_provisional: int
    called: int
    lots: int
    futures_gain: int
    account: int
    paid_in: int


@dataclass(frozen=True)
class Refused:
    """An act that was not done, and the requirement it breaks."""

    on: date
    what: str
    en: str
    zh: str


@dataclass(frozen=True)
class Trade:
    """What came of a case.

    Attributes:
        case: It.
        sale: After all fixings, settled where everything is fixed.
        days: How it stood, day by day.
        locked: What the hedge locks in; None: no hedge.
        earned: The result; None: a part is not fixed.
        delivered: What delivery to the exchange would bring, or why it cannot be; None: not asked.
        movements: In the seller's books.
        refused: Acts that were not done.
    """

    case: Case
    sale: Sale
    days: tuple[Day, ...]
    locked: Locked | None
    earned: Earned | None
    delivered: Delivered | DeliveryRefusal | None
    movements: tuple[Movement, ...]
    refused: tuple[Refused, ...]

    @property
    def gain_booked(self) -> int:
        """Gains less losses among the movements: the result, once all is settled."""
        return sum(
            move.amount * ((move.credit == "trading_gain") - (move.debit == "trading_loss"))
            for move in self.movements
        )


@dataclass
class _Running:
    """A trade as it goes along."""

    case: Case
    sale: Sale
    position: Position | None
    moves: list[Movement] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def sell(self, outcome: SaleOutcome, on: date, what: str) -> bool:
        """Take over what came of an act on the sale; whether it was done."""
        self.sale = outcome.state
        self.moves += outcome.movements
        if outcome.refusal is not None:
            self.refused.append(Refused(on, what, *words(outcome.refusal)))
        return outcome.refusal is None

    def hedged(self, outcome: HedgeOutcome, on: date, what: str) -> bool:
        """Take over what came of an act on the futures; whether it was done."""
        self.position = outcome.state
        self.moves += outcome.movements
        if outcome.refusal is not None:
            self.refused.append(Refused(on, what, *words(outcome.refusal)))
        return outcome.refusal is None


def run_basis(case: Case) -> Trade:
    """Let a case happen, day by day."""
    run = _Running(case, Sale(case.terms), case.position)
    days = [_day(run, on) for on in _days(case)]
    terms = case.terms
    final = None
    gained = 0 if run.position is None else run.position.gained
    if not run.sale.open_kilograms:
        last = days[-1].on
        cost = amount_of(terms.kilograms, case.cost)
        run.sell(sale.settle(run.sale, cost, last), last, "settle")
        sold_at = case.sold[2] if case.sold else run.sale.fixings[0].futures_price
        final = earned(run.sale, case.cost, sold_at, gained)
        if run.position is not None and not run.position.lots and run.position.account > 0:
            run.hedged(hedge.take_out(run.position, run.position.account, last), last, "return")
    lock = locked(terms, case.futures, case.cost, case.sold[2]) if case.sold else None
    brought = None
    if case.delivery is not None:
        grade, settlement = case.delivery
        lots = lots_sold(case)
        brought = deliver(case.futures, grade, terms.kilograms, lots, settlement)
    return Trade(
        case, run.sale, tuple(days), lock, final, brought, tuple(run.moves), tuple(run.refused)
    )


def delivery_result(trade: Trade) -> int | None:
    """What delivery would earn: what it brings and the futures gained, less what goods cost.

    None where nothing can be delivered, or nothing was sold forward. Goods that make no whole unit
    are left out on both sides.
    """
    brought, case = trade.delivered, trade.case
    if not isinstance(brought, Delivered) or case.sold is None or case.delivery is None:
        return None
    gained = brought.lots * case.futures.lot_tonnes * (case.sold[2] - case.delivery[1])
    return brought.amount + gained - amount_of(brought.kilograms, case.cost)


def _day(run: _Running, on: date) -> Day:
    case, price = run.case, run.case.settlements.get(on)
    paid_in = called = 0
    if on == case.invoiced:
        run.sell(sale.invoice(run.sale, on), on, "invoice")
    if case.sold is not None and case.sold[0] == on and run.position is not None:
        run.hedged(hedge.trade(run.position, -lots_sold(case), case.sold[2], on), on, "hedge")
        paid_in += _pay_in(run, on)
    _fix(run, on)
    if price is not None:
        if on == case.terms.window_until and run.sale.open_kilograms:
            quote = Quote(case.terms.futures, on, price)
            if run.sell(sale.fix_rest(run.sale, quote), on, "fix_rest"):
                _buy_back(run, price, on)
        if run.position is not None and run.position.lots:
            run.hedged(hedge.mark(run.position, price, on), on, "mark")
        called = _top_up(run, price, on)
    paid_in += _pay_in(run, on)
    at = price if price is not None else _last_price(case, on)
    mark = sale.mark(run.sale, at)
    position = run.position or Position(case.futures, Decimal(0))
    return Day(
        on, price, mark.kilograms, mark.value, mark.over_provisional, called, position.lots,
        position.gained, position.account, paid_in,
    )  # fmt: skip


def _fix(run: _Running, on: date) -> None:
    for quote, kilograms, by in run.case.fixings:
        if quote.on == on and run.sell(sale.fix(run.sale, quote, kilograms, by), on, "fix"):
            _buy_back(run, quote.price, on)


def _buy_back(run: _Running, price: int, on: date) -> None:
    """As many lots as were fixed, so that what stays sold covers what stays open."""
    if run.position is None or not run.position.lots:
        return
    sold, lot = lots_sold(run.case), run.case.futures.lot_tonnes * KILOGRAMS
    left = run.sale.open_kilograms
    keep = min(sold, (2 * left + lot - 1) // (2 * lot)) if left else 0
    back = -run.position.lots - keep
    if back > 0:
        run.hedged(hedge.trade(run.position, back, price, on), on, "buy_back")


def _top_up(run: _Running, price: int, on: date) -> int:
    """What the buyer is called for, and taken to pay at once."""
    if not run.sale.open_kilograms:
        return 0
    call = sale.mark(run.sale, price).call
    if call:
        run.sell(sale.top_up(run.sale, call, on), on, "top_up")
    return call


def _pay_in(run: _Running, on: date) -> int:
    if run.position is None or not run.position.call:
        return 0
    call = run.position.call
    run.hedged(hedge.pay_in(run.position, call, on), on, "pay_in")
    return call


def _days(case: Case) -> list[date]:
    days = {case.invoiced, *case.settlements, *(quote.on for quote, _, _ in case.fixings)}
    days |= {case.sold[0]} if case.sold else set()
    return sorted(days)


def _last_price(case: Case, on: date) -> int:
    """The latest price known on a day: settled, fixed or sold at; else the provisional one."""
    known = [(day, price) for day, price in case.settlements.items() if day <= on]
    known += [(quote.on, quote.price) for quote, _, _ in case.fixings if quote.on <= on]
    known += [(case.sold[0], case.sold[2])] if case.sold and case.sold[0] <= on else []
    terms = case.terms
    return max(known)[1] if known else terms.provisional - terms.premium - terms.differential
