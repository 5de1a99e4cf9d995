"""Late truth as work: which decisions a restated fact would have changed, and what is at stake.

A fact that comes late, is corrected or is taken back changes windows that decisions were made on.
Every decision of the history is made twice more, by the version that made it: with the features
that all facts but the restated ones give, as if all had been known in time, and with those that
the restated ones give too. Where the two differ, it is the restated facts that differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.decisions.feel.printing import digits
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.policy import Action
from headrace.decisions.flow.program import FlowResult
from headrace.decisions.program.columns import NUMBER, Column, missing, read_column
from headrace.errors import InputError
from headrace.features.compile import compile_plan
from headrace.features.definition import FeatureSet, Table
from headrace.features.engines.batch import History, replay
from headrace.features.plan import make_plan

Ints = NDArray[np.int64]
WORDS = [each.word for each in Action]
FOUND = pa.schema(
    [
        ("decision", pa.string()),
        ("moment", pa.timestamp("us", "UTC")),
        ("customer", pa.string()),
        ("arm", pa.string()),
        ("recorded", pa.string()),
        ("action_before", pa.string()),
        ("action_after", pa.string()),
        ("reason_after", pa.string()),
        ("results_changed", pa.string()),
        ("inputs_changed", pa.string()),
        ("exposure_minor", pa.int64()),
    ]
)


@dataclass(frozen=True, eq=False)
class Taken:
    """What a log holds.

    Attributes:
        events: By table, every event that was taken in, once, with all its columns.
        voided: By table, the ids of events that were taken back.
        decided: The decisions that were followed: decision, arm, in_force, action, moment, and
            `place`, the row of its event in `events` of the table that is decided.
        table: The table that is decided.
    """

    events: Mapping[str, pa.Table]
    voided: Mapping[str, pa.Array]
    decided: pa.Table
    table: str


@dataclass(frozen=True)
class Restated:
    """Facts that were not known, or not so.

    Attributes:
        table: Whose events.
        late: Events that were not in the log.
        voided: Ids of events that are taken back.
    """

    table: str
    late: pa.Table | None = None
    voided: pa.Array | None = None


@dataclass(frozen=True, eq=False)
class Differing:
    """The decisions that would have differed.

    Attributes:
        table: A row each, see `FOUND`; the greatest exposure first, a missing one last.
        decisions: How many decisions were made again.
        exposure_minor: Of those that differ, together; None where no policy says what is at stake.
        without_exposure: How many of them have none.
    """

    table: pa.Table
    decisions: int
    exposure_minor: int | None
    without_exposure: int


def differing(
    taken: Taken, restated: Restated, versions: Mapping[str, InForce], feature_set: FeatureSet
) -> Differing:
    """The decisions that restated facts would have changed.

    Args:
        taken: What the log holds, the restated facts not among it.
        restated: Late events, or events taken back.
        versions: Those that decided, by digest.
        feature_set: What they read.

    Raises:
        InputError: A void names no event, a version is missing, or a column of late events is.
    """
    before = _as_known(taken.events, taken.voided, feature_set)
    events, voided = _with(taken, restated, feature_set)
    after = _as_known(events, voided, feature_set)
    one = _values(before, feature_set, taken.table, taken.events[taken.table].num_rows)
    two = _values(after, feature_set, taken.table, events[taken.table].num_rows)
    parts = [
        _of_version(taken, one, two, version, np.flatnonzero(_is(taken.decided, digest)))
        for digest, version in versions.items()
    ]
    found = pa.concat_tables([FOUND.empty_table(), *parts])
    found = found.sort_by([("exposure_minor", "descending"), ("decision", "ascending")])
    stakes = found["exposure_minor"]
    told = any(version.program.policy.exposure for version in versions.values())
    return Differing(
        found,
        taken.decided.num_rows,
        int(pc.sum(stakes).as_py() or 0) if told else None,
        stakes.null_count,
    )


def _is(decided: pa.Table, digest: str) -> NDArray[np.bool_]:
    return np.asarray(pc.equal(decided["in_force"], digest))


def _with(
    taken: Taken, restated: Restated, feature_set: FeatureSet
) -> tuple[dict[str, pa.Table], dict[str, pa.Array]]:
    """The history with the restated facts; late events come behind, so that places stay."""
    table = feature_set.table_named(restated.table)
    events, voided = dict(taken.events), dict(taken.voided)
    known = events.get(table.name)
    if restated.late is not None:
        late = restated.late
        if known is not None:
            late = late.select([n for n in known.column_names if n in late.column_names])
            events[table.name] = pa.concat_tables([known, late], promote_options="permissive")
        else:
            events[table.name] = late
    if restated.voided is not None:
        if table.id is None or known is None:
            raise InputError(
                f"events of table {table.name!r} have no ids to take them back by",
                where="the voids",
                remedy="take back events of a table with ids",
            )
        ids = restated.voided.cast(known[table.id].type)
        strangers = ids.filter(pc.invert(pc.is_in(ids, known[table.id].combine_chunks())))
        if len(strangers):
            raise InputError(
                f"no event has the id {strangers[0].as_py()!r}",
                where=f"the voids of {table.name}",
                remedy="name the ids of events that were taken in",
            )
        before = voided.get(table.name)
        voided[table.name] = (
            ids if before is None else pa.concat_arrays([before.cast(ids.type), ids])
        )
    return events, voided


@dataclass(frozen=True, eq=False)
class _Known:
    """A history as if all of it had been known in time; and where each row came from."""

    events: Mapping[str, pa.Table]
    places: Mapping[str, Ints]


def _as_known(
    events: Mapping[str, pa.Table], voided: Mapping[str, pa.Array], feature_set: FeatureSet
) -> _Known:
    kept: dict[str, pa.Table] = {}
    places: dict[str, Ints] = {}
    for table in feature_set.tables:
        rows = events.get(table.name)
        if rows is None:
            kept[table.name], places[table.name] = empty_events(table), np.array([], np.int64)
            continue
        stands = np.ones(rows.num_rows, np.bool_)
        if table.name in voided and table.id is not None:
            ids = rows[table.id].combine_chunks()
            stands &= ~np.asarray(pc.is_in(ids, voided[table.name].cast(ids.type)))
        place = np.flatnonzero(stands)
        times = rows[table.time].take(pa.array(place))
        order = place[np.argsort(np.asarray(times.cast(pa.int64())), kind="stable")]
        ordered = rows.take(pa.array(order))
        if table.known is not None:
            at = ordered.schema.get_field_index(table.known)
            ordered = ordered.set_column(at, table.known, ordered[table.time])
        kept[table.name], places[table.name] = ordered, order
    return _Known(kept, places)


def empty_events(table: Table) -> pa.Table:
    """No events of a table; the columns that the engine asks for."""
    kinds = {"number": pa.float64(), "category": pa.string(), "flag": pa.bool_()}
    times = [each for each in (table.time, table.known) if each is not None]
    fields = [(name, pa.timestamp("us", "UTC")) for name in times]
    fields += [] if table.id is None else [(table.id, pa.string())]
    fields += [(each.name, kinds[each.type.value]) for each in table.columns]
    return pa.schema(fields).empty_table()


def _values(known: _Known, feature_set: FeatureSet, table: str, count: int) -> pa.Table:
    """Features at every event of a table, in the order in which the log has them.

    An event that is taken back has none: null.
    """
    plan = make_plan(feature_set)
    found = replay(compile_plan(plan), History(known.events), table).table
    places = known.places[table]
    back = np.full(count, -1, np.int64)
    back[places] = np.arange(len(places))
    return found.take(pa.array(back, mask=back < 0))


def _of_version(
    taken: Taken, one: pa.Table, two: pa.Table, version: InForce, rows: Ints
) -> pa.Table:
    """Of the decisions of one version, those that differ."""
    decided = taken.decided.take(pa.array(rows))
    places = np.asarray(decided["place"])
    events = taken.events[taken.table].take(pa.array(places))
    moments = np.asarray(decided["moment"])
    before_inputs = _inputs(version, events, one, places)
    after_inputs = _inputs(version, events, two, places)
    before = version.program.run(before_inputs, moments)
    after = version.program.run(after_inputs, moments)
    gone = np.isin(places, _gone(two, one, places))
    changed = (before.action != after.action) & ~gone
    for name in before.results:
        changed |= _differs(before.results[name], after.results[name]) & ~gone
    found = np.flatnonzero(changed)
    policy = version.program.policy
    exposure = before_inputs.get(policy.exposure, missing(len(rows)))
    at = pa.array(found)
    return pa.table(
        {
            "decision": decided["decision"].take(at).cast(pa.string()),
            "moment": pa.array(moments[found], pa.timestamp("us", "UTC")),
            "customer": before_inputs[policy.customer].take(found).to_arrow().cast(pa.string()),
            "arm": decided["arm"].take(at).cast(pa.string()),
            "recorded": decided["action"].take(at).cast(pa.string()),
            "action_before": pa.array([WORDS[code] for code in before.action[found]], pa.string()),
            "action_after": pa.array([WORDS[code] for code in after.action[found]], pa.string()),
            "reason_after": after.reason.take(found).to_arrow().cast(pa.string()),
            "results_changed": _told(_changed_results(before, after), found),
            "inputs_changed": _told(_pairs(before_inputs, after_inputs), found),
            "exposure_minor": _whole(exposure.take(found)),
        }
    ).cast(FOUND)


def _gone(two: pa.Table, one: pa.Table, places: Ints) -> Ints:
    """Places of events that the restated facts take back: those have no decision to differ."""
    if not two.num_columns:
        return np.array([], np.int64)
    nothing = np.ones(two.num_rows, np.bool_)
    for column in two.columns:
        nothing &= np.asarray(pc.is_null(column))
    had = np.zeros(two.num_rows, np.bool_)
    for column in one.columns:
        had[: one.num_rows] |= np.asarray(pc.is_valid(column))[: two.num_rows]
    return np.flatnonzero(nothing & had)


def _inputs(
    version: InForce, events: pa.Table, values: pa.Table, places: Ints
) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for name in version.inputs:
        if name in values.column_names:
            found[name] = read_column(values[name].take(pa.array(places)), name)
        elif name in events.column_names:
            found[name] = read_column(events[name], name)
        else:
            found[name] = missing(len(places))
    return found


def _differs(one: Column, two: Column) -> NDArray[np.bool_]:
    if one.kind != two.kind:
        return np.asarray(one.present | two.present, np.bool_)
    same = one.present == two.present
    if one.texts != two.texts:
        left = np.array([*one.texts, ""], object)[one.values]
        right = np.array([*two.texts, ""], object)[two.values]
        return np.asarray(~(same & (~one.present | (left == right))), np.bool_)
    return np.asarray(~(same & (~one.present | (one.values == two.values))), np.bool_)


Pairs = Mapping[str, tuple[Column, Column]]


def _pairs(before: Mapping[str, Column], after: Mapping[str, Column]) -> Pairs:
    return {name: (column, after[name]) for name, column in before.items()}


def _changed_results(before: FlowResult, after: FlowResult) -> Pairs:
    return _pairs(before.results, after.results)


def _told(pairs: Pairs, rows: Ints) -> pa.Array:
    """What changed, in words: `name 3 -> 4`."""
    words: list[list[str]] = [[] for _ in rows]
    for name, (one, two) in pairs.items():
        where = _differs(one, two)[rows]
        for at in np.flatnonzero(where):
            row = int(rows[at])
            words[at].append(f"{name} {_shown(one, row)} -> {_shown(two, row)}")
    return pa.array(["; ".join(each) or None for each in words], pa.string())


def _shown(column: Column, row: int) -> str:
    value = column.value(row)
    if isinstance(value, Decimal):
        return digits(value)
    return "missing" if value is None else str(value)


def _whole(column: Column) -> pa.Array:
    if column.kind != NUMBER:
        return pa.nulls(len(column), pa.int64())
    return pa.array(np.rint(column.values).astype(np.int64), mask=~column.present)


def decided_table(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """The decisions of a log as `Taken` has them."""
    schema = pa.schema(
        [
            ("decision", pa.string()),
            ("arm", pa.string()),
            ("in_force", pa.string()),
            ("action", pa.string()),
            ("moment", pa.int64()),
            ("place", pa.int64()),
        ]
    )
    return pa.Table.from_pylist([dict(each) for each in rows], schema)
