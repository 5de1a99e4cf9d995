"""A decision table of a policy: rules over named inputs, whatever file it stands in."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from headrace.decisions.dmn import tree as dmn
from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.feel import Expression, Tests, kind, write, write_tests
from headrace.decisions.feel.tree import Literal, Name, Path
from headrace.decisions.feel.types import SIMPLE
from headrace.errors import MappingError

SEVERAL = (HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER, HitPolicy.COLLECT)
UNTESTED = Tests(())
"""A cell that asks nothing."""

RANKED = (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Input:
    """A column of tests.

    Attributes:
        expression: What is tested: a name, or any FEEL expression.
        type: FEEL's name of its type, such as number; empty where the table does not say.
        values: What it may be; no alternatives where the table does not say.
        label: For people; empty where there is none.
    """

    expression: Expression
    type: str = ""
    values: Tests = UNTESTED
    label: str = ""

    @property
    def text(self) -> str:
        """The expression as it is written."""
        return write(self.expression)

    @property
    def name(self) -> str:
        """The value that is tested, such as `amount` or `access.outcome`; empty if computed."""
        return dotted_name(self.expression)


@dataclass(frozen=True)
class Output:
    """A column of what rules give.

    Attributes:
        name: Of the value.
        type: FEEL's name of its type; empty where the table does not say.
        values: What it may be, in order of priority; no alternatives where the table does not say.
        default: What it is where no rule is met; None where the table does not say.
        label: For people; empty where there is none.
    """

    name: str
    type: str = ""
    values: Tests = UNTESTED
    default: Expression | None = None
    label: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        tests: One per input.
        outputs: One per output; a null literal where the cell is empty.
        notes: One per note column.
        row: Where it stands in its file: the row of a spreadsheet, or its number from 1.
    """

    tests: tuple[Tests, ...]
    outputs: tuple[Expression, ...]
    notes: tuple[str, ...] = ()
    row: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Table:
    """A decision table; tables are equal where they say the same, in whatever notation.

    Attributes:
        name: As decisions and evidence cite it.
        hit_policy: Which of the rules that are met speak.
        aggregation: What COLLECT makes of their outputs; None for a list of them.
        inputs: Columns it reads.
        outputs: Columns it gives.
        notes: Names of the columns for people.
        rules: In order, at least one. A decision cites them by their number, from 1.
        title_en: For people; empty where the file has none.
        title_zh: The same in Chinese.
        file: Where it was read from, for errors.
    """

    name: str
    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    notes: tuple[str, ...]
    rules: tuple[Rule, ...]
    title_en: str = ""
    title_zh: str = ""
    file: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Refuse what no table may say.

        Raises:
            MappingError: COLLECT with a total has several outputs, the order of values that a hit
                policy goes by is not stated, nothing stands where something must, two columns are
                the same, a type is not known, or a text holds a character that no file should.
        """
        self._check_columns()
        self._check_texts()
        if self.aggregation is not None and len(self.outputs) > 1:
            raise MappingError(
                f"{self.policy_text} makes one total, and the table has "
                f"{len(self.outputs)} outputs",
                where=self.file or self.name,
                remedy="Keep one out: column, or use COLLECT without a total",
            )
        if self.hit_policy in RANKED and not any(o.values.alternatives for o in self.outputs):
            raise MappingError(
                f"{self.policy_text} needs the order of an output's values",
                where=self.file or self.name,
                remedy='Say it in a line: # values,out:NAME,"""first"", ""second"""',
            )

    def _check_columns(self) -> None:
        for what, held in (("name", self.name), ("outputs", self.outputs), ("rules", self.rules)):
            if not held:
                raise MappingError(f"The table has no {what}", where=self.file or self.name)
        columns = [
            *((f"in:{each.text}", each.type) for each in self.inputs),
            *((f"out:{each.name}", each.type) for each in self.outputs),
            *((f"note:{name}", "") for name in self.notes),
        ]
        seen = set()
        for column, type_name in columns:
            where = f"{self.file or self.name}, column {column}"
            if column in seen:
                raise MappingError(f"The column {column} is there twice", where=where)
            if type_name and type_name not in SIMPLE:
                remedy = f"Expected one of {', '.join(SIMPLE)}"
                raise MappingError(
                    f"The type '{type_name}' is not known", where=where, remedy=remedy
                )
            seen.add(column)

    def _check_texts(self) -> None:
        texts = [
            *(self.name, self.title_en, self.title_zh),
            *(text for each in self.inputs for text in (each.text, each.label)),
            *(text for each in self.outputs for text in (each.name, each.label)),
            *self.notes,
            *(note for rule in self.rules for note in rule.notes),
        ]
        for text in texts:
            if found := _UNPRINTABLE.search(text):
                problem = f"'{text[: found.start()][-40:]}' goes on with a control character"
                remedy = f"Delete the character U+{ord(found[0]):04X}"
                raise MappingError(problem, where=self.file or self.name, remedy=remedy)

    @property
    def policy_text(self) -> str:
        """The hit policy in words, with what COLLECT makes of the outputs."""
        return " ".join(
            each.value for each in (self.hit_policy, self.aggregation) if each is not None
        )

    @property
    def names(self) -> frozenset[str]:
        """What inputs that are plain names call themselves."""
        return names_of(each.expression for each in self.inputs)

    def rule_text(self, number: int) -> str:
        """What a rule asks, in one line; a rule that asks nothing is "otherwise"."""
        cells = zip(self.inputs, self.rules[number - 1].tests, strict=True)
        asked = [
            f"{column.text}: {write_tests(tests)}" for column, tests in cells if tests.alternatives
        ]
        return "; ".join(asked) or "otherwise"

    def where(self, rule: Rule, column: str) -> str:
        """The place of a cell, for errors."""
        return f"{self.file or self.name}, row {rule.row}, column {column}"

    def canonical_bytes(self) -> bytes:
        """The table's meaning in one spelling: equal for files that differ in layout only."""
        content = {
            "name": self.name,
            "hit_policy": self.policy_text,
            "inputs": [
                [each.text, each.type, write_tests(each.values), each.label] for each in self.inputs
            ],
            "outputs": [
                [
                    each.name,
                    each.type,
                    write_tests(each.values),
                    None if each.default is None else write(each.default),
                    each.label,
                ]
                for each in self.outputs
            ],
            "notes": self.notes,
            "rules": [
                [
                    [write_tests(tests) for tests in rule.tests],
                    [write(output) for output in rule.outputs],
                    rule.notes,
                ]
                for rule in self.rules
            ],
            "title_en": self.title_en,
            "title_zh": self.title_zh,
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode()

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, in hex."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(self.canonical_bytes()).hexdigest()

    def tree(self) -> dmn.DecisionTable:
        """The table as a DMN model has it: what the interpreter runs and what is written to XML."""
        return dmn.DecisionTable(
            hit_policy=self.hit_policy,
            aggregation=self.aggregation,
            inputs=tuple(self._input(each) for each in self.inputs),
            outputs=tuple(self._output(each) for each in self.outputs),
            annotations=self.notes,
            rules=tuple(self._rules()),
            type_ref="",
            where=f"table '{self.name}'",
        )

    def _input(self, column: Input) -> dmn.InputColumn:
        where = f"{self.file or self.name}, column in:{column.text}"
        allowed = dmn.Literal(write_tests(column.values), "", where)
        return dmn.InputColumn(
            column.label,
            dmn.Literal(column.text, column.type, where),
            allowed if column.values.alternatives else None,
        )

    def _output(self, column: Output) -> dmn.OutputColumn:
        where = f"{self.file or self.name}, column out:{column.name}"
        allowed = dmn.Literal(write_tests(column.values), "", where)
        default = None
        if column.default is not None:
            default = dmn.Literal(write(column.default), "", where)
        return dmn.OutputColumn(
            column.name,
            column.type,
            allowed if column.values.alternatives else None,
            default,
            where,
        )

    def _rules(self) -> Iterator[dmn.Rule]:
        for number, rule in enumerate(self.rules, 1):
            inputs = zip(self.inputs, rule.tests, strict=True)
            outputs = zip(self.outputs, rule.outputs, strict=True)
            yield dmn.Rule(
                number,
                tuple(
                    dmn.Literal(write_tests(tests), "", self.where(rule, f"in:{column.text}"))
                    for column, tests in inputs
                ),
                tuple(
                    dmn.Literal(write(output), "", self.where(rule, f"out:{column.name}"))
                    for column, output in outputs
                ),
                rule.notes,
            )


def names_of(expressions: Iterable[Expression]) -> frozenset[str]:
    """Those of the expressions that are plain names."""
    return frozenset(each.name for each in expressions if isinstance(each, Name))


def one_line(text: str) -> str:
    """A name, title or label as tables hold it: runs of white space are one blank."""
    return " ".join(text.split())


def note_text(text: str) -> str:
    """A note as tables hold it: its lines end as on Unix, with no blanks around the whole."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def dotted_name(expression: Expression) -> str:
    """The name that an expression is, `a` or `a.b`; empty where it is none."""
    if isinstance(expression, Name):
        return expression.name
    if isinstance(expression, Path) and isinstance(expression.base, Name):
        return f"{expression.base.name}.{expression.name}"
    return ""


def literal_kind(expression: Expression) -> str:
    """The type of what an output states, where it is a literal that is not null; else empty."""
    if not isinstance(expression, Literal) or expression.value is None:
        return ""
    return kind(expression.value)
