"""PSI and CSI: the textbook figure, what chance gives beside it, and what is said of it."""

import numpy as np
import pytest
import watch_reference
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from headrace.errors import InputError
from headrace.scores.watch.stability import (
    READINGS,
    Reading,
    Terms,
    by_feature,
    by_month,
    chance_drawn,
    counted,
    points_moved,
    population_stability,
    shift,
)

COUNTS = st.integers(2, 12).flatmap(
    lambda bins: st.tuples(
        *[arrays(np.int64, bins, elements=st.integers(0, 60)).filter(np.any) for _ in range(2)]
    )
)


@given(COUNTS)
def test_the_index_is_the_sum_over_bins_that_anyone_can_check(counts):
    expected, actual = counts
    found = shift(expected, actual)
    assert found.index == pytest.approx(watch_reference.index_of(expected, actual), abs=1e-12)
    assert sum(found.contributions) == pytest.approx(found.index)
    assert min(found.contributions) >= 0
    assert found.low <= found.high
    assert 0 <= found.p_value <= 1
    assert (found.p_value < 0.05) == (found.index > found.chance) or found.chance == 0


def test_a_worked_index():
    """Siddiqi's arithmetic: shares 0.5, 0.5 against 0.6, 0.4 give 0.0405; rows make it exact."""
    found = shift(np.array([50_000, 50_000]), np.array([60_000, 40_000]))
    assert found.index == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8), abs=1e-5)
    assert found.reading is Reading.SMALL  # beyond doubt, and less than what matters


def test_few_rows_do_not_cry_wolf():
    """A hundred applicants from the very same population: an index of 0.1 is nothing special."""
    rng = np.random.default_rng(3)
    then = np.full(10, 1000)
    months = rng.multinomial(100, np.full(10, 0.1), 400)
    found = [shift(then, month) for month in months]
    assert np.mean([each.index > 0.1 for each in found]) > 0.25  # the rule of thumb cries
    assert np.mean([each.p_value < 0.05 for each in found]) < 0.09
    assert all(each.reading is not Reading.STILL for each in found)  # nor does it say all is well
    assert found[0].reading in {Reading.TOO_FEW, Reading.MOVED}


def test_many_rows_see_a_move_below_the_rule_of_thumb():
    rng = np.random.default_rng(4)
    edges = np.quantile(rng.normal(size=100_000), np.arange(1, 10) / 10)
    then, now = (counted(rng.normal(m, size=20_000), edges) for m in (0.0, 0.25))
    found = shift(then, now)
    assert found.index < 0.1
    assert found.p_value < 1e-6
    assert found.reading is Reading.SMALL
    assert found.low > 0.04
    assert found.high < 0.1


def test_the_interval_holds_the_true_index():
    rng = np.random.default_rng(5)
    p = np.full(8, 1 / 8)
    q = p * np.exp(np.linspace(-0.5, 0.5, 8))
    q /= q.sum()
    true = float(np.sum((q - p) * np.log(q / p)))
    found = [shift(rng.multinomial(2000, p), rng.multinomial(300, q)) for _ in range(400)]
    covered = np.mean([each.low <= true <= each.high for each in found])
    assert 0.92 < covered < 0.98


def test_the_two_ways_to_chance_agree():
    rng = np.random.default_rng(6)
    then, now = rng.multinomial(3000, np.full(6, 1 / 6)), rng.multinomial(400, np.full(6, 1 / 6))
    drawn, exact = chance_drawn(then, now, seed=1, draws=3000), shift(then, now)
    assert drawn.index == pytest.approx(exact.chance, rel=0.1)
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.05)
    assert chance_drawn(then, now, seed=1, draws=200) == chance_drawn(then, now, seed=1, draws=200)


def test_where_rows_are_few_in_a_bin_the_formula_errs_on_the_quiet_side():
    rng = np.random.default_rng(7)
    then, now = np.full(20, 50), rng.multinomial(30, np.full(20, 0.05))
    assert chance_drawn(then, now, seed=1).index < shift(then, now).chance


def test_looking_every_month_does_not_add_up_to_alarms():
    rng = np.random.default_rng(8)
    then = np.full(5, 2000)
    alone = together = 0
    for _ in range(150):
        months = by_month(then, rng.multinomial(300, np.full(5, 0.2), 12))
        alone += any(each.p_value < 0.05 for each in months)
        together += any(each.index > each.chance for each in months)
    assert alone > 40  # one year in two or three, though nothing ever moved
    assert together <= 15
    moved = by_month(then, np.tile([20, 40, 60, 80, 100], (3, 1)))
    assert all(each.reading is Reading.MOVED for each in moved)
    assert moved[0].chance < moved[1].chance < moved[2].chance


