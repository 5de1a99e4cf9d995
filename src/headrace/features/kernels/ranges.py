"""Which rows lie in a window: positions, found by searching sorted times from their end.

Rows lie in blocks in one buffer; `place` is (word of row 0, words of a block, words of a
row). The batch engine has nothing between blocks, the stream engine has running totals there.
"""

import numpy as np

from headrace.features.kernels import part, routine
from headrace.features.kernels.codes import (
    ALL_HISTORY,
    CALENDAR,
    LAST_EVENTS,
    R_A,
    R_B,
    R_C,
    R_EXCLUDED,
    R_KIND,
    R_MASK,
    REST,
    SHIFT,
    SLIDING,
    TIME,
)


@part
def address(place, row):
    """The word at which a row begins."""
    return place[0] + (row >> SHIFT) * place[1] + (row & REST) * place[2]


@part
def passes(rows, at, mask):
    """Whether the row that begins at word `at` meets a filter; -1 lets every row pass."""
    return mask < 0 or (rows[at + 1] >> mask) & 1 == 1


@part
def rows_before(rows, place, end, time):
    """How many of the first `end` rows are earlier than `time`: steps double, then halve."""
    if end == 0 or rows[address(place, end - 1) + TIME] < time:
        return end
    step = 1
    while step < end and rows[address(place, end - 1 - step) + TIME] >= time:
        step *= 2
    low = max(end - 1 - step, -1) + 1
    high = end - 1 - step // 2
    while low < high:
        middle = (low + high) >> 1
        if rows[address(place, middle) + TIME] < time:
            low = middle + 1
        else:
            high = middle
    return low


@part
def period_of(code, table, time):
    """Number of the period that holds `time`; `table` is where code[table] = n starts follow."""
    low, high = 0, code[table]
    while low < high:
        middle = (low + high) >> 1
        if code[table + 1 + middle] <= time:
            low = middle + 1
        else:
            high = middle
    return low - 1


@part
def start_of(code, table, period):
    """When a period starts; periods outside the table are as far off as can be."""
    if period < 0:
        return np.iinfo(np.int64).min
    if period >= code[table]:
        return np.iinfo(np.int64).max
    return code[table + 1 + period]


@part
def resolve(code, one, rows, place, end, upper, at, current):
    """The rows [low, high) of a window seen from `at`.

    Args:
        code: The plan as words.
        one: Where the window's words begin.
        rows: The buffer.
        place: Where its rows lie.
        end: How many rows there are up to `at`.
        upper: The window begins at this row or before it; `end` where nothing is known.
        at: The moment, microseconds.
        current: Position of the event that asks, the last of the rows; -1: none.
    """
    kind = code[one + R_KIND]
    high = current if code[one + R_EXCLUDED] == 1 and current >= 0 else end
    if kind == SLIDING:
        last = at - code[one + R_B]
        if code[one + R_B] > 0:
            high = rows_before(rows, place, end, last + 1)
        first = last - code[one + R_A] + 1 - code[one + R_C]
        return rows_before(rows, place, min(high, upper), first), high
    if kind == ALL_HISTORY:
        return 0, high
    if kind == CALENDAR:
        period = period_of(code, code[one + R_A], at) - code[one + R_C]
        if code[one + R_C] > 0:
            high = rows_before(rows, place, end, start_of(code, code[one + R_A], period + 1))
        first = start_of(code, code[one + R_A], period - code[one + R_B] + 1)
        return rows_before(rows, place, high, first), high
    if kind == LAST_EVENTS:
        return _last_events(code, one, rows, place, high), high
    return _session(code, one, rows, place, high, at), high


@routine
def _last_events(code, one, rows, place, high):
    left = code[one + R_A]
    row = high
    while row > 0 and left > 0:
        row -= 1
        if passes(rows, address(place, row), code[one + R_MASK]):
            left -= 1
    return row


@routine
def _session(code, one, rows, place, high, at):
    later = at
    low = high
    for row in range(high - 1, -1, -1):
        begins = address(place, row)
        if passes(rows, begins, code[one + R_MASK]):
            time = rows[begins + TIME]
            if later - time > code[one + R_A] or at - time > code[one + R_B]:
                break
            later = time
            low = row
    return low
