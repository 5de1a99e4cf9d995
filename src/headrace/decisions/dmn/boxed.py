"""Reads boxed expressions and decision tables from the elements that hold them (7.3, 8, 10.2)."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from headrace.decisions.dmn.tree import (
    Aggregation,
    Boxed,
    Conditional,
    Context,
    DecisionTable,
    Entry,
    Filter,
    FunctionDefinition,
    HitPolicy,
    InputColumn,
    Invocation,
    Iteration,
    ListOf,
    Literal,
    OutputColumn,
    Parameter,
    Relation,
    Rule,
)
from headrace.decisions.dmn.xml import Element
from headrace.errors import MappingError

_Choice = TypeVar("_Choice", HitPolicy, Aggregation)


def boxed_in(element: Element, where: str) -> Boxed | None:
    """The boxed expression that an element holds, or None where it holds none."""
    found = element.one(*_READERS)
    return None if found is None else _READERS[found.tag](found, where)


def function_of(element: Element, where: str) -> FunctionDefinition:
    """The function that an `encapsulatedLogic` or `functionDefinition` states."""
    parameters = tuple(
        Parameter(each.name(), each.get("typeRef")) for each in element.all("formalParameter")
    )
    kind = element.get("kind", "FEEL").upper()
    body = boxed_in(element, where)
    return FunctionDefinition(kind, parameters, body, element.get("typeRef"), where)


def tests_in(element: Element | None, where: str) -> Literal | None:
    """The unary tests that an element such as `allowedValues` holds; None where there are none."""
    tests = None if element is None else _literal(element, where)
    return tests if tests is not None and tests.text.strip() else None


def _needed(element: Element, where: str) -> Boxed:
    found = boxed_in(element, where)
    if found is None:
        expected = f"Expected one of {', '.join(_READERS)}"
        problem = f"<{element.tag}> on line {element.line} holds no expression"
        raise MappingError(problem, where=where, remedy=expected)
    return found


def _part(element: Element, tag: str, where: str) -> Boxed:
    found = element.one(tag)
    if found is None:
        problem = f"<{element.tag}> on line {element.line} has no <{tag}>"
        raise MappingError(problem, where=where)
    return _needed(found, f"{where}, {tag}")


def _literal(element: Element, where: str) -> Literal:
    text = element.one("text")
    language = element.get("expressionLanguage")
    return Literal(
        text="" if text is None else text.text,
        type_ref=element.get("typeRef"),
        where=where,
        language="" if "FEEL" in language.upper() else language,
    )


def _context(element: Element, where: str) -> Context:
    entries = []
    for place, each in enumerate(element.all("contextEntry"), 1):
        variable = each.one("variable")
        name = "" if variable is None else variable.name()
        type_ref = "" if variable is None else variable.get("typeRef")
        inner = f"{where}, entry '{name}'" if name else f"{where}, entry {place}"
        entries.append(Entry(name, type_ref, _needed(each, inner)))
    return Context(tuple(entries), element.get("typeRef"), where)


def _list(element: Element, where: str) -> ListOf:
    held = [each for each in element.children if each.tag in _READERS]
    items = tuple(
        _READERS[each.tag](each, f"{where}, item {place}") for place, each in enumerate(held, 1)
    )
    return ListOf(items, element.get("typeRef"), where)


def _relation(element: Element, where: str) -> Relation:
    columns = list(element.all("column"))
    names = tuple(each.name() for each in columns)
    rows = []
    for number, row in enumerate(element.all("row"), 1):
        inner = f"{where}, row {number}"
        cells = _list(row, inner).items
        if len(cells) != len(names):
            problem = f"The row has {len(cells)} cells"
            raise MappingError(problem, where=inner, remedy=f"Expected {len(names)}")
        rows.append(cells)
    types = tuple(each.get("typeRef") for each in columns)
    return Relation(names, types, tuple(rows), element.get("typeRef"), where)


def _invocation(element: Element, where: str) -> Invocation:
    bindings = []
    for each in element.all("binding"):
        parameter = each.one("parameter")
        name = "" if parameter is None else parameter.name()
        type_ref = "" if parameter is None else parameter.get("typeRef")
        held = boxed_in(each, f"{where}, parameter '{name}'")
        if held is not None:
            bindings.append(Entry(name, type_ref, held))
    return Invocation(_needed(element, where), tuple(bindings), element.get("typeRef"), where)


def _conditional(element: Element, where: str) -> Conditional:
    condition, then, otherwise = (_part(element, tag, where) for tag in ("if", "then", "else"))
    return Conditional(condition, then, otherwise, element.get("typeRef"), where)


def _filter(element: Element, where: str) -> Filter:
    source, match = (_part(element, tag, where) for tag in ("in", "match"))
    return Filter(source, match, element.get("typeRef"), where)


def _iteration(element: Element, where: str) -> Iteration:
    body = _part(element, "return" if element.tag == "for" else "satisfies", where)
    source = _part(element, "in", where)
    variable = element.name("iteratorVariable")
    if not variable:
        raise MappingError(f"<{element.tag}> names no iteratorVariable", where=where)
    return Iteration(element.tag, variable, source, body, element.get("typeRef"), where)


def _table(element: Element, where: str) -> DecisionTable:
    inputs = tuple(_input(each, place, where) for place, each in enumerate(element.all("input"), 1))
    outputs = tuple(
        _output(each, place, where) for place, each in enumerate(element.all("output"), 1)
    )
    annotations = tuple(each.name() for each in element.all("annotation"))
    columns = [each.label for each in inputs], [_label(each, at) for at, each in _numbered(outputs)]
    rules = tuple(
        _rule(each, number, columns, where) for number, each in enumerate(element.all("rule"), 1)
    )
    table = DecisionTable(
        hit_policy=_one_of(HitPolicy, element.get("hitPolicy") or "UNIQUE", where),
        aggregation=_aggregation(element, where),
        inputs=inputs,
        outputs=outputs,
        annotations=annotations,
        rules=rules,
        type_ref=element.get("typeRef"),
        where=where,
    )
    _check(table)
    return table


def _numbered(outputs: tuple[OutputColumn, ...]) -> enumerate[OutputColumn]:
    return enumerate(outputs, 1)


def _label(column: OutputColumn, place: int) -> str:
    return column.name or f"output {place}"


def _input(element: Element, place: int, where: str) -> InputColumn:
    held = element.one("inputExpression")
    if held is None:
        problem = f"<input> {place} on line {element.line} has no <inputExpression>"
        raise MappingError(problem, where=where)
    text = _literal(held, "").text
    label = " ".join((element.get("label") or text).split()) or f"input {place}"
    inner = f"{where}, column '{label}'"
    return InputColumn(
        label=label,
        expression=_literal(held, inner),
        allowed=tests_in(element.one("inputValues"), f"{inner}, input values"),
    )


def _output(element: Element, place: int, where: str) -> OutputColumn:
    name = element.name()
    inner = f"{where}, column '{name or f'output {place}'}'"
    default = element.one("defaultOutputEntry")
    return OutputColumn(
        name=name,
        type_ref=element.get("typeRef"),
        allowed=tests_in(element.one("outputValues"), f"{inner}, output values"),
        default=None if default is None else _literal(default, f"{inner}, default output"),
        where=inner,
        label=" ".join(element.get("label").split()),
    )


def _rule(element: Element, number: int, columns: tuple[list[str], list[str]], where: str) -> Rule:
    cells = list(element.all("inputEntry")), list(element.all("outputEntry"))
    for kind, labels, found in zip(("input", "output"), columns, cells, strict=True):
        if len(labels) != len(found):
            problem = f"The rule on line {element.line} has {len(found)} {kind} cells"
            inner = f"{where}, rule {number}"
            raise MappingError(problem, where=inner, remedy=f"Expected {len(labels)}")
    read = [
        tuple(
            _literal(cell, f"{where}, rule {number}, column '{label}'")
            for label, cell in zip(labels, found, strict=True)
        )
        for labels, found in zip(columns, cells, strict=True)
    ]
    notes = [_literal(each, "").text.strip() for each in element.all("annotationEntry")]
    described = element.one("description")
    if not notes and described is not None:
        notes.append(described.text.strip())  # where Camunda Modeler keeps a rule's annotation
    return Rule(number, read[0], read[1], tuple(notes))


def _aggregation(element: Element, where: str) -> Aggregation | None:
    text = element.get("aggregation")
    return _one_of(Aggregation, text, where) if text else None


def _one_of(kind: type[_Choice], text: str, where: str) -> _Choice:
    known = {each.value: each for each in kind}
    if text.upper() not in known:
        what = "hit policy" if kind is HitPolicy else "aggregation"
        remedy = f"Expected one of {', '.join(known)}"
        raise MappingError(f"The {what} '{text}' is not known", where=where, remedy=remedy)
    return known[text.upper()]


def _check(table: DecisionTable) -> None:
    """What the specification asks of a table as a whole (8.2.8, 8.3)."""
    if not table.outputs:
        raise MappingError("The table has no output", where=table.where)
    several = len(table.outputs) > 1
    names = [column.name for column in table.outputs]
    if several and (not all(names) or len(set(names)) < len(names)):
        problem = "The table has several outputs, and not each has a name of its own"
        raise MappingError(problem, where=table.where)
    if table.aggregation and table.hit_policy is not HitPolicy.COLLECT:
        problem = f"The table aggregates, and its hit policy is {table.hit_policy.value}"
        raise MappingError(problem, where=table.where, remedy="Expected COLLECT")
    if table.aggregation not in {None, Aggregation.COUNT} and several:
        problem = f"The table has {len(names)} outputs to take the {table.aggregation.value} of"
        raise MappingError(problem, where=table.where, remedy="Expected one output")
    ordered = table.hit_policy in {HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER}
    if ordered and not any(column.allowed for column in table.outputs):
        problem = f"{table.hit_policy.value} orders by output values, and no output lists any"
        remedy = "List the values of an output, the most important first"
        raise MappingError(problem, where=table.where, remedy=remedy)


_READERS: Mapping[str, Callable[[Element, str], Boxed]] = {
    "literalExpression": _literal,
    "context": _context,
    "list": _list,
    "relation": _relation,
    "invocation": _invocation,
    "functionDefinition": function_of,
    "conditional": _conditional,
    "filter": _filter,
    "for": _iteration,
    "some": _iteration,
    "every": _iteration,
    "decisionTable": _table,
}
