"""Boxed expressions and decision tables as XML elements: what `boxed` reads (7.3, 8, 10.2)."""

from collections import Counter

from headrace.decisions.dmn.tree import (
    Boxed,
    Conditional,
    Context,
    DecisionTable,
    Entry,
    Filter,
    FunctionDefinition,
    InputColumn,
    Invocation,
    Iteration,
    ListOf,
    Literal,
    OutputColumn,
    Relation,
    Rule,
)
from headrace.decisions.dmn.xml_text import Tag, tag, text_tag

_KINDS = {"JAVA": "Java"}


class Ids:
    """Identifiers that no other element of the document has."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: Counter[str] = Counter()

    def take(self, wanted: str) -> str:
        """The wanted identifier, or the first of `wanted_2`, `wanted_3`, ... that is free."""
        found = wanted
        while found in self._taken:
            self._counts[wanted] += 1
            found = f"{wanted}_{self._counts[wanted] + 1}"
        self._taken.add(found)
        return found


class BoxedWriter:
    """Writes the expressions of one element of the model.

    Args:
        owner: The identifier of the element, with which theirs begin.
        ids: Those of the document.
        plain_notes: Whether a table's only column of annotations is written as the descriptions of
            its rules, as Camunda Modeler shows and edits them.
    """

    def __init__(self, owner: str, ids: Ids, *, plain_notes: bool) -> None:
        self._owner = owner
        self._ids = ids
        self._plain_notes = plain_notes

    def write(self, tree: Boxed) -> Tag:
        """The element of an expression."""
        match tree:
            case Literal():
                return self._texts("literalExpression", tree)
            case Context(entries, type_ref):
                children = [self._entry(each) for each in entries]
                return tag("context", self._about("context", type_ref), *children)
            case ListOf(items, type_ref):
                return tag("list", self._about("list", type_ref), *map(self.write, items))
            case Relation():
                return self._relation(tree)
            case Invocation(function, bindings, type_ref):
                children = [self.write(function), *map(self._binding, bindings)]
                return tag("invocation", self._about("invocation", type_ref), *children)
            case FunctionDefinition():
                return self.function(tree, "functionDefinition")
            case DecisionTable():
                return self._table(tree)
            case _:
                return self._of_parts(tree)

    def function(self, tree: FunctionDefinition, name: str) -> Tag:
        """The element of a function, under the name it has where it stands."""
        kind = _KINDS.get(tree.kind, tree.kind)
        parameters = [
            tag("formalParameter", {"name": each.name, "typeRef": each.type_ref})
            for each in tree.parameters
        ]
        body = None if tree.body is None else self.write(tree.body)
        return tag(name, self._about(name, tree.type_ref, kind=kind), *parameters, body)

    def _about(self, what: str, type_ref: str = "", /, **others: str) -> dict[str, str]:
        return {"id": self._ids.take(f"{self._owner}_{what}"), "typeRef": type_ref, **others}

    def _texts(self, name: str, tree: Literal, *, kind: str = "") -> Tag:
        about = self._about(kind or name, tree.type_ref, expressionLanguage=tree.language)
        return tag(name, about, text_tag("text", tree.text))

    def _entry(self, entry: Entry) -> Tag:
        variable = None
        if entry.name or entry.type_ref:
            variable = tag("variable", {"name": entry.name, "typeRef": entry.type_ref})
        return tag("contextEntry", {}, variable, self.write(entry.value))

    def _binding(self, binding: Entry) -> Tag:
        parameter = tag("parameter", {"name": binding.name, "typeRef": binding.type_ref})
        return tag("binding", {}, parameter, self.write(binding.value))

    def _relation(self, tree: Relation) -> Tag:
        columns = [
            tag("column", self._about("column", type_ref, name=name))
            for name, type_ref in zip(tree.columns, tree.column_types, strict=True)
        ]
        rows = [tag("row", self._about("row"), *map(self.write, row)) for row in tree.rows]
        return tag("relation", self._about("relation", tree.type_ref), *columns, *rows)

    def _of_parts(self, tree: Conditional | Filter | Iteration) -> Tag:
        attributes = {}
        match tree:
            case Conditional(condition, then, otherwise):
                name, parts = "conditional", {"if": condition, "then": then, "else": otherwise}
            case Filter(source, match):
                name, parts = "filter", {"in": source, "match": match}
            case Iteration(name, variable, source, body):
                result = "return" if name == "for" else "satisfies"
                parts = {"in": source, result: body}
                attributes = {"iteratorVariable": variable}
        children = [tag(part, {}, self.write(held)) for part, held in parts.items()]
        return tag(name, self._about(name, tree.type_ref, **attributes), *children)

    def _table(self, tree: DecisionTable) -> Tag:
        about = self._about(
            "table",
            tree.type_ref,
            hitPolicy=tree.hit_policy.value,
            aggregation=tree.aggregation.value if tree.aggregation else "",
        )
        plain = self._plain_notes and len(tree.annotations) == 1
        return tag(
            "decisionTable",
            about,
            *map(self._input, tree.inputs),
            *map(self._output, tree.outputs),
            *(tag("annotation", {"name": name}) for name in tree.annotations),
            *(self._rule(rule, plain=plain) for rule in tree.rules),
        )

    def _input(self, column: InputColumn) -> Tag:
        same = column.label == " ".join(column.expression.text.split())
        return tag(
            "input",
            self._about("input", label="" if same else column.label),
            self._texts("inputExpression", column.expression, kind="expression"),
            None if column.allowed is None else self._texts("inputValues", column.allowed),
        )

    def _output(self, column: OutputColumn) -> Tag:
        default = column.default
        return tag(
            "output",
            self._about("output", column.type_ref, name=column.name, label=column.label),
            None if column.allowed is None else self._texts("outputValues", column.allowed),
            None if default is None else self._texts("defaultOutputEntry", default, kind="default"),
        )

    def _rule(self, rule: Rule, *, plain: bool) -> Tag:
        notes = [text for text in rule.annotations if text] if plain else []
        annotations = [] if plain else rule.annotations
        return tag(
            "rule",
            self._about(f"rule_{rule.number}"),
            *(text_tag("description", text) for text in notes),
            *(
                self._texts("inputEntry", cell, kind=f"rule_{rule.number}_in")
                for cell in rule.inputs
            ),
            *(
                self._texts("outputEntry", cell, kind=f"rule_{rule.number}_out")
                for cell in rule.outputs
            ),
            *(tag("annotationEntry", {}, text_tag("text", text)) for text in annotations),
        )
