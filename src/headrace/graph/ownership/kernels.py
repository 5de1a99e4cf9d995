"""Ownership over arrays: loops found, solved, and shares and votes carried along.

Holdings lie company after company: `start[c] .. start[c] + length[c]` are the positions of those in
company c, in which other arrays give the holder and its share. Components (companies on common
loops) are numbered so that holders come before what they hold. A component's block is the inverse
of I - Q, row by row, where Q[j, i] is what i holds of j inside the component.
"""

import numba
import numpy as np

UP, DOWN = 0, 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def neighbours(key, parties):
    """Positions sorted by key, and where each key's run starts and how long it is."""
    length = np.zeros(parties, np.int64)
    for edge in range(len(key)):
        length[key[edge]] += 1
    start = np.empty(parties, np.int64)
    at = 0
    for party in range(parties):
        start[party] = at
        at += length[party]
    order = np.empty(len(key), np.int64)
    place = start.copy()
    for edge in range(len(key)):
        order[place[key[edge]]] = edge
        place[key[edge]] += 1
    return order, start, length


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def components(roots, start, length, holder, index, label, place):
    """Strongly connected components of `roots` and what is above them, holders first.

    Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Computing 1 (1972), without
    recursion. A component is complete only when all that hold its members are.

    Args:
        roots: int32: where to begin.
        start: int64 (parties,): and `length` int64, `holder` int32: holders of each party.
        length: As above.
        holder: As above.
        index: int32 (parties,): 0 where a party is to be visited, -1 where it is not; written.
        label: int32 (parties,), written: the component, from 0 in this call.
        place: int32 (parties,), written: the place within the component.

    Returns:
        members: int32: parties, component after component.
        at: int64 (components + 1,): where each begins.
    """
    stack, call = np.empty(1024, np.int32), np.empty(1024, np.int32)
    edge, low = np.empty(1024, np.int64), np.empty(1024, np.int32)
    members, at = np.empty(1024, np.int32), np.empty(1025, np.int64)
    at[0] = 0
    top = depth = count = found = visited = 0
    for root in roots:
        if index[root] != 0:
            continue
        call[0], depth = root, 1
        edge[0] = 0
        while depth:
            party = call[depth - 1]
            if edge[depth - 1] == 0:
                visited += 1
                index[party] = low[depth - 1] = visited
                label[party] = -1  # on the stack
                if top == len(stack):
                    stack = np.concatenate((stack, np.empty(top, np.int32)))
                stack[top] = party
                top += 1
            went = False
            while edge[depth - 1] < length[party]:
                above = holder[start[party] + edge[depth - 1]]
                edge[depth - 1] += 1
                if index[above] == 0:
                    if depth == len(call):
                        call = np.concatenate((call, np.empty(depth, np.int32)))
                        edge = np.concatenate((edge, np.empty(depth, np.int64)))
                        low = np.concatenate((low, np.empty(depth, np.int32)))
                    call[depth], edge[depth] = above, 0
                    depth += 1
                    went = True
                    break
                if index[above] > 0 and label[above] == -1:
                    low[depth - 1] = min(low[depth - 1], index[above])
            if went:
                continue
            if edge[depth - 1] == 0:
                edge[depth - 1] = 1  # visited, though nobody holds it
            depth -= 1
            if depth:
                low[depth - 1] = min(low[depth - 1], low[depth])
            if low[depth] != index[party]:
                continue
            size = 0
            while True:
                top -= 1
                member = stack[top]
                if count == len(members):
                    members = np.concatenate((members, np.empty(count, np.int32)))
                members[count] = member
                label[member], place[member] = found, size
                count += 1
                size += 1
                if member == party:
                    break
            found += 1
            if found + 1 > len(at):
                at = np.concatenate((at, np.empty(found, np.int64)))
            at[found] = count
    return members[:count].copy(), at[: found + 1].copy()


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def block_inside(members, label, place, graph):
    """Q of one component, and what outsiders hold of each member."""
    start, length, holder, share = graph
    size = len(members)
    inside, outside = np.zeros((size, size)), np.zeros(size)
    for row in range(size):
        party = members[row]
        for edge in range(start[party], start[party] + length[party]):
            above = holder[edge]
            if label[above] == label[party]:
                inside[row, place[above]] += share[edge]
            else:
                outside[row] += share[edge]
    return inside, outside


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def invert(inside, leak, inverse):
    """The inverse of I - Q by elimination without a subtraction, so that nothing cancels.

    Grassmann, Taksar and Heyman, "Regenerative analysis and steady state distributions for Markov
    chains", Operations Research 33 (1985): a pivot 1 - Q[k, k] is found as the sum of what leaves
    k, for rows of Q and their leak add up to one.

    Args:
        inside: float64 (n, n): Q, not negative; written over.
        leak: float64 (n,): 1 - the row's sum; written over.
        inverse: float64 (n, n), written.
    """
    size = len(leak)
    pivot = np.empty(size)
    inverse[:, :] = 0.0
    for row in range(size):
        inverse[row, row] = 1.0
    for last in range(size - 1, -1, -1):
        out = leak[last]
        for column in range(last):
            out += inside[last, column]
        pivot[last] = out
        for row in range(last):
            factor = inside[row, last] / out
            if factor == 0.0:
                continue
            for column in range(last):
                inside[row, column] += factor * inside[last, column]
            leak[row] += factor * leak[last]
            for column in range(last, size):
                inverse[row, column] += factor * inverse[last, column]
    for row in range(size):
        for above in range(row):
            factor = inside[row, above]
            if factor != 0.0:
                for column in range(size):
                    inverse[row, column] += factor * inverse[above, column]
        for column in range(size):
            inverse[row, column] /= pivot[row]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def small_blocks(members, at, label, place, graph, remainder, block_at, blocks, size_max):
    """The blocks of all components up to a size.

    Args:
        members: int32, and `at` int64 (components + 1,), as `components` gives them.
        at: As above.
        label: int32 (parties,).
        place: int32 (parties,).
        graph: start, length, holder, share.
        remainder: float64 (parties,): what nobody is recorded to hold.
        block_at: int64 (components,): where its block begins in `blocks`, -1 without a loop.
        blocks: float64, written.
        size_max: Larger ones are left to the caller.
    """
    for component in range(len(at) - 1):
        size = at[component + 1] - at[component]
        begin = block_at[component]
        if begin < 0 or size > size_max:
            continue
        own = members[at[component] : at[component + 1]]
        inside, leak = block_inside(own, label, place, graph)
        for row in range(size):
            leak[row] += remainder[own[row]]
        invert(inside, leak, blocks[begin : begin + size * size].reshape(size, size))


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def leaks(members, at, label, graph, remainder):
    """Per component: whether it has a loop, and how much of it outsiders hold or may hold."""
    start, length, holder, share = graph
    looped = np.zeros(len(at) - 1, np.bool_)
    leak = np.zeros(len(at) - 1)
    for component in range(len(at) - 1):
        for member in members[at[component] : at[component + 1]]:
            leak[component] += remainder[member]
            for edge in range(start[member], start[member] + length[member]):
                if label[holder[edge]] == component:
                    looped[component] = True
                else:
                    leak[component] += share[edge]
    return looped, leak


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _add(ultimate, part, sums, seen, count):
    if part == 0.0:
        return count
    if sums[ultimate] == 0.0:
        seen[count] = ultimate
        count += 1
    sums[ultimate] += part
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _gather(party, label, graph, lists, lost, sums, seen):
    """Ultimate holders of a party by way of its holders outside its component, into `sums`.

    Returns:
        How many there are, and what was lost on the way.
    """
    start, length, holder, share = graph
    list_at, list_length, list_party, list_share = lists
    count, missing = 0, 0.0
    for edge in range(start[party], start[party] + length[party]):
        above, part = holder[edge], share[edge]
        if label[above] == label[party] or part == 0.0:
            continue
        missing += part * lost[above]
        if length[above] == 0:
            count = _add(above, part, sums, seen, count)
            continue
        for entry in range(list_at[above], list_at[above] + list_length[above]):
            count = _add(list_party[entry], part * list_share[entry], sums, seen, count)
    return count, missing


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _store(party, seen, values, lists, fill, keep):
    """Write the list of a party, of at most `keep` entries; what the others add up to is lost.

    It goes where the one before was, or to the end where it is longer.
    """
    list_at, list_length, list_party, list_share = lists
    least, kept = 0.0, keep + 1
    while kept > keep:
        kept = 0
        for value in values:
            if value > least:
                kept += 1
        least = max(2.0 * least, 1e-15) if kept > keep else least
    if kept > list_length[party]:
        list_at[party] = fill
        fill += kept
    list_length[party] = kept
    place, dropped = list_at[party], 0.0
    for number in range(len(values)):
        if values[number] > least:
            list_party[place], list_share[place] = seen[number], values[number]
            place += 1
        else:
            dropped += values[number]
    return fill, dropped


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _taken(count, sums, seen, values):
    """What was summed, in the order of `seen`; `sums` are zeros again."""
    if count > len(values):
        values = np.empty(2 * count)
    for number in range(count):
        values[number] = sums[seen[number]]
        sums[seen[number]] = 0.0
    return values


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _numbered(held, sums, seen):
    """Each holder's number among those that occur, which come into `seen`; and how many occur."""
    number, count = np.empty(len(held), np.int64), 0
    for entry in range(len(held)):
        if sums[held[entry]] == 0.0:
            seen[count] = held[entry]
            count += 1
            sums[held[entry]] = count
        number[entry] = np.int64(sums[held[entry]]) - 1
    for at in range(count):
        sums[seen[at]] = 0.0
    return number, count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _spread_loop(own, block, label, graph, lists, fill, lost, sums, seen, keep):
    """The lists of companies on one loop; as `fill` comes back where there is no room for them."""
    size = len(own)
    begin, gone = np.zeros(size + 1, np.int64), np.zeros(size)
    held, held_share = np.empty(256, np.int32), np.empty(256)
    values = np.empty(256)
    for row in range(size):
        count, gone[row] = _gather(own[row], label, graph, lists, lost, sums, seen)
        while begin[row] + count > len(held):
            held = np.concatenate((held, np.empty_like(held)))
            held_share = np.concatenate((held_share, np.empty_like(held_share)))
        values = _taken(count, sums, seen, values)
        held[begin[row] : begin[row] + count] = seen[:count]
        held_share[begin[row] : begin[row] + count] = values[:count]
        begin[row + 1] = begin[row] + count
    number, count = _numbered(held[: begin[size]], sums, seen)
    if fill + size * min(count, keep) > len(lists[2]):
        return fill, False
    values = np.empty(count)
    for row in range(size):
        values[:] = 0.0
        lost[own[row]] = 0.0
        for column in range(size):
            weight = block[row * size + column]
            if weight == 0.0:
                continue
            lost[own[row]] += weight * gone[column]
            for entry in range(begin[column], begin[column + 1]):
                values[number[entry]] += weight * held_share[entry]
        fill, dropped = _store(own[row], seen[:count], values, lists, fill, keep)
        lost[own[row]] += dropped
    return fill, True


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def spread(first, members, at, label, graph, block_at, blocks, lists, fill, lost, sums, seen, keep):
    """Ultimate holders of every company, from the top down.

    P[u, j], the part of company j that comes to rest with u when the share of every holder that
    is held itself is passed on to its holders, is the sum over the holders k of j of their share
    times P[u, k]; on loops, where it depends on itself, a block solves it.

    Args:
        first: The component to begin with.
        members: As in `small_blocks`, and so are those up to `blocks`.
        lists: list_at, list_length (int64, by party), list_party int32, list_share float64.
        fill: How much of the last two is in use.
        lost: float64 (parties,), written: the part whose holders were dropped from lists.
        sums: float64 (parties,), zeros, and zeros again after.
        seen: int32 (parties,), scratch.
        keep: Entries in a list at most.

    Returns:
        The component to go on with when lists have more room, and the new fill.
    """
    _, list_length, list_party, _ = lists
    length = graph[1]
    values = np.empty(1024)
    for component in range(first, len(at) - 1):
        size = at[component + 1] - at[component]
        begin = block_at[component]
        if begin >= 0:
            own = members[at[component] : at[component + 1]]
            block = blocks[begin : begin + size * size]
            fill, done = _spread_loop(own, block, label, graph, lists, fill, lost, sums, seen, keep)
            if not done:
                return component, fill
            continue
        party = members[at[component]]
        lost[party] = 0.0
        if length[party] == 0:
            list_length[party] = 0
        else:
            count, missing = _gather(party, label, graph, lists, lost, sums, seen)
            values = _taken(count, sums, seen, values)
            if fill + min(count, keep) > len(list_party):
                return component, fill
            fill, dropped = _store(party, seen[:count], values[:count], lists, fill, keep)
            lost[party] = missing + dropped
    return len(at) - 1, fill


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def reached(roots, start, length, other, marked):
    """Parties reached from `roots`, themselves included, along runs of `other`.

    Args:
        roots: int32.
        start: int64 (parties,): and `length`, `other` int32: where to go from each.
        length: As above.
        other: As above.
        marked: bool (parties,): False, written for those found; the caller clears it.
    """
    found = np.empty(256, np.int32)
    count = 0
    for root in roots:
        if not marked[root]:
            if count == len(found):
                found = np.concatenate((found, np.empty_like(found)))
            marked[root] = True
            found[count] = root
            count += 1
    at = 0
    while at < count:
        party = found[at]
        at += 1
        for edge in range(start[party], start[party] + length[party]):
            if not marked[other[edge]]:
                if count == len(found):
                    found = np.concatenate((found, np.empty_like(found)))
                marked[other[edge]] = True
                found[count] = other[edge]
                count += 1
    return found[:count].copy()


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _through(component, members, at, block_at, blocks, way, value):
    """Values that came into a component, as they are after any number of rounds in it."""
    size = at[component + 1] - at[component]
    own = members[at[component] : at[component + 1]]
    block = blocks[block_at[component] : block_at[component] + size * size].reshape(size, size)
    came = np.empty(size)
    for row in range(size):
        came[row] = value[own[row]]
        value[own[row]] = 0.0
    for row in range(size):
        for column in range(size):
            if way == UP:
                value[own[column]] += block[row, column] * came[row]
            else:
                value[own[row]] += block[row, column] * came[column]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def upward(order, members, at, label, graph, block_at, blocks, value):
    """N[k, j] of one company j for all k above it: 1 is put into `value[j]` by the caller.

    Args:
        order: int32: the components above j and its own, from it upward.
        members: As in `small_blocks`, and so are those up to `blocks`.
        value: float64 (parties,), zero but for j; written.
    """
    start, length, holder, share = graph
    for component in order:
        if block_at[component] >= 0:
            _through(component, members, at, block_at, blocks, UP, value)
        for party in members[at[component] : at[component + 1]]:
            for edge in range(start[party], start[party] + length[party]):
                if label[holder[edge]] != component:
                    value[holder[edge]] += share[edge] * value[party]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def downward(order, members, at, label, graph, block_at, blocks, value):
    """N[h, j] of one holder h for all j below it: 1 is put into `value[h]` by the caller.

    With what nobody is recorded to hold in `value`, and all components, it is what of each company
    comes to rest with nobody recorded.

    Args:
        order: int32: the components below h and its own, from it downward.
        members: As in `small_blocks`, and so are those up to `blocks`.
        value: float64 (parties,), written.
    """
    start, length, holder, share = graph
    for component in order:
        for party in members[at[component] : at[component + 1]]:
            for edge in range(start[party], start[party] + length[party]):
                if label[holder[edge]] != component:
                    value[party] += share[edge] * value[holder[edge]]
        if block_at[component] >= 0:
            _through(component, members, at, block_at, blocks, DOWN, value)


