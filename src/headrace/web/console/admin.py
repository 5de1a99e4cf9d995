"""Pages *Admin*: users, roles that wait, keys, sessions, the state of the service."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from headrace.adapters.admin_store import (
    RoleRequest,
    all_keys,
    all_sessions,
    last_sign_ins,
    open_requests,
)
from headrace.adapters.audit_store import find_acts
from headrace.adapters.web_store import ApiKey, Entry, User
from headrace.errors import HeadraceError, InputError
from headrace.web.api.admin import doer, end_one_session
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.words import Words
from headrace.web.guard import field_of, form_of, needs
from headrace.web.problems import Refused
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import DAY_US, Principal
from headrace.web.security.administering import GRAVE, KEYED_ROLE
from headrace.web.security.tokens import KEY_PREFIX
from headrace.web.services import Services, services_of
from headrace.web.state import state_of

WATCHED = (
    *("roles.asked", "roles.granted", "roles.set", "regions.set", "user.added"),
    *("password.reset", "key.added", "user.unlocked"),
)
"""Acts by which somebody could get at what is not theirs: shown on top for thirty days."""

WATCHED_DAYS, WATCHED_MAX = 30, 12
KEY_DAYS = (30, 90, 365)
SEE_OTHER = 303
router = APIRouter(include_in_schema=False)

Fields = Annotated[FormData, Depends(form_of)]
Admin = Annotated[Principal, needs("admin")]


@dataclass(frozen=True)
class Secret:
    """What is shown once: of which user, what it is (the name of a text), and itself."""

    user: str
    kind: str
    text: str


@router.get("/admin", name="admin_page")
def admin_page(request: Request, principal: Admin) -> Response:
    """What needs a look, and the users."""
    return _users_page(request, principal)


@router.post("/admin/users", name="admin_add_user")
def admin_add_user(request: Request, principal: Admin, form: Fields) -> Response:
    """Make a user; the password stands on the page that follows, once."""
    name = field_of(form, "name").strip().lower()
    desk = services_of(request).administering
    try:
        password, _ = desk.add_user(
            name, _texts(form, "role"), _lines(form, "regions"), doer(request, principal)
        )
    except InputError as error:
        return _users_page(request, principal, error=error, typed=form)
    return _users_page(request, principal, secret=Secret(name, "admin_password_once", password))


@router.get("/admin/users/{name}", name="admin_user_page")
def admin_user_page(request: Request, name: str, principal: Admin) -> Response:
    """One user."""
    return _user_page(request, principal, name)


@router.post("/admin/users/{name}/roles", name="admin_set_roles")
def admin_set_roles(request: Request, name: str, principal: Admin, form: Fields) -> Response:
    """Give other roles."""
    desk = services_of(request).administering

    def act() -> None:
        desk.set_roles(name, _texts(form, "role"), doer(request, principal))

    return _done_or_wrong(request, principal, name, act)


@router.post("/admin/users/{name}/regions", name="admin_set_regions")
def admin_set_regions(request: Request, name: str, principal: Admin, form: Fields) -> Response:
    """Give other regions."""
    desk = services_of(request).administering

    def act() -> None:
        desk.set_regions(name, _lines(form, "regions"), doer(request, principal))

    return _done_or_wrong(request, principal, name, act)


@router.post("/admin/users/{name}/lock", name="admin_lock")
def admin_lock(request: Request, name: str, principal: Admin) -> Response:
    """Let nothing in under a name."""
    accounts = services_of(request).accounts
    by = doer(request, principal)
    return _done_or_wrong(request, principal, name, lambda: accounts.lock(name, by))


@router.post("/admin/users/{name}/unlock", name="admin_unlock")
def admin_unlock(request: Request, name: str, principal: Admin) -> Response:
    """Let somebody in again."""
    accounts = services_of(request).accounts
    by = doer(request, principal)
    return _done_or_wrong(request, principal, name, lambda: accounts.unlock(name, by))


@router.post("/admin/users/{name}/password", name="admin_reset")
def admin_reset(request: Request, name: str, principal: Admin) -> Response:
    """A one-time password, shown once."""
    try:
        text = services_of(request).accounts.reset_password(name, doer(request, principal))
    except InputError as error:
        return _user_page(request, principal, name, error=error)
    return _user_page(request, principal, name, secret=Secret(name, "admin_password_once", text))


@router.post("/admin/requests/{number}/{answer}", name="admin_decide")
def admin_decide(request: Request, number: str, answer: str, principal: Admin) -> Response:
    """Grant or refuse roles that somebody else asked to give."""
    if answer not in ("grant", "refuse") or not _is_number(number):
        raise Refused(404, "There is no such request")
    try:
        services_of(request).administering.decide(
            int(number), doer(request, principal), granted=answer == "grant"
        )
    except InputError as error:
        return _users_page(request, principal, error=error)
    return RedirectResponse("/admin", SEE_OTHER)


@router.get("/admin/keys", name="admin_keys_page")
def admin_keys_page(request: Request, principal: Admin) -> Response:
    """Keys of programs."""
    return _keys_page(request, principal)


@router.post("/admin/keys", name="admin_add_key")
def admin_add_key(request: Request, principal: Admin, form: Fields) -> Response:
    """Make a key; it stands on the page that follows, once."""
    user, days = field_of(form, "user"), field_of(form, "days")
    desk = services_of(request).administering
    try:
        if days not in map(str, KEY_DAYS):
            raise InputError("A key lasts 30, 90 or 365 days", where="days", remedy="Choose one")
        text = desk.add_key(user, _texts(form, "may"), int(days), doer(request, principal))
    except InputError as error:
        return _keys_page(request, principal, error=error)
    return _keys_page(request, principal, secret=Secret(user, "admin_key_once", text))


@router.post("/admin/keys/{key}/revoke", name="admin_revoke_key")
def admin_revoke_key(request: Request, key: str, principal: Admin) -> Response:
    """Take a key back."""
    try:
        services_of(request).accounts.revoke_key(key, doer(request, principal))
    except InputError as error:
        return _keys_page(request, principal, error=error)
    return RedirectResponse("/admin/keys", SEE_OTHER)


@router.get("/admin/sessions", name="admin_sessions_page")
def admin_sessions_page(request: Request, principal: Admin) -> Response:
    """Browsers that are signed in."""
    return _sessions_page(request, principal)


@router.post("/admin/sessions/{session}/end", name="admin_end_session")
def admin_end_session(request: Request, session: str, principal: Admin) -> Response:
    """Sign a browser out."""
    try:
        end_one_session(request, session, principal)
    except InputError as error:
        return _sessions_page(request, principal, error=error)
    return RedirectResponse("/admin/sessions", SEE_OTHER)


@router.get("/admin/system", name="admin_system_page")
def admin_system_page(request: Request, principal: Admin) -> Response:
    """Settings, health, versions, sizes."""
    services = services_of(request)
    settings = [
        (each.name, getattr(services.settings, each.name)) for each in fields(services.settings)
    ]
    return draw(
        request,
        "admin_system.html",
        principal,
        tab="system",
        state=state_of(services),
        settings=settings,
        provider=services.provider,
    )


def zone_of(services: Services) -> ZoneInfo:
    """In which times are shown: the run's zone."""
    try:
        return ZoneInfo(services.run.current().about.zone)
    except HeadraceError:
        return ZoneInfo("Asia/Shanghai")


