"""The log of a book of loans in SQLite or PostgreSQL: append-only, one transaction a batch."""

from __future__ import annotations

import sqlalchemy as sql
from sqlalchemy.exc import IntegrityError

from headrace.adapters.book_store import WRITES, address_shown, book_at, in_our_words
from headrace.errors import InputError
from headrace.workflows.loan_log import Logged

LOAN_LOG = sql.Table(
    "loan_log",
    sql.MetaData(),
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("id", sql.Text, nullable=False, unique=True),
    sql.Column("known_at", sql.BigInteger, nullable=False),
    sql.Column("contract", sql.Text, nullable=False, index=True),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("on", sql.Date, nullable=False),
    sql.Column("content", sql.LargeBinary, nullable=False),
)


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

    def entries(self, after: int = 0) -> list[Logged]:
        """The entries behind a number, in order.

        Raises:
            InputError: They cannot be read, or one is missing.
        """
        query = sql.select(LOAN_LOG).where(LOAN_LOG.c.number > after).order_by(LOAN_LOG.c.number)
        with in_our_words(self._engine), self._engine.connect() as connection:
            found = [Logged(*row) for row in connection.execute(query)]
        for number, each in enumerate(found, after + 1):
            if each.number != number:
                raise InputError(
                    f"entry {number} is missing",
                    where=address_shown(self._engine),
                    remedy="Restore the log from a copy",
                )
        return found

    def append(self, entries: list[Logged]) -> None:
        """Keep entries: all of them, durably, or none.

        Raises:
            InputError: Somebody else wrote in between, an id is taken, or it cannot be written.
        """
        rows = [{name: getattr(each, name) for name in LOAN_LOG.c.keys()} for each in entries]  # noqa: SIM118  # columns, not a dict
        if not rows:
            return
        try:
            writing = self._engine.connect().execution_options(**{WRITES: True})
            with writing as connection, connection.begin():
                connection.execute(sql.insert(LOAN_LOG), rows)
        except IntegrityError as error:
            raise InputError(
                f"somebody else wrote to the book: entry {entries[0].number} is there already",
                where=address_shown(self._engine),
                remedy="Run the command again: it reads what was written",
            ) from error
        except sql.exc.SQLAlchemyError as error:
            raise InputError(
                f"the book cannot be written: {error}", where=address_shown(self._engine)
            ) from error
