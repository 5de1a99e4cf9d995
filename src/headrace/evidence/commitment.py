"""Salted commitments: the log can vouch for a record and tell nobody what it says.

A bare digest of a short record can be guessed by trying likely ones; with a secret salt of 32 bytes
it cannot. Whoever gets record and salt together can recompute the commitment and find it in the
log.
"""

import hashlib
import hmac

from headrace.errors import EvidenceError
from headrace.evidence.canonical import is_hex
from headrace.evidence.log import Entry
from headrace.evidence.merkle import HASH_BYTES

DECISION_STEP = "decision"
COMMITMENT = "commitment"
SALT_BYTES = 32
SECRET_BYTES_MIN = 16


def commit(record: bytes, salt: bytes) -> str:
    """SHA-256(length of the salt as 8 bytes, big end first || salt || record), hexadecimal.

    The length keeps one pair of salt and record from reading like another.
    """
    return hashlib.sha256(len(salt).to_bytes(8, "big") + salt + record).hexdigest()


def salt_for(secret: bytes, name: str) -> bytes:
    """HMAC-SHA256(secret, name), 32 bytes: a salt for each name, the same whenever it is asked for.

    Two runs with one secret are therefore equal to the byte; it also means that whoever sees both
    logs can tell which records did not change between them. Use another secret to prevent that.

    Raises:
        EvidenceError: If the secret is so short that it could be guessed.
    """
    if len(secret) < SECRET_BYTES_MIN:
        raise EvidenceError(
            f"the secret for salts has {len(secret)} bytes",
            remedy=f"use at least {SECRET_BYTES_MIN} random bytes",
        )
    return hmac.digest(secret, name.encode(), "sha256")


def is_commitment(entry: Entry) -> bool:
    """Whether an entry commits to a decision, and does nothing else."""
    return (
        entry.step == DECISION_STEP
        and entry.facts.keys() == {COMMITMENT}
        and is_hex(entry.facts[COMMITMENT], byte_count=HASH_BYTES)
        and not (entry.inputs or entry.definitions or entry.outputs)
    )
