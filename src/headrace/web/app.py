"""The service put together: routes, refusals, and the gate in front of both."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from headrace import __version__
from headrace.adapters.web_store import WebStore
from headrace.adapters.workspace import Workspace
from headrace.errors import HeadraceError
from headrace.web import health
from headrace.web.api import routes
from headrace.web.console import pages
from headrace.web.console.drawing import draw_problem
from headrace.web.guard import Elsewhere
from headrace.web.metrics import Metrics
from headrace.web.problems import Responses
from headrace.web.requests import Guarded, write_line
from headrace.web.run_folder import RunFolder
from headrace.web.security.accounts import Accounts, Lifetimes
from headrace.web.security.rates import Buckets, Rate
from headrace.web.services import Log, Services
from headrace.web.settings import Settings


def make_services(
    workspace: Workspace, settings: Settings, now: Callable[[], int], log: Log = write_line
) -> Services:
    """What the service works with; its store is opened and brought up to date.

    Args:
        workspace: What to serve.
        settings: How to serve.
        now: Microseconds since 1970.
        log: Takes one line, a JSON object.

    Raises:
        InputError: The store cannot be used.
    """
    store = WebStore.opened(workspace.store("accounts"))
    lifetimes = Lifetimes(settings.idle_minutes, settings.session_hours * 60)
    return Services(
        settings=settings,
        workspace=workspace,
        store=store,
        accounts=Accounts(store, now, lifetimes=lifetimes),
        run=RunFolder(workspace.folder("run")),
        metrics=Metrics(),
        buckets=Buckets(Rate(settings.requests_per_second, settings.burst)),
        now=now,
        log=log,
    )


def create_app(services: Services) -> FastAPI:
    """The whole service as one ASGI app; it closes the store when it stops."""
    responses = Responses(draw_problem, services.log)
    gate = Middleware(
        Guarded,
        settings=services.settings,
        responses=responses,
        metrics=services.metrics,
        buckets=services.buckets,
        now=services.now,
        log=services.log,
    )
    app = FastAPI(
        title="Headrace",
        version=__version__,
        openapi_url=None,  # our own route, which docs without a script from elsewhere read
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[gate],
        lifespan=partial(_living, services=services),
    )
    app.state.services = services
    responses.install(app)
    app.add_exception_handler(Elsewhere, _elsewhere)
    for router in (health.router, routes.router, pages.router):
        app.include_router(router)
    return app


@asynccontextmanager
async def _living(_: FastAPI, services: Services) -> AsyncIterator[None]:
    await run_in_threadpool(services.accounts.forget_sessions)
    await run_in_threadpool(_read_ahead, services)
    yield
    services.close()


def _read_ahead(services: Services) -> None:
    """Read the run before the first page is asked for; the pages say it where there is none."""
    try:
        services.run.current()
    except HeadraceError as error:
        services.log({"event": "no run", "why": str(error)})


def _elsewhere(_: Request, error: Exception) -> Response:
    assert isinstance(error, Elsewhere)  # noqa: S101 - registered for it
    return RedirectResponse(error.path, 303)
