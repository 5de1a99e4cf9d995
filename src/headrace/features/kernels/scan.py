"""Aggregates that look at every row of a window, in order of time; and what all aggregates share.

Nothing is kept between two windows, so late events, voids and new definitions cost nothing here.
"""

import math

import numpy as np

from headrace.features.kernels import exact, part, routine
from headrace.features.kernels.codes import (
    DECAYED_SUM_OP,
    DISTINCT_APPROX_OP,
    DISTINCT_OP,
    F_A,
    F_SCALE,
    FIRST_OP,
    GAP_DEVIATION_OP,
    GAP_LONGEST_OP,
    GAP_MEAN_OP,
    GROUP_MAX_OP,
    GROUP_MEAN_OP,
    HHI_OP,
    LAST_OP,
    NEW_VALUES_OP,
    O_A,
    O_B,
    O_CODE,
    O_COLUMN,
    O_MASK,
    O_OVER,
    PATTERN_OP,
    QUANTILE_OP,
    REPEAT_SHARE_OP,
    SINCE_FIRST_OP,
    SINCE_LAST_OP,
    SLOPE_OP,
    TIME,
    TOP_SHARE_OP,
    VARIATION_OP,
)
from headrace.features.kernels.ranges import address, passes, period_of, rows_before

MISSING = np.nan
SECOND = 1_000_000.0


@routine
def aggregate(code, op, reals, real, rows, place, low, high, at, groups):
    """One aggregate over rows [low, high), seen from `at`; NaN is missing.

    Args:
        code: The plan as words.
        op: Where the aggregate's words begin.
        reals: The real parameters of the plan.
        real: Where those of the aggregate begin.
        rows: The buffer.
        place: Where its rows lie.
        low: First row of the window.
        high: One past the last.
        at: The moment, microseconds.
        groups: Working room, (3, n) for n numbers of groups; row 2 holds -1 before and after.
    """
    kind = code[op + O_CODE]
    if kind in (FIRST_OP, SINCE_FIRST_OP):
        row = _first(rows, place, low, high, code[op + O_MASK])
        return _of_row(code, op, reals, real, rows, place, row, at, kind == FIRST_OP)
    if kind in (LAST_OP, SINCE_LAST_OP):
        row = _last(rows, place, low, high, code[op + O_MASK])
        return _of_row(code, op, reals, real, rows, place, row, at, kind == LAST_OP)
    if kind in (GAP_MEAN_OP, GAP_DEVIATION_OP, GAP_LONGEST_OP):
        return _gap(code, op, rows, place, low, high, at)
    if kind == DISTINCT_OP:
        return _distinct(code, op, rows, place, low, high, groups)
    if kind == DISTINCT_APPROX_OP:
        return _distinct_approximately(code, op, rows, place, low, high)
    if kind == NEW_VALUES_OP:
        return _new_values(code, op, rows, place, low, high, groups)
    if kind in (HHI_OP, TOP_SHARE_OP, GROUP_MEAN_OP, GROUP_MAX_OP):
        return _of_groups(code, op, reals, real, rows, place, low, high, groups)
    if kind == REPEAT_SHARE_OP:
        return _repeat_share(code, op, rows, place, low, high, groups)
    if kind == VARIATION_OP:
        return _variation(code, op, rows, place, low, high)
    if kind == QUANTILE_OP:
        return _quantile(code, op, reals, real, rows, place, low, high)
    if kind == DECAYED_SUM_OP:
        return _decayed_sum(code, op, reals, real, rows, place, low, high, at)
    if kind == SLOPE_OP:
        return _slope(code, op, reals, real, rows, place, low, high)
    if kind == PATTERN_OP:
        return _pattern(code, op, rows, place, low, high)
    return MISSING


@part
def _first(rows, place, low, high, mask):
    for row in range(low, high):
        if passes(rows, address(place, row), mask):
            return row
    return -1


@part
def _last(rows, place, low, high, mask):
    for row in range(high - 1, low - 1, -1):
        if passes(rows, address(place, row), mask):
            return row
    return -1


@part
def _of_row(code, op, reals, real, rows, place, row, at, value):
    if row < 0:
        return MISSING
    begins = address(place, row)
    if value:
        return np.float64(rows[begins + code[op + O_COLUMN]]) / reals[real + F_SCALE]
    return _between(code, code[op + O_A], rows[begins + TIME], at)


@part
def _between(code, days, earlier, later):
    """Time between two moments: seconds, or local days by the table of days at word `days`."""
    if days < 0:
        return np.float64(later - earlier) / SECOND
    return np.float64(period_of(code, days, later) - period_of(code, days, earlier))


