"""Rings and communities as Arrow tables: names instead of codes, and the facts they rest on."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.graph.communities.leiden import Communities
from headrace.graph.communities.motifs import MotifCommunity
from headrace.graph.communities.peeling import Block
from headrace.graph.communities.rings import RingFinding
from headrace.graph.relations.kinds import Type
from headrace.graph.relations.snapshot import Snapshot

TEXTS = pa.list_(pa.string())
BLOCKS = pa.schema({"block": pa.int64(), "parties": TEXTS, "density": pa.float64(), "facts": TEXTS})
RINGS = pa.schema(
    {
        "ring": pa.int64(),
        "pattern": pa.string(),
        "parties": TEXTS,
        "things": TEXTS,
        "density": pa.float64(),
        "share": pa.float64(),
        "circles": pa.int64(),
        "closed_by": pa.string(),
        "facts": TEXTS,
    }
)
COMMUNITIES = pa.schema(
    {
        "community": pa.int64(),
        "parties": TEXTS,
        "inside": pa.float64(),
        "cut": pa.float64(),
        "conductance": pa.float64(),
    }
)
MOTIFS = pa.schema(
    {
        "seed": pa.string(),
        "parties": TEXTS,
        "motifs": pa.int64(),
        "cut": pa.int64(),
        "conductance": pa.float64(),
        "facts": TEXTS,
    }
)


def is_party(snapshot: Snapshot) -> NDArray[np.bool_]:
    """Per node whether it is a party: what `RingWatch` asks for."""
    things = [int(Type.ATTRIBUTE), int(Type.CHAIN_NODE)]
    return np.asarray(~np.isin(snapshot.type_of, things), np.bool_)


def block_table(snapshot: Snapshot, blocks: Sequence[Block]) -> pa.Table:
    """One row a block; edges of the blocks are positions in the snapshot."""
    rows = [
        {
            "block": number,
            "parties": _names(snapshot, block.members),
            "density": block.density,
            "facts": _facts(snapshot, block.edges),
        }
        for number, block in enumerate(blocks)
    ]
    return pa.Table.from_pylist(rows, BLOCKS)


def ring_table(snapshot: Snapshot, findings: Sequence[RingFinding]) -> pa.Table:
    """One row a finding; the edges of the snapshot arrived in its order."""
    rows = [
        {
            "ring": number,
            "pattern": each.pattern.name,
            "parties": _names(snapshot, each.members),
            "things": _names(snapshot, each.things),
            "density": each.density,
            "share": each.share,
            "circles": each.circles,
            "closed_by": snapshot.fact[each.arrival].as_py(),
            "facts": _facts(snapshot, each.edges),
        }
        for number, each in enumerate(findings)
    ]
    return pa.Table.from_pylist(rows, RINGS)


def community_table(snapshot: Snapshot, found: Communities, parties_min: int = 2) -> pa.Table:
    """One row a community of so many parties or more, the largest first."""
    order = np.argsort(found.label, kind="stable")
    starts = np.cumsum(found.sizes) - found.sizes
    conductance = found.conductance
    rows = [
        {
            "community": each,
            "parties": _names(snapshot, order[starts[each] : starts[each] + found.sizes[each]]),
            "inside": found.inside[each],
            "cut": found.cut[each],
            "conductance": conductance[each],
        }
        for each in np.flatnonzero(found.sizes >= parties_min).tolist()
    ]
    return pa.Table.from_pylist(rows, COMMUNITIES)


def motif_table(snapshot: Snapshot, found: Sequence[MotifCommunity]) -> pa.Table:
    """One row a seed that has a community."""
    rows = [
        {
            "seed": snapshot.names[each.seed].as_py(),
            "parties": _names(snapshot, each.members),
            "motifs": each.motifs,
            "cut": each.cut,
            "conductance": each.conductance,
            "facts": _facts(snapshot, each.edges),
        }
        for each in found
        if len(each.members)
    ]
    return pa.Table.from_pylist(rows, MOTIFS)


def _names(snapshot: Snapshot, codes: NDArray[np.integer]) -> list[str]:
    return list(snapshot.names.take(pa.array(codes)).to_pylist())


def _facts(snapshot: Snapshot, edges: NDArray[np.int64]) -> list[str]:
    return list(snapshot.fact.take(pa.array(edges)).to_pylist())
