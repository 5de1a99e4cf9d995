"""Guarantee circles (担保圈): parties who stand for one another, and what their links are.

A circle is a largest set of parties of which each stands, directly or through others, for each
other one: a strongly connected component of the links, of two parties or more. Within it a loss
comes back to where it set out. Links in no circle are chains (担保链): a loss runs along them once.
"""

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from headrace.graph.structures import kernels
from headrace.graph.structures.guarantees import Links

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


class Kind(IntFlag):
    """What a link is part of; it may be several but CHAIN, which stands alone.

    MUTUAL 互保: the borrower stands for the guarantor too. JOINT 联保: both are of a set of three
    or more who all stand for each other. RING 循环担保: it lies on a ring of three or more.
    CHAIN 担保链: it lies on no ring at all.
    """

    MUTUAL = 1
    JOINT = 2
    RING = 4
    CHAIN = 8


@dataclass(frozen=True)
class Circles:
    """The circles of all links, numbered from 0 by their least member.

    Attributes:
        links: What they were found in.
        of_party: int32 (parties,): the circle of each party, -1 for none.
        of_link: int32 (links,): the circle of each link, -1 for a link of a chain.
        kind: uint8 (links,): bits of `Kind`.
        size: int64 (circles,): parties.
        amount: int64 (circles,): minor units guaranteed within, as far as known.
        unknown: int64 (circles,): guarantees of unknown amount within.
        member_at: int64 (circles + 1,): where each circle begins in `member_rows`.
        member_rows: int32: the parties of the circles, by circle.
        link_at: int64 (circles + 1,): where each circle begins in `link_rows`.
        link_rows: int64: the links of the circles, by circle.
    """

    links: Links
    of_party: Codes
    of_link: Codes
    kind: NDArray[np.uint8]
    size: Ints
    amount: Ints
    unknown: Ints
    member_at: Ints
    member_rows: Codes
    link_at: Ints
    link_rows: Ints

    def __len__(self) -> int:
        """How many circles."""
        return len(self.size)

    def members(self, number: int) -> Codes:
        """Codes of the parties of a circle."""
        return self.member_rows[self.member_at[number] : self.member_at[number + 1]]

    def links_of(self, number: int) -> Ints:
        """The links within a circle."""
        return self.link_rows[self.link_at[number] : self.link_at[number + 1]]

    def kind_of(self, link: int) -> Kind:
        """What a link is part of."""
        return Kind(int(self.kind[link]))


def find_circles(given: Links) -> Circles:
    """All circles, in time linear in the links but for the kinds of mutual ones."""
    label = _components(given)
    size = np.bincount(label, minlength=1) if label.size else np.zeros(1, np.int64)
    first = np.full(len(size), given.parties, np.int64)
    np.minimum.at(first, label, np.arange(given.parties))
    chosen = np.flatnonzero(size > 1)
    chosen = chosen[np.argsort(first[chosen])]
    number = np.full(len(size), -1, np.int32)
    number[chosen] = np.arange(len(chosen))
    of_party = number[label]
    inside = (of_party[given.giver] == of_party[given.taker]) & (of_party[given.giver] >= 0)
    of_link = np.where(inside, of_party[given.giver], -1).astype(np.int32)
    amount, unknown = np.zeros(len(chosen), np.int64), np.zeros(len(chosen), np.int64)
    np.add.at(amount, of_link[inside], given.amount[inside])
    np.add.at(unknown, of_link[inside], given.unknown[inside])
    member_at, member_rows = _grouped(of_party, len(chosen))
    link_at, link_rows = _grouped(of_link, len(chosen))
    return Circles(
        links=given,
        of_party=of_party,
        of_link=of_link,
        kind=_kinds(given, of_party, of_link),
        size=size[chosen],
        amount=amount,
        unknown=unknown,
        member_at=member_at,
        member_rows=member_rows.astype(np.int32),
        link_at=link_at,
        link_rows=link_rows,
    )


