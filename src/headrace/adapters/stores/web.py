"""Users, sessions, API keys and the audit, on SQLite or PostgreSQL.

What a function changes and the audit entry about it are one transaction: there is no change that
nobody is told of. Tries to sign in are entries of the audit too, so that a lock-out holds for all
processes on a store and outlives a restart.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine, Row

from headrace.adapters.sql_engines import (
    WRITES,
    engine_of,
    in_our_words,
    on_server,
    retried,
)
from headrace.adapters.web_schema import api_keys, audit, sessions, upgrade, users
from headrace.errors import HeadraceError, InputError

TRIED, SIGNED_IN, UNLOCKED = "sign_in.tried", "sign_in", "user.unlocked"
PASSWORD_CHANGED = "password.changed"  # noqa: S105 - an act
MINUTE_US = 60_000_000
TEXT_MAX = 300  # characters that a line of the audit keeps of one text
_Done = TypeVar("_Done")
_ENTRY = ("at", "who", "act", "about", "address", "request", "number")


class StoreDownError(HeadraceError):
    """The store cannot be reached, or refuses; trying again later may help."""


@dataclass(frozen=True)
class User:
    """Somebody who may sign in.

    Attributes:
        name: Lower case; never changes.
        password: As `Passwords.hashed` gave it.
        roles: Names, sorted.
        password_due: Whether a new one must be chosen before anything else.
        locked: Whether nothing is let in under this name.
        created: Microseconds since 1970; so are all times here.
        regions: Of the firms they may know of, as `web.security.scope` says; empty: all.
        subject: Issuer and subject, with a blank between, of who signs in elsewhere (OIDC); empty:
            signs in with a password.
    """

    name: str
    password: str
    roles: tuple[str, ...]
    password_due: bool
    locked: bool
    created: int
    regions: tuple[str, ...] = ()
    subject: str = ""


@dataclass(frozen=True)
class Session:
    """Somebody signed in with a browser.

    Attributes:
        digest: Of the token in the browser's cookie.
        user: Who.
        created: When it began.
        used: When it was last used; it may lag by a minute.
        elsewhere: The provider's name for the session there (`sid`); empty: signed in here, or the
            provider gave none.
    """

    digest: str
    user: str
    created: int
    used: int
    elsewhere: str = ""


@dataclass(frozen=True)
class ApiKey:
    """What a program signs in with.

    Attributes:
        id: May be shown.
        digest: Of the whole key.
        user: For whom it acts.
        may: Permissions, sorted; it never may more than its user.
        created: When it was made.
        expires: From when on it is refused.
        revoked: When it was taken back; None if it was not.
    """

    id: str
    digest: str
    user: str
    may: tuple[str, ...]
    created: int
    expires: int
    revoked: int | None = None


@dataclass(frozen=True)
class Entry:
    """One line of the audit.

    Attributes:
        at: When.
        who: The user; `command line` for whoever runs commands on the machine.
        act: What: `sign_in`, or method and route such as `GET /api/v1/decisions`.
        about: What or whom it was about; empty if nothing in particular.
        address: From where; empty for commands.
        request: The id of the request, as in the log; empty for commands.
        number: Given by the store; 0 before.
    """

    at: int
    who: str
    act: str
    about: str = ""
    address: str = ""
    request: str = ""
    number: int = 0


@dataclass(frozen=True)
class TryLimits:
    """When tries to sign in are refused unseen.

    Attributes:
        user_max: Failures under one name since it last signed in, within the window.
        address_max: Failures from one address within the window.
        minutes: Length of the window.
    """

    user_max: int = 10
    address_max: int = 30
    minutes: int = 15


class WebStore:
    """The store of the service. Any number of processes may hold it open."""

    def __init__(self, engine: Engine) -> None:
        """Use the tables of a database, made before; see `opened`."""
        self._engine = engine
        # SQLite lets one writer in and has others sleep and look again, up to a second in vain;
        # threads of one process rather queue here.
        is_file = engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[object] = Lock() if is_file else nullcontext()

    @classmethod
    def opened(cls, address: str) -> WebStore:
        """A store by its address, brought to this version's schema, made where it is missing.

        Args:
            address: The path of an SQLite file, or `postgresql://user:password@host/database`.

        Raises:
            InputError: It cannot be reached or written, or a newer Headrace wrote it.
        """
        if not on_server(address):
            _private(Path(address))
        engine = engine_of(address, create=True)
        with in_our_words(engine):
            retried(lambda: upgrade(engine))
        return cls(engine)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def check(self) -> None:
        """Ask something, to see that the store answers.

        Raises:
            StoreDownError: It does not; so does every other function here.
        """
        self.read(lambda connection: connection.execute(sql.select(users.c.name).limit(1)).all())

    def user(self, name: str) -> User | None:
        """The user of this name; None if there is none."""
        query = sql.select(users).where(users.c.name == name)
        return self.read(lambda connection: _first(connection, query, user_of))

    def users(self) -> tuple[User, ...]:
        """All users by name."""
        query = sql.select(users).order_by(users.c.name)
        return self.read(lambda connection: tuple(map(user_of, connection.execute(query))))

    def add_user(self, user: User, entry: Entry) -> None:
        """Let somebody in from now on.

        Raises:
            InputError: The name is taken.
        """

        def add(connection: Connection) -> None:
            if connection.scalar(sql.select(users.c.name).where(users.c.name == user.name)):
                raise InputError(
                    "There is a user of this name", where=user.name, remedy="Choose another"
                )
            connection.execute(sql.insert(users), _user_row(user))
            note_entry(connection, entry)

        self.write(add)

    def set_password(self, name: str, password: str, entry: Entry, *, due: bool) -> None:
        """Store another password and end all sessions of the user.

        Args:
            name: Whose.
            password: As `Passwords.hashed` gave it.
            entry: For the audit.
            due: Whether the user must choose another at the next sign-in.
        """

        def change(connection: Connection) -> None:
            row = {"password": password, "password_due": due}
            connection.execute(sql.update(users).where(users.c.name == name).values(row))
            connection.execute(sql.delete(sessions).where(sessions.c.user == name))
            note_entry(connection, entry)

        self.write(change)

    def set_locked(self, name: str, entry: Entry, *, locked: bool) -> None:
        """Lock a user out at once, sessions and keys too, or let the user in again.

        Raises:
            InputError: There is no such user.
        """

        def change(connection: Connection) -> None:
            found = connection.execute(
                sql.update(users).where(users.c.name == name).values(locked=locked)
            )
            if not found.rowcount:
                raise no_user(name)
            connection.execute(sql.delete(sessions).where(sessions.c.user == name))
            note_entry(connection, entry)

        self.write(change)

    def try_sign_in(self, entry: Entry, limits: TryLimits) -> bool:
        """Count a try before the password is looked at; False where there were too many.

        Of tries at the same moment each one counts: no burst gets more guesses than a sequence.
        """

        def attempt(connection: Connection) -> bool:
            since = entry.at - limits.minutes * MINUTE_US
            if (
                _failures_of(connection, entry.about, since) >= limits.user_max
                or _failures_from(connection, entry.address, since) >= limits.address_max
            ):
                return False
            note_entry(connection, entry)
            return True

        return self.write(attempt)

    def add_session(
        self, session: Session, user: User, entry: Entry, *, instead_of: str | None
    ) -> bool:
        """Begin a session; the one the browser came with, if any, ends.

        Args:
            session: To be.
            user: As they were when they proved who they are.
            entry: For the audit.
            instead_of: Digest of the browser's session before; None: it had none.

        Returns:
            False where the user was locked, or the password changed, while the proof was looked at.
        """
        same = (users.c.name == user.name) & (users.c.password == user.password)

        def begin(connection: Connection) -> bool:
            still = sql.select(users.c.name).where(same, users.c.locked.is_(False))
            if connection.execute(still).first() is None:
                return False
            connection.execute(sql.delete(sessions).where(sessions.c.digest == instead_of))
            connection.execute(sql.insert(sessions), vars(session))
            note_entry(connection, entry)
            return True

        return self.write(begin)

    def session(self, digest: str) -> Session | None:
        """The session of a token's digest; None if there is none (any more)."""
        query = sql.select(sessions).where(sessions.c.digest == digest)
        return self.read(lambda connection: _first(connection, query, _session))

    def touch_session(self, digest: str, now: int) -> None:
        """Note that a session is used."""
        change = sql.update(sessions).where(sessions.c.digest == digest).values(used=now)
        self.write(lambda connection: connection.execute(change))

    def end_session(self, digest: str, entry: Entry) -> None:
        """Sign out."""

        def end(connection: Connection) -> None:
            connection.execute(sql.delete(sessions).where(sessions.c.digest == digest))
            note_entry(connection, entry)

        self.write(end)

    def forget_sessions(self, *, created_before: int, used_before: int) -> None:
        """Delete sessions that nobody can use any more."""
        old = (sessions.c.created < created_before) | (sessions.c.used < used_before)
        self.write(lambda connection: connection.execute(sql.delete(sessions).where(old)))

    def add_key(self, key: ApiKey, entry: Entry) -> None:
        """Let a program in from now on.

        Raises:
            InputError: There is no such user.
        """

        def add(connection: Connection) -> None:
            if not connection.scalar(sql.select(users.c.name).where(users.c.name == key.user)):
                raise no_user(key.user)
            connection.execute(sql.insert(api_keys), vars(key) | {"may": " ".join(key.may)})
            note_entry(connection, entry)

        self.write(add)

    def key_with_user(self, digest: str) -> tuple[ApiKey, User] | None:
        """The key of this digest, revoked or not, and whose it is; None if there is none."""

        def both(connection: Connection) -> tuple[ApiKey, User] | None:
            query = sql.select(api_keys).where(api_keys.c.digest == digest)
            key = _first(connection, query, key_of)
            if key is None:
                return None
            user = _first(connection, sql.select(users).where(users.c.name == key.user), user_of)
            return None if user is None else (key, user)

        return self.read(both)

    def keys(self, user: str) -> tuple[ApiKey, ...]:
        """All keys of a user, oldest first."""
        query = sql.select(api_keys).where(api_keys.c.user == user).order_by(api_keys.c.created)
        return self.read(lambda connection: tuple(map(key_of, connection.execute(query))))

    def revoke_key(self, name: str, entry: Entry) -> None:
        """Take a key back by its id.

        Raises:
            InputError: There is no such key, or it was taken back before.
        """

        def revoke(connection: Connection) -> None:
            live = (api_keys.c.id == name) & api_keys.c.revoked.is_(None)
            change = sql.update(api_keys).where(live).values(revoked=entry.at)
            if not connection.execute(change).rowcount:
                raise InputError(
                    "There is no such key, or it is revoked",
                    where=name,
                    remedy="`headrace user list` shows the ids",
                )
            note_entry(connection, entry)

        self.write(revoke)

    def note(self, entry: Entry) -> None:
        """Write one line of the audit; it is durable when this returns."""
        self.write(lambda connection: note_entry(connection, entry))

    def entries(self, *, before: int | None, count: int) -> tuple[Entry, ...]:
        """Lines of the audit, newest first.

        Args:
            before: Only those with a smaller number; None: from the newest on.
            count: At most so many.
        """
        query = sql.select(audit).order_by(audit.c.number.desc()).limit(count)
        if before is not None:
            query = query.where(audit.c.number < before)
        return self.read(lambda connection: tuple(map(entry_of, connection.execute(query))))

    def read(self, ask: Callable[[Connection], _Done]) -> _Done:
        """What `ask` finds, all of it as of one moment.

        Raises:
            StoreDownError: The store does not answer.
        """
        with _or_down(self._engine), self._engine.begin() as connection:
            return ask(connection)

    def write(self, act: Callable[[Connection], _Done]) -> _Done:
        """Do it in one transaction that behaves as if it were alone, again where it was not.

        Args:
            act: What to do; it may be called several times.

        Raises:
            StoreDownError: The store does not answer.
        """

        def attempt() -> _Done:
            options: dict[str, Any] = {WRITES: True}
            if self._engine.dialect.name == "postgresql":
                options["isolation_level"] = "SERIALIZABLE"
            connection = self._engine.connect().execution_options(**options)
            with connection, connection.begin():
                return act(connection)

        with _or_down(self._engine), self._turn:
            return retried(attempt)


