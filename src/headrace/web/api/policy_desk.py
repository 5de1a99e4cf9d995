"""Routes about what surrounds policies: drafts, trials on history, black and white lists."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from headrace.adapters.policy_objects import act_object, entry_object
from headrace.adapters.stores.policy_desk import Draft, Trial
from headrace.decisions.flow.lists import Entry
from headrace.errors import InputError
from headrace.web.api.bodies import body
from headrace.web.api.policies import Name, Number, moment_from
from headrace.web.api.routes import NOT_THERE, REFUSALS
from headrace.web.guard import needs
from headrace.web.policies import (
    Subject,
    as_bytes,
    by_the_rules,
    draft_of,
    number_in_force,
    received,
    refresh_live,
    save_draft,
    subject_of,
)
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of
from headrace.workflows.policy_history import Act

router = APIRouter(prefix="/api/v1", responses={**REFUSALS, **NOT_THERE})
ENTRIES_MAX = 5_000
TEXT_MAX = 500

TrialId = Annotated[str, Path(pattern="^[0-9A-Za-z-]{1,64}$")]


@dataclass(frozen=True)
class DraftShown:
    """A draft: the version it was begun from, how often it was saved, and what differs.

    Attributes:
        base: Version; 0: the pack's own files.
        last: The last version now: if it is another one, somebody proposed it since.
        revision: To be given back as If-Match.
        files: Texts that differ, by name.
    """

    base: int
    last: int
    revision: int
    files: dict[str, str]


@body
class DraftGiven:
    """What is to be kept of a draft."""

    base: int
    files: dict[str, str]


@body
class TrialAsked:
    """A trial: a version, or what is being written from it, against another.

    Attributes:
        version: Tried, with `files` in place of its own; None: the last.
        files: Texts by name.
        against: The version it is set beside; None: the one in force.
    """

    version: int | None = None
    files: dict[str, str] = field(default_factory=dict)
    against: int | None = None


@dataclass(frozen=True)
class TrialLine:
    """A trial in a list; `at` is in microseconds since 1970, UTC."""

    id: str
    digest: str
    against: int
    by: str
    at: int
    cases: int
    changed: int


@body
class EntryGiven:
    """An entry of a list: who or what, from when until when, why, who answers for it.

    Attributes:
        list: The list's name.
        value: Who or what.
        reason: A code or a sentence.
        scope: The policy it holds for; empty: all.
        start: From when on; None: now.
        until: Until when; None: for good; the same as the start takes an entry back.
        owner: Who answers for it; empty: whoever records it.
    """

    list: str
    value: str
    reason: str = ""
    scope: str = ""
    start: str | None = None
    until: str | None = None
    owner: str = ""


# --- drafts ---------------------------------------------------------------------------------------


@router.get("/policies/{name}/draft", name="policy_draft")
def policy_draft(
    request: Request, name: Name, principal: Annotated[Principal, needs("policy_write")]
) -> DraftShown:
    """Your draft of a policy; an empty one where you have none."""
    services = services_of(request)
    subject = subject_of(services, name)
    return _draft_shown(subject, draft_of(services, subject, principal.user.name))


@router.put("/policies/{name}/draft", name="save_policy_draft")
def save_policy_draft(
    request: Request,
    name: Name,
    given: Annotated[DraftGiven, Body()],
    principal: Annotated[Principal, needs("policy_write")],
    if_match: Annotated[str, Header(description="`revision` as you saw it, in quotes")] = '"0"',
) -> DraftShown:
    """Keep your draft, so that a closed browser loses nothing."""
    services = services_of(request)
    subject = subject_of(services, name)
    revision = revision_of(if_match)
    draft = Draft(principal.user.name, name, given.base, given.files, revision)
    return _draft_shown(subject, save_draft(services, subject, draft))


@router.delete("/policies/{name}/draft", name="discard_policy_draft", status_code=204)
def discard_policy_draft(
    request: Request, name: Name, principal: Annotated[Principal, needs("policy_write")]
) -> None:
    """Forget your draft."""
    services = services_of(request)
    subject = subject_of(services, name)
    services.policy_desk.discard(principal.user.name, subject.name)


@router.put("/policies/{name}/draft/files/{file}", name="upload_policy_file")
async def upload_policy_file(
    request: Request,
    name: Name,
    file: Annotated[str, Path(max_length=200)],
    principal: Annotated[Principal, needs("policy_write")],
) -> DraftShown:
    """Put a file into your draft: .xlsx, .dmn, .csv, .yaml, .toml or .json, as it is in the body.

    Tables of a workbook or a DMN model become tables that can be edited.
    """
    content = await request.body()
    return await run_in_threadpool(
        _uploaded, services_of(request), name, file, content, principal.user.name
    )


def _uploaded(services: Services, name: str, file: str, content: bytes, user: str) -> DraftShown:
    subject = subject_of(services, name)
    draft = received(services, subject, draft_of(services, subject, user), file, content)
    return _draft_shown(subject, save_draft(services, subject, draft))


def revision_of(tag: str) -> int:
    """The revision that an If-Match names.

    Raises:
        InputError: It names none.
    """
    text = tag.strip().strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError("This is no revision", where="If-Match", remedy='Such as "3"')
    return int(text)


def _draft_shown(subject: Subject, draft: Draft) -> DraftShown:
    return DraftShown(draft.base, subject.last, draft.revision, dict(draft.files))


# --- trials ---------------------------------------------------------------------------------------


@router.post("/policies/{name}/trials", name="try_policy", status_code=HTTPStatus.ACCEPTED)
def try_policy(
    request: Request,
    name: Name,
    asked: Annotated[TrialAsked, Body()],
    principal: Annotated[Principal, needs("policy_write")],
) -> dict[str, str]:
    """Try a policy on history, beside the one in force: a job, whose id is the trial's."""
    services = services_of(request)
    subject = subject_of(services, name)
    version = subject.last if asked.version is None else asked.version
    against = number_in_force(services, subject) if asked.against is None else asked.against
    return {"id": submit_trial(services, subject, (version, against), asked.files, principal)}


