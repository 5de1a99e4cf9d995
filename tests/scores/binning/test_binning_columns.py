"""Columns as they come: what is numbers, what is texts, what is neither."""

import math
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.scores.binning.codec import bins_from_json, bins_to_json
from headrace.scores.binning.columns import Texts, column_of
from headrace.scores.binning.optimal import fit, fit_table
from headrace.scores.binning.problem import BinningError, Prebinning, Settings, Trend
from headrace.scores.binning.rows import rows_of


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 0, 3]),
        np.array([1.0, 0.0, 3.0], np.float32),
        np.array([1, 0, 3], np.uint8),
        [1, 0, 3],
        pa.array([1, 0, 3], pa.int16()),
        pa.array([Decimal(1), Decimal(0), Decimal(3)]),
        pa.chunked_array([[1.0], [0.0, 3.0]]),
        pa.array([1.0, 0.0, 3.0]).dictionary_encode(),
    ],
    ids=str,
)
def test_numbers_of_any_kind_are_doubles(values):
    found = column_of(values, "x")
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 0.0, 3.0]


def test_null_and_nan_are_missing_and_truth_is_a_number():
    assert np.isnan(column_of([1.5, None], "x")[1])
    assert np.isnan(column_of(pa.array([1, None]), "x")[1])
    assert np.isnan(column_of(pa.nulls(2), "x")).all()
    assert column_of([True, False], "x").tolist() == [1.0, 0.0]
    assert column_of(pa.array([True, None]), "x")[0] == 1.0
    assert column_of(np.array([True, False]), "x").tolist() == [1.0, 0.0]


@given(st.lists(st.one_of(st.none(), st.sampled_from(["", "a", "甲", "A"])), max_size=20))
def test_texts_keep_what_each_row_says(values):
    plain = pa.array(values, pa.string())
    encoded = plain.dictionary_encode()
    halves = pa.chunked_array([encoded[:5], encoded[5:]]) if len(values) > 5 else encoded
    for column in (plain, plain.cast(pa.large_string()), encoded, halves):
        found = column_of(column, "x")
        assert isinstance(found, Texts)
        assert len(set(found.names)) == len(found.names)
        said = [None if code < 0 else found.names[code] for code in found.codes]
        assert said == values


@pytest.mark.parametrize(
    "values",
    [
        pa.array([date(2026, 1, 1)]),
        pa.array([[1]]),
        [1, "one"],
        [object()],
        np.array(["2026-01-01"], "datetime64[D]"),
        np.ones((2, 2)),
    ],
    ids=["dates", "lists", "mixed", "objects", "numpy dates", "a matrix"],
)
def test_what_is_neither_is_refused_and_the_column_named(values):
    with pytest.raises(BinningError, match="column when") as refused:
        column_of(values, "when")
    assert "dates into a number of days" in refused.value.remedy


def test_rows_are_counted_by_weight():
    rows = rows_of([0, 1, 1], [0.5, 2.0, 0.25])
    assert (rows.goods, rows.bads, rows.total) == (0.5, 2.25, 2.75)
    plain = rows_of(pa.array([True, False, False]))
    assert (plain.goods, plain.bads, plain.weights) == (2.0, 1.0, None)


@pytest.mark.parametrize("prebinning", list(Prebinning))
def test_values_at_the_ends_of_what_a_double_can_be_are_binned(prebinning):
    x = np.array([-math.inf, -1.7e308, -5e-324, 0.0, 5e-324, 1.7e308, math.inf] * 6)
    y = np.arange(42) % 3 % 2
    settings = Settings(prebinning=prebinning, prebin_share=0, trend=Trend.NONE)
    bins = fit(x, y, settings)
    assert all(map(math.isfinite, bins.piece_edges))
    assert sum(bins.good) + sum(bins.bad) == 42
    assert bins_from_json(bins_to_json(bins)) == bins
    assert np.array_equal(bins.codes(x), [sum(edge <= each for edge in bins.edges) for each in x])


def test_two_columns_of_one_name_and_none_at_all():
    y = np.arange(40) % 2
    twice = pa.Table.from_arrays(
        [pa.array(np.arange(40.0)), pa.array(-np.arange(40.0))], ["a", "a"]
    )
    first, second = fit_table(twice, y)
    assert first.edges != second.edges or first.edges == ()
    assert fit_table(pa.table({}), y) == ()


def test_settings_of_numpy_numbers_are_plain_ones():
    settings = Settings(max_bins=np.int64(4), min_gap=np.float32(0.25), edges=[1, np.float64(2)])
    assert (type(settings.max_bins), type(settings.min_gap)) == (int, float)
    assert settings.edges == (1.0, 2.0)
    assert settings.limits == {"max_bins": 4, "min_gap": 0.25, "min_bads": 1.0, "min_goods": 1.0}


@pytest.mark.parametrize("values", [[2**70, 1], ["\ud800", "a"], np.array([1j, 2j])])
def test_what_no_column_can_hold_is_refused_by_name(values):
    with pytest.raises(BinningError, match="column x"):
        column_of(values, "x")


def test_texts_of_other_libraries_are_texts():
    found = column_of(pa.array(["农业", None, "工业"]).cast(pa.string_view()), "trade")
    assert isinstance(found, Texts)
    assert found.codes.tolist() == [0, -1, 1]


def test_weights_too_large_to_add_up_are_refused():
    with pytest.raises(InputError, match="too large"):
        rows_of([0, 1], [1.0, 1e300])
