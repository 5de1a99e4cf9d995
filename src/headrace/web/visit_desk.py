"""Visits in the service: lists made of the run, and joined with applications and the book."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.adapters.loan_books import OpenBook
from headrace.adapters.stores.visit import VisitStore
from headrace.clock import EPOCH, local_day
from headrace.contracts.lending.events import Disburse, Draw
from headrace.decisions.lending.decision import Outcome
from headrace.errors import HeadraceError
from headrace.evidence.canonical import canonical_json
from headrace.facts.consent import Leave, readable
from headrace.facts.kinds import PARTY
from headrace.facts.localtime import instant_of
from headrace.web.apply_desk import ApplyDesk, Firm, Firms
from headrace.web.book_room import BookRoom
from headrace.web.run_folder import Run, RunFolder
from headrace.web.security.scope import Scope
from headrace.workflows.visits import (
    Candidate,
    Filter,
    FunnelRow,
    Later,
    Listed,
    Task,
    VisitList,
    chosen,
    funnel,
    spread,
    tasks,
)


@dataclass(frozen=True)
class VisitDesk:
    """What pages and API ask about visits.

    Attributes:
        store: Of visits.
        run: What a run decided.
        apply: Applications, and the firms of the run.
        book: Loans.
        leave: For what purposes facts may be read to visit firms, and which consents are withdrawn.
    """

    store: VisitStore
    run: RunFolder
    apply: ApplyDesk
    book: BookRoom
    leave: Callable[[], Leave]
    _grounds: dict[str, pa.Table] = field(default_factory=dict, repr=False)

    def make(
        self, made: VisitList, asked: Filter, managers: tuple[str, ...], scope: Scope
    ) -> tuple[Listed, ...]:
        """Make a list of firms and give its areas to managers; the same list again is found.

        Args:
            made: The list; its filter is written here.
            asked: Which firms.
            managers: Who may go; empty: areas are given later.
            scope: What the maker may know of.
        """
        gone = self.left_out()
        known = (each for each in self.candidates() if each.party not in gone)
        seen = [each for each in known if scope.sees(each.region)]
        firms = chosen(seen, asked, made.id)
        areas = spread(firms, managers)
        told = canonical_json(asdict(asked)).decode()
        self.store.add(
            VisitList(made.id, made.title, told, made.by, made.at, made.simulated),
            [Listed(**{**asdict(each), "manager": areas.get(each.area, "")}) for each in firms],
        )
        return self.store.firms(of=made.id)

    def left_out(self) -> frozenset[str]:
        """Parties whom every fact that describes them forbids to be visited: by purpose or consent.

        On a list made before, they are shown no more; sums still count them.
        """
        grounds = self._described()
        allowed = set(readable(grounds, self.leave()).facts["party"].to_pylist())
        return frozenset(grounds["party"].to_pylist()) - allowed

    def _described(self) -> pa.Table:
        """On what purposes and consents each party of the run is described; read once for a run."""
        digest, path = self.run.current().digest, self.run.path / "facts" / f"{PARTY.kind}.parquet"
        if digest not in self._grounds:
            names = ["party", "purpose", "consent"]
            kinds = pa.schema([(name, pa.string()) for name in names])
            found = pq.read_table(path, columns=names).cast(kinds) if path.is_file() else None
            table = kinds.empty_table() if found is None else found.group_by(names).aggregate([])
            self._grounds.clear()
            self._grounds[digest] = table
        return self._grounds[digest]

    def candidates(self) -> tuple[Candidate, ...]:
        """All firms of the run, with what filters ask for."""
        return candidates_of(self.run.current(), self.apply.firms(), self.drawn())

    def tasks(self, firms: Iterable[Listed], now: int) -> tuple[Task, ...]:
        """What is still to be done of some firms."""
        firms = tuple(firms)
        visits = self.store.visits({each.list for each in firms})
        zone = self.run.current().about.zone
        return tasks(firms, visits, local_day(instant_of(now), zone))

    def funnel(
        self,
        lists: Iterable[VisitList],
        by: Callable[[Listed], str],
        sees: Callable[[Listed], bool],
    ) -> tuple[FunnelRow, ...]:
        """How far the firms of some lists came, for each group."""
        lists = tuple(lists)
        known = {each.id for each in lists}
        firms = [each for each in self.store.firms() if each.list in known and sees(each)]
        return funnel(firms, self.store.visits(known), self.later(), by)

    def later(self) -> Later:
        """What came of firms elsewhere."""
        asked = defaultdict(list)
        for party, at, outcome in self.apply.store.approvals():
            asked[party].append((at, outcome))
        decisions = self.run.current().decisions
        approved = frozenset(e.party for e in decisions if e.outcome is Outcome.APPROVE)
        return Later(asked, approved, self.drawn())

    def drawn(self) -> Mapping[str, int]:
        """When a loan of each party was last paid out, microseconds; empty without a book."""
        try:
            return self.book.made("visits", _drawn)
        except HeadraceError:  # no book yet: nobody has drawn
            return {}


def candidates_of(run: Run, firms: Firms, drawn: Mapping[str, int]) -> tuple[Candidate, ...]:
    """All firms of a run, with what filters ask for."""
    found = []
    for decision in run.decisions:
        firm = firms.by_party.get(decision.party, Firm(decision.party))
        found.append(
            Candidate(
                party=decision.party,
                name=firm.name or decision.party,
                region=firm.region or "",
                industry=firm.industry or "",
                rating=decision.rating,
                outcome=decision.outcome.value,
                probability=decision.pd,
                has_loan=decision.party in drawn,
            )
        )
    return tuple(found)


def _drawn(here: OpenBook) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for loan in here.desk.book.loans.values():
        days = [each.on for each in loan.events if isinstance(each, Disburse | Draw)]
        if days:
            found[loan.party] = max(found.get(loan.party, 0), us_of(max(days)))
    return found


def us_of(day: date) -> int:
    """The last moment of a day, microseconds since 1970, so that it is not before any of it."""
    return (day - EPOCH + timedelta(days=1)) // timedelta(microseconds=1) - 1
