"""A book of loans as columns against the same loans stated one by one; cells as people write."""

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.schedule import schedule
from headrace.contracts.lending.terms import Method
from headrace.errors import InputError
from headrace.workflows.loan_columns import parts, typed_loans
from headrace.workflows.loan_file import (
    read_amount,
    read_day,
    read_decimal,
    read_flag,
    read_rate,
    read_word,
    terms_of,
)

DUE = {"every_months": "every_months", "due_day": "day", "due_month": "month",
       "due_first": "first", "first_days_min": "first_days_min",
       "last_days_min": "last_days_min"}  # fmt: skip
SUBSIDY = {"subsidy_share": "share", "subsidy_points": "points"}

cells = {
    "principal": st.sampled_from(["100000", "1", "0.01", "0", "-5", "1e5", "x", "",
                                  "10000000000000.00", "10000000000000.01",
                                  "1,234.56", "1.005"]),
    "start": st.sampled_from(["2024-01-31", "2026-02-14", "2024/2/29", "20240115",
                              "2023-02-30", ""]),
    "rate": st.sampled_from(["4.35%", "0.0435", "0", "1", "4.35", "-0.01", "", "x",
                             "0.00000000001"]),
    "maturity": st.sampled_from(["", "", "2025-01-31", "2024-01-31", "2199-12-31"]),
    "instalments": st.sampled_from(["", "1", "6", "12", "0", "1200", "1201", "1.5", "12.0"]),
    "method": st.sampled_from(["", *Method, "等额本金", "先息后本", "BULLET", "balloon"]),
    "days": st.sampled_from(["", "actual_360", "ACTUAL_365", "30/360", "thirty_360", "0"]),
    "shift": st.sampled_from(["", "顺延", "SCF", "shift_preceding", "no"]),
    "every_months": st.sampled_from(["", "1", "3", "120", "0", "121"]),
    "due_day": st.sampled_from(["", "20", "31", "32"]),
    "due_month": st.sampled_from(["", "0", "2", "3"]),
    "due_first": st.sampled_from(["", "2024-03-10", "2030-01-01"]),
    "first_days_min": st.sampled_from(["", "1", "15", "0"]),
    "last_days_min": st.sampled_from(["", "20"]),
    "grace_principal": st.sampled_from(["", "2", "1201"]),
    "grace_interest": st.sampled_from(["", "1"]),
    "instalment": st.sampled_from(["", "", "500", "-1"]),
    "level": st.sampled_from(["", "last_not_larger", "up"]),
    "residue": st.sampled_from(["", "", "first", "last"]),
    "subsidy_share": st.sampled_from(["", "", "50%", "2"]),
    "subsidy_points": st.sampled_from(["", "", "2%"]),
}  # fmt: skip
likely = dict.fromkeys(cells, "") | {
    "principal": "100000", "start": "2024-01-31", "rate": "4.35%", "instalments": "12"
}  # fmt: skip


@st.composite
def loans(draw):
    """A row that could be, with up to four cells drawn anew."""
    row = dict(likely)
    for name in draw(st.lists(st.sampled_from(sorted(cells)), max_size=4, unique=True)):
        row[name] = draw(cells[name])
    if row["maturity"] and draw(st.booleans()):
        row["instalments"] = ""
    return row


def stated(row):
    """The same row as a TERMS.toml would state it."""
    document = {k: v for k, v in row.items() if v and k not in (*DUE, *SUBSIDY)}
    for table, keys in (("due", DUE), ("subsidy", SUBSIDY)):
        inner = {keys[k]: row[k] for k in keys if row[k]}
        if inner:
            document[table] = inner
    if "subsidy" in document:
        document["subsidy"]["payer"] = "财政局"
    return document


def one_by_one(row):
    """The instalments by the slow way, None where the terms cannot be."""
    try:
        terms = terms_of(stated(row), "row")
        return [
            (r.due, r.pay_on, r.principal, r.interest, r.subsidy, r.fee, r.closing)
            for r in schedule(terms, CHINA)
        ]
    except InputError:
        return None


@settings(max_examples=150)
@given(st.lists(loans(), min_size=1, max_size=6), st.integers(1, 4))
def test_columns_give_what_terms_one_by_one_give_and_refuse_the_same(rows, at_once):
    table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in cells})
    book = typed_loans(table, np.arange(1, len(rows) + 1), "CNY")
    done = list(parts(book, CHINA, at_once))
    found: dict[str, list] = {}
    for part in done:
        for r in part.instalments.to_pylist():
            found.setdefault(r["loan"], []).append(
                (r["due"], r["pay_on"], *(r[f"{n}_minor"] for n in
                 ("principal", "interest", "subsidy", "fee", "closing")))
            )  # fmt: skip
    refused = [*book.refused["row"].to_pylist()]
    refused += [row for part in done for row in part.refused["row"].to_pylist()]
    right = {str(number): one_by_one(row) for number, row in enumerate(rows, 1)}
    assert found == {name: made for name, made in right.items() if made is not None}
    assert sorted(map(str, refused)) == sorted(name for name, made in right.items() if made is None)


@given(st.one_of(st.text(max_size=12), st.integers(), st.floats(), st.decimals(), st.dates(),
                 st.datetimes(), st.none(), st.booleans()))  # fmt: skip
def test_no_cell_ends_in_an_error(value):
    """What is read is of its kind; what cannot be read is None."""
    for read, kind in (
        (lambda cell: read_amount(cell, "CNY"), int),
        (read_rate, Decimal),
        (read_day, date),
        (read_flag, bool),
        (lambda cell: read_word(Method, cell), Method),
    ):
        found = read(value)
        assert found is None or isinstance(found, kind)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("¥1,234.50", 123_450), ("￥8", 800), ("１２", None), (0.1, 10), (1e15, 10**17),
        ("1_000", 100_000), ("0.001", None), (True, None), ("", None), ("--1", None),
        ("nan", None), ("inf", None), ("9" * 40, None), ("1e99999", None),
    ],
)  # fmt: skip
def test_an_amount_as_people_write_it(value, amount):
    assert read_amount(value, "CNY") == amount


def test_yen_have_no_hundredth():
    assert read_amount("12", "JPY") == 12
    assert read_amount("12.5", "JPY") is None


@pytest.mark.parametrize(
    "value",
    ["2026-03-01", "2026/3/1", "2026.03.01", "20260301", "2026年3月1日", " 2026-03-01 00:00:00",
     "2026-03-01T08:00:00", date(2026, 3, 1), datetime(2026, 3, 1, 8)],  # noqa: DTZ001 - a cell has no zone
)  # fmt: skip
def test_a_day_as_people_write_it(value):
    assert read_day(value) == date(2026, 3, 1)


@pytest.mark.parametrize(
    "value", ["2026-02-29", "1/3/2026", "2026-3", "", "x", "0001-01-01", 46082]
)
def test_what_is_no_day(value):
    assert read_day(value) is None


def test_rates_and_words():
    assert read_rate("4.35%") == read_rate("4.35％") == Decimal("0.0435")
    assert read_rate("0.0435") == read_rate(0.0435) == Decimal("0.0435")
    assert read_rate("4.35 %") == Decimal("0.0435")
    assert read_decimal("1 000") is None
    assert read_word(Method, "Equal Instalment") is Method.EQUAL_INSTALMENT
    assert read_word(Method, "随借随还") is Method.ANY_DAY
