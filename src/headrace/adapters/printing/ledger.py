"""What `headrace ledger` prints: trial balance, balance sheet, income, statements, verification."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.ledger.asof import Statement
from headrace.ledger.chart import KIND_WORDS, Chart, Kind
from headrace.ledger.journal import Finding, Head
from headrace.ledger.reports import BalanceSheet, Income
from headrace.money import format_minor
from headrace.pack import Text

ROWS_SHOWN = 60
WORDS = {
    "code": Text("Code", "科目"),
    "account": Text("Account", "账户"),
    "name": Text("Name", "名称"),
    "debits": Text("Debits", "借方发生额"),
    "credits": Text("Credits", "贷方发生额"),
    "balance": Text("Balance", "余额"),
    "total": Text("Total", "合计"),
    "amount": Text("Amount", "金额"),
    "profit": Text("Profit", "利润"),
    "balanced": Text("balanced: assets are liabilities and equity", "平衡：资产＝负债＋所有者权益"),
    "unbalanced": Text("NOT balanced", "不平衡"),
    "day": Text("Day", "日期"),
    "memo": Text("For", "摘要"),
    "contract": Text("Contract", "合同"),
    "debit": Text("Debit", "借"),
    "credit": Text("Credit", "贷"),
    "opening": Text("Opening", "期初余额"),
    "closing": Text("Closing", "期末余额"),
    "more": Text(
        "{count:,} more; --json or --out shows all", "另有 {count:,} 行；--json 或 --out 显示全部"
    ),
    "holds": Text(
        "every batch was done again: {batches:,} batches, {transfers:,} transfers, head {hash}",
        "全部批次复算一致：{batches:,} 个批次，{transfers:,} 笔分录，链头 {hash}",
    ),
}


def trial(table: pa.Table, chart: Chart, lang: str) -> None:
    """A trial balance by code or account; debits and credits are equal in every currency."""
    by_account = "account" in table.column_names
    first = "account" if by_account else "code"
    shown = _table([_say(lang, each) for each in (first, "name", "debits", "credits", "balance")])
    sums: dict[str, list[int]] = {}
    for row in table.to_pylist():
        entry = chart.entry(row["code"])
        amounts = [row["debits"], row["credits"], row["balance"]]
        for place, amount in enumerate(amounts):
            sums.setdefault(row["currency"], [0, 0, 0])[place] += amount
        if len(shown.rows) < ROWS_SHOWN:
            name = entry.zh if lang == "zh" else entry.en
            money = [format_minor(amount, row["currency"]) for amount in amounts]
            shown.add_row(safe(row[first]), name, *money)
    for currency, amounts in sums.items():
        money = [f"[bold]{format_minor(amount, currency)}[/]" for amount in amounts]
        shown.add_row("", f"[bold]{_say(lang, 'total')} {currency}[/]", *money)
    console = console_now()
    console.print(shown)
    _more(table.num_rows, lang)


def sheet(found: BalanceSheet, lang: str) -> None:
    """A balance sheet."""
    _lines(found.lines, lang)
    console = console_now()
    for currency, profit in found.profit.items():
        console.print(f"{_say(lang, 'profit')} {format_minor(profit, currency)}")
    good = found.balanced
    mark = "[green]✓[/]" if good else "[bold red]✗[/]"
    console.print(f"{mark} {_say(lang, 'balanced' if good else 'unbalanced')}")


def income(found: Income, lang: str) -> None:
    """An income statement."""
    _lines(found.lines, lang)
    for currency, profit in found.profit.items():
        console_now().print(f"[bold]{_say(lang, 'profit')} {format_minor(profit, currency)}[/]")


def statement(found: Statement, lang: str) -> None:
    """What moved one account."""
    heads = ("day", "memo", "contract", "debit", "credit", "balance")
    shown = _table([_say(lang, each) for each in heads], left=3)
    rows = found.lines.slice(0, ROWS_SHOWN).to_pylist()
    for row in rows:
        shown.add_row(
            str(row["on"]),
            row["memo"],
            safe(row["contract"]),
            *("" if row[name] is None else _plain(row[name]) for name in ("debit", "credit")),
            _plain(row["balance"]),
        )
    console = console_now()
    console.print(f"{_say(lang, 'opening')} {_plain(found.opening)}")
    console.print(shown)
    _more(found.lines.num_rows, lang)
    console.print(f"{_say(lang, 'closing')} {_plain(found.closing)}")


def verified(found: Sequence[Finding], head: Head, lang: str) -> None:
    """What a verification found."""
    console = console_now()
    if not found:
        text = WORDS["holds"].in_language(lang)
        told = text.format(batches=head.batch, transfers=head.transfers, hash=head.hash)
        console.print(f"[green]✓[/] {told}", soft_wrap=True)
    for each in found:
        console.print(f"[bold red]✗[/] {safe(each.where)}: {safe(each.what)}")


def _lines(lines: pa.Table, lang: str) -> None:
    shown = _table([_say(lang, each) for each in ("code", "name", "amount")])
    kind = None
    for row in lines.to_pylist():
        if row["kind"] != kind:
            kind = row["kind"]
            en, zh = KIND_WORDS[Kind(kind)]
            shown.add_row(f"[bold]{zh if lang == 'zh' else en.capitalize()}[/]", "", "")
        shown.add_row(row["code"], row[lang], format_minor(row["amount"], row["currency"]))
    console_now().print(shown)


def _table(heads: Sequence[str], left: int = 2) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for place, head in enumerate(heads):
        shown.add_column(head, justify="left" if place < left else "right")
    return shown


def _more(rows: int, lang: str) -> None:
    if rows > ROWS_SHOWN:
        told = WORDS["more"].in_language(lang).format(count=rows - ROWS_SHOWN)
        console_now().print(f"[dim]{told}[/]")


def _say(lang: str, key: str) -> str:
    return WORDS[key].in_language(lang)


def _plain(minor: int) -> str:
    return f"{minor / 100:,.2f}"
