"""What one run of FEEL may use, and what it has to report.

DMN answers a wrong type, a missing name, a division by zero with null and goes on (10.3.2, 10.3.4).
Here every such null leaves a note: what, and where. One `Notes` serves a whole run, however many
expressions of a model it evaluates, so that its limits hold for the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from headrace.decisions.feel.calendar import DateTime
from headrace.decisions.feel.errors import FeelError
from headrace.decisions.feel.types import Type
from headrace.decisions.feel.values import Value


@dataclass(frozen=True)
class Note:
    """A null that DMN would have kept silent about.

    Attributes:
        text: What was wrong, and what was expected.
        at: Characters from the start of the expression.
        where: What the caller was at: a decision, a cell; empty where it set nothing.
    """

    text: str
    at: int
    where: str = ""


@dataclass(frozen=True)
class Limits:
    """Bounds on one run; a run that meets one ends with a FeelError.

    Attributes:
        steps: Nodes evaluated, items walked, characters read and made, all together.
        depth: Expressions within expressions, calls included.
        items: Of one list, and of one range that is iterated.
        characters: Of one string.
        written: Items of a result with all its lists and contexts written out.
    """

    steps: int = 250_000
    depth: int = 150
    items: int = 100_000
    characters: int = 1_000_000
    written: int = 1_000_000


@dataclass
class Notes:
    """One run: its notes, its moment, its types, its limits.

    Attributes:
        moment: What `now()` and `today()` answer; None has them answer null, with a note.
        types: The types a model defines, by name, for `instance of` and typed parameters: each
            gives the FEEL type it stands for, or a test of a value.
        limits: Bounds of the run.
        where: Set by the caller; kept with every note made meanwhile.
        notes: The notes so far, at most `MOST`.
    """

    moment: DateTime | None = None
    types: Mapping[str, Type | Callable[[Value], bool]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    where: str = ""
    notes: list[Note] = field(default_factory=list)
    steps: int = 0
    depth: int = 0
    at: int = 0

    def add(self, text: str, at: int | None = None) -> None:
        """Report a null; past `MOST` notes a run has said enough, and a text at `LONGEST`."""
        if len(self.notes) < MOST:
            self.notes.append(Note(text[:LONGEST], self.at if at is None else at, self.where))

    def spend(self, steps: int) -> None:
        """Count work.

        Raises:
            FeelError: The run has done all it may.
        """
        self.steps += steps
        if self.steps > self.limits.steps:
            raise FeelError(
                f"The evaluation took more than {self.limits.steps:,} steps",
                where=self._place(),
                remedy="Walk shorter lists or ranges",
            )

    def sized(self, items: int) -> None:
        """Count a list about to be made or walked.

        Raises:
            FeelError: It has more items than a list may.
        """
        if items > self.limits.items:
            raise FeelError(
                f"A list or range has {items:,} items",
                where=self._place(),
                remedy=f"At most {self.limits.items:,} can be walked",
            )
        self.spend(items)

    def spelled(self, characters: int) -> None:
        """Count a string about to be made.

        Raises:
            FeelError: It has more characters than a string may.
        """
        if characters > self.limits.characters:
            raise FeelError(
                f"A string has {characters:,} characters",
                where=self._place(),
                remedy=f"At most {self.limits.characters:,} can be made",
            )
        self.spend(characters // 100)

    def enter(self, at: int) -> None:
        """Go one expression deeper.

        Raises:
            FeelError: Too deep, as with a function that calls itself without end.
        """
        self.depth += 1
        self.at = at
        self.spend(1)
        if self.depth > self.limits.depth:
            raise FeelError(
                f"Expressions call each other more than {self.limits.depth} deep",
                where=self._place(),
                remedy="End the recursion sooner, or nest less",
            )

    def leave(self) -> None:
        """Come back from an expression that was entered."""
        self.depth -= 1

    def _place(self) -> str:
        return f"{self.where + ', ' if self.where else ''}character {self.at + 1}"


MOST = 1000
LONGEST = 500
