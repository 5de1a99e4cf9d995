"""A decision table as a grid of cells: what CSV and XLSX have in common.

    # table,access
    # hit policy,FIRST
    # en,Who may borrow at all
    # zh,谁可以借款
    # values,out:outcome,"decline, refer, approve"
    in:rating,in:void_share,out:outcome,out:reason,note:why
    D,-,decline,rating_d,Rating D is not lent to
    -,> 0.3,refer,voids,
    -,-,approve,,

Rows that begin with # say what the columns cannot; those about one column name it: `# type`,
`# values` (what it may be; of an output, in order of priority), `# default` (where no rule is met),
`# label`. Other lines that begin with # are remarks. Then a header, then one rule a row: unary
tests under `in:`, expressions under `out:`, anything under `note:`.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.feel import Expression, Tests, parse, write
from headrace.decisions.tables.cells import read_output, read_tests, show_output, show_tests
from headrace.decisions.tables.table import (
    Input,
    Output,
    Rule,
    Table,
    literal_kind,
    names_of,
    note_text,
    one_line,
)
from headrace.errors import HeadraceError, MappingError

Row = tuple[int, Sequence[str]]
LETTERS = {
    "U": "UNIQUE",
    "A": "ANY",
    "P": "PRIORITY",
    "F": "FIRST",
    "R": "RULE ORDER",
    "O": "OUTPUT ORDER",
    "C": "COLLECT",
    "C+": "COLLECT SUM",
    "C<": "COLLECT MIN",
    "C>": "COLLECT MAX",
    "C#": "COLLECT COUNT",
}
ABOUT_COLUMNS = ("type", "values", "default", "label")
ABOUT_TABLE = ("table", "hit policy", "en", "zh")
ROLES = ("in", "out", "note")
_BROKEN = re.compile(r"#(?:REF!|NAME\?|VALUE!|DIV/0!|N/A|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)")
_Read = TypeVar("_Read")


def policy_of(text: str, where: str) -> tuple[HitPolicy, Aggregation | None]:
    """The hit policy that a text names: in words, or by DMN's letters.

    Raises:
        MappingError: It names none.
    """
    words = " ".join(text.upper().split())
    words = LETTERS.get(words, words)
    first, _, total = words.partition(" ")
    if first == "COLLECT" and total in Aggregation.__members__:
        return HitPolicy.COLLECT, Aggregation[total]
    for policy in HitPolicy:
        if policy.value == words:
            return policy, None
    known = ", ".join(LETTERS.values())
    raise MappingError(
        f"The hit policy '{text}' is not known", where=where, remedy=f"Expected one of {known}"
    )


@dataclass(frozen=True)
class _Column:
    place: int
    role: str
    name: str

    def __str__(self) -> str:
        return f"{self.role}:{self.name}"


@dataclass(frozen=True)
class _Remarks:
    """What the lines that begin with # say."""

    table: Mapping[str, str]
    columns: Mapping[tuple[str, str], str]
    file: str

    def required(self, key: str) -> str:
        if not self.table.get(key):
            remedy = f"Add a line `# {key},...` above the header"
            raise MappingError(f"The table does not say its {key}", where=self.file, remedy=remedy)
        return self.table[key]

    def about(self, key: str, column: _Column) -> str:
        return self.columns.get((key, str(column)), "")


def read_grid(rows: Iterable[Row], file: str, names: Collection[str] = ()) -> Table:
    """The table that the rows of a sheet state.

    Args:
        rows: Rows that are not blank, each with its number.
        file: Its name, for errors.
        names: What cells may refer to, beside the table's own inputs.

    Raises:
        MappingError: Naming file, row, column, the cell's text, and what was expected.
    """
    told: dict[str, str] = {}
    about: dict[tuple[str, str], str] = {}
    header: tuple[_Column, ...] = ()
    body: list[Row] = []
    for number, cells in rows:
        _refuse_broken(number, cells, file)
        if cells[0].startswith("#"):
            _remark([cell.strip() for cell in cells], told, about, f"{file}, row {number}")
        elif header:
            body.append((number, cells))
        else:
            header = _header(number, cells, file)
    remarks = _Remarks(told, about, file)
    if not body:
        raise MappingError("The table has no rules", where=file, remedy="Add one rule a row")
    tested = [column for column in header if column.role == "in"]
    expressions = [_expression(column, file, names) for column in tested]
    known = {*names, *names_of(expressions)}
    hit_policy, aggregation = policy_of(remarks.required("hit policy"), file)
    _refuse_strays(remarks, header)
    table = Table(
        name=one_line(remarks.required("table")),
        hit_policy=hit_policy,
        aggregation=aggregation,
        inputs=tuple(
            _input(column, expression, remarks, known)
            for column, expression in zip(tested, expressions, strict=True)
        ),
        outputs=tuple(_output(c, remarks, known) for c in header if c.role == "out"),
        notes=tuple(column.name for column in header if column.role == "note"),
        rules=tuple(_rule(row, header, file, known) for row in body),
        title_en=one_line(told.get("en", "")),
        title_zh=one_line(told.get("zh", "")),
        file=file,
    )
    check_outputs(table)
    return table


