"""Sums that do not drift: 64-bit integers, squares in 128 bits, one rounding at the end.

A running sum of squares in doubles, with what leaves the window subtracted, was off by 1e-3 of the
deviation on a common workload. Integers come back exactly to where they were.
"""

import numpy as np

from headrace.features.kernels import kernel, part

_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_TWO_64 = 18446744073709551616.0
MISSING = np.nan


@kernel
def square(value):
    """The square as (low word, high word), both int64 holding 64 bits."""
    size = np.uint64(-value if value < 0 else value)
    low = size & _LOW
    high = size >> _32
    middle = low * high
    bottom = low * low
    total = bottom + (middle << np.uint64(33))
    carry = np.uint64(1) if total < bottom else np.uint64(0)
    return np.int64(total), np.int64(high * high + (middle >> np.uint64(31)) + carry)


@kernel
def add(low, high, more_low, more_high):
    """Sum of two 128-bit numbers, each as (low word, high word)."""
    total = np.uint64(low) + np.uint64(more_low)
    carry = np.int64(1) if total < np.uint64(low) else np.int64(0)
    return np.int64(total), high + more_high + carry


@kernel
def subtract(low, high, less_low, less_high):
    """Difference of two 128-bit numbers, each as (low word, high word)."""
    borrow = np.int64(1) if np.uint64(low) < np.uint64(less_low) else np.int64(0)
    return np.int64(np.uint64(low) - np.uint64(less_low)), high - less_high - borrow


@kernel
def real(low, high):
    """The double nearest, to within one rounding of each word."""
    return np.float64(high) * _TWO_64 + np.float64(np.uint64(low))


@kernel
def mean(total, count, scale):
    """Total / (count * scale); missing for no event."""
    return np.float64(total) / (np.float64(count) * scale) if count > 0 else MISSING


@kernel
def deviation(count, total, low, high, scale):
    """Sample standard deviation from exact sums; missing below two events.

    count * squares - total**2 is exact in 128 bits where it fits, which it does for amounts below
    2**47 and up to 2**31 events of ordinary spread; beyond that it is taken in doubles.
    """
    if count < 2:
        return MISSING
    small = (high | count) < np.int64(1) << np.int64(31)  # neither is negative
    if small or high < (np.int64(1) << np.int64(62)) // count:
        times_low, times_high = _times(low, high, count)
        square_low, square_high = square(total)
        rest_low, rest_high = subtract(times_low, times_high, square_low, square_high)
        spread = real(rest_low, rest_high)
    else:
        spread = real(low, high) * count - np.float64(total) * np.float64(total)
    pairs = np.float64(count) * np.float64(count - 1)
    return np.sqrt(max(spread, 0.0) / pairs) / scale


@part
def _times(low, high, count):
    """A 128-bit number times a count below 2**32."""
    word = np.uint64(low)
    times = np.uint64(count)
    bottom = (word & _LOW) * times
    top = (word >> _32) * times
    total = bottom + (top << _32)
    carry = np.uint64(1) if total < bottom else np.uint64(0)
    return np.int64(total), high * count + np.int64((top >> _32) + carry)
