"""Waterfalls: a worked example, each kind of step, triggers, and a plain twin on random deals."""

from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from waterfall_reference import Waterfall

from headrace.contracts.securitisation.book import Book, ConservationError, Place
from headrace.contracts.securitisation.deal import State
from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.engine import Replenishment, run
from headrace.contracts.securitisation.flows import KINDS, collected, given_flows
from headrace.contracts.securitisation.projection import (
    PLANS,
    Assumptions,
    LoanLines,
)
from headrace.errors import InputError
from strategies_waterfalls import CLOSING, as_data, as_flows, deal_data, paid, pool, small_deals


def test_a_deal_worked_by_hand():
    # interest on 8,000.00 at 3.65 % is 0.80 a day: 35 days, then 28, then 31
    done = run(read_deal(deal_data()), pool((300_000, 10_000), (400_000, 7000), (300_000, 4000)))
    assert paid(done, "bond:优先:interest") == [
        ("2026-02-05", 2800), ("2026-03-05", 1380), ("2026-04-05", 270),
    ]  # on 8,000.00; 4,928.00; 871.80  # fmt: skip
    assert paid(done, "bond:优先:principal")[0] == ("2026-02-05", 307_200)
    assert [amount for _, amount in paid(done, "bond:次级:principal")] == [200_000]
    assert done.last("bond")["优先"].balance == 0
    into = sum(row.amount for row in done.rows if row.source.startswith("pool:"))
    out = sum(row.amount for row in done.rows if row.target.startswith("bond:"))
    assert into == out == 1_021_000
    assert done.ended == (date(2026, 4, 6), "法定到期")


def test_interest_that_is_not_paid_stays_due_and_bears_interest_where_the_deal_says_so():
    empty = pool((0, 0), (0, 0), (1_000_000, 0))
    plain = run(read_deal(deal_data()), empty)
    assert sum(x for _, x in paid(plain, "bond:优先:interest")) == 2800 + 2240 + 2480
    data = deal_data()
    data["bond"][0]["on_unpaid"] = True
    compound = run(read_deal(data), empty)
    # 28.00 for 28 days and 50.40 for 31 at 3.65 %
    assert sum(x for _, x in paid(compound, "bond:优先:interest")) == 7520 + 8 + 16


def test_bonds_of_one_step_share_by_what_is_due_or_in_order():
    data = deal_data()
    data["bond"][:1] = [
        {"name": "优先A", "rank": 1, "balance": 6000, "rate": 0},
        {"name": "优先B", "rank": 1, "balance": 2000, "rate": 0},
    ]
    step = {"step": "pay_principal", "from": "收款户", "to": ["优先A", "优先B"]}
    for in_order, first, second in ((False, 75_001, 25_000), (True, 100_001, 0)):
        data["waterfall"] = {"normal": [step | {"in_order": in_order}]}
        done = run(read_deal(data), pool((100_001, 0)))
        assert dict.fromkeys([sum(x for _, x in paid(done, "bond:优先A:principal"))]) == {
            first: None
        }
        assert sum(x for _, x in paid(done, "bond:优先B:principal")) == second


def test_a_schedule_a_bullet_and_acceleration():
    data = deal_data(periods=4)
    data["bond"] = [
        {"name": "固定", "rank": 1, "balance": 3000, "rate": 0, "amortisation": "固定摊还",
         "schedule": [["2026-02-05", 2000], ["2026-04-05", 0]]},
        {"name": "到期", "rank": 1, "balance": 1000, "rate": 0, "amortisation": "bullet",
         "due": "2026-03-05"},
    ]  # fmt: skip
    steps = [{"step": "pay_principal", "from": "收款户", "to": ["固定", "到期"], "in_order": True}]
    data["waterfall"] = {"normal": steps, "acceleration": steps}
    rows = ((150_000, 0), (100_000, 0), (50_000, 0), (100_000, 0))
    done = run(read_deal(data), pool(*rows))
    assert paid(done, "bond:固定:principal") == [("2026-02-05", 100_000), ("2026-04-05", 100_000),
                                                 ("2026-05-05", 100_000)]  # fmt: skip
    assert paid(done, "bond:到期:principal") == [("2026-03-05", 100_000)]
    data["trigger"] = [
        {"name": "资产余额", "moment": "before_distribution", "value": "pool_balance", "is": "<",
         "than": {"yuan": 2000}, "state": "加速清偿"}
    ]  # fmt: skip
    fast = run(read_deal(data), pool(*rows))
    assert paid(fast, "bond:固定:principal")[1] == ("2026-03-05", 150_000)
    assert [(on.isoformat(), after) for on, _, after, _ in fast.states] == [
        ("2026-03-05", State.ACCELERATION)
    ]


