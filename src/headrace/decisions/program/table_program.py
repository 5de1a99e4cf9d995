"""A decision table compiled: rules as bits, each test asked once a class of values.

What comes out is what DMN says, and what `headrace.decisions.dmn` gives case by case: a table with
no met rule and no default gives nothing, and so does one where two rules are met and one may be;
both are problems of the result, never silent.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.feel import DateTime, Expression, Time
from headrace.decisions.feel.naming import cited_names
from headrace.decisions.program import kernels
from headrace.decisions.program.case_by_case import interpret
from headrace.decisions.program.columns import NOTHING, NUMBER, Bools, Column
from headrace.decisions.program.expressions import truth_of
from headrace.decisions.program.masks import Asked, Masks, check_listed, compile_masks, rule_order
from headrace.decisions.program.outputs import (
    NO_RULE,
    NOTHING_SPEAKS,
    Around,
    OutputProgram,
    adds_up,
    compile_output,
    constant_of,
    total_of,
)
from headrace.decisions.program.results import (
    NO_HITS,
    NO_STARTS,
    TableProblem,
    TableResult,
    problem,
    starts,
)
from headrace.decisions.tables.table import RANKED, SEVERAL, UNTESTED, Input, Table
from headrace.errors import MappingError

Ints = NDArray[np.int64]
Places = NDArray[np.int32]
EXACT_MAX = 2**53
CHUNK = 16_384
FIRST_SPEAKS = (HitPolicy.FIRST, HitPolicy.PRIORITY)


class TableProgram:
    """A compiled table. Nothing about a batch is kept but masks by the types of its columns."""

    def __init__(self, table: Table) -> None:
        """Compile a table.

        Raises:
            MappingError: An output is not among the values its column lists, or two outputs of one
                column have different types.
        """
        self.table = table
        self.outputs = tuple(compile_output(table, at) for at in range(len(table.outputs)))
        check_listed(table)
        self.interpreted = needs_interpreter(table)
        self._order = np.array([*rule_order(table), NO_RULE], np.int32)  # -1 finds the last
        self._bound: dict[tuple[str, ...], tuple[tuple[Asked, ...], Masks]] = {}

    def run(self, around: Around) -> TableResult:
        """What the table says in every case.

        Raises:
            MappingError: An input is not among the columns; or the rules need more memory than a
                table may use.
            InputError: An expression gives two types, or one that no column holds.
        """
        inputs = [self._input(column, around) for column in self.table.inputs]
        typed = zip(self.table.inputs, inputs, strict=True)
        if self.interpreted or any(_mistyped(column.type, found) for column, found in typed):
            return interpret(self.table, around)
        blocked, problems = self._blocked(inputs, around)
        asked, masks = self._masks(inputs)
        cases = _Cases(asked, inputs, around)
        if self.table.hit_policy in FIRST_SPEAKS:
            found = cases.first(masks)
            places = np.where(blocked, NOTHING_SPEAKS, self._order[found])
            return self._single(places, problems, around)
        hits, at = cases.all(masks)
        hits = self._order[hits]
        if blocked.any():
            keep = np.repeat(~blocked, np.diff(at))
            hits, at = hits[keep], starts(np.where(blocked, 0, np.diff(at)))
        if self.table.hit_policy in SEVERAL:
            return self._several(hits, at, (blocked, problems), around)
        return self._agreed(hits, at, (blocked, problems), around)

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every name that the table's texts cite."""
        told = [cited_names(column.expression) for column in self.table.inputs]
        told += [cited_names(test) for rule in self.table.rules for test in rule.tests]
        told += [cited_names(cell) for rule in self.table.rules for cell in rule.outputs]
        told += [cited_names(each.default) for each in self.table.outputs if each.default]
        return frozenset().union(*told)

    def bind(self, kinds: Mapping[str, str]) -> tuple[tuple[Asked, ...], Masks]:
        """Columns and masks for values of these kinds by name, for one case at a time.

        Raises:
            MappingError: An input is an expression, or not among the names.
        """
        found = tuple(kinds[column.name] if column.name else "" for column in self.table.inputs)
        return self._compiled(found)

    def places(self, found: NDArray[np.int32]) -> NDArray[np.int32]:
        """The places of rules from those of their bits; -1 stays."""
        return self._order[found]

    def _input(self, column: Input, around: Around) -> Column:
        if column.name:
            return named(column.name, around, self._where(column))
        return around.column_of(column.expression)

    def _where(self, column: Input) -> str:
        return f"{self.table.file or self.table.name}, column in:{column.text}"

    def _masks(self, inputs: Sequence[Column]) -> tuple[tuple[Asked, ...], Masks]:
        return self._compiled(tuple(column.kind for column in inputs))

    def _compiled(self, kinds: tuple[str, ...]) -> tuple[tuple[Asked, ...], Masks]:
        if kinds not in self._bound:
            self._bound[kinds] = compile_masks(self.table, kinds, self._order[:-1])
        return self._bound[kinds]

    def _blocked(
        self, inputs: Sequence[Column], around: Around
    ) -> tuple[Bools, tuple[TableProblem, ...]]:
        """Cases with a value that is none of those its column lists; a missing one may be."""
        blocked = np.zeros(around.count, np.bool_)
        for column, found in zip(self.table.inputs, inputs, strict=True):
            if column.values.alternatives:
                listed = truth_of(column.values, found, around.columns, around.count, around.moment)
                blocked |= found.present & ~listed
        return blocked, problem("not_listed", (), blocked)

    def _single(
        self, places: NDArray[np.int32], problems: tuple[TableProblem, ...], around: Around
    ) -> TableResult:
        """The result where one rule speaks: -1 for the default, -2 for nothing."""
        defaults = any(column.default is not None for column in self.table.outputs)
        if not defaults:
            problems += problem("no_rule", (), places == NO_RULE)
        outputs = {each.name: each.of_rules(places, around) for each in self.outputs}
        fired = np.maximum(places + 1, 0).astype(np.int32)
        return TableResult(fired, NO_HITS, NO_STARTS, outputs, {}, problems)

    def _agreed(
        self,
        hits: NDArray[np.int32],
        at: Ints,
        blocked: tuple[Bools, tuple[TableProblem, ...]],
        around: Around,
    ) -> TableResult:
        """UNIQUE and ANY: one rule speaks, or all that are met say the same."""
        places = _firsts(hits, at)
        if self.table.hit_policy is HitPolicy.UNIQUE:
            twice = np.diff(at) > 1
        else:
            groups = _groups(self.table)[hits]
            owners = np.repeat(np.arange(around.count), np.diff(at))
            twice = np.zeros(around.count, np.bool_)
            twice[owners[groups != _groups(self.table)[places[owners]]]] = True
        problems = blocked[1]
        if twice.any():
            row = int(twice.argmax())
            rules = tuple(int(place) + 1 for place in hits[at[row] : at[row + 1]])
            problems += problem("overlap", rules, twice)
        return self._single(np.where(twice | blocked[0], NOTHING_SPEAKS, places), problems, around)

    def _several(
        self,
        hits: NDArray[np.int32],
        at: Ints,
        blocked: tuple[Bools, tuple[TableProblem, ...]],
        around: Around,
    ) -> TableResult:
        """Tables in which several rules speak: a list, or a total."""
        first = _firsts(hits, at)
        fired = np.maximum(first + 1, 0).astype(np.int32)
        silent = (np.diff(at) == 0) & ~blocked[0]
        defaults = [each for each in self.outputs if self._default(each) is not None]
        problems = blocked[1] if defaults else (*blocked[1], *problem("no_rule", (), silent))
        outputs: dict[str, Column] = {}
        lists: dict[str, Column] = {}
        if self.table.aggregation is not None:
            each = self.outputs[0]
            total = total_of(self.table.aggregation, each.literals, hits, at)
            if self._default(each) is not None and silent.any():
                total = each.with_default(total, np.flatnonzero(silent), around)
            outputs[each.name] = total
        else:
            owners = np.repeat(np.arange(around.count), np.diff(at))
            seen = around.take(owners) if any(each.computed for each in self.outputs) else around
            lists = {each.name: each.of_rules(hits, seen) for each in self.outputs}
        return TableResult(fired, (hits + 1).astype(np.int32), at, outputs, lists, problems)

    def _default(self, output: OutputProgram) -> Expression | None:
        return next(each.default for each in self.table.outputs if each.name == output.name)


