"""Structures of risk as tables: names, amounts, and the facts behind each row."""

from relation_facts import FIRST, day, relation_table

from headrace.facts.localtime import microseconds
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of
from headrace.graph.structures.breaking import Weight
from headrace.graph.structures.circles import find_circles
from headrace.graph.structures.flows import FlowLimits, circular_flows
from headrace.graph.structures.guarantees import links_of
from headrace.graph.structures.shells import Indicator, Measure, Registered, measures, shells
from headrace.graph.structures.tables import (
    CIRCLES,
    FLOWS,
    SHELLS,
    circle_table,
    flow_table,
    shell_table,
    trace_tables,
)
from headrace.graph.structures.tracing import Money, TraceLimits, trace
from headrace.graph.structures.transfers import transfers_of


def snapshot_of(*rows):
    whole = [
        {
            "known_time": 0,
            "statement": str(number),
            "relation": relation,
            "subject": subject,
            "object": object_,
            "amount_minor": amount,
            "event_time": at,
        }
        for number, (relation, subject, object_, amount, at) in enumerate(rows, start=1)
    ]
    return as_of(statements_of(relation_table(whole)), day(90))


def test_circles_by_name_with_what_to_replace():
    snapshot = snapshot_of(
        ("owns", "A", "B", None, 0),
        ("guarantees", "A", "B", 50, 0),
        ("guarantees", "B", "C", None, 0),
        ("guarantees", "C", "A", 30, 0),
        ("guarantees", "C", "A", 5, 0),
        ("guarantees", "C", "D", 9, 0),
    )
    circles = find_circles(links_of(snapshot))
    (row,) = circle_table(snapshot, circles).to_pylist()
    assert row == {
        "circle": 1,
        "parties": ["A", "B", "C"],
        "kinds": ["ring"],
        "guarantees": ["registry#2", "registry#3", "registry#4", "registry#5"],
        "amount_minor": 85,
        "unknown": 1,
        "net_minor": 85,  # B for C is of no known amount, so nothing is known to go round
        "replace": ["registry#4", "registry#5"],
        "replace_minor": 35,
        "exact": True,
    }
    (fewest,) = circle_table(snapshot, circles, Weight.COUNT).to_pylist()
    assert fewest["replace"] in (["registry#2"], ["registry#3"])


def test_flows_and_traces_by_name():
    snapshot = snapshot_of(
        ("transfers", "A", "B", 1_000, 1),
        ("transfers", "B", "A", 950, 3),
        ("transfers", "A", "C", 300, 4),
    )
    moved = transfers_of(snapshot)
    (flow,) = flow_table(snapshot, circular_flows(moved)).to_pylist()
    assert flow == {
        "flow": 1,
        "parties": ["A", "B"],
        "amount_minor": 950,
        "first_time": day(1),
        "last_time": day(3),
        "facts": ["registry#1", "registry#2"],
    }
    money = Money(snapshot.node("A"), 1_000, microseconds(FIRST))
    steps, ends = trace_tables(
        snapshot, trace(moved, money, TraceLimits(until=microseconds(day(9))))
    )
    assert steps.column("fact").to_pylist() == ["registry#1", "registry#2", "registry#3"]
    assert steps.column("traced_minor").to_pylist() == [1_000, 950, 300]
    assert steps.column("time").to_pylist() == [day(1), day(3), day(4)]
    assert ends.to_pylist() == [
        {"party": "A", "end": "held", "traced_minor": 650},
        {"party": "C", "end": "held", "traced_minor": 300},
        {"party": "B", "end": "held", "traced_minor": 50},
    ]


def test_shells_by_reason():
    snapshot = snapshot_of(("transfers", "A", "B", 100, 1), ("transfers", "B", "C", 95, 2))
    signs = (Indicator(Measure.PASSED_ON, 25, low=0.9, en="passes", zh="过账"),)
    found = shells(measures(snapshot, Registered()), snapshot, signs)
    (row,) = shell_table(found, points_min=1).to_pylist()
    assert row == {
        "party": "B",
        "points": 25,
        "unseen": 0,
        "reason": "passes",
        "reason_zh": "过账",
        "value": 0.95,
        "reason_points": 25,
        "facts": ["registry#1", "registry#2"],
    }


def test_nothing_found_is_a_table_without_rows():
    snapshot = snapshot_of(("owns", "A", "B", None, 0))
    circles = circle_table(snapshot, find_circles(links_of(snapshot)))
    flows = flow_table(snapshot, circular_flows(transfers_of(snapshot), FlowLimits()))
    none = shell_table(shells(measures(snapshot, Registered()), snapshot, ()), points_min=1)
    assert [each.num_rows for each in (circles, flows, none)] == [0, 0, 0]
    assert [circles.schema, flows.schema, none.schema] == [CIRCLES, FLOWS, SHELLS]
