"""Writes a model as DMN XML, with a diagram: the inverse of `reader`.

The version is 1.3 where the model needs no more, since that is what Camunda Modeler opens (dmn-js,
whose schema is DMN 1.3), and 1.5 where it does: boxed conditionals, filters and iterations came
with 1.4, constraints of whole types with 1.5. Identifiers are kept where XML allows them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from headrace.decisions.dmn.boxed_writer import BoxedWriter, Ids
from headrace.decisions.dmn.layout import boxes
from headrace.decisions.dmn.reader import NAMESPACES, OWN_NAMESPACE
from headrace.decisions.dmn.tree import (
    Boxed,
    Conditional,
    Decision,
    Definitions,
    Filter,
    InputData,
    ItemDefinition,
    Iteration,
    Knowledge,
    Literal,
    Node,
    Ref,
    Service,
)
from headrace.decisions.dmn.words import inside
from headrace.decisions.dmn.xml_text import Tag, document, tag, text_tag
from headrace.errors import MappingError

_ADDRESSES = {version: address for address, version in NAMESPACES.items()}
_DRAWING = "http://www.omg.org/spec/DMN/20180521/"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ELEMENTS = {
    InputData: "inputData",
    Decision: "decision",
    Knowledge: "businessKnowledgeModel",
    Service: "decisionService",
}
_SIZES = {InputData: (125, 45), Decision: (180, 80), Knowledge: (135, 46)}
_REQUIRED = {InputData: "requiredInput", Decision: "requiredDecision"}


def write_definitions(definitions: Definitions, version: str = "") -> bytes:
    """The DMN file of a model; equal models give equal bytes.

    Args:
        definitions: What to write.
        version: Of DMN, 1.3, 1.4 or 1.5; empty for the lowest that holds all of the model.

    Raises:
        MappingError: The version is not one of them, or does not hold all of the model, or a text
            holds a character that XML cannot.
    """
    lowest = _lowest_version(definitions)
    version = version or lowest
    if version not in _ADDRESSES or version < "1.3":
        raise MappingError(f"DMN '{version}' is not written", remedy="Expected 1.3, 1.4 or 1.5")
    if version < lowest:
        problem = f"The model holds what came with DMN {lowest}"
        raise MappingError(problem, where=definitions.file, remedy=f"Write DMN {lowest}")
    return document(_Writer(definitions, version).root())


def _lowest_version(definitions: Definitions) -> str:
    if any(_constrained(item) for item in definitions.types.values()):
        return "1.5"
    waiting: list[Boxed] = [
        node.logic
        for node in definitions.nodes.values()
        if isinstance(node, Decision | Knowledge) and node.logic is not None
    ]
    while waiting:
        tree = waiting.pop()
        if isinstance(tree, Conditional | Filter | Iteration):
            return "1.4"
        waiting.extend(inside(tree))
    return "1.3"


def _constrained(item: ItemDefinition) -> bool:
    return item.constraint is not None or any(map(_constrained, item.components))


class _Writer:
    def __init__(self, definitions: Definitions, version: str) -> None:
        self._definitions = definitions
        self._version = version
        self._ids = Ids()
        self._identifiers = {
            ref: self._ids.take(_identifier(ref, node)) for ref, node in definitions.nodes.items()
        }
        self._edges: list[tuple[str, Ref, Ref]] = []

    def root(self) -> Tag:
        model, address = self._definitions, _ADDRESSES[self._version]
        about = {
            "xmlns": address,
            "xmlns:dmndi": address.replace("/MODEL/", "/DMNDI/"),
            "xmlns:dc": f"{_DRAWING}DC/",
            "xmlns:di": f"{_DRAWING}DI/",
            "xmlns:headrace": OWN_NAMESPACE,
            "id": self._ids.take("definitions"),
            "name": model.name,
            "namespace": model.namespace,
            "exporter": "Headrace",
        }
        imports = [
            tag("import", {"name": i.name, "namespace": i.namespace, "importType": address})
            for i in model.imports
        ]
        types = [_item(each, "itemDefinition") for each in model.types.values()]
        nodes = [self._node(node) for node in model.nodes.values()]
        return tag("definitions", about, *imports, *types, *nodes, self._diagram())

    def _node(self, node: Node) -> Tag:
        identifier = self._identifiers[node.ref]
        about = {"id": identifier, "name": node.name}
        variable = tag("variable", {"name": node.name, "typeRef": node.type_ref})
        boxed = BoxedWriter(identifier, self._ids, plain_notes=self._version == "1.3")
        match node:
            case Decision():
                children = [
                    _titles(node.titles),
                    variable,
                    *self._needs(node, "informationRequirement", node.information),
                    *self._needs(node, "knowledgeRequirement", node.knowledge),
                    None if node.logic is None else boxed.write(node.logic),
                ]
            case Knowledge():
                logic = node.logic
                children = [
                    variable,
                    None if logic is None else boxed.function(logic, "encapsulatedLogic"),
                    *self._needs(node, "knowledgeRequirement", node.knowledge),
                ]
            case Service():
                children = [
                    variable,
                    *self._cited("outputDecision", node.outputs),
                    *self._cited("encapsulatedDecision", node.encapsulated),
                    *self._cited("inputDecision", node.input_decisions),
                    *self._cited("inputData", node.inputs),
                ]
            case InputData():
                children = [variable]
        return tag(_ELEMENTS[type(node)], about, *children)

    def _needs(self, node: Node, name: str, refs: Sequence[Ref]) -> Iterator[Tag]:
        for ref in refs:
            identifier = self._ids.take(f"{self._identifiers[node.ref]}_needs")
            self._edges.append((identifier, ref, node.ref))
            required = _REQUIRED.get(type(self._definitions.nodes.get(ref)), "requiredDecision")
            cited = "requiredKnowledge" if name == "knowledgeRequirement" else required
            yield tag(name, {"id": identifier}, *self._cited(cited, [ref]))

    def _cited(self, name: str, refs: Sequence[Ref]) -> Iterator[Tag]:
        for ref in refs:
            own = ref.namespace == self._definitions.namespace
            prefix = "" if own else ref.namespace
            yield tag(name, {"href": f"{prefix}#{self._identifiers.get(ref, ref.identifier)}"})

    def _diagram(self) -> Tag:
        drawn = [ref for ref, node in self._definitions.nodes.items() if type(node) in _SIZES]
        edges = [each for each in self._edges if {each[1], each[2]} <= set(drawn)]
        needs: dict[Ref, list[Ref]] = {ref: [] for ref in drawn}
        for _, source, target in edges:
            needs[target].append(source)
        sizes = {ref: _SIZES[type(self._definitions.nodes[ref])] for ref in drawn}
        places = boxes(needs, sizes)
        shapes = [
            tag(
                "dmndi:DMNShape",
                self._drawn(self._identifiers[ref]),
                tag("dc:Bounds", _numbers(x=p.x, y=p.y, width=p.width, height=p.height)),
            )
            for ref, p in places.items()
        ]
        lines = [
            tag(
                "dmndi:DMNEdge",
                self._drawn(identifier),
                _waypoint(places[source].top),
                _waypoint(places[target].bottom),
            )
            for identifier, source, target in edges
        ]
        about = {"id": self._ids.take("diagram")}
        return tag("dmndi:DMNDI", {}, tag("dmndi:DMNDiagram", about, *shapes, *lines))

    def _drawn(self, identifier: str) -> Mapping[str, str]:
        return {"id": self._ids.take(f"{identifier}_drawn"), "dmnElementRef": identifier}


def _waypoint(point: tuple[int, int]) -> Tag:
    return tag("di:waypoint", _numbers(x=point[0], y=point[1]))


def _numbers(**values: int) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _identifier(ref: Ref, node: Node) -> str:
    if _IDENTIFIER.fullmatch(ref.identifier):
        return ref.identifier
    words = "_".join(re.findall(r"[A-Za-z0-9]+", node.name))
    return f"{_ELEMENTS[type(node)]}_{words}" if words else _ELEMENTS[type(node)]


def _titles(titles: Sequence[tuple[str, str]]) -> Tag | None:
    told = [text_tag("headrace:title", text, {"language": key}) for key, text in titles]
    return tag("extensionElements", {}, *told) if told else None


def _item(item: ItemDefinition, name: str) -> Tag:
    function = None
    if item.function is not None:
        parameters = [
            tag("parameters", {"name": each.name, "typeRef": each.type_ref})
            for each in item.function.parameters
        ]
        function = tag("functionItem", {"outputTypeRef": item.function.type_ref}, *parameters)
    return tag(
        name,
        {"name": item.name, "isCollection": "true" if item.is_collection else ""},
        text_tag("typeRef", item.type_ref) if item.type_ref else None,
        _tests("allowedValues", item.allowed),
        _tests("typeConstraint", item.constraint),
        *(_item(each, "itemComponent") for each in item.components),
        function,
    )


def _tests(name: str, tests: Literal | None) -> Tag | None:
    if tests is None:
        return None
    return tag(name, {"expressionLanguage": tests.language}, text_tag("text", tests.text))