def named(name: str, around: Around, where: str) -> Column:
    """The column of a name.

    Raises:
        MappingError: There is none; with the one that may be meant.
    """
    if name in around.columns:
        return around.columns[name]
    near = difflib.get_close_matches(name, around.columns, 1)
    remedy = f"Did you mean {near[0]}?" if near else f"There are {', '.join(around.columns)}"
    raise MappingError(f"Nothing is named '{name}'", where=where, remedy=remedy)


def needs_interpreter(table: Table) -> bool:
    """Whether rules must be asked one by one: their outputs are compared, and not all literals."""
    whole = [constant_of(cell) for rule in table.rules for cell in rule.outputs]
    values = [value for known, value in whole if known]
    computed = len(values) < len(whole)
    listed = any(column.values.alternatives for column in table.outputs)
    typed = any(column.type for column in table.outputs)
    if computed and (listed or typed or table.hit_policy in {HitPolicy.ANY, *RANKED}):
        return True
    if table.hit_policy is HitPolicy.ANY:
        return any(isinstance(value, Time | DateTime) for value in values)
    if table.aggregation in {Aggregation.SUM, Aggregation.MIN, Aggregation.MAX}:
        return computed or not adds_up(values)
    return (
        table.aggregation is None
        and table.hit_policy in SEVERAL
        and any(column.default is not None for column in table.outputs)
    )


