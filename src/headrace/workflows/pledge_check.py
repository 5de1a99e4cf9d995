"""What is asked to be financed, held against what is financed already, as rows of a sheet."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from headrace.contracts.instruments import claims
from headrace.contracts.instruments.claims import Kind
from headrace.contracts.instruments.double_pledge import Near, Reason, Verdict, check, refused
from headrace.contracts.instruments.words import words
from headrace.pack import Text
from headrace.workflows.desk_rows import (
    TWICE,
    Cells,
    Field,
    Row,
    Sheet,
    amount_cell,
    aside,
    day_cell,
    minor_cell,
    read_sheet,
    text_cell,
    word_cell,
)

KINDS = {
    Kind.INVOICE: Text("invoice", "发票"),
    Kind.ORDER: Text("order", "订单"),
    Kind.RECEIPT: Text("receipt", "仓单"),
    Kind.GOODS: Text("goods", "货物"),
}
OWN, REGISTER = "own", "register"
_SOURCES = {OWN: OWN, REGISTER: REGISTER, "本行": OWN, "登记系统": REGISTER}
_KIND_WORDS = {word: kind.value for kind, text in KINDS.items() for word in (text.en, text.zh)}

FIELDS = (
    Field("claim", ("编号", "申请编号"), text_cell, needed=True),
    Field("financing", ("融资编号", "业务编号"), text_cell),
    Field("lender", ("资金方", "贷款人"), text_cell),
    Field(
        "kind",
        ("种类", "标的种类"),
        word_cell(_KIND_WORDS, {"应收账款": Kind.INVOICE.value, "存货": Kind.GOODS.value}),
        needed=True,
    ),
    Field(
        "source",
        ("来源",),
        word_cell(_SOURCES, {"自有": OWN, "登记": REGISTER, "中登网": REGISTER}),
    ),
    Field("seller", ("卖方", "货主", "出让人"), text_cell),
    Field("buyer", ("买方", "付款人"), text_cell),
    Field("number", ("单据号", "发票号", "仓单号"), text_cell),
    Field("order", ("订单号",), text_cell),
    Field("day", ("单据日期", "开票日期"), day_cell),
    Field("amount", ("单据金额", "金额"), amount_cell),
    Field("amount_minor", ("单据金额(分)",), minor_cell, key="amount"),
    Field("financed", ("融资金额",), amount_cell),
    Field("financed_minor", ("融资金额(分)",), minor_cell, key="financed"),
    Field("serial", ("序列号",), text_cell),
    Field("batch", ("批次",), text_cell),
    Field("warehouse", ("仓库",), text_cell),
    Field("location", ("库位",), text_cell),
    Field("held_from", ("监管起始日",), day_cell),
    Field("held_until", ("监管截止日",), day_cell),
)
_MONEY = {"amount": "amount_minor", "financed": "financed_minor"}
NOTHING_SAID = Text(
    "has neither number, serial, nor place, so that nothing can be compared",
    "单据号、序列号、库位均为空，无法比对",
)
NEGATIVE = Text("is below zero", "不得为负")


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        findings: A table of `double_pledge.SCHEMA`, and `says`, the reason in words.
        refused: Claims that may not be financed, in their order.
        raised: Claims that somebody should look at.
        clear: Claims against which nothing was found.
    """

    findings: pa.Table
    refused: tuple[str, ...]
    raised: tuple[str, ...]
    clear: tuple[str, ...]


def read_claims(cells: Cells) -> Sheet:
    """A sheet of claims; a claim that is there twice is set aside the second time."""
    sheet = read_sheet(cells, FIELDS, _unfit)
    first: dict[str, int] = {}
    wrong = []
    for row in sheet.rows:
        name = row.values["claim"]
        if first.setdefault(name, row.number) != row.number:
            told = {"row": first[name]}
            why = Text(TWICE.en.format(**told), TWICE.zh.format(**told))
            wrong.append((row.number, "claim", name, why))
    kept = tuple(row for row in sheet.rows if first[row.values["claim"]] == row.number)
    return Sheet(kept, pa.concat_tables([sheet.aside, aside(wrong)]), sheet.unused, sheet.count)


def check_claims(
    new: Sheet, known: Sequence[Sheet], near: Near | None = None, lang: str = "zh"
) -> Checked:
    """Hold new claims against known ones, and against the new ones before them."""
    asked = _table(new)
    stands = pa.concat_tables([claims.SCHEMA.empty_table(), *(_table(each) for each in known)])
    found = check(asked, stands, near)
    reasons = [words(Reason(each)) for each in found["reason"].to_pylist()]
    says = [each.zh if lang == "zh" else each.en for each in reasons]
    bad = refused(found)
    odd = set(found.filter(pc.equal(found["verdict"], Verdict.RAISE.value))["claim"].to_pylist())
    names = asked["claim"].to_pylist()
    return Checked(
        found.append_column("says", pa.array(says, pa.string())),
        tuple(name for name in names if name in bad),
        tuple(name for name in names if name in odd and name not in bad),
        tuple(name for name in names if name not in odd and name not in bad),
    )


def _table(sheet: Sheet) -> pa.Table:
    rows = []
    for row in sheet.rows:
        values = {_MONEY.get(key, key): value for key, value in row.values.items()}
        rows.append({"source": OWN, **values})
    return claims.claims(rows)


def _unfit(row: Row) -> list[tuple[str, Text]]:
    wrong = [(name, NEGATIVE) for name in _MONEY if row.get(name, 0) < 0]
    blanket = row.get("source") == REGISTER and row.get("seller") is not None
    placed = row.get("warehouse") is not None and row.get("location") is not None
    if not (row.get("number") or row.get("serial") or row.get("order") or placed or blanket):
        wrong.append(("number", NOTHING_SAID))
    return wrong
