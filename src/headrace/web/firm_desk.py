"""What the service knows of firms: found by name, and everything about one, kept for each run.

The facts of a run are sorted by party once (`headrace.adapters.party_facts`); whatever is asked of
one firm after that is a slice of them, and before that a query. A later run is noticed by its
digest. Nobody waits for the sorting.
"""

import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock, Thread
from typing import Any, TypeVar
from weakref import finalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace import packs
from headrace.adapters.arrived_facts import ArrivedFacts, new_to
from headrace.adapters.fact_batches import FactBatches
from headrace.adapters.folder import DiskFolder
from headrace.adapters.party_facts import (
    FactsOfParties,
    PartyFacts,
    QueriedFacts,
    kinds_of_parties,
)
from headrace.adapters.store import FactStore
from headrace.decisions.lending.decision import Decision
from headrace.errors import HeadraceError, InputError
from headrace.facts.cells import plain
from headrace.facts.consent import Leave, readable
from headrace.facts.corrections import as_of
from headrace.facts.kinds import MAPPABLE, PARTY
from headrace.features.compile import compile_plan
from headrace.features.engines.batch import read
from headrace.features.plan import make_plan
from headrace.web.run_folder import Run, RunFolder
from headrace.workflows.explain import Explanation, explain, facts_behind
from headrace.workflows.firm import PEERS_MIN, Month, Standing, months, partners, standings
from headrace.workflows.invoices import invoice_history

KEPT = 64
PARTNERS = 8
Made = TypeVar("Made")


class NoFactsError(HeadraceError):
    """The run left no facts."""


@dataclass(frozen=True)
class Party:
    """Who somebody is, as last known.

    Attributes:
        party: Code.
        name: None where no fact says; so are the others.
        type: person, company, ...
        industry: In the source's words.
        region: In the source's words.
        uscc: Unified social credit code.
    """

    party: str
    name: str | None
    type: str | None = None
    industry: str | None = None
    region: str | None = None
    uscc: str | None = None

    @property
    def is_firm(self) -> bool:
        """Whether it trades and borrows as a firm, as far as known."""
        return self.type not in ("person", "fund", "state")


@dataclass(frozen=True)
class Peers:
    """A firm's figures among those of others.

    Attributes:
        industry: Of the peers; None: all firms of the run, for too few are of its industry.
        figures: One for each feature.
    """

    industry: str | None
    figures: tuple[Standing, ...]


@dataclass(frozen=True)
class Trade:
    """A firm's invoices that stood when the run decided, and how many may not be read."""

    of_purpose: int
    of_consent: int
    months: tuple[Month, ...]
    customers: tuple[tuple[str, int, int], ...]
    suppliers: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class _Allowed:
    """Facts by party, of which only those are there that may be read."""

    facts: FactsOfParties
    leave: Leave

    def invoices(self, party: str) -> pa.Table:
        return readable(self.facts.invoices(party), self.leave).facts

    def corrections(self, party: str) -> pa.Table:
        return readable(self.facts.corrections(party), self.leave).facts