def _users_page(
    request: Request,
    principal: Principal,
    *,
    error: InputError | None = None,
    secret: Secret | None = None,
    typed: FormData | None = None,
) -> Response:
    services, words = services_of(request), words_of(request)
    found = services.store.users()
    last, zone = last_sign_ins(services.store), zone_of(services)
    since = services.now() - WATCHED_DAYS * DAY_US
    watched = find_acts(services.store, WATCHED, since=since, count=WATCHED_MAX)
    return draw(
        request,
        "admin_users.html",
        principal,
        status=422 if error else 200,
        tab="users",
        users=[_user_line(each, last, words, zone) for each in found],
        requests=[_request_line(e, principal, words, zone) for e in open_requests(services.store)],
        watched=[_watched_line(each, words, zone) for each in watched],
        mixed=[each.name for each in found if _is_mixed(each)],
        roles=_role_choices(_texts(typed, "role") if typed else (), words),
        typed_name=field_of(typed, "name") if typed else "",
        typed_regions=field_of(typed, "regions") if typed else "",
        error=error,
        secret=secret,
    )


def _user_page(
    request: Request,
    principal: Principal,
    name: str,
    *,
    error: InputError | None = None,
    secret: Secret | None = None,
) -> Response:
    services, words = services_of(request), words_of(request)
    user = services.store.user(name)
    if user is None:
        raise Refused(404, "There is no such user")
    zone = zone_of(services)
    waiting = [e for e in open_requests(services.store) if e.user == name]
    return draw(
        request,
        "admin_user.html",
        principal,
        status=422 if error else 200,
        tab="users",
        user=user,
        line=_user_line(user, last_sign_ins(services.store), words, zone),
        created=words.moment(user.created, zone),
        requests=[_request_line(each, principal, words, zone) for each in waiting],
        roles=_role_choices(user.roles, words),
        regions="\n".join(user.regions),
        keys=[_key_line(e, services, words, zone) for e in services.store.keys(name)],
        error=error,
        secret=secret,
    )


