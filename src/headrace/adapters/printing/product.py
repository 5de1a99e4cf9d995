"""What `headrace product` prints: products, their terms beside the law, findings with clauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.contracts.products.definition import BASES, PARTIES, WATCHES, Definition
from headrace.contracts.products.fields import FIELDS
from headrace.contracts.products.findings import (
    Finding,
    clause_words,
    name_of,
    right_words,
    value_words,
)
from headrace.contracts.products.findings import Language as Words
from headrace.contracts.products.rules import RuleBook, Severity
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.product_terms import rule_text

WORDS = {
    "code": Text("Code", "代码"),
    "name": Text("Product", "产品"),
    "lender": Text("Lender", "贷款人"),
    "amount": Text("Amount", "金额"),
    "months": Text("Months", "期限（月）"),
    "spread": Text("Spread up to", "加点上限"),
    "borrows": Text("borrows", "借款人"),
    "pays": Text("usually repays", "还款来源"),
    "obligor": Text("debt behind it", "付款义务人"),
    "basis": Text("drawn on", "融资依据"),
    "benchmark": Text("benchmark", "定价基准"),
    "watch": Text("watched", "贷后预警"),
    "fee": Text("fee", "费用"),
    "allows": Text("The product allows", "产品允许"),
    "law": Text("Law that may apply, {on}", "可能适用的法规（{on}）"),
    "term": Text("Term", "条款"),
    "refuse": Text("refused", "不得"),
    "warn": Text("warning", "提示"),
    "unknown": Text("not known", "缺少信息"),
    "effect_refuse": Text("binding", "强制"),
    "effect_warn": Text("caution", "提示"),
    "value": Text("Value", "内容"),
    "bound": Text("Bound", "限制"),
    "clause": Text("Clause", "依据"),
    "rule": Text("Rule", "规则"),
    "severity": Text("Effect", "效力"),
    "field": Text("Field", "字段"),
    "verified": Text("Official text read", "已核实原文"),
    "text": Text("It says", "规则内容"),
    "since": Text("In force from", "施行日"),
    "until": Text("Until", "失效日"),
    "read": Text("What was read", "所读来源"),
    "note": Text("Note", "备注"),
    "before": Text("Before", "变更前"),
    "after": Text("After", "变更后"),
    "clause_before": Text("Clause before", "变更前依据"),
    "clause_after": Text("Clause after", "变更后依据"),
    "none_before": Text("(not in force)", "（无）"),
    "amount_min_minor": Text("Least amount", "最低金额"),
    "amount_max_minor": Text("Greatest amount", "最高金额"),
    "months_min": Text("Least months", "最短期限（月）"),
    "months_max": Text("Most months", "最长期限（月）"),
    "spread_max": Text("Greatest spread", "加点上限"),
    "unread": Text(
        "No official text was read by the authors; compare each clause before you rely on it.",
        "作者未核实官方原文；使用前请逐条核对。",
    ),
    "in_force": Text("{count} rules in force on {on}", "{on} 施行的规则共 {count} 条"),
    "changed": Text(
        "{count} rules read otherwise on {on} than on {before}",
        "{before} 至 {on} 变更的规则共 {count} 条",
    ),
    "may": Text("may be offered on {on}", "{on} 可以办理"),
    "may_not": Text("may not be offered on {on}", "{on} 不得办理"),
    "contract_may": Text("nothing forbids this contract", "未发现禁止事项"),
    "contract_may_not": Text("this contract is refused", "该合同不得签订"),
    "next": Text("Next", "下一步"),
}
MARKS = {Severity.REFUSE: "[bold red]✗[/]", Severity.WARN: "[yellow]![/]", Severity.UNKNOWN: "?"}
COLOURS = {"refuse": "red", "warn": "yellow", "unknown": "dim"}


def headings(lang: str) -> dict[str, str]:
    """Headings of tables that are written to files."""
    return {name: text.in_language(lang) for name, text in WORDS.items()}


def products(table: pa.Table, lang: str) -> None:
    """Products, one a line."""
    say = _speaker(lang)
    shown = Table(box=None, header_style="bold", pad_edge=False)
    shown.add_column(say("code"), no_wrap=True)
    for key in ("name", "lender"):
        shown.add_column(say(key), overflow="fold")
    for key in ("amount", "months", "spread"):
        shown.add_column(say(key), justify="right", no_wrap=True)
    for row in table.to_pylist():
        low, high = row["amount_min_minor"], row["amount_max_minor"]
        shown.add_row(
            f"[cyan]{safe(row['code'])}[/]",
            safe(row["name"]),
            safe(row["lender"]),
            f"{'' if low is None else format_minor(low, 'CNY')} – {format_minor(high, 'CNY')}",
            f"{row['months_min'] or 0}–{row['months_max']}",
            f"{float(row['spread_max']):.2%}",
        )
    console = console_now()
    console.print(shown)
    code = table["code"][0].as_py() if table.num_rows else "CODE"
    console.print(f"\n[bold]{say('next')}[/]  [cyan]headrace product show {code} --lang {lang}[/]")


def product(definition: Definition, terms: pa.Table, book: RuleBook, on: date, lang: str) -> None:
    """One product: who and what, its terms, the law beside them, and the clauses below."""
    say, console, words = _speaker(lang), console_now(), Words(lang)
    name, other = definition.zh, definition.en
    if lang == "en":
        name, other = other, name
    console.print(f"[bold]{safe(name)}[/] [dim]{safe(other)} · {safe(definition.code)}[/]")
    for key, text in _about(definition, lang):
        console.print(f"[dim]{say(key)}[/] {safe(text)}")
    texts = {each.id: rule_text(each, words) for each in book.on(on)}
    notes: dict[str, int] = {}
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for head in (say("term"), say("allows"), say("law", on=on)):
        grid.add_column(head, overflow="fold")
    last = None
    for row in terms.to_pylist():
        first = row["field"] != last
        last = row["field"]
        law = ""
        if row["rule"] is not None:
            number = notes.setdefault(row["rule"], len(notes) + 1)
            effect = _effect(row["severity"], lang)
            law = f"{effect} {safe(row['bound'])} [dim]{safe(f'[{number}]')}[/]"
        grid.add_row(
            f"[bold]{safe(row['name'])}[/]" if first else "",
            safe(row["value"] or "") if first else "",
            law,
        )
    console.print()
    console.print(grid)
    clauses = {row["rule"]: row["clause"] for row in terms.to_pylist()}
    foot = Table.grid(padding=(0, 1))
    foot.add_column(justify="right", no_wrap=True)
    foot.add_column(overflow="fold")
    for rule, number in notes.items():
        foot.add_row(safe(f"[{number}]"), f"{safe(texts[rule])} — [dim]{safe(clauses[rule])}[/]")
    console.print()
    console.print(foot)
    console.print(f"\n[dim]{say('unread')}[/]")


def _effect(severity: str, lang: str) -> str:
    return f"[{COLOURS[severity]}]{_speaker(lang)(f'effect_{severity}')}[/]"


def _about(definition: Definition, lang: str) -> list[tuple[str, str]]:
    def word(known: Mapping[str, str], key: str) -> str:
        return known[key] if lang == "zh" else key.replace("_", " ")

    facts = [(key, word(PARTIES, getattr(definition, key))) for key in ("borrows", "pays")]
    facts += [
        ("obligor", word(PARTIES, definition.obligor)),
        ("basis", word(BASES, definition.basis)),
        ("benchmark", name_of(FIELDS[definition.benchmark], Words(lang))),
    ]
    for fee in definition.fees:
        most = format_minor(fee.amount, "CNY") if fee.amount else f"{float(fee.rate):.2%}"
        facts.append(("fee", f"{fee.zh if lang == 'zh' else fee.en} ≤ {most}"))
    if definition.watch:
        comma = "、" if lang == "zh" else ", "
        facts.append(("watch", comma.join(word(WATCHES, each) for each in definition.watch)))
    return facts


def compiled(
    definition: Definition, found: Sequence[Finding], on: date, lang: str, *, refused: bool
) -> None:
    """Whether a product may be offered, and what the compiler found."""
    key = "may_not" if refused else "may"
    name = definition.zh if lang == "zh" else definition.en
    _verdict(f"{safe(name)}: {_speaker(lang)(key, on=on)}", found, lang, refused=refused)


def checked(found: Sequence[Finding], lang: str, *, refused: bool) -> None:
    """Whether a contract may be signed, and everything that was found."""
    key = "contract_may_not" if refused else "contract_may"
    _verdict(_speaker(lang)(key), found, lang, refused=refused)


def _verdict(head: str, found: Sequence[Finding], lang: str, *, refused: bool) -> None:
    say, console = _speaker(lang), console_now()
    mark = "[bold red]✗[/]" if refused else "[green]✓[/]"
    counted = Counter(each.severity for each in found)
    told = [f"{say(each.value)} {counted[each]}" for each in Severity if counted[each]]
    console.print(f"{mark} [bold]{head}[/]  {'  '.join(told)}".rstrip(), soft_wrap=True)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    words = Words(lang)
    for each in found:
        field = FIELDS[each.field]
        stated = "–" if each.value is None else value_words(field, each.value, words)
        right = right_words(each, words)
        arrow = f" → {safe(right)}" if right else ""
        rule = safe(each.clause.zh if lang == "zh" else each.clause.en)
        if each.clause.since is not None:  # a term of the product has no clause beside itself
            rule += f" — [dim]{safe(clause_words(each.clause, words))}[/]"
        kind = f"[{COLOURS[each.severity.value]}]{say(each.severity.value)}[/]"
        name = safe(name_of(field, words))
        grid.add_row(MARKS[each.severity], f"{kind} [bold]{name}[/] {safe(stated)}{arrow}")
        grid.add_row("", rule)
    if found:
        console.print(grid)


def rules(table: pa.Table, on: date, lang: str) -> None:
    """The law on a day, rule by rule."""
    say, console = _speaker(lang), console_now()
    console.print(f"[bold]{say('in_force', count=table.num_rows, on=on)}[/]")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in table.to_pylist():
        effect = _effect(row["severity"], lang)
        grid.add_row(effect, f"{safe(row['text'])} [cyan]{safe(row['rule'])}[/]")
        grid.add_row("", f"[dim]{safe(row['clause'])}[/]")
    console.print(grid)
    console.print(f"\n[dim]{say('unread')}[/]")


def changes(table: pa.Table, before: date, on: date, lang: str) -> None:
    """Rules that read otherwise on two days."""
    say, console = _speaker(lang), console_now()
    told = say("changed", count=table.num_rows, on=on, before=before)
    console.print(f"[bold]{told}[/]")
    for row in table.to_pylist():
        console.print(f"[cyan]{safe(row['rule'])}[/]")
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for key, mark in (("before", "  [red]−[/]"), ("after", "  [green]+[/]")):
            clause = row[f"clause_{key}"]
            text = safe(row[key] or say("none_before"))
            grid.add_row(mark, text if clause is None else f"{text} — [dim]{safe(clause)}[/]")
        console.print(grid)


def _speaker(lang: str) -> Callable[..., str]:
    def say(key: str, **values: Any) -> str:
        return WORDS[key].in_language(lang).format(**values)

    return say
