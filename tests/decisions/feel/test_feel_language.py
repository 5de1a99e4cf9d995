"""Expressions: what each part of the language says, and the note every null leaves."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.decisions.feel import (
    Date,
    DateTime,
    DaysTime,
    FeelError,
    Function,
    NamedType,
    Notes,
    Range,
    Time,
    YearsMonths,
    evaluate,
    kind,
    matches,
    order,
    parse,
    parse_tests,
    spelled,
    temporal,
)

LOAN = {
    "loan": {"amount": Decimal(4200), "term": Decimal(12), "first due": Date(2026, 1, 31)},
    "Applicant's age": Decimal(34),
    "debt-to-income": Decimal("0.42"),
    "payments": [
        {"due": Date(2026, 1, 31), "paid amount": Decimal(350)},
        {"due": Date(2026, 2, 28), "paid amount": Decimal(0)},
        {"due": Date(2026, 3, 31), "paid amount": None},
    ],
}
VALUES = {
    "1 + 2 * 3 - 4 / 8": "6.5",
    "2 ** 3 ** 2": "64",
    "-2 ** 2": "4",
    "(1 + 2) * -3": "-9",
    "0.1 + 0.2": "0.3",
    "loan.amount / loan.term": "350",
    "debt-to-income * 100": "42",
    "Applicant's age - 4": "30",
    "if Applicant's age >= 18 then 1 else 0": "1",
    "count(payments[paid amount > 0])": "1",
    "payments[1].paid amount": "350",
    "payments[-2].paid amount": "0",
    "count(payments.due)": "3",
    "loan.first due.month": "1",
    "sum(for p in payments[paid amount != null] return p.paid amount)": "350",
    "{rate: 2, twice it: rate * 2}.twice it": "4",
    "{net-net: 7}.net-net": "7",
    "(function(a: number, b) a - b)(b: 1, a: 3)": "2",
    "[1, 2, 3][item > 1][1]": "2",
    "max([4, 7, 2])": "7",
    "1 /* one */ + 2 // and two": "3",
    '@"2026-03-31".weekday': "2",
    '(@"2026-03-31" - @"2026-03-01") / @"P1D"': "30",
    "for i in 1..4 return if i = 1 then 1 else i * partial[-1]": None,
}
TRUTHS = {
    "3 in [1..5]": True,
    "5 in [1..5)": False,
    "1 in ]1..5]": False,
    "3 in (< 2, > 2)": True,
    '"b" in ("a", "b")': True,
    "3 in [1, [2..4]]": True,
    "4 between 1 and 4": True,
    "1 = null": False,
    "null = null": True,
    '1 = "1"': None,
    "[1, {a: 2}] = [1, {a: 2}]": True,
    "true and null": None,
    "false and null": False,
    "null or true": True,
    "null or false": None,
    'true and "x"': None,
    "some x in [1, 2], y in [2, 3] satisfies x = y": True,
    "every x in [] satisfies false": True,
    "every p in payments satisfies p.paid amount >= 0": None,
    '@"2026-01-31" < loan.first due': False,
    '@"10:00:00+01:00" = @"09:00:00Z"': True,
    '@"2026-07-01T00:00:00@Europe/Paris" = @"2026-06-30T22:00:00Z"': True,
    '@"P1Y" = @"P12M"': True,
    '@"P1Y" = @"P365D"': None,
    "1 instance of number": True,
    "[1, 2] instance of list<number>": True,
    '[1, "a"] instance of list<number>': False,
    "{a: 1} instance of context<a: number>": True,
    "[1..2] instance of range<number>": True,
    "(function(a: number) a) instance of function<number> -> Any": True,
    'duration("P1D") instance of days and time duration': True,
    "null instance of number": False,
    "(< 5) = (null..5)": False,
    "[1..5].start included": True,
}
PROBLEMS = {
    "1 +": "the end",
    "if true then 1": "'else'",
    "[1, 2": "']'",
    '"open': "Close the string",
    "{a: 1, a: 2}": "twice",
    '@"2026-13-01"': "no date",
    "for x return 1": "'in'",
    "1 2": "an operator",
    "a.(1)": "after '.'",
    "1 instance of list<": "A type",
    "#": "begins nothing",
}
NOTES = {
    "1 / 0": "no result",
    "missing + 1": "Nothing is named 'missing'",
    "loan.colour": "no 'colour'",
    '1 + "a"': "a number and a string",
    '1 < "a"': "a number and a string",
    "[1][2]": "no item 2",
    'number("x")': "no number",
    'substring("abc", 0)': "outside",
    "loan(1)": "called as a function",
    "(function(a) a)(1, 2)": "takes 1, not 2",
    '(function(a: number) a)("x")': "given for a",
    "now()": "no moment",
    'matches("a", "(")': "not closed",
    'function(a) external {java: {class: "C"}}': "never run",
    "sqrt(-1)": "square root",
    "abs()": "it takes abs(",
}


def of(text, names=LOAN, notes=None):
    return evaluate(parse(text, names), names, notes)


@pytest.mark.parametrize("text", VALUES)
def test_numbers(text):
    wanted = VALUES[text]
    assert of(text) == (Decimal(wanted) if wanted else [1, 2, 6, 24])


@pytest.mark.parametrize("text", TRUTHS)
def test_truths(text):
    assert of(text) is TRUTHS[text]


@pytest.mark.parametrize("text", PROBLEMS)
def test_what_is_no_feel_says_where_and_what_was_expected(text):
    with pytest.raises(FeelError, match="character") as caught:
        parse(text)
    assert PROBLEMS[text] in str(caught.value)


@pytest.mark.parametrize("text", NOTES)
def test_every_silent_null_leaves_a_note(text):
    notes = Notes()
    assert of(text, notes=notes) is None
    assert NOTES[text] in notes.notes[0].text


def test_a_note_says_where():
    notes = Notes(where="decision 'Rate'")
    of("1 + (2 / 0)", notes=notes)
    assert (notes.notes[0].at, notes.notes[0].where) == (7, "decision 'Rate'")


def test_the_longest_name_in_scope_wins():
    scope = {"a": Decimal(5), "b": Decimal(3), "a-b": Decimal(100)}
    assert of("a-b", scope) == 100
    assert of("a - b", scope) == 2
    assert of("a-b", {"a": Decimal(5), "b": Decimal(3)}) == 2


def test_names_may_hold_keywords_where_they_are_in_scope():
    scope = {"days in arrears": Decimal(3), "days": Decimal(7)}
    assert of("days in arrears + days", scope) == 10


def test_inner_names_hide_outer_ones():
    assert of("(for amount in [1] return amount)[1]", {"amount": Decimal(9)}) == 1
    assert of("[{amount: 1}][amount = 1].amount", {"amount": Decimal(9)}) == [1]


def test_the_moment_is_an_argument():
    moment = DateTime(Date(2026, 11, 22), Time(9, 30, 0, offset=8 * 3600))
    assert of("now()", notes=Notes(moment=moment)) == moment
    assert of("today()", notes=Notes(moment=moment)) == Date(2026, 11, 22)


def test_types_of_a_model():
    notes = Notes(types={"tAge": lambda value: isinstance(value, Decimal) and value < 150})
    assert of("34 instance of tAge", notes=notes) is True
    assert of("340 instance of tAge", notes=notes) is False


def test_functions_of_the_caller():
    double = Function((("n", NamedType("number")),), lambda n: n * 2, "double")
    scope = {"double": double}
    assert of("double(4)", scope) == 8
    assert of("double(n: [4])", scope) == 8
    assert of('double("x")', scope) is None


@pytest.mark.parametrize(
    ("cell", "value", "wanted"),
    [
        ("-", None, True),
        ("< 700", Decimal(699), True),
        ("[600..700)", Decimal(700), False),
        ('"A", "B"', "B", True),
        ('not("A", "B")', "C", True),
        ("not(< 3)", Decimal(2), False),
        ("? > 1 and ? < 3", Decimal(2), True),
        ("limit", Decimal(10), True),
        ("> limit", Decimal(10), False),
        ("null", None, True),
        ("< 700", None, None),
        ("true", False, False),
        ("true", True, True),
        ("true", None, False),  # a literal asks for that value, a condition for its truth
        ("true", Decimal(1), None),
        ("yes", None, True),
        ("< 700", "x", None),
        ('@"2026-01-01"', Date(2026, 1, 1), True),
        ("[1, 2]", Decimal(2), True),
        ('starts with(?, "A")', "AB", True),
    ],
)
def test_cells(cell, value, wanted):
    scope = {"limit": Decimal(10), "yes": True}
    assert matches(parse_tests(cell, scope), value, scope, Notes()) is wanted


def test_trees_are_values():
    assert parse("1 + a") == parse("1   +\n a")
    assert parse("1 + a") != parse("1 - a")


def test_ranges_and_their_parts():
    assert of("[1..3)") == Range(Decimal(1), Decimal(3), low_included=True, high_included=False)
    assert of('[for d in @"2026-01-30"..@"2026-02-01" return d.day]') == [[30, 31, 1]]
    assert of("for i in 3..1 return i") == [3, 2, 1]


numbers = st.decimals(-(10**9), 10**9, places=3)
days = st.builds(
    Date.of_ordinal,
    st.integers(min_value=-300_000_000_000, max_value=300_000_000_000),
)
times = st.builds(
    Time,
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 999_999_999),
    st.none() | st.integers(-14 * 60, 14 * 60).map(lambda minutes: minutes * 60),
)
temporals = (
    days
    | times
    | st.builds(DateTime, days, times)
    | st.builds(DaysTime, st.integers(-(10**25), 10**25))
    | st.builds(YearsMonths, st.integers(-(10**9), 10**9))
)


@given(temporals)
def test_temporal_values_are_read_as_they_are_written(value):
    assert temporal(spelled(value)) == value
    assert of(f'@"{spelled(value)}"') == value


plain = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.from_regex(r"[a-z]{1,5}( [a-z]{1,5})?", fullmatch=True), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(plain)
def test_values_are_read_as_string_writes_them(value):
    text = of("string([v])", {"v": value})
    assert of(f"({text})[1] = v", {"v": value}) is True


@given(days, st.integers(-10_000, 10_000))
def test_days_are_counted_whole(day, count):
    moved = of('day + n * @"P1D"', {"day": day, "n": Decimal(count)})
    assert moved.ordinal() - day.ordinal() == count


@given(numbers, numbers)
def test_exactly_one_of_less_equal_more(left, right):
    scope = {"a": left, "b": right}
    assert [of(f"a {sign} b", scope) for sign in ("<", "=", ">")].count(True) == 1
    assert (order(left, right) == 0) is of("a = b", scope)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        told = kind(of(text, {}, Notes()))
    except FeelError as error:
        told = error.problem
    assert told
