"""Facts on disk: Parquet that is equal byte for byte for equal facts, and SQL over it."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from headrace.errors import InputError
from headrace.facts.ingest import Ingested
from headrace.facts.kinds import CORRECTION, KINDS
from headrace.workflows.ports import Folder

_FACTS = "facts"
_ROWS_PER_GROUP = 1 << 17
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as Parquet: zstd, fixed row groups, so that equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.unify_dictionaries().combine_chunks(),
        sink,
        compression="zstd",
        compression_level=3,
        row_group_size=_ROWS_PER_GROUP,
    )
    data: bytes = sink.getvalue().to_pybytes()
    return data


def csv_bytes(table: pa.Table) -> bytes:
    """A table as CSV for Excel: UTF-8 with a byte order mark, and no cell that runs as a formula.

    A text that begins like a formula, and is not a number, gets an apostrophe in front.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table.column_names)
    columns = [column.to_pylist() for column in table.columns]
    writer.writerows([_safe(cell) for cell in row] for row in zip(*columns, strict=True))
    return text.getvalue().encode("utf-8-sig")


def write_facts(folder: Folder, ingested: Ingested) -> tuple[str, ...]:
    """Writes what an ingest made; returns the names written, in order.

    facts/<kind>.parquet for each kind, facts/duplicates.parquet, and quarantine.csv.
    """
    tables = {**ingested.facts, CORRECTION.kind: ingested.corrections}
    written = []
    for name, table in [*tables.items(), ("duplicates", ingested.duplicates)]:
        written.append(f"{_FACTS}/{name}.parquet")
        folder.write(written[-1], parquet_bytes(table))
    written.append("quarantine.csv")
    folder.write(written[-1], csv_bytes(ingested.quarantine))
    return tuple(written)


class FactStore:
    """Stored facts of one output folder, read as tables or by SQL."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Facts under `path`/facts.

        Args:
            path: The folder that `write_facts` wrote to.
            threads: For queries. With more than one, only ORDER BY fixes the order of rows.

        Raises:
            InputError: If there are no facts.
        """
        self.path = path
        self._folder = path / _FACTS
        self._threads = threads
        if not self._folder.is_dir():
            message = "there are no stored facts"
            remedy = (
                "Name the folder that `headrace run`, `headrace graph build` or "
                "`headrace graph import` wrote"
            )
            raise InputError(message, where=str(path), remedy=remedy)

    def read(self, kind: str) -> pa.Table:
        """All facts of a kind, in the stored schema and order.

        Raises:
            InputError: If there is no such kind, or its file cannot be read.
        """
        if kind not in KINDS:
            message = f"`{kind}` is no kind of fact"
            raise InputError(message, where=str(self._folder), remedy=f"One of {', '.join(KINDS)}")
        path = self._folder / f"{kind}.parquet"
        try:
            return pq.ParquetFile(path).read(use_threads=False).cast(KINDS[kind].arrow)
        except (pa.ArrowException, OSError, ValueError) as error:
            message = f"stored facts cannot be read: {error}"
            remedy = (
                "Take the facts in again, with the command that wrote the folder (`headrace run`, "
                "`headrace graph build` or `headrace graph import`); `headrace verify` tells which "
                "file was altered"
            )
            raise InputError(message, where=str(path), remedy=remedy) from error

    def count(self, kind: str) -> int:
        """How many facts of a kind there are.

        Raises:
            InputError: If they cannot be read.
        """
        path = self._folder / f"{kind}.parquet"
        try:
            return int(pq.read_metadata(path).num_rows)
        except (pa.ArrowException, OSError) as error:
            message = f"stored facts cannot be read: {error}"
            raise InputError(message, where=str(path), remedy="Take the facts in again") from error

    def invoices(self, party: str) -> pa.Table:
        """The invoices of a party, by time."""
        return self.query("SELECT * FROM invoice WHERE party = $1 ORDER BY event_time, id", [party])

    def corrections(self, party: str) -> pa.Table:
        """Corrections of the invoices of a party."""
        return self.query(
            "SELECT * FROM correction WHERE corrects IN (SELECT id FROM invoice WHERE party = $1) "
            "ORDER BY id",
            [party],
        )

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """The result of one SELECT over views named as the kinds: party, invoice, correction, ...

        The query sees the stored facts and nothing else: no other file, and it writes nothing.

        Raises:
            InputError: If DuckDB refuses it.
        """
        paths = {kind: str((self._folder / f"{kind}.parquet").resolve()) for kind in KINDS}
        stored = {kind: path for kind, path in paths.items() if Path(path).exists()}
        try:
            with duckdb.connect(config={"threads": self._threads}) as connection:
                kinds = [statement.type for statement in connection.extract_statements(sql)]
                if kinds != [duckdb.StatementType.SELECT]:
                    message = "this is not one SELECT"
                    raise InputError(message, where="query", remedy="Write one SELECT")
                connection.execute("SET allowed_paths = $1", [list(stored.values())])
                connection.execute("SET enable_external_access = false")
                connection.execute("SET lock_configuration = true")
                for kind, path in stored.items():
                    connection.read_parquet(path).create_view(kind)
                return _in_utc(connection.sql(sql, params=list(parameters)).to_arrow_table())
        except (duckdb.Error, RuntimeError, UnicodeError) as error:
            # RuntimeError: DuckDB cannot pass on its own message about a damaged file.
            message = f"the query is refused: {error}"
            remedy = f"Views are: {', '.join(KINDS)}"
            raise InputError(message, where="query", remedy=remedy) from error


def _in_utc(table: pa.Table) -> pa.Table:
    """Instants bear the zone of the machine when they leave DuckDB; here they are in UTC."""
    fields = [
        field.with_type(pa.timestamp(field.type.unit, tz="UTC"))
        if pa.types.is_timestamp(field.type) and field.type.tz is not None
        else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _safe(cell: object) -> object:
    if not isinstance(cell, str) or not cell.startswith(_FORMULA):
        return cell
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return f"'{cell}"
    return cell
