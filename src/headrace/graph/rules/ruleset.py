"""Rules that were checked: plain, with a number for every variable, in the order they are run."""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.graph.rules.language import Function, Place, Problem

PARTY = -1
WORD = -2
"""The kinds of a column: of parties, of words such as roles; one of 0 or more is a number with so
many decimal places."""

INNER = "#"
"""In the name of a relation that rules do not write: the groups of a total, its contributions."""


@dataclass(frozen=True)
class Column:
    """A column of a relation: its name, and PARTY, WORD or its decimal places, 0 to 9."""

    name: str
    kind: int = PARTY


@dataclass(frozen=True)
class Reading:
    """A relation with the variables of a rule in its columns."""

    relation: str
    slots: tuple[int, ...]
    place: Place


@dataclass(frozen=True)
class Comparing:
    """Two variables compared; constants are variables too."""

    left: int
    operator: str
    right: int


@dataclass(frozen=True)
class Constant:
    """A variable with a value: a text, or a number already in the places of its column."""

    slot: int
    value: int | str
    kind: int
    place: Place


@dataclass(frozen=True)
class PlainRule:
    """A rule with numbers for variables.

    Attributes:
        names: Of the variables, by slot; "" for those without one, and for constants.
        body: Relations a fact must be in.
        absent: Relations without such a fact; a slot in neither head nor body may be anything.
        text: As written.
    """

    head: Reading
    body: tuple[Reading, ...]
    absent: tuple[Reading, ...]
    comparisons: tuple[Comparing, ...]
    constants: tuple[Constant, ...]
    names: tuple[str, ...]
    text: str

    @property
    def free(self) -> frozenset[int]:
        """Slots that nothing binds: `_` in a negation."""
        bound = {slot for reading in self.body for slot in reading.slots}
        bound |= {constant.slot for constant in self.constants}
        return frozenset(range(len(self.names))) - bound


@dataclass(frozen=True)
class PlainTotal:
    """Groups of contributions.

    Attributes:
        relation: The groups: their columns, and last the total where it is not compared.
        parts: The contributions: columns of the group, those that tell them apart, the value.
        groups: How many columns a group has.
        operator: With `bound`, what the total must be; "" where it becomes a column.
        bound: In the places of the value.
        text: As it was written.
    """

    relation: str
    parts: str
    function: Function
    groups: int
    operator: str
    bound: int
    text: str


@dataclass(frozen=True)
class Component:
    """Relations that are derived from one another, and how."""

    relations: frozenset[str]
    rules: tuple[PlainRule, ...]
    totals: tuple[PlainTotal, ...]


@dataclass(frozen=True)
class RuleSet:
    """Rules that can be run.

    Attributes:
        base: Columns of the relations that are given.
        derived: Columns of those the rules derive, inner ones too.
        components: What each needs comes before it.
        warnings: What may cost more than was meant.
    """

    base: Mapping[str, tuple[Column, ...]]
    derived: Mapping[str, tuple[Column, ...]]
    components: tuple[Component, ...]
    warnings: tuple[Problem, ...]

    @property
    def rules(self) -> tuple[PlainRule, ...]:
        """All rules."""
        return tuple(rule for component in self.components for rule in component.rules)

    @property
    def used(self) -> frozenset[str]:
        """The given relations that the rules read."""
        readings = (each for rule in self.rules for each in (*rule.body, *rule.absent))
        return frozenset(each.relation for each in readings) & frozenset(self.base)
