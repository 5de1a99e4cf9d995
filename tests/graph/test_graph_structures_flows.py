"""Circular flows, chains of transfers and traced money, against slow twins and by hand."""

from itertools import pairwise

import numpy as np
import pytest
import structures_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_facts import day, relation_table

from headrace.errors import InputError
from headrace.facts.localtime import DAY_US
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of
from headrace.graph.structures.flows import FlowLimits, circular_flows
from headrace.graph.structures.tracing import (
    Around,
    End,
    Money,
    Rule,
    TraceLimits,
    contribution,
    trace,
)
from headrace.graph.structures.transfers import (
    Between,
    backward,
    earliest_path,
    shortest_path,
    transfers,
    transfers_of,
)

LENDER, FIRM, FRIEND, BROKER, OTHER = range(5)
ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-1, 40), st.integers(0, 12)),
    max_size=12,
)


def moved(rows, parties=5):
    """Transfers from (payer, payee, amount, time)."""
    payer, payee, amount, time = np.array(rows, np.int64).reshape(-1, 4).T
    return transfers(payer.astype(np.int32), payee.astype(np.int32), amount, time, parties)


def table(found):
    """Steps and ends of a trace as the slow twin gives them."""
    steps = dict(zip(found.edges.tolist(), found.carried.tolist(), strict=True))
    rows = zip(found.party.tolist(), found.why.tolist(), found.ended.tolist(), strict=True)
    return steps, {(party, End(why).name.lower()): amount for party, why, amount in rows}


@settings(max_examples=100, deadline=None)
@given(
    rows=ROWS.map(lambda rows: rows[:7]),
    length_max=st.integers(2, 5),
    percent=st.sampled_from([None, 0, 20, 60]),
)
def test_circular_flows_equal_the_slow_twin(rows, length_max, percent):
    found = circular_flows(
        moved(rows), FlowLimits(length_max=length_max, span_us=6, percent_max=percent)
    )
    chains = [frozenset(found.chain(number).tolist()) for number in range(len(found))]
    assert len(chains) == len(set(chains))
    assert set(chains) == reference.circular_flows(rows, length_max, 6, percent)
    assert found.whole
    for number in range(len(found)):
        chain = [rows[at] for at in found.chain(number).tolist()]
        assert [row[1] for row in chain] == [*(row[0] for row in chain[1:]), chain[0][0]]
        assert found.least[number] == min(row[2] for row in chain)
        assert (found.first_time[number], found.last_time[number]) == (chain[0][3], chain[-1][3])


def test_a_hub_is_cut_in_time_order_and_the_result_says_so():
    """The hub pays 50 others before it pays the money back."""
    rows = [(0, 1, 100, 1), *((1, 2 + k, 100, 2) for k in range(50)), (1, 0, 100, 3)]
    cut = circular_flows(moved(rows, 60), FlowLimits(fan_max=50))
    assert len(cut) == 0
    assert cut.hubs.tolist() == [1]
    assert not cut.whole
    whole = circular_flows(moved(rows, 60), FlowLimits(fan_max=51))
    assert whole.chain(0).tolist() == [0, 51]
    assert whole.whole


def test_the_other_limits_are_said_too():
    rows = [(0, 1, 100, 1), (1, 0, 100, 2), (0, 1, 100, 3), (1, 0, 100, 4)]
    filled = circular_flows(moved(rows), FlowLimits(found_max=1))
    assert (len(filled), filled.filled, filled.whole) == (1, True, False)
    stopped = circular_flows(moved(rows), FlowLimits(steps_max=0))
    assert (len(stopped), stopped.stopped > 0, stopped.whole) == (0, True, False)
    with pytest.raises(InputError, match="of 1 transfers cannot be"):
        circular_flows(moved(rows), FlowLimits(length_max=1))


