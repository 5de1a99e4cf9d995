"""What each rule does: how often it speaks, and what it alone gains and loses."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.feel import write
from headrace.decisions.flow.policy import Action, Policy
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.tables.table import Rule, Table
from headrace.decisions.whatif.cases import Cases, Side, Trial, chunks, run
from headrace.decisions.whatif.numbers import contributions
from headrace.decisions.whatif.removal import WithoutDecider, can_remove
from headrace.money import round_half_even

Ints = NDArray[np.int64]
GAINED = ("approved", "exposure", "expected_loss", "realised_loss", "bad")


@dataclass(frozen=True)
class RuleHits:
    """How often a rule spoke (first) under each policy.

    Attributes:
        table: Its table.
        rule: Its number, in the new policy where it is there; 0: no rule spoke.
        row: Its row in the file.
        text: What it asks.
        gives: What it gives.
        old: Cases under the old policy; None where that has no such rule.
        new: The same of the new one.
    """

    table: str
    rule: int
    row: int
    text: str
    gives: str
    old: int | None
    new: int | None


@dataclass(frozen=True)
class RuleEffect:
    """What a rule alone gains and loses: the policy with it less the policy without it.

    Attributes:
        table: Its table.
        rule: Its number.
        row: Its row in the file.
        text: What it asks.
        gives: What it gives.
        counted: Cases in which it was the rule that counted.
        approved: More approvals because of it; negative: fewer.
        exposure_minor: More exposure.
        expected_loss_minor: More expected loss.
        realised_loss_minor: More realised loss, of cases whose outcome is known.
        bad: More approvals known to have turned bad.
    """

    table: str
    rule: int
    row: int
    text: str
    gives: str
    counted: int
    approved: int
    exposure_minor: int
    expected_loss_minor: int
    realised_loss_minor: int
    bad: int


@dataclass(frozen=True)
class Moved:
    """Cases that changed in one way, for one reason.

    Attributes:
        old: Action of the old policy.
        new: Action of the new one.
        old_by: What decided under the old policy: `table, rule 3 (row 9): amount: > 100`.
        new_by: The same of the new one.
        count: How many.
    """

    old: Action
    new: Action
    old_by: str
    new_by: str
    count: int


def rule_hits(old: Side, new: Side) -> tuple[RuleHits, ...]:
    """Hits by rule; rules of the two policies are the same where they ask and give the same."""
    found = []
    for name in dict.fromkeys([*new.policy.tables, *old.policy.tables]):
        before, after = _counted(old, name), _counted(new, name)
        for key in dict.fromkeys([*after, *before]):
            number, row, count = after.get(key) or before[key]
            first = before[key][2] if key in before else None
            last = count if key in after else None
            found.append(RuleHits(name, number, row, key[0], key[1], first, last))
    return tuple(found)


def rule_effects(trial: Trial, cases: Cases, side: Side) -> tuple[RuleEffect, ...]:
    """What each rule of a policy does alone; see `headrace.decisions.whatif.removal`.

    Rules of a table that adds up (COLLECT SUM, COUNT) or gives lists without an action are left
    out: there, no one rule counts.
    """
    found: list[RuleEffect] = []
    with_all = contributions(cases, side)
    for name, table in side.policy.tables.items():
        if not can_remove(table):
            continue
        decider, without = _without(trial, cases, name)
        counts = np.bincount(decider, minlength=len(table.rules) + 1)
        sums = {
            each: np.bincount(decider, with_all[each] - without[each], len(counts))
            for each in GAINED
        }
        for place, rule in enumerate(table.rules):
            values = [round_half_even(float(sums[each][place + 1])) for each in GAINED]
            text = table.rule_text(place + 1)
            found.append(
                RuleEffect(
                    name, place + 1, rule.row, text, gives(table, rule), int(counts[place + 1]),
                    *values,
                )
            )  # fmt: skip
    return tuple(found)


def moves(old: Side, new: Side, changed: Ints) -> tuple[Moved, ...]:
    """Who changes, by what was done, what is done, and what decided; the most first."""
    sides = (old, new)
    codes = [getattr(side, name)[changed] for side in sides for name in ("action", "step", "rule")]
    ways = Counter(zip(*(each.tolist() for each in codes), strict=True))
    return tuple(
        Moved(
            Action(way[0]),
            Action(way[3]),
            decider(old.policy, way[1], way[2]),
            decider(new.policy, way[4], way[5]),
            count,
        )
        for way, count in sorted(ways.items(), key=lambda each: (-each[1], each[0]))
    )


def decider(policy: Policy, step: int, rule: int) -> str:
    """What decided: a step, and of a table its rule; empty where no step said anything."""
    if step < 0:
        return ""
    name = policy.steps[step].name
    if not rule:
        return name
    table = policy.tables[name]
    row = table.rules[rule - 1].row
    place = f"{name}, rule {rule}" if row == rule else f"{name}, rule {rule} (row {row})"
    return f"{place}: {table.rule_text(rule)}"


def gives(table: Table, rule: Rule) -> str:
    """What a rule gives, in one line."""
    cells = zip(table.outputs, rule.outputs, strict=True)
    return "; ".join(f"{column.name}: {write(cell)}" for column, cell in cells)


def with_table(program: FlowProgram, name: str, table: Any) -> FlowProgram:
    """The same compiled policy with another program for one table."""
    changed = copy.copy(program)
    changed.tables = {**program.tables, name: table}
    return changed


def _counted(side: Side, name: str) -> dict[tuple[str, str, int], tuple[int, int, int]]:
    """By what a rule asks and gives, and how many such stand before it: number, row, hits."""
    table = side.policy.tables.get(name)
    if table is None or name not in side.fired:
        return {}
    found = {}
    seen: Counter[tuple[str, str]] = Counter()
    for number, text, given, row in _rules(table):
        found[text, given, seen[text, given]] = (number, row, int(side.fired[name][number]))
        seen[text, given] += 1
    return found


def _rules(table: Table) -> Iterator[tuple[int, str, str, int]]:
    for number, rule in enumerate(table.rules, 1):
        yield number, table.rule_text(number), gives(table, rule), rule.row
    yield 0, "", "", 0


def _without(trial: Trial, cases: Cases, name: str) -> tuple[Ints, Mapping[str, Any]]:
    """The rule of a table that counted in each case, and what each case adds without it."""
    table = WithoutDecider(trial.program.tables[name])
    changed = Trial(
        with_table(trial.program, name, table), trial.columns, trial.moments, trial.terms
    )
    deciders = []
    added: list[dict[str, Any]] = []
    for rows in chunks(len(cases)):
        result = run(changed, rows)
        # Where the table was not asked, no rule of it counted.
        asked = result.fired[name] >= 0
        found = np.zeros(len(rows), np.int64)
        found[asked] = table.decider
        deciders.append(found)
        side = Side(
            trial.program.policy, result.action, result.decided_by, found.astype(np.int32),
            trial.terms(result, rows), {},
        )  # fmt: skip
        part = contributions(cases.take(rows), side)
        added.append({each: part[each] for each in GAINED})
    whole = {each: np.concatenate([part[each] for part in added]) for each in GAINED}
    return np.concatenate(deciders), whole
