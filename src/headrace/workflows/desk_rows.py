"""Rows that a person keeps in a sheet, read cell by cell; what cannot be read is set aside.

Acts on vouchers, claims on papers, events in a warehouse: one row each, with headings in English or
Chinese. A row with one bad cell is not used at all, and every bad cell of it is told.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from headrace.money import to_minor
from headrace.pack import Text

AMOUNT_MOST = 10**15
"""Minor units that a cell may say; more is a slip of the pen."""
PRICE_MOST, KILOGRAMS_MOST = 10**9, 10**10
"""Fen a tonne, and kilograms: what a cell may say, so that the value is a 64-bit amount."""
SHARE_LEAST = Decimal("0.001")
YEARS = (1900, 2199)
CELL_MAX = 200  # characters of a bad cell that are shown

ASIDE = pa.schema(
    [
        ("row", pa.int64()),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("reason_zh", pa.string()),
    ]
)
"""Cells for which a row is not used: data row of the file from 1, column, cell, why."""

MISSING = Text("is missing", "缺失")
NO_AMOUNT = Text("is no amount in whole fen", "不是精确到分的金额")
NO_WHOLE = Text("is no whole number", "不是整数")
NO_DAY = Text("is no day such as 2026-01-05", "不是日期（如 2026-01-05）")
NO_YES = Text("is neither yes nor no", "不是“是”或“否”")
NO_TONNES = Text("is no quantity of tonnes in whole kilograms", "不是精确到公斤的数量（吨）")
NO_SHARE = Text("is no share from 0.1% to 100%", "不是0.1%至100%之间的比例")
NOT_FIT = Text("has more or fewer cells than the header", "单元格数与表头不符")
TWICE = Text("was given in row {row} already", "与第 {row} 行重复")
_DAY = re.compile(
    r"(\d{4})([-/.年]?)(\d{1,2})([-/.月]?)(\d{1,2})日?(?:[ T]00:00(?::00(?:\.0+)?)?)?"
)
_YES = frozenset({"yes", "y", "true", "1", "是", "有"})
_NO = frozenset({"no", "n", "false", "0", "否", "无"})
_LIST = re.compile(r"[;；、\n]")


class Unreadable(ValueError):  # noqa: N818 - not an error of the program: it sets a row aside
    """A cell cannot be used; `why` says so in both languages."""

    def __init__(self, why: Text) -> None:
        super().__init__(why.en)
        self.why = why


@dataclass(frozen=True)
class Field:
    """A column of a sheet.

    Attributes:
        name: Its heading, in English.
        headings: Others that it may have.
        read: What a filled cell says; raises `Unreadable`.
        needed: Whether every row fills it, so that the column must be there.
        key: Under which a row keeps it; empty: its name.
    """

    name: str
    headings: tuple[str, ...]
    read: Callable[[str], Any]
    needed: bool = False
    key: str = ""

    @property
    def kept(self) -> str:
        """The key in a row."""
        return self.key or self.name


@dataclass(frozen=True)
class Cells:
    """A file as its reader found it.

    Attributes:
        columns: Text of each cell by name of the field, one entry a row; only fields found.
        rows: Data row of each in the file, from 1.
        ragged: Rows that do not fit the header.
        unused: Columns that mean nothing here.
    """

    columns: Mapping[str, Sequence[str]]
    rows: Sequence[int]
    ragged: Sequence[tuple[int, str]] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row that could be read; an empty cell has no value."""

    number: int
    values: Mapping[str, Any]

    def get(self, key: str, other: Any = None) -> Any:
        """What a cell says; empty: the other."""
        return self.values.get(key, other)


@dataclass(frozen=True)
class Sheet:
    """A file after reading.

    Attributes:
        rows: In order.
        aside: A table of `ASIDE`.
        unused: Columns that mean nothing here.
        count: Rows of the file.
    """

    rows: tuple[Row, ...]
    aside: pa.Table
    unused: tuple[str, ...]
    count: int


Wrong = tuple[int, str, str, Text]
Check = Callable[[Row], Sequence[tuple[str, Text]]]


def read_sheet(cells: Cells, fields: Sequence[Field], check: Check = lambda _row: ()) -> Sheet:
    """Read every cell.

    Args:
        cells: The file.
        fields: What it may hold.
        check: What is wrong with a row whose cells can all be read: column and why.
    """
    wrong: list[Wrong] = [(row, "", text, NOT_FIT) for row, text in cells.ragged]
    rows = []
    for place, number in enumerate(cells.rows):
        texts = {name: column[place].strip() for name, column in cells.columns.items()}
        values, bad = _values(texts, fields)
        row = Row(number, values)
        if not bad:
            bad = [(name, texts.get(name, ""), why) for name, why in check(row)]
        if bad:
            wrong += [(number, *each) for each in bad]
        else:
            rows.append(row)
    count = len(cells.rows) + len(cells.ragged)
    return Sheet(tuple(rows), aside(wrong), cells.unused, count)


