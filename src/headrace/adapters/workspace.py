"""A user's own project: a folder whose `headrace.toml` says where each part of it is."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from headrace.adapters.user_files import read_toml
from headrace.errors import InputError

FILE = "headrace.toml"
TABLE = "workspace"
RUN = "run.json"


@dataclass(frozen=True)
class Workspace:
    """Where everything of one project is. Paths are relative to its folder.

    Attributes:
        root: The folder.
        data: What was received, as `headrace run --data` reads it.
        facts: What came by the API.
        run: What the last run wrote.
        live: Decisions in flight.
        book: Loans by the day and their ledger; with a database, they are in it.
        desks: Sheets of collateral, vouchers, receipts, pools and statistics.
        database: `postgresql://user@host/database` for accounts, audit, policies, cases, jobs and
            the book; empty: SQLite files in the folder.
        pack: The scenario that lends.
        live_pack: The scenario whose events are decided as they come.
        currency: ISO 4217, of amounts that come by the API.
        time_zone: IANA name; a date without a time that comes by the API is a day of this zone.
    """

    root: Path
    data: str = "data"
    facts: str = "facts"
    run: str = "out"
    live: str = "live"
    book: str = "book"
    desks: str = "desks"
    database: str = ""
    pack: str = "sme_invoices"
    live_pack: str = "payments"
    currency: str = "CNY"
    time_zone: str = "Asia/Shanghai"

    def folder(self, part: str) -> Path:
        """The path of one of `data`, `facts`, `run`, `live`, `book`, `desks`."""
        return self.root / str(getattr(self, part))

    def store(self, name: str) -> str:
        """The address of a store, such as accounts, policies or cases."""
        return self.database or str(self.root / f"{name}.db")

    @property
    def book_address(self) -> str:
        """Where the book is: a folder, or the database."""
        return self.database or str(self.folder("book"))

    @property
    def book_shelf(self) -> Path:
        """File that holds how the book stood, so that opening it is fast; it may be deleted."""
        return self.root / "book.standing"


def workspace_at(folder: Path) -> Workspace:
    """The project in a folder; or of which a run wrote this very folder.

    Without `headrace.toml` every part is where it is by default.

    Raises:
        InputError: There is no such folder, or its `headrace.toml` says what cannot be.
    """
    if not folder.is_dir():
        raise InputError(
            "There is no such folder",
            where=str(folder),
            remedy="`headrace init FOLDER` makes a project, `headrace demo` one with data",
        )
    is_run = (folder / RUN).is_file() and not (folder / FILE).is_file()
    root = folder.absolute().parent if is_run else folder
    found = with_parts(Workspace(root), read_table(root / FILE, TABLE), str(root / FILE))
    return replace(found, run=folder.absolute().name) if is_run else found


def read_table(path: Path, name: str) -> Mapping[str, Any]:
    """A table of a TOML file; empty where the file or the table is missing.

    Raises:
        InputError: It cannot be read, is not TOML, or the name is not a table's.
    """
    if not path.is_file():
        return {}
    whole = read_toml(path, "See docs/guides/serve.md")
    table = whole.get(name, {})
    if not isinstance(table, dict):
        raise InputError(
            f"[{name}] is a table", where=str(path), remedy=f"[{name}], then a line for each"
        )
    return table


def with_parts(workspace: Workspace, given: Mapping[str, Any], where: str) -> Workspace:
    """The workspace with other parts.

    Raises:
        InputError: There is no such part, or a value is no text.
    """
    names = [each.name for each in fields(Workspace) if each.name != "root"]
    for name, value in given.items():
        if name not in names:
            raise InputError(
                f"There is no part {name!r} of a workspace",
                where=f"{where}, [{TABLE}]",
                remedy=f"One of {', '.join(names)}",
            )
        if not isinstance(value, str):
            raise InputError(
                f"{value!r} is not a text", where=f"{where}, [{TABLE}], {name}", remedy="A text"
            )
    return replace(workspace, **given)