ALONE, JOINT, POSSIBLE, ALLY = 0, 1, 2, 3


@numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _count(company, units, bonus, over, stamp, marks, queue, kinds, touches, tails, kind):
    """Count votes in a company, and let it in where they are enough."""
    if marks[company, 0] != stamp:
        marks[company, 0] = stamp
        marks[company, 2] = 0
        touches[tails[1]] = company
        tails[1] += 1
    marks[company, 2] += units
    if marks[company, 1] != stamp and marks[company, 2] + bonus > over:
        marks[company, 1] = stamp
        queue[tails[0]], kinds[tails[0]] = company, kind
        tails[0] += 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _grow(heads, over, stamp, claims, own, in_concert, state, tails, kind):
    """Let in whatever the votes of members, cast alone, are enough for, until nothing is added."""
    claim_company, claim_units, _, remainder = claims
    counted, marks, queue, kinds, touches = state
    start, length, claim_of = own
    while heads[0] < tails[0]:
        party = queue[heads[0]]
        heads[0] += 1
        for at in range(start[party], start[party] + length[party]):
            claim = claim_of[at]
            company = claim_company[claim]
            bonus = remainder[company] if kind == POSSIBLE else 0
            if in_concert:
                counted[claim] = stamp
            _count(company, claim_units[claim], bonus, over, stamp, marks, queue, kinds, touches,
                   tails, kind)  # fmt: skip


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _grow_in_concert(heads, over, stamp, claims, own, runs, allies, state, tails, kind):
    """The same with the votes of parties in concert; what was counted is not counted again."""
    claim_company, claim_units, pool, remainder = claims
    counted, marks, queue, kinds, touches = state
    start, length, claim_of = own
    run_start, run_length = runs
    while heads[1] < tails[0]:
        party = queue[heads[1]]
        heads[1] += 1
        for at in range(allies[0][party], allies[0][party] + allies[1][party]):
            other = allies[2][at]
            if marks[other, 1] != stamp:
                marks[other, 1] = stamp
                queue[tails[0]], kinds[tails[0]] = other, ALLY
                tails[0] += 1
        for at in range(start[party], start[party] + length[party]):
            claim = claim_of[at]
            company = claim_company[claim]
            bonus = remainder[company] if kind == POSSIBLE else 0
            first = last = claim
            if pool[claim] >= 0:
                first, last = run_start[company], run_start[company] + run_length[company] - 1
            for each in range(first, last + 1):
                if pool[each] != pool[claim] or counted[each] == stamp:
                    continue
                counted[each] = stamp
                _count(company, claim_units[each], bonus, over, stamp, marks, queue, kinds,
                       touches, tails, kind)  # fmt: skip
    heads[0] = tails[0]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def control(who, over, stamp, claims, own, runs, allies, in_concert, state, out, room):
    """What each of `who` controls: the least set that its votes and those of the set hold.

    Args:
        who: int32: controllers to look at.
        over: Votes, in billionths, that are not enough yet.
        stamp: int32: above all that `state` has seen.
        claims: company int32, units int64, pool int32 (-1: none; claims on one company with one
            pool are cast together), all by claim, and remainder int64 by company.
        own: start, length (int64, by party), claim int64: the claims of each party.
        runs: start, length (int64, by company): claims lie company after company.
        allies: start, length (int64, by party), other int32: who acts in concert in everything.
        in_concert: Whether there is a pool or an ally at all.
        state: counted int32 by claim; marks int64 (parties, 3): touched, member, sum of votes;
            queue int32, kinds int8, touches int32, all by party.
        out: at int64 (who + 1,), written; party int32, kind int8, low, high int64: what was found.
        room: How much `out` holds.

    Returns:
        How many of `who` were done before the room was used up.
    """
    _, marks, queue, kinds, touches = state
    out_at, out_party, out_kind, out_low, out_high = out
    remainder = claims[3]
    tails, heads = np.empty(2, np.int64), np.empty(2, np.int64)
    certain = np.empty(256, np.int64)
    out_at[0] = 0
    for number in range(len(who)):
        stamp += 1
        tails[0], tails[1], heads[0], heads[1] = 1, 0, 0, 0
        queue[0], kinds[0], marks[who[number], 1] = who[number], ALLY, stamp
        _grow(heads, over, stamp, claims, own, in_concert, state, tails, ALONE)
        if in_concert:
            _grow_in_concert(heads, over, stamp, claims, own, runs, allies, state, tails, JOINT)
        sure = tails[1]
        while sure > len(certain):
            certain = np.concatenate((certain, certain))
        for at in range(sure):
            company = touches[at]
            certain[at] = marks[company, 2]
            if marks[company, 1] != stamp and marks[company, 2] + remainder[company] > over:
                marks[company, 1] = stamp
                queue[tails[0]], kinds[tails[0]] = company, POSSIBLE
                tails[0] += 1
        if in_concert:
            _grow_in_concert(heads, over, stamp, claims, own, runs, allies, state, tails, POSSIBLE)
        elif heads[0] < tails[0]:
            _grow(heads, over, stamp, claims, own, in_concert, state, tails, POSSIBLE)
        begin = out_at[number]
        if begin + tails[0] > room:
            return number
        for at in range(tails[1]):  # the sums stay; a mark is now the place among those touched
            marks[touches[at], 0] = -1 - at
        for at in range(1, tails[0]):
            party, place = queue[at], begin + at - 1
            out_party[place], out_kind[place] = party, kinds[at]
            out_low[place] = out_high[place] = 0
            first = -1 - marks[party, 0]
            if 0 <= first < tails[1] and touches[first] == party:
                out_low[place] = certain[first] if first < sure else 0
                out_high[place] = marks[party, 2] + remainder[party]
            if kinds[at] == ALLY and out_high[place] > over:  # in concert, and controlled besides
                out_kind[place] = JOINT if out_low[place] > over else POSSIBLE
        out_at[number + 1] = begin + tails[0] - 1
    return len(who)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def remainders(start, length, share, whole):
    """1 - the sum of each run of shares, summed so that nothing cancels (Neumaier, ZAMM 54, 1974).

    Negative where they add up to more than one. `whole` is float64 by party, written.
    """
    for party in range(len(start)):
        total, missing = 1.0, 0.0
        for edge in range(start[party], start[party] + length[party]):
            value = -share[edge]
            after = total + value
            if abs(total) >= abs(value):
                missing += (total - after) + value
            else:
                missing += (value - after) + total
            total = after
        whole[party] = total + missing


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def at_least(threshold, companies, lists, open_, lost, found):
    """Entries of lists that reach a threshold, or would if all that is unknown were the holder's.

    Args:
        threshold: Share from which on a holder counts.
        companies: int32: whose lists.
        lists: As in `spread`.
        open_: float64 (parties,): the part that comes to rest with nobody recorded.
        lost: float64 (parties,): the part whose holders were dropped from lists.
        found: company int32, holder int32, low, high float64, written as far as they reach.

    Returns:
        How many there are.
    """
    list_at, list_length, list_party, list_share = lists
    found_company, found_holder, found_low, found_high = found
    count = 0
    for company in companies:
        for entry in range(list_at[company], list_at[company] + list_length[company]):
            holder, low = list_party[entry], list_share[entry]
            high = min(low + open_[company] - low * open_[holder] + lost[company], 1.0)
            if high < threshold:
                continue
            if count < len(found_company):
                found_company[count], found_holder[count] = company, holder
                found_low[count], found_high[count] = low, high
            count += 1
    return count
