"""Tiers, the second tier, dependence through tiers, substitutes and neighbourhoods."""

import chains_reference as reference
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_facts import party_table, relation_table

from headrace.errors import InputError
from headrace.graph.chains.edges import supply_of
from headrace.graph.chains.markets import (
    Offers,
    concentration,
    neighbourhood,
    substitutes,
    who_else,
)
from headrace.graph.chains.model import ChainMap
from headrace.graph.chains.placing import OnChain
from headrace.graph.chains.standing import standing
from headrace.graph.chains.supply import (
    Supply,
    path_to_core,
    positions,
    purchase_dependence,
    sales_dependence,
    second_tier,
    tiers,
    total_position,
)
from headrace.graph.contagion.clearing import clear
from headrace.graph.contagion.edges import network_of
from headrace.graph.relations.snapshot import latest
from headrace.graph.relations.statements import statements_of

CORE, PARTS, STEEL, ORE, SHOP = range(5)


def codes(*values):
    return np.array(values, np.int32)


def supply(*rows, firms=5, **totals):
    one, other, amount = zip(*rows, strict=True) if rows else ((), (), ())
    return Supply(firms, codes(*one), codes(*other), np.array(amount, float), **totals)


CHAIN = supply((PARTS, CORE, 80), (PARTS, SHOP, 20), (STEEL, PARTS, 50), (STEEL, CORE, 50),
               (ORE, STEEL, 40), (ORE, PARTS, 60))  # fmt: skip


def test_tiers_count_the_least_number_of_sales():
    found = tiers(CHAIN, codes(CORE))
    assert found.tier.tolist() == [0, 1, 1, 2, -1]
    assert path_to_core(CHAIN, found, ORE).tolist() == [5, 0], "by way of its larger customer"
    assert path_to_core(CHAIN, found, SHOP).tolist() == []


def test_dependence_runs_through_customers():
    found = sales_dependence(CHAIN, codes(CORE))
    assert found.direct[:, 0].tolist() == [0, 0.8, 0.5, 0, 0]
    steel = 0.5 + 0.5 * 0.8
    assert found.low[:, 0] == pytest.approx([0, 0.8, steel, 0.4 * steel + 0.6 * 0.8, 0])
    assert found.high == pytest.approx(found.low)


def test_what_is_not_seen_may_go_to_the_core():
    seen = supply((PARTS, CORE, 80), (STEEL, PARTS, 50),
                  sales=np.array([np.nan, 100, 100, 0, np.nan]))  # fmt: skip
    found = sales_dependence(seen, codes(CORE))
    assert found.low[:3, 0] == pytest.approx([0, 0.8, 0.4])
    assert found.high[:3, 0] == pytest.approx([0, 1, 1])
    assert found.high[SHOP, 0] == 0, "its sales are not known at all: what is seen is all"


def test_purchases_are_sales_seen_from_the_other_side():
    found = purchase_dependence(CHAIN, codes(STEEL))
    assert found.direct[:, 0] == pytest.approx([50 / 130, 50 / 110, 0, 0, 0])
    assert found.low[SHOP, 0] == pytest.approx(50 / 110)


def test_a_circle_without_a_way_out_depends_on_nobody():
    circle = supply((PARTS, STEEL, 10), (STEEL, PARTS, 10), (ORE, CORE, 5))
    found = sales_dependence(circle, codes(CORE))
    assert found.low[:, 0].tolist() == [0, 0, 0, 1, 0]
    assert found.high[:, 0].tolist() == [0, 0, 0, 1, 0]


EDGES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 50)), min_size=1, max_size=14
)


@settings(max_examples=50, deadline=None)
@given(EDGES, st.lists(st.integers(1, 40), min_size=6, max_size=6))
def test_dependence_solves_the_linear_system(rows, unseen):
    rows = [row for row in rows if row[0] != row[1]]
    seen = np.bincount([row[0] for row in rows] or [0], [row[2] for row in rows] or [0], 6)
    totals = seen + np.array(unseen)
    found = sales_dependence(supply(*rows, firms=6, sales=totals), codes(0, 3))
    for at, (core, other) in enumerate(((0, 3), (3, 0))):
        exact = reference.dependence(6, rows, totals, core, [other])
        assert found.low[:, at] == pytest.approx(exact, abs=1e-9)
        assert (found.high[:, at] >= found.low[:, at] - 1e-12).all()
    assert (found.low.sum(1) <= 1 + 1e-9).all()


