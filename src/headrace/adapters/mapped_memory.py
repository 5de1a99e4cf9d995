"""Memory for more keys than fit: large arrays in files, of which the system keeps what is in use.

The files are scratch: they have no names, so that the system removes them with the last array in
them, also after a crash. What is to survive is in a log and in snapshots. Space on the disk is
reserved before it is used: a full disk is an error when an array grows, never a fault later.
"""

import mmap
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from headrace.adapters.segment_log import StorageError, make_folder, storage_error

Array = NDArray[Any]

SMALL_BYTES = 1 << 22  # arrays below this stay in ordinary memory
PIECE_BYTES_MAX = 1 << 22  # handed back at a time: a millisecond
SECONDS_BETWEEN = 0.01  # looks at the limit; some 100 MB of pages can come in in that time
LOOKS_BETWEEN = 100  # counts page by page, because others' files come and go, too
_PAGEMAP, _COUNTERS = Path("/proc/self/pagemap"), Path("/proc/self/statm")
_PRESENT = 63  # the bit of a page in the process's memory


class NoRoomError(StorageError):
    """An array cannot grow, and is as it was: the disk is full."""


@dataclass(frozen=True)
class _Mapped:
    """An array in a file; both go with the array."""

    array: "weakref.ref[Array]"
    file: int


class MappedMemory:
    """Room for arrays, most of it on disk. A context manager; any thread may use it.

    A thread of its own hands back to the system, piece by piece in turn, what is in the process's
    memory beyond the limit. What is used again comes back by itself: values never depend on it.
    The system goes on caching what was handed back for as long as nothing else needs the space.

    Attributes:
        limit_bytes: Of arrays in files, what may be in the process's memory. Passed by what
            comes in before the next look, up to some 100 MB where many keys are used at once.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Begin with nothing.

        Args:
            folder: Where the files are, on a disk; made where there is none.
            limit_bytes: See there; at least 1 MiB.

        Raises:
            StorageError: The folder cannot be made, or the system is not Linux.
        """
        if not _PAGEMAP.exists():
            raise StorageError(
                "this system does not tell which pages are in memory",
                where=str(_PAGEMAP),
                remedy="run on Linux, or keep everything in memory: give no limit",
            )
        if limit_bytes < 1 << 20:
            raise StorageError(f"a limit of {limit_bytes} bytes is too small", remedy="give 1 MiB")
        try:
            make_folder(folder)
        except OSError as error:
            raise storage_error("the memory cannot be made", folder, error) from error
        self.folder, self.limit_bytes = folder, limit_bytes
        whole_pages = limit_bytes // 16 // mmap.PAGESIZE * mmap.PAGESIZE
        self._piece_bytes = min(PIECE_BYTES_MAX, whole_pages)
        self._mapped: list[_Mapped] = []
        self._hand = 0
        self._others = _of_files()  # bytes of files in memory that are not of these arrays
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="headrace-memory", daemon=True)
        self._keeper.start()

    def grown(self, array: Array, shape: tuple[int, ...]) -> Array:
        """An array of a shape that begins with what an array holds and is zero behind it.

        Args:
            array: Of no more rows. One that was returned here, itself and no view of it, grows
                where it lies, without a copy; do not use it any more. Any other is copied.
            shape: Of the new array; the same but for the first axis.

        Raises:
            NoRoomError: The disk is full, or refuses.
        """
        size = int(np.prod(shape)) * array.itemsize
        if size < SMALL_BYTES:
            whole = np.zeros(shape, array.dtype)
            whole[: len(array)] = array
            return whole
        mine = next((each.file for each in self._alive() if each.array() is array), None)
        if mine is not None and array.shape == shape:
            return array
        try:
            return self._in_file(array, shape, size, mine)
        except OSError as error:
            said = storage_error("the memory cannot grow", self.folder, error)
            raise NoRoomError(said.problem, where=said.where, remedy=said.remedy) from error

    def new(self, shape: tuple[int, ...], dtype: str) -> Array:
        """An array of zeros."""
        return self.grown(np.empty((0, *shape[1:]), dtype), shape)

    def trim(self) -> None:
        """Hand back what is beyond the limit now, counted page by page."""
        self._count()
        self._hand_back()

    @property
    def mapped_bytes(self) -> int:
        """Bytes of arrays in files: reserved on the disk."""
        return sum(len(each) for each in self._maps())

    @property
    def resident_bytes(self) -> int:
        """Of these, what is in the process's memory; counted page by page."""
        return self._count()

    def close(self) -> None:
        """Hand nothing back any more. Arrays remain usable; each file goes with its array."""
        self._closed.set()
        self._keeper.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _in_file(self, array: Array, shape: tuple[int, ...], size: int, mine: int | None) -> Array:
        file = _unnamed(self.folder) if mine is None else os.dup(mine)
        old = 0 if mine is None else array.nbytes
        try:
            _reserve(file, old, size)
            whole: Array = np.ndarray(shape, array.dtype, mmap.mmap(file, size))
        except BaseException:
            os.close(file)
            raise
        weakref.finalize(whole, os.close, file)
        with self._lock:
            self._mapped = [*self._alive(), _Mapped(weakref.ref(whole), file)]
        if mine is None:
            whole[: len(array)] = array
        return whole

    def _keep(self) -> None:
        looks = 0
        while not self._closed.wait(SECONDS_BETWEEN):
            looks += 1
            if looks % LOOKS_BETWEEN == 0:
                self._count()
            self._hand_back()

    def _hand_back(self) -> None:
        """The same by the estimate: quick where nothing is beyond the limit."""
        with self._lock:
            if self._estimate() <= self.limit_bytes:
                return
            for piece in self._round():
                _to_system(*piece)
                if self._estimate() <= self.limit_bytes - 2 * self._piece_bytes:
                    return
        self._count()  # that was all there is: others map files meanwhile

    def _alive(self) -> list[_Mapped]:
        return [each for each in self._mapped if each.array() is not None]

    def _maps(self) -> list[mmap.mmap]:
        arrays = [each.array() for each in self._mapped]
        return [each.base for each in arrays if each is not None]  # type: ignore[misc]  # an mmap

    def _round(self) -> Iterator[tuple[mmap.mmap, int, int]]:
        """Every piece once, as map, start and bytes, from where the last round was left."""
        step = self._piece_bytes
        pieces = [
            (one, start, min(step, len(one) - start))
            for one in self._maps()
            for start in range(0, len(one), step)
        ]
        for _ in pieces:
            self._hand = (self._hand + 1) % len(pieces)
            yield pieces[self._hand]

    def _estimate(self) -> int:
        return _of_files() - self._others

    def _count(self) -> int:
        with self._lock, _PAGEMAP.open("rb", buffering=0) as pages:
            of_all = _of_files()  # first: what comes in meanwhile must not pass for others'
            mine = sum(_resident(one, pages.fileno()) for one in self._maps())
            self._others = of_all - mine
            return mine


