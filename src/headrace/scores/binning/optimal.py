"""Fit a binning: pieces, then the merging of them that has the largest information value.

The merging is found exactly, by dynamic programming over contiguous merges (`kernels.solve`), in
units of 1e-12 of information value. docs/concepts/binning.md says what is searched and why.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pyarrow as pa

from headrace.errors import InputError
from headrace.scores.binning.bins import Bins, Kind, finished
from headrace.scores.binning.categories import categories_of
from headrace.scores.binning.columns import Floats, Texts, Values, column_of
from headrace.scores.binning.merging import Task, merge
from headrace.scores.binning.prebins import cut_at, distinct, pieces_of, tree_cuts
from headrace.scores.binning.problem import PREBINS_MOST, BinningError, Settings, Trend
from headrace.scores.binning.rows import Rows, rows_of, same_length


class TableError(InputError):
    """Some columns of a table cannot be binned as was asked.

    Attributes:
        bins: Of the columns that could, in the order of the table.
        refused: What each other column was refused for, in the order of the table.
    """

    def __init__(self, bins: tuple[Bins, ...], refused: tuple[BinningError, ...]) -> None:
        """Keep the parts apart; see the class."""
        self.bins, self.refused = bins, refused
        super().__init__(
            f"{len(refused)} of {len(bins) + len(refused)} columns cannot be binned",
            where="; ".join(str(each) for each in refused),
        )


def fit(
    values: Values,
    y: Values,
    settings: Settings | None = None,
    *,
    feature: str = "x",
    weights: Values | None = None,
) -> Bins:
    """Bin a column.

    Args:
        values: Numbers (NaN or null for missing), or texts (null for missing), (n,).
        y: 1 for default, 0 for none, (n,).
        settings: What is asked; None: as `Settings()`.
        feature: Name of the column.
        weights: Of rows, above 0, (n,); None: each row counts 1.

    Raises:
        BinningError: If no bins are as the settings ask. It names the settings in conflict.
        InputError: If outcomes or weights cannot be used.
    """
    return _fit(values, rows_of(y, weights), settings or Settings(), feature)


def fit_table(
    table: pa.Table,
    y: Values,
    settings: Settings | Mapping[str, Settings] | None = None,
    *,
    weights: Values | None = None,
    threads: int = 1,
) -> tuple[Bins, ...]:
    """Bin every column of a table, each for itself.

    Args:
        table: The columns.
        y: 1 for default, 0 for none, (n,).
        settings: Of all columns, or by name, `Settings()` for those without.
        weights: Of rows, above 0, (n,); None: each row counts 1.
        threads: Columns binned at the same time; no result depends on it.

    Raises:
        TableError: If a column cannot be binned. All others are, and it holds them.
        InputError: If outcomes or weights cannot be used, settings are of no column, or there are
            no threads.
    """
    rows = rows_of(y, weights)
    by_name = settings if isinstance(settings, Mapping) else {}
    unknown = sorted(set(by_name) - set(table.column_names))
    if unknown:
        raise InputError(
            f"settings of columns that the table does not have: {', '.join(unknown)}",
            remedy=f"it has {', '.join(table.column_names)}",
        )
    general = settings if isinstance(settings, Settings) else Settings()
    if threads < 1:
        raise InputError(f"{threads} threads", where="threads", remedy="1 or more")

    def one(at: int, name: str) -> Bins | BinningError:
        try:
            return _fit(table.column(at), rows, by_name.get(name, general), name)
        except BinningError as problem:
            return problem

    with ThreadPoolExecutor(threads) as pool:
        found = tuple(pool.map(one, *zip(*enumerate(table.column_names), strict=True)))
    bins = tuple(each for each in found if isinstance(each, Bins))
    refused = tuple(each for each in found if isinstance(each, BinningError))
    if refused:
        raise TableError(bins, refused)
    return bins


def with_edges(
    bins: Bins,
    edges: tuple[float, ...],
    values: Values,
    y: Values,
    *,
    weights: Values | None = None,
) -> Bins:
    """The same bins over finer pieces, so that edits can cut at more places.

    Args:
        bins: Of a numeric column.
        edges: More edges of pieces.
        values: The rows that the bins were fitted on, and so are `y` and `weights`.
        y: 1 for default, 0 for none, (n,).
        weights: Of rows, (n,); None: each row counts 1.

    Raises:
        BinningError: If these are not the rows, or the column is not numeric.
    """
    rows = rows_of(y, weights)
    column = column_of(values, bins.feature)
    if bins.kind is not Kind.NUMERIC or isinstance(column, Texts):
        raise BinningError("only a column of numbers has edges", feature=bins.feature)
    same_length(rows, len(column), bins.feature)
    pieces = cut_at(
        distinct(column, rows, bins.settings), tuple(sorted({*bins.piece_edges, *edges}))
    )
    starts = (0, *(pieces.edges.index(edge) + 1 for edge in bins.edges))
    finer = replace(
        bins,
        piece_edges=pieces.edges,
        piece_good=tuple(pieces.good.tolist()),
        piece_bad=tuple(pieces.bad.tolist()),
        starts=starts,
    )
    if not np.allclose([finer.good, finer.bad], [bins.good, bins.bad], rtol=1e-9, atol=0):
        raise BinningError(
            "these are not the rows that the bins were fitted on", feature=bins.feature
        )
    return finer


def _fit(values: Values, rows: Rows, settings: Settings, feature: str) -> Bins:
    column = column_of(values, feature)
    is_text = isinstance(column, Texts)
    same_length(rows, len(column.codes if isinstance(column, Texts) else column), feature)
    for special in settings.specials:
        ranged = special.low is not None or special.high is not None
        if (is_text and ranged) or any(isinstance(code, str) != is_text for code in special.codes):
            raise BinningError(
                f"special {special.name!r} has codes of another kind than the column",
                feature=feature,
                remedy="texts" if is_text else "numbers",
            )
    if isinstance(column, Texts):
        return _fit_texts(column, rows, settings, feature)
    return _fit_numbers(column, rows, settings, feature)


def _fit_numbers(column: Floats, rows: Rows, settings: Settings, feature: str) -> Bins:
    counted = distinct(column, rows, settings)
    pieces = pieces_of(counted, rows, settings)
    task = Task(feature, pieces.good, pieces.bad, rows.goods, rows.bads, 0.0, settings)
    starts = merge(task, settings.trend)
    return finished(
        Bins(
            feature=feature,
            kind=Kind.NUMERIC,
            settings=settings,
            piece_edges=pieces.edges,
            categories=(),
            piece_good=tuple(pieces.good.tolist()),
            piece_bad=tuple(pieces.bad.tolist()),
            starts=starts,
            rare=(),
            rare_good=(),
            rare_bad=(),
            aside_good=tuple(counted.aside_good.tolist()),
            aside_bad=tuple(counted.aside_bad.tolist()),
            woe=(),
            trend=Trend.NONE,
        )
    )


def _fit_texts(column: Texts, rows: Rows, settings: Settings, feature: str) -> Bins:
    found = categories_of(column, rows, settings, feature)
    good, bad = found.pieces.good, found.pieces.bad
    # More categories than can be merged exactly are first put together by a tree of their order.
    cuts = np.arange(len(good))
    if len(good) > PREBINS_MOST:
        cuts = tree_cuts(good, bad, 0.0, PREBINS_MOST)
    floor = min(settings.prebin_share * rows.total, float(good.sum() + bad.sum()))
    if len(good):
        good, bad = np.add.reduceat(good, cuts), np.add.reduceat(bad, cuts)
    task = Task(feature, good, bad, rows.goods, rows.bads, floor, settings)
    starts = merge(task, Trend.NONE if settings.order is None else settings.trend)
    return finished(
        Bins(
            feature=feature,
            kind=Kind.CATEGORICAL,
            settings=settings,
            piece_edges=(),
            categories=found.pieces.categories,
            piece_good=tuple(found.pieces.good.tolist()),
            piece_bad=tuple(found.pieces.bad.tolist()),
            starts=tuple(int(cuts[start]) for start in starts) if len(cuts) else (0,),
            rare=tuple(name for name, _, _ in found.rare),
            rare_good=tuple(each for _, each, _ in found.rare),
            rare_bad=tuple(each for _, _, each in found.rare),
            aside_good=found.aside_good,
            aside_bad=found.aside_bad,
            woe=(),
            trend=Trend.NONE,
        )
    )
