"""The stream engine: events in any order, values at each arrival, memory that stays bounded.

It runs the same plan as the batch engine, over rows that it keeps per key. Events that come late
are put where they belong, repeated ones are recognised by their id, and what is taken back is
taken out of every window that held it. Nothing here reads or writes a file: `adapters` make it
durable.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import instant_of, microseconds
from headrace.features import arithmetic
from headrace.features.columns import Reader, Refused, instants_of
from headrace.features.compile import Compiled
from headrace.features.engines.batch import beside, features_table, moments_of
from headrace.features.engines.store import Grow, Store, Taken, grown_in_memory
from headrace.features.kernels import codes
from headrace.features.kernels.blocks import NEVER
from headrace.features.kernels.segments import H_WATERMARK
from headrace.features.plan import Space
from headrace.features.plan import microseconds as length_us
from headrace.features.rows import Event, RowReader, moment_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
ONE_DAY = timedelta(days=1)
LAYOUT = 2  # of the words in memory; a snapshot of another layout is of no use
OUTCOMES = {
    codes.ADDED: "added",
    codes.DUPLICATE: "duplicate",
    codes.VOIDED: "voided",
    codes.VOID_PENDING: "void_before_event",
    codes.ALREADY_VOIDED: "already_voided",
}


@dataclass(frozen=True)
class Pushed:
    """What came of a batch of events.

    Attributes:
        table: A double per feature and row given; null is missing. A repeated event and one that
            came too late to be exact have no values.
        outcome: What was done with each row, see `kernels.codes`; -1: refused.
        late: Rows that came after a later event of their key.
        too_late: Rows that came later than the engine's lateness: counted from now on, but
            without values of their own.
        refused: Rows that could not be used, and why.
    """

    table: pa.Table
    outcome: NDArray[np.int8]
    late: Ints
    too_late: Ints
    refused: tuple[Refused, ...]

    def words(self) -> list[str]:
        """What was done with each row: a value of OUTCOMES, or "refused"."""
        return [OUTCOMES.get(code & codes.KIND, "refused") if code >= 0 else "refused"
                for code in self.outcome.tolist()]  # fmt: skip


@dataclass(frozen=True)
class PushedOne:
    """What came of one event.

    Attributes:
        values: Every feature by name; None is missing.
        outcome: "added", "duplicate", "already_voided".
        late: Whether it came after a later event of its key.
        too_late: Whether it came later than the engine's lateness: it counts, without values.
        refused: Why some keys did not take it; their features are missing.
    """

    values: dict[str, float | None]
    outcome: str
    late: bool
    too_late: bool
    refused: tuple[str, ...]


@dataclass
class Counts:
    """What has happened since the start, for monitoring."""

    outcomes: dict[str, int] = field(default_factory=dict)
    late: int = 0
    too_late: int = 0
    refused: int = 0

    def take(self, outcome: NDArray[np.int8]) -> None:
        """Count what came of rows."""
        found, rows = np.unique(outcome, return_counts=True)
        for code, several in zip(found.tolist(), rows.tolist(), strict=True):
            self.take_several(code, several)

    def take_several(self, outcome: int, rows: int = 1) -> None:
        """Count rows of one outcome."""
        if outcome < 0:
            self.refused += rows
            return
        word = OUTCOMES[outcome & codes.KIND]
        self.outcomes[word] = self.outcomes.get(word, 0) + rows
        self.late += rows if outcome & codes.LATE else 0
        self.too_late += rows if outcome & codes.TOO_LATE else 0


class StreamEngine:
    """Live values of a plan."""

    def __init__(
        self,
        compiled: Compiled,
        lateness: timedelta = ONE_DAY,
        grow: Grow = grown_in_memory,
    ) -> None:
        """Start with no events.

        Args:
            compiled: The plan.
            lateness: By how much an event may trail the latest one of its table and still be
                exact everywhere. Rows are kept that much longer.
            grow: Makes room for more rows and keys.
        """
        self.compiled = compiled
        self.lateness = lateness
        self.spaces = [
            Live(space, Store(space, program, length_us(lateness), grow))
            for space, program in zip(compiled.plan.spaces, compiled.programs, strict=True)
        ]
        tables = compiled.plan.feature_set.tables
        self._named = compiled.plan.feature_set.table_named
        self.counts: dict[str, Counts] = {table.name: Counts() for table in tables}
        self._by_table = {
            table.name: (
                [live for live in self.spaces if live.space.table.name == table.name],
                [live for live in self.spaces if live.space.table.name != table.name],
            )
            for table in tables
        }

    def push(self, events: pa.Table, table: str = "") -> Pushed:
        """Take events in, in the order given, and compute every feature for each.

        Features of other tables are read at the time of the event, where it carries their key.

        Args:
            events: Events of one table.
            table: Its name; "" where the plan has one table.

        Raises:
            InputError: A column is missing or holds another type; nothing was taken in.
        """
        name = self._named(table).name
        own, others = self._by_table[name]
        read = [(live, *live.reader.read(events)) for live in own]
        refused = _without_repeats([each for _, _, several in read for each in several])
        values: dict[str, Floats] = {}
        outcome = np.full(events.num_rows, -1 if own else codes.ADDED, np.int8)
        for live, incoming, _ in read:
            found = live.push(codes.ADD, incoming.keys, incoming.rows[:, 0], incoming.rows)
            live.spread(found, incoming.taken, events.num_rows, values)
            _merge(outcome, incoming.taken, found.outcome)
        taken = np.flatnonzero(outcome >= 0)
        asking = events if len(taken) == events.num_rows else events.take(pa.array(taken))
        for live in others:
            if set(live.space.by) <= set(events.column_names):
                found, good = live.read(asking, instants_of(asking, self._named(name).time, name))
                live.spread(found, taken[good], events.num_rows, values)
        return self._pushed(name, values, outcome, refused)

    def push_one(self, event: Event, table: str = "") -> PushedOne:
        """Take one event in: the same as `push` of a table of one row, in microseconds.

        Args:
            event: Plain values by column: numbers, text, booleans, aware datetimes (or whole
                microseconds since 1970, UTC).
            table: Its table; "" where the plan has one.

        Raises:
            InputError: No key of the plan could take it; nothing was taken in.
        """
        name = self._named(table).name
        own, others = self._by_table[name]
        values: dict[str, float | None] = {}
        refused: list[InputError] = []
        outcome = -1 if own else codes.ADDED
        time = moment_of(event, self._named(name).time)
        rows = []
        for live in own:
            try:
                rows.append((live, *live.rows.row(event)))
            except InputError as error:
                refused.append(error)
                values.update(dict.fromkeys(live.names))
        if not rows and refused:
            self.counts[name].refused += 1
            raise refused[0]
        for live, key, words in rows:
            outcome = _merged(outcome, live.push_one(codes.ADD, key, words[0], words, values))
        for live in others:
            if time is not None and all(event.get(each) is not None for each in live.space.by):
                live.push_one(codes.READ, live.rows.key(event), time, live.blank, values)
            elif all(column in event for column in live.space.by):
                values.update(dict.fromkeys(live.names))
        self.counts[name].take_several(outcome)
        return PushedOne(
            self._with_arithmetic(values),
            OUTCOMES[outcome & codes.KIND],
            late=outcome & codes.LATE > 0,
            too_late=outcome & codes.TOO_LATE > 0,
            refused=tuple(str(each) for each in refused),
        )

    def read_one(self, key: Event, at: datetime | int) -> dict[str, float | None]:
        """Values of one key at a moment: the same as `read` of one row.

        Args:
            key: Every column that is a key of the plan.
            at: The moment, UTC; or microseconds since 1970.
        """
        moment = at if isinstance(at, int) else microseconds(at)
        values: dict[str, float | None] = {}
        for live in self.spaces:
            live.push_one(codes.READ, live.rows.key(key), moment, live.blank, values)
        return self._with_arithmetic(values)

    def void(self, voids: pa.Table, table: str = "") -> Pushed:
        """Take events back, and compute every feature of each one's key at the time of its void.

        Args:
            voids: One row per event that is taken back, with its key columns, its time and its
                id; and, in the column of the known time where the table has one, when that became
                known.
            table: Its table; "" where the plan has one.

        Raises:
            InputError: The table has no ids, or a column is missing.
        """
        name = self._named(table).name
        values: dict[str, Floats] = {}
        refused: list[Refused] = []
        outcome = np.full(voids.num_rows, -1, np.int8)
        for live in self._of(name):
            if live.space.table.id is None:
                raise InputError(f"events of table {name!r} have no ids to take them back by")
            marks, several = live.reader.read_voids(voids)
            refused += several
            moments = marks.rows[:, 0] if marks.known is None else marks.known
            found = live.push(codes.VOID, marks.keys, moments, marks.rows)
            live.spread(found, marks.taken, voids.num_rows, values)
            _merge(outcome, marks.taken, found.outcome)
        return self._pushed(name, values, outcome, _without_repeats(refused))

    def read(self, keys: pa.Table, at: datetime | str) -> pa.Table:
        """Values of keys at a moment, from what is known now.

        Args:
            keys: One row per question, with every column that is a key of the plan.
            at: The moment, UTC; or the name of the column of `keys` that holds the moments.

        Returns:
            The columns of `keys`, then a double per feature; null is missing. A moment further
            back than the engine's lateness has no values.
        """
        moments = moments_of(keys, at)
        values: dict[str, Floats] = {}
        for live in self.spaces:
            found, good = live.read(keys, moments)
            live.spread(found, good, keys.num_rows, values)
        return beside(keys, features_table(self.compiled.plan, values))

    def sweep(self, share: float = 1.0) -> int:
        """Forget keys that no window sees any more, looking at a share of all keys.

        Returns:
            How many keys were forgotten.
        """
        return sum(live.sweep(share) for live in self.spaces)

    def watermark(self, table: str = "") -> datetime | None:
        """The latest event time seen; None before the first event."""
        for live in self._of(self._named(table).name):
            latest = int(live.store.heads[H_WATERMARK])
            if latest != NEVER:
                return instant_of(latest)
        return None

    def digest(self) -> str:
        """A hash of everything that windows can still see: equal for equal histories."""
        words = [
            f"{live.space.name} {live.store.digest() & (2**64 - 1):016x}" for live in self.spaces
        ]
        return hashlib.sha256("\n".join(words).encode()).hexdigest()

    def state(self) -> tuple[dict[str, Ints], dict[str, object]]:
        """Everything kept, as arrays and plain values: what a snapshot holds. Views, not copies."""
        arrays: dict[str, Ints] = {}
        meta: dict[str, object] = {"plan": self.plan_digest, "counts": {
            name: asdict(counts) for name, counts in self.counts.items()
        }}  # fmt: skip
        for number, live in enumerate(self.spaces):
            arrays |= {f"{number}.{name}": array for name, array in live.store.state().items()}
            for name, numbering in live.reader.groups.items():
                arrays[f"{number}.group.{name}"] = numbering.table
                meta[f"{number}.group.{name}"] = numbering.count
        return arrays, meta

    def restore(self, arrays: Mapping[str, Ints], meta: Mapping[str, Any]) -> None:
        """Go on from a state.

        Raises:
            InputError: It is the state of another plan.
        """
        if meta["plan"] != self.plan_digest:
            raise InputError(
                "the state was kept for other definitions",
                remedy="compute it again from the log of events",
            )
        self.counts = {name: Counts(**counts) for name, counts in meta["counts"].items()}
        for number, live in enumerate(self.spaces):
            live.store.restore(
                {name: arrays[f"{number}.{name}"] for name in ("pool", "slots", "table", "heads")}
            )
            for name, numbering in live.reader.groups.items():
                numbering.table = arrays[f"{number}.group.{name}"].copy()
                numbering.count = int(meta[f"{number}.group.{name}"])

    @property
    def plan_digest(self) -> str:
        """Names the definitions, the lateness and the layout of memory."""
        said = repr((LAYOUT, self.lateness, self.compiled.plan.feature_set))
        return hashlib.sha256(said.encode()).hexdigest()

    def metrics(self) -> dict[str, float]:
        """Figures for monitoring, by names that Prometheus accepts."""
        figures: dict[str, float] = {}
        for live in self.spaces:
            label = f'{{space="{live.space.name}"}}'
            figures[f"headrace_features_keys{label}"] = live.store.keys
            figures[f"headrace_features_events{label}"] = live.store.events
            figures[f"headrace_features_bytes{label}"] = live.store.bytes_used
        for name, counts in self.counts.items():
            latest = self.watermark(name)
            if latest is not None:  # the lag of a table is the time now less this
                label = f'{{table="{name}"}}'
                figures[f"headrace_features_watermark_seconds{label}"] = latest.timestamp()
            for outcome, count in sorted(counts.outcomes.items()):
                label = f'{{table="{name}",outcome="{outcome}"}}'
                figures[f"headrace_features_rows_total{label}"] = count
            figures[f'headrace_features_late_total{{table="{name}"}}'] = counts.late
            figures[f'headrace_features_too_late_total{{table="{name}"}}'] = counts.too_late
            figures[f'headrace_features_refused_total{{table="{name}"}}'] = counts.refused
        return figures

    def _with_arithmetic(self, values: dict[str, float | None]) -> dict[str, float | None]:
        for definition in self.compiled.plan.arithmetic:
            if all(part in values for part in definition.parts):
                values[definition.name] = arithmetic.compute_one(definition, values)
        return values

    def _pushed(
        self,
        name: str,
        values: Mapping[str, Floats],
        outcome: NDArray[np.int8],
        refused: list[Refused],
    ) -> Pushed:
        taken = outcome >= 0
        late = np.flatnonzero(taken & (outcome & codes.LATE > 0))
        too_late = np.flatnonzero(taken & (outcome & codes.TOO_LATE > 0))
        self.counts[name].take(outcome)
        table = features_table(self.compiled.plan, values)
        return Pushed(table, outcome, late, too_late, tuple(refused))

    def _of(self, name: str) -> list["Live"]:
        return self._by_table[name][0]


class Live:
    """One space: its reader and its memory."""

    def __init__(self, space: Space, store: Store) -> None:
        self.space, self.store = space, store
        self.reader = Reader(space)
        self.rows = RowReader(self.reader)
        self.names = [output.name for output in space.outputs]
        self.blank = [0] * space.row_words
        self.one = np.zeros((1, codes.I_ROW + space.row_words), np.int64)
        self.swept = 0

    def push(self, op: int, keys: Ints, moments: Ints, rows: Ints) -> Taken:
        """Rows with their keys and the moments asked about, see `kernels.history.push`."""
        n = len(keys)
        incoming = np.empty((n, codes.I_ROW + rows.shape[1]), np.int64)
        incoming[:, : codes.I_OP] = keys
        incoming[:, codes.I_OP] = op
        incoming[:, codes.I_AT] = moments
        incoming[:, codes.I_ROW :] = rows
        return self.store.push(incoming, self.reader.groups_count)

    def push_one(
        self,
        op: int,
        key: tuple[int, int],
        moment: int,
        words: list[int],
        values: dict[str, float | None],
    ) -> int:
        """One row, its values filed by name; returns what came of it."""
        self.one[0] = [*key, op, moment, *words]
        found = self.store.push(self.one, self.reader.groups_count)
        for name, value in zip(self.names, found.values[:, 0].tolist(), strict=True):
            values[name] = None if value != value else value  # noqa: PLR0124  (NaN is missing)
        return int(found.outcome[0])

    def read(self, keys: pa.Table, moments: Ints) -> tuple[Taken, Ints]:
        """Values at moments, for the rows that have a key; and which those are."""
        words, good = self.reader.keys(keys)
        rows = np.flatnonzero(good)
        blank = np.zeros((len(rows), self.space.row_words), np.int64)
        return self.push(codes.READ, words[rows], moments[rows], blank), rows

    def restate(self, keys: Ints, events: Ints) -> Floats:
        """Every aggregate at events that are kept, by what is known now.

        Args:
            keys: Two words each, (n, 2).
            events: Time, and number among the rows of equal time, (n, 2).

        Returns:
            (aggregates, n); NaN is missing.
        """
        rows = np.zeros((len(keys), self.space.row_words), np.int64)
        rows[:, 0] = events[:, 0]
        return self.push(codes.RESTATE, keys, events[:, 1], rows).values

    def spread(self, found: Taken, rows: Ints, n: int, values: dict[str, Floats]) -> None:
        """File values by feature, missing where a row was not taken."""
        for number, output in enumerate(self.space.outputs):
            if len(rows) == n:
                values[output.name] = found.values[number]
            else:
                whole = np.full(n, np.nan)
                whole[rows] = found.values[number]
                values[output.name] = whole

    def sweep(self, share: float) -> int:
        """As `StreamEngine.sweep`."""
        keys = self.store.slots_used
        count = int(np.ceil(share * keys))
        if self.swept >= keys:
            self.swept = 0
        freed = self.store.sweep(self.swept, count)
        self.swept += count
        return freed


def _merge(outcome: NDArray[np.int8], rows: Ints, found: NDArray[np.int8]) -> None:
    """What came of rows in one more space: the first space says what, any space says how late."""
    before = outcome[rows]
    lateness = found & (codes.LATE | codes.TOO_LATE)
    outcome[rows] = np.where(before < 0, found, before | lateness)


def _merged(outcome: int, found: int) -> int:
    return found if outcome < 0 else outcome | (found & (codes.LATE | codes.TOO_LATE))


def _without_repeats(refused: list[Refused]) -> list[Refused]:
    """Two spaces of one table refuse the same rows for the same reason: said once."""
    once: dict[tuple[str, str, bytes], Refused] = {}
    for each in refused:
        once.setdefault((each.column, each.reason, each.rows.tobytes()), each)
    return list(once.values())
