"""Numeric bounds of a table's cells: where they are, what they could be, and the edited table."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from headrace.decisions.feel import Expression, Tests
from headrace.decisions.feel.tree import Interval, Literal, Negation, Node, Test
from headrace.decisions.program.outputs import constant_of
from headrace.decisions.tables.table import Table

ONLY, LOW, HIGH = "only", "low", "high"
FAR = Decimal("1e300")


@dataclass(frozen=True)
class Bound:
    """A number in a cell that decides who meets it.

    Attributes:
        rule: Place of the rule, from 0.
        column: Place of the input.
        end: `only` of a comparison, `low` or `high` of an interval.
        upper: Whether a greater number lets more in.
        included: Whether the number itself meets the cell.
        value: What it is.
    """

    rule: int
    column: int
    end: str
    upper: bool
    included: bool
    value: Decimal


def bounds_of(
    table: Table, inputs: Collection[str] = (), rules: Collection[int] = ()
) -> tuple[Bound, ...]:
    """The bounds of a table: of cells with one comparison or interval of literal numbers.

    Args:
        table: Which.
        inputs: Only of these inputs, by name; of all where there are none.
        rules: Only of these rules, by number from 1; of all where there are none.
    """
    return tuple(
        bound
        for place, rule in enumerate(table.rules)
        for column, tests in enumerate(rule.tests)
        if table.inputs[column].name
        and (not inputs or table.inputs[column].name in inputs)
        and (not rules or place + 1 in rules)
        for bound in _in_cell(tests, place, column)
    )


def with_bound(table: Table, bound: Bound, value: Decimal) -> Table:
    """The table with another number in that place; nothing else of it is touched."""
    rule = table.rules[bound.rule]
    old = rule.tests[bound.column].alternatives[0]
    tests = Tests((_changed(old, bound.end, _literal(value)),))
    cells = tuple(tests if at == bound.column else each for at, each in enumerate(rule.tests))
    rules = (
        replace(rule, tests=cells) if at == bound.rule else each
        for at, each in enumerate(table.rules)
    )
    return replace(table, rules=tuple(rules))


def value_of(table: Table, bound: Bound) -> Decimal:
    """What the number is in a table that may have been edited since."""
    tests = table.rules[bound.rule].tests[bound.column]
    found = _in_cell(tests, bound.rule, bound.column)
    return next(each.value for each in found if each.end == bound.end)


def other_end(table: Table, bound: Bound) -> Decimal | None:
    """The other end of the interval; None for a comparison."""
    tests = table.rules[bound.rule].tests[bound.column]
    found = _in_cell(tests, bound.rule, bound.column)
    return next((each.value for each in found if each.end != bound.end), None)


def always_met(table: Table, bound: Bound) -> Table:
    """The table in which every number is on the right side of the bound."""
    return with_bound(table, bound, FAR if bound.upper else -FAR)


def never_met(table: Table, bound: Bound) -> Table:
    """The table in which no number meets the bound's cell."""
    rule = table.rules[bound.rule]
    nobody = Tests((Test("<", _literal(-FAR)),))
    cells = tuple(nobody if at == bound.column else each for at, each in enumerate(rule.tests))
    changed = replace(rule, tests=cells)
    rules = (changed if at == bound.rule else each for at, each in enumerate(table.rules))
    return replace(table, rules=tuple(rules))


def roundest(low: Decimal, high: Decimal, *, low_included: bool, high_included: bool) -> Decimal:
    """The number with the fewest digits between two, that people can read; the lower of equals.

    Args:
        low: The number is not below it.
        high: Nor above.
        low_included: Whether it may be the low end itself.
        high_included: The high one.
    """
    for places in range(-18, 18):
        step = Decimal(1).scaleb(-places)
        first = (low / step).to_integral_value(ROUND_CEILING) * step
        if first == low and not low_included:
            first += step
        if first < high or (first == high and high_included):
            return _plain(first)
    return _plain(low if low_included else high if high_included else (low + high) / 2)


def _plain(value: Decimal) -> Decimal:
    """Without an exponent."""
    value = value.normalize() + 0  # minus zero becomes zero
    exponent = value.as_tuple().exponent
    return value.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else value


def _in_cell(tests: Tests, rule: int, column: int) -> Iterator[Bound]:
    if tests.negated or len(tests.alternatives) != 1:
        return
    test = tests.alternatives[0]
    if isinstance(test, Test) and test.operator in {"<", "<=", ">", ">="}:
        value = _number(test.value)
        if value is not None:
            upper = test.operator.startswith("<")
            yield Bound(rule, column, ONLY, upper, test.operator.endswith("="), value)
    elif isinstance(test, Interval):
        low, high = _number(test.low), _number(test.high)
        if low is not None and high is not None:
            yield Bound(rule, column, LOW, upper=False, included=test.low_included, value=low)
            yield Bound(rule, column, HIGH, upper=True, included=test.high_included, value=high)


def _number(node: Expression) -> Decimal | None:
    known, value = constant_of(node)
    return value if known and isinstance(value, Decimal) else None


def _literal(value: Decimal) -> Expression:
    return Negation(Literal(-value)) if value < 0 else Literal(value)


def _changed(test: Node, end: str, value: Expression) -> Node:
    if isinstance(test, Test):
        return replace(test, value=value)
    assert isinstance(test, Interval)  # noqa: S101  (for the type checker)
    return replace(test, low=value) if end == LOW else replace(test, high=value)
