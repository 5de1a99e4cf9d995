"""What every book in a database needs: its address, a safe SQLite, writers that look again.

A book is append-only and numbered by its writers: of two that saw the same last row the database
lets one in, and the other tries again. The same statements run on SQLite and PostgreSQL.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, SQLAlchemyError

from headrace.errors import InputError

BUSY_SECONDS = 10  # SQLite: how long a writer waits for another
PATIENCE_SECONDS = 30  # how long an act looks again where others came first
PAUSE_SECONDS = 0.01
CONNECT_SECONDS = 10  # how long a server may take to answer, unless the address says otherwise
POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": 32, "pool_timeout": 10}
"""Connections of one process: as many as a service has threads, few of them kept."""
SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
WRITES = "headrace_writes"
"""Execution option of a connection that will write: SQLite takes its lock at once."""

_Done = TypeVar("_Done")


class MissingError(InputError):
    """There is no such store: no file, or no tables of its kind in the database."""


def engine_of(address: str, *, create: bool) -> Engine:
    """The database at an address.

    Args:
        address: The path of an SQLite file, or `postgresql://user:password@host/database`.
        create: Whether the file may be missing.

    Raises:
        InputError: There is none, the address cannot be read, or its driver is missing.
    """
    if not on_server(address):
        path = Path(address)
        if not create and not path.is_file():
            raise MissingError("There is no such store", where=address, remedy="Check the name")
        engine = sql.create_engine(sql.URL.create("sqlite", database=str(path)), **POOL)
        sql.event.listen(engine, "connect", _set_up_sqlite)
        sql.event.listen(engine, "begin", _begin_sqlite)
        return engine
    url = _server_url(address)
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_SECONDS}
    try:
        # A transaction sees what was committed when it began, and nothing half.
        # Of a connection that lay idle it is asked whether it still stands: a server that was
        # restarted costs nobody an answer.
        return sql.create_engine(
            url,
            isolation_level="REPEATABLE READ",
            connect_args=patience,
            pool_pre_ping=True,
            **POOL,
        )
    except ImportError as error:
        raise InputError(
            "PostgreSQL needs a driver that is not installed",
            where=_shown(url),
            remedy="Run: pip install 'headrace[postgres]'",
        ) from error


def on_server(address: str) -> bool:
    """Whether an address is one of a server, and not a file's."""
    return "://" in address


def book_at(address: str, first: sql.Table, what: str, remedy: str, *, create: bool) -> Engine:
    """The database of a book, with its tables.

    Args:
        address: See `engine_of`.
        first: The table a book of this kind must have; all of its metadata are made.
        what: The book holds, in the words of an error.
        remedy: How the first of them comes in.
        create: Make the tables, and the file, where they are missing.

    Raises:
        InputError: It cannot be reached, or is missing and not to be made.
    """
    engine = engine_of(address, create=create)
    with in_our_words(engine):
        if create:
            retried(lambda: first.metadata.create_all(engine))
        if not sql.inspect(engine).has_table(first.name):
            raise MissingError(
                f"The database holds no {what}", where=address_shown(engine), remedy=remedy
            )
    return engine


def retried(attempt: Callable[[], _Done]) -> _Done:
    """What it gives, looking again where another writer came first."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return attempt()
        except DBAPIError as error:
            if not _came_second(error) or time.monotonic() > end:
                raise
            time.sleep(PAUSE_SECONDS)


@contextmanager
def in_our_words(engine: Engine) -> Iterator[None]:
    """What the database refuses, in our words."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        unreachable = isinstance(error, OperationalError) and _state(error) is None
        raise InputError(
            f"The store cannot be used: {' '.join(str(cause).split())}",
            where=address_shown(engine),
            remedy="Check that the server runs, and host, user, password and database"
            if unreachable and engine.dialect.name != "sqlite"
            else "Check that it is such a store, and that it can be written to",
        ) from error


def address_shown(engine: Engine) -> str:
    """Where a database is, without its password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return _shown(engine.url)


def _server_url(address: str) -> sql.URL:
    """A server's address, taken apart; an error never repeats it, for it may hold a password."""
    if address.partition("://")[0] not in SCHEMES:
        raise InputError(
            "The store cannot be opened: it is neither a file nor a PostgreSQL server",
            where="address of the store",
            remedy="Name a file, or postgresql://user:password@host/database",
        )
    try:
        url = sql.make_url(address)
        plain = address.count("@") < 2  # one before the host, none in the password
    except (SQLAlchemyError, ValueError):  # a port that is no number
        plain = False
    if not plain:
        raise InputError(
            "The address of the server cannot be read",
            where="address of the store",
            remedy="postgresql://user:password@host:5432/database; in a password, write @ as %40, "
            ": as %3A and / as %2F, or leave it to ~/.pgpass",
        )
    return url.set(drivername="postgresql+psycopg")


def _shown(url: sql.URL) -> str:
    secret = [name for name in url.query if "password" in name]
    plain = url.set(drivername="postgresql").difference_update_query(secret)
    return plain.render_as_string(hide_password=True)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions, not the driver
    for setting in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
    ):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that reads first could be too late to write.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _came_second(error: DBAPIError) -> bool:
    """Whether another writer came first, so that it is worth looking again."""
    told = str(error.orig).lower()
    return (
        isinstance(error, IntegrityError)
        or _state(error)
        in {"40001", "40P01", "23505", "42P07"}  # serialization, deadlock, twice, exists
        or "already exists" in told
        or "database is locked" in told
    )


def _state(error: DBAPIError) -> str | None:
    """The code of what PostgreSQL says; None where nothing was said, as without a connection."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    return state
