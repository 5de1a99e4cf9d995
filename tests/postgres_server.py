"""A PostgreSQL server for tests: one that is named, or a throw-away one of our own.

HEADRACE_TEST_POSTGRES names an existing server and a user who may create databases; otherwise
initdb and pg_ctl are looked for.
"""

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PASSWORD = "secret-word"  # noqa: S105 - of a server that trusts everybody


@contextmanager
def running() -> Iterator[str]:
    """The address of a server."""
    given = os.environ.get("HEADRACE_TEST_POSTGRES")
    if given:
        yield given
        return
    programs = _programs()
    if programs is None:
        pytest.skip("no HEADRACE_TEST_POSTGRES, and no initdb to start a server with")
    with tempfile.TemporaryDirectory(prefix="headrace-postgres-") as folder:
        yield from _server(Path(folder), programs)


@contextmanager
def database_on(address: str) -> Iterator[str]:
    """The address of an empty database, for as long as it lasts."""
    psycopg = pytest.importorskip("psycopg", reason="pip install 'headrace[postgres]'")
    name = f"headrace_{secrets.token_hex(6)}"
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f"create database {name}")
    try:
        parts = urlsplit(address)
        # Not `parts.geturl()`: of an address without a host it makes one with one slash.
        beside = f"?{parts.query}" if parts.query else ""
        yield f"{parts.scheme}://{parts.netloc}/{name}{beside}"
    finally:
        with psycopg.connect(address, autocommit=True) as server:
            server.execute(f"drop database {name} with (force)")


@contextmanager
def stopped(address: str) -> Iterator[None]:
    """While this lasts, our own server at an address is down; then it is up again."""
    socket = re.search(r"host=([^&]+)", address)
    programs = _programs()
    if os.environ.get("HEADRACE_TEST_POSTGRES") or socket is None or programs is None:
        pytest.skip("only a server of our own is stopped")
    folder = Path(socket[1]).parent
    as_user = _plain_user(folder)
    as_user([programs / "pg_ctl", "-D", folder / "data", "-m", "fast", "-w", "stop"])
    try:
        yield
    finally:
        _start(as_user, programs, folder)


def _programs() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


def _server(folder: Path, programs: Path) -> Iterator[str]:
    as_user = _plain_user(folder)
    data, socket = folder / "data", folder / "socket"
    as_user([programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8"])
    as_user(["mkdir", socket])
    _start(as_user, programs, folder)
    try:
        yield f"postgresql://tester:{PASSWORD}@/postgres?host={socket}"
    finally:
        as_user([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])


def _start(as_user: Callable[[list[object]], None], programs: Path, folder: Path) -> None:
    # Only a socket in a folder of our own: no port is opened.
    socket, data = folder / "socket", folder / "data"
    options = f"-c listen_addresses= -c unix_socket_directories={socket} -c fsync=off"
    log = data / "log"
    as_user([programs / "pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "start"])


def _plain_user(folder: Path) -> Callable[[list[object]], None]:
    """Runs a command as somebody other than root, whom PostgreSQL refuses."""
    prefix: list[str] = []
    if os.geteuid() == 0:
        if not shutil.which("runuser"):
            pytest.skip("PostgreSQL refuses root, and there is no runuser")
        shutil.chown(folder, "postgres")
        prefix = ["runuser", "-u", "postgres", "--"]

    def run(command: list[object]) -> None:
        done = subprocess.run(
            [*prefix, *map(str, command)],
            capture_output=True,
            text=True,
            cwd=folder,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr + done.stdout

    return run
