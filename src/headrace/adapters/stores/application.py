"""Applications and what was decided on them: kept once, chained, and signed.

Each row is an entry of an evidence log of its own, as `headrace.evidence.log` writes it: it holds
a commitment to the record and the hash of the entry before, so that no row can be changed, taken
away or put in between unseen. After each entry the root of all of them is signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Row

from headrace.adapters.keys import SigningKey
from headrace.adapters.stores.web import WebStore
from headrace.adapters.web_schema import metadata
from headrace.errors import HeadraceError
from headrace.evidence.checkpoint import sign_checkpoint
from headrace.evidence.commitment import COMMITMENT, DECISION_STEP, commit, salt_for
from headrace.evidence.log import NO_PREVIOUS, Entry
from headrace.evidence.merkle import Tree, leaf_hash
from headrace.evidence.receipt import Receipt

applications = sql.Table(
    "application",
    metadata,
    sql.Column("number", sql.BigInteger, primary_key=True, autoincrement=False),  # from 0
    sql.Column("id", sql.Text, nullable=False, unique=True),
    sql.Column("party", sql.Text, nullable=False, index=True),
    sql.Column("at", sql.BigInteger, nullable=False),  # microseconds since 1970
    sql.Column("by", sql.Text, nullable=False),
    sql.Column("run", sql.Text, nullable=False),  # digest of the run it was decided by
    sql.Column("outcome", sql.Text, nullable=False),
    sql.Column("limit_minor", sql.BigInteger, nullable=False),
    sql.Column("valid_until", sql.Text, nullable=False),  # ISO day; empty: no offer
    sql.Column("record", sql.Text, nullable=False),  # canonical JSON
    sql.Column("salt", sql.Text, nullable=False),
    sql.Column("entry", sql.Text, nullable=False),  # the line of the evidence log
    sql.Column("checkpoint", sql.Text),  # signed after the entry; null: not yet
)


class MovedOnError(HeadraceError):
    """Another application came in between."""


@dataclass(frozen=True)
class Kept:
    """An application as it is kept.

    Attributes:
        number: Its place, from 0.
        id: Chosen by whoever sent it.
        party: Code of the firm.
        at: When, microseconds since 1970.
        by: Who sent it.
        run: Digest of the run it was decided by.
        outcome: approve, refer or decline.
        limit_minor: 0 unless approved.
        valid_until: ISO day; empty: no offer.
        record: Canonical JSON.
    """

    number: int
    id: str
    party: str
    at: int
    by: str
    run: str
    outcome: str
    limit_minor: int
    valid_until: str
    record: str


_COLUMNS = [applications.c[name] for name in Kept.__dataclass_fields__]


class ApplicationStore:
    """Applications in the service's store; any number of processes may append."""

    def __init__(self, store: WebStore, key: SigningKey) -> None:
        """Use a store that is open, and sign with `key`."""
        self._store, self._key = store, key
        self._secret = salt_for(key.private, "headrace applications")
        self._tree = Tree()  # of the entries seen so far; more are read as they come
        self._turn = Lock()

    def count(self) -> int:
        """How many there are: the number of the next one."""
        return self._store.read(_count)

    def one(self, name: str) -> Kept | None:
        """The application of an id; None if there is none."""
        query = sql.select(*_COLUMNS).where(applications.c.id == name)
        found = self._store.read(lambda connection: connection.execute(query).first())
        return None if found is None else _kept(found)

    def page(self, *, before: int | None, count: int, party: str | None = None) -> tuple[Kept, ...]:
        """Applications, newest first.

        Args:
            before: Only those with a smaller number; None: from the newest on.
            count: At most so many.
            party: Only those of one firm.
        """
        query = sql.select(*_COLUMNS).order_by(applications.c.number.desc()).limit(count)
        if before is not None:
            query = query.where(applications.c.number < before)
        if party is not None:
            query = query.where(applications.c.party == party)
        return self._store.read(lambda connection: tuple(map(_kept, connection.execute(query))))

    def promised(self, run: str, day: str) -> Mapping[str, int]:
        """The limit, minor units, of each firm's latest offer that still stands.

        Args:
            run: Only offers decided by this run: a later run decides on everybody anew.
            day: ISO day on which they stand.
        """
        columns = (applications.c.party, applications.c.limit_minor)
        query = (
            sql.select(*columns)
            .where(applications.c.run == run, applications.c.valid_until >= day)
            .order_by(applications.c.number)
        )
        return self._store.read(lambda connection: dict(map(tuple, connection.execute(query))))

    def approvals(self) -> tuple[tuple[str, int, str], ...]:
        """Party, time and outcome of every application, oldest first."""
        columns = (applications.c.party, applications.c.at, applications.c.outcome)
        query = sql.select(*columns).order_by(applications.c.number)
        return self._store.read(lambda connection: tuple(map(tuple, connection.execute(query))))

    def append(self, kept: Kept) -> Kept:
        """Keep one; durable and signed when this returns.

        Args:
            kept: With the number that `count` gave before it was decided.

        Returns:
            It, or the one that was kept before under the same id.

        Raises:
            MovedOnError: Another came in since: decide again, for it may have used the budget.
        """
        salt = salt_for(self._secret, kept.id)

        def add(connection: Connection) -> Kept:
            same = sql.select(*_COLUMNS).where(applications.c.id == kept.id)
            known = connection.execute(same).first()
            if known is not None:
                return _kept(known)
            if _count(connection) != kept.number:
                raise MovedOnError("Another application came in between", remedy="Send it again")
            last = sql.select(applications.c.entry).where(applications.c.number == kept.number - 1)
            line = connection.scalar(last)
            previous = NO_PREVIOUS if line is None else leaf_hash(line.encode()).hex()
            facts = {COMMITMENT: commit(kept.record.encode(), salt)}
            entry = Entry(kept.number, DECISION_STEP, {}, {}, {}, previous, facts)
            proof = {"salt": salt.hex(), "entry": entry.to_bytes().decode()}
            connection.execute(sql.insert(applications), vars(kept) | proof)
            return kept

        done = self._store.write(add)
        if done is kept:
            self._sign(kept.number)
        return done

    def receipt(self, name: str) -> Receipt | None:
        """What proves one application to whom it concerns; None if there is none of this id."""
        query = sql.select(applications).where(applications.c.id == name)
        row = self._store.read(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        with self._turn:
            self._catch_up()
            size = self._tree.size
            text = sign_checkpoint(self._key.name, size, self._tree.root(size), self._key.private)
            proof = tuple(each.hex() for each in self._tree.inclusion_proof(row.number, size))
        return Receipt(row.id, row.record, row.salt, row.entry, row.number, proof, text)

    def log(self) -> tuple[bytes, str | None]:
        """The evidence log, as `headrace.evidence.log.read_log` reads it; its last signature."""
        query = sql.select(applications.c.entry, applications.c.checkpoint).order_by(
            applications.c.number
        )
        rows = self._store.read(lambda connection: connection.execute(query).all())
        lines = b"".join(f"{row.entry}\n".encode() for row in rows)
        return lines, next((row.checkpoint for row in reversed(rows) if row.checkpoint), None)

    def _sign(self, number: int) -> None:
        """Sign the root up to one entry; where this is cut short, the next signature covers it."""
        with self._turn:
            self._catch_up()
            root = self._tree.root(number + 1)
        text = sign_checkpoint(self._key.name, number + 1, root, self._key.private)
        change = sql.update(applications).where(applications.c.number == number)
        self._store.write(lambda connection: connection.execute(change.values(checkpoint=text)))

    def _catch_up(self) -> None:
        """Read the entries that came since the last time."""
        query = (
            sql.select(applications.c.entry)
            .where(applications.c.number >= self._tree.size)
            .order_by(applications.c.number)
        )
        for line in self._store.read(lambda connection: connection.scalars(query).all()):
            self._tree.append(line.encode())


def _count(connection: Connection) -> int:
    query = sql.select(sql.func.max(applications.c.number))
    last = connection.scalar(query)
    return 0 if last is None else int(last) + 1


def _kept(row: Row[Any]) -> Kept:
    return Kept(**row._mapping)
