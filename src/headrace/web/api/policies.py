"""Routes about policies: what decides, versions, checks, proposals that two people answer for."""

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Path, Query, Request, Response

from headrace.adapters.policy_desk_store import Draft
from headrace.adapters.policy_objects import act_object, change_object
from headrace.adapters.policy_sheets import Workbooks
from headrace.decisions.tables.grid import write_grid
from headrace.decisions.tables.table import Table
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.pack import Text
from headrace.web.api.bodies import body
from headrace.web.api.routes import NOT_THERE, REFUSALS
from headrace.web.guard import needs
from headrace.web.policies import (
    Subject,
    as_bytes,
    changes_since,
    check,
    comment_of,
    document_at,
    files_of,
    judge,
    number_in_force,
    policy_names,
    propose,
    subject_of,
    usable,
)
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of
from headrace.workflows.features import moment_of
from headrace.workflows.policy_check import Checked, csv_of
from headrace.workflows.policy_documents import Document, changes_between
from headrace.workflows.policy_files import write_tables
from headrace.workflows.policy_history import Act, Deed, Version

router = APIRouter(prefix="/api/v1", responses={**REFUSALS, **NOT_THERE})
NUMBER_MAX = 2**31 - 1
CELLS_MAX = 200_000
ZONE, DAY = "Asia/Shanghai", len("2026-03-01")

Name = Annotated[str, Path(max_length=200, description="Of the policy")]
Number = Annotated[int, Path(ge=0, le=NUMBER_MAX, description="Of the version; 0: the pack's own")]
MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "dmn": "application/xml",
}


@dataclass(frozen=True)
class PolicyLine:
    """A policy in a list.

    Attributes:
        name: Its name.
        title: For people.
        in_force: The version that decides now; None: the pack's own files do.
        last: The last version; 0: there is none yet.
        open: Versions that nobody has judged.
    """

    name: str
    title: Text
    in_force: int | None
    last: int
    open: tuple[int, ...]


@dataclass(frozen=True)
class VersionLine:
    """A version with what became of it; `at` is in microseconds since 1970, UTC."""

    version: int
    state: str
    author: str
    comment: str
    at: int
    digest: str


@dataclass(frozen=True)
class PolicyHistory:
    """A policy with all that was done with it.

    Attributes:
        name: Its name.
        in_force: The version that decides now; None: the pack's own files do.
        planned: The version that decides after the last start that is planned; None: none is.
        versions: In order.
        acts: In order, each with its digest and that of the act before it.
        head: Number and digest of the last act of the store, to be noted elsewhere.
    """

    name: str
    in_force: int | None
    planned: int | None
    versions: tuple[VersionLine, ...]
    acts: tuple[dict[str, Any], ...]
    head: tuple[int, str]


@dataclass(frozen=True)
class Column:
    """A column of a table: its role `in`, `out` or `note`, and its name."""

    role: str
    name: str
    label: str
    type: str


@dataclass(frozen=True)
class Row:
    """A rule: its row in the file, and its cells as they are written."""

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class TableShown:
    """A decision table."""

    name: str
    file: str
    hit_policy: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class VersionShown:
    """A version with its files and tables.

    Attributes:
        version: Its line; None for the pack's own files.
        digest: Of what it means.
        files: SHA-256 by name.
        tables: Those that it asks.
    """

    version: VersionLine | None
    digest: str
    files: dict[str, str]
    tables: tuple[TableShown, ...]


@body
class Written:
    """A policy that is being written.

    Attributes:
        base: The version it was begun from; 0: the pack's own files.
        files: Texts in place of the version's, by name; a blank one takes the file away.
        tables: Tables as rows of cells, as they stand in a CSV, by name; instead of their files.
    """

    base: int = 0
    files: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """All of it as files.

        Raises:
            InputError: The tables have more cells than a policy needs.
        """
        cells = sum(len(row) for rows in self.tables.values() for row in rows)
        if cells > CELLS_MAX:
            raise InputError(
                f"The tables have {cells:,} cells", where="tables", remedy=f"At most {CELLS_MAX:,}"
            )
        try:
            grids = {f"{name}.csv": csv_of(rows).decode() for name, rows in self.tables.items()}
        except UnicodeEncodeError as error:
            raise InputError(
                "A cell is no UTF-8", where="tables", remedy="Send whole characters"
            ) from error
        return {**self.files, **grids}


@body
class Proposed:
    """A version to be submitted: what was written, and why."""

    comment: str
    base: int = 0
    files: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)


@body
class Compared:
    """Two versions to be compared: `before` and `after` are numbers; `written` stands for after."""

    before: int
    after: int | None = None
    written: Written | None = None


@dataclass(frozen=True)
class Judgement:
    """What an approver says; `from` is a moment with its offset, None: now."""

    comment: str = ""
    start: str | None = None


@dataclass(frozen=True)
class RemarkShown:
    """One thing that is wrong (`refused`) or odd; rows and column say where in the file."""

    severity: str
    code: str
    file: str
    rows: tuple[int, ...]
    column: str
    problem: Text
    remedy: Text
    case: str


