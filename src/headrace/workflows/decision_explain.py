"""Why a case was decided as it was: from the record and the version that made it.

Everything that spoke, with the values it was said of, what was outvoted, what was missing, and what
would have to be otherwise: for a risk manager. What a customer is told is in `customer_reason`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from headrace.decisions.feel import Expression, Notes, Tests, Value, evaluate, write, write_tests
from headrace.decisions.feel.naming import cited_names
from headrace.decisions.feel.tree import Literal, Test
from headrace.decisions.flow.clock import clock_columns
from headrace.decisions.flow.decided import EPOCH, Plain, decided_of, plain
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.policy import (
    ACTIONS,
    ListStep,
    ModelStep,
    TableStep,
)
from headrace.decisions.flow.program import Ask, Floats, FlowResult, Model
from headrace.decisions.flow.saying import ACTION, REASON
from headrace.decisions.program.case_by_case import scope_of
from headrace.decisions.program.columns import (
    DATE,
    DATE_TIME,
    DURATION,
    Column,
    column_of_values,
    missing,
    read_column,
)
from headrace.decisions.program.outputs import Around
from headrace.decisions.tables.table import Rule, Table
from headrace.errors import EvidenceError, InputError
from headrace.features.definition import Feature, Unit
from headrace.pack import Text
from headrace.workflows.decision_facts import FactsBehind
from headrace.workflows.decision_flips import Flip, nearest_flips

REASONS_SHOWN = 5
WHOLE = (Unit.COUNT, Unit.FLAG)
SAME = ("action", "decided_by", "reason", "results", "values", "fired", "listed")


@runtime_checkable
class Reasoned(Protocol):
    """A model that can say what each input added."""

    def contributions(self, x: Floats) -> Floats:
        """To the log odds, (n, inputs)."""
        ...


@dataclass(frozen=True)
class Cell:
    """A cell that was met.

    Attributes:
        input: What was tested, as the table writes it.
        value: What it was; None where it was missing.
        test: As the table writes it.
        said: The two together: "customer_payments_1d 14 > 12".
    """

    input: str
    value: Plain
    test: str
    said: str


@dataclass(frozen=True)
class SpokenRule:
    """A rule that spoke.

    Attributes:
        table: Its name.
        number: Its number in the table, from 1.
        row: Where it stands in its file: the row of a spreadsheet.
        file: The file.
        text: What it asks, in one line.
        notes: What its author wrote beside it, by column.
        cells: What it asks, with the values that met it.
        outputs: What it gave.
    """

    table: str
    number: int
    row: int
    file: str
    text: str
    notes: Mapping[str, str]
    cells: tuple[Cell, ...]
    outputs: Mapping[str, Plain]


@dataclass(frozen=True)
class Listed:
    """A list that the case is on. Moments are ISO 8601.

    Attributes:
        list: Its name.
        kind: `white`, `grey` or `black`.
        by: The input that was looked up.
        value: What it was.
        action: What being on it asks for; None on a white list.
        reason: Of the entry, else of the step.
        owner: Who answers for the entry.
        scope: The policy it holds for; empty: all.
        valid_from: From when on.
        valid_until: Until when; None: for good.
        recorded: When it became known.
        skips: Steps that were not asked because of it.
    """

    list: str
    kind: str
    by: str
    value: str
    action: str | None
    reason: str
    owner: str
    scope: str
    valid_from: str
    valid_until: str | None
    recorded: str
    skips: tuple[str, ...]


@dataclass(frozen=True)
class Strength:
    """What one input added to a model's answer, in log odds."""

    input: str
    value: Plain
    adds: float


@dataclass(frozen=True)
class Answer:
    """What a model said.

    Attributes:
        model: Its step.
        value: Its answer, or what stood in; None where that is missing, or it was not asked.
        stood_in: Whether it was late or failed, so that the fallback stood in.
        within_ms: How long it may take; None: as long as it takes.
        reasons: The strongest, strongest first; none where it did not answer.
    """

    model: str
    value: float | None
    stood_in: bool
    within_ms: int | None
    reasons: tuple[Strength, ...]


@dataclass(frozen=True)
class Voice:
    """What one step, or one rule of it, said to do.

    Attributes:
        step: Its name.
        rule: The rule's number; None of a list, and of a table's default.
        action: What it said.
        reason: Why; None where it gave none.
        stands: Whether that is what was done; every other was outvoted.
    """

    step: str
    rule: int | None
    action: str
    reason: str | None
    stands: bool


