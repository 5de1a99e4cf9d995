"""Groups of events' members as data: who belonged where, when, and since when that was known.

A graph says which cards, accounts or firms belong together, and dates it. Joined to events, the
group is a column like any other, and a feature per group is a measure `by` that column.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.features.columns import Refused, values_of
from headrace.features.definition import Column, ColumnType

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
NEVER = np.iinfo(np.int64).max
PAIRS_MAX = 1 << 22  # pairs of an event and a membership that are looked at together


class Alone(Enum):
    """The group of a member that is in none."""

    NOTHING = "nothing"  # missing
    ITSELF = "itself"  # a group of one, of the member's own name


@dataclass(frozen=True)
class Grouping:
    """Which column becomes which.

    Attributes:
        of: The column of the events that names the member.
        group: The column that is added.
        alone: What a member in no group gets. NOTHING, the default, invents nothing: features per
            group are missing for it. ITSELF makes it a group of one, so that features per group
            are defined for everybody; names of members and groups are then one space, and a firm
            that gives its name to a group, but is not listed in it, falls into it.
    """

    of: str
    group: str = "group"
    alone: Alone = Alone.NOTHING


@dataclass(frozen=True)
class Grouped:
    """Events with their groups.

    Attributes:
        table: The events, in the order given, and the column of the group; null is missing.
        refused: Why memberships were set aside; rows are positions in the memberships given.
    """

    table: pa.Table
    refused: tuple[Refused, ...]


def with_groups(
    events: pa.Table,
    memberships: pa.Table,
    grouping: Grouping,
    time: str | datetime,
    known: str | None = None,
) -> Grouped:
    """Events with the group in which their member was, by what was known: no look-ahead.

    A membership holds from `from` until just before `until`, where the next one may begin. Rows of
    the same member, group and `from` are versions of one membership: the one that was known last
    counts, and of two known at once the later row. So an end that came to be known later is a
    second row, and one that ends where it begins takes the membership back.

    Args:
        events: Any table with the member and the times; a missing one gives a missing group.
        memberships: `member` and `group`: texts, or whole numbers; `from`, `until` and `known`:
            instants. `until` may be missing: still; so may `known`: at `from`. Both columns may
            be left out.
        grouping: The columns, and what a member in no group gets.
        time: The column of the time of each event; or one moment for all.
        known: The column of when each event was known; None: at its time.

    Raises:
        InputError: A column is missing or of another type; or the member of an event was in two
            groups at once (names the first).
    """
    if grouping.group in events.column_names:
        raise InputError(
            f"there is a column {grouping.group!r} already",
            where="groups",
            remedy="give the groups another name, or leave them out",
        )
    given, refused = _read(memberships)
    asked = _asked(events, given, grouping.of, time, known)
    groups = _groups(given, asked)
    named = given.groups.take(pa.array(groups, mask=groups < 0))
    if grouping.alone is Alone.ITSELF:
        itself = _plain(events[grouping.of])
        if itself.type != named.type:
            named, itself = named.cast(pa.string()), itself.cast(pa.string())
        named = pc.coalesce(named, itself)
    return Grouped(events.append_column(grouping.group, named), refused)


# --- memberships ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Given:
    """Memberships in order of member and start.

    Attributes:
        members: Names by number.
        groups: The same.
        member: Number of each, (n,), ascending; the same for the rest.
        group: Number of each.
        start: First microsecond; ascending for a member.
        end: The microsecond after the last.
        known: Since when this version was known.
        replaced: When the next version was; NEVER where there is none.
    """

    members: pa.Array
    groups: pa.Array
    member: Ints
    group: Ints
    start: Ints
    end: Ints
    known: Ints
    replaced: Ints


@dataclass(frozen=True)
class _Asked:
    """Events in their order.

    Attributes:
        member: Number among the members, (n,); -1 where it is none.
        time: Microseconds, (n,).
        known: The same.
    """

    member: Ints
    time: Ints
    known: Ints


def _read(memberships: pa.Table) -> tuple[_Given, tuple[Refused, ...]]:
    n = memberships.num_rows
    refused = []
    names = {}
    for name in ("member", "group"):
        names[name] = _column(memberships, name)
        refused.append(Refused(name, "is missing", _where(names[name].is_null())))
    start, started = _instants(memberships, "from")
    refused.append(Refused("from", "is missing", np.flatnonzero(~started)))
    times = {}
    for name, missing in (("until", np.full(n, NEVER)), ("known", start)):
        times[name] = missing
        if name in memberships.column_names and memberships[name].null_count < n:
            data, valid = _instants(memberships, name)
            times[name] = np.where(valid, data, missing)
    refused.append(
        Refused("until", "is before from", np.flatnonzero(started & (times["until"] < start)))
    )
    good = np.ones(n, np.bool_)
    for each in refused:
        good[each.rows] = False
    (member, members), (group, groups) = (
        _numbered(names[name].filter(pa.array(good))) for name in ("member", "group")
    )
    start, end, known = start[good], times["until"][good], times["known"][good]
    order = np.lexsort((known, group, start, member))  # stable: of two known at once the later row
    member, group, start, end, known = (each[order] for each in (member, group, start, end, known))
    replaced = np.full(len(order), NEVER)
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for column in (member, group, start):
        same &= column[1:] == column[:-1]
    replaced[:-1][same] = known[1:][same]
    found = _Given(members, groups, member, group, start, end, known, replaced)
    return found, tuple(each for each in refused if each.rows.size)


def _asked(
    events: pa.Table, given: _Given, of: str, time: str | datetime, known: str | None
) -> _Asked:
    members = _column(events, of)
    member = np.full(len(members), -1)
    if len(given.members):
        if members.type != given.members.type:
            raise InputError(
                f"members are {given.members.type}, but {of!r} holds {members.type}",
                where="groups",
                remedy="name members as the events do: by texts, or by whole numbers",
            )
        number = pc.fill_null(pc.index_in(members, given.members, skip_nulls=True), -1)
        member = np.asarray(number.to_numpy(), np.int64)
    if isinstance(time, datetime):
        times, valid = np.full(len(member), microseconds(time)), np.ones(len(member), np.bool_)
    else:
        times, valid = _instants(events, time)
    limits = times
    if known is not None:
        limits, told = _instants(events, known)
        valid = valid & told
    return _Asked(np.where(valid, member, -1), times, limits)


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    """Texts as strings, whole numbers as int64."""
    if name not in table.column_names:
        raise InputError(
            f"there is no column {name!r}",
            where="groups",
            remedy=f"columns given: {', '.join(table.column_names)}",
        )
    return _plain(table[name])


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    whole = pa.types.is_integer(kind)
    if not (whole or _is_text(kind)):
        raise InputError(
            f"a member or group is a text or a whole number, not {kind}", where="groups"
        )
    return column.cast(kind).cast(pa.int64() if whole else pa.string())


def _is_text(kind: pa.DataType) -> bool:
    texts = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_string_view,
        pa.types.is_null,
    )
    return any(each(kind) for each in texts)


def _instants(table: pa.Table, name: str) -> tuple[Ints, Mask]:
    found = values_of(table, Column(name, ColumnType.INSTANT), "groups")
    valid = np.ones(table.num_rows, np.bool_) if found.valid is None else found.valid
    return np.asarray(found.data), valid


def _numbered(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """The number of each value, and the values by number."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    return np.asarray(encoded.indices.to_numpy(), np.int64), encoded.dictionary


