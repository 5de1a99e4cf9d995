"""What history and live features on Spark share: turns, checks, and frames by key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.features.columns import Reader, key_words
from headrace.features.compile import Compiled, Program, compile_plan
from headrace.features.definition import FeatureSet, Table
from headrace.features.engines.batch import beside, doubles, features_table, moments_of
from headrace.features.plan import Plan, Space, make_plan

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Batches = Iterator[pa.RecordBatch]
FindKey = Callable[[Reader, pa.Table], tuple[Ints, Mask]]

KEY = ("headrace_key_high", "headrace_key_low")  # of the space that a row goes to next
TAKEN = "headrace_taken"  # whether some space of its own table could use a row
ASKS, EVENTS, VOIDS = "asks", "events", "voids"


@dataclass(frozen=True)
class SparkHistory:
    """Facts for Spark; the twin of `engines.batch.History`.

    Attributes:
        events: Events by table name.
        voids: What takes events back, by table name.
        arrival: By table name, a column that rises in the order of arrival. Where a table has a
            known time, that comes first and this column decides between equal ones; a table with
            neither has every event arrive at its time. Events equal in all this come in order of
            time, of id, and of every other column that the definition names.
    """

    events: Mapping[str, "DataFrame"]
    voids: Mapping[str, "DataFrame"] = field(default_factory=dict)
    arrival: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Clock:
    """When rows ask, and until when what they see became known: columns, or one moment."""

    moment: datetime | str
    limit: datetime | str


@dataclass(frozen=True)
class Turn:
    """One space of a plan and the rows that ask it: what travels to the executors.

    Attributes:
        feature_set: The definitions.
        number: Of the space.
        clock: When the rows ask; None: they are its events, and ask as they arrive.
    """

    feature_set: FeatureSet
    number: int
    clock: Clock | None

    @property
    def compiled(self) -> Compiled:
        """The plan, compiled once per process."""
        return _compiled(self.feature_set)

    @property
    def space(self) -> Space:
        """What is asked."""
        return self.compiled.plan.spaces[self.number]

    @property
    def program(self) -> Program:
        """The same, as arrays."""
        return self.compiled.programs[self.number]

    @property
    def find_key(self) -> FindKey:
        """How the key of what asks is found."""
        return key_of_events if self.clock is None else Reader.keys


@lru_cache(maxsize=16)
def _compiled(feature_set: FeatureSet) -> Compiled:
    return compile_plan(make_plan(feature_set))


# --- On the driver: frames -----------------------------------------------------------------------


def spark_functions() -> Any:
    """The functions of Spark.

    Raises:
        InputError: It is not installed.
    """
    try:
        import pandas  # noqa: F401, PLC0415  (without it Spark hands no Arrow over)
        from pyspark.sql import functions  # noqa: PLC0415  (an extra, absent by default)
    except ImportError as error:
        message = "features on Spark need PySpark, which is not installed"
        remedy = "Run: pip install 'headrace[spark]'"
        raise InputError(message, remedy=remedy) from error
    return functions


def facts_of(history: SparkHistory, name: str) -> "DataFrame":
    """The events of a table.

    Raises:
        InputError: They are not given.
    """
    if name not in history.events:
        raise InputError(
            f"the plan reads table {name!r}, which is not given",
            remedy=f"tables given: {', '.join(history.events)}",
        )
    return history.events[name]


def check(plan: Plan, history: SparkHistory, asking: "DataFrame", turns: Sequence[Turn]) -> None:
    """Read tables without rows, so that what cannot work is said before anything runs."""
    reserved = {*plan.names, *KEY, TAKEN} & set(asking.columns)
    if reserved:
        message = f"the data have columns of the names of features: {', '.join(sorted(reserved))}"
        raise InputError(message, remedy="rename them")
    asks = without_rows(asking)
    tables = {turn.space.table.name: turn.space.table for turn in turns}
    events = {name: without_rows(facts_of(history, name)) for name in tables}
    voids = {name: without_rows(history.voids[name]) for name in tables if name in history.voids}
    for name, column in history.arrival.items():
        if name in events and column not in events[name].column_names:
            message = f"events have no column {column!r} for the order of arrival"
            columns = ", ".join(events[name].column_names)
            raise InputError(message, where=f"table {name}", remedy=f"columns given: {columns}")
    for name in voids:
        if tables[name].known is None or tables[name].id is None:
            raise InputError(
                "events can be taken back only where they have an id and a known time",
                where=f"table {name}",
                remedy="name both columns in the table's definition",
            )
    for turn in turns:
        name, reader = turn.space.table.name, Reader(turn.space)
        reader.read(events[name])
        if name in voids:
            reader.read_voids(voids[name])
        if turn.clock is not None:
            reader.keys(asks)
            moments_of(asks, turn.clock.moment)


def without_rows(frame: "DataFrame") -> pa.Table:
    """The columns of a frame as a table."""
    if frame.isStreaming:
        return frame.sparkSession.createDataFrame([], frame.schema).toArrow()
    return frame.limit(0).toArrow()


def nested(frame: "DataFrame", part: str) -> "DataFrame":
    """The key, where there is one, and everything else in one column."""
    key = [name for name in KEY if name in frame.columns]
    rest = [quoted(name) for name in frame.columns if name not in KEY]
    return frame.select(*key, spark_functions().struct(*rest).alias(part))


def quoted(name: str) -> str:
    """A column's name as Spark takes it, dots and all."""
    return "`" + name.replace("`", "``") + "`"


