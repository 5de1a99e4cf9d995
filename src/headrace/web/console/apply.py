"""Pages: limit by code (扫码测额), what became of an application, and a poster to scan."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from secrets import token_hex
from typing import Annotated, Any
from urllib.parse import quote

import segno
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from headrace import packs
from headrace.adapters.stores.application import Kept
from headrace.adapters.stores.payout import State
from headrace.clock import local_day
from headrace.contracts.products.fields import PURPOSES
from headrace.decisions.lending.decision import Outcome
from headrace.errors import HeadraceError, InputError
from headrace.features.definition import Unit
from headrace.money import to_minor
from headrace.pack import Pack
from headrace.web.api.apply import (
    AMOUNT_MAX,
    ApplicationAnswer,
    ApplicationRequest,
    answer_of,
    decided,
    kept_of,
    record_of,
)
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.loan_words import PayoutShown, payout_shown
from headrace.web.console.words import TEXTS, Words
from headrace.web.guard import form_of, needs, own_origin
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of
from headrace.web.signing import SIGNED
from headrace.workflows.lend import UNCERTAINTY

SEE_OTHER = 303
REASONS_SHOWN = 4
RECENT = 8
OFFERED_PURPOSES = PURPOSES[:3]  # what a firm's loan can be for; the product refuses what it must
CAMERA = {"permissions-policy": "camera=(self), geolocation=(), microphone=()"}
router = APIRouter(include_in_schema=False)
Typed = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True)
class Reason:
    """A line of the scorecard as people read it."""

    name: str
    value: str
    points: str


@dataclass(frozen=True)
class Shown:
    """An application as its page shows it; all texts are ready to be read.

    Attributes:
        answer: As the API gives it.
        firm: Name, or code.
        told: What the customer is told: what was done, why, and what to do next.
        reason: The same for the bank, in the pack's words.
        worse: What took most points.
        better: What gave most.
        rules: Rules of the policy that spoke.
        flips: What would have to be otherwise.
        findings: What the product's rules remark.
        conditions: What the offer depends on.
        figures: Approval, price and loss of this applicant, and where the limit comes from.
        terms: What would be signed.
        has_page: Whether the run knows the firm, and so has a page of it.
    """

    answer: ApplicationAnswer
    firm: str
    told: str
    reason: str
    worse: tuple[Reason, ...]
    better: tuple[Reason, ...]
    rules: tuple[str, ...]
    flips: tuple[str, ...]
    findings: tuple[str, ...]
    conditions: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]
    terms: tuple[tuple[str, str], ...]
    has_page: bool


@router.get("/apply", name="apply_page")
def apply_page(
    request: Request,
    principal: Annotated[Principal, needs("apply")],
    party: Typed = "",
    manager: Typed = "",
) -> Response:
    """The form: who, how much, what for, and the consent."""
    response = _form(request, principal, {"party": party, "manager": manager})
    response.background = BackgroundTask(_get_ready, services_of(request))
    return response


@router.get("/apply/firms", name="apply_firms")
def apply_firms(
    request: Request, principal: Annotated[Principal, needs("apply")], party: Typed = ""
) -> Response:
    """Firms that a text may mean, to be chosen from while it is typed."""
    scope = scope_of(principal)
    found = services_of(request).apply.firms().like(party, scope) if party.strip() else ()
    return draw(request, "apply_firms.html", principal, found=found)


@router.post("/apply", name="apply_form")
async def apply_form(request: Request, principal: Annotated[Principal, needs("apply")]) -> Response:
    """Decide; the answer comes into the page, or as a page of its own where there is no script."""
    form = await form_of(request)
    typed = {name: value for name, value in form.items() if isinstance(value, str)}
    return await run_in_threadpool(_answered, request, principal, typed)


@router.get("/apply/poster", name="apply_poster")
def apply_poster(request: Request, principal: Annotated[Principal, needs("apply")]) -> Response:
    """A page to print: a code that leads a colleague's phone here, in this manager's name."""
    settings = services_of(request).settings
    path = f"/apply?manager={quote(principal.user.name, safe='')}"
    link = f"{own_origin(request, settings)}{path}"
    picture = segno.make(link, error="m").svg_data_uri(scale=6, border=2)
    return draw(request, "apply_poster.html", principal, picture=picture, link=link)


@router.get("/apply/{application_id}", name="apply_answer")
def apply_answer(
    request: Request, application_id: str, principal: Annotated[Principal, needs("decisions")]
) -> Response:
    """What became of an application."""
    services = services_of(request)
    kept = kept_of(services, application_id, principal)
    shown = shown_of(services, kept, words_of(request))
    return draw(
        request,
        "apply_answer.html",
        principal,
        shown=shown,
        contract=_contract_of(services, kept, words_of(request)),
        is_simulated=shown.answer.simulated,
    )


def _contract_of(services: Services, kept: Kept, words: Words) -> PayoutShown | None:
    """The contract of an application, asked for or signed; None where none stands."""
    stands = (State.ASKED, State.APPROVING, State.DONE)
    found = services.payouts.payouts(contract=f"L-{kept.id}", states=stands)
    signed = [each for each in found if each.what.event == SIGNED]
    return payout_shown(signed[0], words) if signed else None


def _get_ready(services: Services) -> None:
    """Read what decides while the form is filled in, so that the first answer is as fast."""
    with suppress(HeadraceError):  # said when somebody applies
        services.apply.warm()


def _answered(request: Request, principal: Principal, typed: dict[str, str]) -> Response:
    services, words = services_of(request), words_of(request)
    is_part = "hx-request" in request.headers
    try:
        if typed.get("consented") != "yes":
            raise InputError(words("apply_consent_missing"), where="consent")
        kept, _ = decided(services, _asked(services, typed, words), principal)
    except HeadraceError as error:
        return _wrong(request, principal, typed, error)
    if not is_part and "decisions" in principal.may:
        return RedirectResponse(f"/apply/{kept.id}", SEE_OTHER)
    shown = shown_of(services, kept, words)
    name = "apply_part.html" if is_part else "apply_answer.html"
    return draw(
        request,
        name,
        principal,
        shown=shown,
        wrong=None,
        next_id=token_hex(12),
        is_simulated=shown.answer.simulated,
    )


def _asked(services: Services, typed: dict[str, str], words: Words) -> ApplicationRequest:
    """What the form says.

    Raises:
        InputError: The amount is none.
    """
    text = typed.get("amount", "").replace(",", "").replace("，", "").strip()
    currency = services.apply.standing().policy.economics.currency
    try:
        amount = to_minor(_ten_thousands(text) * 10_000, currency) if text else None
    except (InvalidOperation, ValueError):
        raise InputError(
            words("apply_amount_wrong"), where="amount", remedy=words("apply_amount_right")
        ) from None
    return ApplicationRequest(
        application_id=typed.get("application_id", ""),
        party=found_code(typed.get("party", "")),
        consent=typed.get("consent", ""),
        purpose=typed.get("purpose", ""),
        amount_minor=amount,
        manager=typed.get("manager", ""),
    )


def _ten_thousands(text: str) -> Decimal:
    """A number as it is typed; far larger ones are not even computed with.

    Raises:
        InvalidOperation: It is none.
        ValueError: It is too large, or no number to count with.
    """
    found = Decimal(text)
    if not found.is_finite() or abs(found) >= AMOUNT_MAX:
        raise ValueError(text)
    return found


def found_code(text: str) -> str:
    """The credit code in what a scanner read, such as the link of a business licence; else it."""
    code = re.search(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Z])",
                     text.upper())  # fmt: skip
    return code[0] if code else text


def _wrong(
    request: Request, principal: Principal, typed: dict[str, str], error: HeadraceError
) -> Response:
    if "hx-request" in request.headers:
        fresh = token_hex(12)
        return draw(request, "apply_part.html", principal, status=422, wrong=error, next_id=fresh)
    return _form(request, principal, typed, error)


def _form(
    request: Request,
    principal: Principal,
    typed: dict[str, str],
    wrong: HeadraceError | None = None,
) -> Response:
    services, words = services_of(request), words_of(request)
    recent: list[ApplicationAnswer] = []
    if "decisions" in principal.may:
        scope = scope_of(principal)
        regions = {} if scope.is_all else services.apply.firms().regions
        page = services.apply.store.page(before=None, count=RECENT)
        recent = [answer_of(services, e) for e in page if scope.sees(regions.get(e.party))]
    response = draw(
        request,
        "apply.html",
        principal,
        status=422 if wrong else 200,
        typed=typed,
        wrong=wrong,
        application_id=token_hex(12),
        consent=f"AUTH-{datetime.fromtimestamp(services.now() / 1e6, UTC):%Y%m%d-%H%M%S}",
        purposes=[(each, TEXTS[f"apply_purpose_{each}"]) for each in OFFERED_PURPOSES],
        recent=[(each, _limit(each, words)) for each in recent],
        is_simulated=services.run.current().about.simulated,
    )
    response.headers.update(CAMERA)
    return response


def shown_of(services: Services, kept: Kept, words: Words) -> Shown:
    """An application as its page shows it."""
    answer, document = answer_of(services, kept), record_of(kept)
    pack = packs.load(services.run.current().about.pack)
    decision, features = document["decision"], document.get("features", {})
    lines = [
        (each["points"], _reason(pack, each, features, answer.currency, words))
        for each in decision["points"]
    ]
    findings = document.get("findings", ())
    return Shown(
        answer=answer,
        firm=answer.name or answer.party,
        told=words(_told(answer)),
        reason=answer.reason_zh if words.language == "zh" else answer.reason_en,
        worse=tuple(line for points, line in lines if points < 0)[:REASONS_SHOWN],
        better=tuple(line for points, line in reversed(lines) if points > 0)[:REASONS_SHOWN],
        rules=tuple(
            words(
                "apply_rule", table=each["table"], row=each["row"], text=words.asked(each["text"])
            )
            for each in decision["rules"]
        ),
        flips=tuple(
            _flip(pack, each, answer.currency, words) for each in document.get("flips", ())
        ),
        findings=tuple(each[words.language] for each in findings),
        conditions=tuple(_conditions(services, answer, words)),
        figures=tuple(_figures(answer, document, words)),
        terms=tuple(_terms(document.get("terms") or {}, answer, words)),
        has_page=kept.party in services.firms.firms().parties,
    )


def _told(answer: ApplicationAnswer) -> str:
    """What a customer is told: no threshold, list or model is ever named."""
    known = f"apply_customer_{answer.reason}"
    return known if known in TEXTS else f"apply_customer_{answer.outcome.value}"


def _limit(answer: ApplicationAnswer, words: Words) -> str:
    return words.money(answer.limit_minor, answer.currency) if answer.limit_minor else ""


def _reason(
    pack: Pack, points: dict[str, Any], features: dict[str, Any], currency: str, words: Words
) -> Reason:
    name, gained = points["reason"], f"{points['points']:+.0f}"
    if name == UNCERTAINTY:
        return Reason(words("apply_uncertainty"), "", gained)
    feature = pack.feature(name)
    told = feature.zh if words.language == "zh" else feature.en
    return Reason(told, value_text(feature.unit, features.get(name), currency, words), gained)


def value_text(unit: Unit, value: float | None, currency: str, words: Words) -> str:
    """A feature's value as people read it."""
    if value is None:
        return words("unknown")
    if unit is Unit.MONEY:
        return words.money(round(value), currency)
    if unit is Unit.SHARE:
        return words.share(value)
    return f"{value:,.2f}" if unit is Unit.RATIO else f"{value:,.0f}"


