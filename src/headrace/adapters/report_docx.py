"""A due-diligence report as DOCX, to be completed by its author."""

import io
from datetime import UTC, datetime

from docx import Document
from docx.document import Document as DocumentFile
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from headrace.adapters.report_words import appendix_cells, appendix_head, cited
from headrace.workflows.due_diligence import DueDiligence, Grid

LATIN, CHINESE = "Calibri", "宋体"
RED = RGBColor(0xB8, 0x43, 0x0D)


def docx_bytes(report: DueDiligence, made: datetime) -> bytes:
    """The report as DOCX.

    Args:
        report: What it says.
        made: When, UTC; it stands in the file's properties.
    """
    document = Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = LATIN, Pt(10.5)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), CHINESE)
    for level in (0, 1):
        heading = document.styles["Title" if level == 0 else f"Heading {level}"]
        heading.font.name = LATIN
        heading.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), CHINESE)
    properties = document.core_properties
    properties.title, properties.author = report.title, "Headrace"
    properties.created = properties.modified = made.astimezone(UTC).replace(tzinfo=None)
    document.add_heading(report.title, 0)
    for mark in (*report.marks, report.digest):
        document.add_paragraph().add_run(mark).font.color.rgb = RED
    for number, section in enumerate(report.sections, 1):
        document.add_heading(f"{number} {section.title}", 1)
        for grid in section.grids:
            _table(document, grid)
        for line in section.lines:
            box = "☐ " if section.is_checklist else ""
            document.add_paragraph(f"{box}{line.text}{cited(line.sources)}")
    document.add_heading(report.sources_title, 1)
    head = appendix_head(report.language)
    rows = tuple(appendix_cells(each) for each in report.sources)
    _table(document, Grid(head, rows, len(head)))
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def _table(document: DocumentFile, grid: Grid) -> None:
    table = document.add_table(rows=1, cols=len(grid.head), style="Light Grid Accent 1")
    for cell, text in zip(table.rows[0].cells, grid.head, strict=True):
        cell.text = text
    for row in grid.rows:
        for place, (cell, text) in enumerate(zip(table.add_row().cells, row, strict=True)):
            cell.text = text
            if place >= grid.numbers:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph(cited(grid.sources))
