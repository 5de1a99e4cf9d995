"""Versions of policies and their lists in a database: append-only, chained, four eyes.

SQLite by default, in one file; PostgreSQL by its address, with the same statements. The rules are
those of `headrace.workflows.policy_history`; here is only what keeps them under power cuts, kills
and writers at once. Every act is one transaction. The number of an act is its primary key: of two
writers that both saw the same last act, the database lets one in, and the other looks again.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from headrace.decisions.flow.lists import Entry, Lists
from headrace.errors import EvidenceError, HeadraceError, InputError
from headrace.evidence.problem import Problem
from headrace.workflows.policy_history import (
    LISTS,
    NO_PREVIOUS,
    Act,
    Deed,
    History,
    lists_of,
)

BUSY_SECONDS = 10  # SQLite: how long a writer waits for another
PATIENCE_SECONDS = 30  # how long an act looks again where others came first
PAUSE_SECONDS = 0.01
WRITES = "headrace_writes"

_metadata = sql.MetaData()
_acts = sql.Table(
    "policy_act",
    _metadata,
    sql.Column(
        "number",
        sql.BigInteger().with_variant(sql.Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    sql.Column("policy", sql.Text, nullable=False, index=True),
    sql.Column("deed", sql.Text, nullable=False),
    sql.Column("version", sql.Integer, nullable=False),
    sql.Column("by", sql.Text, nullable=False),
    sql.Column("comment", sql.Text, nullable=False),
    sql.Column("told", sql.Text, nullable=False),  # canonical JSON
    sql.Column("at", sql.BigInteger, nullable=False),  # microseconds since 1970, UTC
    sql.Column("previous", sql.Text, nullable=False),
    sql.Column("digest", sql.Text, nullable=False),
)
_files = sql.Table(
    "policy_file",
    _metadata,
    sql.Column("digest", sql.Text, primary_key=True),
    sql.Column("content", sql.LargeBinary, nullable=False),
)
_Done = TypeVar("_Done")


class PolicyStore:
    """A store of policies. Any number of processes may hold it open."""

    def __init__(self, engine: Engine) -> None:
        """Use the tables of a database, made before; see `opened`."""
        self._engine = engine

    @classmethod
    def opened(cls, address: str, *, create: bool = True) -> PolicyStore:
        """A store by its address.

        Args:
            address: The path of an SQLite file, or `postgresql://user:password@host/database`.
            create: Make the tables, and the file, where they are missing.

        Raises:
            InputError: It cannot be reached, or is missing and not to be made.
        """
        engine = _engine(address, create=create)
        store = cls(engine)
        with _told(engine):
            if create:
                store._retried(lambda: _metadata.create_all(engine))
            if not sql.inspect(engine).has_table(_acts.name):
                raise InputError(
                    "The database holds no policies",
                    where=address_shown(engine),
                    remedy="`headrace policy propose` makes one",
                )
        return store

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def policies(self) -> tuple[str, ...]:
        """The names of all policies, sorted."""
        query = sql.select(_acts.c.policy).where(_acts.c.policy != LISTS).distinct()
        with self._reading() as connection:
            return tuple(sorted(connection.scalars(query)))

    def history(self, policy: str) -> History:
        """What was done with a policy.

        Raises:
            EvidenceError: An act is not what was recorded, or was against the rules.
        """
        with self._reading() as connection:
            return _history(connection, policy)

    def acts(self, policy: str | None = None) -> tuple[Act, ...]:
        """The acts about a policy, in order; None: all of them, those about lists too."""
        query = sql.select(_acts).order_by(_acts.c.number)
        if policy is not None:
            query = query.where(_acts.c.policy == policy)
        with self._reading() as connection:
            return tuple(map(_act, connection.execute(query)))

    def files(self, policy: str, version: int) -> dict[str, bytes]:
        """The files of a version, by name.

        Raises:
            RefusedError: There is no such version.
            EvidenceError: A file is not what was proposed.
        """
        with self._reading() as connection:
            wanted = _history(connection, policy).version(version).files
            query = sql.select(_files).where(_files.c.digest.in_(set(wanted.values())))
            found = {row.digest: row.content for row in connection.execute(query)}
        for name, digest in wanted.items():
            if hashlib.sha256(found.get(digest, b"")).hexdigest() != digest:
                raise EvidenceError(
                    f"The file {name} is not what was proposed",
                    where=f"{policy} version {version}",
                    remedy="Restore the database from a copy",
                )
        return {name: found[digest] for name, digest in wanted.items()}

    def lists(self, moment: int | None = None) -> Lists:
        """The lists as they were known at a moment, microseconds since 1970; None: as they are."""
        return lists_of(self.acts(LISTS), moment)

    def head(self) -> tuple[int, str]:
        """Number and digest of the last act: noted elsewhere, they prove all before them."""
        with self._reading() as connection:
            last = _last(connection)
        return (0, NO_PREVIOUS) if last is None else (last.number, last.digest())

    def verify(self) -> tuple[Problem, ...]:
        """Everything that is not as it was recorded: the chain, the rules, the files."""
        with self._reading() as connection:
            rows = connection.execute(sql.select(_acts).order_by(_acts.c.number)).all()
            held = connection.execute(sql.select(_files)).all()
        files = {row.digest: hashlib.sha256(row.content).hexdigest() for row in held}
        return tuple(_problems(rows, files))

    def propose(self, proposal: Act, files: Mapping[str, bytes], at: int) -> Act:
        """Record a version; its number is given to it.

        Args:
            proposal: With policy, author, comment, and `digest` among what it tells.
            files: Of the version, by name.
            at: Now, microseconds since 1970, UTC.

        Returns:
            The act as recorded.

        Raises:
            RefusedError: It is against the rules.
        """
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}

        def numbered(history: History, act: Act) -> Act:
            parent = len(history.versions)
            told = {**act.told, "parent": parent, "files": digests}
            return replace(act, version=parent + 1, told=told)

        contents = dict(zip(digests.values(), files.values(), strict=True))
        return self._recorded(proposal, at, numbered, contents)

    def record(self, act: Act, at: int) -> Act:
        """Record a verdict, an activation or a rollback.

        Args:
            act: What is done; an activation without `from` starts when it is recorded.
            at: Now, microseconds since 1970, UTC.

        Returns:
            The act as recorded. Its time is never before that of the act before it.

        Raises:
            RefusedError: It is against the rules.
        """

        def started(_history: History, act: Act) -> Act:
            if act.deed not in {Deed.ACTIVATE, Deed.ROLL_BACK} or "from" in act.told:
                return act
            return replace(act, told={**act.told, "from": act.at})

        return self._recorded(act, at, started)

    def add_entries(self, entries: Iterable[Entry], by: str, at: int) -> Act:
        """Record entries of lists; when they were recorded is when that happens.

        Args:
            entries: At least one.
            by: Who records them, which need not be who answers for them.
            at: Now, microseconds since 1970, UTC.

        Raises:
            RefusedError: An entry is not complete, or ends before it starts.
        """
        told = [vars(entry).copy() for entry in entries]
        for each in told:
            del each["recorded"]
        return self._recorded(Act(LISTS, Deed.LIST, 0, by, told={"entries": told}), at)

    def _recorded(
        self,
        act: Act,
        at: int,
        complete: Callable[[History, Act], Act] = lambda _history, act: act,
        contents: Mapping[str, bytes] | None = None,
    ) -> Act:
        """Record an act after the last one, in one transaction, if it is allowed then."""

        def attempt() -> Act:
            with self._engine.connect().execution_options(**{WRITES: True}) as connection:
                with connection.begin():
                    last = _last(connection)
                    done = replace(
                        act,
                        number=1 if last is None else last.number + 1,
                        at=at if last is None else max(at, last.at),
                        previous=NO_PREVIOUS if last is None else last.digest(),
                    )
                    history = History(LISTS)
                    if act.policy != LISTS:
                        history = _history(connection, act.policy)
                    done = complete(history, done)
                    history.with_act(done)
                    _keep(connection, contents or {})
                    connection.execute(sql.insert(_acts).values(_row(done)))
                return done

        with _told(self._engine):
            return self._retried(attempt)

    def _retried(self, attempt: Callable[[], _Done]) -> _Done:
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
    def _reading(self) -> Iterator[Connection]:
        with _told(self._engine), self._engine.connect() as connection:
            yield connection


def address_shown(engine: Engine) -> str:
    """Where a database is, without its password."""
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.render_as_string(hide_password=True)


def _engine(address: str, *, create: bool) -> Engine:
    if "://" not in address:
        path = Path(address)
        if not create and not path.is_file():
            remedy = "`headrace policy propose` makes one; check the name"
            raise InputError("There is no such store", where=f"--store {address}", remedy=remedy)
        engine = sql.create_engine(sql.URL.create("sqlite", database=str(path)))
        sql.event.listen(engine, "connect", _set_up_sqlite)
        sql.event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        url = sql.make_url(address)
        if url.drivername in {"postgresql", "postgres"}:
            url = url.set(drivername="postgresql+psycopg")
        # A transaction sees what was committed when it began, and nothing half.
        return sql.create_engine(url, isolation_level="REPEATABLE READ")
    except (SQLAlchemyError, ImportError) as error:
        raise InputError(
            f"The store cannot be opened: {type(error).__name__}",
            where="--store",
            remedy="Name a file, or postgresql://user:password@host/database, which needs psycopg",
        ) from error


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
    state = getattr(error.orig, "sqlstate", "") or ""
    return (
        isinstance(error, IntegrityError)
        or state in {"40001", "40P01", "23505", "42P07"}  # serialization, deadlock, twice, exists
        or "already exists" in told
        or "database is locked" in told
    )


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    """What the database refuses, in our words."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise InputError(
            f"The store cannot be used: {str(cause).strip()}",
            where=address_shown(engine),
            remedy="Check that it is a store of policies, and that it can be written to",
        ) from error


