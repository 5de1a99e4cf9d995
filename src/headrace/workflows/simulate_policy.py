"""What a policy would have done: history decided again, judged, searched, told.

Where the cases come from is for `whatif_run` (the folder of a run) and `whatif_events` (a history
of events, its windows computed again) to say; what is done with them is here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.decisions.flow.policy import Action, Policy
from headrace.decisions.flow.program import FlowProgram, Model
from headrace.decisions.whatif.bounds import bounds_of
from headrace.decisions.whatif.cases import Cases, Remembered, Side, Trial
from headrace.decisions.whatif.compare import Comparison, Settings, compare
from headrace.decisions.whatif.figures import Figure
from headrace.decisions.whatif.numbers import Compared
from headrace.decisions.whatif.rules import RuleEffect, decider
from headrace.decisions.whatif.search import Found, Searched, Target, search
from headrace.errors import InputError
from headrace.pack import Text
from headrace.workflows.policies import Files, Loaded, Sheets, read_model, table_files
from headrace.workflows.ports import Progress

STEPS = {
    "read": Text("Read", "读取"),
    "compute": Text("Features", "指标"),
    "decide": Text("Decide", "决策"),
    "search": Text("Search", "搜索"),
    "write": Text("Write", "写出"),
}
CHANGED_MAX = 50_000
"""Changed cases that are written into a workbook."""
RULES_SHOWN = 200
NO_OUTCOME = Text(
    "Realised loss is that of approved cases whose outcome is known. A case that history did not "
    "let through has no outcome, and none is made up for it.",
    "实际损失只统计已批准且结果已知的案例；历史上未放行的案例没有结果，也不做任何推断。",
)
RETROSPECT = Text(
    "The answer is about this history: people who meet a new policy may behave in new ways.",
    "结论仅针对这段历史；新策略实施后，客户行为可能改变。",
)


@dataclass(frozen=True, eq=False)
class Setup:
    """All that a simulation needs.

    Attributes:
        cases: What judges the decisions.
        old: The policy in force, on what it reads.
        new: The other.
        named: What tells each case to a person: columns such as customer and time, one row a case.
        source: Where they come from.
        left_out: Rows of the period that could not be used.
        seen: What the expected loss is taken from, and other things to be told.
        simulated: Whether the history is made up.
    """

    cases: Cases
    old: Trial
    new: Trial
    named: pa.Table
    source: str
    left_out: int = 0
    seen: tuple[Text, ...] = ()
    simulated: bool = False


@dataclass(frozen=True, eq=False)
class Simulated:
    """What came out.

    Attributes:
        setup: What it was made from.
        comparison: Old and new policy side by side.
        found: What the search for a target came to; None where there was none.
    """

    setup: Setup
    comparison: Comparison
    found: Found | None = None


@dataclass(frozen=True)
class Hunt:
    """A search that was asked for.

    Attributes:
        target: What to keep.
        table: Whose bounds may move; empty: the first of `likely` that has any, then any other.
        inputs: Only those of these inputs.
        rules: Only those of these rules.
        likely: Tables to look at first, such as those that were edited.
        sweeps: The budget.
    """

    target: Target
    table: str = ""
    inputs: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()
    likely: tuple[str, ...] = field(default=())
    sweeps: int = Searched.sweeps


def simulate_policy(
    setup: Setup, settings: Settings, hunt: Hunt | None, progress: Progress
) -> Simulated:
    """Decide, judge, and search where that was asked for.

    Raises:
        InputError: A policy cannot be run on these cases, or nothing can be searched.
        InfeasibleError: The search found no table that keeps the target.
    """
    progress.begin("decide")
    comparison = compare(setup.cases, setup.old, setup.new, settings)
    changed = len(comparison.changed)
    progress.end("decide", f"{len(setup.cases):,} cases, {changed:,} change")
    if hunt is None:
        return Simulated(setup, comparison)
    progress.begin("search")
    asked = Searched(_hunted(setup.new.program.policy, hunt), hunt.inputs, hunt.rules, hunt.sweeps)
    found = search(setup.cases, setup.new, hunt.target, asked, settings)
    progress.end("search", f"{found.sweeps} sweeps, {len(found.changes)} changes")
    return Simulated(setup, comparison, found)


def _hunted(policy: Policy, hunt: Hunt) -> str:
    if hunt.table:
        return hunt.table
    speaking = [
        name
        for name, table in policy.tables.items()
        if any(column.name == "action" for column in table.outputs)
    ]
    for name in (*hunt.likely, *speaking, *policy.tables):
        if name in policy.tables and bounds_of(policy.tables[name], hunt.inputs, hunt.rules):
            return name
    raise InputError(
        "No table has a number that may move",
        where="--target",
        remedy="A number may move where a cell is <, <=, >, >= or an interval of numbers",
    )


# --- policies -------------------------------------------------------------------------------------


def merged(base: Files, own: Files, sheets: Sheets) -> Files:
    """The files of a policy with others in place of some: a table replaces that of its name."""
    given = table_files(own, sheets)
    replaced = {file for name, file in table_files(base, sheets).items() if name in given}
    return {**{name: data for name, data in base.items() if name not in replaced}, **own}


def compiled(loaded: Loaded) -> FlowProgram:
    """A policy with its models, which keep their answers for the next run.

    Raises:
        InputError: A model cannot be read, or is missing.
    """
    models: dict[str, Model] = {
        name: Remembered(read_model(content, f"{name}.json"))
        for name, content in loaded.models.items()
    }
    return FlowProgram(loaded.policy, models, loaded.lists)


# --- telling --------------------------------------------------------------------------------------


def changed_cases(found: Simulated, most: int = CHANGED_MAX) -> pa.Table:
    """The cases that change, with what decided before and after; the first `most`."""
    comparison, setup = found.comparison, found.setup
    rows = comparison.changed[:most]
    old, new = comparison.old, comparison.new
    table = setup.named.take(pa.array(rows))
    columns = {
        "old_action": _actions(old, rows),
        "new_action": _actions(new, rows),
        "old_by": _deciders(old, rows),
        "new_by": _deciders(new, rows),
        "old_approved": pa.array(old.terms.approved[rows]),
        "new_approved": pa.array(new.terms.approved[rows]),
    }
    if setup.cases.currency:
        for name, side in (("old", old), ("new", new)):
            missing = ~side.terms.exposed[rows]
            columns[f"{name}_exposure_minor"] = pa.array(
                side.terms.exposure_minor[rows], mask=missing
            )
    pd = setup.cases.pd[rows]
    columns["probability"] = pa.array(pd, mask=np.isnan(pd))
    label = setup.cases.label[rows]
    columns["turned_bad"] = pa.array(label == 1, mask=label < 0)
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def _actions(side: Side, rows: Any) -> pa.Array:
    words = pa.array([each.word for each in Action])
    return words.take(pa.array(side.action[rows].astype(np.int64)))


def _deciders(side: Side, rows: Any) -> pa.Array:
    told: dict[tuple[int, int], str] = {}
    pairs = zip(side.step[rows].tolist(), side.rule[rows].tolist(), strict=True)
    return pa.array(
        [told.setdefault(pair, decider(side.policy, *pair)) for pair in pairs], pa.string()
    )


def told(found: Simulated) -> dict[str, Any]:
    """Everything that came out as plain JSON values; money in minor units, shares as fractions."""
    comparison, setup = found.comparison, found.setup
    policies = {
        name: {"name": each.program.policy.name, "digest": each.program.policy.digest()}
        for name, each in (("old", setup.old), ("new", setup.new))
    }
    notes = [RETROSPECT, NO_OUTCOME, *setup.seen]
    return {
        "source": setup.source,
        "simulated": setup.simulated,
        "currency": setup.cases.currency,
        "cases": len(setup.cases),
        "left_out": setup.left_out,
        "policies": policies,
        "notes": [asdict(each) for each in notes],
        "changed": len(comparison.changed),
        "matrix": _matrix(comparison),
        "whole": compared_object(comparison.whole),
        "parts": {
            name: [compared_object(each) for each in parts]
            for name, parts in comparison.parts.items()
        },
        "moved": [
            {**asdict(each), "old": each.old.word, "new": each.new.word}
            for each in comparison.moved[:RULES_SHOWN]
        ],
        "effects": [asdict(each) for each in most_effective(comparison.effects)],
        "hits": [asdict(each) for each in comparison.hits],
        "fairness": [asdict(each) for each in comparison.fairness],
        "frontier": asdict(comparison.frontier),
        "search": None if found.found is None else _searched(found.found),
    }


def most_effective(
    effects: Sequence[RuleEffect], most: int = RULES_SHOWN
) -> tuple[RuleEffect, ...]:
    """The rules that move most approvals, then most expected loss; in order of that."""
    moving = [each for each in effects if each.counted]
    moving.sort(key=lambda each: (-abs(each.approved), -abs(each.expected_loss_minor), each.rule))
    return tuple(moving[:most])


def _matrix(comparison: Comparison) -> dict[str, dict[str, int]]:
    """Cases by old and new action, of those that there are."""
    matrix = comparison.matrix
    rows = [each for each in Action if matrix[each].any()]
    columns = [each for each in Action if matrix[:, each].any()]
    return {old.word: {new.word: int(matrix[old, new]) for new in columns} for old in rows}


def compared_object(each: Compared) -> dict[str, Any]:
    """Two policies side by side, as plain JSON values."""
    return {
        "part": each.name,
        "value": each.value,
        "small": each.small,
        "old": asdict(each.old),
        "new": asdict(each.new),
        "differences": _figures(each.differences),
    }


def _figures(figures: Mapping[str, Figure]) -> dict[str, Any]:
    return {name: asdict(each) for name, each in figures.items()}


def _searched(found: Found) -> dict[str, Any]:
    return {
        "target": str(found.target),
        "table": found.table.name,
        "changes": [{"en": each.say("en"), "zh": each.say("zh")} for each in found.changes],
        "exact": found.exact,
        "bounds": found.bounds,
        "sweeps": found.sweeps,
        "tried": [asdict(each) for each in found.tried],
        "searched": compared_object(found.searched),
        "held_out": None if found.held_out is None else compared_object(found.held_out),
        "holds": found.holds,
    }
