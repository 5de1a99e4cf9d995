"""What each part of a FEEL expression is over a block of cases (DMN 1.5, Tables 44 to 62)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions import feel
from headrace.decisions.feel import tree
from headrace.decisions.program import numbers, parts
from headrace.decisions.program.columns import (
    BOOLEAN,
    DATE,
    DATE_TIME,
    DURATION,
    NOTHING,
    NUMBER,
    STRING,
    Bools,
)
from headrace.decisions.program.interpreted import dotted, paths_of
from headrace.decisions.program.memory import Memory
from headrace.decisions.program.parts import (
    NULL,
    Part,
    null,
    present_in,
    quantity,
    truth,
    unsure_of,
)
from headrace.decisions.program.rounding import WAYS, rounded

Array = NDArray[Any]

SECOND = 1_000_000
DAY = 86_400 * SECOND
FURTHEST = 2**62 // DAY
HIGHEST_POWER = 8


class NotKnownError(Exception):
    """No rule knows this part of an expression; it never leaves this package."""


@dataclass(eq=False)
class Block:
    """The parts of an expression for some cases.

    Attributes:
        memory: What all blocks share.
        rows: The cases.
        question: What `?` is, within the tests of an `in`.
        leaves: Columns that were looked at already.
    """

    memory: Memory
    rows: slice
    question: Part | None = None
    leaves: dict[str, Part] = field(default_factory=dict)

    def part(self, node: tree.Node) -> Part:
        """The value of a part of the expression.

        Raises:
            NotKnownError: It takes the interpreter, and a larger part of the expression.
        """
        rule = RULES.get(type(node))
        if rule and id(node) not in self.memory.answers:
            try:
                return rule(self, node)
            except NotKnownError:
                pass
        asks_itself = self.question and any(path[0] == "?" for path in paths_of(node))
        if id(node) in self.memory.roots or asks_itself:
            raise NotKnownError
        found, places = self.memory.answer(node)
        return found if places is None else found.take(places[self.rows])

    def leaf(self, name: str) -> Part:
        """A column."""
        if name not in self.leaves:
            column = self.memory.cases.columns[name]
            self.leaves[name] = parts.of_column(column.take(self.rows))
        return self.leaves[name]

    def hides(self, name: str) -> bool:
        """Whether a column or a context of columns has this name."""
        return any(name == key.partition(".")[0] for key in self.memory.cases.columns)

    def compared(self, operator: str, a: Part, b: Part) -> Part:
        """`a operator b` (Tables 53 and 54)."""
        both, unsure = present_in(a, b), unsure_of(a, b)
        if operator in ("=", "!="):
            known = ~both
            same = ~(a.present | b.present)
            if a.kind == b.kind != NOTHING:
                found, certain = self._same(a, b)
                known, same = known | True, np.where(both, found, same)
                unsure = unsure | (both & ~certain)
            return truth(same if operator == "=" else ~same, known, unsure)
        if a.kind != b.kind or a.kind in (BOOLEAN, NOTHING):
            return null(a, b)
        sense, certain = self._order(a, b)
        return truth(_HOLDS[operator](sense), both, unsure | (both & ~certain))

    def _same(self, a: Part, b: Part) -> tuple[Bools, Bools]:
        if a.kind == NUMBER:
            sense, certain = numbers.order(a.number, b.number)
            return sense == 0, certain
        if a.kind == STRING:
            _, codes = self.memory.shared(a.texts, b.texts)
            return a.values == codes[b.values], numbers.ALL
        if a.kind == DATE_TIME:  # `second` has no fraction (Table 53)
            return a.values // SECOND == b.values // SECOND, numbers.ALL
        return a.values == b.values, numbers.ALL

    def _order(self, a: Part, b: Part) -> tuple[Array, Bools]:
        if a.kind == NUMBER:
            return numbers.order(a.number, b.number)
        first, second = a.values, b.values
        if a.kind == STRING:
            left, right = self.memory.ranks(a.texts, b.texts)
            first, second = left[first], right[second]
        return (first > second).astype(np.int8) - (first < second), numbers.ALL

    def chosen(self, which: Bools, yes: Part, no: Part) -> Part:
        """The one or the other, whose kinds must be one."""
        kind = yes.kind if yes.kind != NOTHING else no.kind
        present = np.where(which, yes.present, no.present)
        unsure = np.where(which, yes.unsure, no.unsure)
        if no.kind not in (kind, NOTHING):
            raise NotKnownError
        if kind == NUMBER:
            return quantity(numbers.choose(which, yes.number, no.number), present, unsure)
        values, texts = no.values, yes.texts
        if kind == STRING:
            texts, codes = self.memory.shared(yes.texts, no.texts)
            values = codes[values.astype(np.int64)]
        return Part(kind, np.where(which, yes.values, values), present, unsure, texts)

    def test(self, node: tree.Node, value: Part) -> Part:
        """Whether a value passes a test (Table 55, row "in")."""
        if isinstance(node, tree.Test):
            return self.compared(node.operator, value, self.part(node.value))
        if isinstance(node, tree.Interval):
            low, high = self.part(node.low), self.part(node.high)
            above = self.compared(">=" if node.low_included else ">", value, low)
            below = self.compared("<=" if node.high_included else "<", value, high)
            return _and_both(above, below)
        if isinstance(node, tree.ListOf):
            return either(*(self._listed(item, value) for item in node.items))
        wanted = self.part(node)
        same = self.compared("=", value, wanted)
        if wanted.kind != BOOLEAN or isinstance(node, tree.Literal):
            return same
        speaks = wanted.present  # a condition speaks for itself
        if value.kind == BOOLEAN and not isinstance(node, tree.Question):
            speaks = speaks & ~value.present
        values = np.where(speaks, wanted.values, same.values)
        return truth(values, speaks | same.present, same.unsure)

    def _listed(self, node: tree.Node, value: Part) -> Part:
        if isinstance(node, tree.ListOf):
            raise NotKnownError
        if isinstance(node, tree.Test | tree.Interval):
            found = self.test(node, value)
        else:
            found = self.compared("=", value, self.part(node))
        return truth(found.values & found.present, numbers.ALL, found.unsure)


_HOLDS: dict[str, Callable[[Array], Bools]] = {
    "<": lambda sense: sense < 0,
    "<=": lambda sense: sense <= 0,
    ">": lambda sense: sense > 0,
    ">=": lambda sense: sense >= 0,
}


# --- truth


def _decided(operands: tuple[Part, ...], decisive: Any) -> Part:
    """Kleene's three values: one decisive operand decides, and then no other is looked at."""
    decided, others, unsure = numbers.NONE, numbers.ALL, numbers.NONE
    for operand in operands:
        known = operand.present & ~operand.unsure
        if operand.kind != BOOLEAN:
            known = np.zeros_like(known)
        decided = decided | (known & (operand.values == decisive))
        others = others & known & (operand.values != decisive)
        unsure = unsure | operand.unsure
    values = decided if decisive else ~decided
    return truth(values, decided | others, unsure & ~decided)


