"""One case at a time, in microseconds: the same decision as that of a batch of one.

A policy of lists, models and tables of literals runs without a column being made; anything else is
decided as a batch of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import isfinite
from sys import float_info
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.flow.decided import (
    EPOCH,
    Decided,
    Plain,
    decided_of,
    plain,
    plain_word,
)
from headrace.decisions.flow.lists import NOT_LISTED, text_of
from headrace.decisions.flow.policy import (
    ACTIONS,
    ALWAYS_KNOWN,
    DECISION_DATE,
    DECISION_TIME,
    Action,
    ListKind,
    ListStep,
    ModelStep,
    TableStep,
)
from headrace.decisions.flow.program import Ask, FlowProgram, ask_and_wait, undecided
from headrace.decisions.flow.saying import ACTION, REASON
from headrace.decisions.program import kernels
from headrace.decisions.program.columns import (
    BOOLEAN,
    DATE,
    DATE_TIME,
    DURATION,
    LARGEST,
    LEAST,
    NUMBER,
    STRING,
    Column,
    missing,
    read_column,
)
from headrace.decisions.program.outputs import NO_RULE
from headrace.decisions.program.table_program import FIRST_SPEAKS, TableProgram
from headrace.decisions.tables.table import SEVERAL
from headrace.errors import HeadraceError, InputError

Words = dict[str, Any]
EXACT_MAX = 2**53
TOO_LARGE = 2**1023
ONE_VALUE = "Give one number, text, truth value, day or moment"
ORDINAL_1970 = 719_163
WHOLE = {DATE, DATE_TIME, DURATION}
NAN = float("nan")
FLOAT_MOST = float_info.max


class MistypedError(TypeError):
    """A value is of another type than its input: the case is decided as a batch of one."""


class OneProgram:
    """A policy for single cases."""

    def __init__(self, program: FlowProgram, kinds: Mapping[str, str]) -> None:
        """Prepare what does not depend on the case.

        Args:
            program: The compiled policy.
            kinds: FEEL type of every input that a case brings, by name.
        """
        self.program = program
        self.kinds = dict(kinds)
        self._numbers = [name for name, kind in kinds.items() if kind == NUMBER]
        self._all_plain = {*kinds.values()} <= {NUMBER, STRING, BOOLEAN}
        self._others = [(name, kind) for name, kind in kinds.items() if kind != NUMBER]
        self._zone = ZoneInfo(program.policy.zone)
        self._dated = DECISION_DATE in program.reads
        known = {**kinds, **ALWAYS_KNOWN}
        self._steps: list[tuple[int, Any]] | None = []
        for place, step in enumerate(program.policy.steps):
            if self._steps is None:
                break
            prepared = self._prepared(step, known)
            if prepared is None or step.when is not None:
                self._steps = None
            else:
                self._steps.append((place, prepared))
        if program.policy.results:
            self._steps = None

    def decide(self, inputs: Mapping[str, Any], moment: int, ask: Ask | None = None) -> Decided:
        """Decide one case.

        Args:
            inputs: Plain values by name: numbers, texts, booleans, dates, aware datetimes; what is
                None, NaN or absent is missing.
            moment: Of the decision, microseconds since 1970, UTC.
            ask: As in `FlowProgram.run`.

        Raises:
            InputError: A value is of no type that a column holds.
        """
        if self._steps is not None:
            with suppress(MistypedError):
                return self._decide(self._words_of(inputs), moment, ask or ask_and_wait)
        return self._as_batch(inputs, moment, ask)

    def decide_told(
        self, inputs: Mapping[str, Any], moment: int, ask: Ask | None = None
    ) -> tuple[Decided, dict[str, Plain]]:
        """As `decide`, with the inputs as JSON has them; and as `FlowProgram.run_or_refer`."""
        try:
            if self._steps is not None:
                with suppress(MistypedError):
                    words = self._words_of(inputs)
                    told = dict(words) if self._all_plain else self.plain_inputs(inputs)
                    return self._decide(words, moment, ask or ask_and_wait), told
            return self._as_batch(inputs, moment, ask), self.plain_inputs(inputs)
        except HeadraceError:
            policy = self.program.policy
            return decided_of(undecided(policy, 1), 0, policy), self.plain_inputs(inputs)

    def _as_batch(self, inputs: Mapping[str, Any], moment: int, ask: Ask | None) -> Decided:
        columns = {name: _column(inputs.get(name), name) for name in self.kinds}
        result = self.program.run(columns, np.array([moment]), ask)
        return decided_of(result, 0, self.program.policy)

    def plain_inputs(self, inputs: Mapping[str, Any]) -> dict[str, Plain]:
        """The inputs as JSON has them; missing is None."""
        found: dict[str, Plain] = {}
        for name in self._numbers:
            value = inputs.get(name)
            plain = type(value) is float and -FLOAT_MOST <= value <= FLOAT_MOST
            found[name] = value if plain else plain_input(value)
        for name, _ in self._others:
            value = inputs.get(name)
            found[name] = value if type(value) is str else plain_input(value)
        return found

    def _words_of(self, inputs: Mapping[str, Any]) -> Words:
        """The inputs as columns hold them, texts as themselves; one test for what most are."""
        words: Words = {}
        for name in self._numbers:
            value = inputs.get(name)
            plain = type(value) is float and -FLOAT_MOST <= value <= FLOAT_MOST
            words[name] = value if plain else _word(value, NUMBER)
        for name, kind in self._others:
            words[name] = _word(inputs.get(name), kind)
        return words

    def _prepared(self, step: Any, known: dict[str, str]) -> Any:
        """The step for single cases, its values added to what is known; None: not that simple."""
        if isinstance(step, TableStep):
            table = _OneTable.of(step.name, self.program.tables[step.name], known)
            if table is not None:
                known.update(table.kinds)
            return table
        if isinstance(step, ListStep) and step.by in known:
            known[step.name] = BOOLEAN
            return step
        if isinstance(step, ModelStep) and {*self.program.models[step.name].names} <= {*known}:
            known[step.name] = NUMBER
            return step
        return None

    def _decide(self, words: Words, moment: int, ask: Ask) -> Decided:
        words[DECISION_TIME] = moment
        if self._dated:
            local = (EPOCH + timedelta(microseconds=moment)).astimezone(self._zone)
            words[DECISION_DATE] = local.date().toordinal() - ORDINAL_1970
        case = _Case(self, words, moment, ask)
        for place, step in self._steps or ():
            case.take(place, step)
        return case.decided()


class _Case:
    """One case on its way through the steps."""

    def __init__(self, one: OneProgram, words: Words, moment: int, ask: Ask) -> None:
        self.one, self.words, self.moment, self.ask = one, words, moment, ask
        self.action, self.decided_by = -1, ""
        self.reason: str | None = None
        self.values: dict[str, Plain] = {}
        self.fired: dict[str, tuple[int, ...]] = {}
        self.listed: dict[str, int] = {}
        self.missing: set[str] = set()
        self.degraded: list[str] = []
        self.problems: list[str] = []
        self.skipped: set[str] = set()
        self.whole = None not in words.values()  # then no step lacks an input

    def take(self, place: int, step: Any) -> None:
        asked = step.name not in self.skipped
        if isinstance(step, _OneTable):
            self._table(step, asked=asked)
        elif isinstance(step, ListStep):
            self._list(step, asked=asked)
        else:
            self._model(step, asked=asked)

    def decided(self) -> Decided:
        otherwise = self.one.program.policy.otherwise
        return Decided(
            Action(self.action) if self.action >= 0 else otherwise,
            self.decided_by,
            self.reason,
            {},
            self.values,
            self.fired,
            self.listed,
            tuple(sorted(self.missing)),
            tuple(self.degraded),
            tuple(self.problems),
        )

    def _say(self, action: int, name: str, reason: str | None) -> None:
        if action > self.action:
            self.action, self.decided_by, self.reason = action, name, reason

    def _lacks(self, names: tuple[str, ...]) -> None:
        if self.whole:
            return
        for name in names:
            if self.words[name] is None and name in self.one.kinds:
                self.missing.add(name)

    def _list(self, step: ListStep, *, asked: bool) -> None:
        word = self.words[step.by] if asked else None
        if asked:
            self._lacks((step.by,))
        lists = self.one.program.lists
        found = NOT_LISTED
        if word is not None:
            scope = self.one.program.policy.name
            found = lists.find(step.name, text_of(word), scope, self.moment)
        on = found != NOT_LISTED
        self.words[step.name] = None if word is None else on
        self.values[step.name] = None if word is None else on
        if on:
            self.listed[step.name] = found
            if step.kind is ListKind.WHITE:
                self.skipped.update(step.skips)
            if step.action is not None:
                self._say(step.action, step.name, lists.entries[found].reason or step.reason)

    def _model(self, step: ModelStep, *, asked: bool) -> None:
        answer = NAN
        if asked:
            model = self.one.program.models[step.name]
            self._lacks(model.names)
            x = [[NAN if self.words[n] is None else self.words[n] for n in model.names]]
            told = self.ask(step, model, np.array(x, np.float64))
            if told is None:
                self.degraded.append(step.name)
                answer = NAN if step.fallback is None else step.fallback
            else:
                answer = float(told[0])
        value = answer if isfinite(answer) else None
        self.words[step.name] = self.values[step.name] = value

    def _table(self, table: _OneTable, *, asked: bool) -> None:
        if not asked:
            for name in table.kinds:
                self.words[name] = self.values[name] = None
            return
        self._lacks(table.reads)
        rules, told, problem = table.ask(self.words)
        self.fired[table.name] = rules
        if problem:
            self.problems.append(f"{table.name}: {problem}")
        self.words.update(told.words)
        self.values.update(told.values)
        if told.action >= 0:
            self._say(told.action, table.name, told.reason)


@dataclass(frozen=True)
class _Told:
    """What a rule gives: words for later steps, plain values, action and reason."""

    words: Words
    values: Mapping[str, Plain]
    action: int
    reason: str | None


class _OneTable:
    """A table of plain inputs and literal outputs."""

    def __init__(self, name: str, program: TableProgram, known: Mapping[str, str]) -> None:
        self.name = name
        table = program.table
        asked, masks = program.bind(known)
        names = [table.inputs[each.place].name for each in asked]
        searched = [known[each] == NUMBER for each in names]
        self._names_asked = names
        self._classed = [(at, each.classes) for at, each in enumerate(asked) if not searched[at]]
        self._arguments = (np.array(searched), *masks.arguments)
        self._case = np.empty((1, len(asked)))
        self._words = self._case[0]
        self._found = np.empty(max(len(table.rules), 1), np.int32)
        self._count = np.empty(1, np.int64)
        self._order = program.places(np.arange(len(table.rules), dtype=np.int32)).tolist()
        self._policy, self._aggregation = table.hit_policy, table.aggregation
        self._has_default = any(column.default is not None for column in table.outputs)
        self.reads = tuple(sorted(program.reads & set(known)))
        self._outputs = [each.name for each in program.outputs]
        columns = [each.literals for each in program.outputs]
        single = len(columns) == 1
        lists = self._lists = table.hit_policy in SEVERAL and table.aggregation is None
        self._names = [name if single else f"{name}.{each}" for each in self._outputs]
        kinds = {key: column.kind for key, column in zip(self._names, columns, strict=True)}
        self.kinds = {} if lists else kinds
        if table.aggregation is not None:
            self.kinds = dict.fromkeys(kinds, NUMBER)
        # By the place of the rule; then what the default says, then nothing.
        self._told = [self._says(columns, row, lists=lists) for row in range(len(columns[0]))]
        self._numbers = columns[0].feel_values() if table.aggregation is not None else []

    @staticmethod
    def of(name: str, program: TableProgram, known: Mapping[str, str]) -> _OneTable | None:
        """The table for single cases; None where it is not that simple."""
        table = program.table
        simple = (
            not program.interpreted
            and not any(each.computed for each in program.outputs)
            and all(column.name in known for column in table.inputs)
            and not any(column.values.alternatives or column.type for column in table.inputs)
        )
        if not simple or any(each.odd is not None for each in program.bind(known)[0]):
            return None
        return _OneTable(name, program, known)

    def ask(self, words: Words) -> tuple[tuple[int, ...], _Told, str]:
        """The numbers of the rules that spoke, what they say, and the code of a problem."""
        told = [words[name] for name in self._names_asked]
        for at, classes in self._classed:
            word = told[at]
            told[at] = classes.missing if word is None else classes.of_word(word)
        self._words[:] = told if None not in told else [NAN if w is None else w for w in told]
        if self._policy in FIRST_SPEAKS:
            kernels.first_met_by_one(self._case, *self._arguments, self._found)
            found = int(self._found[0])
            places = [self._order[found]] if found >= 0 else []
        else:
            kernels.all_met_by_one(self._case, *self._arguments, self._count, self._found)
            places = [self._order[bit] for bit in self._found[: self._count[0]].tolist()]
        if not places:
            problem = "" if self._has_default or self._lists else "no_rule"
            return (), self._told[NO_RULE - 1], problem
        if self._policy in SEVERAL:
            return tuple([place + 1 for place in places]), self._together(places), ""
        if len(places) > 1 and not self._agree(places):
            return (), self._told[-1], "overlap"
        return (places[0] + 1,), self._told[places[0]], ""

    def _agree(self, places: list[int]) -> bool:
        """Whether rules that are met at once may be: under ANY, where they say the same."""
        first = self._told[places[0]]
        return self._policy is HitPolicy.ANY and all(self._told[place] == first for place in places)

    def _together(self, places: list[int]) -> _Told:
        """What several rules say at once."""
        if self._aggregation is None:
            return max((self._told[place] for place in places), key=lambda told: told.action)
        each = [value for place in places if isinstance(value := self._numbers[place], Decimal)]
        total: Decimal | int = len(places)
        if self._aggregation is Aggregation.SUM:
            total = sum(each, Decimal(0))
        elif self._aggregation is not Aggregation.COUNT:
            total = min(each) if self._aggregation is Aggregation.MIN else max(each)
        values: Words = {self._names[0]: float(total)}
        return _Told(values, values, -1, None)

    def _says(self, columns: list[Column], row: int, *, lists: bool) -> _Told:
        words: Words = {}
        values: dict[str, Plain] = {}
        told: dict[str, Plain] = {}
        for key, output, column in zip(self._names, self._outputs, columns, strict=True):
            words[key] = values[key] = None
            if column.present[row]:
                word = column.values[row].item()
                words[key] = column.texts[word] if column.kind == STRING else word
                values[key] = plain_word(column.kind, word, column.texts)
            told[output] = values[key]
        action = ACTIONS.get(str(told.get(ACTION)), -1)
        reason = told.get(REASON)
        said = None if reason is None else str(reason)
        return _Told({}, {}, action, said) if lists else _Told(words, values, action, said)


def _word(value: Any, kind: str) -> Any:
    """A value as a column of its kind holds it, a text as itself; None where it is missing."""
    found = type(value)
    if value is None or (found is float and not isfinite(value)):
        return None
    if kind == NUMBER:
        if found is float or (found is int and -EXACT_MAX <= value <= EXACT_MAX):
            return value
    elif (kind == STRING and found is str) or (kind == BOOLEAN and found is bool):
        return value
    elif kind == DATE_TIME and isinstance(value, datetime) and value.tzinfo is not None:
        return (value - EPOCH) // EPOCH.resolution
    elif kind == DATE and hasattr(value, "toordinal") and not isinstance(value, datetime):
        return value.toordinal() - ORDINAL_1970
    raise MistypedError


def _column(value: Any, name: str) -> Column:
    """A column of one case."""
    if value is None or value != value:  # noqa: PLR0124  (NaN is missing)
        return missing(1)
    if isinstance(value, int) and not LEAST <= value <= LARGEST:
        value = float(value) if abs(value) < TOO_LARGE else None
    elif isinstance(value, Decimal):
        value = float(value)
    try:
        return read_column(pa.array([value]), name)
    except pa.ArrowException as error:
        raise InputError(f"'{name}' is {value!r:.80}", where=name, remedy=ONE_VALUE) from error


def plain_input(value: Any) -> Plain:
    """An input as JSON has it, and as a batch would record it; missing is None."""
    if value is None or type(value) in {str, bool}:
        found: Plain = value
        return found
    if type(value) is int and LEAST <= value <= LARGEST:
        return value
    try:
        return plain(_column(value, ""), 0)
    except InputError:  # a list, say: nothing was decided by it
        return f"{value!r:.200}"
