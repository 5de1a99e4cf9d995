"""Pairs worth comparing: those that share a key, unless too many do."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.identity import kernels
from headrace.graph.identity.records import Keys

THREADS = 2
FEW_ROWS = 10_000
"""So few are done before threads have started."""
Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True)
class Index:
    """Rows by key, for one rule.

    Attributes:
        keys: uint64, ascending.
        rows: int32, ascending within a key.
    """

    keys: NDArray[np.uint64]
    rows: NDArray[np.int32]

    def counts(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """How many rows have each key."""
        low = np.searchsorted(self.keys, keys, "left")
        counts: NDArray[np.int64] = np.searchsorted(self.keys, keys, "right") - low
        return counts

    def rows_of(self, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The rows that have any of the keys, those of a key side by side."""
        low = np.searchsorted(self.keys, keys, "left")
        sizes = np.searchsorted(self.keys, keys, "right") - low
        ends = np.cumsum(sizes)
        places = np.arange(sizes.sum()) + np.repeat(low - (ends - sizes), sizes)
        rows: NDArray[np.int32] = self.rows[places]
        return rows

    def with_added(self, more: Keys) -> "Index":
        """The index with more rows, all of them higher than those in it."""
        order = np.lexsort((more.rows, more.keys))
        keys, rows = more.keys[order], more.rows[order]
        if not len(self.keys):
            return Index(keys, rows)
        places = np.searchsorted(self.keys, keys, "right")
        return Index(np.insert(self.keys, places, keys), np.insert(self.rows, places, rows))

    def without(self, gone: Keys) -> "Index":
        """The index without some entries."""
        low = np.searchsorted(self.keys, gone.keys, "left")
        high = np.searchsorted(self.keys, gone.keys, "right")
        spans = zip(low.tolist(), high.tolist(), gone.rows.tolist(), strict=True)
        places = [lo + int(np.searchsorted(self.rows[lo:hi], row)) for lo, hi, row in spans]
        return Index(np.delete(self.keys, places), np.delete(self.rows, places))


def empty_index() -> Index:
    """An index of nothing."""
    return Index(np.zeros(0, np.uint64), np.zeros(0, np.int32))


def candidate_pairs(
    keys: list[Keys],
    rows: int,
    source: NDArray[np.int16],
    fresh: NDArray[np.bool_] | None = None,
) -> Pairs:
    """Each pair of rows that shares a key of any rule, once, the lower row first.

    Args:
        keys: Of each rule, without those that too many rows share.
        rows: How many rows there are.
        source: int16 (rows,): pairs within a source are left out, -1 for any.
        fresh: bool (rows,): a pair needs one row of these; None: any pair.
    """
    fresh = np.ones(rows, np.bool_) if fresh is None else fresh
    plain = [each for each in keys if each.one_each]
    several = [each for each in keys if not each.one_each]
    matrix = np.zeros((len(plain), rows), np.uint64)
    for place, each in enumerate(plain):
        matrix[place, each.rows] = each.keys
    nothing = np.zeros((0, rows), np.uint64)

    def pairs_of(place: int) -> Pairs:
        if place < len(plain):
            return _rule_pairs(plain[place], matrix, place, fresh, source)
        return _rule_pairs(several[place - len(plain)], nothing, 0, fresh, source)

    if rows <= FEW_ROWS:
        found = [pairs_of(place) for place in range(len(keys))]
    else:
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(pairs_of, range(len(keys))))
    left = np.concatenate([np.zeros(0, np.int32), *(pair[0] for pair in found[: len(plain)])])
    right = np.concatenate([np.zeros(0, np.int32), *(pair[1] for pair in found[: len(plain)])])
    if not several:
        return left, right
    more = _once(found[len(plain) :], matrix, rows)
    return np.concatenate([left, more[0]]), np.concatenate([right, more[1]])


def _rule_pairs(
    each: Keys,
    matrix: NDArray[np.uint64],
    place: int,
    fresh: NDArray[np.bool_],
    source: NDArray[np.int16],
) -> Pairs:
    order = np.argsort(each.keys, kind="stable")
    keys, rows = each.keys[order], each.rows[order]
    starts = np.flatnonzero(
        np.concatenate([[True], keys[1:] != keys[:-1], [True]])[: len(keys) + 1]
    )
    starts = starts if len(keys) else np.zeros(1, np.int64)
    sizes = np.diff(starts)
    most = int((sizes * (sizes - 1) // 2).sum())
    left, right = np.empty(most, np.int32), np.empty(most, np.int32)
    count = kernels.block_pairs(rows, starts, matrix, place, fresh, source, left, right)
    return left[:count], right[:count]


def _once(found: list[Pairs], matrix: NDArray[np.uint64], rows: int) -> Pairs:
    """Pairs of rules that give a row several keys: each once, and none that a plain rule gave."""
    packed = np.concatenate([left.astype(np.int64) * rows + right for left, right in found])
    packed.sort()  # np.unique hashes, which took twenty seconds for ten million
    packed = packed[np.append(True, packed[1:] != packed[:-1])] if len(packed) else packed
    left, right = (packed // rows).astype(np.int32), (packed % rows).astype(np.int32)
    new = np.ones(len(left), np.bool_)
    for line in matrix:
        new &= (line[left] == 0) | (line[left] != line[right])
    return left[new], right[new]


def without_hot(keys: Keys, most: int) -> Keys:
    """Keys that at most `most` of these rows share."""
    _, place, count = np.unique(keys.keys, return_inverse=True, return_counts=True)
    return chosen(keys, count[place] <= most)


def chosen(keys: Keys, kept: NDArray[np.bool_]) -> Keys:
    """Some of the keys."""
    return Keys(keys.keys[kept], keys.rows[kept], keys.one_each)
