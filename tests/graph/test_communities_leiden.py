"""Communities: connected, hard to improve, the same for the same seed."""

import numpy as np
import pytest
from communities_reference import is_connected, modularity
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.communities.adjacency import adjacency
from headrace.graph.communities.leiden import ConstantPotts, Modularity, leiden

PARTIES = 9


def codes(*values):
    return np.array(values, np.int32)


def towns(count, size):
    """So many towns whose people all know each other, one road from each to the next."""
    pairs = [
        (town * size + a, town * size + b)
        for town in range(count)
        for a in range(size)
        for b in range(a)
    ]
    pairs += [(town * size, (town + 1) % count * size) for town in range(count)]
    one, other = zip(*pairs, strict=True)
    return codes(*one), codes(*other)


@pytest.mark.parametrize("objective", [Modularity(), ConstantPotts(0.3)])
def test_towns_are_found_with_what_leaves_them(objective):
    one, other = towns(6, 5)
    found = leiden(adjacency(one, other, 30), objective, np.random.default_rng(1))
    assert found.count == 6
    assert found.sizes.tolist() == [5] * 6
    assert found.inside.tolist() == [10.0] * 6
    assert found.cut.tolist() == [2.0] * 6
    assert found.conductance == pytest.approx([2 / 22] * 6)
    home = int(found.label[0])
    assert found.members(home).tolist() == [0, 1, 2, 3, 4]
    assert found.edges(home, one, other).tolist() == list(range(10))


def test_a_finer_resolution_splits_what_a_coarser_one_joins():
    one, other = towns(30, 4)
    graph = adjacency(one, other, 120)
    coarse = leiden(graph, Modularity(0.2), np.random.default_rng(1))
    fine = leiden(graph, Modularity(8.0), np.random.default_rng(1))
    assert coarse.count < 30 <= fine.count


def test_two_towns_without_a_road_are_never_one():
    one, other = towns(2, 4)
    found = leiden(
        adjacency(one[:-2], other[:-2], 9), ConstantPotts(1e-9), np.random.default_rng(0)
    )
    assert found.count == 3  # and whoever knows nobody stays alone
    assert found.sizes.tolist() == [4, 4, 1]
    assert np.isnan(found.conductance[2])


def test_nobody_is_in_no_community():
    none = np.empty(0, np.int32)
    found = leiden(adjacency(none, none, 0), Modularity(), np.random.default_rng(0))
    assert (found.count, found.quality) == (0, 0.0)


def test_the_same_seed_gives_the_same_communities():
    rng = np.random.default_rng(3)
    graph = adjacency(*rng.integers(0, 400, (2, 1_500)).astype(np.int32), 400)
    one, again = (leiden(graph, Modularity(), np.random.default_rng(8)) for _ in range(2))
    assert one.label.tolist() == again.label.tolist()
    assert one.quality == again.quality


def test_more_rounds_do_no_harm():
    rng = np.random.default_rng(5)
    graph = adjacency(*rng.integers(0, 300, (2, 900)).astype(np.int32), 300)
    qualities = [
        leiden(graph, Modularity(), np.random.default_rng(2), rounds).quality
        for rounds in (1, 2, 6)
    ]
    assert qualities == sorted(qualities)
    assert qualities[-1] > 0.4


def test_parallel_and_opposite_edges_add_up_and_own_edges_are_left_out():
    graph = adjacency(codes(0, 1, 0, 2), codes(1, 0, 1, 2), 3, np.array([1.0, 2.0, 4.0, 9.0]))
    assert graph.offsets.tolist() == [0, 1, 2, 2]
    assert graph.others.tolist() == [1, 0]
    assert graph.weights.tolist() == [7.0, 7.0]
    assert graph.strengths.tolist() == [7.0, 7.0, 0.0]


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_a_weight_is_a_positive_number(weight):
    with pytest.raises(InputError, match="not positive"):
        adjacency(codes(0), codes(1), 2, np.array([weight]))


def test_a_code_out_of_range_is_refused():
    with pytest.raises(InputError, match="0 to 1"):
        adjacency(codes(0), codes(2), 2)


EDGES = st.lists(
    st.tuples(
        st.integers(0, PARTIES - 1), st.integers(0, PARTIES - 1), st.sampled_from([1.0, 2.0, 5.0])
    ),
    min_size=1,
    max_size=25,
)


@given(EDGES, st.integers(0, 5), st.sampled_from([Modularity(), ConstantPotts(0.4)]))
def test_every_community_is_connected_and_no_party_gains_by_moving(edges, seed, objective):
    one, other, weight = (np.array(each) for each in zip(*edges, strict=True))
    graph = adjacency(one.astype(np.int32), other.astype(np.int32), PARTIES, weight)
    found = leiden(graph, objective, np.random.default_rng(seed), rounds=20)
    assert found.sizes.sum() == PARTIES
    for community in range(found.count):
        assert is_connected(found.members(community).tolist(), edges)
    if isinstance(objective, Modularity):
        value = modularity(PARTIES, edges, found.label)
        assert found.quality == pytest.approx(value)
        for party in range(PARTIES):
            for elsewhere in range(found.count):
                moved = found.label.copy()
                moved[party] = elsewhere
                assert modularity(PARTIES, edges, moved) <= value + 1e-9
