"""The batch engine: all of history at once, values at every event or at chosen moments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.features import arithmetic
from headrace.features.columns import Refused, values_of
from headrace.features.compile import Compiled, Program
from headrace.features.definition import Column, ColumnType, Measure
from headrace.features.engines.sorted import Sorted, evaluate
from headrace.features.plan import Plan, Space

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Events = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Computed:
    """Values, and the events that could not be used.

    Attributes:
        table: A double per feature; null is missing, never zero.
        refused: Table name (or "voids of" it) and reason, with the positions of the rows.
    """

    table: pa.Table
    refused: tuple[tuple[str, Refused], ...]


@dataclass(frozen=True)
class History:
    """Facts for the batch engine.

    Attributes:
        events: Events by table name. A table without a known time is in the order of arrival.
        voids: What takes events back, by table name: the key, the time and the id of each event
            that is voided, and the time at which that became known.
    """

    events: Events
    voids: Events | None = None


def replay(compiled: Compiled, history: History, table: str = "", threads: int = 1) -> Computed:
    """Values at every event of one table, as they were when it arrived.

    Features of other tables are read at the time of the event, with what was known when it
    arrived, where the event carries their key.

    Args:
        compiled: The plan.
        history: The facts.
        table: Whose events; "" where the plan has one table.
        threads: Worked on at once.

    Returns:
        One row per event, in the order given.
    """
    plan = compiled.plan
    name = table or plan.feature_set.tables[0].name
    asking = history.events[name]
    values: dict[str, Floats] = {}
    refused: list[tuple[str, Refused]] = []
    nothing_kept = all(space.table.name != name for space in plan.spaces)
    taken = np.full(asking.num_rows, nothing_kept)
    others = []
    for space, program in zip(plan.spaces, compiled.programs, strict=True):
        if space.table.name != name:
            others.append((space, program))
            continue
        ordered = _sorted(space, program, history, arrival=True)
        found = evaluate(ordered, ordered.at_arrival(asking.num_rows), threads)
        values.update({one.name: found[at] for at, one in enumerate(space.outputs)})
        refused += _refused(ordered)
        taken[ordered.order] = True
    for space, program in others:
        if set(space.by) <= set(asking.column_names):
            ordered = _sorted(space, program, history, arrival=False)
            times, limits = _clocks(plan, name, asking)
            found = _ask(ordered, asking, times, limits, threads)
            found[:, ~taken] = np.nan
            values.update({one.name: found[at] for at, one in enumerate(space.outputs)})
            refused += _refused(ordered)
    return Computed(features_table(plan, values), tuple(refused))


def _clocks(plan: Plan, name: str, events: pa.Table) -> tuple[Ints, Ints]:
    """Times, and known times, at which the events of one table ask about another's."""
    table = next(one for one in plan.feature_set.tables if one.name == name)
    times = _moments(events, table.time)
    return times, times if table.known is None else _moments(events, table.known)


def _ask(
    ordered: Sorted, keys: pa.Table, moments: Ints, limits: Ints | None, threads: int
) -> Floats:
    """Values of keys at moments, (aggregates, n); a key that is missing has none."""
    words, good = ordered.reader.keys(keys)
    found = evaluate(ordered, ordered.at_moments(words, moments, limits), threads)
    found[:, ~good] = np.nan
    return found


def _refused(ordered: Sorted) -> list[tuple[str, Refused]]:
    name = ordered.space.table.name
    voids = [(f"voids of {name}", each) for each in ordered.refused_voids]
    return [(name, each) for each in ordered.refused] + voids


def _sorted(space: Space, program: Program, history: History, *, arrival: bool) -> Sorted:
    events, voids = _given(space, history)
    return Sorted(space, program, events, voids=voids, arrival=arrival)


def standing(space: Space, program: Program, history: History, at: datetime | str) -> Sorted:
    """The events of a space for questions at one moment, or at the moments in a column."""
    if isinstance(at, str):
        return _sorted(space, program, history, arrival=False)
    events, voids = _given(space, history)
    return Sorted.at_one_moment(space, program, events, voids, microseconds(at))


def _given(space: Space, history: History) -> tuple[pa.Table, pa.Table | None]:
    name = space.table.name
    if name not in history.events:
        raise InputError(
            f"the plan reads table {name!r}, which is not given",
            remedy=f"tables given: {', '.join(history.events)}",
        )
    return history.events[name], (history.voids or {}).get(name)


def read(
    compiled: Compiled, history: History, keys: pa.Table, at: datetime | str, threads: int = 1
) -> Computed:
    """Values of keys at moments, with what was known at each: no look-ahead.

    Args:
        compiled: The plan.
        history: The facts; every table of the plan, be it without rows.
        keys: One row per question, with every column that is a key of the plan.
        at: The moment, UTC; or the name of the column of `keys` that holds the moments.
        threads: Worked on at once.

    Returns:
        The columns of `keys`, then a double per feature, in the order given.
    """
    moments = _moments(keys, at)
    values: dict[str, Floats] = {}
    refused: list[tuple[str, Refused]] = []
    for space, program in zip(compiled.plan.spaces, compiled.programs, strict=True):
        ordered = standing(space, program, history, at)
        found = _ask(ordered, keys, moments, None, threads)
        values.update({one.name: found[number] for number, one in enumerate(space.outputs)})
        refused += _refused(ordered)
    features = features_table(compiled.plan, values)
    for name in reversed(keys.column_names):
        features = features.add_column(0, name, keys[name])
    return Computed(features, tuple(refused))


def _moments(keys: pa.Table, at: datetime | str) -> NDArray[np.int64]:
    if isinstance(at, datetime):
        return np.full(keys.num_rows, microseconds(at))
    return np.asarray(values_of(keys, Column(at, ColumnType.INSTANT), "keys").data)


def features_table(plan: Plan, values: Mapping[str, Floats]) -> pa.Table:
    """Measures and the arithmetic between them, in order of definition; NaN becomes null."""
    known = dict(values)
    for definition in plan.feature_set.definitions:
        if not isinstance(definition, Measure) and all(part in known for part in definition.parts):
            known[definition.name] = arithmetic.compute(definition, known)
    columns = {
        name: pa.array(known[name], pa.float64(), mask=np.isnan(known[name]))
        for name in plan.names
        if name in known
    }
    return pa.table(columns)
