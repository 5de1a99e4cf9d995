"""A policy checked while it is written: everything that is wrong at once, not only the first thing.

Readers stop at the first mistake. Here the row with the mistake is taken out and the files are read
again, until they can be read or enough was said; a file without rows gives way to the one before.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePath

from headrace.decisions.flow.checking import findings_of
from headrace.decisions.flow.policy import ModelStep
from headrace.decisions.tables.sheet import write_csv
from headrace.decisions.tables.table import Table
from headrace.errors import InputError, MappingError
from headrace.pack import Pack, Text
from headrace.workflows.policies import FEATURES, LISTS, POLICY, Files, Sheets, in_force
from headrace.workflows.policy import BESIDE, parse_policy, scenario_remarks
from headrace.workflows.policy_documents import Document, document_of
from headrace.workflows.policy_errors import Remark, refused
from headrace.workflows.policy_files import SUFFIXES, read_tables
from headrace.workflows.ports import PolicySheets
from headrace.workflows.simulate_policy import merged

REFUSALS_MAX = 20
ROWS_READ_MAX = 10_000
"""Over all times that files are read again; a person waits for it."""

LATENESS = timedelta(days=1)
_FORMULA = re.compile(r"[=+\-@\t\r]")
_HARMLESS = re.compile(r"-|[+-]?\d+(?:\.\d+)?%?")
TEXTS = (".csv", ".yaml", ".yml", ".toml", ".json")
"""Files that are edited as text."""


@dataclass(frozen=True)
class Checked:
    """What came of a check.

    Attributes:
        remarks: What is wrong or odd, the worst first.
        document: What the files state; None where something is refused.
        kinds: FEEL types of all that cells may cite, by name, as far as it is known.
    """

    remarks: tuple[Remark, ...]
    document: Document | None
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_usable(self) -> bool:
        """Whether a version could be made of the files."""
        return self.document is not None


def check_files(name: str, base: Files, own: Files, sheets: Sheets, pack: Pack | None) -> Checked:
    """Check a version's files with others in place of some.

    Args:
        name: Of the policy.
        base: All files of the version that is edited.
        own: Those that were written; a table takes the place of that of its name, a blank file
            takes it away.
        sheets: Reads workbooks.
        pack: Whose features it reads; None: those of its own `features.yaml`.
    """
    remarks: list[Remark] = []
    try:
        _check_sent(own, base)
        files = _with(base, own, sheets)
    except InputError as error:
        return Checked((refused(error),), None)
    document = None
    rows = sum(content.count(b"\n") for name, content in files.items() if name.endswith(".csv"))
    tries = min(REFUSALS_MAX, max(2, ROWS_READ_MAX // max(rows, 1)))
    while document is None and len(remarks) < tries:
        try:
            document = _read(name, files, sheets, pack)
        except InputError as error:
            remarks.append(refused(error))
            mended = _without(files, remarks[-1], base)
            if mended is None:
                break
            files = mended
    kinds = {} if document is None else document.loaded.kinds
    if remarks or document is None:
        return Checked(tuple(remarks), None, kinds)
    return Checked(_odd(document, sheets, pack), document, kinds)


def _read(name: str, files: Files, sheets: Sheets, pack: Pack | None) -> Document:
    """The policy, if all that decides can be made of it."""
    document = document_of(name, files, sheets, pack)
    if document.loaded.policy.name != name:
        raise MappingError(
            f"The policy calls itself '{document.loaded.policy.name}'",
            where=POLICY,
            remedy=f"Write `policy: {name}`",
        )
    if pack is not None and pack.policy:
        in_force(files, sheets, pack.feature_set, LATENESS)
    return document


def _with(base: Files, own: Files, sheets: Sheets) -> Files:
    """The files with others in place of some; a blank one takes that of its name away."""
    written = {name: content for name, content in own.items() if content.strip()}
    left = {name: content for name, content in base.items() if name not in own.keys() - written}
    return merged(left, written, sheets)


def _check_sent(own: Files, base: Files) -> None:
    """Refuse what can be no file of a version.

    Raises:
        MappingError: Naming it.
    """
    for name in own:
        if name == LISTS:
            raise MappingError(
                "Lists are no part of a version", where=name, remedy="Record entries in the lists"
            )
        if PurePath(name).name != name or PurePath(name).suffix not in {*SUFFIXES, *TEXTS}:
            raise MappingError(
                f"{name} is no policy file: no step asks for it",
                where=name,
                remedy=f"One of {', '.join(sorted(base.keys() - {name, LISTS}))}",
            )
        if name in BESIDE and name.endswith(".csv"):
            _refuse_formulas(own[name], name)


def _refuse_formulas(content: bytes, file: str) -> None:
    """Nothing is let in that a spreadsheet would run when somebody downloads the file.

    Raises:
        MappingError: Naming the row.
    """
    for number, row in enumerate(rows_of(content), 1):
        for cell in row:
            if _FORMULA.match(cell.strip()) and not _HARMLESS.fullmatch(cell.strip()):
                raise MappingError(
                    f"A spreadsheet would run the cell as a formula: {cell[:40]}",
                    where=f"{file}, row {number}",
                    remedy="Begin the cell with a letter or a digit",
                )


def _without(files: Files, remark: Remark, base: Files) -> Files | None:
    """The files without a refused rule; or with the file as it was; None where neither helps."""
    if remark.file not in files:
        return None
    content = files[remark.file]
    if remark.rows and PurePath(remark.file).suffix == ".csv":
        rows = rows_of(content)
        at = remark.rows[0] - 1
        if header_row(rows) <= at < len(rows):
            rows[at] = []
            return {**files, remark.file: csv_of(rows)}
    before = base.get(remark.file)
    if before is not None and before != content:
        return {**files, remark.file: before}
    return None


def _odd(document: Document, sheets: Sheets, pack: Pack | None) -> tuple[Remark, ...]:
    """What an analysis finds: gaps, overlaps, rules that never speak, files without effect."""
    policy = document.loaded.policy
    found = [
        Remark(
            each.severity.value,
            each.code,
            table.file or table.name,
            each.rows,
            each.column,
            Text(each.text_en, each.text_zh),
            case=each.witness,
        )
        for table in policy.tables.values()
        for each in findings_of(table, document.loaded.kinds)
    ]
    if pack is not None and pack.lending is not None:
        said = scenario_remarks(parse_policy(pack, document.files, sheets))
        found += [Remark("warning", "scenario", "scenarios.csv", (), "", each) for each in said]
    for name in unused_files(document):
        unused = Text(f"No step asks for {name}", f"没有步骤使用 {name}")
        found.append(Remark("warning", "unused", name, (), "", unused))
    rank = ("error", "warning", "note")
    return tuple(sorted(found, key=lambda each: rank.index(each.severity)))


def unused_files(document: Document) -> tuple[str, ...]:
    """Files of a version that nothing asks for, by name."""
    policy = document.loaded.policy
    models = {f"{step.name}.json" for step in policy.steps if isinstance(step, ModelStep)}
    tables = {table.file.partition(",")[0] for table in policy.tables.values()}
    known = {POLICY, FEATURES, LISTS, *BESIDE, *models, *tables}
    return tuple(sorted(document.files.keys() - known))


def version_files(document: Document) -> Files:
    """A document's files as they are kept: tables in CSV as we write it, safe in a spreadsheet."""
    names = set(document.loaded.kinds)
    tables = {table.file: table for table in document.loaded.policy.tables.values()}
    return {
        name: table_csv(tables[name], names).encode("utf-8-sig")
        if name in tables and name.endswith(".csv")
        else content
        for name, content in document.files.items()
    }


