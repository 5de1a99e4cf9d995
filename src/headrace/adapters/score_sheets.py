"""A points card as a spreadsheet: XLSX and CSV that open in Excel, and back to a card.

The workbook has three sheets: the bins, one a row, in which points and extents may be edited; the
scale, to read; and the card itself as text, against which the first sheet is read back. A CSV file
holds the first alone: reading it takes the card it was written from.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xlsxwriter

from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.sheets import CREATED
from headrace.errors import InputError
from headrace.scores.binning.bins import BinKind
from headrace.scores.cards.codec import card_from_json, card_to_json
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.cards.table import COLUMNS, CardRow, Cell, card_rows
from headrace.scores.cards.table_reading import SheetRow, card_of_rows

BINS_SHEET, SCALE_SHEET, CARD_SHEET = "card 评分卡", "scale 刻度", "saved 存档"
CHARACTERS_MOST = 32_767  # of a cell, in Excel
PIECE = 30_000
LABEL_MOST = 200  # labels are for people
FORMATS = {"rows": "#,##0.##", "bad_rate": "0.00%", "woe": "0.0000", "iv": "0.0000", "points": "0"}
Sheets = Mapping[str, Sequence[tuple[int, Sequence[str]]]]
EDITABLE = ("from", "to", "categories", "points")
WIDTHS = {"feature": 22, "label": 24, "label_zh": 24, "categories": 30}
HEADER = tuple(f"{name} {chinese}" for name, chinese in COLUMNS.items())


def write_card_xlsx(card: PointsCard) -> bytes:
    """The workbook; equal cards give equal bytes.

    Raises:
        InputError: If a bin has more categories than a cell of Excel holds.
    """
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": CREATED})
        _write_bins(book, card_rows(card))
        _write_scale(book, card)
        saved = book.add_worksheet(CARD_SHEET)
        text = card_to_json(card)
        for row, start in enumerate(range(0, len(text), PIECE)):
            # Bars keep the spaces at both ends, which reading a cell takes off.
            saved.write_string(row, 0, f"|{text[start : start + PIECE]}|")
    return buffer.getvalue()


def write_card_csv(card: PointsCard) -> bytes:
    """The bins as CSV in UTF-8, with the mark by which Excel knows it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in card_rows(card):
        writer.writerow(["" if cell is None else _text(cell) for cell in row.cells])
    return buffer.getvalue().encode("utf-8-sig")


def read_card_xlsx(content: bytes, file: str, *, who: str = "", why: str = "") -> PointsCard:
    """The card of a workbook, with what was edited in it.

    Args:
        content: An XLSX file that `write_card_xlsx` wrote.
        file: Its name, for errors.
        who: Edited it.
        why: In their words.

    Raises:
        InputError: Naming file, sheet, row and column.
    """
    sheets = _sheets(content, file)
    where = f"{file}, sheet {BINS_SHEET}"
    rows = list(_rows(sheets[BINS_SHEET], where))
    return card_of_rows(_kept(sheets), rows, who=who, why=why)


def card_kept_in(content: bytes, file: str) -> PointsCard:
    """The card that a workbook was written from, before anything was edited in it.

    Raises:
        InputError: As `read_card_xlsx`.
    """
    return _kept(_sheets(content, file))


def _kept(sheets: Sheets) -> PointsCard:
    pieces = [cells[0] for _, cells in sheets[CARD_SHEET]]
    return card_from_json("".join(piece[1:-1] for piece in pieces))


def _sheets(content: bytes, file: str) -> Sheets:
    sheets = read_workbook(content, file)
    for name in (BINS_SHEET, CARD_SHEET):
        if name not in sheets:
            raise InputError(
                f"there is no sheet {name!r}",
                where=file,
                remedy="the workbook as it was written, with all its sheets",
            )
    return sheets


def read_card_csv(
    content: bytes, file: str, card: PointsCard, *, who: str = "", why: str = ""
) -> PointsCard:
    """The card with what was edited in its CSV file.

    Args:
        content: In UTF-8, or in GB18030 as Excel in China saves it.
        file: Its name, for errors.
        card: From which the file was written.
        who: Edited it.
        why: In their words.

    Raises:
        InputError: Naming file, row and column.
    """
    reader = csv.reader(io.StringIO(_decoded(content, file), newline=""))
    try:
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        where = f"{file}, row {reader.line_num}"
        raise InputError(f"the file is no CSV: {error}", where=where) from error
    filled = [(number, cells) for number, cells in rows if any(cells)]
    return card_of_rows(card, list(_rows(filled, file)), who=who, why=why)


