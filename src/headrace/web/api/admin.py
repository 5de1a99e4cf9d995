"""Routes of the API: users, roles that wait for a second person, keys, sessions, the audit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from headrace.adapters.stores.admin import (
    SHOWN,
    RoleRequest,
    all_keys,
    all_sessions,
    end_session,
    last_sign_ins,
    open_requests,
)
from headrace.adapters.stores.audit import Wanted, find_entries
from headrace.adapters.stores.web import User
from headrace.web.api.bodies import body
from headrace.web.api.pages import PAGE, Cursor, position_after
from headrace.web.api.routes import NOT_THERE, REFUSALS, AfterPage, PageSize
from headrace.web.guard import caller_of, needs
from headrace.web.problems import Refused
from headrace.web.security.accounts import Doer, Principal
from headrace.web.services import Services, services_of

router = APIRouter(prefix="/api/v1", responses=REFUSALS, tags=["administration"])

NameText = Annotated[str, Field(max_length=64)]
Names = Annotated[tuple[NameText, ...], Field(max_length=100)]
UserName = Annotated[str, Path(max_length=64, description="Of a user")]
KeyId = Annotated[str, Path(max_length=64, description="The part of a key after hr_")]
SessionId = Annotated[str, Path(max_length=64)]
Number = Annotated[int, Path(ge=1, le=2**53)]
Text = Annotated[str, Query(max_length=200)]
Moment = Annotated[int | None, Query(ge=0, le=2**62, description="Microseconds since 1970")]


@dataclass(frozen=True)
class Account:
    """A user; times are in microseconds since 1970, UTC.

    Attributes:
        name: Lower case.
        roles: Of access.toml.
        regions: Of the firms they may know of; none: all.
        locked: Whether nothing is let in under the name.
        password_due: Whether a password must be chosen first.
        elsewhere: Whether they sign in at the provider.
        created: When the account was made.
        last_sign_in: With a browser; None: never.
    """

    name: str
    roles: tuple[str, ...]
    regions: tuple[str, ...]
    locked: bool
    password_due: bool
    elsewhere: bool
    created: int
    last_sign_in: int | None


@dataclass(frozen=True)
class AccountList:
    """All users by name."""

    items: tuple[Account, ...]


@body
class NewAccount:
    """A user to be made."""

    name: NameText
    roles: Names
    regions: Names = ()


@dataclass(frozen=True)
class MadeAccount:
    """A user that was made; the password is for the first sign-in, and told only now.

    Attributes:
        name: Of the user.
        password: To be changed at the first sign-in.
        waiting: Whether some roles wait until another administrator grants them.
    """

    name: str
    password: str
    waiting: bool


@body
class NewRoles:
    """Roles that a user is to have instead of those there are."""

    roles: Names


@dataclass(frozen=True)
class RolesSet:
    """Whether roles are given, or wait until another administrator grants them."""

    waiting: bool


@body
class NewRegions:
    """Regions of the firms that a user may know of; none: all."""

    regions: Names


@dataclass(frozen=True)
class Password:
    """A password for the next sign-in, told only now.

    Attributes:
        password: To be changed at the sign-in.
        waiting: Whether roles were taken away until another administrator gives them back.
    """

    password: str
    waiting: bool


@dataclass(frozen=True)
class Waiting:
    """Roles that wait for a second person."""

    number: int
    user: str
    roles: tuple[str, ...]
    asked_by: str
    asked: int


@dataclass(frozen=True)
class WaitingList:
    """All that wait, the oldest first."""

    items: tuple[Waiting, ...]


@dataclass(frozen=True)
class Key:
    """An API key, without what opens anything; times in microseconds since 1970, UTC."""

    id: str
    user: str
    may: tuple[str, ...]
    created: int
    expires: int
    revoked: int | None


@dataclass(frozen=True)
class KeyList:
    """All keys, the newest first."""

    items: tuple[Key, ...]


@body
class NewKey:
    """A key to be made, for a user with the role system, or for oneself."""

    user: NameText
    may: Names
    days: Annotated[int, Field(ge=1, le=3650)] = 90


@dataclass(frozen=True)
class MadeKey:
    """The whole key, told only now."""

    key: str


@dataclass(frozen=True)
class OpenSession:
    """A browser that is signed in; times in microseconds since 1970, UTC."""

    id: str
    user: str
    created: int
    used: int


@dataclass(frozen=True)
class SessionList:
    """All of them, the last used first."""

    items: tuple[OpenSession, ...]


@dataclass(frozen=True)
class Done:
    """It was done."""

    done: bool = True


@dataclass(frozen=True)
class AuditLine:
    """One line of the audit; `at` is in microseconds since 1970, UTC."""

    number: int
    at: int
    who: str
    act: str
    about: str
    address: str
    request: str


@dataclass(frozen=True)
class AuditPage:
    """Some lines of the audit, newest first; `next` is None on the last page."""

    items: tuple[AuditLine, ...]
    next: str | None


@router.get("/users", name="users")
def users(request: Request, _: Annotated[Principal, needs("admin")]) -> AccountList:
    """All users."""
    store = services_of(request).store
    last = last_sign_ins(store)
    return AccountList(tuple(_account(each, last) for each in store.users()))


@router.post("/users", name="add_user", status_code=201)
def add_user(
    request: Request, given: NewAccount, principal: Annotated[Principal, needs("admin")]
) -> MadeAccount:
    """Make a user; roles that decide about policies, money or accounts wait for a second person."""
    desk = services_of(request).administering
    password, waiting = desk.add_user(
        given.name, given.roles, given.regions, doer(request, principal)
    )
    return MadeAccount(given.name, password, waiting)


@router.get("/users/{name}", name="user", responses=NOT_THERE)
def user(request: Request, name: UserName, _: Annotated[Principal, needs("admin")]) -> Account:
    """One user."""
    store = services_of(request).store
    return _account(_user(services_of(request), name), last_sign_ins(store))


@router.put("/users/{name}/roles", name="set_roles", responses=NOT_THERE)
def set_roles(
    request: Request,
    name: UserName,
    given: NewRoles,
    principal: Annotated[Principal, needs("admin")],
) -> RolesSet:
    """Give other roles, at once or after a second person agrees."""
    services = services_of(request)
    _user(services, name)
    by = doer(request, principal)
    return RolesSet(services.administering.set_roles(name, given.roles, by))


@router.put("/users/{name}/regions", name="set_regions", responses=NOT_THERE)
def set_regions(
    request: Request,
    name: UserName,
    given: NewRegions,
    principal: Annotated[Principal, needs("admin")],
) -> Account:
    """Say of which regions' firms a user may know."""
    services = services_of(request)
    _user(services, name)
    services.administering.set_regions(name, given.regions, doer(request, principal))
    return _account(_user(services, name), last_sign_ins(services.store))


