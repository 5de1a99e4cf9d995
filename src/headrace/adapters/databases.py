"""Rows that a query selects, from a DuckDB file or, by way of `postgres`, a PostgreSQL server."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from headrace.adapters.postgres import read_postgres
from headrace.errors import InputError
from headrace.facts.mapping import TableMapping
from headrace.facts.rows import SourceTable

_POSTGRES = ("postgresql://", "postgres://")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def read_query(folder: Path, table: TableMapping, environment: Mapping[str, str]) -> SourceTable:
    """The result of the table's query; rows are numbered as they come, so let it ORDER BY.

    Args:
        folder: A DuckDB file is looked for in it.
        table: Its `database` may hold ${NAME}, taken from the environment.
        environment: Names and values, such as a password.

    Raises:
        InputError: If the database cannot be reached, or refuses the query.
    """
    where = f"query `{table.name}`"
    address = _filled_in(table.database, environment, where)
    if address.startswith(_POSTGRES):
        columns = read_postgres(address, table.query, where)
    else:
        columns = _read_duckdb(folder / address, table.query, where)
    return SourceTable(mapping=table, file=where, columns=columns, digest=table_digest(columns))


def table_digest(columns: pa.Table) -> str:
    """SHA-256, hex, of a table's Arrow IPC stream in one batch."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, columns.schema) as stream:
        stream.write_table(columns.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def _filled_in(database: str, environment: Mapping[str, str], where: str) -> str:
    for name in _VARIABLE.findall(database):
        if name not in environment:
            message = f"the environment variable {name} is not set"
            raise InputError(message, where=where, remedy=f"Set {name}, then run again")
    return _VARIABLE.sub(lambda match: environment[match[1]], database)


def _read_duckdb(path: Path, query: str, where: str) -> pa.Table:
    if not path.is_file():
        message = f"there is no DuckDB file {path.name}"
        raise InputError(message, where=where, remedy="Correct `database` in the mapping")
    try:
        with duckdb.connect(path, read_only=True, config={"threads": 1}) as connection:
            # The query comes from a file: it reads this database and nothing else.
            connection.execute("SET enable_external_access = false")
            found = connection.sql(query)
            if found is None:
                message = "the query selects nothing"
                raise InputError(message, where=where, remedy="Write one SELECT")
            return found.to_arrow_table()
    except duckdb.Error as error:
        message = f"DuckDB refuses: {error}"
        remedy = "Correct `query` or `database` in the mapping"
        raise InputError(message, where=where, remedy=remedy) from error
