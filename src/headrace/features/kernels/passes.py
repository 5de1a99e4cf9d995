"""Whole columns of aggregates over rows sorted by key, then time: one pass per window or aggregate.

Reads are sorted the same way: read i sees rows [starts[i], ends[i]), those of its key up to its
moment, and both only grow within a key. That lets every window be a pair of cursors.
"""

import numpy as np

from headrace.features.kernels import exact, hashing, kernel, scan
from headrace.features.kernels.codes import (
    ALL_HISTORY,
    BLOCK,
    COUNT_LANE,
    L_COLUMN,
    L_KIND,
    L_MASK,
    O_MASK,
    O_OVER,
    R_A,
    R_B,
    R_C,
    R_EXCLUDED,
    R_KIND,
    SLIDING,
    SUM_OP,
    TIME,
    X_COLUMN,
    X_MASK,
    X_SIGN,
)
from headrace.features.kernels.ranges import resolve, rows_before

MISSING = np.nan
NEVER = np.iinfo(np.int64).min


@kernel
def group_rows(codes, count, order, offsets):
    """A stable order by code, (n,), and where each code begins, (count + 1,)."""
    offsets[:] = 0
    for row in range(codes.size):
        offsets[codes[row] + 1] += 1
    for code in range(count):
        offsets[code + 1] += offsets[code]
    free = offsets[:-1].copy()
    for row in range(codes.size):
        code = codes[row]
        order[free[code]] = row
        free[code] += 1


@kernel
def gather(image, order, out):
    """Rows of `image`, (n, words), in an order."""
    words = image.shape[1]
    for row in range(order.size):
        source = order[row]
        for word in range(words):
            out[row, word] = image[source, word]


@kernel
def spread(values, order, out):
    """Write values[i] to out[order[i]]."""
    for read in range(order.size):
        out[order[read]] = values[read]


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
def windows(code, one, rows, first, starts, ends, moments, current, lows, highs):
    """Rows [lows[i], highs[i]) of one window for each read, counted from row `first`.

    `current`: read i is made by the arrival of row ends[i] - 1.
    """
    words = rows.shape[1]
    flat = rows.ravel()
    excluded = code[one + R_EXCLUDED] == 1 and current
    simple = code[one + R_KIND] == SLIDING and code[one + R_B] == 0
    low = np.int64(0)
    for read in range(starts.size):
        start, end = starts[read], ends[read]
        if simple:
            if read == 0 or start != starts[read - 1]:
                low = start
            high = end - 1 if excluded else end
            earliest = moments[read] - code[one + R_A] + 1 - code[one + R_C]
            while low < high and rows[low, TIME] < earliest:
                low += 1
            lows[read], highs[read] = low - first, max(high, low) - first
        elif code[one + R_KIND] == ALL_HISTORY:
            lows[read] = start - first
            highs[read] = max(end - 1 if excluded else end, start) - first
        else:
            place = start * words, BLOCK * words, words
            asker = end - start - 1 if current else -1
            found, high = resolve(
                code, one, flat, place, end - start, end - start, moments[read], asker
            )
            lows[read] = start + found - first
            highs[read] = start + max(high, found) - first


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


@kernel
def of_extremes(code, extreme, scale, rows, first, lows, highs, starts, queue, out):
    """Largest or smallest of each window: a queue of the rows that can still be the answer.

    `lows` and `highs` count from row `first`; `queue` has room for every row of a key.
    """
    mask, column, sign = code[extreme + X_MASK], code[extreme + X_COLUMN], code[extreme + X_SIGN]
    head = tail = 0
    taken = np.int64(0)
    for read in range(lows.size):
        if read == 0 or starts[read] != starts[read - 1]:
            head = tail = 0
            taken = lows[read]
        low, high = lows[read], highs[read]
        taken = max(taken, low)
        while taken < high:
            row = first + taken
            if mask < 0 or (rows[row, 1] >> mask) & 1 == 1:
                value = sign * rows[row, column]
                while tail > head and sign * rows[first + queue[tail - 1], column] <= value:
                    tail -= 1
                queue[tail] = taken
                tail += 1
            taken += 1
        while head < tail and queue[head] < low:
            head += 1
        if head == tail:
            out[read] = MISSING
            head = tail = 0
        else:
            out[read] = np.float64(rows[first + queue[head], column]) / scale


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
        place = start * words, BLOCK * words, words
        out[read] = scan.aggregate(
            code,
            op,
            reals,
            real,
            flat,
            place,
            first + lows[read] - start,
            first + highs[read] - start,
            moments[read],
            groups,
        )
