"""Clearing: small cases that a banker can check, the known models, and the slow twin."""

import contagion_reference as reference
import numpy as np
import pytest
from contagion_networks import (
    codes,
    debts,
    guarantees,
    holdings,
    matrix,
    money,
    needs,
    networks,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.graph.contagion.clearing import Estate, UnsettledError, clear
from headrace.graph.contagion.network import Network, spread_over_debts, wired

BANK, FIRM, OTHER, PARENT = range(4)


def test_a_firm_pays_what_it_has_in_one_proportion():
    network = Network(3, debts((FIRM, BANK, 80), (FIRM, OTHER, 20)))
    found = clear(network, money(1_000, 60, 0))
    assert found.rate.tolist() == [1, 0.6, 1]
    assert found.equity.tolist() == [1_048, 0, 12]
    assert found.failed.tolist() == [False, True, False]


def test_eisenberg_and_noe_pay_in_circles():
    """Three firms owe each other round and one has money: all of it goes round."""
    network = Network(3, debts((0, 1, 100), (1, 2, 100), (2, 0, 100)))
    found = clear(network, money(0, 0, 0))
    assert found.rate.tolist() == [1, 1, 1], "the greatest of many solutions: all net to nothing"
    assert not found.failed.any()


def test_a_guarantor_is_called_for_what_is_missing_and_no_more():
    network = Network(4, debts((FIRM, BANK, 100)), guarantees((PARENT, 0, 70)))
    found = clear(network, money(500, 60, 0, 100))
    assert found.equity.tolist() == [600, 0, 0, 60]
    assert found.failed.tolist() == [False, True, False, False]
    more = clear(network, money(500, 10, 0, 100))
    assert more.equity.tolist() == [580, 0, 0, 30], "90 missing, 70 promised"


def test_co_guarantors_are_called_in_proportion():
    network = Network(4, debts((FIRM, BANK, 100)), guarantees((OTHER, 0, 30), (PARENT, 0, 90)))
    found = clear(network, money(0, 40, 200, 200))
    assert found.equity.tolist() == [100, 0, 185, 155]


def test_a_guarantee_circle_falls_together():
    """甲 guarantees 乙, 乙 guarantees 丙, 丙 guarantees 甲; each owes the bank."""
    network = Network(
        4,
        debts((0, 3, 100), (1, 3, 100), (2, 3, 100)),
        guarantees((0, 1, 100), (1, 2, 100), (2, 0, 100)),
    )
    sound = clear(network, money(120, 120, 120, 0))
    assert not sound.failed.any()
    struck = clear(network, money(0, 120, 120, 0))
    assert struck.failed.tolist() == [True, True, True, False]
    assert struck.equity[3] == pytest.approx(240), "all there is goes to the bank"


def test_a_parents_equity_falls_with_its_subsidiary():
    network = Network(2, debts(), holdings=holdings((0, 1, 0.8)))
    assert clear(network, money(10, 50)).equity.tolist() == pytest.approx([50, 50])
    assert clear(network, money(10, 0)).equity.tolist() == pytest.approx([10, 0])


def test_cross_holdings_settle_at_the_solution_of_the_linear_system():
    network = Network(2, holdings=holdings((0, 1, 0.5), (1, 0, 0.4)))
    found = clear(network, money(100, 60))
    assert found.equity == pytest.approx(np.linalg.solve([[1, -0.5], [-0.4, 1]], [100, 60]))


def test_who_needs_a_failing_supplier_loses_its_cash_flow():
    network = Network(3, debts((FIRM, BANK, 100)), needs=needs((OTHER, FIRM, 30)))
    assert clear(network, money(0, 100, 50)).equity[OTHER] == 50
    assert clear(network, money(0, 99, 50)).equity[OTHER] == 20


def test_costs_of_failing_make_a_cliff():
    """One minor unit short, and half of everything is lost (Rogers and Veraart)."""
    network, estate = Network(2, debts((FIRM, BANK, 100))), Estate(own=0.5)
    assert clear(network, money(0, 100), estate=estate).equity[BANK] == 100
    assert clear(network, money(0, 99), estate=estate).equity[BANK] == 49.5


def test_a_party_can_be_made_to_fail():
    network = Network(3, debts((FIRM, BANK, 100)), needs=needs((OTHER, FIRM, 30)))
    forced = np.array([False, True, False])
    found = clear(network, money(0, 500, 50), forced=forced, estate=Estate(recovery=0.4))
    assert found.equity.tolist() == [40, 0, 20]


def test_a_negative_external_asset_is_borne_by_creditors():
    network = Network(3, debts((FIRM, BANK, 100), (OTHER, FIRM, 90)))
    found = clear(network, money(0, -30, 90))
    assert found.equity.tolist() == [60, 0, 0]


@settings(max_examples=50, deadline=None)
@given(networks())
def test_it_equals_whole_sweeps(drawn):
    network, external = drawn
    for estate in ((1.0, 1.0, None), (0.6, 0.8, None), (1.0, 1.0, 0.4)):
        rate, equity, failed = reference.clearing(network, external, estate)
        found = clear(network, external, estate=Estate(*estate))
        assert found.rate == pytest.approx(rate, rel=1e-8, abs=1e-8)
        assert found.equity == pytest.approx(equity, rel=1e-7, abs=1e-5)
        assert found.failed.tolist() == failed.tolist()


@settings(max_examples=50, deadline=None)
@given(networks())
def test_debts_alone_are_eisenberg_and_noe(drawn):
    network, external = drawn
    network = Network(network.parties, network.debts)
    owed = matrix(network)
    found = clear(network, external)
    assert found.rate * owed.sum(1) == pytest.approx(
        reference.eisenberg_noe(owed, external), rel=1e-8, abs=1e-6
    )


@settings(max_examples=50, deadline=None)
@given(networks(parties_max=5), st.sampled_from((0.3, 0.7, 0.95)), st.sampled_from((0.5, 0.9)))
def test_with_costs_it_is_rogers_and_veraart(drawn, alpha, beta):
    network, external = drawn
    network = Network(network.parties, network.debts)
    owed = matrix(network)
    best = reference.rogers_veraart(owed, external, alpha, beta)
    found = clear(network, external, estate=Estate(alpha, beta))
    assert found.rate * owed.sum(1) == pytest.approx(best, rel=1e-8, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(networks(), st.sampled_from((0.0, 0.35, 0.8)), st.integers(0, 5))
def test_a_fixed_recovery_is_furfine(drawn, recovery, first):
    """External assets such that everybody stands with some capital; then one is made to fail."""
    network, capital = drawn
    network, first = Network(network.parties, network.debts), first % network.parties
    owed = matrix(network)
    forced = np.arange(network.parties) == first
    found = clear(
        network,
        capital + owed.sum(1) - owed.sum(0),
        forced=forced,
        estate=Estate(recovery=recovery),
    )
    down = reference.furfine(owed, capital, first, recovery)
    assert set(np.flatnonzero(found.failed).tolist()) == down


@settings(max_examples=50, deadline=None)
@given(networks(), st.integers(0, 5), st.integers(1, 100))
def test_more_assets_never_hurt_anybody(drawn, who, gain):
    network, external = drawn
    richer = external.copy()
    richer[who % network.parties] += gain
    one, other = clear(network, external), clear(network, richer)
    assert (other.rate >= one.rate - 1e-9).all()
    assert (other.equity >= one.equity - 1e-6).all()
    assert (other.failed <= one.failed).all()


@settings(max_examples=50, deadline=None)
@given(networks())
def test_nothing_is_made_out_of_nothing(drawn):
    """Without costs, outside owners get what was there, less cash flow lost with partners."""
    network, external = drawn
    found = clear(network, external)
    held = np.bincount(network.holdings.company, network.holdings.share, network.parties)
    lost = network.needs.amount[found.failed[network.needs.object]].sum()
    beyond = np.maximum(-found.assets, 0).sum()
    outside = ((1 - held) * found.equity).sum()
    assert outside == pytest.approx(external.sum() - lost + beyond, abs=1e-4)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"debts": debts((0, 0, 5))}, "debts, edge 0"),
        ({"debts": debts((0, 9, 5))}, "party 9 is not there"),
        ({"debts": debts((0, 1, -5))}, "0 or more"),
        ({"debts": debts((0, 1, np.nan))}, "nan"),
        ({"holdings": holdings((0, 1, 0.7), (2, 1, 0.7))}, "1.4000 of a company"),
        ({"guarantees": guarantees((0, 3, 5))}, "debt that is not there"),
        ({"debts": debts((0, 1, 5)), "guarantees": guarantees((1, 0, 5))}, "its own claim"),
        ({"debts": debts((0, 1, 5)), "guarantees": guarantees((0, 0, 5))}, "guarantees, edge 0"),
    ],
)
def test_edges_that_cannot_be_are_refused(parts, said):
    with pytest.raises(InputError, match=said):
        Network(3, **parts)


