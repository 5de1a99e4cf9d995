"""`headrace card apply`, `explain`, `export`: a card used on applicants, and by other programs."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.pmml_files import card_pmml
from headrace.adapters.printing import card as printing_card
from headrace.adapters.printing import card_use as printing_card_use
from headrace.adapters.user_files import write_file
from headrace.commands.card_options import (
    CardFile,
    File,
    SettingsFile,
    labelled,
    read_card,
    read_settings,
    read_table,
    set_aside,
)
from headrace.commands.desk_options import AsTable, checked_out
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.cards.reasons import ReasonMethod
from headrace.workflows.card_rows import CardRows, RawTable, others, read_applicants
from headrace.workflows.card_use import (
    apply_card,
    explain_one,
    first_reasons,
    ranking_of,
    reach,
    unseen,
)

AGAINST = {"best": ReasonMethod.BELOW_MAXIMUM, "mean": ReasonMethod.BELOW_MEAN}
Against = Annotated[
    str, typer.Option("--against", help="Reasons are points below: best (of a column) or mean.")
]


def apply_command(  # noqa: PLR0913 - one parameter an option
    card: CardFile,
    file: File,
    *,
    out: AsTable = None,
    settings: SettingsFile = None,
    against: Against = "best",
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Score a table: points, probability with its interval, class, reasons in two languages."""
    checked_out(out)
    found, raw, rows = _read(card, file, lang)
    ranking = ranking_of(found, read_settings(settings), _method(against))
    with printing_card.progress("scoring", lang, quiet=as_json):
        scored = apply_card(found, rows.table, ranking)
        strange = unseen(found, rows.table)
    beside = set_aside(out, rows.refused)
    if out is not None:
        whole = _with_others(scored, raw, rows, found)
        named = {} if out.suffix.lower() == ".parquet" else printing_card_use.headings(lang)
        write_contract_table(out, whole, named)
    if as_json:
        told = {"scored": scored.num_rows, "unseen": strange,
                "refused_cells": rows.refused.to_pylist(), "out": out and str(out)}  # fmt: skip
        rated = scored["class"].to_pylist()
        classes = {name: rated.count(name) for name in found.rating.classes}
        mean = float(np.mean(scored["points"].to_numpy())) if rated else None
        printing.as_json({**told, "classes": classes, "mean_points": mean})
        return
    labelled(raw, lang)
    first = first_reasons(found, rows.table, ranking)
    printing_card_use.applied(scored, found, first, lang)
    printing_card_use.unseen(strange, lang)
    printing_card.refused(rows.refused, "refused_apply", beside, lang)
    if out is not None:
        printing.line(f"{out}: {scored.num_rows:,}")


def explain_command(  # noqa: PLR0913 - one parameter an option
    card: CardFile,
    file: File,
    *,
    row: Annotated[int, typer.Option("--row", min=1, help="Row of the data, from 1.")],
    reach_to: Annotated[
        str | None, typer.Option("--reach", help="Class or points: what would have to change.")
    ] = None,
    fixed: Annotated[
        list[str] | None, typer.Option("--fixed", help="Column that cannot change; repeat it.")
    ] = None,
    customer: Annotated[
        bool, typer.Option("--customer", help="Also the words that a customer may be told.")
    ] = False,
    settings: SettingsFile = None,
    against: Against = "best",
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """One applicant: points by column, reasons, a customer's letter, what would have to change."""
    found, raw, rows = _read(card, file, lang)
    stated = read_settings(settings)
    method = _method(against)
    ranking = ranking_of(found, stated, method)
    for name in fixed or ():
        raw.column(name, "--fixed")
    one = _one(raw, rows, row, str(file))
    told = explain_one(found, one, ranking, stated)
    ways = None if reach_to is None else reach(found, one, reach_to, stated, fixed or ())
    if as_json:
        value = printing_card_use.explained_value(told)
        value |= {"row": row, "reach": ways and printing_card_use.reached_value(ways)}
        if customer:
            letters = {each: printing_card_use.letter_text(told.reasons, each)
                       for each in ("en", "zh")}  # fmt: skip
            value["customer"] = letters
        printing.as_json(value)
        return
    labelled(raw, lang)
    printing_card_use.explained(told, method, lang)
    if customer:
        printing_card_use.letter(told.reasons, lang)
        printing_card_use.unworded(told.unworded, lang)
    if ways is not None and reach_to is not None:
        printing_card_use.reached(ways, reach_to, lang)


def export_command(
    card: CardFile,
    *,
    pmml: Annotated[Path, typer.Option("--pmml", help="File to write, .pmml.")],
    settings: SettingsFile = None,
    against: Against = "best",
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The card as PMML, for other engines: points, log odds, probability, reason codes."""
    if pmml.suffix.lower() not in (".pmml", ".xml"):
        raise InputError(
            f"a file that ends in {pmml.suffix or 'nothing'} cannot be written",
            where=str(pmml),
            remedy="one that ends in .pmml or .xml",
        )
    found = read_card(card)
    method = _method(against)
    ranking = None
    if method is not ReasonMethod.BELOW_MAXIMUM or settings is not None:
        ranking = ranking_of(found, read_settings(settings), method)
    write_file(pmml, card_pmml(found, ranking))
    if as_json:
        printing.as_json({"pmml": str(pmml), "features": list(found.features)})
    else:
        printing.line(printing_card.say("pmml", lang, path=pmml))


def _read(card: Path, file: Path, lang: str) -> tuple[PointsCard, RawTable, CardRows]:
    found = read_card(card)
    raw = read_table(file, found.features)
    return found, raw, read_applicants(raw, found, lang)


def _method(against: str) -> ReasonMethod:
    if against not in AGAINST:
        raise InputError(
            f"{against!r} is nothing to compare with", where="--against", remedy="best or mean"
        )
    return AGAINST[against]


def _one(raw: RawTable, rows: CardRows, row: int, where: str) -> pa.Table:
    """The features of a data row.

    Raises:
        InputError: There is no such row, or it cannot be read.
    """
    numbers = raw.rows[rows.places]
    at = np.flatnonzero(numbers == row)
    if at.size:
        return rows.table.slice(int(at[0]), 1)
    told = [each for each in rows.refused.to_pylist() if each["row"] == row]
    if told:
        cell = told[0]
        raise InputError(
            f"{cell['cell']!r}: {cell['reason']}",
            where=f"{where}, row {row}, column {cell['column']}",
            remedy="a value of the kind that the card was fitted on, or an empty cell",
        )
    last = int(raw.rows.max(initial=0))
    raise InputError(
        f"there is no row {row}", where=where, remedy=f"1 to {last}" if last else "rows below it"
    )


def _with_others(scored: pa.Table, raw: RawTable, rows: CardRows, card: PointsCard) -> pa.Table:
    """Results beside what tells rows apart: the row of the file and columns of no feature."""
    beside = others(raw, card.features)
    columns = {"row": pa.array(raw.rows[rows.places])}
    taken = pa.array(rows.places)
    for name in beside.column_names:
        if name not in scored.column_names and name not in columns:
            columns[name] = beside[name].take(taken)
    return pa.table(columns | {name: scored[name] for name in scored.column_names})