class RunFirms:
    """The firms of one run."""

    def __init__(self, run: Run, folder: Path) -> None:
        """Read who there is; facts are sorted when they are first asked for."""
        self.run, self.folder = run, folder
        self._scratch = _scratch_of(self)
        self._turn = Lock()
        self._begun = False
        self._sorted: PartyFacts | None = None

    @cached_property
    def parties(self) -> Mapping[str, Party]:
        """Everybody whom a fact describes or a decision is about, by code."""
        found = {
            code: Party(code, firm.name, industry=firm.industry, region=firm.region)
            for code, firm in self.run.firms.items()
        }
        path = self.folder / "facts" / f"{PARTY.kind}.parquet"
        if not path.is_file():
            return found
        names = ["party", "name", "type", "industry", "region", "uscc"]
        table = pq.read_table(path, columns=["known_time", *names]).sort_by("known_time")
        columns = (table[name].cast(pa.string()).to_pylist() for name in names)
        for row in zip(*columns, strict=True):
            told = {name: each for name, each in zip(names, row, strict=True) if each}
            # A later fact that leaves something open takes nothing back.
            found[row[0]] = replace(found.get(row[0]) or Party(row[0], None), **told)
        return found

    @cached_property
    def decided(self) -> Mapping[str, Decision]:
        """The decision on each firm."""
        return {each.party: each for each in self.run.decisions}

    @cached_property
    def _firms(self) -> tuple[list[Party], pa.Array]:
        """Firms in natural order, those that were decided on first; and what they are found by."""
        firms = [each for each in self.parties.values() if each.is_firm]
        place = self.run.positions
        order = {each.party: place[each.decision_id] for each in self.run.decisions}
        firms.sort(key=lambda each: (order.get(each.party, len(order)), each.party))
        told = (f"{each.party}\n{each.name or ''}\n{each.uscc or ''}" for each in firms)
        return firms, pa.array([_plain(each) for each in told], pa.string())

    def found(self, text: str, sees: Callable[[str | None], bool]) -> list[Party]:
        """Firms whose code, name or credit code holds a text; whose code it is comes first.

        Args:
            text: Empty: all.
            sees: Whether a firm of a region may be shown.
        """
        firms, told = self._firms
        wanted = _plain(text)
        places = pc.indices_nonzero(pc.match_substring(told, wanted)).to_pylist()
        found = [firms[at] for at in places]
        found.sort(key=lambda each: _plain(each.party) != wanted)
        return [each for each in found if sees(each.region)]

    @cached_property
    def _features(self) -> tuple[pa.Table, Mapping[str, int]]:
        path = self.folder / "features.parquet"
        try:
            table = pq.read_table(path)
        except (OSError, pa.ArrowException) as error:
            raise NoFactsError(
                "The run left no features", remedy="Run again: headrace run"
            ) from error
        codes = table["party"].to_pylist()
        return table, {code: at for at, code in enumerate(codes)}

    def peers(self, party: str) -> Peers | None:
        """The figures of a firm; None where the run computed none for it."""
        table, rows = self._features
        if party not in rows:
            return None
        industry = self.parties[party].industry if party in self.parties else None
        names = table["party"].to_pylist()
        alike = np.array(
            [each in self.parties and self.parties[each].industry == industry for each in names]
        )
        if industry is None or int(alike.sum()) < PEERS_MIN:
            industry, alike = None, np.ones(len(names), dtype=np.bool_)
        return Peers(industry, standings(table, rows[party], alike))

    def figures_at(self, party: str, moment: datetime, leave: Leave) -> Mapping[str, float | None]:
        """What those of a firm's own events that may be read make of its figures at a moment."""
        facts, about = _Allowed(self.facts(), leave), self.run.about
        feature_set = packs.load(about.pack).feature_set.in_zone(about.zone)
        history = invoice_history(facts.invoices(party), facts.corrections(party))
        asked = pa.table(
            {"party": [party], "as_of": pa.array([moment], pa.timestamp("us", tz="UTC"))}
        )
        table = read(compile_plan(make_plan(feature_set)), history, asked, at=moment).table
        row: dict[str, float | None] = table.drop_columns(["party", "as_of"]).to_pylist()[0]
        return row

    def facts(self) -> FactsOfParties:
        """The facts by party: out of the run's own files as long as they are not sorted.

        Raises:
            NoFactsError: The run left none.
        """
        self._begin()
        return self._sorted or self._queried

    def sorted(self) -> PartyFacts:
        """The facts sorted, so that whatever is asked of one party is a slice of them.

        Raises:
            NoFactsError: The run left none.
        """
        with self._turn:  # one sorts, the others wait for it
            if self._sorted is None:
                try:
                    self._sorted = PartyFacts(FactStore(self.folder), self._scratch)
                except InputError as error:
                    raise no_facts() from error
            return self._sorted

    def _begin(self) -> None:
        """Have the facts sorted behind, once, by whoever asks first."""
        if not self._begun:
            self._begun = True
            Thread(target=self._sort_behind, name="sorting", daemon=True).start()

    def _sort_behind(self) -> None:
        with suppress(HeadraceError, OSError):  # the run was replaced: its firms are, too
            self.sorted()

    @cached_property
    def _queried(self) -> QueriedFacts:
        try:
            return QueriedFacts(FactStore(self.folder))
        except InputError as error:
            raise no_facts() from error

    def trade(self, party: str, leave: Leave) -> Trade:
        """What a firm sold and bought, as of the run, of invoices that may be read."""
        facts, about = self.facts(), self.run.about
        found = readable(facts.invoices(party), leave)
        standing = as_of(found.facts, facts.corrections(party), about.moment)
        return Trade(
            found.of_purpose,
            found.of_consent,
            months(standing, about.zone),
            partners(standing, "sale", PARTNERS),
            partners(standing, "purchase", PARTNERS),
        )

    def explanation(self, party: str) -> Explanation:
        """Why it was decided so, computed again from the facts."""
        pack = packs.load(self.run.about.pack)
        return explain(DiskFolder(self.folder), self.facts(), pack, party)

    def behind(self, party: str, feature: str, leave: Leave) -> pa.Table:
        """Those of the facts behind one of its figures that may be read; see `facts_behind`."""
        pack, facts = packs.load(self.run.about.pack), _Allowed(self.facts(), leave)
        return facts_behind(DiskFolder(self.folder), facts, pack, party, feature)


