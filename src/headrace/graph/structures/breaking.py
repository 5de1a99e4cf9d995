"""The smallest set of guarantees whose replacement breaks every ring of a circle.

A least set of links without which no ring is left: the minimum feedback arc set, each link weighed
by its amount or by its guarantees. A first answer and a lower bound come from one walk by the local
ratio method (Demetrescu and Finocchi, "Combinatorial algorithms for feedback problems in directed
graphs", IPL 86(3), 2003). Where they differ, an integer program is solved that learns its rings as
they turn up (cf. Baharev et al., "An Exact Method for the Minimum Feedback Arc Set Problem", JEA
26, 2021). The answer says whether it is proved smallest, and if not, how small it could be.
"""

import math
from dataclasses import dataclass
from enum import Enum
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array

from headrace.graph.structures.circles import Circles
from headrace.graph.structures.guarantees import Links, part

Ints = NDArray[np.int64]
Ring = tuple[int, ...]


class Weight(Enum):
    """What is to be small: minor units, or how many guarantees."""

    AMOUNT = "amount"
    COUNT = "count"


@dataclass(frozen=True)
class BreakLimits:
    """How hard the proof is tried; what is within limits depends on these alone, not on time.

    Attributes:
        links_max: Circles of more links get the first answer and its bound.
        rounds_max: Integer programs solved.
        nodes_max: Nodes of the search tree of each.
    """

    links_max: int = 600
    rounds_max: int = 20
    nodes_max: int = 500


@dataclass(frozen=True)
class Replacement:
    """Links to be replaced by something else than a member's guarantee.

    Attributes:
        links: int64: the links, ascending; without them the circle has no ring.
        guarantees: int64: positions of the guarantees they are made of.
        amount: Minor units of these, of what is known.
        weight: What was made small: minor units, or guarantees.
        bound: No set whatever weighs less.
        assumed: Links with guarantees of unknown amount. Where amounts weigh, each such guarantee
            weighs as much as the greatest link of the circle, so that it is not taken for cheap.
    """

    links: Ints
    guarantees: Ints
    amount: int
    weight: int
    bound: int
    assumed: int

    @property
    def exact(self) -> bool:
        """Whether no set weighs less, to two billionths of it: the solver counts in doubles."""
        return self.weight - self.bound <= 2e-9 * self.weight


def break_rings(
    circles: Circles,
    number: int,
    weigh: Weight = Weight.AMOUNT,
    limits: BreakLimits | None = None,
) -> Replacement:
    """The smallest set of links of one circle without which it has no ring."""
    limits = limits or BreakLimits()
    chosen = circles.links_of(number)
    small, _ = part(circles.links, chosen)
    weight = small.count if weigh is Weight.COUNT else _weighed(small)
    removed, bound, seen = _local_ratio(small, weight)
    if bound < _total(weight, removed) and len(small) <= limits.links_max:
        removed, bound = _proved(small, weight, (removed, bound), seen, limits)
    taken = np.array(sorted(removed), np.int64)
    rows = [small.guarantees(int(link)) for link in taken]
    return Replacement(
        links=chosen[taken],
        guarantees=np.sort(np.concatenate(rows)) if rows else taken,
        amount=int(small.amount[taken].sum()),
        weight=_total(weight, removed),
        bound=bound,
        assumed=int(np.count_nonzero(small.unknown)) if weigh is Weight.AMOUNT else 0,
    )


def _weighed(small: Links) -> Ints:
    greatest = max(int(small.amount.max(initial=0)), 1)
    weight: Ints = np.maximum(small.amount + small.unknown * greatest, 1)
    return weight


def _total(weight: Ints, removed: set[int]) -> int:
    return sum(int(weight[link]) for link in removed)


def _ahead(small: Links) -> list[list[int]]:
    """Of each party, its links."""
    ahead: list[list[int]] = [[] for _ in range(small.parties)]
    for link, giver in enumerate(small.giver.tolist()):
        ahead[giver].append(link)
    return ahead


def _local_ratio(small: Links, weight: Ints) -> tuple[set[int], int, list[Ring]]:
    """Links without which there is no ring, a lower bound, and the rings that were met.

    Of each ring met, the least weight left on it is taken from all its links: no set can do
    without that much, which gives the bound. Links with nothing left are removed; then those
    that close no ring after all are put back, the heaviest first.
    """
    ahead, taker = _ahead(small), small.taker.tolist()
    left = weight.tolist()
    place = [0] * small.parties  # the next link to look at
    on_path = [-1] * small.parties  # depth on the path; -2 once it can be on no ring
    bound, met = 0, []
    for root in range(small.parties):
        if on_path[root] == -2:
            continue
        path: list[int] = [root]
        links: list[int] = []
        on_path[root] = 0
        while path:
            here = path[-1]
            if place[here] == len(ahead[here]):
                on_path[here] = -2
                path.pop()
                if links:
                    links.pop()
                    place[path[-1]] += 1
                continue
            link = ahead[here][place[here]]
            there = taker[link]
            if left[link] == 0 or on_path[there] == -2:
                place[here] += 1
            elif on_path[there] == -1:
                on_path[there] = len(path)
                path.append(there)
                links.append(link)
            else:
                ring = (*links[on_path[there] :], link)
                bound += _take_least(ring, left)
                met.append(ring)
                _shorten(path, links, on_path, left)
    removed = {link for link, rest in enumerate(left) if rest == 0}
    return _least(small, weight, removed), bound, met


