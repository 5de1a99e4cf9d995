"""Personalised PageRank over motif counts, which are counted only where the walk comes by.

Neighbours are CSR; `direction` says how a party and its neighbour are joined: 1 the party is the
subject, 2 the object, 3 both. `wanted[ij, jk, ik]` says whether three parties so joined count.
"""

import numba
import numpy as np

_compile = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


@_compile
def count_row(node, offsets, others, direction, wanted, hub, mark, row):
    """How many motifs a party shares with each neighbour, written to `row`; their sum.

    Parties with more than `hub` neighbours take part in none. `mark` is zero before and after.
    """
    first, last = offsets[node], offsets[node + 1]
    if last - first > hub:
        return 0
    for half in range(first, last):
        row[half - first] = 0
        mark[others[half]] = direction[half]
    total = 0
    for half in range(first, last):
        other = others[half]
        if offsets[other + 1] - offsets[other] > hub:
            continue
        found = 0
        for further in range(offsets[other], offsets[other + 1]):
            third = others[further]
            if mark[third] and offsets[third + 1] - offsets[third] <= hub:
                found += wanted[direction[half], direction[further], mark[third]]
        row[half - first] = found
        total += found
    for half in range(first, last):
        mark[others[half]] = 0
    return total


@_compile
def spread(seed, graph, wanted, hub, alpha, epsilon, room, mark, local):
    """Approximate personalised PageRank from a seed by pushing (Andersen, Chung, Lang 2006).

    Args:
        seed: Party.
        graph: offsets, others, direction.
        wanted: See the module; int64 (4, 4, 4).
        hub: Neighbours above which a party takes part in no motif.
        alpha: Chance that the walk starts again, 0 to 1.
        epsilon: Mass left behind per motif of a party.
        room: Parties looked at, at most.
        mark: uint8 (parties,): zero before and after.
        local: int32 (parties,): -1 before and after.

    Returns:
        Parties met; rank and degree (motifs, each counted for both others) of each; where the row
        of each starts and ends among neighbours and counts; how many were met; whether room ran
        out.
    """
    offsets, others, direction = graph
    met, rank, rest = np.empty(room, np.int32), np.zeros(room), np.zeros(room)
    degree, begin = np.full(room, -1, np.int64), np.zeros(room + 1, np.int64)
    end = np.zeros(room, np.int64)
    rows, counts = np.empty(1024, np.int32), np.empty(1024, np.int64)
    row = np.empty(hub + 1, np.int64)
    waiting, queue = np.zeros(room, np.bool_), np.empty(room, np.int32)
    met[0], rest[0], queue[0], waiting[0] = seed, 1.0, 0, True
    local[seed] = 0
    size, filled, first, length, full = 1, 0, 0, 1, False
    while length > 0:
        at = queue[first]
        first = first + 1 if first + 1 < room else 0
        length -= 1
        waiting[at] = False
        node = met[at]
        if degree[at] < 0:
            degree[at] = 0
            begin[at] = filled
            width = offsets[node + 1] - offsets[node]
            if width <= hub:
                degree[at] = count_row(node, offsets, others, direction, wanted, hub, mark, row)
                if filled + width > len(rows):
                    more_rows = np.empty(2 * (filled + width), np.int32)
                    more_counts = np.empty(2 * (filled + width), np.int64)
                    for place in range(filled):
                        more_rows[place], more_counts[place] = rows[place], counts[place]
                    rows, counts = more_rows, more_counts
                for place in range(width):
                    if row[place] > 0:
                        rows[filled] = others[offsets[node] + place]
                        counts[filled] = row[place]
                        filled += 1
            end[at] = filled
        if degree[at] == 0 or rest[at] < epsilon * degree[at]:
            continue
        mass = rest[at]
        rank[at] += alpha * mass
        rest[at] = (1.0 - alpha) * mass / 2.0
        share = rest[at] / degree[at]
        for half in range(begin[at], end[at]):
            other = rows[half]
            if local[other] < 0:
                if size == room:
                    full = True
                    continue
                local[other] = size
                met[size] = other
                size += 1
            to = local[other]
            rest[to] += share * counts[half]
            if not waiting[to] and rest[to] >= epsilon * max(degree[to], 1):
                waiting[to] = True
                queue[(first + length) % room] = to
                length += 1
        if not waiting[at] and rest[at] >= epsilon * degree[at]:
            waiting[at] = True
            queue[(first + length) % room] = at
            length += 1
    for at in range(size):
        local[met[at]] = -1
    return met, rank, degree, begin, end, rows, counts, size, full


@_compile
def sweep(order, met, degree, begin, end, rows, counts, local):
    """Cut and volume (both counting motifs twice) of the first 1, 2, 3... parties of an order.

    `order` are places in `met`; `local` is -1 before and after.
    """
    cuts, volumes = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    cut, volume = 0, 0
    for step in range(len(order)):
        at = order[step]
        cut += degree[at]
        volume += degree[at]
        for half in range(begin[at], end[at]):
            if local[rows[half]] >= 0:
                cut -= 2 * counts[half]
        local[met[at]] = at
        cuts[step], volumes[step] = cut, volume
    for at in order:
        local[met[at]] = -1
    return cuts, volumes


@_compile
def count_inside(members, graph, wanted, hub, mark, local):
    """Motifs with all three parties among the members; arguments as in `spread`."""
    offsets, others, direction = graph
    local[members] = 0
    total = 0
    for node in members:
        if offsets[node + 1] - offsets[node] > hub:
            continue
        for half in range(offsets[node], offsets[node + 1]):
            if local[others[half]] == 0:
                mark[others[half]] = direction[half]
        for half in range(offsets[node], offsets[node + 1]):
            other = others[half]
            if local[other] < 0 or offsets[other + 1] - offsets[other] > hub:
                continue
            for further in range(offsets[other], offsets[other + 1]):
                third = others[further]
                if mark[third] and offsets[third + 1] - offsets[third] <= hub:
                    total += wanted[direction[half], direction[further], mark[third]]
        for half in range(offsets[node], offsets[node + 1]):
            mark[others[half]] = 0
    local[members] = -1
    return total // 6
