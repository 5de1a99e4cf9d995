"""Live features on Apache Spark: structured streaming, with each key's events as durable state.

The events that windows can still see are kept per key in Spark's state store, which its
checkpoints make durable. A micro-batch brings new events; those of a key are put behind what is
kept of it, in order of arrival, and the batch engine computes them. Values equal those of
`StreamEngine.push` to the bit, but for what is said at `push`.

Rows travel between spaces as packets, Arrow tables as bytes, so that Spark's rows of Python
objects never hold a number of ours. Keys are kept in SHARDS maps: the state's calls cost a tenth
of a millisecond or more each, and this way the engine computes all keys of a map at once.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.spark_frames import (
    ASKS,
    KEY,
    TAKEN,
    VOIDS,
    Batches,
    Floats,
    Ints,
    Mask,
    SparkHistory,
    Turn,
    check,
    facts_of,
    features_of,
    finished,
    measures_of,
    nested,
    order_of_arrival,
    part_of,
    schema_of,
    spark_functions,
    together,
    with_key,
    with_values,
)
from headrace.errors import InputError
from headrace.features.columns import Reader, instants_of
from headrace.features.compile import Compiled
from headrace.features.definition import FeatureSet, Table
from headrace.features.engines.sorted import Sorted, evaluate
from headrace.features.engines.stream import ONE_DAY
from headrace.features.plan import microseconds
from headrace.features.windows import LastEvents

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SHARDS = 64  # maps of keys, and tasks that can work at once; a checkpoint depends on it
ROCKS_DB = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
NEVER = -(2**62)  # long before any event, in microseconds
_PACKET = "shard int, packet binary"
_TURN = "headrace_turn"  # when a row took its turn
_VOID, _PLACE = "headrace_void", "headrace_place"
_ANY_SKEW = timedelta(days=100_000)  # turns are no times


@dataclass(frozen=True)
class Allowance:
    """How late an event may be, in microseconds, and what tells the order.

    Attributes:
        lateness: By how much it may trail the latest one of its key.
        arrival: A column that rises in the order of arrival; None: there is none.
    """

    lateness: int
    arrival: str | None


def push(compiled: Compiled, history: SparkHistory, lateness: timedelta = ONE_DAY) -> "DataFrame":
    """Values at every event of a stream, as it arrives; the twin of `StreamEngine.push`.

    Within a micro-batch events arrive in the order that `SparkHistory` says, and micro-batches
    one after another. A void takes its event back for all that arrive after it.

    One thing differs from `StreamEngine`: how late an event is, is measured against the latest
    one of its key, so that it does not depend on how keys are spread. An event that is too late
    there may be exact here.

    Args:
        compiled: A plan of one table.
        history: The events of that table, and its voids, as streams.
        lateness: By how much an event may trail the latest one of its key and still be exact.
            Events are kept that much longer than windows look back.

    Returns:
        A stream of the columns of the events, then a double per feature; null is missing. Write
        it with a checkpoint and in output mode "append".

    Raises:
        InputError: The plan reads several tables, Spark keeps state elsewhere than in RocksDB, or
            as in `spark.replay`.
    """
    plan = compiled.plan
    read = {space.table.name for space in plan.spaces}
    if len(read) != 1:
        message = f"live features on Spark read one table, and the plan reads {sorted(read)}"
        raise InputError(message, remedy="compile a plan for each: FeatureSet.only(names)")
    name = read.pop()
    functions, events = spark_functions(), facts_of(history, name)
    _check_session(events)
    turns = [_turn(plan.feature_set, number) for number in range(len(plan.spaces))]
    check(plan, history, events, turns)
    nothing = functions.lit(False)  # noqa: FBT003  (a column that is false)
    rows = nested(events.withColumn(TAKEN, nothing), ASKS)
    if name in history.voids:
        rows = together(rows, nested(history.voids[name], VOIDS))
    limits = Allowance(microseconds(lateness), history.arrival.get(name))
    packets = rows.mapInArrow(partial(_send_rows, turns[0]), _PACKET)
    for turn, after in pairwise(turns):
        packets = _answered(packets, turn, limits).mapInArrow(partial(_send_on, after), _PACKET)
    measures = measures_of(turns)
    schema = schema_of(events, features_of(plan, measures), "double")
    last = partial(_finish, turns[-1], measures)
    return _answered(packets, turns[-1], limits).mapInArrow(last, schema)


def _turn(feature_set: FeatureSet, number: int) -> Turn:
    return Turn(feature_set, number, clock=None)


def _check_session(frame: "DataFrame") -> None:
    setting = "spark.sql.streaming.stateStore.providerClass"
    if frame.sparkSession.conf.get(setting) != ROCKS_DB:
        message = "Spark keeps state where a key cannot have a map of its own"
        raise InputError(message, where=setting, remedy=f"set it to {ROCKS_DB}")


def _answered(packets: "DataFrame", turn: Turn, limits: Allowance) -> "DataFrame":
    by_shard = packets.groupBy("shard")
    return by_shard.transformWithState(Keeper(turn, limits), _PACKET, "append", "none")


# --- In the executors: packets -------------------------------------------------------------------


def _send_rows(turn: Turn, batches: Batches) -> Batches:
    for batch in batches:
        yield from _sent(turn, pa.Table.from_batches([batch]))


def _send_on(turn: Turn, batches: Batches) -> Batches:
    for rows in _unpacked(batches):
        yield from _sent(turn, rows)


def _sent(turn: Turn, rows: pa.Table) -> Batches:
    """A packet for each shard with the rows that go there, and their keys."""
    parts = []
    for part, find in ((ASKS, turn.find_key), (VOIDS, Reader.keys)):
        if part in rows.column_names:
            keyed = with_key(turn, find, part_of(rows, part))
            key = {name: keyed[name] for name in KEY}
            whole = keyed.drop_columns(list(KEY)).to_struct_array()
            parts.append(pa.table({**key, part: whole}))
    whole = pa.concat_tables(parts, promote_options="default")
    shards = (whole[KEY[0]].to_numpy() ^ whole[KEY[1]].to_numpy()) % SHARDS
    for shard in np.unique(shards).tolist():
        packet = packed(whole.filter(pa.array(shards == shard)))
        yield pa.record_batch({"shard": pa.array([shard], pa.int32()), "packet": [packet]})


def _finish(turn: Turn, measures: tuple[str, ...], batches: Batches) -> Batches:
    for rows in _unpacked(batches):
        yield from finished(turn.compiled.plan, measures, part_of(rows, ASKS)).to_batches()


def _unpacked(batches: Batches) -> Iterator[pa.Table]:
    for batch in batches:
        for packet in batch.column("packet"):
            yield unpacked(packet.as_buffer())


def packed(table: pa.Table) -> bytes:
    """A table as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def unpacked(packet: Any) -> pa.Table:
    """A table from bytes."""
    with pa.ipc.open_stream(packet) as reader:
        return reader.read_all()


