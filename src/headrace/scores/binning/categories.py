"""Pieces of a categorical column: its categories in order, the rare ones pooled."""

import math
from dataclasses import dataclass

import numpy as np

from headrace.scores.binning import kernels
from headrace.scores.binning.columns import Texts
from headrace.scores.binning.prebins import Pieces
from headrace.scores.binning.problem import PREBINS_MOST, BinningError, Settings
from headrace.scores.binning.rows import Rows

Counts = tuple[str, float, float]
"""A category, its rows without default, its defaults."""


@dataclass(frozen=True)
class Categories:
    """A categorical column counted.

    Attributes:
        pieces: The categories that bins are merged of.
        rare: The categories pooled in `other`.
        aside_good: Rows without default in each special, then missing.
        aside_bad: Defaults in the same.
    """

    pieces: Pieces
    rare: tuple[Counts, ...]
    aside_good: tuple[float, ...]
    aside_bad: tuple[float, ...]


def categories_of(column: Texts, rows: Rows, settings: Settings, feature: str) -> Categories:
    """Count a column's categories and put them in order: the settings', or by default rate.

    Of one default rate the name decides. Categories that no row has are left out, but for those
    of a given order.

    Raises:
        BinningError: If a category is not in the order that was given.
    """
    counts, missing = _counted(column, rows)
    aside = [_taken(counts, special.codes) for special in settings.specials]
    if settings.order is None:
        least = settings.rare_share * rows.total
        rare = sorted(each for each in counts.values() if each[1] + each[2] < least)
        for name, _, _ in rare:
            del counts[name]
        kept = sorted(counts.values(), key=lambda each: (each[2] / (each[1] + each[2]), each[0]))
    else:
        rare, kept = [], _in_order(counts, settings.order, feature)
    pieces = Pieces(
        (),
        tuple(name for name, _, _ in kept),
        np.array([good for _, good, _ in kept], np.float64),
        np.array([bad for _, _, bad in kept], np.float64),
    )
    good, bad = zip(*aside, missing, strict=True)
    return Categories(pieces, tuple(rare), good, bad)


def _counted(column: Texts, rows: Rows) -> tuple[dict[str, Counts], tuple[float, float]]:
    """Rows of each category that has any, and the missing ones."""
    size = len(column.names)
    good, bad = np.zeros(size + 1), np.zeros(size + 1)
    weights = np.ones(len(rows.y)) if rows.weights is None else rows.weights
    codes = np.where(column.codes < 0, np.int32(size), column.codes)
    kernels.tally(codes, rows.y, weights, good, bad)
    found = zip(column.names, good.tolist(), bad.tolist(), strict=False)
    counts = {name: (name, g, b) for name, g, b in found if g + b}
    return counts, (float(good[size]), float(bad[size]))


def _taken(counts: dict[str, Counts], codes: tuple[float | str, ...]) -> tuple[float, float]:
    """Rows of a special's codes, which leave the counts."""
    found = [counts.pop(code) for code in codes if isinstance(code, str) and code in counts]
    return math.fsum(good for _, good, _ in found), math.fsum(bad for _, _, bad in found)


def _in_order(counts: dict[str, Counts], order: tuple[str, ...], feature: str) -> list[Counts]:
    unknown = sorted(set(counts) - set(order))
    if unknown:
        raise BinningError(
            f"categories that the order does not have: {', '.join(unknown)}",
            feature=feature,
            remedy=f"the order is {', '.join(order)}",
        )
    if len(order) > PREBINS_MOST:
        raise BinningError(
            f"an order of {len(order)} categories",
            feature=feature,
            remedy=f"at most {PREBINS_MOST}",
        )
    return [counts.get(name, (name, 0.0, 0.0)) for name in order]
