"""Columns of dates and times, in whatever form they were exported, to days and UTC instants."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts import rules
from headrace.facts.cells import Change, Coerced, Dialect, Distinct, Int64, Mask, Refusal, distinct
from headrace.facts.cells import numpy_mask as mask_of
from headrace.facts.localtime import DAY_US, ONE_MONTH, utc_from_local

_CLOCK = (
    r"(?:[T ]?\s*(?P<h>\d{1,2})(?::|时)(?P<min>\d{1,2})(?:(?::|分)(?P<s>\d{1,2})"
    r"(?:\.(?P<us>\d{1,9}))?)?(?:秒|分)?\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?)?$"
)
_YEAR_FIRST = r"^(?P<y>\d{4})(?:-|/|\.|年)\s?(?P<a>\d{1,2})(?:-|/|\.|月)\s?(?P<b>\d{1,2})日?"
_COMPACT = r"^(?P<y>\d{4})(?P<a>\d{2})(?P<b>\d{2})"
_YEAR_LAST = r"^(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4})"
_COMPACT_CLOCK = r"(?:(?P<h>\d{2})(?P<min>\d{2})(?P<s>\d{2}))?$"
_SERIAL = r"^(?P<day>[2-7]\d{4}|80000)(?P<part>\.\d+)?$"
_SERIAL_EPOCH = 25_569  # the Excel day number of 1970-01-01
_FIRST_YEAR, _LAST_YEAR = 1900, 2099


@dataclass(frozen=True, slots=True)
class _Read:
    """Wall-clock microseconds of distinct texts, and which texts could not be read.

    `local` holds UTC where `absolute`, and the clock of the mapping's zone elsewhere.
    """

    local: Int64
    absolute: Mask
    bad: Mask
    ambiguous: Mask
    changes: tuple[Change, ...]


def instant(cells: pa.ChunkedArray, dialect: Dialect) -> Coerced:
    """Days and times of any type to UTC microseconds; a day without a time is its local start."""
    kind = cells.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _instant_from_typed(cells, dialect.zone)
    column, changes = distinct(cells)
    read = _read(column, dialect.date_order)
    us = np.where(read.absolute, read.local, utc_from_local(read.local, dialect.zone))
    return _coerced(column, read, pa.array(us).cast(pa.timestamp("us", tz="UTC")), changes)


def day(cells: pa.ChunkedArray, dialect: Dialect) -> Coerced:
    """Days of any type to date32; a time of the day is dropped."""
    kind = cells.type
    if pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None):
        days = pc.cast(pc.floor_temporal(cells.combine_chunks(), unit="day"), pa.date32())
        return Coerced(*_within_years(days))
    column, changes = distinct(cells)
    read = _read(column, dialect.date_order)
    days = pa.array((read.local // DAY_US).astype(np.int32)).cast(pa.date32())
    return _coerced(column, read, days, changes)


def _coerced(
    column: Distinct, read: _Read, values: pa.Array, changes: tuple[Change, ...]
) -> Coerced:
    refused = ((rules.BAD_DATE, read.bad), (rules.AMBIGUOUS_DATE, read.ambiguous))
    refusals = tuple(Refusal(rule, column.rows(mask)) for rule, mask in refused if mask.any())
    stored = pc.if_else(pa.array(read.bad | read.ambiguous), None, values)
    return Coerced(column.spread(stored), refusals, (*changes, *read.changes))


def _instant_from_typed(cells: pa.ChunkedArray, zone: str) -> Coerced:
    column = cells.combine_chunks()
    values, refusals = _within_years(column)
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        return Coerced(pc.cast(values, pa.timestamp("us", tz="UTC"), safe=False), refusals)
    local = pc.cast(pc.cast(values, pa.timestamp("us"), safe=False), pa.int64())
    missing = mask_of(pc.is_null(local))
    us = utc_from_local(pc.fill_null(local, 0).to_numpy(zero_copy_only=False), zone)
    return Coerced(pa.array(us, mask=missing).cast(pa.timestamp("us", tz="UTC")), refusals)


def _within_years(column: pa.Array) -> tuple[pa.Array, tuple[Refusal, ...]]:
    year = pc.year(column)
    bad = mask_of(pc.or_(pc.less(year, _FIRST_YEAR), pc.greater(year, _LAST_YEAR)))
    refusals = (Refusal(rules.BAD_DATE, np.flatnonzero(bad)),) if bad.any() else ()
    return pc.if_else(pa.array(bad), None, column), refusals


def _read(column: Distinct, date_order: str) -> _Read:
    """Each distinct text in the first form that fits it."""
    count = len(column.texts)
    local, absolute = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    bad, ambiguous = np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
    changes: tuple[Change, ...] = ()
    for pattern in (_YEAR_FIRST + _CLOCK, _COMPACT + _COMPACT_CLOCK, _YEAR_LAST + _CLOCK):
        parts = pc.extract_regex(column.texts, pattern=pattern)
        fits = mask_of(pc.is_valid(parts))
        first, second = _number(parts, "a"), _number(parts, "b")
        month, of_month = first, second
        if pattern.startswith(_YEAR_LAST):
            order = date_order or _order(first[fits], second[fits])
            month, of_month = (first, second) if order == "mdy" else (second, first)
            ambiguous = fits & (order == "")
        us, valid = _wall_clock(parts, month, of_month)
        zone_us, zoned = _zone_offset(parts)
        local = np.where(fits, us - zone_us, local)
        absolute |= fits & zoned
        bad &= ~(fits & (valid | ambiguous))
    # The last form tried has the day or the month first.
    changes += column.change(rules.DATE_ORDER, fits & ~bad & ~ambiguous, _shown(local))
    serial_us, serial = _serials(column.texts)
    local = np.where(serial, serial_us, local)
    changes += column.change(rules.EXCEL_SERIAL, serial, _shown(local))
    return _Read(local, absolute, bad & ~serial, ambiguous, changes)


def _order(first: Int64, second: Int64) -> str:
    """Which of the two is the day, if the whole column agrees; empty if it cannot be told."""
    day_first, month_first = bool((first > 12).any()), bool((second > 12).any())
    if day_first == month_first:
        return ""
    return "dmy" if day_first else "mdy"


def _wall_clock(parts: pa.StructArray, month: Int64, of_month: Int64) -> tuple[Int64, Mask]:
    year = _number(parts, "y")
    hour, minute, second = (_number(parts, name) for name in ("h", "min", "s"))
    valid = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)
    months = (np.where(valid, year, 1970) - 1970) * 12 + np.where(valid, month, 1) - 1
    starts = months.astype("datetime64[M]")
    start = starts.astype("datetime64[D]").astype(np.int64)
    length = (starts + ONE_MONTH).astype("datetime64[D]").astype(np.int64) - start
    valid &= (of_month >= 1) & (of_month <= length) & (hour < 24) & (minute < 60) & (second < 60)
    seconds = (hour * 60 + minute) * 60 + second
    us = (start + of_month - 1) * DAY_US + seconds * 1_000_000 + _fraction_us(parts)
    return np.where(valid, us, 0), valid


def _number(parts: pa.StructArray, name: str) -> Int64:
    """A group of digits as numbers; 0 where the group is absent."""
    if name not in {field.name for field in parts.type}:
        return np.zeros(len(parts), dtype=np.int64)
    text = pc.fill_null(parts.field(name), "")
    values: Int64 = pc.cast(pc.if_else(pc.equal(text, ""), "0", text), pa.int64()).to_numpy()
    return values


def _fraction_us(parts: pa.StructArray) -> Int64:
    if "us" not in {field.name for field in parts.type}:
        return np.zeros(len(parts), dtype=np.int64)
    text = pc.utf8_rpad(pc.fill_null(parts.field("us"), ""), width=6, padding="0")
    values: Int64 = pc.cast(pc.utf8_slice_codeunits(text, 0, 6), pa.int64()).to_numpy()
    return values


def _zone_offset(parts: pa.StructArray) -> tuple[Int64, Mask]:
    """Microseconds by which a text says its clock is ahead of UTC, and whether it says so."""
    if "zone" not in {field.name for field in parts.type}:
        return np.zeros(len(parts), dtype=np.int64), np.zeros(len(parts), dtype=np.bool_)
    zone = pc.fill_null(parts.field("zone"), "")
    split = pc.extract_regex(zone, pattern=r"^(?P<sign>[+-])(?P<h>\d{2}):?(?P<min>\d{2})$")
    minutes = _number(split, "h") * 60 + _number(split, "min")
    ahead = np.where(mask_of(pc.equal(split.field("sign"), "-")), -minutes, minutes)
    return ahead * 60_000_000, mask_of(pc.not_equal(zone, ""))


def _serials(texts: pa.Array) -> tuple[Int64, Mask]:
    parts = pc.extract_regex(texts, pattern=_SERIAL)
    fits = mask_of(pc.is_valid(parts))
    part = pc.fill_null(parts.field("part"), "")
    share = pc.cast(pc.if_else(pc.equal(part, ""), "0", part), pa.float64()).to_numpy()
    # A spreadsheet keeps a time to about a millisecond: the nearest one is what was typed.
    clock = np.rint(share * 86_400_000).astype(np.int64) * 1_000
    return (_number(parts, "day") - _SERIAL_EPOCH) * DAY_US + clock, fits


def _shown(local_us: Int64) -> pa.Array:
    return pa.array(local_us.astype("datetime64[us]").astype("datetime64[s]").astype(str))
