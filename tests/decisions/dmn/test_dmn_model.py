"""Requirement graphs: what is evaluated, imports, services, cycles, errors that name elements."""

from decimal import Decimal

import pytest
from dmn_models import decision, definitions, input_data, item, knowledge, literal, service

from headrace.decisions.dmn import decide, read_definitions, read_model
from headrace.decisions.dmn.reader import NAMESPACES
from headrace.decisions.dmn.tree import Decision, InputData, Service
from headrace.decisions.feel import Date, DateTime, Limits, Time
from headrace.errors import HeadraceError, InputError, MappingError


def needs_input(*names):
    return "".join(
        f'<informationRequirement><requiredInput href="#{name}"/></informationRequirement>'
        for name in names
    )


@pytest.mark.parametrize("version", NAMESPACES)
def test_versions_1_2_to_1_5_are_read(version):
    model = read_model(definitions(decision("D", literal("1 + 1")), version=version))
    assert decide(model, "D", {}).value == 2


@pytest.mark.parametrize(
    "content",
    [
        '<definitions xmlns="http://www.omg.org/spec/DMN/20151101/dmn.xsd" namespace="n"/>',
        '<definitions namespace="n"/>',
        '<decision xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/"/>',
    ],
)
def test_other_documents_are_refused(content):
    with pytest.raises(MappingError, match=r"The document is .*Expected definitions of DMN 1.2"):
        read_definitions(content, "p.dmn")


def test_only_what_is_required_is_evaluated_each_once():
    content = definitions(
        input_data("x"),
        decision("base", needs_input("x") + literal("[x, 1/0]")),
        decision("left", literal("base"), ["base"]),
        decision("right", literal("base"), ["base"]),
        decision("both", literal("count(left) + count(right)"), ["left", "right"]),
        decision("unread", literal("(((")),
    )
    outcome = decide(read_model(content), "both", {"x": Decimal(1)})

    assert outcome.value == 4
    assert [note.where.split(", ")[-1] for note in outcome.notes] == ["decision 'base'"]


def test_a_decision_sees_what_it_requires_only():
    content = definitions(decision("a", literal("1")), decision("b", literal("a")))
    outcome = decide(read_model(content), "b", {})

    assert outcome.value is None
    assert "'a'" in outcome.notes[0].text


def test_names_with_blanks_and_signs_are_found():
    content = definitions(
        input_data("Applicant's age (in years)"),
        decision(
            "a+b",
            needs_input("Applicant's age (in years)") + literal("Applicant's age (in years) - 1"),
        ),
        decision("D", literal("a+b * 2"), ["a+b"]),
    )
    outcome = decide(read_model(content), "D", {"Applicant's age (in years)": Decimal(11)})
    assert (outcome.value, outcome.notes) == (20, ())


def test_a_long_chain_of_decisions_needs_no_recursion():
    links = [decision(f"d{n}", literal(f"d{n - 1} + 1"), [f"d{n - 1}"]) for n in range(1, 3000)]
    model = read_model(definitions(decision("d0", literal("0")), *links))
    assert decide(model, "d2999", {}).value == 2999


def test_a_decision_left_to_people_is_an_input():
    model = read_model(
        definitions(decision("judgement", ""), decision("D", literal("judgement"), ["judgement"]))
    )

    assert decide(model, "D", {"judgement": "fine"}).value == "fine"
    missing = decide(model, "D", {})
    assert (missing.value, missing.notes[0].text) == (None, "No value is given; taken as null")


def test_unknown_names_are_refused_with_those_that_are_known():
    content = definitions(input_data("x"), decision("D", needs_input("x") + literal("x")))
    model = read_model(content, file="p.dmn")

    with pytest.raises(InputError, match=r"no decision 'E'. p.dmn. Expected one of D"):
        decide(model, "E", {})
    for name in ("y", "D"):
        with pytest.raises(InputError, match=f"no input '{name}'. p.dmn. Expected some of x"):
            decide(model, "D", {name: None})


