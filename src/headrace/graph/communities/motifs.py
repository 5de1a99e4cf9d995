"""Communities around a seed that share triangles of a given shape, found by looking only nearby.

Sources: Yin, Benson, Leskovec, Gleich, Local Higher-Order Graph Clustering, KDD 2017 (MAPPR);
Benson, Gleich, Leskovec, Science 353 (2016) for the shapes and the motif conductance.
"""

from dataclasses import dataclass
from enum import IntEnum
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from headrace.errors import InputError
from headrace.graph.communities.kernels import motifs as kernels

Codes = NDArray[np.int32]
Ints = NDArray[np.int64]


class Motif(IntEnum):
    """The seven triangles of directed edges, numbered as in Benson et al. 2016."""

    CYCLE = 1  # a→b→c→a: money goes round
    CYCLE_ONE_BOTH = 2  # a→b, c→a, b⇄c
    CYCLE_TWO_BOTH = 3  # a→b, a⇄c, b⇄c
    ALL_BOTH = 4  # a⇄b, a⇄c, b⇄c
    FEED_FORWARD = 5  # a→b, a→c, b→c
    OUT_TO_PAIR = 6  # a→b, a→c, b⇄c
    IN_FROM_PAIR = 7  # b→a, c→a, b⇄c


_SHAPES = {
    Motif.CYCLE: (1, 1, 2),
    Motif.CYCLE_ONE_BOTH: (1, 3, 2),
    Motif.CYCLE_TWO_BOTH: (1, 3, 3),
    Motif.ALL_BOTH: (3, 3, 3),
    Motif.FEED_FORWARD: (1, 1, 1),
    Motif.OUT_TO_PAIR: (1, 3, 1),
    Motif.IN_FROM_PAIR: (2, 3, 2),
}
"""How a and b, b and c, a and c are joined: 1 from the first, 2 to it, 3 both."""


@dataclass(frozen=True)
class Directed:
    """A directed graph that can be asked for the neighbours of a party.

    Attributes:
        offsets: int64 (parties + 1,); others: int32: distinct neighbours in either direction.
        direction: uint8, beside `others`: 1 the party is the subject, 2 the object, 3 both.
        leaving: int64 (parties + 1,): where each party's edges start in `edges`.
        edges: int64: positions of edges by subject.
        objects: int32: the object of each of `edges`.
    """

    offsets: Ints
    others: Codes
    direction: NDArray[np.uint8]
    leaving: Ints
    edges: Ints
    objects: Codes


@dataclass(frozen=True)
class MotifCommunity:
    """A set of parties with more motifs inside than across its border.

    Attributes:
        seed: Where the search began.
        members: Party codes, int32, ascending; empty where the seed is in no motif.
        edges: Positions of the edges among members, int64, ascending.
        conductance: Motifs cut per motif end inside, 0 to 1 (the set taken for the smaller side of
            the graph); NaN where there are no members.
        motifs: Motifs with all three parties inside.
        cut: Motifs with one or two of the three inside.
        rank: float64 beside `members`: approximate PageRank, what was nearest the seed.
        whole: False where the search met more parties than it was allowed to look at.
    """

    seed: int
    members: Codes
    edges: Ints
    conductance: float
    motifs: int
    cut: int
    rank: NDArray[np.float64]
    whole: bool


@dataclass(frozen=True)
class Search:
    """How far to look.

    Attributes:
        alpha: Chance that the walk starts again, 0 to 1; greater stays nearer.
        epsilon: Mass left behind per motif; smaller looks further. The work is bounded by
            1 / (alpha * epsilon) pushes, whatever the size of the graph.
        hub: Neighbours above which a party takes part in no motif.
        parties_max: Parties looked at.
    """

    alpha: float = 0.05
    epsilon: float = 1e-5
    hub: int = 1_000
    parties_max: int = 20_000


