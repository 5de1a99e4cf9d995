"""What can be asked of a securitisation: what everybody was paid, how much worse it may get.

Pure: a deal and what pays it come in, tables and figures go out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from headrace.contracts.securitisation import priority, sensitivity
from headrace.contracts.securitisation.amounts import PPM, exact
from headrace.contracts.securitisation.book import Rates
from headrace.contracts.securitisation.deal import Amortisation, Deal, State
from headrace.contracts.securitisation.engine import Replenishment, Run, TriggerTest, run
from headrace.contracts.securitisation.flows import Flows
from headrace.contracts.securitisation.priority import LACK_WORDS, Overtaking
from headrace.contracts.securitisation.projection import LoanLines, stressed
from headrace.contracts.securitisation.report import MONEY, report
from headrace.contracts.securitisation.revenue import (
    Interruption,
    RevenueRight,
    cover,
    revenue_flows,
)
from headrace.contracts.securitisation.rules import Rule, in_force
from headrace.contracts.securitisation.sensitivity import Cash, Pool, Scenario
from headrace.contracts.securitisation.tables import table_of
from headrace.money import MINOR_PER_MAJOR

Tick = Callable[[int, int], None]
"""Told how many runs are done, and of how many."""


@dataclass(frozen=True)
class Revenue:
    """A revenue right as what pays; the default rate of a scenario is the share that never comes.

    Attributes:
        right: What users are charged.
        stops: Months without service.
        rates: Of indices of floating coupons.
    """

    right: RevenueRight
    stops: tuple[Interruption, ...]
    rates: Rates

    def run(self, deal: Deal, scenario: Scenario) -> Run:
        """The deal, with the scenario's share of the revenue missing throughout."""
        left = 1 - exact(scenario.assumptions.default[0])
        short = Interruption(self.right.first_month, self.right.months, left)
        flows = revenue_flows(self.right, (*self.stops, short))
        return run(deal, flows, shifted(self.rates, scenario.shift_ppm))


@dataclass(frozen=True)
class Serviced:
    """Flows as a servicer gives them, made worse by a scenario.

    Attributes:
        flows: By date.
        as_of: From when scenarios count.
        rates: Of indices of floating coupons.
        assets: What a revolving deal buys.
    """

    flows: Flows
    as_of: date
    rates: Rates
    assets: Replenishment | None = None

    def run(self, deal: Deal, scenario: Scenario) -> Run:
        """The deal on the flows, stressed."""
        flows = stressed(self.flows, scenario.assumptions, self.as_of)
        return run(deal, flows, shifted(self.rates, scenario.shift_ppm), self.assets)


def loans_paying(
    lines: LoanLines, deal: Deal, rates: Rates, assets: Replenishment | None = None
) -> Pool:
    """Loans as what pays, from the deal's cut-off date."""
    return Pool(lines, deal.calendar.cutoff, rates, assets=assets)


def shifted(rates: Rates, shift_ppm: int) -> Rates:
    """Every index rate moved by the same."""
    return {index: [(on, rate + shift_ppm) for on, rate in curve] for index, curve in rates.items()}


@dataclass(frozen=True)
class BondPaid:
    """A class in all; amounts in minor units.

    Attributes:
        unpaid: Interest due and unpaid at the end.
        wal_years: Average life of principal; None where none is paid.
        annual_yield: Of a buyer at the opening balance; None where no rate is.
    """

    name: str
    rank: int
    opening: int
    interest: int
    principal: int
    residual: int
    closing: int
    unpaid: int
    wal_years: float | None
    annual_yield: float | None


@dataclass(frozen=True)
class TriggerSeen:
    """A trigger over a run.

    Attributes:
        tests: How often it was tested.
        fired: How often it held.
        first: When it first held, or None.
        nearest: The test closest to its threshold, or furthest beyond.
        is_money: The value is an amount in minor units, else a ratio or count.
        state: What follows when it fires, or None.
    """

    name: str
    tests: int
    fired: int
    first: date | None
    nearest: TriggerTest
    is_money: bool
    state: State | None


