"""Item definitions: what a value of a type may be, and what becomes of others."""

from decimal import Decimal

import pytest
from dmn_models import (
    allowed,
    component,
    decision,
    definitions,
    input_data,
    item,
    knowledge,
    literal,
)

from headrace.decisions.dmn import decide, read_model
from headrace.decisions.feel import Date, DateTime, Time
from headrace.errors import MappingError

GRADE = item("tGrade", allowed('"A", "B", "C"'), "string")
GRADES = item("tGrades", allowed('"A", "B", "C"'), "string", many=True)
SHORT = item("tShort", allowed("count(?) <= 2", "typeConstraint"), "number", many=True)
LOAN = item("tLoan", component("amount", "number", allowed("> 0")) + component("grade", "tGrade"))
LOANS = item("tLoans", "", "tLoan", many=True)
TREE = item("tTree", component("value", "number") + component("children", "tTrees"))
TREES = item("tTrees", "", "tTree", many=True)
TYPES = (GRADE, GRADES, SHORT, LOAN, LOANS, TREE, TREES)


def loan(amount, grade):
    return {"amount": Decimal(amount), "grade": grade}


def leaf(value, *children):
    return {"value": Decimal(value), "children": list(children)}


def given(value, type_ref):
    needs = '<informationRequirement><requiredInput href="#x"/></informationRequirement>'
    model = read_model(
        definitions(*TYPES, input_data("x", type_ref), decision("D", needs + literal("x")))
    )
    return decide(model, "D", {"x": value})


KEPT = [
    (Decimal(1), "number"),
    ("A", "tGrade"),
    (["A", "C", "A"], "tGrades"),
    ([], "tGrades"),
    (loan(5, "A"), "tLoan"),
    ({**loan(5, "A"), "more": True}, "tLoan"),
    ([loan(5, "A"), loan(6, "B")], "tLoans"),
    ([Decimal(1), Decimal(2)], "tShort"),
    (leaf(1, leaf(2), leaf(3, leaf(4))), "tTree"),
    ("anything", "Any"),
    ("anything", ""),
    (None, "tGrade"),
    (Date(2026, 1, 2), "date"),
]


@pytest.mark.parametrize(("value", "type_ref"), KEPT)
def test_a_value_of_its_type_stays(value, type_ref):
    outcome = given(value, type_ref)
    assert (outcome.value, outcome.notes) == (value, ())


REFUSED = [
    ("1", "number"),
    (True, "number"),
    ("D", "tGrade"),
    (["A", "D"], "tGrades"),
    (loan(-5, "A"), "tLoan"),
    (loan(5, "D"), "tLoan"),
    ({"amount": Decimal(5)}, "tLoan"),
    ([loan(5, "A"), loan(0, "B")], "tLoans"),
    ([Decimal(1), Decimal(2), Decimal(3)], "tShort"),
    (leaf(1, leaf(2, "no tree")), "tTree"),
]


@pytest.mark.parametrize(("value", "type_ref"), REFUSED)
def test_a_value_of_another_type_is_null_with_a_note(value, type_ref):
    outcome = given(value, type_ref)

    assert outcome.value is None
    assert "is not of the type" in outcome.notes[0].text
    assert outcome.notes[0].where.endswith("input data 'x'")


@pytest.mark.parametrize(
    ("value", "type_ref", "taken_for"),
    [
        (["A"], "tGrade", "A"),
        ("A", "tGrades", ["A"]),
        (Decimal(1), "tShort", [Decimal(1)]),
        (loan(5, "A"), "tLoans", [loan(5, "A")]),
        (Date(2026, 1, 2), "dateTime", DateTime(Date(2026, 1, 2), Time(0, 0, 0, offset=0))),
    ],
)
def test_the_conversions_of_the_specification(value, type_ref, taken_for):
    assert given(value, type_ref).value == taken_for


def test_instance_of_does_not_ask_for_allowed_values():
    texts = ['"Z" instance of tGrade', "1 instance of tGrade", '{amount: -1, grade: "Z"}']
    logic = literal(f"[{texts[0]}, {texts[1]}, {texts[2]} instance of tLoan]")
    model = read_model(definitions(*TYPES, decision("D", logic)))

    assert decide(model, "D", {}).value == [True, False, True]


def test_types_of_decisions_parameters_and_results_are_kept_to():
    model = read_model(
        definitions(
            *TYPES,
            knowledge("best", ["g: tGrade"], literal('g = "A"'), type_ref="boolean"),
            decision("asked", literal('[best("A"), best("D")]'), ["f:best"]),
            decision("typed", literal('"D"'), type_ref="tGrade"),
        )
    )

    asked = decide(model, "asked", {})
    assert asked.value == [True, None]
    assert "parameter 'g'" in asked.notes[0].where
    typed = decide(model, "typed", {})
    assert typed.value is None
    assert typed.notes[0].where.endswith("decision 'typed'")


def test_a_type_that_is_not_there_is_a_problem_of_what_names_it():
    content = definitions(GRADE, decision("D", literal("1"), type_ref="tGroup"))
    model = read_model(content)

    (problem,) = model.problems
    assert "'tGroup' is not known" in problem.problem
    assert "tGrade" in problem.remedy
    with pytest.raises(MappingError, match="decision 'D'"):
        decide(model, "D", {})


@pytest.mark.parametrize(
    ("types", "problem"),
    [
        ([item("t", "", "tMissing")], "'tMissing' is not known.*type 't'"),
        ([item("t", "", "t")], "'t' is defined as itself"),
        ([item("a", "", "b"), item("b", "", "a")], "defined as itself"),
        ([item("a", "", "b", many=True), item("b", "", "a", many=True)], None),
        ([item("t", allowed("((("), "number")], "type 't', allowed values"),
        ([GRADE, GRADE], "type 'tGrade' is there twice"),
    ],
)
def test_types_that_cannot_be_are_refused_when_the_model_is_read(types, problem):
    content = definitions(*types, decision("D", literal("1")))
    if problem is None:
        assert decide(read_model(content), "D", {}).value == 1
    else:
        with pytest.raises(MappingError, match=problem):
            read_model(content)
