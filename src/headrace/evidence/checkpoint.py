"""A signed statement of how a log stood: origin, size, root.

The text form of C2SP `tlog-checkpoint` in a C2SP `signed-note`, so that other tools can read it:

    headrace.example/run
    1024
    <root, base64>

    — headrace.example/run <key id and signature, base64>

The key's name is the origin. What is signed is the first three lines with their newlines. This
reader is stricter than the standard: exactly one signature, no extension lines, only one spelling
of each value, so that no byte of a checkpoint can change and still be accepted.
"""

import base64
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from headrace.errors import EvidenceError
from headrace.evidence.merkle import HASH_BYTES

KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_KEY_ID_BYTES = 4
_ED25519 = b"\x01"  # the algorithm byte of signed-note
_NAME = re.compile("[!-*,-~]{1,255}")  # printable ASCII; a space or a plus sign ends a name
_SIZE = re.compile("0|[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Checkpoint:
    """How a log stood, by its own word; `open_checkpoint` gives only signed ones.

    Attributes:
        origin: The name of the log, which is also the name of its key.
        size: Number of entries.
        root: Merkle root of these entries, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def body(self) -> bytes:
        """The bytes that are signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n".encode()


@dataclass(frozen=True)
class PublicKey:
    """A verifier key: the name it signs under and its 32 bytes."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256(name, newline, 0x01, public key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def fingerprint(self) -> str:
        """What people compare when they ask whose key this is."""
        return key_fingerprint(self.public)

    def to_text(self) -> str:
        """The verifier key of signed-note, one line: name, key id, key."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self.public)}\n"


def read_public_key(text: str) -> PublicKey:
    """The key of a text that `PublicKey.to_text` wrote.

    Raises:
        EvidenceError: If the text differs from that form in any way.
    """
    name, _, rest = text.partition("+")
    encoded = rest[2 * _KEY_ID_BYTES + 1 : -1]
    decoded = _decoded(encoded, byte_count=1 + KEY_BYTES)
    if not _NAME.fullmatch(name) or decoded is None or decoded[:1] != _ED25519:
        raise EvidenceError("this is not a verifier key", remedy="one line: name+key id+base64 key")
    key = PublicKey(name, decoded[1:])
    if key.to_text() != text:
        raise EvidenceError("the verifier key and its key id do not belong together")
    return key


def public_key_of(private_key: bytes) -> bytes:
    """The 32 bytes of the public key that belongs to a private one."""
    return _private(private_key).public_key().public_bytes_raw()


def key_fingerprint(public_key: bytes) -> str:
    """What people compare when they ask whose key this is: SHA-256 of it in hexadecimal."""
    return hashlib.sha256(public_key).hexdigest()


def sign_checkpoint(origin: str, size: int, root: bytes, private_key: bytes) -> str:
    """The signed text. Ed25519 uses no chance: the same arguments give the same text.

    Args:
        origin: Name of the log: printable ASCII without spaces and plus signs.
        size: Number of entries.
        root: Merkle root, 32 bytes.
        private_key: Ed25519 seed, 32 bytes.

    Raises:
        EvidenceError: If an argument is not of that form.
    """
    if not _NAME.fullmatch(origin):
        raise EvidenceError(
            "the origin is not a name a key can have",
            where=ascii(origin),
            remedy="use printable ASCII without spaces and plus signs",
        )
    if size < 0 or len(root) != HASH_BYTES:
        raise EvidenceError("a checkpoint needs a size from 0 and a root of 32 bytes")
    signer = _private(private_key)
    key = PublicKey(origin, signer.public_key().public_bytes_raw())
    body = Checkpoint(origin, size, root).body()
    return f"{body.decode()}\n— {origin} {_base64(key.key_id + signer.sign(body))}\n"


def open_checkpoint(text: str, public_key: bytes) -> Checkpoint:
    """What a checkpoint says, after its signature was verified with this key.

    Raises:
        EvidenceError: With the reason: not a checkpoint, another key, or a wrong signature.
    """
    checkpoint, signed_with, signature = _parse(text)
    key = PublicKey(checkpoint.origin, public_key)
    if signed_with != key.key_id:
        raise EvidenceError(
            f"it was signed with key {signed_with.hex()}, not with key {key.key_id.hex()}",
            remedy="use the public key of the log it comes from",
        )
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, checkpoint.body())
    except InvalidSignature:
        raise EvidenceError("the signature does not belong to this text: one was altered") from None
    except ValueError:
        raise EvidenceError("the public key is not an Ed25519 key of 32 bytes") from None
    return checkpoint


def unsigned(text: str) -> Checkpoint:
    """What a checkpoint says, whoever signed it: for its own writer, who goes on from it.

    Raises:
        EvidenceError: If it is not a checkpoint.
    """
    return _parse(text)[0]


def _parse(text: str) -> tuple[Checkpoint, bytes, bytes]:
    """Checkpoint, key id, signature."""
    malformed = EvidenceError(
        "this is not a checkpoint", remedy="origin, size, base64 root, empty line, one signature"
    )
    lines = text.split("\n")
    if len(lines) != 6 or lines[3] or lines[5]:
        raise malformed
    origin, size, root_text, _, signature_line, _ = lines
    root = _decoded(root_text, byte_count=HASH_BYTES)
    start = f"— {origin} "
    signed = _decoded(
        signature_line.removeprefix(start), byte_count=_KEY_ID_BYTES + _SIGNATURE_BYTES
    )
    names_are_right = _NAME.fullmatch(origin) and signature_line.startswith(start)
    if not names_are_right or not _SIZE.fullmatch(size) or root is None or signed is None:
        raise malformed
    return Checkpoint(origin, int(size), root), signed[:_KEY_ID_BYTES], signed[_KEY_ID_BYTES:]


def _private(private_key: bytes) -> Ed25519PrivateKey:
    if len(private_key) != KEY_BYTES:
        raise EvidenceError("the private key is not an Ed25519 seed of 32 bytes")
    return Ed25519PrivateKey.from_private_bytes(private_key)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str, *, byte_count: int) -> bytes | None:
    """The bytes of the one base64 spelling of `byte_count` bytes; None for anything else."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if len(data) == byte_count and _base64(data) == text else None
