"""What the cells mean, in a table that anybody can correct: data/decisions/unary_tests.csv."""

import csv
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from headrace.decisions.feel import matches
from headrace.decisions.program.columns import Column, column_of_values, read_column
from headrace.decisions.program.outputs import Around, constant_of
from headrace.decisions.program.table_program import TableProgram
from headrace.decisions.tables.cells import read_output, read_tests
from headrace.decisions.tables.sheet import read_csv
from headrace.errors import InputError

FILE = Path(__file__).parents[2] / "data" / "decisions" / "unary_tests.csv"
with FILE.open(encoding="utf-8", newline="") as opened:
    CASES = [tuple(row.values()) for row in csv.DictReader(opened)]


def value_of(text: str):
    """A number, a truth value, a text or, for the word missing, None."""
    cell = f'"{text}"' if "," in text else text
    return None if text == "missing" else constant_of(read_output(cell, ()))[1]


def table_of(rows: str, policy: str = "FIRST", header: str = "in:x,out:y"):
    return read_csv(f"# table,t\n# hit policy,{policy}\n{header}\n{rows}\n", "t.csv")


def ask(table, **columns):
    read = {
        name: each if isinstance(each, Column) else read_column(pa.array(each), name)
        for name, each in columns.items()
    }
    count = len(next(iter(read.values())))
    return TableProgram(table).run(Around(read, count, None))


def given(found, name: str) -> list:
    return found.outputs[name].to_arrow().to_pylist()


@pytest.mark.parametrize(("cell", "text", "met", "why"), CASES)
def test_the_table_of_cells_holds(cell, text, met, why):
    value = value_of(text)
    tests = read_tests(cell, {"x"})
    assert (matches(tests, value, {"x": value}) is True) == (met == "yes"), why
    quoted = cell.replace('"', '""')
    found = ask(table_of(f'"{quoted}",1'), x=column_of_values([value]))
    assert found.fired.tolist() == [int(met == "yes")], why


@pytest.mark.parametrize("kind", [pa.int16(), pa.int64(), pa.float32(), pa.decimal128(21, 2)])
def test_numbers_of_any_type_are_numbers(kind):
    column = read_column(pa.array([1, None, 3], pa.int64()).cast(kind))
    for cell, met in ((">= 1", [1, 0, 1]), ("1", [1, 0, 0]), ("null", [0, 1, 0])):
        assert ask(table_of(f"{cell},1"), x=column).fired.tolist() == met


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_texts_of_any_type_are_texts(kind):
    plain = pa.array(["A", None, "B"], kind)
    for array in (plain, plain.dictionary_encode(), pa.chunked_array([plain[:1], plain[1:]])):
        column = read_column(array)
        assert ask(table_of('"not(A, null)",1'), x=column).fired.tolist() == [0, 0, 1]


def test_types_that_no_cell_can_be_asked_of():
    with pytest.raises(InputError, match="no test can be asked of"):
        read_column(pa.array([[1]]), "x")


def test_a_cell_for_another_type_is_never_met():
    for cell, value in (('"""1"""', 1.0), ('"1, > 0"', "1"), ('"1, >= 0"', True), ("true", 1.0)):
        assert ask(table_of(f"{cell},1"), x=[value]).fired.tolist() == [0]


def test_money_is_compared_exactly_beyond_a_double():
    money = pa.array([2**53, 2**53 + 1], pa.int64())
    assert ask(table_of(f"> {2**53},1"), x=read_column(money)).fired.tolist() == [0, 1]
    decimals = pa.array([Decimal("0.20"), Decimal("0.21")])
    assert ask(table_of("0.2,1"), x=read_column(decimals)).fired.tolist() == [1, 0]


def test_unique_reports_which_rules_overlap_and_where_none_is_met():
    found = ask(table_of("< 5,1\n[4..9],2\n> 20,3", "UNIQUE"), x=[1.0, 4.5, 6.0, 10.0, 30.0])
    assert found.fired.tolist() == [1, 0, 2, 0, 3]
    assert given(found, "y") == [1.0, None, 2.0, None, 3.0]
    problems = {each.code: each for each in found.problems}
    assert problems["overlap"].rules == (1, 2)
    assert problems["overlap"].where.tolist() == [False, True, False, False, False]
    assert (problems["no_rule"].count, problems["no_rule"].first) == (1, 3)


def test_collect_takes_the_least_or_the_greatest_and_says_all_that_were_met():
    rows, x = "-,900\n> 1,300\n> 2,300\n> 3,500", [1, 2, 3, 4]
    least = ask(table_of(rows, "COLLECT MIN"), x=x)
    assert given(least, "y") == [900.0, 300.0, 300.0, 300.0]
    spoke = np.split(least.hits, least.hits_at[1:-1])
    assert [each.tolist() for each in spoke] == [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]
    assert given(ask(table_of(rows, "COLLECT MAX"), x=x), "y") == [900.0] * 4


def test_a_default_stands_in_where_no_rule_is_met():
    text = "# table,t\n# hit policy,COLLECT MIN\n# default,out:y,0\nin:x,out:y\n> 1,0.3\n> 2,0.2\n"
    found = ask(read_csv(text, "t.csv"), x=[None, 1, 2, 3])
    assert given(found, "y") == [0.0, 0.0, 0.3, 0.2]
    assert found.problems == ()


def test_nobody_applies_to_any_table():
    for policy in ("FIRST", "UNIQUE", "COLLECT MIN"):
        found = ask(table_of("> 1,1\n-,2", policy), x=read_column(pa.array([], pa.float64())))
        assert (len(found.fired), found.problems) == (0, ())
