"""Tables as they would speak if, case by case, the rule that decided were not there.

Deleting a rule changes only the cases in which it was the one that counted. So one run in which
every case is answered without the rule that counted there holds the effect of deleting each rule
alone: that of a rule is the sum over the cases it decided.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.flow.policy import ACTIONS
from headrace.decisions.flow.saying import ACTION, NOBODY
from headrace.decisions.program.columns import STRING, Column
from headrace.decisions.program.outputs import NO_RULE, NOTHING_SPEAKS, Around, total_of
from headrace.decisions.program.results import NO_HITS, NO_STARTS, TableResult, starts
from headrace.decisions.program.table_program import TableProgram
from headrace.decisions.tables.table import UNTESTED, Table

Ints = NDArray[np.int64]
ONE_SPEAKS = (HitPolicy.FIRST, HitPolicy.PRIORITY, HitPolicy.UNIQUE, HitPolicy.ANY)
EXTREMES = (Aggregation.MIN, Aggregation.MAX)


def can_remove(table: Table) -> bool:
    """Whether one rule of a table counts in a case, so that it can be taken away."""
    if table.hit_policy in ONE_SPEAKS or table.aggregation in EXTREMES:
        return True
    return table.aggregation is None and any(column.name == ACTION for column in table.outputs)


class WithoutDecider:
    """A table without the rule that counted; takes the place of its program in a flow.

    Attributes:
        decider: After a run: the number of the rule that was taken away in each case, from 1; 0
            where none was met.
    """

    def __init__(self, program: TableProgram) -> None:
        """Prepare; the table must be one that `can_remove` lets through."""
        self.table = program.table
        self.reads = program.reads
        self._program = program
        self._all = TableProgram(_listing(program.table))
        self.decider = np.zeros(0, np.int32)

    def run(self, around: Around) -> TableResult:
        """What is said where the rule that counted is not there."""
        found = self._all.run(around)
        counts = np.diff(found.hits_at)
        met = counts > 0
        decisive = found.hits_at[:-1].copy()
        if self.table.aggregation in EXTREMES:
            decisive = self._extreme(found, decisive, met)
        elif self.table.hit_policy not in ONE_SPEAKS:
            decisive = _most_severe(found, decisive, met)
        self.decider = np.zeros(around.count, np.int32)
        self.decider[met] = found.hits[decisive[met]]
        kept = np.ones(len(found.hits), np.bool_)
        kept[decisive[met]] = False
        hits, at = found.hits[kept], starts(counts - met)
        if self.table.aggregation is not None:
            return self._total(hits, at, around)
        if self.table.hit_policy not in ONE_SPEAKS:
            lists = {name: column.take(kept) for name, column in found.lists.items()}
            first = _first(hits, at)
            return TableResult(first, hits, at, {}, lists, ())
        first = _first(hits, at)
        places = first - 1
        if self.table.hit_policy is HitPolicy.UNIQUE:  # two that are met are an error, and silent
            places = np.where(counts > 2, NOTHING_SPEAKS, places)
        outputs = {each.name: each.of_rules(places, around) for each in self._program.outputs}
        return TableResult(first, NO_HITS, NO_STARTS, outputs, {}, ())

    def _extreme(self, found: TableResult, decisive: Ints, met: NDArray[np.bool_]) -> Ints:
        """The hit that is the least or the greatest; of equal ones the first."""
        literals = self._program.outputs[0].literals
        places = found.hits - 1
        words = np.where(literals.present[places], literals.values[places].astype(float), np.nan)
        if self.table.aggregation is Aggregation.MAX:
            words = -words
        return _least(words, found, decisive, met)

    def _total(self, hits: NDArray[np.int32], at: Ints, around: Around) -> TableResult:
        each = self._program.outputs[0]
        assert self.table.aggregation is not None  # noqa: S101  (for the type checker)
        total = total_of(self.table.aggregation, each.literals, hits - 1, at)
        silent = np.flatnonzero(np.diff(at) == 0)
        if self.table.outputs[0].default is not None and len(silent):
            total = each.with_default(total, silent, around)
        return TableResult(_first(hits, at), hits, at, {each.name: total}, {}, ())


def _listing(table: Table) -> Table:
    """The same rules, all that are met speaking, in the order in which they count."""
    order = (
        HitPolicy.OUTPUT_ORDER if table.hit_policy is HitPolicy.PRIORITY else HitPolicy.RULE_ORDER
    )
    if table.hit_policy not in ONE_SPEAKS and table.aggregation is None:
        order = table.hit_policy
    keeps = order is HitPolicy.OUTPUT_ORDER
    outputs = tuple(
        replace(column, default=None, values=column.values if keeps else UNTESTED)
        for column in table.outputs
    )
    return replace(table, hit_policy=order, aggregation=None, outputs=outputs)


def _first(hits: NDArray[np.int32], at: Ints) -> NDArray[np.int32]:
    """The number of the first rule of each case; 0 for none."""
    found = np.full(len(at) - 1, NO_RULE + 1, np.int32)
    met = np.diff(at) > 0
    found[met] = hits[at[:-1][met]]
    return found


def _most_severe(found: TableResult, decisive: Ints, met: NDArray[np.bool_]) -> Ints:
    return _least(-_codes(found.lists[ACTION]).astype(float), found, decisive, met)


def _least(
    words: NDArray[np.float64], found: TableResult, at: Ints, met: NDArray[np.bool_]
) -> Ints:
    owners = np.repeat(np.arange(len(met)), np.diff(found.hits_at))
    order = np.lexsort((np.arange(len(words)), words, owners))
    whole = at.copy()
    whole[met] = order[at[met]]
    return whole


def _codes(column: Column) -> NDArray[np.int8]:
    if column.kind != STRING:
        return np.full(len(column), NOBODY, np.int8)
    codes = np.array([*(ACTIONS.get(text, NOBODY) for text in column.texts), NOBODY], np.int8)
    return np.where(column.present, codes[column.values], NOBODY).astype(np.int8)
