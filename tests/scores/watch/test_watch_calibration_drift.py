"""Stated probabilities against what came: by band, together, month by month, and what to change."""

import numpy as np
import pytest
import watch_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import binomtest

from headrace.errors import InputError
from headrace.scores.watch.calibration_drift import (
    LOG_ODDS,
    UPDATES,
    Update,
    by_band,
    hosmer,
    recalibration,
    sequential,
    spiegelhalter,
)
from headrace.scores.watch.outcomes import Outcomes


def drawn(shift: float, slope: float = 1.0, rows: int = 6000, seed: int = 0) -> Outcomes:
    rng = np.random.default_rng(seed)
    stated = expit(rng.normal(-2.0, 1.0, rows))
    true = expit(shift + slope * logit(stated))
    return Outcomes(stated, (rng.random(rows) < true).astype(np.int64))


def test_a_band_shows_what_was_stated_and_what_came():
    p = np.array([0.1] * 50 + [0.5] * 20)
    y = np.array([1] * 2 + [0] * 48 + [1] * 18 + [0] * 2)
    calm, wild = by_band(Outcomes(p, y), np.repeat([3, 7], [50, 20]))
    assert (calm.code, wild.code) == (3, 7)
    assert calm.expected == pytest.approx(0.1)
    assert (calm.observed.cases, calm.observed.rows) == (2, 50)
    exact = binomtest(2, 50).proportion_ci(0.95, "exact")
    assert (calm.observed.low, calm.observed.high) == pytest.approx((exact.low, exact.high))
    assert calm.p_value > 0.1
    assert wild.p_value == pytest.approx(binomtest(18, 20, 0.5).pvalue)


def test_tests_of_fit_hold_their_level_and_see_a_shift():
    band = np.arange(6000) % 10
    calm = [drawn(0.0, seed=s) for s in range(60)]
    assert np.mean([hosmer(each, band).p_value < 0.05 for each in calm]) < 0.15
    assert np.mean([spiegelhalter(each).p_value < 0.05 for each in calm]) < 0.15
    assert hosmer(drawn(0.4), band).p_value < 1e-4
    assert hosmer(drawn(0.0), band).degrees == 10
    overconfident = drawn(0.0, slope=0.5)
    assert spiegelhalter(overconfident).p_value < 1e-4


def test_hosmer_by_hand():
    outcomes = Outcomes(np.array([0.2, 0.2, 0.5, 0.5]), np.array([1, 0, 1, 1]))
    found = hosmer(outcomes, np.array([0, 0, 1, 1]))
    assert found.statistic == pytest.approx((1 - 0.4) ** 2 / 0.32 + (2 - 1.0) ** 2 / 0.5)


MONTHS = st.lists(
    st.lists(st.tuples(st.floats(0.01, 0.6), st.integers(0, 1)), min_size=1, max_size=6),
    min_size=1,
    max_size=5,
)


@given(MONTHS)
def test_evidence_is_the_wealth_of_who_bets_loan_by_loan(months):
    p = np.array([p for loans in months for p, _ in loans])
    y = np.array([y for loans in months for _, y in loans])
    month = np.repeat(np.arange(len(months)) + 202601, [len(loans) for loans in months])
    found = sequential(Outcomes(p, y), month)
    for evidence, sign in ((found.worse, 1), (found.better, -1)):
        e_values, detectors = watch_reference.wealth(months, [sign * size for size in LOG_ODDS])
        assert evidence.e_value == pytest.approx(e_values)
        assert evidence.detector == pytest.approx(detectors)
        best = np.maximum.accumulate(np.maximum(e_values, 1.0))
        assert evidence.p_value == pytest.approx(1 / best)
    assert sum(found.defaults) == y.sum()
    assert sum(found.expected) == pytest.approx(p.sum())


@pytest.mark.parametrize("size", [*LOG_ODDS, -0.8])
def test_at_the_stated_probabilities_no_bet_pays_on_average(size):
    assert watch_reference.mean_wealth([0.02, 0.3, 0.1, 0.5, 0.25], size) == pytest.approx(1.0)


def test_monthly_looks_do_not_add_up_to_false_alarms():
    month = np.repeat(np.arange(24), 250)
    found = [sequential(drawn(0.0, seed=s), month) for s in range(100)]
    told = [each.alarm_worse is not None or each.alarm_better is not None for each in found]
    assert np.mean(told) < 0.1  # two directions at 5 % each
    monthly = [
        any(line.p_value < 0.05 for line in by_band(drawn(0.0, seed=s), month)) for s in range(60)
    ]
    assert np.mean(monthly) > 0.4


def test_a_change_is_found_and_its_direction_told():
    rng = np.random.default_rng(1)
    p = expit(rng.normal(-2.5, 1.0, 24 * 300))
    month = np.repeat(np.arange(100, 124), 300)
    worse = expit(logit(p) + 0.5 * (month >= 112))
    found = sequential(Outcomes(p, (rng.random(p.size) < worse).astype(np.int64)), month)
    assert found.alarm_worse in range(112, 123)
    assert found.changed in range(112, found.alarm_worse + 1)
    assert found.alarm_better is None
    assert found.months == tuple(range(100, 124))


def test_a_score_that_promises_too_much_risk_is_told_too():
    outcomes = drawn(-0.6)
    found = sequential(outcomes, np.repeat(np.arange(12), 500))
    assert found.alarm_better is not None
    assert found.alarm_worse is None


