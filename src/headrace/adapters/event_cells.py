"""Cells of event files as the values that definitions say: numbers, categories, flags, instants.

Whole columns are read at once. Where a column of text holds one cell that cannot be read that way,
its different texts are read one by one: slower, with the same values, and it finds the bad ones.

    number     12, -0.5, 1e6; not 1,000, which elsewhere is one
    flag       true, false, yes, no, 1, 0, 是, 否
    instant    2024-05-01 08:30:00, with or without an offset (Z, +08:00); year first, also 2024/5/1
    category   text; whole numbers are text too, so that 7 in one file is "7" in another, unless a
               filter compares the column with whole numbers

A time without an offset is on the clock of the zone. A date without a time is the end of that day:
what is known on a day is not known before it is over, so that nothing is seen ahead of its time.
An empty cell, or one of blanks, is missing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.clock import end_of_day
from headrace.errors import InputError
from headrace.facts.localtime import DAY_US, microseconds, utc_from_local
from headrace.features.columns import TIME_END, TIME_FIRST
from headrace.features.definition import Column, ColumnType

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
INSTANT = pa.timestamp("us", tz="UTC")
_DECIMAL = pa.decimal128(38, 12)
_DIGITS_MAX = 25  # before the point
_DIGITS = Context(prec=38)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_TIME = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:[T ](\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)? ?(?:(Z)|([+-])(\d\d):?(\d\d))?",
    re.ASCII,
)
# What Arrow reads as these do; a column is read at once where every cell is of one of them.
_PLAIN_NUMBER = r"^[+-]?[0-9]{1,25}(\.[0-9]{1,12})?$"  # 3e30 would overflow without a word
_DATED = r"^\d{4}-\d\d-\d\d$"
_CLOCKED = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?$"
_ZONED = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$"
_FLAGS = {
    **dict.fromkeys(("true", "yes", "1", "是"), True),
    **dict.fromkeys(("false", "no", "0", "否"), False),
}
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

IS_MISSING = "is missing"
_REASONS = {
    ColumnType.NUMBER: "is not a number",
    ColumnType.CATEGORY: "is not a whole number",
    ColumnType.FLAG: "is neither true nor false",
    ColumnType.INSTANT: "is not a time of the years 1970 to 2099, such as 2024-05-01 08:30:00",
}


@dataclass(frozen=True)
class Cells:
    """One column.

    Attributes:
        values: As the engines take them; null is missing.
        bad: Where something stands that cannot be read, (n,).
        reason: What is wrong with it.
    """

    values: pa.ChunkedArray
    bad: Mask
    reason: str


def read_cells(data: pa.ChunkedArray, column: Column, zone: str, *, whole: bool = False) -> Cells:
    """One column of a file.

    Args:
        data: As the file holds it.
        column: As it is defined.
        zone: Whose clock a time without an offset is on.
        whole: Whether a category is compared with whole numbers.

    Raises:
        InputError: The file holds another type, such as times where a number should be.
    """
    data = _plain(data)
    if pa.types.is_null(data.type):
        data = data.cast(pa.string())
    is_text = pa.types.is_string(data.type)
    if is_text:
        data = pc.utf8_trim_whitespace(data)
        data = pc.if_else(pc.equal(data, ""), pa.scalar(None, pa.string()), data)
    match column.type:
        case ColumnType.NUMBER:
            values = _number_texts(data, column.places) if is_text else _numbers(data, column)
        case ColumnType.FLAG:
            values = _flag_texts(data) if is_text else _flags(data, column)
        case ColumnType.INSTANT:
            values = _time_texts(data, zone) if is_text else _times(data, column, zone)
        case ColumnType.CATEGORY:
            values = _categories(data, column, whole=whole)
    bad = pc.and_(pc.is_valid(data), pc.is_null(values))
    return Cells(values, np.asarray(bad.to_numpy(), np.bool_), _REASONS[column.type])


def _plain(data: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without dictionaries and the many kinds of text; NaN is missing."""
    if pa.types.is_dictionary(data.type):
        data = data.cast(data.type.value_type)
    if pa.types.is_large_string(data.type) or pa.types.is_string_view(data.type):
        data = data.cast(pa.string())
    if pa.types.is_floating(data.type):
        data = pc.if_else(pc.is_nan(data), pa.scalar(None, data.type), data)
    return data


