"""What would have to change for any scorer: all combinations of stated values are tried."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.cards.search import Candidate, search


def interacting(rows):
    """A probability in which two features help only together."""
    both = (rows[:, 0] > 1) & (rows[:, 1] > 1)
    return expit(1.0 - 0.5 * rows[:, 2] - 3.0 * both)


ROW = np.array([0.0, 0.0, 0.0])


def test_features_that_help_only_together_are_found():
    offered = [Candidate(0, 2.0, 1.0), Candidate(1, 2.0, 1.0), Candidate(2, 10.0, 5.0)]
    found = search(interacting, ROW, offered, 0.2)
    assert [[each.place for each in one.candidates] for one in found] == [[0, 1], [2]]
    assert found[0].effort == 2.0
    assert found[0].probability <= 0.2


@settings(max_examples=60)
@given(st.integers(0, 1_000), st.floats(0.05, 0.6), st.integers(1, 3))
def test_the_first_is_the_cheapest_there_is(seed, most, changes):
    rng = np.random.default_rng(seed)
    offered = [
        Candidate(int(place), float(value), float(effort))
        for place, value, effort in zip(
            rng.integers(0, 3, 6), rng.normal(1, 2, 6), rng.integers(0, 5, 6), strict=True
        )
    ]
    found = search(interacting, ROW, offered, most, changes_max=changes)
    costs = []
    for size in range(1, changes + 1):
        for chosen in itertools.combinations(offered, size):
            if len({each.place for each in chosen}) == size:
                row = ROW.copy()
                for each in chosen:
                    row[each.place] = each.value
                if interacting(row[None])[0] <= most:
                    costs.append(sum(each.effort for each in chosen))
    assert [one.effort for one in found[:1]] == sorted(costs)[:1]
    for one in found:
        row = ROW.copy()
        for each in one.candidates:
            row[each.place] = each.value
        assert interacting(row[None])[0] == one.probability <= most


def test_what_is_reached_already_needs_nothing():
    assert search(interacting, ROW, [Candidate(2, 10.0, 1.0)], 0.99) == ()
    assert search(interacting, ROW, [], 0.2) == ()


def test_too_many_combinations_are_refused():
    offered = [Candidate(p, float(v), 1.0) for p in range(3) for v in range(200)]
    with pytest.raises(InputError, match="combinations"):
        search(interacting, ROW, offered, 0.1, changes_max=3)
