"""A fitted binning: pieces merged into bins, their counts, weights of evidence, and trend.

Weight of evidence and information value as Siddiqi (2006), Credit Risk Scorecards, chapter 6:
WOE = ln(share of goods / share of bads), positive where safer; IV = Σ (share of goods - share of
bads) × WOE. Logarithms are rounded correctly from 34 decimal digits, so that they have the same
bits on every platform.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from enum import Enum
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.scores.binning.columns import Floats, Texts, Values, column_of
from headrace.scores.binning.kernels import assign
from headrace.scores.binning.problem import BinningError, Settings, Special, Trend

Codes = NDArray[np.int32]

RATE_TOLERANCE = 1e-12
"""Default rates that differ by no more are equal: what sums of weights leave of equal rates."""

_DIGITS = Context(prec=34)


class Kind(Enum):
    """What a column holds."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"


class BinKind(Enum):
    """What a bin holds."""

    ORDINARY = "ordinary"
    SPECIAL = "special"
    MISSING = "missing"
    OTHER = "other"  # rare categories, and those that the fit has not seen


@dataclass(frozen=True)
class Labels:
    """How bins are named in a language; `{}` stands for an end of a bin."""

    comma: str
    below: str
    between: str
    above: str
    every: str
    missing: str
    other: str


ENGLISH = Labels(", ", "< {}", "[{}, {})", ">= {}", "all", "missing", "other")
CHINESE = Labels("、", "低于 {}", "{} 至 {}（不含）", "{} 及以上", "全部", "缺失", "其他")


