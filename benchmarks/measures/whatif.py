"""What if, measured: a million events through two policies of a thousand rules.

The events are SWF-12's and their outcomes are drawn from a seed: both are labelled simulated. They
lie in a Parquet file, as a history does. The new policy sees a changed definition: the windows of a
week are of ten days, so that both sets of windows are computed, and it lets go what two rules of
the old policy stopped. Measured is all that `headrace simulate` does: reading, windows, both
policies, every figure with its interval, what each rule does alone, and the page.

    PYTHONPATH=benchmarks python benchmarks/measures/whatif.py [EVENTS] [RULES]
"""

import hashlib
import json
import resource
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from workloads import rules, swf12
from workloads.swf12_features import COLUMNS, compiled, payments

from headrace.adapters.events import read_events
from headrace.adapters.html.whatif import render_whatif
from headrace.adapters.terminal import Silent
from headrace.decisions.feel import parse
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.policy import Policy
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.tables.table import Table as Rules
from headrace.decisions.whatif.compare import Settings
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.batch import History, replay
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding
from headrace.workflows.features import Extra, events_wanted
from headrace.workflows.simulate_policy import Simulated, simulate_policy, told
from headrace.workflows.whatif_events import Judged, Policied, Span, of_events

EVENTS, RULES = 1_000_000, 1_000
SAMPLE = 20_000
SEED = 7
WEEK, LONGER = timedelta(days=7), timedelta(days=10)
STARTS = datetime(2000, 1, 1, tzinfo=UTC)
LET_GO = (4, 5)
"""Rules, from 0, that the old policy has and the new one lets go."""

HISTORY = Table("payments", (*COLUMNS, Column("group", ColumnType.CATEGORY)), ("card",), id=None)
JUDGED = Judged(
    label="fraud", pd="pd", exposure="minor", currency="CNY", parts=("group",), groups=("region",)
)


@dataclass(frozen=True)
class WhatIf:
    """What was measured.

    Attributes:
        seconds: From the file to the page.
        parts: Seconds of each part of it.
        cases: Events decided, by each policy.
        changed: Of them, decided otherwise.
        memory: The most bytes that the process held.
        hash: SHA-256 of all figures.
        data: What it was measured on.
    """

    seconds: float
    parts: dict[str, float]
    cases: int
    changed: int
    memory: int
    hash: str
    data: str


def whatif_1m(events: int = EVENTS, count: int = RULES, threads: int = 2) -> WhatIf:
    """A history of so many events through an old and a new policy of so many rules."""
    drawn = swf12.published(events)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "payments.parquet"
        table = labelled(drawn)
        pq.write_table(table, path)
        old, new = policies(table, drawn, count)
        _measured(path, (old, new), 1)  # kernels are compiled, as they are in any second call
        return _measured(path, (old, new), threads)


def labelled(drawn: swf12.Events) -> pa.Table:
    """The events with what judges them: an outcome, an expected share, a region; simulated."""
    rng = np.random.default_rng(SEED)
    table = payments(drawn).select(["card", "event_time", "amount", "merchant"])
    pd = np.clip(0.002 + 0.02 * rng.beta(1, 6, len(drawn)) * drawn.amount / 100, 0, 1)
    regions = pa.DictionaryArray.from_arrays(
        pa.array(rng.integers(4, size=len(drawn)), pa.int32()), pa.array(["N", "E", "S", "W"])
    )
    columns = {
        "group": rules.group_of(drawn),
        "fraud": rng.random(len(drawn)) < pd,
        "pd": pd,
        "minor": drawn.amount_minor,
        "region": regions,
    }
    for name, column in columns.items():
        values = column if isinstance(column, pa.Array) else pa.array(column)
        table = table.append_column(name, values)
    return table


def definitions(week: timedelta) -> FeatureSet:
    """SWF-12's twelve features, those of a week over another length."""
    feature_set = compiled(swf12.QUERIES[12]).plan.feature_set
    measures = tuple(_of_length(each, week) for each in feature_set.definitions)
    return replace(feature_set, tables=(HISTORY,), definitions=measures)


def _of_length(measure: Measure, week: timedelta) -> Measure:
    window = measure.window
    if isinstance(window, Sliding) and window.length == WEEK:
        return replace(measure, window=replace(window, length=week))
    return measure


def policies(table: pa.Table, drawn: swf12.Events, count: int) -> tuple[Policy, Policy]:
    """The old policy, whose thresholds are quantiles of the first events, and the new one."""
    sample = table.slice(0, SAMPLE).select(["card", "event_time", "amount", "merchant"])
    found = replay(compiled(swf12.QUERIES[12]), History({"payments": sample})).table
    rows = rules.rows_of(found.append_column("amount", sample["amount"]), count)
    before = rules.table_of(rows)
    declared = {"card": "number", "amount": "number", "group": "string", "pd": "number"}
    policy = replace(rules.policy_of(before), inputs=declared)
    return policy, replace(policy, tables={before.name: _let_go(before)})


def _let_go(table: Rules) -> Rules:
    approve = parse('"approve"', ())
    changed = [
        replace(rule, outputs=(approve, *rule.outputs[1:])) if place in LET_GO else rule
        for place, rule in enumerate(table.rules)
    ]
    return replace(table, rules=tuple(changed))


def _measured(path: Path, both: tuple[Policy, Policy], threads: int) -> WhatIf:
    began = last = perf_counter()
    parts = {}
    sides = []
    for policy, week in zip(both, (WEEK, LONGER), strict=True):
        feature_set = definitions(week)
        wanted = events_wanted(make_plan(feature_set), HISTORY, Extra.ALL)
        given = read_events(path, wanted)
        program = FlowProgram(policy, {}, Lists())
        sides.append(Policied(program, feature_set, {HISTORY.name: given}, {}))
    parts["read"], last = perf_counter() - last, perf_counter()
    span = Span(HISTORY.name, STARTS, None, path.name)
    setup = of_events(sides[0], sides[1], JUDGED, span, threads)
    parts["windows"], last = perf_counter() - last, perf_counter()
    found = simulate_policy(setup, Settings(), None, Silent())
    parts["decide and judge"], last = perf_counter() - last, perf_counter()
    render_whatif(told(found), "en")
    parts["page"] = perf_counter() - last
    seconds = perf_counter() - began
    return WhatIf(
        seconds=seconds,
        parts=parts,
        cases=len(setup.cases),
        changed=len(found.comparison.changed),
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        hash=_hash(found),
        data=f"simulated: {len(setup.cases):,} events of SWF-12, "
        f"{len(both[0].tables['rules'].rules):,} rules, windows of {WEEK.days} and "
        f"{LONGER.days} days; outcomes drawn",
    )


def _hash(found: Simulated) -> str:
    text = json.dumps(told(found), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def main() -> None:
    """Print what was measured."""
    sizes = [int(each) for each in sys.argv[1:3]]
    print(whatif_1m(*sizes))


if __name__ == "__main__":
    main()
