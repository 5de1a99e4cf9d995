"""Asks the service over HTTP: one connection, kept open, and refusals as exceptions."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from headrace.errors import HeadraceError, InputError

IDLE_SECONDS = 4.0  # the service closes a connection after five
SAFE = frozenset({"GET", "PUT", "DELETE"})  # may be sent again where no answer came
_Kind = TypeVar("_Kind")


class NotReachedError(HeadraceError):
    """The service does not answer, or not as it says it does."""


class RefusedError(HeadraceError):
    """The service refused: `status` of HTTP, and its problem (RFC 9457) as it told it."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        problem = str(told.get("detail") or told.get("title") or f"status {status}")
        super().__init__(
            problem, where=str(told.get("where", "")), remedy=str(told.get("remedy", ""))
        )
        self.status = status
        self.told = dict(told)


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes:
        method: GET, POST, …
        path: With its parameters filled in; see `filled`.
        query: Parameters; those that are None are left out.
        headers: Beside what every request has; those that are None are left out.
        body: Bytes as they are; None: none; anything else goes as JSON.
        content_type: Of bytes.
    """

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    headers: Mapping[str, str | None] | None = None
    body: Any = None
    content_type: str = "application/json"


class Transport:
    """A connection to one service; for one thread at a time."""

    def __init__(self, url: str, key: str, *, seconds: float = 60.0) -> None:
        """Nothing is sent yet.

        Args:
            url: Of the service, such as https://credit.bank.example.
            key: An API key.
            seconds: How long an answer may take.

        Raises:
            InputError: The URL is none, or would send the key over a network in the clear.
        """
        parts = urlsplit(url)
        is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or parts.scheme not in (
            ("http", "https") if is_local else ("https",)
        ):
            raise InputError(
                "This is not where a service can be", where=url, remedy="https://…, or localhost"
            )
        self._parts, self._key, self._seconds = parts, key, seconds
        self._connection: HTTPConnection | None = None
        self._used = 0.0

    def __enter__(self) -> Self:
        """Itself; the connection is closed at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(self, request: Request, kind: type[_Kind]) -> _Kind:
        """Send a request and read the JSON that comes back.

        Raises:
            RefusedError: The service refused.
            NotReachedError: It does not answer, or with something else.
        """
        content = self.fetch(request, "application/json")
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NotReachedError(
                f"The answer is not what this client knows: {error}",
                where=request.path,
                remedy="Use the client of the service's version",
            ) from error

    def fetch(self, request: Request, accept: str = "*/*") -> bytes:
        """Send a request; the content that comes back, as it is.

        Raises:
            RefusedError: The service refused.
            NotReachedError: It does not answer.
        """
        body, headers = _sent(request, self._key, accept)
        target = request.path
        query = {k: v for k, v in (request.query or {}).items() if v is not None}
        if query:
            target += "?" + urlencode({k: _text(v) for k, v in query.items()}, doseq=True)
        try:
            response = self._exchange(request.method, target, body, headers)
            content = response.read()
        except (OSError, HTTPException) as error:
            self.close()
            raise NotReachedError(
                f"There is no answer: {error or type(error).__name__}",
                where=self._parts.geturl(),
                remedy="See that the service runs and this machine reaches it",
            ) from error
        self._used = monotonic()
        if not 200 <= response.status < 300:
            raise RefusedError(response.status, _problem(content))
        return content

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        if self._connection is not None and monotonic() - self._used > IDLE_SECONDS:
            self.close()
        fresh = self._connection is None
        try:
            return self._once(method, target, body, headers)
        except (OSError, HTTPException):
            self.close()
            if fresh or method not in SAFE:
                raise
            return self._once(method, target, body, headers)

    def _once(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> HTTPResponse:
        if self._connection is None:
            host, port = self._parts.hostname or "", self._parts.port
            if self._parts.scheme == "https":
                context = ssl.create_default_context()
                self._connection = HTTPSConnection(
                    host, port, timeout=self._seconds, context=context
                )
            else:
                self._connection = HTTPConnection(host, port, timeout=self._seconds)
        self._connection.request(method, target, body, dict(headers))
        return self._connection.getresponse()


def filled(path: str, **values: object) -> str:
    """A path with its parameters filled in, each escaped as a whole."""
    return path.format(**{name: quote(str(value), safe="") for name, value in values.items()})


def _sent(request: Request, key: str, accept: str) -> tuple[bytes | None, dict[str, str]]:
    """Body and headers."""
    headers = {"authorization": f"Bearer {key}", "accept": accept}
    headers |= {k: v for k, v in (request.headers or {}).items() if v is not None}
    if request.body is None:
        return None, headers
    headers["content-type"] = request.content_type
    if isinstance(request.body, bytes):
        return request.body, headers
    return msgspec.json.encode(request.body), headers


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return [_text(each) for each in value]
    return str(value)


def _problem(content: bytes) -> Mapping[str, Any]:
    try:
        told = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return told if isinstance(told, dict) else {}
