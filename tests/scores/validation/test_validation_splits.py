"""What a split must never do, whatever the rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.validation import splits
from headrace.scores.validation.splits import (
    SplitSettings,
    dealt,
    out_of_time,
    split,
)

START = np.datetime64("2020-01-01", "D")


@st.composite
def dated(draw):
    n = draw(st.integers(40, 120))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    times = START + rng.integers(0, 400, n).astype("m8[D]")
    groups = rng.integers(0, draw(st.integers(20, 80)), n)
    y = (rng.random(n) < 0.4).astype(np.int64)
    y[:10] = np.arange(10) % 2
    return y, times, groups


@settings(max_examples=60)
@given(dated(), st.integers(1, 4), st.integers(0, 60))
def test_out_of_time_trains_on_what_was_known_before_the_test(rows, folds, maturity):
    y, times, groups = rows
    found = split(y, times, groups, SplitSettings(folds=folds, maturity_days=maturity))
    assert found.rule == "out_of_time"
    for fold in found.folds:
        opening = times[fold.test].min()
        assert (times[fold.train] + maturity <= opening).all()
        assert not set(groups[fold.train]) & set(groups[fold.test])
    tested = np.concatenate([fold.test for fold in found.folds])
    assert np.unique(tested).size == tested.size, "a row is tested once"
    assert times[tested].min() >= np.quantile(times.astype(int), 0.5).astype("M8[D]")


@settings(max_examples=60)
@given(dated(), st.integers(2, 5), st.integers(1, 3))
def test_dealt_rows_are_each_tested_once_a_repeat_and_groups_stay_whole(rows, folds, repeats):
    y, _, groups = rows
    chosen = SplitSettings(folds=folds, repeats=repeats, seed=3)
    bad, good = (np.unique(groups[y == each]).size for each in (1, 0))
    if min(bad, good) < folds:
        return
    for found in (dealt(y, groups, chosen), split(y, groups=groups, settings=chosen)):
        assert found.rule == "grouped"
        assert len(found.folds) == folds * repeats
        for start in range(0, len(found.folds), folds):
            own = found.folds[start : start + folds]
            tested = np.sort(np.concatenate([fold.test for fold in own]))
            assert tested.tolist() == list(range(y.size))
            for fold in own:
                assert np.sort(np.concatenate([fold.train, fold.test])).tolist() == tested.tolist()
                assert not set(groups[fold.train]) & set(groups[fold.test])


def test_every_fold_of_plain_rows_has_its_share_of_the_bad():
    y = (np.arange(1_000) % 10 == 0).astype(np.int64)
    found = split(y, settings=SplitSettings(folds=5, repeats=2))
    assert found.rule == "repeated"
    assert {int(y[fold.test].sum()) for fold in found.folds} == {20}
    assert {fold.test.size for fold in found.folds} == {200}
    first, second = found.folds[0], found.folds[5]
    assert not np.array_equal(first.test, second.test), "dealt anew for each repeat"


def test_folds_of_unequal_groups_are_of_about_equal_size():
    """Borrowers with 1 to 40 loans: no fold is a third larger than another."""
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(300), rng.integers(1, 40, 300))
    y = (rng.random(groups.size) < 0.2).astype(np.int64)
    sizes = [fold.test.size for fold in dealt(y, groups, SplitSettings()).folds]
    assert max(sizes) < 1.1 * min(sizes)


def test_the_same_seed_the_same_split():
    y = (np.arange(50) % 3 == 0).astype(np.int64)
    one, other = (split(y, settings=SplitSettings(seed=9)) for _ in range(2))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(one.folds, other.folds, strict=True))


def test_a_split_says_what_it_left_out():
    """Loans of 2020 by month; an outcome is known after 90 days; firm 1 borrows all year."""
    times = START + (np.arange(12) * 30).astype("m8[D]")
    groups = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 12])
    found = out_of_time(times, [START + 270], groups, maturity_days=90)
    (fold,) = found.folds
    assert fold.train.tolist() == [1, 2, 3, 4, 5, 6], "not 0: firm 1 is tested; not 7, 8: too young"
    assert fold.test.tolist() == [9, 10, 11]
    assert "2 row(s) left out of training as not yet known" in found.en
    assert "1 as their group is tested" in found.en
    assert "因结果尚未知而不参与训练 2 行" in found.zh


def test_a_window_ends_where_it_is_told_to():
    times = START + np.arange(100).astype("m8[D]")
    (fold,) = out_of_time(times, [START + 50], until=START + 60).folds
    assert fold.test.tolist() == list(range(50, 60))


def test_what_cannot_be_split_is_refused():
    y = np.array([0, 1] * 10)
    with pytest.raises(InputError, match="0 rows to train on"):
        out_of_time(START + np.arange(20).astype("m8[D]"), [START + 5], maturity_days=30)
    with pytest.raises(InputError, match="no day parts these rows"):
        split(y, np.full(20, START))
    with pytest.raises(InputError, match="row 3"):
        split(y, np.where(np.arange(20) == 3, np.datetime64("NaT"), START))
    with pytest.raises(InputError, match="cannot be dealt to 11 folds"):
        split(y, settings=SplitSettings(folds=11))
    with pytest.raises(InputError, match="test_share"):
        SplitSettings(test_share=1.0)
    with pytest.raises(InputError, match="maturity_days"):
        SplitSettings(maturity_days=-1)
    with pytest.raises(InputError, match="trained on and tested"):
        splits.given([(np.array([0, 1]), np.array([1, 2]))], "", "")


def test_no_rows_cannot_be_split():
    with pytest.raises(InputError, match="no rows"):
        split(np.zeros(0, np.int64), np.zeros(0, "M8[D]"))


def test_times_and_groups_go_with_rows():
    y = np.arange(20) % 2
    with pytest.raises(InputError, match="3 times for 20 rows"):
        split(y, START + np.arange(3))
    with pytest.raises(InputError, match="3 groups for 20 rows"):
        split(y, None, np.arange(3))


def test_a_seed_below_zero_is_refused():
    with pytest.raises(InputError, match="seed = -1"):
        SplitSettings(seed=-1)
