"""What moved between two moments, and the fact that moved it.

The facts that differ between two snapshots are taken as changes: a statement that was added, began,
changed, was corrected, expired or was withdrawn. A move is explained by the fewest changes that,
made to the earlier snapshot and nothing else, already make it: found by trying, never by guessing.
Where every reason of a membership is a rule that was not in force at the other moment, the rule is
part of the explanation, and changes are tried under the rules of the later moment.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from headrace.errors import InputError
from headrace.graph.groups.finding import Groups
from headrace.graph.groups.rules import GroupKind, Rule
from headrace.graph.relations.snapshot import Snapshot

_TOGETHER_MAX = 3  # more facts at once explain nothing to anybody


class What(StrEnum):
    """What happened to a statement."""

    ADDED = "added"
    BEGAN = "began"
    CHANGED = "changed"
    CORRECTED = "corrected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Change:
    """One statement that says something else, or nothing, or something at all.

    Attributes:
        what: What happened to it.
        before: Its version in the earlier snapshot, a position in the statements; -1: none.
        after: Its version in the later one; -1: none.
        fact: Id of the fact that did it: the later version's, the one that withdrew it, or the one
            that expired.
    """

    what: What
    before: int
    after: int
    fact: str


@dataclass(frozen=True)
class Move:
    """A party that joined or left a group, or whose membership became certain or only possible.

    Attributes:
        before: None: it was not in the group; else whether that was certain.
        after: The same at the later moment.
        causes: The fewest changes that alone, or with `rules`, make the move; empty: no fact is
            needed beside those, or none of up to three makes it (a year since somebody left is
            over).
        rules: Rules in force at one of the two moments only, without which it is not made.
        described: Whether what party facts say (of what type a party is) makes it.
        explained: Whether causes, rules or what party facts say make the move by themselves.
        searched: False: the tries ran out first, so that causes may be missing or not the fewest.
    """

    kind: GroupKind
    head: int
    member: int
    before: bool | None
    after: bool | None
    causes: tuple[Change, ...]
    rules: tuple[Rule, ...] = ()
    described: bool = False
    explained: bool = False
    searched: bool = True


def changes(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Every statement of which the two snapshots hold different versions, in their order.

    Raises:
        InputError: If they are not cut out of the same statements. What is known of the parties
            may differ.
    """
    if before.statements.fact is not after.statements.fact:
        remedy = "Cut both out of the statements that hold all facts"
        raise InputError("The two snapshots are of different statements", remedy=remedy)
    statements = before.statements
    gone = np.setdiff1d(before.version, after.version)
    come = np.setdiff1d(after.version, before.version)
    old = {int(statements.statement[each]): int(each) for each in gone}
    new = {int(statements.statement[each]): int(each) for each in come}
    return tuple(
        _change(before, after, old.get(number, -1), new.get(number, -1))
        for number in sorted(old.keys() | new.keys())
    )


def _change(before: Snapshot, after: Snapshot, gone: int, come: int) -> Change:
    statements = before.statements
    if come < 0:
        ended = bool(statements.until[gone] <= after.moment)
        what = What.EXPIRED if ended else What.WITHDRAWN
        speaks = gone if ended else _withdrawing(after, gone)
        return Change(what, gone, come, statements.fact[speaks].as_py())
    if gone < 0:
        what = What.BEGAN if statements.since[come] > before.moment else What.ADDED
    else:
        later = statements.since[come] > statements.since[gone]
        what = What.CHANGED if later else What.CORRECTED
    return Change(what, gone, come, statements.fact[come].as_py())


def _withdrawing(after: Snapshot, gone: int) -> int:
    """The version that withdrew another: of its statement, the last known by then."""
    statements = after.statements
    same = (statements.statement == statements.statement[gone]) & statements.withdrawn
    same &= (statements.known <= after.known) & (statements.since <= after.moment)
    versions = np.flatnonzero(same)
    if not len(versions):
        return gone
    return int(versions[np.argmax(statements.known[versions])])


def with_changes(before: Snapshot, made: Iterable[Change]) -> Snapshot:
    """The earlier snapshot with some changes made and no other."""
    version = set(before.version.tolist())
    for change in made:
        version.discard(change.before)
        if change.after >= 0:
            version.add(change.after)
    return replace(before, version=np.array(sorted(version), np.int64))


Regroup = Callable[[Snapshot], Groups]


