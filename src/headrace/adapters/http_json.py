"""Asks another service over HTTP and takes a JSON object: no redirects, no proxies, bounded.

`urllib` would follow redirects and open files; this goes where it is told and nowhere else.
"""

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from headrace.errors import HeadraceError

SECONDS_MAX = 10
BYTES_MAX = 1_000_000
LOCAL = ("localhost", "127.0.0.1", "::1")


class NotAnsweredError(HeadraceError):
    """Another service does not answer, or not with what was asked for."""


def is_safe(url: str) -> bool:
    """Whether a URL is https, or http on this very machine, without a user in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    fits = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
    return fits and bool(parts.hostname) and parts.username is None


def ask_json(
    url: str, form: str | None = None, headers: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """The JSON object at a URL.

    Args:
        url: https, or http on this machine.
        form: What to POST, form-encoded; None: GET.
        headers: Beside `Accept`.

    Raises:
        NotAnsweredError: It cannot be reached in time, or answers with something else. The error
            holds nothing of what was sent or came back, for there may be secrets in it.
    """
    if not is_safe(url):
        raise NotAnsweredError("A URL is not https", where=url, remedy="https://…")
    sent = {"accept": "application/json", **(headers or {})}
    if form is not None:
        sent["content-type"] = "application/x-www-form-urlencoded"
    try:
        status, body = _exchange(url, form, sent)
    except (OSError, HTTPException) as error:
        raise NotAnsweredError(
            f"There is no answer: {type(error).__name__}",
            where=url,
            remedy="See that this machine reaches it, and trusts its certificate",
        ) from error
    if status != 200:
        raise NotAnsweredError(
            f"The answer has status {status}", where=url, remedy="200 and a JSON object"
        )
    return _object(body, url)


def _exchange(url: str, form: str | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and body."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: HTTPConnection = (
        HTTPSConnection(host, parts.port, timeout=SECONDS_MAX, context=ssl.create_default_context())
        if parts.scheme == "https"
        else HTTPConnection(host, parts.port, timeout=SECONDS_MAX)
    )
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        connection.request("GET" if form is None else "POST", path, form, dict(headers))
        response = connection.getresponse()
        return response.status, response.read(BYTES_MAX + 1)
    finally:
        connection.close()


def _object(body: bytes, url: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body) if len(body) <= BYTES_MAX else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotAnsweredError(
            "The answer is no JSON object", where=url, remedy=f"At most {BYTES_MAX} bytes of JSON"
        )
    return found
