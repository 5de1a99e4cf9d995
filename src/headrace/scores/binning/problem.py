"""What is asked of a binning, and the refusal that names the limit which cannot be met."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

from headrace.errors import InputError

PREBINS_MOST = 100


class Trend(Enum):
    """How the default rate goes from bin to bin, lowest values first."""

    AUTO = "auto"  # asked only: see `Settings.turn_gain`
    ASCENDING = "ascending"  # never falls
    DESCENDING = "descending"  # never rises
    PEAK = "peak"  # never falls up to some bin, never rises after it; monotone is a case of it
    VALLEY = "valley"  # never rises up to some bin, never falls after it
    NONE = "none"  # any; found: none of the others, a single bin, or categories without an order


class Prebinning(Enum):
    """How a numeric column is first cut, before bins are merged of the pieces."""

    TREE = "tree"  # a CART tree grown best first by the Gini impurity, as optbinning's default
    QUANTILE = "quantile"  # so many rows a piece


class EdgeStyle(Enum):
    """Which number between two neighbouring values becomes the edge; no count depends on it."""

    SHORT = "short"  # the one with the fewest digits: 35 rather than 34.5
    MIDPOINT = "midpoint"


@dataclass(frozen=True)
class Special:
    """Values that mean something else than their size, kept in a bin of their own.

    Attributes:
        name: Of the bin.
        codes: Single values: numbers, or texts of a categorical column.
        low: With `high`, a range of numbers, both ends included; None for no bound.
        high: See `low`; where both are None there is no range.
    """

    name: str
    codes: tuple[float | str, ...] = ()
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Raise InputError where the special stands for nothing."""
        where = f"special {self.name!r}"
        if not self.codes and self.low is None and self.high is None:
            raise InputError("a special without a code or a range", where=where)
        numbers = [each for each in (*self.codes, self.low, self.high) if isinstance(each, float)]
        if any(math.isnan(each) for each in numbers):
            raise InputError(
                "a special of NaN", where=where, remedy="missing values have a bin of their own"
            )
        if self.low is not None and self.high is not None and self.high < self.low:
            raise InputError("a range that ends before it begins", where=where)


