"""`headrace features`: check definitions, plan, compute, explain a value, tell what was revised."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import pyarrow as pa
import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.events import (
    check_writable,
    quarantine_path,
    read_events,
    write_quarantine,
    write_table,
)
from headrace.adapters.folder import DiskFolder
from headrace.adapters.machine import THREADS_MAX, limited_threads
from headrace.adapters.printing import features as printing_features
from headrace.adapters.store import FactStore
from headrace.adapters.user_files import read_text
from headrace.commands.feature_files import (
    AsJson,
    Asked,
    Definitions,
    Events,
    Groups,
    GroupsOfOne,
    PackName,
    Voids,
    feature_set_of,
    progress_of,
)
from headrace.errors import HeadraceError, InputError
from headrace.features.checking import FeatureSetError, Problem
from headrace.features.definition import FeatureSet
from headrace.features.loading import load_feature_set
from headrace.features.plan import make_plan
from headrace.workflows import feature_groups as grouping
from headrace.workflows import features as workflow
from headrace.workflows.feature_explain import Answer, Question, answer, key_columns, read_key
from headrace.workflows.feature_plan import view
from headrace.workflows.feature_revisions import Period, Revisions, of_key, only_key, revise
from headrace.workflows.feature_revisions import check as check_revisable
from headrace.workflows.features import Extra, Given, Made, Wanted
from headrace.workflows.invoices import invoice_history
from headrace.workflows.run_note import run_settings

app = typer.Typer(help="Features: check definitions, see the plan, compute, explain, revise.")

EVENTS_SHOWN = 20


@app.command("check")
def check_command(
    definitions: Annotated[Path, typer.Argument(help="YAML definitions.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say everything that is wrong with definitions, by line and field, or what they hold."""
    found: FeatureSet | None = None
    problems: Sequence[Problem] = ()
    try:
        found = load_feature_set(read_text(definitions), str(definitions))
        make_plan(found)
    except FeatureSetError as error:
        problems = error.problems
    except HeadraceError as error:
        if found is None:  # the file itself
            raise
        problems = [Problem(str(definitions), error.where, error.problem, error.remedy)]
    if as_json:
        printing.as_json(_checked(found, problems))
    elif problems or found is None:
        printing_features.problems(str(definitions), problems)
    else:
        printing_features.definitions(str(definitions), found)
    if problems:
        raise typer.Exit(1)


@app.command("plan")
def plan_command(
    definitions: Definitions = None, pack: PackName = None, *, as_json: AsJson = False
) -> None:
    """Show what is kept of every event, what is shared between features, and what costs."""
    found = view(make_plan(feature_set_of(definitions, pack)))
    if as_json:
        printing.as_json(found.to_dict())
    else:
        printing_features.plan(found)