class _Cases:
    """A batch as the kernels take it: a row of words a case, some thousands at a time."""

    def __init__(self, asked: Sequence[Asked], inputs: Sequence[Column], around: Around) -> None:
        self._count = around.count
        found = [_words(each, inputs, around) for each in asked]
        self._columns = [words for words, _ in found]
        self._searched = np.array([searched for _, searched in found])

    def first(self, masks: Masks) -> Places:
        """The bit of the first rule each case meets; -1 for none."""
        found = np.empty(self._count, np.int32)
        for rows, words in self._chunks():
            kernels.first_met(words, self._searched, *masks.arguments, found[rows])
        return found

    def all(self, masks: Masks) -> tuple[Places, Ints]:
        """The bits of all rules each case meets, and where each case's start."""
        counts = np.empty(self._count, np.int64)
        for rows, words in self._chunks():
            kernels.count_met(words, self._searched, *masks.arguments, counts[rows])
        at = starts(counts)
        hits = np.empty(at[-1], np.int32)
        for rows, words in self._chunks():
            kernels.all_met(words, self._searched, *masks.arguments, at[:-1][rows], hits)
        return hits, at

    def _chunks(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        words = np.empty((min(CHUNK, self._count), len(self._columns)))
        for start in range(0, self._count, CHUNK):
            rows = slice(start, min(start + CHUNK, self._count))
            part = words[: rows.stop - rows.start]
            for at, column in enumerate(self._columns):
                part[:, at] = column[rows]
            yield rows, part


def _words(asked: Asked, inputs: Sequence[Column], around: Around) -> tuple[NDArray[Any], bool]:
    """The words of one column, and whether their classes are still to be found."""
    if asked.odd is UNTESTED:
        return np.ones(around.count), False
    column = inputs[asked.place]
    if asked.odd is not None:
        true = truth_of(asked.odd, column, around.columns, around.count, around.moment)
        return true.astype(np.float64), False
    values = column.values
    if column.kind != NUMBER or not _is_exact(values):
        return asked.classes.of_column(column), False
    whole = bool(column.present.all())
    return values if whole else np.where(column.present, values, np.nan), True


def _is_exact(values: NDArray[Any]) -> bool:
    """Whether every number is itself as a double."""
    if values.dtype == np.float64 or not len(values):
        return True
    return bool(max(-int(values.min()), int(values.max())) <= EXACT_MAX)


def _firsts(hits: Places, at: Ints) -> Places:
    """The first rule of each case; -1 where none is met."""
    found = np.full(len(at) - 1, NO_RULE, np.int32)
    met = np.diff(at) > 0
    found[met] = hits[at[:-1][met]]
    return found


def _groups(table: Table) -> Places:
    """A number a rule, equal for rules whose outputs are."""
    numbers: dict[tuple[Any, ...], int] = {}
    keys = [
        tuple((type(value), value) for _, value in map(constant_of, rule.outputs))
        for rule in table.rules
    ]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int32)


def _mistyped(wanted: str, column: Column) -> bool:
    """Whether values have another type than the table says, which only the interpreter converts."""
    return wanted not in {"", "Any"} and column.kind not in {wanted, NOTHING}
