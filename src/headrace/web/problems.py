"""Every refusal in one shape: problem details by RFC 9457, or the same as a page for people.

Nothing of the inside goes out: no traceback, no value that was sent, no address of a store.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from pathlib import PurePath
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from headrace.adapters.stores.web import StoreDownError
from headrace.errors import HeadraceError, InputError
from headrace.web.run_folder import NoRunError

MEDIA_TYPE = "application/problem+json"
API = "/api/"
NO_RUN = "urn:headrace:problem:no_run"
FITS_NOT = "urn:headrace:problem:request"


@dataclass(frozen=True)
class Problem:
    """What went wrong, for one request.

    Attributes:
        status: Of HTTP.
        title: The same for all problems of a type.
        detail: What was wrong this time.
        where: The field or thing; empty where there is only one place it can be.
        remedy: What would be right; empty where there is nothing to be done.
        errors: Each wrong field, of a request that does not fit.
        type: A name of the kind of problem; `about:blank` says no more than the status.
    """

    status: int
    title: str
    detail: str = ""
    where: str = ""
    remedy: str = ""
    errors: tuple[Mapping[str, str], ...] = ()
    type: str = "about:blank"


class Refused(Exception):  # noqa: N818 - a refusal is no error of ours
    """Raised by routes and dependencies: it becomes a response."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        remedy: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(status, HTTPStatus(status).phrase, detail, remedy=remedy)
        self.headers = dict(headers or {})


class NoBookError(HeadraceError):
    """The workspace has no book of loans, or it is empty."""


Page = Callable[[Request, Problem], Response]
"""Draws a problem for people."""


@dataclass(frozen=True)
class Responses:
    """How problems are answered.

    Attributes:
        page: Draws one for browsers.
        log: Takes what is not for whoever asked.
    """

    page: Page
    log: Callable[[Mapping[str, Any]], None] = field(default=lambda _: None)

    def install(self, app: FastAPI) -> None:
        """Answer every exception that an app knows of."""
        app.add_exception_handler(Refused, self._refused)
        app.add_exception_handler(HTTPException, self._http)
        app.add_exception_handler(RequestValidationError, self._invalid)
        app.add_exception_handler(HeadraceError, self._ours)

    def response(
        self, request: Request, problem: Problem, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The problem as a page, or a part of one, where a browser asks for it, else as JSON."""
        wants = "text/html" in request.headers.get("accept", "") or is_part(request)
        if wants and not request.url.path.startswith(API):
            response = self.page(request, problem)
        else:
            response = JSONResponse(
                _object(request, problem), problem.status, media_type=MEDIA_TYPE
            )
        response.headers.update(headers or {})
        return response

    def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)  # noqa: S101 - registered for it
        return self.response(request, error.problem, error.headers)

    def _http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        title = HTTPStatus(error.status_code).phrase
        detail = "" if error.detail == title else str(error.detail)
        return self.response(request, Problem(error.status_code, title, detail), error.headers)

    def _invalid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
        found = tuple(  # what was sent is left out: it may be a password
            {"where": ".".join(map(str, each["loc"])), "problem": str(each["msg"])}
            for each in error.errors()
        )
        return self.response(
            request,
            Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "The request does not fit",
                "; ".join(f"{each['where']}: {each['problem']}" for each in found),
                errors=found,
                type=FITS_NOT,
            ),
        )

    def _ours(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HeadraceError)  # noqa: S101 - registered for it
        problem = problem_of(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log({"event": "unavailable", "request": request_id(request), "why": str(error)})
        return self.response(request, problem)


def problem_of(error: HeadraceError) -> Problem:
    """One of our errors as a problem: 422 what was given, 409 what is there, 503 a store."""
    if isinstance(error, StoreDownError):
        return Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Out of service",
            "A store does not answer",
            remedy="Try again; if it stays so, tell the administrator the request's id",
            type="urn:headrace:problem:store",
        )
    if isinstance(error, NoRunError):
        return Problem(
            HTTPStatus.CONFLICT,
            "There is no run yet",
            error.problem,
            error.where,
            error.remedy,
            type=NO_RUN,
        )
    usable = not isinstance(error, InputError)
    return Problem(
        HTTPStatus.CONFLICT if usable else HTTPStatus.UNPROCESSABLE_ENTITY,
        "This cannot be done now" if usable else "This cannot be used",
        error.problem,
        _without_folders(error.where),
        error.remedy,
        type=f"urn:headrace:problem:{'state' if usable else 'input'}",
    )


def is_part(request: Request) -> bool:
    """Whether a page asks for a part of itself: htmx does, and takes whatever comes."""
    return request.headers.get("hx-request") == "true"


def _without_folders(where: str) -> str:
    """A place as whoever asked may know it: of a file of ours, its name."""
    return PurePath(where).name if PurePath(where).is_absolute() else where


def request_id(request: Request) -> str:
    """The id under which the log knows this request."""
    return str(request.scope.get("state", {}).get("request_id", ""))


def _object(request: Request, problem: Problem) -> dict[str, Any]:
    """Without what is empty, and with the request's id, to be told to the administrator."""
    told = {name: value for name, value in asdict(problem).items() if value}
    return told | {"request_id": request_id(request)}
