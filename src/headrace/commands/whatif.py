"""`headrace simulate`: what another policy would have done, on a run's folder or a history."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.folder import DiskFolder
from headrace.adapters.html.whatif import render_whatif
from headrace.adapters.machine import THREADS_MAX, limited_threads
from headrace.adapters.policy_folder import read_bytes, read_files
from headrace.adapters.policy_sheets import Workbooks, read_workbook
from headrace.adapters.printing import whatif as printing_whatif
from headrace.adapters.sheets import xlsx_bytes
from headrace.adapters.terminal import Silent, TerminalProgress
from headrace.adapters.user_files import read_policy, read_text, write_file
from headrace.commands.feature_files import Asked, Voids
from headrace.commands.options import AsJson, Language
from headrace.decisions.flow.policy import Policy
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.tables.table import Table
from headrace.decisions.whatif.compare import Settings
from headrace.decisions.whatif.search import Searched, read_target
from headrace.errors import InputError
from headrace.features.definition import FeatureSet
from headrace.features.definition import Table as EventTable
from headrace.features.loading import load_feature_set
from headrace.money import MINOR_PER_MAJOR
from headrace.pack import Pack
from headrace.workflows import features as workflow
from headrace.workflows.features import Extra
from headrace.workflows.policies import Files, Loaded, load_policy, table_files
from headrace.workflows.policy import parse_policy
from headrace.workflows.policy_files import SUFFIXES, write_tables
from headrace.workflows.ports import Progress
from headrace.workflows.run_note import run_settings
from headrace.workflows.simulate_policy import (
    STEPS,
    Hunt,
    Setup,
    Simulated,
    changed_cases,
    compiled,
    merged,
    simulate_policy,
    told,
)
from headrace.workflows.whatif_events import Judged, Policied, Span, needed, of_events
from headrace.workflows.whatif_run import of_run


@dataclass(frozen=True)
class History:
    """Where the cases of an event history come from.

    Attributes:
        pack: Whose definitions and policy; None: those that are named.
        features: Changed definitions, for the new policy; without a pack for both.
        events: TABLE=PATH each.
        voids: The same.
        table: Whose events are decided; empty: the first.
        since: The first day or time.
        until: The last; None: no end.
    """

    pack: str | None
    features: Path | None
    events: Sequence[str]
    voids: Sequence[str]
    table: str
    since: str | None
    until: str | None


NewPolicy = Annotated[
    Path,
    typer.Option("--policy", help="The new policy: a folder, or a file of tables for the old one."),
]
OldPolicy = Annotated[
    Path | None, typer.Option("--old", help="The policy in force; else the pack's own.")
]
Out = Annotated[Path | None, typer.Option("--out", help="The folder a run wrote.")]
Events = Annotated[
    list[str] | None, typer.Option("--events", help="TABLE=PATH of a history, instead of a run.")
]
PackName = Annotated[
    str | None, typer.Option("--pack", help="Whose features and policy in force; of a history.")
]
Changed = Annotated[
    Path | None, typer.Option("--features", help="Changed definitions, seen by the new policy.")
]
TableName = Annotated[
    str, typer.Option("--table", help="Whose events are decided; else the first.")
]
Since = Annotated[str | None, typer.Option("--since", help="From this day or time on.")]
Until = Annotated[str | None, typer.Option("--until", help="Until this day's end or time.")]
Label = Annotated[
    str, typer.Option("--label", help="Column: 1, true, fraud or default where it turned bad.")
]
Expected = Annotated[
    str, typer.Option("--pd", help="Feature, column or model step: share expected to turn bad.")
]
Exposure = Annotated[
    str, typer.Option("--exposure", help="Column: at stake, minor units; else the policy's own.")
]
Currency = Annotated[str, typer.Option("--currency", help="Of the exposure.")]
Rate = Annotated[str, typer.Option("--rate", help="Column: price, where the policy sets none.")]
Lgd = Annotated[
    float, typer.Option("--lgd", min=0, max=1, help="Share that is lost of what turns bad.")
]
By = Annotated[list[str] | None, typer.Option("--by", help="Report by this: segment, region.")]
Group = Annotated[
    list[str] | None, typer.Option("--group", help="Equal treatment of these groups.")
]
Aim = Annotated[
    str | None,
    typer.Option("--target", help='Search: "expected_loss <= 0.02" or "approval >= 60%".'),
]
Search = Annotated[str, typer.Option("--search", help="Table whose numbers may move.")]
Move = Annotated[list[str] | None, typer.Option("--move", help="Only numbers of this input.")]
OnlyRule = Annotated[list[int] | None, typer.Option("--rule", help="Only numbers of this rule.")]
Sweeps = Annotated[int, typer.Option("--sweeps", min=1, help="How long to search at most.")]
Save = Annotated[
    Path | None, typer.Option("--save", help="Write the table found: .csv, .yaml, .xlsx, .dmn.")
]
Page = Annotated[Path | None, typer.Option("--html", help="Write a page with the frontier.")]
Workbook = Annotated[Path | None, typer.Option("--xlsx", help="Write the cases that change.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the intervals.")]
Threads = Annotated[int, typer.Option("--threads", min=1, max=THREADS_MAX, help="Threads to use.")]


def simulate_command(  # noqa: PLR0913 - a command has a parameter per option
    *,
    policy: NewPolicy,
    old: OldPolicy = None,
    out: Out = None,
    events: Events = None,
    voids: Voids = None,
    pack: PackName = None,
    features: Changed = None,
    table: TableName = "",
    since: Since = None,
    until: Until = None,
    label: Label = "",
    pd: Expected = "",
    exposure: Exposure = "",
    currency: Currency = "CNY",
    rate: Rate = "",
    lgd: Lgd = 1.0,
    by: By = None,
    group: Group = None,
    target: Aim = None,
    search: Search = "",
    move: Move = None,
    rule: OnlyRule = None,
    sweeps: Sweeps = Searched.sweeps,
    save: Save = None,
    html: Page = None,
    xlsx: Workbook = None,
    seed: Seed = Settings.seed,
    threads: Threads = 2,
    lang: Language = "en",
    as_json: AsJson = False,
) -> None:
    """What another policy would have done: who changes, approval, price and loss side by side."""
    written = Written(save, html, xlsx)
    written.check(searching=target is not None)
    own, before = _own(policy), None if old is None else _own(old)
    hunt = None
    if target is not None:
        likely = tuple(table_files(own, read_workbook))
        limits = (search, tuple(move or ()), tuple(rule or ()))
        hunt = Hunt(read_target(target), *limits, likely, sweeps)
    judged = Judged(label, pd, exposure, currency, rate, lgd, tuple(by or ()), tuple(group or ()))
    history = History(pack, features, events or (), voids or (), table, since, until)
    _check_source(out, history, currency)
    with _watched(lang, as_json=as_json) as progress, limited_threads(threads):
        if out is not None:
            setup = _of_run(out, (old, policy), since, judged.groups)
        else:
            setup = _of_events(history, (before, own), judged, threads, progress)
        found = simulate_policy(setup, Settings(seed=seed), hunt, progress)
        progress.begin("write")
        names = written.write(found, lang)
        progress.end("write", ", ".join(names))
    if as_json:
        printing.as_json({**told(found), "written": names})
    else:
        printing_whatif.simulated(told(found), lang)


@contextmanager
def _watched(language: str, *, as_json: bool) -> Iterator[Progress]:
    watching = Silent() if as_json else TerminalProgress(STEPS, language)
    try:
        yield watching
    finally:
        if isinstance(watching, TerminalProgress):
            watching.stop()


def _check_source(out: Path | None, history: History, currency: str) -> None:
    if (out is None) == (not history.events):
        raise InputError(
            "cases come from a run or from a history",
            where="--out, --events",
            remedy="give one of the two",
        )
    if out is None and history.since is None:
        raise InputError("the first day is missing", where="--since", remedy="--since 2026-03-01")
    if currency not in MINOR_PER_MAJOR:
        known = ", ".join(MINOR_PER_MAJOR)
        raise InputError(f"no currency {currency!r} is known", where="--currency", remedy=known)


def _own(path: Path) -> Files:
    """The files of a folder, or one file."""
    return read_files(path) if path.is_dir() else {path.name: read_bytes(path)}


def _of_run(
    out: Path, paths: tuple[Path | None, Path], since: str | None, groups: tuple[str, ...]
) -> Setup:
    folder = DiskFolder(out)
    about = run_settings(folder)
    pack = packs.load(about.pack)
    before, own = ({} if path is None else _of_lending(path, pack) for path in paths)
    old = parse_policy(pack, before, read_workbook)
    new = parse_policy(pack, merged(before, own, read_workbook), read_workbook)
    start = None if since is None else _moment(since, about.zone, "--since")
    return of_run(folder, (old, new), start, groups)


def _of_lending(path: Path, pack: Pack) -> Files:
    """The files of a folder, economics and all, or one file."""
    return read_policy(path, pack.require_lending().files) if path.is_dir() else _own(path)


def _of_events(
    history: History,
    files: tuple[Files | None, Files],
    judged: Judged,
    threads: int,
    progress: Progress,
) -> Setup:
    sets = _feature_sets(history)
    base = pack_policy(history.pack) if files[0] is None else files[0]
    both = (base, merged(base, files[1], read_workbook))
    programs = [compiled(_loaded(*each)) for each in zip(both, sets, strict=True)]
    name = history.table or sets[1].tables[0].name
    chosen = workflow.table_named(sets[1], name)
    progress.begin("read")
    old = _policied(history, programs[0], needed(sets[0], programs[0], judged), chosen.name)
    wanted = needed(sets[1], programs[1], judged)
    if wanted == old.feature_set:
        new = Policied(programs[1], wanted, old.events, old.voids)
    else:
        new = _policied(history, programs[1], wanted, chosen.name)
    rows = new.events[chosen.name].columns.num_rows
    progress.end("read", f"{rows:,} events")
    progress.begin("compute")
    setup = of_events(old, new, judged, _span(history, chosen), threads)
    progress.end("compute", f"{len(setup.cases):,} cases")
    return setup


def _policied(history: History, program: FlowProgram, wanted: FeatureSet, table: str) -> Policied:
    """A policy with the files that its features are made of."""
    asked = Asked(wanted, history.events, history.voids)
    asked.check_given(table)
    return Policied(program, wanted, *asked.read({*asked.tables, table}, Extra.ALL))


def _span(history: History, table: EventTable) -> Span:
    since = _moment(str(history.since), table.zone, "--since")
    until = None
    if history.until is not None:
        until = workflow.moment_of(history.until, table.zone, "--until")
    source = ", ".join(text.rpartition("=")[2] for text in history.events)
    return Span(table.name, since, until, source)


def _moment(text: str, zone: str, option: str) -> datetime:
    """The start of a day, or a time."""
    found = workflow.moment_of(text, zone, option)
    if len(text.strip()) <= len("2024-05-01"):
        found = workflow.moment_of(f"{text.strip()}T00:00", zone, option)
    return found


def _feature_sets(history: History) -> tuple[FeatureSet, FeatureSet]:
    """The definitions that the old policy sees, and those of the new."""
    if history.pack is None and history.features is None:
        raise InputError(
            "features are defined in a file or in a pack",
            where="--features, --pack",
            remedy="give one, or both: then the new policy sees those of the file",
        )
    changed = None
    if history.features is not None:
        changed = load_feature_set(read_text(history.features), str(history.features))
    shipped = None if history.pack is None else packs.load(history.pack).feature_set
    old, new = shipped or changed, changed or shipped
    assert old is not None and new is not None  # noqa: S101, PT018  (for the type checker)
    return old, new


def _loaded(files: Files, feature_set: FeatureSet) -> Loaded:
    inputs = {each.name: "number" for each in feature_set.definitions}
    return load_policy(files, read_workbook, inputs)


def pack_policy(pack: str | None) -> dict[str, bytes]:
    """The files of the policy that a pack ships, with its model.

    Raises:
        InputError: No pack is named, or it ships none.
    """
    if pack is not None:
        loaded = packs.load(pack)
        if loaded.policy:
            return dict(loaded.policy)
        if loaded.lending is not None:
            return {name: text.encode() for name, text in loaded.lending.files.items()}
    raise InputError(
        "the policy in force is not known", where="--old", remedy="name its folder: --old FOLDER"
    )


@dataclass(frozen=True)
class Written:
    """Files that were asked for; None: not."""

    save: Path | None
    html: Path | None
    xlsx: Path | None

    def check(self, *, searching: bool) -> None:
        """Refuse, before any work, what could not be written.

        Raises:
            InputError: Naming it.
        """
        if self.save is not None and not searching:
            raise InputError(
                "a table is saved where one is searched", where="--save", remedy="give --target"
            )
        for path, endings in (
            (self.save, SUFFIXES),
            (self.html, (".html", ".htm")),
            (self.xlsx, (".xlsx",)),
        ):
            if path is not None and path.suffix.lower() not in endings:
                raise InputError(
                    f"a file that ends in {path.suffix or 'nothing'} cannot be written",
                    where=str(path),
                    remedy=f"one of {', '.join(endings)}",
                )
            if path is not None and not path.parent.is_dir():
                raise InputError(
                    "there is no such folder", where=str(path.parent), remedy="make it"
                )

    def write(self, found: Simulated, language: str) -> list[str]:
        """Write them; the names."""
        written = []
        if self.save is not None and found.found is not None:
            content = _table_file(found.found.table, self.save, found.setup.new.program.policy)
            write_file(self.save, content)
            written.append(self.save.name)
        if self.html is not None:
            write_file(self.html, render_whatif(told(found), language))
            written.append(self.html.name)
        if self.xlsx is not None:
            write_file(self.xlsx, xlsx_bytes(changed_cases(found), {}))
            written.append(self.xlsx.name)
        return written


def _table_file(table: Table, path: Path, policy: Policy) -> bytes:
    """A table in the notation of a file's ending; its cells may cite all that the policy knows."""
    names = {*policy.inputs, *(step.name for step in policy.steps)} - {table.name}
    files = write_tables([table], table.name, path.suffix, Workbooks(), names)
    return next(iter(files.values()))
