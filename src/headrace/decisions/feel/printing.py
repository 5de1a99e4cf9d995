"""Values as text: the string() of DMN 1.5, 10.3.4.1, which FEEL reads back where it can."""

from __future__ import annotations

import re
from decimal import Decimal

from headrace.decisions.feel.lexer import WORD
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.temporal_text import spelled
from headrace.decisions.feel.values import Function, Range, Value

UNPRINTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that files and screens lose."""


def printed(value: Value, notes: Notes) -> str:
    """A value as string() says it: a string bare, one within a list or context in quotes."""
    text = value if isinstance(value, str) else _within(value, notes)
    notes.spelled(len(text))
    return text


def _within(value: Value, notes: Notes) -> str:
    notes.spend(1)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Decimal():
            return digits(value)
        case str():
            return quoted(value)
        case list():
            return _joined([_within(item, notes) for item in value], "[]", notes)
        case dict():
            entries = [f"{key(name)}: {_within(item, notes)}" for name, item in value.items()]
            return _joined(entries, "{}", notes)
        case Range():
            return _range(value, notes)
        case Function():
            return f"function({', '.join(name for name, _ in value.parameters)})"
    return spelled(value)


def _joined(parts: list[str], marks: str, notes: Notes) -> str:
    notes.spelled(sum(map(len, parts)) + 2 * len(parts))
    return f"{marks[0]}{', '.join(parts)}{marks[1]}"


def _range(value: Range, notes: Notes) -> str:
    low, high = _end(value.low, notes), _end(value.high, notes)
    if value.operator:
        return f"{value.operator}{high if value.low is None else low}"
    first, last = "[" if value.low_included else "(", "]" if value.high_included else ")"
    return f"{first}{low}..{high}{last}"


def _end(value: Value, notes: Notes) -> str:
    if value is None or isinstance(value, bool | Decimal | str | list | dict | Range | Function):
        return _within(value, notes)
    return f'@"{spelled(value)}"'


def digits(value: Decimal) -> str:
    """A number in plain digits, without zeros at the end of its fraction."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def quoted(text: str) -> str:
    """A string literal."""
    for mark, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(mark, escape)
    text = UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04X}", text)
    return f'"{text}"'


def key(name: str) -> str:
    """The key of a context entry, in quotes where it is not plain words."""
    words = name.split(" ")
    return name if all(WORD.fullmatch(word) for word in words) else quoted(name)
