"""Page of a case: what happened, what holds now, and everything one may do about it."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace import packs
from headrace.decisions.flow.lists import Entry
from headrace.errors import HeadraceError, InputError
from headrace.monitor.cases import Case, Deed, Evidence, Measure, Outcome, RefusedError
from headrace.monitor.measures import Target
from headrace.web.api.cases import (
    NUMBER_MAX,
    WORDS_MAX,
    case_of,
    check_worker,
    doing_of,
    refresh_live,
    workers,
)
from headrace.web.case_desk import ChangedError
from headrace.web.console.case_words import Writer
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.refusals import said
from headrace.web.console.words import Words
from headrace.web.fraud_labels import feed_labels
from headrace.web.guard import field_of, form_of, needs
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of

SEE_OTHER = 303
OTHERS_SHOWN = 10
router = APIRouter(include_in_schema=False)

Sees = Annotated[Principal, needs("cases")]
Works = Annotated[Principal, needs("case_work")]
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]


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
    seen, comment = _whole(form, "seen"), text_in(form, "comment")
    match text_in(form, "deed"):
        case Deed.ASSIGN:
            check_worker(services, text_in(form, "to"))
            return desk.assign(number, text_in(form, "to"), who, comment, seen)
        case Deed.NOTE:
            return desk.note(number, who, comment, _evidence(form))
        case Deed.ACT:
            doing = doing_of(services, who, _whole(form, "days"), comment)
            found = desk.act(number, text_in(form, "measure"), doing, seen)
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
    writer = writer_of(request)
    late = error.events if isinstance(error, ChangedError) else ()
    changed = [writer.event(each) for each in late]
    status = 422 if isinstance(error, InputError) else 409
    typed = {"deed": text_in(form, "deed"), "comment": text_in(form, "comment")}
    return _case(
        request,
        principal,
        found,
        status=status,
        wrong=why(error, words_of(request)),
        changed=changed,
        typed=typed,
    )


def why(error: HeadraceError, words: Words) -> str:
    """What was wrong in the reader's language where it is one of the rules of cases."""
    if isinstance(error, RefusedError):
        return words(f"case_refusal_{error.refusal.value}")
    if isinstance(error, ChangedError):
        return words("case_changed")
    return said(error, words)


# --- what is drawn --------------------------------------------------------------------------------


def _case(
    request: Request,
    principal: Principal,
    found: Case,
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    services, writer = services_of(request), writer_of(request)
    may_work = "case_work" in principal.may
    desk = services.case_desk
    held, others = desk.holding(found), desk.others_of(found)
    told = {"wrong": "", "changed": [], "typed": {"deed": "", "comment": ""}, "labels": ""} | more
    if told["labels"] not in ("", "reported", "taken_back", "refused", "no_live"):
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
        targets=_targets(services, found, held) if may_work else (),
        held=[writer.held(each) for each in held],
        others=[writer.ticket(each) for each in others[:OTHERS_SHOWN]],
        others_more=max(0, len(others) - OTHERS_SHOWN),
        people=workers(services) if may_work else [],
        may_work=may_work,
        me=principal.user.name,
        outcomes=list(Outcome),
        kinds=list(Evidence),
        words_max=WORDS_MAX,
        is_simulated=is_simulated(services),
        **told,
    )


def _targets(services: Services, found: Case, held: Sequence[Entry]) -> list[Target]:
    """What may be done; nothing is lifted where nothing holds."""
    return [
        each
        for each in services.case_desk.targets(found)
        if each.measure is not Measure.LIFT or held
    ]


def writer_of(request: Request) -> Writer:
    """What writes cases in the reader's language."""
    services = services_of(request)
    pack = packs.load(services.workspace.live_pack)
    return Writer(words_of(request), services.zone, services.now(), pack.customer_reasons,
                  services.workspace.currency)  # fmt: skip


def is_simulated(services: Services) -> bool:
    """Whether the decisions in flight are labelled so; alerts come from there."""
    return services.open_live is not None and services.open_live.is_simulated


# --- fields ---------------------------------------------------------------------------------------


def text_in(form: FormData, name: str) -> str:
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
    text = text_in(form, name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < len(text) <= 5 and int(text)):
        raise InputError("This is no number of that kind", where=name, remedy="1 to 99999")
    return int(text)


def _outcome(form: FormData) -> Outcome:
    text = text_in(form, "outcome")
    if text not in list(Outcome):
        raise InputError("Say what it was", where="outcome", remedy=", ".join(Outcome))
    return Outcome(text)


def _evidence(form: FormData) -> list[tuple[Evidence, str]]:
    """What a note points at; nothing where no id is given."""
    name, kind = text_in(form, "evidence"), text_in(form, "kind")
    if not name:
        return []
    if kind not in list(Evidence):
        raise InputError("Say what it is", where="kind", remedy=", ".join(Evidence))
    return [(Evidence(kind), name)]
