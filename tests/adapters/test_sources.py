"""Files as banks send them: every form is read, every defect is an error that names it."""

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from headrace.adapters.delimited import read_delimited
from headrace.adapters.sources import locate, read_source, read_sources
from headrace.errors import InputError
from headrace.facts.ingest import Ingested, ingest
from headrace.facts.mapping import SourceMapping, parse_mapping
from headrace.facts.rows import AbsentTable, SourceTable

TOP = """
name = "a bank"
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "contract 12"
"""
SALES = """
[[table]]
file = "sales"
fact = "invoice"
constants = { direction = "sale" }
columns = { party = "企业代号", number = "发票号码", event_time = "开票日期", \
counterparty = "购方", amount = "金额", tax = "税额", total = "价税合计", status = "状态" }
values.status = { "有效发票" = "valid", "作废发票" = "voided" }
number_width = 8
"""
HEADER = "企业代号,发票号码,开票日期,购方,金额,税额,价税合计,状态"
ROWS = (
    'E1,1,2019-01-31,B1,"1,000.00",130,1130,有效发票',
    "E1,2,2019/2/1,B1,200,26,226, 作废发票",
    "E2,3,20190301,B2,300,39,339,有效发票",
)
CSV = "\n".join([HEADER, *ROWS, ""])


def mapping(*tables: str) -> SourceMapping:
    return parse_mapping(TOP + "".join(tables or (SALES,)), "mapping.toml")


def read(folder: Path, of: SourceMapping | None = None) -> Ingested:
    of = of or mapping()
    return ingest(read_sources(folder, of, {}), of)


def text_table(data: bytes) -> SourceTable:
    return read_delimited(data, mapping().tables[0], "sales.csv")


def ids(found: Ingested) -> list[str]:
    return found.facts["invoice"]["id"].to_pylist()


def notes(found: Ingested) -> dict[str, str]:
    return {note.rule.name: note.example for note in found.notes}


Read = TypeVar("Read")


def outcome(action: Callable[[], Read]) -> Read | InputError:
    """What an action gives, or the refusal it ends with; any other exception is a failure."""
    try:
        return action()
    except InputError as error:
        return error


# --- text files ---

EXPORTS = {
    "UTF-8": CSV.encode(),
    "UTF-8 with BOM": CSV.encode("utf-8-sig"),
    "GBK": CSV.encode("gbk"),
    "GB18030": CSV.encode("gb18030"),
    "UTF-16": CSV.encode("utf-16"),
    "UTF-16 big endian": b"\xfe\xff" + CSV.encode("utf-16-be"),
    "CRLF": CSV.replace("\n", "\r\n").encode(),
    "CR": CSV.replace("\n", "\r").encode(),
    "no line end at the end": CSV.rstrip("\n").encode(),
    "semicolons": CSV.replace('"1,000.00"', "1000.00").replace(",", ";").encode(),
    "tabs": CSV.replace('"1,000.00"', "1000.00").replace(",", "\t").encode(),
    "all quoted": "\n".join(
        ",".join(f'"{cell}"' for cell in line.replace('"1,000.00"', "1000").split(","))
        for line in CSV.splitlines()
    ).encode(),
    "titles above": f"某某公司 销项发票\n\n导出日期,2020-01-01\n{CSV}".encode("gbk"),
    "titles with quotes": f'"某某公司\n销项, 发票"\n{CSV}'.encode(),
    "blank rows below": (CSV + "\n , ,,,,,,\n\n").encode(),
    "spaced full-width header": CSV.replace("金额", " 金 额 ").replace("状态", "状　态").encode(),
    "full-width digits": CSV.replace("200,26,226", "２００,２６,２２６").encode(),
}