@dataclass(frozen=True)
class Term:
    """A result, and how it came about: the expression and what the names in it were."""

    name: str
    value: Plain
    expression: str
    parts: Mapping[str, Plain]


@dataclass(frozen=True)
class DecisionExplanation:
    """Everything about one decision, for a risk manager.

    Attributes:
        decision: Its id.
        moment: When, ISO 8601, UTC.
        policy: Its name.
        title: Of the policy.
        arm: Who made it: `champion`, a challenger or a shadow.
        effective: Whether it was followed.
        action: What was done.
        decided_by: The step that said so; empty where none did, and the policy's `otherwise` holds.
        reason: Its code; None where none was given.
        voices: What every step said, in order.
        rules: Those that spoke.
        listed: Lists that the case is on.
        models: What models said.
        missing: Inputs that were asked for and lacking.
        problems: Tables that did not decide as their author meant.
        results: Terms.
        flips: What would have to be otherwise for a milder action.
        facts: The events behind numbers that were tested; empty where the log was not read.
        inputs: All that the policy was told.
        in_force: Digest of the version.
        versions: Digests of its parts.
        latency_us: How long it took, microseconds; None where that is not known.
        reproduced: Whether deciding again from the record gave the same.
    """

    decision: str
    moment: str
    policy: str
    title: Text
    arm: str
    effective: bool
    action: str
    decided_by: str
    reason: str | None
    voices: tuple[Voice, ...]
    rules: tuple[SpokenRule, ...]
    listed: tuple[Listed, ...]
    models: tuple[Answer, ...]
    missing: tuple[str, ...]
    problems: tuple[str, ...]
    results: tuple[Term, ...]
    flips: tuple[Flip, ...]
    facts: tuple[FactsBehind, ...]
    inputs: Mapping[str, Plain]
    in_force: str
    versions: Mapping[str, str]
    latency_us: int | None
    reproduced: bool

    @property
    def outvoted(self) -> tuple[Voice, ...]:
        """What was said and not done."""
        return tuple(voice for voice in self.voices if not voice.stands)

    def to_dict(self) -> dict[str, Any]:
        """For --json."""
        return asdict(self)


@dataclass(frozen=True)
class Beside:
    """What is known of a decision beside its record.

    Attributes:
        features: Those of the pack, by name: units and names for people.
        facts: The events behind numbers, see `decision_facts`.
        latency_us: How long it took, microseconds; None where that is not known.
    """

    features: Mapping[str, Feature] = field(default_factory=dict)
    facts: tuple[FactsBehind, ...] = ()
    latency_us: int | None = None


NOTHING_BESIDE = Beside()


def explain_decision(
    record: Mapping[str, Any], version: InForce, beside: Beside = NOTHING_BESIDE
) -> DecisionExplanation:
    """Explain a decision from its record.

    Args:
        record: As `headrace.decisions.flow.record.one_record` has it.
        version: What made it.
        beside: What else is known.

    Raises:
        EvidenceError: Another version made it, or the record cites what the version has not.
    """
    desk = _Desk(record, version)
    policy = version.program.policy
    rules = tuple(desk.rules())
    listed = tuple(desk.listed())
    whole = frozenset(name for name, each in beside.features.items() if each.unit in WHOLE)
    action = ACTIONS[record["action"]]
    return DecisionExplanation(
        decision=record["decision"],
        moment=_iso(record["moment"]),
        policy=policy.name,
        title=Text(policy.title_en, policy.title_zh),
        arm=record["arm"],
        effective=record["effective"],
        action=record["action"],
        decided_by=record["decided_by"],
        reason=record["reason"],
        voices=_with_standing(tuple(desk.voices(rules, listed)), record),
        rules=rules,
        listed=listed,
        models=tuple(desk.models()),
        missing=tuple(record["missing"]),
        problems=tuple(record["problems"]),
        results=tuple(desk.terms()),
        flips=nearest_flips(
            version.program, desk.columns, (record["moment"], action), desk.ask, whole
        ),
        facts=beside.facts,
        inputs=dict(record["inputs"]),
        in_force=record["in_force"],
        versions=dict(version.versions),
        latency_us=beside.latency_us,
        reproduced=desk.reproduced(),
    )


def inputs_asked(explained: DecisionExplanation) -> tuple[str, ...]:
    """Inputs that rules which spoke asked about, and the strongest of models; each once."""
    cells = [cell.input for rule in explained.rules for cell in rule.cells]
    strong = [reason.input for answer in explained.models for reason in answer.reasons]
    return tuple(name for name in dict.fromkeys([*cells, *strong]) if name in explained.inputs)