@part
def _gap(code, op, rows, place, low, high, at):
    before = np.int64(-1)
    first = np.int64(0)
    gaps = 0
    mean = 0.0
    spread = 0.0
    longest = MISSING
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            time = rows[begins + TIME]
            if before == -1:
                first = time
            else:
                gap = _between(code, code[op + O_A], before, time)
                gaps += 1
                off = gap - mean
                mean += off / gaps
                spread += off * (gap - mean)
                longest = gap if gaps == 1 else max(longest, gap)
            before = time
    if code[op + O_CODE] == GAP_LONGEST_OP:
        if before == -1:
            return MISSING
        now = _between(code, code[op + O_A], before, at)
        return now if gaps == 0 else max(longest, now)
    if code[op + O_CODE] == GAP_MEAN_OP:
        return _between(code, code[op + O_A], first, before) / gaps if gaps > 0 else MISSING
    return np.sqrt(spread / (gaps - 1)) if gaps > 1 else MISSING


@part
def _numbered(groups, group, found):
    """Give a group the next number, `found`, unless it has one; returns how many have one."""
    if groups[2, group] >= 0:
        return found
    groups[2, group] = found
    groups[1, found] = group
    return found + 1


@part
def _forget(groups, found):
    """Leave the room as it was: no group has a number."""
    for number in range(found):
        groups[2, groups[1, number]] = -1


@part
def _distinct(code, op, rows, place, low, high, groups):
    found = _numbered_in(code, op, rows, place, low, high, groups)
    _forget(groups, found)
    return np.float64(found)


@part
def _numbered_in(code, op, rows, place, low, high, groups):
    """Number the groups of a window; returns how many there are."""
    found = 0
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            found = _numbered(groups, rows[begins + code[op + O_OVER]], found)
    return found


@part
def _distinct_approximately(code, op, rows, place, low, high):
    """HyperLogLog with 2**code[op + O_A] registers over the hashes in the column."""
    bits = code[op + O_A]
    size = np.int64(1) << bits
    registers = np.zeros(size, np.uint8)
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            word = np.uint64(rows[begins + code[op + O_OVER]])
            register = np.int64(word >> np.uint64(64 - bits))
            rest = word << np.uint64(bits)
            rank = 1
            while rank <= 64 - bits and rest >> np.uint64(63) == np.uint64(0):
                rest <<= np.uint64(1)
                rank += 1
            registers[register] = max(registers[register], rank)
    total = 0.0
    empty = 0
    for register in range(size):
        total += 2.0 ** -np.float64(registers[register])
        empty += registers[register] == 0
    estimate = 0.7213 / (1.0 + 1.079 / size) * size * size / total
    if estimate <= 2.5 * size and empty > 0:
        return size * math.log(size / empty)
    return estimate


