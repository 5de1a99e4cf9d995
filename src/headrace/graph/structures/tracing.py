"""Where the money of a loan went (贷后资金追踪), and where the money of a payment came from.

Money has no colour, so a rule must say which part of a payment is the loan's. Three are offered:

- FIFO: what came into an account first goes out first (Clayton's Case, 1816; for ledgers of
  payments: Anderson, Shumailov and Ahmed, "Making Bitcoin Legal", 2018).
- PROPORTIONAL: every payment carries the share that the account holds ("haircut": Möser, Böhme and
  Breuker, "Towards Risk Scoring of Bitcoin Transactions", 2014).
- LOAN_FIRST: the loan's money goes out before any other: the strict reading of a bank that
  checks what a loan was used for ("poison" of the same paper, held to the amount that there is).

Whatever the rule, the parts are whole minor units that add up to what was disbursed, exactly.
"""

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.structures import kernels
from headrace.graph.structures.transfers import Transfers

Ints = NDArray[np.int64]


class Rule(IntEnum):
    """Which part of a payment is the traced money."""

    FIFO = kernels.FIFO
    PROPORTIONAL = kernels.PROPORTIONAL
    LOAN_FIRST = kernels.LOAN_FIRST


class End(IntEnum):
    """Why traced money went no further.

    HELD: it still lies there at the end of the time looked at. TRICKLE: the payment was too small
    a part to be followed. HOPS: the chain was long enough. The others are kinds of place, which
    the caller marks: the borrower or its group, a guarantor, property, securities, cash, a lender.
    """

    HELD = kernels.HELD
    TRICKLE = kernels.TRICKLE
    HOPS = kernels.HOPS
    BORROWER = 3
    GUARANTOR = 4
    PROPERTY = 5
    SECURITIES = 6
    CASH = 7
    LENDER = 8


@dataclass(frozen=True)
class Money:
    """An amount that came into an account: a disbursement, a contribution, a payment.

    Attributes:
        account: Code of the party that has it.
        amount: Minor units, positive.
        time: When it came, microseconds since 1970 UTC.
        transfer: Position of the transfer that brought it, where it is one of those traced; what
            came before that transfer in the same moment is then not looked at. None: it is not.
    """

    account: int
    amount: int
    time: int
    transfer: int | None = None


@dataclass(frozen=True)
class TraceLimits:
    """How far money is followed.

    Attributes:
        until: The last moment that counts, microseconds since 1970 UTC.
        hops_max: Transfers from the first account, at most.
        ratio_min: Of all traced money that its payer received, the least part that a payment must
            carry to be followed onward, 0..1 (the threshold of LDBC FinBench, complex read 8).
        steps_max: Transfers of the accounts touched that are looked at, at most.
    """

    until: int
    hops_max: int = 5
    ratio_min: float = 0.0
    steps_max: int = 100_000


@dataclass(frozen=True)
class Around:
    """What is known of the parties, arrays of one value a party.

    Attributes:
        ends: int8: an `End` from BORROWER on where money ends there, 0 where it goes on; empty:
            it goes on everywhere.
        own: int64: other money that lay there when traced money first came, minor units; empty:
            none that is known of. What came in later is in the transfers.
    """

    ends: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    own: Ints = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True)
class Trace:
    """Where an amount went, in minor units that add up to it.

    Attributes:
        amount: What was traced.
        edges: int64 (steps,): positions of the transfers that carried it, in time order.
        carried: int64 (steps,): how much of each was traced money.
        hops: int64 (steps,): transfers from the first account to its payee.
        party: int32 (places,): where it ended; a party may be there for several reasons.
        ended: int64 (places,): how much; sums to `amount`.
        why: int8 (places,): `End`.
        whole: False where `steps_max` ended the work; what was not followed is HELD.
    """

    amount: int
    edges: Ints
    carried: Ints
    hops: Ints
    party: NDArray[np.int32]
    ended: Ints
    why: NDArray[np.int8]
    whole: bool

    def by_end(self) -> dict[End, int]:
        """Minor units by why they went no further."""
        kinds = np.unique(self.why).tolist()
        return {End(kind): int(self.ended[self.why == kind].sum()) for kind in kinds}

    def at(self, party: int) -> int:
        """Minor units that ended with a party."""
        return int(self.ended[self.party == party].sum())


