"""Every figure beside its definition, its interval beside how often it holds the truth."""

import numpy as np
import pytest
import validation_reference as slow
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from headrace.errors import InputError
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
    like_groups,
    log_loss,
    placements,
)


@st.composite
def scored(draw, weighted=True):
    """Outcomes of both kinds, probabilities with many ties, and weights."""
    n = draw(st.integers(4, 25))
    y = np.array([1, 0, 1, 0, *draw(st.lists(st.integers(0, 1), min_size=n - 4, max_size=n - 4))])
    p = np.array(draw(st.lists(st.integers(0, 12), min_size=n, max_size=n))) / 12
    weights = st.lists(st.integers(1, 5), min_size=n, max_size=n)
    w = np.array(draw(weights), float) if weighted else np.ones(n)
    return y, p, w


@settings(max_examples=60)
@given(scored())
def test_figures_are_their_definitions(rows):
    y, p, w = rows
    assert auc(y, p, w) == pytest.approx(slow.auc(y, p, w), abs=1e-12)
    assert gini(y, p, w) == pytest.approx(2 * slow.auc(y, p, w) - 1, abs=1e-12)
    assert ks(y, p, w) == pytest.approx(slow.ks(y, p, w), abs=1e-12)
    assert brier(y, p, w).score == pytest.approx(slow.brier(y, p, w), abs=1e-12)
    assert log_loss(y, p, w) == pytest.approx(slow.log_loss(y, p, w), rel=1e-12)


@settings(max_examples=60)
@given(scored(weighted=False))
def test_delongs_variance_is_his(rows):
    y, p, _ = rows
    found = placements(checked(y, p))
    assert found.variance == pytest.approx(slow.delong_variance(y, p), abs=1e-12)
    assert found.auc == pytest.approx(slow.auc(y, p, np.ones(y.size)), abs=1e-12)


@settings(max_examples=40)
@given(scored())
def test_a_weight_of_two_is_the_row_twice_and_all_weights_doubled_change_nothing(rows):
    y, p, w = rows
    times = w.astype(int)
    again, twice = np.repeat(y, times), np.repeat(p, times)
    for figure in (auc, ks, log_loss):
        assert figure(y, p, w) == pytest.approx(figure(again, twice), rel=1e-9)
        assert figure(y, p, w) == pytest.approx(figure(y, p, 2 * w), rel=1e-9)
    one, other = auc_interval(y, p, w), auc_interval(y, p, 2 * w)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-9)


@settings(max_examples=40)
@given(scored())
def test_the_brier_score_is_the_sum_of_its_parts(rows):
    found = brier(*rows)
    parts = found.reliability - found.resolution + found.uncertainty + found.within
    assert found.score == pytest.approx(parts, abs=1e-12)
    assert found.reliability >= 0
    assert found.resolution >= 0
    assert found.skill <= 1


def test_groups_of_one_probability_leave_nothing_within():
    y, p = np.array([0, 1, 0, 1, 1, 0]), np.array([0.2, 0.2, 0.2, 0.7, 0.7, 0.7])
    found = brier(y, p)
    assert found.within == pytest.approx(0, abs=1e-12)
    assert found.reliability == pytest.approx((1 / 3 - 0.2) ** 2 / 2 + (2 / 3 - 0.7) ** 2 / 2)


def sample(n, seed, slope=1.0, shift=0.0):
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(-1.5, 1.2, n)
    y = (rng.random(n) < expit(slope * log_odds + shift)).astype(int)
    return y, expit(log_odds)


def test_delongs_interval_holds_the_truth_as_often_as_it_says():
    y, p = sample(400_000, 0)
    truth = roc_auc_score(y, p)
    held = [
        found.low <= truth <= found.high
        for found in (auc_interval(*sample(250, seed)) for seed in range(1, 401))
    ]
    assert 0.92 <= np.mean(held) <= 0.98


def test_the_bootstrap_agrees_with_delong():
    y, p = sample(600, 3)
    found, quick = bootstrap(checked(y, p), auc, seed=1, draws=600), auc_interval(y, p)
    assert found.value == pytest.approx(quick.value, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((quick.low, quick.high), abs=0.01)
    assert bootstrap(checked(y, p), auc, seed=1, draws=50) == bootstrap(
        checked(y, p), auc, seed=1, draws=50
    )


def test_no_mistake_among_a_few_is_not_certainty():
    """Five defaults ranked above all else: the AUC may still be 0.55."""
    y = np.array([1] * 5 + [0] * 40)
    found = auc_interval(y, y + 0.0)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.05 ** (1 / 5))
    worst = auc_interval(y, -y + 0.0)
    assert (worst.value, worst.low) == (0.0, 0.0)
    assert worst.high == pytest.approx(1 - 0.05 ** (1 / 5))


def test_the_mean_of_repeats_has_the_mean_auc():
    y, p = sample(300, 4)
    noise = np.random.default_rng(1).normal(0, 0.05, (3, y.size))
    several = p + noise
    assert auc_interval(y, several).value == pytest.approx(np.mean([auc(y, s) for s in several]))


def test_calibration_line_tells_which_way_a_score_is_off():
    right = calibration_line(*sample(20_000, 1))
    assert right.slope.low < 1 < right.slope.high
    assert right.intercept.low < 0 < right.intercept.high
    shy = calibration_line(*sample(20_000, 2, slope=1.5))
    assert shy.slope.low > 1.3
    rosy = calibration_line(*sample(20_000, 3, shift=0.5))
    assert rosy.intercept.low > 0.3, "more defaults than promised"


