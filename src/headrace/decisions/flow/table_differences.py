"""What changed between two versions of a decision table.

Rules are matched by what they say: equal ones first, then those that are most alike. A column that
one version lacks is, in its rules, a cell that asks nothing or gives nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from headrace.decisions.feel import Expression, Tests, write, write_tests
from headrace.decisions.feel.tree import Literal, Negation
from headrace.decisions.flow.change import Change, Kind, Place
from headrace.decisions.flow.effect import condition_moved, output_moved
from headrace.decisions.flow.matching import pairs, staying
from headrace.decisions.tables.table import UNTESTED, Input, Output, Rule, Table, one_line

NULL = Literal(None)
_PARTS = ("inputs", "outputs", "notes", "rules")
Column = tuple[str, str]
"""Its role, `in`, `out` or `note`, and its name."""

Cell = Tests | Expression | str


def table_changes(before: Table, after: Table) -> tuple[Change, ...]:
    """What changed; nothing exactly where both have one digest."""
    return tuple(chain(_of_table(before, after), _columns(before, after), _rules(before, after)))


def table_in_words(table: Table) -> str:
    """A table in one line: what it reads, what it gives, and how many rules there are."""
    reads = ", ".join(each.text for each in table.inputs)
    gives = ", ".join(each.name for each in table.outputs)
    return f"{reads} → {gives} [{table.policy_text}, {len(table.rules)}]"


def _of_table(before: Table, after: Table) -> Iterator[Change]:
    first, last = _plain(before), _plain(after)
    for what, text in last.items():
        if text != first[what]:
            yield Change(Kind.TABLE_CHANGED, Place(after.name, column=what), first[what], text)


def _plain(table: Table) -> dict[str, str]:
    """What a table says of itself, but for its columns and rules."""
    content = json.loads(table.canonical_bytes())
    return {name: str(value) for name, value in content.items() if name not in _PARTS}


def _columns(before: Table, after: Table) -> Iterator[Change]:
    first, last = _heads(before), _heads(after)
    place = Place(after.name)
    for column in last:
        if column not in first:
            yield Change(Kind.COLUMN_ADDED, place, after=_shown(column))
    for column in first:
        if column not in last:
            yield Change(Kind.COLUMN_REMOVED, place, before=_shown(column))
    kept_before = [column for column in first if column in last]
    kept_after = [column for column in last if column in first]
    if kept_before != kept_after:
        was, now = (", ".join(map(_shown, order)) for order in (kept_before, kept_after))
        yield Change(Kind.COLUMN_MOVED, place, was, now)
    for column in kept_after:
        for what, told in last[column].items():
            if told != first[column][what]:
                where = Place(after.name, column=f"{_shown(column)} {what}")
                yield Change(Kind.COLUMN_CHANGED, where, first[column][what], told)


def _heads(table: Table) -> dict[Column, dict[str, str]]:
    """What the head of each column says beside its name."""
    heads: dict[Column, dict[str, str]] = {("in", each.text): _head(each) for each in table.inputs}
    heads |= {("out", each.name): _head(each) for each in table.outputs}
    return heads | {("note", name): {} for name in table.notes}


def _head(column: Input | Output) -> dict[str, str]:
    values = write_tests(column.values) if column.values.alternatives else ""
    told = {"type": column.type, "values": values, "label": column.label}
    if isinstance(column, Output):
        told["default"] = "" if column.default is None else write(column.default)
    return told


def _shown(column: Column) -> str:
    return ":".join(column)


@dataclass(frozen=True)
class _Body:
    """The rules of a table, cell by cell."""

    table: Table

    @cached_property
    def rules(self) -> list[dict[Column, Cell]]:
        return [self._cells(rule) for rule in self.table.rules]

    def _cells(self, rule: Rule) -> dict[Column, Cell]:
        cells: dict[Column, Cell] = {}
        for column, tests in zip(self.table.inputs, rule.tests, strict=True):
            cells["in", column.text] = tests
        for output, given in zip(self.table.outputs, rule.outputs, strict=True):
            cells["out", output.name] = given
        cells.update(
            (("note", name), text) for name, text in zip(self.table.notes, rule.notes, strict=True)
        )
        return cells

    @cached_property
    def texts(self) -> list[dict[Column, str]]:
        return [{name: _text(cell) for name, cell in rule.items()} for rule in self.rules]

    def place(self, at: int, column: str = "") -> Place:
        row = self.table.rules[at].row
        return Place(self.table.name, at + 1, 0 if row == at + 1 else row, column)

    def in_words(self, at: int) -> str:
        asked = [
            f"{name} {text}"
            for (role, name), text in self.texts[at].items()
            if role == "in" and text != "-"
        ]
        given = [
            f"{name} {text}"
            for (role, name), text in self.texts[at].items()
            if role == "out" and text != "null"
        ]
        return f"{'; '.join(asked) or '-'} → {'; '.join(given) or '-'}"


def _rules(before: Table, after: Table) -> Iterator[Change]:
    first, last = _Body(before), _Body(after)
    shared = [column for column in _heads(after) if column in _heads(before)]
    found = pairs(_keys(first, shared), _keys(last, shared), _Alike(first, last, shared))
    old = {new: place for place, new in found}
    kept = staying([place for place, _ in found])
    gone = sorted(set(range(len(before.rules))) - set(old.values()))
    for place in gone:
        yield Change(Kind.RULE_REMOVED, first.place(place), before=first.in_words(place))
    for new in range(len(after.rules)):
        if new not in old:
            yield Change(Kind.RULE_ADDED, last.place(new), after=last.in_words(new))
            continue
        if old[new] not in kept:
            yield Change(Kind.RULE_MOVED, last.place(new), str(old[new] + 1), str(new + 1))
        yield from _cells(first, last, old[new], new)


def _keys(body: _Body, columns: Sequence[Column]) -> list[tuple[str, ...]]:
    return [tuple(rule[column] for column in columns) for rule in body.texts]


def _cells(first: _Body, last: _Body, old: int, new: int) -> Iterator[Change]:
    """The cells that changed, those of columns that only one version has included."""
    before, after = first.rules[old], last.rules[new]
    for column in dict.fromkeys([*after, *before]):
        was, now = _told(first.texts[old], column), _told(last.texts[new], column)
        if was == now:
            continue
        cells = before.get(column), after.get(column)
        place = last.place(new, column[1])
        if column[0] == "in":
            moved = condition_moved(_tests(cells[0]), _tests(cells[1]))
        elif column[0] == "out":
            moved = output_moved(_output(cells[0]), _output(cells[1]))
        else:
            moved = None
        yield Change(Kind.CELL_CHANGED, place, one_line(was), one_line(now), moved)


def _told(texts: Mapping[Column, str], column: Column) -> str:
    return texts.get(column, {"in": "-", "out": "null", "note": ""}[column[0]])


def _tests(cell: Cell | None) -> Tests:
    return cell if isinstance(cell, Tests) else UNTESTED


def _output(cell: Cell | None) -> Expression:
    return cell if isinstance(cell, Expression) else NULL


def _text(cell: Cell) -> str:
    if isinstance(cell, Tests):
        return write_tests(cell)
    return write(cell) if isinstance(cell, Expression) else cell


class _Alike:
    """How alike a rule of the old version and one of the new are, from 0 to 1."""

    def __init__(self, first: _Body, last: _Body, shared: Sequence[Column]) -> None:
        columns = [column for column in shared if column[0] != "note"]
        self._before = _compared(first, columns)
        self._after = _compared(last, columns)
        self._columns = max(len(columns), 1)

    def __call__(self, old: int, new: int) -> float:
        score = 0.0
        for (first, shape), (last, other) in zip(self._before[old], self._after[new], strict=True):
            if first == last:
                score += 1
            elif shape == other:
                score += 0.5
        return score / self._columns


def _compared(body: _Body, columns: Sequence[Column]) -> list[list[tuple[str, str]]]:
    """The text of each cell, and what is left of it without its values."""
    return [
        [(texts[column], _shape(cells[column])) for column in columns]
        for texts, cells in zip(body.texts, body.rules, strict=True)
    ]


def _shape(cell: Cell) -> str:
    if isinstance(cell, Tests):
        return " ".join([str(cell.negated), *map(_shape, cell.alternatives)])
    if isinstance(cell, Negation):
        cell = cell.operand
    if isinstance(cell, Literal):
        return type(cell.value).__name__
    operator = getattr(cell, "operator", "")
    return f"{type(cell).__name__} {operator}"
