"""Facts as somebody may see them: of firms they may know of, for their purpose, masked by role."""

from dataclasses import dataclass, replace
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.facts.consent import Leave, Readable, readable
from headrace.web.firm_desk import known_at
from headrace.web.security.accounts import Principal
from headrace.web.security.reading import masked
from headrace.web.security.scope import scope_of
from headrace.web.services import Services

PERMISSION = "firms"


@dataclass(frozen=True)
class Asked:
    """Which facts.

    Attributes:
        party: Whom they name.
        since: Events before it are left out; None: none are.
        until: Events from it on are left out; None: none are.
        known_by: What became known after it is not used; None: everything is.
    """

    party: str
    since: datetime | None = None
    until: datetime | None = None
    known_by: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("since", "until", "known_by"):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is None:
                raise InputError(
                    "this time has no zone",
                    where={"since": "from", "until": "to"}.get(name, name),
                    remedy="as 2026-06-30T00:00:00+08:00, or with Z",
                )


def read_facts(services: Services, principal: Principal, kind: str, asked: Asked) -> Readable:
    """Facts of a kind about a party, in the stored order.

    Raises:
        Refused: The firm may not be known of.
        InputError: There is no such kind, or it is about no party.
        HeadraceError: The run left no facts.
    """
    run = services.run.current()
    scope_of(principal).require(asked.party, run.regions)
    found = services.firms.facts(kind, asked.party)
    if asked.known_by is not None:
        found = known_at(found, asked.known_by)
    return seen(services, principal, _between(found, asked))


def seen(services: Services, principal: Principal, facts: pa.Table) -> Readable:
    """Facts that somebody may read for the purpose of looking at a firm."""
    found = readable(facts, leave_now(services))
    return replace(found, facts=masked(found.facts, principal.user.roles))


def leave_now(services: Services) -> Leave:
    """What may be read of firms at this moment."""
    return services.leave_to(PERMISSION)


def _between(facts: pa.Table, asked: Asked) -> pa.Table:
    kind = pa.timestamp("us", tz="UTC")
    for bound, fits in ((asked.since, pc.greater_equal), (asked.until, pc.less)):
        if bound is not None:
            facts = facts.filter(fits(facts["event_time"], pa.scalar(bound, kind)))
    return facts
