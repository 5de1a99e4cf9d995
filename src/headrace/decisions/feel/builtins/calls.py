"""Calling a function that is a value (DMN 1.5, Table 62)."""

from __future__ import annotations

from headrace.decisions.feel.builtins.registry import BUILTINS
from headrace.decisions.feel.conformance import coerced
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.operators import kind
from headrace.decisions.feel.values import Function, Value


def call_function(function: Function, arguments: list[Value], notes: Notes) -> Value:
    """Call by position: each argument as its parameter's type, else null with a note."""
    builtin = BUILTINS.get(function.name)
    if builtin and builtin.value is function:
        return builtin.by_position(arguments, notes)
    if len(arguments) != len(function.parameters):
        notes.add(f"{function.name} takes {len(function.parameters)}, not {len(arguments)}")
        return None
    given: list[Value] = []
    for value, (name, wanted) in zip(arguments, function.parameters, strict=True):
        found, fits = coerced(value, wanted, notes) if wanted else (value, True)
        if not fits:
            notes.add(f"A {kind(value)} was given for {name}")
            return None
        given.append(found)
    return function.call(*given)
