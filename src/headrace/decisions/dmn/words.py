"""Names that a text may cite: FEEL must be told those that are no plain words (10.3.1.2).

Only the names that a text does cite are told, found by walking its words through the names in
scope; so that reading a model takes time by its length, not by texts times names.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from headrace.decisions.dmn.tree import (
    Boxed,
    Conditional,
    Context,
    Decision,
    DecisionTable,
    Definitions,
    Filter,
    FunctionDefinition,
    Invocation,
    ItemDefinition,
    Iteration,
    Knowledge,
    ListOf,
    Node,
    Relation,
)

_PART = re.compile(r"\w+|[^\w\s]")
_OPERATORS = frozenset("+-*/")


@dataclass
class _Step:
    """What may follow the words so far, and the name they make, if they make one."""

    after: "dict[str, _Step]" = field(default_factory=dict)
    name: str = ""


class Words:
    """Names in scope, by their words; a scope within another adds to it.

    Names may be added while texts that come later are read, as a context's entries are.
    """

    def __init__(self, names: Iterable[str] = (), outer: "Words | None" = None) -> None:
        self._outer = outer
        self._first = _Step()
        self.add(*names)

    def inner(self, *names: str) -> "Words":
        """A scope within this one."""
        return Words(names, self)

    def add(self, *names: str) -> None:
        """More names in this scope."""
        for name in names:
            self._add(name, _PART.findall(name))

    def add_members(self, names: Iterable[str]) -> None:
        """Names of members: of `x - y` the one is meant after a dot, else a difference."""
        for name in names:
            parts = _PART.findall(name)
            self._add(name, [".", *parts] if _OPERATORS.intersection(parts) else parts)

    def _add(self, name: str, parts: list[str]) -> None:
        if len(parts) > 1:  # FEEL finds a plain word by itself
            step = self._first
            for part in parts:
                step = step.after.setdefault(part, _Step())
            step.name = name

    def cited(self, text: str) -> frozenset[str]:
        """The names that stand in a text, and perhaps some that only seem to."""
        parts = _PART.findall(text)
        return frozenset(
            name
            for scope in self._scopes()
            if scope._first.after
            for start in range(len(parts))
            for name in scope._from(parts, start)
        )

    def _scopes(self) -> Iterator["Words"]:
        scope: Words | None = self
        while scope is not None:
            yield scope
            scope = scope._outer

    def _from(self, parts: list[str], start: int) -> Iterator[str]:
        """The names that begin at a part."""
        step = self._first
        for at in range(start, len(parts)):
            part = parts[at]
            if part not in step.after:
                return
            step = step.after[part]
            if step.name:
                yield step.name


def member_names(models: Iterable[Definitions]) -> Iterator[str]:
    """Members of the models' types, contexts, relations and tables."""
    for model in models:
        for item in model.types.values():
            yield from _of_item(item)
        for node in model.nodes.values():
            yield from _of_node(node)


def _of_item(item: ItemDefinition) -> Iterator[str]:
    for component in item.components:
        yield component.name
        yield from _of_item(component)


def _of_node(node: Node) -> Iterator[str]:
    if isinstance(node, Decision | Knowledge) and node.logic is not None:
        waiting: list[Boxed] = [node.logic]
        while waiting:
            tree = waiting.pop()
            yield from _named(tree)
            waiting.extend(inside(tree))


def _named(tree: Boxed) -> Iterable[str]:
    if isinstance(tree, Context):
        return [entry.name for entry in tree.entries if entry.name]
    if isinstance(tree, Relation):
        return tree.columns
    if isinstance(tree, DecisionTable) and len(tree.outputs) > 1:
        return [column.name for column in tree.outputs]
    return ()


def inside(tree: Boxed) -> Iterable[Boxed]:
    """The expressions that an expression holds, one level down."""
    match tree:
        case Context():
            return [entry.value for entry in tree.entries]
        case ListOf():
            return tree.items
        case Relation():
            return [cell for row in tree.rows for cell in row]
        case Invocation():
            return [tree.function, *(binding.value for binding in tree.bindings)]
        case FunctionDefinition():
            return [] if tree.body is None else [tree.body]
        case Conditional():
            return [tree.condition, tree.then, tree.otherwise]
        case Filter():
            return [tree.source, tree.match]
        case Iteration():
            return [tree.source, tree.body]
        case _:
            return ()
