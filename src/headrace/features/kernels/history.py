"""The rows of each key, sorted by time while events come late, twice, or are taken back.

A key's rows lie side by side in a pool of words, in blocks of 8. After each block stand its
running totals (of everything up to its end) and its extremes, so that a total over any window is
a difference of two totals plus at most 14 rows, and the largest value of a window takes a few
strides over blocks. Nothing is kept per window, but for busy keys whose events come in order a
cursor follows each sliding window: what it holds is what the blocks would give.

A row that was voided stays where it is with an empty word of filters: it counts nowhere, and its
repetition is still recognised.
"""

import numpy as np

from headrace.features.kernels import bare, exact, hashing, kernel, part, routine, scan, short
from headrace.features.kernels.blocks import (
    NEVER,
    extreme_of,
    summarise,
)
from headrace.features.kernels.codes import (
    ADD,
    ADDED,
    ALREADY_VOIDED,
    COUNT_OP,
    CURSORS_FULL,
    DONE,
    DUPLICATE,
    F_SCALE,
    I_AT,
    I_FIRST,
    I_OP,
    I_ROW,
    I_SECOND,
    KIND,
    LAST_EVENTS,
    LATE,
    MAX_OP,
    MEAN_OP,
    MIN_OP,
    NOBODY_ASKS,
    O_CODE,
    O_COUNT,
    O_EXTREME,
    O_RANGE,
    O_SQUARE,
    O_SUM,
    OP_WORDS,
    P_EXTREMES,
    P_LANES,
    P_OPS,
    P_OPS_AT,
    P_RANGES,
    P_RANGES_AT,
    POOL_FULL,
    R_B,
    R_KIND,
    RANGE_WORDS,
    READ,
    REAL_WORDS,
    RESTATE,
    SHIFT,
    SUM_OP,
    TIME,
    TOO_LATE,
    VOID_PENDING,
    VOIDED,
    WAS_READ,
)
from headrace.features.kernels.cursors import (
    K_BELOW,
    K_LOW,
    K_TOTALS,
    W_HIGH,
    W_KNOWN,
    W_LOW,
    W_TOTALS,
    W_UPTO,
    follow,
    look,
)
from headrace.features.kernels.ranges import (
    address,
    resolve,
    rows_before,
)
from headrace.features.kernels.segments import (
    H_EVENTS,
    H_FREE_CURSOR,
    H_FREE_SLOT,
    H_LISTS,
    H_SLOTS,
    H_TOUCHED,
    H_USED,
    H_WATERMARK,
    ID_WORD,
    K_AT,
    LATENESS,
    MEMORY,
    ROW_WORDS,
    S_BASE,
    S_CLASS,
    S_CURSOR,
    S_FIRST,
    S_LENGTH,
    S_SECOND,
    allocate,
    new_cursor,
    new_slot,
    place_of,
    release,
    spoil,
    words_of,
)

MISSING = np.nan
AHEAD = 16  # rows whose memory is asked for together
CURSOR_ROWS = 8  # a key with fewer rows has no cursor


