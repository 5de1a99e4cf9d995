"""What is done to every request: an id, limits, safe headers, one line in the log, metrics.

One ASGI middleware, outside of everything else, so that no response goes out without it.
"""

import asyncio
import atexit
import json
import re
import secrets
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from time import perf_counter
from typing import Any

import orjson
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace.facts.localtime import instant_of
from headrace.web.metrics import Metrics
from headrace.web.problems import Problem, Refused, Responses
from headrace.web.security.key_ring import KeyRing, key_in
from headrace.web.security.rates import Buckets
from headrace.web.settings import Settings

Log = Callable[[Mapping[str, Any]], None]

CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",  # our own files; nothing that stands in a page
        "connect-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # charts hold their pictures
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
NO_DEVICES = b"camera=(), geolocation=(), microphone=()"
USUAL = ((b"cache-control", b"no-store"), (b"permissions-policy", NO_DEVICES))
"""What a response carries that says nothing else, as where a code is scanned."""

YEAR_SECONDS = 31_536_000
FACTS = "/api/v1/facts/"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
ID = re.compile(r"[A-Za-z0-9-]{8,64}")
FOREVER = "public, max-age=31536000, immutable"


class _Lines:
    """Lines on their way to standard error: those of one turn of an event loop go out together."""

    def __init__(self) -> None:
        self._held: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None  # which will write them
        self._lock = Lock()

    def add(self, text: str) -> None:
        """Write at once, or at the end of this turn where an event loop runs in this thread."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write(text)
            return
        with self._lock:
            is_first = not self._held or loop is not self._loop
            self._held.append(text)
            self._loop = loop
        if is_first:
            loop.call_soon(self.write)

    def write(self, last: str = "") -> None:
        """Write what is held, then one more."""
        with self._lock:
            whole = "".join([*self._held, last])
            self._held.clear()
            if whole:
                sys.stderr.write(whole)
                sys.stderr.flush()


_LINES = _Lines()
atexit.register(_LINES.write)


def write_line(line: Mapping[str, Any]) -> None:
    """One line of JSON, ASCII alone, on standard error."""
    _LINES.add(_json(line) + "\n")


def _json(line: Mapping[str, Any]) -> str:
    with suppress(TypeError):  # half a character, a number of more than 64 bits
        text = orjson.dumps(line)
        if text.isascii():
            return text.decode()
    return json.dumps(line, ensure_ascii=True)


@dataclass
class Exchange:
    """One request under way.

    Attributes:
        id: In the log, in problems, and in the header X-Request-ID.
        began: When it came, see `time.perf_counter`.
        status: Of the response; 0 before there is one.
        sent: Bytes of the body that went out.
    """

    id: str
    began: float
    status: int = 0
    sent: int = 0


@dataclass(frozen=True)
class Limits:
    """How large a body may be, and how long it may take to arrive."""

    bytes_max: int
    seconds_max: int

    def too_large(self) -> Refused:
        """The refusal of a larger one."""
        return Refused(413, f"A request has at most {self.bytes_max} bytes")


@dataclass(frozen=True)
class Guarded:
    """An app behind its gate.

    Attributes:
        app: What answers.
        settings: Limits, and the names under which it answers.
        responses: How refusals look.
        metrics: What is counted.
        buckets: How fast one address may ask.
        keys: Those that opened something lately are counted by user, not by address.
        now: Microseconds since 1970.
        log: Takes one line for each request.
    """

    app: ASGIApp
    settings: Settings
    responses: Responses
    metrics: Metrics
    buckets: Buckets
    keys: KeyRing
    now: Callable[[], int]
    log: Log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = self.begin(scope)

        async def sending(message: Message) -> None:
            self._on_send(exchange, message)
            await send(message)

        try:
            await self._answer(scope, receive, sending, exchange)
        finally:
            self.end(scope, exchange)

    def begin(self, scope: Scope) -> Exchange:
        """Give a request its id."""
        exchange = Exchange(self._id(scope), perf_counter())
        scope.setdefault("state", {})["request_id"] = exchange.id
        return exchange

    async def _answer(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        try:
            await self.app(scope, self._limited(receive, self.admit(scope)), send)
        except Refused as refused:
            request = Request(scope)
            response = self.responses.response(request, refused.problem, refused.headers)
            await response(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the one boundary: what nobody foresaw is a 500
            problem = self.unforeseen(exchange, error)
            if not exchange.status:
                await self.responses.response(Request(scope), problem)(scope, receive, send)

    def unforeseen(self, exchange: Exchange, error: BaseException) -> Problem:
        """What whoever asked is told of an error that nobody foresaw; the log has all of it."""
        told = "".join(traceback.format_exception(error))
        self.log({"event": "error", "request": exchange.id, "traceback": told})
        return Problem(500, "Internal error", "The administrator finds it by its id")

    def admit(self, scope: Scope) -> Limits:
        """Refuse what needs no look inside; returns what the request may bring.

        Raises:
            Refused: Another host's name, too many requests, or a body that says it is too large.
        """
        if _host_name(header(scope, b"host")) not in self._hosts:
            raise Refused(421, "This service does not answer under that name")
        if not self.keys.seen(key_in(header(scope, b"authorization"))):
            wait = self.buckets.wait(f"address {client_of(scope)}", self.now())
            if wait:
                raise too_fast(wait)
        told = header(scope, b"content-length", "0")
        if not (told.isascii() and told.isdigit() and len(told) < 20):
            raise Refused(400, "Content-Length is a number")
        limits = self._limits(scope)
        if int(told) > limits.bytes_max:
            raise limits.too_large()
        return limits

    def _limits(self, scope: Scope) -> Limits:
        """What a request may bring: more where facts come in bulk, never by a form."""
        usual, bulk = self._both_limits
        if scope["method"] != "POST" or not scope["path"].startswith(FACTS):
            return usual
        kind = header(scope, b"content-type").partition(";")[0].strip().lower()
        return usual if kind in FORMS else bulk

    @cached_property
    def _both_limits(self) -> tuple[Limits, Limits]:
        settings = self.settings
        return (
            Limits(settings.body_bytes_max, settings.body_seconds_max),
            Limits(settings.facts_bytes_max, settings.facts_seconds_max),
        )

    @cached_property
    def _hosts(self) -> frozenset[str]:
        return self.settings.hosts()

    @cached_property
    def _headers(self) -> dict[bytes, bytes]:
        """What every response carries, whatever it says itself."""
        found = HEADERS
        if self.settings.is_secure:
            found = found | {"strict-transport-security": f"max-age={YEAR_SECONDS}"}
        return {name.encode(): value.encode() for name, value in found.items()}

    def _limited(self, receive: Receive, limits: Limits) -> Receive:
        """Receives a body that is neither too large nor too slow."""
        arrived = 0
        deadline = asyncio.get_running_loop().time() + limits.seconds_max
        is_whole = False

        async def limited() -> Message:
            nonlocal arrived, is_whole
            if is_whole:  # what comes now is that the client has gone: that may take long
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise Refused(408, "The request took too long to arrive") from None
            arrived += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if arrived > limits.bytes_max:
                raise limits.too_large()
            return message

        return limited

    def _on_send(self, exchange: Exchange, message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            message["headers"] = self.headers(exchange, message.get("headers", ()))
        elif message["type"] == "http.response.body":
            exchange.sent += len(message.get("body", b""))

    def headers(
        self, exchange: Exchange, given: Iterable[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        """What a response carries, with what whoever answers gave it."""
        ours = self._headers | {b"x-request-id": exchange.id.encode()}
        own = [pair for pair in given if pair[0].lower() not in ours]
        named = {name.lower() for name, _ in own}
        usual = [pair for pair in USUAL if pair[0] not in named]
        return [*own, *usual, *ours.items()]

    def end(self, scope: Scope, exchange: Exchange) -> None:
        """Count it, and one line, without query or anything that was sent: it may hold secrets."""
        seconds = perf_counter() - exchange.began
        route = getattr(scope.get("route"), "path", "none")
        self.metrics.count_request(scope["method"], route, exchange.status, seconds)
        self.log(
            {
                "event": "request",
                "at": instant_of(self.now()).isoformat(),
                "request": exchange.id,
                "method": scope["method"],
                "route": route,
                "status": exchange.status,
                "milliseconds": round(seconds * 1000, 2),
                "bytes": exchange.sent,
                "user": scope["state"].get("user", ""),
                "address": client_of(scope),
            }
        )

    def _id(self, scope: Scope) -> str:
        """A proxy's id where proxies are believed and it is plain, else a fresh one."""
        given = header(scope, b"x-request-id") if self.settings.proxies else ""
        return given if ID.fullmatch(given) else secrets.token_hex(8)


def address_of(request: Request) -> str:
    """From where a request comes; of a believed proxy, from where it came to the proxy."""
    return client_of(request.scope)


def too_fast(wait: float) -> Refused:
    """The refusal of somebody who asks too fast."""
    seconds = str(max(1, round(wait + 0.5)))
    return Refused(429, "Too many requests", headers={"retry-after": seconds})


def client_of(scope: Scope) -> str:
    """The address of whoever asked, as the server took it; empty where it has none."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def header(scope: Scope, name: bytes, otherwise: str = "") -> str:
    """A header of a request, the first of that name."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return otherwise


def _host_name(host: str) -> str:
    """The name a request was sent to, without the port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
