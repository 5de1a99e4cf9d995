"""Clusters by density peaks, parties being alike that short sampled paths take to the same places.

Source: Rodriguez and Laio, Clustering by fast search and find of density peaks, Science 344 (2014):
a centre is denser than those around it and far from anything denser.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from headrace.errors import InputError
from headrace.graph.communities.adjacency import Adjacency

Codes = NDArray[np.int32]
Floats = NDArray[np.float64]

OUTLIER = -1


@dataclass(frozen=True)
class Paths:
    """Which paths are sampled.

    Attributes:
        steps: The graph walked along at each step: of one graph three times over, or of different
            relations one after the other (a meta-path: to my devices, to their other users).
        walks: Paths sampled from each party, at least 1.
    """

    steps: tuple[Adjacency, ...]
    walks: int = 50


@dataclass(frozen=True)
class Centres:
    """What makes a centre.

    Attributes:
        density_min: Least density: how many parties alike it is worth, itself not counted.
        distance_min: Least distance to anything denser, 0 to 1.
    """

    density_min: float = 2.0
    distance_min: float = 0.7


@dataclass(frozen=True)
class Peaks:
    """Parties clustered.

    Attributes:
        label: int32, (parties asked,): number of the cluster, densest centre first; -1 outlier.
        centres: int32: the party at the centre of each cluster.
        density: float64, (parties asked,): sum of the likenesses to all others.
        distance: float64, 0 to 1: to the nearest denser party, 1 where none is alike at all.
        leader: int32: that party, as a place in what was asked; -1 where there is none.
        parties: int32: the parties asked, ascending.
    """

    label: Codes
    centres: Codes
    density: Floats
    distance: Floats
    leader: Codes
    parties: Codes

    def members(self, cluster: int) -> Codes:
        """Party codes of a cluster, ascending; of the outliers where it is -1."""
        return np.asarray(self.parties[self.label == cluster], np.int32)

    def edges(self, cluster: int, subject: Codes, object_: Codes) -> NDArray[np.int64]:
        """Positions of the edges between its members."""
        members = self.members(cluster)
        return np.flatnonzero(np.isin(subject, members) & np.isin(object_, members))


def visits(paths: Paths, parties: Codes, rng: np.random.Generator) -> csr_array:
    """Where the paths from each party come by: counts, parties asked by all parties.

    At each step a neighbour is drawn, all alike; a path ends where there is none. Only the last
    place of a meta-path and of each of its rounds would be comparable, so all stops are kept and a
    party that is not of the type asked about counts as one more thing that two can share.
    """
    if not paths.steps or paths.walks < 1:
        raise InputError("paths need a step and a walk", where="Paths")
    count = paths.steps[0].parties
    row = np.repeat(np.arange(len(parties)), paths.walks)
    here = np.repeat(parties, paths.walks)
    rows, places = [], []
    for graph in paths.steps:
        drawn = rng.random(len(here))
        width = graph.offsets[here + 1] - graph.offsets[here]
        going = width > 0
        row, here, width, drawn = row[going], here[going], width[going], drawn[going]
        here = graph.others[graph.offsets[here] + (drawn * width).astype(np.int64)]
        rows.append(row)
        places.append(here)
    at, to = np.concatenate(rows), np.concatenate(places)
    return csr_array((np.ones(len(at)), (at, to)), (len(parties), count))


def density_peaks(
    paths: Paths, parties: Codes, rng: np.random.Generator, centres: Centres | None = None
) -> Peaks:
    """Cluster parties by what their sampled paths have in common.

    Likeness is the cosine of two parties' visits, 0 to 1; distance is 1 - likeness. Everyone who is
    no centre follows the nearest denser party; who follows nobody is an outlier, and so are those
    who follow outliers. Equally dense parties rank by their place.

    Args:
        paths: Which paths are sampled.
        parties: Distinct party codes.
        rng: Draws the paths.
        centres: What makes a centre; None for the defaults.
    """
    centres = centres or Centres()
    parties = np.sort(parties).astype(np.int32)
    profile = visits(paths, parties, rng)
    profile.sum_duplicates()
    length = np.sqrt(profile.multiply(profile).sum(axis=1))
    profile = profile.multiply(1 / np.maximum(length, 1)[:, None]).tocsr()
    alike = (profile @ profile.T).tocoo()
    one, other = alike.coords
    apart = one != other
    one, other, likeness = one[apart], other[apart], np.minimum(alike.data[apart], 1.0)
    density = np.bincount(one, likeness, len(parties)).astype(np.float64)
    rank = np.empty(len(parties), np.int64)
    rank[np.lexsort((np.arange(len(parties)), -density))] = np.arange(len(parties))
    leader, nearest = _leaders(one, other, likeness, rank)
    return _labelled(parties, density, 1 - nearest, leader, centres)


def _leaders(
    one: NDArray[np.int64], other: NDArray[np.int64], likeness: Floats, rank: NDArray[np.int64]
) -> tuple[Codes, Floats]:
    """Of each party the denser one most alike (of equals the densest), and how alike."""
    denser = rank[other] < rank[one]
    one, other, likeness = one[denser], other[denser], likeness[denser]
    order = np.lexsort((rank[other], -likeness, one))
    first = np.unique(one[order], return_index=True)
    leader, nearest = np.full(len(rank), -1, np.int32), np.zeros(len(rank))
    leader[first[0]] = other[order][first[1]]
    nearest[first[0]] = likeness[order][first[1]]
    return leader, nearest


def _labelled(
    parties: Codes, density: Floats, distance: Floats, leader: Codes, centres: Centres
) -> Peaks:
    chosen = (density >= centres.density_min) & (distance >= centres.distance_min)
    by_density = np.lexsort((np.arange(len(parties)), -density))
    label = np.full(len(parties), OUTLIER, np.int32)
    heads = by_density[chosen[by_density]]
    label[heads] = np.arange(len(heads), dtype=np.int32)
    for party in by_density:  # densest first, so that a leader is labelled before who follows it
        if not chosen[party] and leader[party] >= 0 and distance[party] < centres.distance_min:
            label[party] = label[leader[party]]
    return Peaks(label, parties[heads], density, distance, leader, parties)
