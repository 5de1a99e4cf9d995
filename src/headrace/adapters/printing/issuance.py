"""What `headrace abs` prints of loan tapes, comparisons with AbsBox, and programmes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.securitisation import (
    ROWS_SHOWN,
    figure,
    grid_of,
    money_of,
    speaker_of,
    tell_more,
    tell_notices,
)
from headrace.contracts.securitisation.absbox import Comparison
from headrace.contracts.securitisation.shelf import REFUSAL_WORDS, Finding, Refusal, Shelf
from headrace.pack import Text
from headrace.workflows.loan_tape import Tape
from headrace.workflows.securitisation_data import Issue

REASONS_SHOWN = 20
DIFFERENCES_SHOWN = 4  # of each statement
WORDS = {
    "eligible": Text("Eligible", "合格"),
    "eligible_line": Text(
        "{count:,} of {rows:,} loans, {balance} of {all}",
        "{rows:,} 笔中 {count:,} 笔，{all} 中 {balance}",
    ),
    "standard": Text("Standard", "合格标准"),
    "failing": Text("Loans that fail", "不合格笔数"),
    "loan": Text("Loan", "贷款"),
    "why": Text("Why not", "原因"),
    "limit": Text("Limit", "集中度限制"),
    "groups": Text("Largest groups", "最大组"),
    "share": Text("Share", "占比"),
    "most": Text("At most", "上限"),
    "of_eligible": Text("of the eligible loans", "按合格贷款计算"),
    "strata": Text("Strata of the eligible loans by {column}", "合格贷款分层：{column}"),
    "count": Text("Loans", "笔数"),
    "balance": Text("Balance", "余额"),
    "rate": Text("Rate", "加权利率"),
    "left": Text("Periods left", "加权剩余期数"),
    "row_head": Text("Row", "行"),
    "day": Text("Day", "日期"),
    "aside": Text(
        "{count:,} of {rows:,} rows could not be read and are NOT in the pool",
        "{rows:,} 行中有 {count:,} 行无法读取，未入池",
    ),
    "statement": Text("Statement", "报表"),
    "cells": Text("Cells", "单元格"),
    "equal": Text("equal", "一致"),
    "differ": Text("{count:,} differ", "{count:,} 处不同"),
    "all_equal": Text(
        "all {count} statements are equal to the cent ({cells:,} cells)",
        "{count} 张报表逐分一致（{cells:,} 个单元格）",
    ),
    "some_differ": Text("{count} of {all} statements differ", "{all} 张报表中 {count} 张不同"),
    "field": Text("Field", "项目"),
    "theirs": Text("AbsBox", "AbsBox"),
    "ours": Text("Headrace", "Headrace"),
    "programme": Text("Programme", "储架"),
    "valid": Text("{start} to {end}", "{start} 至 {end}"),
    "remaining": Text("left {remaining} of {limit}", "剩余额度 {remaining} / {limit}"),
    "issued": Text("may be issued", "可以发行"),
    "refused": Text("may not be issued:", "不得发行："),
    "retention": Text("Retention by the originator", "风险自留"),
    "no_rule": Text("no retention rule is in force on that day", "该日无适用的自留规则"),
    "unverified": Text("the official text was not read: {read}", "未核对原文：{read}"),
}
_REFUSED = {
    Refusal.BEFORE_START: "the programme is not yet valid",
    Refusal.EXPIRED: "the programme has expired",
    Refusal.OVER_LIMIT: "more than is left of the limit",
    Refusal.TOO_MANY: "no more series are allowed",
    Refusal.SAME_NAME: "a series of that name was issued",
    Refusal.OTHER_KIND: "backed by another kind of asset",
}


@dataclass(frozen=True)
class Checked:
    """A tape that was tested.

    Attributes:
        tape: As read.
        reasons: Of `pool.eligible`.
        limits: Of `pool.concentration`, over the eligible loans.
        strata: Of `pool.strata`, by the column's name.
        balance: Of all loans, minor units; `kept`: of the eligible ones.
        notice: As `Shown.notice`.
    """

    tape: Tape
    reasons: pa.Table
    limits: pa.Table
    strata: Mapping[str, pa.Table]
    balance: int
    kept: int
    notice: str

    @property
    def passes(self) -> bool:
        """Whether every row was read, every loan is eligible and every limit kept."""
        whole = not self.tape.aside.num_rows
        return (
            whole
            and all(self.reasons["eligible"].to_pylist())
            and all(self.limits["passes"].to_pylist())
        )


def checked(found: Checked, lang: str) -> None:
    """Who may enter a pool and why not, how concentrated it is, what it is made of."""
    say, console, money = speaker_of(WORDS, lang), console_now(), money_of("CNY")
    tell_notices(found.notice, found.tape)
    rows = found.reasons.to_pylist()
    good = sum(row["eligible"] for row in rows)
    line = say("eligible_line", count=good, rows=len(rows), balance=money(found.kept),
               all=money(found.balance))  # fmt: skip
    mark = "[green]✓[/]" if good == len(rows) else "[yellow]![/]"
    console.print(f"{mark} {say('eligible')}  {line}")
    if found.tape.aside.num_rows:
        _set_aside(found.tape, lang)
    _failing(rows, lang)
    if found.limits.num_rows:
        console.print()
        heads = [say(key) for key in ("limit", "groups", "balance", "share", "most")]
        shown = grid_of(heads, left=2)
        for row in found.limits.to_pylist():
            mark = "[green]✓[/]" if row["passes"] else "[bold red]✗[/]"
            groups = ", ".join(row["groups"][:6]) + (" …" if len(row["groups"]) > 6 else "")
            shown.add_row(f"{mark} {safe(row['test'])}", safe(groups), money(row["balance"]),
                          f"{row['share']:.2%}", f"{row['limit']:.2%}")  # fmt: skip
        console.print(shown)
        console.print(f"[dim]{say('of_eligible')}[/]")
    for column, table in found.strata.items():
        _strata(column, table, money, lang)


def _set_aside(tape: Tape, lang: str) -> None:
    say, console = speaker_of(WORDS, lang), console_now()
    told = say("aside", count=tape.aside.num_rows, rows=tape.rows)
    console.print(f"[bold yellow]! {told}[/]")
    for row in tape.aside.slice(0, REASONS_SHOWN).to_pylist():
        place = f"{say('row_head')} {row['row']}  {row['column']} {row['cell']}"
        console.print(f"  {safe(place)}  {safe(row['reason'])}", soft_wrap=True)
    tell_more(tape.aside.num_rows, REASONS_SHOWN, lang)


def _failing(rows: Sequence[Mapping[str, Any]], lang: str) -> None:
    say, console = speaker_of(WORDS, lang), console_now()
    failed = [row for row in rows if not row["eligible"]]
    if not failed:
        return
    counts: dict[str, int] = {}
    for row in failed:
        for reason in row["reasons"]:
            counts[reason] = counts.get(reason, 0) + 1
    shown = grid_of([say("standard"), say("failing")], left=1)
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        shown.add_row(safe(reason), f"{count:,}")
    console.print()
    console.print(shown)
    console.print()
    listed = grid_of([say("loan"), say("why")], left=2)
    for row in failed[:REASONS_SHOWN]:
        listed.add_row(safe(row["loan_id"]), safe("；".join(row["reasons"])))
    console.print(listed)
    tell_more(len(failed), REASONS_SHOWN, lang)


def _strata(column: str, table: pa.Table, money: Callable[[int], str], lang: str) -> None:
    say, console = speaker_of(WORDS, lang), console_now()
    console.print(f"\n[bold]{say('strata', column=safe(column))}[/]")
    shown = grid_of(
        ["", *(say(key) for key in ("count", "balance", "share", "rate", "left"))], left=1
    )
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        shown.add_row(
            safe(row["stratum"]),
            f"{row['loans']:,}",
            money(row["balance"]),
            f"{row['share']:.2%}",
            figure(row["rate"], ".2%"),
            figure(row["terms_left"], ".1f"),
        )
    console.print(shown)
    tell_more(table.num_rows, ROWS_SHOWN, lang)


# --- AbsBox, shelves ------------------------------------------------------------------------------


def compared(found: Comparison, name: str, lang: str) -> None:
    """Statement by statement: equal to the cent, or what differs."""
    say, console = speaker_of(WORDS, lang), console_now()
    console.print(f"[bold]{safe(name)}[/]")
    wrong: dict[str, int] = {}
    for one in found.differences:
        wrong[one.statement] = wrong.get(one.statement, 0) + 1
    shown = grid_of([say("statement"), say("cells"), ""], left=1)
    for statement, cells in found.cells.items():
        bad = wrong.get(statement, 0)
        told = f"[red]✗ {say('differ', count=bad)}[/]" if bad else f"[green]✓[/] {say('equal')}"
        shown.add_row(safe(statement), f"{cells:,}", told)
    console.print(shown)
    cells = sum(found.cells.values())
    if not wrong:
        console.print(f"[green]✓[/] {say('all_equal', count=len(found.cells), cells=cells)}")
        return
    listed = grid_of([say(key) for key in ("statement", "day", "field", "theirs", "ours")], left=3)
    seen: dict[str, int] = {}
    for one in found.differences:
        seen[one.statement] = seen.get(one.statement, 0) + 1
        if seen[one.statement] > DIFFERENCES_SHOWN:
            continue
        pair = [
            f"{each:,} ppm" if one.field == "rate" else
            f"{each:,}" if one.statement == "rows" or one.on == "rows" else f"{each / 100:,.2f}"
            for each in (one.theirs, one.ours)
        ]  # fmt: skip
        listed.add_row(safe(one.statement), safe(one.on), safe(one.field), *pair)
    console.print()
    console.print(listed)
    listed_rows = sum(min(count, DIFFERENCES_SHOWN) for count in seen.values())
    tell_more(len(found.differences), listed_rows, lang)
    console.print(f"[red]✗[/] {say('some_differ', count=len(wrong), all=len(found.cells))}")


def issued(
    shelf: Shelf, issue: Issue, refusal: Refusal | None, kept: Sequence[Finding], lang: str
) -> None:
    """Whether a series may be issued, what is left, and what the originator keeps."""
    say, console, money = speaker_of(WORDS, lang), console_now(), money_of("CNY")
    series = issue.series
    console.print(f"[bold]{safe(series.name)}[/]  {series.issued}  {money(series.amount)}")
    good = refusal is None
    mark = "[green]✓[/]" if good else "[bold red]✗[/]"
    why = ""
    if refusal is not None:
        why = REFUSAL_WORDS[refusal] if lang == "zh" else _REFUSED[refusal]
    left = say("remaining", remaining=money(shelf.remaining), limit=money(shelf.limit))
    valid = say("valid", start=shelf.valid_from, end=shelf.valid_to)
    console.print(f"{mark} {say('issued' if good else 'refused')}  [bold]{why}[/]")
    console.print(f"  {say('programme')} {safe(shelf.name)}  {valid}  {left}", soft_wrap=True)
    console.print(f"  [bold]{say('retention')}[/]")
    if not kept:
        console.print(f"  {say('no_rule')}")
    for each in kept:
        _kept(each, lang)


def _kept(found: Finding, lang: str) -> None:
    say, console, rule = speaker_of(WORDS, lang), console_now(), found.rule
    mark = "[green]✓[/]" if found.passes else "[bold red]✗[/]"
    value = "–" if found.value is None else f"{float(found.value):.2%}"
    text = rule.zh if lang == "zh" else rule.en
    console.print(f"  {mark} {safe(text)}: [bold]{value}[/]", soft_wrap=True)
    note = "" if rule.verified else f"  {say('unverified', read=safe(rule.read))}"
    console.print(f"    [dim]{safe(rule.clause)}{note}[/]", soft_wrap=True)
