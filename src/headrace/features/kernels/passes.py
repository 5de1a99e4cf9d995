"""Whole columns of aggregates over rows sorted by key, then time: one pass per window or aggregate.

Reads are sorted the same way: read i sees rows [starts[i], ends[i]), those of its key up to its
moment, and both only grow within a key. That lets every window be a pair of cursors. Reads and
windows count rows from the first of their chunk, row `first` of all.
"""

import numpy as np

from headrace.features.kernels import exact, hashing, kernel, part, scan
from headrace.features.kernels.codes import (
    ALL_HISTORY,
    BLOCK,
    COUNT_LANE,
    L_COLUMN,
    L_KIND,
    L_MASK,
    O_MASK,
    O_OVER,
    R_EXCLUDED,
    R_KIND,
    SUM_OP,
    TIME,
    X_COLUMN,
    X_MASK,
    X_SIGN,
)
from headrace.features.kernels.ranges import resolve, rows_before

MISSING = np.nan
NEVER = np.iinfo(np.int64).min
AHEAD = 4  # times that are looked at together
TURNED = 64  # rows that are turned into columns at once


@kernel
def begins(codes, offsets):
    """Where the rows of each code begin when they are grouped, (codes + 1,)."""
    offsets[:] = 0
    for row in range(codes.size):
        offsets[codes[row] + 1] += 1
    for code in range(offsets.size - 1):
        offsets[code + 1] += offsets[code]


@kernel
def group(codes, turns, offsets, order):
    """Rows by code and, within a code, by their turns, (n,)."""
    free = offsets[:-1].copy()
    for turn in range(turns.size):
        row = turns[turn]
        order[free[codes[row]]] = row
        free[codes[row]] += 1


@kernel
def file_rows(codes, turns, rows, offsets, order, out):
    """The same, with the rows themselves, (n, words); no turns: in the order given.

    Each row is written behind the one before of its code: few lines of memory are in use at once,
    which would not be so if rows were fetched by code.
    """
    free = offsets[:-1].copy()
    for turn in range(codes.size):
        row = turns[turn] if turns.size > 0 else turn
        at = free[codes[row]]
        free[codes[row]] = at + 1
        order[at] = row
        for word in range(rows.shape[1]):
            out[at, word] = rows[row, word]


@kernel
def file_values(values, order, out):
    """Columns of values, (aggregates, reads), to the rows order[read] of `out`."""
    for read in range(order.size):
        at = order[read]
        for number in range(values.shape[0]):
            out[at, number] = values[number, read]


@kernel
def turn(tile, room, out):
    """Rows of a tile, (n, aggregates), to columns of `out`, (aggregates, n): the same memory."""
    n, columns = tile.shape
    for row in range(n):
        for column in range(columns):
            room[row, column] = tile[row, column]
    for first in range(0, n, TURNED):
        last = min(first + TURNED, n)
        for column in range(columns):
            for row in range(first, last):
                out[column, row] = room[row, column]


@kernel
def names_of(keys, rows, id_word):
    """One word that names each event by key, time and id, (n,)."""
    out = np.empty(rows.shape[0], np.int64)
    for row in range(rows.shape[0]):
        key = hashing.mix(keys[row, 0] ^ hashing.mix(keys[row, 1]))
        out[row] = hashing.mix(key ^ hashing.mix(rows[row, TIME]) ^ rows[row, id_word])
    return out


@kernel
def keys_in_order(rows, id_word, offsets, out):
    """Whether the times of each key never fall and no id is repeated at one time, (keys,)."""
    for key in range(offsets.size - 1):
        out[key] = True
        for row in range(offsets[key] + 1, offsets[key + 1]):
            before = row - 1
            if rows[row, TIME] < rows[before, TIME]:
                out[key] = False
            while id_word >= 0 and before >= offsets[key] and out[key]:
                if rows[before, TIME] != rows[row, TIME]:
                    break
                if rows[before, id_word] == rows[row, id_word]:
                    out[key] = False
                before -= 1
            if not out[key]:
                break


@kernel
def ends_of_reads(rows, known, offsets, keys, moments, limits, starts, ends):
    """What each read sees: rows of its key up to its moment that were known up to its limit.

    A key of -1 has no rows. `known` may be empty: then a row is known at its time.
    """
    words = rows.shape[1]
    flat = rows.ravel()
    for read in range(keys.size):
        if keys[read] < 0:
            starts[read] = ends[read] = rows.shape[0]
            continue
        start = offsets[keys[read]]
        place = start * words, BLOCK * words, words
        seen = rows_before(flat, place, offsets[keys[read] + 1] - start, moments[read] + 1)
        if known.size > 0:
            while seen > 0 and known[start + seen - 1] > limits[read]:
                seen -= 1
        starts[read] = start
        ends[read] = start + seen


