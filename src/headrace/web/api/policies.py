"""Routes about policies: what decides, versions, checks, proposals that two people answer for."""

import re
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response

from headrace.adapters.loan_books import ZONE
from headrace.adapters.policy_objects import act_object, change_object
from headrace.adapters.policy_sheets import Workbooks
from headrace.adapters.stores.policy_desk import Draft
from headrace.decisions.flow.rollout import Mode
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.web.api.policy_shapes import (
    CheckShown,
    Compared,
    Judgement,
    PolicyHistory,
    PolicyLine,
    Proposed,
    VersionShown,
    Written,
    beside_line,
    check_shown,
    policy_line,
    tables_shown,
    version_line,
)
from headrace.web.api.routes import NOT_THERE, REFUSALS
from headrace.web.attachment import attachment
from headrace.web.guard import needs
from headrace.web.policies import (
    Subject,
    as_bytes,
    check,
    comment_of,
    document_at,
    files_of,
    judge,
    policy_names,
    propose,
    subject_of,
    usable,
    whole_of,
)
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of
from headrace.workflows.features import moment_of
from headrace.workflows.policy_documents import changes_between
from headrace.workflows.policy_files import write_tables
from headrace.workflows.policy_history import Act, Deed

router = APIRouter(prefix="/api/v1", responses={**REFUSALS, **NOT_THERE})
NUMBER_MAX = 2**31 - 1
PERCENT_MAX = 100
DAY = len("2026-03-01")

Name = Annotated[str, Path(max_length=200, description="Of the policy")]
Number = Annotated[int, Path(ge=0, le=NUMBER_MAX, description="Of the version; 0: the pack's own")]
MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "dmn": "application/xml",
}


@router.get("/policies", name="policies")
def policies(
    request: Request, _: Annotated[Principal, needs("policies")]
) -> tuple[PolicyLine, ...]:
    """All policies, and which version of each decides now."""
    services = services_of(request)
    subjects = [subject_of(services, name) for name in policy_names(services)]
    return tuple(policy_line(services, each) for each in subjects)


@router.get("/policies/{name}", name="policy")
def policy(
    request: Request, response: Response, name: Name, _: Annotated[Principal, needs("policies")]
) -> PolicyHistory:
    """A policy's versions and acts; the ETag is what a proposal has to match."""
    services = services_of(request)
    subject = subject_of(services, name)
    response.headers["etag"] = tag_of(subject)
    history = subject.history
    planned = history.planned
    return PolicyHistory(
        name=name,
        in_force=history.active_at(services.now()),
        planned=planned.version if planned and planned.start > services.now() else None,
        beside=tuple(map(beside_line, history.beside_at(services.now()))),
        versions=tuple(map(version_line, history.versions)),
        acts=tuple(act_object(each) for each in services.policies.acts(name)),
        head=services.policies.head(),
    )


@router.get("/policies/{name}/versions/{number}", name="policy_version")
def policy_version(
    request: Request, name: Name, number: Number, _: Annotated[Principal, needs("policies")]
) -> VersionShown:
    """A version's files, and its tables rule by rule."""
    services = services_of(request)
    subject = subject_of(services, name)
    document = document_at(services, subject, number)
    version = subject.history.version(number) if number else None
    return VersionShown(
        version=None if version is None else version_line(version),
        digest=document.digest(),
        files={} if version is None else dict(version.files),
        tables=tables_shown(document),
    )


@router.get(
    "/policies/{name}/versions/{number}/tables.{suffix}",
    name="policy_tables",
    response_class=Response,
)
def policy_tables(
    request: Request,
    name: Name,
    number: Number,
    suffix: Annotated[str, Path(max_length=8, description="xlsx or dmn")],
    _: Annotated[Principal, needs("policies")],
) -> Response:
    """All tables of a version as one workbook, or as a DMN model."""
    if suffix not in MEDIA:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such notation", remedy="xlsx or dmn")
    services = services_of(request)
    document = document_at(services, subject_of(services, name), number)
    tables = tuple(document.loaded.policy.tables.values())
    stem = f"{_stem(name)}-{number}"
    written = write_tables(tables, stem, f".{suffix}", Workbooks(), document.loaded.kinds)
    return attachment(next(iter(written.values())), f"{stem}.{suffix}", MEDIA[suffix])


