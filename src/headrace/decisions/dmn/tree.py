"""What a DMN model says, as frozen values: boxed expressions and the elements that hold them.

Nothing is parsed as FEEL and no reference is followed here: texts are as they stand in the file
(`headrace.decisions.dmn.compile` gives them their meaning). Section numbers are those of DMN 1.5,
OMG formal/24-01-01. A `where` names the element for people: "decision 'Risk', rule 3, column
'age'".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Literal:
    """A FEEL text (7.3.4); `language` is empty for FEEL, else the address of another language."""

    text: str
    type_ref: str
    where: str
    language: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of a boxed context; without a name it is the context's result (10.2.1.4)."""

    name: str
    type_ref: str
    value: "Boxed"


@dataclass(frozen=True)
class Context:
    """A boxed context."""

    entries: tuple[Entry, ...]
    type_ref: str
    where: str


@dataclass(frozen=True)
class ListOf:
    """A boxed list (10.2.1.5)."""

    items: tuple["Boxed", ...]
    type_ref: str
    where: str


@dataclass(frozen=True)
class Relation:
    """A boxed relation: a list of contexts written as a grid (10.2.1.6)."""

    columns: tuple[str, ...]
    column_types: tuple[str, ...]
    rows: tuple[tuple["Boxed", ...], ...]
    type_ref: str
    where: str


@dataclass(frozen=True)
class Invocation:
    """A boxed invocation: a function and an expression for each of its parameters (10.2.1.3)."""

    function: "Boxed"
    bindings: tuple[Entry, ...]
    type_ref: str
    where: str


@dataclass(frozen=True)
class Parameter:
    """A formal parameter; `type_ref` is empty where any value will do."""

    name: str
    type_ref: str


@dataclass(frozen=True)
class FunctionDefinition:
    """A boxed function (10.2.1.7); only `kind` FEEL can be called here."""

    kind: str
    parameters: tuple[Parameter, ...]
    body: "Boxed | None"
    type_ref: str
    where: str


@dataclass(frozen=True)
class Conditional:
    """A boxed if (10.2.1.9)."""

    condition: "Boxed"
    then: "Boxed"
    otherwise: "Boxed"
    type_ref: str
    where: str


@dataclass(frozen=True)
class Filter:
    """A boxed filter (10.2.1.10)."""

    source: "Boxed"
    match: "Boxed"
    type_ref: str
    where: str


@dataclass(frozen=True)
class Iteration:
    """A boxed for, some or every (10.2.1.11); `kind` is that word."""

    kind: str
    variable: str
    source: "Boxed"
    body: "Boxed"
    type_ref: str
    where: str


class HitPolicy(Enum):
    """Which of the rules that are met give the result of a table (8.2.8)."""

    UNIQUE = "UNIQUE"
    ANY = "ANY"
    PRIORITY = "PRIORITY"
    FIRST = "FIRST"
    RULE_ORDER = "RULE ORDER"
    OUTPUT_ORDER = "OUTPUT ORDER"
    COLLECT = "COLLECT"


class Aggregation(Enum):
    """What COLLECT does with the outputs: `+`, `<`, `>`, `#`."""

    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


@dataclass(frozen=True)
class InputColumn:
    """An input of a table; `allowed` is None where it names no values."""

    label: str
    expression: Literal
    allowed: Literal | None


@dataclass(frozen=True)
class OutputColumn:
    """An output of a table.

    Attributes:
        name: The member it gives; may be empty where the table has one output.
        type_ref: Empty for any type.
        allowed: Its values, in order of priority; None where it names none.
        default: What it gives where no rule is met; None where it has no default.
        label: For people; empty where it has none.
    """

    name: str
    type_ref: str
    allowed: Literal | None
    default: Literal | None
    where: str
    label: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule; `number` counts from 1, in order of the file."""

    number: int
    inputs: tuple[Literal, ...]
    outputs: tuple[Literal, ...]
    annotations: tuple[str, ...]


@dataclass(frozen=True)
class DecisionTable:
    """A decision table (8)."""

    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...]
    annotations: tuple[str, ...]
    rules: tuple[Rule, ...]
    type_ref: str
    where: str


Boxed = (
    Literal
    | Context
    | ListOf
    | Relation
    | Invocation
    | FunctionDefinition
    | Conditional
    | Filter
    | Iteration
    | DecisionTable
)


@dataclass(frozen=True)
class ItemDefinition:
    """A named type (7.3.2).

    Attributes:
        name: As `typeRef`s cite it.
        type_ref: The type it renames or restricts; empty where it has components or is a function.
        is_collection: Whether its values are lists of that.
        allowed: Unary tests that each value (of a list, each member) must meet.
        constraint: Unary tests that the whole value must meet.
        components: Members of a context, each an item definition.
        function: Parameters and result, where it is a function type.
    """

    name: str
    type_ref: str
    is_collection: bool
    allowed: Literal | None
    constraint: Literal | None
    components: tuple["ItemDefinition", ...]
    function: "FunctionItem | None"
    where: str


@dataclass(frozen=True)
class FunctionItem:
    """The signature in an item definition."""

    parameters: tuple[Parameter, ...]
    type_ref: str


@dataclass(frozen=True, order=True)
class Ref:
    """What an `href` points to: an element's identifier within a model's namespace."""

    namespace: str
    identifier: str


@dataclass(frozen=True)
class InputData:
    """An input of the model."""

    ref: Ref
    name: str
    type_ref: str
    where: str


@dataclass(frozen=True)
class Decision:
    """A decision; `logic` is None where the model leaves it to people.

    `titles` are texts for people by language, an extension of ours.
    """

    ref: Ref
    name: str
    type_ref: str
    information: tuple[Ref, ...]
    knowledge: tuple[Ref, ...]
    logic: Boxed | None
    where: str
    titles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Knowledge:
    """A business knowledge model: a function with a name (6.3.9)."""

    ref: Ref
    name: str
    type_ref: str
    knowledge: tuple[Ref, ...]
    logic: FunctionDefinition | None
    where: str


@dataclass(frozen=True)
class Service:
    """A decision service (6.3.10)."""

    ref: Ref
    name: str
    type_ref: str
    outputs: tuple[Ref, ...]
    encapsulated: tuple[Ref, ...]
    input_decisions: tuple[Ref, ...]
    inputs: tuple[Ref, ...]
    where: str


Node = InputData | Decision | Knowledge | Service


@dataclass(frozen=True)
class Import:
    """Another model, and the name under which its elements are cited here."""

    name: str
    namespace: str
    where: str


@dataclass(frozen=True)
class Definitions:
    """One file: a namespace, its types and its elements."""

    name: str
    namespace: str
    imports: tuple[Import, ...]
    types: Mapping[str, ItemDefinition]
    nodes: Mapping[Ref, Node]
    file: str