def test_a_floating_and_a_stepped_coupon():
    data = deal_data(periods=4)
    data["bond"][0] |= {"index": "LPR1Y", "spread": 0.0065, "resets": "month_first", "floor": 0.02}
    data["waterfall"]["normal"] = data["waterfall"]["normal"][:1]
    empty = pool((0, 0), (0, 0), (0, 100_000))
    rates = {"LPR1Y": [(date(2025, 1, 1), 30_000), (date(2026, 2, 20), 5000)]}
    done = run(read_deal(data), empty, rates)
    rows = {one.on.isoformat(): one.rate for one in done.standings if one.name == "优先"}
    assert rows["2026-01-31"] == Fraction(365, 10_000)
    assert rows["2026-03-05"] == Fraction(2, 100)  # 0.5 % + 0.65 % is below the floor
    with pytest.raises(InputError, match="LPR1Y"):
        run(read_deal(data), empty)
    data["bond"][0] = {"name": "优先", "rank": 1, "balance": 8000, "rate": 0.0365,
                       "steps": [["2026-02-05", 0.073]]}  # fmt: skip
    stepped = run(read_deal(data), empty)
    due = stepped.last("bond")["优先"].interest_due + sum(
        x for _, x in paid(stepped, "bond:优先:interest")
    )
    days = (stepped.standings[-1].on - date(2026, 2, 5)).days
    assert due >= 2800 + 160 * (days - 31)


def test_fees_of_every_kind():
    data = deal_data(periods=3)
    data["fee"] = [
        {"name": "承销费", "kind": "一次性", "start": "2026-01-01", "amount": 10},
        {"name": "审计费", "kind": "定期", "start": "2026-01-01", "amount": 5, "dates": "月初"},
        {"name": "服务费", "kind": "年化费率", "start": "2026-01-01", "base": "资产池余额",
         "rate": 0.0365, "cap": 20},
        {"name": "增值税", "kind": "按比例", "start": "2026-01-01", "base": "本期回款:interest",
         "rate": 0.1},
        {"name": "补足", "kind": "差额费用", "start": "2026-01-01",
         "base": {"op": "minus", "of": [{"yuan": 30}, "累计已付费用:补足"]}},
    ]  # fmt: skip
    names = [fee["name"] for fee in data["fee"]]
    data["waterfall"] = {
        "normal": [
            {"step": "pay_fee", "from": "收款户", "to": names},
            {"step": "pay_residual", "from": "收款户", "to": "次级"},
        ]
    }
    done = run(read_deal(data), pool((500_000, 1000), (250_000, 333), (250_000, 0)))
    assert [x for _, x in paid(done, "fee:承销费")] == [1000]
    assert [x for _, x in paid(done, "fee:审计费")] == [500, 500, 500]
    # 10,000.00 for 35 days is 35.00, of which 20.00 at once; 5,000.00 for 28 is 14.00; …
    assert [x for _, x in paid(done, "fee:服务费")] == [2000, 2000, 1675]
    assert [x for _, x in paid(done, "fee:增值税")] == [100, 33]
    assert [x for _, x in paid(done, "fee:补足")] == [3000]


def test_a_reserve_is_filled_to_its_target_drawn_and_released():
    data = deal_data(periods=4)
    data["account"].append({"name": "储备", "opening": 10, "target": {"yuan": 50}})
    data["waterfall"]["normal"] = [
        {"step": "pay_interest", "from": "收款户", "to": "优先", "support": "储备"},
        {"step": "fill", "from": "收款户", "to": "储备"},
        {"step": "pay_principal", "from": "收款户", "to": "优先"},
        {"step": "if", "when": {"value": "bond_balance:优先", "is": "==", "than": 0},
         "then": [{"step": "transfer", "from": "储备", "to": "收款户"}]},
        {"step": "pay_residual", "from": "收款户", "to": "次级"},
    ]  # fmt: skip
    done = run(read_deal(data), pool((0, 1800), (0, 4240), (0, 0), (900_000, 0)))
    held = [one.balance for one in done.standings if one.name == "储备" and one.on.day == 5]
    assert held == [0, 2000, 0, 0]
    assert max(held) <= 5000
    assert sum(x for _, x in paid(done, "bond:优先:interest")) == 2800 + 2240 + 2000 + 480 + 2400


