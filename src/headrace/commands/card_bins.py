"""`headrace card bins`: optimal bins of a table's columns, ranked and drawn."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.printing import card as printing_card
from headrace.adapters.printing import card_fit as printing_card_fit
from headrace.commands.card_options import (
    Bad,
    Category,
    File,
    LeaveOut,
    SettingsFile,
    SpecialValue,
    Target,
    bin_settings,
    columns_of,
    labelled,
    read_settings,
    read_table,
    trend_of,
)
from headrace.commands.desk_options import AsTable, checked_out
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.scores.binning.bins import Bins
from headrace.scores.binning.optimal import TableError, fit_table
from headrace.scores.binning.problem import BinningError, Settings
from headrace.workflows.card_rows import Asked, CardRows, RawTable, read_card_rows

DETAILED = 3


def bins_command(  # noqa: PLR0913 - one parameter an option
    file: File,
    *,
    target: Target,
    bad: Bad = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", help="Column to show; repeat it.")
    ] = None,
    trend: Annotated[
        str | None,
        typer.Option("--trend", help="auto, ascending, descending, peak, valley or none."),
    ] = None,
    bins_max: Annotated[
        int | None, typer.Option("--bins-max", min=1, max=100, help="Ordinary bins at most.")
    ] = None,
    special: SpecialValue = None,
    leave_out: LeaveOut = None,
    category: Category = None,
    settings: SettingsFile = None,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Optimal bins: bad rate and weight of evidence of each, columns by information value."""
    checked_out(out)
    stated, changed = read_settings(settings), _changed(trend, bins_max)
    raw = read_table(file, (target, *(column or ()), *(leave_out or ())))
    asked = Asked(target, tuple(bad or ()), tuple(leave_out or ()), tuple(category or ()))
    rows = read_card_rows(raw, asked, lang)
    shown = _shown(raw, rows, column)
    wanted = {
        name: replace(each, **changed)
        for name, each in bin_settings(raw, rows, stated, special).items()
        if not shown or name in shown
    }
    found, refused = _fitted(rows, wanted)
    if out is not None:
        write_contract_table(out, printing_card.bins_table(found), {})
    if as_json:
        value = [printing_card_fit.bins_value(bins) for bins in found]
        told = [{"column": each.feature, "why": str(each)} for each in refused]
        printing.as_json({**printing_card_fit.read_value(rows), "columns": value, "refused": told})
        return
    labelled(raw, lang)
    printing_card.read(rows, None, lang)
    printing_card.ranked(found, lang)
    for bins in found if shown else found[:DETAILED]:
        printing_card.binned(bins, lang)
    printing_card.not_binned([(each.feature, each.problem) for each in refused], lang)
    if not shown and len(found) > DETAILED:
        printing_card.more_columns(len(found) - DETAILED, lang)
    if out is not None:
        printing.line(f"{out}: {sum(len(bins) for bins in found):,}")


def _changed(trend: str | None, bins_max: int | None) -> dict[str, Any]:
    """Settings that were typed, which count above those of a file."""
    typed = {"trend": trend and trend_of(trend), "max_bins": bins_max}
    return {name: value for name, value in typed.items() if value is not None}


def _shown(raw: RawTable, rows: CardRows, column: list[str] | None) -> tuple[str, ...]:
    shown = columns_of(raw, column, "--column")
    absent = [name for name in shown if name not in rows.table.column_names]
    if absent:
        raise InputError(
            f"{absent[0]!r} holds neither numbers nor categories",
            where="--column",
            remedy="name it with --category, or another column",
        )
    return shown


def _fitted(
    rows: CardRows, wanted: Mapping[str, Settings]
) -> tuple[list[Bins], tuple[BinningError, ...]]:
    """Bins by falling information value, and columns that cannot be binned as was asked."""
    refused: tuple[BinningError, ...] = ()
    try:
        found = fit_table(rows.table.select(list(wanted)), rows.y, wanted)
    except TableError as error:
        if not error.bins:
            raise
        found, refused = error.bins, error.refused
    return sorted(found, key=lambda bins: -bins.iv), refused
