"""What the commands of `headrace graph` are given: a folder with facts, and two days."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from headrace.adapters import printing
from headrace.adapters.events import check_writable, write_table
from headrace.adapters.folder import DiskFolder
from headrace.adapters.printing.graph import grids, words
from headrace.adapters.store import FactStore
from headrace.adapters.wall_clock import now
from headrace.clock import EPOCH, end_of_day, start_of_day
from headrace.commands.options import chosen_language
from headrace.errors import InputError
from headrace.facts.localtime import instant_of
from headrace.workflows.graph_build import about
from headrace.workflows.graph_view import GraphView, earlier, graph_view
from headrace.workflows.loan_facts import WithBook
from headrace.workflows.ports import FactTables

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
To = Annotated[Path | None, typer.Option("--to", help="Write every row: .parquet, .csv or .xlsx.")]
BookFolder = Annotated[
    Path | None,
    typer.Option(
        "--book", help="Folder of a `headrace book`, or of its proof: its loans count too."
    ),
]
FOLDER = Path("out")
SIMULATED = "SIMULATED.txt"
"""In the folder of a book that is made up."""


@dataclass(frozen=True)
class Asked:
    """What a command of the graph is asked: a folder's facts, two times, and how to answer.

    Attributes:
        facts: The facts, with those of a book of loans where one is given.
        moment: The time asked about; None: where the facts end.
        known: What became known after it is not used; None: `moment`.
        zone: Whose days are shown.
        simulated: Whether the data are made up.
        language: "zh" or "en".
        as_json: Whether the answer is one JSON value.
    """

    facts: FactTables
    moment: datetime | None
    known: datetime | None
    zone: str
    simulated: bool
    language: str
    as_json: bool

    @cached_property
    def view(self) -> GraphView:
        """The graph at the two times, with a relation for each invoice."""
        return graph_view(self.facts, self.moment, self.known, instant_of(now()))

    @cached_property
    def relations(self) -> GraphView:
        """The graph without relations of invoices: for whoever does not look at trade."""
        return graph_view(self.facts, self.moment, self.known, instant_of(now()), trading=False)

    def at(self, day: datetime) -> GraphView:
        """The relations at the end of another day, as everything was known then."""
        return earlier(self.facts, self.relations, end_of(day, self.zone))

    def tell(self, value: Mapping[str, Any], people: Callable[[str, str], None]) -> None:
        """An answer: as JSON, or by what prints it for people in a language and a zone."""
        if self.as_json:
            printing.as_json(value)
            return
        if self.simulated:
            words.made_up(self.language)
        people(self.language, self.zone)

    def show(
        self,
        table: pa.Table,
        to: Path | None = None,
        people: Callable[[pa.Table, str, str], None] = grids.table,
    ) -> None:
        """A table as the answer, or every row of it in a file.

        Args:
            table: The answer.
            to: The file; None: none is written.
            people: Prints it for people, in a language and a zone.
        """
        if to is not None:
            write_table(to, table)
        if self.as_json:
            printing.table_as_json(table)
        elif to is not None:
            printing.line(f"{to}: {table.num_rows:,} × {table.num_columns}")
        else:
            self.tell({}, partial(people, table))


def on_graph(command: Callable[..., None]) -> Callable[..., None]:
    """A command of the graph: `asked` stands for the options that all of them have.

    --out, --book, --as-of, --known, --zone, --lang and --json come after the command's own; --to is
    checked before any work.
    """
    own = inspect.signature(command).parameters
    hints = get_type_hints(command, include_extras=True)
    mine = [each.replace(annotation=hints[name]) for name, each in own.items() if name != "asked"]
    signature = inspect.Signature([*mine, *_SHARED], return_annotation=None)

    def run(**given: Any) -> None:
        days = given.pop("as_of"), given.pop("known")
        out, zone = given.pop("out"), given.pop("zone")
        language, as_json = given.pop("lang"), given.pop("as_json")
        if isinstance(given.get("to"), Path):
            check_writable(given["to"])
        facts, book = FactStore(out), given.pop("book")
        noted = about(DiskFolder(out))
        made_up = noted.simulated or (book is not None and (book / SIMULATED).exists())
        zone = day_zone(zone or noted.zone)
        moment, known = (day_end(day, zone) for day in days)
        read = facts if book is None else WithBook(facts, book_facts(book))
        command(Asked(read, moment, known, zone, made_up, language, as_json), **given)

    run.__doc__, run.__name__ = command.__doc__, command.__name__
    run.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    vars(run)["__signature__"] = signature
    return run


def _option(name: str, kind: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


_SHARED = (
    _option("out", Out, FOLDER),
    _option("book", BookFolder, None),
    _option("as_of", AsOf, None),
    _option("known", Known, None),
    _option("zone", Zone, None),
    _option("lang", Language, "zh"),
    _option("as_json", AsJson, default=False),
)


def book_facts(path: Path) -> FactStore:
    """The facts that the proof of a book of loans holds.

    Args:
        path: Folder of the book, or of its proof.

    Raises:
        InputError: If there are none.
    """
    for folder in (path / "proof", path):
        if (folder / "facts").is_dir():
            return FactStore(folder)
    raise InputError(
        "there is no proof of a book of loans",
        where=f"--book {path}",
        remedy="name the folder of a book, or one that `headrace book prove` wrote",
    )


def read_columns(path: Path, columns: Sequence[str], remedy: str) -> pa.Table:
    """A Parquet file that an earlier command wrote.

    Raises:
        InputError: If it cannot be read, or has not these columns; says the remedy.
    """
    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        problem = f"it cannot be read as Parquet: {error}"
        raise InputError(problem, where=str(path), remedy=remedy) from error
    for name in columns:
        if name not in table.column_names:
            raise InputError(f"there is no column {name!r}", where=str(path), remedy=remedy)
    return table


def day_end(day: datetime | None, zone: str) -> datetime | None:
    """The last instant of a day of a zone; None stays None."""
    return None if day is None else end_of(day, zone)


def end_of(day: datetime, zone: str) -> datetime:
    """The last instant of a day of a zone.

    Raises:
        InputError: If there is no such day.
    """
    return _instant(end_of_day, day.date(), zone)


def start_of(day: datetime, zone: str) -> datetime:
    """The first instant of a day of a zone.

    Raises:
        InputError: If there is no such day.
    """
    return _instant(start_of_day, day.date(), zone)


def _instant(edge: Callable[[date, str], datetime], day: date, zone: str) -> datetime:
    try:
        return edge(day, zone)
    except (KeyError, OverflowError, ValueError, OSError) as error:
        raise InputError(
            f"{day} in {zone!r} is no day",
            where="--as-of, --known, --zone",
            remedy="a day from 1900 to 2199 and an IANA name such as Asia/Shanghai",
        ) from error


def day_zone(zone: str) -> str:
    """A name of a time zone, as it is.

    Raises:
        InputError: If there is no such zone.
    """
    _instant(end_of_day, EPOCH, zone)
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
