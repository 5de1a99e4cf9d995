"""The main job and what is asked of its result: `run`, `demo`, `verify`, `explain` and others."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.code import code_digest
from headrace.adapters.folder import DiskFolder
from headrace.adapters.folder_source import FolderSource
from headrace.adapters.formats import StandardFormats
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.machine import THREADS_MAX, limited_threads, quiet_libraries
from headrace.adapters.mappings import load_mapping, mapping_for
from headrace.adapters.outputs import cleared, for_simulation
from headrace.adapters.policies_in_force import active_files
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.printing import run as printing_run
from headrace.adapters.store import FactStore, csv_bytes
from headrace.adapters.stores.consent import withdrawn_in
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.terminal import Silent, TerminalProgress
from headrace.adapters.user_files import read_policy, read_text, write_file
from headrace.adapters.wall_clock import now
from headrace.adapters.workspace import Workspace, workspace_at
from headrace.adapters.workspace_source import source_of
from headrace.commands import decide
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.evidence.checkpoint import read_public_key
from headrace.facts.mapping import SourceMapping
from headrace.money import to_minor
from headrace.pack import Pack, Text
from headrace.scores.straight_card import Scorecard
from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings
from headrace.workflows.explain import decision_id_of, explain, facts_behind
from headrace.workflows.lend import LendSettings
from headrace.workflows.policy import parse_policy
from headrace.workflows.ports import Progress, Source
from headrace.workflows.prove import Receipt, check_receipt, prove_decision, verify
from headrace.workflows.result import RunResult
from headrace.workflows.run import STEPS, Output, RunSettings, Signer, run
from headrace.workflows.run_note import run_settings
from headrace.workflows.score import ScoreSettings
from headrace.workflows.summary import summary

PackName = Annotated[str, typer.Option("--pack", help="Which scenario.")]
OutFolder = Annotated[Path, typer.Option("--out", help="The folder a run wrote.")]
Threads = Annotated[int, typer.Option("--threads", min=1, max=THREADS_MAX, help="Threads to use.")]
Received = Annotated[
    Path | None,
    typer.Option("--data", help="Folder with the data; else what the workspace received."),
]
Written = Annotated[
    Path | None,
    typer.Option("--out", help="Folder to write, emptied of an earlier run; else the workspace's."),
]
Place = Annotated[
    Path, typer.Option("--in", help="The workspace, where --data or --out is not given.")
]
DEFAULT_PACK = "sme_invoices"
DEMO = EconomySettings()
DEMO_SEED = 3


def run_command(
    data: Received = None,
    out: Written = None,
    workspace: Place = Path(),
    pack: PackName = DEFAULT_PACK,
    mapping: Annotated[
        Path | None, typer.Option(help="Mapping file; else data/mapping.toml or a shipped one.")
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Decide on what was known by that day's end."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Folder with own policy files; see `policy export`.")
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Sum of limits of the year, in major units (yuan).")
    ] = None,
    profit_share_min: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Share of the best profit to keep while reaching more firms."
        ),
    ] = LendSettings.profit_share_min,
    scorecard: Annotated[
        Path | None, typer.Option(help="A scorecard.json fitted before, instead of fitting one.")
    ] = None,
    add_term: Annotated[
        list[str] | None, typer.Option(help="Add a feature or field to the scorecard.")
    ] = None,
    allow_leakage: Annotated[
        bool, typer.Option("--allow-leakage", help="Go on where the leakage check refuses.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Deals firms to folds.")] = ScoreSettings.seed,
    repeats: Annotated[
        int, typer.Option(min=1, help="Repeats of the 5-fold validation.")
    ] = ScoreSettings.repeats,
    threads: Threads = 2,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Ingest, relate, compute, score, decide, report and prove, in one go."""
    chosen = packs.load(pack)
    place = None if data is not None and out is not None else workspace_at(workspace)
    own = _own_policy(policy, chosen, place)
    # Read before `cleared`: a slip in a table must not cost the results of the last run.
    in_force = parse_policy(chosen, own, read_workbook)
    card = None if scorecard is None else _scorecard(scorecard)
    settings = RunSettings(
        as_of=None if as_of is None else as_of.date(),
        language=lang,
        score=ScoreSettings(seed, repeats, card, tuple(add_term or ()), allow_leakage),
        lend=LendSettings(_budget(budget, in_force.economics.currency), profit_share_min),
        policy=in_force,
        code=code_digest(),
    )
    source, read, to = _received(data, out, place, mapping, chosen)
    settings = _bound_by_consents(settings, place, source.mapping.time_zone)
    with limited_threads(threads):
        execute(source, chosen, cleared(to, read), settings, as_json=as_json)


