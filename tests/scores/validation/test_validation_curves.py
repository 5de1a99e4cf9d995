"""Curves beside their definitions, point by point."""

import numpy as np
import pytest
import validation_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.validation.curves import (
    Stakes,
    calibration_curve,
    cost_curve,
    gains,
    lift_table,
    wilson,
)
from headrace.scores.validation.figures import auc, checked, ks

STAKES = Stakes(loss_minor=900_00, profit_minor=100_00)


@st.composite
def scored(draw):
    n = draw(st.integers(4, 20))
    y = np.array([1, 0, *draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))])
    p = np.array(draw(st.lists(st.integers(0, 8), min_size=n, max_size=n))) / 8
    w = np.array(draw(st.lists(st.integers(1, 4), min_size=n, max_size=n)), float)
    return y, p, w


@settings(max_examples=50)
@given(scored())
def test_gains_at_every_cut(rows):
    found = gains(*rows)
    for at, cut in enumerate(found.cut):
        expected = slow.found_at_cut(*rows, cut)
        assert (found.looked[at], found.found[at], found.alarmed[at]) == pytest.approx(expected)
    assert found.auc == pytest.approx(auc(*rows))
    assert np.abs(found.gap).max() == pytest.approx(ks(*rows))


@settings(max_examples=40)
@given(scored())
def test_cost_at_every_cut(rows):
    found = cost_curve(checked(*rows), STAKES, seed=1, draws=5)
    assert found.cut[-1] == np.inf
    for cut, cost in zip(found.cut, found.cost, strict=True):
        assert cost == pytest.approx(slow.cost(*rows, cut, 900_00, 100_00))
    assert found.best_cost.value == found.cost.min()
    assert found.best.low in found.cut
    assert found.best.high in found.cut


def book(n, seed):
    rng = np.random.default_rng(seed)
    p = expit(rng.normal(-2, 1.2, n))
    return (rng.random(n) < p).astype(int), p


def test_the_best_cut_off_of_a_calibrated_score_is_the_one_of_theory():
    y, p = book(20_000, 1)
    found = cost_curve(checked(y, p), STAKES, seed=1, draws=100)
    assert found.in_theory == pytest.approx(0.1)
    assert found.best.low < found.in_theory < found.best.high
    assert found.best_cost.low < found.best_cost.value < found.best_cost.high
    small = cost_curve(checked(y[:500], p[:500]), STAKES, seed=1, draws=100)
    assert small.best.high - small.best.low > found.best.high - found.best.low


def test_stakes_leave_something_to_decide():
    with pytest.raises(InputError, match="nothing to decide"):
        Stakes(loss_minor=0, profit_minor=5)


def test_lift_of_a_table_that_can_be_counted_by_hand():
    """Ten applicants, two of them bad, both in the riskiest fifth: lift 5."""
    y = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0, 0])
    score = np.arange(10, 0, -1)
    table = lift_table(y, score, parts=5)
    assert [row.found for row in table] == pytest.approx([1, 1, 1, 1, 1])
    assert table[0].lift == pytest.approx(5)
    assert table[-1].lift == pytest.approx(1)
    assert [row.bad_share for row in table] == pytest.approx([1, 0, 0, 0, 0])


def test_a_score_that_says_nothing_lifts_nothing():
    y = np.array([1, 0, 0, 1, 0])
    assert [row.lift for row in lift_table(y, np.zeros(5), parts=4)] == pytest.approx([1] * 4)


def test_wilsons_interval_is_the_published_one():
    """Newcombe (1998), table I: 81 of 263 is 0.2553 to 0.3662; 0 of 20 is 0 to 0.1611."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0.0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    assert wilson(1.0, 20)[1] == pytest.approx(1)


def test_calibration_bins_hold_every_row_and_weights_widen_them():
    y, p = book(4_000, 2)
    bins = calibration_curve(y, p, parts=8)
    assert sum(each.firms for each in bins) == y.size
    assert [each.predicted for each in bins] == sorted(each.predicted for each in bins)
    held = np.mean([each.low <= each.predicted <= each.high for each in bins])
    assert held >= 0.7
    w = np.random.default_rng(1).choice([1.0, 20.0], y.size)
    weighted = calibration_curve(y, p, w, parts=8)
    widths = [[each.high - each.low for each in some] for some in (bins, weighted)]
    assert np.mean(widths[1]) > np.mean(widths[0])
