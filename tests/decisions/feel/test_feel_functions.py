"""Built-in functions: a line for each, and what they do at their edges."""

from decimal import Decimal

import pytest

from headrace.decisions.feel import BUILTINS, Notes, equal, evaluate, parse

CASES = [
    ('string length("贷款")', "2"),
    ('substring("overdue", 5)', '"due"'),
    ('substring("overdue", -3, 2)', '"du"'),
    ('upper case("Due")', '"DUE"'),
    ('lower case("Due")', '"due"'),
    ('substring before("a=b=c", "=")', '"a"'),
    ('substring after("a=b=c", "=")', '"b=c"'),
    ('contains("overdue", "due")', "true"),
    ('starts with("overdue", "over")', "true"),
    ('ends with("overdue", "over")', "false"),
    ('replace("2026-11-22", "(\\\\d+)-(\\\\d+)", "$2/$1")', '"11/2026-22"'),
    ('replace("a.b", ".", "-", "q")', '"a-b"'),
    ('matches("ab12", "^[a-z-[x]]+\\\\d{2}$")', "true"),
    ('matches("ABAB", "(ab)\\\\1", "i")', "true"),
    ('matches("a\\nb", "a.b", "s")', "true"),
    ('split("a;b;;c", ";")', '["a", "b", "", "c"]'),
    ('string join(["a", null, "c"], "-")', '"a-c"'),
    ('number("1.234,5", ".", ",")', "1234.5"),
    ("string(1.50)", '"1.5"'),
    ('string({a: [1, "x"], b: @"P1D"})', '"{a: [1, \\"x\\"], b: P1D}"'),
    ("not(true)", "false"),
    ("decimal(2.5, 0)", "2"),
    ("decimal(1/3, 2)", "0.33"),
    ("floor(-1.55, 1)", "-1.6"),
    ("ceiling(-1.55, 1)", "-1.5"),
    ("round up(1.01)", "2"),
    ("round down(-1.9)", "-1"),
    ("round half up(2.5)", "3"),
    ("round half down(2.5)", "2"),
    ("abs(-3)", "3"),
    ('abs(@"-P3D")', '@"P3D"'),
    ("modulo(-12, 5)", "3"),
    ("modulo(10.1, -4.5)", "-3.4"),
    ("sqrt(16)", "4"),
    ("decimal(exp(log(5)), 9)", "5"),
    ("odd(-3)", "true"),
    ("even(4)", "true"),
    ("list contains([1, null], null)", "true"),
    ("count([1, 2])", "2"),
    ("min(3, 1, 2)", "1"),
    ('max(["a", "c", "b"])', '"c"'),
    ("sum([1, 2, 3])", "6"),
    ('sum([@"P1D", @"PT12H"])', '@"P1DT12H"'),
    ("mean(1, 2, 6)", "3"),
    ("product([2, 3, 4])", "24"),
    ("median([1, 9, 3, 5])", "4"),
    ("stddev([2, 4, 6])", "2"),
    ("mode([3, 1, 3, 1, 2])", "[1, 3]"),
    ("all([true, null, false])", "false"),
    ("any([])", "false"),
    ("sublist([1, 2, 3, 4], -3, 2)", "[2, 3]"),
    ("append([1], 2, 3)", "[1, 2, 3]"),
    ("concatenate([1], [2], [[3]])", "[1, 2, [3]]"),
    ("insert before([1, 3], 2, 2)", "[1, 2, 3]"),
    ("remove([1, 2, 3], -1)", "[1, 2]"),
    ("list replace([1, 2, 3], 2, 9)", "[1, 9, 3]"),
    ("list replace([1, 5, 9], function(item, new) item > 4, 0)", "[1, 0, 0]"),
    ("reverse([1, 2])", "[2, 1]"),
    ("index of([1, 2, 1], 1)", "[1, 3]"),
    ("union([1, 2], [2, 3])", "[1, 2, 3]"),
    ("distinct values([1, 2, 1])", "[1, 2]"),
    ("flatten([[1, [2]], 3])", "[1, 2, 3]"),
    ("sort([3, 1, 2], function(a, b) a > b)", "[3, 2, 1]"),
    ("sort([3, 1, 2])", "[1, 2, 3]"),
    ("date(2024, 2, 29)", '@"2024-02-29"'),
    ('date(@"2024-02-29T10:00:00")', '@"2024-02-29"'),
    ('time("10:20:30.5Z")', '@"10:20:30.5Z"'),
    ("time(10, 20, 30)", '@"10:20:30"'),
    ('date and time(@"2024-02-29", @"10:00:00")', '@"2024-02-29T10:00:00"'),
    ('date and time("2024-02-29")', '@"2024-02-29T00:00:00"'),
    ('duration("P1DT36H")', '@"P2DT12H"'),
    ('years and months duration(@"2024-02-29", @"2026-01-31")', '@"P1Y11M"'),
    ('@"2024-01-31" + @"P1M"', '@"2024-02-29"'),
    ('@"2024-02-29T23:30:00" + @"PT1H"', '@"2024-03-01T00:30:00"'),
    ('is(@"10:00:00Z", @"10:00:00@Etc/UTC")', "false"),
    ('day of year(@"2024-12-31")', "366"),
    ('day of week(@"2026-11-22")', '"Sunday"'),
    ('month of year(@"2026-11-22")', '"November"'),
    ('week of year(@"2021-01-03")', "53"),
    ('get value({a: 1}, "a")', "1"),
    ("get entries({a: 1})", '[{key: "a", value: 1}]'),
    ('context([{key: "a", value: 1}])', "{a: 1}"),
    ('context put({a: {b: 1}}, ["a", "c"], 2)', "{a: {b: 1, c: 2}}"),
    ("context merge([{a: 1}, {a: 2, b: 3}])", "{a: 2, b: 3}"),
    ('range("(1..5]")', "(1..5]"),
    ("before([1..5), [5..9])", "true"),
    ("after(10, [1..5])", "true"),
    ("meets([1..5], [5..9])", "true"),
    ("met by([5..9], [1..5])", "true"),
    ("overlaps([1..5], [5..9])", "true"),
    ("overlaps before([1..5], [3..9])", "true"),
    ("overlaps after([3..9], [1..5])", "true"),
    ("finishes(5, [1..5])", "true"),
    ("finished by([1..5], 5)", "true"),
    ("includes([1..5], [2..3])", "true"),
    ("during([2..3], [1..5])", "true"),
    ("starts(1, (1..5])", "false"),
    ("started by([1..5], [1..2])", "true"),
    ("coincides([1..5], [1..5])", "true"),
    ("before((< 5), [5..9])", "true"),
]
NULLS = [
    'substring("abc", 4)',
    'split("abc", "(a*)*")',
    'matches("a", "a", "z")',
    'replace("a", "a", "$")',
    'number("1,5")',
    'number("1,5", ",", ",")',
    "not(1)",
    "decimal(1, 7000)",
    "modulo(1, 0)",
    "log(0)",
    "even(1.5)",
    "min([])",
    'max([1, "a"])',
    "sum([])",
    'mean([1, "a"])',
    "stddev([1])",
    "sublist([1, 2], 2, 2)",
    "remove([1], 2)",
    "date(2023, 2, 29)",
    'date("2024-02-29T00:00:00")',
    'time("25:00:00")',
    'duration("P")',
    'range("[1..x]")',
    'range("[5..1]")',
    "context([{key: 1, value: 1}])",
    'context put({a: 1}, ["a", "b"], 2)',
    "context merge([1])",
    'before(1, "a")',
    'sort([1, "a"])',
    "any([1])",
    'string join(["a", 1])',
    "floor(1.5, null)",
    "abs(m: 1)",
    "count()",
    "sum([9e6144, 9e6144])",
    "product(9e6144, 10)",
]


def of(text, notes):
    return evaluate(parse(text), {}, notes)


@pytest.mark.parametrize(("text", "wanted"), CASES)
def test_function(text, wanted):
    notes = Notes()
    value, expected = of(text, notes), of(wanted, notes)
    assert equal(value, expected, notes) is True, (value, notes.notes)


@pytest.mark.parametrize("text", NULLS)
def test_null_with_a_note(text):
    notes = Notes()
    assert of(text, notes) is None
    assert notes.notes


def test_every_function_has_a_line_here():
    told = " ".join(text for text, _ in CASES) + "now() today()"
    assert [name for name in BUILTINS if f"{name}(" not in told] == []


def test_named_arguments_come_in_any_order():
    notes = Notes()
    assert of('substring(start position: 2, string: "abc")', notes) == "bc"
    assert of("decimal(scale: 1, n: 2.25)", notes) == Decimal("2.2")
