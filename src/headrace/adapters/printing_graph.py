"""What `headrace graph` prints for people, in English or Chinese."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from rich.table import Table as Grid

from headrace.adapters.printing import ROWS_SHOWN, console_now, safe
from headrace.money import format_minor
from headrace.pack import Text
from headrace.workflows.graph_build import Built
from headrace.workflows.graph_view import GraphView

WORDS = {
    "simulated": Text("SIMULATED DATA", "模拟数据"),
    "party": Text("party", "主体"),
    "name": Text("name", "名称"),
    "type": Text("type", "类型"),
    "relation": Text("relation", "关系"),
    "relations": Text("relations", "关系数"),
    "subject": Text("from", "主体"),
    "object": Text("to", "对象"),
    "role": Text("role", "角色"),
    "share": Text("share", "比例"),
    "amount_minor": Text("amount", "金额"),
    "since": Text("since", "起"),
    "until": Text("until", "止"),
    "count": Text("times", "次数"),
    "fact": Text("fact", "事实"),
    "invoice": Text("invoices", "发票"),
    "exposure": Text("exposures", "敞口"),
    "quarantined": Text("rows in quarantine", "被隔离行"),
    "unconnected": Text("no chain of relations connects them", "两者之间没有关系路径"),
    "none": Text("nothing found", "没有结果"),
    "as_of": Text("as of {day}, as known on {known}", "截至 {day}，按 {known} 已知"),
    "more": Text("… {count:,} more; --json tells all", "… 另有 {count:,} 项，--json 可列出全部"),
    "next": Text("Next", "下一步"),
}
"""Words of pages and headings of columns; a column without one is shown by its name."""


def word(key: str, language: str, **values: object) -> str:
    """A text of this module."""
    return WORDS[key].in_language(language).format(**values)


def say(key: str, language: str, **values: object) -> None:
    """One line."""
    console_now().print(safe(word(key, language, **values)))


def built(found: Built, out: Path, language: str) -> None:
    """What was taken in, and what to ask next."""
    console = console_now()
    if found.simulated:
        console.print(f"[black on yellow] {word('simulated', language)} [/]")
    grid = Grid.grid(padding=(0, 2))
    for name, count in found.counts().items():
        label = WORDS[name].in_language(language) if name in WORDS else name
        grid.add_row(safe(label), f"{count:,}")
    console.print(grid)
    console.print(f"\n[bold]{word('next', language)}[/]")
    for command in ("graph report", "graph find 模拟", "graph explore"):
        console.print(f"  headrace {command} --out {safe(str(out))}", soft_wrap=True)


def heading(label: str, view: GraphView, zone: str, language: str) -> None:
    """Who is shown, and as of when."""
    console = console_now()
    console.print(f"[bold]{safe(label)}[/]")
    days = {
        name: at.astimezone(ZoneInfo(zone)).date()
        for name, at in (("day", view.moment), ("known", view.known))
    }
    console.print(f"[dim]{word('as_of', language, **days)}[/]")


def relations(rows: Sequence[Mapping[str, Any]], language: str) -> None:
    """Relations, one a line, with the fact behind each."""
    zh = language == "zh"
    shown = [
        {
            "subject": row["subject_name"] or row["subject"],
            "relation": row["words_zh"] if zh else row["words"],
            "object": row["object_name"] or row["object"],
            "role": row["role"],
            "share": _share(row["share"]),
            "amount_minor": row["amount_minor"],
            "since": row["since"] and row["since"][:10],
            "until": row["until"] and row["until"][:10],
            "fact": row["fact"],
        }
        for row in rows
    ]
    grid_of(shown, language)


def events(rows: Sequence[Mapping[str, Any]], language: str) -> None:
    """Sums of events between two parties."""
    if not rows:
        return
    zh = language == "zh"
    console_now().print()
    shown = [
        {
            "subject": row["subject_name"] or row["subject"],
            "relation": row["words_zh"] if zh else row["words"],
            "object": row["object_name"] or row["object"],
            "count": row["count"],
            "amount_minor": row["amount_minor"],
            "since": row["first"] and row["first"][:10],
            "until": row["last"] and row["last"][:10],
        }
        for row in rows
    ]
    grid_of(shown, language)


def table(data: pa.Table, language: str) -> None:
    """A table of results: money in major units, instants as days."""
    grid_of(data.slice(0, ROWS_SHOWN + 1).to_pylist(), language, data.num_rows, data.column_names)


def grid_of(
    rows: Sequence[Mapping[str, Any]],
    language: str,
    count: int | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Rows under the headings of their columns; columns without any value are left out.

    Args:
        rows: At least those that are shown.
        language: "zh" or "en".
        count: How many there are; None: these.
        columns: Their names; empty: those of the first row.
    """
    console = console_now()
    if not rows:
        console.print(f"[dim]{word('none', language)}[/]")
        return
    shown = rows[:ROWS_SHOWN]
    names = [
        name
        for name in (columns or rows[0])
        if any(row[name] not in (None, "", []) for row in shown)
    ]
    grid = Grid(box=None, header_style="bold", pad_edge=False)
    for name in names:
        numeric = any(isinstance(row[name], int | float) for row in shown)
        label = WORDS[name].in_language(language) if name in WORDS else name
        grid.add_column(safe(label), justify="right" if numeric else "left")
    for row in shown:
        grid.add_row(*(safe(_cell(name, row[name])) for name in names))
    console.print(grid)
    left = (len(rows) if count is None else count) - len(shown)
    if left > 0:
        console.print(f"[dim]{word('more', language, count=left)}[/]")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name.endswith("_minor"):
        return format_minor(int(value), "CNY")
    if isinstance(value, bool):
        return "✓" if value else ""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)


def _share(bounds: Sequence[float] | None) -> str | None:
    """A percentage, or the least and the most it can be."""
    if bounds is None:
        return None
    low, high = (f"{100 * each:.4g} %" for each in bounds)
    return low if low == high else f"{low} – {high}"
