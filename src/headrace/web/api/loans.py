"""Routes of the API: contracts, acts on them, payouts that two people answer for, the end of a day.

Money is in minor units. A request that changes something carries a key: with the same key it is
done once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from headrace.adapters.stores.payout import Payout, State
from headrace.contracts.lending.account import Status
from headrace.contracts.lending.owed import Quote
from headrace.contracts.lending.terms import PRINCIPAL_MAX
from headrace.errors import InputError
from headrace.web import loan_views, payouts
from headrace.web.api.apply import ApplicationId, kept_of
from headrace.web.api.bodies import body
from headrace.web.api.pages import PAGE, PAGE_MAX, Cursor, position_after
from headrace.web.api.routes import NOT_THERE, REFUSALS, AfterPage, PageSize, has_tag
from headrace.web.guard import needs
from headrace.web.loan_views import ContractLine, Single
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import Scope, scope_of
from headrace.web.services import Services, services_of
from headrace.web.signing import Wish
from headrace.workflows.loan_requests import Given

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
Class = Literal["normal", "special_mention", "substandard", "doubtful", "loss"]
DAYS_AT_ONCE = 31
NUMBER_MAX = 2**53
NOT_CHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "Not changed"}}
ContractId = Annotated[str, Path(max_length=200, description="Id of the contract")]
PayoutNumber = Annotated[int, Path(ge=1, le=NUMBER_MAX, description="Of the payout")]
Key = Annotated[str, Field(min_length=1, max_length=payouts.KEY_MAX)]
Amount = Annotated[int, Field(ge=1, le=PRINCIPAL_MAX)]


@dataclass(frozen=True)
class ContractPage:
    """Some contracts, those longest overdue first; `next` is None on the last page.

    `day` is the morning the book stands on.
    """

    day: date
    simulated: bool
    items: tuple[ContractLine, ...]
    next: str | None


@dataclass(frozen=True)
class Instalment:
    """What is to be paid on a day."""

    number: int
    due: date
    pay_on: date
    principal_minor: int
    interest_minor: int
    fee_minor: int
    payment_minor: int


@dataclass(frozen=True)
class LoggedEvent:
    """Something that was recorded about a contract; `amount_minor` is None where it has none."""

    entry: int
    key: str
    kind: str
    on: date
    known_at: int
    amount_minor: int | None


@dataclass(frozen=True)
class Clearing:
    """What clears a loan on a day, part by part; a deposit is taken off."""

    on: date
    fee_minor: int
    compound_minor: int
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    accrued_minor: int
    prepayment_fee_minor: int
    balance_minor: int
    deposit_minor: int
    total_minor: int


@dataclass(frozen=True)
class ContractDetail:
    """One contract: how it stands, its terms, what is to come, what happened, what clears it.

    `clearing` is None where nothing is owed.
    """

    day: date
    simulated: bool
    contract: ContractLine
    decision_id: str
    product: str
    terms: Mapping[str, Any]
    schedule: tuple[Instalment, ...]
    events: tuple[LoggedEvent, ...]
    clearing: Clearing | None


@body
class Act:
    """Something to be done with a contract.

    `on` None: the book's day. `until` and `rate` are of an extension, `name` is of a fee.
    """

    act: str
    key: Key
    on: date | None = None
    amount_minor: Amount | None = None
    until: date | None = None
    rate: Annotated[Decimal, Field(ge=0, le=1)] | None = None
    name: Annotated[str, Field(max_length=60)] = ""

    @property
    def given(self) -> Given:
        """What was filled in."""
        return Given(self.act, self.on, self.amount_minor, self.until, self.rate, self.name)


@body
class ContractRequest:
    """What is to be signed of an approved application.

    Attributes:
        key: The asker's own: with the same key it is asked for once.
        amount_minor: At most what was approved; None: all of it.
        start: On which it is paid out; None: the book's day.
    """

    key: Key
    amount_minor: Amount | None = None
    start: date | None = None


@dataclass(frozen=True)
class Acted:
    """What became of an act; `entry` is None where it had been recorded before, under its key."""

    existed: bool
    entry: int | None
    postings: int
    contract: ContractLine


@dataclass(frozen=True)
class PayoutLine:
    """A payout, or another act that a second person approves. Times are microseconds since 1970.

    `state` is asked, approving, done or rejected; who decided is None while nobody has.
    """

    number: int
    contract: str
    party: str
    act: str
    amount_minor: int
    currency: str
    key: str
    asked_by: str
    asked: int
    state: State
    decided_by: str | None
    decided: int | None
    note: str


@dataclass(frozen=True)
class PayoutPage:
    """Some payouts, newest first; `next` is None on the last page."""

    items: tuple[PayoutLine, ...]
    next: str | None


@body
class Rejection:
    """Why somebody says no."""

    note: Annotated[str, Field(min_length=1, max_length=payouts.NOTE_MAX)]


@body
class DayEnd:
    """Which days to end: all up to `until`, or the book's day where it is None."""

    until: date | None = None


