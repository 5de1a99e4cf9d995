"""What must not matter to a figure: order of rows, scale of a score, type of an array."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from headrace.scores.validation.comparing import compare, tried
from headrace.scores.validation.curves import (
    Stakes,
    calibration_curve,
    cost_curve,
    gains,
    lift_table,
)
from headrace.scores.validation.figures import (
    auc,
    auc_interval,
    bootstrap,
    brier,
    calibration_line,
    checked,
    expected_calibration_error,
    gini,
    ks,
    log_loss,
)
from headrace.scores.validation.nested import Functions, Rows, out_of_fold, quality
from headrace.scores.validation.splits import SplitSettings, split

RANKING = (auc, gini, ks)
OF_PROBABILITY = (log_loss, lambda y, p, w: brier(y, p, w).score)


def book(seed, n=150):
    rng = np.random.default_rng(seed)
    p = expit(np.round(rng.normal(-1, 1, n), 1))  # with ties
    y = (rng.random(n) < p).astype(int)
    y[:4] = [0, 1, 0, 1]
    return y, p, rng.integers(1, 6, n).astype(float), rng


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_the_order_of_rows(seed):
    y, p, w, rng = book(seed)
    order = rng.permutation(y.size)
    for figure in (*RANKING, *OF_PROBABILITY):
        assert figure(y, p, w) == pytest.approx(figure(y[order], p[order], w[order]), rel=1e-12)
    one, other = calibration_curve(y, p, w), calibration_curve(y[order], p[order], w[order])
    assert [each.observed for each in one] == pytest.approx([each.observed for each in other])
    assert [each.firms for each in one] == [each.firms for each in other]
    first, second = calibration_line(y, p, w), calibration_line(y[order], p[order], w[order])
    assert first.slope.value == pytest.approx(second.slope.value, rel=1e-8)
    assert first.intercept.low == pytest.approx(second.intercept.low, rel=1e-6, abs=1e-8)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.1, 50), st.floats(-100, 100))
def test_the_scale_of_a_score(seed, slope, shift):
    y, p, w, _ = book(seed)
    log_odds = np.round(np.log(p / (1 - p)), 1)  # tenths, so that ties stay ties when scaled
    scaled = np.round(log_odds * 10) * slope + shift
    if np.unique(scaled).size < np.unique(log_odds).size:
        return
    for figure in RANKING:
        assert figure(y, log_odds, w) == figure(y, scaled, w)
    assert auc_interval(y, log_odds, w) == auc_interval(y, scaled, w)
    assert lift_table(y, log_odds, w) == lift_table(y, scaled, w)
    assert np.array_equal(gains(y, log_odds, w).found, gains(y, scaled, w).found)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_which_outcome_is_called_bad(seed):
    """Turned round, the score of being good ranks the good as well."""
    y, p, w, _ = book(seed)
    score = np.round(100 * p)
    assert auc(1 - y, -score, w) == pytest.approx(auc(y, score, w), abs=1e-12)
    assert ks(1 - y, -score, w) == pytest.approx(ks(y, score, w), abs=1e-12)
    one, other = auc_interval(y, score, w), auc_interval(1 - y, -score, w)
    assert (one.low, one.high) == pytest.approx((other.low, other.high))
    assert log_loss(1 - y, 1 - p, w) == pytest.approx(log_loss(y, p, w))
    assert brier(1 - y, 1 - p, w).score == pytest.approx(brier(y, p, w).score)


def test_lists_booleans_and_arrays_are_alike():
    y, score = [0, 1, 1, 0, 1], [0.1, 0.4, 0.8, 0.4, 0.3]
    expected = auc(np.array(y), np.array(score))
    assert expected == 4.5 / 6
    assert auc(y, score) == expected
    assert auc([bool(each) for each in y], score) == expected
    assert auc(np.array(y, np.int8), np.array(score, np.float32).astype(float)) == expected
    assert auc(y, [1, 4, 8, 4, 3]) == expected


def test_an_auc_of_a_million_rows_is_exact():
    """Scores 0 to 9 in known numbers: the pairs can be counted with whole numbers."""
    bad = np.array([1, 2, 3, 5, 8, 13, 21, 34, 55, 89]) * 400
    good = np.array([89, 55, 34, 21, 13, 8, 5, 3, 2, 1]) * 4_000
    y = np.r_[np.ones(bad.sum(), int), np.zeros(good.sum(), int)]
    score = np.r_[np.repeat(np.arange(10), bad), np.repeat(np.arange(10), good)].astype(float)
    twice = sum(
        int(bad[i]) * int(good[j]) * (2 if i > j else 1 if i == j else 0)
        for i in range(10)
        for j in range(10)
    )
    assert y.size > 1_000_000
    assert auc(y, score) == twice / (2 * int(bad.sum()) * int(good.sum()))


def test_seeds_decide_every_draw():
    y, p, w, rng = book(1)
    rows = checked(y, p, w)
    assert bootstrap(rows, ks, 3, draws=40) == bootstrap(rows, ks, 3, draws=40)
    assert bootstrap(rows, ks, 3, draws=40) != bootstrap(rows, ks, 4, draws=40)
    stakes = Stakes(500, 100)
    one, other = (cost_curve(rows, stakes, 3, draws=40) for _ in range(2))
    assert (one.best, one.best_cost) == (other.best, other.best_cost)
    many = {f"m{k}": p + rng.normal(0, 0.1, y.size) for k in range(4)}
    assert tried(y, p, many, 5, draws=50) == tried(y, p, many, 5, draws=50)


def test_intervals_narrow_with_the_root_of_the_rows():
    small, large = book(2, 400), book(2, 6_400)
    for wide, narrow in (
        (auc_interval(*small[:2]), auc_interval(*large[:2])),
        (calibration_line(*small[:2]).slope, calibration_line(*large[:2]).slope),
        (calibration_line(*small[:2]).intercept, calibration_line(*large[:2]).intercept),
    ):
        assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(4, rel=0.25)
    tight = auc_interval(*small[:2], level=0.5)
    assert tight.high - tight.low < 0.5 * (
        auc_interval(*small[:2]).high - auc_interval(*small[:2]).low
    )


def test_equal_weights_are_no_weights():
    y, p, _, _ = book(3)
    same = np.full(y.size, 7.5)
    for one, other in (
        (auc_interval(y, p), auc_interval(y, p, same)),
        (calibration_line(y, p).slope, calibration_line(y, p, same).slope),
        (compare(y, p, 1 - p).difference, compare(y, p, 1 - p, same).difference),
    ):
        assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))
    first, second = expected_calibration_error(y, p), expected_calibration_error(y, p, same)
    assert (first.value, first.by_chance) == pytest.approx((second.value, second.by_chance))


def test_quality_of_repeats_is_of_each_and_of_their_mean():
    """The AUC is the mean of the repeats' (not of the mean prediction, which flatters)."""
    y, p, _, rng = book(4, 300)
    noise = rng.normal(0, 0.3, (4, y.size))
    calls = iter(range(100))

    def predict(_, x):
        own = x[:, 0].astype(int)
        return np.clip(p[own] + noise[next(calls) // 2, own], 0.01, 0.99)

    rows = Rows(np.arange(y.size, dtype=float)[:, None], y)
    splits = split(y, settings=SplitSettings(folds=2, repeats=4))
    done = out_of_fold(Functions(lambda _: None, predict), rows, splits)
    found = quality(done)
    assert found.auc.value == pytest.approx(np.mean([auc(y, each) for each in done.predicted]))
    assert found.auc.value < auc(y, done.mean)
    assert len(done.fold_auc) == 8
    assert done.predicted.shape == (4, 300)