@kernel
def push(
    code,
    reals,
    shape,
    pool,
    slots,
    table,
    cursors,
    heads,
    incoming,
    start,
    groups,
    room,
    out,
    outcome,
):
    """Take in rows from `start` on, and write the aggregates of each at its moment.

    Args:
        code: The plan as words, see `codes`.
        reals: Its real parameters.
        shape: See `segments`.
        pool: Words of all rows.
        slots: Per key, see there.
        table: Keys to slots, see `hashing`.
        cursors: See `cursors`, (cursors, words); without words no key has one.
        heads: See `segments`.
        incoming: (n, 4 + row words): the key's two words, what is done, the moment asked about,
            and the row (for a void: of the event that it takes back). RESTATE asks about the
            moment of the row, and has its number among those of equal time instead.
        start: First row to take.
        groups: Working room of `scan.aggregate`.
        room: Working room, (windows, W_TOTALS + 2 lanes + extremes).
        out: (aggregates, n); NaN is missing.
        outcome: What came of each row, (n,).

    Returns:
        The first row not taken, and why: DONE, or what is full.
    """
    code, reals, groups, room = bare(code), bare(reals), bare(groups), bare(room)
    pool, slots, table, heads = bare(pool), bare(slots), bare(table), bare(heads)
    incoming, out, outcome, cursors = bare(incoming), bare(out), bare(outcome), bare(cursors)
    ahead = np.empty(AHEAD, np.int64)
    for row in range(start, incoming.shape[0]):
        if (row - start) % AHEAD == 0:
            _touch(code, shape, pool, slots, table, cursors, heads, incoming, row, ahead)
        op = incoming[row, I_OP]
        at = incoming[row, I_ROW + TIME] if op == RESTATE else incoming[row, I_AT]
        slot = ahead[(row - start) % AHEAD]
        if slot < 0:  # it may be new since
            slot = hashing.find(table, incoming[row, I_FIRST], incoming[row, I_SECOND])
        result, current, asked = WAS_READ, -1, at != NOBODY_ASKS
        late = _too_late(shape, heads, incoming[row, I_ROW + TIME] if op == ADD else at)
        if op == RESTATE:
            place = place_of(slots, shape, slot)
            current = rows_before(pool, place, slots[slot, S_LENGTH], at) + incoming[row, I_AT]
            asked = slot >= 0 and current < slots[slot, S_LENGTH]
        elif op != READ:
            if slot < 0:
                slot, full = new_slot(shape, pool, slots, table, heads, incoming, row)
                if full != DONE:
                    return row, full
            full = slots[slot, S_LENGTH] == heads[H_LISTS + slots[slot, S_CLASS]]
            if full and not _make_room(code, shape, pool, slots, cursors, heads, slot):
                return row, POOL_FULL
            wanted = asked and cursors.shape[1] > 0 and slots[slot, S_LENGTH] >= CURSOR_ROWS
            if (
                wanted
                and slots[slot, S_CURSOR] == 0
                and not new_cursor(slots, cursors, heads, slot)
            ):
                return row, CURSORS_FULL
            result, current = _take(code, shape, pool, slots, cursors, heads, incoming, row, slot)
            asked = asked and result & KIND != DUPLICATE
            asked = asked and not (op == ADD and result & KIND == ALREADY_VOIDED)
        if late or not asked:
            for number in range(out.shape[0]):
                out[number, row] = MISSING
        else:
            place = place_of(slots, shape, slot)
            length = slots[slot, S_LENGTH] if slot >= 0 else 0
            end = current + 1 if current >= 0 else rows_before(pool, place, length, at + 1)
            if op == ADD and current + 1 == length and slots[slot, S_CURSOR] > 0:
                cursor = cursors[slots[slot, S_CURSOR] - 1]
                follow(code, pool, place, at, current, cursor, room)
            else:
                for number in range(code[P_RANGES]):
                    look(code, pool, place, number, end, at, current, room)
            _emit(code, reals, pool, place, at, groups, room, out, row)
        if op == ADD and result & KIND == ADDED:
            heads[H_WATERMARK] = max(heads[H_WATERMARK], incoming[row, I_ROW + TIME])
        outcome[row] = result | (TOO_LATE if late else 0)
    return incoming.shape[0], DONE


@short
def push_one(*given):
    """As `push`, for a row or two."""
    return push(*given)


@part
def _touch(code, shape, pool, slots, table, cursors, heads, incoming, row, ahead):
    """Find the slots of the next rows, and bring what they will need into the cache.

    All at once instead of one by one: one row does not wait for the memory of another.
    """
    count = min(AHEAD, incoming.shape[0] - row)
    for one in range(count):
        ahead[one] = hashing.find(
            table, incoming[row + one, I_FIRST], incoming[row + one, I_SECOND]
        )
    touched = 0
    for one in range(count):
        slot = ahead[one]
        if slot >= 0:
            last = max(slots[slot, S_LENGTH] - 1, 0)
            touched += pool[address(place_of(slots, shape, slot), last)]
            if slots[slot, S_CURSOR] > 0:
                touched += cursors[slots[slot, S_CURSOR] - 1, K_AT]
    window = K_BELOW + code[P_LANES] + code[P_EXTREMES]
    for one in range(count):
        slot = ahead[one]
        if slot >= 0 and slots[slot, S_CURSOR] > 0:
            cursor, place = slots[slot, S_CURSOR] - 1, place_of(slots, shape, slot)
            for word in range(K_TOTALS + code[P_LANES], cursors.shape[1], window):
                low = min(max(cursors[cursor, word + K_LOW], 0), slots[slot, S_LENGTH] - 1)
                touched += pool[address(place, low)]
    heads[H_TOUCHED] = touched


@part
def _take(code, shape, pool, slots, cursors, heads, incoming, row, slot):
    """File an event or a void; returns what came of it, and the new row's position or -1."""
    place = place_of(slots, shape, slot)
    length = slots[slot, S_LENGTH]
    end = rows_before(pool, place, length, incoming[row, I_ROW + TIME] + 1)
    known = _same_id(pool, place, shape, incoming, row, end) if shape[ID_WORD] >= 0 else -1
    dead = known >= 0 and pool[address(place, known) + 1] == 0
    if dead:
        return ALREADY_VOIDED, -1
    if incoming[row, I_OP] == ADD:
        if known >= 0:
            return DUPLICATE, -1
        _insert(code, shape, pool, slots, heads, incoming, row, slot, end)
        if end < length:
            spoil(slots, cursors, slot)
        return ADDED | (LATE if end < length else 0), end
    spoil(slots, cursors, slot)
    result = VOIDED
    if known < 0:
        result, known = VOID_PENDING, end
        _insert(code, shape, pool, slots, heads, incoming, row, slot, end)
    pool[address(place, known) + 1] = 0
    summarise(code, pool, place, known >> SHIFT, slots[slot, S_LENGTH] >> SHIFT)
    return result, -1


