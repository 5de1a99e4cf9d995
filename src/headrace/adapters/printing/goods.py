"""What `headrace warehouse` prints: answers, what stays in it, how pledges are covered."""

from __future__ import annotations

import pyarrow as pa

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing import desk as printing_desk
from headrace.adapters.printing.desk import grid, plain, speaker
from headrace.pack import Text
from headrace.workflows import goods_pledge
from headrace.workflows.goods_pledge import Yard

ROWS_SHOWN = printing_desk.ROWS_SHOWN
WORDS = printing_desk.WORDS | {
    "events": Text(
        "{done:,} events done, {refused:,} refused",
        "已办理 {done:,} 项，拒绝 {refused:,} 项",
    ),
    "row": Text("Row", "行"),
    "event": Text("Event", "事项"),
    "receipt": Text("Receipt", "仓单"),
    "pledge": Text("Pledge", "质押"),
    "tonnes": Text("Tonnes", "吨"),
    "says": Text("Answer", "结果"),
    "answer": Text("Code", "代码"),
    "done": Text("Done", "是否办理"),
    "detail": Text("Figure", "说明"),
    "spare": Text("Over floor", "超出核定库存"),
    "value_minor": Text("Value", "价值"),
    "floor_minor": Text("Floor", "核定库存"),
    "short_minor": Text("Short", "缺口"),
    "spare_minor": Text("Spare", "可赎"),
    "held": Text("In the warehouse", "在库仓单"),
    "owner": Text("Owner", "货主"),
    "goods": Text("Goods", "货物"),
    "grade": Text("Grade", "等级"),
    "warehouse": Text("Warehouse", "仓库"),
    "location": Text("Place", "库位"),
    "keeper": Text("Keeper", "保管人"),
    "batch": Text("Batch", "批次"),
    "covers": Text("How pledges are covered", "质押覆盖"),
    "lender": Text("Lender", "质权人"),
    "rate": Text("Rate", "质押率"),
    "loan_minor": Text("Loan", "贷款余额"),
    "missing": Text("{pledge}: {amount} must be topped up", "{pledge}：须补仓 {amount}"),
    "unpriced": Text("{pledge}: a price is missing", "{pledge}：缺少价格"),
    "none": Text("none", "无"),
    "wrote": Text("wrote {files:,} files in {folder}", "已写入 {folder}（{files:,} 个文件）"),
}  # fmt: skip


def headings(lang: str) -> dict[str, str]:
    """Headings of tables that are written to files."""
    return {name: text.in_language(lang) for name, text in WORDS.items()}


def ran(yard: Yard, answers: pa.Table, moves: pa.Table, lang: str) -> None:
    """What came of a sheet of events."""
    say, console = speaker(WORDS, lang), console_now()
    done = len(yard.happened) - yard.refused
    console.print(f"\n[bold]{say('events', done=done, refused=yard.refused)}[/]\n")
    heads = ("row", "on", "event", "receipt", "tonnes", "says", "detail", "pledge", "spare")
    shown = grid([say(each) for each in heads], (1, 2, 3, 5, 6, 7), (1, 2, 6))
    for row in answers.slice(0, ROWS_SHOWN).to_pylist():
        told = safe(row["says"]) if row["done"] else f"[red]{safe(row['says'])}[/]"
        short = row["short_minor"]
        stands = f"[red]−{plain(short)}[/]" if short else plain(row["spare_minor"])
        shown.add_row(
            str(row["row"]), str(row["on"]), safe(row["event"]), safe(row["receipt"] or ""),
            _tonnes(row["tonnes"]), told, safe(row["detail"]), safe(row["pledge"] or ""), stands,
        )  # fmt: skip
    console.print(shown)
    printing_desk.more(answers.num_rows, lang)
    _held(goods_pledge.held(yard), lang)
    _covers(goods_pledge.covers(yard), lang)
    printing_desk.movements(moves, lang)


def wrote(folder: object, files: int, lang: str) -> None:
    """Where the tables went."""
    told = speaker(WORDS, lang)("wrote", files=files, folder=folder)
    console_now().print(safe(told), soft_wrap=True)


def _held(table: pa.Table, lang: str) -> None:
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{say('held')}[/]")
    if not table.num_rows:
        console.print(f"[dim]{say('none')}[/]")
        return
    heads = ("receipt", "owner", "goods", "tonnes", "warehouse", "pledge", "value_minor")
    shown = grid([say(each) for each in heads], (0, 1, 2, 4, 5))
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        shown.add_row(
            safe(row["receipt"]), safe(row["owner"]), safe(f"{row['goods']} {row['grade']}"),
            _tonnes(row["tonnes"]), safe(f"{row['warehouse']} {row['location']}"),
            safe(row["pledge"] or ""), plain(row["value_minor"]),
        )  # fmt: skip
    console.print(shown)
    printing_desk.more(table.num_rows, lang)


def _covers(table: pa.Table, lang: str) -> None:
    if not table.num_rows:
        return
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{say('covers')}[/]")
    heads = ("pledge", "lender", "owner", "rate", "loan_minor", "value_minor", "floor_minor",
             "spare_minor")  # fmt: skip
    shown = grid([say(each) for each in heads], (0, 1, 2))
    rows = table.to_pylist()
    for row in rows[:ROWS_SHOWN]:
        shown.add_row(
            safe(row["pledge"]), safe(row["lender"]), safe(row["owner"]), f"{row['rate']:.0%}",
            *(plain(row[name]) for name in heads[4:]),
        )  # fmt: skip
    console.print(shown)
    for row in rows:
        if row["value_minor"] is None:
            console.print(f"[yellow]![/] {safe(say('unpriced', pledge=row['pledge']))}")
        elif row["short_minor"]:
            amount = printing_desk.money(row["short_minor"])
            told = say("missing", pledge=row["pledge"], amount=amount)
            console.print(f"[bold red]✗[/] {safe(told)}")


def _tonnes(tonnes: float | None) -> str:
    return "" if tonnes is None else f"{tonnes:,.3f}".rstrip("0").rstrip(".")
