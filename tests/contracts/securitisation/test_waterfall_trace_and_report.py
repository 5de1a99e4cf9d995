"""Where each yuan went, the tables of a report, and the movements for a ledger."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings

from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.postings import Treatment, movements
from headrace.contracts.securitisation.report import HEADINGS, MONEY, report, said
from headrace.contracts.securitisation.trace import SCHEMA, of_row, through_row, trace
from strategies_waterfalls import as_data, as_flows, deal_data, pool, small_deals


@pytest.fixture
def done():
    data = deal_data(
        fee=[
            {
                "name": "服务费",
                "kind": "share",
                "start": "2026-01-01",
                "base": "collected",
                "rate": 0.01,
            }
        ],
        trigger=[
            {"name": "违约率", "moment": "归集后", "value": "default_rate", "is": ">", "than": 0.5}
        ],
    )
    data["waterfall"]["normal"].insert(0, {"step": "pay_fee", "from": "收款户", "to": "服务费"})
    flows = pool((300_000, 10_000), (400_000, 7000), (300_000, 4000))
    return run(read_deal(data), flows)


def test_a_yuan_is_followed_first_in_first_out(done):
    ways = trace(done)
    assert ways.schema == SCHEMA
    first = of_row(ways, 0).to_pylist()
    # 100.00 of interest of January: 31.00 fee, 28.00 interest, then principal
    assert [(row["target"], row["amount"]) for row in first] == [
        ("fee:服务费", 3100), ("bond:优先:interest", 2800), ("bond:优先:principal", 4100),
    ]  # fmt: skip
    assert first[0]["source_date"] == date(2026, 1, 31)
    assert first[0]["target_date"] == date(2026, 2, 5)


@settings(max_examples=60)
@given(small_deals())
def test_every_trace_sums_to_the_rows_on_both_sides(spec):
    done = run(read_deal(as_data(spec)), as_flows(spec))
    table = trace(done)
    ways = table.to_pylist()
    by_source, by_target, by_via = Counter(), Counter(), Counter()
    left = defaultdict(int)
    for way in ways:
        assert way["amount"] > 0
        by_via.update(dict.fromkeys(way["via"], way["amount"]))
        if way["source_row"] is not None:
            by_source[way["source_row"]] += way["amount"]
        if way["target_row"] is not None:
            by_target[way["target_row"]] += way["amount"]
        else:
            left[way["target"]] += way["amount"]
    for row in done.rows:
        if not row.source.startswith("account:"):
            assert by_source[row.number] == row.amount
        if not row.target.startswith("account:"):
            assert by_target[row.number] == row.amount
        if row.source.startswith("account:") and row.target.startswith("account:"):
            assert by_via[row.number] == row.amount
            assert sum(through_row(table, row.number)["amount"].to_pylist()) == row.amount
        else:
            assert by_via[row.number] == 0
    for name, one in done.last("account").items():
        assert left[f"account:{name}"] == one.balance


def test_the_tables_of_a_report(done):
    tables = report(done)
    assert list(tables) == list(HEADINGS)
    for name, table in tables.items():
        assert table.schema == pa.schema(HEADINGS[name])
    bonds = tables["证券兑付"].to_pylist()
    assert bonds[0]["期初余额"] == Decimal("8000.00")
    assert bonds[0]["期初余额"] - bonds[0]["支付本金"] == bonds[0]["期末余额"]
    paid = tables["资金收付明细"]
    assert pc.sum(paid["金额"]).as_py() == Decimal(sum(row.amount for row in done.rows)) / 100
    assert paid["事项"].to_pylist()[:3] == ["归集", "归集", "支付费用"]
    accounts = tables["账户余额"].to_pylist()
    assert all(row["期初余额"] + row["转入"] - row["转出"] == row["期末余额"] for row in accounts)
    events = tables["触发事件"].to_pylist()
    assert [row["指标值"] for row in events] == [0.0, 0.0, 0.0]
    assert {row["阈值"] for row in events} == {0.5}
    assert tables["资产池"]["期末余额"].to_pylist()[-1] == 0
    assert tables["费用支付"]["本期支付"].to_pylist()[0] == Decimal("31.00")
    assert tables["证券兑付"]["支付利息"].type == MONEY


def test_a_trigger_on_an_amount_is_reported_in_yuan():
    data = deal_data(
        trigger=[
            {
                "name": "余额",
                "moment": "归集后",
                "value": "account:收款户",
                "is": ">",
                "than": {"yuan": 123.45},
            }
        ]
    )
    done = run(read_deal(data), pool((300_000, 10_000)))
    (row,) = report(done)["触发事件"].to_pylist()[:1]
    assert (row["指标值"], row["阈值"], row["是否触发"]) == (3100.0, 123.45, True)


def test_the_same_run_gives_the_same_tables(done):
    assert all(report(done)[name].equals(table) for name, table in report(done).items())
    assert trace(done).equals(trace(done))


def test_ends_in_words():
    assert said("bond:优先A1:interest") == "优先A1利息"
    assert said("pool:principal") == "资产池本金"
    assert said("account:收款户") == "收款户"


def test_movements_off_the_balance_sheet_only_pass_money_on(done):
    moves = movements(done, Treatment.DERECOGNISED)
    into = sum(m.amount for m in moves if m.credit == "collections_payable")
    out = sum(m.amount for m in moves if m.debit == "collections_payable")
    assert into == out == 1_021_000
    assert {m.memo for m in moves} >= {"securitisation_collection", "securitisation_pay_fee"}


def test_movements_on_the_balance_sheet_repay_a_borrowing(done):
    moves = movements(done, Treatment.ON_BALANCE_SHEET)
    sums = Counter()
    for move in moves:
        sums[move.debit] += move.amount
        sums[move.credit] -= move.amount
    assert sums["notes_outstanding"] == 1_000_000
    assert sums["loan_principal"] == -1_000_000
    assert sums["interest_income"] == -21_000
    assert sums["fee_expense"] == 10_210
    assert sums["cash"] == 0
    assert sum(sums.values()) == 0
    assert all(move.currency == "CNY" for move in moves)


def test_support_is_owed_until_it_is_repaid():
    data = deal_data(party=[{"name": "甲", "role": "shortfall_payer"}])
    data["account"].append({"name": "备付", "opening": 5})
    data["waterfall"]["normal"] = [
        {"step": "transfer", "from": "备付", "to": "收款户"},
        {"step": "pay_interest", "from": "收款户", "to": "优先", "support": "甲"},
        {"step": "repay_support", "from": "收款户", "to": "甲"},
        {"step": "pay_residual", "from": "收款户", "to": "甲"},
    ]
    done = run(read_deal(data), pool((0, 0), (0, 0), (900_000, 100_000)))
    moves = movements(done, Treatment.ON_BALANCE_SHEET)
    owed = [m.amount for m in moves if m.credit == "partner_payable"]
    assert owed == [2800 - 500, 2240]
    assert next(m.amount for m in moves if m.debit == "partner_payable") == 4540
    assert len(moves) == len(done.rows) - 1  # the transfer moved nothing of the ledger's
