"""Events as programs send them: JSON objects or Arrow, each field checked, none passed over.

    number    a JSON number; a whole one where the table keeps no decimal places, as money in
              minor units
    category  text or a whole number, which are the same: 7 and "7" name one customer
    flag      true or false
    instant   text in ISO 8601 with its offset, or whole microseconds since 1970, UTC

Fields that the table does not define are kept with the event, for policies to come may read them;
they are plain values. A time further ahead of the clock than the table's `skew` is refused: one
wrong clock would make the events of everybody else late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.event_cells import IS_MISSING, read_cells
from headrace.errors import InputError
from headrace.facts.localtime import instant_of, microseconds
from headrace.features.columns import NUMBER_MAX, TIME_END, TIME_FIRST
from headrace.features.definition import Column, ColumnType, Table
from headrace.features.plan import Plan
from headrace.features.plan import microseconds as length_us
from headrace.workflows.features import whole_numbers

Row = Mapping[str, Any]
TEXT_MAX = 200
FURTHER_MAX, FURTHER_TEXT_MAX = 50, 1_000
INT64 = range(-(2**63), 2**63)
INSTANT = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class RowProblem:
    """Why one event was not taken in.

    Attributes:
        row: Its place in what was sent, from 0.
        problem: What was wrong.
        where: The field; empty where it is the event as a whole.
        remedy: What would be right.
    """

    row: int
    problem: str
    where: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class EventReader:
    """Reads events of one table.

    Attributes:
        table: Whose.
        whole: Categories that are compared with whole numbers.
    """

    table: Table
    whole: frozenset[str] = frozenset()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every column of the table: those defined, the id, the times."""
        named = {each.name: each for each in self.table.columns}
        for name, kind in (
            (self.table.id, ColumnType.CATEGORY),
            (self.table.time, ColumnType.INSTANT),
            (self.table.known, ColumnType.INSTANT),
        ):
            if name is not None:
                named[name] = Column(name, kind, required=True)
        return tuple(named.values())

    @cached_property
    def _fields(self) -> tuple[tuple[str, Callable[[Any], Any], str, bool], ...]:
        return tuple((each.name, *self._reading(each), each.required) for each in self.columns)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.columns)

    def read(self, given: object, now: int) -> Row:
        """One event.

        Args:
            given: As JSON gives it.
            now: Microseconds since 1970.

        Returns:
            Every column of the table by name, None where it is missing, then what else was given;
            times in microseconds.

        Raises:
            InputError: What is wrong with which field, and what would be right.
        """
        if not isinstance(given, dict):
            raise InputError("An event is a JSON object", where="event", remedy='{"id": …}')
        row: dict[str, Any] = {}
        for name, convert, right, required in self._fields:
            value = given.get(name)
            if value is None:
                if required:
                    raise InputError(f"{name} is missing", where=name, remedy=right)
                row[name] = None
                continue
            row[name] = found = convert(value)
            if found is None:
                raise InputError(f"{name} is not usable", where=name, remedy=right)
        if len(given) > len(row) or not self._names.issuperset(given):
            row |= _further(given, self._names)
        self._check_clock(row, now)
        return row

    def identity(self, row: Row) -> tuple[Any, ...]:
        """What two events of one id must share to be the same."""
        return tuple(row[each.name] for each in self.columns)

    def runs(self, rows: Sequence[Row]) -> Iterator[list[int]]:
        """Places of events, in order, in as few runs as fit into one table each."""
        if all(len(row) == len(self._names) for row in rows):
            yield list(range(len(rows)))
            return
        for _, several in groupby(range(len(rows)), key=lambda at: self._signature(rows[at])):
            yield list(several)

    def table_of(self, rows: Sequence[Row]) -> pa.Table:
        """The events of a run."""
        columns = {
            each.name: pa.array([row[each.name] for row in rows], self._arrow(each))
            for each in self.columns
        }
        further = {
            name: pa.array([row[name] for row in rows])
            for name in rows[0]
            if name not in self._names
        }
        return pa.table(columns | further)

    def read_table(self, given: pa.Table, now: int) -> tuple[list[int], pa.Table, list[RowProblem]]:
        """Events as Arrow brings them.

        Args:
            given: Any columns; those of the table in any type that can be read as theirs.
            now: Microseconds since 1970.

        Returns:
            Places of the events that can be used, these events, and what is wrong with the others.

        Raises:
            InputError: A column is missing, there twice, or of another type.
        """
        _check_names(given)
        good, problems = np.ones(given.num_rows, np.bool_), []
        columns: dict[str, pa.ChunkedArray] = {}
        for each in self.columns:
            if each.name not in given.column_names and each.required:
                raise InputError(f"The column {each.name} is missing", where=each.name,
                                 remedy=self._reading(each)[1])  # fmt: skip
            data = (
                given[each.name]
                if each.name in given.column_names
                else pa.chunked_array([pa.nulls(given.num_rows, pa.string())])
            )
            if each.type is ColumnType.INSTANT and pa.types.is_integer(data.type):
                data = data.cast(pa.int64()).cast(INSTANT)
            cells = read_cells(data, each, self.table.zone, whole=each.name in self.whole)
            wrong = [(cells.bad, cells.reason)]
            if each.required:
                gaps = np.asarray(pc.is_null(cells.values).to_numpy(), np.bool_) & ~cells.bad
                wrong.append((gaps, IS_MISSING))
            if each.name == self.table.time:
                ahead = pc.greater(cells.values.cast(pa.int64()), self._latest(now))
                is_ahead = np.asarray(pc.fill_null(ahead, False).to_numpy(), np.bool_)  # noqa: FBT003 - pyarrow's own
                wrong.append((is_ahead, "lies ahead of the clock"))
            for mask, reason in wrong:
                right = self._reading(each)[1]
                problems += [
                    RowProblem(row, f"{each.name} {reason}", each.name, right)
                    for row in np.flatnonzero(mask).tolist()
                ]
                good &= ~mask
            columns[each.name] = cells.values
        further = {n: given[n] for n in given.column_names if n not in self._names}
        kept = np.flatnonzero(good)
        events = pa.table(columns | further).take(pa.array(kept))
        return kept.tolist(), events, sorted(problems, key=lambda each: each.row)

    def _reading(self, column: Column) -> tuple[Callable[[Any], Any], str]:
        """What reads a field, and what would be right."""
        if column.type is ColumnType.NUMBER and not column.places:
            return _whole, f"A whole number such as 1250: {column.name} has no decimal places"
        if column.type is ColumnType.NUMBER:
            return _number, "A number such as 12.5"
        if column.type is ColumnType.FLAG:
            return _flag, "true or false"
        if column.type is ColumnType.INSTANT:
            return _instant, "A time with its offset, such as 2026-11-22T08:30:00+08:00"
        if column.name in self.whole:
            return _whole_name, "A whole number"
        return _name, f"A text of up to {TEXT_MAX} characters, or a whole number"

    def _arrow(self, column: Column) -> pa.DataType:
        if column.type is ColumnType.NUMBER:
            return pa.float64() if column.places else pa.int64()
        if column.type is ColumnType.FLAG:
            return pa.bool_()
        if column.type is ColumnType.INSTANT:
            return INSTANT
        return pa.int64() if column.name in self.whole else pa.string()

    def _signature(self, row: Row) -> tuple[tuple[str, type], ...]:
        """Names and types of further fields."""
        if len(row) == len(self._names):
            return ()
        return tuple(sorted(
            ((name, type(value)) for name, value in row.items() if name not in self._names),
            key=lambda each: each[0],
        ))  # fmt: skip

    def _latest(self, now: int) -> int:
        return now + length_us(self.table.skew)

    def _check_clock(self, row: Row, now: int) -> None:
        name = self.table.time
        if row[name] > self._latest(now):
            raise InputError(
                f"{name} lies ahead of this service's clock, {instant_of(now).isoformat()}",
                where=name,
                remedy="Set the clock of whoever sends it",
            )


