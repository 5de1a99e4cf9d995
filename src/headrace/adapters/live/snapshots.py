"""Snapshots: named arrays and what is to be known about them, in one checksummed file each.

A folder holds the newest two, so that a damaged one costs a longer replay and not the state:

    00000000000000052113.snapshot   named by the number of the first log record that it lacks

    snapshot = magic 8 bytes, version u32, header bytes u32, crc32 u32 of these and the header,
               header (JSON: sequence, meta, and of each array name, dtype, shape, bytes, crc32),
               then the bytes of each array in C order, in the order of the header
"""

import json
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from headrace.adapters.segment_log import (
    DamageError,
    StorageError,
    make_folder,
    storage_error,
    whole_file,
)

_MAGIC = b"HRSNAP\r\n"
_VERSION = 1
_FIXED = struct.Struct("<8sII")  # magic, version, header bytes; the header's crc32 follows
_CRC = struct.Struct("<I")
_CHUNK_BYTES = 1 << 22
_KINDS = "biufcMmSUV"  # of dtypes whose bytes are the whole value: no objects
_KEPT = 2

New = Callable[[tuple[int, ...], str], NDArray[Any]]
"""Makes an array of a shape and dtype, whatever it holds."""


@dataclass(frozen=True)
class Damaged:
    """A snapshot that could not be used.

    Attributes:
        path: The file.
        what: What is wrong with it.
    """

    path: Path
    what: str


@dataclass(frozen=True)
class Snapshot:
    """State as it was after all log records below a number.

    Attributes:
        path: The file it was read from.
        sequence: The first log record that is not in it.
        arrays: By name, writable, each with memory of its own.
        meta: What was given with them.
        damaged: Newer snapshots that could not be used, newest first.
    """

    path: Path
    sequence: int
    arrays: dict[str, NDArray[Any]]
    meta: dict[str, object]
    damaged: tuple[Damaged, ...]


def write_snapshot(
    folder: Path,
    sequence: int,
    arrays: Mapping[str, NDArray[Any]],
    meta: Mapping[str, object],
) -> Path:
    """Write a snapshot down to the disk, then delete all but the newest two.

    Arrays are written in pieces, never copied whole; they must not change meanwhile.

    Args:
        folder: Made where there is none.
        sequence: The first log record that is not in it; >= 0. Commit the log up to it first.
        arrays: By name; any shape and memory order, any dtype without objects or fields.
        meta: What JSON gives back as it was: texts, whole numbers, finite floats, booleans, None,
            lists, and dicts with texts as keys.

    Returns:
        The file.

    Raises:
        StorageError: If an array or `meta` cannot be stored, or the disk refuses. Older snapshots
            are then as they were.
    """
    path = _path(folder, sequence)
    plain = {name: np.asarray(array) for name, array in arrays.items()}
    entries = [_entry(name, array, 0) for name, array in plain.items()]
    header = _header(path, sequence, entries, meta)
    try:
        make_folder(folder)
        for unfinished in folder.glob(".*.snapshot.unfinished"):
            unfinished.unlink()
        with whole_file(path) as file:
            file.write(header)  # its place: checksums have one width, so its length is known
            entries = [_entry(name, array, _copy(array, file)) for name, array in plain.items()]
            file.seek(0)
            file.write(_header(path, sequence, entries, meta))
        for old in snapshot_sequences(folder)[_KEPT:]:
            if old != sequence:
                _path(folder, old).unlink()
    except OSError as error:
        raise storage_error("the snapshot cannot be written", path, error) from error
    return path


def snapshot_sequences(folder: Path) -> list[int]:
    """The sequences of the snapshots in a folder, newest first, verified or not.

    The log may be dropped before the last of them: then the older one can still be used.
    """
    names = folder.glob("[0-9]" * 20 + ".snapshot")
    return sorted((int(path.stem) for path in names), reverse=True)