@dataclass(frozen=True)
class DaysEnded:
    """How many days were ended, and the morning on which the book stands now."""

    days: int
    day: date


@dataclass(frozen=True)
class Wanted:
    """Which contracts of a list."""

    grade: Annotated[Class | None, Query(description="Only of this class")] = None
    status: Annotated[Status | None, Query(description="Only these")] = None
    party: Annotated[str | None, Query(max_length=200, description="Code, or part of a name")] = (
        None
    )
    cursor: AfterPage = None
    limit: PageSize = PAGE


@router.get("/contracts", name="contracts", response_model=ContractPage, responses=NOT_CHANGED)
def contracts(
    request: Request,
    response: Response,
    principal: Annotated[Principal, needs("loans")],
    wanted: Annotated[Wanted, Depends()],
) -> Any:
    """Contracts of the book, a page at a time; of borrowers that one may know of."""
    found = loan_views.listed(services_of(request))
    chosen = found.chosen(
        scope_of(principal), grade=wanted.grade, status=wanted.status, party=wanted.party
    )
    start = position_after(wanted.cursor, found.state)
    shown = chosen[start : start + wanted.limit]
    more = start + wanted.limit < len(chosen)
    further = str(Cursor(found.state, start + wanted.limit - 1)) if more else None
    if _is_known(request, response, found.state, principal):
        return Response(status_code=304, headers=dict(response.headers))
    return ContractPage(found.day, found.simulated, shown, further)


@router.get(
    "/contracts/{contract}",
    name="contract",
    response_model=ContractDetail,
    responses=NOT_THERE | NOT_CHANGED,
)
def contract(
    request: Request,
    response: Response,
    contract: ContractId,
    principal: Annotated[Principal, needs("loans")],
    on: Annotated[date | None, Query(description="What clears it on this day")] = None,
) -> Any:
    """One contract: how it stands, terms, what is to come, what happened, what clears it."""
    found = loan_views.single(services_of(request), contract, principal)
    quoted = found.quote(on)
    if _is_known(request, response, found.state, principal):
        return Response(status_code=304, headers=dict(response.headers))
    return _detail(found, quoted)


@router.post(
    "/contracts/{contract}/acts", name="act_on_contract", status_code=201, responses=NOT_THERE
)
def act_on_contract(
    request: Request,
    contract: ContractId,
    principal: Annotated[Principal, needs("payout")],
    act: Act,
) -> Acted:
    """Record what one person may: money that comes in, and what makes a loan stricter."""
    services = services_of(request)
    loan_views.single(services, contract, principal)
    done = payouts.act(services, contract, act.given, act.key)
    line = loan_views.single(services, contract, principal).line
    return Acted(done.existed, done.number, done.posted, line)


@router.post(
    "/contracts/{contract}/payouts", name="ask_payout", status_code=201, responses=NOT_THERE
)
def ask_payout(
    request: Request,
    contract: ContractId,
    principal: Annotated[Principal, needs("payout")],
    act: Act,
) -> PayoutLine:
    """Ask for what a second person has to approve: payout, draw, refund, extension, write-off."""
    services = services_of(request)
    loan_views.single(services, contract, principal)
    asked = payouts.ask(services, contract, act.given, act.key, principal.user.name)
    return payout_line(asked)


@router.post(
    "/applications/{application_id}/contract",
    name="ask_contract",
    status_code=201,
    responses=NOT_THERE,
)
def ask_contract(
    request: Request,
    application_id: ApplicationId,
    principal: Annotated[Principal, needs("payout")],
    asked: ContractRequest,
) -> PayoutLine:
    """Ask for the contract of an approved application; a second person signs it as a payout."""
    services = services_of(request)
    kept = kept_of(services, application_id, principal)
    wish = Wish(asked.amount_minor, asked.start, asked.key)
    return payout_line(payouts.ask_contract(services, kept, wish, principal.user.name))


@router.get("/payouts", name="payouts")
def list_payouts(
    request: Request,
    principal: Annotated[Principal, needs("loans")],
    state: Annotated[State | None, Query(description="Only in this state")] = None,
    cursor: AfterPage = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE,
) -> PayoutPage:
    """Payouts, newest first, of borrowers that one may know of."""
    services = services_of(request)
    before = position_after(cursor, "payouts") - 1 if cursor else None
    states = () if state is None else (state,)
    found = services.payouts.payouts(states=states, before=before, count=limit + 1)
    shown = found[:limit]
    further = str(Cursor("payouts", shown[-1].number)) if len(found) > limit else None
    seen = seen_payouts(services, shown, scope_of(principal))
    return PayoutPage(tuple(map(payout_line, seen)), further)


