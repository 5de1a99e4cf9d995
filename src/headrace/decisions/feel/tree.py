"""The frozen tree of a FEEL expression (DMN 1.5, 10.3.1.2) and of unary tests.

Two trees are equal where they say the same: `at`, the place in the text, is not compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from headrace.decisions.feel.types import Type
from headrace.decisions.feel.values import Value


@dataclass(frozen=True, kw_only=True)
class Node:
    """Any part of an expression; `at` counts characters from the start of the text."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Literal(Node):
    """A number, string, boolean, null or `@"..."` literal (rule 33)."""

    value: Value

    def __eq__(self, other: object) -> bool:
        """Whether they are one literal: true is not 1, though Python says so."""
        if not isinstance(other, Literal):
            return NotImplemented
        return type(self.value) is type(other.value) and self.value == other.value

    def __hash__(self) -> int:
        """Of the value."""
        return hash((type(self.value), self.value))


@dataclass(frozen=True)
class Name(Node):
    """A name to look up, with single spaces between its words (rule 25)."""

    name: str


@dataclass(frozen=True)
class Path(Node):
    """`base.name` (rule 43)."""

    base: Node
    name: str


@dataclass(frozen=True)
class Filter(Node):
    """`base[condition]` (rule 50)."""

    base: Node
    condition: Node


@dataclass(frozen=True)
class Negation(Node):
    """`-operand` (rule 26)."""

    operand: Node


@dataclass(frozen=True)
class Arithmetic(Node):
    """`left operator right` with one of + - * / ** (rules 19 to 24)."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Comparison(Node):
    """`left operator right` with one of = != < <= > >= (rule 49a)."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Conjunction(Node):
    """Two or more operands joined by `and` (rule 48)."""

    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Disjunction(Node):
    """Two or more operands joined by `or` (rule 47)."""

    operands: tuple[Node, ...]


@dataclass(frozen=True)
class Between(Node):
    """`value between low and high` (rule 49b)."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True)
class In(Node):
    """`value in tests` (rule 49c)."""

    value: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True)
class InstanceOf(Node):
    """`value instance of type` (rule 51)."""

    value: Node
    type: Type


@dataclass(frozen=True)
class If(Node):
    """`if condition then yes else no` (rule 45)."""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True)
class Iterator:
    """`name in source`, or `name in source..end` (rules 44 and 46)."""

    name: str
    source: Node
    end: Node | None = None


@dataclass(frozen=True)
class For(Node):
    """`for iterators return body` (rule 44); `partial` where the body uses that name."""

    iterators: tuple[Iterator, ...]
    body: Node
    partial: bool = False


@dataclass(frozen=True)
class Quantified(Node):
    """`some|every iterators satisfies condition` (rule 46)."""

    kind: str
    iterators: tuple[Iterator, ...]
    condition: Node


@dataclass(frozen=True)
class ListOf(Node):
    """`[items]` (rule 54)."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Context(Node):
    """`{name: value}` (rule 57); an entry sees those before it."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True)
class Interval(Node):
    """`[low..high]` (rule 8)."""

    low: Node
    high: Node
    low_included: bool
    high_included: bool


@dataclass(frozen=True)
class Test(Node):
    """`(< value)` and its like, with one of = != < <= > >= (rule 7): a range of one end."""

    __test__ = False  # not a pytest class

    operator: str
    value: Node


@dataclass(frozen=True)
class Question(Node):
    """A test that says `?` itself, so that its truth is the answer (rule 16)."""

    test: Node


@dataclass(frozen=True)
class Lambda(Node):
    """`function(parameters) body` (rule 55); an external body is kept, and never run."""

    parameters: tuple[tuple[str, Type | None], ...]
    body: Node
    external: bool = False


@dataclass(frozen=True)
class Call(Node):
    """`function(arguments)` by position (rule 38)."""

    function: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class NamedCall(Node):
    """`function(name: argument)` (rule 39)."""

    function: Node
    arguments: tuple[tuple[str, Node], ...]


Expression: TypeAlias = Node


def says(node: object, name: str) -> bool:
    """Whether a name is used anywhere in a tree."""
    if isinstance(node, Name):
        return node.name == name
    if isinstance(node, tuple):
        return any(says(part, name) for part in node)
    if isinstance(node, Node | Iterator):
        return any(says(part, name) for part in vars(node).values())
    return False


@dataclass(frozen=True)
class Tests:
    """Unary tests (rules 12 to 17): what an input cell of a decision table says.

    Attributes:
        alternatives: One that holds is enough; none at all is `-`, which always holds.
        negated: `not(...)`: none of them may hold.
    """

    __test__ = False  # not a pytest class
    alternatives: tuple[Node, ...]
    negated: bool = False
