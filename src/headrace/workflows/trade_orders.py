"""Draws against orders (订单融资, 逐单支用) as acts of a sheet: entered, drawn, delivered.

A draw is paid to the seller at once. Interest and repayment of what was drawn are those of a loan.
"""

from typing import Any

from headrace.contracts.instruments import orders
from headrace.contracts.instruments.orders import Order, OrderRefusal, Orders
from headrace.contracts.instruments.outcomes import Outcome
from headrace.contracts.movements import Movement
from headrace.pack import Text
from headrace.workflows.desk_rows import Field, Row, share_cell
from headrace.workflows.trade_acts import (
    CNY,
    FUND,
    FUND_TEXT,
    Stand,
    Trade,
    fields_of,
    key_of,
    name_cell,
)

ACTS = {
    FUND: FUND_TEXT,
    "enter": Text("enter", "录入订单"),
    "draw": Text("draw", "支用"),
    "deliver": Text("deliver", "交货"),
    "send_back": Text("send_back", "退货"),
    "close": Text("close", "关闭"),
}
"""What an act is called in a sheet, in either language."""

ALSO = {"录入": "enter", "订单": "enter", "放款": "draw", "提款": "draw", "收货": "deliver"}
FIELDS = fields_of(
    ACTS,
    ALSO,
    Field("order", ("订单号", "订单编号", "订单"), name_cell),
    Field("buyer", ("买方", "借款人", "采购方"), name_cell),
    Field("seller", ("卖方", "供货方"), name_cell),
    Field("share", ("融资比例",), share_cell),
)
_AMOUNT = ("order", "amount")
NEEDS = {
    FUND: ("amount",),
    "enter": ("order", "buyer", "seller", "amount", "share"),
    "draw": _AMOUNT,
    "deliver": _AMOUNT,
    "send_back": _AMOUNT,
    "close": ("order",),
}
STATUSES = {
    "open": Text("open", "可支用"),
    "used_up": Text("used up", "已用足"),
    "excess": Text("overdrawn", "超额待还"),
    "closed": Text("closed", "已关闭"),
}
FIGURES = (
    "ordered_minor", "carries_minor", "drawn_minor", "room_minor", "excess_minor",
    "delivered_minor", "returned_minor",
)  # fmt: skip
DETAILS = {
    OrderRefusal.OVER_FINANCED_SHARE.value: Text("at most {}", "最多可支用 {}"),
    "send_back": Text("{} to be repaid", "须归还 {}"),
}


def _do(book: Orders, row: Row) -> Outcome[Orders, Any]:
    act, value = row.values["act"], row.values
    if act == "enter":
        return orders.enter(book, _order(row))
    if act == "draw":
        outcome = orders.draw(book, key_of(row), value["order"], value["amount"])
        return _with_money(outcome, row) if outcome.done else outcome
    if act == "close":
        return orders.close(book, value["order"])
    do = orders.deliver if act == "deliver" else orders.send_back
    return do(book, value["order"], value["amount"])


def _order(row: Row) -> Order:
    value = row.values
    return Order(
        value["order"],
        value["buyer"],
        value["seller"],
        value["amount"],
        value["share"],
        currency=row.get("currency", CNY),
    )


def _with_money(outcome: Outcome[Orders, Any], row: Row) -> Outcome[Orders, Any]:
    currency = outcome.state.orders[row.values["order"]].currency
    move = Movement(
        "loan_principal", "cash", row.values["amount"], currency, row.values["on"], "order_drawn"
    )
    return Outcome(outcome.state, movements=(move,))


def _stand(book: Orders, number: str) -> Stand | None:
    order = book.orders.get(number)
    if order is None:
        return None
    amounts = (order.amount, order.ceiling, order.drawn, order.room, order.excess,
               order.delivered, order.returned)  # fmt: skip
    status = "open" if order.room else "used_up"
    status = "closed" if order.closed else status
    status = "excess" if order.excess else status
    figures = dict(zip(FIGURES, amounts, strict=True))
    return Stand(order.buyer, order.seller, order.currency, status, figures)


ORDERS: Trade[Orders] = Trade(
    name="order",
    subject="order",
    opens="enter",
    acts=ACTS,
    fields=FIELDS,
    needs=NEEDS,
    start=Orders(),
    do=_do,
    stand=_stand,
    figures=FIGURES,
    statuses=STATUSES,
    details=DETAILS,
)
