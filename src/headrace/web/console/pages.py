"""The first pages: sign in and out, password, language, *Today*."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.errors import InputError
from headrace.web.console.assets import BY_URL
from headrace.web.console.changes import changes
from headrace.web.console.drawing import LANGUAGE_COOKIE, draw, words_of
from headrace.web.console.today import today
from headrace.web.console.words import LANGUAGES
from headrace.web.guard import (
    caller_of,
    field_of,
    form_cookie,
    form_of,
    local_path,
    needs,
    own_form,
    session_cookie,
)
from headrace.web.problems import Refused
from headrace.web.requests import FOREVER
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import Principal, TooManyTriesError
from headrace.web.services import Services, services_of
from headrace.web.settings import Settings

YEAR_SECONDS = 31_536_000
SEE_OTHER = 303
router = APIRouter(include_in_schema=False)


@router.get("/static/{name}", name="asset")
def asset(name: str) -> Response:
    """A file that pages load."""
    found = BY_URL.get(f"/static/{name}")
    if found is None:
        raise Refused(404, "There is no such file")
    return Response(found.content, media_type=found.media_type, headers={"cache-control": FOREVER})


@router.get("/sign-in", name="sign_in_page")
def sign_in_page(request: Request) -> Response:
    """The form to sign in; whoever is signed in already may do so as somebody else."""
    onward = local_path(request.query_params.get("next", "/"))
    return sign_in_form(request, onward)


@router.post("/sign-in", name="sign_in")
async def sign_in(request: Request, form: Annotated[FormData, own_form()]) -> Response:
    """Sign in: always a new session, whatever the browser came with."""
    services = services_of(request)
    name, onward = field_of(form, "name"), local_path(field_of(form, "next"))
    before = request.cookies.get(session_cookie(services.settings), "")
    try:
        token = await run_in_threadpool(
            services.accounts.sign_in,
            name,
            field_of(form, "password"),
            caller_of(request),
            instead_of=before,
        )
        wrong, status = (None, SEE_OTHER) if token else ("sign_in_wrong", 401)
    except TooManyTriesError:
        token, wrong, status = None, "sign_in_refused", 429
    services.metrics.sign_ins.labels("done" if token else wrong).inc()
    if token is None:
        return sign_in_form(request, onward, status=status, wrong=wrong, typed=name)
    return signed_in(services.settings, token, onward)


@router.post("/sign-out", name="sign_out")
def sign_out(request: Request, principal: Annotated[Principal, needs("account")]) -> Response:
    """End this session."""
    services = services_of(request)
    if principal.session is not None:
        services.accounts.sign_out(principal.session, caller_of(request))
    is_elsewhere = services.provider is not None and bool(principal.user.subject)
    return _signed_out(services, "/sign-out/elsewhere" if is_elsewhere else "/sign-in")


@router.get("/password", name="password_page")
def password_page(request: Request, principal: Annotated[Principal, needs("account")]) -> Response:
    """The form to choose another password."""
    return _password_form(request, principal, None)


@router.post("/password", name="password")
async def password(request: Request, principal: Annotated[Principal, needs("account")]) -> Response:
    """Choose another password, then sign in with it."""
    services, form = services_of(request), await form_of(request)
    old, new = field_of(form, "old"), field_of(form, "new")
    if new != field_of(form, "again"):
        return _password_form(request, principal, "passwords_differ")
    try:
        await run_in_threadpool(
            services.accounts.change_password, principal.user, old, new, caller_of(request)
        )
    except InputError as error:
        wrong = "password_weak" if error.where == "password" else "old_password_wrong"
        return _password_form(request, principal, wrong)
    except TooManyTriesError:
        return _password_form(request, principal, "sign_in_refused")
    return _signed_out(services, "/sign-in")


@router.post("/language", name="set_language")
async def set_language(request: Request, form: Annotated[FormData, own_form()]) -> Response:
    """Switch between Chinese and English, and stay on the page."""
    response = RedirectResponse(local_path(field_of(form, "next")), SEE_OTHER)
    chosen = field_of(form, "language")
    if chosen not in LANGUAGES:
        raise Refused(422, "There is no such language", remedy="zh or en")
    secure = services_of(request).settings.is_secure
    response.set_cookie(
        LANGUAGE_COOKIE, chosen, YEAR_SECONDS, httponly=True, samesite="lax", secure=secure
    )
    return response


@router.get("/", name="today")
def today_page(request: Request, principal: Annotated[Principal, needs("book")]) -> Response:
    """What there is today: the book in three numbers, decisions, cautions."""
    services, words = services_of(request), words_of(request)
    run = services.run.current()
    zone = ZoneInfo(run.about.zone)
    return draw(
        request,
        "today.html",
        principal,
        page=today(run, words),
        changes=[
            (words.moment(each.at, zone), each) for each in changes(services, words, principal.may)
        ],
        is_simulated=run.about.simulated,
    )


def _password_form(request: Request, principal: Principal, wrong: str | None) -> Response:
    words = words_of(request)
    known = [ACCESS.roles[name] for name in principal.user.roles if name in ACCESS.roles]
    told = ", ".join(words.of(role.text) for role in known)
    status = {None: 200, "sign_in_refused": 429}.get(wrong, 422)
    return draw(request, "password.html", principal, status=status, wrong=wrong, roles=told)


def signed_in(settings: Settings, token: str, onward: str) -> Response:
    """On to a page, with a new session's cookie."""
    response = RedirectResponse(onward, SEE_OTHER)
    response.set_cookie(
        session_cookie(settings), token, httponly=True, samesite="lax", secure=settings.is_secure
    )
    response.delete_cookie(form_cookie(settings), secure=settings.is_secure, httponly=True)
    return response


def sign_in_form(
    request: Request, onward: str, *, status: int = 200, wrong: str | None = None, typed: str = ""
) -> Response:
    """The form to sign in, and the way to the provider where there is one."""
    provider = services_of(request).provider
    elsewhere = provider.settings.name if provider else None
    return draw(
        request,
        "sign_in.html",
        status=status,
        onward=onward,
        wrong=wrong,
        typed=typed,
        elsewhere=elsewhere,
    )


def _signed_out(services: Services, path: str) -> Response:
    response = RedirectResponse(path, SEE_OTHER)
    settings = services.settings
    response.delete_cookie(session_cookie(settings), secure=settings.is_secure, httponly=True)
    return response
