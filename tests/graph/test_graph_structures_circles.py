"""Guarantee circles: what they are, what is net of them, what breaks them, what closes them."""

import numpy as np
import pytest
import structures_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_facts import day, relation_table

from headrace.errors import InputError
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of
from headrace.graph.structures.breaking import BreakLimits, Weight, break_rings
from headrace.graph.structures.circles import (
    Kind,
    RingLimits,
    all_rings,
    chain,
    find_circles,
    joint_sets,
    pieces_left,
    rings,
)
from headrace.graph.structures.closing import LiveGuarantees
from headrace.graph.structures.guarantees import Guarantees, links, links_of
from headrace.graph.structures.netting import net, standing

PARTIES = 6
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 9)),
    max_size=12,
    unique_by=lambda row: row[:2],
)
A, B, C, D, E, F = range(6)


def linked(rows, parties=PARTIES):
    """Links of (guarantor, borrower, amount), None where the amount is not known."""
    known = np.array([row[2] is not None for row in rows], np.bool_)
    plain = np.array([(*row[:2], row[2] or 0) for row in rows], np.int64).reshape(-1, 3).T
    giver, taker = plain[0].astype(np.int32), plain[1].astype(np.int32)
    return links(Guarantees(giver, taker, plain[2], known, parties))


def pairs(given, chosen):
    return [(int(given.giver[link]), int(given.taker[link])) for link in chosen]


def rings_of(circles, number, limits=None):
    """Rings as parties from the first link's guarantor, and the result they are from."""
    found = rings(circles, number, limits)
    return [ring_at(circles, found, place) for place in range(len(found))], found


def ring_at(circles, found, place):
    return tuple(circles.links.giver[found.ring(place)].tolist())


def apart(rows):
    """Who stands for whom, without those who stand for themselves."""
    return {row[:2]: row[2] for row in rows if row[0] != row[1]}


@settings(max_examples=150, deadline=None)
@given(rows=ROWS)
def test_circles_kinds_and_rings_equal_the_slow_twin(rows):
    given_ = linked(rows)
    circles = find_circles(given_)
    every = reference.rings(set(apart(rows)))
    found = [ring for n in range(len(circles)) for ring in rings_of(circles, n)[0]]
    assert len(found) == len(set(found))
    assert set(found) == every
    assert all(rings(circles, n).whole for n in range(len(circles)))
    at_once = all_rings(circles)
    assert at_once.whole
    assert [ring_at(circles, at_once, k) for k in range(len(at_once))] == found
    joint, whole = joint_sets(circles)
    assert whole
    assert set(joint) == reference.joint_sets(set(apart(rows)))
    for link, pair in enumerate(pairs(given_, range(len(given_)))):
        on = [ring for ring in every if pair in zip(ring, (*ring[1:], ring[0]), strict=True)]
        kind = circles.kind_of(link)
        assert (Kind.CHAIN in kind) == (not on) == (circles.of_link[link] < 0)
        assert (Kind.MUTUAL in kind) == any(len(ring) == 2 for ring in on)
        assert (Kind.RING in kind) == any(len(ring) > 2 for ring in on)
        assert (Kind.JOINT in kind) == any(set(pair) <= set(one) for one in joint)
    for number in range(len(circles)):
        members = set(circles.members(number).tolist())
        inside = {pair: amount for pair, amount in apart(rows).items() if set(pair) <= members}
        assert set(pairs(given_, circles.links_of(number))) == set(inside)
        assert circles.amount[number] == sum(inside.values())
        assert circles.size[number] == len(members)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS)
def test_pieces_equal_the_slow_twin(rows):
    found = pieces_left(linked(rows))
    expected = [reference.pieces_left(PARTIES, set(apart(rows)), party) for party in range(PARTIES)]
    assert found.tolist() == expected


@settings(max_examples=80, deadline=None)
@given(rows=ROWS)
def test_net_amounts_equal_the_linear_program_and_keep_every_balance(rows):
    circles = find_circles(linked(rows))
    amount = apart(rows)
    for number in range(len(circles)):
        netted = net(circles, number)
        inside = pairs(circles.links, netted.links)
        assert netted.net == reference.net_amount(inside, amount)
        assert netted.gross == sum(amount[pair] for pair in inside)
        assert netted.floor <= netted.net <= netted.gross
        for party, balance in zip(netted.members.tolist(), netted.balance.tolist(), strict=True):
            for left in (netted.left.tolist(), [amount[pair] for pair in inside]):
                kept = sum(
                    value * ((pair[0] == party) - (pair[1] == party))
                    for pair, value in zip(inside, left, strict=True)
                )
                assert kept == balance
        assert all(0 <= left <= amount[p] for p, left in zip(inside, netted.left, strict=True))


