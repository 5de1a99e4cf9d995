"""Small tables that people type for a desk: pledges, claims, events; every cell is checked.

A desk does not work on half of its pledges, so a table is used whole or not at all: what cannot be
read is named by row and column, several cells at once.
"""

import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from headrace.adapters.sources import READERS
from headrace.errors import InputError
from headrace.facts.headers import match_columns, plain
from headrace.facts.kinds import INVOICE
from headrace.facts.mapping import TableMapping
from headrace.facts.rows import SourceTable
from headrace.money import to_minor

TOLD_MAX = 5
DIGITS_MAX = 16
DECIMALS_MAX = 9
YUAN_MAX = Decimal(10) ** 13  # 10^15 fen


class Cell(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    YUAN = "yuan"
    NUMBER = "number"
    COUNT = "count"
    DAY = "day"
    FLAG = "flag"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        key: Name in the rows, and the first header that is looked for.
        cell: What is in it.
        also: Further headers that may carry it.
        needed: Whether the column and each cell of it must be there.
        words: What may stand in it, and what each word means; empty: anything.
    """

    key: str
    cell: Cell = Cell.TEXT
    also: tuple[str, ...] = ()
    needed: bool = False
    words: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Row:
    """A row: its number among the rows of data, from 1, and its cells by key; None is empty."""

    number: int
    cells: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        """A cell, None where it is empty or the file has no such column."""
        return self.cells[key]


def read_rows(path: Path, columns: Sequence[Column]) -> list[Row]:
    """The rows of a CSV, TSV, workbook or Parquet file; blank rows are passed over.

    Args:
        path: The file; text in any usual encoding, titles may stand above the header.
        columns: What is looked for; other columns are left alone.

    Raises:
        InputError: The file cannot be read, a needed column is missing, a row has too many or too
            few cells, or cells cannot be used: each is named, up to five of them.
    """
    mapping = TableMapping(path.stem, INVOICE, _headers(columns))
    source = source_table(path, mapping)
    names = source.columns.column_names
    places = match_columns(names, _only_needed(path, columns, names), str(path))
    bad: list[str] = [
        f"row {each.row} has more or fewer cells than the header" for each in source.ragged
    ]
    rows: list[Row] = []
    numbers = source.rows
    lists = {key: source.columns.column(at).to_pylist() for key, at in places.items()}
    for at in range(source.columns.num_rows):
        given = {key: lists[key][at] for key in lists}
        if all(_text(value) == "" for value in given.values()):
            continue
        number = at + 1 if numbers is None else int(numbers[at])
        cells: dict[str, Any] = {}
        for column in columns:
            try:
                cells[column.key] = _cell(column, given.get(column.key))
            except ValueError as error:
                shown = _text(given.get(column.key))
                bad.append(f"row {number}, {column.key} {shown!r}: {error}")
        rows.append(Row(number, cells))
    if bad:
        more = f"\n… and {len(bad) - TOLD_MAX} more" if len(bad) > TOLD_MAX else ""
        raise InputError(
            "\n".join(bad[:TOLD_MAX]) + more,
            where=str(path),
            remedy="correct these cells: nothing of the file was used",
        )
    return rows


def source_table(path: Path, mapping: TableMapping) -> SourceTable:
    """The cells of a file as they stand.

    Raises:
        InputError: It cannot be read.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        problem = f"a file that ends in {path.suffix or 'nothing'} cannot be read"
        raise InputError(problem, where=str(path), remedy=f"one of {', '.join(READERS)}")
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"it cannot be read: {told}", where=str(path), remedy="check its name"
        ) from error
    if not data:
        raise InputError("the file is empty", where=str(path), remedy="export it again")
    return reader(data, mapping, str(path))


def _headers(columns: Sequence[Column]) -> dict[str, tuple[str, ...]]:
    return {column.key: (column.key, *column.also) for column in columns}


def _only_needed(path: Path, columns: Sequence[Column], names: Sequence[str]) -> TableMapping:
    """The columns that are there, and those that must be."""
    found = {plain(name) for name in names}
    kept = [
        column
        for column in columns
        if column.needed or any(plain(header) in found for header in (column.key, *column.also))
    ]
    return TableMapping(path.stem, INVOICE, _headers(kept))


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return unicodedata.normalize("NFKC", str(value)).strip()


def _cell(column: Column, value: object) -> Any:
    text = _text(value)
    if not text:
        if column.needed:
            raise ValueError("it is empty")
        return None
    if column.words is not None:
        word = text.casefold()
        if word not in column.words:
            raise ValueError(f"one of {', '.join(column.words)}")
        return column.words[word]
    if isinstance(value, datetime):
        value = value.date()
    if column.cell is Cell.DAY and isinstance(value, date):
        return value
    return _READ[column.cell](text)


def decimal_of(text: str) -> Decimal:
    """A number as people write it: 1,234.5 or 3 %.

    Raises:
        ValueError: It is none, or has more digits than money and quantities have.
    """
    percent = text.endswith("%")
    shorn = text.removesuffix("%").strip().replace(",", "").replace("_", "x")
    try:
        found = Decimal(shorn)
    except InvalidOperation:
        raise ValueError("no number") from None
    if not found.is_finite() or abs(found) >= Decimal(10) ** DIGITS_MAX:
        raise ValueError("no number that can be used")
    found = found / 100 if percent else found
    if found.normalize().as_tuple().exponent < -DECIMALS_MAX:  # type: ignore[operator]  # finite
        raise ValueError(f"more than {DECIMALS_MAX} decimals")
    return found


def yuan_of(text: str) -> int:
    """Whole fen of an amount in yuan.

    Raises:
        ValueError: It is no amount, has a fraction of a fen, or is above 10^13 yuan.
    """
    amount = decimal_of(text.removeprefix("¥").removesuffix("元").strip())
    if abs(amount) > YUAN_MAX:
        raise ValueError("more than 10^13 yuan")
    try:
        return to_minor(amount, "CNY")
    except ValueError:
        raise ValueError("a fraction of a fen") from None


def _count(text: str) -> int:
    found = decimal_of(text)
    if found != found.to_integral_value():
        raise ValueError("no whole number")
    return int(found)


def day_of(text: str) -> date:
    """A day: 2024-03-01, 2024/3/1, 20240301 or with a time of midnight behind.

    Raises:
        ValueError: It is none.
    """
    shorn = text.removesuffix(" 00:00:00").removesuffix("T00:00:00")
    parts = shorn.replace("/", "-").replace(".", "-").split("-")
    try:
        if len(parts) == 3:
            return date(*(int(part) for part in parts))
        return datetime.strptime(shorn, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    except (ValueError, OverflowError):
        raise ValueError("no day such as 2024-03-01") from None


def _flag(text: str) -> bool:
    word = text.casefold()
    if word in ("1", "true", "yes", "y", "是"):
        return True
    if word in ("0", "false", "no", "n", "否"):
        return False
    raise ValueError("yes or no")


_READ: Mapping[Cell, Callable[[str], Any]] = {
    Cell.TEXT: str,
    Cell.YUAN: yuan_of,
    Cell.NUMBER: decimal_of,
    Cell.COUNT: _count,
    Cell.DAY: day_of,
    Cell.FLAG: _flag,
}
