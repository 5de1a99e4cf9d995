"""The merging of pieces is the best there is: every other one is looked at."""

import math
from fractions import Fraction

import numpy as np
import pytest
from binning_reference import NEAR, best, counted, information_value, p_value
from hypothesis import given
from hypothesis import strategies as st

from headrace.scores.binning.merging import Task, merge
from headrace.scores.binning.problem import LIMITS, BinningError, Settings, Trend

TRENDS = [Trend.NONE, Trend.ASCENDING, Trend.DESCENDING, Trend.PEAK, Trend.VALLEY]

pieces = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=8)
limits = st.fixed_dictionaries(
    {},
    optional={
        "min_bins": st.integers(1, 4),
        "max_bins": st.integers(4, 6),
        "min_rows": st.integers(1, 15),
        "max_rows": st.integers(15, 40),
        "min_share": st.sampled_from([0.0625, 0.125, 0.25]),
        "max_share": st.sampled_from([0.5, 0.75]),
        "min_goods": st.integers(1, 4),
        "min_bads": st.integers(1, 4),
        "min_gap": st.sampled_from([0.015625, 0.125, 0.25]),
        "max_p": st.sampled_from([0.05, 0.2, 0.9]),
    },
)


def task_of(counts, limits, trend=Trend.NONE, aside=(3, 2), pure_rows=10.0):
    good, bad = np.array(counts, np.float64).T.copy()
    without = {name: value or 0.0 for name, value in LIMITS.items() if name.startswith("min_")}
    without["min_bins"] = without["min_share"] = without["min_rows"] = None
    settings = Settings(**(without | limits), trend=trend, pure_rows=pure_rows)
    totals = (float(good.sum() + aside[0]), float(bad.sum() + aside[1]))
    return Task("x", good, bad, *totals, 0.0, settings)


def value_of(task, starts):
    """The information value of the ordinary bins that start there."""
    ends = (*starts[1:], len(task.good))
    spans = list(zip(starts, ends, strict=True))
    good, bad = counted(spans, task.good.tolist()), counted(spans, task.bad.tolist())
    return information_value(good, bad, task.goods, task.bads, task.settings.pure_rows)


@given(pieces, limits, st.sampled_from(TRENDS))
def test_no_other_merging_is_better(counts, limits, trend):
    if sum(map(sum, counts)) == 0:
        return
    task = task_of(counts, limits, trend)
    totals = (int(task.goods), int(task.bads))
    good, bad = zip(*counts, strict=True)
    expected = best(good, bad, totals, {**limits, "trend": trend.value}, 10.0)
    if expected is None:
        with pytest.raises(BinningError) as refused:
            merge(task, trend)
        assert refused.value.conflict
        return
    starts = merge(task, trend)
    assert starts == tuple(first for first, _ in expected[1])
    assert math.isclose(value_of(task, starts), expected[0], abs_tol=NEAR)


@given(pieces, limits)
def test_auto_is_never_worse_than_the_better_of_ascending_and_descending(counts, limits):
    if sum(map(sum, counts)) == 0:
        return
    values = {}
    for trend in (Trend.AUTO, *TRENDS):
        task = task_of(counts, limits, trend)
        try:
            values[trend] = value_of(task, merge(task, trend))
        except BinningError:
            values[trend] = -math.inf
    monotone = max(values[Trend.ASCENDING], values[Trend.DESCENDING])
    turned = max(values[Trend.PEAK], values[Trend.VALLEY])
    assert values[Trend.AUTO] >= monotone - NEAR  # optbinning#311
    if turned > 1.1 * monotone + NEAR:
        assert math.isclose(values[Trend.AUTO], turned, abs_tol=NEAR)
    elif turned < 1.1 * monotone - NEAR:
        assert math.isclose(values[Trend.AUTO], monotone, abs_tol=NEAR)


@given(pieces, limits, st.sampled_from(TRENDS))
def test_a_conflict_is_resolved_by_dropping_any_of_its_settings(counts, limits, trend):
    if sum(map(sum, counts)) == 0:
        return
    try:
        merge(task_of(counts, limits, trend), trend)
        return
    except BinningError as problem:
        conflict = problem.conflict
    asked = {name: value for name, value in limits.items() if name in conflict}
    trend = trend if "trend" in conflict else Trend.NONE
    with pytest.raises(BinningError):
        merge(task_of(counts, asked, trend), trend)
    for name in conflict:
        rest = {each: value for each, value in asked.items() if each != name}
        assert merge(task_of(counts, rest), Trend.NONE if name == "trend" else trend)


def test_a_hundred_pieces_are_merged_exactly_too():
    """Beyond what can be listed: the best of a rate that rises and falls once is each piece."""
    rates = [Fraction(each, 200) for each in (*range(10, 60), *range(59, 9, -1))]
    counts = [(200_000 - int(rate * 200_000), int(rate * 200_000)) for rate in rates]
    task = task_of(counts, {}, Trend.PEAK)
    starts = merge(task, Trend.PEAK)
    assert len(starts) == 99  # the two in the middle have one rate, and are one bin
    assert 50 not in starts
    assert len(merge(task_of(counts, {"max_bins": 7}, Trend.PEAK), Trend.PEAK)) == 7
    # A monotone merging of it is one rise, and all that falls in one bin (or the reverse).
    rising = merge(task_of(counts, {}, Trend.ASCENDING), Trend.ASCENDING)
    assert rising[-1] + 50 > len(rising)
    assert list(rising) == list(range(len(rising)))


def test_bins_of_one_rate_become_one():
    assert merge(task_of([(3, 1), (6, 2), (9, 3), (1, 9)], {}), Trend.NONE) == (0, 3)


def test_weights_that_do_not_add_up_to_the_bit_still_make_equal_rates_equal():
    tenths = [(0.1 * 3, 0.1), (0.3, 0.1), (0.1 + 0.2, 0.05 + 0.05), (0.1, 0.9)]
    assert merge(task_of(tenths, {}, Trend.ASCENDING), Trend.ASCENDING) == (0, 3)


def test_the_least_p_value_is_that_of_the_chi_squared_test():
    """Two bins of 60 and 40, 70 and 30 in a hundred have p = 0.1382."""
    counts = [(60, 40), (70, 30)]
    assert math.isclose(p_value(*counts), 0.13821, abs_tol=1e-5)
    assert merge(task_of(counts, {"max_p": 0.1383}), Trend.NONE) == (0, 1)
    assert merge(task_of(counts, {"max_p": 0.1382}), Trend.NONE) == (0,)


def test_a_refusal_names_the_conflict_and_what_is_possible():
    counts = [(10, 1), (8, 3), (9, 2), (5, 6)]
    with pytest.raises(BinningError) as refused:
        merge(task_of(counts, {"min_bins": 3, "max_bins": 4}, Trend.ASCENDING), Trend.DESCENDING)
    assert set(refused.value.conflict) == {"trend", "min_bins"}
    assert "trend = descending and min_bins = 3" in str(refused.value)
    assert "without min_bins there are" in str(refused.value)
    with pytest.raises(BinningError) as refused:
        merge(task_of(counts, {"min_bads": 13.0, "min_gap": 0.01}), Trend.NONE)
    assert refused.value.conflict == ("min_bads",)
    assert "hold 32 good and 12 bad rows" in str(refused.value)
