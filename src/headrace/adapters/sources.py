"""Finds and reads the tables that a mapping names, whatever form the bank exported them in."""

import difflib
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.adapters.databases import read_query
from headrace.adapters.delimited import read_delimited
from headrace.adapters.spreadsheet import read_spreadsheet
from headrace.errors import InputError
from headrace.facts.mapping import SourceMapping, TableMapping
from headrace.facts.rows import AbsentTable, SourceTable

_LISTED_MAX = 20


def read_sources(
    folder: Path, mapping: SourceMapping, environment: Mapping[str, str] | None = None
) -> Iterator[SourceTable | AbsentTable]:
    """The tables of a mapping one after the other, so that one is in memory at a time.

    Args:
        folder: Where the files are.
        mapping: Names them.
        environment: For ${NAME} in the address of a database; None: that of this process.

    Raises:
        InputError: If a table that is not optional is absent or cannot be read. Nothing is
            decided on half the data; an optional table is passed on as absent, with the reason.
    """
    known = os.environ if environment is None else environment
    for table in mapping.tables:
        try:
            found: SourceTable | AbsentTable = read_source(folder, table, known)
        except InputError as error:
            if not table.optional:
                raise
            found = AbsentTable(table, str(error))
        yield found


def read_source(folder: Path, table: TableMapping, environment: Mapping[str, str]) -> SourceTable:
    """One table, with the digest of the very bytes that were read.

    Raises:
        InputError: If it is absent or cannot be read.
    """
    if table.query:
        return read_query(folder, table, environment)
    path = locate(folder, table)
    data = _bytes(path)
    name = path.relative_to(folder).as_posix()
    found = READERS[path.suffix.lower()](data, table, name)
    return replace(found, digest=hashlib.sha256(data).hexdigest())


def locate(folder: Path, table: TableMapping) -> Path:
    """The file of a table: by its exact name, or by its stem with a known ending.

    Raises:
        InputError: If there is none, or more than one, or it is of no known form.
    """
    if not folder.is_dir():
        message = "there is no such data folder"
        raise InputError(message, where=str(folder), remedy="Name the folder that holds the files")
    exact = folder / table.file
    stems = [folder / f"{table.file}{ending}" for ending in READERS]
    found = [path for path in [exact, *stems] if path.exists()]
    if not found:
        present = sorted(path.name for path in folder.iterdir())
        near = difflib.get_close_matches(table.file, present, n=1)
        hint = f"Is `{near[0]}` meant? " if near else ""
        remedy = f"{hint}The folder holds: {listing(folder)}"
        message = f"there is no file `{table.file}` ({', '.join(READERS)})"
        raise InputError(message, where=str(folder), remedy=remedy)
    if len(found) > 1:
        message = f"`{table.file}` may be any of {', '.join(path.name for path in found)}"
        raise InputError(message, where=str(folder), remedy="Write the full name in the mapping")
    if found[0].suffix.lower() not in READERS:
        message = f"`{found[0].name}` is of no form that can be read"
        remedy = f"Export it as one of {', '.join(READERS)}"
        raise InputError(message, where=str(folder), remedy=remedy)
    return found[0]


def listing(folder: Path) -> str:
    """What a folder holds, for an error; a long list is cut, and says by how much."""
    names = sorted(path.name for path in folder.iterdir())
    more = len(names) - _LISTED_MAX
    shown = ", ".join(names[:_LISTED_MAX]) or "nothing"
    return f"{shown} and {more} more" if more > 0 else shown


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        message = "this is a folder, not a file"
        raise InputError(message, where=str(path), remedy="Put the exported file in its place")
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        raise InputError(message, where=str(path), remedy="Check its permissions") from error
    if not data:
        message = "the file is empty (0 bytes)"
        raise InputError(message, where=str(path), remedy="Export it again")
    return data


def _read_parquet(data: bytes, table: TableMapping, file: str) -> SourceTable:
    try:
        columns = pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)
        columns.validate(full=True)  # text that is not UTF-8, dictionaries that do not fit
    except (pa.ArrowException, OSError, ValueError) as error:
        message = f"this is not a whole Parquet file: {error}"
        remedy = "It may have been cut off in transfer: copy or export it again"
        raise InputError(message, where=file, remedy=remedy) from error
    return SourceTable(mapping=table, file=file, columns=columns)


READERS: Mapping[str, Callable[[bytes, TableMapping, str], SourceTable]] = {
    ".parquet": _read_parquet,
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".txt": read_delimited,
    ".xlsx": read_spreadsheet,
    ".xls": read_spreadsheet,
    ".ods": read_spreadsheet,
}
