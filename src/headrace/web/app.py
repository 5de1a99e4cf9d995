"""The service put together: routes, refusals, and the gate in front of both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from threading import Thread
from traceback import format_exc

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from headrace import __version__
from headrace.adapters.stores.web import WebStore
from headrace.adapters.workspace import FILE, Workspace
from headrace.errors import HeadraceError
from headrace.web import health
from headrace.web.behind import Behind, Waiting
from headrace.web.console import pages
from headrace.web.console.drawing import draw_problem, no_book
from headrace.web.guard import Elsewhere
from headrace.web.heads import HeadAsGet
from headrace.web.kafka_settings import KafkaSettings, read_kafka_settings
from headrace.web.metrics import Metrics
from headrace.web.openapi import DocumentedApp, Gate
from headrace.web.problems import NoBookError, Responses
from headrace.web.requests import Guarded, write_line
from headrace.web.run_folder import RunFolder
from headrace.web.sealing import sealing
from headrace.web.security.accounts import Accounts, Lifetimes
from headrace.web.security.oidc import Provider
from headrace.web.security.oidc_settings import read_oidc_settings, read_secret
from headrace.web.security.rates import Buckets, Rate
from headrace.web.services import Log, Services
from headrace.web.settings import Settings
from headrace.web.tidying import tidying
from headrace.web.traces import Traced

FIRST = (health.router, pages.router)
"""Routes that are there at once; `routers` has the others."""


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
        kafka_settings=_kafka_settings(workspace),
    )


def _kafka_settings(workspace: Workspace) -> KafkaSettings | None:
    """Which topics are read; their password is looked at before anything starts."""
    settings = read_kafka_settings(workspace.root / FILE)
    if settings is not None:
        settings.library(workspace.root)
    return settings


def _provider(workspace: Workspace, now: Callable[[], int]) -> Provider | None:
    settings = read_oidc_settings(workspace.root / FILE)
    if settings is None:
        return None
    return Provider(settings, read_secret(settings, workspace.root), now)


def create_app(services: Services) -> FastAPI:
    """The whole service as one ASGI app; it closes the store when it stops."""
    app = first_pages(services)
    app.state.behind.load(app)
    return app


def first_pages(services: Services) -> FastAPI:
    """The service as `create_app` makes it; only its first pages are there before it lives."""
    responses = Responses(draw_problem, services.log)
    gate = partial(
        Guarded,
        settings=services.settings,
        responses=responses,
        metrics=services.metrics,
        buckets=services.buckets,
        keys=services.keys,
        now=services.now,
        log=services.log,
    )
    app = DocumentedApp(
        title="Headrace",
        version=__version__,
        openapi_url=None,  # our own route, which docs without a script from elsewhere read
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=partial(_living, services=services),
    )
    behind = Behind(FIRST, services, responses, gate(app))
    gates: list[Gate] = [partial(Waiting, behind=behind), HeadAsGet, gate, *_traced(services)]
    for each in gates:
        app.put_behind(each)
    app.state.services = services
    app.state.behind = behind
    responses.install(app)
    app.add_exception_handler(Elsewhere, _elsewhere)
    app.add_exception_handler(NoBookError, no_book)
    for router in FIRST:
        app.include_router(router)
    return app


def _traced(services: Services) -> list[Gate]:
    """Spans around everything, where a collector takes them."""
    if services.traces is None:
        return []
    believes = bool(services.settings.proxies)
    return [partial(Traced, provider=services.traces, believes=believes)]


@asynccontextmanager
async def _living(app: FastAPI, services: Services) -> AsyncIterator[None]:
    await run_in_threadpool(services.accounts.forget_sessions)
    opening = asyncio.create_task(_open_rest(app, services))
    async with sealing(services), tidying(services):
        yield
        with suppress(Exception):  # it was told when it happened
            await opening
        await run_in_threadpool(services.stop_live)  # then the last seal is over all of the audit
    await run_in_threadpool(services.close)


async def _open_rest(app: FastAPI, services: Services) -> None:
    """Load what the first pages do not need, begin what goes on behind, and read ahead."""
    try:
        await app.state.behind.arrive(app)
        await run_in_threadpool(_read_ahead, services)
        await run_in_threadpool(_open_live, services)
        if services.kafka is not None:
            services.kafka.start(asyncio.get_running_loop())
        services.jobs.start()
        services.hooks.start()
    except Exception:
        services.log({"event": "not opened", "why": format_exc()})
        raise
    if services.open_live is not None:
        Thread(target=services.open_live.warm, name="warm", daemon=True).start()
    Thread(target=services.graph.warm, name="graph", daemon=True).start()
    Thread(target=_warm_book, args=(services,), name="book", daemon=True).start()
    Thread(target=_warm_firms, args=(services,), name="firms", daemon=True).start()


def _warm_book(services: Services) -> None:
    from headrace.web import loan_views  # noqa: PLC0415 - loaded behind the first page

    loan_views.warm(services)


def _warm_firms(services: Services) -> None:
    """What a firm's page asks for first; where there is nothing, whoever asks is told."""
    from headrace.web.api.facts import pack  # noqa: PLC0415 - loaded behind the first page

    services.firms.warm()
    pack(services)
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
