"""Asks once a day for the job that deletes what ended long ago, while the service runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

from starlette.concurrency import run_in_threadpool

from headrace.errors import HeadraceError
from headrace.facts.localtime import instant_of
from headrace.web.beside import beside
from headrace.web.services import Services

BY = "headrace"
FIRST_SECONDS, PAUSE_SECONDS = 600.0, 3600.0  # whoever has just started has better things to do


@asynccontextmanager
async def tidying(services: Services) -> AsyncIterator[None]:
    """Ask in the background as long as this lasts."""
    async with beside(_keep_asking(services)):
        yield


async def _keep_asking(services: Services) -> None:
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        await run_in_threadpool(ask_once, services)
        await asyncio.sleep(PAUSE_SECONDS)


def ask_once(services: Services) -> None:
    """Forget sessions that ended, and ask for the job of today: of all services on a store, one."""
    day: date = instant_of(services.now()).date()
    try:
        services.accounts.forget_sessions()
        given = {"keep_days": services.settings.keep_days}
        services.jobs.submit("tidy", given, by=BY, key=f"tidy {day}")
    except HeadraceError as error:  # the store is away, or the setting changed since this morning
        services.log({"event": "not tidied", "why": str(error)})
