"""The page of payouts: what waits for a second person, what was decided; and the end of a day."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.adapters.payout_store import State, StateError
from headrace.contracts.lending.account import Status
from headrace.errors import HeadraceError, InputError
from headrace.web import loan_views, payouts
from headrace.web.api.loans import PayoutNumber, end_days, one_payout, seen_payouts
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.loan_words import loan_shown, payout_shown, wrong_text
from headrace.web.guard import field_of, form_of, needs
from headrace.web.payouts import RefusedError
from headrace.web.problems import problem_of
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
def book_end_day(
    request: Request, principal: Annotated[Principal, needs("payout_approve")]
) -> Response:
    """End the book's day."""
    end_days(services_of(request), None)
    return RedirectResponse("/book/payouts?done=ended", SEE_OTHER)


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
        "rejected": words("book_payout_rejected"),
        "ended": words("book_day_ended", day=book.day.isoformat()),
    }
    firms = {each.contract: each.name or each.party for each in book.lines}
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
