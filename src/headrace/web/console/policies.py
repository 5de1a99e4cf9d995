"""Pages of policies: what decides, versions and who answers for them, trials, lists."""

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from headrace.adapters.policies_in_force import SHIPPED
from headrace.adapters.store import csv_bytes
from headrace.adapters.stores.job import Job
from headrace.adapters.stores.policy_desk import Trial
from headrace.decisions.flow.policy import ListStep
from headrace.errors import HeadraceError
from headrace.web.api.policies import Name, Number, act_of, policies
from headrace.web.api.policy_desk import (
    EntryGiven,
    TrialId,
    add_entry,
    percent_of,
    seen_changes,
    submit_comparison,
    submit_trial,
    visible_entries,
)
from headrace.web.api.policy_shapes import Judgement, tables_shown
from headrace.web.attachment import attachment
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.policy_views import (
    PLACE,
    act_views,
    beside_text,
    decider_text,
    labels_of,
    remark_views,
    rollout_view,
    trial_view,
    version_view,
    version_views,
)
from headrace.web.console.refusals import said
from headrace.web.console.words import Words
from headrace.web.guard import field_of, form_of, needs
from headrace.web.policies import (
    Subject,
    check,
    compared_with,
    document_at,
    files_of,
    judge,
    number_in_force,
    policy_names,
    subject_of,
)
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of
from headrace.workflows.policy_check import editable
from headrace.workflows.policy_documents import changes_between

SEE_OTHER = 303
CHANGES_SHOWN, LIST_SHOWN = 200, 300
TRIALS = ("trial", "rollout")
router = APIRouter(include_in_schema=False)

Form = Annotated[FormData, Depends(form_of)]


@router.get("/policies", name="policies_page")
def policies_page(request: Request, principal: Annotated[Principal, needs("policies")]) -> Response:
    """All policies."""
    services, words = services_of(request), words_of(request)
    lines = []
    for each in policies(request, principal):
        subject = subject_of(services, each.name)
        since = [act for act in subject.history.activations if act.version == each.in_force]
        lines.append(
            {
                "name": each.name,
                "title": words.of(each.title),
                "in_force": each.in_force,
                "since": words.moment(since[-1].start, PLACE) if since else "",
                "last": each.last,
                "open": each.open,
                "has_draft": "policy_write" in principal.may
                and services.policy_desk.draft(principal.user.name, each.name) is not None,
            }
        )
    return draw(request, "policies.html", principal, lines=lines)


@router.get("/policies/lists", name="policy_lists_page")
def policy_lists_page(
    request: Request, principal: Annotated[Principal, needs("decisions")]
) -> Response:
    """Black, white and grey lists."""
    return _lists(request, principal)


@router.post("/policies/lists", name="add_policy_entry")
def add_policy_entry(
    request: Request, principal: Annotated[Principal, needs("policy_write")], form: Form
) -> Response:
    """Record an entry."""
    given = {
        name: field_of(form, name)
        for name in ("list", "value", "reason", "scope", "start", "until", "owner")
    }
    start, until = given["start"] or None, given["until"] or None
    texts = {name: given[name] for name in ("list", "value", "reason", "scope", "owner")}
    entry = EntryGiven(**texts, start=start, until=until)
    try:
        add_entry(services_of(request), entry, principal.user.name)
    except (HeadraceError, Refused) as error:
        return _lists(request, principal, said(error, words_of(request)), given)
    return RedirectResponse("/policies/lists", SEE_OTHER)