@dataclass(frozen=True)
class Conservation:
    """All money of a run, minor units: what was there and came in is what went out and is left."""

    opening: int
    collected: int
    support: int
    paid: int
    left: int

    @property
    def holds(self) -> bool:
        """Whether no yuan appeared or vanished."""
        return self.opening + self.collected + self.support == self.paid + self.left


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        fees: Name, paid in all, due at the end.
        accounts: Name, held at the end.
        parties: Name, paid in, received.
        overtaken: Payments to a junior class while a senior one lacked something.
        cover: See `revenue.cover`; None where no revenue right pays.
        cover_rule: The requirement that cover is compared with.
    """

    run: Run
    bonds: tuple[BondPaid, ...]
    fees: tuple[tuple[str, int, int], ...]
    accounts: tuple[tuple[str, int], ...]
    parties: tuple[tuple[str, int, int], ...]
    triggers: tuple[TriggerSeen, ...]
    conservation: Conservation
    overtaken: tuple[Overtaking, ...]
    cover: pa.Table | None = None
    cover_rule: Rule | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON: amounts in minor units."""
        done, money = self.run, self.conservation
        return {
            "deal": done.deal.name,
            "currency": done.deal.currency,
            "ended": {"on": done.ended[0], "why": done.ended[1]},
            "bonds": [vars(bond) for bond in self.bonds],
            "fees": [dict(zip(("name", "paid", "due"), row, strict=True)) for row in self.fees],
            "accounts": [dict(zip(("name", "balance"), row, strict=True)) for row in self.accounts],
            "parties": [
                dict(zip(("name", "paid_in", "received"), row, strict=True)) for row in self.parties
            ],
            "triggers": [_trigger_dict(seen) for seen in self.triggers],
            "states": [
                {"on": on, "from": before, "to": after, "why": why}
                for on, before, after, why in done.states
            ],
            "overtaken": [vars(one) for one in self.overtaken],
            "cover": None if self.cover is None else self.cover.to_pylist(),
            "conservation": vars(money) | {"holds": money.holds},
        }


def _trigger_dict(seen: TriggerSeen) -> dict[str, Any]:
    nearest = seen.nearest
    return {
        "name": seen.name,
        "tests": seen.tests,
        "fired": seen.fired,
        "first": seen.first,
        "state": seen.state,
        "unit": "minor" if seen.is_money else "ratio",
        "nearest": {
            "on": nearest.on,
            "value": float(nearest.value),
            "is": nearest.op,
            "than": float(nearest.threshold),
        },
    }


def outcome(done: Run) -> Outcome:
    """Who was paid what, what triggers measured, and whether every yuan is accounted for."""
    received = _by(done, "target")
    gave = _by(done, "source")
    return Outcome(
        done,
        bonds=_bonds(done, received),
        fees=tuple(
            (name, received.get(f"fee:{name}", 0), last.balance)
            for name, last in done.last("fee").items()
        ),
        accounts=tuple((name, last.balance) for name, last in done.last("account").items()),
        parties=tuple(
            (one.name, gave.get(f"party:{one.name}", 0), received.get(f"party:{one.name}", 0))
            for one in done.deal.parties
        ),
        triggers=_triggers(done),
        conservation=_conservation(done, received, gave),
        overtaken=tuple(priority.overtaken(done)),
    )


def covered(found: Outcome, rules: Sequence[Rule]) -> Outcome:
    """The outcome of a revenue right with how many times each period's dues are covered.

    The lowest class and equity do not count; the multiple is that of the rule in force at closing.
    """
    deal = found.run.deal
    lowest = max(bond.rank for bond in deal.bonds)
    senior = [
        bond.name
        for bond in deal.bonds
        if bond.amortisation is not Amortisation.EQUITY and (bond.rank < lowest or lowest == 1)
    ]
    rule = in_force(rules, "revenue_right", deal.calendar.closing).get("cover.minimum")
    wanted = Fraction(1) if rule is None or rule.threshold is None else rule.threshold
    table = cover(found.run, senior, wanted)
    return replace(found, cover=table, cover_rule=rule)