def test_shortfall_payers_pay_in_order_up_to_their_limits_and_are_repaid():
    data = deal_data(periods=4)
    data["party"] = [
        {"name": "甲", "role": "差额支付承诺人", "limit": 30},
        {"name": "乙", "role": "担保人"},
    ]
    data["waterfall"]["normal"] = [
        {"step": "pay_interest", "from": "收款户", "to": "优先", "support": ["甲", "乙"]},
        {"step": "repay_support", "from": "收款户", "to": ["甲", "乙"]},
        {"step": "pay_principal", "from": "收款户", "to": "优先"},
    ]
    done = run(read_deal(data), pool((0, 0), (0, 0), (0, 5000), (0, 0)))
    support = [(row.on.month, row.source, row.amount) for row in done.rows if "party" in row.source]
    assert support == [
        (2, "party:甲", 2800), (3, "party:甲", 200), (3, "party:乙", 2040),
        (5, "party:乙", 2400),  # the pool pays no more; who stands behind the deal still does
    ]  # fmt: skip
    assert paid(done, "party:甲") == [("2026-04-05", 2520)]


def test_support_as_a_step_of_its_own_a_ledger_and_a_limit():
    data = deal_data()
    data["party"] = [{"name": "甲", "role": "shortfall_payer"}]
    data["ledgers"] = ["本金缺口"]
    data["waterfall"]["normal"] = [
        {"step": "book", "to": "本金缺口", "limit": {"op": "minus", "of": [
            "defaults_total", "ledger:本金缺口"]}},
        {"step": "support", "from": "收款户", "to": "甲", "limit": "ledger:本金缺口"},
        {"step": "pay_residual", "from": "收款户", "to": "次级", "limit": {"yuan": 1}},
    ]  # fmt: skip
    done = run(read_deal(data), pool((0, 0), (10_000, 0), default=(700, 0)))
    assert [row[2:4] for row in done.ledger_rows] == [(700, 700), (0, 700), (0, 700)]
    assert [row.amount for row in done.rows if row.source == "party:甲"] == [700, 700, 700]
    assert [x for _, x in paid(done, "bond:次级:residual")] == [100, 100, 100]


def test_triggers_report_their_values_each_period_by_a_table():
    data = deal_data(periods=4)
    data["waterfall"]["acceleration"] = data["waterfall"]["normal"]
    data["trigger"] = [
        {"name": "累计违约率", "moment": "归集后", "value": "累计违约率", "is": "大于",
         "table": [[1, 0.01], [2, 0.02], [3, 0.03]], "state": "acceleration"}
    ]  # fmt: skip
    done = run(
        read_deal(data),
        pool((100_000, 0), (100_000, 0), (100_000, 0), (680_000, 0), default=(5000, 0, 15_000)),
    )
    found = [
        (test.period, float(test.value), float(test.threshold), test.fired) for test in done.tests
    ]
    assert found == [(1, 0.005, 0.01, False), (2, 0.005, 0.02, False), (3, 0.02, 0.03, False),
                     (4, 0.02, 0.03, False)]  # fmt: skip
    data["trigger"][0] |= {"table": [[2, 0.004], [9, 0.5]], "curable": True}
    cured = run(
        read_deal(data),
        pool((100_000, 0), (100_000, 0), (100_000, 0), (680_000, 0), default=(5000, 0, 15_000)),
    )
    assert [(after.value, why) for _, _, after, why in cured.states] == [
        ("acceleration", "累计违约率"), ("normal", "累计违约率：已恢复"),
    ]  # fmt: skip


def test_a_clean_up_sells_the_rest_and_ends_the_deal():
    data = deal_data(periods=6)
    data["clean_up"] = {"value": "pool_factor", "is": "<", "than": 0.1}
    data["waterfall"]["clean_up"] = [
        {"step": "sell_pool", "from": "收款户"},
        *data["waterfall"]["normal"],
    ]
    done = run(read_deal(data), pool((500_000, 0), (450_000, 0), (50_000, 0)))
    assert done.ended == (date(2026, 3, 5), "清仓回购")
    assert [row.amount for row in done.rows if row.source == "pool:sale"] == [50_000]
    assert done.last("bond")["优先"].balance == 0


