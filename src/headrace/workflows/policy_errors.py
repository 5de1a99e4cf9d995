"""What is wrong with a policy's files, in both languages, and where, for a page to mark it."""

import re
from dataclasses import dataclass

from headrace.decisions.flow.saying import ACTION
from headrace.errors import InputError
from headrace.pack import Text
from headrace.workflows.policy_sentences import in_both

_WHERE = re.compile(
    r"(?P<file>[^,]+)(?:, (?:row (?P<row>\d{1,7})|line (?P<line>\d{1,7})|header|# default))?"
    r"(?:, (?:column )?(?P<column>(?:in|out|note):.+))?"
)
_HOW_IN = Text(
    'A test, such as > 180, [1..5], "A", not("A"), null, or - for any value',
    '请写一个条件，例如 > 180、[1..5]、"A"、not("A")、null；- 表示任意值',
)
_HOW_OUT = Text("One value: a number, a word, or an expression", "请写一个值：数字、词语或表达式")

NOTHING = Text("", "")


@dataclass(frozen=True)
class Remark:
    """One thing said about a policy that is being written.

    Attributes:
        severity: `refused`: it cannot be used; else `error`, `warning` or `note` of an analysis.
        code: Of the finding; empty where it is refused.
        file: Whose file.
        rows: Where in it, from 1; empty: it is about the whole.
        column: Of a table, such as `in:rating`; empty: it is about whole rows.
        problem: What is wrong.
        remedy: What would be right; empty where the problem says it.
        case: An example of a case that shows it; empty where none is needed.
    """

    severity: str
    code: str
    file: str
    rows: tuple[int, ...]
    column: str
    problem: Text
    remedy: Text = NOTHING
    case: str = ""


def refused(error: InputError) -> Remark:
    """An error of the files as a remark at its place."""
    found = _WHERE.fullmatch(error.where)
    file = found["file"].partition(" sheet ")[0] if found else error.where
    row = (found["row"] or found["line"]) if found else None
    column = (found["column"] or "") if found else ""
    remedy = in_both(error.remedy)
    if not error.remedy and column.startswith("in:"):
        remedy = _HOW_IN
    elif not error.remedy and column.startswith("out:") and column != f"out:{ACTION}":
        remedy = _HOW_OUT
    rows = (int(row),) if row else ()
    return Remark("refused", "", file, rows, column, in_both(error.problem), remedy)
