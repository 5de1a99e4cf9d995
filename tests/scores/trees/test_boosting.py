"""Boosted trees as data: scikit-learn's to the bit, read back to the bit, and explained."""

import json
from dataclasses import fields

import boosting_reference as twin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from headrace.errors import InputError
from headrace.scores.trees.growing import (
    CUTS_OF_ALL,
    CUTS_OF_EVENTS,
    BoostingSettings,
    cells_of,
    cuts_of,
    exported,
    fit_boosting,
)
from headrace.scores.trees.model import Boosting

NAMES = ("one", "two", "three", "rare", "never")
SETTINGS = BoostingSettings(trees=30, leaves=8, depth=4, learning_rate=0.2, rows_per_leaf=5)


def sample(n: int = 3_000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Rows with missing values; the last feature is always missing."""
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.normal(size=(n, 3)), rng.integers(0, 3, n), np.zeros(n)])
    y = (rng.random(n) < expit(-3 + 2 * x[:, 0] + x[:, 1] * x[:, 2])).astype(np.int64)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, 4] = np.nan
    return x, y


@pytest.fixture(scope="module")
def model() -> Boosting:
    return fit_boosting(*sample(), NAMES, SETTINGS)


def asked(model: Boosting, n: int, seed: int) -> np.ndarray:
    """Rows that meet every threshold of the model exactly, and missing and infinite ones."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 3, (n, len(NAMES)))
    for column in range(len(NAMES)):
        cuts = model.threshold[model.feature == column]
        if cuts.size:
            exact = rng.random(n) < 0.5
            x[exact, column] = rng.choice(cuts, exact.sum())
    x[rng.random(x.shape) < 0.2] = np.nan
    x[rng.random(x.shape) < 0.02] = np.inf
    x[rng.random(x.shape) < 0.02] = -np.inf
    return x


# --- it is scikit-learn's ---


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    rows=st.integers(50, 600),
    depth=st.integers(1, 6),
    share=st.sampled_from((0.4, 1.0)),
)
def test_probabilities_are_scikit_learns_to_the_last_bit(seed, rows, depth, share):
    x, y = sample(rows, seed)
    y[:2] = (0, 1)
    cuts = cuts_of(x, y)
    theirs = HistGradientBoostingClassifier(
        max_iter=12, max_depth=depth, min_samples_leaf=3, early_stopping=False,
        max_features=share, random_state=seed,
    )  # fmt: skip
    with threadpool_limits(1, user_api="openmp"):  # faster on so few rows
        theirs.fit(cells_of(x, cuts), y)
    ours = exported(theirs, NAMES, cuts)
    fresh = sample(400, seed + 1)[0]
    both = np.concatenate([x, fresh])
    always_missing = np.zeros(both.shape[0])  # is one cell
    cells = np.column_stack([cells_of(both, cuts)[:, :4], always_missing])
    assert np.array_equal(ours.probability(both), theirs.predict_proba(cells)[:, 1])
    assert np.array_equal(ours.raw_score(both), theirs.decision_function(cells))


def test_where_values_are_few_it_is_what_scikit_learn_fits_on_the_values_themselves():
    """Cuts lie midway between values, as scikit-learn's do where it has a bin for each."""
    rng = np.random.default_rng(4)
    x = rng.integers(0, 50, (800, 3)).astype(np.float64)
    x[rng.random(x.shape) < 0.1] = np.nan
    y = (rng.random(800) < expit(x[:, 0] / 10 - 4)).astype(np.int64) | (np.isnan(x[:, 1]) * 1)
    settings_ = BoostingSettings(trees=20, leaves=8, depth=4, learning_rate=0.1, seed=3)
    theirs = HistGradientBoostingClassifier(
        max_iter=20, max_leaf_nodes=8, max_depth=4, learning_rate=0.1, min_samples_leaf=20,
        l2_regularization=1.0, max_features=0.5, early_stopping=False, random_state=3,
    ).fit(x, y)  # fmt: skip
    ours = fit_boosting(x, y, ("a", "b", "c"), settings_)
    assert np.array_equal(ours.probability(x), theirs.predict_proba(x)[:, 1])
    assert np.isinf(ours.threshold).any(), "a split by missing or not is among them"


