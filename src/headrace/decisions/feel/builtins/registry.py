"""How built-in functions are declared and called (DMN 1.5, 10.3.4).

A function says its signature as text, `substring(string: string, start position: number,
length: number = )`, and gets its arguments already of those types, after the notes of the run.

    name: type      must be given; null is refused with a note
    name: type?     must be given, and may be null
    name: type =    need not be given; null is refused with a note
    name: type? =   need not be given; null is as good as nothing
    name: type...   any number of arguments, handed over as one list
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from headrace.decisions.feel.calendar import Date
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import kind, midnight
from headrace.decisions.feel.values import Function, Value

SIGNATURE = re.compile(r"([a-z ]+)\((.*)\)", re.DOTALL)
DURATION = ("days and time duration", "years and months duration")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a built-in function; `kinds` is empty where any value will do."""

    name: str
    kinds: tuple[str, ...]
    nullable: bool = False
    optional: bool = False
    variadic: bool = False

    def takes(self, value: Value) -> tuple[Value, bool]:
        """A value as this parameter's type, and whether it can be one (10.3.2.9.4)."""
        if value is None:
            return None, self.nullable
        if not self.kinds or kind(value) in self.kinds:
            return value, True
        if isinstance(value, list) and len(value) == 1 and kind(value[0]) in self.kinds:
            return value[0], True
        if self.kinds == ("list",):
            return [value], True
        if isinstance(value, Date) and "date and time" in self.kinds:
            return midnight(value), True
        return None, False


@dataclass(frozen=True)
class Overload:
    """One signature of a function and what answers it."""

    signature: str
    parameters: tuple[Parameter, ...]
    call: Callable[..., Value]

    def named(self, arguments: dict[str, Value]) -> list[Value] | None:
        """Arguments in order, or None where the names do not fit."""
        known = [parameter.name for parameter in self.parameters]
        needed = [p.name for p in self.parameters if not p.optional]
        if set(arguments) - set(known) or set(needed) - set(arguments):
            return None
        last = max((known.index(name) for name in arguments), default=-1)
        return [arguments.get(name) for name in known[: last + 1]]

    def fitted(self, arguments: list[Value]) -> list[Value] | None:
        """Arguments as the parameters' types, or None where they do not fit."""
        parameters = self.parameters
        if parameters and parameters[-1].variadic:
            *parameters_, last = parameters
            count = len(parameters_)
            if len(arguments) <= count:
                return None
            tail = [last.takes(value) for value in arguments[count:]]
            if not all(fits for _, fits in tail):
                return None
            head = self._each(tuple(parameters_), arguments[:count])
            return None if head is None else [*head, [value for value, _ in tail]]
        if len(arguments) > len(parameters):
            return None
        given = self._each(parameters[: len(arguments)], arguments)
        if given is None or not all(p.optional for p in parameters[len(arguments) :]):
            return None
        return given

    @staticmethod
    def _each(parameters: tuple[Parameter, ...], arguments: list[Value]) -> list[Value] | None:
        found = [p.takes(value) for p, value in zip(parameters, arguments, strict=True)]
        return [value for value, _ in found] if all(fits for _, fits in found) else None


@dataclass
class Builtin:
    """A built-in function: its signatures in the order they are tried."""

    name: str
    overloads: list[Overload] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.value = Function((), self._unbound, self.name)

    def by_position(self, arguments: list[Value], notes: Notes) -> Value:
        """Call with arguments in order; null with a note where no signature fits."""
        for overload in self.overloads:
            given = overload.fitted(arguments)
            if given is not None:
                return _run(overload, given, notes)
        self._refuse(arguments, notes)
        return None

    def by_name(self, arguments: dict[str, Value], notes: Notes) -> Value:
        """Call with arguments by name; null with a note where no signature fits."""
        for overload in self.overloads:
            ordered = overload.named(arguments)
            given = None if ordered is None else overload.fitted(ordered)
            if given is not None:
                return _run(overload, given, notes)
        self._refuse(list(arguments.values()), notes)
        return None

    def _refuse(self, arguments: list[Value], notes: Notes) -> None:
        given = ", ".join(map(kind, arguments)) or "nothing"
        wanted = " or ".join(overload.signature for overload in self.overloads)
        notes.add(f"{self.name} was given {given}; it takes {wanted}")

    def _unbound(self, *arguments: Value) -> Value:
        return self.by_position(list(arguments), Notes())


def _run(overload: Overload, arguments: list[Value], notes: Notes) -> Value:
    """The result, after its characters and items and those of the arguments were counted."""
    for argument in arguments:
        if isinstance(argument, str):
            notes.spend(len(argument) // 1000)
    before = len(notes.notes)
    result = overload.call(notes, *arguments)
    if result is None and len(notes.notes) == before and _all_numbers(arguments):
        notes.add(f"{overload.signature} has a result beyond every number")
    if isinstance(result, str):
        notes.spelled(len(result))
    elif isinstance(result, list):
        notes.spend(len(result) // 10)
    return result


def _all_numbers(arguments: list[Value]) -> bool:
    return all(isinstance(argument, Decimal | list) for argument in arguments)


BUILTINS: dict[str, Builtin] = {}


def builtin(signature: str) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Declare a built-in function; again, to give it another signature."""
    found = SIGNATURE.fullmatch(signature)
    if not found:
        raise ValueError(signature)
    parameters = tuple(_parameter(part) for part in found[2].split(",") if part.strip())

    def declare(function: Callable[..., Value]) -> Callable[..., Value]:
        entry = BUILTINS.setdefault(found[1], Builtin(found[1]))
        entry.overloads.append(Overload(signature, parameters, function))
        return function

    return declare


def _parameter(text: str) -> Parameter:
    name, _, kinds = (part.strip() for part in text.partition(":"))
    optional, variadic, nullable = (mark in kinds for mark in ("=", "...", "?"))
    kinds = kinds.rstrip("=.? ")
    names = tuple(part.strip() for part in kinds.split("|")) if kinds != "any" else ()
    if "duration" in names:
        names = (*(n for n in names if n != "duration"), *DURATION)
    return Parameter(name, names, nullable or kinds == "any", optional, variadic)
