"""The relation graph of the run, as of a day and as known by one: built once and kept.

Building takes a second for each day of knowledge, looking takes milliseconds. The newest few are
kept; a later run is noticed, and so is a consent that was withdrawn since. Many may ask
for the same at once: one builds, the others wait; who asks for what is there waits for nobody.

Facts that may not be read for this purpose, or whose consent was withdrawn, make no graph: they are
counted. Names of persons are masked for whom masks.toml says, before anything is concluded or put
into words, so that no proof or finding spells them either.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from headrace.adapters.store import FactStore
from headrace.adapters.workspace import Workspace
from headrace.clock import end_of_day, local_day
from headrace.errors import HeadraceError, InputError
from headrace.facts.consent import Leave, readable
from headrace.facts.kinds import CORRECTION, EXPOSURE
from headrace.facts.localtime import instant_of, microseconds
from headrace.graph.groups.rules import read_rules
from headrace.graph.relations.kinds import Kind, Type
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.structures.breaking import Weight
from headrace.web.run_folder import Run, RunFolder
from headrace.web.security.reading import Mask, name_mask
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


class NoGraphError(HeadraceError):
    """The run left no facts of which a graph could be made."""


class NoneReadableError(NoGraphError):
    """The run left facts, and none of them may be read for this purpose."""


@dataclass(frozen=True)
class AllowedTables:
    """Stored facts of which only those are there that may be read; see `FactTables`.

    Attributes:
        facts: All of them.
        leave: What may be read.
        left_out: By kind that was read: how many serve another purpose, how many rest on a consent
            that was withdrawn.
    """

    facts: FactTables
    leave: Leave
    left_out: dict[str, tuple[int, int]] = field(default_factory=dict)

    def read(self, kind: str) -> pa.Table:
        """The facts of a kind that may be read, in the stored schema and order."""
        found = readable(self.facts.read(kind), self.leave)
        self.left_out[kind] = found.of_purpose, found.of_consent
        return found.facts

    @property
    def of_purpose(self) -> int:
        """How many facts serve another purpose; a correction is none of its own."""
        return sum(each for kind, (each, _) in self.left_out.items() if kind != CORRECTION.kind)

    @property
    def of_consent(self) -> int:
        """How many facts rest on a consent that was withdrawn."""
        return sum(each for kind, (_, each) in self.left_out.items() if kind != CORRECTION.kind)


@dataclass(frozen=True)
class Look:
    """The graph of one run at one day, as known by one.

    Attributes:
        run: Digest of the run.
        view: What stood, with a relation for each invoice.
        zone: Whose days are meant.
        simulated: Whether the data are made up.
        of_purpose: Facts that are not in it, for they serve another purpose.
        of_consent: Facts that are not in it, for their consent was withdrawn.
    """

    run: str
    view: GraphView
    zone: str
    simulated: bool
    of_purpose: int = 0
    of_consent: int = 0

    def for_roles(self, roles: Collection[str]) -> "Look":
        """The same as somebody with these roles sees it: names of persons may be masked."""
        return self if name_mask(roles) is None else self._masked

    @cached_property
    def _masked(self) -> "Look":
        mask = name_mask(())
        return self if mask is None else replace(self, view=_with_names_masked(self.view, mask))

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


@dataclass
class _Place:
    """Where something is kept once it is made; whoever asks for it meanwhile waits."""

    turn: Lock = field(default_factory=Lock)
    made: Look | None = None


class GraphDesk:
    """Answers questions about the relations behind the run."""

    def __init__(
        self,
        run: RunFolder,
        workspace: Workspace,
        leave: Callable[[], Leave],
        now: Callable[[], int],
    ) -> None:
        """Work on a run's facts, with those of the workspace's book; nothing is read yet.

        Args:
            run: Whose facts.
            workspace: Where the book is.
            leave: What may be read at this moment.
            now: Microseconds since 1970.
        """
        self._run, self._workspace, self._leave, self._now = run, workspace, leave, now
        self._kept: OrderedDict[Hashable, _Place] = OrderedDict()
        self._turn = Lock()

    def look(self, day: date | None = None, known_by: date | None = None) -> Look:
        """The graph of the current run, names of persons whole: `Look.for_roles` masks them.

        Args:
            day: At whose end; None: when the run decided.
            known_by: What became known after this day is not used; None: `day`.

        Raises:
            NoGraphError: The run has no facts, or none that may be read.
            InputError: There is no such day.
        """
        run = self._run.current()
        moment = run.about.moment if day is None else _end(day, run.about.zone)
        known = moment if known_by is None else _end(known_by, run.about.zone)
        return self._once(
            (run, moment, known),
            self._facts,
            lambda facts: graph_view(facts, moment, known, instant_of(self._now())),
        )

    def customers(self, day: date | None = None) -> Look:
        """The relations without trade, with what the book has at risk: for groups and limits.

        Args:
            day: At whose end, as known then; None: when the last fact became known.

        Raises:
            NoGraphError: The run has no facts, or none that may be read.
            InputError: There is no such day.
        """
        run = self._run.current()
        moment = None if day is None else _end(day, run.about.zone)
        return self._once(
            (run, "customers", moment, self._book_stamp()),
            self._facts_and_book,
            lambda facts: graph_view(facts, moment, None, instant_of(self._now()), trading=False),
        )

    def warm(self) -> None:
        """Build what is asked for first; where there is nothing, whoever asks is told."""
        try:
            _ = self.look().standing
        except HeadraceError:
            return

    def _facts(self) -> FactTables:
        try:
            return FactStore(self._run.path)
        except InputError as error:
            raise NoGraphError(
                "The run left no facts, so there is no graph",
                remedy="`headrace run --out FOLDER` or `headrace demo` leaves them",
            ) from error

    @property
    def _proof(self) -> Path:
        return self._workspace.folder("book") / "proof"

    def _facts_and_book(self) -> FactTables:
        facts, has_book = self._facts(), (self._proof / "facts").is_dir()
        return WithBook(facts, FactStore(self._proof)) if has_book else facts

    def _book_stamp(self) -> tuple[int, int, int] | None:
        """Changes when the book's facts do; None where there is no book."""
        try:
            found = (self._proof / "facts" / f"{EXPOSURE.kind}.parquet").stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _once(
        self,
        key: tuple[Run, *tuple[Hashable, ...]],
        stored: Callable[[], FactTables],
        make: Callable[[FactTables], GraphView],
    ) -> Look:
        leave = self._leave()
        with self._turn:
            whole = (key, frozenset(leave.withdrawn))
            place = self._kept.setdefault(whole, _Place())
            self._kept.move_to_end(whole)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        with place.turn:
            if place.made is None:
                place.made = _made(key[0], AllowedTables(stored(), leave), make)
            return place.made