def no_user(name: str) -> InputError:
    """What is said where there is no user of a name."""
    return InputError("There is no such user", where=name, remedy="`headrace user list` shows them")


@contextmanager
def _or_down(engine: Engine) -> Iterator[None]:
    """What the database refuses is not the fault of whoever asks."""
    refused: InputError | None = None
    try:
        with in_our_words(engine):
            yield
    except InputError as error:
        if error.__cause__ is None:  # ours: a name that is taken
            raise
        refused = error
    if refused is not None:
        raise StoreDownError(
            refused.problem, where=refused.where, remedy=refused.remedy
        ) from refused


def _private(path: Path) -> None:
    """Make the file of a store, where it is missing, so that only its owner can read it."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise InputError(
            f"The store cannot be opened: {error.strerror}",
            where=str(path),
            remedy="Name a file in a folder that exists and can be written to",
        ) from error


def _failures_of(connection: Connection, name: str, since: int) -> int:
    """Tries under a name after it last got in or was unlocked."""
    ended = sql.select(sql.func.max(audit.c.number)).where(
        audit.c.act.in_((SIGNED_IN, PASSWORD_CHANGED, UNLOCKED)), audit.c.about == name
    )
    last = connection.scalar(ended) or 0
    tried = (audit.c.act == TRIED) & (audit.c.about == name) & (audit.c.at > since)
    return _count(connection, tried & (audit.c.number > last))


def _failures_from(connection: Connection, address: str, since: int) -> int:
    """Tries from an address but for those that got in: a whole branch may share one address.

    Each way in, and each change of a password, writes a try first, so that none counts for another.
    """
    here = (audit.c.address == address) & (audit.c.at > since)
    tried = _count(connection, here & (audit.c.act == TRIED))
    return tried - _count(connection, here & audit.c.act.in_((SIGNED_IN, PASSWORD_CHANGED)))


def _count(connection: Connection, which: sql.ColumnElement[bool]) -> int:
    query = sql.select(sql.func.count()).select_from(audit).where(which)
    return int(connection.execute(query).scalar_one())


def note_entry(connection: Connection, entry: Entry) -> None:
    """Write one line of the audit within a transaction that changes something."""
    note_entries(connection, [entry])


def note_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write lines of the audit, in order, within a transaction."""
    if entries:
        connection.execute(sql.insert(audit), list(map(_entry_row, entries)))


