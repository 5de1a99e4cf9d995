"""Tables as XLSX workbooks that open as they should."""

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import xlsxwriter

# A spreadsheet file carries a creation time; a fixed one keeps equal tables equal bytes.
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
WIDTH_MAX = 60


def xlsx_bytes(table: pa.Table, headings: Mapping[str, str]) -> bytes:
    """One worksheet with a frozen, filterable heading row; `_minor` columns in major units.

    Args:
        table: What to write; null cells stay empty.
        headings: Heading per column; a column without one keeps its name.
    """
    buffer = io.BytesIO()
    # Cells are written as they are typed, never guessed into formulas or links.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("headrace")
        for at, name in enumerate(table.column_names):
            values = table[name].to_pylist()
            style = book.add_format(
                {"num_format": _number_format(name, table.schema.field(at).type)}
            )
            heading = headings.get(name, name)
            sheet.write_string(0, at, heading, bold)
            for row, value in enumerate(values, start=1):
                _write(sheet, (row, at), _shown(name, value), style)
            widest = max([len(str(value)) for value in values[:200]] + [len(heading), 6])
            sheet.set_column(at, at, min(widest + 2, WIDTH_MAX))
        sheet.freeze_panes(1, 1)
        if table.num_columns:
            sheet.autofilter(0, 0, table.num_rows, table.num_columns - 1)
    return buffer.getvalue()


def _number_format(name: str, kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "yyyy-mm-dd"
    if name.endswith("_minor"):
        return "#,##0.00"
    if name == "rate" or name.startswith(("probability", "take_up")):
        return "0.00%"
    return "General"


def _shown(name: str, value: Any) -> Any:
    """Minor units as major ones: all our currencies with cents have a hundred."""
    if name.endswith("_minor") and value is not None:
        return value / 100
    return value


def _write(sheet: Any, cell: tuple[int, int], value: Any, style: Any) -> None:
    if value is None:
        sheet.write_blank(*cell, None, style)
    elif isinstance(value, str):
        sheet.write_string(*cell, value, style)
    elif isinstance(value, bool):
        sheet.write_boolean(*cell, value, style)
    elif isinstance(value, datetime):
        sheet.write_string(*cell, value.isoformat(), style)
    elif isinstance(value, date):
        sheet.write_datetime(*cell, value, style)
    else:
        sheet.write_number(*cell, value, style)
