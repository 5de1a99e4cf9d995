"""The service put together: routes, refusals, and the gate in front of both."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from threading import Thread

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from headrace import __version__
from headrace.adapters.web_store import WebStore
from headrace.adapters.workspace import FILE, Workspace
from headrace.errors import HeadraceError
from headrace.web import loan_views
from headrace.web.book_room import NoBookError
from headrace.web.console.book import no_book
from headrace.web.console.drawing import draw_problem
from headrace.web.decision_lane import DecisionLane
from headrace.web.guard import Elsewhere
from headrace.web.heads import HeadAsGet
from headrace.web.metrics import Metrics
from headrace.web.openapi import DocumentedApp
from headrace.web.problems import Responses
from headrace.web.requests import Guarded, write_line
from headrace.web.routers import ROUTERS
from headrace.web.run_folder import RunFolder
from headrace.web.sealing import sealing
from headrace.web.security.accounts import Accounts, Lifetimes
from headrace.web.security.oidc import Provider
from headrace.web.security.oidc_settings import read_oidc_settings, read_secret
from headrace.web.security.rates import Buckets, Rate
from headrace.web.services import Log, Services
from headrace.web.settings import Settings
from headrace.web.traces import Traced


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
        provider=_provider(workspace, now),
    )


def _provider(workspace: Workspace, now: Callable[[], int]) -> Provider | None:
    settings = read_oidc_settings(workspace.root / FILE)
    if settings is None:
        return None
    return Provider(settings, read_secret(settings, workspace.root), now)


def create_app(services: Services) -> FastAPI:
    """The whole service as one ASGI app; it closes the store when it stops."""
    responses = Responses(draw_problem, services.log)
    gate = Middleware(
        Guarded,
        settings=services.settings,
        responses=responses,
        metrics=services.metrics,
        buckets=services.buckets,
        keys=services.keys,
        now=services.now,
        log=services.log,
    )
    lane = Middleware(DecisionLane, services=services, responses=responses)
    app = DocumentedApp(
        title="Headrace",
        version=__version__,
        openapi_url=None,  # our own route, which docs without a script from elsewhere read
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[*_traced(services), gate, Middleware(HeadAsGet), lane],
        lifespan=partial(_living, services=services),
    )
    app.state.services = services
    responses.install(app)
    app.add_exception_handler(Elsewhere, _elsewhere)
    app.add_exception_handler(NoBookError, no_book)
    for router in ROUTERS:
        app.include_router(router)
    return app


def _traced(services: Services) -> list[Middleware]:
    """Spans around everything, where a collector takes them."""
    if services.traces is None:
        return []
    believes = bool(services.settings.proxies)
    return [Middleware(Traced, provider=services.traces, believes=believes)]


@asynccontextmanager
async def _living(_: FastAPI, services: Services) -> AsyncIterator[None]:
    await run_in_threadpool(services.accounts.forget_sessions)
    await run_in_threadpool(_read_ahead, services)
    await run_in_threadpool(_open_live, services)
    Thread(target=services.graph.warm, name="graph", daemon=True).start()
    Thread(target=loan_views.warm, args=(services,), name="book", daemon=True).start()
    Thread(target=_warm_firms, args=(services,), name="firms", daemon=True).start()
    services.jobs.start()
    services.hooks.start()
    async with sealing(services):
        yield
    await run_in_threadpool(services.close)


def _warm_firms(services: Services) -> None:
    """What a firm's page asks for first; where there is nothing, whoever asks is told."""
    services.firms.warm()
    with suppress(HeadraceError):
        _ = services.graph.customers().book


def _read_ahead(services: Services) -> None:
    """Read the run before the first page is asked for; the pages say it where there is none."""
    try:
        services.run.current()
    except HeadraceError as error:
        services.log({"event": "no run", "why": str(error)})


def _open_live(services: Services) -> None:
    """Open decisions in flight before the first event; who asks for one is told otherwise."""
    try:
        _ = services.live
    except HeadraceError as error:
        services.log({"event": "no decisions in flight", "why": str(error)})


def _elsewhere(_: Request, error: Exception) -> Response:
    assert isinstance(error, Elsewhere)  # noqa: S101 - registered for it
    return RedirectResponse(error.path, 303)
