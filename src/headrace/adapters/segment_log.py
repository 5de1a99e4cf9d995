"""An append-only log on disk: checksummed records in segments, made durable in groups.

A folder holds one log:

    00000000000000000000.segment   records 0, 1, 2 ...; named by the first; the last one grows
    00000000000000052113.segment
    committed                      the watermark: every record below it was acknowledged
    lock                           held by the one process that writes; its pid

    segment = magic 8 bytes, version u32, first sequence u64, crc32 u32, then records
    record  = payload bytes u32, sequence u64, crc32 u32 of these two and the payload, payload
    committed = magic 8 bytes, sequence u64, crc32 u32                 (all little-endian)

What a damaged log can tell. `commit` syncs the segment, then writes the watermark, and only then
acknowledges. On opening, whatever is missing or fails its checksum *below* the watermark was once
acknowledged: that is corruption, and raises. *At or above* it nothing was acknowledged: that is the
tail of an interrupted write, which is cut and reported in `recovered`. Whole records that follow
the first broken one there are cut with it: a disk may store the pages of one unsynced write in any
order, so they prove nothing. Earlier segments were synced whole before the next was made, so in
them every damage is corruption; they are verified as they are read.

What remains indistinguishable. The watermark is not synced with every commit (that would double
its time). A killed process loses none of it, because the system holds it; a power cut may put it
back by as long as the system delays writing (half a minute on Linux); opening, closing and each new
segment sync it. So records acknowledged in that time, then hit by a power cut *and* by a second
damage of their own, look like a torn tail: they are cut, and reported. The same holds if
`committed` itself was damaged, which is reported too. Random damage escapes CRC-32 once in 2^32;
damage that someone designs escapes it always: the log is no evidence.
"""

import errno
import fcntl
import os
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self
from zlib import crc32

from headrace.errors import HeadraceError

_MAGIC = b"HRSEGM\r\n"
_VERSION = 1
_SEGMENT = struct.Struct("<8sIQ")  # magic, version, first sequence; its crc32 follows
_FIELDS = struct.Struct("<IQ")  # payload bytes, sequence; crc32 and payload follow
_MARK_MAGIC = b"HRMARK\r\n"
_MARK = struct.Struct("<8sQ")  # magic, sequence; its crc32 follows
_RECORD = struct.Struct("<IQI")  # both, as they are read back
_CRC = struct.Struct("<I")
_SEGMENT_BYTES = _SEGMENT.size + _CRC.size
_RECORD_BYTES = _FIELDS.size + _CRC.size
_BUFFER_BYTES = 1 << 18  # appended payloads are gathered to this before the system is called
_DIRECT_BYTES = 1 << 16  # payloads from this size go to the system without being copied first
_PAYLOAD_BYTES_MAX = (1 << 32) - 1
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_CLOSED = "the log is closed"
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StorageError(HeadraceError):
    """The disk did not take or give back what it should; nothing was acknowledged in error."""


class DamageError(StorageError):
    """Stored bytes are not the ones that were written, or are gone.

    Attributes:
        path: The file.
        offset: Bytes from its start to the first item that is wrong.
        sequence: Of the first record that cannot be read; None where it holds no records.
    """

    def __init__(
        self, what: str, path: Path, *, offset: int = 0, sequence: int | None = None
    ) -> None:
        self.path = path
        self.offset = offset
        self.sequence = sequence
        at = f"{path}, offset {offset}" + ("" if sequence is None else f", sequence {sequence}")
        super().__init__(
            what,
            where=at,
            remedy="restore this file from a copy, or a snapshot and the log after it",
        )


@dataclass(frozen=True)
class Recovery:
    """Something that opening a log put right. Nothing known to be acknowledged was in it.

    Attributes:
        path: The file.
        offset: Where it was cut, in bytes from its start.
        bytes_cut: How many bytes were cut; 0 where the file was written anew.
        sequence: The number that the next record gets instead.
        what: What was found.
    """

    path: Path
    offset: int
    bytes_cut: int
    sequence: int
    what: str


