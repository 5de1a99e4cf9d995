"""Pages of long work: start it, see how far it is, cancel it, get what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from json import dumps
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.errors import HeadraceError
from headrace.web.api.jobs import (
    JobId,
    JobView,
    cancel_job,
    jobs,
    may_end,
    resume_job,
    seen,
    submitted,
    view,
)
from headrace.web.api.routes import AfterPage
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.words import TEXTS, Words
from headrace.web.guard import form_of, needs
from headrace.web.jobs.kinds import KINDS, Kind
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

SEE_OTHER = 303
TAGS = {"done": "good", "failed": "warn", "cancelled": ""}
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Field:
    """One thing to be said about a job.

    Attributes:
        name: As the kind's dataclass spells it.
        label: For people.
        type: Of the input: date, checkbox, select, text.
        choices: Value and text of each, for a select.
        is_required: Whether it cannot be left empty.
        is_ticked: Whether a checkbox begins ticked.
    """

    name: str
    label: str
    type: str
    choices: tuple[tuple[str, str], ...]
    is_required: bool
    is_ticked: bool


@dataclass(frozen=True)
class Start:
    """The form that starts one kind of job."""

    kind: str
    title: str
    note: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Line:
    """A job as pages show it; all texts are ready to be read."""

    id: str
    title: str
    by: str
    created: str
    status: str
    tag: str
    told: str
    percent: int
    moves: bool
    may_end: bool
    can_resume: bool
    took: str
    files: tuple[str, ...]
    given: str
    result: str
    problem: Mapping[str, str] | None


@router.get("/jobs", name="jobs_page")
def jobs_page(
    request: Request, principal: Annotated[Principal, needs("jobs")], cursor: AfterPage = None
) -> Response:
    """My jobs, and forms to start one."""
    return _page(request, principal, cursor=cursor)


@router.get("/jobs/rows", name="jobs_rows")
def jobs_rows(request: Request, principal: Annotated[Principal, needs("jobs")]) -> Response:
    """The table alone, asked for every two seconds while something moves."""
    lines = [_line(each, request, principal) for each in jobs(request, principal).items]
    return draw(request, "jobs_rows.html", principal, lines=lines, is_first=True)


@router.post("/jobs", name="start_job")
async def start_job(request: Request, principal: Annotated[Principal, needs("jobs")]) -> Response:
    """Start a job, then show it."""
    form = await form_of(request)
    kind = str(form.get("kind", ""))
    try:
        given = _given(KINDS[kind], form) if kind in KINDS else {}
        name = await run_in_threadpool(submitted, request, principal, kind, given)
    except HeadraceError as error:
        return await run_in_threadpool(_page, request, principal, wrong=error, status=422)
    return RedirectResponse(f"/jobs/{name}", SEE_OTHER)


@router.get("/jobs/{job_id}", name="job_page")
def job_page(
    request: Request, job_id: JobId, principal: Annotated[Principal, needs("jobs")]
) -> Response:
    """One job."""
    found = view(seen(request, job_id, principal), principal)
    line = _line(found, request, principal)
    return draw(request, "job.html", principal, line=line)


@router.get("/jobs/{job_id}/progress", name="job_progress")
def job_progress(
    request: Request, job_id: JobId, principal: Annotated[Principal, needs("jobs")]
) -> Response:
    """How far a job is, as a part of a page that asks for itself again while it moves."""
    found = view(seen(request, job_id, principal), principal)
    line = _line(found, request, principal)
    return draw(request, "job_progress.html", principal, line=line)


@router.post("/jobs/{job_id}/cancel", name="cancel_job_form")
def cancel_job_form(
    request: Request, job_id: JobId, principal: Annotated[Principal, needs("jobs")]
) -> Response:
    """End a job, then show it."""
    cancel_job(request, job_id, principal)
    return RedirectResponse(f"/jobs/{job_id}", SEE_OTHER)


@router.post("/jobs/{job_id}/resume", name="resume_job_form")
def resume_job_form(
    request: Request, job_id: JobId, principal: Annotated[Principal, needs("jobs")]
) -> Response:
    """Begin a job again, then show it."""
    resume_job(request, job_id, principal)
    return RedirectResponse(f"/jobs/{job_id}", SEE_OTHER)


def _page(
    request: Request,
    principal: Principal,
    *,
    cursor: str | None = None,
    wrong: HeadraceError | None = None,
    status: int = 200,
) -> Response:
    words, listed = words_of(request), jobs(request, principal, cursor)
    starts = [
        _start(name, kind, words)
        for name, kind in KINDS.items()
        if kind.is_listed and kind.permission in principal.may
    ]
    return draw(
        request,
        "jobs.html",
        principal,
        status=status,
        lines=[_line(each, request, principal) for each in listed.items],
        starts=starts,
        further=listed.next,
        is_first=cursor is None,
        wrong=wrong,
    )


def _start(name: str, kind: Kind, words: Words) -> Start:
    hints = _types(kind)
    return Start(
        kind=name,
        title=words.of(kind.text),
        note=words(f"jobs_note_{name}"),
        fields=tuple(
            _field(each.name, hints[each.name], each.default, f"jobs_{name}_{each.name}", words)
            for each in fields(kind.given)
        ),
    )


def _types(kind: Kind) -> dict[str, Any]:
    """The type of each field; of an optional one, the type it has where it is given."""
    plain = {each.name: each.type for each in fields(kind.given)}
    return {
        name: next((part for part in get_args(hint) if part is not type(None)), hint)
        for name, hint in plain.items()
    }


def _field(name: str, hint: Any, default: Any, text: str, words: Words) -> Field:
    is_choice = isinstance(hint, type) and issubclass(hint, Enum)
    kinds = {"date": "date", "bool": "checkbox"}
    shown = "select" if is_choice else kinds.get(getattr(hint, "__name__", ""), "text")
    return Field(
        name=name,
        label=words(text),
        type=shown,
        choices=tuple((each.value, words(f"{text}_{each.value}")) for each in hint)
        if is_choice
        else (),
        is_required=default.__class__.__name__ == "_MISSING_TYPE",
        is_ticked=default is True,
    )


def _given(kind: Kind, form: FormData) -> dict[str, Any]:
    """What a form says about a job; what was left empty is not given."""
    given: dict[str, Any] = {}
    for name, hint in _types(kind).items():
        value = form.get(name)
        if hint is bool:
            given[name] = value is not None
        elif isinstance(value, str) and value:
            given[name] = value
    return given


def _line(found: JobView, request: Request, principal: Principal) -> Line:
    words, zone = words_of(request), services_of(request).zone
    took = None if found.started is None or found.ended is None else found.ended - found.started
    return Line(
        id=found.id,
        title=words.of(found.text),
        by=found.by,
        created=words.moment(found.created, zone),
        status=words(f"jobs_{found.status.value}"),
        tag=TAGS.get(found.status.value, ""),
        told=words.of(found.told),
        percent=round(found.progress * 100),
        moves=not found.status.has_ended,
        may_end=may_end(principal, found.by),
        can_resume=found.status.value in ("failed", "cancelled"),
        took="" if took is None else words("jobs_seconds", n=f"{took / 1_000_000:,.1f}"),
        files=found.files,
        given=_said(found, words),
        result="" if found.result is None else dumps(found.result, ensure_ascii=False, indent=2),
        problem=found.problem,
    )


def _said(found: JobView, words: Words) -> str:
    """What was said about a job, as its form says it; names and values where it has no form."""
    kind, told = KINDS.get(found.kind), []
    for name, value in found.given.items():
        if value is None or value is False:
            continue
        if kind is None or not kind.is_listed:
            told.append(f"{name}: {value}")
        elif value is True:
            told.append(words(f"jobs_{found.kind}_{name}"))
        else:
            text = f"jobs_{found.kind}_{name}"
            shown = words(f"{text}_{value}") if f"{text}_{value}" in TEXTS else str(value)
            told.append(f"{words(text)}: {shown}")
    return ", ".join(told)
