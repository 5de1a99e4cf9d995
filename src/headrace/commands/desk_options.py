"""What the commands of a desk are given as text: parts, amounts in yuan, a file to write."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.desk_rows import decimal_of, yuan_of
from headrace.adapters.events import check_writable
from headrace.errors import InputError

AsTable = Annotated[
    Path | None, typer.Option("--out", help="Write a table: .csv, .xlsx or .parquet.")
]


def number_of(text: str, option: str) -> Decimal:
    """A number.

    Raises:
        InputError: It is none; names the option.
    """
    try:
        return decimal_of(text)
    except ValueError as error:
        raise InputError(f"{text!r}: {error}", where=option, remedy="a number") from error


def part_of(text: str, option: str) -> Decimal:
    """A part from 0 to 1, or a percentage.

    Raises:
        InputError: It is none; names the option.
    """
    found = number_of(text, option)
    if not 0 <= found <= 1:
        raise InputError(f"{text} is no part", where=option, remedy="0 to 1, or a percentage")
    return found


def yuan_amount(text: str, option: str) -> int:
    """Whole fen of an amount in yuan, 0 or more.

    Raises:
        InputError: It is none; names the option.
    """
    try:
        found = yuan_of(text)
    except ValueError as error:
        raise InputError(f"{text!r}: {error}", where=option, remedy="an amount in yuan") from error
    if found < 0:
        raise InputError(f"{text} is below 0", where=option, remedy="0 or more")
    return found


def checked_out(out: Path | None) -> None:
    """Refuse, before any work, a file that could not be written."""
    if out is not None:
        check_writable(out)


def write_out(found: pa.Table, out: Path, headings: Mapping[str, str]) -> None:
    """Write a table and say so."""
    write_contract_table(out, found, headings)
    printing.line(f"{out}: {found.num_rows:,} × {found.num_columns}")
