"""Routes of the API: statistics for supervisors, each with its definition and where it is from."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request

from headrace.pack import Text
from headrace.web.api.routes import NOT_THERE, REFUSALS
from headrace.web.guard import needs
from headrace.web.loan_views import position
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of
from headrace.workflows import supervision
from headrace.workflows.supervision_reports import REPORTS, report

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
Cell = int | float | Text | None


@dataclass(frozen=True)
class ReportLine:
    """A report in the list."""

    name: str
    text: Text


@dataclass(frozen=True)
class ReportSource:
    """Where a definition is from; `was_read`: whether the authors read the text itself."""

    text: Text
    was_read: bool


@dataclass(frozen=True)
class ReportColumn:
    """A column; `measure` is count, money (minor units), share, rate, tonnes or text."""

    name: str
    text: Text
    measure: str


@dataclass(frozen=True)
class ReportRow:
    """A row: a cell for each column, None where the facts do not say; how many contracts it is."""

    name: str
    text: Text
    cells: tuple[Cell, ...]
    contracts: int


@dataclass(frozen=True)
class ReportSection:
    """A table of a report."""

    name: str
    text: Text
    columns: tuple[ReportColumn, ...]
    rows: tuple[ReportRow, ...]


@dataclass(frozen=True)
class ReportFound:
    """A report; `limits` tells what the facts do not hold."""

    name: str
    text: Text
    as_of: date
    currency: str
    definition: Text
    sources: tuple[ReportSource, ...]
    limits: tuple[Text, ...]
    sections: tuple[ReportSection, ...]


@router.get("/reports", name="reports")
def reports(request: Request, _: Annotated[Principal, needs("reports")]) -> tuple[ReportLine, ...]:
    """All reports."""
    whole = position(services_of(request))
    return tuple(ReportLine(name, make(whole).text) for name, make in REPORTS.items())


@router.get("/reports/{name}", name="report", responses=NOT_THERE)
def one_report(
    request: Request,
    name: Annotated[str, Path(max_length=40)],
    _: Annotated[Principal, needs("reports")],
) -> ReportFound:
    """A report of the book as it stands: sums and shares, no borrower."""
    found = report_of(services_of(request), name)
    return ReportFound(
        found.name,
        found.text,
        found.as_of,
        found.currency,
        found.definition,
        tuple(ReportSource(each.text, each.was_read) for each in found.sources),
        found.limits,
        tuple(map(_section, found.sections)),
    )


def report_of(services: Services, name: str) -> supervision.Report:
    """A report by its name.

    Raises:
        Refused: There is none.
    """
    if name not in REPORTS:
        raise Refused(404, "There is no such report")
    whole = position(services)
    return services.book.made(f"report {name}", lambda _: report(name, whole), whole)


def _section(section: supervision.Section) -> ReportSection:
    return ReportSection(
        section.name,
        section.text,
        tuple(ReportColumn(each.name, each.text, each.measure) for each in section.columns),
        tuple(
            ReportRow(row.name, row.text, tuple(map(_cell, row.cells)), len(row.contracts))
            for row in section.rows
        ),
    )


def _cell(value: supervision.Value) -> Cell:
    return value if value is None or isinstance(value, int | Text) else float(value)
