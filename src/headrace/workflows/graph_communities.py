"""Dense rings as their edges arrived, and communities: of all parties, or around one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from headrace.graph.communities.adjacency import adjacency
from headrace.graph.communities.leiden import Modularity, leiden
from headrace.graph.communities.motifs import Motif, directed, motif_community
from headrace.graph.communities.rings import RingWatch
from headrace.graph.communities.tables import (
    community_table,
    is_party,
    motif_table,
    ring_table,
)
from headrace.graph.relations.kinds import Kind, Type
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.relations.statements import ALWAYS
from headrace.workflows.graph_view import GraphView

SEED = 1
MEETINGS = (Kind.USES, Kind.TRANSFERS, Kind.TRADES, Kind.GUARANTEES, Kind.LENDS)
"""Relations whose beginnings the watch for rings sees, unless it is told otherwise."""


def rings(view: GraphView, kinds: Sequence[Kind] = MEETINGS) -> pa.Table:
    """Rings that the relations of some kinds closed, in the order in which they began.

    Relations without a beginning are not seen. See `headrace.graph.communities.rings`.
    """
    chosen = view.snapshot.only(*kinds)
    chosen = chosen.where(chosen.since != ALWAYS)
    ordered = replace(chosen, version=chosen.version[np.argsort(chosen.since, kind="stable")])
    watch = RingWatch(is_party(ordered))
    found = watch.arrive(ordered.subject, ordered.object, ordered.since)
    return ring_table(ordered, found)


def communities(view: GraphView, parties_min: int) -> pa.Table:
    """Communities of parties by everything between them but places on a chain (Leiden)."""
    snapshot = view.snapshot.where(view.snapshot.kind != Kind.ON_CHAIN)
    graph = adjacency(snapshot.subject, snapshot.object, len(snapshot.parties))
    found = leiden(graph, Modularity(), np.random.default_rng(SEED))
    return community_table(snapshot, found, parties_min)


def around(view: GraphView, party: str) -> pa.Table:
    """The community that triangles of payments, trades, guarantees and holdings tie to a party.

    Raises:
        InputError: If no fact names it.
    """
    snapshot = _between_parties(view.snapshot)
    graph = directed(snapshot.subject, snapshot.object, len(snapshot.parties))
    found = motif_community(graph, snapshot.node(party), tuple(Motif))
    return motif_table(snapshot, [found])


def _between_parties(snapshot: Snapshot) -> Snapshot:
    things = [Type.ATTRIBUTE, Type.CHAIN_NODE]
    inside = ~np.isin(snapshot.type_of[snapshot.object], things)
    return snapshot.where(inside)
