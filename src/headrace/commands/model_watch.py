"""`headrace model watch`, `challenge`, `fairness`, `rejects`: a model in use, and choices."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.printing import model as printing_model
from headrace.adapters.printing import model_watch as printing_model_watch
from headrace.commands.card_options import Bad, File, Target, day_column, labelled, read_table
from headrace.commands.desk_options import AsTable, checked_out, write_out
from headrace.commands.model_files import (
    Approve,
    Cost,
    Exposure,
    Floats,
    Ints,
    Lgd,
    ModelOption,
    check_file,
    column_numbers,
    given_to,
    load_model,
    located,
    save_model,
)
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.scores.table_fitting import Making
from headrace.scores.table_model import TableModel, Taken
from headrace.scores.validation.nested import Rows
from headrace.scores.watch.challenger import Contest
from headrace.scores.watch.fairness import Applicants
from headrace.scores.watch.remedies import Cost as Paid
from headrace.scores.watch.remedies import Question
from headrace.scores.watch.stability import Terms
from headrace.scores.watch.three_numbers import Lending, safest
from headrace.workflows.card_names import protected
from headrace.workflows.card_rows import Asked, RawTable, read_card_rows
from headrace.workflows.model_building import read_for
from headrace.workflows.model_choices import (
    accepted_rows,
    assumed_of,
    break_even,
    challenged,
    group_figures,
    groups_of,
    guessed,
    inferred_model,
    known_outcomes,
    remedy_costs,
    within,
)
from headrace.workflows.model_watching import (
    Days,
    Side,
    Told,
    Watch,
    ages_of,
    months_of,
    watched,
)

COLUMN = "column:"
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Deals rows to folds.")]
Day = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="What is known by this day's month end."),
]


def register(app: typer.Typer) -> None:
    """Put the commands of this file into `headrace model`."""
    app.command("watch")(watch_command)
    app.command("challenge")(challenge_command)
    app.command("fairness")(fairness_command)
    app.command("rejects")(rejects_command)


@located("new")
def watch_command(  # noqa: PLR0913, PLR0917 - a command has a parameter per option
    old: Annotated[Path, typer.Argument(help="The older table: development, or the last review.")],
    new: Annotated[Path, typer.Argument(help="The newer table.")],
    model: Annotated[
        Path | None, typer.Option("--model", help="A model of `model fit`, or a card.")
    ] = None,
    score: Annotated[
        str | None, typer.Option("--score", help="Column with the stated probability, in both.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--target", help="Column of the outcome, in the newer table.")
    ] = None,
    bad: Bad = None,
    month: Annotated[
        str | None, typer.Option("--month", help="Column with the day or month of a row.")
    ] = None,
    opened: Annotated[
        str | None, typer.Option("--opened", help="Column with the day of opening.")
    ] = None,
    defaulted: Annotated[
        str | None, typer.Option("--defaulted", help="Column with the day of default, else empty.")
    ] = None,
    window: Annotated[
        int, typer.Option("--window", min=0, max=600, help="Months until a label is ripe.")
    ] = 0,
    on: Day = None,
    matters: Annotated[
        float, typer.Option("--matters", min=0.001, max=10.0, help="PSI from which a move matters.")
    ] = 0.1,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Has the population moved, and do the probabilities hold? Exit status 1 on an alarm."""
    checked_out(out)
    if model is None and score is None:
        raise InputError("nothing to watch", where="--model, --score", remedy="name one of them")
    if bool(opened) != bool(window) or (defaulted and not opened):
        raise InputError(
            "ripe labels need both a day of opening and a window",
            where="--opened, --window",
            remedy="--opened COLUMN --window MONTHS; --defaulted goes with both",
        )
    found = None if model is None else load_model(model)
    wanted = (score, target, month, opened, defaulted)
    raw, places, now = _side(found, new, wanted, score, lang)
    _, _, then = _side(found, old, (score,), score, lang)
    told = _told(raw, places, (target, tuple(bad or ())), (month, opened, defaulted), (window, on))
    seen = watched(found, then, now, told, Terms(matters=matters))
    if out is not None:
        write_out(printing_model_watch.watch_table(seen), out, {})
    if as_json:
        printing.as_json(printing_model_watch.watch_value(seen))
    else:
        labelled(raw, lang)
        if found is not None:
            printing_model.warnings(found, lang)
        printing_model_watch.watched(seen, lang, is_card=found is not None and found.is_card)
    _exit(seen)


