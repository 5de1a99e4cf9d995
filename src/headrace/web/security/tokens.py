"""Random tokens, of which only hashes are kept, and what shows that a form is our own.

A token has 256 random bits, so that a plain SHA-256 of it tells nobody anything: there is nothing
to guess, as there is with a password.
"""

import hashlib
import hmac
import secrets

KEY_PREFIX = "hr_"
"""Starts every API key, so that scanners of repositories find one that was left there."""

_FORM = b"headrace form"


def fresh_token() -> str:
    """A token for a session or a form."""
    return secrets.token_urlsafe(32)


def fresh_key() -> tuple[str, str]:
    """An API key as (id, whole key): the id may be shown, and starts the key."""
    name = secrets.token_hex(4)
    return name, f"{KEY_PREFIX}{name}_{secrets.token_urlsafe(32)}"


def digest(token: str) -> str:
    """What is stored of a token or key: SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(token: str) -> str:
    """What our own forms carry: derived from the cookie's token, which no other site can read."""
    return hmac.new(token.encode(), _FORM, hashlib.sha256).hexdigest()


def is_form_token(given: str, token: str) -> bool:
    """Whether a form is our own; takes the same time for every wrong answer."""
    return hmac.compare_digest(given.encode(), form_token(token).encode())