def _take_least(ring: Ring, left: list[int]) -> int:
    least = min(left[link] for link in ring)
    for link in ring:
        left[link] -= least
    return least


def _shorten(path: list[int], links: list[int], on_path: list[int], left: list[int]) -> None:
    """Go back to before the first link that is removed."""
    gone = [depth for depth, link in enumerate(links) if left[link] == 0]
    keep = gone[0] if gone else len(links)
    for party in path[keep + 1 :]:
        on_path[party] = -1
    del path[keep + 1 :], links[keep:]


def _least(small: Links, weight: Ints, removed: set[int]) -> set[int]:
    """The removed links without those that close no ring when they are put back.

    The heaviest are tried first. An order in which all links go forward is kept current as in
    Pearce and Kelly, "A Dynamic Topological Sort Algorithm for Directed Acyclic Graphs", JEA 11,
    2006: what is between the ends of a link in it is all that has to be looked at.
    """
    ends = list(zip(small.giver.tolist(), small.taker.tolist(), strict=True))
    ahead: list[list[int]] = [[] for _ in range(small.parties)]
    behind: list[list[int]] = [[] for _ in range(small.parties)]
    for link, (giver, taker) in enumerate(ends):
        if link not in removed:
            ahead[giver].append(taker)
            behind[taker].append(giver)
    place = [0] * small.parties
    for at, party in enumerate(TopologicalSorter(dict(enumerate(behind))).static_order()):
        place[party] = at
    kept = set(removed)
    for link in sorted(removed, key=lambda each: (-int(weight[each]), each)):
        giver, taker = ends[link]
        if place[taker] < place[giver]:
            after = _between(taker, ahead, place, giver)
            if giver in after:
                continue
            _reorder(_between(giver, behind, place, taker), after, place)
        ahead[giver].append(taker)
        behind[taker].append(giver)
        kept.discard(link)
    return kept


def _between(start: int, next_to: list[list[int]], place: list[int], end: int) -> set[int]:
    """The parties reached from one whose places are between those of two."""
    low, high = sorted((place[start], place[end]))
    seen, stack = {start}, [start]
    while stack:
        for other in next_to[stack.pop()]:
            if other not in seen and low <= place[other] <= high:
                seen.add(other)
                stack.append(other)
    return seen


def _reorder(before: set[int], after: set[int], place: list[int]) -> None:
    """Give the places of all to those before, then to those after, each in their order."""
    parties = sorted(before, key=place.__getitem__) + sorted(after, key=place.__getitem__)
    places = sorted(place[party] for party in parties)
    for party, at in zip(parties, places, strict=True):
        place[party] = at


def _proved(
    small: Links,
    weight: Ints,
    first: tuple[set[int], int],
    seen: list[Ring],
    limits: BreakLimits,
) -> tuple[set[int], int]:
    """A better answer and bound, from integer programs over the rings known so far."""
    best, bound = first
    unit = math.gcd(*weight.tolist())
    known = list(dict.fromkeys(tuple(sorted(ring)) for ring in seen))
    for _ in range(limits.rounds_max):
        solved = milp(
            weight / unit,
            integrality=np.ones(len(small)),
            bounds=(0, 1),
            constraints=LinearConstraint(_rows(known, len(small)), lb=1),
            options={"mip_rel_gap": 0.0, "node_limit": limits.nodes_max},
        )
        if solved.mip_dual_bound is not None:
            doubt = 1e-6 + 1e-9 * abs(solved.mip_dual_bound)
            bound = max(bound, math.ceil(solved.mip_dual_bound - doubt) * unit)
        if solved.x is None:
            break
        removed = set(np.flatnonzero(solved.x > 0.5).tolist())
        more = _rings_without(small, removed)
        found = _least(small, weight, removed | _cover(small, weight, removed))
        if _total(weight, found) < _total(weight, best):
            best = found
        if _total(weight, best) <= bound or not more:
            break
        known = list(dict.fromkeys([*known, *more]))
    return best, min(bound, _total(weight, best))


def _rows(known: list[Ring], links: int) -> csr_array:
    at = np.cumsum([0, *map(len, known)])
    columns = np.concatenate([np.array(ring) for ring in known])
    return csr_array((np.ones(len(columns)), columns, at), shape=(len(known), links))


def _cover(small: Links, weight: Ints, removed: set[int]) -> set[int]:
    """Links that break what is left of the rings."""
    kept = np.array([link for link in range(len(small)) if link not in removed], np.int64)
    rest, _ = part(small, kept)
    more, _, _ = _local_ratio(rest, weight[kept])
    return set(kept[sorted(more)].tolist())


def _rings_without(small: Links, removed: set[int]) -> list[Ring]:
    """Through each party the shortest ring that is left, as sorted links."""
    ahead, taker = _ahead(small), small.taker.tolist()
    found = []
    for start in range(small.parties):
        by: dict[int, int] = {}
        wave = [start]
        while wave and start not in by:
            after = []
            for here in wave:
                for link in ahead[here]:
                    if link not in removed and taker[link] not in by:
                        by[taker[link]] = link
                        after.append(taker[link])
            wave = after
        if start in by:
            ring, here = [by[start]], int(small.giver[by[start]])
            while here != start:
                ring.append(by[here])
                here = int(small.giver[by[here]])
            found.append(tuple(sorted(ring)))
    return list(dict.fromkeys(found))