@settings(max_examples=60, deadline=None)
@given(rows=ROWS.map(lambda rows: rows[:10]), weigh=st.sampled_from(Weight))
def test_the_smallest_set_is_that_of_trying_all(rows, weigh):
    circles = find_circles(linked(rows))
    for number in range(len(circles)):
        inside = pairs(circles.links, circles.links_of(number))
        weight = {p: apart(rows)[p] if weigh is Weight.AMOUNT else 1 for p in inside}
        found = break_rings(circles, number, weigh)
        assert found.exact
        assert found.weight == found.bound == reference.breaking_weight(inside, weight)
        left = set(inside) - set(pairs(circles.links, found.links))
        assert not reference.rings(left)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_guarantees_that_arrive_close_the_rings_they_are_on(rows):
    """After the last one, circles are those found in all of them at once."""
    live = LiveGuarantees(find_circles(linked([])))
    before = set()
    for guarantor, borrower, _ in rows:
        asked = live.closing(guarantor, borrower)
        closed = live.add(guarantor, borrower)
        assert len(asked.rings) == len(closed.rings)
        pair = (guarantor, borrower)
        after = before | ({pair} if guarantor != borrower else set())
        assert len(closed.rings) == len(reference.rings(after)) - len(reference.rings(before))
        assert closed.whole
        before = after
    circles = find_circles(linked(rows))
    expected = {frozenset(circles.members(number).tolist()) for number in range(len(circles))}
    numbers = {live.circle(party) for party in range(PARTIES)} - {-1}
    assert {live.members(number) for number in numbers} == expected


def story():
    """A, B, C in a ring, A and B mutual; D, E, F joint; C stands for D too."""
    ring = [(A, B, 50), (B, C, 40), (C, A, 30), (B, A, 20)]
    joint = [(x, y, 10) for x in (D, E, F) for y in (D, E, F) if x != y]
    return linked([*ring, (C, D, 5), *joint, (A, B, 25), (E, E, 1)])


def test_a_story_of_two_circles_and_the_chain_between_them():
    given_ = story()
    circles = find_circles(given_)
    assert [circles.members(n).tolist() for n in (0, 1)] == [[A, B, C], [D, E, F]]
    kinds = dict(
        zip(pairs(given_, range(len(given_))), map(Kind, circles.kind.tolist()), strict=True)
    )
    assert kinds[A, B] == Kind.MUTUAL | Kind.RING
    assert kinds[B, A] == Kind.MUTUAL
    assert kinds[C, A] == Kind.RING
    assert kinds[C, D] == Kind.CHAIN
    assert kinds[D, E] == Kind.MUTUAL | Kind.JOINT | Kind.RING
    assert joint_sets(circles) == ([(D, E, F)], True)
    assert circles.amount.tolist() == [165, 60]
    assert given_.guarantees(0).tolist() == [0, 11]  # A twice for B
    assert pieces_left(given_).tolist() == [1, 1, 2, 2, 1, 1]  # C and D hold the two together
    far = chain(given_, B, hops_max=2)
    assert (far.parties.tolist(), far.whole) == ([A, C, D], False)
    assert pairs(given_, far.links) == [(B, A), (B, C), (A, B), (C, A), (C, D)]
    assert far.hops.tolist() == [1, 1, 2, 2, 2]
    assert chain(given_, C).whole


def test_what_is_left_of_a_ring_once_it_is_netted():
    """A for B 75, B for A 20; 40, 30 round: 30 go round, then A and B cancel 20."""
    circles = find_circles(story())
    netted = net(circles, 0)
    left = dict(zip(pairs(circles.links, netted.links), netted.left.tolist(), strict=True))
    assert left == {(A, B): 25, (B, A): 0, (B, C): 10, (C, A): 0}
    assert (netted.gross, netted.net, netted.floor) == (165, 35, 25)
    capital = np.array([100.0, 60, np.nan, 0, 50, 50])
    stands = standing(circles, capital)
    assert stands.given[:3].tolist() == [75, 60, 35]
    assert stands.net_given.tolist() == [25, 10, 5, 0, 0, 0]
    assert stands.net_received.tolist() == [0, 25, 10, 5, 0, 0]
    assert stands.burden[:2].tolist() == [0.75, 1.0]
    assert stands.net_burden[:2].tolist() == [0.25, 10 / 60]
    assert np.isnan(stands.burden[2:4]).all()


def test_the_guarantees_to_replace_by_amount_and_by_number():
    circles = find_circles(story())
    cheap = break_rings(circles, 0)
    assert pairs(circles.links, cheap.links) == [(B, A), (C, A)]
    assert (cheap.amount, cheap.weight, cheap.exact) == (50, 50, True)
    assert cheap.guarantees.tolist() == [2, 3]
    few = break_rings(circles, 0, Weight.COUNT)
    assert (few.weight, few.exact) == (2, True)
    assert break_rings(circles, 1, Weight.COUNT).weight == 3