def test_now_is_told_and_never_asked():
    model = read_model(definitions(decision("D", literal("now()"))))
    moment = DateTime(Date(2026, 1, 2), Time(3, 4, 5, offset=0))

    assert decide(model, "D", {}, moment=moment).value == moment
    outcome = decide(model, "D", {})
    assert outcome.value is None
    assert outcome.notes


def test_the_same_inputs_give_the_same_outcome():
    content = definitions(
        input_data("x"), decision("D", needs_input("x") + literal("[x / 3, 1/0]"))
    )
    model = read_model(content)
    first, second = (decide(model, "D", {"x": Decimal(1)}) for _ in range(2))
    assert first == second


def test_a_model_tells_what_it_has():
    content = definitions(input_data("x"), decision("D", literal("1")), service("S", ["D"], ["x"]))
    model = read_model(content)
    assert [model.names(kind) for kind in (InputData, Decision, Service)] == [
        ("x",),
        ("D",),
        ("S",),
    ]


CIRCLES = [
    [decision("a", literal("a"), ["a"])],
    [decision("a", literal("b"), ["b"]), decision("b", literal("a"), ["a"])],
    [
        knowledge("f", [], literal("g()"), ["f:g"]),
        knowledge("g", [], literal("f()"), ["f:f"]),
        decision("a", literal("f()"), ["f:f"]),
    ],
    [decision("a", literal("S()"), ["f:S"]), service("S", ["a"])],
]


@pytest.mark.parametrize("elements", CIRCLES)
def test_circles_are_refused(elements):
    with pytest.raises(MappingError, match=r"go in a circle: '(\w)' needs .*'\1'"):
        read_model(definitions(*elements))


def test_a_long_circle_is_told_in_short():
    links = [decision(f"d{n}", literal("1"), [f"d{(n + 1) % 5000}"]) for n in range(5000)]
    with pytest.raises(MappingError, match=r"needs \.\.\. needs") as caught:
        read_model(definitions(*links))
    assert len(str(caught.value)) < 500


ONE = knowledge("f", [], literal("1"))


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ([decision("a", literal("b"), ["b"])], "requires 'b', which is not in the model.*'a'"),
        ([ONE, decision("b", literal("1"), ["f:f"])], None),
        ([ONE, input_data("x"), knowledge("g", [], literal("1"), ["f:x"])], "which it cannot"),
        ([ONE, service("S", ["f"])], "which it cannot"),
        ([decision("a", literal("1")), decision("a", literal("2"))], "element 'a' is there twice"),
        ([input_data("a"), decision("a", literal("2"))], "element 'a' is there twice"),
        (['<decision id="a"/>'], "has no name"),
        ([decision("b", literal("1")), '<decision name="a" id="b"/>'], "identifier 'b' is there"),
    ],
)
def test_references_and_names_are_checked(elements, problem):
    if problem is None:
        assert read_model(definitions(*elements)).problems == ()
    else:
        with pytest.raises(MappingError, match=problem):
            read_model(definitions(*elements))


# Knowledge and services


def test_knowledge_may_use_knowledge_and_itself():
    content = definitions(
        knowledge("half", ["n: number"], literal("n / 2")),
        knowledge(
            "halvings", ["n"], literal("if n <= 1 then 0 else 1 + halvings(half(n))"), ["f:half"]
        ),
        decision("D", literal("halvings(1024)"), ["f:halvings"]),
    )
    assert decide(read_model(content), "D", {}).value == 10


def test_recursion_without_end_is_an_error_not_a_crash():
    content = definitions(
        knowledge("f", ["n"], literal("f(n + 1)")), decision("D", literal("f(1)"), ["f:f"])
    )
    with pytest.raises(HeadraceError, match="deep"):
        decide(read_model(content), "D", {})