def test_evidence_beyond_all_doubt_stays_a_number():
    rows = 50_000
    found = sequential(Outcomes(np.full(rows, 0.02), np.ones(rows, np.int64)), np.zeros(rows))
    assert np.isfinite(found.worse.e_value[0])
    assert found.worse.p_value[0] < 1e-100


def test_nothing_is_changed_without_evidence():
    found = [recalibration(drawn(0.0, seed=s)) for s in range(60)]
    assert np.mean([each.update is not Update.NONE for each in found]) < 0.15
    calm = next(each for each in found if each.update is Update.NONE)
    p = np.array([0.1, 0.5])
    assert calm.applied(p) is p


def test_a_shift_asks_for_a_shift_and_a_slope_for_a_slope():
    level = recalibration(drawn(0.5))
    assert level.update is Update.LEVEL
    assert (level.shift, level.slope) == (pytest.approx(0.5, abs=0.1), 1.0)
    both = recalibration(drawn(-0.4, slope=0.6))
    assert both.update is Update.LEVEL_AND_SLOPE
    assert both.slope == both.slope_free == pytest.approx(0.6, abs=0.08)
    changed = level.applied(np.array([0.2]))
    assert logit(changed[0]) == pytest.approx(logit(0.2) + level.shift)


def test_after_the_change_there_is_nothing_left_to_change():
    for outcomes in (drawn(0.5), drawn(-0.4, slope=0.6)):
        once = recalibration(outcomes)
        again = recalibration(Outcomes(once.applied(outcomes.probability), outcomes.y))
        assert again.update is Update.NONE
        assert again.p_any > 0.1
    assert set(UPDATES) == set(Update)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_the_fit_is_the_one_that_no_neighbour_beats(seed):
    outcomes = drawn(0.3, slope=0.8, rows=300, seed=seed)
    found = recalibration(outcomes, false_alarms=0.999999)
    if found.update is Update.LEVEL_AND_SLOPE:
        x = logit(outcomes.probability)

        def fits(shift, slope):
            return np.sum(outcomes.y * (shift + slope * x) - np.logaddexp(0, shift + slope * x))

        here = fits(found.shift, found.slope)
        near = [(found.shift + a, found.slope + b) for a in (-0.01, 0.01) for b in (-0.01, 0.01)]
        assert all(fits(*each) <= here + 1e-9 for each in near)


def test_without_defaults_no_level_is_fitted():
    p = np.full(40, 0.01)
    with pytest.raises(InputError, match="0 of 40 rows defaulted"):
        recalibration(Outcomes(p, np.zeros(40, np.int64)))
    assert by_band(Outcomes(p, np.zeros(40, np.int64)), np.zeros(40))[0].observed.high > 0.05


@pytest.mark.parametrize(
    ("p", "y", "said"),
    [
        ([0.5, 1.0], [0, 1], "row 1"),
        ([0.5, np.nan], [0, 1], "row 1"),
        ([0.5, 0.5], [0, -1], "unripe rows out"),
        ([0.5], [0, 1], "one of each"),
    ],
)
def test_what_is_no_probability_or_no_outcome_is_refused(p, y, said):
    with pytest.raises(InputError, match=said):
        Outcomes(np.array(p), np.array(y))


def test_months_go_with_rows():
    with pytest.raises(InputError, match="one band or month for every row"):
        sequential(drawn(0.0, rows=10), np.arange(3))


@settings(max_examples=40)
@given(MONTHS)
def test_it_does_not_matter_how_a_month_is_cut_up(months):
    """The wealth since the start is that of the loans, however often one has looked."""
    loans = [each for month in months for each in month]
    outcomes = Outcomes(np.array([p for p, _ in loans]), np.array([y for _, y in loans]))
    once = sequential(outcomes, np.zeros(len(loans)))
    each = sequential(outcomes, np.arange(len(loans)))
    assert once.worse.e_value[-1] == pytest.approx(each.worse.e_value[-1])
    assert once.better.e_value[-1] == pytest.approx(each.better.e_value[-1])
    assert each.worse.p_value[-1] <= once.worse.p_value[-1] + 1e-12


def test_a_longer_wait_between_false_alarms_is_a_later_alarm():
    rng = np.random.default_rng(9)
    p = expit(rng.normal(-2.5, 1.0, 24 * 300))
    month = np.repeat(np.arange(24), 300)
    y = (rng.random(p.size) < expit(logit(p) + 0.4 * (month >= 8))).astype(np.int64)
    found = [sequential(Outcomes(p, y), month, months_between=m).changed for m in (24, 240, 24_000)]
    assert found == sorted(found)
    assert found[0] < found[2]


def test_bands_go_with_rows():
    rows = Outcomes(np.array([0.1, 0.2]), np.array([0, 1]))
    for test in (by_band, hosmer):
        with pytest.raises(InputError, match="1 bands or months for 2 rows"):
            test(rows, np.array([1]))


def test_one_probability_for_all_tells_no_slope():
    y = (np.arange(300) % 10 == 0).astype(np.int64)
    found = recalibration(Outcomes(np.full(300, 0.3), y))
    assert found.update is Update.LEVEL
    assert np.isnan(found.slope_free)
    assert found.applied(np.array([0.3]))[0] == pytest.approx(0.1)
