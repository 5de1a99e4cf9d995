"""Decision tables compiled to steps (DMN 1.5, 8.2, 10.3.2.10): tests, hit policies, aggregation.

What the specification leaves to null is null here too, and noted: no rule met and no default; two
rules met where one may be, or with different outputs where they must agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from headrace.decisions.dmn.run import Fired, Run, Step
from headrace.decisions.dmn.texts import Place, compile_literal, compile_tests, typed
from headrace.decisions.dmn.tree import (
    Aggregation,
    DecisionTable,
    HitPolicy,
    InputColumn,
    Literal,
    OutputColumn,
    Rule,
)
from headrace.decisions.feel import BUILTINS, Scope, Tests, Value, call_function, equal, matches
from headrace.errors import MappingError

_TOTALS = {
    Aggregation.SUM: "sum",
    Aggregation.MIN: "min",
    Aggregation.MAX: "max",
    Aggregation.COUNT: "count",
}
_SEVERAL = {HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER, HitPolicy.COLLECT}


@dataclass(frozen=True)
class _Column:
    """A column's values as tests: one for all, and one for each in order of priority."""

    tests: Tests | MappingError
    each: tuple[Tests, ...]
    where: str
    text: str


@dataclass(frozen=True)
class _Input:
    step: Step
    allowed: _Column | None
    where: str


@dataclass(frozen=True)
class _Output:
    name: str
    allowed: _Column | None
    default: Step | None
    where: str


@dataclass(frozen=True)
class _Rule:
    rule: Rule
    tests: tuple[Tests | MappingError, ...]
    outputs: tuple[Step, ...]


@dataclass(frozen=True)
class _Table:
    tree: DecisionTable
    inputs: tuple[_Input, ...]
    outputs: tuple[_Output, ...]
    rules: tuple[_Rule, ...]


@dataclass(frozen=True)
class _Hit:
    """A rule that is met, and what it gives: one value a column."""

    rule: Rule
    values: tuple[Value, ...]


def compile_table(tree: DecisionTable, place: Place) -> Step:
    """The step that gives a decision table's result; what fired is kept in the run."""
    cells = place.with_names("?")
    table = _Table(
        tree,
        tuple(_input(column, place) for column in tree.inputs),
        tuple(_output(column, place) for column in tree.outputs),
        tuple(
            _Rule(
                rule,
                tuple(compile_tests(cell, cells) for cell in rule.inputs),
                tuple(
                    typed(compile_literal(cell, place), column.type_ref, cell.where, place)
                    for cell, column in zip(rule.outputs, tree.outputs, strict=True)
                ),
            )
            for rule in tree.rules
        ),
    )
    return partial(_result, table)


def _input(column: InputColumn, place: Place) -> _Input:
    tree = column.expression
    step = typed(compile_literal(tree, place), tree.type_ref, tree.where, place)
    return _Input(step, _column(column.allowed, place), tree.where)


def _output(column: OutputColumn, place: Place) -> _Output:
    default = None
    if column.default is not None and column.default.text.strip():
        step = compile_literal(column.default, place)
        default = typed(step, column.type_ref, column.default.where, place)
    return _Output(column.name, _column(column.allowed, place), default, column.where)


def _column(allowed: Literal | None, place: Place) -> _Column | None:
    if allowed is None:
        return None
    tests = compile_tests(allowed, place)
    each: tuple[Tests, ...] = ()
    if isinstance(tests, Tests):
        each = tuple(Tests((alternative,)) for alternative in tests.alternatives)
    return _Column(tests, each, allowed.where, " ".join(allowed.text.split()))


def _result(table: _Table, scope: Scope, run: Run) -> Value:
    values = []
    for column in table.inputs:
        value = column.step(scope, run)
        if not _allowed(column.allowed, value, scope, run):
            return None
        values.append(value)
    met = [rule for rule in table.rules if _met(rule, values, scope, run)]
    if not met:
        return _default(table, scope, run)
    policy = table.tree.hit_policy
    if policy is HitPolicy.UNIQUE and len(met) > 1:
        run.note(table.tree.where, f"{_numbers(met)} are met, where only one may be")
        return None
    hits = _hits(table, met[:1] if policy is HitPolicy.FIRST else met, scope, run)
    return None if hits is None else _chosen(table, hits, scope, run)


