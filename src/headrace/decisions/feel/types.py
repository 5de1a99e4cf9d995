"""FEEL types as they are written (DMN 1.5, rule 52): `list<number>`, `range<date>`, `tLoan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

SIMPLE = (
    "Any",
    "Null",
    "number",
    "string",
    "boolean",
    "date",
    "time",
    "date and time",
    "days and time duration",
    "years and months duration",
    "list",
    "context",
    "function",
    "range",
)
"""Types that FEEL knows by a name alone, as `instance of` spells them (Table 53 and rule 52)."""


@dataclass(frozen=True)
class NamedType:
    """A type of `SIMPLE`, or one the model defines."""

    name: str


@dataclass(frozen=True)
class ListType:
    """`list<element>`."""

    element: Type


@dataclass(frozen=True)
class RangeType:
    """`range<element>`."""

    element: Type


@dataclass(frozen=True)
class ContextType:
    """`context<name: type>`: these members at least."""

    members: tuple[tuple[str, Type], ...]


@dataclass(frozen=True)
class FunctionType:
    """`function<parameters> -> result`."""

    parameters: tuple[Type, ...]
    result: Type


Type: TypeAlias = NamedType | ListType | RangeType | ContextType | FunctionType
ANY = NamedType("Any")