@kernel
def keys_of_steady_reads(ends, moments, offsets, out):
    """Turns `out` false for keys whose reads, sorted by limit, do not see more and more."""
    for key in range(offsets.size - 1):
        for read in range(offsets[key] + 1, offsets[key + 1]):
            if ends[read] < ends[read - 1] or moments[read] < moments[read - 1]:
                out[key] = False


@kernel
def places(clock, starts, ends, moments, out):
    """How many of the rows [starts[i], ends[i]), whose clock rises, come up to a moment, (n,)."""
    for one in range(moments.size):
        low, high = starts[one], ends[one]
        while low < high:
            middle = (low + high) >> 1
            if clock[middle] <= moments[one]:
                low = middle + 1
            else:
                high = middle
        out[one] = low - starts[one]


@kernel
def totals(code, lane, rows, first, out):
    """Running total of one lane over rows from `first`: out[i] is that of i rows, (n + 1,)."""
    kind, mask, column = code[lane + L_KIND], code[lane + L_MASK], code[lane + L_COLUMN]
    total = np.int64(0)
    out[0] = 0
    for row in range(out.size - 1):
        if mask < 0 or (rows[first + row, 1] >> mask) & 1 == 1:
            total += 1 if kind == COUNT_LANE else rows[first + row, column]
        out[row + 1] = total


@kernel
def totals_of_squares(code, lane, rows, first, low, high):
    """The same of squares, in two words."""
    mask, column = code[lane + L_MASK], code[lane + L_COLUMN]
    total_low, total_high = np.int64(0), np.int64(0)
    low[0], high[0] = 0, 0
    for row in range(low.size - 1):
        if mask < 0 or (rows[first + row, 1] >> mask) & 1 == 1:
            more_low, more_high = exact.square(rows[first + row, column])
            total_low, total_high = exact.add(total_low, total_high, more_low, more_high)
        low[row + 1], high[row + 1] = total_low, total_high


@kernel
def sliding(spans, fewer, times, starts, ends, moments, lows, highs):
    """Rows [lows[w, i], highs[w, i]) of windows that end with each read: all windows at once.

    The search for the start of one window does not wait for that of another, and looks at four
    times without a branch between them.

    Args:
        spans: How far each reaches back, microseconds, (windows,).
        fewer: 1 where the row that asks is left out, (windows,).
        times: Of the rows of the chunk, and AHEAD - 1 more that nothing is later than.
        starts: First row of the key of each read, (n,).
        ends: One past the last row it sees, (n,).
        moments: Microseconds, (n,).
        lows: (windows, n).
        highs: The same.
    """
    reached = np.zeros(spans.size, np.int64)
    for read in range(starts.size):
        for window in range(spans.size):
            high = ends[read] - fewer[window]
            earliest = moments[read] - spans[window]
            low = max(reached[window], starts[read])
            while low < high:
                first = times[low] < earliest
                second = first & (times[low + 1] < earliest)
                third = second & (times[low + 2] < earliest)
                fourth = third & (times[low + 3] < earliest)
                low += np.int64(first) + np.int64(second) + np.int64(third) + np.int64(fourth)
                if not fourth:
                    break
            low = min(low, max(high, starts[read]))
            reached[window] = low
            lows[window, read] = low
            highs[window, read] = max(high, low)


@kernel
def windows(code, one, rows, first, starts, ends, moments, current, lows, highs):
    """Rows [lows[i], highs[i]) of a window of any other kind for each read.

    Rows are counted from row `first`. `current`: read i is made by the arrival of row ends[i] - 1.
    """
    words = rows.shape[1]
    flat = rows.ravel()
    excluded = code[one + R_EXCLUDED] == 1 and current
    for read in range(starts.size):
        start, end = starts[read], ends[read]
        if code[one + R_KIND] == ALL_HISTORY:
            lows[read] = start
            highs[read] = max(end - 1 if excluded else end, start)
        else:
            place = (first + start) * words, BLOCK * words, words
            asker = end - start - 1 if current else -1
            found, high = resolve(
                code, one, flat, place, end - start, end - start, moments[read], asker
            )
            lows[read] = start + found
            highs[read] = start + max(high, found)


@kernel
def of_counts(lows, highs, counts, out):
    """Events in each window; `counts` are running totals, empty where every row counts."""
    if counts.size == 0:
        for read in range(lows.size):
            out[read] = np.float64(highs[read] - lows[read])
    else:
        for read in range(lows.size):
            out[read] = np.float64(counts[highs[read]] - counts[lows[read]])


