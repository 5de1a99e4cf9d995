"""Boxed expressions compiled to steps (DMN 1.5, 10.2.1)."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from headrace.decisions.dmn.functions import signature_of
from headrace.decisions.dmn.run import Run, Step
from headrace.decisions.dmn.table import compile_table
from headrace.decisions.dmn.texts import Place, broken, compile_literal, typed
from headrace.decisions.dmn.tree import (
    Boxed,
    Conditional,
    Context,
    DecisionTable,
    Filter,
    FunctionDefinition,
    Invocation,
    Iteration,
    ListOf,
    Literal,
    Relation,
)
from headrace.decisions.feel import Function, Scope, Value, call_function
from headrace.decisions.feel.walks import walk
from headrace.errors import MappingError


def compile_boxed(tree: Boxed, place: Place) -> Step:
    """The step that evaluates a boxed expression and gives it the type it states."""
    if isinstance(tree, FunctionDefinition):
        return compile_function(tree, place)  # its type is that of what it returns
    return typed(_COMPILERS[type(tree)](tree, place), tree.type_ref, tree.where, place)


def compile_function(tree: FunctionDefinition, place: Place) -> Step:
    """The step that gives a function value; it closes over the scope it is made in (10.2.1.7)."""
    if tree.kind != "FEEL":
        problem = f"The function is of kind {tree.kind}, which is not run: it is code of elsewhere"
        return broken(MappingError(problem, where=tree.where, remedy="Expected FEEL"), place)
    if tree.body is None:
        return broken(MappingError("The function has no expression", where=tree.where), place)
    body = compile_boxed(tree.body, place.with_names(*(each.name for each in tree.parameters)))
    parameters = [(each, place) for each in tree.parameters]
    signature = signature_of(parameters, tree.type_ref, tree.where, place)

    def step(scope: Scope, run: Run) -> Value:
        return signature.function(lambda given, run: body(scope.inner(given), run), run)

    return step


def _context(tree: Context, place: Place) -> Step:
    steps: list[tuple[str, Step]] = []
    place = place.with_names()
    for entry in tree.entries:
        inner = compile_boxed(entry.value, place)
        steps.append((entry.name, typed(inner, entry.type_ref, entry.value.where, place)))
        place.words.add(entry.name)

    def step(scope: Scope, run: Run) -> Value:
        members: dict[str, Value] = {}
        seen = scope.inner(members)
        for name, inner in steps:
            value = inner(seen, run)
            if not name:
                return value
            members[name] = value
        return members

    return step


def _list(tree: ListOf, place: Place) -> Step:
    steps = [compile_boxed(item, place) for item in tree.items]
    return lambda scope, run: [step(scope, run) for step in steps]


def _relation(tree: Relation, place: Place) -> Step:
    columns = tuple(zip(tree.columns, tree.column_types, strict=True))
    rows = [
        [
            (name, typed(compile_boxed(cell, place), type_ref, cell.where, place))
            for (name, type_ref), cell in zip(columns, row, strict=True)
        ]
        for row in tree.rows
    ]
    return lambda scope, run: [{name: step(scope, run) for name, step in row} for row in rows]


def _invocation(tree: Invocation, place: Place) -> Step:
    function = compile_boxed(tree.function, place)
    bindings = {
        each.name: typed(compile_boxed(each.value, place), each.type_ref, tree.where, place)
        for each in tree.bindings
    }

    def step(scope: Scope, run: Run) -> Value:
        called = function(scope, run)
        if not isinstance(called, Function):
            run.note(tree.where, "What is invoked is no function")
            return None
        parameters = [name for name, _ in called.parameters]
        unknown = [name for name in bindings if name not in parameters]
        if unknown or len(parameters) > len(bindings):
            expected = ", ".join(parameters) or "no parameter"
            found = ", ".join(bindings) or "none"
            run.note(tree.where, f"Parameters bound are {found}, and the function takes {expected}")
            return None
        given = [bindings[name](scope, run) for name in parameters]
        run.at(tree.where, place.types.plain)
        return call_function(called, given, run.notes)

    return step


def _conditional(tree: Conditional, place: Place) -> Step:
    condition, then, otherwise = (
        compile_boxed(each, place) for each in (tree.condition, tree.then, tree.otherwise)
    )

    def step(scope: Scope, run: Run) -> Value:
        met = condition(scope, run)
        if met is not None and not isinstance(met, bool):
            run.note(tree.where, "The condition is neither true nor false")
            return None
        return then(scope, run) if met is True else otherwise(scope, run)

    return step


def _filter(tree: Filter, place: Place) -> Step:
    source = compile_boxed(tree.source, place)
    match = compile_boxed(tree.match, place.with_names("item"))

    def step(scope: Scope, run: Run) -> Value:
        value = source(scope, run)
        items: list[Value] = value if isinstance(value, list) else [] if value is None else [value]
        run.notes.sized(len(items))
        kept: list[Value] = []
        for item in items:
            members = item if isinstance(item, dict) else {}
            met = match(scope.inner({"item": item, **members}), run)
            if isinstance(met, Decimal):
                return _nth(items, met, tree, run)
            if met is True:
                kept.append(item)
            elif met is not None and met is not False:
                run.note(f"{tree.where}, match", "A match is neither true nor false")
                return None
        return kept

    return step


def _nth(items: list[Value], index: Decimal, tree: Filter, run: Run) -> Value:
    """A filter that gives a number picks one, from 1, or from the end where negative (10.3.2.5)."""
    at = int(index) if abs(index) <= len(items) else 0
    if at == 0:
        run.note(tree.where, f"There is no item {index} in a list of {len(items)}")
        return None
    return items[at - 1 if at > 0 else at]


def _walked(tree: Iteration, place: Place) -> Callable[[Scope, Run], Iterable[Value] | None]:
    """What an iteration walks; None where its source cannot be walked."""
    source = compile_boxed(tree.source, place)

    def items(scope: Scope, run: Run) -> Iterable[Value] | None:
        value = source(scope, run)
        run.at(tree.where, place.types.plain)
        run.notes.sized(len(value) if isinstance(value, list) else 1)
        return walk(value, None, run.notes, bounded=False)

    return items


def _quantified(tree: Iteration, place: Place) -> Step:
    walked = _walked(tree, place)
    body = compile_boxed(tree.body, place.with_names(tree.variable))
    decisive = tree.kind == "some"

    def step(scope: Scope, run: Run) -> Value:
        items = walked(scope, run)
        result: bool | None = None if items is None else not decisive
        for item in items or ():
            met = body(scope.inner({tree.variable: item}), run)
            if met is decisive:
                return decisive
            if met is not None and not isinstance(met, bool):
                run.note(tree.where, "What is to be satisfied is neither true nor false")
                return None
            result = None if met is None else result
        return result

    return step


def _for(tree: Iteration, place: Place) -> Step:
    walked = _walked(tree, place)
    body = compile_boxed(tree.body, place.with_names(tree.variable, "partial"))
    cites_partial = "partial" in repr(tree.body)

    def step(scope: Scope, run: Run) -> Value:
        items = walked(scope, run)
        if items is None:
            return None
        results: list[Value] = []
        for item in items:
            given: dict[str, Value] = {tree.variable: item}
            if cites_partial:  # a copy, for what the body keeps of it must not grow
                run.notes.spend(len(results))
                given["partial"] = list(results)
            results.append(body(scope.inner(given), run))
        return results

    return step


def _iteration(tree: Iteration, place: Place) -> Step:
    return _for(tree, place) if tree.kind == "for" else _quantified(tree, place)


_COMPILERS: Mapping[type, Callable[..., Step]] = {
    Literal: compile_literal,
    Context: _context,
    ListOf: _list,
    Relation: _relation,
    Invocation: _invocation,
    Conditional: _conditional,
    Filter: _filter,
    Iteration: _iteration,
    DecisionTable: compile_table,
}
