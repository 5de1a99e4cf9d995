"""Policies as workbooks: what a person sees is what is read, or the cell is named."""

import io
import re
import struct
import time
import zipfile
import zlib
from datetime import datetime, timedelta
from datetime import time as time_of_day

import pytest
import xlsxwriter

from headrace.adapters.policy_sheets import (
    CELLS_MAX,
    CHARACTERS_MAX,
    UNPACKED_MAX,
    Workbooks,
    read_workbook,
    write_workbook,
)
from headrace.decisions.tables.grid import read_grid
from headrace.decisions.tables.sheet import read_csv
from headrace.errors import HeadraceError, MappingError

CSV = '''# table,access
# hit policy,FIRST
# zh,谁可以借款
in:rating,in:x,out:outcome,out:n,note:why
"A, B",1-2,"""0012""",3,"first line
second line"
D,2026-01-01,'''


def workbook(fill, **options) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **options}) as book:
        fill(book, book.add_worksheet("Access rules"))
    return buffer.getvalue()


def cells(*rows):
    def fill(book, sheet):
        for number, row in enumerate(rows):
            for place, cell in enumerate(row):
                sheet.write(number, place, cell)

    return fill


def repacked(content: bytes, change, packing=zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", packing) as new,
    ):
        for name in old.namelist():
            for other, part in change(name, old.read(name)):
                new.writestr(other, part)
    return buffer.getvalue()


def with_sheet(change) -> bytes:
    plain = workbook(cells(["a", 1], ["b", 2]))
    name = "xl/worksheets/sheet1.xml"
    return repacked(plain, lambda n, part: [(n, change(part) if n == name else part)])


def test_a_workbook_that_a_person_typed_is_read_as_it_looks():
    def fill(book, sheet):
        cells(["# table", "access"], ["# hit policy", "F"], [], ["in:a", "in:b", "out:c"])(
            book, sheet
        )
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for row, value in enumerate([3.0, 0.1, 0.1 + 0.2, -5, 1e21, 1e-7, 12345678901234], 4):
            sheet.write_number(row, 0, value)
            sheet.write_string(row, 2, "x")
        sheet.write_boolean(4, 1, True)
        sheet.write_datetime(5, 1, datetime(2026, 1, 1), day)  # noqa: DTZ001 - a sheet has no zone
        sheet.write_datetime(6, 1, datetime(2026, 1, 1, 12, 30), moment)  # noqa: DTZ001 - the same
        sheet.write_datetime(7, 1, time_of_day(12, 30), book.add_format({"num_format": "hh:mm"}))
        sheet.write_string(8, 1, "  text  ")

    (rows,) = read_workbook(workbook(fill), "p.xlsx").values()
    numbers = [number for number, _ in rows]
    assert numbers == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    found = [row for _, row in rows[3:]]
    assert [row[0] for row in found] == [
        *("3", "0.1", "0.3", "-5", "1000000000000000000000", "0.0000001", "12345678901234"),
    ]
    assert [row[1] for row in found[:5]] == [
        *("true", "2026-01-01", "2026-01-01T12:30:00", '@"12:30:00"', "text"),
    ]
    assert read_grid(rows, "p.xlsx").rules[0].row == 5


def test_tables_are_written_and_read_in_several_sheets():
    table = read_csv(CSV + "refer,,\n", "access.csv")
    tables = {"access": table, "ACCESS": table, "a/b:c*d?" + "e" * 40: table, "history": table}
    content = write_workbook(tables)
    assert content == write_workbook(tables)
    sheets = read_workbook(content, "p.xlsx")
    assert list(sheets) == ["access", "ACCESS 2", "a_b_c_d_" + "e" * 23, "history 2"]
    assert all(read_grid(rows, "p.xlsx") == table for rows in sheets.values())
    assert Workbooks().read(Workbooks().write(tables, ()), "p.xlsx") == sheets


def test_every_cell_is_text_and_the_header_is_frozen():
    content = write_workbook({"access": read_csv(CSV + "refer,,\n", "access.csv")})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
    kinds = set(re.findall(r'<c [^>]*?(?:t="(\w)")?(?:/>|><v>)', sheet))
    assert kinds == {"s", ""}  # shared texts and blanks, no numbers
    assert re.search(r'<pane ySplit="4"[^>]*state="frozen"', sheet)
    assert 'numFmtId="49"' in styles  # the format "text"


