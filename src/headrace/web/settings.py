"""Settings of the service: the table [serve] of headrace.toml, and options of the command line."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from headrace.adapters.workspace import read_table
from headrace.errors import InputError

TABLE = "serve"
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
PORT_MAX = 65_535
KEEP_DAYS_MIN = 2  # messages to webhooks are tried for a day


@dataclass(frozen=True)
class Settings:
    """How to serve. The defaults serve the user of this machine and nobody else.

    Attributes:
        host: Address to listen on.
        port: Port; 0: any that is free.
        origin: What browsers have before the path, as `https://credit.bank.example`; empty:
            the machine's own name and port. Needed beyond localhost.
        certificate: PEM file with the certificate chain for TLS; empty: no TLS here.
        certificate_key: PEM file with its key.
        proxies: Addresses of proxies that end TLS, whose X-Forwarded headers are believed.
        language: Of pages for browsers that ask for neither: zh or en.
        idle_minutes: After so long unused, a session ends.
        session_hours: After so long a session ends, used or not.
        body_bytes_max: A larger request is refused.
        body_seconds_max: A request that takes longer to arrive is refused.
        facts_bytes_max: The same, of facts in bulk.
        facts_seconds_max: The same, of facts in bulk.
        requests_per_second: Of one address, and of one user, in the long run.
        burst: How many of them at once.
        key_requests_per_second: Of one user by API keys, in the long run.
        key_burst: How many of them at once.
        stop_seconds: How long requests under way may take when the service stops.
        keep_days: So long jobs that ended, their files and messages to webhooks are kept; the
            audit, and what money or decisions hang on, is kept for ever.
        hook_networks: Networks inside that webhooks may be sent to, such as 10.1.0.0/16; on this
            machine's own, by http too. Others are outside, by https.
        otlp: Address of an OpenTelemetry collector, such as http://127.0.0.1:4318; empty: no
            traces.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    origin: str = ""
    certificate: str = ""
    certificate_key: str = ""
    proxies: tuple[str, ...] = ()
    language: str = "zh"
    idle_minutes: int = 30
    session_hours: int = 12
    body_bytes_max: int = 1_000_000
    body_seconds_max: int = 20
    facts_bytes_max: int = 1 << 30
    facts_seconds_max: int = 600
    requests_per_second: int = 50
    burst: int = 200
    key_requests_per_second: int = 5_000
    key_burst: int = 5_000
    stop_seconds: int = 20
    keep_days: int = 90
    hook_networks: tuple[str, ...] = ()
    otlp: str = ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOCAL_NAMES

    @property
    def is_secure(self) -> bool:
        """Whether browsers come by https, here or at a proxy."""
        return bool(self.certificate) or urlsplit(self.origin).scheme == "https"

    def hosts(self) -> frozenset[str]:
        """Names under which requests are answered; others may be a page that rebinds its name."""
        own = urlsplit(self.origin).hostname
        return frozenset({own} if own else {}) | frozenset(LOCAL_NAMES)


def read_settings(path: Path) -> Settings:
    """The settings of a file; the defaults where there is no file or it has no table [serve].

    Raises:
        InputError: It cannot be read, or says something that cannot be.
    """
    table = read_table(path, TABLE)
    return checked(with_values(Settings(), table, str(path)), str(path))


def with_values(settings: Settings, given: Mapping[str, Any], where: str) -> Settings:
    """The settings with other values.

    Raises:
        InputError: There is no such setting, or a value has another type.
    """
    defaults = {each.name: each.default for each in fields(Settings)}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in defaults:
            raise InputError(
                f"There is no setting {name!r}",
                where=f"{where}, [{TABLE}]",
                remedy=f"One of {', '.join(defaults)}",
            )
        values[name] = _typed(value, defaults[name], f"{where}, [{TABLE}], {name}")
    return replace(settings, **values)


def checked(settings: Settings, where: str) -> Settings:
    """The settings, if one can serve with them and it is safe to.

    Raises:
        InputError: What is wrong, where, and what would be right.
    """
    whole = f"{where}, [{TABLE}]"
    for name in ("idle_minutes", "session_hours", "body_bytes_max", "body_seconds_max"):
        _expect(getattr(settings, name) > 0, f"{name} is positive", whole)
    for name in ("facts_bytes_max", "facts_seconds_max"):
        _expect(getattr(settings, name) > 0, f"{name} is positive", whole)
    rates = ("requests_per_second", "burst", "key_requests_per_second", "key_burst")
    for name in (*rates, "stop_seconds"):
        _expect(getattr(settings, name) > 0, f"{name} is positive", whole)
    _expect(settings.keep_days >= KEEP_DAYS_MIN, f"keep_days is at least {KEEP_DAYS_MIN}", whole)
    _expect(0 <= settings.port <= PORT_MAX, f"port is a number up to {PORT_MAX}", whole)
    _expect(settings.language in ("zh", "en"), "language is zh or en", whole)
    for proxy in settings.proxies:
        _expect(_is_network(proxy), f"proxies are addresses such as 10.0.0.7, not {proxy!r}", whole)
    is_address = settings.otlp.startswith(("http://", "https://"))
    _expect(not settings.otlp or is_address, "otlp is as http://127.0.0.1:4318", whole)
    for network in settings.hook_networks:
        _expect(_is_network(network), f"hook_networks are as 10.1.0.0/16, not {network!r}", whole)
    _expect(
        bool(settings.certificate) == bool(settings.certificate_key),
        "certificate and certificate_key come together",
        whole,
    )
    if settings.origin:
        origin = urlsplit(settings.origin)
        rule = (
            "origin is as browsers write it: https://credit.bank.example, or with a port of its own"
        )
        _expect(settings.origin == _as_browsers_do(origin), rule, whole)
        fits = not settings.certificate or origin.scheme == "https"
        _expect(fits, "with a certificate, origin begins with https://", whole)
    if not settings.is_local:
        _check_open(settings, whole)
    return settings


def _as_browsers_do(origin: SplitResult) -> str:
    """An origin as the header Origin has it (RFC 6454 §6.1); empty where it can be none."""
    usual = {"http": 80, "https": 443}
    try:
        host, port = origin.hostname or "", origin.port
    except ValueError:  # a port that is none
        return ""
    if origin.scheme not in usual or not host or origin.username is not None:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{origin.scheme}://{shown}" + (
        f":{port}" if port not in (None, usual[origin.scheme]) else ""
    )


def _check_open(settings: Settings, where: str) -> None:
    """Passwords never go over a network in the clear because somebody forgot a setting."""
    behind = settings.proxies and settings.origin.startswith("https://")
    if not settings.certificate and not behind:
        raise InputError(
            f"{settings.host} can be reached from other machines, and nothing encrypts",
            where=where,
            remedy="Give certificate and certificate_key; or, behind a proxy that ends TLS, "
            "proxies and an https origin; or listen on 127.0.0.1",
        )
    _expect(bool(settings.origin), "origin says under which name browsers come", where)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _typed(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(_typed(each, "", where) for each in value)
    if type(value) is not type(default):
        kind = {str: "a text", int: "a whole number", tuple: "a list of texts"}[type(default)]
        raise InputError(f"{value!r} is not {kind}", where=where, remedy=f"Give {kind}")
    return value


def _expect(holds: bool, rule: str, where: str) -> None:  # noqa: FBT001  (a condition, not a flag)
    if not holds:
        raise InputError("A setting cannot be used", where=where, remedy=rule)
