"""Which facts may be read: their purpose is one of the reader's, their consent still stands."""

from collections.abc import Collection
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


def readable(facts: pa.Table, leave: Leave) -> Readable:
    """The facts of a table with columns `purpose` and `consent` that may be read.

    A fact that is left out for both reasons is counted once, under its purpose.
    """
    purpose = facts["purpose"].cast(pa.string())
    fits = pc.is_in(purpose, value_set=pa.array(sorted(leave.purposes), pa.string()))
    gone = rests_on(facts, leave.withdrawn)
    kept = facts.filter(pc.and_not(fits, gone))
    of_purpose = facts.num_rows - int(pc.sum(fits).as_py() or 0)
    return Readable(kept, of_purpose, facts.num_rows - of_purpose - kept.num_rows)


def rests_on(facts: pa.Table, consents: Collection[str]) -> pa.ChunkedArray:
    """Of each row of a table with a column `consent`, whether it rests on one of some consents."""
    named = facts["consent"].cast(pa.string())
    return pc.is_in(named, value_set=pa.array(sorted(consents), pa.string()))
