"""FEEL, the expression language of DMN 1.5 (chapter 10): text to tree, tree to value.

    tree = parse("loan.amount / income > 0.4", names={"loan", "income"})
    notes = Notes(moment=...)
    evaluate(tree, {"loan": {"amount": Decimal(4)}, "income": Decimal(8)}, notes)

No text is ever executed as anything but this tree; nothing here reads a clock, a file or an
attribute by a name a user wrote. `now()` and `today()` answer `Notes.moment`.
"""

from headrace.decisions.feel.builtins import BUILTINS
from headrace.decisions.feel.builtins.calls import call_function
from headrace.decisions.feel.calendar import (
    Date,
    DateTime,
    DaysTime,
    Time,
    YearsMonths,
    of_python,
)
from headrace.decisions.feel.conformance import coerced, conforms
from headrace.decisions.feel.errors import FeelError
from headrace.decisions.feel.evaluation import evaluate, matches
from headrace.decisions.feel.notes import Limits, Note, Notes
from headrace.decisions.feel.operators import compare, equal, kind, order
from headrace.decisions.feel.parser import parse, parse_tests
from headrace.decisions.feel.scope import Scope
from headrace.decisions.feel.sizes import check_size
from headrace.decisions.feel.temporal_text import (
    date_of,
    date_time_of,
    duration_of,
    spelled,
    temporal,
    time_of,
)
from headrace.decisions.feel.tree import Expression, Tests
from headrace.decisions.feel.type_parser import type_at
from headrace.decisions.feel.types import (
    ANY,
    ContextType,
    FunctionType,
    ListType,
    NamedType,
    RangeType,
    Type,
)
from headrace.decisions.feel.values import Function, Range, Value, number
from headrace.decisions.feel.writing import write, write_tests, write_type

__all__ = [
    "ANY",
    "BUILTINS",
    "ContextType",
    "Date",
    "DateTime",
    "DaysTime",
    "Expression",
    "FeelError",
    "Function",
    "FunctionType",
    "Limits",
    "ListType",
    "NamedType",
    "Note",
    "Notes",
    "Range",
    "RangeType",
    "Scope",
    "Tests",
    "Time",
    "Type",
    "Value",
    "YearsMonths",
    "call_function",
    "check_size",
    "coerced",
    "compare",
    "conforms",
    "date_of",
    "date_time_of",
    "duration_of",
    "equal",
    "evaluate",
    "kind",
    "matches",
    "number",
    "of_python",
    "order",
    "parse",
    "parse_tests",
    "spelled",
    "temporal",
    "time_of",
    "type_at",
    "write",
    "write_tests",
    "write_type",
]
