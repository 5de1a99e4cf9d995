"""`headrace card`: scorecards from a table of one's own: checked, binned, fitted, used, changed."""

from typing import Annotated, Any

import typer

from headrace.adapters import printing
from headrace.adapters.printing import card as printing_card
from headrace.adapters.printing import card_fit as printing_card_fit
from headrace.commands import card_bins, card_edit, card_fit, card_use
from headrace.commands.card_options import (
    After,
    Bad,
    Category,
    File,
    Group,
    LeaveOut,
    Target,
    Time,
    columns_of,
    day_column,
    labelled,
    read_table,
)
from headrace.commands.options import AsJson, Language
from headrace.scores.validation.splits import SplitSettings
from headrace.workflows.card_building import Dated, findings, held_out
from headrace.workflows.card_rows import Asked, CardRows, read_card_rows

app = typer.Typer(help="Scorecards from your own table: check, bins, fit, show, apply, explain.")
app.command("bins")(card_bins.bins_command)
app.command("fit")(card_fit.fit_command)
app.command("show")(card_edit.show_command)
app.command("apply")(card_use.apply_command)
app.command("explain")(card_use.explain_command)
app.command("sheet")(card_edit.sheet_command)
app.command("read")(card_edit.read_command)
app.command("edit")(card_edit.edit_command)
app.command("history")(card_edit.history_command)
app.command("export")(card_use.export_command)


Decided = Annotated[
    str | None, typer.Option("--decided", help="Column with the day of the decision.")
]
Ended = Annotated[str | None, typer.Option("--ended", help="Column with the day of the outcome.")]
Counted = Annotated[
    list[str] | None,
    typer.Option("--counted", help="Column counted back from one day (age, months since)."),
]
Reference = Annotated[
    str | None, typer.Option("--reference", help="Column with the day they count from.")
]


@app.command("check")
def check_command(  # noqa: PLR0913 - one parameter an option
    file: File,
    *,
    target: Target,
    bad: Bad = None,
    after: After = None,
    decided: Decided = None,
    ended: Ended = None,
    counted: Counted = None,
    reference: Reference = None,
    group: Group = None,
    time: Time = None,
    leave_out: LeaveOut = None,
    category: Category = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Look for columns that know the outcome. Exit status 1 if anything refuses."""
    given = (target, time, group, decided, ended, reference, *(after or ()), *(leave_out or ()))
    raw = read_table(file, tuple(each for each in given if each))
    dates = {raw.column(name, option) for name, option in
             ((decided, "--decided"), (ended, "--ended"), (reference, "--reference"))
             if name is not None}  # fmt: skip
    out = (*(leave_out or ()), *dates)
    asked = Asked(target, tuple(bad or ()), out, tuple(category or ()), time, group)
    rows = read_card_rows(raw, asked, lang)
    dated = Dated(
        after=columns_of(raw, after, "--after"),
        decided=_taken(day_column(raw, decided, "--decided"), rows),
        ended=_taken(day_column(raw, ended, "--ended"), rows),
        counted=columns_of(raw, counted, "--counted"),
        reference=_taken(day_column(raw, reference, "--reference"), rows),
    )
    with printing_card.progress("checking", lang, quiet=as_json) as tick:
        found = findings(rows, dated, with_days=True)
        tick(0.8)
        of_rows = held_out(rows, SplitSettings())[1] if _can_be_split(rows) else ()
    leaks = (*found, *of_rows)
    if as_json:
        printing.as_json(
            {
                **printing_card_fit.read_value(rows),
                "findings": [printing_card_fit.leak_value(leak) for leak in leaks],
            }
        )
    else:
        labelled(raw, lang)
        printing_card.read(rows, None, lang)
        printing_card.findings(leaks, lang)
        printing_card.verdict(leaks, lang)
    if any(leak.refuses for leak in leaks):
        raise typer.Exit(1)


def _taken(days: Any, rows: CardRows) -> Any:
    return None if days is None else days[rows.places]


def _can_be_split(rows: CardRows) -> bool:
    least = min(int(rows.y.sum()), int((rows.y == 0).sum()))
    return least >= SplitSettings().folds and rows.times is None
