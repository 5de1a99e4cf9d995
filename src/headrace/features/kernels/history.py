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

from headrace.features.kernels import bare, exact, hashing, kernel, part, routine, scan
from headrace.features.kernels.codes import (
    ADD,
    ADDED,
    ALREADY_VOIDED,
    BLOCK,
    COUNT_LANE,
    COUNT_OP,
    CURSORS_FULL,
    DONE,
    DUPLICATE,
    EXTREME_WORDS,
    F_SCALE,
    KIND,
    L_COLUMN,
    L_KIND,
    L_MASK,
    LANE_WORDS,
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
    P_EXTREMES_AT,
    P_LANES,
    P_LANES_AT,
    P_OPS,
    P_OPS_AT,
    P_RANGES,
    P_RANGES_AT,
    POOL_FULL,
    R_A,
    R_B,
    R_C,
    R_EXCLUDED,
    R_KIND,
    R_NESTED,
    RANGE_WORDS,
    READ,
    REAL_WORDS,
    REST,
    RESTATE,
    SHIFT,
    SLIDING,
    SLOTS_FULL,
    SQUARE_HIGH_LANE,
    SQUARE_LANE,
    SUM_LANE,
    SUM_OP,
    TABLE_FULL,
    TIME,
    TOO_LATE,
    VOID_PENDING,
    VOIDED,
    WAS_READ,
    X_COLUMN,
    X_MASK,
    X_SIGN,
)
from headrace.features.kernels.ranges import address, passes, resolve, rows_before

MISSING = np.nan
NEVER = np.iinfo(np.int64).min
CLASSES = 56  # sizes of segments
AHEAD = 16  # rows whose memory is asked for together
I_FIRST, I_SECOND, I_OP, I_AT, I_ROW = range(5)  # columns of incoming rows

# Of `shape`: words of a row and of a block, the word of the id or -1, how far an event may trail
# the latest one and still be exact, and how far windows reach back (below 0: rows are kept for
# ever), both in microseconds.
ROW_WORDS, BLOCK_WORDS, ID_WORD, LATENESS, MEMORY = range(5)

# Words of `heads`: words used, slots used, watermark, rows, first free slot + 1, nothing, cursors
# used, first free cursor + 1; then the rows that a segment of each size class holds; then the first
# free segment of each, as word + 1.
H_USED, H_SLOTS, H_WATERMARK, H_EVENTS, H_FREE_SLOT, H_TOUCHED, H_CURSORS, H_FREE_CURSOR = range(8)
H_LISTS = 8

# Columns of `slots`: word of the key's first row, rows, size class, its cursor + 1 (0: none), and
# the two words of the key.
S_BASE, S_LENGTH, S_CLASS, S_CURSOR, S_FIRST, S_SECOND = range(6)
S_WORDS = 6

# Working room of a window: its rows, the window whose totals at the upper end are its own too,
# whether its extremes are here, the totals at its lower and its upper end, and its extremes.
W_LOW, W_HIGH, W_UPTO, W_KNOWN, W_TOTALS = range(5)

