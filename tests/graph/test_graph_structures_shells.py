"""Shells: every point has a number and the edges behind it, and the sum is the score."""

import numpy as np
import structures_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_facts import day, party_table, relation_table

from headrace.facts.localtime import DAY_US
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of
from headrace.graph.structures.shells import (
    INDICATORS,
    Indicator,
    Measure,
    Registered,
    measures,
    shells,
)


def snapshot_of(rows, people=()):
    whole = [
        {"known_time": 0, "event_time": 0, "statement": str(number), **row}
        for number, row in enumerate(rows)
    ]
    firms = sorted({row[end] for row in rows for end in ("subject", "object")})
    parties = [
        {"party": name, "type": "person" if name in people else "company", "known_time": day(0)}
        for name in firms
        if ":" not in name
    ]
    return as_of(statements_of(relation_table(whole), party_table(parties)), day(90))


def uses(firm, what, role):
    return {"relation": "uses", "subject": firm, "object": what, "role": role}


def pays(payer, payee, amount, at):
    return {
        "relation": "transfers",
        "subject": payer,
        "object": payee,
        "amount_minor": amount,
        "event_time": at,
    }


def story():
    """S shares a telephone with T and U and an office with Z; what it gets it hands on."""
    rows = [
        *(uses(firm, "phone:1", "phone") for firm in "STU"),
        uses("S", "address:1", "address"),
        uses("Z", "address:1", "address"),
        uses("S", "phone:2", "phone"),
        {"relation": "office", "subject": "P", "object": "S", "role": "director"},
        {"relation": "office", "subject": "P", "object": "T", "role": "director"},
        {"relation": "office", "subject": "Q", "object": "S", "role": "supervisor"},
        pays("T", "S", 1_000, 10),
        pays("S", "U", 950, 12),
        pays("U", "Z", 100, 60),
        {"relation": "trades", "subject": "T", "object": "U", "amount_minor": 5},
        {"relation": "supplies", "subject": "U", "object": "T", "share": 0.5},
    ]
    return snapshot_of(rows, people="PQ")


def column(values, snapshot, measure):
    names = snapshot.names.to_pylist()
    return {name: values[at, measure] for at, name in enumerate(names) if len(name) == 1}


def test_measures_of_a_story():
    snapshot = story()
    values = measures(snapshot, Registered())

    def of(measure):
        found = column(values, snapshot, measure)
        return {name: value for name, value in found.items() if not np.isnan(value)}

    assert of(Measure.SHARED_PHONE) == {"S": 2, "T": 2, "U": 2, "Z": 0}
    assert of(Measure.SHARED_ADDRESS) == {"S": 1, "T": 0, "U": 0, "Z": 1}
    assert of(Measure.OFFICES) == {"S": 1, "T": 1, "U": 0, "Z": 0}
    assert of(Measure.PASSED_ON) == {"S": 0.95, "U": 0.0, "Z": 0.0}
    assert of(Measure.PARTNERS) == {"S": 0, "T": 1, "U": 1, "Z": 0}
    assert of(Measure.AGE) == of(Measure.CIRCLES) == {}


def test_points_add_up_and_name_their_edges():
    snapshot = story()
    node = snapshot.node("S")
    age = np.full(len(snapshot.parties), np.nan)
    age[node] = 30
    signs = (
        Indicator(Measure.SHARED_PHONE, 20, low=2, en="telephone", zh="电话"),
        Indicator(Measure.OFFICES, 15, low=1),
        Indicator(Measure.AGE, 10, high=365),
        Indicator(Measure.EMPLOYEES, 7, high=1),
        Indicator(Measure.PASSED_ON, 25, low=0.9),
    )
    found = shells(measures(snapshot, Registered(age_days=age)), snapshot, signs)
    assert found.points[node] == 20 + 15 + 10 + 25
    assert found.unseen[node] == 7  # nobody knows of its employees
    facts = snapshot.fact.to_pylist()
    told = {
        reason.indicator.measure: [facts[at] for at in reason.edges]
        for reason in found.reasons(node)
    }
    assert list(told) == [
        Measure.PASSED_ON,
        Measure.SHARED_PHONE,
        Measure.OFFICES,
        Measure.AGE,
    ]
    assert sorted(told[Measure.SHARED_PHONE]) == [f"registry#{n}" for n in (1, 2, 3, 6)]
    assert sorted(told[Measure.OFFICES]) == [f"registry#{n}" for n in (7, 8, 9)]
    assert sorted(told[Measure.PASSED_ON]) == ["registry#10", "registry#11"]
    assert told[Measure.AGE] == []
    assert sum(reason.points for reason in found.reasons(node)) == found.points[node]


def test_persons_and_addresses_are_no_shells():
    snapshot = story()
    found = shells(measures(snapshot, Registered()), snapshot, INDICATORS)
    for name in ("P", "phone:1"):
        assert found.points[snapshot.node(name)] == 0
        assert found.reasons(snapshot.node(name)) == ()


def test_what_is_absent_altogether_is_not_known_rather_than_zero():
    snapshot = snapshot_of([uses("S", "phone:1", "phone")])
    found = shells(measures(snapshot, Registered()), snapshot, INDICATORS)
    node = snapshot.node("S")
    assert found.points[node] == 0
    known = {sign.points for sign in INDICATORS if sign.measure is Measure.SHARED_PHONE}
    assert found.unseen[node] == sum(sign.points for sign in INDICATORS) - sum(known)


def test_every_shipped_sign_says_what_it_is_in_two_languages():
    assert len({sign.measure for sign in INDICATORS}) == len(INDICATORS) == len(Measure)
    assert all(sign.en and sign.zh and sign.points > 0 for sign in INDICATORS)
    assert all(np.isfinite(sign.low) != np.isfinite(sign.high) for sign in INDICATORS)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from("ABC"),
            st.sampled_from("ABC"),
            st.integers(1, 30),
            st.integers(0, 20),
        ),
        min_size=1,
        max_size=10,
    ),
    days=st.integers(0, 9),
)
def test_money_that_passes_through_equals_the_slow_twin(rows, days):
    snapshot = snapshot_of([pays(*row) for row in rows])
    values = measures(snapshot, Registered(), days=days)
    expected = reference.passed_on([(*row[:3], row[3] * DAY_US) for row in rows], days * DAY_US)
    for name, value in column(values, snapshot, Measure.PASSED_ON).items():
        if name not in expected:
            assert np.isnan(value)
        else:
            came, quick = expected[name]
            assert value == quick / came
