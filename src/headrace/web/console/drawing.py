"""Draws pages: templates that escape everything, with what every page has."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from headrace import __version__
from headrace.web.console.assets import ASSETS
from headrace.web.console.navigation import places_for
from headrace.web.console.refusals import said, told
from headrace.web.console.words import LANGUAGES, TEXTS, Words, preferred
from headrace.web.guard import FORM_FIELD, cookie_token, form_cookie, local_path
from headrace.web.problems import (
    FITS_NOT,
    NO_RUN,
    NoBookError,
    Problem,
    Responses,
    is_part,
    problem_of,
    request_id,
)
from headrace.web.security.accounts import Principal
from headrace.web.security.tokens import form_token, fresh_token
from headrace.web.services import services_of

LANGUAGE_COOKIE = "headrace-language"
AGAIN = frozenset({408, 409, 429, 500, 503})
"""Of problems that may be gone when the same is asked again."""
TOLD = frozenset({403, 404, 409, 413, 422})
"""Of problems that say more than their status does."""
TEMPLATES = Environment(
    loader=PackageLoader(__package__, "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals.update(said=said, told=told)


def words_of(request: Request) -> Words:
    """In the language the user chose, else the browser's first of ours, else the service's."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return Words(chosen)
    default = services_of(request).settings.language
    return Words(preferred(request.headers.get("accept-language", ""), default))


def draw(
    request: Request,
    template: str,
    principal: Principal | None = None,
    *,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """A page; where the browser has no token for forms yet, it gets one."""
    settings = services_of(request).settings
    known = cookie_token(request, settings)
    token = known or fresh_token()
    page = TEMPLATES.get_template(template).render(
        words=words_of(request),
        principal=principal,
        assets=ASSETS,
        places=places_for(principal),
        here=request.url.path,
        again=_again(request),
        form_field=FORM_FIELD,
        form_token=form_token(token),
        version=__version__,
        **({"is_simulated": False} | values),
    )
    response = HTMLResponse(page, status)
    if not known:
        response.set_cookie(
            form_cookie(settings), token, httponly=True, samesite="lax", secure=settings.is_secure
        )
    return response


def _again(request: Request) -> str:
    """The way back to this page, filters and all; to the first page where it came by a form."""
    if request.method != "GET":
        return "/"
    if request.url.path.startswith(
        "/sign-in/"
    ):  # its query is a secret that is worth nothing twice
        return "/sign-in"
    query = request.url.query
    return local_path(f"{request.url.path}?{query}" if query else request.url.path)


def draw_problem(request: Request, problem: Problem) -> HTMLResponse:
    """A problem as a page: what to do, in the reader's language, and the request's id."""
    name = "error_no_run" if problem.type == NO_RUN else f"error_{problem.status}"
    known = name if name in TEXTS else "error_other"
    response = draw(
        request,
        "problem_part.html" if is_part(request) else "problem.html",
        getattr(request.state, "principal", None),
        status=problem.status,
        title=known,
        detail=f"{known}_detail",
        specific=_specific(problem, words_of(request)),
        may_help=problem.status in AGAIN,
        request_id=request_id(request),
    )
    if is_part(request):  # beside what is there, so that nothing that was typed is lost
        response.headers.update({"hx-reswap": "afterbegin", "hx-reselect": "unset"})
    return response


def _specific(problem: Problem, words: Words) -> str:
    """What was wrong this time; empty where it is for programs, or in another language."""
    if problem.status not in TOLD or problem.type == FITS_NOT:
        return ""
    found = told(problem.detail, words)
    return found if words.language == "en" or found != problem.detail else ""


def no_book(request: Request, error: Exception) -> Response:
    """What is said where there is no book: how to make one."""
    assert isinstance(error, NoBookError)  # noqa: S101 - registered for it
    drawn = Responses(lambda asked, problem: draw(asked, "book_none.html", status=problem.status))
    return drawn.response(request, problem_of(error))
