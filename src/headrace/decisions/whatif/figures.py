"""Figures with intervals: Wilson's for shares, a paired bootstrap for ratios and differences.

A figure is a ratio of two sums over cases. Cases of one customer are not independent, so what is
drawn again are customers; where there are more than `GROUPS` of them, fixed random groups of
customers, each with its sums, which makes a draw as cheap for a million cases as for a thousand.
Old and new policy are summed under the same draw: the interval of a difference is a paired one.
(Efron and Tibshirani 1993, chapters 6 and 13; Wilson 1927.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.program.columns import STRING, Column

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
GROUPS = 1_000
Z = 1.959963984540054  # of the normal distribution: 97.5 % lie below
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_GOLDEN = 0x9E3779B97F4A7C15


@dataclass(frozen=True)
class Figure:
    """A number, and where the true one lies with 95 % confidence; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


NOTHING = Figure(None)


def wilson(count: float, of: float) -> Figure:
    """A share with Wilson's interval."""
    if not of:
        return NOTHING
    share = count / of
    centre = (share + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z / (1 + Z**2 / of) * np.sqrt(share * (1 - share) / of + Z**2 / (4 * of**2))
    low, high = min(share, centre - half), max(share, centre + half)  # where rounding crossed it
    return Figure(share, float(max(0.0, low)), float(min(1.0, high)))


def figure(value: float, draws: Floats) -> Figure:
    """A number with the interval that its draws give (percentiles); NaN is none."""
    if not np.isfinite(value):
        return NOTHING
    known = draws[np.isfinite(draws)]
    if not len(known):
        return Figure(float(value))
    low, high = np.quantile(known, (0.025, 0.975))
    return Figure(float(value), float(low), float(high))


def ratio(top: Any, bottom: Any) -> Any:
    """The ratio, NaN where the lower sum is nothing."""
    bottom = np.asarray(bottom, np.float64)
    return np.divide(top, bottom, out=np.full(bottom.shape, np.nan), where=bottom != 0)


def stable_hash(column: Column, salt: str) -> NDArray[np.uint64]:
    """A number for each case that depends on its value and the salt only, missing included."""
    seed = np.uint64(int.from_bytes(hashlib.blake2b(salt.encode(), digest_size=8).digest()))
    if column.kind == STRING:
        each = [int.from_bytes(hashlib.blake2b(t.encode(), digest_size=8).digest())
                for t in column.texts]  # fmt: skip
        words = np.array([*each, 0], np.uint64)[column.values]
    else:
        words = column.values.astype(np.float64).view(np.uint64)
    mixed = np.where(column.present, words, np.uint64(_GOLDEN)) ^ seed
    with np.errstate(over="ignore"):
        mixed = mixed + np.uint64(_GOLDEN)
        for shift, factor in _MIX:  # splitmix64 (Steele, Lea and Flood 2014)
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        return mixed ^ (mixed >> np.uint64(31))


class Draws:
    """Customers drawn again, with what sums come to under each draw."""

    def __init__(self, key: Column, draws: int, seed: int) -> None:
        """Group the cases and draw.

        Args:
            key: Whom each case is about.
            draws: How often.
            seed: The same seed, the same draws.
        """
        hashed = stable_hash(key, "draws")
        distinct = np.unique(hashed[: 2 * GROUPS])
        if len(distinct) > GROUPS or len(np.unique(hashed)) > GROUPS:
            self.count, self._group = GROUPS, (hashed % np.uint64(GROUPS)).astype(np.int64)
        else:
            distinct, self._group = np.unique(hashed, return_inverse=True)
            self.count = max(len(distinct), 1)
        rng = np.random.default_rng(seed)
        even = np.full(self.count, 1 / self.count)
        self._weights = rng.multinomial(self.count, even, draws).astype(np.float64)

    def sums(self, values: Mapping[str, Floats], part: Ints, parts: int) -> Sums:
        """Sums of each value by part of the cases.

        Args:
            values: By name, (n,).
            part: Which part each case is in, from 0.
            parts: How many there are.
        """
        place = part * self.count + self._group
        shape = (parts, self.count)
        by_group = {
            name: np.bincount(place, each, parts * self.count).astype(np.float64).reshape(shape)
            for name, each in values.items()
        }
        return Sums(
            {name: each.sum(1) for name, each in by_group.items()},
            {name: self._drawn(each) for name, each in by_group.items()},
        )

    def _drawn(self, by_group: Floats) -> Floats:
        """Sums under each draw: (parts, draws)."""
        if not by_group.any():  # no price or no label anywhere
            return np.zeros((len(by_group), len(self._weights)))
        return np.asarray(by_group @ self._weights.T)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums by part.

    Attributes:
        values: By name, (parts,).
        draws: By name, (parts, draws): the same under each draw.
    """

    values: Mapping[str, Floats]
    draws: Mapping[str, Floats]

    def ratio(self, part: int, top: str, bottom: str) -> tuple[float, Floats]:
        """A ratio of two sums in one part, and under each draw."""
        value = float(ratio(self.values[top][part], self.values[bottom][part]))
        return value, ratio(self.draws[top][part], self.draws[bottom][part])