# A cursor: the moment it was last at, the rows that its totals cover (below 0: it must start anew)
# and those totals; then for each window that slides its rows, the totals below them, its extremes.
K_AT, K_ROWS, K_TOTALS = range(3)
K_LOW, K_HIGH, K_BELOW = range(3)
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
        shape: See ROW_WORDS and its like above.
        pool: Words of all rows.
        slots: Per key, see the S_ words above.
        table: Keys to slots, see `hashing`.
        cursors: See the K_ words above, (cursors, words); without words no key has one.
        heads: See the H_ words above.
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
            place = _place(slots, shape, slot)
            current = rows_before(pool, place, slots[slot, S_LENGTH], at) + incoming[row, I_AT]
            asked = slot >= 0 and current < slots[slot, S_LENGTH]
        elif op != READ:
            if slot < 0:
                slot, full = _new_slot(shape, pool, slots, table, heads, incoming, row)
                if full != DONE:
                    return row, full
            full = slots[slot, S_LENGTH] == heads[H_LISTS + slots[slot, S_CLASS]]
            if full and not _make_room(code, shape, pool, slots, cursors, heads, slot):
                return row, POOL_FULL
            wanted = asked and cursors.shape[1] > 0 and slots[slot, S_LENGTH] >= CURSOR_ROWS
            if (
                wanted
                and slots[slot, S_CURSOR] == 0
                and not _new_cursor(slots, cursors, heads, slot)
            ):
                return row, CURSORS_FULL
            result, current = _take(code, shape, pool, slots, cursors, heads, incoming, row, slot)
            asked = asked and result & KIND != DUPLICATE
            asked = asked and not (op == ADD and result & KIND == ALREADY_VOIDED)
        if late or not asked:
            for number in range(out.shape[0]):
                out[number, row] = MISSING
        else:
            place = _place(slots, shape, slot)
            length = slots[slot, S_LENGTH] if slot >= 0 else 0
            end = current + 1 if current >= 0 else rows_before(pool, place, length, at + 1)
            if op == ADD and current + 1 == length and slots[slot, S_CURSOR] > 0:
                cursor = cursors[slots[slot, S_CURSOR] - 1]
                _follow(code, pool, place, at, current, cursor, room)
            else:
                for number in range(code[P_RANGES]):
                    _look(code, pool, place, number, end, at, current, room)
            _emit(code, reals, pool, place, at, groups, room, out, row)
        if op == ADD and result & KIND == ADDED:
            heads[H_WATERMARK] = max(heads[H_WATERMARK], incoming[row, I_ROW + TIME])
        outcome[row] = result | (TOO_LATE if late else 0)
    return incoming.shape[0], DONE


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
            touched += pool[address(_place(slots, shape, slot), last)]
            if slots[slot, S_CURSOR] > 0:
                touched += cursors[slots[slot, S_CURSOR] - 1, K_AT]
    window = K_BELOW + code[P_LANES] + code[P_EXTREMES]
    for one in range(count):
        slot = ahead[one]
        if slot >= 0 and slots[slot, S_CURSOR] > 0:
            cursor, place = slots[slot, S_CURSOR] - 1, _place(slots, shape, slot)
            for word in range(K_TOTALS + code[P_LANES], cursors.shape[1], window):
                low = min(max(cursors[cursor, word + K_LOW], 0), slots[slot, S_LENGTH] - 1)
                touched += pool[address(place, low)]
    heads[H_TOUCHED] = touched


@part
def _take(code, shape, pool, slots, cursors, heads, incoming, row, slot):
    """File an event or a void; returns what came of it, and the new row's position or -1."""
    place = _place(slots, shape, slot)
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
            _spoil(slots, cursors, slot)
        return ADDED | (LATE if end < length else 0), end
    _spoil(slots, cursors, slot)
    result = VOIDED
    if known < 0:
        result, known = VOID_PENDING, end
        _insert(code, shape, pool, slots, heads, incoming, row, slot, end)
    pool[address(place, known) + 1] = 0
    _summarise(code, pool, place, known >> SHIFT, slots[slot, S_LENGTH] >> SHIFT)
    return result, -1


@routine
def _new_cursor(slots, cursors, heads, slot):
    """Give a key a cursor; False: there is no room for one."""
    free = heads[H_FREE_CURSOR]
    if free == 0 and heads[H_CURSORS] == cursors.shape[0]:
        return False
    if free != 0:
        heads[H_FREE_CURSOR] = cursors[free - 1, K_AT]
        slots[slot, S_CURSOR] = free
    else:
        heads[H_CURSORS] += 1
        slots[slot, S_CURSOR] = heads[H_CURSORS]
    _spoil(slots, cursors, slot)
    return True


@part
def _spoil(slots, cursors, slot):
    """The rows of a key are no longer those that its cursor followed."""
    if slots[slot, S_CURSOR] > 0:
        cursors[slots[slot, S_CURSOR] - 1, K_ROWS] = -1


@part
def _place(slots, shape, slot):
    base = slots[slot, S_BASE] if slot >= 0 else 0
    return base, shape[BLOCK_WORDS], shape[ROW_WORDS]


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


