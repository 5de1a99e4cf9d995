"""Exposure against limits: who uses how much, and how much more may be lent to whom.

All arithmetic is in whole minor units. A limit is the largest whole amount that is not above share
× capital: it is rounded down. An amount equal to the limit is within it. A party that
is in one group for several reasons, or by several branches, counts once; a party in several groups
counts in each.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.graph.groups.basis import NANO, Codes, Ints, Mask
from headrace.graph.groups.finding import Groups
from headrace.graph.groups.memberships import HEAD
from headrace.graph.groups.rules import Denominator, GroupKind, Limit, Measure, Scope
from headrace.graph.relations.kinds import Type

_INT64_MAX = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Capital:
    """The bank's capital in minor units; None: not known, so limits on it cannot be computed."""

    tier1_net: int | None = None
    net: int | None = None
    prior_quarter_net: int | None = None

    def of(self, denominator: Denominator) -> int | None:
        """The amount that a limit is a share of."""
        found: int | None = getattr(self, denominator.value)
        return found


@dataclass(frozen=True)
class Exposures:
    """What the bank has at risk per node, minor units; 0: nothing on the books.

    Attributes:
        exposure: Everything.
        net_credit: Credit less what may be deducted (margin deposits, pledged certificates of
            deposit and treasuries), position by position, never below 0.
        loans: Loans only.
    """

    exposure: Ints
    net_credit: Ints
    loans: Ints

    def of(self, measure: Measure) -> Ints:
        """The amounts that a limit is on."""
        found: Ints = getattr(self, measure.value)
        return found

    def with_more(self, node: int, amount_minor: int, *, loan: bool = True) -> "Exposures":
        """The same after lending more to one party (less, where the amount is negative)."""
        columns = {}
        for name in ("exposure", "net_credit", "loans"):
            column = getattr(self, name).copy()
            if loan or name != "loans":
                column[node] = max(int(column[node]) + amount_minor, 0)
            columns[name] = column
        return replace(self, **columns)


def exposures_of(
    parties: int,
    party: NDArray[np.integer],
    amount: Ints,
    deductible: Ints,
    loan: Mask,
) -> Exposures:
    """Sums per node of positions given as parallel arrays.

    Args:
        parties: How many nodes there are.
        party: The node of each position.
        amount: Minor units, 0 or more.
        deductible: What may be deducted from each, 0 or more; 0 where nothing.
        loan: Whether each is a loan.

    Raises:
        InputError: Naming the first position that is negative, or of a node that is not there, or
            if the sum passes 64 bits.
    """
    for name, column in (("amount", amount), ("deductible", deductible)):
        if (column < 0).any():
            at = int(np.argmax(column < 0))
            remedy = "0 or more, in minor units"
            raise InputError(f"{name} is {column[at]}", where=f"position {at}", remedy=remedy)
    if ((party < 0) | (party >= parties)).any():
        at = int(np.argmax((party < 0) | (party >= parties)))
        raise InputError(f"There is no party {party[at]}", where=f"position {at}")
    if sum(amount.tolist()) > _INT64_MAX:
        raise InputError("All exposures together pass 64 bits", remedy="Amounts in minor units")
    net = np.maximum(amount - deductible, 0)
    return Exposures(
        *(_per_node(parties, party, each) for each in (amount, net, np.where(loan, amount, 0)))
    )


def _per_node(parties: int, party: NDArray[np.integer], amount: Ints) -> Ints:
    total = np.zeros(parties, np.int64)
    np.add.at(total, party, amount)
    return total


