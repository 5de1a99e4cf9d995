"""Random decision tables: every hit policy, type and kind of cell, Chinese, quotes, empty cells."""

from hypothesis import strategies as st

from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.feel import parse, parse_tests
from headrace.decisions.feel.tree import Literal
from headrace.decisions.tables.table import (
    RANKED,
    UNTESTED,
    Input,
    Output,
    Rule,
    Table,
    note_text,
    one_line,
)
from headrace.errors import HeadraceError

NAMES = frozenset({"cap", "credit score", "access", "base rate", "金额（元）", "a-b"})
"""What cells cite beside the inputs of their own table."""

INPUTS = ("rating", "void_share", "credit score", "税额", "debt / income", "cap", "access.outcome")
OUTPUTS = ("outcome", "limit", "理由", "rate of interest", "x")
TYPES = ("", "number", "string", "boolean", "date", "date and time", "Any")

LINES = st.text(
    st.sampled_from("ab 1=+-@'\"#,;:|>{}[]&<>*?!%\\_x0041_ 规则，（）。\u00a0é\U0001f600"),
    max_size=12,
)
TEXTS = st.one_of(
    LINES,
    st.sampled_from(
        ["true", "null", "-", "2026-01-01", "0012", "1-2", "yes", "~", "rating", "cap"]
    ),
    st.text(max_size=6),
)


@st.composite
def printable_texts(draw, lines=LINES):
    """A text for people: no control characters, as tables hold it."""
    return one_line(draw(lines))


NOTES = st.lists(LINES, max_size=3).map("\n".join).map(note_text)


def quoted(text: str) -> str:
    for mark, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(mark, escape)
    return f'"{text}"'


NUMBERS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.decimals(-1000, 1000, places=3).map(str),
    st.sampled_from(["0.1", "1e3", "0.30", "12345678901234567890", "-0.5"]),
)
DAYS = st.dates().map(lambda day: f'@"{day.isoformat()}"')
MOMENTS = st.sampled_from(
    ['@"2026-01-01T12:00:00"', '@"2026-01-01T12:00:00Z"', '@"2026-01-01T12:00:00+08:00"']
)
OTHERS = st.sampled_from(['@"P1Y"', '@"P2DT3H"', '@"12:30:00"', "true", "false", "null"])
STRINGS = TEXTS.map(quoted)
REFERENCES = st.sampled_from(sorted(NAMES | {"access.outcome"}))
OPERANDS = st.one_of(NUMBERS, DAYS, MOMENTS, OTHERS, STRINGS, REFERENCES)
COMPUTED = st.sampled_from(
    [
        *("min(cap * 0.25, 500)", "-cap", "base rate + 0.01 * cap", "a-b * 2", "access.outcome"),
        *("[1, 2, 3]", "[]", '{a: 1, "b c": [cap]}', "for i in 1..3 return i + cap"),
        *("cap between 1 and 2", 'date("2026-01-01")', "function(x) x + 1"),
        'if cap > 3 then "a" else "b"',
    ]
)


@st.composite
def alternatives(draw):
    operand = draw(OPERANDS)
    low, high = draw(NUMBERS), draw(st.one_of(NUMBERS, REFERENCES))
    return draw(
        st.sampled_from(
            [
                *(operand, f"< {operand}", f">= {operand}", f"= {operand}", f"!= {operand}"),
                *(f"[{low}..{high}]", f"({low}..{high}]", f"]{low}..{high}[", f"[{low}..{high})"),
                *(f"? > {operand}", "contains(?, cap)", "-cap", "[1, 2]", "not(true)"),
            ]
        )
    )


def read(parser, text):
    try:
        return parser(text, NAMES)
    except HeadraceError:
        return None


@st.composite
def tests(draw):
    texts = draw(st.lists(alternatives(), max_size=3))
    joined = ", ".join(texts)
    negated = bool(texts) and draw(st.integers(0, 4)) == 0
    found = read(parse_tests, f"not({joined})" if negated else joined) if texts else UNTESTED
    return UNTESTED if found is None else found


@st.composite
def outputs(draw, operands):
    found = read(parse, draw(operands))
    return Literal(None) if found is None else found


KINDS = (NUMBERS, STRINGS, DAYS)


@st.composite
def tables(draw, name="t"):
    policy = draw(st.sampled_from(HitPolicy))
    aggregation = None
    if policy is HitPolicy.COLLECT:
        aggregation = draw(st.sampled_from([None, *Aggregation]))
    count = 1 if aggregation else draw(st.integers(1, 3))
    in_names = draw(st.lists(st.sampled_from(INPUTS), unique=True, max_size=4))
    out_names = draw(
        st.lists(st.sampled_from(OUTPUTS), unique=True, min_size=count, max_size=count)
    )
    notes = draw(
        st.lists(st.sampled_from(["why", "条款", "source of it"]), unique=True, max_size=2)
    )
    # One kind of literal in a column; computed outputs, references and nulls may stand among them.
    kinds = [
        outputs(st.one_of(draw(st.sampled_from(KINDS)), COMPUTED, REFERENCES, st.just("null")))
        for _ in out_names
    ]
    values = [draw(tests()) for _ in out_names]
    if policy in RANKED and not any(each.alternatives for each in values):
        values[0] = parse_tests('"first", "second, third"')
    rules = st.builds(
        Rule,
        st.tuples(*(tests() for _ in in_names)),
        st.tuples(*kinds),
        st.tuples(*(NOTES for _ in notes)),
    )
    return Table(
        name=name,
        hit_policy=policy,
        aggregation=aggregation,
        inputs=tuple(draw(input_columns(each)) for each in in_names),
        outputs=tuple(
            Output(
                each,
                draw(st.sampled_from(TYPES[:-1])),
                allowed,
                draw(st.none() | kind),
                draw(printable_texts()),
            )
            for each, kind, allowed in zip(out_names, kinds, values, strict=True)
        ),
        notes=tuple(notes),
        rules=tuple(draw(st.lists(rules, min_size=1, max_size=4))),
        title_en=draw(printable_texts()),
        title_zh=draw(printable_texts()),
    )


@st.composite
def input_columns(draw, name):
    label = draw(printable_texts())
    return Input(
        parse(name, NAMES | {name} if "/" not in name and "." not in name else NAMES),
        draw(st.sampled_from(TYPES[:-1])),
        draw(tests()),
        "" if label == name else label,
    )
