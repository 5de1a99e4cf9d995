"""The events of one space sorted by key, then time, and every aggregate over them in passes.

Keys whose events came out of order or were voided go through the stream engine's memory instead,
in the order of arrival: the values are the same, to the bit.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.features.columns import Incoming, Numbering, Reader, Refused, unfilled
from headrace.features.compile import Program
from headrace.features.engines.store import Store
from headrace.features.kernels import codes, passes
from headrace.features.plan import Space

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Seen = tuple[Ints, Ints, Ints]
"""Of each read: the first row of its key, one past the last row it sees, and its moment, (n,)."""

CACHED_VALUES = 1 << 17  # values worked out at once, which stay in the cache
CHUNK_LEAST = 1 << 12  # rows and reads worked on at once: fewer would cost more in calls
CHUNK_AS_IT_CAME = 1 << 16  # the same where a store is filled for them
RUN_LEAST = 1 << 13  # rows and reads of neighbouring keys that are worth passes of their own
TILE = 1 << 15  # values of an aggregate that lie side by side


@dataclass(frozen=True)
class Arrivals:
    """A read by every row, made by its arrival, in the order of rows.

    Attributes:
        rows: The rows, (n, words).
        offsets: Where those of each key begin, (keys + 2,); the last key has none.
        order: Position of each among the events given, (n,).
        asked: How many events were given; refused ones have no read.
    """

    rows: Ints
    offsets: Ints
    order: Ints
    asked: int

    def seen(self, first: int, last: int) -> Seen:
        """The reads of keys [first, last)."""
        begin, end = self.offsets[first], self.offsets[last]
        starts = np.repeat(self.offsets[first:last], np.diff(self.offsets[first : last + 1]))
        return starts, np.arange(begin + 1, end + 1), self.rows[begin:end, 0].copy()


@dataclass(frozen=True)
class Questions:
    """Questions to one space, sorted by key, then moment.

    Attributes:
        starts: First row of the key of each, (n,).
        ends: One past the last row it sees, (n,).
        moments: Microseconds, (n,).
        limits: What became known later is not seen; microseconds, (n,).
        offsets: Where the questions of each key begin, (keys + 2,); the last key has no rows.
        order: Position of each among the questions asked, (n,).
        asked: How many questions were asked; those without a key are not here.
    """

    starts: Ints
    ends: Ints
    moments: Ints
    limits: Ints
    offsets: Ints
    order: Ints
    asked: int

    def seen(self, first: int, last: int) -> Seen:
        """The questions of keys [first, last)."""
        part = slice(self.offsets[first], self.offsets[last])
        return self.starts[part], self.ends[part], self.moments[part]


Reads = Arrivals | Questions


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
        arrival: bool = False,
        moment: int | None = None,
    ) -> None:
        """Read and sort.

        Args:
            space: What is kept.
            program: The same, as arrays.
            events: Events, in order of arrival where the table has no known time.
            voids: What takes events back, see `columns.Reader.read_voids`; None: nothing does.
            arrival: Whether events that came out of order are to be seen as they came. A table
                without a known time, asked about moments, knows every event at its time.
            moment: Microseconds; only what stood then is kept, by time: for questions about that
                moment alone. None: everything is, in the order in which it became known.

        Raises:
            InputError: A column is missing or holds another type.
        """
        self.space, self.program = space, program
        self.reader = Reader(space)
        incoming, self.refused = self.reader.read(events)
        self.refused_voids: list[Refused] = []
        self.voids = _NO_VOIDS
        given = voids if voids is not None and voids.num_rows else None
        if moment is not None:
            incoming = incoming.only(self._stood(incoming, given, moment))
            self._file(incoming, by_known=False, arrival=False)
            return
        self._file(incoming, by_known=incoming.known is not None, arrival=arrival)
        if given is not None:
            self._take_back(given)

    def _stood(self, incoming: Incoming, voids: pa.Table | None, moment: int) -> Mask:
        """Which rows were known at a moment, once, and not taken back, (n,)."""
        stood = np.ones(len(incoming.rows), np.bool_)
        if incoming.known is not None:
            stood &= incoming.known <= moment
        if self.space.id_words:
            stood &= self._named_first(incoming)
        if voids is not None:
            stood &= ~self._voided(incoming, voids, moment)
        return stood

    def _named_first(self, incoming: Incoming) -> Mask:
        """Which rows are not repetitions of one that became known before, (n,)."""
        names = self._names(incoming)
        turns = None if incoming.known is None else _turns(incoming.known)
        _, first = np.unique(names if turns is None else names[turns], return_index=True)
        out = np.zeros(names.size, np.bool_)
        out[first if turns is None else turns[first]] = True
        return out

    def _voided(self, incoming: Incoming, voids: pa.Table, moment: int) -> Mask:
        """Which rows were known to be taken back at a moment, (n,)."""
        self._check_voidable()
        marks, refused = self.reader.read_voids(voids)
        self.refused_voids = refused
        if marks.known is not None:
            marks = marks.only(marks.known <= moment)
        return np.isin(self._names(incoming), self._names(marks))

    def _names(self, incoming: Incoming) -> Ints:
        found: Ints = passes.names_of(incoming.keys, incoming.rows, self.space.id_word)
        return found

    def _file(self, incoming: Incoming, *, by_known: bool, arrival: bool) -> None:
        """Sort rows by key, in the order in which they came to be known, or else of their times."""
        clock = incoming.known if by_known and incoming.known is not None else incoming.rows[:, 0]
        turns = None if arrival and not by_known else _turns(clock)
        self.numbering = Numbering()
        numbers = self.numbering.of(incoming.keys)
        self.offsets = np.empty(self.numbering.count + 2, np.int64)
        passes.begins(numbers, self.offsets)
        self.rows, order = unfilled(*incoming.rows.shape), unfilled(len(numbers))
        as_given = np.zeros(0, np.int64)
        passes.file_rows(
            numbers,
            as_given if turns is None else turns,
            incoming.rows,
            self.offsets,
            order,
            self.rows,
        )
        self.known = clock[order] if by_known else np.zeros(0, np.int64)
        self.order = order if incoming.chosen is None else incoming.chosen[order]
        self.in_order = np.ones(self.numbering.count + 1, np.bool_)
        passes.keys_in_order(self.rows, self.space.id_word, self.offsets, self.in_order)

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

    def at_arrival(self, asked: int) -> Arrivals:
        """One read per event, at its own time, as it arrives; `asked` of them were given."""
        return Arrivals(self.rows, self.offsets, self.order, asked)

    def at_moments(
        self, keys: Ints, moments: Ints, limits: Ints | None = None, good: Mask | None = None
    ) -> Questions:
        """Reads of keys, two words each, at moments, with what was known up to limits.

        Args:
            keys: (n, 2).
            moments: Microseconds, (n,); NOBODY_ASKS has no values.
            limits: Microseconds, (n,); None: the moments.
            good: Which of them have a value at all, (n,); None: all.
        """
        asked = len(moments)
        limits = moments if limits is None else limits
        asks = (
            moments != codes.NOBODY_ASKS if good is None else good & (moments != codes.NOBODY_ASKS)
        )
        chosen = None if asks.all() else np.flatnonzero(asks)
        if chosen is not None:
            keys, moments, limits = keys[chosen], moments[chosen], limits[chosen]
        numbers = self.numbering.known(keys)
        filed = np.where(numbers < 0, self.numbering.count, numbers)
        by_time = np.lexsort((moments, limits))
        order = np.empty(len(moments), np.int64)
        offsets = np.empty(self.numbering.count + 2, np.int64)
        passes.begins(filed, offsets)
        passes.group(filed, by_time, offsets, order)
        starts, ends = np.empty(len(moments), np.int64), np.empty(len(moments), np.int64)
        moments, limits = moments[order], limits[order]
        passes.ends_of_reads(
            self.rows, self.known, self.offsets, numbers[order], moments, limits, starts, ends
        )
        places = order if chosen is None else chosen[order]
        return Questions(starts, ends, moments, limits, offsets, places, asked)

    def window_of(self, key: Ints, at: datetime) -> tuple[int, int]:
        """The rows [low, high) of the first window of the space, for one key at one moment."""
        reads = self.at_moments(key, np.array([microseconds(at)]))
        number = int(self.numbering.known(key)[0])
        if number < 0:
            return 0, 0
        chunk = _Chunk(self, reads, number, number + 1, _Room(self))
        lows, highs = chunk.window(0)
        return chunk.first + int(lows[0]), chunk.first + int(highs[0])


def _turns(clock: Ints) -> Ints | None:
    """A stable order in which a clock never falls; None where it does not as it is."""
    if np.all(clock[1:] >= clock[:-1]):
        return None
    return np.argsort(clock, kind="stable")


def evaluate(history: Sorted, reads: Reads, threads: int = 1) -> list[Floats]:
    """Every aggregate of the space at every read.

    Returns:
        (aggregates, n) for each TILE questions, in the order asked. Those without a read are
        missing.
    """
    aggregates = len(history.space.outputs)
    out = unfilled(reads.asked, aggregates).view(np.float64)
    if len(reads.order) < reads.asked:
        out[:] = np.nan
    steady = history.in_order.copy()
    if isinstance(reads, Questions):
        passes.keys_of_steady_reads(reads.ends, reads.moments, reads.offsets, steady)
    work = history.offsets + reads.offsets
    size = max(2 * CACHED_VALUES // aggregates, CHUNK_LEAST)
    passed = _steady_chunks(steady, work, size)
    came = _chunks(np.flatnonzero(~steady), work, CHUNK_AS_IT_CAME)
    tiles = [out[at : at + TILE] for at in range(0, max(reads.asked, 1), TILE)]

    def work_on(share: int) -> None:
        room = _Room(history)
        for keys in passed[share::threads]:
            _in_passes(history, reads, int(keys[0]), int(keys[-1]) + 1, room, out)
        for keys in came[share::threads]:
            _as_it_came(history, reads, keys, out)

    def turn(share: int) -> None:
        copy = np.empty((min(TILE, reads.asked), aggregates), np.float64)
        for tile in tiles[share::threads]:
            passes.turn(tile, copy, tile.reshape(aggregates, len(tile)))

    _at_once(work_on, threads)
    _at_once(turn, threads)
    return [tile.reshape(aggregates, len(tile)) for tile in tiles]


def _at_once(do: Callable[[int], None], threads: int) -> None:
    """Every thread's share of some work."""
    if threads == 1:
        do(0)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(do, share) for share in range(threads)]:
            done.result()


