"""What is known of one firm at a moment: what the run read, and what came after it.

A run over everything received by then would say the same, but reads all of it. Here only what the
firm's features rest on is computed anew: its own invoices, those of others that may be the other
side of one paper or go to the same counterparties, and the relations. Rings of papers need the
papers of everybody: they are carried on from one moment to the next, where all that is computed
anew are the papers whose day and amount something new has.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.facts.cells import Mask, is_in, numpy_mask, plain
from headrace.facts.consent import Leave, readable, unread
from headrace.facts.corrections import as_of as stood_at
from headrace.facts.corrections import find_voids, known_by, voided_by
from headrace.facts.equal import codes
from headrace.facts.kinds import PARTY, RELATION
from headrace.facts.localtime import instant_of
from headrace.graph.trade import PAPER, TRADE, party_measures, rings_of, same_papers, trade_near
from headrace.workflows.graph_features import RELATION_FEATURES, relation_features
from headrace.workflows.industry import industries

Ints = NDArray[np.int64]
Words = tuple[tuple[str, str], ...]
TRADE_MEASURES = (
    *("hidden_partners", "self_invoice_count", "ring_count"),
    *("shared_customer_share", "shared_supplier_share"),
)
RELATIONS = (*TRADE_MEASURES, *RELATION_FEATURES)
"""Features that all firms together make."""

_SPREAD = np.int64(0x1E3779B97F4A7C15)  # odd and large, so that sums of products seldom meet
_VOIDED = pa.array(["voided"])
_TELLING = ("id", "event_time", "known_time", "amount_minor", "status")
"""What tells whether an invoice may be void."""


@dataclass(frozen=True)
class Instant:
    """Up to where facts are used.

    Attributes:
        moment: What became known after it is not used, microseconds since 1970.
        batch: Of what came after the run, up to this batch; 0: nothing.
    """

    moment: int
    batch: int

    @property
    def time(self) -> datetime:
        """The moment as an aware time."""
        return instant_of(self.moment)


@dataclass(frozen=True, eq=False)
class Came:
    """Facts of a kind that came by the API.

    Attributes:
        facts: In the stored schema, in the order they came.
        numbers: Of the batch of each, ascending.
    """

    facts: pa.Table
    numbers: Ints

    def until(self, batch: int) -> "Came":
        """What came up to a batch."""
        count = int(np.searchsorted(self.numbers, batch, side="right"))
        return Came(self.facts.slice(0, count), self.numbers[:count])


@dataclass(frozen=True, eq=False)
class Rows:
    """Facts of one kind.

    Attributes:
        run: Those the run read, in the stored schema; rows of one party in their stored order.
        arrived: All that came by now and the run has not read.
    """

    run: pa.Table
    arrived: Callable[[], Came]

    def until(self, batch: int) -> Came:
        """What came after the run up to a batch."""
        return self.arrived().until(batch)

    def all(self, batch: int) -> pa.Table:
        """All in the order a run has them, with texts in place of codes; for small tables."""
        return in_order([self.run, self.until(batch).facts])

    def turns(self, since: Instant, until: Instant) -> bool:
        """Whether anything came, or what was there before became otherwise, between instants."""
        came = self.until(until.batch)
        if (came.numbers > since.batch).any():
            return True
        names = {"event_time", "valid_to", "known_time"} & set(self.run.column_names)
        return any(
            bool(_within(_us(facts[name]), since, until).any())
            for facts in (self.run, came.facts)
            for name in names
        )


@dataclass(frozen=True, eq=False)
class Together:
    """What is between firms, as of an instant.

    Attributes:
        at: The instant.
        papers: As `TradeGraph.same_papers`.
        rings: As `TradeGraph.rings`.
        ties: Party and RELATION_FEATURES, a row a party.
    """

    at: Instant
    papers: pa.Table
    rings: pa.Table
    ties: pa.Table


@dataclass(frozen=True, eq=False)
class FirmFacts:
    """What is known of one firm.

    Attributes:
        invoices: Known ones, in the order a run has them, those voided since included.
        corrections: Voids among them.
        industry: For people.
        at: As of which it is decided.
        shared: RELATIONS, by name; None: missing.
    """

    invoices: pa.Table
    corrections: pa.Table
    industry: str
    at: Instant
    shared: Mapping[str, float | None]


@dataclass(frozen=True, eq=False)
class Received:
    """Everything a bank received.

    Attributes:
        invoices: Facts of kind invoice.
        relations: Facts of kind relation.
        parties: Facts of kind party.
        papers: The run's `TradeGraph.same_papers`.
        rings: The run's `TradeGraph.rings`.
        features: The run's, a row a party.
        moment: Up to which the run knew everything, microseconds since 1970.
        zone: Whose days count.
        leave: What may be read.
    """

    invoices: Rows
    relations: Rows
    parties: Rows
    papers: pa.Table
    rings: pa.Table
    features: pa.Table
    moment: int
    zone: str
    leave: Leave

    @cached_property
    def began(self) -> Together:
        """What the run found between firms, less what may not be read."""
        at = Instant(self.moment, 0)
        ties = self._ties_of_run() if self._reads_all else self._ties_at(at)
        found = Together(at, self.papers, self.rings, ties)
        return self._on(found, at, [_filtered(self.invoices.run, self._unread)])

    def instant(self, now: int, batch: int) -> Instant:
        """The last moment up to `now` at which something about an invoice became known.

        A run over what is known now would be as of it.
        """
        came = self.invoices.until(batch).facts
        told = (
            *(self._run_known, self._run_voids[0]),
            *(_us(came["known_time"]), void_times(came, self.zone)[0]),
        )
        latest = (int(times[times <= now].max(initial=self.moment)) for times in told)
        return Instant(max(latest), batch)

    def carried(self, found: Together, at: Instant) -> Together:
        """What is between firms at an instant, from what was at an earlier one."""
        if at == found.at:
            return found
        came = self.invoices.until(at.batch)
        of_run = (self.invoices.run, self._run_known, self._run_voids)
        since = (came.facts, _us(came.facts["known_time"]), void_times(came.facts, self.zone))
        new = [_filtered(came.facts, came.numbers > found.at.batch)]
        for rows, known, (times, voided) in (of_run, since):
            new.append(_filtered(rows, _within(known, found.at, at)))
            new.append(rows.take(pa.array(voided[_within(times, found.at, at)])))
        return self._on(replace(found, ties=self._ties(found, at)), at, new)

    def firm(self, party: str, own: pa.Table, found: Together, words: Words) -> FirmFacts:
        """What is known of a firm.

        Args:
            party: Its code.
            own: Its invoices of the run, in the stored order.
            found: What is between firms.
            words: Of industries, in names.
        """
        at = found.at
        came = self.invoices.until(at.batch).facts
        mine = _filtered(came, is_in(came["party"], pa.array([party])))
        invoices = self._readable([own, mine])
        corrections = find_voids(invoices, self.zone)
        moment = at.time
        described = readable(self.parties.all(at.batch), self.leave).facts
        described = described.filter(
            pc.and_(pc.equal(described["party"], party), known_by(described, moment))
        )
        return FirmFacts(
            invoices.filter(known_by(invoices, moment)),
            corrections,
            industries([party], described, words)[0],
            at,
            self._shared(party, stood_at(invoices, corrections, moment), found),
        )

    def _shared(self, party: str, own: pa.Table, found: Together) -> Mapping[str, float | None]:
        """Features of a firm that others make with it; `own` are its invoices that stand."""
        if found is self.began and self._reads_all:
            row = self.features.filter(pc.equal(self.features["party"], party)).to_pylist()
            return {name: row[0][name] if row else None for name in self._names}
        sizes, others = _sizes(own), pc.unique(own["counterparty"])
        came = self.invoices.until(found.at.batch).facts
        near = self._standing(found.at, self._of_sizes(came, sizes), PAPER)
        dealing = [is_in(each["counterparty"], others) for each in (self.invoices.run, came)]
        trading = self._standing(found.at, dealing, TRADE)
        graph = trade_near(trading, near, found.rings)
        measures = party_measures(graph, (party,)).to_pylist()[0]
        ties = found.ties.filter(pc.equal(found.ties["party"], party)).to_pylist()
        told = measures | (ties[0] if ties else dict.fromkeys(RELATION_FEATURES))
        return {name: told[name] for name in self._names}

    def _on(self, found: Together, at: Instant, new: Sequence[pa.Table]) -> Together:
        """The same, with papers anew whose day and amount something new has."""
        changed = pa.concat_tables([each.select(["event_time", "amount_minor"]) for each in new])
        if not changed.num_rows:
            return replace(found, at=at)
        sizes = _sizes(changed)
        came = self.invoices.until(at.batch).facts
        rows = self._standing(at, self._of_sizes(came, sizes), PAPER)
        kept = found.papers.filter(pa.array(~_among(_sizes(found.papers), sizes)))
        papers = pa.concat_tables([kept, same_papers(rows).cast(kept.schema)])
        papers = papers.sort_by([("sale_id", "ascending"), ("purchase_id", "ascending")])
        same = _between(papers).equals(_between(found.papers))
        return Together(at, papers, found.rings if same else rings_of(_between(papers)), found.ties)

    def _of_sizes(self, came: pa.Table, sizes: Ints) -> tuple[Mask, Mask]:
        """Which invoices of the run, and of those that came, have such a time and amount."""
        return _among(self._run_sizes, sizes), _among(_sizes(came), sizes)

    def _standing(self, at: Instant, asked: Sequence[Mask], names: Sequence[str]) -> pa.Table:
        """Of invoices, those of the run and those that came, what stands and may be read.

        With each invoice its equals are asked for.

        Void can only be what is voided, or has the day and the amount of it: of few rows more is
        read than what is asked for.
        """
        came = self.invoices.until(at.batch).facts
        parts = (
            (self.invoices.run, asked[0] & ~self._unread),
            (came, asked[1] & ~unread(came, self.leave)),
        )
        read = sorted({*names, *_TELLING})
        rows = pa.concat_tables([_filtered(each.select(read), mask) for each, mask in parts])
        voided = rows.filter(pa.array(is_in(rows["status"], _VOIDED)))
        near = _among(_sizes(rows), _sizes(voided))
        first = int(parts[0][1].sum())
        suspects = [
            each.take(pa.array(np.flatnonzero(mask)[hit]))
            for (each, mask), hit in zip(parts, np.split(near, [first]), strict=True)
        ]
        voids = find_voids(in_order(suspects), self.zone)
        stands = pc.and_not(known_by(rows, at.time), voided_by(rows, voids, at.time))
        return rows.select(names).filter(stands)

    def _readable(self, parts: Sequence[pa.Table]) -> pa.Table:
        """Invoices that may be read, in the order a run has them."""
        return readable(in_order(parts), self.leave).facts

    def _ties(self, found: Together, at: Instant) -> pa.Table:
        """What relations say of parties; nothing is computed where none of them changed."""
        if self.relations.turns(found.at, at) or self.parties.turns(found.at, at):
            return self._ties_at(at)
        return found.ties

    def _ties_at(self, at: Instant) -> pa.Table:
        facts = {
            RELATION.kind: readable(self.relations.all(at.batch), self.leave).facts,
            PARTY.kind: readable(self.parties.all(at.batch), self.leave).facts,
        }
        known = [self.features["party"].to_pylist()]
        known += [facts[PARTY.kind]["party"].to_pylist()]
        known += [
            self.invoices.until(at.batch).facts["party"].cast(pa.string()).unique().to_pylist()
        ]
        parties = list(dict.fromkeys(code for each in known for code in each))
        return relation_features(facts, parties, at.time)

    def _ties_of_run(self) -> pa.Table:
        names = [each for each in RELATION_FEATURES if each in self._names]
        return self.features.select(["party", *names])

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(each for each in RELATIONS if each in self.features.column_names)

    @cached_property
    def _unread(self) -> Mask:
        """Which invoices of the run may not be read."""
        return unread(self.invoices.run, self.leave)

    @cached_property
    def _reads_all(self) -> bool:
        """Whether everything the run read may be read."""
        others = (self.relations.run, self.parties.run)
        read = [readable(each, self.leave).facts.num_rows for each in others]
        return not self._unread.any() and read == [each.num_rows for each in others]

    @cached_property
    def _run_known(self) -> Ints:
        return _us(self.invoices.run["known_time"])

    @cached_property
    def _run_sizes(self) -> Ints:
        return _sizes(self.invoices.run)

    @cached_property
    def _run_voids(self) -> tuple[Ints, Ints]:
        return void_times(self.invoices.run, self.zone)


def in_order(parts: Sequence[pa.Table]) -> pa.Table:
    """Facts in the order a run has them: by time, then source, then as they came."""
    rows = pa.concat_tables([plain(each) for each in parts])
    return rows.sort_by([("event_time", "ascending"), ("source", "ascending")])


def void_times(invoices: pa.Table, zone: str) -> tuple[Ints, Ints]:
    """When each voided invoice was known to be void, microseconds since 1970, and its row."""
    rows = np.flatnonzero(is_in(invoices["status"], _VOIDED))
    voided = plain(invoices.take(pa.array(rows)))
    found = find_voids(voided, zone)
    place = pc.index_in(found["corrects"], value_set=voided["id"].combine_chunks())
    return _us(found["known_time"]), rows[_us(place)]


def _within(times: Ints, since: Instant, until: Instant) -> Mask:
    """Which times are after one instant and not after another."""
    return (times > since.moment) & (times <= until.moment)


def _between(papers: pa.Table) -> pa.Table:
    """Papers of two different firms."""
    return papers.filter(pc.not_equal(papers["seller"], papers["buyer"])).combine_chunks()


def _sizes(invoices: pa.Table) -> Ints:
    """Of each row a number that is the same where time and amount are; seldom elsewhere."""
    return _us(invoices["event_time"]) * _SPREAD + _us(invoices["amount_minor"])


def _among(rows: Ints, sizes: Ints) -> Mask:
    """Which rows have one of these times with its amount; a few others may be among them."""
    return numpy_mask(pc.is_in(pa.array(rows), value_set=pa.array(np.unique(sizes))))


def _filtered(table: pa.Table, mask: Mask) -> pa.Table:
    return table.take(pa.array(np.flatnonzero(mask)))


def _us(column: pa.ChunkedArray | pa.Array) -> Ints:
    return codes(column)
