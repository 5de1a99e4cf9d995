"""Seals the audit every minute while the service runs, and once more when it stops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import sleep

from starlette.concurrency import run_in_threadpool

from headrace.adapters.stores.audit import LINES_MAX, last_seal, seal
from headrace.errors import HeadraceError
from headrace.web.beside import beside
from headrace.web.services import Services

PAUSE_SECONDS, BUSY_SECONDS = 60.0, 0.05
BREATH_SECONDS = 0.03
"""Between two portions of the lines of one seal, so that decisions are not held up."""


@asynccontextmanager
async def sealing(services: Services) -> AsyncIterator[None]:
    """Seal in the background as long as this lasts, and what came last when it ends."""
    try:
        async with beside(_keep_sealing(services)):
            yield
    finally:
        await run_in_threadpool(_seal_rest, services)


def _seal_rest(services: Services) -> None:
    while seal_once(services, lambda: None):
        pass


def _breathe() -> None:
    sleep(BREATH_SECONDS)


async def _keep_sealing(services: Services) -> None:
    """Until cancelled; sooner again where more came than one seal holds."""
    while True:
        more = await run_in_threadpool(seal_once, services)
        await asyncio.sleep(BUSY_SECONDS if more else PAUSE_SECONDS)


def seal_once(services: Services, pause: Callable[[], None] = _breathe) -> bool:
    """Seal what came since; whether there is more. The log gets the seal, to be kept elsewhere."""
    try:
        made = seal(services.store, services.signing_key, services.now(), pause=pause)
        if made is None:
            return False
        services.log({"event": "audit sealed", "seal": made.number, "checkpoint": made.checkpoint})
        return last_seal(services.store)[1] >= LINES_MAX
    except HeadraceError as error:
        services.log({"event": "audit not sealed", "why": str(error)})
        return False