def table_name(rows: Iterable[Row]) -> str:
    """The name of the table that rows state; empty where they state none."""
    for _, cells in rows:
        if cells[0].startswith("#") and cells[0].removeprefix("#").strip().lower() == "table":
            return one_line(",".join(filter(None, cells[1:])))
    return ""


def write_grid(table: Table, names: Collection[str] = ()) -> list[list[str]]:
    """The rows of a sheet that reads back to the same table.

    Args:
        table: What to write.
        names: What cells refer to, beside the table's own inputs, as `read_grid` will be told.

    Raises:
        MappingError: A cell cites, or an input is, a name that is not plain words nor in `names`.
    """
    check_inputs(table, names)
    names = {*names, *table.names}
    rows = [["# table", table.name], ["# hit policy", table.policy_text]]
    rows += [[f"# {key}", text] for key, text in _titles(table) if text]
    for column, role, name in _typed_columns(table):
        about = {
            "type": column.type,
            "values": show_tests(column.values, names) if column.values.alternatives else "",
            "label": column.label,
        }
        if isinstance(column, Output) and column.default is not None:
            about["default"] = show_output(column.default, names) or "null"
        rows += [[f"# {key}", f"{role}:{name}", text] for key, text in about.items() if text]
    rows.append(
        [f"{role}:{name}" for _, role, name in _typed_columns(table)]
        + [f"note:{name}" for name in table.notes]
    )
    for rule in table.rules:
        row = [
            *(show_tests(tests, names) for tests in rule.tests),
            *(show_output(output, names) for output in rule.outputs),
            *rule.notes,
        ]
        rows.append(row if any(row) else ["-", *row[1:]])  # a blank row would be no rule
    return rows


def check_outputs(table: Table, where: Callable[[Rule, str], str] | None = None) -> None:
    """Refuse outputs of two types in one column, where they are literals.

    Args:
        table: To be checked.
        where: The place of a rule's cell; None for the table's own way to say it.

    Raises:
        MappingError: Naming the cell.
    """
    for place, column in enumerate(table.outputs):
        found = [(literal_kind(rule.outputs[place]), rule) for rule in table.rules]
        kinds = [(kind, rule) for kind, rule in found if kind]
        for kind, rule in kinds:
            if kind != kinds[0][0]:
                raise MappingError(
                    f"The output is a {kind} here and a {kinds[0][0]} above",
                    where=(where or table.where)(rule, f"out:{column.name}"),
                    remedy="Give one column one type",
                )


def check_inputs(table: Table, names: Collection[str]) -> None:
    """Refuse to write inputs that would be read as something else.

    Raises:
        MappingError: An input is a name that is not plain words nor in `names`.
    """
    for each in table.inputs:
        with suppress(HeadraceError):
            if parse(each.text, names) == each.expression:
                continue
        problem = f"The input '{each.text}' would be read as something else"
        remedy = "Tell the names that it is made of, or rename it to plain words"
        raise MappingError(problem, where=f"{table.name}, column in:{each.text}", remedy=remedy)


def _titles(table: Table) -> tuple[tuple[str, str], ...]:
    return ("en", table.title_en), ("zh", table.title_zh)


def _typed_columns(table: Table) -> Iterator[tuple[Input | Output, str, str]]:
    for each in table.inputs:
        yield each, "in", each.text
    for output in table.outputs:
        yield output, "out", output.name


def _remark(
    cells: Sequence[str], told: dict[str, str], about: dict[tuple[str, str], str], where: str
) -> None:
    key = " ".join(cells[0].removeprefix("#").lower().split())
    last = max(place for place, cell in enumerate(cells) if cell)
    of_column = last > 1 and cells[1].partition(":")[0] in ROLES
    if of_column and key in ABOUT_COLUMNS:
        value = ", ".join(cell for cell in cells[2:] if cell)
        _tell(about, (key, cells[1]), value, f"# {key},{cells[1]}", where)
    elif of_column and (near := difflib.get_close_matches(key, ABOUT_COLUMNS, 1)):
        remedy = f"Is `# {near[0]}` meant?"
        raise MappingError(f"There is no `# {key}` of a column", where=where, remedy=remedy)
    elif key in ABOUT_TABLE:
        _tell(told, key, ",".join(cells[1 : last + 1]), f"# {key}", where)