def _lists(
    request: Request,
    principal: Principal,
    wrong: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    services, words = services_of(request), words_of(request)
    known = visible_entries(services, principal)
    now = services.now()
    shown = [
        {
            **vars(each),
            "from": words.moment(each.valid_from, PLACE),
            "to": "" if each.valid_until is None else words.moment(each.valid_until, PLACE),
            "holds": each.holds(now),
        }
        for each in reversed(known[-LIST_SHOWN:])
    ]
    names = sorted({each.list for each in known} | _asked_lists(services))
    return draw(
        request,
        "policy_lists.html",
        principal,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        entries=shown,
        hidden=max(0, len(known) - LIST_SHOWN),
        names=names,
        typed=typed or dict.fromkeys(("list", "value", "reason", "scope", "until"), ""),
        wrong=wrong,
    )


def _asked_lists(services: Services) -> set[str]:
    """Names of lists that policies in force ask."""
    found: set[str] = set()
    for name in policy_names(services):
        subject = subject_of(services, name)
        number = number_in_force(services, subject)
        if number == SHIPPED and subject.pack is None:
            continue  # nothing decides by it yet
        document = document_at(services, subject, number)
        steps = document.loaded.policy.steps
        found |= {step.name for step in steps if isinstance(step, ListStep)}
    return found


@router.get("/policies/{name}", name="policy_page")
def policy_page(
    request: Request, name: Name, principal: Annotated[Principal, needs("policies")]
) -> Response:
    """One policy: what decides, its versions, and all that was done."""
    services, words = services_of(request), words_of(request)
    subject = subject_of(services, name)
    planned, now = subject.history.planned, services.now()
    problems = services.policies.verify()
    return draw(
        request,
        "policy.html",
        principal,
        subject=subject,
        title=_title(subject, request),
        in_force=number_in_force(services, subject),
        beside=[
            (each.version, beside_text(each, words)) for each in subject.history.beside_at(now)
        ],
        planned=planned if planned and planned.start > now else None,
        planned_at=words.moment(planned.start, PLACE) if planned else "",
        lends=subject.name == services.workspace.pack,
        versions=version_views(subject.history, now, words),
        acts=act_views(services.policies.acts(name), words),
        head=services.policies.head(),
        problems=problems,
        has_draft=services.policy_desk.draft(principal.user.name, name) is not None,
    )


@router.get("/policies/{name}/versions/{number}", name="policy_version_page")
def policy_version_page(
    request: Request, name: Name, number: Number, principal: Annotated[Principal, needs("policies")]
) -> Response:
    """One version: what it changes, what is odd about it, its tables, trials, who judged it."""
    return _version_page(request, principal, name, number)


@router.post("/policies/{name}/versions/{number}/judge", name="judge_policy_page")
def judge_policy_page(
    request: Request,
    name: Name,
    number: Number,
    principal: Annotated[Principal, needs("policy_approve")],
    form: Form,
) -> Response:
    """Approve, reject, roll out or roll back."""
    services = services_of(request)
    subject = subject_of(services, name)
    comment, start = field_of(form, "comment"), field_of(form, "start") or None
    try:
        said_so = Judgement(comment, start, percent_of(field_of(form, "share")))
        act = act_of(subject, field_of(form, "deed"), number, principal.user.name, said_so)
        judge(services, subject, act)
    except (HeadraceError, Refused) as error:
        wrong = said(error, words_of(request))
        return _version_page(request, principal, name, number, (wrong, comment))
    return RedirectResponse(f"/policies/{name}/versions/{number}", SEE_OTHER)


@router.post("/policies/{name}/versions/{number}/try", name="try_policy_page")
def try_policy_page(
    request: Request,
    name: Name,
    number: Number,
    principal: Annotated[Principal, needs("policy_write")],
) -> Response:
    """Try a version on history, beside the one in force."""
    services = services_of(request)
    subject = subject_of(services, name)
    versions = number, number_in_force(services, subject)
    trial = submit_trial(services, subject, versions, {}, principal)
    return RedirectResponse(f"/policies/{name}/trials/{trial}", SEE_OTHER)


@router.post("/policies/{name}/versions/{number}/compare", name="compare_rollout_page")
def compare_rollout_page(
    request: Request,
    name: Name,
    number: Number,
    principal: Annotated[Principal, needs("policy_write")],
) -> Response:
    """Compare what a version beside the one in force decided with what that did."""
    services = services_of(request)
    trial = submit_comparison(services, subject_of(services, name), number, principal)
    return RedirectResponse(f"/policies/{name}/trials/{trial}", SEE_OTHER)


def _version_page(
    request: Request,
    principal: Principal,
    name: str,
    number: int,
    refused: tuple[str, str] = ("", ""),
) -> Response:
    services, words = services_of(request), words_of(request)
    subject = subject_of(services, name)
    document = document_at(services, subject, number)
    checked = check(services, subject, number, {})
    now = services.now()
    against = compared_with(services, subject, number)
    texts = editable(document)
    tables = tables_shown(document)
    held = {f"{each.name}.csv" for each in tables}
    changed = (
        ()
        if against is None
        else changes_between(document_at(services, subject, against), document)
    )
    standing = {each.version: each for each in subject.history.beside_at(now)}
    trials = services.policy_desk.trials(subject.name, document.digest())
    beside = [each for each in trials if "rollout" in each.told]
    version = subject.history.version(number) if number else None
    return draw(
        request,
        "policy_version.html",
        principal,
        status=HTTPStatus.CONFLICT if refused[0] else HTTPStatus.OK,
        subject=subject,
        number=number,
        shown=None
        if version is None
        else version_view(version, subject.history.active_at(now), words),
        acts=_offered(subject, number, now, principal),
        against=against,
        changes=[each.say(words.language) for each in changed[:CHANGES_SHOWN]],
        hidden=max(0, len(changed) - CHANGES_SHOWN),
        remarks=remark_views(checked.remarks, words, texts),
        tables=tables,
        labels=labels_of(subject.pack, words),
        others={file: text for file, text in texts.items() if file not in held},
        files=sorted(files_of(services, subject, number)),
        trials=_trial_lines(trials, words),
        beside=beside_text(standing[number], words) if number in standing else "",
        decides_events=subject.pack is not None and bool(subject.pack.policy),
        rollout=rollout_view(beside[0].told, words) if beside else None,
        rollout_at=words.moment(beside[0].at, PLACE) if beside else "",
        rollout_id=beside[0].id if beside else "",
        wrong=refused[0],
        typed=refused[1],
        digest=document.digest(),
        lends=subject.name == services.workspace.pack,
    )


def _offered(subject: Subject, number: int, now: int, principal: Principal) -> list[str]:
    """What somebody may be offered to do with a version; the store judges what is done."""
    if "policy_approve" not in principal.may or not number:
        return []
    version = subject.history.version(number)
    active = subject.history.active_at(now)
    planned = subject.history.planned
    if version.is_rejected:
        return []
    offered = []
    if version.proposal.by != principal.user.name and not any(
        each.by == principal.user.name for each in version.verdicts
    ):
        offered.append("approve")
    if not version.is_approved:
        return [*offered, "reject"]
    if active is not None and number < max(active, planned.version if planned else 0):
        offered.append("rollback")
    elif number != active and (planned is None or planned.version != number):
        offered.append("activate")
    offered += _beside_offered(subject, number, now)
    decides = number in {active, planned.version if planned else None}
    return offered if decides else [*offered, "reject"]  # what decides is rolled back instead


def _beside_offered(subject: Subject, number: int, now: int) -> list[str]:
    """What an approved version may be beside the one in force; only events are decided so."""
    if subject.pack is None or not subject.pack.policy:
        return []
    if number in {each.version for each in subject.history.beside_at(now)}:
        return ["challenge", "shadow", "withdraw"]
    return [] if number == subject.history.active_at(now) else ["challenge", "shadow"]


def _trial_lines(trials: Sequence[Trial], words: Words) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "at": words.moment(each.at, PLACE),
            "by": each.by,
            "base": each.base,
            "cases": f"{each.told['cases']:,}",
            "changed": f"{each.told['changed']:,}",
            "is_rollout": "rollout" in each.told,
        }
        for each in trials
    ]


