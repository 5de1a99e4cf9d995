"""The events of one space sorted by key, then time, and every aggregate over them in passes.

Keys whose events came out of order or were voided go through the stream engine's memory instead,
in the order of arrival: the values are the same, to the bit.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.features.columns import Incoming, Numbering, Reader, Refused
from headrace.features.compile import Program
from headrace.features.engines.store import Store
from headrace.features.kernels import codes, passes
from headrace.features.plan import Space

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
CHUNK = 1 << 16  # rows and reads worked on at once: their columns stay in the cache


@dataclass(frozen=True)
class Reads:
    """Questions to one space, sorted by key, then moment.

    Attributes:
        starts: First row of the key of each, (n,).
        ends: One past the last row it sees, (n,).
        moments: Microseconds, (n,).
        limits: What became known later is not seen; microseconds, (n,).
        offsets: Where the reads of each key begin, (keys + 2,); the last key has no rows.
        order: Position of each among the questions asked, (n,).
        asked: How many questions were asked; those about refused events have no read.
        current: Whether read i is made by the arrival of row ends[i] - 1.
    """

    starts: Ints
    ends: Ints
    moments: Ints
    limits: Ints
    offsets: Ints
    order: Ints
    asked: int
    current: bool


@dataclass(frozen=True)
class Voids:
    """What takes events back: number of the key, the row it names, and when it became known."""

    keys: Ints
    rows: Ints
    known: Ints


_NO_VOIDS = Voids(np.zeros(0, np.int64), np.zeros((0, 1), np.int64), np.zeros(0, np.int64))


class Sorted:
    """The events of one space, by key, then time."""

    def __init__(
        self,
        space: Space,
        program: Program,
        events: pa.Table,
        *,
        voids: pa.Table | None = None,
        arrival: bool,
    ) -> None:
        """Read and sort.

        Args:
            space: What is kept.
            program: The same, as arrays.
            events: Events, in order of arrival where the table has no known time.
            voids: What takes events back, see `columns.Reader.read_voids`; None: nothing does.
            arrival: Whether events that came out of order are to be seen as they came. A table
                without a known time, asked about moments, knows every event at its time.

        Raises:
            InputError: A column is missing or holds another type.
        """
        self.space, self.program = space, program
        self.reader = Reader(space)
        incoming, self.refused = self.reader.read(events)
        self.refused_voids: list[Refused] = []
        self._file(incoming, by_known=incoming.known is not None, arrival=arrival)
        self.voids = _NO_VOIDS
        if voids is not None and voids.num_rows:
            self._take_back(voids)

    @classmethod
    def at_one_moment(
        cls, space: Space, program: Program, events: pa.Table, voids: pa.Table | None, moment: int
    ) -> "Sorted":
        """Only what stood at a moment, by key and time: for questions about that moment alone.

        Args:
            space: What is kept.
            program: The same, as arrays.
            events: Events.
            voids: What takes events back; None: nothing does.
            moment: Microseconds. What became known later is not there.
        """
        self = cls.__new__(cls)
        self.space, self.program = space, program
        self.reader = Reader(space)
        incoming, self.refused = self.reader.read(events)
        self.refused_voids = []
        stands = np.ones(len(incoming.taken), np.bool_)
        if incoming.known is not None:
            stands &= incoming.known <= moment
        if space.id_words:
            stands &= self._named_first(incoming)
        if voids is not None and voids.num_rows:
            stands &= ~self._voided(incoming, voids, moment)
        self._file(incoming.only(stands), by_known=False, arrival=False)
        self.voids = _NO_VOIDS
        return self

    def _named_first(self, incoming: Incoming) -> NDArray[np.bool_]:
        """Which rows are not repetitions of one that became known before, (n,)."""
        names = self._names(incoming)
        order = np.arange(names.size) if incoming.known is None else _rising(incoming.known)
        _, first = np.unique(names[order], return_index=True)
        out = np.zeros(names.size, np.bool_)
        out[order[first]] = True
        return out

    def _voided(self, incoming: Incoming, voids: pa.Table, moment: int) -> NDArray[np.bool_]:
        """Which rows were known to be taken back at a moment, (n,)."""
        self._check_voidable()
        marks, refused = self.reader.read_voids(voids)
        self.refused_voids = refused
        if marks.known is not None:
            marks = marks.only(marks.known <= moment)
        return np.isin(self._names(incoming), self._names(marks))

    def _names(self, incoming: Incoming) -> Ints:
        id_word = 1 + self.space.filter_words
        found: Ints = passes.names_of(incoming.keys, incoming.rows, id_word)
        return found

    def _file(self, incoming: Incoming, *, by_known: bool, arrival: bool) -> None:
        """Sort rows by key, in the order in which they came to be known, or else of their times."""
        clock = incoming.known if by_known and incoming.known is not None else incoming.rows[:, 0]
        self.arrival = _rising(clock) if by_known or not arrival else np.arange(clock.size)
        self.numbering = Numbering()
        numbers = self.numbering.of(incoming.keys[self.arrival])
        self.offsets = np.zeros(self.numbering.count + 2, np.int64)
        self.rank = np.empty(len(numbers), np.int64)
        passes.group_rows(numbers, self.numbering.count + 1, self.rank, self.offsets)
        order = self.arrival[self.rank]
        self.order = incoming.taken[order]
        self.rows = np.empty_like(incoming.rows)
        passes.gather(incoming.rows, order, self.rows)
        self.known = clock[order] if by_known else np.zeros(0, np.int64)
        self.in_order = np.ones(self.numbering.count + 1, np.bool_)
        id_word = 1 + self.space.filter_words if self.space.id_words else -1
        passes.keys_in_order(self.rows, id_word, self.offsets, self.in_order)

    def _check_voidable(self) -> None:
        if self.space.table.known is None or self.space.table.id is None:
            raise InputError(
                "events can be taken back only where they have an id and a known time",
                where=f"table {self.space.table.name}",
                remedy="name both columns in the table's definition",
            )

    def _take_back(self, voids: pa.Table) -> None:
        """File the voids by key; the keys they touch no longer come in order."""
        self._check_voidable()
        marks, refused = self.reader.read_voids(voids)
        self.refused_voids = refused
        keys = self.numbering.known(marks.keys)
        known = marks.known
        mine = np.flatnonzero(keys >= 0)
        self.in_order[keys[mine]] = False
        moments = np.zeros(0, np.int64) if known is None else known
        self.voids = Voids(keys[mine], marks.rows[mine], moments[mine])

    def at_arrival(self, asked: int) -> Reads:
        """One read per event, at its own time, as it arrives; `asked` of them were given."""
        moments = np.ascontiguousarray(self.rows[:, 0])
        return Reads(
            starts=np.repeat(self.offsets[:-1], np.diff(self.offsets)),
            ends=np.arange(1, len(self.rows) + 1),
            moments=moments,
            limits=moments,
            offsets=self.offsets,
            order=self.order,
            asked=asked,
            current=True,
        )

    def at_moments(self, keys: Ints, moments: Ints, limits: Ints | None = None) -> Reads:
        """Reads of keys, two words each, at moments, with what was known up to limits.

        Args:
            keys: (n, 2).
            moments: Microseconds, (n,).
            limits: Microseconds, (n,); None: the moments.
        """
        limits = moments if limits is None else limits
        numbers = self.numbering.known(keys)
        filed = np.where(numbers < 0, self.numbering.count, numbers)
        by_time = np.lexsort((moments, limits))
        order = np.empty(len(moments), np.int64)
        offsets = np.zeros(self.numbering.count + 2, np.int64)
        passes.group_rows(filed[by_time], self.numbering.count + 1, order, offsets)
        order = by_time[order]
        starts, ends = np.empty(len(moments), np.int64), np.empty(len(moments), np.int64)
        moments, limits = moments[order], limits[order]
        passes.ends_of_reads(
            self.rows, self.known, self.offsets, numbers[order], moments, limits, starts, ends
        )
        return Reads(starts, ends, moments, limits, offsets, order, len(order), current=False)

    def window_of(self, key: Ints, at: datetime) -> tuple[int, int]:
        """The rows [low, high) of the first window of the space, for one key at one moment."""
        reads = self.at_moments(key, np.array([microseconds(at)]))
        number = int(self.numbering.known(key)[0])
        if number < 0:
            return 0, 0
        chunk = _Chunk(self, reads, number, number + 1, _Room(self))
        lows, highs = chunk.window(0)
        return chunk.first + int(lows[0]), chunk.first + int(highs[0])


def _rising(clock: Ints) -> Ints:
    """A stable order in which a clock never falls."""
    if np.all(clock[1:] >= clock[:-1]):
        return np.arange(clock.size)
    return np.argsort(clock, kind="stable")


def evaluate(history: Sorted, reads: Reads, threads: int = 1) -> Floats:
    """Every aggregate of the space at every read.

    Returns:
        (aggregates, questions), in the order asked. Events that were refused are missing.
    """
    out = np.empty((len(history.space.outputs), reads.asked), np.float64)
    if len(reads.order) < reads.asked:
        out[:] = np.nan
    steady = history.in_order.copy()
    if not reads.current:
        passes.keys_of_steady_reads(reads.ends, reads.moments, reads.offsets, steady)
    work = history.offsets + reads.offsets
    chunks = [(keys, True) for keys in _steady_chunks(steady, work)]
    chunks += [(keys, False) for keys in _chunks(np.flatnonzero(~steady), work)]
    parts = [chunks[number::threads] for number in range(threads)]
    if threads == 1:
        _part(history, reads, parts[0], out)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(_part, history, reads, part, out) for part in parts]:
                done.result()
    return out


def _part(history: Sorted, reads: Reads, chunks: Sequence[tuple[Ints, bool]], out: Floats) -> None:
    room = _Room(history)
    for keys, steady in chunks:
        if steady:
            _work(history, reads, int(keys[0]), int(keys[-1]) + 1, room, out)
        else:
            _as_it_came(history, reads, keys, out)


def _steady_chunks(steady: NDArray[np.bool_], work: Ints) -> list[Ints]:
    """Neighbouring keys with about CHUNK rows and reads; short runs between others join those."""
    keys = np.flatnonzero(steady)
    runs = np.split(keys, np.flatnonzero(np.diff(keys) > 1) + 1) if keys.size else []
    chunks: list[Ints] = []
    for run in runs:
        if len(runs) > 1 and work[run[-1] + 1] - work[run[0]] < CHUNK // 8:
            steady[run] = False
        else:
            chunks += _chunks(run, work)
    return chunks


def _chunks(keys: Ints, work: Ints) -> list[Ints]:
    """Keys with about CHUNK rows and reads each."""
    if not keys.size:
        return []
    done = np.cumsum(np.diff(work)[keys]) // CHUNK
    return np.split(keys, np.flatnonzero(done[1:] != done[:-1]) + 1)


def _as_it_came(history: Sorted, reads: Reads, keys: Ints, out: Floats) -> None:
    """Values for keys whose events came out of order or were voided, row by row."""
    rows, key_of_row = _ranges(history.offsets, keys)
    parts = [_voids_of(history, keys)]
    if not reads.current:
        parts.append(_questions_of(history, reads, keys))
    later = [np.concatenate(each) for each in zip(*parts, strict=True)]
    of_key, clock, moments, ops, words, into = later
    places = np.empty(len(of_key), np.int64)
    starts, ends = history.offsets[of_key], history.offsets[of_key + 1]
    passes.places(_clock(history, reads), starts, ends, clock, places)
    before = np.cumsum(np.diff(history.offsets)[keys]) - np.diff(history.offsets)[keys]
    places += before[np.searchsorted(keys, of_key)]
    order = np.lexsort((ops, clock, places))
    at = places[order] + np.arange(len(order))
    shift = np.searchsorted(places[order], np.arange(len(rows)), side="right")
    row_at = np.arange(len(rows)) + shift
    incoming = np.zeros((len(rows) + len(order), 4 + history.rows.shape[1]), np.int64)
    incoming[row_at, 0] = key_of_row
    incoming[row_at, 2] = codes.ADD
    incoming[row_at, 3] = history.rows[rows, 0] if reads.current else codes.NOBODY_ASKS
    incoming[row_at, 4:] = history.rows[rows]
    incoming[at, 0] = of_key[order]
    incoming[at, 2] = ops[order]
    incoming[at, 3] = moments[order]
    incoming[at, 4:] = words[order]
    store = Store(history.space, history.program, lateness=_FOR_EVER)
    taken = store.push(incoming, history.reader.groups_count)
    if reads.current:
        out[:, reads.order[rows]] = taken.values[:, row_at]
    else:
        asked = into[order] >= 0
        out[:, into[order][asked]] = taken.values[:, at[asked]]


Later = tuple[Ints, Ints, Ints, Ints, Ints, Ints]
"""What comes between rows: key, clock, moment asked about, operation, words, where values go."""


def _voids_of(history: Sorted, keys: Ints) -> Later:
    chosen = np.isin(history.voids.keys, keys)
    of_key, clock = history.voids.keys[chosen], history.voids.known[chosen]
    silent, ops = np.full(len(clock), codes.NOBODY_ASKS), np.full(len(clock), codes.VOID)
    words = history.voids.rows[chosen].reshape(-1, history.rows.shape[1])
    return of_key, clock, silent, ops, words, np.full(len(clock), -1)


def _questions_of(history: Sorted, reads: Reads, keys: Ints) -> Later:
    questions, of_key = _ranges(reads.offsets, keys)
    ops = np.full(len(questions), codes.READ)
    words = np.zeros((len(questions), history.rows.shape[1]), np.int64)
    moments, limits = reads.moments[questions], reads.limits[questions]
    return of_key, limits, moments, ops, words, reads.order[questions]


def _ranges(offsets: Ints, keys: Ints) -> tuple[Ints, Ints]:
    """Positions from offsets[key] to offsets[key + 1] of each key, and the key of each."""
    counts = np.diff(offsets)[keys]
    before = np.cumsum(counts) - counts
    positions = np.arange(counts.sum()) + np.repeat(offsets[keys] - before, counts)
    return positions, np.repeat(keys, counts)


def _clock(history: Sorted, reads: Reads) -> Ints:
    """When each row takes its turn: when it became known, or its place in the order of arrival."""
    if history.known.size:
        return history.known
    return history.rank if reads.current else np.ascontiguousarray(history.rows[:, 0])


_FOR_EVER = np.iinfo(np.int64).max // 4


class _Room:
    """Working room of one thread."""

    def __init__(self, history: Sorted) -> None:
        self.groups = np.zeros((3, history.reader.groups_count + 1), np.int64)
        self.groups[2] = -1
        self.latest = np.full(history.reader.groups_count + 1, -1, np.int64)


def _work(history: Sorted, reads: Reads, first: int, last: int, room: _Room, out: Floats) -> None:
    """Every aggregate for the reads of keys [first, last)."""
    part = slice(int(reads.offsets[first]), int(reads.offsets[last]))
    if part.start == part.stop:
        return
    chunk = _Chunk(history, reads, first, last, room)
    for number in range(len(history.space.outputs)):
        passes.spread(chunk.aggregate(number), reads.order[part], out[number])


class _Chunk:
    """Running totals, windows and links of some keys, each computed when first needed."""

    def __init__(self, history: Sorted, reads: Reads, first: int, last: int, room: _Room) -> None:
        part = slice(int(reads.offsets[first]), int(reads.offsets[last]))
        self.program, self.rows, self.room = history.program, history.rows, room
        self.first = int(history.offsets[first])
        self.count = int(history.offsets[last]) - self.first
        self.key_ends = history.offsets[first + 1 : last + 1] - self.first
        self.starts, self.ends = reads.starts[part], reads.ends[part]
        self.moments, self.current = reads.moments[part], reads.current
        self._totals: dict[int, Ints] = {}
        self._windows: dict[int, tuple[Ints, Ints]] = {}
        self._links: dict[tuple[int, int], tuple[Ints, Ints]] = {}

    def aggregate(self, number: int) -> Floats:
        """One aggregate for every read of the chunk."""
        words, op = self.program.code, self.program.at(codes.P_OPS, number)
        real = number * codes.REAL_WORDS
        lows, highs = self.window(int(words[op + codes.O_RANGE]))
        out = np.empty(len(lows), np.float64)
        kind, scale = int(words[op + codes.O_CODE]), self.program.reals[real + codes.F_SCALE]
        if kind <= codes.DEVIATION_OP:
            self._of_totals(op, kind, scale, lows, highs, out)
        elif kind <= codes.MAX_OP:
            extreme = self.program.at(codes.P_EXTREMES, int(words[op + codes.O_EXTREME]))
            queue = np.empty(self.count + 1, np.int64)
            passes.of_extremes(
                words, extreme, scale, self.rows, self.first, lows, highs, self.starts, queue, out
            )
        elif kind == codes.DISTINCT_OP:
            before, after = self.links(op)
            passes.of_distinct(
                words, op, self.rows, self.first, lows, highs, self.starts, before, after, out
            )
        else:
            passes.of_scans(
                words,
                op,
                self.program.reals,
                real,
                self.rows,
                self.first,
                lows,
                highs,
                self.starts,
                self.moments,
                self.room.groups,
                out,
            )
        return out

    def _of_totals(
        self, op: int, kind: int, scale: float, lows: Ints, highs: Ints, out: Floats
    ) -> None:
        words = self.program.code
        counts = self.totals(int(words[op + codes.O_COUNT]))
        if kind == codes.COUNT_OP:
            passes.of_counts(lows, highs, counts, out)
            return
        sums = self.totals(int(words[op + codes.O_SUM]))
        if kind != codes.DEVIATION_OP:
            passes.of_sums(kind, scale, lows, highs, counts, sums, out)
            return
        lane = int(words[op + codes.O_SQUARE])
        low, high = self.totals(lane), self.totals(lane + 1)
        passes.of_squares(scale, lows, highs, counts, sums, low, high, out)

    def window(self, number: int) -> tuple[Ints, Ints]:
        """First row, and one past the last, of a window for each read, counted in the chunk."""
        if number not in self._windows:
            lows, highs = np.empty_like(self.starts), np.empty_like(self.starts)
            passes.windows(
                self.program.code,
                self.program.at(codes.P_RANGES, number),
                self.rows,
                self.first,
                self.starts,
                self.ends,
                self.moments,
                self.current,
                lows,
                highs,
            )
            self._windows[number] = lows, highs
        return self._windows[number]

    def totals(self, lane: int) -> Ints:
        """A running total over the rows of the chunk; empty for lane -1."""
        if lane < 0:
            return np.zeros(0, np.int64)
        if lane not in self._totals:
            words, one = self.program.code, self.program.at(codes.P_LANES, lane)
            out = np.empty(self.count + 1, np.int64)
            self._totals[lane] = out
            if words[one + codes.L_KIND] == codes.SQUARE_LANE:
                high = np.empty(self.count + 1, np.int64)
                self._totals[lane + 1] = high
                passes.totals_of_squares(words, one, self.rows, self.first, out, high)
            else:
                passes.totals(words, one, self.rows, self.first, out)
        return self._totals[lane]

    def links(self, op: int) -> tuple[Ints, Ints]:
        """The rows before and after each row that hold the same value."""
        words = self.program.code
        at = int(words[op + codes.O_MASK]), int(words[op + codes.O_OVER])
        if at not in self._links:
            before, after = np.empty(self.count, np.int64), np.empty(self.count, np.int64)
            passes.links(
                words, op, self.rows, self.first, self.key_ends, self.room.latest, before, after
            )
            self._links[at] = before, after
        return self._links[at]