def _grouped(label: Codes, groups: int) -> tuple[Ints, Ints]:
    """Where each group begins, and the places of the labels by group; -1 is no group."""
    chosen = np.flatnonzero(label >= 0)
    rows = chosen[np.argsort(label[chosen], kind="stable")]
    return np.searchsorted(label[rows], np.arange(groups + 1)), rows


def _components(given: Links) -> Codes:
    shape = (given.parties, given.parties)
    ones = np.ones(len(given), np.int8)
    matrix = csr_array((ones, (given.giver, given.taker)), shape=shape)
    _, label = connected_components(matrix, directed=True, connection="strong")
    found: Codes = label
    return found


def _kinds(given: Links, of_party: Codes, of_link: Codes) -> NDArray[np.uint8]:
    kind = np.where(of_link < 0, Kind.CHAIN.value, 0).astype(np.uint8)
    opposite = _opposites(given)
    mutual = np.flatnonzero(opposite >= 0)
    kind[mutual] |= Kind.MUTUAL.value
    kind[(of_link >= 0) & (opposite < 0)] |= Kind.RING.value
    ringed = np.zeros(len(mutual), np.bool_)
    kernels.on_longer_ring(
        given.giver,
        given.taker,
        given.outward.head,
        given.outward.follow,
        mutual,
        opposite[mutual],
        of_party,
        np.full(given.parties, -1, np.int64),
        np.empty(given.parties, np.int32),
        ringed,
    )
    kind[mutual[ringed]] |= Kind.RING.value
    shape = (given.parties, given.parties)
    ends = (given.giver[mutual], given.taker[mutual])
    both = csr_array((np.ones(len(mutual), np.int32), ends), shape=shape)
    triangles = (both @ both).multiply(both).tocoo()
    keys = triangles.row.astype(np.int64) * given.parties + triangles.col
    pair = ends[0].astype(np.int64) * given.parties + ends[1]
    kind[mutual[np.isin(pair, keys)]] |= Kind.JOINT.value
    return kind


def _opposites(given: Links) -> Ints:
    """Of each link the one the other way round, -1 where there is none."""
    pair = given.giver.astype(np.int64) * given.parties + given.taker
    back = given.taker.astype(np.int64) * given.parties + given.giver
    place = np.searchsorted(pair, back)
    place[place == len(pair)] = 0
    return np.where(pair[place] == back, place, -1) if len(pair) else place


@dataclass(frozen=True)
class RingLimits:
    """How far rings are listed.

    Attributes:
        length_max: Links in a ring.
        found_max: Rings in all.
        steps_max: Links looked at from one party.
    """

    length_max: int = 8
    found_max: int = 10_000
    steps_max: int = 1_000_000


@dataclass(frozen=True)
class Rings:
    """Rings of links, each once, from its party of the least code.

    Attributes:
        links: int64: ring behind ring, in order.
        at: int64 (rings + 1,): where each begins in `links`.
        longer: Whether there may be rings of more than `length_max` links.
        stopped: Whether `steps_max` ended the search from some party.
        filled: Whether `found_max` ended the search.
    """

    links: Ints
    at: Ints
    longer: bool
    stopped: bool
    filled: bool

    @property
    def whole(self) -> bool:
        """Whether these are certainly all rings."""
        return not (self.longer or self.stopped or self.filled)

    def __len__(self) -> int:
        """How many rings."""
        return len(self.at) - 1

    def ring(self, number: int) -> Ints:
        """The links of one ring, in order."""
        return self.links[self.at[number] : self.at[number + 1]]


def rings(circles: Circles, number: int, limits: RingLimits | None = None) -> Rings:
    """The rings of one circle, pairs that stand for each other among them.

    How many there are may grow exponentially with the circle: the limits are there to be met, and
    the result says which one was.
    """
    return _rings(circles, circles.members(number), limits or RingLimits())


def all_rings(circles: Circles, limits: RingLimits | None = None) -> Rings:
    """The rings of all circles, circle by circle; the limits are of all together."""
    return _rings(circles, circles.member_rows, limits or RingLimits())


