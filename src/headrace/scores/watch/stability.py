"""Has the population moved? PSI of a score, CSI of a feature, beside what chance alone would give.

    index = Σ over bins (a - e) ln(a / e)     e: share at development, a: share now

Bins are frozen at development; the caller counts rows into them. The customary reading, below 0.1
stable and above 0.25 moved (Siddiqi 2006), knows nothing of the number of rows: with 100 of them in
ten bins an index of 0.1 is what chance gives every other month. If nothing has moved,

    index ≈ (1/n + 1/m) χ², one degree of freedom fewer than bins     (Yurdakul and Naranjo 2020)

with n rows then and m now, and if it has, the same with a noncentral χ², from which the interval
of the true index is read. Half a row is added to each bin that either side has seen, so that an
empty one does not make the index infinite; where few rows are expected in a bin this makes the χ²
cautious, and `chance_drawn` gives the same by drawing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from scipy.special import chdtrc, chdtri, chndtrinc

from headrace.errors import InputError
from headrace.scores.validation.comparing import holm
from headrace.scores.validation.figures import LEVEL
from headrace.scores.watch.outcomes import Floats, Ints

BINS = 5
TAILS = ((1 + LEVEL) / 2, (1 - LEVEL) / 2)


class Reading(Enum):
    """What may be said about a move."""

    STILL = "still"  # no more than chance, and a move that matters is ruled out
    TOO_FEW = "too_few"  # no more than chance, but too few rows to rule out a move that matters
    SMALL = "small"  # more than chance, less than what matters
    MOVED = "moved"  # more than chance, and as much as matters


READINGS = {
    Reading.STILL: ("has not moved", "未见偏移"),
    Reading.TOO_FEW: ("too few rows to tell", "样本不足，无法判断"),
    Reading.SMALL: ("has moved a little", "轻微偏移"),
    Reading.MOVED: ("has moved", "已偏移"),
}
"""Each in English and Chinese."""


@dataclass(frozen=True)
class Shift:
    """How far one column has moved.

    Attributes:
        index: PSI or CSI, 0 or more.
        low: Lower end of the interval of the true index.
        high: Upper end.
        chance: What the index stays below in all but `false_alarms` of cases if nothing moved.
        p_value: How often it would be as large as this by chance.
        contributions: Of each bin, in the order of the bins; they sum to the index.
        expected: Shares at development, the half row added, by bin; 0 where neither side has rows.
        actual: Shares now, the same.
        rows: At development, and now.
        reading: What may be said.
    """

    index: float
    low: float
    high: float
    chance: float
    p_value: float
    contributions: tuple[float, ...]
    expected: tuple[float, ...]
    actual: tuple[float, ...]
    rows: tuple[int, int]
    reading: Reading


@dataclass(frozen=True)
class Terms:
    """What is asked of a move.

    Attributes:
        false_alarms: How often chance alone may be taken for a move, in (0, 1).
        matters: The true index from which on a move matters; above 0.
    """

    false_alarms: float = 0.05
    matters: float = 0.1


def counted(values: Floats, edges: Floats) -> Ints:
    """Rows by bin, (edges + 2,): up to each edge, above the last, and missing.

    A value equal to an edge lies above it, as in `numpy.digitize`.
    """
    at = np.where(np.isnan(values), edges.size + 1, np.searchsorted(edges, values, "right"))
    return np.bincount(at, minlength=edges.size + 2)


def shift(expected: Ints, actual: Ints, terms: Terms | None = None) -> Shift:
    """How far the rows by bin have moved from those at development.

    Args:
        expected: Rows by bin at development, (b,), whole numbers of 0 or more.
        actual: Rows by bin now, (b,).
        terms: What is asked; None for 1 in 20 and an index of 0.1.

    Raises:
        InputError: If the bins differ, a count is negative, or either side has no rows.
    """
    terms = Terms() if terms is None else terms
    _check(expected, actual)
    e, a, each = _parts(expected, actual)
    n, m = int(expected.sum()), int(actual.sum())
    scale, free = 1 / n + 1 / m, int((e > 0).sum()) - 1
    index = float(each.sum())
    if free:
        p_value, chance = chdtrc(free, index / scale), chdtri(free, terms.false_alarms) * scale
        low = _true(index / scale, free, TAILS[0]) * scale
        # An index below what chance gives on average is luck: it rules out no more than that does.
        high = _true(max(index / scale, free), free, TAILS[1]) * scale
    else:  # one bin: nothing can move
        p_value, chance, low, high = 1.0, 0.0, 0.0, 0.0
    return Shift(
        index=index,
        low=low,
        high=high,
        chance=float(chance),
        p_value=float(p_value),
        contributions=tuple(each.tolist()),
        expected=tuple(e.tolist()),
        actual=tuple(a.tolist()),
        rows=(n, m),
        reading=_read(float(p_value), index - free * scale, high, terms),
    )


def by_month(expected: Ints, actual: Ints, terms: Terms | None = None) -> tuple[Shift, ...]:
    """A shift for each month that was looked at, one after another.

    Who looks every month and would be alarmed by chance in one look of twenty will be. Month k
    is asked at `false_alarms` / (k (k + 1)), which sums to `false_alarms` over all months to come:
    the chance of any false alarm ever is no more than that; `p_value` is that of the month alone.

    Args:
        expected: Rows by bin at development, (b,).
        actual: Rows by bin of each month, in order, (months, b).
        terms: What is asked, of all months together.
    """
    terms = Terms() if terms is None else terms
    rates = [terms.false_alarms / (k * (k + 1)) for k in range(1, len(actual) + 1)]
    return tuple(
        shift(expected, row, replace(terms, false_alarms=rate))
        for row, rate in zip(actual, rates, strict=True)
    )


def by_feature(
    expected: Sequence[Ints], actual: Sequence[Ints], terms: Terms | None = None
) -> tuple[Shift, ...]:
    """A shift for each of many features looked at together (CSI), in their order.

    p-values are Holm's (1979): `false_alarms` is the chance of one or more among them all. `chance`
    stays that of the feature alone.

    Args:
        expected: Rows by bin at development, one array a feature.
        actual: Rows by bin now, the same.
        terms: What is asked, of all features together.
    """
    terms = Terms() if terms is None else terms
    alone = [shift(e, a, terms) for e, a in zip(expected, actual, strict=True)]
    raised = holm(np.array([each.p_value for each in alone]))
    found = []
    for each, p_value in zip(alone, raised.tolist(), strict=True):
        scale = sum(1 / rows for rows in each.rows)
        beyond = each.index - scale * (sum(share > 0 for share in each.expected) - 1)
        reading = _read(p_value, beyond, each.high, terms)
        found.append(replace(each, p_value=p_value, reading=reading))
    return tuple(found)


@dataclass(frozen=True)
class Chance:
    """What chance alone gives: the index it stays below, and how often it is as large as found."""

    index: float
    p_value: float


def chance_drawn(
    expected: Ints, actual: Ints, seed: int, draws: int = 2000, false_alarms: float = 0.05
) -> Chance:
    """The same as `chance` and `p_value` of `shift`, by drawing instead of by χ².

    Both sides are drawn again from their pooled shares, so that nothing has moved.

    Args:
        expected: Rows by bin at development, (b,).
        actual: Rows by bin now, (b,).
        seed: Of the draws.
        draws: 100 or more.
        false_alarms: As in `Terms`.
    """
    _check(expected, actual)
    rng = np.random.default_rng(seed)
    pooled = (expected + actual) / (expected.sum() + actual.sum())
    then = rng.multinomial(int(expected.sum()), pooled, draws)
    now = rng.multinomial(int(actual.sum()), pooled, draws)
    drawn = np.array([_parts(e, a)[2].sum() for e, a in zip(then, now, strict=True)])
    found = _parts(expected, actual)[2].sum()
    # The found one counts as a draw of its own: no p-value is 0 (Davison and Hinkley 1997, 4.2).
    p_value = (1 + int((drawn >= found).sum())) / (draws + 1)
    return Chance(float(np.quantile(drawn, 1 - false_alarms)), p_value)


def points_moved(moved: Shift, points: Floats) -> float:
    """How far the mean score has moved because of one feature: Σ (a - e) points, in points.

    Args:
        moved: Of the feature.
        points: That the card gives in each bin, (b,).

    Raises:
        InputError: If there are not as many points as bins.
    """
    if points.shape != (len(moved.actual),):
        raise InputError(
            f"{points.size} numbers of points for {len(moved.actual)} bins", remedy="one a bin"
        )
    change = np.array(moved.actual) - np.array(moved.expected)
    return float(np.sum(change * points))


def population_stability(expected: Floats, actual: Floats) -> float:
    """PSI of values, over fifths of `expected`; missing is a bin of its own.

    Half a firm is added to each bin. For what chance gives, count into bins and ask `shift`.

    Args:
        expected: Values the card was fitted on, (n,), NaN where missing.
        actual: Values of those it is applied to, (m,).

    Returns:
        0 or more; NaN if either side is empty.
    """
    if not expected.size or not actual.size:
        return float("nan")
    known = expected[np.isfinite(expected)]
    edges = np.unique(np.quantile(known, np.arange(1, BINS) / BINS)) if known.size else np.zeros(0)
    e, a = (counted(values, edges) + 0.5 for values in (expected, actual))
    e, a = e / e.sum(), a / a.sum()
    return float(np.sum((a - e) * np.log(a / e)))


def _check(expected: Ints, actual: Ints) -> None:
    if expected.shape != actual.shape or expected.ndim != 1:
        raise InputError(
            f"{expected.size} bins at development and {actual.size} now",
            remedy="rows counted into the same bins, frozen at development",
        )
    if min(expected.min(initial=0), actual.min(initial=0)) < 0:
        raise InputError("a bin has fewer than no rows", remedy="whole numbers of 0 or more")
    if not expected.sum() or not actual.sum():
        raise InputError("no rows to compare", remedy="rows at development and rows now")


def _parts(expected: Ints, actual: Ints) -> tuple[Floats, Floats, Floats]:
    """Shares then, shares now, contributions, (b,) each; 0 where neither side has rows."""
    seen = (expected + actual) > 0
    e, a = (np.where(seen, counts + 0.5, 0.0) for counts in (expected, actual))
    e, a = e / e.sum(), a / a.sum()
    each = np.zeros(seen.size)
    each[seen] = (a[seen] - e[seen]) * np.log(a[seen] / e[seen])
    return e, a, each


def _true(statistic: float, free: int, tail: float) -> float:
    """The noncentrality under which a statistic this small or smaller comes in `tail` of cases."""
    if chdtrc(free, statistic) > 1 - tail:  # even 0 makes it rarer than that
        return 0.0
    return float(chndtrinc(statistic, free, tail))


def _read(p_value: float, beyond_chance: float, high: float, terms: Terms) -> Reading:
    if p_value >= terms.false_alarms:
        return Reading.STILL if high < terms.matters else Reading.TOO_FEW
    return Reading.MOVED if beyond_chance >= terms.matters else Reading.SMALL
