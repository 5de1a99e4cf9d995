"""The command line: `headrace run`, `verify`, `explain` and what goes with them.

Every command that finds something takes --json and then prints one object and nothing else on
standard output; progress goes to standard error. Exit status: 0 done, 1 something does not hold
(verify), 2 input that cannot be used.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import pyarrow as pa
import typer
from threadpoolctl import threadpool_limits

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.code import code_digest
from headrace.adapters.folder import DiskFolder
from headrace.adapters.folder_source import FolderSource
from headrace.adapters.formats import StandardFormats
from headrace.adapters.keys import load_or_create_signing_key
from headrace.adapters.mappings import draft_mapping, find_mapping, load_mapping
from headrace.adapters.outputs import cleared
from headrace.adapters.store import FactStore, csv_bytes
from headrace.adapters.terminal import Silent, TerminalProgress
from headrace.errors import EvidenceError, HeadraceError, InputError
from headrace.evidence.checkpoint import read_public_key
from headrace.facts.mapping import parse_mapping
from headrace.money import to_minor
from headrace.pack import Pack
from headrace.scores.card import Scorecard
from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings
from headrace.workflows.explain import decision_id_of, explain, facts_behind, run_settings
from headrace.workflows.lend import LendSettings
from headrace.workflows.ports import Progress
from headrace.workflows.prove import Receipt, check_receipt, prove_decision, verify
from headrace.workflows.result import RunResult
from headrace.workflows.run import STEPS, Output, RunSettings, Signer, run
from headrace.workflows.score import ScoreSettings
from headrace.workflows.summary import summary

app = typer.Typer(
    name="headrace",
    help="Headrace 活水: industrial digital finance, from dated facts to provable decisions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
mapping_app = typer.Typer(help="Mapping files: what a bank's own export means.")
policy_app = typer.Typer(help="Policy files: who may borrow, how much, at what rate.")
app.add_typer(mapping_app, name="mapping", no_args_is_help=True)
app.add_typer(policy_app, name="policy", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Language = Annotated[str, typer.Option("--lang", help="zh or en.")]
PackName = Annotated[str, typer.Option("--pack", help="Which scenario.")]
OutFolder = Annotated[Path, typer.Option("--out", help="The folder a run wrote.")]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads to use.")]
DEFAULT_PACK = "sme_invoices"
DEMO = EconomySettings()
DEMO_SEED = 3


def main() -> None:
    """Entry point of the `headrace` command."""
    try:
        app()
    except HeadraceError as error:
        printing.error(error)
        sys.exit(2)


@app.command("run")
def run_command(
    data: Annotated[Path, typer.Option(help="Folder with the data.")],
    out: Annotated[Path, typer.Option(help="Folder to write; emptied of an earlier run.")],
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
    card = None if scorecard is None else Scorecard.from_json(_text(scorecard))
    settings = RunSettings(
        as_of=None if as_of is None else as_of.date(),
        language=_language(lang),
        score=ScoreSettings(seed, repeats, card, tuple(add_term or ()), allow_leakage),
        lend=LendSettings(_money(budget, chosen), profit_share_min),
        files=_own_files(policy, chosen),
        code=code_digest(),
    )
    _run(chosen, data, out, settings, _Ways(mapping, threads, as_json))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the data and the results.")] = Path("demo"),
    firms: Annotated[int, typer.Option(help="Firms to simulate.")] = DEMO.firms,
    invoices: Annotated[int, typer.Option(help="Invoices to simulate.")] = DEMO.invoices,
    seed: Annotated[int, typer.Option(help="The same seed gives the same economy.")] = DEMO_SEED,
    threads: Threads = 2,
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Simulate an economy and run the whole job on it."""
    data = out / "data"
    progress = _progress(lang, as_json=as_json)
    progress.begin("simulate")
    write_economy(simulate(replace(DEMO, firms=firms, invoices=invoices), seed), data)
    progress.end("simulate", f"{firms:,} firms, {invoices:,} invoices")
    settings = RunSettings(language=_language(lang), code=code_digest())
    pack = packs.load(DEFAULT_PACK)
    _run(pack, data, out / "out", settings, _Ways(None, threads, as_json))