@part
def _too_late(shape, heads, time):
    """Whether rows that the moment's windows need may be gone already."""
    bounded = shape[MEMORY] >= 0 and heads[H_WATERMARK] != NEVER
    return bounded and time < heads[H_WATERMARK] - shape[LATENESS]


@routine
def _same_id(pool, place, shape, incoming, row, end):
    """The row of equal time and id among those before `end`; -1: none."""
    known = end - 1
    while known >= 0:
        begins = address(place, known)
        if pool[begins + TIME] != incoming[row, I_ROW + TIME]:
            break
        if pool[begins + shape[ID_WORD]] == incoming[row, I_ROW + shape[ID_WORD]]:
            return known
        known -= 1
    return -1


@routine
def _make_room(code, shape, pool, slots, cursors, heads, slot):
    """Room for one more row: forget old rows, or move to a larger segment; False: pool full."""
    size_class = slots[slot, S_CLASS]
    capacity = heads[H_LISTS + size_class]
    place = place_of(slots, shape, slot)
    gone = _forgotten(code, shape, pool, heads, place, slots[slot, S_LENGTH])
    if gone >= max(capacity >> 2, 1):
        _forget(code, shape, pool, slots, heads, slot, gone)
        spoil(slots, cursors, slot)
        return True
    more = words_of(heads[H_LISTS + size_class + 1], shape)
    if place[0] + words_of(capacity, shape) == heads[H_USED] and place[0] + more <= pool.size:
        heads[H_USED] = place[0] + more
        slots[slot, S_CLASS] += 1
        return True
    base = allocate(shape, pool, heads, size_class + 1)
    if base < 0:
        return False
    for word in range(words_of(capacity, shape)):
        pool[base + word] = pool[place[0] + word]
    release(pool, heads, place[0], size_class)
    slots[slot, S_BASE] = base
    slots[slot, S_CLASS] += 1
    return True


@routine
def _forgotten(code, shape, pool, heads, place, length):
    """How many of the oldest rows no window will ever see again."""
    if shape[MEMORY] < 0 or heads[H_WATERMARK] == NEVER:
        return 0
    exact_from = heads[H_WATERMARK] - shape[LATENESS]
    gone = rows_before(pool, place, length, exact_from - shape[MEMORY])
    for number in range(code[P_RANGES]):
        one = code[P_RANGES_AT] + number * RANGE_WORDS
        if code[one + R_KIND] == LAST_EVENTS:
            end = rows_before(pool, place, length, exact_from)
            low, _ = resolve(code, one, pool, place, end, end, exact_from, end - 1)
            if low < length:
                first = pool[address(place, low) + TIME] - code[one + R_B]
                gone = min(gone, rows_before(pool, place, low, first))
    return gone


@routine
def _forget(code, shape, pool, slots, heads, slot, gone):
    place = place_of(slots, shape, slot)
    left = slots[slot, S_LENGTH] - gone
    for row in range(left):
        to, source = address(place, row), address(place, row + gone)
        for word in range(shape[ROW_WORDS]):
            pool[to + word] = pool[source + word]
    slots[slot, S_LENGTH] = left
    heads[H_EVENTS] -= gone
    summarise(code, pool, place, 0, left >> SHIFT)


@kernel
def sweep(code, shape, pool, slots, table, cursors, heads, first, count):
    """Free `count` slots from `first` on whose rows no window sees any more.

    Returns:
        How many keys were freed.
    """
    freed = 0
    for slot in range(first, min(first + count, heads[H_SLOTS])):
        if slots[slot, S_CLASS] < 0:
            continue
        place = place_of(slots, shape, slot)
        gone = _forgotten(code, shape, pool, heads, place, slots[slot, S_LENGTH])
        if gone < slots[slot, S_LENGTH]:
            continue
        heads[H_EVENTS] -= gone
        hashing.remove(table, slots[slot, S_FIRST], slots[slot, S_SECOND])
        if slots[slot, S_CURSOR] > 0:
            cursors[slots[slot, S_CURSOR] - 1, K_AT] = heads[H_FREE_CURSOR]
            heads[H_FREE_CURSOR] = slots[slot, S_CURSOR]
        release(pool, heads, place[0], slots[slot, S_CLASS])
        slots[slot, S_LENGTH] = 0
        slots[slot, S_CLASS] = -1
        slots[slot, S_BASE] = heads[H_FREE_SLOT]
        heads[H_FREE_SLOT] = slot + 1
        freed += 1
    return freed


