"""The facts of one relation, in arrays: added, withdrawn, found and joined in constant time."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.graph.rules import kernels

Ints = NDArray[np.int64]
Ids = NDArray[np.int32]

ROOM = 1 << 16  # matches of a join handed on together
FULL = 0.7  # share of the slots of a hash set that are used before it grows


class Index:
    """Chains of the facts that agree on some columns."""

    def __init__(self, columns: tuple[int, ...], buckets: int, capacity: int) -> None:
        """Begin with none; `buckets` is a power of two."""
        self.columns = np.array(columns, np.int64)
        self.heads = np.full(buckets, kernels.NONE, np.int32)
        self.after = np.empty(capacity, np.int32)
        self.before = np.empty(capacity, np.int32)


class Store:
    """The facts of one relation.

    Attributes:
        width: Columns of a fact.
        rows: int64 (capacity, width).
        rank: int32 (capacity,): the step in which a fact was derived; see `kernels`.
    """

    def __init__(self, width: int, parties: int) -> None:
        """Begin without facts.

        Args:
            width: Columns of a fact.
            parties: About how many codes there are; more may come.
        """
        self.width = width
        self._parties = parties
        self.rows = np.empty((0, width), np.int64)
        self.rank = np.empty(0, np.int32)
        self._slots = np.full(16, kernels.EMPTY)
        self._free = np.empty(0, np.int32)
        self._state = np.zeros(2, np.int64)
        self._indexes: dict[tuple[int, ...], Index] = {}

    def __len__(self) -> int:
        return int(self._state[0] - self._state[1])

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        arrays: list[NDArray[Any]] = [self.rows, self.rank, self._slots, self._free]
        for index in self._indexes.values():
            arrays += [index.heads, index.after, index.before]
        return sum(array.nbytes for array in arrays)

    def live(self) -> Ids:
        """Rows of the facts that stand."""
        return np.flatnonzero(self.rank[: self._state[0]] >= 0).astype(np.int32)

    def index(self, columns: tuple[int, ...]) -> Index:
        """The index on some columns, built where it is not there yet."""
        if columns not in self._indexes:
            buckets = _buckets(self._parties if len(columns) == 1 else len(self)) if columns else 1
            self._indexes[columns] = Index(columns, buckets, len(self.rows))
            self._link_all(self._indexes[columns])
        return self._indexes[columns]

    def add(self, keys: Ints, step: int) -> tuple[Ids, Ids]:
        """Add facts that do not stand.

        Args:
            keys: int64 (n, width), repetitions allowed.
            step: Their rank.

        Returns:
            Rows of the new ones, and of those that were going and now stay.
        """
        self.reserve(len(keys))
        found = np.empty(len(keys), np.int32)
        count = kernels.insert(
            keys, self.rows, self.rank, self._slots, self._free, self._state, step, found
        )
        found = found[:count]
        fresh = found[found >= 0] if (found < 0).any() else found
        for index in self._indexes.values():
            kernels.link(fresh, self.rows, index.columns, index.heads, index.after, index.before)
        return fresh, -1 - found[found < 0]

    def find(self, keys: Ints) -> Ids:
        """The row of each fact, standing or going; -1 where there is none."""
        found = np.empty(len(keys), np.int32)
        kernels.find(keys, self.rows, self._slots, found)
        return found

    def remove(self, ids: Ids) -> None:
        """Let go of facts for good; their rows may be used again."""
        kernels.forget(ids, self.rows, self._slots)
        for index in self._indexes.values():
            kernels.unlink(ids, index.heads, index.after, index.before)
        self.rank[ids] = kernels.FREE
        height = int(self._state[1])
        if height + len(ids) > len(self._free):
            wider = np.empty(max(2 * len(self._free), height + len(ids)), np.int32)
            wider[:height] = self._free[:height]
            self._free = wider
        self._free[height : height + len(ids)] = ids
        self._state[1] += len(ids)

    def matches(self, bindings: Ints, slots: Ints, index: Index, view: Ints) -> Iterator[
        tuple[Ids, Ids]
    ]:  # fmt: skip
        """Facts that agree with bindings on an index, a part at a time: binding and row of each.

        Args:
            bindings: int64 (n, width).
            slots: The column of `bindings` for each column of the index.
            index: One of this store.
            view: See `kernels.probe`.
        """
        state = np.array((0, -2), np.int64)
        while state[0] < len(bindings):
            origin, match = np.empty(ROOM, np.int32), np.empty(ROOM, np.int32)
            count = kernels.probe(
                bindings, slots, view, self.rows, self.rank, index.columns, index.heads,
                index.after, state, origin, match,
            )  # fmt: skip
            if count:
                yield origin[:count], match[:count]

    def having(self, firsts: Ints) -> Iterator[Ids]:
        """Facts, standing or going, whose first columns are given, a part at a time.

        Args:
            firsts: int64 (n, columns); repetitions are looked up once.
        """
        index = self.index(tuple(range(firsts.shape[1])))
        keys = np.unique(firsts, axis=0)
        view = np.array((int(kernels.GONE), 0, 0), np.int64)
        for _, match in self.matches(keys, np.arange(firsts.shape[1]), index, view):
            yield match

    def totals(self, groups: Ints, limits: Ints, function: int) -> tuple[Ints, NDArray[np.bool_]]:
        """The total of the last column over the facts of each group, and whether it has any.

        Args:
            groups: int64 (n, columns): their first columns.
            limits: int64 (n,): the rank below which facts count.
            function: See `kernels.totals`.
        """
        index = self.index(tuple(range(groups.shape[1])))
        total, size = np.empty(len(groups), np.int64), np.empty(len(groups), np.int64)
        kernels.totals(
            np.ascontiguousarray(groups), limits, function, self.width - 1, self.rows, self.rank,
            index.columns, index.heads, index.after, total, size,
        )  # fmt: skip
        return total, size > 0

    def reserve(self, more: int) -> None:
        """Make room for so many facts more."""
        used, free = self._state.tolist()
        needed = used + max(0, more - free)
        if needed > len(self.rows):
            capacity = max(needed, 2 * len(self.rows), 64)
            self.rows = _longer(self.rows, used, capacity)
            self.rank = _longer(self.rank, used, capacity)
            for index in self._indexes.values():
                index.after = _longer(index.after, used, capacity)
                index.before = _longer(index.before, used, capacity)
        if len(self) + more > FULL * len(self._slots):
            size = 1 << int((len(self) + more) / FULL).bit_length()
            old, self._slots = (
                self._slots,
                np.full(size, kernels.EMPTY),
            )  # not zeros: pages are large
            kernels.fill(old, self._slots)

    def shorten_chains(self) -> None:
        """More chains where facts became many; never while a join is under way."""
        for index in self._indexes.values():
            if len(index.columns) > 1 and len(self) > 2 * len(index.heads):
                index.heads = np.full(_buckets(len(self)), kernels.NONE, np.int32)
                self._link_all(index)

    def _link_all(self, index: Index) -> None:
        used = np.flatnonzero(self.rank[: self._state[0]] != kernels.FREE).astype(np.int32)
        kernels.link(used, self.rows, index.columns, index.heads, index.after, index.before)


def _buckets(count: int) -> int:
    return 1 << max(10, int(count - 1).bit_length())


def _longer(array: Any, used: int, capacity: int) -> Any:
    longer = np.empty((capacity, *array.shape[1:]), array.dtype)
    longer[:used] = array[:used]
    return longer
