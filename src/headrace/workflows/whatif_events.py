"""Cases from a history of events: windows computed again, as of each event, for both policies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.program.columns import BOOLEAN, NUMBER, STRING, Column, read_column
from headrace.decisions.whatif.cases import (
    BAD,
    GOOD,
    UNKNOWN,
    Cases,
    Floats,
    Ints,
    Trial,
    numbers,
    usual_terms,
)
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.features.columns import instants_of
from headrace.features.compile import compile_plan
from headrace.features.definition import FeatureSet, Table
from headrace.features.engines.batch import replay
from headrace.features.plan import make_plan
from headrace.pack import Text
from headrace.workflows.features import Given, history_of
from headrace.workflows.simulate_policy import Setup

Bools = NDArray[np.bool_]
BADS = ("1", "true", "yes", "default", "fraud", "bad")


@dataclass(frozen=True)
class Judged:
    """Which columns judge decisions; empty: none.

    Attributes:
        label: 1, true, fraud or default where it turned bad; missing where that is not known.
        pd: A feature, column or model step: the expected share of such cases that turn bad; empty:
            the first model step of the new policy, else of the old.
        exposure: At stake, minor units; empty: what the new policy says is, else each event
            counts as one.
        currency: Of the exposure.
        rate: Price asked, where the policy sets none.
        lgd: Share that is lost where a case turns bad.
        parts: To report by: segment, region.
        groups: Whose equal treatment to look at.
    """

    label: str = ""
    pd: str = ""
    exposure: str = ""
    currency: str = ""
    rate: str = ""
    lgd: float = 1.0
    parts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of events, or features, that judging needs."""
        named = (self.label, self.exposure, self.rate, *self.parts, *self.groups)
        return tuple(dict.fromkeys(each for each in named if each))


@dataclass(frozen=True, eq=False)
class Policied:
    """A policy with the history it reads.

    Attributes:
        program: Compiled.
        feature_set: The definitions of its features.
        events: By table name; the same rows for both policies.
        voids: What takes events back.
    """

    program: FlowProgram
    feature_set: FeatureSet
    events: Mapping[str, Given]
    voids: Mapping[str, Given]


@dataclass(frozen=True)
class Span:
    """Which events are decided: those of a table from one moment on, until another.

    Attributes:
        table: Its name.
        since: The first moment.
        until: The last; None: no end.
        source: What the history is called.
    """

    table: str
    since: datetime
    until: datetime | None
    source: str


def needed(feature_set: FeatureSet, program: FlowProgram, judged: Judged) -> FeatureSet:
    """The definitions that a policy and its judge read; one at least."""
    wanted = {*program.reads, *judged.columns, judged.pd}
    names = [each.name for each in feature_set.definitions if each.name in wanted]
    return feature_set.only(names or [feature_set.definitions[0].name])


def of_events(old: Policied, new: Policied, judged: Judged, span: Span, threads: int = 1) -> Setup:
    """The events of a span as cases, each with its features as they were when it arrived.

    Both policies see the values of their own definitions; where these are the same, windows are
    computed once.

    Raises:
        InputError: A policy reads what is neither feature nor column, or there is no such event.
    """
    if not judged.exposure:
        judged = replace(judged, exposure=new.program.policy.exposure)
    table = next(each for each in new.feature_set.tables if each.name == span.table)
    given = new.events[table.name]
    times = instants_of(given.columns, table.time, table.name)
    inside = times >= microseconds(span.since)
    if span.until is not None:
        inside &= times <= microseconds(span.until)
    computed, usable = _replayed(new, table, threads)
    before = computed
    if old.feature_set != new.feature_set:
        before, also = _replayed(old, table, threads)
        usable &= also
    rows = np.flatnonzero(inside & usable)
    if not len(rows):
        raise InputError(
            f"No event of {table.name} can be decided",
            where=f"{span.source}, --since {span.since.isoformat()}",
            remedy="Choose an earlier --since, or look at the rows that were refused",
        )
    moments = times[rows] if table.known is None else np.maximum(
        times, instants_of(given.columns, table.known, table.name)
    )[rows]  # fmt: skip
    desk = _Desk(given, rows, new.program)
    columns = desk.columns_of(computed, new.program)
    # What judges stands apart: a label may have the name of a step.
    judging = {name: desk.column(name, computed) for name in judged.columns}
    pd, told = _expected(judged, desk, computed, (new.program, old.program))
    terms = usual_terms(judging.get(judged.exposure), judging.get(judged.rate))
    label = np.full(len(rows), UNKNOWN, np.int8)
    cases = Cases(
        key=columns[new.program.policy.customer],
        label=_labels(judging[judged.label]) if judged.label else label,
        pd=np.full(len(rows), np.nan) if pd is None else pd,
        lgd=np.full(len(rows), judged.lgd),
        currency=judged.currency if judged.exposure else "",
        parts={name: judging[name] for name in judged.parts},
        groups={name: judging[name] for name in judged.groups},
    )
    return Setup(
        cases,
        Trial(old.program, desk.columns_of(before, old.program), moments, terms),
        Trial(new.program, columns, moments, terms),
        _named(given, table, new.program.policy.customer, rows),
        span.source,
        int(inside.sum()) - len(rows),
        told,
        "simulated" in (given.original.schema.metadata or {}),
    )


