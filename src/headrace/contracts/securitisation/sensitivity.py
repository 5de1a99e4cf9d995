"""What a bond earns and loses as borrowers pay worse: WAL, yield, shortfall, first loss.

Everything is deterministic: the same deal, lines and scenarios give the same table. A pool is
projected once a scenario and the deal is run on it in whole fen; the figures per bond are doubles
of exact payments.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

import pyarrow as pa

from headrace.contracts.securitisation.amounts import PPM
from headrace.contracts.securitisation.book import Rates
from headrace.contracts.securitisation.deal import Deal
from headrace.contracts.securitisation.engine import Replenishment, Run, run
from headrace.contracts.securitisation.flows import Flows
from headrace.contracts.securitisation.projection import (
    HEADRACE,
    Assumptions,
    Convention,
    LoanLines,
    project,
)
from headrace.contracts.securitisation.tables import table_of

YIELD_BRACKET = (-0.999, 100.0)
YEAR_DAYS = 365.0


@dataclass(frozen=True)
class Scenario:
    """One point of a grid.

    Attributes:
        name: Of the row.
        assumptions: Of the borrowers.
        shift_ppm: Added to every index rate, millionths.
    """

    name: str
    assumptions: Assumptions
    shift_ppm: int = 0


class Cash(Protocol):
    """What pays a deal under a scenario: a pool of loans, flows of a servicer, a revenue right."""

    def run(self, deal: Deal, scenario: Scenario) -> Run:
        """The deal under a scenario."""
        ...


@dataclass(frozen=True)
class Pool:
    """What scenarios are projected from.

    Attributes:
        lines: The loans.
        as_of: Cut-off date.
        rates: Of the indices, of coupons and loans.
        convention: Where the projection rounds.
        assets: What a revolving deal buys.
    """

    lines: LoanLines
    as_of: date
    rates: Rates
    convention: Convention = HEADRACE
    assets: Replenishment | None = None

    def flows(self, scenario: Scenario) -> tuple[Flows, Rates]:
        """The flows and the rates of a scenario."""
        rates = {
            index: [(day, rate + scenario.shift_ppm) for day, rate in curve]
            for index, curve in self.rates.items()
        }
        flows = project(self.lines, scenario.assumptions, self.as_of, rates, self.convention)
        return flows, rates

    def run(self, deal: Deal, scenario: Scenario) -> Run:
        """The deal under a scenario."""
        flows, rates = self.flows(scenario)
        return run(deal, flows, rates, self.assets)


@dataclass(frozen=True)
class BondFigures:
    """A bond of one run.

    Attributes:
        wal_years: Average life of principal from closing, weighted by amount, ACT/365; None where
            no principal is paid.
        annual_yield: The effective annual rate that makes its payments worth its price; None where
            no rate does.
        principal_short: Principal unpaid at the end, minor units.
        interest_short: Interest due and unpaid when the run ended, minor units; none accrues
            after the last distribution.
        received: All it was paid, minor units.
    """

    name: str
    wal_years: float | None
    annual_yield: float | None
    principal_short: int
    interest_short: int
    received: int


def figures(done: Run, prices: dict[str, int] | None = None) -> list[BondFigures]:
    """The figures of every bond.

    Args:
        done: A run.
        prices: Paid at closing, minor units; a bond that is not in it costs its balance.
    """
    last = done.last("bond")
    out = []
    for bond in done.deal.bonds:
        paid = [row for row in done.rows if row.target.startswith(f"bond:{bond.name}:")]
        start = done.deal.calendar.closing
        principal = [
            ((row.on - start).days, row.amount) for row in paid if row.target.endswith(":principal")
        ]
        cash = [((row.on - start).days, row.amount) for row in paid]
        price = (prices or {}).get(bond.name, bond.balance)
        end = last[bond.name]
        out.append(
            BondFigures(
                bond.name,
                _average_life(principal),
                _yield(price, cash),
                end.balance,
                end.interest_due + end.on_unpaid_due,
                sum(amount for _, amount in cash),
            )
        )
    return out


def _average_life(principal: Sequence[tuple[int, int]]) -> float | None:
    total = sum(amount for _, amount in principal)
    if not total:
        return None
    return sum(days * amount for days, amount in principal) / total / YEAR_DAYS


def _yield(price: int, cash: Sequence[tuple[int, int]]) -> float | None:
    """The rate at which the payments are worth the price; the sum falls as the rate rises."""

    def worth(rate: float) -> float:
        return (
            sum(amount * math.pow(1.0 + rate, -days / YEAR_DAYS) for days, amount in cash) - price
        )

    low, high = YIELD_BRACKET
    if price <= 0 or worth(low) < 0 or worth(high) > 0:
        return None
    return _bisected(worth, low, high, 1e-10)


def _bisected(falling: Callable[[float], float], low: float, high: float, width: float) -> float:
    while high - low > width:
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return low


SCHEMA = pa.schema(
    [
        ("scenario", pa.string()),
        ("default", pa.float64()),
        ("prepayment", pa.float64()),
        ("recovery", pa.float64()),
        ("shift", pa.float64()),
        ("bond", pa.string()),
        ("wal_years", pa.float64()),
        ("annual_yield", pa.float64()),
        ("principal_short", pa.int64()),
        ("interest_short", pa.int64()),
        ("received", pa.int64()),
    ]
)
"""A row a scenario and bond; the rates are of the first period; null where there is no figure."""


def grid(deal: Deal, pool: Cash, scenarios: Sequence[Scenario]) -> pa.Table:
    """Every bond under every scenario: a table of `SCHEMA`."""
    rows: list[tuple[object, ...]] = []
    for scenario in scenarios:
        given = scenario.assumptions
        point = (
            scenario.name,
            given.default[0],
            given.prepayment[0],
            given.recovery_ppm / PPM,
            scenario.shift_ppm / PPM,
        )
        rows += [(*point, *_cells(one)) for one in figures(pool.run(deal, scenario))]
    return table_of(rows, SCHEMA)


def _cells(one: BondFigures) -> tuple[str, float | None, float | None, int, int, int]:
    return (
        one.name,
        one.wal_years,
        one.annual_yield,
        one.principal_short,
        one.interest_short,
        one.received,
    )


def scenarios(
    defaults: Sequence[float],
    prepayments: Sequence[float] = (0.0,),
    recoveries_ppm: Sequence[int] = (0,),
    shifts_ppm: Sequence[int] = (0,),
) -> list[Scenario]:
    """Every combination of constant rates, in order."""
    return [
        Scenario(
            f"CDR {cdr:.2%} CPR {cpr:.2%} 回收率 {back / PPM:.0%} 利率 {shift / 100:+.0f}bp",
            Assumptions((cdr,), (cpr,), recovery_ppm=back),
            shift,
        )
        for cdr in defaults
        for cpr in prepayments
        for back in recoveries_ppm
        for shift in shifts_ppm
    ]


def first_loss(
    deal: Deal, pool: Cash, bond: str, base: Scenario, width: float = 0.0001
) -> float | None:
    """The constant annual default rate from which a bond is short (临界违约率).

    Found by halving: a bond that is short at a rate is taken to be short at every higher one.

    Args:
        deal: The deal.
        pool: The pool.
        bond: Whose principal or interest must not be short at the end.
        base: Its prepayment, recovery and shift are kept.
        width: Of the bracket that is returned; the upper end is short, the lower is not.

    Returns:
        The largest rate tried at which it is paid in full; None if it is short without defaults.
        1 where it is never short.
    """

    def short(rate: float) -> bool:
        given = replace(base, assumptions=replace(base.assumptions, default=(rate,)))
        one = next(x for x in figures(pool.run(deal, given)) if x.name == bond)
        return one.principal_short + one.interest_short > 0

    if short(0.0):
        return None
    if not short(1.0):
        return 1.0
    return _bisected(lambda rate: 0.0 if short(rate) else 1.0, 0.0, 1.0, width)
