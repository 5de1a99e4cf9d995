"""Pages of visits (网格走访): what to do next, how many convert, and the lists."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Annotated, Any, Literal

import pyarrow as pa
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.errors import HeadraceError, InputError
from headrace.web.api.visits import (
    TASKS_MAX,
    AreaRequest,
    By,
    ListRequest,
    VisitRequest,
    assign,
    firms_of,
    funnel_of,
    lists_of,
    make_list,
    record,
    require_list,
    tasks_of,
)
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.tables import download
from headrace.web.console.words import Words
from headrace.web.guard import field_of, form_of, needs
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of
from headrace.workflows.visits import RESULTS, STATES, FunnelRow, Stage, total

SEE_OTHER = 303
FileKind = Annotated[Literal["csv", "xlsx"], Path()]
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class AreaLine:
    """An area of a list."""

    area: str
    firms: int
    manager: str


@router.get("/visits", name="visits_page")
def visits_page(
    request: Request,
    principal: Annotated[Principal, needs("visits")],
    manager: Annotated[str, Query(max_length=200)] = "",
    done: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """What to do next, for a phone."""
    services = services_of(request)
    found = tasks_of(services, principal, manager or None)
    names = sorted({each.manager for each in services.visits.store.firms() if each.manager})
    return draw(
        request,
        "visits.html",
        principal,
        tasks=found,
        more=len(found) == TASKS_MAX,
        ids=[token_hex(12) for _ in found],
        results=RESULTS,
        managers=names if {"visit_assign", "audit"} & principal.may else [],
        manager=manager,
        done=bool(done),
        may_record=_may_record(principal),
        is_simulated=_is_simulated(services),
    )


@router.post("/visits/record", name="visit_form")
async def visit_form(
    request: Request, principal: Annotated[Principal, needs("visits")]
) -> Response:
    """Record a visit; the line of the firm shows what was recorded."""
    form = await form_of(request)
    return await run_in_threadpool(_recorded, request, principal, form)


@router.get("/visits/funnel", name="visits_funnel_page")
def visits_funnel_page(
    request: Request, principal: Annotated[Principal, needs("visits")], by: By = "manager"
) -> Response:
    """How many of the firms listed come to a loan."""
    services, words = services_of(request), words_of(request)
    rows = _named(funnel_of(services, principal, by, None), words)
    whole = total(rows, words("visits_all"))
    return draw(
        request,
        "visits_funnel.html",
        principal,
        by=by,
        rows=[*rows, whole] if rows else [],
        stages=[each.name.lower() for each in Stage],
        chart=_chart(whole, words),
        is_simulated=_is_simulated(services),
    )


@router.get("/visits/funnel.{kind}", name="visits_funnel_file")
def visits_funnel_file(
    request: Request,
    kind: FileKind,
    principal: Annotated[Principal, needs("visits")],
    by: By = "manager",
) -> Response:
    """The same as a file for a spreadsheet."""
    words = words_of(request)
    rows = _named(funnel_of(services_of(request), principal, by, None), words)
    columns: dict[str, Any] = {words(f"visits_by_{by}"): [each.group for each in rows]}
    for stage in Stage:
        columns[words(f"visits_stage_{stage.name.lower()}")] = [each.counts[stage] for each in rows]
    return download(pa.table(columns), {}, "visits", kind=kind)


@router.get("/visits/lists", name="visits_lists_page")
def visits_lists_page(
    request: Request, principal: Annotated[Principal, needs("visits")]
) -> Response:
    """All lists, and the form to make one."""
    return _lists(request, principal, None)


@router.post("/visits/lists", name="visits_list_form")
async def visits_list_form(
    request: Request, principal: Annotated[Principal, needs("visit_assign")]
) -> Response:
    """Make a list."""
    form = await form_of(request)
    return await run_in_threadpool(_list_made, request, principal, form)


@router.get("/visits/lists/{list_id}/firms.{kind}", name="visits_list_file")
def visits_list_file(
    request: Request, list_id: str, kind: FileKind, principal: Annotated[Principal, needs("visits")]
) -> Response:
    """The firms of a list as a file for a spreadsheet."""
    services, words = services_of(request), words_of(request)
    require_list(services, list_id)
    firms = firms_of(services, list_id, principal)
    columns = {
        words("visits_code"): [each.party for each in firms],
        words("firm"): [each.name for each in firms],
        words("visits_by_area"): [each.area for each in firms],
        words("visits_industry"): [each.industry for each in firms],
        words("visits_reason"): [words(f"visits_why_{each.why}") for each in firms],
        words("visits_by_manager"): [each.manager for each in firms],
    }
    table = pa.table({name: pa.array(told, pa.string()) for name, told in columns.items()})
    return download(table, {}, f"visits-{list_id}", kind=kind)


@router.get("/visits/lists/{list_id}", name="visits_list_page")
def visits_list_page(
    request: Request, list_id: str, principal: Annotated[Principal, needs("visits")]
) -> Response:
    """A list: its areas, who goes there, and its firms."""
    return _list_page(request, list_id, principal, None)


@router.post("/visits/lists/{list_id}/areas", name="visits_area_form")
async def visits_area_form(
    request: Request, list_id: str, principal: Annotated[Principal, needs("visit_assign")]
) -> Response:
    """Give an area to somebody."""
    form = await form_of(request)
    return await run_in_threadpool(_area_given, request, list_id, principal, form)


def _recorded(request: Request, principal: Principal, form: FormData) -> Response:
    visited = field_of(form, "visited")
    is_time = visited.isascii() and visited.isdigit() and len(visited) < 18
    asked = VisitRequest(
        id=field_of(form, "id"),
        list=field_of(form, "list"),
        party=field_of(form, "party"),
        result=field_of(form, "result"),
        note=field_of(form, "note"),
        next_day=field_of(form, "next_day"),
        visited=int(visited) if is_time else None,
    )
    try:
        visit = record(services_of(request), asked, principal)
    except InputError as error:
        return draw(request, "visits_wrong.html", principal, status=422, wrong=error)
    if "hx-request" in request.headers:
        return draw(request, "visits_done.html", principal, visit=visit)
    return RedirectResponse(f"/visits?done={visit.id}", SEE_OTHER)


def _list_made(request: Request, principal: Principal, form: FormData) -> Response:
    most = field_of(form, "most")
    asked = ListRequest(
        id=field_of(form, "id"),
        title=field_of(form, "title"),
        regions=_several(form, "regions"),
        industries=_several(form, "industries"),
        ratings=_several(form, "ratings"),
        state=field_of(form, "state"),
        most=int(most) if most.isascii() and most.isdigit() and len(most) < 8 else 0,
        managers=_several(form, "managers"),
    )
    try:
        made, _ = make_list(services_of(request), asked, principal)
    except InputError as error:
        return _lists(request, principal, error)
    return RedirectResponse(f"/visits/lists/{made.id}", SEE_OTHER)


def _area_given(request: Request, list_id: str, principal: Principal, form: FormData) -> Response:
    asked = AreaRequest(field_of(form, "area"), field_of(form, "manager"))
    try:
        assign(services_of(request), list_id, asked, principal)
    except InputError as error:
        return _list_page(request, list_id, principal, error)
    return RedirectResponse(f"/visits/lists/{list_id}", SEE_OTHER)


def _lists(request: Request, principal: Principal, wrong: HeadraceError | None) -> Response:
    services = services_of(request)
    known = [e for e in services.visits.candidates() if scope_of(principal).sees(e.region)]
    return draw(
        request,
        "visits_lists.html",
        principal,
        status=422 if wrong else 200,
        wrong=wrong,
        lists=lists_of(services, principal),
        regions=sorted({each.region for each in known if each.region}),
        industries=sorted({each.industry for each in known if each.industry}),
        ratings=sorted({each.rating for each in known if each.rating}),
        states=STATES,
        managers=_managers(services),
        may_assign="visit_assign" in principal.may,
        list_id=token_hex(8),
        is_simulated=_is_simulated(services),
    )


def _list_page(
    request: Request, list_id: str, principal: Principal, wrong: HeadraceError | None
) -> Response:
    services = services_of(request)
    made, firms = require_list(services, list_id), firms_of(services, list_id, principal)
    areas: dict[str, AreaLine] = {}
    for each in firms:
        before = areas.get(each.area, AreaLine(each.area, 0, each.manager))
        areas[each.area] = AreaLine(each.area, before.firms + 1, before.manager)
    return draw(
        request,
        "visits_list.html",
        principal,
        status=422 if wrong else 200,
        wrong=wrong,
        made=made,
        filter=_filter_words(json.loads(made.filter), words_of(request)),
        firms=firms,
        areas=sorted(areas.values(), key=lambda each: (-each.firms, each.area)),
        managers=_managers(services),
        may_assign="visit_assign" in principal.may,
        is_simulated=made.simulated,
    )


def _managers(services: Services) -> list[str]:
    """Who may go: everybody with an account that may visit."""
    users = services.store.users()
    return [e.name for e in users if "visits" in ACCESS.allowed(e.roles) and not e.locked]


def _filter_words(asked: dict[str, Any], words: Words) -> str:
    told = [words(f"visits_state_{asked['state']}")]
    told += [
        words(f"visits_of_{name}", values=", ".join(asked[name]))
        for name in ("regions", "industries", "ratings")
        if asked[name]
    ]
    return " · ".join([*told, words("visits_at_most", n=words.count(asked["most"]))])


def _named(rows: Sequence[FunnelRow], words: Words) -> tuple[FunnelRow, ...]:
    return tuple(FunnelRow(each.group or words("visits_nobody"), each.counts) for each in rows)


def _chart(whole: FunnelRow, words: Words) -> dict[str, Any]:
    names = [words(f"visits_stage_{each.name.lower()}") for each in Stage]
    return {
        "grid": {"left": 8, "right": 40, "top": 8, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "value", "minInterval": 1},
        "yAxis": {"type": "category", "inverse": True, "data": names},
        "tooltip": {},
        "series": [
            {
                "type": "bar",
                "data": list(whole.counts),
                "barMaxWidth": 26,
                "label": {"show": True, "position": "right", "color": "inherit"},
            }
        ],
    }


def _may_record(principal: Principal) -> bool:
    return "audit" not in principal.may or "visit_assign" in principal.may


def _is_simulated(services: Services) -> bool:
    return any(each.simulated for each in services.visits.store.lists())


def _several(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(each for each in form.getlist(name) if isinstance(each, str) and each)
