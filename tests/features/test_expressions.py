"""The language of filters: a table that anybody can read, and a twin for random ones."""

import csv
import json
import operator
import pickle
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from expressions_reference import EPOCH, Twin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.errors import MappingError
from headrace.features.definition import Column, ColumnType
from headrace.features.expressions import (
    TEXT_MAX,
    Values,
    check_zone,
    evaluate,
    parse_expression,
    passing,
    row_evaluator,
)

NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY
FLAG, INSTANT = ColumnType.FLAG, ColumnType.INSTANT
COLUMNS = (
    Column("amount", NUMBER, 2),
    Column("quantity", NUMBER),
    Column("rate", NUMBER, 4),
    Column("direction", CATEGORY),
    Column("counterparty", CATEGORY),
    Column("branch", CATEGORY),
    Column("vip", FLAG),
    Column("due", INSTANT),
    Column("event_time", INSTANT),
)
ZONE = "Asia/Shanghai"
INT64 = 2**63
DAY_US = 86_400_000_000
ORDER = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FILE = Path(__file__).parent.parent / "data" / "features" / "expressions.csv"
with FILE.open(encoding="utf-8", newline="") as opened:
    CASES = [
        tuple(case.values())
        for case in csv.DictReader(opened, delimiter=";", quoting=csv.QUOTE_NONE)
    ]


def parse(text, zone=ZONE):
    return parse_expression(text, COLUMNS, zone)


def plain(value, column):
    """What a person writes, as the engine holds it: 0.10 of two places is 10."""
    if value is None or column.type in {CATEGORY, FLAG}:
        return int(value) if isinstance(value, Decimal) else value
    if column.type is INSTANT:
        return (datetime.fromisoformat(value) - EPOCH) // timedelta(microseconds=1)
    return int(Decimal(value).scaleb(column.places))


def column_of(values, column, texts=None):
    """Plain values as a column; what stands in a missing row is garbage on purpose."""
    valid = np.array([value is not None for value in values], np.bool_)
    if column.type is CATEGORY:
        whole = column.name == "branch"
        return Values(CATEGORY, 0, pa.array(values, pa.int64() if whole else texts or pa.string()))
    filler = False if column.type is FLAG else -INT64
    kind = np.bool_ if column.type is FLAG else np.int64
    data = np.array([filler if value is None else value for value in values], kind)
    return Values(column.type, column.places, data, None if valid.all() else valid)


def columns_of(rows, **how):
    return {
        column.name: column_of([row[column.name] for row in rows], column, **how)
        for column in COLUMNS
    }


def listed(values):
    """A result as plain values, and the rows marked as out of range."""
    data = values.data.to_pylist() if isinstance(values.data, pa.Array) else values.data.tolist()
    valid = [True] * len(data) if values.valid is None else values.valid.tolist()
    marks = [False] * len(data) if values.out_of_range is None else values.out_of_range.tolist()
    return [value if good else None for value, good in zip(data, valid, strict=True)], marks


def by_rows(expression, rows):
    """The same by way of one event at a time."""
    told = []
    run = row_evaluator(expression, lambda: told.append(True))
    values, marks = [], []
    for row in rows:
        told.clear()
        values.append(run(row))
        marks.append(bool(told))
    return values, marks


def words(value, lost, places):
    if value is None:
        text = "missing"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = format(Decimal(value).scaleb(-places).normalize() + 0, "f")
    return text + (", out of range" if lost else "")


@pytest.mark.parametrize(("text", "event", "result", "why"), CASES)
def test_the_table_holds(text, event, result, why):
    if result.startswith("error: "):
        with pytest.raises(MappingError) as raised:
            parse(text)
        told = str(raised.value)
        for part in result.removeprefix("error: ").split(" ... "):
            assert part in told, why
            told = told[told.index(part) + len(part) :]
        return
    event = json.loads(event, parse_float=Decimal, parse_int=Decimal)
    row = {column.name: plain(event.get(column.name), column) for column in COLUMNS}
    expression = parse(text)
    twin = Twin(text, COLUMNS, ZONE)
    assert words(twin.value(row), twin.lost, expression.places) == result, why
    for values, marks in (
        by_rows(expression, [row]),
        listed(evaluate(expression, columns_of([row]))),
    ):
        assert words(values[0], marks[0], expression.places) == result, why


