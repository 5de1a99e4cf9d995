"""Columns become channels: normal scores, categories, and what is missing."""

import deep_reference as slow
import numpy as np
import pyarrow as pa
import pytest
from deep_examples import CLOSE
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.deep.encoding import CategoryColumn, as_table, fit_encoding


def encoding_of(rows_per_category: int = 1, knots: int = 64, **columns):
    return fit_encoding(pa.table(columns), knots, rows_per_category)


@given(st.lists(st.one_of(st.integers(-3, 3), st.floats(-1e9, 1e9)), min_size=1, max_size=30))
def test_numbers_become_normal_scores_of_their_mid_ranks(values):
    values = [float(each) for each in values]
    found = encoding_of(sales=values).encoded(pa.table({"sales": values}))
    assert np.allclose(found[:, 0], slow.normal_scores(values), **CLOSE)
    assert not found[:, 1].any()


def test_units_and_outliers_do_not_matter():
    sales = [3.0, 1.0, 2.0, 9.0]
    plain = encoding_of(sales=sales).encoded(pa.table({"sales": sales}))
    odd = [each * 1000 for each in sales[:3]] + [1e12]
    assert np.array_equal(encoding_of(sales=odd).encoded(pa.table({"sales": odd})), plain)


def test_a_number_beyond_all_that_was_seen_is_the_outermost():
    encoding = encoding_of(sales=[1.0, 2.0, 3.0])
    seen = encoding.encoded(pa.table({"sales": [1.0, 3.0]}))
    beyond = encoding.encoded(pa.table({"sales": [-9e99, 9e99]}))
    assert np.array_equal(beyond, seen)


@pytest.mark.parametrize("knots", [2, 5, 64])
def test_many_values_need_few_knots_and_keep_their_order(knots):
    values = np.random.default_rng(0).normal(size=5000)
    encoding = encoding_of(knots=knots, sales=values)
    [column] = encoding.columns
    assert column.at.size <= knots
    assert (column.at[0], column.at[-1]) == (values.min(), values.max())
    scores = encoding.encoded(pa.table({"sales": np.sort(values)}))[:, 0]
    assert (np.diff(scores) >= 0).all()
    if knots == 64:
        assert np.abs(scores - np.sort(values))[100:-100].max() < 0.1


def test_missing_has_a_channel_of_its_own_and_is_not_zero():
    encoding = encoding_of(sales=[0.0, 5.0, None], trade=["farm", None, "shop"])
    found = encoding.encoded(pa.table({"sales": [0.0, None], "trade": [None, "shop"]}))
    zero, median = slow.normal_scores([0.0, 5.0])[0], 0.0
    assert found[0].tolist() == [pytest.approx(zero), 0, 0, 0, 1]
    assert found[1].tolist() == [median, 1, 0, 1, 0]


def test_a_column_that_never_had_a_missing_value_may_have_one_later():
    encoding = encoding_of(sales=[1.0, 2.0])
    found = encoding.encoded(pa.table({"sales": pa.array([None], pa.float64())}))
    assert found.tolist() == [[0, 1]]


def test_a_category_that_was_rare_or_not_known_has_no_channel():
    encoding = encoding_of(2, trade=["farm", "shop", "farm", "商店", "商店", None])
    assert encoding.columns == (CategoryColumn("trade", ("farm", "商店")),)
    found = encoding.encoded(pa.table({"trade": ["shop", "mill", "商店", None]}))
    assert found.tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_how_categories_are_stored_does_not_matter():
    trades = pa.array(["farm", "shop", None, "farm"])
    encoding = encoding_of(trade=trades)
    plain = encoding.encoded(pa.table({"trade": trades}))
    chunks = pa.chunked_array([trades[:1], trades[1:]])
    for stored in (trades.dictionary_encode(), chunks, chunks.dictionary_encode()):
        assert np.array_equal(encoding.encoded(pa.table({"trade": stored})), plain)


def test_channels_know_their_columns():
    encoding = encoding_of(sales=[1.0, 2.0], trade=["farm", "shop"], empty=[None, None])
    assert encoding.owner.tolist() == [0, 0, 1, 1, 1, 2, 2]
    assert encoding.missing_at.tolist() == [1, 4, 6]
    assert encoding.is_score.tolist() == [True, False, False, False, False, True, False]
    assert encoding.names == ("sales", "trade", "empty")


def test_a_column_without_a_value_says_missing():
    encoding = encoding_of(sales=pa.array([None, None], pa.float64()), trade=["farm", "shop"])
    empty = pa.table({"sales": [None], "trade": pa.nulls(1)})
    assert encoding.encoded(empty).tolist() == [[0, 1, 0, 0, 1]]


def test_plain_numbers_are_columns_in_their_order():
    x = np.array([[1.0, np.nan], [2.0, 5.0]])
    encoding = fit_encoding(x, 64, 1)
    assert encoding.names == ("x0", "x1")
    assert np.array_equal(encoding.encoded(x), encoding.encoded(as_table(x)))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"sales": [1.0]}, "columns that are not there: trade"),
        ({"sales": ["much"], "trade": ["farm"]}, "it holds texts.*column sales.*numbers"),
        ({"sales": [1.0], "trade": [3.0]}, "it holds numbers.*column trade.*texts"),
        ({"sales": [1.0, np.inf], "trade": ["farm", "farm"]}, "infinite.*column sales, row 1"),
    ],
)
def test_columns_that_are_not_those_of_the_training_are_refused(columns, said):
    encoding = encoding_of(sales=[1.0, 2.0], trade=["farm", "shop"])
    with pytest.raises(InputError, match=said):
        encoding.encoded(pa.table(columns))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pa.table({}), "no row or no column"),
        (pa.table({"sales": pa.array([], pa.float64())}), "no row or no column"),
        (pa.table({"sales": [1.0, -np.inf]}), "infinite.*column sales, row 1"),
        (pa.table({"sales": [1e301, 1.0]}), "too large.*column sales, row 0"),
        (pa.table({"day": pa.array([1], pa.date32())}), "neither numbers nor texts"),
    ],
)
def test_columns_that_teach_nothing_are_refused(table, said):
    with pytest.raises(InputError, match=said):
        fit_encoding(table, 64, 1)