def trace(
    moved: Transfers,
    money: Money,
    limits: TraceLimits,
    rule: Rule = Rule.FIFO,
    around: Around | None = None,
) -> Trace:
    """Follow money through the transfers after it came.

    An account's own money comes first where `own` says that there was some. A payment above all
    that was seen to come in is made up of money of the payer's own.

    Raises:
        InputError: If the amount is not positive, or the account or the transfer is none of these.
    """
    around = around or Around()
    if money.amount <= 0 or not 0 <= money.account < moved.parties:
        raise InputError(
            f"{money.amount} minor units with party {money.account} cannot be traced",
            where="Money",
            remedy=f"Give a positive amount, and a party from 0 to {moved.parties - 1}.",
        )
    if money.transfer is None:
        first = int(np.searchsorted(moved.time, money.time, "left"))
    else:
        first = _rank(moved, money.transfer) + 1
    steps_max = min(limits.steps_max, 2 * len(moved.payer))
    steps = np.empty((steps_max, 3), np.int64)
    ended = np.empty((2 * steps_max + 1, 3), np.int64)
    taken, places, whole = kernels.follow_money(
        moved.payer,
        moved.payee,
        moved.amount,
        moved.time,
        moved.incident_at,
        moved.incident,
        np.array([money.account, money.amount, first], np.int64),
        np.array([rule, limits.until, limits.hops_max, steps_max], np.int64),
        float(limits.ratio_min),
        _full(around.ends, moved.parties, np.int8),
        _full(around.own, moved.parties, np.int64),
        np.zeros(moved.parties, np.int32),
        np.empty((steps_max + 1, 8), np.int64),
        np.empty((4 * steps_max + 4, 3), np.int64),
        np.empty(steps_max + 2, np.int64),
        steps,
        ended,
    )
    steps, ended = steps[:taken], ended[:places]
    party, why, amount = _summed(ended)
    return Trace(
        amount=money.amount,
        edges=moved.position[steps[:, 0]],
        carried=steps[:, 1],
        hops=steps[:, 2],
        party=party.astype(np.int32),
        ended=amount,
        why=why.astype(np.int8),
        whole=bool(whole),
    )


def _rank(moved: Transfers, position: int) -> int:
    rank = int(moved.rank[position]) if 0 <= position < len(moved.rank) else -1
    if rank < 0:
        raise InputError(
            f"{position} is not the position of a transfer with an amount and a time",
            where="transfer",
            remedy="Give the position of one of those that are traced.",
        )
    return rank


def _full(given: NDArray[np.generic], parties: int, kind: type) -> NDArray[np.generic]:
    return given.astype(kind, copy=False) if given.size else np.zeros(parties, kind)


def _summed(ended: Ints) -> tuple[Ints, Ints, Ints]:
    """Party, why and amount, a row for each pair of the first two."""
    keys, group = np.unique(ended[:, [0, 2]], axis=0, return_inverse=True)
    amount = np.zeros(len(keys), np.int64)
    np.add.at(amount, group.reshape(-1), ended[:, 1])
    return keys[:, 0], keys[:, 1], amount


@dataclass(frozen=True)
class Contribution:
    """A payment of capital looked at from both sides (虚假出资, 抽逃出资).

    Attributes:
        before: Where the contributor had it from, traced backward; `End.LENDER` is borrowed.
        after: Where the firm let it go, traced forward; `End.BORROWER` is the contributor or its
            group, `End.LENDER` those from whom it was borrowed.
        borrowed: Minor units that came from lenders.
        returned: Minor units that went back to the contributor, its group or the lenders.
    """

    before: Trace
    after: Trace
    borrowed: int
    returned: int


def contribution(
    moved: tuple[Transfers, Transfers],
    position: int,
    days: tuple[TraceLimits, TraceLimits],
    around: tuple[Around, Around],
) -> Contribution:
    """Trace a contribution to its sources, and onward from the firm.

    Sources are taken latest first: what came in last before the payment paid for it (LOAN_FIRST in
    time turned round). Onward the contributed money is taken to leave first.

    Args:
        moved: The transfers, and the same turned round by `backward`.
        position: Of the transfer that is the contribution.
        days: How far back (`until` is the earliest moment), and how far onward.
        around: What ends the search backward, and what ends it onward.
    """
    forward, turned = moved
    rank = _rank(forward, position)
    amount, time = int(forward.amount[rank]), int(forward.time[rank])
    giver, firm = int(forward.payer[rank]), int(forward.payee[rank])
    back, onward = days
    earliest = TraceLimits(-back.until, back.hops_max, back.ratio_min, back.steps_max)
    before = trace(
        turned, Money(giver, amount, -time, position), earliest, Rule.LOAN_FIRST, around[0]
    )
    after = trace(forward, Money(firm, amount, time, position), onward, Rule.LOAN_FIRST, around[1])
    home = np.isin(after.why, [End.BORROWER, End.LENDER])
    return Contribution(
        before=before,
        after=after,
        borrowed=before.by_end().get(End.LENDER, 0),
        returned=int(after.ended[home].sum()),
    )
