"""Who may cast which votes: shares, entrusted or held in another's name, partners, concert.

A claim is a bundle of votes in one company that one party casts. Votes are whole billionths of a
company, rounded down, so that sums are exact and a half is a half: what is certain is never
overstated, and what rounding leaves over belongs to nobody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from headrace.graph.ownership import kernels
from headrace.graph.ownership.shares import Bools, Codes, Finding, Floats, Ints, Shares

WHOLE = 1_000_000_000
NOBODY = -1
BEYOND = 1 << 31  # above every code of a party
HANDOVERS_MAX = 8  # a vote entrusted on and on; longer chains, and circles, stop here


class Agreement(IntEnum):
    """What changes who casts votes.

    PROXY: the subject entrusts its votes in `about` (NOBODY: in everything) to the object.
    NOMINEE: the subject holds `about` (or everything) in its name for the object.
    CONCERT: subject and object cast their votes in `about` (or in everything) together.
    CONTRACT: the subject controls the object by contract, or appoints most of its board.
    PARTNER: the subject is a general partner of the object, a partnership, and runs it.
    """

    PROXY = 0
    NOMINEE = 1
    CONCERT = 2
    CONTRACT = 3
    PARTNER = 4


@dataclass(frozen=True)
class Agreements:
    """Agreements, one row each.

    Attributes:
        kind: int8 (k,): of `Agreement`.
        subject: int32 (k,).
        object: int32 (k,).
        about: int32 (k,): the company, NOBODY where it is about everything.
        edge: int64 (k,): what identifies each.
    """

    kind: NDArray[np.int8]
    subject: Codes
    object: Codes
    about: Codes
    edge: Ints

    def only(self, *kinds: Agreement) -> "Agreements":
        """Those of some kinds."""
        return self.rows(np.isin(self.kind, [int(kind) for kind in kinds]))

    def rows(self, which: Bools) -> "Agreements":
        """Some of them."""
        return Agreements(
            self.kind[which], self.subject[which], self.object[which], self.about[which],
            self.edge[which],
        )  # fmt: skip


def no_agreements() -> Agreements:
    """None at all."""
    codes = np.empty(0, np.int32)
    return Agreements(np.empty(0, np.int8), codes, codes, codes, np.empty(0, np.int64))


@dataclass(frozen=True)
class Votes:
    """Claims, company after company.

    Attributes:
        parties: How many parties there are.
        start: int64 (parties,): where the claims on each company begin.
        length: int64 (parties,): how many there are.
        claimant: int32: by claim, who casts the votes.
        company: int32: by claim.
        units: int64: by claim, certain votes in billionths.
        pool: int32: by claim; claims on a company with one pool are cast together; -1: alone.
        edge: int64: by claim, the holding or the agreement it comes from.
        by: int64: by claim, the agreement that handed it over, -1 where none did.
        remainder: int64 (parties,): votes of each company that nobody is recorded to have.
        own: start, length (int64 (parties,)), claim int64: the claims of each party.
        allies: start, length (int64 (parties,)), party int32, edge int64: concert in everything.
        in_concert: Whether there are parties in concert at all.
        findings: What was wrong with the records.
    """

    parties: int
    start: Ints
    length: Ints
    claimant: Codes
    company: Codes
    units: Ints
    pool: Codes
    edge: Ints
    by: Ints
    remainder: Ints
    own: tuple[Ints, Ints, Ints]
    allies: tuple[Ints, Ints, Codes, Ints]
    in_concert: bool
    findings: tuple[Finding, ...]


def read_votes(shares: Shares, agreements: Agreements) -> Votes:
    """Votes from shares that carry votes, and agreements about them.

    A company's own shares carry no vote, but stay in the whole (treasury shares). Of several
    general partners none certainly runs the partnership, and each possibly does; limited partners
    have no say, so their shares are not among those given here. Control by contract stands beside
    the votes: both controllers are found.

    Args:
        shares: Of those who vote.
        agreements: About their votes.
    """
    claims = claims_of(shares.holder, shares.company, shares.share, shares.edge, agreements)
    remainder = unrecorded(shares, agreements)
    start, length = shares.start, shares.length
    if len(claims.company) > len(shares.company):
        order, start, length = kernels.neighbours(claims.company, shares.parties)
        claims = claims.rows(order)
    concert = agreements.only(Agreement.CONCERT)
    pool = pools(claims.claimant, start, length, concert)
    own_order, own_start, own_length = kernels.neighbours(claims.claimant, shares.parties)
    return Votes(
        shares.parties, start, length, claims.claimant, claims.company, claims.units, pool,
        claims.edge, claims.by, remainder, (own_start, own_length, own_order),
        _allies(concert, shares.parties), len(concert.kind) > 0, shares.findings,
    )  # fmt: skip


@dataclass(frozen=True)
class Claims:
    """Votes that are cast: who, in what, how many, from which holding, by which agreement."""

    claimant: Codes
    company: Codes
    units: Ints
    edge: Ints
    by: Ints

    def rows(self, which: Ints) -> "Claims":
        """Some of them."""
        return Claims(
            self.claimant[which], self.company[which], self.units[which], self.edge[which],
            self.by[which],
        )  # fmt: skip


def claims_of(
    holder: Codes, company: Codes, share: Floats, edge: Ints, agreements: Agreements
) -> Claims:
    """The claims that certain shares and agreements make, those of agreements last."""
    claimant, by = handed_over(holder, company, agreements)
    units = in_units(share)
    units[holder == company] = 0
    partners = agreements.only(Agreement.PARTNER)
    beside = agreements.only(Agreement.CONTRACT)
    if not len(partners.kind) + len(beside.kind):
        return Claims(claimant, company, units, edge, by)
    _, which, count = np.unique(partners.object, return_inverse=True, return_counts=True)
    alone = np.where((count[which] > 1) | (partners.subject == partners.object), 0, WHOLE)
    other = np.where(beside.subject == beside.object, 0, WHOLE)  # nothing controls itself
    return Claims(
        np.concatenate([claimant, partners.subject, beside.subject]),
        np.concatenate([company, partners.object, beside.object]),
        np.concatenate([units, alone, other]),
        np.concatenate([edge, partners.edge, beside.edge]),
        np.concatenate([by, np.full(len(partners.kind) + len(beside.kind), NOBODY)]),
    )


def in_units(share: Floats) -> Ints:
    """Shares in billionths, rounded down; 1e-3 of a unit is given for the binary form."""
    return np.floor(share * WHOLE + 1e-3).astype(np.int64)


def unrecorded(shares: Shares, agreements: Agreements) -> Ints:
    """Votes that nobody is recorded to have; what rounding alone leaves over is nobody's.

    Where several run a partnership, each may have all of them.
    """
    units = in_units(shares.share)
    total = np.bincount(shares.company, units, shares.parties).astype(np.int64)  # < 2^53: exact
    left = np.maximum(WHOLE - total, 0)
    left = np.where((shares.remainder > 0) & (left > shares.length), left, 0)
    run = agreements.only(Agreement.PARTNER).object
    partnership, count = np.unique(run, return_counts=True)
    left[partnership] = np.where(count > 1, WHOLE, 0)
    return left


def handed_over(holder: Codes, company: Codes, agreements: Agreements) -> tuple[Codes, Ints]:
    """Who casts each holder's votes in a company, and the agreement by which, -1 for none.

    Votes go on where they were entrusted on, eight times at most. What is entrusted for one
    company goes before what is entrusted for all.
    """
    handing = agreements.only(Agreement.PROXY, Agreement.NOMINEE)
    claimant, by = holder.copy(), np.full(len(holder), NOBODY, np.int64)
    if not len(handing.kind):
        return claimant, by
    key = handing.subject.astype(np.int64) * BEYOND + handing.about + 1
    order = np.argsort(key, kind="stable")
    key = key[order]
    for _ in range(HANDOVERS_MAX):
        base = claimant.astype(np.int64) * BEYOND
        moved = np.zeros(len(claimant), np.bool_)
        for wanted in (base + company + 1, base):
            place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
            found = (key[place] == wanted) & ~moved
            row = order[place[found]]
            claimant[found], by[found] = handing.object[row], handing.edge[row]
            moved |= found
        if not moved.any():
            break
    return claimant, by


def pools(claimant: Codes, start: Ints, length: Ints, concert: Agreements) -> Codes:
    """Claims on a company that its parties in concert cast together have one number, -1: none."""
    pool = np.full(len(claimant), -1, np.int32)
    about_one = np.flatnonzero(concert.about >= 0)
    rows = zip(
        concert.about[about_one].tolist(), concert.subject[about_one].tolist(),
        concert.object[about_one].tolist(), strict=True,
    )  # fmt: skip
    for number, (company, group) in enumerate(_concert_groups(rows)):
        claims = slice(start[company], start[company] + length[company])
        pool[claims][np.isin(claimant[claims], list(group))] = number
    return pool


def _concert_groups(rows: Iterable[tuple[int, int, int]]) -> Iterable[tuple[int, set[int]]]:
    """Of each company, the groups that agreements between two parties make."""
    groups: dict[int, list[set[int]]] = {}
    for company, one, other in rows:
        apart, joined = [], {one, other}
        for group in groups.get(company, []):
            if group & joined:
                joined |= group
            else:
                apart.append(group)
        groups[company] = [*apart, joined]
    return [(company, group) for company, found in groups.items() for group in found]


def _allies(concert: Agreements, parties: int) -> tuple[Ints, Ints, Codes, Ints]:
    rows = concert.about < 0
    one, other = concert.subject[rows], concert.object[rows]
    order, start, length = kernels.neighbours(np.concatenate([one, other]), parties)
    edge = np.concatenate([concert.edge[rows], concert.edge[rows]])
    return start, length, np.concatenate([other, one])[order], edge[order]
