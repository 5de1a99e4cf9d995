"""Integrated ownership: the share of a company that is a holder's over all chains, loops included.

With A[i, j] the share of company j that i holds, N = (I - A)^-1 adds up the products along all
walks from i to j (Brioschi, Buzzacchi and Colombo, "Risk capital financing and the separation of
ownership and control in business groups", Journal of Banking and Finance 13, 1989). A walk that
comes back to i counts i's share again; the share used here counts every chain until it first
reaches i, N[i, j] / N[i, i] (Baldone, Brioschi and Paleari, "Ownership measures among firms
connected by cross-shareholdings", 1997; Rohwer and Pötter, "Transition Data Analysis", 2005; the
"integrated ownership" of the Bank of Italy's work). Both are equal where the holder is on no loop,
so for every person. The share of an ultimate holder is the probability that a walk from the
company, going up to a holder with the holder's share, comes to rest there.

Bounds. The worlds that are looked at: every recorded share lies anywhere within its bounds, and
what is then left of a company belongs to anybody, the holder asked about or parties of its own
that the records do not show. The least share over all worlds is that of the certain shares. The
greatest is what is not certainly somebody else's: with U[j] the part of j that comes to rest with
nobody recorded, Y[i, j] + U[j] - Y[i, j] U[i].
"""

from dataclasses import dataclass, replace

import numpy as np

from headrace.graph.ownership import kernels
from headrace.graph.ownership.shares import Codes, Fault, Finding, Floats, Ints, Shares

DENSE_MAX = 512
"""Companies on common loops that are solved by elimination; more are solved by LU."""

CLOSED = 1e-9
"""A circle of which outsiders hold no more than this has no owners that can be told."""

KEEP = 16_384
"""Ultimate holders kept of a company on the way down; what is dropped widens the bounds."""


@dataclass(frozen=True)
class Ownership:
    """Shares with their loops solved; what is asked of it costs as much as it touches.

    Attributes:
        shares: Certain shares; of closed circles they are set aside.
        members: int32: parties, component after component, holders first.
        at: int64 (components + 1,): where each begins.
        label: int32 (parties,): the component.
        place: int32 (parties,): the place in it.
        block_at: int64 (components,): where its solution begins in `blocks`, -1 without a loop.
        blocks: float64.
        open: float64 (parties,): U, the part that comes to rest with nobody recorded.
        below: start, length (int64 (parties,)), company int32: what each party holds.
        findings: What was wrong with the records.
    """

    shares: Shares
    members: Codes
    at: Ints
    label: Codes
    place: Codes
    block_at: Ints
    blocks: Floats
    open: Floats
    below: tuple[Ints, Ints, Codes]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Held:
    """Integrated shares between one party and others.

    Attributes:
        party: int32: the others.
        low: float64: the share over all chains that is certain, each chain until it first reaches
            the holder.
        high: float64: the share that is possible.
        walks: float64: the certain share over all walks, (I - A)^-1 A.
    """

    party: Codes
    low: Floats
    high: Floats
    walks: Floats


@dataclass(frozen=True)
class Owners:
    """Ultimate holders, those that nobody is recorded to hold, of many companies.

    Attributes:
        company: int32.
        holder: int32.
        low: float64: the certain integrated share.
        high: float64: the possible one.
    """

    company: Codes
    holder: Codes
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Lists:
    """The ultimate holders of every company.

    Attributes:
        at: int64 (parties,): where the list of a company begins.
        length: int64 (parties,): how long it is.
        holder: int32.
        share: float64: certain, too low by `lost` at most.
        lost: float64 (parties,): the part of a company whose holders were dropped because more
            than `KEEP` shared it; 0 nearly everywhere.
        open: float64 (parties,): the part that comes to rest with nobody recorded.
    """

    at: Ints
    length: Ints
    holder: Codes
    share: Floats
    lost: Floats
    open: Floats

    @property
    def arrays(self) -> tuple[Ints, Ints, Codes, Floats]:
        """What kernels read."""
        return self.at, self.length, self.holder, self.share

    def at_least(self, threshold: float, companies: Codes | None = None) -> Owners:
        """Ultimate holders whose share reaches a threshold for certain or possibly.

        Args:
            threshold: 0..1; compared with a tolerance of 1e-12.
            companies: int32: which; None: all.
        """
        asked = np.arange(len(self.at), dtype=np.int32) if companies is None else companies
        asked = asked[self.length[asked] > 0]
        room = 4 * len(asked) + 16
        while True:
            found = (np.empty(room, np.int32), np.empty(room, np.int32),
                     np.empty(room), np.empty(room))  # fmt: skip
            count = kernels.at_least(
                threshold - 1e-12, asked, self.arrays, self.open, self.lost, found
            )
            if count <= room:
                company, holder, low, high = found
                return Owners(company[:count], holder[:count], low[:count], high[:count])
            room = count


