"""`POST /api/v1/decisions` with an API key, answered before a request reaches FastAPI.

The same checks as on the slow way, in the same order: who asks, may they, do they ask too fast, is
it an event. Whatever is out of the ordinary (another way to sign in, a key that opens nothing, a
permission that is missing) is left to the slow way, which says it. The line of the audit is written
together with those of other requests, and is on the disk before anybody is answered.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.adapters.live.events import RowProblem
from headrace.adapters.stores.web import Entry
from headrace.errors import HeadraceError
from headrace.web.api.live import asked, busy, read_event, refused_event
from headrace.web.live_room import LiveRoom
from headrace.web.problems import Responses, problem_of
from headrace.web.requests import too_fast
from headrace.web.security.key_ring import key_in
from headrace.web.services import Services

PATH, PERMISSION = "/api/v1/decisions", "apply"
ACT = f"POST {PATH}"


@dataclass(frozen=True)
class Route:
    """What the log and the metrics call it by."""

    path: str = PATH


ROUTE = Route()


@dataclass(frozen=True)
class DecisionLane:
    """An app with a quicker way to decisions.

    Attributes:
        app: What answers everything else.
        services: What it works with.
        responses: How refusals look.
    """

    app: ASGIApp
    services: Services
    responses: Responses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        key = _key(scope)
        principal = await self.services.keys.principal(key) if key else None
        if principal is None or PERMISSION not in principal.may:
            await self.app(scope, receive, send)
            return
        scope["route"] = ROUTE
        scope["state"]["user"] = principal.user.name
        services = self.services
        wait = services.key_buckets.wait(f"user {principal.user.name}", services.now())
        if wait:
            raise too_fast(wait)
        body = await _body(receive)
        try:
            answer = await self._decided(scope, body, principal.user.name)
        except HeadraceError as error:
            response = self.responses.response(Request(scope), problem_of(error))
            await response(scope, receive, send)
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _decided(self, scope: Scope, body: bytes, user: str) -> bytes:
        services = self.services
        opened = services.open_live
        live = await run_in_threadpool(self._open) if opened is None else opened
        now = services.now()
        reader = live.desk.readers[live.decided_table]
        row = read_event(reader, body, now)
        about = "" if reader.table.id is None else row[reader.table.id]
        client = scope.get("client")
        entry = Entry(
            now, user, ACT, about, client[0] if client else "", scope["state"]["request_id"]
        )
        outcome = (await asked(live, live.decided_table, [row], [entry]))[0]
        if isinstance(outcome, RowProblem):
            raise refused_event(outcome)
        return outcome

    def _open(self) -> LiveRoom:
        try:
            return self.services.live
        except HeadraceError as error:
            raise busy(error) from error


def _key(scope: Scope) -> str:
    """The API key of a request; empty where it comes with none."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            return key_in(value.decode("latin-1"))
    return ""


async def _body(receive: Receive) -> bytes:
    """The whole body; the gate has bounded it."""
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body", False):
        message = await receive()
        body += message.get("body", b"")
    return bytes(body)
