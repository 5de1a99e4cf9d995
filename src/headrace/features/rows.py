"""One event as the words that kernels read, from plain Python values.

The same words as `columns` gives for a table of one row, without the cost of a table: what a
payment waits for.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any

import numpy as np

from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.features.columns import AHEAD, NUMBER_MAX, TIME_END, TIME_FIRST, Reader
from headrace.features.definition import Column, ColumnType
from headrace.features.expressions import row_evaluator
from headrace.features.kernels import hashing
from headrace.features.plan import microseconds as length_us

Event = Mapping[str, Any]
Words = tuple[int, int]
TEXTS_KEPT = 65_536


class RowReader:
    """Reads one event at a time for a space."""

    def __init__(self, reader: Reader) -> None:
        """Choose once how each column is read."""
        self.reader = reader
        table = reader.table
        derived = dict(reader.derived)
        self.table, self.by = table.name, reader.space.by
        self.given = [
            (name, _CONVERT[reader.columns[name].type], reader.columns[name])
            for name in reader.needed
            if name not in derived
        ]
        self.keys = [each for each in self.given if each[0] in self.by]
        self.derived = [
            (name, row_evaluator(expression, self._out_of_range))
            for name, expression in reader.derived
            if name in reader.needed
        ]
        self.filters = [
            (
                1 << bit,
                None if expression is None else row_evaluator(expression, self._out_of_range),
                one.present,
            )
            for bit, (one, expression) in enumerate(reader.filters)
        ]
        self.must = {
            name
            for name in reader.needed
            if reader.columns[name].required or name in (*self.by, *reader.naming)
        }

    def key(self, event: Event) -> Words:
        """The two words of an event's key.

        Raises:
            InputError: A key column is missing or holds another type.
        """
        values = {name: self._value(event, name, convert, column)
                  for name, convert, column in self.keys}  # fmt: skip
        return self._key(values)

    def row(self, event: Event) -> tuple[Words, list[int]]:
        """The two words of the key, and the words of the row.

        Raises:
            InputError: A value is missing or cannot be used; names the column.
        """
        values = {name: self._value(event, name, convert, column)
                  for name, convert, column in self.given}  # fmt: skip
        for name, compute in self.derived:
            values[name] = compute(values)
            number = self.reader.columns[name].type is ColumnType.NUMBER
            if number and values[name] is not None and abs(values[name]) >= NUMBER_MAX:
                raise self._refused(name, "is too large for an exact sum")
        for name in self.must:
            if values[name] is None:
                raise self._refused(name, "is missing")
        time = values[self.reader.table.time]
        if not TIME_FIRST <= time < TIME_END:
            raise self._refused(self.reader.table.time, "lies outside the years 1970 to 2099")
        self._check_clock(event, time)
        words = [time]
        if self.filters:
            words.append(self._bits(values))
        if self.reader.table.id is not None:
            words.append(_fresh_words(values[self.reader.table.id])[0])
        words += [
            self._kept(values[kept.name], kept.name, kept.coded) for kept in self.reader.space.kept
        ]
        return self._key(values), words

    def _check_clock(self, event: Event, time: int) -> None:
        table = self.reader.table
        if table.known is None:
            return
        known = moment_of(event, table.known)
        if known is None:
            raise self._refused(table.known, "is missing")
        if time > known + length_us(table.skew):
            raise self._refused(table.time, AHEAD)

    def _value(
        self, event: Event, name: str, convert: Callable[[Any, Column], Any], column: Column
    ) -> Any:
        value = event.get(name)
        try:
            if value is None or value != value:  # noqa: PLR0124  (NaN is missing)
                return None
            return convert(value, column)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise self._refused(name, f"holds {value!r}: {error}") from error

    def _key(self, values: Mapping[str, Any]) -> Words:
        for name in self.by:
            if values[name] is None:
                raise self._refused(name, "is missing")
        first, *more = [_words(values[name]) for name in self.by]
        if not more:
            return first
        words = np.array([first], np.int64)
        for other in more:
            hashing.combine(words, np.array([other], np.int64))
        return int(words[0, 0]), int(words[0, 1])

    def _bits(self, values: Mapping[str, Any]) -> int:
        bits = 0
        for bit, compute, present in self.filters:
            if (compute is None or compute(values)) and all(
                values[name] is not None for name in present
            ):
                bits |= bit
        return bits

    def _kept(self, value: Any, name: str, coded: str) -> int:
        if value is None:
            return 0
        if coded == "number":
            return int(value)
        if coded == "hash":
            return _mixed(value)
        return self.reader.groups[name].of_one(*_words(value))

    def _refused(self, name: str, reason: str) -> InputError:
        return InputError(f"column {name!r} of the event {reason}", where=f"table {self.table}")

    def _out_of_range(self) -> None:
        raise InputError(
            "a derived column of the event cannot be computed in 64 bits",
            where=f"table {self.table}",
        )


def moment_of(event: Event, name: str) -> int | None:
    """Microseconds of a column that holds a moment; None where it is missing.

    Raises:
        InputError: It is neither an aware datetime nor a whole number.
    """
    value = event.get(name)
    try:
        return None if value is None else _instant(value, None)
    except TypeError as error:
        raise InputError(f"column {name!r} of the event holds {value!r}: {error}") from error


def _words(value: Any) -> Words:
    """The same words as `columns` gives for one value."""
    return _text_words(value) if isinstance(value, str) else (int(value), 0)


def _fresh_words(value: Any) -> Words:
    """The same of what hardly comes again, and is not kept."""
    return _hashed(value) if isinstance(value, str) else (int(value), 0)


def _hashed(text: str) -> Words:
    first, second = hashing.hash_text(np.frombuffer(text.encode(), np.uint8))
    return first, second


_text_words = lru_cache(TEXTS_KEPT)(_hashed)
"""Kept for a while: the spaces of an event hash the same texts, and customers come again."""


@lru_cache(TEXTS_KEPT)
def _mixed(value: str | int) -> int:
    """What is kept of a value of which only those that differ are counted."""
    mixed = np.empty(1, np.int64)
    hashing.mix_all(np.array([_words(value)], np.int64), mixed)
    return int(mixed[0])


def _number(value: Any, column: Column) -> int:
    scaled: int
    if isinstance(value, float):
        scaled = round(value * 10.0**column.places)
    elif isinstance(value, Decimal):
        scaled = int(value.scaleb(column.places).to_integral_value(ROUND_HALF_EVEN))
    elif isinstance(value, int):
        scaled = value * 10**column.places
    else:
        message = "a number is wanted"
        raise TypeError(message)
    if abs(scaled) >= NUMBER_MAX:
        message = "it is too large for an exact sum"
        raise ValueError(message)
    return scaled


def _instant(value: Any, column: Column | None) -> int:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return microseconds(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    message = "an instant with a time zone, or microseconds since 1970, is wanted"
    raise TypeError(message)


def _flag(value: Any, column: Column) -> bool:
    if isinstance(value, bool):
        return value
    message = "true or false is wanted"
    raise TypeError(message)


def _category(value: Any, column: Column) -> str | int:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    message = "text or a whole number is wanted"
    raise TypeError(message)


_CONVERT: dict[ColumnType, Callable[[Any, Column], Any]] = {
    ColumnType.NUMBER: _number,
    ColumnType.INSTANT: _instant,
    ColumnType.FLAG: _flag,
    ColumnType.CATEGORY: _category,
}
