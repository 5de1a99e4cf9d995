"""A batch as arrays of numbers and texts: what is checked, hashed and stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.ledger.account import CURRENCIES, Account
from headrace.ledger.kernels import NO_DAY, WHOLE
from headrace.ledger.outcome import DIFFERENCES
from headrace.ledger.transfer import SCHEMA, TEXTS

Array = np.ndarray
NUMBERS = (
    ("debit", "<i4"),
    ("credit", "<i4"),
    ("amount", "<i8"),
    ("day", "<i4"),
    ("timeout", "<i4"),
    ("currency", "<i2"),
    ("kind", "<i1"),
    ("linked", "<i1"),
)
"""Numeric columns and their types, in the order in which they are stored."""


@dataclass(frozen=True)
class Columns:
    """Transfers as columns, all of one length.

    Attributes:
        numbers: By name of `NUMBERS`. Accounts and currencies by number, -1 where unknown; an
            amount that was not given is `WHOLE`, a day that was not given `NO_DAY`.
        texts: By name of `TEXTS`: string arrays without nulls.
    """

    numbers: Mapping[str, Array]
    texts: Mapping[str, pa.StringArray]

    def __len__(self) -> int:
        return len(self.numbers["debit"])

    def where(self, chosen: Array) -> Columns:
        """Those of a mask."""
        mask = pa.array(chosen)
        return Columns(
            {name: values[chosen] for name, values in self.numbers.items()},
            {name: values.filter(mask) for name, values in self.texts.items()},
        )

    def take(self, places: Array) -> Columns:
        """Those at places, in that order."""
        indices = pa.array(places)
        return Columns(
            {name: values[places] for name, values in self.numbers.items()},
            {name: values.take(indices) for name, values in self.texts.items()},
        )

    def table(self, accounts: list[Account]) -> pa.Table:
        """As they were given: columns of `SCHEMA`."""
        names = pa.array([each.id for each in accounts], pa.string())
        numbers = self.numbers
        amount = numbers["amount"]
        named = {
            "debit": names.take(pa.array(numbers["debit"])),
            "credit": names.take(pa.array(numbers["credit"])),
            "amount": pa.array(amount, mask=amount == WHOLE),
            "currency": pa.array(CURRENCIES).take(pa.array(numbers["currency"])),
            "on": pa.array(numbers["day"]).view(pa.date32()),
            "kind": pa.array(numbers["kind"]),
            "linked": pa.array(numbers["linked"] != 0),
            "timeout_seconds": pa.array(numbers["timeout"]),
            **self.texts,
        }
        return pa.Table.from_arrays([named[name] for name in SCHEMA.names], schema=SCHEMA)


def columns_of(table: pa.Table, accounts: Mapping[str, int]) -> Columns:
    """A table of `SCHEMA` with its accounts looked up.

    Args:
        table: See `transfer.whole_table`; nulls are allowed everywhere.
        accounts: Number by id.
    """
    amount = _filled(table["amount"], WHOLE)
    given = table["amount"]
    if (amount == WHOLE).sum() != given.null_count:  # somebody gave exactly that amount
        amount = np.where((amount == WHOLE) & ~_nulls(given), 0, amount)
    return Columns(
        {
            "debit": _numbered(table["debit"], accounts).astype(np.int32),
            "credit": _numbered(table["credit"], accounts).astype(np.int32),
            "amount": amount,
            "day": _filled(table["on"].cast(pa.int32()), NO_DAY),
            "timeout": _filled(table["timeout_seconds"], 0),
            "currency": _numbered(table["currency"], _CURRENCIES).astype(np.int16),
            "kind": _filled(table["kind"], -1),
            "linked": _filled(table["linked"].cast(pa.int8()), 0),
        },
        {name: _text(table[name]) for name in TEXTS},
    )


_GIVEN_AS = {"on": "day", "timeout_seconds": "timeout"}
_CURRENCIES = {name: number for number, name in enumerate(CURRENCIES)}


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _filled(column: pa.ChunkedArray, missing: int) -> Array:
    if column.num_chunks == 0:
        return np.zeros(0, column.type.to_pandas_dtype())
    return np.asarray(_whole(pc.fill_null(column, missing)).to_numpy(zero_copy_only=False))


def _nulls(column: pa.ChunkedArray) -> Array:
    return np.asarray(column.is_null())


def _text(column: pa.ChunkedArray) -> pa.StringArray:
    if column.num_chunks == 0:
        return pa.array([], pa.string())
    return _whole(pc.fill_null(column, "") if column.null_count else column)


def _numbered(column: pa.ChunkedArray, numbers: Mapping[str, int]) -> Array:
    """The number of each text; -1 where it has none."""
    if len(column) == 0:
        return np.zeros(0, np.int64)
    encoded = _whole(column).dictionary_encode()
    known = np.array(
        [-1 if name is None else numbers.get(name, -1) for name in encoded.dictionary.to_pylist()]
        + [-1],
        np.int64,
    )
    return np.asarray(known[_whole_indices(encoded.indices)])


def _whole_indices(indices: pa.Array) -> Array:
    return np.asarray(pc.fill_null(indices, -1).to_numpy(zero_copy_only=False))


def text_parts(texts: pa.StringArray) -> tuple[Array, bytes]:
    """Where each text ends, uint32, and all of them, UTF-8."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, 4 * texts.offset)
    data = texts.buffers()[2]
    whole = b"" if data is None else data.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))
    return (offsets[1:] - offsets[0]).astype("<u4"), bytes(whole)


def text_array(ends: Array, data: bytes) -> pa.StringArray:
    """The texts that `text_parts` took apart.

    Raises:
        ValueError: They are no texts.
    """
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends
    texts = pa.StringArray.from_buffers(
        len(ends), pa.py_buffer(offsets.tobytes()), pa.py_buffer(data)
    )
    texts.validate(full=True)
    return texts


def keys_of(texts: pa.StringArray) -> Array:
    """128 bits of BLAKE2b of each text: uint64 (n, 2). Two texts of one key are not to be found."""
    ends, data = text_parts(texts)
    bounds = [0, *ends.tolist()]
    digests = [blake2b(data[start:end], digest_size=16).digest() for start, end in pairwise(bounds)]
    return np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2)


def byte_lengths(texts: pa.StringArray) -> Array:
    """Bytes of each text, int32."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32, len(texts) + 1, 4 * texts.offset)
    return np.diff(offsets)


def differences(ours: Columns, theirs: Columns) -> Array:
    """int8: the first requirement that a repeated id breaks, in order of columns; 0 where none.

    Args:
        ours: As they were given now.
        theirs: The transfers that had the same ids before.
    """
    found = np.zeros(len(ours), np.int8)
    for name, outcome in reversed(DIFFERENCES.items()):
        if name in TEXTS:
            differs = np.asarray(pc.not_equal(ours.texts[name], theirs.texts[name]))
        else:
            column = _GIVEN_AS.get(name, name)
            differs = ours.numbers[column] != theirs.numbers[column]
        found[differs] = outcome
    return found


def joined(parts: list[Columns]) -> Columns:
    """One behind the other; at least one."""
    if len(parts) == 1:
        return parts[0]
    return Columns(
        {name: np.concatenate([each.numbers[name] for each in parts]) for name, _ in NUMBERS},
        {name: pa.concat_arrays([each.texts[name] for each in parts]) for name in TEXTS},
    )