@app.command("simulate")
def simulate_command(
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    firms: Annotated[int, typer.Option(help="Firms in the bank's file.")] = DEMO.firms,
    invoices: Annotated[int, typer.Option(help="Rows of invoices.")] = DEMO.invoices,
    seed: Annotated[int, typer.Option(help="The same seed, the same bytes.")] = DEMO_SEED,
) -> None:
    """Write a simulated economy: data to try things on, labelled as simulated."""
    write_economy(simulate(replace(DEMO, firms=firms, invoices=invoices), seed), out)
    printing.line(f"{out}: simulated economy, {firms:,} firms, {invoices:,} invoices, seed {seed}")


@app.command("verify")
def verify_command(
    out: Annotated[Path, typer.Argument(help="The folder a run wrote.")],
    data: Annotated[Path | None, typer.Option(help="Also check the data it read.")] = None,
    key: Annotated[
        Path | None, typer.Option(help="key.pub that must have signed, from elsewhere.")
    ] = None,
    receipt: Annotated[
        Path | None, typer.Option(help="Check this receipt against --key instead of a folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every byte of a run's folder against its evidence."""
    trusted = None if key is None else read_public_key(_text(key)).public
    if receipt is not None:
        _verify_receipt(receipt, trusted, as_json=as_json)
        return
    found = verify(
        DiskFolder(out), data=None if data is None else DiskFolder(data), trusted_key=trusted
    )
    if as_json:
        printing.as_json(
            {
                "holds": found.holds,
                "problems": [
                    {"where": each.where, "what": each.what, "remedy": each.remedy}
                    for each in found.problems
                ],
                "entries": found.entries,
                "root": found.root,
                "decisions_proved": found.decisions_proved,
                "files_checked": found.files_checked,
                "signed_by": found.signed_by,
            }
        )
    else:
        printing.verification(found)
    if not found.holds:
        raise typer.Exit(1)


@app.command("explain")
def explain_command(
    party: Annotated[str, typer.Argument(help="Code of the firm, for example E17.")],
    out: OutFolder = Path("out"),
    facts: Annotated[
        str | None, typer.Option(help="List the facts behind this feature instead.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Why a firm was decided as it was: facts, features, points, rules, limit and rate."""
    folder, store = DiskFolder(out), FactStore(out)
    pack = packs.load(run_settings(folder)["pack"])
    if facts is not None:
        table = facts_behind(folder, store, pack, party, facts)
        if as_json:
            printing.as_json(table.to_pylist())
        else:
            printing.table(table)
        return
    found = explain(folder, store, pack, party)
    if as_json:
        printing.as_json(found.to_dict())
    else:
        printing.explanation(found, pack, _language(lang))


@app.command("receipt")
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
        to.write_text(text + "\n", encoding="utf-8")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="One SELECT over party, invoice, correction, …")],
    out: OutFolder = Path("out"),
    to: Annotated[Path | None, typer.Option(help="Write a CSV that Excel opens.")] = None,
    threads: Threads = 2,
    as_json: AsJson = False,
) -> None:
    """Ask the stored facts in SQL."""
    found = FactStore(out, threads=threads).query(sql)
    if to is not None:
        to.write_bytes(csv_bytes(found))
    elif as_json:
        printing.as_json(found.to_pylist())
    else:
        printing.table(found)


@mapping_app.command("draft")
def draft_command(
    data: Annotated[Path, typer.Argument(help="Folder with the files.")],
) -> None:
    """Propose a mapping.toml from the headers found; look it over before you use it."""
    printing.line(draft_mapping(data))


@policy_app.command("export")
def export_command(
    to: Annotated[Path, typer.Argument(help="Folder to write.")], pack: PackName = DEFAULT_PACK
) -> None:
    """Write a pack's policy files, to be edited and given to `run --policy`."""
    to.mkdir(parents=True, exist_ok=True)
    for name, text in packs.load(pack).files.items():
        # Excel needs the byte order mark to read Chinese; our readers do not mind it.
        encoding = "utf-8-sig" if name.endswith(".csv") else "utf-8"
        (to / name).write_text(text, encoding=encoding)
        printing.line(str(to / name))


class _Ways:
    """How a run is carried out, which changes nothing about what comes out."""

    def __init__(self, mapping: Path | None, threads: int, as_json: bool) -> None:  # noqa: FBT001 - set once
        self.mapping, self.threads, self.as_json = mapping, threads, as_json


def _run(pack: Pack, data: Path, out: Path, settings: RunSettings, ways: _Ways) -> None:
    began = perf_counter()
    if ways.mapping is None:
        shipped = [parse_mapping(text, name) for name, text in pack.mappings.items()]
        mapping = find_mapping(data, shipped)
    else:
        mapping = load_mapping(ways.mapping)
    key = load_or_create_signing_key()
    signer = Signer(key.private, key.name)
    output = Output(DiskFolder(cleared(out)), StandardFormats(), signer)
    progress = _progress(settings.language, as_json=ways.as_json)
    with _threads(ways.threads), _stopping(progress), _quiet_libraries():
        result = run(FolderSource(data, mapping), pack, output, settings, progress)
    seconds = perf_counter() - began
    if ways.as_json:
        printing.as_json(_object(result, seconds))
    else:
        printing.run_result(result, out, settings.language, seconds)


def _object(result: RunResult, seconds: float) -> dict[str, Any]:
    evidence = {"entries": result.entries, "root": result.root}
    return {**summary(result), "evidence": evidence, "seconds": round(seconds, 2)}


def _progress(language: str, *, as_json: bool) -> Progress:
    return Silent() if as_json else TerminalProgress(STEPS, language)


@contextmanager
def _stopping(progress: Progress) -> Iterator[None]:
    """Take the spinner away before an error is printed."""
    try:
        yield
    finally:
        if isinstance(progress, TerminalProgress):
            progress.stop()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = pa.cpu_count()
    pa.set_cpu_count(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        pa.set_cpu_count(before)


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Send what compiled libraries write to standard output (HiGHS does) to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _verify_receipt(path: Path, trusted: bytes | None, *, as_json: bool) -> None:
    if trusted is None:
        raise InputError(
            "a receipt is checked with the lender's key",
            where="--key",
            remedy="give evidence/key.pub, had from the lender, not from whoever sent the receipt",
        )
    receipt = Receipt.from_json(_text(path))
    problem = check_receipt(receipt, trusted)
    if as_json:
        printing.as_json(
            {"holds": problem is None, "decision_id": receipt.decision_id,
             "problem": problem and f"{problem.where}: {problem.what}"}
        )  # fmt: skip
    else:
        printing.receipt(receipt, problem)
    if problem is not None:
        raise typer.Exit(1)


def _language(text: str) -> str:
    if text not in ("zh", "en"):
        raise InputError(f"{text!r} is no language", where="--lang", remedy="zh or en")
    return text


def _money(text: str | None, pack: Pack) -> int | None:
    """Major units as written, with or without thousands separators, in minor units."""
    if text is None:
        return None
    try:
        minor = to_minor(Decimal(text.replace(",", "").replace("_", "")), "CNY")
    except (InvalidOperation, ValueError) as error:
        raise InputError(
            f"{text!r} is no amount of {pack.name}",
            where="--budget",
            remedy="for example 100000000",
        ) from error
    return minor


def _own_files(folder: Path | None, pack: Pack) -> dict[str, str]:
    if folder is None:
        return {}
    if not folder.is_dir():
        raise InputError("there is no such folder", where=f"--policy {folder}")
    found = {name: _text(folder / name) for name in pack.files if (folder / name).is_file()}
    if not found:
        raise InputError(
            "the folder holds no policy file",
            where=f"--policy {folder}",
            remedy=f"any of {', '.join(pack.files)}; `headrace policy export` writes them",
        )
    return found


def _text(path: Path) -> str:
    """A small text file: UTF-8 with or without mark, else GB18030, as Chinese Excel saves it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror}", where=str(path)) from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise EvidenceError("it is not text", where=str(path))
