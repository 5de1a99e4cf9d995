"""Values of FEEL (DMN 1.5, 10.3.2): null, boolean, number, string, temporal, list, context, ...

null is None, a number a Decimal of at most 34 digits, a list a Python list, a context a dict.
Lists and contexts that a run has made are never changed after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TypeAlias

from headrace.decisions.feel.calendar import Date, DateTime, DaysTime, Time, YearsMonths
from headrace.decisions.feel.types import Type

ARITHMETIC = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, traps=[])
"""IEEE 754-2008 decimal128, as 10.3.2.3.1 asks; nothing traps: a number that is none is null."""


@dataclass(frozen=True)
class Range:
    """A range as a value (10.3.2.7).

    Attributes:
        low: None where the range has no lower end, and where that is null.
        high: None where the range has no upper end, and where that is null.
        low_included: False where `low` itself is outside.
        high_included: False where `high` itself is outside.
        operator: "" for `[low..high]`; else that of `(< high)`, `(= low)`, `(!= low)`, which has
            the same value at both ends.
    """

    low: Value
    high: Value
    low_included: bool
    high_included: bool
    operator: str = ""


@dataclass(frozen=True, eq=False)
class Function:
    """A function as a value (10.3.2.13): of the text, of a business knowledge model, or built in.

    Attributes:
        parameters: Names in order, each with its type, or None where any value will do.
        call: Takes the arguments in that order; they already have their types.
        name: For notes.
        result: The type of what it returns, where known.
    """

    parameters: tuple[tuple[str, Type | None], ...]
    call: Callable[..., Value] = field(repr=False)
    name: str = "function"
    result: Type | None = None


Temporal: TypeAlias = Date | Time | DateTime | DaysTime | YearsMonths
Value: TypeAlias = (
    "bool | Decimal | str | Date | Time | DateTime | DaysTime | YearsMonths"
    " | list[Value] | dict[str, Value] | Range | Function | None"
)


def number(value: Decimal | int) -> Decimal | None:
    """The number rounded to 34 digits, or None where it is none (10.3.2.3.1)."""
    rounded = ARITHMETIC.create_decimal(value)
    return rounded if rounded.is_finite() else None
