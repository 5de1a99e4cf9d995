"""Graph features of the parties of a folder, and who was known to be bad."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.corrections import known_by
from headrace.facts.kinds import CREDIT_RECORD, PARTY
from headrace.facts.parties import is_firm
from headrace.graph.features.measures import graph_features
from headrace.workflows.graph_view import HUB_EDGES, GraphView
from headrace.workflows.ports import FactTables


def defaulted(facts: FactTables, known: datetime) -> list[str]:
    """Parties with a credit record of default that was known by then, each once, in order."""
    records = facts.read(CREDIT_RECORD.kind)
    told = pc.and_(
        known_by(records, known), pc.equal(records["outcome"].cast(pa.string()), "default")
    )
    return sorted(pc.unique(records.filter(told)["party"].cast(pa.string())).to_pylist())


def firms(facts: FactTables) -> list[str]:
    """Codes of the firms that party facts describe, each once, in order."""
    parties = facts.read(PARTY.kind)
    return sorted(
        pc.unique(parties.filter(is_firm(parties))["party"].cast(pa.string())).to_pylist()
    )


def features_of(
    facts: FactTables, view: GraphView, asked: Sequence[str] = (), hub: int = HUB_EDGES
) -> pa.Table:
    """Graph features as of the view's two times; see `headrace.graph.features.measures`.

    Args:
        facts: Where credit records and parties are.
        view: The graph.
        asked: Codes; empty: every firm that a party fact describes.
        hub: A node with more neighbours connects nobody with anybody.

    Returns:
        party, as_of, and the features.
    """
    parties = list(asked) or firms(facts)
    found = graph_features(view.snapshot, parties, defaulted(facts, view.known), hub)
    moments = pa.array([view.moment] * len(parties), pa.timestamp("us", "UTC"))
    return found.add_column(1, "as_of", moments)
