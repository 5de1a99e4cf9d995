"""Backups of a workspace, made while it is served, and put back somewhere else.

A backup is one file: a tar, compressed, of every file of the workspace, a dump of its database
where it has one, and as the last member a manifest with the SHA-256 of each. Whatever is derived is
copied before what it is derived from (a ledger before its log, a watermark before the records), so
that what is put back never knows more than its own source.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from headrace import __version__
from headrace.adapters.workspace import FILE, Workspace
from headrace.errors import HeadraceError, InputError

MANIFEST, DUMP = "manifest.json", "database.dump"
FILES = "files"
ATTEMPTS = 5
CHUNK = 1 << 20
_SQLITE = b"SQLite format 3\0"
_LEFT_OUT = re.compile(r"(.*/)?([^/]+\.db-(wal|shm|journal)|lock|\.[0-9a-f]{16}\.unfinished)")
_ASIDE = re.compile(r"\.(run|backup)-")
_FIRST = re.compile(r"(.*/)?(committed|checkpoint|ledger\.db|[^/]*snapshot[^/]*(/.*)?)")
_LAST = re.compile(r"(.*/)?(book\.db|log\.jsonl|[^/]+\.segment)")


class BackupError(HeadraceError):
    """A backup cannot be made, or is not what was made."""


@dataclass(frozen=True)
class Manifest:
    """What a backup holds.

    Attributes:
        headrace: The version that made it.
        created: When, in microseconds since 1970.
        files: SHA-256 of each file, hexadecimal, by its name in the workspace.
        dump: SHA-256 of the database's dump; None where the workspace has no database.
    """

    headrace: str
    created: int
    files: Mapping[str, str]
    dump: str | None


def back_up(workspace: Workspace, to: Path, now: int) -> Manifest:
    """Write a backup; the workspace may be in use.

    Args:
        workspace: Of what.
        to: The file to write, outside of the workspace, which only its owner can read.
        now: Microseconds since 1970.

    Raises:
        InputError: The file is there, or in the workspace, or cannot be written.
        BackupError: Files were taken away again and again while they were copied, or the database
            cannot be dumped.
    """
    if to.resolve().is_relative_to(workspace.root.resolve()):
        raise InputError(
            "A backup in the workspace would be in the next backup",
            where=str(to),
            remedy="Name a file elsewhere, best on another disk",
        )
    try:
        descriptor = os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise InputError(
            f"The backup cannot be written: {error.strerror}",
            where=str(to),
            remedy="Name a file that is not there, in a folder that can be written to",
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            for _ in range(ATTEMPTS):
                manifest = _attempt(workspace, file, now)
                if manifest is not None:
                    file.flush()
                    os.fsync(file.fileno())
                    return manifest
                file.seek(0)
                file.truncate()
    except BaseException:
        to.unlink()
        raise
    to.unlink()
    raise BackupError(
        "The run was replaced each time it was copied",
        where=str(workspace.folder("run")),
        remedy="Back up when no run is under way",
    )


def put_back(backup: Path, folder: Path, database: str = "") -> Manifest:
    """Put a backup into a new folder, once every byte of it is as it was written.

    Args:
        backup: A file that `back_up` wrote.
        folder: A folder that is not there, or is empty.
        database: Where the dump is put: an empty database; empty where the backup holds none.

    Raises:
        InputError: The folder is not empty, or a database is needed, or given without need.
        BackupError: The file is no backup, or is damaged. Nothing was put back.
    """
    _require_empty(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".restore-", dir=folder.absolute().parent))
    try:
        manifest = _extracted(backup, aside)
        _check(aside, manifest, backup)
        if (manifest.dump is None) != (database == ""):
            raise InputError(
                "The backup holds a database" if manifest.dump else "The backup holds no database",
                where="--database",
                remedy="postgresql://user@host/empty-database" if manifest.dump else "Leave it out",
            )
        files = aside / FILES
        files.mkdir(exist_ok=True)
        if manifest.dump is not None:
            _run("pg_restore", database, str(aside / DUMP))
            _name_database(files / FILE, database)
        if folder.exists():
            folder.rmdir()
        files.rename(folder)
        return manifest
    finally:
        shutil.rmtree(aside)


def _attempt(workspace: Workspace, file: BinaryIO, now: int) -> Manifest | None:
    """One try; None where files went away, or the run was replaced, while they were copied."""
    before = _inode(workspace.folder("run"))
    digests: dict[str, str] = {}
    dump = None
    with (
        tempfile.TemporaryDirectory(prefix="headrace-backup-") as aside,
        tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as tar,
    ):
        try:
            for name in _names(workspace.root):
                digests[name] = _add(tar, workspace.root / name, f"{FILES}/{name}", Path(aside))
        except FileNotFoundError:
            return None
        if workspace.database:
            dumped = Path(aside) / DUMP
            _run("pg_dump", workspace.database, str(dumped))
            dump = _add(tar, dumped, DUMP, Path(aside))
        manifest = Manifest(__version__, now, digests, dump)
        content = json.dumps(asdict(manifest), sort_keys=True).encode()
        _add_bytes(tar, MANIFEST, content)
    return manifest if _inode(workspace.folder("run")) == before else None


def _names(root: Path) -> list[str]:
    """All files in the order in which they are copied; links and sockets are left out."""
    found = []
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        is_plain = path.is_file() and not path.is_symlink()
        if is_plain and not _LEFT_OUT.fullmatch(name) and not _ASIDE.match(name):
            found.append(name)
    return sorted(found, key=lambda name: (_turn(name), name))


def _turn(name: str) -> int:
    if _FIRST.fullmatch(name):
        return 0
    return 2 if _LAST.fullmatch(name) else 1


def _add(tar: tarfile.TarFile, path: Path, name: str, aside: Path) -> str:
    """Copy one file as it stands at one moment; the SHA-256 of what was copied."""
    with path.open("rb") as file:
        is_store = file.read(len(_SQLITE)) == _SQLITE
    source = _copied(path, aside) if is_store else path
    with source.open("rb") as file:
        status = os.fstat(file.fileno())
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = status.st_size, status.st_mode & 0o777, status.st_mtime
        if is_store:
            info.mode = path.stat().st_mode & 0o777
        reading = _Digested(file, status.st_size)  # a log that grows meanwhile: no more than that
        tar.addfile(info, reading)  # type: ignore[arg-type]  # only `read` is asked of it
    return reading.digest.hexdigest()


def _copied(path: Path, aside: Path) -> Path:
    """A store as of one moment, whoever writes to it meanwhile."""
    copy = aside / "store.db"
    copy.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    return copy


class _Digested:
    """Reads so many bytes of a file, and digests them."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        self.digest.update(data)
        return data


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def _extracted(backup: Path, aside: Path) -> Manifest:
    try:
        with tarfile.open(backup, mode="r:gz") as tar:
            tar.extractall(aside, filter="data")  # nothing outside, no links, no devices
        told: dict[str, Any] = json.loads((aside / MANIFEST).read_bytes())
        return Manifest(**told)
    except (OSError, EOFError, tarfile.TarError, ValueError, TypeError) as error:
        raise BackupError(
            "This is no backup, or it is damaged",
            where=str(backup),
            remedy="Name a file that `headrace backup` wrote; take an older one",
        ) from error


