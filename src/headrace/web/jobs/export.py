"""Workbooks of the book and of the facts as a job."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from headrace.adapters.formats import StandardFormats
from headrace.adapters.loan_books import open_book
from headrace.adapters.store import FactStore
from headrace.facts.kinds import KINDS
from headrace.pack import Text
from headrace.web.jobs.kinds import Exported, Task, Tell
from headrace.workflows.loan_reports import cash_by_month, loan_table

ROWS_MAX = 1_000_000  # that fit on one sheet beside the headings


def export(task: Task, tell: Tell) -> Mapping[str, Any]:
    """Workbooks of the book or of the facts, to be downloaded."""
    tables = _book(task) if task.given.what is Exported.BOOK else _facts(task)
    made: list[str] = []
    rows: dict[str, int] = {}
    for name, table in tables:
        tell(min(0.95, len(made) / 10), Text(f"writes {name}", f"写出 {name}"))
        file = _written(table, name, task.folder)
        made.append(file)
        rows[file] = table.num_rows
    return {"files": made, "rows": rows}


def _book(task: Task) -> Iterator[tuple[str, pa.Table]]:
    with open_book(task.workspace.book_address) as here:
        yield "loans", loan_table(list(here.desk.book.loans.values()))
        yield "cash_flow", cash_by_month(here.desk)


def _facts(task: Task) -> Iterator[tuple[str, pa.Table]]:
    folder = task.workspace.folder("run")
    stored = FactStore(folder)
    for kind in KINDS:
        if (folder / "facts" / f"{kind}.parquet").is_file():
            yield kind, stored.read(kind)


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
