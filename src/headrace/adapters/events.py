"""Event tables, labels and keys from files, and tables of features to files, by their ending."""

import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet as pq
import xlsxwriter
from numpy.typing import NDArray

from headrace.adapters.event_cells import IS_MISSING, read_cells
from headrace.adapters.sources import READERS
from headrace.adapters.store import parquet_bytes
from headrace.adapters.user_files import write_file
from headrace.errors import InputError
from headrace.facts.headers import match_columns, plain
from headrace.facts.kinds import INVOICE
from headrace.facts.mapping import TableMapping
from headrace.workflows.features import QUARANTINE, SHOWN_MAX, Extra, Given, Wanted, quarantine

Ints = NDArray[np.int64]
EXCEL_ROWS_MAX = 1_048_576
# A spreadsheet file carries a creation time; a fixed one keeps equal tables equal bytes.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_EXACT = 2.0**53  # a sheet keeps numbers as doubles
_BLOCK_BYTES = 1 << 24
_FORMULA = "^[=+@\t\r-]"
_NUMBER_LIKE = r"^[+-]?[0-9.,]+$"
_WHOLE, _DECIMAL = r"^-?(0|[1-9][0-9]{0,17})$", r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?$"


@dataclass(frozen=True)
class _Found:
    """What a file holds.

    Attributes:
        columns: As they are; text files hold text only.
        rows: Data row in the file of each, from 1, (n,).
        ragged: Rows of a text file that do not fit its header: row and text.
        is_text: Whether every cell is text because the form knows nothing else.
    """

    columns: pa.Table
    rows: Ints
    ragged: tuple[tuple[int, str], ...] = ()
    is_text: bool = False


def read_events(path: Path, wanted: Wanted) -> Given:
    """One table from a file; cells that cannot be read take their row away, with the reason.

    Args:
        path: Of a form in `ENDINGS`.
        wanted: Which columns, and what they hold.

    Raises:
        InputError: The file cannot be read, or a column is missing or of another type. It names
            the file and the column, and says what would be right.
    """
    found = _read(path, wanted)
    places = match_columns(found.columns.column_names, _mapping(wanted), str(path))
    extra = _extra(found.columns.column_names, set(places.values()), wanted)
    n = found.columns.num_rows
    good = np.ones(n, np.bool_)
    refused = [_ragged(found, wanted)]
    columns = {}
    for column in wanted.columns:
        data = found.columns.column(places[column.name])
        try:
            cells = read_cells(data, column, wanted.zone, whole=column.name in wanted.whole)
        except (InputError, pa.ArrowException) as error:
            raise _in_file(error, path, column.name) from error
        wrong = [(cells.bad, cells.reason)]
        if column.required:
            gaps = np.asarray(pc.is_null(cells.values).to_numpy(), np.bool_)
            wrong.append((gaps & ~cells.bad, IS_MISSING))
        for mask, reason in wrong:
            at = np.flatnonzero(mask)
            if at.size:
                shown = data.take(pa.array(at))
                refused.append(quarantine(wanted.name, found.rows[at], column.name, shown, reason))
                good &= ~mask
        columns[column.name] = cells.values
    original = _original(found, {**places, **extra})
    kept = None if good.all() else pa.array(good)
    table = pa.table(columns)
    return Given(
        wanted.name,
        table if kept is None else table.filter(kept),
        original if kept is None else original.filter(kept),
        found.rows if kept is None else found.rows[good],
        pa.concat_tables(refused),
        n + len(found.ragged),
    )


def _in_file(error: Exception, path: Path, column: str) -> InputError:
    if isinstance(error, InputError):
        return InputError(error.problem, where=str(path), remedy=error.remedy)
    return InputError(f"column {column!r} cannot be read: {error}", where=str(path))


def _mapping(wanted: Wanted) -> TableMapping:
    """What finds the header and its columns; the kind of fact is not looked at."""
    columns = {column.name: (column.name,) for column in wanted.columns}
    return TableMapping(wanted.name, INVOICE, columns)


def _extra(names: list[str], taken: set[int], wanted: Wanted) -> dict[str, int]:
    """Further columns by name; of two with one name the first."""
    found: dict[str, int] = {}
    defined = {plain(name) for name in wanted.defined}
    for at, name in enumerate(names):
        is_extra = wanted.extra is Extra.ALL
        is_extra |= wanted.extra is Extra.DEFINED and plain(name) in defined
        if is_extra and at not in taken and name not in found:
            found[name] = at
    return found