# --- random expressions ---------------------------------------------------------------------------

SMALL = st.integers(-(10**6), 10**6)
WHOLE = st.one_of(
    SMALL, st.sampled_from([-INT64, INT64 - 1, 2**62, -(2**61), 3037000500]), st.integers(-9, 9)
)
DATES = st.one_of(
    st.integers(-20 * 366 * 86_400_000_000, 130 * 365 * 86_400_000_000),
    st.sampled_from([-INT64, INT64 - 1, -62_135_510_400_000_001, 253_402_214_400_000_000]),
    st.sampled_from([0, -1, 1_711_843_200_000_000, 1_730_002_500_000_000]),
)
CELLS = {NUMBER: WHOLE, FLAG: st.booleans(), INSTANT: DATES}
TEXTS = st.sampled_from(["sale", "A", "", "销售", "a b"])
ZONES = st.sampled_from(["UTC", ZONE, "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
PARTS = st.sampled_from(
    ["day", "month", "quarter", "year", "month_of_year", "quarter_of_year", "weekday", "hour"]
)
COMPARISONS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def cell(column):
    texts = st.integers(0, 3) if column.name == "branch" else TEXTS
    return st.none() | CELLS.get(column.type, texts)


ROWS = st.lists(st.fixed_dictionaries({each.name: cell(each) for each in COLUMNS}), max_size=6)


@st.composite
def literals(draw):
    digits = draw(st.sampled_from(["0", "1", "2.5", "0.01", "100", "12.3456", "5000000000", "3"]))
    return draw(st.sampled_from(["", "-"])) + digits


@st.composite
def numbers(draw, depth=2):
    """A text that is a number and reads a column."""
    kinds = ["column", "part"] if depth == 0 else ["column", "part", "sum", "rest", "sign"]
    kind = draw(st.sampled_from(kinds))
    if kind == "column":
        return draw(st.sampled_from(["amount", "quantity", "rate"]))
    if kind == "part":
        return f"{draw(PARTS)}({draw(st.sampled_from(['due', 'event_time']))})"
    left = draw(numbers(depth - 1))
    if kind == "sum":
        right = draw(numbers(depth - 1) | literals())
        left, right = draw(st.permutations([left, right]))
        return f"({left} {draw(st.sampled_from('+-*'))} {right})"
    if kind == "rest":
        return f"({left} {draw(st.sampled_from(['//', '%']))} {draw(st.integers(1, 40))})"
    return f"{draw(st.sampled_from(['-', 'abs']))}({left})"


@st.composite
def flags(draw, depth=3):
    """A text that is a flag and reads a column."""
    leaves = ["vip", "number", "chain", "text", "branch", "missing", "instant", "among"]
    kind = draw(st.sampled_from(leaves if depth == 0 else [*leaves, "not", "and", "or"]))
    sign, equal = draw(COMPARISONS), draw(st.sampled_from(["==", "!="]))
    membership = draw(st.sampled_from(["in", "not in"]))
    if kind in {"and", "or"}:
        items = draw(st.lists(flags(depth - 1), min_size=2, max_size=3))
        return f"({f' {kind} '.join(items)})"
    if kind == "not":
        return f"not ({draw(flags(depth - 1))})"
    number, other = draw(numbers()), draw(numbers(1) | literals())
    return {
        "vip": draw(st.sampled_from(["vip", f"vip {equal} True", f"(vip {equal} False)"])),
        "number": f"{number} {sign} {other}",
        "chain": f"{other} < {number} {sign} 3.25",
        "text": f"direction {equal} {draw(st.sampled_from(['counterparty', json.dumps('sale')]))}",
        "branch": f"branch {membership} (1, 2)",
        "missing": f"({number}) is {draw(st.sampled_from(['', 'not ']))}missing",
        "instant": f"due {sign} event_time",
        "among": draw(
            st.sampled_from(
                [
                    f'direction {membership} ("sale", "", "销售")',
                    f"quantity {membership} (-1, 0, 3)",
                    f"amount {membership} (0.01, 2.5)",
                ]
            )
        ),
    }[kind]


def check_against_the_twin(text, rows, zone):
    try:
        expression = parse(text, zone)
    except MappingError:
        return  # too many places, or a bound that no value equals: refused before any row
    twin = Twin(text, COLUMNS, zone)
    wanted = ([], [])
    for row in rows:
        wanted[0].append(twin.value(row))
        wanted[1].append(twin.lost)
    assert by_rows(expression, rows) == wanted
    for how in ({"texts": pa.string()}, {"texts": pa.dictionary(pa.int32(), pa.string())}):
        assert listed(evaluate(expression, columns_of(rows, **how))) == wanted
    if expression.total:
        assert not any(wanted[1])


RANDOM = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@RANDOM
@given(flags(), ROWS, ZONES)
def test_random_filters_agree_with_the_twin(text, rows, zone):
    check_against_the_twin(text, rows, zone)


@RANDOM
@given(numbers(3), ROWS, ZONES)
def test_random_numbers_agree_with_the_twin(text, rows, zone):
    check_against_the_twin(text, rows, zone)


def test_most_random_expressions_are_let_in():
    """Else the two tests above would test nothing."""
    let_in = []

    @settings(max_examples=100, deadline=None, database=None)
    @given(flags())
    def count(text):
        try:
            let_in.append(parse(text) is not None)
        except MappingError:
            let_in.append(False)

    count()
    assert sum(let_in) > 0.6 * len(let_in)


# --- hostile texts --------------------------------------------------------------------------------

DEEP = 20_000
HOSTILE = [
    "(" * DEEP + "amount" + ")" * DEEP,
    "(" * 300 + "amount" + ")" * 300,
    "-" * 9_000 + "amount",
    "not " * 2_000 + "vip",
    "amount" + "+amount" * 1_000,
    "amount > " + "9" * 5_000,
    "amount > " + "9" * 5_000 + ".5",
    "amount > 1e400",
    "amount > 0x" + "f" * 500,
    "amount." * 1_000 + "x",
    "[" * 100 + "]" * 100,
    "vip and " * 1_000,
    'f"{amount}" == direction',
    'direction == b"sale"',
    'direction == "\\ud800"',
    'direction == "\\d"',
    "direction == '\udfff'",
    "amount\0> 1",
    "1or vip",
    "x" * 20_000,
    "amount := 3",
    "lambda: amount",
    "(yield)",
    "amount in ()",
    "amount in (amount, 1)",
    "day(*due)",
    "day(x=due)",
    "due.day()",
    "amount is not vip",
    "amount in (1, 2) in (3, 4)",
    "+amount > 1",
    "~vip",
    "amount ** 2 > 1",
    "vip & vip",
    "True",
    "missing",
    "2 is missing",
    "",
    " \t ",
    ";",
    "金额 > 1",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_hostile_texts_are_refused_with_a_place(text):
    with pytest.raises(MappingError) as raised:
        parse(text)
    assert raised.value.problem
    assert raised.value.where.startswith("character ")
    assert raised.value.remedy


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.text("amount<>=&|()\"' 019.,+-*/%!ndori", max_size=30))
def test_any_text_is_an_expression_or_a_mapping_error(text):
    try:
        names = parse(text).names
    except MappingError:
        return
    assert names


def test_an_error_shows_the_place():
    with pytest.raises(MappingError) as raised:
        parse('direction == "销售" and amont > 1')
    where = raised.value.where.split("\n")
    assert where[:2] == ["character 23", 'direction == "销售" and amont > 1']
    assert where[2] == " " * 24 + "^", "a Chinese character is two columns wide"
    assert raised.value.at == 22


def test_an_error_in_a_long_text_shows_the_neighbourhood():
    with pytest.raises(MappingError) as raised:
        parse("vip or " * 100 + "amont > 1")
    where = raised.value.where.split("\n")
    assert where[0] == "character 701"
    assert where[1][where[2].index("^") :] == "amont > 1"


def test_too_long_a_text_is_refused_before_it_is_parsed():
    with pytest.raises(MappingError, match="at most 10,000 characters"):
        parse("vip or " * TEXT_MAX)


def test_the_place_is_that_of_the_text_given():
    with pytest.raises(MappingError) as raised:
        parse("  amont > 1 ")
    assert raised.value.at == 2


# --- what a checked expression says of itself -----------------------------------------------------


def test_an_expression_knows_its_type_and_what_it_reads():
    expression = parse("amount * rate + quantity")
    assert (expression.type, expression.places) == (NUMBER, 6)
    assert expression.names == {"amount", "rate", "quantity"}
    assert str(expression) == "amount * rate + quantity"
    assert parse("hour(due) < 6").type is FLAG
    assert parse("direction").type is CATEGORY
    assert parse("due").type is INSTANT


def test_two_spellings_of_one_meaning_are_equal():
    assert parse("amount>100") == parse("100.00 < amount")
    assert hash(parse("amount>100")) == hash(parse("100.00 < amount"))
    assert parse("amount > 100") != parse("amount > 101")
    assert parse('direction == "sale"') == parse("direction in ('sale',)")


def test_an_expression_travels():
    expression = parse("hour(due) < 6 and amount > 1.5")
    assert pickle.loads(pickle.dumps(expression)) == expression  # noqa: S301  (our own bytes)


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("amount > 0.001", True),
        ("amount % 7 == 0 and vip", True),
        ('direction != "sale"', True),
        ("amount + 2 * 3 > 0", False),
        ("abs(amount) > 1", False),
        ("month(due)", False),
    ],
)
def test_an_expression_knows_whether_it_can_leave_its_range(text, total):
    assert parse(text).total is total