def _exit(seen: Watch) -> None:
    if seen.alarms:
        raise typer.Exit(1)


def _side(
    model: TableModel | None,
    path: Path,
    wanted: Sequence[str | None],
    score: str | None,
    lang: str,
) -> tuple[RawTable, Ints, Side]:
    if model is None:
        raw = read_table(path, tuple(each for each in wanted if each))
        places, table = np.arange(raw.columns.num_rows), None
        if not places.size:
            raise InputError("the table has no rows", where=str(path), remedy="export it again")
    else:
        raw, given = given_to(model, path, tuple(wanted), lang)
        places, table = given.places, given.table
    if score is not None:
        p = _stated(raw, score, "--score", places)
    elif model is not None and table is not None:
        p = model.probability(table)
    return raw, places, Side(table, p)


def _stated(raw: RawTable, name: str, option: str, places: Ints) -> Floats:
    found = column_numbers(raw, name, option, places)
    wrong = (found < 0) | (found > 1)
    if wrong.any():
        at = int(wrong.argmax())
        raise InputError(
            f"{found[at]:g} is no probability",
            where=f"{raw.where}, row {raw.rows[places[at]]}, column {name}",
            remedy="0 to 1: of default, not points",
        )
    return found


def _days(raw: RawTable, name: str | None, option: str, places: Ints) -> Days | None:
    found = day_column(raw, name, option)
    return None if found is None else found[places]


def _told(
    raw: RawTable,
    places: Ints,
    outcome: tuple[str | None, tuple[str, ...]],
    days: tuple[str | None, str | None, str | None],
    until: tuple[int, datetime | None],
) -> Told:
    """What is known of the newer rows."""
    target, bad = outcome
    y = None if target is None else known_outcomes(raw, target, bad, places)
    month, opened, defaulted = (
        _days(raw, name, option, places)
        for name, option in zip(days, ("--month", "--opened", "--defaulted"), strict=True)
    )
    for name, found in zip(days[:2], (month, opened), strict=True):
        if found is not None and np.isnat(found).any():
            at = int(np.isnat(found).argmax())
            where = f"{raw.where}, row {raw.rows[places[at]]}, column {name}"
            raise InputError("a row has no day", where=where, remedy="such as 2024-03-01")
    if opened is None:
        return Told(y, None if month is None else months_of(month))
    window, on = until
    first = months_of(opened)
    last = int(first.max())
    if defaulted is not None and not np.isnat(defaulted).all():
        last = max(last, int(months_of(defaulted[~np.isnat(defaulted)]).max()))
    now = last if on is None else int(months_of(np.array([on.date()], "datetime64[D]"))[0])
    ages = None if defaulted is None else ages_of(first, defaulted)
    if ages is not None:
        ages = np.where(ages > now - first, 0, ages)  # not known by then
    late = first > now
    if late.any():
        at = int(late.argmax())
        raise InputError(
            "a row was opened after --on",
            where=f"{raw.where}, row {raw.rows[places[at]]}",
            remedy="a later day, or a table as of that day",
        )
    months = None if month is None else months_of(month)
    return Told(y, months, first, ages, window, now)


