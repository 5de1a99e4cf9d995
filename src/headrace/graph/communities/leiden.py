"""Communities by Leiden: each one connected, none that would be better split or moved.

Source: Traag, Waltman, van Eck, From Louvain to Leiden, Scientific Reports 9 (2019) 5233.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from headrace.graph.communities.adjacency import Adjacency
from headrace.graph.communities.kernels import leiden as kernels

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]

THETA = 0.01  # randomness of the refinement, the paper's, in units of edge weight
ROUNDS = 2


class Objective(Protocol):
    """What a partition is judged by: `inside - cost * sum of size²` over communities."""

    def sizes(self, graph: Adjacency) -> Floats:
        """What each party counts, (parties,)."""

    def cost(self, graph: Adjacency) -> float:
        """Of putting two parties of size 1 together."""


@dataclass(frozen=True)
class Modularity:
    """More edges inside than the parties' strengths alone would give (Newman and Girvan 2004).

    Attributes:
        resolution: Positive; greater gives smaller communities.
    """

    resolution: float = 1.0

    def sizes(self, graph: Adjacency) -> Floats:
        """A party counts by its strength."""
        return graph.strengths

    def cost(self, graph: Adjacency) -> float:
        """Per unit of strength squared."""
        total = float(graph.weights.sum())
        return self.resolution / total if total else 0.0


@dataclass(frozen=True)
class ConstantPotts:
    """Denser inside than a constant (Traag et al. 2011); finds small communities in large graphs.

    Attributes:
        resolution: Least weight per pair of parties that holds a community together, positive.
    """

    resolution: float

    def sizes(self, graph: Adjacency) -> Floats:
        """Every party counts 1."""
        return np.ones(graph.parties)

    def cost(self, graph: Adjacency) -> float:
        """Per pair of parties."""
        return self.resolution


@dataclass(frozen=True)
class Communities:
    """A partition of the parties.

    Attributes:
        label: int32 (parties,): community of each party, 0 to count - 1, the largest first.
        count: How many communities.
        quality: Modularity in -1 to 1, or for the constant Potts model the weight gained per
            weight of all edges.
        sizes: int64 (count,): parties of each.
        inside: float64 (count,): weight of the edges within each.
        cut: float64 (count,): weight of the edges that leave each.
    """

    label: Codes
    count: int
    quality: float
    sizes: NDArray[np.int64]
    inside: Floats
    cut: Floats

    @property
    def conductance(self) -> Floats:
        """Share of each community's strength that leaves it, 0 to 1; NaN without edges."""
        strength = 2 * self.inside + self.cut
        share = np.full(self.count, np.nan)
        np.divide(self.cut, strength, share, where=strength > 0)
        return share

    def members(self, community: int) -> Codes:
        """Its parties, ascending."""
        return np.flatnonzero(self.label == community).astype(np.int32)

    def edges(self, community: int, subject: Codes, object_: Codes) -> NDArray[np.int64]:
        """Positions of the edges within it."""
        return np.flatnonzero(
            (self.label[subject] == community) & (self.label[object_] == community)
        )


def leiden(
    graph: Adjacency, objective: Objective, rng: np.random.Generator, rounds: int = ROUNDS
) -> Communities:
    """Find communities; the same generator state gives the same communities.

    Args:
        graph: Weighted, undirected.
        objective: What is to be great.
        rng: Decides the order of visits and the refinement.
        rounds: Times the whole is run, each from the result of the last, at least 1; it ends
            early where a round moves nobody.
    """
    sizes, cost = objective.sizes(graph), objective.cost(graph)
    label = np.arange(graph.parties, dtype=np.int32)
    for _ in range(rounds):
        before = label.copy()
        label = _round(graph, sizes, cost, rng, label)
        if np.array_equal(before, label):
            break
    return _judged(graph, sizes, cost, label)


def _round(
    graph: Adjacency, sizes: Floats, cost: float, rng: np.random.Generator, label: Codes
) -> Codes:
    """Move, refine, aggregate, until every node of the aggregate is a community of its own."""
    level = (graph.offsets, graph.others, graph.weights, sizes)
    node_of = np.arange(graph.parties, dtype=np.int32)
    community = label.copy()
    while True:
        nodes = len(level[3])
        kernels.move(*level, cost, rng.permutation(nodes).astype(np.int32), community)
        order, drawn = rng.permutation(nodes).astype(np.int32), rng.random(nodes)
        refined = np.empty(nodes, np.int32)
        if len(np.unique(community)) == nodes:
            break
        parts = kernels.refine(*level, cost, order, drawn, THETA, community, refined)
        if parts == nodes:
            break
        inherited = np.empty(parts, np.int32)
        inherited[refined] = community
        level = kernels.aggregate(*level, parts, refined)
        node_of = refined[node_of]
        community = np.unique(inherited, return_inverse=True)[1].astype(np.int32)
    found = np.empty(graph.parties, np.int32)
    kernels.connected_parts(graph.offsets, graph.others, community[node_of], found)
    return found


def _judged(graph: Adjacency, sizes: Floats, cost: float, label: Codes) -> Communities:
    """Name the communities by size and measure them."""
    count = int(label.max(initial=-1)) + 1
    order = np.argsort(-np.bincount(label, minlength=count), kind="stable")
    name = np.empty(count, np.int32)
    name[order] = np.arange(count, dtype=np.int32)
    label = name[label]
    owner = np.repeat(label, np.diff(graph.offsets))
    within = owner == label[graph.others]
    inside = np.bincount(owner[within], graph.weights[within], count) / 2
    cut = np.bincount(owner[~within], graph.weights[~within], count).astype(np.float64)
    size = np.bincount(label, sizes, count)
    total = graph.weights.sum() / 2
    gained = inside.sum() - cost * (size**2).sum() / 2
    return Communities(
        label, count, float(gained / total) if total else 0.0,
        np.bincount(label, minlength=count), inside, cut,
    )  # fmt: skip
