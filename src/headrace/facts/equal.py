"""Which rows of a table equal an earlier one; exact, and without a loop over rows."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Int64 = NDArray[np.int64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: spreads neighbouring codes
_SHIFT = np.uint64(29)


def codes(column: pa.ChunkedArray | pa.Array) -> Int64:
    """Integers that are equal exactly where the values are; null equals null only."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        return _integers(column.indices, column.null_count, -1)
    if pa.types.is_string(column.type) or pa.types.is_floating(column.type):
        return codes(column.dictionary_encode())
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    values = column.cast(pa.int64())
    # No amount and no instant is this far below zero, so that it can stand for null.
    return _integers(values, column.null_count, np.iinfo(np.int64).min)


def first_equal(columns: Sequence[Int64]) -> Int64:
    """For each row, the position of the first row that equals it in every column.

    Args:
        columns: At least one; each of length n.

    Returns:
        Length n; a row that equals no earlier one has its own position.
    """
    rows = len(columns[0])
    mixed = np.zeros(rows, dtype=np.uint64)
    for column in columns:
        mixed = (mixed ^ column.view(np.uint64)) * _PRIME
        mixed ^= mixed >> _SHIFT
    order = np.argsort(mixed, kind="stable")
    hashed = mixed[order]
    same = hashed[1:] == hashed[:-1]
    shared = np.zeros(rows, dtype=np.bool_)
    shared[order[1:][same]] = True
    shared[order[:-1][same]] = True
    first = np.arange(rows, dtype=np.int64)
    # Few rows share a hash: only they are compared value by value, so that a collision is harmless.
    candidates = np.flatnonzero(shared)
    if len(candidates):
        group = group_ids([column[candidates] for column in columns])
        _, start = np.unique(group, return_index=True)
        first[candidates] = candidates[start[group]]
    return first


def group_ids(columns: Sequence[Int64]) -> Int64:
    """Numbers from 0 without gaps, equal exactly where rows are equal in every column."""
    group = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        _, place = np.unique(column, return_inverse=True)
        width = int(place.max(initial=0)) + 1
        _, group = np.unique(group * width + place, return_inverse=True)
    return group


def in_groups(first: Int64) -> NDArray[np.bool_]:
    """Rows that equal at least one other row, given `first_equal`."""
    sizes: Int64 = np.bincount(first, minlength=len(first))
    many: NDArray[np.bool_] = sizes[first] > 1
    return many


def _integers(values: pa.Array, nulls: int, null: int) -> Int64:
    if nulls:
        values = pc.fill_null(values, null)
    found: Int64 = values.to_numpy(zero_copy_only=False).astype(np.int64)
    return found