@router.get(
    "/policies/{name}/versions/{number}/files/{file}", name="policy_file", response_class=Response
)
def policy_file(
    request: Request,
    name: Name,
    number: Number,
    file: Annotated[str, Path(max_length=200)],
    _: Annotated[Principal, needs("policies")],
    notation: Annotated[str | None, Query(alias="as", description="csv or yaml")] = None,
) -> Response:
    """A file of a version as it was proposed; a table as CSV or YAML where that is asked for."""
    services = services_of(request)
    subject = subject_of(services, name)
    found = files_of(services, subject, number).get(file)
    document = document_at(services, subject, number)
    table = document.loaded.policy.tables.get(file.rpartition(".")[0])
    if table is not None and (notation or file.endswith(".csv")):
        suffix = f".{notation or 'csv'}"
        written = write_tables([table], table.name, suffix, Workbooks(), document.loaded.kinds)
        shown, content = next(iter(written.items()))
        return attachment(content, shown, "text/plain; charset=utf-8")
    if found is None:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such file in this version")
    return attachment(found, file, "text/plain; charset=utf-8")


@router.post("/policies/{name}/check", name="policy_check")
def policy_check(
    request: Request,
    name: Name,
    written: Annotated[Written, Body()],
    _: Annotated[Principal, needs("policy_write")],
) -> CheckShown:
    """Check what is being written: cells, names, gaps, overlaps, rules that never speak."""
    services = services_of(request)
    subject = subject_of(services, name)
    found = check(services, subject, written.base, written.texts())
    return check_shown(services, subject, found)


@router.post("/policies/{name}/diff", name="policy_diff")
def policy_diff(
    request: Request,
    name: Name,
    compared: Annotated[Compared, Body()],
    _: Annotated[Principal, needs("policies")],
) -> tuple[dict[str, Any], ...]:
    """What changes from one version to another, or to what is being written; in words too."""
    services = services_of(request)
    subject = subject_of(services, name)
    before = document_at(services, subject, compared.before)
    if (compared.after is None) == (compared.written is None):
        raise InputError(
            "What to compare with is not said", where="after", remedy="Give after, or written"
        )
    if compared.written is not None:
        texts = compared.written.texts()
        after = usable(check(services, subject, compared.written.base, texts))
    else:
        after = document_at(services, subject, compared.after or 0)
    return tuple(change_object(each) for each in changes_between(before, after))


@router.post("/policies/{name}/versions", name="propose_policy", status_code=HTTPStatus.CREATED)
def propose_policy(
    request: Request,
    name: Name,
    proposed: Annotated[Proposed, Body()],
    principal: Annotated[Principal, needs("policy_write")],
    if_match: Annotated[str | None, Header(description="ETag of the policy as you saw it")] = None,
) -> dict[str, Any]:
    """Submit a version for a second person to judge; its author is whoever asks."""
    services = services_of(request)
    subject = subject_of(services, name)
    if if_match is None:
        raise Refused(
            HTTPStatus.PRECONDITION_REQUIRED,
            "Say which state of the policy you saw",
            remedy=f"If-Match: the ETag of GET /api/v1/policies/{name}",
        )
    if if_match != tag_of(subject):
        raise Refused(
            HTTPStatus.PRECONDITION_FAILED,
            "Another version came since you read the policy",
            remedy=f"Version {subject.last} is the last: look at what it changes, then begin anew",
        )
    written = Written(proposed.base, proposed.files, proposed.tables)
    texts = written.texts()
    if proposed.base != subject.last:  # begun from an older one: all of it stands in the new one
        texts = whole_of(services, subject, proposed.base) | texts
    as_bytes(texts)
    draft = Draft(principal.user.name, name, subject.last, texts)
    return act_object(propose(services, subject, draft, proposed.comment))


