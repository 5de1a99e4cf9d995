"""Rounding whole columns to a number of places, in FEEL's seven ways."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.program import pairs
from headrace.decisions.program.numbers import (
    ALL,
    DOUBLE,
    FINEST,
    LIMIT,
    Bools,
    Exact,
    Number,
    Ratio,
    constant,
    near,
)
from headrace.decisions.program.pairs import Near

Array = NDArray[Any]

WAYS = {
    "floor": "floor",
    "ceiling": "ceiling",
    "round up": "up",
    "round down": "down",
    "round half up": "half up",
    "round half down": "half down",
    "decimal": "half even",
}
"""The way of each of FEEL's functions."""
MOST_PLACES = 15


def rounded(number: Number, places: int, way: str) -> tuple[Number, Bools] | None:
    """Each number at so many places; and for which that is certain.

    Args:
        number: Any.
        places: After the point; before it where negative.
        way: One of those of `WAYS`.

    Returns:
        None where it takes the interpreter.
    """
    if abs(places) > MOST_PLACES:
        return None
    if isinstance(number, Exact):
        if places >= number.scale:
            return number, ALL
        step = 10 ** (number.scale - places)
        if step >= LIMIT:
            return None
        whole = _whole(number.whole, np.array([step]), way)
        return _placed(whole, number.most // step + 1, places)
    if isinstance(number, Ratio):
        up, down = 10 ** max(0, places), 10 ** max(0, -places)
        if number.most * up < LIMIT and number.most_bottom * down < LIMIT:
            whole = _whole(number.top * up, number.bottom * down, way)
            return _placed(whole, number.most * up + 1, places)
    return _rounded_near(near(number), places, way)


def _placed(whole: Array, most: int, places: int) -> tuple[Number, Bools] | None:
    if places >= 0:
        return Exact(whole, places, most), ALL
    factor = 10**-places
    return (Exact(whole * factor, 0, most * factor), ALL) if most * factor < LIMIT else None


def _whole(top: Array, bottom: Array, way: str) -> Array:
    """The quotient as a whole number; bottom > 0, and both below LIMIT."""
    below = top // bottom
    rest = top - below * bottom
    twice = 2 * rest
    further: Array = rest > 0
    match way:
        case "floor":
            further = rest < 0
        case "ceiling":
            pass
        case "up":
            further = further & (top > 0)
        case "down":
            further = further & (top < 0)
        case "half up":
            further = (twice > bottom) | ((twice == bottom) & (top > 0))
        case "half down":
            further = (twice > bottom) | ((twice == bottom) & (top < 0))
        case _:
            further = (twice > bottom) | ((twice == bottom) & (below % 2 == 1))
    found: Array = below + further
    return found


def _rounded_near(number: Near, places: int, way: str) -> tuple[Number, Bools] | None:
    if not 0 <= places <= FINEST:
        wide = pairs.divide(number, near(constant(Decimal(10) ** -places)))
    else:
        wide = pairs.multiply(number, near(constant(Decimal(10) ** places)))
    usable = (np.abs(wide.high) < DOUBLE / 8) & np.isfinite(wide.error)
    high = np.where(usable, wide.high, 0.0)
    whole = np.rint(high)
    rest = (high - whole) + np.where(usable, wide.low, 0.0)
    error = np.where(usable, wide.error * 1.0001 + 1e-30, 0.0)
    away = np.abs(rest) > error
    match way:
        case "floor":
            found, certain = whole - (rest < 0), away
        case "ceiling":
            found, certain = whole + (rest > 0), away
        case "up":
            found, certain = np.where(high > 0, whole + (rest > 0), whole - (rest < 0)), away
        case "down":
            found, certain = np.where(high > 0, whole - (rest < 0), whole + (rest > 0)), away
        case _:
            found, certain = whole, np.abs(rest) + error < 0.5
    placed = _placed(found.astype(np.int64), DOUBLE // 8 + 1, places)
    return None if placed is None else (placed[0], usable & certain)