def sync_data(descriptor: int) -> None:
    """Wait until a file's content, and the size needed to read it, is on the disk."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_directory(path: Path) -> None:
    """Wait until the names in a directory are on the disk."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def make_folder(folder: Path) -> None:
    """Make a folder durably, and those it is in, unless it is there."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_directory(folder.parent)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that gets its name, durably, only when it is complete and on the disk.

    It replaces an older one of that name. An error leaves no trace; a power cut can leave
    `.<name>.unfinished`.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with os.fdopen(os.open(unfinished, _NEW, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def storage_error(doing: str, path: Path, error: OSError) -> StorageError:
    """An error of the system, with what to do about it."""
    full = error.errno in _NO_SPACE
    return StorageError(
        f"{doing}: {error.strerror or error}",
        where=str(path),
        remedy="make space, then try again" if full else "check the disk, then open it again",
    )


class SegmentLog:
    """The one writer of a log, and readers of what it wrote. Every method may run in any thread.

    A context manager; leaving it commits. Where a method raises `StorageError` because the disk is
    full or refuses a write, nothing was acknowledged, the file was cut back to its last whole
    record, a failed `append` took nothing, and records appended before wait in memory: call again
    when there is space. After a failed sync the system may have dropped what it was given, so this
    object never acknowledges again; opening the log anew finds out what is there.

    Attributes:
        folder: Where the log is.
        recovered: What opening it put right.
        durable: Every record below this number survives a power cut. Grows with `commit`.
        next_sequence: The number that the next record gets.
    """

    def __init__(
        self,
        folder: Path,
        found: "_Found",
        *,
        segment_bytes: int,
        sync: Callable[[int], None],
        files: ExitStack,
    ) -> None:
        """Use `SegmentLog.open`."""
        self.folder = folder
        self.recovered = found.recovered
        self.durable = self.next_sequence = found.next_sequence
        self._segments = found.segments
        self._segment_bytes = segment_bytes
        self._sync = sync
        self._written = found.end  # bytes of the last segment that the system has
        self._buffer = bytearray()  # whole records that it has not
        self._refusal = ""  # why nothing more is accepted
        self._writing = threading.Lock()  # never held while waiting for the turn
        self._together = _Together(self._refuse)
        self._turns = threading.Lock()
        self._turn_ended = threading.Condition(self._turns)
        self._turn_of: int | None = None  # a thread
        self._mark = _open_in(files, folder / "committed")
        self._tail = os.open(self._path(found.segments[-1]), os.O_RDWR)
        self._files = files.pop_all()

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        segment_bytes: int = 64 << 20,
        first_sequence: int = 0,
        sync: Callable[[int], None] = sync_data,
    ) -> Self:
        """Open a log for writing and reading, recover its tail, and make all of it durable.

        Args:
            folder: Made where there is none.
            segment_bytes: A new segment begins once one holds this much.
            first_sequence: What a new log counts from; an existing one goes on where it ended.
            sync: Makes the written content of a file descriptor durable, or raises OSError.

        Raises:
            DamageError: If the last segment, or the log as a whole, is corrupt.
            StorageError: If another process writes the log, or the disk refuses.
        """
        try:
            with ExitStack() as files:
                make_folder(folder)
                _lock(_open_in(files, folder / "lock", os.O_CREAT), folder)
                found = _recover(folder, first_sequence)
                return cls(folder, found, segment_bytes=segment_bytes, sync=sync, files=files)
        except OSError as error:
            raise storage_error("the log cannot be opened", folder, error) from error

    @property
    def first_sequence(self) -> int:
        """The oldest record that was not dropped; `next_sequence` where there is none."""
        return self._segments[0]

    def append(self, payload: bytes | bytearray | memoryview) -> int:
        """Add a record; returns its sequence number. It is not durable before a `commit`.

        Args:
            payload: Up to 4 GiB - 1 bytes, contiguous; taken as bytes whatever its item type.

        Raises:
            StorageError: If it was not added; the number was then not used.
        """
        data = payload if isinstance(payload, bytes) else memoryview(payload).cast("B")
        if len(data) > _PAYLOAD_BYTES_MAX:
            message = f"a record of {len(data)} bytes is too large"
            raise StorageError(message, where=str(self.folder), remedy="split it below 4 GiB")
        with self._writing:
            if not self._is_full():
                return self._append(data)
        with self._turn(sys.maxsize), self._writing:
            if self._is_full():
                self._begin_segment()
            return self._append(data)

    def commit(self) -> int:
        """Make every record appended before this call durable; returns `durable`.

        Callers in many threads share syncs: one syncs for all that came while it waited.

        Raises:
            StorageError: If nothing was acknowledged; see the class for when to call again.
        """
        return self._commit(self.next_sequence)

    def wait(self, sequence: int) -> int:
        """Make one record durable, and what else was appended by then; as `commit`.

        Raises:
            StorageError: It is not acknowledged; waiting again tries again.
        """
        if sequence >= self.next_sequence:
            message = f"record {sequence} was never appended"
            raise ValueError(message)
        return self._commit(sequence + 1)

    def _commit(self, target: int) -> int:
        with self._turn(target) as mine:
            if mine:
                with self._writing:
                    self._check()
                    self._flush()
                    stop = self.next_sequence
                self._synced(self._tail)
                self._acknowledge(stop)
        return self.durable

    def read(self, first: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Sequence number and payload of every record from one to the last appended before now.

        What is read may not be durable yet. Do not drop segments that are still to be read.

        Args:
            first: Where to begin; None means the oldest that was not dropped.

        Raises:
            DamageError: At the first record that is not what was written, or is missing.
            StorageError: If `first` was dropped, or the disk refuses.
        """
        with self._writing:
            self._check()
            self._flush()
            segments, stop = list(self._segments), self.next_sequence
            sizes = [None] * (len(segments) - 1) + [self._written]  # the last may grow meanwhile
        start = segments[0] if first is None else first
        if start < segments[0]:
            message = f"record {start} was dropped; the oldest is {segments[0]}"
            raise StorageError(message, where=str(self.folder), remedy="begin from a snapshot")
        return (
            record
            for begin, end, size in zip(segments, [*segments[1:], stop], sizes, strict=True)
            if end > start
            for record in _read_segment(self._path(begin), begin, end, size)
            if record[0] >= start
        )

    def drop_before(self, sequence: int) -> int:
        """Delete the segments all of whose records lie below a number; returns how many.

        The last segment always stays, so the numbers go on.

        Raises:
            StorageError: If the disk refuses; what was deleted before stays deleted.
        """
        dropped = 0
        with self._writing:
            self._check()
            while len(self._segments) > 1 and self._segments[1] <= sequence:
                path = self._path(self._segments[0])
                try:
                    path.unlink(missing_ok=True)  # gone already where a sync failed before
                    sync_directory(self.folder)  # one by one: a power cut must leave no gap
                except OSError as error:
                    raise storage_error("a segment cannot be deleted", path, error) from error
                del self._segments[0]
                dropped += 1
        return dropped

    def close(self) -> None:
        """Commit and let go of the log.

        Raises:
            StorageError: If what was appended last could not be made durable; the log is closed
                nevertheless.
        """
        with self._turn(sys.maxsize), self._writing:
            if self._refusal == _CLOSED:
                return
            try:
                if not self._refusal:
                    self._settle()
            finally:
                self._refuse(_CLOSED)
                os.close(self._tail)
                self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _path(self, first: int) -> Path:
        return _segment_path(self.folder, first)

    def _refuse(self, why: str) -> None:
        self._refusal = why

    def _refused(self) -> StorageError:
        return StorageError(self._refusal, where=str(self.folder), remedy="open it again to go on")

    def _check(self) -> None:
        if self._refusal:
            raise self._refused()

    @contextmanager
    def _turn(self, target: int) -> Iterator[bool]:
        """The sole right to sync; False, and no such right, once `target` is durable.

        A lock would let the thread that has just synced sync again before those that it served. A
        thread that has the turn already was interrupted (Ctrl-C) before it could end it.
        """
        me = threading.get_ident()
        mine = False
        try:
            with self._turns:
                free = (None, me)
                self._turn_ended.wait_for(lambda: self.durable >= target or self._turn_of in free)
                mine = self.durable < target
                self._turn_of = me if mine else self._turn_of
            yield mine
        finally:
            if mine:
                with self._turns:
                    self._turn_of = None
                    self._turn_ended.notify_all()

    def _is_full(self) -> bool:
        return (
            self._written + len(self._buffer) >= self._segment_bytes
            and self.next_sequence > self._segments[-1]
        )

    def _append(self, data: bytes | memoryview) -> int:
        self._check()
        sequence = self.next_sequence
        fields = _FIELDS.pack(len(data), sequence)
        head = fields + _CRC.pack(crc32(data, crc32(fields)))
        with self._together:
            if len(data) >= _DIRECT_BYTES:
                self._flush(head, data)
            else:
                if len(self._buffer) >= _BUFFER_BYTES:
                    self._flush()
                self._buffer += head
                self._buffer += data
            self.next_sequence = sequence + 1
        return sequence

    def _flush(self, *more: bytes | memoryview) -> None:
        """Give the buffer, then `more`, to the system: all, or the file ends where it ended."""
        try:
            end = _write_at(self._tail, self._written, self._buffer, *more)
        except OSError as error:
            with suppress(OSError):  # what stays is overwritten by the next try, or cut on opening
                os.ftruncate(self._tail, self._written)
            path = self._path(self._segments[-1])
            raise storage_error("the log cannot be written", path, error) from error
        with self._together:
            self._written = end
            self._buffer.clear()

    def _synced(self, descriptor: int) -> None:
        try:
            self._sync(descriptor)
        except OSError as error:
            # The system reports a lost page once, so a second sync that succeeds proves nothing.
            self._refuse(f"the log could not be synced: {error.strerror or error}")
            raise self._refused() from error

    def _acknowledge(self, sequence: int) -> None:
        try:
            _write_at(self._mark, 0, _mark(sequence))
        except OSError as error:
            raise storage_error("the watermark cannot be written", self.folder, error) from error
        self.durable = sequence

    def _settle(self) -> None:
        """Commit, watermark included, and leave nothing in the segment but whole records."""
        self._check()
        self._flush()
        try:
            os.ftruncate(self._tail, self._written)
        except OSError as error:
            raise storage_error("the segment cannot be closed", self.folder, error) from error
        self._synced(self._tail)
        self._acknowledge(self.next_sequence)
        self._synced(self._mark)

    def _begin_segment(self) -> None:
        self._settle()
        path = self._path(self.next_sequence)
        try:
            _create_segment(path, self.next_sequence)
            tail = os.open(path, os.O_RDWR)
        except OSError as error:
            raise storage_error("a segment cannot be begun", path, error) from error
        with self._together:
            full, self._tail = self._tail, tail
            self._written = _SEGMENT_BYTES
            self._segments.append(self.next_sequence)
            os.close(full)


