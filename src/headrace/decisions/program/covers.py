"""Boxes over a finite grid: does one lie within the union of others, and if not, where not?

A box holds some classes of every column. To subtract a box from another leaves at most one piece a
column, each to be covered by the others; the search follows pieces until one meets nothing. The
question is as hard as satisfiability, so the work is bounded: an answer may be "not decided".

Two counts end most searches early. Boxes whose parts together hold fewer cases than the box in
question cannot cover it; boxes that are apart from each other cover it if they hold as many.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Ints = NDArray[np.int64]
Hopeless = Callable[[Ints, Ints], bool]
EXACT = 2**53
STEP_WORK = 4_000
"""What a step costs beside the words it reads, in words."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes as bits.

    Attributes:
        bits: (boxes, words): a bit for each class a box holds, one column behind the other.
        at: (columns,): the word at which each column starts; at least one column.
        apart: How many of the first boxes have no case in common with each other.
    """

    bits: Bits
    at: Ints
    apart: int = 0

    def sizes(self, bits: Bits) -> Ints:
        """How many classes of each column are held, (boxes, columns)."""
        return np.add.reduceat(np.bitwise_count(bits), self.at, axis=1, dtype=np.int64)

    def column(self, place: int) -> slice:
        """The words of a column."""
        end = self.at[place + 1] if place + 1 < len(self.at) else self.bits.shape[1]
        return slice(int(self.at[place]), int(end))

    def only(self, rows: Ints) -> Boxes:
        """Some of the boxes, in this order; whether they are apart is not kept."""
        return Boxes(self.bits[rows], self.at)

    def with_box(self, bits: Bits) -> Boxes:
        """One more box."""
        return Boxes(np.vstack([self.bits, bits]), self.at, self.apart)


@dataclass
class Budget:
    """How much work is left; shared by questions that must end together."""

    left: int

    def spend(self, work: int) -> bool:
        """Take some; False where there is none left."""
        self.left -= work
        return self.left >= 0


@dataclass(frozen=True, eq=False)
class Cover:
    """Whether a box is covered.

    Attributes:
        covered: None where the budget did not suffice.
        hole: A part that is not covered; None where there is none, or counting alone said so.
        used: Rows of boxes that together cover it.
    """

    covered: bool | None
    hole: Bits | None = None
    used: frozenset[int] = field(default_factory=frozenset)


def covers(box: Bits, boxes: Boxes, budget: Budget) -> Cover:
    """Whether boxes cover a box, by counting where that suffices."""
    return _search(box, boxes, budget, _too_few)


def find_hole(box: Bits, boxes: Boxes, budget: Budget) -> Cover:
    """Whether boxes cover a box; where they do not, the hole is told."""
    return _search(box, boxes, budget, _never)


def widened(hole: Bits, boxes: Boxes, within: Bits) -> Bits:
    """The hole made as large as it can be, one column after the other, without meeting a box.

    Args:
        hole: Within `within`.
        boxes: None meets the hole.
        within: The box not to be left.
    """
    hole = hole.copy()
    met = boxes.sizes(boxes.bits & hole) > 0
    absent = (~met).sum(axis=1)
    for place in range(len(boxes.at)):
        words = boxes.column(place)
        stops = absent - ~met[:, place] == 0
        taken = np.bitwise_or.reduce(boxes.bits[stops, words], axis=0)
        hole[words] = within[words] & ~taken
        now = (boxes.bits[:, words] & hole[words]).any(axis=1)
        absent += met[:, place].astype(np.int64) - now
        met[:, place] = now
    return hole


def _search(box: Bits, boxes: Boxes, budget: Budget, is_hopeless: Hopeless) -> Cover:
    waiting = [(box, np.arange(len(boxes.bits)))]
    used: set[int] = set()
    while waiting:
        box, near = waiting.pop()
        if not budget.spend(STEP_WORK + len(near) * len(box)):
            return Cover(None)
        sizes = boxes.sizes(boxes.bits[near] & box)
        meets = (sizes > 0).all(axis=1)
        near, sizes = near[meets], sizes[meets]
        if not len(near):
            return Cover(covered=False, hole=box)
        whole = boxes.sizes(box[None])[0]
        leaves = (sizes < whole).sum(axis=1)
        pivot = int(leaves.argmin())
        if not leaves[pivot]:
            used.add(int(near[pivot]))
        elif _enough(sizes[near < boxes.apart], whole):
            used.update(near[near < boxes.apart].tolist())
        elif is_hopeless(sizes, whole):
            return Cover(covered=False)
        else:
            used.add(int(near[pivot]))
            rest = np.delete(near, pivot)
            partial = np.flatnonzero(sizes[pivot] < whole)
            waiting.extend((piece, rest) for piece in _pieces(box, boxes, near[pivot], partial))
    return Cover(covered=True, used=frozenset(used))


def _pieces(box: Bits, boxes: Boxes, pivot: int, partial: Ints) -> Iterator[Bits]:
    """What is left of a box without another, in boxes that have no case in common."""
    left = box.copy()
    for place in partial:
        words = boxes.column(place)
        piece = left.copy()
        piece[words] &= ~boxes.bits[pivot, words]
        left[words] &= boxes.bits[pivot, words]
        yield piece


def _never(sizes: Ints, whole: Ints) -> bool:
    return False


def _too_few(sizes: Ints, whole: Ints) -> bool:
    """Whether boxes hold fewer cases than the whole, each counted as if they were apart."""
    cases, total = _cases(sizes, whole)
    return bool(cases.sum() < total)


def _enough(sizes: Ints, whole: Ints) -> bool:
    """Whether boxes that are apart hold every case of the whole."""
    if not len(sizes):
        return False
    cases, total = _cases(sizes, whole)
    return bool(cases.sum() == total)


def _cases(sizes: Ints, whole: Ints) -> tuple[NDArray[Any], int]:
    """How many cases each box holds, and the whole; exact however many they are."""
    total = math.prod(whole.tolist())
    kind: type = np.int64 if total * max(len(sizes), 1) < EXACT else object
    return np.prod(sizes.astype(kind), axis=1), total
