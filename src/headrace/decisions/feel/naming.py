"""Which names an expression takes from outside, and which values it can have without any."""

from __future__ import annotations

from collections.abc import Iterator as Iterates

from headrace.decisions.feel import tree
from headrace.decisions.feel.builtins import BUILTINS

CLOCK = frozenset({"now", "today"})


def free_names(node: tree.Node | tree.Tests) -> frozenset[str]:
    """Names looked up outside the expression, built-in functions left out.

    Names in the condition of a filter are not among them: they may be members of the items.
    """
    return frozenset(name for name in _names(node, frozenset()) if name not in BUILTINS)


def cited_names(node: tree.Node | tree.Tests) -> frozenset[str]:
    """All names that occur anywhere: more than it needs, never less."""
    found: set[str] = set()
    waiting: list[object] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tree.Name):
            found.add(part.name)
        elif isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, tree.Node | tree.Iterator | tree.Tests):
            waiting.extend(vars(part).values())
    return frozenset(found)


def is_closed(node: tree.Node) -> bool:
    """Whether the value is the same always and everywhere: no name, no clock."""
    return not any(name not in BUILTINS or name in CLOCK for name in cited_names(node))


def _names(node: object, bound: frozenset[str]) -> Iterates[str]:
    if isinstance(node, tree.Name):
        if node.name not in bound:
            yield node.name
    elif isinstance(node, tuple):
        for part in node:
            yield from _names(part, bound)
    elif isinstance(node, tree.Node | tree.Tests):
        for part, own in _parts(node):
            yield from _names(part, bound | own)


def _parts(node: tree.Node | tree.Tests) -> Iterates[tuple[object, frozenset[str]]]:
    """The parts of a node, each with the names that the node itself gives it."""
    match node:
        case tree.Filter(base=base):
            yield base, frozenset()
        case tree.For(iterators=iterators, body=body):
            yield from _iterated(iterators, body, {"partial"})
        case tree.Quantified(iterators=iterators, condition=body):
            yield from _iterated(iterators, body, set())
        case tree.Lambda(parameters=parameters, body=body):
            yield body, frozenset(name for name, _ in parameters)
        case tree.Context(entries=entries):
            for number, (_, value) in enumerate(entries):
                yield value, frozenset(name for name, _ in entries[:number])
        case _:
            yield tuple(vars(node).values()), frozenset()


def _iterated(
    iterators: tuple[tree.Iterator, ...], body: tree.Node, own: set[str]
) -> Iterates[tuple[object, frozenset[str]]]:
    for each in iterators:
        yield (each.source, each.end), frozenset(own)
        own = own | {each.name}
    yield body, frozenset(own)
