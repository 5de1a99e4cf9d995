"""Few defaults: published values, brute force, and what plain logistic regression gets wrong."""

import numpy as np
import pytest
import watch_reference
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from headrace.errors import InputError
from headrace.scores.rare import (
    World,
    firth,
    king_zeng,
    prior_weights,
    prudent_bounds,
    restored,
)

# Heinze and Schemper (2002), Statistics in Medicine 21, the endometrial cancer study:
# neovasculation, pulsatility index, endometrium height, and whether the grade was high. Nobody with
# neovasculation had a low grade, so that maximum likelihood has no answer.
ENDOMETRIAL = """
0,13,1.64,0 0,16,2.26,0 0,8,3.14,0 0,34,2.68,0 0,20,1.28,0 0,5,2.31,0 0,17,1.8,0 0,10,1.68,0
0,26,1.56,0 0,17,2.31,0 0,8,2.01,0 0,7,1.89,0 0,20,3.15,0 0,10,1.23,0 0,18,1.27,0 0,16,1.76,0
0,18,2,0 0,8,2.64,1 0,29,0.88,1 0,12,1.27,1 0,20,1.37,1 1,38,0.97,1 1,22,1.14,1 1,7,0.88,1
1,25,0.91,1 1,15,0.58,1 0,7,0.97,1 0,28,1.5,0 0,11,1.33,0 0,19,2.37,0 0,10,1.82,0 0,10,3.13,0
0,18,1.31,0 0,14,1.92,0 0,21,1.64,0 0,11,2.01,0 0,17,1.88,0 0,25,1.93,0 0,16,2.11,0 0,19,1.29,0
0,15,1.72,0 0,33,0.75,0 0,24,1.92,0 0,48,1.84,1 0,12,1.11,1 0,19,1.61,1 0,2,1.18,1 1,22,1.44,1
1,40,1.18,1 1,5,0.93,1 1,0,1.17,1 0,21,1.19,1 0,15,1.06,1 0,29,2.02,0 0,15,2.29,0 0,12,2.33,0
0,3,2.9,0 0,20,1.7,0 0,23,1.41,0 0,12,2.25,0 0,22,1.54,0 0,42,1.97,0 0,15,1.75,0 0,13,2.16,0
0,14,2.57,0 0,19,1.37,0 0,12,3.61,0 0,13,2.04,0 0,10,2.17,0 0,12,1.69,1 1,49,0.27,1 0,6,1.84,1
0,5,1.3,1 0,17,0.96,1 1,11,1.01,1 1,21,0.98,1 0,5,0.35,1 1,19,1.02,1 0,33,0.85,1
"""


@pytest.fixture(scope="module")
def endometrial():
    rows = np.array([[float(v) for v in row.split(",")] for row in ENDOMETRIAL.split()])
    return rows[:, :3], rows[:, 3].astype(np.int64)


def test_firth_gives_the_published_weights_and_profile_intervals(endometrial):
    """As logistf, the authors' own program, prints them for their study."""
    found = firth(*endometrial)
    assert found.weights == pytest.approx(
        [3.77455951, 2.92927330, -0.03475175, -2.60416387], rel=1e-5
    )
    assert found.low == pytest.approx([1.0825371, 0.6097244, -0.1244587, -4.3651832], rel=1e-5)
    assert found.high == pytest.approx([7.20928050, 7.85463171, 0.04045547, -1.23272106], rel=1e-5)
    assert found.p_value[1] < 0.01  # Wald's 2.93 / 1.55 would have said 0.06
    wald_high = found.weights[1] + 1.96 * found.deviation[1]
    assert found.high[1] > wald_high + 1  # lopsided, as the likelihood is


def test_where_a_column_separates_the_outcomes_maximum_likelihood_says_so(endometrial):
    with pytest.raises(InputError, match="separates the outcomes"):
        king_zeng(*endometrial)


@settings(max_examples=40)
@given(*[st.integers(0, 12)] * 4)
@example(0, 1, 12, 0)  # one row alone: by the information alone the search swings about the maximum
def test_in_a_two_by_two_table_firth_adds_half_a_case_to_each_cell(a, b, c, d):
    """Firth (1993), section 3.2: for a saturated model Jeffreys' penalty is half a case a cell."""
    if min(a + b, c + d) == 0:
        return
    x = np.repeat([0.0, 0.0, 1.0, 1.0], [a, b, c, d])[:, None]
    y = np.repeat([1, 0, 1, 0], [a, b, c, d])
    found = firth(x, y)
    odds = [np.log((a + 0.5) / (b + 0.5)), np.log((c + 0.5) / (d + 0.5))]
    assert found.weights == pytest.approx([odds[0], odds[1] - odds[0]], abs=1e-7)
    assert (found.low < found.weights).all()
    assert (found.weights < found.high).all()


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_no_neighbour_has_a_higher_penalised_likelihood(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(25, 2))
    y = (rng.random(25) < 0.2).astype(np.int64)
    found = firth(x, y)
    design = np.column_stack([np.ones(25), x]).tolist()
    here = watch_reference.firth_value(design, y, found.weights)
    assert here == pytest.approx(found.likelihood, abs=1e-8)
    for k in range(3):
        for move in (-1e-3, 1e-3):
            near = found.weights.copy()
            near[k] += move
            assert watch_reference.firth_value(design, y, near) < here


