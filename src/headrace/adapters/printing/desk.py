"""What commands over a person's sheet have in common: grids, rows set aside, movements in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.contracts.movements import ROLES
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.desk_rows import Sheet

ROWS_SHOWN = 40
WORDS = {
    "working": Text("at work on the sheet …", "正在处理表格 …"),
    "aside": Text(
        "{count:,} of {rows:,} rows cannot be read and were left out",
        "{rows:,} 行中有 {count:,} 行无法读取，未处理",
    ),
    "row": Text("row {row}", "第 {row} 行"),
    "unused": Text("columns without meaning here: {names}", "未使用的列：{names}"),
    "more": Text(
        "{count:,} more; --json or --out shows all", "另有 {count:,} 行；--json 或 --out 显示全部"
    ),
    "movements": Text("Movements for the ledger", "会计分录（角色）"),
    "on": Text("Day", "日期"),
    "party": Text("Party", "主体"),
    "debit": Text("Debit", "借"),
    "credit": Text("Credit", "贷"),
    "amount_minor": Text("Amount", "金额"),
    "currency": Text("Currency", "币种"),
    "memo": Text("For", "摘要"),
    "grantor": Text("(who grants the limit)", "（授信方）"),
    "column": Text("Column", "列"),
    "value": Text("Value", "内容"),
    "reason": Text("Why", "原因"),
    "reason_zh": Text("Why (zh)", "原因（中文）"),
}
MEMOS = {
    "paper_bought": Text("bought", "买入"),
    "paper_discount": Text("discount", "贴息"),
    "paper_sold": Text("sold", "卖出"),
    "paper_paid": Text("paid", "兑付"),
    "pledge_collected": Text("collected on a pledge", "质押回款"),
    "recourse_paid": Text("recourse paid", "支付追索款"),
    "recourse_collected": Text("recourse collected", "收到追索款"),
    "recourse_discount": Text("discount, recourse", "追索差额"),
    "limit_taken": Text("limit taken", "占用额度"),
    "limit_cancelled": Text("limit given back, cancelled", "撤销恢复额度"),
    "limit_given_back": Text("limit given back, paid", "兑付恢复额度"),
    "goods_pledged": Text("goods pledged", "货物质押"),
    "goods_released": Text("goods released", "货物解押"),
    "goods_missing": Text("goods missing", "货物短少"),
    "provisional_paid": Text("provisional invoice", "暂结货款"),
    "margin_called": Text("margin of the buyer", "买方追加保证金"),
    "final_difference_paid": Text("final difference, received", "终结算补收"),
    "final_difference_returned": Text("final difference, returned", "终结算退回"),
    "goods_sold": Text("goods sold", "货物出库"),
    "sale_gain": Text("gain on the sale", "销售价差收益"),
    "sale_loss": Text("loss on the sale", "销售价差损失"),
    "futures_gain": Text("gain on futures", "期货盈利"),
    "futures_loss": Text("loss on futures", "期货亏损"),
    "margin_paid": Text("margin to the exchange", "缴纳期货保证金"),
    "margin_returned": Text("margin returned", "收回期货保证金"),
    "fund": Text("funded", "注资"),
    "draw_controlled": Text("drawn for the payee", "放款待付"),
    "pay_named_payee": Text("paid to the payee", "支付收款人"),
    "payment_returned": Text("came back", "退汇"),
    "draw_cancelled": Text("draw cancelled", "撤销放款"),
    "order_drawn": Text("drawn on the order", "订单支用"),
    "first_deposit": Text("first deposit", "首付保证金"),
    "prepay_core": Text("drawn for the core", "放款待付核心企业"),
    "core_paid": Text("paid to the core", "支付核心企业"),
    "deposit_added": Text("deposit added", "追加保证金"),
    "deposit_applied": Text("deposit against the loan", "保证金抵扣贷款"),
    "core_bought_back": Text("paid back by the core", "核心企业差额退款"),
}


@contextmanager
def working(lang: str) -> Iterator[None]:
    """A sign of life on a terminal, while many rows are read, applied or written."""
    console = console_now(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(WORDS["working"].in_language(lang)):
        yield


def speaker(words: Mapping[str, Text], lang: str) -> Callable[..., str]:
    """Says a text of a table in one language, with values put in."""

    def say(key: str, **values: Any) -> str:
        return words[key].in_language(lang).format(**values)

    return say


def grid(heads: Sequence[str], left: Sequence[int], whole: Sequence[int] = ()) -> Table:
    """A table without lines; columns that are not at the left hold numbers.

    Args:
        heads: Of the columns.
        left: Columns of texts; long ones go on below.
        whole: Those of them that stay on one line: days, short words.
    """
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        if place in left:
            shown.add_column(head, overflow="fold", no_wrap=place in whole)
        else:
            shown.add_column(head, justify="right", no_wrap=True)
    return shown


def money(minor: int | None, currency: str = "CNY") -> str:
    """An amount; nothing where there is none."""
    return "" if minor is None else format_minor(minor, currency)


def plain(minor: int | None) -> str:
    """An amount in a column of amounts: two places, no sign of the currency."""
    return "" if minor is None else f"{minor / 100:,.2f}"


def left_out(sheet: Sheet, file: str, lang: str) -> None:
    """On standard error: rows that could not be read, with the reason, and columns not used."""
    say, console = speaker(WORDS, lang), console_now(stderr=True)
    if sheet.unused:
        names = ", ".join(sheet.unused)
        told = say("unused", names=names)
        console.print(f"[dim]{safe(file)}: {safe(told)}[/]", soft_wrap=True)
    if not sheet.aside.num_rows:
        return
    rows = sheet.aside.to_pylist()
    count = len({row["row"] for row in rows})
    told = say("aside", count=count, rows=sheet.count)
    console.print(f"[yellow]![/] {safe(file)}: {told}", soft_wrap=True)
    for row in rows[:10]:
        why = row["reason_zh"] if lang == "zh" else row["reason"]
        cell = f" {row['value']!r}" if row["value"] else ""
        where = f"{say('row', row=row['row'])} {row['column']}".rstrip()
        console.print(f"    {safe(where)}:{safe(cell)} {safe(why)}", soft_wrap=True)
    if len(rows) > 10:
        console.print(f"    [dim]+ {len(rows) - 10:,}[/]")


def movements(table: pa.Table, lang: str) -> None:
    """Movements with roles and acts in words; `party` and `currency` where the table has them."""
    if not table.num_rows:
        return
    say, console = speaker(WORDS, lang), console_now()
    names = ("party", "on", "debit", "credit", "amount_minor", "currency", "memo")
    heads = [name for name in names if name in table.column_names]
    texts = [at for at, name in enumerate(heads) if name != "amount_minor"]
    shown = grid([say(name) for name in heads], texts, [heads.index("on")])
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        cells = {
            **row,
            "party": say("grantor") if row.get("party") is None else row["party"],
            "debit": role(row["debit"], lang),
            "credit": role(row["credit"], lang),
            "amount_minor": plain(row["amount_minor"]),
            "memo": memo(row["memo"], lang),
        }
        shown.add_row(*(safe(cells[name]) for name in heads))
    console.print(f"\n[bold]{say('movements')}[/]")
    console.print(shown)
    more(table.num_rows, lang)


def more(rows: int, lang: str) -> None:
    """That a table has more rows than are shown."""
    if rows > ROWS_SHOWN:
        told = speaker(WORDS, lang)("more", count=rows - ROWS_SHOWN)
        console_now().print(f"[dim]{told}[/]")


def role(name: str, lang: str) -> str:
    """An account role for people: its name, or the Chinese in what it holds."""
    if lang != "zh":
        return name.replace("_", " ")
    return ROLES[name].rpartition("(")[2].rstrip(")")


def memo(name: str, lang: str) -> str:
    """What a movement is for."""
    return MEMOS[name].in_language(lang) if name in MEMOS else name


def next_steps(steps: Sequence[tuple[str, str]], lang: str) -> None:
    """What to type next, each with what it is for."""
    console = console_now()
    console.print(f"\n[bold]{Text('Next', '下一步').in_language(lang)}[/]")
    shown = Table.grid(padding=(0, 2))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for told, command in steps:
        shown.add_row(f"  {told}", f"[cyan]{safe(command)}[/]")
    console.print(shown)
