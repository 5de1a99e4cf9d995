"""A due-diligence report as PDF, to be printed.

Chinese is set in STSong-Light, one of the fonts that every reader of PDF has or replaces by its
own (Adobe's Asian font packs, the system's Song on others); nothing needs to be installed here.
"""

import io
from collections.abc import Sequence
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from headrace.adapters.report_words import appendix_cells, appendix_head, cited
from headrace.workflows.due_diligence import DueDiligence, Grid

FONT = "STSong-Light"
INK, SOFT, WARN = HexColor("#16191d"), HexColor("#59626d"), HexColor("#b8430d")
WIDTH = A4[0] - 36 * mm
TITLE = ParagraphStyle(
    "title", fontName=FONT, fontSize=18, leading=24, spaceAfter=6, wordWrap="CJK"
)
HEADING = ParagraphStyle(
    "heading", fontName=FONT, fontSize=13, leading=18, spaceBefore=12, spaceAfter=4, wordWrap="CJK"
)
BODY = ParagraphStyle("body", fontName=FONT, fontSize=9.5, leading=14, wordWrap="CJK")
CELL = ParagraphStyle("cell", parent=BODY, fontSize=8.5, leading=11)
FIGURE = ParagraphStyle("figure", parent=CELL, alignment=2)
MARK = ParagraphStyle("mark", parent=BODY, textColor=WARN)
APPENDIX = (0.06, 0.34, 0.1, 0.09, 0.17, 0.13, 0.11)


def pdf_bytes(report: DueDiligence) -> bytes:
    """The report as PDF: equal reports give equal bytes."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    story: list[object] = [Paragraph(escape(report.title), TITLE)]
    story += [Paragraph(escape(each), MARK) for each in report.marks]
    for number, section in enumerate(report.sections, 1):
        story.append(Paragraph(escape(f"{number}  {section.title}"), HEADING))
        for grid in section.grids:
            story += [_table(grid, None), Paragraph(cited(grid.sources), CELL), Spacer(1, 6)]
        for line in section.lines:
            box = "[&nbsp;&nbsp;] " if section.is_checklist else ""
            story.append(Paragraph(f"{box}{escape(line.text)}{cited(line.sources)}", BODY))
    story.append(Paragraph(escape(report.sources_title), HEADING))
    rows = tuple(appendix_cells(each) for each in report.sources)
    head = appendix_head(report.language)
    story.append(_table(Grid(head, rows, len(head)), APPENDIX))
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=report.title,
        author="Headrace",
        invariant=1,
    )
    foot = f"{report.marks[0]} · {report.digest}"

    def below(canvas: Canvas, page: SimpleDocTemplate) -> None:
        canvas.setFont(FONT, 7.5)
        canvas.setFillColor(SOFT)
        canvas.drawString(18 * mm, 10 * mm, foot)
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(page.page))

    document.build(story, onFirstPage=below, onLaterPages=below)
    return target.getvalue()


def _table(grid: Grid, shares: Sequence[float] | None) -> Table:
    body = [
        [
            Paragraph(escape(text), FIGURE if place >= grid.numbers else CELL)
            for place, text in enumerate(row)
        ]
        for row in (grid.head, *grid.rows)
    ]
    count = len(grid.head)
    widths = [WIDTH * each for each in shares or [1 / count] * count]
    table = Table(body, colWidths=widths, repeatRows=1)
    style = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.7, SOFT),
        ("LINEBELOW", (0, 1), (-1, -1), 0.3, HexColor("#d5dae0")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TEXTCOLOR", (0, 0), (-1, -1), INK),
        *(("LEFTPADDING", (0, 0), (-1, -1), 2), ("RIGHTPADDING", (0, 0), (-1, -1), 4)),
        *(("TOPPADDING", (0, 0), (-1, -1), 2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)),
    ]
    table.setStyle(TableStyle(style))
    return table