@located("file")
def challenge_command(  # noqa: PLR0913, PLR0917 - a command has a parameter per option
    champion: Annotated[str, typer.Argument(help="Model in use: a file, or column:NAME.")],
    challenger: Annotated[str, typer.Argument(help="Model that would replace it: the same.")],
    file: File,
    target: Target,
    bad: Bad = None,
    approve: Approve = 0.7,
    exposure: Exposure = None,
    lgd: Lgd = 0.45,
    cost: Cost = 0.05,
    lang: Language = "zh",
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Champion against challenger: who ranks better, who is swapped, and the three numbers."""
    sides = [
        each.removeprefix(COLUMN) if each.startswith(COLUMN) else load_model(Path(each))
        for each in (champion, challenger)
    ]
    names = [
        name for each in sides for name in (each.names if isinstance(each, TableModel) else (each,))
    ]
    raw = read_table(
        file, tuple(dict.fromkeys([target, *names, *((exposure,) if exposure else ())]))
    )
    kept = np.ones(raw.columns.num_rows, np.bool_)
    for each in sides:
        if isinstance(each, TableModel):
            kept[np.setdiff1d(np.arange(kept.size), read_for(raw, each.columns, lang).places)] = (
                False
            )
    places = np.flatnonzero(kept)
    if not places.size:
        raise InputError("no row can be scored by both", where=str(file), remedy="other rows")
    p = [_scores(raw, each, places, lang) for each in sides]
    contest = Contest(p[0], p[1], known_outcomes(raw, target, tuple(bad or ()), places))
    lending = _lending(raw, exposure, places, (lgd, cost))
    found = challenged(contest, approve, lending)
    if as_json:
        printing.as_json(printing_model_watch.challenge_value(found))
        return
    labelled(raw, lang)
    printing_model_watch.challenged(found, (approve, lgd, cost), lang)


def _scores(raw: RawTable, side: TableModel | str, places: Ints, lang: str) -> Floats:
    if isinstance(side, str):
        return within(_stated(raw, side, COLUMN, places))
    given = read_for(raw, side.columns, lang)
    at = np.searchsorted(given.places, places)
    return within(side.probability(given.table.take(pa.array(at)).combine_chunks()))


def _lending(
    raw: RawTable, exposure: str | None, places: Ints, terms: tuple[float, float]
) -> Lending:
    lgd, cost = terms
    lent = np.ones(places.size)
    if exposure is not None:
        lent = column_numbers(raw, exposure, "--exposure", places)
        if not (lent > 0).all():
            at = int(places[int((lent <= 0).argmax())])
            where = f"{raw.where}, row {raw.rows[at]}, column {exposure}"
            raise InputError("what is lent is not above 0", where=where, remedy="above 0")
    return Lending(lent, lgd, break_even(cost, lgd))


@located("file")
def fairness_command(  # noqa: PLR0913, PLR0917 - a command has a parameter per option
    file: File,
    model: ModelOption,
    target: Target,
    group: Annotated[str, typer.Option("--group", help="Column with the group of a person.")],
    cuts: Annotated[
        str | None, typer.Option("--cuts", help="Cut a column of numbers here: 30,45,60.")
    ] = None,
    bad: Bad = None,
    cutoff: Annotated[
        float | None,
        typer.Option("--cutoff", min=0.0, max=1.0, help="Approve up to this probability."),
    ] = None,
    approve: Approve = 0.7,
    reference: Annotated[
        str | None, typer.Option("--reference", help="Group to compare with; else the highest.")
    ] = None,
    remedies: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--remedies", help="What each remedy would cost; none is applied.")
    ] = False,
    without: Annotated[
        list[str] | None, typer.Option("--without", help="A column to try without; repeat it.")
    ] = None,
    exposure: Exposure = None,
    lgd: Lgd = 0.45,
    cost: Cost = 0.05,
    lang: Language = "zh",
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Figures by group with intervals, and with --remedies what each remedy would cost."""
    found = load_model(model)
    raw, given = given_to(found, file, (target, group, exposure), lang)
    places = given.places
    y = known_outcomes(raw, target, tuple(bad or ()), places)
    of, names = groups_of(raw, group, _cuts(cuts), places)
    p = within(found.probability(given.table))
    approved = safest(p, approve) if cutoff is None else p <= cutoff
    lending = _lending(raw, exposure, places, (lgd, cost))
    price = None if lending.price is None else lending.price(p)
    people = Applicants(p, approved, y, of, names, price)
    told = group_figures(people, reference)
    paid: tuple[Paid, ...] = ()
    if remedies:
        ripe = np.flatnonzero(y >= 0)
        rows = Rows(given.table.take(pa.array(ripe)).combine_chunks(), y[ripe])
        tried = _without(found, group, without or [])
        part = Lending(lending.exposure[ripe], lgd, lending.price)
        asked = Question(float(np.clip(approved.mean(), 0.01, 0.99)), of[ripe], names, part, tried)
        with printing_model_watch.waiting("remedies_working", lang, quiet=as_json):
            making = Making(found.kind, found.target, seed=found.learnt.seed)
            paid = remedy_costs(making, rows, asked, folds=min(5, max(2, int(y[ripe].sum()))))
    if as_json:
        printing.as_json(printing_model_watch.fairness_value(told, paid))
        return
    labelled(raw, lang)
    printing_model.warnings(found, lang)
    printing_model_watch.fairness(told, (float(approved.mean()), group), lang)
    if paid:
        printing_model_watch.remedies(paid, (lgd, cost), lang)


def _cuts(text: str | None) -> tuple[float, ...]:
    try:
        found = tuple(float(each) for each in (text or "").split(",") if each.strip())
    except ValueError:
        found = (float("nan"),)
    if text is not None and (not found or not all(np.diff(found) > 0) or np.isnan(found).any()):
        raise InputError(f"{text!r} are no cuts", where="--cuts", remedy="such as 30,45,60, rising")
    return found


def _without(model: TableModel, group: str, asked: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Columns to try without: those asked for, else the group and what headings give away."""
    for name in asked:
        if name not in model.names:
            known = ", ".join(model.names)
            problem = f"{name!r} is no column of the model"
            raise InputError(problem, where="--without", remedy=f"one of {known}")
    if not asked:
        asked = [name for name in model.names if name == group or protected(name)]
    tried = [(name,) for name in dict.fromkeys(asked)]
    return tuple(each for each in tried if len(model.names) > 1)


@located("file")
def rejects_command(  # noqa: PLR0913, PLR0917 - a command has a parameter per option
    file: File,
    target: Target,
    accepted: Annotated[str, typer.Option("--accepted", help="Column: 1 accepted, 0 refused.")],
    yes: Annotated[
        list[str] | None, typer.Option("--yes", help="Value of --accepted that is accepted.")
    ] = None,
    bad: Bad = None,
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", help="Column that is no feature; repeat it.")
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="linear, card or boosting.")] = "linear",
    cutoff: Annotated[
        float, typer.Option("--cutoff", min=0.0001, max=0.9999, help="Approve up to this.")
    ] = 0.1,
    assume: Annotated[
        str, typer.Option("--assume", help="For --out: fuzzy=1.5, parcelling=2, reweighting.")
    ] = "fuzzy=1.5",
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write a model, flagged as inferred, .json.")
    ] = None,
    seed: Seed = 7,
    lang: Language = "zh",
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """What the refused would have done is a guess: the same fit under several assumptions."""
    making = Making(kind, target, seed=seed)
    assumed = assumed_of(assume, seed)
    if out is not None:
        check_file(out)
    raw = read_table(file, (target, accepted))
    taken = accepted_rows(raw, accepted, tuple(yes or ()))
    left = (*(leave_out or ()), raw.column(accepted, "--accepted"))
    rows = read_card_rows(raw, Asked(target, tuple(bad or ()), left), lang)
    mine = np.flatnonzero(taken[rows.places])
    y = rows.y[mine]
    if not 0 < y.sum() < y.size:
        raise InputError(
            "the accepted have one outcome only", where=str(file), remedy="rows of both outcomes"
        )
    known = Rows(rows.table.take(pa.array(mine)).combine_chunks(), y)
    columns = [Taken(e.name, bool(pa.types.is_string(e.type))) for e in rows.table.schema]
    given = read_for(raw, columns, lang)
    refused = given.table.take(pa.array(np.flatnonzero(~taken[given.places]))).combine_chunks()
    with printing_model_watch.waiting("rejects_working", lang, quiet=as_json):
        found = guessed(making, known, refused, cutoff)
        if out is not None:
            model, _ = inferred_model(making, known, refused, assumed)
            save_model(out, model)
    if as_json:
        printing.as_json(
            printing_model_watch.rejects_value(found, None if out is None else str(out))
        )
        return
    labelled(raw, lang)
    printing_model_watch.rejects(found, lang)
    if out is not None:
        printing_model_watch.inferred_saved(str(out), assume, lang)