@router.post("/policies/{name}/versions/{number}/{deed}", name="judge_policy")
def judge_policy(
    request: Request,
    name: Name,
    number: Number,
    deed: Annotated[str, Path(max_length=20, description="One of the deeds")],
    principal: Annotated[Principal, needs("policy_approve")],
    judgement: Annotated[Judgement | None, Body()] = None,
) -> dict[str, Any]:
    """Approve or reject what somebody else wrote, roll it out, or go back to an earlier one.

    The deeds: `approve`, `reject`, `activate`, `rollback`; of a policy that decides events as they
    come also `challenge` (it decides for a share of customers), `shadow` (it is asked beside, and
    not followed), `withdraw` (neither any more).
    """
    services = services_of(request)
    subject = subject_of(services, name)
    said = judgement or Judgement()
    act = act_of(subject, deed, number, principal.user.name, said)
    return act_object(judge(services, subject, act))


DEEDS = {
    "approve": Deed.APPROVE,
    "reject": Deed.REJECT,
    "activate": Deed.ACTIVATE,
    "rollback": Deed.ROLL_BACK,
    "challenge": Deed.SET_BESIDE,
    "shadow": Deed.SET_BESIDE,
    "withdraw": Deed.SET_BESIDE,
}


def act_of(subject: Subject, deed: str, number: int, by: str, said: Judgement) -> Act:
    """What an approver does, as an act.

    Raises:
        Refused: There is no such deed.
        InputError: The start is no moment, or the share is none.
    """
    if deed not in DEEDS:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such act", remedy=", ".join(DEEDS))
    told: dict[str, Any] = {}
    if said.start and DEEDS[deed] in {Deed.ACTIVATE, Deed.ROLL_BACK}:
        told["from"] = moment_from(said.start, "start")
    if DEEDS[deed] is Deed.SET_BESIDE:
        told = _beside(subject, deed, number, said)
    return Act(subject.name, DEEDS[deed], number, by, comment_of(said.comment), told)


def _beside(subject: Subject, deed: str, number: int, said: Judgement) -> dict[str, Any]:
    """How a version is set beside the one in force."""
    if subject.pack is None or not subject.pack.policy:
        raise Refused(
            HTTPStatus.CONFLICT,
            "Only beside a policy that decides events as they come can others stand",
            remedy="Try the version on history instead",
        )
    if deed == "withdraw":
        stood = [act for act in subject.history.besides if act.version == number]
        mode = stood[-1].told["mode"] if stood else Mode.SHADOW.value
        return {"mode": mode, "share": 0}
    if deed == "shadow":
        percent = Decimal(PERCENT_MAX) if said.share is None else said.share
        return {"mode": Mode.SHADOW.value, "share": share_of(percent)}
    return {"mode": Mode.CHALLENGER.value, "share": share_of(said.share)}


def share_of(percent: Decimal | None) -> int:
    """A share in hundredths of a per cent.

    Raises:
        InputError: It is none.
    """
    is_share = percent is not None and percent.is_finite() and 0 < percent <= PERCENT_MAX
    if percent is None or not is_share or percent * 100 % 1:
        raise InputError(
            "This is no share of customers",
            where="share",
            remedy="In per cent: more than 0, at most 100, to two places",
        )
    return int(percent * 100)


def moment_from(text: str, where: str) -> int:
    """Microseconds since 1970 of a moment that a person gives; a day is its beginning.

    Raises:
        InputError: It is none.
    """
    whole = f"{text.strip()}T00:00" if len(text.strip()) == DAY else text
    return microseconds(moment_of(whole, ZONE, where))


def tag_of(subject: Subject) -> str:
    """The ETag of a policy: its last version."""
    return f'"{subject.last}"'


def _stem(name: str) -> str:
    return re.sub(r"[^\w-]", "_", name, flags=re.ASCII)[:60] or "policy"
