"""What the commands of `headrace graph` are given: a folder with facts, and two days."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from headrace.adapters import printing, printing_graph
from headrace.adapters.store import FactStore
from headrace.adapters.wall_clock import now
from headrace.clock import end_of_day
from headrace.commands.policy_files import chosen_language
from headrace.errors import InputError
from headrace.facts.localtime import instant_of
from headrace.workflows.graph_view import GraphView, graph_view

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Language = Annotated[str, typer.Option("--lang", help="zh or en.", callback=chosen_language)]
Out = Annotated[Path, typer.Option("--out", help="The folder with facts: of `graph build`, `run`.")]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of", formats=["%Y-%m-%d"], help="What stood at that day's end; else at the last."
    ),
]
Known = Annotated[
    datetime | None,
    typer.Option(
        "--known", formats=["%Y-%m-%d"], help="As known at that day's end; else at --as-of."
    ),
]
Zone = Annotated[str, typer.Option("--zone", help="Whose days are meant.")]
Party = Annotated[str, typer.Argument(help="Code of the party; `graph find` looks by name.")]
ZONE = "Asia/Shanghai"
FOLDER = Path("out")


def view_of(out: Path, as_of: datetime | None, known: datetime | None, zone: str) -> GraphView:
    """The graph of a folder's facts at two days.

    Raises:
        InputError: If there are no facts, or a day is not one.
    """
    return graph_view(FactStore(out), day_end(as_of, zone), day_end(known, zone), instant_of(now()))


def day_end(day: datetime | None, zone: str) -> datetime | None:
    """The last instant of a day of a zone; None stays None."""
    if day is None:
        return None
    try:
        return end_of_day(day.date(), zone)
    except (KeyError, OverflowError, ValueError, OSError) as error:
        raise InputError(
            f"{day.date()} in {zone!r} is no day",
            where="--as-of, --known, --zone",
            remedy="a day from 1900 to 2199 and an IANA name such as Asia/Shanghai",
        ) from error


def one_of(value: str, allowed: Iterable[str], where: str) -> str:
    """A word of a closed list.

    Raises:
        InputError: If it is another.
    """
    words = list(allowed)
    if value not in words:
        raise InputError(f"{value!r} is not known here", where=where, remedy=", ".join(words))
    return value


def show(table: pa.Table, lang: str, zone: str, *, as_json: bool) -> None:
    """A table of results, for people or programs."""
    if as_json:
        printing.table_as_json(table)
    else:
        printing_graph.table(table, lang, zone)
