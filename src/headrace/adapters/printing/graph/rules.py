"""What rules of one's own derive, why, and what new facts raise, for people."""

from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table as Grid

from headrace.adapters.printing import console_now, line, safe
from headrace.adapters.printing.graph import words
from headrace.adapters.printing.graph.grids import day
from headrace.workflows.graph_rules import Raised


def derived(counts: Mapping[str, int], warnings: Sequence[str], language: str, _zone: str) -> None:
    """How much rules derive, and what is odd about them."""
    console = console_now()
    grid = Grid.grid(padding=(0, 2))
    for name, count in counts.items():
        grid.add_row(safe(name), f"{count:,}")
    console.print(grid)
    for warning in warnings:
        console.print(f"[yellow]! {safe(warning)}[/]", soft_wrap=True)
    if not counts:
        words.say("none", language)


def proof(lines: Sequence[str], language: str, _zone: str) -> None:
    """Why a derived fact stands, a line a step."""
    for each in lines:
        line(each)
    if not lines:
        words.say("none", language)


def alerts(found: Iterable[Raised], language: str, zone: str) -> None:
    """Alerts as they are raised, each with its proof."""
    console, some = console_now(), False
    for each in found:
        some = True
        title = f"{each.alert.relation}({', '.join(each.alert.fact)})"
        console.print(f"[bold]{day(each.known, zone)}  {safe(title)}[/]", soft_wrap=True)
        for step in each.alert.proof:
            console.print(f"  [dim]{safe(step)}[/]", soft_wrap=True)
    if not some:
        words.say("none", language)
