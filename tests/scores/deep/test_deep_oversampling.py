"""Codes that are made lie between a rare one and one of its nearest."""

import deep_reference as slow
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.deep.oversampling import make, wanted


def codes(rare: int, width: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rare, width))


@given(st.integers(2, 12), st.integers(0, 30), st.integers(1, 6), st.integers(0, 9))
def test_each_lies_between_a_code_and_one_of_its_nearest(rare, count, neighbours, seed):
    given_codes = codes(rare, seed=seed)
    made = make(given_codes, count, neighbours, seed)
    assert made.first.shape == made.second.shape == made.share.shape == (count,)
    assert ((made.share >= 0) & (made.share < 1)).all()
    between = made.between(given_codes)
    for place in range(count):
        one, two = given_codes[made.first[place]], given_codes[made.second[place]]
        assert made.first[place] != made.second[place]
        farthest = slow.nearest_distances(given_codes, made.first[place], neighbours)[-1]
        assert np.linalg.norm(one - two) <= farthest * (1 + 1e-9)
        assert np.allclose(between[place], one + made.share[place] * (two - one))


def test_every_rare_code_and_every_near_one_is_used():
    made = make(codes(10), 2000, 3, seed=1)
    assert set(made.first.tolist()) == set(range(10))
    pairs = set(zip(made.first.tolist(), made.second.tolist(), strict=True))
    assert len(pairs) == 30
    assert abs(made.share.mean() - 0.5) < 0.05


def test_the_same_seed_makes_the_same_and_another_does_not():
    one, same, other = (make(codes(9), 20, 3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.between(codes(9)), same.between(codes(9)))
    assert not np.array_equal(one.share, other.share)


def test_one_code_alone_is_repeated():
    only = codes(1)
    assert np.array_equal(make(only, 4, 5, seed=0).between(only), np.repeat(only, 4, axis=0))


def test_equal_codes_make_the_same_code():
    equal = np.ones((4, 2))
    assert (make(equal, 6, 2, seed=0).between(equal) == 1).all()


def test_weights_are_between_those_of_both_ends():
    weights = np.arange(1.0, 10.0)
    made = make(codes(9), 50, 3, seed=0)
    found = made.between(weights)
    low = np.minimum(weights[made.first], weights[made.second])
    high = np.maximum(weights[made.first], weights[made.second])
    assert ((found >= low) & (found <= high)).all()


@pytest.mark.parametrize(
    ("rare", "common", "share", "count"),
    [(10, 90, 0.5, 80), (10, 90, 0.25, 20), (10, 90, 0.1, 0), (10, 90, 0.0, 0), (50, 50, 0.5, 0)],
)
def test_as_many_are_made_as_the_share_needs(rare, common, share, count):
    assert wanted(rare, common, share) == count
    if count:
        assert (rare + count) / (rare + count + common) == pytest.approx(share)


def test_nothing_comes_of_nothing():
    with pytest.raises(InputError, match="no row of the rare outcome"):
        make(np.empty((0, 3)), 5, 3, seed=0)
