"""Boxes of the grid of cases in words, and a value for any of its classes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any

import numpy as np

from headrace.decisions.feel import Value
from headrace.decisions.feel.naming import cited_names
from headrace.decisions.program.case_grid import (
    WHOLE_MAX,
    WHOLE_MIN,
    Grid,
    GridColumn,
    has_whole,
)
from headrace.decisions.program.classes import Classes
from headrace.decisions.program.columns import (
    BOOLEAN,
    DATE,
    NUMBER,
    STRING,
    Bools,
    feel_value,
)
from headrace.decisions.program.covers import Bits
from headrace.decisions.program.findings import Case, Words, value_text
from headrace.decisions.tables.table import Input

LISTED_MAX = 6
"""Values that are listed before the rest is counted."""

WIDE = Context(prec=400)
OTHERS = ("other", "others", "zz", "Other", "0")


def box_words(grid: Grid, box: Bits) -> Words:
    """What a box holds, column by column; columns that it holds all of are left out."""
    said = [
        column_words(column, held)
        for place, column in enumerate(grid.columns)
        if not (held := grid.held(box, place))[column.possible].all()
    ]
    if not said:
        return "any case", "任何情形"
    return "; ".join(en for en, _ in said), "；".join(zh for _, zh in said)


def example(grid: Grid, box: Bits) -> Case:
    """A case in a box: a value for every column that it does not hold all of."""
    case: list[tuple[str, Value]] = []
    for place, column in enumerate(grid.columns):
        held = grid.held(box, place)
        if not held[column.possible].all():
            case.append((column.name, value_in(column.classes, _best(column.classes, held))))
    return tuple(case)


def column_words(column: GridColumn, held: Bools) -> Words:
    """Some of the classes of a column, in words."""
    name, missing = column.name, bool(held[-1])
    values, all_values = held[:-1], column.possible[:-1]
    if not values.any():
        return f"{name} missing", f"{name} 缺失"
    if (values == all_values).all():
        return f"{name} not missing", f"{name} 不缺失"
    en, zh = _values_words(column.classes, values, all_values)
    return (
        f"{name} {en}" + (" or missing" if missing else ""),
        f"{name} {zh}" + ("，或缺失" if missing else ""),
    )


def value_in(classes: Classes, number: int) -> Value:
    """A value of a class, as simple as there is; None for the missing one.

    Raises:
        ValueError: The class has none.
    """
    if number == classes.missing:
        return None
    values = classes.values
    low = values[(number - 1) // 2] if number else None
    high = values[number // 2] if number < classes.missing - 1 else None
    match classes.kind:
        case "number":
            return _number_in(classes, number, low, high)
        case "string":
            return _text_in(classes, number, low)
        case "boolean":
            return low if number % 2 else low is not True if low is not None else high is not True
        case "Null":
            return Decimal(0)
    return feel_value(classes.kind, _word_in(classes, number))


def _values_words(classes: Classes, values: Bools, all_values: Bools) -> Words:
    """Values that are there, some of all, in words."""
    others = all_values & ~values
    if classes.kind == BOOLEAN or _are_single(values):
        return _listed(classes, values, ("=", "="), ("is one of", "属于"))
    if _are_single(others):
        return _listed(classes, others, ("!=", "!="), ("is none of", "不属于"))
    spans = [_span_text(classes, first, last) for first, last in _runs(values, all_values)]
    return " or ".join(spans), " 或 ".join(spans)


def _are_single(classes: Bools) -> bool:
    """Whether each of the classes is one value."""
    return not classes[::2].any()


def _listed(classes: Classes, which: Bools, one: Words, several: Words) -> Words:
    numbers = np.flatnonzero(which).tolist()
    texts = [value_text(value_in(classes, number)) for number in numbers[:LISTED_MAX]]
    if len(numbers) == 1:
        return f"{one[0]} {texts[0]}", f"{one[1]} {texts[0]}"
    more = len(numbers) - LISTED_MAX
    return (
        f"{several[0]} " + ", ".join(texts) + (f" and {more:,} more" if more > 0 else ""),
        f"{several[1]} " + "、".join(texts) + (f" 等 {len(numbers):,} 个" if more > 0 else ""),
    )


def _runs(values: Bools, all_values: Bools) -> Iterator[tuple[int, int]]:
    """First and last class of each run; classes that are not possible interrupt none."""
    possible = np.flatnonzero(all_values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values[possible], [False]])))
    for start, end in edges.reshape(-1, 2):
        yield int(possible[start]), int(possible[end - 1])


def _span_text(classes: Classes, first: int, last: int) -> str:
    """Classes from first to last, as a test would ask for them."""
    end = classes.missing - 1
    low = _cut_text(classes, (first - 1) // 2) if first else ""
    high = _cut_text(classes, last // 2) if last < end else ""
    if first == last and first % 2:
        return f"= {low}"
    if not low:
        return f"{'<=' if last % 2 else '<'} {high}"
    if not high:
        return f"{'>=' if first % 2 else '>'} {low}"
    return f"in {'[' if first % 2 else '('}{low}..{high}{']' if last % 2 else ')'}"


def _cut_text(classes: Classes, place: int) -> str:
    cut = classes.values[place]
    if classes.kind in {NUMBER, STRING}:
        return value_text(cut)
    word = cut if classes.kind == DATE else -(-cut // 1000)  # cuts in ns, columns in us
    return value_text(feel_value(classes.kind, word))


def _best(classes: Classes, held: Bools) -> int:
    """The class an example is taken from: one that a cell names, or else any but the missing."""
    numbers = np.flatnonzero(held[:-1])
    if not len(numbers):
        return classes.missing
    named = numbers[numbers % 2 == 1]
    if len(named):
        return int(named[0])
    if classes.kind == STRING:
        taken = set(numbers.tolist())
        for text in OTHERS:
            if (number := classes.of_word(text)) in taken:
                return number
    return int(numbers[0])


def _number_in(classes: Classes, number: int, low: Any, high: Any) -> Decimal:
    for value in _numbers_between(low, high):
        is_whole = WHOLE_MIN <= value <= WHOLE_MAX and value == int(value)
        word = int(value) if is_whole else float(value)
        if classes.of_word(word) == number:
            return value
    return Decimal(repr(float(_word_in(classes, number))))


def _numbers_between(low: Decimal | None, high: Decimal | None) -> Iterator[Decimal]:
    """Numbers from low to high, the simple ones first."""
    if low is None or high is None:
        cut = Decimal(0) if low is None and high is None else low if high is None else high
        near = Decimal(math.floor(cut)) if cut is not None else Decimal(0)
        yield from (near, near + 1, near - 1)
        return
    if low == high:
        yield low
    elif has_whole(low, high):
        yield Decimal((math.floor(low) + math.ceil(high)) // 2)
    middle = WIDE.divide(WIDE.add(low, high), Decimal(2))
    for digits in range(20):
        near = middle.quantize(Decimal(1).scaleb(-digits), context=WIDE)
        if low < near < high:
            yield near
            return
    yield middle


def _text_in(classes: Classes, number: int, low: str | None) -> str:
    if number % 2 and low is not None:
        return low
    tried = (
        *OTHERS,
        "",
        *(f"{low or ''}{end}" for end in (" other", "z", "0", " ", "\x01", "\x00")),
    )
    return next(text for text in tried if classes.of_word(text) == number)


def _word_in(classes: Classes, number: int) -> Any:
    """The least value of a class as columns hold it; of the first, the greatest."""
    bounds = classes.bounds
    if not len(bounds):
        return 0
    if number:
        return bounds[number - 1].item()
    below = bounds[0].item()
    return math.nextafter(below, -math.inf) if classes.kind == NUMBER else below - 1


def hedge(grid: Grid, case: Case) -> Words:
    """What to add where a case may not exist, since inputs are computed from the same values."""
    named = {name for name, _ in case}
    inputs = [column.input for column in grid.columns if column.name in named]
    bound = [
        f"{one.text}, {other.text}"
        for at, other in enumerate(inputs)
        for one in inputs[:at]
        if _are_bound(one, other)
    ]
    if not bound:
        return "", ""
    return (
        f"; if that can be, for they are computed from the same values: {bound[0]}",
        f"；前提是该情形可能出现，因为它们由相同的值算出：{bound[0]}",
    )


def _are_bound(one: Input, other: Input) -> bool:
    """Whether two inputs share a value, one of them being computed from it."""
    if one.name and other.name:
        return False
    return bool(cited_names(one.expression) & cited_names(other.expression))
