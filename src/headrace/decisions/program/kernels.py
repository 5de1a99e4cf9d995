"""Rules as bits: which of a table's rules are met, by a few ANDs a case.

A case is a row of words, one a column: a double whose class is found among the column's bounds, or
a class that is known already. Every class of every column has a mask with a bit a rule, rule r at
bit r % 64 of word r // 64; the rules that are met are the AND of one mask a column.
"""

import numba
import numpy as np

_one_case = numba.njit(cache=True, error_model="numpy", no_cfunc_wrapper=True)
"""For one case, in microseconds: a thread that lets go of the interpreter's lock waits longer."""


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _mask_rows(words, searched, bounds, bound_at, mask_at, rows):
    """The row in `masks` of each column's class of one case."""
    for column in range(len(words)):
        word = words[column]
        low, high = bound_at[column], bound_at[column + 1]
        if not searched[column]:
            found = np.int64(word)
        elif word != word:
            found = high - low + 1  # the class of a missing value is the last
        else:
            start = low
            while low < high:
                middle = (low + high) >> 1
                if bounds[middle] <= word:
                    low = middle + 1
                else:
                    high = middle
            found = low - start
        rows[column] = mask_at[column] + found


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def first_met(cases, searched, bounds, bound_at, mask_at, masks, found):
    """The first rule each case meets, -1 for none.

    Args:
        cases: float64 (n, columns): values, NaN where missing, or classes.
        searched: bool (columns,): whether the column holds values whose class is to be found.
        bounds: float64: of all columns, one behind the other, each sorted.
        bound_at: int64 (columns + 1,): where each column's bounds start.
        mask_at: int64 (columns,): the row of `masks` of each column's class 0.
        masks: uint64 (classes of all columns, words).
        found: int32 (n,), written.
    """
    columns = len(searched)
    rows = np.empty(columns, np.int64)
    for case in range(len(cases)):
        _mask_rows(cases[case], searched, bounds, bound_at, mask_at, rows)
        found[case] = -1
        for word in range(masks.shape[1]):
            met = np.uint64(0xFFFFFFFFFFFFFFFF)
            for column in range(columns):
                met &= masks[rows[column], word]
            if met:
                found[case] = 64 * word + _lowest(met)
                break


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def count_met(cases, searched, bounds, bound_at, mask_at, masks, found):
    """How many rules each case meets; arguments as in `first_met`, `found` int64."""
    columns = len(searched)
    rows = np.empty(columns, np.int64)
    for case in range(len(cases)):
        _mask_rows(cases[case], searched, bounds, bound_at, mask_at, rows)
        count = 0
        for word in range(masks.shape[1]):
            met = np.uint64(0xFFFFFFFFFFFFFFFF)
            for column in range(columns):
                met &= masks[rows[column], word]
            while met:
                met &= met - np.uint64(1)
                count += 1
        found[case] = count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def all_met(cases, searched, bounds, bound_at, mask_at, masks, at, found):
    """All rules each case meets, in order.

    Args:
        cases: As in `first_met`, and so are those up to `masks`.
        at: int64 (n,): where in `found` a case's rules start.
        found: int32, written.
    """
    columns = len(searched)
    rows = np.empty(columns, np.int64)
    for case in range(len(cases)):
        _mask_rows(cases[case], searched, bounds, bound_at, mask_at, rows)
        place = at[case]
        for word in range(masks.shape[1]):
            met = np.uint64(0xFFFFFFFFFFFFFFFF)
            for column in range(columns):
                met &= masks[rows[column], word]
            while met:
                found[place] = 64 * word + _lowest(met)
                place += 1
                met &= met - np.uint64(1)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _lowest(bits):
    """The place of the lowest bit that is set."""
    place = 0
    if not bits & np.uint64(0xFFFFFFFF):
        bits >>= np.uint64(32)
        place += 32
    if not bits & np.uint64(0xFFFF):
        bits >>= np.uint64(16)
        place += 16
    if not bits & np.uint64(0xFF):
        bits >>= np.uint64(8)
        place += 8
    if not bits & np.uint64(0xF):
        bits >>= np.uint64(4)
        place += 4
    if not bits & np.uint64(0x3):
        bits >>= np.uint64(2)
        place += 2
    return place + (0 if bits & np.uint64(1) else 1)


@_one_case
def first_met_by_one(cases, searched, bounds, bound_at, mask_at, masks, found):
    """As `first_met`, of one case."""
    first_met(cases, searched, bounds, bound_at, mask_at, masks, found)


@_one_case
def all_met_by_one(cases, searched, bounds, bound_at, mask_at, masks, count, found):
    """As `count_met` and `all_met`, of one case whose rules start at 0."""
    count_met(cases, searched, bounds, bound_at, mask_at, masks, count)
    all_met(cases, searched, bounds, bound_at, mask_at, masks, np.zeros(1, np.int64), found)