def together(whole: "DataFrame", part: "DataFrame") -> "DataFrame":
    """The rows of both; what one of them lacks is null."""
    return whole.unionByName(part, allowMissingColumns=True)


def order_of_arrival(table: Table, arrival: str | None) -> list[str]:
    """What says which event came first; every column at last, so that nothing is left to chance."""
    first = [name for name in (table.known, arrival, table.time, table.id) if name is not None]
    return list(dict.fromkeys([*first, *(column.name for column in table.columns)]))


def schema_of(frame: "DataFrame", names: Sequence[str], kind: str) -> "StructType":
    """The columns of a frame and more of one type."""
    from pyspark.sql.types import StructType  # noqa: PLC0415  (an extra, absent by default)

    schema = StructType()
    for each in frame.schema.fields:
        schema = schema.add(each.name, each.dataType)
    for name in names:
        schema = schema.add(name, kind)
    return schema


# --- In the executors: tables --------------------------------------------------------------------


def with_key(turn: Turn, find: FindKey, table: pa.Table) -> pa.Table:
    """The key of a space in front; rows without one, which nobody needs together, are spread.

    A row always gets the same words, or a task that Spark repeats would send it elsewhere.
    """
    words, good = find(_reader_of_key(turn.space), table)
    words[~good] = 0
    moments = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    if moments:
        words[~good, 0] = moments_of(table, moments[0])[~good]
    rest = {name: table[name] for name in table.column_names if name not in KEY}
    return pa.table({KEY[0]: words[:, 0], KEY[1]: words[:, 1], **rest})


@lru_cache(maxsize=64)
def _reader_of_key(space: Space) -> Reader:
    """A reader of nothing but the key, derived or not."""
    columns = tuple(replace(column, required=False) for column in space.table.columns)
    table = replace(space.table, columns=columns)
    return Reader(replace(space, table=table, filters=(), kept=()))


def key_of_events(reader: Reader, events: pa.Table) -> tuple[Ints, Mask]:
    """Two words for the key of each event, (n, 2), and which have one, (n,)."""
    values, _ = reader.values(events)
    parts = [values[name] for name in reader.space.by]
    good = np.ones(events.num_rows, np.bool_)
    for part in parts:
        if part.valid is not None:
            good &= part.valid
    return key_words(parts), good


def part_of(chunk: pa.Table, part: str) -> pa.Table:
    """The rows of one part of what was gathered."""
    return pa.Table.from_struct_array(chunk[part].drop_null())


def measures_of(turns: Sequence[Turn]) -> tuple[str, ...]:
    """The measures of several spaces, in turn."""
    return tuple(output.name for turn in turns for output in turn.space.outputs)


def features_of(plan: Plan, measures: Sequence[str]) -> list[str]:
    """Every feature that can be had from some measures, in order of definition."""
    found: list[str] = features_table(plan, dict.fromkeys(measures, np.empty(0))).column_names
    return found


def with_values(turn: Turn, asks: pa.Table, found: Floats, taken: Mask) -> pa.Table:
    """What asked, with the values of one space, (aggregates, n), and whether it was taken."""
    answered = asks.set_column(asks.column_names.index(TAKEN), TAKEN, pa.array(taken))
    for output, one in zip(turn.space.outputs, found, strict=True):
        answered = answered.append_column(output.name, doubles([one])[0])
    return answered


def finished(plan: Plan, measures: Sequence[str], answered: pa.Table) -> pa.Table:
    """The given columns, then every feature: measures, and the arithmetic between them."""
    values = {name: answered[name].to_numpy() for name in measures}
    features = features_table(plan, values)
    return beside(answered.drop_columns([TAKEN, *measures]), features)
