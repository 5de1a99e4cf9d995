"""Routes of the API: who I am, decisions."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
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
from headrace.web.security.scope import Scope, scope_of
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
    principal: Annotated[Principal, needs("decisions")],
    outcome: Annotated[Outcome | None, Query(description="Only these")] = None,
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> DecisionPage:
    """Decisions of the run, a page at a time; of firms that one may know of."""
    run, scope = services_of(request).run.current(), scope_of(principal)
    start = position_after(cursor, run.digest)
    found = list(islice(_places(run, scope, outcome, start), limit + 1))
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
    principal: Annotated[Principal, needs("decisions")],
) -> Response:
    """One decision: its canonical bytes, of which the ETag is the SHA-256."""
    run = services_of(request).run.current()
    at = position_seen(run, decision_id, scope_of(principal))
    return tagged(request, run.records[at])


def all_lines(run: Run, scope: Scope, outcome: Outcome | None) -> list[DecisionLine]:
    """All decisions of a run that somebody may know of, in its order; None: of any outcome."""
    return [_line(run, at) for at in _places(run, scope, outcome, 0)]


def _places(run: Run, scope: Scope, outcome: Outcome | None, start: int) -> Iterator[int]:
    for at in range(start, len(run.decisions)):
        found = run.decisions[at]
        if outcome in (None, found.outcome) and scope.sees(run.regions.get(found.party)):
            yield at


def position_seen(run: Run, decision_id: str, scope: Scope) -> int:
    """Where a decision stands in the run.

    Raises:
        Refused: There is none, or it is about a firm that one may not know of.
    """
    at = run.positions.get(decision_id)
    if at is None or not scope.sees(run.regions.get(run.decisions[at].party)):
        raise Refused(404, "There is no such decision in this run")
    return at


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


def tagged(request: Request, content: bytes) -> Response:
    """JSON with its tag, the SHA-256 of it; the tag alone for who has it already."""
    tag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if has_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def has_tag(given: str, tag: str) -> bool:
    """Whether a client already has this version; weak tags compare as strong ones (RFC 9110)."""
    known = {each.strip().removeprefix("W/") for each in given.split(",")}
    return "*" in known or tag in known
