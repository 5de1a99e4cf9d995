"""Long work over HTTP: ask for it, follow it, cancel it, download what came of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import ConfigDict, TypeAdapter
from starlette.concurrency import run_in_threadpool

from headrace.adapters.stores.job import Job, Status
from headrace.pack import Text
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.routes import NOT_THERE, REFUSALS, AfterPage, PageSize, has_tag
from headrace.web.guard import caller_of, needs
from headrace.web.jobs.kinds import KINDS, kind_of
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

router = APIRouter(prefix="/api/v1", responses=REFUSALS, tags=["jobs"])

WAIT_MAX = 20
LOOK_SECONDS = 0.5
EVERYBODYS = frozenset({"audit", "admin"})
"""Who may one of these sees the jobs of others."""

JobId = Annotated[str, Path(max_length=64, description="Id of the job")]


@dataclass(frozen=True)
class JobAsked:
    """A job to be done; `given` is as `GET /jobs/kinds` says of the kind."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    kind: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class JobAdded:
    """The id of a job that was asked for."""

    id: str


@dataclass(frozen=True)
class JobKind:
    """A kind of job; `given` is the JSON Schema of what can be said about it."""

    kind: str
    text: Text
    permission: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class JobView:
    """How a job stands. Times are microseconds since 1970, UTC.

    `result` is left out for whoever may not ask for the kind; `files` are names to download.
    """

    id: str
    kind: str
    text: Text
    given: Mapping[str, Any]
    by: str
    status: Status
    progress: float
    told: Text
    created: int
    started: int | None
    ended: int | None
    attempts: int
    result: Mapping[str, Any] | None
    problem: Mapping[str, str] | None
    files: tuple[str, ...]


@dataclass(frozen=True)
class JobPage:
    """Some jobs, newest first; `next` is None on the last page."""

    items: tuple[JobView, ...]
    next: str | None


VIEW = TypeAdapter(JobView)


@router.get("/jobs/kinds", name="job_kinds")
def job_kinds(principal: Annotated[Principal, needs("jobs")]) -> tuple[JobKind, ...]:
    """Which jobs I may ask for."""
    return tuple(
        JobKind(name, kind.text, kind.permission, kind.schema())
        for name, kind in KINDS.items()
        if kind.permission in principal.may
    )