@router.post(
    "/policies/{name}/versions/{number}/comparisons",
    name="compare_rollout",
    status_code=HTTPStatus.ACCEPTED,
)
def compare_rollout(
    request: Request,
    name: Name,
    number: Number,
    principal: Annotated[Principal, needs("policy_write")],
) -> dict[str, str]:
    """Compare what a challenger or shadow decided with the champion: a job, whose id is a trial's.

    Its figures have a part `rollout`: what each did with what it decided.
    """
    services = services_of(request)
    return {"id": submit_comparison(services, subject_of(services, name), number, principal)}


@router.get("/policies/{name}/trials", name="policy_trials")
def policy_trials(
    request: Request, name: Name, _: Annotated[Principal, needs("policies")]
) -> tuple[TrialLine, ...]:
    """The last trials of a policy, newest first."""
    services = services_of(request)
    return tuple(map(_trial_line, services.policy_desk.trials(subject_of(services, name).name)))


@router.get("/policies/{name}/trials/{trial}", name="policy_trial")
def policy_trial(
    request: Request, name: Name, trial: TrialId, _: Annotated[Principal, needs("policies")]
) -> dict[str, Any]:
    """What came of a trial: figures of all and of parts, beside those of the other; no person."""
    return dict(trial_of(services_of(request), name, trial).told)


@router.get("/policies/{name}/trials/{trial}/changes", name="policy_trial_changes")
def policy_trial_changes(
    request: Request,
    name: Name,
    trial: TrialId,
    principal: Annotated[Principal, needs("decisions")],
    limit: Annotated[int, Query(ge=1, le=2_000)] = 500,
) -> tuple[dict[str, Any], ...]:
    """Who would be decided otherwise, and what decides now and then."""
    services = services_of(request)
    found = trial_of(services, name, trial)
    return tuple(map(dict, seen_changes(services, principal, found)[:limit]))


def submit_trial(
    services: Services,
    subject: Subject,
    versions: tuple[int, int],
    files: dict[str, str],
    principal: Principal,
) -> str:
    """Start a trial; the id of its job.

    Args:
        services: Of the service.
        subject: Of which policy.
        versions: The one that is tried, and the one it is set beside.
        files: Texts in place of those of the first.
        principal: Who asks.

    Raises:
        InputError: There are too many files.
    """
    as_bytes(files)
    given = {
        "policy": subject.name,
        "version": versions[0],
        "against": versions[1],
        "files": files,
    }
    with by_the_rules():
        for number in filter(None, versions):
            subject.history.version(number)
    return services.jobs.submit("trial", given, by=principal.user.name, key=None)