@dataclass(frozen=True)
class Usage:
    """One limit, and everybody it is on, as parallel arrays.

    Attributes:
        limit: Which.
        base_minor: The capital it is a share of; None: not known.
        limit_minor: The most, rounded down; None where the capital is not known.
        head: The customer, or the head of the group; the bank for all related parties.
        group: The group; -1: a customer by itself.
        used: Minor units of certain members.
        used_possible: With those of possible members.
    """

    limit: Limit
    base_minor: int | None
    limit_minor: int | None
    head: Codes
    group: Ints
    used: Ints
    used_possible: Ints

    @property
    def counted(self) -> Ints:
        """What the limit is held against."""
        return self.used_possible if self.limit.possible_counts else self.used

    @property
    def room(self) -> Ints | None:
        """How much more may be lent, negative where the limit is passed; None: not known."""
        return None if self.limit_minor is None else self.limit_minor - self.counted

    @property
    def breached(self) -> NDArray[np.bool_]:
        """Where more is used than the limit; nowhere while the capital is not known."""
        if self.limit_minor is None:
            return np.zeros(len(self.head), np.bool_)
        return self.counted > self.limit_minor


def limit_minor(base_minor: int, limit: Limit) -> int:
    """The limit in minor units: share × capital, rounded down."""
    return base_minor * int(limit.share * NANO) // NANO


def usages(groups: Groups, exposures: Exposures, capital: Capital) -> tuple[Usage, ...]:
    """Every limit of the rule book, in its order, against everybody it is on."""
    return tuple(_usage(groups, exposures, capital, limit) for limit in groups.book.limits)


def _usage(groups: Groups, exposures: Exposures, capital: Capital, limit: Limit) -> Usage:
    amount = exposures.of(limit.measure)
    per_customer = np.zeros(len(amount), np.int64)
    np.add.at(per_customer, groups.customer, amount)
    head, group, used, possible = _SCOPES[limit.scope](groups, per_customer)
    base = capital.of(limit.denominator)
    most = None if base is None else limit_minor(base, limit)
    return Usage(limit, base, most, head.astype(np.int32), group, used, possible)


_Used = tuple[NDArray[np.integer], Ints, Ints, Ints]


def _customers(groups: Groups, amount: Ints, *, interbank: bool) -> _Used:
    """Everybody with an exposure, branches and other codes with their customer."""
    node = np.flatnonzero((amount > 0) & (_interbank(groups) == interbank))
    return node, np.full(len(node), -1), amount[node], amount[node]


def _interbank(groups: Groups) -> Mask:
    known = groups.basis.known.interbank
    return np.zeros(groups.basis.parties, np.bool_) if known is None else known


def _of_kind(groups: Groups, amount: Ints, kind: GroupKind, *, interbank: bool) -> _Used:
    """Groups of a kind; a group is interbank when all its members that count are."""
    group = np.flatnonzero((groups.kind == kind) & (_all_interbank(groups) == interbank))
    used, possible = _sums(groups, amount)
    return groups.head[group], group, used[group], possible[group]


def _all_interbank(groups: Groups) -> Mask:
    at = np.flatnonzero(groups.counted)
    plain = ~_interbank(groups)[groups.memberships.member[at]]
    all_of_them: Mask = np.bincount(groups.group[at], plain, minlength=len(groups)) == 0
    return all_of_them


def _sums(groups: Groups, amount: Ints) -> tuple[Ints, Ints]:
    """Per group what certain members use, and what all use; each customer once."""
    used, possible = (np.zeros(len(groups), np.int64) for _ in range(2))
    for total, rows in zip((used, possible), groups.distinct, strict=True):
        customer = groups.customer[groups.memberships.member[rows]]
        np.add.at(total, groups.group[rows], amount[customer])
    return used, possible


def _related(groups: Groups) -> tuple[Ints, Mask]:
    """Customers related to the bank, and whether each is so for certain."""
    rows = groups.memberships
    at = np.flatnonzero((rows.kind == GroupKind.RELATED) & (rows.rule != HEAD))
    customer = groups.customer[rows.member[at]]
    node = np.unique(customer).astype(np.int64)
    certain = np.zeros(groups.basis.parties, np.bool_)
    certain[customer[rows.certain[at]]] = True
    return node, certain[node]


