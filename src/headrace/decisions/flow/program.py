"""A policy compiled: batches of cases through lists, tables, models and values, in order.

Nothing here reads a clock: a case brings its moment, and tests of `decision_time` see that one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.feel import Expression
from headrace.decisions.feel.naming import cited_names
from headrace.decisions.flow.clock import clock_columns
from headrace.decisions.flow.lists import NOT_LISTED, Lists
from headrace.decisions.flow.policy import (
    ALWAYS_KNOWN,
    AnyStep,
    ListKind,
    ListStep,
    ModelStep,
    Policy,
    TableStep,
    ValueStep,
)
from headrace.decisions.flow.saying import NOBODY, Said, said_by, worst
from headrace.decisions.flow.spreading import spread, spread_codes, spread_starts, spread_truth
from headrace.decisions.program.columns import BOOLEAN, NUMBER, STRING, Bools, Column
from headrace.decisions.program.outputs import Around
from headrace.decisions.program.results import TableProblem
from headrace.decisions.program.table_program import TableProgram, named
from headrace.errors import HeadraceError, InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Model(Protocol):
    """What a model step asks."""

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs it reads, numbers."""
        ...

    def probability(self, x: Floats) -> Floats:
        """Its answer for every row of (n, inputs); NaN is missing."""
        ...

    def digest(self) -> str:
        """SHA-256 of what it is, in hex."""
        ...


Ask = Callable[[ModelStep, Model, Floats], Floats | None]
"""Asks a model; None where it is late or fails."""


@dataclass(frozen=True, eq=False)
class FlowResult:
    """What a policy decided about a batch, and why.

    Attributes:
        action: int8, an `Action`.
        decided_by: int16, the place of the first step that said so; -1 where none said anything.
        reason: Of that step; missing where it gave none.
        results: Terms by name.
        values: What steps came to, by name.
        fired: By table, int32: the number of the (first) rule that spoke, from 1; 0: none; -1: not
            asked.
        hits: By table in which several rules speak: their numbers, and where each case's start.
        listed: By list step, int32: the entry's number in the lists; -1: not listed, or not asked.
        missing: By input: where a step that was asked lacked it.
        degraded: By model step: where its fallback stands in for it.
        problems: By table.
    """

    action: NDArray[np.int8]
    decided_by: NDArray[np.int16]
    reason: Column
    results: Mapping[str, Column]
    values: Mapping[str, Column]
    fired: Mapping[str, NDArray[np.int32]]
    hits: Mapping[str, tuple[NDArray[np.int32], Ints]]
    listed: Mapping[str, NDArray[np.int32]]
    missing: Mapping[str, Bools]
    degraded: Mapping[str, Bools]
    problems: Mapping[str, tuple[TableProblem, ...]]


class FlowProgram:
    """A policy compiled, with the models and lists it asks."""

    def __init__(self, policy: Policy, models: Mapping[str, Model], lists: Lists) -> None:
        """Compile every table.

        Raises:
            MappingError: Naming the cell that cannot be compiled.
            InputError: A model is not among those given.
        """
        self.policy, self.models, self.lists = policy, models, lists
        self.tables = {name: TableProgram(table) for name, table in policy.tables.items()}
        for step in policy.steps:
            if isinstance(step, ModelStep) and step.name not in models:
                raise InputError(
                    f"There is no model '{step.name}'",
                    where=policy.file or policy.name,
                    remedy=f"There are {', '.join(models) or 'none'}",
                )

    @cached_property
    def reads(self) -> frozenset[str]:
        """Every name that a step, a condition or a result cites; more than needed, never less."""
        policy = self.policy
        found = {policy.customer}
        for step in policy.steps:
            if step.when is not None:
                found |= cited_names(step.when)
            if isinstance(step, ListStep):
                found.add(step.by)
            elif isinstance(step, ModelStep):
                found |= set(self.models[step.name].names)
            elif isinstance(step, ValueStep):
                found |= cited_names(step.expression)
            else:
                found |= self.tables[step.name].reads
        for expression in policy.results.values():
            found |= cited_names(expression)
        return frozenset(found | ({policy.exposure} if policy.exposure else set()))

    def run(
        self, columns: Mapping[str, Column], moments: Ints, ask: Ask | None = None
    ) -> FlowResult:
        """Decide every case.

        Args:
            columns: Inputs by name, one value a case.
            moments: Of each decision, microseconds since 1970, UTC.
            ask: Asks models; None asks them and waits.

        Raises:
            MappingError: A step reads what is not among the columns.
            InputError: An expression has no one type.
        """
        return _Flow(self, columns, moments, ask or ask_and_wait).result()

    def run_or_refer(
        self, columns: Mapping[str, Column], moments: Ints, ask: Ask | None = None
    ) -> FlowResult:
        """As `run`; a policy that cannot be computed leaves its cases to `otherwise`.

        The problem `policy: failed` says so: what is in flight must be decided.
        """
        try:
            return self.run(columns, moments, ask)
        except HeadraceError:
            return undecided(self.policy, len(moments))


