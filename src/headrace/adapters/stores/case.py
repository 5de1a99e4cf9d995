"""Cases in a database: events in order, never changed; a case is what its events make of it.

SQLite by default, in one file; PostgreSQL by its address, with the same statements. The rules are
those of `headrace.monitor.cases`. Every act is one transaction, and so is a batch of alerts. The
number of an event is its primary key: of two writers that both saw the same last event, the
database lets one in, and the other looks again. A decision's id is a key too, so an alert that
comes again, after a crash or in a replay, opens nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Engine

from headrace.adapters.sql_engines import WRITES, book_at, in_our_words, retried
from headrace.errors import EvidenceError, HeadraceError
from headrace.monitor.case_alerts import alert_event, case_for
from headrace.monitor.cases import (
    USUAL,
    Alert,
    Case,
    CaseEvent,
    CaseSettings,
    Deed,
    Refusal,
    RefusedError,
    fold,
    opened,
    with_event,
)

ASKED_AT_ONCE = 500  # values in one IN (...): every database takes that many

_Done = TypeVar("_Done")
_metadata = sql.MetaData()
_events = sql.Table(
    "case_event",
    _metadata,
    sql.Column(
        "number",
        sql.BigInteger().with_variant(sql.Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    sql.Column("case", sql.Integer, nullable=False, index=True),
    sql.Column("policy", sql.Text, nullable=False),
    sql.Column("customer", sql.Text, nullable=False),
    sql.Column("deed", sql.Text, nullable=False),
    sql.Column("by", sql.Text, nullable=False),
    sql.Column("at", sql.BigInteger, nullable=False),  # microseconds since 1970, UTC
    sql.Column("comment", sql.Text, nullable=False),
    sql.Column("told", sql.Text, nullable=False),  # canonical JSON
    sql.Index("case_event_customer", "policy", "customer"),
)
_alerts = sql.Table(
    "case_alert",
    _metadata,
    sql.Column("policy", sql.Text, primary_key=True),
    sql.Column("decision", sql.Text, primary_key=True),
    sql.Column("case", sql.Integer, nullable=False),
)


@dataclass(frozen=True)
class Taken:
    """What became of alerts.

    Attributes:
        opened: Cases that were opened, by number.
        gathered: Cases open before that took alerts, by number, each once.
        known: How many alerts had come before.
    """

    opened: tuple[int, ...]
    gathered: tuple[int, ...]
    known: int


class CaseStore:
    """A store of cases. Any number of processes may hold it open."""

    def __init__(self, engine: Engine) -> None:
        """Use the tables of a database, made before; see `opened`."""
        self._engine = engine

    @classmethod
    def opened(cls, address: str, *, create: bool = True) -> CaseStore:
        """A store by its address.

        Args:
            address: The path of an SQLite file, or `postgresql://user:password@host/database`.
            create: Make the tables, and the file, where they are missing.

        Raises:
            InputError: It cannot be reached, or is missing and not to be made.
        """
        remedy = "Take alerts into it"
        return cls(book_at(address, _events, "cases", remedy, create=create))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def cases(self) -> tuple[Case, ...]:
        """All cases, in order of their number.

        Raises:
            EvidenceError: An event is not one that the rules let in.
        """
        with self._reading() as connection:
            return tuple(_folded(connection, sql.true()))

    def changed_after(self, number: int) -> tuple[int, tuple[Case, ...]]:
        """The cases with an event after one, as they stand, and the number of the last event.

        Args:
            number: Of an event; 0: every case.

        Raises:
            EvidenceError: An event is not one that the rules let in.
        """
        with self._reading() as connection:
            last, _ = _last(connection)
            if last <= number:
                return last, ()
            changed = sql.select(_events.c.case).where(_events.c.number > number)
            wanted = sql.true() if number == 0 else _events.c.case.in_(changed)
            return last, tuple(_folded(connection, wanted & (_events.c.number <= last)))

    def case(self, number: int) -> Case:
        """A case.

        Raises:
            RefusedError: There is none.
        """
        with self._reading() as connection:
            return _case(connection, number)

    def case_of(self, policy: str, decision: str) -> int | None:
        """The number of the case that took a decision's alert; None where none did."""
        query = sql.select(_alerts.c.case).where(
            _alerts.c.policy == policy, _alerts.c.decision == decision
        )
        with self._reading() as connection:
            return connection.scalar(query)

    def take(self, alerts: Sequence[Alert], at: int, settings: CaseSettings = USUAL) -> Taken:
        """Put alerts into cases, all of them or none; those that came before are left out.

        Args:
            alerts: In the order in which they were decided.
            at: Now, microseconds since 1970, UTC; never before that of the event before.
            settings: Which alerts belong together, and how soon they must be worked.
        """

        def attempt(connection: Connection) -> Taken:
            desk = _Desk(connection, alerts, at, settings)
            for alert in alerts:
                desk.take(alert)
            desk.write()
            return Taken(tuple(sorted(desk.opened)), tuple(sorted(desk.gathered)), desk.known)

        return self._writing(attempt) if alerts else Taken((), (), 0)

    def record(self, number: int, event_of: Callable[[Case], CaseEvent]) -> Case:
        """Record what somebody did with a case.

        Args:
            number: Of the case.
            event_of: Gives the event for the case as it stands; its time is never before that of
                the event before it.

        Returns:
            The case after it.

        Raises:
            RefusedError: It is against the rules, or there is no such case.
        """

        def attempt(connection: Connection) -> Case:
            case = _case(connection, number)
            last, moment = _last(connection)
            event = event_of(case)
            event = replace(event, number=last + 1, at=max(event.at, moment))
            after = with_event(case, event)
            connection.execute(sql.insert(_events).values(_row(event, case.policy, case.customer)))
            return after

        return self._writing(attempt)

    def _writing(self, attempt: Callable[[Connection], _Done]) -> _Done:
        def once() -> _Done:
            connected = self._engine.connect().execution_options(**{WRITES: True})
            with connected as connection, connection.begin():
                return attempt(connection)

        with in_our_words(self._engine):
            return retried(once)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with in_our_words(self._engine), self._engine.connect() as connection:
            yield connection