@pytest.mark.parametrize(
    ("fill", "problem", "where"),
    [
        (lambda b, s: s.write_formula("B7", "=1+1", None, 2), "a formula", "Access rules, cell B7"),
        (lambda b, s: s.write_formula("A1", "=1/0", None, "#DIV/0!"), "an error", "cell A1"),
        (lambda b, s: s.merge_range("A5:A8", "D"), "merged over several rows", "cell A5:A8"),
        (lambda b, s: s.write_array_formula("A1:A2", "{=B1:B2}"), "a formula", "cell A1"),
        (lambda b, s: s.write("XFD1048576", 1), "reaches to row 1,048,576", "cell XFD1048576"),
        (lambda b, s: s.write("A600000", 1), "reaches to row 600,000", "cell A600000"),
        (
            lambda b, s: s.write_datetime(
                "C2", timedelta(1, 3), b.add_format({"num_format": "[h]:mm"})
            ),
            "no value of a policy",
            "sheet Access rules, cell C2",
        ),
    ],
)
def test_what_shows_one_thing_and_holds_another_is_refused(fill, problem, where):
    with pytest.raises(MappingError) as caught:
        read_workbook(workbook(fill), "p.xlsx")
    assert problem in caught.value.problem
    assert caught.value.where.startswith("p.xlsx, sheet Access rules")
    assert caught.value.where.endswith(where)
    assert caught.value.remedy


def test_cells_merged_within_a_row_are_a_title():
    content = workbook(lambda b, s: s.merge_range("A1:C1", "# Rules of 2026"))
    assert read_workbook(content, "p.xlsx") == {"Access rules": [(1, ["# Rules of 2026"])]}


def test_macros_are_refused():
    content = repacked(
        workbook(cells(["a"])), lambda n, part: [(n, part), (f"xl/{n}/vbaProject.bin", b"x")]
    )
    with pytest.raises(MappingError, match="macros"):
        read_workbook(content, "p.xlsm")


def test_a_cell_longer_than_excel_takes_is_refused():
    table = read_csv(CSV.replace("first line", "n" * CHARACTERS_MAX) + "refer,,\n", "access.csv")
    with pytest.raises(MappingError, match=r"access\.csv, cell E5"):
        write_workbook({"access": table})


def bomb() -> bytes:
    buffer = io.BytesIO(workbook(cells(["a"])))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/big.bin", bytes(50 * 2**20))
    return buffer.getvalue()


def lying(content: bytes) -> bytes:
    """An archive whose parts unpack to more than they say."""
    return content.replace(struct.pack("<L", 50 * 2**20), struct.pack("<L", 10))


DOCTYPE = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 not an archive",
        b"in:a,out:b\n1,2\n",
        bomb(),
        lying(bomb()),
        repacked(workbook(cells(["a"])), lambda n, part: [], zipfile.ZIP_STORED),
        repacked(workbook(cells(["a"])), lambda n, part: [(n, part)], zipfile.ZIP_BZIP2),
        repacked(workbook(cells(["a"])), lambda n, part: [(f"{n}{i}", b"") for i in range(200)]),
        workbook(cells(["a"]))[:-30],
        workbook(cells(["a"]))[:1500],
        with_sheet(lambda part: part[:-20]),
        with_sheet(lambda part: part.replace(b"<worksheet", DOCTYPE)),
        with_sheet(lambda part: part.replace(b'r="A1"', b'r="AAAAAA99999999999"')),
        with_sheet(lambda part: part.replace(b'r="A1"', b'r="a1"')),
        with_sheet(lambda part: part.replace(b'r="A2"', b'r="ZZZ9999999"')),
        with_sheet(lambda part: part.replace(b"<v>0</v>", b"<v>99999999</v>")),
        with_sheet(lambda part: b"<a>" * 100_000 + part),
    ],
    ids=range(17),
)
def test_hostile_workbooks_end_in_an_error_at_once(content):
    began = time.perf_counter()
    try:
        rows = read_workbook(content, "p.xlsx")
    except HeadraceError as error:
        assert "p.xlsx" in error.where  # noqa: PT017 - a reading that can still be right may pass
    else:
        assert sum(len(row) for sheet in rows.values() for _, row in sheet) < 10
    assert time.perf_counter() - began < 3


def test_a_sheet_elsewhere_in_the_archive_is_checked_too():
    content = workbook(lambda b, s: s.write_formula("B7", "=1+1", None, 2))
    moved = repacked(
        content,
        lambda n, part: [(n.replace("worksheets", "w"), part.replace(b"worksheets/", b"w/"))],
    )
    with pytest.raises(MappingError, match="a formula"):
        read_workbook(moved, "p.xlsx")


def test_bounds_are_wide_enough_for_a_policy():
    table = read_csv(CSV + "refer,,\n" + "D,3,x,1,\n" * 3000, "access.csv")
    content = write_workbook({"access": table})
    (rows,) = read_workbook(content, "p.xlsx").values()
    assert len(rows) == 3 + 1 + 2 + 3000
    assert len(rows) * 5 < CELLS_MAX
    assert len(zlib.compress(content)) < UNPACKED_MAX
