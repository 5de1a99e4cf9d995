"""Rules over the relation graph: by name, with features, kept current, with alerts."""

from decimal import Decimal

import numpy as np
import pytest
from relation_facts import party_table, relation_table

from headrace.errors import InputError
from headrace.graph.relations.live import LiveRelations
from headrace.graph.relations.snapshot import latest
from headrace.graph.relations.statements import statements_of
from headrace.graph.rules.given import GIVEN, Feature
from headrace.graph.rules.over import GraphRules

COMMANDS = """
commands(X, Y) :- sum(S over Z: holds(X, Z, Y, S), S > 0) > 0.5.
holds(X, X, Y, S) :- owns(X, Y, S, _).
holds(X, Z, Y, S) :- commands(X, Z), owns(Z, Y, S, _).
exposed := commands ∘ guarantees.
"""


def owns(holder, company, share):
    return {"relation": "owns", "subject": holder, "object": company, "share": share}


def edge(relation, subject, object_, **rest):
    return {"relation": relation, "subject": subject, "object": object_, **rest}


GROUP = [
    owns("P", "A", 0.6),
    owns("P", "B", 0.25),
    owns("A", "B", 0.3),
    edge("guarantees", "B", "C", amount_minor=500_000_00),
]


def over(rows, text, features=(), parties=None):
    return GraphRules(text, latest(statements_of(relation_table(rows), parties)), features)


def rows_of(rules, relation):
    return [tuple(each.values()) for each in rules.table(relation).to_pylist()]


def test_every_relation_kind_and_type_is_given():
    assert {"owns", "guarantees", "acts_with", "person", "chain_node"} <= set(GIVEN)
    assert [each.name for each in GIVEN["supplies"]] == ["subject", "object", "low", "high",
                                                        "amount_minor"]  # fmt: skip


def test_control_by_a_sum_and_whom_it_exposes():
    rules = over(GROUP, COMMANDS)
    assert rows_of(rules, "commands") == [("P", "A"), ("P", "B")]
    assert rows_of(rules, "exposed") == [("P", "C")]


def test_a_proof_reads_from_the_conclusion_down_to_the_facts():
    parties = party_table([{"party": "P", "name": "华安集团", "type": "company"}])
    lines = over(GROUP, COMMANDS, parties=parties).proof("exposed", "P", "C")
    assert lines[0] == "exposed(华安集团 (P), C), by exposed := commands ∘ guarantees."
    assert any("sum(S over Z) > 0.5, for it is 0.55" in line for line in lines)
    assert any(line.strip() == "+ 0.3" for line in lines)
    assert any(line.endswith("owns(A, B, 0.3, 0.3), fact registry#3") for line in lines)
    assert lines[-1] == "  guarantees(B, C, 50000000), fact registry#4"
    assert over(GROUP, COMMANDS).proof("exposed", "A") == ()


def test_roles_types_and_what_holds_both_ways():
    rows = [
        edge("office", "X", "A", role="legal_person"),
        edge("office", "Y", "A", role="supervisor"),
        edge("acts_with", "X", "Y"),
        edge("uses", "X", "phone:1", role="phone"),
        edge("uses", "Z", "phone:1", role="phone"),
    ]
    parties = party_table([{"party": "Z", "name": "Z", "type": "person"}])
    text = """
    signs(X, A) :- office(X, A, "legal_person").
    with(X, Y) :- acts_with(X, Y, _).
    same(X, Y) :- uses(X, P, R), uses(Y, P, R), X != Y, not person(X).
    does(X, R) :- office(X, _, R), R != "legal_person".
    """
    rules = over(rows, text, parties=parties)
    assert rows_of(rules, "signs") == [("X", "A")]
    assert rows_of(rules, "with") == [("X", "Y"), ("Y", "X")]
    assert rows_of(rules, "same") == [("X", "Z")]
    assert rows_of(rules, "does") == [("Y", "supervisor")]


def test_what_is_not_known_is_not_zero():
    rows = [
        edge("guarantees", "A", "B", amount_minor=100),
        edge("guarantees", "A", "C"),
        edge("guarantees", "B", "C", amount_minor=70),
        {"relation": "owns", "subject": "P", "object": "A"},
    ]
    text = """
    stands(X, T) :- T = sum(M over Y: guarantees(X, Y, M)).
    known(X, T) :- T = sum(M over Y: guarantees(X, Y, M), M >= 0).
    small(X) :- owns(X, _, S, _), S < 1.
    """
    rules = over(rows, text)
    assert rows_of(rules, "stands") == [("A", None), ("B", Decimal(70))]
    assert rows_of(rules, "known") == [("A", Decimal(100)), ("B", Decimal(70))]
    assert rows_of(rules, "small") == []


def test_a_feature_is_a_relation_and_its_new_values_move_conclusions():
    rows = [edge("guarantees", "A", "B"), edge("guarantees", "C", "B")]
    bad = Feature("badness", np.array([1, 2], np.int32), np.array([0.75, np.nan]), 2)
    rules = over(rows, "near(X, V) :- guarantees(X, Y, _), badness(Y, V), V >= 0.5.", [bad])
    assert rows_of(rules, "near") == [("A", Decimal("0.75")), ("C", Decimal("0.75"))]
    delta = rules.measured(Feature("badness", np.array([1], np.int32), np.array([0.2]), 2))
    assert len(delta.disappeared["near"]) == 2
    assert not rows_of(rules, "near")
    with pytest.raises(InputError, match=r"without badness \(3\)"):
        rules.measured(Feature("badness", bad.party, bad.value, 3))


def test_the_stream_of_new_edges_gives_alerts_with_proofs():
    live = LiveRelations(relation_table(GROUP[:3]), None, 0)
    rules = GraphRules(COMMANDS, live.snapshot)
    rows = [{"id": "late#1", **GROUP[3]}, {"id": "late#2", **edge("guarantees", "N", "P")}]
    change = live.apply(relation_table(rows), 1)
    delta = rules.apply(change, live.statements)
    (alert,) = rules.alerts(delta, ["exposed"])
    assert alert.fact == ("P", "C")
    assert alert.facts == ("registry#1", "registry#2", "registry#3", "late#1")
    assert alert.proof[0].startswith("exposed(P, C), by ")


def test_a_corrected_fact_withdraws_what_rested_on_it():
    stated = [{**each, "statement": f"s{at}"} for at, each in enumerate(GROUP)]
    live = LiveRelations(relation_table(stated), None, 0)
    rules = GraphRules(COMMANDS, live.snapshot)
    corrected = {**stated[2], "id": "new", "share": 0.2, "known_time": 1}
    delta = rules.apply(
        live.apply(relation_table([corrected]), 1_700_000_000_000_000), live.statements
    )
    assert {name: len(rows) for name, rows in delta.disappeared.items()} == {
        "commands": 1,
        "holds": 2,
        "exposed": 1,
    } or rows_of(rules, "commands") == [("P", "A")]
    assert rows_of(rules, "exposed") == []
    assert rules.alerts(delta, ["exposed"]) == []


def test_names_that_nobody_has_are_refused():
    with pytest.raises(InputError, match="no fact names the party 'nobody'"):
        over(GROUP, 'p(X) :- owns("nobody", X, _, _).')
    rules = over(GROUP, COMMANDS)
    with pytest.raises(InputError, match="no rule derives owns"):
        rules.table("owns")
    with pytest.raises(InputError, match="no fact names the party 'Q'"):
        rules.proof("exposed", "Q")
    clash = Feature("owns", np.array([0], np.int32), np.array([1.0]))
    with pytest.raises(InputError, match="the same name"):
        over(GROUP, COMMANDS, [clash])
