"""Signs that two companies may shift assets between them, though nobody is known to control both.

Art. 3(4) of 商业银行集团客户授信业务风险管理指引 leaves it to the bank. Here two companies are
possibly of one group when enough different signs tie them: a guarantee, a loan, money that went
both ways, an officer in common, an address, phone or device in common. What very many share (a
registration agent's address) is no sign.
"""

from dataclasses import dataclass

import numpy as np

from headrace.graph.groups.basis import (
    NOTHING,
    Basis,
    Codes,
    Floats,
    Ints,
    Mask,
    Ragged,
    first_rows,
    matching,
    ragged,
)
from headrace.graph.groups.memberships import Found, Memberships, both, by_rule, nobody
from headrace.graph.groups.rules import RuleBook
from headrace.graph.relations.kinds import Kind, Type

RULE = "group.other"
_NO_COMPANY = (Type.PERSON, Type.STATE, Type.ATTRIBUTE, Type.CHAIN_NODE)


@dataclass(frozen=True)
class _Ties:
    """Pairs of companies, each both ways round, with how many signs tie them and where."""

    near: Codes
    far: Codes
    signs: Floats
    proof: Ragged

    def where(self, mask: Mask) -> "_Ties":
        rows = np.flatnonzero(mask)
        return _Ties(self.near[rows], self.far[rows], self.signs[rows], self.proof.take(rows))


def connected_by_signs(basis: Basis, book: RuleBook, core: Memberships) -> Memberships:
    """Possible members by signs: in every star of the other company, or around it if it has none.

    Args:
        basis: What is looked at.
        book: Its rule `group.other` says how many signs are needed.
        core: Members by control; whoever is in a star already is not brought in by signs.
    """
    entry = book.get(RULE)
    if entry is None:
        return nobody()
    ties = _ties(basis, entry[1].signs_min, entry[1].users_max)
    in_star = np.zeros(basis.parties, np.bool_)
    in_star[core.member] = in_star[core.head] = True
    alone = ties.where(~in_star[ties.near] & ~in_star[ties.far])
    return by_rule(book, RULE, both(_into_stars(basis, core, ties), _around(basis, alone)))


def _into_stars(basis: Basis, core: Memberships, ties: _Ties) -> Found:
    """Whoever is tied to a member, or the head, of a star that it is not in."""
    width = basis.parties
    head = np.unique(core.head)
    nothing = ragged((), len(head))
    rows = first_rows(core.head, core.member)
    star = np.concatenate([core.head[rows], head]).astype(np.int64)
    inside = np.concatenate([core.member[rows], head]).astype(np.int64)
    proof = core.proof.take(rows)
    left, right = matching(inside, ties.near.astype(np.int64))
    fresh = ~np.isin(star[left] * width + ties.far[right], star * width + inside)
    left, right = left[fresh], right[fresh]
    from_star = Ragged(
        np.concatenate([proof.offsets, proof.offsets[-1] + nothing.offsets[1:]]), proof.items
    )
    return Found(
        star[left],
        ties.far[right],
        np.ones(len(left), np.bool_),
        from_star.take(left).beside(ties.proof.take(right)),
        ties.signs[right],
        ties.signs[right],
    )


def _around(basis: Basis, alone: _Ties) -> Found:
    """Stars of companies that nobody controls; a star of one ray only where it is not another's."""
    rays = np.bincount(alone.near, minlength=basis.parties)
    smaller = (rays[alone.far] == 1) & (alone.near < alone.far)
    ties = alone.where((rays[alone.near] > 1) | smaller)
    certain = np.ones(len(ties.near), np.bool_)
    return Found(ties.near, ties.far, certain, ties.proof, ties.signs, ties.signs)


def _ties(basis: Basis, signs_min: int, users_max: int) -> _Ties:
    kinds = [
        _direct(basis, Kind.GUARANTEES),
        _direct(basis, Kind.LENDS),
        _both_ways(basis),
        _shared(basis, users_max),
        _officers(basis, users_max),
    ]
    sign = np.repeat(np.arange(len(kinds)), [len(each[0]) for each in kinds])
    one, two, first, second = (np.concatenate(part) for part in zip(*kinds, strict=True))
    low, high = np.minimum(one, two), np.maximum(one, two)
    types = basis.snapshot.type_of
    companies = ~np.isin(types[low], _NO_COMPANY) & ~np.isin(types[high], _NO_COMPANY)
    companies &= (low != high) & (low != basis.bank) & (high != basis.bank)
    rows = np.flatnonzero(companies)
    rows = rows[first_rows(low[rows], high[rows], sign[rows])]
    starts = np.flatnonzero(
        np.diff(low[rows], prepend=-1).astype(np.bool_)
        | np.diff(high[rows], prepend=-1).astype(np.bool_)
    )
    counts = np.diff(np.append(starts, len(rows)))
    items = ragged((first[rows], second[rows]), len(rows))
    proof = Ragged(np.append(items.offsets[starts], items.offsets[-1]), items.items)
    enough = np.flatnonzero(counts >= signs_min)
    near, far = low[rows][starts][enough], high[rows][starts][enough]
    return _Ties(
        np.concatenate([near, far]).astype(np.int32),
        np.concatenate([far, near]).astype(np.int32),
        np.tile(counts[enough].astype(np.float64), 2),
        proof.take(np.tile(enough, 2)),
    )


_Sign = tuple[Codes, Codes, Ints, Ints]


def _direct(basis: Basis, kind: Kind) -> _Sign:
    edges = basis.edges(kind)
    snapshot = basis.snapshot
    return snapshot.subject[edges], snapshot.object[edges], edges, np.full(len(edges), NOTHING)


def _both_ways(basis: Basis) -> _Sign:
    """Money from each to the other: the first payment of each."""
    edges = basis.edges(Kind.TRANSFERS)
    snapshot, width = basis.snapshot, basis.parties
    edges = edges[first_rows(snapshot.subject[edges], snapshot.object[edges])]
    there = snapshot.subject[edges].astype(np.int64) * width + snapshot.object[edges]
    back = snapshot.object[edges].astype(np.int64) * width + snapshot.subject[edges]
    left, right = matching(there, back)
    return snapshot.subject[edges[left]], snapshot.object[edges[left]], edges[left], edges[right]


def _shared(basis: Basis, users_max: int) -> _Sign:
    """Users of one attribute, where not too many use it."""
    edges = basis.edges(Kind.USES)
    snapshot = basis.snapshot
    return _together(edges, snapshot.object[edges], snapshot.subject[edges], users_max)


def _officers(basis: Basis, users_max: int) -> _Sign:
    """Companies at which one person holds office."""
    edges = basis.edges(Kind.OFFICE)
    snapshot = basis.snapshot
    return _together(edges, snapshot.subject[edges], snapshot.object[edges], users_max)


def _together(edges: Ints, hub: Codes, user: Codes, users_max: int) -> _Sign:
    rows = first_rows(hub, user)
    edges, hub, user = edges[rows], hub[rows], user[rows]
    _, place, count = np.unique(hub, return_inverse=True, return_counts=True)
    few = count[place] <= users_max
    edges, hub, user = edges[few], hub[few], user[few]
    left, right = matching(hub, hub)
    once = user[left] < user[right]
    left, right = left[once], right[once]
    return user[left], user[right], edges[left], edges[right]