def test_a_text_over_several_lines_is_one_expression():
    assert parse("vip\n  and\r\n amount > 1\n") == parse("vip and amount > 1")


def test_constants_are_folded_exactly():
    assert parse("amount > 3 * 100 * 0.5 + 0.1 - -1") == parse("amount > 151.1")
    assert parse("amount > abs(7 // 2 - 10 % 4)") == parse("amount > 1")
    with pytest.raises(MappingError, match="does not fit in 64 bits"):
        parse("amount > 9000000000000000000 * 2")


def test_a_bound_too_large_for_the_column_still_compares():
    """1.5e18 at four places does not fit in 64 bits, and does not have to."""
    expression = parse("rate < 1500000000000000000")
    rows = [{"rate": INT64 - 1}, {"rate": -INT64}, {"rate": None}]
    assert by_rows(expression, rows)[0] == [True, True, None]
    with pytest.raises(MappingError, match="is ever"):
        parse("rate == 1500000000000000000")


def test_names_may_be_in_any_script():
    column = Column("金额", NUMBER, 2)
    expression = parse_expression("金额 > 0.5", [column], ZONE)
    assert expression.names == {"金额"}
    assert row_evaluator(expression, list)({"金额": 51}) is True


def test_names_in_another_normal_form_are_found():
    expression = parse_expression("ﬁrm > 1", [Column("ﬁrm", NUMBER)], ZONE)
    assert expression.names == {"ﬁrm"}


