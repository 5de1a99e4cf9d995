"""Routes of the API: visit lists, what is to be done, what came of it, and how many convert."""

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from headrace.errors import InputError
from headrace.web.api.bodies import body
from headrace.web.api.routes import NOT_THERE, REFUSALS
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of
from headrace.workflows.visits import (
    TEXT_MAX,
    Filter,
    FunnelRow,
    Listed,
    Stage,
    Task,
    Visit,
    VisitList,
)

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
ListId = Annotated[str, Path(max_length=64, description="Id of the list")]
By = Literal["manager", "area"]
TASKS_MAX = 200


@body
class ListRequest:
    """A list to be made of the run's firms.

    Attributes:
        id: Chosen by the sender: sent twice, it is made once.
        title: For people.
        regions: As firms' regions begin; empty: all.
        industries: Empty: all.
        ratings: Classes; empty: all.
        state: any, no_loan, approved_not_drawn or referred.
        most: At most so many, the safest first.
        managers: Among whom areas are shared out; empty: areas are given later.
    """

    id: str
    title: str
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()
    state: str = "any"
    most: int = 100
    managers: tuple[str, ...] = ()


@dataclass(frozen=True)
class MadeList:
    """A list, and how many firms are on it."""

    id: str
    title: str
    by: str
    at: int
    simulated: bool
    firms: int


@body
class AreaRequest:
    """An area of a list, and who goes there."""

    area: str
    manager: str


@dataclass(frozen=True)
class Assigned:
    """How many firms were given to somebody."""

    firms: int


@body
class VisitRequest:
    """What came of a visit.

    Attributes:
        id: Chosen by the phone: sent twice, it counts once.
        list: Id of the list.
        party: Code of the firm.
        result: met, not_met, refused, interested or applied.
        note: For colleagues.
        next_day: ISO day to come again; empty: none.
        visited: When, microseconds since 1970; None: now.
    """

    id: str
    list: str
    party: str
    result: str
    note: str = ""
    next_day: str = ""
    visited: int | None = None


@dataclass(frozen=True)
class Funnel:
    """How far firms came, for each manager or area.

    Attributes:
        stages: Names of the counts, in order.
        rows: One a group; who came further counts for what lies before.
    """

    stages: tuple[str, ...]
    rows: tuple[FunnelRow, ...]


@router.get("/visit-lists", name="visit_lists")
def visit_lists(
    request: Request, principal: Annotated[Principal, needs("visits")]
) -> tuple[MadeList, ...]:
    """All visit lists, newest first."""
    return tuple(_made(each, count) for each, count in lists_of(services_of(request), principal))


@router.post("/visit-lists", name="make_visit_list", status_code=201)
def make_visit_list(
    request: Request, asked: ListRequest, principal: Annotated[Principal, needs("visit_assign")]
) -> MadeList:
    """Make a list of the run's firms and share its areas out."""
    made, count = make_list(services_of(request), asked, principal)
    return _made(made, count)


@router.post("/visit-lists/{list_id}/areas", name="assign_area", responses=NOT_THERE)
def assign_area(
    request: Request,
    list_id: ListId,
    asked: AreaRequest,
    principal: Annotated[Principal, needs("visit_assign")],
) -> Assigned:
    """Give an area of a list to somebody."""
    return Assigned(assign(services_of(request), list_id, asked, principal))


@router.get("/visits/tasks", name="visit_tasks")
def visit_tasks(
    request: Request,
    principal: Annotated[Principal, needs("visits")],
    manager: Annotated[str | None, Query(max_length=TEXT_MAX, description="Whose")] = None,
) -> tuple[Task, ...]:
    """What is still to be done: who is due first; one's own unless one assigns visits."""
    return tasks_of(services_of(request), principal, manager)


@router.post(
    "/visits",
    name="record_visit",
    status_code=201,
    responses={200: {"model": Visit, "description": "Sent before"}, **NOT_THERE},
)
def record_visit(
    request: Request,
    response: Response,
    asked: VisitRequest,
    principal: Annotated[Principal, needs("visits")],
) -> Visit:
    """Record what came of a visit; no place is recorded."""
    services = services_of(request)
    visit = record(services, asked, principal)
    response.status_code = 201 if visit.at == services.now() else 200
    return visit


@router.get("/visits/funnel", name="visit_funnel")
def visit_funnel(
    request: Request,
    principal: Annotated[Principal, needs("visits")],
    by: By = "manager",
    list_id: Annotated[str | None, Query(alias="list", max_length=64)] = None,
) -> Funnel:
    """How many of the firms listed were met, interested, applied, were approved and drew."""
    rows = funnel_of(services_of(request), principal, by, list_id)
    return Funnel(tuple(each.name.lower() for each in Stage), rows)


def lists_of(services: Services, principal: Principal) -> tuple[tuple[VisitList, int], ...]:
    """All lists, newest first, and how many firms of each somebody may know of."""
    scope, store = scope_of(principal), services.visits.store
    counts = Counter(each.list for each in store.firms() if scope.sees(each.area))
    return tuple((each, counts[each.id]) for each in store.lists())