def _unnamed(folder: Path) -> int:
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.dup(file.fileno())


def _reserve(file: int, old: int, size: int) -> None:
    """Space on the disk for a file to grow; where there is not enough, the file is as it was."""
    try:
        os.posix_fallocate(file, old, size - old)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, old)
        raise


def _to_system(one: mmap.mmap, start: int, size: int) -> None:
    """Give pages back to the system, which has them in the file: nothing is lost.

    They stay in its cache, written to the disk in its own time, and go when the space is needed.
    MADV_PAGEOUT, which asks for that at once, costs four times the time: every page that is used
    again was written meanwhile, and is marked as changed anew (measured on ext4, Linux 6.18).
    """
    one.madvise(mmap.MADV_DONTNEED, start, size)


def _of_files() -> int:
    """Bytes of files in the process's memory, of all files; counted by the system as it goes."""
    return int(_COUNTERS.read_bytes().split()[2]) * mmap.PAGESIZE


def _resident(one: mmap.mmap, pages: int) -> int:
    """Bytes of a map in the process's memory."""
    count = -(-len(one) // mmap.PAGESIZE)
    first = np.frombuffer(one, np.uint8).ctypes.data // mmap.PAGESIZE
    told = np.frombuffer(os.pread(pages, 8 * count, 8 * first), np.uint64)
    return int(np.count_nonzero(told >> np.uint64(_PRESENT))) * mmap.PAGESIZE
