"""Which labels are ripe, and what young vintages come to."""

import numpy as np
import pytest
import watch_reference
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.watch.label_delay import (
    Loans,
    chain_ladder,
    completed,
    labels,
    ripe,
    triangle,
)

# Cumulative claims of Taylor and Ashe (1983), the triangle that Mack (1993) works through.
TAYLOR_ASHE = """
357848 1124788 1735330 2218270 2745596 3319994 3466336 3606286 3833515 3901463
352118 1236139 2170033 3353322 3799067 4120063 4647867 4914039 5339085
290507 1292306 2218525 3235179 3985995 4132918 4628910 4909315
310608 1418858 2195047 3757447 4029929 4381982 4588268
443160 1136350 2128333 2897821 3402672 3873311
396132 1333217 2180715 2985752 3691712
440832 1288463 2419861 3483130
359480 1421128 2864498
376686 1363294
344014
"""


def taylor_ashe() -> np.ndarray:
    found = np.full((10, 10), np.nan)
    for row, line in enumerate(TAYLOR_ASHE.split("\n")[1:-1]):
        numbers = [float(each) for each in line.split()]
        found[row, : len(numbers)] = numbers
    return found


def test_the_chain_ladder_gives_macks_published_figures():
    """Mack (1993), ASTIN Bulletin 23: factors, reserves in thousands and their standard errors."""
    cumulative = taylor_ashe()
    found = chain_ladder(cumulative)
    factors = [3.4906, 1.7473, 1.4574, 1.1739, 1.1038, 1.0863, 1.0539, 1.0766, 1.0177]
    assert found.factors == pytest.approx(factors, abs=5e-5)
    latest = np.array([row[~np.isnan(row)][-1] for row in cumulative])
    reserves = np.array([each.value for each in found.ultimate]) - latest
    published = [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]
    assert np.round(reserves / 1000).tolist() == published
    errors = np.array(found.deviation) / 1000
    assert np.round(errors).tolist() == [0, 76, 122, 134, 261, 411, 558, 875, 971, 1363]
    assert round((found.total.value - latest.sum()) / 1000) == 18681
    assert round(found.total_deviation / 1000) == 2447
    assert found.ultimate[0].low == found.ultimate[0].high == 3901463
    assert found.ultimate[9].low < found.ultimate[9].value < found.ultimate[9].high


LOANS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 9)), min_size=1, max_size=60).map(
    lambda rows: [(opened, age if age <= 9 - opened else 0) for opened, age in rows]
)


def book(rows, now=9, window=4) -> Loans:
    opened, age = (np.array(each, np.int64) for each in zip(*rows, strict=True))
    return Loans(opened, age, now, window)


@given(LOANS)
def test_labels_are_those_of_ripe_vintages_alone(rows):
    loans = book(rows)
    expected = [watch_reference.label_of(opened, age, 9, 4) for opened, age in rows]
    assert labels(loans).tolist() == expected
    assert ripe(loans).tolist() == [each >= 0 for each in expected]


@given(LOANS)
def test_shares_by_age_are_those_of_a_count_loan_by_loan(rows):
    found = completed(book(rows))
    for mine, twin in zip(found.hazard, watch_reference.hazard_of(rows, 9, 4), strict=True):
        assert (np.isnan(mine) and twin is None) or mine == pytest.approx(twin)
    assert found.spread >= 1
    assert sum(each.loans for each in found.vintages) == len(rows)
    for each in found.vintages:
        if each.age == 4:
            assert each.final.value == each.final.low == each.final.high == each.defaults
        assert each.defaults <= each.final.low <= each.final.high <= each.loans
        assert np.isnan(each.final.value) or each.final.low <= each.final.value + 0.5


def test_an_early_default_of_a_young_vintage_is_no_label():
    """Used with the vintage's unripe loans left out, it would make the month look all bad."""
    loans = Loans(np.array([0, 0, 8, 8]), np.array([3, 0, 1, 0]), now=9, window=6)
    assert labels(loans).tolist() == [1, 0, -1, -1]


def test_a_loan_that_defaults_after_the_window_is_good():
    assert labels(Loans(np.array([0]), np.array([7]), now=9, window=6)).tolist() == [0]


def simulated(seed, worse=1.0):
    """200 loans a month for two years, 1 % a month; the last year's are `worse` times as bad."""
    rng = np.random.default_rng(seed)
    opened = np.repeat(np.arange(24), 200)
    age = rng.geometric(0.01 * np.where(opened >= 12, worse, 1.0))
    return opened, age, Loans(opened, np.where(age <= 24 - opened, age, 0), now=24, window=12)


def test_young_vintages_come_to_what_the_interval_says():
    inside, naive, gap = [], [], []
    for seed in range(40):
        opened, age, loans = simulated(seed)
        for each in completed(loans).vintages:
            if each.age < 12:
                truth = int((age[opened == each.opened] <= 12).sum())
                inside.append(each.final.low <= truth <= each.final.high)
                gap.append(each.final.value - truth)
                naive.append(each.defaults - truth)
    assert 0.93 < np.mean(inside) < 1.0
    assert abs(np.mean(gap)) < 1.0
    assert np.mean(naive) < -8  # unripe loans counted as good: half of the defaults are missing


