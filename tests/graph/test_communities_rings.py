"""The watch over arriving edges: what it finds, what it leaves alone, and that it sees rightly."""

import numpy as np
import pytest
from communities_reference import watch
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.communities.rings import DAY_US, PATTERNS, Pattern, RingWatch

ANYTHING = Pattern("anything", 1, 1, 0, 0, 0, 0, 0)


def codes(*values):
    return np.array(values, np.int32)


def arrays(edges, day=1.0):
    one, other = zip(*edges, strict=True)
    time = (np.arange(len(edges)) * day * DAY_US).astype(np.int64)
    return codes(*one), codes(*other), time


def party_before(first_thing, nodes):
    return np.arange(nodes) < first_thing


SHARED = [(party, device) for party in range(8) for device in (10, 11, 12, 13)]
"""Eight accounts that log in from the same four devices."""


def test_eight_accounts_on_four_devices_are_a_ring_before_the_last_edge_is_there():
    ring = RingWatch(party_before(10, 20))
    found = ring.arrive(*arrays(SHARED))
    last = found[-1]
    assert last.members.tolist() == list(range(8))
    assert last.things.tolist() == [10, 11, 12, 13]
    assert last.pattern.things >= 3
    assert last.arrival < len(SHARED)
    assert set(last.edges) <= set(range(last.arrival + 1))
    assert last.circles == len(last.edges) - 12 + 1
    assert last.share == 1.0  # none of them meets anything else
    assert last.since == 0


def test_a_finding_names_the_edges_it_rests_on():
    (*_, last) = RingWatch(party_before(10, 20)).arrive(*arrays(SHARED))
    inside = {*last.members.tolist(), *last.things.tolist()}
    for number in last.edges.tolist():
        assert set(SHARED[number]) <= inside


def test_money_going_round_six_accounts_is_a_ring_without_things():
    pairs = [(a, b) for a in range(6) for b in range(6) if a != b and (a + 2 * b) % 3]
    (*_, last) = RingWatch(party_before(9, 9)).arrive(*arrays(pairs))
    assert last.members.tolist() == [0, 1, 2, 3, 4, 5]
    assert last.things.tolist() == []
    assert last.pattern == PATTERNS[2]


def test_a_family_on_its_own_router_is_no_ring():
    family = [(party, thing) for party in range(4) for thing in (10, 11, 12)]
    assert RingWatch(party_before(10, 20)).arrive(*arrays(family)) == ()


def test_firms_at_one_address_with_one_telephone_are_no_ring():
    office = [(party, thing) for party in range(30) for thing in (40, 41)]
    assert RingWatch(party_before(40, 50)).arrive(*arrays(office, day=0.1)) == ()


def test_what_everybody_uses_is_not_looked_through():
    """The same eight accounts and devices, but hundreds use each device."""
    crowd = [(100 + n, device) for device in (10, 11, 12, 13) for n in range(61)]
    one, other, _ = arrays(crowd + SHARED)
    watching = RingWatch(np.arange(200) >= 14)
    assert watching.arrive(one, other, np.zeros(len(one), np.int64)) == ()


def test_a_ring_that_takes_years_is_not_seen_in_a_year():
    assert RingWatch(party_before(10, 20)).arrive(*arrays(SHARED, day=100)) == ()


def test_a_ring_is_told_again_only_when_somebody_joins():
    watching = RingWatch(party_before(10, 20))
    one, other, time = arrays(SHARED)
    watching.arrive(one, other, time)
    assert watching.arrive(one, other, time + time[-1]) == ()
    assert watching.pairs == len(SHARED)  # they met before
    late = [(8, device) for device in (10, 11, 12, 13)]
    one, other, _ = arrays(late)
    (joined,) = watching.arrive(one, other, np.full(4, 2 * time[-1]))
    assert 8 in joined.members


def test_batches_do_not_matter():
    rng = np.random.default_rng(6)
    one, other = rng.integers(0, 30, (2, 200)).astype(np.int32)
    time = np.sort(rng.integers(0, 5, 200)) * DAY_US
    everyone = np.ones(30, bool)
    whole = RingWatch(everyone, (ANYTHING,)).arrive(one, other, time)
    watching = RingWatch(everyone, (ANYTHING,))
    parts = [
        finding
        for at in range(0, 200, 7)
        for finding in watching.arrive(one[at : at + 7], other[at : at + 7], time[at : at + 7])
    ]
    told = [(each.arrival, each.members.tolist(), each.edges.tolist()) for each in whole]
    assert told == [(each.arrival, each.members.tolist(), each.edges.tolist()) for each in parts]
    assert told


def test_more_findings_than_are_written_at_once():
    """Three hundred triangles, each a finding of its own."""
    corners = np.arange(900, dtype=np.int32).reshape(-1, 3)
    one = corners.ravel()
    other = np.roll(corners, -1, axis=1).ravel()
    watching = RingWatch(np.ones(900, bool), (ANYTHING,))
    found = watching.arrive(one, other, np.zeros(900, np.int64))
    assert [each.members.tolist() for each in found] == corners.tolist()
    assert {each.circles for each in found} == {1}


@pytest.mark.parametrize(
    ("one", "other", "time", "says"),
    [
        (codes(0), codes(9), np.array([5]), "object"),
        (codes(-1), codes(1), np.array([5]), "subject"),
        (codes(0), codes(1), np.array([-1]), "time goes back"),
        (codes(0, 1), codes(1, 2), np.array([7, 6]), "time goes back"),
        (codes(0), codes(1, 2), np.array([7]), "a subject, an object and a time"),
    ],
)
def test_what_cannot_be_is_refused(one, other, time, says):
    watching = RingWatch(np.ones(3, bool))
    watching.arrive(codes(0), codes(1), np.array([0]))
    with pytest.raises(InputError, match=says):
        watching.arrive(one, other, time)
    assert watching.pairs == 1


NODES = 8
EDGES = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.integers(0, 5)), max_size=30
)


@given(EDGES, st.integers(3, 8))
def test_the_watch_sees_what_its_slow_twin_sees(drawn, hub):
    elapsed = np.cumsum([gap for _, _, gap in drawn])
    hours = DAY_US // 8
    edges = [(a, b, int(t) * hours) for (a, b, _), t in zip(drawn, elapsed, strict=True)]
    is_party = np.arange(NODES) < 6
    watching = RingWatch(is_party, (ANYTHING,), hub=hub)
    one, other, time = (np.array([edge[at] for edge in edges], np.int64) for at in range(3))
    found = watching.arrive(one.astype(np.int32), other.astype(np.int32), time)
    told = [
        (each.arrival, sorted([*each.members.tolist(), *each.things.tolist()])) for each in found
    ]
    assert told == watch(edges, is_party, DAY_US, hub)
