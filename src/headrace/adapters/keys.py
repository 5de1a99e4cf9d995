"""The signing key of this machine: an Ed25519 key in a file that only its owner can read."""

import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from headrace.errors import EvidenceError
from headrace.evidence.checkpoint import key_fingerprint

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class SigningKey:
    """A key pair, 32 bytes each, and a name for it.

    Attributes:
        private: Ed25519 seed; never shown.
        public: Ed25519 public key.
        name: `headrace-` and the start of the key's fingerprint, fit to be a log's origin.
    """

    private: bytes = field(repr=False)
    public: bytes
    name: str


def signing_key_path(environment: Mapping[str, str]) -> Path:
    """`$HEADRACE_SIGNING_KEY` where it is set, else `~/.config/headrace/signing.key`."""
    chosen = environment.get("HEADRACE_SIGNING_KEY")
    return Path(chosen or "~/.config/headrace/signing.key").expanduser()


def load_or_create_signing_key(path: Path | None = None) -> SigningKey:
    """The key in a file; a new one, written with mode 0600, where there is no file yet.

    Args:
        path: A PEM file (PKCS 8); None means `signing_key_path` of this process's environment.

    Raises:
        EvidenceError: If others may read the file, it holds no Ed25519 key, or it cannot be read
            or made. The error never holds the key.
    """
    chosen = signing_key_path(os.environ) if path is None else path
    try:
        if not chosen.exists():
            _create(chosen)
        return _load(chosen)
    except OSError as error:
        raise EvidenceError(
            f"the signing key cannot be used: {error.strerror or error}",
            where=str(chosen),
            remedy="give another file in HEADRACE_SIGNING_KEY",
        ) from error


def _create(path: Path) -> None:
    """Write a whole new key, unless another process was first: its key then stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{secrets.token_hex(8)}.unfinished")
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(unfinished)  # unlike a rename, it never replaces a key
    except FileExistsError:
        return
    finally:
        unfinished.unlink(missing_ok=True)


def _load(path: Path) -> SigningKey:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if os.name == "posix" and mode & _OTHERS:
            raise EvidenceError(
                "others can read the signing key", where=str(path), remedy=f"run: chmod 600 {path}"
            )
        text = file.read()
    return _signing_key(text, path)


def _signing_key(text: bytes, path: Path) -> SigningKey:
    try:
        key = load_pem_private_key(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise EvidenceError(
            "this file holds no Ed25519 private key in PEM form",
            where=str(path),
            remedy="move the file away and a new key will be made",
        )
    public = key.public_key().public_bytes_raw()
    return SigningKey(key.private_bytes_raw(), public, f"headrace-{key_fingerprint(public)[:16]}")
