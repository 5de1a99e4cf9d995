"""A table asked case by case, by the interpreter: for the few that do not compile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headrace.decisions.dmn.alone import table_alone
from headrace.decisions.feel import Note, Value
from headrace.decisions.program.columns import column_of_values
from headrace.decisions.program.outputs import Around
from headrace.decisions.program.results import NO_STARTS, TableResult, problem, starts
from headrace.decisions.tables.table import SEVERAL, Table


def scope_of(around: Around, row: int) -> dict[str, Value]:
    """What a case's expressions see: `access.outcome` is the outcome within access."""
    scope: dict[str, Any] = {}
    for name, column in around.columns.items():
        first, dot, rest = name.partition(".")
        if dot:
            scope.setdefault(first, {})[rest] = column.value(row)
        else:
            scope[name] = column.value(row)
    return scope


def interpret(table: Table, around: Around) -> TableResult:
    """What the table says in every case; some thousands of cases a second."""
    ask = table_alone(table.tree(), {name.partition(".")[0] for name in around.columns})
    told = [ask(scope_of(around, row), around.moment) for row in range(around.count)]
    lists = table.hit_policy in SEVERAL and table.aggregation is None
    rules = [outcome.fired[0].rules if outcome.fired else () for outcome in told]
    if lists:  # a default is an item of no rule
        rules = [each or (0,) * (o.value is not None) for each, o in zip(rules, told, strict=True)]
    values = [outcome.value for outcome in told]
    codes = np.array(["" if o.value is not None or o.fired else _code(o.notes) for o in told])
    problems = tuple(
        found for code in sorted({*codes} - {""}) for found in problem(code, (), codes == code)
    )
    fired = np.array([each[0] if each else 0 for each in rules], np.int32)
    several = table.hit_policy in SEVERAL
    at = starts(np.array([len(each) for each in rules], np.int64)) if several else NO_STARTS
    hits = np.array([number for each in rules for number in each if several], np.int32)
    single = len(table.outputs) == 1
    rows = [item for value in values for item in _listed(value)] if lists else values
    columns = {
        each.name: column_of_values([_member(row, "" if single else each.name) for row in rows])
        for each in table.outputs
    }
    if lists:
        return TableResult(fired, hits, at, {}, columns, problems)
    return TableResult(fired, hits, at, columns, {}, problems)


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _member(value: Value, name: str) -> Value:
    if not name:
        return value
    return value.get(name) if isinstance(value, Mapping) else None


def _code(notes: Sequence[Note]) -> str:
    """Which problem the notes of a case without a result tell; empty for none of the table's."""
    said = notes[-1].text if notes else ""
    if "none of those listed" in said:
        return "not_listed"
    if said.startswith("No rule"):
        return "no_rule"
    return "overlap" if "are met" in said else ""
