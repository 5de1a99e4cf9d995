"""`headrace card show`, `sheet`, `read`, `edit`, `history`: a card changed by hand."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from headrace.adapters import printing
from headrace.adapters.printing import card as printing_card
from headrace.adapters.score_sheets import (
    card_kept_in,
    read_card_csv,
    read_card_xlsx,
    write_card_csv,
    write_card_xlsx,
)
from headrace.adapters.user_files import write_file
from headrace.adapters.wall_clock import now
from headrace.commands.card_options import CardFile, CardOut, Who, Why, read_card
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.scores.binning.bins import Kind
from headrace.scores.binning.edits import By, Merge, MoveCategory, MoveEdge, Part, SetWoe, Split
from headrace.scores.binning.edits import Edit as BinEdit
from headrace.scores.cards.codec import card_digest, card_to_json
from headrace.scores.cards.editing import SetPoints, edit_card
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.cards.table import COLUMNS, card_rows

SHEETS = (".xlsx", ".csv")
SHEET_BYTES_MAX = 1 << 28


def show_command(card: CardFile, *, lang: Language = "zh", as_json: AsJson = False) -> None:
    """A card: points of every bin, its scale and classes, what is not in it and why."""
    found = read_card(card)
    if as_json:
        printing.as_json(_value(found))
        return
    printing_card.card(found, lang)
    printing_card.rating_scale(found, lang)
    printing_card.dropped(found, lang)
    printing_card.named(found, lang)


def sheet_command(
    card: CardFile,
    *,
    out: Annotated[Path, typer.Option("--out", help="Sheet to write, .xlsx or .csv.")],
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The card as a table that opens in Excel; `card read` takes it back."""
    check_sheet_path(out, SHEETS)
    found = read_card(card)
    is_xlsx = out.suffix.lower() == ".xlsx"
    write_file(out, write_card_xlsx(found) if is_xlsx else write_card_csv(found))
    if as_json:
        printing.as_json({"out": str(out), "sha256": card_digest(found)})
    else:
        printing.line(printing_card.say("sheet", lang, path=out))


