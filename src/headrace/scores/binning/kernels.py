"""Binning as loops over arrays: rows to counts, counts to pieces, pieces to bins.

`good` and `bad` are rows or sums of weights as float64, added up from the first to the last.
"""

import math

import numba
import numpy as np

NEVER = -(1 << 60)
"""Weight of what may not be."""

UNIT = 1e12
"""Units of information value in which solutions are compared, as whole numbers."""

COST = 3
"""Units that a bin costs. Rounding moves the sum of two bins by less against the bin merged of
them, so that of solutions equal but for rounding the one with fewer bins wins."""

BLOCK = 128
"""Cuts of a tree that are passed over together where none of them can be the best."""

TOLERANCE = 1e-12
"""Default rates that differ by no more are equal."""


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def assign(x, edges, lows, highs, of, missing, found):
    """The bin of each value.

    Args:
        x: float64 (n,): values, NaN where missing.
        edges: float64: bin i holds edges[i - 1] <= x < edges[i].
        lows: float64: where each special range begins.
        highs: float64: where it ends, included; a single code is a range of one number.
        of: int32: the bin of each special range.
        missing: The bin of missing values.
        found: int32 (n,), written.
    """
    for row in range(len(x)):
        value = x[row]
        if value != value:
            found[row] = missing
            continue
        at = 0
        for edge in edges:
            at += edge <= value
        for special in range(len(of)):
            if lows[special] <= value <= highs[special]:
                at = of[special]
                break
        found[row] = at


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def apart(x, y, lows, highs, of, goods, bads, aside_good, aside_bad):
    """Ordinary values of goods and of bads apart; how many of each.

    Args:
        x: float64 (n,): values, NaN where missing.
        y: int8 (n,): 1 for default.
        lows: float64: where each special range begins.
        highs: float64: where it ends, included.
        of: int32: the place of each special range in `aside_good`.
        goods: float64 (n,), written: ordinary values of rows without default.
        bads: float64 (n,), written: ordinary values of defaults.
        aside_good: float64, added to: rows without default in each special, then missing.
        aside_bad: float64, added to: defaults in the same.
    """
    good = bad = 0
    for row in range(len(x)):
        value = x[row] + 0.0  # -0.0 is 0.0
        at = -1
        if value != value:
            at = len(aside_good) - 1
        for special in range(len(of)):
            if lows[special] <= value <= highs[special]:
                at = of[special]
                break
        if at < 0:
            # Both are written and one counts on: no branch that cannot be foreseen.
            goods[good] = value
            bads[bad] = value
            default = np.int64(y[row])
            bad += default
            good += 1 - default
        elif y[row]:
            aside_bad[at] += 1.0
        else:
            aside_good[at] += 1.0
    return good, bad


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def merged(goods, bads, values, good, bad):
    """Distinct values and their rows, of two sorted columns; how many there are.

    Args:
        goods: float64, sorted: values of rows without default.
        bads: float64, sorted: values of defaults.
        values: float64, written: distinct values, sorted.
        good: float64, written: rows without default of each.
        bad: float64, written: defaults of each.
    """
    count = at_good = at_bad = 0
    while at_good < len(goods) or at_bad < len(bads):
        if at_bad == len(bads) or (at_good < len(goods) and goods[at_good] < bads[at_bad]):
            value = goods[at_good]
        else:
            value = bads[at_bad]
        first_good, first_bad = at_good, at_bad
        while at_good < len(goods) and goods[at_good] == value:
            at_good += 1
        while at_bad < len(bads) and bads[at_bad] == value:
            at_bad += 1
        values[count] = value
        good[count] = at_good - first_good
        bad[count] = at_bad - first_bad
        count += 1
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def weighted(x, y, weights, values, good, bad):
    """As `merged`, of rows sorted by value: x float64, y int8, weights float64, (n,)."""
    count = 0
    for row in range(len(x)):
        if count == 0 or x[row] != values[count - 1]:
            values[count] = x[row]
            good[count] = bad[count] = 0.0
            count += 1
        if y[row]:
            bad[count - 1] += weights[row]
        else:
            good[count - 1] += weights[row]
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def tally(codes, y, weights, good, bad):
    """Rows by code: codes int32 (n,), y int8, weights float64; good and bad are added to."""
    for row in range(len(codes)):
        if y[row]:
            bad[codes[row]] += weights[row]
        else:
            good[codes[row]] += weights[row]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _impurity(left_good, left_bad, all_good, all_bad):
    """Half the Gini impurity times rows, of both sides of a cut: Σ good bad / (good + bad)."""
    right_good, right_bad = all_good - left_good, all_bad - left_bad
    left, right = left_good + left_bad, right_good + right_bad
    above = left_good * left_bad / left if left > 0.0 else 0.0
    return above + (right_good * right_bad / right if right > 0.0 else 0.0)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _may_hold(good, bad, first, after, origin, bar):
    """Whether a cut between two cuts may have an impurity of `bar` or less.

    Impurity is concave in the goods and the bads on the left, so over all of a rectangle it is
    nowhere below its lowest corner, and the cuts between two cuts lie in the rectangle of the two.
    """
    base_good, base_bad, all_good, all_bad = origin
    low_good, high_good = good[first] - base_good, good[after] - base_good
    low_bad, high_bad = bad[first] - base_bad, bad[after] - base_bad
    lowest = min(
        _impurity(low_good, low_bad, all_good, all_bad),
        _impurity(high_good, high_bad, all_good, all_bad),
        _impurity(low_good, high_bad, all_good, all_bad),
        _impurity(high_good, low_bad, all_good, all_bad),
    )
    return lowest * (1.0 - 1e-9) <= bar


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _least_place(good, bad, first, after, rows):
    """The first place from which there are so many rows since `first`."""
    base = good[first] + bad[first]
    low, high = first, after
    while low < high:
        middle = (low + high) >> 1
        if good[middle] + bad[middle] - base >= rows:
            high = middle
        else:
            low = middle + 1
    return low


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _best_cut(good, bad, first, after, least):
    """Gain and place of the best cut of values first..after-1; place -1 where there is none.

    The gain is the impurity that a cut takes away (Breiman, Friedman, Olshen and Stone 1984,
    section 4.3). Blocks of cuts that cannot hold the best are passed over, which changes no result.
    """
    base_good, base_bad = good[first], bad[first]
    all_good, all_bad = good[after] - base_good, bad[after] - base_bad
    if all_good <= 0.0 or all_bad <= 0.0:
        return -1.0, -1
    rows = all_good + all_bad
    begin = max(first + 1, _least_place(good, bad, first, after, least))
    # The first place with more rows than may be on the left.
    end = _least_place(good, bad, first, after, np.nextafter(rows - least, np.inf))
    if begin >= end:
        return -1.0, -1
    origin = (base_good, base_bad, all_good, all_bad)
    bar = np.inf
    for cut in range(begin, end, BLOCK):
        bar = min(bar, _impurity(good[cut] - base_good, bad[cut] - base_bad, all_good, all_bad))
    lowest, place = np.inf, -1
    for block in range(begin, end, BLOCK):
        stop = min(block + BLOCK, end)
        if not _may_hold(good, bad, block, stop - 1, origin, bar):
            continue
        for cut in range(block, stop):
            found = _impurity(good[cut] - base_good, bad[cut] - base_bad, all_good, all_bad)
            if found < lowest:
                lowest, place = found, cut
    return all_good * all_bad / rows - lowest, place


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def grow(good, bad, least, leaves, cuts):
    """Cuts of a classification tree grown best first; how many there are.

    Of cuts of one gain the lowest is taken, of leaves of one gain the one with the lowest values.

    Args:
        good: float64 (m + 1,): rows without default below each distinct value, then of all.
        bad: float64 (m + 1,): defaults below the same.
        least: Rows in a leaf at least.
        leaves: Leaves at most.
        cuts: int64 (leaves,), written: first value of each leaf, sorted.
    """
    gains = np.empty(leaves)
    places = np.empty(leaves, np.int64)
    count = 1
    cuts[0] = 0
    gains[0], places[0] = _best_cut(good, bad, 0, len(good) - 1, least)
    while count < leaves:
        best = -1
        for leaf in range(count):
            if places[leaf] >= 0 and (best < 0 or gains[leaf] > gains[best]):
                best = leaf
        if best < 0:
            break
        for leaf in range(count, best + 1, -1):
            cuts[leaf], gains[leaf], places[leaf] = (
                cuts[leaf - 1], gains[leaf - 1], places[leaf - 1],
            )  # fmt: skip
        middle = places[best]
        after = cuts[best + 2] if best + 1 < count else len(good) - 1
        cuts[best + 1] = middle
        gains[best], places[best] = _best_cut(good, bad, cuts[best], middle, least)
        gains[best + 1], places[best + 1] = _best_cut(good, bad, middle, after, least)
        count += 1
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def between(counts, firsts, sums):
    """Sums of counts from each place up to the next, added from the first to the last.

    Args:
        counts: float64 (m,).
        firsts: int64 (n + 1,): sorted, the last is m.
        sums: float64 (n,), written.
    """
    for piece in range(len(sums)):
        total = 0.0
        for place in range(firsts[piece], firsts[piece + 1]):
            total += counts[place]
        sums[piece] = total


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def weigh(good, bad, totals, pure_rows, limits, weights, rows_of, bad_of):
    """The information value of every bin that can be merged of pieces, in whole units.

    Args:
        good: float64 (n,): rows without default in each piece.
        bad: float64 (n,): defaults in each.
        totals: Rows without default, and defaults, of the whole column.
        pure_rows: As in `Settings`.
        limits: Rows at least and at most, goods at least, bads at least in a bin.
        weights: int64 (n, n), written: of the bin of pieces i to j, NEVER where it may not be.
        rows_of: float64 (n, n), written: its rows.
        bad_of: float64 (n, n), written: its defaults.
    """
    goods, bads = totals
    min_rows, max_rows, min_goods, min_bads = limits
    pure = pure_rows / (goods + bads)
    for first in range(len(good)):
        g = b = 0.0
        for last in range(first, len(good)):
            g += good[last]
            b += bad[last]
            rows = g + b
            rows_of[first, last] = rows
            bad_of[first, last] = b
            # What sums of weights lose must not refuse a limit that is met exactly.
            slack = 1.0 + TOLERANCE
            if (rows <= 0.0 or rows * slack < min_rows or rows > max_rows * slack
                    or g * slack < min_goods or b * slack < min_bads):  # fmt: skip
                weights[first, last] = NEVER
                continue
            more = pure if g == 0.0 or b == 0.0 else 0.0
            woe = math.log((g + more * goods) * bads / ((b + more * bads) * goods))
            value = (g / goods - b / bads) * woe
            weights[first, last] = np.int64(np.rint(value * UNIT)) - COST


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _steps(rows_a, bad_a, rows_b, bad_b, gap, deviations):
    """Whether the default rate may rise, and whether it may fall, from a bin to the next."""
    rate_a, rate_b = bad_a / rows_a, bad_b / rows_b
    apart_by = abs(rate_b - rate_a)
    if apart_by + TOLERANCE < gap:
        return False, False
    if deviations > 0.0:
        rate = (bad_a + bad_b) / (rows_a + rows_b)
        variance = rate * (1.0 - rate) * (1.0 / rows_a + 1.0 / rows_b)
        if apart_by <= TOLERANCE or apart_by * apart_by < deviations * deviations * variance:
            return False, False
    return rate_b + TOLERANCE >= rate_a, rate_a + TOLERANCE >= rate_b


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def solve(weights, rows_of, bad_of, directions, least_most, neighbours, starts):
    """The heaviest sequence of bins, by dynamic programming; its weight and its length.

    The value of a state is the weight of its bin and of the best bins after it. A state is the
    pieces that a bin is merged of, the phase (before or after the turn) and, where bins are
    limited, how many bins there are up to it: n² / 2 states, n successors at most, so O(n³) for
    each phase and count. Whatever a step to the next bin may depend on, rates, gap and
    significance of the two, is known from the two. Of sequences of one weight, the one with the
    smaller first bin wins, then the smaller second one, and so on.

    Args:
        weights: int64 (n, n): of the bin of pieces i to j; NEVER where it may not be.
        rows_of: float64 (n, n): its rows.
        bad_of: float64 (n, n): its defaults.
        directions: Of the default rate before and after the turn: 1 does not fall, -1 does not
            rise, 0 any; the second is 2 where there is no turn.
        least_most: Bins at least and at most; at most 0 for any number.
        neighbours: Least gap of their default rates, and least difference in standard deviations.
        starts: int64 (n,), written: first piece of each bin.
    """
    n = len(weights)
    first_way, second_way = directions
    least, most = least_most
    gap, deviations = neighbours
    phases = 1 if second_way == 2 else 2
    counts = most if most > 0 else max(least, 1)
    value = np.full((phases, n, n, counts), NEVER, np.int64)
    for last in range(n - 1, -1, -1):
        for first in range(last + 1):
            own = weights[first, last]
            if own == NEVER:
                continue
            if last == n - 1:
                for phase in range(phases):
                    for count in range(max(least, 1) - 1, counts):
                        value[phase, first, last, count] = own
                continue
            for after in range(last + 1, n):
                if weights[last + 1, after] == NEVER:
                    continue
                up, down = _steps(
                    rows_of[first, last], bad_of[first, last],
                    rows_of[last + 1, after], bad_of[last + 1, after], gap, deviations,
                )  # fmt: skip
                for phase in range(phases):
                    for to in range(phase, phases):
                        way = first_way if to == 0 else second_way
                        if not ((up and way >= 0) or (down and way <= 0)):
                            continue
                        for count in range(counts):
                            more = min(count + 1, counts - 1) if most == 0 else count + 1
                            if more == counts or value[to, last + 1, after, more] == NEVER:
                                continue
                            whole = own + value[to, last + 1, after, more]
                            best = value[phase, first, last, count]
                            value[phase, first, last, count] = max(best, whole)
    return _walk(value, rows_of, bad_of, directions, most, neighbours, starts)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _walk(value, rows_of, bad_of, directions, most, neighbours, starts):
    """The bins of the best sequence from the values of states; see `solve`."""
    phases, n, _, counts = value.shape
    gap, deviations = neighbours
    total, last = np.int64(NEVER), -1
    for end in range(n):
        if value[0, 0, end, 0] > total:
            total, last = value[0, 0, end, 0], end
    if last < 0:
        return total, 0
    first = count = phase = 0
    bins = 1
    starts[0] = 0
    while last < n - 1:
        # Which state follows is not kept: it is found again among those that may.
        heaviest = np.int64(NEVER)
        best_to = best_after = -1
        more = min(count + 1, counts - 1) if most == 0 else count + 1
        for after in range(last + 1, n):
            if rows_of[last + 1, after] <= 0.0:
                continue
            up, down = _steps(
                rows_of[first, last], bad_of[first, last],
                rows_of[last + 1, after], bad_of[last + 1, after], gap, deviations,
            )  # fmt: skip
            for to in range(phase, phases):
                way = directions[0] if to == 0 else directions[1]
                if ((up and way >= 0) or (down and way <= 0)) and (
                    value[to, last + 1, after, more] > heaviest
                ):
                    heaviest = value[to, last + 1, after, more]
                    best_to, best_after = to, after
        first, last, phase, count = last + 1, best_after, best_to, more
        starts[bins] = first
        bins += 1
    return total, bins
