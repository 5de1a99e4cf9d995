import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.decisions.sfeel import (
    Anything,
    Equal,
    NoneOf,
    OneOf,
    Range,
    branches,
    literal_kind,
    literal_text,
    parse_literal,
    parse_test,
)
from headrace.errors import MappingError

TENTH, FIFTH = Decimal("0.1"), Decimal("0.2")

READS = [
    ("-", Anything()),
    ("", Anything()),
    ("  ", Anything()),
    ("A", Equal("A")),
    ('"A"', Equal("A")),
    ("food & drink", Equal("food & drink")),
    ("制造业", Equal("制造业")),
    ('"a ""b"', None),
    (r'"say \"no\""', Equal('say "no"')),
    ("true", Equal(True)),
    ("FALSE", Equal(False)),
    ("null", Equal(None)),
    ("0.2", Equal(FIFTH)),
    ("-3", Equal(Decimal(-3))),
    (".5", Equal(Decimal("0.5"))),
    ("1E+06", Equal(Decimal(1_000_000))),
    ('"0.2"', Equal("0.2")),
    ("< 0.2", Range(None, FIFTH)),
    ("<=0.2", Range(None, FIFTH, high_closed=True)),
    ("> -1", Range(Decimal(-1), None)),
    (">= 0.1", Range(TENTH, None, low_closed=True)),
    ("[0.1..0.2]", Range(TENTH, FIFTH, True, True)),
    ("[0.1..0.2)", Range(TENTH, FIFTH, True, False)),
    ("(0.1..0.2]", Range(TENTH, FIFTH, False, True)),
    ("]0.1..0.2[", Range(TENTH, FIFTH)),
    ("[0.1 .. 0.2[", Range(TENTH, FIFTH, True, False)),
    ("[1..1]", Range(Decimal(1), Decimal(1), True, True)),
    ("A, B", OneOf((Equal("A"), Equal("B")))),
    ('"a, b",c', OneOf((Equal("a, b"), Equal("c")))),
    ("< 0.1, 0.2, null", OneOf((Range(None, TENTH), Equal(FIFTH), Equal(None)))),
    ("1, 500", OneOf((Equal(Decimal(1)), Equal(Decimal(500))))),
    ("not(A)", NoneOf((Equal("A"),))),
    ("not ( A, > 0.2 )", NoneOf((Equal("A"), Range(FIFTH, None)))),
    ("not", Equal("not")),
    ("C39 - electronics", Equal("C39 - electronics")),
]

REFUSED = [
    ("< A", "a number"),
    ("< 20%", "not 20%"),
    ("<", "a number"),
    ("[0.1..0.2", "ends the interval"),
    ("[0.1..0.2, A", "ends the interval"),
    ("[0.1, 0.2]", "two dots"),
    ("[0.2..0.1]", "lower bound first"),
    ("(1..1)", "lower bound first"),
    ("A,", "a number, a text"),
    (", A", "a number, a text"),
    ("A B(C)", "a comma or the end"),
    ("not(A", "closes not("),
    ("not()", "a number, a text"),
    ("not(A) B", "a comma or the end"),
    ("= 3", "tests such as"),
    ('"open', "tests such as"),
    ("A，B", "ASCII quotes"),
    ("＜0.2", "ASCII quotes"),
    ("1,500", "1500 if that is one number"),
    ("< 1,000,000", "1500 if that is one number"),
    ("007", "leading zeros"),
]


@pytest.mark.parametrize(("cell", "test"), [(cell, test) for cell, test in READS if test])
def test_a_cell_reads_as(cell, test):
    assert parse_test(cell) == test


@pytest.mark.parametrize(("cell", "test"), [(cell, test) for cell, test in READS if test])
def test_the_canonical_spelling_reads_the_same(cell, test):
    assert parse_test(str(test)) == test


@pytest.mark.parametrize(("cell", "expected"), REFUSED)
def test_a_cell_that_cannot_be_read_says_what_was_expected(cell, expected):
    with pytest.raises(MappingError) as caught:
        parse_test(cell)
    assert f"`{cell}`" in caught.value.problem
    assert expected in caught.value.remedy


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=8),
    st.decimals(-(10**9), 10**9, allow_nan=False, places=4),
)
numbers = st.decimals(-100, 100, allow_nan=False, places=2)


@st.composite
def ranges(draw):
    low, high = sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True)))
    closed = draw(st.tuples(st.booleans(), st.booleans()))
    return draw(
        st.sampled_from(
            [
                Range(low, high, *closed),
                Range(low, None, closed[0], False),
                Range(None, high, False, closed[1]),
            ]
        )
    )


@given(st.lists(st.one_of(scalars.map(Equal), ranges()), min_size=2, max_size=4), st.booleans())
def test_every_test_survives_being_written_and_read(tests, negated):
    test = NoneOf(tuple(tests)) if negated else OneOf(tuple(tests))
    assert parse_test(str(test)) == test
    assert branches(test) == tuple(tests)


@given(scalars)
def test_every_literal_survives_being_written_and_read(value):
    assert parse_literal(literal_text(value)) == value


@given(st.text(alphabet='AB01.,<>=[]()" -not\\x', max_size=12))
def test_no_cell_crashes(cell):
    with contextlib.suppress(MappingError):
        assert parse_test(str(parse_test(cell))) == parse_test(cell)


def test_an_output_is_one_literal():
    assert parse_literal(" - ") is None
    assert parse_literal("0.250") == Decimal("0.25")
    assert parse_literal("decline") == "decline"
    with pytest.raises(MappingError, match="one literal"):
        parse_literal("a, b")
    with pytest.raises(MappingError, match="a number, a text"):
        parse_literal("< 3")


def test_numbers_have_one_spelling():
    assert literal_text(Decimal("0.20")) == "0.2"
    assert literal_text(Decimal("1E+6")) == "1000000"
    assert literal_text(Decimal("-0")) == "0"


def test_kinds_in_words():
    assert [literal_kind(value) for value in (Decimal(1), "a", True, None)] == [
        "number",
        "text",
        "truth value",
        "missing value",
    ]