# --- it is its twin's ---


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), rows=st.integers(0, 40))
def test_scores_and_reasons_are_the_twins(model, seed, rows):
    x = asked(model, rows, seed)
    text = model.to_json()
    assert model.raw_score(x).tolist() == twin.raw_scores(text, x)
    expected = np.reshape(twin.contributions(text, x), x.shape)
    assert np.array_equal(model.contributions(x), expected)


def test_rows_are_scored_alike_alone_and_together(model):
    x = asked(model, 1_300, 5)
    together = model.probability(x)
    alone = [model.probability(x[row : row + 1])[0] for row in range(0, 1_300, 7)]
    assert together[::7].tolist() == alone
    assert np.array_equal(model.probability(np.asfortranarray(x)), together)
    assert np.array_equal(model.probability(x[::-1]), together[::-1])


def test_reasons_add_up_to_the_score_from_that_of_the_mean_row(model):
    x, _ = sample()
    reasons = model.contributions(x)
    assert np.allclose(model.expected + reasons.sum(axis=1), model.raw_score(x), atol=1e-12)
    assert model.expected == pytest.approx(model.raw_score(x).mean(), abs=1e-9)
    assert np.abs(reasons[:, 0]).mean() > np.abs(reasons[:, 3]).mean()
    assert not reasons[:, 4].any()


# --- what it learns ---


def test_it_learns(model):
    x, y = sample(4_000, seed=9)
    probability = model.probability(x)
    assert probability.mean() == pytest.approx(y.mean(), abs=0.02)
    top = np.argsort(-probability)[:200]
    assert y[top].mean() > 4 * y.mean()


def test_cuts_lie_where_the_events_are():
    """Frauds among the largest amounts can be told apart, though they are one row in a thousand."""
    rng = np.random.default_rng(2)
    amount = rng.gamma(2, 30, 50_000)
    y = (amount > np.quantile(amount, 0.999)).astype(np.int64)
    (cuts,) = cuts_of(amount[:, None], y)
    assert cuts.size <= CUTS_OF_ALL + CUTS_OF_EVENTS
    assert (np.diff(cuts) > 0).all()
    largest_genuine, least_fraud = amount[y == 0].max(), amount[y == 1].min()
    assert ((cuts > largest_genuine) & (cuts < least_fraud)).sum() == 1
    found = fit_boosting(amount[:, None], y, ("amount",), BoostingSettings(trees=20))
    score = found.probability(amount[:, None])
    assert score[y == 1].min() > score[y == 0].max()


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(
        st.one_of(st.just(np.nan), st.floats(-1e300, 1e300), st.integers(-3, 3).map(float)),
        min_size=2,
        max_size=40,
    )
)
def test_between_few_values_there_is_a_cut_each(values):
    column = np.array(values)
    known = np.unique(column[~np.isnan(column)])
    (cuts,) = cuts_of(column[:, None], np.arange(column.size) % 2)
    assert np.isfinite(cuts).all()
    assert cuts.size <= max(known.size - 1, 0)
    cells = np.searchsorted(cuts, known)
    apart = known[:-1] / 2 + known[1:] / 2 < known[1:]
    assert (np.diff(cells)[apart] >= 1).all()


def test_the_same_rows_give_the_same_model_and_another_seed_another(model):
    assert fit_boosting(*sample(), NAMES, SETTINGS).digest() == model.digest()
    assert fit_boosting(*sample(seed=2), NAMES, SETTINGS).digest() != model.digest()


def test_calibration_brings_the_mean_right_and_keeps_the_order(model):
    x, y = sample(4_000, seed=9)
    half = y * (np.random.default_rng(0).random(y.size) < 0.5)
    calibrated = model.calibrated(x, half)
    assert calibrated.probability(x).mean() == pytest.approx(half.mean(), abs=1e-3)
    assert model.probability(x).mean() > 1.5 * half.mean()
    order = np.argsort(model.raw_score(x), kind="stable")
    assert (np.diff(calibrated.probability(x)[order]) >= 0).all()
    assert np.array_equal(calibrated.raw_score(x), model.raw_score(x))
    assert Boosting.from_json(calibrated.to_json()).digest() == calibrated.digest()
    assert calibrated.digest() != model.digest()


