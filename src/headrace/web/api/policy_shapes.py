"""What the API tells and takes about policies: lines, versions, tables, checks, judgements."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from headrace.decisions.flow.rollout import Mode
from headrace.decisions.tables.grid import write_grid
from headrace.decisions.tables.table import Table
from headrace.errors import InputError
from headrace.pack import Text
from headrace.web.api.bodies import body
from headrace.web.policies import Subject, changes_in_force
from headrace.web.services import Services
from headrace.workflows.policy_check import Checked, csv_of
from headrace.workflows.policy_documents import Document
from headrace.workflows.policy_history import Companion, Version

CELLS_MAX = 200_000


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
class BesideLine:
    """A version beside the one in force.

    Attributes:
        version: Its number.
        mode: `challenger`: it decides for its share; `shadow`: it is asked and not followed.
        share: Of customers, in per cent.
        since: Microseconds since 1970, UTC.
    """

    version: int
    mode: Mode
    share: Decimal
    since: int


@dataclass(frozen=True)
class PolicyHistory:
    """A policy with all that was done with it.

    Attributes:
        name: Its name.
        in_force: The version that decides now; None: the pack's own files do.
        planned: The version that decides after the last start that is planned; None: none is.
        beside: Challengers and shadows that stand beside the version in force.
        versions: In order.
        acts: In order, each with its digest and that of the act before it.
        head: Number and digest of the last act of the store, to be noted elsewhere.
    """

    name: str
    in_force: int | None
    planned: int | None
    beside: tuple[BesideLine, ...]
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
    """What an approver says.

    Attributes:
        comment: Why.
        start: Of an activation or a rollback: a moment; None: now.
        share: Of a challenger or a shadow: of customers, in per cent, more than 0 and at most 100,
            to two places; None: all of them, for a shadow.
    """

    comment: str = ""
    start: str | None = None
    share: Decimal | None = None


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


def check_shown(services: Services, subject: Subject, found: Checked) -> CheckShown:
    """What came of a check, with what changes against the version in force."""
    digest = ""
    changes: tuple[Text, ...] = ()
    if found.document is not None:
        digest = found.document.digest()
        changed = changes_in_force(services, subject, found.document)
        changes = tuple(Text(each.say("en"), each.say("zh")) for each in changed)
    remarks = tuple(RemarkShown(**vars(each)) for each in found.remarks)
    return CheckShown(found.is_usable, digest, remarks, changes)


def tables_shown(document: Document) -> tuple[TableShown, ...]:
    """The tables of a policy, in the order in which they are asked."""
    names = set(document.loaded.kinds)
    tables = document.loaded.policy.tables.values()
    return tuple(_table_shown(each, names - {each.name}) for each in tables)


def policy_line(services: Services, subject: Subject) -> PolicyLine:
    """A policy in a list."""
    history = subject.history
    title = Text(subject.name, subject.name) if subject.pack is None else subject.pack.title
    waiting = tuple(each.number for each in history.versions if each.state == "open")
    return PolicyLine(subject.name, title, history.active_at(services.now()), subject.last, waiting)


def beside_line(companion: Companion) -> BesideLine:
    """A version beside the one in force, its share in per cent."""
    share = Decimal(companion.share) / 100
    return BesideLine(companion.version, companion.mode, share, companion.since)


def version_line(version: Version) -> VersionLine:
    """A version in a list."""
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
