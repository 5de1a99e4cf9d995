"""Cells of a user's table as a card takes them: numbers, texts, days, outcomes, in whole columns.

    number    12, -0.5, 1e6, 1,234.5, 12.5%; a blank, NA, N/A, NaN, null, - or — is missing
    text      as it stands, blanks around it taken off; `none` and 无 are texts, not missing
    day       2024-03-01, 2024/3/1, 20240301, 2024-03, 2024, 2024年3月1日
    outcome   1 0, yes no, true false, 是 否, bad good, 坏 好, 违约 正常, or as `--bad` says

A cell that is none of these is told, never taken for missing in silence.
"""

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from headrace.errors import InputError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Days = NDArray[np.datetime64]

ABSENT = frozenset({"", "na", "n/a", "nan", "null", "#n/a", "-", "--", "—"})
MOSTLY = 0.9
"""A column of texts is one of numbers, or of days, where this share of its cells are."""

NAMES_LEAST, NAMES_SHARE = 20, 0.2
"""More different texts than both (a number, a share of the cells) are names, not categories."""

_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_NUMBER = re.compile(_PLAIN.removeprefix("^").removesuffix("$"), re.ASCII)
_DAY = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?|年|(\d\d)(\d\d))?(?:[T ].*)?", re.ASCII
)
_KEY = re.compile(r"(^|[^a-z])(id|no|number|code|key|uuid)$|编号|代码|证号|序号|号码|合同号|流水号")
_SOUNDS_BAD = re.compile(r"bad|default|charge|chg|late|delinq|loss|逾期|违约|不良|坏|核销|损失")
_OUTCOMES = {
    **dict.fromkeys(("1", "yes", "y", "true", "t", "是", "bad", "坏", "违约", "default"), 1),
    **dict.fromkeys(("0", "no", "n", "false", "f", "否", "good", "好", "正常", "paid"), 0),
}


class Holds(Enum):
    """What a column holds."""

    NUMBER = "number"
    TEXT = "text"
    DAY = "day"
    NAME = "name"
    NOTHING = "nothing"
    OTHER = "other"


@dataclass(frozen=True, eq=False)
class Cells:
    """A column read.

    Attributes:
        values: An array of float64 (NaN missing), of texts (null missing) or of days (null).
        bad: Cells that could not be read, (n,).
    """

    values: pa.Array
    bad: Mask


def plain_column(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array; dictionaries opened, every kind of text one, texts trimmed, absent ones null."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    if pt.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pt.is_large_string(array.type) or pt.is_string_view(array.type) or pt.is_null(array.type):
        array = array.cast(pa.string())
    if not pt.is_string(array.type):
        return array
    trimmed = pc.utf8_trim_whitespace(array)
    absent = pc.is_in(pc.utf8_lower(trimmed), pa.array(sorted(ABSENT)))
    return pc.if_else(absent, pa.scalar(None, pa.string()), trimmed)


def held(name: str, array: pa.Array) -> Holds:
    """What a column holds, as `plain_column` gave it."""
    kind = array.type
    known = len(array) - array.null_count
    if not known:
        return Holds.NOTHING
    if pt.is_string(kind):
        return _held_texts(array, known)
    if pt.is_date(kind) or pt.is_timestamp(kind):
        return Holds.DAY
    if pt.is_integer(kind) and _KEY.search(name.casefold()) and known > NAMES_LEAST:
        return Holds.NAME if pc.count_distinct(array).as_py() == known else Holds.NUMBER
    return Holds.NUMBER if _is_number(kind) else Holds.OTHER


def _held_texts(array: pa.Array, known: int) -> Holds:
    counted = pc.value_counts(array.drop_null()).to_pylist()
    written = [(each["values"], each["counts"]) for each in counted]
    days = sum(count for text, count in written if len(text) > 4 and read_day(text) is not None)
    if days >= MOSTLY * known:
        return Holds.DAY
    numbers = sum(count for text, count in written if read_number(text) is not None)
    if numbers >= MOSTLY * known:
        return Holds.NUMBER
    many = len(counted) > max(NAMES_LEAST, NAMES_SHARE * known)
    return Holds.NAME if many else Holds.TEXT


def _is_number(kind: pa.DataType) -> bool:
    found = pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind)
    return bool(found or pt.is_boolean(kind))


def numbers_of(array: pa.Array) -> Cells:
    """A column as numbers; what is no finite number is bad."""
    if pt.is_string(array.type):
        if pc.all(pc.match_substring_regex(array, _PLAIN)).as_py() is not False:
            values = _floats(pc.cast(array, pa.float64()))
        else:
            values = _each(array, read_number, math.nan)
    elif _is_number(array.type):
        plain = array.cast(pa.int8()) if pt.is_boolean(array.type) else array
        values = _floats(plain.cast(pa.float64(), safe=False))
    else:
        return Cells(pa.nulls(len(array), pa.float64()), _known(array))
    infinite = np.isinf(values)
    known = _known(array)
    if pt.is_floating(array.type):
        known &= ~np.isnan(values)
    values = np.where(infinite, np.nan, values)
    return Cells(pa.array(values, pa.float64()), known & np.isnan(values))


