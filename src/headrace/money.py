"""Money is an integer of minor units with a currency; this module names every rounding.

A Chinese fen is the minor unit of CNY: 1 yuan = 100 fen.
"""

from decimal import ROUND_HALF_EVEN, Decimal

MINOR_PER_MAJOR = {"CNY": 100, "USD": 100, "EUR": 100, "HKD": 100, "JPY": 1}
CURRENCY_SIGN = {"CNY": "¥", "USD": "$", "EUR": "€", "HKD": "HK$", "JPY": "JP¥"}


def to_minor(major: Decimal | int, currency: str) -> int:
    """Whole minor units of an amount in major units.

    Raises:
        ValueError: If the amount has a fraction of a minor unit: nothing is rounded here.
    """
    scaled = Decimal(major) * MINOR_PER_MAJOR[currency]
    if scaled != scaled.to_integral_value():
        message = f"{major} {currency} is not a whole number of minor units"
        raise ValueError(message)
    return int(scaled)


def round_half_even(value: float | Decimal) -> int:
    """The nearest integer, ties to even: the rounding used for expected values of money."""
    return int(Decimal(value).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def format_minor(minor: int, currency: str) -> str:
    """For people: sign, thousands separators, and only as many decimals as needed."""
    per_major = MINOR_PER_MAJOR[currency]
    sign = "-" if minor < 0 else ""
    major, rest = divmod(abs(minor), per_major)
    decimals = f".{rest:0{len(str(per_major)) - 1}d}" if rest else ""
    return f"{sign}{CURRENCY_SIGN[currency]}{major:,}{decimals}"
