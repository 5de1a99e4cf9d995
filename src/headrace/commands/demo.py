"""`headrace demo`: a whole workspace on simulated data, to look at and to try things on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.code import code_digest
from headrace.adapters.folder_source import FolderSource
from headrace.adapters.machine import limited_threads
from headrace.adapters.outputs import cleared, for_simulation
from headrace.adapters.workspace import Workspace, workspace_at
from headrace.commands.demo_book import fill_book, fill_desks
from headrace.commands.demo_live import fill_live
from headrace.commands.demo_policies import fill_policies
from headrace.commands.demo_visits import fill_visits
from headrace.commands.options import AsJson, Language
from headrace.commands.run import (
    DEFAULT_PACK,
    DEMO,
    DEMO_SEED,
    Threads,
    execute,
    mapping_of,
    progress_in,
    stopping,
)
from headrace.commands.workspace import write_settings
from headrace.pack import Text
from headrace.simulator.run import simulate, write_economy
from headrace.workflows.ports import Progress
from headrace.workflows.run import RunSettings

FIRMS_MIN = 120  # fewer hold too few defaults to fit a card
Fill = Callable[[Workspace], str]
"""Fills one part of the demo's workspace, and says in a few words with what."""


def demo_command(
    out: Annotated[Path, typer.Option(help="Folder for the data and the results.")] = Path("demo"),
    firms: Annotated[int, typer.Option(min=FIRMS_MIN, help="Firms to simulate.")] = DEMO.firms,
    invoices: Annotated[int, typer.Option(help="Invoices to simulate.")] = DEMO.invoices,
    seed: Annotated[int, typer.Option(help="The same seed gives the same economy.")] = DEMO_SEED,
    threads: Threads = 2,
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Simulate an economy, run the whole job on it, and fill a workspace to serve."""
    pack, data = packs.load(DEFAULT_PACK), for_simulation(out / Workspace.data)
    progress = progress_in(lang, as_json=as_json)
    with stopping(progress):
        progress.begin("simulate")
        write_economy(simulate(replace(DEMO, firms=firms, invoices=invoices), seed), data)
        progress.end("simulate", f"{firms:,} firms, {invoices:,} invoices")
    settings = RunSettings(language=lang, code=code_digest())
    source = FolderSource(data, mapping_of(data, None, pack))
    with limited_threads(threads):
        execute(source, pack, cleared(out / Workspace.run, data), settings, as_json=as_json)
    write_settings(out)
    fill(workspace_at(out), progress_in(lang, as_json=as_json, steps=FILL_STEPS))
    if not as_json:
        printing.line(f"\nopen the console: headrace serve {out}")


def fill(workspace: Workspace, progress: Progress) -> None:
    """Everything a service shows beside the run, made anew; all of it is simulated."""
    with stopping(progress):
        for name, part in FILLS.items():
            progress.begin(name)
            progress.end(name, part(workspace))


FILLS: dict[str, Fill] = {
    "policies": fill_policies,
    "live": fill_live,
    "book": fill_book,
    "desks": fill_desks,
    "visits": fill_visits,
}
FILL_STEPS = {
    "policies": Text("Policies", "策略"),
    "live": Text("Decisions in flight", "实时决策"),
    "book": Text("Loan book", "贷款账簿"),
    "desks": Text("Sheets of desks", "业务台账"),
    "visits": Text("Visits", "走访"),
}
