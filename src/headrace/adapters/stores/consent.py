"""Consents that were withdrawn, on the store of the service.

A withdrawal is never taken back: who consents again does so under another name. Each has two times,
as every fact has: from when on it holds, and when we were told. So a run that looks back at an
earlier day finds what was known that day, also where somebody later withdrew with effect from
before it.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from headrace.adapters.stores.web import WebStore
from headrace.adapters.web_schema import metadata
from headrace.adapters.workspace import Workspace
from headrace.clock import end_of_day
from headrace.facts.localtime import microseconds

LAST_DAY = date(2199, 12, 31)  # no run is asked for a later one

withdrawals = sql.Table(
    "consent_withdrawal",
    metadata,
    sql.Column("consent", sql.Text, primary_key=True),
    sql.Column("since", sql.BigInteger, primary_key=True, autoincrement=False),
    sql.Column("at", sql.BigInteger, nullable=False),  # all times: microseconds since 1970
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
            row = connection.execute(query.order_by(withdrawals.c.since).limit(1)).one_or_none()
            if row is not None and row.since <= told.since:
                return Withdrawal(**row._mapping)
            connection.execute(sql.insert(withdrawals), vars(told))
            return told

        return self._store.write(act)

    def withdrawn(self, moment: int) -> frozenset[str]:
        """The consents that nobody may rest on at a moment, as far as we had been told by then.

        Args:
            moment: Microseconds since 1970.
        """
        holds = (withdrawals.c.since <= moment) & (withdrawals.c.at <= moment)
        query = sql.select(withdrawals.c.consent).where(holds).distinct()
        return self._store.read(lambda connection: frozenset(connection.scalars(query)))


def withdrawn_in(workspace: Workspace, day: date | None, zone: str, now: int) -> frozenset[str]:
    """The consents on which a run of a workspace may not rest, whether or not it is served.

    Args:
        workspace: Whose store of accounts is asked; nothing is made where there is none.
        day: The run looks back at the end of this day: what was withdrawn, or told, later does not
            change it. None: it decides now, and a consent withdrawn since the last fact binds it.
        zone: Whose day is meant.
        now: Microseconds since 1970.

    Raises:
        InputError: The store cannot be used.
    """
    address = workspace.store("accounts")
    if not (workspace.database or Path(address).is_file()):
        return frozenset()
    moment = now if day is None else microseconds(end_of_day(min(day, LAST_DAY), zone))
    with closing(WebStore.opened(address)) as store:
        return ConsentStore(store).withdrawn(moment)