@part
def _words_of(capacity, shape):
    """Words of a segment; below one block there are no totals."""
    if capacity < BLOCK:
        return capacity * shape[ROW_WORDS]
    return capacity // BLOCK * shape[BLOCK_WORDS]


@routine
def _allocate(shape, pool, heads, size_class):
    """The first word of a segment; -1: the pool is full. A larger one that is free is cut up."""
    words = _words_of(heads[H_LISTS + size_class], shape)
    for larger in range(size_class, CLASSES):
        free = heads[H_LISTS + CLASSES + larger]
        if free != 0:
            base = free - 1
            heads[H_LISTS + CLASSES + larger] = pool[base]
            rest = _words_of(heads[H_LISTS + larger], shape) - words
            _release_words(shape, pool, heads, base + words, rest)
            return base
    base = heads[H_USED]
    if base + words > pool.size:
        return -1
    heads[H_USED] += words
    return base


@routine
def _release_words(shape, pool, heads, base, words):
    """Give words back as the largest segments that fit."""
    for number in range(CLASSES):
        size_class = CLASSES - 1 - number
        size = _words_of(heads[H_LISTS + size_class], shape)
        while size <= words:
            _release(pool, heads, base, size_class)
            base += size
            words -= size


@part
def _release(pool, heads, base, size_class):
    pool[base] = heads[H_LISTS + CLASSES + size_class]
    heads[H_LISTS + CLASSES + size_class] = base + 1


@routine
def _new_slot(shape, pool, slots, table, heads, incoming, row):
    reused = heads[H_FREE_SLOT]
    number = reused - 1 if reused != 0 else heads[H_SLOTS]
    if number >= slots.shape[0]:
        return -1, SLOTS_FULL
    if reused == 0 and 2 * heads[H_SLOTS] >= table.shape[0]:
        return -1, TABLE_FULL
    base = _allocate(shape, pool, heads, 0)
    if base < 0:
        return -1, POOL_FULL
    if reused != 0:
        heads[H_FREE_SLOT] = slots[number, S_BASE]
    else:
        heads[H_SLOTS] += 1
    slots[number, S_BASE] = base
    slots[number, S_LENGTH] = 0
    slots[number, S_CLASS] = 0
    slots[number, S_CURSOR] = 0
    slots[number, S_FIRST] = incoming[row, I_FIRST]
    slots[number, S_SECOND] = incoming[row, I_SECOND]
    hashing.insert(table, incoming[row, I_FIRST], incoming[row, I_SECOND], number)
    return number, DONE


@routine
def _make_room(code, shape, pool, slots, cursors, heads, slot):
    """Room for one more row: forget old rows, or move to a larger segment; False: pool full."""
    size_class = slots[slot, S_CLASS]
    capacity = heads[H_LISTS + size_class]
    place = _place(slots, shape, slot)
    gone = _forgotten(code, shape, pool, heads, place, slots[slot, S_LENGTH])
    if gone >= max(capacity >> 2, 1):
        _forget(code, shape, pool, slots, heads, slot, gone)
        _spoil(slots, cursors, slot)
        return True
    more = _words_of(heads[H_LISTS + size_class + 1], shape)
    if place[0] + _words_of(capacity, shape) == heads[H_USED] and place[0] + more <= pool.size:
        heads[H_USED] = place[0] + more
        slots[slot, S_CLASS] += 1
        return True
    base = _allocate(shape, pool, heads, size_class + 1)
    if base < 0:
        return False
    for word in range(_words_of(capacity, shape)):
        pool[base + word] = pool[place[0] + word]
    _release(pool, heads, place[0], size_class)
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
    place = _place(slots, shape, slot)
    left = slots[slot, S_LENGTH] - gone
    for row in range(left):
        to, source = address(place, row), address(place, row + gone)
        for word in range(shape[ROW_WORDS]):
            pool[to + word] = pool[source + word]
    slots[slot, S_LENGTH] = left
    heads[H_EVENTS] -= gone
    _summarise(code, pool, place, 0, left >> SHIFT)


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
        place = _place(slots, shape, slot)
        gone = _forgotten(code, shape, pool, heads, place, slots[slot, S_LENGTH])
        if gone < slots[slot, S_LENGTH]:
            continue
        heads[H_EVENTS] -= gone
        hashing.remove(table, slots[slot, S_FIRST], slots[slot, S_SECOND])
        if slots[slot, S_CURSOR] > 0:
            cursors[slots[slot, S_CURSOR] - 1, K_AT] = heads[H_FREE_CURSOR]
            heads[H_FREE_CURSOR] = slots[slot, S_CURSOR]
        _release(pool, heads, place[0], slots[slot, S_CLASS])
        slots[slot, S_LENGTH] = 0
        slots[slot, S_CLASS] = -1
        slots[slot, S_BASE] = heads[H_FREE_SLOT]
        heads[H_FREE_SLOT] = slot + 1
        freed += 1
    return freed