def _where(mask: pa.ChunkedArray) -> Ints:
    return np.flatnonzero(np.asarray(mask.to_numpy(), np.bool_))


# --- joining --------------------------------------------------------------------------------------


def _groups(given: _Given, asked: _Asked) -> Ints:
    """The number of the group of each event, (n,); -1 where it has none."""
    found = np.full(len(asked.member), -1)
    for events, rows in _pairs(given, asked):
        time, known = asked.time[events], asked.known[events]
        holds = (time < given.end[rows]) & (given.known[rows] <= known)
        holds &= known < given.replaced[rows]
        event, group = events[holds], given.group[rows[holds]]
        found[event] = group
        two = np.flatnonzero(found[event] != group)
        if two.size:
            at = two[0]
            raise _ambiguous(given, asked, event[at], (group[at], found[event[at]]))
    return found


def _pairs(given: _Given, asked: _Asked) -> Iterator[tuple[Ints, Ints]]:
    """Events and the memberships of their member that may hold, some at a time, events whole.

    Of the memberships of a member, in order of start, none before `low` reaches the event and none
    from `high` on has begun. Where memberships follow one another, that leaves one.
    """
    starts, start_rank = np.unique(given.start, return_inverse=True)
    ends, end_rank = np.unique(given.end, return_inverse=True)
    begun = given.member * (len(starts) + 1) + start_rank
    reach = np.maximum.accumulate(given.member * (len(ends) + 1) + end_rank)
    ended = np.searchsorted(ends, asked.time, "right")
    low = np.searchsorted(reach, asked.member * (len(ends) + 1) + ended)
    high = np.searchsorted(
        begun, asked.member * (len(starts) + 1) + np.searchsorted(starts, asked.time, "right")
    )
    count = np.where(asked.member >= 0, np.maximum(high - low, 0), 0)
    events = np.flatnonzero(count)
    low, count = low[events], count[events]
    before = np.cumsum(count) - count
    part = before // PAIRS_MAX
    for number in np.unique(part):
        here = part == number
        times = count[here]
        within = np.arange(times.sum()) - np.repeat(before[here] - before[here][0], times)
        yield np.repeat(events[here], times), np.repeat(low[here], times) + within


def _ambiguous(given: _Given, asked: _Asked, event: int, groups: tuple[int, int]) -> InputError:
    """Two groups of one event."""
    names = " and ".join(repr(given.groups[int(each)].as_py()) for each in groups)
    member = given.members[int(asked.member[event])].as_py()
    when = np.datetime64(int(asked.time[event]), "us")
    return InputError(
        f"member {member!r} is in groups {names} at once",
        where=f"groups, at the event of {when} UTC",
        remedy="let one membership end where the next begins",
    )
