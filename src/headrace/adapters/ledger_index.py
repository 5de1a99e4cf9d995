"""Plain rows of transfers beside the batches of a ledger, for those who ask in SQL.

`ledger_transfer` is a projection: it can be dropped and made again, and no answer of the ledger
itself comes from it. `index` takes in the batches that are not in it yet.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from headrace.adapters.sql_engines import WRITES, in_our_words, retried
from headrace.adapters.stores.ledger import LedgerStore
from headrace.ledger.journal import Ledger
from headrace.ledger.plaintext import posted_in
from headrace.ledger.transfer import Kind

_metadata = sql.MetaData()
_number = sql.BigInteger().with_variant(sql.Integer, "sqlite")
transfers = sql.Table(
    "ledger_transfer",
    _metadata,
    sql.Column("entry", _number, primary_key=True, autoincrement=False),
    sql.Column("batch", sql.Integer, nullable=False),
    sql.Column("id", sql.Text, nullable=False, unique=True),
    sql.Column("on", sql.Date, nullable=False),
    sql.Column("known_at", sql.BigInteger, nullable=False),  # microseconds since 1970, UTC
    sql.Column("debit", sql.Text, nullable=False),
    sql.Column("credit", sql.Text, nullable=False),
    sql.Column("amount", sql.BigInteger, nullable=False),  # minor units: moved, or held
    sql.Column("currency", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False),  # post, hold, post_hold, void_hold
    sql.Column("refers_to", sql.Text, nullable=False),
    sql.Column("contract", sql.Text, nullable=False, index=True),
    sql.Column("fact", sql.Text, nullable=False),
    sql.Column("memo", sql.Text, nullable=False),
    sql.Index("ledger_transfer_debit", "debit", "on"),
    sql.Index("ledger_transfer_credit", "credit", "on"),
)


def index(store: LedgerStore, ledger: Ledger) -> int:
    """Make rows of the batches that have none yet; returns how many rows were made.

    Each batch is one transaction: two that index at once make every row once.

    Raises:
        InputError: The database refuses.
    """
    made = 0
    with in_our_words(store.engine):
        retried(lambda: _metadata.create_all(store.engine))
        while True:
            more = retried(lambda: _next_batch(store, ledger))
            if more is None:
                return made
            made += more


def drop_index(store: LedgerStore) -> None:
    """Take the rows away.

    Raises:
        InputError: The database refuses.
    """
    with in_our_words(store.engine):
        retried(lambda: _metadata.drop_all(store.engine))


def _next_batch(store: LedgerStore, ledger: Ledger) -> int | None:
    """Rows of the first batch with transfers that has none; None: all have."""
    connected = store.engine.connect().execution_options(**{WRITES: True})
    with connected as connection, connection.begin():
        entry = _rows_made(connection)
        if entry >= ledger.head.transfers:
            return None
        batch = ledger.book.batch_of(entry)
        rows = _rows(posted_in(ledger, batch), batch)
        connection.execute(sql.insert(transfers), rows)
        return len(rows)


def _rows_made(connection: Connection) -> int:
    last = connection.scalar(sql.select(sql.func.max(transfers.c.entry)))
    return 0 if last is None else int(last) + 1


def _rows(table: pa.Table, batch: int) -> list[dict[str, Any]]:
    """A NUL in a text, which PostgreSQL has no place for, is U+FFFD in these rows."""
    kinds = pa.array([kind.name.lower() for kind in Kind])
    changed = {
        "known_at": table["known_at"].cast(pa.int64()),
        "kind": kinds.take(table["kind"].combine_chunks()),
        "batch": pa.repeat(batch, table.num_rows),
    }
    columns = {name: _shown(table[name]) for name in table.column_names} | changed
    return list(pa.table(columns).to_pylist())


def _shown(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pa.types.is_string(column.type):
        return column
    return pc.replace_substring(column, "\0", "\ufffd")
