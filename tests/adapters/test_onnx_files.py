"""Boosted trees as ONNX: ONNX Runtime gives the same probabilities, in doubles."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boosting_sample import small
from headrace.scores.trees.growing import BoostingSettings, fit_boosting
from headrace.scores.trees.model import Boosting

onnx = pytest.importorskip("onnx", reason="pip install 'headrace[onnx]'")
onnxruntime = pytest.importorskip("onnxruntime")
from headrace.adapters.onnx_files import boosting_onnx  # noqa: E402  needs onnx

NAMES = ("利润", "arrears", "age")


def rows(seed: int, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    y = (rng.random(n) < 1 / (1 + np.exp(x[:, 0] - x[:, 1]))).astype(np.int64)
    x[rng.random(x.shape) < 0.15] = np.nan
    return x, y


def scored(model: Boosting, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        boosting_onnx(model), options, providers=["CPUExecutionProvider"]
    )
    raw, probability = session.run(["raw_score", "probability"], {"features": x})
    assert raw.dtype == probability.dtype == np.float64
    return raw[:, 0], probability[:, 0]


@settings(max_examples=8)
@given(
    seed=st.integers(0, 2**20),
    leaves=st.integers(2, 20),
    calibrated=st.sampled_from(("as grown", "platt", "isotonic")),
)
def test_onnx_runtime_gives_the_same_probabilities(seed, leaves, calibrated):
    x, y = rows(seed)
    model = fit_boosting(x, y, NAMES, BoostingSettings(trees=12, leaves=leaves, rows_per_leaf=5))
    fresh, outcomes = rows(seed + 1)
    if calibrated == "platt":
        model = model.calibrated(fresh, outcomes)
    elif calibrated == "isotonic":
        model = model.isotonic_calibrated(fresh, outcomes)
    asked = np.concatenate([fresh, fresh * 100, [[np.nan] * 3, [np.inf, -np.inf, 0.0]]])
    cuts = model.threshold[np.isfinite(model.threshold)]
    asked[: cuts.size, 0] = cuts[: asked.shape[0]]
    raw, probability = scored(model, asked)
    assert np.abs(raw - model.raw_score(asked)).max() <= 1e-12
    assert np.abs(probability - model.probability(asked)).max() <= 1e-12


def test_a_tree_of_one_leaf_and_a_split_between_known_and_missing():
    x = np.array([[-5.0, 0.0], [1e300, np.nan], [np.nan, 1.0]])
    raw, probability = scored(small(), x)
    assert raw.tolist() == [-2.25, -2.25, 0.25]
    assert np.abs(probability - small().probability(x)).max() <= 1e-15


def test_an_isotonic_curve_is_level_beyond_its_knots():
    curve = {"at": [-1.0, 0.0, 2.0], "to": [0.1, 0.4, 0.5]}
    x = np.array([[0.0, 0.0], [np.nan, 0.0]])
    for baseline, expected in ((0.0, [0.1, 0.4625]), (-1.5, [0.1, 0.325]), (9.0, [0.5, 0.5])):
        model = small(baseline=baseline, isotonic=curve)
        assert model.probability(x).tolist() == pytest.approx(expected, abs=1e-15)
        assert scored(model, x)[1].tolist() == pytest.approx(expected, abs=1e-12)
    one = small(isotonic={"at": [0.0], "to": [0.3]})
    assert scored(one, x)[1].tolist() == pytest.approx([0.3, 0.3])


def test_the_file_says_what_it_is_and_is_the_same_each_time():
    written = boosting_onnx(small())
    assert boosting_onnx(small()) == written
    said = {each.key: each.value for each in onnx.load_from_string(written).metadata_props}
    assert said["sha256"] == small().digest()
    assert json.loads(said["names"]) == ["a", "b"]
    assert said["fitted_on"] == "by hand"
