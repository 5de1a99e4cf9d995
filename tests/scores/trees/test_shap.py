"""Shapley values of trees: those of every coalition, and LightGBM's."""

import json

import numpy as np
import pytest
import trees_reference as twin
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.trees.growing import BoostingSettings, fit_boosting
from headrace.scores.trees.lightgbm_text import read_lightgbm
from headrace.scores.trees.model import Boosting
from headrace.scores.trees.shap import TreeShap

NAMES = ("income", "arrears", "age", "region")


def rows(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    x[rng.random(x.shape) < 0.15] = np.nan
    y = (rng.random(n) < 1 / (1 + np.exp(np.nan_to_num(x[:, 0] + x[:, 1] * x[:, 2])))) * 1
    y[:2] = (0, 1)
    return x, y


@settings(max_examples=10)
@given(seed=st.integers(0, 2**20), depth=st.integers(1, 6), trees=st.integers(1, 4))
def test_values_are_the_mean_gains_over_all_orders(seed, depth, trees):
    x, y = rows(seed)
    grown = BoostingSettings(
        trees=trees, depth=depth, leaves=12, rows_per_leaf=3, learning_rate=0.5
    )
    model = fit_boosting(x, y, NAMES, grown)
    asked = np.concatenate([x[:4], [[np.nan] * 4, [np.inf, -np.inf, 0, 0]]])
    found = TreeShap.of(model).contributions(asked)
    expected = [twin.shapley(model.to_json(), row) for row in asked.tolist()]
    assert np.abs(found - expected).max() <= 1e-9


@settings(max_examples=8)
@given(seed=st.integers(0, 2**20), leaves=st.sampled_from((3, 15, 63)))
def test_values_are_lightgbms(seed, leaves):
    lightgbm = pytest.importorskip("lightgbm")
    x, y = rows(seed, 800)
    parameters = {
        "objective": "binary", "verbosity": -1, "num_threads": 1, "num_leaves": leaves,
        "min_data_in_leaf": 3, "seed": seed,
    }  # fmt: skip
    theirs = lightgbm.train(parameters, lightgbm.Dataset(x, y), 25)
    ours = read_lightgbm(theirs.model_to_string())
    told = theirs.predict(x, pred_contrib=True)
    assert np.abs(TreeShap.of(ours).contributions(x) - told[:, :-1]).max() <= 1e-9
    assert np.abs(told[:, -1] - ours.expected).max() <= 1e-9


@pytest.fixture(scope="module")
def model() -> Boosting:
    return fit_boosting(*rows(1, 2_000), NAMES, BoostingSettings(trees=40, rows_per_leaf=5))


def test_values_add_up_to_the_score(model):
    x, _ = rows(2, 1_000)
    found = TreeShap.of(model).contributions(x)
    assert np.abs(model.expected + found.sum(axis=1) - model.raw_score(x)).max() <= 1e-12


def test_a_row_is_explained_alike_alone_and_among_others(model):
    x, _ = rows(3, 50)
    shap = TreeShap.of(model)
    together = shap.contributions(x)
    assert [shap.contributions(x[[row]])[0].tolist() for row in range(50)] == together.tolist()
    assert np.array_equal(shap.contributions(x[::-1]), together[::-1])


def test_a_feature_that_no_tree_asks_has_no_share(model):
    x, _ = rows(4, 100)
    asked = np.unique(model.feature)
    plain = json.loads(model.to_json())
    wider = Boosting.from_json(json.dumps({**plain, "names": [*NAMES, "unused"]}))
    found = TreeShap.of(wider).contributions(np.column_stack([x, x[:, 0]]))
    assert asked.max() == 3
    assert not found[:, 4].any()
    assert np.array_equal(found[:, :4], TreeShap.of(model).contributions(x))


def test_equal_features_have_equal_shares():
    """A tree by hand: arrears of either kind give 1; the order in which it asks is no matter."""
    plain = {
        "fitted_on": "", "names": ["rent", "loan"], "baseline": 0.0, "slope": 1.0, "shift": 0.0,
        "roots": [0], "feature": [0, 1, -1, -1, -1], "threshold": [0.0, 0.0, 0.0, 0.0, 0.0],
        "missing_left": [0] * 5, "left": [1, 2, -1, -1, -1], "right": [4, 3, -1, -1, -1],
        "value": [0.75, 0.5, 0.0, 1.0, 1.0], "cover": [4, 2, 1, 1, 2],
    }  # fmt: skip
    model = Boosting.from_json(json.dumps(plain))
    both = np.array([[1.0, 1.0], [0.0, 0.0]])
    assert TreeShap.of(model).contributions(both).tolist() == [[0.125, 0.125], [-0.375, -0.375]]
    assert model.contributions(both).tolist() == [[0.25, 0.0], [-0.25, -0.5]]


def test_a_model_from_before_cover_was_kept_is_refused_with_the_remedy(model):
    plain = json.loads(model.to_json())
    del plain["cover"]
    older = Boosting.from_json(json.dumps(plain))
    x, _ = rows(5, 20)
    with pytest.raises(InputError, match="fit it again; or take `contributions`"):
        TreeShap.of(older)
    assert np.array_equal(older.contributions(x), model.contributions(x))
    assert np.array_equal(older.probability(x), model.probability(x))


def test_rows_of_other_columns_are_refused(model):
    with pytest.raises(InputError, match="takes 4 features"):
        TreeShap.of(model).contributions(np.zeros((2, 3)))
