"""Classes on the grid: each has a value that is in it, and those that have none are left out."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.decisions.dmn.tree import HitPolicy
from headrace.decisions.feel import parse
from headrace.decisions.program.case_grid import grid_of, has_whole
from headrace.decisions.program.case_words import box_words, column_words, example, value_in
from headrace.decisions.program.columns import column_of_values
from headrace.decisions.tables.cells import read_tests
from headrace.decisions.tables.table import Input, Output, Rule, Table

LITERALS = {
    "number": ["0", "1", "1.5", "0.1", "-3", "1e30", "9007199254740993", "0.30000000000000001"],
    "string": ['""', '"A"', '"AA"', '"a b"', '"其他"', '"other"'],
    "boolean": ["true", "false"],
    "date": ['date("2026-01-01")', 'date("2026-01-02")', 'date("2026-02-28")'],
    "date and time": [
        'date and time("2026-01-01T00:00:00Z")',
        'date and time("2026-01-01T00:00:01Z")',
        'date and time("2026-01-01T08:00:00.0000005+08:00")',
    ],
    "days and time duration": ['duration("PT0S")', 'duration("PT0.0000015S")', 'duration("P2D")'],
}
FORMS = ("{}", "< {}", "<= {}", "> {}", "not({})")


def table_of(kind: str, *cells: str, values: str = "-") -> Table:
    rules = tuple(Rule((read_tests(cell, ()),), (parse("1", ()),)) for cell in cells)
    column = Input(parse("x", {"x"}), kind, read_tests(values, ()))
    return Table("t", HitPolicy.FIRST, None, (column,), (Output("o"),), (), rules)


def cells(kind):
    forms = FORMS if kind != "boolean" else ("{}", "not({})")
    return st.builds(str.format, st.sampled_from(forms), st.sampled_from(LITERALS[kind]))


@pytest.mark.parametrize("kind", LITERALS)
@settings(deadline=None, max_examples=40)
@given(st.data())
def test_a_possible_class_has_a_value_that_is_in_it(kind, data):
    table = table_of(kind, *data.draw(st.lists(cells(kind), min_size=1, max_size=4)))
    (column,) = grid_of(table, {}).columns
    assert column.possible[-1]
    for number in np.flatnonzero(column.possible[:-1]).tolist():
        value = value_in(column.classes, number)
        found = column_of_values([value])
        assert found.kind == kind
        words = found.values.tolist()
        if kind == "number" and abs(value) > 2**53 and abs(value) < 2**63:
            words = [int(value)]  # a column of whole numbers
        assert column.classes.of_word(found.texts[0] if kind == "string" else words[0]) == number
    assert value_in(column.classes, column.classes.missing) is None


@pytest.mark.parametrize(
    ("kind", "cells", "present"),
    [
        ("boolean", ["true"], 2),
        ("boolean", ["false"], 2),
        ("boolean", ["true", "false"], 2),
        ("date", ["2026-01-01", "2026-01-02"], 4),  # before, the two, after
        ("date", ["2026-01-01", "2026-01-03"], 5),
        ("string", ['""'], 2),
        ("number", ["0.1"], 3),
        ("number", ["0.10000000000000000000001"], 2),  # no double is that number
        ("number", ["9007199254740993"], 3),  # but a whole number is that one
    ],
)
def test_classes_without_a_value_are_left_out(kind, cells, present):
    (column,) = grid_of(table_of(kind, *cells), {}).columns
    assert int(column.possible[:-1].sum()) == present


@given(st.integers(-20, 20), st.integers(0, 20))
def test_whole_numbers_between_two_decimals(low, width):
    one, other = Decimal(low) / 4, Decimal(low + width) / 4
    inside = [n for n in range(-6, 12) if (one < n < other or one == n == other)]
    assert has_whole(one, other) == bool(inside)


def test_has_whole_knows_64_bits():
    assert not has_whole(Decimal(2**63), Decimal(2**63))
    assert has_whole(Decimal(2**63 - 1), Decimal(2**63 - 1))


@pytest.mark.parametrize(
    ("kind", "cells", "held", "words"),
    [
        ("number", ["< 1", "[1..5]"], {0, 5}, "x < 1 or missing"),
        ("number", ["< 1", "[1..5]"], {1, 2}, "x in [1..5)"),
        ("number", ["< 1", "[1..5]"], {0, 2, 3}, "x < 1 or in (1..5]"),
        ("number", ["< 1", "[1..5]"], {1}, "x = 1"),
        ("number", ["< 1", "[1..5]"], {0, 1, 2, 3, 4}, "x not missing"),
        ("string", ["A", "B"], {0, 2, 4}, "x is none of A, B"),
        ("string", ["A", "B"], {1, 3, 5}, "x is one of A, B or missing"),
        ("string", ["A", "B"], {0, 1, 2, 4}, "x != B"),
        ("boolean", ["true"], {0}, "x = false"),
        ("number", ["1"], {3}, "x missing"),
    ],
)
def test_classes_in_words(kind, cells, held, words):
    (column,) = grid_of(table_of(kind, *cells), {}).columns
    which = np.isin(np.arange(len(column.classes)), list(held))
    assert column_words(column, which)[0] == words


def test_many_values_are_counted():
    grid = grid_of(table_of("string", ", ".join(f"v{at:02}" for at in range(20))), {})
    en, zh = box_words(grid, grid.boxes.bits[0])
    assert en == "x is one of v00, v01, v02, v03, v04, v05 and 14 more"
    assert zh == "x 属于 v00、v01、v02、v03、v04、v05 等 20 个"


def test_a_value_is_as_simple_as_there_is():
    def between(kind, low, high):
        grid = grid_of(table_of(kind, f"]{low}..{high}["), {})
        return example(grid, grid.boxes.bits[0])[0][1]

    assert between("number", "0.3", "0.4") == Decimal("0.35")
    assert between("number", "0", "10") == 5
    assert between("number", "-7.5", "-3.2") == -6
    assert between("number", "0.1", "0.1000001") == Decimal("0.10000005")
    day = between("date", "2026-01-01", "2026-02-01")
    assert day.ordinal() == (date(2026, 1, 1) - date(1970, 1, 1) + timedelta(1)).days


def test_kinds_come_from_the_type_then_from_the_caller_then_from_the_cells():
    assert grid_of(table_of("", "1", "A", "B"), {}).columns[0].classes.kind == "string"
    assert grid_of(table_of("", "1", "A", "B"), {"x": "number"}).columns[0].classes.kind == "number"
    assert grid_of(table_of("number", "A"), {"x": "string"}).columns[0].classes.kind == "number"
    assert grid_of(table_of("", "1", values="A, B"), {}).columns[0].classes.kind == "string"
    assert grid_of(table_of("", "null"), {}).columns[0].classes.kind == "Null"
    assert grid_of(table_of("time", 'time("10:00:00Z")'), {}).columns == ()
