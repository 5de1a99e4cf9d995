"""Files of a securitisation: deals and rules as TOML, loan tapes, flows, AbsBox JSON, results."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from headrace.adapters.folder import DiskFolder
from headrace.adapters.sheets import CREATED, WIDTH_MAX
from headrace.adapters.store import csv_bytes, parquet_bytes
from headrace.adapters.user_files import read_text
from headrace.adapters.user_tables import read_user_table
from headrace.errors import InputError
from headrace.facts.rules import TITLE_LINES
from headrace.workflows.loan_tape import HEADERS, LISTED, Tape, tape_of
from headrace.workflows.securitisation import ROWS

EXAMPLES = {
    "gas": "gas.toml",
    "loans-deal": "loans.toml",
    "loans": "loans.csv",
    "eligibility": "eligibility.toml",
    "assume": "assume.toml",
    "shelf": "shelf.toml",
    "series": "series.toml",
}
"""Files to start from: what one types, and the file."""

_SHEET_ROWS_MAX = 1_048_575


def example(name: str) -> str:
    """The text of a file to start from."""
    folder = resources.files("headrace.contracts.securitisation").joinpath("examples")
    return folder.joinpath(EXAMPLES[name]).read_text("utf-8")


def read_json(path: Path) -> Any:
    """A JSON file, compressed where its name ends in .gz.

    Raises:
        InputError: It cannot be read, or is no JSON.
    """
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix.lower() == ".gz" else data
        return json.loads(text)
    except (EOFError, zlib.error, ValueError, RecursionError, gzip.BadGzipFile) as error:
        raise InputError(
            f"it is no whole JSON: {error}", where=str(path), remedy="copy or export it again"
        ) from error
    except OSError as error:
        raise InputError(
            f"it cannot be read: {error.strerror}", where=str(path), remedy="check its name"
        ) from error


def read_tape(path: Path, needed: Sequence[str] = LISTED) -> Tape:
    """A loan tape: CSV, XLSX, Parquet and whatever else a bank exports.

    Args:
        path: The file.
        needed: Keys of `loan_tape.HEADERS` that must be there; `rate` may be `rate_percent`.

    Raises:
        InputError: It cannot be read, or a column is missing or there twice.
    """
    found = read_user_table(path, HEADERS, {*needed} - {"rate"})
    rates = {"rate", "rate_percent"} & found.heads.keys()
    if len(rates) > 1:
        raise InputError("the rate is there twice", where=str(path), remedy="keep one column")
    if "rate" in needed and not rates:
        remedy = f"one of {', '.join(HEADERS['rate'] + HEADERS['rate_percent'])}"
        raise InputError("no column holds the rate", where=str(path), remedy=remedy)
    names = found.others.column_names
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        problem = f"the column {twice[0]!r} is there twice"
        raise InputError(problem, where=str(path), remedy="rename one")
    ragged = [each.row for each in found.ragged]
    tape = tape_of(found.columns, found.others, found.rows.tolist(), ragged)
    if not tape.table.num_rows:
        first = tape.aside.to_pylist()[0] if tape.aside.num_rows else {"row": 0, "reason": "empty"}
        raise InputError(
            f"no loan of the tape can be read; row {first['row']}: {first['reason']}",
            where=str(path),
            remedy="`headrace abs example loans` shows a tape",
        )
    titles = [note.example for note in found.notes if note.rule == TITLE_LINES]
    return replace(tape, title="; ".join(titles))


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a small CSV with these columns, as texts.

    Raises:
        InputError: A column is missing, or a row has fewer cells.
    """
    reader = csv.DictReader(io.StringIO(read_text(path)))
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"there is no column {missing[0]!r}", where=str(path), remedy=", ".join(columns)
        )
    try:
        rows = list(reader)
    except csv.Error as error:
        raise InputError(
            f"it is no CSV: {error}", where=str(path), remedy="save it again"
        ) from error
    for number, row in enumerate(rows, start=1):
        if any(row[name] is None for name in columns):
            raise InputError(
                "the row has fewer cells than the header",
                where=f"{path}, row {number}",
                remedy=", ".join(columns),
            )
    return rows


# --- results --------------------------------------------------------------------------------------

