"""All groups of a moment, found by the rules in force on that day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from headrace.graph.groups.basis import Basis, Codes, Ints, Mask, first_rows
from headrace.graph.groups.control_groups import group_customers
from headrace.graph.groups.customers import one_customers
from headrace.graph.groups.dependence import economic_dependence
from headrace.graph.groups.memberships import HEAD, Memberships, together
from headrace.graph.groups.related import related_parties
from headrace.graph.groups.rules import GroupKind, Rule, RuleBook
from headrace.graph.relations.kinds import Type


@dataclass(frozen=True)
class Groups:
    """Groups as stars around heads: group g is rows `start[g]:start[g + 1]` of the memberships.

    Attributes:
        basis: What the rules looked at.
        book: The rules in force on `day`.
        memberships: By kind, head, member and rule.
        customer: Per node, the node that it counts as (its head office, its one code).
        start: First row of each group, and the number of rows at the end.
        elsewhere: Where a row rests on another moment, the groups of that moment and the row there.
    """

    basis: Basis
    book: RuleBook
    day: date
    memberships: Memberships
    customer: Codes
    start: Ints
    elsewhere: Mapping[int, tuple["Groups", int]] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.start) - 1

    @cached_property
    def kind(self) -> NDArray[np.int8]:
        """`GroupKind` of each group."""
        return self.memberships.kind[self.start[:-1]]

    @cached_property
    def head(self) -> Codes:
        """The node in the middle of each group."""
        return self.memberships.head[self.start[:-1]]

    @cached_property
    def group(self) -> Ints:
        """The group of each row of the memberships."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    @cached_property
    def counted(self) -> Mask:
        """Rows whose exposure counts: no natural person in a group, unless the book says."""
        rows, types = self.memberships, self.basis.snapshot.type_of
        if self.book.persons_count:
            return np.ones(len(rows), np.bool_)
        counts: Mask = ~((rows.kind == GroupKind.GROUP) & (types[rows.member] == Type.PERSON))
        return counts

    @cached_property
    def distinct(self) -> tuple[Ints, Ints]:
        """Rows that count, one for each customer of each group: of certain ones, and of all."""
        at = np.flatnonzero(self.counted)
        customer = self.customer[self.memberships.member[at]]
        every = at[first_rows(self.group[at], customer)]
        sure = np.flatnonzero(self.memberships.certain[at])
        return at[sure[first_rows(self.group[at[sure]], customer[sure])]], every

    def find(self, kind: GroupKind, head: int) -> int:
        """The group of a kind around a head; -1: there is none."""
        at = np.flatnonzero((self.kind == kind) & (self.head == head))
        return int(at[0]) if len(at) else -1

    def of(self, member: int) -> Ints:
        """The groups that a party is in."""
        return np.unique(self.group[self.memberships.member == member])

    def rows(self, group: int) -> range:
        """The rows of one group."""
        return range(int(self.start[group]), int(self.start[group + 1]))

    def rule(self, row: int) -> Rule | None:
        """The rule of a row; None: the head itself."""
        position = int(self.memberships.rule[row])
        return None if position == HEAD else self.book.rules[position]

    def edges(self, row: int) -> Ints:
        """Every edge of the snapshot that a row rests on, chains of control unfolded."""
        control = self.basis.control
        found: list[int] = []
        for item in self.memberships.proof.of(row).tolist():
            if item >= 0:
                found.append(item)
            else:
                pair = int(control.controller[~item]), int(control.controlled[~item])
                found += control.chain(*pair).tolist()
        return np.array(list(dict.fromkeys(found)), np.int64)

    def standing(self) -> dict[tuple[int, int, int], bool]:
        """Every kind, head and member, and whether it is certain; heads left out."""
        rows = self.memberships
        at = np.flatnonzero(rows.rule != HEAD)
        keys = zip(
            rows.kind[at].tolist(), rows.head[at].tolist(), rows.member[at].tolist(), strict=True
        )
        found: dict[tuple[int, int, int], bool] = {}
        for key, certain in zip(keys, rows.certain[at].tolist(), strict=True):
            found[key] = found.get(key, False) or certain
        return found


def find_groups(basis: Basis, book: RuleBook, day: date) -> Groups:
    """Every group of every kind, by the rules in force on `day`.

    A group customer, and a group of dependents, has at least two customers that count; what is only
    one customer is not a group.
    """
    book = book.on(day)
    one, customer = one_customers(basis, book)
    parts = [
        one,
        group_customers(basis, book),
        economic_dependence(basis, book),
        related_parties(basis, book),
    ]
    groups = groups_from(basis, book, day, together(parts), customer)
    several = _customers_of(groups) > 1
    alone_is_enough = np.isin(groups.kind, (GroupKind.ONE_CUSTOMER, GroupKind.RELATED))
    kept = groups.memberships.where((several | alone_is_enough)[groups.group])
    return groups_from(basis, book, day, kept, customer)


def groups_from(
    basis: Basis, book: RuleBook, day: date, rows: Memberships, customer: Codes
) -> Groups:
    """Groups of memberships that are in order."""
    changed = (np.diff(rows.kind, prepend=-1) != 0) | (np.diff(rows.head, prepend=-2) != 0)
    start = np.append(np.flatnonzero(changed), len(rows)).astype(np.int64)
    return Groups(basis, book, day, rows, customer, start)


def _customers_of(groups: Groups) -> Ints:
    """How many different customers each group counts."""
    return np.bincount(groups.group[groups.distinct[1]], minlength=len(groups))