def _by(done: Run, end: str) -> dict[str, int]:
    out: dict[str, int] = {}
    for row in done.rows:
        name = getattr(row, end)
        out[name] = out.get(name, 0) + row.amount
    return out


def _bonds(done: Run, received: dict[str, int]) -> tuple[BondPaid, ...]:
    figures = {one.name: one for one in sensitivity.figures(done)}
    last = done.last("bond")
    return tuple(
        BondPaid(
            bond.name,
            bond.rank,
            bond.balance,
            received.get(f"bond:{bond.name}:interest", 0),
            received.get(f"bond:{bond.name}:principal", 0),
            received.get(f"bond:{bond.name}:residual", 0),
            last[bond.name].balance,
            figures[bond.name].interest_short,
            figures[bond.name].wal_years,
            figures[bond.name].annual_yield,
        )
        for bond in done.deal.bonds
    )


def _conservation(done: Run, received: dict[str, int], gave: dict[str, int]) -> Conservation:
    return Conservation(
        opening=sum(account.opening for account in done.deal.accounts),
        collected=sum(amount for end, amount in gave.items() if end.startswith("pool:")),
        support=sum(amount for end, amount in gave.items() if end.startswith("party:")),
        paid=sum(amount for end, amount in received.items() if not end.startswith("account:")),
        left=sum(last.balance for last in done.last("account").values()),
    )


def _triggers(done: Run) -> tuple[TriggerSeen, ...]:
    out = []
    for trigger in done.deal.triggers:
        tests = [test for test in done.tests if test.name == trigger.name]
        if tests:
            fired = [test.on for test in tests if test.fired]
            first = fired[0] if fired else None
            nearest = max(tests, key=_beyond)
            kind = trigger.value.is_money
            out.append(
                TriggerSeen(
                    trigger.name, len(tests), len(fired), first, nearest, kind, trigger.state
                )
            )
    return tuple(out)


def _beyond(test: TriggerTest) -> Fraction:
    """How far a value is beyond its threshold, in the direction that fires."""
    far = test.value - test.threshold
    return {">": far, ">=": far, "<": -far, "<=": -far}.get(test.op, -abs(far))


def tables(found: Outcome) -> dict[str, pa.Table]:
    """The tables of a trustee's report, who was paid ahead, and cover where it was asked."""
    per_major = MINOR_PER_MAJOR[found.run.deal.currency]
    out = report(found.run) | {"先于优先受偿": _overtaken(found.overtaken, per_major)}
    if found.cover is not None:
        out["覆盖倍数"] = _cover(found.cover, per_major)
    return out


TABLES = (
    "资金收付明细", "证券兑付", "费用支付", "账户余额", "触发事件", "资产池", "状态变化",
    "先于优先受偿", "覆盖倍数",
)  # fmt: skip
"""All that `tables` may give, in order."""


def _yuan(minor: int, per_major: int) -> Decimal:
    return Decimal(minor) / per_major


def _overtaken(found: Sequence[Overtaking], per_major: int) -> pa.Table:
    schema = pa.schema(
        [("日期", pa.date32()), ("受偿证券", pa.string()), ("支付金额", MONEY),
         ("步骤", pa.string()), ("未足额证券", pa.string()), ("未足额项目", pa.string()),
         ("未付金额", MONEY)]
    )  # fmt: skip
    rows = [
        (
            one.on,
            one.junior,
            _yuan(one.paid, per_major),
            one.step,
            one.senior,
            LACK_WORDS[one.lack],
            _yuan(one.unpaid, per_major),
        )
        for one in found
    ]
    return table_of(rows, schema)