def _made(run: Run, facts: AllowedTables, make: Callable[[FactTables], GraphView]) -> Look:
    try:
        view = make(facts)
    except InputError as error:
        raise (_none_readable(facts) or error) from error
    none = None if len(view.snapshot.parties) else _none_readable(facts)
    if none is not None:
        raise none
    return Look(
        run.digest,
        view,
        run.about.zone,
        run.about.simulated,
        facts.of_purpose,
        facts.of_consent,
    )


def _none_readable(facts: AllowedTables) -> NoneReadableError | None:
    """What is said where nothing is left; None where nothing was left out either."""
    if not (facts.of_purpose or facts.of_consent):
        return None
    return NoneReadableError(
        "No fact of the run may be read for this purpose, so there is no graph",
        remedy="Their purpose is not one of purposes.toml, or consent was withdrawn",
    )


def _with_names_masked(view: GraphView, mask: Mask) -> GraphView:
    """The same parties and relations; whatever is derived from it has no other names."""
    statements = view.statements
    parties = statements.parties
    persons = (parties.type == Type.PERSON).tolist()
    names = [
        mask(name) if is_person and name is not None else name
        for name, is_person in zip(parties.names.to_pylist(), persons, strict=True)
    ]
    shown = replace(parties, names=pa.array(names, pa.string()))
    snapshot = replace(view.snapshot, statements=replace(statements, parties=shown))
    return replace(view, snapshot=snapshot)


def _end(day: date, zone: str) -> datetime:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InputError(
            f"{day} is out of reach", where="day, known_by", remedy=f"{FIRST_DAY} to {LAST_DAY}"
        )
    return end_of_day(day, zone)
