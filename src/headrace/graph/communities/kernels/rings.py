"""The densest block around an edge that has just arrived, looking two steps far.

The graph is half-edges in linked lists, as in `peeling`, one edge a pair of nodes however often
they meet. Nodes of more than `hub` neighbours are what everybody uses: nothing is seen through
them.
"""

import math

import numba
import numpy as np

from headrace.graph.communities.kernels.heap import pop, push, rise

WEIGHT_ONE = 1_000_000
OFFSET = 5.0

_compile = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


@_compile
def _unlink(slot, node, graph):
    """Take the half-edge of a pair out of the list of one of its nodes."""
    head, following, _, _, _ = graph
    before, half = np.int64(-1), head[node]
    while half >> 1 != slot:
        before, half = half, following[half]
    if before < 0:
        head[node] = following[half]
    else:
        following[before] = following[half]


@_compile
def meet(one, other, now, pairs, hub, graph):
    """Two nodes meet: a new pair, or one that is known becomes the latest; its slot.

    A known pair with a hub stays where it is, for nothing is seen through hubs.
    """
    head, following, ends, degree, time = graph
    fewer, more = (one, other) if degree[one] <= degree[other] else (other, one)
    half = head[fewer]
    while half >= 0 and ends[half ^ 1] != more:
        half = following[half]
    slot = np.int64(pairs if half < 0 else half >> 1)
    if half >= 0:
        if degree[more] > hub:
            return slot
        _unlink(slot, one, graph)
        _unlink(slot, other, graph)
    else:
        ends[2 * slot], ends[2 * slot + 1] = one, other
        degree[one] += 1
        degree[other] += 1
    time[slot] = now
    for half in (2 * slot, 2 * slot + 1):
        following[half] = head[ends[half]]
        head[ends[half]] = half
    return slot


@_compile
def closes(one, other, since, graph, hub, stamp, number):
    """Whether two nodes that have met lie on a circle of three or four, no hub on it."""
    head, following, ends, degree, time = graph
    half = head[one]
    while half >= 0 and time[half >> 1] >= since:
        near = ends[half ^ 1]
        if near != other and degree[near] <= hub:
            stamp[near] = number
            further = head[near]
            while further >= 0 and time[further >> 1] >= since:
                if ends[further ^ 1] != one:
                    stamp[ends[further ^ 1]] = number
                further = following[further]
        half = following[half]
    half = head[other]
    while half >= 0 and time[half >> 1] >= since:
        near = ends[half ^ 1]
        if near != one and stamp[near] == number and degree[near] <= hub:
            return True
        half = following[half]
    return False


@_compile
def weight(one, other, degree):
    """Of an edge: 1 / ln(5 + degree of its more popular end), in millionths (FRAUDAR)."""
    return np.int64(WEIGHT_ONE / math.log(OFFSET + max(degree[one], degree[other])))


@_compile
def nearby(one, other, since, graph, hub, local, met):
    """Nodes within two steps of an edge's ends, no hubs, numbered in `local`; how many.

    `met` takes as many as there is room for; who comes later is not seen.
    """
    head, following, ends, degree, time = graph
    met[0], met[1] = one, other
    local[one], local[other] = 0, 1
    size, first = 2, 0
    for _ in range(2):
        last = size
        for at in range(first, last):
            half = head[met[at]]
            while half >= 0 and time[half >> 1] >= since:
                node = ends[half ^ 1]
                if local[node] < 0 and degree[node] <= hub and size < len(met):
                    local[node] = size
                    met[size] = node
                    size += 1
                half = following[half]
        first = last
    return size