def test_amounts_near_the_end_of_the_range_do_not_overflow():
    most = 4 * 10**18
    rows = [(0, 1, most, 1), (1, 0, most - most // 10, 2), (1, 0, most - most // 10 - 1, 2)]
    found = circular_flows(moved(rows), FlowLimits(percent_max=10))
    assert [found.chain(k).tolist() for k in range(len(found))] == [[0, 1]]


@settings(max_examples=150, deadline=None)
@given(
    rows=ROWS,
    rule=st.sampled_from(Rule),
    money=st.tuples(st.integers(0, 4), st.integers(1, 60), st.integers(0, 5)),
    how=st.tuples(st.integers(1, 4), st.sampled_from([0.0, 0.25, 0.5])),
    own=st.lists(st.integers(0, 20), min_size=5, max_size=5),
    broker_ends=st.booleans(),
)
def test_traces_equal_the_slow_twin_and_add_up(rows, rule, money, how, own, broker_ends):
    hops_max, ratio = how
    ends = np.zeros(5, np.int8)
    ends[BROKER] = End.SECURITIES if broker_ends else 0
    found = trace(
        moved(rows),
        Money(*money),
        TraceLimits(until=10, hops_max=hops_max, ratio_min=ratio),
        rule,
        Around(ends, np.array(own)),
    )
    where = {BROKER: "securities"} if broker_ends else {}
    assert table(found) == reference.trace(
        rows, money, (10, hops_max, ratio), rule.name.lower(), where, dict(enumerate(own))
    )
    assert found.ended.sum() == money[1] == sum(found.by_end().values())
    assert found.whole
    assert found.edges.tolist() == sorted(found.edges.tolist(), key=lambda at: (rows[at][3], at))


def test_the_three_rules_colour_one_payment_differently():
    """The loan of 100 lies on 300 of the firm's own when it pays a broker 200."""
    rows = [(FIRM, BROKER, 200, 5)]
    own = np.array([0, 300, 0, 0, 0])
    carried = {
        rule: trace(
            moved(rows), Money(FIRM, 100, 1), TraceLimits(until=9), rule, Around(own=own)
        ).at(BROKER)
        for rule in Rule
    }
    assert carried == {Rule.FIFO: 0, Rule.PROPORTIONAL: 50, Rule.LOAN_FIRST: 100}


def test_a_loan_that_goes_through_a_friend_to_a_broker_and_home_again():
    """10,000.00 is lent; 6,000 go by a friend to a broker, 3,000 by the friend back to the firm."""
    rows = [
        (LENDER, FIRM, 1_000_000, 1),
        (FIRM, FRIEND, 900_000, 2),
        (FRIEND, BROKER, 600_000, 3),
        (FRIEND, FIRM, 300_000, 4),
        (FIRM, OTHER, 1_000, 5),
    ]
    ends = np.zeros(5, np.int8)
    ends[[FIRM, BROKER]] = End.BORROWER, End.SECURITIES
    found = trace(
        moved(rows),
        Money(FIRM, 1_000_000, 1, transfer=0),
        TraceLimits(until=9, ratio_min=0.05),
        Rule.LOAN_FIRST,
        Around(ends),
    )
    assert found.by_end() == {
        End.HELD: 99_000,
        End.TRICKLE: 1_000,
        End.BORROWER: 300_000,
        End.SECURITIES: 600_000,
    }
    assert found.at(FIRM) == 399_000
    assert found.edges.tolist() == [1, 2, 3, 4]
    assert found.hops.tolist() == [1, 2, 2, 1]


def test_shares_of_great_amounts_are_exact():
    """2/3 of 4e18, to the nearest: doubles would be off by hundreds."""
    own = np.array([2 * 10**18, 0])
    found = trace(
        moved([(0, 1, 10**18 + 1, 1)], 2),
        Money(0, 10**18, 0),
        TraceLimits(until=9),
        Rule.PROPORTIONAL,
        Around(own=own),
    )
    assert found.at(1) == 333_333_333_333_333_334  # of 333,333,333,333,333,333.67
    assert found.ended.sum() == 10**18


def test_a_search_that_was_ended_keeps_all_money():
    rows = [(0, 1, 5, 1), (1, 2, 5, 2), (2, 3, 5, 3)]
    found = trace(moved(rows), Money(0, 5, 0), TraceLimits(until=9, steps_max=2))
    assert (found.whole, found.at(2), found.ended.sum()) == (False, 5, 5)


def test_money_that_cannot_be_traced_is_refused():
    one = moved([(0, 1, 5, 1)])
    with pytest.raises(InputError, match="0 minor units with party 0"):
        trace(one, Money(0, 0, 1), TraceLimits(until=9))
    with pytest.raises(InputError, match="with party 7"):
        trace(one, Money(7, 10, 1), TraceLimits(until=9))
    with pytest.raises(InputError, match="3 is not the position"):
        trace(one, Money(0, 10, 1, transfer=3), TraceLimits(until=9))


def test_a_contribution_that_was_borrowed_and_taken_out_again():
    """The friend borrows 80, pays 100 in as capital; the firm pays 70 back to the lender."""
    rows = [
        (OTHER, FRIEND, 20, 1),
        (LENDER, FRIEND, 80, 2),
        (FRIEND, FIRM, 100, 3),
        (FIRM, LENDER, 70, 4),
        (FIRM, FRIEND, 10, 5),
    ]
    forward = moved(rows)
    before, after = np.zeros(5, np.int8), np.zeros(5, np.int8)
    before[LENDER] = after[LENDER] = End.LENDER
    after[FRIEND] = End.BORROWER
    found = contribution(
        (forward, backward(forward)),
        2,
        (TraceLimits(until=0), TraceLimits(until=9)),
        (Around(before), Around(after)),
    )
    assert (found.borrowed, found.returned) == (80, 80)
    assert found.before.edges.tolist() == [1, 0]
    assert found.before.at(OTHER) == 20
    assert found.after.edges.tolist() == [3, 4]


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, money=st.tuples(st.integers(0, 4), st.integers(1, 60), st.integers(6, 12)))
def test_sources_are_the_trace_of_what_is_turned_round(rows, money):
    account, amount, time = money
    found = trace(backward(moved(rows)), Money(account, amount, -time), TraceLimits(until=0))
    turned = [(payee, payer, paid, -when) for payer, payee, paid, when in rows][::-1]
    steps, ended = reference.trace(turned, (account, amount, -time), (0, 5, 0.0), "fifo")
    last = len(rows) - 1
    assert table(found) == ({last - at: paid for at, paid in steps.items()}, ended)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS, goal=st.integers(1, 4), hops_max=st.integers(1, 4))