# --- it is kept ---


def test_it_reads_back_to_the_same_bits(model):
    text = model.to_json()
    again = Boosting.from_json(text)
    assert again.to_json() == text
    assert again.digest() == model.digest()
    for field in fields(Boosting):
        one, other = getattr(model, field.name), getattr(again, field.name)
        assert np.array_equal(one, other), field.name
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None)
    x = asked(model, 500, 3)
    assert np.array_equal(again.probability(x), model.probability(x))


def test_it_may_be_spelt_otherwise_by_hand(model):
    plain = json.loads(model.to_json())
    assert Boosting.from_json(json.dumps(plain, indent=2)).digest() == model.digest()


SMALL = {
    "fitted_on": "",
    "names": ["a", "b"],
    "baseline": -1.0,
    "slope": 1.0,
    "shift": 0.0,
    "roots": [0, 3],
    "feature": [1, -1, -1, 0, -1, 0, -1, -1],
    "threshold": [0.5, 0.0, 0.0, None, 0.0, -2, 0.0, 0.0],
    "missing_left": [1, 0, 0, 0, 0, 1, 0, 0],
    "left": [1, -1, -1, 4, -1, 6, -1, -1],
    "right": [2, -1, -1, 5, -1, 7, -1, -1],
    "value": [0.1, -0.2, 0.4, 0.0, -1.5, 0.5, 0.25, 8],
}


