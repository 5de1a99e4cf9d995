"""Pages *Admin*: users, and roles that wait for a second person."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from headrace.adapters.stores.admin import (
    RoleRequest,
    last_sign_ins,
    open_requests,
)
from headrace.adapters.stores.audit import find_acts
from headrace.adapters.stores.web import Entry, User
from headrace.errors import InputError
from headrace.web.api.admin import doer
from headrace.web.console.admin_parts import (
    SEE_OTHER,
    Admin,
    Fields,
    Secret,
    key_line,
    texts_of,
)
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.words import Words
from headrace.web.guard import field_of
from headrace.web.problems import Refused
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import DAY_US, Principal
from headrace.web.security.administering import GRAVE
from headrace.web.services import services_of

WATCHED = (
    *("roles.asked", "roles.granted", "roles.set", "regions.set", "user.added"),
    *("password.reset", "key.added", "user.unlocked"),
)
"""Acts by which somebody could get at what is not theirs: shown on top for thirty days."""

WATCHED_DAYS, WATCHED_MAX = 30, 12
router = APIRouter(include_in_schema=False)


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
            name, texts_of(form, "role"), _lines(form, "regions"), doer(request, principal)
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
        desk.set_roles(name, texts_of(form, "role"), doer(request, principal))

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
        text, _ = services_of(request).administering.reset_password(name, doer(request, principal))
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
    last, zone = last_sign_ins(services.store), services.zone
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
        roles=_role_choices(texts_of(typed, "role") if typed else (), words),
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
    zone = services.zone
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
        keys=[key_line(e, services.now(), words, zone) for e in services.store.keys(name)],
        error=error,
        secret=secret,
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


def _lines(form: FormData, name: str) -> tuple[str, ...]:
    """Lines or texts with commas between them."""
    text = field_of(form, name)
    for each in ",，、;；":
        text = text.replace(each, "\n")
    return tuple(text.splitlines())
