"""Numbers to 100 bits: the unevaluated sum of two doubles, and a bound on what it may be off by.

The bound is against what the interpreter says, whose decimals of 34 digits are themselves rounded
after every operation, by far less than `OFF`. Sources: Dekker, "A floating-point technique for
extending the available precision" (1971); Hida, Li and Bailey, "Library for double-double and
quad-double arithmetic" (2007), whose bounds on the relative error are all below 20 * 2^-106.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Array = NDArray[Any]

OFF = 2.0**-98
"""More than any operation here, and any rounding to 34 digits, is off, relative to its operands."""
TINY = 1e-300
"""More than is lost where a result is too small for a double to have all its bits."""
SPLITTER = 2.0**27 + 1
EXPONENTS = 60
LEAST, MOST = 1e-20, 1e20
"""Within these the shortest decimal of a double is found in whole columns."""


@dataclass(frozen=True, eq=False)
class Near:
    """Numbers that lie within `error` of `high + low`; where that is not finite, anywhere."""

    high: Floats
    low: Floats
    error: Floats


def _sum(a: Array, b: Array) -> tuple[Array, Array]:
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _quick_sum(a: Array, b: Array) -> tuple[Array, Array]:
    total = a + b
    return total, b - (total - a)


def _product(a: Array, b: Array) -> tuple[Array, Array]:
    found = a * b
    a_high, b_high = SPLITTER * a, SPLITTER * b
    a_high = a_high - (a_high - a)
    b_high = b_high - (b_high - b)
    a_low, b_low = a - a_high, b - b_high
    return found, ((a_high * b_high - found) + a_high * b_low + a_low * b_high) + a_low * b_low


def of_whole(mantissa: Array) -> Near:
    """Whole numbers below 2^62 in size, exactly."""
    high = mantissa.astype(np.float64)
    low = (mantissa - high.astype(np.int64)).astype(np.float64)
    return Near(high, low, np.zeros(1))


def add(a: Near, b: Near) -> Near:
    """A + b."""
    total, rest = _sum(a.high, b.high)
    high, low = _quick_sum(total, rest + (a.low + b.low))
    size = np.abs(a.high) + np.abs(b.high)
    return Near(high, low, a.error + b.error + size * OFF + TINY)


def negate(a: Near) -> Near:
    """-a."""
    return Near(-a.high, -a.low, a.error)


def multiply(a: Near, b: Near) -> Near:
    """A * b."""
    found, rest = _product(a.high, b.high)
    high, low = _quick_sum(found, rest + (a.high * b.low + a.low * b.high))
    first, second = np.abs(a.high), np.abs(b.high)
    error = 1.0001 * (first * b.error + second * a.error + a.error * b.error)
    return Near(high, low, error + first * second * OFF + TINY)


def divide(a: Near, b: Near) -> Near:
    """A / b; anywhere where b may be zero."""
    first = a.high / b.high
    found, rest = _product(first, b.high)
    second = ((a.high - found) - rest + a.low - first * b.low) / b.high
    high, low = _quick_sum(first, second)
    size, away = np.abs(high), np.abs(b.high) * 0.9999 - b.error
    error = 1.001 * (a.error + size * b.error) / away + size * OFF + TINY
    return Near(high, low, np.where(away > 0, error, np.inf))


def square_root(a: Near) -> Near:
    """The root; anywhere where a may be zero or less."""
    first = np.sqrt(a.high)
    found, rest = _product(first, first)
    second = ((a.high - found) - rest + a.low) / (2 * first)
    high, low = _quick_sum(first, second)
    error = 1.001 * a.error / first + first * OFF + TINY
    return Near(high, low, np.where(a.high * 0.9999 > a.error, error, np.inf))


def rounded(a: Near) -> tuple[Floats, Array]:
    """The nearest double, half to even; and where it is certain (Ziv's test)."""
    return a.high, a.high + (a.low - 2 * a.error) == a.high + (a.low + 2 * a.error)


def sign(a: Near) -> tuple[Array, Array]:
    """-1, 0 or 1; and where it is certain."""
    return np.sign(a.high), np.abs(a.high) > 1.0001 * a.error


def _pairs_of_powers() -> tuple[Floats, Floats]:
    exact = [Fraction(10) ** k for k in range(-EXPONENTS, EXPONENTS + 1)]
    high = [float(power) for power in exact]
    low = [float(power - Fraction(near)) for power, near in zip(exact, high, strict=True)]
    return np.array(high), np.array(low)


_HIGH, _LOW = _pairs_of_powers()


def power_of_ten(exponents: Array) -> Near:
    """10 to these powers, of at most `EXPONENTS` either way."""
    places = exponents + EXPONENTS
    return Near(_HIGH[places], _LOW[places], _HIGH[places] * OFF)


def of_doubles(values: Floats) -> Near:
    """The shortest decimals that read back as these doubles; anywhere outside `LEAST` to `MOST`.

    The nearest decimal of 15 digits is it where it reads back, else that of 16, else of 17.
    """
    size = np.abs(values)
    usable = (size >= LEAST) & (size <= MOST)
    size = np.where(usable, size, 1.0)
    power = np.floor(np.log10(size)).astype(np.int64)
    power -= size < _HIGH[power + EXPONENTS]
    power += size >= _HIGH[power + 1 + EXPONENTS]
    spacing = np.spacing(size)
    doubles = Near(size, np.zeros(1), np.zeros(1))
    # Below a power of two the doubles lie twice as dense.
    enough = np.where(np.frexp(size)[0] == 0.5, 0.2499, 0.4999) * spacing
    high, low = np.array(size), np.zeros_like(size)
    known, open_ = ~usable, usable
    for digits in (15, 16, 17):
        places = digits - 1 - power
        wide = multiply(doubles, power_of_ten(places))
        whole = np.rint(wide.high)
        rest = (wide.high - whole) + wide.low
        mantissa = whole.astype(np.int64) + np.rint(rest).astype(np.int64)
        fraction = rest - np.rint(rest)
        decimal = multiply(of_whole(mantissa), power_of_ten(-places))
        off = np.abs((decimal.high - size) + decimal.low)
        found = open_ & (off < enough) & (np.abs(fraction) < 0.4999)
        high, low = np.where(found, decimal.high, high), np.where(found, decimal.low, low)
        known = known | found
        open_ = open_ & ~found & (off > 0.5001 * spacing)
    error = np.where(known & usable, size * (4 * OFF), np.inf)
    error = np.where(values == 0, 0.0, error)
    sense = np.sign(values)
    return Near(sense * high, sense * low, error)
