"""Trees grown by LightGBM: constraints, weights, early stopping, calibration, determinism."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.trees import lightgbm_growing
from headrace.scores.trees.lightgbm_growing import (
    Calibration,
    LightGBMSettings,
    MonotoneMethod,
    TrainingRows,
    fit_lightgbm,
    folds_by_time,
)
from headrace.scores.trees.missing import Filling
from headrace.scores.trees.model import Boosting
from headrace.scores.trees.monotone import violations

pytest.importorskip("lightgbm")
NAMES = ("income", "arrears", "age", "region")
SIGNS = {"income": -1, "arrears": 1}
QUICK = LightGBMSettings(trees=60, leaves=8, rows_per_leaf=20, learning_rate=0.1, patience=10)
AS_GROWN = replace(QUICK, trees=20, calibration=Calibration.NONE)


def borrowers(seed: int = 1, n: int = 1_500, missing: float = 0.1) -> TrainingRows:
    """Risk falls with income, rises with arrears, and has a hump in age."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    log_odds = -1 - x[:, 0] + x[:, 1] - x[:, 2] ** 2 / 2
    y = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(np.int64)
    x[rng.random(x.shape) < missing] = np.nan
    return TrainingRows(x, y, NAMES)


def thirds(n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    part = np.arange(n) % 3
    return [(np.flatnonzero(part != each), np.flatnonzero(part == each)) for each in range(3)]


@pytest.fixture(scope="module")
def rows() -> TrainingRows:
    return borrowers()


@pytest.fixture(scope="module")
def model(rows) -> Boosting:
    return fit_lightgbm(rows, replace(QUICK, monotone=SIGNS), thirds(rows.y.size))


# --- constraints ---


@settings(max_examples=8)
@given(
    seed=st.integers(0, 2**20),
    method=st.sampled_from(list(MonotoneMethod)),
    missing=st.sampled_from((0.0, 0.2)),
)
def test_the_score_never_steps_the_wrong_way(seed, method, missing):
    rows = borrowers(seed, 400, missing)
    wanted = replace(AS_GROWN, monotone=SIGNS, method=method, row_share=0.7, feature_share=0.7)
    found = fit_lightgbm(rows, wanted)
    assert not violations(found, SIGNS)
    for feature, sign in ((0, -1), (1, 1)):
        grid = np.repeat(rows.x[:60], 31, axis=0)
        grid[:, feature] = np.tile(np.linspace(-4, 4, 31), 60)
        steps = np.diff(found.raw_score(grid).reshape(60, 31), axis=1)
        assert (sign * steps >= 0).all()


def test_a_constrained_feature_may_say_more_by_being_missing():
    """Whoever does not state an income is riskier than anybody who does: no order forbids it."""
    rng = np.random.default_rng(3)
    income = rng.normal(size=2_000)
    silent = rng.random(2_000) < 0.2
    y = (rng.random(2_000) < np.where(silent, 0.7, 1 / (1 + np.exp(2 + income)))).astype(np.int64)
    x = np.where(silent, np.nan, income)[:, None]
    wanted = replace(AS_GROWN, trees=80, monotone={"income": -1})
    found = fit_lightgbm(TrainingRows(x, y, ("income",)), wanted)
    asked = found.probability(np.array([[np.nan], [-2.0], [0.0], [2.0]]))
    assert asked[0] == pytest.approx(0.7, abs=0.05)
    assert asked[0] > asked[1] > asked[2] > asked[3]


def test_filled_rows_and_restored_trees_score_alike(rows):
    """What LightGBM scored on filled rows is what the model says of the rows themselves."""
    constrained = np.array([name in SIGNS for name in NAMES])
    filling = Filling.of(rows.x[:700], constrained)
    wanted = replace(AS_GROWN, monotone=SIGNS)
    filled = lightgbm_growing._filled(rows.take(np.arange(700)), filling)
    booster = lightgbm_growing._booster(filled, wanted, 1)
    for _ in range(20):
        booster.update()
    found = fit_lightgbm(rows.take(np.arange(700)), wanted)
    later = rows.x[700:] * 2  # beyond what was seen
    said = booster.predict(filling.fill(later), raw_score=True)
    assert np.array_equal(found.raw_score(later), said)
    assert np.isinf(found.threshold).any(), "a split between known and missing is among them"


def test_a_feature_never_missing_in_training_goes_with_more_rows_where_it_is():
    rows = borrowers(missing=0.0)
    x = rows.x.copy()
    x[:300, 3] = np.nan  # so that something is filled
    found = fit_lightgbm(replace(rows, x=x), replace(AS_GROWN, trees=1, leaves=2, monotone=SIGNS))
    assert found.feature[0] in {0, 1}
    left, right = found.left[0], found.right[0]
    larger = left if found.cover[left] >= found.cover[right] else right
    assert found.raw_score(np.full((1, 4), np.nan))[0] == found.value[larger]


def test_constraints_on_nothing_are_refused(rows):
    with pytest.raises(InputError, match="no feature 'wealth'"):
        fit_lightgbm(rows, replace(AS_GROWN, monotone={"wealth": 1}))


# --- the same model from the same rows ---


def test_threads_do_not_change_the_model(rows, model):
    again = fit_lightgbm(rows, replace(QUICK, monotone=SIGNS), thirds(rows.y.size), threads=2)
    assert again.digest() == model.digest()
    other = replace(AS_GROWN, row_share=0.5)
    assert fit_lightgbm(rows, other).digest() == fit_lightgbm(rows, other, threads=3).digest()
    assert fit_lightgbm(rows, replace(other, seed=7)).digest() != fit_lightgbm(rows, other).digest()


def test_it_reads_back_to_the_same_bits(rows, model):
    again = Boosting.from_json(model.to_json())
    assert again.digest() == model.digest()
    assert np.array_equal(again.probability(rows.x), model.probability(rows.x))
    assert again.cover.dtype == np.int64


# --- weights ---


def test_equal_weights_count_for_nothing_and_larger_ones_for_more(rows):
    plain = replace(AS_GROWN, l2=0.0)
    heavier = np.where(rows.y == 1, 3.0, 1.0)
    equal = fit_lightgbm(replace(rows, weight=np.full(rows.y.size, 1.0)), plain)
    assert np.allclose(equal.raw_score(rows.x), fit_lightgbm(rows, plain).raw_score(rows.x))
    weighted = fit_lightgbm(replace(rows, weight=heavier), plain).probability(rows.x)
    share = float((heavier * rows.y).sum() / heavier.sum())
    assert np.average(weighted, weights=heavier) == pytest.approx(share, abs=0.01)
    assert weighted.mean() > rows.y.mean() + 0.1


def test_calibration_brings_weighted_rates_right():
    rows = borrowers(n=3_000)
    weight = np.where(rows.y == 1, 1.0, 6.0)
    share = float(rows.y.sum() / weight.sum())
    for how in (Calibration.PLATT, Calibration.ISOTONIC):
        wanted = replace(QUICK, calibration=how)
        found = fit_lightgbm(replace(rows, weight=weight), wanted, thirds(3_000))
        mean = np.average(found.probability(rows.x), weights=weight)
        assert mean == pytest.approx(share, abs=0.02)


# --- early stopping ---


def test_the_number_of_trees_has_the_least_loss_on_held_rows(rows):
    folds = thirds(rows.y.size)
    found = fit_lightgbm(rows, replace(QUICK, patience=60), folds)
    losses = []
    for trees in range(1, 61):
        wanted = replace(QUICK, trees=trees, calibration=Calibration.NONE)
        raw, y = [], []
        for grown, held in folds if trees in (5, found.roots.size, 60) else ():
            raw.append(fit_lightgbm(rows.take(grown), wanted).raw_score(rows.x[held]))
            y.append(rows.y[held])
        if raw:
            each, known = np.concatenate(raw), np.concatenate(y)
            loss = np.logaddexp(0, np.where(known == 1, -each, each)).mean()
            losses.append((trees, loss))
    best = min(losses, key=lambda pair: pair[1])[0]
    assert best == found.roots.size
    assert 5 < best < 60


def test_patience_ends_the_search_early(rows):
    folds = thirds(rows.y.size)
    quick = replace(QUICK, trees=400, learning_rate=0.3)
    assert fit_lightgbm(rows, quick, folds).roots.size < 100


def test_folds_out_of_time_hold_what_comes_later():
    years = np.array([2001, 2003, 2002, 2004, 2001, 2005])
    first, second = folds_by_time(years, (2002, 2004, 2005))
    assert [part.tolist() for part in first] == [[0, 4], [1, 2]]
    assert [part.tolist() for part in second] == [[0, 1, 2, 4], [3]]
    days = np.array(["2020-01-01", "2020-02-01"], "datetime64[D]")
    (only,) = folds_by_time(days, (np.datetime64("2020-01-15"), np.datetime64("2020-03-01")))
    assert [part.tolist() for part in only] == [[0], [1]]
    for wrong in ((2002,), (2003, 2002), (2002, 2002)):
        with pytest.raises(InputError, match="two or more that rise"):
            folds_by_time(years, wrong)


# --- calibration ---


def test_probabilities_of_fresh_rows_are_calibrated():
    rows, fresh = borrowers(n=3_000), borrowers(seed=2, n=4_000)
    wild = replace(QUICK, trees=40, learning_rate=0.5, leaves=31, rows_per_leaf=5, patience=40)
    for how in Calibration:
        folds = () if how is Calibration.NONE else thirds(3_000)
        found = fit_lightgbm(rows, replace(wild, calibration=how), folds)
        probability = found.probability(fresh.x)
        brier = np.mean((probability - fresh.y) ** 2)
        if how is Calibration.NONE:
            uncalibrated = brier
        else:
            assert brier < uncalibrated
            assert probability.mean() == pytest.approx(fresh.y.mean(), abs=0.03)
            assert 0 < probability.min() < probability.max() < 1


def test_an_isotonic_curve_never_falls_and_is_kept(rows):
    wanted = replace(QUICK, calibration=Calibration.ISOTONIC)
    found = fit_lightgbm(rows, wanted, thirds(rows.y.size))
    order = np.argsort(found.raw_score(rows.x), kind="stable")
    assert (np.diff(found.probability(rows.x)[order]) >= 0).all()
    again = Boosting.from_json(found.to_json())
    assert again.digest() == found.digest()
    assert np.array_equal(again.probability(rows.x), found.probability(rows.x))
    assert found.calibrated(rows.x, rows.y).isotonic is None
    again = found.isotonic_calibrated(rows.x, rows.y)
    assert again.probability(rows.x).mean() == pytest.approx(rows.y.mean(), abs=1e-3)


# --- what it does not take ---


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trees", 0),
        ("leaves", 1),
        ("depth", 0),
        ("rows_per_leaf", 0),
        ("l2", -1.0),
        ("smoothing", -0.1),
        ("bins", 1),
        ("patience", 0),
        ("seed", -1),
        ("learning_rate", 0.0),
        ("feature_share", 1.1),
        ("row_share", float("nan")),
    ],
)
def test_settings_out_of_range_are_refused(name, value):
    with pytest.raises(InputError, match=f"boosting cannot have {name}"):
        LightGBMSettings(**{name: value})


