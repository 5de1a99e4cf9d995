"""Whether the relations of rules are there, and have as many columns as the rules say."""

import difflib
from collections.abc import Mapping
from dataclasses import replace

from headrace.graph.rules.language import (
    Atom,
    Literal,
    Negation,
    Place,
    Problem,
    Rule,
    Simple,
    Total,
    Variable,
)
from headrace.graph.rules.ruleset import Column

EDGE = "edge"
"""The column that a rule may ask for behind those of a given relation: the edge's position."""


def resolved(
    rules: list[Rule], base: Mapping[str, tuple[Column, ...]]
) -> tuple[list[Rule], list[Problem]]:
    """Rules whose atoms have a term for every column, the edge's among them."""
    names = _Names(rules, base)
    found = [
        replace(rule, body=tuple(names.literal(literal) for literal in rule.body)) for rule in rules
    ]
    return found, names.problems


class _Names:
    """The columns of every relation, and what is wrong with the atoms seen so far."""

    def __init__(self, rules: list[Rule], base: Mapping[str, tuple[Column, ...]]) -> None:
        self.problems: list[Problem] = []
        self._base = base
        self._unasked = 0
        self._derived: dict[str, int] = {}
        for rule in rules:
            head = rule.head
            width = self._derived.setdefault(head.relation, len(head.terms))
            if head.relation in base:
                self._note(
                    f"{head.relation} is given, and no rule adds to it",
                    head.place,
                    "let the head have a name of its own",
                )
            if width != len(head.terms):
                self._note(
                    f"{head.relation} has {width} columns above and {len(head.terms)} here",
                    head.place,
                    "give every rule of a relation the same columns",
                )

    def literal(self, literal: Literal) -> Literal:
        """The literal with a term for every column."""
        if isinstance(literal, Total):
            return replace(literal, body=tuple(self._simple(each) for each in literal.body))
        return self._simple(literal)

    def _simple(self, literal: Simple) -> Simple:
        if isinstance(literal, Atom):
            return self._atom(literal)
        if isinstance(literal, Negation):
            return Negation(self._atom(literal.atom))
        return literal

    def _atom(self, atom: Atom) -> Atom:
        name, given = atom.relation, len(atom.terms)
        if name in self._base:
            width, most = len(self._base[name]), len(self._base[name]) + 1
        elif name in self._derived:
            width = most = self._derived[name]
        else:
            known = [*self._base, *self._derived]
            near = difflib.get_close_matches(name, known, 1)
            self._note(
                f"there is no relation {name}",
                atom.place,
                f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}",
            )
            return atom
        if (atom.ends and width >= 2) or given in (width, most):
            more = tuple(self._nobody(atom.place) for _ in range(most - given))
            return replace(atom, terms=(*atom.terms, *more))
        columns = ", ".join(column.name for column in self._base.get(name, ()))
        self._note(
            f"{name} has {width} columns, not {given}",
            atom.place,
            f"its columns are {columns}; write _ for one that is not asked about"
            if columns
            else "a rule above says which; write _ for one that is not asked about",
        )
        return atom

    def _nobody(self, place: Place) -> Variable:
        self._unasked += 1
        return Variable(f"_#column{self._unasked}", place)

    def _note(self, problem: str, place: Place, remedy: str) -> None:
        self.problems.append(Problem(problem, place, remedy))
