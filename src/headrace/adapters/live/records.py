"""Records of the log of live features: what came in, and where it came from.

    record    = head, position bytes, then padding to a multiple of 8, then the body
    head      = kind 1 byte, bytes of the table's name u8, bytes of the positions u32; the name
                follows                                                          (little-endian)
    positions = JSON: [[topic, partition, next offset], ...]; no bytes where there are none
    body      = of events "E" and voids "V" an Arrow stream; of one event "1" a JSON object;
                of a move "P" nothing; of a note "N" anything: what was made of the events before
                it, which the engine passes over

Positions stand in the record of the events that were read up to them: they are durable together
or not at all.
"""

import json
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from math import isfinite
from typing import Any, TypeVar

import orjson
import pyarrow as pa

from headrace.adapters.segment_log import StorageError
from headrace.errors import InputError
from headrace.facts.localtime import instant_of, microseconds
from headrace.features.engines.stream import Pushed, PushedOne, StreamEngine

Place = tuple[str, int]
"""A topic and one of its partitions."""

Positions = Mapping[Place, int]
"""By topic and partition: the offset of the first message that was not taken in."""

EVENTS, VOIDS, ONE, MOVE, NOTE = b"E", b"V", b"1", b"P", b"N"
REFUSALS = (InputError, TypeError, ValueError, LookupError, ArithmeticError, pa.ArrowException)
"""How an engine says that it cannot make sense of what it is given, foreseen or not."""

_HEAD = struct.Struct("<cBI")
_ALIGNED_BYTES = 8  # the arrays of an Arrow stream are then aligned, as compiled loops want them
_PLAIN = (type(None), bool, int, float, str, datetime, Decimal)
_PLAIN_SET = frozenset(_PLAIN)


def table_record(
    kind: bytes, events: pa.Table, table: str = "", positions: Positions | None = None
) -> memoryview:
    """Events or voids as a record.

    Args:
        kind: `EVENTS` or `VOIDS`.
        events: Every column is kept, whether or not a feature reads it today.
        table: Whose they are.
        positions: Up to where the sources were read when they came.

    Raises:
        InputError: The table cannot be stored.
    """
    if len(set(events.column_names)) < events.num_columns:
        names = ", ".join(events.column_names)
        raise InputError("two columns have one name", where=f"table {table}, columns {names}")
    sink = pa.BufferOutputStream()
    sink.write(_head(kind, table, positions))
    try:
        with pa.ipc.new_stream(sink, events.schema) as writer:
            writer.write_table(events)
    except pa.ArrowException as error:
        raise InputError(f"the events cannot be stored: {error}", where=f"table {table}") from error
    return memoryview(sink.getvalue()).cast("B")


def one_record(event: Mapping[str, Any], table: str = "") -> bytes:
    """One event as a record; it is read back as the same values of the same types.

    Raises:
        InputError: It holds a value that is not one of the types kept.
    """
    if not _PLAIN_SET.issuperset(map(type, event.values())):
        for name, value in event.items():
            _check(name, value)
    return _head(ONE, table, None) + _encoded(event, table)


def _encoded(event: Mapping[str, Any], table: str) -> bytes:
    """An event as JSON; NaN and infinity, which JSON has not, as Python's own writer does."""
    if all(type(value) is not float or isfinite(value) for value in event.values()):
        with suppress(TypeError):  # a whole number of more than 64 bits, a lone surrogate
            return orjson.dumps(event, default=_tagged, option=orjson.OPT_PASSTHROUGH_DATETIME)
    try:
        return _JSON.encode(dict(event)).encode()
    except ValueError as error:  # a lone surrogate; a number of thousands of digits
        raise InputError(f"the event cannot be stored: {error}", where=f"table {table}") from error


def move_record(positions: Positions) -> bytes:
    """Positions without events: what was read held none."""
    return _head(MOVE, "", positions)


def note_record(subject: str, body: bytes | memoryview) -> bytes:
    """What was made of events, kept behind them; the subject says how to read it."""
    return b"".join((_head(NOTE, subject, None), body))


