"""Folders: one on disk, one in memory with the same behaviour."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from headrace.errors import InputError


class DiskFolder:
    """A folder of the file system; implements `workflows.ports.Folder`.

    Links that lead out of the folder and things that are not regular files (a pipe would block its
    reader) have names but cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """All files at any depth, sorted.

        Raises:
            InputError: If the folder, or one inside it, cannot be listed.
        """
        with _translated(str(self._path)):
            return sorted(self._walk())

    def read(self, name: str) -> bytes:
        """The whole content of a file."""
        with _translated(name):
            return self._existing(name).read_bytes()

    def digest(self, name: str) -> str:
        """SHA-256 of a file in hexadecimal, read in pieces."""
        with _translated(name), self._existing(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def write(self, name: str, data: bytes) -> None:
        """Create or replace a file in one step that survives a power cut."""
        with _translated(name):
            path = self._inside(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{secrets.token_hex(8)}.unfinished")
            try:
                _write_through(unfinished, data)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            _sync_directory(path.parent)

    def _walk(self) -> Iterator[str]:
        for folder, inner, files in os.walk(self._path, onerror=_raise):
            here = Path(folder)
            links = [name for name in inner if (here / name).is_symlink()]  # not walked into
            for name in [*files, *links]:
                yield (here / name).relative_to(self._path).as_posix()

    def _inside(self, name: str) -> Path:
        """The path of a name whose folder, links followed, is this folder or one in it."""
        path = self._path / _checked(name)
        if not path.parent.resolve().is_relative_to(self._path.resolve()):
            raise InputError("this file lies outside the folder", where=name)
        return path

    def _existing(self, name: str) -> Path:
        path = self._inside(name)
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError("this is not a regular file", where=name)
        if not path.resolve().is_relative_to(self._path.resolve()):
            raise InputError("this link leads outside the folder", where=name)
        return path


class MemoryFolder:
    """A folder in memory, for tests and examples; implements `workflows.ports.Folder`.

    Attributes:
        files: Name -> content. Changing it is how a test tampers.
    """

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        """Start with these files; None means with no file."""
        self.files = dict(files or {})

    def names(self) -> list[str]:
        """All files, sorted."""
        return sorted(self.files)

    def read(self, name: str) -> bytes:
        """The whole content of a file."""
        if _checked(name) not in self.files:
            raise InputError("there is no such file", where=name)
        return self.files[name]

    def digest(self, name: str) -> str:
        """SHA-256 of a file in hexadecimal."""
        return hashlib.sha256(self.read(name)).hexdigest()

    def write(self, name: str, data: bytes) -> None:
        """Create or replace a file."""
        self.files[_checked(name)] = bytes(data)


def _checked(name: str) -> str:
    """The name, if it can be that of a file in a folder on every system."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts) or set(name) & {"\\", "\0"}:
        raise InputError(
            "this name leaves the folder or is not plain",
            where=ascii(name),
            remedy="use a relative path with forward slashes, for example facts/invoices.parquet",
        )
    return str(PurePosixPath(name))


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn errors of the system into ours."""
    try:
        yield
    except FileNotFoundError:
        raise InputError("there is no such file or folder", where=name) from None
    except OSError as error:
        raise InputError(f"it cannot be used: {error.strerror or error}", where=name) from error
    except (RuntimeError, ValueError) as error:  # a loop of links; a name the system cannot hold
        raise InputError("its name leads nowhere", where=name) from error


def _write_through(path: Path, data: bytes) -> None:
    """Write a new file down to the disk, with the permissions that the user's umask gives."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    """Make a rename durable; Windows cannot open a folder and does it by itself."""
    if os.name != "posix":
        return
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _raise(error: OSError) -> None:
    raise error
