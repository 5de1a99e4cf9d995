"""What a running deal holds and owes: accounts, bonds, fees, the pool, and every row of money.

Money moves in one place, `Book.move`, which writes a row; balances of accounts follow from rows
alone, and `Book.prove` recomputes them from the rows each date.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

import numpy as np

from headrace.contracts.securitisation.amounts import PPM, rounded
from headrace.contracts.securitisation.dates import day_number, year_fraction
from headrace.contracts.securitisation.deal import (
    COLLECTION_KINDS,
    Amortisation,
    Bond,
    Deal,
    Fee,
    FeeKind,
    Role,
    State,
)
from headrace.contracts.securitisation.flows import KINDS, Flows
from headrace.errors import HeadraceError, InputError

Rates = Mapping[str, Sequence[tuple[date, int]]]
"""Of each index, `(from date, millionths a year)`, ascending."""

PAYERS = {Role.SHORTFALL_PAYER, Role.GUARANTOR}
"""Who stands behind a deal; money may still come from them when the pool pays no more."""

ALL_DUE = {State.ACCELERATION, State.DEFAULT, State.CLEAN_UP}
"""States in which a bond's whole balance is due, whatever its schedule."""


class ConservationError(HeadraceError):
    """Money appeared or vanished: the engine has a fault, and the run stops."""


@dataclass(frozen=True)
class Row:
    """One movement of money.

    Attributes:
        number: From 0, in the order in which it happened.
        on: The date.
        period: Distribution period, from 1.
        step: Which line of which waterfall: `normal.3`; `collection` for the pool's money.
        kind: A value of `StepKind`, or `collection`.
        source: `account:…`, `pool:…` or `party:…`.
        target: `account:…`, `bond:…:interest|principal|residual`, `fee:…`, `party:…` or
            `pool:assets`.
        amount: Minor units, above 0.
        note: The reason, as the deal words it.
    """

    number: int
    on: date
    period: int
    step: str
    kind: str
    source: str
    target: str
    amount: int
    note: str


@dataclass
class Holding:
    """A bond as it stands: unpaid interest and the interest on it are apart."""

    balance: int
    rate: Fraction
    accrued_to: date
    interest_due: int = 0
    on_unpaid_due: int = 0


@dataclass
class Owed:
    """A fee as it stands; `base` is what an annual fee is reckoned on since `accrued_to`."""

    due: int = 0
    accrued_to: date | None = None
    base: Fraction = Fraction(0)
    paid_total: int = 0


@dataclass(frozen=True)
class Place:
    """Where in the waterfalls a row is written: the line, its kind, the deal's words."""

    step: str
    kind: str
    note: str = ""


@dataclass
class PoolState:
    """The pool as collected so far.

    Attributes:
        rows_paying: Rows of the flows up to the last that is not all zero.
        row: The next row of the flows.
    """

    flows: Flows
    balance: int
    balance_start: int
    rows_paying: int
    row: int = 0
    now: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    total: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))


