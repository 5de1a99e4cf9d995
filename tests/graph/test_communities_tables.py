"""Rings and communities as tables: names, numbers, and the facts behind each row."""

import numpy as np
from relation_facts import day, relation_table

from headrace.graph.communities.adjacency import adjacency
from headrace.graph.communities.leiden import Modularity, leiden
from headrace.graph.communities.motifs import Motif, directed, motif_community
from headrace.graph.communities.peeling import dense_blocks
from headrace.graph.communities.rings import RingWatch
from headrace.graph.communities.suspicion import equal
from headrace.graph.communities.tables import (
    BLOCKS,
    COMMUNITIES,
    MOTIFS,
    RINGS,
    block_table,
    community_table,
    is_party,
    motif_table,
    ring_table,
)
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of


def snapshot_of(relation, pairs):
    rows = [
        {
            "known_time": 0,
            "statement": str(number),
            "relation": relation,
            "subject": subject,
            "object": object_,
            "event_time": 0,
        }
        for number, (subject, object_) in enumerate(pairs, start=1)
    ]
    return as_of(statements_of(relation_table(rows)), day(90))


LOGINS = [(account, f"device:{n}") for account in "ABCDEFGH" for n in range(4)]
PAYMENTS = [("A", "B"), ("B", "C"), ("C", "A"), ("C", "D")]


def test_a_ring_by_name_with_the_fact_that_closed_it():
    snapshot = snapshot_of("uses", LOGINS)
    watch = RingWatch(is_party(snapshot))
    time = np.arange(len(snapshot), dtype=np.int64)
    table = ring_table(snapshot, watch.arrive(snapshot.subject, snapshot.object, time))
    assert table.schema == RINGS
    last = table.to_pylist()[-1]
    assert sorted(last["parties"]) == list("ABCDEFGH")
    assert sorted(last["things"]) == [f"device:{n}" for n in range(4)]
    assert last["closed_by"] in last["facts"]
    assert set(last["facts"]) <= {f"registry#{n}" for n in range(1, len(LOGINS) + 1)}


def test_blocks_communities_and_triangles_by_name():
    snapshot = snapshot_of("transfers", PAYMENTS)
    parties = len(snapshot.names)
    blocks = dense_blocks(snapshot.subject, snapshot.object, equal(4), parties, 1)
    (block,) = block_table(snapshot, blocks).to_pylist()
    assert sorted(block["parties"])[:3] == ["A", "B", "C"]
    assert block["density"] == 1.0
    assert set(block["facts"]) >= {"registry#1", "registry#2", "registry#3"}

    around = directed(snapshot.subject, snapshot.object, parties)
    found = [motif_community(around, seed, (Motif.CYCLE,)) for seed in range(parties)]
    rows = motif_table(snapshot, found).to_pylist()
    assert sorted(row["seed"] for row in rows) == ["A", "B", "C"]  # D is on no circle
    assert rows[0]["facts"] == ["registry#1", "registry#2", "registry#3"]
    assert rows[0]["motifs"] == 1

    graph = adjacency(snapshot.subject, snapshot.object, parties)
    communities = leiden(graph, Modularity(), np.random.default_rng(1))
    named = community_table(snapshot, communities, parties_min=1).to_pylist()
    assert sorted(name for row in named for name in row["parties"]) == ["A", "B", "C", "D"]
    assert [len(row["parties"]) for row in named] == communities.sizes.tolist()


def test_nothing_found_is_a_table_without_rows():
    snapshot = snapshot_of("transfers", PAYMENTS)
    none = leiden(adjacency(snapshot.subject[:0], snapshot.object[:0], 4), Modularity(),
                  np.random.default_rng(1))  # fmt: skip
    for table, schema in (
        (block_table(snapshot, ()), BLOCKS),
        (ring_table(snapshot, ()), RINGS),
        (motif_table(snapshot, ()), MOTIFS),
        (community_table(snapshot, none), COMMUNITIES),
    ):
        assert table.num_rows == 0
        assert table.schema == schema
