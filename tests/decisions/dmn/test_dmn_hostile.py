"""Models that are meant to take for ever: they are read and refused in bounded time."""

import time

import pytest
from dmn_models import (
    allowed,
    component,
    context,
    decision,
    definitions,
    item,
    knowledge,
    literal,
)

from headrace.decisions.dmn import decide, read_model
from headrace.errors import HeadraceError

SECONDS = 10  # a bound for a busy machine; each takes less than two


@pytest.fixture(autouse=True)
def quick():
    start = time.perf_counter()
    yield
    assert time.perf_counter() - start < SECONDS


def loop(source, body):
    inside = f"<in>{literal(source)}</in><return>{body}</return>"
    return f'<for iteratorVariable="i">{inside}</for>'


def test_loops_in_loops_end():
    model = read_model(
        definitions(decision("D", loop("[1..90000]", loop("[1..90000]", "<list/>"))))
    )
    with pytest.raises(HeadraceError, match="more than 250,000 steps"):
        decide(model, "D", {})


def test_a_range_of_a_million_millions_is_not_walked():
    model = read_model(definitions(decision("D", loop("[1..1e12]", "<list/>"))))
    with pytest.raises(HeadraceError, match=r"[Aa]t most 100,000"):
        decide(model, "D", {})


def test_calls_that_call_ten_times_each_end():
    calls = [knowledge("f0", ["n"], literal("n"))]
    for level in range(1, 20):
        tenfold = ",".join([f"f{level - 1}(n)"] * 10)
        calls.append(knowledge(f"f{level}", ["n"], literal(f"[{tenfold}]"), [f"f:f{level - 1}"]))
    model = read_model(definitions(*calls, decision("D", literal("f19(1)"), ["f:f19"])))
    with pytest.raises(HeadraceError, match="steps"):
        decide(model, "D", {})


def test_types_that_double_at_each_level_are_read():
    pairs = [
        item(f"t{n}", component("a", f"t{n - 1}") + component("b", f"t{n - 1}"))
        for n in range(1, 60)
    ]
    content = definitions(item("t0", "", "number"), *pairs, decision("D", literal("{}"), (), "t59"))
    outcome = decide(read_model(content), "D", {})
    assert outcome.value is None


def test_a_long_chain_of_restricted_types_is_an_error_not_a_crash():
    chain = [item(f"t{n}", allowed("? != null"), f"t{n - 1}") for n in range(1, 2000)]
    content = definitions(
        item("t0", "", "number"), *chain, decision("D", literal("1"), (), "t1999")
    )
    with pytest.raises(HeadraceError, match="deep"):
        decide(read_model(content), "D", {})


def test_dear_tests_of_a_type_spend_the_steps_of_the_run():
    dear = item("t", allowed("every x in 1..1000 satisfies ? > 0"), "number", many=True)
    logic = literal("for i in 1..20000 return i")
    model = read_model(definitions(dear, decision("D", logic, type_ref="t")))
    with pytest.raises(HeadraceError, match="steps"):
        decide(model, "D", {})


def test_many_names_with_blanks_beside_many_texts_are_read():
    elements = [decision("a " * (n % 90) + f"x {n}", literal("a " * 90 + "x")) for n in range(2000)]
    assert read_model(definitions(*elements)).problems == ()


def test_a_context_of_thousands_of_entries_is_read_and_evaluated():
    entries = [(f"e {n}", literal(f"e {n - 1} + 1" if n else "0")) for n in range(3000)]
    model = read_model(definitions(decision("D", context(*entries))))
    assert decide(model, "D", {}).value["e 2999"] == 2999


def test_notes_are_bounded():
    model = read_model(definitions(decision("D", loop("[1..20000]", literal("1/0")))))
    outcome = decide(model, "D", {})
    assert len(outcome.value) == 20000
    assert 0 < len(outcome.notes) <= 1000