def test_many_features_at_once_are_held_to_a_common_measure():
    rng = np.random.default_rng(9)
    then = [np.full(5, 1000)] * 30
    still = [rng.multinomial(200, np.full(5, 0.2)) for _ in range(29)]
    found = by_feature(then, [*still, np.array([10, 20, 40, 60, 70])])
    assert found[-1].reading is Reading.MOVED
    assert all(
        each.reading is Reading.TOO_FEW or each.reading is Reading.STILL for each in found[:-1]
    )
    assert found[0].p_value >= shift(then[0], still[0]).p_value


def test_empty_bins_and_one_bin_say_nothing():
    both = shift(np.array([50, 0, 50]), np.array([30, 0, 20]))
    assert both.contributions[1] == 0
    assert both.expected[1] == both.actual[1] == 0
    without = shift(np.array([50, 50]), np.array([30, 20]))
    assert (both.index, both.p_value) == (without.index, without.p_value)
    one = shift(np.array([50]), np.array([3]))
    assert (one.index, one.p_value, one.reading) == (0, 1, Reading.STILL)


def test_missing_values_are_a_bin_and_edges_belong_above():
    found = counted(np.array([np.nan, 1.0, 2.0, 3.0, np.nan]), np.array([2.0]))
    assert found.tolist() == [1, 2, 2]


def test_what_a_feature_did_to_the_mean_score():
    moved = shift(np.array([5000, 5000]), np.array([2500, 7500]))
    assert points_moved(moved, np.array([0.0, 40.0])) == pytest.approx(10, abs=0.01)


def test_the_index_of_values_is_as_before():
    rng = np.random.default_rng(1)
    before = rng.normal(size=2000)
    assert population_stability(before, rng.normal(size=2000)) < 0.02
    assert population_stability(before, rng.normal(1.0, size=2000)) > 0.5
    with_gaps = np.where(np.arange(2000) % 3 == 0, np.nan, before)
    assert population_stability(before, with_gaps) > 0.5
    assert np.isnan(population_stability(np.zeros(0), before))


@pytest.mark.parametrize(
    ("expected", "actual", "said"),
    [
        ([1, 2], [1, 2, 3], "2 bins at development and 3 now"),
        ([1, -1], [1, 2], "fewer than no rows"),
        ([0, 0], [1, 2], "no rows to compare"),
    ],
)
def test_what_cannot_be_compared_is_refused(expected, actual, said):
    with pytest.raises(InputError, match=said):
        shift(np.array(expected), np.array(actual))


def test_readings_are_said_in_two_languages():
    assert set(READINGS) == set(Reading)
    assert all(en.isascii() and not zh.isascii() for en, zh in READINGS.values())


@settings(max_examples=30)
@given(st.integers(10, 10**6), st.floats(0.01, 0.2))
def test_what_matters_is_the_callers_to_say(rows, matters):
    found = shift(np.array([rows, rows]), np.array([rows, rows]), Terms(matters=matters))
    assert found.index == 0
    assert found.reading is (Reading.STILL if found.high < matters else Reading.TOO_FEW)


@given(COUNTS)
def test_it_does_not_matter_which_side_was_first_or_how_bins_are_ordered(counts):
    expected, actual = counts
    there, back = shift(expected, actual), shift(actual, expected)
    turned = shift(expected[::-1], actual[::-1])
    assert there.index == pytest.approx(back.index)
    assert there.p_value == pytest.approx(back.p_value)
    assert turned.contributions == pytest.approx(there.contributions[::-1])


def test_the_same_move_is_surer_with_more_rows():
    found = [shift(n * np.array([20, 30, 50]), n * np.array([30, 30, 40])) for n in (1, 3, 10, 100)]
    p_values = [each.p_value for each in found]
    assert p_values == sorted(p_values, reverse=True)
    widths = [each.high - each.low for each in found]
    assert widths == sorted(widths, reverse=True)
    assert found[0].reading is Reading.TOO_FEW
    assert found[-1].reading is Reading.SMALL


def test_infinite_values_lie_in_the_outermost_bins():
    known = np.arange(100.0)
    wide = np.concatenate([known, [-np.inf, np.inf]])
    assert population_stability(wide, wide) == 0.0
    assert population_stability(np.full(100, np.inf), known) == 0.0  # no edge to part them


def test_points_of_other_bins_are_refused():
    with pytest.raises(InputError, match="3 numbers of points for 2 bins"):
        points_moved(shift(np.array([5, 5]), np.array([3, 9])), np.zeros(3))
