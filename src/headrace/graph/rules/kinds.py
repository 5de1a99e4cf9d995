"""What each column holds, a party or a number, and rules with numbers for their variables."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from headrace.graph.rules.language import (
    Atom,
    Comparison,
    Function,
    Negation,
    Number,
    Place,
    Problem,
    Rule,
    Term,
    Text,
    Variable,
)
from headrace.graph.rules.ruleset import (
    INNER,
    PARTY,
    WORD,
    Column,
    Comparing,
    Constant,
    PlainRule,
    Reading,
)
from headrace.graph.rules.totals import Grouping, exact_number, scaled_bound

Kinds = dict[str, list[int]]
_TURNED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_UNKNOWN = -9


def inferred(
    rules: list[Rule], groupings: list[Grouping], base: Mapping[str, tuple[Column, ...]]
) -> tuple[Kinds, list[Problem]]:
    """The kinds of the columns of every relation, found from those that are given.

    A given relation has the position of its edge as a last column more.
    """
    kinds: Kinds = {name: [*(each.kind for each in columns), 0] for name, columns in base.items()}
    for rule in rules:
        kinds.setdefault(rule.head.relation, [_UNKNOWN] * len(rule.head.terms))
    for each in groupings:
        kinds[each.relation] = [_UNKNOWN] * (each.groups + (not each.compared))
    while True:
        before = {name: list(columns) for name, columns in kinds.items()}
        for rule in rules:
            _learn(rule, kinds)
        for each in groupings:
            _group(each, kinds)
        if kinds == before:
            break
    return kinds, [problem for rule in rules for problem in _untyped(rule, kinds)]


def _learn(rule: Rule, kinds: Kinds) -> None:
    known = _kinds_of_variables(rule, kinds)
    columns = kinds[rule.head.relation]
    for at, term in enumerate(rule.head.terms):
        if columns[at] == _UNKNOWN:
            columns[at] = _kind(term, known)


def _group(grouping: Grouping, kinds: Kinds) -> None:
    columns = kinds[grouping.parts]
    whole = 0 if grouping.total.function == Function.COUNT else columns[-1]
    kinds[grouping.relation] = columns[: grouping.groups] + [whole] * (not grouping.compared)


def _kind(term: Term, known: Mapping[str, int]) -> int:
    if isinstance(term, Text):
        return PARTY
    if isinstance(term, Number):
        return max(0, -int(term.value.as_tuple().exponent))
    return known.get(term.name, _UNKNOWN)


def _kinds_of_variables(rule: Rule, kinds: Kinds) -> dict[str, int]:
    """The kind of each variable by the first column that says one."""
    known: dict[str, int] = {}
    for atom in _atoms(rule):
        for term, kind in zip(atom.terms, kinds[atom.relation], strict=True):
            if isinstance(term, Variable) and kind != _UNKNOWN:
                known.setdefault(term.name, kind)
    return known


def _atoms(rule: Rule) -> Iterator[Atom]:
    """Atoms of the body, those that bind variables first."""
    yield from (each for each in rule.body if isinstance(each, Atom))
    yield from (each.atom for each in rule.body if isinstance(each, Negation))


def _untyped(rule: Rule, kinds: Kinds) -> list[Problem]:
    known = _kinds_of_variables(rule, kinds)
    found = list(_unbound(rule))
    for atom in (*_atoms(rule), rule.head):
        for at, (term, column) in enumerate(zip(atom.terms, kinds[atom.relation], strict=True)):
            kind = _kind(term, known)
            if _UNKNOWN not in (kind, column) and not _fits(term, kind, column):
                found.append(
                    _misfit(f"column {at + 1} of {_shown(atom.relation)}", term, kind, column)
                )
    if _UNKNOWN in kinds[rule.head.relation] and not found:
        name = _shown(rule.head.relation)
        at = kinds[rule.head.relation].index(_UNKNOWN) + 1
        remedy = f"add a rule by which {name} has its first facts"
        problem = f"nothing says what column {at} of {name} holds"
        found.append(Problem(problem, rule.head.place, remedy))
    return found


def _fits(term: Term, kind: int, column: int) -> bool:
    return (
        kind == column
        or (isinstance(term, Number) and column >= 0)
        or (isinstance(term, Text) and column in (PARTY, WORD))
    )


def _misfit(what: str, term: Term, kind: int, column: int) -> Problem:
    return Problem(
        f"{what} is {_words(column)}, and {_term_words(term)} is {_words(kind)}",
        term.place,
        "use one variable for one thing"
        if min(kind, column) < 0
        else "give both relations numbers of the same decimal places",
    )


def _unbound(rule: Rule) -> Iterator[Problem]:
    bound = {
        term.name
        for each in rule.body
        if isinstance(each, Atom)
        for term in each.terms
        if isinstance(term, Variable)
    }
    for literal in rule.body:
        terms: tuple[Term, ...] = ()
        if isinstance(literal, Comparison):
            terms = (literal.left, literal.right)
        if isinstance(literal, Negation):
            terms = tuple(
                each
                for each in literal.atom.terms
                if not (isinstance(each, Variable) and each.nameless)
            )
        yield from _unsafe(terms, bound, "any value would do")
    yield from _unsafe(rule.head.terms, bound, "the head would hold of everything")


def _unsafe(terms: Iterable[Term], bound: set[str], why: str) -> Iterator[Problem]:
    for term in terms:
        if isinstance(term, Variable) and term.name not in bound:
            name = "_" if term.nameless else term.name
            problem = f"{name} is in no relation of the body: {why}"
            yield Problem(problem, term.place, f"add a relation that has {name}")


def _words(kind: int) -> str:
    if kind < 0:
        return "a party" if kind == PARTY else "a word"
    return f"a number with {kind} decimal places" if kind else "a whole number"


def _term_words(term: Term) -> str:
    if isinstance(term, Variable):
        return term.name
    return f'"{term.value}"' if isinstance(term, Text) else str(term.value)


def _shown(relation: str) -> str:
    return relation.partition(INNER)[0]


@dataclass
class _Slots:
    """Numbers for the variables and constants of a rule."""

    kinds: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    constants: list[Constant] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    slots: dict[str, int] = field(default_factory=dict)

    def new(self, kind: int, name: str = "") -> int:
        self.kinds.append(kind)
        self.names.append(name)
        return len(self.kinds) - 1

    def variable(self, variable: Variable, kind: int) -> int:
        if variable.name not in self.slots:
            name = "" if variable.name.startswith("_#") else variable.name
            self.slots[variable.name] = self.new(kind, name)
        return self.slots[variable.name]

    def constant(self, value: int | str, kind: int, place: Place) -> int:
        slot = self.new(kind)
        self.constants.append(Constant(slot, value, kind, place))
        return slot

    def number(self, value: Decimal, kind: int, place: Place) -> int:
        whole, found = exact_number(value, kind, place)
        self.problems += found
        return self.constant(whole, kind, place)

    def term(self, term: Term, kind: int) -> int:
        """The slot of a term in a column."""
        if isinstance(term, Variable):
            return self.variable(term, kind)
        if isinstance(term, Number):
            return self.number(term.value, kind, term.place)
        return self.constant(term.value, kind, term.place)


def plain_rule(rule: Rule, kinds: Kinds) -> tuple[PlainRule, list[Problem]]:
    """A rule with numbers for variables.

    Relations are joined on parties: a number that stands in two places is two, and compared.
    """
    slots = _Slots()
    comparisons: list[Comparing] = []
    body = [
        _reading(each, kinds[each.relation], slots, comparisons)
        for each in rule.body
        if isinstance(each, Atom)
    ]
    absent = [
        _plain(each.atom, kinds[each.atom.relation], slots)
        for each in rule.body
        if isinstance(each, Negation)
    ]
    head = _plain(rule.head, kinds[rule.head.relation], slots)
    for each in rule.body:
        if isinstance(each, Comparison):
            comparisons += _comparing(each, slots)
    plain = PlainRule(
        head, tuple(body), tuple(absent), tuple(comparisons), tuple(slots.constants),
        tuple(slots.names), rule.text,
    )  # fmt: skip
    return plain, slots.problems


def _plain(atom: Atom, columns: list[int], slots: _Slots) -> Reading:
    own = tuple(slots.term(term, kind) for term, kind in zip(atom.terms, columns, strict=True))
    return Reading(atom.relation, own, atom.place)


def _reading(
    atom: Atom, columns: list[int], slots: _Slots, comparisons: list[Comparing]
) -> Reading:
    own = []
    for term, kind in zip(atom.terms, columns, strict=True):
        if kind < 0:
            own.append(slots.term(term, kind))
        elif isinstance(term, Variable) and term.name not in slots.slots:
            own.append(slots.variable(term, kind))
        else:
            fresh = slots.new(kind)
            own.append(fresh)
            if isinstance(term, Number):
                operator, bound = scaled_bound("=", term.value, kind)
                other = slots.constant(bound, kind, term.place)
                comparisons.append(Comparing(fresh, operator, other))
            else:
                comparisons.append(Comparing(fresh, "=", slots.term(term, kind)))
    return Reading(atom.relation, tuple(own), atom.place)


def _comparing(comparison: Comparison, slots: _Slots) -> list[Comparing]:
    left, operator, right = comparison.left, comparison.operator, comparison.right
    if not isinstance(left, Variable):
        left, operator, right = right, _TURNED[operator], left
    if not isinstance(left, Variable):
        remedy = "compare a variable with it"
        slots.problems.append(Problem("two constants are compared", comparison.place, remedy))
        return []
    slot = slots.slots[left.name]
    kind = slots.kinds[slot]
    if kind >= 0 and isinstance(right, Number):
        operator, bound = scaled_bound(operator, right.value, kind)
        return [Comparing(slot, operator, slots.constant(bound, kind, right.place))]
    if isinstance(right, Variable):
        other, found = slots.slots[right.name], slots.kinds[slots.slots[right.name]]
    else:
        found = kind if isinstance(right, Text) and kind < 0 else _kind(right, {})
        other = slots.term(right, found)
    ordered = operator not in ("=", "!=")
    if kind != found or (kind < 0 and ordered):
        slots.problems.append(
            Problem(
                f"{left.name} is {_words(kind)}, and cannot be compared with {_words(found)} "
                f"by {operator}",
                comparison.place,
                "parties and words are the same or not; numbers have the same decimal places",
            )
        )
    return [Comparing(slot, operator, other)]