# --- the parts ------------------------------------------------------------------------------------


class _Desk:
    """One decision, decided again so that everything it knew is at hand."""

    def __init__(self, record: Mapping[str, Any], version: InForce) -> None:
        if record["in_force"] != version.digest:
            raise EvidenceError(
                "Another version made this decision",
                where=f"decision {record['decision']}",
                remedy=f"It was made by {record['in_force']}, this one is {version.digest}",
            )
        self.record, self.program = record, version.program
        self.policy = version.program.policy
        self.columns = {
            name: _column(record["inputs"].get(name), kind, name)
            for name, kind in version.inputs.items()
        }
        self.ask = _asker(frozenset(record["degraded"]))
        moments = np.array([record["moment"]])
        self.result: FlowResult = self.program.run(self.columns, moments, self.ask)
        clock = clock_columns(moments, self.policy.zone)
        self.known = {**self.columns, **clock, **self.result.values}
        self.around = Around(self.known, 1, None)
        self.scope = scope_of(self.around, 0)

    def reproduced(self) -> bool:
        """Whether it came out the same."""
        again = asdict(decided_of(self.result, 0, self.policy))
        again["action"] = again["action"].word
        told = {name: self.record[name] for name in SAME}
        return bool(_lists({name: again[name] for name in SAME}) == _lists(told))

    def rules(self) -> Iterator[SpokenRule]:
        fired = dict(self.record["fired"])
        for step in self.policy.steps:
            for number in fired.pop(step.name, ()) if isinstance(step, TableStep) else ():
                table = self.policy.tables[step.name]
                if not 1 <= number <= len(table.rules):
                    raise self._foreign(f"rule {number} of {step.name}")
                yield self._rule(table, number)
        for name in fired:
            raise self._foreign(f"the table {name}")

    def listed(self) -> Iterator[Listed]:
        steps = {step.name: step for step in self.policy.steps if isinstance(step, ListStep)}
        entries = self.program.lists.entries
        for name, number in self.record["listed"].items():
            if name not in steps or not 0 <= number < len(entries):
                raise self._foreign(f"entry {number} of the list {name}")
            step, entry = steps[name], entries[number]
            yield Listed(
                list=name,
                kind=step.kind.name.lower(),
                by=step.by,
                value=entry.value,
                action=None if step.action is None else step.action.word,
                reason=entry.reason or step.reason,
                owner=entry.owner,
                scope=entry.scope,
                valid_from=_iso(entry.valid_from),
                valid_until=None if entry.valid_until is None else _iso(entry.valid_until),
                recorded=_iso(entry.recorded),
                skips=step.skips,
            )

    def models(self) -> Iterator[Answer]:
        for step in self.policy.steps:
            if isinstance(step, ModelStep):
                late = step.name in self.record["degraded"]
                value = self.record["values"].get(step.name)
                silent = late or value is None
                reasons = () if silent else self._strengths(self.program.models[step.name])
                yield Answer(step.name, value, late, step.within_ms, reasons)

    def voices(self, rules: tuple[SpokenRule, ...], on: tuple[Listed, ...]) -> Iterator[Voice]:
        """What every step said, in the order of the policy."""
        for step in self.policy.steps:
            if isinstance(step, ListStep):
                for each in on:
                    if each.list == step.name and each.action is not None:
                        yield Voice(step.name, None, each.action, each.reason, stands=False)
            elif isinstance(step, TableStep):
                spoke = [rule for rule in rules if rule.table == step.name]
                said: list[tuple[int | None, Mapping[str, Plain]]]
                said = [(rule.number, rule.outputs) for rule in spoke]
                said = said or [(None, self._default(step.name))]
                for number, outputs in said:
                    if (action := outputs.get(ACTION)) in ACTIONS:
                        reason = outputs.get(REASON)
                        why = None if reason is None else str(reason)
                        yield Voice(step.name, number, str(action), why, stands=False)

    def terms(self) -> Iterator[Term]:
        for name, expression in self.policy.results.items():
            parts = {
                each: plain(self.known[each], 0)
                for each in sorted(self.known)
                if each in cited_names(expression)
                or (each.partition(".")[0] in cited_names(expression) and "." in each)
            }
            yield Term(name, self.record["results"].get(name), write(expression), parts)

    def _default(self, name: str) -> dict[str, Plain]:
        """What a table gave where no rule of it spoke."""
        values = self.record["values"]
        outputs = self.policy.tables[name].outputs
        if name not in self.record["fired"]:
            return {}
        if len(outputs) == 1:
            return {outputs[0].name: values.get(name)}
        return {each.name: values.get(f"{name}.{each.name}") for each in outputs}

    def _rule(self, table: Table, number: int) -> SpokenRule:
        rule = table.rules[number - 1]
        return SpokenRule(
            table=table.name,
            number=number,
            row=rule.row,
            file=table.file,
            text=table.rule_text(number),
            notes={name: note for name, note in zip(table.notes, rule.notes, strict=True) if note},
            cells=tuple(self._cells(table, rule)),
            outputs={
                column.name: self._given(output)
                for column, output in zip(table.outputs, rule.outputs, strict=True)
            },
        )

    def _cells(self, table: Table, rule: Rule) -> Iterator[Cell]:
        for column, tests in zip(table.inputs, rule.tests, strict=True):
            if tests.alternatives:
                known = self.known.get(column.name)
                value = self._given(column.expression) if known is None else plain(known, 0)
                told = write_tests(tests)
                yield Cell(column.text, value, told, f"{column.text} {_asked(value, tests)}")

    def _given(self, expression: Expression) -> Plain:
        return _plain_value(evaluate(expression, self.scope, Notes()))

    def _strengths(self, model: Model) -> tuple[Strength, ...]:
        if not isinstance(model, Reasoned):
            return ()
        columns = [self.known[name] for name in model.names]
        words = [plain(column, 0) for column in columns]
        x = np.array([[np.nan if word is None else word for word in words]], np.float64)
        told = zip(model.names, words, model.contributions(x)[0].tolist(), strict=True)
        found = [Strength(*each) for each in told if each[2] and each[2] == each[2]]
        strongest = sorted(found, key=lambda each: -abs(each.adds))
        return tuple(strongest[:REASONS_SHOWN])

    def _foreign(self, what: str) -> EvidenceError:
        return EvidenceError(
            f"The record cites {what}, which the version has not",
            where=f"decision {self.record['decision']}",
            remedy="`headrace replay` names what was changed",
        )


