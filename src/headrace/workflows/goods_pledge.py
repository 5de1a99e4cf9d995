"""What happens to warehouse receipts, as rows of a sheet: each answered, with how a pledge stands.

Quantities are tonnes in the sheet and kilograms inside; prices are yuan a tonne.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from headrace.contracts.instruments import receipts
from headrace.contracts.instruments.outcomes import Outcome
from headrace.contracts.instruments.receipts import (
    Cover,
    Pledge,
    Prices,
    Receipt,
    ReceiptRefusal,
    Store,
)
from headrace.contracts.instruments.words import words
from headrace.contracts.movements import Movement
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.desk_rows import (
    MISSING,
    Cells,
    Field,
    Row,
    Sheet,
    amount_cell,
    day_cell,
    list_cell,
    minor_cell,
    price_cell,
    read_sheet,
    share_cell,
    text_cell,
    tonnes_cell,
    word_cell,
)

CURRENCY = "CNY"
EVENTS = {
    "price": Text("price", "定价"),
    "issue": Text("issue", "开立"),
    "split": Text("split", "拆分"),
    "merge": Text("merge", "合并"),
    "pledge": Text("pledge", "质押"),
    "repay": Text("repay", "还款"),
    "release": Text("release", "解除"),
    "deliver": Text("deliver", "出库"),
    "count": Text("count", "盘点"),
}
"""What an event is called in a sheet, in either language."""

_EVENT_WORDS = {word: key for key, text in EVENTS.items() for word in (text.en, text.zh)}
_ALSO = {
    "估值": "price",
    "提货": "deliver",
    "赎货": "release",
    "解除质押": "release",
    "签发": "issue",
}

FIELDS = (
    Field("event", ("事项", "操作"), word_cell(_EVENT_WORDS, _ALSO), needed=True),
    Field("on", ("日期",), day_cell, needed=True),
    Field("receipt", ("仓单号", "仓单"), text_cell),
    Field("parts", ("仓单清单", "合并仓单"), list_cell),
    Field("owner", ("货主", "存货人"), text_cell),
    Field("goods", ("货物", "品名"), text_cell),
    Field("grade", ("等级", "牌号"), text_cell),
    Field("tonnes", ("数量(吨)", "吨", "数量"), tonnes_cell),
    Field("warehouse", ("仓库",), text_cell),
    Field("location", ("库位",), text_cell),
    Field("keeper", ("保管人",), text_cell),
    Field("batch", ("批次",), text_cell),
    Field("pledge", ("质押编号",), text_cell),
    Field("lender", ("质权人", "资金方"), text_cell),
    Field("rate", ("质押率",), share_cell),
    Field("loan", ("贷款余额", "贷款", "金额"), amount_cell),
    Field("loan_minor", ("贷款余额(分)",), minor_cell, key="loan"),
    Field("floor", ("核定库存", "核定库存价值"), amount_cell),
    Field("floor_minor", ("核定库存(分)",), minor_cell, key="floor"),
    Field("price", ("单价", "单价(元/吨)"), price_cell),
    Field("to", ("提货人",), text_cell),
)
NEEDS = {
    "price": ("goods", "price"),
    "issue": ("receipt", "owner", "goods", "tonnes", "warehouse", "location", "keeper"),
    "split": ("receipt", "tonnes"),
    "merge": ("receipt", "parts"),
    "pledge": ("pledge", "parts", "owner", "lender", "rate", "loan"),
    "repay": ("pledge", "loan"),
    "release": ("receipt",),
    "deliver": ("receipt", "to"),
    "count": ("receipt", "tonnes"),
}
ABOVE_ZERO = Text("is not above zero", "必须大于零")
NOT_NEGATIVE = Text("is below zero", "不得为负")


@dataclass(frozen=True)
class Happened:
    """One event and its answer.

    Attributes:
        row: The row it came from.
        refusal: The requirement it breaks; None: it was done.
        detail: A figure or name beside the answer, for people.
        movements: For the ledger.
        pledge: The pledge it touches; None: none.
        cover: How that pledge stands after it; None: it touches none, or a price is missing.
    """

    row: Row
    refusal: ReceiptRefusal | None
    detail: str
    movements: tuple[Movement, ...]
    pledge: str | None
    cover: Cover | None


@dataclass(frozen=True)
class Yard:
    """Receipts, pledges and prices after all events."""

    store: Store
    prices: Prices
    happened: tuple[Happened, ...]

    @property
    def refused(self) -> int:
        """Events that were refused."""
        return sum(each.refusal is not None for each in self.happened)

    @property
    def movements(self) -> list[Movement]:
        """Of all events, in order."""
        return [move for each in self.happened for move in each.movements]


def read_events(cells: Cells) -> Sheet:
    """A sheet of events; a row that lacks what its event needs is set aside."""
    return read_sheet(cells, FIELDS, _unfit)


def run_events(sheet: Sheet) -> Yard:
    """Let events happen in the order of the sheet."""
    yard = Yard(Store(), Prices({}, currency=CURRENCY), ())
    happened = []
    for row in sheet.rows:
        before = _pledge_of(row, yard.store)
        yard, outcome = _happen(yard, row)
        touched = before or _pledge_of(row, yard.store)
        stands = None
        if touched is not None and touched in yard.store.pledges:
            stands = receipts.cover(yard.store, touched, yard.prices)
        detail = _detail(row, outcome) or _fallen_short(yard, row)
        happened.append(Happened(row, outcome.refusal, detail, outcome.movements, touched, stands))
    return replace(yard, happened=tuple(happened))


def answers(yard: Yard, lang: str) -> pa.Table:
    """One row an event.

    Columns: row, on, event, receipt, pledge, tonnes; done, answer, says, detail; value_minor,
    floor_minor, short_minor, spare_minor of the pledge it touches, after it.
    """
    rows = []
    for each in yard.happened:
        told = Text("done", "已办理") if each.refusal is None else Text(*words(each.refusal))
        row, stands = each.row, each.cover
        rows.append(
            (
                row.number, row.values["on"], EVENTS[row.values["event"]].in_language(lang),
                row.get("receipt"), each.pledge, _tonnes(row.get("tonnes")),
                each.refusal is None, "done" if each.refusal is None else each.refusal.value,
                told.in_language(lang), each.detail,
                *((None,) * 4 if stands is None else
                  (stands.value, stands.floor, stands.short, stands.spare)),
            )
        )  # fmt: skip
    return _rows(_ANSWERS, rows)


def held(yard: Yard) -> pa.Table:
    """Receipts that live: receipt, owner, goods, grade, tonnes, place, pledge, value_minor."""
    rows = [
        (each.id, each.owner, each.goods, each.grade, _tonnes(each.quantity), each.warehouse,
         each.location, each.keeper, each.batch or None, each.pledge, yard.prices.value(each))
        for each in yard.store.receipts.values()
        if each.state is receipts.ReceiptState.LIVE
    ]  # fmt: skip
    return _rows(_HELD, rows)


def covers(yard: Yard) -> pa.Table:
    """How every pledge stands: pledge, lender, owner, rate, loan, value, floor, short, spare."""
    rows = []
    for name, terms in yard.store.pledges.items():
        stands = receipts.cover(yard.store, name, yard.prices)
        figures = (
            (None,) * 4
            if stands is None
            else (stands.value, stands.floor, stands.short, stands.spare)
        )
        rows.append((name, terms.lender, terms.owner, float(terms.rate), terms.loan, *figures))
    return _rows(_COVERS, rows)


_COVER = [
    ("value_minor", pa.int64()), ("floor_minor", pa.int64()), ("short_minor", pa.int64()),
    ("spare_minor", pa.int64()),
]  # fmt: skip
_ANSWERS = pa.schema(
    [
        ("row", pa.int64()), ("on", pa.date32()), ("event", pa.string()),
        ("receipt", pa.string()), ("pledge", pa.string()), ("tonnes", pa.float64()),
        ("done", pa.bool_()), ("answer", pa.string()), ("says", pa.string()),
        ("detail", pa.string()), *_COVER,
    ]
)  # fmt: skip
_HELD = pa.schema(
    [
        ("receipt", pa.string()), ("owner", pa.string()), ("goods", pa.string()),
        ("grade", pa.string()), ("tonnes", pa.float64()), ("warehouse", pa.string()),
        ("location", pa.string()), ("keeper", pa.string()), ("batch", pa.string()),
        ("pledge", pa.string()), ("value_minor", pa.int64()),
    ]
)  # fmt: skip
_COVERS = pa.schema(
    [
        ("pledge", pa.string()), ("lender", pa.string()), ("owner", pa.string()),
        ("rate", pa.float64()), ("loan_minor", pa.int64()), *_COVER,
    ]
)  # fmt: skip


def _rows(schema: pa.Schema, rows: Sequence[tuple[object, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [[] for _ in schema]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema)


Done = Outcome[Store, ReceiptRefusal]


def _happen(yard: Yard, row: Row) -> tuple[Yard, Done]:
    if row.values["event"] == "price":
        kind = (row.values["goods"], row.get("grade", ""))
        minor = {**yard.prices.minor, kind: row.values["price"]}
        return replace(yard, prices=replace(yard.prices, minor=minor)), Outcome(yard.store)
    outcome = _DO[row.values["event"]](yard, row)
    return replace(yard, store=outcome.state), outcome


def _issue(yard: Yard, row: Row) -> Done:
    value = row.values
    receipt = Receipt(
        id=value["receipt"],
        owner=value["owner"],
        goods=value["goods"],
        grade=row.get("grade", ""),
        quantity=value["tonnes"],
        warehouse=value["warehouse"],
        location=value["location"],
        keeper=value["keeper"],
        issued=value["on"],
        batch=row.get("batch", ""),
    )
    return receipts.issue(yard.store, receipt)


def _pledge(yard: Yard, row: Row) -> Done:
    value = row.values
    terms = Pledge(
        value["pledge"], value["lender"], value["owner"], value["rate"], value["loan"],
        row.get("floor", 0),
    )  # fmt: skip
    return receipts.pledge(yard.store, terms, value["parts"], yard.prices, value["on"])


_DO: Mapping[str, Callable[[Yard, Row], Done]] = {
    "issue": _issue,
    "split": lambda yard, row: receipts.split(
        yard.store, row.values["receipt"], row.values["tonnes"]
    ),
    "merge": lambda yard, row: receipts.merge(
        yard.store, row.values["parts"], row.values["receipt"]
    ),
    "pledge": _pledge,
    "repay": lambda yard, row: receipts.repay(yard.store, row.values["pledge"], row.values["loan"]),
    "release": lambda yard, row: receipts.release(
        yard.store, row.values["receipt"], yard.prices, row.values["on"]
    ),
    "deliver": lambda yard, row: receipts.deliver(
        yard.store, row.values["receipt"], row.values["to"]
    ),
    "count": lambda yard, row: receipts.count(
        yard.store, row.values["receipt"], row.values["tonnes"], CURRENCY, row.values["on"]
    ),
}


def _pledge_of(row: Row, store: Store) -> str | None:
    if "pledge" in row.values:
        return str(row.values["pledge"])
    receipt = store.receipts.get(row.get("receipt", ""))
    return None if receipt is None else receipt.pledge


def _detail(row: Row, outcome: Done) -> str:
    """A figure with its unit."""
    if not outcome.detail:
        return ""
    money = (ReceiptRefusal.BELOW_FLOOR, ReceiptRefusal.MORE_THAN_LOAN)
    if outcome.refusal in money:
        return format_minor(int(outcome.detail), CURRENCY)
    weighs = outcome.refusal is ReceiptRefusal.COUNTED_MORE or outcome.refusal is None
    if row.values["event"] == "count" and weighs:
        return "" if outcome.detail == "0" else f"{int(outcome.detail) / 1000:,.3f} t"
    return outcome.detail


def _fallen_short(yard: Yard, row: Row) -> str:
    """The pledges that a new price leaves short, and by how much."""
    if row.values["event"] != "price":
        return ""
    goods = row.values["goods"]
    found = []
    for name in yard.store.pledges:
        stands = receipts.cover(yard.store, name, yard.prices)
        if stands is None or not stands.short:
            continue
        if any(each.goods == goods for each in yard.store.held(name)):
            found.append(f"{name} -{format_minor(stands.short, CURRENCY)}")
    return ", ".join(found)


def _tonnes(kilograms: int | None) -> float | None:
    return None if kilograms is None else kilograms / 1000


def _unfit(row: Row) -> list[tuple[str, Text]]:
    event = EVENTS[row.values["event"]]
    wrong = [
        (name, Text(f"{MISSING.en}, and {event.en} needs it", f"{MISSING.zh}（{event.zh}必填）"))
        for name in NEEDS[row.values["event"]]
        if name not in row.values
    ]
    wrong += [(name, NOT_NEGATIVE) for name in ("loan", "floor") if row.get(name, 0) < 0]
    return wrong + ([("price", ABOVE_ZERO)] if row.get("price", 1) <= 0 else [])
