"""What moved between two moments, and the fact that moved it.

The facts that differ between two snapshots are taken as changes: a statement that was added, began,
changed, was corrected, expired or was withdrawn. A move is explained by the fewest changes that,
made to the earlier snapshot and nothing else, already make it: found by trying, never by guessing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations

import numpy as np

from headrace.errors import InputError
from headrace.graph.groups.finding import Groups
from headrace.graph.groups.rules import GroupKind
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
        causes: The fewest changes that alone make the move; empty: none of up to three facts does,
            or only time has passed (a rule came into force, a year since somebody left is over).
    """

    kind: GroupKind
    head: int
    member: int
    before: bool | None
    after: bool | None
    causes: tuple[Change, ...]


def changes(before: Snapshot, after: Snapshot) -> tuple[Change, ...]:
    """Every statement of which the two snapshots hold different versions, in their order.

    Raises:
        InputError: If they are not cut out of the same statements.
    """
    if before.statements is not after.statements:
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


def diff(
    before: Groups,
    after: Groups,
    regroup: Callable[[Snapshot], Groups],
    tries_max: int = 200,
) -> tuple[Move, ...]:
    """Every move between two moments with the changes that caused it, by kind, head and member.

    Args:
        before: The earlier groups.
        after: The later groups.
        regroup: Groups of another snapshot, found as the earlier ones were.
        tries_max: How often `regroup` may be asked; then moves stay without causes.
    """
    trial = _Trial(before, changes(before.basis.snapshot, after.basis.snapshot), regroup, tries_max)
    old, new = before.standing(), after.standing()
    moves = []
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        if one != other:
            likely = _touching(before, key) | _touching(after, key)
            causes = trial.causes(key, other, likely)
            moves.append(Move(GroupKind(key[0]), key[1], key[2], one, other, causes))
    return tuple(moves)


_Key = tuple[int, int, int]


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
        made: tuple[Change, ...],
        regroup: Callable[[Snapshot], Groups],
        tries_max: int,
    ) -> None:
        self._snapshot = before.basis.snapshot
        self._changes = made
        self._regroup = regroup
        self._left = tries_max
        self._known: dict[tuple[int, ...], dict[_Key, bool]] = {}

    def causes(self, key: _Key, wanted: bool | None, likely: set[int]) -> tuple[Change, ...]:  # noqa: FBT001 - a value
        """The fewest changes that give a membership the standing that it has afterwards."""
        near = [at for at, each in enumerate(self._changes) if {each.before, each.after} & likely]
        rest = [at for at in range(len(self._changes)) if at not in set(near)]
        sizes = range(1, _TOGETHER_MAX + 1)
        sets = (chosen for count in sizes for pool in (near, near + rest)
                for chosen in combinations(pool, count))  # fmt: skip
        while self._left and (chosen := next(sets, None)) is not None:
            if self._standing(tuple(sorted(chosen))).get(key) == wanted:
                return tuple(self._changes[at] for at in sorted(chosen))
        # Without tries left, what was tried for other moves may still explain this one; to go
        # through all sets of thousands of changes for that would not end.
        fitting = (chosen for chosen in self._known if self._known[chosen].get(key) == wanted)
        return tuple(self._changes[at] for at in min(fitting, key=len, default=()))

    def _standing(self, chosen: tuple[int, ...]) -> dict[_Key, bool]:
        """Memberships with only these changes made."""
        if chosen not in self._known:
            self._left -= 1
            made = (self._changes[at] for at in chosen)
            self._known[chosen] = self._regroup(with_changes(self._snapshot, made)).standing()
        return self._known[chosen]
