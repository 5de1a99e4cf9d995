"""A rule -> the joins by which it is run: forward from new facts, backward from its head.

Bindings are a matrix with a row a candidate. Its first two columns are LIMIT, the rank below which
facts of the same recursion are seen, and TAG, what the candidate came from; then the rule's slots.
A plan begins with facts of one relation and adds one relation after the other: first those of
which most is bound, given relations before derived ones, so that the chains walked are short.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.graph.rules.ruleset import Comparing, PlainRule, Reading

LIMIT, TAG, FIRST = 0, 1, 2


@dataclass(frozen=True)
class Pair:
    """A column of a relation and the slot that goes with it."""

    column: int
    slot: int


@dataclass(frozen=True)
class Join:
    """One relation added to bindings.

    Attributes:
        key: Columns that the index finds.
        equal: Columns compared after it: those of numbers, and second places of a variable.
        takes: Columns that bind slots.
        whole: Every column is bound: the fact itself is looked up.
        inside: The relation is of the head's own recursion, so that LIMIT counts.
        absent: Bindings with a fact are dropped, not kept.
    """

    relation: str
    key: tuple[Pair, ...]
    equal: tuple[Pair, ...]
    takes: tuple[Pair, ...]
    whole: bool
    inside: bool
    absent: bool

    @property
    def columns(self) -> tuple[int, ...]:
        """Of the index."""
        return tuple(pair.column for pair in self.key)


Step = Join | Comparing


@dataclass(frozen=True)
class Plan:
    """How bindings come about.

    Attributes:
        takes: What the facts begun with bind.
        equal: Columns of theirs that must have the value of a slot already bound.
        steps: What follows.
        head: The slots of the head's columns.
        width: Columns of the bindings.
    """

    takes: tuple[Pair, ...]
    equal: tuple[Pair, ...]
    steps: tuple[Step, ...]
    head: tuple[int, ...]
    width: int


@dataclass(frozen=True)
class Plans:
    """All the ways in which a rule is run.

    Attributes:
        rule: As checked.
        codes: Values of its constants by slot.
        forward: One for each relation of the body, from its facts.
        released: One for each absent relation, from facts that are no longer there.
        blocked: One for each absent relation, from facts that came.
        whole: From nothing, for a rule without relations that a fact must be in.
        backward: From facts of the head.
        witnesses: How to find the fact of each relation of the body when all is bound.
    """

    rule: PlainRule
    codes: Mapping[int, int]
    forward: tuple[Plan, ...]
    released: tuple[Plan, ...]
    blocked: tuple[Plan, ...]
    whole: Plan
    backward: Plan
    witnesses: tuple[Join, ...]


def plans_of(
    rule: PlainRule,
    kinds: Mapping[str, tuple[int, ...]],
    given: frozenset[str],
    inside: frozenset[str],
    codes: Mapping[int, int],
) -> Plans:
    """All the ways in which a rule is run.

    Args:
        rule: As checked.
        kinds: Of the columns of every relation; given relations end with the edge's position.
        given: The relations that no rule derives.
        inside: The relations of the head's own recursion.
        codes: Values of the rule's constants by slot.
    """
    planner = _Planner(rule, kinds, given, inside, frozenset(codes))
    body, absent = list(rule.body), list(rule.absent)
    return Plans(
        rule=rule,
        codes=codes,
        forward=tuple(
            planner.plan(one, body[:at] + body[at + 1 :], absent) for at, one in enumerate(body)
        ),
        released=tuple(planner.plan(one, body, absent) for one in absent),
        blocked=tuple(planner.plan(one, body, []) for one in absent),
        whole=planner.plan(None, body, absent),
        backward=planner.plan(rule.head, body, absent),
        witnesses=tuple(planner.witness(reading) for reading in body),
    )


@dataclass(frozen=True)
class _Planner:
    rule: PlainRule
    kinds: Mapping[str, tuple[int, ...]]
    given: frozenset[str]
    inside: frozenset[str]
    constants: frozenset[int]

    def plan(self, start: Reading | None, body: list[Reading], absent: list[Reading]) -> Plan:
        """Begin with the facts of a relation, then join the rest."""
        bound = set(self.constants)
        takes, equal = [], []
        for column, slot in enumerate(start.slots if start else ()):
            if slot in bound:
                equal.append(Pair(column, slot + FIRST))
            elif slot not in self.rule.free:
                takes.append(Pair(column, slot + FIRST))
                bound.add(slot)
        return Plan(
            takes=tuple(takes),
            equal=tuple(equal),
            steps=tuple(self._steps(bound, list(body), list(absent))),
            head=tuple(slot + FIRST for slot in self.rule.head.slots),
            width=FIRST + len(self.rule.names),
        )

    def witness(self, reading: Reading) -> Join:
        """The facts of a relation, once everything that is asked about is bound."""
        bound = {slot for slot in reading.slots if self._asked(slot)}
        return self._join(reading, bound | set(self.constants), absent=False)

    def _steps(self, bound: set[int], body: list[Reading], absent: list[Reading]) -> list[Step]:
        steps: list[Step] = []
        comparisons = list(self.rule.comparisons)
        while True:
            for each in [one for one in comparisons if {one.left, one.right} <= bound]:
                steps.append(Comparing(each.left + FIRST, each.operator, each.right + FIRST))
                comparisons.remove(each)
            for reading in [one for one in absent if set(one.slots) - self.rule.free <= bound]:
                steps.append(self._join(reading, bound, absent=True))
                absent.remove(reading)
            if not body:
                return steps
            best = min(body, key=lambda reading: self._cost(reading, bound))
            body.remove(best)
            steps.append(self._join(best, bound, absent=False))
            bound.update(best.slots)

    def _cost(self, reading: Reading, bound: set[int]) -> tuple[bool, bool, bool, int]:
        """Small for what finds few facts: all bound, then given relations, then most bound."""
        open_ = sum(self._asked(slot) and slot not in bound for slot in reading.slots)
        joined = any(slot in bound for slot in reading.slots)
        return not joined, open_ > 0, reading.relation not in self.given, open_

    def _asked(self, slot: int) -> bool:
        """Whether a slot stands anywhere else in the rule."""
        readings = (self.rule.head, *self.rule.body, *self.rule.absent)
        times = sum(each.slots.count(slot) for each in readings)
        return times > 1 or any(slot in (each.left, each.right) for each in self.rule.comparisons)

    def _join(self, reading: Reading, bound: set[int], *, absent: bool) -> Join:
        kinds = self.kinds[reading.relation]
        key: list[Pair] = []
        equal: list[Pair] = []
        takes: list[Pair] = []
        taken: set[int] = set()
        for column, slot in enumerate(reading.slots):
            pair = Pair(column, slot + FIRST)
            if slot in bound:
                (key if kinds[column] < 0 else equal).append(pair)
            elif slot in taken:
                equal.append(pair)
            elif self._asked(slot) and slot not in self.rule.free:
                takes.append(pair)
                taken.add(slot)
        whole = not takes and len(key) + len(equal) == len(reading.slots) and not taken
        return Join(
            relation=reading.relation,
            key=tuple(key),
            equal=tuple(equal),
            takes=tuple(takes),
            whole=whole,
            inside=reading.relation in self.inside,
            absent=absent,
        )