def test_nothing_but_the_text_is_the_language():
    """A column may have the name of a function, and `missing` is never one."""
    columns = [Column("month", INSTANT), Column("missing", NUMBER)]
    assert parse_expression("month(month) > 3", columns, ZONE).names == {"month"}
    with pytest.raises(MappingError, match="is not a value"):
        parse_expression("missing > 1", columns, ZONE)


@pytest.mark.parametrize("zone", ["Asia/Shanghia", "", "../etc/passwd", "Asia", "a\0b", "x" * 5000])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(MappingError, match="is not a time zone"):
        check_zone(zone)
    with pytest.raises(MappingError, match="is not a time zone"):
        parse("vip", zone)


# --- columns --------------------------------------------------------------------------------------

TEXT = ["sale", None, "buy", "sale", ""]
SHAPES = {
    "plain": pa.array(TEXT),
    "large": pa.array(TEXT, pa.large_string()),
    "view": pa.array(TEXT).cast(pa.string_view()),
    "dictionary": pa.array(TEXT).dictionary_encode(),
    "tiny codes": pa.array(TEXT).cast(pa.dictionary(pa.int8(), pa.string())),
    "large dictionary": pa.array(TEXT).cast(pa.dictionary(pa.int64(), pa.large_string())),
    "null in the dictionary": pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, 0, 3]), pa.array(["sale", None, "buy", ""])
    ),
    "a value twice in the dictionary": pa.DictionaryArray.from_arrays(
        pa.array([0, None, 1, 2, 3]), pa.array(["sale", "buy", "sale", ""])
    ),
    "sliced": pa.array(["x", *TEXT, "x"]).dictionary_encode()[1:-1],
    "one chunk": pa.chunked_array([TEXT]),
    "chunks": pa.chunked_array([TEXT[:2], TEXT[2:]]),
    "dictionary chunks": pa.chunked_array(
        [pa.array(TEXT[:2]).dictionary_encode(), pa.array(TEXT[2:]).dictionary_encode()]
    ),
}


