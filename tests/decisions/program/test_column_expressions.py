"""FEEL over whole columns says what the interpreter says, in every case and to the last bit."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from expressions_feel_reference import column_slow, truth_slow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.decisions import feel
from headrace.decisions.feel import FeelError, of_python
from headrace.decisions.program import expressions
from headrace.decisions.program.columns import NUMBER, Column, read_column
from headrace.decisions.program.expressions import column_of, silent_nulls, truth_of
from headrace.decisions.program.interpreted import Cases
from headrace.errors import InputError

MOMENT = of_python(datetime(2026, 3, 1, 12, 30, tzinfo=UTC))
NAMES = ("amount", "income", "count", "score", "rating", "city", "member", "born", "seen", "span")

# --- random columns

DOUBLES = st.one_of(
    st.sampled_from(
        [
            0.0,
            -0.0,
            0.1 + 0.2,
            0.3,
            1.0,
            2.5,
            -2.5,
            0.5,
            1e-7,
            5e-324,
            1.7e308,
            -1e22,
            1e15,
            2.0**53,
        ]
    ),
    st.integers(-10_000, 10_000).map(lambda cents: cents / 100),
    st.integers(-50, 50).map(float),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0, 1),
)
CELLS = {
    "amount": (pa.float64(), st.integers(-(10**8), 10**8).map(lambda cents: cents / 100)),
    "income": (pa.float64(), DOUBLES),
    "count": (pa.int64(), st.integers(-20, 20) | st.sampled_from([2**62, -(2**63), 2**53 + 1])),
    "score": (pa.float64(), st.floats(0, 1) | st.sampled_from([0.35, 0.1 + 0.2])),
    "rating": (pa.string(), st.sampled_from(["A", "B", "C", "", "é"])),
    "city": (pa.string(), st.sampled_from(["A", "Bonn", "b", "上海"])),
    "member": (pa.bool_(), st.booleans()),
    "born": (pa.date32(), st.dates()),
    "seen": (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
    "span": (pa.duration("us"), st.timedeltas(timedelta(days=-90_000), timedelta(days=90_000))),
}


@st.composite
def tables(draw) -> tuple[dict[str, Column], int]:
    count = draw(st.integers(1, 12))
    columns = {}
    for name, (kind, cells) in CELLS.items():
        column = draw(st.lists(st.none() | cells, min_size=count, max_size=count))
        columns[f"access.{name}" if name == "city" else name] = read_column(
            pa.array(column, kind), name
        )
    columns["access.level"] = columns["count"]
    return columns, count


# --- random expressions

CONSTANTS = ["0", "1", "-1", "2", "3", "0.1", "0.25", "2.5", "100", "10000", "1e3"]
LONG = ["0.30000000000000004", "12345678901234567890"]
NUMBERS = st.sampled_from(
    [*CONSTANTS, *LONG, "amount", "amount", "income", "count", "score", "access.level"]
)
TEXTS = st.sampled_from(['"A"', '"b"', '""', "rating", "rating", "access.city"])
TRUTHS = st.sampled_from(["true", "false", "member", "member", "null"])
MOMENTS = ['@"2001-02-03"', '@"2020-01-01T00:00:00Z"', '@"2020-01-01T10:00:00"']
TIMES = st.sampled_from(["born", "seen", "span", *MOMENTS, '@"P3D"', '@"P1Y"', "today()", "now()"])
ANYTHING = st.sampled_from(["null", "nobody", "access", "[amount, 2]", "{a: 1}", "access.nothing"])


def _join(*parts):
    return st.tuples(*(st.just(p) if isinstance(p, str) else p for p in parts)).map("".join)


def _numbers(inner):
    number, truth = inner["number"], inner["truth"]
    way = st.sampled_from(["floor", "ceiling", "round up", "round down", "round half up"])
    way = way | st.sampled_from(["round half down", "decimal"])
    return st.one_of(
        _join("(", number, st.sampled_from([" + ", " - ", " * ", " / "]), number, ")"),
        _join("(", number, st.sampled_from([" + ", " - ", " * ", " / "]), number, ")"),
        _join("(", number, " / ", number, ")"),
        _join(st.sampled_from(["min(", "max(", "sum(", "modulo("]), number, ", ", number, ")"),
        _join(way, "(", number, ", ", st.sampled_from(["0", "1", "2", "-2", "5"]), ")"),
        _join(st.sampled_from(["floor(", "ceiling(", "abs(", "sqrt(", "-("]), number, ")"),
        _join("(", number, " ** ", st.sampled_from(["2", "3", "0.5", "-1"]), ")"),
        _join("(if ", truth, " then ", number, " else ", number, ")"),
        _join("string length(", inner["text"], ")"),
        _join("(", inner["time"], ").days"),
        _join("count([", number, ", ", number, "])"),
    )


def _truths(inner):
    number, text, truth, time = (inner[kind] for kind in ("number", "text", "truth", "time"))
    some = st.one_of(number, number, text, time, truth, ANYTHING)
    signs = st.sampled_from([" = ", " != ", " < ", " <= ", " > ", " >= "])
    pairs = [_join("(", kind, signs, kind, ")") for kind in (number, text, time, some)]
    tests = st.one_of(
        _join("[", number, "..", number, ")"),
        _join("(", st.sampled_from(["< ", ">= ", "= ", "!= "]), some, ")"),
        _join("[", some, ", ", some, "]"),
        _join("(", some, ", ", some, ")"),
        _join("(? > ", number, ")"),
    )
    return st.one_of(
        *pairs,
        pairs[0],
        _join("(", truth, " and ", truth, ")"),
        _join("(", truth, " or ", truth, ")"),
        _join("not(", truth, ")"),
        _join("(", some, " between ", some, " and ", some, ")"),
        _join("(", number, " between ", number, " and ", number, ")"),
        _join("(", some, " in ", tests, ")"),
        _join("(", some, " instance of ", st.sampled_from(["number", "string", "date"]), ")"),
        _join("contains(upper case(", text, '), "B")'),
        _join("(some x in [1, 2] satisfies x > ", number, ")"),
    )


def _grown(depth: int) -> dict[str, st.SearchStrategy[str]]:
    found = {"number": NUMBERS, "text": TEXTS, "truth": TRUTHS, "time": TIMES}
    for _ in range(depth):
        inner = found
        text = _join("(if ", inner["truth"], " then ", inner["text"], " else ", inner["text"], ")")
        found = {
            "number": st.one_of(NUMBERS, _numbers(inner), ANYTHING, inner["text"])
            if depth == 1
            else st.one_of(NUMBERS, _numbers(inner), _numbers(inner)),
            "truth": st.one_of(TRUTHS, _truths(inner), _truths(inner)),
            "text": st.one_of(TEXTS, TEXTS, text, _join("(", inner["text"], ' + "x")')),
            "time": st.one_of(TIMES, TIMES, _join("(", inner["time"], " - ", inner["time"], ")")),
        }
    return found


GROWN = _grown(3)
EXPRESSIONS = st.one_of(
    GROWN["number"],
    GROWN["number"],
    GROWN["truth"],
    GROWN["truth"],
    GROWN["text"],
    GROWN["time"],
    _join("if ", GROWN["truth"], " then ", GROWN["number"], " else ", GROWN["text"]),
)
CELL_TESTS = st.one_of(
    _join(st.sampled_from(["< ", ">= ", "> ", "", ""]), GROWN["number"]),
    _join("[", NUMBERS, "..", GROWN["number"], "]"),
    _join("not(", GROWN["number"], ", > ", NUMBERS, ")"),
    _join(GROWN["text"], ", ", GROWN["truth"]),
    _join("? ", st.sampled_from(["> ", "= ", "!= ", "in "]), "(", GROWN["number"], ")"),
    GROWN["truth"],
)


def outcome(ask, *arguments):
    """What comes of it, comparable: the column's kind and words, or the kind of error."""
    try:
        found = ask(*arguments)
    except (InputError, FeelError) as error:
        return type(error)
    if isinstance(found, Column):
        words = found.feel_values()
        return found.kind, [str(word) for word in words]
    return found.tolist()


