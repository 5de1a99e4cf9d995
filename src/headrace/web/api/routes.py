"""Routes of the API: who I am, decisions, the audit."""

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from headrace.decisions.lending.decision import Decision, Outcome
from headrace.web.api.pages import PAGE, PAGE_MAX, Cursor, position_after
from headrace.web.guard import needs
from headrace.web.problems import MEDIA_TYPE, Problem, Refused
from headrace.web.run_folder import Firm, Run
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

PROBLEM = TypeAdapter(Problem).json_schema()
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"content": {MEDIA_TYPE: {"schema": PROBLEM}}, "description": why}
    for status, why in (
        (401, "Not signed in"),
        (403, "Not permitted"),
        (409, "Not as things are"),
        (422, "Does not fit"),
        (429, "Too fast"),
    )
}
NOT_THERE: dict[int | str, dict[str, Any]] = {
    404: {"content": {MEDIA_TYPE: {"schema": PROBLEM}}, "description": "Not there"}
}
router = APIRouter(prefix="/api/v1", responses=REFUSALS)

AfterPage = Annotated[str | None, Query(max_length=64, description="`next` of the page before")]
PageSize = Annotated[int, Query(ge=1, le=PAGE_MAX, description="At most so many")]


@dataclass(frozen=True)
class Me:
    """Who asks, and what they may."""

    name: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class DecisionLine:
    """A decision in a list; all of it is under its id. Money is in minor units."""

    decision_id: str
    party: str
    name: str | None
    industry: str | None
    as_of: date
    outcome: Outcome
    currency: str
    limit_minor: int
    rate: Decimal | None
    rating: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class DecisionPage:
    """Some decisions, in the order of the run; `next` is None on the last page."""

    items: tuple[DecisionLine, ...]
    next: str | None


@dataclass(frozen=True)
class AuditLine:
    """One line of the audit; `at` is in microseconds since 1970, UTC."""

    number: int
    at: int
    who: str
    act: str
    about: str
    address: str
    request: str


@dataclass(frozen=True)
class AuditPage:
    """Some lines of the audit, newest first; `next` is None on the last page."""

    items: tuple[AuditLine, ...]
    next: str | None


@router.get("/openapi.json", name="openapi", include_in_schema=False)
def openapi(request: Request) -> JSONResponse:
    """What this API can do, for people and generators of clients."""
    return JSONResponse(request.app.openapi())


@router.get("/me", name="me")
def me(principal: Annotated[Principal, needs("account")]) -> Me:
    """Who asks, and what they may."""
    return Me(principal.user.name, principal.user.roles, tuple(sorted(principal.may)))


@router.get("/decisions", name="decisions")
def decisions(
    request: Request,
    _: Annotated[Principal, needs("decisions")],
    outcome: Annotated[Outcome | None, Query(description="Only these")] = None,
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> DecisionPage:
    """Decisions of the run, a page at a time."""
    run = services_of(request).run.current()
    start = position_after(cursor, run.digest)
    found = [
        at
        for at in range(start, len(run.decisions))
        if outcome in (None, run.decisions[at].outcome)
    ][: limit + 1]
    shown = found[:limit]
    further = str(Cursor(run.digest, shown[-1])) if len(found) > limit else None
    return DecisionPage(tuple(_line(run, at) for at in shown), further)


@router.get(
    "/decisions/{decision_id}",
    name="decision",
    response_class=Response,
    responses={
        200: {"model": Decision, "description": "The record, to the byte what evidence proves"},
        304: {"description": "Not changed"},
        **NOT_THERE,
    },
)
def decision(
    request: Request,
    decision_id: Annotated[str, Path(max_length=200)],
    _: Annotated[Principal, needs("decisions")],
) -> Response:
    """One decision: its canonical bytes, of which the ETag is the SHA-256."""
    run = services_of(request).run.current()
    if decision_id not in run.positions:
        raise Refused(404, "There is no such decision in this run")
    record = run.records[run.positions[decision_id]]
    tag = f'"{hashlib.sha256(record).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(record, media_type="application/json", headers=headers)


@router.get("/audit", name="audit")
def audit(
    request: Request,
    _: Annotated[Principal, needs("audit")],
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> AuditPage:
    """Who did and read what, newest first."""
    before = position_after(cursor, "audit") - 1 if cursor else None
    found = services_of(request).store.entries(before=before, count=limit + 1)
    shown = found[:limit]
    further = str(Cursor("audit", shown[-1].number)) if len(found) > limit else None
    return AuditPage(tuple(AuditLine(**vars(each)) for each in shown), further)


def _line(run: Run, at: int) -> DecisionLine:
    found = run.decisions[at]
    firm = run.firms.get(found.party, Firm(None, None))
    return DecisionLine(
        decision_id=found.decision_id,
        party=found.party,
        name=firm.name,
        industry=firm.industry,
        as_of=found.as_of,
        outcome=found.outcome,
        currency=found.currency,
        limit_minor=found.limit_minor,
        rate=found.rate,
        rating=found.rating,
        reasons=found.reasons,
    )


def _has(given: str, tag: str) -> bool:
    """Whether a client already has this version; weak tags compare as strong ones (RFC 9110)."""
    known = {each.strip().removeprefix("W/") for each in given.split(",")}
    return "*" in known or tag in known