def test_rows_that_do_not_fit_are_refused(rows):
    with pytest.raises(InputError, match="do not fit"):
        replace(rows, names=NAMES[:3])
    with pytest.raises(InputError, match="both 0 and 1"):
        replace(rows, y=np.zeros(rows.y.size, np.int64))
    with pytest.raises(InputError, match="row 0, feature income"):
        replace(rows, x=np.full(rows.x.shape, np.inf))
    for wrong in (np.zeros(rows.y.size), np.ones(3), np.full(rows.y.size, np.nan)):
        with pytest.raises(InputError, match="weights must be"):
            replace(rows, weight=wrong)


def test_calibration_without_held_rows_is_refused(rows):
    with pytest.raises(InputError, match="no held rows"):
        fit_lightgbm(rows, QUICK)


def test_rows_on_both_sides_of_a_fold_are_refused(rows):
    both = (np.arange(900), np.arange(800, 1_000))
    for fold in (both, (np.arange(900), np.arange(0))):
        with pytest.raises(InputError, match="fold 0"):
            fit_lightgbm(rows, QUICK, [fold])


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("ImportError('No module named lightgbm')", "pip install lightgbm"),
        ("OSError('libgomp.so.1: cannot open shared object file')", "apt install libgomp1"),
    ],
    ids=["no package", "no libgomp"],
)
def test_where_lightgbm_does_not_load_the_remedy_is_said(
    rows, monkeypatch, tmp_path, error, remedy
):
    """A package of that name stands first on the path, and fails as the real one would."""
    (tmp_path / "lightgbm.py").write_text(f"raise {error}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    with pytest.raises(InputError) as refused:
        fit_lightgbm(rows, AS_GROWN)
    assert remedy in str(refused.value)


def test_a_fold_that_names_rows_which_are_not_there_is_refused():
    rows = borrowers(n=200)
    with pytest.raises(InputError, match="are none"):
        fit_lightgbm(rows, QUICK, [(np.arange(100), np.arange(150, 250))])


def test_rows_without_a_feature_are_refused():
    with pytest.raises(InputError, match="0 names"):
        TrainingRows(np.zeros((2, 0)), np.array([0, 1]), ())
