"""Decision tables as CSV, safe to open in a spreadsheet.

A spreadsheet takes a cell that begins with = + - or @ for a formula, and a formula can do harm. In
what is written here no such cell is left but plain numbers and the lone `-`: a test `= limit` is
written `(= limit)`, which FEEL reads as the same, and a note gets an apostrophe before it, which is
taken off again when the file is read.
"""

import csv
import io
import re
from collections.abc import Collection, Sequence

from headrace.decisions.sheet import sheet_rows
from headrace.decisions.tables.cells import parts
from headrace.decisions.tables.grid import read_grid, write_grid
from headrace.decisions.tables.table import Table

_FORMULA = re.compile(r"'*[=+\-@]")
_HARMLESS = re.compile(r"-|[+-]?\d+(?:\.\d+)?")
_FEEL_REMARKS = ("# values", "# default")


def read_csv(content: bytes | str, file: str, names: Collection[str] = ()) -> Table:
    """The table that a CSV file states.

    Args:
        content: In UTF-8 (with or without a mark) or GB18030.
        file: Its name, for errors.
        names: What cells may refer to, beside the table's own inputs.

    Raises:
        MappingError: Naming file, row, column, the cell's text, and what was expected.
    """
    rows = ((number, [_bared(cell) for cell in row]) for number, row in sheet_rows(content, file))
    return read_grid(rows, file, names)


def write_csv(table: Table, names: Collection[str] = ()) -> bytes:
    """CSV in UTF-8 with a mark, so that Excel shows Chinese; it reads back to the same table.

    Args:
        table: What to write.
        names: What cells refer to, beside the table's own inputs.

    Raises:
        MappingError: A cell cites a name that is not plain words nor in `names`.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    columns = len(table.inputs) + len(table.outputs)
    for row in write_grid(table, names):
        feel = _feel_cells(row, columns)
        writer.writerow(
            _enclosed(cell) if at in feel else _quoted(cell) for at, cell in enumerate(row)
        )
    return buffer.getvalue().encode("utf-8-sig")


def _feel_cells(row: Sequence[str], columns: int) -> range:
    """Which cells of a row are FEEL; the others are texts for people."""
    if row[0].startswith("# "):
        return range(2, 3) if row[0] in _FEEL_REMARKS else range(0)
    return range(columns)


def _enclosed(cell: str) -> str:
    if not _FORMULA.match(cell) or _HARMLESS.fullmatch(cell):
        return cell
    first, *others = parts(cell)
    return ",".join([f"({first})", *others])


def _quoted(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _bared(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
