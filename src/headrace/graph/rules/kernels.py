"""Compiled loops under a set of facts: a hash set of rows, chains of rows by column, totals.

A fact is a row of int64, (capacity, width). `rank` has a word a row: the step in which the fact
was derived (0 and up: it stands), GONE while it is being withdrawn, FREE where there is no fact.

The set is a table of slots, open addressing with linear probing: EMPTY, or `tag << 32 | row + 1`,
where the tag is the 31 highest bits of the row's hash. They also say where its search begins, so a
larger table is filled from a smaller one in order, without a look at the rows. An index is a chain
of rows for each bucket of some columns, linked both ways, so that a fact leaves it in constant
time.
"""

import numba
import numpy as np

GONE = np.int32(-1)
FREE = np.int32(-2)
EMPTY = np.int64(0)
NONE = np.int32(-1)  # the end of a chain
MISSING = np.int64(-(2**63))  # a number that is not known
LAST = np.int64(2**63 - 1)
TAG_BITS = 31
BLOCK = 256  # rows whose slots are fetched together, so that the waits for memory overlap
SUM, MIN, MAX, COUNT = range(4)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, inline="always")
def _hash(values, row, columns):
    """A hash of some columns of a row: multiply and fold, a prime of 64 bits."""
    mixed = np.uint64(0x9E3779B97F4A7C15)
    for column in columns:
        mixed = (mixed ^ np.uint64(values[row, column])) * np.uint64(0xD6E8FEB86659FD93)
        mixed ^= mixed >> np.uint64(32)
    return mixed * np.uint64(0xD6E8FEB86659FD93)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, inline="always")
