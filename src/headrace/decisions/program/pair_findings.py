"""Two rules that contradict each other, or of which one can be deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from headrace.decisions.dmn.tree import Aggregation, HitPolicy
from headrace.decisions.program.case_grid import Grid
from headrace.decisions.program.case_words import example, hedge
from headrace.decisions.program.columns import Bools
from headrace.decisions.program.findings import (
    Finding,
    Severity,
    Words,
    case_text,
    found,
    rules_text,
)
from headrace.decisions.program.rule_pairs import Pairs
from headrace.decisions.tables.table import RANKED, SEVERAL, Table

SHOWN_MAX = 50
"""Pairs that are told one by one before the rest is counted."""

FIRST_SPEAKS = (HitPolicy.FIRST, HitPolicy.PRIORITY)
Say = Callable[[int, int], Finding]


def pair_findings(
    table: Table, grid: Grid, pairs: Pairs, order: Sequence[int]
) -> Iterator[Finding]:
    """`overlap`, `contradiction`, `duplicate`, `subsumed`.

    Args:
        table: The table.
        grid: Its grid.
        pairs: Of its rules, as they stand.
        order: Places of rules in the order in which they come first.
    """
    if table.hit_policy in {HitPolicy.UNIQUE, HitPolicy.ANY}:
        yield from _overlaps(table, grid, pairs)
    if table.hit_policy is HitPolicy.ANY:
        yield from _duplicates(table, pairs, range(len(order)))
        yield from _redundant(table, pairs.within & ~pairs.same & pairs.agree)
    elif table.hit_policy is not HitPolicy.UNIQUE:
        yield from _duplicates(table, pairs, order)
    if table.hit_policy in FIRST_SPEAKS and is_ordered(table, pairs):
        yield from _passed_over(table, pairs, order)
    if table.aggregation in {Aggregation.MIN, Aggregation.MAX}:
        yield from _redundant(table, pairs.within & ~pairs.same & pairs.agree)


def is_ordered(table: Table, pairs: Pairs) -> bool:
    """Whether it is known which rules come first: priorities of computed outputs are not."""
    return table.hit_policy not in RANKED or not bool(pairs.computed.any())


def _overlaps(table: Table, grid: Grid, pairs: Pairs) -> Iterator[Finding]:
    """Pairs that are met together, where that leaves a case without an answer."""
    unique = table.hit_policy is HitPolicy.UNIQUE
    wrong = np.tril(pairs.meet if unique else pairs.meet & ~pairs.agree)
    certain = pairs.sure[:, None] & pairs.sure
    if not unique:
        certain &= pairs.differ
    code = "overlap" if unique else "contradiction"

    def say(later: int, earlier: int) -> Finding:
        case = example(grid, grid.boxes.bits[earlier] & grid.boxes.bits[later])
        at, unless = case_text(case), hedge(grid, case)
        both = rules_text((earlier + 1, later + 1))
        told = (
            ("where UNIQUE lets one be", "而 UNIQUE 只许一条")
            if unique
            else ("and give different outputs", "但输出不同")
        )
        words = (
            f"{both[0].capitalize()} are both met, {told[0]}: {at[0] or 'any case'}{unless[0]}",
            f"{both[1]} 同时满足，{told[1]}：{at[1] or '任何情形'}{unless[1]}",
        )
        severity = Severity.WARNING if unless[0] else Severity.ERROR
        return found(table, code, severity, (earlier + 1, later + 1), words, case=case)

    yield from _told(table, np.argwhere(wrong & certain), say)
    open_pairs = np.argwhere(wrong & ~certain)
    if len(open_pairs):
        rules = sorted({int(rule) + 1 for rule in open_pairs.ravel()})
        yield undecided(
            table,
            rules,
            ("whether they conflict with each other", "它们是否互相冲突"),
        )


def _duplicates(table: Table, pairs: Pairs, order: Sequence[int]) -> Iterator[Finding]:
    """For each rule the first before it that asks the same."""
    several = table.hit_policy in SEVERAL
    counts = several and table.aggregation not in {Aggregation.MIN, Aggregation.MAX}
    ordered = pairs.ordered(list(order))
    before = np.tril(ordered.same)
    told = []
    for later in np.flatnonzero(before.any(axis=1)):
        earlier = int(before[later].argmax())
        told.append((order[int(later)], order[earlier]))

    def say(later: int, earlier: int) -> Finding:
        both = (later + 1, earlier + 1)
        if pairs.agree[later, earlier]:
            end = ("; both count", "，且都计入") if counts else ("; delete it", "，可删除")
            words = (
                f"Rule {both[0]} asks and gives the same as rule {both[1]}{end[0]}",
                f"规则 {both[0]} 与规则 {both[1]} 的条件和输出都相同{end[1]}",
            )
            return found(table, "duplicate", Severity.WARNING, both, words)
        end = ("; both speak", "，两条都生效") if several else ("; it never speaks", "，它永不生效")
        words = (
            f"Rule {both[0]} asks the same as rule {both[1]} and gives another output{end[0]}",
            f"规则 {both[0]} 与规则 {both[1]} 条件相同但输出不同{end[1]}",
        )
        severity = Severity.NOTE if several else Severity.WARNING
        return found(table, "contradiction", severity, both, words)

    if table.hit_policy is HitPolicy.ANY:  # where they differ, it is told as an overlap
        told = [pair for pair in told if pairs.agree[pair]]
    yield from _told(table, told, say)


def _redundant(table: Table, within: Bools) -> Iterator[Finding]:
    """For each rule the first other that asks less and gives the same, whatever stands between."""
    rules = np.flatnonzero(within.any(axis=1))
    told = [(int(rule), int(within[rule].argmax())) for rule in rules]
    yield from _told(table, told, lambda rule, other: _subsumed(table, rule, other))


def _passed_over(table: Table, pairs: Pairs, order: Sequence[int]) -> Iterator[Finding]:
    """Rules whose cases a later rule would answer the same, and no rule between otherwise."""
    ordered = pairs.ordered(list(order))
    after = np.triu(ordered.within & ordered.agree & ~ordered.same)
    hidden = np.tril(ordered.within).any(axis=1)
    told = []
    for rule in np.flatnonzero(after.any(axis=1) & ~hidden):
        other = int(after[rule].argmax())
        between = slice(rule + 1, other)
        if not (ordered.meet[rule, between] & ~ordered.agree[rule, between]).any():
            told.append((order[int(rule)], order[other]))
    yield from _told(table, told, lambda rule, other: _subsumed(table, rule, other))


def _subsumed(table: Table, rule: int, other: int) -> Finding:
    both = (rule + 1, other + 1)
    words = (
        f"Rule {both[0]} can be deleted: rule {both[1]} gives the same in all its cases",
        f"规则 {both[0]} 可删除：它的所有情形由规则 {both[1]} 给出相同结果",
    )
    return found(table, "subsumed", Severity.NOTE, both, words)


def undecided(table: Table, rules: Sequence[int], question: Words) -> Finding:
    """A question about rules that depends on cells which are not on the grid."""
    shown = rules_text(rules)
    words = (
        f"Not decided for {shown[0]}: {question[0]}; cells that refer to other values decide",
        f"{shown[1]} 未能判定：{question[1]}；取决于引用其他值的单元格",
    )
    return found(table, "undecided", Severity.NOTE, rules, words)


def too_long(table: Table, rules: Sequence[int], question: Words) -> Finding:
    """A question about rules that would take too long to answer."""
    shown = rules_text(rules)
    words = (
        f"Not decided for {shown[0]}: {question[0]}; the search was given up, split the table",
        f"{shown[1]} 未能判定：{question[1]}；搜索量过大，请拆分决策表",
    )
    return found(table, "undecided", Severity.NOTE, rules, words)


def _told(table: Table, pairs: Sequence[Sequence[int]] | np.ndarray, say: Say) -> Iterator[Finding]:
    """The first pairs one by one, the others in one finding like the last of them."""
    shown = [say(int(one), int(other)) for one, other in pairs[:SHOWN_MAX]]
    yield from shown
    more = len(pairs) - len(shown)
    if more > 0:
        rules = sorted({int(rule) + 1 for rule in np.array(pairs[SHOWN_MAX:]).ravel()})
        words = (f"And {more:,} more pairs of rules", f"另有 {more:,} 对规则")
        yield found(table, shown[-1].code, shown[-1].severity, rules, words)
