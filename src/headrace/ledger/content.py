"""The canonical bytes of a batch, and the hash chain over batches.

    content  = head, newline, numeric columns, text columns
    head     = JSON, UTF-8, keys sorted, no spaces: {"accounts": [[id, code, currency, party,
               contract, limit] ...], "batch": n, "close": day or null, "known_at": microseconds,
               "transfers": n, "version": 1}
    numeric  = debit i32, credit i32 (numbers of accounts in the order of opening), amount i64,
               day i32 (since 1970-01-01), timeout i32, currency i16, kind i8, linked i8
    text     = id, refers_to, contract, fact, memo: where each ends as u32, then UTF-8
    hash     = SHA-256 of the previous hash (32 bytes, zeros at first) and the content

All numbers are little-endian, without padding. An amount that was not given is -2^63.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from headrace.errors import EvidenceError
from headrace.ledger.account import Account, account_told
from headrace.ledger.columns import NUMBERS, Columns, text_array, text_parts
from headrace.ledger.transfer import TEXTS

VERSION = 1
FIRST_HASH = "0" * 64
"""The hash before the first batch."""


@dataclass(frozen=True)
class Content:
    """What one batch did.

    Attributes:
        number: From 1.
        known_at: Microseconds since 1970, UTC.
        accounts: That it opened.
        close: The day up to which it closed the book, since 1970-01-01; None: it closed nothing.
        columns: The transfers that were done.
    """

    number: int
    known_at: int
    accounts: tuple[Account, ...]
    close: int | None
    columns: Columns

    def encoded(self) -> bytes:
        """The canonical bytes."""
        head = {
            "accounts": [each.told() for each in self.accounts],
            "batch": self.number,
            "close": self.close,
            "known_at": self.known_at,
            "transfers": len(self.columns),
            "version": VERSION,
        }
        line = json.dumps(head, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        parts = [line.encode(), b"\n"]
        parts += [
            np.ascontiguousarray(self.columns.numbers[name], kind).tobytes()
            for name, kind in NUMBERS
        ]
        for name in TEXTS:
            ends, data = text_parts(self.columns.texts[name])
            parts += [ends.tobytes(), data]
        return b"".join(parts)


def decoded(data: bytes, where: str) -> Content:
    """The content of canonical bytes.

    Raises:
        EvidenceError: They are no such content.
    """
    try:
        return _decoded(data)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise EvidenceError(
            f"The content cannot be read: {error}", where=where, remedy="Restore it from a copy"
        ) from error


def _decoded(data: bytes) -> Content:
    end = data.index(b"\n")
    head = json.loads(data[:end])
    if head["version"] != VERSION:
        message = f"its version is {head['version']}, and {VERSION} is read"
        raise ValueError(message)
    whole = [head["transfers"], head["batch"], head["known_at"], head["close"] or 0]
    if any(type(each) is not int or abs(each) >= 2**62 for each in whole) or whole[0] < 0:
        message = "a number of its head is none"
        raise ValueError(message)
    count, at = whole[0], end + 1
    numbers = {}
    for name, kind in NUMBERS:
        numbers[name] = np.frombuffer(data, kind, count, at).copy()
        at += numbers[name].nbytes
    texts = {}
    for name in TEXTS:
        ends = np.frombuffer(data, "<u4", count, at)
        at += ends.nbytes
        size = int(ends[-1]) if count else 0
        texts[name] = text_array(ends, data[at : at + size])
        at += size
    if at != len(data):
        message = f"it has {len(data)} bytes, and {at} are told of"
        raise ValueError(message)
    accounts = tuple(account_told(each) for each in head["accounts"])
    return Content(
        head["batch"], head["known_at"], accounts, head["close"], Columns(numbers, texts)
    )


def chained(previous: str, content: bytes) -> str:
    """The hash of a batch, hex, after the hash before it."""
    return hashlib.sha256(bytes.fromhex(previous) + content).hexdigest()
