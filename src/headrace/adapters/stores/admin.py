"""What an administrator sees and does in the store of accounts, beside what `WebStore` has."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Row

from headrace.adapters.stores.web import (
    SIGNED_IN,
    ApiKey,
    Entry,
    Session,
    User,
    WebStore,
    key_of,
    no_user,
    note_entry,
    user_of,
)
from headrace.adapters.web_schema import api_keys, audit, role_requests, sessions, users
from headrace.errors import InputError

SHOWN = 16  # hex digits by which a session is told from others


@dataclass(frozen=True)
class RoleRequest:
    """Roles that somebody asked to give, until a second person says yes or no.

    Attributes:
        number: Given by the store.
        user: Who is to have them.
        roles: All that the user would have.
        asked_by: Who asked.
        asked: When, in microseconds since 1970.
        decided_by: Who decided; None while nobody did.
        decided: When.
        granted: What was decided.
    """

    number: int
    user: str
    roles: tuple[str, ...]
    asked_by: str
    asked: int
    decided_by: str | None = None
    decided: int | None = None
    granted: bool | None = None


def last_sign_ins(store: WebStore) -> dict[str, int]:
    """When each user last signed in with a browser; who never did is not in it."""
    last = sql.func.max(audit.c.at)
    query = sql.select(audit.c.about, last).where(audit.c.act == SIGNED_IN).group_by(audit.c.about)
    return store.read(lambda connection: dict(map(tuple, connection.execute(query))))


def all_sessions(store: WebStore) -> tuple[Session, ...]:
    """Sessions of browsers that did not end yet, the last used first."""
    query = sql.select(sessions).order_by(sessions.c.used.desc())
    return store.read(
        lambda connection: tuple(Session(**row._mapping) for row in connection.execute(query))
    )


def end_session(store: WebStore, shown: str, entry: Entry) -> None:
    """End a session by the start of its digest.

    Raises:
        InputError: There is none (any more).
    """

    def end(connection: Connection) -> None:
        fits = sessions.c.digest.startswith(shown, autoescape=True)
        found = (
            connection.execute(sql.delete(sessions).where(fits)) if len(shown) == SHOWN else None
        )
        if found is None or not found.rowcount:
            raise InputError(
                "There is no such session", where="session", remedy="It may have ended by itself"
            )
        note_entry(connection, entry)

    store.write(end)


@dataclass(frozen=True)
class Over:
    """Which sessions a provider says are over; one of `user` and `elsewhere` is given.

    Attributes:
        user: Whose; empty: anybody's.
        elsewhere: The provider's name for the session; those of the user of which it gave no name
            end too. Empty: all of the user's.
        before: Only those that began before this moment, microseconds since 1970.
    """

    user: str
    elsewhere: str
    before: int


def end_sessions(store: WebStore, over: Over, entry: Entry) -> int:
    """End sessions of people who signed in elsewhere; how many.

    With one line of the audit, none where there was no such session.
    """
    fits = sessions.c.created < over.before
    if over.user:
        named = sessions.c.elsewhere.in_((over.elsewhere, "")) if over.elsewhere else sql.true()
        fits &= (sessions.c.user == over.user) & named
    else:
        fits &= (sessions.c.elsewhere == over.elsewhere) & (sessions.c.elsewhere != "")

    def end(connection: Connection) -> int:
        ended = connection.execute(sql.delete(sessions).where(fits)).rowcount
        if ended:
            note_entry(connection, entry)
        return int(ended)

    return store.write(end)


def all_keys(store: WebStore) -> tuple[ApiKey, ...]:
    """All API keys, the newest first, revoked ones too."""
    query = sql.select(api_keys).order_by(api_keys.c.created.desc())
    return store.read(lambda connection: tuple(map(key_of, connection.execute(query))))


def user_of_subject(store: WebStore, subject: str) -> User | None:
    """Who signs in elsewhere under this issuer and subject; None if nobody did yet."""
    query = sql.select(users).where(users.c.subject == subject)
    rows = store.read(lambda connection: connection.execute(query).all())
    return user_of(rows[0]) if rows else None


def set_user(
    store: WebStore,
    name: str,
    entry: Entry,
    *,
    before: tuple[str, ...] | None = None,
    **values: tuple[str, ...],
) -> None:
    """Give a user other roles or regions, from the next request on.

    Args:
        store: Where they are.
        name: Whose.
        entry: For the audit.
        before: The roles that whoever changes them saw; None: they do not matter.
        values: `roles`, `regions`.

    Raises:
        InputError: There is no such user, or somebody changed the roles meanwhile.
    """

    def change(connection: Connection) -> None:
        stands = sql.select(users.c.roles).where(users.c.name == name)
        if before is not None and connection.scalar(stands) not in {" ".join(before), None}:
            raise InputError(
                "Somebody changed these roles meanwhile",
                where=name,
                remedy="Load the page again",
            )
        _set_user(connection, name, **values)
        note_entry(connection, entry)

    store.write(change)


def ask_for_roles(store: WebStore, request: RoleRequest, entry: Entry) -> None:
    """Keep a request for roles; an open one for the same user is withdrawn.

    Raises:
        InputError: There is no such user.
    """

    def ask(connection: Connection) -> None:
        if not connection.scalar(sql.select(users.c.name).where(users.c.name == request.user)):
            raise no_user(request.user)
        open_one = (role_requests.c.user == request.user) & role_requests.c.granted.is_(None)
        withdrawn = {"granted": False, "decided_by": request.asked_by, "decided": request.asked}
        connection.execute(sql.update(role_requests).where(open_one).values(withdrawn))
        row = vars(request) | {"roles": " ".join(request.roles)}
        connection.execute(
            sql.insert(role_requests), {name: row[name] for name in row if name != "number"}
        )
        note_entry(connection, entry)

    store.write(ask)


def open_requests(store: WebStore) -> tuple[RoleRequest, ...]:
    """Requests that nobody decided yet, the oldest first."""
    query = sql.select(role_requests).where(role_requests.c.granted.is_(None))
    query = query.order_by(role_requests.c.number)
    return store.read(lambda connection: tuple(map(_request, connection.execute(query))))


def decide_request(store: WebStore, number: int, entry: Entry, *, granted: bool) -> RoleRequest:
    """Say yes or no to a request; with yes the roles are given.

    Args:
        store: Where it is.
        number: Of the request.
        entry: For the audit; its `who` decides.
        granted: Yes or no.

    Raises:
        InputError: There is no such request, it is decided, or the same person asked for it or
            would have the roles. Whoever asked may take it back.
    """

    def decide(connection: Connection) -> RoleRequest:
        row = connection.execute(
            sql.select(role_requests).where(role_requests.c.number == number)
        ).first()
        if row is None or row.granted is not None:
            raise InputError(
                "There is no such request, or it is decided",
                where=str(number),
                remedy="Load the page again",
            )
        found = _request(row)
        if granted and entry.who in (found.asked_by, found.user):
            raise InputError(
                "Somebody else has to say yes",
                where=str(number),
                remedy="Another administrator, neither the one who asked nor the one concerned",
            )
        if granted:
            _set_user(connection, found.user, roles=found.roles)
        values = {"granted": granted, "decided_by": entry.who, "decided": entry.at}
        change = sql.update(role_requests).where(role_requests.c.number == number)
        connection.execute(change.values(values))
        note_entry(connection, entry)
        return found

    return store.write(decide)


def _set_user(connection: Connection, name: str, **values: tuple[str, ...]) -> None:
    joined = {"roles": " ", "regions": "\n"}
    row = {column: joined[column].join(value) for column, value in values.items()}
    if not connection.execute(sql.update(users).where(users.c.name == name).values(row)).rowcount:
        raise no_user(name)


def _request(row: Row[Any]) -> RoleRequest:
    return RoleRequest(**{**row._mapping, "roles": tuple(row.roles.split())})
