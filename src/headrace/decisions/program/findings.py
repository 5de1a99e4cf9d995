"""What the analysis of a table found: which rules, a case that shows it, and words for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from headrace.decisions.feel import Tests, Value, write, write_tests
from headrace.decisions.feel.tree import Literal
from headrace.decisions.tables.cells import show_output, show_tests
from headrace.decisions.tables.table import Table
from headrace.errors import MappingError

Case = tuple[tuple[str, Value], ...]
"""Values of inputs by their text; None is missing, an input that is not named may be anything."""

Words = tuple[str, str]
"""The same in English and in Chinese."""

NUMBERS_SHOWN = 8


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"  # some case gets no answer, or a cell is not what its author meant
    WARNING = "warning"  # it may be meant; somebody should look
    NOTE = "note"  # nothing goes wrong


@dataclass(frozen=True)
class Finding:
    """One thing to look at before a table is released.

    Attributes:
        code: See `headrace.decisions.program.analysis`.
        severity: How bad it is.
        rules: Numbers of the rules concerned, from 1, the one to look at first.
        rows: Where these stand in their file.
        column: The column concerned, such as `in:rating`; empty where it is about whole rules.
        case: A case that shows it; empty where none is needed.
        text_en: For people.
        text_zh: The same in Chinese.
    """

    code: str
    severity: Severity
    rules: tuple[int, ...]
    rows: tuple[int, ...]
    column: str
    case: Case
    text_en: str
    text_zh: str

    @property
    def witness(self) -> str:
        """The case as text: `rating = A, void_share = 0.35`."""
        return case_text(self.case)[0]


def found(  # noqa: PLR0913 - a finding is what it is about, and how it is said
    table: Table,
    code: str,
    severity: Severity,
    rules: Sequence[int],
    words: Words,
    *,
    column: str = "",
    case: Case = (),
) -> Finding:
    """A finding about rules of a table, by their numbers."""
    rows = tuple(table.rules[number - 1].row for number in rules)
    return Finding(code, severity, tuple(rules), rows, column, case, *words)


def case_text(case: Case) -> Words:
    """A case in words."""
    said = [
        (f"{name} missing", f"{name} 缺失")
        if value is None
        else (f"{name} = {value_text(value)}",) * 2
        for name, value in case
    ]
    return ", ".join(en for en, _ in said), "，".join(zh for _, zh in said)


def value_text(value: Value) -> str:
    """A value as a cell would say it."""
    try:
        return show_output(Literal(value), ())
    except MappingError:
        return write(Literal(value))


def cell_text(tests: Tests, table: Table) -> str:
    """A cell as short as can be read again."""
    try:
        return show_tests(tests, table.names)
    except MappingError:
        return write_tests(tests)


def rules_text(numbers: Sequence[int]) -> Words:
    """Rules by their numbers, in words."""
    listed = [str(number) for number in numbers[:NUMBERS_SHOWN]]
    zh = f"规则 {'、'.join(listed)}"
    if len(numbers) > NUMBERS_SHOWN:
        listed.append(f"{len(numbers) - NUMBERS_SHOWN:,} more")
        zh += f" 等 {len(numbers):,} 条"
    if len(listed) == 1:
        return f"rule {listed[0]}", zh
    return f"rules {', '.join(listed[:-1])} and {listed[-1]}", zh
