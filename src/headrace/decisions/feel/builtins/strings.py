"""String functions (DMN 1.5, 10.3.4.3). Characters are Unicode code points, counted from 1."""

from __future__ import annotations

from decimal import Decimal

from headrace.decisions.feel.builtins.registry import builtin
from headrace.decisions.feel.notes import Notes
from headrace.decisions.feel.regex import PatternError, compiled
from headrace.decisions.feel.values import Value


@builtin("substring(string: string, start position: number, length: number =)")
def _substring(notes: Notes, text: str, start: Decimal, length: Decimal | None = None) -> Value:
    first = int(max(min(start, Decimal(len(text) + 1)), Decimal(-len(text) - 1)))
    if first == 0 or abs(first) > len(text):
        notes.add(f"Position {start} is outside a string of {len(text)} characters")
        return None
    first = first - 1 if first > 0 else len(text) + first
    if length is None:
        return text[first:]
    count = int(min(length, Decimal(len(text))))
    if count < 1:
        notes.add("The length of a substring is 1 or more")
        return None
    return text[first : first + count]


@builtin("string length(string: string)")
def _string_length(notes: Notes, text: str) -> Value:
    return Decimal(len(text))


@builtin("upper case(string: string)")
def _upper_case(notes: Notes, text: str) -> Value:
    return text.upper()


@builtin("lower case(string: string)")
def _lower_case(notes: Notes, text: str) -> Value:
    return text.lower()


@builtin("substring before(string: string, match: string)")
def _substring_before(notes: Notes, text: str, match: str) -> Value:
    found = text.find(match)
    return text[:found] if found > 0 else ""


@builtin("substring after(string: string, match: string)")
def _substring_after(notes: Notes, text: str, match: str) -> Value:
    found = text.find(match)
    return text[found + len(match) :] if found >= 0 else ""


@builtin("contains(string: string, match: string)")
def _contains(notes: Notes, text: str, match: str) -> Value:
    return match in text


@builtin("starts with(string: string, match: string)")
def _starts_with(notes: Notes, text: str, match: str) -> Value:
    return text.startswith(match)


@builtin("ends with(string: string, match: string)")
def _ends_with(notes: Notes, text: str, match: str) -> Value:
    return text.endswith(match)


@builtin("matches(input: string, pattern: string, flags: string? =)")
def _matches(notes: Notes, text: str, pattern: str, flags: str | None = None) -> Value:
    try:
        return compiled(pattern, flags or "").search(text, 0, notes) is not None
    except PatternError as error:
        notes.add(f"matches: {error}")
        return None


@builtin("replace(input: string, pattern: string, replacement: string, flags: string? =)")
def _replace(
    notes: Notes, text: str, pattern: str, replacement: str, flags: str | None = None
) -> Value:
    try:
        return compiled(pattern, flags or "").replace(text, replacement, notes)
    except PatternError as error:
        notes.add(f"replace: {error}")
        return None


@builtin("split(string: string, delimiter: string)")
def _split(notes: Notes, text: str, delimiter: str) -> Value:
    try:
        parts = compiled(delimiter, "").split(text, notes)
    except PatternError as error:
        notes.add(f"split: {error}")
        return None
    notes.sized(len(parts))
    return list(parts)


@builtin("string join(list: list, delimiter: string? =)")
def _string_join(notes: Notes, items: list[Value], delimiter: str | None = None) -> Value:
    notes.sized(len(items))
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != sum(item is not None for item in items):
        notes.add("string join takes a list of strings")
        return None
    between = delimiter or ""
    notes.spelled(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)
