"""One evaluation of a model: what has been asked so far, and what it has to report."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from headrace.decisions.dmn.tree import Ref
from headrace.decisions.feel import Notes, Scope, Type, Value

Test: TypeAlias = Callable[[Notes, Value], bool]
Registry: TypeAlias = dict[str, Type | Test]


@dataclass(frozen=True)
class Fired:
    """Rules of a decision table that gave a result.

    Attributes:
        table: The element that holds the table.
        rules: Their numbers, from 1 in order of the file; in order of the output where that counts.
        annotations: One tuple a rule, one text a column.
    """

    table: str
    rules: tuple[int, ...]
    annotations: tuple[tuple[str, ...], ...]


@dataclass
class Run:
    """The state of one evaluation.

    Attributes:
        notes: FEEL's part: limits, and every null that DMN would keep silent about.
        given: What the caller told of inputs, by element.
        values: What inputs, decisions and functions came to, by element; each once.
        fired: Rules that fired, in order of evaluation.
        bound: Registries of types whose tests spend this run's steps, by identity.
    """

    notes: Notes
    given: Mapping[Ref, Value] = field(default_factory=dict)
    values: dict[Ref, Value] = field(default_factory=dict)
    fired: list[Fired] = field(default_factory=list)
    bound: dict[int, Mapping[str, Type | Callable[[Value], bool]]] = field(default_factory=dict)

    def at(self, where: str, plain: Mapping[str, Type]) -> None:
        """Name the element that FEEL is at, and the types its texts may name."""
        self.notes.where = where
        self.notes.types = plain

    @contextmanager
    def checking(self, registry: Registry) -> Iterator[None]:
        """Have types restrict values meanwhile, as they do where a value is given a type."""
        if id(registry) not in self.bound:
            self.bound[id(registry)] = {
                key: partial(stands, self.notes) if callable(stands) else stands
                for key, stands in registry.items()
            }
        before, self.notes.types = self.notes.types, self.bound[id(registry)]
        try:
            yield
        finally:
            self.notes.types = before

    def within(self, values: dict[Ref, Value]) -> "Run":
        """The run of a decision service: the same limits and report, other values."""
        return Run(self.notes, {}, values, self.fired, self.bound)

    def note(self, where: str, text: str) -> None:
        """Report a null and the element it is in."""
        before, self.notes.where = self.notes.where, where
        self.notes.add(text, 0)
        self.notes.where = before

    @contextmanager
    def inside(self, where: str) -> Iterator[None]:
        """Name the element in notes made meanwhile, and count one level of depth."""
        before, types = self.notes.where, self.notes.types
        self.notes.where = where
        self.notes.enter(0)
        try:
            yield
        finally:
            self.notes.leave()
            self.notes.where, self.notes.types = before, types


Step: TypeAlias = Callable[[Scope, Run], Value]
Check: TypeAlias = Callable[[Value, Run], Value]
