"""Tables of results that fit the terminal: what does not is said once, in letters, or elsewhere."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from rich.cells import cell_len
from rich.table import Table as Grid

from headrace.adapters.printing import ROWS_SHOWN, console_now, safe
from headrace.adapters.printing.graph import words
from headrace.money import format_minor

Rows = Sequence[Mapping[str, Any]]
LISTED_MAX = 8
UNBROKEN = 16
"""Cells at most this wide are not broken over lines."""
LONG = 40
"""A column of wider texts is told by letters where few texts come again and again."""
LETTERS = "abcdefghij"
GAP = 2
TURNED_MAX = 6
"""With at most so many rows a table of many columns is turned on its side."""
_SHARE = re.compile(r"^(share|votes|bad_share)(_low|_high|_[0-9])?$|_share$")
_MONEY = ("guarantees_given", "guarantees_received")  # features: minor units, as doubles


@dataclass(frozen=True)
class Column:
    """What is shown of one column.

    Attributes:
        head: Its heading.
        cells: Its texts, not yet escaped.
        right: Whether they stand at the right.
        floor: Cells of the terminal that it cannot do without.
    """

    head: str
    cells: tuple[str, ...]
    right: bool
    floor: int

    @property
    def natural(self) -> int:
        """Cells of the terminal that it would take."""
        return max(map(cell_len, (self.head, *self.cells)))


def table(data: pa.Table, language: str, zone: str) -> None:
    """A table of results: money in major units, instants as days of a zone."""
    rows = data.slice(0, ROWS_SHOWN + 1).to_pylist()
    names = [name for name in data.column_names if _is_in(name, data.column_names, language)]
    grid_of(rows, language, zone, data.num_rows, names)


def turned(data: pa.Table, language: str, zone: str) -> None:
    """A table with a row per column of the data and a column per row, named by the first column.

    With more than TURNED_MAX rows it is not turned.
    """
    if data.num_rows > TURNED_MAX or not data.num_rows:
        table(data, language, zone)
        return
    first, *names = data.column_names
    rows = data.to_pylist()
    labels = tuple(words.heading(name, language) for name in names)
    columns = [Column("", labels, right=False, floor=max(map(cell_len, labels)))]
    for row in rows:
        cells = tuple(_cell(name, row[name], language, zone) for name in names)
        widest = max(map(cell_len, (*cells, str(row[first]))))
        columns.append(Column(str(row[first]), cells, right=True, floor=widest))
    _print(columns, language)


def grid_of(
    rows: Rows,
    language: str,
    zone: str,
    count: int | None = None,
    columns: Sequence[str] = (),
) -> None:
    """Rows under the headings of their columns; columns without any value are left out.

    Args:
        rows: At least those that are shown.
        language: "zh" or "en".
        zone: Whose days instants are shown as.
        count: How many there are; None: these.
        columns: Their names; empty: those of the first row.
    """
    console = console_now()
    if not rows:
        console.print(f"[dim]{words.word('none', language)}[/]")
        return
    shown = rows[:ROWS_SHOWN]
    names = [
        name
        for name in (columns or rows[0])
        if any(row[name] not in (None, "", []) for row in shown)
    ]
    _print([_column(name, shown, language, zone) for name in names], language)
    left = (len(rows) if count is None else count) - len(shown)
    if left > 0:
        console.print(f"[dim]{words.word('more', language, count=left)}[/]")


def _is_in(name: str, names: Sequence[str], language: str) -> bool:
    """Whether a column is shown: of a text in both languages, the one that is asked for."""
    if language == "zh":
        return f"{name.removesuffix('_en')}_zh" not in names
    return not name.endswith("_zh") and f"{name}_en" not in names


def _column(name: str, rows: Rows, language: str, zone: str) -> Column:
    cells = tuple(_cell(name, row[name], language, zone) for row in rows)
    widest = max(map(cell_len, cells))
    if any(isinstance(row[name], list) for row in rows):  # broken between its items
        widest = 1 + max(cell_len(part) for each in cells for part in each.split(", "))
    elif widest > UNBROKEN:  # broken between words, Chinese anywhere
        widest = min(UNBROKEN, max(cell_len(word) for each in cells for word in each.split()))
    head = words.heading(name, language)
    right = any(isinstance(row[name], int | float) for row in rows)
    return Column(head, cells, right, max(widest, *map(cell_len, head.split() or [""])))


def _print(columns: list[Column], language: str) -> None:
    """The columns, as many as there is room for; what was taken out is said below them."""
    console = console_now()
    notes: list[str] = []
    for shorter in (_once, _by_letters, _cut):
        if _room(columns, console.width) < sum(each.natural for each in columns):
            columns, said = shorter(columns, console.width, language)
            notes += said
    grid = Grid(box=None, header_style="bold", pad_edge=False)
    # Chinese has no blanks to break at: without folding it would be cut off.
    for column, width in zip(columns, _widths(columns, console.width), strict=True):
        justify = "right" if column.right else "left"
        grid.add_column(safe(column.head), justify=justify, width=width, overflow="fold")  # type: ignore[arg-type]  # one of two words
    for row in zip(*(column.cells for column in columns), strict=True):
        grid.add_row(*map(safe, row))
    console.print(grid)
    for note in notes:
        console.print(f"[dim]{safe(note)}[/]", soft_wrap=True)


def _room(columns: Sequence[Column], width: int) -> int:
    return width - GAP * (len(columns) - 1)


_Shorter = tuple[list[Column], list[str]]


def _once(columns: list[Column], _width: int, language: str) -> _Shorter:
    """Columns that say the same in every row are said once, but for the first."""
    same = [each for each in columns[1:] if len(each.cells) > 1 and len(set(each.cells)) == 1]
    told = words.word("colon", language).join
    said = [told([each.head, each.cells[0]]) for each in same]
    line = words.word("every_row", language, said=words.word("stop", language).join(said))
    return [each for each in columns if each not in same], [line] if said else []


def _by_letters(columns: list[Column], _width: int, _language: str) -> _Shorter:
    """Long texts that come again and again are letters, explained below."""
    notes: list[str] = []
    kept = []
    for column in columns:
        texts = list(dict.fromkeys(column.cells))
        again = len(texts) <= min(len(LETTERS) - len(notes), len(column.cells) // 2)
        if again and max(map(cell_len, texts)) > LONG:
            letter = {text: f"({LETTERS[len(notes) + at]})" for at, text in enumerate(texts)}
            notes += [f"{short} {text}" for text, short in letter.items()]
            cells = tuple(letter[text] for text in column.cells)
            kept.append(replace(column, cells=cells, floor=max(3, cell_len(column.head))))
        else:
            kept.append(column)
    return kept, notes


def _cut(columns: list[Column], width: int, language: str) -> _Shorter:
    """The last columns are left out where even folded there is no room for them."""
    kept = list(columns)
    while len(kept) > 1 and sum(each.floor for each in kept) > _room(kept, width):
        kept.pop()
    left = [each.head for each in columns[len(kept) :]]
    said = words.word("narrow", language, columns=", ".join(left))
    return kept, [said] if left else []


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """What each column gets: the widest give way first, none below its floor."""
    widths = [each.natural for each in columns]
    over = sum(widths) - _room(columns, width)
    while over > 0:
        able = [at for at, each in enumerate(columns) if widths[at] > each.floor]
        if not able:
            break
        widths[max(able, key=lambda at: widths[at])] -= 1
        over -= 1
    return widths


def _cell(name: str, value: Any, language: str, zone: str) -> str:
    if value is None:
        return ""
    if name.endswith("_minor") or name in _MONEY:
        return format_minor(int(value), "CNY")
    for sort, told in _SORTS:
        if isinstance(value, sort):
            return told(name, value, language, zone)
    return words.value(name, str(value), language)


def _number(name: str, value: float, _language: str, _zone: str) -> str:
    return f"{value:.2%}" if _SHARE.search(name) else f"{value:.4g}"


def _list(name: str, value: list[Any], language: str, _zone: str) -> str:
    shown = ", ".join(words.value(name, str(each), language) for each in value[:LISTED_MAX])
    return shown if len(value) <= LISTED_MAX else f"{shown} … +{len(value) - LISTED_MAX:,}"


_SORTS: tuple[tuple[type, Callable[[str, Any, str, str], str]], ...] = (
    (bool, lambda _name, value, _language, _zone: "✓" if value else ""),
    (float, _number),
    (datetime, lambda _name, value, _language, zone: day(value, zone)),
    (list, _list),
)


def day(instant: datetime, zone: str) -> str:
    """The day of an instant in a zone."""
    return instant.astimezone(ZoneInfo(zone)).date().isoformat()
