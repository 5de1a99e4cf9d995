"""Ownership and control kept current: one holding put or withdrawn, and only what it reaches anew.

A holding in a company changes the owners of that company and of what is below it, and nothing
else. It changes what a party controls only where that party, or something it reaches, has votes in
the company. Those are found again; all else stands. The answers are those of a computation from
scratch on the holdings as they are then.
"""

from dataclasses import dataclass, replace

import numpy as np

from headrace.graph.ownership import kernels
from headrace.graph.ownership.control import (
    Control,
    Counter,
    Reach,
    control_of,
)
from headrace.graph.ownership.integrated import (
    CLOSED,
    KEEP,
    Lists,
    Owners,
    inside_rows,
    solve,
    solved_blocks,
    ultimate_holders,
)
from headrace.graph.ownership.runs import Runs
from headrace.graph.ownership.shares import (
    Bools,
    Codes,
    Fault,
    Finding,
    Holdings,
    Ints,
    Run,
    Shares,
    read_shares,
    settled,
)
from headrace.graph.ownership.votes import (
    WHOLE,
    Agreement,
    Agreements,
    Votes,
    claims_of,
    in_units,
    pools,
    read_votes,
)

Pairs = frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Holding:
    """One holding that is recorded: low, high as in `Holdings`; `edge` identifies it."""

    edge: int
    holder: int
    company: int
    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """What one holding changed.

    Attributes:
        companies: int32: companies whose owners were found again.
        gained: Pairs of controller and controlled that are certain now and were not.
        lost: Pairs that were certain and are no longer.
        findings: What is wrong with the records of those companies now.
    """

    companies: Codes
    gained: Pairs
    lost: Pairs
    findings: tuple[Finding, ...]