BOOK, TRACE, ROWS_FILE, OUTCOME = "report.xlsx", "trace.parquet", "rows.parquet", "outcome.json"


def made(folder: Path) -> Path:
    """A folder for results, made if it is not there.

    Raises:
        InputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made: {error.strerror}", where=str(folder), remedy="name another"
        ) from error
    return folder


def write_results(
    folder: Path, tables: Mapping[str, pa.Table], exact: Mapping[str, pa.Table], told: str
) -> list[str]:
    """Write a run: the workbook, a CSV a table, the exact tables as Parquet, the figures as JSON.

    Args:
        folder: Made if it is not there; files of other names are left alone.
        tables: For people.
        exact: By file name, for machines.
        told: The figures.

    Raises:
        InputError: The folder cannot be written to.
    """
    out = DiskFolder(made(folder))
    files = {BOOK: workbook(tables)}
    files |= {f"{name}.csv": csv_bytes(table) for name, table in tables.items()}
    files |= {name: parquet_bytes(table) for name, table in exact.items()}
    files[OUTCOME] = told.encode()
    for name, data in files.items():
        out.write(name, data)
    return list(files)


def remove_stale(folder: Path, names: Sequence[str]) -> None:
    """Take away tables that an earlier run wrote and this one has not."""
    for name in names:
        (folder / f"{name}.csv").unlink(missing_ok=True)


def read_results(folder: Path) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    """The rows, the trace and the figures of a run.

    Raises:
        InputError: The folder holds no run.
    """
    remedy = "name the folder that `headrace abs run --out` wrote"
    try:
        ways = pq.ParquetFile(folder / TRACE).read()
        rows = pq.ParquetFile(folder / ROWS_FILE).read()
        told = json.loads((folder / OUTCOME).read_bytes())
    except (OSError, pa.ArrowException, ValueError) as error:
        raise InputError(
            "the folder holds no run of a deal", where=str(folder), remedy=remedy
        ) from error
    if rows.column_names != ROWS.names or "via" not in ways.column_names or "currency" not in told:
        raise InputError("the files are not of a run", where=str(folder), remedy=remedy)
    return rows, ways, told


def workbook(tables: Mapping[str, pa.Table]) -> bytes:
    """A workbook with a sheet a table: amounts with two decimals, dates as dates.

    Raises:
        InputError: A table has more rows than a sheet holds.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": CREATED})
        for name, table in tables.items():
            if table.num_rows > _SHEET_ROWS_MAX:
                raise InputError(
                    f"a sheet holds {_SHEET_ROWS_MAX:,} rows, and these are {table.num_rows:,}",
                    where=name,
                    remedy="use the CSV",
                )
            _sheet(book, name, table)
    return buffer.getvalue()


def _sheet(book: Any, name: str, table: pa.Table) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "bottom": 1})
    for at, field in enumerate(table.schema):
        style = book.add_format({"num_format": _format(field.type)})
        cells = table.column(at).to_pylist()
        sheet.write_string(0, at, field.name, bold)
        for row, cell in enumerate(cells, start=1):
            _write(sheet, (row, at), cell, style)
        shown = [len(str(cell)) for cell in cells[:200]]
        # Chinese takes two columns of a sheet's width where Latin takes one.
        widest = max([*shown, 2 * len(field.name), 6])
        sheet.set_column(at, at, min(widest + 3, WIDTH_MAX))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(table.num_rows, 1), max(table.num_columns - 1, 0))


def _format(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return "#,##0.00"
    if pa.types.is_date(kind):
        return "yyyy-mm-dd"
    return "0.000000" if pa.types.is_floating(kind) else "General"


def _write(sheet: Any, cell: tuple[int, int], value: Any, style: Any) -> None:
    if value is None:
        sheet.write_blank(*cell, None, style)
    elif isinstance(value, list):
        sheet.write_string(*cell, "；".join(map(str, value)), style)
    elif isinstance(value, bool):
        sheet.write_string(*cell, "是" if value else "否", style)
    elif isinstance(value, date):
        sheet.write_datetime(*cell, value, style)
    elif isinstance(value, str):
        sheet.write_string(*cell, value, style)
    else:
        sheet.write_number(*cell, float(value), style)
