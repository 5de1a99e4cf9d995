"""Seals the audit while the service runs, and once more when it stops.

Every minute whatever came; before that as soon as there are as many lines as one seal holds, so
that there is never much to do at once.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from threading import Event
from time import monotonic

from starlette.concurrency import run_in_threadpool

from headrace.adapters.live.turns import in_turn
from headrace.adapters.stores.audit import is_due, seal
from headrace.errors import HeadraceError
from headrace.web.beside import beside
from headrace.web.services import Services

PAUSE_SECONDS = 60.0
LOOK_SECONDS, BUSY_SECONDS = 0.5, 0.1
"""From one look whether there are enough lines to the next, and where there were."""

Turn = Callable[[], AbstractContextManager[object]]


@asynccontextmanager
async def sealing(services: Services) -> AsyncIterator[None]:
    """Seal in the background as long as this lasts, and what came last when it ends."""
    stopped = Event()
    try:
        async with beside(_keep_sealing(services, partial(in_turn, stopped))):
            try:
                yield
            finally:
                stopped.set()
    finally:
        await run_in_threadpool(_seal_rest, services)


def _seal_rest(services: Services) -> None:
    """Seal what there is; other processes of the store may go on writing, and nobody waits."""
    while _is_due(services) and seal_once(services):
        pass
    seal_once(services)


async def _keep_sealing(services: Services, turn: Turn) -> None:
    """Until cancelled."""
    last = -PAUSE_SECONDS
    while True:
        is_time = monotonic() - last >= PAUSE_SECONDS
        if is_time or await run_in_threadpool(_is_due, services):
            await run_in_threadpool(seal_once, services, turn)
            last = monotonic()
            await asyncio.sleep(BUSY_SECONDS)
        else:
            await asyncio.sleep(LOOK_SECONDS)


def _is_due(services: Services) -> bool:
    try:
        return is_due(services.store)
    except HeadraceError:  # in a minute it is said
        return False


def seal_once(services: Services, turn: Turn = nullcontext) -> bool:
    """Seal what came since; whether it did. The log gets the seal, to be kept elsewhere."""
    try:
        made = seal(services.store, services.signing_key, services.now(), turn=turn)
    except HeadraceError as error:
        services.log({"event": "audit not sealed", "why": str(error)})
        return False
    if made is None:
        return False
    services.log({"event": "audit sealed", "seal": made.number, "checkpoint": made.checkpoint})
    return True
