"""A watch over arriving edges that says at once when they close a ring.

When two that have met lie on a short circle, the watch looks two steps around them, peels what it
sees by weights that camouflage cannot help (`headrace.graph.communities.suspicion`), and holds the
densest block against patterns. It sees neither old meetings nor through what everybody uses, so
that the work an edge makes does not grow with the graph.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.communities.kernels import rings as kernels

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]

DAY_US = 86_400_000_000
FINDINGS_AT_ONCE = 256


@dataclass(frozen=True)
class Pattern:
    """What makes a dense block a ring: at least all of these.

    Attributes:
        name: For the reader of a finding.
        days: Meetings looked back at.
        parties: Parties in the block.
        things: Other nodes in it: devices, phones, addresses; 0 for a ring of parties alone, whose
            ties are then those between parties.
        ties: Edges per party (to things, where things are asked for).
        fill: Of the pairs that could be joined, the share that is, 0 to 1: pairs of a party and a
            thing, or of two parties; in a block of two sides, pairs across.
        share: Of the weight at the block's nodes, the share that stays inside, 0 to 1.
        circles: Edges above those that would just hold it together.
    """

    name: str
    days: float
    parties: int
    things: int
    ties: float
    fill: float
    share: float
    circles: int


PATTERNS = (
    Pattern("things shared within two months", 60, 6, 3, 1.95, 0.59, 0.68, 6),
    Pattern("many things shared within two months", 60, 5, 4, 2.3, 0.35, 0.54, 5),
    Pattern("dealings within two months", 60, 5, 0, 1.3, 0.42, 0.66, 4),
    Pattern("things shared within a year", 365, 6, 3, 2.3, 0.65, 0.3, 7),
    Pattern("dealings within a year", 365, 5, 0, 1.64, 0.55, 0.32, 6),
)
"""Chosen on simulated streams (benchmarks/workloads/rings.py); choose your own on your own past."""


@dataclass(frozen=True)
class RingFinding:
    """A block that looks like a ring, as it was when an edge arrived.

    Attributes:
        arrival: Number of that edge among all that arrived, from 0.
        pattern: What it looks like.
        members: Parties, int32, ascending.
        things: Other nodes it shares, int32, ascending.
        edges: Numbers of the arrivals in which its pairs last met, int64, ascending.
        density: Weight of its edges per node, edges to the popular weighing less (1 / ln(5 + d)).
        share: Of the weight at its nodes the part that stays inside, 0 to 1.
        fill: Two-sided fill, 0 to 1; 0 where the block has no two sides.
        circles: Edges above those that would just hold it together.
        since: Its oldest meeting, microseconds since 1970.
    """

    arrival: int
    pattern: Pattern
    members: Codes
    things: Codes
    edges: Ints
    density: float
    share: float
    fill: float
    circles: int
    since: int


class RingWatch:
    """Sees edges in order of time and keeps for each pair of nodes when it last met."""

    def __init__(
        self,
        is_party: NDArray[np.bool_],
        patterns: tuple[Pattern, ...] = PATTERNS,
        *,
        hub: int = 60,
        room: int = 1_000,
    ) -> None:
        """Start without edges.

        Args:
            is_party: Per node whether it is a party or a thing, bool.
            patterns: What is looked for.
            hub: Neighbours above which a node is what everybody uses.
            room: Nodes looked at around an edge, at most.
        """
        nodes = len(is_party)
        self._is_party = is_party
        self._patterns = patterns
        days = sorted({each.days for each in patterns})
        self._windows = np.array([round(each * DAY_US) for each in days], np.int64)
        self._asked = np.array(
            [
                (p.parties, p.things, p.ties, p.fill, p.share, p.circles, days.index(p.days))
                for p in patterns
            ],
            np.float64,
        ).reshape(-1, 7)
        self._hub, self._room = hub, room
        self._head = np.full(nodes, -1, np.int64)
        self._degree = np.zeros(nodes, np.int64)
        self._following = np.empty(0, np.int64)
        self._ends, self._time = np.empty(0, np.int32), np.empty(0, np.int64)
        self._latest = np.empty(0, np.int64)
        self._pairs = np.zeros(1, np.int64)
        self._marks = (
            np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int64), np.zeros(nodes, np.bool_)
        )  # fmt: skip
        self._places = (np.empty(room, np.int32), np.empty(room, np.int32))
        self._scratch = (
            np.empty(room, np.int32), np.full(room, -1, np.int32), np.empty(room, np.int64),
            np.empty(room, np.int32), np.empty(room, np.int32),
        )  # fmt: skip
        self._out = (
            np.empty(16 * room, np.int32), np.empty(2 * hub * room, np.int64),
            np.empty((FINDINGS_AT_ONCE, 4), np.int64), np.empty((FINDINGS_AT_ONCE + 1, 8)),
        )  # fmt: skip
        self._arrived, self._now = 0, np.iinfo(np.int64).min

    @property
    def pairs(self) -> int:
        """How many pairs have met."""
        return int(self._pairs[0])

    def arrive(self, subject: Codes, object_: Codes, time: Ints) -> tuple[RingFinding, ...]:
        """Take edges in and say which rings they close.

        A ring is found again only when a party has joined that was in no finding before.

        Args:
            subject: A node of each edge, (n,).
            object_: The other; an edge from a node to itself says nothing.
            time: Microseconds since 1970 UTC, ascending, none before the last seen.

        Raises:
            InputError: Where time goes back or a code is out of range.
        """
        self._check(subject, object_, time)
        self._make_room(len(subject))
        found: list[RingFinding] = []
        at = 0
        while at < len(subject):
            at, count = kernels.watch(
                self._arrived, (subject, object_, time, at), self._graph(),
                (self._pairs, self._latest, *self._marks, *self._places, self._scratch),
                self._is_party, self._windows, self._asked, self._hub, self._out,
            )  # fmt: skip
            found += self._findings(count)
        self._arrived += len(subject)
        if len(time):
            self._now = int(time[-1])
        return tuple(found)

    def _graph(self) -> tuple[Ints, Ints, Codes, Ints, Ints]:
        return self._head, self._following, self._ends, self._degree, self._time

    def _findings(self, count: int) -> list[RingFinding]:
        members, edges, blocks, figures = self._out
        found, member, edge = [], 0, 0
        for row, block in zip(figures[:count], blocks[:count].tolist(), strict=True):
            at, pattern, member_end, edge_end = block
            nodes = np.sort(members[member:member_end])
            party = self._is_party[nodes]
            found.append(
                RingFinding(
                    self._arrived + at,
                    self._patterns[pattern],
                    nodes[party],
                    nodes[~party],
                    np.sort(edges[edge:edge_end]),
                    float(row[4]),
                    float(row[5]),
                    float(row[6]),
                    int(row[2] - row[0] - row[1]) + 1,
                    int(row[7]),
                )
            )
            member, edge = member_end, edge_end
        return found

    def _make_room(self, count: int) -> None:
        """Let the arrays of pairs hold so many more."""
        needed = self.pairs + count
        if needed <= len(self._time):
            return
        more = max(needed, 2 * len(self._time), 1_024) - len(self._time)
        self._time = np.append(self._time, np.empty(more, np.int64))
        self._latest = np.append(self._latest, np.empty(more, np.int64))
        self._ends = np.append(self._ends, np.empty(2 * more, np.int32))
        self._following = np.append(self._following, np.empty(2 * more, np.int64))

    def _check(self, subject: Codes, object_: Codes, time: Ints) -> None:
        if not len(subject) == len(object_) == len(time):
            raise InputError("an edge is a subject, an object and a time", where="arrive")
        if len(time) and (time[0] < self._now or (np.diff(time) < 0).any()):
            raise InputError("time goes back", where="time", remedy="sort the edges by time")
        for name, codes in (("subject", subject), ("object", object_)):
            if len(codes) and (codes.min() < 0 or codes.max() >= len(self._is_party)):
                raise InputError(
                    "a code is out of range", where=name, remedy=f"0 to {len(self._is_party) - 1}"
                )
