"""A policy decided one case at a time, as its file reads: slow, and plain to see.

Tables are asked of the interpreter, expressions evaluated, and lists searched entry by entry. Only
what a case is and what a decision looks like is shared with the compiled program.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from headrace.decisions.dmn.alone import table_alone
from headrace.decisions.feel import (
    Date,
    DateTime,
    DaysTime,
    Note,
    Notes,
    Value,
    evaluate,
    of_python,
)
from headrace.decisions.feel.naming import cited_names
from headrace.decisions.flow.decided import Decided
from headrace.decisions.flow.lists import Entry
from headrace.decisions.flow.policy import (
    ACTIONS,
    Action,
    ListKind,
    ListStep,
    ModelStep,
    Policy,
    TableStep,
    ValueStep,
)
from headrace.decisions.tables.table import SEVERAL

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SlowFlow:
    """One case on its way through a policy."""

    def __init__(
        self, policy: Policy, models: Mapping[str, Any], entries: tuple[Entry, ...], *, late: bool
    ) -> None:
        """Take what decides; `late` models never answer."""
        self.policy, self.models, self.entries, self.late = policy, models, entries, late

    def decide(self, inputs: Mapping[str, Value], moment: int) -> Decided:
        """Decide one case, its inputs FEEL values by name."""
        self.inputs, self.moment = inputs, moment
        now = EPOCH + timedelta(microseconds=moment)
        day = now.astimezone(ZoneInfo(self.policy.zone)).date()
        clock = {"decision_time": of_python(now), "decision_date": of_python(day)}
        self.known: dict[str, Value] = {**inputs, **clock}
        self.said: list[tuple[Action, str, str | None]] = []
        self.skipped: set[str] = set()
        self.values: dict[str, Value] = {}
        self.fired: dict[str, tuple[int, ...]] = {}
        self.listed: dict[str, int] = {}
        self.missing: set[str] = set()
        self.degraded: list[str] = []
        self.problems: list[str] = []
        for step in self.policy.steps:
            asked = step.name not in self.skipped
            if asked and step.when is not None:
                self.lacks(cited_names(step.when))
                asked = self.computed(step.when) is True
            self.take(step, asked)
        for each in self.policy.results.values():
            self.lacks(cited_names(each))
        results = {name: self.computed(each) for name, each in self.policy.results.items()}
        return self.decided(results)

    def decided(self, results: Mapping[str, Value]) -> Decided:
        action, name, reason = self.policy.otherwise, "", None
        if self.said:
            action = max(each[0] for each in self.said)
            _, name, reason = next(each for each in self.said if each[0] == action)
        return Decided(
            action,
            name,
            reason,
            {key: plain(value) for key, value in results.items()},
            {key: plain(value) for key, value in self.values.items()},
            self.fired,
            self.listed,
            tuple(sorted(self.missing)),
            tuple(self.degraded),
            tuple(self.problems),
        )

    def take(self, step: Any, asked: bool) -> None:
        match step:
            case ListStep():
                self.look_up(step, asked)
            case TableStep():
                self.ask_table(step.name, asked)
            case ModelStep():
                self.ask_model(step, asked)
            case ValueStep():
                if asked:
                    self.lacks(cited_names(step.expression))
                self.learn(step.name, self.computed(step.expression) if asked else None)

    def learn(self, name: str, value: Value) -> None:
        self.known[name] = self.values[name] = rounded(value)

    def lacks(self, names: frozenset[str]) -> None:
        self.missing |= {name for name in names & set(self.inputs) if self.known[name] is None}

    def computed(self, expression: Any) -> Value:
        return rounded(evaluate(expression, self.scope(), Notes()))

    def scope(self) -> dict[str, Value]:
        scope: dict[str, Any] = {}
        for name, value in self.known.items():
            base, dot, rest = name.partition(".")
            if dot:
                scope.setdefault(base, {})[rest] = value
            else:
                scope[name] = value
        return scope

    def look_up(self, step: ListStep, asked: bool) -> None:
        word = self.known[step.by] if asked else None
        if asked:
            self.lacks(frozenset({step.by}))
        number = -1 if word is None else self.entry_of(step.name, word)
        self.learn(step.name, None if word is None else number >= 0)
        if number < 0:
            return
        self.listed[step.name] = number
        if step.kind is ListKind.WHITE:
            self.skipped |= set(step.skips)
        if step.action is not None:
            self.said.append((step.action, step.name, self.entries[number].reason or step.reason))

    def entry_of(self, name: str, word: Value) -> int:
        return stands(self.entries, name, text_of(word), self.policy.name, self.moment)

    def ask_model(self, step: ModelStep, asked: bool) -> None:
        model = self.models[step.name]
        if not asked:
            self.learn(step.name, None)
            return
        self.lacks(frozenset(model.names))
        if self.late:
            self.degraded.append(step.name)
            answer = step.fallback
        else:
            answer = model.slowly([self.known[name] for name in model.names])
        self.learn(step.name, None if answer is None else Decimal(repr(answer)))

    def ask_table(self, name: str, asked: bool) -> None:
        table = self.policy.tables[name]
        lists = table.hit_policy in SEVERAL and table.aggregation is None
        names = [each.name for each in table.outputs]
        if asked:
            self.lacks(cited_by(table))
            scope = self.scope()
            outcome = table_alone(table.tree(), set(scope))(scope, None)
            value = outcome.value
            rules = outcome.fired[0].rules if outcome.fired else ()
            several = table.hit_policy in SEVERAL
            self.fired[name] = rules if several else rules[:1]  # under ANY the first speaks
            problem = "" if value is not None or outcome.fired else problem_of(outcome.notes)
            if problem and not (lists and problem == "no_rule"):
                self.problems.append(f"{name}: {problem}")
        else:
            value = None
        single = len(names) == 1
        if not lists:
            row = {names[0]: value} if single else (value or {})
            for each in names:
                self.learn(name if single else f"{name}.{each}", row.get(each))
            rows = [row]
        else:
            rows = value if isinstance(value, list) else [] if value is None else [value]
            rows = [{names[0]: each} if single else each for each in rows]
        told = [
            (ACTIONS[row["action"]], name, row.get("reason"))
            for row in rows
            if row.get("action") in ACTIONS
        ]
        if told:
            self.said.append(max(told, key=lambda each: each[0]))


def stands(entries: tuple[Entry, ...], name: str, text: str, scope: str, moment: int) -> int:
    """The entry that holds: what was recorded last about each start, and of those the latest."""
    seen = [
        (number, each)
        for number, each in enumerate(entries)
        if each.recorded <= moment and (each.list, each.value) == (name, text)
    ]
    last = {(each.scope, each.valid_from): (number, each) for number, each in seen}
    holding = [
        number
        for number, each in last.values()
        if each.scope in {"", scope}
        and each.valid_from <= moment
        and (each.valid_until is None or moment < each.valid_until)
    ]
    return max(holding, default=-1)


def cited_by(table: Any) -> frozenset[str]:
    texts = [each.expression for each in table.inputs]
    texts += [each.default for each in table.outputs if each.default is not None]
    texts += [cell for rule in table.rules for cell in (*rule.tests, *rule.outputs)]
    return frozenset().union(*map(cited_names, texts))


def problem_of(notes: tuple[Note, ...]) -> str:
    """The code of what the interpreter said last."""
    note = notes[-1].text
    if "none of those listed" in note:
        return "not_listed"
    return "no_rule" if note.startswith("No rule") else "overlap"


def rounded(value: Value) -> Value:
    """A number as a column holds it: the shortest decimal of its nearest double."""
    if isinstance(value, Decimal):
        return Decimal(repr(float(value) + 0.0))
    return value


def text_of(value: Value) -> str:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return repr(float(value)) if isinstance(value, Decimal) else str(value)


def plain(value: Value) -> Any:
    match value:
        case Decimal():
            return float(value)
        case Date():
            return f"{value.year:04}-{value.month:02}-{value.day:02}"
        case DateTime():
            moment = EPOCH + timedelta(microseconds=value.instant() // 1000)
            return moment.isoformat().replace("+00:00", "Z")
        case DaysTime():
            return value.nanoseconds // 1000 / 1_000_000
    return value
