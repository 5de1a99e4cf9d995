"""Long work: what was asked for, how far it is, what came of it. A table, claimed by lease.

A worker that runs a job renews its lease as long as it lives; once a lease has run out, whoever
looks next takes the job over. Only the holder of the lease can say how a job ended, so that of two
that believe they run it, one is heard. What a job does must bear being begun again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Row

from headrace.adapters.stores.hook import Event, queue_event
from headrace.adapters.stores.web import WebStore
from headrace.adapters.web_schema import metadata, whole
from headrace.errors import HeadraceError
from headrace.pack import Text

ATTEMPTS_MAX = 10  # a job that ends the process it runs in is not begun for ever

jobs = sql.Table(
    "web_job",
    metadata,
    sql.Column("number", whole, primary_key=True, autoincrement=True),
    sql.Column("id", sql.Text, nullable=False, unique=True),
    sql.Column("kind", sql.Text, nullable=False),
    sql.Column("given", sql.Text, nullable=False),  # JSON
    sql.Column("by", sql.Text, nullable=False, index=True),
    sql.Column("key", sql.Text),  # the user's own, so that asking twice makes one job
    sql.Column("status", sql.Text, nullable=False, index=True),
    sql.Column("progress", sql.Float, nullable=False),
    sql.Column("told", sql.Text, nullable=False),  # JSON: how far it is, in both languages
    sql.Column("result", sql.Text),  # JSON
    sql.Column("problem", sql.Text),  # JSON
    sql.Column("created", sql.BigInteger, nullable=False),  # microseconds since 1970
    sql.Column("started", sql.BigInteger),
    sql.Column("ended", sql.BigInteger),
    sql.Column("attempts", sql.Integer, nullable=False),
    sql.Column("changes", sql.Integer, nullable=False),  # tells versions of the row apart
    sql.Column("owner", sql.Text, nullable=False),  # who holds the lease
    sql.Column("lease", sql.BigInteger, nullable=False),  # until when
    sql.Column("stop", sql.Boolean, nullable=False),  # somebody wants it cancelled
    sql.UniqueConstraint("by", "key"),
    sqlite_autoincrement=True,  # a number is never given twice
)


class Status(Enum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in (Status.DONE, Status.FAILED, Status.CANCELLED)


WAITS, BEGINS = Text("waits its turn", "排队中"), Text("begins", "开始执行")


@dataclass(frozen=True)
class Job:
    """One piece of long work. Times are microseconds since 1970.

    Attributes:
        id: Random, so that nobody guesses another's.
        kind: Its name in `headrace.web.jobs.kinds`.
        given: What it works on, as JSON.
        by: Who asked for it.
        key: The asker's own name for it; None: none.
        status: Where it is.
        progress: Share that is done, 0 to 1.
        told: How far it is, in a few words.
        result: What came of it; None before it is done.
        problem: Why it failed: problem, where, remedy; None if it did not.
        created: When it was asked for.
        started: When it was begun for the first time; None before.
        ended: When it ended; None before.
        attempts: How often it was begun.
        changes: Grows with every change of the row.
        number: Given by the store, in the order in which jobs came; 0 before.
    """

    id: str
    kind: str
    given: Mapping[str, Any]
    by: str
    created: int
    key: str | None = None
    status: Status = Status.QUEUED
    progress: float = 0.0
    told: Text = WAITS
    result: Mapping[str, Any] | None = None
    problem: Mapping[str, str] | None = None
    started: int | None = None
    ended: int | None = None
    attempts: int = 0
    changes: int = 0
    number: int = 0


@dataclass(frozen=True)
class Lease:
    """Who runs a job, and until when unless renewed."""

    owner: str
    until: int


class JobStateError(HeadraceError):
    """A job is not where it would have to be for that."""


class JobStore:
    """Jobs in the store of the service."""

    def __init__(self, store: WebStore) -> None:
        """Use the tables of an open store."""
        self.store = store

    def add(self, job: Job) -> Job:
        """Queue a job; or find the one that the same user asked for under the same key.

        Raises:
            JobStateError: Under the key something else was asked for.
        """

        def add(connection: Connection) -> Job:
            if job.key is not None:
                same = (jobs.c.by == job.by) & (jobs.c.key == job.key)
                row = connection.execute(sql.select(jobs).where(same)).first()
                if row is not None:
                    return _the_same(_job(row), job)
            values = _row(job)
            del values["number"]  # the store's
            connection.execute(sql.insert(jobs), values)
            return _job(connection.execute(sql.select(jobs).where(jobs.c.id == job.id)).one())

        return self.store.write(add)

    def job(self, name: str) -> Job | None:
        """The job of an id; None if there is none."""
        query = sql.select(jobs).where(jobs.c.id == name)

        def ask(connection: Connection) -> Job | None:
            row = connection.execute(query).first()
            return None if row is None else _job(row)

        return self.store.read(ask)

    def listed(self, *, by: str | None, before: int | None, count: int) -> tuple[Job, ...]:
        """Jobs, newest first.

        Args:
            by: Only this user's; None: everybody's.
            before: Only those with a smaller number; None: from the newest on.
            count: At most so many.
        """
        query = sql.select(jobs).order_by(jobs.c.number.desc()).limit(count)
        if by is not None:
            query = query.where(jobs.c.by == by)
        if before is not None:
            query = query.where(jobs.c.number < before)
        return self.store.read(lambda connection: tuple(map(_job, connection.execute(query))))

    def claim(self, lease: Lease, now: int) -> Job | None:
        """Take the oldest job that nobody runs; None where there is none.

        One whose lease ran out comes first: its worker is gone.
        """
        gone = (jobs.c.status == Status.RUNNING.value) & (jobs.c.lease < now)
        free = gone | (jobs.c.status == Status.QUEUED.value)
        query = sql.select(jobs).where(free).order_by(jobs.c.status.desc(), jobs.c.number).limit(1)
        if self.store.read(lambda connection: connection.execute(query).first()) is None:
            return None  # most of the time: looking costs no lock

        def take(connection: Connection) -> Job | None:
            row = connection.execute(query).first()
            if row is None:
                return None
            found = _job(row)
            if row.stop or found.attempts >= ATTEMPTS_MAX:
                _change(connection, found.id, _given_up(found, now, is_stopped=row.stop))
                return None
            taken = {
                "status": Status.RUNNING.value,
                "told": _text(BEGINS),
                "started": found.started or now,
                "attempts": found.attempts + 1,
                "owner": lease.owner,
                "lease": lease.until,
            }
            _change(connection, found.id, taken)
            return _job(connection.execute(sql.select(jobs).where(jobs.c.id == found.id)).one())

        return self.store.write(take)

    def renew(self, name: str, lease: Lease, progress: float | None, told: Text | None) -> bool:
        """Go on holding a job, and say how far it is.

        Args:
            name: The job's id.
            lease: Who, and until when.
            progress: Share that is done; None: as before.
            told: In a few words; None: as before.

        Returns:
            Whether to go on: False where somebody cancelled it, or another holds it now.
        """
        values: dict[str, Any] = {"lease": lease.until}
        if progress is not None and told is not None:
            values |= {"progress": progress, "told": _text(told), "changes": jobs.c.changes + 1}

        def renew(connection: Connection) -> bool:
            change = sql.update(jobs).where(_held(name, lease.owner)).values(values)
            if not connection.execute(change).rowcount:
                return False
            stop = sql.select(jobs.c.stop).where(jobs.c.id == name)
            return not connection.scalar(stop)

        return self.store.write(renew)

    def end(self, job: Job, owner: str) -> bool:
        """Say how a job ended; False where another holds it, who will say it."""
        row = _row(job)
        names = ("status", "progress", "told", "result", "problem", "ended")
        values = {name: row[name] for name in names} | {"owner": "", "lease": 0, "stop": False}

        def end(connection: Connection) -> bool:
            if not _change(connection, job.id, values, _held(job.id, owner)):
                return False
            told = {"job": job.id, "kind": job.kind, "status": job.status.value}
            queue_event(connection, Event("job.ended", told, job.ended or 0))
            return True

        return self.store.write(end)

    def release(self, name: str, owner: str) -> None:
        """Put a job back, for whoever comes next: its worker stops, and nothing is wrong."""
        values = {"status": Status.QUEUED.value, "owner": "", "lease": 0}
        self.store.write(lambda connection: _change(connection, name, values, _held(name, owner)))

    def cancel(self, name: str, now: int) -> Job | None:
        """Ask for a job to end; one that waits ends at once. None if there is no such job.

        Raises:
            JobStateError: It has ended.
        """

        def cancel(connection: Connection) -> Job | None:
            found = _found(connection, name)
            if found is None:
                return None
            if found.status.has_ended:
                raise JobStateError(
                    f"The job has ended: it is {found.status.value}",
                    where=name,
                    remedy="Only a job that waits or runs can be cancelled",
                )
            waits = found.status is Status.QUEUED
            values = _given_up(found, now, is_stopped=True) if waits else {"stop": True}
            _change(connection, name, values)
            return _found(connection, name)

        return self.store.write(cancel)

    def resume(self, name: str) -> Job | None:
        """Queue a job again that failed or was cancelled. None if there is no such job.

        Raises:
            JobStateError: It is done, or has not ended.
        """

        def resume(connection: Connection) -> Job | None:
            found = _found(connection, name)
            if found is None:
                return None
            if found.status not in (Status.FAILED, Status.CANCELLED):
                raise JobStateError(
                    f"There is nothing to resume: the job is {found.status.value}",
                    where=name,
                    remedy="Only a job that failed or was cancelled can be resumed",
                )
            values = {
                "status": Status.QUEUED.value,
                "progress": 0.0,
                "told": _text(WAITS),
                "problem": None,
                "ended": None,
                "attempts": 0,
                "stop": False,
            }
            _change(connection, name, values)
            return _found(connection, name)

        return self.store.write(resume)

    def forget(self, ended_before: int) -> tuple[str, ...]:
        """Delete jobs that ended before a moment, and the keys they were asked for under; ids."""
        old = jobs.c.ended.is_not(None) & (jobs.c.ended < ended_before)

        def forget(connection: Connection) -> tuple[str, ...]:
            found = tuple(connection.scalars(sql.select(jobs.c.id).where(old)))
            connection.execute(sql.delete(jobs).where(old))
            return found

        return self.store.write(forget)

    def ids(self) -> frozenset[str]:
        """Of all jobs that there are."""
        query = sql.select(jobs.c.id)
        return self.store.read(lambda connection: frozenset(connection.scalars(query)))


def _held(name: str, owner: str) -> sql.ColumnElement[bool]:
    return (jobs.c.id == name) & (jobs.c.owner == owner) & (jobs.c.status == Status.RUNNING.value)


def _change(
    connection: Connection,
    name: str,
    values: Mapping[str, Any],
    where: sql.ColumnElement[bool] | None = None,
) -> bool:
    which = jobs.c.id == name if where is None else where
    change = sql.update(jobs).where(which).values({**values, "changes": jobs.c.changes + 1})
    return connection.execute(change).rowcount > 0


def _given_up(job: Job, now: int, *, is_stopped: bool) -> dict[str, Any]:
    """A job that nobody begins any more."""
    problem = {
        "problem": f"It was begun {job.attempts} times, and each time what ran it ended",
        "where": job.kind,
        "remedy": "See the log of the service; then resume it",
    }
    status = Status.CANCELLED if is_stopped else Status.FAILED
    return {
        "status": status.value,
        "told": _text(ENDED[status]),
        "problem": None if is_stopped else json.dumps(problem),
        "ended": now,
        "owner": "",
        "lease": 0,
        "stop": False,
    }


ENDED = {
    Status.DONE: Text("done", "已完成"),
    Status.FAILED: Text("failed", "失败"),
    Status.CANCELLED: Text("cancelled", "已取消"),
}
"""What is told of a job that ended."""


def _found(connection: Connection, name: str) -> Job | None:
    row = connection.execute(sql.select(jobs).where(jobs.c.id == name)).first()
    return None if row is None else _job(row)


def _the_same(there: Job, asked: Job) -> Job:
    if (there.kind, there.given) != (asked.kind, asked.given):
        raise JobStateError(
            "Something else was asked for under this key",
            where="Idempotency-Key",
            remedy="A new key for each new job",
        )
    return there


def _row(job: Job) -> dict[str, Any]:
    return vars(job) | {
        "given": json.dumps(job.given),
        "status": job.status.value,
        "told": _text(job.told),
        "result": None if job.result is None else json.dumps(job.result),
        "problem": None if job.problem is None else json.dumps(job.problem),
        "owner": "",
        "lease": 0,
        "stop": False,
    }


def _job(row: Row[Any]) -> Job:
    found = {name: row._mapping[name] for name in Job.__dataclass_fields__}
    return Job(
        **found
        | {
            "given": json.loads(row.given),
            "status": Status(row.status),
            "told": Text(**json.loads(row.told)),
            "result": None if row.result is None else json.loads(row.result),
            "problem": None if row.problem is None else json.loads(row.problem),
        }
    )


def _text(text: Text) -> str:
    return json.dumps({"en": text.en, "zh": text.zh})