def _entry_row(entry: Entry) -> dict[str, Any]:
    return {
        name: storable(value) if isinstance(value, str) else value
        for name, value in vars(entry).items()
        if name != "number"
    }


def storable(text: str) -> str:
    """A text from outside as every database takes it: no NUL, no half characters, not endless."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:TEXT_MAX]


def _first(
    connection: Connection, query: sql.Select[Any], kind: Callable[[Row[Any]], _Done]
) -> _Done | None:
    row = connection.execute(query).first()
    return None if row is None else kind(row)


def user_of(row: Row[Any]) -> User:
    """The user of a row."""
    regions = tuple(row.regions.split("\n")) if row.regions else ()
    return User(**{**row._mapping, "roles": tuple(row.roles.split()), "regions": regions})


def _user_row(user: User) -> dict[str, Any]:
    return vars(user) | {"roles": " ".join(user.roles), "regions": "\n".join(user.regions)}


def _session(row: Row[Any]) -> Session:
    return Session(**row._mapping)


def entry_of(row: Row[Any]) -> Entry:
    """The line of the audit of a row."""
    return Entry(**{name: getattr(row, name) for name in _ENTRY})


def key_of(row: Row[Any]) -> ApiKey:
    """The key of a row."""
    return ApiKey(**{**row._mapping, "may": tuple(row.may.split())})
