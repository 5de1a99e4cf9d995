"""Cells as people write them: what they mean, how they are written back, what is refused."""

import time
from contextlib import suppress

import pytest

from headrace.decisions.feel import parse, parse_tests
from headrace.decisions.feel.tree import Literal
from headrace.decisions.tables.cells import (
    LONGEST,
    parts,
    read_output,
    read_tests,
    show_output,
    show_tests,
)
from headrace.errors import MappingError

NAMES = {"cap", "base rate", "金额（元）"}


@pytest.mark.parametrize(
    ("cell", "feel"),
    [
        ("", "-"),
        (" - ", "-"),
        ("D", '"D"'),
        ("decline, refer", '"decline", "refer"'),
        ("A+, 制造业", '"A+", "制造业"'),
        ("cap", "cap"),
        ("> cap", "> cap"),
        ("base rate", "base rate"),
        ("not(A, B)", 'not("A", "B")'),
        ("TRUE, Null", "true, null"),
        ("2026-01-01", '@"2026-01-01"'),
        ("[2026-01-01..2026-02-01)", '[@"2026-01-01"..@"2026-02-01")'),
        (">= 2026-01-01T08:00:00+08:00", '>= @"2026-01-01T08:00:00+08:00"'),
        ('"2026-01-01"', '"2026-01-01"'),
        ("1, 500", "1, 500"),
        ("(1..2], foo", '(1..2], "foo"'),
        ("]1..2[, foo, [3..4[, bar", ']1..2[, "foo", [3..4[, "bar"'),
        ("[1..2), bar", '[1..2), "bar"'),
        ('contains(?, "a, b"), foo', 'contains(?, "a, b"), "foo"'),
        ("[], [1, 2], foo", '[], [1, 2], "foo"'),
        ("> 金额（元）", "> 金额（元）"),
    ],
)
def test_a_test_cell_means(cell, feel):
    assert read_tests(cell, NAMES) == parse_tests(feel, NAMES)


@pytest.mark.parametrize(
    ("cell", "feel"),
    [
        ("", "null"),
        ("-", "null"),
        ("decline", '"decline"'),
        ("0.30", "0.3"),
        ("min(cap * 0.25, 500)", "min(cap * 0.25, 500)"),
        ('"a, b"', '"a, b"'),
        ("2026-01-01", '@"2026-01-01"'),
    ],
)
def test_an_output_cell_means(cell, feel):
    assert read_output(cell, NAMES) == parse(feel, NAMES)


@pytest.mark.parametrize(
    ("cell", "problem", "expected"),
    [
        ("1,500", "a comma between digits", "1500 if that is one number"),
        ("＜ 3", "full-width ＜", "<, or the whole text in ASCII quotes"),
        ("“A”", "full-width “", '", or'),
        ("sales * 0.25", "words that name nothing, and an operator", "the name of an input"),
        ("> ", "an expression was expected", ""),
        ("x" * (LONGEST + 1), "10,001 characters", "at most 10,000"),
    ],
)
def test_a_trap_is_refused_with_what_was_expected(cell, problem, expected):
    for read in (read_tests, read_output):
        with pytest.raises(MappingError) as caught:
            read(cell, NAMES)
        assert cell[:20].strip() in caught.value.problem
        assert problem in caught.value.problem
        assert expected in caught.value.remedy


@pytest.mark.parametrize(
    ("feel", "cell"),
    [
        ("-", "-"),
        ('"decline", "refer"', "decline, refer"),
        ('"cap"', '"cap"'),
        ("cap", "cap"),
        ('"a, b", "c"', '"a, b", c'),
        ('"true"', '"true"'),
        ('"12"', '"12"'),
        ('> @"2026-01-01"', "> 2026-01-01"),
        ('@"P1Y"', '@"P1Y"'),
        ('" a"', '" a"'),
        (r'"a\"b\"c"', r'"a\"b\"c"'),
    ],
)
def test_a_cell_is_shown_as_short_as_it_can_be_read(feel, cell):
    assert show_tests(parse_tests(feel, NAMES), NAMES) == cell


def test_null_is_an_empty_output():
    assert show_output(Literal(None), NAMES) == ""
    assert show_output(parse('"null"'), NAMES) == '"null"'


def test_a_reference_that_nobody_told_is_not_written_as_a_text():
    with pytest.raises(MappingError, match="read as something else") as caught:
        show_output(parse("cap"), ())
    assert "tell the names" in caught.value.remedy


def test_parts_are_what_commas_divide():
    assert list(parts('a, "b, c", f(1, 2), {x: 1, y: 2}, [1, 2]')) == [
        "a",
        ' "b, c"',
        " f(1, 2)",
        " {x: 1, y: 2}",
        " [1, 2]",
    ]


@pytest.mark.parametrize(
    "piece", ['"', '\\"', '"\\', "(", "[", "]", "not(", "1,234,", ",", "[1..", "{a:", "a,"]
)
def test_hostile_cells_take_no_time(piece):
    cell = (piece * LONGEST)[:LONGEST]
    began = time.perf_counter()
    for read in (read_tests, read_output):
        with suppress(MappingError):
            read(cell, NAMES)
    assert time.perf_counter() - began < 2
