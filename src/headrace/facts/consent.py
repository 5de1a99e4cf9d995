"""Which facts may be read: their purpose is one of the reader's, their consent still stands."""

from collections.abc import Collection
from dataclasses import dataclass

import pyarrow as pa

from headrace.facts.cells import Mask, is_in


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
    unfit = _is_unfit(facts, leave)
    kept = facts.filter(pa.array(~(unfit | rests_on(facts, leave.withdrawn))))
    of_purpose = int(unfit.sum())
    return Readable(kept, of_purpose, facts.num_rows - of_purpose - kept.num_rows)


def unread(facts: pa.Table, leave: Leave) -> Mask:
    """Which rows of such a table may not be read."""
    return _is_unfit(facts, leave) | rests_on(facts, leave.withdrawn)


def rests_on(facts: pa.Table, consents: Collection[str]) -> Mask:
    """Of each row of a table with a column `consent`, whether it rests on one of some consents."""
    return is_in(facts["consent"], pa.array(sorted(consents), pa.string()))


def _is_unfit(facts: pa.Table, leave: Leave) -> Mask:
    return ~is_in(facts["purpose"], pa.array(sorted(leave.purposes), pa.string()))
