"""Decision tables as XLSX workbooks, one sheet a table.

A policy must say what a person sees in it, so whatever shows one thing and holds another is refused
with the name of its sheet and cell: formulas, errors, cells merged over several rows, macros. The
archive is unpacked here, within bounds, and the spreadsheet library is given what was unpacked: no
file can grow behind its back.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from unicodedata import east_asian_width
from xml.parsers import expat

import python_calamine as calamine
import xlsxwriter

from headrace.adapters.sheets import CREATED
from headrace.decisions.dmn.xml import read_xml
from headrace.decisions.feel.printing import digits
from headrace.decisions.tables.grid import Row, write_grid
from headrace.decisions.tables.table import Table
from headrace.errors import MappingError

UNPACKED_MAX = 32 * 2**20  # bytes
ENTRIES_MAX = 1_000
CELLS_MAX = 500_000  # rows times columns of a sheet
CHARACTERS_MAX = 32_767  # of a cell, in Excel
NAME_MAX = 31  # characters of a sheet's name, in Excel
TEXT_FORMAT = 49  # "@", by the number Excel has for it
REMARKS_FROZEN = 12  # more rows above the header would leave no room to scroll
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError)
REMEDY = "Open it in a spreadsheet program, remove any password, save it as .xlsx"

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\]")
_WIDTHS = (8, 50)
_REMARK = {"font_color": "#606060", "bg_color": "#EFEFEF"}
_BODY = {"num_format": TEXT_FORMAT, "text_wrap": True, "valign": "top", "border": 1}
_COLOURS = {
    "in": {"bg_color": "#EAF2FB", "border_color": "#B8CCE4"},
    "out": {"bg_color": "#EAF6EA", "border_color": "#B9D8B9"},
    "note": {"bg_color": "#FFFBE6", "border_color": "#E6DCA8"},
}


# --- reading --------------------------------------------------------------------------------------


def read_workbook(content: bytes, file: str) -> Mapping[str, list[Row]]:
    """The rows of each sheet that has any, as `read_grid` takes them.

    Args:
        content: An XLSX file.
        file: Its name, for errors.

    Raises:
        MappingError: Naming sheet and cell: it is no workbook, is larger than a policy needs to
            be, or holds something that is not what it shows.
    """
    parts = _unpacked(content, file)
    if any(name.lower().endswith("vbaproject.bin") for name in parts):
        raise MappingError("The workbook has macros", where=file, remedy="Save it as .xlsx")
    titles = _sheet_titles(parts, file)
    for name, part in parts.items():
        if b"worksheet" in part:  # wherever the part stands in the archive
            _check_sheet(part, f"{file}, sheet {titles.get(name, name)}")
    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(_packed(parts)))
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in workbook.sheet_names
        }
    except (calamine.CalamineError, OSError, ValueError, IndexError) as error:
        problem = f"The workbook cannot be read: {error}"
        raise MappingError(problem, where=file, remedy=REMEDY) from error
    found = {name: list(_rows(rows, f"{file}, sheet {name}")) for name, rows in sheets.items()}
    return {name: rows for name, rows in found.items() if rows}


def _unpacked(content: bytes, file: str) -> dict[str, bytes]:
    parts: dict[str, bytes] = {}
    left = UNPACKED_MAX
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > ENTRIES_MAX:
                raise MappingError(f"The workbook has {len(entries):,} parts", where=file)
            for entry in entries:
                if entry.compress_type not in _PACKINGS:
                    raise MappingError("The workbook is packed as none is", where=file)
                with archive.open(entry) as part:
                    parts[entry.filename] = part.read(left + 1)
                left -= len(parts[entry.filename])
                if left < 0:
                    problem = f"The workbook unpacks to more than {UNPACKED_MAX:,} bytes"
                    raise MappingError(problem, where=file, remedy="Keep only the policy's sheets")
    except (*_DAMAGE, RuntimeError, OSError, ValueError) as error:
        problem = "The file is no XLSX workbook, or it is damaged or has a password"
        raise MappingError(problem, where=file, remedy=REMEDY) from error
    return parts


def _packed(parts: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def _sheet_titles(parts: Mapping[str, bytes], file: str) -> dict[str, str]:
    """The name of the sheet that each part of the archive holds, as far as it is told."""
    with suppress(MappingError, KeyError):
        book = read_xml(parts["xl/workbook.xml"], file)
        links = read_xml(parts["xl/_rels/workbook.xml.rels"], file)
        targets = {each.get("Id"): each.get("Target").lstrip("/") for each in links.children}
        return {
            f"xl/{targets.get(identifier, '').removeprefix('xl/')}": sheet.get("name")
            for each in book.all("sheets")
            for sheet in each.all("sheet")
            for key, identifier in sheet.attributes.items()
            if key.endswith(" id")
        }
    return {}


def _check_sheet(part: bytes, where: str) -> None:
    check = _SheetCheck(where)
    try:
        check.parser.Parse(part, True)  # noqa: FBT003 - expat takes it by position
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise MappingError(
            "The sheet is not well-formed XML", where=where, remedy=REMEDY
        ) from error


class _SheetCheck:
    """Takes the events of a sheet's XML; refuses what the library would pass over in silence."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._cell = self._root = ""
        self._row = self._column = self._rows = self._columns = 0
        self.parser = expat.ParserCreate(None, " ")
        self.parser.StartElementHandler = self._start
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        self._root = self._root or tag
        match tag if self._root == "worksheet" else "":
            case "row":
                told = attributes.get("r", "")
                self._row, self._column = int(told) if told.isdecimal() else self._row + 1, 0
            case "c":
                self._column += 1
                self._grow(attributes.get("r", f"{_letters(self._column)}{self._row}"))
                if attributes.get("t") == "e":
                    self._refuse("The cell holds an error", "Write the value that is meant")
            case "f":
                self._refuse("The cell holds a formula", "Copy it and paste its value")
            case "mergeCell":
                self._check_merged(attributes.get("ref", ""))

    def _grow(self, place: str) -> None:
        self._cell = place
        found = _PLACE.fullmatch(place)
        if not found:
            self._refuse(f"There is no cell {place[:20]}", REMEDY)
        else:
            self._row, self._column = int(found[2]), _number(found[1])
        self._rows, self._columns = max(self._rows, self._row), max(self._columns, self._column)
        if self._rows * self._columns > CELLS_MAX:
            problem = f"The sheet reaches to row {self._rows:,} and column {self._columns:,}"
            self._refuse(problem, "Delete the rows and columns beyond the table")

    def _check_merged(self, ref: str) -> None:
        rows = {found[2] for found in map(_PLACE.fullmatch, ref.split(":")) if found}
        if len(rows) > 1:
            self._cell = ref
            problem = "Cells are merged over several rows: only the first would have the value"
            self._refuse(problem, "Unmerge them and write the value in each row")

    def _doctype(self, *_declared: object) -> None:
        self._refuse("The sheet declares a document type", REMEDY)

    def _refuse(self, problem: str, remedy: str) -> None:
        where = f"{self._where}, cell {self._cell}" if self._cell else self._where
        raise MappingError(problem, where=where, remedy=remedy)


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _rows(rows: Sequence[Sequence[Any]], where: str) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        cells = [
            _text(cell, f"{where}, cell {_letters(place)}{number}")
            for place, cell in enumerate(row, 1)
        ]
        if any(cells):
            yield number, cells


