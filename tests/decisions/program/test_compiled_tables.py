"""A compiled table says what the interpreter says, in every case, whatever the columns hold."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.decisions.feel import parse, parse_tests
from headrace.decisions.feel.naming import cited_names, free_names, is_closed
from headrace.decisions.program.case_by_case import interpret
from headrace.decisions.program.classes import classes_of, is_plain, met_classes
from headrace.decisions.program.columns import (
    NUMBER,
    STRING,
    Column,
    column_of_values,
    constant,
    read_column,
)
from headrace.decisions.program.outputs import Around
from headrace.decisions.program.table_program import TableProgram, needs_interpreter
from headrace.decisions.tables.grid import read_grid
from headrace.errors import HeadraceError, InputError, MappingError

STEADY = settings(
    max_examples=500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def table(*rows, names=("n2",)):
    told = [] if any(row[0] == "# hit policy" for row in rows) else [["# hit policy", "FIRST"]]
    lines = [["# table", "x"], *told, *map(list, rows)]
    return read_grid(list(enumerate(lines, 1)), "x.csv", set(names))


def around(**columns):
    read = {name: read_column(values, name) for name, values in columns.items()}
    return Around(read, len(next(iter(columns.values()), ())), None)


def result_of(found):
    """All that a result says, as values that compare."""
    outputs = {**found.outputs, **found.lists}
    return {
        "fired": found.fired.tolist(),
        "hits": found.hits.tolist(),
        "at": found.hits_at.tolist(),
        "outputs": {name: column.feel_values() for name, column in outputs.items()},
        "lists": sorted(found.lists),
        "problems": {(each.code, each.count, each.first) for each in found.problems},
    }


def run(decision_table, cases):
    """What the program says; where it refuses values of two types, the words."""
    try:
        return result_of(TableProgram(decision_table).run(cases))
    except InputError as error:
        return type(error).__name__


def run_slowly(decision_table, cases):
    try:
        return result_of(interpret(decision_table, cases))
    except InputError as error:
        return type(error).__name__


# --- random tables and columns

NUMBERS = st.sampled_from(
    [
        *("0", "1", "2", "-1", "0.1", "0.3", "0.30000000000000004", "1e3", "2.5", "5e-324"),
        *("1e30", "9007199254740992", "9007199254740993"),
        *("9223372036854775807", "-9223372036854775808"),
    ]
)
TEXTS = st.sampled_from(["A", "B", "C 1", "décl", "上海"])
DAYS = st.sampled_from(["2026-01-01", "2026-01-15", "2026-02-01"])
MOMENTS = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00+08:00", "2026-01-01T00:00:00.000005Z"]
)


@st.composite
def ordered(draw, literals, key):
    low, high = sorted([draw(literals), draw(literals)], key=key)
    return draw(
        st.sampled_from(
            [
                *(low, f"< {low}", f"<= {low}", f"> {low}", f">= {low}", f"!= {low}"),
                *(f"[{low}..{high}]", f"({low}..{high}]", f"]{low}..{high}[", f"{low}, > {high}"),
            ]
        )
    )


texts = st.one_of(
    TEXTS,
    TEXTS.map('< "{}"'.format),
    st.lists(TEXTS, min_size=2, max_size=3).map(", ".join),
    st.sampled_from(['["A", "B"]', "1", "true", '("A".."C 1"]']),
)
others = st.sampled_from(["> n2", "n2", "? > n2 + 1", "not(< n2)", "? = true", "? = 1"])
CELLS = {
    "n1": st.one_of(ordered(NUMBERS, Decimal), others),
    "n2": ordered(NUMBERS, Decimal),
    "t": texts,
    "b": st.sampled_from(["true", "false", "1", "not(true)"]),
    "d": ordered(DAYS, str),
    "m": st.one_of(ordered(MOMENTS, str), st.just('@"2026-01-01T00:00:00"')),
    "s": st.sampled_from(['@"P1D"', '< @"PT36H"', '[@"PT0S"..@"P2D"]', '@"P1Y"']),
}


@st.composite
def cells(draw, name):
    cell = draw(st.one_of(st.just("-"), st.just("null"), CELLS[name], CELLS[name], CELLS[name]))
    negate = cell != "-" and not cell.startswith("not(") and draw(st.integers(0, 6)) == 0
    return f"not({cell})" if negate else cell


POLICIES = ["UNIQUE", "ANY", "FIRST", "RULE ORDER", "COLLECT", "PRIORITY", "OUTPUT ORDER"]
TOTALS = ["COLLECT SUM", "COLLECT MIN", "COLLECT MAX", "COLLECT COUNT"]
TYPES = {"n1": "number", "n2": "number", "t": "string", "b": "boolean", "d": "date"}
GIVEN = st.sampled_from(["0.1", "0.2", "-0.3", "3", "1e22", "0.123456789012345678", "7"])


@st.composite
def tables(draw):
    policy = draw(st.sampled_from(POLICIES + TOTALS))
    total, ranked = policy in TOTALS, policy in {"PRIORITY", "OUTPUT ORDER"}
    ins = draw(st.lists(st.sampled_from(sorted(CELLS)), unique=True, max_size=4))
    rows = [["# hit policy", policy]]
    if ranked:
        rows.append(["# values", "out:o", '"hi", "lo", "mid"'])
    if "n1" in ins and draw(st.integers(0, 4)) == 0:
        rows.append(["# values", "in:n1", "[-1..3]"])
    if ins and ins[0] in TYPES and draw(st.integers(0, 3)) == 0:
        rows.append(["# type", f"in:{ins[0]}", draw(st.sampled_from([TYPES[ins[0]], "string"]))])
    if draw(st.booleans()):
        rows.append(["# default", "out:o", "7" if total else "lo"])
    if not total and draw(st.integers(0, 3)) == 0:
        rows.append(["# default", "out:p", draw(st.sampled_from(["n2 + 1", "9"]))])
    rows.append([*(f"in:{name}" for name in ins), "out:o", *([] if total else ["out:p"])])
    words = GIVEN if total else st.sampled_from(["lo", "mid", "hi"])
    computed = st.sampled_from(["1", "2"] if ranked or policy == "ANY" else PAIRED)
    for _ in range(draw(st.sampled_from([1, 2, 3, 7]))):
        line = [draw(cells(name)) for name in ins] + [draw(words)]
        rows.append(line if total else [*line, draw(computed)])
    return table(*rows)


PAIRED = ["1", "2", "n2 * 2", "n2 + 0.1", "if n2 > 1 then n2 else null", ""]
COLUMNS = {
    "n1": (
        pa.float64(),
        st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.1, 0.3, 0.1 + 0.2, 1e3, 2.5, 5e-324, 1e30])
        | st.sampled_from([float("nan"), float("inf"), -1e308, 2.0**53]),
    ),
    "n2": (
        pa.int64(),
        st.integers(-1, 3) | st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, -(2**63)]),
    ),
    "t": (pa.string(), st.sampled_from(["A", "B", "C 1", "zz", "上海", ""])),
    "b": (pa.bool_(), st.booleans()),
    "d": (pa.date32(), st.sampled_from([date(2026, 1, day) for day in (1, 2, 15)])),
    "m": (
        pa.timestamp("us", "UTC"),
        st.integers(-2, 86_400_000_000).map(
            lambda us: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
        )
        | st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    ),
    "s": (pa.duration("us"), st.sampled_from([timedelta(0), timedelta(1), timedelta(hours=36)])),
}
WRONG = {"n1": COLUMNS["t"], "t": COLUMNS["n2"], "d": COLUMNS["m"], "b": COLUMNS["n2"]}


@st.composite
def batches(draw):
    count = draw(st.integers(1, 12))
    read = {}
    for name, usual in COLUMNS.items():
        wrong = name in WRONG and draw(st.integers(0, 7)) == 0
        kind, values = WRONG[name] if wrong else usual
        column = draw(st.lists(st.none() | values, min_size=count, max_size=count))
        array = pa.array(column, kind)
        coded = kind == pa.string() and draw(st.booleans())
        read[name] = read_column(array.dictionary_encode() if coded else array, name)
    return Around(read, count, None)


@STEADY
@given(decision_table=tables(), cases=batches())
def test_a_compiled_table_says_what_the_interpreter_says(decision_table, cases):
    assert run(decision_table, cases) == run_slowly(decision_table, cases)


@settings(STEADY, max_examples=100)
@given(decision_table=tables(), cases=batches())
def test_a_batch_says_of_each_case_what_a_batch_of_one_says(decision_table, cases):
    program = TableProgram(decision_table)
    try:
        whole = program.run(cases)
    except InputError:
        return
    for row in range(cases.count):
        one = program.run(cases.take(np.array([row])))
        assert one.fired[0] == whole.fired[row]
        for name, column in one.outputs.items():
            assert column.value(0) == whole.outputs[name].value(row)


# --- what random tables seldom meet


@pytest.mark.parametrize("rules", [1, 63, 64, 65, 127, 128, 129, 200])
@pytest.mark.parametrize("policy", ["FIRST", "UNIQUE", "RULE ORDER", "COLLECT SUM", "COLLECT MAX"])
def test_rules_at_the_edges_of_a_word(policy, rules):
    lines = [[f">= {number}" if "O" in policy else str(number), str(number)]
             for number in range(rules)]  # fmt: skip
    found = table(["# hit policy", policy], ["in:n", "out:o"], *lines)
    values = [-1.0, 0.0, rules - 1.0, float(rules), 62.0, 63.0, 64.0, 65.0, None]
    cases = around(n=pa.array(values, pa.float64()))
    assert not needs_interpreter(found)
    assert run(found, cases) == run_slowly(found, cases)


@pytest.mark.parametrize(
    "policy", ["FIRST", "UNIQUE", "RULE ORDER", "COLLECT SUM", "COLLECT COUNT"]
)
def test_a_table_that_asks_nothing(policy):
    found = table(["# hit policy", policy], ["out:o"], ["3"])
    cases = around(n=pa.array([1.0, None]))
    assert run(found, cases) == run_slowly(found, cases)
    assert TableProgram(found).run(cases).fired.tolist() == [1, 1]


@pytest.mark.parametrize(
    "policy", ["FIRST", "UNIQUE", "RULE ORDER", "COLLECT SUM", "COLLECT COUNT"]
)
def test_no_rule_met_at_all_and_no_cases_at_all(policy):
    found = table(["# hit policy", policy], ["in:n", "out:o"], ["> 5", "3"])
    for values in ([1.0, None], []):
        cases = around(n=pa.array(values, pa.float64()))
        assert run(found, cases) == run_slowly(found, cases)
    (problem,) = TableProgram(found).run(around(n=pa.array([1.0, 9.0, None]))).problems
    assert (problem.code, problem.count, problem.first) == ("no_rule", 2, 0)


def test_whole_numbers_beyond_a_double_and_literals_beyond_an_int64():
    found = table(
        *(["# hit policy", "FIRST"], ["in:n", "out:o"], ["> 1e30", "too large"]),
        *(["9223372036854775807", "largest"], ["< -1e30", "too small"]),
        *(["9007199254740993", "odd"], ["> 9007199254740992", "above"], ["-", "else"]),
    )
    cases = around(n=pa.array([2**63 - 1, -(2**63), 2**53 + 1, 2**53, 2**53 + 2]))
    words = TableProgram(found).run(cases).outputs["o"].feel_values()
    assert words == ["largest", "else", "odd", "else", "above"]
    assert run(found, cases) == run_slowly(found, cases)


def test_true_is_not_one():
    found = table(
        ["# hit policy", "FIRST"], ["in:b", "out:o"], ["1", "one"], ["true", "yes"], ["-", "else"]
    )
    truth, ones = around(b=pa.array([True, False])), around(b=pa.array([1, 0]))
    assert TableProgram(found).run(truth).outputs["o"].feel_values() == ["yes", "else"]
    assert TableProgram(found).run(ones).outputs["o"].feel_values() == ["one", "else"]
    assert parse("true", ()) != parse("1", ())
    assert parse("1.0", ()) == parse("1", ())


def test_a_sum_is_exact_and_one_that_cannot_be_is_the_interpreters():
    tenths = table(["# hit policy", "COLLECT SUM"], ["out:o"], ["0.1"], ["0.2"], ["-0.3"])
    cases = around(n=pa.array([1.0]))
    assert TableProgram(tenths).run(cases).outputs["o"].feel_values() == [Decimal(0)]
    assert not needs_interpreter(tenths)
    three = table(["# hit policy", "COLLECT SUM"], ["out:o"], ["0.1"], ["0.2"])
    assert TableProgram(three).run(cases).outputs["o"].feel_values() == [Decimal("0.3")]
    for cells_ in (("1e400", "5"), ("1e35", "1", "-1e35"), ("0.12345678901234567890", "1")):
        found = table(["# hit policy", "COLLECT SUM"], ["out:o"], *([cell] for cell in cells_))
        assert needs_interpreter(found)
        assert run(found, cases) == run_slowly(found, cases)


@pytest.mark.parametrize("kind", ["time", "years and months duration", "Any", "date", "string"])
def test_a_declared_type_is_that_of_the_interpreter(kind):
    found = table(
        *(["# hit policy", "FIRST"], ["# type", "in:t", kind], ["in:t", "out:o"]),
        *(["A", "a"], ["-", "else"]),
    )
    for values in (["A", "B", None], [1, 2, None], [date(2026, 1, 1), None, None]):
        cases = around(t=pa.array(values))
        assert run(found, cases) == run_slowly(found, cases)


@pytest.mark.parametrize(
    ("remarks", "cell", "problem", "where"),
    [
        ([["# type", "out:o", "number"]], '"A"', "is a string", "row 5, column out:o"),
        ([["# type", "out:o", "time"]], "3", "is a number", "row 5, column out:o"),
        ([["# values", "out:o", '"A", "B"']], '"C"', "not listed", "row 5, column out:o"),
        (
            [["# type", "out:o", "number"], ["# default", "out:o", '"A"']],
            "null",
            "is a string",
            "# default, out:o",
        ),
    ],
)
def test_an_output_that_its_column_forbids_is_refused(remarks, cell, problem, where):
    found = table(*remarks, ["in:n1", "out:o"], ["-", cell])
    with pytest.raises(MappingError) as refused:
        TableProgram(found)
    assert problem in refused.value.problem
    assert where in refused.value.where
    assert refused.value.remedy


def test_an_input_that_nothing_has_is_named_with_the_one_that_may_be_meant():
    found = table(["in:amuont", "out:o"], ["> 1", "a"])
    with pytest.raises(MappingError, match="amuont") as refused:
        TableProgram(found).run(around(amount=pa.array([1.0])))
    assert "amount" in refused.value.remedy
    assert "in:amuont" in refused.value.where


def test_a_table_reads_what_its_default_cites():
    found = table(["# default", "out:o", "n2 * 2"], ["in:n1", "out:o"], ["> 1", "1"])
    assert TableProgram(found).reads == {"n1", "n2"}


def test_rules_that_overlap_are_named():
    found = table(["# hit policy", "UNIQUE"], ["in:n1", "out:o"], ["> 1", "a"], ["> 2", "b"])
    result = TableProgram(found).run(around(n1=pa.array([1.5, 3.0, 4.0])))
    (problem,) = result.problems
    assert (problem.code, problem.rules, problem.count, problem.first) == ("overlap", (1, 2), 2, 1)
    assert result.outputs["o"].feel_values() == ["a", None, None]


# --- classes


def test_the_bounds_of_a_number_divide_doubles_as_their_shortest_decimals_do():
    literals = ["0.1", "0.3", "0.30000000000000004", "1e-400", "-1e-400", "1e400", "5e-324"]
    literals += ["0.1000000000000000055511151231257827", "1e23", "-0.0"]
    tests = [parse_tests(f"< {literal}", ()) for literal in literals]
    classes = classes_of(NUMBER, tests)
    values = [0.0, -0.0, 0.1, 0.3, 0.1 + 0.2, 5e-324, 1e23, 9.999999999999999e22, 1e308, -1e308]
    column = read_column(pa.array([*values, None]))
    found = classes.of_column(column)
    assert found.tolist()[-1] == classes.missing == len(classes) - 1
    for each, literal in zip(tests, literals, strict=True):
        met = met_classes(each, classes)[found].tolist()
        assert met == [Decimal(repr(value)) < Decimal(literal) for value in values] + [False]


@given(
    literals=st.lists(TEXTS, min_size=1, max_size=4),
    words=st.lists(st.none() | st.sampled_from(["A", "B", "Bb", "", "z", "上"]), max_size=6),
)
@settings(STEADY, max_examples=50)
def test_the_class_of_a_word_is_that_of_its_column(literals, words):
    classes = classes_of(STRING, [parse_tests(f'"{each}"', ()) for each in literals])
    column = read_column(pa.array(words, pa.string()))
    assert classes.of_column(column).tolist() == [classes.of_word(word) for word in words]


def test_a_moment_is_met_within_its_second_and_only_with_a_zone():
    sure, local = '@"2026-01-01T00:00:00Z"', '@"2026-01-01T00:00:00"'
    tests = [parse_tests(each, ()) for each in (sure, local)]
    classes = classes_of("date and time", tests)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    late = [start + timedelta(microseconds=us) for us in (-1, 0, 999_999, 1_000_000)]
    found = classes.of_column(read_column(pa.array(late)))
    assert met_classes(tests[0], classes)[found].tolist() == [False, True, True, False]
    assert not met_classes(tests[1], classes).any()


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        *((cell, True) for cell in ("1", "> 1", "not(1, 2)", 'date("2026-01-01")', "-1")),
        *((cell, False) for cell in ("n2", "? > 1", "> today()", "[1..n2]")),
    ],
)
def test_plain_cells_are_those_that_cite_nothing(cell, plain):
    assert is_plain(parse_tests(cell, {"n2"})) is plain


def test_names_that_an_expression_takes_from_outside():
    names = {"a", "b", "items"}
    inside = parse("for x in items return x + a", names)
    assert free_names(inside) == {"items", "a"}
    assert cited_names(inside) >= {"items", "a", "x"}
    assert free_names(parse("{k: a, l: k + b}", names)) == {"a", "b"}
    assert free_names(parse("some x in items satisfies x > b", names)) == {"items", "b"}
    assert free_names(parse("max(a, 1)", names)) == {"a"}
    assert is_closed(parse("max(2, 1)", names))
    assert not is_closed(parse("now()", names))


# --- columns


def values_of(array):
    return read_column(array, "c").feel_values()


def test_a_decimal_becomes_the_nearest_double():
    rng = np.random.default_rng(7)
    for scale in range(12):
        exact = [Decimal(int(each)).scaleb(-scale) for each in rng.integers(0, 10**17, 50)]
        column = read_column(pa.array(exact, pa.decimal128(20, scale)))
        assert column.values.tolist() == [float(each) for each in exact]
    assert values_of(pa.array([Decimal("0.3"), None])) == [Decimal("0.3"), None]


def test_columns_of_every_kind_come_back_as_they_were():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for array in (
        pa.array([1.5, None, -0.0]),
        pa.array([2**63 - 1, None]),
        pa.array(["a", None, "", "a"]),
        pa.array([True, None, False]),
        pa.array([date(2026, 1, 1), None, date(1, 1, 1)]),
        pa.array([start, None], pa.timestamp("us", "UTC")),
        pa.array([timedelta(days=-1), None]),
        pa.nulls(2),
    ):
        assert read_column(array).to_arrow().to_pylist() == array.to_pylist()


def test_odd_columns_are_read_as_what_they_mean():
    null_word = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["a", None]))
    assert values_of(null_word) == ["a", None, None]
    assert values_of(pa.chunked_array([["a"], ["b", "a"]])) == ["a", "b", "a"]
    assert values_of(pa.chunked_array([], pa.string())) == []
    assert values_of(pa.array([2**64 - 1, None], pa.uint64())) == [Decimal(repr(2.0**64)), None]
    assert values_of(pa.array([1.0, float("nan"), float("inf")])) == [Decimal(1), None, None]
    assert values_of(pa.array([1, 2, None]).dictionary_encode()) == [1, 2, None]
    with pytest.raises(InputError, match="'c' is a list"):
        values_of(pa.array([[1]]))


def test_values_of_two_kinds_are_no_column():
    with pytest.raises(InputError, match="number and string") as refused:
        column_of_values([Decimal(1), "a"], "here")
    assert refused.value.where == "here"
    with pytest.raises(InputError, match="a list"):
        column_of_values([[Decimal(1)]])
    assert column_of_values([None, Decimal("1e400")]).kind == "Null"
    assert constant("a", 3).feel_values() == ["a", "a", "a"]
    assert isinstance(column_of_values([None]), Column)


@pytest.mark.parametrize("cell", ["> ", "[1..", '"A', "1 +"])
def test_a_cell_that_is_not_feel_is_refused_where_the_table_is_read(cell):
    with pytest.raises(HeadraceError) as refused:
        table(["in:n1", "out:o"], [cell, "1"])
    assert "x.csv, row 4, column in:n1" in str(refused.value)
