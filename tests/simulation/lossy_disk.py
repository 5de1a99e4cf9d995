"""A disk that keeps what it was asked to sync, and of the rest what it likes."""

import os
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SEGMENT_HEADER = 24  # bytes; a new segment is its header
MARK_BYTES = 64  # more than the file "committed" has


@dataclass
class Disk:
    """Keeps what it was asked to sync, and in the end nothing else for certain.

    Attributes:
        synced: Bytes that are safe, by inode.
        small: Content of small files at their last sync, by inode.
        dead: The power is gone: no sync succeeds any more.
    """

    synced: dict[int, int] = field(default_factory=dict)
    small: dict[int, bytes] = field(default_factory=dict)
    dead: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)

    def sync(self, descriptor: int) -> None:
        """What the log calls in place of fdatasync."""
        with self.turn:
            if self.dead:
                raise OSError("the power is gone")
            status = os.fstat(descriptor)
            self.synced[status.st_ino] = status.st_size
            self.small[status.st_ino] = os.pread(descriptor, MARK_BYTES, 0)

    def found(self, folder: Path) -> None:
        """All that is in a folder is safe: opening synced it."""
        for path in folder.iterdir():
            self.synced[path.stat().st_ino] = path.stat().st_size
            self.small[path.stat().st_ino] = path.read_bytes()[:MARK_BYTES]


def kill(before: Path, after: Path, disk: Disk) -> None:
    """Copy a folder as the system has it when the process is killed: its buffers are lost."""
    with disk.turn:
        disk.dead = True
    shutil.copytree(before, after)


def lose_power(before: Path, after: Path, disk: Disk, rng: np.random.Generator) -> tuple[int, int]:
    """Copy a folder as it is found when the power is back.

    Returns:
        Segments that lost or altered something that was written, and snapshots.
    """
    kill(before, after, disk)
    segments = 0
    for path in sorted((before / "log").iterdir()):
        inode, copy = path.stat().st_ino, after / "log" / path.name
        if path.name == "committed" and rng.random() < 0.5:
            copy.write_bytes(disk.small[inode])
        elif path.suffix == ".segment":
            text = copy.read_bytes()
            safe = disk.synced.get(inode, SEGMENT_HEADER)
            kept = text[:safe] + torn(text[safe:], rng)
            copy.write_bytes(kept)
            segments += kept != text
    return segments, _tear_snapshot(after / "snapshots", rng)


def _tear_snapshot(folder: Path, rng: np.random.Generator) -> int:
    snapshots = sorted(folder.glob("*.snapshot"))
    if not snapshots or rng.random() >= 0.3:
        return 0
    text = snapshots[-1].read_bytes()
    kept = torn(text, rng) if rng.random() < 0.5 else text[:-1]
    snapshots[-1].write_bytes(kept)
    return int(kept != text)


def torn(text: bytes, rng: np.random.Generator) -> bytes:
    """Bytes that were written and not synced, as a disk may keep them."""
    if not text:
        return text
    kind, first, second = rng.integers(4), *np.sort(rng.integers(0, len(text) + 1, 2))
    if kind == 0:
        return text[:first]
    if kind == 1:
        return text[:first] + bytes(second - first) + text[second:]
    if kind == 2:
        altered = bytearray(text)
        for place in rng.integers(0, len(text), 3):
            altered[place] ^= 1 << rng.integers(8)
        return bytes(altered)
    return text
