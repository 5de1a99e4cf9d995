"""Pages *Admin*: keys of programs, browsers that are signed in, the state of the service."""

from dataclasses import fields

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from headrace.adapters.stores.admin import all_keys, all_sessions
from headrace.errors import InputError
from headrace.web.api.admin import doer, end_one_session
from headrace.web.console.admin_parts import (
    SEE_OTHER,
    Admin,
    Fields,
    Secret,
    key_line,
    texts_of,
)
from headrace.web.console.drawing import draw, words_of
from headrace.web.guard import field_of
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import Principal
from headrace.web.security.administering import KEYED_ROLE
from headrace.web.services import services_of
from headrace.web.state import state_of

KEY_DAYS = (30, 90, 365)
router = APIRouter(include_in_schema=False)


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
        text = desk.add_key(user, texts_of(form, "may"), int(days), doer(request, principal))
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


def _keys_page(
    request: Request,
    principal: Principal,
    *,
    error: InputError | None = None,
    secret: Secret | None = None,
) -> Response:
    services, words = services_of(request), words_of(request)
    zone = services.zone
    programs = [e.name for e in services.store.users() if e.roles == (KEYED_ROLE,)]
    return draw(
        request,
        "admin_keys.html",
        principal,
        status=422 if error else 200,
        tab="keys",
        keys=[key_line(each, services.now(), words, zone) for each in all_keys(services.store)],
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
    zone = services.zone
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
