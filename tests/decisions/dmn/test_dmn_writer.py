"""Models written as XML: identifiers, versions, escaping, the diagram."""

import xml.etree.ElementTree as ET

import pytest
from dmn_models import decision, definitions, input_data, literal

from headrace.decisions.dmn import read_definitions, write_definitions
from headrace.decisions.dmn.layout import Box, boxes
from headrace.decisions.dmn.reader import NAMESPACES
from headrace.decisions.dmn.tree import Decision
from headrace.decisions.dmn.xml_text import document, tag, text_tag
from headrace.errors import MappingError

ADDRESSES = {version: address for address, version in NAMESPACES.items()}
IF = "<conditional><if>{}</if><then>{}</then><else>{}</else></conditional>".format(
    literal("true"), literal("1"), literal("2")
)
CONSTRAINED = (
    '<itemDefinition name="t"><typeRef>number</typeRef>'
    "<typeConstraint><text>&gt; 0</text></typeConstraint></itemDefinition>"
)


def written(*elements: str, version: str = "") -> ET.Element:
    content = write_definitions(read_definitions(definitions(*elements)), version)
    return ET.fromstring(content)  # noqa: S314 - our own


def test_the_version_is_the_lowest_that_holds_the_model():
    plain = decision("a", literal("1"))
    assert ADDRESSES["1.3"] in written(plain).tag
    assert ADDRESSES["1.5"] in written(plain, version="1.5").tag
    assert ADDRESSES["1.4"] in written(decision("a", IF)).tag
    assert ADDRESSES["1.5"] in written(plain, CONSTRAINED).tag
    nested = f"<context><contextEntry>{IF}</contextEntry></context>"
    assert ADDRESSES["1.4"] in written(decision("a", nested)).tag


@pytest.mark.parametrize(
    ("logic", "version", "problem"),
    [(literal("1"), "1.2", "DMN '1.2' is not written"), (IF, "1.3", "came with DMN 1.4")],
)
def test_a_version_that_cannot_hold_the_model_is_refused(logic, version, problem):
    with pytest.raises(MappingError, match=problem):
        written(decision("a", logic), version=version)


def test_identifiers_are_names_of_xml_and_no_two_are_equal():
    names = ["a b", "a-b", "规则", "规 则", "x", "definitions", "_ok"]
    chain = zip(names[1:], names, strict=False)
    root = written(
        decision(names[0], literal("1")),
        *(decision(name, literal("1"), [need]) for name, need in chain),
    )
    found = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(found) == len(set(found)) > 3 * len(names)
    assert all(each.isascii() and " " not in each for each in found)
    assert {"x", "_ok"} <= set(found)


def test_every_text_survives():
    texts = ['"a\r\n\tb" < "c" & "]]>"', "  1 +\n  2  ", "\u00a0\U0001f600规则 //'x'"]
    model = definitions(*(decision(f"d{at}", literal(text)) for at, text in enumerate(texts)))
    model = model.replace("\r", "&#13;")
    first = read_definitions(model)
    again = read_definitions(write_definitions(first))
    found = [node.logic.text for node in again.nodes.values() if isinstance(node, Decision)]
    assert found == texts


def test_a_character_that_xml_cannot_hold_is_refused():
    with pytest.raises(MappingError, match=r"(?s)After '.*ab' stands a character") as caught:
        document(tag("a", {}, text_tag("b", "ab\x00")))
    assert "U+0000" in caught.value.remedy


def test_attributes_are_escaped_and_empty_ones_left_out():
    found = document(tag("a", {"b": "\"'<\n", "c": ""}, None, tag("d")))
    root = ET.fromstring(found)  # noqa: S314 - our own
    assert root.attrib == {"b": "\"'<\n"}
    assert [child.tag for child in root] == ["d"]


def test_the_diagram_shows_every_element_and_requirement():
    root = written(
        input_data("x"),
        decision("a", literal("x"), ["x"]),
        decision("b", literal("a + x"), ["a", "x"]),
    )
    shapes = [each.get("dmnElementRef") for each in root.iter() if each.tag.endswith("DMNShape")]
    edges = [each for each in root.iter() if each.tag.endswith("DMNEdge")]
    assert shapes == ["x", "a", "b"]
    assert len(edges) == 3
    needs = {each.get("id") for each in root.iter() if each.tag.endswith("Requirement")}
    assert {each.get("dmnElementRef") for each in edges} == needs
    assert all(len(list(each)) == 2 for each in edges)


SIZE = (180, 80)


def test_an_element_stands_above_all_it_requires_and_no_two_overlap():
    needs = {"a": [], "b": ["a"], "c": ["a", "b"], "d": [], "e": ["d", "d", "b"]}
    found = boxes(needs, dict.fromkeys(needs, SIZE))
    assert all(found[need].y > found[node].y for node, each in needs.items() for need in each)
    assert not [
        (one, other)
        for one, first in found.items()
        for other, second in found.items()
        if one < other and first.y == second.y and abs(first.x - second.x) < SIZE[0]
    ]
    assert found["a"].top == (found["a"].x + 90, found["a"].y)
    assert Box(0, 0, 10, 20).bottom == (5, 20)


def test_a_circle_and_a_long_chain_are_drawn_too():
    circle = boxes({"a": ["b"], "b": ["a"], "c": []}, dict.fromkeys("abc", SIZE))
    assert circle["a"].y == circle["b"].y < circle["c"].y
    chain = {at: [at - 1] if at else [] for at in range(5000)}
    assert len(boxes(chain, dict.fromkeys(chain, SIZE))) == 5000
    assert boxes({}, {}) == {}
