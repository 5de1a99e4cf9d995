import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.decisions.sheet import sheet_rows
from headrace.errors import MappingError


def test_rows_keep_the_number_the_spreadsheet_shows():
    rows = list(sheet_rows("a,b\n\n , \nc,d\n", "x.csv"))
    assert rows == [(1, ["a", "b"]), (4, ["c", "d"])]


def test_a_cell_may_hold_commas_quotes_and_line_ends():
    content = 'a,"b, ""c""\nd"\r\ne,f\r\n'
    assert list(sheet_rows(content, "x.csv")) == [(1, ["a", 'b, "c"\nd']), (2, ["e", "f"])]


def test_blanks_around_a_cell_are_dropped():
    assert list(sheet_rows(" a ,b\n", "x.csv")) == [(1, ["a", "b"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_chinese_in_any_of_the_encodings(encoding):
    assert list(sheet_rows("信誉评级,原因\n".encode(encoding), "x.csv")) == [
        (1, ["信誉评级", "原因"])
    ]


def test_an_empty_file_has_no_rows():
    assert list(sheet_rows(b"", "x.csv")) == []
    assert list(sheet_rows("\ufeff", "x.csv")) == []


def test_what_is_no_csv_is_refused_with_its_row():
    with pytest.raises(MappingError, match=r"not CSV.*x\.csv, row 2"):
        list(sheet_rows('a,b\n"c"d,e\n', "x.csv"))
    with pytest.raises(MappingError, match=r"x\.csv, row 1"):
        list(sheet_rows('"never closed', "x.csv"))


@given(st.binary(max_size=60))
def test_no_bytes_crash_it(content):
    try:
        rows = list(sheet_rows(content, "x.csv"))
    except MappingError as error:
        rows = []
        where = error.where
    else:
        where = "x.csv"
    assert where.startswith("x.csv")
    assert all(any(cells) for _, cells in rows)
