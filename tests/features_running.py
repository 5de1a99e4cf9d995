"""Running the feature engines on plain rows, so that their values can be laid side by side."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from itertools import groupby
from math import nan

import numpy as np
import pyarrow as pa
from features_reference import Facts, Row, Value, agree, at_arrival, values

from headrace.features.aggregates import Aggregate
from headrace.features.compile import Compiled, compile_plan
from headrace.features.definition import FeatureSet, Measure, Table
from headrace.features.engines import batch
from headrace.features.engines.stream import Pushed, PushedOne, StreamEngine
from headrace.features.plan import make_plan
from headrace.features.windows import Window
from strategies_features import FIRST, World

LONG = timedelta(days=4000)  # no event of a random table is later than this


@lru_cache(maxsize=16)
def compiled(features: FeatureSet) -> Compiled:
    return compile_plan(make_plan(features))


def measured(table: Table, *measures: tuple[Aggregate, Window]) -> FeatureSet:
    """Aggregates in windows, named f0, f1, ..."""
    return FeatureSet(
        (table,),
        tuple(Measure(f"f{n}", one, window=span) for n, (one, span) in enumerate(measures)),
    )


def matrix(table: pa.Table, names: Sequence[str]) -> np.ndarray:
    """(rows, features), missing as NaN."""
    columns = [table[name].to_numpy().astype(np.float64) for name in names]
    return np.stack(columns, axis=1) if columns else np.empty((table.num_rows, 0))


def assert_same_bits(got: np.ndarray, want: np.ndarray) -> None:
    """Equal to the last bit, and missing in the same places."""
    assert got.shape == want.shape
    missing = np.isnan(want)
    np.testing.assert_array_equal(np.isnan(got), missing)
    bits, wanted = (np.where(missing, 0.0, each).view(np.int64) for each in (got, want))
    if not np.array_equal(bits, wanted):
        place, feature = np.argwhere(bits != wanted)[0]
        raise AssertionError(
            f"row {place}, feature {feature}: {got[place, feature]!r} "
            f"is not {want[place, feature]!r}"
        )


def assert_agrees(got: np.ndarray, want: Sequence[dict[str, Value]], features: FeatureSet) -> None:
    """Every engine value is the slow one."""
    assert len(got) == len(want)
    for place, expected in enumerate(want):
        for number, definition in enumerate(features.definitions):
            value = None if np.isnan(got[place, number]) else got[place, number].item()
            assert agree(value, expected[definition.name]), (
                f"fact {place}, {definition.read_aloud()}: "
                f"{value!r} is not {expected[definition.name]!r}"
            )


def events_of(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["op"] == "add"]


def history(world: World, facts: Iterable[Row]) -> batch.History:
    """Facts for the batch engine."""
    rows = list(facts)
    events, voids = events_of(rows), [row for row in rows if row["op"] == "void"]
    name = world.table.name
    taken_back = {name: world.arrow(voids)} if voids else None
    return batch.History({name: world.arrow(events)}, taken_back)


def replayed(world: World, features: FeatureSet, facts: Sequence[Row], **options) -> np.ndarray:
    """Values at every event, by the batch engine."""
    found = batch.replay(compiled(features), history(world, facts), **options)
    assert not found.refused
    return matrix(found.table, compiled(features).plan.names)


@dataclass
class Live:
    """A stream engine that is fed plain rows.

    Attributes:
        pushed: What came of every batch, in order.
    """

    world: World
    features: FeatureSet
    lateness: timedelta = LONG
    engine: StreamEngine = field(init=False)
    pushed: list[Pushed | PushedOne] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with no events."""
        self.engine = StreamEngine(compiled(self.features), self.lateness)

    def feed(self, facts: Sequence[Row], sizes: Iterator[int] | None = None) -> np.ndarray:
        """Push and void facts in order, `sizes` at a time (all at once where None).

        Returns:
            (facts, features).
        """
        found = []
        for op, group in groupby(facts, key=lambda row: row["op"]):
            rows = list(group)
            while rows:
                size = len(rows) if sizes is None else next(sizes)
                part, rows = rows[:size], rows[size:]
                take = self.engine.push if op == "add" else self.engine.void
                self.pushed.append(take(self.world.arrow(part)))
                found.append(matrix(self.pushed[-1].table, self.names))
        return np.concatenate(found) if found else np.empty((0, len(self.names)))

    def feed_one_by_one(self, facts: Sequence[Row]) -> np.ndarray:
        """The same by calls for one event each, without a table; voids come in tables.

        Returns:
            (facts, features).
        """
        found = []
        for row in facts:
            if row["op"] == "void":
                found.append(self.feed([row])[0])
                continue
            done = self.engine.push_one(self.world.event(row))
            self.pushed.append(done)
            values = [done.values[name] for name in self.names]
            found.append(np.array([nan if value is None else value for value in values]))
        return np.stack(found) if found else np.empty((0, len(self.names)))

    @property
    def names(self) -> tuple[str, ...]:
        return self.engine.compiled.plan.names

    @property
    def lateness_told(self) -> list[tuple[bool, bool]]:
        """Whether anything was late and too late, for every call."""
        return [
            (bool(each.late.size), bool(each.too_late.size))
            if isinstance(each, Pushed)
            else (each.late, each.too_late)
            for each in self.pushed
        ]

    @property
    def outcomes(self) -> list[str]:
        return [
            word
            for each in self.pushed
            for word in (each.words() if isinstance(each, Pushed) else [each.outcome])
        ]


def slowly(features: FeatureSet, facts: Facts) -> list[dict[str, Value]]:
    """Values at the arrival of every fact, by the slow twin."""
    return [at_arrival(features.definitions, facts, place) for place in range(len(facts.rows))]


@dataclass(frozen=True)
class Question:
    """A key and a moment."""

    row: Row
    at: int

    def slowly(self, features: FeatureSet, facts: Facts) -> dict[str, Value]:
        """The answer of the slow twin, from these facts."""
        return values(features.definitions, facts, self.row, self.at)


def asked(questions: Sequence[Question]) -> pa.Table:
    """Questions as data; the moments in column "at"."""
    columns = {
        "party": pa.array([each.row["party"] for each in questions], pa.string()),
        "shop": pa.array([each.row["shop"] for each in questions], pa.int32()),
        "at": pa.array([each.at for each in questions], pa.timestamp("us", "UTC")),
    }
    return pa.table(columns)


def instant(at: int):
    return FIRST + timedelta(microseconds=at)
