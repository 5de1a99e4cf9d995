"""Types as they are written after `instance of` and in parameters (DMN 1.5, rule 52)."""

from __future__ import annotations

import re

from headrace.decisions.feel.errors import FeelError
from headrace.decisions.feel.lexer import INNER, SPACE, tidy
from headrace.decisions.feel.types import (
    SIMPLE,
    ContextType,
    FunctionType,
    ListType,
    NamedType,
    RangeType,
    Type,
)

DEEPEST = 30
_WORDS = [r"\s+".join(map(re.escape, name.split())) for name in sorted(SIMPLE, key=len)[::-1]]
_KNOWN = re.compile(rf"(?:{'|'.join(_WORDS)})(?![{INNER}.])")
_NAME = re.compile(rf"[{INNER}]+(?:\.[{INNER}]+)*")
_MEMBER = re.compile(r"([^:,<>]++):")


def type_at(text: str, at: int, depth: int = 0) -> tuple[Type, int]:
    """The type that stands at a place, and where it ends.

    Raises:
        FeelError: No type stands there.
    """
    at = _skip(text, at)
    if depth > DEEPEST:
        raise FeelError("Types are nested too deep", where=f"character {at + 1}")
    found = _KNOWN.match(text, at) or _NAME.match(text, at)
    if not found:
        raise FeelError("A type was expected", where=f"character {at + 1}")
    name, end = tidy(found[0]), found.end()
    opening = _skip(text, end)
    if name not in ("list", "range", "context", "function") or text[opening : opening + 1] != "<":
        return NamedType(name), end
    if name == "context":
        return _context(text, opening + 1, depth)
    if name == "function":
        return _function(text, opening + 1, depth)
    element, end = type_at(text, opening + 1, depth + 1)
    end = _expect(text, end, ">")
    return (ListType(element) if name == "list" else RangeType(element)), end


def _context(text: str, at: int, depth: int) -> tuple[Type, int]:
    members: list[tuple[str, Type]] = []
    while True:
        found = _MEMBER.match(text, _skip(text, at))
        if not found:
            raise FeelError("A member and a colon were expected", where=f"character {at + 1}")
        kind, at = type_at(text, found.end(), depth + 1)
        members.append((tidy(found[1]), kind))
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            return ContextType(tuple(members)), _expect(text, at, ">")
        at += 1


def _function(text: str, at: int, depth: int) -> tuple[Type, int]:
    parameters: list[Type] = []
    at = _skip(text, at)
    while text[at : at + 1] != ">":
        kind, at = type_at(text, at, depth + 1)
        parameters.append(kind)
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at += 1
    at = _expect(text, at + 1, "->")
    result, at = type_at(text, at, depth + 1)
    return FunctionType(tuple(parameters), result), at


def _skip(text: str, at: int) -> int:
    return SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing too


def _expect(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if not text.startswith(mark, at):
        raise FeelError(f"{mark!r} was expected", where=f"character {at + 1}")
    return at + len(mark)
