"""The same plan on Apache Spark: history too large for one machine; needs the extra `spark`.

Spark brings the events of each key together, in order of arrival, and hands them over in Arrow
batches; the batch engine computes them where they are. Values equal those of one machine to the
bit, in any number of partitions. What travels is the definitions: executors compile them once.

A frame goes from key to key of the plan, so that nothing is joined and rows need no number. No
task holds more than about CHUNK rows, or those of one key if it has more.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial, reduce
from itertools import pairwise
from operator import and_
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from headrace.adapters.spark_frames import (
    ASKS,
    EVENTS,
    KEY,
    TAKEN,
    VOIDS,
    Batches,
    Clock,
    FindKey,
    Floats,
    Mask,
    SparkHistory,
    Turn,
    check,
    facts_of,
    features_of,
    finished,
    key_of_events,
    measures_of,
    nested,
    order_of_arrival,
    part_of,
    quoted,
    schema_of,
    spark_functions,
    together,
    with_key,
    with_values,
    without_rows,
)
from headrace.errors import InputError
from headrace.features.columns import Incoming, Reader, Refused
from headrace.features.compile import Compiled
from headrace.features.definition import ColumnType, Table
from headrace.features.engines.batch import moments_of
from headrace.features.engines.sorted import Sorted, evaluate
from headrace.features.plan import Plan, Space

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ReadTable = Callable[[Reader, pa.Table], tuple[Incoming, list[Refused]]]
CHUNK = 1 << 18  # rows worked on at once, unless one key has more
REFUSED = ("refused_column", "refused_reason")


def replay(compiled: Compiled, history: SparkHistory, table: str = "") -> "DataFrame":
    """Values at every event of one table, as they were when it arrived.

    Args:
        compiled: The plan.
        history: The facts.
        table: Whose events; "" where the plan has one table.

    Returns:
        The columns of the events, then a double per feature; null is missing. In no order.

    Raises:
        InputError: A table or column is missing or holds another type, or a column has the name
            of a feature.
    """
    plan = compiled.plan
    own = plan.feature_set.table_named(table)
    events = facts_of(history, own.name)
    clock = Clock(own.time, own.known or own.time)
    turns = [
        Turn(plan.feature_set, number, None if space.table.name == own.name else clock)
        for number, space in enumerate(plan.spaces)
        if space.table.name == own.name or set(space.by) <= set(events.columns)
    ]
    turns.sort(key=lambda turn: turn.clock is not None)
    nothing = spark_functions().lit(False)  # noqa: FBT003  (a column that is false)
    return _answered(plan, history, events.withColumn(TAKEN, nothing), turns)


def read(
    compiled: Compiled, history: SparkHistory, keys: "DataFrame", at: datetime | str
) -> "DataFrame":
    """Values of keys at moments, with what was known at each: no look-ahead.

    Args:
        compiled: The plan.
        history: The facts.
        keys: One row per question, with every column that is a key of the plan.
        at: The moment, UTC; or the name of the column of `keys` that holds the moments.

    Returns:
        The columns of `keys`, then a double per feature; null is missing. In no order.

    Raises:
        InputError: As in `replay`.
    """
    plan, clock = compiled.plan, Clock(at, at)
    turns = [Turn(plan.feature_set, number, clock) for number in range(len(plan.spaces))]
    everything = spark_functions().lit(True)  # noqa: FBT003  (a column that is true)
    return _answered(plan, history, keys.withColumn(TAKEN, everything), turns)


def refused_events(compiled: Compiled, history: SparkHistory, table: str = "") -> "DataFrame":
    """Events that cannot be used, once per reason, with columns for what was wrong and where.

    Args:
        compiled: The plan.
        history: The facts.
        table: Whose events; "" where the plan has one table.
    """
    own = compiled.plan.feature_set.table_named(table)
    return _refusals(compiled.plan, own, facts_of(history, own.name), Reader.read)


def refused_voids(compiled: Compiled, history: SparkHistory, table: str = "") -> "DataFrame":
    """The same for voids."""
    own = compiled.plan.feature_set.table_named(table)
    if own.name not in history.voids:
        raise InputError(f"no voids of table {own.name!r} are given")
    return _refusals(compiled.plan, own, history.voids[own.name], Reader.read_voids)


# --- On the driver: frames -----------------------------------------------------------------------


def _answered(
    plan: Plan, history: SparkHistory, asking: "DataFrame", turns: Sequence[Turn]
) -> "DataFrame":
    """A frame after it went to every space in turn, with the features of all.

    Args:
        plan: The plan.
        history: The facts.
        asking: What asks; TAKEN says which rows may ask about the events of other tables.
        turns: Who is asked.
    """
    given = asking.drop(TAKEN)
    check(plan, history, given, turns)
    if not turns:
        return given
    alone = turns[0].clock is None and turns[0].space.table.name not in history.voids
    if alone and _is_named(turns[0].space):
        frame = hashed(turns[0], asking)
    else:
        frame = keyed(turns[0], asking, turns[0].find_key)
    for turn, after in pairwise(turns):
        schema = schema_of(frame, measures_of([turn]), "double")
        frame = _gathered(turn, history, frame).mapInArrow(partial(_go_on, turn, after), schema)
    measures = measures_of(turns)
    features = features_of(plan, measures)
    last = partial(_finish, turns[-1], measures)
    whole = _gathered(turns[-1], history, frame)
    return whole.mapInArrow(last, schema_of(given, features, "double"))


def _gathered(turn: Turn, history: SparkHistory, asking: "DataFrame") -> "DataFrame":
    """Everything of a key together, its events in order of arrival; a column for each part."""
    name = turn.space.table.name
    whole, events, part = nested(asking, ASKS), asking, ASKS
    if turn.clock is not None:
        events, part = facts_of(history, name), EVENTS
        whole = together(whole, nested(keyed(turn, events, key_of_events), EVENTS))
    if name in history.voids:
        whole = together(whole, nested(keyed(turn, history.voids[name], Reader.keys), VOIDS))
    order = [
        spark_functions().col(part).getField(column)
        for column in order_of_arrival(turn.space.table, history.arrival.get(name))
        if column in events.columns
    ]
    return whole.repartition(*KEY).sortWithinPartitions(*KEY, *order)


def _is_named(space: Space) -> bool:
    """Whether a key is text and whole numbers of the data: equal for Spark where equal for us."""
    types = {column.name: column.type for column in space.table.columns}
    return all(types.get(name) is ColumnType.CATEGORY for name in space.by)


def hashed(turn: Turn, frame: "DataFrame") -> "DataFrame":
    """A frame with a hash of its key in front, found by Spark, which saves a way to Python.

    Only for rows that need no others beside them: the same number of another width has another
    hash. Two keys of one hash share a chunk, which does no harm.
    """
    functions = spark_functions()
    columns = [functions.col(quoted(name)) for name in turn.space.by]
    whole = reduce(and_, [column.isNotNull() for column in columns])
    spread = functions.xxhash64(quoted(turn.space.table.time))
    high = functions.when(whole, functions.xxhash64(*columns)).otherwise(spread)
    low = functions.lit(0).cast("long")
    return frame.select(high.alias(KEY[0]), low.alias(KEY[1]), "*")


def keyed(turn: Turn, frame: "DataFrame", find: FindKey) -> "DataFrame":
    """A frame with the key of a space in front."""
    nothing = spark_functions().lit(0).cast("long")
    blank = frame.select(*(nothing.alias(name) for name in KEY), "*")
    return blank.mapInArrow(partial(_put_key, turn, find), blank.schema)


def _refusals(plan: Plan, table: Table, frame: "DataFrame", read: ReadTable) -> "DataFrame":
    spaces = tuple(space for space in plan.spaces if space.table.name == table.name)
    empty = without_rows(frame)
    for space in spaces:
        read(Reader(space), empty)
    return frame.mapInArrow(partial(_refuse, spaces, read), schema_of(frame, REFUSED, "string"))


# --- In the executors: Arrow batches -------------------------------------------------------------


def _put_key(turn: Turn, find: FindKey, batches: Batches) -> Batches:
    for batch in batches:
        yield from with_key(turn, find, pa.Table.from_batches([batch])).to_batches()


def _go_on(turn: Turn, after: Turn, batches: Batches) -> Batches:
    """Values of one space, then the key of the next."""
    for answered in _answers(turn, batches):
        yield from with_key(after, after.find_key, answered).to_batches()


def _finish(turn: Turn, measures: tuple[str, ...], batches: Batches) -> Batches:
    """Values of the last space, then the arithmetic between all."""
    for answered in _answers(turn, batches):
        yield from finished(turn.compiled.plan, measures, answered).to_batches()


def _answers(turn: Turn, batches: Batches) -> Iterator[pa.Table]:
    """What asks, with the values of one space."""
    for chunk in whole_keys(batches, CHUNK):
        asks = part_of(chunk, ASKS)
        if asks.num_rows:
            parts = {each: part_of(chunk, each) for each in chunk.column_names[3:]}
            found, taken = _values(turn, asks, parts.get(EVENTS, asks), parts.get(VOIDS))
            yield with_values(turn, asks, found, taken)


def _values(
    turn: Turn, asks: pa.Table, events: pa.Table, voids: pa.Table | None
) -> tuple[Floats, Mask]:
    """Values of one space, (aggregates, n), and which of the rows some table took, (n,)."""
    taken = np.array(asks[TAKEN])
    own = turn.clock is None
    ordered = Sorted(turn.space, turn.program, events, voids=voids, arrival=own)
    if turn.clock is None:
        found = evaluate(ordered, ordered.at_arrival(asks.num_rows))
        taken[ordered.order] = True
        return np.hstack(found), taken
    words, good = ordered.reader.keys(asks)
    moments, limits = (moments_of(asks, at) for at in (turn.clock.moment, turn.clock.limit))
    asked = ordered.at_moments(words, moments, limits, good & taken)
    return np.hstack(evaluate(ordered, asked)), taken


def whole_keys(batches: Batches, rows: int) -> Iterator[pa.Table]:
    """Batches sorted by key as tables of about so many rows, none of which splits a key.

    Args:
        batches: The first two columns are the key.
        rows: A table holds at least as many, but for the last, and at most a batch more, unless
            a single key has more.
    """
    waiting: list[pa.RecordBatch] = []
    count, before = 0, None
    for batch in batches:
        cut, before = _last_change(batch, before)
        rest = batch
        if cut is not None and count + batch.num_rows >= rows:
            yield pa.Table.from_batches([*waiting, batch.slice(0, cut)])
            waiting, count, rest = [], 0, batch.slice(cut)
        waiting.append(rest)
        count += rest.num_rows
    if waiting:
        yield pa.Table.from_batches(waiting)


Key = tuple[int, int]


def _last_change(batch: pa.RecordBatch, before: Key | None) -> tuple[int | None, Key | None]:
    """Where the last key of a batch begins, None if before the batch; and that key."""
    if batch.num_rows == 0:
        return None, before
    high, low = batch.column(0).to_numpy(), batch.column(1).to_numpy()
    last = (int(high[-1]), int(low[-1]))
    changes = np.flatnonzero((high[1:] != high[:-1]) | (low[1:] != low[:-1]))
    if changes.size:
        return int(changes[-1]) + 1, last
    return (None if before in {None, last} else 0), last


def _refuse(spaces: tuple[Space, ...], read: ReadTable, batches: Batches) -> Batches:
    """The rows that a reader sets aside, once per reason however many spaces say so."""
    for batch in batches:
        table = pa.Table.from_batches([batch])
        found = {
            (int(row), each.column, each.reason)
            for space in spaces
            for each in read(Reader(space), table)[1]
            for row in each.rows
        }
        if found:
            rows, *said = zip(*sorted(found), strict=True)
            refused = table.take(pa.array(rows))
            for name, texts in zip(REFUSED, said, strict=True):
                refused = refused.append_column(name, pa.array(texts, pa.string()))
            yield from refused.to_batches()