@router.get("/policies/{name}/trials/{trial}", name="policy_trial_page")
def policy_trial_page(
    request: Request,
    name: Name,
    trial: TrialId,
    principal: Annotated[Principal, needs("policies")],
) -> Response:
    """What came of a trial; until then, how far it is."""
    services, words = services_of(request), words_of(request)
    subject = subject_of(services, name)
    job = services.jobs.state(trial)  # first: whoever ends it keeps the trial before
    found = services.policy_desk.trial(name, trial)
    if found is None and (job is None or job.kind not in TRIALS or job.given.get("policy") != name):
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such trial")
    view = None if found is None else trial_view(found.told, words)
    return draw(
        request,
        "policy_trial.html",
        principal,
        subject=subject,
        trial=found,
        at=words.moment(found.at, PLACE) if found else "",
        tried=_tried(subject, found.digest) if found else None,
        job=job,
        told="" if job is None else words.of(job.told),
        percent=0 if job is None else round(100 * job.progress),
        failed=_failed(job, request),
        view=view,
        is_rollout=bool(view and view.rollout) or (job is not None and job.kind == "rollout"),
        is_simulated=view is not None and view.is_simulated,
    )


def _failed(job: Job | None, request: Request) -> str:
    """Why a job that ended has no trial; empty while it moves."""
    if job is None or not job.status.has_ended:
        return ""
    words = words_of(request)
    problem = job.problem or {}
    if not problem:
        return words("policies_trial_ended")
    error = HeadraceError(
        str(problem.get("problem", "")),
        where=str(problem.get("where", "")),
        remedy=str(problem.get("remedy", "")),
    )
    return said(error, words)


