"""Cells of a user's table: numbers, texts, days and outcomes as people write them."""

import math
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.workflows.card_cells import (
    Holds,
    days_of,
    held,
    numbers_of,
    outcomes_of,
    plain_column,
    read_day,
    read_number,
    texts_of,
)
from headrace.workflows.card_names import is_past, protected

WRITTEN = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
    st.integers(-(10**9), 10**9).map(lambda n: f"{n:,}"),
    st.sampled_from(
        ["", " ", "NA", "n/a", "-", "12%", "1e3", ".5", "5.", "1,23", "none", "无", "+7"]
    ),
    st.text(max_size=6),
)


@given(st.lists(WRITTEN, max_size=12))
def test_a_column_of_texts_is_read_as_each_cell_alone_is(cells):
    column = plain_column(pa.array(cells, pa.string()))
    found = numbers_of(column)
    for cell, value, bad in zip(
        column.to_pylist(), found.values.to_pylist(), found.bad, strict=True
    ):
        alone = None if cell is None else read_number(cell)
        if alone is None or math.isinf(alone):
            assert math.isnan(value)
            assert bad == (cell is not None)
        else:
            assert value == alone
            assert not bad


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("-0.5", -0.5), ("1,234.5", 1234.5), ("12.5%", 0.125), ("1e6", 1e6), ("+3", 3),
     ("1,23", None), ("12 kg", None), ("一", None), ("１２", None), ("0x10", None), ("1_000", None),
     ("inf", None), ("nan", None)],
)  # fmt: skip
def test_numbers_as_people_write_them(text, value):
    assert read_number(text) == value


@pytest.mark.parametrize(
    ("text", "day"),
    [("2024-03-01", date(2024, 3, 1)), ("2024/3/1", date(2024, 3, 1)),
     ("20240301", date(2024, 3, 1)), ("2024年3月1日", date(2024, 3, 1)),
     ("2024-03", date(2024, 3, 1)), ("2024年3月", date(2024, 3, 1)), ("2024", date(2024, 1, 1)),
     ("2024-03-01 08:30:00", date(2024, 3, 1)), ("2024-02-30", None), ("1066", None),
     ("01/03/2024", None), ("soon", None), ("2024-13-01", None)],
)  # fmt: skip
def test_days_as_people_write_them(text, day):
    assert read_day(text) == day


def test_blanks_and_na_are_missing_but_none_is_a_category():
    column = plain_column(pa.array(["", " NA ", "null", "—", "none", "无", None]))
    assert column.to_pylist() == [None, None, None, None, "none", "无", None]


@pytest.mark.parametrize(
    ("name", "cells", "what"),
    [
        ("income", ["1", "2.5", "", "3"], Holds.NUMBER),
        ("income", ["1"] * 19 + ["unknown"], Holds.NUMBER),
        ("trade", ["farm", "shop", "farm"], Holds.TEXT),
        ("opened", ["2024-01-01", "2024/2/3", ""], Holds.DAY),
        ("opened", ["20240101", "20240203"], Holds.DAY),
        ("year", ["2019", "2020"], Holds.NUMBER),
        ("firm", [f"firm {n}" for n in range(60)], Holds.NAME),
        ("loan_id", list(range(60)), Holds.NAME),
        ("合同编号", list(range(60)), Holds.NAME),
        ("amount", list(range(60)), Holds.NUMBER),
        ("empty", ["", None, "NA"], Holds.NOTHING),
        ("flag", [True, False, None], Holds.NUMBER),
        ("day", [date(2024, 1, 1), None], Holds.DAY),
        ("list", [[1], [2]], Holds.OTHER),
    ],
)
def test_what_a_column_holds_is_seen_in_its_cells(name, cells, what):
    assert held(name, plain_column(pa.array(cells))) is what


def test_numbers_of_other_types():
    found = numbers_of(plain_column(pa.array([1.5, None, math.nan, math.inf])))
    assert found.bad.tolist() == [False, False, False, True]
    assert numbers_of(plain_column(pa.array([True, False]))).values.to_pylist() == [1.0, 0.0]
    assert numbers_of(pa.array([[1], None])).bad.tolist() == [True, False]
    dictionary = pa.array(["a", "b", None]).dictionary_encode()
    assert plain_column(pa.chunked_array([dictionary, dictionary])).to_pylist() == [
        "a", "b", None, "a", "b", None,
    ]  # fmt: skip


def test_a_number_as_a_category_is_its_shortest_text():
    assert texts_of(pa.array([7.0, 7.5, None, math.nan])).values.to_pylist() == [
        "7",
        "7.5",
        None,
        None,
    ]
    assert texts_of(pa.array([7, None])).values.to_pylist() == ["7", None]
    assert texts_of(pa.array([[1], None])).bad.tolist() == [True, False]


def test_days_of_a_column():
    days, bad = days_of(plain_column(pa.array(["2024-03-01", "", "soon"])))
    assert days[0] == np.datetime64("2024-03-01")
    assert np.isnat(days[1:]).all()
    assert bad.tolist() == [False, False, True]
    assert days_of(pa.array([date(1950, 1, 2), None]))[0][0] == np.datetime64("1950-01-02")


@pytest.mark.parametrize(
    ("cells", "bad", "y"),
    [
        (["1", "0", ""], (), [1, 0, math.nan]),
        (["是", "否"], (), [1, 0]),
        (["Yes", "no"], (), [1, 0]),
        (["bad", "GOOD"], (), [1, 0]),
        ([True, False, None], (), [1, 0, math.nan]),
        ([1.0, 0.0], (), [1, 0]),
        (["CHGOFF", "PIF"], ("chgoff",), [1, 0]),
        (["1", "2"], ("2",), [0, 1]),
        (["late", "default", "paid"], ("late", "default"), [1, 1, 0]),
    ],
)
def test_outcomes_in_usual_words_or_as_named(cells, bad, y):
    np.testing.assert_array_equal(outcomes_of(plain_column(pa.array(cells)), "y", bad), y)


def test_outcomes_that_cannot_be_told_are_refused_with_the_option_that_tells():
    with pytest.raises(InputError, match="which outcome is bad: 1, 2") as caught:
        outcomes_of(plain_column(pa.array(["1", "2"])), "class", ())
    assert "--bad" in caught.value.remedy
    with pytest.raises(InputError, match="no row has the value '3'"):
        outcomes_of(plain_column(pa.array(["1", "2"])), "class", ("3",))


@pytest.mark.parametrize(
    ("name", "key"),
    [("age", "age"), ("Age_years", "age"), ("customerAge", "age"), ("性别", "sex"), ("SEX", "sex"),
     ("personal_status_sex", "sex"), ("foreign_worker", "origin"), ("民族", "origin"),
     ("marital_status", "marriage"), ("婚姻状况", "marriage"), ("average_income", ""),
     ("mortgage", ""), ("account_age", ""), ("企业年龄", ""), ("language", ""), ("income", "")],
)  # fmt: skip
def test_headings_that_name_protected_attributes(name, key):
    assert protected(name) == key


def test_headings_of_what_has_been():
    assert is_past("founded_before")
    assert is_past("历史逾期次数")
    assert not is_past("income")
