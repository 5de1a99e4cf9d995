"""Constraints are proved on the arrays: the proof against every row that trees can tell apart."""

import json

import numpy as np
import pytest
import trees_reference as twin
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.trees.lightgbm_text import read_lightgbm
from headrace.scores.trees.model import Boosting
from headrace.scores.trees.monotone import MonotoneError, check_signs, prove, violations

NAMES = ["income", "arrears", "age"]


@st.composite
def small_models(draw) -> str:
    """One or two trees of up to 4 leaves, with any cuts, missing directions and leaf values."""
    arrays = {
        name: [] for name in ("feature", "threshold", "missing_left", "left", "right", "value")
    }

    def node(depth: int) -> int:
        place = len(arrays["feature"])
        leaf = depth == 0 or draw(st.booleans())
        rows = {
            "feature": -1 if leaf else draw(st.integers(0, 2)),
            "threshold": 0.0 if leaf else draw(st.sampled_from((None, 0.0, 1.0, 2.0))),
            "missing_left": 0 if leaf else draw(st.integers(0, 1)),
            "left": -1,
            "right": -1,
            "value": float(draw(st.integers(-2, 2))) if leaf else 0.0,
        }
        for name, value in rows.items():
            arrays[name].append(value)
        if not leaf:
            arrays["left"][place] = node(depth - 1)
            arrays["right"][place] = node(depth - 1)
        return place

    roots = [node(3) for _ in range(draw(st.integers(1, 2)))]
    plain = {"fitted_on": "", "names": NAMES, "baseline": 0.0, "slope": 1.0, "shift": 0.0}
    return json.dumps({**plain, "roots": roots, **arrays})


@settings(max_examples=250)
@given(text=small_models(), feature=st.integers(0, 2), sign=st.sampled_from((1, -1)))
def test_the_proof_is_the_twins(text, feature, sign):
    found = violations(Boosting.from_json(text), {NAMES[feature]: sign})
    assert (not found) == twin.is_monotone(text, feature, sign)


def model_of(*, low: float, high: float) -> Boosting:
    """A split by income, below which one by age: four leaves."""
    return Boosting.from_json(
        json.dumps(
            {
                "fitted_on": "",
                "names": NAMES,
                "baseline": 0.0,
                "slope": 1.0,
                "shift": 0.0,
                "roots": [0],
                "feature": [0, 2, -1, -1, 2, -1, -1],
                "threshold": [5.0, 30.0, 0.0, 0.0, 40.0, 0.0, 0.0],
                "missing_left": [1, 1, 0, 0, 0, 0, 0],
                "left": [1, 2, -1, -1, 5, -1, -1],
                "right": [4, 3, -1, -1, 6, -1, -1],
                "value": [0, 0, 1.0, low, 0, high, 3.0],
            }
        )
    )


def test_leaves_that_no_single_change_parts_may_stand_in_any_order():
    """Income up to 5 and age above 30 meets income above 5 and age up to 40 only between."""
    assert not violations(model_of(low=2.0, high=2.5), {"income": 1})
    (found,) = violations(model_of(low=2.0, high=1.5), {"income": 1})
    assert (found.feature, found.tree, found.lower, found.upper) == ("income", 0, 2.0, 1.5)
    assert violations(model_of(low=2.0, high=1.5), {"age": 1}) == ()
    assert violations(model_of(low=2.0, high=1.5), {"arrears": -1}) == ()


def test_a_broken_constraint_names_feature_tree_and_leaves():
    with pytest.raises(MonotoneError) as refused:
        prove(model_of(low=2.0, high=1.5), {"age": 1, "income": 1})
    said = str(refused.value)
    assert "'income' in 1 trees" in said
    assert "tree 0: 2.0 then 1.5" in said
    assert "BASIC" in said
    prove(model_of(low=2.0, high=2.5), {"age": 1, "income": 1})


def test_constraints_that_cannot_be_meant_are_refused():
    with pytest.raises(InputError, match="no feature 'wealth'"):
        check_signs({"wealth": 1}, tuple(NAMES))
    with pytest.raises(InputError, match="cannot be 2"):
        check_signs({"income": 2}, tuple(NAMES))


def test_lightgbms_own_handling_of_missing_values_breaks_its_constraints():
    """Why the arrays are proved, and missing values filled: LightGBM#5358, still there in 4.7."""
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3_000, 5))
    y = (rng.random(3_000) < 1 / (1 + np.exp(-1.5 * x[:, 0] - x[:, 1] * x[:, 2]))) * 1
    x[rng.random(x.shape) < 0.1] = np.nan
    parameters = {
        "objective": "binary", "verbosity": -1, "num_threads": 1, "seed": 1,
        "monotone_constraints": [1, 0, 0, 0, 0], "monotone_constraints_method": "advanced",
    }  # fmt: skip
    theirs = lightgbm.train(parameters, lightgbm.Dataset(x, y), 60)
    broken = violations(read_lightgbm(theirs.model_to_string()), {"Column_0": 1})
    if lightgbm.__version__.startswith(("4.6", "4.7")):
        assert broken
    grid = np.repeat(x[:300], 41, axis=0)
    grid[:, 0] = np.tile(np.linspace(-3, 3, 41), 300)
    steps = np.diff(theirs.predict(grid, raw_score=True).reshape(300, 41), axis=1)
    assert broken or steps.min() >= 0
