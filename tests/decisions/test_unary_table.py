"""What the cells mean, in a table that anybody can correct: data/decisions/unary_tests.csv."""

import csv
from pathlib import Path

import policy_reference
import pyarrow as pa
import pytest

from headrace.decisions.columns import meets, read_column
from headrace.decisions.sfeel import literal_kind, parse_literal, parse_test

FILE = Path(__file__).parent.parent / "data" / "decisions" / "unary_tests.csv"
with FILE.open(encoding="utf-8", newline="") as opened:
    CASES = [tuple(row.values()) for row in csv.DictReader(opened)]


def value_of(text: str):
    """A number, a truth value, a text or, for the word missing, None."""
    value = None if text == "missing" else parse_literal(f'"{text}"' if "," in text else text)
    return float(value) if literal_kind(value) == "number" else value


@pytest.mark.parametrize(("cell", "text", "met", "why"), CASES)
def test_the_table_holds(cell, text, met, why):
    test, value = parse_test(cell), value_of(text)
    column = read_column(pa.array([value]))
    assert meets(test, column).tolist() == [met == "yes"], why
    assert policy_reference.meets(test, value) == (met == "yes"), why


@pytest.mark.parametrize("kind", [pa.int16(), pa.int64(), pa.float32(), pa.decimal128(21, 2)])
def test_numbers_of_any_type_are_numbers(kind):
    column = read_column(pa.array([1, None, 3], pa.int64()).cast(kind))
    assert meets(parse_test(">= 1"), column).tolist() == [True, False, True]
    assert meets(parse_test("1"), column).tolist() == [True, False, False]
    assert meets(parse_test("null"), column).tolist() == [False, True, False]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_texts_of_any_type_are_texts(kind):
    plain = pa.array(["A", None, "B"], kind)
    for array in (plain, plain.dictionary_encode(), pa.chunked_array([plain[:1], plain[1:]])):
        column = read_column(array)
        assert column.kind == "text"
        assert meets(parse_test("not(A)"), column).tolist() == [False, False, True]


def test_dictionaries_of_several_chunks_are_made_one():
    one = pa.array(["A", "B"]).dictionary_encode()
    other = pa.array(["B", None, "C"]).dictionary_encode()
    column = read_column(pa.chunked_array([one, other]))
    assert meets(parse_test("B"), column).tolist() == [False, True, True, False, False]


def test_no_chunks_at_all():
    column = read_column(pa.chunked_array([], pa.string()))
    assert meets(parse_test("-"), column).tolist() == []


@pytest.mark.parametrize("kind", [pa.date32(), pa.list_(pa.int64()), pa.timestamp("us")])
def test_types_that_no_test_can_be_asked_of(kind):
    assert read_column(pa.array([None], kind)) is None


def test_a_literal_of_another_type_is_never_met():
    numbers, texts = read_column(pa.array([1.0])), read_column(pa.array(["1"]))
    truths = read_column(pa.array([True]))
    assert not meets(parse_test('"1"'), numbers).any()
    assert not meets(parse_test("1, > 0"), texts).any()
    assert not meets(parse_test("1, >= 0"), truths).any()
    assert not meets(parse_test("true"), numbers).any()
