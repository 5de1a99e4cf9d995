"""What would have to be otherwise for a milder action: one number at a time, the others held.

A decision changes only where a number passes a literal of a table or a threshold of a tree. Both
are known, so the nearest values on each side of every one of them are tried, all in one batch, and
the nearest of those that give a milder action is the answer: exact, and not a guess about a slope.
It says what the policy would do, and not what would happen in the world: numbers move together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.feel.naming import cited_names
from headrace.decisions.flow.policy import Action, ListStep, ModelStep, TableStep, ValueStep
from headrace.decisions.flow.program import Ask, FlowProgram, FlowResult
from headrace.decisions.program.classes import classes_of, is_plain
from headrace.decisions.program.columns import NUMBER, Column
from headrace.decisions.tables.table import Table
from headrace.scores.straight_card import Floats
from headrace.scores.trees.model import Boosting

TRIED_MAX = 20_000
"""Values tried for one decision, those of each number nearest to what it was."""


@dataclass(frozen=True)
class Flip:
    """The smallest move of one number that gives a milder action.

    Attributes:
        input: Which.
        before: What it was.
        after: What would do.
        cut: The literal or threshold between the two, or `after` itself.
        action: What would be done then, as tables spell it.
        reason: Why; None where none is given.
        exact: Whether nothing nearer would do. False where an expression, a list or a card also
            reads the number, or where there were too many values to try.
    """

    input: str
    before: float
    after: float
    cut: float
    action: str
    reason: str | None
    exact: bool


def nearest_flips(
    program: FlowProgram,
    columns: Mapping[str, Column],
    decided: tuple[int, Action],
    ask: Ask,
    whole: frozenset[str] = frozenset(),
) -> tuple[Flip, ...]:
    """For every number of a case: the smallest move that gives a milder action.

    Args:
        program: The policy.
        columns: The inputs of the one case.
        decided: When, microseconds since 1970, UTC, and what was done.
        ask: Answers for models as they did.
        whole: Numbers that are whole, such as counts.

    Returns:
        One a number that has such a move, the smallest move first, by its share of the number.
    """
    moment, action = decided
    moves = _moves(program, columns, whole)
    if action is Action.APPROVE or not moves:
        return ()
    owners = np.repeat(np.arange(len(moves)), [len(each.values) for each in moves])
    tried = {name: _many(column, len(owners)) for name, column in columns.items()}
    for place, move in enumerate(moves):
        values = tried[move.input].values.astype(np.float64)
        values[owners == place] = move.values
        tried[move.input] = Column(NUMBER, values, tried[move.input].present)
    found = program.run(tried, np.full(len(owners), moment), ask)
    milder = found.action < action
    flips = []
    for place, move in enumerate(moves):
        rows = np.flatnonzero(milder & (owners == place))
        if rows.size:  # the nearest come first
            flips.append(
                _flip(move, int(rows[0]), int(rows[0] - owners.searchsorted(place)), found)
            )
    return tuple(sorted(flips, key=lambda flip: (_share(flip), flip.input)))


@dataclass(frozen=True, eq=False)
class _Move:
    """Values to try for one number, the nearest first."""

    input: str
    before: float
    values: Floats
    cuts: Floats
    exact: bool


def _moves(
    program: FlowProgram, columns: Mapping[str, Column], whole: frozenset[str]
) -> list[_Move]:
    names = [
        name for name, each in columns.items() if each.kind == NUMBER and bool(each.present[0])
    ]
    room = max(TRIED_MAX // max(len(names), 1), 1)
    loose = _read_loosely(program)
    moves = []
    for name in names:
        column = columns[name]
        before = float(column.values[0])
        is_whole = name in whole or column.values.dtype == np.int64
        pairs = list(_beside(_cuts(program, name), is_whole=is_whole))
        found = {value: cut for value, cut in pairs if value != before}
        near = sorted(found, key=lambda value: (abs(value - before), value))
        if near:
            kept = np.array(near[:room])
            cuts = np.array([found[value] for value in near[:room]])
            moves.append(_Move(name, before, kept, cuts, name not in loose and len(near) <= room))
    return moves


def _beside(cuts: NDArray[np.float64], *, is_whole: bool) -> Iterator[tuple[float, float]]:
    """Each cut, and the nearest values on both sides of it."""
    for cut in cuts.tolist():
        if not is_whole:
            yield math.nextafter(cut, -math.inf), cut
            yield math.nextafter(cut, math.inf), cut
            yield cut, cut
        else:
            yield math.ceil(cut) - 1.0, cut
            yield math.floor(cut) + 1.0, cut
            if cut.is_integer():
                yield cut, cut


def _cuts(program: FlowProgram, name: str) -> NDArray[np.float64]:
    """Where the decision may change with this number."""
    found = {cut for table in program.policy.tables.values() for cut in _table_cuts(table, name)}
    for model in program.models.values():
        if isinstance(model, Boosting) and name in model.names:
            asked = model.feature == model.names.index(name)
            found.update(model.threshold[asked].tolist())
    cuts = np.array(sorted(found), np.float64)
    return cuts[np.isfinite(cuts)]


def _table_cuts(table: Table, name: str) -> Iterator[float]:
    for place, column in enumerate(table.inputs):
        if column.name == name:
            cells = [rule.tests[place] for rule in table.rules]
            cells += [column.values]
            told = classes_of(NUMBER, [tests for tests in cells if is_plain(tests)])
            yield from map(float, told.values)


def _read_loosely(program: FlowProgram) -> frozenset[str]:
    """Names whose reading is not by cuts alone: of expressions, lists and other models."""
    found: set[str] = set()
    for step in program.policy.steps:
        found |= cited_names(step.when) if step.when is not None else set()
        match step:
            case ListStep():
                found.add(step.by)
            case ModelStep():
                model = program.models[step.name]
                found |= set() if isinstance(model, Boosting) else set(model.names)
            case ValueStep():
                found |= cited_names(step.expression)
            case TableStep():
                found |= _cited_in(program.policy.tables[step.name])
    return frozenset(found)


def _cited_in(table: Table) -> set[str]:
    """Names that a table computes with, beside those that a column just is."""
    found: set[str] = set()
    for column in table.inputs:
        found |= set() if column.name else cited_names(column.expression)
    for rule in table.rules:
        for column, tests in zip(table.inputs, rule.tests, strict=True):
            found |= cited_names(tests)
            found |= set() if is_plain(tests) else {column.name}
        for output in rule.outputs:
            found |= cited_names(output)
    return found


def _many(column: Column, count: int) -> Column:
    return column.take(np.zeros(count, np.int64))


def _flip(move: _Move, row: int, place: int, found: FlowResult) -> Flip:
    reason = found.reason.value(row)
    return Flip(
        move.input,
        move.before,
        float(move.values[place]),
        float(move.cuts[place]),
        Action(int(found.action[row])).word,
        None if reason is None else str(reason),
        move.exact,
    )


def _share(flip: Flip) -> float:
    """How far a number moves, as a share of itself; of numbers below one, as it is."""
    return abs(flip.after - flip.before) / max(abs(flip.before), 1.0)
