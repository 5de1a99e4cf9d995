"""A policy's own file, `policy.yaml`: the steps, and what they need of tables and inputs.

What it may say is in `headrace.decisions.flow.policy`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from headrace.decisions.feel import Expression, parse
from headrace.decisions.flow.policy import (
    ACTIONS,
    ALWAYS_KNOWN,
    Action,
    AnyStep,
    ListKind,
    ListStep,
    ModelStep,
    Policy,
    Step,
    TableStep,
    ValueStep,
)
from headrace.decisions.program.columns import KINDS, NOTHING
from headrace.decisions.tables.table import Table
from headrace.decisions.yaml_nodes import YamlFile
from headrace.errors import HeadraceError, MappingError

KEYS = (
    "policy",
    "title",
    "customer",
    "time zone",
    "inputs",
    "steps",
    "results",
    "otherwise",
    "exposure",
)
COMMON = ("when",)
STEP_KEYS: Mapping[str, tuple[str, ...]] = {
    "list": ("list", "kind", "by", "action", "reason", "skips", *COMMON),
    "table": ("table", *COMMON),
    "model": ("model", "within ms", "fallback", *COMMON),
    "value": ("value", "is", *COMMON),
}
TYPES = tuple(kind for kind in KINDS if kind != NOTHING)

ReadTable = Callable[[str, Collection[str]], Table]
"""Reads the table of a name; what its cells may cite is the second argument."""


def read_policy(text: str, file: str, inputs: Mapping[str, str], read_table: ReadTable) -> Policy:
    """The policy that a text states.

    Args:
        text: See `headrace.decisions.flow.policy`.
        file: Its name, for errors.
        inputs: FEEL types of the features it may read, by name.
        read_table: Reads a table when its step is reached, told every name known by then.

    Raises:
        MappingError: Naming file and line, what was wrong and what would be right.
    """
    return _Reader(YamlFile(file), inputs, read_table).policy(text)


class _Reader:
    """Reads one file; what is known grows step by step."""

    def __init__(self, file: YamlFile, inputs: Mapping[str, str], read_table: ReadTable) -> None:
        self._file = file
        self._known: set[str] = {*inputs, *ALWAYS_KNOWN}
        self._read_table = read_table
        self._tables: dict[str, Table] = {}

    def policy(self, text: str) -> Policy:
        root = self._file.root(text)
        told = self._file.entries(root, KEYS, "policy")
        for key in ("policy", "customer", "steps"):
            if key not in told:
                self._file.fail(root, f"The policy does not say its {key}", f"Add `{key}: ...`")
        declared = self._declared(told)
        customer = self._name(told["customer"])
        steps: list[AnyStep] = []
        for node in self._file.items(told["steps"], "steps"):
            step = self._step(node, {each.name for each in steps})
            steps.append(step)
        self._check_skips(steps, told["steps"])
        results = {}
        if "results" in told:
            entries = self._file.entries(told["results"], None, "results")
            results = {name: self._expression(node) for name, node in entries.items()}
        titles = self._file.entries(told["title"], ("en", "zh"), "title") if "title" in told else {}
        return Policy(
            name=self._file.text(told["policy"]),
            customer=customer,
            zone=self._zone(told.get("time zone")),
            inputs=declared,
            steps=tuple(steps),
            tables=self._tables,
            results=results,
            otherwise=self._action(told["otherwise"]) if "otherwise" in told else Action.REFER,
            exposure=self._name(told["exposure"]) if "exposure" in told else "",
            title_en=self._file.text(titles["en"]) if "en" in titles else "",
            title_zh=self._file.text(titles["zh"]) if "zh" in titles else "",
            file=self._file.name,
        )

    def _declared(self, told: Mapping[str, yaml.Node]) -> dict[str, str]:
        if "inputs" not in told:
            return {}
        declared = {}
        for name, node in self._file.entries(told["inputs"], None, "inputs").items():
            kind = {"text": "string"}.get(self._file.text(node), self._file.text(node))
            if kind not in TYPES:
                self._file.fail(node, f"'{kind}' is no type", f"One of {', '.join(TYPES)}")
            declared[name] = kind
        self._known |= set(declared)
        return declared

    def _step(self, node: yaml.Node, before: Collection[str]) -> AnyStep:
        told = self._file.entries(node, None, "step")
        kinds = [kind for kind in STEP_KEYS if kind in told]
        if len(kinds) != 1:
            remedy = f"Begin with one of {', '.join(STEP_KEYS)}"
            self._file.fail(node, "The step does not say what it is", remedy)
        told = self._file.entries(node, STEP_KEYS[kinds[0]], f"{kinds[0]} step")
        name = self._file.text(told[kinds[0]])
        if name in before:
            self._file.fail(node, f"There are two steps '{name}'", "Give each its own name")
        if name in self._known or not name:
            self._file.fail(node, f"'{name}' is an input, and no name of a step", "Give it another")
        when = self._expression(told["when"]) if "when" in told else None
        step = getattr(self, f"_{kinds[0]}")(name, when, told, node)
        self._known.add(name)
        assert isinstance(step, Step)  # noqa: S101  (for the type checker)
        return step  # type: ignore[return-value]  # one of the four readers below made it

    def _list(
        self, name: str, when: Expression | None, told: Mapping[str, yaml.Node], node: yaml.Node
    ) -> ListStep:
        for key in ("kind", "by"):
            if key not in told:
                self._file.fail(node, f"The list does not say its {key}", f"Add `{key}: ...`")
        word = self._file.text(told["kind"]).upper()
        if word not in ListKind.__members__:
            self._file.fail(told["kind"], f"'{word}' is no kind of list", "black, grey or white")
        kind = ListKind[word]
        usual = {ListKind.BLACK: Action.BLOCK, ListKind.GREY: Action.REFER}.get(kind)
        skips = self._file.items(told["skips"], "skips") if "skips" in told else []
        if skips and kind is not ListKind.WHITE:
            self._file.fail(told["skips"], "Only a white list skips steps", "Leave `skips` out")
        return ListStep(
            name=name,
            when=when,
            kind=kind,
            by=self._name(told["by"]),
            action=self._action(told["action"]) if "action" in told else usual,
            reason=self._file.text(told["reason"]) if "reason" in told else name,
            skips=tuple(self._file.text(each) for each in skips),
        )

    def _table(
        self, name: str, when: Expression | None, told: Mapping[str, yaml.Node], node: yaml.Node
    ) -> TableStep:
        self._tables[name] = self._read_table(name, self._known)
        return TableStep(name=name, when=when)

    def _model(
        self, name: str, when: Expression | None, told: Mapping[str, yaml.Node], node: yaml.Node
    ) -> ModelStep:
        within = fallback = None
        if "within ms" in told:
            text = self._file.text(told["within ms"])
            if not re.fullmatch("[1-9][0-9]{0,8}", text):
                self._file.fail(told["within ms"], f"'{text}' is no time", "Milliseconds, from 1")
            within = int(text)
        if "fallback" in told and self._file.text(told["fallback"]) != "null":
            text = self._file.text(told["fallback"])
            try:
                fallback = float(text)
            except ValueError:
                fallback = math.nan
            if not math.isfinite(fallback) or "_" in text:
                self._file.fail(told["fallback"], f"'{text}' is no number", "A number, or null")
        return ModelStep(name=name, when=when, within_ms=within, fallback=fallback)

    def _value(
        self, name: str, when: Expression | None, told: Mapping[str, yaml.Node], node: yaml.Node
    ) -> ValueStep:
        if "is" not in told:
            self._file.fail(node, "The value does not say what it is", "Add `is: EXPRESSION`")
        return ValueStep(name=name, when=when, expression=self._expression(told["is"]))

    def _check_skips(self, steps: list[AnyStep], node: yaml.Node) -> None:
        for place, step in enumerate(steps):
            later = {each.name for each in steps[place + 1 :]}
            for name in step.skips if isinstance(step, ListStep) else ():
                if name not in later:
                    problem = f"The list '{step.name}' skips '{name}', which is no later step"
                    self._file.fail(node, problem, f"One of {', '.join(sorted(later))}")

    def _expression(self, node: yaml.Node) -> Expression:
        text = self._file.text(node)
        try:
            return parse(text, self._known)
        except HeadraceError as error:
            problem = f"`{text[:80]}`: {error.problem}"
            raise MappingError(
                problem, where=self._file.where(node), remedy=error.remedy
            ) from error

    def _name(self, node: yaml.Node) -> str:
        name = self._file.text(node)
        if name not in self._known:
            self._file.fail(node, f"Nothing is named '{name}'", "Declare it under `inputs`")
        return name

    def _action(self, node: yaml.Node) -> Action:
        word = self._file.text(node)
        if word not in ACTIONS:
            self._file.fail(node, f"'{word}' is no action", f"One of {', '.join(ACTIONS)}")
        return ACTIONS[word]

    def _zone(self, node: yaml.Node | None) -> str:
        if node is None:
            return "UTC"
        name = self._file.text(node)
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._file.fail(node, f"'{name}' is no time zone", "Such as Asia/Shanghai")
