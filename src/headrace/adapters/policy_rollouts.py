"""What came of versions beside the one in force, from the log of decisions in flight.

The log says for every decision who made it, and what was in force then; decisions are made again
from its events by both policies, so that each can be judged by the same figures as a trial.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.adapters.live.decision_log import opened_log, read_taken
from headrace.adapters.live.decisions import ALONE, BATCH, VERSION, decisions_of
from headrace.adapters.live.records import NOTE, Record, read_record
from headrace.adapters.policy_trials import (
    CHANGES_MAX,
    DRAWS,
    JUDGED,
    Pair,
    Tried,
    copied_log,
    plain_row,
    setup_of,
)
from headrace.adapters.workspace import Workspace
from headrace.decisions.flow.policy import ACTIONS
from headrace.decisions.flow.rollout import CHAMPION, Mode
from headrace.decisions.whatif.compare import Settings
from headrace.errors import InputError
from headrace.workflows.late_truth import Taken
from headrace.workflows.ports import Progress
from headrace.workflows.rollout import ARM, RECORDED, arm_note, of_rollout
from headrace.workflows.simulate_policy import changed_cases, told


def compare_rollout(
    workspace: Workspace, pair: Pair, name: str, folder: Path, progress: Progress
) -> Tried:
    """What a champion and a version beside it decided, since that was set there last.

    Args:
        workspace: Whose decisions in flight.
        pair: The champion as the old policy, the other as the new one.
        name: Of the other, as records cite it; see `Companion`.
        folder: Empty, to work in.
        progress: Who watches.

    Raises:
        InputError: It never stood beside, or was not asked about anything yet.
    """
    progress.begin("read")
    live = workspace.folder("live")
    copy = copied_log(live, folder)
    arms = _arms_in(copy, name)
    taken = _with_arms(read_taken(copy)[0], arms, name)
    setup = setup_of(live, pair, taken, folder, replace(JUDGED, parts=(ARM, RECORDED)))
    progress.end("read", f"{len(arms.by):,}")
    found, rollout = of_rollout(setup, name, arms.mode, Settings(draws=DRAWS), progress)
    figures = told(found)
    if rollout["otherwise"]:
        note = arm_note(rollout["otherwise"])
        figures["notes"] = [*figures["notes"], {"en": note.en, "zh": note.zh}]
    changes = changed_cases(found, CHANGES_MAX)
    return Tried(
        figures | {"rollout": rollout}, tuple(plain_row(row) for row in changes.to_pylist())
    )


@dataclass
class _Arms:
    """Who decided, since a version was set beside.

    Attributes:
        mode: What it stands there for.
        by: The arm that was followed, by decision.
        asked: Decisions about which it was asked as a shadow.
    """

    mode: Mode
    by: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


class _Reading:
    """A log on its way: who decided, since a version was set beside last."""

    def __init__(self, name: str) -> None:
        self._name, self._stands = name, False
        self.found: _Arms | None = None

    def take(self, record: Record) -> None:
        if record.table == VERSION:
            self._deployed(_mode_in(json.loads(bytes(record.body)), self._name))
        elif record.table in {BATCH, ALONE} and self._stands:
            for each in decisions_of(record):
                self._decided(each)

    def _deployed(self, mode: Mode | None) -> None:
        is_new = self.found is None or not self._stands or self.found.mode is not mode
        if mode is not None and is_new:
            self.found = _Arms(mode)  # set there anew: what was before is another story
        self._stands = mode is not None

    def _decided(self, decision: Mapping[str, Any]) -> None:
        assert self.found is not None  # noqa: S101 - it stands beside
        if decision["effective"]:
            self.found.by[decision["decision"]] = decision["arm"]
        elif decision["arm"] == self._name:
            self.found.asked.add(decision["decision"])


def _arms_in(folder: Path, name: str) -> _Arms:
    """Read who decided from a log that nobody else holds open."""
    reading = _Reading(name)
    with opened_log(folder) as log:
        for _, payload in log.read(0):
            record = read_record(payload)
            if record.kind == NOTE:
                reading.take(record)
    if reading.found is None:
        raise InputError(
            f"{name} never stood beside the one in force",
            where="live",
            remedy="Set it there as challenger or shadow first",
        )
    return reading.found


def _mode_in(deployed: Mapping[str, Any], name: str) -> Mode | None:
    modes = [mode for each, mode, *_ in deployed["beside"] if each == name]
    return Mode(modes[0]) if modes else None


def _with_arms(taken: Taken, arms: _Arms, name: str) -> Taken:
    """The events with who decided each, where that counts, and what they decided."""
    events = taken.events[taken.table]
    by: list[str | None] = [None] * events.num_rows
    recorded = np.zeros(events.num_rows, np.int64)
    columns = (taken.decided[each].to_pylist() for each in ("decision", "place", "action"))
    for decision, place, action in zip(*columns, strict=True):
        arm = arms.by.get(decision)
        if arms.mode is Mode.SHADOW:
            counts = decision in arms.asked
            arm = name
        else:
            counts = arm in {name, CHAMPION}
        if counts:
            by[place], recorded[place] = arm, ACTIONS[action]
    events = events.append_column(ARM, pa.array(by, pa.string()))
    events = events.append_column(RECORDED, pa.array(recorded))
    return replace(taken, events={**taken.events, taken.table: events})
