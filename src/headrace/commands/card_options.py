"""What the commands of `headrace card` are given: tables, cards, specials, files of settings."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.events import quarantine_path
from headrace.adapters.printing import card as printing_card
from headrace.adapters.user_files import read_text, read_toml
from headrace.adapters.user_tables import read_user_table
from headrace.errors import InputError
from headrace.facts.headers import plain
from headrace.scores.binning.problem import Settings, Special, Trend
from headrace.scores.cards.codec import card_from_json
from headrace.scores.cards.points_card import PointsCard
from headrace.simulator.named_scores import OUTCOME
from headrace.workflows.card_cells import Days, days_of, plain_column, read_number
from headrace.workflows.card_rows import CardRows, RawTable
from headrace.workflows.card_settings import Stated, read_stated

File = Annotated[Path, typer.Argument(help="Table: .csv, .xlsx, .parquet, ….")]
CardFile = Annotated[Path, typer.Argument(help="A card that `headrace card fit` wrote.")]
Target = Annotated[str, typer.Option("--target", help="Column of the outcome.")]
Bad = Annotated[
    list[str] | None, typer.Option("--bad", help="Value of the target that is bad; repeat it.")
]
Time = Annotated[str | None, typer.Option("--time", help="Column with the day of the decision.")]
Group = Annotated[
    str | None, typer.Option("--group", help="Column that names who a row is about: a firm.")
]
LeaveOut = Annotated[
    list[str] | None, typer.Option("--leave-out", help="Column that is no feature; repeat it.")
]
After = Annotated[
    list[str] | None,
    typer.Option("--after", help="Column known only after the outcome; repeat it."),
]
Category = Annotated[
    list[str] | None,
    typer.Option("--category", help="Column of numbers that are names (postcodes); repeat it."),
]
SpecialValue = Annotated[
    list[str] | None,
    typer.Option("--special", help="Bin of its own: 'COLUMN=-1:no record'; repeat it."),
]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", help="TOML: scale, selection, rating, bins, words, changes."),
]
Who = Annotated[str, typer.Option("--who", help="Who makes the change.")]
Why = Annotated[str, typer.Option("--why", help="Why, in a few words.")]
CardOut = Annotated[Path, typer.Option("--out", help="Card to write, .json.")]
CARD_BYTES_MAX = 1 << 28


def read_table(path: Path, wanted: tuple[str, ...]) -> RawTable:
    """All columns of a file.

    Args:
        path: The file.
        wanted: Headings by which the header is told from titles above it.

    Raises:
        InputError: It cannot be read.
    """
    found = read_user_table(path, _headings(wanted), ())
    whole = pa.table(
        [*found.columns.columns, *found.others.columns],
        names=[*(found.heads[key] for key in found.columns.column_names),
               *found.others.column_names],
    )  # fmt: skip
    ragged = tuple((each.row, each.text) for each in found.ragged)
    return RawTable(whole, found.rows, ragged, str(path))


def _headings(wanted: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Each heading once, however it is written."""
    found: dict[str, str] = {}
    for name in wanted:
        if plain(name):
            found.setdefault(plain(name), name)
    return {name: (name,) for name in found.values()}


def read_card(path: Path) -> PointsCard:
    """The card of a file.

    Raises:
        InputError: It is none, or was changed since it was written.
    """
    try:
        size = path.stat().st_size
    except (OSError, ValueError):
        size = 0
    if size > CARD_BYTES_MAX:
        raise InputError("the file is too large for a card", where=str(path), remedy="a card")
    try:
        return card_from_json(read_text(path))
    except InputError as error:
        where = error.where if str(path) in error.where else f"{path}, {error.where}"
        raise InputError(error.problem, where=where, remedy=error.remedy) from error


def read_settings(path: Path | None) -> Stated:
    """What a file of settings states; the defaults without one.

    Raises:
        InputError: It cannot be read, or states what cannot be.
    """
    return Stated() if path is None else read_stated(read_toml(path), str(path))


