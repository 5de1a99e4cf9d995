"""Dense blocks: who is in them, and that an order kept current is the order made anew."""

import numpy as np
import pytest
from communities_reference import density, peel
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.communities.peeling import Peeling, dense_blocks
from headrace.graph.communities.suspicion import (
    WEIGHT_ONE,
    amount,
    camouflage,
    degree_on_arrival,
    equal,
)

NONE = np.empty(0, np.int64)


def codes(*values):
    return np.array(values, np.int32)


def clique(members):
    return [(a, b) for a in members for b in members if a < b]


def arrays(pairs):
    return codes(*(a for a, _ in pairs)), codes(*(b for _, b in pairs))


def test_a_ring_of_five_that_all_pay_each_other_is_the_densest_block():
    ring, chain = clique(range(5)), [(4, 5), (5, 6), (6, 7)]
    one, other = arrays(ring + chain)
    peeling = Peeling(8)
    peeling.insert(one, other, equal(len(one)))
    block = peeling.densest()
    assert block.members.tolist() == [0, 1, 2, 3, 4]
    assert block.edges.tolist() == list(range(10))  # the ten payments, not the chain
    assert block.weight == 10 * WEIGHT_ONE
    assert block.density == 2.0


def test_the_block_that_counts_first_is_found_first_and_the_next_after_it():
    one, other = arrays(clique(range(6)) + clique(range(6, 10)))
    first, second = dense_blocks(one, other, equal(len(one)), 12, 2)
    assert first.members.tolist() == [0, 1, 2, 3, 4, 5]
    assert second.members.tolist() == [6, 7, 8, 9]
    assert first.density == 2.5
    assert second.density == 1.5
    assert second.edges.tolist() == list(range(15, 21))


def test_no_more_blocks_than_there_are():
    one, other = arrays(clique(range(3)))
    assert len(dense_blocks(one, other, equal(3), 5, 10)) == 1
    assert dense_blocks(one[:0], other[:0], NONE, 5, 10) == ()


def test_camouflage_does_not_help():
    """Six accounts share three devices, and buy at the shop where everybody buys."""
    ring = [(party, device) for party in range(6) for device in (200, 201, 202)]
    shop = [(party, 203) for party in (*range(6, 180), 0, 1, 2)]
    one, other = arrays(shop + ring)
    degree = degree_on_arrival(other, np.zeros(204, np.int64))
    peeling = Peeling(204)
    ids = peeling.insert(one, other, camouflage(degree))
    block = peeling.densest()
    assert block.members.tolist() == [0, 1, 2, 3, 4, 5, 200, 201, 202]
    assert set(block.edges) == set(ids[-18:])


def test_a_prior_suspicion_draws_a_party_in():
    one, other = arrays(clique(range(4)))
    prior = np.zeros(6, np.int64)
    prior[5] = 2 * WEIGHT_ONE
    peeling = Peeling(6, prior)
    peeling.insert(one, other, equal(6))
    assert peeling.densest().members.tolist() == [0, 1, 2, 3, 5]


def test_what_is_older_than_the_window_no_longer_counts():
    one, other = arrays(clique(range(4)) + clique(range(4, 7)))
    peeling = Peeling(7)
    peeling.insert(one, other, equal(9), np.array([10] * 6 + [20] * 3))
    assert peeling.densest().members.tolist() == [0, 1, 2, 3]
    assert peeling.expire(before=20) == 6
    assert peeling.edges == 3
    assert peeling.densest().members.tolist() == [4, 5, 6]
    assert peeling.expire(before=20) == 0


def test_ids_stay_when_room_of_old_edges_is_used_again():
    peeling = Peeling(4)
    for _ in range(5):
        ids = peeling.insert(codes(0, 1), codes(1, 2), equal(2))
        peeling.remove(ids[:1])
        peeling.remove(ids[1:])
    last = peeling.insert(codes(0), codes(3), equal(1))
    assert last.tolist() == [10]
    assert peeling.densest().edges.tolist() == [10]
    with pytest.raises(InputError, match="not there"):
        peeling.remove(ids)


def test_nothing_is_no_block():
    empty = Peeling(0).densest()
    assert empty.members.tolist() == []
    assert (empty.weight, empty.density) == (0, 0.0)
    alone = Peeling(3)
    alone.insert(codes(1), codes(1), equal(1))  # paying oneself says nothing
    assert alone.densest().weight == 0


