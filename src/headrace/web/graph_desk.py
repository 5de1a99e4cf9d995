"""The relation graph of the run, as of a day and as known by one: built once and kept.

Building takes a second for each day of knowledge, looking takes milliseconds. The newest few are
kept; a later run is noticed by its digest. Many may ask at once: one builds, the others wait.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from importlib.resources import files
from threading import Lock
from typing import Any, TypeVar

import pyarrow as pa

from headrace.adapters.store import FactStore
from headrace.adapters.workspace import Workspace
from headrace.clock import end_of_day, local_day
from headrace.errors import HeadraceError, InputError
from headrace.facts.localtime import instant_of, microseconds
from headrace.graph.groups.rules import read_rules
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.structures.breaking import Weight
from headrace.web.run_folder import Run, RunFolder
from headrace.workflows.graph_communities import MEETINGS, rings
from headrace.workflows.graph_findings import Finding, findings_of
from headrace.workflows.graph_groups import Book, groups_at
from headrace.workflows.graph_near import Near, Reach, Spans, near, spans_of
from headrace.workflows.graph_ownership import control_table, solved
from headrace.workflows.graph_structures import guarantee_circles
from headrace.workflows.graph_view import (
    HUB_EDGES,
    GraphView,
    chain_between,
    graph_view,
    lasting,
)
from headrace.workflows.loan_facts import WithBook
from headrace.workflows.ports import FactTables

KEPT = 3
QUARTER_US = 91 * 86_400 * 1_000_000
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)
Made = TypeVar("Made")


class NoGraphError(HeadraceError):
    """The run left no facts of which a graph could be made."""


@dataclass(frozen=True)
class Look:
    """The graph of one run at one day, as known by one.

    Attributes:
        run: Digest of the run.
        facts: Of the run.
        view: What stood, with a relation for each invoice.
        zone: Whose days are meant.
        simulated: Whether the data are made up.
    """

    run: str
    facts: FactTables
    view: GraphView
    zone: str
    simulated: bool

    @property
    def day(self) -> date:
        """The day asked about."""
        return local_day(self.view.moment, self.zone)

    @property
    def known_by(self) -> date:
        """What became known after this day is not used."""
        return local_day(self.view.known, self.zone)

    @cached_property
    def spans(self) -> Spans:
        """Every version that ever speaks, as far as known."""
        return spans_of(self.view.statements, microseconds(self.view.known))

    @cached_property
    def standing(self) -> Spans:
        """The versions that stand on the day."""
        return self.spans.at(self.view.statements, microseconds(self.view.moment))

    def end_of(self, day: date) -> datetime:
        """The last instant of a day of the data's zone.

        Raises:
            InputError: There is no such day.
        """
        return _end(day, self.zone)

    def near(self, party: str, reach: Reach) -> Near:
        """What is around a party on the day.

        Raises:
            InputError: No fact names it.
        """
        return near(self.view.statements, self.standing, [party], reach)

    def history(self, parties: list[str], reach: Reach) -> Near:
        """What ever was around parties, as far as known; events by the quarter, for a slider.

        Raises:
            InputError: No fact names one.
        """
        return near(self.view.statements, self.spans, parties, reach, every=QUARTER_US)

    @cached_property
    def circles(self) -> pa.Table:
        """Guarantee circles; see `guarantee_circles`."""
        return guarantee_circles(self.view, Weight.AMOUNT)

    @cached_property
    def rings(self) -> pa.Table:
        """Dense rings of all but trade, which takes seconds and drowns the others."""
        return rings(self.view, [kind for kind in MEETINGS if kind is not Kind.TRADES])

    @cached_property
    def controls(self) -> pa.Table:
        """Every pair of controller and controlled; see `control_table`."""
        return control_table(self.view.snapshot, solved(self.view))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Guarantee circles, money that came back, groups under one controller."""
        return findings_of(self.view)

    @cached_property
    def lasting(self) -> Snapshot:
        """Relations that last, for paths that explain."""
        return lasting(self.view.snapshot)

    @cached_property
    def book(self) -> Book:
        """Groups for limits by the shipped rules, and what the bank has at risk."""
        told = files("headrace.graph.groups").joinpath("rules_cn.toml")
        rules = read_rules(told.read_text(encoding="utf-8"), "rules_cn.toml")
        return groups_at(self.view, rules, None, self.zone)

    def path(self, first: str, second: str) -> list[dict[str, Any]] | None:
        """How two parties are connected, as `edge_rows`: by what lasts, else by trade and payment.

        Raises:
            InputError: No fact names one.
        """
        found = chain_between(self.lasting, first, second, HUB_EDGES)
        if found is None:
            found = chain_between(self.view.snapshot, first, second, HUB_EDGES)
        return found

    def name_of(self, party: str) -> str | None:
        """What a party is called; None where no fact says."""
        node = self.view.snapshot.node(party)
        name: str | None = self.view.snapshot.parties.names[node].as_py()
        return name


