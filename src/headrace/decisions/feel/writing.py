"""A tree as text that reads back as the same tree (DMN 1.5, 10.3.1.2)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from headrace.decisions.feel import tree
from headrace.decisions.feel.calendar import Date, DateTime, DaysTime, Time, YearsMonths
from headrace.decisions.feel.printing import digits, quoted
from headrace.decisions.feel.temporal_text import spelled
from headrace.decisions.feel.types import (
    ContextType,
    FunctionType,
    ListType,
    NamedType,
    RangeType,
    Type,
)
from headrace.decisions.feel.values import Value

BARE = (
    *(tree.Literal, tree.Name, tree.Path, tree.Filter, tree.Call, tree.NamedCall),
    *(tree.ListOf, tree.Context),
)
"""What can be an operand without parentheses."""


def write(node: tree.Expression) -> str:
    """The text of an expression; operands that are more than a name or literal get parentheses."""
    if isinstance(node, tree.Test):
        return f"({node.operator} {_operand(node.value)})"
    return _bare(node)


def write_tests(tests: tree.Tests) -> str:
    """The text of unary tests."""
    if not tests.alternatives:
        return "-"
    told = ", ".join(map(_test, tests.alternatives))
    return f"not({told})" if tests.negated else told


def write_type(kind: Type) -> str:
    """The text of a type."""
    match kind:
        case NamedType(name):
            return name
        case ListType(element):
            return f"list<{write_type(element)}>"
        case RangeType(element):
            return f"range<{write_type(element)}>"
        case ContextType(members):
            told = ", ".join(f"{name}: {write_type(member)}" for name, member in members)
            return f"context<{told}>"
        case FunctionType(parameters, result):
            told = ", ".join(map(write_type, parameters))
            return f"function<{told}> -> {write_type(result)}"


PLAIN = (tree.Literal, tree.Name)


def _operand(node: tree.Node) -> str:
    if isinstance(node, BARE):
        return _bare(node)
    if isinstance(node, tree.Interval | tree.Test):
        return write(node)
    return f"({_bare(node)})"


def _test(node: tree.Node) -> str:
    if isinstance(node, tree.Question):
        return write(node.test)
    if isinstance(node, tree.Test):
        return f"{node.operator} {_operand(node.value)}"
    return write(node)


def _literal(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return quoted(value)
        case Date() | Time() | DateTime() | DaysTime() | YearsMonths():
            return f'@"{spelled(value)}"'
        case Decimal():
            return digits(value)
    raise TypeError(value)  # no literal stands for a list, a context, a range or a function


def _bare(node: tree.Node) -> str:
    return _WRITERS[type(node)](node)


def _all(nodes: tuple[tree.Node, ...]) -> str:
    return ", ".join(map(write, nodes))


def _iterators(iterators: tuple[tree.Iterator, ...]) -> str:
    return ", ".join(
        f"{each.name} in {write(each.source)}" + (f"..{write(each.end)}" if each.end else "")
        for each in iterators
    )


def _interval(node: tree.Interval) -> str:
    first, last = "[" if node.low_included else "(", "]" if node.high_included else ")"
    high = _bare(node.high) if isinstance(node.high, PLAIN) else f"({_bare(node.high)})"
    return f"{first}{_operand(node.low)}..{high}{last}"  # a bare [ would end it


def _named(node: tree.NamedCall) -> str:
    return f"{_operand(node.function)}({', '.join(f'{n}: {write(a)}' for n, a in node.arguments)})"


def _lambda(node: tree.Lambda) -> str:
    told = ", ".join(f"{n}: {write_type(t)}" if t else n for n, t in node.parameters)
    return f"function({told}) {'external ' if node.external else ''}{write(node.body)}"


_WRITERS: dict[type, Callable[..., str]] = {
    tree.Literal: lambda n: _literal(n.value),
    tree.Name: lambda n: n.name,
    tree.Path: lambda n: f"{_operand(n.base)}.{n.name}",
    tree.Filter: lambda n: f"{_operand(n.base)}[{write(n.condition)}]",
    tree.Negation: lambda n: f"-{_operand(n.operand)}",
    tree.Arithmetic: lambda n: f"{_operand(n.left)} {n.operator} {_operand(n.right)}",
    tree.Comparison: lambda n: f"{_operand(n.left)} {n.operator} {_operand(n.right)}",
    tree.Conjunction: lambda n: " and ".join(map(_operand, n.operands)),
    tree.Disjunction: lambda n: " or ".join(map(_operand, n.operands)),
    tree.Between: lambda n: f"{_operand(n.value)} between {_operand(n.low)} and {_operand(n.high)}",
    tree.In: lambda n: f"{_operand(n.value)} in ({', '.join(map(_test, n.tests))})",
    tree.InstanceOf: lambda n: f"{_operand(n.value)} instance of {write_type(n.type)}",
    tree.If: lambda n: f"if {write(n.condition)} then {write(n.yes)} else {write(n.no)}",
    tree.For: lambda n: f"for {_iterators(n.iterators)} return {write(n.body)}",
    tree.Quantified: lambda n: f"{n.kind} {_iterators(n.iterators)} satisfies {write(n.condition)}",
    tree.ListOf: lambda n: f"[{_all(n.items)}]",
    tree.Context: lambda n: (
        "{" + ", ".join(f"{quoted(name)}: {write(item)}" for name, item in n.entries) + "}"
    ),
    tree.Interval: _interval,
    tree.Lambda: _lambda,
    tree.Call: lambda n: f"{_operand(n.function)}({_all(n.arguments)})",
    tree.NamedCall: _named,
}