@dataclass(frozen=True)
class _Found:
    """What opening found, and left, on the disk."""

    segments: list[int]  # first sequences, ascending, never empty
    next_sequence: int
    end: int  # bytes of the last segment
    recovered: tuple[Recovery, ...]


@dataclass(frozen=True)
class _Break:
    """Where the records of a segment stop being what was written."""

    offset: int
    sequence: int
    what: str
    torn: bool  # whether an interrupted write may look like this


class _Together:
    """Steps of which all happen or none counts: an interrupt (Ctrl-C) between them is told."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if kind is not None and not issubclass(kind, StorageError):
            self._tell("the log was interrupted in the middle of a change")


def _open_in(files: ExitStack, path: Path, flags: int = 0) -> int:
    descriptor = os.open(path, os.O_RDWR | flags, 0o600)
    files.callback(os.close, descriptor)
    return descriptor


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise StorageError(
            f"another writer, process {holder}, has this log open",
            where=str(folder),
            remedy="stop it first; a log has one writer",
        ) from None
    os.ftruncate(descriptor, 0)
    _write_at(descriptor, 0, b"%d\n" % os.getpid())


def _write_at(descriptor: int, offset: int, *parts: bytes | bytearray | memoryview) -> int:
    """Write all of the parts one after the other; returns the offset behind them."""
    for part in parts:
        with memoryview(part) as whole:  # released at once: a bytearray in use cannot grow
            done = 0
            while done < len(whole):
                with whole[done:] as rest:
                    done += os.pwrite(descriptor, rest, offset + done)
        offset += done
    return offset


def _segment_path(folder: Path, first: int) -> Path:
    return folder / f"{first:020d}.segment"


def _segment_header(first: int) -> bytes:
    head = _SEGMENT.pack(_MAGIC, _VERSION, first)
    return head + _CRC.pack(crc32(head))


def _create_segment(path: Path, first: int) -> None:
    with whole_file(path) as file:
        file.write(_segment_header(first))


def _mark(sequence: int) -> bytes:
    head = _MARK.pack(_MARK_MAGIC, sequence)
    return head + _CRC.pack(crc32(head))


def _read_mark(path: Path) -> int | None:
    """The watermark; None if its file is missing or damaged."""
    text = path.read_bytes() if path.exists() else b""
    if len(text) != _MARK.size + _CRC.size:
        return None
    sequence: int = _MARK.unpack_from(text)[1]
    return sequence if text == _mark(sequence) else None


def _recover(folder: Path, first_sequence: int) -> _Found:
    for unfinished in folder.glob(".*.unfinished"):
        unfinished.unlink()
    mark_path = folder / "committed"
    mark = _read_mark(mark_path)
    segments = sorted(int(path.stem) for path in folder.glob("[0-9]" * 20 + ".segment"))
    recovered = []
    if not segments:
        if mark_path.exists() and mark != first_sequence:
            raise DamageError("every segment of the log is missing", folder, sequence=mark)
        _write_mark(mark_path, first_sequence)
        _create_segment(_segment_path(folder, first_sequence), first_sequence)
        segments = [first_sequence]
        mark = first_sequence
    last = _segment_path(folder, segments[-1])
    next_sequence, end, found = _scan(last, segments[-1], mark or 0)
    if mark is None:
        what = "the watermark was damaged or missing; which records were acknowledged is not known"
        recovered.append(Recovery(mark_path, 0, 0, next_sequence, what))
    with ExitStack() as files:
        tail = _open_in(files, last)
        if found is not None:
            size = os.fstat(tail).st_size
            os.ftruncate(tail, end)
            recovered.append(Recovery(last, end, size - end, next_sequence, found.what))
        os.fsync(tail)  # after a kill its records may be in memory only
    _write_mark(mark_path, next_sequence)
    return _Found(segments, next_sequence, end, tuple(recovered))


def _write_mark(path: Path, sequence: int) -> None:
    with whole_file(path) as file:
        file.write(_mark(sequence))


def _scan(path: Path, first: int, mark: int) -> tuple[int, int, _Break | None]:
    """The number after the last whole record of the last segment, its end, and what follows it.

    Raises:
        DamageError: If that is no torn write, or a record below the watermark is not there.
    """
    sequence, end = first, _SEGMENT_BYTES
    found = None
    for item in _records(path, first):
        if isinstance(item, _Break):
            found = item
            break
        sequence += 1
        end += _RECORD_BYTES + len(item)
    if found is not None and (sequence < mark or not found.torn):
        raise DamageError(found.what, path, offset=found.offset, sequence=found.sequence)
    if sequence < mark:
        what = f"the log ends before record {mark - 1}, which was acknowledged"
        raise DamageError(what, path, offset=end, sequence=sequence)
    return sequence, end, found


def _read_segment(
    path: Path, begin: int, end: int, size: int | None
) -> Iterator[tuple[int, bytes]]:
    """Exactly the records [begin, end) of a segment, each verified; `size` as in `_records`."""
    sequence = begin
    try:
        for item in _records(path, begin, size):
            if isinstance(item, _Break):
                raise DamageError(item.what, path, offset=item.offset, sequence=item.sequence)
            yield sequence, item
            sequence += 1
    except FileNotFoundError:
        raise DamageError("this segment is missing", path, sequence=begin) from None
    except OSError as error:
        raise storage_error("the log cannot be read", path, error) from error
    if sequence != end:
        what = f"the segment ends before record {sequence}; the log goes on with {end}"
        raise DamageError(what, path, offset=path.stat().st_size, sequence=sequence)


def _records(path: Path, first: int, size: int | None = None) -> Iterator[bytes | _Break]:
    """The payloads of a segment in order, then a `_Break` if it does not end with the last.

    Args:
        path: The file.
        first: The number that its header, name and first record should have.
        size: Bytes to read; None means the whole file.
    """
    with path.open("rb", buffering=_BUFFER_BYTES) as file:
        size = os.fstat(file.fileno()).st_size if size is None else size
        if file.read(_SEGMENT_BYTES) != _segment_header(first):
            what = "the header of the segment is damaged, or of another version"
            yield _Break(0, first, what, torn=False)
            return
        offset, sequence = _SEGMENT_BYTES, first
        while offset < size:
            head = file.read(_RECORD_BYTES)
            if len(head) < _RECORD_BYTES:
                yield _Break(offset, sequence, "the header of a record is incomplete", torn=True)
                return
            payload_bytes, number, check = _RECORD.unpack(head)
            left = size - offset - _RECORD_BYTES
            if payload_bytes > left:
                what = f"a record of {payload_bytes} bytes has only {left}"
                yield _Break(offset, sequence, what, torn=True)
                return
            payload = file.read(payload_bytes)
            if crc32(payload, crc32(head[: _FIELDS.size])) != check:
                yield _Break(offset, sequence, "a record fails its checksum", torn=True)
                return
            if number != sequence:
                what = f"a whole record {number} stands where {sequence} should"
                yield _Break(offset, sequence, what, torn=False)
                return
            yield payload
            offset += _RECORD_BYTES + payload_bytes
            sequence += 1
