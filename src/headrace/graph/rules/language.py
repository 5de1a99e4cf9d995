"""Rules as they are written, and what can be wrong with them.

    controls(X, Y) :- sum(S over Z: holds(X, Z, Y, S), S > 0) > 0.5.     a sum, compared
    holds(X, X, Y, S) :- owns(X, Y, S).
    holds(X, Z, Y, S) :- controls(X, Z), owns(Z, Y, S).                  recursion
    exposed := controls ∘ guarantees.                                    a chain of relations
    stranger(X, Y) :- trades(X, Y, _), not linked(X, Y).                 negation

A name in parentheses is a variable, whatever its case or script; `_` is one nobody asks about; a
party is named in quotes. Numbers are exact decimals, `25%` is 0.25. `#` begins a comment.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from headrace.errors import MappingError


@dataclass(frozen=True, order=True)
class Place:
    """Where in a text: line and column from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, or (a warning) that may cost more than was meant."""

    problem: str
    place: Place
    remedy: str

    def __str__(self) -> str:
        return f"line {self.place.line}, column {self.place.column}: {self.problem}; {self.remedy}"


class RulesError(MappingError):
    """Rules that cannot be run.

    Attributes:
        problems: All of them, in the order of the text.
    """

    def __init__(self, problems: list[Problem]) -> None:
        """Word the first one; the others are counted."""
        self.problems = tuple(sorted(problems, key=lambda each: each.place))
        first = self.problems[0]
        others = len(self.problems) - 1
        super().__init__(
            first.problem + (f" (and {others} more)" if others else ""),
            where=f"line {first.place.line}, column {first.place.column}",
            remedy=first.remedy,
        )


@dataclass(frozen=True)
class Variable:
    """A name for any value. Those written `_` have names of their own that begin with it."""

    name: str
    place: Place

    @property
    def nameless(self) -> bool:
        """Whether it was written `_`."""
        return self.name.startswith("_#")


@dataclass(frozen=True)
class Number:
    """An exact decimal."""

    value: Decimal
    place: Place


@dataclass(frozen=True)
class Text:
    """A party by its name."""

    value: str
    place: Place


Term = Variable | Number | Text


@dataclass(frozen=True)
class Atom:
    """A relation between terms.

    Attributes:
        ends: Only the first two columns are given, whatever the relation has: a link of a chain.
    """

    relation: str
    terms: tuple[Term, ...]
    place: Place
    ends: bool = False


@dataclass(frozen=True)
class Negation:
    """No fact agrees with the atom."""

    atom: Atom


@dataclass(frozen=True)
class Comparison:
    """`left operator right`; of what is missing none is true."""

    left: Term
    operator: str
    right: Term
    place: Place


Simple = Atom | Negation | Comparison


class Function(Enum):
    """What is made of the numbers of a group; the values are those of `kernels`."""

    SUM = 0
    MIN = 1
    MAX = 2
    COUNT = 3


@dataclass(frozen=True)
class Total:
    """`function(value over witnesses: body) operator right`, or `right = function(...)`.

    Attributes:
        value: What is totalled; None for a count.
        over: The variables that tell contributions apart.
    """

    function: Function
    value: Variable | None
    over: tuple[Variable, ...]
    body: tuple[Simple, ...]
    operator: str
    right: Term
    place: Place


Literal = Simple | Total


@dataclass(frozen=True)
class Rule:
    """`head :- body.`; without a body the head is simply so.

    Attributes:
        text: As it was written, on one line.
    """

    head: Atom
    body: tuple[Literal, ...]
    text: str


@dataclass(frozen=True)
class Link:
    """A relation as a step of a chain, or (turned) from its object to its subject."""

    relation: str
    turned: bool
    place: Place


@dataclass(frozen=True)
class Sequence:
    """One step after another."""

    parts: tuple["Path", ...]


@dataclass(frozen=True)
class Choice:
    """Any one of some ways."""

    parts: tuple["Path", ...]


@dataclass(frozen=True)
class Repeated:
    """Once or more."""

    part: "Path"


Path = Link | Sequence | Choice | Repeated


@dataclass(frozen=True)
class Chain:
    """`name := path.`."""

    name: str
    path: Path
    text: str
    place: Place
