"""Routes of the API: alerts, and cases as people work them.

Who does something is who asks, never a field. `events_seen` is how many events of the case the
caller has read; where there are more by now, 409 says what they are, and nothing is done.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from headrace.decisions.flow.policy import ACTIONS, Action
from headrace.errors import InputError
from headrace.monitor.cases import Alert, Case, Evidence, Outcome, Refusal, RefusedError, State, iso
from headrace.monitor.measures import DAYS_MAX, Doing
from headrace.web.api.bodies import body
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.routes import NOT_THERE, REFUSALS, AfterPage, PageSize
from headrace.web.case_desk import CaseDesk, Wanted
from headrace.web.fraud_labels import feed_labels
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of

DAY_US = 86_400_000_000
NUMBER_MAX = 2**31 - 1
WORDS_MAX, NAME_MAX, EVIDENCE_MAX = 4_000, 200, 50
router = APIRouter(prefix="/api/v1", responses=REFUSALS)

Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
Words = Annotated[str, Field(max_length=WORDS_MAX)]
Seen = Annotated[int | None, Field(ge=1, le=NUMBER_MAX)]
Sees = Annotated[Principal, needs("cases")]
Works = Annotated[Principal, needs("case_work")]


@dataclass(frozen=True)
class CaseLine:
    """A case in a list; times are ISO 8601, exposure is in minor units."""

    case: int
    policy: str
    customer: str
    state: State
    owner: str
    outcome: Outcome | None
    severity: str
    opened: str
    due: str
    overdue: bool
    alerts: int
    exposure: float | None


@dataclass(frozen=True)
class CasePage:
    """Some cases, in the order of their numbers; `next` is None on the last page."""

    items: tuple[CaseLine, ...]
    next: str | None


@dataclass(frozen=True)
class AlertLine:
    """An alert, with the case that took it."""

    decision: str
    policy: str
    customer: str
    action: str
    reason: str | None
    at: str
    exposure: float | None
    case: int
    state: State


@dataclass(frozen=True)
class AlertPage:
    """Some alerts, the newest first; `next` is None on the last page."""

    items: tuple[AlertLine, ...]
    next: str | None


@dataclass(frozen=True)
class Held:
    """An entry of a list that holds for a case; `until` is None: for good."""

    list: str
    value: str
    since: str
    until: str | None
    owner: str


@dataclass(frozen=True)
class CaseTold:
    """A whole case: its alerts, and everything that happened, in order.

    `measures` are what may be done about it, as POST …/action takes them; `holding` what holds
    now. `others` are numbers of other cases of the customer, the newest first. `labels` says what
    came of reporting fraud to the live features; empty where nothing was to be reported.
    """

    case: dict[str, Any]
    overdue: bool
    events_seen: int
    measures: tuple[str, ...]
    holding: tuple[Held, ...]
    others: tuple[int, ...]
    labels: str = ""


@body
class Assign:
    """To whom; it must be somebody who may work cases."""

    to: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
    comment: Words = ""
    events_seen: Seen = None


@dataclass(frozen=True)
class Reference:
    """What a note rests on: an id, of a file its SHA-256."""

    kind: Evidence
    id: Annotated[str, Field(min_length=1, max_length=NAME_MAX)]


@body
class Note:
    """What somebody has to say."""

    comment: Words = ""
    evidence: Annotated[tuple[Reference, ...], Field(max_length=EVIDENCE_MAX)] = ()


@body
class Act:
    """What is done: one of `measures` of the case, and for how many days; None: for good."""

    measure: Annotated[str, Field(min_length=1, max_length=2 * NAME_MAX)]
    days: Annotated[int | None, Field(ge=1, le=DAYS_MAX)] = None
    comment: Words = ""
    events_seen: Seen = None


@body
class Close:
    """What the case turned out to be. Of fraud, its decisions are reported to the features."""

    outcome: Outcome
    comment: Words = ""
    events_seen: Seen = None


@body
class Reopen:
    """Why."""

    comment: Annotated[str, Field(min_length=1, max_length=WORDS_MAX)]
    events_seen: Seen = None


@dataclass(frozen=True)
class Asked:
    """Which cases are asked for; `owner` - : of nobody."""

    state: State | None = None
    owner: Annotated[str | None, Query(max_length=NAME_MAX)] = None
    customer: Annotated[str | None, Query(max_length=NAME_MAX)] = None
    overdue: bool = False
    severity: Annotated[str | None, Query(max_length=NAME_MAX)] = None


@router.get("/cases", name="cases")
def cases(
    request: Request,
    _: Sees,
    wanted: Annotated[Asked, Depends()],
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> CasePage:
    """Cases; without `state` those that are not closed."""
    services = services_of(request)
    after, moment = position_after(cursor, "cases") - 1 if cursor else 0, services.now()
    severity = None if wanted.severity is None else severity_of(wanted.severity)
    chosen = Wanted(
        wanted.state, wanted.owner, wanted.customer, overdue=wanted.overdue, severity=severity
    )
    found = [
        case for case in services.case_desk.cases() if case.number > after and chosen(case, moment)
    ][: limit + 1]
    shown = found[:limit]
    further = str(Cursor("cases", shown[-1].number)) if len(found) > limit else None
    return CasePage(tuple(_line(case, moment) for case in shown), further)


@router.get("/alerts", name="alerts")
def alerts(
    request: Request, _: Sees, cursor: AfterPage = None, limit: PageSize = PAGE
) -> AlertPage:
    """Alerts, the newest first; what comes in meanwhile may show one twice on two pages."""
    found = services_of(request).case_desk.alerts()
    start = position_after(cursor, "alerts")
    shown = found[start : start + limit]
    more = start + limit < len(found)
    further = str(Cursor("alerts", start + limit - 1)) if more else None
    return AlertPage(tuple(_alert_line(*each) for each in shown), further)


@router.get("/cases/{number}", name="case", responses=NOT_THERE)
def case(request: Request, number: Number, _: Sees, response: Response) -> CaseTold:
    """A case; the ETag changes with every event."""
    services = services_of(request)
    found = case_of(services.case_desk, number)
    response.headers["etag"] = f'"{found.number}-{len(found.events)}"'
    response.headers["cache-control"] = "private, no-cache"
    return told(services, found)


@router.post("/cases/next", name="case_next", responses=NOT_THERE)
def take_next(request: Request, principal: Works) -> CaseTold:
    """Take the most urgent case that nobody works; 404 where there is none."""
    services = services_of(request)
    found = services.case_desk.take_next(principal.user.name)
    if found is None:
        raise Refused(404, "No case waits for somebody")
    return told(services, found)


@router.post("/cases/{number}/assign", name="case_assign", responses=NOT_THERE)
def assign(request: Request, number: Number, given: Assign, principal: Works) -> CaseTold:
    """Give a case to somebody; it is in review from then on."""
    services = services_of(request)
    case_of(services.case_desk, number)
    check_worker(services, given.to)
    who = principal.user.name
    seen = given.events_seen
    return told(services, services.case_desk.assign(number, given.to, who, given.comment, seen))


@router.post("/cases/{number}/note", name="case_note", responses=NOT_THERE)
def note(request: Request, number: Number, given: Note, principal: Works) -> CaseTold:
    """Say something about a case, and what it rests on."""
    services = services_of(request)
    case_of(services.case_desk, number)
    evidence = [(each.kind, each.id) for each in given.evidence]
    found = services.case_desk.note(number, principal.user.name, given.comment, evidence)
    return told(services, found)


@router.post("/cases/{number}/action", name="case_action", responses=NOT_THERE)
def action(request: Request, number: Number, given: Act, principal: Works) -> CaseTold:
    """Freeze, step up or release: it holds from the next decision on."""
    services = services_of(request)
    case_of(services.case_desk, number)
    doing = doing_of(services, principal.user.name, given.days, given.comment)
    found = services.case_desk.act(number, given.measure, doing, given.events_seen)
    refresh_live(services)
    return told(services, found)


@router.post("/cases/{number}/close", name="case_close", responses=NOT_THERE)
async def close(request: Request, number: Number, given: Close, principal: Works) -> CaseTold:
    """Say what a case was; only its owner may."""
    services = services_of(request)

    def closed() -> Case:
        case_of(services.case_desk, number)
        who, seen = principal.user.name, given.events_seen
        return services.case_desk.close(number, given.outcome, who, given.comment, seen)

    found = await run_in_threadpool(closed)
    labels = await feed_labels(services, found)
    return await run_in_threadpool(told, services, found, labels)


@router.post("/cases/{number}/reopen", name="case_reopen", responses=NOT_THERE)
def reopen(request: Request, number: Number, given: Reopen, principal: Works) -> CaseTold:
    """Look at a closed case again; its clock starts anew."""
    services = services_of(request)
    case_of(services.case_desk, number)
    who = principal.user.name
    found = services.case_desk.reopen(number, who, given.comment, given.events_seen)
    return told(services, found)


# --- what the console does too --------------------------------------------------------------------


def case_of(desk: CaseDesk, number: int) -> Case:
    """A case.

    Raises:
        Refused: There is none.
    """
    try:
        return desk.case(number)
    except RefusedError as error:
        if error.refusal is Refusal.THE_CASE_MUST_EXIST:
            raise Refused(404, "There is no such case") from error
        raise


def workers(services: Services) -> list[str]:
    """Who may work cases, by name."""
    users = [user for user in services.store.users() if not user.locked]
    return sorted(user.name for user in users if "case_work" in ACCESS.allowed(user.roles))


def check_worker(services: Services, name: str) -> None:
    """See that somebody may work cases.

    Raises:
        InputError: They may not, or there is nobody of that name.
    """
    known = workers(services)
    if name not in known:
        remedy = f"One of {', '.join(known)}" if known else "Give somebody a role with case_work"
        raise InputError("Nobody of that name may work cases", where="to", remedy=remedy)


def doing_of(services: Services, who: str, days: int | None, comment: str) -> Doing:
    """Who does something now, for so many days."""
    now = services.now()
    return Doing(who, now, None if days is None else now + days * DAY_US, comment)


def refresh_live(services: Services) -> None:
    """Let decisions in flight see a list now, where they are open."""
    if services.open_live is not None:
        services.open_live.refresh()


def told(services: Services, found: Case, labels: str = "") -> CaseTold:
    """A case as the API tells it."""
    measures = tuple(each.key for each in services.case_desk.targets(found))
    held = tuple(
        Held(each.list, each.value, iso(each.valid_from),
             None if each.valid_until is None else iso(each.valid_until), each.owner)
        for each in services.case_desk.holding(found)
    )  # fmt: skip
    return CaseTold(
        found.to_dict(),
        found.is_overdue(services.now()),
        len(found.events),
        measures,
        held,
        tuple(each.number for each in services.case_desk.others_of(found)),
        labels,
    )


def severity_of(word: str) -> Action:
    """An action that makes an alert, by its word.

    Raises:
        InputError: There is none of that name.
    """
    found = ACTIONS.get(word, Action.APPROVE)
    if found is Action.APPROVE:
        words = ", ".join(each.word for each in Action if each is not Action.APPROVE)
        raise InputError("No alert is of that kind", where="severity", remedy=f"One of {words}")
    return found


def _line(found: Case, moment: int) -> CaseLine:
    return CaseLine(
        case=found.number,
        policy=found.policy,
        customer=found.customer,
        state=found.state,
        owner=found.owner,
        outcome=found.outcome,
        severity=found.severity.word,
        opened=iso(found.opened),
        due=iso(found.due),
        overdue=found.is_overdue(moment),
        alerts=len(found.alerts),
        exposure=found.exposure,
    )


def _alert_line(found: Case, alert: Alert) -> AlertLine:
    return AlertLine(
        decision=alert.decision,
        policy=alert.policy,
        customer=alert.customer,
        action=alert.action.word,
        reason=alert.reason,
        at=iso(alert.at),
        exposure=alert.exposure,
        case=found.number,
        state=found.state,
    )
