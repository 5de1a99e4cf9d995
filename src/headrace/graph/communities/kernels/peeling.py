"""Greedy peeling kept in order while edges come and go.

A graph is half-edges in linked lists: edge e joins ends[2e] and ends[2e + 1], half-edge h lies
in the list of ends[h] (first at head[node], then following[h], -1 at the end) and leads to
ends[h ^ 1]. An edge that was taken out stays in its lists at weight zero. Weights are whole
numbers, so that a sum does not depend on its order and an order kept current equals one made
anew, to the last tie.
"""

import numba
import numpy as np

from headrace.graph.communities.kernels.heap import pop, push, rise

NEAR, TRACKED, PLACED = np.uint8(1), np.uint8(2), np.uint8(4)

_compile = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


@_compile
def link(first, last, ends, head, following):
    """Put the half-edges of edges `first` to `last` (excluded) into the lists of their nodes."""
    for half in range(2 * first, 2 * last):
        following[half] = head[ends[half]]
        head[ends[half]] = half


@_compile
def _left(node, at, position, state):
    """Whether a node is still there when `at` positions of the old order have been read."""
    if state[node] & TRACKED:
        return True
    return position[node] >= at and not state[node] & PLACED


@_compile
def _track(node, at, graph, position, state, key, prior):
    """Give a node its true weight among what is left, and warn all its neighbours."""
    head, following, ends, weight = graph
    total = prior[node]
    half = head[node]
    while half >= 0:
        other = ends[half ^ 1]
        if _left(other, at, position, state):
            total += weight[half >> 1]
        state[other] |= NEAR
        half = following[half]
    key[node] = total
    state[node] |= TRACKED


@_compile
def reorder(start, pending, graph, prior, order, peeled, position, state, fresh, scratch):
    """Bring a peeling order up to date after edges came or went; where it stopped changing.

    The old order is read from `start` on. What is left of it (R) and what is really left (R')
    differ by the nodes held back and by those taken early; both are tracked in a heap by their true
    weights. A node beside none of them weighs what it did, and all others untracked weigh at least
    what they did, so the least of R' is the top of the heap or the next of the old order. Once R is
    R' and no changed edge has both ends left, the rest of the old order stands. (The idea of
    keeping the order and moving only a segment: Jiang et al., Spade, PVLDB 16(3), 2022.)

    Args:
        start: First position that can change: where edges only came, the least of their ends'.
        pending: Changed edges whose ends are both at or after `start`.
        graph: head, following, ends, weight; see the module.
        prior: int64 (n,): weight a node has by itself.
        order: int32 (n,): nodes as peeled; written.
        peeled: int64 (n,): weight of each when it was peeled, by position; written.
        position: int32 (n,): of each node in `order`; written.
        state: uint8 (n,): NEAR for ends of edges that came, TRACKED | NEAR for ends of edges that
            went, zero elsewhere; all zero again afterwards.
        fresh: uint8 (edges,): whether an edge changed; zero again for edges met.
        scratch: order and weights to be written (int32, int64), heap, slot (int32, all -1), key.

    Returns:
        The position from which on nothing changed.
    """
    head, following, ends, weight = graph
    new_order, new_peeled, heap, slot, key = scratch
    count = len(order)
    size, at, out, held, early = 0, start, start, 0, 0
    if start == 0:
        for node in range(count):
            if state[node] & TRACKED:
                _track(node, 0, graph, position, state, key, prior)
                size = push(heap, slot, key, size, node)
    while at < count or size > 0:
        if held == 0 and early == 0 and pending == 0:
            break
        top = heap[0]
        if size > 0 and (
            at == count or key[top] < peeled[at] or (key[top] == peeled[at] and top < order[at])
        ):
            size = pop(heap, slot, key, size)
            new_order[out], new_peeled[out] = top, key[top]
            out += 1
            state[top] = PLACED
            is_early = position[top] >= at
            if is_early:
                early += 1
            else:
                held -= 1
            half = head[top]
            while half >= 0:
                other = ends[half ^ 1]
                if other != top and _left(other, at, position, state):
                    pending -= fresh[half >> 1]
                    if state[other] & TRACKED:
                        key[other] -= weight[half >> 1]
                        rise(heap, slot, key, slot[other])
                half = following[half]
            half = head[top] if is_early else -1
            while half >= 0:  # a second pass, for parallel edges lead to one neighbour
                other = ends[half ^ 1]
                if _left(other, at, position, state) and not state[other] & TRACKED:
                    _track(other, at, graph, position, state, key, prior)
                    size = push(heap, slot, key, size, other)
                half = following[half]
            continue
        node = order[at]
        if state[node] & PLACED:
            early -= 1
        elif state[node] & TRACKED:
            held += 1
        elif state[node] & NEAR:
            _track(node, at, graph, position, state, key, prior)
            size = push(heap, slot, key, size, node)
            held += 1
        else:
            new_order[out], new_peeled[out] = node, peeled[at]
            out += 1
        at += 1
    while size > 0:
        size = pop(heap, slot, key, size)
    for place in range(start, out):
        order[place], peeled[place] = new_order[place], new_peeled[place]
        position[order[place]] = place
    state[:] = 0
    return out


@_compile
def densest(peeled, since):
    """The start of the densest suffix at or after a position, its weight, and its nodes.

    Of equally dense suffixes the longest.
    """
    total, best_total, best, best_at = np.int64(0), np.int64(0), -1.0, len(peeled)
    for at in range(len(peeled) - 1, since - 1, -1):
        total += peeled[at]
        density = total / (len(peeled) - at)
        if density >= best:
            best, best_at, best_total = density, at, total
    return best_at, best_total