def _original(found: _Found, places: Mapping[str, int]) -> pa.Table:
    """Columns as they are in the file, and in its order; text that is all numbers is numbers."""
    in_order = sorted(places.items(), key=lambda item: item[1])
    columns = {name: found.columns.column(at) for name, at in in_order}
    if found.is_text:
        columns = {name: _typed(column) for name, column in columns.items()}
    return pa.table(columns)


def _typed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers where every cell is one as programs write it: 007 stays text."""
    if not pa.types.is_string(texts.type):
        return texts
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    for pattern, kind in ((_WHOLE, pa.int64()), (_DECIMAL, pa.float64())):
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py():
            return texts.cast(kind)
    return texts


def _ragged(found: _Found, wanted: Wanted) -> pa.Table:
    if not found.ragged:
        return QUARANTINE.empty_table()
    rows = np.array([row for row, _ in found.ragged], np.int64)
    texts = pa.chunked_array([[text[:SHOWN_MAX] for _, text in found.ragged]], pa.string())
    return quarantine(wanted.name, rows, "", texts, "has more or fewer cells than the header")


# --- forms ----------------------------------------------------------------------------------------


def _read(path: Path, wanted: Wanted) -> _Found:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(
            f"a file that ends in {ending or 'nothing'} cannot be read",
            where=str(path),
            remedy=f"one of {', '.join(ENDINGS)}",
        )
    if path.is_dir():
        raise InputError("this is a folder, not a file", where=str(path), remedy="name a file")
    try:
        if not path.stat().st_size:
            raise InputError(
                "the file is empty (0 bytes)", where=str(path), remedy="write it again"
            )
        return ENDINGS[ending](path, wanted)
    except OSError as error:
        raise InputError(
            f"it cannot be read: {error.strerror or error}",
            where=str(path),
            remedy="check its name",
        ) from error
    except (pa.ArrowException, ValueError) as error:
        raise InputError(
            f"this is no whole {ending} file: {error}",
            where=str(path),
            remedy="it may have been cut off in transfer: copy or export it again",
        ) from error


def _parquet(path: Path, wanted: Wanted) -> _Found:
    with path.open("rb") as source:
        file = pq.ParquetFile(source)
        names = file.schema_arrow.names
        return _numbered(file.read(columns=_worth_reading(names, wanted)))


def _ipc(path: Path, wanted: Wanted) -> _Found:
    with path.open("rb") as source:
        try:
            table = pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:  # the other of the two Arrow forms
            source.seek(0)
            table = pa.ipc.open_stream(source).read_all()
    return _numbered(table)


def _json_lines(path: Path, wanted: Wanted) -> _Found:
    """Times stay text, so that a date is told from a time; other types are as they are found."""
    with path.open("rb") as source:
        first = json.loads(source.readline(_BLOCK_BYTES))
    if not isinstance(first, dict):
        raise InputError(
            "its lines are no JSON objects", where=str(path), remedy='{"column": value, ...}'
        )
    texts = [name for name, value in first.items() if isinstance(value, str)]
    schema = pa.schema([pa.field(name, pa.string()) for name in texts])
    table = pa.json.read_json(
        path,
        read_options=pa.json.ReadOptions(block_size=_BLOCK_BYTES),
        parse_options=pa.json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="infer"
        ),
    )
    return _numbered(table)


def _cells(path: Path, wanted: Wanted) -> _Found:
    """Text files and workbooks, as banks export them."""
    source = READERS[path.suffix.lower()](path.read_bytes(), _mapping(wanted), str(path))
    columns = source.columns
    rows = getattr(source, "rows", None)
    numbers = np.arange(1, columns.num_rows + 1) if rows is None else np.asarray(rows, np.int64)
    ragged = tuple((each.row, each.text) for each in source.ragged)
    return _Found(columns, numbers, ragged, is_text=True)


def _numbered(table: pa.Table) -> _Found:
    table.validate(full=True)  # text that is not UTF-8, dictionaries that do not fit
    return _Found(table, np.arange(1, table.num_rows + 1))


def _worth_reading(names: list[str], wanted: Wanted) -> list[str] | None:
    """Columns that will be looked at; None: all of them."""
    needed = {plain(name) for name in (*(each.name for each in wanted.columns), *wanted.defined)}
    found = [name for name in names if plain(name) in needed]
    whole = wanted.extra is Extra.ALL or len(found) < len(wanted.columns)
    return None if whole else found


ENDINGS: Mapping[str, Callable[[Path, Wanted], _Found]] = {
    ".parquet": _parquet,
    ".csv": _cells,
    ".tsv": _cells,
    ".txt": _cells,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".arrow": _ipc,
    ".feather": _ipc,
    ".ipc": _ipc,
    ".xlsx": _cells,
    ".xls": _cells,
    ".ods": _cells,
}


# --- writing --------------------------------------------------------------------------------------


def check_writable(path: Path) -> None:
    """Refuse, before any work, a result of a form that cannot be written, or in no folder.

    Raises:
        InputError: Naming it.
    """
    if path.suffix.lower() not in WRITERS:
        raise InputError(
            f"a file that ends in {path.suffix or 'nothing'} cannot be written",
            where=str(path),
            remedy=f"one of {', '.join(WRITERS)}",
        )
    if not path.parent.is_dir():
        raise InputError(
            "there is no such folder", where=str(path.parent), remedy="make it, or name another"
        )
    if path.is_dir():
        raise InputError("this is a folder, not a file", where=str(path), remedy="name a file")


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table; equal tables give equal bytes.

    Raises:
        InputError: It cannot be written.
    """
    check_writable(path)
    write_file(path, WRITERS[path.suffix.lower()](table))


