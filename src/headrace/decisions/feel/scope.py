"""Names and their values, one mapping within another (DMN 1.5, 10.3.2.11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.decisions.feel.values import Value


@dataclass(frozen=True)
class Scope:
    """Values by name; what `values` lacks, `outer` may have."""

    values: Mapping[str, Value]
    outer: Scope | None = None

    def inner(self, values: Mapping[str, Value]) -> Scope:
        """A scope within this one."""
        return Scope(values, self)

    def find(self, name: str) -> tuple[bool, Value]:
        """Whether anything has a name, and its value."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return True, scope.values[name]
            scope = scope.outer
        return False, None
