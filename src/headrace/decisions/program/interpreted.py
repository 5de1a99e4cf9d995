"""What no rule knows: the interpreter, asked once for every distinct combination of its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions import feel
from headrace.decisions.feel import Value, tree
from headrace.decisions.program.columns import BOOLEAN, STRING, Column

Array = NDArray[Any]
Rows = NDArray[np.int64]

SPARSE = 4
"""A table of all combinations may have so many times as many places as there are cases."""


@dataclass(frozen=True)
class Cases:
    """The cases an expression is asked of.

    Attributes:
        columns: By name; `access.outcome` is the member `outcome` of the context `access`.
        count: How many.
        moment: What `now()` and `today()` answer.
    """

    columns: Mapping[str, Column]
    count: int
    moment: feel.DateTime | None

    def named_in(self, *nodes: object) -> tuple[str, ...]:
        """The columns that these parts of a tree may look at, in order."""
        used = {name for path in paths_of(*nodes) for name in self._behind(path)}
        return tuple(name for name in self.columns if name in used)

    def _behind(self, path: str) -> list[str]:
        """The column that a path leads to or through; else all those of the context it is in."""
        for end in [len(path), *reversed(_dots(path))]:
            if path[:end] in self.columns:
                return [path[:end]]
        first = path.partition(".")[0]
        return [name for name in self.columns if name.startswith(f"{first}.")]

    def asked(
        self, names: Sequence[str], rows: Rows, ask: Callable[[Mapping[str, Value]], Value]
    ) -> tuple[list[Value], Rows]:
        """The answer for each distinct combination, and the place of each row's answer.

        Args:
            names: The columns that the answer depends on.
            rows: The cases to ask about.
            ask: Gives the answer for a scope with these columns.
        """
        firsts, places = self._distinct(names, rows)
        return [ask(self._scope(names, row)) for row in firsts.tolist()], places

    def _scope(self, names: Sequence[str], row: int) -> dict[str, Value]:
        scope: dict[str, Any] = {}
        for name in names:
            *path, last = name.split(".")
            inner = scope
            for step in path:
                inner = inner.setdefault(step, {})
            inner[last] = self.columns[name].value(row)
        return scope

    def _distinct(self, names: Sequence[str], rows: Rows) -> tuple[Rows, Rows]:
        """The first row of each combination of values, and the place of each row's."""
        keys, size = np.zeros(len(rows), np.int64), 1
        for name in names:
            numbers, many = _numbered(self.columns[name], rows)
            if size * many >= 2**62:
                kept, keys = np.unique(keys, return_inverse=True)
                size = len(kept)
            keys, size = keys * many + numbers, size * many
        if size <= SPARSE * len(rows) + 1024:
            first = np.full(size, -1, np.int64)
            first[keys[::-1]] = np.arange(len(rows) - 1, -1, -1)
            found = np.flatnonzero(first >= 0)
            places = np.zeros(size, np.int64)
            places[found] = np.arange(len(found))
            return rows[first[found]], places[keys]
        _, index, inverse = np.unique(keys, return_index=True, return_inverse=True)
        return rows[index], inverse.astype(np.int64)


def _numbered(column: Column, rows: Rows) -> tuple[Array, int]:
    """A number for each distinct value, 0 for a missing one; and how many numbers there are."""
    words, present = column.values[rows], column.present[rows]
    if column.kind == BOOLEAN:
        return np.where(present, words + np.int64(1), 0), 3
    if column.kind == STRING and len(column.texts) <= SPARSE * len(rows):
        return np.where(present, words.astype(np.int64) + 1, 0), len(column.texts) + 1
    bits = words.view(np.int64) if words.dtype == np.float64 else words.astype(np.int64)
    kept, inverse = np.unique(bits, return_inverse=True)  # by bits: a zero may have a sign
    return np.where(present, inverse + 1, 0), len(kept) + 1


def _dots(path: str) -> list[int]:
    return [at for at, character in enumerate(path) if character == "."]


def paths_of(*nodes: object) -> set[str]:
    """Every name and path of these, those they bind themselves too."""
    paths: set[str] = set()
    ahead = list(nodes)  # no recursion: a sum of a thousand terms is a thousand deep
    while ahead:
        node = ahead.pop()
        if isinstance(node, tuple):
            ahead.extend(node)
        elif isinstance(node, tree.Node | tree.Iterator | tree.Tests):
            path = dotted(node)
            paths.update([path] if path else [])
            ahead.extend(() if path else vars(node).values())
    return paths


def dotted(node: object) -> str:
    """`a.b.c` of a path of names; empty for any other part of a tree."""
    if isinstance(node, tree.Name):
        return node.name
    if isinstance(node, tree.Path):
        base = dotted(node.base)
        return f"{base}.{node.name}" if base else ""
    return ""
