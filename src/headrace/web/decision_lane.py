"""`POST /api/v1/decisions` with an API key, answered as soon as its bytes are there.

Neither ASGI nor FastAPI is passed: those cost as much as the decision itself. The same checks as
there, in the same order: who asks, may they, do they ask too fast, is it an event. Whatever is out
of the ordinary (another way to sign in, a key that was not looked up lately, a permission that is
missing, an event that cannot be read) is left to them, who say it.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from fastapi import Request, Response
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from headrace.adapters.live.batch import Outcome
from headrace.adapters.live.events import Row, RowProblem
from headrace.adapters.stores.web import Entry
from headrace.errors import HeadraceError, InputError
from headrace.web.api.live import busy, read_event, refused_event
from headrace.web.live_room import LiveRoom
from headrace.web.problems import Refused, Responses, problem_of
from headrace.web.requests import FORMS, Exchange, Guarded, client_of, header
from headrace.web.security.accounts import Principal
from headrace.web.security.key_ring import key_in
from headrace.web.services import Services

METHOD, PATH, PERMISSION = "POST", "/api/v1/decisions", "apply"
ACT = f"{METHOD} {PATH}"
JSON = (b"content-type", b"application/json")

Headers = list[tuple[bytes, bytes]]
Reply = Callable[[int, Headers, bytes], None]
"""Sends a whole response: status, headers, body."""

Told = Outcome | BaseException


@dataclass(frozen=True)
class Route:
    """What the log and the metrics call it by."""

    path: str = PATH


ROUTE = Route()


@dataclass(frozen=True)
class DecisionLane:
    """A quicker way to decisions.

    Attributes:
        gate: Through which every request goes.
        services: What it works with.
        responses: How refusals look.
    """

    gate: Guarded
    services: Services
    responses: Responses

    @staticmethod
    def is_for(scope: Scope) -> bool:
        """Whether a request asks for one decision."""
        return bool(scope["path"] == PATH and scope["method"] == METHOD)

    def take(self, scope: Scope, body: bytes, reply: Reply) -> bool:
        """Answer a request, in the thread of its event loop; False: it is left to the slow way.

        Args:
            scope: As ASGI has it.
            body: All of it.
            reply: Called once if it is answered, when the decision is on the disk.
        """
        live = self.services.open_live
        principal = self._principal(scope)
        is_form = header(scope, b"content-type").startswith(FORMS)
        if live is None or principal is None or is_form:
            return False
        user, services = principal.user.name, self.services
        now = services.now()
        reader = live.desk.readers[live.decided_table]
        try:
            if len(body) > self.gate.admit(scope).bytes_max:
                return False
            row = read_event(reader, body, now)
        except (HeadraceError, Refused):
            return False
        if services.key_buckets.wait(f"user {user}", now):
            return False
        self._believe(scope)
        exchange = self.gate.begin(scope)
        scope["route"] = ROUTE
        scope["state"]["user"] = user
        about = "" if reader.table.id is None else str(row[reader.table.id])
        entry = Entry(now, user, ACT, about, client_of(scope), exchange.id)
        self._ask(live, row, entry, partial(self._answer, scope, exchange, reply))
        return True

    def _principal(self, scope: Scope) -> Principal | None:
        """Who asks, if a key that was looked up just now says it, and they may."""
        key = key_in(header(scope, b"authorization"))
        found = self.services.keys.fresh(key) if key else None
        return found if found is not None and PERMISSION in found.may else None

    def _believe(self, scope: Scope) -> None:
        """Where a proxy is believed, what it says of the address from which a request comes."""
        if self._proxies is not None:
            try:
                self._proxies(scope, None, None).send(None)  # type: ignore[arg-type]  # of no use to it
            except StopIteration:  # it awaits nothing
                return

    @cached_property
    def _proxies(self) -> ProxyHeadersMiddleware | None:
        proxies = self.services.settings.proxies
        return ProxyHeadersMiddleware(_nothing, list(proxies)) if proxies else None

    @staticmethod
    def _ask(live: LiveRoom, row: Row, entry: Entry, told: Callable[[Told], None]) -> None:
        try:
            asked = live.desk.hand_in(live.decided_table, [row], [entry])[0]
        except HeadraceError as error:
            told(error)
            return
        asked.future.add_done_callback(lambda future: told(_outcome(future)))

    def _answer(self, scope: Scope, exchange: Exchange, reply: Reply, told: Told) -> None:
        try:
            if isinstance(told, bytes):
                status, headers, body = 200, [JSON, (b"content-length", b"%d" % len(told))], told
            else:
                refusal = self._refusal(scope, exchange, told)
                status, headers = refusal.status_code, refusal.raw_headers
                body = bytes(refusal.body)
            exchange.status, exchange.sent = status, len(body)
            reply(status, self.gate.headers(exchange, headers), body)
        except Exception as error:  # noqa: BLE001 - whoever asked would wait for ever
            self.gate.unforeseen(exchange, error)
            exchange.status = 500
            reply(500, [(b"content-length", b"0")], b"")
        self.gate.end(scope, exchange)

    def _refusal(
        self, scope: Scope, exchange: Exchange, told: RowProblem | BaseException
    ) -> Response:
        request = Request(scope)
        if isinstance(told, RowProblem):
            told = refused_event(told)
        if isinstance(told, InputError):
            return self.responses.response(request, problem_of(told))
        if isinstance(told, HeadraceError):
            refused = busy(told)
            return self.responses.response(request, refused.problem, refused.headers)
        return self.responses.response(request, self.gate.unforeseen(exchange, told))


def _outcome(future: Future[list[Outcome]]) -> Told:
    error = future.exception()
    return future.result()[0] if error is None else error


async def _nothing(*_: object) -> None:
    """An app that answers nothing."""
