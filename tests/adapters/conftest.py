"""Stores on both databases: what holds on SQLite holds on PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from postgres_server import database_on


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def addresses(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Gives addresses at which nothing is yet; on PostgreSQL each is a database of its own."""
    with ExitStack() as stack:
        given: list[str] = []

        def another() -> str:
            if request.param == "sqlite":
                given.append(str(tmp_path / f"{len(given)}.sqlite"))
            else:
                server = request.getfixturevalue("dsn")
                given.append(stack.enter_context(database_on(server)))
            return given[-1]

        yield another


@pytest.fixture
def address(addresses: Callable[[], str]) -> str:
    """An address at which nothing is yet."""
    return addresses()
