"""The service on a port: uvicorn, with what it must not do switched off."""

import asyncio
import socket

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from headrace.errors import InputError
from headrace.web.app import first_pages
from headrace.web.services import Services
from headrace.web.settings import Settings

HEADER_BYTES_MAX = 32_768
HEADER_SECONDS_MAX = 20
CONNECTIONS_MAX = 1_000


class BoundedProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it with httptools, which itself would take headers without end.

    A connection is closed whose headers are longer than `HEADER_BYTES_MAX`, or take longer to
    arrive than `HEADER_SECONDS_MAX` from their first byte.
    """

    _head_bytes = 0
    _is_in_head = True
    _overdue: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes in; those of a head are counted."""
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._overdue is None:
                self._overdue = self.loop.call_later(HEADER_SECONDS_MAX, self._give_up)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEADER_BYTES_MAX:
            self._give_up()

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
        super().connection_lost(exc)

    def _forget(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        self._forget()
        if self._is_in_head and not self.transport.is_closing():
            self.transport.close()


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
    settings = services.settings
    config = uvicorn.Config(
        first_pages(services),
        log_config=None,  # our own lines, on standard error
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        http=BoundedProtocol,
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
