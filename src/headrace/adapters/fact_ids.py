"""Ids of facts that were taken, by a hash: which batch may have one, without reading any."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from headrace.facts.equal import Int64

_RECENT_MAX = 1 << 16


@dataclass
class Ids:
    """Ids of a kind: where each was first taken."""

    hashes: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    numbers: Int64 = field(default_factory=lambda: np.zeros(0, np.int64))
    recent: dict[int, int] = field(default_factory=dict)

    def add(self, hashes: Int64, numbers: Int64) -> None:
        """Note ids that are new, (n,), and the number of the batch of each, (n,)."""
        if len(hashes) < _RECENT_MAX:
            self.recent.update(zip(hashes.tolist(), numbers.tolist(), strict=True))
            if len(self.recent) < _RECENT_MAX:
                return
            hashes = np.fromiter(self.recent.keys(), np.int64, len(self.recent))
            numbers = np.fromiter(self.recent.values(), np.int64, len(self.recent))
            self.recent = {}
        whole = np.concatenate([self.hashes, hashes])
        order = np.argsort(whole, kind="stable")
        self.hashes, self.numbers = whole[order], np.concatenate([self.numbers, numbers])[order]

    def find(self, hashes: Int64) -> Int64:
        """The number of the batch that may have each; -1 where none has."""
        found = np.full(len(hashes), -1, np.int64)
        if len(self.hashes):
            place = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
            found = np.where(self.hashes[place] == hashes, self.numbers[place], -1)
        if self.recent:
            recent = [self.recent.get(each, -1) for each in hashes.tolist()]
            found = np.maximum(found, np.array(recent, np.int64))
        return found


def hashes_of(ids: pa.ChunkedArray) -> Int64:
    """Of this process only; two ids of one hash are compared in full."""
    return np.fromiter(map(hash, ids.to_pylist()), np.int64, len(ids))
