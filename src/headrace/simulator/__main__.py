"""Write a simulated economy: `python -m headrace.simulator --out demo/data`."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headrace.errors import HeadraceError
from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings

DEFAULTS = EconomySettings()


def main(
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    firms: Annotated[int, typer.Option(help="Firms in the bank's file.")] = DEFAULTS.firms,
    invoices: Annotated[int, typer.Option(help="Rows of invoices.")] = DEFAULTS.invoices,
    seed: Annotated[int, typer.Option(help="Seed; the same seed, the same bytes.")] = 7,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    end: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
) -> None:
    """Write a simulated economy as Parquet files with a mapping."""
    try:
        settings = replace(
            DEFAULTS,
            firms=firms,
            invoices=invoices,
            start=start.date() if start else DEFAULTS.start,
            end=end.date() if end else DEFAULTS.end,
        )
        write_economy(simulate(settings, seed), out)
    except HeadraceError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{out}: simulated economy, {firms} firms, {invoices} invoices, seed {seed}")


if __name__ == "__main__":
    typer.run(main)