def _tried(subject: Subject, digest: str) -> int | None:
    """The version that says what was tried; None: a draft."""
    numbers = [each.number for each in subject.history.versions if each.digest == digest]
    return numbers[-1] if numbers else None


@router.get("/policies/{name}/trials/{trial}/changes", name="policy_changes_page")
def policy_changes_page(
    request: Request,
    name: Name,
    trial: TrialId,
    principal: Annotated[Principal, needs("decisions")],
) -> Response:
    """Who changes, one by one."""
    services = services_of(request)
    subject = subject_of(services, name)
    found = services.policy_desk.trial(name, trial)
    if found is None:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such trial")
    rows = seen_changes(services, principal, found)
    lends = subject.name == services.workspace.pack
    firms = services.run.current().firms if lends else {}
    return draw(
        request,
        "policy_changes.html",
        principal,
        subject=subject,
        trial=found,
        rows=[_change(each, firms, words_of(request)) for each in rows[:LIST_SHOWN]],
        hidden=max(0, len(rows) - LIST_SHOWN),
        lends=lends,
        is_simulated=bool(found.told["simulated"]),
    )


@router.get("/policies/{name}/trials/{trial}/changes.csv", name="policy_changes_csv")
def policy_changes_csv(
    request: Request,
    name: Name,
    trial: TrialId,
    principal: Annotated[Principal, needs("decisions")],
) -> Response:
    """The same for a spreadsheet."""
    services = services_of(request)
    subject_of(services, name)
    found = services.policy_desk.trial(name, trial)
    if found is None:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such trial")
    rows = seen_changes(services, principal, found)
    table = pa.Table.from_pylist(list(rows)) if rows else pa.table({"party": pa.array([], "str")})
    return attachment(csv_bytes(table), f"{name}-changes.csv", "text/csv; charset=utf-8")


def _change(row: dict[str, Any], firms: Any, words: Words) -> dict[str, Any]:
    who = str(row.get("party") or row.get("customer") or "")
    firm = firms.get(who)
    moment = row.get("event_time")
    return {
        "who": who,
        "name": (firm.name if firm else None) or who,
        "is_firm": "party" in row,
        "about": str(row.get("id") or ""),
        "at": _event_time(moment),
        "old_action": row["old_action"],
        "new_action": row["new_action"],
        "old_by": decider_text(row["old_by"], words),
        "new_by": decider_text(row["new_by"], words),
        "probability": row.get("probability"),
    }


def _event_time(told: object) -> str:
    """When an event was, by the clock of the place, of what a trial kept; empty: it has no time."""
    try:
        moment = datetime.fromisoformat(str(told or ""))
    except ValueError:
        return str(told or "")
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{known.astimezone(PLACE):%Y-%m-%d %H:%M:%S}"


def _title(subject: Subject, request: Request) -> str:
    return subject.name if subject.pack is None else words_of(request).of(subject.pack.title)
