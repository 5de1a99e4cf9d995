"""Which limits bins break: fitted ones break none, edited ones may."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from scipy.special import ndtr

from headrace.scores.binning.bins import RATE_TOLERANCE, Bins, Kind, ways
from headrace.scores.binning.problem import Trend


def broken_limits(bins: Bins) -> tuple[str, ...]:
    """Names of the settings that ordinary bins do not keep, `trend` among them."""
    return tuple(_broken(bins))


def _broken(bins: Bins) -> Iterator[str]:
    count = bins.ordinary
    good, bad = bins.good[:count], bins.bad[:count]
    rows = [g + b for g, b in zip(good, bad, strict=True)]
    total = math.fsum(bins.good) + math.fsum(bins.bad)
    rates = [b / n if n else math.nan for b, n in zip(bad, rows, strict=True)]
    gap = min((abs(b - a) for a, b in pairwise(rates)), default=math.inf)
    largest_p = max((p_value(*both) for both in pairwise(zip(good, bad, strict=True))), default=0.0)
    found = {
        "min_bins": count,
        "max_bins": count,
        "min_share": min(rows) / total,
        "max_share": max(rows) / total,
        "min_rows": min(rows),
        "max_rows": max(rows),
        "min_goods": min(good),
        "min_bads": min(bad),
        "min_gap": gap,
        "max_p": largest_p,
    }
    for name, limit in bins.settings.limits.items():
        value = found[name]
        over = value - limit if name.startswith("max") else limit - value
        if over > RATE_TOLERANCE * max(1.0, abs(limit)):
            yield name
    ordered = bins.kind is Kind.NUMERIC or bins.settings.order is not None
    if ordered and not all(
        goes(values, bins.settings.trend) for values in (rates, [-woe for woe in bins.woe[:count]])
    ):
        yield "trend"


def p_value(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Of the difference of two bins' default rates: the two-sided Z-test with pooled variance.

    Args:
        one: Rows without default, and defaults.
        other: The same of the other bin.

    Returns:
        1 where both have one rate.
    """
    (good_a, bad_a), (good_b, bad_b) = one, other
    rows_a, rows_b = good_a + bad_a, good_b + bad_b
    if not rows_a or not rows_b:
        return 1.0
    apart = abs(bad_a / rows_a - bad_b / rows_b)
    rate = (bad_a + bad_b) / (rows_a + rows_b)
    if apart <= RATE_TOLERANCE:
        return 1.0
    return float(2 * ndtr(-apart / math.sqrt(rate * (1 - rate) * (1 / rows_a + 1 / rows_b))))


def goes(values: Sequence[float], trend: Trend) -> bool:
    """Whether values, in order, go as asked; AUTO: in any of the ways that it tries."""
    return trend is Trend.NONE or ways(values) in _WAYS[trend]


_UP, _DOWN, _PEAK, _VALLEY = (1,), (-1,), (1, -1), (-1, 1)
_WAYS: dict[Trend, tuple[tuple[int, ...], ...]] = {
    Trend.AUTO: ((), _UP, _DOWN, _PEAK, _VALLEY),
    Trend.ASCENDING: ((), _UP),
    Trend.DESCENDING: ((), _DOWN),
    Trend.PEAK: ((), _UP, _DOWN, _PEAK),
    Trend.VALLEY: ((), _UP, _DOWN, _VALLEY),
}
