"""Pairs grouped into parties, under people's words and what no party can have two of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headrace.graph.identity import kernels


@dataclass(frozen=True)
class Edges:
    """Pairs that may be one party.

    Attributes:
        left: int32 (pairs,): rows.
        right: int32 (pairs,).
        bits: float32 (pairs,): evidence; infinite where a person said that they are one.
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    bits: NDArray[np.float32]


@dataclass(frozen=True)
class Guards:
    """What must not be joined; each by row.

    Attributes:
        apart: int32 (judgements, 2): rows that a person said are two parties.
        single: uint64 (rows, fields): values of which a party has one, 0 unknown.
        source: int16 (rows,): sources that know a party once; -1 any.
        marks: uint64 (rows,): what ties are broken by.
    """

    apart: NDArray[np.int32]
    single: NDArray[np.uint64]
    source: NDArray[np.int16]
    marks: NDArray[np.uint64]


def connected(rows: int, edges: Edges) -> NDArray[np.int32]:
    """The number of each row's connected component."""
    ones = np.ones(len(edges.left), np.int8)
    graph = coo_array((ones, (edges.left, edges.right)), (rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)


def clustered(edges: Edges, guards: Guards) -> NDArray[np.int32]:
    """The lowest row of each row's party.

    The surest pair is joined first, people's words before all, and a pair is skipped where joining
    it would put together what must stay apart: greedy, as in Kruskal's spanning tree, so the result
    depends on the pairs alone and not on the order in which records came.
    """
    rows = len(guards.marks)
    free = not len(guards.apart) and not guards.single.size and bool((guards.source < 0).all())
    if free:
        component = connected(rows, edges)
        lowest = np.full(int(component.max(initial=-1)) + 1, rows, np.int32)
        np.minimum.at(lowest, component, np.arange(rows, dtype=np.int32))
        return lowest[component]
    one, other = guards.marks[edges.left], guards.marks[edges.right]
    low, high = np.minimum(one, other), np.maximum(one, other)
    order = np.lexsort((high, low, -edges.bits))
    sure = int(np.isinf(edges.bits).sum())
    parent = np.empty(rows, np.int32)
    kernels.clusters(
        edges.left[order],
        edges.right[order],
        sure,
        np.ascontiguousarray(guards.apart[:, 0]),
        np.ascontiguousarray(guards.apart[:, 1]),
        guards.single,
        guards.source,
        parent,
    )
    return parent


def spanning_path(edges: Edges, start: int, end: int) -> list[int]:
    """The chain of pairs whose weakest is strongest, from one row to another; empty if none.

    Kept pairs are those of the maximum spanning tree (Hu 1961), found by joining the surest first.
    """
    parent = {row: row for row in np.concatenate([edges.left, edges.right]).tolist()}
    around: dict[int, list[tuple[int, int]]] = {row: [] for row in parent}
    for pair in np.argsort(-edges.bits, kind="stable").tolist():
        one, other = int(edges.left[pair]), int(edges.right[pair])
        a, b = _top(parent, one), _top(parent, other)
        if a != b:
            parent[a] = b
            around[one].append((other, pair))
            around[other].append((one, pair))
    came: dict[int, tuple[int, int]] = {start: (start, -1)}
    waiting = [start]
    for row in waiting:
        for next_row, pair in around.get(row, []):
            if next_row not in came:
                came[next_row] = (row, pair)
                waiting.append(next_row)
    path: list[int] = []
    while end in came and end != start:
        end, pair = came[end]
        path.append(pair)
    return path[::-1]


def _top(parent: dict[int, int], row: int) -> int:
    while parent[row] != row:
        row = parent[row]
    return row