def test_firth_takes_off_what_few_events_add():
    """60 firms, a dozen defaults: maximum likelihood overstates a weight of 1 by 8 %."""
    rng = np.random.default_rng(0)
    found, usual = [], []
    for _ in range(80):
        x = rng.normal(size=(60, 1))
        y = (rng.random(60) < expit(-1.5 + x[:, 0])).astype(np.int64)
        found.append(firth(x, y).weights[1])
        usual.append(LogisticRegression(C=1e6, max_iter=1000).fit(x, y).coef_[0, 0])
    assert np.mean(found) == pytest.approx(1.0, abs=0.15)
    assert 0.04 < np.mean(usual) - np.mean(found) < 0.16


def test_king_and_zengs_correction_takes_the_bias_off():
    rng = np.random.default_rng(1)
    corrected, raw = [], []
    for _ in range(300):
        x = rng.normal(size=(200, 1))
        y = (rng.random(200) < expit(-3.2 + x[:, 0])).astype(np.int64)
        if y.sum() < 4:
            continue
        found = king_zeng(x, y)
        corrected.append(found.weights[0])
        raw.append(found.weights[0] + found.bias[0])
    assert abs(np.mean(corrected) + 3.2) < 0.05
    assert np.mean(raw) < -3.26
    p, averaged = found.probability(x), found.probability_averaged(x)
    assert (averaged > p).mean() > 0.9  # rare events are stated a little less rare
    assert averaged.max() <= 1


def test_king_and_zeng_and_firth_agree_where_events_are_not_so_few():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(1500, 2))
    y = (rng.random(1500) < expit(-2 + x[:, 0])).astype(np.int64)
    one, other = king_zeng(x, y), firth(x, y)
    assert one.weights == pytest.approx(other.weights, abs=2e-3)
    assert np.sqrt(np.diag(one.covariance)) == pytest.approx(other.deviation, rel=0.02)