def either(*operands: Part) -> Part:
    """Whether one holds; false where there is none."""
    return _decided(operands, True)  # noqa: FBT003 - the value that decides


def _and_both(a: Part, b: Part) -> Part:
    """Whether both hold; null where one is null."""
    return truth(a.values & b.values, present_in(a, b), unsure_of(a, b))


def _conjunction(block: Block, node: tree.Conjunction) -> Part:
    return _decided(tuple(map(block.part, node.operands)), False)  # noqa: FBT003 - as in `either`


def _disjunction(block: Block, node: tree.Disjunction) -> Part:
    return either(*map(block.part, node.operands))


def _comparison(block: Block, node: tree.Comparison) -> Part:
    return block.compared(node.operator, block.part(node.left), block.part(node.right))


def _between(block: Block, node: tree.Between) -> Part:
    value, low, high = map(block.part, (node.value, node.low, node.high))
    return _and_both(block.compared(">=", value, low), block.compared("<=", value, high))


def _in(block: Block, node: tree.In) -> Part:
    value = block.part(node.value)
    inner = Block(block.memory, block.rows, value, block.leaves)
    return either(*(inner.test(test, value) for test in node.tests))


def _if(block: Block, node: tree.If) -> Part:
    condition, yes, no = map(block.part, (node.condition, node.yes, node.no))
    holds = condition.present & (condition.values if condition.kind == BOOLEAN else numbers.NONE)
    found = block.chosen(holds, yes, no)
    unsure = found.unsure | condition.unsure
    return Part(found.kind, found.values, found.present, unsure, found.texts, found.number)


