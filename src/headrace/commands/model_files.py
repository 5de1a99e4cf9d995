"""What the commands of `headrace model` are given: models in files, rows, directions, days."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from headrace.adapters.user_files import read_text, write_file
from headrace.commands.card_options import read_table
from headrace.errors import InputError
from headrace.scores.cards.codec import FORMAT, card_from_json
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.store import read as read_model
from headrace.scores.store import saved
from headrace.scores.table_model import TableModel
from headrace.workflows.card_cells import numbers_of, plain_column
from headrace.workflows.card_rows import Asked, CardRows, RawTable, read_card_rows
from headrace.workflows.model_building import Given, as_table_model, read_for, weights_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ModelFile = Annotated[Path, typer.Argument(help="A model of `model fit`, or a card.")]
ModelOption = Annotated[Path, typer.Option("--model", help="A model of `model fit`, or a card.")]
Lgd = Annotated[
    float, typer.Option("--lgd", min=0.0, max=1.0, help="Share lost at default; assumed.")
]
Cost = Annotated[
    float,
    typer.Option("--cost", min=0.0, max=1.0, help="Funding and running costs a year; assumed."),
]
Exposure = Annotated[
    str | None, typer.Option("--exposure", help="Column with what is lent; else 1 each.")
]
Approve = Annotated[
    float, typer.Option("--approve", min=0.01, max=0.99, help="Share approved, safest first.")
]
MODEL_BYTES_MAX = 1 << 28
OPTIONS = {"SplitSettings.folds": "--folds", "SplitSettings.maturity_days": "--ripe"}
REMEDY = "look at the rows of this file"


def located(argument: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command whose errors always say where: the file of this argument, or the option."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            try:
                command(**given)
            except InputError as error:
                where = OPTIONS.get(error.where, error.where) or str(given[argument])
                raise InputError(
                    error.problem, where=where, remedy=error.remedy or REMEDY
                ) from error

        return run

    return decorate


def load_model(path: Path) -> TableModel:
    """A model, or a points card, of a file.

    Raises:
        InputError: It is none, was altered, or scores no table.
    """
    try:
        size = path.stat().st_size
    except (OSError, ValueError):
        size = 0
    if size > MODEL_BYTES_MAX:
        raise InputError("the file is too large for a model", where=str(path), remedy="a model")
    text = read_text(path)
    try:
        if FORMAT in text[:4096] and '"card"' in text:
            return as_table_model(card_from_json(text))
        return as_table_model(read_model(text.encode()))
    except (InputError, RecursionError) as error:
        if not isinstance(error, InputError):
            raise InputError("this is no saved model", where=str(path), remedy="a model") from error
        where = f"{path}: {error.where}" if error.where else str(path)
        raise InputError(error.problem, where=where, remedy=error.remedy) from error


def check_file(path: Path) -> None:
    """Refuse, before any work, a file that could not be written.

    Raises:
        InputError: Naming it.
    """
    if not path.parent.is_dir():
        raise InputError(
            "there is no such folder", where=str(path.parent), remedy="make it, or name another"
        )
    if path.is_dir():
        raise InputError("this is a folder, not a file", where=str(path), remedy="name a file")


def save_model(path: Path, model: TableModel) -> None:
    """Write a model; equal models give equal bytes."""
    write_file(path, saved(model))


@dataclass(frozen=True, eq=False)
class Loaded:
    """A table with outcomes, read.

    Attributes:
        raw: As the file holds it.
        rows: With an outcome.
        weights: Of them, or None.
    """

    raw: RawTable
    rows: CardRows
    weights: Floats | None


def load_rows(file: Path, asked: Asked, weight: str | None, lang: str) -> Loaded:
    """A table with outcomes.

    Raises:
        InputError: It cannot be read, or a column is not there.
    """
    named = (asked.target, asked.time, asked.group, weight, *asked.left_out, *asked.categories)
    raw = read_table(file, tuple(each for each in named if each))
    rows = read_card_rows(raw, asked, lang)
    weights = None if weight is None else weights_of(raw, weight, rows.places)
    return Loaded(raw, rows, weights)


def given_to(
    model: TableModel, file: Path, others: tuple[str | None, ...], lang: str
) -> tuple[RawTable, Given]:
    """A table and those of its rows that a model can score.

    Raises:
        InputError: It cannot be read, a column is not there, or no row is left.
    """
    raw = read_table(file, (*model.names, *(each for each in others if each)))
    given = read_for(raw, model.columns, lang)
    if not given.places.size:
        raise InputError("no row can be scored", where=str(file), remedy="rows with numbers")
    return raw, given


def directions(texts: list[str] | None) -> dict[str, int]:
    """`income=down`: risk never rises as income rises; `debt=up`: it never falls.

    Raises:
        InputError: A text is not so written, or a column is named twice.
    """
    found: dict[str, int] = {}
    for text in texts or ():
        name, _, way = text.rpartition("=")
        if way not in ("up", "down") or not name.strip() or name.strip() in found:
            raise InputError(
                f"{text!r} names no direction, or its column is named twice",
                where="--monotone",
                remedy="COLUMN=down where risk falls as it rises, COLUMN=up where risk rises",
            )
        found[name.strip()] = 1 if way == "up" else -1
    return found


def directions_of(path: Path | None) -> dict[str, int]:
    """The directions that the bins of a card have; none of a column that turns or has categories.

    Raises:
        InputError: It is no card.
    """
    if path is None:
        return {}
    card = load_model(path).model
    if not isinstance(card, PointsCard):
        raise InputError("this is no card", where=f"--monotone-from {path}", remedy="a card")
    return {line.feature: line.bins.sign for line in card.lines if line.bins.sign}


def column_numbers(raw: RawTable, name: str, option: str, places: Ints) -> Floats:
    """A column of numbers, every one there, (n,).

    Raises:
        InputError: A cell is no number; it names the row.
    """
    column = raw.column(name, option)
    cells = numbers_of(plain_column(raw.columns[column]))
    values = np.asarray(cells.values.to_numpy(zero_copy_only=False), np.float64)[places]
    wrong = ~np.isfinite(values)
    if wrong.any():
        at = int(places[int(wrong.argmax())])
        raise InputError(
            f"{raw.columns[column][at].as_py()!r} is no number",
            where=f"{raw.where}, row {raw.rows[at]}, column {column}",
            remedy="a number in every row",
        )
    return values
