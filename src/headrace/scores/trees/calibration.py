"""From raw scores to probabilities, learnt from rows that the trees were not grown on.

Platt's curve has two parameters and serves few rows; an isotonic one takes any rising shape and
needs hundreds of events (Niculescu-Mizil and Caruana 2005, whose figures put the crossing at about
a thousand rows). Neither changes the order of two scores, but an isotonic curve has flats: scores
on one of them become equal.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.scores.straight_card import Floats


@dataclass(frozen=True, eq=False)
class Isotonic:
    """A rising curve through knots, straight between them, level beyond them.

    Attributes:
        at: Raw scores of the knots, log odds, rising, (knots,).
        to: Probabilities there, never falling, in [0, 1], (knots,).
    """

    at: Floats
    to: Floats

    def probability(self, raw: Floats) -> Floats:
        """Probabilities, (n,), of raw scores (n,)."""
        return np.asarray(np.interp(raw, self.at, self.to))


def fit_isotonic(raw: Floats, y: NDArray[np.int64], weight: Floats | None) -> Isotonic:
    """The rising curve nearest to the outcomes by weighted squares (pool adjacent violators).

    An outcome counts as Platt's target, (events + 1) / (events + 2) and 1 / (others + 2), so that
    no finite sample gives a probability of 0 or 1 (Platt 1999, section 2.2).

    Args:
        raw: Raw scores of rows that the trees were not grown on, (n,).
        y: 1 for the event, else 0, (n,).
        weight: Of rows, above 0, (n,); None for equal weights.
    """
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - half a second that few wait for

    events = int(y.sum())
    target = np.where(y == 1, (events + 1) / (events + 2), 1 / (y.size - events + 2))
    curve = IsotonicRegression(out_of_bounds="clip").fit(raw, target, sample_weight=weight)
    at = np.asarray(curve.X_thresholds_, np.float64)
    return Isotonic(at, np.asarray(curve.y_thresholds_, np.float64))
