"""Consents that were withdrawn, on the store of the service.

A withdrawal is never taken back: who consents again does so under another name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from headrace.adapters.web_schema import metadata
from headrace.adapters.web_store import WebStore

withdrawals = sql.Table(
    "consent_withdrawal",
    metadata,
    sql.Column("consent", sql.Text, primary_key=True),
    sql.Column("since", sql.BigInteger, nullable=False),  # all times: microseconds since 1970
    sql.Column("at", sql.BigInteger, nullable=False),
    sql.Column("by", sql.Text, nullable=False),
)


@dataclass(frozen=True)
class Withdrawal:
    """A consent that was withdrawn.

    Attributes:
        consent: As facts name it.
        since: From then on nothing that rests on it is used; microseconds since 1970.
        at: When we were told.
        by: Who told us.
    """

    consent: str
    since: int
    at: int
    by: str


class ConsentStore:
    """Withdrawals of consent."""

    def __init__(self, store: WebStore) -> None:
        """Use the service's store."""
        self._store = store

    def withdraw(self, told: Withdrawal) -> Withdrawal:
        """Note a withdrawal, durably.

        Returns:
            What holds now: where it was withdrawn before, the earlier `since` of the two.
        """

        def act(connection: Connection) -> Withdrawal:
            query = sql.select(withdrawals).where(withdrawals.c.consent == told.consent)
            row = connection.execute(query).one_or_none()
            if row is not None and row.since <= told.since:
                return Withdrawal(**row._mapping)
            connection.execute(sql.delete(withdrawals).where(withdrawals.c.consent == told.consent))
            connection.execute(sql.insert(withdrawals), vars(told))
            return told

        return self._store.write(act)

    def since(self) -> Mapping[str, int]:
        """From when on each consent is withdrawn, by its name."""
        query = sql.select(withdrawals.c.consent, withdrawals.c.since)
        rows = self._store.read(lambda connection: connection.execute(query).all())
        return {row.consent: row.since for row in rows}