def solve(shares: Shares) -> Ownership:
    """Find the loops and solve each; closed circles become findings and are set aside."""
    parties = shares.parties
    label, place = np.empty(parties, np.int32), np.empty(parties, np.int32)
    every = np.arange(parties, dtype=np.int32)
    start, length, holder, _ = shares.graph
    members, at = kernels.components(
        every, start, length, holder, np.zeros(parties, np.int32), label, place
    )
    looped, leak = kernels.leaks(members, at, label, shares.graph, shares.remainder)
    shares, findings = set_closed_aside(shares, members, at, label, looped & (leak <= CLOSED))
    block_at, blocks = solved_blocks(shares, members, at, label, place, looped)
    unrecorded = shares.remainder.copy()
    components = np.arange(len(looped), dtype=np.int32)
    kernels.downward(components, members, at, label, shares.graph, block_at, blocks, unrecorded)
    order, below_start, below_length = kernels.neighbours(shares.holder, parties)
    below = below_start, below_length, shares.company[order]
    return Ownership(
        shares, members, at, label, place, block_at, blocks, np.minimum(unrecorded, 1.0), below,
        (*shares.findings, *findings),
    )  # fmt: skip


def set_closed_aside(
    shares: Shares, members: Codes, at: Ints, label: Codes, closed: np.ndarray
) -> tuple[Shares, list[Finding]]:
    """Shares inside closed circles count for nothing: who holds those companies is unknown."""
    if not closed.any():
        return shares, []
    findings, share = [], shares.share.copy()
    remainder = shares.remainder.copy()
    for component in np.flatnonzero(closed).tolist():
        circle = members[at[component] : at[component + 1]]
        rows = inside_rows(shares, circle, label)
        share[rows] = 0.0
        remainder[circle] = 1.0
        findings.append(
            Finding(
                Fault.CLOSED,
                tuple(sorted(circle.tolist())),
                tuple(sorted(shares.edge[rows].tolist())),
            )
        )
    return replace(shares, share=share, remainder=remainder), findings


def inside_rows(shares: Shares, circle: Codes, label: Codes) -> Ints:
    """Positions of what the companies of one component certainly hold of each other."""
    rows = np.concatenate(
        [np.arange(shares.start[c], shares.start[c] + shares.length[c]) for c in circle.tolist()]
    )
    inside = (label[shares.holder[rows]] == label[circle[0]]) & (shares.share[rows] > 0)
    return np.asarray(rows[inside], np.int64)


def solved_blocks(
    shares: Shares, members: Codes, at: Ints, label: Codes, place: Codes, looped: np.ndarray
) -> tuple[Ints, Floats]:
    """Where the solution of each component begins, and the solutions."""
    size = np.diff(at)
    room = np.where(looped, size * size, 0)
    begin = np.cumsum(room) - room
    block_at = np.where(looped, begin, -1).astype(np.int64)
    blocks = np.zeros(int(room.sum()))
    kernels.small_blocks(
        members, at, label, place, shares.graph, shares.remainder, block_at, blocks, DENSE_MAX
    )
    for component in np.flatnonzero(looped & (size > DENSE_MAX)).tolist():
        circle = members[at[component] : at[component + 1]]
        count = len(circle)
        solution = blocks[begin[component] : begin[component] + count * count]
        solution[:] = _large_inverse(shares, circle, label, place).ravel()
    return block_at, blocks


def _large_inverse(shares: Shares, circle: Codes, label: Codes, place: Codes) -> Floats:
    """(I - Q)^-1 of a large component by LU, refined once (Newton): X + X (I - M X)."""
    inside, _ = kernels.block_inside(circle, label, place, shares.graph)
    identity = np.eye(len(circle))
    matrix = identity - inside
    inverse = np.linalg.inv(matrix)
    inverse += inverse @ (identity - matrix @ inverse)
    return np.asarray(np.maximum(inverse, 0.0), np.float64)


