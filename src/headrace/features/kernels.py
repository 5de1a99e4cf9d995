"""Segment kernels: flat arrays in, one value per key out. Keys are codes 0..n_keys-1, sorted.

Sums are exact int64 sums of minor units; shares and deviations are doubles of exact sums.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def starts(key: Ints) -> Ints:
    """Positions at which a new value begins in a sorted array, (m,)."""
    if key.size == 0:
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.r_[True, key[1:] != key[:-1]]).astype(np.int64)


def counts(key: Ints, n_keys: int) -> Ints:
    """Events per key, (n_keys,)."""
    return np.bincount(key, minlength=n_keys).astype(np.int64)


def sums(key: Ints, value: Ints, n_keys: int) -> Ints:
    """Exact sums per key, (n_keys,); 0 where a key has no event."""
    out = np.zeros(n_keys, np.int64)
    at = starts(key)
    if at.size:
        out[key[at]] = np.add.reduceat(value, at)
    return out


def maxima(key: Ints, value: Ints, n_keys: int, empty: int) -> Ints:
    """Largest value per key, (n_keys,); `empty` where a key has no event."""
    out = np.full(n_keys, empty, np.int64)
    at = starts(key)
    if at.size:
        out[key[at]] = np.maximum.reduceat(value, at)
    return out


def minima(key: Ints, value: Ints, n_keys: int, empty: int) -> Ints:
    """Smallest value per key, (n_keys,); `empty` where a key has no event."""
    return -maxima(key, -value, n_keys, -empty)


def group(key: Ints, part: Ints, value: Ints) -> tuple[Ints, Ints, Ints]:
    """Exact sums per (key, part), sorted by key then part: keys, parts, sums, each (m,)."""
    if key.size == 0:
        empty = np.zeros(0, np.int64)
        return empty, empty, empty
    low = int(part.min())
    width = int(part.max()) - low + 1
    code = key * width + (part - low)
    order = np.argsort(code, kind="stable")
    code = code[order]
    at = starts(code)
    return code[at] // width, code[at] % width + low, np.add.reduceat(value[order], at)


def concentration(key: Ints, total: Ints, n_keys: int) -> tuple[Floats, Floats]:
    """Herfindahl index and largest share of positive group totals per key; NaN if none is."""
    positive = np.maximum(total, 0)
    whole = sums(key, positive, n_keys).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = positive / whole[key]
        hhi = np.bincount(key, weights=share * share, minlength=n_keys)
        top = maxima(key, positive, n_keys, 0) / whole
    known = whole > 0
    return np.where(known, hhi, np.nan), np.where(known, top, np.nan)


def variation(key: Ints, month: Ints, total: Ints, n_keys: int) -> Floats:
    """Deviation over mean of monthly totals from a key's first to its last month.

    Months between without an event count as 0: the firm existed and sold nothing. Population
    deviation. NaN where fewer than two months or a mean that is not positive.
    """
    first = minima(key, month, n_keys, 0)
    last = maxima(key, month, n_keys, -1)
    span = (last - first + 1).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums(key, total, n_keys) / span
        off = total - mean[key]
        present = np.bincount(key, weights=off * off, minlength=n_keys)
        empty = span - counts(key, n_keys)
        deviation = np.sqrt((present + empty * mean * mean) / span)
        value = deviation / mean
    return np.where((span >= 2) & (mean > 0), value, np.nan)


def longest_gap(key: Ints, day: Ints, now: int, n_keys: int) -> Ints:
    """Longest run of days between successive events, the run up to `now` included; -1 if none.

    `day` must be sorted within each key.
    """
    if key.size == 0:
        return np.full(n_keys, -1, np.int64)
    last_of_key = np.r_[key[1:] != key[:-1], True]
    following = np.r_[day[1:], now]
    gap = np.where(last_of_key, now, following) - day
    return maxima(key, gap.astype(np.int64), n_keys, -1)


def repeat_share(months_active: Ints, key: Ints, total: Ints, n_keys: int) -> Floats:
    """Share of a key's positive totals that comes from groups active in 3 months or more."""
    positive = np.maximum(total, 0)
    whole = sums(key, positive, n_keys).astype(np.float64)
    repeated = sums(key, np.where(months_active >= 3, positive, 0), n_keys)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, repeated / whole, np.nan)