def _keys_page(
    request: Request,
    principal: Principal,
    *,
    error: InputError | None = None,
    secret: Secret | None = None,
) -> Response:
    services, words = services_of(request), words_of(request)
    zone = zone_of(services)
    programs = [e.name for e in services.store.users() if e.roles == (KEYED_ROLE,)]
    return draw(
        request,
        "admin_keys.html",
        principal,
        status=422 if error else 200,
        tab="keys",
        keys=[_key_line(each, services, words, zone) for each in all_keys(services.store)],
        owners=[*programs, principal.user.name],
        permissions=[
            (each.name, words.of(each.text))
            for each in ACCESS.permissions.values()
            if each.name in ACCESS.allowed([KEYED_ROLE]) | principal.may
        ],
        days=KEY_DAYS,
        error=error,
        secret=secret,
    )


def _sessions_page(
    request: Request, principal: Principal, *, error: InputError | None = None
) -> Response:
    services, words = services_of(request), words_of(request)
    zone = zone_of(services)
    own = principal.session.digest if principal.session else ""
    lines = [
        {
            "id": each.digest[:16],
            "user": each.user,
            "created": words.moment(each.created, zone),
            "used": words.moment(each.used, zone),
            "own": each.digest == own,
        }
        for each in all_sessions(services.store)
    ]
    status = 422 if error else 200
    return draw(
        request,
        "admin_sessions.html",
        principal,
        status=status,
        tab="sessions",
        sessions=lines,
        error=error,
    )


def _done_or_wrong(request: Request, principal: Principal, name: str, act: Any) -> Response:
    """Do something to a user and show the user, or say on the page what was wrong."""
    try:
        act()
    except InputError as error:
        return _user_page(request, principal, name, error=error)
    return RedirectResponse(f"/admin/users/{name}", SEE_OTHER)


def _user_line(user: User, last: dict[str, int], words: Words, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "name": user.name,
        "roles": _role_names(user.roles, words),
        "regions": "、".join(user.regions) if user.regions else words("admin_all_regions"),
        "locked": user.locked,
        "due": user.password_due,
        "elsewhere": bool(user.subject),
        "last": words.moment(last[user.name], zone) if user.name in last else words("admin_never"),
    }


def _request_line(
    found: RoleRequest, principal: Principal, words: Words, zone: ZoneInfo
) -> dict[str, Any]:
    return {
        "number": found.number,
        "user": found.user,
        "roles": _role_names(found.roles, words),
        "asked_by": found.asked_by,
        "asked": words.moment(found.asked, zone),
        "may_grant": principal.user.name not in (found.asked_by, found.user),
    }


def _watched_line(entry: Entry, words: Words, zone: ZoneInfo) -> dict[str, str]:
    return {
        "at": words.moment(entry.at, zone),
        "who": entry.who,
        "act": words(f"admin_act_{entry.act.replace('.', '_')}"),
        "about": entry.about,
    }


def _key_line(key: ApiKey, services: Services, words: Words, zone: ZoneInfo) -> dict[str, Any]:
    state = "revoked" if key.revoked else "ended" if key.expires <= services.now() else "open"
    return {
        "id": key.id,
        "shown": f"{KEY_PREFIX}{key.id}…",
        "user": key.user,
        "may": " ".join(key.may),
        "created": words.moment(key.created, zone),
        "expires": words.moment(key.expires, zone),
        "state": state,
    }


def _role_choices(chosen: Sequence[str], words: Words) -> list[dict[str, Any]]:
    return [
        {
            "name": role.name,
            "text": words.of(role.text),
            "chosen": role.name in chosen,
            "grave": bool(role.may & GRAVE),
        }
        for role in ACCESS.roles.values()
    ]


def _role_names(roles: Sequence[str], words: Words) -> str:
    known = [words.of(ACCESS.roles[name].text) for name in roles if name in ACCESS.roles]
    return "、".join(known) if words.language == "zh" else ", ".join(known)


def _is_mixed(user: User) -> bool:
    """Whether somebody looks after the service and sees firms too."""
    may = ACCESS.allowed(user.roles)
    return "admin" in may and any(ACCESS.permissions[name].personal for name in may)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _texts(form: FormData, name: str) -> tuple[str, ...]:
    return tuple(each for each in form.getlist(name) if isinstance(each, str))


def _lines(form: FormData, name: str) -> tuple[str, ...]:
    """Lines or texts with commas between them."""
    text = field_of(form, name)
    for each in ",，、;；":
        text = text.replace(each, "\n")
    return tuple(text.splitlines())