@_compile
def block(one, other, since, graph, hub, local, met, chosen, room):
    """The densest block near an edge, by peeling what is near and lies on circles.

    Args:
        one: An end of the edge.
        other: The other end.
        since: Pairs that last met before are not seen.
        graph: head, following, ends, degree, time.
        hub: Neighbours above which a node is not seen.
        local: int32 (nodes,): -1 before and after.
        met: int32 (room,): nodes near, written.
        chosen: int32 (room,): nodes of the block, written.
        room: heap, slot (int32, all -1), key and order, all (room,).

    Returns:
        How many nodes the block has; 0 where the edge is not on a circle or not in the block.
    """
    head, following, ends, _, time = graph
    heap, slot, key, order, inner = room
    size = nearby(one, other, since, graph, hub, local, met)
    inner[:size] = 0
    for at in range(size):
        half = head[met[at]]
        while half >= 0 and time[half >> 1] >= since:
            inner[at] += local[ends[half ^ 1]] >= 0
            half = following[half]
    height = 0
    for at in range(size):
        if inner[at] < 2:
            order[height] = at
            height += 1
    while height > 0:  # who has one neighbour near is on no circle; nor then, perhaps, is that one
        height -= 1
        at = order[height]
        if local[met[at]] < 0:
            continue
        local[met[at]] = -1
        half = head[met[at]]
        while half >= 0 and time[half >> 1] >= since:
            beside = local[ends[half ^ 1]]
            if beside >= 0:
                inner[beside] -= 1
                if inner[beside] == 1:
                    order[height] = beside
                    height += 1
            half = following[half]
    found = 0
    if local[one] >= 0 and local[other] >= 0:
        found = _peel(since, graph, size, local, met, chosen, (heap, slot, key, order))
    for at in range(size):
        local[met[at]] = -1
    inside = 0
    for at in range(found):
        inside += chosen[at] == one or chosen[at] == other
    return found if inside == 2 else 0


@_compile
def _peel(since, graph, size, local, met, chosen, room):
    """Peel the nodes that are still numbered; the densest suffix to `chosen`, its length.

    A key is the weight above 32 bits of the node's code, so that of equals the lower code leaves.
    """
    head, following, ends, degree, time = graph
    heap, slot, key, order = room
    waiting, total = 0, np.int64(0)
    for at in range(size):
        node = met[at]
        if local[node] < 0:
            continue
        key[at] = 0
        half = head[node]
        while half >= 0 and time[half >> 1] >= since:
            if local[ends[half ^ 1]] >= 0:
                key[at] += weight(node, ends[half ^ 1], degree)
            half = following[half]
        total += key[at]
        key[at] = (key[at] << 32) + node
        waiting = push(heap, slot, key, waiting, np.int32(at))
    total //= 2
    count, best, best_since, peeled = waiting, -1.0, 0, 0
    while waiting > 0:
        if total / waiting > best:
            best, best_since = total / waiting, peeled
        at = heap[0]
        waiting = pop(heap, slot, key, waiting)
        order[peeled] = at
        peeled += 1
        total -= key[at] >> 32
        node = met[at]
        local[node] = -1
        half = head[node]
        while half >= 0 and time[half >> 1] >= since:
            beside = local[ends[half ^ 1]]
            if beside >= 0:
                key[beside] -= weight(node, ends[half ^ 1], degree) << 32
                rise(heap, slot, key, slot[beside])
            half = following[half]
    for place in range(best_since, count):
        chosen[place - best_since] = met[order[place]]
    return count - best_since


