"""A batch of cases by column, as the program sees it: typed arrays, and which values are there.

A value of a column is a FEEL value: a number stands for the decimal that a person would write (the
shortest that reads back as the same double), a timestamp for a date and time in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.decisions.feel import Date, DateTime, DaysTime, Time, Value
from headrace.decisions.feel.calendar import moment
from headrace.errors import InputError

Bools = NDArray[np.bool_]
Array = NDArray[Any]

NUMBER = "number"
STRING = "string"
BOOLEAN = "boolean"
DATE = "date"
DATE_TIME = "date and time"
DURATION = "days and time duration"
NOTHING = "Null"
KINDS = (NUMBER, STRING, BOOLEAN, DATE, DATE_TIME, DURATION, NOTHING)
"""What a column can hold, by the names FEEL gives these types."""

LARGEST = 2**63 - 1
LEAST = -(2**63)
UTC_CLOCK = Time(0, 0, 0, offset=0)


@dataclass(frozen=True, eq=False)
class Column:
    """One value a case.

    Attributes:
        kind: One of `KINDS`; `Null` where every value is missing.
        values: number: float64, finite, or int64. string: int32 or int64, each a place in `texts`.
            boolean: bool. date: int64, days since 1970-01-01. date and time: int64, microseconds
            since 1970 UTC. days and time duration: int64, microseconds. Where a value is missing,
            anything.
        present: False where the value is missing (null, NaN, an infinity).
        texts: The distinct texts; empty for other kinds.
    """

    kind: str
    values: Array
    present: Bools
    texts: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.present)

    def take(self, rows: NDArray[np.int64] | Bools | slice) -> Column:
        """The same column of some cases."""
        return Column(self.kind, self.values[rows], self.present[rows], self.texts)

    def value(self, row: int) -> Value:
        """The FEEL value of a case; None where it is missing."""
        if not self.present[row]:
            return None
        return feel_value(self.kind, self.values[row].item(), self.texts)

    def feel_values(self) -> list[Value]:
        """All of them; slow, for where the interpreter has to look."""
        words = self.values.tolist()
        there = self.present.tolist()
        return [
            feel_value(self.kind, word, self.texts) if known else None
            for word, known in zip(words, there, strict=True)
        ]

    def to_arrow(self) -> pa.Array:
        """As Arrow has it; missing is null."""
        if self.kind == NUMBER:
            return _number_array(self.values, self.present)
        mask = ~self.present
        match self.kind:
            case "string":
                codes = pa.array(self.values.astype(np.int64), mask=mask)
                return pa.array(self.texts, pa.string()).take(codes)
            case "date":
                return pa.array(self.values.astype(np.int32), pa.int32(), mask=mask).cast(
                    pa.date32()
                )
            case "date and time":
                moments = pa.array(self.values.astype(np.int64), pa.int64(), mask=mask)
                return moments.cast(pa.timestamp("us", "UTC"))
            case "days and time duration":
                spans = pa.array(self.values.astype(np.int64), pa.int64(), mask=mask)
                return spans.cast(pa.duration("us"))
            case "Null":
                return pa.nulls(len(self))
        return pa.array(self.values, mask=mask)


def _number_array(values: Array, present: Bools) -> pa.Array:
    """Numbers of the same memory; missing is null."""
    is_double = values.dtype == np.float64
    kind = pa.float64() if is_double else pa.int64()
    values = np.ascontiguousarray(values, np.float64 if is_double else np.int64)
    valid = None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(values)])


def feel_value(kind: str, word: Any, texts: Sequence[str] = ()) -> Value:
    """The FEEL value that a word of a column of this kind stands for."""
    match kind:
        case "number":
            return Decimal(repr(word)) if isinstance(word, float) else Decimal(word)
        case "string":
            return str(texts[word])
        case "boolean":
            return bool(word)
        case "date":
            return Date.of_ordinal(word)
        case "date and time":
            return moment(word * 1000, UTC_CLOCK)
        case "days and time duration":
            return DaysTime(word * 1000)
    return None


def column_of_values(values: Sequence[Value], where: str = "") -> Column:
    """The column that holds these FEEL values, all of one kind or missing.

    A number is rounded to the nearest double, half to even; beyond the largest it is missing, as
    it is in FEEL beyond 10^6145. A zero has no sign. A moment and a duration are cut to whole
    microseconds.

    Raises:
        InputError: The values are of two kinds, or of one that no column holds (a list, a local
            time, a moment 300,000 years from now).
    """
    present = np.array([value is not None for value in values], dtype=np.bool_)
    kinds = {kind_of(value) for value in values if value is not None}
    if len(kinds) > 1 or "" in kinds:
        found = " and ".join(sorted(name or "a list, a context or a time of day" for name in kinds))
        raise InputError(
            f"One column would hold {found}", where=where, remedy="Give every case one type"
        )
    if not kinds:
        return missing(len(values))
    kind = kinds.pop()
    if kind == STRING:
        places: dict[str, int] = {}
        codes = [
            places.setdefault(value, len(places)) if isinstance(value, str) else -1
            for value in values
        ]
        return Column(kind, np.array(codes, np.int64), present, tuple(places))
    words = [0 if value is None else word_of(value) for value in values]
    if kind == NUMBER:
        numbers = np.array(words, np.float64)
        present &= np.isfinite(numbers)
        return Column(kind, numbers, present) if present.any() else missing(len(values))
    if any(abs(word) > LARGEST for word in words):
        raise InputError(
            f"A {kind} is too far away for a column", where=where, remedy="Stay below 290,000 years"
        )
    return Column(kind, np.array(words, np.bool_ if kind == BOOLEAN else np.int64), present)


def kind_of(value: Value) -> str:
    """The column kind of a value; empty where no column holds such values."""
    match value:
        case bool():
            return BOOLEAN
        case Decimal():
            return NUMBER
        case str():
            return STRING
        case Date():
            return DATE
        case DateTime() if value.offset() is not None:
            return DATE_TIME
        case DaysTime():
            return DURATION
    return ""


def word_of(value: Value) -> float | int | bool:
    """What a column holds of a value."""
    match value:
        case bool():
            return value
        case Decimal():
            return float(value) + 0.0  # minus zero becomes zero
        case Date():
            return value.ordinal()
        case DateTime():
            return value.instant() // 1000
        case DaysTime():
            return value.nanoseconds // 1000
    raise TypeError(value)


def missing(count: int) -> Column:
    """A column without a value."""
    nothing = np.zeros(count, np.bool_)
    return Column(NOTHING, nothing, nothing)


def constant(value: Value, count: int) -> Column:
    """The same value for every case."""
    one = column_of_values([value])
    return one.take(np.zeros(count, np.int64))


def read_column(array: pa.ChunkedArray | pa.Array, name: str = "") -> Column:
    """The column that an Arrow array is.

    Args:
        array: Numbers (a decimal is rounded to the nearest double), text, booleans, dates,
            timestamps (without a zone they are UTC), durations, or nulls; dictionaries of text.
        name: For errors.

    Raises:
        InputError: It holds lists, structs or anything else that no test can be asked of.
    """
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text_column(array)
    if pa.types.is_null(kind):
        return missing(len(array))
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
    if pa.types.is_decimal(kind):  # by way of text: Arrow's own cast is not to the nearest
        array = array.cast(pa.string()).cast(pa.float64())
        kind = array.type
    if pa.types.is_floating(kind):
        array = array if kind == pa.float64() else array.cast(pa.float64())
        values = array.to_numpy(zero_copy_only=False)  # null becomes NaN
        present = np.isfinite(values)
        return Column(NUMBER, values if present.all() else np.where(present, values, 0.0), present)
    if kind == pa.int64() and not array.null_count:
        return Column(NUMBER, array.to_numpy(), np.ones(len(array), np.bool_))
    present = np.asarray(pc.is_valid(array))
    if pa.types.is_boolean(kind):
        return Column(BOOLEAN, np.asarray(pc.fill_null(array, fill_value=False)), present)
    if pa.types.is_integer(kind):
        beyond = pa.types.is_uint64(kind) and (pc.max(array).as_py() or 0) > LARGEST
        whole = array.cast(pa.float64() if beyond else pa.int64(), safe=not beyond)
        return Column(NUMBER, _filled(whole), present)
    found = _temporal(array, present)
    if found is not None:
        return found
    raise InputError(
        f"'{name}' is a {kind}, which no test can be asked of",
        where=name,
        remedy="Give numbers, text, true/false, dates or timestamps",
    )


def _temporal(array: pa.Array, present: Bools) -> Column | None:
    """The column that an array of days, moments or durations is; None for any other."""
    for is_kind, name_of, to in (
        (pa.types.is_date, DATE, pa.date32()),
        (pa.types.is_timestamp, DATE_TIME, pa.timestamp("us")),
        (pa.types.is_duration, DURATION, pa.duration("us")),
    ):
        if is_kind(array.type):
            whole = array.cast(to, safe=False)
            words = (
                whole.view(pa.int32()).cast(pa.int64())
                if to == pa.date32()
                else (whole.view(pa.int64()))
            )
            return Column(name_of, _filled(words), present)
    return None


def _filled(array: pa.Array) -> Array:
    return np.asarray(pc.fill_null(array, 0) if array.null_count else array)


def _text_column(array: pa.ChunkedArray | pa.Array) -> Column:
    encoded = array if pa.types.is_dictionary(array.type) else pc.dictionary_encode(array)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # some versions keep one chunk or none
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], encoded.type)
    if encoded.dictionary.null_count:  # null as a word
        encoded = pc.dictionary_encode(encoded.cast(encoded.type.value_type))
    codes = np.asarray(pc.fill_null(encoded.indices.cast(pa.int64()), -1))
    return Column(STRING, codes, codes >= 0, tuple(encoded.dictionary.to_pylist()))
