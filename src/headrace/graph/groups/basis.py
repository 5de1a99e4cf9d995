"""What the rules look at: relations of a moment, control, and what is known of parties.

Every conclusion rests on items: an item is the position of an edge in the snapshot, or, where a
chain of control stands behind it, the complement (`~row`) of a row of the control table; the edges
of that chain are asked for only when somebody wants to read the proof.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headrace.graph.relations.kinds import Kind
from headrace.graph.relations.snapshot import Snapshot

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

NOTHING = np.iinfo(np.int64).min
"""No item."""
NANO = 10**9


@dataclass(frozen=True)
class Ragged:
    """Rows of items: those of row i are `items[offsets[i]:offsets[i + 1]]`."""

    offsets: Ints
    items: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, row: int) -> Ints:
        """The items of one row."""
        return self.items[self.offsets[row] : self.offsets[row + 1]]

    @property
    def counts(self) -> Ints:
        """How many items each row has."""
        return np.diff(self.offsets)

    def take(self, rows: Ints) -> "Ragged":
        """Some rows, in the order given."""
        counts = self.counts[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        at = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], counts)
        return Ragged(offsets, self.items[at])

    def beside(self, other: "Ragged") -> "Ragged":
        """Row by row, the items of this and then those of another."""
        rows = np.arange(len(self))
        owner = np.concatenate([np.repeat(rows, self.counts), np.repeat(rows, other.counts)])
        order = np.argsort(owner, kind="stable")
        offsets = self.offsets + other.offsets
        return Ragged(offsets, np.concatenate([self.items, other.items])[order])


def ragged(columns: tuple[Ints, ...], rows: int) -> Ragged:
    """Rows of the items in some columns, in their order; NOTHING is left out."""
    if not columns:
        return Ragged(np.zeros(rows + 1, np.int64), np.zeros(0, np.int64))
    table = np.stack([np.asarray(column, np.int64) for column in columns], axis=1)
    kept = table != NOTHING
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    return Ragged(offsets, table[kept])


def stacked(parts: list[Ragged]) -> Ragged:
    """The rows of all parts, one after the other."""
    counts = np.concatenate([np.zeros(0, np.int64), *(part.counts for part in parts)])
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    items = np.concatenate([np.zeros(0, np.int64), *(part.items for part in parts)])
    return Ragged(offsets, items)


def gathered(rows: Ragged, group: Ints) -> Ragged:
    """Per group, in ascending order, the items of all its rows, each once, as they first came."""
    owner = np.repeat(group, rows.counts)
    kept = np.sort(first_rows(owner, rows.items))
    owner, items = owner[kept], rows.items[kept]
    groups = np.unique(group)
    counts = np.bincount(np.searchsorted(groups, owner), minlength=len(groups))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Ragged(offsets, items[np.argsort(owner, kind="stable")])


def matching(left: NDArray[np.integer], right: NDArray[np.integer]) -> tuple[Ints, Ints]:
    """Every pair of positions with equal keys, by position on the left."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    first = np.searchsorted(ordered, left, "left")
    counts = np.searchsorted(ordered, left, "right") - first
    at = np.repeat(np.arange(len(left)), counts)
    ends = np.cumsum(counts)
    place = np.arange(len(at)) - np.repeat(ends - counts, counts) + np.repeat(first, counts)
    return at, order[place]


def first_rows(*keys: NDArray[np.integer]) -> Ints:
    """Of the rows with equal keys the first, in the order of the keys (the first key leads)."""
    if not len(keys[0]):
        return np.zeros(0, np.int64)
    order = np.lexsort(keys[::-1])
    fresh = np.zeros(len(order), np.bool_)
    fresh[0] = True
    for key in keys:
        ordered = key[order]
        fresh[1:] |= ordered[1:] != ordered[:-1]
    return order[fresh]


