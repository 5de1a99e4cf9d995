"""Loads behind the first pages what they do not need: all other routes, with the engines of each.

To load everything takes seconds, and the first page comes before. Whoever asks for more meanwhile
waits for it.
"""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.routing import Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import APIRouter, FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from headrace.web.decision_lane import DecisionLane
    from headrace.web.problems import Responses
    from headrace.web.requests import Guarded
    from headrace.web.services import Services

ROUTERS, LANE = "headrace.web.routers", "headrace.web.decision_lane"


@dataclass(eq=False)
class Behind:
    """What an app does not have yet.

    Attributes:
        first: Routes that are there from the beginning.
        services: What all routes work with.
        responses: How refusals look.
        gate: What every request passes.
        wrong: Why the rest could not be loaded; None where it could, or still may be.
        lane: The quicker way to decisions, once it is there; a server may take it.
    """

    first: Sequence[APIRouter]
    services: Services
    responses: Responses
    gate: Guarded
    wrong: BaseException | None = None
    lane: DecisionLane | None = None
    _done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_done(self) -> bool:
        """Whether everything is there."""
        return self._done.is_set() and self.wrong is None

    def load(self, app: FastAPI) -> None:
        """Load the rest now."""
        _import()
        self._include(app)

    async def arrive(self, app: FastAPI) -> None:
        """Load the rest while others are answered; what is there already is not loaded again.

        An error is told to whoever waits for the rest.
        """
        if self.is_done:
            return
        try:
            await run_in_threadpool(_import)
            self._include(app)
        except Exception as error:
            self.wrong = error
            self._done.set()
            raise

    def holds(self, scope: Scope) -> bool:
        """Whether a request may have to wait."""
        if self.is_done:
            return False
        routes = (route for router in self.first for route in router.routes)
        return all(route.matches(scope)[0] is Match.NONE for route in routes)

    async def wait(self) -> None:
        """Return when everything is there.

        Raises:
            RuntimeError: It could not be loaded.
        """
        await self._done.wait()
        if self.wrong is not None:
            raise RuntimeError("The service could not be loaded") from self.wrong

    def _include(self, app: FastAPI) -> None:
        for router in import_module(ROUTERS).ROUTERS:
            app.include_router(router)
        if self.services.traces is None:  # a span is made of a request on the slow way
            lane: type[DecisionLane] = import_module(LANE).DecisionLane
            self.lane = lane(self.gate, self.services, self.responses)
        self._done.set()


@dataclass(eq=False)
class Waiting:
    """An app with its rest behind it.

    Attributes:
        app: What answers.
        behind: What it may have to wait for.
    """

    app: ASGIApp
    behind: Behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and self.behind.holds(scope):
            await self.behind.wait()
        await self.app(scope, receive, send)


def _import() -> None:
    is_on = gc.isenabled()
    gc.disable()  # nothing that is loaded now is garbage; to look takes a quarter of the time
    try:
        for name in (ROUTERS, LANE):
            import_module(name)
    finally:
        if is_on:
            gc.enable()
