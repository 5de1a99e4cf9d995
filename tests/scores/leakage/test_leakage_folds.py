"""Training that sees the test: the same firm, the same row, or the future."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.leakage.folds import check_folds, copies
from headrace.scores.leakage.look_ahead import find_look_ahead
from headrace.scores.validation import splits
from headrace.scores.validation.splits import SplitSettings, split

START = np.datetime64("2020-01-01", "D")


def test_a_firm_in_training_and_test_is_counted():
    groups = np.array([1, 2, 3, 4, 1, 1, 5, 6])
    careless = splits.given([(np.arange(4), np.arange(4, 8))], "", "")
    (leak,) = check_folds(careless, groups=groups)
    assert (leak.rule, leak.refuses) == ("group_in_both", True)
    assert dict(leak.evidence) == {"rows": 2.0, "share": 0.5, "distinct": 1.0}
    assert "2 of 4 tested rows (50.0%)" in leak.en
    assert "4 行测试样本中有 2 行" in leak.zh


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_our_own_splits_pass(seed):
    rng = np.random.default_rng(seed)
    y, groups = rng.integers(0, 2, 80), rng.integers(0, 40, 80)
    y[:20] = np.arange(20) % 2
    groups[:20] = np.arange(20)
    times = START + rng.integers(0, 300, 80).astype("m8[D]")
    for found in (split(y, times, groups, SplitSettings(folds=2)), split(y, times)):
        assert check_folds(found, times=times) == ()
    assert check_folds(split(y, times, groups), groups, times) == ()
    assert check_folds(split(y, groups=groups), groups) == ()


def test_one_copy_in_a_thousand_is_said_and_does_not_stop():
    table = pa.table({"a": [*range(1_000), 0], "b": ["x"] * 1_001})
    number = copies(table)
    assert number[0] == number[1_000]
    assert np.unique(number).size == 1_000
    pair = splits.given([(np.arange(1_000), np.array([1_000]))], "", "")
    (leak,) = check_folds(pair, rows=number)
    assert leak.refuses, "the one tested row is known"
    rare = splits.given([(np.array([1_000]), np.arange(1_000))], "", "")
    (leak,) = check_folds(rare, rows=number)
    assert (leak.rule, leak.refuses) == ("copy_in_both", False)


def test_missing_values_are_copies_of_each_other_and_of_nothing_else():
    table = pa.table({"a": [1.0, None, None, 1.0], "b": ["", None, None, None]})
    assert [int(each) for each in copies(table)] == [2, 0, 0, 1]


def test_training_on_the_future_is_found():
    times = START + np.arange(10).astype("m8[D]")
    backwards = splits.given([(np.arange(5, 10), np.arange(5))], "", "")
    (leak,) = check_folds(backwards, times=times)
    assert (leak.rule, leak.refuses) == ("trained_on_later", True)
    assert dict(leak.evidence)["share"] == 1.0
    with pytest.raises(InputError, match="folds name row 9 of 3"):
        check_folds(backwards, times=times[:3])


def at(day):
    return datetime(2020, 1, day, tzinfo=UTC)


SALES = pa.table(
    {
        "firm": ["a", "a", "a", "b", "b", "c"],
        "amount": [10, 20, 70, 5, 5, 9],
        "known_time": pa.array([at(d) for d in (1, 3, 9, 2, 8, 9)], pa.timestamp("us", "UTC")),
    }
)


def honest(facts, moment):
    """Sales of each firm that were known by then."""
    known = facts.filter(pc.less_equal(facts["known_time"], pa.scalar(moment)))
    return known.group_by("firm").aggregate([("amount", "sum"), ("amount", "max")])


def hasty(facts, moment):
    """The same, and the mean of all sales, which includes those to come."""
    mean = facts.group_by("firm").aggregate([("amount", "mean")])
    return honest(facts, moment).join(mean, "firm")


def test_a_planted_look_ahead_is_caught_and_an_honest_feature_is_not():
    assert find_look_ahead(honest, SALES, [at(2), at(5)], "known_time") == ()
    (leak,) = find_look_ahead(hasty, SALES, [at(2), at(5)], "known_time")
    assert (leak.feature, leak.rule, leak.refuses) == ("amount_mean", "looks_ahead", True)
    assert dict(leak.evidence) == {"rows_changed": 2.0, "share_changed": 0.5}
    assert "first as of 2020-01-02" in leak.en


def test_a_look_ahead_that_only_scales_or_only_adds_a_row_is_caught():
    def scaled(facts, moment):
        own, largest = honest(facts, moment), pc.max(facts["amount"]).as_py()
        share = pc.divide(own["amount_sum"].cast(pa.float64()), float(largest))
        return own.append_column("share", share)

    def everybody(facts, moment):
        return facts.group_by("firm").aggregate([("amount", "count")])

    found = find_look_ahead(scaled, SALES, [at(5)], "known_time")
    assert [leak.feature for leak in found] == ["share"]
    (leak,) = find_look_ahead(everybody, SALES.slice(0, 6), [at(8)], "known_time")
    assert dict(leak.evidence)["rows_changed"] == 2.0, "a has one more, c is not there yet"


def test_texts_are_compared_too():
    def latest(facts, _):
        last = facts.sort_by("known_time").group_by("firm", use_threads=False)
        return last.aggregate([("note", "last")])

    notes = SALES.append_column("note", pa.array(["x", "y", "z", None, "v", "w"]))
    (leak,) = find_look_ahead(latest, notes, [at(5)], "known_time")
    assert dict(leak.evidence) == {"rows_changed": 3.0, "share_changed": 1.0}


def test_nothing_can_be_seen_where_nothing_comes_later():
    with pytest.raises(InputError, match="every fact was known"):
        find_look_ahead(honest, SALES, [at(20)], "known_time")
    with pytest.raises(InputError, match="no column 'known'"):
        find_look_ahead(honest, SALES, [at(2)], "known")

    def more_columns(facts, moment):
        return honest(facts, moment) if facts.num_rows == 6 else SALES.select(["firm"])

    with pytest.raises(InputError, match="depend on what is known later"):
        find_look_ahead(more_columns, SALES, [at(2)], "known_time")
