"""The value of a tree (DMN 1.5, 10.3.2 and Tables 44 to 62)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from headrace.decisions.feel import tree
from headrace.decisions.feel.builtins import BUILTINS, Builtin
from headrace.decisions.feel.builtins.calls import call_function
from headrace.decisions.feel.conformance import conforms
from headrace.decisions.feel.errors import FeelError
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import arithmetic, compare, contains, equal, kind, negated
from headrace.decisions.feel.properties import property_of
from headrace.decisions.feel.scope import Scope
from headrace.decisions.feel.sizes import check_size
from headrace.decisions.feel.values import Function, Range, Value
from headrace.decisions.feel.walks import walk


def evaluate(
    expression: tree.Expression, scope: Mapping[str, Value] | Scope, notes: Notes | None = None
) -> Value:
    """The value of an expression.

    Args:
        expression: What `parse` read.
        scope: Values by name.
        notes: The run this belongs to; it keeps the notes, and holds the limits. A caller with a
            run of several expressions puts the last value through `check_size`.

    Returns:
        The value; null (None) wherever DMN says so, each with a note.

    Raises:
        FeelError: The run went over its limits.
    """
    own = Notes() if notes is None else notes
    value = _guarded(expression, scope if isinstance(scope, Scope) else Scope(scope), own)
    if notes is None:
        check_size(value, own)
    return value


def matches(
    tests: tree.Tests,
    value: Value,
    scope: Mapping[str, Value] | Scope,
    notes: Notes | None = None,
) -> bool | None:
    """Whether a value passes unary tests (rule 17 and Table 55, row "in").

    Returns:
        None where no test holds and one could not be told.

    Raises:
        FeelError: The run went over its limits.
    """
    notes = Notes() if notes is None else notes
    if not tests.alternatives:
        return True
    scope = scope if isinstance(scope, Scope) else Scope(scope)
    found = _passes(tests.alternatives, value, scope.inner({"?": value}), notes, _guarded)
    return found if not tests.negated or found is None else not found


def _guarded(node: tree.Node, scope: Scope, notes: Notes) -> Value:
    depth = notes.depth
    try:
        return _evaluate(node, scope, notes)
    except RecursionError:
        raise FeelError(
            "Expressions call each other too deep", remedy="End the recursion sooner, or nest less"
        ) from None
    finally:
        notes.depth = depth


def _evaluate(node: tree.Node, scope: Scope, notes: Notes) -> Value:
    notes.enter(node.at)
    value = _RULES[type(node)](node, scope, notes)
    notes.leave()
    return value


def _literal(node: tree.Literal, scope: Scope, notes: Notes) -> Value:
    return node.value


def _name(node: tree.Name, scope: Scope, notes: Notes) -> Value:
    found, value = scope.find(node.name)
    if found:
        return value
    if node.name in BUILTINS:
        return BUILTINS[node.name].value
    notes.add(f"Nothing is named {node.name!r}", node.at)
    return None


def _path(node: tree.Path, scope: Scope, notes: Notes) -> Value:
    base = _evaluate(node.base, scope, notes)
    notes.at = node.at
    if isinstance(base, list):
        notes.sized(len(base))
        return [property_of(item, node.name, notes) for item in base]
    return property_of(base, node.name, notes)


def _filter(node: tree.Filter, scope: Scope, notes: Notes) -> Value:
    base = _evaluate(node.base, scope, notes)
    items: list[Value] = base if isinstance(base, list) else [] if base is None else [base]
    if isinstance(node.condition, tree.Literal | tree.Negation):
        index = _evaluate(node.condition, scope, notes)
        if isinstance(index, Decimal):
            return _item(items, index, node, notes)
    notes.sized(len(items))
    kept: list[Value] = []
    for item in items:
        inner = scope.inner({"item": item})
        inner = inner.inner(item) if isinstance(item, dict) else inner
        found = _evaluate(node.condition, inner, notes)
        if isinstance(found, Decimal):
            return _item(items, found, node, notes)
        if found is True:
            kept.append(item)
        elif found is not False and found is not None:
            notes.add(f"A filter's condition is a {kind(found)}, not true or false", node.at)
            return None
    return kept


def _item(items: list[Value], index: Decimal, node: tree.Filter, notes: Notes) -> Value:
    whole = int(index) if index == index.to_integral_value() and abs(index) <= len(items) else 0
    if whole == 0:
        notes.add(f"There is no item {index} in a list of {len(items)}", node.at)
        return None
    return items[whole - 1] if whole > 0 else items[whole]


def _negation(node: tree.Negation, scope: Scope, notes: Notes) -> Value:
    value = _evaluate(node.operand, scope, notes)
    notes.at = node.at
    return negated(value, notes)


def _arithmetic(node: tree.Arithmetic, scope: Scope, notes: Notes) -> Value:
    chain = [node]  # a sum of a thousand terms leans left a thousand deep
    while isinstance(chain[-1].left, tree.Arithmetic):
        chain.append(chain[-1].left)
    value = _evaluate(chain[-1].left, scope, notes)
    while chain:
        link = chain.pop()
        right = _evaluate(link.right, scope, notes)
        notes.at = link.at
        value = arithmetic(link.operator, value, right, notes)
    return value


def _comparison(node: tree.Comparison, scope: Scope, notes: Notes) -> Value:
    left = _evaluate(node.left, scope, notes)
    right = _evaluate(node.right, scope, notes)
    notes.at = node.at
    return compare(node.operator, left, right, notes)


def _conjunction(node: tree.Conjunction, scope: Scope, notes: Notes) -> Value:
    return _junction(node.operands, scope, notes, decisive=False)


def _disjunction(node: tree.Disjunction, scope: Scope, notes: Notes) -> Value:
    return _junction(node.operands, scope, notes, decisive=True)


def _junction(
    operands: tuple[tree.Node, ...], scope: Scope, notes: Notes, *, decisive: bool
) -> bool | None:
    """Kleene's three values: one decisive operand decides, else null if any is no boolean."""
    result: bool | None = not decisive
    for operand in operands:
        value = _evaluate(operand, scope, notes)
        if value is decisive:
            return decisive
        if not isinstance(value, bool):
            if value is not None:
                notes.add(f"A {kind(value)} stands where true or false should", operand.at)
            result = None
    return result