@dataclass(frozen=True)
class Settings:
    """What a binning shall be. Rows are weights where rows have weights.

    Attributes:
        trend: Of the default rate. Binds numeric columns and those with an `order`; a categorical
            column without one is put in order of its default rate.
        turn_gain: AUTO takes the better of ascending and descending, unless a peak or a valley has
            more than (1 + turn_gain) times its information value.
        prebins: Pieces at most, 1 to 100.
        prebinning: How the pieces are found.
        prebin_share: A piece holds at least this share of all rows. Categories are pieces whatever
            their size, so there it is the bins that hold it.
        edges: Pieces given by their inner edges, ascending, instead of found; None: found.
        min_bins: Ordinary bins at least; None: one.
        max_bins: Ordinary bins at most; None: any number.
        min_share: Least share of all rows in an ordinary bin.
        max_share: Largest share of all rows in an ordinary bin.
        min_rows: Least rows in an ordinary bin.
        max_rows: Most rows in an ordinary bin.
        min_bads: Least defaults in an ordinary bin.
        min_goods: Least rows without default in an ordinary bin.
        min_gap: Least difference of the default rates of neighbouring bins.
        max_p: Largest p-value of the difference of neighbouring bins: the two-sided Z-test with
            pooled variance, whose square is Pearson's chi-squared of the two-by-two table.
        pure_rows: A bin without a good or without a bad row has no finite WOE. So many rows of the
            overall default rate are counted into it, for its WOE alone (the m-estimate, Cestnik
            1990); a bin without rows has WOE 0.
        specials: Bins of their own; a value that two of them hold is in the first.
        rare_share: Categories with less than this share of all rows are pooled in `other`.
        order: Categories of an ordinal column, lowest first; None: by default rate.
        other_woe: WOE of `other`, where unseen categories go; None: from its rows, 0 without any.
        edge_style: Which number the edges are.
        decimals: Edges of the pieces are rounded to so many decimals before rows are counted; None:
            not rounded.
    """

    trend: Trend = Trend.AUTO
    turn_gain: float = 0.1
    prebins: int = 20
    prebinning: Prebinning = Prebinning.TREE
    prebin_share: float = 0.05
    edges: tuple[float, ...] | None = None
    min_bins: int | None = None
    max_bins: int | None = None
    min_share: float | None = None
    max_share: float | None = None
    min_rows: float | None = None
    max_rows: float | None = None
    min_bads: float = 1.0
    min_goods: float = 1.0
    min_gap: float = 0.0
    max_p: float | None = None
    pure_rows: float = 10.0
    specials: tuple[Special, ...] = ()
    rare_share: float = 0.0
    order: tuple[str, ...] | None = None
    other_woe: float | None = None
    edge_style: EdgeStyle = EdgeStyle.SHORT
    decimals: int | None = None

    def __post_init__(self) -> None:
        """Raise InputError naming the first setting that cannot be meant."""
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is None and name not in _NEEDED:
                continue
            right: Any = Integral if name in _WHOLE else Real
            if not isinstance(value, right) or isinstance(value, bool) or not low <= value <= high:
                raise InputError(
                    f"{name} is {value!r}",
                    where="binning settings",
                    remedy=f"a {'whole ' if name in _WHOLE else ''}number from {low:g} to {high:g}",
                )
            # numpy's numbers become Python's, so that settings are written as JSON and read back.
            object.__setattr__(self, name, int(value) if name in _WHOLE else float(value))
        for name, kind in _CHOICES.items():
            if not isinstance(getattr(self, name), kind):
                raise InputError(
                    f"{name} is {getattr(self, name)!r}",
                    where="binning settings",
                    remedy=f"one of {', '.join(map(str, kind))}",
                )
        for what in ("bins", "share", "rows"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and most < least:
                raise InputError(
                    f"min_{what} is {least} and max_{what} is {most}",
                    where="binning settings",
                    remedy=f"max_{what} should not be below min_{what}",
                )
        self._check_edges()
        self._check_specials()
        if self.order is not None and len(set(self.order)) < len(self.order):
            raise InputError("a category twice in the order", where="binning settings")

    def _check_edges(self) -> None:
        if self.edges is None:
            return
        edges = tuple(map(float, self.edges))
        object.__setattr__(self, "edges", edges)
        if not all(math.isfinite(edge) for edge in edges) or any(
            high <= low for low, high in pairwise(edges)
        ):
            raise InputError(
                "the edges given are no cuts",
                where="binning settings, edges",
                remedy="finite numbers, each above the one before",
            )
        if len(edges) >= PREBINS_MOST:
            raise InputError(
                f"{len(edges)} edges were given",
                where="binning settings, edges",
                remedy=f"at most {PREBINS_MOST - 1}, which is {PREBINS_MOST} pieces",
            )

    def _check_specials(self) -> None:
        names = [special.name for special in self.specials]
        codes = [code for special in self.specials for code in special.codes]
        if len(set(names)) < len(names) or {"missing", "other"} & set(names):
            raise InputError(
                "specials need names of their own",
                where=f"binning settings, specials {', '.join(names)}",
                remedy="each name once, and neither `missing` nor `other`",
            )
        if len(set(codes)) < len(codes):
            raise InputError("a special code stands twice", where="binning settings, specials")

    @property
    def limits(self) -> Mapping[str, float]:
        """The limits on ordinary bins that bind, by name."""
        given = {name: getattr(self, name) for name in LIMITS}
        return {name: value for name, value in given.items() if value != LIMITS[name]}


LIMITS: Mapping[str, float | None] = {
    "min_bins": None,
    "max_bins": None,
    "min_share": None,
    "max_share": None,
    "min_rows": None,
    "max_rows": None,
    "min_bads": 0.0,
    "min_goods": 0.0,
    "min_gap": 0.0,
    "max_p": None,
}
"""Each limit on ordinary bins, and the value with which it limits nothing."""

MUCH = 1e15
"""Larger numbers of rows, and weights, are refused: sums of them lose whole rows."""
_RANGES = {
    "turn_gain": (0.0, MUCH),
    "prebins": (1, PREBINS_MOST),
    "prebin_share": (0.0, 1.0),
    "min_bins": (1, PREBINS_MOST),
    "max_bins": (1, PREBINS_MOST),
    "min_share": (0.0, 1.0),
    "max_share": (0.0, 1.0),
    "min_rows": (0.0, MUCH),
    "max_rows": (0.0, MUCH),
    "min_bads": (0.0, MUCH),
    "min_goods": (0.0, MUCH),
    "min_gap": (0.0, 1.0),
    "max_p": (1e-15, 1.0),
    "pure_rows": (1e-9, MUCH),
    "rare_share": (0.0, 1.0),
    "other_woe": (-100.0, 100.0),
    "decimals": (-15, 15),
}
_WHOLE = {"prebins", "min_bins", "max_bins", "decimals"}
_NEEDED = {"turn_gain", "prebins", "prebin_share", "min_bads", "min_goods", "min_gap", "pure_rows",
           "rare_share"}  # fmt: skip
_CHOICES: dict[str, type[Enum]] = {
    "trend": Trend,
    "prebinning": Prebinning,
    "edge_style": EdgeStyle,
}


class BinningError(InputError):
    """A column cannot be binned as was asked.

    Attributes:
        feature: The column.
        conflict: Names of the settings that cannot be met together; without any one of them the
            rest of these can. Empty where it is not the settings that are at fault.
    """

    def __init__(
        self, problem: str, *, feature: str, conflict: tuple[str, ...] = (), remedy: str = ""
    ) -> None:
        """Keep the parts apart; see the class."""
        self.feature = feature
        self.conflict = conflict
        super().__init__(problem, where=f"column {feature}", remedy=remedy)