def _received(
    data: Path | None, out: Path | None, place: Workspace | None, mapping: Path | None, pack: Pack
) -> tuple[Source, Path, Path]:
    """What is read, the folder it is in, and the folder to write."""
    if place is None:
        assert data is not None and out is not None  # noqa: S101, PT018 - else there is a place
        return FolderSource(data, mapping_of(data, mapping, pack)), data, out
    folder, to = data or place.folder("data"), out or place.folder("run")
    if data is None and mapping is None:
        return source_of(place, pack), folder, to
    return FolderSource(folder, mapping_of(folder, mapping, pack)), folder, to


def _bound_by_consents(settings: RunSettings, place: Workspace | None, zone: str) -> RunSettings:
    """The settings with what was withdrawn in the workspace; nothing is known of it elsewhere."""
    if place is None:
        return settings
    return replace(settings, withdrawn=withdrawn_in(place, settings.as_of, zone, now()))


def _own_policy(folder: Path | None, pack: Pack, place: Workspace | None) -> Mapping[str, bytes]:
    """The files named; else those in force in the workspace; else none, for the pack's own."""
    if folder is not None:
        return read_policy(folder, pack.require_lending().files)
    if place is None or not (place.database or Path(place.store("policies")).is_file()):
        return {}
    with closing(PolicyStore.opened(place.store("policies"))) as store:
        files, version = active_files(store, pack, now())
    return {} if version is None else files


def economy_command(
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    firms: Annotated[int, typer.Option(help="Firms in the bank's file.")] = DEMO.firms,
    invoices: Annotated[int, typer.Option(help="Rows of invoices.")] = DEMO.invoices,
    seed: Annotated[int, typer.Option(help="The same seed, the same bytes.")] = DEMO_SEED,
) -> None:
    """Write a simulated economy: data to try things on, labelled as simulated."""
    economy = simulate(replace(DEMO, firms=firms, invoices=invoices), seed)
    write_economy(economy, for_simulation(out))
    printing.line(f"{out}: simulated economy, {firms:,} firms, {invoices:,} invoices, seed {seed}")


