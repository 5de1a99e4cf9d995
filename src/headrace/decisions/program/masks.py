"""A table's rules as bits, one mask for each class of values of each column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.feel import Tests, Value, kind, matches
from headrace.decisions.program.classes import Classes, classes_of, is_plain, met_classes
from headrace.decisions.program.columns import NOTHING, Bools
from headrace.decisions.program.outputs import constant_of
from headrace.decisions.tables.table import RANKED, UNTESTED, Output, Table
from headrace.errors import MappingError

Ints = NDArray[np.int64]
MASKS_MAX = 1 << 30  # bytes


@dataclass(frozen=True, eq=False)
class Asked:
    """One column of the compiled table.

    Attributes:
        place: Of the input it belongs to.
        classes: Of its values.
        odd: A test that classes cannot answer, for it refers to other values: its class is 1 where
            it is met. `UNTESTED` is a column of ones for a table that asks nothing. None for the
            column of all other tests of the input.
    """

    place: int
    classes: Classes
    odd: Tests | None = None


@dataclass(frozen=True, eq=False)
class Masks:
    """Rules as bits, see `kernels.first_met`."""

    bounds: NDArray[np.float64]
    bound_at: Ints
    mask_at: Ints
    masks: NDArray[np.uint64]

    @property
    def arguments(self) -> tuple[NDArray[Any], ...]:
        """In the order in which kernels take them."""
        return self.bounds, self.bound_at, self.mask_at, self.masks


def rule_order(table: Table) -> list[int]:
    """Places of rules in the order in which they come first: by priority, or as they stand."""
    places = list(range(len(table.rules)))
    if table.hit_policy not in RANKED:
        return places
    return sorted(places, key=lambda place: tuple(_ranks(table, place)))


def check_listed(table: Table) -> None:
    """Refuse outputs that are none of the values their column lists, or of another type.

    Raises:
        MappingError: Naming the cell.
    """
    for place, column in enumerate(table.outputs):
        if column.default is not None:
            at = f"{table.file or table.name}, # default, out:{column.name}"
            _check_type(column, constant_of(column.default)[1], at)
        for rule in table.rules:
            known, value = constant_of(rule.outputs[place])
            if not known or value is None:
                continue
            where = table.where(rule, f"out:{column.name}")
            _check_type(column, value, where)
            if column.values.alternatives and _rank(column, value) is None:
                remedy = "Give one of the values in the line `# values`"
                raise MappingError("The output is not listed", where=where, remedy=remedy)


def _check_type(column: Output, value: Value, where: str) -> None:
    if value is not None and column.type not in {"", "Any"} and kind(value) != column.type:
        remedy = f"The column says {column.type}"
        raise MappingError(f"The output is a {kind(value)}", where=where, remedy=remedy)


def compile_masks(
    table: Table, kinds: Sequence[str], order: Sequence[int] | NDArray[np.int32]
) -> tuple[tuple[Asked, ...], Masks]:
    """What is asked of columns of these kinds, and the rules as bits.

    Args:
        table: The table.
        kinds: Of each input's values.
        order: Places of rules; the first becomes bit 0.

    Raises:
        MappingError: The rules need more memory than a table may use.
    """
    asked: list[Asked] = []
    met: list[Bools] = []  # a row a class, a column a rule
    for place, held in enumerate(kinds):
        tests = [table.rules[rule].tests[place] for rule in order]
        for each, answers in _asked(place, held, tests):
            asked.append(each)
            met.append(answers)
    if not asked:
        asked = [Asked(0, classes_of(NOTHING, ()), UNTESTED)]
        met = [np.array([[False], [True]]).repeat(len(table.rules), axis=1)]
    words = (len(table.rules) + 63) // 64
    if sum(map(len, met)) * words * 8 > MASKS_MAX:
        raise MappingError(
            f"{len(table.rules):,} rules with as many literals need more than {MASKS_MAX:,} bytes",
            where=table.file or table.name,
            remedy="Split the table",
        )
    bounds = [_double_bounds(each) for each in asked]
    return tuple(asked), Masks(
        np.concatenate(bounds),
        _starts(map(len, bounds)),
        _starts(map(len, met))[:-1],
        np.concatenate([_packed(answers, words) for answers in met]),
    )


def _asked(place: int, held: str, tests: Sequence[Tests]) -> Iterator[tuple[Asked, Bools]]:
    """The compiled columns of one input, each with what its classes meet."""
    odd = [each for each in dict.fromkeys(tests) if not is_plain(each)]
    plain = [each if is_plain(each) else UNTESTED for each in tests]
    if any(each.alternatives for each in plain):
        classes = classes_of(held, dict.fromkeys(plain))
        answers = {each: met_classes(each, classes) for each in dict.fromkeys(plain)}
        yield Asked(place, classes), np.stack([answers[each] for each in plain], axis=1)
    for each in odd:
        says = np.array([test == each for test in tests])
        yield Asked(place, classes_of(NOTHING, ()), each), np.stack([~says, np.ones_like(says)])


def _double_bounds(asked: Asked) -> NDArray[np.float64]:
    """The bounds by which the kernel finds the class of a double; none for other columns."""
    bounds = asked.classes.bounds
    return bounds if bounds.dtype == np.float64 else np.array([], np.float64)


def _starts(counts: Iterator[int]) -> Ints:
    return np.cumsum([0, *counts])


def _packed(answers: Bools, words: int) -> NDArray[np.uint64]:
    packed = np.packbits(answers, axis=1, bitorder="little")
    whole = np.zeros((len(answers), words * 8), np.uint8)
    whole[:, : packed.shape[1]] = packed
    return whole.view("<u8").astype(np.uint64)


def _ranks(table: Table, place: int) -> Iterator[int]:
    """The place of each output among its column's values, the leftmost column first."""
    for column, cell in zip(table.outputs, table.rules[place].outputs, strict=True):
        rank = _rank(column, constant_of(cell)[1])
        yield len(column.values.alternatives) if rank is None else rank


def _rank(column: Output, value: Value) -> int | None:
    alternatives = enumerate(column.values.alternatives)
    return next((at for at, each in alternatives if matches(Tests((each,)), value, {})), None)