def ask_and_wait(_step: ModelStep, model: Model, x: Floats) -> Floats:
    """A model's answer, however long it takes."""
    return model.probability(x)


def undecided(policy: Policy, count: int) -> FlowResult:
    """Cases that a policy left to `otherwise`, because it could not be computed."""
    action, decided_by, reason = worst([], count, policy.otherwise)
    failed = TableProblem("failed", (), np.ones(count, np.bool_))
    problems = {"policy": (failed,)}
    return FlowResult(action, decided_by, reason, {}, {}, {}, {}, {}, {}, {}, problems)


class _Flow:
    """One batch on its way through the steps."""

    def __init__(
        self, program: FlowProgram, columns: Mapping[str, Column], moments: Ints, ask: Ask
    ) -> None:
        self.program, self.moments, self.ask = program, moments, ask
        self.count = len(moments)
        self.inputs = frozenset(columns)
        asked = program.reads & ALWAYS_KNOWN.keys()
        clock = clock_columns(moments, program.policy.zone) if asked else {}
        self.around = Around({**columns, **clock}, self.count, None)
        self.skipped: dict[str, Bools] = {}
        self.said: list[tuple[int, Said]] = []
        self.values: dict[str, Column] = {}
        self.fired: dict[str, NDArray[np.int32]] = {}
        self.hits: dict[str, tuple[NDArray[np.int32], Ints]] = {}
        self.listed: dict[str, NDArray[np.int32]] = {}
        self.missing: dict[str, Bools] = {}
        self.degraded: dict[str, Bools] = {}
        self.problems: dict[str, tuple[TableProblem, ...]] = {}

    def result(self) -> FlowResult:
        policy = self.program.policy
        for place, step in enumerate(policy.steps):
            self._take(place, step)
        action, decided_by, reason = worst(self.said, self.count, policy.otherwise)
        for expression in policy.results.values():
            self._lacks(cited_names(expression), None)
        results = {name: self._computed(expression) for name, expression in policy.results.items()}
        return FlowResult(
            action,
            decided_by,
            reason,
            results,
            self.values,
            self.fired,
            self.hits,
            self.listed,
            self.missing,
            self.degraded,
            self.problems,
        )

    def _take(self, place: int, step: AnyStep) -> None:
        asked = ~self.skipped.get(step.name, np.zeros(self.count, np.bool_))
        if step.when is not None:
            self._lacks(cited_names(step.when), asked)
            asked &= _is_true(self._computed(step.when))
        rows = None if asked.all() else np.flatnonzero(asked)
        around = self.around if rows is None else self.around.take(rows)
        match step:
            case ListStep():
                self._list(place, step, asked)
            case TableStep():
                self._table(place, step, rows, around)
            case ModelStep():
                self._model(step, rows, around)
            case ValueStep():
                self._lacks(cited_names(step.expression), asked)
                self._keep(step.name, spread(around.column_of(step.expression), rows, self.count))

    def _list(self, place: int, step: ListStep, asked: Bools) -> None:
        self._lacks(frozenset({step.by}), asked)
        looked_up = named(step.by, self.around, f"list {step.name}")
        scope = self.program.policy.name
        lists = self.program.lists
        found = lists.find_all(step.name, looked_up, scope, self.moments)
        found = np.where(asked, found, NOT_LISTED).astype(np.int32)
        on = found != NOT_LISTED
        self.listed[step.name] = found
        self._keep(step.name, Column(BOOLEAN, on, looked_up.present & asked))
        if step.kind is ListKind.WHITE:
            for name in step.skips:
                self.skipped[name] = self.skipped.get(name, np.zeros_like(on)) | on
        if step.action is not None and on.any():
            action = np.where(on, step.action, NOBODY).astype(np.int8)
            self.said.append((place, Said(action, _reasons(lists, step, found))))

    def _table(self, place: int, step: TableStep, rows: Ints | None, around: Around) -> None:
        program = self.program.tables[step.name]
        self._lacks(program.reads, rows)
        found = program.run(around)
        self.fired[step.name] = spread_codes(found.fired, rows, self.count)
        if len(found.hits_at):
            self.hits[step.name] = found.hits, spread_starts(found.hits_at, rows, self.count)
        problems = tuple(
            TableProblem(each.code, each.rules, spread_truth(each.where, rows, self.count))
            for each in found.problems
            if each.code != "no_rule" or not found.lists  # a list of no rules is an answer
        )
        if problems:
            self.problems[step.name] = problems
        single = len(program.table.outputs) == 1
        for name, column in found.outputs.items():
            whole = spread(column, rows, self.count)
            self._keep(step.name if single else f"{step.name}.{name}", whole)
        said = said_by(found, around.count)
        if said is not None:
            action = spread_codes(said.action, rows, self.count)
            reason = spread(said.reason, rows, self.count)
            self.said.append((place, Said(action, reason)))

    def _model(self, step: ModelStep, rows: Ints | None, around: Around) -> None:
        model = self.program.models[step.name]
        self._lacks(frozenset(model.names), rows)
        where = f"model {step.name}"
        x = np.column_stack([_numbers(named(n, around, where), n) for n in model.names])
        answer = self.ask(step, model, x)
        late = np.zeros(self.count, np.bool_)
        if answer is None:
            late[slice(None) if rows is None else rows] = True
            answer = np.full(around.count, np.nan if step.fallback is None else step.fallback)
        self.degraded[step.name] = late
        answer = np.asarray(answer, np.float64)
        found = Column(NUMBER, answer, np.isfinite(answer))
        self._keep(step.name, spread(found, rows, self.count))

    def _computed(self, expression: Expression) -> Column:
        return self.around.column_of(expression)

    def _keep(self, name: str, column: Column) -> None:
        self.values[name] = column
        self.around = Around({**self.around.columns, name: column}, self.count, None)

    def _lacks(self, names: frozenset[str], rows: Bools | Ints | None) -> None:
        """Note which inputs a step lacks, in the cases it is asked about."""
        for name in names & self.inputs:
            absent = ~self.around.columns[name].present
            if rows is not None:
                where = np.zeros(self.count, np.bool_)
                where[rows] = True
                absent &= where
            before = self.missing.get(name)
            if absent.any() or before is not None:
                self.missing[name] = absent if before is None else before | absent


def _is_true(column: Column) -> Bools:
    """Where a condition is true; a missing one is not."""
    if column.kind != BOOLEAN:
        return np.zeros(len(column), np.bool_)
    return np.asarray(column.values & column.present, np.bool_)


def _numbers(column: Column, name: str) -> Floats:
    """A model's input; missing is NaN."""
    if column.kind == STRING:
        raise InputError(f"A model reads numbers, and '{name}' holds texts", where=name)
    return np.where(column.present, column.values.astype(np.float64), np.nan)


def _reasons(lists: Lists, step: ListStep, found: NDArray[np.int32]) -> Column:
    """Why the cases on a list are on it."""
    texts: dict[str, int] = {}
    codes = [texts.setdefault(e.reason or step.reason, len(texts)) for e in lists.entries]
    return Column(STRING, np.array([*codes, 0])[found], found != NOT_LISTED, tuple(texts))