SERVICE = definitions(
    input_data("x", "number"),
    decision("rate", literal("100")),
    decision("price", needs_input("x") + literal("x * rate"), ["rate"]),
    decision("label", literal('"at " + string(price)'), ["price"]),
    service("quote", ["price"], ["x"], ["rate"]),
    service("both", ["price", "label"], ["x"]),
    decision("asked", literal("[quote(2, 3), quote(rate: 5, x: 1), rate]"), ["f:quote", "rate"]),
    decision("wrong", literal('[quote("two", 3), quote(2)]'), ["f:quote"]),
)


def test_a_service_takes_inputs_then_input_decisions_in_a_scope_of_its_own():
    assert decide(read_model(SERVICE), "asked", {}).value == [6, 5, 100]


def test_a_service_can_be_called_itself():
    model = read_model(SERVICE)
    assert decide(model, "quote", {"x": Decimal(2), "rate": Decimal(7)}).value == 14
    assert decide(model, "both", {"x": Decimal(2)}).value == {"price": 200, "label": "at 200"}


def test_a_service_called_wrongly_is_null_with_notes():
    outcome = decide(read_model(SERVICE), "wrong", {})
    assert outcome.value == [None, None]
    assert len(outcome.notes) == 2


def test_imports_of_other_kinds_are_passed_over():
    kinds = ["http://www.w3.org/2001/XMLSchema", "http://www.dmg.org/PMML-4_2"]
    imports = [f'<import namespace="urn:x" name="x" importType="{kind}"/>' for kind in kinds]
    content = definitions(*imports, decision("D", literal("1"), type_ref="x.tThing"))
    assert "x.tThing" in read_model(content).problems[0].problem


# Imports

RATES = definitions(
    item("tRate", "", "number"),
    input_data("base rate"),
    decision("my rate", needs_input("base rate") + literal("base rate + 1"), type_ref="tRate"),
    knowledge("twice the", ["n: tRate"], literal("if n instance of tRate then n * 2 else null")),
    namespace="urn:rates",
)
IMPORT = '<import namespace="urn:rates" name="the rates" importType="dmn"/>'
USER = definitions(
    IMPORT,
    item("tRate", "", "string"),
    '<decision name="D" id="D"><variable name="D" typeRef="the rates.tRate"/>'
    '<informationRequirement><requiredDecision href="urn:rates#my rate"/></informationRequirement>'
    '<knowledgeRequirement><requiredKnowledge href="urn:rates#twice the"/></knowledgeRequirement>'
    + literal("the rates.twice the(the rates.my rate)")
    + "</decision>",
)


@pytest.mark.parametrize("name", ["base rate", "the rates.base rate"])
def test_an_imported_model_is_cited_by_the_name_of_the_import(name):
    model = read_model(USER, {"rates.dmn": RATES})
    outcome = decide(model, "D", {name: Decimal(4)})

    assert model.problems == ()
    assert (outcome.value, outcome.notes) == (10, ())  # by its own tRate, not the user's


def test_a_model_that_is_not_given_is_asked_for():
    with pytest.raises(
        MappingError, match=r"urn:rates is not given.*import 'the rates'.*urn:other"
    ):
        read_model(USER, {"other.dmn": definitions(namespace="urn:other")})


def test_two_models_of_one_namespace_are_refused():
    with pytest.raises(MappingError, match=r"urn:rates is also that of b.dmn. a.dmn"):
        read_model(USER, {"a.dmn": RATES, "b.dmn": RATES})


def test_only_models_that_are_imported_may_be_cited():
    content = USER.replace(IMPORT, '<import namespace="urn:other" name="o"/>')
    other = definitions('<import namespace="urn:rates" name="r"/>', namespace="urn:other")
    with pytest.raises(MappingError, match="a model that is not imported"):
        read_model(content.replace("the rates.tRate", "tRate"), {"o": other, "r": RATES})


# Bounds


def test_a_decision_may_be_given_less_than_it_needs_to_run_on():
    model = read_model(definitions(decision("D", literal("for i in 1..1000 return i"))))
    assert len(decide(model, "D", {}).value) == 1000
    with pytest.raises(HeadraceError, match="steps"):
        decide(model, "D", {}, limits=Limits(steps=100))
