"""Names for the three kinds of numpy array the simulator passes around, and ragged ranges."""

from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def ranks(counts: Ints) -> Ints:
    """0, 1, … counts[0]-1, 0, 1, … counts[1]-1, …: each element's place within its group."""
    first = np.cumsum(counts) - counts
    return np.arange(int(counts.sum())) - np.repeat(first, counts)


def pick(weights: Floats, count: int, rng: np.random.Generator) -> Ints:
    """`count` indices drawn with replacement, in rising order, in proportion to `weights`.

    Sorted points make the search walk forward through memory, which matters at 20 million.
    """
    if not count:
        return np.empty(0, dtype=np.int64)
    cumulative = np.cumsum(weights, dtype=np.float64)
    points = np.sort(rng.random(count)) * cumulative[-1]
    found = np.searchsorted(cumulative, points, side="right")
    return np.asarray(np.minimum(found, len(cumulative) - 1))
