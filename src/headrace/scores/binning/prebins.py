"""Pieces of a numeric column: where it may be cut at all, and the rows between the cuts."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.scores.binning import kernels
from headrace.scores.binning.bins import special_ranges
from headrace.scores.binning.columns import Floats
from headrace.scores.binning.problem import EdgeStyle, Prebinning, Settings
from headrace.scores.binning.rows import Rows


@dataclass(frozen=True)
class Distinct:
    """A column's ordinary values, each once, and the rows of each; and those put aside.

    Attributes:
        values: float64 (m,), ascending.
        good: float64 (m,): rows without default of each.
        bad: float64 (m,): defaults of each.
        aside_good: float64: rows without default in each special, then missing.
        aside_bad: float64: defaults in the same.
    """

    values: Floats
    good: Floats
    bad: Floats
    aside_good: Floats
    aside_bad: Floats


@dataclass(frozen=True)
class Pieces:
    """What bins are merged of.

    Attributes:
        edges: Inner edges of a numeric column's pieces.
        categories: Of a categorical column.
        good: float64 (n,): rows without default in each.
        bad: float64 (n,): defaults in each.
    """

    edges: tuple[float, ...]
    categories: tuple[str, ...]
    good: Floats
    bad: Floats


def distinct(x: Floats, rows: Rows, settings: Settings) -> Distinct:
    """The distinct values of a column with their rows.

    Without weights goods and bads are sorted each on their own, which costs less than sorting
    places; with weights rows are added up in the order of value, then of place.
    """
    size = len(settings.specials) + 1
    aside_good, aside_bad = np.zeros(size), np.zeros(size)
    lows, highs, of = special_ranges(settings, 0)
    values, good, bad = np.empty(len(x)), np.empty(len(x)), np.empty(len(x))
    if rows.weights is None:
        goods, bads = np.empty(len(x)), np.empty(len(x))
        counts = kernels.apart(x, rows.y, lows, highs, of, goods, bads, aside_good, aside_bad)
        goods, bads = goods[: counts[0]], bads[: counts[1]]
        goods.sort()
        bads.sort()
        count = kernels.merged(goods, bads, values, good, bad)
    else:
        codes = np.empty(len(x), np.int32)
        kernels.assign(x, np.empty(0), lows, highs, of + 1, size, codes)
        put = codes > 0
        kernels.tally(codes[put] - 1, rows.y[put], rows.weights[put], aside_good, aside_bad)
        kept = np.flatnonzero(~put)
        order = kept[np.argsort(x[kept], kind="stable")]
        count = kernels.weighted(
            x[order] + 0.0, rows.y[order], rows.weights[order], values, good, bad
        )
    return Distinct(values[:count], good[:count], bad[:count], aside_good, aside_bad)


def pieces_of(column: Distinct, rows: Rows, settings: Settings) -> Pieces:
    """Cut a column as the settings say."""
    if settings.edges is not None:
        return cut_at(column, settings.edges)
    least = math.ceil(settings.prebin_share * rows.total - 1e-9) if rows.weights is None else (
        settings.prebin_share * rows.total
    )  # fmt: skip
    if settings.prebinning is Prebinning.TREE:
        cuts = tree_cuts(column.good, column.bad, least, settings.prebins).tolist()
    else:
        cuts = _quantile_cuts(column, least, settings.prebins)
    edges = tuple(
        edge_between(float(column.values[cut - 1]), float(column.values[cut]), settings.edge_style)
        for cut in cuts[1:]
    )
    if settings.decimals is not None:
        edges = tuple(sorted({round(edge, settings.decimals) + 0.0 for edge in edges}))
    return cut_at(column, edges)


def tree_cuts(good: Floats, bad: Floats, least: float, leaves: int) -> NDArray[np.int64]:
    """First place of each leaf of a classification tree over counts in order."""
    cuts = np.zeros(leaves, np.int64)
    found = kernels.grow(_below(good), _below(bad), float(least), leaves, cuts)
    return cuts[:found]


def _below(counts: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(counts)])


def _quantile_cuts(column: Distinct, least: float, prebins: int) -> list[int]:
    """Cuts where the rows below first reach each multiple of 1 / prebins of all."""
    below = _below(column.good + column.bad)
    total = float(below[-1])
    cuts = [0]
    for multiple in range(1, prebins):
        cut = int(np.searchsorted(below, total * multiple / prebins))
        wide = below[cut] - below[cuts[-1]] >= least and total - below[cut] >= least
        if cuts[-1] < cut < len(column.values) and wide:
            cuts.append(cut)
    return cuts


def cut_at(column: Distinct, edges: tuple[float, ...]) -> Pieces:
    """Rows between edges; each piece holds edges[i - 1] <= x < edges[i]."""
    inner = np.searchsorted(column.values, edges, side="left").tolist()
    firsts = np.array([0, *inner, len(column.values)])
    good, bad = np.empty(len(edges) + 1), np.empty(len(edges) + 1)
    kernels.between(column.good, firsts, good)
    kernels.between(column.bad, firsts, bad)
    return Pieces(edges, (), good, bad)


def edge_between(low: float, high: float, style: EdgeStyle) -> float:
    """An edge that parts two neighbouring values: low < edge <= high.

    SHORT takes as few significant digits as will do, and of those the number nearest the middle.
    """
    middle = low / 2 + high / 2
    if not math.isfinite(middle):
        middle = high if math.isfinite(high) else math.nextafter(low, math.inf)
    if not low < middle <= high:
        middle = high  # the two are as near as numbers can be
    if style is EdgeStyle.SHORT:
        for digits in range(17):
            for near in (middle, high):
                short = float(f"{near:.{digits}e}")
                if low < short <= high and math.isfinite(short):
                    return short + 0.0
    return middle
