"""The memory of one space while events come in, grown as it fills."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.features.compile import Program
from headrace.features.kernels import blocks, codes, cursors, hashing, history, segments
from headrace.features.plan import Space, microseconds
from headrace.features.windows import Sliding

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Grow = Callable[[Ints, tuple[int, ...]], Ints]
"""Makes room: an array of a shape that begins with what one of fewer rows holds, zero behind it.

The array given is not used any more. `adapters` may keep what is large elsewhere than in memory.
"""

CURSOR_WORDS_MAX = 128  # a thousand bytes a key


def grown_in_memory(array: Ints, shape: tuple[int, ...]) -> Ints:
    """See `Grow`: a copy."""
    whole = np.zeros(shape, np.int64)
    whole[: len(array)] = array
    return whole


def capacities() -> Ints:
    """Rows that segments hold: 4, 8, 16, 32, 48, 64, 96, 128, ... (doubling in two steps)."""
    sizes = [codes.BLOCK // 2, codes.BLOCK, 2 * codes.BLOCK, 4 * codes.BLOCK]
    while len(sizes) < segments.CLASSES:
        sizes.append(sizes[-1] * 3 // 2 if len(sizes) % 2 == 0 else sizes[-1] * 4 // 3)
    return np.array(sizes, np.int64)


@dataclass(frozen=True)
class Taken:
    """What came of rows.

    Attributes:
        values: Aggregates, (aggregates, n); NaN is missing.
        outcome: See `kernels.codes`, (n,).
    """

    values: Floats
    outcome: NDArray[np.int8]


class Store:
    """Rows of every key of one space, in any order of arrival."""

    def __init__(
        self, space: Space, program: Program, lateness: int, grow: Grow = grown_in_memory
    ) -> None:
        """Start empty.

        Args:
            space: What is kept.
            program: The same, as arrays.
            lateness: Microseconds by which an event may trail the latest one and still be exact.
            grow: Makes room for more.
        """
        self.grow = grow
        block = codes.BLOCK * space.row_words + len(space.lanes) + 2 * len(space.extremes)
        self.program = program
        self.shape = (
            space.row_words,
            block,
            space.id_word,
            lateness,
            -1 if space.memory is None else microseconds(space.memory),
        )
        self.pool = np.zeros(1 << 14, np.int64)
        self.slots = np.zeros((256, segments.S_WORDS), np.int64)
        self.table = np.zeros((1024, 3), np.int64)
        self.heads = np.zeros(segments.H_LISTS + 2 * segments.CLASSES, np.int64)
        self.heads[segments.H_WATERMARK] = blocks.NEVER
        self.heads[segments.H_LISTS :][: segments.CLASSES] = capacities()
        self.cursors = np.zeros((256, _cursor_words(space)), np.int64)
        self.groups = _working_room(1024)
        words = cursors.W_TOTALS + 2 * len(space.lanes) + len(space.extremes)
        self.room = np.zeros((len(space.ranges), words), np.int64)

    def push(self, incoming: Ints, groups_count: int) -> Taken:
        """Take rows in, each at its moment.

        Args:
            incoming: See `kernels.history.push`, (n, 4 + row words).
            groups_count: How many different values a column of groups may hold by now.
        """
        if groups_count > self.groups.shape[1]:
            self.groups = _working_room(2 * groups_count)
        n = incoming.shape[0]
        values = np.empty((int(self.program.code[codes.P_OPS]), n), np.float64)
        outcome = np.empty(n, np.int8)
        at, full = 0, -1
        push = history.push_one if n == 1 else history.push
        while full != codes.DONE:
            if full >= 0:
                self._grow(full)
            at, full = push(
                self.program.code,
                self.program.reals,
                self.shape,
                self.pool,
                self.slots,
                self.table,
                self.cursors,
                self.heads,
                incoming,
                at,
                self.groups,
                self.room,
                values,
                outcome,
            )
        return Taken(values, outcome)

    def rows_since(self, keys: Ints, since: Ints) -> Ints:
        """The rows of keys, each from a time on, see `kernels.history.rows_since`, (n, 3)."""
        out = np.empty((0, 3), np.int64)
        while True:
            found = int(
                history.rows_since(self.shape, self.pool, self.slots, self.table, keys, since, out)
            )
            if found <= len(out):
                return out
            out = np.empty((found, 3), np.int64)

    def sweep(self, first: int, count: int) -> int:
        """Forget keys that no window sees any more; see `kernels.history.sweep`."""
        return int(
            history.sweep(
                self.program.code,
                self.shape,
                self.pool,
                self.slots,
                self.table,
                self.cursors,
                self.heads,
                first,
                count,
            )
        )

    def state(self) -> dict[str, Ints]:
        """Everything kept, as arrays: what a snapshot holds. Views, not copies."""
        used = int(self.heads[segments.H_USED])
        return {
            "pool": self.pool[:used],
            "slots": self.slots[: self.slots_used],
            "table": self.table[:],
            "heads": self.heads,
        }

    def restore(self, state: Mapping[str, Ints]) -> None:
        """Go on from copies of a state; arrays of the same plan and layout.

        Where `grow` gave an array itself, it is taken over, not copied.
        """
        self.pool = self._with_rows(state["pool"], len(self.pool))
        self.slots = self._with_rows(state["slots"], len(self.slots))
        self.table = self.grow(state["table"], state["table"].shape)
        self.heads = state["heads"].copy()
        self.slots[:, segments.S_CURSOR] = 0  # they are found again as events come in
        self.heads[[segments.H_CURSORS, segments.H_FREE_CURSOR]] = 0

    def digest(self) -> int:
        """A hash of what is kept, whatever the order in which memory was filled.

        The sum of a hash per row that windows can still see, keys included.
        """
        return int(history.digest(self.program.code, self.shape, self.pool, self.slots, self.heads))

    def _grow(self, full: int) -> None:
        if full == codes.POOL_FULL:
            self.pool = self._with_rows(self.pool, 2 * len(self.pool))
        elif full == codes.SLOTS_FULL:
            self.slots = self._with_rows(self.slots, 2 * len(self.slots))
        elif full == codes.CURSORS_FULL:
            self.cursors = self._with_rows(self.cursors, 2 * len(self.cursors))
        else:
            bigger = self.grow(self.table[:0], (2 * len(self.table), 3))
            hashing.copy(self.table, bigger)
            self.table = bigger

    def _with_rows(self, array: Ints, rows: int) -> Ints:
        """The array with room for as many rows, doubled until it holds what it has."""
        while rows < len(array):
            rows *= 2
        return self.grow(array, (rows, *array.shape[1:]))

    @property
    def slots_used(self) -> int:
        """Places of keys, those of forgotten keys included."""
        return int(self.heads[segments.H_SLOTS])

    @property
    def keys(self) -> int:
        """Keys that have rows."""
        return int(np.count_nonzero(self.slots[: self.slots_used, segments.S_LENGTH]))

    @property
    def events(self) -> int:
        """Rows kept."""
        return int(self.heads[segments.H_EVENTS])

    @property
    def bytes_used(self) -> int:
        """Bytes of rows, keys, table and cursors in use."""
        slots = self.slots_used * segments.S_WORDS
        cursors = int(self.heads[segments.H_CURSORS]) * self.cursors.shape[1]
        return 8 * (int(self.heads[segments.H_USED]) + slots + self.table.size + cursors)


def _cursor_words(space: Space) -> int:
    """Words of a key's cursor, see `kernels.cursors`; 0: it would be useless, or too large."""
    slide = [
        isinstance(each.window, Sliding) and not each.window.ends_before for each in space.ranges
    ]
    of_window = cursors.K_BELOW + len(space.lanes) + len(space.extremes)
    words = cursors.K_TOTALS + len(space.lanes) + sum(slide) * of_window
    return words if any(slide) and words <= CURSOR_WORDS_MAX else 0


def _working_room(groups: int) -> Ints:
    room = np.zeros((3, groups), np.int64)
    room[2] = -1
    return room
