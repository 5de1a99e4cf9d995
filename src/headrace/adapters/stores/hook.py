"""Webhooks: who wants to be told of what, and what waits to be told. An outbox in the store.

What is told of is queued by the transaction that does it where both are in one store, so that
neither is without the other. A message is claimed for a while by whoever sends it; if the sender
dies it is sent again, so receivers may get one twice and tell by its id.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection, Row

from headrace.adapters.stores.web import WebStore
from headrace.adapters.web_schema import metadata, whole
from headrace.errors import InputError
from headrace.facts.localtime import instant_of

EVENTS = ("decision.made", "policy.activated", "case.opened", "job.ended", "payout.approved")
SECOND_US = 1_000_000
WAITS = (5, 60, 300, 1_800, 7_200, 18_000, 28_800, 28_800)
"""Seconds before each further try: a day in all."""
CLAIM_SECONDS = PAUSE_SECONDS = 60
HOOKS_MAX = 50
ANSWER_MAX = 200

hooks = sql.Table(
    "web_hook",
    metadata,
    sql.Column("id", sql.Text, primary_key=True),
    sql.Column("url", sql.Text, nullable=False),
    sql.Column("events", sql.Text, nullable=False),  # names with blanks between them
    sql.Column("secret", sql.Text, nullable=False),  # sealed: see `adapters.hook_sending`
    sql.Column("by", sql.Text, nullable=False),
    sql.Column("created", sql.BigInteger, nullable=False),  # microseconds since 1970
)
messages = sql.Table(
    "web_hook_message",
    metadata,
    sql.Column("number", whole, primary_key=True, autoincrement=True),
    sql.Column("id", sql.Text, nullable=False),  # the same at every try
    sql.Column("hook", sql.Text, sql.ForeignKey("web_hook.id"), nullable=False, index=True),
    sql.Column("event", sql.Text, nullable=False),
    sql.Column("body", sql.Text, nullable=False),  # JSON, the very bytes that are signed
    sql.Column("created", sql.BigInteger, nullable=False),
    sql.Column("due", sql.BigInteger, nullable=False),  # when it is to be tried next
    sql.Column("tries", sql.Integer, nullable=False),
    sql.Column("state", sql.Text, nullable=False),  # waiting, sent, given up
    sql.Column("answer", sql.Text, nullable=False),  # what came back of the last try
    sql.Index("web_hook_message_due", "state", "due"),
    sqlite_autoincrement=True,
)

WAITING, SENT, GIVEN_UP = "waiting", "sent", "given up"


@dataclass(frozen=True)
class Hook:
    """Somebody who wants to be told.

    Attributes:
        id: May be shown.
        url: Where to.
        events: Of what; names of `EVENTS`, sorted.
        secret: What messages are signed with, sealed.
        by: Who added it.
        created: When, in microseconds since 1970.
    """

    id: str
    url: str
    events: tuple[str, ...]
    secret: str
    by: str
    created: int


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        name: One of `EVENTS`.
        data: What receivers are told: ids and states, nothing about a person.
        at: When, in microseconds since 1970.
    """

    name: str
    data: Mapping[str, Any]
    at: int


@dataclass(frozen=True)
class Message:
    """An event on its way to one hook."""

    number: int
    id: str
    hook: str
    event: str
    body: str
    created: int
    due: int
    tries: int
    state: str
    answer: str