_Key = TypeVar("_Key")


def _tell(told: dict[_Key, str], key: _Key, value: str, shown: str, where: str) -> None:
    if key in told:
        problem = f"`{shown}` is there twice"
        raise MappingError(problem, where=where, remedy="Keep one; a file holds one table")
    told[key] = value


def _refuse_broken(number: int, cells: Sequence[str], file: str) -> None:
    """What a spreadsheet leaves where a formula failed would else be a remark, or a text."""
    for cell in cells:
        if _BROKEN.fullmatch(cell.strip()):
            remedy = "Write the value that is meant; a text that begins with = needs quotes"
            raise MappingError(
                f"The cell holds the error {cell}", where=f"{file}, row {number}", remedy=remedy
            )


def _refuse_strays(remarks: _Remarks, header: tuple[_Column, ...]) -> None:
    known = {str(column) for column in header}
    for key, name in remarks.columns:
        if name not in known:
            problem = f"`# {key},{name}` names no column"
            remedy = f"There are {', '.join(sorted(known))}"
            raise MappingError(problem, where=remarks.file, remedy=remedy)


def _header(row: int, cells: Sequence[str], file: str) -> tuple[_Column, ...]:
    columns: list[_Column] = []
    for place, cell in enumerate(cells):
        role, colon, name = (one_line(part) for part in cell.partition(":"))
        if not cell.strip():
            continue
        if role not in ROLES or not colon or not name:
            problem = f"The header cell '{cell}' has no known role"
            remedy = "Write in:NAME for an input, out:NAME for an output, note:NAME for people"
            raise MappingError(problem, where=f"{file}, row {row}", remedy=remedy)
        if any(column.role == role and column.name == name for column in columns):
            raise MappingError(f"The column {cell} is there twice", where=f"{file}, row {row}")
        columns.append(_Column(place, role, name))
    if not any(column.role == "out" for column in columns):
        raise MappingError(
            "The header has no out: column", where=f"{file}, row {row}", remedy="Add out:NAME"
        )
    return tuple(sorted(columns, key=lambda column: ROLES.index(column.role)))


def _expression(column: _Column, file: str, names: Collection[str]) -> Expression:
    return _placed(lambda: parse(column.name, names), f"{file}, header, {column}")


def _input(
    column: _Column, expression: Expression, remarks: _Remarks, names: Collection[str]
) -> Input:
    where = f"{remarks.file}, header, {column}"
    label = one_line(remarks.about("label", column))
    return Input(
        expression,
        remarks.about("type", column),
        _placed(lambda: read_tests(remarks.about("values", column), names), where),
        "" if label in {column.name, write(expression)} else label,
    )


def _output(column: _Column, remarks: _Remarks, names: Collection[str]) -> Output:
    where = f"{remarks.file}, header, {column}"
    default = remarks.about("default", column)
    return Output(
        column.name,
        remarks.about("type", column),
        _placed(lambda: read_tests(remarks.about("values", column), names), where),
        _placed(lambda: read_output(default, names), where) if default else None,
        one_line(remarks.about("label", column)),
    )


def _placed(read: Callable[[], _Read], where: str) -> _Read:
    try:
        return read()
    except HeadraceError as error:
        raise MappingError(error.problem, where=where, remedy=error.remedy) from error


def _rule(row: Row, header: tuple[_Column, ...], file: str, names: Collection[str]) -> Rule:
    number, cells = row
    places = {column.place for column in header}
    stray = [cell for place, cell in enumerate(cells) if cell.strip() and place not in places]
    if stray:
        problem = f"The cell '{stray[0]}' stands under no header"
        remedy = "Quote a cell that holds commas, or give the column a header"
        raise MappingError(problem, where=f"{file}, row {number}", remedy=remedy)
    tests: list[Tests] = []
    outputs: list[Expression] = []
    notes: list[str] = []
    for column in header:
        cell = cells[column.place] if column.place < len(cells) else ""
        try:
            if column.role == "in":
                tests.append(read_tests(cell, names))
            elif column.role == "out":
                outputs.append(read_output(cell, names))
            else:
                notes.append(note_text(cell))
        except MappingError as error:
            where = f"{file}, row {number}, column {column}"
            raise MappingError(error.problem, where=where, remedy=error.remedy) from error
    return Rule(tuple(tests), tuple(outputs), tuple(notes), number)
