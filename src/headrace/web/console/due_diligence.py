"""The page of a due-diligence report (尽调报告): numbers link to the facts behind them."""

from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Request, Response

from headrace.web.api.due_diligence import report_on
from headrace.web.console.drawing import draw, words_of
from headrace.web.guard import needs
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of
from headrace.workflows.due_diligence import Source

router = APIRouter(include_in_schema=False)
PartyCode = Annotated[str, Path(min_length=1, max_length=200)]


@router.get("/firms/{party}/report", name="firm_report")
def firm_report(
    request: Request, party: PartyCode, principal: Annotated[Principal, needs("firms")]
) -> Response:
    """The report as a page, with the same as DOCX and PDF."""
    services, words = services_of(request), words_of(request)
    report = report_on(services, principal, party, words.language)
    firm = f"/firms/{quote(party, safe='')}"
    download = f"/api/v1/parties/{quote(party, safe='')}/report?language={words.language}&format="
    return draw(
        request,
        "firm_report.html",
        principal,
        report=report,
        firm_path=firm,
        download=download,
        links={each.number: _facts_at(firm, each) for each in report.sources},
        is_simulated=services.run.current().about.simulated,
    )


def _facts_at(firm: str, source: Source) -> str:
    """The page of the facts behind a number; empty where no facts of the firm's own are."""
    if source.feature:
        return f"{firm}/facts?{urlencode({'feature': source.feature})}"
    return f"{firm}/facts?{urlencode({'kind': source.kind})}" if source.kind else ""
