"""Graph features of the parties of a folder, and who was known to be bad."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.corrections import known_by
from headrace.facts.kinds import CREDIT_RECORD, LOAN_EVENT, PARTY, RELATION
from headrace.facts.parties import is_firm
from headrace.graph.features.measures import graph_features
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of
from headrace.workflows.graph_view import HUB_EDGES, GraphView
from headrace.workflows.ports import FactTables

BAD_GRADES = ("substandard", "doubtful", "loss")
"""Classes of the five that are bad (不良)."""


def defaulted(facts: FactTables, known: datetime) -> list[str]:
    """Parties known by then to have defaulted, each once, in order.

    By a credit record, or because a loan in a book was classified as bad or written off.
    """
    records, events = facts.read(CREDIT_RECORD.kind), facts.read(LOAN_EVENT.kind)
    bad = pc.or_(
        pc.is_in(events["grade"].cast(pa.string()), value_set=pa.array(BAD_GRADES)),
        pc.equal(events["act"].cast(pa.string()), "writeoff"),
    )
    ended = pc.equal(records["outcome"].cast(pa.string()), "default")
    told = [
        table.filter(pc.and_(known_by(table, known), which))["party"].cast(pa.string()).to_pylist()
        for table, which in ((records, ended), (events, bad))
    ]
    return sorted({party for parties in told for party in parties})


def firms(facts: FactTables, known: datetime) -> list[str]:
    """Codes of the firms that party facts known by then describe, each once, in order."""
    parties = facts.read(PARTY.kind)
    chosen = parties.filter(pc.and_(is_firm(parties), known_by(parties, known)))
    return sorted(pc.unique(chosen["party"].cast(pa.string())).to_pylist())


def features_of(
    facts: FactTables, view: GraphView, asked: Sequence[str] = (), hub: int = HUB_EDGES
) -> pa.Table:
    """Graph features as of the view's two times; see `headrace.graph.features.measures`.

    Args:
        facts: Where credit records, events of loans and parties are.
        view: The graph.
        asked: Codes; empty: every firm that a party fact describes.
        hub: A node with more neighbours connects nobody with anybody.

    Returns:
        party, as_of, and the features.
    """
    parties = list(asked) or firms(facts, view.known)
    found = graph_features(view.snapshot, parties, defaulted(facts, view.known), hub)
    moments = pa.array([view.moment] * len(parties), pa.timestamp("us", "UTC"))
    return found.add_column(1, "as_of", moments)


RELATION_FEATURES = (
    *("guarantee_circle", "guarantees_given", "guarantees_received"),
    *("shared_with", "leader_offices", "core_number"),
)
"""Of the graph features those that need no trade and no outcome of anybody."""


def relation_features(
    facts: Mapping[str, pa.Table], asked: Sequence[str], moment: datetime
) -> pa.Table:
    """What relations that stood and were known at a moment say of parties.

    Args:
        facts: Kind -> stored facts.
        asked: Codes of parties.
        moment: An aware instant.

    Returns:
        party and RELATION_FEATURES, all null where there are no relations at all: missing is not
        zero.
    """
    relations = facts[RELATION.kind]
    parties = facts[PARTY.kind]
    described = parties.filter(known_by(parties, moment)) if relations.num_rows else None
    snapshot = as_of(statements_of(relations, described), moment)
    found = graph_features(snapshot, list(asked), [], HUB_EDGES)
    return found.select(["party", *RELATION_FEATURES])
