"""Supply out of the relations that stand, each edge with its fact."""

import numpy as np

from headrace.graph.chains.supply import Longs, Supply
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot


def supply_of(snapshot: Snapshot) -> tuple[Supply, Longs, Longs]:
    """Sales of one party to another that are stated with an amount.

    Returns:
        The supply, whose firms are the nodes of the snapshot; int64: the edge of the snapshot
        behind each of its edges; int64: edges left out, for their amount is not known, not more
        than 0, or the two ends are one party.
    """
    sells = np.isin(snapshot.kind, (Kind.TRADES, Kind.SUPPLIES))
    good = sells & snapshot.amount_known & (snapshot.amount > 0)
    good &= snapshot.subject != snapshot.object
    at = np.flatnonzero(good)
    found = Supply(
        len(snapshot.parties),
        snapshot.subject[at],
        snapshot.object[at],
        snapshot.amount[at].astype(np.float64),
    )
    return found, at, np.flatnonzero(sells & ~good)