def _text(cell: object, where: str) -> str:
    """A cell as a person would type it; a spreadsheet's number has 15 digits."""
    match cell:
        case str():
            return cell.strip()
        case bool():
            return str(cell).lower()
        case int() | float():
            return digits(Decimal(f"{cell:.15g}"))
        case datetime() | date():
            return cell.isoformat()
        case time():
            return f'@"{cell.isoformat()}"'
    remedy = 'Write it as text, such as @"P1DT2H"'
    raise MappingError(
        f"The cell holds {cell!r}, which is no value of a policy", where=where, remedy=remedy
    )


# --- writing --------------------------------------------------------------------------------------


def write_workbook(tables: Mapping[str, Table], names: Collection[str] = ()) -> bytes:
    """A workbook with a sheet for each table; equal tables give equal bytes.

    Every cell is text, so that a spreadsheet turns no `1-2` into a date and no `0012` into 12.

    Args:
        tables: By the name of the sheet, which is made to fit Excel.
        names: What cells refer to, beside the inputs of their table.

    Raises:
        MappingError: A cell cites a name that is not plain words nor in `names`, or holds more
            characters than Excel lets it.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    taken: set[str] = set()
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": CREATED})
        styles = _styles(book)
        for name, table in tables.items():
            _write_sheet(book.add_worksheet(_sheet_name(name, taken)), table, names, styles)
    return buffer.getvalue()


def _styles(book: Any) -> dict[str, Any]:
    styles = {"remark": book.add_format({**_REMARK, "num_format": TEXT_FORMAT})}
    for role, colours in _COLOURS.items():
        styles[role] = book.add_format({**_BODY, **colours})
        styles[f"{role} header"] = book.add_format({**_BODY, **colours, "bold": True, "bottom": 2})
    return styles


def _write_sheet(
    sheet: Any, table: Table, names: Collection[str], styles: Mapping[str, Any]
) -> None:
    rows = write_grid(table, names)
    header = len(rows) - len(table.rules) - 1
    roles = [cell.partition(":")[0] for cell in rows[header]]
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            style = "remark" if number < header else roles[place]
            _write(
                sheet,
                (number, place),
                cell,
                styles[f"{style} header" if number == header else style],
                table,
            )
    for place in range(len(roles)):
        longest = max(_width(line) for row in rows[header:] for line in row[place].split("\n"))
        sheet.set_column(place, place, min(max(longest + 2, _WIDTHS[0]), _WIDTHS[1]))
    if header <= REMARKS_FROZEN:
        sheet.freeze_panes(header + 1, 0)


def _width(line: str) -> int:
    """How many Latin letters are as wide: a Chinese character is two."""
    return sum(1 + (east_asian_width(character) in "WF") for character in line)


def _write(sheet: Any, cell: tuple[int, int], text: str, style: Any, table: Table) -> None:
    if len(text) > CHARACTERS_MAX:
        where = f"{table.file or table.name}, cell {_letters(cell[1] + 1)}{cell[0] + 1}"
        problem = f"The cell has {len(text):,} characters"
        raise MappingError(problem, where=where, remedy=f"Excel takes at most {CHARACTERS_MAX:,}")
    if text:
        sheet.write_string(*cell, text, style)
    else:
        sheet.write_blank(*cell, None, style)


def _sheet_name(wanted: str, taken: set[str]) -> str:
    """A name that Excel takes and no other sheet has; the table's own stands in its first row."""
    plain = _NOT_IN_NAMES.sub("_", wanted).strip("' ")[:NAME_MAX] or "table"
    name, count = plain, 1
    while name.lower() in taken or name.lower() == "history":  # a name that Excel keeps to itself
        count += 1
        name = f"{plain[: NAME_MAX - len(str(count)) - 1]} {count}"
    taken.add(name.lower())
    return name


class Workbooks:
    """The port of the workflows: `read_workbook` and `write_workbook`."""

    def read(self, content: bytes, file: str) -> Mapping[str, list[Row]]:
        """See `read_workbook`."""
        return read_workbook(content, file)

    def write(self, tables: Mapping[str, Table], names: Collection[str]) -> bytes:
        """See `write_workbook`."""
        return write_workbook(tables, names)
