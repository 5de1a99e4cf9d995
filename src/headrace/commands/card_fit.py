"""`headrace card fit`: checked for leaks, validated as a whole, then fitted on all rows."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing
from headrace.adapters.machine import quiet_libraries
from headrace.adapters.printing import card as printing_card
from headrace.adapters.printing import card_fit as printing_card_fit
from headrace.adapters.score_sheets import write_card_xlsx
from headrace.adapters.user_files import write_file
from headrace.commands import card_edit
from headrace.commands.card_options import (
    After,
    Bad,
    Category,
    File,
    Group,
    LeaveOut,
    SettingsFile,
    SpecialValue,
    Target,
    Time,
    bin_settings,
    columns_of,
    labelled,
    read_settings,
    read_table,
    set_aside,
)
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.scores.cards.codec import card_to_json
from headrace.scores.cards.fitting import CardSettings
from headrace.scores.validation.splits import SplitSettings
from headrace.workflows.card_building import Checked, Dated, Plan, build, checked
from headrace.workflows.card_rows import Asked, CardRows, RawTable, read_card_rows
from headrace.workflows.card_settings import Stated
from headrace.workflows.score import SEED_MAX

BaseRate = Annotated[
    float | None,
    typer.Option("--base-rate", help="Bad rate that the card shall stand for, 0 to 1."),
]
AllowLeakage = Annotated[
    bool, typer.Option("--allow-leakage", help="Go on where the check refuses, and say so.")
]
Maturity = Annotated[
    int, typer.Option("--maturity", min=0, max=36_500, help="Days until an outcome is known.")
]
Folds = Annotated[int, typer.Option("--folds", min=1, max=50, help="Parts that are held out.")]
Repeats = Annotated[int, typer.Option("--repeats", min=1, max=50, help="Deals at random.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=SEED_MAX, help="Deals rows to folds.")]
Sheet = Annotated[Path | None, typer.Option("--sheet", help="Also write the card as .xlsx.")]


@dataclass(frozen=True)
class _Given:
    """What was read, and how it is told.

    Attributes:
        raw: The file.
        rows: Those that can be used.
        beside: File with the cells that could not be read, or None.
        lang: Of people.
    """

    raw: RawTable
    rows: CardRows
    beside: str | None
    lang: str

    def tell(self) -> None:
        """Print it."""
        labelled(self.raw, self.lang)
        printing_card.read(self.rows, self.beside, self.lang)


def fit_command(  # noqa: PLR0913 - one parameter an option
    file: File,
    *,
    target: Target,
    out: Annotated[Path, typer.Option("--out", help="Card to write, .json.")],
    bad: Bad = None,
    time: Time = None,
    group: Group = None,
    leave_out: LeaveOut = None,
    after: After = None,
    category: Category = None,
    special: SpecialValue = None,
    allow_leakage: AllowLeakage = False,
    settings: SettingsFile = None,
    base_rate: BaseRate = None,
    maturity: Maturity = 0,
    folds: Folds = 5,
    repeats: Repeats = 1,
    seed: Seed = 7,
    sheet: Sheet = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Check for leaks, validate the whole procedure, then fit a card on all rows."""
    _check_typed(out, sheet, base_rate)
    stated = read_settings(settings)
    wanted = (target, time, group, *(after or ()), *(leave_out or ()))
    raw = read_table(file, tuple(each for each in wanted if each))
    left_out, categories = tuple(leave_out or ()), tuple(category or ())
    asked = Asked(target, tuple(bad or ()), left_out, categories, time, group)
    rows = read_card_rows(raw, asked, lang)
    late = columns_of(raw, after, "--after")
    if not allow_leakage:  # what is declared to be known later is left out, and not refused
        rows = _without(rows, late)
    card = replace(_card_settings(stated, base_rate),
                   binning_of=bin_settings(raw, rows, stated, special))  # fmt: skip
    splits = SplitSettings(folds=folds, repeats=repeats, maturity_days=maturity, seed=seed)
    given = _Given(raw, rows, set_aside(out, rows.refused), lang)
    with printing_card.progress("checking", lang, quiet=as_json):
        looked = checked(rows, Dated(after=late if allow_leakage else ()), splits)
    if looked.refuses and not allow_leakage:
        _not_fitted(given, looked, as_json=as_json)
    plan = Plan(card, seed, allow_leakage)
    with quiet_libraries(), printing_card.progress("fitting", lang, quiet=as_json) as tick:
        built = build(rows, looked, plan, tick)
    write_file(out, card_to_json(built.card).encode())
    if sheet is not None:
        write_file(sheet, write_card_xlsx(built.card))
    if as_json:
        value = {**printing_card_fit.read_value(rows), **printing_card_fit.built_value(built)}
        printing.as_json({**value, "known_after": late, "out": str(out)})
        return
    given.tell()
    printing_card.fitted(built, lang)
    printing_card.saved(built.card, str(out), lang)
    if sheet is not None:
        printing.line(printing_card.say("sheet", lang, path=sheet))


def _check_typed(out: Path, sheet: Path | None, base_rate: float | None) -> None:
    card_edit.check_card_path(out)
    if sheet is not None:
        card_edit.check_sheet_path(sheet, (".xlsx",))
    if base_rate is not None and not 0 < base_rate < 1:
        raise InputError(f"{base_rate} is no rate", where="--base-rate", remedy="above 0, below 1")


def _card_settings(stated: Stated, base_rate: float | None) -> CardSettings:
    return CardSettings(
        binning=stated.bins,
        selection=stated.selection,
        scale=stated.scale,
        rating=stated.rating,
        central_tendency=base_rate,
    )


def _without(rows: CardRows, names: tuple[str, ...]) -> CardRows:
    kept = [name for name in rows.table.column_names if name not in names]
    if not kept:
        raise InputError(
            "no column is left to fit", where="--after", remedy="columns known before the outcome"
        )
    return replace(rows, table=rows.table.select(kept))


def _not_fitted(given: _Given, looked: Checked, *, as_json: bool) -> None:
    """Tell what refuses, and end with status 1."""
    if as_json:
        found = [printing_card_fit.leak_value(leak) for leak in looked.leaks]
        value = printing_card_fit.read_value(given.rows)
        printing.as_json({**value, "fitted": False, "findings": found})
    else:
        given.tell()
        printing_card.findings(looked.leaks, given.lang)
        printing_card.verdict(looked.leaks, given.lang)
        printing.line(printing_card.say("not_fitted", given.lang))
    raise typer.Exit(1)
