"""What rules give, as columns: literals are looked up by rule, expressions computed where met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.dmn.tree import Aggregation
from headrace.decisions.feel import DateTime, Expression, Value
from headrace.decisions.feel.tree import Literal, Negation
from headrace.decisions.program.columns import (
    NOTHING,
    NUMBER,
    STRING,
    Column,
    column_of_values,
    missing,
)
from headrace.decisions.program.expressions import column_of
from headrace.decisions.tables.table import Table
from headrace.errors import InputError, MappingError

Ints = NDArray[np.int64]
Places = NDArray[Any]
EXACT_MAX = 2**53
SCALE_MAX = 15
NO_RULE = -1
NOTHING_SPEAKS = -2


@dataclass(frozen=True, eq=False)
class Around:
    """What expressions see.

    Attributes:
        columns: By name.
        count: Of cases.
        moment: What `now()` and `today()` answer; None has them answer null.
    """

    columns: Mapping[str, Column]
    count: int
    moment: DateTime | None

    def take(self, rows: Ints) -> Around:
        """The same for some cases."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        return Around(columns, len(rows), self.moment)

    def column_of(self, expression: Expression) -> Column:
        """An expression's value in every case."""
        return column_of(expression, self.columns, self.count, self.moment)


@dataclass(frozen=True, eq=False)
class OutputProgram:
    """One output of a table.

    Attributes:
        name: Of the value.
        where: Of the column, for errors.
        literals: What each rule gives, missing for one that computes it; then the default, then
            one that is missing, for no rule at all.
        computed: Places of the rules that compute it, each with its expression; `NO_RULE` is the
            default.
    """

    name: str
    where: str
    literals: Column
    computed: tuple[tuple[int, Expression], ...]

    def of_rules(self, rules: Places, around: Around) -> Column:
        """The output in every case.

        Args:
            rules: The place of the rule that speaks, from 0; `NO_RULE` where the default does,
                `NOTHING_SPEAKS` where not even that.
            around: What expressions see.
        """
        places = np.where(rules == NOTHING_SPEAKS, len(self.literals) - 1, rules)
        found = self.literals.take(np.where(rules == NO_RULE, len(self.literals) - 2, places))
        for place, expression in self.computed:
            rows = np.flatnonzero(rules == place)
            if len(rows):
                found = self._put(found, rows, around.take(rows).column_of(expression))
        return found

    def with_default(self, column: Column, rows: Ints, around: Around) -> Column:
        """A column of totals with the default in the rows where no rule is met."""
        rules = np.full(len(rows), NO_RULE)
        return self._put(column, rows, self.of_rules(rules, around.take(rows)))

    def _put(self, into: Column, rows: Ints, part: Column) -> Column:
        """The column with other values in some rows."""
        if part.kind == NOTHING:
            return into
        if into.kind == NOTHING:
            empty = np.zeros(len(into), part.values.dtype)
            into = Column(part.kind, empty, np.zeros(len(into), np.bool_), ())
        if into.kind != part.kind:
            raise InputError(
                f"The output is a {part.kind} in one row and a {into.kind} in another",
                where=self.where,
                remedy="Give one column one type",
            )
        codes, texts = part.values, into.texts
        if into.kind == STRING:
            places = {text: place for place, text in enumerate(into.texts)}
            codes = np.array([places.setdefault(t, len(places)) for t in part.texts], np.int64)
            codes, texts = codes[part.values], tuple(places)
        values = into.values.astype(np.result_type(into.values, codes))
        present = into.present.copy()
        values[rows], present[rows] = codes, part.present
        return Column(into.kind, values, present, texts)


def constant_of(expression: Expression) -> tuple[bool, Value]:
    """Whether an output is a literal, or minus one, and which."""
    if isinstance(expression, Negation) and isinstance(expression.operand, Literal):
        value = expression.operand.value
        return isinstance(value, Decimal), -value if isinstance(value, Decimal) else None
    if isinstance(expression, Literal):
        return True, expression.value
    return False, None


def compile_output(table: Table, place: int) -> OutputProgram:
    """One output of a table, ready to be looked up.

    Raises:
        MappingError: Two of its literals are of different types, or of one no column holds.
    """
    column = table.outputs[place]
    where = f"{table.file or table.name}, column out:{column.name}"
    values: list[Value] = []
    computed: list[tuple[int, Expression]] = []
    cells = [rule.outputs[place] for rule in table.rules]
    default = column.default
    for number, cell in [*enumerate(cells), (NO_RULE, default)]:
        known, value = (True, None) if cell is None else constant_of(cell)
        values.append(value)
        if not known and cell is not None:
            computed.append((number, cell))
    try:
        return OutputProgram(
            column.name, where, column_of_values([*values, None], where), tuple(computed)
        )
    except InputError as error:
        raise MappingError(error.problem, where=error.where, remedy=error.remedy) from error


def total_of(aggregation: Aggregation, each: Column, hits: Places, at: Ints) -> Column:
    """The total of what the rules that are met give.

    Args:
        aggregation: Which total.
        each: What each rule gives, numbers, none of them missing.
        hits: Places of the rules met, one case behind the other.
        at: Where each case's start, and the end, (n + 1,).

    Returns:
        Missing where no rule is met. A sum is exact before it is rounded to the nearest double.
    """
    count = np.diff(at)
    met = count > 0
    if aggregation is Aggregation.COUNT:
        return Column(NUMBER, count.astype(np.float64), met)
    if not met.any():
        return missing(len(count))
    starts = at[:-1][met]
    values = np.zeros(len(count))
    if aggregation is Aggregation.SUM:
        whole, scale = _scaled([v for v in each.feel_values() if isinstance(v, Decimal)])
        sums = np.add.reduceat(np.array(whole, np.int64)[hits], starts)
        values[met] = (
            [float(Decimal(int(s)).scaleb(-scale)) for s in sums]
            if (np.abs(sums).max(initial=0) > EXACT_MAX)
            else sums / 10.0**scale
        )
    else:
        extreme = np.minimum if aggregation is Aggregation.MIN else np.maximum
        values[met] = extreme.reduceat(each.values.astype(np.float64)[hits], starts)
    return Column(NUMBER, values, met)


def adds_up(values: Sequence[Value]) -> bool:
    """Whether what rules give can be added as whole numbers, and each is a double to the digit."""
    decimals = [value for value in values if isinstance(value, Decimal)]
    if len(decimals) < len(values) or any(abs(d) > EXACT_MAX for d in decimals):
        return False
    if any(Decimal(repr(float(d))) != d for d in decimals):
        return False
    whole, scale = _scaled(decimals)
    return scale <= SCALE_MAX and sum(map(abs, whole)) < 2**62


def _scaled(decimals: Sequence[Decimal]) -> tuple[list[int], int]:
    """Numbers as whole ones over one power of ten."""
    scale = max((max(-int(d.normalize().as_tuple().exponent), 0) for d in decimals), default=0)
    return [int(d.scaleb(scale)) for d in decimals], scale
