"""Boxed expressions: what each gives, and what its error or note names."""

from decimal import Decimal

import pytest
from dmn_models import (
    context,
    decision,
    definitions,
    formal,
    item,
    knowledge,
    literal,
)

from headrace.decisions.dmn import decide, read_model
from headrace.decisions.feel import Function
from headrace.errors import MappingError


def outcome_of(logic, *elements, needs=()):
    model = read_model(definitions(*elements, decision("D", logic, needs)), file="p.dmn")
    return decide(model, "D", {})


def value_of(logic, *elements, needs=()):
    outcome = outcome_of(logic, *elements, needs=needs)
    assert outcome.notes == ()
    return outcome.value


def part(tag, text):
    return f"<{tag}>{literal(text)}</{tag}>"


def conditional(condition):
    parts = part("if", condition) + part("then", '"yes"') + part("else", '"no"')
    return f"<conditional>{parts}</conditional>"


def iteration(kind, source, body):
    tag = "return" if kind == "for" else "satisfies"
    return f'<{kind} iteratorVariable="an item">{part("in", source)}{part(tag, body)}</{kind}>'


def boxed_filter(source, match):
    return f"<filter>{part('in', source)}{part('match', match)}</filter>"


def function(parameters, logic, attributes=""):
    formals = "".join(map(formal, parameters))
    return f"<functionDefinition{attributes}>{formals}{logic}</functionDefinition>"


def invocation(name, **bindings):
    bound = "".join(
        f'<binding><parameter name="{each}"/>{literal(text)}</binding>'
        for each, text in bindings.items()
    )
    return f"<invocation>{literal(name)}{bound}</invocation>"


def test_a_context_gives_its_entries_each_seeing_those_before():
    logic = context(("a fee", literal("2")), ("total", literal("a fee * 3")))
    assert value_of(logic) == {"a fee": 2, "total": 6}


def test_a_context_with_a_result_gives_that():
    logic = context(("n", literal("2")), ("", literal("n + 1")))
    assert value_of(logic) == 3


def test_an_entry_does_not_see_those_after():
    outcome = outcome_of(context(("a", literal("b")), ("b", literal("1"))))
    assert outcome.value == {"a": None, "b": 1}
    assert outcome.notes[0].where.endswith("decision 'D', entry 'a'")


def test_inner_entries_end_with_their_context():
    inner = context(("x-y", literal("5")))
    numbers = ("inner", inner), ("x", literal("7")), ("y", literal("2"))
    assert value_of(context(*numbers, ("", literal("x-y")))) == 5  # not the inner x-y
    assert value_of(context(*numbers, ("", literal("[inner.x-y]")))) == [5]
    assert value_of(context(*numbers, ("", literal("(inner.x-y) * 2")))) == 10


def test_lists_and_relations():
    assert value_of(f"<list>{literal('1')}{literal('2')}</list>") == [1, 2]
    relation = (
        '<relation><column name="a"/><column name="b c"/>'
        f"<row>{literal('1')}{literal('2')}</row><row>{literal('3')}{literal('4')}</row></relation>"
    )
    assert value_of(relation) == [{"a": 1, "b c": 2}, {"a": 3, "b c": 4}]
    assert value_of(context(("r", relation), ("", literal("r.b c")))) == [2, 4]


def test_a_row_of_a_relation_has_a_cell_for_each_column():
    relation = f'<relation><column name="a"/><row>{literal("1")}{literal("2")}</row></relation>'
    with pytest.raises(MappingError, match=r"2 cells.*row 1.*Expected 1"):
        value_of(relation)


@pytest.mark.parametrize(
    ("condition", "value"), [("1 < 2", "yes"), ("1 > 2", "no"), ("null", "no")]
)
def test_a_conditional(condition, value):
    assert value_of(conditional(condition)) == value


def test_a_condition_that_is_no_boolean_is_null_with_a_note():
    outcome = outcome_of(conditional('"true"'))
    assert outcome.value is None
    assert outcome.notes[0].text == "The condition is neither true nor false"


@pytest.mark.parametrize(
    ("source", "match", "value"),
    [
        ("[1, 2, 3]", "item > 1", [2, 3]),
        ("[1, 2, 3]", "2", 2),
        ("[1, 2, 3]", "-1", 3),
        ("[{a b: 1}, {a b: 2}]", "a b = 2", [{"a b": 2}]),
        ("5", "item = 5", [5]),
        ("null", "true", []),
        ("[1, null]", "item > 0", [1]),
    ],
)
def test_a_filter(source, match, value):
    assert outcome_of(boxed_filter(source, match)).value == value


@pytest.mark.parametrize(("match", "note"), [('"x"', "neither true nor false"), ("9", "no item 9")])
def test_a_filter_that_makes_no_sense_is_null_with_a_note(match, note):
    outcome = outcome_of(boxed_filter("[1, 2]", match))
    assert outcome.value is None
    assert note in outcome.notes[0].text


