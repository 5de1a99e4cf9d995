"""What workflows need of the world. Adapters implement it; only the command line composes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from headrace.decisions.tables.grid import Row
from headrace.decisions.tables.table import Table
from headrace.facts.ingest import Ingested
from headrace.facts.mapping import SourceMapping
from headrace.facts.rows import AbsentTable, ReadTable, SourceTable


class Folder(Protocol):
    """A place with files.

    A name is a relative POSIX path without `.` and `..`. A file that is absent or cannot be read or
    written is an `InputError` that names it.
    """

    def names(self) -> list[str]:
        """All files at any depth, sorted; nothing is left out, hidden files neither."""
        ...

    def read(self, name: str) -> bytes:
        """The whole content of a file."""
        ...

    def digest(self, name: str) -> str:
        """SHA-256 of a file in lower-case hexadecimal, without holding it in memory."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Create or replace a file; a reader sees the old content or the new, never a part."""
        ...


class Source(Protocol):
    """Where facts come from: files or tables that a mapping names."""

    @property
    def mapping(self) -> SourceMapping:
        """What the tables mean."""
        ...

    def tables(self) -> Iterator[SourceTable | AbsentTable | ReadTable]:
        """The tables, one at a time, so that one can be dropped before the next is read."""
        ...

    def file_digests(self) -> Mapping[str, str]:
        """After reading: SHA-256 of every file read, by name."""
        ...

    def definition_digests(self) -> Mapping[str, str]:
        """After reading: SHA-256 of the mapping and of what else the facts depend on, by name."""
        ...


class FactReader(Protocol):
    """Stored facts of one firm."""

    def invoices(self, party: str) -> pa.Table:
        """Its invoices, those not yet known or voided included."""
        ...

    def corrections(self, party: str) -> pa.Table:
        """Corrections of its invoices."""
        ...


class FactTables(Protocol):
    """Stored facts, kind by kind."""

    def read(self, kind: str) -> pa.Table:
        """All facts of a kind, in the stored schema and order.

        Raises:
            InputError: If they cannot be read.
        """
        ...


class Progress(Protocol):
    """Somebody who watches a run."""

    def begin(self, step: str) -> None:
        """A step starts; its name is a key of `headrace.workflows.run.STEPS`."""
        ...

    def end(self, step: str, detail: str) -> None:
        """It is done; `detail` says in a few words what came out."""
        ...


class Formats(Protocol):
    """How results become the bytes of files."""

    def facts(self, folder: Folder, ingested: Ingested) -> Sequence[str]:
        """Write facts, corrections, duplicates and quarantine; the names written."""
        ...

    def parquet(self, table: pa.Table) -> bytes:
        """A table for programs: equal tables give equal bytes."""
        ...

    def sheet(self, table: pa.Table) -> bytes:
        """A table as CSV that a spreadsheet opens."""
        ...

    def workbook(self, table: pa.Table, headings: Mapping[str, str]) -> bytes:
        """A table as XLSX, with a heading for each column."""
        ...

    def report(self, model: Mapping[str, Any], language: str) -> bytes:
        """The self-contained HTML report."""
        ...


class PolicySheets(Protocol):
    """Decision tables as the sheets of a workbook."""

    def read(self, content: bytes, file: str) -> Mapping[str, Sequence[Row]]:
        """The rows of each sheet that has any, by its name."""
        ...

    def write(self, tables: Mapping[str, Table], names: Collection[str]) -> bytes:
        """A workbook of a sheet for each table: equal tables give equal bytes."""
        ...
