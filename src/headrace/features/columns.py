"""Tables of events as the words that kernels read: keys, filter bits, ids, numbers, groups.

Rows that cannot be used are set aside with a reason; they never stop the others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.cells import numpy_mask
from headrace.features.definition import Column, ColumnType
from headrace.features.expressions import Values, evaluate, parse_expression, passing
from headrace.features.kernels import hashing
from headrace.features.plan import Kept, Space, columns_of, microseconds

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
NUMBER_MAX = 2**47  # sixty-five thousand such numbers still add up to less than 2**63
TIME_FIRST, TIME_END = 0, 4_102_444_800_000_000  # the tables of the calendar: 1970 to 2099
POOLED_MIN = 1_024  # numbers from which on Arrow's pool is quicker than numpy's
AHEAD = "lies after its known time"
_INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Refused:
    """Why rows were set aside.

    Attributes:
        column: Whose value it was.
        reason: What was wrong.
        rows: Positions in the table given, (n,).
    """

    column: str
    reason: str
    rows: Ints


@dataclass
class Numbering:
    """Dense numbers for values, in order of appearance; it grows and forgets nothing.

    Attributes:
        table: See `kernels.hashing`.
        count: How many values have a number.
    """

    table: Ints = field(default_factory=lambda: np.zeros((1024, 3), np.int64))
    count: int = 0

    def of(self, words: Ints) -> Ints:
        """Number of each pair of words, (n, 2) to (n,); a new one gets the next number."""
        out = unfilled(len(words))
        out[:] = -1
        while (count := hashing.number_all(self.table, words, self.count, out)) < 0:
            self.count = -1 - count
            self.table = hashing.grown(self.table)
        self.count = count
        return out

    def of_one(self, first: int, second: int) -> int:
        """As `of`, of one pair."""
        number, count = hashing.number_one(self.table, first, second, self.count)
        while count < 0:
            self.table = hashing.grown(self.table)
            number, count = hashing.number_one(self.table, first, second, self.count)
        self.count = count
        return int(number)

    def known(self, words: Ints) -> Ints:
        """Number of each pair of words, -1 where it has none."""
        out = np.empty(len(words), np.int64)
        hashing.find_all(self.table, words, out)
        return out


def unfilled(*shape: int) -> Ints:
    """An array of whole numbers to be filled.

    From Arrow's pool, which keeps what is given back: pages that are new to a process can cost
    more than what is done with them.
    """
    size = prod(shape)
    if size < POOLED_MIN:
        return np.empty(shape, np.int64)
    return np.frombuffer(pa.allocate_buffer(8 * size), np.int64).reshape(shape)


@dataclass(frozen=True)
class Incoming:
    """Events of one table for one space.

    Attributes:
        keys: Two words a row, (n, 2).
        rows: Words of each row as it is kept, (n, row words).
        chosen: Positions in the table given of the rows that can be used, (n,); None: all can.
        known: When each became known, microseconds, (n,); None: at its time.
    """

    keys: Ints
    rows: Ints
    chosen: Ints | None
    known: Ints | None

    @property
    def taken(self) -> Ints:
        """Positions in the table given, (n,)."""
        return np.arange(len(self.rows)) if self.chosen is None else self.chosen

    def only(self, good: Mask) -> "Incoming":
        """The rows that are good, (n,)."""
        if good.all():
            return self
        known = None if self.known is None else self.known[good]
        return Incoming(self.keys[good], self.rows[good], self.taken[good], known)


class Reader:
    """Reads tables of events for a space. Numbers of groups are kept from table to table."""

    def __init__(self, space: Space) -> None:
        """Parse every expression once."""
        self.space = space
        self.table = space.table
        self.columns = {column.name: column for column in columns_of(space.table)}
        if self.table.id is not None:
            self.columns.setdefault(self.table.id, Column(self.table.id, ColumnType.CATEGORY))
        known = list(self.columns.values())
        self.derived = [
            (each.name, parse_expression(each.expression, known, self.table.zone))
            for each in self.table.derived
        ]
        self.filters = [
            (one, parse_expression(one.where, known, self.table.zone) if one.where else None)
            for one in space.filters
        ]
        self.groups = {kept.name: Numbering() for kept in space.kept if kept.coded == "group"}
        self.needed = self._needed()

    @property
    def naming(self) -> tuple[str, ...]:
        """The columns that say which event it is, beside its key."""
        return (self.table.time,) if self.table.id is None else (self.table.time, self.table.id)

    def _needed(self) -> tuple[str, ...]:
        """Columns of the data that anything here reads."""
        names = {*self.naming, *self.space.by, *(kept.name for kept in self.space.kept)}
        for one, expression in self.filters:
            names |= {*one.present, *(expression.names if expression else ())}
        names |= {column.name for column in self.table.columns if column.required}
        for name, expression in reversed(self.derived):
            if name in names:
                names |= expression.names
        return tuple(column.name for column in self.columns.values() if column.name in names)

    def read(self, events: pa.Table) -> tuple[Incoming, list[Refused]]:
        """Events as words.

        Returns:
            What can be used, and why the rest cannot.

        Raises:
            InputError: A column is missing or holds another type; names table and column.
        """
        values, refused = self.values(events)
        known, unknown = self.known(events)
        refused += unknown
        if known is not None:
            refused += self._ahead(values[self.table.time], known)
        bits = self._bits(values, refused, events.num_rows)
        n = events.num_rows
        good = _good(n, refused)
        rows = unfilled(n, self.space.row_words)
        rows[:, 0] = values[self.table.time].data
        word = 1
        if self.space.filter_words:
            rows[:, word] = bits
            word += 1
        if self.table.id is not None:
            rows[:, word] = _words(values[self.table.id])[:, 0]
            word += 1
        for kept in self.space.kept:
            rows[:, word] = self._kept(values[kept.name], kept, good)
            word += 1
        keys = key_words([values[name] for name in self.space.by])
        return Incoming(keys, rows, None, known).only(good), refused

    def read_voids(self, voids: pa.Table) -> tuple[Incoming, list[Refused]]:
        """What takes events back: each row names the key, the time and the id of an event."""
        names = (*self.space.by, *self.naming)
        values = self.given_or_derived(voids, names)
        refused = [each for name in names for each in self._unusable(name, values[name])]
        known, unknown = self.known(voids)
        refused += unknown
        n = voids.num_rows
        rows = np.zeros((n, self.space.row_words), np.int64)
        rows[:, 0] = values[self.table.time].data
        rows[:, self.space.id_word] = _words(values[self.naming[-1]])[:, 0]
        keys = key_words([values[name] for name in self.space.by])
        return Incoming(keys, rows, None, known).only(_good(n, refused)), refused

    def _unusable(self, name: str, values: Values) -> list[Refused]:
        """Rows that cannot be used because of one column."""
        refused = []
        column = self.columns[name]
        needed = column.required or name in self.space.by or name in self.naming
        if needed and values.valid is not None and not values.valid.all():
            refused.append(Refused(name, "is missing", np.flatnonzero(~values.valid)))
        if column.type is ColumnType.NUMBER:
            large = _outside(values, 1 - NUMBER_MAX, NUMBER_MAX)
            if large.size:
                refused.append(Refused(name, "is too large for an exact sum", large))
        if name == self.table.time:
            far = _outside(values, TIME_FIRST, TIME_END)
            if far.size:
                refused.append(Refused(name, "lies outside the years 1970 to 2099", far))
        return [*refused, *_beyond(name, values)]

    def keys(self, given: pa.Table) -> tuple[Ints, Mask]:
        """Two words for the key of each row, (n, 2), and which rows have one, (n,)."""
        found = self.given_or_derived(given, self.space.by)
        values = [found[name] for name in self.space.by]
        good = np.ones(given.num_rows, np.bool_)
        for each in values:
            if each.valid is not None:
                good &= each.valid
        return key_words(values), good

    def given_or_derived(self, given: pa.Table, names: Iterable[str]) -> dict[str, Values]:
        """Columns that are there, or else computed from others that are."""
        wanted = set(names)
        derived = {n: each for n, each in self.derived if n not in given.column_names}
        for name, expression in reversed(derived.items()):
            wanted |= expression.names if name in wanted else set()
        values: dict[str, Values] = {}
        for name, column in self.columns.items():
            if name in wanted and name in derived:
                values[name] = evaluate(derived[name], values)
            elif name in wanted:
                values[name] = values_of(given, column, self.table.name)
        return values

    def known(self, events: pa.Table) -> tuple[Ints | None, list[Refused]]:
        """When each row became known, (n,); None where the table says: at its event time."""
        if self.table.known is None:
            return None, []
        column = Column(self.table.known, ColumnType.INSTANT)
        found = values_of(events, column, self.table.name)
        missing = np.zeros(0, np.int64) if found.valid is None else np.flatnonzero(~found.valid)
        refused = [Refused(column.name, "is missing", missing)] if missing.size else []
        return np.asarray(found.data), refused

    def _ahead(self, times: Values, known: Ints) -> list[Refused]:
        """Events whose clock runs ahead of the time at which they became known."""
        rows = np.flatnonzero(np.asarray(times.data) > known + microseconds(self.table.skew))
        return [Refused(self.table.time, AHEAD, rows)] if rows.size else []

    def values(self, events: pa.Table) -> tuple[dict[str, Values], list[Refused]]:
        """Every column that is needed, derived ones included."""
        values: dict[str, Values] = {}
        refused: list[Refused] = []
        derived = dict(self.derived)
        for name in self.needed:
            if name in derived:
                values[name] = evaluate(derived[name], values)
            else:
                values[name] = values_of(events, self.columns[name], self.table.name)
            refused += self._unusable(name, values[name])
        return values, refused

    def _bits(self, values: Mapping[str, Values], refused: list[Refused], n: int) -> Ints:
        """The word of filters of each row, (n,); what cannot be computed is added to `refused`."""
        bits = np.zeros(n, np.int64)
        for number, (one, expression) in enumerate(self.filters):
            good = np.ones(n, np.bool_)
            if expression is not None:
                found = evaluate(expression, values)
                good &= passing(found)
                refused += _beyond(one.where, found)
            for name in one.present:
                valid = values[name].valid
                if valid is not None:
                    good &= valid
            bits |= good.astype(np.int64) << number
        return bits

    def _kept(self, values: Values, kept: Kept, good: Mask) -> Ints:
        """The word of each row for one column; 0 where it is missing or the row is refused."""
        present = good if values.valid is None else good & values.valid
        if kept.coded == "number":
            data = np.asarray(values.data, np.int64)
            return data if present.all() else np.where(present, data, 0)
        words = _words(values)
        if not present.all():
            words = words[present]
        if kept.coded == "hash":
            found = np.empty(len(words), np.int64)
            hashing.mix_all(words, found)
        else:
            found = self.groups[kept.name].of(words)
        if present.all():
            return found
        out = np.zeros(len(present), np.int64)
        out[present] = found
        return out

    @property
    def groups_count(self) -> int:
        """The largest number of different values of a column of groups."""
        return max((each.count for each in self.groups.values()), default=0)


def _good(n: int, refused: Iterable[Refused]) -> Mask:
    """Which of n rows nobody refused, (n,)."""
    good = np.ones(n, np.bool_)
    for each in refused:
        good[each.rows] = False
    return good


def _outside(values: Values, first: int, end: int) -> Ints:
    """Positions of numbers outside [first, end)."""
    data = np.asarray(values.data)
    if data.size == 0 or (data.min() >= first and data.max() < end):
        return np.zeros(0, np.int64)
    return np.flatnonzero((data < first) | (data >= end))


def _beyond(name: str, values: Values) -> list[Refused]:
    if values.out_of_range is None or not values.out_of_range.any():
        return []
    rows = np.flatnonzero(values.out_of_range)
    return [Refused(name, "cannot be computed in 64 bits", rows)]


def values_of(events: pa.Table, column: Column, table: str = "") -> Values:
    """A column of the data in the arithmetic of expressions.

    Raises:
        InputError: It is not there, or holds another type.
    """
    if column.name not in events.column_names:
        raise InputError(
            f"events have no column {column.name!r}",
            where=table,
            remedy=f"columns given: {', '.join(events.column_names)}",
        )
    data = events[column.name]
    if pa.types.is_floating(data.type) and pc.any(pc.is_nan(data)).as_py():
        data = pc.if_else(pc.is_nan(data), pa.scalar(None, data.type), data)
    valid = None if data.null_count == 0 else numpy_mask(pc.is_valid(data))
    try:
        plain = _CONVERT[column.type](data, column.places)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise InputError(
            f"column {column.name!r} holds {data.type}, not {column.type.value}: {error}",
            where=table,
        ) from error
    return Values(column.type, column.places, plain, valid)


def instants_of(given: pa.Table, name: str, table: str = "") -> Ints:
    """A column of moments, microseconds, (n,).

    Raises:
        InputError: It is not there, or holds another type.
    """
    return np.asarray(values_of(given, Column(name, ColumnType.INSTANT), table).data)


def key_words(parts: list[Values]) -> Ints:
    """Two words for each key, (n, 2); keys of several columns are folded together."""
    words = _words(parts[0])
    for part in parts[1:]:
        words = np.ascontiguousarray(words)
        hashing.combine(words, _words(part))
    return words


def _words(values: Values) -> Ints:
    """Two words per value: a hash of a text, or a whole number and 0."""
    data = values.data
    if isinstance(data, np.ndarray):
        words = unfilled(len(data), 2)
        words[:, 0], words[:, 1] = data, 0
        return words
    if pa.types.is_dictionary(data.type):
        whole = data.combine_chunks() if isinstance(data, pa.ChunkedArray) else data
        if isinstance(whole, pa.ChunkedArray):
            whole = whole.unify_dictionaries().chunk(0) if whole.num_chunks else None
        if whole is None or len(whole) == 0:
            return np.zeros((0, 2), np.int64)
        of_value = _hashes(whole.dictionary)
        codes = pc.fill_null(whole.indices.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        return of_value[codes] if len(of_value) else np.zeros((len(codes), 2), np.int64)
    return _hashes(data)


def _hashes(texts: pa.Array | pa.ChunkedArray) -> Ints:
    whole = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], pa.string())
    whole = pc.fill_null(whole.cast(pa.large_binary()), b"")
    out = np.empty((len(whole), 2), np.int64)
    _, offsets, data = whole.buffers()
    if len(whole) == 0:
        return out
    ends = np.frombuffer(offsets, np.int64, len(whole) + 1, 8 * whole.offset)
    letters = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    hashing.hash_texts(ends, letters, out)
    return out


def _numbers(data: pa.ChunkedArray, places: int) -> Ints:
    """Whole multiples of 10**-places, half to even; NUMBER_MAX where that is too large."""
    if pa.types.is_integer(data.type):
        whole = _whole(data)
        most = NUMBER_MAX // 10**places
        fits = (whole > -most) & (whole < most)
        return whole * 10**places if fits.all() else np.where(fits, whole * 10**places, NUMBER_MAX)
    if pa.types.is_decimal(data.type):
        return _decimals(data, places)
    real = np.asarray(_filled(data.cast(pa.float64())).to_numpy(), np.float64)
    scaled = unfilled(len(real)).view(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        np.multiply(real, 10.0**places, out=scaled)
        np.rint(scaled, out=scaled)
        if real.size and not (scaled.min() > -NUMBER_MAX and scaled.max() < NUMBER_MAX):
            scaled[~(np.abs(scaled) < NUMBER_MAX)] = NUMBER_MAX
    whole = unfilled(len(real))
    whole[:] = scaled
    return whole


def _decimals(data: pa.ChunkedArray, places: int) -> Ints:
    wide = pc.round(data.cast(pa.decimal256(76, data.type.scale)), places, "half_to_even")
    fixed = _filled(wide.cast(pa.decimal256(76, places))).combine_chunks()
    words = np.frombuffer(fixed.buffers()[1], np.int64).reshape(-1, 4)
    words = words[fixed.offset : fixed.offset + len(fixed)]
    low, rest = words[:, 0], words[:, 1:]
    fits = (rest == (low >> 63)[:, None]).all(axis=1) & (low > -NUMBER_MAX) & (low < NUMBER_MAX)
    return np.where(fits, low, NUMBER_MAX)


def _whole(data: pa.ChunkedArray) -> Ints:
    cast = data if data.type == pa.int64() else data.cast(pa.int64())
    return np.asarray(_filled(cast).to_numpy(), np.int64)


def _filled(data: pa.ChunkedArray) -> pa.ChunkedArray:
    return data if data.null_count == 0 else pc.fill_null(data, 0)


def _instants(data: pa.ChunkedArray, places: int) -> Ints:
    if not (pa.types.is_timestamp(data.type) or pa.types.is_date(data.type)):
        message = "an instant is a timestamp"
        raise pa.ArrowTypeError(message)
    return _whole(data if data.type == _INSTANT else data.cast(_INSTANT, safe=False))


def _flags(data: pa.ChunkedArray, places: int) -> Ints:
    return _whole(data.cast(pa.int8()))


def _categories(data: pa.ChunkedArray, places: int) -> Ints | pa.ChunkedArray:
    kind = data.type
    if pa.types.is_dictionary(kind) and not _is_text(kind.value_type):
        data = data.cast(kind.value_type)
    if pa.types.is_integer(data.type):
        return _whole(data)
    if not (_is_text(data.type) or pa.types.is_dictionary(data.type)):
        message = "a category is text or a whole number"
        raise pa.ArrowTypeError(message)
    return data


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


_CONVERT = {
    ColumnType.NUMBER: _numbers,
    ColumnType.CATEGORY: _categories,
    ColumnType.FLAG: _flags,
    ColumnType.INSTANT: _instants,
}