def verify_command(
    out: Annotated[Path | None, typer.Argument(help="The folder a run wrote.")] = None,
    data: Annotated[Path | None, typer.Option(help="Also check the data it read.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="key.pub that must have signed, from elsewhere.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Check this receipt against --key instead of a folder.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Check every byte of a run's folder against its evidence."""
    trusted = None if key is None else read_public_key(read_text(key)).public
    if receipt is not None:
        holds = _verify_receipt(receipt, trusted, lang, as_json=as_json)
    else:
        holds = _verify_folder(out, data, trusted, lang, as_json=as_json)
    if not holds:
        raise typer.Exit(1)


def explain_command(
    who: Annotated[str, typer.Argument(help="A firm, such as E17; a decision, with --live.")],
    out: OutFolder = Path("out"),
    facts: Annotated[
        str | None, typer.Option(help="List the facts behind this feature instead.")
    ] = None,
    live: Annotated[
        Path | None, typer.Option("--live", help="Folder of live decisions instead of a run's.")
    ] = None,
    customer: Annotated[
        bool, typer.Option("--customer", help="Only what the customer is told.")
    ] = False,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Why it was decided so: facts, features, points, rules, limit and rate."""
    if live is not None:
        decide.explain_live(live, who, lang, customer=customer, as_json=as_json)
        return
    folder, store = DiskFolder(out), FactStore(out)
    pack = packs.load(run_settings(folder).pack)
    if facts is not None:
        table = facts_behind(folder, store, pack, who, facts)
        if as_json:
            printing.table_as_json(table)
        else:
            printing.table(table, lang)
        return
    found = explain(folder, store, pack, who)
    if as_json:
        printing.as_json(found.to_dict())
    else:
        printing_run.explanation(found, pack, lang)


def receipt_command(
    party: Annotated[str, typer.Argument(help="Code of the firm.")],
    out: OutFolder = Path("out"),
    to: Annotated[Path | None, typer.Option(help="File to write; else standard output.")] = None,
) -> None:
    """Proof of one decision, to be given to whom it concerns; shows nothing of others."""
    folder = DiskFolder(out)
    text = prove_decision(folder, decision_id_of(folder, party)).to_json()
    if to is None:
        printing.line(text)
    else:
        write_file(to, f"{text}\n".encode())


def query_command(
    sql: Annotated[str, typer.Argument(help="One SELECT over party, invoice, correction, …")],
    out: OutFolder = Path("out"),
    to: Annotated[Path | None, typer.Option(help="Write a CSV that Excel opens.")] = None,
    threads: Threads = 2,
    as_json: AsJson = False,
) -> None:
    """Ask the stored facts in SQL."""
    found = FactStore(out, threads=threads).query(sql)
    if to is not None:
        write_file(to, csv_bytes(found))
    elif as_json:
        printing.table_as_json(found)
    else:
        printing.table(found)


def execute(source: Source, pack: Pack, out: Path, settings: RunSettings, *, as_json: bool) -> None:
    """Run the whole job and print what came of it."""
    began = perf_counter()
    key = load_or_create_signing_key()
    output = Output(DiskFolder(out), StandardFormats(), Signer(key.private, key.name))
    progress = progress_in(settings.language, as_json=as_json)
    with stopping(progress), quiet_libraries():
        result = run(source, pack, output, settings, progress)
    seconds = perf_counter() - began
    if as_json:
        printing.as_json(_object(result, seconds))
    else:
        printing_run.run_result(result, out, settings.language, seconds)


def _object(result: RunResult, seconds: float) -> dict[str, Any]:
    evidence = {"entries": result.entries, "root": result.root}
    return {**summary(result), "evidence": evidence, "seconds": round(seconds, 2)}


def mapping_of(data: Path, chosen: Path | None, pack: Pack) -> SourceMapping:
    """The mapping that was named, or the one that fits the data."""
    return mapping_for(data, pack) if chosen is None else load_mapping(chosen)


def progress_in(language: str, *, as_json: bool, steps: Mapping[str, Text] = STEPS) -> Progress:
    """What shows how far it is; nothing where JSON is asked for."""
    return Silent() if as_json else TerminalProgress(steps, language)


@contextmanager
def stopping(progress: Progress) -> Iterator[None]:
    """Take the spinner away before an error is printed."""
    try:
        yield
    finally:
        if isinstance(progress, TerminalProgress):
            progress.stop()


def _verify_folder(
    out: Path | None, data: Path | None, trusted: bytes | None, language: str, *, as_json: bool
) -> bool:
    if out is None:
        raise InputError(
            "there is nothing to verify",
            where="verify",
            remedy="name the folder that a run wrote, or give --receipt and --key",
        )
    read = None if data is None else DiskFolder(data)
    found = verify(DiskFolder(out), data=read, trusted_key=trusted)
    if as_json:
        printing.as_json({"holds": found.holds, **asdict(found)})
    else:
        printing_run.verification(found, language)
    return found.holds


def _verify_receipt(path: Path, trusted: bytes | None, language: str, *, as_json: bool) -> bool:
    if trusted is None:
        raise InputError(
            "a receipt is checked with the lender's key",
            where="--key",
            remedy="give evidence/key.pub, had from the lender, not from whoever sent the receipt",
        )
    receipt = Receipt.from_json(read_text(path))
    problem = check_receipt(receipt, trusted)
    if as_json:
        printing.as_json(
            {
                "holds": problem is None,
                "decision_id": receipt.decision_id,
                "problem": problem and f"{problem.where}: {problem.what}",
            }
        )
    else:
        printing_run.receipt(receipt, problem, language)
    return problem is None


def _scorecard(path: Path) -> Scorecard:
    try:
        return Scorecard.from_json(read_text(path))
    except InputError as error:
        where = f"{path}, {error.where}" if error.where != str(path) else error.where
        raise InputError(error.problem, where=where, remedy=error.remedy) from error


def _budget(text: str | None, currency: str) -> int | None:
    """Major units as written, with or without thousands separators, in minor units.

    Raises:
        InputError: If it is no amount of the currency.
    """
    if text is None:
        return None
    try:
        return to_minor(Decimal(text.replace(",", "").replace("_", "")), currency)
    except (ArithmeticError, ValueError) as error:
        raise InputError(
            f"{text!r} is no amount of {currency}", where="--budget", remedy="such as 100000000"
        ) from error
