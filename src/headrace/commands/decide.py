"""`headrace decide`, `replay` and `restate`: decisions on events, made again, and revisited."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.events import (
    quarantine_path,
    read_events,
    write_quarantine,
    write_table,
)
from headrace.adapters.live.batches import alerted, decide_tables
from headrace.adapters.live.decision_finding import events_of, find_decision
from headrace.adapters.live.decision_hits import hits_in
from headrace.adapters.live.decision_log import kept_versions, read_taken
from headrace.adapters.live.decision_replay import replay_log
from headrace.adapters.live.decisions import LiveDecisions
from headrace.adapters.live.model_deadlines import Deadlines
from headrace.adapters.live.policy import no_policy, open_live, policy_in_store
from headrace.adapters.policy_folder import read_files
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.printing import decide as printing_decide
from headrace.adapters.printing import decisions as printing_decisions
from headrace.adapters.stores.case import CaseStore
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.terminal import Silent, TerminalProgress
from headrace.adapters.wall_clock import now
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.monitoring import watch
from headrace.decisions.flow.rollout import Deployment
from headrace.errors import InputError
from headrace.features.definition import Column, ColumnType, FeatureSet, Table
from headrace.features.plan import make_plan
from headrace.pack import Pack, Text
from headrace.simulator.card_payments import CardSettings, simulate_card_payments
from headrace.workflows import features as workflow
from headrace.workflows.customer_reason import customer_reason
from headrace.workflows.decision_explain import Beside, explain_decision, inputs_asked
from headrace.workflows.features import QUARANTINE, Extra, Wanted
from headrace.workflows.late_truth import Restated, differing
from headrace.workflows.policies import in_force, kept_features

BATCH = 1_000
STEPS = {
    "read": Text("Read", "读取"),
    "decide": Text("Decide", "决策"),
    "replay": Text("Replay", "重放"),
}
Live = Annotated[Path, typer.Option("--live", help="Folder of live decisions.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]


def decide_command(  # noqa: PLR0913, PLR0917 - a command has a parameter per option
    events: Annotated[list[str], typer.Argument(help="TABLE=FILE, such as payment=today.csv.")],
    live: Live,
    pack: Annotated[str, typer.Option("--pack", help="Whose features.")] = "payments",
    policy: Annotated[
        Path | None, typer.Option(help="Folder with the policy; else the pack's own.")
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="Store of policies: the version in force, and its lists.")
    ] = None,
    lateness: Annotated[
        int, typer.Option(min=0, help="Days by which events may come late and get values.")
    ] = 1,
    batch: Annotated[int, typer.Option(min=1, help="Events decided together.")] = BATCH,
    out: Annotated[Path | None, typer.Option(help="Write the decisions to this file.")] = None,
    cases: Annotated[
        str | None, typer.Option("--cases", help="Store of cases that alerts go to, a file.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Take events in, in order of arrival, and decide those the policy is about; durable.

    A folder goes on where it stands: events that came before get the decision they got then.
    """
    whose = packs.load(pack)
    files = _files(whose, policy, store)
    version = in_force(files, read_workbook, whose.feature_set, timedelta(days=lateness))
    features = kept_features(version.files)
    progress = Silent() if as_json else TerminalProgress(STEPS, "en")
    with ExitStack() as stack:
        if isinstance(progress, TerminalProgress):
            stack.callback(progress.stop)
        progress.begin("read")
        tables, refused = _read(events, features, version)
        progress.end("read", ", ".join(f"{n} {t.num_rows:,}" for n, t in tables.items()))
        progress.begin("decide")
        ask = stack.enter_context(Deadlines())
        decisions = stack.enter_context(open_live(live, Deployment(version), ask))
        began = perf_counter()
        found = decide_tables(decisions, tables, features, batch)
        store_of_cases = None if cases is None else CaseStore.opened(cases)
        opened = store_of_cases and alerted(decisions, found, store_of_cases, now())
        decisions.live.snapshot()
        seconds = perf_counter() - began
        progress.end("decide", f"{found.num_rows:,} decisions")
    if out is not None:
        write_table(out, found)
        if refused.num_rows:
            write_quarantine(quarantine_path(out), refused)
    told = _told(decisions, version, found, ask) | {
        "refused": refused.num_rows,
        "cases_opened": opened,
        "seconds": round(seconds, 3),
        "out": None if out is None else str(out),
    }
    if as_json:
        printing.as_json(told)
    else:
        printing_decide.decided(told, found, refused)


