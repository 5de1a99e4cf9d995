"""Exact money: roundings by name, shares that sum, products that do not overflow.

Every amount is whole minor units (fen). Where a product has a fraction, the deal says which way it
goes (`Rounding`); the residue stays where it was, in the balance or the account.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

PPM = 1_000_000
"""Rates in arrays are whole millionths a year: 0.0435 is 43,500."""

_SPLIT = float(2**27 + 1)


class Rounding(StrEnum):
    """Which way a fraction of a fen goes.

    `DOWN` is towards minus infinity, the rule of fixed-point types that truncate; `HALF_UP` is
    四舍五入, ties away from zero for amounts that are never negative.
    """

    DOWN = "down"
    HALF_UP = "half_up"


def ratio(numerator: int, denominator: int, rounding: Rounding) -> int:
    """A quotient in whole units; the denominator is above 0."""
    if rounding is Rounding.DOWN:
        return numerator // denominator
    return (2 * numerator + denominator) // (2 * denominator)


def rounded(value: Fraction | int, rounding: Rounding) -> int:
    """A fraction in whole units."""
    return ratio(value.numerator, value.denominator, rounding)


def exact(value: Decimal | float | int | str) -> Fraction:
    """The number as it was written: 0.1 is one tenth, whatever a binary float makes of it."""
    return Fraction(Decimal(str(value)))


def to_fen(major: Decimal | float | int | str, per_major: int = 100) -> int:
    """Minor units of an amount as written in major units.

    Raises:
        ValueError: The amount has a fraction of a minor unit.
    """
    scaled = exact(major) * per_major
    if scaled.denominator != 1:
        message = f"{major} is not a whole number of minor units"
        raise ValueError(message)
    return scaled.numerator


def shared(amount: int, dues: Sequence[int]) -> list[int]:
    """An amount shared in proportion to what is due, each part rounded down.

    The residue, at most one unit fewer than there are parts, goes to the first part that still
    has room, so that no part exceeds its due and the parts sum to the amount. The amount may not
    exceed the sum of the dues.
    """
    total = sum(dues)
    if total == 0:
        return [0] * len(dues)
    parts = [amount * due // total for due in dues]
    left = amount - sum(parts)
    for i, due in enumerate(dues):
        taken = min(left, due - parts[i])
        parts[i] += taken
        left -= taken
    return parts


def in_order(amount: int, dues: Sequence[int]) -> list[int]:
    """An amount paid to the first due in full before the second has any."""
    parts = []
    for due in dues:
        paid = min(amount, due)
        parts.append(paid)
        amount -= paid
    return parts


def scaled(
    amounts: NDArray[np.int64], numerators: NDArray[np.int64], denominator: int, rounding: Rounding
) -> NDArray[np.int64]:
    """`amount * numerator / denominator` without overflow for amounts below 9e15.

    Args:
        amounts: At least 0.
        numerators: From 0 to 1e6; or below 9e18 / denominator.
        denominator: Above 0, below 9e12.
        rounding: Of the quotient.
    """
    whole, rest = np.divmod(amounts, denominator)
    product = rest * numerators
    if rounding is Rounding.HALF_UP:
        product = product + denominator // 2
    return np.asarray(whole * numerators + product // denominator)


def times(
    amounts: NDArray[np.int64], factors: NDArray[np.float64], rounding: Rounding
) -> NDArray[np.int64]:
    """`amount * factor` of a double taken as the exact number it is, then rounded once.

    The error of the floating product is computed with it (T. J. Dekker, 1971, "A floating-point
    technique for extending the available precision"), so that the result is that of unbounded
    precision for products below 2**52.

    Args:
        amounts: From 0 to 2**53.
        factors: Finite, at least 0.
        rounding: Of the product.
    """
    a = amounts.astype(np.float64)
    high, error = _two_product(a, factors)
    floor = np.floor(high)
    base = floor.astype(np.int64)
    if rounding is Rounding.DOWN:
        return np.where((high - floor) + error < 0, base - 1, base)
    # the half is taken away first: beside it, a small error would be lost
    return np.where((high - floor - 0.5) + error >= 0, base + 1, base)


def _two_product(
    a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rounded product and the exact error of it."""
    product = a * b
    a_big = _SPLIT * a
    a_high = a_big - (a_big - a)
    a_low = a - a_high
    b_big = _SPLIT * b
    b_high = b_big - (b_big - b)
    b_low = b - b_high
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error
