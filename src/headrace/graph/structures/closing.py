"""Which rings a new guarantee closes, and which circles it makes one, as it arrives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.structures import kernels
from headrace.graph.structures.circles import Circles, RingLimits

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Closing:
    """What a guarantee closes.

    Attributes:
        rings: Of each ring its links but for the one asked about, int64, from the borrower on.
            Numbers are those of `Links`, and behind them those that were added, in order.
        members: int32: the parties on these rings, sorted; empty where none is closed.
        circles: The circles, by number, that these parties were of before; one that is new or
            grown, none or several that become one.
        whole: Whether these are certainly all rings; where not, a limit cut the search.
    """

    rings: tuple[Ints, ...]
    members: Codes
    circles: tuple[int, ...]
    whole: bool


class LiveGuarantees:
    """Links with their circles, to which guarantees are added one at a time.

    What an addition costs is bounded by the limits, whatever the size of the network. Circles are
    grown by the rings that are found: one that closes only by a longer ring is found when circles
    are next looked for in all links, and `whole` of its `Closing` is False until then.
    """

    def __init__(self, circles: Circles, limits: RingLimits | None = None) -> None:
        """Begin with what is known; memory grows by doubling.

        Args:
            circles: Circles of the links known so far.
            limits: Of the rings looked for at each addition.
        """
        given = circles.links
        self._limits = limits or RingLimits(found_max=1_000, steps_max=200_000)
        self._size = len(given)
        self._giver, self._taker = given.giver.copy(), given.taker.copy()
        self._outward = (given.outward.head.copy(), given.outward.follow.copy())
        self._inward = (given.inward.head.copy(), given.inward.follow.copy())
        self._of_party = circles.of_party.copy()
        self._members = {n: set(circles.members(n).tolist()) for n in range(len(circles))}
        self._next = len(circles)
        self._one_group = np.zeros(given.parties, np.int32)
        self._hops = np.full(given.parties, -1, np.int32)
        self._queue = np.empty(given.parties, np.int32)

    def circle(self, party: int) -> int:
        """The number of a party's circle, -1 for none."""
        return int(self._of_party[party])

    def members(self, number: int) -> frozenset[int]:
        """The parties of a circle."""
        return frozenset(self._members[number])

    def closing(self, guarantor: int, borrower: int) -> Closing:
        """What a guarantee would close; nothing is changed.

        Raises:
            InputError: If one of the two is no party.
        """
        parties = len(self._of_party)
        if not (0 <= guarantor < parties and 0 <= borrower < parties):
            raise InputError(
                f"parties {guarantor} and {borrower} are not both from 0 to {parties - 1}",
                where="guarantee",
                remedy="Begin with all parties, those without guarantees among them.",
            )
        if guarantor == borrower:
            return Closing((), np.empty(0, np.int32), (), whole=True)
        rings, bits = self._paths(borrower, guarantor)
        linked = [self._taker[ring] for ring in rings]
        on = np.unique(np.concatenate([*linked, [borrower]])) if rings else np.empty(0)
        members = on.astype(np.int32)
        circles = sorted(set(self._of_party[members].tolist()) - {-1})
        return Closing(tuple(rings), members, tuple(circles), whole=bits == 0)

    def add(self, guarantor: int, borrower: int) -> Closing:
        """Add a guarantee; a second one between the same two adds no link.

        Returns:
            What it closes, with the circles as they were before.
        """
        closed = self.closing(guarantor, borrower)
        if guarantor != borrower and not self._is_linked(guarantor, borrower):
            self._link(guarantor, borrower)
        if closed.members.size:
            self._merge(closed)
        return closed

    def _paths(self, start: int, goal: int) -> tuple[list[Ints], int]:
        length_max = self._limits.length_max - 1
        found = np.empty(self._limits.found_max * length_max, np.int64)
        at = np.zeros(self._limits.found_max + 1, np.int64)
        count, _, bits = kernels.simple_paths(
            self._giver,
            self._taker,
            *self._outward,
            *self._inward,
            self._one_group,
            np.array([start, goal, 0], np.int64),
            np.array([length_max, self._limits.steps_max, self._limits.found_max], np.int64),
            self._hops,
            self._queue,
            np.empty((2, length_max), np.int64),
            found,
            at,
        )
        return [found[at[k] : at[k + 1]].copy() for k in range(count)], bits

    def _is_linked(self, guarantor: int, borrower: int) -> bool:
        link = self._outward[0][guarantor]
        while link >= 0 and self._taker[link] != borrower:
            link = self._outward[1][link]
        return bool(link >= 0)

    def _link(self, guarantor: int, borrower: int) -> None:
        if self._size == len(self._giver):
            more = max(16, self._size)
            self._giver = np.concatenate([self._giver, np.empty(more, np.int32)])
            self._taker = np.concatenate([self._taker, np.empty(more, np.int32)])
            self._outward = (self._outward[0], _longer(self._outward[1], more))
            self._inward = (self._inward[0], _longer(self._inward[1], more))
        link = self._size
        self._giver[link], self._taker[link] = guarantor, borrower
        for (head, follow), party in ((self._outward, guarantor), (self._inward, borrower)):
            follow[link], head[party] = head[party], link
        self._size += 1

    def _merge(self, closed: Closing) -> None:
        number = closed.circles[0] if closed.circles else self._next
        self._next += not closed.circles
        grown = self._members.setdefault(number, set())
        grown.update(closed.members.tolist())
        for other in closed.circles[1:]:
            grown |= self._members.pop(other)
        self._of_party[list(grown)] = number


def _longer(values: Ints, more: int) -> Ints:
    return np.concatenate([values, np.full(more, -1, np.int64)])