class FirmDesk:
    """Answers what is asked of firms."""

    def __init__(self, run: RunFolder, batches: FactBatches) -> None:
        """Work on a run, and on what came by the API; nothing is read yet."""
        self._run = run
        self._firms: RunFirms | None = None
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._turn, self._keeping = Lock(), Lock()
        self.arrived = ArrivedFacts(batches, _scratch_of(self))

    def firms(self) -> RunFirms:
        """Those of the current run.

        Raises:
            NoRunError: There is none.
        """
        run = self._run.current()
        with self._turn:
            if self._firms is None or self._firms.run.digest != run.digest:
                self._firms = RunFirms(run, self._run.path)
            return self._firms

    def warm(self) -> None:
        """Sort the facts before somebody asks; where there are none, whoever asks is told."""
        with suppress(HeadraceError):
            self.firms().sorted()
        with suppress(HeadraceError):
            for kind in MAPPABLE.keys() & set(kinds_of_parties()):
                self.arrived.of(kind, "")

    def once(self, name: str, party: str, make: Callable[[RunFirms], Made]) -> Made:
        """What is made of a firm, kept for the run; the newest are."""
        firms = self.firms()
        key = (firms.run.digest, name, party)
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                made: Made = self._kept[key]
                return made
        made = make(firms)
        with self._keeping:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def facts(self, kind: str, party: str) -> pa.Table:
        """The facts of a kind about a party: those of the run, then what came since by the API.

        Raises:
            InputError: There is no such kind, or it is about no party.
        """
        if kind not in kinds_of_parties():
            raise InputError(
                f"`{kind[:40]}` is no kind of fact about a party",
                where="kind",
                remedy=f"One of {', '.join(kinds_of_parties())}",
            )
        try:
            found = self.firms().facts().facts(kind, party)
        except HeadraceError:
            if kind not in MAPPABLE:
                raise
            found = plain(MAPPABLE[kind].empty())
        since = self.arrived.of(kind, party) if kind in MAPPABLE else None
        return found if since is None else pa.concat_tables([found, new_to(found, since)])


def _scratch_of(owner: object) -> Path:
    """A folder for files that only this process maps; gone with its owner."""
    place = Path(mkdtemp(prefix="headrace-"))
    finalize(owner, rmtree, place, ignore_errors=True)
    return place


def known_at(facts: pa.Table, moment: datetime) -> pa.Table:
    """Those that were known at a moment; one that does not say when is taken as known."""
    until = pa.scalar(moment, pa.timestamp("us", tz="UTC"))
    return facts.filter(pc.fill_null(pc.less_equal(facts["known_time"], until), fill_value=True))


def no_facts() -> NoFactsError:
    """What is said where a run left no facts."""
    return NoFactsError(
        "The run left no facts to show",
        remedy="`headrace run --out FOLDER` or `headrace demo` leaves them",
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()
