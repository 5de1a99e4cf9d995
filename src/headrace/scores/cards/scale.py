"""Points and odds: so many points for so many odds, so many more to double them (PDO).

    points = points_base + points_to_double / ln 2 · (ln(good to bad odds) - ln(odds_base))

Siddiqi (2006), Credit Risk Scorecards, ch. 6, "Scorecard scaling". One scale serves both ways, so
that points, log odds and probability cannot disagree.
"""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from headrace.errors import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
LARGEST = 1e6  # of any number of a scale: points stay far from where doubles lose whole numbers


class Rounding(Enum):
    """How points become whole."""

    HALF_EVEN = "half even"  # 2.5 -> 2, 3.5 -> 4 (IEEE 754)
    HALF_UP = "half up"  # 2.5 -> 3, -2.5 -> -2
    DOWN = "down"  # 2.9 -> 2, -2.1 -> -3: never more than was earned

    def whole(self, points: ArrayLike) -> Integers:
        """Whole points, of the same shape; a larger number never becomes the smaller one."""
        exact = np.asarray(points, np.float64)
        match self:
            case Rounding.HALF_EVEN:
                whole = np.rint(exact)
            case Rounding.HALF_UP:
                whole = np.floor(exact + 0.5)
            case Rounding.DOWN:
                whole = np.floor(exact)
        return whole.astype(np.int64)


class BasePoints(Enum):
    """Where the points go that everybody has."""

    SPREAD = "spread"  # over the features in equal parts, as most printed cards have it
    APART = "apart"  # a line of their own


@dataclass(frozen=True)
class PointsScale:
    """What points mean.

    Attributes:
        points_base: Points of an applicant with odds of `odds_base`.
        odds_base: Good to bad.
        points_to_double: Points that double the odds (PDO).
        rounding: How points per bin become whole. A total is a sum of whole numbers.
        base_points: Where the base points go.
    """

    points_base: float = 600.0
    odds_base: float = 20.0
    points_to_double: float = 40.0
    rounding: Rounding = Rounding.HALF_EVEN
    base_points: BasePoints = BasePoints.SPREAD

    def __post_init__(self) -> None:
        """Raise InputError naming the number that cannot be meant."""
        for name in ("odds_base", "points_to_double"):
            if not 0 < getattr(self, name) <= LARGEST:
                raise InputError(
                    f"{name} is {getattr(self, name)}",
                    where="points scale",
                    remedy=f"it should be above 0, at most {LARGEST:,.0f}",
                )
        if not abs(self.points_base) <= LARGEST:
            raise InputError(
                f"points_base is {self.points_base}",
                where="points scale",
                remedy=f"it should be between {-LARGEST:,.0f} and {LARGEST:,.0f}",
            )

    @property
    def factor(self) -> float:
        """Points for each unit of the log odds."""
        return self.points_to_double / math.log(2.0)

    def points(self, log_odds: ArrayLike) -> Floats:
        """Exact points of log odds of default."""
        over = np.asarray(log_odds, np.float64) + math.log(self.odds_base)
        return np.asarray(self.points_base - self.factor * over)

    def log_odds(self, points: ArrayLike) -> Floats:
        """Log odds of default of points."""
        over = (np.asarray(points, np.float64) - self.points_base) / self.factor
        return np.asarray(-over - math.log(self.odds_base))

    def probability(self, points: ArrayLike) -> Floats:
        """Probability of default of points."""
        return np.asarray(expit(self.log_odds(points)))
