"""Function values whose parameters have types of the model (DMN 1.5, 10.2.1.7, 10.3.2.13)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from headrace.decisions.dmn.run import Check, Run
from headrace.decisions.dmn.texts import Place, checked
from headrace.decisions.dmn.tree import Parameter
from headrace.decisions.feel import Function, Type, Value
from headrace.errors import MappingError

Body: TypeAlias = Callable[[dict[str, Value], Run], Value]


@dataclass(frozen=True)
class Signature:
    """Parameters as FEEL checks them, and as the model does, which restricts values too."""

    where: str
    parameters: tuple[tuple[str, Type | None], ...]
    checks: tuple[Check, ...]
    result: Type | None
    check_result: Check

    def function(self, body: Body, run: Run) -> Function:
        """A function value that hands its body the arguments by name."""
        return Function(self.parameters, partial(self._call, body, run), self.where, self.result)

    def _call(self, body: Body, run: Run, *told: Value) -> Value:
        given: dict[str, Value] = {}
        for (name, _), check, value in zip(self.parameters, self.checks, told, strict=True):
            given[name] = check(value, run)
            if given[name] is None and value is not None:
                return None  # what does not fit a parameter is not passed: the call is null
        with run.inside(self.where):
            return self.check_result(body(given, run), run)


def signature_of(
    parameters: Sequence[tuple[Parameter, Place]], result_ref: str, where: str, place: Place
) -> Signature:
    """The signature of a function.

    Args:
        parameters: In order, each with the place whose model names its type.
        result_ref: The type of what it returns, or the function type that says so.
        where: The element, for errors and notes.
        place: Of the function itself.
    """
    result = place.types.result_ref(result_ref)
    return Signature(
        where,
        tuple((each.name, _plain(each.type_ref, own)) for each, own in parameters),
        tuple(
            checked(each.type_ref, f"{where}, parameter '{each.name}'", own)
            for each, own in parameters
        ),
        _plain(result, place),
        checked(result, where, place),
    )


def _plain(type_ref: str, place: Place) -> Type | None:
    try:
        return place.types.parameter(type_ref)
    except MappingError:
        return None  # the check says so, where it is called
