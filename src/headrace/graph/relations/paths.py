"""How two parties are connected: the shortest chains of relations between them."""

import numpy as np

from headrace.graph.relations import kernels
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.relations.statements import Ints


def shortest_path(snapshot: Snapshot, first: int, second: int, edges_max: int) -> Ints | None:
    """The edges of one shortest chain between two nodes, whichever way they point.

    Of several of one length, the one whose edges come first.

    Args:
        snapshot: Where to look; `only` kinds for less.
        first: A node.
        second: Another.
        edges_max: A node with more edges than this, other than the two, is not passed: a bank or a
            tax office connects everybody with everybody and explains nothing.

    Returns:
        Positions of edges from `first` on; empty where the two are one; None: no chain.
    """
    edge = kernels.breadth_first(
        np.stack([snapshot.csr.offsets, snapshot.csc.offsets]),
        np.stack([snapshot.csr.edge, snapshot.csc.edge]),
        snapshot.subject,
        snapshot.object,
        first,
        second,
        edges_max,
    )
    if first != second and edge[second] < 0:
        return None
    found, node = [], second
    while node != first:
        position = int(edge[node])
        found.append(position)
        ends = int(snapshot.subject[position]), int(snapshot.object[position])
        node = ends[0] if ends[1] == node else ends[1]
    return np.array(found[::-1], np.int64)
