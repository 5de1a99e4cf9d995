"""Money that moved between parties, sorted by time, and paths along it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot
from headrace.graph.relations.statements import ALWAYS
from headrace.graph.structures import kernels

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class Transfers:
    """Transfers in the order of time; of one moment, in the order in which they were given.

    Attributes:
        payer: int32 (m,), codes of parties.
        payee: int32 (m,).
        amount: int64 (m,), minor units.
        time: int64 (m,), microseconds since 1970 UTC, ascending.
        position: int64 (m,): where each was in what was given; results speak in these.
        rank: int64: the other way round; -1 for what is not among them.
        parties: How many parties there are.
        incident_at: int64 (parties + 1,): where each party's transfers begin in `incident`.
        incident: int64 (2 m,): of each party the transfers it paid or got, in order.
    """

    payer: Codes
    payee: Codes
    amount: Ints
    time: Ints
    position: Ints
    rank: Ints
    parties: int
    incident_at: Ints
    incident: Ints


def transfers(payer: Codes, payee: Codes, amount: Ints, time: Ints, parties: int) -> Transfers:
    """Transfers from arrays in any order.

    Raises:
        InputError: If the arrays differ in length, or a code is not one of 0..parties - 1.
    """
    if len({len(payer), len(payee), len(amount), len(time)}) != 1:
        raise InputError(
            f"{len(payer)} payers, {len(payee)} payees, {len(amount)} amounts and {len(time)} "
            "times are not one row each",
            where="transfers",
            remedy="Give arrays of one length.",
        )
    both = np.concatenate([payer, payee])
    if both.size and not 0 <= both.min() <= both.max() < parties:
        wrong = both[(both < 0) | (both >= parties)][0]
        raise InputError(
            f"party {wrong} is not one of 0 to {parties - 1}",
            where="transfers",
            remedy="Give codes of the parties, from 0.",
        )
    return _indexed(payer, payee, amount, time, parties)


def _indexed(payer: Codes, payee: Codes, amount: Ints, time: Ints, parties: int) -> Transfers:
    position = np.argsort(time, kind="stable")
    rank = np.empty_like(position)
    rank[position] = np.arange(len(position))
    payer, payee = payer[position].astype(np.int32), payee[position].astype(np.int32)
    both = np.concatenate([payer, payee])
    ranks = np.tile(np.arange(len(payer)), 2)
    order = np.lexsort((ranks, both))
    return Transfers(
        payer=payer,
        payee=payee,
        amount=amount[position].astype(np.int64),
        time=time[position].astype(np.int64),
        position=position,
        rank=rank,
        parties=parties,
        incident_at=np.searchsorted(both[order], np.arange(parties + 1)),
        incident=ranks[order],
    )


def transfers_of(snapshot: Snapshot, *kinds: Kind) -> Transfers:
    """The transfers of a snapshot; positions are those of its edges.

    Those of which no amount or no time is stated cannot be put in order or followed, and are left
    out: `len(snapshot.only(Kind.TRANSFERS)) - len(result.position)` says how many.

    Args:
        snapshot: Relations.
        kinds: Which count; none given: `Kind.TRANSFERS`. Of a trade the seller is the payer: goods.
    """
    wanted = np.isin(snapshot.kind, np.array(kinds or (Kind.TRANSFERS,), np.int8))
    chosen = np.flatnonzero(wanted & snapshot.amount_known & (snapshot.since != ALWAYS))
    found = transfers(
        snapshot.subject[chosen],
        snapshot.object[chosen],
        snapshot.amount[chosen],
        snapshot.since[chosen],
        len(snapshot.parties),
    )
    rank = np.full(len(snapshot), -1, np.int64)
    rank[chosen] = found.rank
    return replace(found, position=chosen[found.position], rank=rank)


def backward(forward: Transfers) -> Transfers:
    """The same transfers with time and direction turned round; positions stay.

    What is traced forward in the result is traced to its sources in the original.
    """
    turned = _indexed(
        forward.payee[::-1],
        forward.payer[::-1],
        forward.amount[::-1],
        -forward.time[::-1],
        forward.parties,
    )
    return Transfers(
        payer=turned.payer,
        payee=turned.payee,
        amount=turned.amount,
        time=turned.time,
        position=forward.position[::-1][turned.position],
        rank=np.where(forward.rank < 0, -1, len(forward.position) - 1 - forward.rank),
        parties=turned.parties,
        incident_at=turned.incident_at,
        incident=turned.incident,
    )


@dataclass(frozen=True)
class Between:
    """Two parties, and when money may have moved between them.

    Attributes:
        source: Whose money.
        goal: Whom it may have reached.
        since: Microseconds since 1970 UTC; the first moment that counts.
        until: The last moment that counts.
        hops_max: Transfers in one chain, at most.
    """

    source: int
    goal: int
    since: int
    until: int
    hops_max: int = 8


def earliest_path(moved: Transfers, between: Between) -> Ints | None:
    """The chain of transfers, one after the other, that reaches the goal first.

    Returns:
        Positions of its transfers, in order; None where there is none within `hops_max`.
    """
    return _path(moved, between, goal=-1)


def shortest_path(moved: Transfers, between: Between) -> Ints | None:
    """The chain with the fewest transfers; of several, the one that arrives first.

    Returns:
        As `earliest_path`.
    """
    return _path(moved, between, goal=between.goal)


def _path(moved: Transfers, between: Between, goal: int) -> Ints | None:
    if between.source == between.goal:
        return None
    by = np.full((between.hops_max + 1, moved.parties), -1, np.int64)
    bounds = np.array(
        [
            np.searchsorted(moved.time, between.since, "left"),
            np.searchsorted(moved.time, between.until, "right"),
        ],
        np.int64,
    )
    hop = kernels.first_arrivals(moved.payer, moved.payee, bounds, between.source, by, goal)
    if by[hop, between.goal] < 0:
        return None
    party, path = between.goal, []
    while party != between.source:
        edge = int(by[hop, party])
        path.append(edge)
        party, hop = int(moved.payer[edge]), hop - 1
    return moved.position[path[::-1]]