@dataclass(frozen=True)
class Bins:
    """A column binned. Saved and loaded without losing a bit (`codec`); never pickled.

    Bins are numbered: the ordinary ones from 0, lowest values (or the order of the categories)
    first; then the specials as the settings list them; then missing; then, of a categorical
    column, other. Each is there whether or not the fit met such a row.

    Attributes:
        feature: Name of the column.
        kind: What it holds.
        settings: What was asked.
        piece_edges: Inner edges of the pieces that bins are merged of; piece i holds
            piece_edges[i - 1] <= x < piece_edges[i]. Empty for a categorical column.
        categories: Of a categorical column: the pieces.
        piece_good: Rows without default in each piece, weighted.
        piece_bad: Defaults in each piece, weighted.
        starts: The first piece of each ordinary bin.
        rare: Categories pooled in `other`.
        rare_good: Rows without default in each of them.
        rare_bad: Defaults in each.
        aside_good: Rows without default in each special, then missing.
        aside_bad: Defaults in the same.
        woe: Of every bin.
        trend: Found in the ordinary bins, never AUTO.
    """

    feature: str
    kind: Kind
    settings: Settings
    piece_edges: tuple[float, ...]
    categories: tuple[str, ...]
    piece_good: tuple[float, ...]
    piece_bad: tuple[float, ...]
    starts: tuple[int, ...]
    rare: tuple[str, ...]
    rare_good: tuple[float, ...]
    rare_bad: tuple[float, ...]
    aside_good: tuple[float, ...]
    aside_bad: tuple[float, ...]
    woe: tuple[float, ...]
    trend: Trend

    @property
    def ordinary(self) -> int:
        """How many ordinary bins there are."""
        return len(self.starts)

    @property
    def missing(self) -> int:
        """The number of the bin of missing values."""
        return self.ordinary + len(self.settings.specials)

    @property
    def other(self) -> int:
        """The number of the bin of rare and unseen categories; -1 for a numeric column."""
        return self.missing + 1 if self.kind is Kind.CATEGORICAL else -1

    def __len__(self) -> int:
        """How many bins there are, of all kinds."""
        return len(self.woe)

    @cached_property
    def edges(self) -> tuple[float, ...]:
        """Inner edges of the ordinary bins; bin i holds edges[i - 1] <= x < edges[i]."""
        if self.kind is Kind.CATEGORICAL:
            return ()
        return tuple(self.piece_edges[start - 1] for start in self.starts[1:])

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Categories of each ordinary bin; empty for a numeric column."""
        if self.kind is Kind.NUMERIC:
            return ()
        return tuple(self.categories[first:after] for first, after in self.spans)

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """First piece of each ordinary bin, and the piece after its last."""
        return tuple(zip(self.starts, (*self.starts[1:], len(self.piece_good)), strict=True))

    @cached_property
    def good(self) -> tuple[float, ...]:
        """Rows without default in each bin, weighted."""
        return self._counts(self.piece_good, self.rare_good, self.aside_good)

    @cached_property
    def bad(self) -> tuple[float, ...]:
        """Defaults in each bin, weighted."""
        return self._counts(self.piece_bad, self.rare_bad, self.aside_bad)

    def _counts(
        self, pieces: tuple[float, ...], rare: tuple[float, ...], aside: tuple[float, ...]
    ) -> tuple[float, ...]:
        merged = tuple(math.fsum(pieces[first:after]) for first, after in self.spans)
        pooled = (math.fsum(rare),) if self.kind is Kind.CATEGORICAL else ()
        return merged + aside + pooled

    @property
    def event_rate(self) -> tuple[float, ...]:
        """Share of defaults in each bin; NaN for a bin without rows."""
        return tuple(
            bad / (good + bad) if good + bad else math.nan
            for good, bad in zip(self.good, self.bad, strict=True)
        )

    @property
    def iv_by_bin(self) -> tuple[float, ...]:
        """What each bin adds to the information value."""
        goods, bads = math.fsum(self.good), math.fsum(self.bad)
        return tuple(
            (good / goods - bad / bads) * woe
            for good, bad, woe in zip(self.good, self.bad, self.woe, strict=True)
        )

    @property
    def iv(self) -> float:
        """Information value of all bins."""
        return math.fsum(self.iv_by_bin)

    @property
    def sign(self) -> int:
        """For monotone constraints of boosting: 1 default rises with the value, -1 falls, 0."""
        return {Trend.ASCENDING: 1, Trend.DESCENDING: -1}.get(self.trend, 0)

    @property
    def kinds(self) -> tuple[BinKind, ...]:
        """Of each bin."""
        ordinary = (BinKind.ORDINARY,) * self.ordinary
        specials = (BinKind.SPECIAL,) * len(self.settings.specials)
        other = (BinKind.OTHER,) if self.kind is Kind.CATEGORICAL else ()
        return (*ordinary, *specials, BinKind.MISSING, *other)

    @property
    def labels(self) -> tuple[str, ...]:
        """Of each bin, for people, in English."""
        return self.labelled(ENGLISH)

    def labelled(self, words: Labels) -> tuple[str, ...]:
        """Of each bin, for people, in the words given."""
        if self.kind is Kind.CATEGORICAL:
            ordinary = [words.comma.join(group) for group in self.groups]
        else:
            ends = [f"{edge:.15g}" for edge in self.edges]
            between = [words.between.format(low, high) for low, high in pairwise(ends)]
            ordinary = [words.every]
            if ends:
                ordinary = [words.below.format(ends[0]), *between, words.above.format(ends[-1])]
        specials = [special.name for special in self.settings.specials]
        other = [words.other] if self.kind is Kind.CATEGORICAL else []
        return (*ordinary, *specials, words.missing, *other)

    def codes(self, values: Values) -> Codes:
        """The bin number of each value, int32 (n,).

        Raises:
            BinningError: If the column is of another kind than the fitted one.
        """
        column = column_of(values, self.feature)
        if isinstance(column, Texts):
            if self.kind is Kind.NUMERIC and column.names:
                raise self._other_kind("texts", "numbers")
            return self._codes_of_texts(column)
        if self.kind is Kind.CATEGORICAL:
            if not np.isnan(column).all():
                raise self._other_kind("numbers", "texts")
            return np.full(len(column), self.missing, np.int32)
        found = np.empty(len(column), np.int32)
        assign(column, np.array(self.edges), *self._special_ranges, self.missing, found)
        return found

    def woe_of(self, values: Values) -> Floats:
        """The WOE of each value, float64 (n,)."""
        return np.asarray(np.array(self.woe)[self.codes(values)])

    def _codes_of_texts(self, column: Texts) -> Codes:
        of = self._code_of
        known = [of.get(name, self.other) for name in column.names]
        return np.asarray(np.array([*known, self.missing], np.int32)[column.codes])

    def _other_kind(self, found: str, right: str) -> BinningError:
        return BinningError(
            f"it holds {found} and was fitted on {right}", feature=self.feature, remedy=right
        )

    @cached_property
    def _code_of(self) -> dict[str, int]:
        """The bin number of each category and special text."""
        return {
            **{name: code for code, group in enumerate(self.groups) for name in group},
            **{
                str(text): self.ordinary + place
                for place, special in enumerate(self.settings.specials)
                for text in special.codes
            },
        }

    @cached_property
    def _special_ranges(self) -> tuple[Floats, Floats, Codes]:
        return special_ranges(self.settings, self.ordinary)

    def table(self) -> pa.Table:
        """One row a bin: for people, and for whoever computes with it."""
        numeric = self.kind is Kind.NUMERIC
        rest: list[Any] = [None] * (len(self) - self.ordinary)
        ends = [-math.inf, *self.edges, math.inf]
        low, high = [*ends[:-1], *rest], [*ends[1:], *rest]
        groups = [*map(list, self.groups), *rest[1:], list(self.rare)]
        nothing = [None] * len(self)
        rows = [good + bad for good, bad in zip(self.good, self.bad, strict=True)]
        total = math.fsum(rows)
        rates = [None if math.isnan(rate) else rate for rate in self.event_rate]
        return pa.table(
            {
                "bin": pa.array(range(len(self)), pa.int32()),
                "label": pa.array(self.labels, pa.string()),
                "kind": pa.array([kind.value for kind in self.kinds], pa.string()),
                "low": pa.array(low if numeric else nothing, pa.float64()),
                "high": pa.array(high if numeric else nothing, pa.float64()),
                "categories": pa.array(nothing if numeric else groups, pa.list_(pa.string())),
                "rows": pa.array(rows, pa.float64()),
                "share": pa.array([each / total for each in rows], pa.float64()),
                "good": pa.array(self.good, pa.float64()),
                "bad": pa.array(self.bad, pa.float64()),
                "event_rate": pa.array(rates, pa.float64()),
                "woe": pa.array(self.woe, pa.float64()),
                "iv": pa.array(self.iv_by_bin, pa.float64()),
            }
        )


def special_ranges(settings: Settings, first: int) -> tuple[Floats, Floats, Codes]:
    """Special numbers as ranges, both ends included, and their bins, numbered from `first`."""
    ranges = [
        (low, high, first + place)
        for place, special in enumerate(settings.specials)
        for low, high in _ranges(special)
    ]
    lows, highs, of = zip(*ranges, strict=True) if ranges else ((), (), ())
    return np.array(lows, np.float64), np.array(highs, np.float64), np.array(of, np.int32)


def _ranges(special: Special) -> list[tuple[float, float]]:
    found = [(float(code), float(code)) for code in special.codes if not isinstance(code, str)]
    if special.low is not None or special.high is not None:
        low = -math.inf if special.low is None else float(special.low)
        high = math.inf if special.high is None else float(special.high)
        found.append((low, high))
    return found


def weight_of_evidence(
    good: float, bad: float, goods: float, bads: float, pure_rows: float
) -> float:
    """ln((good / goods) / (bad / bads)), rounded correctly; see `Settings.pure_rows`.

    Args:
        good: Rows without default in the bin.
        bad: Defaults in the bin.
        goods: Rows without default in all bins, above 0.
        bads: Defaults in all bins, above 0.
        pure_rows: Rows of the overall default rate counted into a bin without good or bad rows.
    """
    if good == bad == 0:
        return 0.0
    if good == 0 or bad == 0:
        share = pure_rows / (goods + bads)
        good, bad = good + share * goods, bad + share * bads
    odds = _DIGITS.divide(
        _DIGITS.multiply(Decimal(good), Decimal(bads)),
        _DIGITS.multiply(Decimal(bad), Decimal(goods)),
    )
    return float(_DIGITS.ln(odds))


def trend_of(good: tuple[float, ...], bad: tuple[float, ...]) -> Trend:
    """The trend of default rates, bins in order; NONE for a single bin, or bins of one rate."""
    rates = [b / (g + b) for g, b in zip(good, bad, strict=True) if g + b]
    return {
        (1,): Trend.ASCENDING,
        (-1,): Trend.DESCENDING,
        (1, -1): Trend.PEAK,
        (-1, 1): Trend.VALLEY,
    }.get(ways(rates), Trend.NONE)


def ways(values: Sequence[float]) -> tuple[int, ...]:
    """How values go, in order: 1 up, -1 down, each once until it turns; empty where they stay."""
    steps = [
        1 if after > before else -1
        for before, after in pairwise(values)
        if abs(after - before) > RATE_TOLERANCE
    ]
    return tuple(step for at, step in enumerate(steps) if not at or step != steps[at - 1])


def finished(bins: Bins) -> Bins:
    """The same bins with weights of evidence and trend from their counts."""
    goods, bads = math.fsum(bins.good), math.fsum(bins.bad)
    woe = [
        weight_of_evidence(good, bad, goods, bads, bins.settings.pure_rows)
        for good, bad in zip(bins.good, bins.bad, strict=True)
    ]
    if bins.kind is Kind.CATEGORICAL and bins.settings.other_woe is not None:
        woe[bins.other] = float(bins.settings.other_woe)
    ordered = bins.kind is Kind.NUMERIC or bins.settings.order is not None
    count = bins.ordinary
    trend = trend_of(bins.good[:count], bins.bad[:count]) if ordered else Trend.NONE
    return replace(bins, woe=tuple(woe), trend=trend)