@router.post("/jobs", name="add_job", status_code=202)
def add_job(
    request: Request,
    asked: JobAsked,
    principal: Annotated[Principal, needs("jobs")],
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> JobAdded:
    """Ask for a job. The same `Idempotency-Key` of the same user gives the same job."""
    return JobAdded(submitted(request, principal, asked.kind, asked.given, idempotency_key))


@router.get("/jobs", name="jobs")
def jobs(
    request: Request,
    principal: Annotated[Principal, needs("jobs")],
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> JobPage:
    """My jobs, newest first; everybody's for administrators and auditors."""
    before = position_after(cursor, "jobs") - 1 if cursor else None
    by = None if sees_all(principal) else principal.user.name
    found = services_of(request).jobs.listed(by=by, before=before, count=limit + 1)
    shown = found[:limit]
    further = str(Cursor("jobs", shown[-1].number)) if len(found) > limit else None
    return JobPage(tuple(view(each, principal) for each in shown), further)


@router.get(
    "/jobs/{job_id}",
    name="job",
    response_model=JobView,
    responses={304: {"description": "Not changed"}, **NOT_THERE},
)
async def job(
    request: Request,
    job_id: JobId,
    principal: Annotated[Principal, needs("jobs")],
    wait: Annotated[int, Query(ge=0, le=WAIT_MAX, description="Seconds to wait for news")] = 0,
    if_none_match: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """How a job stands; with `wait` and `If-None-Match`, as soon as it stands differently."""
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        found = await run_in_threadpool(seen, request, job_id, principal)
        tag = f'"{found.id}-{found.changes}"'
        is_known = has_tag(if_none_match, tag)
        is_news = not is_known and (bool(if_none_match) or found.status.has_ended)
        left = deadline - asyncio.get_running_loop().time()
        if is_news or found.status.has_ended or left <= 0:
            break
        await asyncio.sleep(min(LOOK_SECONDS, left))
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if is_known:
        return Response(status_code=304, headers=headers)
    return JSONResponse(VIEW.dump_python(view(found, principal), mode="json"), headers=headers)


@router.post("/jobs/{job_id}/cancel", name="cancel_job", responses=NOT_THERE)
def cancel_job(
    request: Request, job_id: JobId, principal: Annotated[Principal, needs("jobs")]
) -> JobView:
    """End one's own job, or any as an administrator; one that runs is killed within two seconds."""
    require_own(principal, seen(request, job_id, principal))
    return view(_there(services_of(request).jobs.cancel(job_id)), principal)


@router.post("/jobs/{job_id}/resume", name="resume_job", responses=NOT_THERE)
def resume_job(
    request: Request, job_id: JobId, principal: Annotated[Principal, needs("jobs")]
) -> JobView:
    """Begin a job again that failed or was cancelled."""
    found = seen(request, job_id, principal)
    require_own(principal, found)
    may_ask(principal, found.kind)
    return view(_there(services_of(request).jobs.resume(job_id)), principal)


@router.get(
    "/jobs/{job_id}/files/{name}",
    name="job_file",
    response_class=Response,
    responses={200: {"description": "The file"}, **NOT_THERE},
)
def job_file(
    request: Request,
    job_id: JobId,
    name: Annotated[str, Path(max_length=200)],
    principal: Annotated[Principal, needs("jobs")],
) -> Response:
    """A file that a job made. It may tell of firms: every download is written into the audit."""
    services = services_of(request)
    found = seen(request, job_id, principal)
    may_ask(principal, found.kind)
    path = services.jobs.file(found, name)
    if path is None:
        raise Refused(404, "The job made no such file")
    act = "GET /api/v1/jobs/{job_id}/files/{name}"
    services.accounts.note(principal.user.name, act, f"{job_id} {name}", caller_of(request))
    return FileResponse(path, filename=name, headers={"cache-control": "private, no-store"})


def submitted(
    request: Request,
    principal: Principal,
    kind: str,
    given: Mapping[str, Any],
    key: str | None = None,
) -> str:
    """Ask for a job on behalf of whoever asks; its id.

    Raises:
        Refused: They may not.
        InputError: There is no such kind, or what is given does not fit.
    """
    may_ask(principal, kind)
    return services_of(request).jobs.submit(kind, given, by=principal.user.name, key=key)


def seen(request: Request, job_id: str, principal: Principal) -> Job:
    """A job, if this user may know of it.

    Raises:
        Refused: There is none, as far as they may know.
    """
    found = services_of(request).jobs.state(job_id)
    if found is None or not (sees_all(principal) or found.by == principal.user.name):
        raise Refused(404, "There is no such job")
    return found


def sees_all(principal: Principal) -> bool:
    """Whether somebody sees the jobs of others."""
    return bool(EVERYBODYS & principal.may)


def may_end(principal: Principal, by: str) -> bool:
    """Whether somebody may end or resume the jobs of another; auditors look on."""
    return by == principal.user.name or "admin" in principal.may


def require_own(principal: Principal, found: Job) -> None:
    """See that somebody may end or resume a job.

    Raises:
        Refused: It is somebody else's.
    """
    if not may_end(principal, found.by):
        raise Refused(403, "This is somebody else's job", remedy="They, or an administrator, may")


def may_ask(principal: Principal, kind: str) -> None:
    """See that somebody may ask for a kind of job.

    Raises:
        Refused: They may not.
        InputError: There is no such kind.
    """
    permission = kind_of(kind).permission
    if permission not in principal.may:
        raise Refused(403, f"This needs the permission {permission!r}")


def view(found: Job, principal: Principal) -> JobView:
    """A job as its asker is shown it."""
    kind = KINDS.get(found.kind)  # None: an older Headrace knew it
    may_see = kind is not None and kind.permission in principal.may
    result = found.result if may_see else None
    return JobView(
        id=found.id,
        kind=found.kind,
        text=Text(found.kind, found.kind) if kind is None else kind.text,
        given=found.given,
        by=found.by,
        status=found.status,
        progress=found.progress,
        told=found.told,
        created=found.created,
        started=found.started,
        ended=found.ended,
        attempts=found.attempts,
        result=result,
        problem=found.problem,
        files=tuple((result or {}).get("files", ())),
    )


def _there(found: Job | None) -> Job:
    if found is None:
        raise Refused(404, "There is no such job")
    return found
