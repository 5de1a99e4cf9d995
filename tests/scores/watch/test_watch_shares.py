"""Shares, ratios and differences with intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from headrace.errors import InputError
from headrace.scores.watch.shares import Method, chance_of, difference, ratio, share

COUNT = st.integers(0, 300).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows)))


@given(COUNT)
def test_intervals_are_the_textbook_ones(count):
    cases, rows = count
    found, exact = share(cases, rows), share(cases, rows, method=Method.EXACT)
    if not rows:
        assert np.isnan(found.value)
        assert (found.low, found.high) == (0, 1)
        return
    twin = binomtest(cases, rows).proportion_ci(0.95, "exact")
    assert (exact.low, exact.high) == pytest.approx((twin.low, twin.high))
    low = 0 if cases == 0 else beta.ppf(0.025, cases + 0.5, rows - cases + 0.5)
    assert found.low == pytest.approx(low)
    assert exact.low - 1e-12 <= found.low <= found.value <= found.high <= exact.high + 1e-12


def test_nobody_defaulted_does_not_mean_nobody_will():
    assert share(0, 30).high == pytest.approx(0.08, abs=0.01)
    assert share(0, 30, method=Method.EXACT).high == pytest.approx(0.116, abs=0.001)
    assert chance_of(0, 30, 0.2) < 0.02
    assert chance_of(0, 0, 0.2) == 1.0


@given(COUNT, COUNT)
def test_ratios_and_differences_turn_round(one, other):
    a, b = share(*one), share(*other)
    there, back = ratio(a, b), ratio(b, a)
    if a.rows and b.rows:
        assert there.low == pytest.approx(1 / back.high)
        assert difference(a, b).low == pytest.approx(-difference(b, a).high)
        assert -1 <= difference(a, b).low <= difference(a, b).high <= 1
    else:
        assert there.high == np.inf
        assert difference(a, b).low == -1


def test_a_published_difference():
    """Newcombe (1998), table II: 56/70 less 48/80, method 10: 0.0524 to 0.3339 by Wilson's ends.

    With Jeffreys' ends it is the same to two decimals.
    """
    found = difference(share(56, 70), share(48, 80))
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=0.005)


def test_ratios_cover_as_promised():
    rng = np.random.default_rng(0)
    pairs = zip(rng.binomial(120, 0.6, 500), rng.binomial(200, 0.75, 500), strict=True)
    found = [ratio(share(int(a), 120), share(int(b), 200)) for a, b in pairs]
    assert 0.93 < np.mean([each.low <= 0.8 <= each.high for each in found]) < 0.98


def test_more_cases_than_rows_are_refused():
    with pytest.raises(InputError, match="5 cases among 3 rows"):
        share(5, 3)