def test_calibration_line_is_the_usual_logistic_regression():
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - only this test needs it

    y, p = sample(500, 5)
    z = np.log(p / (1 - p))[:, None]
    model = LogisticRegression(C=1e12, solver="newton-cholesky", tol=1e-10).fit(z, y)
    assert calibration_line(y, p).slope.value == pytest.approx(model.coef_[0, 0], abs=1e-4)


def test_no_slope_where_outcomes_are_parted():
    y = np.array([0, 0, 1, 1])
    assert np.isnan(calibration_line(y, np.array([0.1, 0.2, 0.8, 0.9])).slope.value)
    assert np.isnan(calibration_line(y, np.full(4, 0.5)).slope.value)
    assert calibration_line(y, np.full(4, 0.5)).intercept.value == pytest.approx(0)


def test_the_calibration_error_of_a_perfect_score_is_what_chance_gives():
    found = [expected_calibration_error(*sample(2_000, seed)) for seed in range(20)]
    mean = np.mean([each.value for each in found])
    assert mean == pytest.approx(np.mean([each.by_chance for each in found]), rel=0.15)
    off = expected_calibration_error(*sample(2_000, 1, shift=1.0))
    assert off.value > 4 * off.by_chance


def test_equal_values_stay_in_one_group():
    value = np.array([1.0] * 50 + [2.0] + [3.0] * 49)
    group = like_groups(value, np.ones(100), 10)
    assert all(np.unique(group[value == each]).size == 1 for each in (1.0, 2.0, 3.0))
    assert (np.diff(group) >= 0).all()


@pytest.mark.parametrize(
    ("y", "score", "w", "said"),
    [
        ([0, 1], [1.0], None, "one of each"),
        ([0, 0], [1.0, 2.0], None, "both of them"),
        ([0, 2], [1.0, 2.0], None, "0 for good and 1 for bad"),
        ([0, 1], [1.0, np.nan], None, "row 1 of 2"),
        ([0, 1], [1.0, 2.0], [1.0, 0.0], "weight is not above 0"),
    ],
)
def test_what_does_not_fit_is_refused(y, score, w, said):
    with pytest.raises(InputError, match=said):
        auc(y, score, w)


def test_a_score_that_is_no_probability_has_no_brier_score():
    with pytest.raises(InputError, match=r"1\.5 is no probability"):
        brier([0, 1], [0.5, 1.5])


def firms(seed, firms=150, loans=8):
    """Loans of firms: all loans of a firm have one score, and default together."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=firms)
    bad = rng.random(firms) < expit(-1 - 1.5 * quality)
    group = np.repeat(np.arange(firms), loans)
    return bad[group].astype(int), -quality[group], group


def test_loans_of_one_firm_are_not_many_firms():
    """Eight copies of each firm say no more than one: the interval is that of the firms."""
    y, score, group = firms(1)
    alone = auc_interval(y[::8], score[::8])
    found, careless = auc_interval(y, score, groups=group), auc_interval(y, score)
    assert found.value == pytest.approx(alone.value)
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high), abs=0.004)
    assert careless.high - careless.low < 0.5 * (found.high - found.low)
    drawn = bootstrap(checked(y, score, groups=group), auc, seed=1, draws=400)
    assert (drawn.low, drawn.high) == pytest.approx((found.low, found.high), abs=0.015)


def test_the_interval_of_groups_holds_the_truth_as_often_as_it_says():
    truth = roc_auc_score(*firms(0, firms=200_000, loans=1)[:2])
    held = []
    for seed in range(1, 301):
        y, score, group = firms(seed, firms=120, loans=3)
        found = auc_interval(y, score, groups=group)
        held.append(found.low <= truth <= found.high)
    assert 0.91 <= np.mean(held) <= 0.985


def test_groups_of_one_row_are_no_groups():
    y, p = sample(300, 8)
    alone, each = auc_interval(y, p), auc_interval(y, p, groups=np.arange(300) * 7)
    assert (each.low, each.high) == pytest.approx((alone.low, alone.high), abs=1e-3)
    with pytest.raises(InputError, match="differ"):
        auc_interval(y, p, groups=np.arange(5))


def test_draws_take_whole_groups_and_keep_both_outcomes():
    """Nine firms, one of them bad: many draws would lack it."""
    y, group = np.repeat([1] + [0] * 8, 3), np.repeat(np.arange(9), 3)
    seen = []

    def rows_of_the_bad(y, score, w):
        seen.append(np.bincount(score.astype(int), minlength=9))
        return float(y.sum())

    bootstrap(checked(y, group, groups=group), rows_of_the_bad, seed=1, draws=60)
    counts = np.array(seen)
    assert (counts % 3 == 0).all()
    assert (counts[:, 0] > 0).all()
    assert (counts.sum(axis=1) == 27).all()


@pytest.mark.parametrize("spread", [1e-3, 1e-6])
def test_the_slope_of_predictions_that_are_nearly_alike_is_that_of_those_far_apart(spread):
    rng = np.random.default_rng(5)
    z = rng.normal(size=400)
    y = (rng.random(400) < expit(z - 1)).astype(np.int64)
    wide, narrow = (calibration_line(y, expit(-1 + k * z)).slope for k in (1.0, spread))
    for one, other in zip(vars(wide).values(), vars(narrow).values(), strict=True):
        assert other * spread == pytest.approx(one, rel=1e-5)