def read_command(  # noqa: PLR0913 - one parameter an option
    sheet: Annotated[Path, typer.Argument(help="Sheet that `card sheet` wrote, edited.")],
    *,
    origin: Annotated[Path, typer.Option("--from", help="The card it was written from.")],
    out: CardOut,
    who: Who,
    why: Why = "",
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """A card from its sheet: what was changed in it is checked and kept as a record."""
    check_card_path(out)
    check_sheet_path(sheet, SHEETS)
    if not who.strip():
        raise InputError("nobody is named", where="--who", remedy="the name of a person")
    before = read_card(origin)
    data = _bytes(sheet)
    if sheet.suffix.lower() == ".xlsx":
        _check_origin(card_kept_in(data, str(sheet)), before, sheet, origin)
        after = read_card_xlsx(data, str(sheet), who=who, why=why)
    else:
        after = read_card_csv(data, str(sheet), before, who=who, why=why)
    after = _stamped(before, after)
    _write(before, after, out, lang, as_json=as_json)


def edit_command(  # noqa: PLR0913 - one parameter an option
    card: CardFile,
    column: Annotated[str, typer.Argument(help="Column of the card.")],
    *,
    out: CardOut,
    who: Who,
    why: Why,
    merge: Annotated[
        int | None, typer.Option("--merge", help="This bin and the next become one.")
    ] = None,
    split: Annotated[
        float | None, typer.Option("--split", help="A bin is cut here, between pieces of the fit.")
    ] = None,
    move: Annotated[
        tuple[str, str] | None,
        typer.Option("--move", help="FROM TO: an edge; or a category, to a bin's number."),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option("--part", help="Category that becomes a bin of its own; repeat it."),
    ] = None,
    points: Annotated[
        tuple[int, int] | None, typer.Option("--points", help="BIN POINTS: other points.")
    ] = None,
    like: Annotated[
        tuple[int, int] | None,
        typer.Option("--like", help="BIN OTHER: takes the weight of evidence of the other."),
    ] = None,
    despite: Annotated[
        list[str] | None,
        typer.Option("--despite", help="Limit that may be broken, or trend; repeat it."),
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Change bins or points of a column, once, with a record of who and why."""
    check_card_path(out)
    before = read_card(card)
    typed = _Typed(merge, split, move, tuple(part or ()), points, like)
    change = _change(before, column, typed)
    by = By(who, _today(), why, tuple(despite or ()))
    after = edit_card(before, column, change, by)
    _write(before, after, out, lang, as_json=as_json)


def history_command(card: CardFile, *, lang: Language = "zh", as_json: AsJson = False) -> None:
    """What was changed by hand: who, when, why, before and after."""
    found = read_card(card)
    if as_json:
        printing.as_json([_edit_value(each) for each in found.edits])
    else:
        printing_card.history(found, lang)


@dataclass(frozen=True)
class _Typed:
    """Changes as typed, of which one is wanted."""

    merge: int | None
    split: float | None
    move: tuple[str, str] | None
    part: tuple[str, ...]
    points: tuple[int, int] | None
    like: tuple[int, int] | None


def _change(card: PointsCard, column: str, typed: _Typed) -> BinEdit | SetPoints:
    """The one change that was typed.

    Raises:
        InputError: None was, or several, or it does not suit the column.
    """
    if column not in card.features:
        raise InputError(
            f"the card has no column {column!r}",
            where="COLUMN",
            remedy=f"one of {', '.join(card.features)}",
        )
    given: list[BinEdit | SetPoints] = []
    if typed.merge is not None:
        given.append(Merge(typed.merge))
    if typed.split is not None:
        given.append(Split(_finite(typed.split, "--split")))
    if typed.move is not None:
        given.append(_moved(card, column, *typed.move))
    if typed.part:
        given.append(Part(typed.part))
    if typed.points is not None:
        given.append(SetPoints(*typed.points))
    if typed.like is not None:
        given.append(SetWoe(*typed.like))
    if len(given) != 1:
        raise InputError(
            f"{len(given)} changes are asked for",
            where="headrace card edit",
            remedy="one of --merge, --split, --move, --part, --points, --like",
        )
    return given[0]


def _moved(card: PointsCard, column: str, source: str, target: str) -> MoveEdge | MoveCategory:
    bins = card.lines[card.features.index(column)].bins
    is_number = bins.kind is Kind.NUMERIC
    try:
        if is_number:
            return MoveEdge(_finite(float(source), "--move"), _finite(float(target), "--move"))
        return MoveCategory(source, int(target))
    except ValueError as error:
        right = "two numbers: an edge, and where it shall be" if is_number else (
            "a category and the number of a bin"
        )  # fmt: skip
        raise InputError(
            f"{source!r} cannot move to {target!r}", where="--move", remedy=right
        ) from error


def _finite(value: float, option: str) -> float:
    if not math.isfinite(value):
        raise InputError(f"{value} is no edge", where=option, remedy="a number")
    return value


def _write(before: PointsCard, after: PointsCard, out: Path, lang: str, *, as_json: bool) -> None:
    write_file(out, card_to_json(after).encode())
    fresh = after.edits[len(before.edits) :]
    if as_json:
        told = [_edit_value(each) for each in fresh]
        printing.as_json({"out": str(out), "sha256": card_digest(after), "edits": told})
        return
    if fresh:
        printing_card.history(replace(after, edits=fresh), lang)
    else:
        printing.line(printing_card.say("equal", lang))
    printing_card.saved(after, str(out), lang)


def _stamped(before: PointsCard, after: PointsCard) -> PointsCard:
    """New records with the moment at which they were read."""
    known = len(before.edits)
    fresh = tuple(replace(each, when=_today()) for each in after.edits[known:])
    return replace(after, edits=(*after.edits[:known], *fresh))


def _check_origin(kept: PointsCard, before: PointsCard, sheet: Path, origin: Path) -> None:
    """A workbook holds the card it was written from: it must be the one that is named."""
    if kept != before:
        raise InputError(
            "the sheet was written from another card",
            where=f"{sheet}, --from {origin}",
            remedy="the card that `headrace card sheet` was given",
        )


def check_card_path(out: Path) -> None:
    """Refuse a card's file before any work.

    Raises:
        InputError: It does not end in .json, or there is no such folder.
    """
    check_sheet_path(out, (".json",))


def check_sheet_path(path: Path, endings: tuple[str, ...]) -> None:
    """Refuse a file of another ending, or in no folder.

    Raises:
        InputError: Naming it.
    """
    if path.suffix.lower() not in endings:
        raise InputError(
            f"a file that ends in {path.suffix or 'nothing'} is none of {', '.join(endings)}",
            where=str(path),
            remedy=f"a name that ends in {endings[0]}",
        )
    if not path.parent.is_dir() or path.is_dir():
        raise InputError("there is no such folder", where=str(path.parent), remedy="name another")


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > SHEET_BYTES_MAX:
            raise InputError("the file is too large for a card's sheet", where=str(path))
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(
            f"it cannot be read: {error}", where=str(path), remedy="check its name"
        ) from error


def _today() -> str:
    return datetime.fromtimestamp(now() // 1_000_000, UTC).isoformat()


def _edit_value(each: Any) -> dict[str, str]:
    return {"feature": each.feature, "when": each.when, "who": each.who, "why": each.why,
            "before": each.before, "after": each.after}  # fmt: skip


def _value(card: PointsCard) -> dict[str, Any]:
    fitted = card.fitted
    return {
        "features": list(card.features),
        "lowest": card.lowest,
        "highest": card.highest,
        "scale": {
            "points_base": card.scale.points_base,
            "odds_base": card.scale.odds_base,
            "points_to_double": card.scale.points_to_double,
        },
        "rows": fitted and fitted.rows,
        "bad": fitted and fitted.defaults,
        "bins": [dict(zip(COLUMNS, row.cells, strict=True)) for row in card_rows(card)],
        "rating": dict(zip(card.rating.classes, card.rating.pd_max, strict=True)),
        "dropped": [
            {"feature": each.feature, "en": each.said[0], "zh": each.said[1]}
            for each in (fitted.dropped if fitted else ())
        ],
        "edits": [_edit_value(each) for each in card.edits],
        "sha256": card_digest(card),
    }