# --- tables as texts that are edited --------------------------------------------------------------


def editable(document: Document) -> dict[str, str]:
    """A version's files as texts: its tables as CSV, whatever notation they came in.

    Models are left out: nobody writes one by hand.
    """
    policy = document.loaded.policy
    tables = {table.file.partition(",")[0] for table in policy.tables.values()}
    names = set(document.loaded.kinds)
    found = {
        name: content.decode("utf-8-sig", "replace")
        for name, content in document.files.items()
        if name not in tables and PurePath(name).suffix in TEXTS and name != LISTS
        and not name.endswith(".json")
    }  # fmt: skip
    return {
        **found,
        **{f"{name}.csv": table_csv(each, names) for name, each in policy.tables.items()},
    }


def table_csv(table: Table, names: set[str]) -> str:
    """A table as CSV text, without a mark."""
    return write_csv(table, names - {table.name}).decode("utf-8-sig")


def tables_as_csv(
    content: bytes, file: str, sheets: PolicySheets, names: Mapping[str, str]
) -> dict[str, str]:
    """The tables of a file that was sent, each as the CSV that is edited.

    Raises:
        MappingError: Naming the place in the file and what was expected.
    """
    tables = read_tables(content, file, sheets, names)
    return {f"{table.name}.csv": table_csv(table, {*names}) for table in tables}


def rows_of(content: bytes) -> list[list[str]]:
    """The rows of a CSV, blank ones too: a row's number less one is its place."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return list(csv.reader(io.StringIO(text, newline="")))
    return []


def csv_of(rows: list[list[str]]) -> bytes:
    """Rows as CSV."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def header_row(rows: list[list[str]]) -> int:
    """The row of the header, from 1: the first that is neither blank nor a remark."""
    for number, row in enumerate(rows, 1):
        if any(row) and not row[0].startswith("#"):
            return number
    return len(rows) + 1