@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_text_of_any_shape_compares(data):
    values = {name: Values(CATEGORY, 0, data) for name in ("direction", "counterparty")}
    for text, wanted in {
        'direction == "sale"': [True, None, False, True, False],
        'direction not in ("sale", "")': [False, None, True, False, False],
        "direction is missing": [False, True, False, False, False],
        "direction == counterparty": [True, None, True, True, True],
        'direction == "nowhere"': [False, None, False, False, False],
        "direction": TEXT,
    }.items():
        assert listed(evaluate(parse(text), values))[0] == wanted


def test_columns_of_different_shapes_compare():
    values = {
        "direction": Values(CATEGORY, 0, SHAPES["tiny codes"]),
        "counterparty": Values(CATEGORY, 0, SHAPES["large"]),
    }
    found = listed(evaluate(parse("direction == counterparty"), values))[0]
    assert found == [True, None, True, True, True]


@pytest.mark.parametrize(
    "data",
    [
        pa.array([1, None, 3]),
        pa.array([1, None, 3], pa.int16()),
        pa.array([1, None, 3]).dictionary_encode(),
        pa.chunked_array([[1], [None, 3]]),
    ],
)
def test_whole_numbers_of_any_shape_compare(data):
    values = {"branch": Values(CATEGORY, 0, data)}
    assert listed(evaluate(parse("branch == 3"), values))[0] == [False, None, True]


def test_a_mask_of_its_own_counts_beside_nulls():
    given_mask = np.array([True, True, False, True, True])
    values = {"direction": Values(CATEGORY, 0, SHAPES["dictionary"], given_mask)}
    found = listed(evaluate(parse('direction == "sale"'), values))[0]
    assert found == [True, None, None, True, False]


@pytest.mark.parametrize("kind", [pa.string(), pa.dictionary(pa.int32(), pa.string()), pa.null()])
def test_nothing_and_only_nulls_are_columns_too(kind):
    for rows in (0, 3):
        values = {"direction": Values(CATEGORY, 0, pa.nulls(rows, kind))}
        assert listed(evaluate(parse('direction == "sale"'), values))[0] == [None] * rows
    values = {"direction": Values(CATEGORY, 0, pa.chunked_array([], kind))}
    assert listed(evaluate(parse('direction == "sale"'), values))[0] == []


def test_a_category_of_the_other_kind_is_refused():
    text, whole = parse('direction == "17"'), parse("direction == 17")
    numbers, texts = Values(CATEGORY, 0, pa.array([17])), Values(CATEGORY, 0, pa.array(["17"]))
    for expression, values, value in ((text, numbers, 17), (whole, texts, "17")):
        with pytest.raises(MappingError, match="text and whole numbers"):
            evaluate(expression, {"direction": values})
        with pytest.raises(MappingError, match="text and whole numbers"):
            row_evaluator(expression, list)({"direction": value})
    both = parse("direction == branch")
    with pytest.raises(MappingError, match="text and whole numbers"):
        evaluate(both, {"direction": texts, "branch": numbers})
    with pytest.raises(MappingError, match="text and whole numbers"):
        row_evaluator(both, list)({"direction": "17", "branch": 17})


def test_a_column_of_another_type_than_declared_is_refused():
    values = {"amount": Values(NUMBER, 4, np.array([1]))}
    with pytest.raises(MappingError, match="checked for number with 2 places"):
        evaluate(parse("amount > 1"), values)
    with pytest.raises(MappingError, match="category is text or whole numbers"):
        evaluate(parse('direction == "a"'), {"direction": Values(CATEGORY, 0, pa.array([1.5]))})


def test_flags_may_be_zero_and_one():
    values = {"vip": Values(FLAG, 0, np.array([0, 1, 1]), np.array([True, True, False]))}
    found = evaluate(parse("not vip"), values)
    assert listed(found)[0] == [True, False, None]
    assert passing(found).tolist() == [True, False, False]
    assert passing(evaluate(parse("vip"), values)).tolist() == [False, True, False]