@pytest.mark.parametrize(
    ("kind", "source", "body", "value"),
    [
        ("for", "[1, 2, 3]", "an item * 2", [2, 4, 6]),
        ("for", "[1..3]", "an item", [1, 2, 3]),
        ("for", "[1, 2, 3]", "count(partial)", [0, 1, 2]),
        ("for", "[1, 2, 3]", "partial", [[], [[]], [[], [[]]]]),
        ("for", "[]", "an item", []),
        ("some", "[1, 2, 3]", "an item = 2", True),
        ("some", "[1, 2, 3]", "an item = 9", False),
        ("some", "[]", "true", False),
        ("every", "[1, 2, 3]", "an item < 9", True),
        ("every", "[1, 2, 3]", "an item < 2", False),
        ("every", "[]", "false", True),
        ("some", "[1, null, 3]", "an item > 2", True),
        ("every", "[1, null]", "an item > 0", None),
    ],
)
def test_iterations(kind, source, body, value):
    assert outcome_of(iteration(kind, source, body)).value == value


@pytest.mark.parametrize("kind", ["for", "some", "every"])
def test_null_cannot_be_walked_and_is_noted(kind):
    outcome = outcome_of(iteration(kind, "null", "true"))
    assert outcome.value is None
    assert outcome.notes


def test_functions_close_over_their_scope_and_can_be_called_from_feel():
    logic = context(
        ("rate", literal("3")),
        ("times rate", function(["n: number"], literal("n * rate"))),
        ("", literal("[times rate(2), times rate(n: 5)]")),
    )
    assert value_of(logic) == [6, 15]


def test_a_function_of_functions():
    inner = function(["b"], literal("a + b"))
    logic = context(("add", function(["a"], inner)), ("", literal("add(1)(2)")))
    assert value_of(logic) == 3
    assert isinstance(value_of(function(["a"], inner)), Function)


def test_an_invocation_binds_by_name_whatever_the_order():
    minus = knowledge("minus", ["a", "b"], literal("a - b"))
    assert value_of(invocation("minus", b="1", a="10"), minus, needs=["f:minus"]) == 9


@pytest.mark.parametrize("bindings", [{"a": "1"}, {"a": "1", "b": "2", "c": "3"}, {"x": "1"}])
def test_an_invocation_that_binds_other_parameters_is_null_with_a_note(bindings):
    minus = knowledge("minus", ["a", "b"], literal("a - b"))
    outcome = outcome_of(invocation("minus", **bindings), minus, needs=["f:minus"])

    assert outcome.value is None
    assert "the function takes a, b" in outcome.notes[0].text


def test_what_is_no_function_is_not_invoked():
    outcome = outcome_of(invocation("1 + 1"))
    assert outcome.value is None
    assert outcome.notes[0].text == "What is invoked is no function"


@pytest.mark.parametrize("kind", ["Java", "PMML"])
def test_functions_of_elsewhere_are_refused_by_name_and_never_run(kind):
    logic = function(["a"], context(("class", literal('"java.lang.Math"'))), f' kind="{kind}"')
    model = read_model(definitions(decision("D", logic), decision("E", literal("1"))))

    assert decide(model, "E", {}).value == 1
    with pytest.raises(MappingError, match=f"kind {kind.upper()}.*decision 'D'.*Expected FEEL"):
        decide(model, "D", {})


def test_a_text_in_another_language_is_refused():
    logic = '<literalExpression expressionLanguage="urn:python"><text>1</text></literalExpression>'
    with pytest.raises(MappingError, match="in the language urn:python"):
        value_of(logic)


def test_an_expression_states_its_type():
    grades = item("tNumbers", "", "number", many=True)
    logic = '<list typeRef="tNumbers">{}</list>'
    assert value_of(logic.format(literal("1")), grades) == [1]
    assert outcome_of(logic.format(literal('"x"')), grades).value is None


@pytest.mark.parametrize(
    ("logic", "problem"),
    [
        ("<conditional/>", "<conditional> on line 1 has no <if>"),
        (f"<conditional>{part('if', 'true')}</conditional>", "has no <then>"),
        ("<filter><in/></filter>", "<in> on line 1 holds no expression"),
        ('<for iteratorVariable="i"/>', "<for> on line 1 has no <return>"),
        (f"<some>{part('in', '1')}{part('satisfies', 'true')}</some>", "no iteratorVariable"),
        ("<invocation/>", "<invocation> on line 1 holds no expression"),
        (context(("a", "")), "<contextEntry> on line 1 holds no expression.*entry 'a'"),
        ("<decisionTable><input/></decisionTable>", "<input> 1 on line 1 has no <inputExpression>"),
    ],
)
def test_an_incomplete_expression_is_refused_when_the_model_is_read(logic, problem):
    with pytest.raises(MappingError, match=problem):
        read_model(definitions(decision("D", logic)))


def test_elements_of_other_namespaces_are_passed_over():
    logic = f'<x:note xmlns:x="urn:x"/>{literal("1")}'
    content = definitions('<x:decision xmlns:x="urn:x" name="D"/>', decision("D", logic))
    assert decide(read_model(content), "D", {}).value == Decimal(1)