def diff(
    before: Groups,
    after: Groups,
    regroup: Regroup,
    tries_max: int = 200,
    *,
    renewed: Regroup | None = None,
) -> tuple[Move, ...]:
    """Every move between two moments with what caused it, by kind, head and member.

    Args:
        before: The earlier groups.
        after: The later groups.
        regroup: Groups of another snapshot, found as the earlier ones were.
        tries_max: How often groups may be found again for all moves together; then moves stay
            without causes, and say so.
        renewed: The same by the rules in force at the later moment; None: a change of rules
            explains nothing.
    """
    trial = _Trial(before, after, (regroup, renewed), tries_max)
    old, new = before.standing(), after.standing()
    moves = []
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        if one != other:
            rules = () if renewed is None else _rules_behind(before, after, key, other)
            likely = _touching(before, key) | _touching(after, key)
            move = Move(GroupKind(key[0]), key[1], key[2], one, other, (), rules)
            moves.append(trial.explained(move, key, likely))
    return tuple(moves)


_Key = tuple[int, int, int]


def _rules_behind(
    before: Groups,
    after: Groups,
    key: "_Key",
    wanted: bool | None,  # noqa: FBT001 - a value
) -> tuple[Rule, ...]:
    """The rules of a membership, where none of them was in force at the other moment."""
    own, other = (before, after) if wanted is None else (after, before)
    group = own.find(GroupKind(key[0]), key[1])
    rows = own.rows(group) if group >= 0 else range(0)
    found = [
        own.rule(row)
        for row in rows
        if int(own.memberships.member[row]) == key[2]
        and (not wanted or own.memberships.certain[row])
    ]
    rules = tuple(dict.fromkeys(rule for rule in found if rule is not None))
    return () if any(rule in other.book.rules for rule in rules) else rules


def _touching(groups: Groups, key: _Key) -> set[int]:
    """Versions of the edges that a membership rests on."""
    group = groups.find(GroupKind(key[0]), key[1])
    found: set[int] = set()
    for row in groups.rows(group) if group >= 0 else ():
        if int(groups.memberships.member[row]) == key[2]:
            found.update(groups.basis.snapshot.version[groups.edges(row)].tolist())
    return found


class _Trial:
    """Tries sets of changes, each set once, the smallest and likeliest first."""

    def __init__(
        self,
        before: Groups,
        after: Groups,
        ways: tuple[Regroup, Regroup | None],
        tries_max: int,
    ) -> None:
        self._before, self._after = before.basis.snapshot, after.basis.snapshot
        self._changes = changes(self._before, self._after)
        self._regroup, self._renewed = ways
        self._left = tries_max
        self._known: dict[tuple[int, ...], dict[_Key, bool]] = {}
        self._known_renewed: dict[tuple[int, ...], dict[_Key, bool]] = {}
        self._described: dict[_Key, bool] | None = None

    def explained(self, move: Move, key: _Key, likely: set[int]) -> Move:
        """The move with the fewest changes that give it the standing it has afterwards."""
        sets = self._sets(likely, smallest=0 if move.rules else 1)
        known = self._known_renewed if move.rules else self._known
        while self._left and (chosen := next(sets, None)) is not None:
            if self._standing(chosen, known).get(key) == move.after:
                return self._by(move, chosen)
        searched = self._left > 0
        # Without tries left, what was tried for other moves may still explain this one; to go
        # through all sets of thousands of changes for that would not end.
        fitting = [each for each in known if known[each].get(key) == move.after]
        if fitting:
            return replace(self._by(move, min(fitting, key=len)), searched=searched)
        described = self._by_parties().get(key) == move.after
        return replace(move, described=described, explained=described, searched=searched)

    def _by(self, move: Move, chosen: tuple[int, ...]) -> Move:
        return replace(move, causes=tuple(self._changes[at] for at in chosen), explained=True)

    def _sets(self, likely: set[int], smallest: int) -> Iterator[tuple[int, ...]]:
        near = [at for at, each in enumerate(self._changes) if {each.before, each.after} & likely]
        rest = [at for at in range(len(self._changes)) if at not in set(near)]
        for count in range(smallest, _TOGETHER_MAX + 1):
            for pool in (near, near + rest):
                for chosen in combinations(pool, count):
                    yield tuple(sorted(chosen))

    def _standing(
        self, chosen: tuple[int, ...], known: dict[tuple[int, ...], dict[_Key, bool]]
    ) -> dict[_Key, bool]:
        """Memberships with only these changes made, by the rules of the earlier or later day."""
        if chosen not in known:
            self._left -= 1
            made = (self._changes[at] for at in chosen)
            regroup = self._renewed if known is self._known_renewed else None
            found = (regroup or self._regroup)(with_changes(self._before, made))
            known[chosen] = found.standing()
        return known[chosen]

    def _by_parties(self) -> dict[_Key, bool]:
        """Memberships before, but with what is known of parties afterwards."""
        if self._described is None:
            there = replace(self._before, statements=self._after.statements)
            same = self._before.statements is self._after.statements
            self._described = {} if same else self._regroup(there).standing()
        return self._described