def test_rows_out_of_range_are_marked_and_the_rest_goes_on():
    data = np.array([3, INT64 - 1, 5, INT64 - 1])
    valid = np.array([True, True, True, False])
    values = {"quantity": Values(NUMBER, 0, data, valid)}
    found = evaluate(parse("quantity * quantity"), values)
    assert listed(found) == ([9, None, 25, None], [False, True, False, False])
    filtered = evaluate(parse("quantity * quantity > 10"), values)
    assert passing(filtered).tolist() == [False, False, True, False]
    assert filtered.out_of_range.tolist() == [False, True, False, False]


def test_large_values_that_fit_are_kept_exactly():
    data = np.array([INT64 - 1, -INT64, 2**62, 1])
    values = {"quantity": Values(NUMBER, 0, data)}
    for text, wanted in {
        "quantity - 1": [INT64 - 2, None, 2**62 - 1, 0],
        "quantity * -1": [-INT64 + 1, None, -(2**62), -1],
        "quantity * 2": [None, None, None, 2],
        "quantity + quantity": [None, None, None, 2],
        "quantity - quantity": [0, 0, 0, 0],
    }.items():
        found, marks = listed(evaluate(parse(text), values))
        assert found == wanted
        assert marks == [value is None for value in wanted]


# --- whole tables of small cases ------------------------------------------------------------------

EXTREMES = [-INT64, -INT64 + 1, -(2**62), -3037000500, -1, 0, 1, 3037000499, 2**62, INT64 - 1]


@pytest.mark.parametrize("sign", "+-*")
def test_every_pair_of_extremes_fits_or_is_marked(sign):
    """Against Python's integers, which have no end."""
    exact = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}[sign]
    pairs = [(one, other) for one in EXTREMES for other in EXTREMES]
    columns = [Column("a", NUMBER), Column("b", NUMBER)]
    expression = parse_expression(f"a {sign} b", columns, ZONE)
    wanted = [exact(*pair) for pair in pairs]
    fitting = [value if -INT64 <= value < INT64 else None for value in wanted]
    data = np.array(pairs)
    values = {"a": Values(NUMBER, 0, data[:, 0]), "b": Values(NUMBER, 0, data[:, 1])}
    found = listed(evaluate(expression, values))
    assert found == (fitting, [value is None for value in fitting])
    assert by_rows(expression, [{"a": one, "b": other} for one, other in pairs]) == found


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize(("coarse", "fine"), [(0, 1), (1, 2), (0, 2), (2, 2)])
def test_numbers_of_different_places_compare_as_fractions(sign, coarse, fine):
    columns = [Column("a", NUMBER, coarse), Column("b", NUMBER, fine)]
    rows = [{"a": one, "b": other} for one in range(-12, 13) for other in range(-120, 121, 5)]
    rows += [{"a": one, "b": other} for one in (-INT64, INT64 - 1) for other in EXTREMES]
    values = {
        column.name: Values(NUMBER, column.places, np.array([row[column.name] for row in rows]))
        for column in columns
    }
    for text in (f"a {sign} b", f"b {sign} a"):
        left, right = text[0], text[-1]
        places = {column.name: column.places for column in columns}
        wanted = [
            ORDER[sign](*[Fraction(row[name], 10 ** places[name]) for name in (left, right)])
            for row in rows
        ]
        expression = parse_expression(text, columns, ZONE)
        assert by_rows(expression, rows) == (wanted, [False] * len(rows))
        assert listed(evaluate(expression, values))[0] == wanted
        assert expression.total, "nothing is scaled up, so nothing can be lost"


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("bound", ["0", "-0.5", "0.5", "0.049", "-0.051", "3", "2.999", "-3.0"])
def test_every_bound_between_two_values_cuts_at_the_right_one(sign, bound):
    numbers_near = list(range(-40, 41))
    expression = parse_expression(f"a {sign} {bound}", [Column("a", NUMBER, 1)], ZONE)
    turned = parse_expression(
        f"{bound} {sign.translate(str.maketrans('<>', '><'))} a", [Column("a", NUMBER, 1)], ZONE
    )
    wanted = [ORDER[sign](Fraction(value, 10), Fraction(bound)) for value in numbers_near]
    values = {"a": Values(NUMBER, 1, np.array(numbers_near))}
    assert listed(evaluate(expression, values))[0] == wanted
    assert by_rows(expression, [{"a": value} for value in numbers_near])[0] == wanted
    assert turned == expression


