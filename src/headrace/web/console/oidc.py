"""Signing in elsewhere: the way to the provider and back in, and signing out there too."""

import base64
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.errors import HeadraceError
from headrace.web.console.drawing import draw
from headrace.web.console.pages import SEE_OTHER, sign_in_form, signed_in
from headrace.web.guard import (
    caller_of,
    field_of,
    form_of,
    local_path,
    own_origin,
    session_cookie,
)
from headrace.web.problems import Refused, request_id
from headrace.web.security.entering import enter, leave
from headrace.web.security.oidc import Provider, SignInRefusedError
from headrace.web.security.tokens import fresh_token
from headrace.web.services import Services, services_of
from headrace.web.settings import Settings

BACK = "/sign-in/oidc/return"
AFTER = "/sign-in"  # where a browser comes that signed out at the provider
WAY_SECONDS = 600
LOGOUT_TOKEN_MAX = 20_000  # characters
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Way:
    """What a browser's cookie keeps while it is away.

    Attributes:
        token: Random; state, nonce and verifier are derived from it.
        onward: The page to go on to.
    """

    token: str
    onward: str

    def to_text(self) -> str:
        """As the cookie has it."""
        return f"{self.token}.{base64.urlsafe_b64encode(self.onward.encode()).decode()}"


@router.get("/sign-in/oidc", name="oidc_begin")
def oidc_begin(request: Request) -> Response:
    """Out to the provider; the cookie ties the answer to this browser."""
    services = services_of(request)
    provider = _provider(services)
    way = Way(fresh_token(), local_path(request.query_params.get("next", "/")))
    try:
        there = provider.way_in(way.token, _back(request, services.settings))
    except HeadraceError as error:
        return _not_in(request, way, error)
    response = RedirectResponse(there, SEE_OTHER)
    settings = services.settings
    response.set_cookie(  # lax: it has to come along when the provider sends the browser back
        way_cookie(settings),
        way.to_text(),
        WAY_SECONDS,
        httponly=True,
        samesite="lax",
        secure=settings.is_secure,
    )
    return response


@router.get(BACK, name="oidc_return")
def oidc_return(request: Request) -> Response:
    """Back from the provider: a new session, whatever the browser came with."""
    services = services_of(request)
    settings, provider = services.settings, _provider(services)
    way = _way(request.cookies.get(way_cookie(settings), ""))
    try:
        found = provider.who(way.token, _back(request, settings), dict(request.query_params))
        before = request.cookies.get(session_cookie(settings), "")
        token = enter(services.accounts, found, caller_of(request), instead_of=before)
    except HeadraceError as error:
        response = _not_in(request, way, error)
    else:
        services.metrics.sign_ins.labels("done").inc()
        response = signed_in(settings, token, way.onward)
    response.delete_cookie(way_cookie(settings), secure=settings.is_secure, httponly=True)
    return response


@router.get("/sign-out/elsewhere", name="signed_out_page")
def signed_out_page(request: Request) -> Response:
    """Signed out here; and a link to sign out at the provider too.

    A link, and nothing that goes there by itself: anybody can send a browser to this page.
    """
    services = services_of(request)
    provider = _provider(services)
    try:
        there = provider.way_out(own_origin(request, services.settings) + AFTER)
    except HeadraceError as error:
        services.log({"event": "no way out", "request": request_id(request), "why": str(error)})
        there = ""
    name = provider.settings.name
    return draw(request, "signed_out.html", there=there, elsewhere=name)


@router.post("/sign-in/oidc/leave", name="oidc_leave")
async def oidc_leave(request: Request, form: Annotated[FormData, Depends(form_of)]) -> Response:
    """The provider says that somebody signed out there: their sessions here end.

    No form of a page of ours: the token is signed by the provider, and that is the proof.
    """
    services = services_of(request)
    provider = _provider(services)
    try:
        token = field_of(form, "logout_token")[:LOGOUT_TOKEN_MAX]
        told = await run_in_threadpool(provider.leaving, token)
    except SignInRefusedError as error:
        services.log(
            {"event": "sign-out refused", "request": request_id(request), "why": str(error)}
        )
        return JSONResponse({"error": "invalid_request"}, 400)
    await run_in_threadpool(leave, services.accounts, told, caller_of(request))
    return Response()


def way_cookie(settings: Settings) -> str:
    """Name of the cookie that a browser has while it is away."""
    return f"{session_cookie(settings)}-way"


def _not_in(request: Request, way: Way, error: HeadraceError) -> Response:
    """The form again; why is in the log, for it may say more than a stranger is to know."""
    services = services_of(request)
    services.metrics.sign_ins.labels("oidc_wrong").inc()
    services.log({"event": "sign-in refused", "request": request_id(request), "why": str(error)})
    return sign_in_form(request, way.onward, status=401, wrong="oidc_wrong")


def _provider(services: Services) -> Provider:
    if services.provider is None:
        raise Refused(404, "This service knows no other place to sign in")
    return services.provider


def _back(request: Request, settings: Settings) -> str:
    return own_origin(request, settings) + BACK


def _way(text: str) -> Way:
    """What a cookie keeps; without a token where it is not one of ours."""
    token, _, onward = text.partition(".")
    try:
        path = base64.urlsafe_b64decode(onward.encode()).decode()
    except ValueError:
        return Way("", "/")
    return Way(token, local_path(path))