@kernel
def of_sums(kind, scale, lows, highs, counts, sums, out):
    """Sum or mean of each window, from running totals."""
    for read in range(lows.size):
        low, high = lows[read], highs[read]
        count = high - low if counts.size == 0 else counts[high] - counts[low]
        total = sums[high] - sums[low]
        if count == 0:
            out[read] = MISSING
        elif kind == SUM_OP:
            out[read] = np.float64(total) / scale
        else:
            out[read] = exact.mean(total, count, scale)


@kernel
def of_squares(scale, lows, highs, counts, sums, square_low, square_high, out):
    """Deviation of each window, from running totals."""
    for read in range(lows.size):
        low, high = lows[read], highs[read]
        count = high - low if counts.size == 0 else counts[high] - counts[low]
        bottom, top = exact.subtract(
            square_low[high], square_high[high], square_low[low], square_high[low]
        )
        out[read] = exact.deviation(count, sums[high] - sums[low], bottom, top, scale)


@part
def _signed(rows, row, mask, column, sign):
    """Sign * value of a row, the smallest number of all where the filter leaves it out."""
    if mask < 0 or (rows[row, 1] >> mask) & 1 == 1:
        return sign * rows[row, column]
    return NEVER


@kernel
def of_extremes(code, extreme, scale, rows, first, lows, highs, front, out):
    """Largest or smallest of each window; windows only move forward.

    A window is cut in two at a row `middle`: `front` holds, for each row before it, the extreme of
    that row and those up to the middle; of the rows behind there is one running extreme. Once the
    window has left the middle behind, all of it becomes the front: every row is looked at twice.

    `front` has room for every row of the chunk.
    """
    mask, column, sign = code[extreme + X_MASK], code[extreme + X_COLUMN], code[extreme + X_SIGN]
    middle = taken = np.int64(0)
    back = NEVER
    for read in range(lows.size):
        low, high = lows[read], highs[read]
        if low >= middle:
            best = NEVER
            for row in range(high - 1, low - 1, -1):
                best = max(best, _signed(rows, first + row, mask, column, sign))
                front[row] = best
            middle = taken = high
            back = NEVER
        while taken < high:
            back = max(back, _signed(rows, first + taken, mask, column, sign))
            taken += 1
        best = max(front[low], back) if low < middle else NEVER
        out[read] = MISSING if best == NEVER else np.float64(sign * best) / scale


@kernel
def links(code, op, rows, first, ends_of_keys, latest, before, after):
    """For each row of a chunk, the rows of its key before and after it with the same value.

    -1: none before; the largest number: none after. `latest` holds -1 per value, before and after.
    """
    mask, over = code[op + O_MASK], code[op + O_OVER]
    none = np.iinfo(np.int64).max
    start = 0
    for key in range(ends_of_keys.size):
        for row in range(start, ends_of_keys[key]):
            before[row] = -1
            after[row] = none
            if mask < 0 or (rows[first + row, 1] >> mask) & 1 == 1:
                value = rows[first + row, over]
                seen = latest[value]
                before[row] = seen
                if seen >= 0:
                    after[seen] = row
                latest[value] = row
        for row in range(start, ends_of_keys[key]):
            latest[rows[first + row, over]] = -1
        start = ends_of_keys[key]


@kernel
def of_distinct(code, op, rows, first, lows, highs, starts, before, after, out):
    """Different values of each window: a value counts at its last row in the window."""
    mask = code[op + O_MASK]
    low = high = np.int64(0)
    count = 0
    for read in range(lows.size):
        if read == 0 or starts[read] != starts[read - 1] or lows[read] >= high:
            low = high = lows[read]
            count = 0
        while high < highs[read]:
            if mask < 0 or (rows[first + high, 1] >> mask) & 1 == 1:
                count += before[high] < low
            high += 1
        while low < lows[read]:
            if mask < 0 or (rows[first + low, 1] >> mask) & 1 == 1:
                count -= after[low] >= high
            low += 1
        out[read] = np.float64(count)


@kernel
def of_scans(code, op, reals, real, rows, first, lows, highs, starts, moments, groups, out):
    """Any aggregate that looks at every row of its window."""
    words = rows.shape[1]
    flat = rows.ravel()
    for read in range(lows.size):
        start = starts[read]
        place = (first + start) * words, BLOCK * words, words
        out[read] = scan.aggregate(
            code,
            op,
            reals,
            real,
            flat,
            place,
            lows[read] - start,
            highs[read] - start,
            moments[read],
            groups,
        )
