"""Spreadsheets that open as they should, in Excel and in a script."""

import io
from datetime import UTC, datetime

import pyarrow as pa
import python_calamine

from headrace.adapters.sheets import xlsx_bytes

TABLE = pa.table(
    {
        "party": ["E1", "=HYPERLINK(1)", None],
        "limit_minor": pa.array([10_000_001, None, 0], pa.int64()),
        "rate": [0.0465, None, 0.15],
        "approved": [True, False, None],
        "as_of": pa.array([datetime(2020, 2, 29, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
    }
)


def cells(data: bytes) -> list[list]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return book.get_sheet_by_index(0).to_python()


def test_xlsx_has_headings_major_units_and_empty_cells_for_null():
    rows = cells(xlsx_bytes(TABLE, {"party": "企业代号"}))
    assert rows[0] == ["企业代号", "limit_minor", "rate", "approved", "as_of"]
    assert rows[1][:4] == ["E1", 100_000.01, 0.0465, True]
    assert rows[2][:3] == ["=HYPERLINK(1)", "", ""]  # as text, not as a formula
    assert rows[3][1] == 0


def test_equal_tables_are_equal_bytes():
    assert xlsx_bytes(TABLE, {}) == xlsx_bytes(TABLE, {})


def test_an_empty_table_still_opens():
    empty = TABLE.schema.empty_table()
    assert cells(xlsx_bytes(empty, {}))[0][0] == "party"
