"""Workbooks of the book and of the facts as a job: what whoever asked may see on pages, no more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.formats import StandardFormats
from headrace.adapters.loan_books import open_book
from headrace.adapters.party_facts import ENDS, debtors, kinds_of_parties
from headrace.adapters.store import FactStore
from headrace.adapters.stores.consent import ConsentStore
from headrace.adapters.stores.web import WebStore
from headrace.errors import InputError
from headrace.facts.consent import Leave, readable
from headrace.facts.kinds import CORRECTION, INVOICE, KINDS
from headrace.pack import Text
from headrace.web.jobs.kinds import Exported, Task, Tell
from headrace.web.run_folder import RunFolder
from headrace.web.security.accounts import Principal
from headrace.web.security.reading import leave_of, masked
from headrace.web.security.scope import Scope, scope_of
from headrace.workflows.loan_reports import cash_by_month, loan_table

ROWS_MAX = 1_000_000  # that fit on one sheet beside the headings


def export(task: Task, tell: Tell) -> Mapping[str, Any]:
    """Workbooks of the book or of the facts, to be downloaded."""
    reader = reader_of(task)
    tables = _book(task, reader) if task.given.what is Exported.BOOK else _facts(task, reader)
    made: list[str] = []
    rows: dict[str, int] = {}
    for name, table in tables:
        tell(min(0.95, len(made) / 10), Text(f"writes {name}", f"写出 {name}"))
        file = _written(table, name, task.folder)
        made.append(file)
        rows[file] = table.num_rows
    return {"files": made, "rows": rows}


@dataclass(frozen=True)
class Reader:
    """What whoever asked may see.

    Attributes:
        roles: Theirs, by which personal fields are masked.
        scope: Which firms they may know of.
        regions: Of firms, by party.
        leave: For what purposes facts may be read, and which consents were withdrawn.
    """

    roles: tuple[str, ...]
    scope: Scope
    regions: Mapping[str, str | None]
    leave: Leave

    def sees(self, party: str) -> bool:
        """Whether they may know of a firm."""
        return self.scope.sees(self.regions.get(party))

    def facts(self, kind: str, stored: FactStore) -> pa.Table:
        """Facts of a kind, in the stored order."""
        facts = stored.read(kind)
        if not self.scope.is_all:
            facts = facts.filter(self._about(kind, facts, stored))
        return masked(readable(facts, self.leave).facts, self.roles)

    def _about(self, kind: str, facts: pa.Table, stored: FactStore) -> pa.ChunkedArray:
        """Whether each fact names a firm that they may know of."""
        if kind == CORRECTION.kind:
            named = [debtors(facts, stored.read(INVOICE.kind))]
        else:
            named = [facts[name].cast(pa.string()) for name in ENDS.get(kind, ("party",))]
        known = [
            pc.is_in(codes, value_set=pa.array(self._seen(codes), pa.string())) for codes in named
        ]
        return reduce(pc.or_, known)

    def _seen(self, codes: pa.ChunkedArray) -> list[str]:
        return [
            each for each in pc.unique(codes).to_pylist() if each is not None and self.sees(each)
        ]


def reader_of(task: Task) -> Reader:
    """Whoever asked, as the accounts know them when the job was asked for.

    Raises:
        InputError: They are gone.
    """
    store = WebStore.opened(task.workspace.store("accounts"))
    try:
        user = store.user(task.by)
        withdrawn = ConsentStore(store).withdrawn(task.created)
    finally:
        store.close()
    if user is None:
        raise InputError("Whoever asked has no account any more", where=task.by, remedy="Ask anew")
    scope, place = scope_of(Principal(user, frozenset())), task.workspace.folder("run")
    regions = {} if scope.is_all else RunFolder(place).current().regions
    return Reader(user.roles, scope, regions, leave_of("firms", withdrawn))


def _book(task: Task, reader: Reader) -> Iterator[tuple[str, pa.Table]]:
    with open_book(task.workspace.book_address) as here:
        loans = here.desk.book.loans.values()
        yield "loans", loan_table([each for each in loans if reader.sees(each.party)])
        if reader.scope.is_all:  # sums of all firms say nothing of one region
            yield "cash_flow", cash_by_month(here.desk)


def _facts(task: Task, reader: Reader) -> Iterator[tuple[str, pa.Table]]:
    folder = task.workspace.folder("run")
    stored = FactStore(folder)
    for kind in KINDS if reader.scope.is_all else kinds_of_parties():
        if (folder / "facts" / f"{kind}.parquet").is_file():
            yield kind, reader.facts(kind, stored)


def _written(table: pa.Table, name: str, folder: Path) -> str:
    """As a workbook; what does not fit on a sheet as CSV."""
    formats = StandardFormats()
    if table.num_rows > ROWS_MAX:
        file, content = f"{name}.csv", formats.sheet(table)
    else:
        headings = {each: each for each in table.column_names}
        file, content = f"{name}.xlsx", formats.workbook(table, headings)
    (folder / file).write_bytes(content)
    return file
