"""FEEL texts compiled to steps: functions of a scope and a run that give a value.

A text is parsed once, when the model is read; one that is not FEEL is kept as a problem of the
model and as a step that raises it, so that the decisions which do not need it can still be made.
"""

from dataclasses import dataclass, field, replace
from typing import NoReturn

from headrace.decisions.dmn.run import Check, Run, Step
from headrace.decisions.dmn.tree import Literal
from headrace.decisions.dmn.types import Types, coerce
from headrace.decisions.dmn.words import Words
from headrace.decisions.feel import Scope, Tests, Value, evaluate, parse, parse_tests
from headrace.errors import HeadraceError, MappingError


@dataclass(frozen=True)
class Place:
    """What the expressions of one element may cite.

    Attributes:
        words: Names in scope there, and members of contexts.
        types: Of the model.
        problems: Collects what cannot be compiled.
    """

    words: Words
    types: Types
    problems: list[HeadraceError] = field(compare=False)

    def with_names(self, *names: str) -> "Place":
        """The place with more names in scope."""
        return replace(self, words=self.words.inner(*names))


def compile_literal(tree: Literal, place: Place) -> Step:
    """The step that evaluates a FEEL text; an empty one is null, with a note."""
    if tree.language:
        problem = f"The expression is in the language {tree.language}"
        return broken(MappingError(problem, where=tree.where, remedy="Expected FEEL"), place)
    if not tree.text.strip():
        return _nothing(tree.where)
    try:
        expression = parse(tree.text, place.words.cited(tree.text))
    except HeadraceError as error:
        return broken(located(error, tree), place)
    where, types = tree.where, place.types.plain

    def step(scope: Scope, run: Run) -> Value:
        run.at(where, types)
        return evaluate(expression, scope, run.notes)

    return step


def compile_tests(tree: Literal, place: Place) -> Tests | MappingError:
    """The unary tests of a text, or why it has none; an empty text is `-`."""
    try:
        return parse_tests(tree.text if tree.text.strip() else "-", place.words.cited(tree.text))
    except HeadraceError as error:
        problem = located(error, tree)
        place.problems.append(problem)
        return problem


def typed(step: Step, type_ref: str, where: str, place: Place) -> Step:
    """The step, with its value made to be of a type."""
    check = checked(type_ref, where, place)
    if check is as_it_is:
        return step
    return lambda scope, run: check(step(scope, run), run)


def checked(type_ref: str, where: str, place: Place) -> Check:
    """What makes a value one of a type, or null with a note (10.3.2.9.4)."""
    try:
        wanted = place.types.named(type_ref)
    except MappingError as error:
        located = MappingError(error.problem, where=where, remedy=error.remedy)
        return _unknown(located, place)
    if wanted is None:
        return as_it_is
    return lambda value, run: coerce(value, wanted, where, place.types, run)


def as_it_is(value: Value, _run: Run) -> Value:
    """The check of values that may be anything."""
    return value


def _unknown(error: MappingError, place: Place) -> Check:
    place.problems.append(error)

    def check(_value: Value, _run: Run) -> NoReturn:
        raise error

    return check


def broken(error: MappingError, place: Place) -> Step:
    """A step that cannot be taken: it raises when it is."""
    place.problems.append(error)

    def step(_scope: Scope, _run: Run) -> NoReturn:
        raise error

    return step


def located(error: HeadraceError, tree: Literal) -> MappingError:
    """What FEEL said about a text, with the element that holds it."""
    place = f", {error.where}" if error.where else ""
    problem = f"`{_shortened(tree.text)}`: {error.problem}"
    return MappingError(problem, where=f"{tree.where}{place}", remedy=error.remedy)


def _nothing(where: str) -> Step:
    def step(_scope: Scope, run: Run) -> Value:
        run.note(where, "The expression is empty")
        return None

    return step


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