@part
def _insert(code, shape, pool, slots, heads, incoming, row, slot, at):
    """Put the row before row `at`, and bring the totals behind it up to date."""
    place = _place(slots, shape, slot)
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
    _summarise(code, pool, place, at >> SHIFT, (length + 1) >> SHIFT)


@routine
def _summarise(code, pool, place, first, end):
    """Totals and extremes of the whole blocks [first, end)."""
    lanes, extremes = code[P_LANES], code[P_EXTREMES]
    for block in range(first, end):
        begins = place[0] + block * place[1]
        own = begins + BLOCK * place[2]
        for number in range(lanes):
            low = pool[own - place[1] + number] if block > 0 else 0
            high = pool[own - place[1] + number + 1] if block > 0 and number + 1 < lanes else 0
            low, high, words = _total(code, number, pool, begins, own, place[2], low, high)
            if words > 0:
                pool[own + number] = low
            if words > 1:
                pool[own + number + 1] = high
        for number in range(extremes):
            best = _extreme_of_rows(code, number, pool, begins, own, place[2])
            at = own + lanes + 2 * number
            pool[at] = best
            step = 1
            while (block + 1) & step == 0:
                best = max(best, pool[at - step * place[1] + 1])
                step *= 2
            pool[at + 1] = best


@part
def _total(code, number, pool, begins, ends, step, low, high):
    """A running total carried on over the rows that begin at words begins, begins + step, ...

    Returns:
        The total's words, and how many of them it has; 0 for the second word of a lane of two.
    """
    lane = code[P_LANES_AT] + number * LANE_WORDS
    kind, mask, column = code[lane + L_KIND], code[lane + L_MASK], code[lane + L_COLUMN]
    if kind == SUM_LANE:
        for at in range(begins, ends, step):
            if passes(pool, at, mask):
                low += pool[at + column]
        return low, high, 1
    if kind == COUNT_LANE:
        for at in range(begins, ends, step):
            low += passes(pool, at, mask)
        return low, high, 1
    if kind == SQUARE_LANE:
        for at in range(begins, ends, step):
            if passes(pool, at, mask):
                more_low, more_high = exact.square(pool[at + column])
                low, high = exact.add(low, high, more_low, more_high)
        return low, high, 2
    return low, high, 0


@part
def _totals(code, pool, place, end, totals, at):
    """Totals of the first `end` rows into totals[at:]."""
    lanes = code[P_LANES]
    begins = place[0] + (end >> SHIFT) * place[1]
    ends = begins + (end & REST) * place[2]
    before = begins - place[1] + BLOCK * place[2]
    for number in range(lanes):
        low = pool[before + number] if end >= BLOCK else 0
        high = pool[before + number + 1] if end >= BLOCK and number + 1 < lanes else 0
        low, high, words = _total(code, number, pool, begins, ends, place[2], low, high)
        if words > 0:
            totals[at + number] = low
        if words > 1:
            totals[at + number + 1] = high


