"""Tables as pages show them: cells in words, money and shares as people of the language write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from fastapi import Response

from headrace.adapters.contract_tables import in_major
from headrace.adapters.sheets import xlsx_bytes
from headrace.adapters.store import csv_bytes
from headrace.web.attachment import attachment
from headrace.web.console.words import Words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_SHOWN = 200
RATES = ("rate", "ratio", "haircut", "share")


@dataclass(frozen=True)
class Shown:
    """A table on a page.

    Attributes:
        name: Of the heading above it.
        heads: Headings of columns, each with whether it holds numbers.
        rows: Cells as texts, in the order of the columns.
        more: Rows that are not shown.
    """

    name: str
    heads: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[str, ...], ...]
    more: int


def shown(
    name: str,
    table: pa.Table,
    headings: Mapping[str, str],
    words: Words,
    told: Mapping[str, Callable[[Any], str]] | None = None,
) -> Shown:
    """A table for a page.

    Args:
        name: Of the heading above it.
        table: Its columns, in their order.
        headings: By column; one without a heading keeps its name.
        words: The language.
        told: How columns of codes are told, by column.
    """
    names = table.column_names
    plain = told or {}
    rows = tuple(
        tuple(cell(column, row[column], words, plain.get(column)) for column in names)
        for row in table.slice(0, ROWS_SHOWN).to_pylist()
    )
    heads = tuple(
        (
            headings.get(each, headings.get(each.removesuffix("_minor"), each)),
            _is_number(table, each),
        )
        for each in names
    )
    return Shown(name, heads, rows, max(table.num_rows - ROWS_SHOWN, 0))


def cell(column: str, value: Any, words: Words, told: Callable[[Any], str] | None = None) -> str:
    """One cell; what is not known is a dash, which is not zero."""
    if told is not None:
        return told(value)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return words("book_yes") if value else words("book_no")
    if column.endswith("_minor"):
        return words.money(value, "CNY")
    if column in RATES:
        return words.share(value, 1)
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return words.count(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)


def download(
    table: pa.Table, headings: Mapping[str, str], stem: str, *, kind: str, currency: str = "CNY"
) -> Response:
    """A table as a file for Excel; no cell of it runs as a formula.

    Args:
        table: Money in minor units, in columns that end in `_minor`.
        headings: By column.
        stem: Name of the file before its ending.
        kind: xlsx or csv.
        currency: Of all money.
    """
    if kind == "xlsx":
        content, media = xlsx_bytes(table, headings), XLSX
    else:
        names = [headings.get(each, each.removesuffix("_minor")) for each in table.column_names]
        content = csv_bytes(in_major(table, currency).rename_columns(names))
        media = "text/csv; charset=utf-8"
    return attachment(content, f"{stem}.{kind}", media)


def _is_number(table: pa.Table, column: str) -> bool:
    kind = table.schema.field(column).type
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