def _flip(pack: Pack, flip: dict[str, Any], currency: str, words: Words) -> str:
    feature = pack.feature(flip["input"])
    return words(
        "apply_flip",
        feature=feature.zh if words.language == "zh" else feature.en,
        before=value_text(feature.unit, flip["before"], currency, words),
        after=value_text(feature.unit, flip["after"], currency, words),
        action=words(f"outcome_{flip['action']}"),
    )


def _conditions(services: Services, answer: ApplicationAnswer, words: Words) -> list[str]:
    if answer.outcome is not Outcome.APPROVE:
        return []
    told = [words("apply_until", day=answer.valid_until)]
    if answer.amount_minor is not None and answer.amount_minor > answer.limit_minor:
        asked = words.money(answer.amount_minor, answer.currency)
        told.append(words("apply_cut", asked=asked))
    purpose = TEXTS[f"apply_purpose_{answer.purpose}"].in_language(words.language)
    told.append(words("apply_use", purpose=purpose))
    until = datetime.fromisoformat(answer.facts_until)
    day = local_day(until, services.run.current().about.zone)
    return [*told, words("apply_facts_until", day=day.isoformat())]


def _figures(
    answer: ApplicationAnswer, document: dict[str, Any], words: Words
) -> list[tuple[str, str]]:
    """The three numbers of this applicant, which are never shown apart."""
    score, terms = document.get("score"), document.get("terms") or {}
    if score is None:
        return []
    ends = words("apply_interval", low=words.share(score["low"]), high=words.share(score["high"]))
    told = [(words("apply_pd"), f"{words.share(answer.probability)} ({ends})")]
    if answer.rate is not None:
        told.append((words("rate"), words.share(answer.rate, 2)))
        loss = words.money(answer.expected_loss_minor or 0, answer.currency)
        told.append((words("apply_loss"), loss))
        told.append((words("apply_take_up"), words.share(terms["take_up"])))
    told.append((words("rating"), f"{answer.rating} · {score['points']:.0f}"))
    parts = document["decision"]["limit_parts"]
    cap = words.money(parts["cap_by_turnover_minor"], answer.currency)
    told.append((words("apply_cap"), cap))
    told += _exposure(document.get("exposure"), answer.currency, words)
    room = words.money(document["book"]["room_minor"], answer.currency)
    return [*told, (words("apply_room"), room)]


def _exposure(told: dict[str, Any] | None, currency: str, words: Words) -> list[tuple[str, str]]:
    """What firm and group owe already, and what is left of the limit; nothing in old records."""
    if told is None:
        return []
    own, group = told["own_minor"], told["group_minor"]
    day = told["day"] or words("unknown")
    lines = [(words("apply_owes", day=day), words.money(own, currency))]
    if told["group"] is not None:
        name = words("apply_group_owes", group=told["group"])
        lines.append((name, words.money(group, currency)))
    return [*lines, (words("apply_available"), words.money(told["available_minor"], currency))]


def _terms(terms: dict[str, Any], answer: ApplicationAnswer, words: Words) -> list[tuple[str, str]]:
    if not terms:
        return []
    money = {
        name: words.money(terms[f"{name}_minor"], answer.currency)
        for name in ("first_payment", "last_payment", "interest")
    }
    return [
        (words("apply_method"), words(f"apply_method_{terms['method']}")),
        (words("apply_first_due"), terms["first_due"]),
        (words("apply_first_payment"), money["first_payment"]),
        (words("apply_maturity"), terms["maturity"]),
        (words("apply_last_payment"), money["last_payment"]),
        (words("apply_interest"), money["interest"]),
    ]
