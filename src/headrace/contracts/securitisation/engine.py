"""Runs a deal: dates in order, collections, triggers, waterfalls, and a proof each date.

On one date: coupons are reset, dated fees fall due, the pool is collected, the deal closes, money
is distributed, in this order. The run ends at maturity, after a clean-up, or when the pool pays no
more, every account is empty and no party stands behind what is unpaid; no interest accrues then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np

from headrace.contracts.conventions.calendars import months_after
from headrace.contracts.securitisation.book import Book, Place, Rates, Row, rows_paying
from headrace.contracts.securitisation.dates import day_number
from headrace.contracts.securitisation.deal import (
    COLLECTION_WATERFALL,
    Amortisation,
    Deal,
    FeeKind,
    Moment,
    State,
    Step,
    StepKind,
    Trigger,
)
from headrace.contracts.securitisation.flows import KINDS, Flows, collected
from headrace.contracts.securitisation.formulas import compared
from headrace.contracts.securitisation.projection import (
    HEADRACE,
    Assumptions,
    Convention,
    LoanLines,
    project,
)
from headrace.contracts.securitisation.steps import DOING, available, note_moved
from headrace.errors import InputError


@dataclass(frozen=True)
class Replenishment:
    """Assets that a revolving deal may buy (循环购买资产).

    Attributes:
        lines: Eligible assets; what is bought is this mix, scaled to the money.
        assumptions: How they will pay.
        price: Paid for each yuan of balance.
        convention: Where their projection rounds.
    """

    lines: LoanLines
    assumptions: Assumptions
    price: Fraction = Fraction(1)
    convention: Convention = HEADRACE


@dataclass(frozen=True)
class TriggerTest:
    """A trigger as it was tested: the value, not only the answer.

    Attributes:
        value: What was measured.
        threshold: What it was compared with.
        fired: Whether the comparison held.
        state: Of the deal afterwards.
    """

    on: date
    period: int
    name: str
    moment: Moment
    value: Fraction
    op: str
    threshold: Fraction
    fired: bool
    state: State


@dataclass(frozen=True)
class Standing:
    """How a bond, fee or account stands at the end of a date; amounts in minor units.

    Attributes:
        what: `bond`, `fee` or `account`.
        balance: Of a bond its principal, of a fee what is due, of an account its money.
        interest_due: Of a bond, unpaid.
        on_unpaid_due: Of a bond, interest on unpaid interest.
        rate: Of a bond.
        principal_due: Of a bond with a schedule or a final date, due and unpaid.
    """

    on: date
    what: str
    name: str
    balance: int
    interest_due: int = 0
    on_unpaid_due: int = 0
    rate: Fraction = Fraction(0)
    principal_due: int = 0


@dataclass(frozen=True)
class PoolRow:
    """What the pool paid on a collection date, and its balance after it."""

    on: date
    period: int
    balance: int
    amounts: dict[str, int]


@dataclass(frozen=True)
class Run:
    """A deal that has run.

    Attributes:
        rows: Every movement of money, in order.
        tests: Every test of every trigger.
        standings: At the end of each date on which something happened.
        pool: A row a collection.
        states: `(date, from, to, why)`.
        ledger_rows: `(date, ledger, amount, balance, step)`.
        ended: The last date, and why.
    """

    deal: Deal
    rows: tuple[Row, ...]
    tests: tuple[TriggerTest, ...]
    standings: tuple[Standing, ...]
    pool: tuple[PoolRow, ...]
    states: tuple[tuple[date, State, State, str], ...]
    ledger_rows: tuple[tuple[date, str, int, int, str], ...]
    ended: tuple[date, str]

    def last(self, what: str) -> dict[str, Standing]:
        """The last standing of each bond, fee or account."""
        return {one.name: one for one in self.standings if one.what == what}


DATED = {Amortisation.SCHEDULE, Amortisation.BULLET}
"""Bonds whose principal is due by date, not by what there is."""

RESET, FEE, COLLECT, CLOSE, DISTRIBUTE = range(5)


def run(
    deal: Deal, flows: Flows, rates: Rates | None = None, assets: Replenishment | None = None
) -> Run:
    """Run a deal on the flows of its pool.

    Args:
        deal: What was agreed.
        flows: By date, from the cut-off on; summed to the deal's collection dates here.
        rates: Of the indices of floating coupons.
        assets: What a revolving deal buys; None where it buys nothing.

    Raises:
        InputError: The pool pays after maturity, an index has no rate, or there is nothing to buy.
        ConservationError: The engine has a fault.
    """
    grid = collected(flows, deal.calendar.collections())
    machine = _Machine(Book(deal, grid, rates or {}), assets)
    for on, order, name in _events(deal):
        if machine.exhausted() and on > deal.calendar.closing:
            return machine.result(on, "资产池无后续现金流且账户为空")
        machine.step_to(on)
        machine.happen(order, name)
        if machine.book.state is State.ENDED:
            return machine.result(on, machine.states[-1][3])
    return machine.result(deal.calendar.maturity, "法定到期")


def _events(deal: Deal) -> list[tuple[date, int, str]]:
    """All that is dated, in order."""
    calendar = deal.calendar
    events = [(calendar.closing, CLOSE, "")]
    events += [(on, COLLECT, "") for on in calendar.collections()]
    events += [(on, DISTRIBUTE, "") for on in calendar.payments()]
    for bond in deal.bonds:
        if bond.coupon.index and bond.coupon.resets:
            resets = bond.coupon.resets.between(calendar.closing, calendar.maturity)
            events += [(on, RESET, bond.name) for on in resets]
        events += [(on, RESET, bond.name) for on, _ in bond.coupon.steps if on > calendar.closing]
    for fee in deal.fees:
        if fee.kind is FeeKind.FIXED:
            events.append((fee.start, FEE, fee.name))
        elif fee.kind is FeeKind.RECURRING and fee.dates is not None:
            dates = fee.dates.between(fee.start, calendar.maturity)
            events += [(on, FEE, fee.name) for on in dates if on > fee.start]
    return sorted(events, key=lambda event: (event[0], event[1]))


class _Machine:
    """The run so far: the book, and what is reported of it."""

    def __init__(self, book: Book, assets: Replenishment | None) -> None:
        self.book = book
        self.assets = assets
        self.tests: list[TriggerTest] = []
        self.standings: list[Standing] = []
        self.pool: list[PoolRow] = []
        self.states: list[tuple[date, State, State, str]] = []
        self.fired: set[str] = set()
        self.touched = False

    def exhausted(self) -> bool:
        """Nothing will come and nothing is there, and nobody stands behind what is unpaid."""
        book = self.book
        if book.state is State.REVOLVING or any(book.accounts.values()):
            return False
        return not book.more_to_collect() and not book.supported()

    def step_to(self, on: date) -> None:
        """Close the date before, if another begins."""
        if on != self.book.today:
            self._close_date()
            self.book.today = on

    def _close_date(self) -> None:
        self.book.prove()
        if not self.touched:
            return
        self.touched = False
        book, on = self.book, self.book.today
        self.standings += [
            Standing(
                on,
                "bond",
                name,
                one.balance,
                one.interest_due,
                one.on_unpaid_due,
                one.rate,
                book.principal_due(name) if book.terms[name].amortisation in DATED else 0,
            )
            for name, one in book.bonds.items()
        ]
        self.standings += [Standing(on, "fee", name, one.due) for name, one in book.fees.items()]
        self.standings += [
            Standing(on, "account", name, balance) for name, balance in book.accounts.items()
        ]

    def happen(self, order: int, name: str) -> None:
        """One event."""
        book = self.book
        if order == RESET:
            book.set_rate(name)
        elif order == FEE:
            book.accrue_dated_fee(name)
        elif order == COLLECT and book.pool.row < len(book.pool.flows.dates):
            self._collect()
        elif order == CLOSE:
            self.touched = True
            self._do(book.deal.waterfalls.get("closing", ()), "closing")
        elif order == DISTRIBUTE:
            self._distribute()

    def _collect(self) -> None:
        book = self.book
        self.touched = True
        book.collect()
        self.pool.append(PoolRow(book.today, book.period, book.pool.balance, dict(book.pool.now)))
        self._do(book.deal.waterfalls.get(COLLECTION_WATERFALL, ()), COLLECTION_WATERFALL)
        self._test(Moment.AFTER_COLLECTION)

    def _distribute(self) -> None:
        book = self.book
        self.touched = True
        until = book.deal.calendar.revolving_until
        if book.state is State.REVOLVING and until is not None and book.today > until:
            self._enter(State.NORMAL, "循环购买期届满")
        self._test(Moment.BEFORE_DISTRIBUTION)
        clean_up = book.deal.clean_up
        if clean_up is not None and clean_up.holds(book):
            self._enter(State.CLEAN_UP, "清仓回购条件满足")
        state = book.state
        self._do(book.deal.waterfalls.get(state, ()), state.value)
        self._test(Moment.AFTER_DISTRIBUTION)
        if state is State.CLEAN_UP:
            self._enter(State.ENDED, "清仓回购")
        book.period += 1

    def _enter(self, state: State, why: str) -> None:
        if state is not self.book.state:
            self.states.append((self.book.today, self.book.state, state, why))
            self.book.state = state

    def _test(self, moment: Moment) -> None:
        for trigger in self.book.deal.triggers:
            if trigger.moment is moment:
                self._test_one(trigger)

    def _test_one(self, trigger: Trigger) -> None:
        book = self.book
        value = trigger.value.evaluate(book)
        threshold = _threshold(trigger, book)
        holds = compared(value, trigger.op, threshold)
        first = holds and trigger.name not in self.fired
        if holds and (first or trigger.curable):
            self.fired.add(trigger.name)
            if trigger.state is not None:
                self._enter(trigger.state, trigger.name)
            if first:
                self._do(trigger.steps, f"trigger {trigger.name}")
        elif trigger.curable and trigger.name in self.fired and not holds:
            self.fired.discard(trigger.name)
            if book.state is trigger.state:
                self._enter(State.NORMAL, f"{trigger.name}：已恢复")
        self.tests.append(
            TriggerTest(
                book.today,
                book.period,
                trigger.name,
                trigger.moment,
                value,
                trigger.op,
                threshold,
                holds,
                book.state,
            )
        )

    def _do(self, steps: Sequence[Step], path: str) -> None:
        for number, step in enumerate(steps, start=1):
            place = Place(f"{path}.{number}", step.kind.value, step.note)
            if step.kind is StepKind.IF:
                assert step.when is not None  # noqa: S101 - reading a deal wants it
                chosen = step.then if step.when.holds(self.book) else step.otherwise
                self._do(chosen, place.step)
            elif step.kind is StepKind.BUY_ASSETS:
                self._buy(step, place)
            else:
                before = len(self.book.rows)
                DOING[step.kind](self.book, step, place)
                note_moved(self.book, step, before, place)

    def _buy(self, step: Step, place: Place) -> None:
        """Buy assets with what the account holds, up to the limit."""
        book, assets = self.book, self.assets
        if assets is None:
            raise InputError(
                "The deal buys assets and none were given", where=place.step, remedy="give `assets`"
            )
        money = available(book, step, book.accounts[step.account], place)
        balance = int(money / assets.price)
        price = -(-balance * assets.price.numerator // assets.price.denominator)
        if balance == 0:
            return
        flows = _bought(assets, balance, book)
        book.move(f"account:{step.account}", "pool:assets", price, place)
        merged = {kind: getattr(book.pool.flows, kind) + getattr(flows, kind) for kind in KINDS}
        book.pool.flows = Flows(book.pool.flows.dates, book.pool.flows.opening, **merged)
        book.pool.rows_paying = rows_paying(book.pool.flows)
        book.pool.balance += balance

    def result(self, on: date, why: str) -> Run:
        """What is reported."""
        self._close_date()
        return Run(
            self.book.deal,
            tuple(self.book.rows),
            tuple(self.tests),
            tuple(self.standings),
            tuple(self.pool),
            tuple(self.states),
            tuple(self.book.ledger_rows),
            (on, why),
        )


def _threshold(trigger: Trigger, book: Book) -> Fraction:
    if trigger.threshold is not None:
        return trigger.threshold.evaluate(book)
    for last_period, value in trigger.table:
        if book.period <= last_period:
            return value
    return trigger.table[-1][1]


def _bought(assets: Replenishment, balance: int, book: Book) -> Flows:
    """The flows of assets bought today, on the deal's collection dates."""
    lines = assets.lines
    mix = [int(x) for x in lines.balances]
    parts = [balance * one // sum(mix) for one in mix]
    parts[0] += balance - sum(parts)
    balances = np.array(parts, dtype=np.int64)
    passed = (lines.terms - lines.terms_left) * lines.period_months
    starts = np.array([day_number(months_after(book.today, -int(k))) for k in passed])
    moved = LoanLines(
        balances,
        lines.rates_ppm,
        lines.terms,
        lines.terms_left,
        starts,
        lines.plans,
        lines.floating,
        lines.floating_rates,
        lines.period_months,
    )
    flows = project(moved, assets.assumptions, book.today, book.rates, assets.convention)
    return collected(flows, book.deal.calendar.collections())