@pytest.mark.parametrize("data", EXPORTS.values(), ids=EXPORTS)
def test_every_usual_export_gives_the_same_facts(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_bytes(data)
    found = read(tmp_path)
    assert ids(found) == ["sales#1", "sales#2", "sales#3"], found.quarantine.to_pylist()
    facts = found.facts["invoice"].to_pylist()
    assert [fact["amount_minor"] for fact in facts] == [100_000, 20_000, 30_000]
    assert [fact["status"] for fact in facts] == ["valid", "voided", "valid"]
    assert facts[0]["event_time"] == datetime(2019, 1, 30, 16, tzinfo=UTC)
    assert found.quarantine.num_rows == 0
    assert found.reconciliation[0].rows == 3


def test_what_the_reader_did_is_told(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_bytes(f"公司,销项\n{CSV},,,\n\n".encode("gbk"))
    found = notes(read(tmp_path))
    assert found["decoded_text"] == "gb18030"
    assert found["title_lines"] == "公司 销项"
    assert found["blank_tail"] == "after row 3"
    [ragged] = read(tmp_path).quarantine.to_pylist()
    assert (ragged["row"], ragged["value"], ragged["rule"]) == (4, ",,,", "ragged_row")


def test_a_declared_encoding_is_used_and_a_wrong_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_bytes(CSV.replace("发", "發").encode("big5", errors="replace"))
    with pytest.raises(InputError, match=r"not UTF-8 or GB18030|no column"):
        read(tmp_path)
    path.write_bytes(CSV.encode("gbk"))
    with pytest.raises(InputError, match="the text is not utf-8"):
        read(tmp_path, mapping(SALES + 'encoding = "utf-8"\n'))
    with pytest.raises(InputError, match="`gbq` is not an encoding"):
        read(tmp_path, mapping(SALES + 'encoding = "gbq"\n'))
    assert len(ids(read(tmp_path, mapping(SALES + 'encoding = "gbk"\n')))) == 3
    path.write_bytes(b"\xff\x81\xff\xff" * 8)
    with pytest.raises(InputError, match="not UTF-8 or GB18030"):
        read(tmp_path)


def test_ragged_rows_keep_their_number_and_their_text() -> None:
    lines = [HEADER, ROWS[0], "E1,2,2019", ROWS[1], "", ROWS[2] + ",extra", ROWS[2]]
    found = text_table("\n".join(lines).encode())
    assert [(item.row, item.text) for item in found.ragged] == [
        (2, "E1,2,2019"),
        (5, ROWS[2] + ",extra"),
    ]
    assert found.rows is not None
    assert found.rows.tolist() == [1, 3, 4, 6]
    assert found.columns["发票号码"].to_pylist() == ["1", "2", "", "3"]


def test_a_blank_row_between_rows_is_not_lost(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("\n".join([HEADER, ROWS[0], "", ROWS[2]]), "utf-8")
    found = read(tmp_path)
    assert ids(found) == ["sales#1", "sales#3"]
    assert set(found.quarantine["row"].to_pylist()) == {2}
    assert set(found.quarantine["rule"].to_pylist()) == {"missing_required"}


def test_a_quote_that_never_closes_loses_no_line() -> None:
    lines = [HEADER, ROWS[2], 'E1,"4,2019-04-01,B1,1,0,1,有效发票', ROWS[1], ROWS[2]]
    found = text_table("\n".join(lines).encode())
    assert found.columns.num_rows == 1
    assert [item.row for item in found.ragged] == [2, 3, 4]
    assert [item.text for item in found.ragged] == lines[2:]


def test_nul_bytes_are_removed_from_codes_and_refused_in_amounts(tmp_path: Path) -> None:
    text = CSV.replace("B2", "B\x002").replace("200,26", "2\x0000,26")
    (tmp_path / "sales.csv").write_bytes(text.encode())
    found = read(tmp_path)
    assert ids(found) == ["sales#1", "sales#2", "sales#3"]
    assert "control_characters" in notes(found)
    assert found.facts["invoice"]["counterparty"].to_pylist() == ["B1", "B1", "B2"]


@pytest.mark.parametrize("data", [HEADER, HEADER + "\n", HEADER + "\r\n\r\n"])
def test_a_header_alone_is_an_empty_table(data: str, tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(data, "utf-8", newline="")
    found = read(tmp_path)
    assert ids(found) == []
    assert notes(found)["empty_table"] == "sales.csv"


# Quotes and line ends join or split lines; they have tests of their own.
cells = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters='"'), max_size=6
)
rows_of_text = st.lists(st.lists(cells, min_size=1, max_size=10).map(",".join), max_size=8)


@given(rows_of_text)
def test_no_line_of_any_text_is_lost(rows: list[str]) -> None:
    found = text_table("\n".join([HEADER, *rows, ""]).encode())
    assert found.rows is not None
    told = {item.row: item.text for item in found.ragged}
    read_cells = zip(*(column.to_pylist() for column in found.columns.columns), strict=True)
    told |= dict(zip(found.rows.tolist(), map(",".join, read_cells), strict=True))
    blank = {number for number, row in enumerate(rows, 1) if not row.replace(",", "").strip()}
    for number, row in enumerate(rows, 1):
        if number in told and number not in blank:
            assert told[number] == row
        else:
            assert number in blank


@given(st.binary(max_size=200))
def test_any_bytes_give_rows_or_a_named_error(data: bytes) -> None:
    found = outcome(lambda: text_table(data))
    assert isinstance(found, SourceTable) or (found.where == "sales.csv" and found.remedy)


# --- workbooks ---


def workbook(rows: list[list[object]], sheet: str = "发票") -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        book.add_worksheet("说明").write(0, 0, "read me")
        page = book.add_worksheet(sheet)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for down, row in enumerate(rows):
            for across, cell in enumerate(row):
                if isinstance(cell, date):
                    page.write_datetime(down, across, cell, day)
                elif cell is not None:
                    page.write(down, across, cell)
    return data.getvalue()


SHEET = SALES + 'sheet = "发票"\n'


def test_a_workbook_with_titles_typed_dates_and_numbers(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["某某公司"],
        [],
        list(HEADER.split(",")),
        ["E1", 1, date(2019, 1, 31), "B1", 1000, 130.0, 1130, "有效发票"],
        ["E1", 2, date(2019, 2, 1), "B1", 200, 26, 226, " 作废发票"],
        ["E2", 3, date(2019, 3, 1), "B2", 300, 39, 339, "有效发票"],
        [None, " ", None, None, None, None, None, None],
    ]
    (tmp_path / "sales.xlsx").write_bytes(workbook(rows))
    found = read(tmp_path, mapping(SHEET))
    facts = found.facts["invoice"].to_pylist()
    assert [fact["id"] for fact in facts] == ["sales#1", "sales#2", "sales#3"]
    assert [fact["number"] for fact in facts] == ["00000001", "00000002", "00000003"]
    assert facts[0]["event_time"] == datetime(2019, 1, 30, 16, tzinfo=UTC)
    assert facts[0]["total_minor"] == 113_000
    assert notes(found)["title_lines"] == "某某公司"
    assert notes(found)["blank_tail"] == "after row 3"


def test_mixed_columns_are_read_cell_by_cell(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        list(HEADER.split(",")),
        ["E1", 1, 43496, "B1", "1,000", 130, 1130, "有效发票"],
        ["E1", "2", "2019年2月1日", "B1", 0.1 + 0.2, 0, 0.3, "有效发票"],
        ["E2", 3, date(2019, 3, 1), "B2", True, 39, 339, "有效发票"],
    ]
    (tmp_path / "sales.xlsx").write_bytes(workbook(rows))
    found = read(tmp_path, mapping(SHEET))
    facts = found.facts["invoice"].to_pylist()
    assert [fact["amount_minor"] for fact in facts] == [100_000, 30]
    assert [fact["event_time"].day for fact in facts] == [30, 31]
    [line] = found.quarantine.to_pylist()
    assert (line["row"], line["column"], line["value"], line["rule"]) == (
        3,
        "金额",
        "True",
        "bad_number",
    )


def test_a_header_of_two_lines_is_read_as_one(tmp_path: Path) -> None:
    table = """
[[table]]
file = "rates"
fact = "rate_response"
sheet = "发票"
columns = { rate = "贷款年利率", churn_a = "信誉评级A", \
churn_b = "信誉评级B", churn_c = "信誉评级C" }
"""
    rows: list[list[object]] = [
        ["贷款年利率", "客户流失率"],
        [None, "信誉评级A", "信誉评级B", "信誉评级C"],
        [0.04, 0, 0, 0],
        [0.0425, 0.09, 0.07, 0.06],
    ]
    (tmp_path / "rates.xlsx").write_bytes(workbook(rows))
    of = mapping(table)
    found = ingest(read_sources(tmp_path, of, {}), of).facts["rate_response"]
    assert found["churn_c"].to_pylist() == [0.0, 0.06]


def test_sheets_and_broken_workbooks_are_named(tmp_path: Path) -> None:
    (tmp_path / "sales.xlsx").write_bytes(workbook([["x"]]))
    with pytest.raises(InputError, match=r"no sheet `发漂`.*说明, 发票"):
        read(tmp_path, mapping(SALES + 'sheet = "发漂"\n'))
    with pytest.raises(InputError, match="no column for party"):
        read(tmp_path, mapping(SHEET))
    (tmp_path / "sales.xlsx").write_bytes(workbook([["x"]])[:300])
    with pytest.raises(InputError, match="the workbook cannot be read"):
        read(tmp_path)


def test_an_empty_sheet_lacks_its_columns(tmp_path: Path) -> None:
    (tmp_path / "sales.xlsx").write_bytes(workbook([]))
    with pytest.raises(InputError, match="The header found is: nothing"):
        read(tmp_path, mapping(SHEET))


# --- parquet ---


def parquet(folder: Path) -> Path:
    columns = [list(column) for column in zip(*(row.split(",") for row in ROWS[1:]), strict=True)]
    path = folder / "sales.parquet"
    pq.write_table(pa.table(columns, names=HEADER.split(",")), path)
    return path


def test_parquet_and_its_digest(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    found = read_source(tmp_path, mapping().tables[0], {})
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert ids(read(tmp_path)) == ["sales#1", "sales#2"]


@pytest.mark.parametrize("kept", [4, 100, -1])
def test_a_parquet_file_cut_off_in_transfer_is_refused(kept: int, tmp_path: Path) -> None:
    path = parquet(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="not a whole Parquet file") as error:
        read(tmp_path)
    assert error.value.where == "sales.parquet"


def test_a_damaged_parquet_file_never_crashes(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 37):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        found = outcome(lambda: read(tmp_path))
        assert isinstance(found, Ingested) or found.remedy


# --- databases ---

QUERY = SALES.replace(
    'file = "sales"',
    'name = "sales"\ndatabase = "${BOOKS}.duckdb"\n'
    'query = "select * from invoices order by 发票号码"',
)


def test_a_duckdb_file_is_read_by_a_query(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "books.duckdb") as connection:
        connection.register("rows", pq.read_table(parquet(tmp_path)))
        connection.execute("create table invoices as select * from rows")
    of = mapping(QUERY)
    found = ingest(read_sources(tmp_path, of, {"BOOKS": "books"}), of)
    assert ids(found) == ["sales#1", "sales#2"]
    first, second = (read_source(tmp_path, of.tables[0], {"BOOKS": "books"}) for _ in range(2))
    assert first.digest == second.digest != ""


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select * from nowhere", "DuckDB refuses"),
        ("select * from read_csv('/etc/passwd')", "DuckDB refuses"),
        ("create table t (x int)", "DuckDB refuses|selects nothing"),
    ],
)
def test_a_query_reads_its_database_and_nothing_else(
    query: str, message: str, tmp_path: Path
) -> None:
    duckdb.connect(tmp_path / "books.duckdb").close()
    of = mapping(QUERY.replace("select * from invoices order by 发票号码", query))
    with pytest.raises(InputError, match=message):
        list(read_sources(tmp_path, of, {"BOOKS": "books"}))


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no DuckDB file books.duckdb"):
        list(read_sources(tmp_path, mapping(QUERY), {"BOOKS": "books"}))
    with pytest.raises(InputError, match="environment variable BOOKS is not set"):
        list(read_sources(tmp_path, mapping(QUERY), {}))
    (tmp_path / "books.duckdb").write_bytes(b"not a database at all" * 400)
    with pytest.raises(InputError, match="DuckDB refuses"):
        list(read_sources(tmp_path, mapping(QUERY), {"BOOKS": "books"}))


# --- finding files ---


def test_files_are_found_by_stem_or_exact_name(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(CSV, "utf-8")
    assert locate(tmp_path, mapping().tables[0]).name == "sales.csv"
    exact = mapping(SALES.replace('"sales"', '"sales.csv"'))
    assert locate(tmp_path, exact.tables[0]).name == "sales.csv"
    assert ids(read(tmp_path, exact))[0] == "sales#1"
    (tmp_path / "sales.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"may be any of sales.csv, sales.xlsx"):
        locate(tmp_path, mapping().tables[0])


def test_what_is_absent_is_named_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "sale.csv").write_text(CSV, "utf-8")
    with pytest.raises(InputError) as error:
        read(tmp_path)
    assert "no file `sales`" in error.value.problem
    assert "Is `sale.csv` meant?" in error.value.remedy
    with pytest.raises(InputError, match="no such data folder"):
        read(tmp_path / "nowhere")


def test_a_folder_an_empty_file_and_an_unknown_form_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").mkdir()
    with pytest.raises(InputError, match="a folder, not a file"):
        read(tmp_path)
    (tmp_path / "sales.csv").rmdir()
    (tmp_path / "sales.csv").touch()
    with pytest.raises(InputError, match=r"empty .0 bytes"):
        read(tmp_path)
    (tmp_path / "sales.csv").unlink()
    (tmp_path / "sales.pdf").write_bytes(b"x")
    with pytest.raises(InputError, match="no form that can be read"):
        read(tmp_path, mapping(SALES.replace('"sales"', '"sales.pdf"')))


def test_one_bad_table_of_two_stops_the_run_unless_it_is_optional(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text(CSV, "utf-8")
    (tmp_path / "more.parquet").write_bytes(b"PAR1 and nothing else")
    more = SALES.replace('"sales"', '"more"')
    with pytest.raises(InputError, match="not a whole Parquet file"):
        read(tmp_path, mapping(SALES, more))
    of = mapping(SALES, more + "optional = true\n")
    _, absent = read_sources(tmp_path, of, {})
    assert isinstance(absent, AbsentTable)
    found = read(tmp_path, of)
    assert ids(found) == ["sales#1", "sales#2", "sales#3"]
    assert "not a whole Parquet file" in notes(found)["optional_table_absent"]