def env_names(env: dict[str, Column]) -> set[str]:
    return {name.partition(".")[0] for name in env}


@pytest.fixture(scope="module", autouse=True)
def small_blocks():
    """So that a dozen cases are several blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expressions, "BLOCK", 5)
        yield


RANDOM = settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@RANDOM
@given(text=EXPRESSIONS, table=tables())
def test_expressions_are_the_interpreters(text, table):
    env, count = table
    tree = feel.parse(text, env_names(env))
    wanted = outcome(column_slow, tree, env, count, MOMENT)
    assert outcome(column_of, tree, env, count, MOMENT) == wanted


@RANDOM
@given(text=CELL_TESTS, table=tables(), on=st.sampled_from(["access.city", *NAMES]))
def test_cells_are_the_interpreters(text, table, on):
    env, count = table
    value = env[on] if on in env else env["access.city"]
    tests = feel.parse_tests(text, env_names(env))
    wanted = outcome(truth_slow, tests, value, env, count, MOMENT)
    assert outcome(truth_of, tests, value, env, count, MOMENT) == wanted


# --- arithmetic, many rows

CALCULATIONS = """
a + b | a - b * 3 | a * b | a / b | (a / b) * b | a / b > c | a / b = c / b | a / 12 * 0.4
floor(a / b) | round half up(a / b, 2) | round half up(a * 0.0725, 2) | decimal(a / 8, 1)
ceiling(a * b, -2) | round down(a / 7, 3) | round up(a * c, 1) | round half down(a / 4, 1)
floor(a / 10000) * 10000 | modulo(a, b) | sqrt(abs(a)) | sqrt(a) * sqrt(a) = a | a ** 3
a ** 2 / b | min(a, b, c / 3) | max(a * 0.1, b, 5) | sum(a, b, c) | (a + b + c) / 3
if a > b then a / 3 else c | if a > b then a else c * 0.1 | abs(a - b) <= c / 100
a between b and c | a in [b..c) | (if a > 0 then a / b else 5) >= 5
floor((if a > 0 then a / b else c), 1) | -(a / b) | -a * 0.3 | abs(a / b) | a / 0.05 | a / -4
a * 1000000 * 1000000 | a / 0.003 | decimal(sqrt(abs(a)), 4) | a / b / c | a * (b / c)
1 / (a - b) | min(a, 0.30000000000000004) | a = 0.1 + 0.2 | abs(a) | (a + 0.1) - 0.1 = a
floor(a / 3 * 3) | round half up(a / 3 * 1.5, 0) | round half down(a / 7 * 3.5, 1)
decimal(a / 3 * 1.5, 0) | ceiling(a / 7 * 7, 1) | round half up(a, 0) | round half up(a / 2)
round half up(a, 3) | round up(-a / 3, -1) | round half down(a * a, 1) | ceiling(sqrt(a))
""".replace("\n", "|").split("|")


def some_numbers(generator: np.random.Generator, count: int) -> Column:
    whole = generator.integers
    kinds = [
        lambda: np.round(generator.normal(0, 1e4, count), 2),
        lambda: whole(-30, 30, count),
        lambda: generator.random(count),
        lambda: generator.random(count) * 10.0 ** whole(-18, 18, count),
        lambda: np.round(generator.random(count), 4),
        lambda: whole(-(2**60), 2**60, count),
        lambda: whole(-(10**9), 10**9, count) * 1.0,
        lambda: whole(-(10**14), 10**14, count) / 100,
        lambda: whole(-40, 40, count) / 8,
        lambda: np.round(generator.random(count), 3) + 0.1 * whole(0, 2, count),
    ]
    values = kinds[whole(0, len(kinds))]()
    if values.dtype == np.float64 and generator.random() < 0.3:
        rare = generator.random(count) < 0.01
        values[rare] = generator.random(rare.sum()) * 10.0 ** whole(-300, 300, rare.sum())
    return Column(NUMBER, values, generator.random(count) > 0.05)


@pytest.mark.parametrize("text", [text.strip() for text in CALCULATIONS if text.strip()])
def test_calculations_are_the_interpreters_to_the_last_bit(text):
    count = 150
    for seed in range(3):
        generator = np.random.default_rng([seed, len(text)])
        env = {name: some_numbers(generator, count) for name in "abc"}
        tree = feel.parse(text, set(env))
        slow, fast = column_slow(tree, env, count, None), column_of(tree, env, count, None)
        assert (fast.kind, fast.present.tolist()) == (slow.kind, slow.present.tolist())
        there = slow.present
        assert fast.values[there].tobytes() == slow.values[there].tobytes()


# --- examples


def number_column(*values: float | None) -> Column:
    return read_column(pa.array(values, pa.float64()))


def text_column(*values: str | None) -> Column:
    return read_column(pa.array(values, pa.string()))


def shown(text: str, env: dict[str, Column], count: int) -> list:
    column = column_of(feel.parse(text, env_names(env)), env, count, MOMENT)
    return column.to_arrow().to_pylist()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("min(x * 0.25, 0.5)", [0.025, 0.5, None, 0.0]),
        ("x * 3 = 0.3", [True, False, False, False]),
        ("x + 0.2", [0.3, 2.7, None, 0.2]),
        ("10 / x", [100.0, 4.0, None, None]),
        ("1 / x * x = 1", [True, True, False, False]),
        ("x / 3 * 3 = x", [False, True, True, True]),
        ('if name = "A" then 0.05 else x + 0.01', [0.05, 2.51, None, 0.01]),
        ('if name = "A" then null else x', [None, 2.5, None, 0.0]),
        ("upper case(name)", ["A", "B", None, "É"]),
        ('name + "!"', ["A!", "b!", None, "é!"]),
        ('name in ("A", "b")', [True, True, False, False]),
        ("name", ["A", "b", None, "é"]),
        ("x = null", [False, False, True, False]),
        ("x > name", [None] * 4),
        ("x > 1 and name != null", [False, True, False, False]),
        ("x > 1 or name = null", [False, True, True, False]),
        ("string length(name) * x", [0.1, 2.5, None, 0.0]),
        ('today() > @"2026-02-28"', [True] * 4),
        ("decision.score + 1", [2.0, 3.0, None, 1.5]),
        ("decision.nothing", [None] * 4),
        ("count([x, name]) + 0 * x", [2.0, 2.0, None, 2.0]),
    ],
)
def test_examples(text, wanted):
    env = {
        "x": number_column(0.1, 2.5, None, -0.0),
        "name": text_column("A", "b", None, "é"),
        "decision.score": number_column(1, 2, None, 0.5),
    }
    assert shown(text, env, 4) == wanted


def test_a_zero_has_no_sign():
    found = column_of(feel.parse("-x * 0", {"x"}), {"x": number_column(1, -1)}, 2, None)
    assert not np.signbit(found.values).any()
    thirds = Column(NUMBER, np.array([0.0, 1 / 3, 2 / 3]), np.ones(3, np.bool_))
    found = column_of(feel.parse("-x", {"x"}), {"x": thirds}, 3, None)
    assert np.signbit(found.values).tolist() == [False, True, True]


def test_a_zero_is_written_as_it_is():
    env = {"x": number_column(0.0, -0.0, 1)}
    tree = feel.parse("string(x)", set(env))
    wanted = column_slow(tree, env, 3, None).feel_values()
    assert column_of(tree, env, 3, None).feel_values() == wanted


def test_a_double_stands_for_its_shortest_decimal():
    x = 3e14 + 0.125  # repr: 300000000000000.1, though 300000000000000.12 reads back as it too
    assert shown("(x - 300000000000000) * 10", {"x": number_column(x)}, 1) == [1.0]
    assert shown("x = 300000000000000.1", {"x": number_column(x, 1.0)}, 2) == [True, False]


def test_the_halves_of_a_decimal_are_decimal_halves():
    env = {"x": number_column(1.005, 2.675, -1.005, 0.125)}
    assert shown("round half up(x, 2)", env, 4) == [1.01, 2.68, -1.01, 0.13]
    assert shown("round half down(x, 2)", env, 4) == [1.0, 2.67, -1.0, 0.12]
    assert shown("decimal(x, 2)", env, 4) == [1.0, 2.68, -1.0, 0.12]


def test_moments_are_equal_within_a_second_but_ordered_within():
    early = read_column(pa.array([1_000_000, 1_900_000], pa.timestamp("us")))
    late = read_column(pa.array([1_500_000, 2_100_000], pa.timestamp("us")))
    env = {"early": early, "late": late}
    assert shown("early = late", env, 2) == [True, False]
    assert shown("early < late", env, 2) == [True, True]


def test_a_number_beyond_every_double_is_missing():
    assert shown("x * 1e300 * 1e300", {"x": number_column(0, 1)}, 2) == [0.0, None]
    assert shown("x * 1e300 * 1e300 > 1", {"x": number_column(0, 1)}, 2) == [False, True]


def test_silent_nulls_are_those_with_all_their_inputs():
    env = {"x": number_column(1, 0, None, 2), "y": number_column(None, 1, 1, 1)}
    tree = feel.parse("1 / x", set(env))
    found = column_of(tree, env, 4, None)
    assert silent_nulls(tree, found, env).tolist() == [False, True, False, False]
    tree = feel.parse("x + nobody", set(env))
    found = column_of(tree, env, 4, None)
    assert silent_nulls(tree, found, env).tolist() == [True, True, False, True]


def test_no_cases_at_all():
    found = column_of(feel.parse("x + 1", {"x"}), {"x": number_column()}, 0, None)
    assert (found.kind, len(found)) == ("Null", 0)
    tests = feel.parse_tests("> 1")
    assert truth_of(tests, number_column(), {}, 0, None).tolist() == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('if x > 1 then "a" else x', "number and string"),
        ("[x]", "a list, a context or a time of day"),
        ("{a: x}", "a list, a context or a time of day"),
        ("if x > 1 then [x] else x", "a list, a context or a time of day"),
        ('time("10:00:00")', "a list, a context or a time of day"),
    ],
)
def test_an_expression_of_two_kinds_or_none_is_named(text, found):
    with pytest.raises(InputError) as caught:
        shown(text, {"x": number_column(1, 2)}, 2)
    assert found in caught.value.problem
    assert feel.write(feel.parse(text, {"x"})) in caught.value.where


@pytest.mark.parametrize("before", ["", "1 + ", "if x > 0 then -1 else "])
def test_a_run_over_its_limits_ends(before):
    with pytest.raises(FeelError, match="items"):
        shown(before + "count(for i in 1..-x return i)", {"x": number_column(-1e9, -1)}, 2)


def test_a_branch_not_taken_may_go_over_its_limits():
    text = "if x > 10 then 0 else count(for i in 1..x return i)"
    assert shown(text, {"x": number_column(3, 1e9)}, 2) == [3.0, 0.0]


def test_thousands_of_terms():
    assert shown("+".join(["x"] * 4000), {"x": number_column(0.1, 1)}, 2) == [400.0, 4000.0]


@pytest.mark.parametrize(
    "text",
    [
        "min(sales * 0.25, cap)",
        "floor(sales / 10000) * 10000",
        "sales / cap > 0.4",
        "sales / cap",
        "round half up(sales / 12, 2)",
        'if rating = "A" then 0.05 else score + 0.01 * years',
        'rating in ("A", "B") and score >= 0.35',
        'years between 1 and 5 or rating < "C"',
        "score * 100 + sales / 3",
        "sqrt(sales) * 1.1 < cap",
        'born > @"2000-01-01"',
    ],
)
def test_everyday_expressions_never_ask_the_interpreter(text, monkeypatch):
    def refuse(*_):
        raise AssertionError

    monkeypatch.setattr(Cases, "asked", refuse)
    generator = np.random.default_rng(5)
    count, there = 40, np.ones(40, np.bool_)
    env = {
        "sales": Column(NUMBER, np.round(generator.lognormal(12, 2, count), 2), there),
        "cap": Column(NUMBER, np.full(count, 500_000), there),
        "score": Column(NUMBER, generator.uniform(0.01, 1, count), there),
        "years": Column(NUMBER, generator.integers(0, 9, count), there),
        "rating": Column("string", generator.integers(0, 3, count), there, ("A", "B", "C")),
        "born": Column("date", generator.integers(0, 20_000, count), there),
    }
    assert len(column_of(feel.parse(text, set(env)), env, count, None)) == count


def test_the_interpreter_is_asked_once_for_each_combination(monkeypatch):
    answers = []
    before = Cases.asked

    def counted(*arguments):
        found = before(*arguments)
        answers.append(len(found[0]))
        return found

    monkeypatch.setattr(Cases, "asked", counted)
    env = {"name": text_column(*["a", "b", None] * 30), "x": number_column(*[1, 2] * 45)}
    assert shown('replace(name, "a", "c")', env, 90) == ["c", "b", None] * 30
    assert answers == [3]
    assert shown("count([name, x])", env, 90) == [2.0] * 90
    assert answers == [3, 6]


# --- cells


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("-", [True] * 4),
        ("> limit", [False, True, False, False]),
        ("not(> limit)", [True, False, False, True]),
        ("[limit / 2..limit]", [True, False, False, True]),
        ("null", [False, False, True, False]),
        ("limit - 4, 7", [False, True, False, True]),
        ("? * 2 = limit", [True, False, False, False]),
        ("? = null or ? > limit", [False, True, True, False]),
        ('"a"', [False] * 4),
    ],
)
def test_cells(text, wanted):
    env = {"limit": number_column(10, 6, 6, 9)}
    tests = feel.parse_tests(text, set(env))
    assert truth_of(tests, number_column(5, 7, None, 5), env, 4, MOMENT).tolist() == wanted
