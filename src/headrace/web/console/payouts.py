"""The page of payouts: what waits for a second person, what was decided; and the end of a day."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.adapters.stores.payout import State, StateError
from headrace.contracts.lending.account import Status
from headrace.errors import HeadraceError, InputError
from headrace.web import loan_views, payouts
from headrace.web.api.apply import ApplicationId, kept_of
from headrace.web.api.loans import PayoutNumber, end_days, one_payout, seen_payouts
from headrace.web.console.apply import shown_of
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.loan_words import (
    day_of,
    loan_shown,
    payout_shown,
    wish_in,
    wrong_text,
)
from headrace.web.guard import field_of, form_of, needs
from headrace.web.payouts import RefusedError
from headrace.web.problems import NoBookError, problem_of
from headrace.web.run_folder import Firm
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import services_of

router = APIRouter(include_in_schema=False)
SEE_OTHER = 303
DECIDED_SHOWN = READY_SHOWN = 50


@router.get("/book/payouts", name="payouts_page")
def payouts_page(
    request: Request, principal: Annotated[Principal, needs("loans")], done: str = ""
) -> Response:
    """Payouts that wait, and those that were decided."""
    return _drawn(request, principal, done=done)


@router.post("/apply/{application_id}/contract", name="contract_ask")
async def contract_ask(
    request: Request,
    application_id: ApplicationId,
    principal: Annotated[Principal, needs("payout")],
) -> Response:
    """Ask for the contract of an approved application; another person signs it."""
    form = await form_of(request)
    return await run_in_threadpool(_contract_asked, request, application_id, principal, form)


@router.post("/book/payouts/{number}/approve", name="payout_approve")
def payout_approve(
    request: Request,
    number: PayoutNumber,
    principal: Annotated[Principal, needs("payout_approve")],
) -> Response:
    """Approve as a second person."""
    services = services_of(request)
    one_payout(services, number, principal)
    try:
        payouts.approve(services, number, principal.user.name)
    except (InputError, RefusedError, StateError) as error:
        return _drawn(request, principal, error=error)
    return RedirectResponse("/book/payouts?done=approved", SEE_OTHER)


@router.post("/book/payouts/{number}/reject", name="payout_reject")
async def payout_reject(
    request: Request,
    number: PayoutNumber,
    principal: Annotated[Principal, needs("payout_approve")],
) -> Response:
    """Reject as a second person."""
    form = await form_of(request)
    return await run_in_threadpool(_rejected, request, number, principal, form)


@router.post("/book/end-day", name="book_end_day")
async def book_end_day(
    request: Request, principal: Annotated[Principal, needs("payout_approve")]
) -> Response:
    """End the book's day: the one that the button names, so that pressed twice it ends one."""
    form = await form_of(request)
    return await run_in_threadpool(_ended, request, principal, form)


def _ended(request: Request, principal: Principal, form: FormData) -> Response:
    services = services_of(request)
    try:
        wanted = day_of(field_of(form, "day"), "day")
        with services.book.inside() as here:
            if wanted != here.desk.book.day:
                raise InputError(
                    f"the book stands on the morning of {here.desk.book.day}",
                    where="day",
                    remedy="end that day",
                )
            end_days(services, wanted)
    except InputError as error:
        return _drawn(request, principal, error=error)
    return RedirectResponse("/book/payouts?done=ended", SEE_OTHER)


def _contract_asked(
    request: Request, application_id: str, principal: Principal, form: FormData
) -> Response:
    services, words = services_of(request), words_of(request)
    kept = kept_of(services, application_id, principal)
    shown = shown_of(services, kept, words)
    try:
        # asked twice it is asked once, and anew after it was rejected
        before = services.payouts.payouts(contract=f"L-{kept.id}", states=(State.REJECTED,))
        wish = wish_in(form, shown.answer.currency, f"sign {kept.id} {len(before)}")
        payouts.ask_contract(services, kept, wish, principal.user.name)
    except (InputError, StateError, NoBookError) as error:
        return draw(
            request,
            "apply_answer.html",
            principal,
            status=problem_of(error).status,
            shown=shown,
            sign_wrong=wrong_text(error, words),
            is_simulated=shown.answer.simulated,
        )
    return RedirectResponse("/book/payouts?done=contract", SEE_OTHER)


def _rejected(request: Request, number: int, principal: Principal, form: FormData) -> Response:
    services = services_of(request)
    one_payout(services, number, principal)
    try:
        payouts.reject(services, number, principal.user.name, field_of(form, "note"))
    except (InputError, StateError) as error:
        return _drawn(request, principal, error=error)
    return RedirectResponse("/book/payouts?done=rejected", SEE_OTHER)


def _drawn(
    request: Request,
    principal: Principal,
    *,
    done: str = "",
    error: HeadraceError | None = None,
) -> Response:
    services, words, scope = services_of(request), words_of(request), scope_of(principal)
    book = loan_views.listed(services)
    waiting = services.payouts.payouts(states=(State.ASKED, State.APPROVING), count=500)
    decided = services.payouts.payouts(states=(State.DONE, State.REJECTED), count=DECIDED_SHOWN)
    told = {
        "approved": words("book_payout_approved"),
        "contract": words("book_contract_asked"),
        "rejected": words("book_payout_rejected"),
        "ended": words("book_day_ended", day=book.day.isoformat()),
    }
    firms = {each.contract: each.name or each.party for each in book.lines}
    run = loan_views.run_or_none(services)
    known: Mapping[str, Firm] = {} if run is None else run.firms
    for each in (*waiting, *decided):  # a contract that is not signed is not in the book
        firm = known.get(each.what.party, loan_views.NOBODY)
        firms.setdefault(each.what.contract, firm.name or each.what.party)
    return draw(
        request,
        "payouts.html",
        principal,
        status=200 if error is None else problem_of(error).status,
        waiting=[payout_shown(each, words) for each in seen_payouts(services, waiting, scope)],
        decided=[payout_shown(each, words) for each in seen_payouts(services, decided, scope)],
        ready=[
            loan_shown(each, words)
            for each in book.chosen(scope, status=Status.AGREED.value)
            if each.start == book.day
        ][:READY_SHOWN],
        firms=firms,
        day=book.day.isoformat(),
        done=told.get(done, ""),
        wrong="" if error is None else wrong_text(error, words, book.day),
        is_simulated=book.simulated,
    )
