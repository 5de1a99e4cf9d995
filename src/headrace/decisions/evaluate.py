"""Runs a decision table over a batch: each distinct test once, rules as ANDs of bit sets."""

import difflib
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.decisions.columns import Bools, Column, meets, read_column
from headrace.decisions.sfeel import Equal, Scalar, Test, branches, literal_kind
from headrace.decisions.table import DecisionTable, HitPolicy
from headrace.errors import MappingError

Bits = NDArray[np.uint8]

NO_RULE = -1


@dataclass(frozen=True)
class TableProblem:
    """Something about a table that its owner should see; it never stops a run.

    Attributes:
        code: `overlap`: two rules of a UNIQUE table are both met. `shadowed`: the rule is met, but
            an earlier one always speaks. `no_rule`: no rule is met.
        rows: Rows of the spreadsheet concerned; none for `no_rule`.
        count: Of how many applicants.
        first: Position of the first such applicant.
    """

    code: str
    rows: tuple[int, ...]
    count: int
    first: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a table said about every applicant.

    Attributes:
        outputs: One row per applicant, the table's outputs as columns (text, float64 or bool);
            null where no rule spoke or the rule's cell is empty.
        fired: int32, the row of the spreadsheet that spoke, -1 for none.
        problems: What to report.
    """

    outputs: pa.Table
    fired: NDArray[np.int32]
    problems: tuple[TableProblem, ...]


def evaluate(table: DecisionTable, data: pa.Table) -> Evaluation:
    """Every applicant's outputs and the rule that spoke.

    Args:
        table: The policy.
        data: One row per applicant with a column per input of the table: numbers, text or
            booleans. A NaN is missing, like a null.

    Raises:
        MappingError: If an input is not a column of `data`, or a cell tests for text where the
            column holds numbers, and the like.
    """
    columns = [_bind(table, place, data) for place in range(len(table.inputs))]
    met = _met_rules(table, columns, data.num_rows)
    speakers, problems = _speakers(table, met, data.num_rows)
    rows = np.array([*(rule.row for rule in table.rules), NO_RULE], dtype=np.int32)
    outputs = {
        name: _output_column([rule.outputs[place] for rule in table.rules], speakers)
        for place, name in enumerate(table.outputs)
    }
    return Evaluation(pa.table(outputs), rows[speakers], problems)


def missing_inputs(table: DecisionTable, data: pa.Table) -> dict[str, Bools]:
    """Where each input of the table is missing, by its name.

    Raises:
        MappingError: As `evaluate` does.
    """
    bound = {name: _bind(table, place, data) for place, name in enumerate(table.inputs)}
    return {name: ~column.present for name, column in bound.items()}


def conflicts(table: DecisionTable) -> tuple[TableProblem, ...]:
    """Rules that conflict whoever applies: overlaps under UNIQUE, shadowed rules under FIRST.

    Every test only asks on which side of the cell's numbers a value lies and which of the texts it
    is, so one value from each side and each text stand for all; two rules conflict if and only if
    they do on those. A rule shadowed by several others together is not found here, but is by
    `evaluate` on real applicants. `count` and `first` are 0.
    """
    met = [_met_representatives(table, place) for place in range(len(table.inputs))]
    problems = []
    for later in range(1, len(table.rules)):
        for earlier in range(later):
            rows = (table.rules[earlier].row, table.rules[later].row)
            pairs = [(column[earlier], column[later]) for column in met]
            if table.hit_policy is HitPolicy.UNIQUE and all((a & b).any() for a, b in pairs):
                problems.append(TableProblem("overlap", rows, 0, 0))
            if table.hit_policy is HitPolicy.FIRST and all((a >= b).all() for a, b in pairs):
                problems.append(TableProblem("shadowed", rows, 0, 0))
                break
    return tuple(problems)


def _bind(table: DecisionTable, place: int, data: pa.Table) -> Column:
    """The column behind an input, checked against what the cells under it ask."""
    name = table.inputs[place]
    if name not in data.column_names:
        near = difflib.get_close_matches(name, data.column_names, 1)
        remedy = f"Did you mean {near[0]}?" if near else f"There are {', '.join(data.column_names)}"
        problem = f"The table {table.name} asks for '{name}', which is not among the features"
        raise MappingError(problem, where=table.file, remedy=remedy)
    column = read_column(data.column(name))
    if column is None:
        problem = f"'{name}' is a {data.column(name).type}, which no test can be asked of"
        raise MappingError(problem, where=table.file, remedy="Give a number, a text or true/false")
    for rule in table.rules:
        for branch in branches(rule.tests[place]):
            kind = literal_kind(branch.value) if isinstance(branch, Equal) else "number"
            if column.kind not in {kind, "missing value"} and kind != "missing value":
                problem = f"The cell `{rule.tests[place]}` tests for a {kind}"
                remedy = f"'{name}' holds {column.kind}s"
                where = table.where(rule.row, f"in:{name}")
                raise MappingError(problem, where=where, remedy=remedy)
    return column


def _met_rules(table: DecisionTable, columns: list[Column], count: int) -> list[Bits]:
    """For each rule the bit set of applicants that meet all its tests."""
    everyone = np.packbits(np.ones(count, dtype=np.bool_))
    seen: dict[tuple[int, Test], Bits] = {}
    met = []
    for rule in table.rules:
        bits = everyone.copy()
        for place, test in enumerate(rule.tests):
            if (place, test) not in seen:
                seen[place, test] = np.packbits(meets(test, columns[place]))
            bits &= seen[place, test]
        met.append(bits)
    return met


def _speakers(
    table: DecisionTable, met: list[Bits], count: int
) -> tuple[NDArray[np.int64], tuple[TableProblem, ...]]:
    """For each applicant the place of the rule that speaks, -1 for none; and what to report."""
    speakers = np.full(count, NO_RULE, dtype=np.int64)
    taken = np.zeros((count + 7) // 8, dtype=np.uint8)
    twice = taken.copy()
    problems = []
    for place in _precedence(table):
        twice |= met[place] & taken
        hit = met[place] & ~taken
        taken |= met[place]
        if hit.any():
            speakers[_members(hit, count)] = place
        elif table.hit_policy is HitPolicy.FIRST and met[place].any():
            problems.append(_problem("shadowed", (table.rules[place].row,), met[place], count))
    if table.hit_policy is HitPolicy.UNIQUE and twice.any():
        problems += _overlaps(table, met, twice, count)
        speakers[_members(twice, count)] = NO_RULE
    silent = ~taken & np.packbits(np.ones(count, dtype=np.bool_))
    if silent.any():
        problems.append(_problem("no_rule", (), silent, count))
    return speakers, tuple(problems)


def _precedence(table: DecisionTable) -> list[int]:
    """COLLECT MIN is FIRST with the rules sorted by what they give, and MAX by the opposite."""
    sign = {HitPolicy.COLLECT_MIN: 1, HitPolicy.COLLECT_MAX: -1}.get(table.hit_policy, 0)
    firsts = [rule.outputs[0] for rule in table.rules]
    keys = [value * sign if isinstance(value, Decimal) and sign else 0 for value in firsts]
    return sorted(range(len(keys)), key=keys.__getitem__)


def _overlaps(table: DecisionTable, met: list[Bits], twice: Bits, count: int) -> list[TableProblem]:
    involved = [place for place, bits in enumerate(met) if (bits & twice).any()]
    return [
        _problem("overlap", (table.rules[one].row, table.rules[other].row), both, count)
        for position, one in enumerate(involved)
        for other in involved[position + 1 :]
        if (both := met[one] & met[other]).any()
    ]


def _problem(code: str, rows: tuple[int, ...], bits: Bits, count: int) -> TableProblem:
    members = _members(bits, count)
    return TableProblem(code, rows, int(members.sum()), int(members.argmax()))


def _members(bits: Bits, count: int) -> Bools:
    return np.unpackbits(bits, count=count).view(np.bool_)


def _output_column(values: list[Scalar], speakers: NDArray[np.int64]) -> pa.Array:
    """The rule's literal for every applicant; -1 picks the null put at the end."""
    plain = [float(value) if isinstance(value, Decimal) else value for value in values]
    kinds = {"number": pa.float64(), "truth value": pa.bool_(), "text": pa.string()}
    found = [kinds[literal_kind(value)] for value in values if value is not None]
    choices = pa.array([*plain, None], found[0] if found else pa.null())
    return choices.take(pa.array(np.where(speakers == NO_RULE, len(values), speakers)))


