"""Memberships: who belongs to whose group, by which rule, with which numbers, resting on what."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.groups.basis import Codes, Floats, Ints, Mask, Ragged, first_rows, stacked
from headrace.graph.groups.rules import GroupKind, Rule, RuleBook

HEAD = -1
"""In place of a rule: the party at the centre of its own group."""


@dataclass(frozen=True)
class Memberships:
    """Reasons for which parties belong to groups, as parallel arrays.

    A party may be in many groups, and in one group for several reasons: each is a row.

    Attributes:
        kind: `GroupKind` of each row.
        head: Node at the centre of the group.
        member: Node.
        rule: Position in the rule book; HEAD: the head itself.
        certain: Whether it is so whatever is unknown; else it may be so.
        low: The number the rule looks at (a share in 0..1, a count of signs); NaN: none.
        high: The most it can be.
        proof: Items as `headrace.graph.groups.basis` defines them.
    """

    kind: NDArray[np.int8]
    head: Codes
    member: Codes
    rule: NDArray[np.int16]
    certain: Mask
    low: Floats
    high: Floats
    proof: Ragged

    def __len__(self) -> int:
        return len(self.member)

    def take(self, rows: Ints) -> "Memberships":
        """Some rows, in the order given."""
        return Memberships(
            self.kind[rows],
            self.head[rows],
            self.member[rows],
            self.rule[rows],
            self.certain[rows],
            self.low[rows],
            self.high[rows],
            self.proof.take(rows),
        )

    def where(self, mask: Mask) -> "Memberships":
        """The rows that a mask marks."""
        return self.take(np.flatnonzero(mask))


@dataclass(frozen=True)
class Found:
    """What a rule found, before it has a place in the rule book.

    Attributes:
        low: NaN where the rule has no number.
    """

    head: NDArray[np.integer]
    member: NDArray[np.integer]
    certain: Mask
    proof: Ragged
    low: Floats | None = None
    high: Floats | None = None

    def where(self, mask: Mask) -> "Found":
        """Some of it."""
        rows = np.flatnonzero(mask)
        low, high = (None if each is None else each[rows] for each in (self.low, self.high))
        return Found(
            self.head[rows],
            self.member[rows],
            self.certain[rows],
            self.proof.take(rows),
            low,
            high,
        )


def both(first: Found, second: Found) -> Found:
    """The rows of two findings of one rule; both have numbers, or none has."""
    numbers = [
        None if one is None or other is None else np.concatenate([one, other])
        for one, other in ((first.low, second.low), (first.high, second.high))
    ]
    return Found(
        np.concatenate([first.head, second.head]),
        np.concatenate([first.member, second.member]),
        np.concatenate([first.certain, second.certain]),
        stacked([first.proof, second.proof]),
        *numbers,
    )


def by_rule(book: RuleBook, identifier: str, found: Found) -> Memberships:
    """Rows of one rule: each pair once, the certain and shortest proof first."""
    place = book.get(identifier)
    if place is None:
        return nobody()
    position, rule = place
    return _rows(rule.kind, position, found, found.certain & rule.certain)


def heads(kind: GroupKind, head: NDArray[np.integer]) -> Memberships:
    """The heads of groups, each a certain member of its own."""
    head = np.unique(head)
    empty = Ragged(np.zeros(len(head) + 1, np.int64), np.zeros(0, np.int64))
    certain = np.ones(len(head), np.bool_)
    return _rows(kind, HEAD, Found(head, head, certain, empty), certain)


def nobody() -> Memberships:
    """No rows."""
    none = np.zeros(0, np.int64)
    empty = Ragged(np.zeros(1, np.int64), none)
    found = Found(none, none, none.astype(np.bool_), empty)
    return _rows(GroupKind.ONE_CUSTOMER, HEAD, found, found.certain)


def together(parts: list[Memberships]) -> Memberships:
    """All rows, by kind, head, member and rule."""
    rows = _stacked([nobody(), *parts])
    order: Ints = np.lexsort((rows.rule, rows.member, rows.head, rows.kind))
    return rows.take(order)


def _rows(kind: GroupKind, position: int, found: Found, certain: Mask) -> Memberships:
    missing = np.full(len(found.member), np.nan)
    low = missing if found.low is None else found.low
    high = missing if found.high is None else found.high
    order: Ints = np.lexsort((found.proof.counts, -np.nan_to_num(low), ~certain))
    rows = order[first_rows(found.head[order], found.member[order])]
    return Memberships(
        np.full(len(rows), kind, np.int8),
        found.head[rows].astype(np.int32),
        found.member[rows].astype(np.int32),
        np.full(len(rows), position, np.int16),
        certain[rows],
        low[rows],
        high[rows],
        found.proof.take(rows),
    )


def _stacked(parts: list[Memberships]) -> Memberships:
    return Memberships(
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.head for part in parts]),
        np.concatenate([part.member for part in parts]),
        np.concatenate([part.rule for part in parts]),
        np.concatenate([part.certain for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
        stacked([part.proof for part in parts]),
    )


def reaches(rule: Rule, share: Ints) -> Mask:
    """Whether shares in billionths reach the rule's threshold, or are above it where it says so."""
    wanted = rule.threshold_nano
    return share > wanted if rule.above else share >= wanted