def aside(wrong: Sequence[Wrong]) -> pa.Table:
    """Cells that cannot be used, as a table of `ASIDE`, by row."""
    told = [
        (row, column, text[:CELL_MAX], why.en, why.zh)
        for row, column, text, why in sorted(wrong, key=lambda each: each[0])
    ]
    columns = zip(*told, strict=True) if told else [[] for _ in ASIDE]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, ASIDE, strict=True)], ASIDE)


def _values(
    texts: Mapping[str, str], fields: Sequence[Field]
) -> tuple[dict[str, Any], list[tuple[str, str, Text]]]:
    values: dict[str, Any] = {}
    bad = []
    for field in fields:
        text = texts.get(field.name, "")
        if not text:
            if field.needed:
                bad.append((field.name, "", MISSING))
            continue
        try:
            values[field.kept] = field.read(text)
        except Unreadable as error:
            bad.append((field.name, text, error.why))
    return values, bad


def text_cell(text: str) -> str:
    """A cell as it is."""
    return text


def list_cell(text: str) -> tuple[str, ...]:
    """Several texts in one cell, between semicolons; none twice."""
    return tuple(dict.fromkeys(part.strip() for part in _LIST.split(text) if part.strip()))


def amount_cell(text: str) -> int:
    """Yuan, with or without separators and sign of the currency; in fen, nothing rounded."""
    try:
        value = to_minor(_decimal(text), "CNY")
    except ValueError:
        raise Unreadable(NO_AMOUNT) from None
    if abs(value) > AMOUNT_MOST:
        raise Unreadable(NO_AMOUNT)
    return value


def price_cell(text: str) -> int:
    """Yuan a tonne, in fen."""
    value = amount_cell(text)
    if abs(value) > PRICE_MOST:
        raise Unreadable(NO_AMOUNT)
    return value


def minor_cell(text: str) -> int:
    """Fen."""
    value = whole_cell(text)
    if abs(value) > AMOUNT_MOST:
        raise Unreadable(NO_AMOUNT)
    return value


def whole_cell(text: str) -> int:
    """A whole number."""
    try:
        value = _decimal(text)
    except ValueError:
        raise Unreadable(NO_WHOLE) from None
    if value != value.to_integral_value():
        raise Unreadable(NO_WHOLE)
    return int(value)


def tonnes_cell(text: str) -> int:
    """Tonnes, as whole kilograms."""
    try:
        kilograms = _decimal(text) * 1000
    except ValueError:
        raise Unreadable(NO_TONNES) from None
    if kilograms != kilograms.to_integral_value() or abs(kilograms) > KILOGRAMS_MOST:
        raise Unreadable(NO_TONNES)
    return int(kilograms)


def share_cell(text: str) -> Decimal:
    """A share, as 0.7 or 70%."""
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        value = _decimal(plain.removesuffix("%"))
    except ValueError:
        raise Unreadable(NO_SHARE) from None
    value = value / 100 if plain.endswith("%") else value
    if not SHARE_LEAST <= value <= 1:
        raise Unreadable(NO_SHARE)
    return value


def day_cell(text: str) -> date:
    """A day, as 2026-01-05, 2026/1/5, 20260105 or 2026年1月5日."""
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text))
    if found is None or (not found[2] and len(found[3] + found[5]) < 4):
        raise Unreadable(NO_DAY)
    try:
        day = date(int(found[1]), int(found[3]), int(found[5]))
    except ValueError:
        raise Unreadable(NO_DAY) from None
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise Unreadable(NO_DAY)
    return day


def yes_cell(text: str) -> bool:
    """Yes or no."""
    word = unicodedata.normalize("NFKC", text).casefold()
    if word not in _YES | _NO:
        raise Unreadable(NO_YES)
    return word in _YES


def word_cell(
    words: Mapping[str, Any], also: Mapping[str, Any] | None = None
) -> Callable[[str], Any]:
    """One of a closed list of words, whatever their case and width.

    Args:
        words: Those that are named to whoever writes another.
        also: Further ones.
    """
    english = ", ".join(word for word in words if word.isascii())
    chinese = "、".join(word for word in words if not word.isascii())
    known = {**words, **(also or {})}

    def read(text: str) -> Any:
        word = unicodedata.normalize("NFKC", text).casefold().replace(" ", "_")
        if word not in known:
            told = Text(f"is none of {english}", f"不在可选范围内：{chinese or english}")
            raise Unreadable(told)
        return known[word]

    return read


def _decimal(text: str) -> Decimal:
    """A number with at most 15 digits before the point, as Chinese offices write it.

    Raises:
        ValueError: It is none.
    """
    plain = unicodedata.normalize("NFKC", text).replace("¥", "").replace(",", "")
    try:
        value = Decimal(plain.removesuffix("元").strip())
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or value.adjusted() > 15 or value.adjusted() < -15:
        raise ValueError(text)
    return value
