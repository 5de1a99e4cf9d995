"""Reads the elements of a DMN file: types, inputs, decisions, knowledge, services, imports (6, 7).

The versions read are 1.2 to 1.5, whose files differ in their namespace only as far as decisions go.
Elements of other namespaces (extensions, diagrams), knowledge sources and text are passed over.
"""

from collections.abc import Iterable

from headrace.decisions.dmn.boxed import boxed_in, function_of, tests_in
from headrace.decisions.dmn.tree import (
    Decision,
    Definitions,
    FunctionItem,
    Import,
    InputData,
    ItemDefinition,
    Knowledge,
    Node,
    Parameter,
    Ref,
    Service,
)
from headrace.decisions.dmn.xml import Element, read_xml
from headrace.errors import MappingError

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
OWN_NAMESPACE = "https://headrace.readthedocs.io/dmn/"
"""Of the elements that we add to DMN's; other tools keep them or pass them over."""

_KINDS = {
    "inputData": "input data",
    "decision": "decision",
    "businessKnowledgeModel": "knowledge model",
    "decisionService": "decision service",
}


def read_definitions(content: str | bytes, file: str = "model") -> Definitions:
    """What a DMN file says.

    Args:
        content: The file's text or bytes.
        file: Its name, for errors.

    Raises:
        MappingError: Naming the element, its line, and what was expected.
    """
    root = read_xml(content, file)
    if root.tag != "definitions" or root.namespace not in NAMESPACES:
        found = f"{root.tag} of {root.namespace or 'no namespace'}"
        remedy = f"Expected definitions of DMN {', '.join(NAMESPACES.values())}"
        raise MappingError(f"The document is {found}", where=file, remedy=remedy)
    return _Reader(root, file).definitions()


class _Reader:
    def __init__(self, root: Element, file: str) -> None:
        self._root = root
        self._file = file
        self._namespace = root.get("namespace")

    def definitions(self) -> Definitions:
        imports = [self._import(each) for each in self._root.all("import") if _of_dmn(each)]
        types = [self._item(element, "type") for element in self._root.all("itemDefinition")]
        nodes = [self._node(element) for element in self._root.all(*_KINDS)]
        self._unique([(each.name, each.where) for each in types], "type")
        self._unique([(each.name, each.where) for each in nodes], "element")
        self._unique([(each.name, each.where) for each in imports if each.name], "import")
        self._unique([(each.ref.identifier, each.where) for each in nodes], "identifier")
        return Definitions(
            name=self._root.get("name"),
            namespace=self._namespace,
            imports=tuple(imports),
            types={each.name: each for each in types},
            nodes={each.ref: each for each in nodes},
            file=self._file,
        )

    def _unique(self, named: Iterable[tuple[str, str]], what: str) -> None:
        seen: dict[str, str] = {}
        for name, where in named:
            if name in seen:
                problem = f"The {what} '{name}' is there twice, first as {seen[name]}"
                raise MappingError(problem, where=where, remedy="Give each its own")
            seen[name] = where

    def _import(self, element: Element) -> Import:
        where = self._place("import", element)
        return Import(element.name(), self._required(element, "namespace", where), where)

    def _item(self, element: Element, kind: str) -> ItemDefinition:
        where = self._place(kind, element)
        type_ref = element.one("typeRef")
        function = element.one("functionItem")
        return ItemDefinition(
            name=self._named(element, where),
            type_ref="" if type_ref is None else type_ref.text.strip(),
            is_collection=element.get("isCollection") in {"true", "1"},
            allowed=tests_in(element.one("allowedValues"), f"{where}, allowed values"),
            constraint=tests_in(element.one("typeConstraint"), f"{where}, type constraint"),
            components=tuple(
                self._item(each, f"{where}, component") for each in element.all("itemComponent")
            ),
            function=None if function is None else _function_item(function),
            where=where,
        )

    def _node(self, element: Element) -> Node:
        where = self._place(_KINDS[element.tag], element)
        name = self._named(element, where)
        ref = Ref(self._namespace, element.get("id") or f"({element.tag}) {name}")
        variable = element.one("variable")
        type_ref = "" if variable is None else variable.get("typeRef")
        if element.tag == "inputData":
            return InputData(ref, name, type_ref, where)
        if element.tag == "decision":
            information = self._needs(element, "informationRequirement")
            knowledge = self._needs(element, "knowledgeRequirement")
            logic = boxed_in(element, where)
            titles = _titles(element)
            return Decision(ref, name, type_ref, information, knowledge, logic, where, titles)
        if element.tag == "businessKnowledgeModel":
            knowledge = self._needs(element, "knowledgeRequirement")
            encapsulated = element.one("encapsulatedLogic")
            body = None if encapsulated is None else function_of(encapsulated, where)
            return Knowledge(ref, name, type_ref, knowledge, body, where)
        return Service(
            ref,
            name,
            type_ref,
            self._refs(element.all("outputDecision")),
            self._refs(element.all("encapsulatedDecision")),
            self._refs(element.all("inputDecision")),
            self._refs(element.all("inputData")),
            where,
        )

    def _needs(self, element: Element, requirement: str) -> tuple[Ref, ...]:
        tags = ("requiredInput", "requiredDecision", "requiredKnowledge")
        return self._refs(each for need in element.all(requirement) for each in need.all(*tags))

    def _refs(self, elements: Iterable[Element]) -> tuple[Ref, ...]:
        return tuple(self._ref(each.get("href")) for each in elements)

    def _ref(self, href: str) -> Ref:
        namespace, _, identifier = href.rpartition("#")
        return Ref(namespace or self._namespace, identifier)

    def _place(self, kind: str, element: Element) -> str:
        name = element.name() or element.get("id")
        place = f"{kind} '{name}'" if name else kind
        prefix = "" if "," in kind else f"{self._file}, line {element.line}, "
        return f"{prefix}{place}"

    def _named(self, element: Element, where: str) -> str:
        self._required(element, "name", where)
        return element.name()

    def _required(self, element: Element, attribute: str, where: str) -> str:
        value = element.get(attribute)
        if not value:
            raise MappingError(f"The element has no {attribute}", where=where)
        return value


def _titles(element: Element) -> tuple[tuple[str, str], ...]:
    extensions = element.one("extensionElements")
    return tuple(
        (each.get("language"), each.text.strip())
        for each in (extensions.children if extensions else ())
        if (each.namespace, each.tag) == (OWN_NAMESPACE, "title")
    )


def _of_dmn(imported: Element) -> bool:
    """Whether an import is of a DMN model; what XML Schema or PMML define cannot be cited."""
    kind = imported.get("importType").upper()
    return "PMML" not in kind and "XMLSCHEMA" not in kind


def _function_item(element: Element) -> FunctionItem:
    parameters = tuple(
        Parameter(each.name(), each.get("typeRef")) for each in element.all("parameters")
    )
    return FunctionItem(parameters, element.get("outputTypeRef"))
