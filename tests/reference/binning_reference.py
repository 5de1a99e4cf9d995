"""Optimal binning straight from its definition: every way to merge neighbours, looked at.

Counts are whole numbers, default rates exact fractions. Slow, for reading.
"""

import math
from fractions import Fraction
from itertools import combinations, pairwise

from scipy.stats import chi2

NEAR = 1e-9  # information values that differ by less are called equal


def mergings(pieces):
    """Every cut of `pieces` neighbours into bins, as lists of (first, after)."""
    for cuts in range(pieces):
        for inner in combinations(range(1, pieces), cuts):
            ends = (0, *inner, pieces)
            yield list(pairwise(ends))


def counted(spans, counts):
    return [sum(counts[first:after]) for first, after in spans]


def information_value(good, bad, goods, bads, pure_rows):
    total = 0.0
    for g, b in zip(good, bad, strict=True):
        woe_good, woe_bad = g, b
        if not g or not b:
            woe_good = g + pure_rows * goods / (goods + bads)
            woe_bad = b + pure_rows * bads / (goods + bads)
        woe = math.log((woe_good / goods) / (woe_bad / bads))
        total += (g / goods - b / bads) * woe
    return total


def follows(rates, trend):
    """Whether default rates, in order, go as the trend says."""
    up = all(a <= b for a, b in pairwise(rates))
    down = all(a >= b for a, b in pairwise(rates))
    if trend == "none":
        return True
    if trend == "ascending":
        return up
    if trend == "descending":
        return down
    first, second = ("ascending", "descending") if trend == "peak" else ("descending", "ascending")
    return any(
        follows(rates[: at + 1], first) and follows(rates[at:], second) for at in range(len(rates))
    )


def p_value(one, other):
    """Pearson's chi-squared of the two-by-two table of two bins; 1 where it has an empty margin."""
    (g, b), (h, c) = one, other
    n, goods, bads = g + b + h + c, g + h, b + c
    if not goods or not bads:
        return 1.0
    expected = [(g + b) * goods / n, (g + b) * bads / n, (h + c) * goods / n, (h + c) * bads / n]
    found = (g, b, h, c)
    statistic = sum((o - e) ** 2 / e for o, e in zip(found, expected, strict=True))
    return chi2.sf(statistic, 1)


def allowed(good, bad, totals, limits):
    """Whether bins keep the limits: a mapping by the names of the settings, `trend` among them."""
    rows = [g + b for g, b in zip(good, bad, strict=True)]
    whole = sum(totals)
    if not all(rows):
        return False
    rates = [Fraction(b, n) for b, n in zip(bad, rows, strict=True)]
    bins = list(zip(good, bad, strict=True))
    steps = [abs(a - b) for a, b in pairwise(rates)]
    tests = [p_value(a, b) for a, b in pairwise(bins)]
    return (
        len(bins) >= limits.get("min_bins", 1)
        and len(bins) <= limits.get("max_bins", len(bins))
        and min(rows) >= limits.get("min_rows", 0)
        and max(rows) <= limits.get("max_rows", whole)
        and min(rows) >= Fraction(limits.get("min_share", 0)) * whole
        and max(rows) <= Fraction(limits.get("max_share", 1)) * whole
        and min(good) >= limits.get("min_goods", 0)
        and min(bad) >= limits.get("min_bads", 0)
        and all(step >= Fraction(limits.get("min_gap", 0)) for step in steps)
        and all(p <= limits.get("max_p", 1) + NEAR for p in tests)
        and follows(rates, limits.get("trend", "none"))
    )


def best(good, bad, totals, limits, pure_rows):
    """Information value and spans of the best merging; None where the limits allow none.

    Of equal ones that with fewer bins, then that with the smaller first bin, and so on.
    """
    found = []
    for spans in mergings(len(good)):
        merged_good, merged_bad = counted(spans, good), counted(spans, bad)
        if allowed(merged_good, merged_bad, totals, limits):
            value = information_value(merged_good, merged_bad, *totals, pure_rows)
            found.append((value, spans))
    if not found:
        return None
    top = max(value for value, _ in found)
    equal = [spans for value, spans in found if value > top - NEAR]
    return top, min(equal, key=lambda spans: (len(spans), [after for _, after in spans]))


def bin_of(value, edges, specials, missing):
    """The number of a value's bin: specials are (low, high) in order, behind the ordinary bins."""
    if math.isnan(value):
        return missing
    for place, (low, high) in enumerate(specials):
        if low <= value <= high:
            return len(edges) + 1 + place
    return sum(edge <= value for edge in edges)


def grown(values, defaults, least, leaves):
    """Smallest values of the leaves but the first, of a tree grown best first; counts are exact."""
    leaf = sorted(zip(values, defaults, strict=True))
    tree = [leaf]
    while len(tree) < leaves:
        gains = []
        for at, leaf in enumerate(tree):
            cut = best_cut(*zip(*leaf, strict=True), least) if _gini(leaf) else None
            if cut is not None:
                sides = (
                    [row for row in leaf if row[0] < cut],
                    [row for row in leaf if row[0] >= cut],
                )
                gains.append((_gini(leaf) - sum(map(_gini, sides)), -at, sides))
        if not gains:
            break
        _, at, sides = max(gains, key=lambda each: each[:2])
        tree[-at : -at + 1] = sides
    return [leaf[0][0] for leaf in tree[1:]]


def best_cut(values, defaults, least):
    """The cut of a column with the lowest Gini impurity, lowest first; None without one."""
    rows = sorted(zip(values, defaults, strict=True))
    found = []
    for at in range(1, len(rows)):
        left, right = rows[:at], rows[at:]
        if left[-1][0] < right[0][0] and min(len(left), len(right)) >= least:
            found.append((_gini(left) + _gini(right), right[0][0]))
    return min(found)[1] if found else None


def _gini(rows):
    bad = sum(each for _, each in rows)
    return Fraction(bad * (len(rows) - bad), len(rows))