def test_a_circle_that_owns_all_of_itself_has_no_value():
    network = Network(3, holdings=holdings((0, 1, 1.0), (1, 0, 1.0)))
    with pytest.raises(InputError, match="owns all of itself"):
        clear(network, money(1, 1, 1))


def test_missing_assets_are_refused_not_taken_as_nothing():
    with pytest.raises(InputError, match="party 1"):
        clear(Network(2), money(1, np.nan))
    with pytest.raises(InputError, match="one value per party"):
        clear(Network(2), money(1))
    with pytest.raises(InputError, match=r"outside 0\.\.1"):
        Estate(own=1.5)


def test_a_loop_that_hardly_leaks_is_said_not_to_settle():
    network = Network(3, debts((0, 1, 1e7), (1, 0, 1e7), (0, 2, 1.0)))
    with pytest.raises(UnsettledError, match="did not settle"):
        clear(network, money(0, 0, 0))
    leaking = Network(3, debts((0, 1, 1e3), (1, 0, 1e3), (0, 2, 1.0)))
    assert clear(leaking, money(0, 0, 0)).rate == pytest.approx([0, 0, 1], abs=1e-9)


def test_a_guarantee_of_a_borrower_covers_its_debts_in_proportion():
    owing = debts((1, 0, 30), (1, 2, 90), (3, 0, 10))
    found, origin = spread_over_debts(owing, codes(4, 4, 2), codes(1, 2, 1), money(60, 50, 8))
    assert found.guarantor.tolist() == [4, 4, 2]
    assert found.debt.tolist() == [0, 1, 0], "party 2 does not guarantee its own claim"
    assert found.amount.tolist() == [15, 45, 2]
    assert origin.tolist() == [0, 0, 2]


def test_companies_come_before_their_holders():
    held = holdings((0, 1, 0.5), (1, 2, 0.5), (2, 3, 0.5))
    order = wired(Network(4, holdings=held)).order.tolist()
    assert order == [3, 2, 1, 0]