def _between(node: tree.Between, scope: Scope, notes: Notes) -> Value:
    value, low, high = (_evaluate(n, scope, notes) for n in (node.value, node.low, node.high))
    notes.at = node.at
    above = compare(">=", value, low, notes)
    below = compare("<=", value, high, notes)
    if above is False or below is False:
        return False if above is not None and below is not None else None
    return None if above is None or below is None else True


def _in(node: tree.In, scope: Scope, notes: Notes) -> Value:
    value = _evaluate(node.value, scope, notes)
    return _passes(node.tests, value, scope.inner({"?": value}), notes, _evaluate)


def _passes(
    tests: tuple[tree.Node, ...],
    value: Value,
    scope: Scope,
    notes: Notes,
    run: Callable[[tree.Node, Scope, Notes], Value],
) -> bool | None:
    result: bool | None = False
    for test in tests:
        found = _test(test, value, run(test, scope, notes), notes)
        if found:
            return True
        if found is None:
            result = None
    return result


def _test(test: tree.Node, value: Value, wanted: Value, notes: Notes) -> bool | None:
    """Whether a value passes a test, of which the value is `wanted`."""
    notes.at = test.at
    condition = isinstance(wanted, bool) and not isinstance(test, tree.Literal)
    if condition and (not isinstance(value, bool) or isinstance(test, tree.Question)):
        return wanted is True  # the literal true asks for a value: a missing one does not pass
    if isinstance(wanted, Range) and not isinstance(value, Range):
        return contains(wanted, value, notes)
    if isinstance(wanted, list):
        if not isinstance(value, list):
            return any(_listed(item, value, notes) for item in wanted)
        if equal(value, wanted, notes):
            return True
        return any(isinstance(item, list) and equal(value, item, notes) for item in wanted)
    if isinstance(wanted, Range) and isinstance(value, Range):
        return equal(value, wanted, notes)
    return equal(value, wanted, notes)


def _listed(item: Value, value: Value, notes: Notes) -> bool:
    if isinstance(item, Range) and not isinstance(value, Range):
        return contains(item, value, notes) is True
    return equal(value, item, notes) is True


def _instance_of(node: tree.InstanceOf, scope: Scope, notes: Notes) -> Value:
    value = _evaluate(node.value, scope, notes)
    return conforms(value, node.type, notes)


def _if(node: tree.If, scope: Scope, notes: Notes) -> Value:
    condition = _evaluate(node.condition, scope, notes)
    if not isinstance(condition, bool):
        notes.add(f"The condition of an 'if' is a {kind(condition)}", node.at)
    return _evaluate(node.yes if condition is True else node.no, scope, notes)


def _rounds(
    iterators: tuple[tree.Iterator, ...], scope: Scope, notes: Notes
) -> Iterator[Scope | None]:
    """Scopes with every combination of items, the last iterator fastest; None where one fails."""
    if not iterators:
        yield scope
        return
    first, *rest = iterators
    source = _evaluate(first.source, scope, notes)
    notes.at = first.source.at
    end = _evaluate(first.end, scope, notes) if first.end else None
    items = walk(source, end, notes, bounded=first.end is not None)
    if items is None:
        yield None
        return
    for item in items:
        notes.spend(1)
        yield from _rounds(tuple(rest), scope.inner({first.name: item}), notes)


