"""Pages of reports: the list, one report with its definition, files for Excel."""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request, Response

from headrace.pack import Text
from headrace.web.api.reports import report_of
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.tables import download
from headrace.web.console.words import Words
from headrace.web.guard import needs
from headrace.web.loan_views import listed, position
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of
from headrace.workflows.supervision import (
    Column,
    Report,
    Row,
    Section,
    Value,
    section_table,
)
from headrace.workflows.supervision_reports import REPORTS

router = APIRouter(include_in_schema=False)
SUMS = frozenset({"all", "inclusive", "stated", "bad", "top"})
Name = Annotated[str, Path(max_length=40)]


@dataclass(frozen=True)
class ReportRow:
    """A row ready to be read; `href` leads to its contracts, empty where there are none."""

    text: str
    cells: tuple[tuple[str, bool], ...]
    is_sum: bool
    href: str


@dataclass(frozen=True)
class ReportPart:
    """A table of a report, ready to be read."""

    name: str
    text: str
    note: str
    heads: tuple[tuple[str, bool], ...]
    rows: tuple[ReportRow, ...]


@router.get("/reports", name="reports_page")
def reports_page(request: Request, principal: Annotated[Principal, needs("reports")]) -> Response:
    """All reports."""
    services, words = services_of(request), words_of(request)
    whole = position(services)
    made = [make(whole) for make in REPORTS.values()]
    return draw(
        request,
        "reports.html",
        principal,
        reports=[(each.name, words.of(each.text), words.of(each.definition)) for each in made],
        as_of=whole.as_of.isoformat(),
        is_simulated=listed(services).simulated,
    )


@router.get("/reports/{name}", name="report_page")
def report_page(
    request: Request, name: Name, principal: Annotated[Principal, needs("reports")]
) -> Response:
    """One report."""
    services, words = services_of(request), words_of(request)
    found = report_of(services, name)
    may_drill = "loans" in principal.may
    return draw(
        request,
        "report.html",
        principal,
        name=name,
        title=words.of(found.text),
        as_of=found.as_of.isoformat(),
        definition=words.of(found.definition),
        sources=[
            (words.of(each.text), words("report_read" if each.was_read else "report_unread"))
            for each in found.sources
        ],
        limits=[words.of(each) for each in found.limits],
        parts=[_part(found, each, words, may_drill=may_drill) for each in found.sections],
        is_simulated=listed(services).simulated,
    )


@router.get("/reports/{name}/{section}.{kind}", name="report_file")
def report_file(
    request: Request,
    name: Name,
    section: Name,
    kind: Literal["xlsx", "csv"],
    _: Annotated[Principal, needs("reports")],
) -> Response:
    """A table of a report, for Excel."""
    words = words_of(request)
    found = report_of(services_of(request), name)
    for each in found.sections:
        if each.name == section:
            headings = {
                f"{column.name}_minor" if column.measure == "money" else column.name: words.of(
                    column.text
                )
                for column in each.columns
            }
            headings |= {"line_en": words("report_line_en"), "line_zh": words("report_line_zh")}
            stem = f"{name}-{section}-{found.as_of}"
            return download(section_table(each), headings, stem, kind=kind, currency=found.currency)
    raise Refused(404, "There is no such table in this report")


def _part(report: Report, section: Section, words: Words, *, may_drill: bool) -> ReportPart:
    return ReportPart(
        section.name,
        words.of(section.text),
        words.of(section.note) if section.note else "",
        tuple((words.of(each.text), each.measure != "text") for each in section.columns),
        tuple(_row(report, section, row, words, may_drill=may_drill) for row in section.rows),
    )


def _row(report: Report, section: Section, row: Row, words: Words, *, may_drill: bool) -> ReportRow:
    query = urlencode({"row": f"{report.name}/{section.name}/{row.name}"})
    cells = tuple(
        (_cell(value, column, report.currency, words), column.measure != "text")
        for value, column in zip(row.cells, section.columns, strict=True)
    )
    href = f"/book/loans?{query}" if may_drill and row.contracts else ""
    return ReportRow(words.of(row.text), cells, row.name in SUMS, href)


def _cell(value: Value, column: Column, currency: str, words: Words) -> str:
    """A cell; what the facts do not say is a dash, which is not zero."""
    if value is None:
        return "–"
    if isinstance(value, Text):
        return words.of(value)
    if column.measure == "money":
        return words.money(int(value), currency)
    if column.measure == "count":
        return words.count(int(value))
    if column.measure == "tonnes":
        return f"{float(value):,.1f}"
    return words.share(value, 2)
