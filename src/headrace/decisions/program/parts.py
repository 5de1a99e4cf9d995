"""The value of a part of an expression for a block of cases, before it becomes a column.

A part knows what it does not know: a case in `unsure` is left to the interpreter, and so is what is
made of it. Arrays of length 1 stand for the same value in every case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.feel import DateTime, DaysTime, Value
from headrace.decisions.program import numbers
from headrace.decisions.program.columns import (
    BOOLEAN,
    LARGEST,
    NOTHING,
    NUMBER,
    STRING,
    Column,
    column_of_values,
    kind_of,
    word_of,
)
from headrace.decisions.program.numbers import NONE, Number

Array = NDArray[Any]
Bools = NDArray[np.bool_]


NOUGHT = numbers.Exact(np.zeros(1, np.int64), 0, 0)


@dataclass(frozen=True, eq=False)
class Part:
    """One value a case.

    Attributes:
        kind: As of a column; `Null` where every value is missing.
        values: As of a column; of a number, zeros.
        present: False where the value is missing.
        unsure: True where only the interpreter can tell the value, its kind and its presence.
        texts: As of a column.
        number: Of a number, its values.
    """

    kind: str
    values: Array
    present: Bools
    unsure: Bools
    texts: tuple[str, ...] = ()
    number: Number = NOUGHT

    def take(self, rows: Array | slice) -> Part:
        """The same of some cases, of a part that has one value for each."""
        number = numbers.take(self.number, rows) if self.kind == NUMBER else self.number
        values = self.values if self.kind == NUMBER else self.values[rows]
        return Part(self.kind, values, self.present[rows], self.unsure[rows], self.texts, number)


NULL = Part(NOTHING, NONE, NONE, NONE)


def truth(values: Bools, present: Bools, unsure: Bools) -> Part:
    """A part of true, false and null."""
    return Part(BOOLEAN, values, present, unsure)


def quantity(number: Number, present: Bools, unsure: Bools) -> Part:
    """A part of numbers."""
    return Part(NUMBER, NONE, present, unsure, number=number)


def null(*parents: Part) -> Part:
    """What FEEL makes of a wrong type: null wherever its parents are known."""
    return Part(NOTHING, NONE, NONE, unsure_of(*parents))


def unsure_of(*parents: Part) -> Bools:
    """The cases that one of these leaves to the interpreter."""
    found = parents[0].unsure
    for parent in parents[1:]:
        found = found | parent.unsure
    return found


def present_in(*parents: Part) -> Bools:
    """The cases where all of these have a value."""
    found = parents[0].present
    for parent in parents[1:]:
        found = found & parent.present
    return found


def of_column(column: Column) -> Part:
    """The cases of a column."""
    if column.kind == STRING:
        codes = np.where(column.present, column.values, 0)
        return Part(STRING, codes, column.present, NONE, column.texts)
    if column.kind != NUMBER:
        return Part(column.kind, column.values, column.present, NONE)
    words = np.where(column.present, column.values, 0)
    whole = words.dtype.kind in "iu"
    number, strays = numbers.of_integers(words) if whole else numbers.of_doubles(words)
    return quantity(number, column.present, strays)


def of_values(values: Sequence[Value]) -> Part:
    """The part that holds these values exactly; unsure where they are not of the first one's kind.

    A list, a context, a time, a date and time with a fraction of a microsecond are of no kind.
    """
    kinds = [_exact_kind(value) for value in values]
    kind = next((kind for kind in kinds if kind not in ("", NOTHING)), NOTHING)
    unsure = np.array([found not in (kind, NOTHING) for found in kinds], np.bool_)
    kept = [None if apart else value for value, apart in zip(values, unsure, strict=True)]
    present = np.array([value is not None for value in kept], np.bool_)
    if kind == NUMBER:
        zero = Decimal(0)
        given = [value if isinstance(value, Decimal) else zero for value in kept]
        return quantity(numbers.of_decimals(given), present, unsure)
    column = column_of_values(kept)
    return Part(column.kind, column.values, column.present, unsure, column.texts)


def _exact_kind(value: Value) -> str:
    match value:
        case None:
            return NOTHING
        case DateTime() if value.time.nanosecond % 1000:
            return ""
        case DaysTime() if value.nanoseconds % 1000:
            return ""
    kind = kind_of(value)
    if kind in ("", NUMBER, STRING):
        return kind
    return kind if abs(word_of(value)) <= LARGEST // 4 else ""


def constant(value: Value) -> Part:
    """The same value in every case; unsure where no column holds it."""
    return of_values([value])
