"""Text that means harm: it ends soon, with a value or a FeelError, and never otherwise."""

import time

import pytest

from headrace.decisions.feel import (
    FeelError,
    Limits,
    Notes,
    check_size,
    evaluate,
    parse,
    parse_tests,
)

WALK = "for i in 1..90000 return "
LONG = '"' + "a" * 45_000 + '"'
DOUBLING = "for i in 1..60 return if i = 1 then [1] else [partial[-1], partial[-1]]"
TEXTS = {
    "parentheses": "(" * 5000 + "1" + ")" * 5000,
    "brackets": "[" * 5000,
    "minus": "-" * 5000 + "1",
    "contexts": "{a:" * 3000,
    "ifs": "if true then " * 3000,
    "functions": "function(a) " * 3000 + "1",
    "calls": "not(" * 3000,
    "types": "1 instance of " + "list<" * 3000,
    "long path": "a" + ".a" * 20_000,
    "long chain": "=".join(["1"] * 20_000),
    "filters": "[1]" + "[item > 0]" * 2000,
    "words": "a " * 40_000,
    "comments": "/*" * 40_000,
    "spaces in a declaration": "for a" + " " * 90_000 + "x",
    "words in a declaration": "for " + "a " * 45_000,
    "spaces in a parameter": "function(a" + " " * 90_000 + "=",
    "spaces in a key": "{a" + " " * 90_000 + "=",
    "spaces in a type": "1 instance of context<a" + " " * 80_000,
    "long text": "1" + " " * 200_000,
    "spaced keys": "{" + ",".join(f"k {i} a: {i}" for i in range(4000)) + "}",
    "endless range": "for i in 1..1000000000000 return i",
    "wide walk": "for i in 1..99999, j in 1..99999 return i",
    "large lists": "count(" + WALK + "[i, i, i])",
    "quantified": "some a in 1..1000, b in 1..1000, c in 1..1000 satisfies a + b + c < 0",
    "strings double": 'for i in 1..60 return if i = 1 then "aaaa" else partial[-1] + partial[-1]',
    "lists double": "for i in 1..60 return if i = 1 then [1] else concatenate(partial[-1],"
    " partial[-1])",
    "printed doubles": f"string({DOUBLING})",
    "flattened doubles": f"flatten({DOUBLING})",
    "equal doubles": f"({DOUBLING}) = ({DOUBLING})",
    "long prints": "for i in 1..50000 return string(1e6000)",
    "long cases": WALK + f"upper case({LONG})",
    "long searches": WALK + f'contains({LONG}, "b")',
    "long parts": WALK + f"substring({LONG}, 2)",
    "long equals": WALK + f"{LONG} = {LONG}",
    "recursion": "(function(f) f(f))(function(f) f(f))",
    "sorting": "sort(for i in 1..50000 return modulo(i * 7919, 10007), function(a, b) a < b)",
    "distinct": "distinct values(for i in 1..50000 return i)",
    "nested plus": 'matches("' + "a" * 5000 + '!", "(a+)+$")',
    "alternatives": 'matches("' + "a" * 5000 + '!", "(a|aa)+$")',
    "empty loops": 'matches("' + "a" * 5000 + '!", "(a*)*(a*)*b")',
    "back references": 'matches("' + "a" * 5000 + '!", "(.*)(.*)(.*)(.*)\\\\1\\\\2b")',
    "long repeats": f'matches({LONG}, "a{{9000}}b")',
    "repeated repeats": 'matches("a", "(((a{1000}){1000}){1000}){1000}")',
    "deep groups": 'matches("a", "' + "(" * 1500 + '")',
    "large replacements": f'replace({LONG}, "a", {LONG})',
    "power": "9999999999 ** 999999999",
    "small power": "1.0000000000000000000001 ** 99999999999999999999.5",
    "exponential": "exp(99999999999999)",
    "digits": "1" + "0" * 90_000,
    "huge exponent": "1e999999999",
    "huge modulo": "modulo(1e6000, 3)",
    "huge scale": "decimal(1/3, 6000)",
    "huge duration": '@"2020-01-01" + duration("P999999999999999999Y")',
    "huge index": "[1, 2, 3][1e6000]",
    "huge position": 'substring("abc", 1e6000, 1e6000)',
    "huge parts": "[date(1e6000, 1, 1), time(1e20, 0, 0), even(1e6000), sublist([1], 1e6000)]",
    "zone is a path": 'time("10:00:00@../../etc/passwd")',
    "long zone": 'time("10:00:00@' + "a" * 50_000 + '")',
    "bad escape": r'"\U110000"',
    "half a pair": r'"\uD800"',
    "nul": "\x00",
}


SOON_SECONDS = 20
"""Not a measurement: what grows with the square or worse takes minutes, on any machine."""


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_hostile_text_ends_soon(text):
    started = time.perf_counter()
    try:
        value = evaluate(parse(text), {})
    except FeelError as error:
        value = error.problem
    assert time.perf_counter() - started < SOON_SECONDS
    assert len(repr(value)) < 10_000_000


def test_a_test_of_spaces_ends():
    started = time.perf_counter()
    with pytest.raises(FeelError):
        parse_tests("-" + " " * 50_000 + "x y =")
    assert time.perf_counter() - started < SOON_SECONDS


def test_a_value_that_shares_its_parts_is_weighed_as_written():
    entries = ", ".join(f"k{i}: [k{i - 1}, k{i - 1}]" for i in range(1, 58))
    tree = parse("{k0: [1], " + entries + "}")
    with pytest.raises(FeelError, match="items"):
        evaluate(tree, {})
    notes = Notes()
    value = evaluate(tree, {}, notes)
    with pytest.raises(FeelError, match="items"):
        check_size(value, notes)


def test_a_value_nested_without_end_is_refused():
    deep = "for i in 1..500 return if i = 1 then [1] else [partial[-1]]"
    with pytest.raises(FeelError, match="deep"):
        evaluate(parse(deep), {})


def test_a_run_has_one_budget_for_all_its_expressions():
    notes = Notes(limits=Limits(steps=100))
    tree = parse("1 + 1")
    for _ in range(33):
        assert evaluate(tree, {}, notes) == 2
    with pytest.raises(FeelError, match="100 steps"):
        evaluate(tree, {}, notes)


def test_names_of_python_are_no_names_here():
    notes = Notes()
    for text in ("__import__", "().__class__", '"a".__class__', "{}.keys", "[].append"):
        assert evaluate(parse(text.replace("()", '""')), {}, notes) in (None, [])
    assert notes.notes


def test_long_sums_do_not_nest():
    assert evaluate(parse("+".join(["1"] * 3000)), {}) == 3000
    assert evaluate(parse(" or ".join(["false"] * 3000)), {}) is False
