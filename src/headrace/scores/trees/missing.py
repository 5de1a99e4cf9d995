"""Missing values as values of their own, for a grower that keeps constraints without them.

Where any feature has missing values, LightGBM's methods `intermediate` and `advanced` break their
constraints (found with 4.7.0: hundreds of leaves in the wrong order in 150 trees; none without
missing values). So where there are constraints it is given none: a missing value becomes one below
all known values of its feature, and a constrained feature gets a second column that says whether it
is missing, so that the constraint need not hold between missing and known. What is grown is then
written in the terms of the model: a split between missing and known is a threshold that every known
value passes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headrace.scores.trees.model import Boosting, Floats
from headrace.scores.trees.reading import NO_NODE


@dataclass(frozen=True, eq=False)
class Filling:
    """How missing values of some rows are filled.

    Attributes:
        least: Smallest known value of each feature, (f,); 0 where none is known.
        holed: Whether a feature was missing in some row, (f,).
        flagged: Numbers of the features with a column for missing or not, (flags,).
    """

    least: Floats
    holed: NDArray[np.bool_]
    flagged: NDArray[np.int64]

    @classmethod
    def of(cls, x: Floats, constrained: NDArray[np.bool_]) -> "Filling":
        """Learnt from the rows that trees are grown on.

        Args:
            x: Features, (n, f).
            constrained: Whether each is, (f,).
        """
        missing = np.isnan(x)
        none_known = missing.all(axis=0)
        least = np.where(missing, np.inf, x).min(axis=0)
        holed = np.asarray(missing.any(axis=0))
        return cls(np.where(none_known, 0.0, least), holed, np.flatnonzero(holed & constrained))

    def fill(self, x: Floats) -> Floats:
        """Rows without missing values, (n, f + flags).

        A known value below all that were learnt from is taken as the least of them, as the trees
        will take it.
        """
        below = self.least - np.abs(self.least) - 1.0
        known = np.maximum(x, self.least)  # NaN stays NaN
        return np.column_stack(
            [np.where(np.isnan(x), below, known), np.isnan(x[:, self.flagged]).astype(np.float64)]
        )

    def restore(self, model: Boosting, names: tuple[str, ...]) -> Boosting:
        """The trees that were grown on filled rows, as trees of the rows themselves.

        Where a feature was never missing, a missing value goes the way of more training rows.

        Args:
            model: Grown on what `fill` gave.
            names: Of the features, (f,).
        """
        features = len(names)
        split = model.feature != NO_NODE
        asked = np.where(split, model.feature, 0)
        flag = split & (asked >= features)
        feature = np.append(np.arange(features), self.flagged)[asked]
        alone = split & ~flag & self.holed[feature] & (model.threshold < self.least[feature])
        left, right = model.left.copy(), model.right.copy()
        left[alone], right[alone] = model.right[alone], model.left[alone]
        rows = np.zeros(feature.size, np.int64) if model.cover is None else model.cover
        more_left = rows[left] >= rows[right]
        missing_left = (self.holed[feature] | more_left) & split & ~flag & ~alone
        return replace(
            model,
            names=names,
            feature=np.where(split, feature, NO_NODE).astype(np.int32),
            threshold=np.where(flag | alone, np.inf, model.threshold),
            missing_left=missing_left.astype(np.int32),
            left=left,
            right=right,
        )
