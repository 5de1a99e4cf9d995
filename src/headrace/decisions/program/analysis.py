"""What is wrong with a decision table whoever applies: to be looked at before it is released.

The tests of a column cut its values into finitely many classes, so a rule is a box on a finite grid
of cases, and every answer is exact, with a case that shows it. Codes of findings:

    overlap            UNIQUE: two rules are met together
    contradiction      ANY: two rules are met together and differ; elsewhere: ask the same, and do
    shadowed           the rules before it are met wherever it is: it never speaks
    duplicate          asks and gives the same as another
    subsumed           another gives the same in all its cases: it can be deleted
    gap                cases in which no rule is met, and there is no default
    never              a cell that no value of its column meets
    missing_passes     a cell such as `not("A")` that a missing value meets, as DMN has it
    unreachable_value  a listed output that no rule gives
    unknown_value      an output that is not listed
    undecided          the answer depends on cells that refer to other values, or takes too long

A computed input, such as `amount / income`, is a column of its own: a case in which it and `amount`
have certain values may not exist, and the finding says so. Floating point is no matter: classes are
those of the compiled table.
"""

from __future__ import annotations

from collections.abc import Mapping

from headrace.decisions.program.case_grid import grid_of
from headrace.decisions.program.cell_findings import cell_findings, output_findings
from headrace.decisions.program.cover_findings import gap_findings, shadow_findings
from headrace.decisions.program.findings import Finding, Severity
from headrace.decisions.program.masks import rule_order
from headrace.decisions.program.pair_findings import (
    FIRST_SPEAKS,
    is_ordered,
    pair_findings,
    too_long,
    undecided,
)
from headrace.decisions.program.rule_pairs import is_too_large, pairs_of
from headrace.decisions.tables.table import Table

__all__ = ["Finding", "Severity", "analyse"]


def analyse(table: Table, kinds: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Everything found in a table, the worst first.

    Args:
        table: The table.
        kinds: What its inputs are, by their text: `columns.KINDS`. Where an input is not named and
            has no type, it is what most of its cells test for.
    """
    grid = grid_of(table, kinds or {})
    findings = list(cell_findings(table, grid))
    if is_too_large(grid):
        every = range(1, len(table.rules) + 1)
        findings.append(too_long(table, every, ("how they relate to each other", "规则之间的关系")))
        findings += output_findings(table, grid, frozenset())
        return _sorted(findings)
    pairs = pairs_of(table, grid)
    order = rule_order(table)
    if not is_ordered(table, pairs):
        rules = [number for number, open_ in enumerate(pairs.computed, start=1) if open_]
        findings.append(undecided(table, rules, ("which come first", "它们的优先级")))
    elif table.hit_policy in FIRST_SPEAKS:
        findings += shadow_findings(table, grid, pairs, order)
    findings += pair_findings(table, grid, pairs, order)
    findings += gap_findings(table, grid, pairs)
    silent = {
        each.rules[0]
        for each in findings
        if table.hit_policy in FIRST_SPEAKS
        and each.code in {"shadowed", "duplicate", "contradiction"}
    }
    findings += output_findings(table, grid, frozenset(silent))
    return _sorted(findings)


def _sorted(findings: list[Finding]) -> tuple[Finding, ...]:
    rank = list(Severity)
    return tuple(
        sorted(findings, key=lambda each: (rank.index(each.severity), each.code, each.rules))
    )