@part
def _insert(code, shape, pool, slots, heads, incoming, row, slot, at):
    """Put the row before row `at`, and bring the totals behind it up to date."""
    place = place_of(slots, shape, slot)
    length = slots[slot, S_LENGTH]
    for moved in range(length, at, -1):
        to, source = address(place, moved), address(place, moved - 1)
        for word in range(shape[ROW_WORDS]):
            pool[to + word] = pool[source + word]
    begins = address(place, at)
    for word in range(shape[ROW_WORDS]):
        pool[begins + word] = incoming[row, I_ROW + word]
    slots[slot, S_LENGTH] = length + 1
    heads[H_EVENTS] += 1
    summarise(code, pool, place, at >> SHIFT, (length + 1) >> SHIFT)


@part
def _emit(code, reals, pool, place, at, groups, room, out, row):
    """Every aggregate at one moment, of windows that are in the room."""
    for number in range(code[P_OPS]):
        op = code[P_OPS_AT] + number * OP_WORDS
        real = number * REAL_WORDS
        kind = code[op + O_CODE]
        window = code[op + O_RANGE]
        low, high = room[window, W_LOW], room[window, W_HIGH]
        if kind < MIN_OP:
            out[number, row] = _of_totals(code, op, reals[real + F_SCALE], high - low, room, window)
        elif kind <= MAX_OP:
            extreme = code[op + O_EXTREME]
            if room[window, W_KNOWN] == 1:
                best = room[window, W_TOTALS + 2 * code[P_LANES] + extreme]
            else:
                best = extreme_of(code, extreme, pool, place, low, high)
            value = best if kind == MAX_OP else -best
            out[number, row] = (
                MISSING if best == NEVER else np.float64(value) / reals[real + F_SCALE]
            )
        else:
            out[number, row] = scan.aggregate(
                code, op, reals, real, pool, place, low, high, at, groups
            )


@part
def _of_totals(code, op, scale, rows, room, window):
    """An aggregate from the totals at the two ends of its window."""
    before = W_TOTALS
    upto = W_TOTALS + code[P_LANES]
    end = room[window, W_UPTO]
    kind = code[op + O_CODE]
    lane = code[op + O_COUNT]
    count = rows if lane < 0 else room[end, upto + lane] - room[window, before + lane]
    if kind == COUNT_OP:
        return np.float64(count)
    if count == 0:
        return MISSING
    lane = code[op + O_SUM]
    total = room[end, upto + lane] - room[window, before + lane]
    if kind == SUM_OP:
        return np.float64(total) / scale
    if kind == MEAN_OP:
        return exact.mean(total, count, scale)
    lane = code[op + O_SQUARE]
    low, high = exact.subtract(
        room[end, upto + lane],
        room[end, upto + lane + 1],
        room[window, before + lane],
        room[window, before + lane + 1],
    )
    return exact.deviation(count, total, low, high, scale)


@kernel
def rows_since(shape, pool, slots, table, keys, since, out):
    """The rows of some keys from a time on that were not taken back.

    Args:
        shape: See `segments`.
        pool: See `push`.
        slots: The same.
        table: The same.
        keys: Two words each, (keys, 2).
        since: A time for each, microseconds, (keys,).
        out: Number of the key, time, and number among the rows of equal time, (n, 3).

    Returns:
        How many there are; what has no room in `out` is counted only.
    """
    found = 0
    for key in range(keys.shape[0]):
        slot = hashing.find(table, keys[key, 0], keys[key, 1])
        if slot < 0:
            continue
        place = place_of(slots, shape, slot)
        first = rows_before(pool, place, slots[slot, S_LENGTH], since[key])
        equal = 0
        for row in range(first, slots[slot, S_LENGTH]):
            begins = address(place, row)
            time = pool[begins + TIME]
            equal = equal + 1 if row > first and time == pool[address(place, row - 1)] else 0
            if shape[ID_WORD] >= 0 and pool[begins + 1] == 0:
                continue
            if found < out.shape[0]:
                out[found, 0] = key
                out[found, 1] = time
                out[found, 2] = equal
            found += 1
    return found


@kernel
def digest(code, shape, pool, slots, heads):
    """A sum of hashes of all rows that windows can still see; the order of memory plays no part."""
    total = np.int64(0)
    for slot in range(heads[H_SLOTS]):
        place = place_of(slots, shape, slot)
        gone = _forgotten(code, shape, pool, heads, place, slots[slot, S_LENGTH])
        for row in range(gone, slots[slot, S_LENGTH]):
            begins = address(place, row)
            word = hashing.mix(slots[slot, S_FIRST] ^ (slots[slot, S_SECOND] << 1))
            for column in range(shape[ROW_WORDS]):
                word = hashing.mix(word ^ (pool[begins + column] + column))
            total += word
    return total
