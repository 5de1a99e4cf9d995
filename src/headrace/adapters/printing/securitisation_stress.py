"""What `headrace abs sensitivity` prints: a grid of scenarios, and what each class bears."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.securitisation import (
    GAP,
    ROWS_SHOWN,
    Shown,
    assumed,
    figure,
    grid_of,
    money_of,
    short,
    speaker_of,
    tell_more,
    tell_notices,
)
from headrace.pack import Text
from headrace.workflows.securitisation import Sensitivity, Tick

WORDS = {
    "cdr": Text("CDR", "年违约率"),
    "cpr": Text("CPR", "年早偿率"),
    "bond": Text("Class", "证券"),
    "life": Text("Average life, years", "加权平均期限（年）"),
    "yield": Text("Yield at par", "平价收益率"),
    "short_principal": Text("Principal short", "本金缺口"),
    "short_interest": Text("Interest short", "利息缺口"),
    "shift": Text("Rates", "利率"),
    "first_loss": Text("Largest {rate} at which it is paid in full", "全额兑付可承受的最大{rate}"),
    "beside": Text("beside", "其他假设"),
    "never": Text("never short", "始终足额"),
    "always": Text("short without any", "无违约亦不足额"),
    "gap_rate": Text("revenue missing", "收入缺口"),
    "running": Text("runs", "测算"),
}


@contextmanager
def runs(lang: str, *, quiet: bool) -> Iterator[Tick]:
    """A bar for run after run; it goes away with the last, or with an error."""
    console = console_now(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _done, _count: None
        return
    bar = Progress(
        TextColumn(WORDS["running"].in_language(lang)),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        console=console,
        transient=True,
    )
    task = bar.add_task("")

    with bar:
        yield lambda done, count: bar.update(task, completed=done, total=count)


def sensitivities(found: Sensitivity, shown: Shown, currency: str, lang: str) -> None:
    """The grid, class by class, and the rate each class can bear."""
    say, console, money = speaker_of(WORDS, lang), console_now(), money_of(currency)
    tell_notices(shown.notice, shown.tape)
    rate = say("gap_rate" if shown.revenue else "cdr")
    rows = found.grid.to_pylist()
    columns: list[tuple[str, Callable[[Mapping[str, Any]], str]]] = [
        (rate, lambda row: f"{row['default']:.2%}"),
        (say("cpr"), lambda row: f"{row['prepayment']:.2%}"),
        (say("shift"), lambda row: f"{row['shift'] * 10_000:+.0f} bp"),
        (say("bond"), lambda row: safe(row["bond"])),
        (say("life"), lambda row: figure(row["wal_years"], ".2f")),
        (say("yield"), lambda row: figure(row["annual_yield"], "z.2%")),
        (say("short_principal"), lambda row: short(row["principal_short"], money)),
        (say("short_interest"), lambda row: short(row["interest_short"], money)),
    ]
    idle = {say("cpr"): shown.revenue, say("shift"): not any(row["shift"] for row in rows)}
    columns = [column for column in columns if not idle.get(column[0], False)]
    point = len([head for head, _ in columns if head in {rate, say("cpr"), say("shift")}])
    grid = grid_of([head for head, _ in columns], left=0)
    before = ""
    for row in rows[:ROWS_SHOWN]:
        cells = [read(row) for _, read in columns]
        if row["scenario"] == before:
            cells[:point] = [""] * point
        before = row["scenario"]
        grid.add_row(*cells)
    console.print(grid)
    tell_more(len(rows), ROWS_SHOWN, lang)
    console.print(f"\n[bold]{say('first_loss', rate=rate)}[/]")
    if not shown.revenue:
        console.print(f"[dim]{say('beside')}: {assumed(shown, lang)}[/]", soft_wrap=True)
    losses = Table.grid(padding=(0, GAP))
    for name, loss in found.first_loss.items():
        losses.add_row(f"  {safe(name)}", _loss(loss, lang))
    console.print(losses)


def _loss(loss: float | None, lang: str) -> str:
    if loss is None:
        return f"[bold red]{speaker_of(WORDS, lang)('always')}[/]"
    return speaker_of(WORDS, lang)("never") if loss >= 1 else f"[bold]{loss:.2%}[/]"
