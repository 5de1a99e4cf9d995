"""Rules run over a folder's relations: what they derive, why, and what new facts would raise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.kinds import PARTY, RELATION
from headrace.facts.localtime import instant_of, microseconds
from headrace.graph.relations.live import LiveRelations
from headrace.graph.rules.given import Feature
from headrace.graph.rules.over import Alert, GraphRules
from headrace.workflows.graph_view import GraphView
from headrace.workflows.ports import FactTables


def derived(view: GraphView, text: str, features: pa.Table | None = None) -> GraphRules:
    """Everything that rules derive at the view's two times.

    Args:
        view: The graph.
        text: The rules.
        features: party, and numbers that rules may read by the names of their columns; None: none.

    Raises:
        RulesError: The rules cannot be run.
    """
    return GraphRules(text, view.snapshot, _features(view, features))


def _features(view: GraphView, table: pa.Table | None) -> list[Feature]:
    if table is None:
        return []
    names = view.snapshot.names
    node = pc.index_in(table["party"].cast(pa.string()).combine_chunks(), value_set=names)
    known = pc.is_valid(node)
    party = pc.filter(node, known).to_numpy().astype(np.int32)
    found = []
    for field in table.schema:
        if pa.types.is_floating(field.type) or pa.types.is_integer(field.type):
            value = pc.fill_null(table[field.name].combine_chunks().cast(pa.float64()), np.nan)
            found.append(Feature(field.name, party, pc.filter(value, known).to_numpy()))
    return found


@dataclass(frozen=True)
class Raised:
    """An alert, and when it would have been raised.

    Attributes:
        known: When the fact that raised it became known.
        alert: What stands since then, and why.
    """

    known: datetime
    alert: Alert


def raised(
    facts: FactTables, text: str, watched: Sequence[str], since: datetime, until: datetime
) -> Iterator[Raised]:
    """What new facts would have raised, in the order in which they became known.

    Relations known by `since` are there at the beginning; every later one is taken in when it
    became known, one moment at a time, as a stream would bring it.

    Args:
        facts: Where they are.
        text: The rules.
        watched: Derived relations whose new facts are alerts.
        since: The beginning.
        until: The end.

    Raises:
        RulesError: The rules cannot be run.
        InputError: If no rule derives a watched relation.
    """
    relations = facts.read(RELATION.kind)
    known = pc.fill_null(
        relations["known_time"].cast(pa.int64()), np.iinfo(np.int64).min
    ).to_numpy()
    begin, end = microseconds(since), microseconds(until)
    live = LiveRelations(relations.filter(pa.array(known <= begin)), facts.read(PARTY.kind), begin)
    rules = GraphRules(text, live.snapshot)
    later = np.unique(known[(known > begin) & (known <= end)])
    for moment in later.tolist():
        change = live.apply(relations.filter(pa.array(known == moment)), moment)
        delta = rules.apply(change, live.statements)
        for alert in rules.alerts(delta, watched):
            yield Raised(instant_of(moment), alert)
