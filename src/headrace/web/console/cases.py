"""Pages *Cases*: the queue with its clock, and a case with everything one may do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace import packs
from headrace.errors import HeadraceError, InputError
from headrace.monitor.cases import Case, Deed, Evidence, Outcome, RefusedError, State
from headrace.web.api.cases import (
    NUMBER_MAX,
    WORDS_MAX,
    case_of,
    check_worker,
    doing_of,
    refresh_live,
    workers,
)
from headrace.web.case_desk import NOBODY, ChangedError, RuleFigures, Wanted
from headrace.web.console.case_words import Writer
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.words import Words
from headrace.web.fraud_labels import feed_labels
from headrace.web.guard import field_of, form_of, needs
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of

SEE_OTHER = 303
SHOWN, ALERTS_SHOWN, RULES_SHOWN, BULK_MAX = 30, 10, 12, 200
START_MAX = 10**6
VIEWS = ("mine", "unassigned", "all", "overdue", "closed")
router = APIRouter(include_in_schema=False)

Sees = Annotated[Principal, needs("cases")]
Works = Annotated[Principal, needs("case_work")]
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


@router.get("/cases", name="cases_page")
def cases_page(
    request: Request,
    principal: Sees,
    view: Annotated[str, Query(max_length=20)] = "all",
    customer: Annotated[str, Query(max_length=200)] = "",
    start: Annotated[int, Query(ge=0, le=START_MAX)] = 0,
) -> Response:
    """The queue: what is due first at the top."""
    chosen = view if view in VIEWS else "all"
    return _queue(request, principal, chosen, customer.strip(), start=start)


@router.post("/cases/assign", name="cases_assign")
async def cases_assign(request: Request, principal: Works) -> Response:
    """Give several cases to one person; those that cannot be given are told, the rest are given."""
    form = await form_of(request)
    numbers = [str(each) for each in form.getlist("number")][:BULK_MAX]
    return await run_in_threadpool(_assign_all, request, principal, numbers, _text(form, "to"))


@router.get("/cases/{number}", name="case_page")
def case_page(request: Request, principal: Sees, number: Number, labels: str = "") -> Response:
    """A case: what happened, until when, and what may be done."""
    return _case(request, principal, case_of(services_of(request).case_desk, number), labels=labels)


@router.post("/cases/{number}", name="case_deed")
async def case_deed(request: Request, principal: Works, number: Number) -> Response:
    """Assign, note, act, close or reopen; what was wrong stands on the page."""
    form, services = await form_of(request), services_of(request)
    who = principal.user.name
    try:
        found = await run_in_threadpool(_done, services, number, who, form)
    except HeadraceError as error:
        return await run_in_threadpool(_refused, request, principal, number, error, form)
    labels = await feed_labels(services, found) if form.get("deed") == Deed.CLOSE else ""
    onward = f"/cases/{number}" + (f"?labels={labels}" if labels else "")
    return RedirectResponse(onward, SEE_OTHER)


# --- what forms do --------------------------------------------------------------------------------


def _done(services: Services, number: int, who: str, form: FormData) -> Case:
    """The case after what a form asks for.

    Raises:
        HeadraceError: It cannot be done.
    """
    desk = services.case_desk
    case_of(desk, number)
    seen, comment = _whole(form, "seen"), _text(form, "comment")
    match _text(form, "deed"):
        case Deed.ASSIGN:
            check_worker(services, _text(form, "to"))
            return desk.assign(number, _text(form, "to"), who, comment, seen)
        case Deed.NOTE:
            return desk.note(number, who, comment, _evidence(form))
        case Deed.ACT:
            doing = doing_of(services, who, _whole(form, "days"), comment)
            found = desk.act(number, _text(form, "measure"), doing, seen)
            refresh_live(services)
            return found
        case Deed.CLOSE:
            return desk.close(number, _outcome(form), who, comment, seen)
        case Deed.REOPEN:
            return desk.reopen(number, who, comment, seen)
    raise InputError("There is no such deed", where="deed", remedy="Use the forms of the page")


def _refused(
    request: Request, principal: Principal, number: int, error: HeadraceError, form: FormData
) -> Response:
    """The case again, with what was wrong and what was typed."""
    found = case_of(services_of(request).case_desk, number)
    writer = _writer(request)
    late = error.events if isinstance(error, ChangedError) else ()
    changed = [writer.event(each) for each in late]
    status = 422 if isinstance(error, InputError) else 409
    typed = {"deed": _text(form, "deed"), "comment": _text(form, "comment")}
    return _case(
        request,
        principal,
        found,
        status=status,
        wrong=_why(error, words_of(request)),
        changed=changed,
        typed=typed,
    )


def _why(error: HeadraceError, words: Words) -> str:
    """What was wrong in the reader's language where it is one of the rules of cases."""
    if isinstance(error, RefusedError):
        return words(f"case_refusal_{error.refusal.value}")
    if isinstance(error, ChangedError):
        return words("case_changed")
    return f"{error.problem}. {error.remedy}"


