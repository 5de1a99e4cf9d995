"""`headrace audit`: whether anybody altered the audit behind the service."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.stores.audit import check_audit
from headrace.adapters.stores.web import WebStore
from headrace.adapters.user_files import read_text
from headrace.adapters.workspace import workspace_at
from headrace.commands.options import AsJson
from headrace.evidence.checkpoint import read_public_key

app = typer.Typer(help="The audit: who did and read what, and its seals.")


@app.callback()
def _group() -> None:
    """A group, though it has one command yet."""


@app.command("verify")
def verify_command(
    *,
    workspace: Annotated[
        Path, typer.Option("--in", help="The workspace; else the current folder.")
    ] = Path(),
    kept: Annotated[
        Path | None, typer.Option("--kept", help="A seal's checkpoint that was kept elsewhere.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="Verifier key; else of this machine.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read every line of the audit again and compare it with its seals."""
    public = (
        load_or_create_signing_key().public
        if key is None
        else read_public_key(read_text(key)).public
    )
    store = WebStore.opened(workspace_at(workspace).store("accounts"))
    try:
        found = check_audit(store, public, None if kept is None else read_text(kept))
    finally:
        store.close()
    if as_json:
        printing.as_json({"holds": found.holds, **asdict(found)})
    else:
        for each in found.problems:
            printing.line(str(each))
        told = "holds" if found.holds else "DOES NOT HOLD"
        printing.line(f"audit {told}: {found.sealed:,} lines sealed, {found.unsealed:,} since")
    if not found.holds:
        raise typer.Exit(1)
