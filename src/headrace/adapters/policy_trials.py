"""Trials of policies on a workspace's own history: its run, or what was decided in flight.

The log of live decisions belongs to the service that writes it, so a trial reads a copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

from headrace.adapters.events import read_events
from headrace.adapters.folder import DiskFolder
from headrace.adapters.live.decision_log import read_taken
from headrace.adapters.live.decisions import policies_in
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.store import parquet_bytes
from headrace.adapters.workspace import Workspace
from headrace.decisions.flow.lists import Lists, write_lists
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.whatif.compare import Settings
from headrace.errors import InputError
from headrace.features.plan import make_plan
from headrace.pack import Pack
from headrace.workflows.features import Extra, Given, events_wanted
from headrace.workflows.late_truth import Taken, empty_events
from headrace.workflows.policies import LISTS, Files, load_policy
from headrace.workflows.policy import parse_policy
from headrace.workflows.policy_documents import inputs_of
from headrace.workflows.ports import Progress
from headrace.workflows.simulate_policy import (
    Setup,
    changed_cases,
    compiled,
    simulate_policy,
    told,
)
from headrace.workflows.whatif_events import Judged, Policied, Span, needed, of_events
from headrace.workflows.whatif_run import of_run

LOG_BYTES_MAX = 2**30
"""A larger log is no matter of minutes: `headrace simulate --events` takes an export of it."""

LIVE_SIMULATED = "simulated.txt"
"""A file that marks decisions in flight as made on simulated events."""

CHANGES_MAX = 2_000
DRAWS = 400
JUDGED = Judged(currency="CNY")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Tried:
    """What came of a trial.

    Attributes:
        told: Figures, as `simulate_policy.told` says them; nobody is named.
        changes: One for each case that changes, at most `CHANGES_MAX`; personal.
    """

    told: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Pair:
    """Two policies of a pack, and the lists that both ask.

    Attributes:
        pack: Whose features they read.
        old: Files of the policy in force.
        new: Files of the other.
        lists: Of the store.
    """

    pack: Pack
    old: Files
    new: Files
    lists: Lists

    @property
    def both(self) -> tuple[Files, Files]:
        """The old policy's files and the new one's, each with the lists."""
        asked = {LISTS: write_lists(self.lists)} if self.lists.entries else {}
        return {**self.old, **asked}, {**self.new, **asked}


def try_policy(workspace: Workspace, pair: Pair, folder: Path, progress: Progress) -> Tried:
    """Decide the workspace's history by both policies, and set them side by side.

    Args:
        workspace: Whose history: of a pack that lends its run, else its live events.
        pair: The policies.
        folder: Empty, to work in.
        progress: Who watches.

    Raises:
        InputError: There is no history, or a policy cannot be run on it.
    """
    progress.begin("read")
    if pair.pack.lending is not None:
        setup = _of_lending(DiskFolder(workspace.folder("run")), pair)
    else:
        setup = _of_live(workspace.folder("live"), pair, folder)
    progress.end("read", f"{len(setup.cases):,}")
    found = simulate_policy(setup, Settings(draws=DRAWS), None, progress)
    changes = changed_cases(found, CHANGES_MAX)
    return Tried(told(found), tuple(plain_row(row) for row in changes.to_pylist()))


def _of_lending(folder: DiskFolder, pair: Pair) -> Setup:
    old, new = (parse_policy(pair.pack, files, read_workbook) for files in pair.both)
    return of_run(folder, (old, new), None)


def _of_live(live: Path, pair: Pair, folder: Path) -> Setup:
    taken, _ = read_taken(copied_log(live, folder))
    return setup_of(live, pair, taken, folder, JUDGED)


def copied_log(live: Path, folder: Path) -> Path:
    """A copy of the log of decisions in flight, with the versions that decided.

    Args:
        live: The folder that the service holds open.
        folder: Empty, to copy into.

    Raises:
        InputError: Nothing was decided, or too much for a page to wait for.
    """
    if not (live / "log").is_dir():
        raise InputError(
            "Nothing was decided in flight yet: there is no history to try a policy on",
            where=live.name,
            remedy="Send events first, or `headrace demo` makes a simulated stream",
        )
    size = sum(each.stat().st_size for each in (live / "log").rglob("*") if each.is_file())
    if size > LOG_BYTES_MAX:
        raise InputError(
            f"The log has {size:,} bytes: too much to be tried from a page",
            where=live.name,
            remedy="`headrace simulate --events` takes an export of a part of it",
        )
    copy = folder / "live"
    copytree(live / "log", copy / "log")
    if policies_in(live).is_dir():
        copytree(policies_in(live), policies_in(copy))
    return copy


def setup_of(live: Path, pair: Pair, taken: Taken, folder: Path, judged: Judged) -> Setup:
    """Both policies on the events of a log.

    Args:
        live: Where they were decided.
        pair: The policies.
        taken: What the log holds.
        folder: To work in.
        judged: What judges decisions.
    """
    loaded = [load_policy(files, read_workbook, inputs_of(pair.pack)) for files in pair.both]
    old, new = (_policied(compiled(each), pair.pack, taken, folder) for each in loaded)
    span = Span(taken.table, BEGINNING, None, live.name)
    found = of_events(old, new, judged, span)
    return replace(found, simulated=found.simulated or (live / LIVE_SIMULATED).is_file())


def _policied(program: FlowProgram, pack: Pack, taken: Taken, folder: Path) -> Policied:
    """A policy with the events that its features are made of, by way of files in a folder."""
    wanted = needed(pack.feature_set, program, JUDGED)
    plan = make_plan(wanted)
    found: dict[str, Given] = {}
    for table in wanted.tables:
        path = folder / f"{table.name}.parquet"
        if not path.is_file():
            path.write_bytes(parquet_bytes(taken.events.get(table.name, empty_events(table))))
        extra = Extra.ALL if table.name == taken.table else Extra.NONE
        found[table.name] = read_events(path, events_wanted(plan, table, extra))
    return Policied(program, wanted, found, {})


def plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON can say it."""
    return {
        name: value if isinstance(value, bool | int | float | str | None) else str(value)
        for name, value in row.items()
    }
