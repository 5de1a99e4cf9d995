"""A history of events decided again: windows of both definitions, labels, judges, columns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from headrace.adapters.terminal import Silent
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.program import FlowProgram
from headrace.decisions.program.columns import read_column
from headrace.decisions.whatif.compare import Settings
from headrace.decisions.whatif.search import InfeasibleError, read_target
from headrace.errors import InputError
from headrace.features.aggregates import Count
from headrace.features.compile import compile_plan
from headrace.features.definition import Column, ColumnType, FeatureSet, Measure, Table
from headrace.features.engines.batch import History, replay
from headrace.features.plan import make_plan
from headrace.features.windows import Sliding
from headrace.workflows.features import QUARANTINE, Given
from headrace.workflows.policies import load_policy
from headrace.workflows.policy import no_workbooks
from headrace.workflows.simulate_policy import (
    Hunt,
    changed_cases,
    compiled,
    merged,
    simulate_policy,
    told,
)
from headrace.workflows.whatif_events import Judged, Policied, Span, needed, of_events

POLICY = b"""\
policy: p
customer: customer
inputs: {customer: string, amount: number, shop: string}
steps:
- table: often
otherwise: approve
"""
OFTEN = (
    "# table,often\n# hit policy,FIRST\nin:count_1h,in:amount,out:action\n> {most},> 10,decline\n"
)
PAYMENT = Table(
    "payment",
    (
        Column("customer", ColumnType.CATEGORY, required=True),
        Column("amount", ColumnType.NUMBER, required=True),
    ),
    key=("customer",),
)
JUDGED = Judged(label="fraud", pd="risk", exposure="amount", currency="CNY", parts=("shop",))
START = datetime(2024, 1, 1, tzinfo=UTC)


def definitions(hours):
    window = Sliding(timedelta(hours=hours))
    measures = [
        Measure(f"count_{name}", Count(), "", window, "payment") for name in ("1h", "other")
    ]
    return FeatureSet((PAYMENT,), tuple(measures))


def program(most):
    files = {"policy.yaml": POLICY, "often.csv": OFTEN.format(most=most).encode()}
    kinds = {"count_1h": "number", "count_other": "number"}
    return compiled(load_policy(files, no_workbooks, kinds))


def history(count=400, seed=2):
    rng = np.random.default_rng(seed)
    minutes = np.sort(rng.integers(0, 60 * 24 * 4, count))
    times = pa.array(minutes * 60_000_000 + int(START.timestamp() * 1e6), pa.timestamp("us", "UTC"))
    table = pa.table(
        {
            "id": [f"P{n}" for n in range(count)],
            "event_time": times,
            "customer": [f"C{n}" for n in rng.integers(12, size=count)],
            "amount": rng.integers(1, 100, count).astype(float),
            "shop": [f"S{n}" for n in rng.integers(3, size=count)],
            "fraud": rng.random(count) < 0.1,
            "risk": rng.random(count) / 5,
        }
    )
    return given(table)


def given(table):
    own = table.select(["id", "event_time", "customer", "amount"])
    rows = np.arange(1, table.num_rows + 1)
    return Given("payment", own, table, rows, QUARANTINE.empty_table(), table.num_rows)


def sides(events, hours=(1, 1), most=(2, 2)):
    return [
        Policied(program(m), definitions(h), {"payment": events}, {})
        for m, h in zip(most, hours, strict=True)
    ]


def span(day, until=None):
    last = None if until is None else START + timedelta(days=until)
    return Span("payment", START + timedelta(days=day), last, "payments.csv")


def test_each_policy_sees_the_windows_of_its_own_definitions():
    events = history()
    setup = of_events(*sides(events, hours=(1, 30)), JUDGED, span(2))
    times = events.columns["event_time"].to_pylist()
    rows = [n for n, each in enumerate(times) if each >= START + timedelta(days=2)]
    assert len(setup.cases) == len(rows)
    for trial, hours in ((setup.old, 1), (setup.new, 30)):
        whole = replay(
            compile_plan(make_plan(definitions(hours))), History({"payment": events.columns})
        ).table["count_1h"]
        wanted = read_column(whole.take(pa.array(rows)))
        assert (trial.columns["count_1h"].values == wanted.values).all()
    assert (setup.old.columns["count_1h"].values < setup.new.columns["count_1h"].values).any()
    assert setup.cases.label.tolist() == [int(events.original["fraud"][n].as_py()) for n in rows]
    assert setup.named["id"].to_pylist() == [f"P{n}" for n in rows]
    assert setup.cases.currency == "CNY"


def test_a_changed_window_changes_decisions_and_they_are_listed():
    events = history()
    setup = of_events(*sides(events, hours=(1, 30)), JUDGED, span(1, until=3))
    found = simulate_policy(setup, Settings(draws=50), None, Silent())
    table = changed_cases(found)
    assert table.num_rows == len(found.comparison.changed) > 0
    assert set(table["new_action"].to_pylist()) <= {"decline", "approve"}
    assert table["new_by"][0].as_py().startswith(("often, rule 1", "often"))
    assert table.column_names[:3] == ["id", "customer", "event_time"]
    assert changed_cases(found, 2).num_rows == 2
    values = told(found)
    assert values["cases"] == len(setup.cases)
    assert values["search"] is None
    assert values["whole"]["new"]["figures"]["approval_rate"]["value"] < 1
    assert sum(sum(row.values()) for row in values["matrix"].values()) == len(setup.cases)
    assert [each["value"] for each in values["parts"]["shop"]] == ["S0", "S1", "S2"]
    assert len(values["notes"]) == 3


def test_a_search_tries_the_tables_that_were_edited_first():
    setup = of_events(*sides(history(3_000)), JUDGED, span(0))
    hunt = Hunt(read_target("expected_loss <= 0.2"), likely=("often",))
    found = simulate_policy(setup, Settings(draws=20), hunt, Silent())
    assert found.found.table.name == "often"
    assert found.found.searched.new.figures["approval_rate"].value == 1.0
    assert told(found)["search"]["changes"][0]["en"].startswith("often, rule 1")
    with pytest.raises(InputError, match="No table has a number"):
        simulate_policy(setup, Settings(draws=5), Hunt(hunt.target, inputs=("shop",)), Silent())
    with pytest.raises(InfeasibleError):
        simulate_policy(
            setup, Settings(draws=5), Hunt(read_target("expected_loss <= 0.0001")), Silent()
        )


def test_without_label_pd_and_exposure_cases_are_counted():
    setup = of_events(*sides(history()), Judged(), span(0))
    found = simulate_policy(setup, Settings(draws=20), None, Silent())
    assert setup.cases.currency == ""
    assert (setup.cases.label == -1).all()
    assert np.isnan(setup.cases.pd).all()
    assert found.comparison.whole.new.exposure_minor == found.comparison.whole.new.approved
    assert found.comparison.whole.new.figures["expected_loss_share"].value is None
    assert any("No expected loss" in each.en for each in setup.seen)


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        (Judged(label="outcome"), "no column 'outcome'"),
        (Judged(pd="amount"), "no share from 0 to 1"),
        (Judged(pd="nothing"), "no column 'nothing'"),
        (Judged(exposure="shop"), "'limit' holds a string"),
    ],
)
def test_what_cannot_judge_is_said(judged, said):
    def tried():
        setup = of_events(*sides(history()), judged, span(0))
        simulate_policy(setup, Settings(draws=5), None, Silent())

    with pytest.raises(InputError, match=said):
        tried()


def test_no_event_in_the_span():
    with pytest.raises(InputError, match="No event of payment"):
        of_events(*sides(history()), JUDGED, span(99))


def test_labels_are_numbers_truths_or_words():
    events = history(6)
    words = pa.array(["fraud", "no", None, "TRUE ", "0", "1"])
    original = events.original.append_column("said", words)
    texts = given(original)
    setup = of_events(*sides(texts), Judged(label="said"), span(0))
    assert setup.cases.label.tolist() == [1, 0, -1, 1, 0, 1]
    numbers = given(events.original.append_column("said", pa.array([1, 0, None, 2, 0, 1])))
    setup = of_events(*sides(numbers), Judged(label="said"), span(0))
    assert setup.cases.label.tolist() == [1, 0, -1, 1, 0, 1]


def test_only_the_features_that_are_read_are_computed():
    one = program(2)
    assert {"count_1h", "amount", "customer"} <= one.reads
    found = needed(definitions(1), one, JUDGED)
    assert [each.name for each in found.definitions] == ["count_1h"]
    found = needed(definitions(1), one, Judged(pd="count_other"))
    assert [each.name for each in found.definitions] == ["count_1h", "count_other"]
    policy = replace(one.policy, steps=(), tables={})
    none = FlowProgram(policy, {}, Lists())
    assert len(needed(definitions(1), none, Judged()).definitions) == 1


def test_a_table_replaces_the_one_of_its_name_in_any_notation():
    base = {"policy.yaml": POLICY, "often.csv": OFTEN.format(most=2).encode()}
    other = b"table: often\nhit policy: FIRST\n"
    found = merged(base, {"often.yaml": other}, no_workbooks)
    assert found == {"policy.yaml": POLICY, "often.yaml": other}
    assert merged(base, {}, no_workbooks) == base
