"""Whole columns of FEEL's decimals, without an approximation that could show.

A number column is held in one of four ways, the first that fits:

    Exact   whole numbers over a power of ten: 1234 and 2 are 12.34
    Plain   doubles, each standing for the shortest decimal that reads back as it
    Ratio   quotients of whole numbers; FEEL rounds them to 34 digits
    Near    an interval of about 100 bits (`pairs`)

Every function that has to decide (an order, a rounding, the nearest double) says besides for which
rows it could; the others are left to the interpreter.

Why a Ratio decides what its rounding to 34 digits would: with numerator and denominator below 2^62
a quotient that is not a given m/10^s lies at least 1 in 2^62 parts of it away, and one that is not
half-way between two doubles (with both below 2^53 none is) at least 2^-107 of its size; rounding
moves it by 2^-110 at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.program import pairs
from headrace.decisions.program.pairs import Near

Array = NDArray[Any]
Bools = NDArray[np.bool_]

LIMIT = 2**62
"""Whole numbers stay below this in size, so that no sum or comparison can overflow."""
DOUBLE = 2**53
"""Below this a whole number is a double."""
SHORT = 10**15
"""Decimals of at most 15 digits are all told apart by doubles (IEEE 754-2008, 5.12.2)."""
FINEST = 22
"""The largest power of ten that is a double is 10^22."""
SCALES = (0, 2, 4, 6, 9, 12)
"""Digits after the point that a column of doubles is tried with."""
STRAY = 64
"""One row in so many may be left to the interpreter so that the others are exact."""
ALL = np.ones(1, np.bool_)
NONE = np.zeros(1, np.bool_)


@dataclass(frozen=True, eq=False)
class Exact:
    """`whole / 10**scale`, where |whole| <= most < LIMIT."""

    whole: Array
    scale: int
    most: int


@dataclass(frozen=True, eq=False)
class Plain:
    """Doubles that stand for their shortest decimals."""

    values: Array


@dataclass(frozen=True, eq=False)
class Ratio:
    """`top / bottom` rounded to 34 digits; bottom > 0, both at most these in size."""

    top: Array
    bottom: Array
    most: int
    most_bottom: int


Number: TypeAlias = Exact | Plain | Ratio | Near


# --- from columns and values


def of_integers(values: Array) -> tuple[Number, Bools]:
    """Integers; and which of them are too large."""
    beyond = (values >= LIMIT) | (values <= -LIMIT)
    return _exact(np.where(beyond, 0, values), 0), beyond


def of_doubles(values: Array) -> tuple[Number, Bools]:
    """Finite doubles; and which of them do not fit in with the others."""
    sample = values[:: max(1, len(values) // 256)]
    first = next((s for s in SCALES if _fits(sample, s)[1].all()), SCALES[-1])
    strays = ALL
    for scale in SCALES[SCALES.index(first) :]:
        whole, fits = _fits(values, scale)
        strays = ~fits
        if fits.all() or strays.sum() * STRAY <= len(values):
            return _exact(np.where(fits, whole, 0).astype(np.int64), scale), strays
    return Plain(values), NONE


def _fits(values: Array, scale: int) -> tuple[Array, Bools]:
    whole = np.rint(values * 10.0**scale)
    return whole, (np.abs(whole) < SHORT) & (whole / 10.0**scale == values)


def of_decimals(values: Sequence[Decimal]) -> Number:
    """These decimals."""
    exponents = [value.as_tuple().exponent for value in values if value]
    places = [0, *(-exponent for exponent in exponents if isinstance(exponent, int))]
    if max(places) <= FINEST and min(places) >= -FINEST:
        scale = max(places)
        whole = [int(value.scaleb(scale)) if value else 0 for value in values]
        if max(map(abs, whole), default=0) < LIMIT:
            return _exact(np.array(whole, np.int64), scale)
    high = np.array([float(value) for value in values])
    rest = [
        float(value - Decimal(near)) if np.isfinite(near) else 0.0
        for value, near in zip(values, high.tolist(), strict=True)
    ]
    error = np.where(np.isfinite(high), np.abs(high) * pairs.OFF + pairs.TINY, np.inf)
    return Near(np.where(np.isfinite(high), high, 0.0), np.array(rest), error)


def constant(value: Decimal) -> Number:
    """One decimal, for every row."""
    return of_decimals([value.normalize()] if value else [Decimal(0)])


def _exact(whole: Array, scale: int) -> Exact:
    most = max(int(whole.max()), -int(whole.min())) if whole.size else 0
    return Exact(whole, scale, most)


# --- as one another


def near(number: Number) -> Near:
    """As an interval."""
    match number:
        case Near():
            return number
        case Plain(values):
            return pairs.of_doubles(values)
        case Ratio(top, bottom):
            return pairs.divide(pairs.of_whole(top), pairs.of_whole(bottom))
        case Exact(whole, scale):
            found = pairs.of_whole(whole)
            if scale == 0:
                return found
            if scale <= FINEST:
                return pairs.divide(found, Near(np.array([10.0**scale]), np.zeros(1), np.zeros(1)))
            return pairs.multiply(found, pairs.power_of_ten(np.array([-scale])))


def _plain(number: Number) -> Plain | None:
    if isinstance(number, Exact) and number.most < SHORT and number.scale <= FINEST:
        return Plain(number.whole / 10.0**number.scale)
    return number if isinstance(number, Plain) else None


def _ratio(number: Number) -> Ratio | None:
    if isinstance(number, Exact) and 10**number.scale < LIMIT:
        bottom = np.array([10**number.scale])
        return Ratio(number.whole, bottom, number.most, 10**number.scale)
    return number if isinstance(number, Ratio) else None


def _grown(whole: Array, most: int, factor: int) -> Array | None:
    """Whole numbers times a factor, or None where that might overflow."""
    if most * factor >= LIMIT or factor >= LIMIT:
        return None
    return whole if factor == 1 else whole * factor


def _aligned(a: Number, b: Number) -> tuple[Exact, Exact] | None:
    """Both over the same power of ten."""
    if not (isinstance(a, Exact) and isinstance(b, Exact)):
        return None
    scale = max(a.scale, b.scale)
    first, second = 10 ** (scale - a.scale), 10 ** (scale - b.scale)
    left, right = _grown(a.whole, a.most, first), _grown(b.whole, b.most, second)
    if left is None or right is None:
        return None
    return Exact(left, scale, a.most * first), Exact(right, scale, b.most * second)


def take(number: Number, rows: Array | slice) -> Number:
    """The numbers of some rows."""
    match number:
        case Exact(whole, scale, most):
            return Exact(whole[rows], scale, most)
        case Plain(values):
            return Plain(values[rows])
        case Ratio(top, bottom, most, most_bottom):
            return Ratio(top[rows], bottom[rows], most, most_bottom)
    return Near(number.high[rows], number.low[rows], number.error[rows])


def doubles(number: Number) -> tuple[Array, Bools]:
    """The nearest double of each, half to even; and for which it is certain."""
    match number:
        case Plain(values):
            return values, ALL
        case Exact(whole, scale, most) if scale == 0 or (most <= DOUBLE and scale <= FINEST):
            return whole / 10.0**scale if scale else whole.astype(np.float64), ALL
        case Ratio(top, bottom, most, most_bottom) if max(most, most_bottom) <= DOUBLE:
            return top / bottom, ALL
    return pairs.rounded(near(number))


# --- arithmetic


def add(a: Number, b: Number) -> Number:
    """The sum."""
    same = _aligned(a, b)
    if same and same[0].most + same[1].most < LIMIT:
        left, right = same
        return Exact(left.whole + right.whole, left.scale, left.most + right.most)
    return pairs.add(near(a), near(b))


def subtract(a: Number, b: Number) -> Number:
    """The difference."""
    return add(a, negate(b))


def negate(a: Number) -> Number:
    """The opposite."""
    match a:
        case Exact(whole, scale, most):
            return Exact(-whole, scale, most)
        case Plain(values):
            return Plain(-values)
        case Ratio(top, bottom, most, most_bottom):
            return Ratio(-top, bottom, most, most_bottom)
    return pairs.negate(a)


def absolute(a: Number) -> Number:
    """The size."""
    match a:
        case Exact(whole, scale, most):
            return Exact(np.abs(whole), scale, most)
        case Plain(values):
            return Plain(np.abs(values))
        case Ratio(top, bottom, most, most_bottom):
            return Ratio(np.abs(top), bottom, most, most_bottom)
    sense = np.where(a.high < 0, -1.0, 1.0)
    return Near(sense * a.high, sense * a.low, a.error)


def multiply(a: Number, b: Number) -> Number:
    """The product."""
    if isinstance(a, Exact) and isinstance(b, Exact):
        scale, most = a.scale + b.scale, a.most * b.most
        if scale <= FINEST and most < LIMIT:
            return Exact(a.whole * b.whole, scale, most)
    return pairs.multiply(near(a), near(b))


def divide(a: Number, b: Number) -> tuple[Number, Bools, Bools]:
    """The quotient, anything where b is zero; where it is; and where that is certain."""
    if not (isinstance(a, Exact) and isinstance(b, Exact)):
        sense, certain = order(b, constant(Decimal(0)))
        return pairs.divide(near(a), near(b)), sense == 0, certain
    zero = b.whole == 0
    shifted = _shifted(a, b) if b.whole.size == 1 and not zero.any() else None
    if shifted:
        return shifted, zero, ALL
    top = _grown(a.whole, a.most, 10 ** max(0, b.scale - a.scale))
    bottom = _grown(b.whole, b.most, 10 ** max(0, a.scale - b.scale))
    if top is None or bottom is None:
        whole = np.where(zero, 1, b.whole)
        return pairs.divide(near(a), near(Exact(whole, b.scale, max(1, b.most)))), zero, ALL
    safe = np.where(zero, 1, bottom)
    most = a.most * 10 ** max(0, b.scale - a.scale)
    most_bottom = max(1, b.most * 10 ** max(0, a.scale - b.scale))
    return Ratio(top * np.sign(safe), np.abs(safe), most, most_bottom), zero, ALL


def _shifted(a: Exact, b: Exact) -> Exact | None:
    """The quotient where it is one of whole numbers and powers of ten: by 4, by 0.05, by 10000."""
    divisor = int(b.whole[0])
    for places in range(13):
        factor, rest = divmod(10**places, abs(divisor))
        if rest == 0:
            break
    else:
        return None
    scale = a.scale - b.scale + places
    factor *= 10 ** max(0, -scale)
    whole = _grown(a.whole, a.most, factor)
    if whole is None or scale > FINEST:
        return None
    return Exact(whole if divisor > 0 else -whole, max(0, scale), a.most * factor)


def power(a: Number, exponent: int) -> Number:
    """The power to a whole exponent of 1 or more."""
    found = a
    for _ in range(exponent - 1):
        found = multiply(found, a)
    return found


def square_root(a: Number) -> tuple[Number, Bools, Bools]:
    """The root, anything where there is none; where a is negative; and where that is certain."""
    sense, certain = order(a, constant(Decimal(0)))
    return pairs.square_root(near(a)), sense < 0, certain


def modulo(a: Number, b: Number) -> tuple[Number, Bools] | None:
    """`a - b * floor(a / b)`, and where b is zero; None where it takes the interpreter."""
    same = _aligned(a, b)
    if same is None:
        return None
    left, right = same
    zero = right.whole == 0
    rest = np.mod(left.whole, np.where(zero, 1, right.whole))
    return Exact(rest, left.scale, max(1, right.most)), zero


# --- order


def order(a: Number, b: Number) -> tuple[Array, Bools]:
    """-1, 0 or 1 as a is below, at or above b; and for which rows that is certain."""
    same = _aligned(a, b)
    if same:
        return _sign(same[0].whole, same[1].whole), ALL
    left, right = _plain(a), _plain(b)
    if left and right:
        return _sign(left.values, right.values), ALL
    first, second = _ratio(a), _ratio(b)
    if first and second:
        x = _crossed(first, second)
        y = _crossed(second, first)
        if x is not None and y is not None:
            return _sign(x, y), ALL
    return pairs.sign(pairs.add(near(a), pairs.negate(near(b))))


def _crossed(a: Ratio, b: Ratio) -> Array | None:
    return a.top * b.bottom if a.most * b.most_bottom < LIMIT else None


def _sign(a: Array, b: Array) -> Array:
    return (a > b).astype(np.int8) - (a < b)


def extreme(a: Number, b: Number, pick: Callable[[Array, Array], Array]) -> Number:
    """The lesser (`pick` is np.minimum) or the greater (np.maximum) of each two."""
    same = _aligned(a, b)
    if same:
        left, right = same
        most = max(left.most, right.most)
        return Exact(pick(left.whole, right.whole), left.scale, most)
    first, second = _plain(a), _plain(b)
    if first and second:
        return Plain(pick(first.values, second.values))
    x, y = near(a), near(b)
    gap = (x.high - y.high) + (x.low - y.low)
    found = _chosen((gap < 0) == (pick is np.minimum), x, y)
    return Near(found.high, found.low, np.maximum(x.error, y.error))


def choose(which: Bools, a: Number, b: Number) -> Number:
    """A where `which`, else b."""
    same = _aligned(a, b)
    if same:
        left, right = same
        most = max(left.most, right.most)
        return Exact(np.where(which, left.whole, right.whole), left.scale, most)
    plain, other = _plain(a), _plain(b)
    if plain and other:
        return Plain(np.where(which, plain.values, other.values))
    first, second = _ratio(a), _ratio(b)
    if first and second:
        return Ratio(
            np.where(which, first.top, second.top),
            np.where(which, first.bottom, second.bottom),
            max(first.most, second.most),
            max(first.most_bottom, second.most_bottom),
        )
    return _chosen(which, near(a), near(b))


def _chosen(which: Bools, x: Near, y: Near) -> Near:
    return Near(
        np.where(which, x.high, y.high),
        np.where(which, x.low, y.low),
        np.where(which, x.error, y.error),
    )