@pytest.mark.parametrize(
    ("one", "other", "weight", "says"),
    [
        (codes(0), codes(9), equal(1), "object"),
        (codes(-1), codes(0), equal(1), "subject"),
        (codes(0), codes(1), -equal(1), "negative"),
        (codes(0), codes(1, 2), equal(2), "a subject, an object and a weight"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(one, other, weight, says):
    peeling = Peeling(3)
    with pytest.raises(InputError, match=says):
        peeling.insert(one, other, weight)
    assert peeling.edges == 0


def test_a_prior_is_not_negative():
    with pytest.raises(InputError, match="priors"):
        Peeling(2, np.array([0, -1]))


def test_weights_by_popularity_and_by_amount():
    assert camouflage(np.array([1, 1_000])).tolist() == [558_111, 144_660]
    assert amount(np.array([100, 0, -5]), 100).tolist() == [693_147, 0, 0]


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(0, 12))
def test_degrees_on_arrival_do_not_depend_on_how_edges_are_batched(drawn, cut):
    all_codes = np.array(drawn, np.int32)
    whole = degree_on_arrival(all_codes, np.zeros(4, np.int64))
    first = degree_on_arrival(all_codes[:cut], np.zeros(4, np.int64))
    before = np.bincount(all_codes[:cut], minlength=4)
    second = degree_on_arrival(all_codes[cut:], before)
    assert whole.tolist() == [*first, *second]
    assert whole.tolist() == [drawn[: at + 1].count(code) for at, code in enumerate(drawn)]


PARTIES = 7
EDGE = st.tuples(st.integers(0, PARTIES - 1), st.integers(0, PARTIES - 1), st.integers(0, 3))
STEP = st.one_of(
    st.tuples(st.just("insert"), st.lists(EDGE, min_size=1, max_size=6)),
    st.tuples(st.just("remove"), st.lists(st.integers(0, 99), min_size=1, max_size=5)),
)


@given(
    st.lists(STEP, max_size=6),
    st.lists(st.integers(0, 4), min_size=PARTIES, max_size=PARTIES),
)
def test_after_any_history_the_order_is_the_one_made_anew(history, prior):
    peeling = Peeling(PARTIES, np.array(prior, np.int64))
    there = {}
    for what, given_edges in history:
        if what == "insert":
            one, other, weight = (np.array(each) for each in zip(*given_edges, strict=True))
            ids = peeling.insert(one.astype(np.int32), other.astype(np.int32), weight)
            there |= dict(zip(ids.tolist(), given_edges, strict=True))
        elif there:
            known = sorted(there)
            gone = sorted({known[pick % len(known)] for pick in given_edges})
            peeling.remove(np.array(gone))
            there = {key: edge for key, edge in there.items() if key not in gone}
        order, weights = peel(PARTIES, list(there.values()), prior)
        assert peeling.order.tolist() == order
        assert peeling.weights.tolist() == weights
    block = peeling.densest()
    suffixes = [
        density(set(order[at:]), list(there.values()), prior) for at in range(PARTIES)
    ] if history else [density(set(range(PARTIES)), [], prior)]  # fmt: skip
    assert block.density * WEIGHT_ONE >= max(suffixes) - 1e-9
    inside = set(block.members.tolist())
    assert block.edges.tolist() == [
        key for key, (a, b, _) in sorted(there.items()) if a in inside and b in inside
    ]


def test_a_block_has_at_least_half_the_greatest_density():
    """Charikar's bound, against every subset of eight parties."""
    rng = np.random.default_rng(4)
    for _ in range(20):
        one, other = rng.integers(0, 8, (2, 14)).astype(np.int32)
        weight = rng.integers(1, 5, 14)
        edges = list(zip(one.tolist(), other.tolist(), weight.tolist(), strict=True))
        subsets = ({n for n in range(8) if mask >> n & 1} for mask in range(1, 256))
        greatest = max(density(each, edges, [0] * 8) for each in subsets)
        peeling = Peeling(8)
        peeling.insert(one, other, weight)
        assert peeling.densest().density * WEIGHT_ONE >= greatest / 2 - 1e-9
