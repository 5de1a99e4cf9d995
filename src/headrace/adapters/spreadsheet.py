"""XLSX, XLS and ODS workbooks: numbers and dates stay typed, titles are skipped."""

import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import python_calamine as calamine

from headrace.errors import InputError
from headrace.facts import rules
from headrace.facts.headers import header_row, matches, plain
from headrace.facts.mapping import TableMapping
from headrace.facts.remarks import Note
from headrace.facts.rows import SourceTable

_HEAD_ROWS = 40
Row = Sequence[Any]


def read_spreadsheet(data: bytes, table: TableMapping, file: str) -> SourceTable:
    """The rows of one sheet.

    A column whose cells are all numbers, or all dates, keeps that type; a mixed one is text. A
    header of two lines, the upper one merged over groups, is read as one.

    Raises:
        InputError: If the workbook cannot be opened, or the sheet is not in it.
    """
    rows = _sheet_rows(data, table, file)
    place, header = _header(rows, table)
    body = rows[place + 1 :]
    kept = len(body)
    while kept and not any(_filled(cell) for cell in body[kept - 1]):
        kept -= 1
    notes = []
    if place and any(_filled(cell) for row in rows[:place] for cell in row):
        titles = [" ".join(str(cell) for cell in row if _filled(cell)) for row in rows[:place]]
        notes.append(Note(rules.TITLE_LINES, table.name, place, "; ".join(filter(None, titles))))
    if kept < len(body):
        notes.append(Note(rules.BLANK_TAIL, table.name, len(body) - kept, f"after row {kept}"))
    columns = [_column([row[at] for row in body[:kept]]) for at in range(len(header))]
    return SourceTable(
        mapping=table,
        file=file,
        columns=pa.table(columns, names=header),
        notes=tuple(notes),
    )


def _sheet_rows(data: bytes, table: TableMapping, file: str) -> list[list[Any]]:
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        if table.sheet and table.sheet not in workbook.sheet_names:
            message = f"there is no sheet `{table.sheet}`"
            remedy = f"The sheets are: {', '.join(workbook.sheet_names)}"
            raise InputError(message, where=file, remedy=remedy)
        sheet = workbook.get_sheet_by_name(table.sheet or workbook.sheet_names[0])
        rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
    except (calamine.CalamineError, OSError, ValueError, IndexError) as error:
        message = f"the workbook cannot be read: {error}"
        remedy = "Open it in a spreadsheet program, remove any password, save it as .xlsx"
        raise InputError(message, where=file, remedy=remedy) from error
    return rows


def _header(rows: list[list[Any]], table: TableMapping) -> tuple[int, list[str]]:
    """Position of the last header row, and the header."""
    if not rows:
        return 0, []
    place = header_row(rows[:_HEAD_ROWS], table)
    single = [_header_text(cell) for cell in rows[place]]
    for lower in (place, place + 1):
        if not 0 < lower < len(rows):
            continue
        joined = [
            _header_text(under if plain(under) else over)
            for over, under in zip(rows[lower - 1], rows[lower], strict=True)
        ]
        if matches(joined, table) > matches(single, table):
            return lower, joined
    return place, single


def _header_text(cell: object) -> str:
    return str(cell).strip()


def _filled(cell: object) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _column(cells: list[Any]) -> pa.Array:
    """Cells of one column in the narrowest type that holds all of them as they are."""
    filled = [cell if _filled(cell) else None for cell in cells]
    kinds = {type(cell) for cell in filled if cell is not None}
    if kinds and kinds <= {int, float}:
        return pa.array([None if cell is None else float(cell) for cell in filled], pa.float64())
    if kinds and kinds <= {date, datetime}:
        return pa.array([_at_midnight(cell) for cell in filled], pa.timestamp("us"))
    return pa.array([_written(cell) for cell in filled], pa.string())


def _at_midnight(cell: date | datetime | None) -> datetime | None:
    if cell is None or isinstance(cell, datetime):
        return cell
    return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  (a wall clock)


def _written(cell: object) -> str | None:
    """A cell of a mixed column as text; a spreadsheet's number has 15 digits, not 17."""
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 10**15 else f"{cell:.15g}"
    if isinstance(cell, date | datetime | time):
        return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)
