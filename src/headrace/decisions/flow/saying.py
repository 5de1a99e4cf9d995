"""What steps say to do, and which of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.feel import write
from headrace.decisions.feel.tree import Literal
from headrace.decisions.flow.policy import ACTIONS, Action
from headrace.decisions.flow.spreading import merged
from headrace.decisions.program.columns import NOTHING, STRING, Column, column_of_values, missing
from headrace.decisions.program.results import TableResult

NOBODY = -1
ACTION, REASON = "action", "reason"


@dataclass(frozen=True, eq=False)
class Said:
    """What a step said to do, case by case.

    Attributes:
        action: int8, an `Action`; -1 where it said nothing.
        reason: A text; missing where it gave none.
    """

    action: NDArray[np.int8]
    reason: Column


def said_by(found: TableResult, count: int) -> Said | None:
    """What a table with an output `action` said; None for any other table.

    Of several rules that speak at once, the most severe, and the first of those.
    """
    lists = ACTION in found.lists
    if not lists and ACTION not in found.outputs:
        return None
    told = found.lists if lists else found.outputs
    action = _codes(told[ACTION])
    reason = _texts(told.get(REASON, missing(len(action))))
    if not lists:
        return Said(action, reason)
    at = found.hits_at
    owners = np.repeat(np.arange(count), np.diff(at))
    order = np.lexsort((np.arange(len(action)), -action, owners))
    worst_of = np.full(count, NOBODY, np.int64)
    met = np.diff(at) > 0
    worst_of[met] = order[at[:-1][met]]
    whole = np.append(action, np.int8(NOBODY))[worst_of]
    if not len(action):
        return Said(whole, missing(count))
    chosen = reason.take(np.maximum(worst_of, 0))
    return Said(whole, Column(chosen.kind, chosen.values, chosen.present & met, chosen.texts))


def worst(
    said: Sequence[tuple[int, Said]], count: int, otherwise: Action
) -> tuple[NDArray[np.int8], NDArray[np.int16], Column]:
    """The most severe action of every case, the place of the first step that said it, and why."""
    action = np.full(count, NOBODY, np.int8)
    decided_by = np.full(count, NOBODY, np.int16)
    reason = missing(count)
    for place, each in said:
        more = each.action > action
        action[more] = each.action[more]
        decided_by[more] = place
        reason = merged(reason, each.reason, more)
    action[action == NOBODY] = otherwise
    return action, decided_by, reason


def _codes(column: Column) -> NDArray[np.int8]:
    """Actions as numbers; -1 where there is none."""
    if column.kind != STRING:
        return np.full(len(column), NOBODY, np.int8)
    codes = np.array([*(ACTIONS.get(text, NOBODY) for text in column.texts), NOBODY], np.int8)
    return np.where(column.present, codes[column.values], NOBODY).astype(np.int8)


def _texts(column: Column) -> Column:
    """A reason as a text, whatever an expression made of it."""
    if column.kind in {STRING, NOTHING}:
        return column
    return column_of_values(
        [None if value is None else write(Literal(value)) for value in column.feel_values()]
    )