def make_list(
    services: Services, asked: ListRequest, principal: Principal
) -> tuple[VisitList, int]:
    """Make a list; and how many firms are on it.

    Raises:
        InputError: It cannot be made so.
    """
    plain = asked.id.isascii() and asked.id.replace("-", "").isalnum() and len(asked.id) <= 64
    _expect(plain, "id", "letters, digits and -, up to 64")
    title = asked.title.strip()
    _expect(bool(title) and title.isprintable() and len(title) <= TEXT_MAX, "title", "a short text")
    for name in asked.managers:
        require_manager(services, name)
    wanted = Filter(asked.regions, asked.industries, asked.ratings, asked.state, asked.most)
    simulated = services.run.current().about.simulated
    made = VisitList(asked.id, title, "", principal.user.name, services.now(), simulated)
    firms = services.visits.make(made, wanted, asked.managers, scope_of(principal))
    return made, len(firms)


def assign(services: Services, list_id: str, asked: AreaRequest, principal: Principal) -> int:
    """Give an area to somebody; how many firms that are.

    Raises:
        Refused: There is no such list, or area in it.
        InputError: Nobody of that name may visit.
    """
    require_list(services, list_id)
    if not scope_of(principal).sees(asked.area):
        raise Refused(404, "There is no such area on this list")
    require_manager(services, asked.manager)
    count = services.visits.store.assign(list_id, asked.area, asked.manager)
    if not count:
        raise Refused(404, "There is no such area on this list")
    return count


def record(services: Services, asked: VisitRequest, principal: Principal) -> Visit:
    """Keep what came of a visit.

    Raises:
        Refused: There is no such list, or somebody else goes to this firm.
        InputError: It cannot be recorded so.
    """
    require_list(services, asked.list)
    mine = [e for e in firms_of(services, asked.list, principal) if e.party == asked.party]
    may_all = "visit_assign" in principal.may
    if mine and not may_all and mine[0].manager != principal.user.name:
        raise Refused(403, "Somebody else goes to this firm", remedy="Have its area given to you")
    now = services.now()
    return services.visits.store.record(
        Visit(
            id=asked.id,
            list=asked.list,
            party=mine[0].party if mine else "",
            result=asked.result,
            note=asked.note.strip(),
            next_day=asked.next_day,
            visited=now if asked.visited is None else asked.visited,
            by=principal.user.name,
            at=now,
        )
    )


def tasks_of(services: Services, principal: Principal, manager: str | None) -> tuple[Task, ...]:
    """What is still to be done by somebody; of somebody else only for who assigns or audits.

    Raises:
        Refused: One asks for somebody else's.
    """
    own = principal.user.name
    sees_all = bool({"visit_assign", "audit"} & principal.may)
    if manager not in (None, own) and not sees_all:
        raise Refused(403, "This is somebody else's list")
    scope, gone = scope_of(principal), services.visits.left_out()
    whose = manager or (None if sees_all else own)
    found = services.visits.store.firms(manager=whose)
    firms = [e for e in found if scope.sees(e.area) and e.party not in gone]
    return services.visits.tasks(firms, services.now())[:TASKS_MAX]


def funnel_of(
    services: Services, principal: Principal, by: By, list_id: str | None
) -> tuple[FunnelRow, ...]:
    """How far firms came, by manager or area.

    Raises:
        Refused: There is no such list.
    """
    lists = services.visits.store.lists() if list_id is None else (require_list(services, list_id),)
    scope = scope_of(principal)
    return services.visits.funnel(
        lists, lambda each: str(getattr(each, by)), lambda each: scope.sees(each.area)
    )


def firms_of(services: Services, list_id: str, principal: Principal) -> tuple[Listed, ...]:
    """The firms of a list that somebody may know of, and that may be visited."""
    scope, gone = scope_of(principal), services.visits.left_out()
    found = services.visits.store.firms(of=list_id)
    return tuple(e for e in found if scope.sees(e.area) and e.party not in gone)


def require_list(services: Services, list_id: str) -> VisitList:
    """The list of an id.

    Raises:
        Refused: There is none.
    """
    known = list_id.isascii() and list_id.isprintable()
    found = services.visits.store.one(list_id) if known else None
    if found is None:
        raise Refused(404, "There is no such list")
    return found


def require_manager(services: Services, name: str) -> None:
    """See that somebody of this name may visit.

    Raises:
        InputError: There is nobody, or they may not, or are locked out.
    """
    known = name.isascii() and name.isprintable()
    user = services.store.user(name) if known else None
    if user is None or user.locked or "visits" not in ACCESS.allowed(user.roles):
        raise InputError(
            "Nobody of this name may visit", where="manager", remedy="The name they sign in by"
        )


def _made(made: VisitList, count: int) -> MadeList:
    return MadeList(made.id, made.title, made.by, made.at, made.simulated, count)


def _expect(holds: bool, name: str, right: str) -> None:  # noqa: FBT001  (a condition, not a flag)
    if not holds:
        raise InputError("A list cannot be made so", where=name, remedy=f"Give {right}")
