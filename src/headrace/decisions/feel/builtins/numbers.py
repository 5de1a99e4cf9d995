"""Numeric functions (DMN 1.5, 10.3.4.5)."""

from __future__ import annotations

from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
)

from headrace.decisions.feel.builtins.registry import builtin
from headrace.decisions.feel.calendar import DaysTime, YearsMonths
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.values import ARITHMETIC, Value, number

LEAST_SCALE, MOST_SCALE = -6111, 6176
ZERO = Decimal(0)


def whole(value: Decimal) -> int | None:
    """A number as an int, or None where it is none or has more than 34 digits."""
    if value.adjusted() > 33 or value != value.to_integral_value():
        return None
    return int(value)


def _rounded(notes: Notes, value: Decimal, scale: Decimal | None, way: str) -> Value:
    cut = scale if scale is not None else ZERO
    if not LEAST_SCALE <= cut <= MOST_SCALE:
        notes.add(f"The scale is {scale}; it goes from {LEAST_SCALE} to {MOST_SCALE}")
        return None
    exponent = -int(cut)
    shown = value.as_tuple().exponent
    if isinstance(shown, int) and shown >= exponent:
        return value
    if value.adjusted() < exponent - 1:
        digits = Decimal((value.as_tuple().sign, (1,), exponent - 2)) if value else ZERO
    else:
        digits = value
    return number(digits.quantize(Decimal((0, (1,), exponent)), way, ARITHMETIC))


@builtin("decimal(n: number, scale: number)")
def _decimal(notes: Notes, value: Decimal, scale: Decimal) -> Value:
    return _rounded(notes, value, scale, ROUND_HALF_EVEN)


@builtin("floor(n: number, scale: number =)")
def _floor(notes: Notes, value: Decimal, scale: Decimal | None = None) -> Value:
    return _rounded(notes, value, scale, ROUND_FLOOR)


@builtin("ceiling(n: number, scale: number =)")
def _ceiling(notes: Notes, value: Decimal, scale: Decimal | None = None) -> Value:
    return _rounded(notes, value, scale, ROUND_CEILING)


@builtin("round up(n: number, scale: number =)")
def _round_up(notes: Notes, value: Decimal, scale: Decimal | None = None) -> Value:
    return _rounded(notes, value, scale, ROUND_UP)


@builtin("round down(n: number, scale: number =)")
def _round_down(notes: Notes, value: Decimal, scale: Decimal | None = None) -> Value:
    return _rounded(notes, value, scale, ROUND_DOWN)


@builtin("round half up(n: number, scale: number =)")
def _round_half_up(notes: Notes, value: Decimal, scale: Decimal | None = None) -> Value:
    return _rounded(notes, value, scale, ROUND_HALF_UP)


@builtin("round half down(n: number, scale: number =)")
def _round_half_down(notes: Notes, value: Decimal, scale: Decimal | None = None) -> Value:
    return _rounded(notes, value, scale, ROUND_HALF_DOWN)


@builtin("abs(n: number | duration)")
def _abs(notes: Notes, value: Decimal | DaysTime | YearsMonths) -> Value:
    match value:
        case DaysTime(nanoseconds):
            return DaysTime(abs(nanoseconds))
        case YearsMonths(months):
            return YearsMonths(abs(months))
    return ARITHMETIC.abs(value)


@builtin("modulo(dividend: number, divisor: number)")
def _modulo(notes: Notes, dividend: Decimal, divisor: Decimal) -> Value:
    if not divisor:
        notes.add("modulo divides by zero")
        return None
    if dividend.adjusted() - divisor.adjusted() > 33:
        notes.add("The quotient has more than 34 digits")
        return None
    rest = ARITHMETIC.remainder(dividend, divisor)
    if rest and (rest < 0) != (divisor < 0):
        rest = ARITHMETIC.add(rest, divisor)
    return number(rest)


@builtin("sqrt(number: number)")
def _sqrt(notes: Notes, value: Decimal) -> Value:
    if value < 0:
        notes.add("A negative number has no square root")
        return None
    return number(ARITHMETIC.sqrt(value))


@builtin("log(number: number)")
def _log(notes: Notes, value: Decimal) -> Value:
    if value <= 0:
        notes.add("Only a positive number has a logarithm")
        return None
    return number(ARITHMETIC.ln(value))


@builtin("exp(number: number)")
def _exp(notes: Notes, value: Decimal) -> Value:
    found = number(ARITHMETIC.exp(value))
    if found is None:
        notes.add("The result is beyond every number")
    return found


@builtin("odd(number: number)")
def _odd(notes: Notes, value: Decimal) -> Value:
    return _parity(notes, value, 1)


@builtin("even(number: number)")
def _even(notes: Notes, value: Decimal) -> Value:
    return _parity(notes, value, 0)


def _parity(notes: Notes, value: Decimal, wanted: int) -> Value:
    found = whole(value)
    if found is None:
        notes.add("Only a whole number is odd or even")
        return None
    return found % 2 == wanted
