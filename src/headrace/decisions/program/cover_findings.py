"""Rules that others before them leave no case, and cases that no rule is met in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from headrace.decisions.dmn.tree import HitPolicy
from headrace.decisions.program.case_grid import Grid
from headrace.decisions.program.case_words import box_words, example, hedge
from headrace.decisions.program.covers import (
    Bits,
    Boxes,
    Budget,
    Ints,
    covers,
    find_hole,
    widened,
)
from headrace.decisions.program.findings import Finding, Severity, found, rules_text
from headrace.decisions.program.pair_findings import too_long, undecided
from headrace.decisions.program.rule_pairs import Pairs
from headrace.decisions.tables.table import Table

WORK_MAX = 200_000_000
"""Words that the search for rules that never speak may read; and that for gaps."""

RULE_WORK_MAX = 4_000_000
GAPS_MAX = 5


def shadow_findings(
    table: Table, grid: Grid, pairs: Pairs, order: Sequence[int]
) -> Iterator[Finding]:
    """`shadowed`: rules that never speak, for those before them are met wherever they are.

    Args:
        table: One in which the first rule that is met speaks.
        grid: Its grid.
        pairs: Of its rules, as they stand.
        order: Places of rules in the order in which they come first.
    """
    budget = Budget(WORK_MAX)
    given_up: list[int] = []
    depends: list[int] = []
    speaking: list[int] = []
    for rule in order:
        before = np.array(speaking, np.int64)
        if grid.is_empty[rule]:
            continue
        by = _hidden_by(grid, pairs, rule, before, budget)
        if by is None:
            given_up.append(rule + 1)
        elif by:
            same = len(by) == 1 and pairs.same[rule, by[0]]
            if not same:  # that is a duplicate, or a contradiction
                yield _shadowed(table, rule, by)
            continue
        elif not pairs.sure[before].all() and _may_be_hidden(grid, rule, before, budget):
            depends.append(rule + 1)
        speaking.append(rule)
    question = ("whether they ever speak", "它们是否可能生效")
    if given_up:
        yield too_long(table, sorted(given_up), question)
    if depends:
        yield undecided(table, sorted(depends), question)


def gap_findings(table: Table, grid: Grid, pairs: Pairs) -> Iterator[Finding]:
    """`gap`: cases in which no rule is met, the largest boxes of them."""
    if any(column.default is not None for column in table.outputs):
        return
    apart = 0 if pairs.meet.any() else len(table.rules)
    boxes = Boxes(grid.boxes.bits, grid.boxes.at, apart)
    budget = Budget(WORK_MAX)
    holes, boxes, done = _holes(grid, boxes, grid.present, budget)
    yield from (_gap(table, grid, hole) for hole in holes)
    if done:
        lacking, boxes, done = _holes(grid, boxes, grid.whole, budget)
        yield from (_missing_gap(table, grid, hole) for hole in lacking)
        holes += lacking
    if done is False:
        words = ("There are more cases that no rule covers", "还有其他没有规则覆盖的情形")
        yield found(table, "gap", Severity.WARNING, (), words)
    question = ("whether they cover every case", "它们是否覆盖所有情形")
    further = ("which other cases they do not cover", "还有哪些情形未覆盖")
    every = range(1, len(table.rules) + 1)
    if done is None:
        yield too_long(table, every, further if holes else question)
    elif not holes and not pairs.sure.all():
        certain = boxes.only(np.flatnonzero(pairs.sure))
        if not covers(grid.whole, certain, budget).covered:
            open_rules = (np.flatnonzero(~pairs.sure) + 1).tolist()
            yield undecided(table, open_rules, question)


def _hidden_by(
    grid: Grid, pairs: Pairs, rule: int, before: Ints, budget: Budget
) -> tuple[int, ...] | None:
    """Rules that leave it no case, the fewest that are easily found; None where not decided."""
    within = before[pairs.within[rule, before]]
    if len(within):
        same = within[pairs.same[rule, within]]
        return (int(same[0] if len(same) else within[0]),)
    near = before[pairs.meet[rule, before] & pairs.given[rule, before]]
    if not len(near):
        return ()
    cover = _asked(grid, rule, near, budget)
    if cover is None:
        return None
    return tuple(sorted(int(near[row]) for row in cover))


def _may_be_hidden(grid: Grid, rule: int, before: Ints, budget: Budget) -> bool:
    """Whether the rules before leave it no case if cells that are not on the grid are met."""
    cover = _asked(grid, rule, before, budget)
    return cover is None or bool(cover)


def _asked(grid: Grid, rule: int, near: Ints, budget: Budget) -> frozenset[int] | None:
    """Rows of the boxes that cover a rule's; empty where none do, None where not decided."""
    own = Budget(min(budget.left, RULE_WORK_MAX))
    before = own.left
    cover = covers(grid.boxes.bits[rule], grid.boxes.only(near), own)
    budget.spend(before - own.left)
    return None if cover.covered is None else cover.used if cover.covered else frozenset()


def _shadowed(table: Table, rule: int, by: Sequence[int]) -> Finding:
    numbers = sorted(place + 1 for place in by)
    shown = rules_text(numbers)
    first = table.hit_policy is HitPolicy.FIRST
    how = ("stand before it", "在它之前") if first else ("have priority", "优先级更高")
    if len(by) == 1:
        how = ("stands before it", how[1]) if first else ("has priority", how[1])
        why = f"{shown[0]} {how[0]} and is met in all its cases"
    else:
        why = f"{shown[0]} {how[0]}, and in all its cases one of them is met"
    words = (
        f"Rule {rule + 1} never speaks: {why}",
        f"规则 {rule + 1} 永不生效：{shown[1]} {how[1]}，并覆盖它的所有情形",
    )
    return found(table, "shadowed", Severity.WARNING, (rule + 1, *numbers), words)


def _holes(
    grid: Grid, boxes: Boxes, within: Bits, budget: Budget
) -> tuple[list[Bits], Boxes, bool | None]:
    """Cases that no box holds, as large boxes; these boxes too; whether that is all of them.

    Holes are widened first to other values, then to missing ones.
    """
    holes: list[Bits] = []
    while True:
        cover = find_hole(within, boxes, budget)
        if cover.hole is None:
            return holes, boxes, cover.covered
        if len(holes) == GAPS_MAX:
            return holes, boxes, False
        hole = widened(cover.hole, boxes, within)
        hole = widened(hole, boxes, grid.whole)
        holes.append(hole)
        boxes = boxes.with_box(hole)


def _gap(table: Table, grid: Grid, hole: Bits) -> Finding:
    case = example(grid, hole & grid.present)
    box, unless = box_words(grid, hole), hedge(grid, case)
    words = (
        f"No rule is met where {box[0]}{unless[0]}",
        f"没有规则覆盖：{box[1]}{unless[1]}",
    )
    return found(table, "gap", Severity.WARNING, (), words, case=case)


def _missing_gap(table: Table, grid: Grid, hole: Bits) -> Finding:
    case = example(grid, hole)
    box, unless = box_words(grid, hole), hedge(grid, case)
    words = (
        f"No rule is met where {box[0]}; with every value there, one is{unless[0]}",
        f"没有规则覆盖：{box[1]}；若各值齐全则有规则覆盖{unless[1]}",
    )
    return found(table, "gap", Severity.WARNING, (), words, case=case)