def test_the_chain_ladder_follows_a_vintage_that_is_worse_and_the_other_does_not():
    ahead = []
    for seed in range(10):
        _, _, loans = simulated(seed, worse=2.5)
        rows = [each for each in completed(loans).vintages if 4 <= each.age < 8]
        ladder = chain_ladder(triangle(loans)).ultimate
        ahead.append(np.mean([ladder[each.opened].value - each.final.value for each in rows]))
    assert np.mean(ahead) > 5


def test_a_vintage_without_defaults_is_beyond_the_chain_ladder_alone():
    opened = np.array([0] * 50 + [1] * 50 + [2] * 50)
    age = np.zeros(150, np.int64)
    age[:4], age[50:53] = (1, 1, 2, 3), (1, 2, 2)
    loans = Loans(opened, age, now=3, window=3)
    ladder = chain_ladder(triangle(loans))
    assert np.isnan(ladder.ultimate[2].value)
    assert np.isfinite(ladder.total.value)
    last = completed(loans).vintages[2]
    assert last.defaults == 0
    assert 1 < last.final.value < 5


def test_a_ripe_vintage_without_defaults_came_to_nothing():
    cumulative = np.array([[1.0, 2.0, 3.0], [2.0, 3.0, np.nan], [0.0, 0.0, 0.0]])
    last = chain_ladder(cumulative).ultimate[2]
    assert (last.value, last.low, last.high) == (0, 0, 0)


def test_where_no_vintage_is_old_enough_nothing_is_promised():
    found = completed(Loans(np.array([5, 5, 6]), np.zeros(3, np.int64), now=7, window=6))
    assert all(np.isnan(each.final.value) for each in found.vintages)
    assert found.vintages[0].final.low == 0
    assert found.vintages[0].final.high == 2
    with pytest.raises(InputError, match="no row has grown from age 1 to age 2"):
        chain_ladder(triangle(Loans(np.array([5, 5, 6]), np.zeros(3, np.int64), now=7, window=6)))


def test_uneven_vintages_widen_the_interval():
    rng = np.random.default_rng(2)
    opened = np.repeat(np.arange(24), 300)
    level = np.where(opened % 2 == 0, 0.004, 0.02)
    age = rng.geometric(level)
    found = completed(Loans(opened, np.where(age <= 24 - opened, age, 0), now=24, window=12))
    assert found.spread > 1.5
    even = completed(simulated(0)[2])
    assert even.spread < 1.4


@pytest.mark.parametrize(
    ("opened", "age", "said"),
    [([3], [0], "opened in month 2"), ([0], [3], "reached by month 2"), ([0], [-1], "row 0")],
)
def test_what_cannot_be_known_yet_is_refused(opened, age, said):
    with pytest.raises(InputError, match=said):
        Loans(np.array(opened), np.array(age), now=2, window=6)


@given(LOANS, st.integers(0, 9))
def test_a_ripe_label_never_changes(rows, earlier):
    """What was known at an earlier month stays as it was; later months only add to it."""
    then = [(o, d if 0 < d <= earlier - o else 0) for o, d in rows if o <= earlier]
    if not then:
        return
    before = labels(book(then, now=earlier))
    after = labels(book([(o, d) for o, d in rows if o <= earlier]))
    assert (after[before >= 0] == before[before >= 0]).all()


@given(LOANS)
def test_the_triangle_counts_defaults_up_to_each_age(rows):
    found = triangle(book(rows))
    for line, opened in zip(found, sorted({o for o, _ in rows}), strict=True):
        for age in range(1, 5):
            ages = [d for o, d in rows if o == opened]
            expected = sum(0 < d <= age for d in ages) if 9 - opened >= age else np.nan
            assert line[age - 1] == pytest.approx(expected, nan_ok=True)


def test_the_chain_ladder_repeats_what_every_row_did():
    """Rows that all double and then grow by half: no spread, no error."""
    cumulative = np.array([[10.0, 20.0, 30.0], [14.0, 28.0, np.nan], [6.0, np.nan, np.nan]])
    found = chain_ladder(cumulative)
    assert found.factors == (2.0, 1.5)
    assert [each.value for each in found.ultimate] == [30, 42, 18]
    assert found.total.value == 90
    assert found.total_deviation == 0


def test_a_vintage_opened_this_month_changes_nothing_of_the_others():
    known = taylor_ashe()
    with_new = np.vstack([known, np.full(known.shape[1], np.nan)])
    before, after = chain_ladder(known), chain_ladder(with_new)
    assert after.total == before.total
    assert after.total_deviation == pytest.approx(before.total_deviation, rel=1e-12)
    assert np.isnan(after.ultimate[-1].value)
    assert after.ultimate[:-1] == before.ultimate


def test_a_vintage_without_defaults_has_nothing_to_grow_from():
    found = chain_ladder(np.array([[1.0, 2.0], [0.0, np.nan]]))
    assert found.ultimate[0].value == 2.0
    assert np.isnan(found.ultimate[1].value)


def test_a_gap_in_a_triangle_is_refused():
    with pytest.raises(InputError, match="1 of 2 rows"):
        chain_ladder(np.array([[1.0, np.nan, 3.0], [1.0, 2.0, 3.0]]))


def test_months_written_as_year_and_month_are_refused():
    with pytest.raises(InputError, match="202102 is no number of a month"):
        Loans(np.array([202011]), np.array([0]), now=202102, window=12)