def newest_snapshot(folder: Path, new: New = np.empty) -> Snapshot | None:
    """The newest snapshot whose every checksum is right; None if there is no snapshot.

    Args:
        folder: Where they are.
        new: Makes the arrays that they are read into; for arrays elsewhere than in memory.

    Raises:
        StorageError: If there are snapshots and none can be used, or the disk refuses.
    """
    damaged: list[Damaged] = []
    for sequence in snapshot_sequences(folder):
        path = _path(folder, sequence)
        try:
            arrays, meta = _read(path, sequence, new)
        except DamageError as error:
            damaged.append(Damaged(path, error.problem))
        except OSError as error:
            raise storage_error("the snapshot cannot be read", path, error) from error
        else:
            return Snapshot(path, sequence, arrays, meta, tuple(damaged))
    if damaged:
        raise StorageError(
            "no snapshot can be used",
            where="; ".join(f"{each.path}: {each.what}" for each in damaged),
            remedy="restore one from a copy, or move them away to replay the log from its start",
        )
    return None


def _path(folder: Path, sequence: int) -> Path:
    return folder / f"{sequence:020d}.snapshot"


def _entry(name: str, array: NDArray[Any], check: int) -> dict[str, object]:
    """What the header says of an array."""
    if array.dtype.kind not in _KINDS or array.dtype.fields or array.dtype.hasobject:
        raise StorageError(
            f"array `{name}` has dtype {array.dtype}, which cannot be stored",
            remedy="store numbers, dates or texts of fixed width; split fields into arrays",
        )
    return {
        "name": name,
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "bytes": array.nbytes,
        "crc32": f"{check:08x}",
    }


def _header(
    path: Path, sequence: int, entries: list[dict[str, object]], meta: Mapping[str, object]
) -> bytes:
    header = {"sequence": sequence, "meta": dict(meta), "arrays": entries}
    try:
        text = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
        same = json.loads(text) == header
    except (TypeError, ValueError, RecursionError):
        same = False
    if not same:
        raise StorageError(
            "what is to be stored with the arrays is not what JSON gives back",
            where=str(path),
            remedy="use texts, finite numbers, booleans, None, lists, dicts with texts as keys",
        )
    fixed = _FIXED.pack(_MAGIC, _VERSION, len(text))
    return fixed + _CRC.pack(crc32(text, crc32(fixed))) + text


def _copy(array: NDArray[Any], file: BinaryIO) -> int:
    """Write an array in C order, piece by piece; returns its checksum."""
    check = 0
    for piece in _pieces(array):
        check = crc32(piece, check)
        file.write(piece)
    return check


def _pieces(array: NDArray[Any]) -> Iterator[memoryview]:
    if array.nbytes == 0:
        return
    items = max(1, _CHUNK_BYTES // array.itemsize)
    # A view where the memory is in C order; else `flat`, which copies only the piece it is asked.
    flat = array.reshape(-1) if array.flags.c_contiguous else array.flat
    for start in range(0, array.size, items):
        yield flat[start : start + items].view(np.uint8).data


def _read(path: Path, sequence: int, new: New) -> tuple[dict[str, NDArray[Any]], dict[str, object]]:
    """The arrays and the meta of a file.

    Raises:
        DamageError: If a byte of it is not what was written, as far as checksums can tell.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        header = _read_header(path, file, size)
        if header["sequence"] != sequence:
            raise DamageError("it holds another snapshot than its name says", path)
        expected = file.tell() + sum(entry["bytes"] for entry in header["arrays"])
        if size != expected:
            raise DamageError(f"it has {size} bytes and should have {expected}", path)
        arrays = {entry["name"]: _read_array(path, file, entry, new) for entry in header["arrays"]}
        return arrays, header["meta"]


def _read_header(path: Path, file: BufferedReader, size: int) -> dict[str, Any]:
    fixed = file.read(_FIXED.size + _CRC.size)
    if len(fixed) == _FIXED.size + _CRC.size:
        magic, version, length = _FIXED.unpack_from(fixed)
        text = file.read(min(length, size))
        check = crc32(text, crc32(fixed[: _FIXED.size]))
        if (magic, version, check) == (_MAGIC, _VERSION, *_CRC.unpack_from(fixed, _FIXED.size)):
            header: dict[str, Any] = json.loads(text)
            return header
    raise DamageError("its header is damaged, or of another version", path)


def _read_array(
    path: Path, file: BufferedReader, entry: Mapping[str, Any], new: New
) -> NDArray[Any]:
    offset = file.tell()
    array = new(tuple(entry["shape"]), entry["dtype"])
    check = 0
    for piece in _pieces(array):
        file.readinto(piece)
        check = crc32(piece, check)
    if f"{check:08x}" != entry["crc32"]:
        raise DamageError(f"array `{entry['name']}` fails its checksum", path, offset=offset)
    return array