def _decoded(content: bytes, file: str) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(
        "the text is neither UTF-8 nor GB18030", where=file, remedy="save it as CSV UTF-8"
    )


def _rows(rows: Sequence[tuple[int, Sequence[str]]], where: str) -> Iterator[SheetRow]:
    """Rows under the header; a column is known by the first word of its heading."""
    heading = [cell.split(" ")[0] for cell in rows[0][1]] if rows else []
    absent = [name for name in COLUMNS if name not in heading]
    if absent or len(set(heading) - {""}) < len([name for name in heading if name]):
        raise InputError(
            f"the header lacks {', '.join(absent)}" if absent else "a heading stands twice",
            where=f"{where}, row {rows[0][0] if rows else 1}",
            remedy=f"these headings, once each: {', '.join(HEADER)}",
        )
    places = {name: heading.index(name) for name in COLUMNS}
    for number, cells in rows[1:]:
        padded = [*cells, *[""] * (len(heading) - len(cells))]
        yield SheetRow(where, number, {name: padded[at] for name, at in places.items()})


def _text(cell: str | float) -> str:
    """A cell of a CSV file; a double as its shortest text that reads back to it."""
    return cell if isinstance(cell, str) else repr(cell)


def _write_bins(book: Any, rows: Sequence[CardRow]) -> None:
    sheet = book.add_worksheet(BINS_SHEET)
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    styles = [
        book.add_format(
            {"num_format": FORMATS.get(name, "General")}
            | ({"bg_color": "#FFFBE6"} if name in EDITABLE else {"font_color": "#606060"})
        )
        for name in COLUMNS
    ]
    for at, (name, heading) in enumerate(zip(COLUMNS, HEADER, strict=True)):
        sheet.write_string(0, at, heading, bold)
        sheet.set_column(at, at, WIDTHS.get(name, 12))
    for number, row in enumerate(rows, start=1):
        for at, cell in enumerate(row.cells):
            _write(sheet, (number, at), _fitting(cell, HEADER[at], row), styles[at])
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(rows), len(COLUMNS) - 1)


def _fitting(cell: Cell, heading: str, row: CardRow) -> Cell:
    """A cell that Excel takes; a label may be cut, what is read back may not."""
    if not isinstance(cell, str) or len(cell) <= LABEL_MOST:
        return cell
    if heading.startswith("label") and row.kind != BinKind.SPECIAL.value:
        return f"{cell[: LABEL_MOST - 1]}…"
    if len(cell) > CHARACTERS_MOST:
        raise InputError(
            f"a cell of {len(cell):,} characters",
            where=f"feature {row.feature}, {heading}",
            remedy=f"Excel takes at most {CHARACTERS_MOST:,}: write CSV, or pool rare categories",
        )
    return cell


def _write(sheet: Any, place: tuple[int, int], cell: Cell, style: Any) -> None:
    if cell is None or cell == "":
        sheet.write_blank(*place, None, style)
    elif isinstance(cell, str):
        sheet.write_string(*place, cell, style)
    else:
        sheet.write_number(*place, cell, style)


def _write_scale(book: Any, card: PointsCard) -> None:
    """What the points mean, and what was changed by hand: to read, not to edit."""
    sheet = book.add_worksheet(SCALE_SHEET)
    scale = card.scale
    told: list[tuple[str, Cell]] = [
        ("points_base 基准分", scale.points_base),
        ("odds_base 基准好坏比", scale.odds_base),
        ("points_to_double 翻倍分 PDO", scale.points_to_double),
        ("rounding 取整", scale.rounding.value),
        ("base_points 基础分位置", scale.base_points.value),
        *(
            (f"rating {name} 评级：最高违约概率", most)
            for name, most in zip(card.rating.classes, card.rating.pd_max, strict=True)
        ),
        *(
            (
                f"edit 人工修改 {edit.feature}",
                f"{edit.before} → {edit.after} ({edit.who}: {edit.why})",
            )
            for edit in card.edits
        ),
    ]
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 40)
    for row, (name, value) in enumerate(told):
        sheet.write_string(row, 0, name)
        _write(sheet, (row, 1), value, None)