def texts_of(array: pa.Array) -> Cells:
    """A column as texts: a number by its shortest text, 7.0 as 7."""
    kind = array.type
    good = np.zeros(len(array), np.bool_)
    if pt.is_string(kind):
        return Cells(array, good)
    if pt.is_floating(kind):
        found = [_named(value) for value in array.to_pylist()]
        return Cells(pa.array(found, pa.string()), good)
    if _is_number(kind) or pt.is_date(kind) or pt.is_timestamp(kind):
        return Cells(array.cast(pa.string()), good)
    return Cells(pa.nulls(len(array), pa.string()), _known(array))


def _named(value: float | None) -> str | None:
    if value is None or math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 2.0**53 else repr(value)


def days_of(array: pa.Array) -> tuple[Days, Mask]:
    """A column as days, NaT where missing or bad, and where it is bad."""
    if pt.is_date(array.type) or pt.is_timestamp(array.type):
        found = [each and (each.year, each.month, each.day) for each in array.to_pylist()]
        texts = ["NaT" if each is None else "{:04d}-{:02d}-{:02d}".format(*each) for each in found]
        return np.array(texts, "datetime64[D]"), np.zeros(len(array), np.bool_)
    values = _each(texts_of(array).values, _ordinal, math.nan)
    bad = _known(array) & np.isnan(values)
    days = np.where(np.isnan(values), 0, values).astype(np.int64).astype("datetime64[D]")
    return np.where(np.isnan(values), np.datetime64("NaT"), days), bad


def outcomes_of(array: pa.Array, name: str, bad: Collection[str]) -> Floats:
    """1 bad, 0 good, NaN not known, (n,).

    Args:
        array: The column.
        name: For errors.
        bad: Values that stand for bad, all others being good; empty: by the words of the module.

    Raises:
        InputError: A value is none of the words, or no row has one of the values.
    """
    plain = array.cast(pa.int8()) if pt.is_boolean(array.type) else array
    texts = texts_of(plain).values
    present = sorted({text.casefold() for text in texts.to_pylist() if text is not None})
    shown = ", ".join(present[:6]) + (", …" if len(present) > 6 else "")
    where = f"--target, column {name}"
    if bad:
        wanted = {each.strip().casefold() for each in bad}
        absent = sorted(wanted - set(present))
        if absent:
            remedy = f"the column holds {shown or 'nothing'}"
            raise InputError(f"no row has the value {absent[0]!r}", where=where, remedy=remedy)
        return _each(texts, lambda text: float(text.casefold() in wanted), math.nan)
    strange = [text for text in present if text not in _OUTCOMES]
    if strange:
        likely = next((text for text in present if _SOUNDS_BAD.search(text)), "VALUE")
        raise InputError(
            f"it cannot be told which outcome is bad: {shown}",
            where=where,
            remedy=f"name the bad one: --bad {likely}; the others are good then",
        )
    return _each(texts, lambda text: float(_OUTCOMES[text.casefold()]), math.nan)


def read_number(text: str) -> float | None:
    """A number; None where it is none."""
    body = text.removesuffix("%").rstrip() if text.endswith("%") else text
    if _GROUPED.fullmatch(body):
        body = body.replace(",", "")
    elif not _NUMBER.fullmatch(body):
        return None
    found = float(body)
    return found / 100 if text.endswith("%") else found


def read_day(text: str) -> date | None:
    """A day; the first of a month or a year that stands alone; None where it is none.

    A number of four digits is a year only between 1900 and 2199.
    """
    found = _DAY.fullmatch(text)
    if found is None or not 1900 <= int(found[1]) <= 2199:
        return None
    try:
        return date(int(found[1]), int(found[2] or found[4] or 1), int(found[3] or found[5] or 1))
    except ValueError:
        return None


def _ordinal(text: str) -> float | None:
    day = read_day(text)
    return None if day is None else float(day.toordinal() - date(1970, 1, 1).toordinal())


def _each(array: pa.Array, read: Callable[[str], Any], missing: float) -> Floats:
    """Every different text read once; NaN where null or where it cannot be read."""
    encoded = array.dictionary_encode()
    found = [read(text) for text in encoded.dictionary.to_pylist()]
    values = np.array([missing if each is None else each for each in [*found, None]], np.float64)
    codes = pc.fill_null(encoded.indices.cast(pa.int64()), len(found))
    return np.asarray(values[np.asarray(codes.to_numpy(zero_copy_only=False))])


def _floats(array: pa.Array) -> Floats:
    filled = pc.fill_null(array, math.nan)
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.float64)


def _known(array: pa.Array) -> Mask:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), np.bool_)