@part
def _extreme_of_rows(code, number, pool, begins, ends, step):
    """Sign * value, largest over the rows of a block that begin at begins, begins + step, ..."""
    extreme = code[P_EXTREMES_AT] + number * EXTREME_WORDS
    mask, column = code[extreme + X_MASK], code[extreme + X_COLUMN]
    sign = code[extreme + X_SIGN]
    best = NEVER
    for at in range(begins, ends, step):
        if passes(pool, at, mask):
            best = max(best, sign * pool[at + column])
    return best


@routine
def _extreme(code, number, pool, place, low, high):
    """Sign * value, largest over rows [low, high): rows at both ends, and strides of blocks.

    Beside its own extreme a block holds that of the 2**k blocks up to it, where 2**k is the
    largest power of two that divides its number counted from 1 (Fenwick 1994).
    """
    first = (low + REST) >> SHIFT
    block = high >> SHIFT
    if block < first:
        begins = place[0] + block * place[1]
        from_row, to_row = begins + (low & REST) * place[2], begins + (high & REST) * place[2]
        return _extreme_of_rows(code, number, pool, from_row, to_row, place[2])
    begins = place[0] + block * place[1]
    best = _extreme_of_rows(code, number, pool, begins, begins + (high & REST) * place[2], place[2])
    if low & REST != 0:
        begins = place[0] + (first - 1) * place[1]
        from_row, to_row = begins + (low & REST) * place[2], begins + BLOCK * place[2]
        best = max(best, _extreme_of_rows(code, number, pool, from_row, to_row, place[2]))
    own = place[0] + BLOCK * place[2] + code[P_LANES] + 2 * number
    while block > first:
        stride = block & -block
        at = own + (block - 1) * place[1]
        if block - stride >= first:
            best = max(best, pool[at + 1])
            block -= stride
        else:
            best = max(best, pool[at])
            block -= 1
    return best


@routine
def _look(code, pool, place, number, end, at, current, room):
    """The rows of a window at a moment, and the totals at both ends; `end` rows are visible."""
    lanes = code[P_LANES]
    one = code[P_RANGES_AT] + number * RANGE_WORDS
    upper = room[number - 1, W_LOW] if code[one + R_NESTED] == 1 else end
    low, high = resolve(code, one, pool, place, end, upper, at, current)
    high = max(high, low)
    room[number, W_LOW], room[number, W_HIGH], room[number, W_KNOWN] = low, high, 0
    if lanes > 0:
        _totals(code, pool, place, low, room[number], W_TOTALS)
        if number > 0 and high == room[number - 1, W_HIGH]:
            room[number, W_UPTO] = room[number - 1, W_UPTO]
        else:
            _totals(code, pool, place, high, room[number], W_TOTALS + lanes)
            room[number, W_UPTO] = number


@part
def slides(code, one):
    """Whether a window begins a fixed time before the moment at which it ends."""
    return code[one + R_KIND] == SLIDING and code[one + R_B] == 0


@part
def _follow(code, pool, place, at, current, cursor, room):
    """The same of all windows for an event that is the last of its key, with the key's cursor."""
    lanes, extremes = code[P_LANES], code[P_EXTREMES]
    fresh = cursor[K_ROWS] < 0 or cursor[K_ROWS] > current or at < cursor[K_AT]
    if fresh:
        _totals(code, pool, place, current, cursor, K_TOTALS)
        cursor[K_ROWS] = current
    for row in range(cursor[K_ROWS], current):
        _add_row(code, pool, place, row, cursor, K_TOTALS)
    word = K_TOTALS + lanes
    for number in range(code[P_RANGES]):
        one = code[P_RANGES_AT] + number * RANGE_WORDS
        if fresh or not slides(code, one):
            _look(code, pool, place, number, current + 1, at, current, room)
        if not slides(code, one):
            continue
        if fresh:
            _begin(code, pool, place, number, cursor, word, room)
        else:
            _advance(code, pool, place, number, at, current, cursor, word, room)
        word += K_BELOW + lanes + extremes
    _add_row(code, pool, place, current, cursor, K_TOTALS)
    cursor[K_AT], cursor[K_ROWS] = at, current + 1


