"""Which ids were decided under, and where in the log: all of them, however long ago.

An index beside the log, which can be made anew from it. What was decided lately is in memory; the
rest is in files, each about a stretch of the log, which the processor's cache of the disk holds:

    ids/00000000000000000000-00000000000000052113.ids    of the records from one number to another
    file = magic 8 bytes, first record, first record after it, count (u64 each), crc32 (u32) and
           4 zeros; then `count` hashes (u64, ascending), then `count` record numbers (i64)

An id is kept as a hash of 64 bits, with the number of the record of its event. Two ids may have one
hash: then the lower number is given, and whoever reads the log from there on finds the id, or that
it is not there.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from headrace.adapters.segment_log import make_folder, storage_error, whole_file

FRESH_MAX = 500_000
"""Ids in memory, some 70 MB; then they are written down."""

NOWHERE = -1
_MAGIC = b"HRIDS\r\n\0"
_HEAD = struct.Struct("<8sQQQI4x")
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]


def hash_of(decision: str) -> int:
    """An id's hash, 0 to 2^64 - 1; the same on every machine."""
    return int.from_bytes(blake2b(decision.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True, eq=False)
class _Stretch:
    """The ids of the records from `first` up to, without, `upto`."""

    path: Path
    first: int
    upto: int
    hashes: Hashes
    numbers: Numbers

    def number_of(self, wanted: int) -> int:
        view = self.hashes.data
        at = bisect_left(view, wanted)
        return int(self.numbers[at]) if at < len(view) and view[at] == wanted else NOWHERE

    def numbers_of(self, wanted: Hashes) -> Numbers:
        if not len(self.hashes):
            return np.full(len(wanted), NOWHERE, np.int64)
        at = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        return np.where(self.hashes[at] == wanted, self.numbers[at], NOWHERE)


class DecisionIds:
    """The index of one folder. One thread at a time adds and asks; another may write down.

    Attributes:
        upto: Records below this number are in files.
    """

    def __init__(self, folder: Path, records: int) -> None:
        """Open what is there.

        Args:
            folder: Where the files are; made when there is something to write.
            records: How many the log has. Files that know of more are of another log, and those
                that are damaged or leave a gap are of no use: they are deleted.

        Raises:
            StorageError: The disk refuses.
        """
        self._folder = folder
        self._fresh: dict[int, int] = {}
        self._leaving: dict[int, int] = {}
        try:
            self._stretches = _opened(folder, records)
        except OSError as error:
            raise storage_error("the ids cannot be read", folder, error) from error

    @property
    def upto(self) -> int:
        """Records below this number are in files."""
        return self._stretches[-1].upto if self._stretches else 0

    @property
    def fresh(self) -> int:
        """How many are in memory alone, and not on their way into a file."""
        return len(self._fresh)

    def add(self, hashed: int, number: int) -> None:
        """Remember an id by its hash, with the number of its event's record."""
        self._fresh.setdefault(hashed, number)

    def number_of(self, decision: str) -> int:
        """From which record on the log may hold a decision; NOWHERE: there is none."""
        return self._number_of(hash_of(decision))

    def numbers_of(self, hashes: Sequence[int]) -> Numbers:
        """As `number_of`, by hashes, (n,)."""
        found = np.array([self._in_memory(each) for each in hashes], np.int64)
        wanted = np.array(hashes, np.uint64)
        for stretch in reversed(self._stretches):
            there = stretch.numbers_of(wanted)
            found = np.where(there == NOWHERE, found, there)
        return found

    def leave(self) -> None:
        """Set apart what `write` is to write; what is added from now on is not in it."""
        for hashed, number in self._fresh.items():
            self._leaving.setdefault(hashed, number)
        self._fresh = {}

    def write(self, upto: int) -> None:
        """Write down what was set apart; asked meanwhile, it is found.

        Args:
            upto: The records below it are durable, and their ids were added before `leave`.

        Raises:
            StorageError: The disk refuses; it stays in memory, and can be written again.
        """
        if upto == self.upto:  # nothing came since
            return
        hashes = np.fromiter(self._leaving.keys(), np.uint64, len(self._leaving))
        numbers = np.fromiter(self._leaving.values(), np.int64, len(self._leaving))
        first, kept = self.upto, list(self._stretches)
        gone = []
        # Small files are joined, so that few have to be asked: each is twice as large as the next.
        while kept and len(kept[-1].hashes) <= 2 * len(hashes):
            joined = kept.pop()
            gone.append(joined.path)
            first = joined.first
            hashes = np.concatenate([joined.hashes, hashes])
            numbers = np.concatenate([joined.numbers, numbers])
        try:
            make_folder(self._folder)
            written = _written(self._folder, first, upto, hashes, numbers)
            for path in gone:
                if path != written.path:
                    path.unlink()
        except OSError as error:
            raise storage_error("the ids cannot be written", self._folder, error) from error
        self._stretches = [*kept, written]
        self._leaving = {}

    def _number_of(self, hashed: int) -> int:
        for stretch in self._stretches:
            found = stretch.number_of(hashed)
            if found != NOWHERE:
                return found
        return self._in_memory(hashed)

    def _in_memory(self, hashed: int) -> int:
        found = self._leaving.get(hashed, NOWHERE) if self._leaving else NOWHERE
        return self._fresh.get(hashed, NOWHERE) if found == NOWHERE else found


def _written(folder: Path, first: int, upto: int, hashes: Hashes, numbers: Numbers) -> _Stretch:
    order = np.lexsort((numbers, hashes))
    hashes, numbers = hashes[order], numbers[order]
    path = folder / f"{first:020d}-{upto:020d}.ids"
    check = crc32(numbers.data, crc32(hashes.data))
    with whole_file(path) as file:
        file.write(_HEAD.pack(_MAGIC, first, upto, len(hashes), check))
        file.write(hashes.data)
        file.write(numbers.data)
    found = _read(path)
    if found is None:
        message = "it is not what was written"
        raise OSError(message)
    return found


def _opened(folder: Path, records: int) -> list[_Stretch]:
    """Files that follow one another from the first record on; all others are deleted."""
    paths = sorted(folder.glob("*.ids"), key=lambda path: (path.stem[:20], _longest(path)))
    found: list[_Stretch] = []
    upto = 0
    for path in paths:
        stretch = _read(path)
        if stretch is not None and stretch.first == upto and stretch.upto <= records:
            found.append(stretch)
            upto = stretch.upto
        else:
            with suppress(FileNotFoundError):
                path.unlink()
    return found


def _longest(path: Path) -> int:
    end = path.stem[21:]
    return -int(end) if end.isdecimal() else 0


def _read(path: Path) -> _Stretch | None:
    """A file; None where a byte of it is not what was written."""
    size = path.stat().st_size
    if size < _HEAD.size:
        return None
    with path.open("rb") as file:
        magic, first, upto, count, check = _HEAD.unpack(file.read(_HEAD.size))
    if magic != _MAGIC or size != _HEAD.size + 16 * count:
        return None
    if not count:
        empty = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        return _Stretch(path, first, upto, *empty) if check == 0 else None
    hashes = np.memmap(path, np.uint64, "r", _HEAD.size, (count,))
    numbers = np.memmap(path, np.int64, "r", _HEAD.size + 8 * count, (count,))
    if crc32(numbers.data, crc32(hashes.data)) != check:
        return None
    return _Stretch(path, first, upto, hashes, numbers)


def add_all(ids: DecisionIds, names: Iterable[str], number: int) -> None:
    """Remember several ids of one record."""
    for name in names:
        ids.add(hash_of(name), number)
