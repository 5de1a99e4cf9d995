"""Sends webhooks: signed as Standard Webhooks says, to no address inside, with limits.

The secret of a hook is sealed with a key that lies beside the store, in a file that its owner alone
can read: whoever gets hold of a copy of the database signs nothing. (Unlike a password it cannot be
kept as a hash, for it has to sign.)
"""

import base64
import hashlib
import hmac
import http.client
import ipaddress
import os
import secrets
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headrace.adapters.stores.hook import Hook, Message
from headrace.errors import HeadraceError, InputError

SECONDS_MAX = 10.0
PREFIX = "whsec_"
NONCE_BYTES = 12
URL_MAX = 500
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class HookRefusedError(HeadraceError):
    """The message did not arrive, or may not be sent there."""


@dataclass(frozen=True)
class Seal:
    """Locks secrets away.

    Attributes:
        key: 32 bytes.
    """

    key: bytes

    @classmethod
    def beside(cls, path: Path) -> "Seal":
        """With the key in a file, which is made where it is missing.

        Raises:
            InputError: The file cannot be read or made, or holds something else.
        """
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            pass
        except OSError as error:
            raise _no_key(path, error.strerror or "") from error
        else:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(32))
        try:
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise _no_key(path, "it cannot be read") from error
        if len(key) != 32:
            raise _no_key(path, "it is not 64 hex digits")
        return cls(key)

    def close(self, secret: str, name: str) -> str:
        """A secret sealed for one hook: opened under another hook's id it is nothing."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self.key).encrypt(nonce, secret.encode(), name.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, name: str) -> str:
        """The secret.

        Raises:
            HookRefusedError: It was sealed with another key, or for another hook.
        """
        raw = base64.b64decode(sealed)
        try:
            opened = AESGCM(self.key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], name.encode())
        except InvalidTag as error:
            raise HookRefusedError(
                "The secret was sealed with another key",
                where=name,
                remedy="Put back hooks.key, or remove the webhook and add it again",
            ) from error
        return opened.decode()


@dataclass(frozen=True)
class Sender:
    """Sends messages.

    Attributes:
        seal: Opens secrets.
        networks: Networks inside that may be sent to; in those of this machine, by http too.
        trust: Whose certificates are believed.
    """

    seal: Seal
    networks: Sequence[str] = ()
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def send(self, hook: Hook, message: Message, seconds: int) -> str:
        """Send a message and wait for the answer.

        Args:
            hook: Where to.
            message: What.
            seconds: Since 1970: receivers refuse what is old.

        Returns:
            What came back: the status, of 200 to 299.

        Raises:
            HookRefusedError: It did not arrive, was refused, or may not be sent there.
        """
        body = message.body.encode()
        secret = self.seal.open(hook.secret, hook.id)
        headers = {
            "content-type": "application/json",
            "user-agent": "headrace",
            "webhook-id": message.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(secret, message.id, seconds, body),
        }
        status = self._post(hook.url, body, headers)
        if not 200 <= status < 300:  # a redirect neither: it could lead inside
            raise HookRefusedError(f"It answered {status}", where=_host(hook.url))
        return str(status)

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(checked_url(url, self.networks))
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = self._address(host, port, parts.scheme)
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS_MAX)
        # However slowly an answer drips in, that is the end of it.
        end = Timer(SECONDS_MAX, _cut, (connection,))
        end.start()
        try:
            connection.sock = socket.create_connection((str(address), port), SECONDS_MAX)
            if parts.scheme == "https":
                connection.sock = secure = self.trust.wrap_socket(
                    connection.sock, server_hostname=host, do_handshake_on_connect=False
                )
                secure.do_handshake()
            path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            connection.request("POST", path, body, dict(headers) | {"host": parts.netloc})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise HookRefusedError(
                f"It did not answer: {type(error).__name__}", where=_host(url)
            ) from error
        finally:
            end.cancel()
            connection.close()

    def _address(self, host: str, port: int, scheme: str) -> Address:
        """The address of a name, looked up once: what was checked is what is connected to."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise HookRefusedError("Its name is not known", where=host) from error
        for each in found:
            address = ipaddress.ip_address(str(each[4][0]).partition("%")[0])
            if may_reach(address, scheme, self.networks):
                return address
        raise HookRefusedError(
            "Its address is inside, or not encrypted",
            where=host,
            remedy="An https address outside; or name its network in hook_networks",
        )


def fresh_secret() -> str:
    """A secret as Standard Webhooks writes it: 32 random bytes."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def signature(secret: str, name: str, seconds: int, body: bytes) -> str:
    """Signature of a message by Standard Webhooks (v1): HMAC-SHA256 of id, time and body."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{name}.{seconds}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def checked_url(url: str, networks: Sequence[str]) -> str:
    """A URL that may be given.

    Raises:
        InputError: It is not https, or holds a user, or no host.
    """
    remedy = "Such as https://core.bank.example/hooks/headrace"
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= URL_MAX
    try:
        parts = urlsplit(url)
        fits = plain and bool(parts.hostname) and not parts.username and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.fragment:
        raise InputError("This is no address to send to", where="url", remedy=remedy)
    if parts.scheme not in ("https", "http" if networks else "https"):
        raise InputError("Webhooks are sent by https", where="url", remedy=remedy)
    return url


def may_reach(address: Address, scheme: str, networks: Sequence[str]) -> bool:
    """Whether a message may go to an address: outside by https; inside where a setting says so."""
    mapped = getattr(address, "ipv4_mapped", None)
    real: Address = mapped or address
    inside = any(
        network.version == real.version and real in network
        for network in map(ipaddress.ip_network, networks)
    )
    if scheme == "http":
        return inside and real.is_loopback
    return inside or (real.is_global and not real.is_multicast)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _cut(connection: http.client.HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:  # past TLS, which would first say goodbye
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


def _no_key(path: Path, why: str) -> InputError:
    return InputError(
        f"The key that seals the secrets of webhooks cannot be used: {why}",
        where=str(path),
        remedy="Put back the file that was there; without it, move it away and add webhooks anew",
    )