@app.command("explain")
def explain_command(  # noqa: PLR0913 - a command has a parameter per option
    key: Annotated[str, typer.Argument(help="Whose: E12, or customer=7,terminal=9.")],
    feature: Annotated[str, typer.Argument(help="Name of the feature.")],
    *,
    at: Annotated[
        str | None,
        typer.Option(help="A day (its end) or a time, on the table's clock; of a run: its own."),
    ] = None,
    definitions: Definitions = None,
    pack: PackName = None,
    events: Events = None,
    voids: Voids = None,
    groups: Groups = None,
    groups_of_one: GroupsOfOne = False,
    out: Annotated[Path | None, typer.Option(help="The folder a run wrote, not files.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Events shown.")] = EVENTS_SHOWN,
    csv: Annotated[Path | None, typer.Option(help="Write every event to this CSV.")] = None,
    all_events: Annotated[
        bool, typer.Option("--all", help="Also events that the filter leaves out, marked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the value of a feature, its window, and the events it was made of."""
    if csv is not None:
        check_writable(csv)
    if out is not None:
        if definitions is not None or events or voids or groups:
            raise InputError(
                "a run's folder has its own facts and definitions",
                where="--out",
                remedy="leave out --definitions, --events, --voids and --groups",
            )
        found = _explain_run(out, pack, key, feature, at, all_events=all_events)
    else:
        wanted = workflow.chosen(feature_set_of(definitions, pack), [feature])
        asked = Asked(wanted, events or (), voids or ())
        asked.take_groups(groups or (), groups_of_one=groups_of_one)
        found = _explain_files(asked, key, feature, at, all_events=all_events)
    if csv is not None:
        write_table(csv, _all_parts(found))
    if as_json:
        printing.as_json(found.to_dict(limit))
    else:
        printing_features.answer(found, limit)


@app.command("compute")
def compute_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    out: Annotated[Path, typer.Option(help="File to write: .parquet, .csv or .xlsx.")],
    definitions: Definitions = None,
    pack: PackName = None,
    events: Events = None,
    voids: Voids = None,
    groups: Groups = None,
    groups_of_one: GroupsOfOne = False,
    table: Annotated[
        str, typer.Option(help="At every event of this table; else of the first.")
    ] = "",
    labels: Annotated[Path | None, typer.Option(help="Make a training set of these.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Column of the labels with the time of each.")
    ] = None,
    keys: Annotated[Path | None, typer.Option(help="Keys to compute at one moment.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="The moment: a day (its end) or a time.")
    ] = None,
    feature: Annotated[list[str] | None, typer.Option(help="Only this feature.")] = None,
    threads: Annotated[
        int, typer.Option("--threads", min=1, max=THREADS_MAX, help="Threads to use.")
    ] = 2,
    as_json: AsJson = False,
) -> None:
    """Compute features at every event, as of each label's time, or of keys at one moment."""
    began = perf_counter()
    _check_mode(labels, at, keys, as_of)
    check_writable(out)
    whole = feature_set_of(definitions, pack)
    asked = Asked(workflow.chosen(whole, feature or ()), events or (), voids or ())
    asked.take_groups(groups or (), groups_of_one=groups_of_one)
    asked.check_apart(out, labels, keys)
    chosen = workflow.table_named(whole, table or asked.tables[0])
    names = asked.tables
    if labels is None and keys is None:
        asked.check_given(chosen.name)
        names = (*asked.tables, chosen.name)
    with limited_threads(threads), progress_of(as_json=as_json) as progress:
        progress.begin("read")
        given, taken_back = asked.read(names, Extra.NONE)
        question = _question(asked, labels, at, keys, as_of)
        rows = sum(each.read for each in given.values())
        progress.end("read", f"{rows:,} events")
        progress.begin("compute")
        if question is None:
            made = workflow.at_every_event(asked.plan, given, taken_back, chosen, threads)
        else:
            made = workflow.as_of(asked.plan, given, taken_back, *question, threads)
        progress.end("compute", f"{made.table.num_rows:,} rows, {len(made.features)} features")
        progress.begin("write")
        write_table(out, made.table)
        write_quarantine(out, made.quarantine)
        progress.end("write", out.name)
    _tell(out, made, rows, perf_counter() - began, as_json=as_json)


@app.command("revisions")
def revisions_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    since: Annotated[
        str, typer.Option(help="What became known after this: a day (its end) or a time.")
    ],
    until: Annotated[
        str | None, typer.Option(help="And by then: a day (its end) or a time; else all of it.")
    ] = None,
    definitions: Definitions = None,
    pack: PackName = None,
    events: Events = None,
    voids: Voids = None,
    groups: Groups = None,
    groups_of_one: GroupsOfOne = False,
    key: Annotated[
        str | None, typer.Option(help="Only of this: E12, or customer=7,terminal=9.")
    ] = None,
    feature: Annotated[list[str] | None, typer.Option(help="Only this feature.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write every change: .parquet, .csv or .xlsx.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Late events and voids shown.")] = EVENTS_SHOWN,
    as_json: AsJson = False,
) -> None:
    """Show which values given before are others by now, and what late event or void did it."""
    wanted = workflow.chosen(feature_set_of(definitions, pack), feature or ())
    zone = workflow.zone_of(wanted)
    start = workflow.moment_of(since, zone, "--since")
    period = Period(start, None if until is None else workflow.moment_of(until, zone, "--until"))
    whose: dict[str, str] = {}
    if key is not None:
        wanted, whose = of_key(wanted, key)
    check_revisable(make_plan(wanted))
    asked = Asked(wanted, events or (), voids or ())
    asked.take_groups(groups or (), groups_of_one=groups_of_one)
    if out is not None:
        check_writable(out)
        asked.check_apart(out)
    with progress_of(as_json=as_json) as progress:
        progress.begin("read")
        given, taken_back = (
            {name: only_key(each, whose) for name, each in tables.items()}
            for tables in asked.read(asked.tables, Extra.NONE)
        )
        progress.end("read", f"{sum(each.columns.num_rows for each in given.values()):,} events")
        progress.begin("revise")
        found = revise(asked.plan, given, taken_back, period)
        progress.end("revise", f"{found.changes.num_rows:,} values changed")
        if out is not None:
            progress.begin("write")
            write_table(out, found.changes)
            write_quarantine(out, found.quarantine)
            progress.end("write", out.name)
    _tell_revisions(found, out, limit, zone, as_json=as_json)


def _tell_revisions(
    found: Revisions, out: Path | None, limit: int, zone: str, *, as_json: bool
) -> None:
    """With the changes, or the file that holds them."""
    refused = found.quarantine
    beside = quarantine_path(out) if out is not None and refused.num_rows else None
    if as_json:
        told = found.to_dict() | {"out": None if out is None else str(out)}
        told["quarantine"] = refused.to_pylist() if beside is None else str(beside)
        if out is None:
            told["changes"] = found.changes.to_pylist()
        printing.as_json(told)
        return
    printing_features.revisions(found, limit, zone)
    if out is None:
        printing_features.set_aside(refused, limit)
    else:
        printing_features.computed(out, {"rows": f"{found.changes.num_rows:,}"}, beside)


def _check_mode(labels: Path | None, at: str | None, keys: Path | None, as_of: str | None) -> None:
    if labels is not None and (keys is not None or as_of is not None):
        raise InputError(
            "labels have times of their own",
            where="--labels",
            remedy="leave out --keys and --as-of, or leave out --labels",
        )
    if (keys is None) != (as_of is None):
        raise InputError(
            "keys are computed at one moment",
            where="--keys, --as-of",
            remedy="give both; for a moment of each key give --labels and --at",
        )
    if at is not None and labels is None:
        raise InputError(
            "a column of times belongs to labels", where="--at", remedy="give --labels too"
        )


def _question(
    asked: Asked, labels: Path | None, at: str | None, keys: Path | None, as_of: str | None
) -> tuple[Given, datetime | str] | None:
    """Whose values are asked for, and when; None: at every event."""
    plan = asked.plan
    if labels is not None:
        if at is None:
            # Reading it for its columns makes the message useful.
            wanted = workflow.keys_wanted(plan, "labels")
            read = read_events(labels, grouping.members_instead(wanted, asked.groups))
            raise InputError(
                "without the time of each label nothing keeps the future out",
                where=f"--labels {labels}",
                remedy="name its column: --at COLUMN; "
                f"columns: {', '.join(read.original.column_names)}",
            )
        wanted = workflow.keys_wanted(plan, "labels", at)
        return _readable(asked.read_asked(labels, wanted, at), labels, wanted), at
    if keys is not None and as_of is not None:
        wanted = workflow.keys_wanted(plan, "keys")
        moment = workflow.moment_of(as_of, wanted.zone, "--as-of")
        return _readable(asked.read_asked(keys, wanted, moment), keys, wanted), moment
    return None


def _readable(given: Given, path: Path, wanted: Wanted) -> Given:
    """Refuse a file of which no row can be used: a wrong column was named."""
    if given.read and not given.columns.num_rows:
        first = given.refused.to_pylist()[0]
        raise InputError(
            f"no row can be used: {first['column']!r} {first['reason']}",
            where=f"{path}, row {first['row']}, value {first['value']!r}",
            remedy=f"needed are {', '.join(column.name for column in wanted.columns)}",
        )
    return given


def _tell(out: Path, made: Made, events: int, seconds: float, *, as_json: bool) -> None:
    refused = made.quarantine
    beside = quarantine_path(out) if refused.num_rows else None
    rows = len(set(zip(*(refused[name].to_pylist() for name in ("table", "row")), strict=True)))
    if as_json:
        printing.as_json(
            {
                "out": str(out),
                "rows": made.table.num_rows,
                "features": list(made.features),
                "events": events,
                "rows_refused": rows,
                "rows_left_out": made.left_out,
                "quarantine": None if beside is None else str(beside),
                "seconds": round(seconds, 3),
            }
        )
        return
    told = {
        "rows": f"{made.table.num_rows:,}",
        "features": f"{len(made.features)}",
        "events": f"{events:,}",
        "seconds": f"{seconds:.1f}, reading and writing included: "
        f"{made.table.num_rows / max(seconds, 1e-9):,.0f} rows a second",
    }
    if rows:
        told["refused"] = f"{rows:,} rows; {made.left_out:,} rows left out of the result"
    printing_features.computed(out, told, beside)


# --- explaining -----------------------------------------------------------------------------------


def _explain_files(
    asked: Asked, key: str, feature: str, at: str | None, *, all_events: bool
) -> Answer:
    """From files; only the tables behind the feature are read."""
    if at is None:
        raise InputError("the moment is missing", where="--at", remedy="--at 2024-05-01")
    wanted = asked.feature_set
    pairs = read_key(key, key_columns(wanted, feature))
    zone = workflow.zone_of(wanted)
    question = Question(feature, pairs, workflow.moment_of(at, zone, "--at"), zone, all_events)
    given, taken_back = asked.read(asked.tables, Extra.DEFINED)
    originals = {name: each.original for name, each in given.items()}
    return answer(wanted, workflow.history_of(given, taken_back), originals, question)


def _explain_run(
    out: Path, pack: str | None, key: str, feature: str, at: str | None, *, all_events: bool
) -> Answer:
    """From the facts that a run stored; the moment of the run unless another is given."""
    about = run_settings(DiskFolder(out))
    if pack not in (None, about.pack):
        raise InputError(
            f"the run is of the pack {about.pack!r}", where="--pack", remedy="leave it out"
        )
    whole = packs.load(about.pack).feature_set.in_zone(about.zone)
    wanted = workflow.chosen(whole, [feature])
    pairs = read_key(key, key_columns(wanted, feature))
    facts = FactStore(out)
    party = pairs["party"]
    history = invoice_history(facts.invoices(party), facts.corrections(party))
    originals = {}
    for table in wanted.tables:
        names = (table.time, table.known, table.id, *(column.name for column in table.columns))
        originals[table.name] = history.events[table.name].select([each for each in names if each])
    moment = about.moment if at is None else workflow.moment_of(at, about.zone, "--at")
    question = Question(feature, pairs, moment, about.zone, all_events)
    return answer(wanted, history, originals, question)


def _all_parts(found: Answer) -> pa.Table:
    """Every event of every part, the measure first."""
    parts = []
    for part in found.parts:
        name = pa.repeat(pa.scalar(part.name), part.events.num_rows)
        parts.append(part.events.add_column(0, "measure", name))
    return pa.concat_tables(parts, promote_options="permissive")


def _checked(found: FeatureSet | None, problems: Sequence[Problem]) -> dict[str, Any]:
    """For --json."""
    told = [asdict(each) for each in problems]
    if found is None or problems:
        return {"holds": False, "problems": told}
    tables = [
        {"name": table.name, "key": table.key, "columns": [each.name for each in table.columns]}
        for table in found.tables
    ]
    features = [{"name": each.name, "definition": each.read_aloud()} for each in found.definitions]
    return {"holds": True, "problems": [], "tables": tables, "features": features}
