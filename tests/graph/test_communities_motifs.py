"""Communities of triangles around a seed: which triangles, how far, and at what cost."""

from itertools import combinations

import numpy as np
import pytest
from communities_reference import motif_conductance, triangle_shape
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.communities.motifs import Motif, Search, directed, motif_community

PARTIES = 9
SHAPES = {
    Motif.CYCLE: [(0, 1), (1, 2), (2, 0)],
    Motif.CYCLE_ONE_BOTH: [(0, 1), (2, 0), (1, 2), (2, 1)],
    Motif.CYCLE_TWO_BOTH: [(0, 1), (0, 2), (2, 0), (1, 2), (2, 1)],
    Motif.ALL_BOTH: [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)],
    Motif.FEED_FORWARD: [(0, 1), (0, 2), (1, 2)],
    Motif.OUT_TO_PAIR: [(0, 1), (0, 2), (1, 2), (2, 1)],
    Motif.IN_FROM_PAIR: [(1, 0), (2, 0), (1, 2), (2, 1)],
}


def graph_of(edges, parties=PARTIES):
    one, other = np.array(edges, np.int32).reshape(-1, 2).T
    return directed(one, other, parties)


@pytest.mark.parametrize("shape", Motif)
def test_each_shape_is_its_own(shape):
    assert triangle_shape(SHAPES[shape], (0, 1, 2)) == shape
    for asked in Motif:
        found = motif_community(graph_of(SHAPES[shape]), 1, (asked,))
        assert found.members.tolist() == ([0, 1, 2] if asked == shape else [])
        assert found.motifs == (asked == shape)


def blocks(*groups):
    """Groups in which money goes from each to the next two, round and round."""
    return [
        (group[at], group[(at + step) % len(group)])
        for group in groups
        for at in range(len(group))
        for step in (1, 2)
    ]


def test_the_ring_around_the_seed_without_the_road_to_the_next():
    near, far = range(5), range(5, 12)
    edges = [*blocks(near, far), (0, 5), (1, 5)]
    nearby = Search(alpha=0.2, epsilon=0.002)
    found = motif_community(graph_of(edges, 12), 2, (Motif.CYCLE, Motif.FEED_FORWARD), nearby)
    assert found.members.tolist() == [0, 1, 2, 3, 4]
    assert found.whole
    assert [edges[at] for at in found.edges] == [
        (a, b) for a, b in edges if a in near and b in near
    ]
    conductance, whole = motif_conductance(12, set(edges), {1, 5}, found.members)
    assert found.conductance == pytest.approx(conductance)
    assert found.motifs == whole
    assert found.cut == 1  # the triangle of 0, 1 and 5


def test_who_is_in_no_triangle_has_no_community():
    found = motif_community(graph_of([(0, 1), (1, 2)]), 0, tuple(Motif))
    assert found.members.tolist() == []
    assert found.edges.tolist() == []
    assert np.isnan(found.conductance)


def test_a_hub_takes_part_in_no_triangle():
    star = [(0, other) for other in range(1, 30)]
    edges = [*star, (1, 2), (2, 3), (3, 1)]
    graph = graph_of(edges, 30)
    with_hub = motif_community(graph, 1, tuple(Motif))
    without = motif_community(graph, 1, tuple(Motif), Search(hub=20))
    assert 0 in with_hub.members
    assert without.members.tolist() == [1, 2, 3]


def test_it_says_when_it_had_no_room_to_look_further():
    ring = blocks(range(40))
    found = motif_community(graph_of(ring, 40), 0, tuple(Motif), Search(parties_max=10))
    assert not found.whole
    assert set(found.members) <= {*range(12), *range(28, 40)}


def test_the_work_does_not_grow_with_the_graph():
    """What lies elsewhere is not looked at: only the ring's own parties are met."""
    ring = blocks(range(8))
    elsewhere = blocks(*(range(at, at + 10) for at in range(10, 400, 10)))
    alone = motif_community(graph_of(ring, 8), 0, (Motif.FEED_FORWARD,))
    among = motif_community(graph_of(ring + elsewhere, 400), 0, (Motif.FEED_FORWARD,))
    assert alone.members.tolist() == among.members.tolist()
    assert alone.rank.tolist() == among.rank.tolist()


@pytest.mark.parametrize(("seed", "motifs"), [(-1, (Motif.CYCLE,)), (9, (Motif.CYCLE,)), (0, ())])
def test_a_search_needs_a_seed_and_a_shape(seed, motifs):
    with pytest.raises(InputError, match="a seed and a shape"):
        motif_community(graph_of([(0, 1)]), seed, motifs)


def test_a_code_out_of_range_is_refused():
    with pytest.raises(InputError, match="0 to 2"):
        graph_of([(0, 3)], 3)


EDGES = st.lists(
    st.tuples(st.integers(0, PARTIES - 1), st.integers(0, PARTIES - 1)), min_size=3, max_size=40
)


@given(EDGES, st.sets(st.sampled_from(sorted(Motif)), min_size=1), st.integers(0, PARTIES - 1))
def test_conductance_and_motifs_are_those_counted_by_hand(edges, shapes, seed):
    found = motif_community(graph_of(edges), seed, tuple(sorted(shapes)))
    real = {(a, b) for a, b in edges if a != b}
    triangles = [
        three for three in combinations(range(PARTIES), 3) if triangle_shape(real, three) in shapes
    ]
    members = set(found.members.tolist())
    if not members:
        assert not any(seed in three for three in triangles)
        return
    conductance, whole = motif_conductance(PARTIES, real, shapes, members)
    assert found.conductance == pytest.approx(conductance)
    assert found.motifs == whole
    assert found.cut == sum(0 < len(members & set(three)) < 3 for three in triangles)
    assert [edges[at] for at in found.edges] == [
        (a, b) for a, b in edges if a != b and a in members and b in members
    ]
