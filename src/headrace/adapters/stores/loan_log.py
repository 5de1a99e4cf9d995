"""The log of a book of loans in SQLite or PostgreSQL: append-only, one transaction a batch.

The number of an entry is its primary key: of two writers that both saw the same last entry, the
database lets one in. The same statements run on both databases.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sql
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from headrace.adapters.sql_engines import WRITES, address_shown, book_at, in_our_words, retried
from headrace.errors import InputError
from headrace.workflows.loan_log import Logged

_metadata = sql.MetaData()
LOAN_LOG = sql.Table(
    "loan_log",
    _metadata,
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("id", sql.Text, nullable=False, unique=True),
    sql.Column("known_at", sql.BigInteger, nullable=False),
    sql.Column("contract", sql.Text, nullable=False, index=True),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("on", sql.Date, nullable=False),
    sql.Column("content", sql.LargeBinary, nullable=False),
)
MARKS = sql.Table("loan_log_mark", _metadata, sql.Column("mark", sql.Text, primary_key=True))
"""What is true of the whole log, such as that it is simulated."""
SIMULATED = "simulated"


class LoanLogStore:
    """Implements `workflows.loan_log.LoanLog`."""

    def __init__(self, address: str, *, create: bool = False) -> None:
        """Open a log.

        Args:
            address: The path of an SQLite file, or `postgresql://user:password@host/database`.
            create: Make it where it is missing.

        Raises:
            InputError: It cannot be reached, or is missing and not to be made.
        """
        self._engine = book_at(
            address, LOAN_LOG, "loan log", "headrace book open makes one", create=create
        )

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def entries(self, after: int = 0) -> list[Logged]:
        """The entries behind a number, in order.

        Raises:
            InputError: They cannot be read, or one is missing.
        """
        query = sql.select(LOAN_LOG).where(LOAN_LOG.c.number > after).order_by(LOAN_LOG.c.number)

        def attempt() -> list[Logged]:
            with self._engine.connect() as connection:
                return [Logged(*row) for row in connection.execute(query)]

        with in_our_words(self._engine):
            found = retried(attempt)
        for number, each in enumerate(found, after + 1):
            if each.number != number:
                raise InputError(
                    f"entry {number} is missing", where=str(self), remedy="Restore it from a copy"
                )
        return found

    def entries_of(self, contract: str) -> list[Logged]:
        """What was logged about one contract, in order.

        Raises:
            InputError: It cannot be read.
        """
        mine = LOAN_LOG.c.contract == contract
        query = sql.select(LOAN_LOG).where(mine).order_by(LOAN_LOG.c.number)

        def attempt() -> list[Logged]:
            with self._engine.connect() as connection:
                return [Logged(*row) for row in connection.execute(query)]

        with in_our_words(self._engine):
            return retried(attempt)

    def append(self, entries: list[Logged]) -> bool:
        """Keep entries: all of them, durably, or none; False where others wrote in between.

        Raises:
            InputError: They could not be written, or nobody knows whether they were. With the same
                ids they can be given again.
        """
        rows = [{name: getattr(each, name) for name in LOAN_LOG.c.keys()} for each in entries]  # noqa: SIM118  # columns, not a dict
        if not rows:
            return True

        def attempt() -> bool:
            try:
                with self._writing() as connection:
                    connection.execute(sql.insert(LOAN_LOG), rows)
            except IntegrityError:
                return False
            return True

        with in_our_words(self._engine):
            return retried(attempt)

    def mark_simulated(self) -> None:
        """Say, for good, that what is in the log was made up."""

        def attempt() -> None:
            with self._writing() as connection:
                if SIMULATED not in connection.scalars(sql.select(MARKS.c.mark)):
                    connection.execute(sql.insert(MARKS), {"mark": SIMULATED})

        with in_our_words(self._engine):
            retried(lambda: _metadata.create_all(self._engine))  # a log may be older than marks
            retried(attempt)

    @property
    def simulated(self) -> bool:
        """Whether what is in the log was made up."""
        with in_our_words(self._engine):
            if not sql.inspect(self._engine).has_table(MARKS.name):
                return False
            with self._engine.connect() as connection:
                return SIMULATED in connection.scalars(sql.select(MARKS.c.mark))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        connected = self._engine.connect().execution_options(**{WRITES: True})
        with connected as connection, connection.begin():
            yield connection

    def __str__(self) -> str:
        return address_shown(self._engine)
