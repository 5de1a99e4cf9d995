"""LightGBM's own text of a model, read as data: the same scores to the last bits."""

import boosting_reference as twin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.trees.lightgbm_text import read_lightgbm
from headrace.scores.trees.model import Boosting

lightgbm = pytest.importorskip("lightgbm")
NAMES = ("turnover", "overdue_days", "tax_paid", "returns")
QUIET = {"verbosity": -1, "num_threads": 1, "objective": "binary", "min_data_in_leaf": 5}


def grown(seed: int, trees: int = 15, **parameters):
    """A LightGBM model of rows with missing values in all features but the last."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 10, (400, 4))
    x[:, 2] = rng.integers(-3, 4, 400)
    x[:, :3][rng.random((400, 3)) < 0.15] = np.nan
    y = (rng.random(400) < 1 / (1 + np.exp(-np.nan_to_num(x[:, 0]) / 5 - x[:, 3] / 9))) * 1
    data = lightgbm.Dataset(x, y, feature_name=list(NAMES))
    return lightgbm.train({**QUIET, "seed": seed, **parameters}, data, trees), x


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**20),
    leaves=st.integers(2, 40),
    missing=st.booleans(),
    weights=st.sampled_from((0.0, 5.0)),
)
def test_scores_are_lightgbms(seed, leaves, missing, weights):
    theirs, x = grown(seed, num_leaves=leaves, use_missing=missing, path_smooth=weights)
    ours = read_lightgbm(theirs.model_to_string())
    asked = np.random.default_rng(seed + 1).normal(0, 20, (300, 4))
    asked[np.random.default_rng(seed).random(asked.shape) < 0.2] = np.nan
    asked[0], asked[1], asked[2] = np.inf, -np.inf, 0.0
    cuts = ours.threshold[(np.abs(ours.threshold) > 1e-34) & np.isfinite(ours.threshold)]
    asked[3:40, 0] = np.resize(cuts, 37) if cuts.size else 0.0
    rows = np.concatenate([x, asked])
    assert np.abs(ours.raw_score(rows) - theirs.predict(rows, raw_score=True)).max() <= 1e-12
    assert np.abs(ours.probability(rows) - theirs.predict(rows)).max() <= 1e-12
    text = ours.to_json()
    assert ours.raw_score(rows).tolist() == twin.raw_scores(text, rows)
    assert Boosting.from_json(text).to_json() == text


def test_what_it_expects_is_the_mean_of_its_training_rows():
    theirs, x = grown(3)
    ours = read_lightgbm(theirs.model_to_string())
    assert ours.names == NAMES
    assert ours.expected == pytest.approx(ours.raw_score(x).mean(), abs=1e-12)
    assert ours.cover[ours.roots].tolist() == [400] * 15
    reasons = ours.contributions(x)
    assert np.allclose(ours.expected + reasons.sum(axis=1), ours.raw_score(x), atol=1e-12)


def test_a_feature_that_was_never_missing_is_taken_as_0_where_it_is():
    theirs, x = grown(5)
    rows = x.copy()
    rows[:, 3] = np.nan
    ours = read_lightgbm(theirs.model_to_string())
    assert np.array_equal(ours.raw_score(rows), theirs.predict(rows, raw_score=True))


def test_a_model_that_found_nothing_to_split_is_one_leaf():
    x, y = np.zeros((50, 1)), np.arange(50) % 5 == 0
    theirs = lightgbm.train(QUIET, lightgbm.Dataset(x, y * 1), 3)
    ours = read_lightgbm(theirs.model_to_string(), ("nothing",))
    assert ours.roots.tolist() == [0]
    assert np.abs(ours.probability(x) - 0.2).max() < 1e-9
    assert not ours.contributions(x).any()


def test_the_sigmoid_of_the_model_is_kept():
    theirs, x = grown(7, sigmoid=2.5)
    ours = read_lightgbm(theirs.model_to_string())
    assert ours.slope == 2.5
    assert np.abs(ours.probability(x) - theirs.predict(x)).max() <= 1e-12


def altered(change):
    theirs, _ = grown(1, trees=2)
    return change(theirs.model_to_string())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: "", "num_class"),
        (lambda text: "hello", "num_class"),
        (lambda text: text.replace("num_class=1", "num_class=3"), "num_class"),
        (lambda text: text.replace("objective=binary", "objective=regression"), "objective"),
        (lambda text: text.replace("sigmoid:1", "sigmoid:0"), "sigmoid above 0"),
        (lambda text: text.split("Tree=0")[0], "one tree or more"),
        (lambda text: text.replace("num_cat=0", "num_cat=1"), "encode categories as numbers"),
        (lambda text: text.replace("is_linear=0", "is_linear=1"), "constant leaves"),
        (lambda text: text.replace("feature_names=turnover", "feature_names=returns"), "each once"),
        (lambda text: text.replace("max_feature_idx=3", "max_feature_idx=2"), "3 names"),
        (lambda text: text.replace("max_feature_idx=3", "max_feature_idx=x"), "whole numbers"),
        (lambda text: text.replace("left_child=", "left_child=7 "), "left_child"),
        (lambda text: text.replace("threshold=", "threshold=x "), "threshold"),
        (lambda text: text.replace("leaf_value=", "leaf_value=1 "), "leaf_value"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(change, said):
    with pytest.raises(InputError) as refused:
        read_lightgbm(altered(change))
    assert "no LightGBM model" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "parameters",
    [{"zero_as_missing": True}, {"linear_tree": True}],
    ids=lambda each: next(iter(each)),
)
def test_what_the_arrays_cannot_hold_is_refused(parameters):
    theirs, _ = grown(2, trees=3, **parameters)
    with pytest.raises(InputError, match="no LightGBM model that can be read"):
        read_lightgbm(theirs.model_to_string())


def test_categorical_splits_are_refused():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 6, (400, 1)).astype(float)
    y = (x[:, 0] % 2).astype(int)
    theirs = lightgbm.train(QUIET, lightgbm.Dataset(x, y, categorical_feature=[0]), 2)
    with pytest.raises(InputError, match="encode categories as numbers"):
        read_lightgbm(theirs.model_to_string())


def test_children_that_run_in_a_circle_are_refused():
    theirs, _ = grown(1, trees=1, num_leaves=4)
    lines = [
        "left_child=0 -1 -2" if line.startswith("left_child") else line
        for line in theirs.model_to_string().splitlines()
    ]
    with pytest.raises(InputError, match="a later node of the same tree"):
        read_lightgbm("\n".join(lines))


@settings(max_examples=60)
@given(data=st.data())
def test_a_text_altered_anywhere_is_refused_or_scores(data):
    text = TEXT
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("0123456789-. =\nx"))
    try:
        model = read_lightgbm(text[:place] + letter + text[place + 1 :])
    except InputError:
        return
    assert np.isfinite(model.raw_score(np.zeros((2, 4)))).all()


TEXT = grown(4, trees=2, num_leaves=4)[0].model_to_string().partition("\nend of trees")[0]
