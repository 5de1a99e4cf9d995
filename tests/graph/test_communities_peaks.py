"""Clusters by density peaks on sampled paths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.communities.adjacency import adjacency
from headrace.graph.communities.peaks import OUTLIER, Centres, Paths, density_peaks, visits


def codes(*values):
    return np.array(values, np.int32)


def devices():
    """Parties 0 to 5 share devices 20 and 21, 6 to 9 share 22 and 23, 10 has 24 for itself."""
    pairs = [(party, thing) for party in range(6) for thing in (20, 21)]
    pairs += [(party, thing) for party in range(6, 10) for thing in (22, 23)]
    pairs += [(10, 24)]
    one, other = zip(*pairs, strict=True)
    return codes(*one), codes(*other), adjacency(codes(*one), codes(*other), 25)


def test_who_shares_devices_is_one_cluster_and_who_shares_none_an_outlier():
    _, _, uses = devices()
    paths = Paths((uses, uses), walks=200)  # to a thing I use, to somebody who uses it
    found = density_peaks(paths, np.arange(11, dtype=np.int32), np.random.default_rng(1))
    assert found.members(0).tolist() == [0, 1, 2, 3, 4, 5]
    assert found.members(1).tolist() == [6, 7, 8, 9]
    assert found.members(OUTLIER).tolist() == [10]
    assert set(found.centres) & set(range(6))
    assert found.edges(1, codes(0, 6, 8), codes(6, 9, 7)).tolist() == [1, 2]
    assert found.density[:6].min() > found.density[6:10].max()
    assert found.distance[10] == 1.0
    assert found.leader[10] == -1


def test_a_centre_is_far_from_anything_denser():
    _, _, uses = devices()
    paths = Paths((uses, uses), walks=100)
    found = density_peaks(paths, np.arange(11, dtype=np.int32), np.random.default_rng(2))
    for centre in found.centres:
        assert found.distance[centre] >= 0.7
    for party in np.flatnonzero(found.label >= 0):
        if party not in found.centres:
            assert found.density[found.leader[party]] >= found.density[party]
            assert found.label[found.leader[party]] == found.label[party]


def test_no_cluster_is_asked_to_be_denser_than_there_are():
    _, _, uses = devices()
    everyone = np.arange(11, dtype=np.int32)
    found = density_peaks(
        Paths((uses, uses)), everyone, np.random.default_rng(1), Centres(density_min=50)
    )
    assert found.centres.tolist() == []
    assert found.members(OUTLIER).tolist() == everyone.tolist()


def test_the_same_seed_gives_the_same_clusters():
    _, _, uses = devices()
    everyone = np.arange(11, dtype=np.int32)
    one, again = (
        density_peaks(Paths((uses, uses)), everyone, np.random.default_rng(9)) for _ in range(2)
    )
    assert one.label.tolist() == again.label.tolist()
    assert one.density.tolist() == again.density.tolist()


def test_only_the_parties_asked_about_are_clustered():
    _, _, uses = devices()
    found = density_peaks(Paths((uses, uses)), codes(9, 7, 8), np.random.default_rng(1))
    assert found.parties.tolist() == [7, 8, 9]
    assert len(found.label) == 3


def test_a_path_along_two_relations_ends_where_there_is_no_way_on():
    uses = adjacency(codes(0, 1), codes(2, 2), 4)
    trades = adjacency(codes(0), codes(3), 4)
    seen = visits(Paths((uses, trades), walks=10), codes(0, 1), np.random.default_rng(0)).toarray()
    assert seen[:, 2].tolist() == [10, 10]  # both use 2, and 2 trades with nobody
    assert seen[:, 3].tolist() == [0, 0]


@pytest.mark.parametrize("paths", [Paths(()), Paths((adjacency(codes(0), codes(1), 2),), walks=0)])
def test_paths_need_a_step_and_a_walk(paths):
    with pytest.raises(InputError, match="a step and a walk"):
        visits(paths, codes(0), np.random.default_rng(0))


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=20),
    st.integers(0, 5),
)
def test_density_and_distance_are_those_of_the_definition(pairs, seed):
    one, other = (codes(*each) for each in zip(*pairs, strict=True))
    paths = Paths((adjacency(one, other, 8),) * 2, walks=5)
    found = density_peaks(paths, np.arange(8, dtype=np.int32), np.random.default_rng(seed))
    seen = visits(paths, np.arange(8, dtype=np.int32), np.random.default_rng(seed)).toarray()
    length = np.linalg.norm(seen, axis=1)
    alike = (seen @ seen.T) / np.maximum(np.outer(length, length), 1)
    np.fill_diagonal(alike, 0)
    assert found.density == pytest.approx(alike.sum(axis=1))
    for party in range(8):
        denser = [
            other
            for other in range(8)
            if (found.density[other], -other) > (found.density[party], -party)
        ]
        nearest = max((alike[party, other] for other in denser), default=0.0)
        assert found.distance[party] == pytest.approx(1 - nearest)