def _keep(connection: Connection, contents: Mapping[str, bytes]) -> None:
    """Keep files that are not there yet."""
    query = sql.select(_files.c.digest).where(_files.c.digest.in_(set(contents)))
    held = set(connection.scalars(query))
    rows = [
        {"digest": digest, "content": content}
        for digest, content in contents.items()
        if digest not in held
    ]
    if rows:
        connection.execute(sql.insert(_files), rows)


def _history(connection: Connection, policy: str) -> History:
    query = sql.select(_acts).where(_acts.c.policy == policy).order_by(_acts.c.number)
    history = History(policy)
    for row in connection.execute(query):
        act = _act(row)
        try:
            history = history.with_act(act)
        except HeadraceError as error:
            raise EvidenceError(
                f"An act was recorded against the rules: {error.problem}",
                where=f"act {act.number}, {act.where}",
                remedy="`headrace policy history` shows what is wrong",
            ) from error
    return history


def _last(connection: Connection) -> Act | None:
    row = connection.execute(sql.select(_acts).order_by(_acts.c.number.desc()).limit(1)).first()
    return None if row is None else _act(row)


def _row(act: Act) -> dict[str, Any]:
    told = json.dumps(act.told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return {**vars(act), "deed": act.deed.value, "told": told, "digest": act.digest()}


def _act(row: sql.Row[Any]) -> Act:
    """The act of a row.

    Raises:
        EvidenceError: It is not what was recorded.
    """
    where = f"act {row.number}"
    try:
        told = {key: value for key, value in row._mapping.items() if key != "digest"}
        act = Act(**{**told, "deed": Deed(row.deed), "told": json.loads(row.told)})
        sound = act.digest() == row.digest
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise EvidenceError(
            "The act is not what was recorded", where=where, remedy="Restore it from a copy"
        )
    return act


def _problems(rows: Iterable[Any], files: Mapping[str, str]) -> Iterator[Problem]:
    previous, number = NO_PREVIOUS, 0
    histories: dict[str, History] = {}
    unsure: set[str] = set()  # what follows a damaged act cannot be judged
    for row in rows:
        number += 1
        where = f"act {row.number}"
        if row.number != number:
            yield Problem(where, f"stands where act {number} belongs", "acts were removed")
            number = row.number
        elif row.previous != previous:
            yield Problem(where, "does not follow the act before it", "one of the two was altered")
        previous = row.digest
        try:
            act = _act(row)
            if act.policy not in unsure:
                history = histories.get(act.policy, History(act.policy))
                histories[act.policy] = history.with_act(act)
        except HeadraceError as error:
            unsure.add(row.policy)
            yield Problem(where, error.problem, error.remedy)
            continue
        for name, digest in act.told.get("files", {}).items():
            if files.get(digest) != digest:
                yield Problem(f"{act.where}, {name}", "is not the file that was proposed")