class GraphDesk:
    """Answers questions about the relations behind the run."""

    def __init__(self, run: RunFolder, workspace: Workspace, now: Callable[[], int]) -> None:
        """Work on a run's facts, with those of the workspace's book; nothing is read yet."""
        self._run, self._workspace, self._now = run, workspace, now
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._turn = Lock()

    def look(self, day: date | None = None, known_by: date | None = None) -> Look:
        """The graph of the current run.

        Args:
            day: At whose end; None: when the run decided.
            known_by: What became known after this day is not used; None: `day`.

        Raises:
            NoGraphError: The run has no facts.
            InputError: There is no such day.
        """
        run = self._run.current()
        moment = run.about.moment if day is None else _end(day, run.about.zone)
        known = moment if known_by is None else _end(known_by, run.about.zone)
        return self._once((run.digest, moment, known), lambda: self._look(run, moment, known))

    def customers(self, day: date | None = None) -> Look:
        """The relations without trade, with what the book has at risk: for groups and limits.

        Args:
            day: At whose end, as known then; None: when the last fact became known.

        Raises:
            NoGraphError: The run has no facts.
            InputError: There is no such day.
        """
        run = self._run.current()
        moment = None if day is None else _end(day, run.about.zone)

        def make() -> Look:
            facts = self._facts(with_book=True)
            now = instant_of(self._now())
            view = graph_view(facts, moment, None, now, trading=False)
            return Look(run.digest, facts, view, run.about.zone, run.about.simulated)

        return self._once((run.digest, "customers", moment), make)

    def warm(self) -> None:
        """Build what is asked for first; where there is nothing, whoever asks is told."""
        try:
            _ = self.look().standing
        except HeadraceError:
            return

    def _look(self, run: Run, moment: datetime, known: datetime) -> Look:
        facts = self._facts(with_book=False)
        view = graph_view(facts, moment, known, instant_of(self._now()))
        return Look(run.digest, facts, view, run.about.zone, run.about.simulated)

    def _facts(self, *, with_book: bool) -> FactTables:
        try:
            facts: FactTables = FactStore(self._run.path)
        except InputError as error:
            raise NoGraphError(
                "The run left no facts, so there is no graph",
                remedy="`headrace run --out FOLDER` or `headrace demo` leaves them",
            ) from error
        proof = self._workspace.folder("book") / "proof"
        if with_book and (proof / "facts").is_dir():
            return WithBook(facts, FactStore(proof))
        return facts

    def _once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        with self._turn:
            if key not in self._kept:
                self._kept[key] = make()
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            made: Made = self._kept[key]
            return made


def _end(day: date, zone: str) -> datetime:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InputError(
            f"{day} is out of reach", where="day, known_by", remedy=f"{FIRST_DAY} to {LAST_DAY}"
        )
    return end_of_day(day, zone)
