"""Columns of groups that stand in no file of events, but in one of dated memberships.

The group of an event is that of its member at the time of the event, as it was known when the
event was; that of a label, at the label's time. A repetition of an event, and what takes it back,
belong to the group of the event itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.facts.headers import plain
from headrace.features.definition import Column, ColumnType, FeatureSet, Table
from headrace.features.groups import Alone, Grouping, with_groups
from headrace.workflows.features import Extra, Given, Wanted, quarantine

OPTION = "--groups"
WRITTEN = "TABLE.COLUMN=PATH:MEMBER"
NEEDED = (
    Column("member", ColumnType.CATEGORY, required=True),
    Column("group", ColumnType.CATEGORY, required=True),
    Column("from", ColumnType.INSTANT, required=True),
)
OPTIONAL = (Column("until", ColumnType.INSTANT), Column("known", ColumnType.INSTANT))


@dataclass(frozen=True)
class GroupColumn:
    """A column that comes from memberships.

    Attributes:
        table: Whose column.
        grouping: Which column, and which names the member.
        path: The file of memberships.
    """

    table: Table
    grouping: Grouping
    path: str

    @property
    def name(self) -> str:
        """What its memberships are called."""
        return f"groups of {self.table.name}.{self.grouping.group}"

    def is_in(self, wanted: Wanted) -> bool:
        """Whether the column is wanted."""
        return any(column.name == self.grouping.group for column in wanted.columns)


def group_columns(
    feature_set: FeatureSet, given: Sequence[str], alone: Alone
) -> tuple[GroupColumn, ...]:
    """Columns of groups as a person writes them, TABLE.COLUMN=PATH:MEMBER.

    Raises:
        InputError: It is not written so; the table has no such categories; or a column is named
            twice in different ways.
    """
    found: dict[str, GroupColumn] = {}
    for text in given:
        each = _group_column(feature_set, text, alone)
        other = found.get(each.name)
        also = [one for one in found.values() if one.grouping.group == each.grouping.group]
        if other or any((one.path, one.grouping) != (each.path, each.grouping) for one in also):
            raise InputError(
                f"{each.grouping.group!r} is given twice",
                where=f"{OPTION} {text}",
                remedy="a group means the same in every table: name one file and one member",
            )
        found[each.name] = each
    return tuple(found.values())


def _group_column(feature_set: FeatureSet, text: str, alone: Alone) -> GroupColumn:
    head, _, rest = text.partition("=")
    name, dot, group = head.partition(".")
    if not dot and len(feature_set.tables) == 1:
        name, group = feature_set.tables[0].name, head
    path, _, member = rest.rpartition(":")
    table = next((each for each in feature_set.tables if each.name == name), None)
    if table is None or not (group and path and member):
        raise InputError(
            f"{text!r} is no column of groups",
            where=OPTION,
            remedy=f"{WRITTEN}; tables: {', '.join(each.name for each in feature_set.tables)}",
        )
    kinds = {column.name: column.type for column in table.columns}
    for column in (group, member):
        if kinds.get(column) is not ColumnType.CATEGORY:
            raise InputError(
                f"table {name!r} has no category {column!r}",
                where=f"{OPTION} {text}",
                remedy=f"columns: {', '.join(kinds)}",
            )
    return GroupColumn(table, Grouping(member, group, alone), path)


# --- what is read ---------------------------------------------------------------------------------


def memberships_wanted(column: GroupColumn, events: Wanted) -> Wanted:
    """What is read of memberships at least; see `more_wanted`."""
    names = {"member": column.grouping.of, "group": column.grouping.group}
    whole = frozenset(each for each, named in names.items() if named in events.whole)
    return Wanted(column.name, NEEDED, whole, column.table.zone, Extra.ALL)


def more_wanted(wanted: Wanted, found: Given) -> Wanted:
    """The same, with the optional columns that the file was found to have."""
    names = {plain(name) for name in found.original.column_names}
    more = tuple(column for column in OPTIONAL if column.name in names)
    return replace(wanted, columns=(*wanted.columns, *more))


def members_instead(wanted: Wanted, columns: Sequence[GroupColumn]) -> Wanted:
    """What is read of events or labels: the member where the group was wanted."""
    groups = {each.grouping.group: each.grouping.of for each in columns if each.is_in(wanted)}
    if not groups:
        return wanted
    kept = {each.name: each for each in wanted.columns if each.name not in groups}
    for each in wanted.columns:
        if each.name in groups:
            member = groups[each.name]
            kept.setdefault(member, Column(member, ColumnType.CATEGORY))
    return replace(wanted, columns=tuple(kept.values()))


# --- joining --------------------------------------------------------------------------------------


def grouped(events: Given, memberships: Given, column: GroupColumn) -> Given:
    """Events of the column's table with their groups; memberships refused are told with them.

    Raises:
        InputError: The file has the column already, or a member was in two groups at once.
    """
    table = column.table
    found, told = _joined(events, memberships, column, table.time, table.known)
    if table.id is not None and table.known is not None:
        first = _first_named(column, found.columns, found.columns)
        named = found.columns[column.grouping.group].take(first)
        found = _with_column(events, column.grouping.group, named)
    return replace(found, refused=pa.concat_tables([events.refused, memberships.refused, told]))


def grouped_asked(
    asked: Given, memberships: Given, column: GroupColumn, at: datetime | str
) -> Given:
    """Labels or keys with their groups at their moments.

    Raises:
        InputError: See `grouped`.
    """
    return _joined(asked, memberships, column, at, None)[0]


def grouped_voids(voids: Given, events: Given, column: GroupColumn) -> Given:
    """Voids with the groups of the events that they take back."""
    name = column.grouping.group
    at = _first_named(column, events.columns, voids.columns)
    return _with_column(voids, name, events.columns[name].take(at))


def _joined(
    given: Given,
    memberships: Given,
    column: GroupColumn,
    time: datetime | str,
    known: str | None,
) -> tuple[Given, pa.Table]:
    name = column.grouping.group
    if name in given.original.column_names:
        raise InputError(
            f"there is a column {name!r} already",
            where=given.name,
            remedy=f"leave it out of the file, or leave out {OPTION}",
        )
    try:
        found = with_groups(given.columns, memberships.columns, column.grouping, time, known)
    except InputError as error:
        where = f"{given.name}, {column.path}: {error.where}"
        raise InputError(error.problem, where=where, remedy=error.remedy) from error
    told = [memberships.refused.slice(0, 0)]
    for each in found.refused:
        values = memberships.original[_header(memberships, each.column)].take(pa.array(each.rows))
        rows = memberships.rows[each.rows]
        told.append(quarantine(column.name, rows, each.column, values, each.reason))
    return _with_column(given, name, found.table[name]), pa.concat_tables(told)


def _header(given: Given, name: str) -> str:
    """What a column is called in the file."""
    names: list[str] = given.original.column_names
    return next(each for each in names if plain(each) == name)


def _with_column(given: Given, name: str, values: pa.ChunkedArray) -> Given:
    return replace(
        given,
        columns=given.columns.append_column(name, values),
        original=given.original.append_column(name, values),
    )


def _first_named(column: GroupColumn, events: pa.Table, asking: pa.Table) -> pa.Array:
    """For each row asking, the position of the event that was known first under its name.

    The name is what engines tell events apart by: key (here the member), time and id. Null where
    there is no such event.
    """
    table, n = column.table, events.num_rows
    names = [column.grouping.of, table.time, str(table.id)]
    number = np.zeros(n + asking.num_rows, np.int64)
    for name in names:
        first, second = _values(events[name]), _values(asking[name])
        both = pa.chunked_array([*first.chunks, *second.chunks], first.type)
        codes = pc.fill_null(both.combine_chunks().dictionary_encode().indices, -1)
        code = np.asarray(codes.to_numpy(), np.int64) + 1
        _, number = np.unique(number * (len(code) + 1) + code, return_inverse=True)
    order = np.argsort(events[table.known].cast(pa.int64()).to_numpy(), kind="stable")
    found, places = np.unique(number[:n][order], return_index=True)
    position = np.full(len(number), -1)
    position[found] = order[places]
    at = position[number[n:]]
    return pa.array(at, mask=at < 0)


def _values(column: pa.ChunkedArray) -> pa.ChunkedArray:
    is_coded = pa.types.is_dictionary(column.type)
    return column.cast(column.type.value_type) if is_coded else column
