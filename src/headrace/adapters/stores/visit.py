"""Visit lists (走访名单), who goes where, and what came of it, on SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from headrace.adapters.stores.web import WebStore
from headrace.adapters.web_schema import metadata
from headrace.errors import InputError
from headrace.workflows.visits import Listed, Visit, VisitList

lists = sql.Table(
    "visit_list",
    metadata,
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column("title", sql.Text, nullable=False),
    sql.Column("filter", sql.Text, nullable=False),  # canonical JSON, as it was asked
    sql.Column("by", sql.Text, nullable=False),
    sql.Column("at", sql.BigInteger, nullable=False),  # microseconds since 1970
    sql.Column("simulated", sql.Boolean, nullable=False),
)
listed = sql.Table(
    "visit_listed",
    metadata,
    sql.Column("list", sql.Text, sql.ForeignKey("visit_list.id"), primary_key=True),
    sql.Column("party", sql.Text, primary_key=True),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("area", sql.Text, nullable=False),
    sql.Column("industry", sql.Text, nullable=False),
    sql.Column("why", sql.Text, nullable=False),
    sql.Column("manager", sql.Text, nullable=False, index=True),  # empty: nobody yet
)
visits = sql.Table(
    "visit",
    metadata,
    sql.Column("id", sql.Text, primary_key=True),  # chosen by the phone, so that none counts twice
    sql.Column("list", sql.Text, sql.ForeignKey("visit_list.id"), nullable=False, index=True),
    sql.Column("party", sql.Text, nullable=False),
    sql.Column("result", sql.Text, nullable=False),
    sql.Column("note", sql.Text, nullable=False),
    sql.Column("next_day", sql.Text, nullable=False),  # ISO day; empty: none
    sql.Column("visited", sql.BigInteger, nullable=False),  # on the phone
    sql.Column("by", sql.Text, nullable=False),
    sql.Column("at", sql.BigInteger, nullable=False),  # received
    sql.Index("ix_visit_party", "list", "party"),
)


@dataclass(frozen=True)
class VisitStore:
    """Visits in the service's store."""

    store: WebStore

    def lists(self) -> tuple[VisitList, ...]:
        """All lists, newest first."""
        query = sql.select(lists).order_by(lists.c.at.desc(), lists.c.id)
        return self.store.read(lambda connection: _all(connection, query, VisitList))

    def one(self, name: str) -> VisitList | None:
        """The list of an id; None if there is none."""
        query = sql.select(lists).where(lists.c.id == name)
        found = self.store.read(lambda connection: _all(connection, query, VisitList))
        return found[0] if found else None

    def add(self, made: VisitList, firms: Iterable[Listed]) -> None:
        """Keep a list with its firms; the same list again changes nothing.

        Raises:
            InputError: Another list has this id.
        """
        rows = [vars(each) for each in firms]

        def keep(connection: Connection) -> None:
            known = _all(connection, sql.select(lists).where(lists.c.id == made.id), VisitList)
            if known:
                if known[0].filter != made.filter or known[0].title != made.title:
                    raise InputError(
                        "Another list has this id", where="id", remedy="Choose another"
                    )
                return
            connection.execute(sql.insert(lists), vars(made))
            if rows:
                connection.execute(sql.insert(listed), rows)

        self.store.write(keep)

    def drop(self, name: str) -> None:
        """Forget a list and all of it; the demo is made anew with it."""

        def forget(connection: Connection) -> None:
            connection.execute(sql.delete(visits).where(visits.c.list == name))
            connection.execute(sql.delete(listed).where(listed.c.list == name))
            connection.execute(sql.delete(lists).where(lists.c.id == name))

        self.store.write(forget)

    def assign(self, name: str, area: str, manager: str) -> int:
        """Give an area of a list to a manager; how many firms that are."""
        chosen = (listed.c.list == name) & (listed.c.area == area)
        change = sql.update(listed).where(chosen).values(manager=manager)
        return self.store.write(lambda connection: int(connection.execute(change).rowcount))

    def firms(self, *, of: str | None = None, manager: str | None = None) -> tuple[Listed, ...]:
        """Firms on lists, by area and code.

        Args:
            of: Only those of one list.
            manager: Only those of one manager.
        """
        query = sql.select(listed).order_by(listed.c.area, listed.c.party)
        if of is not None:
            query = query.where(listed.c.list == of)
        if manager is not None:
            query = query.where(listed.c.manager == manager)
        return self.store.read(lambda connection: _all(connection, query, Listed))

    def visits(self, of: Iterable[str]) -> tuple[Visit, ...]:
        """All visits to firms of some lists, in the order in which they were made."""
        query = sql.select(visits).where(visits.c.list.in_(list(of)))
        query = query.order_by(visits.c.visited, visits.c.id)
        return self.store.read(lambda connection: _all(connection, query, Visit))

    def record(self, visit: Visit) -> Visit:
        """Keep what came of a visit; what the phone sends again is kept once.

        Returns:
            The visit as it is kept: of one sent twice, the first.

        Raises:
            InputError: The firm is not on the list, or the id is another visit's.
        """

        def keep(connection: Connection) -> Visit:
            query = sql.select(visits).where(visits.c.id == visit.id)
            found: tuple[Visit, ...] = _all(connection, query, Visit)
            if found:
                if not found[0].same_as(visit):
                    raise InputError("Another visit has this id", where="id", remedy="A fresh id")
                return found[0]
            chosen = (listed.c.list == visit.list) & (listed.c.party == visit.party)
            if connection.scalar(sql.select(listed.c.party).where(chosen)) is None:
                raise InputError(
                    "This firm is not on the list", where="party", remedy="One that the list shows"
                )
            connection.execute(sql.insert(visits), vars(visit))
            return visit

        return self.store.write(keep)


def _all(connection: Connection, query: Any, kind: Any) -> tuple[Any, ...]:
    return tuple(kind(**row._mapping) for row in connection.execute(query))