def _for(node: tree.For, scope: Scope, notes: Notes) -> Value:
    partial: list[Value] = []
    for inner in _rounds(node.iterators, scope, notes):
        if inner is None:
            return None

        if node.partial:
            notes.spend(len(partial) // 16)
        body = inner.inner({"partial": list(partial)}) if node.partial else inner
        partial.append(_evaluate(node.body, body, notes))
        if len(partial) > notes.limits.items:
            notes.sized(len(partial))
    return partial


def _quantified(node: tree.Quantified, scope: Scope, notes: Notes) -> Value:
    decisive = node.kind == "some"
    result: bool | None = not decisive
    for inner in _rounds(node.iterators, scope, notes):
        if inner is None:
            return None
        found = _evaluate(node.condition, inner, notes)
        if found is decisive:
            return decisive
        if not isinstance(found, bool):
            if found is not None:
                notes.add(f"A {kind(found)} stands where true or false should", node.at)
            result = None
    return result


def _list(node: tree.ListOf, scope: Scope, notes: Notes) -> Value:
    return [_evaluate(item, scope, notes) for item in node.items]


def _context(node: tree.Context, scope: Scope, notes: Notes) -> Value:
    entries: dict[str, Value] = {}
    inner = scope.inner(entries)
    for name, item in node.entries:
        entries[name] = _evaluate(item, inner, notes)
    return entries


def _interval(node: tree.Interval, scope: Scope, notes: Notes) -> Value:
    low = _evaluate(node.low, scope, notes)
    high = _evaluate(node.high, scope, notes)
    return Range(low, high, node.low_included, node.high_included)


def _one_ended(node: tree.Test, scope: Scope, notes: Notes) -> Value:
    value = _evaluate(node.value, scope, notes)
    low = None if node.operator.startswith("<") else value
    high = None if node.operator.startswith(">") else value
    low_included, high_included = node.operator in ("=", ">="), node.operator in ("=", "<=")
    return Range(low, high, low_included, high_included, node.operator)


def _question(node: tree.Question, scope: Scope, notes: Notes) -> Value:
    return _evaluate(node.test, scope, notes)


def _lambda(node: tree.Lambda, scope: Scope, notes: Notes) -> Value:
    if node.external:
        notes.add("External functions are never run", node.at)
        return None
    names = [name for name, _ in node.parameters]

    def call(*arguments: Value) -> Value:
        inner = scope.inner(dict(zip(names, arguments, strict=True)))
        return _evaluate(node.body, inner, notes)

    return Function(node.parameters, call)


def _call(node: tree.Call, scope: Scope, notes: Notes) -> Value:
    builtin = _builtin(node.function, scope)
    arguments = [_evaluate(argument, scope, notes) for argument in node.arguments]
    notes.at = node.at
    if builtin:
        return builtin.by_position(arguments, notes)
    function = _evaluate(node.function, scope, notes)
    if not isinstance(function, Function):
        notes.add(f"A {kind(function)} was called as a function", node.at)
        return None
    return call_function(function, arguments, notes)


def _named_call(node: tree.NamedCall, scope: Scope, notes: Notes) -> Value:
    builtin = _builtin(node.function, scope)
    arguments = {name: _evaluate(item, scope, notes) for name, item in node.arguments}
    notes.at = node.at
    if builtin:
        return builtin.by_name(arguments, notes)
    function = _evaluate(node.function, scope, notes)
    if not isinstance(function, Function):
        notes.add(f"A {kind(function)} was called as a function", node.at)
        return None
    names = [name for name, _ in function.parameters]
    if set(arguments) - set(names):
        notes.add(f"The parameters are {', '.join(names)}; given were {', '.join(arguments)}")
        return None
    return call_function(function, [arguments.get(name) for name in names], notes)


def _builtin(node: tree.Node, scope: Scope) -> Builtin | None:
    """The built-in function a name stands for, where nothing in scope hides it."""
    if isinstance(node, tree.Name) and node.name in BUILTINS and not scope.find(node.name)[0]:
        return BUILTINS[node.name]
    return None


_RULES: dict[type, Callable[..., Value]] = {
    tree.Literal: _literal,
    tree.Name: _name,
    tree.Path: _path,
    tree.Filter: _filter,
    tree.Negation: _negation,
    tree.Arithmetic: _arithmetic,
    tree.Comparison: _comparison,
    tree.Conjunction: _conjunction,
    tree.Disjunction: _disjunction,
    tree.Between: _between,
    tree.In: _in,
    tree.InstanceOf: _instance_of,
    tree.If: _if,
    tree.For: _for,
    tree.Quantified: _quantified,
    tree.ListOf: _list,
    tree.Context: _context,
    tree.Interval: _interval,
    tree.Test: _one_ended,
    tree.Question: _question,
    tree.Lambda: _lambda,
    tree.Call: _call,
    tree.NamedCall: _named_call,
}