def _cover(found: pa.Table, per_major: int) -> pa.Table:
    schema = pa.schema(
        [("期数", pa.int32()), ("兑付日", pa.date32()), ("本期回款", MONEY), ("应付合计", MONEY),
         ("覆盖倍数", pa.float64()), ("要求倍数", pa.float64()), ("是否达标", pa.bool_())]
    )  # fmt: skip
    rows = [
        (
            row["period"],
            row["date"],
            _yuan(row["collected"], per_major),
            _yuan(row["due"], per_major),
            row["cover"],
            row["wanted"],
            row["passes"],
        )
        for row in found.to_pylist()
    ]
    return table_of(rows, schema)


ROWS = pa.schema(
    [("number", pa.int64()), ("on", pa.date32()), ("period", pa.int32()), ("step", pa.string()),
     ("kind", pa.string()), ("source", pa.string()), ("target", pa.string()),
     ("amount", pa.int64()), ("note", pa.string())]
)  # fmt: skip
"""Every movement of money as `book.Row` has it; amounts in minor units."""


def rows_table(done: Run) -> pa.Table:
    """The rows of a run."""
    return table_of([tuple(vars(row).values()) for row in done.rows], ROWS)


def flow_sums(ways: pa.Table) -> pa.Table:
    """A trace in all: what each kind of inflow came to be; `source`, `target`, `amount`."""
    added = ways.group_by(["source", "target"], use_threads=False).aggregate([("amount", "sum")])
    named = added.rename_columns({"amount_sum": "amount"}).select(["source", "target", "amount"])
    return named.sort_by([("source", "ascending"), ("amount", "descending")])


@dataclass
class _Remembered:
    """Runs that were made already; first losses of several classes try the same rates."""

    cash: Cash
    tick: Callable[[], None]
    runs: dict[Scenario, Run] = field(default_factory=dict)

    def run(self, deal: Deal, scenario: Scenario) -> Run:
        found = self.runs.get(scenario)
        if found is None:
            found = self.runs[scenario] = self.cash.run(deal, scenario)
            self.tick()
        return found


@dataclass(frozen=True)
class Sensitivity:
    """How classes stand as borrowers pay worse.

    Attributes:
        grid: Of `sensitivity.SCHEMA`.
        first_loss: Of each class the largest rate at which it is paid in full: CDR, or the share
            of revenue that never comes; None: short without any.
        base: What else was assumed for it.
    """

    grid: pa.Table
    first_loss: dict[str, float | None]
    base: Scenario


def sensitivities(
    deal: Deal, cash: Cash, points: Sequence[Scenario], base: Scenario, tick: Tick
) -> Sensitivity:
    """The grid of scenarios, and each class's first loss.

    Args:
        deal: The deal.
        cash: What pays it.
        points: Of the grid.
        base: First losses keep all of it but the default rate.
        tick: Told of each run; how many first losses take is an estimate until it is done.
    """
    searches = _SEARCH_RUNS * len(deal.bonds)
    count = len(points) + searches
    parts = []
    for done, point in enumerate(points, start=1):
        parts.append(sensitivity.grid(deal, cash, [point]))
        tick(done, count)
    made = 0

    def one_more() -> None:
        nonlocal made
        made = min(made + 1, searches)
        tick(len(points) + made, count)

    remembered = _Remembered(cash, one_more)
    losses = {
        bond.name: sensitivity.first_loss(deal, remembered, bond.name, base) for bond in deal.bonds
    }
    tick(count, count)
    return Sensitivity(pa.concat_tables(parts), losses, base)


_SEARCH_RUNS = 16  # two ends, and halvings to one in ten thousand


def grid_points(
    defaults: Sequence[Fraction],
    prepayments: Sequence[Fraction],
    shifts_bp: Sequence[int],
    base: Scenario,
) -> list[Scenario]:
    """Every combination of constant rates; what else is assumed is as in `base`."""
    given = base.assumptions
    return [
        Scenario(
            f"{float(cdr):.2%} / {float(cpr):.2%} / {shift:+d} bp",
            replace(given, default=(float(cdr),), prepayment=(float(cpr),)),
            shift * PPM // 10_000,
        )
        for cdr in defaults
        for cpr in prepayments
        for shift in shifts_bp
    ]
