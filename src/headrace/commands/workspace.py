"""`headrace init`: a project of one's own, as a folder that every other command understands."""

from pathlib import Path
from typing import Annotated

import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.user_files import write_file, write_policy
from headrace.adapters.workspace import FILE, Workspace
from headrace.errors import InputError

SETTINGS = """\
# What is where in this project; paths are relative to this file. What is left out is as shown.

[workspace]
# pack = "sme_invoices"      # the scenario that lends
# live_pack = "payments"     # the scenario whose events are decided as they come
# data = "data"              # what was received; headrace run reads it
# facts = "facts"            # what came by the API
# run = "out"                # what the last run wrote
# live = "live"              # decisions in flight
# book = "book"              # loans by the day
# desks = "desks"            # sheets of collateral, vouchers, receipts, pools, statistics
# currency = "CNY"           # of amounts that come by the API
# time_zone = "Asia/Shanghai"  # whose days are meant there
# database = "postgresql://headrace@localhost/headrace"  # else SQLite files in this folder

[serve]
# host = "127.0.0.1"
# port = 8000
"""


def init_command(
    folder: Annotated[Path, typer.Argument(help="Folder to make, or an empty one.")],
) -> None:
    """Make a workspace: settings, a folder for data, and the pack's policy to edit."""
    if (folder / FILE).exists():
        raise InputError(
            "There is a workspace here already",
            where=str(folder / FILE),
            remedy="Edit it, or choose another folder",
        )
    write_settings(folder)
    (folder / Workspace.data).mkdir(exist_ok=True)
    for path in write_policy(folder / "policy", packs.load(Workspace.pack).require_lending().files):
        printing.line(str(path))
    printing.line(f"{folder / FILE}")
    data = folder / Workspace.data
    printing.line(f"next: put your export into {data}, then headrace run --in {folder}")


def write_settings(folder: Path) -> None:
    """Write `headrace.toml` with everything as it is by default, unless there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / FILE).exists():
        write_file(folder / FILE, SETTINGS.encode())
