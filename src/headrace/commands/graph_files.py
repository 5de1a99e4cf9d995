"""What the commands of `headrace graph` are given: a folder with facts, and two days."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from headrace.adapters import printing, printing_graph
from headrace.adapters.folder import DiskFolder
from headrace.adapters.store import FactStore
from headrace.adapters.wall_clock import now
from headrace.clock import end_of_day, start_of_day
from headrace.commands.policy_files import chosen_language
from headrace.errors import InputError
from headrace.facts.kinds import EXPOSURE
from headrace.facts.localtime import instant_of
from headrace.graph.relations.snapshot import as_of
from headrace.workflows.graph_build import about
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
Zone = Annotated[str | None, typer.Option("--zone", help="Whose days are meant; else the data's.")]
Party = Annotated[str, typer.Argument(help="Code of the party; `graph find` looks by name.")]
FOLDER = Path("out")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a day, of which the zone is asked


@dataclass(frozen=True)
class Opened:
    """A folder's facts and the graph of them.

    Attributes:
        facts: The facts.
        view: The graph at two times.
        zone: Whose days are shown.
        simulated: Whether the data are made up.
    """

    facts: FactStore
    view: GraphView
    zone: str
    simulated: bool

    def at(self, day: datetime) -> GraphView:
        """The same facts at another day, as known then."""
        moment = end_of(day, self.zone)
        cut = as_of(self.view.statements, moment)
        return GraphView(cut, self.facts.read(EXPOSURE.kind), moment, moment)


def opened(
    out: Path, day: datetime | None = None, known: datetime | None = None, zone: str | None = None
) -> Opened:
    """The graph of a folder's facts at two days.

    Raises:
        InputError: If there are no facts, or a day is not one.
    """
    facts = FactStore(out)
    noted = about(DiskFolder(out))
    days = day_zone(zone or noted.zone)
    view = graph_view(facts, day_end(day, days), day_end(known, days), instant_of(now()))
    return Opened(facts, view, days, noted.simulated)


def day_end(day: datetime | None, zone: str) -> datetime | None:
    """The last instant of a day of a zone; None stays None."""
    return None if day is None else end_of(day, zone)


def end_of(day: datetime, zone: str) -> datetime:
    """The last instant of a day of a zone.

    Raises:
        InputError: If there is no such day.
    """
    return _instant(end_of_day, day, zone)


def start_of(day: datetime, zone: str) -> datetime:
    """The first instant of a day of a zone.

    Raises:
        InputError: If there is no such day.
    """
    return _instant(start_of_day, day, zone)


def _instant(edge: Callable[[date, str], datetime], day: datetime, zone: str) -> datetime:
    try:
        return edge(day.date(), zone)
    except (KeyError, OverflowError, ValueError, OSError) as error:
        raise InputError(
            f"{day.date()} in {zone!r} is no day",
            where="--as-of, --known, --zone",
            remedy="a day from 1900 to 2199 and an IANA name such as Asia/Shanghai",
        ) from error


def day_zone(zone: str) -> str:
    """A name of a time zone, as it is.

    Raises:
        InputError: If there is no such zone.
    """
    end_of(EPOCH, zone)
    return zone


def one_of(value: str, allowed: Iterable[str], where: str) -> str:
    """A word of a closed list.

    Raises:
        InputError: If it is another.
    """
    words = list(allowed)
    if value not in words:
        raise InputError(f"{value!r} is not known here", where=where, remedy=", ".join(words))
    return value


def show(table: pa.Table, lang: str, asked: Opened, *, as_json: bool) -> None:
    """A table of results, for people or programs."""
    if as_json:
        printing.table_as_json(table)
        return
    if asked.simulated:
        printing_graph.made_up(lang)
    printing_graph.table(table, lang, asked.zone)
