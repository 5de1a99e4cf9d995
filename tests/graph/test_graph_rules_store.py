"""The store of one relation beside a dict: added, found, joined, let go, its rows used again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.graph.rules import kernels, store
from headrace.graph.rules.store import Store

FACT = st.tuples(st.integers(-3, 6), st.integers(-3, 6))
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "mark", "let go"]), st.lists(FACT, max_size=8)), max_size=30
)
ALL = np.array([int(kernels.GONE), 0, 0], np.int64)


def keys(facts):
    return np.array(facts, np.int64).reshape(-1, 2)


def standing(own):
    return set(map(tuple, own.rows[own.live()].tolist()))


def joined(own, columns, facts, view=ALL):
    """Facts that agree with some on some columns, as pairs, repetitions included."""
    bindings = np.column_stack((np.full(len(facts), 5), keys(facts)))
    slots = np.array([1 + column for column in columns], np.int64)
    found = []
    for origin, match in own.matches(bindings, slots, own.index(columns), view):
        found += zip(origin.tolist(), map(tuple, own.rows[match].tolist()), strict=True)
    return sorted(found)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_store_is_a_dict_of_facts_to_ranks(steps):
    own, twin, going = Store(2, 4), {}, set()
    columns = [(0,), (1,), (0, 1), ()]
    for each in columns:
        own.index(each)
    for rank, (step, facts) in enumerate(steps):
        ids = own.find(keys(facts))
        assert [each >= 0 for each in ids] == [fact in twin for fact in facts]
        there = [fact for fact in dict.fromkeys(facts) if fact in twin]
        if step == "add":
            fresh, back = own.add(keys(facts), rank)
            assert {tuple(row) for row in own.rows[fresh].tolist()} == set(facts) - set(twin)
            assert {tuple(row) for row in own.rows[back].tolist()} == going & set(facts)
            twin |= {fact: rank for fact in facts if fact not in twin or fact in going}
            going -= set(facts)
        elif step == "mark":
            own.rank[own.find(keys(there))] = kernels.GONE
            going |= set(there)
        else:
            own.remove(own.find(keys(there)))
            twin = {fact: old for fact, old in twin.items() if fact not in there}
            going -= set(there)
        own.shorten_chains()
        assert standing(own) == set(twin) - going
        assert len(own) == len(twin)
        for fact, old in twin.items():
            if fact not in going:
                assert own.rank[own.find(keys([fact]))[0]] == old
        asked = [(0, 0), (1, 2), (-3, 6)]
        for each in columns:
            agree = [
                (at, fact)
                for at, one in enumerate(asked)
                for fact in twin
                if all(fact[column] == one[column] for column in each)
            ]
            assert joined(own, each, asked) == sorted(agree)


def test_a_join_sees_what_stands_below_a_rank_and_may_stop_at_the_first():
    own = Store(2, 8)
    for rank in range(8):
        own.add(keys([(1, rank)]), rank)
    own.rank[own.find(keys([(1, 3)]))] = kernels.GONE
    below = joined(own, (0,), [(1, 0)], np.array([0, 1, 0], np.int64))
    assert [fact for _, fact in below] == [(1, 0), (1, 1), (1, 2), (1, 4)]
    once = joined(own, (0,), [(1, 0), (2, 0), (1, 1)], np.array([0, 0, 1], np.int64))
    assert [at for at, _ in once] == [0, 2]


def test_more_matches_than_are_handed_on_together():
    own = Store(2, 8)
    many = np.column_stack((np.zeros(store.ROOM + 10, np.int64), np.arange(store.ROOM + 10)))
    own.add(many, 1)
    bindings = np.array([[5, 0, 0]])
    parts = list(own.matches(bindings, np.array([1]), own.index((0,)), ALL))
    assert [len(match) for _, match in parts] == [store.ROOM, 10]
    found = np.concatenate([match for _, match in parts])
    assert len(np.unique(found)) == store.ROOM + 10


@pytest.mark.parametrize("codes", [4, 1 << 20])
def test_codes_that_are_far_apart_share_no_fact(codes):
    """Chains are by the code's lowest bits: others in the same chain are passed over."""
    own = Store(2, codes)
    own.index((0,))
    own.add(keys([(0, 1), (1 << 20, 2), (1 << 40, 3), (-(1 << 20), 4)]), 1)
    for code, value in ((0, 1), (1 << 20, 2), (1 << 40, 3), (-(1 << 20), 4), (5, None)):
        expected = [] if value is None else [(0, (code, value))]
        assert joined(own, (0,), [(code, 0)]) == expected


def test_room_is_found_again_before_more_is_taken():
    own = Store(2, 8)
    own.add(keys([(at, at) for at in range(64)]), 1)
    capacity = len(own.rows)
    for _ in range(5):
        ids = own.live()[:30]
        gone = own.rows[ids].copy()
        own.remove(ids)
        own.add(gone, 2)
    assert len(own.rows) == capacity
    assert len(own) == 64
    assert own.nbytes > own.rows.nbytes


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 5) | st.just(int(kernels.MISSING)))),
    st.sampled_from(range(4)),
)
def test_totals_are_those_of_the_standing_facts_below_a_rank(facts, function):
    own = Store(2, 4)
    for rank, fact in enumerate(facts):
        own.add(keys([fact]), rank)
    limit = len(facts) // 2
    groups = np.arange(4)[:, None]
    total, there = own.totals(groups, np.full(4, limit, np.int64), function)
    for group in range(4):
        values = [value for each, value in dict.fromkeys(facts[:limit]) if each == group]
        assert there[group] == bool(values)
        if not values:
            continue
        known = int(kernels.MISSING) not in values
        whole = [sum(values), min(values), max(values)][function] if function < 3 else len(values)
        assert total[group] == (whole if known or function == 3 else int(kernels.MISSING))