def _replayed(each: Policied, table: Table, threads: int) -> tuple[pa.Table, Bools]:
    """The features of every event of a table, and which events the engine could use."""
    found = replay(
        compile_plan(make_plan(each.feature_set)),
        history_of(each.events, each.voids),
        table.name,
        threads,
    )
    usable = np.ones(found.table.num_rows, np.bool_)
    for name, refused in found.refused:
        if name == table.name:
            usable[refused.rows] = False
    return found.table, usable


class _Desk:
    """The events that are decided, column by column, each read once."""

    def __init__(self, given: Given, rows: Ints, program: FlowProgram) -> None:
        self._given, self._rows = given, rows
        self._whole = len(rows) == given.columns.num_rows
        self._inputs = program.policy.inputs
        self._read: dict[str, Column] = {}

    def columns_of(self, computed: pa.Table, program: FlowProgram) -> dict[str, Column]:
        """What a policy reads: features, and columns of events."""
        policy = program.policy
        names = [*computed.column_names, policy.customer, *policy.inputs]
        return {name: self.column(name, computed) for name in dict.fromkeys(names)}

    def column(self, name: str, computed: pa.Table) -> Column:
        """A feature, else a column of the events."""
        if name in computed.column_names:
            return self._taken(read_column(computed[name], name))
        return self._column(name)

    def _column(self, name: str) -> Column:
        if name not in self._read:
            columns, original = self._given.columns, self._given.original
            if name not in columns.column_names and name not in original.column_names:
                raise InputError(
                    f"There is no column {name!r}",
                    where=self._given.name,
                    remedy=f"There are {', '.join(original.column_names)}",
                )
            values = (columns if name in columns.column_names else original)[name]
            if self._inputs.get(name) == STRING and not _is_text(values.type):
                values = values.cast(pa.string())
            self._read[name] = self._taken(read_column(values, name))
        return self._read[name]

    def _taken(self, column: Column) -> Column:
        return column if self._whole else column.take(self._rows)


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _labels(column: Column) -> NDArray[np.int8]:
    """Outcomes from a column of numbers, truths or words."""
    if column.kind in {NUMBER, BOOLEAN}:
        bad = column.values != 0
    elif column.kind == STRING:
        words = [text.strip().lower() in BADS for text in column.texts]
        bad = np.array([*words, False])[column.values]
    else:
        bad = np.zeros(len(column), np.bool_)
    return np.where(column.present, np.where(bad, BAD, GOOD), UNKNOWN).astype(np.int8)


def _expected(
    judged: Judged,
    desk: _Desk,
    computed: pa.Table,
    programs: tuple[FlowProgram, FlowProgram],
) -> tuple[Floats | None, tuple[Text, ...]]:
    """The expected share of bad cases, one judge for both policies, and where it comes from."""
    for program in programs:
        for name, model in program.models.items():
            if judged.pd in {"", name}:
                read = [numbers(desk.column(each, computed), each) for each in model.names]
                return np.asarray(model.probability(np.column_stack(read))), (_from(name),)
    if judged.pd:
        pd = numbers(desk.column(judged.pd, computed), judged.pd)
        if ((pd < 0) | (pd > 1)).any():
            raise InputError(
                f"'{judged.pd}' is no share from 0 to 1", where="--pd", remedy="Name one that is"
            )
        return pd, (_from(judged.pd),)
    return None, (
        Text(
            "No expected loss: neither policy has a model, and no column was named (--pd).",
            "没有预期损失：两个策略都不含模型，也未指定列（--pd）。",
        ),
    )


def _from(name: str) -> Text:
    return Text(
        f"Expected loss is by {name}, the same for both policies.",
        f"预期损失按 {name} 计算，新旧策略使用同一口径。",
    )


def _named(given: Given, table: Table, customer: str, rows: Ints) -> pa.Table:
    names = [table.id, customer]
    shown = {
        name: given.original[name]
        for name in names
        if name is not None and name in given.original.column_names
    }
    for name in given.original.column_names:
        if name == "id":
            shown.setdefault(name, given.original[name])
    shown[table.time] = given.columns[table.time]
    return pa.table(shown).take(pa.array(rows))