def _rings(circles: Circles, parties: Codes, limits: RingLimits) -> Rings:
    given = circles.links
    largest = int(circles.size[circles.of_party[parties]].max(initial=0))
    length_max = min(limits.length_max, largest)
    found = np.empty(limits.found_max * length_max, np.int64)
    at = np.zeros(limits.found_max + 1, np.int64)
    count, bits = kernels.rings_of(
        given.giver,
        given.taker,
        given.outward.head,
        given.outward.follow,
        given.inward.head,
        given.inward.follow,
        circles.of_party,
        parties,
        np.array([length_max, limits.steps_max, limits.found_max], np.int64),
        np.full(given.parties, -1, np.int32),
        np.empty(given.parties, np.int32),
        np.empty((2, max(length_max, 1)), np.int64),
        found,
        at,
    )
    return Rings(
        links=found[: at[count]],
        at=at[: count + 1],
        longer=bool(bits & 1),
        stopped=bool(bits & 2),
        filled=bool(bits & 4),
    )


def joint_sets(circles: Circles, found_max: int = 10_000) -> tuple[list[tuple[int, ...]], bool]:
    """Sets of three or more parties who all stand for each other (联保体), the largest such sets.

    By the search of Bron and Kerbosch (CACM 16(9), 1973) with the pivot of Tomita et al. (2006).

    Returns:
        The sets, each sorted; and whether these are all.
    """
    joint = np.flatnonzero(circles.kind & Kind.JOINT.value)
    friends: dict[int, set[int]] = {}
    ends = zip(
        circles.links.giver[joint].tolist(), circles.links.taker[joint].tolist(), strict=True
    )
    for giver, taker in ends:
        friends.setdefault(giver, set()).add(taker)
    found: list[tuple[int, ...]] = []
    stack: list[tuple[tuple[int, ...], set[int], set[int]]] = [((), set(friends), set())]
    while stack and len(found) <= found_max:
        inside, open_, done = stack.pop()
        if not open_ and not done and len(inside) > 2:
            found.append(tuple(sorted(inside)))
        if not open_:
            continue
        pivot = max(sorted(open_ | done), key=lambda each: len(friends[each] & open_))
        for party in sorted(open_ - friends[pivot]):
            stack.append(((*inside, party), open_ & friends[party], done & friends[party]))
            open_ = open_ - {party}
            done = done | {party}
    return sorted(found[:found_max]), len(found) <= found_max


def pieces_left(given: Links) -> Ints:
    """Into how many pieces those connected to a party fall when it fails.

    Returns:
        int64 (parties,): 0 for a party without links, 1 where the others stay connected, 2 or more
        where the party alone holds them together (a cut vertex, directions apart).
    """
    pieces = np.zeros(given.parties, np.int64)
    kernels.pieces_left(
        given.giver,
        given.taker,
        given.outward.head,
        given.outward.follow,
        given.inward.head,
        given.inward.follow,
        pieces,
        np.zeros((5, given.parties), np.int64),
    )
    return pieces


@dataclass(frozen=True)
class Chain:
    """What a party stands for through others, link by link.

    Attributes:
        links: int64: by how far they are, then by number.
        hops: int64: how far each is; the party's own links are at 1.
        parties: int32: whom they reach, without the party itself, sorted.
        whole: False where `hops_max` cut it short.
    """

    links: Ints
    hops: Ints
    parties: Codes
    whole: bool


def chain(given: Links, party: int, hops_max: int = 5) -> Chain:
    """The chain (担保链) downstream of a party: whose failure would reach it, and through whom."""
    reached, wave = {party}, [party]
    links_, hops = [], []
    for hop in range(1, hops_max + 1):
        ahead: list[int] = []
        for here in wave:
            link = int(given.outward.head[here])
            while link >= 0:
                links_.append(link)
                hops.append(hop)
                ahead.append(int(given.taker[link]))
                link = int(given.outward.follow[link])
        wave = sorted(set(ahead) - reached)
        reached |= set(wave)
    order = np.lexsort((links_, hops))
    return Chain(
        links=np.array(links_, np.int64)[order],
        hops=np.array(hops, np.int64)[order],
        parties=np.array(sorted(reached - {party}), np.int32),
        whole=not any(given.outward.head[each] >= 0 for each in wave),
    )
