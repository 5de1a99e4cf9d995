"""Decision tables as YAML: pleasant to read, and to compare line by line in a history.

    table: access
    title: {en: Who may borrow at all, zh: 谁可以借款}
    hit policy: FIRST
    inputs:
    - name: rating
      values: A, B, C, D
    - expression: debt / income
      type: number
      label: Debt service
    outputs:
    - name: outcome
      values: decline, refer, approve
      default: refer
    notes: [why]
    rules:
    - if: {rating: D}
      then: {outcome: decline}
      note: {why: Rating D is not lent to}
    - if: {debt / income: '> 0.4'}
      then: {outcome: refer}
    - then: {outcome: approve}

A cell is the text that would stand in a spreadsheet; an input that is left out asks nothing, an
output that is left out is null. YAML is read as text with places: nothing is constructed, so `0.3`,
`true` and `2026-01-01` mean what the cell means, and anchors, aliases and tags are refused.
"""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import repeat
from typing import Any, NoReturn, TypeVar

import yaml

from headrace.decisions.feel import Expression, Tests, parse, write
from headrace.decisions.feel.tree import Name
from headrace.decisions.tables.cells import read_output, read_tests, show_output, show_tests
from headrace.decisions.tables.grid import check_inputs, check_outputs, policy_of
from headrace.decisions.tables.table import (
    Input,
    Output,
    Rule,
    Table,
    names_of,
    note_text,
    one_line,
)
from headrace.decisions.yaml_nodes import TEXT_MAX, YamlFile
from headrace.errors import HeadraceError, MappingError

FLOW_MAX = 80  # characters of a mapping on one line

_KEYS = ("table", "title", "hit policy", "inputs", "outputs", "notes", "rules")
_TITLES = ("en", "zh")
_INPUT = ("name", "expression", "type", "values", "label")
_OUTPUT = ("name", "type", "values", "default", "label")
_RULE = ("if", "then", "note")
_Read = TypeVar("_Read")


def read_yaml(text: str, file: str, names: Collection[str] = ()) -> Table:
    """The table that a YAML text states.

    Args:
        text: See the module.
        file: Its name, for errors.
        names: What cells may refer to, beside the table's own inputs.

    Raises:
        MappingError: Naming file, line, rule and column, the text there, and what was expected.
    """
    return _Reader(file, names).table(YamlFile(file).root(text))


def write_yaml(table: Table, names: Collection[str] = ()) -> str:
    """YAML that reads back to the same table.

    Args:
        table: What to write.
        names: What cells refer to, beside the table's own inputs.

    Raises:
        MappingError: A cell cites a name that is not plain words nor in `names`.
    """
    check_inputs(table, names)
    node = _table_node(table, {*names, *table.names})
    written: str = yaml.serialize(node, Dumper=_Dumper, allow_unicode=True, width=10 * TEXT_MAX)
    return written


# --- from YAML ------------------------------------------------------------------------------------


