"""Decision tables as a DMN model, and the tables of one: for Camunda Modeler and its like.

Each table is a decision. What its cells cite are its requirements: other tables by their name
(`limit`, or `access.outcome` of a table with several outputs), and else inputs of the model.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TypeVar

from headrace.decisions.dmn import tree as dmn
from headrace.decisions.dmn.reader import OWN_NAMESPACE
from headrace.decisions.dmn.types import SPELLINGS
from headrace.decisions.feel import Expression, Tests, parse, parse_tests, write
from headrace.decisions.feel import tree as feel
from headrace.decisions.feel.naming import free_names
from headrace.decisions.feel.types import SIMPLE
from headrace.decisions.tables.grid import check_outputs
from headrace.decisions.tables.table import (
    SEVERAL,
    UNTESTED,
    Input,
    Output,
    Rule,
    Table,
    note_text,
    one_line,
)
from headrace.errors import HeadraceError, MappingError

_Read = TypeVar("_Read")
_SPELLED = {name: spelling for spelling, name in SPELLINGS.items()}
_NOTHING = ("", "-")


# --- from a model ---------------------------------------------------------------------------------


def tables_of(definitions: dmn.Definitions, names: Collection[str] = ()) -> tuple[Table, ...]:
    """The tables of a model that holds nothing else, in order of its file.

    Args:
        definitions: The model.
        names: What cells may refer to, beside the elements of the model.

    Raises:
        MappingError: Naming the element that is no table, or the cell, and what was expected.
    """
    known = frozenset({*names, *(node.name for node in definitions.nodes.values())})
    tables = [
        _table_of(node, definitions, known)
        for node in definitions.nodes.values()
        if not isinstance(node, dmn.InputData)
    ]
    if not tables:
        remedy = "Add a decision with a decision table"
        raise MappingError("The model has no decision table", where=definitions.file, remedy=remedy)
    return tuple(tables)


def _table_of(node: dmn.Node, definitions: dmn.Definitions, names: Collection[str]) -> Table:
    if not isinstance(node, dmn.Decision) or not isinstance(node.logic, dmn.DecisionTable):
        remedy = "Only decision tables have other notations; run the model as it is"
        raise MappingError("The element is no decision table", where=node.where, remedy=remedy)
    tree, titles = node.logic, dict(node.titles)
    notes = _note_names(tree)
    table = Table(
        name=node.name,
        hit_policy=tree.hit_policy,
        aggregation=tree.aggregation,
        inputs=tuple(_input(each, definitions, names) for each in tree.inputs),
        outputs=tuple(_output(each, node.name, definitions, names) for each in tree.outputs),
        notes=notes,
        rules=tuple(_rule(each, len(notes), names) for each in tree.rules),
        title_en=one_line(titles.get("en", "")),
        title_zh=one_line(titles.get("zh", "")),
        file=definitions.file,
    )
    check_outputs(table)
    return table


def _input(column: dmn.InputColumn, definitions: dmn.Definitions, names: Collection[str]) -> Input:
    type_name, allowed = _type(column.expression, definitions)
    expression = _read(column.expression, partial(parse, names=names))
    spellings = {one_line(column.expression.text), write(expression)}
    label = one_line(column.label)
    return Input(
        expression,
        type_name,
        _values(column.allowed or allowed, names),
        "" if label in spellings else label,
    )


def _output(
    column: dmn.OutputColumn, table: str, definitions: dmn.Definitions, names: Collection[str]
) -> Output:
    type_name, allowed = _type(column, definitions)
    default = None
    if column.default is not None and column.default.text.strip():
        default = _read(column.default, partial(_output_cell, names=names))
    values = _values(column.allowed or allowed, names)
    return Output(column.name or table, type_name, values, default, one_line(column.label))


def _rule(rule: dmn.Rule, notes: int, names: Collection[str]) -> Rule:
    texts = [note_text(text) for text in rule.annotations]
    return Rule(
        tuple(_read(cell, partial(_input_cell, names=names)) for cell in rule.inputs),
        tuple(_read(cell, partial(_output_cell, names=names)) for cell in rule.outputs),
        tuple([*texts, *[""] * notes][:notes]),
        rule.number,
    )


def _input_cell(text: str, names: Collection[str]) -> Tests:
    return UNTESTED if text.strip() in _NOTHING else parse_tests(text, names)


def _output_cell(text: str, names: Collection[str]) -> Expression:
    return feel.Literal(None) if text.strip() in _NOTHING else parse(text, names)


def _values(allowed: dmn.Literal | None, names: Collection[str]) -> Tests:
    return UNTESTED if allowed is None else _read(allowed, partial(_input_cell, names=names))


def _read(cell: dmn.Literal, read: Callable[[str], _Read]) -> _Read:
    if cell.language:
        problem = f"The cell is in the language {cell.language}"
        raise MappingError(problem, where=cell.where, remedy="Expected FEEL")
    try:
        return read(cell.text)
    except HeadraceError as error:
        where = ", ".join(filter(None, (cell.where, error.where)))
        raise MappingError(error.problem, where=where, remedy=error.remedy) from error


def _type(
    column: dmn.Literal | dmn.OutputColumn, definitions: dmn.Definitions
) -> tuple[str, dmn.Literal | None]:
    """A column's type by FEEL's name, and the values its type allows.

    A type of the model is told by what it restricts; lists and contexts have no name of their own.
    """
    name, allowed, met = column.type_ref.removeprefix("feel:"), None, set[str]()
    while name in definitions.types and name not in met:
        met.add(name)
        item = definitions.types[name]
        if item.is_collection or item.components or item.function:
            return "", None
        name, allowed = item.type_ref.removeprefix("feel:"), allowed or item.allowed
    name = SPELLINGS.get(name, name)
    if name and name not in SIMPLE:
        remedy = f"Expected one of {', '.join(SIMPLE)}, or a type of the model"
        raise MappingError(f"The type '{name}' is not known", where=column.where, remedy=remedy)
    return "" if name == "Any" else name, allowed


def _note_names(tree: dmn.DecisionTable) -> tuple[str, ...]:
    count = max([len(tree.annotations), *(len(rule.annotations) for rule in tree.rules)])
    named = [one_line(name) for name in tree.annotations] + [""] * count
    return tuple(name or f"annotation {at}" for at, name in enumerate(named[:count], 1))


# --- to a model -----------------------------------------------------------------------------------


def model_of(
    tables: Sequence[Table], name: str, types: Mapping[str, str] | None = None
) -> dmn.Definitions:
    """The DMN model of some tables, which `write_definitions` writes.

    Args:
        tables: Of names of their own.
        name: Of the model.
        types: FEEL's names of the types of inputs, where columns do not say them.

    Raises:
        MappingError: Two tables have one name, or a table cites itself.
    """
    namespace = f"{OWN_NAMESPACE}{name}"
    own = {table.name: table for table in tables}
    if len(own) < len(tables):
        doubled, _ = Counter(table.name for table in tables).most_common(1)[0]
        problem = f"The table '{doubled}' is there twice"
        raise MappingError(problem, where=name, remedy="Give each its own name")
    cited = {table.name: _cited(table, own) for table in tables}
    inputs = dict.fromkeys(each for names in cited.values() for each in names if each not in own)
    told = {**_column_types(tables), **(types or {})}
    refs = {
        each: dmn.Ref(namespace, f"({kind}) {each}")
        for kind, names in (("input", inputs), ("table", own))
        for each in names
    }
    nodes: list[dmn.Node] = [
        dmn.InputData(refs[each], each, _spelled(told.get(each, "")), f"input data '{each}'")
        for each in inputs
    ]
    nodes += [
        dmn.Decision(
            ref=refs[table.name],
            name=table.name,
            type_ref=_result_type(table),
            information=tuple(refs[each] for each in cited[table.name]),
            knowledge=(),
            logic=_tree(table),
            where=f"decision '{table.name}'",
            titles=tuple(
                (language, text)
                for language, text in (("en", table.title_en), ("zh", table.title_zh))
                if text
            ),
        )
        for table in tables
    ]
    return dmn.Definitions(name, namespace, (), {}, {node.ref: node for node in nodes}, name)


def _cited(table: Table, tables: Collection[str]) -> list[str]:
    """Names that a table cites, in order of its columns; a member by what it is a member of."""
    found: dict[str, None] = {}
    for part in _parts(table):
        for name in sorted(free_names(part) - {"?"}):
            first = name.partition(".")[0]
            found[first if name not in tables and first in tables else name] = None
    if table.name in found:
        problem = "The table cites itself"
        raise MappingError(problem, where=table.file or table.name, remedy="Rename the input")
    return list(found)


def _parts(table: Table) -> Iterator[Expression | Tests]:
    for column in table.inputs:
        yield column.expression
        yield column.values
    for output in table.outputs:
        yield output.values
        if output.default is not None:
            yield output.default
    for rule in table.rules:
        yield from chain(rule.tests, rule.outputs)


def _column_types(tables: Iterable[Table]) -> dict[str, str]:
    return {
        column.text: column.type
        for table in tables
        for column in table.inputs
        if column.type and isinstance(column.expression, feel.Name)
    }


def _result_type(table: Table) -> str:
    """The type of what a table gives, where its one output says it and no list is made of it."""
    if table.aggregation is dmn.Aggregation.COUNT:
        return "number"
    if len(table.outputs) > 1 or (table.hit_policy in SEVERAL and table.aggregation is None):
        return ""
    return _spelled(table.outputs[0].type)


def _tree(table: Table) -> dmn.DecisionTable:
    tree = table.tree()
    inputs = [
        replace(each, expression=replace(each.expression, type_ref=_spelled(column.type)))
        for each, column in zip(tree.inputs, table.inputs, strict=True)
    ]
    outputs = [
        replace(each, type_ref=_spelled(column.type), label=column.label)
        for each, column in zip(tree.outputs, table.outputs, strict=True)
    ]
    return replace(tree, inputs=tuple(inputs), outputs=tuple(outputs))


def _spelled(type_name: str) -> str:
    """A type as `typeRef`s spell it."""
    return _SPELLED.get(type_name, type_name)