def _told(
    decisions: LiveDecisions, version: InForce, found: pa.Table, ask: Deadlines
) -> dict[str, Any]:
    """What was decided, for --json."""
    counts = pc.value_counts(found["action"]).to_pylist()
    return {
        "live": str(decisions.live.folder),
        "policy": version.program.policy.name,
        "in_force": version.digest,
        "decisions": found.num_rows,
        "recovered": decisions.recovered,
        "actions": {each["values"]: each["counts"] for each in counts},
        "models_late": ask.late,
        "models_failed": ask.failed,
    }


def stream_command(
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    payments: Annotated[int, typer.Option(min=1, help="Card payments.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same files.")] = 3,
) -> None:
    """Write a simulated stream of card payments and of fraud reports, labelled as simulated."""
    # Customers and terminals in proportion, so that windows hold as much at any size.
    people = max(payments // 160, 1)
    drawn = simulate_card_payments(
        CardSettings(payments=payments, customers=people, terminals=2 * people), seed
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, table in (("payment", drawn.payments), ("fraud_report", drawn.fraud_reports)):
        write_table(out / f"{name}.parquet", table)
    printing.line(
        f"{out}: simulated, {payments:,} payments, {drawn.fraud_reports.num_rows:,} fraud reports, "
        f"seed {seed}; no customer, terminal or payment is real"
    )
    files = " ".join(f"{name}={out}/{name}.parquet" for name in ("payment", "fraud_report"))
    printing.line(f"next: headrace decide {files} --live {out}/live")


def replay_command(
    live: Live,
    decision: Annotated[str, typer.Argument(help="A decision's id; all where left out.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Make decisions again from the log, and say whether they come out byte for byte the same."""
    progress = Silent() if as_json else TerminalProgress(STEPS, "en")
    progress.begin("replay")
    found = replay_log(live, read_workbook, decision)
    progress.end("replay", f"{found.decisions:,} replayed, {found.differ:,} differ")
    if isinstance(progress, TerminalProgress):
        progress.stop()
    told = {
        "decisions": found.decisions,
        "differ": found.differ,
        "causes": found.causes,
        "differences": [
            {"decision": each.decision, "arm": each.arm, "fields": [list(f) for f in each.fields]}
            for each in found.differences
        ],
    }
    if as_json:
        printing.as_json(told)
    else:
        printing_decide.replayed(found)
    if found.differ:
        raise typer.Exit(1)


def hits_command(
    live: Live,
    days: Annotated[int, typer.Option(min=1, help="Of a period; the last is compared.")] = 30,
    lang: Annotated[str, typer.Option("--lang", help="zh or en.")] = "zh",
    *,
    as_json: AsJson = False,
) -> None:
    """How often each rule spoke: rules that never do, always do, or do otherwise than before."""
    found = hits_in(live, read_workbook, days)
    watched = [(table, history, watch(history, table)) for table, history in found]
    if as_json:
        printing.as_json([printing_decide.hits_object(*each) for each in watched])
    else:
        printing_decide.hits(watched, lang)


def explain_live(
    live: Path, decision: str, language: str, *, customer: bool, as_json: bool
) -> None:
    """Why a decision in a folder of live decisions is what it is."""
    found = find_decision(live, read_workbook, decision)
    name = found.version.program.policy.name
    pack = packs.load(name) if name in packs.PACKS else None
    told = customer_reason(found.record, {} if pack is None else pack.customer_reasons)
    if customer:
        printing.as_json(told.to_dict()) if as_json else printing.line(told.in_language(language))
        return
    features = {} if pack is None else {each.name: each for each in pack.features}
    beside = Beside(features, latency_us=found.record.get("latency_us"))
    explained = explain_decision(found.record, found.version, beside)
    facts = events_of(live, found, inputs_asked(explained))
    explained = replace(explained, facts=facts)
    if as_json:
        printing.as_json(explained.to_dict() | {"customer": told.to_dict()})
    else:
        printing_decisions.explanation(explained, told, features, language)


def restate_command(
    live: Live,
    late: Annotated[
        str | None, typer.Option("--late", help="TABLE=FILE: events that came late.")
    ] = None,
    voids: Annotated[
        str | None, typer.Option("--voids", help="TABLE=FILE with the ids of events taken back.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the list to this file.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the decisions that restated facts would have changed, with what is at stake.

    Nothing is taken in: give the facts to `headrace decide` when they are to count.
    """
    if (late is None) == (voids is None):
        raise InputError(
            "facts come late, or are taken back",
            where="--late, --voids",
            remedy="give one of the two",
        )
    taken, features = read_taken(live)
    table, path = _named(str(late or voids), features)
    if late is not None:
        wanted = workflow.events_wanted(make_plan(features), table, Extra.ALL)
        restated = Restated(table.name, late=read_events(path, wanted).columns)
    else:
        restated = Restated(table.name, voided=_ids(path, table))
    versions = kept_versions(live, read_workbook)
    found = differing(taken, restated, versions, features)
    if out is not None:
        write_table(out, found.table)
    if as_json:
        printing.as_json(
            {
                "decisions": found.decisions,
                "differ": found.table.num_rows,
                "exposure_minor": found.exposure_minor,
                "without_exposure": found.without_exposure,
                "decisions_that_differ": _plain(found.table),
            }
        )
    else:
        printing_decide.restated(found, out)


def _plain(table: pa.Table) -> list[dict[str, Any]]:
    at = table.schema.get_field_index("moment")
    words = pc.strftime(table["moment"], format="%Y-%m-%dT%H:%M:%SZ")
    return list(table.set_column(at, "moment", words).to_pylist())


def _files(pack: Pack, folder: Path | None, store: str | None) -> dict[str, bytes]:
    """The policy's files: a folder's, those in force in a store with its lists, or the pack's."""
    if store is not None:
        opened = PolicyStore.opened(store, create=False)
        return policy_in_store(opened, pack.name, now())
    files = dict(pack.policy) if folder is None else read_files(folder)
    if not files:
        raise no_policy(pack)
    return files


def _named(text: str, features: FeatureSet) -> tuple[Table, Path]:
    name, equals, path = text.partition("=")
    known = {table.name: table for table in features.tables}
    if not equals or name not in known:
        raise InputError(
            f"{text!r} is no table and file",
            where="the events",
            remedy=f"TABLE=PATH; tables: {', '.join(known)}",
        )
    return known[name], Path(path)


def _read(
    events: list[str], features: FeatureSet, version: InForce
) -> tuple[dict[str, pa.Table], pa.Table]:
    """Events by table, with what the policy reads beside; and the cells that could not be read."""
    plan = make_plan(features)
    found = {}
    refused = [QUARANTINE.empty_table()]
    for text in events:
        table, path = _named(text, features)
        given = read_events(path, workflow.events_wanted(plan, table, Extra.ALL))
        columns = given.columns
        for name in version.inputs:
            if name not in columns.column_names and name in given.original.column_names:
                columns = columns.append_column(name, given.original[name])
        found[table.name] = columns
        refused.append(given.refused)
    if features.tables[0].name not in found:
        raise InputError(
            f"there are no events of {features.tables[0].name!r} to decide",
            where="the events",
            remedy=f"{features.tables[0].name}=PATH",
        )
    return found, pa.concat_tables(refused)


def _ids(path: Path, table: Table) -> pa.Array:
    """The ids in a file; it may hold whatever else."""
    if table.id is None:
        raise InputError(f"events of {table.name!r} have no ids", where=str(path))
    column = Column(table.id, ColumnType.CATEGORY, required=True)
    wanted = Wanted(f"voids of {table.name}", (column,), frozenset(), table.zone)
    return read_events(path, wanted).columns[table.id].combine_chunks()
