"""Kernels of graph features over arrays: who is bad how near, and how deep a node sits."""

import numba
import numpy as np

_compile = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


@_compile
def near(offsets, neighbour, asked, bad, counted, depth, edges_max):
    """Nodes at each distance from each node asked about, and how many of them are bad.

    Args:
        offsets: int64 (n + 1,): where the neighbours of each node begin.
        neighbour: int32 (2 m,): both ends of every edge.
        asked: int32 (k,).
        bad: bool (n,).
        counted: bool (n,): other nodes are passed but not counted.
        depth: Hops.
        edges_max: A node with more neighbours, other than the one asked about, is not passed.

    Returns:
        int64 (k, depth) twice: counted nodes at exactly that distance; bad ones among them.
    """
    nodes = offsets.size - 1
    seen = np.full(nodes, -1, np.int64)
    queue = np.empty(nodes, np.int32)
    reached = np.zeros((asked.size, depth), np.int64)
    bads = np.zeros((asked.size, depth), np.int64)
    for row in range(asked.size):
        queue[0] = asked[row]
        seen[asked[row]] = row
        head, tail = 0, 1
        for hop in range(depth):
            end = tail
            while head < end:
                node = queue[head]
                head += 1
                if offsets[node + 1] - offsets[node] > edges_max and node != asked[row]:
                    continue
                for at in range(offsets[node], offsets[node + 1]):
                    other = neighbour[at]
                    if seen[other] != row:
                        seen[other] = row
                        queue[tail] = other
                        tail += 1
                        if counted[other]:
                            reached[row, hop] += 1
                            bads[row, hop] += bad[other]
    return reached, bads


@_compile
def coreness(offsets, neighbour):
    """The largest k for which a node is in a part where everybody has k neighbours or more.

    Batagelj and Zaversnik, An O(m) algorithm for cores decomposition of networks (2003): nodes in
    order of degree, each taken away in turn.

    Args:
        offsets: int64 (n + 1,).
        neighbour: int32 (2 m,): both ends of every edge, no two alike, no loops.
    """
    nodes = offsets.size - 1
    degree = np.diff(offsets)
    top = 0
    for node in range(nodes):
        top = max(top, degree[node])
    start = np.zeros(top + 2, np.int64)
    for node in range(nodes):
        start[degree[node] + 1] += 1
    for each in range(top + 1):
        start[each + 1] += start[each]
    order = np.empty(nodes, np.int64)
    place = np.empty(nodes, np.int64)
    fill = start[:-1].copy()
    for node in range(nodes):
        place[node] = fill[degree[node]]
        order[place[node]] = node
        fill[degree[node]] += 1
    for at in range(nodes):
        node = order[at]
        for step in range(offsets[node], offsets[node + 1]):
            other = neighbour[step]
            if degree[other] > degree[node]:
                # It moves to the front of those with its degree, and then has one fewer.
                first = start[degree[other]]
                swap = order[first]
                order[first], order[place[other]] = other, swap
                place[swap], place[other] = place[other], first
                start[degree[other]] += 1
                degree[other] -= 1
    return degree
