"""A network for clearing out of the relations that stand, each edge with its fact."""

from dataclasses import dataclass

import numpy as np

from headrace.graph.contagion.network import (
    Debts,
    Floats,
    Holdings,
    Longs,
    Needs,
    Network,
    spread_over_debts,
)
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot


@dataclass(frozen=True)
class Bound:
    """A network, and the edges of the snapshot that each of its edges rests on.

    Attributes:
        network: Parties are the nodes of the snapshot.
        debts: int64: edge of the snapshot behind each debt; the same for guarantees, holdings and
            needs (one guarantee may stand behind several debts).
        guarantees: See debts.
        holdings: See debts.
        needs: See debts.
        unknown: int64: edges left out because their amount or share is not known, the two ends
            are one party, or more than the whole of a company would be held.
    """

    network: Network
    debts: Longs
    guarantees: Longs
    holdings: Longs
    needs: Longs
    unknown: Longs


def network_of(snapshot: Snapshot, cash_flow: Floats) -> Bound:
    """Loans as debts, guarantees of borrowers spread over them, equity, economic dependence.

    A share that is known within bounds counts with its low end: what may be held supports nobody.
    A dependence counts with its high end, times the party's cash flow.

    Args:
        snapshot: The relations that stand.
        cash_flow: float64 (n,): of each party within the horizon, minor units; NaN: not known.
    """
    two = snapshot.subject != snapshot.object
    priced = two & snapshot.amount_known & (snapshot.amount >= 0)
    needed = snapshot.high * cash_flow[snapshot.subject]
    lends, promises = (priced & (snapshot.kind == kind) for kind in (Kind.LENDS, Kind.GUARANTEES))
    owns = two & (snapshot.kind == Kind.OWNS) & (snapshot.low >= 0)
    whole = np.bincount(snapshot.object[owns], snapshot.low[owns], len(snapshot.parties))
    owns &= whole[snapshot.object] <= 1 + 1e-9
    depends = two & (snapshot.kind == Kind.DEPENDS) & (needed >= 0)
    at = [np.flatnonzero(mask) for mask in (lends, promises, owns, depends)]
    amount = snapshot.amount.astype(np.float64)
    debts = Debts(snapshot.object[at[0]], snapshot.subject[at[0]], amount[at[0]])
    guarantees, origin = spread_over_debts(
        debts, snapshot.subject[at[1]], snapshot.object[at[1]], amount[at[1]]
    )
    network = Network(
        len(snapshot.parties),
        debts,
        guarantees,
        Holdings(snapshot.subject[at[2]], snapshot.object[at[2]], snapshot.low[at[2]]),
        Needs(snapshot.subject[at[3]], snapshot.object[at[3]], needed[at[3]]),
    )
    kinds = np.isin(snapshot.kind, (Kind.LENDS, Kind.GUARANTEES, Kind.OWNS, Kind.DEPENDS))
    unknown = np.flatnonzero(kinds & ~(lends | promises | owns | depends))
    return Bound(network, at[0], at[1][origin], at[2], at[3], unknown)