def _assign_all(
    request: Request, principal: Principal, numbers: Sequence[str], to: str
) -> Response:
    services, words = services_of(request), words_of(request)
    wrong, given = [], 0
    try:
        check_worker(services, to)
        chosen = [int(each) for each in numbers if each.isascii() and each.isdigit()]
        if not chosen:
            raise InputError(words("case_none_chosen"))
    except InputError as error:
        chosen, wrong = [], [str(error.problem)]
    for number in chosen:
        try:
            services.case_desk.assign(number, to, principal.user.name, "", None)
            given += 1
        except (HeadraceError, OverflowError) as error:
            told = _why(error, words) if isinstance(error, HeadraceError) else str(error)
            wrong.append(f"{number}: {told}")
    done = words("case_assigned_n", n=words.count(given), to=to) if given else ""
    status = 200 if given or not wrong else 422
    return _queue(request, principal, "all", "", done=done, wrong=wrong, status=status)


# --- what is drawn --------------------------------------------------------------------------------


def _queue(
    request: Request,
    principal: Principal,
    view: str,
    customer: str,
    **more: Any,
) -> Response:
    services, writer = services_of(request), _writer(request)
    desk, me = services.case_desk, principal.user.name
    wanted = {
        "mine": Wanted(owner=me),
        "unassigned": Wanted(owner=NOBODY),
        "overdue": Wanted(overdue=True),
        "closed": Wanted(state=State.CLOSED),
    }.get(view, Wanted())
    found = [case for case in desk.queue(wanted) if customer in ("", case.customer)]
    figures = desk.figures()
    may_work = "case_work" in principal.may
    told: dict[str, Any] = {"done": "", "wrong": (), "status": 200, "start": 0} | more
    start = told["start"]
    return draw(
        request,
        "cases.html",
        principal,
        view=view,
        views=VIEWS,
        customer=customer,
        tickets=[writer.ticket(each) for each in found[start : start + SHOWN]],
        further=max(0, len(found) - start - SHOWN),
        step=SHOWN,
        figures=figures,
        rules=[_rule(each, writer) for each in figures.rules[:RULES_SHOWN]],
        alerts=[(case.number, writer.alert(one)) for case, one in desk.alerts()[:ALERTS_SHOWN]],
        people=workers(services) if may_work else [],
        may_work=may_work,
        me=me,
        outcomes=list(Outcome),
        is_simulated=_is_simulated(services),
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


def _case(
    request: Request,
    principal: Principal,
    found: Case,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    services, writer = services_of(request), _writer(request)
    may_work = "case_work" in principal.may
    told = {"wrong": "", "changed": [], "typed": {"deed": "", "comment": ""}, "labels": ""} | more
    if told["labels"] not in ("", "reported", "refused", "no_live"):
        raise Refused(404, "There is no such page")
    return draw(
        request,
        "case.html",
        principal,
        status=status,
        case=found,
        writer=writer,
        ticket=writer.ticket(found),
        alerts=[writer.alert(each) for each in found.alerts],
        events=[writer.event(each) for each in reversed(found.events)],
        targets=services.case_desk.targets(found) if may_work else (),
        people=workers(services) if may_work else [],
        may_work=may_work,
        me=principal.user.name,
        outcomes=list(Outcome),
        kinds=list(Evidence),
        words_max=WORDS_MAX,
        is_simulated=_is_simulated(services),
        **told,
    )


def _writer(request: Request) -> Writer:
    services = services_of(request)
    pack = packs.load(services.workspace.live_pack)
    zone = ZoneInfo("Asia/Shanghai")
    return Writer(words_of(request), zone, services.now(), pack.customer_reasons)


def _is_simulated(services: Services) -> bool:
    """Whether the decisions in flight are labelled so; alerts come from there."""
    return services.open_live is not None and services.open_live.is_simulated


# --- fields ---------------------------------------------------------------------------------------


def _text(form: FormData, name: str) -> str:
    """A field's text without blanks around; empty where it is missing.

    Raises:
        InputError: It is too long.
    """
    text = field_of(form, name).strip()
    if len(text) > WORDS_MAX:
        raise InputError("This is too long", where=name, remedy=f"At most {WORDS_MAX} characters")
    return text


def _whole(form: FormData, name: str) -> int | None:
    """A whole number above 0; None where the field is empty.

    Raises:
        InputError: It is something else.
    """
    text = _text(form, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 5 and int(text)):
        raise InputError("This is no number of that kind", where=name, remedy="1 to 99999")
    return int(text)


def _outcome(form: FormData) -> Outcome:
    text = _text(form, "outcome")
    if text not in list(Outcome):
        raise InputError("Say what it was", where="outcome", remedy=", ".join(Outcome))
    return Outcome(text)


def _evidence(form: FormData) -> list[tuple[Evidence, str]]:
    """What a note points at; nothing where no id is given."""
    name, kind = _text(form, "evidence"), _text(form, "kind")
    if not name:
        return []
    if kind not in list(Evidence):
        raise InputError("Say what it is", where="kind", remedy=", ".join(Evidence))
    return [(Evidence(kind), name)]
