"""What `headrace payment`, `order` and `shipping` print: answers, contracts, totals, the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing import desk as printing_desk
from headrace.adapters.printing.desk import grid, money, speaker
from headrace.pack import Text
from headrace.workflows.trade_acts import CNY, Desk, Trade

ROWS_SHOWN = printing_desk.ROWS_SHOWN
WORDS = printing_desk.WORDS | {
    "acts": Text(
        "{applied:,} acts done, {refused:,} refused, {repeated:,} sent again",
        "已办理 {applied:,} 笔，拒绝 {refused:,} 笔，重复 {repeated:,} 笔",
    ),
    "refusals": Text("Refused", "被拒绝"),
    "row": Text("Row", "行"),
    "act": Text("Act", "操作"),
    "key": Text("Key", "幂等键"),
    "by": Text("By", "操作人"),
    "payment": Text("Payment", "支付编号"),
    "order": Text("Order", "订单号"),
    "deal": Text("Deal", "协议号"),
    "done": Text("Done", "是否办理"),
    "answer": Text("Code", "代码"),
    "says": Text("Answer", "结果"),
    "status": Text("Then", "办理后状态"),
    "state": Text("State", "状态"),
    "party": Text("Borrower", "借款人"),
    "other": Text("Payee", "收款人"),
    "contracts": Text("Contracts", "笔数"),
    "asked_minor": Text("Asked for", "申请"),
    "waiting_minor": Text("Waits", "待付"),
    "paid_minor": Text("Paid", "已付"),
    "cancelled_minor": Text("Cancelled", "撤销"),
    "ordered_minor": Text("Ordered", "订单金额"),
    "carries_minor": Text("Carries", "可融资"),
    "drawn_minor": Text("Drawn", "已支用"),
    "room_minor": Text("Left", "尚可支用"),
    "excess_minor": Text("Too much", "超额"),
    "delivered_minor": Text("Delivered", "已交货"),
    "returned_minor": Text("Returned", "已退货"),
    "goods_minor": Text("Goods", "货款"),
    "deposit_minor": Text("Deposit", "保证金"),
    "released_minor": Text("Released", "已通知"),
    "shipped_minor": Text("Shipped", "已发货"),
    "with_core_minor": Text("With core", "未发货"),
    "loan_minor": Text("Loan", "贷款"),
    "uncovered_minor": Text("Uncovered", "敞口"),
    "standing": Text("How they stand", "现状"),
    "totals": Text("All together, by currency", "分币种合计"),
    "none": Text("none", "无"),
    "posted": Text(
        "{address}: {new:,} transfers booked, {there:,} were there before",
        "{address}：新记账 {new:,} 笔，此前已记 {there:,} 笔",
    ),
    "cash": Text(
        "cash {cash}, of it held for payees {held}, free {free}",
        "资金 {cash}，其中为收款人冻结 {held}，可用 {free}",
    ),
    "balanced": Text(
        "debits equal credits: {transfers:,} transfers in {batches:,} batches, head {head}",
        "借贷平衡：{batches:,} 个批次共 {transfers:,} 笔，链头 {head}",
    ),
    "unbalanced": Text("debits do NOT equal credits", "借贷不平衡"),
    "contradicted": Text(
        "booked before, and not done by the sheet as it is now: {keys}",
        "此前已记账，现表未办理：{keys}",
    ),
    "trial": Text("trial balance", "试算平衡表"),
    "verify": Text("do every batch again", "逐批复算"),
    "wrote": Text("wrote {files:,} files in {folder}", "已写入 {folder}（{files:,} 个文件）"),
}  # fmt: skip
HEAD_SHOWN = 16
SHOWN = {
    "payment": ("asked_minor", "waiting_minor", "paid_minor", "cancelled_minor"),
    "order": ("carries_minor", "drawn_minor", "room_minor", "excess_minor"),
    "shipping": ("deposit_minor", "released_minor", "shipped_minor", "uncovered_minor"),
}
"""Figures of a contract that a screen has room for; totals and tables have all."""


def headings(trade: Trade[Any], lang: str) -> dict[str, str]:
    """Headings of tables that are written to files."""
    own = {trade.subject: WORDS[trade.subject], "status": WORDS["state"]}
    return {name: text.in_language(lang) for name, text in (WORDS | own).items()}


def for_people(trade: Trade[Any], table: pa.Table, lang: str) -> pa.Table:
    """A table for a file that people open: codes of closed lists in words."""
    tell: dict[str, Callable[[str], str]] = {
        "status": lambda code: trade.statuses[code].in_language(lang),
        "debit": lambda role: printing_desk.role(role, lang),
        "credit": lambda role: printing_desk.role(role, lang),
        "memo": lambda memo: printing_desk.memo(memo, lang),
    }
    for name, say in tell.items():
        if name in table.column_names:
            told = [each and say(each) for each in table[name].to_pylist()]
            at = table.column_names.index(name)
            table = table.set_column(at, name, pa.array(told, pa.string()))
    return table


def ran(desk: Desk, tables: Mapping[str, pa.Table], lang: str) -> None:
    """What came of a sheet of acts; of a long one, what was refused."""
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{say('acts', **desk.counts)}[/]")
    answers = tables["answers"]
    if answers.num_rows > ROWS_SHOWN:
        answers = answers.filter(pc.invert(answers["done"]))
        console.print(f"\n[bold]{say('refusals')}[/]")
    else:
        console.print()
    _answers(desk.trade, answers, lang)
    _contracts(desk.trade, tables["contracts"], lang)
    _totals(desk.trade, tables["totals"], lang)
    moves = tables["movements"]
    only_yuan = pc.all(pc.equal(moves["currency"], CNY)).as_py()
    printing_desk.movements(moves.drop_columns(["currency"]) if only_yuan else moves, lang)


def booked(found: Mapping[str, Any], lang: str) -> None:
    """What the acts left on the ledger, and what to ask it."""
    say, console = speaker(WORDS, lang), console_now()
    told = say("posted", address=found["address"], new=found["new"], there=found["there"])
    console.print(f"\n[bold]{safe(told)}[/]", soft_wrap=True)
    for currency, cash in found["cash"].items():
        held = found["held"][currency]
        amounts = {"cash": cash, "held": held, "free": cash - held}
        console.print(
            say("cash", **{name: money(amount, currency) for name, amount in amounts.items()})
        )
    key, mark = ("balanced", "[green]✓[/]") if found["balanced"] else ("unbalanced", "[red]✗[/]")
    told = say(key, **{**found, "head": found["head"][:HEAD_SHOWN]})
    console.print(f"{mark} {told}", soft_wrap=True)
    if found["contradicted"]:
        keys = ", ".join(found["contradicted"][:ROWS_SHOWN])
        console.print(f"[bold red]✗[/] {safe(say('contradicted', keys=keys))}", soft_wrap=True)
    at = found["address"]
    printing_desk.next_steps(
        [
            (say("trial"), f"headrace ledger trial {at} --lang {lang}"),
            (say("verify"), f"headrace ledger verify {at} --lang {lang}"),
        ],
        lang,
    )


def wrote(folder: object, files: int, lang: str) -> None:
    """Where the tables went."""
    told = speaker(WORDS, lang)("wrote", files=files, folder=folder)
    console_now().print(safe(told), soft_wrap=True)


def _answers(trade: Trade[Any], table: pa.Table, lang: str) -> None:
    say, console = speaker(WORDS, lang), console_now()
    if not table.num_rows:
        console.print(f"[dim]{say('none')}[/]")
        return
    heads = ("row", "on", "act", trade.subject, "amount_minor", "says", "status")
    shown = grid([say(each) for each in heads], (1, 2, 3, 5, 6), (1, 2))
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        says = safe(row["says"]) if row["done"] else f"[red]{safe(row['says'])}[/]"
        status = "" if row["status"] is None else trade.statuses[row["status"]].in_language(lang)
        shown.add_row(
            str(row["row"]), str(row["on"]), safe(row["act"]), safe(row[trade.subject] or ""),
            _amount(row["amount_minor"], row["currency"]), says, status,
        )  # fmt: skip
    console.print(shown)
    printing_desk.more(table.num_rows, lang)


def _contracts(trade: Trade[Any], table: pa.Table, lang: str) -> None:
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{say('standing')}[/]")
    if not table.num_rows:
        console.print(f"[dim]{say('none')}[/]")
        return
    figures = _told(SHOWN[trade.name], table)
    heads = [say(trade.subject), say("party"), say("other"), say("state")]
    shown = grid([*heads, *(say(each) for each in figures)], (0, 1, 2, 3), (3,))
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        shown.add_row(
            safe(row[trade.subject]), safe(row["party"]), safe(row["other"]),
            trade.statuses[row["status"]].in_language(lang),
            *(_amount(row[each] or None, row["currency"]) for each in figures),
        )  # fmt: skip
    console.print(shown)
    printing_desk.more(table.num_rows, lang)


def _totals(trade: Trade[Any], table: pa.Table, lang: str) -> None:
    """A line a figure and a column a currency: there are more figures than a screen is wide."""
    if not table.num_rows:
        return
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{say('totals')}[/]")
    rows = table.to_pylist()
    shown = grid(["", *(row["currency"] for row in rows)], (0,))
    shown.add_row(say("contracts"), *(f"{row['contracts']:,}" for row in rows))
    for each in _told(trade.figures, table):
        shown.add_row(say(each), *(_amount(row[each], row["currency"]) for row in rows))
    console.print(shown)


def _told(figures: Sequence[str], table: pa.Table) -> list[str]:
    """The figures that are not nothing everywhere: a screen is narrow."""
    return [each for each in figures if pc.any(pc.not_equal(table[each], 0)).as_py()]


def _amount(minor: int | None, currency: str | None) -> str:
    return money(minor, currency or CNY)
