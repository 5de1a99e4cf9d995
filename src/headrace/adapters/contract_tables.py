"""Tables of contracts from and to files: for people in yuan, for programs in minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.adapters.events import EXCEL_ROWS_MAX, check_writable, write_table
from headrace.adapters.sheets import xlsx_bytes
from headrace.adapters.sources import READERS
from headrace.adapters.user_files import write_file
from headrace.errors import InputError
from headrace.facts.headers import match_columns, plain
from headrace.facts.kinds import INVOICE
from headrace.facts.mapping import TableMapping
from headrace.facts.rows import RaggedRow
from headrace.money import MINOR_PER_MAJOR

MINOR = "_minor"


def write_contract_table(
    path: Path, table: pa.Table, headings: Mapping[str, str], currency: str = "CNY"
) -> None:
    """A table by the ending of its file.

    Parquet keeps columns and types, amounts in minor units (`…_minor`). CSV and XLSX are for
    people: headings in their language, amounts in major units.

    Args:
        path: Ends in .parquet, .csv or .xlsx.
        table: What to write.
        headings: Heading by column; a column without one keeps its name.
        currency: Of all amounts.

    Raises:
        InputError: It cannot be written, or a sheet cannot hold so many rows.
    """
    check_writable(path)
    ending = path.suffix.lower()
    if ending == ".xlsx":
        if table.num_rows >= EXCEL_ROWS_MAX:
            problem = f"a sheet holds {EXCEL_ROWS_MAX - 1:,} rows, and these are {table.num_rows:,}"
            raise InputError(problem, where=str(path), remedy="write .parquet or .csv")
        write_file(path, xlsx_bytes(table, headings))
    elif ending == ".csv":
        write_table(path, in_major(table, currency).rename_columns(
            [headings.get(name, name.removesuffix(MINOR)) for name in table.column_names]
        ))  # fmt: skip
    else:
        write_table(path, table)


def in_major(table: pa.Table, currency: str) -> pa.Table:
    """The table with its `…_minor` columns as exact decimals in major units; names stay."""
    places = len(str(MINOR_PER_MAJOR[currency])) - 1
    columns = [
        _major(table[name], places) if name.endswith(MINOR) else table[name]
        for name in table.column_names
    ]
    return pa.table(columns, names=table.column_names)


def _major(minor: pa.ChunkedArray, places: int) -> pa.ChunkedArray:
    if not places:
        return minor
    # Dividing would lose digits; times a hundredth of exactly two places loses none.
    unit = pa.scalar(Decimal(1).scaleb(-places), pa.decimal128(places + 1, places))
    return pc.multiply(minor.cast(pa.decimal128(19, 0)), unit)


@dataclass(frozen=True)
class Sheet:
    """A table as a user's file holds it.

    Attributes:
        columns: Named by their keys, cells as they are in the file.
        heads: Heading in the file of each key.
        rows: Data row in the file of each, from 1; int64 (n,).
        ragged: Rows of a text file with more or fewer cells than its header.
        ignored: Headings that nobody asked for.
    """

    columns: pa.Table
    heads: Mapping[str, str]
    rows: NDArray[np.int64]
    ragged: tuple[RaggedRow, ...]
    ignored: tuple[str, ...]


def read_contract_table(
    path: Path, headers: Mapping[str, tuple[str, ...]], needed: Sequence[str]
) -> Sheet:
    """The columns of a file that are known by their headings, in any form banks export.

    Args:
        path: CSV, TSV, TXT, XLSX, XLS, ODS or Parquet.
        headers: By key, the headings under which a column may stand.
        needed: Keys that must be there.

    Raises:
        InputError: The file cannot be read, a column is missing, or one stands twice.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        problem = f"a file that ends in {path.suffix or 'nothing'} cannot be read"
        raise InputError(problem, where=str(path), remedy=f"one of {', '.join(READERS)}")
    try:
        data = path.read_bytes()
    except OSError as error:
        problem = f"it cannot be read: {error.strerror}"
        raise InputError(problem, where=str(path), remedy="check its name") from error
    source = reader(data, TableMapping(path.stem, INVOICE, headers), str(path))
    names = source.columns.column_names
    present = {plain(name) for name in names}
    wanted = {
        key: heads
        for key, heads in headers.items()
        if key in needed or any(plain(head) in present for head in heads)
    }
    places = match_columns(names, TableMapping(path.stem, INVOICE, wanted), str(path))
    rows = np.arange(1, source.columns.num_rows + 1) if source.rows is None else source.rows
    return Sheet(
        pa.table([source.columns.column(at) for at in places.values()], names=list(places)),
        {key: names[at] for key, at in places.items()},
        np.asarray(rows, np.int64),
        source.ragged,
        tuple(name for at, name in enumerate(names) if at not in places.values() and name),
    )
