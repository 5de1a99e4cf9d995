"""Sheets that people keep, from CSV, XLSX, ODS or Parquet; folders of tables."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.user_tables import read_user_table
from headrace.errors import InputError
from headrace.workflows.desk_rows import Cells, Field

SHEET_ROWS = 20_000
"""Tables with more are CSV for people: a workbook of so many rows takes long to make and open."""


def read_cells(path: Path, fields: Sequence[Field]) -> Cells:
    """The cells of a file as text, by field.

    Raises:
        InputError: It cannot be read, or a column is missing or there twice; names both.
    """
    table = read_user_table(
        path,
        {field.name: (field.name, *field.headings) for field in fields},
        [field.name for field in fields if field.needed],
    )
    kept = [field.kept for field in fields if field.name in table.heads]
    for key in kept:
        if kept.count(key) > 1:
            twice = [each.name for each in fields if each.kept == key and each.name in table.heads]
            problem = f"{', '.join(twice)} say the same"
            raise InputError(problem, where=str(path), remedy="keep one column")
    columns = {name: _texts(table.columns[name]) for name in table.columns.column_names}
    filled = [at for at, cells in enumerate(zip(*columns.values(), strict=True)) if any(cells)]
    return Cells(
        {name: [texts[at] for at in filled] for name, texts in columns.items()},
        table.rows[filled].tolist(),
        [(each.row, each.text) for each in table.ragged if each.text.strip(" ,;\t")],
        table.ignored,
    )


def write_tables(
    folder: Path,
    tables: Mapping[str, pa.Table],
    headings: Mapping[str, str],
    for_people: Callable[[pa.Table], pa.Table],
) -> list[Path]:
    """Each table twice: NAME.xlsx for people (CSV beyond `SHEET_ROWS`), NAME.parquet as it is.

    Args:
        folder: Made if it is not there; files of other names are left alone.
        tables: By name.
        headings: For people.
        for_people: Puts codes in words.

    Raises:
        InputError: The folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made: {error.strerror}", where=str(folder), remedy="name another"
        ) from error
    written = []
    for name, table in tables.items():
        ending, other = (".xlsx", ".csv")[:: 1 if table.num_rows <= SHEET_ROWS else -1]
        (folder / f"{name}{other}").unlink(missing_ok=True)
        written += [folder / f"{name}{ending}", folder / f"{name}.parquet"]
        write_contract_table(written[-2], for_people(table), headings)
        write_contract_table(written[-1], table, {})
    return written


def remove_tables(folder: Path, names: Sequence[str]) -> None:
    """Take away tables that an earlier run wrote and this one has not."""
    for name in names:
        for ending in (".xlsx", ".csv", ".parquet"):
            (folder / f"{name}{ending}").unlink(missing_ok=True)


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [_text(cell) for cell in column.to_pylist()]


def _text(cell: object) -> str:
    """A cell as a person would type it; a sheet's number has 15 digits, not 17."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 10**15 else f"{cell:.15g}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell == _midnight(cell) else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, list):
        return ";".join(_text(each) for each in cell)
    return str(cell).strip()


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