def holders_of(ownership: Ownership, company: int) -> Held:
    """Everybody with a share in a company, directly or through others, itself included."""
    shares = ownership.shares
    above = _components(ownership, company, shares.start, shares.length, shares.holder)
    value = np.zeros(shares.parties)
    value[company] = 1.0
    kernels.upward(
        np.ascontiguousarray(above[::-1]), ownership.members, ownership.at,
        ownership.label, shares.graph,
        ownership.block_at, ownership.blocks, value,
    )  # fmt: skip
    party = _members(ownership, above)
    walks = value[party]
    returns = _returns(ownership, party)
    own = party == company
    walks[own] -= 1.0
    low = np.where(own, 1.0 - 1.0 / returns, walks / returns)
    high = np.minimum(low + ownership.open[company] - low * ownership.open[party], 1.0)
    kept = walks > 0
    return Held(party[kept], low[kept], high[kept], walks[kept])


def held_by(ownership: Ownership, holder: int) -> Held:
    """Every company in which a party has a share, directly or through others."""
    below = _components(ownership, holder, *ownership.below)
    value = np.zeros(ownership.shares.parties)
    value[holder] = 1.0
    kernels.downward(
        below, ownership.members, ownership.at, ownership.label, ownership.shares.graph,
        ownership.block_at, ownership.blocks, value,
    )  # fmt: skip
    party = _members(ownership, below)
    walks = value[party]
    returns = float(_returns(ownership, np.array([holder], np.int32))[0])
    own = party == holder
    walks[own] -= 1.0
    low = np.where(own, 1.0 - 1.0 / returns, walks / returns)
    unrecorded = ownership.open
    high = np.minimum(low + unrecorded[party] - low * unrecorded[holder], 1.0)
    kept = walks > 0
    return Held(party[kept], low[kept], high[kept], walks[kept])


def _components(ownership: Ownership, party: int, start: Ints, length: Ints, other: Codes) -> Codes:
    """The components met from a party on, in the order in which holders come first."""
    marked = np.zeros(ownership.shares.parties, np.bool_)
    roots = np.array([party], np.int32)
    met = kernels.reached(roots, start, length, other, marked)
    return np.unique(ownership.label[met])


def _members(ownership: Ownership, components: Codes) -> Codes:
    at = ownership.at
    return np.concatenate([ownership.members[at[each] : at[each + 1]] for each in components])


def _returns(ownership: Ownership, party: Codes) -> Floats:
    """N[i, i] of each party: 1 where it is on no loop."""
    returns = np.ones(len(party))
    component = ownership.label[party]
    begin = ownership.block_at[component]
    looped = begin >= 0
    size = ownership.at[component + 1] - ownership.at[component]
    diagonal = begin + ownership.place[party].astype(np.int64) * (size + 1)
    returns[looped] = ownership.blocks[diagonal[looped]]
    return returns


def ultimate_holders(ownership: Ownership, keep: int = KEEP) -> Lists:
    """The ultimate holders of every company, in one pass from the top down.

    Args:
        ownership: Solved.
        keep: Holders kept of one company, the largest ones. Dropping some moves their share into
            `lost` of that company and, in proportion, of what it holds, so bounds stay true.
    """
    parties = ownership.shares.parties
    list_at, length = np.zeros(parties, np.int64), np.zeros(parties, np.int64)
    lost, sums = np.zeros(parties), np.zeros(parties)
    seen = np.empty(parties, np.int32)
    room = 8 * len(ownership.shares.share) + 1024
    holder, share = np.empty(room, np.int32), np.empty(room)
    component, fill, count = 0, 0, len(ownership.block_at)
    while True:
        component, fill = kernels.spread(
            component, ownership.members, ownership.at, ownership.label, ownership.shares.graph,
            ownership.block_at, ownership.blocks, (list_at, length, holder, share), fill, lost,
            sums, seen, keep,
        )  # fmt: skip
        if component == count:
            break
        holder = np.concatenate((holder, np.empty_like(holder)))
        share = np.concatenate((share, np.empty_like(share)))
    return Lists(list_at, length, holder[:fill], share[:fill], lost, ownership.open)
