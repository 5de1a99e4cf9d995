"""How the service stands: versions, stores that answer, and how much there is of what."""

import os
import platform
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from headrace import __version__
from headrace.adapters.stores.audit import last_seal
from headrace.errors import HeadraceError
from headrace.web.services import Services

LIBRARIES = ("fastapi", "uvicorn", "sqlalchemy", "pyarrow", "duckdb", "cryptography")
FILES_MAX = 20_000  # counting more would keep somebody waiting


@dataclass(frozen=True)
class Health:
    """Whether one thing answers.

    Attributes:
        name: What.
        wrong: What is wrong; empty where nothing is.
    """

    name: str
    wrong: str


@dataclass(frozen=True)
class Size:
    """How large one part of the workspace is.

    Attributes:
        name: Of the part.
        bytes: On disk; what a database elsewhere holds is not counted.
        files: How many.
    """

    name: str
    bytes: int
    files: int


@dataclass(frozen=True)
class State:
    """How the service stands.

    Attributes:
        versions: Of Headrace and what it stands on.
        health: Of the stores and the run.
        sizes: Of the parts of the workspace.
    """

    versions: tuple[tuple[str, str], ...]
    health: tuple[Health, ...]
    sizes: tuple[Size, ...]


def state_of(services: Services) -> State:
    """How the service stands now."""
    checks: dict[str, Callable[[], object]] = {
        "accounts": services.store.check,
        "audit": lambda: last_seal(services.store),
        "run": services.run.current,
        "evidence": services.evidence.current,
        "policies": lambda: services.policies.head(),  # noqa: PLW0108 - opening it may fail too
        "cases": lambda: services.cases.case_of("", ""),  # any question, to see that it answers
    }
    versions = (
        ("headrace", __version__),
        ("python", platform.python_version()),
        ("sqlite", sqlite3.sqlite_version),
        *((name, version(name)) for name in LIBRARIES),
    )
    parts = ("data", "facts", "run", "live", "book")
    sizes = [_size(part, services.workspace.folder(part)) for part in parts]
    stores = sorted(services.workspace.root.glob("*.db"))
    sizes += [Size(each.name, _bytes(each), 1) for each in stores]
    return State(versions, tuple(_health(name, ask) for name, ask in checks.items()), tuple(sizes))


def _health(name: str, ask: Callable[[], object]) -> Health:
    try:
        ask()
    except HeadraceError as error:
        return Health(name, error.problem)
    return Health(name, "")


def _size(name: str, folder: Path) -> Size:
    total = count = 0
    for here, _, names in os.walk(folder):
        for each in names:
            total, count = total + _bytes(Path(here) / each), count + 1
            if count >= FILES_MAX:
                return Size(name, total, count)
    return Size(name, total, count)


def _bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone since it was listed
        return 0
