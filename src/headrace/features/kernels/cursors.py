"""Windows over the rows of a key: found by searching, or followed by a cursor from event to event.

A cursor holds what the blocks would give: the totals at both ends of every sliding window, and its
extremes. It serves events that come in order, and starts anew after any other.
"""

from headrace.features.kernels import part, routine
from headrace.features.kernels.blocks import (
    add_row,
    extreme_of,
    signed,
    totals_of,
)
from headrace.features.kernels.codes import (
    P_EXTREMES,
    P_LANES,
    P_RANGES,
    P_RANGES_AT,
    R_A,
    R_B,
    R_C,
    R_EXCLUDED,
    R_KIND,
    R_NESTED,
    RANGE_WORDS,
    SLIDING,
    TIME,
)
from headrace.features.kernels.ranges import (
    address,
    resolve,
)
from headrace.features.kernels.segments import (
    K_AT,
    K_ROWS,
)

# Working room of a window: its rows, the window whose totals at the upper end are its own too,
# whether its extremes are here, the totals at its lower and its upper end, and its extremes.
W_LOW, W_HIGH, W_UPTO, W_KNOWN, W_TOTALS = range(5)

# A cursor: the moment it was last at, the rows that its totals cover (below 0: it must start anew)
# and those totals; then for each window that slides its rows, the totals below them, its extremes.
K_TOTALS = 2
K_LOW, K_HIGH, K_BELOW = range(3)


@part
def slides(code, one):
    """Whether a window begins a fixed time before the moment at which it ends."""
    return code[one + R_KIND] == SLIDING and code[one + R_B] == 0


@routine
def look(code, pool, place, number, end, at, current, room):
    """The rows of a window at a moment, and the totals at both ends; `end` rows are visible."""
    lanes = code[P_LANES]
    one = code[P_RANGES_AT] + number * RANGE_WORDS
    upper = room[number - 1, W_LOW] if code[one + R_NESTED] == 1 else end
    low, high = resolve(code, one, pool, place, end, upper, at, current)
    high = max(high, low)
    room[number, W_LOW], room[number, W_HIGH], room[number, W_KNOWN] = low, high, 0
    if lanes > 0:
        totals_of(code, pool, place, low, room[number], W_TOTALS)
        if number > 0 and high == room[number - 1, W_HIGH]:
            room[number, W_UPTO] = room[number - 1, W_UPTO]
        else:
            totals_of(code, pool, place, high, room[number], W_TOTALS + lanes)
            room[number, W_UPTO] = number


@part
def follow(code, pool, place, at, current, cursor, room):
    """The same of all windows for an event that is the last of its key, with the key's cursor."""
    lanes, extremes = code[P_LANES], code[P_EXTREMES]
    fresh = cursor[K_ROWS] < 0 or cursor[K_ROWS] > current or at < cursor[K_AT]
    if fresh:
        totals_of(code, pool, place, current, cursor, K_TOTALS)
        cursor[K_ROWS] = current
    for row in range(cursor[K_ROWS], current):
        add_row(code, pool, place, row, cursor, K_TOTALS)
    word = K_TOTALS + lanes
    for number in range(code[P_RANGES]):
        one = code[P_RANGES_AT] + number * RANGE_WORDS
        if fresh or not slides(code, one):
            look(code, pool, place, number, current + 1, at, current, room)
        if not slides(code, one):
            continue
        if fresh:
            _begin(code, pool, place, number, cursor, word, room)
        else:
            _advance(code, pool, place, number, at, current, cursor, word, room)
        word += K_BELOW + lanes + extremes
    add_row(code, pool, place, current, cursor, K_TOTALS)
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
        best = extreme_of(code, extreme, pool, place, low, high)
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
            best = max(best, signed(code, extreme, pool, address(place, row)))
        cursor[bests + extreme] = best
    low = cursor[word + K_LOW]
    before = low
    while low < high and pool[address(place, low) + TIME] < earliest:
        add_row(code, pool, place, low, cursor, word + K_BELOW)
        low += 1
    for extreme in range(extremes):
        best = cursor[bests + extreme]
        for row in range(before, low):
            if signed(code, extreme, pool, address(place, row)) == best:
                best = extreme_of(code, extreme, pool, place, low, high)
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
        add_row(code, pool, place, current, room[number], W_TOTALS + lanes)
