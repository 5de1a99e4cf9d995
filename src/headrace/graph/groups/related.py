"""Related parties of the bank (关联方), by 银行保险机构关联交易管理办法 as summaries give it.

Holders of 5 % and more of the bank, whoever controls, acts with or is behind them, the bank's own
officers, the close relatives of persons among them, and what any of them, or the bank, controls.
This is who is related at one moment; the twelve months before and after are laid over it by
`headrace.graph.groups.window`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.groups.basis import (
    NANO,
    NOTHING,
    Basis,
    Ints,
    Mask,
    Ragged,
    at_most,
    first_rows,
    gathered,
    matching,
    nano,
    ragged,
    stacked,
)
from headrace.graph.groups.kinship import DOWN, close_relatives
from headrace.graph.groups.memberships import (
    Found,
    Memberships,
    by_rule,
    heads,
    nobody,
    reaches,
    together,
)
from headrace.graph.groups.rules import GroupKind, Rule, RuleBook
from headrace.graph.relations.kinds import Kind, Type

_PARENTS_AND_CHILDREN = 2  # generations in the line: spouse, parents and children
_BROTHERS_AND_SISTERS = 2


def related_parties(basis: Basis, book: RuleBook) -> Memberships:
    """Everybody related to the bank, with every reason."""
    if basis.bank < 0:
        return nobody()
    holders = _others(basis, _holders(basis, book))
    owning = together([holders, _others(basis, _controllers(basis, book, holders))])
    behind = [_concert(basis, book, owning), _beneficiaries(basis, book, owning)]
    behind = [_others(basis, each) for each in behind]
    officers = _officers(basis, book)
    owning = together([owning, *behind])
    person = basis.snapshot.type_of == Type.PERSON
    insiders = together([owning.where(person[owning.member]), officers])
    kin = _relatives(basis, book, insiders)
    insiders = together([insiders, kin])
    rows = [
        owning,
        officers,
        kin,
        _controlled(basis, book, "related.controlled_by_holder", owning),
        _controlled(basis, book, "related.controlled_by_insider", insiders),
        _subsidiaries(basis, book),
    ]
    whole = _others(basis, together(rows))
    return together([whole, heads(GroupKind.RELATED, whole.head)])


def _others(basis: Basis, rows: Memberships) -> Memberships:
    """Without the bank, which is not related to itself, though it may hold its own shares."""
    return rows.where(rows.member != basis.bank)


def _holders(basis: Basis, book: RuleBook) -> Memberships:
    """Who holds 5 % and more, with what it controls and with whoever acts with it."""
    entry = book.get("related.holder")
    if entry is None:
        return nobody()
    control = basis.control
    holder, edge, via = _shares_of_the_bank(basis)
    left, row = matching(holder, control.controlled.astype(np.int64))
    friend, other, tie = _acting_together(basis)
    near, far = matching(holder, friend)
    hands = _Hands(
        np.concatenate([holder, control.controller[row], other[far]]),
        np.concatenate([edge, edge[left], edge[near]]),
        np.concatenate([via, via[left], via[near]]),
        np.concatenate([np.full(len(holder), NOTHING), ~row, tie[far]]),
        np.concatenate([np.ones(len(holder)), control.certain[row], np.ones(len(far))]) > 0,
    )
    return by_rule(book, "related.holder", _summed(basis, entry[1], hands))


@dataclass(frozen=True)
class _Hands:
    """Who has a hand in which holding of the bank, by what, and whether for certain."""

    who: Ints
    edge: Ints
    via: Ints
    tie: Ints
    sure: Mask


def _shares_of_the_bank(basis: Basis) -> tuple[Ints, Ints, Ints]:
    """Holders, with equity and votes; and who casts them for a holder, by which agreement."""
    snapshot, votes = basis.snapshot, basis.votes
    edges = np.concatenate([basis.edges(Kind.OWNS), basis.edges(Kind.VOTES)])
    edges = edges[snapshot.object[edges] == basis.bank]
    cast = np.flatnonzero((votes.company == basis.bank) & (votes.by >= 0))
    return (
        np.concatenate([snapshot.subject[edges], votes.holder[cast]]).astype(np.int64),
        np.concatenate([edges, votes.edge[cast]]),
        np.concatenate([np.full(len(edges), NOTHING), votes.by[cast]]),
    )


def _acting_together(basis: Basis) -> tuple[Ints, Ints, Ints]:
    """Pairs that act in concert about the bank, or about everything, both ways, and the edges."""
    snapshot = basis.snapshot
    edges = basis.edges(Kind.ACTS_WITH)
    about = snapshot.about[edges]
    edges = edges[(about < 0) | (about == basis.bank)]
    one, two = snapshot.subject[edges].astype(np.int64), snapshot.object[edges].astype(np.int64)
    return np.concatenate([one, two]), np.concatenate([two, one]), np.tile(edges, 2)


def _summed(basis: Basis, rule: Rule, hands: _Hands) -> Found:
    """Per party the sum of the holdings it has a hand in, each holder's once."""
    snapshot, who, edge = basis.snapshot, hands.who, hands.edge
    holder = snapshot.subject[edge]
    low = _per_party(who, holder, np.maximum(nano(snapshot.low[edge]), 0) * hands.sure)
    high = _per_party(who, holder, at_most(snapshot.high[edge]))
    enough = reaches(rule, high)
    kept = np.flatnonzero(np.isin(who, np.unique(who)[enough]))
    return Found(
        np.full(int(enough.sum()), basis.bank),
        np.unique(who)[enough],
        reaches(rule, low)[enough],
        gathered(ragged((edge[kept], hands.via[kept], hands.tie[kept]), len(kept)), who[kept]),
        low[enough] / NANO,
        high[enough] / NANO,
    )


