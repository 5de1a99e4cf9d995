"""Tables of a run with Chinese headings, as a trustee reports it (受托机构报告), a row a period.

Amounts are yuan with two decimals; rates and ratios are doubles, and so is what a trigger measures:
in yuan where it is an amount. Every table has the same rows and
order for the same run.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headrace.contracts.securitisation.deal import STATE_WORDS, STEP_WORDS, Moment
from headrace.contracts.securitisation.engine import Run, Standing
from headrace.contracts.securitisation.formulas import COMPARISONS
from headrace.contracts.securitisation.tables import table_of
from headrace.money import MINOR_PER_MAJOR

MONEY = pa.decimal128(20, 2)
_TEXT, _DAY, _COUNT, _RATIO = pa.string(), pa.date32(), pa.int32(), pa.float64()

HEADINGS: dict[str, list[tuple[str, pa.DataType]]] = {
    "资金收付明细": [
        ("序号", _COUNT), ("日期", _DAY), ("期数", _COUNT), ("步骤", _TEXT), ("事项", _TEXT),
        ("付出方", _TEXT), ("收入方", _TEXT), ("金额", MONEY), ("说明", _TEXT),
    ],
    "证券兑付": [
        ("兑付日", _DAY), ("证券", _TEXT), ("期初余额", MONEY), ("支付利息", MONEY),
        ("支付本金", MONEY), ("剩余收益", MONEY), ("期末余额", MONEY), ("未付利息", MONEY),
        ("执行利率", _RATIO),
    ],
    "费用支付": [("日期", _DAY), ("费用", _TEXT), ("本期支付", MONEY), ("期末应付", MONEY)],
    "账户余额": [
        ("日期", _DAY), ("账户", _TEXT), ("期初余额", MONEY), ("转入", MONEY), ("转出", MONEY),
        ("期末余额", MONEY),
    ],
    "触发事件": [
        ("日期", _DAY), ("期数", _COUNT), ("事件", _TEXT), ("测试时点", _TEXT), ("指标值", _RATIO),
        ("比较", _TEXT), ("阈值", _RATIO), ("是否触发", pa.bool_()), ("状态", _TEXT),
    ],
    "资产池": [
        ("归集日", _DAY), ("期数", _COUNT), ("本金回款", MONEY), ("利息回款", MONEY),
        ("早偿回款", MONEY), ("新增违约", MONEY), ("回收回款", MONEY), ("损失", MONEY),
        ("期末余额", MONEY),
    ],
    "状态变化": [("日期", _DAY), ("原状态", _TEXT), ("新状态", _TEXT), ("原因", _TEXT)],
}  # fmt: skip
"""The tables of a report: heading and type of each column."""

_MOMENTS = {
    Moment.AFTER_COLLECTION: "归集后",
    Moment.BEFORE_DISTRIBUTION: "兑付前",
    Moment.AFTER_DISTRIBUTION: "兑付后",
}
_ENDS = {"interest": "利息", "principal": "本金", "residual": "收益"}
_POOL = {
    "interest": "资产池利息",
    "principal": "资产池本金",
    "prepayment": "资产池早偿",
    "recovery": "资产池回收",
    "sale": "资产出售",
    "assets": "新购资产",
}


def report(run: Run) -> dict[str, pa.Table]:
    """Every table of `HEADINGS`."""
    rows = {
        "资金收付明细": _payments(run),
        "证券兑付": _bonds(run),
        "费用支付": _fees(run),
        "账户余额": _accounts(run),
        "触发事件": _triggers(run),
        "资产池": _pool(run),
        "状态变化": [
            (on, STATE_WORDS[before], STATE_WORDS[after], why)
            for on, before, after, why in run.states
        ],
    }
    return {name: _table(name, rows[name]) for name in HEADINGS}


def _table(name: str, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    return table_of(rows, pa.schema(HEADINGS[name]))


def _money(run: Run, minor: int) -> Decimal:
    return Decimal(minor) / MINOR_PER_MAJOR[run.deal.currency]


def said(end: str) -> str:
    """The end of a movement in words: `bond:优先:interest` is 优先利息."""
    kind, _, rest = end.partition(":")
    if kind == "bond":
        name, _, what = rest.rpartition(":")
        return name + _ENDS[what]
    return _POOL[rest] if kind == "pool" else rest


def _payments(run: Run) -> list[tuple[Any, ...]]:
    kinds = {kind.value: words for kind, words in STEP_WORDS.items()} | {"collection": "归集"}
    return [
        (
            row.number,
            row.on,
            row.period,
            row.step,
            kinds[row.kind],
            said(row.source),
            said(row.target),
            _money(run, row.amount),
            row.note,
        )
        for row in run.rows
    ]


def _sums(run: Run) -> dict[tuple[date, str], int]:
    """What went to each target on each date."""
    out: dict[tuple[date, str], int] = {}
    for row in run.rows:
        out[row.on, row.target] = out.get((row.on, row.target), 0) + row.amount
    return out


def _steady(run: Run, what: str) -> list[tuple[Standing, int]]:
    """Each standing with the balance of the one before it, of the same name."""
    opening = {account.name: account.opening for account in run.deal.accounts}
    before = {bond.name: bond.balance for bond in run.deal.bonds} if what == "bond" else opening
    out = []
    for one in run.standings:
        if one.what == what:
            out.append((one, before.get(one.name, 0)))
            before[one.name] = one.balance
    return out


def _bonds(run: Run) -> list[tuple[Any, ...]]:
    paid = _sums(run)
    days = {on for on, target in paid if target.startswith("bond:")}
    out = []
    for one, before in _steady(run, "bond"):
        if one.on not in days:
            continue
        parts = [paid.get((one.on, f"bond:{one.name}:{what}"), 0) for what in _ENDS]
        unpaid = one.interest_due + one.on_unpaid_due
        amounts = [_money(run, x) for x in (before, *parts, one.balance, unpaid)]
        out.append((one.on, one.name, *amounts, float(one.rate)))
    return out


def _fees(run: Run) -> list[tuple[Any, ...]]:
    paid = _sums(run)
    return [
        (one.on, one.name, _money(run, part), _money(run, one.balance))
        for one, _ in _steady(run, "fee")
        if (part := paid.get((one.on, f"fee:{one.name}"), 0)) or one.balance
    ]


def _accounts(run: Run) -> list[tuple[Any, ...]]:
    into: dict[tuple[date, str], int] = _sums(run)
    out_of: dict[tuple[date, str], int] = {}
    for row in run.rows:
        out_of[row.on, row.source] = out_of.get((row.on, row.source), 0) + row.amount
    out = []
    for one, before in _steady(run, "account"):
        key = (one.on, f"account:{one.name}")
        moved = into.get(key, 0), out_of.get(key, 0)
        if any(moved):
            amounts = [_money(run, x) for x in (before, *moved, one.balance)]
            out.append((one.on, one.name, *amounts))
    return out


def _triggers(run: Run) -> list[tuple[Any, ...]]:
    scales = {
        trigger.name: MINOR_PER_MAJOR[run.deal.currency] if trigger.value.is_money else 1
        for trigger in run.deal.triggers
    }
    return [
        (
            test.on,
            test.period,
            test.name,
            _MOMENTS[test.moment],
            float(test.value / scales[test.name]),
            COMPARISONS[test.op],
            float(test.threshold / scales[test.name]),
            test.fired,
            STATE_WORDS[test.state],
        )
        for test in run.tests
    ]


def _pool(run: Run) -> list[tuple[Any, ...]]:
    order = ("principal", "interest", "prepayment", "default", "recovery", "loss")
    return [
        (
            row.on,
            row.period,
            *(_money(run, row.amounts[kind]) for kind in order),
            _money(run, row.balance),
        )
        for row in run.pool
    ]