def quarantine_path(path: Path) -> Path:
    """Where the rows are told that could not be used for a result: beside it."""
    return path.with_name(f"{path.stem}.quarantine.csv")


def write_quarantine(path: Path, refused: pa.Table) -> None:
    """Write the rows beside a result, or take away those of an earlier one where there are none.

    Args:
        path: The result.
        refused: See `workflows.features.QUARANTINE`.
    """
    beside = quarantine_path(path)
    if refused.num_rows:
        write_table(beside, refused)
    else:
        beside.unlink(missing_ok=True)


def _csv(table: pa.Table) -> bytes:
    """For Excel too: a byte order mark, and no text that would run as a formula."""
    columns = {name: _harmless(table[name]) for name in table.column_names}
    buffer = io.BytesIO()
    buffer.write(b"\xef\xbb\xbf")
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    pyarrow.csv.write_csv(pa.table(columns), buffer, options)
    return buffer.getvalue()


def _harmless(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    runs = pc.match_substring_regex(column, _FORMULA)
    number = pc.match_substring_regex(column, _NUMBER_LIKE)
    quoted = pc.binary_join_element_wise(pa.scalar("'", column.type), column, "")
    return pc.if_else(pc.and_not(runs, number), quoted, column)


def _xlsx(table: pa.Table) -> bytes:
    if table.num_rows >= EXCEL_ROWS_MAX:
        raise InputError(
            f"a sheet holds {EXCEL_ROWS_MAX - 1:,} rows, and these are {table.num_rows:,}",
            where="--out",
            remedy="write .parquet or .csv",
        )
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": _CREATED})
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet = book.add_worksheet("features")
        sheet.freeze_panes(1, 0)
        for at, name in enumerate(table.column_names):
            sheet.write_string(0, at, name, bold)
            sheet.set_column(at, at, min(max(len(name) + 2, 10), 40))
            for row, value in enumerate(table[name].to_pylist(), start=1):
                _write_cell(sheet, row, at, value)
    return buffer.getvalue()


def _write_cell(sheet: Any, row: int, at: int, value: object) -> None:
    """Numbers as numbers where a sheet can hold them, the rest as it reads."""
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, at, value)
    elif isinstance(value, int | float) and math.isfinite(value) and abs(value) < _EXACT:
        sheet.write_number(row, at, value)
    else:
        sheet.write_string(row, at, str(value))


WRITERS: Mapping[str, Callable[[pa.Table], bytes]] = {
    ".parquet": parquet_bytes,
    ".csv": _csv,
    ".xlsx": _xlsx,
}
