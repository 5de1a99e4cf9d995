"""Routes of the API: a decision on one firm now, what it was made of, and its proof."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from headrace import packs
from headrace.adapters.stores.application import Kept
from headrace.decisions.lending.decision import Outcome
from headrace.evidence.canonical import parse_object
from headrace.pack import Pack, Text
from headrace.web.api.bodies import body
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.routes import NOT_THERE, REFUSALS, AfterPage, PageSize
from headrace.web.attachment import attachment
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of
from headrace.workflows.apply import REASONS, TEXT_MAX, Application

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
ApplicationId = Annotated[str, Path(max_length=64, description="As it was sent")]
AMOUNT_MAX = 10**15


@body
class ApplicationRequest:
    """What a firm asks for.

    Attributes:
        application_id: Chosen by the sender: sent twice, it is decided once.
        party: Code, credit code or name of the firm.
        consent: Reference of its written consent (授权书); without it nothing is read.
        purpose: Such as working_capital.
        amount_minor: Asked for, minor units; None: as much as there is.
        manager: Account manager who brought the firm.
    """

    application_id: str
    party: str
    consent: str
    purpose: str = "working_capital"
    amount_minor: int | None = None
    manager: str = ""


@dataclass(frozen=True)
class ApplicationAnswer:
    """What became of an application. Money is in minor units.

    Attributes:
        application_id: As it was sent.
        party: Code of the firm.
        name: Of the firm; None: not known.
        at: When, microseconds since 1970, UTC.
        by: Who sent it.
        amount_minor: Asked for; None: as much as there is.
        purpose: What for.
        outcome: approve, refer or decline.
        reason: Its code.
        reason_en: What it says.
        reason_zh: The same in Chinese.
        currency: Of all money here.
        limit_minor: 0 unless approved.
        rate: Yearly; None unless approved, as are all that follow up to `valid_until`.
        term_months: How long.
        payment_minor: The first month's payment.
        valid_until: The last day of the offer.
        probability: Of default over the term; None: it could not be computed.
        rating: Class.
        expected_loss_minor: Expected loss on it, after take-up; None unless approved.
        owed_minor: What the firm owed, or might still draw, when it was decided: it is taken off.
            None where nothing is known of the firm; so are the two that follow.
        owed_by_group_minor: What its group owed, itself included; None too where groups were not
            looked for.
        available_minor: What was left of the limit that its trade supports.
        policy_version: In the policy store; None: the pack's own.
        facts_until: Up to when facts were known.
        simulated: Whether the data are made up.
    """

    application_id: str
    party: str
    name: str | None
    at: int
    by: str
    amount_minor: int | None
    purpose: str
    outcome: Outcome
    reason: str
    reason_en: str
    reason_zh: str
    currency: str
    limit_minor: int
    rate: Decimal | None
    term_months: int | None
    payment_minor: int | None
    valid_until: date | None
    probability: float | None
    rating: str | None
    expected_loss_minor: int | None
    owed_minor: int | None
    owed_by_group_minor: int | None
    available_minor: int | None
    policy_version: int | None
    facts_until: str
    simulated: bool


@dataclass(frozen=True)
class ApplicationPage:
    """Some applications, newest first; `next` is None on the last page."""

    items: tuple[ApplicationAnswer, ...]
    next: str | None


@dataclass(frozen=True)
class Replayed:
    """Whether deciding again gave the same bytes."""

    application_id: str
    same: bool


@router.post(
    "/applications",
    name="apply",
    status_code=201,
    responses={200: {"model": ApplicationAnswer, "description": "Sent before"}},
)
def apply(
    request: Request,
    response: Response,
    asked: ApplicationRequest,
    principal: Annotated[Principal, needs("apply")],
) -> ApplicationAnswer:
    """Decide on one firm now. Sent again under the same id, it gives the same answer."""
    kept, is_new = decided(services_of(request), asked, principal)
    response.status_code = 201 if is_new else 200
    return answer_of(services_of(request), kept)


@router.get("/applications", name="applications")
def applications(
    request: Request,
    principal: Annotated[Principal, needs("decisions")],
    party: Annotated[str | None, Query(max_length=TEXT_MAX, description="Of one firm")] = None,
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> ApplicationPage:
    """Applications and what became of them, newest first."""
    services = services_of(request)
    before = position_after(cursor, "applications") - 1 if cursor else None
    found = services.apply.store.page(before=before, count=limit + 1, party=party)
    shown, scope = found[:limit], scope_of(principal)
    further = str(Cursor("applications", shown[-1].number)) if len(found) > limit else None
    regions = {} if scope.is_all else services.apply.firms().regions
    seen = [each for each in shown if scope.sees(regions.get(each.party))]
    return ApplicationPage(tuple(answer_of(services, each) for each in seen), further)


@router.get("/applications/{application_id}", name="application", responses=NOT_THERE)
def application(
    request: Request,
    application_id: ApplicationId,
    principal: Annotated[Principal, needs("decisions")],
) -> ApplicationAnswer:
    """One application."""
    services = services_of(request)
    return answer_of(services, kept_of(services, application_id, principal))


@router.get(
    "/applications/{application_id}/explanation",
    name="application_explanation",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, **NOT_THERE},
)
def explanation(
    request: Request,
    application_id: ApplicationId,
    principal: Annotated[Principal, needs("decisions")],
) -> Response:
    """All of the record, to the byte what evidence commits to: features, points, rules, prices."""
    kept = kept_of(services_of(request), application_id, principal)
    return Response(kept.record, media_type="application/json")


@router.get("/applications/{application_id}/replay", name="application_replay", responses=NOT_THERE)
def replay(
    request: Request,
    application_id: ApplicationId,
    principal: Annotated[Principal, needs("decisions")],
) -> Replayed:
    """Decide again by the same facts, card, policy and prices, and compare the bytes."""
    services = services_of(request)
    kept = kept_of(services, application_id, principal)
    return Replayed(kept.id, services.apply.replay(kept))


@router.get(
    "/applications/{application_id}/receipt",
    name="application_receipt",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, **NOT_THERE},
)
def receipt(
    request: Request,
    application_id: ApplicationId,
    principal: Annotated[Principal, needs("evidence")],
) -> Response:
    """Proof of one application, to be given to the firm; `headrace verify --receipt` checks it."""
    services = services_of(request)
    kept = kept_of(services, application_id, principal)
    found = services.apply.store.receipt(kept.id)
    assert found is not None  # noqa: S101 - it is kept
    return attachment(found.to_json(), f"receipt-{kept.id}.json", "application/json")


def decided(
    services: Services, asked: ApplicationRequest, principal: Principal
) -> tuple[Kept, bool]:
    """Decide, or find what was decided under the same id; and whether it is new.

    Raises:
        InputError: It cannot be decided on; says why and what would be right.
        Refused: The firm may not be known of.
    """
    scope = scope_of(principal)
    party = services.apply.named(asked.party, scope)
    known = services.apply.firms().by_party
    if party in known:
        scope.require(party, services.apply.firms().regions)
    kept, is_new = services.apply.apply(
        Application(
            application_id=asked.application_id,
            party=party,
            amount_minor=asked.amount_minor,
            purpose=asked.purpose,
            consent=asked.consent,
            by=principal.user.name,
            at=services.now(),
            manager=asked.manager,
        )
    )
    if is_new:
        services.hooks.tell("decision.made", {"application": asked.application_id})
    return kept, is_new


def kept_of(services: Services, application_id: str, principal: Principal) -> Kept:
    """An application that somebody may know of.

    Raises:
        Refused: There is none.
    """
    known = application_id.isascii() and application_id.isprintable()
    kept = services.apply.store.one(application_id) if known else None
    scope = scope_of(principal)
    if kept is None or not (
        scope.is_all or scope.sees(services.apply.firms().regions.get(kept.party))
    ):
        raise Refused(404, "There is no such application")
    return kept


def answer_of(services: Services, kept: Kept) -> ApplicationAnswer:
    """What became of an application."""
    document = record_of(kept)
    pack = packs.load(services.run.current().about.pack)
    asked, decision = document["application"], document["decision"]
    terms, exposure = document.get("terms") or {}, document.get("exposure") or {}
    text = reason_of(pack, decision["reasons"][0])
    return ApplicationAnswer(
        application_id=kept.id,
        party=kept.party,
        name=_name_of(services, kept.party),
        at=kept.at,
        by=kept.by,
        amount_minor=asked["amount_minor"],
        purpose=asked["purpose"],
        outcome=Outcome(kept.outcome),
        reason=decision["reasons"][0],
        reason_en=text.en,
        reason_zh=text.zh,
        currency=decision["currency"],
        limit_minor=kept.limit_minor,
        rate=None if decision["rate"] is None else Decimal(decision["rate"]),
        term_months=decision["term_months"],
        payment_minor=terms.get("first_payment_minor"),
        valid_until=date.fromisoformat(kept.valid_until) if kept.valid_until else None,
        probability=decision["pd"],
        rating=decision["rating"],
        expected_loss_minor=terms.get("expected_loss_minor"),
        owed_minor=exposure.get("own_minor"),
        owed_by_group_minor=exposure.get("group_minor"),
        available_minor=exposure.get("available_minor"),
        policy_version=document["policy_version"],
        facts_until=document["facts_until"],
        simulated=document["simulated"],
    )


def _name_of(services: Services, party: str) -> str | None:
    known = services.run.current().firms.get(party)
    if known is not None:
        return known.name
    came = services.apply.firms().by_party.get(party)  # after the run, or nobody knows it
    return came.name if came else None


def record_of(kept: Kept) -> dict[str, Any]:
    """The record of an application as an object."""
    return parse_object(kept.record.encode()) or {}


def reason_of(pack: Pack, code: str) -> Text:
    """What a reason says; its code where nobody has words for it."""
    known = {} if pack.lending is None else pack.lending.reasons
    return REASONS.get(code) or known.get(code) or Text(code, code)
