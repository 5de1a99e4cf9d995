"""A card of points: whole points for each bin of each feature, and what a total means.

    total = base points + Σ points of the bin that the value of each feature falls in

A total is a sum of whole numbers. Log odds, probability and rating class are read off the total by
the card's scale, so they cannot disagree with it or with each other, and a card that was saved and
loaded gives the same bits. More points are safer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.binning.bins import Bins, Codes
from headrace.scores.binning.columns import Values
from headrace.scores.cards.scale import Floats, Integers, PointsScale
from headrace.scores.cards.selection import Dropped
from headrace.scores.rating import RatingScale

Z95 = 1.959963984540054
POINTS_MOST = 1_000_000  # of one bin, either way

Columns: TypeAlias = pa.Table | Mapping[str, Values]
"""Columns by name, n rows each: numbers (NaN or null for missing) or texts (null for missing)."""

MASTER_SCALE = RatingScale(
    classes=("AAA", "AA", "A", "BBB", "BB", "B", "CCC", "CC", "C", "D"),
    pd_max=(0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.0),
)
"""Each class has twice the probability of default of the one before; a bank sets its own."""


@dataclass(frozen=True)
class Line:
    """A feature of a card.

    Attributes:
        bins: Of its values.
        coefficient: Of the WOE in the log odds of default, <= 0.
        points: Of each bin, in the order of the bins.
    """

    bins: Bins
    coefficient: float
    points: tuple[int, ...]

    @property
    def feature(self) -> str:
        """Its name."""
        return self.bins.feature

    @property
    def rows(self) -> tuple[float, ...]:
        """Rows that each bin was fitted on, weighted."""
        return tuple(g + b for g, b in zip(self.bins.good, self.bins.bad, strict=True))


@dataclass(frozen=True)
class Fitted:
    """How a card was fitted; for its interval, and for whoever asks.

    Attributes:
        intercept: Log odds of default where every WOE is 0, calibrated.
        covariance: Of intercept and coefficients (Laplace's, calibrated), intercept first.
        strength: The inverse penalty chosen.
        calibration_slope: Platt's; 1 means that the raw fit was calibrated.
        central_tendency: The default rate that the intercept was moved to; None: the rows' own.
        rows: Training rows.
        defaults: Defaults among them.
        dropped: Features that were offered and are not in the card, and why.
    """

    intercept: float
    covariance: tuple[tuple[float, ...], ...]
    strength: float
    calibration_slope: float
    central_tendency: float | None
    rows: int
    defaults: int
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True)
class Edit:
    """A change of a card by hand.

    Attributes:
        feature: That was changed.
        before: What stood there, in words.
        after: What stands there now.
        who: Made it; empty where that was not said.
        why: Was given as the reason; empty where none was.
        when: As that person's system said it, best in ISO 8601; empty where that was not said.
    """

    feature: str
    before: str
    after: str
    who: str = ""
    why: str = ""
    when: str = ""


@dataclass(frozen=True)
class PointsCard:
    """A card. Saved and loaded without losing a bit; never pickled.

    Attributes:
        scale: What points mean.
        base: Points that everybody has, beside those in the lines.
        lines: One a feature.
        rating: Classes by probability of default.
        fitted: How it was fitted; None for a card written by hand, which has no interval.
        edits: What was changed by hand since, oldest first.
    """

    scale: PointsScale
    base: int
    lines: tuple[Line, ...]
    rating: RatingScale = MASTER_SCALE
    fitted: Fitted | None = None
    edits: tuple[Edit, ...] = field(default=())

    def __post_init__(self) -> None:
        """Raise InputError where lines do not fit together."""
        if not self.lines or len(set(self.features)) < len(self.lines):
            raise InputError(
                f"the features {list(self.features)} are no card",
                remedy="one feature or more, each once",
            )
        for line in self.lines:
            _check_line(line)
        size = len(self.lines) + 1
        if self.fitted and [len(row) for row in self.fitted.covariance] != [size] * size:
            raise InputError(
                "the covariance does not fit the lines",
                where="fitted, covariance",
                remedy=f"{size} rows of {size} numbers",
            )

    @property
    def features(self) -> tuple[str, ...]:
        """Names, in the order of the lines."""
        return tuple(line.feature for line in self.lines)

    @property
    def lowest(self) -> int:
        """No total is lower."""
        return self.base + sum(min(line.points) for line in self.lines)

    @property
    def highest(self) -> int:
        """No total is higher."""
        return self.base + sum(max(line.points) for line in self.lines)

    def codes(self, columns: Columns) -> tuple[Codes, ...]:
        """The bin of each value, int32 (n,), per line.

        Raises:
            InputError: If a column is not there, or is of another kind.
        """
        found = tuple(_codes(line, columns, self.features) for line in self.lines)
        for line, codes in zip(self.lines, found, strict=True):
            _check_rows(line, codes, found[0].size)
        return found

    def score(self, columns: Columns) -> Integers:
        """Total points, int64 (n,).

        Arrow columns of doubles without nulls are read where they lie; one temporary column of
        codes is alive at a time.

        Raises:
            InputError: If a column is not there, or is of another kind.
        """
        total: Integers | None = None
        for line in self.lines:
            codes = _codes(line, columns, self.features)
            _check_rows(line, codes, codes.size if total is None else total.size)
            points = np.array(line.points, np.int64)[codes]
            total = points if total is None else np.add(total, points, out=total)
        return np.asarray(self.base + (0 if total is None else total), np.int64)

    def points_by_feature(self, columns: Columns) -> Integers:
        """Points of each line, int64 (n, k); with `base` they sum to the total."""
        codes = self.codes(columns)
        pairs = zip(self.lines, codes, strict=True)
        return np.column_stack([np.array(line.points, np.int64)[code] for line, code in pairs])

    def log_odds(self, columns: Columns) -> Floats:
        """Log odds of default, (n,): those of the total points."""
        return self.scale.log_odds(self.score(columns))

    def probability(self, columns: Columns) -> Floats:
        """Probability of default, (n,): that of the total points."""
        return self.scale.probability(self.score(columns))

    def classes(self, columns: Columns) -> NDArray[np.str_]:
        """Rating class, (n,): that of the probability."""
        return self.rating.rate(self.probability(columns))

    def interval(self, columns: Columns) -> tuple[Floats, Floats]:
        """95 % interval of the probability from what the rows of the fit leave uncertain.

        Around the card's own log odds: the variance of the coefficients (Laplace's), and of the
        WOE of each bin met, coefficient² · (1 / good + 1 / bad - 1 / goods - 1 / bads), which is
        that of a log odds ratio (Woolf 1955). A bin in which no row fell has a wide one. On made
        rows the interval holds the true probability of 93 to 96 % of applicants. It leaves out that
        bins and features were chosen on the same rows, and that the future differs.

        Raises:
            InputError: If the card was not fitted.
        """
        if self.fitted is None:
            raise InputError(
                "a card that was not fitted has no interval", remedy="fit a card, or do without"
            )
        codes = self.codes(columns)
        z = np.ones((codes[0].size, len(self.lines) + 1))
        points = np.full(codes[0].size, self.base, np.int64)
        of_bins = np.zeros(codes[0].size)
        for place, (line, code) in enumerate(zip(self.lines, codes, strict=True)):
            z[:, place + 1] = np.array(line.bins.woe)[code]
            points += np.array(line.points, np.int64)[code]
            of_bins += _variance_of_bins(line, self.fitted.rows)[code]
        covariance = np.array(self.fitted.covariance)
        of_coefficients = np.einsum("ni,ij,nj->n", z, covariance, z, optimize=False)
        spread = Z95 * np.sqrt(np.maximum(of_coefficients, 0.0) + of_bins)
        centre = self.scale.log_odds(points)
        return np.asarray(expit(centre - spread)), np.asarray(expit(centre + spread))


def _variance_of_bins(line: Line, rows: int) -> Floats:
    """Of coefficient times WOE, by bin; weighted counts are brought back to so many rows."""
    good, bad = np.array(line.bins.good), np.array(line.bins.bad)
    scale = rows / (good.sum() + bad.sum())
    least = 0.5  # of a count, as Haldane (1956) has it
    inverse = 1 / np.maximum(scale * good, least) + 1 / np.maximum(scale * bad, least)
    whole = 1 / (scale * good.sum()) + 1 / (scale * bad.sum())
    return np.asarray(line.coefficient**2 * np.maximum(inverse - whole, 0.0))


def _codes(line: Line, columns: Columns, needed: tuple[str, ...]) -> Codes:
    try:
        column = columns[line.feature]
    except KeyError as error:
        raise InputError(
            f"there is no column {line.feature!r}",
            where="input of the card",
            remedy=f"it needs: {', '.join(needed)}",
        ) from error
    return line.bins.codes(column)


def _check_rows(line: Line, codes: Codes, rows: int) -> None:
    if codes.size != rows:
        raise InputError(
            f"column {line.feature!r} has {codes.size} rows and the first column {rows}",
            where="input of the card",
            remedy="columns of the same rows",
        )


def _check_line(line: Line) -> None:
    where = f"line {line.feature}"
    if len(line.points) != len(line.bins):
        raise InputError(
            f"{len(line.points)} numbers of points for {len(line.bins)} bins",
            where=where,
            remedy="points for each bin, the specials, missing and other among them",
        )
    if not all(abs(points) <= POINTS_MOST for points in line.points):
        raise InputError(
            "points beyond measure", where=where, remedy=f"at most {POINTS_MOST:,} either way"
        )
    if not line.coefficient <= 0:
        raise InputError(
            f"the coefficient is {line.coefficient}: a safer bin would get fewer points",
            where=where,
            remedy="at most 0",
        )