@router.post("/users/{name}/lock", name="lock_user", responses=NOT_THERE)
def lock_user(
    request: Request, name: UserName, principal: Annotated[Principal, needs("admin")]
) -> Done:
    """Let nothing in under a name any more."""
    services = services_of(request)
    _user(services, name)
    services.accounts.lock(name, doer(request, principal))
    return Done()


@router.post("/users/{name}/unlock", name="unlock_user", responses=NOT_THERE)
def unlock_user(
    request: Request, name: UserName, principal: Annotated[Principal, needs("admin")]
) -> Done:
    """Let somebody in again."""
    services = services_of(request)
    _user(services, name)
    services.accounts.unlock(name, doer(request, principal))
    return Done()


@router.post("/users/{name}/password", name="reset_password", responses=NOT_THERE)
def reset_password(
    request: Request, name: UserName, principal: Annotated[Principal, needs("admin")]
) -> Password:
    """A one-time password for somebody who forgot theirs."""
    services = services_of(request)
    _user(services, name)
    return Password(*services.administering.reset_password(name, doer(request, principal)))


@router.get("/role-requests", name="role_requests")
def role_requests(request: Request, _: Annotated[Principal, needs("admin")]) -> WaitingList:
    """Roles that wait for a second person."""
    found = open_requests(services_of(request).store)
    return WaitingList(tuple(map(_waiting, found)))


