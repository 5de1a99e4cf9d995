"""Routes of the API: due-diligence reports drafted from facts."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from headrace import packs
from headrace.adapters.dossier import dossier_of
from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json
from headrace.facts.consent import readable
from headrace.facts.localtime import instant_of
from headrace.web.api.routes import NOT_THERE, REFUSALS
from headrace.web.attachment import attachment
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.security.reading import masked
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of
from headrace.workflows.due_diligence import DueDiligence, due_diligence

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
PartyCode = Annotated[str, Path(min_length=1, max_length=200, description="Code of the firm")]
Form = Literal["json", "docx", "pdf"]
TYPES = {
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}


@router.get(
    "/parties/{party}/report",
    name="party_report",
    response_class=Response,
    responses={
        200: {"content": {each: {} for each in TYPES.values()}, "description": "The draft"},
        **NOT_THERE,
    },
)
def party_report(
    request: Request,
    party: PartyCode,
    principal: Annotated[Principal, needs("firms")],
    form: Annotated[Form, Query(alias="format", description="What of")] = "json",
    language: Annotated[
        Literal["zh", "en"] | None, Query(description="None: the service's")
    ] = None,
) -> Response:
    """A due-diligence report on a firm: a draft in which every number names the facts behind it."""
    services = services_of(request)
    report = report_on(services, principal, party, language or services.settings.language)
    if form == "json":
        content = canonical_json(asdict(report))
    else:
        content = _written(report, form, instant_of(services.now()))
    return attachment(content, f"report-{report.digest}.{form}", TYPES[form])


def _written(report: DueDiligence, form: str, made: datetime) -> bytes:
    """As a document. What writes it is loaded when somebody asks: it takes a third of a second."""
    if form == "docx":
        from headrace.adapters.report_docx import docx_bytes  # noqa: PLC0415 - see above

        return docx_bytes(report, made)
    from headrace.adapters.report_pdf import pdf_bytes  # noqa: PLC0415 - see above

    return pdf_bytes(report)


def report_on(services: Services, principal: Principal, party: str, language: str) -> DueDiligence:
    """The report on a firm as somebody may read it.

    Raises:
        Refused: There is no such firm, or it may not be known of.
    """
    run = services.run.current()
    scope_of(principal).require(party, run.regions)
    leave = services.leave_to("firms")
    try:
        dossier = dossier_of(
            services.workspace.folder("run"),
            party,
            packs.load(run.about.pack),
            run.digest,
            lambda facts: masked(readable(facts, leave).facts, principal.user.roles),
        )
    except InputError as error:
        if error.where == party:
            raise Refused(404, "There is no such firm") from error
        raise
    return due_diligence(dossier, language, principal.user.name)
