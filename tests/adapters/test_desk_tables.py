"""Tables that people type: amounts, days; every bad cell is named, and nothing is guessed."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from headrace.adapters.desk_rows import Cell, Column, day_of, decimal_of, read_rows, yuan_of
from headrace.adapters.price_files import read_prices
from headrace.errors import InputError

COLUMNS = (
    Column("loan", also=("贷款",), needed=True),
    Column("owed", Cell.YUAN, also=("欠款",)),
    Column("on", Cell.DAY),
    Column("count", Cell.COUNT),
    Column("bad", Cell.FLAG),
    Column("kind", words={"a": "A", "甲": "A"}),
)


@given(st.integers(-(10**15), 10**15))
def test_an_amount_is_read_as_it_was_written(minor):
    text = f"{Decimal(minor) / 100:,.2f}"
    assert yuan_of(text) == yuan_of(f"¥{text}") == yuan_of(f"{text}元") == minor


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", "1.5"), ("2.50%", "0.025"), ("1,234", "1234"), ("-0.3", "-0.3"), ("+7", "7")],
)
def test_numbers_are_exact(text, value):
    assert decimal_of(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1e99", "1_0", "0.0000000001", "1%%", "%"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"number|decimals"):
        decimal_of(text)


@pytest.mark.parametrize("text", ["1.001", "1e14", "free"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ValueError, match=r"fen|yuan|number"):
        yuan_of(text)


@pytest.mark.parametrize(
    "text", ["2024-03-01", "2024/3/1", "20240301", "2024.03.01", "2024-03-01 00:00:00"]
)
def test_days_are_read_in_usual_forms(text):
    assert day_of(text) == date(2024, 3, 1)


@pytest.mark.parametrize("text", ["2024-02-30", "03/01/24x", "0", "2024-03", "1-2-3-4"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError, match="no day"):
        day_of(text)


def test_rows_of_text_a_workbook_and_parquet_are_the_same(tmp_path):
    head, cells = ["贷款", "欠款", "on", "count", "bad", "kind"], ["L1", 1200.5, "2024-03-01", 3]
    text, book, parquet = (tmp_path / f"t.{end}" for end in ("csv", "xlsx", "parquet"))
    text.write_bytes(f'{",".join(head)}\nL1,"1,200.50",2024-03-01,3,是,甲\n'.encode("gb18030"))
    with xlsxwriter.Workbook(book) as made:
        sheet = made.add_worksheet()
        for at, name in enumerate(head):
            sheet.write(0, at, name)
        for at, value in enumerate([*cells, "yes", "a"]):
            sheet.write(1, at, value)
    columns = [["L1"], [1200.5], [date(2024, 3, 1)], [3], [True], ["a"]]
    pq.write_table(pa.table(dict(zip(head, columns, strict=True))), parquet)
    wanted = {
        "loan": "L1", "owed": 120_050, "on": date(2024, 3, 1), "count": 3, "bad": True, "kind": "A",
    }  # fmt: skip
    for path in (text, book, parquet):
        (row,) = read_rows(path, COLUMNS)
        assert row.cells == wanted, path.suffix
        assert row.number == 1


def test_every_bad_cell_is_told_up_to_five(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("loan,owed,on,count,bad,kind\n" + ",x,y,1.5,perhaps,b\nL2,1,,,,\n" * 2, "utf-8")
    with pytest.raises(InputError) as told:
        read_rows(path, COLUMNS)
    assert told.value.problem.count("\n") == 5
    assert "row 1, loan '': it is empty" in told.value.problem
    assert "… and 7 more" in told.value.problem
    assert "nothing of the file was used" in told.value.remedy


def test_a_column_that_is_not_there_is_none_and_blank_rows_are_no_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("loan,owed\nL1,\n,\nL2,5\n", encoding="utf-8")
    rows = read_rows(path, COLUMNS)
    assert [(row.number, row["loan"], row["owed"], row["on"]) for row in rows] == [
        (1, "L1", None, None), (3, "L2", 500, None),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["none.csv", "t.pdf", "folder.csv", "cut.parquet"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError) as told:
        read_rows(tmp_path / name, COLUMNS)
    assert name in told.value.where


def test_prices_of_text_and_parquet_say_what_is_missing(tmp_path):
    text, parquet = tmp_path / "p.csv", tmp_path / "p.parquet"
    text.write_text('证券代码,日期,收盘价\nX,2024/3/1,"1,234.50"\nX,20240304,\n', encoding="utf-8")
    pq.write_table(
        pa.table({"code": ["X"], "date": [date(2024, 3, 1)], "close": [1234.5]}), parquet
    )
    for path in (text, parquet):
        found = read_prices(path)
        (row,) = found.rows.to_pylist()
        assert (row["code"], row["date"], row["close"]) == ("X", date(2024, 3, 1), 1234.5)
        assert Decimal(row["stated"]) == Decimal("1234.5")
        assert row["tradestatus"] == 1
        assert "turn" in found.missing
    assert read_prices(text).unpriced == 1