class HookStore:
    """Webhooks and their outbox in the store of the service."""

    def __init__(self, store: WebStore) -> None:
        """Use the tables of an open store."""
        self.store = store

    def add(self, hook: Hook) -> None:
        """Tell somebody from now on.

        Raises:
            InputError: There are too many.
        """

        def add(connection: Connection) -> None:
            count = connection.scalar(sql.select(sql.func.count()).select_from(hooks))
            if int(count or 0) >= HOOKS_MAX:
                raise InputError(
                    f"There are {HOOKS_MAX} webhooks", where="webhooks", remedy="Remove one"
                )
            connection.execute(sql.insert(hooks), vars(hook) | {"events": " ".join(hook.events)})

        self.store.write(add)

    def remove(self, name: str) -> bool:
        """Tell somebody no more; what waits is dropped. False if there is no such hook."""

        def remove(connection: Connection) -> bool:
            connection.execute(sql.delete(messages).where(messages.c.hook == name))
            return connection.execute(sql.delete(hooks).where(hooks.c.id == name)).rowcount > 0

        return self.store.write(remove)

    def hook(self, name: str) -> Hook | None:
        """The hook of an id; None if there is none."""
        return next((each for each in self.hooks() if each.id == name), None)

    def hooks(self) -> tuple[Hook, ...]:
        """All, oldest first."""
        query = sql.select(hooks).order_by(hooks.c.created, hooks.c.id)
        return self.store.read(lambda connection: tuple(map(_hook, connection.execute(query))))

    def tell(self, event: Event) -> None:
        """Queue an event for whoever wants to be told of it; durable when this returns."""
        wanted = any(event.name in each.events for each in self.hooks())
        if wanted:  # most have none: no lock for nothing
            self.store.write(lambda connection: queue_event(connection, event))

    def messages(self, hook: str, count: int) -> tuple[Message, ...]:
        """What was or is to be told to a hook, newest first."""
        query = (
            sql.select(messages)
            .where(messages.c.hook == hook)
            .order_by(messages.c.number.desc())
            .limit(count)
        )
        return self.store.read(
            lambda connection: tuple(Message(**row._mapping) for row in connection.execute(query))
        )

    def claim(self, now: int) -> tuple[Message, Hook] | None:
        """Take the message that is due first, for a minute; None where none is due."""
        due = (messages.c.state == WAITING) & (messages.c.due <= now)
        query = sql.select(messages).where(due).order_by(messages.c.due).limit(1)
        if self.store.read(lambda connection: connection.execute(query).first()) is None:
            return None

        def take(connection: Connection) -> tuple[Message, Hook] | None:
            row = connection.execute(query).first()
            if row is None:
                return None
            change = sql.update(messages).where(messages.c.number == row.number)
            connection.execute(
                change.values(due=now + CLAIM_SECONDS * SECOND_US, tries=row.tries + 1)
            )
            hook = connection.execute(sql.select(hooks).where(hooks.c.id == row.hook)).one()
            return Message(**{**row._mapping, "tries": row.tries + 1}), _hook(hook)

        return self.store.write(take)

    def settle(self, message: Message, answer: str, now: int, *, is_done: bool) -> None:
        """Note what came of a try: it is done, is due again later, or is given up.

        What else waits for a receiver that failed waits a minute too: one that does not answer must
        not keep the others waiting, message by message.
        """
        tried_out = message.tries > len(WAITS)
        state = SENT if is_done else GIVEN_UP if tried_out else WAITING
        due = now if state != WAITING else now + WAITS[message.tries - 1] * SECOND_US
        change = (
            sql.update(messages)
            .where(messages.c.number == message.number)
            .values(state=state, due=due, answer=answer[:ANSWER_MAX])
        )
        rest = sql.update(messages).where(
            (messages.c.hook == message.hook)
            & (messages.c.number != message.number)
            & (messages.c.state == WAITING)
            & (messages.c.due < now + PAUSE_SECONDS * SECOND_US)
        )

        def settle(connection: Connection) -> None:
            connection.execute(change)
            if not is_done:
                connection.execute(rest.values(due=now + PAUSE_SECONDS * SECOND_US))

        self.store.write(settle)

    def forget(self, created_before: int) -> int:
        """Delete messages that are older than a moment, arrived or not; how many."""
        old = sql.delete(messages).where(messages.c.created < created_before)
        return self.store.write(lambda connection: connection.execute(old).rowcount)

    def try_again(self, hook: str, now: int) -> int:
        """Make all that was given up, or waits, due now; how many."""
        again = (messages.c.hook == hook) & (messages.c.state != SENT)
        change = sql.update(messages).where(again).values(state=WAITING, due=now, tries=0)
        return self.store.write(lambda connection: connection.execute(change).rowcount)


def queue_event(connection: Connection, event: Event) -> None:
    """Put an event into the outbox, within the transaction that makes it so."""
    for row in connection.execute(sql.select(hooks)):
        if event.name in row.events.split():
            moment = instant_of(event.at)
            body = {"type": event.name, "timestamp": moment.isoformat(), "data": dict(event.data)}
            connection.execute(
                sql.insert(messages),
                {
                    "id": f"msg_{secrets.token_hex(12)}",
                    "hook": row.id,
                    "event": event.name,
                    "body": json.dumps(body, ensure_ascii=False, sort_keys=True),
                    "created": event.at,
                    "due": event.at,
                    "tries": 0,
                    "state": WAITING,
                    "answer": "",
                },
            )


def _hook(row: Row[Any]) -> Hook:
    return Hook(**{**row._mapping, "events": tuple(row.events.split())})