def day_column(raw: RawTable, name: str | None, option: str) -> Days | None:
    """A column of days, NaT where missing.

    Raises:
        InputError: There is no such column, or a cell holds no day.
    """
    if name is None:
        return None
    column = raw.column(name, option)
    days, bad = days_of(plain_column(raw.columns[column]))
    if bad.any():
        at = int(bad.argmax())
        raise InputError(
            f"{raw.columns[column][at].as_py()!r} is no day",
            where=f"{raw.where}, row {raw.rows[at]}, column {column}",
            remedy="such as 2024-03-01",
        )
    return days


def set_aside(out: Path | None, refused: pa.Table) -> str | None:
    """Write cells that could not be read beside a result; the file, where there is one."""
    if out is None:
        return None
    beside = quarantine_path(out)
    if not refused.num_rows:
        beside.unlink(missing_ok=True)
        return None
    write_contract_table(beside, refused, {})
    return str(beside)


def trend_of(text: str | None) -> Trend:
    """The trend that --trend names.

    Raises:
        InputError: There is none of that name.
    """
    known = [each.value for each in Trend]
    if text is None:
        return Trend.AUTO
    if text not in known:
        raise InputError(f"{text!r} is no trend", where="--trend", remedy=", ".join(known))
    return Trend(text)


def specials_of(texts: list[str] | None) -> dict[str, tuple[Special, ...]]:
    """Special values by column: `COLUMN=VALUE:NAME`, or `COLUMN=LOW..HIGH:NAME`.

    Raises:
        InputError: A text is not so written.
    """
    found: dict[str, tuple[Special, ...]] = {}
    for text in texts or ():
        column, _, rest = text.partition("=")
        value, colon, name = rest.partition(":")
        if not column.strip() or not value.strip() or (colon and not name.strip()):
            raise InputError(
                f"{text!r} names no special value",
                where="--special",
                remedy="such as 'age=-1:no record' or 'age=900..999:frozen'",
            )
        own = Special(name.strip() or value.strip(), *_codes(value.strip(), text))
        found[column.strip()] = (*found.get(column.strip(), ()), own)
    return found


def _codes(value: str, text: str) -> tuple[tuple[float | str, ...], float | None, float | None]:
    low, dots, high = value.partition("..")
    if not dots:
        number = read_number(value)
        return (value if number is None else number,), None, None
    ends = read_number(low.strip()), read_number(high.strip())
    if ends == (None, None) or (None in ends and low.strip() and high.strip()):
        raise InputError(
            f"{text!r} has no range of numbers", where="--special", remedy="such as 900..999"
        )
    return (), ends[0], ends[1]


def bin_settings(
    raw: RawTable, rows: CardRows, stated: Stated, special: list[str] | None
) -> dict[str, Settings]:
    """Settings of each feature: those of the file, with the specials that were typed.

    Raises:
        InputError: The table has no such column, or it is no feature.
    """
    names = rows.table.column_names
    for name in stated.bins_of:
        raw.column(name, "--settings")
    found = {name: stated.bins_of.get(name, stated.bins) for name in names}
    for typed, own in specials_of(special).items():
        name = raw.column(typed, "--special")
        if name not in found:
            raise InputError(
                f"{name!r} is no feature",
                where="--special",
                remedy=f"one of {', '.join(names)}",
            )
        found[name] = replace(found[name], specials=(*found[name].specials, *own))
    return found


def columns_of(raw: RawTable, names: list[str] | None, option: str) -> tuple[str, ...]:
    """The headings that a user meant, each once."""
    return tuple(dict.fromkeys(raw.column(name, option) for name in names or ()))


def is_simulated(raw: RawTable) -> bool:
    """Whether the table is one that `headrace score simulate` made up."""
    return OUTCOME in raw.columns.column_names


def labelled(raw: RawTable, lang: str) -> None:
    """Say so where the table was made up."""
    if is_simulated(raw):
        printing_card.simulated(lang)