@part
def _new_values(code, op, rows, place, low, high, groups):
    if low >= high:
        return 0.0
    lookback = code[op + O_A]
    start = rows_before(rows, place, low, rows[address(place, low) + TIME] - lookback)
    new = 0
    found = 0
    for row in range(start, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            group = rows[begins + code[op + O_OVER]]
            time = rows[begins + TIME]
            seen = groups[2, group] >= 0
            found = _numbered(groups, group, found)
            if row >= low and (not seen or time - groups[0, group] > lookback):
                new += 1
            groups[0, group] = time
    _forget(groups, found)
    return np.float64(new)


@part
def _sums_of_groups(code, op, rows, place, low, high, groups):
    """Sums per group: groups[0, g]; the groups found: groups[1, :n]; returns n."""
    found = 0
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            group = rows[begins + code[op + O_OVER]]
            if groups[2, group] == -1:
                groups[0, group] = 0
            found = _numbered(groups, group, found)
            groups[0, group] += rows[begins + code[op + O_COLUMN]]
    _forget(groups, found)
    return found


@part
def _of_groups(code, op, reals, real, rows, place, low, high, groups):
    found = _sums_of_groups(code, op, rows, place, low, high, groups)
    if found == 0:
        return MISSING
    whole = np.int64(0)
    positive = np.int64(0)
    largest = groups[0, groups[1, 0]]
    square_low, square_high = np.int64(0), np.int64(0)
    for number in range(found):
        total = groups[0, groups[1, number]]
        whole += total
        largest = max(largest, total)
        if total > 0:
            positive += total
            more_low, more_high = exact.square(total)
            square_low, square_high = exact.add(square_low, square_high, more_low, more_high)
    if code[op + O_CODE] == GROUP_MEAN_OP:
        return np.float64(whole) / (np.float64(found) * reals[real + F_SCALE])
    if code[op + O_CODE] == GROUP_MAX_OP:
        return np.float64(largest) / reals[real + F_SCALE]
    if positive <= 0:
        return MISSING
    if code[op + O_CODE] == HHI_OP:
        return exact.real(square_low, square_high) / (np.float64(positive) * np.float64(positive))
    if code[op + O_A] == 1:
        return np.float64(largest) / np.float64(positive)
    return np.float64(_largest(code[op + O_A], groups, found)) / np.float64(positive)


@part
def _largest(count, groups, found):
    """Sum of the `count` largest positive sums."""
    best = np.zeros(count, np.int64)
    for number in range(found):
        total = groups[0, groups[1, number]]
        slot = count
        while slot > 0 and best[slot - 1] < total:
            if slot < count:
                best[slot] = best[slot - 1]
            slot -= 1
        if slot < count:
            best[slot] = total
    return best.sum()


@part
def _repeat_share(code, op, rows, place, low, high, groups):
    """A group counts as repeated at its O_B-th different period; periods come in order of time."""
    found = _numbered_in(code, op, rows, place, low, high, groups)
    totals = np.zeros(found, np.int64)
    periods = np.zeros(found, np.int64)
    latest = np.full(found, np.iinfo(np.int64).min)
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            number = groups[2, rows[begins + code[op + O_OVER]]]
            totals[number] += rows[begins + code[op + O_COLUMN]]
            period = rows[begins + code[op + O_A]]
            if period != latest[number]:
                periods[number] += 1
                latest[number] = period
    whole = np.int64(0)
    repeated = np.int64(0)
    _forget(groups, found)
    for number in range(found):
        if totals[number] > 0:
            whole += totals[number]
            if periods[number] >= code[op + O_B]:
                repeated += totals[number]
    return np.float64(repeated) / np.float64(whole) if whole > 0 else MISSING


@part
def _variation(code, op, rows, place, low, high):
    """Sums of the runs of equal periods; periods that are skipped count as 0."""
    runs = 0
    first = np.int64(0)
    period = np.int64(0)
    run = np.int64(0)
    whole = np.int64(0)
    square_low, square_high = np.int64(0), np.int64(0)
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            here = rows[begins + code[op + O_OVER]]
            if runs == 0 or here != period:
                if runs == 0:
                    first = here
                more_low, more_high = exact.square(run)
                square_low, square_high = exact.add(square_low, square_high, more_low, more_high)
                runs += 1
                period = here
                run = np.int64(0)
            run += rows[begins + code[op + O_COLUMN]]
            whole += rows[begins + code[op + O_COLUMN]]
    span = period - first + 1
    if runs == 0 or span < 2 or whole <= 0:
        return MISSING
    more_low, more_high = exact.square(run)
    square_low, square_high = exact.add(square_low, square_high, more_low, more_high)
    sample = exact.deviation(span, whole, square_low, square_high, 1.0)
    population = sample * np.sqrt(np.float64(span - 1) / np.float64(span))
    return population / (np.float64(whole) / np.float64(span))


@part
def _matching(code, op, rows, place, low, high):
    """Values of the column on the rows that pass."""
    found = np.empty(max(high - low, 0), np.int64)
    count = 0
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            found[count] = rows[begins + code[op + O_COLUMN]]
            count += 1
    return found[:count]


@part
def _quantile(code, op, reals, real, rows, place, low, high):
    values = np.sort(_matching(code, op, rows, place, low, high))
    if values.size == 0:
        return MISSING
    position = reals[real + F_A] * (values.size - 1)
    below = int(position)
    above = min(below + 1, values.size - 1)
    part = position - below
    between = np.float64(values[above]) - np.float64(values[below])
    return (np.float64(values[below]) + between * part) / reals[real + F_SCALE]


@part
def _decayed_sum(code, op, reals, real, rows, place, low, high, at):
    """Real parameter F_A: ln 2 over the half life in microseconds."""
    total = 0.0
    before = np.int64(0)
    count = 0
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            time = rows[begins + TIME]
            if count > 0:
                total *= math.exp(-reals[real + F_A] * np.float64(time - before))
            total += np.float64(rows[begins + code[op + O_COLUMN]])
            before = time
            count += 1
    if count == 0:
        return MISSING
    return total * math.exp(-reals[real + F_A] * np.float64(at - before)) / reals[real + F_SCALE]


@part
def _slope(code, op, reals, real, rows, place, low, high):
    """Real parameter F_A: microseconds of the unit of time. Two passes, around the means."""
    count = 0
    origin = np.int64(0)
    times = 0.0
    total = np.int64(0)
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            if count == 0:
                origin = rows[begins + TIME]
            times += np.float64(rows[begins + TIME] - origin)
            total += rows[begins + code[op + O_COLUMN]]
            count += 1
    if count < 2:
        return MISSING
    mean_time = times / count
    mean_value = np.float64(total) / count
    across = 0.0
    along = 0.0
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            off = np.float64(rows[begins + TIME] - origin) - mean_time
            along += off * off
            across += off * (np.float64(rows[begins + code[op + O_COLUMN]]) - mean_value)
    return across / along * reals[real + F_A] / reals[real + F_SCALE] if along > 0 else MISSING


@part
def _pattern(code, op, rows, place, low, high):
    """Filter O_A, then filter O_B within O_OVER microseconds."""
    count = 0
    seen = False
    latest = np.int64(0)
    for row in range(low, high):
        begins = address(place, row)
        if passes(rows, begins, code[op + O_MASK]):
            time = rows[begins + TIME]
            if seen and passes(rows, begins, code[op + O_B]) and time - latest <= code[op + O_OVER]:
                count += 1
            if passes(rows, begins, code[op + O_A]):
                seen = True
                latest = time
    return np.float64(count)