@dataclass(frozen=True, eq=False)
class Record:
    """A record as read.

    Attributes:
        kind: `EVENTS`, `VOIDS`, `ONE`, `MOVE` or `NOTE`.
        table: Whose events they are; of a note its subject.
        positions: Empty where it has none.
        body: As it is stored.
    """

    kind: bytes
    table: str
    positions: Positions
    body: memoryview

    def events(self) -> pa.Table:
        """The events or voids of a record that holds a table of them."""
        return _table(self.body)

    def event(self) -> dict[str, Any]:
        """The event of a record that holds one."""
        found: dict[str, Any] = json.loads(bytes(self.body), object_hook=_untagged)
        return found


def read_record(payload: bytes) -> Record:
    """A record's parts."""
    kind, name_bytes, position_bytes = _HEAD.unpack_from(payload)
    named = _HEAD.size + name_bytes
    table = payload[_HEAD.size : named].decode()
    positions = _positions(payload[named : named + position_bytes])
    return Record(kind, table, positions, memoryview(payload)[_padded(named + position_bytes) :])


def apply_record(engine: StreamEngine, record: Record) -> Pushed | PushedOne | None:
    """Apply a record; what the engine refused when it came, it refuses again.

    Returns:
        What came of its events; None where it holds none, or the engine refused all of it.

    Raises:
        StorageError: It is of a kind that this version does not know.
    """
    if record.kind == EVENTS:
        return _again(engine.push, record.events(), record.table)
    if record.kind == VOIDS:
        return _again(engine.void, record.events(), record.table)
    if record.kind == ONE:
        return _again(engine.push_one, record.event(), record.table)
    if record.kind not in {MOVE, NOTE}:
        raise StorageError(
            f"a record is of kind {record.kind!r}, which this version does not know",
            remedy="open the log with the version that wrote it, or a newer one",
        )
    return None


Came = TypeVar("Came")


def _again(do: Callable[[Any, str], Came], given: object, table: str) -> Came | None:
    with suppress(*REFUSALS):
        return do(given, table)
    return None


def _head(kind: bytes, table: str, positions: Positions | None) -> bytes:
    return _head_of(kind, table, positions) if positions else _bare_head(kind, table)


@lru_cache(maxsize=64)
def _bare_head(kind: bytes, table: str) -> bytes:
    return _head_of(kind, table, {})


def _head_of(kind: bytes, table: str, positions: Positions) -> bytes:
    name = table.encode()
    if len(name) > 255:
        raise InputError(f"a table's name has {len(name)} bytes; up to 255 are kept", where=table)
    places = [[topic, partition, at] for (topic, partition), at in positions.items()]
    said = json.dumps(places, ensure_ascii=False).encode() if places else b""
    head = _HEAD.pack(kind, len(name), len(said)) + name + said
    return head.ljust(_padded(len(head)), b" ")


def _padded(size: int) -> int:
    return -(-size // _ALIGNED_BYTES) * _ALIGNED_BYTES


def _positions(said: bytes) -> Positions:
    return {(topic, partition): at for topic, partition, at in json.loads(said)} if said else {}


def _table(body: memoryview) -> pa.Table:
    with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
        return reader.read_all()


def _check(name: str, value: object) -> None:
    if not isinstance(value, _PLAIN):
        raise InputError(
            f"column {name!r} of the event holds {value!r:.80}, a {type(value).__name__}",
            remedy="numbers, text, true, false, None, aware datetimes and Decimals are kept",
        )


def _tagged(value: object) -> object:
    """What JSON has no word for, under the name of its type, so that it comes back as it was."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return {"instant": microseconds(value)}
    if isinstance(value, Decimal) and not value.is_snan():
        return {"decimal": str(value)}
    raise InputError(
        f"the event holds {value!r}",
        remedy="a datetime needs a time zone; a Decimal must be a number, or missing",
    )


_JSON = json.JSONEncoder(default=_tagged, ensure_ascii=False)


def _untagged(found: dict[str, Any]) -> object:
    if found.keys() == {"decimal"} and isinstance(found["decimal"], str):
        return Decimal(found["decimal"])
    if found.keys() == {"instant"} and isinstance(found["instant"], int):
        return instant_of(found["instant"])
    return found