def _related_customers(groups: Groups, amount: Ints) -> _Used:
    node, certain = _related(groups)
    kept = amount[node] > 0
    node, certain = node[kept], certain[kept]
    return node, np.full(len(node), -1), np.where(certain, amount[node], 0), amount[node]


def _related_groups(groups: Groups, amount: Ints) -> _Used:
    """Group customers with a company in them that is related to the bank."""
    rows = groups.memberships
    node, sure = _related(groups)
    state = np.zeros(groups.basis.parties, np.int8)
    state[node] = np.where(sure, 2, 1)
    company = groups.basis.snapshot.type_of[rows.member] != Type.PERSON
    at = np.flatnonzero((rows.kind == GroupKind.GROUP) & company)
    strength = np.minimum(state[groups.customer[rows.member[at]]], 1 + rows.certain[at])
    best = np.zeros(len(groups), np.int64)
    np.maximum.at(best, groups.group[at], strength)
    group = np.flatnonzero(best)
    used, possible = _sums(groups, amount)
    certain = best[group] == 2
    return groups.head[group], group, np.where(certain, used[group], 0), possible[group]


def _all_related(groups: Groups, amount: Ints) -> _Used:
    node, certain = _related(groups)
    if not len(node):
        return node, node, node, node
    used, possible = int(amount[node[certain]].sum()), int(amount[node].sum())
    group = groups.find(GroupKind.RELATED, groups.basis.bank)
    return tuple(np.array([each], np.int64) for each in (groups.basis.bank, group, used, possible))  # type: ignore[return-value]  # four of them


_SCOPES = {
    Scope.CUSTOMER: lambda groups, amount: _customers(groups, amount, interbank=False),
    Scope.INTERBANK_CUSTOMER: lambda groups, amount: _customers(groups, amount, interbank=True),
    Scope.GROUP: lambda groups, amount: _of_kind(groups, amount, GroupKind.GROUP, interbank=False),
    Scope.INTERBANK_GROUP: lambda groups, amount: _of_kind(
        groups, amount, GroupKind.GROUP, interbank=True
    ),
    Scope.DEPENDENCE: lambda groups, amount: _of_kind(
        groups, amount, GroupKind.DEPENDENCE, interbank=False
    ),
    Scope.RELATED_CUSTOMER: _related_customers,
    Scope.RELATED_GROUP: _related_groups,
    Scope.RELATED_ALL: _all_related,
}


@dataclass(frozen=True)
class Room:
    """How much more one limit leaves to a party.

    Attributes:
        limit: Which.
        head: The customer, or the head of the group it is on.
        group: The group; -1: the customer by itself.
        limit_minor: The most; None: the capital is not known.
        used_minor: What is used of it now.
    """

    limit: Limit
    head: int
    group: int
    limit_minor: int | None
    used_minor: int

    @property
    def room_minor(self) -> int | None:
        """Minor units, negative where the limit is passed; None: the capital is not known."""
        return None if self.limit_minor is None else self.limit_minor - self.used_minor


def room_for(groups: Groups, exposures: Exposures, capital: Capital, node: int) -> tuple[Room, ...]:
    """Every limit that lending to a party would use, the tightest first, unknown ones last.

    Limits that it would only come onto are there too, so that the first says how much more may be
    lent; `exposures.with_more` and a second call say what would be left after that.
    """
    one_more = exposures.with_more(int(groups.customer[node]), 1)
    now = usages(groups, exposures, capital)
    found = []
    for before, after in zip(now, usages(groups, one_more, capital), strict=True):
        used = dict(zip(_places(before), before.counted.tolist(), strict=True))
        for place, counted in zip(_places(after), after.counted.tolist(), strict=True):
            if counted > used.get(place, 0):
                found.append(Room(after.limit, *place, after.limit_minor, used.get(place, 0)))
    return tuple(sorted(found, key=lambda each: (each.room_minor is None, each.room_minor or 0)))


def _places(usage: Usage) -> list[tuple[int, int]]:
    return list(zip(usage.head.tolist(), usage.group.tolist(), strict=True))
