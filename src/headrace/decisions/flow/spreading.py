"""Columns of some cases put back among all cases, and columns merged into one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.program.columns import NOTHING, STRING, Bools, Column

Ints = NDArray[np.int64]
NOT_ASKED = -1


def spread(column: Column, rows: Ints | None, count: int) -> Column:
    """A column of the cases `rows` among `count` cases, missing elsewhere; None: of all cases."""
    if rows is None:
        return column
    values = np.zeros(count, column.values.dtype)
    present = np.zeros(count, np.bool_)
    values[rows], present[rows] = column.values, column.present
    return Column(column.kind, values, present, column.texts)


def spread_codes(codes: NDArray[Any], rows: Ints | None, count: int) -> NDArray[Any]:
    """Numbers of the cases `rows` among `count` cases, `NOT_ASKED` elsewhere."""
    if rows is None:
        return codes
    whole = np.full(count, NOT_ASKED, codes.dtype)
    whole[rows] = codes
    return whole


def spread_truth(where: Bools, rows: Ints | None, count: int) -> Bools:
    """Truth of the cases `rows` among `count` cases, false elsewhere."""
    if rows is None:
        return where
    whole = np.zeros(count, np.bool_)
    whole[rows] = where
    return whole


def spread_starts(at: Ints, rows: Ints | None, count: int) -> Ints:
    """Where each case's items start, of items of the cases `rows` alone."""
    if rows is None:
        return at
    counts = np.zeros(count, np.int64)
    counts[rows] = np.diff(at)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def merged(into: Column, other: Column, where: Bools) -> Column:
    """The column with another's values in some cases; both of one kind, or without any value."""
    if other.kind == NOTHING or not where.any():
        return Column(into.kind, into.values, into.present & ~where, into.texts)
    if into.kind == NOTHING:
        return Column(other.kind, other.values, other.present & where, other.texts)
    values, texts = other.values, into.texts
    if into.kind == STRING and other.texts != texts:
        places = {text: place for place, text in enumerate(texts)}
        codes = np.array([places.setdefault(t, len(places)) for t in other.texts], np.int64)
        values, texts = np.append(codes, 0)[other.values], tuple(places)
    return Column(
        into.kind,
        np.where(where, values, into.values),
        np.where(where, other.present, into.present),
        texts,
    )
