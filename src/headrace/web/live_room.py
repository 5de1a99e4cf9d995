"""Decisions in flight as the service has them: the desk, what feeds it, and what it feeds."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from headrace.adapters.live.alerts import AlertDesk
from headrace.adapters.live.audit_lines import AuditLines
from headrace.adapters.live.decision_finding import FoundDecision, events_in, find_in
from headrace.adapters.live.decision_log import kept_files
from headrace.adapters.live.decision_replay import Replayed, replay_records
from headrace.adapters.live.decisions import ALONE, BATCH, decisions_of
from headrace.adapters.live.desk import LiveDesk, ModelsInPlace, Told
from headrace.adapters.live.events import EventReader, readers_of
from headrace.adapters.live.policy import PolicyFollower, decided_tables, open_live
from headrace.adapters.live.records import NOTE, Record
from headrace.adapters.live.turns import in_turn
from headrace.adapters.live.warming import warm
from headrace.adapters.live.watch import LiveWatch
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.stores.case import CaseStore
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.stores.web import WebStore
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.record import made_of
from headrace.errors import HeadraceError, InputError
from headrace.features.plan import make_plan
from headrace.monitor.cases import Alert
from headrace.pack import Pack
from headrace.workflows.customer_reason import CustomerReason, customer_reason
from headrace.workflows.decision_explain import (
    Beside,
    DecisionExplanation,
    explain_decision,
    inputs_asked,
)
from headrace.workflows.policies import kept_version

SIMULATED = "simulated.txt"
LOOK_SECONDS = 0.5
SWITCH_SECONDS = 0.000_1
"""So long another thread may keep the interpreter from the event loop that has something to do."""

GARBAGE = (2_000, 20, 1_000)
"""How much is made before garbage is looked for, see `gc.set_threshold`: little at a time, which
takes some two milliseconds, for which everybody waits; and seldom all of it, which takes fifty."""

COUNTED_RECORDS = 4_000
"""Records of the log that are read when it is opened, to count what rules said lately."""


@dataclass(frozen=True)
class Rooms:
    """What decisions in flight need of the service.

    Attributes:
        folder: Of the log; one process at a time may have it open.
        pack: Whose events.
        policies: Versions of its policy.
        cases: Where alerts go; asked when there are some.
        audit: Where every request about somebody is noted.
        now: Microseconds since 1970.
        log: Takes one line, a JSON object.
        tell: Tells webhooks of an event.
    """

    folder: Path
    pack: Pack
    policies: PolicyStore
    cases: Callable[[], CaseStore]
    audit: WebStore
    now: Callable[[], int]
    log: Callable[[Mapping[str, Any]], None]
    tell: Callable[[str, Mapping[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Explained:
    """Why a decision is what it is, for a risk manager, and for the customer."""

    decision: DecisionExplanation
    customer: CustomerReason
    found: FoundDecision


class LiveRoom:
    """The desk with its two neighbours: who says what decides, and who works alerts.

    Attributes:
        desk: Decides.
        ask: Asks models, and counts those that are late.
        trouble: Why the version that ought to decide does not; empty where it does.
    """

    def __init__(self, rooms: Rooms) -> None:
        """Open the folder, decide what was left, and begin.

        Raises:
            InputError: The pack has no policy for events as they come, or it cannot be read.
            StorageError: Another process has the folder open, or it is damaged.
        """
        self.rooms, self.trouble = rooms, ""
        self._follower = PolicyFollower(rooms.policies, rooms.pack)
        deployed = self._follower.look(rooms.now())
        assert deployed is not None  # noqa: S101 - the first look always finds something
        self.ask = ModelsInPlace()
        plan = make_plan(decided_tables(deployed.version))
        self.decided_table = plan.feature_set.tables[0].name
        with ExitStack() as opened:  # who tries again finds the folder free
            decisions = open_live(rooms.folder, deployed.deployment, self.ask)
            opened.callback(decisions.close)
            self.audit = AuditLines(decisions.live, rooms.audit)
            opened.callback(self.audit.close)
            self.alerts = AlertDesk(decisions, self._take)
            opened.callback(self.alerts.close)
            told = Told(self.audit.tail.add, self.alerts.tail.add, rooms.log)
            self.desk = LiveDesk(decisions, deployed, readers_of(plan), told, rooms.now)
            opened.pop_all()
        self._versions: dict[str, InForce] = {deployed.version.digest: deployed.version}
        self._wake, self._stopped = Event(), Event()
        self._behind = Thread(target=self._follow, name="live policy", daemon=True)
        self._behind.start()
        _make_prompt()

    @property
    def watch(self) -> LiveWatch:
        """What the stream looks like."""
        return self.desk.watch

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which moments are shown: that of the policy in force."""
        return ZoneInfo(self.desk.deployed.version.program.policy.zone)

    @property
    def is_simulated(self) -> bool:
        """Whether what lies in the folder is labelled as simulated."""
        return (self.rooms.folder / SIMULATED).exists()

    def reader(self, table: str) -> EventReader:
        """What reads the events of a table.

        Raises:
            InputError: There is no such table.
        """
        if table not in self.desk.readers:
            raise InputError(
                "There is no such table", where="table", remedy=", ".join(self.desk.readers)
            )
        return self.desk.readers[table]

    def warm(self) -> None:
        """Load what the first event needs; on a machine where it never ran that takes a minute."""
        warm(self.desk.deployed.version, self.rooms.now())

    def refresh(self) -> None:
        """Look now whether another version decides; it is looked every half second anyway."""
        self._wake.set()

    def close(self) -> None:
        """Answer what was handed in, put alerts into cases, and let go of the folder."""
        self._stopped.set()
        self._wake.set()
        self._behind.join()
        self.desk.stop()
        self.alerts.close()  # who may have to look into the log
        self.audit.close()
        self.desk.close()
        self.ask.close()

    def find(self, decision: str) -> Mapping[str, Any] | None:
        """A decision's record, the one that was followed; None where there is none."""
        return self.desk.decisions.find(decision)

    def explain(self, decision: str) -> Explained:
        """Why a decision is what it is.

        Raises:
            InputError: There is none of this id.
        """
        read = self.desk.decisions.live.read_log
        found = find_in(read, self.rooms.folder, read_workbook, decision)
        pack = self.rooms.pack
        features = {each.name: each for each in pack.features}
        beside = Beside(features, latency_us=found.record.get("latency_us"))
        told = explain_decision(found.record, found.version, beside)
        facts = events_in(read, self.rooms.folder, found, inputs_asked(told))
        told = replace(told, facts=facts)
        return Explained(told, customer_reason(found.record, pack.customer_reasons), found)

    def replay(self, decision: str) -> Replayed:
        """Make a decision again from the log.

        Raises:
            InputError: There is none of this id.
        """
        records = self.desk.decisions.live.read_log(0)
        return replay_records(records, self.rooms.folder, read_workbook, decision)

    def _take(self, alerts: Sequence[Alert]) -> None:
        taken = self.rooms.cases().take(alerts, self.rooms.now())
        for number in taken.opened:
            self.rooms.tell("case.opened", {"case": number})

    def _follow(self) -> None:
        """Count what was decided before; then follow the store, and count what is decided."""
        try:
            self._count_before()
        except (HeadraceError, OSError) as error:
            self.rooms.log({"event": "not counted", "why": str(error)})
        while not self._stopped.is_set():
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
            try:
                deployed = self._follower.look(self.rooms.now())
                self.trouble = ""
                if deployed is not None:
                    self.desk.deploy(deployed)
            except HeadraceError as error:
                if self.trouble != str(error):
                    self.rooms.log({"event": "policy not followed", "why": str(error)})
                self.trouble = str(error)
            self._count_made()

    def _count_before(self) -> None:
        """Count what rules said in the last records of the log."""
        live = self.desk.decisions.live
        end = live.records
        for number, record in live.read_log(max(0, end - COUNTED_RECORDS)):
            if number >= end or self._stopped.is_set():
                break
            if record.kind == NOTE and record.table in {BATCH, ALONE}:
                self._count(record)
        self._count_made()

    def _count_made(self) -> None:
        """Count what was decided since the last time, a portion after the other."""
        is_left = True
        while is_left and not self._stopped.is_set():
            with in_turn(self._stopped):
                is_left = self.watch.settle_some()

    def _count(self, record: Record) -> None:
        if record.table == ALONE:
            for each in decisions_of(record):
                if each["effective"]:
                    self.watch.made(each, self._version(each["in_force"]))
            return
        with pa.ipc.open_stream(pa.py_buffer(record.body)) as reader:
            table = reader.read_all()
        made = made_of(table)
        if made.effective:
            self.watch.made(table, self._version(made.in_force))

    def _version(self, digest: str) -> InForce:
        if digest not in self._versions:
            files, lateness = kept_files(self.rooms.folder, digest)
            self._versions[digest] = kept_version(files, read_workbook, lateness)
        return self._versions[digest]


@cache
def _make_prompt() -> None:
    """Let the process answer soon, once: no thread in the background holds it up for long.

    What it has built by now stays as long as it lives: no need to look for garbage among it, which
    would stop everything for as long as a model takes to answer.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    atexit.register(gc.unfreeze)  # the end of the process clears it all
