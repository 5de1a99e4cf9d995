"""The scorecard: what it learns, what it says, and that it reads back to the same bits."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from headrace.errors import InputError, MappingError
from headrace.scores.rating import RatingScale
from headrace.scores.straight_card import CardSpec, Scorecard, Term, Transform, terms_of
from headrace.scores.straight_fitting import fit

SPEC = CardSpec(terms=(Term("sales", Transform.LOG, low=1.0), Term("voids", high=1.0), Term("age")))


def sample(n: int = 300, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Firms whose default really depends on the first two terms."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    y = (rng.random(n) < expit(-1.2 - 1.0 * x[:, 0] + 0.7 * x[:, 1])).astype(np.int64)
    x[rng.random((n, 3)) < 0.05] = np.nan
    return x, y


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return fit(*sample(), SPEC, seed=3)


def test_it_learns_the_signs_and_the_mean(card):
    x, y = sample()
    assert card.coefficient[0] < -0.5
    assert card.coefficient[1] > 0.3
    assert abs(card.coefficient[2]) < 0.3
    assert card.probability(x).mean() == pytest.approx(y.mean(), abs=0.02)
    assert (card.rows, card.defaults) == (300, int(y.sum()))


def test_points_are_the_log_odds_on_another_scale(card):
    x, _ = sample(50, seed=9)
    odds_good = (1 - card.probability(x)) / card.probability(x)
    expected = 600 + 40 * np.log2(odds_good / 20)
    assert np.allclose(card.points(x), expected)
    parts = card.points_by_term(x).sum(axis=1) + card.points_of_uncertainty(x)
    assert np.allclose(card.points_mean_applicant + parts, card.points(x))


def test_uncertainty_pulls_towards_even_odds_as_averaging_over_the_coefficients_does(card):
    x, _ = sample(50, seed=9)
    plain, averaged = card.log_odds(x), card.predictive_log_odds(x)
    assert (np.abs(averaged) < np.abs(plain)).all()
    rng = np.random.default_rng(0)
    z = np.column_stack([np.ones(50), card.standardised(x)])
    draws = rng.multivariate_normal([card.intercept, *card.coefficient], card.covariance, 20_000)
    by_sampling = expit(z @ draws.T).mean(axis=1)
    assert np.abs(card.probability(x) - by_sampling).max() < 0.005


def test_doubling_the_odds_adds_the_points_that_double(card):
    p = np.array([0.1, 0.05263157894736842])  # odds 9 and 18
    points = card._scale(logit(p))
    assert points[1] - points[0] == pytest.approx(40.0)


def test_a_missing_value_contributes_what_the_median_firm_does(card):
    x = np.full((1, 3), np.nan)
    assert np.allclose(card.standardised(x), card.standardised(np.array([card.median])))


def test_the_interval_holds_the_probability_and_widens_far_out(card):
    near, far = np.zeros((1, 3)), np.full((1, 3), 4.0)
    for x in (near, far):
        low, high = card.interval(x)
        assert low[0] < card.probability(x)[0] < high[0]
    width = [np.diff(logit(np.concatenate(card.interval(x))))[0] for x in (near, far)]
    assert width[1] > width[0]


def test_saved_and_loaded_scores_are_the_same_bits(card):
    again = Scorecard.from_json(card.to_json())
    x, _ = sample(80, seed=4)
    assert again == card
    assert again.probability(x).tobytes() == card.probability(x).tobytes()
    assert again.to_json() == card.to_json()


def test_one_row_scores_like_a_batch(card):
    x, _ = sample(40, seed=5)
    one_by_one = np.concatenate([card.log_odds(row[None, :]) for row in x])
    assert one_by_one.tobytes() == card.log_odds(x).tobytes()


@pytest.mark.parametrize("threads", [1, 2])
def test_a_fit_is_the_same_on_any_number_of_threads(card, threads):
    with threadpool_limits(threads):
        assert fit(*sample(), SPEC, seed=3).to_json() == card.to_json()


def test_without_calibration_it_is_the_plain_penalised_regression():
    """The slow twin of the fit: scikit-learn on standardised, median-filled columns."""
    x, y = sample()
    card = fit(x, y, CardSpec(terms=SPEC.terms, strengths=(0.3,)), seed=3)
    filled = np.where(np.isnan(x), np.nanmedian(x, axis=0), x)
    z = (filled - filled.mean(axis=0)) / filled.std(axis=0)
    plain = LogisticRegression(C=0.3, tol=1e-10).fit(z, y)
    assert np.allclose(
        np.array(card.coefficient) / card.calibration_slope, plain.coef_[0], atol=1e-4
    )


def test_too_few_defaults_are_refused():
    x, y = sample(40)
    with pytest.raises(InputError, match="too few to fit"):
        fit(x, np.where(np.arange(40) < 3, 1, 0), SPEC, seed=1)
    assert y.size == 40


def test_a_column_without_values_says_nothing():
    x, y = sample()
    x[:, 2] = np.nan
    card = fit(x, y, SPEC, seed=3)
    assert card.coefficient[2] == pytest.approx(0.0, abs=1e-9)


def test_terms_clip_transform_and_keep_missing():
    table = pa.table({"sales": [0.5, 100.0, None], "voids": [0.2, 7.0, None], "age": [1, 2, 3]})
    x = terms_of(table, SPEC.terms)
    assert np.allclose(x[0], [0.0, 0.2, 1.0])
    assert np.allclose(x[1], [np.log(100), 1.0, 2.0])
    assert np.isnan(x[2, :2]).all()
    with pytest.raises(InputError, match=r"not computed: \['sales'\]"):
        terms_of(table.drop(["sales"]), SPEC.terms)


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_classes_follow_the_probability(probabilities):
    scale = RatingScale(("A", "B", "C", "D"), (0.03, 0.1, 0.25, 1.0))
    rated = scale.rate(np.array(sorted(probabilities)))
    assert list(rated) == sorted(rated)
    assert scale.rate(np.array([0.03, 0.030001, 1.0])).tolist() == ["A", "B", "D"]


@pytest.mark.parametrize("bounds", [(0.1, 0.1, 0.2, 1.0), (0.1, 0.2, 0.3, 0.9), (0.5, 1.0)])
def test_a_scale_with_gaps_is_refused(bounds):
    with pytest.raises(MappingError, match="are not a scale"):
        RatingScale(("A", "B", "C", "D"), bounds)
