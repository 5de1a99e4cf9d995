"""Running totals and extremes over the rows of a key, which stand after each block of 8 rows."""

import numpy as np

from headrace.features.kernels import exact, part, routine
from headrace.features.kernels.codes import (
    BLOCK,
    COUNT_LANE,
    EXTREME_WORDS,
    L_COLUMN,
    L_KIND,
    L_MASK,
    LANE_WORDS,
    P_EXTREMES,
    P_EXTREMES_AT,
    P_LANES,
    P_LANES_AT,
    REST,
    SHIFT,
    SQUARE_HIGH_LANE,
    SQUARE_LANE,
    SUM_LANE,
    X_COLUMN,
    X_MASK,
    X_SIGN,
)
from headrace.features.kernels.ranges import (
    address,
    passes,
)

NEVER = np.iinfo(np.int64).min


@routine
def summarise(code, pool, place, first, end):
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
def totals_of(code, pool, place, end, totals, at):
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
def add_row(code, pool, place, row, totals, at):
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
def signed(code, number, pool, begins):
    """Sign * value of a row for one extreme; the smallest number of all where it has none."""
    extreme = code[P_EXTREMES_AT] + number * EXTREME_WORDS
    if passes(pool, begins, code[extreme + X_MASK]):
        return code[extreme + X_SIGN] * pool[begins + code[extreme + X_COLUMN]]
    return NEVER


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
def extreme_of(code, number, pool, place, low, high):
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