@routine
def _begin(code, pool, place, number, cursor, word, room):
    """Begin to follow a window where it is."""
    lanes = code[P_LANES]
    low, high = room[number, W_LOW], room[number, W_HIGH]
    cursor[word + K_LOW], cursor[word + K_HIGH] = low, high
    for lane in range(lanes):
        cursor[word + K_BELOW + lane] = room[number, W_TOTALS + lane]
    for extreme in range(code[P_EXTREMES]):
        best = _extreme(code, extreme, pool, place, low, high)
        cursor[word + K_BELOW + lanes + extreme] = best


@part
def _advance(code, pool, place, number, at, current, cursor, word, room):
    """Move a window on to an event: rows that enter, then rows that leave."""
    lanes, extremes = code[P_LANES], code[P_EXTREMES]
    one = code[P_RANGES_AT] + number * RANGE_WORDS
    excluded = code[one + R_EXCLUDED] == 1
    high = current if excluded else current + 1
    earliest = at - code[one + R_A] + 1 - code[one + R_C]
    bests = word + K_BELOW + lanes
    for extreme in range(extremes):
        best = cursor[bests + extreme]
        for row in range(cursor[word + K_HIGH], high):
            best = max(best, _signed(code, extreme, pool, address(place, row)))
        cursor[bests + extreme] = best
    low = cursor[word + K_LOW]
    before = low
    while low < high and pool[address(place, low) + TIME] < earliest:
        _add_row(code, pool, place, low, cursor, word + K_BELOW)
        low += 1
    for extreme in range(extremes):
        best = cursor[bests + extreme]
        for row in range(before, low):
            if _signed(code, extreme, pool, address(place, row)) == best:
                best = _extreme(code, extreme, pool, place, low, high)
                break
        cursor[bests + extreme] = best
        room[number, W_TOTALS + 2 * lanes + extreme] = best
    cursor[word + K_LOW], cursor[word + K_HIGH] = low, high
    room[number, W_LOW], room[number, W_HIGH] = low, high
    room[number, W_UPTO], room[number, W_KNOWN] = number, 1
    for lane in range(lanes):
        room[number, W_TOTALS + lane] = cursor[word + K_BELOW + lane]
        room[number, W_TOTALS + lanes + lane] = cursor[K_TOTALS + lane]
    if not excluded:
        _add_row(code, pool, place, current, room[number], W_TOTALS + lanes)


@part
def _add_row(code, pool, place, row, totals, at):
    """Add what one row adds to every running total in totals[at:]."""
    begins = address(place, row)
    for number in range(code[P_LANES]):
        lane = code[P_LANES_AT] + number * LANE_WORDS
        kind = code[lane + L_KIND]
        if kind != SQUARE_HIGH_LANE and passes(pool, begins, code[lane + L_MASK]):
            if kind == COUNT_LANE:
                totals[at + number] += 1
            elif kind == SUM_LANE:
                totals[at + number] += pool[begins + code[lane + L_COLUMN]]
            else:
                low, high = exact.square(pool[begins + code[lane + L_COLUMN]])
                totals[at + number], totals[at + number + 1] = exact.add(
                    totals[at + number], totals[at + number + 1], low, high
                )


@part
def _signed(code, number, pool, begins):
    """Sign * value of a row for one extreme; the smallest number of all where it has none."""
    extreme = code[P_EXTREMES_AT] + number * EXTREME_WORDS
    if passes(pool, begins, code[extreme + X_MASK]):
        return code[extreme + X_SIGN] * pool[begins + code[extreme + X_COLUMN]]
    return NEVER


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
                best = _extreme(code, extreme, pool, place, low, high)
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
        shape: See ROW_WORDS and its like above.
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
        place = _place(slots, shape, slot)
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
        place = _place(slots, shape, slot)
        gone = _forgotten(code, shape, pool, heads, place, slots[slot, S_LENGTH])
        for row in range(gone, slots[slot, S_LENGTH]):
            begins = address(place, row)
            word = hashing.mix(slots[slot, S_FIRST] ^ (slots[slot, S_SECOND] << 1))
            for column in range(shape[ROW_WORDS]):
                word = hashing.mix(word ^ (pool[begins + column] + column))
            total += word
    return total