class _Desk:
    """Alerts on their way into cases, in one transaction."""

    def __init__(
        self, connection: Connection, alerts: Sequence[Alert], at: int, settings: CaseSettings
    ) -> None:
        self._connection, self._settings = connection, settings
        self._number, last = _last(connection)
        self._at = max(at, last)
        self._next = (connection.scalar(sql.select(sql.func.max(_events.c.case))) or 0) + 1
        self._came = _came_before(connection, alerts)
        self._cases = _cases_of(connection, alerts)
        self._rows: list[dict[str, Any]] = []
        self._taken: list[dict[str, Any]] = []
        self.opened: set[int] = set()
        self.gathered: set[int] = set()
        self.known = 0

    def take(self, alert: Alert) -> None:
        """Put an alert into the case that gathers it, or open one."""
        if (alert.policy, alert.decision) in self._came:
            self.known += 1
            return
        about = alert.policy, alert.customer
        cases = self._cases.setdefault(about, {})
        found = case_for(alert, cases.values(), self._settings)
        number = self._next if found is None else found.number
        self._number += 1
        event = alert_event(number, alert, self._at, self._settings)
        event = replace(event, number=self._number)
        if found is None:
            cases[number] = opened(event)
            self.opened.add(number)
            self._next += 1
        else:
            cases[number] = with_event(found, event)
            if number not in self.opened:
                self.gathered.add(number)
        self._came.add((alert.policy, alert.decision))
        self._rows.append(_row(event, *about))
        self._taken.append({"policy": alert.policy, "decision": alert.decision, "case": number})

    def write(self) -> None:
        """Write what was taken."""
        if self._rows:
            self._connection.execute(sql.insert(_events), self._rows)
            self._connection.execute(sql.insert(_alerts), self._taken)


def _came_before(connection: Connection, alerts: Sequence[Alert]) -> set[tuple[str, str]]:
    """Policy and decision of the alerts that were taken before."""
    found: set[tuple[str, str]] = set()
    for policy, some in _portions((alert.policy, alert.decision) for alert in alerts):
        query = sql.select(_alerts.c.decision).where(
            _alerts.c.policy == policy, _alerts.c.decision.in_(some)
        )
        found |= {(policy, decision) for decision in connection.scalars(query)}
    return found


def _cases_of(
    connection: Connection, alerts: Sequence[Alert]
) -> dict[tuple[str, str], dict[int, Case]]:
    """The cases of the customers of alerts, by policy and customer, then by number."""
    found: dict[tuple[str, str], dict[int, Case]] = {}
    about = ((alert.policy, alert.customer) for alert in alerts if alert.customer)
    for policy, some in _portions(about):
        wanted = (_events.c.policy == policy) & _events.c.customer.in_(some)
        for case in _folded(connection, wanted):
            found.setdefault((policy, case.customer), {})[case.number] = case
    return found


def _portions(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """What is looked for, a policy at a time: without it no index of the tables is of use."""
    for policy, several in groupby(sorted(set(pairs)), key=itemgetter(0)):
        whole = [value for _, value in several]
        for start in range(0, len(whole), ASKED_AT_ONCE):
            yield policy, whole[start : start + ASKED_AT_ONCE]


def _case(connection: Connection, number: int) -> Case:
    found = next(_folded(connection, _events.c.case == number), None)
    if found is None:
        raise RefusedError(
            Refusal.THE_CASE_MUST_EXIST,
            where=f"case {number}",
            remedy="`headrace cases list` shows those there are",
        )
    return found


def _folded(connection: Connection, wanted: sql.ColumnElement[bool]) -> Iterator[Case]:
    """The cases that some of the events make, in order of their number."""
    query = sql.select(_events).where(wanted).order_by(_events.c.case, _events.c.number)
    for number, rows in groupby(connection.execute(query), key=lambda row: row.case):
        try:
            case = fold([_event(row) for row in rows])
        except (HeadraceError, LookupError, TypeError, ValueError) as error:
            raise EvidenceError(
                f"An event was recorded against the rules: {error}",
                where=f"case {number}",
                remedy="Restore the database from a copy",
            ) from error
        yield case


def _last(connection: Connection) -> tuple[int, int]:
    """Number and time of the last event; zeros where there is none."""
    query = sql.select(_events.c.number, _events.c.at).order_by(_events.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return (0, 0) if row is None else (row.number, row.at)


def _row(event: CaseEvent, policy: str, customer: str) -> dict[str, Any]:
    told = json.dumps(dict(event.told), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    about = {"policy": policy, "customer": customer}
    return {**vars(event), **about, "deed": event.deed.value, "told": told}


def _event(row: sql.Row[Any]) -> CaseEvent:
    return CaseEvent(
        case=row.case,
        deed=Deed(row.deed),
        by=row.by,
        at=row.at,
        comment=row.comment,
        told=json.loads(row.told),
        number=row.number,
    )