def _per_party(
    who: NDArray[np.integer], holder: NDArray[np.integer], share: NDArray[np.integer]
) -> Ints:
    """Sums of each holder's largest share: equity and votes of one holding are not added."""
    order = np.argsort(-share, kind="stable")
    rows = order[first_rows(who[order], holder[order])]
    parties, place = np.unique(who[rows], return_inverse=True)
    total = np.zeros(len(parties), np.int64)
    np.add.at(total, place, share[rows])
    return np.minimum(total, NANO)


def _controllers(basis: Basis, book: RuleBook, holders: Memberships) -> Memberships:
    control = basis.control
    left, row = matching(holders.member, control.controlled)
    found = Found(
        np.full(len(left), basis.bank),
        control.controller[row],
        holders.certain[left] & control.certain[row],
        holders.proof.take(left).beside(ragged((~row,), len(row))),
    )
    return by_rule(book, "related.holder_controller", found)


def _concert(basis: Basis, book: RuleBook, owning: Memberships) -> Memberships:
    one, other, edges = _acting_together(basis)
    left, right = matching(owning.member.astype(np.int64), one)
    found = Found(
        np.full(len(left), basis.bank),
        other[right],
        owning.certain[left],
        owning.proof.take(left).beside(ragged((edges[right],), len(right))),
    )
    return by_rule(book, "related.concert", found)


def _beneficiaries(basis: Basis, book: RuleBook, owning: Memberships) -> Memberships:
    """Persons behind a holder; the proof is the holder's, and the chain of edges to the person."""
    entry = book.get("related.beneficiary")
    if entry is None:
        return nobody()
    owners = basis.owners
    left, row = matching(owning.member, owners.owned)
    enough = reaches(entry[1], nano(owners.high[row]))
    left, row = left[enough], row[enough]
    chains = [owners.chain(int(owners.owner[each]), int(owners.owned[each])) for each in row]
    behind = stacked([Ragged(np.array([0, len(each)], np.int64), each) for each in chains])
    found = Found(
        np.full(len(left), basis.bank),
        owners.owner[row],
        owning.certain[left] & reaches(entry[1], nano(owners.low[row])),
        owning.proof.take(left).beside(behind),
        owners.low[row],
        owners.high[row],
    )
    return by_rule(book, "related.beneficiary", found)


def _officers(basis: Basis, book: RuleBook) -> Memberships:
    entry = book.get("related.officer")
    if entry is None:
        return nobody()
    snapshot = basis.snapshot
    edges = basis.with_roles(Kind.OFFICE, entry[1].roles)
    edges = edges[snapshot.object[edges] == basis.bank]
    certain = np.ones(len(edges), np.bool_)
    head = np.full(len(edges), basis.bank)
    found = Found(head, snapshot.subject[edges], certain, ragged((edges,), len(edges)))
    return by_rule(book, "related.officer", found)


def _relatives(basis: Basis, book: RuleBook, insiders: Memberships) -> Memberships:
    """Spouses, parents, adult children, siblings; a child whose age is not known: possibly."""
    if book.get("related.kin") is None or not len(insiders):
        return nobody()
    kin = close_relatives(basis, _PARENTS_AND_CHILDREN, _BROTHERS_AND_SISTERS)
    left, right = matching(insiders.member, kin.person)
    relative = kin.relative[right]
    child = kin.relation[right] == DOWN
    grown, told = _of_age(basis)
    found = Found(
        np.full(len(left), basis.bank),
        relative,
        insiders.certain[left] & (~child | told[relative]),
        insiders.proof.take(left).beside(kin.proof.take(right)),
    )
    return by_rule(book, "related.kin", found.where(~child | ~told[relative] | grown[relative]))


def _of_age(basis: Basis) -> tuple[Mask, Mask]:
    adult, known = basis.known.adult, basis.known.adult_known
    if adult is None or known is None:
        nobody_known = np.zeros(basis.parties, np.bool_)
        return nobody_known, nobody_known
    return adult, known


def _controlled(basis: Basis, book: RuleBook, name: str, by: Memberships) -> Memberships:
    control = basis.control
    left, row = matching(by.member, control.controller)
    found = Found(
        np.full(len(left), basis.bank),
        control.controlled[row],
        by.certain[left] & control.certain[row],
        by.proof.take(left).beside(ragged((~row,), len(row))),
        control.low[row],
        control.high[row],
    )
    return by_rule(book, name, found)


def _subsidiaries(basis: Basis, book: RuleBook) -> Memberships:
    control = basis.control
    row = np.flatnonzero(control.controller == basis.bank)
    head = np.full(len(row), basis.bank)
    proof = ragged((~row,), len(row))
    found = Found(
        head,
        control.controlled[row],
        control.certain[row],
        proof,
        control.low[row],
        control.high[row],
    )
    return by_rule(book, "related.subsidiary", found)
