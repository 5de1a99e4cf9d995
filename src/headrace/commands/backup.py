"""`headrace backup` and `headrace restore`: a workspace as one file, and back."""

from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing
from headrace.adapters.backups import Manifest, back_up, put_back
from headrace.adapters.wall_clock import now
from headrace.adapters.workspace import workspace_at
from headrace.commands.options import AsJson

HERE = Path()


def backup_command(
    workspace: Annotated[Path, typer.Argument(help="The workspace; it may be served.")] = HERE,
    *,
    to: Annotated[Path, typer.Option("--to", help="The file to write.")],
    as_json: AsJson = False,
) -> None:
    """Write all of a workspace into one file, as of one moment, while it is served."""
    _show(back_up(workspace_at(workspace), to, now()), to, as_json=as_json)


def restore_command(
    backup: Annotated[Path, typer.Argument(help="A file that `headrace backup` wrote.")],
    *,
    to: Annotated[Path, typer.Option("--to", help="A new folder, or an empty one.")],
    database: Annotated[
        str,
        typer.Option("--database", help="An empty database, where the backup holds one."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Put a backup into a new folder, once every byte of it was checked."""
    _show(put_back(backup, to, database), to, as_json=as_json)


def _show(manifest: Manifest, where: Path, *, as_json: bool) -> None:
    held = {"files": len(manifest.files), "database": manifest.dump is not None}
    if as_json:
        printing.as_json({"at": str(where), "headrace": manifest.headrace, **held})
        return
    database = " and the database" if manifest.dump else ""
    printing.line(f"{where}: {len(manifest.files):,} files{database}")