# --- In the executors: state ---------------------------------------------------------------------


class Keeper:
    """What is kept of the keys of a shard in one space: a `StatefulProcessor` of Spark.

    It is not derived from Spark's class, which is not there where Spark is not installed; and it
    travels by its name, as part of the package.

    Attributes:
        turn: The space.
        limits: How late events may be.
    """

    def __init__(self, turn: Turn, limits: Allowance) -> None:
        """Begin with no state."""
        self.turn, self.limits = turn, limits

    def init(self, handle: Any) -> None:
        """Name the state. Called by Spark."""
        key, value = "high long, low long", "plan long, rows binary"
        self._state = handle.getMapState("rows", key, value)

    def handleInputRows(self, key: Any, rows: Any, timerValues: Any) -> Iterator[Any]:  # noqa: N802, N803  (names of Spark)
        """Packets of a shard in, a packet with values out. Called by Spark."""
        from pyspark.sql import Row  # noqa: PLC0415  (an extra, absent by default)

        answered = self.exchange([unpacked(row["packet"]) for row in rows])
        yield Row(shard=key[0], packet=packed(answered))

    def exchange(self, packets: list[pa.Table]) -> pa.Table:
        """Rows in, the same rows with values out; what is to be kept of them is kept.

        Raises:
            InputError: The state was kept for other definitions.
        """
        fresh = pa.concat_tables(packets)
        schema = kept_schema(self.turn, fresh)
        said = f"{self.turn!r} {self.limits!r} {schema.to_string()}"
        plan = int.from_bytes(hashlib.sha256(said.encode()).digest()[:7])
        answered, kept = take_in(self.turn, self.limits, fresh, self._kept(fresh, schema, plan))
        for found, one in split(kept):
            whole = one.combine_chunks().to_batches()[0]
            self._state.updateValue(found, (plan, bytes(whole.serialize())))
        return answered

    def close(self) -> None:
        """Nothing to let go of. Called by Spark."""

    def _kept(self, fresh: pa.Table, schema: pa.Schema, plan: int) -> pa.Table:
        """What is kept of the keys of some rows."""
        found = []
        for key, _ in split(fresh.select(list(KEY))):
            value = self._state.getValue(key)
            if value is not None:
                if value[0] != plan:
                    raise InputError(
                        "the state was kept for other definitions, or other types of columns",
                        remedy="begin a new checkpoint, and send the history through it",
                    )
                found.append(pa.ipc.read_record_batch(pa.py_buffer(value[1]), schema))
        return pa.Table.from_batches(found, schema)


