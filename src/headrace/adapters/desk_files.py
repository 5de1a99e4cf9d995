"""Sheets that people keep, from CSV, XLSX, ODS or Parquet; TOML of one case; folders of tables."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.sources import READERS
from headrace.adapters.user_files import read_text
from headrace.errors import InputError, MappingError
from headrace.facts.headers import match_columns, plain
from headrace.facts.kinds import INVOICE
from headrace.facts.mapping import TableMapping
from headrace.workflows.desk_rows import Cells, Field

SHEET_ROWS = 20_000
"""Tables with more are CSV for people: a workbook of so many rows takes long to make and open."""


def read_cells(path: Path, fields: Sequence[Field]) -> Cells:
    """The cells of a file as text, by field.

    Raises:
        InputError: It cannot be read, or a column is missing or there twice; names both.
    """
    headings = {field.name: (field.name, *field.headings) for field in fields}
    source = READERS[_ending(path)](_bytes(path), _mapping(headings, path), str(path))
    names = source.columns.column_names
    found = {plain(name) for name in names}
    here = [field for field in fields if found & {plain(each) for each in headings[field.name]}]
    keys = [field.kept for field in here]
    wanted = [field.name for field in (*here, *(f for f in fields if f.needed))]
    places = match_columns(
        names, _mapping({name: headings[name] for name in wanted}, path), str(path)
    )
    for field in here:
        if keys.count(field.kept) > 1:
            twice = ", ".join(each.name for each in here if each.kept == field.kept)
            raise InputError(f"{twice} say the same", where=str(path), remedy="keep one column")
    rows = source.rows
    numbers = range(1, source.columns.num_rows + 1) if rows is None else rows.tolist()
    columns = {name: _texts(source.columns.column(at)) for name, at in places.items()}
    blank = [not any(cells) for cells in zip(*columns.values(), strict=True)]
    kept = [place for place, empty in enumerate(blank) if not empty]
    return Cells(
        {name: [texts[place] for place in kept] for name, texts in columns.items()},
        [numbers[place] for place in kept],
        [(each.row, each.text) for each in source.ragged if each.text.strip(" ,;\t")],
        tuple(name for at, name in enumerate(names) if at not in places.values() and name),
    )


def read_case(path: Path) -> dict[str, Any]:
    """A TOML file.

    Raises:
        MappingError: It is no TOML; the line is named.
        InputError: It cannot be read.
    """
    try:
        return tomllib.loads(read_text(path).replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingError(
            f"it is no TOML: {error}",
            where=str(path),
            remedy='texts stand in "…", Chinese names in quotes, days as 2024-03-01',
        ) from error


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


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in READERS:
        raise InputError(
            f"a file that ends in {ending or 'nothing'} cannot be read",
            where=str(path),
            remedy=f"one of {', '.join(READERS)}",
        )
    return ending


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"it cannot be read: {told}", where=str(path), remedy="check its name"
        ) from error
    if not data:
        raise InputError("the file is empty", where=str(path), remedy="export it again")
    return data


def _mapping(headings: Mapping[str, tuple[str, ...]], path: Path) -> TableMapping:
    """What finds the header; the kind of fact is not looked at."""
    return TableMapping(path.stem, INVOICE, headings)


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
