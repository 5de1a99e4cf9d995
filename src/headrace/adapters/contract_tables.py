"""Tables of contracts to files: for people in yuan, for programs in minor units."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.events import EXCEL_ROWS_MAX, check_writable, write_table
from headrace.adapters.sheets import xlsx_bytes
from headrace.adapters.user_files import write_file
from headrace.errors import InputError
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
