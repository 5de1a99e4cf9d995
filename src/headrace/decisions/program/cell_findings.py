"""Cells that cannot be met, cells that a missing value meets, and outputs that are not listed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from headrace.decisions.feel import Tests, Value, kind, matches
from headrace.decisions.feel.tree import Literal, Node
from headrace.decisions.program.case_grid import Grid, GridColumn, wanted_kind
from headrace.decisions.program.classes import met_classes, wanted_by
from headrace.decisions.program.columns import KINDS, NOTHING
from headrace.decisions.program.findings import (
    Finding,
    Severity,
    cell_text,
    found,
    rules_text,
    value_text,
)
from headrace.decisions.program.outputs import constant_of
from headrace.decisions.tables.table import Output, Table

KIND_ZH = {
    "number": "数值",
    "string": "文本",
    "boolean": "真假值",
    "date": "日期",
    "date and time": "日期时间",
    "days and time duration": "时长",
    NOTHING: "值",
}


def cell_findings(table: Table, grid: Grid) -> Iterator[Finding]:
    """`never` and `missing_passes`: one finding for all rules with the same cell."""
    for column in grid.columns:
        for number, cell in enumerate(column.tests):
            rules = [int(rule) + 1 for rule in np.flatnonzero(column.cell_of == number)]
            if not cell.alternatives:
                continue
            if not column.met[number, column.possible].any():
                yield _never(table, column, cell, rules)
                continue
            for alternative in _dead_alternatives(column, cell):
                yield _never(table, column, Tests((alternative,)), rules)
            if column.met[number, -1] and not any(map(_asks_null, cell.alternatives)):
                yield _missing_passes(table, column, cell, rules)


def output_findings(table: Table, grid: Grid, silent: frozenset[int]) -> Iterator[Finding]:
    """`unknown_value` and `unreachable_value`.

    Args:
        table: The table.
        grid: Its grid.
        silent: Numbers of rules that never speak, beside those that are met nowhere.
    """
    speaks = [
        number not in silent and not empty for number, empty in enumerate(grid.is_empty, start=1)
    ]
    for place, column in enumerate(table.outputs):
        told = [constant_of(rule.outputs[place]) for rule in table.rules]
        for number, (known, value) in enumerate(told, start=1):
            if known and value is not None and (problem := _unknown(column, value)):
                yield found(
                    table,
                    "unknown_value",
                    Severity.ERROR,
                    (number,),
                    (
                        f"Rule {number} gives {value_text(value)}, which {problem[0]}",
                        f"规则 {number} 给出 {value_text(value)}，{problem[1]}",
                    ),
                    column=f"out:{column.name}",
                )
        default = (False, None) if column.default is None else constant_of(column.default)
        is_open = column.default is not None and not default[0]
        if is_open or not all(known for known, _ in told):
            continue
        given = [value for (_, value), spoken in zip(told, speaks, strict=True) if spoken]
        yield from _unreachable(table, column, [*given, default[1]])


def _never(table: Table, column: GridColumn, cell: Tests, rules: list[int]) -> Finding:
    kind_en = column.classes.kind
    text = cell_text(cell, table)
    shown_en, shown_zh = rules_text(rules)
    told = {wanted_kind(wanted_by(each)) for each in cell.alternatives} - {""}
    if kind_en != NOTHING and told and kind_en not in told:
        why = f"{column.name} is a {kind_en}", f"{column.name} 是{KIND_ZH[kind_en]}"
    elif column.input.values.alternatives:
        listed = cell_text(column.input.values, table)
        why = f"{column.name} is one of {listed}", f"{column.name} 只能是 {listed}"
    else:
        why = f"no {kind_en} meets it", f"没有{KIND_ZH[kind_en]}满足它"
    return found(
        table,
        "never",
        Severity.ERROR,
        rules,
        (
            f"`{text}` is never met: {why[0]} ({shown_en})",
            f"`{text}` 永远不会满足：{why[1]}（{shown_zh}）",
        ),
        column=f"in:{column.name}",
    )


def _dead_alternatives(column: GridColumn, cell: Tests) -> Iterator[Node]:
    """Those of several alternatives, or of a `not(...)`, that nothing meets."""
    if len(cell.alternatives) == 1 and not cell.negated:
        return
    for alternative in cell.alternatives:
        if not met_classes(Tests((alternative,)), column.classes)[column.possible].any():
            yield alternative


def _asks_null(alternative: Node) -> bool:
    wanted = wanted_by(alternative)
    return wanted is None or (isinstance(wanted, list) and None in wanted)


def _missing_passes(table: Table, column: GridColumn, cell: Tests, rules: list[int]) -> Finding:
    text = cell_text(cell, table)
    shown_en, shown_zh = rules_text(rules)
    return found(
        table,
        "missing_passes",
        Severity.WARNING,
        rules,
        (
            f"`{text}` is met by a missing {column.name} ({shown_en})",
            f"{column.name} 缺失时也满足 `{text}`（{shown_zh}）",
        ),
        column=f"in:{column.name}",
        case=((column.name, None),),
    )


def _unknown(column: Output, value: Value) -> tuple[str, str] | None:
    """What is wrong with an output; None where nothing is."""
    if column.type in KINDS and kind(value) != column.type:
        return f"is no {column.type}", f"不是{KIND_ZH[column.type]}"
    alternatives = column.values.alternatives
    if alternatives and not any(_is(value, each) for each in alternatives):
        return "is not among the column's values", "不在该列的取值之内"
    return None


def _unreachable(table: Table, column: Output, given: list[Value]) -> Iterator[Finding]:
    for alternative in column.values.alternatives:
        if not any(_is(value, alternative) for value in given if value is not None):
            text = (
                value_text(alternative.value)
                if isinstance(alternative, Literal)
                else cell_text(Tests((alternative,)), table)
            )
            yield found(
                table,
                "unreachable_value",
                Severity.WARNING,
                (),
                (f"No rule ever gives {text}", f"没有规则会给出 {text}"),
                column=f"out:{column.name}",
            )


def _is(value: Value, alternative: Node) -> bool:
    return matches(Tests((alternative,)), value, {}) is True
