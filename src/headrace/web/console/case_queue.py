"""Page *Cases*: the queue with its clock, what is done with several, what came of alerts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.decisions.flow.policy import ACTIONS, Action
from headrace.errors import HeadraceError, InputError
from headrace.monitor.cases import Case, Outcome, State
from headrace.web.api.cases import NUMBER_MAX, check_worker, workers
from headrace.web.case_desk import NOBODY, CaseDesk, RuleFigures, Wanted
from headrace.web.console.case_words import Writer
from headrace.web.console.cases import SEE_OTHER, is_simulated, text_in, why, writer_of
from headrace.web.console.drawing import draw, words_of
from headrace.web.guard import form_of, needs
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of

SHOWN, ALERTS_SHOWN, RULES_SHOWN, BULK_MAX = 30, 10, 12, 200
START_MAX = 10**6
DIGITS_MAX = len(str(NUMBER_MAX))
VIEWS = ("mine", "unassigned", "all", "overdue", "closed")
SEVERITIES = tuple(each.word for each in Action if each is not Action.APPROVE)[::-1]
CLOSED_TOGETHER = (Outcome.GENUINE, Outcome.UNCLEAR)
"""Fraud is said case by case: it is reported to the features."""

router = APIRouter(include_in_schema=False)
Sees = Annotated[Principal, needs("cases")]
Works = Annotated[Principal, needs("case_work")]


@dataclass(frozen=True)
class Filters:
    """What of the queue is shown; all of it is in the page's address.

    Attributes:
        view: One of `VIEWS`.
        customer: Only about them; empty: everybody.
        severity: One of `SEVERITIES`; empty: all.
        start: How many are passed over.
    """

    view: str = "all"
    customer: str = ""
    severity: str = ""
    start: int = 0

    def address(self, **changes: Any) -> str:
        """The page with these, or others; what is usual is left out."""
        chosen, usual = vars(replace(self, **changes)), vars(Filters())
        given = {name: value for name, value in chosen.items() if value != usual[name]}
        return "/cases" + (f"?{urlencode(given)}" if given else "")

    def wanted(self, me: str) -> Wanted:
        """The cases they let through."""
        about = self.customer or None
        severity = ACTIONS[self.severity] if self.severity else None
        wanted = Wanted(customer=about, severity=severity)
        several = {
            "mine": replace(wanted, owner=me),
            "unassigned": replace(wanted, owner=NOBODY),
            "overdue": replace(wanted, overdue=True),
            "closed": replace(wanted, state=State.CLOSED),
        }
        return several.get(self.view, wanted)


@dataclass(frozen=True)
class Asked:
    """The page as its address asks for it; `done` cases were just dealt with together."""

    view: Annotated[str, Query(max_length=20)] = "all"
    customer: Annotated[str, Query(max_length=200)] = ""
    severity: Annotated[str, Query(max_length=20)] = ""
    start: Annotated[int, Query(ge=0, le=START_MAX)] = 0
    done: Annotated[int, Query(ge=0, le=BULK_MAX)] = 0


@router.get("/cases", name="cases_page")
def cases_page(request: Request, principal: Sees, asked: Annotated[Asked, Depends()]) -> Response:
    """The queue: what is due first at the top."""
    filters = _filters(asked.view, asked.customer, asked.severity, asked.start)
    words = words_of(request)
    said = words("case_done_n", n=words.count(asked.done)) if asked.done else ""
    return _queue(request, principal, filters, done=said)


@router.post("/cases/assign", name="cases_assign")
async def cases_assign(request: Request, principal: Works) -> Response:
    """Give several cases to one person, or close them; what cannot be done is told by case."""
    form = await form_of(request)
    return await run_in_threadpool(_do_together, request, principal, form)


@router.post("/cases/next", name="case_take_next")
def case_take_next(request: Request, principal: Works) -> Response:
    """Take the most urgent case that nobody works, and go there."""
    found = services_of(request).case_desk.take_next(principal.user.name)
    onward = "/cases?view=unassigned" if found is None else f"/cases/{found.number}"
    return RedirectResponse(onward, SEE_OTHER)


def _filters(view: str, customer: str, severity: str, start: int) -> Filters:
    """Filters as an address has them; what is none of ours is as if it were not there."""
    return Filters(
        view if view in VIEWS else "all",
        customer.strip(),
        severity if severity in SEVERITIES else "",
        start,
    )


# --- several at once ------------------------------------------------------------------------------


def _do_together(request: Request, principal: Principal, form: FormData) -> Response:
    services, words = services_of(request), words_of(request)
    wrong: list[str] = []
    done, numbers = 0, _numbers(form)
    filters = _filters(
        text_in(form, "view"), text_in(form, "customer"), text_in(form, "severity"), 0
    )
    try:
        act = _act_of(services, principal.user.name, form)
        if not numbers:
            raise InputError(words("case_none_chosen"))
    except InputError as error:
        return _queue(request, principal, filters, wrong=[why(error, words)], status=422)
    for number in numbers:
        try:
            act(number)
            done += 1
        except HeadraceError as error:
            wrong.append(f"{number}: {why(error, words)}")
    if not wrong:
        return RedirectResponse(_with(filters.address(), done), SEE_OTHER)
    said = words("case_done_n", n=words.count(done)) if done else ""
    return _queue(request, principal, filters, done=said, wrong=wrong, status=200 if done else 422)


def _with(address: str, done: int) -> str:
    return f"{address}{'&' if '?' in address else '?'}done={done}"


def _numbers(form: FormData) -> list[int]:
    """Cases that were chosen, each once; what is no number of a case is passed over."""
    given = [str(each) for each in form.getlist("number")][:BULK_MAX]
    good = [
        int(each) for each in given
        if each.isascii() and each.isdigit() and len(each) <= DIGITS_MAX
    ]  # fmt: skip
    return [each for each in dict.fromkeys(good) if 1 <= each <= NUMBER_MAX]


def _act_of(services: Services, who: str, form: FormData) -> Callable[[int], Case]:
    """What is done with each case.

    Raises:
        InputError: There is no such act, or nobody of that name.
    """
    desk: CaseDesk = services.case_desk
    deed, comment = text_in(form, "deed") or "assign", text_in(form, "comment")
    if deed == "assign":
        to = text_in(form, "to")
        check_worker(services, to)
        return lambda number: desk.assign(number, to, who, comment, None)
    if deed not in CLOSED_TOGETHER:
        raise InputError("There is no such deed", where="deed", remedy="Use the forms of the page")
    return lambda number: desk.close(number, Outcome(deed), who, comment, None)


# --- what is drawn --------------------------------------------------------------------------------


def _queue(
    request: Request, principal: Principal, filters: Filters, *, status: int = 200, **more: Any
) -> Response:
    services, writer = services_of(request), writer_of(request)
    desk, me, start = services.case_desk, principal.user.name, filters.start
    found, figures = desk.queue(filters.wanted(me)), desk.figures()
    may_work = "case_work" in principal.may
    alerts = desk.latest_alerts(ALERTS_SHOWN)
    told: dict[str, Any] = {"done": "", "wrong": ()} | more
    return draw(
        request,
        "cases.html",
        principal,
        status=status,
        filters=filters,
        views=VIEWS,
        severities=SEVERITIES,
        tickets=[writer.ticket(each) for each in found[start : start + SHOWN]],
        further=max(0, len(found) - start - SHOWN),
        step=SHOWN,
        figures=figures,
        rules=[_rule(each, writer) for each in figures.rules[:RULES_SHOWN]],
        alerts=[(case.number, writer.alert(one)) for case, one in alerts],
        people=workers(services) if may_work else [],
        may_work=may_work,
        me=me,
        outcomes=list(Outcome),
        closed_together=CLOSED_TOGETHER,
        is_simulated=is_simulated(services),
        **told,
    )


@dataclass(frozen=True)
class RuleTold:
    """A rule with what became of its alerts, ready to be read."""

    policy: str
    reason: str
    alerts: str
    fraud: str
    genuine: str
    precision: str


def _rule(each: RuleFigures, writer: Writer) -> RuleTold:
    words = writer.words
    return RuleTold(
        policy=each.policy,
        reason=writer.reason(each.reason or None),
        alerts=words.count(each.alerts),
        fraud=words.count(each.fraud),
        genuine=words.count(each.genuine),
        precision="" if each.precision is None else words.share(each.precision),
    )
