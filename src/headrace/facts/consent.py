"""Which facts may be read: their purpose is one of the reader's, their consent still stands."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Leave:
    """What somebody may read.

    Attributes:
        purposes: Those for which facts may be used.
        withdrawn: Consents that nobody may rest on any more.
    """

    purposes: Collection[str]
    withdrawn: Collection[str] = ()


@dataclass(frozen=True)
class Readable:
    """Facts that may be read, and how many may not.

    Attributes:
        facts: The others, in order.
        of_purpose: Left out, for they serve another purpose.
        of_consent: Left out, for the consent was withdrawn.
    """

    facts: pa.Table
    of_purpose: int = 0
    of_consent: int = 0


def withdrawn_by(since: Mapping[str, int], at: int) -> frozenset[str]:
    """The consents that are withdrawn at a moment.

    Args:
        since: From when on each is, microseconds since 1970.
        at: The moment.
    """
    return frozenset(consent for consent, from_then in since.items() if from_then <= at)


def readable(facts: pa.Table, leave: Leave) -> Readable:
    """The facts of a table with columns `purpose` and `consent` that may be read.

    A fact that is left out for both reasons is counted once, under its purpose.
    """
    purpose, consent = (facts[name].cast(pa.string()) for name in ("purpose", "consent"))
    fits = pc.is_in(purpose, value_set=pa.array(sorted(leave.purposes), pa.string()))
    gone = pc.is_in(consent, value_set=pa.array(sorted(leave.withdrawn), pa.string()))
    kept = facts.filter(pc.and_not(fits, gone))
    of_purpose = facts.num_rows - int(pc.sum(fits).as_py() or 0)
    return Readable(kept, of_purpose, facts.num_rows - of_purpose - kept.num_rows)