@settings(max_examples=50, deadline=None)
@given(EDGES, st.sets(st.integers(0, 5), min_size=1, max_size=2))
def test_tiers_are_breadth_first(rows, cores):
    found = tiers(supply(*rows, firms=6), codes(*sorted(cores)))
    expected = reference.tiers(rows, sorted(cores))
    assert found.tier.tolist() == [expected.get(firm, -1) for firm in range(6)]


def test_who_is_behind_the_second_tier():
    found = second_tier(CHAIN, CORE)
    rows = list(zip(found.firm.tolist(), found.through.tolist(), found.amount.tolist(),
                    found.attributed.tolist(), found.first.tolist(), found.last.tolist(),
                    strict=True))  # fmt: skip
    assert rows == [
        (ORE, PARTS, 60, 48, 5, 0),
        (STEEL, PARTS, 50, 40, 2, 0),
        (ORE, STEEL, 40, 20, 4, 3),
    ]


def test_every_firm_has_its_places_in_every_chain():
    found = positions(CHAIN, codes(CORE, SHOP))
    rows = {
        (int(firm), int(core)): (int(tier), int(down))
        for firm, core, tier, down in zip(
            found.firm, found.core, found.tier, found.downstream, strict=True
        )
    }
    assert rows[ORE, CORE] == (2, -1)
    assert rows[ORE, SHOP] == (2, -1)
    assert (CORE, SHOP) not in rows
    sales, purchases, cores = total_position(found, 5)
    assert sales == pytest.approx([0, 1, 1, 1, 0]), "all that is sold ends at one or the other"
    assert cores.tolist() == [0, 2, 2, 2, 0]
    assert purchases.tolist() == [0, 0, 0, 0, 0]
    edge = dict(zip(zip(found.firm.tolist(), found.core.tolist(), strict=True), found.edge.tolist(),
                    strict=True))  # fmt: skip
    assert edge[ORE, CORE] == 5


def test_without_cores_nobody_has_a_position():
    assert len(positions(CHAIN, codes()).firm) == 0


def test_trade_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="more than 0"):
        supply((0, 1, -5))
    with pytest.raises(InputError, match="not there"):
        supply((0, 9, 5))


OFFERS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 1), st.integers(1, 90)),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(OFFERS)
def test_substitutes_and_their_concentration(rows):
    columns = [np.array(each) for each in zip(*rows, strict=True)]
    found = substitutes(Offers(*(each.astype(np.int32) for each in columns[:3]),
                               columns[3].astype(float)))  # fmt: skip
    for row in range(len(rows)):
        index, others = reference.herfindahl(rows, row)
        assert found.herfindahl[row] == pytest.approx(index)
        assert found.others[row] == others


def test_who_else_sells_it_here():
    offers = Offers(codes(1, 2, 3, 4), codes(7, 7, 7, 7), codes(0, 0, 0, 1),
                    np.array([5.0, 10.0, 85.0, 99.0]))  # fmt: skip
    assert who_else(offers, 0).tolist() == [3, 2]
    assert substitutes(offers).herfindahl[:3] == pytest.approx([0.735] * 3)
    unknown = Offers(codes(1, 2), codes(7, 7), codes(0, 0), np.array([5.0, np.nan]))
    assert np.isnan(substitutes(unknown).herfindahl).all()


def test_a_firm_at_the_centre():
    found = neighbourhood(CHAIN, STEEL)
    assert found.customers.tolist() == [CORE, PARTS]
    assert found.suppliers.tolist() == [ORE]
    assert found.beyond.tolist() == [SHOP]
    assert found.edges.tolist() == [0, 1, 2, 3, 4, 5]
    customers, suppliers = concentration(CHAIN)
    assert customers[PARTS] == pytest.approx(0.68)
    assert np.isnan(customers[CORE])
    assert suppliers[SHOP] == 1


