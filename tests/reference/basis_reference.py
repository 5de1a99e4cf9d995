"""Slow twin of `headrace.contracts.basis`: fractions, plain formulas."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction


def amount(kilograms, price):
    """Half up, away from 0, by Decimal."""
    exact = Decimal(kilograms) * Decimal(price) / 1000
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def earned(quantity, fixings, cost, premium, hedge):
    """Goods and futures, exact: fixings of (kilograms, price), a hedge of (kilograms, sold at).

    The hedge is bought back as parts are fixed, in proportion; what is left over at the last price.
    """
    goods = sum(Fraction(kg * (price + premium - cost), 1000) for kg, price in fixings)
    hedged, sold_at = hedge
    bought = Fraction(0)
    left = hedged
    for at, (kg, price) in enumerate(fixings):
        back = left if at == len(fixings) - 1 else min(left, kg)
        bought += Fraction(back * (sold_at - price), 1000)
        left -= back
    assert sum(kg for kg, _ in fixings) == quantity
    return goods, bought
