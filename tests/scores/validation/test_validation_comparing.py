"""Two scores of the same rows; many scores, and what luck alone would show."""

import numpy as np
import pytest
import validation_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.validation.comparing import (
    benjamini_hochberg,
    best_by_luck,
    bootstrap_difference,
    compare,
    holm,
    tried,
)
from headrace.scores.validation.figures import auc, checked


def book(n, seed):
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    y = (rng.random(n) < expit(-1.2 - 1.3 * quality)).astype(int)
    return y, -quality, rng


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(6, 20))
def test_the_variance_of_a_difference_is_delongs(seed, n):
    rng = np.random.default_rng(seed)
    y = np.r_[1, 1, 0, 0, rng.integers(0, 2, n - 4)]
    one, other = rng.integers(0, 6, n) / 5.0, rng.integers(0, 6, n) / 5.0
    found = compare(y, one, other)
    variance = (
        slow.delong_variance(y, one)
        + slow.delong_variance(y, other)
        - 2 * slow.delong_covariance(y, one, other)
    )
    reach = (found.difference.high - found.difference.low) / 2
    assert reach == pytest.approx(1.959963984540054 * np.sqrt(max(variance, 0)), abs=1e-6)
    assert found.difference.value == pytest.approx(auc(y, one) - auc(y, other), abs=1e-12)


def test_a_score_is_no_better_than_itself():
    y, score, _ = book(200, 1)
    found = compare(y, score, 2 * score + 1)
    assert (found.difference.value, found.p_value) == (0.0, 1.0)


def test_a_better_score_is_found_and_its_interval_is_narrower_than_two_alone():
    y, score, rng = book(3_000, 2)
    found = compare(y, score, score + rng.normal(0, 0.8, y.size))
    assert found.p_value < 1e-6
    assert found.difference.low > 0
    alone = (found.one.high - found.one.low) ** 2 + (found.other.high - found.other.low) ** 2
    assert found.difference.high - found.difference.low < 0.9 * np.sqrt(alone)


def test_p_values_of_equal_scores_are_even():
    """Two noisy copies of one truth differ by luck: 5 % of p-values lie below 0.05."""
    p = []
    for seed in range(300):
        y, score, rng = book(200, seed)
        p.append(compare(y, *(score + rng.normal(0, 1, y.size) for _ in range(2))).p_value)
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09
    assert 0.4 <= np.mean(p) <= 0.6


def test_the_bootstrap_of_a_difference_agrees_with_delong():
    y, score, rng = book(800, 5)
    other = score + rng.normal(0, 1, y.size)
    quick = compare(y, score, other).difference
    found = bootstrap_difference(checked(y, score), checked(y, other), auc, seed=1, draws=500)
    assert (found.low, found.high) == pytest.approx((quick.low, quick.high), abs=0.012)
    with pytest.raises(InputError, match="not of the same rows"):
        bootstrap_difference(checked(y, score), checked(1 - y, other), auc, seed=1, draws=5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_corrections_are_their_definitions(p):
    assert holm(p).tolist() == pytest.approx(slow.holm(p))
    assert benjamini_hochberg(p).tolist() == pytest.approx(slow.benjamini_hochberg(p))
    assert (holm(p) >= benjamini_hochberg(p) - 1e-12).all()


def test_corrections_of_a_printed_example():
    """Benjamini and Hochberg (1995), section 3.2: 15 p-values, of which four are taken at 0.05."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
         0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip
    assert (benjamini_hochberg(p) <= 0.05).sum() == 4
    assert (holm(p) <= 0.05).sum() == 3


def test_the_best_of_twenty_equals_is_luck_and_says_so():
    y, score, rng = book(500, 7)
    champion = score + rng.normal(0, 1, y.size)
    many = {f"m{k}": score + rng.normal(0, 1, y.size) for k in range(20)}
    found = tried(y, champion, many, seed=1, draws=800)
    assert found.count == 20
    assert found.best == max(many, key=lambda name: auc(y, many[name]))
    assert found.p_alone < found.p_best_of_all
    assert found.p_best_of_all > 0.05
    assert "20 tried" in found.en
    assert "共尝试 20 个" in found.zh
    better = tried(y, champion, {**many, "true": score}, seed=1, draws=800)
    assert better.best == "true"
    assert better.p_best_of_all < 0.05


def test_twenty_copies_count_as_one():
    y, score, rng = book(500, 8)
    champion = score + rng.normal(0, 1, y.size)
    one = score + rng.normal(0, 1, y.size)
    copies = tried(y, champion, {f"m{k}": one for k in range(20)}, seed=1, draws=2_000)
    assert copies.p_best_of_all == pytest.approx(copies.p_alone, abs=0.06)
    with pytest.raises(InputError, match="no challenger"):
        tried(y, champion, {}, seed=1)


def test_the_best_of_many_useless_features_ranks_as_well_as_foretold():
    rng = np.random.default_rng(3)
    y = np.r_[np.ones(40, int), np.zeros(160, int)]
    best = [
        max(abs(auc(y, column) - 0.5) for column in rng.normal(size=(30, 200))) + 0.5
        for _ in range(200)
    ]
    assert np.mean(np.array(best) > best_by_luck(30, 40, 160)) == pytest.approx(0.05, abs=0.045)
    assert best_by_luck(1_000, 40, 160) > best_by_luck(30, 40, 160) > best_by_luck(1, 40, 160)


def test_luck_needs_rows_of_both_outcomes():
    with pytest.raises(InputError, match="0 bad"):
        best_by_luck(1, 0, 5)
