"""Rounding of money: each has a name, works on exact fractions, and says where the rest goes.

The policy of a loan (docs/concepts/loans.md has it with examples):

    interest of a period      half up to the minor unit, once, of the exact fraction (四舍五入到分)
    accrued, day by day       the rounded sum so far less what is posted: days add up to the period
    equal instalment          half up, or the smallest whose last instalment is not larger
    equal principal           half up; the last takes the rest; or down, and the first takes it
    penalty, compound         half up of the sum of each instalment so far
    fees                      half up, each
    subsidy (贴息)            down: the borrower bears the broken unit

The minor unit is that of the currency: a fen, a cent, a yen (which has no decimals).
"""

from decimal import Decimal
from fractions import Fraction

RATE_SCALE = 10**10
"""Rates a year are whole numbers of 1e-10: 4.35 % is 435,000,000."""

RATE_MAX = Decimal(1)
"""A rate of 100 % a year is beyond any loan; above it a per cent was taken for a fraction."""


def half_up(numerator: int, denominator: int) -> int:
    """The nearest integer of a fraction of 0 or more, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def down(numerator: int, denominator: int) -> int:
    """The largest integer not above a fraction."""
    return numerator // denominator


def up(numerator: int, denominator: int) -> int:
    """The smallest integer not below a fraction."""
    return -(-numerator // denominator)


def scaled_rate(rate: Decimal | Fraction) -> int:
    """A rate a year in units of 1e-10, exactly.

    Raises:
        ValueError: The rate is negative, above 1, or finer than 1e-10.
    """
    whole = Fraction(rate) * RATE_SCALE
    if not 0 <= whole <= RATE_SCALE * Fraction(RATE_MAX):
        message = f"a rate is a fraction of 0 to 1 a year (0.0435 for 4.35 %), not {rate}"
        raise ValueError(message)
    if whole.denominator != 1:
        message = f"a rate has at most ten decimals, not {rate}"
        raise ValueError(message)
    return int(whole)


def rate_of(scaled: int) -> Decimal:
    """The rate a year of a whole number of 1e-10."""
    return Decimal(int(scaled)).scaleb(-10).normalize() + Decimal(0)