def test_an_unknown_amount_is_never_taken_for_a_cheap_one():
    circles = find_circles(linked([(A, B, None), (B, C, 90), (C, A, 100)]))
    found = break_rings(circles, 0)
    assert pairs(circles.links, found.links) == [(B, C)]
    assert found.assumed == 1
    assert circles.unknown.tolist() == [1]
    stands = standing(circles)
    assert stands.given_unknown.tolist()[:2] == [1, 0]
    assert stands.received_unknown.tolist()[:2] == [0, 1]


def test_amounts_of_any_number_of_fen_are_proved_as_well():
    rng = np.random.default_rng(1)
    ends, amount = rng.integers(0, 20, (2, 60)), rng.integers(10**9, 10**13, 60)
    circles = find_circles(linked(list(zip(*ends.tolist(), amount.tolist(), strict=True)), 20))
    found = break_rings(circles, 0)
    assert found.exact
    assert found.weight == found.amount == circles.links.amount[found.links].sum()
    assert found.bound <= found.weight


def test_without_a_proof_the_bound_is_stated():
    """A dense circle, no integer program allowed: the answer breaks all, the bound is below."""
    rng = np.random.default_rng(4)
    rows = [(a, b, w + 1) for a, b, w in rng.integers(0, 14, (80, 3)).tolist()]
    circles = find_circles(linked(rows, 14))
    loose = break_rings(circles, 0, limits=BreakLimits(links_max=0))
    assert loose.bound < loose.weight
    assert not loose.exact
    tight = break_rings(circles, 0)
    assert tight.exact
    assert loose.bound <= tight.weight <= loose.weight
    for each in (loose, tight):
        kept = [link for link in circles.links_of(0).tolist() if link not in each.links]
        part = linked([(*pair, 1) for pair in pairs(circles.links, kept)], 14)
        assert len(find_circles(part)) == 0


def test_limits_of_rings_are_said():
    everybody = linked([(x, y, 1) for x in range(6) for y in range(6)])
    circles = find_circles(everybody)
    whole, found = rings_of(circles, 0, RingLimits(length_max=6))
    assert found.whole
    assert len(whole) == 409  # sum over k of C(6, k) (k - 1)!
    short, found = rings_of(circles, 0, RingLimits(length_max=3))
    assert len(short) == 15 + 40
    assert (found.longer, found.whole) == (True, False)
    few, found = rings_of(circles, 0, RingLimits(found_max=7))
    assert (len(few), found.filled, found.whole) == (7, True, False)
    _, found = rings_of(circles, 0, RingLimits(steps_max=10))
    assert (found.stopped, found.whole) == (True, False)


def test_a_ring_longer_than_the_limit_is_not_passed_over_in_silence():
    live = LiveGuarantees(find_circles(linked([(A, B, 1), (B, C, 1), (C, D, 1)])), RingLimits(3))
    closed = live.closing(D, A)
    assert (closed.rings, closed.whole) == ((), False)
    shorter = live.closing(C, A)
    assert [ring.tolist() for ring in shorter.rings] == [[0, 1]]
    assert shorter.members.tolist() == [A, B, C]


def test_a_guarantee_that_makes_two_circles_one():
    live = LiveGuarantees(find_circles(linked([(A, B, 1), (B, A, 1), (C, D, 1), (D, C, 1)])))
    assert live.add(B, C).circles == ()
    closed = live.add(D, A)
    assert closed.circles == (0, 1)
    assert closed.members.tolist() == [A, B, C, D]
    assert live.members(live.circle(C)) == {A, B, C, D}
    assert live.add(E, E).rings == ()
    with pytest.raises(InputError, match="parties 1 and 9"):
        live.add(1, 9)


def test_bad_guarantees_are_refused():
    with pytest.raises(InputError, match="party 6 is not one of 0 to 5"):
        linked([(A, 6, 1)])
    with pytest.raises(InputError, match="-5 minor units cannot be"):
        linked([(A, B, -5)])


def test_no_guarantees_make_no_circles():
    circles = find_circles(linked([]))
    assert len(circles) == len(circles.links) == 0
    assert joint_sets(circles) == ([], True)
    assert standing(circles).given.tolist() == [0] * 6
    assert pieces_left(circles.links).tolist() == [0] * 6


def test_links_of_a_snapshot_name_its_edges():
    rows = [
        {"relation": "owns", "subject": "A", "object": "B", "share": 0.5, "statement": "1"},
        {"relation": "guarantees", "subject": "B", "object": "A", "amount_minor": 70},
        {"relation": "guarantees", "subject": "A", "object": "B", "statement": "2"},
    ]
    snapshot = as_of(
        statements_of(relation_table([row | {"known_time": 0} for row in rows])), day(1)
    )
    circles = find_circles(links_of(snapshot))
    facts = snapshot.fact.to_pylist()
    named = {
        pair: [facts[at] for at in circles.links.guarantees(link)]
        for link, pair in enumerate(pairs(circles.links, range(len(circles.links))))
    }
    assert named == {(0, 1): ["registry#3"], (1, 0): ["registry#2"]}
    assert circles.unknown.tolist() == [1]