def test_a_balanced_sample_goes_back_to_its_true_rate():
    """As the SBA sample: half defaults in the sample, 17.6 % in the world."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60_000, 1))
    true = expit(-2.0 + x[:, 0])
    y = (rng.random(60_000) < true).astype(np.int64)
    bad, good = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    sample = np.concatenate([bad[:6000], rng.choice(good, 6000, replace=False)])
    model = LogisticRegression(C=1e6).fit(x[sample], y[sample])
    stated = model.predict_proba(x)[:, 1]
    assert stated.mean() > 0.3
    back = restored(stated, 0.5, float(y.mean()))
    assert back.mean() == pytest.approx(y.mean(), abs=0.004)
    assert np.abs(back - true).mean() < 0.01
    assert (np.argsort(back) == np.argsort(stated)).all()
    weighted = king_zeng(x[sample], y[sample], true_rate=float(y.mean()))
    assert weighted.probability(x).mean() == pytest.approx(y.mean(), abs=0.006)


@given(st.floats(0.001, 0.999), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_restoring_there_and_back_changes_nothing(p, sampled, true):
    there = restored(np.array([p]), sampled, true)
    assert restored(there, true, sampled)[0] == pytest.approx(p)
    assert restored(np.array([sampled]), sampled, true)[0] == pytest.approx(true)
    moved = logit(there[0]) - logit(p)
    assert moved == pytest.approx(-np.log((1 - true) / true * sampled / (1 - sampled)))


def test_prior_weights_restore_the_rate_and_keep_the_count():
    y = np.array([1, 1, 0, 0])
    w = prior_weights(y, 0.176)
    assert np.average(y, weights=w) == pytest.approx(0.176)
    assert w.sum() == pytest.approx(4)
    with pytest.raises(InputError, match="between 0 and 1"):
        prior_weights(np.zeros(4, np.int64), 0.176)


ROWS, NONE = np.array([100, 400, 300]), np.array([0, 0, 0])


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [
        (0.50, [0.09, 0.10, 0.23]),
        (0.75, [0.17, 0.20, 0.46]),
        (0.90, [0.29, 0.33, 0.76]),
        (0.95, [0.37, 0.43, 0.99]),
        (0.99, [0.57, 0.66, 1.52]),
        (0.999, [0.86, 0.98, 2.28]),
    ],
)
def test_prudent_bounds_are_those_of_pluto_and_tasche(confidence, expected):
    """Their example: 100, 400 and 300 borrowers, no default; table 1, in per cent."""
    found = prudent_bounds(ROWS, NONE, confidence)
    assert 100 * found == pytest.approx(expected, abs=0.0051)
    assert found == pytest.approx(1 - (1 - confidence) ** (1 / np.array([800, 700, 300])))


@pytest.mark.parametrize(
    ("confidence", "expected"),
    [(0.5, [0.15, 0.17, 0.37]), (0.9, [0.86, 0.96, 1.89]), (0.95, [1.31, 1.45, 2.78])],
)
def test_defaults_that_hang_together_make_bounds_higher(confidence, expected):
    """The same borrowers in one factor with an asset correlation of 0.12, in per cent."""
    found = 100 * prudent_bounds(ROWS, NONE, confidence, World(0.12))
    assert found == pytest.approx(expected, abs=0.0101)
    assert (found > 100 * prudent_bounds(ROWS, NONE, confidence)).all()


CLASSES = st.lists(
    st.integers(1, 60).flatmap(lambda rows: st.tuples(st.just(rows), st.integers(0, rows))),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40)
@given(CLASSES, st.floats(0.05, 0.99))
def test_bounds_are_those_of_brute_force(classes, confidence):
    rows, defaults = (np.array(each) for each in zip(*classes, strict=True))
    found = prudent_bounds(rows, defaults, confidence)
    for k, bound in enumerate(found):
        twin = watch_reference.bound(int(defaults[k:].sum()), int(rows[k:].sum()), confidence)
        assert bound == pytest.approx(twin, abs=1e-9)
    nearly = prudent_bounds(rows, defaults, confidence, World(1e-12))
    assert nearly == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize(
    ("rows", "defaults", "confidence", "world", "said"),
    [
        ([0, 5], [0, 0], 0.9, None, "no borrowers"),
        ([5], [6], 0.9, None, "more defaults"),
        ([5], [0], 1.0, None, "between 0 and 1"),
        ([5], [0], 0.9, World(1.0), "asset correlation"),
    ],
)
def test_portfolios_that_cannot_be_are_refused(rows, defaults, confidence, world, said):
    with pytest.raises(InputError, match=said):
        prudent_bounds(np.array(rows), np.array(defaults), confidence, world)


def test_columns_that_depend_on_one_another_or_have_gaps_are_refused():
    x = np.arange(20.0)[:, None]
    y = (np.arange(20) % 3 == 0).astype(np.int64)
    with pytest.raises(InputError, match="depend on one another"):
        firth(np.column_stack([x, 2 * x]), y)
    with pytest.raises(InputError, match="missing values"):
        firth(np.where(x == 3, np.nan, x), y)


@settings(max_examples=40)
@given(CLASSES)
def test_bounds_rise_with_confidence_and_with_defaults(classes):
    rows, defaults = (np.array(each) for each in zip(*classes, strict=True))
    low, high = (prudent_bounds(rows, defaults, c) for c in (0.5, 0.95))
    assert (low <= high + 1e-12).all()
    more = np.minimum(defaults + 1, rows)
    assert (prudent_bounds(rows, more, 0.5) >= low - 1e-12).all()
    if not defaults.any():
        assert (np.diff(low) >= -1e-12).all()  # the worse the class, the higher the bound


def test_where_nobody_defaulted_firth_still_answers():
    found = firth(np.linspace(-1, 1, 30)[:, None], np.zeros(30, np.int64))
    assert np.isfinite(found.weights).all()
    p = found.probability(np.array([[0.0]]))[0]
    assert 0 < p < 0.1
    assert p == pytest.approx(0.5 / 31, abs=0.02)  # about half a default among thirty


@pytest.mark.parametrize("fit", [firth, king_zeng])
@pytest.mark.parametrize("y", [np.array([0, 1]), np.array([0, 2, 0]), np.zeros(0, np.int64)])
def test_outcomes_of_other_rows_or_other_kinds_are_refused(fit, y):
    with pytest.raises(InputError, match="3 rows and"):
        fit(np.array([[1.0], [2.0], [4.0]]), y)


def test_counts_of_other_classes_are_refused():
    with pytest.raises(InputError):
        prudent_bounds(np.array([10, 10]), np.array([0]))