@router.post("/payouts/{number}/approve", name="approve_payout", responses=NOT_THERE)
def approve_payout(
    request: Request,
    number: PayoutNumber,
    principal: Annotated[Principal, needs("payout_approve")],
) -> PayoutLine:
    """Approve as a second person: the money goes out on the ledger."""
    services = services_of(request)
    one_payout(services, number, principal)
    return payout_line(payouts.approve(services, number, principal.user.name))


@router.post("/payouts/{number}/reject", name="reject_payout", responses=NOT_THERE)
def reject_payout(
    request: Request,
    number: PayoutNumber,
    principal: Annotated[Principal, needs("payout_approve")],
    rejection: Rejection,
) -> PayoutLine:
    """Reject as a second person, and say why."""
    services = services_of(request)
    one_payout(services, number, principal)
    found = payouts.reject(services, number, principal.user.name, rejection.note)
    return payout_line(found)


@router.post("/book/end-day", name="end_book_day")
def end_book_day(
    request: Request,
    _: Annotated[Principal, needs("payout_approve")],
    given: DayEnd,
) -> DaysEnded:
    """End days of the book: interest of the night, what falls due, classes at a month's end."""
    return end_days(services_of(request), given.until)


def end_days(services: Services, until: date | None) -> DaysEnded:
    """End days of the book, up to a month at once.

    Raises:
        InputError: The day has ended, or is more than a month ahead.
    """
    with services.book.inside() as here:
        today = here.desk.book.day
        assert today is not None  # noqa: S101 - a book in the room has one
        if until is not None and (until - today).days >= DAYS_AT_ONCE:
            raise InputError(
                f"at most {DAYS_AT_ONCE} days at once",
                where="until",
                remedy=f"the book stands on the morning of {today}",
            )
        days = services.book.end_days(until, services.now())
        after = here.desk.book.day
    assert after is not None  # noqa: S101 - it only moves on
    return DaysEnded(days, after)


def one_payout(services: Services, number: int, principal: Principal) -> Payout:
    """A payout that somebody may know of.

    Raises:
        Refused: There is none.
    """
    found = services.payouts.payout(number)
    if found is None or not seen_payouts(services, (found,), scope_of(principal)):
        raise Refused(404, "There is no such payout")
    return found


def seen_payouts(services: Services, found: tuple[Payout, ...], scope: Scope) -> tuple[Payout, ...]:
    """Those of borrowers that may be known of."""
    run = loan_views.run_or_none(services)
    regions: Mapping[str, str | None] = {} if run is None else run.regions
    return tuple(each for each in found if scope.sees(regions.get(each.what.party)))


def payout_line(payout: Payout) -> PayoutLine:
    """A payout as it is listed."""
    what = payout.what
    return PayoutLine(
        payout.number, what.contract, what.party, what.event, what.amount, what.currency, what.key,
        payout.asked_by, payout.asked, payout.state, payout.decided_by, payout.decided,
        payout.note,
    )  # fmt: skip


def _detail(found: Single, quoted: Quote | None) -> ContractDetail:
    signed = found.loan.contract
    return ContractDetail(
        day=found.day,
        simulated=found.simulated,
        contract=found.line,
        decision_id=signed.decision_id,
        product=signed.product,
        terms=msgspec.to_builtins(signed.terms),
        schedule=tuple(
            Instalment(r.number, r.due, r.pay_on, r.principal, r.interest, r.fee, r.payment)
            for r in found.rows
        ),
        events=tuple(
            LoggedEvent(e.number, e.id, e.kind, e.on, e.known_at, amount_in(e.content))
            for e in found.happened
        ),
        clearing=None if quoted is None else _clearing(quoted),
    )


def amount_in(content: bytes) -> int | None:
    """The amount that an event names; None where it names none."""
    told = msgspec.json.decode(content)
    amount = told.get("amount") if isinstance(told, dict) else None
    return amount if isinstance(amount, int) else None


def _clearing(found: Quote) -> Clearing:
    parts = (
        found.fee, found.compound, found.penalty, found.interest, found.principal, found.accrued,
        found.prepayment_fee, found.balance, found.deposit, found.total,
    )  # fmt: skip
    return Clearing(found.on, *parts)


def _is_known(request: Request, response: Response, state: str, principal: Principal) -> bool:
    """Whether the client has this version; what is sent may be kept by it alone."""
    seen = repr((principal.user.name, scope_of(principal).regions)).encode()
    tag = f'"{state}-{sha256(seen).hexdigest()[:16]}"'
    response.headers["etag"] = tag
    response.headers["cache-control"] = "private, no-cache"
    return has_tag(request.headers.get("if-none-match", ""), tag)
