"""More codes of the rare outcome: SMOTE in the space of the representation.

A code that is made lies between one of the rare outcome and one of its nearest of the same outcome,
at a place drawn evenly (SMOTE: Chawla and others 2002). Doing so between codes and not between
columns is the step of DeepSMOTE (Dablain, Krawczyk and Chawla 2022), without its decoder: the head
reads codes, so nothing needs to be turned back into a borrower. It is a mixture of what is there
and knows nothing of its own: it makes no new kind of default.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Made:
    """Codes that were made.

    Attributes:
        first: Row that each one starts from, (m,).
        second: Row that it lies towards, (m,); the same row where there is no other.
        share: Of the way, in [0, 1), (m,).
    """

    first: Ints
    second: Ints
    share: Floats

    def between(self, values: Floats) -> Floats:
        """Values of what was made, (m, ...), from values of the rows, (n, ...)."""
        share = self.share.reshape(-1, *(1,) * (values.ndim - 1))
        return np.asarray(values[self.first] + share * (values[self.second] - values[self.first]))


def wanted(rare: int, common: int, share: float) -> int:
    """How many to make, that the rare are this share of all; 0 where they are more already.

    Args:
        rare: Rows.
        common: Rows.
        share: In [0, 1).
    """
    return max(0, round(share / (1 - share) * common) - rare)


def make(codes: Floats, count: int, neighbours: int, seed: int) -> Made:
    """Draw codes between near ones.

    Args:
        codes: Of the rare outcome alone, (rare, k).
        count: To make, 0 or more.
        neighbours: Among how many nearest the other end is drawn, 1 or more; all, if they are
            fewer.
        seed: Draws which, towards which, and how far.

    Raises:
        InputError: If there is no row to start from.
    """
    if not codes.shape[0]:
        raise InputError("there is no row of the rare outcome to oversample")
    rng = np.random.default_rng(seed)
    near = _nearest(codes, neighbours)
    first = rng.integers(codes.shape[0], size=count)
    second = near[first, rng.integers(near.shape[1], size=count)]
    return Made(first, second, rng.random(count))


def _nearest(codes: Floats, neighbours: int) -> Ints:
    """The nearest other rows by Euclidean distance, (rare, at most neighbours)."""
    rare = codes.shape[0]
    if rare == 1:
        return np.zeros((1, 1), np.int64)
    search = NearestNeighbors(n_neighbors=min(neighbours, rare - 1), algorithm="brute").fit(codes)
    # Without an argument a row is not its own neighbour, not even where another is equal to it.
    return np.asarray(search.kneighbors(return_distance=False), np.int64)
