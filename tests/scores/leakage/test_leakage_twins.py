"""Every rule beside its slow twin, on rows that hypothesis makes up."""

from datetime import UTC, date, datetime, timedelta

import leakage_reference as slow
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import validation_reference
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.scores.leakage import alone, dating
from headrace.scores.leakage.folds import check_folds, copies
from headrace.scores.leakage.look_ahead import find_look_ahead
from headrace.scores.leakage.sample import Sample, halves
from headrace.scores.validation import splits

START = date(2020, 1, 1)


@st.composite
def grouped(draw, most=30):
    n = draw(st.integers(4, most))
    y = [1, 0, *draw(st.lists(st.integers(0, 1), min_size=n - 2, max_size=n - 2))]
    group = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    values = draw(st.lists(st.integers(0, 9), min_size=n, max_size=n))
    return np.array(y), np.array(group), np.array(values, float)


@settings(max_examples=60)
@given(grouped())
def test_a_row_is_scored_by_the_other_half(rows):
    y, group, _ = rows
    half = halves(y.size)
    expected = slow.share_elsewhere(group.tolist(), y.tolist(), half.tolist())
    assert alone.share_elsewhere(group, y, half).tolist() == pytest.approx(expected)
    assert abs(half.sum() - y.size / 2) <= 0.5


@settings(max_examples=60)
@given(grouped())
def test_strength_of_a_text_is_the_auc_of_its_shares_or_of_its_alphabet(rows):
    y, group, _ = rows
    names = pa.array([f"branch {each}" for each in group])
    shares = slow.share_elsewhere(group.tolist(), y.tolist(), halves(y.size).tolist())
    elsewhere = validation_reference.auc(y, shares, np.ones(y.size))
    straight = validation_reference.auc(y, group, np.ones(y.size))  # names sort as their numbers
    assert alone.strength(names, y) == pytest.approx(max(elsewhere, straight, 1 - straight))


@settings(max_examples=80)
@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", "C", None]), st.integers(0, 1)),
        min_size=10,
        max_size=60,
    )
)
def test_values_of_one_outcome_are_counted(rows):
    values, y = [value for value, _ in rows], np.array([outcome for _, outcome in rows])
    if not 0 < y.sum() < y.size:
        return
    sample = Sample(pa.table({"grade": pa.array(values, pa.string())}), y)
    found = alone.one_outcome(sample, "grade")
    rarer = [each for each in (1, 0) if (y == each).mean() <= 0.5]
    held = [slow.pure_share(values, y.tolist(), each) for each in rarer]
    expected = [each for each in held if each >= 0.5]
    assert [dict(leak.evidence)["share_held"] for leak in found] == pytest.approx(expected)


@settings(max_examples=60)
@given(grouped())
def test_within_is_over_pairs_of_one_group(rows):
    y, group, values = rows
    expected = slow.within(y.tolist(), values.tolist(), group.tolist())
    assert dating.within(y, values, group) == pytest.approx(expected)


@settings(max_examples=60)
@given(grouped())
def test_rank_correlation_is_of_ranks_within_groups(rows):
    other, group, values = rows
    expected = slow.rank_correlation(values.tolist(), other.tolist(), group.tolist())
    assert dating.rank_correlation(values, other.astype(float), group) == pytest.approx(expected)


CELLS = st.tuples(
    st.sampled_from([0.0, 1.5, None]), st.sampled_from(["x", "y", None]), st.booleans()
)


@settings(max_examples=60)
@given(st.lists(CELLS, min_size=1, max_size=25))
def test_copies_are_rows_that_are_equal_in_every_column(rows):
    table = pa.table(
        {
            "number": pa.array([row[0] for row in rows], pa.float64()),
            "text": pa.array([row[1] for row in rows], pa.string()),
            "flag": pa.array([row[2] for row in rows]),
        }
    )
    number = copies(table)
    first = slow.copies(rows)
    for k in range(len(rows)):
        for j in range(len(rows)):
            assert (number[k] == number[j]) == (first[k] == first[j])


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 15)), min_size=8, max_size=40),
    st.integers(10, 50),
    st.integers(0, 20),
)
def test_out_of_time_is_row_by_row(rows, cut, maturity):
    days, groups = [START + timedelta(days=day) for day, _ in rows], [own for _, own in rows]
    opening, end = START + timedelta(days=cut), START + timedelta(days=61)
    train, test = slow.out_of_time(days, groups, opening, end, maturity)
    times = np.array(days, "datetime64[D]")
    if not train or not test:
        return
    found = splits.out_of_time(
        times, [np.datetime64(opening)], np.array(groups), maturity, np.datetime64(end)
    )
    assert found.folds[0].train.tolist() == train
    assert found.folds[0].test.tolist() == test


@settings(max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=6, max_size=40), st.integers(2, 30))
def test_shared_groups_are_counted_row_by_row(groups, cut):
    cut = min(cut, len(groups) - 1)
    train, test = np.arange(cut), np.arange(cut, len(groups))
    expected = slow.shared_rows(train, test, groups)
    leaks = check_folds(splits.given([(train, test)], "", ""), groups=np.array(groups))
    assert [dict(leak.evidence)["rows"] for leak in leaks] == ([expected] if expected else [])


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 9), st.integers(1, 20)),
        min_size=2,
        max_size=15,
    ),
    st.integers(1, 19),
)
def test_a_look_ahead_is_counted_firm_by_firm(rows, day):
    moment = datetime(2024, 1, day, tzinfo=UTC)
    facts = pa.table(
        {
            "firm": [firm for firm, _, _ in rows],
            "amount": [amount for _, amount, _ in rows],
            "known_time": [datetime(2024, 1, known, tzinfo=UTC) for _, _, known in rows],
        }
    )
    if all(known <= day for _, _, known in rows):
        return

    def total(known, as_of):
        """Of all facts, and of those of the moment."""
        before = known.filter(pc.less_equal(known["known_time"], pa.scalar(as_of)))
        every = known.group_by("firm").aggregate([("amount", "sum")])
        own = before.group_by("firm").aggregate([("amount", "max")])
        return every.join(own, "firm")

    def by_firm(limit):
        sums = {}
        for firm, amount, known in rows:
            if known <= limit:
                sums[firm] = sums.get(firm, 0) + amount
        return sums

    expected = slow.changed(by_firm(99), by_firm(day))
    (leak,) = find_look_ahead(total, facts, [moment], "known_time")
    assert leak.feature == "amount_sum"
    assert dict(leak.evidence)["rows_changed"] == expected
