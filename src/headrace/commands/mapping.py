"""`headrace mapping`: what a bank's own export means."""

from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing
from headrace.adapters.mappings import draft_mapping

app = typer.Typer(help="Mapping files: what a bank's own export means.")


@app.callback()
def group() -> None:
    """Mapping files: what a bank's own export means."""


@app.command("draft")
def draft_command(
    data: Annotated[Path, typer.Argument(help="Folder with the files.")],
) -> None:
    """Propose a mapping.toml from the headers found; look it over before you use it."""
    printing.line(draft_mapping(data))
