"""An industry chain: products and industries, what is made of what, what is a kind of what."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from headrace.errors import InputError

Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]
Floats = NDArray[np.float64]
NOWHERE = -1


class NodeKind(IntEnum):
    """What a node of the map is."""

    PRODUCT = 0
    INDUSTRY = 1


@dataclass(frozen=True)
class ChainMap:
    """Nodes and edges of a chain.

    Attributes:
        names: One per node; products and industries may share one.
        codes: Official code of an industry; null of a product.
        kind: int8 (n,), NodeKind.
        user: int32 (u,): the node that needs an input; with `input`, one upstream edge each.
        input: int32 (u,): what it needs.
        support: float64 (u,): how many sources say so, 1 or more.
        child: int32 (s,): the narrower node; with `parent`, one edge each.
        parent: int32 (s,): the wider one.
    """

    names: pa.StringArray
    codes: pa.StringArray
    kind: Bytes
    user: Ints
    input: Ints
    support: Floats
    child: Ints
    parent: Ints

    def __post_init__(self) -> None:
        """Refuse edges to nodes that are not there."""
        n = len(self.names)
        for what, ends in (("upstream", (self.user, self.input)),
                           ("subclass", (self.child, self.parent))):  # fmt: skip
            both = np.concatenate(ends)
            wrong = np.flatnonzero((both < 0) | (both >= n))
            if len(wrong):
                raise InputError(
                    f"node {both[wrong[0]]} is not there",
                    where=f"{what} edges",
                    remedy=f"codes 0 to {n - 1}",
                )

    def nodes(self, kind: NodeKind) -> Ints:
        """int32: the nodes of one kind."""
        return np.flatnonzero(self.kind == kind).astype(np.int32)


def wider(chain: ChainMap) -> Ints:
    """int32 (n,): of each node its parent, the first where it has several; -1: none."""
    parent = np.full(len(chain.names), NOWHERE, np.int32)
    parent[chain.child[::-1]] = chain.parent[::-1]
    return parent


def top_level(chain: ChainMap) -> Ints:
    """int32 (n,): the widest node above each; itself where it has no parent. Loops end."""
    parent = wider(chain)
    at = np.arange(len(parent), dtype=np.int32)
    for _ in range(64):  # no classification is deeper
        up = parent[at]
        at = np.where(up >= 0, up, at).astype(np.int32)
    return at


def steps_upstream(chain: ChainMap, start: Ints) -> Ints:
    """int32 (n,): over how many inputs of inputs a node is reached from some; -1: never.

    The start is 0 steps away, its inputs 1. Loops are no difficulty: the least counts.
    """
    return steps(chain.user, chain.input, start, len(chain.names))


def steps(tail: Ints, head: Ints, start: Ints, count: int) -> Ints:
    """int32 (count,): the least number of edges from any start; -1: not reached."""
    if not len(start):
        return np.full(count, NOWHERE, np.int32)
    edges = csr_array((np.ones(len(tail)), (tail, head)), shape=(count, count))
    edges.data[:] = 1.0  # parallel edges were summed
    found = dijkstra(edges, indices=start, unweighted=True, min_only=True)
    return np.where(np.isfinite(found), found, NOWHERE).astype(np.int32)
