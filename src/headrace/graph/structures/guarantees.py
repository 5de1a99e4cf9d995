"""Who stands for whom: guarantees put together into links, one for each pair of parties."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Guarantees:
    """Guarantees as they were read, one row each.

    Attributes:
        guarantor: int32 (m,): who stands for the other.
        borrower: int32 (m,): for whom.
        amount: int64 (m,), minor units; of no meaning where not known.
        known: bool (m,): whether the amount is known.
        parties: How many parties there are; codes are from 0.
    """

    guarantor: Codes
    borrower: Codes
    amount: Ints
    known: Flags
    parties: int


@dataclass(frozen=True)
class Network:
    """Links by one of their ends: `head[party]` is a link or -1, `follow[link]` the next or -1."""

    head: Ints
    follow: Ints


@dataclass(frozen=True)
class Links:
    """One row for each pair of a guarantor and a borrower.

    Attributes:
        giver: int32 (links,): guarantor; rows are sorted by giver, then taker.
        taker: int32 (links,): borrower.
        amount: int64 (links,): the sum of what is known, minor units.
        count: int64 (links,): guarantees.
        unknown: int64 (links,): guarantees of unknown amount among them.
        parties: How many parties there are.
        row_at: int64 (links + 1,): where the guarantees of each link begin in `rows`.
        rows: int64: positions of guarantees by link; those given for oneself are not there.
        outward: The links by giver.
        inward: The links by taker.
    """

    giver: Codes
    taker: Codes
    amount: Ints
    count: Ints
    unknown: Ints
    parties: int
    row_at: Ints
    rows: Ints
    outward: Network
    inward: Network

    def __len__(self) -> int:
        """How many links."""
        return len(self.giver)

    def guarantees(self, link: int) -> Ints:
        """Positions of the guarantees that make up a link."""
        return self.rows[self.row_at[link] : self.row_at[link + 1]]


def links(given: Guarantees) -> Links:
    """Put guarantees together.

    Raises:
        InputError: If a code is not one of 0..parties - 1, or a known amount is negative.
    """
    _check(given)
    pair = given.guarantor.astype(np.int64) * given.parties + given.borrower
    apart = given.guarantor != given.borrower
    keys, of = np.unique(pair[apart], return_inverse=True)
    known = given.known[apart]
    count = np.bincount(of, minlength=len(keys))
    amount, unknown = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    np.add.at(amount, of[known], given.amount[apart][known])
    np.add.at(unknown, of[~known], 1)
    giver = (keys // max(given.parties, 1)).astype(np.int32)
    taker = (keys % max(given.parties, 1)).astype(np.int32)
    return Links(
        giver=giver,
        taker=taker,
        amount=amount,
        count=count,
        unknown=unknown,
        parties=given.parties,
        row_at=np.concatenate([[0], np.cumsum(count)]),
        rows=np.flatnonzero(apart)[np.argsort(of, kind="stable")],
        outward=network(giver, given.parties),
        inward=network(taker, given.parties),
    )


def links_of(snapshot: Snapshot) -> Links:
    """The links of a snapshot; `rows` are positions of its edges."""
    chosen = np.flatnonzero(snapshot.kind == Kind.GUARANTEES)
    found = links(
        Guarantees(
            snapshot.subject[chosen],
            snapshot.object[chosen],
            snapshot.amount[chosen],
            snapshot.amount_known[chosen],
            len(snapshot.parties),
        )
    )
    return replace(found, rows=chosen[found.rows])


def network(ends: Codes, parties: int) -> Network:
    """Links by their `ends`, each party's in order."""
    head, follow = np.full(parties, -1, np.int64), np.full(len(ends), -1, np.int64)
    order = np.argsort(ends, kind="stable")
    if order.size:
        same = ends[order[1:]] == ends[order[:-1]]
        follow[order[:-1][same]] = order[1:][same]
        firsts = order[np.concatenate([[True], ~same])]
        head[ends[firsts]] = firsts
    return Network(head, follow)


def part(whole: Links, chosen: Ints) -> tuple[Links, Codes]:
    """Some of the links as a small set of their own, and the code that each party had before."""
    ends = np.concatenate([whole.giver[chosen], whole.taker[chosen]])
    members, code = np.unique(ends, return_inverse=True)
    giver, taker = np.split(code.astype(np.int32), 2)
    count = whole.count[chosen]
    row_at = np.concatenate([[0], np.cumsum(count)])
    shift = np.repeat(whole.row_at[chosen] - row_at[:-1], count)
    small = Links(
        giver=giver,
        taker=taker,
        amount=whole.amount[chosen],
        count=count,
        unknown=whole.unknown[chosen],
        parties=len(members),
        row_at=row_at,
        rows=whole.rows[np.arange(row_at[-1]) + shift],
        outward=network(giver, len(members)),
        inward=network(taker, len(members)),
    )
    return small, members


def _check(given: Guarantees) -> None:
    both = np.concatenate([given.guarantor, given.borrower])
    if both.size and not 0 <= both.min() <= both.max() < given.parties:
        wrong = both[(both < 0) | (both >= given.parties)][0]
        raise InputError(
            f"party {wrong} is not one of 0 to {given.parties - 1}",
            where="guarantees",
            remedy="Give codes of the parties, from 0.",
        )
    below = np.flatnonzero(given.known & (given.amount < 0))
    if below.size:
        raise InputError(
            f"a guarantee of {given.amount[below[0]]} minor units cannot be",
            where=f"guarantees, row {below[0]}",
            remedy="Give amounts of 0 or more, or mark them as not known.",
        )