def _tag(values, row, columns):
    return np.int64(_hash(values, row, columns) >> np.uint64(64 - TAG_BITS))


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, inline="always")
def _bucket(values, row, columns, heads):
    """Where the chain begins: by the code itself for one column, which then shares with none."""
    if len(columns) == 1:
        return np.int64(values[row, columns[0]]) & (len(heads) - 1)
    return (_tag(values, row, columns) * len(heads)) >> TAG_BITS


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True, inline="always")
def _home(tag, slots):
    """The slot where the search for a tag begins; `slots` has a power of two, 2**31 at most."""
    return (tag * len(slots)) >> TAG_BITS


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _place(keys, key, tag, rows, slots):
    """The slot of a fact, or the empty slot where it would be."""
    mask = len(slots) - 1
    at = _home(tag, slots)
    while slots[at] != EMPTY:
        if slots[at] >> 32 == tag:
            row = (slots[at] & 0xFFFFFFFF) - 1
            same = True
            for column in range(keys.shape[1]):
                same = same and rows[row, column] == keys[key, column]
            if same:
                break
        at = (at + 1) & mask
    return at


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def insert(keys, rows, rank, slots, free, state, step, found):
    """Add the facts that do not stand; room for all of them was made.

    Args:
        keys: int64 (n, width).
        rows: The facts, written, and so is `rank`.
        slots: The hash set.
        free: int32: rows without a fact, a stack.
        state: int64 (2,): rows ever used, height of the stack.
        step: Rank of what is added.
        found: int32 (n,), written: the row of each new fact; -1 - row of one that was going.

    Returns:
        How many `found`.
    """
    count = 0
    columns = np.arange(keys.shape[1])
    tags, seen = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    for low in range(0, len(keys), BLOCK):
        high = min(low + BLOCK, len(keys))
        for key in range(low, high):
            tags[key - low] = _tag(keys, key, columns)
            seen[key - low] = slots[_home(tags[key - low], slots)]
        for key in range(low, high):
            tag = tags[key - low]
            at = _place(keys, key, tag, rows, slots)
            if slots[at] != EMPTY:
                row = (slots[at] & 0xFFFFFFFF) - 1
                if rank[row] == GONE:
                    rank[row] = step
                    found[count] = -1 - row
                    count += 1
                continue
            if state[1]:
                state[1] -= 1
                row = np.int64(free[state[1]])
            else:
                row = state[0]
                state[0] += 1
            slots[at] = tag << 32 | (row + 1)
            for column in range(keys.shape[1]):
                rows[row, column] = keys[key, column]
            rank[row] = step
            found[count] = row
            count += 1
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def fill(old, slots):
    """Put what is in one table of slots into an empty, larger one."""
    mask = len(slots) - 1
    for entry in old:
        if entry != EMPTY:
            at = _home(entry >> 32, slots)
            while slots[at] != EMPTY:
                at = (at + 1) & mask
            slots[at] = entry


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def find(keys, rows, slots, found):
    """The row of each fact, NONE where there is none; `found` int32 (n,), written."""
    columns = np.arange(keys.shape[1])
    for key in range(len(keys)):
        at = _place(keys, key, _tag(keys, key, columns), rows, slots)
        found[key] = NONE if slots[at] == EMPTY else np.int32((slots[at] & 0xFFFFFFFF) - 1)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def forget(ids, rows, slots):
    """Take facts out of the hash set; those behind move up, so that no slot is left dead."""
    columns = np.arange(rows.shape[1])
    mask = len(slots) - 1
    for row in ids:
        hole = _place(rows, row, _tag(rows, row, columns), rows, slots)
        at = hole
        while True:
            at = (at + 1) & mask
            if slots[at] == EMPTY:
                break
            home = _home(slots[at] >> 32, slots)
            if ((at - home) & mask) >= ((at - hole) & mask):
                slots[hole] = slots[at]
                hole = at
        slots[hole] = EMPTY


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def link(ids, rows, columns, heads, after, before):
    """Put facts at the head of their chains.

    Args:
        ids: int32: rows.
        rows: The facts.
        columns: int64: those of the index.
        heads: int32, a power of two: first row of each chain, written.
        after: int32 (capacity,): next row, written.
        before: int32 (capacity,): the row before, or -2 - bucket of the first one, written.
    """
    for row in ids:
        bucket = _bucket(rows, row, columns, heads)
        first = heads[bucket]
        after[row] = first
        before[row] = -2 - bucket
        if first != NONE:
            before[first] = row
        heads[bucket] = row


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def unlink(ids, heads, after, before):
    """Take facts out of their chains; arguments as in `link`."""
    for row in ids:
        ahead, behind = before[row], after[row]
        if ahead <= -2:
            heads[-2 - ahead] = behind
        else:
            after[ahead] = behind
        if behind != NONE:
            before[behind] = ahead


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def probe(bindings, slots, view, rows, rank, columns, heads, after, state, origin, match):
    """Facts that agree with bindings on the columns of an index.

    Args:
        bindings: int64 (n, width); column 0 holds the rank below which a fact must be.
        slots: int64 (columns,): the column of `bindings` for each column of the index.
        view: int64 (3,): lowest rank seen, 1 where column 0 counts, 1 where one match is enough.
        rows: The facts; `rank`, `columns`, `heads` and `after` as in `link`.
        state: int64 (2,): binding and row to go on from (row -2: the head), written.
        origin: int32 (m,), written: the binding of each match.
        match: int32 (m,), written: the row of each match.

    Returns:
        How many matches; where that is m, there may be more from `state` on.
    """
    count, room = 0, len(origin)
    key, row = state[0], np.int32(state[1])
    first, base, fetched = np.empty(BLOCK, np.int32), key, key
    while key < len(bindings):
        if key == fetched:
            for near in range(key, min(key + BLOCK, len(bindings))):
                first[near - key] = heads[_bucket(bindings, near, slots, heads)]
            base, fetched = key, key + BLOCK
        limit = bindings[key, 0] if view[1] else LAST
        if row == -2:
            row = first[key - base]
        while row != NONE:
            if count == room:
                state[0], state[1] = key, row
                return count
            if view[0] <= rank[row] < limit:
                same = True
                for number in range(len(columns)):
                    same = same and rows[row, columns[number]] == bindings[key, slots[number]]
                if same:
                    origin[count], match[count] = key, row
                    count += 1
                    if view[2]:
                        break
            row = after[row]
        key += 1
        row = np.int32(-2)
    state[0] = key
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def compose(bindings, origin, rows, match, sources, out):
    """Rows made of a binding and a fact each.

    Args:
        bindings: int64 (b, width).
        origin: int32 (n,): the binding of each.
        rows: int64: facts.
        match: int32 (n,): the fact of each.
        sources: int64 (m,): column of the binding, or -1 - column of the fact.
        out: int64 (n, m), written.
    """
    for each in range(len(origin)):
        for column in range(len(sources)):
            source = sources[column]
            if source >= 0:
                out[each, column] = bindings[origin[each], source]
            else:
                out[each, column] = rows[match[each], -1 - source]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def totals(groups, limits, function, value, rows, rank, columns, heads, after, total, size):
    """One number per group over its standing facts.

    A sum that does not fit, and any total over a number that is not known, is MISSING.

    Args:
        groups: int64 (n, columns): values of the index' columns.
        limits: int64 (n,): the rank below which a fact must be.
        function: SUM, MIN, MAX or COUNT.
        value: Column of `rows` with the number.
        rows: The facts; `rank`, `columns`, `heads` and `after` as in `link`.
        total: int64 (n,), written.
        size: int64 (n,), written: how many facts; without any there is no total.
    """
    own = np.arange(groups.shape[1])
    for group in range(len(groups)):
        whole, count, known = np.int64(0), 0, True
        row = heads[_bucket(groups, group, own, heads)]
        while row != NONE:
            same = 0 <= rank[row] < limits[group]
            for number in range(len(columns)):
                same = same and rows[row, columns[number]] == groups[group, number]
            if same:
                number = rows[row, value]
                known = known and number != MISSING
                if function == SUM:
                    after_sum = whole + number
                    known = known and ((whole ^ after_sum) & (number ^ after_sum)) >= 0
                    whole = after_sum
                elif function == MIN:
                    whole = number if count == 0 else min(whole, number)
                elif function == MAX:
                    whole = number if count == 0 else max(whole, number)
                count += 1
            row = after[row]
        if function == COUNT:
            whole, known = np.int64(count), True
        total[group] = whole if known else MISSING
        size[group] = count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def spread(sources, seed_at, seeds, at, target, stamp, queue, level, state, out, levels):
    """All that each source reaches beyond what it begins with, breadth first.

    Args:
        sources: int64 (s,): codes.
        seed_at: int64 (s + 1,): where in `seeds` each source's begin.
        seeds: int64: nodes that a source begins with, none twice.
        at: int64 (nodes + 1,): where in `target` each node's edges begin.
        target: int64: nodes.
        stamp: int64 (nodes,), written: the last source that reached a node; -1 at first.
        queue: int64 (nodes,): room.
        level: int64 (nodes,): room.
        state: int64 (1,): the source to go on from, written.
        out: int64 (m, 2), written: source and node; m is at least `nodes`, or 0 to count only.
        levels: int64 (m,), written: steps from what the source began with, from 1.

    Returns:
        How many were reached; where a source is left, there are more from `state` on.
    """
    count, nodes = 0, len(stamp)
    while state[0] < len(sources) and (len(out) == 0 or len(out) - count >= nodes):
        source = state[0]
        state[0] += 1
        last = 0
        for seed in range(seed_at[source], seed_at[source + 1]):
            stamp[seeds[seed]] = source
            queue[last], level[last] = seeds[seed], 0
            last += 1
        first = 0
        while first < last:
            for edge in range(at[queue[first]], at[queue[first] + 1]):
                node = target[edge]
                if stamp[node] != source:
                    stamp[node] = source
                    queue[last], level[last] = node, level[first] + 1
                    if len(out):
                        out[count, 0], out[count, 1] = sources[source], node
                        levels[count] = level[last]
                    last += 1
                    count += 1
            first += 1
    return count
