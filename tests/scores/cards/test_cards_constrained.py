"""The regression behind a card: no coefficient of the wrong sign, and nothing better has none."""

import cards_reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.cards.constrained import Penalty, fit_regression

MOST_STRENGTHS = st.sampled_from([0.01, 0.1, 1.0, 10.0])


def rows(seed, n=200, k=4, *, twins=False):
    """WOE of features some of which mislead; twins are two columns nearly the same."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k))
    if twins:
        z[:, 1] = z[:, 0] + 0.01 * z[:, 1]
    truth = rng.normal(-0.4, 0.6, k)
    y = (rng.random(n) < expit(-1 + z @ truth)).astype(float)
    y[:2] = 0, 1
    return z, y, rng.uniform(0.2, 3.0, n)


@settings(max_examples=40)
@given(
    st.integers(0, 10_000),
    st.integers(1, 6),
    st.booleans(),
    MOST_STRENGTHS,
    st.sampled_from([0.0, 0.0, 2.0, 20.0]),
    st.sampled_from([0.0, 0.5, 0.9]),
)
def test_no_other_minimiser_does_better(seed, k, twins, strength, sparsity, alike):
    z, y, w = rows(seed, k=k, twins=twins and k > 1)
    penalty = Penalty(strength, sparsity, alike)
    fitted = fit_regression(z, y, w, penalty)
    assert (fitted.coefficient <= 0).all()
    cost = fitted.loss + penalty.of(fitted.coefficient)
    least, beta = cards_reference.regression_of(z, y, w, strength, sparsity, alike)
    assert cost <= least + 1e-7 * (1 + abs(least))
    # Where the other stopped short of the minimum it is as far away as the cost curves at most.
    short = np.sqrt(2 * strength * max(least - cost, 0.0))
    found = np.concatenate([[fitted.intercept], fitted.coefficient])
    assert np.allclose(found, beta, atol=2e-3 + short)


@settings(max_examples=40)
@given(st.integers(0, 10_000), MOST_STRENGTHS)
def test_it_is_the_optimum_where_nothing_can_be_gained(seed, strength):
    """Karush, Kuhn and Tucker: flat where free, and held at 0 only by a pull to the wrong side."""
    z, y, w = rows(seed)
    fitted = fit_regression(z, y, w, Penalty(strength))
    slope = w * (expit(fitted.log_odds(z)) - y)
    gradient = z.T @ slope + fitted.coefficient / strength
    free = fitted.coefficient < 0
    assert abs(slope.sum()) < 1e-6
    assert np.abs(gradient[free]).max(initial=0.0) < 1e-6
    assert (gradient[~free] <= 1e-6).all()


def test_a_feature_that_misleads_gets_exactly_nothing():
    rng = np.random.default_rng(3)
    z = rng.normal(size=(2_000, 2))
    y = (rng.random(2_000) < expit(-1 - z[:, 0] + 0.5 * z[:, 1])).astype(float)
    fitted = fit_regression(z, y, np.ones(2_000), Penalty(1.0))
    assert fitted.coefficient[1] == 0.0
    assert fitted.coefficient[0] < -0.5
    assert not fitted.covariance[2].any()
    assert not fitted.covariance[:, 2].any()


def test_a_larger_sparsity_keeps_fewer_features():
    z, y, w = rows(5, n=600, k=8)
    counts = [
        int((fit_regression(z, y, w, Penalty(1.0, sparsity)).coefficient < 0).sum())
        for sparsity in (0.0, 10.0, 40.0, 1_000.0)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


def test_coefficients_that_are_alike_cost_little():
    z, y, w = rows(6, n=300, k=4)
    apart, alike = (
        fit_regression(z, y, w, Penalty(0.01, alike=share)).coefficient for share in (0.0, 0.9)
    )
    assert alike.mean() < apart.mean()  # less is taken off
    assert np.ptp(alike / alike.mean()) < np.ptp(apart / apart.mean())


def test_without_columns_it_is_the_default_rate():
    y = np.array([1.0, 0, 0, 0])
    fitted = fit_regression(np.empty((4, 0)), y, np.ones(4), Penalty(1.0))
    assert np.isclose(fitted.intercept, np.log(1 / 3))


def test_the_covariance_is_the_inverse_curvature():
    z, y, w = rows(8, n=500, k=2)
    fitted = fit_regression(z, y, w, Penalty(0.5))
    p = expit(fitted.log_odds(z))
    design = np.column_stack([np.ones(500), z])
    curvature = design.T @ (design * (w * p * (1 - p))[:, None]) + np.diag([0.0, 2.0, 2.0])
    free = np.concatenate([[True], fitted.coefficient < 0])
    right = np.linalg.inv(curvature[np.ix_(free, free)])
    assert np.allclose(fitted.covariance[np.ix_(free, free)], right, rtol=1e-6)


def test_a_weight_counts_as_so_many_rows():
    z, y, _ = rows(9, n=60, k=2)
    times = np.random.default_rng(1).integers(1, 4, 60)
    weighted = fit_regression(z, y, times.astype(float), Penalty(1.0))
    repeated = fit_regression(
        np.repeat(z, times, axis=0), np.repeat(y, times), np.ones(times.sum()), Penalty(1.0)
    )
    assert np.allclose(weighted.coefficient, repeated.coefficient, atol=1e-7)


def test_the_same_rows_give_the_same_bits():
    z, y, w = rows(11)
    one, two = (fit_regression(z, y, w, Penalty(1.0)) for _ in range(2))
    assert one.intercept == two.intercept
    assert one.coefficient.tobytes() == two.coefficient.tobytes()


def test_outcomes_all_the_same_are_refused():
    with pytest.raises(InputError, match="0 defaults"):
        fit_regression(np.ones((3, 1)), np.zeros(3), np.ones(3), Penalty(1.0))


@pytest.mark.parametrize("wrong", [(0.0,), (-1.0,), (1.0, -1.0), (float("nan"),), (1.0, 0.0, 1.0)])
def test_a_penalty_that_means_nothing_is_refused(wrong):
    with pytest.raises(InputError, match="no penalty"):
        Penalty(*wrong)
