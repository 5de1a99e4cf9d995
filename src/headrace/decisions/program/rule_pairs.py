"""Two rules of a table at a time: which can be met together, which lies within which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.program.case_grid import Grid
from headrace.decisions.program.columns import Bools
from headrace.decisions.program.covers import Ints
from headrace.decisions.program.outputs import constant_of
from headrace.decisions.tables.table import Table

RULES_MAX = 5_000
WORK_MAX = 10**11


@dataclass(frozen=True, eq=False)
class Pairs:
    """What pairs of rules have in common; matrices are (rules, rules), their diagonal is False.

    Attributes:
        meet: Whether some case of the grid is in both, cells that are not on the grid being met.
        given: `[r, s]`: where r is met, so are the cells of s that are not on the grid.
        within: `[r, s]`: wherever r is met, s is; False for an r that is met nowhere.
        answer: A number a rule, equal for rules that give the same.
        computed: Rules that do not give literals alone.
        sure: Rules all of whose cells are on the grid.
    """

    meet: Bools
    given: Bools
    within: Bools
    answer: Ints
    computed: Bools
    sure: Bools

    @cached_property
    def same(self) -> Bools:
        """Pairs that ask the same."""
        return self.within & self.within.T

    @cached_property
    def agree(self) -> Bools:
        """Pairs that give the same."""
        return np.equal(self.answer[:, None], self.answer)

    @cached_property
    def differ(self) -> Bools:
        """Pairs that certainly give something else; what is computed may come out equal."""
        return ~self.agree & ~self.computed[:, None] & ~self.computed

    def ordered(self, order: Sequence[int]) -> Pairs:
        """The same of rules in another order."""
        both = np.ix_(order, order)
        return Pairs(
            self.meet[both],
            self.given[both],
            self.within[both],
            self.answer[order],
            self.computed[order],
            self.sure[order],
        )


def is_too_large(grid: Grid) -> bool:
    """Whether to compare all pairs would take more than some seconds, or too much memory."""
    work = sum(len(each.met_merged) * each.met_merged.size for each in grid.columns)
    return len(grid.odd) > RULES_MAX or work > WORK_MAX


def pairs_of(table: Table, grid: Grid) -> Pairs:
    """Compare all pairs of rules.

    Boxes meet where they do in every column, and lie within each other where they do in every
    column; a column's cells are compared by how many classes they have in common.
    """
    count = len(table.rules)
    meet, within = np.ones((count, count), np.bool_), np.ones((count, count), np.bool_)
    for column in grid.columns:
        met = column.met_merged.astype(np.float32)  # counts below 2**24 are exact
        common = met @ met.T
        both = np.ix_(column.cell_of, column.cell_of)
        meet &= (common > 0)[both]
        within &= (common == common.diagonal()[:, None])[both]
    given = np.ones((count, count), np.bool_)
    for rule in range(count):
        if grid.odd[rule]:
            given[:, rule] = [grid.odd[rule] <= other for other in grid.odd]
    within &= given
    within[grid.is_empty] = False
    meet[grid.is_empty], meet[:, grid.is_empty] = False, False
    np.fill_diagonal(meet, val=False)
    np.fill_diagonal(within, val=False)
    answer, computed = _answers(table)
    sure = np.array([not cells for cells in grid.odd])
    return Pairs(meet, given, within, answer, computed, sure)


def _answers(table: Table) -> tuple[NDArray[np.int64], Bools]:
    numbers: dict[tuple[Any, ...], int] = {}
    answers, computed = [], []
    for rule in table.rules:
        told = [constant_of(cell) for cell in rule.outputs]
        key = tuple(
            (type(value), value) if known else cell
            for (known, value), cell in zip(told, rule.outputs, strict=True)
        )
        answers.append(numbers.setdefault(key, len(numbers)))
        computed.append(not all(known for known, _ in told))
    return np.array(answers), np.array(computed)
