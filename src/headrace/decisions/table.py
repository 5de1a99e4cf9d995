"""Decision tables in the DMN manner, as a CSV that a risk manager edits in a spreadsheet.

    # table,access
    # hit policy,FIRST
    # en,Who may borrow at all
    # zh,谁可以借款
    in:rating,in:void_share_sales,out:outcome,out:reason,note:why
    D,-,decline,rating_d,Rating D is not lent to
    -,> 0.3,refer,voids,
    -,-,approve,,

One rule a row. Cells under `in:` hold unary tests (`headrace.decisions.sfeel`), cells under `out:`
literals; `note:` columns are for people. Other lines that begin with # are remarks.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import Enum

from headrace.decisions.sfeel import (
    Scalar,
    Test,
    literal_kind,
    literal_text,
    parse_literal,
    parse_test,
)
from headrace.decisions.sheet import sheet_rows
from headrace.errors import MappingError


class HitPolicy(Enum):
    """Which rule speaks when several are met.

    UNIQUE: only one may be met; where two are, none speaks and both are reported.
    FIRST: the topmost. COLLECT MIN and COLLECT MAX: the one whose first output, a number, is
    least or greatest, the topmost of equals; its other outputs come along.
    """

    UNIQUE = "UNIQUE"
    FIRST = "FIRST"
    COLLECT_MIN = "COLLECT MIN"
    COLLECT_MAX = "COLLECT MAX"


@dataclass(frozen=True)
class Rule:
    """One row of a table.

    Attributes:
        row: Its number in the spreadsheet, from 1; a decision cites it.
        tests: One per input.
        outputs: One per output; None where the cell is empty.
        notes: One per note column.
    """

    row: int
    tests: tuple[Test, ...]
    outputs: tuple[Scalar, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class DecisionTable:
    """A policy: rules over named inputs.

    Attributes:
        name: As decisions and evidence cite it.
        hit_policy: Which rule speaks.
        inputs: Names of the columns it reads.
        outputs: Names of the columns it gives.
        notes: Names of the columns for people.
        rules: In the order of the sheet, at least one.
        title_en: For people; empty where the file has none.
        title_zh: The same in Chinese.
        file: Where it was read from, for errors; no part of its digest.
    """

    name: str
    hit_policy: HitPolicy
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    notes: tuple[str, ...]
    rules: tuple[Rule, ...]
    title_en: str = ""
    title_zh: str = ""
    file: str = ""

    def rule_at(self, row: int) -> Rule:
        """The rule in that row of the spreadsheet.

        Raises:
            KeyError: If there is no rule in it.
        """
        return {rule.row: rule for rule in self.rules}[row]

    def rule_text(self, row: int) -> str:
        """What a rule asks, in one line; a rule that asks nothing is "otherwise"."""
        cells = zip(self.inputs, self.rule_at(row).tests, strict=True)
        asked = [f"{name}: {test}" for name, test in cells if str(test) != "-"]
        return "; ".join(asked) or "otherwise"

    def where(self, row: int, column: str) -> str:
        """A place in the sheet, for errors."""
        return f"{self.file or self.name}, row {row}, column {column}"

    def to_rows(self) -> list[tuple[str, ...]]:
        """Header and rules as text, for display; `row` comes first."""
        rules = [
            (
                str(rule.row),
                *(str(test) for test in rule.tests),
                *("" if value is None else _plain(value) for value in rule.outputs),
                *rule.notes,
            )
            for rule in self.rules
        ]
        return [("row", *self.inputs, *self.outputs, *self.notes), *rules]

    def canonical_bytes(self) -> bytes:
        """The table's meaning in one spelling: equal for files that differ in layout only."""
        content = {
            "hit_policy": self.hit_policy.value,
            "inputs": self.inputs,
            "name": self.name,
            "notes": self.notes,
            "outputs": self.outputs,
            "rules": [
                [
                    rule.row,
                    [str(test) for test in rule.tests],
                    [literal_text(value) for value in rule.outputs],
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
        return hashlib.sha256(self.canonical_bytes()).hexdigest()


def parse_table(content: bytes | str, file: str) -> DecisionTable:
    """The table that a CSV states.

    Args:
        content: The file, in UTF-8 or GB18030.
        file: Its name, for errors.

    Raises:
        MappingError: Naming file, row, column, the cell's text, and what was expected.
    """
    remarks: dict[str, str] = {}
    header: tuple[_Column, ...] = ()
    rules: list[Rule] = []
    for row, cells in sheet_rows(content, file):
        if cells[0].startswith("#"):
            key = cells[0].removeprefix("#").strip().lower()
            remarks[key] = ",".join(cells[1:]).rstrip(", ")
        elif header:
            rules.append(_rule(row, cells, header, file))
        else:
            header = _header(row, cells, file)
    if not rules:
        raise MappingError("The table has no rules", where=file, remedy="Add one rule a row")
    table = DecisionTable(
        name=_remark(remarks, "table", file),
        hit_policy=_hit_policy(_remark(remarks, "hit policy", file), file),
        inputs=_names(header, "in"),
        outputs=_names(header, "out"),
        notes=_names(header, "note"),
        rules=tuple(rules),
        title_en=remarks.get("en", ""),
        title_zh=remarks.get("zh", ""),
        file=file,
    )
    _check_outputs(table)
    return table


@dataclass(frozen=True)
class _Column:
    place: int
    role: str
    name: str


def _header(row: int, cells: list[str], file: str) -> tuple[_Column, ...]:
    columns: list[_Column] = []
    for place, cell in enumerate(cells):
        role, colon, name = (part.strip() for part in cell.partition(":"))
        if not cell:
            continue
        if role not in {"in", "out", "note"} or not colon or not name:
            problem = f"The header cell '{cell}' has no known role"
            remedy = "Write in:NAME for an input, out:NAME for an output, note:NAME for people"
            raise MappingError(problem, where=f"{file}, row {row}", remedy=remedy)
        if any(column.role == role and column.name == name for column in columns):
            raise MappingError(f"The column {cell} is there twice", where=f"{file}, row {row}")
        columns.append(_Column(place, role, name))
    for role in ("in", "out"):
        if not any(column.role == role for column in columns):
            problem = f"The header has no {role}: column"
            raise MappingError(problem, where=f"{file}, row {row}", remedy=f"Add {role}:NAME")
    return tuple(columns)


def _rule(row: int, cells: list[str], header: tuple[_Column, ...], file: str) -> Rule:
    places = {column.place for column in header}
    stray = [cell for place, cell in enumerate(cells) if cell and place not in places]
    if stray:
        problem = f"The cell '{stray[0]}' stands under no header"
        remedy = "Quote a cell that holds commas, or give the column a header"
        raise MappingError(problem, where=f"{file}, row {row}", remedy=remedy)
    tests, outputs, notes = [], [], []
    for column in header:
        cell = cells[column.place] if column.place < len(cells) else ""
        try:
            if column.role == "in":
                tests.append(parse_test(cell))
            elif column.role == "out":
                outputs.append(parse_literal(cell))
            else:
                notes.append(cell)
        except MappingError as error:
            where = f"{file}, row {row}, column {column.role}:{column.name}"
            raise MappingError(error.problem, where=where, remedy=error.remedy) from error
    return Rule(row, tuple(tests), tuple(outputs), tuple(notes))


def _names(header: tuple[_Column, ...], role: str) -> tuple[str, ...]:
    return tuple(column.name for column in header if column.role == role)


def _remark(remarks: dict[str, str], key: str, file: str) -> str:
    if not remarks.get(key):
        remedy = f"Add a line `# {key},...` above the header"
        raise MappingError(f"The table does not say its {key}", where=file, remedy=remedy)
    return remarks[key]


def _hit_policy(text: str, file: str) -> HitPolicy:
    known = {policy.value: policy for policy in HitPolicy}
    name = " ".join(text.upper().split())
    if name not in known:
        remedy = f"Expected one of {', '.join(known)}"
        raise MappingError(f"The hit policy '{text}' is not known", where=file, remedy=remedy)
    return known[name]


def _check_outputs(table: DecisionTable) -> None:
    """One type a column, and numbers to collect from."""
    for place, name in enumerate(table.outputs):
        kinds: dict[str, int] = {}
        for rule in table.rules:
            if rule.outputs[place] is not None:
                kinds.setdefault(literal_kind(rule.outputs[place]), rule.row)
        if len(kinds) > 1:
            (first, _), (other, row) = list(kinds.items())[:2]
            problem = f"The output is a {other} here and a {first} above"
            where = table.where(row, f"out:{name}")
            raise MappingError(problem, where=where, remedy="Give one column one type")
    if table.hit_policy in {HitPolicy.COLLECT_MIN, HitPolicy.COLLECT_MAX}:
        for rule in table.rules:
            if literal_kind(rule.outputs[0]) != "number":
                problem = f"{table.hit_policy.value} needs a number, found {rule.outputs[0]}"
                raise MappingError(problem, where=table.where(rule.row, f"out:{table.outputs[0]}"))


def _plain(value: Scalar) -> str:
    return value if isinstance(value, str) else literal_text(value)
