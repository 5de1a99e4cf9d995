"""One decision as plain values, whichever way it was computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from headrace.decisions.feel import Date, DateTime, spelled
from headrace.decisions.flow.policy import Action, Policy
from headrace.decisions.flow.program import FlowResult
from headrace.decisions.program.columns import (
    DATE,
    DATE_TIME,
    DURATION,
    STRING,
    Column,
    feel_value,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Plain = float | int | str | bool | None


@dataclass(frozen=True)
class Decided:
    """What a policy decided about one case, and why.

    Attributes:
        action: What to do.
        decided_by: Name of the first step that said so; empty where no step said anything.
        reason: Of that step; None where it gave none.
        results: Terms by name.
        values: What steps came to, by name; tables whose rules give lists are left out.
        fired: By table that was asked: the numbers of the rules that spoke, from 1.
        listed: By list the case is on: the entry's number.
        missing: Inputs that were asked for and lacking, sorted.
        degraded: Model steps that were late or failed, so that their fallback stood in.
        problems: Tables that did not decide as their author meant, see `TableProblem`:
            `table: code`; `policy: failed` where the policy could not be computed.
    """

    action: Action
    decided_by: str
    reason: str | None
    results: Mapping[str, Plain]
    values: Mapping[str, Plain]
    fired: Mapping[str, tuple[int, ...]]
    listed: Mapping[str, int]
    missing: tuple[str, ...]
    degraded: tuple[str, ...]
    problems: tuple[str, ...] = ()


def decided_of(result: FlowResult, row: int, policy: Policy) -> Decided:
    """One case of a batch."""
    place = int(result.decided_by[row])
    return Decided(
        action=Action(int(result.action[row])),
        decided_by=policy.steps[place].name if place >= 0 else "",
        reason=_text(plain(result.reason, row)),
        results={name: plain(column, row) for name, column in result.results.items()},
        values={name: plain(column, row) for name, column in result.values.items()},
        fired={
            name: rules for name in result.fired if (rules := _fired(result, name, row)) is not None
        },
        listed={
            name: int(numbers[row]) for name, numbers in result.listed.items() if numbers[row] >= 0
        },
        missing=tuple(sorted(name for name, where in result.missing.items() if where[row])),
        degraded=tuple(name for name, where in result.degraded.items() if where[row]),
        problems=tuple(
            f"{name}: {each.code}"
            for name, problems in result.problems.items()
            for each in problems
            if each.where[row]
        ),
    )


def plain(column: Column, row: int) -> Plain:
    """A value as JSON has it: days and moments as ISO 8601, a missing one as None."""
    return (
        plain_word(column.kind, column.values[row].item(), column.texts)
        if (column.present[row])
        else None
    )


def plain_word(kind: str, word: Any, texts: tuple[str, ...] = ()) -> Plain:
    """A word of a column of this kind as JSON has it."""
    if kind == STRING:
        return texts[word] if texts else str(word)
    if kind in {DATE, DATE_TIME}:
        try:
            return said_day(word) if kind == DATE else said_moment(word)
        except (OverflowError, ValueError):  # beyond the years 1 to 9999, as FEEL spells it
            value = feel_value(kind, word)
            return spelled(value) if isinstance(value, Date | DateTime) else None
    if kind == DURATION:
        return float(word / 1_000_000)
    found: Plain = word
    return found


def said_day(word: int) -> str:
    """Days since 1970 in ISO 8601."""
    return date.fromordinal(word + 719_163).isoformat()


def said_moment(word: int) -> str:
    """Microseconds since 1970 in ISO 8601, UTC."""
    return (EPOCH + timedelta(microseconds=word)).isoformat().replace("+00:00", "Z")


def _fired(result: FlowResult, name: str, row: int) -> tuple[int, ...] | None:
    """The rules of a table that spoke; None where it was not asked."""
    first = int(result.fired[name][row])
    if first < 0:
        return None
    if name in result.hits:
        hits, at = result.hits[name]
        rules = hits[at[row] : at[row + 1]].tolist()
        return tuple(number for number in rules if number)
    return (first,) if first else ()


def _text(value: Plain) -> str | None:
    return None if value is None else str(value)