def readers_of(plan: Plan) -> dict[str, EventReader]:
    """A reader for each table of a plan."""
    whole = whole_numbers(plan)
    return {each.name: EventReader(each, whole) for each in plan.feature_set.tables}


def _further(given: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Fields that the table does not define."""
    found = {}
    for name, value in given.items():
        if name in known or value is None:
            continue
        if not (isinstance(name, str) and 0 < len(name) <= TEXT_MAX and _is_plain(value)):
            raise InputError(
                "A field is too long, or no plain value",
                where=str(name)[:TEXT_MAX],
                remedy=f"A number, true, false, or text of up to {FURTHER_TEXT_MAX} characters",
            )
        found[name] = value
    if len(found) > FURTHER_MAX:
        raise InputError(
            f"{len(found)} fields are not the table's",
            where="event",
            remedy=f"At most {FURTHER_MAX} further ones",
        )
    return found


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= FURTHER_TEXT_MAX and _is_sound(value)
    if isinstance(value, bool | float):
        return True
    return isinstance(value, int) and value in INT64


def _check_names(given: pa.Table) -> None:
    names = given.column_names
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError("Two columns have one name", where=twice[0], remedy="Give each its own")
    if len(names) > 2 * FURTHER_MAX:
        raise InputError(f"There are {len(names)} columns", remedy=f"At most {2 * FURTHER_MAX}")


# --- fields: None where it is not usable ----------------------------------------------------------


def _whole(value: Any) -> int | None:
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and abs(value) < NUMBER_MAX else None


def _number(value: Any) -> float | None:
    return float(value) if type(value) in {int, float} and abs(value) < NUMBER_MAX else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _name(value: Any) -> str | None:
    if type(value) is str:
        value = value.strip()
        return value if 0 < len(value) <= TEXT_MAX and _is_sound(value) else None
    return str(value) if type(value) is int and value in INT64 else None


def _whole_name(value: Any) -> int | None:
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < TEXT_MAX:
        value = int(value)
    return value if type(value) is int and value in INT64 else None


def _instant(value: Any) -> int | None:
    if type(value) is str:
        try:
            moment = datetime.fromisoformat(value)
            value = None if moment.tzinfo is None else microseconds(moment)
        except (ValueError, OverflowError):
            return None
    return value if type(value) is int and TIME_FIRST <= value < TIME_END else None


def _is_sound(text: str) -> bool:
    """Whether a text has no NUL and no half characters, which no store takes."""
    return "\0" not in text and (text.isascii() or _encodes(text))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
