"""The service on a port: uvicorn, with what it must not do switched off."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from fastapi import FastAPI
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from headrace.errors import InputError
from headrace.web.app import first_pages
from headrace.web.behind import Behind
from headrace.web.known_heads import KnownHeads
from headrace.web.services import Services
from headrace.web.settings import Settings

if TYPE_CHECKING:  # loaded behind the first page
    from headrace.web.decision_lane import DecisionLane, Headers

HEADER_BYTES_MAX = 32_768
HEADER_SECONDS_MAX = 20
BODY_SECONDS, BODY_BYTES = 0.2, 65_536
"""So long, and so large, a body may be of a request that is offered to the quicker way."""

CONNECTIONS_MAX = 1_000
DECISION = b"POST /api/v1/decisions HTTP/1.1\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it with httptools, which itself would take headers without end.

    A connection is closed whose headers are longer than `HEADER_BYTES_MAX`, or take longer to
    arrive than `HEADER_SECONDS_MAX` from their first byte. A request for a decision is offered to
    the quicker way first, and is not parsed where its head is known.
    """

    behind: Behind | None = None
    """What may have a quicker way to decisions."""

    heads = KnownHeads()

    _head_bytes = 0
    _is_in_head = True
    _overdue: asyncio.TimerHandle | None = None
    _is_receiving = False
    _offered: RequestResponseCycle | None = None
    _patience: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes in; those of a head are counted."""
        is_decision = data.startswith(DECISION) and self._is_between
        if is_decision and self._take_known(data):
            return
        if self._is_in_head:
            self._head_bytes += len(data)
        self._is_receiving = True
        super().data_received(data)
        self._is_receiving = False
        if is_decision and self._offered is not None:
            self.heads.learn(data, self._offered)
        if self._is_in_head and self._head_bytes:
            if self._overdue is None:
                self._overdue = self.loop.call_later(HEADER_SECONDS_MAX, self._give_up)
            if self._head_bytes > HEADER_BYTES_MAX:
                self._give_up()
        if self._offered is not None:
            self._offer(self._offered)

    @property
    def _is_between(self) -> bool:
        """Whether all requests so far are answered, and the next one may have a quicker way."""
        return (
            self._lane is not None
            and self._is_in_head
            and not (self._head_bytes or self.pipeline or self.flow.write_paused)
            and (self.cycle is None or self.cycle.response_complete)
        )

    def _take_known(self, data: bytes) -> bool:
        """Begin to answer a request whose head is known; False: nothing was done."""
        known = self.heads.of(data)
        if known is None or len(self.connections) >= CONNECTIONS_MAX:
            return False
        head, body = known
        self._unset_keepalive_if_required()
        self.cycle = RequestResponseCycle(
            scope=cast("Any", {
                **head.scope, "headers": [*head.scope["headers"]], "state": self.app_state.copy(),
                "client": self.client, "server": self.server, "scheme": self.scheme,
            }),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )  # fmt: skip
        self.cycle.body += body
        self.cycle.more_body = False
        self.cycle.message_event.set()
        self._offer(self.cycle)
        return True

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._is_in_head, self._head_bytes = False, 0
        self._forget()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole; what comes next is another head."""
        self._is_in_head = True
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._forget()
        self._withdraw()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request; one for a decision when all that is there of it was read."""
        is_ready = self._is_receiving and not self.flow.write_paused
        lane = self._lane if is_ready and app is self.app else None
        if lane is not None and lane.is_for(_scope(cycle)):
            self._offered = cycle
        else:
            super()._start_asgi_task(cycle, app)

    @property
    def _lane(self) -> DecisionLane | None:
        return None if self.behind is None else self.behind.lane

    def _offer(self, cycle: RequestResponseCycle) -> None:
        if cycle.more_body and not cycle.waiting_for_100_continue:
            if self._patience is None:  # many a program sends the body in a packet of its own
                self._patience = self.loop.call_later(BODY_SECONDS, self._start_usual, cycle)
            if len(cycle.body) <= BODY_BYTES:
                return
        lane, reply = self._lane, partial(self._reply, cycle)
        is_whole = not (cycle.more_body or cycle.disconnected)
        if lane is not None and is_whole and lane.take(_scope(cycle), bytes(cycle.body), reply):
            self._withdraw()
        else:
            self._start_usual(cycle)

    def _start_usual(self, cycle: RequestResponseCycle) -> None:
        self._withdraw()
        super()._start_asgi_task(cycle, self.app)

    def _withdraw(self) -> None:
        self._offered = None
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _reply(
        self, cycle: RequestResponseCycle, status: int, headers: Headers, body: bytes
    ) -> None:
        """Send a response whole, in one piece."""
        if cycle.disconnected:
            return
        if cycle.response_started:  # something went wrong on the way
            self.transport.close()
            return
        cycle.response_started = cycle.response_complete = True
        parts = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            parts += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:
            parts.append(b"connection: close\r\n")
        self.transport.write(b"".join([*parts, b"\r\n", body]))
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()

    def _forget(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        self._forget()
        if self._is_in_head and not self.transport.is_closing():
            self.transport.close()


def protocol_of(app: FastAPI) -> type[BoundedProtocol]:
    """What speaks HTTP for an app."""
    return type("Protocol", (BoundedProtocol,), {"behind": app.state.behind, "heads": KnownHeads()})


def _scope(cycle: RequestResponseCycle) -> Scope:
    return cast("Scope", cycle.scope)


def listen(settings: Settings) -> socket.socket:
    """A socket on the settings' address; from now on connections wait to be answered.

    Raises:
        InputError: The address is taken, or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # The protocol is named, for only then asyncio sends small answers at once (TCP_NODELAY).
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise InputError(
            f"The service cannot listen there: {error.strerror or error}",
            where=f"{settings.host}:{settings.port}",
            remedy="Choose another --port, or end what listens there",
        ) from error
    return listening


def url_of(settings: Settings, listening: socket.socket) -> str:
    """Where browsers find the service."""
    if settings.origin:
        return settings.origin
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if settings.certificate else "http"
    return f"{scheme}://{host}:{listening.getsockname()[1]}"


def serve(services: Services, listening: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT; requests under way are finished first."""
    settings, app = services.settings, first_pages(services)
    config = uvicorn.Config(
        app,
        log_config=None,  # our own lines, on standard error
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        http=protocol_of(app),
        loop="auto",  # uvloop, where there is one
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        ssl_certfile=settings.certificate or None,
        ssl_keyfile=settings.certificate_key or None,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_graceful_shutdown=settings.stop_seconds,
    )
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:  # SIGINT, told again once all is done
        services.log({"event": "stopped"})