def submit_comparison(
    services: Services, subject: Subject, version: int, principal: Principal
) -> str:
    """Start a comparison of what stands beside with what is in force; the id of its job.

    Raises:
        Refused: There is no such version.
    """
    with by_the_rules():
        subject.history.version(version)
    given = {"policy": subject.name, "version": version}
    return services.jobs.submit("rollout", given, by=principal.user.name, key=None)


def percent_of(text: str) -> Decimal | None:
    """A share in per cent that a person gives; None where they give none.

    Raises:
        InputError: It is no number.
    """
    if not text.strip():
        return None
    try:
        return Decimal(text.strip().removesuffix("%"))
    except InvalidOperation as error:
        raise InputError("This is no number", where="share", remedy="In per cent: 10") from error


def trial_of(services: Services, name: str, trial: str) -> Trial:
    """A trial of a policy.

    Raises:
        Refused: There is none, or it is not done yet.
    """
    found = services.policy_desk.trial(subject_of(services, name).name, trial)
    if found is None:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such trial, or it is still under way")
    return found


def seen_changes(
    services: Services, principal: Principal, trial: Trial
) -> tuple[dict[str, Any], ...]:
    """Who changes, of those that somebody may know of."""
    scope = scope_of(principal)
    if scope.is_all:
        return tuple(map(dict, trial.changes))
    regions = services.run.current().regions
    return tuple(
        dict(each) for each in trial.changes if scope.sees(regions.get(str(each.get("party"))))
    )


def _trial_line(trial: Trial) -> TrialLine:
    told = trial.told
    return TrialLine(
        trial.id, trial.digest, trial.base, trial.by, trial.at, told["cases"], told["changed"]
    )


# --- lists ----------------------------------------------------------------------------------------


@router.get("/policy-lists", name="policy_lists")
def policy_lists(
    request: Request,
    principal: Annotated[Principal, needs("decisions")],
    list_name: Annotated[str | None, Query(alias="list", description="Only this one")] = None,
) -> tuple[dict[str, Any], ...]:
    """Entries of lists, those that no longer hold too, in the order in which they were recorded."""
    entries = visible_entries(services_of(request), principal)
    found = [each for each in entries if list_name in (None, each.list)]
    return tuple(map(entry_object, found[-ENTRIES_MAX:]))


def visible_entries(services: Services, principal: Principal) -> tuple[Entry, ...]:
    """Entries of lists, but for those about firms that somebody may not know of."""
    entries = services.policies.lists().entries
    scope = scope_of(principal)
    if scope.is_all:
        return entries
    regions = services.run.current().regions
    return tuple(
        each for each in entries if each.value not in regions or scope.sees(regions[each.value])
    )


@router.post("/policy-lists", name="add_to_policy_list", status_code=HTTPStatus.CREATED)
def add_to_policy_list(
    request: Request,
    given: Annotated[EntryGiven, Body()],
    principal: Annotated[Principal, needs("policy_write")],
) -> dict[str, Any]:
    """Record an entry; it holds from its start on and is never changed, only followed."""
    services = services_of(request)
    return act_object(add_entry(services, given, principal.user.name))


def add_entry(services: Services, given: EntryGiven, by: str) -> Act:
    """Record an entry of a list; whoever decides by it learns of it at once.

    Raises:
        InputError: A text is too long or a moment is none.
        Refused: The entry is not complete, or ends before it starts.
    """
    for name, text in vars(given).items():
        if text is not None and (len(text) > TEXT_MAX or not text.isprintable()):
            raise InputError(
                "The text cannot be kept", where=name, remedy=f"One line, {TEXT_MAX} characters"
            )
    now = services.now()
    entry = Entry(
        list=given.list.strip(),
        value=given.value.strip(),
        scope=given.scope.strip(),
        valid_from=moment_from(given.start, "start") if given.start else now,
        valid_until=moment_from(given.until, "until") if given.until else None,
        reason=given.reason.strip(),
        owner=given.owner.strip() or by,
        recorded=now,
    )
    with by_the_rules():
        done = services.policies.add_entries([entry], by, now)
    refresh_live(services)
    return done
