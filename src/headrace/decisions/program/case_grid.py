"""All cases a table can be asked, as a finite grid on which each rule is a box.

A column of the grid is an input; its classes are those of `classes`, without the ones that no value
falls into and those that the input's listed values rule out. Classes that no cell tells apart are
one column class of the grid, a missing value always one of its own, the last.

A cell that refers to other values is not on the grid: its rule is the box it would be were the cell
met, and the cell is kept among `Rules.odd`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import numpy as np

from headrace.decisions.feel import Range, Tests, Value
from headrace.decisions.program.classes import (
    Classes,
    classes_of,
    is_plain,
    met_classes,
    wanted_by,
)
from headrace.decisions.program.columns import KINDS, NOTHING, NUMBER, STRING, Bools, kind_of
from headrace.decisions.program.covers import Bits, Boxes, Ints
from headrace.decisions.tables.table import UNTESTED, Input, Table

WHOLE_MIN, WHOLE_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True, eq=False)
class GridColumn:
    """One input on the grid.

    Attributes:
        place: Of the input in the table.
        input: It itself.
        classes: Of its values.
        possible: Which of the classes a value can fall into, (classes,).
        tests: The different cells under it that are on the grid.
        cell_of: For each rule, its cell's place in `tests`.
        met: (tests, classes): where each is met, possible or not.
        merged: For each class, its class on the grid; -1 for one that is not possible.
    """

    place: int
    input: Input
    classes: Classes
    possible: Bools
    tests: tuple[Tests, ...]
    cell_of: Ints
    met: Bools
    merged: Ints

    @property
    def name(self) -> str:
        """The input as it is written."""
        return self.input.text

    @cached_property
    def met_merged(self) -> Bools:
        """(tests, classes of the grid): where each is met."""
        firsts = np.full(int(self.merged.max()) + 1, -1)
        firsts[self.merged[self.possible]] = np.flatnonzero(self.possible)
        return self.met[:, firsts]

    def unmerged(self, merged: Bools) -> Bools:
        """The classes that classes of the grid stand for."""
        stands: Bools = merged[self.merged]
        return self.possible & stands


@dataclass(frozen=True, eq=False)
class Grid:
    """The grid of a table, and its rules on it.

    Attributes:
        columns: One per input that has cells on the grid.
        boxes: One per rule.
        whole: The box of all cases.
        present: The box of the cases without a missing value.
        odd: For each rule, its cells that are not on the grid, each with the place of its input.
    """

    columns: tuple[GridColumn, ...]
    boxes: Boxes
    whole: Bits
    present: Bits
    odd: tuple[frozenset[tuple[int, Tests]], ...]

    @cached_property
    def is_empty(self) -> Bools:
        """Which rules no case can meet."""
        return np.asarray((self.boxes.sizes(self.boxes.bits) == 0).any(axis=1))

    def held(self, box: Bits, column: int) -> Bools:
        """The classes of a column that a box holds, of those that are possible."""
        words = box[self.boxes.column(column)]
        bits = np.unpackbits(words.astype("<u8").view(np.uint8), bitorder="little")
        return self.columns[column].unmerged(bits.astype(np.bool_))


def grid_of(table: Table, kinds: Mapping[str, str]) -> Grid:
    """The grid of a table.

    Args:
        table: The table.
        kinds: Of inputs by their text, where known: `columns.KINDS`. An input's own type comes
            first; where nothing is said, the kind is that of most of the literals under it.
    """
    odd: list[set[tuple[int, Tests]]] = [set() for _ in table.rules]
    columns = []
    for place, column in enumerate(table.inputs):
        cells = [rule.tests[place] for rule in table.rules]
        plain = {cell: _is_on_grid(column, cell) for cell in dict.fromkeys(cells)}
        for rule, cell in enumerate(cells):
            if not plain[cell]:
                odd[rule].add((place, cell))
        asked = [cell if plain[cell] else UNTESTED for cell in cells]
        if any(cell.alternatives for cell in asked):
            kind = _kind(column, asked, kinds.get(column.text, ""))
            columns.append(_grid_column(place, column, asked, kind))
    boxes, whole, present = _boxes(columns, len(table.rules))
    return Grid(tuple(columns), boxes, whole, present, tuple(map(frozenset, odd)))


def wanted_kind(wanted: Value) -> str:
    """The kind of values that a literal, or a range of them, is about; empty for null and lists."""
    if isinstance(wanted, Range):
        return kind_of(wanted.high if wanted.low is None else wanted.low)
    return kind_of(wanted)


def _is_on_grid(column: Input, cell: Tests) -> bool:
    return is_plain(cell) and (column.type in {"", "Any", *KINDS} or not cell.alternatives)


def _kind(column: Input, cells: Sequence[Tests], known: str) -> str:
    if column.type in KINDS:
        return column.type
    if known in KINDS and known != NOTHING:
        return known
    listed = [column.values] if column.values.alternatives and is_plain(column.values) else cells
    counts = Counter(
        kind
        for cell in listed
        for alternative in cell.alternatives
        for wanted in _items(wanted_by(alternative))
        if (kind := wanted_kind(wanted))
    )
    return counts.most_common(1)[0][0] if counts else NOTHING


def _items(wanted: Value) -> list[Value]:
    return wanted if isinstance(wanted, list) else [wanted]


def _grid_column(place: int, column: Input, cells: Sequence[Tests], kind: str) -> GridColumn:
    listed = column.values if is_plain(column.values) else UNTESTED
    tests = tuple(dict.fromkeys(cells))
    classes = classes_of(kind, (*tests, listed))
    possible = _possible(classes)
    possible[:-1] &= met_classes(listed, classes)[:-1]
    met = np.stack([met_classes(each, classes) for each in tests])
    packed = np.packbits(met[:, :-1], axis=0).T[possible[:-1]]
    _, same = np.unique(packed, axis=0, return_inverse=True)
    merged = np.full(len(classes), -1)
    merged[:-1][possible[:-1]] = same.ravel()
    merged[-1] = merged.max() + 1
    places = {cell: number for number, cell in enumerate(tests)}
    cell_of = np.array([places[cell] for cell in cells])
    return GridColumn(place, column, classes, possible, tests, cell_of, met, merged)


def _possible(classes: Classes) -> Bools:
    """Which classes hold a value that a column can have; a missing one is always possible."""
    possible = np.ones(len(classes), np.bool_)
    values, bounds = classes.values, classes.bounds
    if classes.kind == STRING:
        possible[0] = not values or values[0] != ""
        for at in range(1, len(values)):
            possible[2 * at] = values[at] != values[at - 1] + "\x00"
        return possible
    if len(bounds) > 1:
        possible[1 : len(bounds)] = bounds[:-1] < bounds[1:]
    if classes.kind == "boolean" and len(bounds):
        possible[0] = values[0] is True
        possible[-2] = values[-1] is False
    if classes.kind == NUMBER:
        # Whole numbers beyond 2**53 are in columns of their own, and no doubles.
        for at in np.flatnonzero(~possible).tolist():
            low, high = values[(at - 1) // 2], values[at // 2]
            possible[at] = has_whole(low, high)
    return possible


def has_whole(low: Decimal, high: Decimal) -> bool:
    """Whether a whole number of 64 bits is equal to both, or lies between them."""
    if not WHOLE_MIN <= low <= high <= WHOLE_MAX:
        return False
    return int(low) == low if low == high else math.floor(low) + 1 < high


def _boxes(columns: Sequence[GridColumn], rules: int) -> tuple[Boxes, Bits, Bits]:
    """The rules as boxes, the box of all cases, and of all that have every value."""
    if not columns:  # a table that asks nothing: one case
        one = np.ones((rules, 1), np.uint64)
        return Boxes(one, np.zeros(1, np.int64)), one[0], one[0]
    parts = [_packed(column.met_merged)[column.cell_of] for column in columns]
    every = [np.ones((1, column.met_merged.shape[1]), np.bool_) for column in columns]
    at = np.cumsum([0, *(part.shape[1] for part in parts)])[:-1]
    whole = np.concatenate([_packed(bits)[0] for bits in every])
    for bits in every:
        bits[0, -1] = False
    present = np.concatenate([_packed(bits)[0] for bits in every])
    return Boxes(np.concatenate(parts, axis=1), at), whole, present


def _packed(held: Bools) -> Bits:
    """Rows of truths as rows of words."""
    packed = np.packbits(held, axis=1, bitorder="little")
    words = np.zeros((len(held), -(-held.shape[1] // 64) * 8), np.uint8)
    words[:, : packed.shape[1]] = packed
    return words.view("<u8").astype(np.uint64)
