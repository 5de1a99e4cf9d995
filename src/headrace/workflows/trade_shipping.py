"""Money first, goods later (保兑仓, 控货发货) as acts of a sheet: goods follow deposits."""

from collections.abc import Callable, Mapping
from typing import Any

from headrace.contracts.instruments import shipping
from headrace.contracts.instruments.outcomes import Outcome
from headrace.contracts.instruments.shipping import Prepaid, ShippingRefusal
from headrace.pack import Text
from headrace.workflows.desk_rows import Field, Row, day_cell, share_cell
from headrace.workflows.trade_acts import (
    CNY,
    FUND,
    FUND_TEXT,
    Stand,
    Trade,
    fields_of,
    name_cell,
)

Book = Mapping[str, Prepaid]
ACTS = {
    FUND: FUND_TEXT,
    "agree": Text("agree", "签约"),
    "start": Text("start", "放款"),
    "pay_core": Text("pay_core", "付核心企业"),
    "deposit": Text("deposit", "追加保证金"),
    "release": Text("release", "提货通知"),
    "ship": Text("ship", "发货"),
    "stop": Text("stop", "停止发货"),
    "resume": Text("resume", "恢复发货"),
    "settle": Text("settle", "到期结算"),
    "buy_back": Text("buy_back", "差额退款"),
}
"""What an act is called in a sheet, in either language."""

ALSO = {
    "启用": "start",
    "付款": "pay_core",
    "补缴": "deposit",
    "放货": "release",
    "回购": "buy_back",
}
FIELDS = fields_of(
    ACTS,
    ALSO,
    Field("deal", ("协议号", "业务编号", "合同号"), name_cell),
    Field("dealer", ("经销商", "借款人"), name_cell),
    Field("core", ("核心企业", "生产商"), name_cell),
    Field("share", ("首付比例", "保证金比例"), share_cell),
    Field("due", ("到期日",), day_cell),
)
_AMOUNT = ("deal", "amount")
NEEDS = {
    FUND: ("amount",),
    "agree": ("deal", "dealer", "core", "amount", "share", "due"),
    "start": _AMOUNT,
    "pay_core": ("deal",),
    "deposit": _AMOUNT,
    "release": _AMOUNT,
    "ship": _AMOUNT,
    "stop": ("deal",),
    "resume": ("deal",),
    "settle": ("deal",),
    "buy_back": _AMOUNT,
}
STATUSES = {
    "agreed": Text("agreed", "已签约"),
    "running": Text("running", "执行中"),
    "stopped": Text("stopped", "停止发货"),
    "settled": Text("core owes", "待差额退款"),
    "closed": Text("closed", "已结清"),
}
FIGURES = (
    "goods_minor", "deposit_minor", "released_minor", "shipped_minor", "with_core_minor",
    "loan_minor", "uncovered_minor", "waiting_minor",
)  # fmt: skip
DETAILS = {
    ShippingRefusal.DEPOSIT_TOO_SMALL.value: Text("at least {}", "不少于 {}"),
    ShippingRefusal.BEYOND_DEPOSIT.value: Text("at most {}", "最多 {}"),
    ShippingRefusal.BEYOND_RELEASE.value: Text("at most {}", "最多 {}"),
    "settle": Text("the core owes {}", "核心企业应退 {}"),
}

_DO: Mapping[str, Callable[[Prepaid, Row], Outcome[Prepaid, Any]]] = {
    "start": lambda deal, row: shipping.start(deal, row.values["amount"], row.values["on"]),
    "pay_core": lambda deal, row: shipping.pay_core(deal, row.values["on"]),
    "deposit": lambda deal, row: shipping.add_deposit(deal, row.values["amount"], row.values["on"]),
    "release": lambda deal, row: shipping.release(deal, row.values["amount"]),
    "ship": lambda deal, row: shipping.ship(deal, row.values["amount"]),
    "stop": lambda deal, _row: shipping.stop(deal),
    "resume": lambda deal, _row: shipping.resume(deal),
    "settle": lambda deal, row: shipping.settle(deal, row.values["on"]),
    "buy_back": lambda deal, row: shipping.buy_back(deal, row.values["amount"], row.values["on"]),
}


def _do(book: Book, row: Row) -> Outcome[Book, Any]:
    number, act = row.values["deal"], row.values["act"]
    outcome = _agree(row) if act == "agree" else _DO[act](book[number], row)
    if not outcome.done:
        return Outcome(book, outcome.refusal, detail=outcome.detail)
    return Outcome({**book, number: outcome.state}, None, outcome.movements, outcome.detail)


def _agree(row: Row) -> Outcome[Prepaid, Any]:
    value = row.values
    agreed = Prepaid(
        value["deal"],
        value["dealer"],
        value["core"],
        value["amount"],
        value["share"],
        value["due"],
        row.get("currency", CNY),
    )
    above_zero = agreed.amount > 0
    return Outcome(agreed, None if above_zero else ShippingRefusal.AMOUNT_NOT_POSITIVE)


def _stand(book: Book, number: str) -> Stand | None:
    deal = book.get(number)
    if deal is None:
        return None
    drawn = deal.loan > 0 or deal.settled
    waiting = deal.amount if drawn and not deal.paid else 0
    amounts = (deal.amount, deal.deposit, deal.released, deal.shipped, deal.with_core, deal.loan,
               deal.uncovered, waiting)  # fmt: skip
    figures = dict(zip(FIGURES, amounts, strict=True))
    return Stand(deal.dealer, deal.core, deal.currency, _status(deal), figures)


def _status(deal: Prepaid) -> str:
    if deal.settled:
        return "settled" if deal.loan else "closed"
    if not deal.loan:
        return "agreed"
    return "stopped" if deal.stopped else "running"


SHIPPING: Trade[Book] = Trade(
    name="shipping",
    subject="deal",
    opens="agree",
    acts=ACTS,
    fields=FIELDS,
    needs=NEEDS,
    start={},
    do=_do,
    stand=_stand,
    figures=FIGURES,
    statuses=STATUSES,
    details=DETAILS,
)