@_compile
def measure(members, count, since, graph, is_party, local, figures):
    """What a block looks like, to `figures`: see `Block` in `headrace.graph.communities.rings`."""
    head, following, ends, degree, time = graph
    for at in range(count):
        local[members[at]] = at
    parties, edges, mixed, inside, everything = 0, 0, 0, np.int64(0), np.int64(0)
    first, own = time[head[members[0]] >> 1], np.zeros(count, np.int64)
    for at in range(count):
        node = members[at]
        half = head[node]
        while half >= 0 and time[half >> 1] >= since:
            weighs = weight(node, ends[half ^ 1], degree)
            everything += weighs
            if local[ends[half ^ 1]] >= 0:
                inside += weighs
                own[at] += 1
                mixed += is_party[node] != is_party[ends[half ^ 1]]
                first = min(first, time[half >> 1])
            half = following[half]
        parties += is_party[node]
        edges += own[at]
    figures[0], figures[1], figures[2], figures[3] = (
        parties,
        count - parties,
        edges // 2,
        mixed // 2,
    )
    figures[4] = inside / 2 / WEIGHT_ONE / count
    figures[5] = inside / everything
    figures[6] = two_sided(members, count, since, graph, local, own, edges // 2)
    figures[7] = first
    for at in range(count):
        local[members[at]] = -1


@_compile
def two_sided(members, count, since, graph, local, own, edges):
    """How full a block is if its busiest nodes are one side and the rest the other; 0 if neither.

    Of all numbers of busiest nodes, from two to half, the fullest among those whose two sides have
    at least four fifths of the edges between them.
    """
    head, following, ends, _, time = graph
    chosen = np.zeros(count, np.bool_)
    across, best = 0, 0.0
    for rank in range(count // 2):
        at = -1
        for each in range(count):
            if not chosen[each] and (at < 0 or own[each] > own[at]):
                at = each
        across += own[at]
        chosen[at] = True
        half = head[members[at]]
        while half >= 0 and time[half >> 1] >= since:
            beside = local[ends[half ^ 1]]
            across -= 2 * (beside >= 0 and chosen[beside])
            half = following[half]
        sides = (rank + 1) * (count - rank - 1)
        if rank > 0 and 5 * across >= 4 * edges:
            best = max(best, across / sides)
    return best


@_compile
def meets(pattern, figures):
    """Whether a block has at least what a pattern asks for; see `Pattern`."""
    parties, things, edges, mixed = figures[0], figures[1], figures[2], figures[3]
    own = edges - mixed
    if pattern[1] > 0:
        ties, fill = mixed / max(parties, 1), mixed / max(parties * things, 1)
    else:
        ties, fill = own / max(parties, 1), 2 * own / max(parties * (parties - 1), 1)
        if things == 0:
            fill = max(fill, figures[6])
    return (
        parties >= pattern[0]
        and things >= pattern[1]
        and ties >= pattern[2]
        and fill >= pattern[3]
        and figures[5] >= pattern[4]
        and edges - parties - things + 1 >= pattern[5]
    )


@_compile
def watch(first, arriving, graph, state, is_party, windows, patterns, hub, out):
    """Take edges in order and write down the blocks that are like a pattern.

    A block is written down when a party in it never was. The work stops early where `out` could be
    too small for one more.

    Args:
        first: Number of the first edge here among all that ever arrived.
        arriving: subject, object, time, and the edge at which to begin.
        graph: head, following, ends, degree, time; as in `peeling`, one edge a pair.
        state: pairs (int64, (1,)), the last edge of each pair (int64), local (int32, all -1), stamp
            (int64, -1), reported (bool), met, chosen (int32), room: see `block`.
        is_party: bool (nodes,).
        windows: int64: microseconds, ascending.
        patterns: float64 (n, 7): what `meets` asks for, and the place of the window.
        hub: Neighbours above which nothing is seen through a node.
        out: members (int32), edges (int64), and of each block: which edge, which pattern, where its
            members and edges end (int64 (n, 4)), figures (float64 (n, 8)).

    Returns:
        The edge to go on with, and how many blocks were written.
    """
    subject, object_, time, begin = arriving
    pairs, latest, local, stamp, reported, met, chosen, room = state
    members, edges, blocks, figures = out
    head, following, ends, degree, _ = graph
    found, filled, joined = 0, 0, 0
    for at in range(begin, len(subject)):
        if (
            found == len(blocks)
            or filled + len(met) > len(members)
            or joined + hub * len(met) > len(edges)
        ):
            return at, found
        one, other = subject[at], object_[at]
        if one == other:
            continue
        slot = meet(one, other, time[at], pairs[0], hub, graph)
        pairs[0] = max(pairs[0], slot + 1)
        latest[slot] = first + at
        if degree[one] > hub or degree[other] > hub:
            continue
        hit = False
        for place in range(len(windows)):
            since = time[at] - windows[place]
            mark = (first + at) * len(windows) + place
            if hit or not closes(one, other, since, graph, hub, stamp, mark):
                continue
            size = block(one, other, since, graph, hub, local, met, chosen, room)
            if size == 0:
                continue
            measure(chosen, size, since, graph, is_party, local, figures[found])
            for row in range(len(patterns)):
                if hit or patterns[row, 6] != place or not meets(patterns[row], figures[found]):
                    continue
                hit = True
                news = False
                for node in chosen[:size]:
                    news |= is_party[node] and not reported[node]
                if not news:
                    continue
                for node in chosen[:size]:
                    reported[node] = True
                    local[node] = 0
                    members[filled] = node
                    filled += 1
                for node in chosen[:size]:
                    half = head[node]
                    while half >= 0 and graph[4][half >> 1] >= since:
                        if half & 1 and local[ends[half ^ 1]] == 0:
                            edges[joined] = latest[half >> 1]
                            joined += 1
                        half = following[half]
                for node in chosen[:size]:
                    local[node] = -1
                blocks[found, 0], blocks[found, 1] = at, row
                blocks[found, 2], blocks[found, 3] = filled, joined
                found += 1
    return len(subject), found