@pytest.mark.parametrize(
    ("word", "table"),
    [
        ("and", "TTT TFF TMM FTF FFF FMF MTM MFF MMM"),
        ("or", "TTT TFT TMT FTT FFF FMM MTT MFM MMM"),
    ],
)
def test_the_truth_tables_of_sql_hold(word, table):
    """Three letters a case: left, right, result; M is missing."""
    columns = [Column("a", FLAG), Column("b", FLAG)]
    flag_of = {"T": True, "F": False, "M": None}
    cases = [[flag_of[letter] for letter in case] for case in table.split()]
    rows = [{"a": left, "b": right} for left, right, _ in cases]
    values = {each.name: column_of([row[each.name] for row in rows], each) for each in columns}
    expression = parse_expression(f"a {word} b", columns, ZONE)
    wanted = [result for *_, result in cases]
    assert by_rows(expression, rows)[0] == wanted
    assert listed(evaluate(expression, values))[0] == wanted
    assert passing(evaluate(expression, values)).tolist() == [each is True for each in wanted]
    # Whatever the columns are, De Morgan holds.
    other = "or" if word == "and" else "and"
    turned = parse_expression(f"not (not a {other} not b)", columns, ZONE)
    assert by_rows(turned, rows)[0] == wanted


def test_every_day_of_a_century_is_on_the_calendar():
    first, last = date(1960, 12, 31), date(2061, 1, 2)
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    noon = np.array([(day - date(1970, 1, 1)).days for day in days]) * DAY_US + DAY_US // 2
    values = {"due": Values(INSTANT, 0, noon)}
    rows = [{"due": int(instant)} for instant in noon]
    for part, number in {
        "day": lambda day: (day - date(1970, 1, 1)).days,
        "month": lambda day: (day.year - 1970) * 12 + day.month - 1,
        "quarter": lambda day: (day.year - 1970) * 4 + (day.month - 1) // 3,
        "year": lambda day: day.year,
        "month_of_year": lambda day: day.month,
        "quarter_of_year": lambda day: (day.month - 1) // 3,
        "weekday": lambda day: day.weekday(),
        "hour": lambda _: 12,
    }.items():
        expression = parse(f"{part}(due)", "UTC")
        wanted = [number(day) for day in days]
        assert evaluate(expression, values).data.tolist() == wanted
        assert by_rows(expression, rows)[0] == wanted


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("America/New_York", "2024-03-10T00:00+00:00"),
        ("America/New_York", "2024-11-03T00:00+00:00"),
        ("Australia/Lord_Howe", "2024-04-06T00:00+00:00"),
        ("Asia/Shanghai", "1991-04-13T00:00+00:00"),
    ],
)
def test_every_quarter_of_an_hour_around_a_change_of_clocks(zone, start):
    first = datetime.fromisoformat(start)
    instants = [first + timedelta(minutes=15 * n) for n in range(2 * 96)]
    us = [(instant - EPOCH) // timedelta(microseconds=1) for instant in instants]
    expression = parse("hour(due)", zone)
    wanted = [instant.astimezone(ZoneInfo(zone)).hour for instant in instants]
    assert evaluate(expression, {"due": Values(INSTANT, 0, np.array(us))}).data.tolist() == wanted
    assert by_rows(expression, [{"due": each} for each in us])[0] == wanted


@settings(max_examples=60, deadline=None)
@given(flags(), ROWS, ROWS)
def test_a_row_has_one_answer_whatever_stands_beside_it(text, some, others):
    try:
        expression = parse(text)
    except MappingError:
        return
    apart = [listed(evaluate(expression, columns_of(rows))) for rows in (some, others)]
    together = listed(evaluate(expression, columns_of(some + others)))
    assert together == (apart[0][0] + apart[1][0], apart[0][1] + apart[1][1])


@settings(max_examples=60, deadline=None)
@given(flags())
def test_blanks_and_brackets_change_no_meaning(text):
    try:
        expression = parse(text)
    except MappingError:
        return
    assert parse(f" ( {text.replace(' ', '  ')} )\n") == expression or '"' in text
    assert expression.names <= set(re.findall(r"\w+", text))
