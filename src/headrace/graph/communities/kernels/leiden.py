"""The three steps of Leiden over a symmetric CSR without self-loops (Traag et al. 2019).

Joining a node of size k to a community of size K to which it has weight w gains w - cost * k * K:
for modularity sizes are strengths and cost is resolution / total strength, for the constant Potts
model sizes count nodes and cost is the resolution. The gain is in units of edge weight.
"""

import math

import numba
import numpy as np

_compile = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


@_compile
def move(offsets, others, weights, sizes, cost, queue, community):
    """Move nodes one by one to the neighbouring community that gains most, until none gains.

    Args:
        offsets: int64 (n + 1,): where each node's neighbours start.
        others: int32: neighbours.
        weights: float64: of the edges to them, positive.
        sizes: float64 (n,).
        cost: Of putting two nodes of size 1 together.
        queue: int32 (n,): order of the first visits; used as the queue.
        community: int32 (n,), 0 to n - 1; written.

    Returns:
        How many moves.
    """
    count = len(offsets) - 1
    total, filled = np.zeros(count), np.zeros(count, np.int32)
    for node in range(count):
        total[community[node]] += sizes[node]
        filled[community[node]] += 1
    empty = np.empty(count, np.int32)
    empties = 0
    for each in range(count - 1, -1, -1):
        if filled[each] == 0:
            empty[empties] = each
            empties += 1
    towards, touched = np.zeros(count), np.empty(count, np.int32)
    waiting = np.ones(count, np.bool_)
    first, length, moves = 0, count, 0
    while length > 0:
        node = queue[first]
        first = first + 1 if first + 1 < count else 0
        length -= 1
        waiting[node] = False
        own, seen = community[node], 0
        for half in range(offsets[node], offsets[node + 1]):
            each = community[others[half]]
            if towards[each] == 0.0:
                touched[seen] = each
                seen += 1
            towards[each] += weights[half]
        size = sizes[node]
        best, best_gain = own, towards[own] - cost * size * (total[own] - size)
        for at in range(seen):
            each = touched[at]
            gain = towards[each] - cost * size * total[each]
            towards[each] = 0.0
            if each != own and gain > best_gain:
                best, best_gain = each, gain
        if best_gain < 0.0 and filled[own] > 1:
            best = empty[empties - 1]
        if best == own:
            continue
        moves += 1
        total[own] -= size
        total[best] += size
        filled[own] -= 1
        if filled[own] == 0:
            total[own] = 0.0
            empty[empties] = own
            empties += 1
        if filled[best] == 0:
            empties -= 1
        filled[best] += 1
        community[node] = best
        for half in range(offsets[node], offsets[node + 1]):
            other = others[half]
            if not waiting[other] and community[other] != best:
                waiting[other] = True
                queue[(first + length) % count] = other
                length += 1
    return moves


