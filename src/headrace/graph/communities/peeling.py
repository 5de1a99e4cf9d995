"""The densest blocks of a weighted graph, kept current while edges come and go.

Density of a set of parties is the weight of the edges among them plus their own prior weight, over
their number. Taking away the least connected party again and again passes a set of at least half
the greatest density (Charikar, APPROX 2000; with priors and weights, Hooi et al., KDD 2016).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.communities.kernels import peeling as kernels
from headrace.graph.communities.suspicion import WEIGHT_ONE

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]

EDGES_FIRST = 1_024


@dataclass(frozen=True)
class Block:
    """A dense set of parties and the edges that make it one.

    Attributes:
        members: Party codes, int32, ascending.
        edges: The edges among them, int64, ascending: ids given by `Peeling.insert`, or positions
            in what `dense_blocks` was given.
        weight: Of edges and priors inside, in millionths.
        density: Weight per member, as a fraction (millionths / 1,000,000 / members).
    """

    members: Codes
    edges: Ints
    weight: int
    density: float


class Peeling:
    """A graph and its peeling order, the same after any history as if peeled anew.

    A party without edges and prior is peeled first; of equal weights the lower code. An inserted
    edge moves only the parties between its ends' old and new places; a deletion reads the order
    from its beginning.
    """

    def __init__(self, parties: int, prior: Ints | None = None) -> None:
        """Start without edges.

        Args:
            parties: How many party codes there are.
            prior: Suspicion each party has by itself, int64 >= 0 in millionths, (parties,); None
                for none.
        """
        self._prior = np.zeros(parties, np.int64) if prior is None else prior.astype(np.int64)
        if len(self._prior) != parties or (self._prior < 0).any():
            raise InputError("priors are one whole number >= 0 a party", where="prior")
        order = np.lexsort((np.arange(parties), self._prior)).astype(np.int32)
        self._order = order
        self._peeled = self._prior[order]
        self._position = np.empty(parties, np.int32)
        self._position[order] = np.arange(parties, dtype=np.int32)
        self._state = np.zeros(parties, np.uint8)
        self._head = np.full(parties, -1, np.int64)
        self._scratch = (
            np.empty(parties, np.int32),
            np.empty(parties, np.int64),
            np.zeros(parties + 1, np.int32),
            np.full(parties, -1, np.int32),
            np.empty(parties, np.int64),
        )
        self._count = 0  # edges in the arrays, those taken out included
        self._next_id = 0
        self._gone = 0
        self._ends = np.zeros(2 * EDGES_FIRST, np.int32)
        self._following = np.zeros(2 * EDGES_FIRST, np.int64)
        self._weight, self._time, self._id = np.zeros((3, EDGES_FIRST), np.int64)
        self._alive, self._fresh = np.zeros((2, EDGES_FIRST), np.uint8)

    @property
    def order(self) -> Codes:
        """Parties as peeled, first to last; a copy."""
        return self._order.copy()

    @property
    def weights(self) -> Ints:
        """What each party of `order` weighed when it was peeled, in millionths; a copy."""
        return self._peeled.copy()

    @property
    def edges(self) -> int:
        """How many edges there are."""
        return self._count - self._gone

    def insert(
        self, subject: Codes, object_: Codes, weight: Ints, time: Ints | None = None
    ) -> Ints:
        """Add edges; direction does not matter, and parallel edges add up.

        Args:
            subject: One end of each, (n,).
            object_: The other end; an edge from a party to itself weighs nothing.
            weight: Millionths, >= 0.
            time: Microseconds since 1970, for `expire`; None where edges stay.

        Returns:
            An id per edge, consecutive over all calls.

        Raises:
            InputError: Where codes are out of range or weights negative.
        """
        self._check(subject, object_, weight)
        first, last = self._count, self._count + len(subject)
        if last > len(self._weight):
            self._resize(max(last, 2 * len(self._weight)))
        self._ends[2 * first : 2 * last : 2] = subject
        self._ends[2 * first + 1 : 2 * last : 2] = object_
        loops = subject == object_
        self._weight[first:last] = np.where(loops, 0, weight)
        self._time[first:last] = np.iinfo(np.int64).max if time is None else time
        self._id[first:last] = np.arange(self._next_id, self._next_id + last - first)
        self._fresh[first:last] = ~loops
        self._alive[first:last] = 1
        self._count, self._next_id = last, self._next_id + last - first
        kernels.link(first, last, self._ends, self._head, self._following)
        if not loops.all():
            ends = np.concatenate([subject[~loops], object_[~loops]])
            self._state[ends] |= kernels.NEAR
            start = int(self._position[ends].min())
            self._reorder(start, int((~loops).sum()))
        self._fresh[first:last] = 0
        return self._id[first:last].copy()

    def remove(self, ids: Ints) -> None:
        """Take edges out by the ids `insert` gave.

        Raises:
            InputError: Where an id is unknown or its edge is out already.
        """
        at = np.unique(np.searchsorted(self._id[: self._count], ids))
        known = at[at < self._count]
        known = known[self._alive[known] == 1]
        if len(known) != len(ids) or not np.isin(ids, self._id[known]).all():
            raise InputError("an edge to be removed is not there", remedy="pass each id once")
        self._take_out(known)

    def expire(self, before: int) -> int:
        """Take out the edges older than a moment; how many there were."""
        count = self._count
        old = np.flatnonzero((self._time[:count] < before) & (self._alive[:count] == 1))
        self._take_out(old)
        return len(old)

    def densest(self) -> Block:
        """The densest block that peeling passes; of equally dense ones the largest."""
        at, weight = kernels.densest(self._peeled, 0)
        members = np.sort(self._order[at:])
        ends = self._ends[: 2 * self._count].reshape(-1, 2)
        inside = (self._position[ends] >= at).all(axis=1) & (self._alive[: self._count] == 1)
        ids = self._id[: self._count][inside]
        density = weight / WEIGHT_ONE / len(members) if len(members) else 0.0
        return Block(members, ids, int(weight), float(density))

    def _take_out(self, at: Ints) -> None:
        self._alive[at] = 0
        self._gone += len(at)
        heavy = at[self._weight[at] > 0]
        if len(heavy):
            ends = self._ends.reshape(-1, 2)[heavy].ravel()
            self._state[ends] |= kernels.TRACKED | kernels.NEAR
            self._weight[heavy] = 0
            self._fresh[heavy] = 1
            self._reorder(0, len(heavy))
            self._fresh[heavy] = 0
        if 2 * self._gone > self._count:
            self._forget()

    def _reorder(self, start: int, pending: int) -> None:
        graph = (self._head, self._following, self._ends, self._weight)
        kernels.reorder(
            start, pending, graph, self._prior, self._order, self._peeled, self._position,
            self._state, self._fresh, self._scratch,
        )  # fmt: skip

    def _forget(self) -> None:
        """Drop the room of edges that are out, once they are more than half."""
        kept = np.flatnonzero(self._alive[: self._count])
        ends = self._ends.reshape(-1, 2)[kept].ravel()
        columns = self._weight[kept], self._time[kept], self._id[kept]
        self._count, self._gone = len(kept), 0
        self._resize(max(len(kept), EDGES_FIRST))
        self._ends[: 2 * len(kept)] = ends
        self._weight[: len(kept)], self._time[: len(kept)], self._id[: len(kept)] = columns
        self._alive[: len(kept)] = 1
        self._head[:] = -1
        kernels.link(0, len(kept), self._ends, self._head, self._following)

    def _resize(self, room: int) -> None:
        kept = min(self._count, room)
        self._ends = _resized(self._ends, 2 * kept, 2 * room)
        self._following = _resized(self._following, 2 * kept, 2 * room)
        self._weight = _resized(self._weight, kept, room)
        self._time = _resized(self._time, kept, room)
        self._id = _resized(self._id, kept, room)
        self._alive = _resized(self._alive, kept, room)
        self._fresh = _resized(self._fresh, kept, room)

    def _check(self, subject: Codes, object_: Codes, weight: Ints) -> None:
        parties = len(self._order)
        if not len(subject) == len(object_) == len(weight):
            raise InputError("an edge is a subject, an object and a weight", where="insert")
        for name, codes in (("subject", subject), ("object", object_)):
            if len(codes) and (codes.min() < 0 or codes.max() >= parties):
                raise InputError(
                    "a party code is out of range", where=name, remedy=f"0 to {parties - 1}"
                )
        if len(weight) and weight.min() < 0:
            raise InputError("a weight is negative", where="weight", remedy="millionths, >= 0")


def _resized(values: NDArray[Any], kept: int, room: int) -> NDArray[Any]:
    """So many of the values, and zeros up to a length."""
    new = np.zeros(room, values.dtype)
    new[:kept] = values[:kept]
    return new


def dense_blocks(
    subject: Codes, object_: Codes, weight: Ints, parties: int, count: int
) -> tuple[Block, ...]:
    """Up to `count` dense blocks, densest first: peel, take the block's edges out, peel again.

    A party may be in more than one (as in Hooi et al., KDD 2016, section 5). Edges of a block are
    positions in the arrays given; a block without weight ends the search.
    """
    peeling = Peeling(parties)
    peeling.insert(subject, object_, weight)
    found: list[Block] = []
    while len(found) < count:
        block = peeling.densest()
        if not block.weight:
            break
        found.append(block)
        peeling.remove(block.edges)
    return tuple(found)
