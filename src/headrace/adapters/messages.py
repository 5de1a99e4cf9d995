"""Messages as tables of events: JSON objects one by one, Arrow streams of many events.

A JSON message is an object with a column of the table under each name; others are passed over:

    number    a JSON number, kept as a double
    category  text, or a whole number of 64 bits
    flag      true or false
    instant   text in ISO 8601 with a time zone; or microseconds since 1970, UTC

A message that begins with the bytes of an Arrow stream is one, and keeps all of its columns.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple, NoReturn

import pyarrow as pa

from headrace.facts.localtime import microseconds
from headrace.features.definition import Column, ColumnType, Table

_ARROW = b"\xff\xff\xff\xff"  # how the stream format begins; no text in UTF-8 does
_INT64 = range(-(2**63), 2**63)
Readers = Sequence[tuple[str, Callable[[object], Any]]]


class Message(NamedTuple):
    """A message, and where it stood; `value` is None where it has none."""

    topic: str
    partition: int
    offset: int
    value: bytes | None


@dataclass(frozen=True)
class Rejected:
    """A message, or a row of one, that could not be used.

    Attributes:
        message: Which.
        row: Of an Arrow stream, from 0; None: the whole message.
        reason: What was wrong.
    """

    message: Message
    row: int | None
    reason: str


@dataclass
class Run:
    """Messages in a row whose events fit in one table.

    Attributes:
        messages: All of them, in order.
        rejected: Those that hold no events.
        sources: Those that do.
    """

    columns: Sequence[Column]
    messages: list[Message] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    sources: list[Message] = field(default_factory=list)
    _rows: list[list[Any]] = field(default_factory=list)
    _types: list[type] = field(default_factory=list)
    _kinds: list[type | None] = field(default_factory=list)
    _tables: list[pa.Table] = field(default_factory=list)

    def take(self, message: Message, found: "list[Any] | pa.Table | str") -> bool:
        """Add a message as it was read; False, and nothing added, if it does not fit."""
        if isinstance(found, str):
            self.rejected.append(Rejected(message, None, found))
        elif isinstance(found, list):
            if self._tables or not self._fits(found):
                return False
            self._rows.append(found)
            self.sources.append(message)
        else:
            if self._rows or (self._tables and self._tables[0].schema != found.schema):
                return False
            self._tables.append(found)
            self.sources.append(message)
        self.messages.append(message)
        return True

    def events(self) -> pa.Table | None:
        """The events of all messages; None where there are none."""
        if self._tables:
            return pa.concat_tables(self._tables)
        if not self._rows:
            return None
        columns = zip(self.columns, self._kinds, zip(*self._rows, strict=True), strict=True)
        return pa.table({column.name: _array(column, kind, values)
                         for column, kind, values in columns})  # fmt: skip

    def reject(self, row: int, reason: str) -> Rejected:
        """What is said of an event, by its row in the table of all."""
        if self._rows:
            return Rejected(self.sources[row], None, reason)
        ends = list(accumulate(table.num_rows for table in self._tables))
        at = bisect_right(ends, row)
        return Rejected(self.sources[at], row - ends[at] + self._tables[at].num_rows, reason)

    def _fits(self, row: list[Any]) -> bool:
        """Whether no category would hold both text and numbers; notes which it holds."""
        types = [type(value) for value in row]
        if types == self._types:
            return True
        kinds = self._kinds or [None] * len(self.columns)
        new = [
            kind if column.type is not ColumnType.CATEGORY or value is None else type(value)
            for column, kind, value in zip(self.columns, kinds, row, strict=True)
        ]
        if any(kind not in (None, after) for kind, after in zip(kinds, new, strict=True)):
            return False
        self._types, self._kinds = types, new
        return True


def runs(messages: Iterable[Message], table: Table) -> Iterator[Run]:
    """Messages, in their order, in as few tables as they fit in.

    Args:
        messages: Of any partitions; those of one in order.
        table: What they are events, or voids, of.
    """
    columns = _columns(table)
    readers = [(column.name, _PLAIN[column.type]) for column in columns]
    run = Run(columns)
    for message in messages:
        found = _read(message.value, readers)
        if not run.take(message, found):
            yield run
            run = Run(columns)
            run.take(message, found)
    if run.messages:
        yield run


def _columns(table: Table) -> list[Column]:
    """Every column that a message may carry."""
    named = {column.name: column for column in table.columns}
    for name in (table.time, table.known):
        if name is not None:
            named.setdefault(name, Column(name, ColumnType.INSTANT))
    if table.id is not None:
        named.setdefault(table.id, Column(table.id, ColumnType.CATEGORY))
    return list(named.values())


def _read(value: bytes | None, readers: Readers) -> "list[Any] | pa.Table | str":
    """A row of plain values, or a table; or why there is none."""
    if value is None:
        return "it has no value"
    try:
        if value.startswith(_ARROW):
            return _stream(value)
        return _row(_JSON.decode(value.decode()), readers)
    except RecursionError:
        return "it is nested too deeply"
    except (ValueError, OverflowError, pa.ArrowException, OSError) as error:
        return str(error) or type(error).__name__


def _stream(value: bytes) -> pa.Table:
    with pa.ipc.open_stream(value) as reader:
        table = reader.read_all()
    table.validate(full=True)  # compiled loops follow its offsets without looking
    return table


def _row(found: object, readers: Readers) -> list[Any]:
    if not isinstance(found, dict):
        message = f"it is a JSON {_NAMES[type(found)]}, not an object"
        raise ValueError(message)
    row = []
    for name, convert in readers:
        value = found.get(name)
        try:
            row.append(None if value is None else convert(value))
        except (ValueError, OverflowError) as error:
            message = f"column {name!r} holds {value!r:.80}: {error}"
            raise ValueError(message) from error
    return row


def _number(value: object) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise _wanted("a number")


def _category(value: object) -> str | int:
    if type(value) is str and (value.isascii() or value.encode()):
        return value
    if type(value) is int and value in _INT64:
        return value
    raise _wanted("text or a whole number of 64 bits")


def _flag(value: object) -> bool:
    if type(value) is bool:
        return value
    raise _wanted("true or false")


def _instant(value: object) -> int:
    if type(value) is int and value in _INT64:
        return value
    if type(value) is str:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is not None:
            return microseconds(instant)
    raise _wanted("an instant with a time zone, or microseconds since 1970,")


def _wanted(what: str) -> ValueError:
    return ValueError(f"{what} is wanted")


def _no_number(text: str) -> NoReturn:
    message = f"{text} is no JSON number"
    raise ValueError(message)


_JSON = json.JSONDecoder(parse_constant=_no_number)
_NAMES = {list: "array", str: "text", int: "number", float: "number", bool: "flag",
          type(None): "null"}  # fmt: skip
_PLAIN: dict[ColumnType, Callable[[object], Any]] = {
    ColumnType.NUMBER: _number,
    ColumnType.CATEGORY: _category,
    ColumnType.FLAG: _flag,
    ColumnType.INSTANT: _instant,
}


def _array(column: Column, kind: type | None, values: Sequence[Any]) -> pa.Array:
    if column.type is ColumnType.INSTANT:
        return pa.array(values, pa.int64()).cast(pa.timestamp("us", "UTC"))
    if column.type is ColumnType.CATEGORY:
        return pa.array(values, pa.int64() if kind is int else pa.string())
    return pa.array(values, pa.bool_() if column.type is ColumnType.FLAG else pa.float64())