def _steady_chunks(steady: Mask, work: Ints, size: int) -> list[Ints]:
    """Neighbouring keys with about `size` rows and reads; short runs between others join those."""
    keys = np.flatnonzero(steady)
    runs = np.split(keys, np.flatnonzero(np.diff(keys) > 1) + 1) if keys.size else []
    chunks: list[Ints] = []
    for run in runs:
        if len(runs) > 1 and work[run[-1] + 1] - work[run[0]] < RUN_LEAST:
            steady[run] = False
        else:
            chunks += _chunks(run, work, size)
    return chunks


def _chunks(keys: Ints, work: Ints, size: int) -> list[Ints]:
    """Keys with about `size` rows and reads each."""
    if not keys.size:
        return []
    done = np.cumsum(np.diff(work)[keys]) // size
    return np.split(keys, np.flatnonzero(done[1:] != done[:-1]) + 1)


def _as_it_came(history: Sorted, reads: Reads, keys: Ints, out: Floats) -> None:
    """Values for keys whose events came out of order or were voided, row by row."""
    rows, key_of_row = _ranges(history.offsets, keys)
    parts = [_voids_of(history, keys)]
    if isinstance(reads, Questions):
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
    incoming = np.zeros((len(rows) + len(order), codes.I_ROW + history.rows.shape[1]), np.int64)
    incoming[row_at, codes.I_FIRST] = key_of_row
    incoming[row_at, codes.I_OP] = codes.ADD
    arriving = isinstance(reads, Arrivals)
    incoming[row_at, codes.I_AT] = history.rows[rows, 0] if arriving else codes.NOBODY_ASKS
    incoming[row_at, codes.I_ROW :] = history.rows[rows]
    incoming[at, codes.I_FIRST] = of_key[order]
    incoming[at, codes.I_OP] = ops[order]
    incoming[at, codes.I_AT] = moments[order]
    incoming[at, codes.I_ROW :] = words[order]
    store = Store(history.space, history.program, lateness=_FOR_EVER)
    taken = store.push(incoming, history.reader.groups_count)
    if arriving:
        out[reads.order[rows]] = taken.values[:, row_at].T
    else:
        asked = into[order] >= 0
        out[into[order][asked]] = taken.values[:, at[asked]].T