def test_paths_are_the_first_and_the_shortest(rows, goal, hops_max):
    between = Between(0, goal, since=2, until=10, hops_max=hops_max)
    every = reference.reachable(rows, 0, 2, 10, hops_max)
    first, shortest = earliest_path(moved(rows), between), shortest_path(moved(rows), between)
    if goal not in every:
        assert first is None
        assert shortest is None
        return
    hops, arrival = every[goal]
    assert first[-1] == arrival
    assert len(shortest) == hops
    for path in (first, shortest):
        chain = [rows[at] for at in path.tolist()]
        assert chain[0][0] == 0
        assert chain[-1][1] == goal
        assert all(a[1] == b[0] for a, b in pairwise(chain))
        keys = [(rows[at][3], at) for at in path.tolist()]
        assert keys == sorted(set(keys))


def test_bad_arrays_are_refused():
    codes, whole = np.array([0], np.int32), np.array([1])
    with pytest.raises(InputError, match="are not one row each"):
        transfers(codes, codes, whole, np.array([1, 2]), 2)
    with pytest.raises(InputError, match="party 5 is not one of 0 to 4"):
        transfers(codes, np.array([5], np.int32), whole, whole, 5)


def test_transfers_of_a_snapshot_name_its_edges():
    """What has no amount or no time is left out; a guarantee is no transfer."""
    pays = {"relation": "transfers", "known_time": 0}
    rows = [
        {"relation": "guarantees", "subject": "A", "object": "B", "amount_minor": 7},
        pays | {"subject": "B", "object": "A", "amount_minor": 100, "event_time": 3},
        pays | {"subject": "A", "object": "B", "amount_minor": 100, "event_time": 2},
        pays | {"subject": "A", "object": "C", "event_time": 2},
        pays | {"subject": "A", "object": "C", "amount_minor": 5},
    ]
    for number, row in enumerate(rows):
        row["statement"] = str(number)
    snapshot = as_of(statements_of(relation_table(rows)), day(9))
    whole = transfers_of(snapshot)
    found = circular_flows(whole, FlowLimits(span_us=DAY_US))
    facts = snapshot.fact.to_pylist()
    assert [facts[at] for at in found.chain(0)] == ["registry#3", "registry#2"]
    assert len(whole.position) == 2
    assert trace(whole, Money(0, 100, 0), TraceLimits(until=2**62)).edges.size == 2
    turned = trace(backward(whole), Money(0, 50, -(2**62)), TraceLimits(until=0))
    assert [facts[at] for at in turned.edges] == ["registry#2", "registry#3"]
