"""Compiled loops of the structures of risk: money followed, chains in time, guarantee networks.

Networks are linked lists of edges: `head[party]` is an edge or -1, `follow[edge]` the next one; an
edge is added in constant time. Everything is int64 but the codes of parties, int32.
"""

import numba
import numpy as np

FIFO, PROPORTIONAL, LOAN_FIRST = 0, 1, 2
HELD, TRICKLE, HOPS = 0, 1, 2  # why traced money went no further; from 3 on: the kind of place
KEY_BITS = 24  # of a heap key: which of the accounts touched, fewer than 2 ** 24


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def follow_money(
    payer, payee, amount, time, incident_at, incident, start, limits, ratio, ends, own, slot,
    state, lots, heap, steps, ended,
):  # fmt: skip
    """Attribute an amount to the transfers that follow it, in time order.

    Args:
        payer: int32 (m,), by time; and so are the next three.
        payee: int32 (m,).
        amount: int64 (m,).
        time: int64 (m,).
        incident_at: int64 (parties + 1,): where each party's edges begin in `incident`.
        incident: int64 (2 m,): of each party, its edges in order.
        start: int64 (3,): account, amount, first edge that may carry the money.
        limits: int64 (4,): method, time of the last edge that counts, hops_max, steps_max.
        ratio: Of what its payer received, the least part that is followed onward.
        ends: int8 (parties,): 0 where money goes on, else the kind of place at which it ends.
        own: int64 (parties,): other money that lay there when traced money first came.
        slot: int32 (parties,): zeros.
        state: int64 (steps_max + 1, 8): per account touched: party, next place in `incident`,
            traced money, other money, traced money received, hops, first lot, last lot.
        lots: int64 (4 * steps_max + 4, 3): amount, whether traced, the next lot.
        heap: int64 (steps_max + 2,).
        steps: int64 (steps_max, 3), written: edge, traced amount, hops from the first account.
        ended: int64 (2 * steps_max + 1, 3), written: party, traced amount, why; several rows a
            party may be.

    Returns:
        Rows of `steps`, rows of `ended`, and 0 where steps_max ended the work.
    """
    method, until, hops_max, steps_max = limits[0], limits[1], limits[2], limits[3]
    taken, ends_n, heap_n, lots_n, looked, whole = 0, 0, 0, 0, 0, 1
    _open(state, 0, start[0], 0, slot, incident, incident_at, start[2] - 1)
    accounts = 1
    lots_n = _put(lots, lots_n, own[start[0]], 0, state, 0)
    lots_n = _put(lots, lots_n, start[1], 1, state, 0)
    heap_n = _due(heap, heap_n, state, 0, incident, incident_at)
    done = np.int64(-1)
    while heap_n > 0:
        edge = heap[0] >> KEY_BITS
        account = heap[0] & ((1 << KEY_BITS) - 1)
        heap_n = _sink(heap, heap_n)
        if time[edge] > until:
            break
        state[account, 1] += 1
        heap_n = _due(heap, heap_n, state, account, incident, incident_at)
        if edge == done:
            continue  # both of its parties are touched, and the other one's turn was first
        if looked == steps_max:
            whole = 0
            break
        looked += 1
        done = edge
        giver, taker = slot[payer[edge]] - 1, slot[payee[edge]] - 1
        if amount[edge] <= 0 or payer[edge] == payee[edge]:
            continue
        traced = np.int64(0)
        if giver >= 0 and state[giver, 2] + state[giver, 3] > 0:
            traced = _take(amount[edge], method, giver, state, lots)
        passed = traced
        if traced > 0:
            hop = state[giver, 5] + 1
            steps[taken, 0], steps[taken, 1], steps[taken, 2] = edge, traced, hop
            taken += 1
            why = np.int64(ends[payee[edge]])
            if why == HELD and traced < ratio * state[giver, 4]:
                why = TRICKLE
            if why == HELD and hop >= hops_max and taker < 0:
                why = HOPS
            if why != HELD:
                ended[ends_n, 0], ended[ends_n, 1], ended[ends_n, 2] = payee[edge], traced, why
                ends_n += 1
                passed = 0
            elif taker < 0:
                taker = accounts
                accounts += 1
                _open(state, taker, payee[edge], hop, slot, incident, incident_at, edge)
                lots_n = _put(lots, lots_n, own[payee[edge]], 0, state, taker)
                heap_n = _due(heap, heap_n, state, taker, incident, incident_at)
        if taker >= 0:
            lots_n = _put(lots, lots_n, passed, 1, state, taker)
            lots_n = _put(lots, lots_n, amount[edge] - passed, 0, state, taker)
    for account in range(accounts):
        if state[account, 2] > 0:
            ended[ends_n, 0], ended[ends_n, 1] = state[account, 0], state[account, 2]
            ended[ends_n, 2] = HELD
            ends_n += 1
    return taken, ends_n, whole


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _open(state, account, party, hop, slot, incident, incident_at, edge):
    """Begin to look at a party's account, from its first edge after `edge`."""
    low, high = incident_at[party], incident_at[party + 1]
    while low < high:
        middle = (low + high) >> 1
        if incident[middle] <= edge:
            low = middle + 1
        else:
            high = middle
    slot[party] = account + 1
    state[account, 0], state[account, 1] = party, low
    state[account, 2], state[account, 3], state[account, 4] = 0, 0, 0
    state[account, 5], state[account, 6], state[account, 7] = hop, -1, -1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _put(lots, count, amount, traced, state, account):
    """Put money behind what an account holds; how many lots there are."""
    if amount <= 0:
        return count
    lots[count, 0], lots[count, 1], lots[count, 2] = amount, traced, -1
    if state[account, 7] >= 0:
        lots[state[account, 7], 2] = count
    else:
        state[account, 6] = count
    state[account, 7] = count
    if traced:
        state[account, 2] += amount
        state[account, 4] += amount
    else:
        state[account, 3] += amount
    return count + 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _take(paid, method, account, state, lots):
    """Take what is paid from an account; the traced part of it."""
    traced, other = state[account, 2], state[account, 3]
    if paid >= traced + other:  # more than was seen to come in: the rest is money of its own
        state[account, 6], state[account, 7] = -1, -1
        state[account, 2], state[account, 3] = 0, 0
        return traced
    part = np.int64(0)
    if method == PROPORTIONAL:
        part = _share(paid, traced, traced + other)
    elif method == LOAN_FIRST:
        part = min(paid, traced)
    else:
        left = paid
        while left > 0:
            lot = state[account, 6]
            used = min(left, lots[lot, 0])
            lots[lot, 0] -= used
            left -= used
            part += used * lots[lot, 1]
            if lots[lot, 0] == 0:
                state[account, 6] = lots[lot, 2]
    state[account, 2] -= part
    state[account, 3] -= paid - part
    return part


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _share(paid, part, whole):
    """The share part / whole of what is paid, to the nearest, a half up; no product overflows."""
    quotient, rest = np.int64(0), np.int64(0)
    for bit in range(62, -1, -1):
        quotient <<= 1
        rest <<= 1
        if (paid >> bit) & 1:
            rest += part
        while rest >= whole:
            rest -= whole
            quotient += 1
    return quotient + (1 if rest >= whole - rest else 0)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _due(heap, count, state, account, incident, incident_at):
    """Put an account's next edge in the heap, where there is one; how many there are."""
    place = state[account, 1]
    if place >= incident_at[state[account, 0] + 1]:
        return count
    key = (incident[place] << KEY_BITS) | account
    at = count
    while at > 0 and heap[(at - 1) >> 1] > key:
        heap[at] = heap[(at - 1) >> 1]
        at = (at - 1) >> 1
    heap[at] = key
    return count + 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _sink(heap, count):
    """Remove the least key; how many are left."""
    count -= 1
    key, at = heap[count], 0
    while 2 * at + 1 < count:
        child = 2 * at + 1
        if child + 1 < count and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = key
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def first_arrivals(payer, payee, bounds, source, by, goal):
    """Edges on which parties are first reached from `source`, one edge after the other.

    A party is reached with at most k edges, k = 1, 2, ...: one pass over the edges in order finds
    the first arrivals of each k from those of k - 1. Cf. Wu et al., "Path Problems in Temporal
    Graphs", PVLDB 7(9), 2014.

    Args:
        payer: int32 (m,), in the order of time.
        payee: int32 (m,).
        bounds: int64 (2,): the first edge that may be used, and one past the last.
        source: Where the paths begin.
        by: int64 (hops_max + 1, parties), -1: written; the edge of the first arrival with at most
            k edges. Row 0 stays -1.
        goal: Stop with the first k that reaches it; -1: use all hops.

    Returns:
        The k at which it stopped.
    """
    hops_max = len(by) - 1
    for hop in range(1, hops_max + 1):
        before, now = by[hop - 1], by[hop]
        for party in range(len(now)):
            now[party] = before[party]
        for edge in range(bounds[0], bounds[1]):
            giver, taker = payer[edge], payee[edge]
            if taker == source or (
                giver != source and (before[giver] < 0 or before[giver] >= edge)
            ):
                continue
            if now[taker] < 0 or now[taker] > edge:
                now[taker] = edge
        if goal >= 0 and now[goal] >= 0:
            return hop
    return hops_max


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def simple_paths(
    giver, taker, out_head, out_follow, in_head, in_follow, group, ends, limits,
    hops, queue, path, found, at,
):  # fmt: skip
    """Paths of distinct parties from one to another, by depth-first search with a look ahead.

    A party is entered only if its distance to the goal still fits (Gupta and Suzumura, "Finding
    All Bounded-Length Simple Cycles in a Directed Graph", 2021, prune alike). With start and goal
    the same these are the rings through it.

    Args:
        giver: int32 (edges,), and `taker`: the ends of each edge.
        taker: int32 (edges,).
        out_head: int64 (parties,): network of the edges by giver; `out_follow` its (edges,).
        out_follow: int64.
        in_head: int64: network of the edges by taker; `in_follow` its (edges,).
        in_follow: int64.
        group: int32 (parties,): paths do not leave the group of their goal.
        ends: int64 (3,): start, goal, and the least code of a party that may be entered.
        limits: int64 (3,): edges of a path, edges looked at, paths found, each at most.
        hops: int32 (parties,): -1, and -1 again afterwards.
        queue: int32 (parties,): scratch.
        path: int64 (2, length_max): scratch.
        found: int64: written; edges of the paths, one behind the other.
        at: int64 (found_max + 1,): written; where each path begins. at[0] is given.

    Returns:
        How many paths; edges looked at; and as bits: 1 longer paths may be, 2 the limit of edges
        looked at ended the search, 4 that of paths did.
    """
    start, goal, floor = ends[0], ends[1], ends[2]
    length_max, steps_max, found_max = limits[0], limits[1], limits[2]
    size, read, count, steps, bits, beyond = 1, 0, 0, 0, 0, 0
    queue[0], hops[goal] = goal, 0
    while read < size and steps <= steps_max:
        party = queue[read]
        read += 1
        edge = in_head[party]
        while edge >= 0 and steps <= steps_max:
            steps += 1
            before = giver[edge]
            if hops[before] < 0 and before >= floor and group[before] == group[goal]:
                if hops[party] + 1 >= length_max and before != start:
                    beyond = 1
                else:
                    hops[before] = hops[party] + 1
                    queue[size] = before
                    size += 1
            edge = in_follow[edge]
    depth = 0
    if hops[start] >= 0:
        path[1, 0], depth = out_head[start], 1
    else:
        bits |= beyond
    while depth > 0:
        edge = path[1, depth - 1]
        if edge < 0:
            depth -= 1
            continue
        steps += 1
        if steps > steps_max:
            break
        path[1, depth - 1] = out_follow[edge]
        there = taker[edge]
        if hops[there] < 0:
            if there >= floor and group[there] == group[goal]:
                bits |= beyond
            continue
        path[0, depth - 1] = edge
        if there == goal:
            if count == found_max:
                bits |= 4
                break
            for place in range(depth):
                found[at[count] + place] = path[0, place]
            at[count + 1] = at[count] + depth
            count += 1
            continue
        if depth + hops[there] > length_max:
            bits |= 1
            continue
        fresh = there != start
        for place in range(depth - 1):
            fresh = fresh and taker[path[0, place]] != there
        if fresh:
            path[1, depth] = out_head[there]
            depth += 1
    if not beyond and size <= length_max + (start != goal):
        bits &= ~1  # there are not enough parties for a longer one
    if steps > steps_max:
        bits |= 2
    for place in range(size):
        hops[queue[place]] = -1
    return count, steps, bits


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def rings_of(
    giver, taker, out_head, out_follow, in_head, in_follow, group, parties, limits,
    hops, queue, path, found, at,
):  # fmt: skip
    """The rings of which some parties are the least, party by party.

    Args:
        giver: As in `simple_paths`, and so are those up to `group`.
        parties: int32: parties whose rings are wanted.
        limits: As in `simple_paths`, and so are those that follow; paths found are of all.

    Returns:
        How many rings, and bits as in `simple_paths`.
    """
    count, bits = 0, 0
    ends, some = np.empty(3, np.int64), limits.copy()
    for party in parties:
        ends[0], ends[1], ends[2] = party, party, party
        some[2] = limits[2] - count
        more, _, cut = simple_paths(
            giver, taker, out_head, out_follow, in_head, in_follow, group, ends, some,
            hops, queue, path, found, at[count:],
        )  # fmt: skip
        count += more
        bits |= cut
        if bits & 4:
            break
    return count, bits


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def on_longer_ring(giver, taker, out_head, out_follow, edges, pair, group, seen, queue, found):
    """Of edges whose opposite is there, which lie on a ring of three or more.

    Args:
        giver: int32 (edges,), and `taker`: the ends of each edge.
        taker: int32 (edges,).
        out_head: int64 (parties,), and `out_follow`: the network by giver.
        out_follow: int64 (edges,).
        edges: int64 (n,): the edges asked about.
        pair: int64 (n,): the opposite edge of each.
        group: int32 (parties,): paths do not leave the group of their start.
        seen: int64 (parties,): -1.
        queue: int32 (parties,): scratch.
        found: bool (n,): written.
    """
    for number in range(len(edges)):
        goal, start = giver[edges[number]], taker[edges[number]]
        size, read = 1, 0
        queue[0], seen[start] = start, number
        while read < size and not found[number]:
            edge = out_head[queue[read]]
            read += 1
            while edge >= 0:
                there = taker[edge]
                if edge != pair[number] and group[there] == group[start] and seen[there] != number:
                    if there == goal:
                        found[number] = True
                        break
                    seen[there] = number
                    queue[size] = there
                    size += 1
                edge = out_follow[edge]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def pieces_left(giver, taker, out_head, out_follow, in_head, in_follow, pieces, scratch):
    """Into how many pieces what is connected falls when a party fails, whatever the direction.

    The lowpoint search of Hopcroft and Tarjan, "Efficient algorithms for graph manipulation",
    CACM 16(6), 1973, without recursion.

    Args:
        giver: int32 (edges,), and those up to `in_follow` as in `simple_paths`.
        pieces: int64 (parties,): zeros; written: 0 alone, 1 nothing falls apart, 2 or more it does.
        scratch: int64 (5, parties): zeros: order, lowpoint, parent + 1, next edge, direction.
    """
    order, low, parent, edge_of, inward = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    clock = 0
    for root in range(len(pieces)):
        if order[root] or (out_head[root] < 0 and in_head[root] < 0):
            continue
        clock += 1
        order[root], low[root], edge_of[root] = clock, clock, out_head[root]
        party = root
        while party >= 0:
            edge = edge_of[party]
            if edge < 0 and not inward[party]:
                inward[party], edge_of[party] = 1, in_head[party]
                continue
            if edge < 0:
                above = parent[party] - 1
                if above >= 0:
                    low[above] = min(low[above], low[party])
                    if low[party] >= order[above]:
                        pieces[above] += 1
                    pieces[party] += 1  # the piece above
                party = above
                continue
            if inward[party]:
                other, edge_of[party] = giver[edge], in_follow[edge]
            else:
                other, edge_of[party] = taker[edge], out_follow[edge]
            if not order[other]:
                clock += 1
                order[other], low[other], edge_of[other] = clock, clock, out_head[other]
                parent[other] = party + 1
                party = other
            elif other != parent[party] - 1:
                low[party] = min(low[party], order[other])


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def settle(giver, taker, amount, out_head, out_follow, in_head, in_follow, left, scratch):
    """The least amounts that leave every party's balance as it is: rings are taken away.

    A flow of least cost, each unit on each edge costing one, from those who give more than they
    receive to the others, by the primal-dual method (Ahuja, Magnanti and Orlin, "Network Flows",
    1993, sections 9.7 and 9.8). Exact in integers.

    Args:
        giver: int32 (edges,), and those up to `in_follow` as in `simple_paths`.
        amount: int64 (edges,).
        left: int64 (edges,): zeros; written: what is left of each amount.
        scratch: int64 (6, parties + 1): zeros. Row 0 is what each party has too much, row 1 the
            cost of reaching it, row 2 its level among those that least costs lead to.
    """
    parties = len(out_head)
    balance = scratch[0]
    for edge in range(len(giver)):
        balance[giver[edge]] += amount[edge]
        balance[taker[edge]] -= amount[edge]
    moved = True
    while moved:
        moved = False
        _least_costs(giver, taker, amount, out_head, out_follow, in_head, in_follow, left, scratch)
        while _levels(
            giver, taker, amount, out_head, out_follow, in_head, in_follow, left, scratch
        ):
            moved = True
            for party in range(parties):
                scratch[3, party], scratch[4, party] = out_head[party], 0
            for party in range(parties):
                while balance[party] > 0 and _push(
                    party, giver, taker, amount, in_head, out_follow, in_follow, left, scratch
                ):
                    pass


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _least_costs(giver, taker, amount, out_head, out_follow, in_head, in_follow, left, scratch):
    """What it costs to reach each party from one that has too much; rows 1 to 3 are written."""
    balance, cost, queued, queue = scratch[0], scratch[1], scratch[2], scratch[3]
    parties = len(out_head)
    read, size = 0, 0
    for party in range(parties):
        cost[party], queued[party] = 4 * parties + 4, 0
        if balance[party] > 0:
            cost[party], queued[party] = 0, 1
            queue[size] = party
            size += 1
    while size > 0:
        party = queue[read]
        read = read + 1 if read < parties else 0
        size -= 1
        queued[party] = 0
        for inward in range(2):
            edge = in_head[party] if inward else out_head[party]
            while edge >= 0:
                if inward:
                    free, other, price = left[edge], giver[edge], cost[party] - 1
                else:
                    free, other, price = amount[edge] - left[edge], taker[edge], cost[party] + 1
                if free > 0 and price < cost[other]:
                    cost[other] = price
                    if not queued[other]:
                        queued[other] = 1
                        place = read + size
                        queue[place if place <= parties else place - parties - 1] = other
                        size += 1
                edge = in_follow[edge] if inward else out_follow[edge]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _levels(giver, taker, amount, out_head, out_follow, in_head, in_follow, left, scratch):
    """How many edges of least-cost paths lead to each party; whether any leads to a lack."""
    balance, cost, level, queue = scratch[0], scratch[1], scratch[2], scratch[3]
    read, size, found = 0, 0, False
    for party in range(len(out_head)):
        level[party] = -1
        if balance[party] > 0:
            level[party] = 0
            queue[size] = party
            size += 1
    while read < size:
        party = queue[read]
        read += 1
        for inward in range(2):
            edge = in_head[party] if inward else out_head[party]
            while edge >= 0:
                if inward:
                    free, other, price = left[edge], giver[edge], cost[party] - 1
                else:
                    free, other, price = amount[edge] - left[edge], taker[edge], cost[party] + 1
                if free > 0 and level[other] < 0 and cost[other] == price:
                    level[other] = level[party] + 1
                    found = found or balance[other] < 0
                    queue[size] = other
                    size += 1
                edge = in_follow[edge] if inward else out_follow[edge]
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _push(start, giver, taker, amount, in_head, out_follow, in_follow, left, scratch):
    """Send what one path takes, level by level, from a party with too much to one that lacks.

    Rows 3 and 4 are the edge that each party looks at and whether it is an edge inward, row 5 the
    path; a party without a way on loses its level. Returns whether anything was sent.
    """
    balance, cost, level = scratch[0], scratch[1], scratch[2]
    edge_of, inward, path = scratch[3], scratch[4], scratch[5]
    depth = 1 if level[start] == 0 else 0
    path[0] = start
    while depth > 0 and balance[path[depth - 1]] >= 0:
        party = path[depth - 1]
        edge = edge_of[party]
        if edge < 0 and not inward[party]:
            inward[party], edge_of[party] = 1, in_head[party]
        elif edge < 0:
            level[party] = -1
            depth -= 1
        else:
            if inward[party]:
                free, other, price = left[edge], giver[edge], -1
            else:
                free, other, price = amount[edge] - left[edge], taker[edge], 1
            near = cost[other] == cost[party] + price and level[other] == level[party] + 1
            if free > 0 and near:
                path[depth] = other
                depth += 1
            else:
                edge_of[party] = in_follow[edge] if inward[party] else out_follow[edge]
    if depth == 0:
        return False
    goal = path[depth - 1]
    most = min(balance[start], -balance[goal])
    for place in range(depth - 1):
        party = path[place]
        edge = edge_of[party]
        most = min(most, left[edge] if inward[party] else amount[edge] - left[edge])
    for place in range(depth - 1):
        party = path[place]
        left[edge_of[party]] += -most if inward[party] else most
    balance[start] -= most
    balance[goal] += most
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def passed_on(payer, payee, amount, time, within, came, quick, last, lots):
    """Per party what came in, and how much of it went out again within some time, first in first.

    Args:
        payer: int32 (m,), by time; and so are the next three.
        payee: int32 (m,).
        amount: int64 (m,).
        time: int64 (m,).
        within: Time between coming in and going out, at most.
        came: int64 (parties,): zeros; written.
        quick: int64 (parties,): zeros; written.
        last: int64 (2, parties): -1: first and last lot of each party.
        lots: int64 (m, 2): scratch: what is left of each amount, and the payee's next lot.
    """
    for edge in range(len(payer)):
        giver, taker, left = payer[edge], payee[edge], amount[edge]
        if left <= 0 or giver == taker:
            continue
        while left > 0 and last[0, giver] >= 0:
            lot = last[0, giver]
            used = min(left, lots[lot, 0])
            left -= used
            lots[lot, 0] -= used
            if time[edge] - time[lot] <= within:
                quick[giver] += used
            if lots[lot, 0] == 0:
                last[0, giver] = lots[lot, 1]
        came[taker] += amount[edge]
        lots[edge, 0], lots[edge, 1] = amount[edge], -1
        if last[0, taker] < 0:
            last[0, taker] = edge
        else:
            lots[last[1, taker], 1] = edge
        last[1, taker] = edge
