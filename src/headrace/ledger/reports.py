"""Balance sheet and income by a chart of accounts, and how two views of the books differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from headrace.ledger.asof import TRIAL
from headrace.ledger.chart import Chart, Entry, Kind, Side

LINES = pa.schema(
    [
        ("kind", pa.string()),
        ("code", pa.string()),
        ("en", pa.string()),
        ("zh", pa.string()),
        ("currency", pa.string()),
        ("amount", pa.int64()),  # on the side of its kind: an allowance lessens assets
    ]
)
"""Lines of a report, minor units; by kind, then code, then currency."""

DIFFERENCE = pa.schema(
    [
        ("account", pa.string()),
        ("code", pa.string()),
        ("currency", pa.string()),
        ("before", pa.int64()),
        ("after", pa.int64()),
        ("change", pa.int64()),
    ]
)
"""Accounts whose debits less credits differ, minor units."""


@dataclass(frozen=True)
class BalanceSheet:
    """A balance sheet (资产负债表).

    Attributes:
        lines: Columns of `LINES`: assets, liabilities, equity; off-balance items at the end.
        assets: By currency.
        liabilities: By currency.
        equity: By currency, with the profit of income and expense accounts not yet closed.
        profit: That profit, by currency.
    """

    lines: pa.Table
    assets: dict[str, int]
    liabilities: dict[str, int]
    equity: dict[str, int]
    profit: dict[str, int]

    @property
    def balanced(self) -> bool:
        """Whether assets are liabilities and equity, in every currency."""
        return all(
            amount == self.liabilities.get(currency, 0) + self.equity.get(currency, 0)
            for currency, amount in self.assets.items()
        )


@dataclass(frozen=True)
class Income:
    """An income statement (利润表).

    Attributes:
        lines: Columns of `LINES`: income and expenses.
        profit: Income less expenses, by currency.
    """

    lines: pa.Table
    profit: dict[str, int]


def balance_sheet(trial: pa.Table, chart: Chart) -> BalanceSheet:
    """The balance sheet that a trial balance makes.

    Args:
        trial: `asof.trial_balance`, of a day and as known at a time.
        chart: Which must hold every code.

    Raises:
        MappingError: The chart lacks a code.
    """
    amounts = _by_code(trial, chart)
    currencies = sorted({currency for _, currency in amounts})
    profit = _profit(amounts, chart)

    def total(kind: Kind) -> dict[str, int]:
        return _sums(
            (each for each in amounts.items() if _kind(each[0], chart) == kind), currencies
        )

    equity = total(Kind.EQUITY)
    shown = (Kind.ASSET, Kind.LIABILITY, Kind.EQUITY, Kind.OFF_BALANCE)
    return BalanceSheet(
        _lines(amounts, chart, shown),
        total(Kind.ASSET),
        total(Kind.LIABILITY),
        {each: equity[each] + profit.get(each, 0) for each in currencies},
        {each: profit.get(each, 0) for each in currencies},
    )


def income(moved: pa.Table, chart: Chart) -> Income:
    """The income statement of a period.

    Args:
        moved: `asof.movements` of the period.
        chart: Which must hold every code.

    Raises:
        MappingError: The chart lacks a code.
    """
    amounts = _by_code(moved, chart)
    return Income(_lines(amounts, chart, (Kind.INCOME, Kind.EXPENSE)), _profit(amounts, chart))


def difference(before: pa.Table, after: pa.Table) -> pa.Table:
    """What changed between two trial balances: columns of `DIFFERENCE`, accounts that differ.

    Args:
        before: `asof.trial_balance`, such as of a day as known at its close.
        after: Another of the same ledger, such as of the same day as known now.
    """
    old = dict(zip(before["account"].to_pylist(), before["balance"].to_pylist(), strict=True))
    was = pa.array([old.get(each, 0) for each in after["account"].to_pylist()], pa.int64())
    change = pc.subtract(after["balance"], was)
    table = pa.Table.from_arrays(
        [after["account"], after["code"], after["currency"], was, after["balance"], change],
        schema=DIFFERENCE,
    )
    return table.filter(pc.not_equal(table["change"], 0))


Amounts = dict[tuple[str, str], int]
"""Amount on the side of its kind, by code and currency."""


def _by_code(trial: pa.Table, chart: Chart) -> Amounts:
    summed = (
        trial.select(TRIAL.names).group_by(["code", "currency"]).aggregate([("balance", "sum")])
    )
    found = {}
    for row in summed.to_pylist():
        entry = chart.entry(row["code"])
        amount = row["balance_sum"]
        found[row["code"], row["currency"]] = amount if _is_debit_kind(entry) else -amount
    return found


def _is_debit_kind(entry: Entry) -> bool:
    return (entry.side == Side.DEBIT) != entry.contra


def _kind(key: tuple[str, str], chart: Chart) -> Kind:
    return chart.entry(key[0]).kind


def _sums(amounts: Iterable[tuple[tuple[str, str], int]], currencies: list[str]) -> dict[str, int]:
    sums = dict.fromkeys(currencies, 0)
    for (_, currency), amount in amounts:
        sums[currency] += amount
    return sums


def _profit(amounts: Amounts, chart: Chart) -> dict[str, int]:
    found: dict[str, int] = {}
    for (code, currency), amount in amounts.items():
        sign = {Kind.INCOME: 1, Kind.EXPENSE: -1}.get(chart.entry(code).kind, 0)
        if sign:
            found[currency] = found.get(currency, 0) + sign * amount
    return found


def _lines(amounts: Amounts, chart: Chart, kinds: tuple[Kind, ...]) -> pa.Table:
    chosen = [
        (kinds.index(_kind(key, chart)), *key, amount)
        for key, amount in amounts.items()
        if _kind(key, chart) in kinds and amount
    ]
    rows = []
    for place, code, currency, amount in sorted(chosen):
        entry = chart.entry(code)
        told = (kinds[place].value, code, entry.en, entry.zh, currency, amount)
        rows.append(dict(zip(LINES.names, told, strict=True)))
    return pa.Table.from_pylist(rows, LINES)
