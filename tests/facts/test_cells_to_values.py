"""Cells as banks write them: the golden tables, and each type a column may come in."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import facts_reference as slow
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.facts import amounts, dates
from headrace.facts.cells import Coerced, Dialect, clean_text, distinct
from headrace.facts.coerce import coerce
from headrace.facts.kinds import INVOICE
from headrace.facts.rules import RULES, Effect
from headrace.facts.schema import Field, FieldType

GOLDEN = Path(__file__).parent.parent / "data" / "facts"
SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = Dialect("Asia/Shanghai")
NUMBER = INVOICE.field("number")
STATUS = INVOICE.field("status")
COUNTERPARTY = INVOICE.field("counterparty")
DAY = Field("founded", FieldType.DATE, "founding day", "成立日期")
COUNT = Field("staff", FieldType.INTEGER, "people employed", "员工数")


def golden(name: str) -> list[tuple[str, str]]:
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    return [
        (cell, expected)
        for line in lines
        if not line.startswith("#")
        for cell, _, expected in (line.rpartition("|"),)
    ]


def column(values: object, kind: pa.DataType | None = None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


def refused(read: Coerced) -> dict[str, list[int]]:
    return {item.rule.name: item.rows.tolist() for item in read.refusals}


def changed(read: Coerced) -> dict[str, tuple[int, str]]:
    return {item.rule.name: (item.rows, item.example) for item in read.changes}


def outcomes(read: Coerced) -> list[object]:
    """For each row its value, or the name of the rule that refused it."""
    found = read.values.to_pylist()
    for rule, rows in refused(read).items():
        for row in rows:
            assert found[row] is None
            found[row] = rule
    return found


# --- money ---


@pytest.mark.parametrize(("cell", "expected"), golden("money_cells.psv"))
def test_money_cell(cell: str, expected: str) -> None:
    [found] = outcomes(amounts.money(column([cell]), CHINA))
    assert str(found) == expected
    assert str(slow.money(cell)) == expected


amount_texts = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "", "-", "+", "(", "¥", "￥", "CNY", "-¥", "¥-"]),
        st.sampled_from(["", "0", "7", "12", "123", "1,234", "12,34", "1,234,567", "９９", "x"]),
        st.sampled_from(["", "", ".", ".5", ".50", ".500", ".005", ".12"]),
        st.sampled_from(["", "", "", "元", " CNY", "-", ")", "%"]),
    ),
)


@given(st.lists(amount_texts, max_size=20))
def test_money_agrees_with_its_slow_twin(texts: list[str]) -> None:
    found = outcomes(amounts.money(column(texts, pa.string()), CHINA))
    expected = [slow.money(text) if text.strip() else None for text in texts]
    assert found == expected


@given(st.lists(st.integers(-(10**13), 10**13) | st.none(), max_size=30))
def test_every_numeric_type_gives_the_same_fen(fen: list[int | None]) -> None:
    yuan = [None if value is None else Decimal(value) / 100 for value in fen]
    columns = [
        column([None if value is None else float(value) for value in yuan], pa.float64()),
        column(yuan, pa.decimal128(18, 2)),
        column(yuan, pa.decimal128(38, 6)),
        column(yuan, pa.decimal256(40, 4)),
        column([None if value is None else str(value) for value in yuan], pa.string()),
        column([None if value is None else f"{value:,}" for value in yuan], pa.large_string()),
    ]
    for cells in columns:
        read = amounts.money(cells, CHINA)
        assert read.values.to_pylist() == fen
        assert not read.refusals


def test_a_float_may_carry_the_error_of_a_sum_and_no_more() -> None:
    read = amounts.money(column([0.1 + 0.2, 1.005, 0.0100001, 99999984.51]), CHINA)
    assert outcomes(read) == [30, "more_than_two_decimals", "more_than_two_decimals", 9999998451]


def test_numbers_that_are_no_amounts_are_refused_and_missing_ones_are_not() -> None:
    read = amounts.money(column([float("inf"), -1e300, 1e14, float("nan"), None]), CHINA)
    assert outcomes(read) == ["bad_number"] * 3 + [None, None]
    whole = amounts.money(column([2**62, 5, -5]), CHINA)
    assert outcomes(whole) == ["bad_number", 500, -500]
    wide = amounts.money(column([Decimal(10) ** 30, Decimal("1.001")], pa.decimal128(38, 3)), CHINA)
    assert outcomes(wide) == ["bad_number", "more_than_two_decimals"]
    assert outcomes(amounts.money(column([True]), CHINA)) == ["bad_number"]


def test_minor_units_and_currencies_without_them_are_not_multiplied() -> None:
    fen = Dialect("Asia/Shanghai", minor_per_major=1)
    cells = column(["1,234", "5", "1.5"])
    assert outcomes(amounts.money(cells, fen)) == [1234, 5, "more_than_two_decimals"]
    assert outcomes(amounts.money(column([1234]), fen)) == [1234]


def test_what_was_read_from_odd_notation_is_told() -> None:
    read = amounts.money(column(["1,234.5", "7", "(8)", " 9 ", "１"]), CHINA)
    assert changed(read) == {
        "fold_width": (1, "'１' -> '1'"),
        "trim_text": (1, "' 9 ' -> '9'"),
        "money_notation": (2, "'1,234.5' -> '1234.50'"),
    }


# --- rates and whole numbers ---


def test_rates_are_fractions_or_percentages() -> None:
    cells = column(["4.65%", "0.0465", "46.5‰", "4.65", "-0.1", "x", "", None, "1", "１％"])
    read = amounts.rate(cells)
    assert outcomes(read) == [
        *(0.0465, 0.0465, 0.0465, "rate_out_of_range", "rate_out_of_range", "bad_number"),
        *(None, None, 1.0, 0.01),
    ]
    assert changed(read)["percent"] == (3, "'4.65%' -> '0.0465'")


def test_rates_stored_as_numbers() -> None:
    read = amounts.rate(column([0.04, 1.0, 1.5, None, float("nan")]))
    assert outcomes(read) == [0.04, 1.0, "rate_out_of_range", None, None]
    exact = amounts.rate(column([Decimal("0.0465")], pa.decimal128(5, 4)))
    assert outcomes(exact) == [0.0465]


def test_whole_numbers() -> None:
    read = coerce(column(["12", "3.0", "+4", "-5", "3.5", "x", ""]), COUNT, CHINA)
    assert outcomes(read) == [12, 3, 4, -5, "bad_number", "bad_number", None]
    assert outcomes(coerce(column([3.0, 2.5]), COUNT, CHINA)) == [3, "bad_number"]


# --- dates ---


@pytest.mark.parametrize(("cell", "expected"), golden("date_cells.psv"))
def test_date_cell(cell: str, expected: str) -> None:
    [found] = outcomes(dates.instant(column([cell]), CHINA))
    if isinstance(found, datetime):
        found = found.astimezone(SHANGHAI).replace(tzinfo=None).isoformat()
    assert found == expected
    if "T" in expected:
        assert outcomes(dates.day(column([cell]), CHINA)) == [date.fromisoformat(expected[:10])]


midnights = st.dates(date(1902, 1, 1), date(2099, 12, 31))
clocks = st.builds(datetime.combine, midnights, st.times())


@given(st.lists(clocks, max_size=20))
def test_dates_agree_with_the_standard_library(clocks: list[datetime]) -> None:
    clocks = [clock.replace(microsecond=0) for clock in clocks]
    zone = "America/New_York"
    expected = [clock.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for clock in clocks]
    texts = [clock.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0") for clock in clocks]
    dialect = Dialect(zone)
    assert dates.instant(column(texts, pa.string()), dialect).values.to_pylist() == expected
    typed = column(clocks, pa.timestamp("ms"))
    assert dates.instant(typed, dialect).values.to_pylist() == expected
    aware = column(expected, pa.timestamp("us", tz="Europe/Paris"))
    assert dates.instant(aware, dialect).values.to_pylist() == expected


def test_a_date_column_is_read_as_local_days() -> None:
    read = dates.instant(column([date(2019, 1, 31), None, date(1899, 1, 1)]), CHINA)
    assert outcomes(read) == [datetime(2019, 1, 30, 16, tzinfo=UTC), None, "bad_date"]
    days = dates.day(column([date(2019, 1, 31), None]), CHINA)
    assert days.values.to_pylist() == [date(2019, 1, 31), None]
    late = datetime.combine(date(2019, 1, 31), time(23, 59))
    timed = dates.day(column([late], pa.timestamp("us")), CHINA)
    assert timed.values.to_pylist() == [date(2019, 1, 31)]


def test_numbers_in_a_date_column_are_serials_or_compact_dates() -> None:
    expected = [datetime(2019, 1, 30, 16, tzinfo=UTC)] * 2
    for kind in (pa.int64(), pa.float64()):
        read = dates.instant(column([43496, 20190131], kind), CHINA)
        assert read.values.to_pylist() == expected
        assert changed(read)["excel_serial"] == (1, "'43496' -> '2019-01-31T00:00:00'")


def test_day_and_month_are_told_apart_by_the_whole_column_or_not_at_all() -> None:
    day_first = dates.day(column(["31/12/2018", "01/02/2019", "2019-03-04"]), CHINA)
    assert outcomes(day_first) == [date(2018, 12, 31), date(2019, 2, 1), date(2019, 3, 4)]
    assert changed(day_first)["date_order"][0] == 2
    month_first = dates.day(column(["12/31/2018", "01/02/2019"]), CHINA)
    assert outcomes(month_first) == [date(2018, 12, 31), date(2019, 1, 2)]
    for cells in (["01/02/2019", "2019-01-05"], ["31/12/2018", "12/31/2018"]):
        read = dates.day(column(cells), CHINA)
        assert outcomes(read)[0] == "ambiguous_date"
        assert "date_order" not in changed(read)
    assert outcomes(dates.day(column(["01/02/2019", "2019-01-05"]), CHINA))[1] == date(2019, 1, 5)


def test_the_mapping_may_state_the_order_of_day_and_month() -> None:
    for order, expected in (("dmy", date(2019, 2, 1)), ("mdy", date(2019, 1, 2))):
        read = dates.day(column(["01/02/2019"]), Dialect("Asia/Shanghai", date_order=order))
        assert outcomes(read) == [expected]
        assert changed(read)["date_order"][0] == 1
    wrong = dates.day(column(["31/01/2019"]), Dialect("Asia/Shanghai", date_order="mdy"))
    assert outcomes(wrong) == ["bad_date"]


# --- text, codes, choices ---


def test_text_is_trimmed_folded_and_freed_of_invisible_marks() -> None:
    read = coerce(
        column([" A1", "Ａ1", "A\x001", "\ufeffA1", "A1", "", "  ", None]), COUNTERPARTY, CHINA
    )
    assert outcomes(read) == ["A1"] * 5 + [None] * 3
    assert len(read.values.dictionary) == 1
    assert {rule: rows for rule, (rows, _) in changed(read).items()} == {
        "trim_text": 2,  # the blank before A1, and the cell of blanks
        "fold_width": 1,
        "control_characters": 2,
    }


def test_numbers_get_their_zeros_back() -> None:
    read = coerce(
        column(["3390939", "12", "12345678", "A12"]), NUMBER, Dialect("UTC", number_width=8)
    )
    assert outcomes(read) == ["03390939", "00000012", "12345678", "A12"]
    assert changed(read) == {"pad_number": (2, "'3390939' -> '03390939'")}
    other = coerce(column(["12"]), COUNTERPARTY, Dialect("UTC", number_width=8))
    assert outcomes(other) == ["12"]


def test_a_code_stored_as_a_number_is_written_out_and_a_rounded_one_refused() -> None:
    read = coerce(column([3390939.0, 2.4e19, None]), NUMBER, CHINA)
    assert outcomes(read) == ["3390939", "damaged_code", None]
    assert changed(read)["number_as_text"][0] == 1
    text = coerce(column(["2.43120E+19", "2E5", "1E5B"]), NUMBER, CHINA)
    assert outcomes(text) == ["damaged_code", "2E5", "1E5B"]
    assert outcomes(coerce(column([3390939]), NUMBER, CHINA)) == ["3390939"]


def test_choices_are_compared_after_cleaning_and_unknown_ones_refused() -> None:
    dialect = Dialect("UTC", values={clean_text(" 作废发票"): "voided", "有效发票": "valid"})
    read = coerce(column([" 作废发票", "有效发票", "voided", "异常", None]), STATUS, dialect)
    assert outcomes(read) == ["voided", "valid", "voided", "unknown_choice", None]
    assert changed(read) == {"trim_text": (1, "' 作废发票' -> '作废发票'")}


def test_a_dictionary_column_reads_like_its_text() -> None:
    cells = pa.chunked_array([pa.array(["a", "b", None, "a"]).dictionary_encode()])
    found, _ = distinct(cells)
    assert found.spread(found.texts).to_pylist() == ["a", "b", None, "a"]
    assert found.counts.tolist() == [2, 1]
    assert found.rows(np.array([True, False])).tolist() == [0, 3]


@pytest.mark.parametrize("kind", list(FieldType))
@pytest.mark.parametrize(
    "cells",
    [
        column([], pa.string()),
        column([None, None], pa.null()),
        column(["", " "], pa.string()),
        column([None], pa.float64()),
        column([None], pa.date32()),
    ],
    ids=["no rows", "null type", "blank", "null float", "null date"],
)
def test_nothing_is_nothing_in_every_type(kind: FieldType, cells: pa.ChunkedArray) -> None:
    field = Field("anything", kind, "", "", choices=("a",) if kind is FieldType.CHOICE else ())
    read = coerce(cells, field, CHINA)
    assert read.values.null_count == len(cells) == len(read.values)
    assert not read.refusals
    assert read.values.cast(kind.arrow).type == kind.arrow


@given(st.lists(st.text(max_size=12) | st.none(), max_size=10), st.sampled_from(list(FieldType)))
def test_no_text_at_all_makes_a_reader_fail(texts: list[str | None], kind: FieldType) -> None:
    field = Field("anything", kind, "", "", choices=("a",) if kind is FieldType.CHOICE else ())
    read = coerce(column(texts, pa.string()), field, CHINA)
    assert len(read.values) == len(texts)
    for item in read.refusals:
        assert item.rule.effect is Effect.QUARANTINE
        assert item.rule is RULES[item.rule.name]
        assert all(read.values[int(row)].as_py() is None for row in item.rows)
