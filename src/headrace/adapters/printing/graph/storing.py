"""What became of facts taken in or written out, and what to ask next, for people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table as Grid

from headrace.adapters.graph_formats.tables import Exported
from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing.graph import words
from headrace.workflows.graph_build import Built


def imported(told: Mapping[str, Any], out: Path, language: str) -> None:
    """What was taken in, refused and passed over."""
    skipped = dict(told["skipped"])
    rows = [(key, told[key]) for key in ("party", "relation", "quarantined")]
    for name, count in (*rows, *skipped.items()):
        label = words.heading(name, language)
        console_now().print(f"{safe(label)}: {count:,}")
    console_now().print(f"  headrace graph find 有限公司 --out {safe(str(out))}", soft_wrap=True)


def exported(found: Exported, to: Path, language: str) -> None:
    """What was written, and what the format could not say."""
    console = console_now()
    console.print(f"{safe(str(to))}: {found.parties:,} + {found.relations:,}", soft_wrap=True)
    if found.lost:
        words.say("lost", language)
    for each in found.lost:
        console.print(f"  {safe(each.what)}: {each.rows:,} ({safe(each.example)})", soft_wrap=True)


def built(found: Built, out: Path, language: str) -> None:
    """What was taken in, and what to ask next."""
    console = console_now()
    if found.simulated:
        words.made_up(language)
    grid = Grid.grid(padding=(0, 2))
    for name, count in found.counts().items():
        label = words.heading(name, language)
        grid.add_row(safe(label), f"{count:,}")
    console.print(grid)
    console.print(f"\n[bold]{words.word('next', language)}[/]")
    for command in ("graph find 有限公司", "graph circles", "graph explore"):
        console.print(f"  headrace {command} --out {safe(str(out))}", soft_wrap=True)