Later = tuple[Ints, Ints, Ints, Ints, Ints, Ints]
"""What comes between rows: key, clock, moment asked about, operation, words, where values go."""


def _voids_of(history: Sorted, keys: Ints) -> Later:
    chosen = np.isin(history.voids.keys, keys)
    of_key, clock = history.voids.keys[chosen], history.voids.known[chosen]
    silent, ops = np.full(len(clock), codes.NOBODY_ASKS), np.full(len(clock), codes.VOID)
    words = history.voids.rows[chosen].reshape(-1, history.rows.shape[1])
    return of_key, clock, silent, ops, words, np.full(len(clock), -1)


def _questions_of(history: Sorted, reads: Questions, keys: Ints) -> Later:
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
    arriving = isinstance(reads, Arrivals)
    return history.order if arriving else np.ascontiguousarray(history.rows[:, 0])


_FOR_EVER = np.iinfo(np.int64).max // 4


class _Room:
    """Working room of one thread."""

    def __init__(self, history: Sorted) -> None:
        self.groups = np.zeros((3, history.reader.groups_count + 1), np.int64)
        self.groups[2] = -1
        self.latest = np.full(history.reader.groups_count + 1, -1, np.int64)
        self.memory = np.empty(0, np.float64)

    def values(self, aggregates: int, reads: int) -> Floats:
        """Room for values, (aggregates, reads), in the cache by the second time."""
        size = aggregates * reads
        if self.memory.size < size:
            self.memory = np.empty(size, np.float64)
        return self.memory[:size].reshape(aggregates, reads)


