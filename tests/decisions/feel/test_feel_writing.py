"""A tree written as text reads back as the same tree."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.decisions.feel import Notes, evaluate, parse, parse_tests, tree, write, write_tests

TEXTS = [
    "1 + 2 * -3 ** 4 - -5",
    "(1 - 2) - (3 - 4)",
    "a and b or not(c) and (d or e)",
    "if a then {b c: 1, d: b c + 1} else [1, [2], (3..x]]",
    "for i in 1..3, j in [1, i] return partial[-1] + i * j",
    "some x in xs, y in ys satisfies x = y",
    "every x in xs satisfies x between 1 and 2",
    'a.b[c > 1][1].d("x\\n\\"", f(n: 1))',
    "x in (< 1, >= 2, [3..4], 5)",
    "x in (? > 3)",
    'function(a: list<number>, b) external {java: {class: "C"}}',
    "x instance of context<a: function<number, string> -> range<date>>",
    '@"2026-11-22T09:30:00@Europe/Paris" - @"P1DT2H3.5S"',
    "[(< 5), (= true), (!= null)]",
    "(function(x) x + 1)(2)",
]
CELLS = ["-", "< 5, >= 7", 'not("a", "b")', "[1..2), ? > 3", "not(? = 1)", "true, null"]

names = st.sampled_from(["a", "income net", "x1"])
literals = st.one_of(
    st.decimals(0, 10**9, places=2).map(lambda n: tree.Literal(n.normalize())),
    st.text(max_size=8).map(tree.Literal),
    st.sampled_from([True, False, None]).map(tree.Literal),
)


def _larger(inner):
    pairs = st.tuples(inner, inner)
    return st.one_of(
        st.builds(tree.Arithmetic, st.sampled_from(["+", "-", "*", "/", "**"]), inner, inner),
        st.builds(tree.Comparison, st.sampled_from(["=", "!=", "<", ">="]), inner, inner),
        pairs.map(tree.Conjunction),
        pairs.map(tree.Disjunction),
        st.builds(tree.Negation, inner),
        st.builds(tree.Between, inner, inner, inner),
        st.builds(tree.If, inner, inner, inner),
        st.builds(tree.Path, inner, names),
        st.builds(tree.Filter, inner, inner),
        st.builds(tree.Call, inner, pairs),
        st.builds(tree.ListOf, pairs),
        st.builds(tree.Interval, inner, inner, st.booleans(), st.booleans()),
        st.builds(tree.Context, st.tuples(st.tuples(st.just("k"), inner))),
        st.builds(tree.For, st.tuples(st.builds(tree.Iterator, names, inner)), inner),
    )


@pytest.mark.parametrize("text", TEXTS)
def test_written_text_reads_as_the_same_tree(text):
    assert parse(write(parse(text))) == parse(text)


@pytest.mark.parametrize("text", CELLS)
def test_written_cells_read_as_the_same_tests(text):
    assert parse_tests(write_tests(parse_tests(text))) == parse_tests(text)


@given(st.recursive(literals | names.map(tree.Name), _larger, max_leaves=12))
def test_any_tree_reads_back(node):
    assert parse(write(node)) == node


@given(st.recursive(literals | names.map(tree.Name), _larger, max_leaves=8))
def test_any_tree_has_a_value(node):
    scope = {"a": Decimal(2), "income net": [Decimal(1), None], "x1": {"a": "b"}}
    notes = Notes()
    value = evaluate(node, scope, notes)
    assert value is not None or notes.notes or write(node)