# --- names and literals


def _literal(block: Block, node: tree.Literal) -> Part:
    constants = block.memory.constants
    if id(node) not in constants:
        constants[id(node)] = parts.constant(node.value)
    return constants[id(node)]


def _name(block: Block, node: tree.Name) -> Part:
    if node.name == "?" and block.question:
        return block.question
    if node.name in block.memory.cases.columns:
        return block.leaf(node.name)
    if node.name in feel.BUILTINS or block.hides(node.name):
        raise NotKnownError
    return NULL


def _path(block: Block, node: tree.Path) -> Part:
    path = dotted(node)
    if path in block.memory.cases.columns:
        return block.leaf(path)
    if node.name != "days" or (path and block.hides(path.partition(".")[0])):
        raise NotKnownError
    base = block.part(node.base)
    if base.kind != DURATION:
        raise NotKnownError
    days = np.sign(base.values) * (np.abs(base.values) // DAY)
    number, strays = numbers.of_integers(days)
    return quantity(number, base.present, base.unsure | strays)


# --- arithmetic


def _arithmetic(block: Block, node: tree.Arithmetic) -> Part:
    chain = [node]  # a sum of a thousand terms leans left a thousand deep
    while isinstance(chain[-1].left, tree.Arithmetic):
        chain.append(chain[-1].left)
    found = block.part(chain[-1].left)
    while chain:
        link = chain.pop()
        if link.operator == "**":
            found = _power(found, link.right)
        else:
            found = _combined(link.operator, found, block.part(link.right))
    return found


def _combined(operator: str, a: Part, b: Part) -> Part:
    if NOTHING in (a.kind, b.kind):
        return null(a, b)
    if a.kind == b.kind == NUMBER:
        return _calculated(operator, a, b)
    if operator == "-" and {a.kind, b.kind} <= {DATE, DATE_TIME}:
        return _elapsed(a, b)
    if BOOLEAN in (a.kind, b.kind) or {a.kind, b.kind} == {NUMBER, STRING}:
        return null(a, b)
    raise NotKnownError


def _calculated(operator: str, a: Part, b: Part) -> Part:
    present, unsure = present_in(a, b), unsure_of(a, b)
    if operator == "/":
        return _partial(numbers.divide(a.number, b.number), present, unsure)
    rule = {"+": numbers.add, "-": numbers.subtract, "*": numbers.multiply}[operator]
    return quantity(rule(a.number, b.number), present, unsure)


def _partial(found: tuple[numbers.Number, Bools, Bools], present: Bools, unsure: Bools) -> Part:
    """A number that is null for some inputs."""
    number, refused, certain = found
    return quantity(number, present & ~refused, unsure | (present & ~certain))


def _power(a: Part, exponent: tree.Node) -> Part:
    places = _whole(exponent)
    if a.kind != NUMBER or places is None or not 1 <= places <= HIGHEST_POWER:
        raise NotKnownError
    return quantity(numbers.power(a.number, places), a.present, a.unsure)


def _elapsed(a: Part, b: Part) -> Part:
    first, second = (
        part.values.astype(np.int64) * DAY if part.kind == DATE else part.values for part in (a, b)
    )
    far = numbers.NONE
    for part in (a, b):
        limit = FURTHEST // 2 if part.kind == DATE else FURTHEST // 2 * DAY
        far = far | (part.present & ((part.values > limit) | (part.values < -limit)))
    return Part(DURATION, first - second, present_in(a, b), unsure_of(a, b) | far)


def _negation(block: Block, node: tree.Negation) -> Part:
    operand = block.part(node.operand)
    if operand.kind == NUMBER:
        return quantity(numbers.negate(operand.number), operand.present, operand.unsure)
    if operand.kind == DURATION:
        raise NotKnownError
    return null(operand)


# --- functions


def _call(block: Block, node: tree.Call) -> Part:
    function = node.function
    if not isinstance(function, tree.Name) or block.hides(function.name):
        raise NotKnownError
    rule = _FUNCTIONS.get(function.name)
    if rule is None:
        raise NotKnownError
    return rule(block, function.name, node.arguments)


def _rounding(block: Block, name: str, arguments: tuple[tree.Node, ...]) -> Part:
    places = _whole(arguments[1]) if len(arguments) == 2 else 0
    if places is None or len(arguments) not in ((2,) if name == "decimal" else (1, 2)):
        raise NotKnownError
    value = _number(block, arguments[0])
    found = rounded(value.number, places, WAYS[name])
    if found is None:
        raise NotKnownError
    number, certain = found
    return quantity(number, value.present, value.unsure | (value.present & ~certain))


def _extreme(block: Block, name: str, arguments: tuple[tree.Node, ...]) -> Part:
    pick = np.minimum if name == "min" else np.maximum

    def rule(a: numbers.Number, b: numbers.Number) -> numbers.Number:
        return numbers.extreme(a, b, pick)

    return _folded(block, arguments, rule)


def _sum(block: Block, name: str, arguments: tuple[tree.Node, ...]) -> Part:
    return _folded(block, arguments, numbers.add)


def _folded(
    block: Block,
    arguments: tuple[tree.Node, ...],
    rule: Callable[[numbers.Number, numbers.Number], numbers.Number],
) -> Part:
    if len(arguments) == 1 and isinstance(arguments[0], tree.ListOf):
        arguments = arguments[0].items
    if not arguments:
        raise NotKnownError
    given = [_number(block, argument) for argument in arguments]
    found = reduce(rule, (part.number for part in given))
    return quantity(found, present_in(*given), unsure_of(*given))


def _abs(block: Block, name: str, arguments: tuple[tree.Node, ...]) -> Part:
    value = _only(block, arguments)
    return quantity(numbers.absolute(value.number), value.present, value.unsure)


def _sqrt(block: Block, name: str, arguments: tuple[tree.Node, ...]) -> Part:
    value = _only(block, arguments)
    return _partial(numbers.square_root(value.number), value.present, value.unsure)


def _modulo(block: Block, name: str, arguments: tuple[tree.Node, ...]) -> Part:
    if len(arguments) != 2:
        raise NotKnownError
    a, b = (_number(block, argument) for argument in arguments)
    found = numbers.modulo(a.number, b.number)
    if found is None:
        raise NotKnownError
    return _partial((*found, numbers.ALL), present_in(a, b), unsure_of(a, b))


def _not(block: Block, name: str, arguments: tuple[tree.Node, ...]) -> Part:
    if len(arguments) != 1:
        raise NotKnownError
    operand = block.part(arguments[0])
    if operand.kind != BOOLEAN:
        return null(operand)
    return truth(~operand.values, operand.present, operand.unsure)


def _only(block: Block, arguments: tuple[tree.Node, ...]) -> Part:
    if len(arguments) != 1:
        raise NotKnownError
    return _number(block, arguments[0])


def _number(block: Block, node: tree.Node) -> Part:
    """An argument that is a number, or null for every case."""
    found = block.part(node)
    if found.kind not in (NUMBER, NOTHING):
        raise NotKnownError
    return found


def _whole(node: tree.Node) -> int | None:
    """The whole number that a literal says, with its sign."""
    if isinstance(node, tree.Negation):
        found = _whole(node.operand)
        return None if found is None else -found
    value = node.value if isinstance(node, tree.Literal) else None
    if not isinstance(value, Decimal) or value != value.to_integral_value() or abs(value) > 99:
        return None
    return int(value)


_FUNCTIONS: dict[str, Callable[[Block, str, tuple[tree.Node, ...]], Part]] = {
    **dict.fromkeys(WAYS, _rounding),
    "min": _extreme,
    "max": _extreme,
    "sum": _sum,
    "abs": _abs,
    "sqrt": _sqrt,
    "modulo": _modulo,
    "not": _not,
}

RULES: dict[type, Callable[..., Part]] = {
    tree.Literal: _literal,
    tree.Name: _name,
    tree.Path: _path,
    tree.Negation: _negation,
    tree.Arithmetic: _arithmetic,
    tree.Comparison: _comparison,
    tree.Conjunction: _conjunction,
    tree.Disjunction: _disjunction,
    tree.Between: _between,
    tree.In: _in,
    tree.If: _if,
    tree.Question: lambda block, node: block.part(node.test),
    tree.Call: _call,
}
