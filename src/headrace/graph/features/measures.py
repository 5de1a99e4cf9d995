"""Graph features of parties: bad neighbours, guarantees, concentration, centrality, sharing.

Every value is of one `Snapshot`, so it rests only on what was known at the snapshot's time; who is
bad is given by the caller under the same condition.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from headrace.graph.features import kernels
from headrace.graph.relations.kernels import by_node
from headrace.graph.relations.kinds import MEANINGS, Kind, Type
from headrace.graph.relations.snapshot import Snapshot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

HOPS = 3
DAMPING = 0.85
LASTING = tuple(kind for kind, meaning in MEANINGS.items() if not meaning.event)
_NO_TIES = (Kind.ON_CHAIN,)  # firms of one industry are not thereby connected
TIES = tuple(kind for kind in Kind if kind not in _NO_TIES)


@dataclass(frozen=True)
class Ties:
    """Who is next to whom, each pair once, whatever the relations between them.

    Attributes:
        offsets: (n + 1,).
        neighbour: Neighbours of node v are `neighbour[offsets[v]:offsets[v + 1]]`, ascending.
    """

    offsets: Ints
    neighbour: NDArray[np.int32]


def ties(snapshot: Snapshot, kinds: tuple[Kind, ...] = TIES) -> Ties:
    """The pairs of nodes that some relation of these kinds connects."""
    chosen = snapshot.only(*kinds)
    nodes = len(snapshot.parties)
    ends = np.concatenate([chosen.subject, chosen.object]).astype(np.int64)
    others = np.concatenate([chosen.object, chosen.subject]).astype(np.int64)
    pairs = np.unique(ends * nodes + others)
    first = (pairs // max(nodes, 1)).astype(np.int32)
    offsets = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(first, minlength=nodes), out=offsets[1:])
    return Ties(offsets, (pairs % max(nodes, 1)).astype(np.int32))


def graph_features(snapshot: Snapshot, asked: list[str], bad: list[str], hub: int) -> pa.Table:
    """Values of the graph for some parties.

    Args:
        snapshot: What stood.
        asked: Codes of parties; one that no relation names has no values.
        bad: Codes of parties in default, or bad in another way, as known by then. A party's own
            state never enters its own values.
        hub: A node with more neighbours connects nobody with anybody.

    Returns:
        party and, as doubles:
        neighbours_1; bad_count_1, _2, _3: bad parties at exactly so many hops; bad_share_1, _2, _3:
        of the parties there, null where there are none;
        guarantees_given, guarantees_received: sums in minor units, null where none is stated;
        guarantee_circle: parties of the circle of mutual guarantees it is in, 0: none;
        top_customer_share, top_supplier_share, customer_hhi, supplier_hhi: of trade with partners
        (sum of squared shares), null without trade;
        pagerank: share of a random walk over lasting relations, times the number of nodes;
        core_number: see `kernels.coreness`;
        shared_with: other parties that use an address, phone or device of it;
        leader_offices: firms in which somebody with an office here holds one, too.
    """
    nodes = np.array([snapshot.parties.find(code) for code in asked], np.int64)
    known = nodes >= 0
    at = nodes[known].astype(np.int32)
    lasting = ties(snapshot, LASTING)
    columns: dict[str, Floats] = {
        **_badness(snapshot, at, bad, hub),
        **_guarantees(snapshot, at),
        **_concentration(snapshot, at),
        "pagerank": _pagerank(lasting)[at],
        "core_number": kernels.coreness(lasting.offsets, lasting.neighbour)[at].astype(float),
        "shared_with": _others_through(snapshot, Kind.USES, at, hub, snapshot.subject),
        "leader_offices": _others_through(snapshot, Kind.OFFICE, at, hub, snapshot.object),
    }
    table: dict[str, pa.Array] = {"party": pa.array(asked, pa.string())}
    for name, values in columns.items():
        whole = np.full(len(asked), np.nan)
        whole[known] = values
        table[name] = pa.array(whole, mask=np.isnan(whole))
    return pa.table(table)


def _badness(
    snapshot: Snapshot, at: NDArray[np.int32], bad: list[str], hub: int
) -> dict[str, Floats]:
    near = ties(snapshot)
    marked = np.zeros(len(snapshot.parties), np.bool_)
    found = [snapshot.parties.find(code) for code in bad]
    marked[[node for node in found if node >= 0]] = True
    counted = ~np.isin(snapshot.type_of, [Type.ATTRIBUTE, Type.CHAIN_NODE])
    reached, bads = kernels.near(near.offsets, near.neighbour, at, marked, counted, HOPS, hub)
    with np.errstate(invalid="ignore"):
        share = np.where(reached > 0, bads / reached, np.nan)
    columns = {"neighbours_1": reached[:, 0].astype(float)}
    for hop in range(HOPS):
        columns[f"bad_count_{hop + 1}"] = bads[:, hop].astype(float)
        columns[f"bad_share_{hop + 1}"] = share[:, hop]
    return columns


def _guarantees(snapshot: Snapshot, at: NDArray[np.int32]) -> dict[str, Floats]:
    edges = snapshot.only(Kind.GUARANTEES)
    nodes = len(snapshot.parties)
    sums = {}
    for name, side in (("guarantees_given", edges.subject), ("guarantees_received", edges.object)):
        stated = np.bincount(side[edges.amount_known], minlength=nodes)
        amount = np.bincount(side, edges.amount.astype(float), nodes)
        sums[name] = np.where(stated > 0, amount, np.nan)[at]
    matrix = csr_array((np.ones(len(edges)), (edges.subject, edges.object)), shape=(nodes, nodes))
    _, label = connected_components(matrix, connection="strong")
    size = np.bincount(label)[label]
    sums["guarantee_circle"] = np.where(size > 1, size, 0).astype(float)[at]
    return sums


def _concentration(snapshot: Snapshot, at: NDArray[np.int32]) -> dict[str, Floats]:
    edges = snapshot.only(Kind.TRADES, Kind.SUPPLIES)
    nodes = len(snapshot.parties)
    columns = {}
    for name, own, other in (
        ("customer", edges.subject, edges.object),
        ("supplier", edges.object, edges.subject),
    ):
        pairs, place = np.unique(own.astype(np.int64) * nodes + other, return_inverse=True)
        amount = np.bincount(place, edges.amount.astype(float), len(pairs))
        party = (pairs // max(nodes, 1)).astype(np.int64)
        whole = np.bincount(party, amount, nodes)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = amount / whole[party]
        top = np.zeros(nodes)
        np.maximum.at(top, party, np.nan_to_num(share))
        hhi = np.bincount(party, np.nan_to_num(share) ** 2, nodes)
        columns[f"top_{name}_share"] = np.where(whole > 0, top, np.nan)[at]
        columns[f"{name}_hhi"] = np.where(whole > 0, hhi, np.nan)[at]
    return columns


def _pagerank(near: Ties) -> Floats:
    """Brin and Page (1998) on undirected ties, to a change below 1e-10 in sum; mean 1."""
    nodes = len(near.offsets) - 1
    degree = np.diff(near.offsets)
    matrix = csr_array(
        (np.ones(len(near.neighbour)), near.neighbour, near.offsets), shape=(nodes, nodes)
    )
    rank = np.full(nodes, 1.0)
    for _ in range(200):
        spread = np.where(degree > 0, rank / np.maximum(degree, 1), 0.0)
        idle = rank[degree == 0].sum() / max(nodes, 1)
        new = (1 - DAMPING) + DAMPING * (matrix @ spread + idle)
        moved = np.abs(new - rank).sum() / max(nodes, 1)
        rank = new
        if moved < 1e-10:
            break
    return rank


def _others_through(
    snapshot: Snapshot, kind: Kind, at: NDArray[np.int32], hub: int, side: NDArray[np.int32]
) -> Floats:
    """Other nodes of the same side of edges of a kind that meet one at the other side.

    Args:
        snapshot: Where.
        kind: USES: the side of parties, meeting at what they use; OFFICE: that of firms, meeting at
            people.
        at: Nodes asked about.
        hub: What more than so many meet at connects nobody.
        side: `snapshot.subject` or `snapshot.object`.
    """
    chosen = snapshot.kind == kind
    own = side[chosen]
    other = (snapshot.object if side is snapshot.subject else snapshot.subject)[chosen]
    nodes = len(snapshot.parties)
    start, place = by_node(own, nodes)
    meet_start, meet_place = by_node(other, nodes)
    counts = np.zeros(len(at))
    for row, node in enumerate(at.tolist()):
        through = np.unique(other[place[start[node] : start[node + 1]]])
        met: set[int] = set()
        for each in through.tolist():
            if meet_start[each + 1] - meet_start[each] <= hub:
                met.update(own[meet_place[meet_start[each] : meet_start[each + 1]]].tolist())
        counts[row] = len(met - {node})
    return counts