class LiveOwnership:
    """Owners and controllers of every company, current after each change.

    Holdings carry capital and votes alike; agreements stay as they were given. Partnerships' and
    other holdings that carry no votes, and votes apart from capital, call for a new computation.
    Some tens of bytes stay behind with each change: after millions of them, compute anew.
    """

    def __init__(self, holdings: Holdings, agreements: Agreements, persons: Bools) -> None:
        """Compute everything once."""
        shares = read_shares(holdings, persons)
        ownership = solve(shares)
        self._persons = persons
        self._agreements = agreements
        self._low, self._high = _bounds(holdings, shares)
        self._above = Runs(
            shares.start, shares.length, shares.holder, shares.company, ownership.shares.share,
            shares.edge, shares.share, self._low, self._high,
        )  # fmt: skip
        self._remainder = ownership.shares.remainder.copy()
        self._below = Runs(*ownership.below)
        self._aside = {
            company
            for finding in ownership.findings
            if finding.fault is Fault.CLOSED
            for company in finding.companies
        }
        lists = ultimate_holders(ownership)
        self._lists = Runs(lists.at, lists.length, lists.holder, lists.share)
        self._lost, self._open = lists.lost, ownership.open.copy()
        parties = len(persons)
        self._index = np.full(parties, -1, np.int32)
        self._label = np.full(parties, -2, np.int32)
        self._place = np.empty(parties, np.int32)
        self._marked = np.zeros(parties, np.bool_)
        self._sums, self._seen = np.zeros(parties), np.empty(parties, np.int32)
        self._control = _LiveControl(read_votes(shares, agreements), agreements)

    def put(self, holding: Holding) -> Change:
        """Record a holding, in the place of the one in that company with the same `edge`."""
        if self._persons[holding.company]:
            wrong = Finding(Fault.PERSON, (holding.company,), (holding.edge,))
            return Change(np.empty(0, np.int32), frozenset(), frozenset(), (wrong,))
        return self._changed(holding.company, holding.edge, holding)

    def withdraw(self, company: int, edge: int) -> Change:
        """Take back a holding; nothing changes where there is none."""
        if self._persons[company]:
            return Change(np.empty(0, np.int32), frozenset(), frozenset(), ())
        return self._changed(company, edge, None)

    def owners(self, company: int) -> Owners:
        """The ultimate holders of a company."""
        return self._as_lists().at_least(0.0, np.array([company], np.int32))

    def controllers(self, company: int) -> Control:
        """Everybody who controls a company."""
        return self._control.controllers(company)

    def controlled(self, controller: int) -> Control:
        """Everything that a party controls."""
        return self._control.controlled(controller)

    def _as_lists(self) -> Lists:
        runs = self._lists
        holder, share = runs.columns
        return Lists(runs.start, runs.length, holder, share, self._lost, self._open)

    def _shares(self) -> Shares:
        runs = self._above
        holder, company, share, edge = runs.columns[:4]
        return Shares(
            len(self._persons), runs.start, runs.length, holder, company, share, edge,
            self._remainder, (),
        )  # fmt: skip

    def _changed(self, company: int, edge: int, holding: Holding | None) -> Change:
        rows = self._above.rows(company)
        old = [column[rows].copy() for column in self._above.columns]
        kept = old[3] != edge
        run = [old[0][kept], old[3][kept], old[5][kept], old[6][kept]]
        if holding is not None:
            new = (holding.holder, holding.edge, holding.low, holding.high)
            run = [np.append(a, np.array(b, a.dtype)) for a, b in zip(run, new, strict=True)]
        run = [column[np.lexsort((run[1], run[0]))] for column in run]
        holder, edges, low, high = run
        share, remainder, findings = _settled_alone(company, holder, low, high, edges)
        about = np.full(len(holder), company, np.int32)
        self._above.replace(company, holder, about, share, edges, share, low, high)
        self._remainder[company] = remainder
        self._rehang(company, old[0], holder)
        below, closed = self._owners_again(company)
        gained, lost = self._control.again(
            company, Run(holder, about, share, high, edges), remainder
        )
        return Change(below, gained, lost, (*findings, *closed))

    def _rehang(self, company: int, before: Codes, after: Codes) -> None:
        """Have every holder's run say in which companies it holds."""
        for holder in np.union1d(before, after).tolist():
            held = self._below.columns[0][self._below.rows(holder)]
            held = held[held != company]
            count = int((after == holder).sum())
            self._below.replace(holder, np.append(held, np.full(count, company, np.int32)))

    def _owners_again(self, company: int) -> tuple[Codes, list[Finding]]:
        """Find the owners of a company and of all below it."""
        roots = np.array([company], np.int32)
        below = kernels.reached(
            roots, self._below.start, self._below.length, self._below.columns[0], self._marked
        )
        self._marked[below] = False
        self._reopen(below)
        self._index[below] = 0
        shares = self._shares()
        members, at = kernels.components(
            below, shares.start, shares.length, shares.holder, self._index, self._label, self._place
        )
        looped, leak = kernels.leaks(members, at, self._label, shares.graph, self._remainder)
        closed = self._close(shares, members, at, looped & (leak <= CLOSED))
        block_at, blocks = solved_blocks(shares, members, at, self._label, self._place, looped)
        self._open[below] = self._remainder[below]
        kernels.downward(
            np.arange(len(looped), dtype=np.int32), members, at,
            self._label, shares.graph, block_at, blocks,
            self._open,
        )  # fmt: skip
        np.minimum.at(self._open, below, 1.0)
        self._list_again(members, at, shares, block_at, blocks)
        self._index[below], self._label[below] = -1, -2
        return below, closed

    def _list_again(
        self, members: Codes, at: Ints, shares: Shares, block_at: Ints, blocks: np.ndarray
    ) -> None:
        component, runs = 0, self._lists
        while True:
            component, runs.fill = kernels.spread(
                component, members, at, self._label, shares.graph, block_at, blocks,
                (runs.start, runs.length, *runs.columns), runs.fill, self._lost, self._sums,
                self._seen, KEEP,
            )  # fmt: skip
            if component == len(block_at):
                return
            runs.make_room()

    def _reopen(self, below: Codes) -> None:
        """Shares set aside in closed circles count again until it is known that they still are."""
        for company in self._aside.intersection(below.tolist()):
            rows = self._above.rows(company)
            self._above.columns[2][rows] = self._above.columns[4][rows]
            _, self._remainder[company], _ = _settled_alone(
                company, *(self._above.columns[at][rows] for at in (0, 5, 6, 3))
            )
            self._aside.discard(company)

    def _close(self, shares: Shares, members: Codes, at: Ints, closed: Bools) -> list[Finding]:
        findings = []
        for component in np.flatnonzero(closed).tolist():
            circle = members[at[component] : at[component + 1]]
            rows = inside_rows(shares, circle, self._label)
            self._above.columns[2][rows] = 0.0
            self._remainder[circle] = 1.0
            self._aside.update(circle.tolist())
            edges = tuple(sorted(shares.edge[rows].tolist()))
            findings.append(Finding(Fault.CLOSED, tuple(sorted(circle.tolist())), edges))
        return findings


