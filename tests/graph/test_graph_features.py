"""Graph features: by hand, as the slow twin, and never from what was known later."""

import graph_features_reference as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st
from relation_facts import day, relation_table

from headrace.graph.features.measures import DAMPING, HOPS, graph_features
from headrace.graph.relations.snapshot import as_of, latest
from headrace.graph.relations.statements import statements_of

FIRMS = "ABCDEFG"
EDGES = st.lists(
    st.fixed_dictionaries(
        {
            "relation": st.sampled_from(["guarantees", "trades", "owns", "uses", "office"]),
            "subject": st.sampled_from(FIRMS),
            "object": st.sampled_from(FIRMS),
            "amount_minor": st.none() | st.integers(0, 9),
        }
    ).filter(lambda row: row["subject"] != row["object"]),
    min_size=1,
    max_size=16,
)


def edge(relation, subject, object_, amount=None, **rest):
    ends = {"relation": relation, "subject": subject, "object": object_}
    return {**ends, "amount_minor": amount, **rest}


def values(rows, asked, bad=(), hub=100):
    seen = latest(statements_of(relation_table(rows)))
    return {
        row.pop("party"): row
        for row in graph_features(seen, list(asked), list(bad), hub).to_pylist()
    }


def test_bad_neighbours_by_hops_and_never_oneself():
    rows = [
        edge("guarantees", "A", "B", 100),
        edge("trades", "B", "C", 5),
        edge("uses", "C", "phone:1"),
        edge("uses", "D", "phone:1"),
    ]
    found = values(rows, "AC", bad=["A", "B", "D"])
    assert [found["A"][f"bad_count_{hop}"] for hop in (1, 2, 3)] == [1, 0, 0]
    assert [found["A"][f"bad_share_{hop}"] for hop in (1, 2, 3)] == [1.0, 0.0, None]
    assert [found["C"][f"bad_count_{hop}"] for hop in (1, 2, 3)] == [1, 2, 0]
    assert found["C"]["neighbours_1"] == 1, "a phone is no party"


def test_circles_sums_shares_and_sharing():
    rows = [
        edge("guarantees", "A", "B", 100),
        edge("guarantees", "B", "C", 50),
        edge("guarantees", "C", "A"),
        edge("guarantees", "C", "D", 7),
        edge("trades", "A", "X", 30),
        edge("trades", "A", "X", 30),
        edge("trades", "A", "Y", 40),
        edge("uses", "A", "address:1"),
        edge("uses", "B", "address:1"),
        edge("office", "P", "A", role="director"),
        edge("office", "P", "D", role="director"),
    ]
    found = values(rows, ["A", "C", "D", "nobody"])
    assert found["A"]["guarantee_circle"] == 3
    assert found["D"]["guarantee_circle"] == 0
    assert found["A"]["guarantees_given"] == 100
    assert found["A"]["guarantees_received"] is None, "an amount that is not stated is not zero"
    assert found["C"]["guarantees_given"] == 7
    assert found["A"]["top_customer_share"] == pytest.approx(0.6)
    assert found["A"]["customer_hhi"] == pytest.approx(0.36 + 0.16)
    assert found["A"]["top_supplier_share"] is None
    assert found["A"]["shared_with"] == 1
    assert found["A"]["leader_offices"] == 1
    assert set(found["nobody"].values()) == {None}


def test_what_becomes_known_later_does_not_enter():
    rows = [
        edge("guarantees", "A", "B", 100, event_time=1, known_time=1),
        edge("guarantees", "B", "A", 100, event_time=1, known_time=5),
    ]
    whole, cut = (statements_of(relation_table(each)) for each in (rows, rows[:1]))
    before = graph_features(as_of(whole, day(4)), ["A", "B"], [], 10)
    assert before.equals(graph_features(as_of(cut, day(4)), ["A", "B"], [], 10))
    after = graph_features(as_of(whole, day(5)), ["A", "B"], [], 10)
    assert after["guarantee_circle"].to_pylist() == [2, 2]


@given(EDGES, st.sets(st.sampled_from(FIRMS)), st.integers(1, 5))
def test_every_value_is_that_of_the_slow_twin(rows, bad, hub):
    parties = sorted({row[side] for row in rows for side in ("subject", "object")})
    found = values(rows, parties, bad, hub)

    def pairs(*kinds):
        return {(r["subject"], r["object"]) for r in rows if r["relation"] in kinds}

    attributes = {row["object"] for row in rows if row["relation"] == "uses"}
    every = pairs("guarantees", "trades", "owns", "uses", "office")
    lasting = pairs("guarantees", "owns", "uses", "office")
    ranks = reference.pagerank(lasting, parties, DAMPING, 250)
    for party in parties:
        value = found[party]
        near = reference.near(every, attributes, bad, party, HOPS, hub)
        assert value["neighbours_1"] == near[0][0]
        assert [value[f"bad_count_{hop + 1}"] for hop in range(HOPS)] == [each[1] for each in near]
        assert value["core_number"] == reference.core_number(lasting, party)
        assert value["guarantee_circle"] == reference.circle(pairs("guarantees"), party)
        assert value["pagerank"] == pytest.approx(ranks[party], abs=1e-8)
        for name, own, other in (
            ("customer", "subject", "object"),
            ("supplier", "object", "subject"),
        ):
            amounts = {}
            for row in rows:
                if row["relation"] == "trades" and row[own] == party:
                    partner = row[other]
                    amounts[partner] = amounts.get(partner, 0) + (row["amount_minor"] or 0)
            expected = reference.shares(amounts)
            both = (value[f"top_{name}_share"], value[f"{name}_hhi"])
            assert both == ((None, None) if expected is None else pytest.approx(expected))