@dataclass(frozen=True)
class CheckShown:
    """What came of a check.

    Attributes:
        usable: Whether a version could be made of it.
        digest: Of what it means; empty where it cannot be used.
        remarks: The worst first.
        changes: Against the version in force, in words; empty where it cannot be used.
    """

    usable: bool
    digest: str
    remarks: tuple[RemarkShown, ...]
    changes: tuple[Text, ...]


@router.get("/policies", name="policies")
def policies(
    request: Request, _: Annotated[Principal, needs("policies")]
) -> tuple[PolicyLine, ...]:
    """All policies, and which version of each decides now."""
    services = services_of(request)
    subjects = [subject_of(services, name) for name in policy_names(services)]
    return tuple(_policy_line(services, each) for each in subjects)


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
        versions=tuple(map(_version_line, history.versions)),
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
        version=None if version is None else _version_line(version),
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
    return download(next(iter(written.values())), f"{stem}.{suffix}", MEDIA[suffix])


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
        return download(content, shown, "text/plain; charset=utf-8")
    if found is None:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such file in this version")
    return download(found, file, "text/plain; charset=utf-8")


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
        base = files_of(services, subject, proposed.base)
        texts = {name: _text(content) for name, content in base.items()} | texts
    as_bytes(texts)
    draft = Draft(principal.user.name, name, subject.last, texts)
    return act_object(propose(services, subject, draft, proposed.comment))


@router.post("/policies/{name}/versions/{number}/{deed}", name="judge_policy")
def judge_policy(
    request: Request,
    name: Name,
    number: Number,
    deed: Annotated[str, Path(max_length=20, description="approve, reject, activate, rollback")],
    principal: Annotated[Principal, needs("policy_approve")],
    judgement: Annotated[Judgement | None, Body()] = None,
) -> dict[str, Any]:
    """Approve or reject what somebody else wrote, roll it out, or go back to an earlier one."""
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
}


def act_of(subject: Subject, deed: str, number: int, by: str, said: Judgement) -> Act:
    """What an approver does, as an act.

    Raises:
        Refused: There is no such deed.
        InputError: The start is no moment.
    """
    if deed not in DEEDS:
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such act", remedy=", ".join(DEEDS))
    told = {}
    if said.start and DEEDS[deed] in {Deed.ACTIVATE, Deed.ROLL_BACK}:
        told["from"] = moment_from(said.start, "start")
    return Act(subject.name, DEEDS[deed], number, by, comment_of(said.comment), told)


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


def check_shown(services: Services, subject: Subject, found: Checked) -> CheckShown:
    """What came of a check, with what changes against the version in force."""
    digest = ""
    changes: tuple[Text, ...] = ()
    if found.document is not None:
        digest = found.document.digest()
        against = number_in_force(services, subject)
        changed = changes_since(services, subject, against, found.document)
        changes = tuple(Text(each.say("en"), each.say("zh")) for each in changed)
    remarks = tuple(RemarkShown(**vars(each)) for each in found.remarks)
    return CheckShown(found.is_usable, digest, remarks, changes)


def tables_shown(document: Document) -> tuple[TableShown, ...]:
    """The tables of a policy, in the order in which they are asked."""
    names = set(document.loaded.kinds)
    tables = document.loaded.policy.tables.values()
    return tuple(_table_shown(each, names - {each.name}) for each in tables)


def download(content: bytes, name: str, media_type: str) -> Response:
    """A file to be kept, under a name that says nothing to a browser but its own."""
    plain = re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)
    headers = {"content-disposition": f'attachment; filename="{plain}"'}
    return Response(content, media_type=media_type, headers=headers)


def _policy_line(services: Services, subject: Subject) -> PolicyLine:
    history = subject.history
    title = Text(subject.name, subject.name) if subject.pack is None else subject.pack.title
    waiting = tuple(each.number for each in history.versions if each.state == "open")
    return PolicyLine(subject.name, title, history.active_at(services.now()), subject.last, waiting)


def _version_line(version: Version) -> VersionLine:
    told = version.proposal
    return VersionLine(
        version.number, version.state, told.by, told.comment, told.at, version.digest
    )


def _table_shown(table: Table, names: set[str]) -> TableShown:
    rows = write_grid(table, names)[-len(table.rules) :]
    columns = [Column("in", each.text, each.label, each.type) for each in table.inputs]
    columns += [Column("out", each.name, each.label, each.type) for each in table.outputs]
    columns += [Column("note", each, "", "") for each in table.notes]
    return TableShown(
        table.name,
        table.file,
        table.policy_text,
        Text(table.title_en, table.title_zh),
        tuple(columns),
        tuple(Row(rule.row, tuple(cells)) for rule, cells in zip(table.rules, rows, strict=True)),
    )


def _stem(name: str) -> str:
    return re.sub(r"[^\w-]", "_", name, flags=re.ASCII)[:60] or "policy"


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace")
