"""Text cells of a format as typed columns; what cannot be read is told, cell by cell."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.clock import end_of_day, start_of_day
from headrace.facts.cells import numpy_mask
from headrace.facts.localtime import instant_of, microseconds
from headrace.facts.schema import KNOWN_TIME, Field, FieldType

_INT64_MAX = 2**63 - 1
_DAY_CHARACTERS = 10
EXPECTED = {
    FieldType.INSTANT: ("this is not a date or time", "write 2026-03-31 or 2026-03-31T09:30:00Z"),
    FieldType.RATE: ("this is not a number", "write a fraction, 0.51"),
    FieldType.MONEY: ("this is not a whole number of minor units", "write fen: 150000"),
    FieldType.INTEGER: ("this is not a whole number", "write 1, 2, 3"),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A column after reading.

    Attributes:
        values: Typed; null where the cell is empty or refused.
        refused: Positions of cells that cannot be read.
    """

    values: pa.Array
    refused: NDArray[np.int64]


def typed(cells: pa.Array, field: Field, zone: str) -> Typed:
    """A column of text cells; a null stays null.

    Args:
        cells: Plain text.
        field: What it is to become: instants become int64 microseconds, UTC; texts stay.
        zone: Of days without a time.
    """
    kind = field.type
    if kind not in EXPECTED:
        return Typed(cells, np.empty(0, np.int64))
    wanted = pa.int64() if kind is FieldType.INSTANT else kind.arrow
    if kind is not FieldType.INSTANT:
        try:
            return Typed(pc.cast(cells, wanted), np.empty(0, np.int64))
        except pa.ArrowInvalid:
            pass  # at least one cell is none: look at each distinct one
    encoded = pc.dictionary_encode(cells)
    distinct = [read_one(text, field, zone) for text in encoded.dictionary.to_pylist()]
    values = pa.array(distinct, wanted).take(encoded.indices)
    bad = numpy_mask(pc.and_(pc.is_null(values), pc.is_valid(cells)))
    return Typed(values, np.flatnonzero(bad))


def read_one(text: str, field: Field, zone: str) -> float | int | None:
    """One cell of a field that is not text; None: it cannot be read."""
    read = known_instant if field is KNOWN_TIME else _READERS[field.type]
    return read(text, zone)


def instant(text: str, zone: str) -> int | None:
    """Microseconds since 1970, UTC, of an ISO 8601 date, month, year or time; None: it is none.

    A date is the beginning of its day in `zone`, a month or a year of its first day; a time
    without an offset is UTC.
    """
    return _instant(text.strip(), zone)


def known_instant(text: str, zone: str) -> int | None:
    """The same for a time of knowing: a bare day, month or year counts when that day is over."""
    found = instant(text, zone)
    if found is None or len(text.strip()) > _DAY_CHARACTERS:
        return found
    day = instant_of(found).astimezone(ZoneInfo(zone)).date()
    return microseconds(end_of_day(day, zone))


@lru_cache(maxsize=1 << 16)
def _instant(text: str, zone: str) -> int | None:
    try:
        if len(text) <= _DAY_CHARACTERS:
            padded = text + {4: "-01-01", 7: "-01"}.get(len(text), "")
            if padded[4:5] != "-":
                return None
            return microseconds(start_of_day(date.fromisoformat(padded), zone))
        found = datetime.fromisoformat(text)
        return microseconds(found if found.tzinfo else found.replace(tzinfo=ZoneInfo("UTC")))
    except (ValueError, OverflowError):
        return None


def instant_texts(instants: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Instants, timestamp("us", "UTC"), as text: 2026-03-31T09:30:00.000000Z."""
    texts = instants.cast(pa.timestamp("us")).cast(pa.string())  # with a zone 25 times slower
    return pc.binary_join_element_wise(pc.replace_substring(texts, " ", "T"), "Z", "")


def day_text(us: int, zone: str) -> str:
    """The calendar day in `zone` of an instant."""
    return instant_of(us).astimezone(ZoneInfo(zone)).date().isoformat()


def utc_text(us: int) -> str:
    """An instant as `2026-03-31T09:30:00Z`, with microseconds where there are any."""
    return instant_of(us).isoformat().replace("+00:00", "Z")


def known_text(us: int, zone: str) -> str:
    """A time of knowing as `known_instant` reads it back: the day at whose end it is, or UTC."""
    day = day_text(us, zone)
    return day if known_instant(day, zone) == us else utc_text(us)


def is_day(us: int, zone: str) -> bool:
    """Whether an instant is the beginning of a day of the zone."""
    return instant_of(us).astimezone(ZoneInfo(zone)).time() == time.min


def percent(share: float) -> str:
    """A fraction as a percentage, exactly: 0.333 is `33.3`."""
    return format((Decimal(repr(share)) * 100).normalize(), "f")


def fraction(text: str) -> float | None:
    """The fraction of a percentage, exactly: `33.3` is 0.333; None: it is no number."""
    try:
        value = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        return None
    return float(value / 100) if value.is_finite() else None


def decimal(minor: int, per_major: int) -> str:
    """Minor units as a decimal number of major units: 150 of 100 is `1.5`."""
    return format((Decimal(minor) / per_major).normalize(), "f")


def minor(text: str, per_major: int) -> int | None:
    """Minor units of a decimal number; None: it is none, or finer than the minor unit."""
    try:
        return _integer(str(Decimal(text.strip()) * per_major), "")
    except InvalidOperation:
        return None


def _rate(text: str, _zone: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _integer(text: str, _zone: str) -> int | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    whole = value.is_finite() and abs(value) <= _INT64_MAX and value == value.to_integral_value()
    return int(value) if whole else None


_READERS: dict[FieldType, Callable[[str, str], float | int | None]] = {
    FieldType.INSTANT: instant,
    FieldType.RATE: _rate,
    FieldType.MONEY: _integer,
    FieldType.INTEGER: _integer,
}