class Book:
    """A deal while it runs. It answers formulas (`fact`) and moves money (`move`)."""

    def __init__(self, deal: Deal, flows: Flows, rates: Rates) -> None:
        """Open the accounts; `flows` stand on the deal's collection dates."""
        self.deal = deal
        self.rates = rates
        self.today = deal.calendar.closing
        self.period = 1
        self.state = deal.state
        self.accounts = {account.name: account.opening for account in deal.accounts}
        self.bonds = {bond.name: self._holding(bond) for bond in deal.bonds}
        self.fees = {fee.name: Owed() for fee in deal.fees}
        self.ledgers = dict.fromkeys(deal.ledgers, 0)
        self.claims = {party.name: 0 for party in deal.parties}
        self.drawn = {party.name: 0 for party in deal.parties}
        self.pool = PoolState(flows, flows.opening, flows.opening, rows_paying(flows))
        self.original_pool = flows.opening if deal.original_pool is None else deal.original_pool
        self.rows: list[Row] = []
        self.ledger_rows: list[tuple[date, str, int, int, str]] = []
        self.terms = {bond.name: bond for bond in deal.bonds}
        self.tariffs = {fee.name: fee for fee in deal.fees}
        self.targets = {account.name: account.target for account in deal.accounts}
        self.limits = {party.name: party.limit for party in deal.parties}
        self.payers = {party.name for party in deal.parties if party.role in PAYERS}
        self._proved = 0
        self._from_rows = dict(self.accounts)

    def _holding(self, bond: Bond) -> Holding:
        start = bond.accrues_from or self.deal.calendar.closing
        return Holding(bond.balance, bond.coupon.rate, start)

    # --- money ------------------------------------------------------------------------------------

    def move(self, source: str, target: str, amount: int, place: Place) -> None:
        """Move an amount and write its row; nothing is written for 0.

        Raises:
            ConservationError: An account would go below zero.
        """
        if amount == 0:
            return
        if amount < 0:
            raise ConservationError(f"A movement of {amount}", where=f"{self.today} {place.step}")
        self._change(source, -amount, place)
        self._change(target, amount, place)
        self.rows.append(
            Row(
                len(self.rows),
                self.today,
                self.period,
                place.step,
                place.kind,
                source,
                target,
                amount,
                place.note,
            )
        )

    def _change(self, end: str, amount: int, place: Place) -> None:
        kind, _, name = end.partition(":")
        if kind != "account":
            return
        self.accounts[name] += amount
        if self.accounts[name] < 0:
            raise ConservationError(
                f"{name} would hold {self.accounts[name]}", where=f"{self.today} {place.step}"
            )

    def prove(self) -> None:
        """Recompute every account from the rows since the last proof, and compare.

        Raises:
            ConservationError: A balance is not what the rows say.
        """
        for row in self.rows[self._proved :]:
            for end, sign in ((row.source, -1), (row.target, 1)):
                kind, _, name = end.partition(":")
                if kind == "account":
                    self._from_rows[name] += sign * row.amount
        self._proved = len(self.rows)
        if self._from_rows != self.accounts:
            raise ConservationError("Accounts differ from the rows", where=str(self.today))

    # --- the pool ---------------------------------------------------------------------------------

    def collect(self) -> None:
        """Put the pool's money of today on the accounts."""
        pool = self.pool
        flows = pool.flows
        row = pool.row
        pool.balance_start = pool.balance
        pool.now = {kind: int(getattr(flows, kind)[row]) for kind in KINDS}
        for kind, amount in pool.now.items():
            pool.total[kind] += amount
        pool.balance -= pool.now["principal"] + pool.now["prepayment"] + pool.now["default"]
        pool.row += 1
        for kind, account in self.deal.collect:
            self.move(
                f"pool:{kind}",
                f"account:{account}",
                pool.now[kind],
                Place("collection", "collection", COLLECTION_KINDS[kind]),
            )

    def more_to_collect(self) -> bool:
        """Whether the pool still pays anything."""
        return self.pool.row < self.pool.rows_paying

    def supported(self) -> bool:
        """Whether a bond is unpaid and a party that may be drawn on still has room."""
        unpaid = any(
            one.balance or one.interest_due or one.on_unpaid_due for one in self.bonds.values()
        )
        return unpaid and any(
            limit is None or self.drawn[name] < limit
            for name, limit in self.limits.items()
            if name in self.payers
        )

    # --- interest and fees ------------------------------------------------------------------------

    def interest_pending(self, name: str) -> tuple[int, int]:
        """Interest, and interest on unpaid interest, since the last accrual; not yet due."""
        bond, held = self.terms[name], self.bonds[name]
        if bond.amortisation is Amortisation.EQUITY or self.today <= held.accrued_to:
            return 0, 0
        factor = held.rate * year_fraction(bond.coupon.day_count, held.accrued_to, self.today)
        on_unpaid = held.interest_due * factor if bond.coupon.on_unpaid else 0
        how = self.deal.rounding
        return rounded(held.balance * factor, how), rounded(on_unpaid, how)

    def accrue_bond(self, name: str) -> None:
        """Make interest due up to today."""
        held = self.bonds[name]
        interest, on_unpaid = self.interest_pending(name)
        held.interest_due += interest
        held.on_unpaid_due += on_unpaid
        held.accrued_to = max(held.accrued_to, self.today)

    def set_rate(self, name: str) -> None:
        """A reset or a step: interest to today at the old rate, then the new one."""
        self.accrue_bond(name)
        coupon = self.terms[name].coupon
        if coupon.index:
            rate = self.index_rate(coupon.index) + coupon.spread
            rate = rate if coupon.floor is None else max(rate, coupon.floor)
            self.bonds[name].rate = rate if coupon.cap is None else min(rate, coupon.cap)
            return
        reached = [rate for day, rate in coupon.steps if day <= self.today]
        self.bonds[name].rate = reached[-1] if reached else coupon.rate

    def index_rate(self, index: str) -> Fraction:
        """The index today.

        Raises:
            InputError: It has no rate for today.
        """
        curve = self.rates.get(index, ())
        at = bisect_right([day for day, _ in curve], self.today) - 1
        if at < 0:
            raise InputError(
                f"The index {index} has no rate on {self.today}", remedy="give `rates` for it"
            )
        return Fraction(curve[at][1], PPM)

    def principal_due(self, name: str) -> int:
        """Principal due today."""
        bond, held = self.terms[name], self.bonds[name]
        if self.state in ALL_DUE:
            return held.balance
        if bond.amortisation is Amortisation.SCHEDULE:
            reached = [balance for day, balance in bond.schedule if day <= self.today]
            return max(0, held.balance - reached[-1]) if reached else 0
        if bond.amortisation is Amortisation.BULLET:
            return held.balance if bond.due is not None and self.today >= bond.due else 0
        return held.balance

    def fee_pending(self, fee: Fee) -> int:
        """What a fee adds to what is due, up to today."""
        owed = self.fees[fee.name]
        if self.today < fee.start:
            return 0
        how = self.deal.rounding
        if fee.kind is FeeKind.ANNUAL:
            since = owed.accrued_to or fee.start
            time = year_fraction(fee.day_count, since, self.today)
            return rounded(max(Fraction(0), self._fee_base(fee)) * fee.rate * time, how)
        assert fee.base is not None  # noqa: S101 - reading a deal gives these kinds a base
        if fee.kind is FeeKind.SHARE:
            return rounded(max(Fraction(0), fee.base.evaluate(self)) * fee.rate, how)
        return rounded(max(Fraction(0), fee.base.evaluate(self)), how) - owed.due

    def _fee_base(self, fee: Fee) -> Fraction:
        owed = self.fees[fee.name]
        if owed.accrued_to is None and fee.base is not None:
            return Fraction(self.pool.balance_start) if _is_pool(fee) else fee.base.evaluate(self)
        return owed.base

    def accrue_fee(self, name: str) -> None:
        """Make a fee due up to today: annual, by share, by formula."""
        fee, owed = self.tariffs[name], self.fees[name]
        if fee.base is None or self.today < fee.start:
            return
        if fee.kind is FeeKind.SHARE and owed.accrued_to == self.today:
            return
        owed.due += self.fee_pending(fee)
        owed.accrued_to = self.today
        owed.base = fee.base.evaluate(self)

    def accrue_dated_fee(self, name: str) -> None:
        """Make a one-off or recurring fee due on its date."""
        self.fees[name].due += self.tariffs[name].amount
        self.fees[name].accrued_to = self.today

    # --- facts ------------------------------------------------------------------------------------

    def target(self, name: str) -> int:
        """What a reserve should hold now; 0 for an account without a target."""
        wanted = self.targets[name]
        if wanted is None:
            return 0
        return max(0, rounded(wanted.evaluate(self), self.deal.rounding))

    def fact(self, name: str, about: tuple[str, ...]) -> Fraction:
        """The value of a name of `formulas.NAMES`."""
        if name.startswith("bond_"):
            return Fraction(self._bond_fact(name, about or tuple(self.bonds)))
        if name in {"account", "target", "gap", "excess"}:
            return Fraction(sum(self._account_fact(name, one) for one in about))
        if name.startswith("fee_"):
            return Fraction(sum(self._fee_fact(name, one) for one in about or tuple(self.fees)))
        if name in {"collected", "collected_total"}:
            return Fraction(self._collected(name, about or tuple(COLLECTION_KINDS)))
        return self._pool_fact(name, about)

    def _bond_fact(self, name: str, about: tuple[str, ...]) -> int:
        if name == "bond_original":
            return sum(self.terms[one].original for one in about)
        if name == "bond_principal_due":
            return sum(self.principal_due(one) for one in about)
        if name == "bond_balance":
            return sum(self.bonds[one].balance for one in about)
        held = [self.bonds[one] for one in about]
        recorded = sum(one.interest_due + one.on_unpaid_due for one in held)
        return recorded + sum(sum(self.interest_pending(one)) for one in about)

    def _account_fact(self, name: str, one: str) -> int:
        balance = self.accounts[one]
        if name == "account":
            return balance
        wanted = self.target(one)
        return {
            "target": wanted,
            "gap": max(0, wanted - balance),
            "excess": max(0, balance - wanted),
        }[name]

    def _fee_fact(self, name: str, one: str) -> int:
        owed, fee = self.fees[one], self.tariffs[one]
        if name == "fee_paid_total":
            return owed.paid_total
        waits = fee.by_step or fee.kind in {FeeKind.FIXED, FeeKind.RECURRING}
        done = fee.kind is FeeKind.SHARE and owed.accrued_to == self.today
        return owed.due + (0 if waits or done else self.fee_pending(fee))

    def _collected(self, name: str, kinds: tuple[str, ...]) -> int:
        if name == "collected":
            return sum(self.pool.now[kind] for kind in kinds)
        return sum(self.pool.total[kind] + self.deal.history.get(kind, 0) for kind in kinds)

    def _pool_fact(self, name: str, about: tuple[str, ...]) -> Fraction:
        total, history = self.pool.total, self.deal.history
        defaults = total["default"] + history.get("default", 0)
        original = Fraction(self.original_pool)
        plain = {
            "pool_balance": self.pool.balance,
            "pool_balance_start": self.pool.balance_start,
            "pool_original": self.original_pool,
            "defaults_total": defaults,
            "losses_total": total["loss"] + history.get("loss", 0),
            "period": self.period,
            "today": day_number(self.today),
        }
        if name in plain:
            return Fraction(plain[name])
        if name == "ledger":
            return Fraction(sum(self.ledgers[one] for one in about))
        if name == "claims":
            return Fraction(sum(self.claims[one] for one in about or tuple(self.claims)))
        above = defaults if name == "default_rate" else self.pool.balance
        return above / original if original else Fraction(0)


def rows_paying(flows: Flows) -> int:
    """Rows up to the last that is not all zero."""
    some = np.flatnonzero(sum(np.abs(getattr(flows, kind)) for kind in KINDS))
    return int(some[-1]) + 1 if len(some) else 0


def _is_pool(fee: Fee) -> bool:
    return fee.base is not None and fee.base.name == "pool_balance"