def nano(share: Floats) -> Ints:
    """Shares in whole billionths, rounded down; a missing share is -1, below any threshold.

    A thousandth of a billionth is given for the binary form, so that 0.05 is fifty millionths.
    """
    known = np.where(np.isnan(share), 0.0, share)
    whole: Ints = np.floor(known * NANO + 1e-3).astype(np.int64)
    return np.where(np.isnan(share), -1, whole)


def at_most(share: Floats) -> Ints:
    """The most that shares can be, in whole billionths: a missing one can be the whole."""
    return np.where(np.isnan(share), NANO, nano(share))


def _no_chain(controller: int, controlled: int) -> Ints:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Control:
    """Who controls whom, directly or through others, as parallel arrays.

    Attributes:
        controller: Node.
        controlled: Node.
        certain: Whether it is so whatever the unknown shares are; else it may be so.
        low: The least share of votes commanded, 0..1; NaN where control is not by votes.
        high: The most.
        chain: The edges of the snapshot along which one controls another.
    """

    controller: Codes
    controlled: Codes
    certain: Mask
    low: Floats
    high: Floats
    chain: Callable[[int, int], Ints] = field(default=_no_chain, repr=False)

    def __len__(self) -> int:
        return len(self.controller)


@dataclass(frozen=True)
class Votes:
    """Who casts which votes, after proxies and nominees, as parallel arrays.

    Attributes:
        holder: Node that casts them.
        company: Node.
        least: Certain votes in billionths.
        edge: Holding or agreement behind them.
        by: Edge of the proxy or nominee by which they came to the holder; -1: its own.
        besides: Per node, votes in billionths that nobody is recorded to have.
    """

    holder: Codes
    company: Codes
    least: Ints
    edge: Ints
    by: Ints
    besides: Ints


@dataclass(frozen=True)
class Owners:
    """Ultimate beneficiaries: who is behind whom, with the share in 0..1.

    Attributes:
        chain: The edges of the snapshot along which one owns another.
    """

    owner: Codes
    owned: Codes
    low: Floats
    high: Floats
    chain: Callable[[int, int], Ints] = field(default=_no_chain, repr=False)


def no_owners() -> Owners:
    """Nobody is behind anybody."""
    nobody, nothing = np.zeros(0, np.int32), np.zeros(0, np.float64)
    return Owners(nobody, nobody, nothing, nothing)


@dataclass(frozen=True)
class Known:
    """What is known of parties beyond their relations; each per node, or None: of nobody.

    Attributes:
        customer: Whether the bank deals with it; None: with everybody.
        net_assets: Minor units.
        net_assets_known: Whether they are known.
        adult: Whether a person is of age.
        adult_known: Whether that is known.
        merged: Node that a node is another code of; itself where it is nobody else's.
        interbank: Whether it is a financial institution.
    """

    customer: Mask | None = None
    net_assets: Ints | None = None
    net_assets_known: Mask | None = None
    adult: Mask | None = None
    adult_known: Mask | None = None
    merged: Codes | None = None
    interbank: Mask | None = None


@dataclass(frozen=True)
class Basis:
    """What the rules look at, at one moment.

    Attributes:
        bank: Node of the bank itself; -1: it is not in the graph, so it has no related parties.
    """

    snapshot: Snapshot
    control: Control
    votes: Votes
    owners: Owners = field(default_factory=no_owners)
    known: Known = field(default_factory=Known)
    bank: int = -1

    @property
    def parties(self) -> int:
        """How many nodes there are."""
        return len(self.snapshot.parties)

    def edges(self, kind: Kind) -> Ints:
        """Positions of the edges of one kind whose ends differ."""
        snapshot = self.snapshot
        return np.flatnonzero((snapshot.kind == kind) & (snapshot.subject != snapshot.object))

    def with_roles(self, kind: Kind, words: tuple[str, ...]) -> Ints:
        """Positions of the edges of one kind whose role is one of some words."""
        wanted = [at for at, word in enumerate(self.snapshot.roles) if word in words]
        edges = self.edges(kind)
        return edges[np.isin(self.snapshot.role[edges], wanted)]
