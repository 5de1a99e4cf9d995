"""A policy checked as a whole: every name is known, every cell asks for what its column holds."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from headrace.decisions.feel import BUILTINS, Expression, Range, Tests, Value
from headrace.decisions.feel import kind as kind_of
from headrace.decisions.feel.naming import CLOCK, cited_names, free_names
from headrace.decisions.feel.tree import Iterator as Each
from headrace.decisions.feel.tree import Node, Path
from headrace.decisions.flow.policy import (
    ACTIONS,
    ALWAYS_KNOWN,
    ListStep,
    ModelStep,
    Policy,
    TableStep,
    ValueStep,
)
from headrace.decisions.flow.saying import ACTION, REASON
from headrace.decisions.program.analysis import analyse
from headrace.decisions.program.classes import is_plain, wanted_by
from headrace.decisions.program.columns import BOOLEAN, NUMBER, STRING
from headrace.decisions.program.findings import Finding
from headrace.decisions.program.outputs import constant_of
from headrace.decisions.tables.table import SEVERAL, Table, dotted_name, literal_kind
from headrace.errors import MappingError

Kinds = dict[str, str]
RESERVED = {"?", "item", "partial"}


def check_policy(policy: Policy, inputs: Mapping[str, str]) -> Kinds:
    """Refuse what would be missing, or never met, in every case.

    Args:
        policy: As read.
        inputs: FEEL types of features, by name.

    Returns:
        FEEL types of all that the policy knows at its end, by name; empty where a value's type is
        known only when it is computed.

    Raises:
        MappingError: Naming the cell or step, what was wrong and what would be right.
    """
    known: Kinds = {**inputs, **policy.inputs, **ALWAYS_KNOWN}
    where = policy.file or policy.name
    for step in policy.steps:
        place = f"{where}, step {step.name}"
        if step.when is not None:
            _check_names(step.when, known, f"{place}, when")
        if isinstance(step, ListStep):
            if step.by not in known:
                raise unknown_name(step.by, known, f"{place}, by")
            known[step.name] = BOOLEAN
        elif isinstance(step, ModelStep):
            known[step.name] = NUMBER
        elif isinstance(step, ValueStep):
            _check_names(step.expression, known, place)
            known[step.name] = literal_kind(step.expression)
        elif isinstance(step, TableStep):
            check_table(policy.tables[step.name], known)
            known.update(outputs_of(policy.tables[step.name]))
    for name, expression in policy.results.items():
        _check_names(expression, known, f"{where}, results, {name}")
    return known


def findings_of(table: Table, known: Mapping[str, str]) -> tuple[Finding, ...]:
    """What is odd about a table of a policy, see `analyse`.

    A table in which several rules may speak has nothing to say where none is met: no gap.
    """
    several = table.hit_policy in SEVERAL and table.aggregation is None
    found = analyse(table, known)
    return tuple(each for each in found if not (several and each.code == "gap"))


def outputs_of(table: Table) -> Kinds:
    """What later steps know of a table, by name, with its type where that is sure.

    A table of one output gives it by the table's own name; of several, by `table.output`. What is a
    list is not among them.
    """
    if table.hit_policy in SEVERAL and table.aggregation is None:
        return {}
    found: Kinds = {}
    for place, column in enumerate(table.outputs):
        cells = [rule.outputs[place] for rule in table.rules]
        kinds = {literal_kind(cell) for cell in cells if constant_of(cell) != (True, None)}
        name = table.name if len(table.outputs) == 1 else f"{table.name}.{column.name}"
        sure = column.type or (kinds.pop() if len(kinds) == 1 else "")
        found[name] = NUMBER if table.aggregation is not None else sure
    return found


def check_table(table: Table, known: Mapping[str, str]) -> None:
    """Refuse cells that cite what is not known, or ask for another type than their column has.

    Raises:
        MappingError: Naming the cell.
    """
    for place, column in enumerate(table.inputs):
        where = f"{table.file or table.name}, header, in:{column.text}"
        _check_names(column.expression, known, where)
        held = column.type or known.get(column.name, "")
        for rule in table.rules:
            cell = table.where(rule, f"in:{column.text}")
            _check_names(rule.tests[place], known, cell)
            _check_kind(rule.tests[place], held, column.text, cell)
    for place, output in enumerate(table.outputs):
        if output.default is not None:
            cell = f"{table.file or table.name}, # default, out:{output.name}"
            _check_names(output.default, known, cell)
            _check_said(output.default, output.name, cell)
        for rule in table.rules:
            cell = table.where(rule, f"out:{output.name}")
            _check_names(rule.outputs[place], known, cell)
            _check_said(rule.outputs[place], output.name, cell)


def _check_said(expression: Expression, name: str, where: str) -> None:
    """An output `action` is an action, and `reason` a text."""
    known, value = constant_of(expression)
    if not known or value is None:
        return
    if name == ACTION and value not in ACTIONS:
        remedy = f"One of {', '.join(ACTIONS)}"
        raise MappingError(f"'{value}' is no action", where=where, remedy=remedy)
    if name == REASON and not isinstance(value, str):
        raise MappingError("A reason is a text", where=where, remedy="Put it in quotes")


def _check_names(node: Node | Tests, known: Mapping[str, str], where: str) -> None:
    clock = sorted(cited_names(node) & CLOCK)
    if clock:
        raise MappingError(
            f"{clock[0]}() is not the same when a decision is made again",
            where=where,
            remedy="Test decision_time or decision_date",
        )
    bases = {name.partition(".")[0] for name in known}
    for name in sorted(_members(node)):
        base = name.partition(".")[0]
        if name not in known and base in bases and base not in known:
            raise unknown_name(name, known, where)
    for name in sorted(free_names(node) - RESERVED):
        if name not in bases:
            raise unknown_name(name, {*known, *bases, *BUILTINS}, where)


def _members(node: Node | Tests) -> frozenset[str]:
    """The members of contexts that are cited, such as `access.outcome`."""
    found: set[str] = set()
    waiting: list[object] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Path):
            found.add(dotted_name(part))
        if isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, Node | Each | Tests):
            waiting.extend(vars(part).values())
    return frozenset(found - {""})


def unknown_name(name: str, known: Collection[str], where: str) -> MappingError:
    """The error about a name that nothing has, with the one that may be meant."""
    near = difflib.get_close_matches(name, sorted(known), 1)
    remedy = f"Did you mean {near[0]}?" if near else 'Put a text in quotes: "like this"'
    return MappingError(f"Nothing is named '{name}'", where=where, remedy=remedy)


def _check_kind(tests: Tests, held: str, name: str, where: str) -> None:
    if not held or not is_plain(tests):
        return
    for alternative in tests.alternatives:
        for wanted in _asked(wanted_by(alternative)):
            if wanted is not None and kind_of(wanted) != held:
                raise MappingError(
                    f"The cell tests for a {_word(kind_of(wanted))}",
                    where=where,
                    remedy=f"'{name}' holds {_word(held)}s",
                )


def _asked(wanted: Value) -> Iterator[Value]:
    """The literals that a test compares with."""
    if isinstance(wanted, list):
        for item in wanted:
            yield from _asked(item)
    elif isinstance(wanted, Range):
        yield from (end for end in (wanted.low, wanted.high) if end is not None)
    else:
        yield wanted


def _word(kind: str) -> str:
    return {STRING: "text", BOOLEAN: "truth value"}.get(kind, kind)
