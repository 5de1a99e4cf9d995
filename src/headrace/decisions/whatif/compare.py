"""Two policies on the same history: who changes, and the three numbers side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.flow.decided import plain
from headrace.decisions.flow.policy import Action
from headrace.decisions.program.columns import STRING, Column
from headrace.decisions.whatif.cases import Cases, Side, Trial, decide
from headrace.decisions.whatif.fairness import Fairness, fairness
from headrace.decisions.whatif.figures import Draws
from headrace.decisions.whatif.frontier import Frontier, frontier
from headrace.decisions.whatif.numbers import (
    Added,
    Compared,
    compared,
    contributions,
    sums_of,
)
from headrace.decisions.whatif.rules import (
    Moved,
    RuleEffect,
    RuleHits,
    moves,
    rule_effects,
    rule_hits,
)
from headrace.errors import InputError

Ints = NDArray[np.int64]
PARTS_MAX = 200


@dataclass(frozen=True)
class Settings:
    """How a comparison is made.

    Attributes:
        seed: Of the draws.
        draws: Of the bootstrap.
        effects: Whether to tell what each rule alone does: a further run for each table.
    """

    seed: int = 1
    draws: int = 1_000
    effects: bool = True


@dataclass(frozen=True, eq=False)
class Comparison:
    """What a new policy does to history that the old one did not.

    Attributes:
        whole: All cases.
        parts: By segment, region or what else cases are told apart by.
        matrix: int64 (actions, actions): cases by old and new action.
        changed: Cases whose action or approval changed.
        moved: The same by what changed and what decided.
        hits: By rule.
        effects: What each rule of the new policy does alone; empty where it was not asked for.
        fairness: By kind of group.
        frontier: What could be had.
        old: Case by case.
        new: The same.
    """

    whole: Compared
    parts: Mapping[str, tuple[Compared, ...]]
    matrix: Ints
    changed: Ints
    moved: tuple[Moved, ...]
    hits: tuple[RuleHits, ...]
    effects: tuple[RuleEffect, ...]
    fairness: tuple[Fairness, ...]
    frontier: Frontier
    old: Side
    new: Side


def compare(cases: Cases, old: Trial, new: Trial, settings: Settings) -> Comparison:
    """Decide all cases by both policies and judge them.

    Args:
        cases: What judges the decisions.
        old: The policy in force, on what it reads.
        new: The other, on what it reads.
        settings: How.

    Raises:
        InputError: There is no case, or a policy cannot be run on its columns.
    """
    if not len(cases):
        raise InputError("There is no case to decide", remedy="Choose an earlier --since")
    sides = decide(old), decide(new)
    draws = Draws(cases.key, settings.draws, settings.seed)
    added = contributions(cases, sides[0]), contributions(cases, sides[1])
    everyone = np.zeros(len(cases), np.int64)
    return Comparison(
        whole=compared("", [None], *sums_of(draws, added, everyone, 1))[0],
        parts={name: _parts(draws, added, column, name) for name, column in cases.parts.items()},
        matrix=_matrix(*sides),
        changed=(changed := _changed(*sides)),
        moved=moves(*sides, changed),
        hits=rule_hits(*sides),
        effects=rule_effects(new, cases, sides[1]) if settings.effects else (),
        fairness=tuple(
            _fairness(draws, added, column, name) for name, column in cases.groups.items()
        ),
        frontier=frontier(cases, sides[0].terms, sides[1].terms),
        old=sides[0],
        new=sides[1],
    )


def parts_of(column: Column, name: str) -> tuple[Ints, list[str | None]]:
    """Which part each case is in, and what the cases of each have in common, sorted.

    Raises:
        InputError: There are too many to be parts.
    """
    if column.kind == STRING:
        words = np.where(column.present, column.values.astype(np.int64), -1)
    else:
        words = np.where(column.present, column.values.astype(np.float64), np.inf)
    distinct, first, code = np.unique(words, return_index=True, return_inverse=True)
    if len(distinct) > PARTS_MAX:
        raise InputError(
            f"'{name}' has {len(distinct):,} different values",
            where=name,
            remedy=f"Name what has at most {PARTS_MAX}, such as a segment or a region",
        )
    values = [_text(column, row) for row in first.tolist()]
    order = sorted(range(len(values)), key=lambda at: (values[at] is None, values[at] or ""))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[code], [values[at] for at in order]


def _text(column: Column, row: int) -> str | None:
    value = plain(column, row)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value)


def _parts(draws: Draws, added: Added, column: Column, name: str) -> tuple[Compared, ...]:
    part, values = parts_of(column, name)
    return compared(name, values, *sums_of(draws, added, part, len(values)))


def _fairness(draws: Draws, added: Added, column: Column, name: str) -> Fairness:
    part, values = parts_of(column, name)
    return fairness(name, values, *sums_of(draws, added, part, len(values)))


def _matrix(old: Side, new: Side) -> Ints:
    count = len(Action)
    pairs = old.action.astype(np.int64) * count + new.action
    return np.bincount(pairs, minlength=count * count).reshape(count, count)


def _changed(old: Side, new: Side) -> Ints:
    return np.flatnonzero((old.action != new.action) | (old.terms.approved != new.terms.approved))