def _with_standing(voices: tuple[Voice, ...], record: Mapping[str, Any]) -> tuple[Voice, ...]:
    """The voices, with the one marked that decided: of its step the first with that action."""
    found = list(voices)
    for place, voice in enumerate(found):
        if voice.step == record["decided_by"] and voice.action == record["action"]:
            found[place] = Voice(voice.step, voice.rule, voice.action, voice.reason, stands=True)
            break
    return tuple(found)


def _asked(value: Plain, tests: Tests) -> str:
    """A value and the test it met: "14 > 12", "XX in ..."; a missing one is said to be."""
    told = write_tests(tests)
    if value is None:
        return "is missing" if told == "null" else f"is missing: {told}"
    shown = _shown(value)
    if tests.negated:
        return f"{shown} {told}"
    if len(tests.alternatives) == 1:
        if isinstance(tests.alternatives[0], Test):
            return f"{shown} {told.strip('()')}"
        if isinstance(tests.alternatives[0], Literal):
            return f"{shown} = {told}"
    return f"{shown} in {told}"


def _shown(value: Plain) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain_value(value: Value) -> Plain:
    """A FEEL value as JSON has it; lists and contexts as text."""
    try:
        return plain(column_of_values([value]), 0)
    except InputError:
        return str(value)


def _column(value: Any, kind: str, name: str) -> Column:
    """An input of the record as the policy was told it."""
    if value is None:
        return missing(1)
    if kind == DATE and isinstance(value, str):
        value = date.fromisoformat(value)
    elif kind == DATE_TIME and isinstance(value, str):
        value = datetime.fromisoformat(value)
    elif kind == DURATION and isinstance(value, int | float):
        value = timedelta(seconds=value)
    return read_column(pa.array([value]), name)


def _asker(late: frozenset[str]) -> Ask:
    """Models answer as they did: one that was late then is late again."""

    def ask(step: ModelStep, model: Model, x: Floats) -> Floats | None:
        return None if step.name in late else model.probability(x)

    return ask


def _lists(value: Any) -> Any:
    """The same with every sequence as a list, as JSON has it."""
    if isinstance(value, Mapping):
        return {name: _lists(each) for name, each in value.items()}
    return [_lists(each) for each in value] if isinstance(value, list | tuple) else value


def _iso(moment: int) -> str:
    return (EPOCH + timedelta(microseconds=moment)).isoformat().replace("+00:00", "Z")