def _bounds(holdings: Holdings, shares: Shares) -> tuple[np.ndarray, np.ndarray]:
    """Recorded bounds in the order of shares."""
    order = np.argsort(holdings.edge, kind="stable")
    at = order[np.searchsorted(holdings.edge, shares.edge, sorter=order)]
    return holdings.low[at], holdings.high[at]


def _settled_alone(
    company: int, holder: Codes, low: np.ndarray, high: np.ndarray, edge: Ints
) -> tuple[np.ndarray, float, tuple[Finding, ...]]:
    """What is certain of the shares in one company, and what is left of it."""
    numbers = np.where(holder == company, 0, holder + 1).astype(np.int32)
    run = Run(numbers, np.zeros(len(holder), np.int32), low, high, edge)
    share, remainder, findings = settled(
        run, np.zeros(1, np.int64), np.array([len(holder)], np.int64)
    )
    return share, float(remainder[0]), tuple(replace(f, companies=(company,)) for f in findings)


class _LiveControl:
    """What every party reaches by votes, current after each change."""

    def __init__(self, votes: Votes, agreements: Agreements) -> None:
        self._votes = votes
        self._agreements = agreements
        self._claims = Runs(
            votes.start, votes.length, votes.claimant, votes.company, votes.units, votes.pool,
            votes.edge, votes.by,
        )  # fmt: skip
        self._own = Runs(*votes.own)
        self._remainder = votes.remainder.copy()
        self._counter = Counter(votes.parties, len(self._claims.columns[0]))
        self._who = np.flatnonzero((votes.own[1] > 0) | (votes.allies[1] > 0)).astype(np.int32)
        self._base = self._counter.reach(votes, self._who)
        self._begin = np.full(votes.parties, -1, np.int64)
        self._begin[self._who] = np.arange(len(self._who))
        self._reaching = kernels.neighbours(self._base.party, votes.parties)
        self._by_row = np.repeat(self._who, np.diff(self._base.at))
        self._again: dict[int, Reach] = {}
        self._reached_again: dict[int, set[int]] = {}

    def controlled(self, controller: int) -> Control:
        """Everything that a party controls."""
        return control_of(np.array([controller], np.int32), self._reach(controller))

    def controllers(self, company: int) -> Control:
        """Everybody who controls a company."""
        found = [self.controlled(party) for party in sorted(self._reachers(company))]
        rows = [each.rows(each.controlled == company) for each in found]
        if not rows:
            return self.controlled(company).rows(np.empty(0, np.int64))
        return Control(*(np.concatenate([getattr(row, name) for row in rows])
                         for name in Control.__dataclass_fields__))  # fmt: skip

    def again(self, company: int, run: Run, remainder: float) -> tuple[Pairs, Pairs]:
        """Count again what depends on the votes in a company; pairs gained and lost."""
        before = self._claims.columns[0][self._claims.rows(company)].copy()
        self._claim_again(company, run, remainder)
        after = self._claims.columns[0][self._claims.rows(company)]
        touched: set[int] = set()
        for claimant in np.union1d(before, after).tolist():
            touched |= {claimant} | self._reachers(claimant)
        who = np.array(sorted(touched), np.int32)
        old = {party: self._reach(party) for party in touched}
        room = 2 * sum(len(each.party) for each in old.values()) + 4 * len(who) + 64
        reach = self._counter.reach(self._view(), who, room)
        gained: set[tuple[int, int]] = set()
        lost: set[tuple[int, int]] = set()
        for place, party in enumerate(who.tolist()):
            rows = slice(int(reach.at[place]), int(reach.at[place + 1]))
            new = Reach(
                np.array([0, rows.stop - rows.start]), reach.party[rows], reach.kind[rows],
                reach.low[rows], reach.high[rows],
            )  # fmt: skip
            had, has = _certain(old[party]), _certain(new)
            gained |= {(party, each) for each in has - had}
            lost |= {(party, each) for each in had - has}
            self._keep(party, old[party], new)
        return frozenset(gained), frozenset(lost)

    def _keep(self, party: int, old: Reach, new: Reach) -> None:
        for each in old.party.tolist():
            if each in self._reached_again:
                self._reached_again[each].discard(party)
        for each in new.party.tolist():
            self._reached_again.setdefault(each, set()).add(party)
        self._again[party] = new

    def _claim_again(self, company: int, run: Run, remainder: float) -> None:
        """Rewrite the claims on a company from its shares (`run.low`) and the agreements."""
        named = self._agreements
        kept = (named.object == company) | ~np.isin(
            named.kind, (Agreement.PARTNER, Agreement.CONTRACT)
        )
        mine = named.rows(kept)
        claims = claims_of(run.holder, run.company, run.low, run.edge, mine)
        left = WHOLE - int(in_units(run.low).sum())
        left = left if remainder > 0 and left > len(run.holder) else 0
        partners = int((mine.kind == Agreement.PARTNER).sum())
        self._remainder[company] = left if not partners else WHOLE * (partners > 1)
        concert = mine.only(Agreement.CONCERT)
        concert = concert.rows(concert.about == company)
        concert = replace(concert, about=np.zeros(len(concert.kind), np.int32))
        count = len(claims.company)
        pool = pools(claims.claimant, np.zeros(1, np.int64), np.array([count]), concert)
        old = self._claims.rows(company)
        claimants = [self._claims.columns[0][old].copy(), claims.claimant]
        at = self._claims.replace(
            company, claims.claimant, claims.company, claims.units, pool, claims.edge, claims.by
        )
        if len(self._claims.columns[0]) > self._counter.claims:
            self._counter = Counter(self._votes.parties, len(self._claims.columns[0]))
        for claimant in np.union1d(*claimants).tolist():
            own = self._own.columns[0][self._own.rows(claimant)]
            own = own[(own < old.start) | (own >= old.stop)]
            new = at.start + np.flatnonzero(claims.claimant == claimant)
            self._own.replace(claimant, np.append(own, new))

    def _view(self) -> Votes:
        claimant, company, units, pool, edge, by = self._claims.columns
        own = (self._own.start, self._own.length, self._own.columns[0])
        return replace(
            self._votes, start=self._claims.start, length=self._claims.length, claimant=claimant,
            company=company, units=units, pool=pool, edge=edge, by=by, remainder=self._remainder,
            own=own,
        )  # fmt: skip

    def _reach(self, party: int) -> Reach:
        """What a party reaches, as last found."""
        if party in self._again:
            return self._again[party]
        place = int(self._begin[party])
        base = self._base
        rows = slice(0, 0) if place < 0 else slice(int(base.at[place]), int(base.at[place + 1]))
        return Reach(
            np.array([0, rows.stop - rows.start]), base.party[rows], base.kind[rows],
            base.low[rows], base.high[rows],
        )  # fmt: skip

    def _reachers(self, party: int) -> set[int]:
        """Everybody who reaches a party."""
        order, start, length = self._reaching
        rows = order[start[party] : start[party] + length[party]]
        first = {each for each in self._by_row[rows].tolist() if each not in self._again}
        return first | self._reached_again.get(party, set())


def _certain(reach: Reach) -> set[int]:
    return set(reach.party[reach.kind < kernels.POSSIBLE].tolist())
