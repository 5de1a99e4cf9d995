"""Rules and the columns of the relations they read -> a rule set, or every problem with its place.

Checked: every relation is known and has its columns; every variable is bound by a relation; parties
are compared with parties, numbers with numbers of the same decimal places; no relation depends on
its own absence (negation is stratified: Apt, Blair and Walker, "Towards a theory of declarative
knowledge", 1988); and a total that is part of its own recursion can only grow towards what is asked
of it (monotone aggregates: Ross and Sagiv, "Monotonic aggregation in deductive databases", 1992).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headrace.graph.rules.kinds import inferred, plain_rule
from headrace.graph.rules.language import (
    Atom,
    Function,
    Negation,
    Place,
    Problem,
    Rule,
    RulesError,
)
from headrace.graph.rules.naming import resolved
from headrace.graph.rules.parsing import parse
from headrace.graph.rules.ruleset import (
    INNER,
    Column,
    Component,
    PlainRule,
    PlainTotal,
    RuleSet,
)
from headrace.graph.rules.totals import Grouping, extracted, plain_total

_GROWS = {
    Function.SUM: (">", ">="),
    Function.COUNT: (">", ">="),
    Function.MAX: (">", ">="),
    Function.MIN: ("<", "<="),
}


def read_rules(text: str, base: Mapping[str, tuple[Column, ...]]) -> RuleSet:
    """Rules that can be run.

    Args:
        text: See `language`.
        base: Columns of the relations that are given; rules may leave out none, and may ask for
            the position of the edge in one column more.

    Raises:
        RulesError: With every problem that was found.
    """
    written, problems = parse(text)
    if not written and not problems:
        remedy = "such as: linked(A, B) :- guarantees(A, B, _)."
        raise RulesError([Problem("there is no rule here", Place(1, 1), remedy)])
    rules, found = resolved(written, base)
    _stop(problems + found)
    rules, groupings, found = extracted(rules)
    _stop(found)
    kinds, found = inferred(rules, groupings, base)
    _stop(found)
    plain, totals, problems = [], [], []
    for rule in rules:
        made, found = plain_rule(rule, kinds)
        problems += found
        plain.append(made)
    for grouping in groupings:
        total, found = plain_total(grouping, kinds)
        problems += found
        totals.append(total)
    _stop(problems)
    derived = {
        name: tuple(Column(str(at), kind) for at, kind in enumerate(columns))
        for name, columns in kinds.items()
        if name not in base
    }
    parts = _parts(rules, groupings, list(derived))
    _stop(_unstratified(rules, groupings, parts))
    return RuleSet(
        base=dict(base),
        derived=derived,
        components=tuple(_component(part, plain, totals) for part in parts),
        warnings=tuple(_warnings(rules, parts)),
    )


def _stop(problems: list[Problem]) -> None:
    if problems:
        raise RulesError(problems)


@dataclass(frozen=True)
class _Arc:
    """`head` is derived from `body`."""

    head: str
    body: str
    place: Place


def _arcs(rules: list[Rule], groupings: list[Grouping]) -> list[_Arc]:
    arcs = []
    for rule in rules:
        for literal in rule.body:
            atom = literal.atom if isinstance(literal, Negation) else literal
            if isinstance(atom, Atom):
                arcs.append(_Arc(rule.head.relation, atom.relation, atom.place))
    return arcs + [_Arc(each.relation, each.parts, each.total.place) for each in groupings]


def _parts(
    rules: list[Rule], groupings: list[Grouping], derived: list[str]
) -> list[frozenset[str]]:
    """Relations that depend on one another, what each needs before it."""
    code = {name: at for at, name in enumerate(derived)}
    arcs = [(code[arc.head], code[arc.body]) for arc in _arcs(rules, groupings) if arc.body in code]
    if not derived:
        return []
    heads, bodies = ([arc[side] for arc in arcs] for side in (0, 1))
    matrix = coo_array((np.ones(len(arcs)), (heads, bodies)), shape=(len(code), len(code)))
    count, label = connected_components(matrix, directed=True, connection="strong")
    needs: dict[int, set[int]] = {part: set() for part in range(count)}
    for head, body in arcs:
        if label[head] != label[body]:
            needs[int(label[head])].add(int(label[body]))
    return [
        frozenset(name for name, at in code.items() if label[at] == part)
        for part in TopologicalSorter(needs).static_order()
    ]


def _component(part: frozenset[str], rules: list[PlainRule], totals: list[PlainTotal]) -> Component:
    return Component(
        relations=part,
        rules=tuple(rule for rule in rules if rule.head.relation in part),
        totals=tuple(total for total in totals if total.relation in part),
    )


def _unstratified(
    rules: list[Rule], groupings: list[Grouping], parts: list[frozenset[str]]
) -> list[Problem]:
    part_of = {name: part for part in parts for name in part}
    problems = []
    for rule in rules:
        for literal in rule.body:
            if isinstance(literal, Negation):
                atom = literal.atom
                if atom.relation in part_of[rule.head.relation]:
                    problems.append(
                        Problem(
                            f"{_shown(rule.head.relation)} depends on the absence of "
                            f"{atom.relation}, which depends on {_shown(rule.head.relation)}",
                            atom.place,
                            "negate only what is derived without it",
                        )
                    )
    for each in groupings:
        if each.parts in part_of[each.relation]:
            problems += _not_growing(each)
    return problems


def _not_growing(grouping: Grouping) -> list[Problem]:
    """Why a total within its own recursion could be true first and false later."""
    total = grouping.total
    name = total.function.name.lower()
    if total.operator not in _GROWS[total.function] or not grouping.compared:
        signs = " or ".join(_GROWS[total.function])
        return [
            Problem(
                f"this {name} is part of its own recursion, and may be true first and false later",
                total.place,
                f"compare it with a number by {signs}, or total what is derived without it",
            )
        ]
    if total.function == Function.SUM and not grouping.positive:
        value = total.value.name if total.value else ""
        return [
            Problem(
                f"this sum is part of its own recursion, and {value} may be below 0",
                total.place,
                f"sum what cannot shrink it: add {value} > 0 within the sum",
            )
        ]
    return []


def _shown(relation: str) -> str:
    return relation.partition(INNER)[0]


def _warnings(rules: list[Rule], parts: list[frozenset[str]]) -> list[Problem]:
    part_of = {name: part for part in parts for name in part}
    found = []
    for rule in rules:
        atoms = [each for each in rule.body if isinstance(each, Atom)]
        again = [each for each in atoms if each.relation in part_of[rule.head.relation]]
        if len(again) > 1 and INNER not in rule.head.relation:
            found.append(
                Problem(
                    f"{rule.head.relation} is chained with itself: "
                    "every way of cutting a chain in two is tried",
                    again[1].place,
                    "let one step be of a given relation: p := q+, or p(X, Z) :- p(X, Y), q(Y, Z)",
                )
            )
        if not _joined(atoms):
            found.append(
                Problem(
                    "nothing joins the relations of this rule: each fact meets every other",
                    rule.head.place,
                    "let them share a variable",
                )
            )
    return found


def _joined(atoms: list[Atom]) -> bool:
    """Whether atoms hang together by their variables."""
    apart = [{term.name for term in atom.terms if hasattr(term, "name")} for atom in atoms]
    while len(apart) > 1:
        first = apart.pop()
        near = next((each for each in apart if each & first), None)
        if near is None:
            return False
        near |= first
    return True
