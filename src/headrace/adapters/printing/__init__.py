"""What the command line prints for people: short, aligned, in Chinese or English.

On a terminal, text is wrapped to its width; into a pipe or a file, every line is whole and plain.
"""

import json
import math
import re
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headrace.adapters.printing.texts import WORDS
from headrace.errors import HeadraceError, InputError

ROWS_SHOWN = 40
PIPE_WIDTH = 10_000  # a pipe has no width; wide enough that nothing is wrapped
# What would move the cursor, turn the direction of text, or cannot be encoded.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def line(text: str) -> None:
    """One line on standard output, as it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()  # a reader who has gone is noticed here, not when the process ends


def as_json(value: Any) -> None:
    """One JSON value on standard output; NaN and infinities, which JSON lacks, are null."""
    # Where the terminal cannot write Chinese, JSON can still say it.
    escaped = not (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    line(json.dumps(_jsonable(value), ensure_ascii=escaped, allow_nan=False))


def table_as_json(data: pa.Table) -> None:
    """The rows of a table as a JSON array of objects.

    Raises:
        InputError: If two columns are named alike, which an object cannot be.
    """
    twice = sorted({name for name in data.column_names if data.column_names.count(name) > 1})
    if twice:
        raise InputError(
            f"two columns are named {twice[0]!r}",
            where="query",
            remedy="name them apart with AS",
        )
    as_json([dict(zip(data.column_names, row, strict=True)) for row in _rows(data)])


def error(problem: HeadraceError) -> None:
    """An error on standard error, without a traceback."""
    console = console_now(stderr=True)
    parts = [("[bold red]✗[/]", problem.problem)]
    parts += [("  [dim]where[/] ", problem.where)] if problem.where else []
    parts += [("  [dim]try[/]   ", problem.remedy)] if problem.remedy else []
    for label, text in parts:
        told = "\n         ".join(safe(each) for each in text.splitlines())
        console.print(f"{label} {told}", soft_wrap=True)


def table(data: pa.Table, language: str = "en") -> None:
    """A table, its first rows."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for field in data.schema:
        numeric = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        shown.add_column(safe(field.name), justify="right" if numeric else "left")
    for row in _rows(data.slice(0, ROWS_SHOWN)):
        shown.add_row(*("" if cell is None else safe(cell) for cell in row))
    console = console_now()
    console.print(shown)
    if data.num_rows > ROWS_SHOWN:
        more = speaker(language)("more_rows", count=data.num_rows - ROWS_SHOWN)
        console.print(f"[dim]{more}[/]")


def console_now(*, stderr: bool = False) -> Console:
    """A console of the stream as it is now; data never become markup, emoji or control codes.

    Args:
        stderr: Of standard error; otherwise of standard output.
    """
    console = Console(stderr=stderr, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def safe(value: object) -> str:
    """Data as markup that shows them: brackets stay brackets, control characters are spelt out."""
    return escape(_HIDDEN.sub(lambda hidden: ascii(hidden[0])[1:-1], str(value)))


def _rows(data: pa.Table) -> list[tuple[Any, ...]]:
    try:
        return list(zip(*(column.to_pylist() for column in data.columns), strict=True))
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise InputError(
            f"a value of this result cannot be shown: {error}",
            where="query",
            remedy="cast it to text in the query",
        ) from error


def _jsonable(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str | int | None) else str(value)


def speaker(language: str) -> Callable[..., str]:
    """A function that says a text of WORDS in one language."""

    def say(key: str, **values: Any) -> str:
        return WORDS[key].in_language(language).format(**values)

    return say