def test_where_no_trade_is_seen_the_map_says_who_could_supply():
    car, battery, cathode = range(3)
    chain = ChainMap(
        pa.array(["汽车", "电池", "正极"]), pa.nulls(3, pa.string()), np.zeros(3, np.int8),
        codes(car, battery, cathode), codes(battery, cathode, car), np.ones(3), codes(), codes(),
    )  # fmt: skip
    firm, node = codes(CORE, STEEL, ORE, ORE, SHOP), codes(car, battery, battery, cathode, car)
    placed = OnChain(firm, node, np.ones(5), np.ones(5), np.arange(5))
    trade = supply((PARTS, CORE, 80), (STEEL, PARTS, 5))
    found = standing(trade, chain, placed, codes(CORE))
    assert found.tier.tolist() == [0, 1, 2, 1, -1]
    assert found.by_trade.tolist() == [True, True, True, False, False]
    assert found.edge.tolist() == [-1, 0, 1, -1, -1]
    assert found.placement.tolist() == [-1, -1, -1, 2, -1], "the nearer of its two products"
    nothing = OnChain(codes(), codes(), np.empty(0), np.empty(0), np.empty(0, np.int64))
    assert standing(trade, chain, nothing, codes(CORE)).tier.tolist() == [0, 1, 2, -1, -1]


@pytest.fixture
def snapshot():
    """C buys from P, which the bank B lends to; S supplies, guarantees and owns P."""
    rows = [
        {"relation": "trades", "subject": "P", "object": "C", "amount_minor": 80},
        {"relation": "supplies", "subject": "S", "object": "P"},
        {"relation": "lends", "subject": "B", "object": "P", "amount_minor": 500},
        {"relation": "guarantees", "subject": "S", "object": "P", "amount_minor": 200},
        {"relation": "owns", "subject": "S", "object": "P", "share_min": 0.6, "share_max": 0.7},
        {"relation": "owns", "subject": "B", "object": "S"},
        {"relation": "depends", "subject": "P", "object": "C", "share": 0.5},
        {"relation": "owns", "subject": "C", "object": "C", "share": 0.1},
    ]
    facts = relation_table([{"event_time": 0, "known_time": 0, **row} for row in rows])
    return latest(statements_of(facts, party_table([{"party": code} for code in "BCPS"])))


def test_sales_with_an_amount_are_supply(snapshot):
    found, edges, unknown = supply_of(snapshot)
    names = snapshot.names.to_pylist()
    assert [names[code] for code in (found.supplier[0], found.customer[0])] == ["P", "C"]
    assert found.amount.tolist() == [80]
    assert snapshot.fact.take(edges).to_pylist() == ["registry#1"]
    assert snapshot.fact.take(unknown).to_pylist() == ["registry#2"]


def test_relations_are_a_network_whose_edges_name_their_facts(snapshot):
    b, c, p, s = (snapshot.node(code) for code in "BCPS")
    flow = np.full(4, 100.0)
    bound = network_of(snapshot, flow)
    for edges, fact in ((bound.debts, 3), (bound.guarantees, 4), (bound.holdings, 5),
                        (bound.needs, 7)):  # fmt: skip
        assert snapshot.fact.take(edges).to_pylist() == [f"registry#{fact}"]
    assert sorted(snapshot.fact.take(bound.unknown).to_pylist()) == ["registry#6", "registry#8"]
    external = np.zeros(4)
    external[[p, s]] = 420, 300
    down = np.arange(4) == c
    found = clear(bound.network, external, forced=down)
    assert found.rate[p] == pytest.approx((420 - 50) / 500)
    assert found.equity[b] == pytest.approx(500)
    assert found.equity[s] == pytest.approx(300 - 130)


def test_more_than_the_whole_of_a_company_is_not_used():
    rows = [{"relation": "owns", "subject": each, "object": "C", "share": 0.8} for each in "AB"]
    facts = relation_table([{"event_time": 0, "known_time": 0, **row} for row in rows])
    bound = network_of(latest(statements_of(facts, party_table([]))), np.full(3, np.nan))
    assert bound.unknown.tolist() == [0, 1]
    assert len(bound.holdings) == 0
