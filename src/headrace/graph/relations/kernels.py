"""Kernels of relations over arrays: what stands at a moment, and edges by node."""

import numba
import numpy as np

_compile = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


@_compile
def standing(order, start, known, since, until, withdrawn, moment, known_by):
    """Of each statement the version that speaks, if it says that the relation holds.

    Args:
        order: int64 (m,): versions by statement, within one by when they were known.
        start: int64 (s + 1,): where the versions of each statement begin in `order`.
        known: int64 (m,).
        since: int64 (m,).
        until: int64 (m,): no longer true from then.
        withdrawn: bool (m,).
        moment: The time asked about.
        known_by: What was known later does not count.

    Returns:
        int64: positions of the versions that hold, by statement.
    """
    found = np.empty(start.size - 1, np.int64)
    count = 0
    for statement in range(start.size - 1):
        for at in range(start[statement + 1] - 1, start[statement] - 1, -1):
            version = order[at]
            if known[version] <= known_by and since[version] <= moment:
                if not withdrawn[version] and moment < until[version]:
                    found[count] = version
                    count += 1
                break
    return found[:count]


@_compile
def by_node(node, nodes):
    """Edges of each node, in their order.

    Args:
        node: int32 (m,): a node of each edge.
        nodes: How many nodes there are.

    Returns:
        offsets int64 (nodes + 1,) and edge int64 (m,): those of node v are
        `edge[offsets[v]:offsets[v + 1]]`.
    """
    offsets = np.zeros(nodes + 1, np.int64)
    for each in node:
        offsets[each + 1] += 1
    for each in range(nodes):
        offsets[each + 1] += offsets[each]
    place = offsets[:-1].copy()
    edge = np.empty(node.size, np.int64)
    for position in range(node.size):
        each = node[position]
        edge[place[each]] = position
        place[each] += 1
    return offsets, edge


@_compile
def hops(offsets, edge, source, target, seeds, depth, edges_max):
    """Nodes within some hops of seeds, over edges in either direction, breadth first.

    Args:
        offsets: int64 (2, n + 1): of `by_node` for sources and for targets.
        edge: int64 (2, m).
        source: int32 (m,).
        target: int32 (m,).
        seeds: int32 (k,).
        depth: Hops, 0 and more.
        edges_max: Of a node with more edges than this, hop no further.

    Returns:
        int32: nodes in order of discovery, seeds first; int8 (n,): hops from the nearest seed, -1
        where there is none; int64: how many nodes were not opened because of `edges_max`.
    """
    nodes = offsets.shape[1] - 1
    distance = np.full(nodes, -1, np.int8)
    queue = np.empty(nodes, np.int32)
    tail = 0
    for seed in seeds:
        if distance[seed] < 0:
            distance[seed] = 0
            queue[tail] = seed
            tail += 1
    head, closed = 0, 0
    while head < tail:
        node = queue[head]
        head += 1
        if distance[node] == depth:
            break
        edges = (offsets[0, node + 1] - offsets[0, node]) + (
            offsets[1, node + 1] - offsets[1, node]
        )
        if edges > edges_max and distance[node] > 0:
            closed += 1
            continue
        for side in range(2):
            for at in range(offsets[side, node], offsets[side, node + 1]):
                position = edge[side, at]
                other = target[position] if side == 0 else source[position]
                if distance[other] < 0:
                    distance[other] = distance[node] + 1
                    queue[tail] = other
                    tail += 1
    return queue[:tail].copy(), distance, closed


@_compile
def breadth_first(offsets, edge, source, target, first, last, edges_max):
    """The edge by which each node is first reached from `first`, over edges in either direction.

    Args:
        offsets: int64 (2, n + 1): of `by_node` for sources and for targets.
        edge: int64 (2, m).
        source: int32 (m,).
        target: int32 (m,).
        first: Where to set out.
        last: Where to stop.
        edges_max: A node with more edges, other than the two, is not passed.

    Returns:
        int64 (n,): -1 for `first` and for what is not reached.
    """
    nodes = offsets.shape[1] - 1
    by = np.full(nodes, -1, np.int64)
    seen = np.zeros(nodes, np.bool_)
    queue = np.empty(nodes, np.int32)
    queue[0] = first
    seen[first] = True
    head, tail = 0, 1
    while head < tail and not seen[last]:
        node = queue[head]
        head += 1
        edges = (offsets[0, node + 1] - offsets[0, node]) + (
            offsets[1, node + 1] - offsets[1, node]
        )
        if edges > edges_max and node != first:
            continue
        for side in range(2):
            for at in range(offsets[side, node], offsets[side, node + 1]):
                position = edge[side, at]
                other = target[position] if side == 0 else source[position]
                if not seen[other]:
                    seen[other] = True
                    by[other] = position
                    queue[tail] = other
                    tail += 1
    return by
