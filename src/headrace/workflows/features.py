"""Features from a user's own tables: at every event, as of labels, or of keys at one moment.

What is read is decided by the definitions, and what could not be used is told row by row. A
training set is made of labels and of what was known at each label's time: the columns of the
labels never reach the engine, which sees keys and times alone.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.clock import end_of_day, start_of_day
from headrace.errors import InputError
from headrace.features.columns import Reader, Refused
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Table
from headrace.features.engines.batch import Computed, History, read, replay
from headrace.features.expression_tree import Among, Read
from headrace.features.expressions import Expression
from headrace.features.plan import Plan, columns_of

Ints = NDArray[np.int64]
QUARANTINE = pa.schema(
    [
        pa.field("table", pa.string()),
        pa.field("row", pa.int64()),
        pa.field("column", pa.string()),
        pa.field("value", pa.string()),
        pa.field("reason", pa.string()),
    ]
)
"""Rows that could not be used: data rows of the file from 1, without its header."""
SHOWN_MAX = 200  # characters of a value that are shown
MOMENT_FIRST, MOMENT_LAST = date(1970, 1, 2), date(2099, 12, 30)


class Extra(Enum):
    """What is read from a file beside the columns that are wanted."""

    NONE = "nothing"
    DEFINED = "those that the table defines"
    ALL = "every other column"


@dataclass(frozen=True)
class Wanted:
    """What is read from one file.

    Attributes:
        name: What it is called: a table, "labels" or "keys".
        columns: The columns needed, with their types; a row without a required one is refused.
        whole: Categories that a filter compares with whole numbers; all others are text.
        zone: Whose clock a time without an offset is on.
        extra: What else is kept, as it is in the file.
        defined: Names of the columns of the table.
    """

    name: str
    columns: tuple[Column, ...]
    whole: frozenset[str]
    zone: str
    extra: Extra = Extra.NONE
    defined: tuple[str, ...] = ()


@dataclass(frozen=True)
class Given:
    """One file as it was read; rows that could not be read are left out.

    Attributes:
        name: What it is called.
        columns: Those that were wanted, as the engines take them.
        original: The same and extra ones as they are in the file, in its order.
        rows: Data row in the file of each, from 1, (n,).
        refused: The cells that could not be read; see QUARANTINE.
        read: Rows in the file.
    """

    name: str
    columns: pa.Table
    original: pa.Table
    rows: Ints
    refused: pa.Table
    read: int


@dataclass(frozen=True)
class Made:
    """Computed features.

    Attributes:
        table: What says whose they are, then a double per feature; null is missing.
        features: Names of the features.
        quarantine: See QUARANTINE.
        left_out: Rows asked about that are not in the table.
    """

    table: pa.Table
    features: tuple[str, ...]
    quarantine: pa.Table
    left_out: int


# --- what is read ---------------------------------------------------------------------------------


def chosen(feature_set: FeatureSet, names: Sequence[str]) -> FeatureSet:
    """The set that computes only these features, and what they are made of; all where () is given.

    Raises:
        InputError: There is no such feature; names the nearest.
    """
    known = [definition.name for definition in feature_set.definitions]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"is {near[0]} meant? " if near else ""
            raise InputError(
                f"there is no feature {name!r}",
                where="the definitions",
                remedy=f"{hint}features: {', '.join(known)}",
            )
    return feature_set.only(names) if names else feature_set


def tables_read(plan: Plan) -> tuple[str, ...]:
    """The tables that anything in the plan reads, in order of definition."""
    used = {space.table.name for space in plan.spaces}
    return tuple(table.name for table in plan.feature_set.tables if table.name in used)


def table_named(feature_set: FeatureSet, name: str) -> Table:
    """A table of the set; the only one where no name is given.

    Raises:
        InputError: There is none of that name, or there are several and none is named.
    """
    names = [table.name for table in feature_set.tables]
    if not name and len(names) == 1:
        return feature_set.tables[0]
    if name not in names:
        problem = f"there is no table {name!r}" if name else "there are several tables"
        raise InputError(problem, where="--table", remedy=f"name one: {', '.join(names)}")
    return feature_set.tables[names.index(name)]


def events_wanted(plan: Plan, table: Table, extra: Extra = Extra.NONE) -> Wanted:
    """What is read of the events of a table."""
    spaces = [space for space in plan.spaces if space.table == table]
    needed = {name for space in spaces for name in Reader(space).needed}
    keys = {name for space in plan.spaces for name in space.by}
    columns = [each for each in table.columns if each.name in needed | keys]
    columns += [Column(name, kind, required=True) for name, kind in _naming(table)]
    defined = tuple(column.name for column in table.columns)
    return Wanted(
        table.name, tuple(columns), whole_numbers(plan), table.zone, extra, defined=defined
    )


def voids_wanted(plan: Plan, table: Table) -> Wanted:
    """What is read of the rows that take events of a table back.

    Raises:
        InputError: Its events cannot be taken back.
    """
    if table.id is None or table.known is None:
        raise InputError(
            "events can be taken back only where they have an id and a known time",
            where=f"table {table.name}",
            remedy="name both columns in the table's definition",
        )
    keys = {name for space in plan.spaces if space.table == table for name in space.by}
    columns = [replace(each, required=True) for each in table.columns if each.name in keys]
    columns += [Column(name, kind, required=True) for name, kind in _naming(table)]
    return Wanted(f"voids of {table.name}", tuple(columns), whole_numbers(plan), table.zone)


def keys_wanted(plan: Plan, name: str, at: str = "") -> Wanted:
    """What is read of labels or keys: the key columns and, where it is named, the time.

    Raises:
        InputError: The time is a column of the key.
    """
    columns: dict[str, Column] = {}
    for space in plan.spaces:
        known = {column.name: column for column in columns_of(space.table)}
        for key in space.by:
            columns.setdefault(key, replace(known[key], required=True))
    if at in columns:
        raise InputError(f"{at!r} is a key, not a time", where="--at", remedy="name the time")
    if at:
        columns[at] = Column(at, ColumnType.INSTANT, required=True)
    zone = zone_of(plan.feature_set)
    return Wanted(name, tuple(columns.values()), whole_numbers(plan), zone, Extra.ALL)


def zone_of(feature_set: FeatureSet) -> str:
    """The zone of days that belong to no table: that of the tables; UTC where they differ."""
    zones = {table.zone for table in feature_set.tables}
    return zones.pop() if len(zones) == 1 else "UTC"


def _naming(table: Table) -> Iterator[tuple[str, ColumnType]]:
    if table.id is not None:
        yield table.id, ColumnType.CATEGORY
    yield table.time, ColumnType.INSTANT
    if table.known is not None:
        yield table.known, ColumnType.INSTANT


def whole_numbers(plan: Plan) -> frozenset[str]:
    """The categories that an expression compares with whole numbers."""
    found = set()
    for space in plan.spaces:
        reader = Reader(space)
        parsed: list[Expression | None] = [each for _, each in (*reader.filters, *reader.derived)]
        for expression in parsed:
            nodes = () if expression is None else _nodes(expression.tree)
            found |= {node.item.name for node in nodes if _names_by_number(node)}
    return frozenset(found)


def _nodes(node: Any) -> Iterator[Any]:
    if isinstance(node, tuple):
        for each in node:
            yield from _nodes(each)
    elif is_dataclass(node):
        yield node
        for each in fields(node):
            yield from _nodes(getattr(node, each.name))


def _names_by_number(node: Any) -> bool:
    if not (isinstance(node, Among) and isinstance(node.item, Read)):
        return False
    is_name = node.item.type is ColumnType.CATEGORY
    return is_name and any(isinstance(choice, int) for choice in node.choices)


def moment_of(text: str, zone: str, where: str) -> datetime:
    """An instant as a person gives it, UTC: a date is the end of that day in the zone.

    Raises:
        InputError: It is neither a date nor a time of the years 1970 to 2099.
    """
    try:
        if len(text.strip()) <= len("2024-05-01"):
            found = end_of_day(date.fromisoformat(text.strip()), zone)
        else:
            found = datetime.fromisoformat(text.strip())
            if found.tzinfo is None:
                found = found.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OverflowError) as error:
        raise InputError(
            f"{text!r} is no time",
            where=where,
            remedy="2024-05-01 (the end of that day), 2024-05-01T08:30 or 2024-05-01T08:30+08:00",
        ) from error
    first, last = start_of_day(MOMENT_FIRST, "UTC"), end_of_day(MOMENT_LAST, "UTC")
    if not first <= found <= last:
        problem = f"{text!r} lies outside the years 1970 to 2099"
        raise InputError(problem, where=where, remedy="events are kept for these years only")
    return found


# --- computing ------------------------------------------------------------------------------------


def at_every_event(
    plan: Plan, events: Mapping[str, Given], voids: Mapping[str, Given], table: Table, threads: int
) -> Made:
    """Values at every event of a table, as they were when it arrived.

    Args:
        plan: What to compute.
        events: By table name.
        voids: The same.
        table: Whose events.
        threads: Worked on at once.

    Returns:
        The id, keys and time of each event that could be used, then the features.
    """
    found = replay(compile_plan(plan), history_of(events, voids), table.name, threads)
    asked = events[table.name]
    keys = [name for space in plan.spaces if space.table == table for name in space.by]
    shown = dict.fromkeys([*([] if table.id is None else [table.id]), *keys])
    head = {name: asked.original[name] for name in shown if name in asked.original.column_names}
    head[table.time] = asked.columns[table.time]
    kept = _usable(plan, table, found)
    made = _joined(pa.table(head), found.table, asked.name).filter(pa.array(kept))
    return Made(
        made,
        tuple(found.table.column_names),
        quarantine_of(found.refused, events, voids),
        asked.read - made.num_rows,
    )


def as_of(
    plan: Plan,
    events: Mapping[str, Given],
    voids: Mapping[str, Given],
    asked: Given,
    at: datetime | str,
    threads: int = 1,
) -> Made:
    """Values of keys, each with what was known at its moment and nothing later.

    Args:
        plan: What to compute.
        events: By table name.
        voids: The same.
        asked: Labels or keys.
        at: The moment; or the column of `asked` with the moments.
        threads: Worked on at once.

    Returns:
        Every column of `asked` as it is in its file, then the features.
    """
    found = read(compile_plan(plan), history_of(events, voids), asked.columns, at, threads)
    features = found.table.select(range(asked.columns.num_columns, found.table.num_columns))
    made = _joined(asked.original, features, asked.name)
    set_aside = quarantine_of(found.refused, events, voids)
    told = in_order(pa.concat_tables([set_aside, asked.refused]))
    return Made(made, tuple(features.column_names), told, asked.read - made.num_rows)


def history_of(events: Mapping[str, Given], voids: Mapping[str, Given]) -> History:
    """Files as the engines take them."""
    return History(
        {name: given.columns for name, given in events.items()},
        {name: given.columns for name, given in voids.items()} or None,
    )


def _joined(head: pa.Table, features: pa.Table, name: str) -> pa.Table:
    twice = sorted(set(head.column_names) & set(features.column_names))
    if twice:
        raise InputError(
            f"{twice[0]!r} is a column and a feature",
            where=name,
            remedy="rename one: both would stand in the result",
        )
    for at, column in enumerate(features.column_names):
        head = head.append_column(features.schema.field(at), features[column])
    return head


def _usable(plan: Plan, table: Table, found: Computed) -> NDArray[np.bool_]:
    """Events with a value. One that lacks a key of some features has its others."""
    refused = np.zeros(found.table.num_rows, np.bool_)
    for name, each in found.refused:
        if name == table.name:
            refused[each.rows] = True
    own = [one.name for space in plan.spaces if space.table == table for one in space.outputs]
    some = np.zeros(found.table.num_rows, np.bool_)
    for name in own if refused.any() else ():
        some |= np.asarray(pc.is_valid(found.table[name]).to_numpy(), np.bool_)
    return ~refused | some


def quarantine_of(
    refused: Iterable[tuple[str, Refused]],
    events: Mapping[str, Given],
    voids: Mapping[str, Given],
) -> pa.Table:
    """What the readers and the engine set aside, by table and row; see QUARANTINE."""
    given = {each.name: each for each in (*events.values(), *voids.values())}
    parts = [each.refused for each in given.values()]
    told = set()
    for name, each in refused:
        at = (name, each.column, each.reason, each.rows.tobytes())
        if at not in told:  # two spaces of one table refuse the same rows
            told.add(at)
            parts.append(_refused_by_engine(given[name], each))
    return in_order(pa.concat_tables(parts) if parts else QUARANTINE.empty_table())


def in_order(told: pa.Table) -> pa.Table:
    """Quarantine by table and row."""
    return told.take(pc.sort_indices(told, [("table", "ascending"), ("row", "ascending")]))


def _refused_by_engine(given: Given, refused: Refused) -> pa.Table:
    at = pa.array(refused.rows)
    stands = refused.column in given.original.column_names
    values = given.original[refused.column].take(at) if stands else None
    return quarantine(given.name, given.rows[refused.rows], refused.column, values, refused.reason)


def quarantine(
    name: str, rows: Ints, column: str, values: pa.ChunkedArray | None, reason: str
) -> pa.Table:
    """Rows with one thing wrong.

    Args:
        name: Of the table.
        rows: Data rows of the file, (n,).
        column: Which.
        values: What stands there, (n,); None: nothing.
        reason: What is wrong with it.
    """
    n = len(rows)
    texts = [None] * n if values is None else [_text(each) for each in values.to_pylist()]
    columns = [[name] * n, rows, [column] * n, texts, [reason] * n]
    return pa.table(
        [pa.array(each, field.type) for each, field in zip(columns, QUARANTINE, strict=True)],
        schema=QUARANTINE,
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:SHOWN_MAX]
