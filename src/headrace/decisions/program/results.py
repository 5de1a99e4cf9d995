"""What a table said about a batch of cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.program.columns import Bools, Column

Ints = NDArray[np.int64]
NO_HITS = np.array([], np.int32)
NO_STARTS = np.array([], np.int64)


@dataclass(frozen=True, eq=False)
class TableProblem:
    """Cases that a table did not decide as its author meant.

    Attributes:
        code: `no_rule`: no rule is met, and there is no default. `overlap`: several rules are met
            where one may be, or rules that must agree differ. `not_listed`: a value is none of
            those that its column lists.
        rules: Numbers of rules concerned, from 1; of the first such case.
        where: bool (n,): in which cases.
    """

    code: str
    rules: tuple[int, ...]
    where: Bools

    @property
    def count(self) -> int:
        """In how many cases."""
        return int(self.where.sum())

    @property
    def first(self) -> int:
        """The position of the first of them."""
        return int(self.where.argmax())


@dataclass(frozen=True, eq=False)
class TableResult:
    """What a table said about a batch.

    Attributes:
        fired: int32, the number of the rule that spoke, from 1; 0 for none. Where several may
            speak, the first of them.
        hits: For tables where several speak: their numbers, one case behind the other; 0 for the
            default of a table that gives lists.
        hits_at: int64 (n + 1,): where each case's rules start in `hits`; empty for other tables.
        outputs: One column per output; not for lists, see `Chosen`.
        lists: For tables that give lists, the outputs of each of `hits`.
        problems: What to report.
    """

    fired: NDArray[np.int32]
    hits: NDArray[np.int32]
    hits_at: Ints
    outputs: Mapping[str, Column]
    lists: Mapping[str, Column]
    problems: tuple[TableProblem, ...]


def starts(counts: Ints) -> Ints:
    """Where each case's rules start, and the end."""
    at = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=at[1:])
    return at


def problem(code: str, rules: tuple[int, ...], where: Bools) -> tuple[TableProblem, ...]:
    """A problem, where there is one."""
    return (TableProblem(code, rules, where),) if where.any() else ()