def directed(subject: Codes, object_: Codes, parties: int) -> Directed:
    """Index a graph for `motif_community`; edges of a party with itself are left out.

    Raises:
        InputError: Where a code is out of range.
    """
    ends = np.concatenate([subject, object_])
    if len(ends) and (ends.min() < 0 or ends.max() >= parties):
        raise InputError("a party code is out of range", remedy=f"0 to {parties - 1}")
    kept = np.flatnonzero(subject != object_)
    one, other = subject[kept], object_[kept]
    shape = (parties, parties)
    out = coo_array((np.ones(len(kept), np.int32), (one, other)), shape).tocsr()
    out.data[:] = 1
    both = (out + 2 * out.T).tocsr()
    order = kept[np.argsort(one, kind="stable")]
    leaving = np.searchsorted(subject[order], np.arange(parties + 1))
    return Directed(
        both.indptr.astype(np.int64), both.indices.astype(np.int32), both.data.astype(np.uint8),
        leaving.astype(np.int64), order, object_[order],
    )  # fmt: skip


def motif_community(
    graph: Directed, seed: int, motifs: tuple[Motif, ...], search: Search | None = None
) -> MotifCommunity:
    """Grow a community around a party along the triangles it shares with others.

    Args:
        graph: From `directed`.
        seed: Party code.
        motifs: Which shapes count, one or more.
        search: How far to look; None for the defaults.

    Raises:
        InputError: Where no shape is given or the seed is not a party.
    """
    parties = len(graph.offsets) - 1
    if not motifs or not 0 <= seed < parties:
        raise InputError("a seed and a shape are needed", where=f"seed {seed}")
    search = search or Search()
    mark, local = np.zeros(parties, np.uint8), np.full(parties, -1, np.int32)
    nearby, wanted = (graph.offsets, graph.others, graph.direction), _wanted(motifs)
    met, rank, degree, begin, end, rows, counts, size, full = kernels.spread(
        seed, nearby, wanted, search.hub, search.alpha, search.epsilon, search.parties_max,
        mark, local,
    )  # fmt: skip
    reached = np.flatnonzero(rank[:size] > 0)
    order = reached[np.argsort(-rank[reached] / degree[reached], kind="stable")]
    cuts, volumes = kernels.sweep(order, met, degree, begin, end, rows, counts, local)
    if len(order) < 3:
        none = np.empty(0, np.int32)
        return MotifCommunity(
            seed, none, np.empty(0, np.int64), np.nan, 0, 0, np.empty(0), not full
        )
    conductance = cuts[2:] / volumes[2:]
    best = int(np.argmin(conductance)) + 2
    inside = order[: best + 1]
    by_code = inside[np.argsort(met[inside])]
    members = met[by_code]
    whole = kernels.count_inside(members, nearby, wanted, search.hub, mark, local)
    return MotifCommunity(
        seed, members, _edges_among(graph, members), float(conductance[best - 2]), int(whole),
        int(cuts[best]) // 2, rank[by_code], not full,
    )  # fmt: skip


def _wanted(motifs: tuple[Motif, ...]) -> Ints:
    """A table of how three parties may be joined, 1 where it is one of the shapes."""
    swapped = {1: 2, 2: 1, 3: 3}
    table = np.zeros((4, 4, 4), np.int64)
    for shape in motifs:
        ab, bc, ac = _SHAPES[shape]
        joined = {("a", "b"): ab, ("b", "c"): bc, ("a", "c"): ac}
        joined |= {(y, x): swapped[code] for (x, y), code in joined.items()}
        for i, j, k in permutations("abc"):
            table[joined[i, j], joined[j, k], joined[i, k]] = 1
    return table


def _edges_among(graph: Directed, members: Codes) -> Ints:
    found = [np.empty(0, np.int64)]
    for party in members:
        row = slice(graph.leaving[party], graph.leaving[party + 1])
        found.append(graph.edges[row][np.isin(graph.objects[row], members)])
    return np.sort(np.concatenate(found))