@router.post("/role-requests/{number}/grant", name="grant_roles")
def grant_roles(
    request: Request, number: Number, principal: Annotated[Principal, needs("admin")]
) -> Done:
    """Give roles that another administrator asked to give."""
    by = doer(request, principal)
    services_of(request).administering.decide(number, by, granted=True)
    return Done()


@router.post("/role-requests/{number}/refuse", name="refuse_roles")
def refuse_roles(
    request: Request, number: Number, principal: Annotated[Principal, needs("admin")]
) -> Done:
    """Do not give them; whoever asked may take it back so."""
    by = doer(request, principal)
    services_of(request).administering.decide(number, by, granted=False)
    return Done()


@router.get("/keys", name="keys")
def keys(request: Request, _: Annotated[Principal, needs("admin")]) -> KeyList:
    """All API keys, without what opens anything."""
    found = all_keys(services_of(request).store)
    return KeyList(tuple(Key(e.id, e.user, e.may, e.created, e.expires, e.revoked) for e in found))


@router.post("/keys", name="add_key", status_code=201)
def add_key(
    request: Request, given: NewKey, principal: Annotated[Principal, needs("admin")]
) -> MadeKey:
    """Make a key for a program."""
    by = doer(request, principal)
    desk = services_of(request).administering
    return MadeKey(desk.add_key(given.user, given.may, given.days, by))


@router.post("/keys/{key}/revoke", name="revoke_key")
def revoke_key(
    request: Request, key: KeyId, principal: Annotated[Principal, needs("admin")]
) -> Done:
    """Take a key back, from this moment on."""
    services_of(request).accounts.revoke_key(key, doer(request, principal))
    return Done()


@router.get("/sessions", name="sessions")
def sessions(request: Request, _: Annotated[Principal, needs("admin")]) -> SessionList:
    """Browsers that are signed in."""
    found = all_sessions(services_of(request).store)
    return SessionList(
        tuple(OpenSession(e.digest[:SHOWN], e.user, e.created, e.used) for e in found)
    )


@router.post("/sessions/{session}/end", name="end_session")
def end_one_session(
    request: Request, session: SessionId, principal: Annotated[Principal, needs("admin")]
) -> Done:
    """Sign a browser out."""
    services = services_of(request)
    entry = services.accounts.entry(doer(request, principal), "session.ended", session)
    end_session(services.store, session, entry)
    return Done()


@router.get("/audit", name="audit")
def audit(  # noqa: PLR0913, PLR0917 - a parameter for each filter
    request: Request,
    _: Annotated[Principal, needs("audit")],
    who: Text = "",
    act: Text = "",
    about: Text = "",
    since: Moment = None,
    until: Moment = None,
    cursor: AfterPage = None,
    limit: PageSize = PAGE,
) -> AuditPage:
    """Who did and read what, newest first."""
    wanted = Wanted(who, act, about, since, until)
    return audit_page(services_of(request), wanted, cursor, limit)


def audit_page(services: Services, wanted: Wanted, cursor: str | None, limit: int) -> AuditPage:
    """Some lines of the audit; what is looked for has to be the same on every page."""
    before = position_after(cursor, "audit") - 1 if cursor else None
    found = find_entries(services.store, wanted, before=before, count=limit + 1)
    shown = found[:limit]
    further = str(Cursor("audit", shown[-1].number)) if len(found) > limit else None
    return AuditPage(tuple(AuditLine(**asdict(each)) for each in shown), further)


def doer(request: Request, principal: Principal) -> Doer:
    """Who asks, and from where."""
    return Doer(principal.user.name, caller_of(request))


def _user(services: Services, name: str) -> User:
    found = services.store.user(name)
    if found is None:
        raise Refused(404, "There is no such user")
    return found


def _account(found: User, last: Mapping[str, int]) -> Account:
    return Account(
        name=found.name,
        roles=found.roles,
        regions=found.regions,
        locked=found.locked,
        password_due=found.password_due,
        elsewhere=bool(found.subject),
        created=found.created,
        last_sign_in=last.get(found.name),
    )


def _waiting(found: RoleRequest) -> Waiting:
    return Waiting(found.number, found.user, found.roles, found.asked_by, found.asked)
