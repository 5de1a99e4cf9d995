"""Totals taken out of rules: contributions as a relation of their own, groups as another.

    controls(X, Y) :- sum(S over Z: holds(X, Z, Y, S), S > 0) > 0.5.

becomes, where P is the contributions and G the groups whose sum is above 0.5,

    P(X, Y, Z, S) :- holds(X, Z, Y, S), S > 0.
    controls(X, Y) :- G(X, Y).

A group is made by the variables that also stand outside of the total. Contributions are told apart
by those after `over`, and by the value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from headrace.graph.rules.language import (
    Atom,
    Comparison,
    Function,
    Literal,
    Negation,
    Number,
    Place,
    Problem,
    Rule,
    Term,
    Text,
    Total,
    Variable,
)
from headrace.graph.rules.ruleset import INNER, PlainTotal

INT64_MAX = 2**63 - 1
NEVER = ("<", -(2**63))
EVER = (">=", -INT64_MAX)  # of any number that is not missing


@dataclass(frozen=True)
class Grouping:
    """A total on its way to `PlainTotal`.

    Attributes:
        groups: How many columns a group has.
        compared: With a number; otherwise the total becomes a column.
        positive: No contribution can be below 0.
    """

    relation: str
    parts: str
    groups: int
    total: Total
    compared: bool
    positive: bool
    text: str


def extracted(rules: list[Rule]) -> tuple[list[Rule], list[Grouping], list[Problem]]:
    """Rules without totals, those of the contributions among them."""
    taken = _Totals()
    plain = [taken.rule(rule) for rule in rules]
    return plain + taken.rules, taken.groupings, taken.problems


class _Totals:
    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.groupings: list[Grouping] = []
        self.problems: list[Problem] = []

    def rule(self, rule: Rule) -> Rule:
        """The rule with an atom for each of its totals."""
        body: list[Literal] = []
        for at, literal in enumerate(rule.body):
            if isinstance(literal, Total):
                rest = (*rule.body[:at], *rule.body[at + 1 :])
                body += self._group(literal, rule, rest)
            else:
                body.append(literal)
        return Rule(rule.head, tuple(body), rule.text)

    def _group(self, total: Total, rule: Rule, rest: tuple[Literal, ...]) -> list[Literal]:
        outside = _variables(rule.head.terms)
        for literal in rest:
            outside |= _variables_of(literal)
        inside: dict[str, Variable] = {}
        for literal in total.body:
            inside |= _variables_of(literal)
        self._check(total, inside, outside)
        groups = [each for name, each in inside.items() if name in outside]
        name = f"{rule.head.relation}{INNER}{len(self.groupings) + 1}"
        parts = f"{name}{INNER}parts"
        value = () if total.value is None else (total.value,)
        part = Atom(parts, (*groups, *total.over, *value), total.place)
        self.rules.append(Rule(part, total.body, rule.text))
        compared = isinstance(total.right, Number)
        positive = total.value is not None and any(
            isinstance(each, Comparison) and _above_zero(each, total.value) for each in total.body
        )
        grouping = Grouping(name, parts, len(groups), total, compared, positive, _shown(total))
        self.groupings.append(grouping)
        if compared:
            return [Atom(name, tuple(groups), total.place)]
        if self._names(total, rest):
            return [Atom(name, (*groups, total.right), total.place)]
        whole = Variable(f"_#total{len(self.groupings)}", total.place)
        compares = Comparison(whole, total.operator, total.right, total.place)
        return [Atom(name, (*groups, whole), total.place), compares]

    def _names(self, total: Total, rest: tuple[Literal, ...]) -> bool:
        """Whether the total is given a name that no relation of the rule binds."""
        if total.operator != "=" or not isinstance(total.right, Variable):
            return False
        bound = {name for each in rest if isinstance(each, Atom) for name in _variables_of(each)}
        return total.right.name not in bound

    def _check(
        self, total: Total, inside: dict[str, Variable], outside: dict[str, Variable]
    ) -> None:
        name = total.function.name.lower()
        if total.function == Function.SUM and not total.over:
            self.problems.append(
                Problem(
                    "this sum does not say what tells its contributions apart",
                    total.place,
                    "name it after over: sum(S over Z: owns(Z, Y, S))",
                )
            )
        if isinstance(total.right, Text):
            remedy = f"compare the {name} with a number"
            self.problems.append(Problem("a party is not a number", total.right.place, remedy))
        value = () if total.value is None else (total.value,)
        for each in (*total.over, *value):
            if each.name not in inside:
                self.problems.append(
                    Problem(
                        f"{each.name} is not in what this {name} is over",
                        each.place,
                        "let a relation within the parentheses bind it",
                    )
                )
            elif each.name in outside:
                self.problems.append(
                    Problem(
                        f"{each.name} stands inside and outside of this {name}",
                        each.place,
                        "a group has one value of what stands outside: use another name inside",
                    )
                )


def _above_zero(comparison: Comparison, value: Variable) -> bool:
    left, operator, right = comparison.left, comparison.operator, comparison.right
    if isinstance(left, Number):
        left, right = right, left
        operator = operator.translate(str.maketrans("<>", "><"))
    named = isinstance(left, Variable) and left.name == value.name
    return named and operator in (">", ">=") and isinstance(right, Number) and right.value >= 0


def _shown(total: Total) -> str:
    value = "" if total.value is None else total.value.name
    over = ", ".join(each.name for each in total.over)
    between = " over " if value and over else ""
    shown = f"{total.function.name.lower()}({value}{between}{over})"
    right = total.right
    return f"{shown} {total.operator} {right.value}" if isinstance(right, Number) else shown


def _variables(terms: Iterable[Term]) -> dict[str, Variable]:
    return {term.name: term for term in terms if isinstance(term, Variable)}


def _variables_of(literal: Literal) -> dict[str, Variable]:
    if isinstance(literal, Atom):
        return _variables(literal.terms)
    if isinstance(literal, Negation):
        return _variables(literal.atom.terms)
    if isinstance(literal, Comparison):
        return _variables((literal.left, literal.right))
    found = _variables((literal.right,))
    for each in literal.body:
        found |= _variables_of(each)
    return found


def plain_total(
    grouping: Grouping, kinds: dict[str, list[int]]
) -> tuple[PlainTotal, list[Problem]]:
    """A total with its bound in the places of what it totals."""
    total, problems = grouping.total, []
    value = kinds[grouping.parts][-1]
    places = 0 if total.function == Function.COUNT else value
    if total.function != Function.COUNT and value < 0 and total.value is not None:
        remedy = "total a number; count(...) counts anything"
        problems.append(Problem(f"{total.value.name} is not a number", total.value.place, remedy))
        places = 0
    operator, bound = "", 0
    if isinstance(total.right, Number) and grouping.compared:
        operator, bound = scaled_bound(total.operator, total.right.value, places)
    return (
        PlainTotal(
            grouping.relation, grouping.parts, total.function, grouping.groups,
            operator, bound, grouping.text,
        ),
        problems,
    )  # fmt: skip


def scaled_bound(operator: str, value: Decimal, places: int) -> tuple[str, int]:
    """The comparison of a whole number of 10**-places that is the same as one with `value`."""
    exact = value.scaleb(places)
    below = int(exact.to_integral_value(ROUND_FLOOR))
    if below > INT64_MAX:
        return EVER if operator in ("<", "<=", "!=") else NEVER
    if below < -INT64_MAX:
        return EVER if operator in (">", ">=", "!=") else NEVER
    if exact == below:
        return operator, below
    if operator in ("=", "!="):
        return NEVER if operator == "=" else EVER
    return (">" if operator[0] == ">" else "<="), below


def exact_number(value: Decimal, places: int, place: Place) -> tuple[int, list[Problem]]:
    """A decimal as a whole number of 10**-places, where it is one."""
    exact = value.scaleb(places)
    whole = int(exact.to_integral_value(ROUND_FLOOR))
    if exact != whole or abs(whole) > INT64_MAX:
        remedy = f"write it with at most {places} decimal places, in 64 bits"
        return 0, [Problem(f"{value} does not fit its column", place, remedy)]
    return whole, []
