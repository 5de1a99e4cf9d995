"""The graph that every question is asked of: facts of a folder, as of a moment."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.facts.corrections import as_of as stood_at
from headrace.facts.corrections import known_by
from headrace.facts.kinds import CORRECTION, EXPOSURE, INVOICE, PARTY, RELATION
from headrace.facts.localtime import instant_of, microseconds
from headrace.graph.papers import trades
from headrace.graph.relations.kinds import MEANINGS, Kind, Type
from headrace.graph.relations.paths import shortest_path
from headrace.graph.relations.positions import standing_exposures
from headrace.graph.relations.snapshot import Snapshot, as_of
from headrace.graph.relations.statements import (
    ALWAYS,
    NEVER,
    Statements,
    described,
    statements_of,
)
from headrace.workflows.ports import FactTables

HUB_EDGES = 1_000
"""A node with more edges is no link between others: a bank, a tax office, a marketplace."""


EVENT_KINDS = tuple(kind for kind, meaning in MEANINGS.items() if meaning.event)


@dataclass(frozen=True)
class GraphView:
    """What stood at one moment, as far as it was known at another.

    Attributes:
        snapshot: Parties and the relations between them.
        exposures: Facts of kind exposure that were open.
        moment: The time asked about.
        known: What became known after it is not used.
        trading: Whether invoices are relations in it.
    """

    snapshot: Snapshot
    exposures: pa.Table
    moment: datetime
    known: datetime
    trading: bool = True

    @property
    def statements(self) -> Statements:
        """Everything ever stated."""
        return self.snapshot.statements


def graph_view(
    facts: FactTables,
    moment: datetime | None,
    known: datetime | None,
    now: datetime,
    *,
    trading: bool = True,
) -> GraphView:
    """The graph of stored facts.

    Args:
        facts: Where they are.
        moment: The time asked about; None: when the last of them became known, or `now` where none
            of them says.
        known: What became known after it is not used; None: `moment`.
        now: The present.
        trading: Whether invoices become relations `trades`, which takes most of the time. Without
            them everybody whom invoices name is a party all the same.

    Raises:
        InputError: If there is nothing to make a graph of, or facts cannot be read.
    """
    relations, invoices = facts.read(RELATION.kind), facts.read(INVOICE.kind)
    exposures = facts.read(EXPOSURE.kind)
    asked = moment or _last_known([relations, invoices, exposures], now)
    heard = known or asked
    parties = facts.read(PARTY.kind)
    told = parties.filter(known_by(parties, heard))
    if trading:
        standing = stood_at(invoices, facts.read(CORRECTION.kind), heard)
        whole = pa.concat_tables([relations, trades(standing)]).unify_dictionaries()
        statements = statements_of(whole, told)
    else:
        statements = statements_of(relations, told, _named(invoices))
    at, by = microseconds(asked), microseconds(heard)
    open_ = standing_exposures(exposures, at, by)
    return GraphView(as_of(statements, asked, heard), open_, asked, heard, trading)


def _named(invoices: pa.Table) -> list[pa.ChunkedArray]:
    return [invoices["party"], invoices["counterparty"]]


def earlier(facts: FactTables, view: GraphView, moment: datetime) -> GraphView:
    """The relations of a view at another moment, as everything was known then, with equal nodes.

    Args:
        facts: Of the view.
        view: Without invoices: which of them stood, and whose they were taken to be, was another
            question then.
        moment: The other one; it may also be a later one.

    Raises:
        ValueError: If invoices are in the view.
    """
    if view.trading:
        message = "invoices of one moment are not those of another: ask for a view without them"
        raise ValueError(message)
    parties, exposures = facts.read(PARTY.kind), facts.read(EXPOSURE.kind)
    statements = described(view.statements, parties.filter(known_by(parties, moment)))
    at = microseconds(moment)
    cut = as_of(statements, moment)
    return GraphView(cut, standing_exposures(exposures, at, at), moment, moment, trading=False)


def _last_known(tables: Sequence[pa.Table], now: datetime) -> datetime:
    if not any(table.num_rows for table in tables):
        raise InputError(
            "there is no fact of kind relation, invoice or exposure",
            where="facts",
            remedy="map at least one table to `relation`; see quarantine.csv for rows refused",
        )
    times = [pc.max(table["known_time"]).as_py() for table in tables if table.num_rows]
    known = [time for time in times if time is not None]
    last: datetime = max(known, default=now).astimezone(UTC)
    return last


def find(view: GraphView, text: str, count: int) -> pa.Table:
    """Parties whose code or name holds a text, the nearest first.

    Returns:
        party, name, type, relations (how many edges it has), at most `count` rows: equal ones, then
        those that begin with it, then others; within that by relations.
    """
    parties, wanted = view.snapshot.parties, _plain(text)
    degree = view.snapshot.csr.degree + view.snapshot.csc.degree
    found = []
    pairs = zip(parties.codes.to_pylist(), parties.names.to_pylist(), strict=True)
    for node, (code, name) in enumerate(pairs):
        near = [_nearness(wanted, _plain(each)) for each in (code, name) if each is not None]
        best = min((each for each in near if each is not None), default=None)
        if best is not None:
            found.append((best, -int(degree[node]), code, name, node))
    rows = [
        {
            "party": code,
            "name": name,
            "type": Type(int(parties.type[node])).name.lower(),
            "relations": -edges,
        }
        for _, edges, code, name, node in sorted(found, key=lambda row: row[:3])[:count]
    ]
    return pa.Table.from_pylist(rows, _FOUND)


_FOUND = pa.schema(
    {"party": pa.string(), "name": pa.string(), "type": pa.string(), "relations": pa.int64()}
)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _nearness(wanted: str, text: str) -> int | None:
    if wanted == text:
        return 0
    if text.startswith(wanted):
        return 1
    return 2 if wanted in text else None


def lasting(snapshot: Snapshot) -> Snapshot:
    """The relations that last: that two firms buy from one seller explains little."""
    return snapshot.where(~np.isin(snapshot.kind, EVENT_KINDS))


def chain_between(
    snapshot: Snapshot, first: str, second: str, hub: int
) -> list[dict[str, Any]] | None:
    """How two parties are connected: a shortest chain, as `edge_rows`; None: they are not.

    Args:
        snapshot: Where to look.
        first: Code of a party.
        second: Of another.
        hub: A node with more edges than this, other than the two, is not passed.

    Raises:
        InputError: If no fact names one.
    """
    found = shortest_path(snapshot, snapshot.node(first), snapshot.node(second), hub)
    return None if found is None else edge_rows(snapshot, found.tolist())


def edge_rows(snapshot: Snapshot, edges: Sequence[int]) -> list[dict[str, Any]]:
    """Relations in words and numbers, one dict each, in the order given.

    Keys: relation, words, words_zh, subject, object, subject_name, object_name, role, about, share
    (least and most, or None), amount_minor, since, until (ISO, or None), fact.
    """
    parties = snapshot.parties
    rows = []
    for edge in edges:
        kind = Kind(int(snapshot.kind[edge]))
        ends = [int(snapshot.subject[edge]), int(snapshot.object[edge])]
        about, role = int(snapshot.about[edge]), int(snapshot.role[edge])
        low, high = float(snapshot.low[edge]), float(snapshot.high[edge])
        rows.append(
            {
                "relation": kind.name.lower(),
                "words": MEANINGS[kind].en,
                "words_zh": MEANINGS[kind].zh,
                "subject": parties.codes[ends[0]].as_py(),
                "object": parties.codes[ends[1]].as_py(),
                "subject_name": parties.names[ends[0]].as_py(),
                "object_name": parties.names[ends[1]].as_py(),
                "role": None if role < 0 else snapshot.roles[role],
                "about": None if about < 0 else parties.codes[about].as_py(),
                "share": None if np.isnan(low) else [low, high],
                "amount_minor": int(snapshot.amount[edge]) if snapshot.amount_known[edge] else None,
                "since": _iso(int(snapshot.since[edge])),
                "until": _iso(int(snapshot.until[edge])),
                "fact": snapshot.fact[edge].as_py(),
            }
        )
    return rows


def event_sums(snapshot: Snapshot, edges: Sequence[int]) -> list[dict[str, Any]]:
    """Events between the same two parties put together, the largest sums first.

    Keys: relation, words, words_zh, subject, object, subject_name, object_name, count,
    amount_minor (None where none is stated), first, last (ISO).
    """
    sums: dict[tuple[int, int, int], dict[str, Any]] = {}
    for edge in edges:
        ends = int(snapshot.subject[edge]), int(snapshot.object[edge])
        kind, since = Kind(int(snapshot.kind[edge])), int(snapshot.since[edge])
        one = sums.setdefault((kind, *ends), {"count": 0, "sum": None, "times": []})
        one["count"] += 1
        one["times"].append(since)
        if snapshot.amount_known[edge]:
            one["sum"] = (one["sum"] or 0) + int(snapshot.amount[edge])
    parties = snapshot.parties
    rows = [
        {
            "relation": Kind(kind).name.lower(),
            "words": MEANINGS[Kind(kind)].en,
            "words_zh": MEANINGS[Kind(kind)].zh,
            "subject": parties.codes[subject].as_py(),
            "object": parties.codes[object_].as_py(),
            "subject_name": parties.names[subject].as_py(),
            "object_name": parties.names[object_].as_py(),
            "count": one["count"],
            "amount_minor": one["sum"],
            "first": _iso(min(one["times"])),
            "last": _iso(max(one["times"])),
        }
        for (kind, subject, object_), one in sums.items()
    ]
    return sorted(
        rows, key=lambda row: (-(row["amount_minor"] or 0), row["subject"], row["object"])
    )


def _iso(us: int) -> str | None:
    if us in (ALWAYS, NEVER):
        return None
    return instant_of(us).isoformat()