def test_a_small_model_by_hand():
    model = Boosting.from_json(json.dumps(SMALL))
    x = np.array([[0.0, 0.5], [np.nan, 1.0], [-3.0, np.nan]])
    assert model.raw_score(x).tolist() == [-1 - 0.2 - 1.5, -1 + 0.4 + 0.25, -1 - 0.2 - 1.5]
    assert np.allclose(model.contributions(x), [[-1.5, -0.3], [0.25, 0.3], [-1.5, -0.3]])
    assert model.expected == pytest.approx(-0.9)
    assert model.probability(x).tolist() == expit(model.raw_score(x)).tolist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": []}, "names"),
        ({"names": ["a", "a"]}, "each once"),
        ({"names": ["a", 3]}, "names 1"),
        ({"names": "ab"}, "names"),
        ({"fitted_on": "\ud800"}, "fitted_on"),
        ({"fitted_on": None}, "fitted_on"),
        ({"baseline": "0"}, "baseline. it should be a number"),
        ({"baseline": float("nan")}, "baseline"),
        ({"slope": True}, "slope"),
        ({"shift": 10**400}, "shift"),
        ({"roots": []}, "roots"),
        ({"roots": [1, 3]}, "rising from 0"),
        ({"roots": [0, 0]}, "rising from 0"),
        ({"roots": [0, 8]}, "below 8"),
        ({"roots": [0, 2]}, "right 0. it should be a later node of the same tree"),
        ({"roots": [0]}, "node 3. it should be a root, or below one other node"),
        ({"roots": 3}, "roots. it should be a list of whole numbers"),
        ({"feature": [2, -1, -1, 0, -1, 0, -1, -1]}, "feature 0. it should be below 2"),
        ({"feature": [1, -1, -1, 0, -1, 0, -1, -2]}, "feature 7"),
        ({"feature": [1, -1, -1, 0, -1, 0, -1, 0.0]}, "whole numbers"),
        ({"feature": [1, -1, -1, 0, -1, 0, -1, 2**40]}, "feature 7"),
        ({"feature": [1, -1]}, "2 values, one a node"),
        ({"feature": []}, "0 values, one a node"),
        ({"threshold": [0.5, 0.0, 0.0, None, 0.0, -2, 0.0, 1]}, "threshold 7. it should be 0"),
        ({"threshold": [0.5, 0.0, 0.0, None, 0.0, -2, 0.0, -0.0]}, "threshold 7"),
        ({"threshold": [0.5, 0.0, None, None, 0.0, -2, 0.0, 0.0]}, "threshold 2"),
        ({"threshold": ["x"] * 8}, "list of numbers"),
        ({"threshold": [float("nan"), 0.0, 0.0, None, 0.0, -2, 0.0, 0.0]}, "threshold 0"),
        ({"threshold": None}, "threshold"),
        ({"missing_left": [2, 0, 0, 0, 0, 1, 0, 0]}, "missing_left 0. it should be 0 or 1"),
        ({"missing_left": [1, 0, 0, 0, 0, 1, 0, 1]}, "missing_left 7. it should be 0 at a leaf"),
        ({"left": [0, -1, -1, 4, -1, 6, -1, -1]}, "left 0. it should be a later node"),
        ({"left": [4, -1, -1, 4, -1, 6, -1, -1]}, "left 0. it should be a later node"),
        ({"left": [1, -1, -1, 4, -1, 3, -1, -1]}, "left 5. it should be a later node"),
        ({"left": [1, -1, -1, 4, -1, 99, -1, -1]}, "left 5. it should be a later node"),
        ({"left": [1, 2, -1, 4, -1, 6, -1, -1]}, "left 1. it should be -1 at a leaf"),
        ({"right": [1, -1, -1, 5, -1, 7, -1, -1]}, "node 1. it should be a root, or below one"),
        ({"value": [0.1, -0.2, 0.4, 0.0, -1.5, 0.5, 0.25, None]}, "value"),
        ({"value": [0.1, -0.2, 0.4, 0.0, -1.5, 0.5, 0.25, float("inf")]}, "value 7"),
        ({"value": [0.1, -0.2, 0.4, 0.0, -1.5, 0.5, 0.25, 1e301]}, "value 7"),
        ({"extra": 1}, "a JSON object of"),
    ],
)
def test_what_is_no_model_is_refused_by_name(change, said):
    with pytest.raises(InputError) as refused:
        Boosting.from_json(json.dumps({**SMALL, **change}))
    assert "no boosted model" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", "not JSON", "[" * 100_000, "\ud800"])
def test_what_is_no_json_object_of_it_is_refused(text):
    with pytest.raises(InputError, match="the file"):
        Boosting.from_json(text)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_model_altered_anywhere_is_refused_or_still_scores(data):
    """Whatever passes the checks is walked without leaving its arrays and without end."""
    plain = json.loads(json.dumps(SMALL))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(["roots", "feature", "missing_left", "left", "right"]))
        place = data.draw(st.integers(0, len(plain[name]) - 1))
        plain[name][place] = data.draw(st.integers(-3, 9))
    text = json.dumps(plain)
    try:
        model = Boosting.from_json(text)
    except InputError:
        return
    x = np.array([[0.0, 0.5], [np.nan, np.nan], [-3.0, 2.0], [np.inf, -np.inf]])
    assert model.raw_score(x).tolist() == twin.raw_scores(model.to_json(), x)


# --- what it does not take ---


def test_settings_out_of_range_are_refused():
    for name, value in [("trees", 0), ("leaves", 1), ("depth", 0), ("learning_rate", 0.0),
                        ("learning_rate", 1.5), ("rows_per_leaf", 0), ("l2", -1.0),
                        ("l2", float("nan")), ("feature_share", 0.0), ("seed", -1)]:  # fmt: skip
        with pytest.raises(InputError, match=f"boosting cannot have {name}"):
            BoostingSettings(**{name: value})


def test_rows_that_do_not_fit_are_refused(model):
    x, y = sample(100)
    for wrong in (x[:, :4], x[0], x[None]):
        with pytest.raises(InputError, match="takes 5 features"):
            model.probability(wrong)
    with pytest.raises(InputError, match="do not fit"):
        fit_boosting(x, y, NAMES[:4], SETTINGS)
    with pytest.raises(InputError, match="do not fit"):
        fit_boosting(x, y, ("a", "a", "b", "c", "d"), SETTINGS)
    with pytest.raises(InputError, match="both 0 and 1 must occur"):
        fit_boosting(x, np.zeros(100, np.int64), NAMES, SETTINGS)
    with pytest.raises(InputError, match="both 0 and 1 must occur"):
        model.calibrated(x, y * 2)
    x[7, 2] = np.inf
    with pytest.raises(InputError, match="row 7, feature three"):
        fit_boosting(x, y, NAMES, SETTINGS)
