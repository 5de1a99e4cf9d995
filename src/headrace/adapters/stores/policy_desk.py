"""Drafts of policies, one for each user and policy, and what came of trials.

They are in the store of the service, on SQLite or PostgreSQL. A draft has a revision: whoever saves
says which one they saw, so that of two windows none overwrites what the other wrote.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Row

from headrace.adapters.stores.web import WebStore
from headrace.adapters.web_schema import metadata
from headrace.errors import HeadraceError

TRIALS_SHOWN = 50
drafts = sql.Table(
    "policy_draft",
    metadata,
    sql.Column("user", sql.Text, primary_key=True),
    sql.Column("policy", sql.Text, primary_key=True),
    sql.Column("base", sql.Integer, nullable=False),  # version it was begun from; 0: the pack's own
    sql.Column("revision", sql.Integer, nullable=False),
    sql.Column("files", sql.Text, nullable=False),  # JSON: text by name
    sql.Column("at", sql.BigInteger, nullable=False),
)
trials = sql.Table(
    "policy_trial",
    metadata,
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column("policy", sql.Text, nullable=False),
    sql.Column("digest", sql.Text, nullable=False),  # of what was tried
    sql.Column("base", sql.Integer, nullable=False),  # version it was compared with
    sql.Column("by", sql.Text, nullable=False),
    sql.Column("at", sql.BigInteger, nullable=False),
    sql.Column("told", sql.Text, nullable=False),  # JSON: figures, no person
    sql.Column("changes", sql.Text, nullable=False),  # JSON: who changes
    sql.Index("policy_trial_policy", "policy", "at"),
)


class DraftMovedOnError(HeadraceError):
    """A draft was saved elsewhere since it was read."""


@dataclass(frozen=True)
class Draft:
    """A policy that is being written.

    Attributes:
        user: Whose.
        policy: Of which policy.
        base: Version it was begun from; 0: the pack's own.
        files: Texts that differ from those of the version, by name.
        revision: Counts how often it was saved; 0: not yet.
        at: When last, microseconds since 1970.
    """

    user: str
    policy: str
    base: int
    files: Mapping[str, str]
    revision: int = 0
    at: int = 0


@dataclass(frozen=True)
class Trial:
    """What came of a trial.

    Attributes:
        id: Of the job that made it.
        policy: Which.
        digest: Of the document that was tried, see `document_digest`.
        base: Version it was compared with; 0: the pack's own.
        by: Who asked for it.
        at: When, microseconds since 1970.
        told: Figures about all and about parts, as `simulate_policy.told` says them.
        changes: One for each case that changes; personal.
    """

    id: str
    policy: str
    digest: str
    base: int
    by: str
    at: int
    told: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...] = ()


class PolicyDeskStore:
    """Drafts and trials, in the tables of the service's store."""

    def __init__(self, store: WebStore) -> None:
        """Use a store that was brought up to date."""
        self._store = store

    def draft(self, user: str, policy: str) -> Draft | None:
        """A user's draft of a policy; None where there is none."""
        query = sql.select(drafts).where(_of(user, policy))
        row = self._store.read(lambda connection: connection.execute(query).first())
        return None if row is None else _draft(row)

    def save(self, draft: Draft, at: int) -> Draft:
        """Keep a draft, whose revision is that which was read; it comes back with the next.

        Raises:
            DraftMovedOnError: It was saved elsewhere since.
        """
        saved = replace(draft, revision=draft.revision + 1, at=at)
        row = vars(saved) | {"files": json.dumps(dict(saved.files), ensure_ascii=False)}

        def keep(connection: Connection) -> None:
            query = sql.select(drafts.c.revision).where(_of(draft.user, draft.policy))
            if (connection.scalar(query) or 0) != draft.revision:
                raise DraftMovedOnError(
                    "The draft was saved in another window since this page was loaded",
                    where=f"{draft.policy}, draft",
                    remedy="Load the page again: it shows what was saved last",
                )
            connection.execute(sql.delete(drafts).where(_of(draft.user, draft.policy)))
            connection.execute(sql.insert(drafts), row)

        self._store.write(keep)
        return saved

    def discard(self, user: str, policy: str) -> None:
        """Forget a draft, if there is one."""
        change = sql.delete(drafts).where(_of(user, policy))
        self._store.write(lambda connection: connection.execute(change))

    def keep_trial(self, trial: Trial) -> None:
        """Keep what came of a trial; one that is made again takes the place of the first."""
        texts = {
            name: json.dumps(getattr(trial, name), ensure_ascii=False)
            for name in ("told", "changes")
        }

        def keep(connection: Connection) -> None:
            connection.execute(sql.delete(trials).where(trials.c.id == trial.id))
            connection.execute(sql.insert(trials), vars(trial) | texts)

        self._store.write(keep)

    def trial(self, policy: str, name: str) -> Trial | None:
        """A trial by its id, with who changes; None where there is none of this policy."""
        query = sql.select(trials).where(trials.c.id == name, trials.c.policy == policy)
        row = self._store.read(lambda connection: connection.execute(query).first())
        return None if row is None else _trial(row)

    def trials(self, policy: str, digest: str | None = None) -> tuple[Trial, ...]:
        """The last trials of a policy, newest first, without who changes.

        Args:
            policy: Its name.
            digest: Only of this document; None: of any.
        """
        columns = [each for each in trials.c if each.name != "changes"]
        query = sql.select(*columns).where(trials.c.policy == policy)
        if digest is not None:
            query = query.where(trials.c.digest == digest)
        query = query.order_by(trials.c.at.desc()).limit(TRIALS_SHOWN)
        return self._store.read(lambda connection: tuple(map(_trial, connection.execute(query))))


def _of(user: str, policy: str) -> sql.ColumnElement[bool]:
    return (drafts.c.user == user) & (drafts.c.policy == policy)


def _draft(row: Row[Any]) -> Draft:
    return Draft(**{**row._mapping, "files": json.loads(row.files)})


def _trial(row: Row[Any]) -> Trial:
    told = dict(row._mapping) | {"told": json.loads(row.told)}
    return Trial(**told | {"changes": tuple(json.loads(told.get("changes", "[]")))})