def _each(texts: pa.ChunkedArray, read: Callable[[str], Any], kind: pa.DataType) -> pa.ChunkedArray:
    """Every different text once; None where it cannot be read."""
    encoded = texts.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    found = pa.array([read(text) for text in encoded.dictionary.to_pylist()], kind)
    return pa.chunked_array([found.take(encoded.indices)], kind)


def _wrong(data: pa.ChunkedArray, column: Column) -> InputError:
    return InputError(
        f"column {column.name!r} holds {data.type}, not {column.type.value}",
        remedy="give it another type in the definitions, or convert the file",
    )


# --- numbers --------------------------------------------------------------------------------------


def _number_texts(texts: pa.ChunkedArray, places: int) -> pa.ChunkedArray:
    if _all(texts, _PLAIN_NUMBER):
        return texts.cast(_DECIMAL)
    return _each(texts, lambda text: read_number(text, places), _DECIMAL)


def read_number(text: str, places: int) -> Decimal | None:
    """A number, rounded half to even; None where it is none."""
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    if number and number.adjusted() >= _DIGITS_MAX:
        return None
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, _DIGITS)


def _numbers(data: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    kind = data.type
    if pa.types.is_boolean(kind):
        return data.cast(pa.int8())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return data
    raise _wrong(data, column)


# --- flags ----------------------------------------------------------------------------------------


def _flag_texts(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    return _each(texts, lambda text: _FLAGS.get(text.lower()), pa.bool_())


def _flags(data: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    if pa.types.is_boolean(data.type):
        return data
    if not (pa.types.is_integer(data.type) or pa.types.is_floating(data.type)):
        raise _wrong(data, column)
    true, false = (pc.equal(data, pa.scalar(each, data.type)) for each in (1, 0))
    return pc.if_else(pc.or_(true, false), true, pa.scalar(None, pa.bool_()))


# --- categories -----------------------------------------------------------------------------------


def _categories(data: pa.ChunkedArray, column: Column, *, whole: bool) -> pa.ChunkedArray:
    kind = data.type
    if pa.types.is_floating(kind):  # whole numbers with gaps, as some programs write them
        fits = pc.and_(pc.equal(data, pc.round(data)), pc.less(pc.abs(data), 2.0**53))
        data = pc.if_else(fits, data, pa.scalar(None, kind)).cast(pa.int64())
    elif pa.types.is_decimal(kind):
        fits = pc.equal(data, pc.round(data))
        data = pc.if_else(fits, data, pa.scalar(None, kind)).cast(pa.string())
        data = pc.replace_substring_regex(data, r"\.0*$", "")
    elif pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise _wrong(data, column)
    if not whole:
        return _named(data)
    if pa.types.is_integer(data.type) and data.type != pa.uint64():
        return data.cast(pa.int64())
    return _each(data.cast(pa.string()), _whole, pa.int64())


def _named(data: pa.ChunkedArray) -> pa.ChunkedArray:
    """As text, each different value written once."""
    encoded = data.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    names = encoded.dictionary.cast(pa.string())
    return pa.chunked_array([pa.DictionaryArray.from_arrays(encoded.indices, names)])


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) else None


# --- instants -------------------------------------------------------------------------------------


def _time_texts(texts: pa.ChunkedArray, zone: str) -> pa.ChunkedArray:
    try:
        if _all(texts, _ZONED):
            return _within(texts.cast(INSTANT).cast(pa.int64()), 1_000_000, "UTC")
        if _all(texts, _CLOCKED):
            return _within(texts.cast(pa.timestamp("us")).cast(pa.int64()), 1_000_000, zone)
        if _all(texts, _DATED):
            return _ends_of_days(texts.cast(pa.date32()).cast(pa.int32()), zone)
    except pa.ArrowInvalid:  # a 30th of February
        pass
    return _each(texts, lambda text: read_time(text, zone), INSTANT)


def _all(texts: pa.ChunkedArray, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(texts, pattern)).as_py() is not False


def read_time(text: str, zone: str) -> datetime | None:
    """An instant, UTC; None where it is none, or not of the years 1970 to 2099."""
    found = _TIME.fullmatch(text)
    if found is None or (found[4] is None and (found[8] or found[9])):
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        if found[4] is None:
            moment = end_of_day(day, zone)
        else:
            clock = datetime(day.year, day.month, day.day, int(found[4]), int(found[5]))  # noqa: DTZ001 - its zone comes next
            moment = clock.replace(tzinfo=_zone_of(found, zone)).astimezone(UTC)
            moment += timedelta(seconds=int(found[6] or 0))
            moment += timedelta(microseconds=int((found[7] or "").ljust(6, "0")[:6]))
            if int(found[6] or 0) > 59:
                return None
    except (ValueError, OverflowError):  # a month 13, an hour 25, the year 0
        return None
    return moment if TIME_FIRST <= microseconds(moment) < TIME_END else None


def _zone_of(found: re.Match[str], zone: str) -> Any:
    if found[8]:
        return UTC
    if not found[9]:
        return ZoneInfo(zone)
    ahead = timedelta(hours=int(found[10]), minutes=int(found[11]))
    return timezone(ahead if found[9] == "+" else -ahead)


def _times(data: pa.ChunkedArray, column: Column, zone: str) -> pa.ChunkedArray:
    kind = data.type
    if pa.types.is_date(kind):
        return _ends_of_days(data.cast(pa.date32()).cast(pa.int32()), zone)
    if not pa.types.is_timestamp(kind):
        raise _wrong(data, column)
    return _within(data.cast(pa.int64()), _PER_SECOND[kind.unit], "UTC" if kind.tz else zone)


def _within(ticks: pa.ChunkedArray, per_second: int, zone: str) -> pa.ChunkedArray:
    """Instants from ticks of a clock; null beyond the years that are kept."""
    # A day more on both sides: the clock is not yet that of UTC.
    low = TIME_FIRST // 1_000_000 - 86_400
    high = TIME_END // 1_000_000 + 86_400
    fits = pc.and_(pc.greater_equal(ticks, low * per_second), pc.less(ticks, high * per_second))
    fits = np.asarray(pc.fill_null(fits, fill_value=False).to_numpy(), np.bool_)
    whole = np.asarray(pc.fill_null(ticks, 0).to_numpy(), np.int64)
    whole = np.where(fits, whole, 0)
    if per_second > 1_000_000:
        clock = whole // (per_second // 1_000_000)
    else:
        clock = whole * (1_000_000 // per_second)
    return _instants(clock if zone == "UTC" else utc_from_local(clock, zone), fits)


def _ends_of_days(days: pa.ChunkedArray, zone: str) -> pa.ChunkedArray:
    fits = pc.and_(pc.greater_equal(days, 0), pc.less(days, TIME_END // DAY_US))
    fits = np.asarray(pc.fill_null(fits, fill_value=False).to_numpy(), np.bool_)
    whole = np.where(fits, np.asarray(pc.fill_null(days, 0).to_numpy(), np.int64), 0)
    return _instants(utc_from_local((whole + 1) * DAY_US, zone) - 1, fits)


def _instants(moments: Ints, fits: Mask) -> pa.ChunkedArray:
    kept = fits & (moments >= TIME_FIRST) & (moments < TIME_END)
    return pa.chunked_array([pa.array(moments, pa.int64(), mask=~kept).cast(INSTANT)])
