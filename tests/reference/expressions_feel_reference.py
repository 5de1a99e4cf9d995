"""FEEL over columns, the slow way: the interpreter, one case after another."""

from collections.abc import Mapping

import numpy as np

from headrace.decisions import feel
from headrace.decisions.program.columns import Bools, Column, column_of_values


def scope_slow(env: Mapping[str, Column], row: int) -> dict[str, feel.Value]:
    scope: dict = {}
    for name, column in env.items():
        *path, last = name.split(".")
        inner = scope
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = column.value(row)
    return scope


def column_slow(
    expression: feel.Expression,
    env: Mapping[str, Column],
    count: int,
    moment: feel.DateTime | None,
) -> Column:
    values = [
        feel.evaluate(expression, scope_slow(env, row), feel.Notes(moment=moment))
        for row in range(count)
    ]
    return column_of_values(values)


def truth_slow(
    tests: feel.Tests,
    value: Column,
    env: Mapping[str, Column],
    count: int,
    moment: feel.DateTime | None,
) -> Bools:
    found = []
    for row in range(count):
        notes = feel.Notes(moment=moment)
        held = feel.matches(tests, value.value(row), scope_slow(env, row), notes)
        found.append(held is True)
    return np.array(found, np.bool_)
