"""Intervals: Wilson's against scipy, the bootstrap's against what it should cover."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from headrace.decisions.program.columns import NUMBER, STRING, Column, missing
from headrace.decisions.whatif.figures import GROUPS, Draws, figure, stable_hash, wilson


def numbers(values):
    values = np.asarray(values, np.float64)
    return Column(NUMBER, values, np.ones(len(values), np.bool_))


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_has_wilsons_interval(pair):
    count, of = pair
    found = wilson(count, of)
    low, high = binomtest(count, of).proportion_ci(method="wilson")
    assert found.low == pytest.approx(low, abs=1e-12)
    assert found.high == pytest.approx(high, abs=1e-12)
    assert found.low <= found.value <= found.high


def test_of_nothing_there_is_no_share():
    assert wilson(0, 0).value is None
    assert figure(float("nan"), np.array([1.0])).value is None
    assert figure(1.0, np.array([np.nan])).low is None


@pytest.mark.parametrize("customers", [300, 5 * GROUPS])
def test_the_interval_of_a_difference_covers_the_truth(customers):
    """In 200 worlds: 95 % of the intervals should hold the true difference, 0.1."""
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        old = rng.random(customers) < 0.5
        new = np.where(rng.random(customers) < 0.2, True, old)  # from 0.5 to 0.6
        draws = Draws(numbers(np.arange(customers)), 300, seed)
        everyone = np.zeros(customers, np.int64)
        ones = np.ones(customers)
        sums = [
            draws.sums({"yes": side.astype(float), "all": ones}, everyone, 1) for side in (old, new)
        ]
        (first, before), (last, after) = (each.ratio(0, "yes", "all") for each in sums)
        found = figure(last - first, after - before)
        held += found.low <= 0.1 <= found.high
    assert 0.89 <= held / 200 <= 0.99


def test_cases_of_one_customer_are_drawn_together():
    """Ten copies of each customer tell no more than one: the interval must not shrink."""
    rng = np.random.default_rng(1)
    once = rng.random(400) < 0.3
    widths = []
    for copies in (1, 10):
        key = np.repeat(np.arange(400), copies)
        value = np.repeat(once, copies).astype(float)
        draws = Draws(numbers(key), 1_000, 5)
        sums = draws.sums({"yes": value, "all": np.ones(len(key))}, np.zeros(len(key), np.int64), 1)
        found = figure(*sums.ratio(0, "yes", "all"))
        widths.append(found.high - found.low)
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_the_same_seed_draws_the_same():
    key, part = numbers(np.arange(50)), np.zeros(50, np.int64)
    value = {"x": np.arange(50.0)}
    first, again, other = (
        Draws(key, 10, seed).sums(value, part, 1).draws["x"] for seed in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_a_hash_depends_on_value_and_salt_alone():
    texts = Column(STRING, np.array([0, 1, 0]), np.array([True, True, False]), ("a", "b"))
    turned = Column(STRING, np.array([1, 0]), np.array([True, True]), ("b", "a"))
    found, again = stable_hash(texts, "x"), stable_hash(turned, "x")
    assert found[0] == again[0]
    assert found[1] == again[1]
    assert len(set(found.tolist())) == 3
    assert (stable_hash(texts, "y") != found).all()
    assert len(set(stable_hash(missing(3), "x").tolist())) == 1


def test_a_hash_halves_any_customers():
    for column in (numbers(np.arange(10_000)), numbers(np.arange(10_000) * 1000.5)):
        share = (stable_hash(column, "halves") & np.uint64(1)).mean()
        assert 0.47 < share < 0.53
