"""Versions of policies and their lists in a database: append-only, chained, four eyes.

SQLite by default, in one file; PostgreSQL by its address, with the same statements. The rules are
those of `headrace.workflows.policy_history`; here is only what keeps them under power cuts, kills
and writers at once. Every act is one transaction. The number of an act is its primary key: of two
writers that both saw the same last act, the database lets one in, and the other looks again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from headrace.adapters.sql_engines import WRITES, book_at, in_our_words, retried
from headrace.decisions.flow.lists import Entry, Lists
from headrace.errors import EvidenceError, HeadraceError
from headrace.evidence.problem import Problem
from headrace.workflows.policy_history import (
    LISTS,
    NO_PREVIOUS,
    Act,
    Deed,
    History,
    check_parent,
    lists_of,
)

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
        remedy = "`headrace policy propose` makes one"
        return cls(book_at(address, _acts, "policies", remedy, create=create))

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

    def acts_since(self, moment: int) -> tuple[Act, ...]:
        """All acts recorded after a moment, microseconds since 1970, in order."""
        query = sql.select(_acts).where(_acts.c.at > moment).order_by(_acts.c.number)
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
            proposal: With policy, author, comment, and `digest` among what it tells; also `parent`,
                the last version its author knew of, where it must be the last still.
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
            check_parent(history, act.told.get("parent", parent))
            told = {**act.told, "parent": parent, "files": digests}
            return replace(act, version=parent + 1, told=told)

        contents = dict(zip(digests.values(), files.values(), strict=True))
        return self._recorded(proposal, at, numbered, contents)

    def record(self, act: Act, at: int) -> Act:
        """Record a verdict, an activation, a rollback, or what is set beside.

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

        with in_our_words(self._engine):
            return retried(attempt)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with in_our_words(self._engine), self._engine.connect() as connection:
            yield connection


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