def kept_schema(turn: Turn, fresh: pa.Table) -> pa.Schema:
    """What is kept of an event or a void: its key, and the columns that the space reads."""
    given = fresh.schema.field(ASKS).type
    derived = {each.name for each in turn.space.table.derived}
    names = [name for name in Reader(turn.space).needed if name not in derived]
    fields = [fresh.schema.field(name) for name in KEY]
    fields += [pa.field(name, given.field(name).type) for name in names]
    return pa.schema([*fields, pa.field(_VOID, pa.bool_())])


def split(rows: pa.Table) -> Iterator[tuple[tuple[int, int], pa.Table]]:
    """The rows of each key, in the order given."""
    groups, first = _groups(rows)
    order = np.argsort(groups, kind="stable")
    rows = rows.take(pa.array(order))
    bounds = np.searchsorted(groups[order], np.arange(len(first) + 1)).tolist()
    high, low = (rows[name].to_numpy().tolist() for name in KEY)
    for start, stop in pairwise(bounds):
        yield (high[start], low[start]), rows.slice(start, stop - start)


def take_in(
    turn: Turn, limits: Allowance, fresh: pa.Table, kept: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """New events and voids of some keys, behind what is kept of them.

    The batch engine sees them with their turns in the place of known times.

    Args:
        turn: The space.
        limits: How late events may be.
        fresh: A packet.
        kept: What is kept of its keys, in order of arrival; see `kept_schema`.

    Returns:
        The packet's rows with values; and what is to be kept now.
    """
    space = replace(turn.space, table=replace(turn.space.table, known=_TURN, skew=_ANY_SKEW))
    old = kept.append_column(_PLACE, pa.array(np.full(kept.num_rows, -1)))
    rows = _without_repeats(space.table, pa.concat_tables([old, _arrived(turn, limits, fresh)]))
    turns = pa.array(np.arange(rows.num_rows)).cast(pa.timestamp("us", "UTC"))
    rows = rows.append_column(_TURN, turns)
    void = np.asarray(rows[_VOID].to_numpy(), np.bool_)
    events, voids = rows.filter(pa.array(~void)), rows.filter(pa.array(void))
    ordered = Sorted(space, turn.program, events, voids=voids, arrival=True)
    found = np.hstack(evaluate(ordered, ordered.at_arrival(events.num_rows)))
    usable = np.zeros(rows.num_rows, np.bool_)
    usable[np.flatnonzero(~void)[ordered.order]] = True
    if voids.num_rows:
        usable[np.flatnonzero(void)[ordered.reader.read_voids(voids)[0].taken]] = True
    groups, _ = _groups(rows)
    times = instants_of(rows, space.table.time)
    counted = usable & ~void
    if space.memory is not None:
        before = _latest_before(groups, np.where(counted, times, NEVER))
        found[:, (times < before - limits.lateness)[~void]] = np.nan
    answered = _with_found(turn, fresh, events, found, counted[~void])
    if space.memory is not None and not any(
        isinstance(each.window, LastEvents) for each in space.ranges
    ):
        latest = np.full(rows.num_rows, NEVER)
        np.maximum.at(latest, groups, np.where(counted, times, NEVER))
        usable &= times >= latest[groups] - limits.lateness - microseconds(space.memory)
    return answered, rows.filter(pa.array(usable)).select(kept.column_names)


def _arrived(turn: Turn, limits: Allowance, fresh: pa.Table) -> pa.Table:
    """New events and voids in order of arrival, as they are kept, and their places in the packet.

    What nobody can say when it became known, and what lies too far ahead of that, is left out.
    """
    table, schema = turn.space.table, kept_schema(turn, fresh)
    order = order_of_arrival(table, limits.arrival)
    parts = []
    for part, void in ((ASKS, False), (VOIDS, True)):
        if part not in fresh.column_names:
            continue
        rows = part_of(fresh, part)
        n = rows.num_rows
        key = fresh.filter(fresh[part].is_valid()).select(list(KEY))
        place = np.full(n, -1) if void else np.arange(n)
        added = {_VOID: pa.array(np.full(n, void)), _PLACE: pa.array(place)}
        chosen = dict.fromkeys([*schema.names, *order])
        columns = {name: rows[name] for name in chosen if name in rows.column_names}
        parts.append(pa.table({**{name: key[name] for name in KEY}, **columns, **added}))
    rows = pa.concat_tables(parts, promote_options="permissive")
    if table.known is not None:
        latest = instants_of(rows, table.known) + microseconds(table.skew)
        ahead = instants_of(rows, table.time) > latest
        good = pc.and_(rows[table.known].is_valid(), pa.array(~ahead))
        rows = rows.filter(good)
    first = 0 if table.known is None else 1
    clock = [*order[:first], _VOID, *order[first:]]
    rows = rows.sort_by([(name, "ascending") for name in clock if name in rows.column_names])
    return rows.select([*schema.names, _PLACE]).cast(schema.append(pa.field(_PLACE, pa.int64())))


def _without_repeats(table: Table, rows: pa.Table) -> pa.Table:
    """The first of the events, and of the voids, that have the same key, time and id."""
    if table.id is None:
        return rows
    naming = [*KEY, _VOID, table.time, table.id]
    numbered = rows.select(naming).append_column(_PLACE, pa.array(np.arange(rows.num_rows)))
    first = numbered.group_by(naming).aggregate([(_PLACE, "min")])[f"{_PLACE}_min"]
    return rows.take(pa.array(np.sort(first.to_numpy())))


def _with_found(
    turn: Turn, fresh: pa.Table, events: pa.Table, found: Floats, usable: Mask
) -> pa.Table:
    """A packet with the values of one space beside what asks."""
    asks = part_of(fresh, ASKS)
    place = events[_PLACE].to_numpy()
    new = np.flatnonzero(place >= 0)
    values = np.full((len(found), asks.num_rows), np.nan)
    values[:, place[new]] = found[:, new]
    taken = np.array(asks[TAKEN])
    taken[place[new]] |= usable[new]
    parts = [pa.table({ASKS: with_values(turn, asks, values, taken).to_struct_array()})]
    if VOIDS in fresh.column_names:
        parts.append(pa.table({VOIDS: part_of(fresh, VOIDS).to_struct_array()}))
    return pa.concat_tables(parts, promote_options="default")


def _groups(rows: pa.Table) -> tuple[Ints, Ints]:
    """The number of each row's key, (n,), and a row of each key."""
    keys = np.stack([rows[name].to_numpy() for name in KEY], axis=1)
    _, first, groups = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return groups.reshape(-1), first


def _latest_before(groups: Ints, times: Ints) -> Ints:
    """The latest of the times of a key before each row, in order of arrival; NEVER if none."""
    order = np.argsort(groups, kind="stable")
    before = np.full(len(times), NEVER)
    bounds = np.flatnonzero(np.diff(groups[order])) + 1
    for part in np.split(order, bounds):
        before[part[1:]] = np.maximum.accumulate(times[part])[:-1]
    return before
