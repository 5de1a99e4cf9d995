"""Who controls whom, and who guarantees for whom: a forest with second holders, loops and chains.

A million firms, drawn from one seed. Every firm but the heads of groups has one that controls it:
any firm before it, or (`chain`) the one just before it, so that chains of dozens grow. Some have a
second one elsewhere, so that a fact has more than one derivation; some control one of those above
them, so that there are loops, one of them of 264 firms, as large as the largest in a real register.
Guarantees run between any two, and more often for those that few control. The share of chains is
such that as many facts follow from as many edges as in the measurement to which we compare.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
RULES = "controls := owns+. exposed := controls ∘ guarantees."
LOOP = 264


@dataclass(frozen=True)
class Size:
    """How many edges, and how deep.

    Attributes:
        owns: Edges of control.
        guarantees: Edges of guarantee.
        chain: Share of firms that the one before them controls.
        derived: About how many facts follow, of the measurement to which we compare.
    """

    owns: int
    guarantees: int
    chain: float
    derived: int


SIZES = {
    "3k": Size(2_000, 900, 0.19, 16_600),
    "145k": Size(100_000, 45_000, 0.59, 2_000_000),
    "435k": Size(300_000, 135_000, 0.667, 7_350_000),
    "1450k": Size(1_000_000, 450_000, 0.697, 26_800_000),
}


@dataclass(frozen=True)
class Edges:
    """Edges as pairs of codes, each int64 (m, 2), none twice."""

    parties: int
    owns: Codes
    guarantees: Codes


def edges(size: Size, seed: int = 7) -> Edges:
    """The edges of one seed."""
    rng = np.random.default_rng(seed)
    firms = size.owns * 97 // 100
    second, loops, loop = firms // 20, firms // 200, min(LOOP, firms // 100)
    heads = firms - (size.owns - second - loops)
    holder = (rng.random(firms) * np.arange(firms)).astype(np.int64)
    follows = rng.random(firms) < size.chain
    holder[follows] = np.arange(firms)[follows] - 1
    ring = np.arange(firms - loop, firms)
    holder[ring[1:]] = ring[:-1]
    own = np.column_stack((holder, np.arange(firms)))[heads:]
    lower = rng.integers(heads, firms, second)
    others = np.column_stack(((rng.random(second) * lower).astype(np.int64), lower))
    low = rng.integers(heads, firms, loops)
    above = holder[low]
    for _ in range(3):
        up = (rng.random(loops) < 0.5) & (above >= heads)
        above = np.where(up, holder[above], above)
    low[0], above[0] = ring[-1], ring[0]
    back = np.column_stack((low, above))
    return Edges(firms, _distinct(np.vstack((own, others, back))), _guarantees(size, firms, rng))


def _guarantees(size: Size, firms: int, rng: np.random.Generator) -> Codes:
    drawn = rng.integers(0, firms, (size.guarantees * 21 // 20, 2))
    return _distinct(drawn)[: size.guarantees]


def _distinct(pairs: Codes) -> Codes:
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    _, first = np.unique(pairs[:, 0] << 32 | pairs[:, 1], return_index=True)
    return pairs[np.sort(first)]