def test_a_revolving_period_buys_assets_with_principal():
    data = deal_data(periods=14)
    data["state"] = "循环购买期"
    data["dates"]["revolving_until"] = "2026-03-31"
    data["waterfall"]["revolving"] = [
        {"step": "pay_interest", "from": "收款户", "to": "优先"},
        {"step": "buy_assets", "from": "收款户"},
    ]
    columns = [np.array([x], dtype=np.int64) for x in (1000, 60_000, 4, 4, 0, PLANS["even"], -1)]
    assets = Replenishment(LoanLines(*columns), Assumptions())
    first = pool((600_000, 5000), (400_000, 3000))
    done = run(read_deal(data), first, assets=assets)
    bought = [row for row in done.rows if row.target == "pool:assets"]
    assert [row.on.isoformat() for row in bought] == ["2026-02-05", "2026-03-05"]
    assert bought[0].amount == 605_000 - 2800
    assert [state.value for _, _, state, _ in done.states] == ["normal"]
    into = sum(row.amount for row in done.rows if row.source.startswith("pool:"))
    out = sum(row.amount for row in done.rows if not row.target.startswith("account:"))
    assert into == out
    assert done.pool[-1].balance == 0
    with pytest.raises(InputError, match="buys assets"):
        run(read_deal(data), first)


def test_the_book_refuses_to_pay_what_is_not_there():
    deal = read_deal(deal_data())
    book = Book(deal, collected(pool((1, 0)), deal.calendar.collections()), {})
    with pytest.raises(ConservationError, match="would hold -1"):
        book.move("account:收款户", "bond:优先:interest", 1, Place("x", "pay_interest"))
    with pytest.raises(ConservationError):
        book.move("pool:interest", "account:收款户", -1, Place("x", "collection"))
    book.accounts["收款户"] = 7  # somebody wrote past `move`
    with pytest.raises(ConservationError, match="differ"):
        book.prove()


@settings(max_examples=150)
@given(small_deals())
def test_random_deals_agree_with_a_plain_twin(spec):
    done = run(read_deal(as_data(spec)), as_flows(spec))
    twin = Waterfall(spec).run()
    paid_out = [
        (row.on, row.target.removeprefix("bond:").replace("fee:服务费", "fee"), row.amount)
        for row in done.rows
        if row.target.startswith(("bond:", "fee:"))
    ]
    assert paid_out == twin.out
    last = done.last("bond")
    for name, bond in twin.bonds.items():
        mine = last[name]
        if mine.on == spec["dates"][-1][1] and name != "次级":  # else it ended before, empty
            assert mine.balance == bond["balance"]
            assert mine.interest_due + mine.on_unpaid_due == bond["due"] + bond["on_unpaid"]
    assert done.last("account")["储备"].balance == twin.reserve


@settings(max_examples=100)
@given(small_deals())
def test_whatever_the_deal_money_is_conserved_and_priority_kept(spec):
    done = run(read_deal(as_data(spec)), as_flows(spec))
    inside = sum(one.balance for one in done.last("account").values())
    into = sum(row.amount for row in done.rows if row.source.startswith(("pool:", "party:")))
    out = sum(row.amount for row in done.rows if not row.target.startswith("account:"))
    assert spec["reserve"]["opening"] + into == out + inside
    collected_all = sum(p + i for p, i, _ in spec["flows"])
    assert sum(row.amount for row in done.rows if row.source.startswith("pool:")) == collected_all
    target = spec["reserve"]["target"]
    assert all(one.balance <= target for one in done.standings if one.name == "储备")
    assert all(one.balance >= 0 for one in done.standings)
    balances = {bond["name"]: bond["balance"] for bond in spec["bonds"]}
    for name, balance in balances.items():
        assert sum(x for _, x in paid(done, f"bond:{name}:principal")) <= balance
    payer = spec["payer"]
    drawn = sum(row.amount for row in done.rows if row.source == "party:差补人")
    assert drawn <= (payer["limit"] if payer else 0)
    for row in done.rows:  # the junior has something only when no senior interest is left unpaid
        if row.target == "bond:次级:residual":
            unpaid = [
                one.interest_due + one.on_unpaid_due
                for one in done.standings
                if one.what == "bond" and one.on == row.on
            ]
            assert not any(unpaid)


def test_kinds_of_flows_are_those_of_the_projection():
    assert set(KINDS) == {"principal", "interest", "prepayment", "default", "recovery", "loss"}
    assert given_flows(5, [(CLOSING, 5, 1)]).total() == 6
