"""Classes of values that the tests of a column cannot tell apart.

The literals of a column's cells cut its values into classes: below the first, equal to it, between
it and the second, and so on; and one more for a missing value. Within a class every test made of
literals says the same, so a table needs to ask it once a class and never again: a rule is a bit in
a word per class (the bit vectors of Lakshman and Stiliadis, SIGCOMM 1998).

Cuts are pairs of bounds: the least value not below a literal, and the least above it. A value's
class is the number of bounds that are not above it. For doubles the bounds are doubles chosen so
that the shortest decimal of a value, which is what FEEL compares, falls on the same side.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.feel import DateTime, Notes, Range, Tests, Value, evaluate
from headrace.decisions.feel.calendar import SECOND, Date, DaysTime
from headrace.decisions.feel.naming import is_closed
from headrace.decisions.feel.tree import Literal, Node, Question
from headrace.decisions.program.columns import (
    BOOLEAN,
    DATE,
    DATE_TIME,
    DURATION,
    LARGEST,
    LEAST,
    NUMBER,
    STRING,
    Bools,
    Column,
)

TYPES: dict[str, type] = {
    NUMBER: Decimal,
    STRING: str,
    BOOLEAN: bool,
    DATE: Date,
    DATE_TIME: DateTime,
    DURATION: DaysTime,
}


@dataclass(frozen=True, eq=False)
class Classes:
    """How the values of one column fall into classes.

    Attributes:
        kind: Of the column.
        values: The literals that cut it, in order, each once: Decimal, str, bool or whole numbers.
        bounds: Two a literal, sorted; strings have none, for they are looked up by bisection.
    """

    kind: str
    values: tuple[Any, ...]
    bounds: NDArray[Any]

    @property
    def missing(self) -> int:
        """The class of a missing value, which is the last."""
        return 2 * len(self.values) + 1

    def __len__(self) -> int:
        return self.missing + 1

    def of_column(self, column: Column) -> NDArray[np.int64]:
        """The class of every value."""
        if not self.values or column.kind != self.kind:
            found = np.zeros(len(column), np.int64)
        elif self.kind == STRING:
            by_text = np.array([self.of_word(text) for text in column.texts], np.int64)
            found = np.append(by_text, self.missing)[column.values]
        elif column.values.dtype == np.int64 and self.kind == NUMBER:
            found = np.searchsorted(_whole_bounds(self.values), column.values, side="right")
        else:
            words = column.values.astype(self.bounds.dtype, copy=False)
            found = np.searchsorted(self.bounds, words, side="right")
        return np.where(column.present, found, self.missing)

    def of_word(self, word: Any) -> int:
        """The class of one value as a column holds it, or of a text; None is missing."""
        if word is None or word != word:  # noqa: PLR0124  (NaN is missing)
            return self.missing
        if self.kind == STRING:
            at = bisect_right(self.values, word)
            return 2 * at - (at > 0 and self.values[at - 1] == word)
        bounds = self.bounds
        if self.kind == NUMBER and isinstance(word, int):
            bounds = _whole_bounds(self.values)
        return int(np.searchsorted(bounds, word, side="right"))


def classes_of(kind: str, tests: Iterable[Tests]) -> Classes:
    """The classes that the tests of a column of this kind need."""
    cuts: set[Any] = set()
    for each in tests:
        for alternative in each.alternatives:
            cuts.update(_cuts(wanted_by(alternative), kind))
    values = tuple(sorted(cuts))
    return Classes(kind, values, _bounds(kind, values))


def is_plain(tests: Tests) -> bool:
    """Whether a cell asks for literals only, so that classes can answer it."""
    return all(
        isinstance(each, Literal)
        or (
            not isinstance(each, Question)
            and is_closed(each)
            and not isinstance(wanted_by(each), bool)
        )
        for each in tests.alternatives
    )


def wanted_by(alternative: Node) -> Value:
    """The value of a plain alternative of a cell."""
    if isinstance(alternative, Literal):
        return alternative.value
    return evaluate(alternative, {}, Notes())


def met_classes(tests: Tests, classes: Classes) -> Bools:
    """In which classes a plain cell is met; what cannot be told is not met."""
    true = np.zeros(len(classes), np.bool_)
    if not tests.alternatives:
        return ~true
    unknown = true.copy()
    for alternative in tests.alternatives:
        yes, unsure = _answers(wanted_by(alternative), classes)
        true |= yes
        unknown |= unsure
    return ~true & ~unknown if tests.negated else true


def _answers(wanted: Value, classes: Classes) -> tuple[Bools, Bools]:
    """In which classes an alternative is true, and in which it cannot be told."""
    true, unsure = np.zeros(len(classes), np.bool_), np.zeros(len(classes), np.bool_)
    if isinstance(wanted, list):
        for item in wanted:
            true |= _answers(item, classes)[0]
    elif isinstance(wanted, Range) and wanted.operator in {"", "<", "<=", ">", ">="}:
        if _comparable(wanted, classes.kind):
            true[_span(wanted, classes)] = True
            unsure[classes.missing] = True
        else:
            unsure[:] = True
    else:
        value = wanted.low if isinstance(wanted, Range) else wanted
        _equal(value, classes, true, unsure)
        if isinstance(wanted, Range) and wanted.operator == "!=":
            true = ~true & ~unsure
    return true, unsure


def _equal(value: Value, classes: Classes, true: Bools, unsure: Bools) -> None:
    """Marks where values equal a literal; a missing one equals null alone."""
    if value is None:
        true[classes.missing] = True
    elif not isinstance(value, TYPES.get(classes.kind, ())):
        unsure[: classes.missing] = True
    elif keys := _equal_keys(value):
        first, end = (_at(classes, key) for key in (keys[0], keys[-1]))
        # A moment equals all moments of its second; anything else equals one literal.
        true[2 * first + 1 : 2 * end + 2 - (len(keys) > 1)] = True


def _comparable(span: Range, kind: str) -> bool:
    """Whether values of a kind have an order, and the ends of a range are such values."""
    ends = [span.low, span.high]
    if span.operator:
        ends = [span.high if span.low is None else span.low]
    return kind != BOOLEAN and all(
        isinstance(end, TYPES.get(kind, ())) and _key(end) is not None for end in ends
    )


def _span(span: Range, classes: Classes) -> slice:
    """The classes within a range whose ends are among the cuts."""
    first, end = 0, classes.missing
    if span.low is not None:
        first = 2 * _at(classes, _key(span.low)) + 2 - span.low_included
    if span.high is not None:
        end = 2 * _at(classes, _key(span.high)) + 1 + span.high_included
    return slice(first, max(first, end))


def _at(classes: Classes, key: Any) -> int:
    """The place of a cut."""
    return bisect_left(classes.values, key)


def _cuts(wanted: Value, kind: str) -> tuple[Any, ...]:
    """The literals by which an alternative divides values of a kind."""
    if isinstance(wanted, list):
        return tuple(cut for item in wanted for cut in _cuts(item, kind))
    if isinstance(wanted, Range) and wanted.operator not in {"=", "!="}:
        ends = (end for end in (wanted.low, wanted.high) if end is not None)
        return tuple(_key(end) for end in ends) if _comparable(wanted, kind) else ()
    value = wanted.low if isinstance(wanted, Range) else wanted
    return _equal_keys(value) if isinstance(value, TYPES.get(kind, ())) else ()


def _equal_keys(value: Value) -> tuple[Any, ...]:
    """The cuts that single out what equals a value; none for what no column value equals."""
    key = _key(value)
    if key is None:
        return ()
    if isinstance(value, DateTime):
        second = key // SECOND * SECOND
        return second, second + SECOND
    return (key,)


def _key(value: Value) -> Any:
    """What a value is ordered by; None for a moment without a zone, which no column holds."""
    match value:
        case Date():
            return value.ordinal()
        case DateTime():
            return None if value.offset() is None else value.instant()
        case DaysTime():
            return value.nanoseconds
    return value


def _bounds(kind: str, values: Sequence[Any]) -> NDArray[Any]:
    """For each cut the least value of a column that is not below it, and the least above it."""
    if kind == NUMBER:
        pairs = [bound for value in values for bound in _double_bounds(value)]
        return np.array(pairs, np.float64)
    if kind in {DATE_TIME, DURATION}:  # cuts in nanoseconds, columns in microseconds
        whole = [bound for value in values for bound in (-(-value // 1000), value // 1000 + 1)]
        return np.array(whole, np.int64)
    if kind in {DATE, BOOLEAN}:
        return np.array([bound for value in values for bound in (value, value + 1)], np.int64)
    return np.array([], np.int64)


def _double_bounds(value: Decimal) -> tuple[float, float]:
    near = float(value)
    said = Decimal(repr(near))
    if said == value:
        return near, math.nextafter(near, math.inf)
    bound = math.nextafter(near, math.inf) if said < value else near
    return bound, bound


def _whole_bounds(values: Sequence[Decimal]) -> NDArray[np.int64]:
    """As `_bounds`, for whole numbers; bounds that none of them reaches, the last ones, are out."""
    bounds = []
    for value in values:
        held = min(max(value, Decimal(LEAST - 1)), Decimal(LARGEST + 1))
        low = int(held.to_integral_value(ROUND_CEILING))
        above = int(held.to_integral_value(ROUND_FLOOR)) + 1
        bounds += [max(bound, LEAST) for bound in (low, above) if bound <= LARGEST]
    return np.array(bounds, np.int64)
