"""From relations to holdings, votes and agreements; `edge` is the position in the snapshot."""

from dataclasses import dataclass

import numpy as np

from headrace.graph.ownership.shares import Bools, Holdings, Ints, Shares, read_shares
from headrace.graph.ownership.votes import Agreement, Agreements, handed_over
from headrace.graph.relations.kinds import Kind, Type
from headrace.graph.relations.snapshot import Snapshot

AGREEMENTS = {
    Kind.PROXY: Agreement.PROXY,
    Kind.NOMINEE: Agreement.NOMINEE,
    Kind.ACTS_WITH: Agreement.CONCERT,
    Kind.CONTROLS: Agreement.CONTRACT,
    Kind.GENERAL_PARTNER: Agreement.PARTNER,
}


@dataclass(frozen=True)
class Relations:
    """What relations say about ownership.

    Attributes:
        equity: Shares of capital: owned, and of partners; what is held for another is the other's.
        voting: Shares of votes: votes apart from capital where they are recorded, else capital;
            without the shares of limited partners.
        agreements: About votes.
        persons: bool (parties,): natural persons.
    """

    equity: Shares
    voting: Shares
    agreements: Agreements
    persons: Bools


def relations_of(snapshot: Snapshot) -> Relations:
    """Read the relations of a snapshot that concern ownership and votes.

    A share that is not stated is unknown. Neither a person nor the state can be held.
    """
    agreements = _agreements(snapshot)
    persons = snapshot.type_of == Type.PERSON
    unheld = persons | (snapshot.type_of == Type.STATE)
    kind = snapshot.kind
    owned = np.flatnonzero(kind == Kind.OWNS)
    partners = np.flatnonzero(
        (kind == Kind.LIMITED_PARTNER) | ((kind == Kind.GENERAL_PARTNER) & (snapshot.high >= 0))
    )
    capital = _holdings(snapshot, np.concatenate([owned, partners]))
    nominees = agreements.only(Agreement.NOMINEE)
    holder, _ = handed_over(capital.subject, capital.object, nominees)
    equity = read_shares(
        Holdings(holder, capital.object, capital.low, capital.high, capital.edge), unheld
    )
    apart = np.flatnonzero(kind == Kind.VOTES)
    if not len(apart) and not len(partners) and not len(nominees.kind):
        return Relations(equity, equity, agreements, persons)
    key = snapshot.object.astype(np.int64) * len(persons) + snapshot.subject
    follows = owned[~np.isin(key[owned], key[apart])]
    voting = read_shares(_holdings(snapshot, np.concatenate([follows, apart])), unheld)
    return Relations(equity, voting, agreements, persons)


def _holdings(snapshot: Snapshot, rows: Ints) -> Holdings:
    return Holdings(
        snapshot.subject[rows], snapshot.object[rows], snapshot.low[rows], snapshot.high[rows], rows
    )


def _agreements(snapshot: Snapshot) -> Agreements:
    table = np.full(len(Kind), -1, np.int8)
    for kind, agreement in AGREEMENTS.items():
        table[kind] = agreement
    rows = np.flatnonzero(table[snapshot.kind] >= 0)
    return Agreements(
        table[snapshot.kind[rows]], snapshot.subject[rows], snapshot.object[rows],
        snapshot.about[rows], rows,
    )  # fmt: skip