@_compile
def refine(offsets, others, weights, sizes, cost, order, drawn, theta, community, refined):
    """Split each community into well-connected parts, grown from single nodes; their number.

    A node that is still alone joins a well-connected part of its own community that does not lose
    by it, with odds exp(gain / theta).

    Args:
        offsets: As in `move`.
        others: As in `move`.
        weights: As in `move`.
        sizes: As in `move`.
        cost: As in `move`.
        order: int32 (n,): in which nodes are looked at.
        drawn: float64 (n,): uniform chances.
        theta: Randomness, positive; small is greedy.
        community: int32 (n,), 0 to n - 1.
        refined: int32 (n,), written: a part per node, 0 to parts - 1.
    """
    count = len(offsets) - 1
    whole = np.zeros(count)
    for node in range(count):
        whole[community[node]] += sizes[node]
        refined[node] = node
    total, alone, cut = sizes.copy(), np.ones(count, np.bool_), np.zeros(count)
    for node in range(count):
        for half in range(offsets[node], offsets[node + 1]):
            if community[others[half]] == community[node]:
                cut[node] += weights[half]
    towards, touched, odds = np.zeros(count), np.empty(count, np.int32), np.empty(count)
    for node in order:
        outside = whole[community[node]] - sizes[node]
        if not alone[node] or cut[node] < cost * sizes[node] * outside or outside <= 0.0:
            continue
        seen = 0
        for half in range(offsets[node], offsets[node + 1]):
            other = others[half]
            if community[other] == community[node]:
                if towards[refined[other]] == 0.0:
                    touched[seen] = refined[other]
                    seen += 1
                towards[refined[other]] += weights[half]
        greatest, chosen = -1.0, np.int32(-1)
        for at in range(seen):
            part = touched[at]
            rest = whole[community[node]] - total[part]
            odds[at] = -1.0
            if cut[part] >= cost * total[part] * rest:
                odds[at] = towards[part] - cost * sizes[node] * total[part]
            greatest = max(greatest, odds[at])
        if greatest >= 0.0:
            mass = 0.0
            for at in range(seen):
                odds[at] = math.exp((odds[at] - greatest) / theta) if odds[at] >= 0.0 else 0.0
                mass += odds[at]
            left = drawn[node] * mass
            for at in range(seen):
                if odds[at] > 0.0:
                    chosen = touched[at]
                    left -= odds[at]
                    if left < 0.0:
                        break
        if chosen >= 0:
            cut[chosen] += cut[node] - 2.0 * towards[chosen]
            total[chosen] += sizes[node]
            total[node] = 0.0
            refined[node] = chosen
            alone[chosen] = False
            alone[node] = False
        for at in range(seen):
            towards[touched[at]] = 0.0
    return renumber(refined)


@_compile
def renumber(label):
    """Give labels (0 to n - 1) the numbers 0, 1, 2... in order of first appearance; how many."""
    number = np.full(len(label), -1, np.int32)
    parts = 0
    for node in range(len(label)):
        if number[label[node]] < 0:
            number[label[node]] = parts
            parts += 1
        label[node] = number[label[node]]
    return parts


@_compile
def aggregate(offsets, others, weights, sizes, parts, refined):
    """The graph whose nodes are the parts: CSR without self-loops, and sizes."""
    count = len(offsets) - 1
    at = np.zeros(parts + 1, np.int64)
    for node in range(count):
        at[refined[node] + 1] += 1
    for part in range(parts):
        at[part + 1] += at[part]
    members, place = np.empty(count, np.int32), at[:-1].copy()
    for node in range(count):
        members[place[refined[node]]] = node
        place[refined[node]] += 1
    new_offsets, new_sizes = np.zeros(parts + 1, np.int64), np.zeros(parts)
    new_others, new_weights = np.empty(len(others), np.int32), np.empty(len(others))
    towards = np.zeros(parts)
    filled = 0
    for part in range(parts):
        since = filled
        for member in members[at[part] : at[part + 1]]:
            new_sizes[part] += sizes[member]
            for half in range(offsets[member], offsets[member + 1]):
                other = refined[others[half]]
                if other == part:
                    continue
                if towards[other] == 0.0:
                    new_others[filled] = other
                    filled += 1
                towards[other] += weights[half]
        for half in range(since, filled):
            new_weights[half] = towards[new_others[half]]
            towards[new_others[half]] = 0.0
        new_offsets[part + 1] = filled
    return new_offsets, new_others[:filled].copy(), new_weights[:filled].copy(), new_sizes


@_compile
def connected_parts(offsets, others, community, part):
    """Split communities that fell apart: a part per node, 0 to parts - 1; their number."""
    count = len(offsets) - 1
    part[:] = -1
    stack = np.empty(count, np.int32)
    parts = 0
    for start in range(count):
        if part[start] >= 0:
            continue
        stack[0], height = start, 1
        part[start] = parts
        while height > 0:
            height -= 1
            node = stack[height]
            for half in range(offsets[node], offsets[node + 1]):
                other = others[half]
                if part[other] < 0 and community[other] == community[node]:
                    part[other] = parts
                    stack[height] = other
                    height += 1
        parts += 1
    return parts
