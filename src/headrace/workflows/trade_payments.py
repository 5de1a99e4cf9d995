"""Controlled payments (受托支付) as acts of a sheet: asked for, drawn, checked, approved, paid."""

from collections.abc import Callable, Mapping
from typing import Any

from headrace.contracts.instruments import payments
from headrace.contracts.instruments.outcomes import Outcome
from headrace.contracts.instruments.payments import Paper, Payment, PaymentRefusal, Stage
from headrace.pack import Text
from headrace.workflows.desk_rows import Field, Row, Unreadable
from headrace.workflows.trade_acts import CNY, FUND, FUND_TEXT, Stand, Trade, fields_of, name_cell

Book = Mapping[str, Payment]
ACTS = {
    FUND: FUND_TEXT,
    "ask": Text("ask", "申请"),
    "hold": Text("hold", "放款待付"),
    "check": Text("check", "审核单据"),
    "approve": Text("approve", "审批"),
    "pay": Text("pay", "支付"),
    "give_back": Text("give_back", "退汇"),
    "retry": Text("retry", "更换账号"),
    "cancel": Text("cancel", "撤销"),
}
"""What an act is called in a sheet, in either language."""

ALSO = {"录入": "ask", "放款": "hold", "审核": "check", "复核": "approve", "付款": "pay"}
NO_ACCOUNT = Text(
    "is no account number: letters and digits, in a cell formatted as text",
    "不是账号（字母与数字；单元格须设为文本格式，否则长账号会丢失末位）",
)
ACCOUNT_MAX = 40


def account_cell(text: str) -> str:
    """An account number without spaces and hyphens.

    A spreadsheet keeps 15 digits of a number; a longer account that was typed as a number has lost
    its last ones, and two payees would look the same.
    """
    plain = text.replace(" ", "").replace("-", "")
    if not (plain.isascii() and plain.isalnum() and len(plain) <= ACCOUNT_MAX):
        raise Unreadable(NO_ACCOUNT)
    return plain


FIELDS = fields_of(
    ACTS,
    ALSO,
    Field("payment", ("支付编号", "支付单号", "编号"), name_cell),
    Field("by", ("操作人", "经办人", "办理人"), name_cell),
    Field("borrower", ("借款人",), name_cell),
    Field("payee", ("收款人",), name_cell),
    Field("account", ("收款账号", "账号"), account_cell),
    Field("against", ("对应单据", "订单或发票号", "单据号"), name_cell),
)
"""A sheet of acts. `check` tells what the paper itself says: number, payee, account, amount."""

_PAPER = ("payee", "account", "against", "amount")
NEEDS = {
    FUND: ("amount",),
    "ask": ("payment", "borrower", *_PAPER),
    "hold": ("payment",),
    "check": ("payment", "by", *_PAPER),
    "approve": ("payment", "by"),
    "pay": ("payment", "payee", "account"),
    "give_back": ("payment",),
    "retry": ("payment", "account"),
    "cancel": ("payment",),
}
STATUSES = {
    Stage.DRAFT.value: Text("asked for", "已申请"),
    Stage.HELD.value: Text("drawn, waits", "已放款待付"),
    Stage.CHECKED.value: Text("checked", "已审核"),
    Stage.APPROVED.value: Text("approved", "已审批"),
    Stage.PAID.value: Text("paid", "已支付"),
    Stage.RETURNED.value: Text("came back", "已退汇"),
    Stage.CANCELLED.value: Text("cancelled", "已撤销"),
}
FIGURES = ("asked_minor", "waiting_minor", "paid_minor", "cancelled_minor")
_FIGURE = {
    Stage.DRAFT: "asked_minor",
    Stage.PAID: "paid_minor",
    Stage.CANCELLED: "cancelled_minor",
}

Done = Outcome[Payment, Any]
_DO: Mapping[str, Callable[[Payment, Row], Done]] = {
    "hold": lambda payment, row: payments.hold(payment, row.values["on"]),
    "check": lambda payment, row: payments.check(payment, _paper(row), row.values["by"]),
    "approve": lambda payment, row: payments.approve(payment, row.values["by"]),
    "pay": lambda payment, row: payments.pay(
        payment, row.values["payee"], row.values["account"], row.values["on"]
    ),
    "give_back": lambda payment, row: payments.give_back(payment, row.values["on"]),
    "retry": lambda payment, row: payments.retry(payment, row.values["account"]),
    "cancel": lambda payment, row: payments.cancel(payment, row.values["on"]),
}


def _paper(row: Row) -> Paper:
    value = row.values
    return Paper(value["against"], value["payee"], value["account"], value["amount"])


def _do(book: Book, row: Row) -> Outcome[Book, Any]:
    number = row.values["payment"]
    outcome = _ask(row) if row.values["act"] == "ask" else _DO[row.values["act"]](book[number], row)
    if not outcome.done:
        return Outcome(book, outcome.refusal, detail=outcome.detail)
    return Outcome({**book, number: outcome.state}, None, outcome.movements, outcome.detail)


def _ask(row: Row) -> Done:
    value = row.values
    asked = Payment(
        id=value["payment"],
        borrower=value["borrower"],
        payee=value["payee"],
        account=value["account"],
        against=value["against"],
        amount=value["amount"],
        currency=row.get("currency", CNY),
    )
    above_zero = asked.amount > 0
    return Outcome(asked, None if above_zero else PaymentRefusal.AMOUNT_NOT_POSITIVE)


def _stand(book: Book, number: str) -> Stand | None:
    payment = book.get(number)
    if payment is None:
        return None
    figures = dict.fromkeys(FIGURES, 0)
    figures[_FIGURE.get(payment.stage, "waiting_minor")] = payment.amount
    return Stand(payment.borrower, payment.payee, payment.currency, payment.stage, figures)


PAYMENTS: Trade[Book] = Trade(
    name="payment",
    subject="payment",
    opens="ask",
    acts=ACTS,
    fields=FIELDS,
    needs=NEEDS,
    start={},
    do=_do,
    stand=_stand,
    figures=FIGURES,
    statuses=STATUSES,
    details={},
)
