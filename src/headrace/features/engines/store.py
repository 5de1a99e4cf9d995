"""The memory of one space while events come in, grown as it fills."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.features.compile import Program
from headrace.features.kernels import codes, hashing, history
from headrace.features.plan import Space, microseconds

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def capacities() -> Ints:
    """Rows that segments hold: 4, 8, 16, 32, 48, 64, 96, 128, ... (doubling in two steps)."""
    sizes = [codes.BLOCK // 2, codes.BLOCK, 2 * codes.BLOCK, 4 * codes.BLOCK]
    while len(sizes) < history.CLASSES:
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

    def __init__(self, space: Space, program: Program, lateness: int) -> None:
        """Start empty.

        Args:
            space: What is kept.
            program: The same, as arrays.
            lateness: Microseconds by which an event may trail the latest one and still be exact.
        """
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
        self.slots = np.zeros((256, history.S_WORDS), np.int64)
        self.table = np.zeros((1024, 3), np.int64)
        self.heads = np.zeros(history.H_LISTS + 2 * history.CLASSES, np.int64)
        self.heads[history.H_WATERMARK] = history.NEVER
        self.heads[history.H_LISTS :][: history.CLASSES] = capacities()
        self.groups = _working_room(1024)
        self.room = np.zeros((len(space.ranges), history.W_TOTALS + 2 * len(space.lanes)), np.int64)

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
        while full != codes.DONE:
            if full >= 0:
                self._grow(full)
            at, full = history.push(
                self.program.code,
                self.program.reals,
                self.shape,
                self.pool,
                self.slots,
                self.table,
                self.heads,
                incoming,
                at,
                self.groups,
                self.room,
                values,
                outcome,
            )
        return Taken(values, outcome)

    def sweep(self, first: int, count: int) -> int:
        """Forget keys that no window sees any more; see `kernels.history.sweep`."""
        return int(
            history.sweep(
                self.program.code,
                self.shape,
                self.pool,
                self.slots,
                self.table,
                self.heads,
                first,
                count,
            )
        )

    def state(self) -> dict[str, Ints]:
        """Everything kept, as arrays: what a snapshot holds. Views, not copies."""
        used = int(self.heads[history.H_USED])
        return {
            "pool": self.pool[:used],
            "slots": self.slots[: self.slots_used],
            "table": self.table,
            "heads": self.heads,
        }

    def restore(self, state: Mapping[str, Ints]) -> None:
        """Go on from copies of a state; arrays of the same plan and layout."""
        self.pool = _with_room(state["pool"], self.pool.size)
        self.slots = _with_room(state["slots"], len(self.slots))
        self.table = state["table"].copy()
        self.heads = state["heads"].copy()

    def digest(self) -> int:
        """A hash of what is kept, whatever the order in which memory was filled.

        The sum of a hash per row that windows can still see, keys included.
        """
        return int(history.digest(self.program.code, self.shape, self.pool, self.slots, self.heads))

    def _grow(self, full: int) -> None:
        if full == codes.POOL_FULL:
            pool = np.zeros(2 * self.pool.size, np.int64)
            pool[: self.pool.size] = self.pool
            self.pool = pool
        elif full == codes.SLOTS_FULL:
            slots = np.zeros((2 * len(self.slots), history.S_WORDS), np.int64)
            slots[: len(self.slots)] = self.slots
            self.slots = slots
        else:
            self.table = hashing.grown(self.table)

    @property
    def slots_used(self) -> int:
        """Places of keys, those of forgotten keys included."""
        return int(self.heads[history.H_SLOTS])

    @property
    def keys(self) -> int:
        """Keys that have rows."""
        return int(np.count_nonzero(self.slots[: self.slots_used, history.S_LENGTH]))

    @property
    def events(self) -> int:
        """Rows kept."""
        return int(self.heads[history.H_EVENTS])

    @property
    def bytes_used(self) -> int:
        """Bytes of rows, keys and table in use."""
        slots = self.slots_used * history.S_WORDS
        return 8 * (int(self.heads[history.H_USED]) + slots + self.table.size)


def _with_room(array: Ints, size: int) -> Ints:
    """The array at the start of one that is zero behind it, `size` long or more."""
    while size < len(array):
        size *= 2
    whole = np.zeros((size, *array.shape[1:]), np.int64)
    whole[: len(array)] = array
    return whole


def _working_room(groups: int) -> Ints:
    room = np.zeros((3, groups), np.int64)
    room[2] = -1
    return room
