"""The batch engine: all of history at once, values at every event or at chosen moments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.cells import numpy_mask
from headrace.facts.localtime import microseconds
from headrace.features import arithmetic
from headrace.features.columns import Refused, instants_of
from headrace.features.compile import Compiled, Program
from headrace.features.definition import Measure, Table
from headrace.features.engines.sorted import Sorted, evaluate
from headrace.features.kernels import codes
from headrace.features.plan import Plan, Space

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Events = Mapping[str, pa.Table]
SHORT = 4_096


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
    own = plan.feature_set.table_named(table)
    name = own.name
    asking = _given(own, history)[0]
    values: dict[str, list[Floats]] = {}
    refused: list[tuple[str, Refused]] = []
    nothing_kept = all(space.table.name != name for space in plan.spaces)
    taken = np.full(asking.num_rows, nothing_kept)
    others = []
    for space, program in zip(plan.spaces, compiled.programs, strict=True):
        if space.table.name != name:
            others.append((space, program))
            continue
        ordered = _sorted(space, program, history, arrival=True)
        values.update(_columns(space, evaluate(ordered, ordered.at_arrival(len(taken)), threads)))
        refused += _refused(ordered)
        taken[ordered.order] = True
    for space, program in others:
        if set(space.by) <= set(asking.column_names):
            ordered = _sorted(space, program, history, arrival=False)
            times = instants_of(asking, own.time, name)
            limits = times if own.known is None else instants_of(asking, own.known, name)
            words, good = ordered.reader.keys(asking)
            asked = ordered.at_moments(words, times, limits, good & taken)
            values.update(_columns(space, evaluate(ordered, asked, threads)))
            refused += _refused(ordered)
    return Computed(_table(plan, values), tuple(refused))


def _columns(space: Space, tiles: list[Floats]) -> dict[str, list[Floats]]:
    """Each aggregate by name, in as many pieces as there are tiles."""
    return {one.name: [tile[at] for tile in tiles] for at, one in enumerate(space.outputs)}


def _table(plan: Plan, values: Mapping[str, list[Floats]]) -> pa.Table:
    """Features from aggregates, piece by piece."""
    pieces = len(next(iter(values.values()), [None]))
    return pa.concat_tables(
        features_table(plan, {name: column[piece] for name, column in values.items()})
        for piece in range(pieces)
    )


def _refused(ordered: Sorted) -> list[tuple[str, Refused]]:
    name = ordered.space.table.name
    voids = [(f"voids of {name}", each) for each in ordered.refused_voids]
    return [(name, each) for each in ordered.refused] + voids


def _sorted(space: Space, program: Program, history: History, *, arrival: bool) -> Sorted:
    events, voids = _given(space.table, history)
    return Sorted(space, program, events, voids=voids, arrival=arrival)


def standing(space: Space, program: Program, history: History, at: datetime | str) -> Sorted:
    """The events of a space for questions at one moment, or at the moments in a column."""
    if isinstance(at, str):
        return _sorted(space, program, history, arrival=False)
    events, voids = _given(space.table, history)
    return Sorted(space, program, events, voids=voids, moment=microseconds(at))


def _given(table: Table, history: History) -> tuple[pa.Table, pa.Table | None]:
    name = table.name
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
        at: The moment, UTC; or the name of the column of `keys` that holds the moments. A question
            without a moment has no values.
        threads: Worked on at once.

    Returns:
        The columns of `keys`, then a double per feature, in the order given.
    """
    moments = moments_of(keys, at)
    values: dict[str, list[Floats]] = {}
    refused: list[tuple[str, Refused]] = []
    for space, program in zip(compiled.plan.spaces, compiled.programs, strict=True):
        ordered = standing(space, program, history, at)
        words, good = ordered.reader.keys(keys)
        asked = ordered.at_moments(words, moments, good=good)
        values.update(_columns(space, evaluate(ordered, asked, threads)))
        refused += _refused(ordered)
    return Computed(beside(keys, _table(compiled.plan, values)), tuple(refused))


def moments_of(keys: pa.Table, at: datetime | str) -> Ints:
    """The moment of each question: one for all, or those in a column, microseconds, (n,).

    Where there is none it is NOBODY_ASKS: nothing is known at no moment.
    """
    if isinstance(at, datetime):
        return np.full(keys.num_rows, microseconds(at))
    moments = instants_of(keys, at, "keys")
    if keys[at].null_count == 0:
        return moments
    return np.where(numpy_mask(pc.is_valid(keys[at])), moments, codes.NOBODY_ASKS)


def beside(keys: pa.Table, features: pa.Table) -> pa.Table:
    """Features behind the columns of what asked for them."""
    names = [*keys.column_names, *features.column_names]
    return pa.table([*keys.columns, *features.columns], names=names)


def features_table(plan: Plan, values: Mapping[str, Floats]) -> pa.Table:
    """Measures and the arithmetic between them, in order of definition; NaN becomes null."""
    known = dict(values)
    for definition in plan.feature_set.definitions:
        if not isinstance(definition, Measure) and all(part in known for part in definition.parts):
            known[definition.name] = arithmetic.compute(definition, known)
    names = [name for name in plan.names if name in known]
    return pa.table(doubles([known[name] for name in names]), names=names)


def doubles(columns: Sequence[Floats]) -> list[pa.Array]:
    """Columns of the same memory; NaN becomes null.

    They are looked through together while they are short, for then a call costs more than its work.
    """
    if columns and len(columns[0]) <= SHORT:
        together = ~np.isnan(np.stack(columns))
        whole = np.asarray(together.all(axis=1)).tolist()
        bits = list(np.packbits(together, axis=1, bitorder="little"))
    else:
        masks = [~np.isnan(values) for values in columns]
        whole = [bool(mask.all()) for mask in masks]
        bits = [np.packbits(mask, bitorder="little") for mask in masks]
    kind = pa.float64()
    return [
        pa.Array.from_buffers(
            kind,
            len(values),
            [
                None if is_whole else pa.py_buffer(bits[at]),
                pa.py_buffer(np.ascontiguousarray(values)),
            ],
            0 if is_whole else -1,
        )
        for at, (values, is_whole) in enumerate(zip(columns, whole, strict=True))
    ]