def _met_representatives(table: DecisionTable, place: int) -> list[Bools]:
    """For each rule, which of the values that stand for all meet its test of one input."""
    tests = [rule.tests[place] for rule in table.rules]
    simple = [branch for test in tests for branch in branches(test)]
    literals = [branch.value for branch in simple if isinstance(branch, Equal)]
    bounds = [branch.low for branch in simple if not isinstance(branch, Equal)]
    bounds += [branch.high for branch in simple if not isinstance(branch, Equal)]
    numbers = sorted({float(n) for n in [*literals, *bounds] if isinstance(n, Decimal)})
    if numbers:
        between = [(low + high) / 2 for low, high in pairwise(numbers)]
        numbers = [numbers[0] - 1, *numbers, *between, numbers[-1] + 1]
    texts = sorted({text for text in literals if isinstance(text, str)})
    truths = [True, False] if any(isinstance(value, bool) for value in literals) else []
    columns = []
    if numbers:
        columns.append(read_column(pa.array([*numbers, None], pa.float64())))
    if truths:
        columns.append(read_column(pa.array([*truths, None], pa.bool_())))
    if texts or not columns:
        columns.append(read_column(pa.array([*texts, "".join([*texts, "?"]), None], pa.string())))
    known = [column for column in columns if column is not None]
    return [np.concatenate([meets(test, column) for column in known]) for test in tests]