def _check(aside: Path, manifest: Manifest, backup: Path) -> None:
    """Compare every byte with the manifest, and let every store look at itself."""
    wrong = sorted(
        name
        for name, digest in manifest.files.items()
        if not _is_inside(name) or _digest(aside / FILES / name) != digest
    )
    if manifest.dump is not None and _digest(aside / DUMP) != manifest.dump:
        wrong.append(DUMP)
    wrong += [name for name in manifest.files if name[-3:] == ".db" and not _is_sound(aside, name)]
    files = aside / FILES
    present = {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}
    wrong += sorted(present - manifest.files.keys())
    if wrong:
        raise BackupError(
            f"Files are not as they were written: {', '.join(wrong[:5])}",
            where=str(backup),
            remedy="Take another copy of it, or an older backup",
        )


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name)
    return not parts.is_absolute() and ".." not in parts.parts


def _is_sound(aside: Path, name: str) -> bool:
    try:
        with closing(sqlite3.connect(aside / FILES / name)) as connection:
            return connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    except sqlite3.DatabaseError:
        return False


def _digest(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            "There is something here already",
            where=str(folder),
            remedy="Name a folder that is not there, or an empty one; move it in place afterwards",
        )


def _inode(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino
    except OSError:
        return None


def _run(program: str, address: str, file: str) -> None:
    """Dump a database into a file, or put a dump back, all of it or nothing.

    The address goes by the environment: other users of the machine can read command lines.
    """
    options = {
        "pg_dump": ["--format=custom", "--no-owner", "--no-privileges", f"--file={file}"],
        "pg_restore": ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"],
    }
    database = dict(_environment(address))
    command = [program, *options[program]]
    if program == "pg_restore":
        command += ["--dbname", database["PGDATABASE"], file]
    try:
        done = subprocess.run(  # noqa: S603 - one of two programs, nothing given but a path
            command,
            env={**os.environ, **database},
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise BackupError(
            f"{program} is not installed",
            where=program,
            remedy="Install PostgreSQL's client programs, of the server's version or newer",
        ) from error
    if done.returncode:
        told = " ".join(done.stderr.split())[:300]
        raise BackupError(f"{program} refuses: {told}", where=program, remedy="See its message")


def _environment(address: str) -> Iterator[tuple[str, str]]:
    """An address as PostgreSQL's own programs read it from the environment."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - an extra

    names = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    names |= {each: f"PG{each.upper()}" for each in ("host", "port", "user", "password")}
    plain = address.replace("postgresql+psycopg://", "postgresql://", 1)
    for name, value in conninfo_to_dict(plain).items():
        if name in names and value is not None:
            yield names[name], str(value)


def _name_database(settings: Path, database: str) -> None:
    """Let the workspace that was put back use its own database, and never that of before."""
    text = settings.read_text(encoding="utf-8")
    line = f"database = {json.dumps(database)}"
    settings.write_text(re.sub(r"(?m)^database\s*=.*$", lambda _: line, text), encoding="utf-8")
