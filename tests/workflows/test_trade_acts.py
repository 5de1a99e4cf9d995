"""Sheets of acts on contracts of trade: every act is done, or refused with a reason, in order."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trade_sheets import DAY, PAYING, act, agreed, asked, checked, entered, sheet

from headrace.workflows.desk_rows import Cells
from headrace.workflows.trade_acts import (
    CURRENCIES,
    answers,
    contracts,
    movements,
    read_trade,
    run_trade,
    totals,
)
from headrace.workflows.trade_orders import ORDERS
from headrace.workflows.trade_payments import PAYMENTS
from headrace.workflows.trade_shipping import SHIPPING

TRADES = (PAYMENTS, ORDERS, SHIPPING)
AMOUNTS = st.integers(-5, 60)
DAYS = st.integers(0, 3).map(lambda days: DAY + timedelta(days))


def told(trade, *given):
    return [each.answer for each in run_trade(trade, sheet(*given)).steps]


def test_a_payment_goes_its_way():
    desk = run_trade(PAYMENTS, sheet(*PAYING))
    assert desk.counts == {"applied": 5, "repeated": 0, "refused": 0}
    assert [each.stand.status for each in desk.steps] == [
        "draft", "held", "checked", "approved", "paid",
    ]  # fmt: skip
    assert [(each.memo, each.amount) for each in desk.movements] == [
        ("draw_controlled", 400_00),
        ("pay_named_payee", 400_00),
    ]
    assert contracts(desk).to_pylist() == [
        {
            "payment": "P1", "party": "maker", "other": "mill", "status": "paid",
            "currency": "CNY", "asked_minor": 0, "waiting_minor": 0, "paid_minor": 400_00,
            "cancelled_minor": 0,
        }
    ]  # fmt: skip


WRONG = [
    ("payee_differs", checked(payee="mill ltd")),
    ("account_differs", checked(account="62220213")),
    ("paper_differs", checked(against="INV-2")),
    ("more_than_paper", checked(amount=399_99)),
    ("stage_is_another", act("approve", payment="P1", by="wang")),
    ("number_unknown", act("hold", payment="P2")),
    ("number_taken", asked(amount=1)),
    ("day_before_last", {**checked(), "on": DAY - timedelta(1)}),
    ("currency_differs", checked(currency="USD")),
    ("key_taken", {**checked(), "key": "K1"}),
    ("amount_not_positive", asked("P2", amount=0)),
    ("amount_not_positive", asked("P2", amount=-1)),
    ("amount_not_positive", act("fund", amount=0)),
]


@pytest.mark.parametrize(("why", "given"), WRONG)
def test_an_act_that_breaks_a_requirement_changes_nothing(why, given):
    desk = run_trade(PAYMENTS, sheet(*PAYING[:2], given))
    before = run_trade(PAYMENTS, sheet(*PAYING[:2]))
    assert desk.steps[-1].answer == why
    assert desk.stands == before.stands
    assert desk.movements == before.movements
    assert not desk.steps[-1].done
    assert desk.steps[-1].says.en != desk.steps[-1].says.zh


def test_who_checks_does_not_approve():
    given = (*PAYING[:3], act("approve", payment="P1", by="li"), PAYING[4])
    assert told(PAYMENTS, *given)[3:] == ["checked_by_same_person", "stage_is_another"]


def test_what_came_back_is_checked_again_and_goes_to_another_account():
    again = (
        act("give_back", payment="P1"),
        act("retry", payment="P1", account="7777"),
        act("pay", payment="P1", payee="mill", account="7777"),
        checked(account="7777"),
        act("approve", payment="P1", by="wang"),
        act("pay", payment="P1", payee="mill", account="7777"),
    )
    desk = run_trade(PAYMENTS, sheet(*PAYING, *again))
    assert [each.answer for each in desk.steps[5:]] == [
        "done", "done", "stage_is_another", "done", "done", "done",
    ]  # fmt: skip
    assert desk.stands["P1"].figures["paid_minor"] == 400_00


def test_one_act_sent_twice_under_one_key_is_done_once():
    twice = {**PAYING[1], "key": "X"}
    desk = run_trade(PAYMENTS, sheet(PAYING[0], twice, twice, {**twice, "payment": "P2"}))
    assert [each.answer for each in desk.steps] == ["done", "done", "repeated", "key_taken"]
    assert len(desk.movements) == 1
    assert desk.counts == {"applied": 2, "repeated": 1, "refused": 1}


def test_a_refused_act_leaves_its_key_free():
    paid = {**PAYING[4], "key": "PAY"}
    assert told(PAYMENTS, *PAYING[:2], paid, *PAYING[2:4], paid)[2:] == [
        "stage_is_another", "done", "done", "done",
    ]  # fmt: skip


def test_totals_are_those_of_each_currency():
    more = [asked(f"U{at}", amount=at * 100, currency="USD") for at in (1, 2)]
    desk = run_trade(PAYMENTS, sheet(*PAYING, *more, act("cancel", payment="U2")))
    assert [
        (row["currency"], row["contracts"], row["asked_minor"], row["paid_minor"],
         row["cancelled_minor"])
        for row in totals(desk).to_pylist()
    ] == [("CNY", 1, 0, 400_00, 0), ("USD", 2, 100, 0, 200)]  # fmt: skip


# --- orders ---------------------------------------------------------------------------------------


def test_an_order_carries_its_share_once():
    desk = run_trade(
        ORDERS,
        sheet(
            entered(),
            act("draw", order="O1", amount=500_00),
            act("draw", order="O1", amount=200_01),
            act("draw", order="O1", amount=200_00),
            act("deliver", order="O1", amount=600_00),
            act("send_back", order="O1", amount=100_00),
            act("close", order="O1"),
        ),
    )
    refused = desk.steps[2]
    assert refused.answer == "over_financed_share"
    assert "¥200" in refused.says.zh
    assert [each.stand.status for each in desk.steps] == [
        "open", "open", "open", "used_up", "used_up", "excess", "excess",
    ]  # fmt: skip
    assert "¥70" in desk.steps[5].says.en
    assert desk.stands["O1"].figures["excess_minor"] == 70_00
    moved = movements(desk).to_pylist()
    assert [(row["debit"], row["credit"], row["amount_minor"], row["row"]) for row in moved] == [
        ("loan_principal", "cash", 500_00, 2),
        ("loan_principal", "cash", 200_00, 4),
    ]


def test_orders_that_cannot_be():
    assert told(
        ORDERS,
        entered(amount=0),
        entered(),
        act("draw", order="O1", amount=-1),
        act("deliver", order="O1", amount=1_000_01),
        act("send_back", order="O1", amount=1),
        act("close", order="O1"),
        act("draw", order="O1", amount=1),
    ) == [
        "amount_not_positive", "done", "amount_not_positive", "more_than_ordered",
        "more_than_delivered", "done", "order_closed",
    ]  # fmt: skip


# --- goods after money ----------------------------------------------------------------------------


def test_goods_follow_deposits_and_the_core_pays_back_the_rest():
    def on(kind, amount=None, days=0):
        given = act(kind, deal="D1", **({} if amount is None else {"amount": amount}))
        return {**given, "on": DAY + timedelta(days)}

    desk = run_trade(
        SHIPPING,
        sheet(
            agreed(),
            on("pay_core"),
            on("start", 299_99),
            on("start", 300_00),
            on("pay_core"),
            on("pay_core"),
            on("release", 300_01),
            on("release", 300_00),
            on("ship", 300_00),
            on("stop"),
            on("ship", 1),
            on("resume"),
            on("deposit", 400_00),
            on("settle", days=179),
            on("settle", days=180),
            on("buy_back", 300_00, 190),
        ),
    )
    assert [each.answer for each in desk.steps if not each.done] == [
        "not_opened", "deposit_too_small", "paid_already", "beyond_deposit", "shipping_stopped",
        "not_yet_due",
    ]  # fmt: skip
    assert "¥300" in desk.steps[2].says.zh
    assert "¥300" in desk.steps[-2].says.en
    stand = desk.stands["D1"]
    assert (stand.status, stand.figures["loan_minor"], stand.figures["waiting_minor"]) == (
        "closed", 0, 0,
    )  # fmt: skip
    net = {}
    for move in desk.movements:
        net[move.debit] = net.get(move.debit, 0) + move.amount
        net[move.credit] = net.get(move.credit, 0) - move.amount
    assert not any(net.values()), "all that was lent came back"


def test_a_deal_waits_for_its_core_until_it_is_paid():
    desk = run_trade(SHIPPING, sheet(agreed(), act("start", deal="D1", amount=300_00)))
    assert desk.stands["D1"].figures["waiting_minor"] == 1_000_00
    assert told(SHIPPING, agreed(amount=0)) == ["amount_not_positive"]


# --- reading --------------------------------------------------------------------------------------


def cells(trade, *rows):
    names = [field.name for field in trade.fields]
    columns = {name: [row.get(name, "") for row in rows] for name in names}
    return Cells(columns, list(range(1, len(rows) + 1)))


@pytest.mark.parametrize("trade", TRADES, ids=lambda trade: trade.name)
def test_every_act_says_what_it_needs_in_both_languages(trade):
    """A row with nothing but an act and a day is set aside, once for each column it lacks."""
    assert set(trade.needs) == set(trade.acts)
    for kind, text in trade.acts.items():
        for word in (text.en, text.zh):
            rows = read_trade(
                trade, cells(trade, {"act": word, "on": "2026-03-02"}), keyed=False
            ).aside.to_pylist()
            assert [row["column"] for row in rows] == list(trade.needs[kind])
            assert all(text.en in row["reason"] and text.zh in row["reason_zh"] for row in rows)


def test_a_ledger_needs_a_key():
    given = cells(ORDERS, {"act": "fund", "on": "2026-03-02", "amount": "1"})
    assert read_trade(ORDERS, given, keyed=False).aside.num_rows == 0
    (row,) = read_trade(ORDERS, given, keyed=True).aside.to_pylist()
    assert (row["column"], row["row"]) == ("key", 1)


ACCOUNTS = [
    ("6222 0212-3456 7890 123", "6222021234567890123"),
    ("GB29NWBK60161331926819", "GB29NWBK60161331926819"),
    ("6.22202123456789e+18", None),  # typed into a spreadsheet as a number: digits are lost
    ("账号", None),
    ("1" * 41, None),
]


@pytest.mark.parametrize(("text", "account"), ACCOUNTS)
def test_an_account_number_that_lost_its_digits_is_not_used(text, account):
    row = {"act": "retry", "on": "2026-03-02", "payment": "P1", "account": text}
    found = read_trade(PAYMENTS, cells(PAYMENTS, row), keyed=False)
    if account is None:
        assert [each["column"] for each in found.aside.to_pylist()] == ["account"]
    else:
        assert found.rows[0].values["account"] == account


def test_a_currency_without_cents_and_a_name_too_long_are_set_aside():
    rows = [
        {"act": "fund", "on": "2026-03-02", "amount": "1", "currency": "JPY"},
        {"act": "close", "on": "2026-03-02", "order": "单" * 27},
        {"act": "close", "on": "2026-03-02", "order": "单" * 26},
        {"act": "fund", "on": "2026-03-02", "amount": "1", "currency": "usd"},
    ]
    found = read_trade(ORDERS, cells(ORDERS, *rows), keyed=False)
    wrong = [(row["row"], row["column"]) for row in found.aside.to_pylist()]
    assert wrong == [(1, "currency"), (2, "order")]
    assert found.rows[1].values["currency"] == "USD"
    assert "JPY" not in CURRENCIES


@st.composite
def order_acts(draw):
    kind = draw(st.sampled_from(["enter", "draw", "draw", "deliver", "send_back", "close"]))
    given = act(kind, order=draw(st.sampled_from(["O1", "O2"])), amount=draw(AMOUNTS))
    if kind == "enter":
        share = draw(st.sampled_from(["0.001", "0.5", "0.77", "1"]))
        given |= {"buyer": "b", "seller": "s", "share": Decimal(share)}
    return {**given, "on": draw(DAYS)}


@given(st.lists(order_acts(), max_size=25))
def test_no_order_is_drawn_beyond_its_share_whatever_comes(acts):
    desk = run_trade(ORDERS, sheet(*acts))
    for number, stand in desk.stands.items():
        figures = stand.figures
        orders = [each for each in desk.steps if each.row.get("order") == number and each.done]
        shares = [each.row.values["share"] for each in orders if each.row.values["act"] == "enter"]
        drawn = sum(each.row.values["amount"] for each in orders if each.movements)
        assert len(shares) == 1
        assert figures["drawn_minor"] == drawn <= int(figures["ordered_minor"] * shares[0])
        assert figures["returned_minor"] <= figures["delivered_minor"] <= figures["ordered_minor"]
        days = [each.row.values["on"] for each in orders]
        assert days == sorted(days)
    table = answers(desk, "zh")
    assert table.num_rows == len(acts)
    assert sum(move.amount for move in desk.movements) == sum(
        stand.figures["drawn_minor"] for stand in desk.stands.values()
    )
