"""Control that no relative has alone: the votes of a family, and of what it controls, together.

For a person the coalition begins with the person, the close relatives and all that any of them
controls; a company joins when the coalition's votes in it are above the threshold; and so on until
none joins.
"""

from dataclasses import dataclass

import numpy as np

from headrace.graph.groups.basis import (
    NANO,
    NOTHING,
    Basis,
    Ints,
    Mask,
    Ragged,
    first_rows,
    gathered,
    matching,
    ragged,
    stacked,
)
from headrace.graph.groups.kinship import Kin
from headrace.graph.groups.memberships import Found, both, reaches
from headrace.graph.groups.rules import Rule
from headrace.graph.relations.kinds import Type


@dataclass(frozen=True)
class _Coalitions:
    """Who stands with whom: pairs of head and party, and on what each rests."""

    head: Ints
    party: Ints
    proof: Ragged


def joint_control(basis: Basis, rule: Rule, kin: Kin) -> Found:
    """Companies that a voting person controls only together with relatives.

    Certain with the least votes of each; possible if all votes that nobody is recorded to have
    were the family's too (as `headrace.graph.ownership.control` bounds control).
    """
    votes = basis.votes
    holders = np.unique(votes.holder)
    strong = np.union1d(holders, basis.control.controller)
    kin = kin.where(np.isin(kin.person, holders) & np.isin(kin.relative, strong))
    certain, anyhow = basis.control.certain, np.ones(len(basis.control), np.bool_)
    none = np.zeros(basis.parties, np.int64)
    sure = _joined(basis, rule, _Start(_start(basis, kin, certain), none, certain=True))
    rest = _Start(_start(basis, kin, anyhow), votes.besides, certain=False)
    maybe = _joined(basis, rule, rest)
    width = basis.parties
    is_sure = np.isin(maybe.head * width + maybe.member, sure.head * width + sure.member)
    return both(sure, maybe.where(~is_sure))


@dataclass(frozen=True)
class _Start:
    """Where counting begins: coalitions, votes per company that each has besides, and what for."""

    coalitions: _Coalitions
    besides: Ints
    certain: bool


def _start(basis: Basis, kin: Kin, counts: Mask) -> _Coalitions:
    """Persons, their relatives and what any of them controls; each party once per head."""
    control = basis.control
    rows = np.flatnonzero(counts)
    persons = np.unique(kin.person)
    none = ragged((), len(persons))
    head = np.concatenate([persons, kin.person]).astype(np.int64)
    party = np.concatenate([persons, kin.relative]).astype(np.int64)
    proof = stacked([none, kin.proof])
    left, right = matching(party, control.controller[rows].astype(np.int64))
    at = rows[right]
    owned = proof.take(left).beside(ragged((~at,), len(at)))
    return _once(
        np.concatenate([head, head[left]]),
        np.concatenate([party, control.controlled[at].astype(np.int64)]),
        stacked([proof, owned]),
    )


def _once(head: Ints, party: Ints, proof: Ragged) -> _Coalitions:
    order = np.argsort(proof.counts, kind="stable")
    rows = order[first_rows(head[order], party[order])]
    return _Coalitions(head[rows], party[rows], proof.take(rows))


def _joined(basis: Basis, rule: Rule, start: _Start) -> Found:
    """The companies that join the coalitions, with the votes on which they joined."""
    width, types = basis.parties, basis.snapshot.type_of
    now, besides, votes = start.coalitions, start.besides, basis.votes
    found, sums = [], []
    while True:
        left, right = matching(now.party, votes.holder)
        company = votes.company[right].astype(np.int64)
        key = now.head[left] * width + company
        outside = ~np.isin(key, now.head * width + now.party)
        outside &= types[company] != Type.PERSON
        left, right, key = left[outside], right[outside], key[outside]
        pairs, place = np.unique(key, return_inverse=True)
        total = np.zeros(len(pairs), np.int64)
        np.add.at(total, place, votes.least[right])
        new = reaches(rule, total + besides[pairs % width])
        if not new.any():
            break
        mine = new[place]
        by = votes.by[right[mine]]
        edges = ragged((votes.edge[right[mine]], np.where(by < 0, NOTHING, by)), len(by))
        proof = gathered(now.proof.take(left[mine]).beside(edges), place[mine])
        joined = pairs[new]
        most = np.minimum(total + besides[pairs % width], NANO)[new]
        found.append(
            Found(joined // width, joined % width, np.full(len(joined), start.certain), proof)
        )
        sums.append((total[new], most))
        now = _once(
            np.concatenate([now.head, joined // width]),
            np.concatenate([now.party, joined % width]),
            stacked([now.proof, proof]),
        )
    none = np.zeros(0, np.int64)
    return Found(
        np.concatenate([none, *(each.head for each in found)]),
        np.concatenate([none, *(each.member for each in found)]),
        np.concatenate([none.astype(np.bool_), *(each.certain for each in found)]),
        stacked([each.proof for each in found]),
        np.concatenate([none, *(each[0] for each in sums)]) / NANO,
        np.concatenate([none, *(each[1] for each in sums)]) / NANO,
    )
