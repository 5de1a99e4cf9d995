"""Batches of a ledger in a database: one row a batch, one row an account, never changed.

SQLite by default, in one file; PostgreSQL by its address, with the same statements. A batch is one
transaction, synced before it is acknowledged. Its content is kept as its canonical bytes,
compressed; the number is the primary key: of two writers that both saw the same last batch, the
database lets one in, and the other reads what came and tries again. `ledger_index` makes plain
rows of transfers, for those who ask in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import pyarrow as pa
import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import IntegrityError

from headrace.adapters.sql_engines import (
    WRITES,
    address_shown,
    book_at,
    in_our_words,
    retried,
)
from headrace.errors import EvidenceError
from headrace.ledger.account import Account, Limit
from headrace.ledger.journal import RESTORE, Ledger, Sealed

CODEC = "zstd"
WAL_PAGES = 16_384  # 64 MiB of the log are gathered before SQLite copies them into the file
READ_AT_ONCE = 16  # batches

_Done = TypeVar("_Done")
metadata = sql.MetaData()
_number = sql.BigInteger().with_variant(sql.Integer, "sqlite")
batches = sql.Table(
    "ledger_batch",
    metadata,
    sql.Column("number", _number, primary_key=True, autoincrement=False),
    sql.Column("known_at", sql.BigInteger, nullable=False),  # microseconds since 1970, UTC
    sql.Column("first", sql.BigInteger, nullable=False),
    sql.Column("transfers", sql.Integer, nullable=False),
    sql.Column("first_account", sql.Integer, nullable=False),
    sql.Column("accounts", sql.Integer, nullable=False),
    sql.Column("previous", sql.Text, nullable=False),  # hex
    sql.Column("hash", sql.Text, nullable=False),  # hex
    sql.Column("content_bytes", sql.Integer, nullable=False),  # before compression
    sql.Column("content", sql.LargeBinary, nullable=False),
)
accounts = sql.Table(
    "ledger_account",
    metadata,
    sql.Column("number", _number, primary_key=True, autoincrement=False),
    sql.Column("id", sql.Text, nullable=False, unique=True),
    sql.Column("code", sql.Text, nullable=False, index=True),
    sql.Column("currency", sql.Text, nullable=False),
    sql.Column("party", sql.Text, nullable=False, index=True),
    sql.Column("contract", sql.Text, nullable=False, index=True),
    sql.Column("limit", sql.Integer, nullable=False),
)


@contextmanager
def open_ledger(address: str, *, create: bool = True) -> Iterator[Ledger]:
    """The ledger at an address, every batch of it checked again.

    Args:
        address: The path of an SQLite file, or `postgresql://user:password@host/database`.
        create: Make the tables, and the file, where they are missing.

    Raises:
        InputError: It cannot be reached, or is missing and not to be made.
        EvidenceError: A batch is not what was written.
    """
    store = LedgerStore.opened(address, create=create)
    try:
        yield Ledger(store)
    finally:
        store.close()


class LedgerStore:
    """The batches of a ledger. Any number of processes may hold it open, and write."""

    def __init__(self, engine: Engine) -> None:
        """Use the tables of a database, made before; see `opened`."""
        self._engine = engine

    @classmethod
    def opened(cls, address: str, *, create: bool = True) -> LedgerStore:
        """A store by its address, as in `open_ledger`."""
        engine = book_at(address, batches, "ledger", "Open accounts in it", create=create)
        if engine.dialect.name == "sqlite":
            engine.dispose()  # so that every connection is set up as follows
            sql.event.listen(engine, "connect", _gather)
        return cls(engine)

    @property
    def engine(self) -> Engine:
        """The database, for those who ask in SQL."""
        return self._engine

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def append(self, sealed: Sealed) -> bool:
        """Write a batch down, durably; False where there is one of its number already.

        Raises:
            InputError: It could not be written, or nobody knows whether it was; nothing of it is
                acknowledged. With the same ids it can be given again.
        """
        rows = _account_rows(sealed)
        row = {
            "number": sealed.number,
            "known_at": sealed.known_at,
            "first": sealed.first,
            "transfers": sealed.transfers,
            "first_account": sealed.first_account,
            "accounts": len(sealed.accounts),
            "previous": sealed.previous,
            "hash": sealed.hash,
            "content_bytes": len(sealed.content),
            "content": pa.compress(sealed.content, codec=CODEC, asbytes=True),
        }

        def attempt() -> bool:
            try:
                with self._writing() as connection:
                    connection.execute(sql.insert(batches), row)
                    if rows:
                        connection.execute(sql.insert(accounts), rows)
            except IntegrityError:
                return False
            return True

        return self._done(attempt)

    def since(self, number: int) -> Iterator[Sealed]:
        """The batches from a number on, in order.

        Raises:
            EvidenceError: A row is not one that was written.
        """
        while True:
            some = self._done(lambda at=number: self._some(at))  # type: ignore[misc] # bound now
            yield from some
            if len(some) < READ_AT_ONCE:
                return
            number = some[-1].number + 1

    def read(self, number: int) -> Sealed:
        """A batch.

        Raises:
            EvidenceError: There is none, or it is not one that was written.
        """
        found = self._done(lambda: self._some(number, 1))
        if not found or found[0].number != number:
            raise EvidenceError("The batch is gone", where=f"batch {number}", remedy=RESTORE)
        return found[0]

    def _some(self, number: int, count: int = READ_AT_ONCE) -> list[Sealed]:
        query = (
            sql.select(batches)
            .where(batches.c.number >= number)
            .order_by(batches.c.number)
            .limit(count)
        )
        with self._engine.connect() as connection:
            return [_sealed(dict(row._mapping), connection) for row in connection.execute(query)]

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        connected = self._engine.connect().execution_options(**{WRITES: True})
        with connected as connection, connection.begin():
            yield connection

    def _done(self, attempt: Callable[[], _Done]) -> _Done:
        with in_our_words(self._engine):
            return retried(attempt)

    def __str__(self) -> str:
        return address_shown(self._engine)


def _gather(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")


def _account_rows(sealed: Sealed) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "id": each.id,
            "code": each.code,
            "currency": each.currency,
            "party": each.party,
            "contract": each.contract,
            "limit": int(each.limit),
        }
        for number, each in enumerate(sealed.accounts, sealed.first_account)
    ]


def _sealed(row: Mapping[str, Any], connection: Connection) -> Sealed:
    where = f"batch {row['number']}"
    try:
        content = pa.decompress(
            row["content"], decompressed_size=row["content_bytes"], codec=CODEC, asbytes=True
        )
    except (pa.ArrowException, OSError, ValueError, TypeError, MemoryError) as error:
        raise EvidenceError("The batch was altered", where=where, remedy=RESTORE) from error
    return Sealed(
        number=row["number"],
        known_at=row["known_at"],
        first=row["first"],
        transfers=row["transfers"],
        accounts=_accounts(row, connection),
        first_account=row["first_account"],
        previous=row["previous"],
        hash=row["hash"],
        content=content,
    )


def _accounts(row: Mapping[str, Any], connection: Connection) -> tuple[Account, ...]:
    if not row["accounts"]:
        return ()
    first = row["first_account"]
    query = (
        sql.select(accounts)
        .where(accounts.c.number >= first, accounts.c.number < first + row["accounts"])
        .order_by(accounts.c.number)
    )
    try:
        return tuple(
            Account(each.id, each.code, each.currency, each.party, each.contract, Limit(each.limit))
            for each in connection.execute(query)
        )
    except ValueError as error:
        raise EvidenceError(
            "An account was altered", where=f"batch {row['number']}", remedy=RESTORE
        ) from error