def _met(rule: _Rule, values: Sequence[Value], scope: Scope, run: Run) -> bool:
    for tests, value, cell in zip(rule.tests, values, rule.rule.inputs, strict=True):
        run.notes.where = cell.where
        if isinstance(tests, MappingError):
            raise tests
        if matches(tests, value, scope, run.notes) is not True:
            return False
    return True


def _hits(table: _Table, met: Sequence[_Rule], scope: Scope, run: Run) -> list[_Hit] | None:
    """The rules with their outputs; None where an output is not one of its column's values."""
    hits = []
    for rule in met:
        values = tuple(step(scope, run) for step in rule.outputs)
        for value, column in zip(values, table.outputs, strict=True):
            if not _allowed(column.allowed, value, scope, run):
                return None
        hits.append(_Hit(rule.rule, values))
    return hits


def _chosen(table: _Table, hits: list[_Hit], scope: Scope, run: Run) -> Value:
    policy = table.tree.hit_policy
    if policy is HitPolicy.ANY and not _agree(hits, run):
        numbers = ", ".join(str(hit.rule.number) for hit in hits)
        run.note(table.tree.where, f"Rules {numbers} are met, and their outputs differ")
        return None
    if policy in {HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER}:
        hits = sorted(hits, key=lambda hit: _priority(table, hit, scope, run))
    kept = hits if policy in _SEVERAL else hits[:1]
    _fired(table, hits if policy is HitPolicy.ANY else kept, run)
    if policy not in _SEVERAL:
        return _row(table, kept[0].values)
    rows = [_row(table, hit.values) for hit in kept]
    aggregation = table.tree.aggregation
    if aggregation is None:
        return rows
    run.notes.where = table.tree.where
    return call_function(BUILTINS[_TOTALS[aggregation]].value, [rows], run.notes)


def _agree(hits: list[_Hit], run: Run) -> bool:
    first = list(hits[0].values)
    return all(equal(first, list(hit.values), run.notes) is True for hit in hits[1:])


def _priority(table: _Table, hit: _Hit, scope: Scope, run: Run) -> tuple[int, ...]:
    """The place of each output among its column's values, the leftmost column first."""
    places = []
    for value, column in zip(hit.values, table.outputs, strict=True):
        each = column.allowed.each if column.allowed else ()
        found = (
            place
            for place, tests in enumerate(each)
            if matches(tests, value, scope, run.notes) is True
        )
        places.append(next(found, len(each)))
    return tuple(places)


def _default(table: _Table, scope: Scope, run: Run) -> Value:
    if not any(column.default for column in table.outputs):
        run.note(table.tree.where, "No rule is met, and there is no default output")
        return None
    values = [column.default(scope, run) if column.default else None for column in table.outputs]
    return _row(table, values)


def _row(table: _Table, values: Sequence[Value]) -> Value:
    """One output is its value; several are a context."""
    if len(table.outputs) == 1:
        return values[0]
    return {column.name: value for column, value in zip(table.outputs, values, strict=True)}


def _allowed(column: _Column | None, value: Value, scope: Scope, run: Run) -> bool:
    """Whether a value is one of those its column lists; null is not tested."""
    if column is None or value is None:
        return True
    if isinstance(column.tests, MappingError):
        raise column.tests
    if matches(column.tests, value, scope, run.notes) is True:
        return True
    run.note(column.where, f"The value is none of those listed: {column.text}")
    return False


def _fired(table: _Table, hits: list[_Hit], run: Run) -> None:
    numbers = tuple(hit.rule.number for hit in hits)
    annotations = tuple(hit.rule.annotations for hit in hits)
    run.fired.append(Fired(table.tree.where, numbers, annotations))


def _numbers(met: Sequence[_Rule]) -> str:
    return "Rules " + ", ".join(str(rule.rule.number) for rule in met)