class _Reader:
    """Reads the nodes of one file."""

    def __init__(self, file: str, names: Collection[str]) -> None:
        self._file = file
        self._names = names

    def table(self, root: yaml.Node) -> Table:
        told = self.entries(root, _KEYS, "table")
        for key in ("table", "hit policy", "outputs", "rules"):
            if key not in told:
                self._fail(root, "", f"The table does not say its {key}", f"Add `{key}: ...`")
        titles = self.entries(told["title"], _TITLES, "title") if "title" in told else {}
        heads = [
            self.entries(each, _INPUT, "inputs")
            for each in self._items(told.get("inputs"), "inputs")
        ]
        expressions = [self._expression(head, told["inputs"]) for head in heads]
        known = {*self._names, *names_of(expressions)}
        inputs = tuple(map(self._input, heads, expressions, repeat(known)))
        outputs = tuple(self._output(o, known) for o in self._items(told["outputs"], "outputs"))
        notes = tuple(
            one_line(self.text(each, "notes")) for each in self._items(told.get("notes"), "notes")
        )
        self._refuse_twins("inputs", [write(each) for each in expressions], told.get("inputs"))
        self._refuse_twins("outputs", [each.name for each in outputs], told["outputs"])
        self._refuse_twins("notes", notes, told.get("notes"))
        reader = _Rules(self, inputs, outputs, notes, known)
        nodes = self._items(told["rules"], "rules")
        policy = self.text(told["hit policy"], "hit policy")
        hit_policy, aggregation = policy_of(policy, self._where(told["hit policy"], ""))
        table = Table(
            name=self._line(told, "table"),
            hit_policy=hit_policy,
            aggregation=aggregation,
            inputs=inputs,
            outputs=outputs,
            notes=notes,
            rules=tuple(reader.rule(node, number) for number, node in enumerate(nodes, 1)),
            title_en=self._line(titles, "en"),
            title_zh=self._line(titles, "zh"),
            file=self._file,
        )
        lines = [node.start_mark.line + 1 for node in nodes]
        check_outputs(
            table,
            lambda rule, column: (
                f"{self._file}, line {lines[rule.row - 1]}, rule {rule.row}, "
                f"then {column.removeprefix('out:')}"
            ),
        )
        return table

    def _expression(self, head: Mapping[str, yaml.Node], place: yaml.Node) -> Expression:
        if ("name" in head) == ("expression" in head):
            node = next(iter(head.values()), place)
            remedy = "Write `name: NAME` for a value, `expression: FEEL` for what is made of some"
            self._fail(node, "inputs", "An input has either a name or an expression", remedy)
        if "expression" in head:
            text = self._filled(head["expression"], "inputs, expression")
            node = head["expression"]
            return self.read(node, "inputs, expression", lambda: parse(text, self._names))
        name = one_line(self._filled(head["name"], "inputs, name"))
        found = self.read(head["name"], "inputs, name", lambda: parse(name, self._names))
        if not isinstance(found, Name):
            self._fail(head["name"], "inputs", f"'{name}' is no name", "Write `expression: ...`")
        return found

    def _input(
        self, head: Mapping[str, yaml.Node], expression: Expression, names: Collection[str]
    ) -> Input:
        label = self._line(head, "label")
        shown = "" if label == write(expression) else label
        values = self._values(head, names, "inputs")
        return Input(expression, self._line(head, "type"), values, shown)

    def _output(self, node: yaml.Node, names: Collection[str]) -> Output:
        told = self.entries(node, _OUTPUT, "output")
        if "name" not in told:
            self._fail(node, "outputs", "The output has no name", "Add `name: NAME`")
        default = None
        if "default" in told:
            given = self.text(told["default"], "outputs, default")
            node = told["default"]
            default = self.read(node, "outputs, default", lambda: read_output(given, names))
        return Output(
            name=one_line(self._filled(told["name"], "outputs, name")),
            type=self._line(told, "type"),
            values=self._values(told, names, "outputs"),
            default=default,
            label=self._line(told, "label"),
        )

    def _refuse_twins(self, part: str, names: Sequence[str], node: yaml.Node | None) -> None:
        for place, each in enumerate(self._items(node, part)):
            if names[place] in names[:place]:
                self._fail(each, part, f"'{names[place]}' is there twice", "Keep one")

    def _values(self, head: Mapping[str, yaml.Node], names: Collection[str], part: str) -> Tests:
        place = f"{part}, values"
        text = self.text(head["values"], place) if "values" in head else ""
        return self.read(head.get("values"), place, lambda: read_tests(text, names))

    def _line(self, told: Mapping[str, yaml.Node], key: str) -> str:
        return one_line(self.text(told[key], key)) if key in told else ""

    def entries(self, node: yaml.Node, known: Sequence[str], place: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, place, "Here stands no mapping", "Write key: value")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = one_line(self.text(key, place))
            if name not in known:
                near = difflib.get_close_matches(name[:100], known, 1)
                told = ", ".join(known) or "none"
                remedy = f"Is `{near[0]}` meant?" if near else f"There are: {told}"
                self._fail(key, place, f"Nothing is called '{name[:80]}' here", remedy)
            if name in found:
                self._fail(key, place, f"'{name}' stands twice", "Keep one")
            found[name] = value
        return found

    def _items(self, node: yaml.Node | None, place: str) -> list[yaml.Node]:
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._fail(node, place, "Here stands no list", "Begin each with a dash")
        items: list[yaml.Node] = node.value
        return items

    def text(self, node: yaml.Node, place: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            remedy = "Write one value; a FEEL list or context stands in quotes"
            self._fail(node, place, "Here stands no text", remedy)
        text: str = node.value
        return text

    def _filled(self, node: yaml.Node, place: str) -> str:
        text = self.text(node, place)
        if not text.strip():
            self._fail(node, place, "Nothing stands here", "Write a name or an expression")
        return text

    def read(self, node: yaml.Node | None, place: str, read: Callable[[], _Read]) -> _Read:
        try:
            return read()
        except HeadraceError as error:
            where = self._where(node, place)
            raise MappingError(error.problem, where=where, remedy=error.remedy) from error

    def _where(self, node: yaml.Node | None, place: str) -> str:
        line = f"{self._file}, line {node.start_mark.line + 1}" if node else self._file
        return f"{line}, {place}" if place else line

    def _fail(self, node: yaml.Node, place: str, problem: str, remedy: str) -> NoReturn:
        raise MappingError(problem, where=self._where(node, place), remedy=remedy)


class _Rules:
    """Reads rules under known columns."""

    def __init__(
        self,
        reader: _Reader,
        inputs: Sequence[Input],
        outputs: Sequence[Output],
        notes: Sequence[str],
        names: Collection[str],
    ) -> None:
        self._reader = reader
        self._columns = {
            "if": [each.text for each in inputs],
            "then": [each.name for each in outputs],
            "note": list(notes),
        }
        self._names = names

    def rule(self, node: yaml.Node, number: int) -> Rule:
        told = self._reader.entries(node, _RULE, f"rule {number}")
        tests = self._cells(told, "if", number, lambda cell: read_tests(cell, self._names))
        outputs = self._cells(told, "then", number, lambda cell: read_output(cell, self._names))
        notes = self._cells(told, "note", number, note_text)
        return Rule(tuple(tests), tuple(outputs), tuple(notes), number)

    def _cells(
        self,
        told: Mapping[str, yaml.Node],
        part: str,
        number: int,
        read: Callable[[str], _Read],
    ) -> list[_Read]:
        columns = self._columns[part]
        place = f"rule {number}, {part}"
        cells = self._reader.entries(told[part], columns, place) if part in told else {}
        found = []
        for column in columns:
            if column not in cells:
                found.append(read(""))
                continue
            inner = f"{place} {column}"
            text = self._reader.text(cells[column], inner)
            found.append(self._reader.read(cells[column], inner, partial(read, text)))
        return found


# --- to YAML --------------------------------------------------------------------------------------

_TEXT = "tag:yaml.org,2002:str"
_MAPPING = "tag:yaml.org,2002:map"
_SEQUENCE = "tag:yaml.org,2002:seq"
_Entry = tuple[yaml.Node, yaml.Node]


class _Dumper(yaml.SafeDumper):
    """Any scalar may stand without quotes, whatever YAML sees in it: a cell is read as its text."""

    def resolve(self, kind: Any, _value: Any, _implicit: Any) -> str:
        tags = {yaml.ScalarNode: _TEXT, yaml.MappingNode: _MAPPING}
        return tags.get(kind, _SEQUENCE)


def _table_node(table: Table, names: Collection[str]) -> yaml.Node:
    entries = {
        "table": _scalar(table.name),
        "title": _told({"en": table.title_en, "zh": table.title_zh}),
        "hit policy": _scalar(table.policy_text),
        "inputs": _sequence([_input_node(each, names) for each in table.inputs]),
        "outputs": _sequence([_output_node(each, names) for each in table.outputs]),
        "notes": _sequence([_scalar(name) for name in table.notes], flow=True),
        "rules": _sequence([_rule_node(rule, table, names) for rule in table.rules]),
    }
    return _mapping(entries)


def _input_node(column: Input, names: Collection[str]) -> yaml.Node:
    key = "name" if isinstance(column.expression, Name) else "expression"
    values = show_tests(column.values, names) if column.values.alternatives else ""
    told = {key: column.text, "type": column.type, "values": values, "label": column.label}
    return _told(told, flow=False)


def _output_node(column: Output, names: Collection[str]) -> yaml.Node:
    values = show_tests(column.values, names) if column.values.alternatives else ""
    told = {"name": column.name, "type": column.type, "values": values}
    if column.default is not None:
        told["default"] = show_output(column.default, names) or "null"
    return _told({**told, "label": column.label}, flow=False)


def _rule_node(rule: Rule, table: Table, names: Collection[str]) -> yaml.Node:
    tests = [show_tests(each, names) for each in rule.tests]
    columns = zip((each.text for each in table.inputs), tests, strict=True)
    outputs = [show_output(each, names) for each in rule.outputs]
    return _mapping(
        {
            "if": _told({name: cell for name, cell in columns if cell != "-"}),
            "then": _told(dict(zip((o.name for o in table.outputs), outputs, strict=True))),
            "note": _told(dict(zip(table.notes, rule.notes, strict=True))),
        },
        always=("then",),
    )


def _scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode(_TEXT, text, style="|" if "\n" in text else None)


def _told(texts: Mapping[str, str], *, flow: bool = True) -> yaml.MappingNode:
    """Texts that are not empty; on one line where they are short."""
    entries = [(_scalar(key), _scalar(text)) for key, text in texts.items() if text]
    length = sum(len(key.value) + len(value.value) + 4 for key, value in entries)
    short = length <= FLOW_MAX and not any("\n" in value.value for _, value in entries)
    return yaml.MappingNode(_MAPPING, entries, flow_style=(flow and short) or not entries)


def _mapping(entries: Mapping[str, yaml.Node], always: Collection[str] = ()) -> yaml.MappingNode:
    """Entries that hold something."""
    held = [(_scalar(k), node) for k, node in entries.items() if node.value or k in always]
    return yaml.MappingNode(_MAPPING, held, flow_style=False)


def _sequence(items: Sequence[yaml.Node], *, flow: bool = False) -> yaml.SequenceNode:
    return yaml.SequenceNode(_SEQUENCE, list(items), flow_style=flow)
