"""Which things of two versions are the same, against brute force."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from headrace.decisions.flow import matching
from headrace.decisions.flow.matching import pairs, staying


def longest_in_order(places):
    """How many places at most stand in rising order: every choice tried."""
    for size in range(len(places), 0, -1):
        if any(list(chosen) == sorted(chosen) for chosen in combinations(places, size)):
            return size
    return 0


@given(st.permutations(range(7)))
def test_as_many_as_can_stay(places):
    kept = staying(places)
    in_order = [place for place in places if place in kept]
    assert in_order == sorted(in_order)
    assert len(kept) == longest_in_order(places)


def never(_old, _new):
    return 0.0


@given(st.lists(st.integers(0, 3), max_size=8), st.lists(st.integers(0, 3), max_size=8))
def test_equal_things_are_paired_as_often_as_they_occur_in_both(before, after):
    found = pairs(before, after, never)
    assert all(before[old] == after[new] for old, new in found)
    assert len({old for old, _ in found}) == len({new for _, new in found}) == len(found)
    assert len(found) == sum(min(before.count(each), after.count(each)) for each in set(before))


def test_those_most_alike_are_paired_before_those_less_alike():
    scores = {(0, 0): 0.6, (0, 1): 0.9, (1, 0): 0.4, (1, 1): 0.7}
    assert pairs("ab", "cd", lambda old, new: scores[old, new]) == [(0, 1)]


def test_very_many_things_without_equals_are_compared_with_neighbours_only(monkeypatch):
    monkeypatch.setattr(matching, "COMPARISONS_MAX", 1_000)
    asked = []

    def alike(old, new):
        asked.append((old, new))
        return 1.0 if old == new else 0.0

    before, after = [f"a{each}" for each in range(200)], [f"b{each}" for each in range(200)]
    assert pairs(before, after, alike) == [(each, each) for each in range(200)]
    assert len(asked) < 200 * 12