def _in_passes(
    history: Sorted, reads: Reads, first: int, last: int, room: _Room, out: Floats
) -> None:
    """Every aggregate for the reads of keys [first, last)."""
    order = reads.order[reads.offsets[first] : reads.offsets[last]]
    if not order.size:
        return
    chunk = _Chunk(history, reads, first, last, room)
    values = room.values(len(history.space.outputs), order.size)
    for number, column in enumerate(values):
        chunk.aggregate(number, column)
    passes.file_values(values, order, out)


class _Chunk:
    """Running totals, windows and links of some keys, each computed when first needed."""

    def __init__(self, history: Sorted, reads: Reads, first: int, last: int, room: _Room) -> None:
        self.program, self.rows, self.room = history.program, history.rows, room
        self.first = int(history.offsets[first])
        self.count = int(history.offsets[last]) - self.first
        self.key_ends = history.offsets[first + 1 : last + 1] - self.first
        starts, ends, self.moments = reads.seen(first, last)
        self.starts, self.ends = starts - self.first, ends - self.first
        self.current = isinstance(reads, Arrivals)
        self._totals: dict[int, Ints] = {}
        self._windows: dict[int, tuple[Ints, Ints]] = {}
        self._links: dict[tuple[int, int], tuple[Ints, Ints]] = {}

    def aggregate(self, number: int, out: Floats) -> None:
        """One aggregate for every read of the chunk."""
        words, op = self.program.code, self.program.at(codes.P_OPS, number)
        real = number * codes.REAL_WORDS
        lows, highs = self.window(int(words[op + codes.O_RANGE]))
        kind, scale = int(words[op + codes.O_CODE]), self.program.reals[real + codes.F_SCALE]
        if kind <= codes.DEVIATION_OP:
            self._of_totals(op, kind, scale, lows, highs, out)
        elif kind <= codes.MAX_OP:
            extreme = self.program.at(codes.P_EXTREMES, int(words[op + codes.O_EXTREME]))
            front = np.empty(self.count, np.int64)
            passes.of_extremes(
                words, extreme, scale, self.rows, self.first, lows, highs, front, out
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
        if not self._windows:
            self._slide()
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

    def _slide(self) -> None:
        """The sliding windows that end with the read."""
        words = self.program.code[self.program.at(codes.P_RANGES, 0) :]
        ranges = words[: self.program.code[codes.P_RANGES] * codes.RANGE_WORDS].reshape(
            -1, codes.RANGE_WORDS
        )
        chosen = np.flatnonzero(
            (ranges[:, codes.R_KIND] == codes.SLIDING) & (ranges[:, codes.R_B] == 0)
        )
        if not chosen.size:
            return
        spans = ranges[chosen, codes.R_A] - 1 + ranges[chosen, codes.R_C]
        fewer = ranges[chosen, codes.R_EXCLUDED] * self.current
        times = np.full(self.count + passes.AHEAD, np.iinfo(np.int64).max)
        times[: self.count] = self.rows[self.first : self.first + self.count, 0]
        lows = np.empty((len(chosen), self.starts.size), np.int64)
        highs = np.empty_like(lows)
        passes.sliding(spans, fewer, times, self.starts, self.ends, self.moments, lows, highs)
        self._windows.update(zip(chosen.tolist(), zip(lows, highs, strict=True), strict=True))

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
